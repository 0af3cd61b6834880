"""Payments of the incidents: a channel that sends signed notices, as Alipay does, right ones and wrong ones."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.money import format_nanos
from counterfoil.recharge.model import Order, ProviderKind
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.providers.port import RawNotice
from counterfoil.recharge.providers_service import NewProvider, PaymentProviders
from counterfoil.recharge.service import Orders

CHANNEL = "alipay"
_CURRENCY = "CNY"
_SELLER, _APP = "2088102146225135", "2021000000000001"
_KEY_BITS = 2048
# Nobody answers there: what a channel knows is told by its notices alone.
_NOBODY = "http://127.0.0.1:9"
# Amounts of a channel have two decimals.
CENT = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cashier:
    """Whoever pays, and the channel that tells of it."""

    providers: PaymentProviders
    orders: Orders
    notices: Notices
    clock: ManualClock
    rng: random.Random
    # What the channel signs with.
    key: rsa.RSAPrivateKey
    channel: str

    @classmethod
    async def open(
        cls, providers: PaymentProviders, orders: Orders, notices: Notices, *, clock: ManualClock, rng: random.Random
    ) -> Cashier:
        """Set a channel up with keys of its own."""
        key = _new_key()
        await _add(providers, CHANNEL, key)
        return cls(providers=providers, orders=orders, notices=notices, clock=clock, rng=rng, key=key, channel=CHANNEL)

    async def mistaken(self) -> Cashier:
        """Another channel, set up with a key that is not the one it signs with."""
        channel = f"{CHANNEL}-{self.rng.getrandbits(48):x}"
        await _add(self.providers, channel, self.key)
        return replace(self, key=_new_key(), channel=channel)

    async def order(self, account_id: UUID, nanos: int) -> Order:
        """An order of that many nanos, of whole cents."""
        return await self.orders.create(
            account_id=account_id, provider=self.channel, amount=nanos, currency=_CURRENCY, by="customer"
        )

    async def begin(self, account_id: UUID, nanos: int) -> Order:
        """An order that somebody has gone to pay."""
        order = await self.order(account_id, nanos)
        await self.orders.pay(order.order_id)
        return order

    async def recharge(self, account_id: UUID, nanos: int, *, payer: str | None = None) -> Order:
        """An order that is paid and credited."""
        order = await self.begin(account_id, nanos)
        await self.tell(order, payer=payer)
        return await self.orders.order(order.order_id)

    def number(self) -> str:
        """A payment's number, as the channel gives them."""
        return f"20260302{self.rng.randrange(10**20):020}"

    async def tell(
        self,
        order: Order,
        *,
        nanos: int | None = None,
        number: str | None = None,
        payer: str | None = None,
        is_signed: bool = True,
        **fields: str,
    ) -> None:
        """The channel's notice that an order was paid; `nanos` where it names another amount than the order's."""
        notice = {
            "app_id": _APP, "seller_id": _SELLER, "charset": "utf-8", "out_trade_no": order.number,
            "trade_no": number or self.number(), "trade_status": "TRADE_SUCCESS",
            "total_amount": format_nanos(order.amount if nanos is None else nanos),
            "buyer_id": payer or f"2088{self.rng.randrange(10**12):012}", "notify_id": f"{self.rng.getrandbits(64):x}",
            **fields,
        }  # fmt: skip
        await self.notices.accept(self.channel, self._raw(notice, is_signed=is_signed))

    async def tell_refunded(self, order: Order, *, number: str, nanos: int) -> None:
        """The channel's notice that it has given back so much of a payment, by itself."""
        await self.tell(order, number=number, refund_fee=format_nanos(nanos), gmt_refund="2026-03-02 12:00:00")

    def _raw(self, fields: Mapping[str, str], *, is_signed: bool) -> RawNotice:
        content = "&".join(f"{name}={value}" for name, value in sorted(fields.items())).encode()
        signature = self.key.sign(content if is_signed else b"forged", padding.PKCS1v15(), hashes.SHA256())
        form = {**fields, "sign_type": "RSA2", "sign": base64.b64encode(signature).decode()}
        return RawNotice(method="POST", headers={}, query="", body=urlencode(form).encode())


async def _add(providers: PaymentProviders, name: str, key: rsa.RSAPrivateKey) -> None:
    """Set up a channel of which it is believed that it signs with this key."""
    await providers.add(
        NewProvider(
            name=name, kind=ProviderKind.ALIPAY, merchant=_SELLER, settings={"app_id": _APP}, secrets_env={},
            base_url=_NOBODY,
            secrets={"private_key": _pem(key), "alipay_public_key": _public_pem(key)},
        )
    )  # fmt: skip


def to_cents(nanos: int) -> int:
    """The least whole number of cents that is so much, in nanos."""
    return -(-nanos // CENT) * CENT


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
