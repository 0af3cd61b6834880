"""An OpenID provider of our own: real keys, discovery, PKCE and client authentication, on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import RSAKey

from counterfoil.foundation.clock import ManualClock

CLIENT_ID = "counterfoil-test"
CLIENT_SECRET = "a secret of both"


@dataclass(slots=True, kw_only=True)
class Granted:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str


@dataclass(slots=True)
class Provider:
    """The provider. `claims` are of whoever signs in there; `change` is what it gets wrong, if anything."""

    clock: ManualClock
    issuer: str = ""
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "ada-1", "email": "ada@example.com", "email_verified": True, "name": "Ada"}
    )
    change: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] | None = None
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    signs_with: Any = None
    algorithm: str = "RS256"
    shared: bytes = b""
    described: dict[str, Any] = field(default_factory=dict)
    granted: dict[str, Granted] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def visit(self, url: str) -> dict[str, str]:
        """Somebody signs in there, and is sent back with this query."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.granted[code] = Granted(
            nonce=asked["nonce"], challenge=asked["code_challenge"], redirect_uri=asked["redirect_uri"]
        )
        return {"code": code, "state": asked["state"]}

    async def _discovery(self, request: web.Request) -> web.Response:
        self.asked.append("discovery")
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return web.json_response({**said, **self.described})

    async def _keys(self, request: web.Request) -> web.Response:
        self.asked.append("keys")
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append("token")
        form = await request.post()
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return web.json_response({"error": "invalid_client"}, status=401)
        granted = self.granted.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if granted is None or challenge != granted.challenge or form["redirect_uri"] != granted.redirect_uri:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {"access_token": "an access token", "token_type": "Bearer", "id_token": self._id_token(granted.nonce)}
        )

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer an access token"
        return web.json_response(self.info or {})

    def _id_token(self, nonce: str) -> str:
        now = self.clock.now() // 1_000_000
        said = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in {**said, **self.claims, **self.change}.items() if value is not None}
        if self.algorithm != "RS256":
            return _by_hand(self.algorithm, claims, self.shared)
        key = self.signs_with or self.key
        return jwt.encode({"alg": self.algorithm, "kid": key.kid or "first"}, claims, key)


def _by_hand(algorithm: str, claims: dict[str, Any], secret: bytes) -> str:
    """What no library makes: signed with a key that everybody knows, or not at all."""

    def encoded(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    head = encoded(json.dumps({"alg": algorithm, "kid": "first"}).encode()) + "." + encoded(json.dumps(claims).encode())
    if algorithm == "none":
        return head + "."
    return head + "." + encoded(hmac.new(secret, head.encode(), hashlib.sha256).digest())


@asynccontextmanager
async def open_provider(clock: ManualClock) -> AsyncIterator[Provider]:
    provider = Provider(clock)
    application = web.Application()
    application.router.add_get("/.well-known/openid-configuration", provider._discovery)
    application.router.add_get("/keys", provider._keys)
    application.router.add_post("/token", provider._token)
    application.router.add_get("/userinfo", provider._userinfo)
    async with TestServer(application) as server:
        provider.issuer = f"http://127.0.0.1:{server.port}"
        yield provider
