"""What a test or the demo stages, under `/sandbox/payments/`, as JSON.

    GET  health | providers | orders | events | notices | calls      ?provider=&order_number= narrow the lists
    POST pay            provider, order_number, [amount, payer, extra, delayed, even_if_closed, send]
    POST notify         provider, order_number, [event, times, delay_seconds, send, signed_at, url] and a forgery:
                        [key, tamper, stale_seconds, amount, currency, order_number_override, merchant, extra]
    POST refund         provider, order_number, [amount, send]       on the provider's own pages
    POST settle_refund  provider, refund_number, outcome, [send]
    POST dispute        provider, order_number, outcome, [amount, send]      opened, won, lost
    POST fail | close | finish    provider, order_number, [send]
    POST hold           provider, held
    POST refunds        provider, outcome                            of refunds from now on
    POST rules          a list, see `failures.py`
    POST webhook        url                                          Stripe's
    POST clock          now                                          microseconds, or null: the real time
    POST reset

`send` false: what happened is recorded, and no notice of it goes out. An answer names the events, or the notices.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Protocol

import orjson

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.alipay_counterpart import AlipayCounterpart
from counterfoil.sandbox.payments.counterpart import Counterpart, Moment
from counterfoil.sandbox.payments.delivery import Deliveries
from counterfoil.sandbox.payments.exchange import Answer, Asked, json_answer
from counterfoil.sandbox.payments.failures import FailureRule, read_rules
from counterfoil.sandbox.payments.fields import Fields
from counterfoil.sandbox.payments.keys import Keys, merchant_side
from counterfoil.sandbox.payments.model import (
    Event,
    Forgery,
    Happening,
    Kind,
    RefundOutcome,
    Refused,
    SentNotice,
    SigningKey,
    Tamper,
)
from counterfoil.sandbox.payments.stripe_counterpart import StripeCounterpart

TIMES_MAX = 1000
DELAY_SECONDS_MAX = 600.0
_DISPUTES = {"opened": Happening.DISPUTE_OPENED, "won": Happening.DISPUTE_WON, "lost": Happening.DISPUTE_LOST}


class Controlled(Protocol):
    """What can be asked and staged."""

    keys: Keys
    url: str
    moment: Moment
    deliveries: Deliveries
    held: set[Kind]
    counterparts: dict[Kind, Counterpart]
    stripe: StripeCounterpart

    def use_rules(self, rules: list[FailureRule]) -> None: ...
    def reset(self) -> None: ...
    def announce(self, counterpart: Counterpart) -> list[Event]: ...
    def send(
        self,
        counterpart: Counterpart,
        event: Event,
        *,
        forgery: Forgery,
        signed_at: int | None,
        delay_seconds: float,
    ) -> None: ...
    def make_notice(
        self, counterpart: Counterpart, event: Event, *, forgery: Forgery, signed_at: int | None
    ) -> SentNotice: ...


def answer_control(sandbox: Controlled, asked: Asked) -> Answer:
    """Do what the control door is asked to do."""
    verb = asked.path.rsplit("/", 1)[-1]
    try:
        if asked.method == "GET" and verb in _SHOWN:
            return json_answer(_SHOWN[verb](sandbox, asked.fields()))
        if asked.method == "POST" and verb == "rules":
            rules = read_rules(orjson.loads(asked.body))
            sandbox.use_rules(rules)
            return json_answer({"rules": len(rules)})
        if asked.method == "POST" and verb in _STAGED:
            fields = Fields(orjson.loads(asked.body or b"{}"))
            return json_answer(_STAGED[verb](sandbox, fields))
    except InputError as error:
        return json_answer({"error": f"{error.parameters['field']}: {error.parameters['reason']}"}, 400)
    except orjson.JSONDecodeError:
        return json_answer({"error": "The body is not JSON."}, 400)
    except Refused as refused:
        return json_answer({"error": refused.message}, refused.status)
    return json_answer({"error": f"There is no {asked.method} {verb[:40]}."}, 404)


# -- showing


def _health(sandbox: Controlled, asked: Mapping[str, str]) -> object:
    return {"status": "ok", "pid": os.getpid()}


def _providers(sandbox: Controlled, asked: Mapping[str, str]) -> object:
    return merchant_side(sandbox.keys, sandbox.url)


def _orders(sandbox: Controlled, asked: Mapping[str, str]) -> object:
    found = [
        {"provider": counterpart.kind, **order}
        for counterpart in _narrowed(sandbox, asked)
        for order in counterpart.show_orders()
    ]
    return {"orders": _of_order(found, asked)}


def _events(sandbox: Controlled, asked: Mapping[str, str]) -> object:
    found = [
        {"provider": counterpart.kind, **_show_event(event)}
        for counterpart in _narrowed(sandbox, asked)
        for event in counterpart.events()
    ]
    return {"events": _of_order(found, asked)}


def _notices(sandbox: Controlled, asked: Mapping[str, str]) -> object:
    shown = sandbox.deliveries.show()
    wanted = [each for each in shown["notices"] if asked.get("provider") in (None, each["provider"])]
    return {**shown, "notices": _of_order(wanted, asked)}


def _calls(sandbox: Controlled, asked: Mapping[str, str]) -> object:
    return {"calls": {kind.value: dict(counterpart.calls) for kind, counterpart in sandbox.counterparts.items()}}


def _narrowed(sandbox: Controlled, asked: Mapping[str, str]) -> list[Counterpart]:
    return [each for each in sandbox.counterparts.values() if asked.get("provider") in (None, each.kind)]


def _of_order(found: list[dict[str, Any]], asked: Mapping[str, str]) -> list[dict[str, Any]]:
    return [each for each in found if asked.get("order_number") in (None, each["order_number"])]


def _show_event(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "event": event.name,
        "happening": event.happening,
        "order_number": event.order_number,
        "at": event.at,
    }


# -- staging


def _pay(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    amount, payer, extra = fields.amount("amount"), fields.text("payer"), fields.mapping("extra")
    delayed, even_if_closed = fields.truth("delayed", False), fields.truth("even_if_closed", False)

    def pay() -> None:
        counterpart.pay(number, amount=amount, payer=payer, extra=extra, delayed=delayed, even_if_closed=even_if_closed)

    return _stage(sandbox, counterpart, fields, pay)


def _refund(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    amount = fields.amount("amount")
    made: list[str] = []
    staged = _stage(sandbox, counterpart, fields, lambda: made.append(counterpart.refund(number, amount=amount)))
    return {**staged, "refund_number": made[0]}


def _settle_refund(sandbox: Controlled, fields: Fields) -> object:
    counterpart = _counterpart(sandbox, fields)
    number, outcome = fields.needed("refund_number"), RefundOutcome(fields.one_of("outcome", list(RefundOutcome)))
    return _stage(sandbox, counterpart, fields, lambda: counterpart.settle_refund(number, outcome))


def _dispute(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    happening, amount = _DISPUTES[fields.one_of("outcome", list(_DISPUTES))], fields.amount("amount")
    return _stage(sandbox, counterpart, fields, lambda: counterpart.dispute(number, happening, amount=amount))


def _fail(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    return _stage(sandbox, counterpart, fields, lambda: counterpart.fail(number))


def _close(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    return _stage(sandbox, counterpart, fields, lambda: counterpart.close(number))


def _finish(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    if not isinstance(counterpart, AlipayCounterpart):
        raise Refused("only Alipay finishes trades")
    return _stage(sandbox, counterpart, fields, lambda: counterpart.finish(number))


def _notify(sandbox: Controlled, fields: Fields) -> object:
    counterpart, number = _named(sandbox, fields)
    what = fields.text("event") or Happening.PAID
    times, delay = fields.whole("times", 1, most=TIMES_MAX), fields.seconds("delay_seconds", most=DELAY_SECONDS_MAX)
    send, signed_at, url = fields.truth("send", True), fields.whole_or_none("signed_at"), fields.text("url")
    forgery = Forgery(
        key=SigningKey(fields.one_of("key", list(SigningKey), SigningKey.RIGHT)),
        tamper=Tamper(fields.one_of("tamper", list(Tamper), Tamper.NOTHING)),
        stale_seconds=fields.whole("stale_seconds", 0),
        amount=fields.amount("amount"),
        currency=fields.text("currency"),
        order_number=fields.text("order_number_override"),
        merchant=fields.text("merchant"),
        extra=fields.mapping("extra"),
    )
    fields.end()
    events = [replace(event, url=url or counterpart.address(event)) for event in counterpart.find_events(number, what)]
    notices = [sandbox.make_notice(counterpart, event, forgery=forgery, signed_at=signed_at) for event in events]
    if send:
        for event in events * times:
            sandbox.send(counterpart, event, forgery=forgery, signed_at=signed_at, delay_seconds=delay)
    return {"notices": [{**asdict(notice), "body": notice.body.decode()} for notice in notices * times]}


def _hold(sandbox: Controlled, fields: Fields) -> object:
    kind, held = _counterpart(sandbox, fields).kind, fields.truth("held", True)
    fields.end()
    (sandbox.held.add if held else sandbox.held.discard)(kind)
    return {"held": sorted(sandbox.held)}


def _refunds(sandbox: Controlled, fields: Fields) -> object:
    counterpart = _counterpart(sandbox, fields)
    outcome = RefundOutcome(fields.one_of("outcome", list(RefundOutcome)))
    fields.end()
    counterpart.refund_outcome = outcome
    return {"outcome": outcome}


def _webhook(sandbox: Controlled, fields: Fields) -> object:
    url = fields.text("url") or ""
    fields.end()
    sandbox.stripe.webhook_url = url
    return {"url": url}


def _clock(sandbox: Controlled, fields: Fields) -> object:
    now = fields.whole_or_none("now")
    fields.end()
    sandbox.moment.fixed = now
    return {"now": now}


def _reset(sandbox: Controlled, fields: Fields) -> object:
    fields.end()
    sandbox.reset()
    return {"reset": True}


def _stage(sandbox: Controlled, counterpart: Counterpart, fields: Fields, happen: Callable[[], None]) -> dict[str, Any]:
    send = fields.truth("send", True)
    fields.end()
    happen()
    events = sandbox.announce(counterpart) if send else counterpart.take_fresh()
    return {"events": [_show_event(event) for event in events]}


def _counterpart(sandbox: Controlled, fields: Fields) -> Counterpart:
    return sandbox.counterparts[Kind(fields.one_of("provider", list(Kind)))]


def _named(sandbox: Controlled, fields: Fields) -> tuple[Counterpart, str]:
    return _counterpart(sandbox, fields), fields.needed("order_number")


_SHOWN: Mapping[str, Callable[[Controlled, Mapping[str, str]], object]] = {
    "health": _health,
    "providers": _providers,
    "orders": _orders,
    "events": _events,
    "notices": _notices,
    "calls": _calls,
}
_STAGED: Mapping[str, Callable[[Controlled, Fields], object]] = {
    "pay": _pay,
    "notify": _notify,
    "refund": _refund,
    "settle_refund": _settle_refund,
    "dispute": _dispute,
    "fail": _fail,
    "close": _close,
    "finish": _finish,
    "hold": _hold,
    "refunds": _refunds,
    "webhook": _webhook,
    "clock": _clock,
    "reset": _reset,
}
