"""Sign-in with an OpenID provider: the authorization code flow with PKCE, state and nonce.

What must be the same when the browser comes back lies sealed in its cookie; nothing of it is kept here. Of the provider,
the description and the keys are remembered for an hour.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import orjson
from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import Broken, Forbidden, Unavailable
from counterfoil.identity.arrivals import Arrival
from counterfoil.identity.factors import Sealer
from counterfoil.identity.people_model import Person
from counterfoil.observability import log

CALLBACK_PATH = "/console/oidc/callback"
SCOPE = "openid email profile"
_CONTEXT = b"oidc sign-in"
# How long somebody may take to sign in over there.
STARTED_SECONDS_MAX = 600
_REMEMBERED_SECONDS = 3_600
# An unknown key may be a new one; asking for it must not be a way to make us ask.
_KEYS_AGAIN_SECONDS = 60
_LEEWAY_SECONDS = 60
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_BYTES_MAX = 1024 * 1024
_COOKIE_CHARACTERS_MAX = 2_000
_VALUE_CHARACTERS_MAX = 4_000
# Signatures that only the provider can make: with a shared secret, we could.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Arrive(Protocol):
    async def __call__(self, arrival: Arrival) -> Person:
        """Who it is; raises `Forbidden` for those who may not come in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """The provider, and what it knows us by. `client_secret` None: a public client, which PKCE alone protects."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    name: str
    public_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Provider:
    """What the provider says of itself."""

    described: Mapping[str, Any]
    keys: KeySet
    read_at: int


class OpenIdConnect:
    """Sign-in with one provider. `session` is what it is called with."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        clock: Clock,
        sealer: Sealer,
        session: aiohttp.ClientSession,
        arrive: Arrive,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sealer = sealer
        self._session = session
        self._arrive = arrive
        self._provider: _Provider | None = None

    @property
    def name(self) -> str:
        """What stands on the button."""
        return self._settings.name

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to; it must be told."""
        return self._settings.public_url + CALLBACK_PATH

    async def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the cookie that it must bring back. Raises `Unavailable`."""
        provider = await self._known()
        state, nonce, verifier = generate_token(43), generate_token(43), generate_token(64)
        url = prepare_grant_uri(
            provider.described["authorization_endpoint"], self._settings.client_id, "code",
            redirect_uri=self.redirect_uri, scope=SCOPE, state=state, nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256",
        )  # fmt: skip
        started = {"state": state, "nonce": nonce, "verifier": verifier, "at": self._clock.now()}
        sealed = self._sealer.seal(orjson.dumps(started), context=_CONTEXT)
        return url, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    async def finish(self, query: Mapping[str, str], cookie: str) -> Person:
        """Who has come back. `query` is that of the address that the provider sent them to.

        Raises `Forbidden` (`oidc_refused` for an answer that is not to be believed, `oidc_not_invited`,
        `oidc_email_unverified`, `sign_in_refused`), `Unavailable` where the provider does not answer.
        """
        started = self._opened(cookie)
        state, code = query.get("state", ""), query.get("code", "")
        if not hmac.compare_digest(state.encode("utf-8", "replace"), started["state"].encode()):
            raise _refused("state")
        if query.get("iss", self._settings.issuer) != self._settings.issuer:
            raise _refused("issuer")
        if "error" in query or not 1 <= len(code) <= _VALUE_CHARACTERS_MAX:
            raise _refused("not given")
        provider = await self._known()
        tokens = await self._tokens(provider, code, verifier=started["verifier"])
        claims = await self._claims(provider, tokens, nonce=started["nonce"])
        if "email" not in claims and "userinfo_endpoint" in provider.described:
            claims = {**await self._user_info(provider, tokens, subject=claims["sub"]), **claims}
        email, name = claims.get("email"), claims.get("name")
        return await self._arrive(
            Arrival(
                issuer=self._settings.issuer, subject=str(claims["sub"]), email=email if isinstance(email, str) else None,
                is_email_verified=claims.get("email_verified") in (True, "true"),
                name=name if isinstance(name, str) else None,
            )
        )  # fmt: skip

    def _opened(self, cookie: str) -> dict[str, Any]:
        try:
            if len(cookie) > _COOKIE_CHARACTERS_MAX:
                raise ValueError
            sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
            started: dict[str, Any] = orjson.loads(self._sealer.unseal(sealed, context=_CONTEXT))
        except (binascii.Error, ValueError, Broken):
            raise _refused("cookie") from None
        if self._clock.now() - started["at"] > STARTED_SECONDS_MAX * MICROS_PER_SECOND:
            raise _refused("too late")
        return started

    async def _tokens(self, provider: _Provider, code: str, *, verifier: str) -> Mapping[str, Any]:
        secret = self._settings.client_secret
        methods = provider.described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        post = "client_secret_post" if "client_secret_basic" not in methods else "client_secret_basic"
        authenticate = ClientAuth(self._settings.client_id, secret, "none" if secret is None else post)
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self.redirect_uri, code_verifier=verifier
        )
        uri, headers, body = authenticate.prepare(
            "POST", provider.described["token_endpoint"],
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}, body,
        )  # fmt: skip
        status, answer = await self._call("POST", uri, headers=headers, body=body)
        if status >= 500:
            raise _unavailable(f"HTTP {status}")
        if status != 200 or not isinstance(answer.get("id_token"), str):
            raise _refused("code")
        return answer

    async def _claims(self, provider: _Provider, tokens: Mapping[str, Any], *, nonce: str) -> dict[str, Any]:
        """What the provider has signed: for us, for this sign-in, now."""
        said = provider.described.get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=[one for one in _ALGORITHMS if one in said], strict_check_header=False)
        try:
            try:
                token = jwt.decode(tokens["id_token"], provider.keys, registry=registry)
            except InvalidKeyIdError:
                provider = await self._known(keys_again=True)
                token = jwt.decode(tokens["id_token"], provider.keys, registry=registry)
            claims = CodeIDToken(
                token.claims, token.header,
                {
                    "iss": {"essential": True, "value": self._settings.issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                },
                {
                    "nonce": nonce, "client_id": self._settings.client_id,
                    "access_token": tokens.get("access_token"),
                },
            )  # fmt: skip
            claims.validate(now=self._clock.now() // MICROS_PER_SECOND, leeway=_LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            # Without the cause: its message may quote the token.
            raise _refused(type(error).__name__) from None
        return dict(claims)

    async def _user_info(self, provider: _Provider, tokens: Mapping[str, Any], *, subject: object) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {tokens.get('access_token', '')}", "Accept": "application/json"}
        status, answer = await self._call("GET", provider.described["userinfo_endpoint"], headers=headers)
        if status != 200 or answer.get("sub") != subject:
            raise _refused("user info")
        return answer

    async def _known(self, *, keys_again: bool = False) -> _Provider:
        """What the provider says of itself, remembered."""
        now, known = self._clock.now(), self._provider
        age_max = (_KEYS_AGAIN_SECONDS if keys_again else _REMEMBERED_SECONDS) * MICROS_PER_SECOND
        if known is not None and now - known.read_at < age_max:
            return known
        address = get_well_known_url(self._settings.issuer, external=True)
        described = await self._read(address)
        if described.get("issuer") != self._settings.issuer:
            raise _unavailable("it names another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe_address(str(described.get(name, ""))):
                raise _unavailable(f"its {name} is missing or not encrypted")
        if "userinfo_endpoint" in described and not is_safe_address(str(described["userinfo_endpoint"])):
            raise _unavailable("its userinfo_endpoint is not encrypted")
        try:
            keys = KeySet.import_key_set(await self._read(described["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise _unavailable("its keys cannot be read") from None
        self._provider = _Provider(described=described, keys=keys, read_at=now)
        return self._provider

    async def _read(self, address: str) -> Mapping[str, Any]:
        status, answer = await self._call("GET", address, headers={"Accept": "application/json"})
        if status != 200:
            raise _unavailable(f"HTTP {status}")
        return answer

    async def _call(
        self, method: str, address: str, *, headers: Mapping[str, str], body: str | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        """One call, without redirects; an answer that is no JSON object reads as an empty one."""
        try:
            async with self._session.request(
                method, address, headers=headers, data=body, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                content = await response.content.read(_BYTES_MAX)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _unavailable(type(error).__name__) from None
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}


def is_safe_address(address: str) -> bool:
    """Whether what is sent there stays between the two: encrypted, or on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def _refused(reason: str) -> Forbidden:
    log.warning("oidc_sign_in_refused", reason=reason)
    return Forbidden(code="oidc_refused")


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(code="oidc_unavailable", reason=reason)
