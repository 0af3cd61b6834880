"""One case: same account?, what was said, the records that it may be about, why, what was done, and the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from counterfoil.console import answers
from counterfoil.console.desk import account_links, choices, saw
from counterfoil.console.pages.cases import (
    CASES,
    case_address,
    case_mark,
    cases_table,
    cause_label,
    due_mark,
    priority_mark,
)
from counterfoil.console.pages.cases_steps import CHECKED, events_of
from counterfoil.console.pages.requests import bundle_links
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Link, Mark, Note, Share, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.same_account import SameAccountAnswer
from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, text
from counterfoil.identity.access import Staff
from counterfoil.recharge.model import OrderState
from counterfoil.support.desk_model import CaseSettlement, CaseView, SettlementKind, SettlementState
from counterfoil.support.diagnosis import claims_of
from counterfoil.support.model import Candidate, Case, CaseEventKind, CaseState, Priority, Resolution
from counterfoil.support.rules import BY_MONEY, HANDED_OVER, OVER

pages = Pages()
# Each has a digit of the keyboard.
_CANDIDATES_MAX = 9
_AGREEMENT_TONES = {"exact": "good", "close": "info", "different": "bad", "unknown": "quiet"}
_VERDICT_TONES = {"same": "good", "different": "bad", "unknown": "warn"}
_SETTLEMENT_TONES = {SettlementState.PROPOSED: "warn", SettlementState.DONE: "good", SettlementState.REJECTED: "bad"}
# Answers that are written in a few sentences of their own, beside the draft from the records.
_SNIPPETS = ("key_rotation", "works_as_intended", "looking_into")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]{8,15}Z")
# What a hand-over can take along as a signed bundle.
_BUNDLED = frozenset({"request", "task", "submission", "order", "code"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Why it is so, as the console shows it on pages of an account: the answer, and what it rests on."""

    explanation: Explanation
    stamp: Mark
    why: list[answers.Why]
    facts: list[tuple[str, Cell]]
    bundles: list[tuple[str, str]]


@pages.get("/cases/{case_id}", need=CASES)
async def case_page(visit: Visit) -> View:
    case_id = visit.id_in_path("case", "case_id")
    view = await visit.services.cases.view(case_id, principal=visit.principal)
    case, found = view.case, _candidates(view)
    place = _explained_place(visit, case, found)
    told = await _told(visit, view, None if place is None else found[place])
    await _seen(visit, case, None if place is None else found[place])
    owners = (case.account_id, *(one.account_id for one in found))
    links = await account_links(visit, owners, "/timeline")
    is_open = case.state not in OVER and case.purged_at is None
    return View(
        template="cases_page.html",
        title="page_case",
        title_values={"number": case.number, "what": visit.w.label("problem_class", case.problem)},
        values={
            "case": case,
            "address": case_address(visit, case_id),
            "marks": [case_mark(visit, case.state), due_mark(visit, case), priority_mark(visit, case.priority)],
            "facts": _facts(visit, case, links),
            "said": _said(visit, case),
            "verdict": await _verdict(visit, view, found),
            "candidates": [_candidate(visit, view, one, at, links, place) for at, one in enumerate(found)],
            "told": told,
            "events": events_of(visit, view),
            "is_open": is_open,
            "is_handed_over": case.state in HANDED_OVER,
            "reply": await _reply(visit, case) if is_open else None,
            "asking": _asking(visit, case) if is_open else None,
            "handing": _handing(visit, case) if is_open else None,
            "settling": await _settling(visit, case, told) if is_open and visit.may(staff=Staff.PROPOSE) else None,
            "resolving": _resolving(visit, view) if is_open else [],
            "waiting": [_waiting(visit, one) for one in view.settlements if one.state is SettlementState.PROPOSED],
            "may_reopen": case.state in OVER and case.purged_at is None,
            "may_close": case.state is not CaseState.CLOSED and case.purged_at is None,
            "may_purge": case.state is CaseState.CLOSED and case.purged_at is None and visit.may(staff=Staff.PEOPLE_WRITE),
            "priorities": choices(visit, "case_priority", Priority),
            "together": [show_id("case", one.case_id) for one in (case, *view.together) if one.state not in OVER],
        },
        tables=(
            _settlements_table(visit, view.settlements),
            await cases_table(visit, view.together, name="together", caption="cases_together", empty="cases_alone"),
        ),
    )  # fmt: skip


