"""Cases for a person at the terminal: the queue, one case from what was said to what was done, and the desk's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from counterfoil.cli.output import Column, cell, fields, moment, money, table
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, Language, entry, find_entry
from counterfoil.support.desk_model import CaseSearch, CaseView
from counterfoil.support.metrics_rules import Metrics
from counterfoil.support.metrics_shown import metrics_rows
from counterfoil.support.model import Candidate, Case, CaseEvent
from counterfoil.support.replies import Answered
from counterfoil.support.replies_rules import Objection
from counterfoil.support.shown import event_json, is_late

_REASONS = (Kind.FINDING, Kind.REFUSAL, Kind.ERROR)


def queue_table(cases: Sequence[Case], language: Language, *, now: int) -> list[str]:
    rows = [
        (
            one.number, moment(one.due_at), is_late(one, now=now), label(Kind.CASE_PRIORITY, one.priority, language),
            label(Kind.CASE_STATE, one.state, language), label(Kind.PROBLEM_CLASS, one.problem, language),
            reason(one.cause, language), one.owner, one.subject,
        )
        for one in cases
    ]  # fmt: skip
    columns = ("case", "due", "late", "priority", "state", "problem", "cause", "owner", "record")
    return table(columns, rows, empty="No such cases.")


def case_lines(one: Case, language: Language, *, now: int) -> list[str]:
    """A case as it stands, and what that means."""
    state = entry(Kind.CASE_STATE, one.state)
    return [*fields(_facts(one, language, now=now)), "", state.explanation[language],
            state.next_step.what_to_change[language]]  # fmt: skip


def view_lines(view: CaseView, language: Language, *, now: int) -> list[str]:
    """A case with all that is known of it."""
    case = view.case
    facts = _facts(case, language, now=now)
    if view.search is not None and view.search.same_account is not None:
        same = label(Kind.SAME_ACCOUNT_VERDICT, view.search.same_account, language)
        facts = {"same account?": f"{same} ({view.search.same_account})", **facts}
    lines = fields(facts)
    said = {label(Kind.EVIDENCE_FIELD, name, language): value for name, value in case.values.items()}
    lines += ["", *fields(said)] if said else []
    if view.search is not None:
        lines += ["", *search_lines(view.search, case, language)]
    steps = [
        (event.event_no, moment(event.at), label(Kind.CASE_EVENT, event.kind, language), event.by, _told(event))
        for event in view.events
    ]
    lines += ["", *table((Column(name="step", right=True), "at", "what", "by", "facts"), steps)]
    for event in view.events:
        lines += _written(event)
    if view.settlements:
        done = [
            (label(Kind.CASE_RESOLUTION, one.kind, language), money(one.amount, one.currency), one.state,
             None if one.approval_id is None else show_id("approval", one.approval_id), one.proposed_by)
            for one in view.settlements
        ]  # fmt: skip
        lines += ["", *table(("settlement", Column(name="amount", right=True), "state", "approval", "by"), done)]
    if view.together:
        others = [(one.number, label(Kind.CASE_STATE, one.state, language), one.owner) for one in view.together]
        lines += ["", *table(("together with", "state", "owner"), others)]
    state = entry(Kind.CASE_STATE, case.state)
    return [*lines, "", state.explanation[language], state.next_step.what_to_change[language]]


def search_lines(search: CaseSearch, case: Case, language: Language) -> list[str]:
    """Candidates with their places, by which they are confirmed; the best one field by field; and its explanation."""
    rows = [
        (place, one.subject, one.score, moment(one.at), reason(one.cause, language), one.subject == case.subject)
        for place, one in enumerate(search.candidates, start=1)
    ]
    columns = (Column(name="place", right=True), "record", Column(name="score", right=True), "at", "cause", "confirmed")
    lines = table(columns, rows, empty="No record was found.")
    if search.candidates:
        lines += ["", *_agreement_table(_shown_first(search, case), language)]
    answer = None if search.explanation is None else search.explanation.get("answer")
    return [*lines, "", str(answer)] if answer else lines


def _shown_first(search: CaseSearch, case: Case) -> Candidate:
    """The candidate that was confirmed, else the likeliest."""
    return next((one for one in search.candidates if one.subject == case.subject), search.candidates[0])


def _agreement_table(one: Candidate, language: Language) -> list[str]:
    rows = [
        (label(Kind.EVIDENCE_FIELD, each.field, language), each.said, each.recorded,
         label(Kind.AGREEMENT, each.agreement, language))
        for each in one.fields
    ]  # fmt: skip
    return table(("field", "said", "recorded", "agreement"), rows)


def objection_table(objections: Sequence[Objection], language: Language) -> list[str]:
    rows = [(label(Kind.WORD, f"objection_{one.kind}", language), one.words) for one in objections]
    return table(("objection", "words"), rows)


def answered_lines(answered: Sequence[Answered], numbers: Mapping[str, str], language: Language) -> list[str]:
    """What became of each answer, by the name that the case was given at the terminal."""
    lines = []
    for one in answered:
        name = numbers[one.case_id.hex]
        if one.is_sent:
            lines.append(f"{name}: {label(Kind.CASE_EVENT, 'replied', language)}")
        elif one.code is not None:
            lines.append(f"{name}: {reason(one.code, language)}")
        else:
            refusal = entry(Kind.ERROR, "case_reply_objected")
            lines += [f"{name}: {refusal.label[language]}", *objection_table(one.objections, language)]
    return lines


def metrics_lines(metrics: Metrics, language: Language) -> list[str]:
    rows = [
        (name, _of(of, language), label(Kind.EVIDENCE_FIELD, field, language) if field else "", secret, value)
        for name, of, field, secret, value in metrics_rows(metrics)
    ]
    return table(("metric", "of", "field", "secret", Column(name="value", right=True)), rows)


def _of(code: str, language: Language) -> str:
    """What a number is of: a class, a desk or a cause."""
    for kind in (Kind.PROBLEM_CLASS, Kind.CASE_STATE):
        if (found := find_entry(kind, code)) is not None:
            return found.label[language]
    return reason(code, language) or ""


def label(kind: Kind, code: str, language: Language) -> str:
    """The vocabulary's word; the code where it has none."""
    found = find_entry(kind, code)
    return code if found is None else found.label[language]


