"""Alipay's gateway: one address, the interface named by `method`, the request signed by the merchant's application.

    GET, POST /gateway.do    alipay.trade.page.pay, .query, .close, .refund, alipay.trade.fastpay.refund.query

Showing the page makes no trade: until the customer signs in, Alipay knows none, and closing it is not possible either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from counterfoil.sandbox.payments import alipay
from counterfoil.sandbox.payments.alipay import AlipayRefund, AlipayTrade
from counterfoil.sandbox.payments.counterpart import (
    CLOSE,
    OTHER,
    QUERY,
    QUERY_REFUND,
    REFUND,
    START,
    Counterpart,
    Moment,
    Numbers,
    is_number,
)
from counterfoil.sandbox.payments.exchange import Answer, Asked, page
from counterfoil.sandbox.payments.keys import AlipayKeys
from counterfoil.sandbox.payments.model import HONEST, Amount, Event, Forgery, Kind, RefundOutcome, Refused, SentNotice
from counterfoil.sandbox.payments.signing import sign_rsa, verify_rsa
from counterfoil.sandbox.payments.units import beijing_text, compact_date, read_yuan, write_yuan

PATHS = ("/gateway.do",)
_PAGE_PAY = "alipay.trade.page.pay"
_ENDPOINTS = {
    _PAGE_PAY: START,
    "alipay.trade.query": QUERY,
    "alipay.trade.close": CLOSE,
    "alipay.trade.refund": REFUND,
    "alipay.trade.fastpay.refund.query": QUERY_REFUND,
}
_NEEDED = ("app_id", "method", "charset", "sign_type", "sign", "timestamp", "version", "biz_content")
_SIGN = b',"sign":"'
_OK = {"code": "10000", "msg": "Success"}


class _No(Exception):
    """An answer that is a refusal, by Alipay's codes."""

    def __init__(self, sub_code: str, sub_msg: str, *, code: str = "40004") -> None:
        super().__init__(sub_code)
        messages = {"40001": "Missing Required Arguments", "40002": "Invalid Arguments", "40004": "Business Failed"}
        self.content = {"code": code, "msg": messages.get(code, code), "sub_code": sub_code, "sub_msg": sub_msg}


