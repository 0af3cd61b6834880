"""Several requests that mean the same: a submission with its copies, and the copy that one was held against. Pure."""

from __future__ import annotations

from counterfoil.evidence.facts import FactList, address_of, label_of, show_instant, shown_model
from counterfoil.evidence.failures import of_submission
from counterfoil.evidence.findings import Problem
from counterfoil.evidence.model import About, Audience, Earlier, Explanation, ShownCopy
from counterfoil.evidence.shown_findings import show_findings
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import Entry, Kind, Language, Reader, entry
from counterfoil.spend.model import TASK_ENDPOINTS, ChargeMark, RequestState, RequestView, SubmissionView
from counterfoil.spend.submissions import Verdict, is_loop
from counterfoil.tasks.model import TaskView

_LOOP = "loop"
# A copy that was not carried out has begun no task.
_WITHOUT_TASK = frozenset({RequestState.REFUSED, RequestState.REPEATED})


def explain_submission(
    view: SubmissionView, *, reader: Reader, audience: Audience, also: tuple[str, ...] = ()
) -> Explanation:
    """What a customer meant once, and what became of each copy of it."""
    found, language = _verdict_of(view), reader.language
    shown = show_id("submission", view.submission_id)
    answer = found.explanation[language]
    facts = FactList(language)
    facts.add("submission_id", "submission", shown)
    facts.add("endpoint", "endpoint", view.endpoint, address_of(view.endpoint))
    facts.add("model", "model", shown_model(view.model), kind=Kind.EVIDENCE_FIELD)
    facts.add_count("copies", "copies", view.copies)
    _add_counts(facts, view)
    facts.add_time("first_at", view.first_at)
    facts.add_time("last_at", view.last_at)
    if audience.sees_amounts:
        _add_holder(facts, view)
    return Explanation(
        about=About.SUBMISSION,
        subject=shown,
        language=language,
        audience=audience,
        title=entry(Kind.PAGE, "why_submission").label[language],
        label=found.label[language],
        answer=answer,
        money=None,
        message=f"{answer} ({shown})",
        next_steps=(found.next_step.where_to_look[language], found.next_step.what_to_change[language]),
        how_to_go_back=found.next_step.how_to_go_back[language],
        owner=found.owner.value,
        owner_label=entry(Kind.OWNER, found.owner).label[language],
        article=found.article,
        facts=tuple(facts.all),
        copies=tuple(show_copy(Earlier(request=one), language=language, audience=audience) for one in view.requests),
        also=also,
        problem=Problem.FAILED,
        findings=show_findings([of_submission(view)], reader=reader, audience=audience),
        account_id=view.account_id,
    )


def _verdict_of(view: SubmissionView) -> Entry:
    """What there is to say of a submission as a whole."""
    if is_loop(view.copies):
        return entry(Kind.VERDICT, _LOOP)
    if view.duplicates:
        return entry(Kind.VERDICT, Verdict.DUPLICATE)
    return entry(Kind.VERDICT, Verdict.RETRY if view.retries else Verdict.ORIGINAL)


def _add_counts(facts: FactList, view: SubmissionView) -> None:
    if view.retries:
        facts.add_count("retries", "retries", view.retries)
    if view.duplicates:
        facts.add_count("duplicates", "duplicates", view.duplicates)
    if view.blocked:
        facts.add_count("blocked", "refused", view.blocked)
    if view.repeated:
        label = entry(Kind.REQUEST_STATE, RequestState.REPEATED)
        facts.add("repeated", label.code, view.repeated, f"{view.repeated:,}", kind=label.kind)


def _add_holder(facts: FactList, view: SubmissionView) -> None:
    facts.add("account", "account", show_id("account", view.account_id), kind=Kind.EVIDENCE_FIELD)
    key = show_id("key", view.key_id)
    facts.add("key", "key_mask", key, key if view.key_mask is None else f"{view.key_mask} ({key})",
              kind=Kind.EVIDENCE_FIELD)  # fmt: skip
    facts.add_money("held_nanos", "held_amount", view.held_nanos, view.currency)
    facts.add_money("charged_nanos", "charged_amount", view.charged_nanos, view.currency)


def show_copy(earlier: Earlier, *, language: Language, audience: Audience) -> ShownCopy:
    """One copy: what it is, how it stands, and what it holds and has cost for those who see amounts."""
    request, task = earlier.request, earlier.task
    facts = FactList(language)
    if audience.sees_amounts:
        if request.charge_mark == ChargeMark.HELD:
            facts.add_money("held_nanos", "held_amount", request.held_nanos, request.currency)
        facts.add_money("charged_nanos", "charged_amount", request.charged_nanos, request.currency)
        if request.refunded_nanos:
            facts.add_money("refunded_nanos", "refunded_amount", request.refunded_nanos, request.currency)
    kind, state = _state_of(request, task)
    return ShownCopy(
        subject=_shown_id(request, task), at=request.received_at, time=show_instant(request.received_at),
        verdict=request.verdict,
        verdict_label=None if request.verdict is None else label_of(Kind.VERDICT, request.verdict, language),
        state=state, label=label_of(kind, state, language), charge_mark=request.charge_mark,
        mark_label=label_of(Kind.CHARGE_MARK, request.charge_mark, language), facts=tuple(facts.all),
    )  # fmt: skip


def charge_of(earlier: Earlier) -> str | None:
    """What a copy holds or has cost, with its currency; None where it is nothing."""
    request = earlier.request
    nanos = request.held_nanos if request.charge_mark == ChargeMark.HELD else request.charged_nanos
    return f"{format_nanos(nanos)} {request.currency}" if nanos else None


def _state_of(request: RequestView, task: TaskView | None) -> tuple[Kind, str]:
    return (Kind.REQUEST_STATE, request.state) if task is None else (Kind.TASK_STATE, task.state)


def _shown_id(request: RequestView, task: TaskView | None) -> str:
    begun = request.endpoint in TASK_ENDPOINTS and request.state not in _WITHOUT_TASK
    return show_id("task" if task is not None or begun else "request", request.request_id)
