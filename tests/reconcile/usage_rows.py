"""Rows of requests, tasks, charges and attempts, and Hypothesis' of them: small numbers, so that they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

ACCOUNT = "0" * 31 + "1"
DAY = 1_789_948_800_000_000
MINUTE = 60_000_000


def request(number: int, **fields: Any) -> dict[str, Any]:
    """A served request that costs 100 and was charged 100, unless told otherwise."""
    row: dict[str, Any] = {
        "request_high": number,
        "request_low": -number,
        "account_id": ACCOUNT,
        "group_id": None,
        "key_id": ACCOUNT,
        "endpoint": "chat_completions",
        "model": "small",
        "currency": "USD",
        "state": "served",
        "charge_mark": "charged",
        "received_at": DAY,
        "settled_at": DAY + number,
        "held": 500,
        "charged": 100,
        "uncollected": 0,
        "expected": 100,
    }
    return {**row, **fields}


def task(number: int, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "task_high": number,
        "task_low": -number,
        "account_id": ACCOUNT,
        "kind": "video",
        "model": "small",
        "upstream": "up",
        "state": "succeeded",
        "settled_at": DAY + number,
    }
    return {**row, **fields}


def charge(number: int, **fields: Any) -> dict[str, Any]:
    """What the ledger moved for the request of that number, at the moment at which its hold ended."""
    at = fields.get("at", DAY + number)
    row: dict[str, Any] = {
        "request_high": number,
        "request_low": -number,
        "account_id": ACCOUNT,
        "currency": "USD",
        "at": at,
        "operations": 1,
        "charged": 100,
        "uncollected": 0,
        "refunded": 0,
        "charged_ever": None,
        "refunded_ever": None,
    }
    return {**row, **fields}


def refund(number: int, amount: int = 100, *, of: int = 100, **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "at": DAY + number + MINUTE,
        "operations": 0,
        "charged": 0,
        "refunded": amount,
        "charged_ever": of,
        "refunded_ever": amount,
    }
    return charge(number, **{**given, **fields})


_amounts = st.sampled_from((0, 70, 100))
_states = st.sampled_from(
    ("served", "client_gone", "failed", "refused", "unknown", "served_not_charged", "repeated", "held")
)


@st.composite
def charge_books(draw: st.DrawFn) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Requests, tasks and charges of a few dozen ids: some right, some not."""
    requests, tasks, charges = [], [], []
    for number in range(1, draw(st.integers(1, 40))):
        if draw(st.booleans()):
            # Mostly right, so that what is wrong stands beside what is right.
            requests.append(request(number))
            charges.append(charge(number))
        else:
            if draw(st.booleans()):
                requests.append(
                    request(
                        number,
                        state=draw(_states),
                        charged=draw(_amounts),
                        uncollected=draw(_amounts),
                        expected=draw(st.none() | _amounts),
                    )
                )
            for at in draw(st.sets(st.sampled_from((DAY + number, DAY + number + 1, DAY + 900)), max_size=3)):
                if draw(st.booleans()):
                    of, ever = draw(_amounts), draw(_amounts)
                    charges.append(refund(number, draw(_amounts), of=of, refunded_ever=ever, at=at))
                else:
                    charges.append(
                        charge(
                            number,
                            at=at,
                            operations=draw(st.integers(1, 2)),
                            charged=draw(_amounts),
                            uncollected=draw(_amounts),
                        )
                    )
        if draw(st.booleans()):
            state = draw(st.sampled_from(("succeeded", "failed", "cancelled", "expired", "unknown")))
            tasks.append(task(number, state=state))
    return {
        "requests": draw(st.permutations(requests)),
        "tasks": draw(st.permutations(tasks)),
        "charges": draw(st.permutations(charges)),
    }


def attempt(number: int, **fields: Any) -> dict[str, Any]:
    """A call that succeeded at the upstream `ids`, which bills by the call, and costs 1000 nanos."""
    row: dict[str, Any] = {
        "request_high": number,
        "request_low": -number,
        "number": 1,
        "account_id": ACCOUNT,
        "upstream": "ids",
        "model": "small",
        "started_at": DAY + number * MINUTE,
        "ended_at": DAY + number * MINUTE + 9,
        "outcome": "succeeded",
        "response_id": f"gen-{number}",
        "input_tokens": 10,
        "cached_tokens": 0,
        "cache_write_tokens": 0,
        "output_tokens": 5,
        "cost": 1000,
        "currency": "USD",
    }
    return {**row, **fields}


