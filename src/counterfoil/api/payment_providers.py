"""Payment providers: how money comes in. Their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field, SecretStr

from counterfoil.api.fields import PAGE_MAX, AccountId, Cursor, Input, Limit, Output, Page, Text, Texts, paged
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.orders_shown import provider_json
from counterfoil.recharge.providers_service import NewProvider, PaymentProviders
from counterfoil.recharge.providers_store import ProviderRow

router = APIRouter(prefix="/payment-providers", tags=["payment providers"])
ways_router = APIRouter(tags=["orders"])

Name = Annotated[str, Path(description="The payment provider's name.", max_length=60)]
FieldName = Annotated[Text, Field(min_length=1, max_length=60)]
# A private key in PEM has lines: not a `Text`.
Value = Annotated[str, Field(max_length=8_000)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=8_000)]
Variable = Annotated[Text, Field(max_length=100)]
Settings = Annotated[dict[FieldName, Value], Field(max_length=50, description="What is no secret, by name.")]
Secrets = Annotated[dict[FieldName, Secret], Field(max_length=20, description="Kept sealed; never shown again.")]
SecretsEnv = Annotated[
    dict[FieldName, Variable],
    Field(max_length=20, description="The environment variables of `serve` that hold secrets."),
]
Currencies = Annotated[Texts, Field(description="What it takes, such as CNY. Not given: what its kind usually does.")]
BaseUrl = Annotated[Text, Field(description="Where it is reached. Not given: its kind's own address.")]
Merchant = Annotated[Text, Field(max_length=200, description="Who we are there: a merchant or application number.")]


class NewPaymentProvider(Input):
    name: Annotated[Text, Field(max_length=60, description="Also its place in /callbacks/NAME.")]
    kind: ProviderKind
    merchant: Merchant = ""
    currencies: Currencies = []
    base_url: BaseUrl | None = None
    settings: Settings = {}
    secrets: Secrets = {}
    secrets_env: SecretsEnv = {}


class Change(Input):
    """What is given is changed; `settings` replaces those that it names."""

    merchant: Merchant | None = None
    currencies: Annotated[Texts, Field(min_length=1)] | None = None
    base_url: BaseUrl | None = None
    settings: Settings | None = None


class SecretsInput(Input):
    """These secrets are replaced, the others stay."""

    secrets: Secrets = {}
    secrets_env: SecretsEnv = {}


class PaymentProvider(Output):
    """A payment provider; of its secrets only where they are kept."""

    provider_id: str
    name: str
    kind: str
    status: str
    merchant: str
    currencies: list[str]
    base_url: str
    callback_path: str = Field(description="Where its notices are to be sent.")
    settings: dict[str, str]
    secrets: dict[str, str] = Field(
        description="Of each that was set: `sealed`, or the environment variable that holds it."
    )
    created_at: str | None

    @classmethod
    def of(cls, row: ProviderRow, providers: PaymentProviders) -> PaymentProvider:
        return cls.model_validate(provider_json(row, providers))


class WayToPay(Output):
    """A payment provider that orders can be made with."""

    provider: str
    kind: str
    currencies: list[str]


def _plain(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


@router.post("", status_code=201, summary="Add a payment provider")
async def add_payment_provider(services: UseCases, body: NewPaymentProvider) -> PaymentProvider:
    row = await services.payment_providers.add(
        NewProvider(
            name=body.name, kind=body.kind, merchant=body.merchant, currencies=tuple(body.currencies),
            base_url=body.base_url, settings=body.settings, secrets=_plain(body.secrets), secrets_env=body.secrets_env,
        )
    )  # fmt: skip
    return PaymentProvider.of(row, services.payment_providers)


@router.get("", summary="List payment providers")
async def list_payment_providers(
    services: UseCases, limit: Limit = PAGE_MAX, cursor: Cursor = None
) -> Page[PaymentProvider]:
    rows = await services.payment_providers.list()
    found = [PaymentProvider.of(row, services.payment_providers) for row in rows]
    return paged(found, limit=limit, cursor=cursor, name=lambda one: one.name)


@ways_router.get("/accounts/{account_id}/ways-to-pay", summary="List how an account can recharge")
async def list_ways_to_pay(
    services: UseCases, account_id: AccountId, limit: Limit = PAGE_MAX, cursor: Cursor = None
) -> Page[WayToPay]:
    await services.ledger.account(read_id("account", account_id))
    ways = [
        WayToPay(provider=row.name, kind=row.kind, currencies=list(row.currencies))
        for row in await services.payment_providers.list()
        if row.status == "active"
    ]
    return paged(ways, limit=limit, cursor=cursor, name=lambda way: way.provider)


@router.get("/{name}", summary="Get a payment provider")
async def get_payment_provider(services: UseCases, name: Name) -> PaymentProvider:
    return PaymentProvider.of(await services.payment_providers.find(name), services.payment_providers)


@router.patch("/{name}", summary="Change what is no secret of a payment provider")
async def change_payment_provider(services: UseCases, name: Name, body: Change) -> PaymentProvider:
    row = await services.payment_providers.change(
        name, merchant=body.merchant, base_url=body.base_url,
        currencies=None if body.currencies is None else tuple(body.currencies), settings=body.settings,
    )  # fmt: skip
    return PaymentProvider.of(row, services.payment_providers)


@router.put("/{name}/secrets", summary="Replace secrets of a payment provider")
async def set_payment_provider_secrets(services: UseCases, name: Name, body: SecretsInput) -> PaymentProvider:
    row = await services.payment_providers.set_secrets(name, secrets=_plain(body.secrets), secrets_env=body.secrets_env)
    return PaymentProvider.of(row, services.payment_providers)


@router.post("/{name}/disable", summary="Make no new orders with a payment provider; its notices are still believed")
async def disable_payment_provider(services: UseCases, name: Name) -> PaymentProvider:
    row = await services.payment_providers.set_status(name, "disabled")
    return PaymentProvider.of(row, services.payment_providers)


@router.post("/{name}/enable", summary="Make orders with a payment provider again")
async def enable_payment_provider(services: UseCases, name: Name) -> PaymentProvider:
    row = await services.payment_providers.set_status(name, "active")
    return PaymentProvider.of(row, services.payment_providers)
