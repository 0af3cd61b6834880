"""An answer of the evidence room as pages show it: the checks with their bars, what it rests on, what to do now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from counterfoil.console.lists import CHARGE_TONES, REQUEST_TONES, TASK_TONES
from counterfoil.console.places import page_of
from counterfoil.console.tables import Amount, Cell, Column, Count, Id, Instant, Link, Mark, Meter, Note, Table
from counterfoil.console.visits import Visit
from counterfoil.evidence.course import CourseStep, StepCode
from counterfoil.evidence.facts import format_millis
from counterfoil.evidence.model import About, Explanation, Fact, ShownCheck, ShownFinding
from counterfoil.foundation.ids import PREFIXES, show_id
from counterfoil.foundation.periods import Window, read_time
from counterfoil.foundation.vocabulary import Kind
from counterfoil.identity.access import Own, Staff
from counterfoil.limits.model import Unit
from counterfoil.pricing.model import PER_MILLION_KINDS
from counterfoil.spend.model import RequestState, RequestView

# Facts that the page shows in a better way, or that say which account it is about.
_NOT_LISTED = frozenset({"account", "tokens", "arithmetic", "status", "first_id"})
_IDS = {
    "request_id": "request", "task_id": "task", "submission_id": "submission", "remixed_from": "task",
    "order_id": "order", "code_id": "code", "key": "key", "group": "group",
}  # fmt: skip
_TIMES = frozenset({"window_start", "window_end"})
_GENERAL = "refused_for_its_code"
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """A step of what happened: its words, and what goes with them."""

    at: int
    tone: str
    title: str
    more: str
    amount: Amount | None
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMet:
    """A limit that stood in the way: what it is called, and what the call would have needed of it."""

    limit_id: str
    label: str
    needed: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One finding, with its records."""

    finding: ShownFinding
    rows: Table | None


def stamp(visit: Visit, explanation: Explanation) -> Mark:
    """The word that matters most: a request's or task's state, or that the answer is about no single record."""
    state = explanation.state
    if explanation.about is About.REQUEST and state is not None:
        task = next((fact for fact in explanation.facts if fact.name == "task_state"), None)
        if task is not None:
            return Mark(task.text, TASK_TONES.get(str(task.value), "quiet"))
        return Mark(visit.w.label("request_state", state), REQUEST_TONES.get(state, "quiet"))
    if explanation.about is About.CODE:
        return Mark(visit.w.word("mark_general"), "info")
    if explanation.about is About.ELSEWHERE:
        return Mark(visit.w.word("mark_elsewhere"), "info")
    return Mark(explanation.label, "info")


def charge_stamp(visit: Visit, charge_mark: str) -> Mark:
    return Mark(visit.w.label("charge_mark", charge_mark), CHARGE_TONES.get(charge_mark, "quiet"))


def checks_table(visit: Visit, explanation: Explanation) -> Table:
    """Every check in the order people check them; limits with a bar of what was used and reserved of them."""
    return Table(
        name="checks",
        caption="answer_checks",
        columns=(
            Column(code="scope"), Column(code="verdict"), Column(code="check_share"),
            Column(code="remaining", numeric=True, wide=True), Column(code="needed", numeric=True, wide=True),
            Column(code="resets_at", wide=True),
        ),
        rows=[_check_row(visit, check, explanation) for check in explanation.checks],
    )  # fmt: skip


def _check_row(visit: Visit, check: ShownCheck, explanation: Explanation) -> tuple[Cell, ...]:
    figures: dict[str, Any] = {figure.name: figure.value for figure in check.figures}
    # What the whole answer says already is not said again in a row.
    said = check.sentence if check.sentence and check.sentence != explanation.answer else ""
    verdict = Mark(check.verdict, "good" if check.passed else "bad")
    resets = figures.get("resets_at")
    return (
        Note(check.label, said), verdict, _bar(visit, check, figures), _figure(visit, check, figures.get("remaining")),
        _figure(visit, check, figures.get("needed")), Instant(read_time(resets)) if resets else None,
    )  # fmt: skip


def _bar(visit: Visit, check: ShownCheck, figures: Mapping[str, Any]) -> Cell:
    """What is used and reserved of a limit; with what the call needed, where that was too much. Of a ceiling, its amount."""
    amount, used, held = (figures.get(name) for name in ("amount", "used", "held"))
    if amount is None:
        return None
    if used is None:
        return visit.w.word("check_at_most", amount=_measure(visit, check.unit, amount))
    held = held or 0
    text = visit.w.word(
        "check_usage", used=_measure(visit, check.unit, used), held=_measure(visit, check.unit, held),
        amount=_measure(visit, check.unit, amount),
    )  # fmt: skip
    return Meter(used, held + (0 if check.passed else figures.get("needed") or 0), amount, text)


