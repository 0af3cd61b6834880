"""The payments sandbox: four counterparts behind one address, and the door that stages what happens.

/v1/…         as Stripe            /submit.php, /api.php    as epay
/v3/…         as WeChat Pay        /gateway.do              as Alipay
/pay/{provider}/{order number}     the page on which a customer pays
/sandbox/payments/…                see `control.py`
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from counterfoil.foundation.clock import Clock
from counterfoil.sandbox.payments import alipay_counterpart, epay_counterpart, stripe_counterpart, wechat_counterpart
from counterfoil.sandbox.payments.alipay_counterpart import AlipayCounterpart
from counterfoil.sandbox.payments.configuration import PaymentsConfiguration
from counterfoil.sandbox.payments.control import answer_control
from counterfoil.sandbox.payments.counterpart import Counterpart, Moment, Numbers
from counterfoil.sandbox.payments.delivery import Deliveries
from counterfoil.sandbox.payments.epay_counterpart import EpayCounterpart
from counterfoil.sandbox.payments.exchange import Answer, Asked, page, redirect
from counterfoil.sandbox.payments.failures import FailureRule, FailureRules, How, When
from counterfoil.sandbox.payments.keys import Keys
from counterfoil.sandbox.payments.model import HONEST, Event, Forgery, Kind, Refused, SentNotice
from counterfoil.sandbox.payments.stripe_counterpart import StripeCounterpart
from counterfoil.sandbox.payments.wechat_counterpart import WechatCounterpart

CONTROL_PATH = "/sandbox/payments/"
_PATHS = {
    Kind.STRIPE: stripe_counterpart.PATHS,
    Kind.EPAY: epay_counterpart.PATHS,
    Kind.ALIPAY: alipay_counterpart.PATHS,
    Kind.WECHAT: wechat_counterpart.PATHS,
}
_GARBAGE = b"<html><body>It works!</body></html>"


class PaymentsSandbox:
    """The counterparts with their notices and failures; drives them for the server and for the control door."""

    def __init__(self, configuration: PaymentsConfiguration, clock: Clock, *, url: str) -> None:
        self.keys: Keys = configuration.keys
        self.url = url
        self.moment = Moment(clock, configuration.now)
        self.deliveries = Deliveries(configuration.retry_seconds)
        self.held = set(configuration.held)
        self.counterparts: dict[Kind, Counterpart] = {}
        self.stripe: StripeCounterpart
        self._configuration = configuration
        self._rules = FailureRules()
        # Numbers must differ between processes and runs, and go on when all is forgotten.
        self._numbers = Numbers(int.from_bytes(os.urandom(8)))
        self._make_counterparts(configuration.webhook_url)

    def use_rules(self, rules: Sequence[FailureRule]) -> None:
        """Replace the failures; their counting starts anew."""
        self._rules = FailureRules(rules)

    def reset(self) -> None:
        """Forget orders, notices and failures, and be as configured; keys stay."""
        self.deliveries.reset()
        self.use_rules(())
        self.held = set(self._configuration.held)
        self.moment.fixed = self._configuration.now
        self._make_counterparts(self._configuration.webhook_url)

    async def close(self) -> None:
        await self.deliveries.close()

    def announce(self, counterpart: Counterpart) -> list[Event]:
        """Send what has happened since the last time, unless this provider's notices are held."""
        fresh = counterpart.take_fresh()
        for event in fresh:
            address = counterpart.address(event)
            if address and counterpart.kind not in self.held:
                self.send(counterpart, replace(event, url=address))
        return fresh

    def send(
        self,
        counterpart: Counterpart,
        event: Event,
        *,
        forgery: Forgery = HONEST,
        signed_at: int | None = None,
        delay_seconds: float = 0.0,
    ) -> None:
        """Send one notice, again and again until it is accepted."""
        make = partial(self.make_notice, counterpart, event, forgery=forgery, signed_at=signed_at)
        about = {
            "provider": counterpart.kind,
            "order_number": event.order_number,
            "event": event.name,
            "event_id": event.event_id,
            "happening": event.happening,
            "url": event.url,
        }
        self.deliveries.send(make, counterpart.is_accepted, about, delay_seconds=delay_seconds)

    def make_notice(
        self, counterpart: Counterpart, event: Event, *, forgery: Forgery = HONEST, signed_at: int | None = None
    ) -> SentNotice:
        at = self.moment.seconds() if signed_at is None else signed_at
        return counterpart.notice(event, signed_at=at, forgery=forgery)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request of the server."""
        asked = Asked(
            method=request.method,
            target=request.raw_path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        answer = await self._answer(asked)
        if answer is None:
            # Cut off, as a broken line would: no status, no end.
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        headers = dict(answer.headers)
        if answer.content_type is not None:
            headers["content-type"] = answer.content_type
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _answer(self, asked: Asked) -> Answer | None:
        if asked.path.startswith(CONTROL_PATH):
            return answer_control(self, asked)
        if asked.path.startswith("/pay/"):
            return self._answer_customer(asked)
        for kind, paths in _PATHS.items():
            if any(asked.path.startswith(path) if path.endswith("/") else asked.path == path for path in paths):
                return await self._answer_merchant(self.counterparts[kind], asked)
        return page("404", "There is nothing here.", status=404)

    async def _answer_merchant(self, counterpart: Counterpart, asked: Asked) -> Answer | None:
        endpoint = counterpart.endpoint(asked)
        counterpart.calls[endpoint] += 1
        rule = self._rules.choose(counterpart.kind, endpoint)
        answer = None
        if rule is None or rule.when is When.AFTER:
            answer = counterpart.answer(asked)
            self.announce(counterpart)
        if rule is None:
            return answer
        return await _failed(counterpart, asked, rule, answer)

    def _answer_customer(self, asked: Asked) -> Answer:
        """The page of a payment; posting pays."""
        _, _, name, number = (*asked.path.split("/", 3), "", "")[:4]
        number = unquote(number)
        if name not in list(Kind):
            return page("404", "There is nothing here.", status=404)
        counterpart = self.counterparts[Kind(name)]
        try:
            if asked.method != "POST":
                return counterpart.open_payment(number)
            if asked.fields().get("declined"):
                counterpart.fail(number)
            else:
                counterpart.pay(number)
        except Refused as refused:
            return page(name, refused.message, status=refused.status)
        self.announce(counterpart)
        next_page = counterpart.where_next(number)
        if asked.fields().get("declined") or next_page is None:
            return counterpart.open_payment(number)
        return redirect(next_page)

    def _make_counterparts(self, webhook_url: str) -> None:
        made: dict[str, Any] = {"moment": self.moment, "numbers": self._numbers}
        self.stripe = StripeCounterpart(self.keys.stripe, url=self.url, webhook_url=webhook_url, **made)
        self.counterparts = {
            Kind.STRIPE: self.stripe,
            Kind.EPAY: EpayCounterpart(self.keys.epay, **made),
            Kind.ALIPAY: AlipayCounterpart(self.keys.alipay, **made),
            Kind.WECHAT: WechatCounterpart(self.keys.wechat, **made),
        }


async def _failed(counterpart: Counterpart, asked: Asked, rule: FailureRule, answer: Answer | None) -> Answer | None:
    """What a failing call gets, or None: the connection is cut. `answer` is what it would have got, where it was done."""
    match rule.how:
        case How.TIMEOUT:
            await asyncio.sleep(rule.number / 1000)
            return answer
        case How.STATUS:
            return counterpart.status_error(asked, rule.number)
        case How.BUSY:
            return counterpart.system_error(asked)
        case How.REJECT:
            return counterpart.rejection(asked, rule.code)
        case How.GARBAGE:
            return Answer(status=200, body=_GARBAGE, content_type="text/html")
        case How.FORGED if answer is not None:
            return counterpart.forged(answer)
    return None
