"""Upstreams, what they serve, and the routes made of both."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from uuid import UUID

from counterfoil.spend.model import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A public model and the upstream's own name for it. Lower priority is tried first; weight shares among equals."""

    public_model: str
    upstream_model: str
    priority: int = 100
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """An upstream as configured; of its secrets only where they are kept.

    With its callback secret it signs what it tells us of tasks; without one its callbacks are not listened to.
    """

    upstream_id: UUID
    name: str
    dialect: Dialect
    base_url: str
    secret_env: str | None
    secret_sealed: bytes | None = field(repr=False)
    timeout_seconds: int
    status: str
    created_at: int
    models: tuple[ServedModel, ...] = ()
    callback_secret_env: str | None = None
    callback_secret_sealed: bytes | None = field(repr=False, default=None)

    @property
    def secret_source(self) -> str:
        return _source(self.secret_env, self.secret_sealed)

    @property
    def callback_secret_source(self) -> str:
        return _source(self.callback_secret_env, self.callback_secret_sealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to serve a model. An empty `callback_secret`: what comes as a callback of this upstream is refused."""

    upstream_id: UUID
    name: str
    dialect: Dialect
    base_url: str
    secret: str = field(repr=False)
    upstream_model: str
    timeout_seconds: int
    priority: int
    weight: int
    callback_secret: str = field(repr=False, default="")

    @property
    def callback_secrets(self) -> tuple[str, ...]:
        """All that its callbacks may be signed with: during a rotation there are two, with a space between them."""
        return tuple(self.callback_secret.split())


def _source(environment_name: str | None, sealed: bytes | None) -> str:
    if environment_name:
        return f"environment variable {environment_name}"
    return "sealed" if sealed else "none"


def api_address(base_url: str, dialect: Dialect) -> str:
    """A base URL with its version and without a slash at its end, as the clients of that dialect read base URLs.

    OpenAI's end with their version (`https://api.openai.com/v1`), Anthropic's do not (`https://api.anthropic.com`); both
    are understood with and without.
    """
    base = base_url.rstrip("/")
    path = base.partition("://")[2].partition("/")[2]
    if dialect is Dialect.ANTHROPIC:
        return base if path.rpartition("/")[2] == "v1" else base + "/v1"
    return base if path else base + "/v1"


# In front of secrets that are written in base64, in the Standard Webhooks way.
CALLBACK_SECRET_PREFIX = "whsec_"  # noqa: S105
# Whoever can guess it can end tasks and have them charged.
CALLBACK_KEY_BYTES_LEAST = 16


def callback_key(secret: str) -> bytes | None:
    """The key of a callback secret: `whsec_` and base64, or its own bytes; None where it is neither, or too short."""
    if secret.startswith(CALLBACK_SECRET_PREFIX):
        encoded = secret.removeprefix(CALLBACK_SECRET_PREFIX).rstrip("=")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            return None
    else:
        # What the environment holds need not be UTF-8.
        key = secret.encode(errors="surrogateescape")
    return key if len(key) >= CALLBACK_KEY_BYTES_LEAST else None
