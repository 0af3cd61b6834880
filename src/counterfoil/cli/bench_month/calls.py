"""Calls: requests, tasks and charges, what was attempted at three upstreams, and what these bill of it.

Every scene is of one day, since large books are held day by day; it stays away from midnight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from counterfoil.cli.bench_month.model import CENT, DAY, HOUR, MINUTE, Billed, Month, Reference, Row
from counterfoil.reconcile.books.usage import split_id
from counterfoil.reconcile.model import Book, BreakClass

OPENAI, OPENROUTER, SANDBOX = "openai", "openrouter", "sandbox"
BY_REQUEST = (OPENROUTER, SANDBOX)
MODELS = {
    OPENAI: ("gpt-5-mini", "gpt-5-nano", "gpt-5", "gpt-4o", "gpt-4o-mini"),
    OPENROUTER: ("gpt-oss-120b", "claude-4.5-sonnet"),
    SANDBOX: ("sandbox-small", "sandbox-large"),
}
KEYS = ("key_main", "key_second")
# Nanos per token: each call costs some cents, so that a tolerance of one is less than any.
INPUT, CACHED, OUTPUT = 40_000, 10_000, 160_000
TWO_CENTS = 2 * CENT
Scene = Callable[["Calls", int, str], None]


@dataclass(slots=True, kw_only=True)
class Called:
    """A call as we know it, and as its upstream bills it."""

    request: Row
    charge: Row
    attempt: Row
    billed: Billed

    @property
    def name(self) -> str:
        return UUID(int=_unsigned(self.request["request_high"]) << 64 | _unsigned(self.request["request_low"])).hex

    @property
    def attempt_name(self) -> str:
        return f"attempt:{self.name}:{self.attempt['number']}"

    @property
    def charge_name(self) -> str:
        return f"charge:{self.name}:{self.charge['at']}"


class Calls:
    """Writes calls into a month."""

    def __init__(self, month: Month, accounts: Sequence[str]) -> None:
        self.month = month
        self._accounts = accounts
        # What OpenAI has served: it bills sums.
        self.served: list[Billed] = []

    def call(self, at: int, source: str, *, model: str | None = None) -> Called:
        """A call that was served, charged and billed. Its rows are in the books; its line is told by `bill`."""
        month, pick = self.month, self.month.random
        model = model or pick.choice(MODELS[source])
        request_id = month.uuid(at)
        high, low = split_id(request_id)
        tokens = (pick.randrange(50, 4_000), pick.randrange(0, 900), pick.randrange(10, 2_000))
        cost = tokens[0] * INPUT + tokens[1] * CACHED + tokens[2] * OUTPUT
        account, settled = pick.choice(self._accounts), at + 4_000_000
        request: Row = {
            "request_high": high, "request_low": low, "account_id": account, "group_id": account, "key_id": account,
            "endpoint": "chat_completions", "model": model, "currency": "USD", "state": "served", "charge_mark": "charged",
            "received_at": at, "settled_at": settled, "held": cost * 3, "charged": cost * 2, "uncollected": 0,
            "expected": cost * 2,
        }  # fmt: skip
        charge = self._charge(request, at=settled, operations=1, charged=cost * 2)
        upstream_id = f"gen-{at // 1_000_000}-{request_id.hex[-20:]}"
        attempt: Row = {
            "request_high": high, "request_low": low, "number": 1, "account_id": account, "upstream": source,
            "model": model, "started_at": at + 1_000, "ended_at": at + 3_000_000, "outcome": "succeeded",
            "response_id": upstream_id, "input_tokens": tokens[0], "cached_tokens": tokens[1], "cache_write_tokens": 0,
            "output_tokens": tokens[2], "cost": cost, "currency": "USD",
        }  # fmt: skip
        month.requests.append(request)
        month.attempts.append(attempt)
        billed = Billed(
            source=source, kind="cost", starts_at=at + 1_000_000, ends_at=at + 1_000_000, model=model,
            key=pick.choice(KEYS), upstream_id=upstream_id, input_tokens=tokens[0], cached_tokens=tokens[1],
            output_tokens=tokens[2], amount=cost,
        )  # fmt: skip
        return Called(request=request, charge=charge, attempt=attempt, billed=billed)

    def bill(self, *billed: Billed) -> None:
        for one in billed:
            if one.source == OPENAI:
                self.served.append(one)
            else:
                self.month.billed.append(one)

    def _charge(self, request: Row, **what: Any) -> Row:
        row: Row = {
            **{name: request[name] for name in ("request_high", "request_low", "account_id", "currency")},
            "operations": 0, "charged": 0, "uncollected": 0, "refunded": 0, "charged_ever": None, "refunded_ever": None,
            **what,
        }  # fmt: skip
        self.month.charges.append(row)
        return row

    def task(self, called: Called, state: str) -> Row:
        request = called.request
        row: Row = {
            "task_high": request["request_high"], "task_low": request["request_low"], "account_id": request["account_id"],
            "kind": "video", "model": request["model"], "upstream": called.attempt["upstream"], "state": state,
            "settled_at": request["settled_at"],
        }  # fmt: skip
        self.month.tasks.append(row)
        return row

    def refund(self, called: Called, amount: int, *, at: int) -> Row:
        charged = called.request["charged"]
        return self._charge(called.request, at=at, refunded=amount, charged_ever=charged, refunded_ever=amount)

    def charge_again(self, called: Called) -> Row:
        at = called.request["settled_at"] + 1_000_000
        return self._charge(called.request, at=at, operations=1, charged=called.request["charged"])

    def drop_charge(self, called: Called) -> None:
        self.month.charges[:] = [row for row in self.month.charges if row is not called.charge]

    def plant_charge(
        self, break_class: BreakClass, called: Called, *charges: Row, task: bool = False, request: bool = True
    ) -> None:
        ours = [f"request:{called.name}"] if request else []
        ours += [f"task:{called.name}"] if task else []
        theirs = tuple(sorted(f"charge:{called.name}:{row['at']}" for row in charges))
        self.month.plant(
            Book.CHARGES,
            break_class,
            ours=tuple(ours),
            theirs=theirs,
            since=called.request["settled_at"],
            is_of_day=True,
        )

    def plant_bill(
        self, break_class: BreakClass, at: int, *, ours: Sequence[str] = (), theirs: Sequence[Reference] = ()
    ) -> None:
        self.month.plant(Book.UPSTREAM, break_class, ours=tuple(ours), theirs=tuple(theirs), since=at, is_of_day=True)


def fill_calls(calls: Calls, *, calls_per_day: int, times: int) -> None:
    """Usual days, then the scenes, each so many times; what OpenAI has served is billed by `sums`."""
    month = calls.month
    for day in range(month.days):
        for number in range(calls_per_day):
            source = (OPENAI, OPENROUTER, SANDBOX)[number % 3]
            _usual(calls, month.time_in(day), source)
        for source, models in MODELS.items():
            for model in models:
                called = calls.call(month.time_in(day), source, model=model)
                calls.bill(called.billed)
    for scene in (*_DECOYS, *_CHARGES):
        for place, day in enumerate(month.some_days(times)):
            scene(calls, month.time_in(day, 2 * HOUR), (OPENAI, OPENROUTER, SANDBOX)[place % 3])
    for scene in _BY_REQUEST:
        for place, day in enumerate(month.some_days(times)):
            scene(calls, month.time_in(day, 2 * HOUR), BY_REQUEST[(place + day) % 2])


def _usual(calls: Calls, at: int, source: str) -> None:
    """One in ten fails at first and is served by the same upstream then; one in fifteen is a task; a few are refunded."""
    called = calls.call(at, source)
    calls.bill(called.billed)
    dice = calls.month.random.random()
    if dice < 0.1:
        first = {**called.attempt, "outcome": "rejected", "response_id": None, "cost": None, "currency": None,
                 **dict.fromkeys(("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens"))}  # fmt: skip
        called.attempt["number"] = 2
        calls.month.attempts.append(first)
    elif dice < 0.17:
        calls.task(called, "succeeded")
    elif dice < 0.2:
        calls.refund(called, called.request["charged"] // 2, at=called.request["settled_at"] + MINUTE)


# -- what only looks wrong ---------------------------------------------------------------------------------------------


def _failed_and_not_charged(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.drop_charge(called)
    called.request |= {"state": "failed", "charged": 0, "expected": None, "charge_mark": "not_charged"}
    called.attempt |= {"outcome": "not_connected", "response_id": None, "cost": None, "currency": None,
                       **dict.fromkeys(("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens"))}  # fmt: skip


def _free_of_charge(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.bill(called.billed)
    calls.drop_charge(called)
    called.request |= {"charged": 0, "expected": 0}


def _refunded_days_later(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.bill(called.billed)
    calls.refund(called, called.request["charged"], at=at + 2 * DAY)


def _failed_task_paid_back(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.bill(called.billed)
    calls.task(called, "failed")
    calls.refund(called, called.request["charged"], at=called.request["settled_at"] + MINUTE)


def _client_has_gone(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.bill(called.billed)
    called.request["state"] = "client_gone"


def _unknown_and_not_billed(calls: Calls, at: int, _: str) -> None:
    """An attempt whose outcome nobody knows, and that the upstream has not served; the next one served the call.

    Of a bill by sums, such an attempt would explain whatever is too much on it.
    """
    called = calls.call(at, OPENROUTER)
    calls.bill(called.billed)
    calls.month.attempts.append(nameless({**called.attempt, "number": 2}))


def nameless(attempt: Row) -> Row:
    attempt |= {"outcome": "unknown", "response_id": None, "cost": None,
                **dict.fromkeys(("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens"))}  # fmt: skip
    return attempt


# -- breaks between requests, tasks and charges ------------------------------------------------------------------------


def _charge_scene(calls: Calls, at: int, source: str, what: str) -> None:
    """A call that is right at its upstream, and wrong in our own books."""
    called = calls.call(at, source)
    calls.bill(called.billed)
    request, charge = called.request, called.charge
    match what:
        case BreakClass.SERVED_NOT_CHARGED:
            calls.drop_charge(called)
            request |= {"state": "served_not_charged", "charged": 0}
            calls.plant_charge(BreakClass.SERVED_NOT_CHARGED, called)
        case BreakClass.REQUEST_WITHOUT_CHARGE:
            calls.drop_charge(called)
            calls.plant_charge(BreakClass.REQUEST_WITHOUT_CHARGE, called)
        case BreakClass.FAILED_BUT_CHARGED:
            request |= {"state": "failed", "expected": None}
            calls.plant_charge(BreakClass.FAILED_BUT_CHARGED, called, charge)
        case "failed_task":
            calls.task(called, "failed")
            calls.plant_charge(BreakClass.FAILED_BUT_CHARGED, called, charge, task=True)
        case BreakClass.CHARGED_TWICE:
            calls.plant_charge(BreakClass.CHARGED_TWICE, called, charge, calls.charge_again(called))
        case BreakClass.CHARGE_DIFFERS_FROM_PRICE:
            request["expected"] += 7
            calls.plant_charge(BreakClass.CHARGE_DIFFERS_FROM_PRICE, called, charge)
        case BreakClass.UNCOLLECTED:
            for row in (request, charge):
                row |= {"charged": row["charged"] - 100, "uncollected": 100}
            calls.plant_charge(BreakClass.UNCOLLECTED, called, charge)
        case BreakClass.OUTCOME_UNKNOWN:
            calls.drop_charge(called)
            request |= {"state": "unknown", "charged": 0, "expected": None}
            calls.plant_charge(BreakClass.OUTCOME_UNKNOWN, called)
        case BreakClass.REFUND_EXCEEDS_CREDIT:
            refund = calls.refund(called, request["charged"] + 1, at=request["settled_at"] + MINUTE)
            calls.plant_charge(BreakClass.REFUND_EXCEEDS_CREDIT, called, charge, refund)
        case "task_alone":
            calls.drop_charge(called)
            calls.task(called, "succeeded")
            calls.month.requests.remove(request)
            calls.plant_charge(BreakClass.TASK_WITHOUT_REQUEST, called, task=True, request=False)
        case _:
            calls.month.requests.remove(request)
            calls.plant_charge(BreakClass.TASK_WITHOUT_REQUEST, called, charge, request=False)


# -- breaks of bills per request ---------------------------------------------------------------------------------------


def _not_billed(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.plant_bill(BreakClass.MISSING_EXTERNAL, at, ours=(called.attempt_name,))


def _not_ours(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.month.attempts.remove(called.attempt)
    calls.bill(called.billed)
    calls.plant_bill(BreakClass.MISSING_INTERNAL, at, theirs=(called.billed.reference,))


def _billed_otherwise(calls: Calls, at: int, source: str, break_class: BreakClass, **how: Any) -> None:
    called = calls.call(at, source)
    more = {name: getattr(called.billed, name) + by for name, by in how.items()}
    billed = replace(called.billed, **more)
    calls.bill(billed)
    calls.plant_bill(break_class, at, ours=(called.attempt_name,), theirs=(billed.reference,))


def _billed_though_rejected(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    calls.bill(called.billed)
    called.attempt |= {"outcome": "rejected", "cost": None, "currency": None}
    calls.plant_bill(
        BreakClass.UPSTREAM_BILLED_FAILED_CALL, at, ours=(called.attempt_name,), theirs=(called.billed.reference,)
    )


def _billed_as_failed(calls: Calls, at: int, source: str) -> None:
    called = calls.call(at, source)
    billed = replace(called.billed, failed=True)
    calls.bill(billed)
    calls.plant_bill(
        BreakClass.UPSTREAM_BILLED_FAILED_CALL, at, ours=(called.attempt_name,), theirs=(billed.reference,)
    )


def _billed_though_unknown(calls: Calls, at: int, source: str) -> None:
    """A line that is nobody's, and an attempt of that model and minute that nobody knows the outcome of."""
    called = calls.call(at, source)
    calls.bill(called.billed)
    nameless(called.attempt)
    calls.plant_bill(BreakClass.OUTCOME_UNKNOWN, at, ours=(called.attempt_name,), theirs=(called.billed.reference,))