class AlipayCounterpart(Counterpart):
    kind = Kind.ALIPAY
    signs_answers = True

    def __init__(self, keys: AlipayKeys, moment: Moment, numbers: Numbers) -> None:
        super().__init__(moment, numbers)
        self._keys = keys
        self._trades: dict[str, AlipayTrade] = {}

    # -- what it is asked

    def endpoint(self, asked: Asked) -> str:
        return _ENDPOINTS.get(asked.fields().get("method", ""), OTHER)

    def answer(self, asked: Asked) -> Answer:
        fields = asked.fields()
        method = fields.get("method", "")
        calls: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._query_refund,
        }
        try:
            business = self._authenticate(fields)
            if method == _PAGE_PAY:
                return self._show_page(fields, business)
            if method not in calls:
                raise _No("isv.invalid-method", "不存在的方法名", code="40002")
            content = {**_OK, **calls[method](business)}
        except _No as refusal:
            if method == _PAGE_PAY:
                return page("支付宝", refusal.content["sub_code"], refusal.content["sub_msg"])
            content = refusal.content
        return self._signed(method, content)

    def system_error(self, asked: Asked) -> Answer:
        content = {
            "code": "20000",
            "msg": "Service Currently Unavailable",
            "sub_code": "isp.unknow-error",
            "sub_msg": "系统繁忙",
        }
        return self._signed(asked.fields().get("method", ""), content)

    def rejection(self, asked: Asked, code: str) -> Answer:
        return self._signed(asked.fields().get("method", ""), _No(code, code).content)

    def forged(self, answer: Answer) -> Answer:
        head, sign, _ = answer.body.rpartition(_SIGN)
        if not sign:
            # The page is not signed.
            return answer
        text = head.partition(b":")[2]
        signature = sign_rsa(self._keys.app_private_key, text)
        return replace(answer, body=head + _SIGN + signature.encode() + b'"}')

    # -- what happens to a trade

    def resolve(self, number: str) -> str:
        if number not in self._trades:
            raise Refused("Alipay has shown no page for this order", 404)
        return number

    def show_orders(self) -> list[dict[str, Any]]:
        return [
            {
                "order_number": trade.order_number,
                "trade_number": trade.trade_number,
                "status": trade.status,
                "amount": trade.total_amount,
                "refunded": write_yuan(trade.refunded_fen),
                "refunds": [{"number": each.request_number, "decided": each.is_decided} for each in trade.refunds],
                "notify_url": trade.notify_url,
            }
            for trade in self._trades.values()
        ]

    def open_payment(self, number: str) -> Answer:
        trade = self._trades[self.resolve(number)]
        can_be_paid = trade.status in (alipay.SHOWN, alipay.WAITING)
        buttons = {"Pay · 付款": f"/pay/alipay/{trade.order_number}"} if can_be_paid else {}
        return page("Alipay sandbox", f"{trade.subject}: {trade.total_amount} CNY", trade.status, buttons=buttons)

    def where_next(self, number: str) -> str | None:
        return self._trades[self.resolve(number)].return_url or None

    def pay(
        self,
        number: str,
        *,
        amount: Amount | None = None,
        payer: str | None = None,
        extra: Mapping[str, Any] | None = None,
        delayed: bool = False,
        even_if_closed: bool = False,
    ) -> None:
        trade = self._trades[self.resolve(number)]
        if trade.paid_at is not None:
            raise Refused("this trade is paid already")
        if trade.status == alipay.CLOSED and not even_if_closed:
            raise Refused("this trade is closed")
        if delayed:
            # The customer has signed in and scanned the code: now there is a trade.
            self._trades[number] = replace(trade, status=alipay.WAITING)
            return
        at = self.moment.seconds()
        trade = replace(
            trade,
            status=alipay.SUCCESS,
            paid_at=at,
            closed_at=None,
            total_amount=trade.total_amount if amount is None else str(amount),
            buyer_logon_id=payer or trade.buyer_logon_id,
            extra=extra or {},
        )
        self._trades[number] = trade
        self._record(alipay.paid_event(self._keys, trade, event_id=self._event_id(), at=at))

    def fail(self, number: str) -> None:
        raise Refused("Alipay tells nothing of payments that fail")

    def close(self, number: str) -> None:
        trade = self._trades[self.resolve(number)]
        if trade.paid_at is not None:
            raise Refused("this trade is paid")
        if trade.status == alipay.CLOSED:
            raise Refused("this trade is closed already")
        at = self.moment.seconds()
        was_a_trade = trade.status == alipay.WAITING
        trade = replace(trade, status=alipay.CLOSED, closed_at=at)
        self._trades[number] = trade
        if was_a_trade:
            self._record(alipay.closed_event(self._keys, trade, event_id=self._event_id(), at=at))

    def finish(self, number: str) -> None:
        """The time for refunds is over."""
        trade = self._trades[self.resolve(number)]
        if trade.status != alipay.SUCCESS:
            raise Refused("only a trade that is paid and not refunded in full can be finished")
        trade = replace(trade, status=alipay.FINISHED)
        self._trades[number] = trade
        at, event_id = self.moment.seconds(), self._event_id()
        self._record(alipay.paid_event(self._keys, trade, event_id=event_id, at=at, status=alipay.FINISHED))

    def refund(self, number: str, *, amount: Amount | None = None) -> str:
        trade = self._trades[self.resolve(number)]
        fen = trade.total_fen - trade.refunded_fen if amount is None else read_yuan(str(amount))
        try:
            request_number = self.numbers.text("desk")
            self._add_refund(trade, request_number, fen, is_decided=True)
        except _No as refusal:
            raise Refused(refusal.content["sub_code"]) from refusal
        return request_number

    def settle_refund(self, refund_number: str, outcome: RefundOutcome) -> None:
        for trade in self._trades.values():
            for refund in trade.refunds:
                if refund.request_number == refund_number and not refund.is_decided:
                    self._settle(trade, refund, outcome)
                    return
        raise Refused("there is no undecided refund of that number", 404)

    # -- what it tells

    def notice(self, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
        return alipay.notice(self._keys, event, signed_at=signed_at, forgery=forgery)

    def is_accepted(self, status: int, body: bytes) -> bool:
        return status == 200 and body.strip() == alipay.ACCEPTED

    def _imagine(self, number: str) -> None:
        if self._trades[self.resolve(number)].paid_at is None:
            self.pay(number, even_if_closed=True)
        self.finish(number)

    # -- the gateway

    def _authenticate(self, fields: Mapping[str, str]) -> Mapping[str, Any]:
        """The business content of a request; raises `_No`."""
        for name in _NEEDED:
            if not fields.get(name):
                raise _No(f"isv.missing-{name.replace('_', '-')}", f"缺少参数 {name}", code="40001")
        if fields["app_id"] != self._keys.app_id:
            raise _No("isv.invalid-app-id", "无效的AppID参数", code="40002")
        if fields["sign_type"] != "RSA2":
            raise _No("isv.invalid-signature-type", "无效的签名类型", code="40002")
        # Of a request `sign_type` is signed, of a notice it is not.
        text = alipay.signing_text(fields, without=("sign",))
        if not verify_rsa(self._keys.app_private_key, text, fields["sign"]):
            raise _No("isv.invalid-signature", "验签出错", code="40002")
        try:
            business = orjson.loads(fields["biz_content"])
        except orjson.JSONDecodeError:
            business = None
        if not isinstance(business, dict):
            raise _No("isv.invalid-parameter", "biz_content 不是有效的JSON", code="40002")
        return business

    def _show_page(self, fields: Mapping[str, str], business: Mapping[str, Any]) -> Answer:
        number, amount = str(business.get("out_trade_no", "")), read_yuan(str(business.get("total_amount", "")))
        if business.get("product_code") != "FAST_INSTANT_TRADE_PAY" or not business.get("subject"):
            raise _No("ACQ.INVALID_PARAMETER", "参数无效")
        if not is_number(number) or not amount:
            raise _No("ACQ.INVALID_PARAMETER", "参数无效")
        known = self._trades.get(number)
        if known is None:
            now = self.moment.seconds()
            self._trades[number] = AlipayTrade(
                order_number=number,
                trade_number=f"{compact_date(now)}220014{self.numbers.next():014d}",
                total_amount=write_yuan(amount),
                notify_url=fields.get("notify_url", ""),
                return_url=fields.get("return_url", ""),
                subject=str(business["subject"]),
                body=str(business.get("body", "")),
                passback=str(business.get("passback_params", "")),
                created_at=now,
            )
        elif known.paid_at is not None:
            raise _No("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        elif known.status == alipay.CLOSED:
            raise _No("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        elif known.total_fen != amount:
            raise _No("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        return self.open_payment(number)

    def _query(self, business: Mapping[str, Any]) -> dict[str, Any]:
        trade = self._find(business)
        content = {
            "buyer_logon_id": trade.buyer_logon_id,
            "buyer_user_id": trade.buyer_id,
            "buyer_pay_amount": trade.total_amount if trade.paid_at else "0.00",
            "invoice_amount": trade.total_amount if trade.paid_at else "0.00",
            "out_trade_no": trade.order_number,
            "point_amount": "0.00",
            "receipt_amount": trade.total_amount if trade.paid_at else "0.00",
            "total_amount": trade.total_amount,
            "trade_no": trade.trade_number,
            "trade_status": trade.status,
        }
        if trade.paid_at is not None:
            content["send_pay_date"] = beijing_text(trade.paid_at)
        return {**content, **trade.extra}

    def _close(self, business: Mapping[str, Any]) -> dict[str, Any]:
        trade = self._find(business)
        try:
            self.close(trade.order_number)
        except Refused as refused:
            raise _No("ACQ.TRADE_STATUS_ERROR", "交易状态不合法") from refused
        return {"out_trade_no": trade.order_number, "trade_no": trade.trade_number}

    def _refund(self, business: Mapping[str, Any]) -> dict[str, Any]:
        trade = self._find(business)
        amount = read_yuan(str(business.get("refund_amount", "")))
        # A full refund may go without a number of its own; it then has the order's.
        number = str(business.get("out_request_no") or trade.order_number)
        known = next((each for each in trade.refunds if each.request_number == number), None)
        changed = False
        if known is not None:
            if known.fen != amount:
                raise _No("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        elif self.refund_outcome is RefundOutcome.FAILED:
            raise _No("ACQ.SELLER_BALANCE_NOT_ENOUGH", "商户的支付宝账户中无足够的资金进行撤销")
        else:
            changed = self.refund_outcome is RefundOutcome.SUCCEEDED
            trade = self._add_refund(trade, number, amount, is_decided=changed)
        return {
            "buyer_logon_id": trade.buyer_logon_id,
            "buyer_user_id": trade.buyer_id,
            "fund_change": "Y" if changed else "N",
            "out_trade_no": trade.order_number,
            "refund_fee": write_yuan(trade.refunded_fen),
            "send_back_fee": write_yuan(amount or 0) if changed else "0.00",
            "trade_no": trade.trade_number,
        }

    def _query_refund(self, business: Mapping[str, Any]) -> dict[str, Any]:
        trade = self._find(business)
        number = business.get("out_request_no")
        if not number:
            raise _No("ACQ.INVALID_PARAMETER", "参数无效")
        refund = next((each for each in trade.refunds if each.request_number == number), None)
        if refund is None or not refund.is_decided:
            # 10000 and nothing else: no such refund has been made so far.
            return {}
        return {
            "out_request_no": refund.request_number,
            "out_trade_no": trade.order_number,
            "refund_amount": write_yuan(refund.fen),
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": beijing_text(refund.at),
            "total_amount": trade.total_amount,
            "trade_no": trade.trade_number,
        }

    def _find(self, business: Mapping[str, Any]) -> AlipayTrade:
        """The trade that is named; `trade_no` counts first. Raises `_No`."""
        named = business.get("trade_no")
        if not named and not business.get("out_trade_no"):
            raise _No("ACQ.INVALID_PARAMETER", "参数无效")
        for trade in self._trades.values():
            is_it = trade.trade_number == named if named else trade.order_number == business["out_trade_no"]
            # Closed without ever having become a trade: there is none.
            if is_it and (trade.status == alipay.WAITING or trade.paid_at or self._was_told_closed(trade)):
                return trade
        raise _No("ACQ.TRADE_NOT_EXIST", "交易不存在")

    def _was_told_closed(self, trade: AlipayTrade) -> bool:
        return trade.status == alipay.CLOSED and bool(self.events(trade.order_number))

    def _add_refund(self, trade: AlipayTrade, request_number: str, fen: int | None, *, is_decided: bool) -> AlipayTrade:
        if trade.status == alipay.FINISHED:
            raise _No("ACQ.TRADE_HAS_FINISHED", "交易已完结")
        if trade.status != alipay.SUCCESS:
            raise _No("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        if not fen:
            raise _No("ACQ.INVALID_PARAMETER", "参数无效")
        if sum(each.fen for each in trade.refunds) + fen > trade.total_fen:
            raise _No("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        refund = AlipayRefund(request_number=request_number, fen=fen, at=self.moment.seconds(), is_decided=is_decided)
        trade = replace(trade, refunds=(*trade.refunds, refund))
        self._trades[trade.order_number] = trade
        return self._tell_refunded(trade, refund) if is_decided else trade

    def _settle(self, trade: AlipayTrade, refund: AlipayRefund, outcome: RefundOutcome) -> None:
        others = tuple(each for each in trade.refunds if each is not refund)
        if outcome is RefundOutcome.SUCCEEDED:
            decided = replace(refund, is_decided=True, at=self.moment.seconds())
            self._tell_refunded(replace(trade, refunds=(*others, decided)), decided)
        elif outcome is RefundOutcome.FAILED:
            # It leaves no trace: asked for again, it is made.
            self._trades[trade.order_number] = replace(trade, refunds=others)

    def _tell_refunded(self, trade: AlipayTrade, refund: AlipayRefund) -> AlipayTrade:
        if trade.refunded_fen >= trade.total_fen:
            trade = replace(trade, status=alipay.CLOSED)
        self._trades[trade.order_number] = trade
        at, event_id = self.moment.seconds(), self._event_id()
        self._record(alipay.refunded_event(self._keys, trade, refund, event_id=event_id, at=at))
        return trade

    def _event_id(self) -> str:
        return self.numbers.text("notify")

    def _signed(self, method: str, content: Mapping[str, Any]) -> Answer:
        node = method.replace(".", "_") + "_response" if method in _ENDPOINTS else "error_response"
        body = alipay.signed_answer(self._keys.alipay_private_key, node, content)
        return Answer(status=200, body=body, content_type="text/html;charset=utf-8")