def line(number: int, **fields: Any) -> dict[str, Any]:
    """What the upstream `ids` bills for that call."""
    at = fields.get("starts_at", DAY + number * MINUTE)
    row: dict[str, Any] = {
        "line_id": f"l{number}",
        "source": "ids",
        "importer": "test",
        "number": number,
        "kind": "cost",
        "starts_at": at,
        "ends_at": at,
        "upstream_id": f"gen-{number}",
        "model": "maker/small-20260101",
        "key_name": None,
        "requests": None,
        "input_tokens": 10,
        "cached_tokens": None,
        "cache_write_tokens": None,
        "output_tokens": 5,
        "failed": False,
        "amount": 1000,
        "currency": "USD",
    }
    return {**row, **fields}


def bucket(number: int, hours: int = 1, **fields: Any) -> dict[str, Any]:
    """What the upstream `sums` bills for an hour, or for some of them."""
    start = DAY + 3600 * 1_000_000 * fields.pop("hour", 0)
    row = {
        "source": "sums",
        "upstream_id": None,
        "starts_at": start,
        "ends_at": start + hours * 3600 * 1_000_000,
        "input_tokens": None,
        "output_tokens": None,
    }
    return line(number, **{**row, **fields})


_costs = st.sampled_from((None, 0, 1000, 1004, 5000))
_counts = st.sampled_from((None, 0, 10, 12))
_outcomes = st.sampled_from(("succeeded", "succeeded", "rejected", "cut", "unknown", "not_connected"))
_sources = st.sampled_from(("ids", "sums", "silent"))


@st.composite
def upstream_books(draw: st.DrawFn) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Attempts at three upstreams, and lines of two of them: some right, some not."""
    attempts, lines = [], []
    for number in range(1, draw(st.integers(2, 25))):
        if draw(st.integers(0, 2)) == 0:
            attempts.append(attempt(number))
            lines.append(line(number))
            continue
        source = draw(_sources)
        named = f"gen-{draw(st.integers(1, 4))}"
        attempts.append(
            attempt(
                number,
                upstream=source,
                outcome=draw(_outcomes),
                cost=draw(_costs),
                response_id=draw(st.sampled_from((None, named, f"gen-{number}"))),
                input_tokens=draw(_counts),
                model=draw(st.sampled_from(("small", "large"))),
                currency=draw(st.sampled_from(("USD", "USD", "EUR"))),
            )
        )
        if draw(st.booleans()):
            lines.append(
                line(
                    number,
                    upstream_id=draw(st.sampled_from((named, f"gen-{number}", f"gen-{number}"))),
                    kind=draw(st.sampled_from(("cost", "cost", "usage"))),
                    amount=draw(_costs.filter(lambda n: n is not None)),
                    input_tokens=draw(_counts),
                    failed=draw(st.booleans()),
                    model=draw(st.sampled_from(("small", "large", ""))),
                )
            )
        if draw(st.booleans()):
            lines.append(
                bucket(
                    number + 100,
                    hours=draw(st.sampled_from((1, 24))),
                    hour=draw(st.integers(0, 1)) * 24,
                    kind=draw(st.sampled_from(("cost", "usage"))),
                    amount=draw(st.sampled_from((0, 1000, 2000, 5000))),
                    input_tokens=draw(_counts),
                    output_tokens=draw(st.none() | st.just(5)),
                    requests=draw(st.none() | st.integers(0, 3)),
                    model=draw(st.sampled_from(("small", "large", None))),
                    source=draw(st.sampled_from(("sums", "sums", "ids"))),
                )
            )
    return {"attempts": draw(st.permutations(attempts)), "upstream_lines": draw(st.permutations(lines))}


def together(books: Sequence[Mapping[str, Sequence[Mapping[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
    """Books as one, in which they have nothing to do with each other: ids, sources and lines are each book's own."""
    found: dict[str, list[dict[str, Any]]] = {}
    for place, book in enumerate(books):
        for table, rows in book.items():
            found.setdefault(table, []).extend(_moved(row, place) for row in rows)
    return found


def _moved(row: Mapping[str, Any], place: int) -> dict[str, Any]:
    moved = dict(row)
    for name in ("request_high", "task_high"):
        if name in row:
            moved[name] = row[name] + 1_000 * place
    for name in ("upstream", "source", "line_id"):
        if row.get(name) is not None:
            moved[name] = f"{row[name]}-{place}"
    return moved