def _in_another_currency(calls: Calls, at: int, source: str) -> None:
    """We count this upstream's costs in another currency than it bills."""
    called = calls.call(at, source)
    calls.bill(called.billed)
    called.attempt["currency"] = "CNY"
    calls.plant_bill(BreakClass.CURRENCY_MISMATCH, at, ours=(called.attempt_name,), theirs=(called.billed.reference,))


def _rounded(calls: Calls, at: int, source: str) -> None:
    """Less than a cent too much: booked per upstream and model."""
    called = calls.call(at, source)
    calls.bill(replace(called.billed, amount=called.billed.amount + 1_000))
    calls.plant_bill(
        BreakClass.ROUNDING_WITHIN_TOLERANCE, at, ours=(f"attempts:{source}:{called.attempt['model']}:{{run}}",)
    )


_DECOYS: Sequence[Scene] = (
    _failed_and_not_charged, _free_of_charge, _refunded_days_later, _failed_task_paid_back, _client_has_gone,
    _unknown_and_not_billed,
)  # fmt: skip
_CHARGES: Sequence[Scene] = tuple(
    partial(_charge_scene, what=what)
    for what in (
        BreakClass.SERVED_NOT_CHARGED, BreakClass.REQUEST_WITHOUT_CHARGE, BreakClass.FAILED_BUT_CHARGED, "failed_task",
        BreakClass.CHARGED_TWICE, BreakClass.CHARGE_DIFFERS_FROM_PRICE, BreakClass.UNCOLLECTED, BreakClass.OUTCOME_UNKNOWN,
        BreakClass.REFUND_EXCEEDS_CREDIT, "task_alone", "charge_alone",
    )
)  # fmt: skip
_BY_REQUEST: Sequence[Scene] = (
    _not_billed,
    _not_ours,
    partial(_billed_otherwise, break_class=BreakClass.AMOUNT_OVER, amount=TWO_CENTS),
    partial(_billed_otherwise, break_class=BreakClass.AMOUNT_UNDER, amount=-TWO_CENTS),
    partial(_billed_otherwise, break_class=BreakClass.UPSTREAM_USAGE_DIFFERS, output_tokens=40, amount=40 * OUTPUT),
    _billed_though_rejected,
    _billed_as_failed,
    _billed_though_unknown,
    _in_another_currency,
    _rounded,
)


def _unsigned(half: int) -> int:
    return half & (2**64 - 1)
