"""Finding what there is of an order at Stripe: by its number, and where that was lost, among what was begun at its time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import stripe

from counterfoil.recharge.providers.calls import rejected, unavailable
from counterfoil.recharge.providers.port import PayRequest, RefundRequest, Rejected
from counterfoil.recharge.providers.reading import Unreadable, reading_answer
from counterfoil.recharge.providers.stripe_client import answered, answered_if_there
from counterfoil.recharge.providers.stripe_reading import intent_number, object_id, order_of, refund_id_of

SESSION = "checkout.session"
PAGE_ITEMS = 100
PAGES_MAX = 5
# Stripe's clock and ours.
_CLOCK_SECONDS_OFF = 300
_MICROS = 1_000_000

Thing = dict[str, Any]


class StripeFinder:
    """Sessions, intents and refunds of one account; everything may raise `Unavailable` and `Rejected`."""

    def __init__(self, client: stripe.StripeClient, *, provider: str) -> None:
        self._v1 = client.v1
        self._provider = provider

    # -- sessions and intents ----------------------------------------------------------------------------------------

    async def of_order(self, request: PayRequest, *, in_sessions: bool) -> Thing | None:
        """The session or intent of an order; None where there certainly is none."""
        number = request.provider_number
        if number is None:
            number = await self._lost(request, in_sessions=in_sessions)
        return None if number is None else await self.known(number, order_id=request.order_id)

    async def known(self, number: str, *, order_id: UUID) -> Thing | None:
        """A session or an intent by its number, with what is inside; it must be of that order."""
        if number.startswith("cs_"):
            found = await self._session(number)
        else:
            found = await self._intent(number)
        if found is not None and order_of(found) != order_id:
            raise unavailable(self._provider, "other_order")
        return found

    async def _intent(self, number: str) -> Thing | None:
        return await answered_if_there(
            self._provider, self._v1.payment_intents.retrieve_async(number, {"expand": ["latest_charge"]})
        )

    async def _session(self, number: str) -> Thing | None:
        found = await answered_if_there(
            self._provider,
            self._v1.checkout.sessions.retrieve_async(number, {"expand": ["payment_intent.latest_charge"]}),
        )
        if found is not None and isinstance(found.get("payment_intent"), str):
            found["payment_intent"] = await self._intent(found["payment_intent"])
        return found

    async def _lost(self, request: PayRequest, *, in_sessions: bool) -> str | None:
        """The number of what was begun for an order and never answered."""
        things = self._v1.checkout.sessions if in_sessions else self._v1.payment_intents
        window = {
            "gte": request.created_at // _MICROS - _CLOCK_SECONDS_OFF,
            "lte": request.expires_at // _MICROS + _CLOCK_SECONDS_OFF,
        }
        found, was_all = None, False
        # Not everything that speaks like Stripe lists by time, and not every key may list at all.
        for narrowed in ({"created": window}, {}):
            try:
                found, was_all = await self._look_through(
                    things.list_async, narrowed, lambda thing: order_of(thing) == request.order_id
                )
            except Rejected:
                continue
            break
        if found is None and not was_all:
            found = await self._searched(request.order_id)
            if found is None:
                # What is new cannot be searched for at once: that is no proof.
                raise unavailable(self._provider, "not_findable")
        return None if found is None else self._number(found)

    async def _searched(self, order_id: UUID) -> Thing | None:
        """The intent that carries our order number."""
        query = f"metadata['order']:'{order_id.hex}'"
        try:
            page = await answered_if_there(self._provider, self._v1.payment_intents.search_async({"query": query}))
        except Rejected:
            return None
        found = [] if page is None else [thing for thing in self._items(page) if order_of(thing) == order_id]
        return next((thing for thing in found if thing.get("status") == "succeeded"), found[0] if found else None)

    # -- refunds -----------------------------------------------------------------------------------------------------

    async def intent_of(self, request: RefundRequest) -> str:
        """The number of the payment intent that a refund is made of."""
        number = request.provider_number
        if number is not None and number.startswith("pi_"):
            return number
        found = None if number is None else await self.known(number, order_id=request.order_id)
        if found is None:
            found = await self._searched(request.order_id)
        if found is None:
            raise unavailable(self._provider, "payment_not_found")
        with reading_answer(self._provider):
            number = intent_number(found) if found.get("object") == SESSION else object_id(found)
        if number is None:
            raise rejected(self._provider, "not_paid")
        return number

    async def refund(self, request: RefundRequest) -> Thing | None:
        """A refund of ours, by its number or among those of the payment; None where there certainly is none."""
        if request.refund_number is not None:
            found = await answered_if_there(self._provider, self._v1.refunds.retrieve_async(request.refund_number))
            if found is not None and refund_id_of(found) != request.refund_id:
                raise unavailable(self._provider, "other_refund")
            return found
        intent = await self.intent_of(request)
        found, was_all = await self._look_through(
            self._v1.refunds.list_async,
            {"payment_intent": intent},
            lambda refund: refund_id_of(refund) == request.refund_id,
        )
        if found is None and not was_all:
            raise unavailable(self._provider, "not_findable")
        return found

    # -- pages -------------------------------------------------------------------------------------------------------

    async def _look_through(
        self, ask: Callable[[Any], Awaitable[Any]], params: dict[str, Any], is_it: Callable[[Thing], bool]
    ) -> tuple[Thing | None, bool]:
        """The first of a list that is it, and whether the list was looked through to its end."""
        params = {**params, "limit": PAGE_ITEMS}
        for _ in range(PAGES_MAX):
            page = await answered(self._provider, ask(params))
            items = self._items(page)
            found = next((item for item in items if is_it(item)), None)
            if found is not None or not items or page.get("has_more") is not True:
                return found, True
            params["starting_after"] = self._number(items[-1])
        return None, False

    def _items(self, page: Thing) -> list[Thing]:
        items = page.get("data")
        with reading_answer(self._provider):
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise Unreadable("no_list")
        return items

    def _number(self, thing: Thing) -> str:
        with reading_answer(self._provider):
            return object_id(thing)
