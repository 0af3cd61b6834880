"""WeChat Pay's server, version 3: requests signed by the merchant, answers signed by the platform.

    POST /v3/pay/transactions/native
    GET  /v3/pay/transactions/out-trade-no/{number}?mchid=    POST …/{number}/close
    GET  /v3/pay/transactions/id/{transaction}?mchid=
    POST /v3/refund/domestic/refunds                          GET …/{refund number}

A refund is taken on as PROCESSING and ends at once, unless it is to stay pending; a notice tells how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import orjson

from counterfoil.sandbox.payments import wechat
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
from counterfoil.sandbox.payments.exchange import Answer, Asked, json_answer, page
from counterfoil.sandbox.payments.keys import WechatKeys
from counterfoil.sandbox.payments.model import HONEST, Amount, Event, Forgery, Kind, RefundOutcome, Refused, SentNotice
from counterfoil.sandbox.payments.signing import verify_rsa
from counterfoil.sandbox.payments.units import beijing_rfc3339, compact_date
from counterfoil.sandbox.payments.wechat import WechatRefund, WechatTransaction

PATHS = ("/v3/",)
# WeChat Pay takes requests whose time is at most this far from its own.
TOLERANCE_SECONDS = 300
_NUMBER = r"([0-9A-Za-z_\-|*@]{1,64})"
_ROUTES = (
    ("POST", re.compile(r"/v3/pay/transactions/native\Z"), START),
    ("GET", re.compile(rf"/v3/pay/transactions/out-trade-no/{_NUMBER}\Z"), QUERY),
    ("GET", re.compile(r"/v3/pay/transactions/id/(\d+)\Z"), QUERY),
    ("POST", re.compile(rf"/v3/pay/transactions/out-trade-no/{_NUMBER}/close\Z"), CLOSE),
    ("POST", re.compile(r"/v3/refund/domestic/refunds\Z"), REFUND),
    ("GET", re.compile(rf"/v3/refund/domestic/refunds/{_NUMBER}\Z"), QUERY_REFUND),
)
_STATUSES = {
    "NOT_ENOUGH": 403,
    "OUT_TRADE_NO_USED": 403,
    "NO_AUTH": 403,
    "FREQUENCY_LIMITED": 429,
    "SYSTEM_ERROR": 500,
    "ORDER_NOT_EXIST": 404,
    "RESOURCE_NOT_EXISTS": 404,
    "SIGN_ERROR": 401,
}


class _No(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class WechatCounterpart(Counterpart):
    kind = Kind.WECHAT
    signs_answers = True

    def __init__(self, keys: WechatKeys, moment: Moment, numbers: Numbers) -> None:
        super().__init__(moment, numbers)
        self._keys = keys
        self._transactions: dict[str, WechatTransaction] = {}

    # -- what it is asked

    def endpoint(self, asked: Asked) -> str:
        return self._route(asked)[0]

    def answer(self, asked: Asked) -> Answer:
        endpoint, named = self._route(asked)
        calls: Mapping[str, Callable[[Asked, str], object]] = {
            START: self._start,
            QUERY: self._query,
            CLOSE: self._close,
            REFUND: self._refund,
            QUERY_REFUND: self._query_refund,
        }
        try:
            self._authenticate(asked)
            if endpoint not in calls:
                raise _No("RESOURCE_NOT_EXISTS", "接口不存在")
            content = calls[endpoint](asked, named)
        except _No as refusal:
            return self._refuse(refusal.code, refusal.message)
        return self._signed(Answer(status=204) if content is None else json_answer(content))

    def system_error(self, asked: Asked) -> Answer:
        return self._refuse("SYSTEM_ERROR", "系统异常，请稍后重试")

    def rejection(self, asked: Asked, code: str) -> Answer:
        return self._refuse(code, code)

    def forged(self, answer: Answer) -> Answer:
        return self._signed(answer, private_key=self._keys.merchant_private_key)

    # -- what happens to a transaction

    def resolve(self, number: str) -> str:
        if number not in self._transactions:
            raise Refused("WeChat Pay knows no such order", 404)
        return number

    def show_orders(self) -> list[dict[str, Any]]:
        return [
            {
                "order_number": transaction.order_number,
                "trade_number": transaction.transaction_id,
                "status": transaction.state,
                "amount": transaction.total,
                "refunded": sum(each.amount for each in transaction.refunds if each.status == wechat.REFUND_SUCCESS),
                "refunds": [{"number": each.refund_number, "status": each.status} for each in transaction.refunds],
                "notify_url": transaction.notify_url,
            }
            for transaction in self._transactions.values()
        ]

    def open_payment(self, number: str) -> Answer:
        transaction = self._transactions[self.resolve(number)]
        can_be_paid = transaction.state == wechat.NOT_PAID
        buttons = {"Pay · 付款": f"/pay/wechat/{transaction.order_number}"} if can_be_paid else {}
        cost = f"{transaction.description}: {transaction.total} fen {transaction.currency}"
        return page("WeChat Pay sandbox", cost, transaction.state, buttons=buttons)

    def where_next(self, number: str) -> str | None:
        return None

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
        transaction = self._transactions[self.resolve(number)]
        if delayed:
            raise Refused("WeChat Pay's native payments are never delayed")
        if transaction.paid_at is not None:
            raise Refused("this transaction is paid already")
        if transaction.state == wechat.CLOSED and not even_if_closed:
            raise Refused("this transaction is closed")
        at = self.moment.seconds()
        transaction = replace(
            transaction,
            state=wechat.SUCCESS,
            paid_at=at,
            total=transaction.total if amount is None else _fen(amount),
            openid=payer or transaction.openid,
            extra=extra or {},
        )
        self._transactions[number] = transaction
        self._record(wechat.paid_event(self._keys, transaction, event_id=self._event_id(), at=at))

    def fail(self, number: str) -> None:
        transaction = self._transactions[self.resolve(number)]
        if transaction.state != wechat.NOT_PAID:
            raise Refused("only an unpaid transaction can fail")
        self._transactions[number] = replace(transaction, state=wechat.FAILED)

    def close(self, number: str) -> None:
        transaction = self._transactions[self.resolve(number)]
        if transaction.paid_at is not None:
            raise Refused("this transaction is paid")
        self._transactions[number] = replace(transaction, state=wechat.CLOSED)

    def refund(self, number: str, *, amount: Amount | None = None) -> str:
        transaction = self._transactions[self.resolve(number)]
        fen = transaction.total - transaction.refunding if amount is None else _fen(amount)
        refund_number = self.numbers.text("desk")
        try:
            self._add_refund(transaction, refund_number, fen, notify_url="")
        except _No as refusal:
            raise Refused(refusal.message) from refusal
        return refund_number

    def settle_refund(self, refund_number: str, outcome: RefundOutcome) -> None:
        for transaction in self._transactions.values():
            for refund in transaction.refunds:
                is_open = refund.status == wechat.REFUND_PROCESSING
                if is_open and refund_number in (refund.refund_number, refund.refund_id):
                    self._end_refund(transaction, refund, outcome)
                    return
        raise Refused("there is no undecided refund of that number", 404)

    # -- what it tells

    def notice(self, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
        return wechat.notice(self._keys, event, signed_at=signed_at, forgery=forgery)

    def is_accepted(self, status: int, body: bytes) -> bool:
        return status in (200, 204)

    # -- the interface

    def _route(self, asked: Asked) -> tuple[str, str]:
        for method, pattern, endpoint in _ROUTES:
            found = pattern.match(asked.path)
            if found is not None and method == asked.method:
                return endpoint, found[1] if found.groups() else ""
        return OTHER, ""

    def _authenticate(self, asked: Asked) -> None:
        parts = wechat.read_authorization(asked.headers.get("authorization", ""))
        if not parts.keys() >= {"mchid", "serial_no", "nonce_str", "timestamp", "signature"}:
            raise _No("SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
        timestamp = parts["timestamp"]
        if not timestamp.isdigit() or abs(int(timestamp) - self.moment.seconds()) > TOLERANCE_SECONDS:
            raise _No("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        if (parts["mchid"], parts["serial_no"]) != (self._keys.merchant_id, self._keys.merchant_serial):
            raise _No("SIGN_ERROR", "商户证书序列号有误")
        text = wechat.request_text(asked.method, asked.target, timestamp, parts["nonce_str"], asked.body)
        if not verify_rsa(self._keys.merchant_private_key, text, parts["signature"]):
            raise _No("SIGN_ERROR", "签名错误，请检查后再试")

    def _start(self, asked: Asked, named: str) -> dict[str, Any]:
        data = _read(asked)
        needed = ("appid", "mchid", "description", "out_trade_no", "notify_url")
        if any(not isinstance(data.get(name), str) or not data[name] for name in needed):
            raise _No("PARAM_ERROR", "参数错误：缺少必填参数")
        if (data["appid"], data["mchid"]) != (self._keys.app_id, self._keys.merchant_id):
            raise _No("APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")
        amount = data.get("amount")
        total = amount.get("total") if isinstance(amount, dict) else None
        if type(total) is not int or total < 1:
            raise _No("PARAM_ERROR", "参数错误：amount.total 须为正整数")
        number = data["out_trade_no"]
        if not is_number(number) or not 6 <= len(number) <= 32:
            raise _No("PARAM_ERROR", "参数错误：out_trade_no 须为6到32个字符")
        currency = data["amount"].get("currency", "CNY")
        if currency != "CNY":
            raise _No("PARAM_ERROR", "参数错误：amount.currency 仅支持CNY")
        known = self._transactions.get(number)
        if known is None:
            now = self.moment.seconds()
            self._transactions[number] = WechatTransaction(
                order_number=number,
                transaction_id=f"420000{compact_date(now)}{self.numbers.next():014d}",
                total=total,
                notify_url=data["notify_url"],
                currency=currency,
                description=data["description"],
                attach=str(data.get("attach", "")),
                created_at=now,
            )
        elif known.state == wechat.CLOSED:
            raise _No("ORDER_CLOSED", "订单已关闭")
        elif known.paid_at is not None:
            raise _No("ORDERPAID", "该订单已支付")
        elif (known.total, known.description, known.notify_url) != (total, data["description"], data["notify_url"]):
            raise _No("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        return {"code_url": f"weixin://wxpay/bizpayurl?pr={self._transactions[number].transaction_id[-9:]}"}

    def _query(self, asked: Asked, named: str) -> dict[str, Any]:
        self._check_merchant(parse_qs(asked.query).get("mchid", [""])[-1])
        transaction = self._find(named)
        if transaction.paid_at is None:
            return wechat.unpaid_content(self._keys, transaction)
        return wechat.paid_content(self._keys, transaction)

    def _close(self, asked: Asked, named: str) -> None:
        self._check_merchant(_read(asked).get("mchid"))
        transaction = self._find(named)
        if transaction.paid_at is not None:
            raise _No("ORDERPAID", "订单已支付，不能关闭")
        self.close(transaction.order_number)

    def _refund(self, asked: Asked, named: str) -> dict[str, Any]:
        data = _read(asked)
        amount = data.get("amount")
        number = data.get("out_refund_no")
        if not isinstance(amount, dict) or not isinstance(number, str) or not is_number(number):
            raise _No("PARAM_ERROR", "参数错误：缺少必填参数")
        if any(type(amount.get(name)) is not int for name in ("refund", "total")) or amount.get("currency") != "CNY":
            raise _No("PARAM_ERROR", "参数错误：amount 不合法")
        transaction = self._find(str(data.get("transaction_id") or data.get("out_trade_no") or ""))
        if amount["total"] != transaction.total:
            raise _No("INVALID_REQUEST", "订单金额与原订单不一致")
        known = next((each for each in transaction.refunds if each.refund_number == number), None)
        if known is not None:
            if known.amount != amount["refund"]:
                raise _No("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
            return self._show_refund(transaction, known)
        if any(each.refund_number == number for every in self._transactions.values() for each in every.refunds):
            raise _No("INVALID_REQUEST", "商户退款单号已用于其他订单")
        refund = self._add_refund(transaction, number, amount["refund"], notify_url=str(data.get("notify_url", "")))
        # It is taken on, and has ended only when it is asked for next.
        return self._show_refund(transaction, refund)

    def _query_refund(self, asked: Asked, named: str) -> dict[str, Any]:
        for transaction in self._transactions.values():
            for refund in transaction.refunds:
                if refund.refund_number == named:
                    return self._show_refund(transaction, refund)
        raise _No("RESOURCE_NOT_EXISTS", "退款单不存在")

    def _find(self, named: str) -> WechatTransaction:
        for transaction in self._transactions.values():
            if named in (transaction.order_number, transaction.transaction_id):
                return transaction
        raise _No("ORDER_NOT_EXIST", "订单不存在")

    def _check_merchant(self, merchant: object) -> None:
        if merchant != self._keys.merchant_id:
            raise _No("PARAM_ERROR", "参数错误：mchid 与签名的商户不一致")

    def _add_refund(
        self, transaction: WechatTransaction, refund_number: str, fen: int, *, notify_url: str
    ) -> WechatRefund:
        """Take a refund on, and end it as it is to end; the refund as it was taken on. Raises `_No`."""
        if transaction.paid_at is None:
            raise _No("RESOURCE_NOT_EXISTS", "订单未支付")
        if fen < 1 or transaction.refunding + fen > transaction.total:
            raise _No("INVALID_REQUEST", "退款金额超过可退金额")
        refund = WechatRefund(
            refund_number=refund_number,
            refund_id=f"503000{compact_date(self.moment.seconds())}{self.numbers.next():014d}",
            amount=fen,
            status=wechat.REFUND_PROCESSING,
            # The merchant's general address would be used where none is named; here it is the order's.
            notify_url=notify_url or transaction.notify_url,
            created_at=self.moment.seconds(),
        )
        transaction = replace(transaction, state=wechat.REFUND, refunds=(*transaction.refunds, refund))
        self._transactions[transaction.order_number] = transaction
        if self.refund_outcome is not RefundOutcome.PENDING:
            self._end_refund(transaction, refund, self.refund_outcome)
        return refund

    def _end_refund(self, transaction: WechatTransaction, refund: WechatRefund, outcome: RefundOutcome) -> None:
        if outcome is RefundOutcome.PENDING:
            return
        at = self.moment.seconds()
        status = wechat.REFUND_SUCCESS if outcome is RefundOutcome.SUCCEEDED else wechat.REFUND_ABNORMAL
        ended = replace(refund, status=status, ended_at=at)
        refunds = tuple(ended if each is refund else each for each in transaction.refunds)
        transaction = replace(transaction, refunds=refunds)
        self._transactions[transaction.order_number] = transaction
        event_id = self._event_id()
        self._record(wechat.refund_event(self._keys, transaction, ended, event_id=event_id, at=at))

    def _show_refund(self, transaction: WechatTransaction, refund: WechatRefund) -> dict[str, Any]:
        shown = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.refund_number,
            "transaction_id": transaction.transaction_id,
            "out_trade_no": transaction.order_number,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": beijing_rfc3339(refund.created_at),
            "status": refund.status,
            "funds_account": "AVAILABLE",
            "amount": {
                "total": transaction.total,
                "refund": refund.amount,
                "payer_total": transaction.total,
                "payer_refund": refund.amount,
                "settlement_total": transaction.total,
                "settlement_refund": refund.amount,
                "discount_refund": 0,
                "currency": transaction.currency,
            },
        }
        if refund.status == wechat.REFUND_SUCCESS and refund.ended_at is not None:
            shown["success_time"] = beijing_rfc3339(refund.ended_at)
        return shown

    def _event_id(self) -> str:
        return self.numbers.text("EV-")

    def _refuse(self, code: str, message: str) -> Answer:
        return self._signed(json_answer({"code": code, "message": message}, _STATUSES.get(code, 400)))

    def _signed(self, answer: Answer, *, private_key: str | None = None) -> Answer:
        headers = wechat.platform_headers(
            self._keys,
            answer.body,
            at=self.moment.seconds(),
            nonce=self.numbers.text("nonce"),
            private_key=private_key or self._keys.platform_private_key,
        )
        return replace(answer, headers={**headers, "request-id": self.numbers.text("08")})


def _read(asked: Asked) -> dict[str, Any]:
    try:
        data = orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        raise _No("PARAM_ERROR", "请求体不是有效的JSON")
    return data


def _fen(amount: Amount) -> int:
    if type(amount) is not int:
        raise Refused("WeChat Pay's amounts are whole fen", 400)
    return amount
