"""WeChat Pay v3 (微信支付): native payment, where the customer scans a code.

The merchant is the `mchid`. Settings: `app_id`, `serial` (of our certificate), `platform_serial` (`PUB_KEY_ID_…`, or the
serial number of WeChat's certificate). Secrets: `private_key` (ours), `platform_public_key` (WeChat's), `apiv3_key`.

Amounts are in fen. `total` is the order's; with a coupon of WeChat's the customer pays less and we get the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.currencies import minor_digits, to_minor
from counterfoil.foundation.errors import Forbidden
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.calls import Answer, Caller, address, code_of, rejected, unavailable
from counterfoil.recharge.providers.keys import read_private_key, read_public_key
from counterfoil.recharge.providers.port import (
    PayBy,
    Payment,
    PayRequest,
    ProviderConfig,
    RawNotice,
    RefundAnswer,
    RefundOutcome,
    RefundRequest,
    Rejected,
    Reply,
)
from counterfoil.recharge.providers.reading import (
    Unreadable,
    bound_notice,
    currency_of,
    in_china,
    order_id_of,
    part_of,
    payer_of,
    read_json,
    reading_answer,
    reading_notice,
    rfc3339_time_of,
    units_of,
    word_if_any,
    word_of,
)
from counterfoil.recharge.providers.wechat_signatures import API_KEY_BYTES, Signer, Verifier, unseal

CURRENCY = "CNY"
_TITLE_CHARACTERS_MAX = 120
_TRANSACTION = "transaction"
_REFUND = "refund"
_SAID = {
    "SUCCESS": Said.PAID,
    "NOTPAY": Said.PENDING,
    "USERPAYING": Said.PENDING,
    "ACCEPT": Said.PENDING,
    "CLOSED": Said.CLOSED,
    "REVOKED": Said.CLOSED,
    "PAYERROR": Said.FAILED,
    # Something of it has gone back; how much is not said, and cannot be asked.
    "REFUND": Said.REFUNDED,
}
_REFUND_OUTCOMES = {
    "SUCCESS": RefundOutcome.SUCCEEDED,
    "PROCESSING": RefundOutcome.PENDING,
    "CLOSED": RefundOutcome.FAILED,
    # It did not reach the payer, and WeChat will not try again: somebody has to send it by another way.
    "ABNORMAL": RefundOutcome.FAILED,
}
_REFUND_SAID = {
    RefundOutcome.SUCCEEDED: Said.REFUNDED,
    RefundOutcome.PENDING: Said.NOTHING,
    RefundOutcome.FAILED: Said.REFUND_FAILED,
}
_ABSENT = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
_CLOSED_ALREADY = frozenset({"ORDER_CLOSED", "ORDERCLOSED"})
# Too many at once, or a time that ran out: of what was asked it says nothing.
_SAYS_NOTHING = frozenset({408, 429})


class WechatProvider:
    """One WeChat Pay merchant."""

    can_query = True
    repeats_refunds_safely = True

    def __init__(self, config: ProviderConfig, session: aiohttp.ClientSession, *, clock: Clock) -> None:
        self._config = config
        self._name = config.name
        self._clock = clock
        self._caller = Caller(session, provider=config.name)
        self._verifier = _verifier_of(config)
        self._seal_key = config.secrets.get("apiv3_key", "").encode("utf-8", "surrogateescape")

    @property
    def config(self) -> ProviderConfig:
        return self._config

    @cached_property
    def _signer(self) -> Signer | None:
        # Reading a private key checks its primes, which takes a tenth of a second: not for notices, which do not need it.
        key = read_private_key(self._config.secrets.get("private_key", ""))
        serial = self._config.settings.get("serial", "")
        return None if key is None or not serial else Signer(merchant=self._config.merchant, serial=serial, key=key)

    # -- notices -----------------------------------------------------------------------------------------------------

    def read_notice(self, notice: RawNotice, *, now: int) -> Report:
        """Check a notice's signature and time, unseal and read it; what it raises is told in `port.py`."""
        if self._verifier is None or len(self._seal_key) != API_KEY_BYTES:
            raise Forbidden(code="notice_not_configured")
        bound_notice(notice)
        self._verifier.check(notice.headers, notice.body, now=now)
        with reading_notice():
            if notice.method != "POST":
                raise Unreadable("no_event")
            event = read_json(notice.body)
            name, event_id = word_of(event, "event_type"), word_of(event, "id")
            resource = part_of(event, "resource")
            inside = unseal(resource, self._seal_key)
            kind = resource.get("original_type")
        app_id = inside.get("appid", self._config.settings.get("app_id"))
        if inside.get("mchid") != self._config.merchant or app_id != self._config.settings.get("app_id"):
            raise Forbidden(code="notice_other_merchant")
        with reading_notice():
            if kind == _TRANSACTION:
                return self._transaction_report(inside, raw=name, event_id=event_id)
            if kind == _REFUND:
                return self._refund_report(inside, raw=name, event_id=event_id)
            return Report(said=Said.NOTHING, merchant=self._config.merchant, raw=name, event_id=event_id)

    def _transaction_report(
        self, transaction: Mapping[str, Any], *, raw: str | None = None, event_id: str | None = None
    ) -> Report:
        """A transaction, as notices and answers have it. Before it is paid, it has no amount, number or payer."""
        state = word_of(transaction, "trade_state")
        said = _SAID.get(state, Said.NOTHING)
        common: dict[str, Any] = {
            "order_id": order_id_of(word_of(transaction, "out_trade_no")), "merchant": self._config.merchant,
            "raw": raw or state, "event_id": event_id, "at": rfc3339_time_of(transaction, "success_time"),
        }  # fmt: skip
        if said is not Said.PAID:
            number = word_if_any(transaction, "transaction_id")
            return Report(said=said, number=number, **common)
        amount = part_of(transaction, "amount")
        currency = currency_of(amount) if "currency" in amount else CURRENCY
        payer = transaction.get("payer")
        return Report(
            said=said, amount=units_of(amount, "total", digits=minor_digits(currency)), currency=currency,
            number=word_of(transaction, "transaction_id"),
            payer=payer_of(payer, "openid") if isinstance(payer, dict) else None, **common,
        )  # fmt: skip

    def _refund_report(self, refund: Mapping[str, Any], *, raw: str, event_id: str) -> Report:
        answer = _refund_answer(refund, "refund_status")
        amount = part_of(refund, "amount")
        return Report(
            said=_REFUND_SAID[answer.outcome], order_id=order_id_of(word_of(refund, "out_trade_no")),
            merchant=self._config.merchant, amount=units_of(amount, "refund", digits=2), currency=CURRENCY,
            number=word_of(refund, "transaction_id"), refund_id=order_id_of(word_of(refund, "out_refund_no")),
            refund_number=answer.refund_number, raw=raw, event_id=event_id, at=rfc3339_time_of(refund, "success_time"),
        )  # fmt: skip

    def reply(self, *, accepted: bool) -> Reply:
        if accepted:
            return Reply(status=204, content_type="application/json", body=b"")
        body = orjson.dumps({"code": "FAIL", "message": "失败"})
        return Reply(status=400, content_type="application/json", body=body)

    # -- paying ------------------------------------------------------------------------------------------------------

    async def start(self, request: PayRequest) -> tuple[Payment, str | None]:
        """Place the order with WeChat; what is scanned. Placed again with the same contents, it is the same order."""
        answer = await self._ask(
            "POST",
            "/v3/pay/transactions/native",
            {
                "appid": self._config.settings.get("app_id", ""),
                "mchid": self._config.merchant,
                "description": request.title[:_TITLE_CHARACTERS_MAX],
                "out_trade_no": request.number,
                "time_expire": in_china(request.expires_at).isoformat(),
                "notify_url": request.notify_url,
                "amount": {"total": to_minor(request.amount, 2), "currency": CURRENCY},
            },
        )
        with reading_answer(self._name):
            return Payment(pay_by=PayBy.QR_CODE, content=word_of(answer, "code_url")), None

    async def query(self, request: PayRequest) -> Report:
        """How an order stands there. REFUNDED has no amount: it is not said how much has gone back."""
        target = f"/v3/pay/transactions/out-trade-no/{request.number}?mchid={self._config.merchant}"
        transaction = await self._ask_if_there("GET", target)
        if transaction is None:
            return Report(said=Said.ABSENT, order_id=request.order_id, merchant=self._config.merchant)
        with reading_answer(self._name):
            report = self._transaction_report(transaction)
        if report.order_id != request.order_id or transaction.get("mchid") != self._config.merchant:
            raise unavailable(self._name, "other_order")
        return report

    async def close(self, request: PayRequest) -> None:
        """Close an order that was not paid; raises `Rejected` where it was."""
        target = f"/v3/pay/transactions/out-trade-no/{request.number}/close"
        try:
            await self._ask_if_there("POST", target, {"mchid": self._config.merchant})
        except Rejected as error:
            if error.parameters["reason"] not in _CLOSED_ALREADY:
                raise

    # -- refunds -----------------------------------------------------------------------------------------------------

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send money back, once however often it is asked."""
        content: dict[str, Any] = {
            "out_trade_no": request.order_id.hex,
            "out_refund_no": request.refund_id.hex,
            "amount": {
                "refund": to_minor(request.amount, 2),
                "total": to_minor(request.order_amount, 2),
                "currency": CURRENCY,
            },
        }
        if request.notify_url:
            content["notify_url"] = request.notify_url
        return self._told_of_refund(request, await self._ask("POST", "/v3/refund/domestic/refunds", content))

    async def query_refund(self, request: RefundRequest) -> RefundAnswer:
        answer = await self._ask_if_there("GET", f"/v3/refund/domestic/refunds/{request.refund_id.hex}")
        return RefundAnswer(outcome=RefundOutcome.ABSENT) if answer is None else self._told_of_refund(request, answer)

    def _told_of_refund(self, request: RefundRequest, refund: Mapping[str, Any]) -> RefundAnswer:
        if refund.get("out_refund_no") != request.refund_id.hex:
            raise unavailable(self._name, "other_refund")
        with reading_answer(self._name):
            return _refund_answer(refund, "status")

    # -- the interface -----------------------------------------------------------------------------------------------

    async def _ask_if_there(
        self, method: str, target: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """The answer; None where WeChat knows of no such order or refund."""
        try:
            return await self._ask(method, target, content)
        except Rejected as error:
            if error.parameters["reason"] in _ABSENT:
                return None
            raise

    async def _ask(self, method: str, target: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A signed question and its answer, whose signature is checked. Raises `Rejected` with WeChat's code."""
        signer, verifier = self._signer, self._verifier
        if signer is None or verifier is None:
            raise unavailable(self._name, "not_configured")
        body = b"" if content is None else orjson.dumps(content)
        url = address(self._config.base_url, target)
        parts = urlsplit(url)
        signed_target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Accept": "application/json",
            "Authorization": signer.authorization(method, signed_target, body, now=self._clock.now()),
            # Which of its keys WeChat is to answer with.
            "Wechatpay-Serial": verifier.serial,
        }
        if content is not None:
            headers["Content-Type"] = "application/json"
        answer = await self._caller.call(method, url, headers=headers, body=body or None)
        if not answer.is_good:
            raise self._refusal(answer)
        try:
            verifier.check(answer.headers, answer.body, now=self._clock.now())
        except Forbidden:
            raise unavailable(self._name, "not_signed") from None
        with reading_answer(self._name):
            return read_json(answer.body) if answer.body else {}

    def _refusal(self, answer: Answer) -> Exception:
        """What an error says; WeChat does not sign all of them."""
        with reading_answer(self._name):
            reason = code_of(read_json(answer.body).get("code"), default=f"status_{answer.status}")
        is_definite = 400 <= answer.status < 500 and answer.status not in _SAYS_NOTHING and reason != "SYSTEM_ERROR"
        return rejected(self._name, reason) if is_definite else unavailable(self._name, reason)


def _refund_answer(refund: Mapping[str, Any], name: str) -> RefundAnswer:
    state = word_of(refund, name)
    outcome = _REFUND_OUTCOMES.get(state)
    if outcome is None:
        raise Unreadable(f"no_{name}")
    return RefundAnswer(
        outcome=outcome, refund_number=word_of(refund, "refund_id"),
        reason=state if outcome is RefundOutcome.FAILED else None,
    )  # fmt: skip


def _verifier_of(config: ProviderConfig) -> Verifier | None:
    key = read_public_key(config.secrets.get("platform_public_key", ""))
    serial = config.settings.get("platform_serial", "")
    return Verifier(serial=serial, key=key) if key is not None and serial else None
