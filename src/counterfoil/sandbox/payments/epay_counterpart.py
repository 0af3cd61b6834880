"""epay's server: the page that a customer is sent to, and the interface with the key in plain text.

    GET, POST /submit.php                 pid, [type], out_trade_no, notify_url, return_url, name, money, [param], sign
    GET       /api.php?act=order          pid, key, out_trade_no or trade_no
    POST      /api.php?act=refund         pid, key, out_trade_no or trade_no, money

Asking for a refund twice refunds twice: the protocol has no number for a refund. It tells nobody of refunds either.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from counterfoil.sandbox.payments import epay
from counterfoil.sandbox.payments.counterpart import (
    OTHER,
    QUERY,
    REFUND,
    START,
    Counterpart,
    Moment,
    Numbers,
    is_number,
)
from counterfoil.sandbox.payments.epay import EpayOrder
from counterfoil.sandbox.payments.exchange import Answer, Asked, json_answer, page
from counterfoil.sandbox.payments.keys import EpayKeys
from counterfoil.sandbox.payments.model import HONEST, Amount, Event, Forgery, Kind, RefundOutcome, Refused, SentNotice
from counterfoil.sandbox.payments.units import beijing_text, compact_date, read_yuan, write_yuan

PATHS = ("/submit.php", "/api.php")
_NEEDED = ("pid", "out_trade_no", "notify_url", "return_url", "name", "money", "sign")
# What a customer chooses on the page where the merchant has not.
_CHOSEN = "alipay"


class EpayCounterpart(Counterpart):
    kind = Kind.EPAY

    def __init__(self, keys: EpayKeys, moment: Moment, numbers: Numbers) -> None:
        super().__init__(moment, numbers)
        self._keys = keys
        self._orders: dict[str, EpayOrder] = {}
        self._closed: set[str] = set()

    def endpoint(self, asked: Asked) -> str:
        if asked.path == "/submit.php":
            return START
        return {"order": QUERY, "refund": REFUND}.get(asked.fields().get("act", ""), OTHER)

    def answer(self, asked: Asked) -> Answer:
        fields = asked.fields()
        if asked.path == "/submit.php":
            return self._submit(fields)
        if fields.get("pid") != self._keys.pid:
            return _no("商户ID不存在", -3)
        if not hmac.compare_digest(fields.get("key", "").encode(), self._keys.key.encode()):
            return _no("商户密钥错误", -3)
        match fields.get("act"):
            case "order":
                return self._query(fields)
            case "refund":
                return self._refund(fields)
        return _no("No Act!", -5)

    def system_error(self, asked: Asked) -> Answer:
        # Its answers know success and failure only: trouble of its own is a page.
        return page("系统繁忙", "请稍后再试", status=500)

    def rejection(self, asked: Asked, code: str) -> Answer:
        return page("错误", code) if asked.path == "/submit.php" else _no(code)

    def resolve(self, number: str) -> str:
        if number not in self._orders:
            raise Refused("epay knows no such order", 404)
        return number

    def show_orders(self) -> list[dict[str, Any]]:
        return [
            {
                "order_number": order.order_number,
                "trade_number": order.trade_number,
                "status": self._status(order),
                "amount": order.money,
                "refunded": write_yuan(order.refunded_fen),
                "notify_url": order.notify_url,
            }
            for order in self._orders.values()
        ]

    def open_payment(self, number: str) -> Answer:
        order = self._orders[self.resolve(number)]
        buttons = {} if order.paid_at else {"Pay · 付款": f"/pay/epay/{order.order_number}"}
        return page("epay sandbox", f"{order.name}: {order.money} CNY", self._status(order), buttons=buttons)

    def where_next(self, number: str) -> str | None:
        order = self._orders[self.resolve(number)]
        if order.paid_at is None or not order.return_url:
            return order.return_url or None
        event = epay.paid_event(self._keys, order, at=order.paid_at)
        return epay.with_fields(order.return_url, epay.signed_fields(self._keys, event))

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
        order = self._orders[self.resolve(number)]
        if delayed:
            raise Refused("epay's payments are never delayed")
        if order.paid_at is not None:
            raise Refused("this order is paid already")
        if number in self._closed and not even_if_closed:
            raise Refused("this order is closed")
        at = self.moment.seconds()
        order = replace(
            order,
            paid_at=at,
            money=order.money if amount is None else str(amount),
            buyer=payer or order.buyer,
            extra=extra or {},
        )
        self._orders[number] = order
        self._record(epay.paid_event(self._keys, order, at=at))

    def fail(self, number: str) -> None:
        raise Refused("epay tells nothing of payments that fail")

    def close(self, number: str) -> None:
        if self._orders[self.resolve(number)].paid_at is not None:
            raise Refused("this order is paid")
        self._closed.add(number)

    def refund(self, number: str, *, amount: Amount | None = None) -> str:
        order = self._orders[self.resolve(number)]
        paid = read_yuan(order.money) or 0
        asked = paid - order.refunded_fen if amount is None else read_yuan(str(amount))
        refused = self._refuse_refund(order, asked)
        if refused is not None:
            raise Refused(refused)
        self._orders[number] = replace(order, refunded_fen=order.refunded_fen + (asked or 0))
        return self.numbers.text("refund")

    def notice(self, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
        return epay.notice(self._keys, event, forgery=forgery)

    def is_accepted(self, status: int, body: bytes) -> bool:
        return status == 200 and body.strip().lower() == epay.ACCEPTED

    def _submit(self, fields: Mapping[str, str]) -> Answer:
        missing = [name for name in _NEEDED if not fields.get(name)]
        if missing:
            return page("错误", "参数不完整：" + ", ".join(missing))
        if fields["pid"] != self._keys.pid:
            return page("错误", "商户ID不存在")
        if not hmac.compare_digest(fields["sign"].encode(), epay.sign(fields, self._keys.key).encode()):
            return page("错误", "签名校验失败")
        number, money = fields["out_trade_no"], read_yuan(fields["money"])
        if not money:
            return page("错误", "金额不合法")
        if not is_number(number):
            return page("错误", "订单号不合法")
        known = self._orders.get(number)
        if known is not None and known.paid_at is not None:
            return page("错误", "该订单已支付，请勿重复支付")
        now = self.moment.seconds()
        self._orders[number] = EpayOrder(
            order_number=number,
            trade_number=f"{compact_date(now)}{self.numbers.next():014d}" if known is None else known.trade_number,
            # It is shown and told with two decimals, whatever was sent.
            money=write_yuan(money),
            notify_url=fields["notify_url"],
            return_url=fields["return_url"],
            name=fields["name"],
            method=fields.get("type") or _CHOSEN,
            param=fields.get("param", ""),
            created_at=now,
        )
        return self.open_payment(number)

    def _query(self, fields: Mapping[str, str]) -> Answer:
        order = self._find(fields)
        if order is None:
            return _no("订单号不存在")
        paid_at = order.paid_at
        answer = {
            "code": 1,
            "msg": "查询订单号成功！",
            "trade_no": order.trade_number,
            "out_trade_no": order.order_number,
            "api_trade_no": "" if paid_at is None else f"api{order.trade_number}",
            "type": order.method,
            "pid": int(self._keys.pid),
            "addtime": beijing_text(order.created_at),
            "endtime": None if paid_at is None else beijing_text(paid_at),
            "name": order.name,
            "money": order.money,
            "status": self._status_number(order),
            "param": order.param,
            "buyer": order.buyer,
        }
        return json_answer({**answer, **order.extra})

    def _refund(self, fields: Mapping[str, str]) -> Answer:
        order = self._find(fields)
        if order is None:
            return _no("订单号不存在")
        refused = self._refuse_refund(order, read_yuan(fields.get("money", "")))
        if refused is None and self.refund_outcome is not RefundOutcome.SUCCEEDED:
            refused = "退款失败：商户余额不足"
        if refused is not None:
            return _no(refused)
        self.refund(order.order_number, amount=fields["money"])
        return json_answer({"code": 1, "msg": "退款成功"})

    def _find(self, fields: Mapping[str, str]) -> EpayOrder | None:
        if fields.get("trade_no"):
            return next((each for each in self._orders.values() if each.trade_number == fields["trade_no"]), None)
        return self._orders.get(fields.get("out_trade_no", ""))

    def _refuse_refund(self, order: EpayOrder, fen: int | None) -> str | None:
        if order.paid_at is None:
            return "订单未支付"
        if not fen:
            return "退款金额不合法"
        if order.refunded_fen + fen > (read_yuan(order.money) or 0):
            return "退款金额大于订单金额"
        return None

    def _status(self, order: EpayOrder) -> str:
        if order.paid_at is None:
            return "closed" if order.order_number in self._closed else "unpaid"
        if order.refunded_fen == 0:
            return "paid"
        return "refunded" if order.refunded_fen >= (read_yuan(order.money) or 0) else "partly_refunded"

    def _status_number(self, order: EpayOrder) -> int:
        return {"unpaid": 0, "closed": 0, "refunded": 2}.get(self._status(order), 1)


def _no(reason: str, code: int = -1) -> Answer:
    return json_answer({"code": code, "msg": reason})