def _figure(visit: Visit, check: ShownCheck, value: int | None) -> Cell:
    if value is None:
        return None
    return Amount(value, visit.of_account.currency) if check.unit is Unit.MONEY else Count(value)


def causes(visit: Visit, explanation: Explanation) -> list[Why]:
    """The findings that say more than the answer does, each with its records."""
    found = []
    for place, finding in enumerate(explanation.findings):
        says_more = finding.code != _GENERAL and (finding.text != explanation.answer or finding.would_have)
        if says_more or finding.rows:
            found.append(Why(finding=finding, rows=_rows_table(visit, finding, place)))
    return found


def _rows_table(visit: Visit, finding: ShownFinding, place: int) -> Table | None:
    if not finding.rows:
        return None
    currency = finding.currency or visit.of_account.currency
    return Table(
        name=f"records-{place + 1}",
        caption="answer_records",
        columns=(Column(code="record"), Column(code="record_id"), Column(code="record_time"), Column(code="record_amount", numeric=True)),
        rows=[
            (
                visit.w.word(f"row_{row.kind}"), Id(row.id, page_of(visit, row.kind, row.id)), Instant(row.at),
                None if row.nanos is None else Amount(row.nanos, currency),
            )
            for row in finding.rows
        ],
    )  # fmt: skip


def facts(visit: Visit, explanation: Explanation, names: Mapping[str, str] | None = None) -> list[tuple[str, Cell]]:
    """What is on record: labels with their values. `names` are those of ids, such as a member's."""
    return [(fact.label, _fact(visit, fact, names or {})) for fact in explanation.facts if fact.name not in _NOT_LISTED]


def _fact(visit: Visit, fact: Fact, names: Mapping[str, str]) -> Cell:
    value = fact.value
    if isinstance(value, int) and fact.name.endswith("_nanos"):
        return Amount(value, visit.of_account.currency)
    if isinstance(value, str):
        if fact.name.endswith("_at") or fact.name in _TIMES:
            return Instant(read_time(value))
        if fact.name in _IDS:
            return _named_id(visit, fact, value)
        if fact.name == "member":
            return _member(visit, value, names)
        if fact.name == "price_version":
            return Id(f"{PREFIXES['price_book']}_{value}")
        if fact.name == "charge_mark":
            return charge_stamp(visit, value)
    return fact.text


def _member(visit: Visit, shown: str, names: Mapping[str, str]) -> Cell:
    may_see = visit.may(own=Own.MEMBERS_READ, staff=Staff.ACCOUNTS_READ)
    href = page_of(visit, "member", shown) if may_see else None
    return Link(names[shown], href) if href is not None and shown in names else names.get(shown) or Id(shown, href)


def _named_id(visit: Visit, fact: Fact, value: str) -> Cell:
    href = page_of(visit, _IDS[fact.name], value)
    if fact.text == value:
        return Id(value, href)
    # "laptop (key_…)": the name is what people know it by.
    name = fact.text.removesuffix(f"({value})").strip()
    return Link(name, href) if href is not None else Note(name, "")


def limits_met(visit: Visit, view: RequestView, explanation: Explanation) -> list[LimitMet]:
    """The limits that refused a request, for whoever may ask their admin to raise them."""
    if view.state != RequestState.REFUSED or visit.as_staff or visit.may(own=Own.LIMITS_WRITE):
        return []
    failed = [one for one in json.loads(view.checks).get("checks", ()) if "limit_id" in one and not one["passed"]]
    shown = [check for check in explanation.checks if not check.passed and check.unit is not None]
    found = []
    for one in failed:
        label = next((check.label for check in shown if check.code == one["code"] and _same(check, one)), "")
        if not one.get("needed") or not label:
            continue
        needed: int = one["needed"]
        found.append(
            LimitMet(
                limit_id=show_id("limit", UUID(hex=one["limit_id"])), label=label, needed=needed,
                text=_measure(visit, one.get("unit"), needed),
            )
        )  # fmt: skip
    return found


def _same(check: ShownCheck, recorded: Mapping[str, Any]) -> bool:
    window = None if recorded.get("window") is None else Window(recorded["window"])
    return check.scope == recorded["scope"] and check.unit == recorded.get("unit") and check.window == window


