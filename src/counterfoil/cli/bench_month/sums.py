"""OpenAI's bill of a month: usage by the hour, costs by the day, each per model; and the breaks of such sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from counterfoil.cli.bench_month.calls import KEYS, MODELS, OPENAI, OUTPUT, TWO_CENTS, Calls, nameless
from counterfoil.cli.bench_month.model import CENT, DAY, HOUR, MINUTE, Billed
from counterfoil.reconcile.model import BreakClass

_SUMS = (
    BreakClass.AMOUNT_OVER, BreakClass.AMOUNT_UNDER, BreakClass.ROUNDING_WITHIN_TOLERANCE, BreakClass.CURRENCY_MISMATCH,
    BreakClass.MISSING_EXTERNAL, BreakClass.MISSING_INTERNAL, BreakClass.UPSTREAM_USAGE_DIFFERS,
    BreakClass.OUTCOME_UNKNOWN, BreakClass.UPSTREAM_BILLED_FAILED_CALL,
)  # fmt: skip


@dataclass(slots=True)
class _Bucket:
    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def add(self, billed: Billed) -> None:
        self.requests += billed.requests
        self.input_tokens += billed.input_tokens
        self.cached_tokens += billed.cached_tokens
        self.output_tokens += billed.output_tokens


def bill_sums(calls: Calls, times: int) -> None:
    """OpenAI's usage by the hour and its costs by the day. Every day of a model has one break at most."""
    month = calls.month
    places = [(day, model) for day in range(month.days) for model in MODELS[OPENAI]]
    month.random.shuffle(places)
    faults = dict(zip(places, [each for each in _SUMS for _ in range(times)], strict=False))
    by_day: dict[tuple[int, str], list[Billed]] = defaultdict(list)
    for billed in calls.served:
        by_day[(billed.starts_at - month.start_of(0)) // DAY, billed.model].append(billed)
    for place in sorted(by_day):
        _bill_day(calls, place[0], place[1], by_day[place], faults.get(place))


def _bill_day(calls: Calls, day: int, model: str, served: list[Billed], fault: BreakClass | None) -> None:
    month, begins = calls.month, calls.month.start_of(day)
    usage = defaultdict[tuple[int, str], _Bucket](_Bucket)
    for billed in served:
        usage[billed.starts_at - billed.starts_at % HOUR, billed.key].add(billed)
    hour, key = sorted(usage)[0]
    wrong: tuple[int, BreakClass] | None = None
    extra = 0
    if fault is BreakClass.UPSTREAM_USAGE_DIFFERS:
        usage[hour, key].output_tokens += 25
        wrong = hour, fault
    if fault in (BreakClass.OUTCOME_UNKNOWN, BreakClass.UPSTREAM_BILLED_FAILED_CALL):
        extra = _serve_unseen(calls, hour, model, usage[hour, key], is_unknown=fault is BreakClass.OUTCOME_UNKNOWN)
        wrong = hour, fault
    lines = [_usage_line(model, at, name, bucket) for (at, name), bucket in sorted(usage.items())]
    if wrong is not None:
        calls.plant_bill(
            wrong[1], wrong[0], ours=(f"attempts:{OPENAI}:usage:{model}:{wrong[0]}:60m",),
            theirs=[line.reference for line in lines if line.starts_at == wrong[0]],
        )  # fmt: skip
    costs = _cost_lines(begins, model, served, extra, fault)
    month.billed += [*lines, *costs]
    _plant_cost(calls, begins, model, costs, fault)


def _serve_unseen(calls: Calls, hour: int, model: str, bucket: _Bucket, *, is_unknown: bool) -> int:
    """A call that OpenAI has served and bills, and that we know no end of, or a bad one; gives what it costs."""
    called = calls.call(hour + 20 * MINUTE, OPENAI, model=model)
    nameless(called.attempt)
    if not is_unknown:
        called.attempt["outcome"] = "rejected"
    bucket.add(called.billed)
    return called.billed.amount


def _usage_line(model: str, at: int, key: str, bucket: _Bucket) -> Billed:
    return Billed(
        source=OPENAI, kind="usage", starts_at=at, ends_at=at + HOUR, model=f"{model}-2025-08-07", key=key,
        requests=bucket.requests, input_tokens=bucket.input_tokens, cached_tokens=bucket.cached_tokens,
        output_tokens=bucket.output_tokens,
    )  # fmt: skip


def _cost_lines(
    begins: int, model: str, served: Sequence[Billed], extra: int, fault: BreakClass | None
) -> list[Billed]:
    if fault is BreakClass.MISSING_EXTERNAL:
        return []
    cost = sum(billed.amount for billed in served) + extra
    cost += {BreakClass.AMOUNT_OVER: 60 * CENT, BreakClass.AMOUNT_UNDER: -TWO_CENTS,
             BreakClass.ROUNDING_WITHIN_TOLERANCE: CENT // 2}.get(fault, 0) if fault is not None else 0  # fmt: skip
    output = sum(billed.output_tokens for billed in served) * OUTPUT
    currency = "EUR" if fault is BreakClass.CURRENCY_MISMATCH else "USD"
    # What was billed too much at first and taken back stands here as a line of its own.
    parts = {"input": cost - output + CENT, "output": output, "correction": -CENT}
    return [
        Billed(
            source=OPENAI, kind="cost", starts_at=begins, ends_at=begins + DAY, model=f"{model}-2025-08-07",
            key=KEYS[0], line_item=f"{model}-2025-08-07, {name}", amount=amount, currency=currency,
        )
        for name, amount in parts.items()
    ]  # fmt: skip


def _plant_cost(calls: Calls, begins: int, model: str, costs: Sequence[Billed], fault: BreakClass | None) -> None:
    known = {
        BreakClass.OUTCOME_UNKNOWN: BreakClass.OUTCOME_UNKNOWN,
        BreakClass.UPSTREAM_BILLED_FAILED_CALL: BreakClass.AMOUNT_OVER,
        BreakClass.UPSTREAM_USAGE_DIFFERS: None,
        BreakClass.MISSING_INTERNAL: None,
    }
    break_class = known.get(fault, fault) if fault is not None else None
    if fault is BreakClass.MISSING_INTERNAL:
        # A model that we have never called.
        stranger = replace(costs[0], model=f"{model}-pro", line_item=f"{model}-pro, input")
        calls.month.billed.append(stranger)
        calls.plant_bill(BreakClass.MISSING_INTERNAL, begins, theirs=(stranger.reference,))
    if break_class is not None:
        calls.plant_bill(
            break_class, begins, ours=(f"attempts:{OPENAI}:cost:{model}:{begins}:1440m",),
            theirs=[line.reference for line in costs],
        )  # fmt: skip
