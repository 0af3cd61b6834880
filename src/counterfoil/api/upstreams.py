"""Upstreams: where models are served from. Their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field, SecretStr

from counterfoil.api.fields import PAGE_MAX, Cursor, Input, Limit, Output, Page, Text, Whole, paged
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import time
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstream_probe import UpstreamProbe
from counterfoil.spend.upstreams import MODELS_MAX
from counterfoil.spend.upstreams_model import ServedModel, Upstream

router = APIRouter(prefix="/upstreams", tags=["upstreams"])

Name = Annotated[str, Path(description="The upstream's name.", max_length=60)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=10_000, description="Kept sealed; never shown again.")]
SecretEnv = Annotated[
    str, Field(max_length=100, description="The environment variable of `serve` that holds its secret.")
]


class Served(Input):
    public_model: Annotated[Text, Field(min_length=1, max_length=200, description="What customers call it.")]
    upstream_model: Annotated[Text, Field(min_length=1, max_length=200, description="What the upstream calls it.")]
    priority: Annotated[Whole, Field(description="Lower is tried first.")] = 100
    weight: Annotated[Whole, Field(ge=1, description="Its share among upstreams of equal priority.")] = 1


ServedList = Annotated[list[Served], Field(max_length=MODELS_MAX)]


class NewUpstream(Input):
    name: Annotated[Text, Field(max_length=60)]
    dialect: Dialect = Dialect.OPENAI
    base_url: Annotated[Text, Field(description="Such as https://api.openai.com/v1.")]
    models: ServedList = []
    secret: Secret | None = None
    secret_env: SecretEnv | None = None
    timeout_seconds: Annotated[Whole, Field(ge=1, le=3600)] | None = None


class ModelsInput(Input):
    models: ServedList


class SecretInput(Input):
    """One of the two."""

    secret: Secret | None = None
    secret_env: SecretEnv | None = None


class ServedOutput(Output):
    public_model: str
    upstream_model: str
    priority: int
    weight: int


class UpstreamOutput(Output):
    """An upstream; of its secret only where it is kept."""

    upstream_id: str
    name: str
    status: str
    dialect: str
    base_url: str
    secret: str = Field(description="`sealed`, the environment variable's name, or `none`.")
    callback_secret: str = Field(description="What it signs its callbacks with, likewise.")
    timeout_seconds: int
    created_at: str | None
    models: list[ServedOutput]

    @classmethod
    def of(cls, upstream: Upstream) -> UpstreamOutput:
        return cls(
            upstream_id=show_id("upstream", upstream.upstream_id),
            name=upstream.name,
            status=upstream.status,
            dialect=upstream.dialect,
            base_url=upstream.base_url,
            secret=upstream.secret_source,
            callback_secret=upstream.callback_secret_source,
            timeout_seconds=upstream.timeout_seconds,
            created_at=time(upstream.created_at),
            models=[
                ServedOutput(
                    public_model=model.public_model, upstream_model=model.upstream_model, priority=model.priority,
                    weight=model.weight,
                )
                for model in upstream.models
            ],
        )  # fmt: skip


class Removed(Output):
    removed: str


class ProbeOutput(Output):
    """What one tiny call found."""

    upstream: str
    address: str
    passed: bool
    outcome: str
    status_code: int | None
    latency_ms: int
    words: str | None
    listed_models: int | None
    missing_models: list[str] | None

    @classmethod
    def of(cls, probe: UpstreamProbe) -> ProbeOutput:
        return cls(
            upstream=probe.upstream,
            address=probe.address,
            passed=probe.passed,
            outcome=probe.outcome,
            status_code=probe.status_code,
            latency_ms=probe.latency_ms,
            words=probe.words,
            listed_models=probe.listed_models,
            missing_models=None if probe.missing_models is None else list(probe.missing_models),
        )


def _served(models: Sequence[Served]) -> list[ServedModel]:
    return [
        ServedModel(
            public_model=model.public_model, upstream_model=model.upstream_model, priority=model.priority,
            weight=model.weight,
        )
        for model in models
    ]  # fmt: skip


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


@router.post("", status_code=201, summary="Add an upstream and what it serves")
async def add_upstream(services: UseCases, body: NewUpstream) -> UpstreamOutput:
    upstream = await services.upstreams.add(
        name=body.name, dialect=body.dialect, base_url=body.base_url, models=_served(body.models),
        secret=_plain(body.secret), secret_env=body.secret_env, timeout_seconds=body.timeout_seconds,
    )  # fmt: skip
    return UpstreamOutput.of(upstream)


@router.get("", summary="List upstreams")
async def list_upstreams(services: UseCases, limit: Limit = PAGE_MAX, cursor: Cursor = None) -> Page[UpstreamOutput]:
    found = [UpstreamOutput.of(upstream) for upstream in await services.upstreams.list()]
    return paged(found, limit=limit, cursor=cursor, name=lambda one: one.name)


@router.get("/{name}", summary="Get an upstream")
async def get_upstream(services: UseCases, name: Name) -> UpstreamOutput:
    return UpstreamOutput.of(await services.upstreams.find(name))


@router.put("/{name}/models", summary="Replace what an upstream serves")
async def set_upstream_models(services: UseCases, name: Name, body: ModelsInput) -> UpstreamOutput:
    return UpstreamOutput.of(await services.upstreams.set_models(name, _served(body.models)))


@router.put("/{name}/secret", summary="Replace an upstream's secret")
async def set_upstream_secret(services: UseCases, name: Name, body: SecretInput) -> UpstreamOutput:
    await services.upstreams.set_secret(name, secret=_plain(body.secret), secret_env=body.secret_env)
    return UpstreamOutput.of(await services.upstreams.find(name))


@router.put("/{name}/callback-secret", summary="Set what an upstream signs its callbacks with")
async def set_upstream_callback_secret(services: UseCases, name: Name, body: SecretInput) -> UpstreamOutput:
    await services.upstreams.set_callback_secret(name, secret=_plain(body.secret), secret_env=body.secret_env)
    return UpstreamOutput.of(await services.upstreams.find(name))


@router.delete("/{name}/callback-secret", summary="Believe none of an upstream's callbacks any more")
async def remove_upstream_callback_secret(services: UseCases, name: Name) -> UpstreamOutput:
    await services.upstreams.remove_callback_secret(name)
    return UpstreamOutput.of(await services.upstreams.find(name))


@router.post("/{name}/test", summary="Make one tiny call with its secret, and say what came of it")
async def test_upstream(services: UseCases, name: Name) -> ProbeOutput:
    return ProbeOutput.of(await services.test_upstream(name))


@router.post("/{name}/disable", summary="Serve nothing more from an upstream")
async def disable_upstream(services: UseCases, name: Name) -> UpstreamOutput:
    await services.upstreams.set_status(name, "disabled")
    return UpstreamOutput.of(await services.upstreams.find(name))


@router.post("/{name}/enable", summary="Serve from an upstream again")
async def enable_upstream(services: UseCases, name: Name) -> UpstreamOutput:
    await services.upstreams.set_status(name, "active")
    return UpstreamOutput.of(await services.upstreams.find(name))


@router.delete("/{name}", summary="Remove an upstream; attempts keep its name")
async def remove_upstream(services: UseCases, name: Name) -> Removed:
    await services.upstreams.remove(name)
    return Removed(removed=name)