def _measure(visit: Visit, unit: str | None, number: int) -> str:
    if unit == Unit.MONEY:
        return visit.shown.money(number, visit.of_account.currency)
    return visit.shown.count(number)


# -- what happened ---------------------------------------------------------------------------------------------------

_STATE_KINDS = {
    StepCode.REFUSED: "refusal", StepCode.TRIED: "attempt_state", StepCode.TASK: "task_state",
    StepCode.ENDED: "request_state",
}  # fmt: skip


def course(visit: Visit, steps: Sequence[CourseStep]) -> list[ShownStep]:
    """The steps in words, each with how long after the first it was."""
    return [_step(visit, step, since=steps[0].at) for step in steps]


def _step(visit: Visit, step: CourseStep, *, since: int) -> ShownStep:
    w = visit.w
    state = w.label(_STATE_KINDS[step.code], step.state) if step.code in _STATE_KINDS else ""
    more = [state] if state and step.code is not StepCode.TASK else []
    if step.source is not None:
        more.append(w.word("told_by", source=w.label("task_source", step.source)))
    if step.duration is not None:
        more.append(visit.shown.duration(step.duration))
    return ShownStep(
        at=step.at, tone=step.tone, title=w.word(step.code, upstream=step.upstream or "", state=state),
        more=" · ".join(more), amount=None if step.nanos is None else Amount(step.nanos, visit.of_account.currency),
        after=f"+{visit.shown.duration(step.at - since)}" if step.at > since else "",
    )  # fmt: skip


# -- from the estimate to the charge ---------------------------------------------------------------------------------


def sums(visit: Visit, view: RequestView) -> list[tuple[str, Cell]]:
    """From what it could cost at most to what it has cost: words with amounts."""
    currency = view.currency

    def money(nanos: int | None, *, signed: bool = False) -> Amount:
        return Amount(nanos, currency, signed)

    rows: list[tuple[str, Cell]] = []
    if view.needed_nanos is not None:
        rows.append(("sum_estimate", money(view.needed_nanos)))
    if view.held_nanos:
        rows.append(("sum_reserved", money(view.held_nanos)))
        if view.ended_at is not None:
            rows.append(("sum_released", money(max(0, view.held_nanos - view.charged_nanos))))
    rows.append(("sum_charged", money(view.charged_nanos)))
    if view.refunded_nanos:
        rows += [
            ("sum_refunded", money(view.refunded_nanos)),
            ("sum_net", money(view.charged_nanos - view.refunded_nanos)),
        ]
    return rows


def bill(visit: Visit, view: RequestView) -> Table | None:
    """How the charge was worked out, line by line; None where nothing was measured."""
    if view.arithmetic is None:
        return None
    kept = json.loads(view.arithmetic)
    currency: str = kept["currency"]
    rows: list[tuple[Cell, ...]] = []
    for name, count, nanos_per_million in kept["lines"]:
        per_million = name in PER_MILLION_KINDS
        price = nanos_per_million if per_million else nanos_per_million // _MILLION
        rows.append(
            (
                _used(visit, name), Count(count), Amount(price, currency),
                visit.w.word("per_million" if per_million else "per_one"),
                Amount(count * nanos_per_million // _MILLION, currency),
            )
        )  # fmt: skip
    multiplier: int = kept["multiplier_millis"]
    if multiplier != 1000:
        rows.append((visit.w.word("price_tier"), None, None, f"×{format_millis(multiplier)}", None))
    return Table(
        name="arithmetic",
        caption="answer_arithmetic",
        columns=(
            Column(code="bill_what"), Column(code="bill_count", numeric=True), Column(code="bill_price", numeric=True),
            Column(code="bill_unit"), Column(code="bill_amount", numeric=True),
        ),
        rows=rows,
        totals=(visit.w.word("bill_total"), None, None, None, Amount(kept["amount_nanos"], currency)),
    )  # fmt: skip


def _used(visit: Visit, name: str) -> str:
    """A kind of use in words, with its size, resolution or tool where it has one."""
    kind, _, key = name.partition(":")
    label = visit.w.word(f"bill_{kind}")
    return f"{label} {key.replace(':', ' ')}" if key else label


def code_label(visit: Visit, code: str | None) -> str:
    """Why a request was refused or has failed, in a few words."""
    if code is None:
        return ""
    for kind in (Kind.REFUSAL, Kind.ERROR):
        found = visit.w.entry(kind, code)
        if found is not None:
            return visit.w.of(found)
    return code