async def _seen(visit: Visit, case: Case, shown: Candidate | None) -> None:
    """Whoever opens a case sees what is on record of its account, and of that whose record is explained."""
    for account_id in dict.fromkeys((case.account_id, None if shown is None else shown.account_id)):
        await saw(visit, account_id, "case_page")


def _facts(visit: Visit, case: Case, links: Mapping[UUID, Link]) -> list[tuple[str, Cell]]:
    facts: list[tuple[str, Cell]] = [
        ("case_account", None if case.account_id is None else links[case.account_id]),
        ("case_record", _record(visit, case.subject)),
        ("case_cause", cause_label(visit, case.cause) or None),
        ("case_owner", case.owner or Mark(visit.w.word("case_nobody"), "quiet")),
        ("case_came", Note(visit.shown.time(case.created_at), visit.w.label("case_channel", case.channel))),
        ("case_language", visit.w.word(f"case_language_{case.language.value}")),
        ("case_id", Id(show_id("case", case.case_id))),
    ]
    if case.resolution is not None:
        facts.insert(0, ("case_resolution", Mark(visit.w.label("case_resolution", case.resolution), "good")))
    return facts


def _record(visit: Visit, subject: str | None) -> Cell:
    """A record by its id, leading to its page; an account's window has the times after the id."""
    if subject is None:
        return None
    shown = subject.split(" ")[0]
    return Id(shown, with_query(visit.staff_link("/go"), {"q": shown}))


def _said(visit: Visit, case: Case) -> list[tuple[str, str, str]]:
    """What the reporter said, in the order in which its class asks for it."""
    order = {code: place for place, code in enumerate(FIELDS_OF_PROBLEM[case.problem])}
    return [
        (visit.w.label("evidence_field", code), value, visit.w.explanation("evidence_field", code))
        for code, value in sorted(case.values.items(), key=lambda one: order.get(one[0], len(order)))
        if value
    ]


# -- same account? -----------------------------------------------------------------------------------------------------


async def _verdict(visit: Visit, view: CaseView, found: Sequence[Candidate]) -> dict[str, object] | None:
    """Whether what was named belongs to one account, and what leads where; None where there is nothing to compare."""
    rejected = _rejected(view)
    kept = sorted(
        (one for one in found if one.subject not in rejected), key=lambda one: one.subject != view.case.subject
    )
    given = claims_of(view.case.values, kept)
    if len(given) < 2:
        return None
    try:
        answer = await visit.services.same_account.check(given, language=visit.language)
    except Unavailable:
        raise
    except CounterfoilError:
        return None
    return {
        "tone": _VERDICT_TONES[answer.verdict], "label": answer.label, "answer": answer.answer, "details": answer.details,
        "next": answer.next_steps, "claims": await _claims(visit, answer),
    }  # fmt: skip


async def _claims(visit: Visit, answer: SameAccountAnswer) -> list[dict[str, object]]:
    links = await account_links(visit, (one for claim in answer.claims for one, _ in claim.accounts), "/timeline")
    return [
        {
            "label": claim.label, "given": claim.given, "differs": claim.differs,
            "accounts": [links[one] for one, _ in claim.accounts],
        }
        for claim in answer.claims
    ]  # fmt: skip


# -- candidates and why ------------------------------------------------------------------------------------------------


def _candidates(view: CaseView) -> tuple[Candidate, ...]:
    return () if view.search is None else view.search.candidates[:_CANDIDATES_MAX]


def _rejected(view: CaseView) -> set[str]:
    """The records of which somebody has said that it is not about them, and nobody that it is after all."""
    rejected: set[str] = set()
    for event in view.events:
        if event.kind is CaseEventKind.RECORD_REJECTED:
            rejected.add(event.facts["subject"])
        elif event.kind is CaseEventKind.RECORD_CONFIRMED:
            rejected.discard(event.facts["subject"])
    return rejected


