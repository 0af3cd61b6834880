"""Alipay (支付宝): a signed link to its page, notices, and the gateway's questions and refunds.

The merchant is the seller's number (`2088…`). Setting: `app_id`. Secrets: `private_key` (ours) and `alipay_public_key`
(Alipay's, not our own public one), as PEM or as the bare base64 that its console shows.

A notice with a refund in it repeats the whole trade, and says how much has gone back in all; a trade that has gone back in
whole is `TRADE_CLOSED`, as one is that was never paid. A refund has no number of Alipay's: ours is its name there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Forbidden
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.alipay_gateway import Credentials, Gateway, signed_content
from counterfoil.recharge.providers.calls import Caller, unavailable
from counterfoil.recharge.providers.keys import is_signed, read_public_key
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
    china_time_of,
    form_of,
    in_china,
    order_id_of,
    payer_of,
    reading_answer,
    reading_notice,
    word_if_any,
    word_of,
    write_yuan,
    yuan_of,
)

CURRENCY = "CNY"
_TITLE_CHARACTERS_MAX = 120
_UNSIGNED = frozenset({"sign", "sign_type"})
_PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
_CLOSED = "TRADE_CLOSED"
_WAITING = "WAIT_BUYER_PAY"
_NO_TRADE = "ACQ.TRADE_NOT_EXIST"


class AlipayProvider:
    """One application of one seller."""

    can_query = True
    repeats_refunds_safely = True

    def __init__(self, config: ProviderConfig, session: aiohttp.ClientSession, *, clock: Clock) -> None:
        self._config = config
        self._name = config.name
        self._credentials = Credentials(
            app_id=config.settings.get("app_id", ""),
            private_key=config.secrets.get("private_key", ""),
            alipay_key=read_public_key(config.secrets.get("alipay_public_key", "")),
        )
        self._gateway = Gateway(
            Caller(session, provider=config.name), self._credentials, provider=config.name, base_url=config.base_url,
            clock=clock,
        )  # fmt: skip

    @property
    def config(self) -> ProviderConfig:
        return self._config

    # -- notices -----------------------------------------------------------------------------------------------------

    def read_notice(self, notice: RawNotice, *, now: int) -> Report:
        """Check a notice's signature, application and seller, then read it; what it raises is told in `port.py`.

        Its time is not compared with ours: Alipay goes on for a day, each time with the same one.
        """
        key = self._credentials.alipay_key
        if key is None or not self._credentials.app_id:
            raise Forbidden(code="notice_not_configured")
        bound_notice(notice)
        with reading_notice():
            if notice.method != "POST":
                raise Unreadable("no_form")
            form = form_of(notice)
        signed = {name: value for name, value in form.items() if name not in _UNSIGNED}
        is_rsa2 = form.get("sign_type", "RSA2") == "RSA2"
        if not is_rsa2 or not is_signed(key, signed_content(signed), form.get("sign", "")):
            raise Forbidden(code="notice_signature_wrong")
        if form.get("app_id") != self._credentials.app_id or form.get("seller_id") != self._config.merchant:
            raise Forbidden(code="notice_other_merchant")
        with reading_notice():
            return self._told(form)

    def _told(self, form: Mapping[str, str]) -> Report:
        if form.get("charset", "utf-8").lower() != "utf-8":
            raise Unreadable("wrong_encoding")
        status, total = word_of(form, "trade_status"), yuan_of(form, "total_amount")
        common: dict[str, Any] = {
            "order_id": order_id_of(word_of(form, "out_trade_no")), "merchant": self._config.merchant,
            "currency": CURRENCY, "number": word_of(form, "trade_no"), "raw": status,
            "payer": payer_of(form, "buyer_id", "buyer_open_id", "buyer_logon_id"),
            "event_id": word_if_any(form, "notify_id"),
        }  # fmt: skip
        refunded = yuan_of(form, "refund_fee") if form.get("refund_fee") else 0
        if refunded or form.get("gmt_refund"):
            if not refunded and status != _CLOSED:
                raise Unreadable("no_amount")
            refund_number = word_if_any(form, "out_biz_no")
            return Report(
                # Closed by a refund without an amount: all of it has gone back.
                said=Said.REFUNDED, refunded_total=refunded or total, refund_id=order_id_of(refund_number),
                refund_number=refund_number, at=china_time_of(form, "gmt_refund", "notify_time"), **common,
            )  # fmt: skip
        at = china_time_of(form, "gmt_payment", "gmt_close", "notify_time")
        return Report(said=_said_of(status), amount=total, at=at, **common)

    def reply(self, *, accepted: bool) -> Reply:
        return Reply(
            status=200 if accepted else 400, content_type="text/plain; charset=utf-8",
            body=b"success" if accepted else b"fail",
        )  # fmt: skip

    # -- paying ------------------------------------------------------------------------------------------------------

    async def start(self, request: PayRequest) -> tuple[Payment, str | None]:
        """A signed link to Alipay's page; Alipay hears of the order when it is opened."""
        link = self._gateway.link(
            "alipay.trade.page.pay",
            {
                "out_trade_no": request.number,
                "product_code": "FAST_INSTANT_TRADE_PAY",
                "total_amount": write_yuan(request.amount),
                "subject": request.title[:_TITLE_CHARACTERS_MAX],
                "time_expire": in_china(request.expires_at).strftime("%Y-%m-%d %H:%M:%S"),
            },
            notify_url=request.notify_url,
            return_url=request.return_url,
        )
        return Payment(pay_by=PayBy.LINK, content=link), None

    async def query(self, request: PayRequest) -> Report:
        """How an order stands there. One that nobody has opened the page of is not known."""
        merchant = self._config.merchant
        try:
            trade = await self._gateway.ask("alipay.trade.query", {"out_trade_no": request.number})
        except Rejected as error:
            if error.parameters["reason"] != _NO_TRADE:
                raise
            return Report(said=Said.ABSENT, order_id=request.order_id, merchant=merchant)
        self._check_order(trade, request.number)
        with reading_answer(self._name):
            status, total = word_of(trade, "trade_status"), yuan_of(trade, "total_amount")
            # Closed after it was paid: it has gone back in whole.
            is_refunded = status == _CLOSED and bool(trade.get("send_pay_date"))
            return Report(
                said=Said.REFUNDED if is_refunded else _said_of(status), order_id=request.order_id, merchant=merchant,
                amount=None if is_refunded else total, refunded_total=total if is_refunded else None,
                currency=CURRENCY, number=word_of(trade, "trade_no"), raw=status,
                payer=payer_of(trade, "buyer_user_id", "buyer_open_id", "buyer_logon_id"),
                at=china_time_of(trade, "send_pay_date"),
            )  # fmt: skip

    async def close(self, request: PayRequest) -> None:
        """Close a trade that was not paid. One that nobody has opened cannot be: its link ends with the order's time."""
        try:
            await self._gateway.ask("alipay.trade.close", {"out_trade_no": request.number})
        except Rejected as error:
            if error.parameters["reason"] != _NO_TRADE:
                raise

    # -- refunds -----------------------------------------------------------------------------------------------------

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send money back, once however often it is asked."""
        number = request.order_id.hex
        answer = await self._gateway.ask(
            "alipay.trade.refund",
            {
                "out_trade_no": number,
                "refund_amount": write_yuan(request.amount),
                "out_request_no": request.refund_id.hex,
            },
        )
        self._check_order(answer, number)
        if answer.get("fund_change") == "Y":
            return RefundAnswer(outcome=RefundOutcome.SUCCEEDED)
        # Asked before, or still on its way: the other question tells.
        found = await self.query_refund(request)
        taken_on = found.outcome is RefundOutcome.ABSENT
        return RefundAnswer(outcome=RefundOutcome.PENDING) if taken_on else found

    async def query_refund(self, request: RefundRequest) -> RefundAnswer:
        """An answer without a state means that it has not come, or has failed; which of both, only asking again decides."""
        number = request.order_id.hex
        try:
            answer = await self._gateway.ask(
                "alipay.trade.fastpay.refund.query",
                {"out_trade_no": number, "out_request_no": request.refund_id.hex},
            )
        except Rejected as error:
            if error.parameters["reason"] != _NO_TRADE:
                raise
            return RefundAnswer(outcome=RefundOutcome.ABSENT)
        if answer.get("refund_status") != "REFUND_SUCCESS":
            return RefundAnswer(outcome=RefundOutcome.ABSENT)
        self._check_order(answer, number)
        if answer.get("out_request_no") != request.refund_id.hex:
            raise unavailable(self._name, "other_refund")
        return RefundAnswer(outcome=RefundOutcome.SUCCEEDED)

    def _check_order(self, answer: Mapping[str, Any], number: str) -> None:
        if answer.get("out_trade_no") != number:
            raise unavailable(self._name, "other_order")


def _said_of(status: str) -> Said:
    if status in _PAID:
        return Said.PAID
    if status == _CLOSED:
        return Said.CLOSED
    return Said.PENDING if status == _WAITING else Said.NOTHING
