"""epay (易支付): a link to the channel's own cashier, notices by GET or POST, and an interface without signatures.

Setting: `type` (such as `alipay`; without one the cashier lets the customer choose). Secret: `key`.

The signature is MD5 over the fields in the order of their names, without `sign`, `sign_type` and empty ones, as `k=v` joined
by `&` and undecoded, with the key right behind. Amounts are decimal yuan. Only `TRADE_SUCCESS` counts. `param` is whatever
somebody wrote there.

Its interface knows no number of a refund: asking twice may send money twice, and one that got no answer can only be told
from the order when all of it has gone back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import aiohttp

from counterfoil.foundation.errors import Forbidden
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.calls import Answer, Caller, address, rejected, unavailable
from counterfoil.recharge.providers.port import (
    PayBy,
    Payment,
    PayRequest,
    ProviderConfig,
    RawNotice,
    RefundAnswer,
    RefundOutcome,
    RefundRequest,
    Reply,
)
from counterfoil.recharge.providers.reading import (
    Unreadable,
    bound_notice,
    china_time_of,
    form_of,
    order_id_of,
    payer_of,
    read_json,
    reading_answer,
    reading_notice,
    word_if_any,
    word_of,
    write_yuan,
    yuan_of,
)

CURRENCY = "CNY"
_TITLE_CHARACTERS_MAX = 100
_UNSIGNED = frozenset({"sign", "sign_type"})
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_SMALL = re.compile(r"-?[0-9]{1,6}\Z")
_DONE = 1
# What stands in an answer where there is no such order; the code is that of every failure.
_NO_ORDER = ("订单", "不存在")


def sign(fields: Mapping[str, str], key: str) -> str:
    """The signature of a form's fields; `key` must not be empty."""
    signed = [f"{name}={value}" for name, value in sorted(fields.items()) if name not in _UNSIGNED and value]
    content = "&".join(signed) + key
    return hashlib.md5(content.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


class EpayProvider:
    """One merchant of one epay channel."""

    can_query = True
    repeats_refunds_safely = False

    def __init__(self, config: ProviderConfig, session: aiohttp.ClientSession) -> None:
        self._config = config
        self._name = config.name
        self._caller = Caller(session, provider=config.name)

    @property
    def config(self) -> ProviderConfig:
        return self._config

    # -- notices -----------------------------------------------------------------------------------------------------

    def read_notice(self, notice: RawNotice, *, now: int) -> Report:
        """Check a notice's signature and merchant, then read it; what it raises is told in `port.py`."""
        key = self._config.secrets.get("key", "")
        if not key.strip():
            raise Forbidden(code="notice_not_configured")
        bound_notice(notice)
        with reading_notice():
            form = form_of(notice)
        given = form.get("sign", "")
        is_md5 = form.get("sign_type", "MD5").upper() == "MD5"
        if not is_md5 or not hmac.compare_digest(sign(form, key).encode(), given.lower().encode()):
            raise Forbidden(code="notice_signature_wrong")
        if form.get("pid") != self._config.merchant:
            raise Forbidden(code="notice_other_merchant")
        with reading_notice():
            return self._told(form)

    def _told(self, form: Mapping[str, str]) -> Report:
        status = word_of(form, "trade_status")
        return Report(
            said=Said.PAID if status == "TRADE_SUCCESS" else Said.NOTHING,
            order_id=order_id_of(word_of(form, "out_trade_no")), merchant=self._config.merchant,
            amount=yuan_of(form, "money"), currency=CURRENCY, number=word_of(form, "trade_no"), raw=status,
        )  # fmt: skip

    def reply(self, *, accepted: bool) -> Reply:
        return Reply(
            status=200 if accepted else 400, content_type="text/plain; charset=utf-8",
            body=b"success" if accepted else b"fail",
        )  # fmt: skip

    # -- paying ------------------------------------------------------------------------------------------------------

    async def start(self, request: PayRequest) -> tuple[Payment, str | None]:
        """A signed link to the cashier; the channel hears of the order when it is opened."""
        key = self._key()
        fields = {
            "pid": self._config.merchant,
            "type": self._config.settings.get("type", ""),
            "out_trade_no": request.number,
            "notify_url": request.notify_url,
            "return_url": request.return_url,
            "name": request.title[:_TITLE_CHARACTERS_MAX],
            "money": write_yuan(request.amount),
        }
        query = {name: value for name, value in fields.items() if value}
        query |= {"sign": sign(fields, key), "sign_type": "MD5"}
        link = address(self._config.base_url, "/submit.php?" + urlencode(query))
        return Payment(pay_by=PayBy.LINK, content=link), None

    async def query(self, request: PayRequest) -> Report:
        """How an order stands there. One that nobody has opened the cashier for is not known."""
        order = await self._order(request.number)
        merchant = self._config.merchant
        if order is None:
            return Report(said=Said.ABSENT, order_id=request.order_id, merchant=merchant)
        with reading_answer(self._name):
            status = _status_of(order)
            refunded = yuan_of(order, "refundmoney") if order.get("refundmoney") not in (None, "") else None
            report = Report(
                said=_SAID.get(status, Said.PENDING), order_id=request.order_id, merchant=merchant,
                amount=yuan_of(order, "money"), currency=CURRENCY, number=word_if_any(order, "trade_no"),
                payer=payer_of(order, "buyer"), raw=f"status_{status}", at=china_time_of(order, "endtime"),
                refunded_total=refunded,
            )  # fmt: skip
            if report.said is Said.PAID and report.number is None:
                raise Unreadable("no_trade_no")
        # How much has gone back is not always said.
        return replace(report, amount=None) if report.said is Said.REFUNDED else report

    async def close(self, request: PayRequest) -> None:
        """There is no way to: the link stays payable as long as the channel likes, and late money is credited."""

    # -- refunds -----------------------------------------------------------------------------------------------------

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send money back; never ask twice without looking."""
        fields = {
            "pid": self._config.merchant,
            "key": self._key(),
            "out_trade_no": request.order_id.hex,
            "money": write_yuan(request.amount),
        }
        if request.provider_number is not None:
            fields["trade_no"] = request.provider_number
        url = address(self._config.base_url, "/api.php?act=refund")
        answer = self._read(await self._caller.call("POST", url, headers=_FORM, body=urlencode(fields).encode("ascii")))
        code = _code_of(answer)
        if code != _DONE:
            raise rejected(self._name, f"code_{code}")
        return RefundAnswer(outcome=RefundOutcome.SUCCEEDED)

    async def query_refund(self, request: RefundRequest) -> RefundAnswer:
        """Only of an order that has gone back in whole it can be told that a refund of all of it was made."""
        order = await self._order(request.order_id.hex)
        with reading_answer(self._name):
            is_whole = request.amount == request.order_amount
            if order is not None and is_whole and _status_of(order) == _REFUNDED:
                return RefundAnswer(outcome=RefundOutcome.SUCCEEDED)
        return RefundAnswer(outcome=RefundOutcome.PENDING)

    # -- the interface -----------------------------------------------------------------------------------------------

    def _key(self) -> str:
        key = self._config.secrets.get("key", "")
        if not key.strip():
            raise unavailable(self._name, "not_configured")
        return key

    async def _order(self, number: str) -> dict[str, Any] | None:
        """What the channel knows of an order. It takes the key itself, in the address: that is its interface."""
        query = urlencode({"act": "order", "pid": self._config.merchant, "key": self._key(), "out_trade_no": number})
        order = self._read(await self._caller.call("GET", address(self._config.base_url, "/api.php?" + query)))
        code = _code_of(order)
        if code != _DONE:
            told = order.get("msg")
            if isinstance(told, str) and all(word in told for word in _NO_ORDER):
                return None
            raise unavailable(self._name, f"code_{code}")
        if order.get("out_trade_no") != number or str(order.get("pid", self._config.merchant)) != self._config.merchant:
            raise unavailable(self._name, "other_order")
        return order

    def _read(self, answer: Answer) -> dict[str, Any]:
        if not answer.is_good:
            # A page of the server in front: what became of it nobody knows.
            raise unavailable(self._name, f"status_{answer.status}")
        with reading_answer(self._name):
            found = read_json(answer.body)
            _code_of(found)
        return found


_REFUNDED = 2
# Paid and frozen by the channel (3) is not paid yet.
_SAID = {0: Said.PENDING, 1: Said.PAID, _REFUNDED: Said.REFUNDED}


def _code_of(answer: Mapping[str, Any]) -> int:
    return _small_number(answer, "code")


def _status_of(order: Mapping[str, Any]) -> int:
    return _small_number(order, "status")


def _small_number(source: Mapping[str, Any], name: str) -> int:
    """PHP writes numbers as numbers or as text, as it happens."""
    found = source.get(name)
    text = str(found) if type(found) is int or isinstance(found, str) else ""
    if not _SMALL.match(text):
        raise Unreadable(f"no_{name}")
    return int(text)
