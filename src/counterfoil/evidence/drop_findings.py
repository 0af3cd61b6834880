"""What is found in a fallen balance: of the parts of its difference to usual, those that stand out, the largest first.

Pure. Amounts are nanos, times UTC microseconds. All that a finding names is the account's own: a customer may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from counterfoil.evidence.drops import (
    Category,
    Comparison,
    Largest,
    MovedRow,
    Part,
    PartKind,
    PricedUse,
    Records,
    Spent,
    TakenApart,
    part_of,
    rate_before,
    stands_out,
    take_apart,
)
from counterfoil.evidence.facts import format_millis, shown_model
from counterfoil.evidence.findings import Confidence, Finding, FindingCode, Row
from counterfoil.evidence.waterfall_steps import Movement
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.pricing.model import PER_MILLION_KINDS, UNITS_PER_MILLION

# What a part is at least of all that has grown, and of all that left the wallet, to be named; in hundredths. How much
# is used varies by itself, so its parts have to be larger.
_SHARE, _SHARE_OF_USE, _SHARE_OF_ALL = 5, 15, 2
# Reserved and disputed credit is named from a tenth of the balance on.
_TIMES_OF_HELD = 10

_USE = frozenset({PartKind.TASKS, PartKind.CALLS, PartKind.DEARER_MODEL})
_COPIES = frozenset({PartKind.DUPLICATES, PartKind.RETRIES})


class _Told(NamedTuple):
    """How a part is told: its code, the words for it, how sure it is, and the category of its charges."""

    code: FindingCode
    text: str
    confidence: Confidence = Confidence.CERTAIN
    category: Category | None = None


_TOLD: Mapping[PartKind, _Told] = {
    PartKind.DUPLICATES: _Told(FindingCode.DUPLICATE_SUBMISSIONS, "drop_duplicates", category=Category.DUPLICATE),
    PartKind.RETRIES: _Told(FindingCode.RETRY_SPIKE, "drop_retries", category=Category.RETRY),
    PartKind.TASKS: _Told(FindingCode.TASKS_SPENT, "drop_tasks", category=Category.TASK),
    PartKind.LOOPS: _Told(FindingCode.SCRIPT_LOOP, "drop_loop", Confidence.LIKELY, Category.LOOP),
    PartKind.PRICE: _Told(FindingCode.PRICE_RAISED, "drop_price"),
    PartKind.TIER: _Told(FindingCode.TIER_RAISED, "drop_tier"),
    PartKind.DEARER_MODEL: _Told(FindingCode.DEARER_MODEL, "drop_dearer", Confidence.LIKELY, Category.CALL),
    PartKind.CALLS: _Told(FindingCode.MORE_USE, "drop_more_use", Confidence.LIKELY, Category.CALL),
    PartKind.EXPIRED: _Told(FindingCode.CREDIT_EXPIRED, "drop_expired"),
    PartKind.CASH_REFUNDED: _Told(FindingCode.CASH_REFUNDED, "drop_cash"),
    PartKind.TAKEN_BACK: _Told(FindingCode.CREDIT_TAKEN_BACK, "drop_taken_back"),
    PartKind.ADJUSTED: _Told(FindingCode.BALANCE_ADJUSTED, "drop_adjusted"),
    PartKind.RETURNED: _Told(FindingCode.CHARGE_REFUNDED, "drop_returned", category=Category.RETURNED),
}


def compare(records: Records) -> Comparison:
    """The window against earlier ones, with what explains the difference."""
    apart = take_apart(records)
    parts = apart.parts
    now, usual = sum(part.now for part in parts), sum(part.usual for part in parts)
    grown = sum(part.difference for part in parts if part.difference > 0)
    notable = [part for part in parts if part.kind in _TOLD and _is_notable(part, parts, grown=grown, now=now)]
    notable.sort(key=lambda part: -part.difference)
    findings = [_finding(part, records, apart) for part in notable]
    if not findings:
        findings = [_as_usual(records, now=now, usual=usual)]
    findings += _reserved(records, grown=grown)
    return Comparison(windows=records.earlier, now=now, usual=usual, parts=parts, findings=tuple(findings))


def _is_notable(part: Part, parts: Sequence[Part], *, grown: int, now: int) -> bool:
    more = part.difference
    share = _SHARE_OF_USE if part.kind in _USE else _SHARE
    if more <= 0 or more * 100 < grown * share or more * 100 < now * _SHARE_OF_ALL:
        return False
    if part.kind in _COPIES:
        # Who has copies every day has them usually.
        return more * 4 >= part.now
    if part.kind is PartKind.DEARER_MODEL:
        calls = next((one for one in parts if one.kind is PartKind.CALLS), None)
        return calls is None or stands_out(calls.now + part.now, calls.earlier)
    return part.kind not in _USE or stands_out(part.now, part.earlier)


def _finding(part: Part, records: Records, apart: TakenApart) -> Finding:
    told = _TOLD[part.kind]
    numbers = {
        "amount_nanos": part.difference, "now_nanos": part.now, "usual_nanos": part.usual, "windows": records.earlier,
    }  # fmt: skip
    names: dict[str, str] = {}
    rows: tuple[Row, ...] = ()
    if told.category is not None:
        model = apart.dearer_model if part.kind is PartKind.DEARER_MODEL else None
        spent = [one for one in records.spent if not one.window and one.category is told.category]
        largest = [one for one in records.largest if one.category is told.category and model in (None, one.model)]
        numbers |= _course(spent if model is None else [one for one in spent if one.model == model])
        names |= _caller(largest, model=model)
        rows = tuple(_row(one) for one in largest)
    match part.kind:
        case PartKind.PRICE:
            numbers["models"] = len(apart.raised_models)
            names |= _price_names(records, apart.raised_models)
        case PartKind.TIER:
            names |= _tier_names(apart.raised_tiers)
        case PartKind.LOOPS:
            numbers["calls_most"] = records.loop_calls
        case PartKind.DEARER_MODEL:
            names |= _tier_of_model(records, apart.dearer_model)
        case PartKind.EXPIRED | PartKind.CASH_REFUNDED | PartKind.TAKEN_BACK | PartKind.ADJUSTED:
            moved = [one for one in records.rows if _part_of_row(one) is part.kind]
            numbers["movements"] = len(moved)
            rows = tuple(_moved_row(one) for one in moved)
    return Finding(
        code=told.code, confidence=told.confidence, nanos=part.difference, currency=records.currency, numbers=numbers,
        names=names, rows=rows, text=_text(told.text, records),
    )  # fmt: skip


def _text(name: str, records: Records) -> str:
    """What is told against usual needs a usual."""
    alone = {"drop_tasks": "drop_tasks_alone", "drop_more_use": "drop_use_alone"}
    return name if records.earlier else alone.get(name, name)


def _course(spent: Iterable[Spent]) -> dict[str, int]:
    """How many charges there were, and from when to when."""
    rows = list(spent)
    numbers = {
        "charges": sum(one.charges for one in rows),
        "retries_most": max((r.most_retries for r in rows), default=0),
    }
    times = [at for one in rows for at in (one.first_at, one.last_at) if at is not None]
    return numbers | ({"first_at": min(times), "last_at": max(times)} if times else {})


def _caller(largest: Sequence[Largest], *, model: str | None) -> dict[str, str]:
    """The model, key and client of the largest charge."""
    names = {"model": shown_model(model) or "-", "key": "-", "client": "-"}
    if largest:
        first = largest[0]
        names |= {
            "model": shown_model(first.model) or "-", "key": first.key_mask or "-", "client": shown_model(first.client) or "-",
        }  # fmt: skip
    return names


def _row(one: Largest) -> Row:
    kind = "task" if one.is_task else "request"
    return Row(kind=kind, id=show_id(kind, one.request_id), at=one.at, nanos=one.nanos)


def _part_of_row(row: MovedRow) -> PartKind | None:
    return part_of(Movement(row.code, row.cause_kind, row.debit, row.credit, row.nanos, 1))


def _moved_row(row: MovedRow) -> Row:
    """Credit by its grant, which says where it came from; anything else by its transfer."""
    if row.grant_id is not None and _part_of_row(row) in (PartKind.EXPIRED, PartKind.TAKEN_BACK):
        return Row(kind="grant", id=show_id("grant", row.grant_id), at=row.at, nanos=row.nanos)
    return Row(kind="transfer", id=show_id("transfer", row.transfer_id), at=row.at, nanos=row.nanos)


def _price_names(records: Records, raised: Mapping[str, int]) -> dict[str, str]:
    """The model whose price has added most, and its rate that has, before and now."""
    model = next(iter(raised), None)

    def added(use: PricedUse) -> int:
        before = rate_before(records, use)
        return 0 if before is None else use.units * (use.rate - before)

    uses = [use for use in records.priced if use.model == model]
    if model is None or not uses:
        return {"model": "-", "kind": "-", "rate_before": "-", "rate_now": "-"}
    use = max(uses, key=added)
    before = rate_before(records, use)
    return {
        "model": shown_model(model) or "-",
        "kind": use.name,
        "rate_before": "-" if before is None else _shown_rate(use.name, before),
        "rate_now": _shown_rate(use.name, use.rate),
    }


def _shown_rate(name: str, rate: int) -> str:
    """A rate in any language: of a million tokens or characters, or of one of anything else."""
    if name.partition(":")[0] in PER_MILLION_KINDS:
        return f"{format_nanos(rate)} / 1M"
    return format_nanos(rate // UNITS_PER_MILLION)


def _tier_of_model(records: Records, model: str | None) -> dict[str, str]:
    tiers = [one.model_tier for one in records.spent if one.model == model and one.model_tier is not None]
    return {"model_tier": tiers[-1]} if tiers else {}


def _tier_names(raised: Mapping[tuple[int, int], int]) -> dict[str, str]:
    before, now = next(iter(raised), (1000, 1000))
    return {"tier_before": f"×{format_millis(before)}", "tier_now": f"×{format_millis(now)}"}


def _as_usual(records: Records, *, now: int, usual: int) -> Finding:
    """Nothing stands out."""
    numbers = {"now_nanos": now, "usual_nanos": usual, "windows": records.earlier}
    text = "drop_as_usual" if records.earlier else "drop_nothing"
    return Finding(
        code=FindingCode.USE_AS_USUAL, confidence=Confidence.LIKELY, nanos=now, currency=records.currency,
        numbers=numbers, text=text,
    )  # fmt: skip


def _reserved(records: Records, *, grown: int) -> list[Finding]:
    """What has not left the wallet and cannot be spent all the same, where it is more than what has left it."""
    found = []
    for code, text, nanos in (
        (FindingCode.HELD_IN_FLIGHT, "drop_held", records.held),
        (FindingCode.CREDIT_FROZEN, "drop_frozen", records.frozen),
    ):
        if records.posted is not None and nanos > grown and nanos * _TIMES_OF_HELD >= records.posted:
            numbers = {"amount_nanos": nanos, "posted_nanos": records.posted}
            found.append(Finding(code=code, nanos=nanos, currency=records.currency, numbers=numbers, text=text))
    return found
