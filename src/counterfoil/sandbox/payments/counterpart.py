"""The other side of a payment provider: what it knows, what it answers, what it tells.

A counterpart is a state machine in memory, without a server, clock of its own or randomness but its first number: asked in
process or behind the server, it does the same. What happens to an order becomes an `Event`; whoever drives the counterpart
takes the fresh ones and delivers them as notices, or does not.
"""

from __future__ import annotations

import copy
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, Self

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.sandbox.payments.exchange import Answer, Asked
from counterfoil.sandbox.payments.model import (
    HONEST,
    Amount,
    Event,
    Forgery,
    Happening,
    Kind,
    RefundOutcome,
    Refused,
    SentNotice,
)

# The words for endpoints that failure rules and the list of calls use, whatever the provider calls them.
START, QUERY, CLOSE, REFUND, QUERY_REFUND, OTHER = "start", "query", "close", "refund", "query_refund", "other"
ENDPOINTS = (START, QUERY, CLOSE, REFUND, QUERY_REFUND, OTHER)


class Moment:
    """The time of all counterparts: a clock's, or a fixed one."""

    def __init__(self, clock: Clock, fixed: int | None = None) -> None:
        self._clock = clock
        # UTC microseconds.
        self.fixed = fixed

    def seconds(self) -> int:
        return (self._clock.now() if self.fixed is None else self.fixed) // MICROS_PER_SECOND

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Numbers:
    """Numbers that no two things of a run share, and that differ between runs by their start."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._last = 0

    def next(self) -> int:
        """A whole number of at most fourteen digits."""
        self._last += 1
        return self._start % 10**8 * 10**6 + self._last

    def text(self, prefix: str) -> str:
        """Such as `ch_28639935000010`."""
        return f"{prefix}{self.next():014d}"


class Counterpart(ABC):
    """One provider with one merchant."""

    kind: ClassVar[Kind]
    # Whether its answers are signed.
    signs_answers: ClassVar[bool] = False

    def __init__(self, moment: Moment, numbers: Numbers) -> None:
        self.moment = moment
        self.numbers = numbers
        self.refund_outcome = RefundOutcome.SUCCEEDED
        # How often each endpoint was called, and reached the counterpart.
        self.calls: Counter[str] = Counter()
        self._events: list[Event] = []
        self._fresh: list[Event] = []

    # -- what it is asked

    @abstractmethod
    def endpoint(self, asked: Asked) -> str:
        """Which of `ENDPOINTS` is asked."""

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """Do what is asked, and answer."""

    @abstractmethod
    def system_error(self, asked: Asked) -> Answer:
        """What the provider answers when it does not know itself what happened."""

    @abstractmethod
    def rejection(self, asked: Asked, code: str) -> Answer:
        """What the provider answers when it refuses, with a code of its own."""

    def status_error(self, asked: Asked, status: int) -> Answer:
        """What stands before the provider answers: a page."""
        text = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
        return Answer(status=status, body=text.encode(), content_type="text/html")

    def forged(self, answer: Answer) -> Answer:
        """The answer with a signature of somebody else."""
        return answer

    # -- what happens to an order

    @abstractmethod
    def resolve(self, number: str) -> str:
        """The order number by which events know an order; raises `Refused`."""

    @abstractmethod
    def show_orders(self) -> list[dict[str, Any]]:
        """All orders, oldest first, with `order_number`, `status`, `amount`, `refunded`."""

    @abstractmethod
    def open_payment(self, number: str) -> Answer:
        """The page on which a customer pays."""

    @abstractmethod
    def where_next(self, number: str) -> str | None:
        """Where a customer is sent after having paid."""

    @abstractmethod
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
        """The customer pays, perhaps something else than was ordered. `extra` is in all that is said of the payment."""

    @abstractmethod
    def fail(self, number: str) -> None:
        """A try to pay fails."""

    @abstractmethod
    def close(self, number: str) -> None:
        """The order cannot be paid any more."""

    @abstractmethod
    def refund(self, number: str, *, amount: Amount | None = None) -> str:
        """Somebody refunds on the provider's own pages; None: all that is left. The refund's number."""

    def settle_refund(self, refund_number: str, outcome: RefundOutcome) -> None:
        """Decide a pending refund."""
        raise Refused(f"{self.kind} decides refunds at once")

    def dispute(self, number: str, happening: Happening, *, amount: Amount | None = None) -> None:
        """Open, win or lose a dispute."""
        raise Refused(f"{self.kind} has no disputes")

    # -- what it tells

    @abstractmethod
    def notice(self, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
        """An event as it is sent; pure."""

    def address(self, event: Event) -> str:
        """Where notices of this event go; empty: nowhere."""
        return event.url

    @abstractmethod
    def is_accepted(self, status: int, body: bytes) -> bool:
        """Whether the answer to a notice lets the provider stop sending it."""

    def events(self, number: str | None = None) -> list[Event]:
        """What has happened (to one order), oldest first."""
        if number is None:
            return list(self._events)
        order_number = self.resolve(number)
        return [event for event in self._events if event.order_number == order_number]

    def find_events(self, number: str, what: str) -> list[Event]:
        """The newest events of an order of that happening, name or id, one of each name.

        A payment that has not happened is told of as if it had: nothing is recorded, and when it does happen, its notice is
        the same. Raises `Refused`.
        """
        found = _newest(self.events(number), what)
        if not found:
            imagined = copy.deepcopy(self)
            imagined.take_fresh()
            with suppress(Refused):
                imagined._imagine(number)
            found = _newest(imagined.take_fresh(), what)
        if not found:
            raise Refused(f"nothing such has happened to this order: {what[:60]}", 404)
        return found

    def take_fresh(self) -> list[Event]:
        """What has happened since this was asked last."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _imagine(self, number: str) -> None:
        """Let happen what a notice may tell of before it has."""
        self.pay(number, even_if_closed=True)

    def _record(self, event: Event) -> None:
        # A copy of what is told: it says how things were then, whatever becomes of them.
        event = replace(event, content=copy.deepcopy(dict(event.content)))
        self._events.append(event)
        self._fresh.append(event)


def _newest(events: list[Event], what: str) -> list[Event]:
    newest = {event.name: event for event in events if what in (event.happening, event.name, event.event_id)}
    return [event for event in events if newest.get(event.name) is event]


def is_number(text: str) -> bool:
    """Whether a merchant's order number is of the kind that all Chinese providers take."""
    return re.fullmatch(r"[0-9A-Za-z_\-|*@]{1,64}", text) is not None
