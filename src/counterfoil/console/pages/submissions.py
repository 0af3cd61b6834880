"""Submissions: what was meant once, however often it was sent, with every copy and what each cost."""

from __future__ import annotations

from counterfoil.console import answers
from counterfoil.console.lists import (
    VERDICT_TONES,
    Filter,
    chosen,
    field_value,
    quick_spans,
    time_asked,
)
from counterfoil.console.pages.requests import bundle_links, explained, names_of, outcome
from counterfoil.console.places import has_begun_task, page_of_request
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Count, Id, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.facts import address_of
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.spend.model import RequestState, RequestView, SubmissionView
from counterfoil.spend.submissions import LOOP_COPIES, is_loop

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
# How often something was sent at least, as a filter offers it.
_NUMBERS = ("copy_number", "copy_reserved", "charged_amount", "refunded_amount", "copy_net")
_WIDE = ("call_mark", "copy_reserved", "charged_amount", "refunded_amount")
_LEAST = {"2": 2, "3": 3, "loop": LOOP_COPIES}


@pages.get("/accounts/{account_id}/submissions", need=_READ)
async def submissions(visit: Visit) -> View:
    """What was sent more than once, newest first."""
    names = await names_of(visit)
    most = visit.most_rows
    least = chosen(visit, "least", _LEAST) or "2"
    found = await visit.services.submissions.sent_again(
        visit.account_id, key_id=visit.id_asked("key", "key"), before=visit.id_asked("submission", "before"),
        copies_least=_LEAST[least], model=visit.asked("model")[:200] or None, since=time_asked(visit, "since"),
        until=time_asked(visit, "until"), most=most + 1,
    )  # fmt: skip
    shown = found[:most]
    more = visit.here(before=show_id("submission", shown[-1].submission_id)) if len(found) > most else None
    table = Table(
        name="submissions",
        caption="submissions_listed",
        empty="submissions_none",
        columns=(
            Column(code="submission_time"), Column(code="submission_id"), Column(code="submission_what", wide=True),
            Column(code="copy_verdict"), Column(code="copies", numeric=True),
            Column(code="copies_blocked", numeric=True, wide=True), Column(code="copies_charged", numeric=True, wide=True),
            Column(code="copies_cost", numeric=True), Column(code="call_key", wide=True),
        ),
        rows=[_row(visit, one, names) for one in shown],
        more=more,
    )  # fmt: skip
    options = [
        ("2", visit.w.word("sent_twice")),
        ("3", visit.w.word("sent_thrice")),
        ("loop", visit.w.word("sent_in_loop")),
    ]
    return View(
        template="requests.html",
        title="page_submissions",
        values={
            "fields": [
                Filter(name="least", code="copies", options=options),
                Filter(
                    name="key", code="call_key",
                    options=[(one, name) for one, name in names.items() if one.startswith("key_")],
                ),
                Filter(name="model", code="call_model"),
            ],
            "quick": quick_spans(visit),
            "times": {name: field_value(visit, name) for name in ("since", "until")},
            "is_live": None,
            "looked_until": None,
            "more": more,
        },
        tables=(table,),
    )  # fmt: skip


def _row(visit: Visit, one: SubmissionView, names: dict[str, str]) -> tuple[Cell, ...]:
    shown = show_id("submission", one.submission_id)
    return (
        Instant(one.first_at),
        Id(shown, visit.link(f"/submissions/{shown}")),
        Note(one.model or "", address_of(one.endpoint)),
        verdict_of(visit, one),
        Count(one.copies),
        Count(one.blocked),
        Count(one.charged_copies),
        Amount(one.charged_nanos, one.currency),
        names.get(show_id("key", one.key_id), one.key_mask or ""),
    )


def verdict_of(visit: Visit, one: SubmissionView) -> Mark:
    """What a submission is as a whole."""
    code = "loop" if is_loop(one.copies) else "duplicate" if one.duplicates else "retry" if one.retries else "original"
    return Mark(visit.w.label("verdict", code), VERDICT_TONES[code], visit.w.explanation("verdict", code))


@pages.get("/accounts/{account_id}/submissions/{submission_id}", need=_READ)
async def submission(visit: Visit) -> View:
    """One submission: every copy of it, how each ended and what each cost, in one view."""
    submission_id = visit.id_in_path("submission", "submission_id")
    view = await visit.services.submissions.find(submission_id, account_id=visit.account_id)
    subject = show_id("submission", submission_id)
    explanation = await explained(visit, subject)
    why = answers.causes(visit, explanation)
    return View(
        template="submission.html",
        title="usage_submission",
        values={
            "explanation": explanation,
            "view": view,
            "subject": subject,
            "stamp": verdict_of(visit, view),
            "why": why,
            "facts": answers.facts(visit, explanation),
            "bundles": bundle_links(visit, subject),
        },
        tables=[_copies(visit, view), *(one.rows for one in why if one.rows is not None)],
    )


def _copies(visit: Visit, view: SubmissionView) -> Table:
    currency = view.currency
    held = sum(one.held_nanos for one in view.requests if one.state == RequestState.HELD)
    charged = sum(one.charged_nanos for one in view.requests)
    refunded = sum(one.refunded_nanos for one in view.requests)
    totals: dict[str, Cell] = {
        "copy_time": visit.w.word("bill_total"), "copy_reserved": Amount(held, currency),
        "charged_amount": Amount(charged, currency), "refunded_amount": Amount(refunded, currency),
        "copy_net": Amount(charged - refunded, currency),
    }  # fmt: skip
    columns = ["copy_number", "copy_time", "copy_id", "copy_verdict", "call_outcome", "call_mark"]
    # Columns of nothing but noughts say nothing.
    columns += ["copy_reserved"] if held else []
    columns += ["charged_amount", "refunded_amount"] if refunded else []
    columns.append("copy_net")
    return Table(
        name="copies",
        caption="copies_listed",
        columns=[Column(code=code, numeric=code in _NUMBERS, wide=code in _WIDE) for code in columns],
        rows=[[cells[code] for code in columns] for cells in _copies_of(visit, view)],
        totals=[totals.get(code) for code in columns],
    )


def _copies_of(visit: Visit, view: SubmissionView) -> list[dict[str, Cell]]:
    return [_copy(visit, place, one) for place, one in enumerate(view.requests, start=1)]


def _copy(visit: Visit, place: int, one: RequestView) -> dict[str, Cell]:
    kind = "task" if has_begun_task(one) else "request"
    verdict = one.verdict or "original"
    return {
        "copy_number": Count(place),
        "copy_time": Instant(one.received_at),
        "copy_id": Id(show_id(kind, one.request_id), page_of_request(visit, one)),
        "copy_verdict": Mark(visit.w.label("verdict", verdict), VERDICT_TONES.get(verdict, "quiet")),
        "call_outcome": outcome(visit, one),
        "call_mark": answers.charge_stamp(visit, one.charge_mark),
        "copy_reserved": Amount(one.held_nanos if one.state == RequestState.HELD else 0, one.currency),
        "charged_amount": Amount(one.charged_nanos, one.currency),
        "refunded_amount": Amount(one.refunded_nanos, one.currency),
        "copy_net": Amount(one.charged_nanos - one.refunded_nanos, one.currency),
    }