def _explained_place(visit: Visit, case: Case, found: Sequence[Candidate]) -> int | None:
    """Which candidate is explained: the one that was asked for, the confirmed one, or the likeliest."""
    asked = visit.asked("look")
    if asked.isascii() and asked.isdigit() and 1 <= int(asked[:3]) <= len(found):
        return int(asked[:3]) - 1
    confirmed = next((place for place, one in enumerate(found) if one.subject == case.subject), None)
    if confirmed is not None:
        return confirmed
    return 0 if found and case.subject is None else None


def _candidate(
    visit: Visit, view: CaseView, one: Candidate, place: int, links: Mapping[UUID, Link], explained: int | None
) -> dict[str, object]:
    return {
        "key": str(place + 1),
        "subject": one.subject,
        "kind": visit.w.word(f"case_record_{one.kind}"),
        "id": _record(visit, one.subject),
        "account": None if one.account_id is None else links[one.account_id],
        "at": one.at,
        "score": Share(one.score, 1_000),
        "cause": cause_label(visit, one.cause),
        "is_confirmed": one.subject == view.case.subject,
        "is_rejected": one.subject in _rejected(view),
        "is_explained": place == explained,
        "look": with_query(case_address(visit, view.case.case_id), {"look": place + 1}) + "#why",
        "fields": [
            (
                visit.w.label("evidence_field", each.field), each.said, _recorded(visit, each.recorded),
                Mark(visit.w.label("agreement", each.agreement), _AGREEMENT_TONES[each.agreement], visit.w.explanation("agreement", each.agreement)),
            )
            for each in one.fields
        ],
    }  # fmt: skip


def _recorded(visit: Visit, value: str) -> Cell:
    """What is on record; a time as the reader's zone has it."""
    if _TIME.fullmatch(value) is None:
        return value or None
    return Instant(read_time(value))


async def _told(visit: Visit, view: CaseView, shown: Candidate | None) -> Told | None:
    """The explanation of a candidate; without one, of the confirmed record or of what the case's error text says."""
    if shown is not None:
        subject, account_id = shown.subject, shown.account_id
    else:
        stored = None if view.search is None else view.search.explanation
        known = view.case.subject or (None if stored is None else stored.get("subject"))
        if not isinstance(known, str):
            return None
        subject, account_id = known, view.case.account_id
    try:
        explanation = await visit.services.evidence.explain(
            subject, language=visit.language, audience=Audience.OPERATOR, account_id=account_id
        )
    except Unavailable:
        raise
    except CounterfoilError:
        return None
    stamp = answers.stamp(visit, explanation)
    owner = explanation.account_id or account_id
    if owner is None:
        return Told(explanation=explanation, stamp=stamp, why=[], facts=[], bundles=[])
    # The words and addresses of the account's own pages.
    there = replace(visit, account=await visit.services.ledger.account(owner), as_staff=True)
    return Told(
        explanation=explanation,
        stamp=stamp,
        why=answers.causes(there, explanation),
        facts=answers.facts(there, explanation),
        bundles=bundle_links(there, explanation.subject) if read_any_id(explanation.subject) else [],
    )


# -- the answer --------------------------------------------------------------------------------------------------------


async def _reply(visit: Visit, case: Case) -> dict[str, object]:
    """The draft (or what was typed), what the check objects to in it, and the facts that may be said."""
    replies, typed = visit.services.replies, visit.typed("reply_text")
    facts = await replies.facts(case.case_id, principal=visit.principal)
    objections = None
    if typed:
        try:
            objections = await replies.check(case.case_id, typed, principal=visit.principal)
        except InputError:
            objections = ()
    return {
        "draft": typed or await _draft(visit, case, facts),
        # What was checked as it stands; None where nothing was typed yet.
        "objections": None if objections is None else [
            (visit.w.word(f"objection_{one.kind.value}"), one.words, visit.w.hint(f"objection_{one.kind.value}"))
            for one in objections
        ],
        "facts": sorted(facts.items()),
        "is_of_record": case.subject is not None,
        "snippets": [
            (visit.w.word(f"case_draft_{one}"), visit.here(snippet=one, look=None) + "#reply", visit.asked("snippet") == one)
            for one in _SNIPPETS
        ],
    }  # fmt: skip


async def _draft(visit: Visit, case: Case, facts: Mapping[str, str]) -> str:
    snippet = visit.asked("snippet")
    if snippet in _SNIPPETS:
        greeting, said, closing = (
            text(Kind.WORD, code, case.language, case=case.number)
            for code in ("case_reply_greeting", f"case_snippet_{snippet}", "case_reply_closing")
        )
        return "\n\n".join(one for one in (greeting, said, facts.get("answer"), closing) if one)
    return await visit.services.replies.draft(case.case_id, principal=visit.principal)


