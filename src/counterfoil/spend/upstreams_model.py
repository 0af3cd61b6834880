"""Upstreams, what they serve, and the routes made of both."""

from __future__ import annotations

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
    """An upstream as configured; of its secret only where it is kept."""

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

    @property
    def secret_source(self) -> str:
        if self.secret_env:
            return f"environment variable {self.secret_env}"
        return "sealed" if self.secret_sealed else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to serve a model."""

    upstream_id: UUID
    name: str
    dialect: Dialect
    base_url: str
    secret: str = field(repr=False)
    upstream_model: str
    timeout_seconds: int
    priority: int
    weight: int
