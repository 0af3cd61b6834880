"""A call as the gateway understood it, and what it needs to know to serve one. Content is only ever in `rest`."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from counterfoil.foundation.vocabulary import Language
from counterfoil.pricing.model import WorkShape
from counterfoil.spend.model import Endpoint

Network = IPv4Network | IPv6Network
Headers = list[tuple[bytes, bytes]]

# A handler waits this long for a request's body.
BODY_SECONDS_MAX = 60
# A connection to an upstream is made within this time, or the next one is tried.
CONNECT_SECONDS_MAX = 10
# Tries at upstreams for one call, all told: each may take its timeout, and cost the operator.
ATTEMPTS_MAX = 5
# What an upstream may answer at most: 2,048 embeddings of 3,072 numbers are about 75 MiB.
ANSWER_BYTES_MAX = 128 * 2**20
# One event of a stream; `response.completed` repeats the whole answer.
EVENT_BYTES_MAX = 32 * 2**20
# An error's text as it is read.
ERROR_BYTES_MAX = 64 * 2**10
# How long the end of a served call is tried again where the ledger does not answer.
SETTLE_SECONDS_MAX = 10
# How long connections to upstreams are kept for the next call.
KEEPALIVE_SECONDS = 30


class ServingSettings(Protocol):
    """What the gateway takes from the table of settings."""

    @property
    def public_url(self) -> str | None: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def trusted_proxies(self) -> tuple[Network, ...]: ...
    @property
    def default_language(self) -> str: ...
    @property
    def request_body_max_bytes(self) -> int: ...
    @property
    def call_deadline_seconds(self) -> int: ...
    @property
    def drain_policy(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """`public_url` is where customers reach the pages that refusals link to, without a slash at its end."""

    public_url: str
    trusted_proxies: tuple[Network, ...] = ()
    default_language: Language = Language.EN
    body_bytes_max: int = 32 * 2**20
    call_deadline_seconds: int = 600
    drain: bool = True
    body_seconds_max: float = BODY_SECONDS_MAX

    @classmethod
    def of(cls, settings: ServingSettings) -> GatewaySettings:
        """From the table of settings; the port is the one that is really served."""
        return cls(
            public_url=(settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/"),
            trusted_proxies=settings.trusted_proxies,
            default_language=Language(settings.default_language),
            body_bytes_max=settings.request_body_max_bytes,
            call_deadline_seconds=settings.call_deadline_seconds,
            drain=settings.drain_policy == "drain",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCall:
    """A body that was understood.

    `rest` is the body without what the gateway sets anew for each upstream: the model, the fields of the output cap
    (`cap_fields`, as the client named them) and the stream options of chat. `text_bytes` are those of `rest` without
    images, sounds and files. `digest` is the SHA-256 of the request without what may differ between copies of it.
    """

    endpoint: Endpoint
    model: str
    stream: bool
    asked_cap: int | None
    cap_fields: tuple[str, ...]
    include_usage: bool
    stream_options: bytes | None = field(repr=False, default=None)
    shape: WorkShape
    text_bytes: int
    rest: bytes = field(repr=False)
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misunderstood:
    """A body that is refused as it is, with the reason in words of the vocabulary.

    `code` is a refusal; `problem` an input problem with its `parameters`, or None; `feature` what has no bound. `model`
    and `stream` are given where they could be read.
    """

    code: str
    problem: str | None = None
    parameters: dict[str, str | int] = field(default_factory=dict)
    feature: str | None = None
    model: str | None = None
    stream: bool = False

    @property
    def param(self) -> str | None:
        """The field that an error names."""
        found = self.parameters.get("field")
        return str(found) if found is not None else self.feature
