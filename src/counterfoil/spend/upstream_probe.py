"""One tiny call at an upstream, with its secret: is it there, does it take the secret, does it list our models?

The call is `GET …/models`: it costs nothing, and both dialects have it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from counterfoil.foundation.errors import Unavailable
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams import Sealer, Upstreams
from counterfoil.spend.upstreams_model import Upstream

# Somebody is waiting at a terminal.
TIMEOUT_SECONDS = 15
# A list of ten thousand models is one megabyte.
ANSWER_BYTES_MAX = 4 * 1024 * 1024
_WORDS_CHARACTERS_MAX = 300
_ANTHROPIC_VERSION = "2023-06-01"


class ProbeOutcome(StrEnum):
    """What a probe found."""

    OK = "ok"
    # It answers, and does not take the secret.
    SECRET_REFUSED = "secret_refused"  # noqa: S105
    # It answers, and has no list of models: whether it takes the secret is not known.
    NO_MODEL_LIST = "no_model_list"
    FAILING = "failing"
    NOT_CONNECTED = "not_connected"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProbe:
    """What one tiny call found. `words` are the upstream's own about an error, redacted; times are milliseconds.

    `missing_models` are names we would ask it for and that its list does not have; None where there was no list.
    """

    upstream: str
    address: str
    outcome: ProbeOutcome
    status_code: int | None
    latency_ms: int
    words: str | None = None
    listed_models: int | None = None
    missing_models: tuple[str, ...] | None = None

    @property
    def passed(self) -> bool:
        return self.outcome is ProbeOutcome.OK and not self.missing_models


class UpstreamProbes:
    """Tests upstreams. `redact` is applied to every word of theirs."""

    def __init__(
        self,
        upstreams: Upstreams,
        *,
        sealer: Sealer,
        environment: Mapping[str, str],
        redact: Callable[[str], str],
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._upstreams = upstreams
        self._sealer = sealer
        self._environment = environment
        self._redact = redact
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def test(self, name: str) -> UpstreamProbe:
        """Call the upstream of that name; raises `NotFound`, and `Unavailable` where its secret is not set here."""
        upstream = await self._upstreams.find(name)
        secret = self._secret_of(upstream)
        address = models_address(upstream.dialect, upstream.base_url)
        started = time.perf_counter_ns()
        status: int | None = None
        outcome, words, listed = ProbeOutcome.NOT_CONNECTED, None, None
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                # A redirect would take the secret to an address that nobody has entered.
                session.get(address, headers=_headers(upstream.dialect, secret), allow_redirects=False) as response,
            ):
                status = response.status
                body = await response.content.read(ANSWER_BYTES_MAX)
                while len(body) < ANSWER_BYTES_MAX and (more := await response.content.read(ANSWER_BYTES_MAX)):
                    body += more
            outcome, listed = _judge(status, body)
            if outcome is not ProbeOutcome.OK:
                words = self._words(body.decode(errors="replace"), secret)
        except TimeoutError:
            outcome = ProbeOutcome.TIMED_OUT
        except (aiohttp.ClientError, OSError, ValueError) as error:
            words = self._words(f"{type(error).__name__}: {error}", secret)
        return UpstreamProbe(
            upstream=upstream.name,
            address=address,
            outcome=outcome,
            status_code=status,
            latency_ms=(time.perf_counter_ns() - started) // 1_000_000,
            words=words,
            listed_models=None if listed is None else len(listed),
            missing_models=None if listed is None else _missing(upstream, listed),
        )

    def _secret_of(self, upstream: Upstream) -> str:
        if upstream.secret_env is not None:
            secret = self._environment.get(upstream.secret_env)
            if not secret:
                raise Unavailable(code="secret_missing", upstream=upstream.name, variable=upstream.secret_env)
            return secret
        return self._sealer.unseal(upstream.secret_sealed).decode() if upstream.secret_sealed is not None else ""

    def _words(self, text: str, secret: str) -> str | None:
        cleaned = self._redact(text.replace(secret, "…") if secret else text)
        line = "".join(sign if sign.isprintable() else " " for sign in cleaned).strip()
        return line[:_WORDS_CHARACTERS_MAX] or None


def models_address(dialect: Dialect, base_url: str) -> str:
    """Where an upstream lists its models; base URLs are read as calls read them.

    OpenAI's end with their version (`https://api.openai.com/v1`), Anthropic's do not (`https://api.anthropic.com`); both
    may be written either way.
    """
    base = base_url.rstrip("/")
    path = urlsplit(base).path
    if dialect is Dialect.ANTHROPIC:
        return (base if path.endswith("/v1") else base + "/v1") + "/models?limit=1000"
    return (base if path else base + "/v1") + "/models"


def _headers(dialect: Dialect, secret: str) -> dict[str, str]:
    if dialect is Dialect.ANTHROPIC:
        return {"anthropic-version": _ANTHROPIC_VERSION, **({"x-api-key": secret} if secret else {})}
    return {"authorization": f"Bearer {secret}"} if secret else {}


def _judge(status: int, body: bytes) -> tuple[ProbeOutcome, Sequence[str] | None]:
    if status in (401, 403):
        return ProbeOutcome.SECRET_REFUSED, None
    if status in (404, 405, 501):
        return ProbeOutcome.NO_MODEL_LIST, None
    if status != 200:
        return ProbeOutcome.FAILING, None
    listed = _read_models(body)
    return (ProbeOutcome.NO_MODEL_LIST if listed is None else ProbeOutcome.OK), listed


def _read_models(body: bytes) -> list[str] | None:
    """The ids of a list of models; None where it is none."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    entries = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        return None
    return [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


def _missing(upstream: Upstream, listed: Sequence[str]) -> tuple[str, ...]:
    known = set(listed)
    wanted = dict.fromkeys(model.upstream_model for model in upstream.models)
    return tuple(model for model in wanted if model not in known)