def _asking(visit: Visit, case: Case) -> list[tuple[str, str, str]]:
    """The fields that the reporter can be asked for: those of the class that were not given, then the given ones."""
    codes = sorted(FIELDS_OF_PROBLEM[case.problem], key=lambda code: bool(case.values.get(code)))
    return [(code, visit.w.label("evidence_field", code), case.values.get(code, "")) for code in codes]


def _handing(visit: Visit, case: Case) -> dict[str, object]:
    """To whom a case can be handed, what can have been checked, and the bundle that goes along."""
    shown = None if case.subject is None else read_any_id(case.subject.split(" ")[0])
    tomorrow = visit.shown.time(visit.now + 86_400_000_000)
    return {
        "to": choices(visit, "case_state", sorted(HANDED_OVER - {case.state})),
        "checked": [(code, visit.w.word(f"case_checked_{code}")) for code in CHECKED],
        "bundle": case.subject if shown is not None and shown[0] in _BUNDLED else None,
        "until": tomorrow[:16].replace(" ", "T"),
    }


# -- settling ----------------------------------------------------------------------------------------------------------


async def _settling(visit: Visit, case: Case, told: Told | None) -> dict[str, object]:
    """What can be proposed. Where nobody has said which account it is, money has nowhere to go yet."""
    if case.account_id is None:
        return {"account": None}
    account = await visit.services.ledger.account(case.account_id)
    shown = None if case.subject is None else read_any_id(case.subject.split(" ")[0])
    kind = None if shown is None else shown[0]
    likely = {"request": "refund", "task": "refund", "order": "credit_again"}.get(kind or "", "compensation")
    state = None if told is None else told.explanation.state
    if kind == "order" and state in tuple(OrderState) and OrderState(state).is_credited:
        likely = "refund"
    return {
        "account": account.name,
        "currency": account.currency,
        "kinds": choices(visit, "case_resolution", SettlementKind),
        "likely": likely,
        "is_order": kind == "order",
    }


def _resolving(visit: Visit, view: CaseView) -> list[tuple[str, str, str]]:
    """How a case can be called settled: with money only what an approval has moved."""
    done = {Resolution(one.kind.value) for one in view.settlements if one.state is SettlementState.DONE}
    return [
        (one.value, visit.w.label("case_resolution", one), visit.w.explanation("case_resolution", one))
        for one in Resolution
        if one not in BY_MONEY or one in done
    ]


def _waiting(visit: Visit, one: CaseSettlement) -> dict[str, object]:
    assert one.approval_id is not None
    return {
        "text": visit.w.word(
            "case_settlement_waits", what=visit.w.label("case_resolution", one.kind),
            amount=visit.shown.money(one.amount, one.currency), by=one.proposed_by,
        ),
        "href": visit.staff_link(f"/approvals/{show_id('approval', one.approval_id)}"),
    }  # fmt: skip


def _settlements_table(visit: Visit, settlements: Sequence[CaseSettlement]) -> Table:
    return Table(
        name="settlements",
        caption="case_settlements",
        columns=(
            Column(code="case_settlement"), Column(code="case_amount", numeric=True), Column(code="case_settlement_state"),
            Column(code="case_proposed_by", wide=True), Column(code="case_proposed_at", wide=True),
            Column(code="case_approval"),
        ),
        rows=[
            (
                visit.w.label("case_resolution", one.kind), Amount(one.amount, one.currency),
                Mark(visit.w.label("approval_state", _as_approval(one.state)), _SETTLEMENT_TONES[one.state]),
                one.proposed_by, Instant(one.proposed_at), _approval(visit, one.approval_id),
            )
            for one in settlements
        ],
    )  # fmt: skip


def _as_approval(state: SettlementState) -> str:
    return "approved" if state is SettlementState.DONE else state.value


def _approval(visit: Visit, approval_id: UUID | None) -> Cell:
    if approval_id is None:
        return None
    shown = show_id("approval", approval_id)
    return Id(shown, visit.staff_link(f"/approvals/{shown}"))