def reason(code: str | None, language: Language) -> str | None:
    """A cause with its code, by which it is searched for."""
    if not code:
        return None
    words = next((found for kind in _REASONS if (found := find_entry(kind, code)) is not None), None)
    return code if words is None else f"{words.label[language]} ({code})"


def _facts(one: Case, language: Language, *, now: int) -> dict[str, object]:
    return {
        "case": one.number,
        "id": show_id("case", one.case_id),
        "problem": f"{label(Kind.PROBLEM_CLASS, one.problem, language)} ({one.problem})",
        "state": f"{label(Kind.CASE_STATE, one.state, language)} ({one.state})",
        "priority": label(Kind.CASE_PRIORITY, one.priority, language),
        "owner": one.owner,
        "due": f"{moment(one.due_at)}{', late' if is_late(one, now=now) else ''}",
        "account": None if one.account_id is None else show_id("account", one.account_id),
        "record": one.subject,
        "cause": reason(one.cause, language),
        "resolution": None if one.resolution is None else label(Kind.CASE_RESOLUTION, one.resolution, language),
        "group": None if one.group_id is None else show_id("case_group", one.group_id),
        "language": one.language,
        "came in": f"{moment(one.created_at)}, {label(Kind.CASE_CHANNEL, one.channel, language)}",
        "purged": moment(one.purged_at),
    }


def _told(event: CaseEvent) -> str:
    shown = event_json(event)["facts"]
    return " ".join(f"{name}={value}" for name, value in shown.items() if value)


def _written(event: CaseEvent) -> list[str]:
    """What was written with a step, below a line that says whether its reporter reads it."""
    if event.text is None:
        return []
    return ["", f"step {event.event_no}, {'public' if event.is_public else 'private'}:",
            *(f"  {cell(line)}" for line in event.text.splitlines())]  # fmt: skip
