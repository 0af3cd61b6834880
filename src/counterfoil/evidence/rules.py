"""Putting an explanation together from what is on record. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from counterfoil.evidence.asking import Asker
from counterfoil.evidence.checks import passing_cap, recorded_checks, seen_checks, show_check
from counterfoil.evidence.copies import charge_of, show_copy
from counterfoil.evidence.facts import facts_of, show_attempt, shown_model
from counterfoil.evidence.findings import Finding, FindingCode, Problem
from counterfoil.evidence.model import (
    About,
    Audience,
    Earlier,
    Explanation,
    Fact,
    ShownCopy,
    Subject,
    Surroundings,
)
from counterfoil.evidence.shown_findings import show_findings
from counterfoil.evidence.task_facts import task_facts, task_history
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import (
    Amounts,
    Entry,
    Facts,
    Kind,
    Language,
    Reader,
    entry,
    error_entry,
    error_message,
    find_entry,
    next_steps,
    refusal_message,
)
from counterfoil.foundation.vocabulary.sentences import quote, sentence_of_check, sentence_of_code
from counterfoil.limits.model import Check
from counterfoil.spend.model import RequestState, RequestView
from counterfoil.tasks.model import TaskView

_TITLES = {
    RequestState.REFUSED: "why_refused",
    RequestState.FAILED: "why_failed",
    RequestState.HELD: "why_held",
    RequestState.UNKNOWN: "why_unknown",
    RequestState.REPEATED: "why_repeated",
}
# States in which a code says what went wrong; in the others the state itself is the answer.
_WITH_CODE = frozenset({RequestState.REFUSED, RequestState.FAILED})
_FIRST_ERROR_STATUS = 400
# "402, but I have money": refusals for which balance, quota, limit, permission and cost are looked at.
MONEY_CODES = frozenset({"account_balance", "group_quota", "key_limit", "request_ceiling", "model_not_permitted"})


def explain_request(
    view: RequestView,
    around: Surroundings,
    *,
    statuses: Mapping[str, int],
    asker: Asker,
    task: TaskView | None = None,
    earlier: Earlier | None = None,
    findings: Sequence[Finding] = (),
    also: tuple[str, ...] = (),
) -> Explanation:
    """What was decided about a request, and why; and what became of the task that it began.

    `statuses` are the HTTP statuses of refusals. `earlier` is the copy that the request was held against, or the task that
    it was answered with. `findings` are why, the weightiest first.
    """
    language, audience = asker.language, asker.audience
    code = view.code if view.state in _WITH_CODE else None
    status = view.status_code if view.status_code is not None else statuses.get(code or "")
    first = None if earlier is None else show_copy(earlier, language=language, audience=audience)
    reader = asker.reader(currency=view.currency, time_zone=around.time_zone)
    facts = _named(view, earlier, first, audience=audience)
    checks = seen_checks(recorded_checks(view, around), code=code, audience=audience)
    told = (
        _of_request(view, code, checks, reader, facts)
        if task is None
        else _of_task(view, task, code, checks, reader, facts)
    )
    return Explanation(
        about=About.REQUEST,
        subject=told.subject,
        language=language,
        audience=audience,
        title=told.title.label[language],
        label=told.found.label[language],
        answer=told.answer,
        money=told.money,
        message=told.message,
        code=told.code,
        status=None if told.code is None and task is not None else status,
        state=view.state,
        charge_mark=view.charge_mark,
        checks=tuple(show_check(check, reader=reader, facts=facts, audience=audience) for check in checks),
        next_steps=told.next_steps,
        how_to_go_back=told.found.next_step.how_to_go_back[language],
        owner=told.found.owner.value,
        owner_label=entry(Kind.OWNER, told.found.owner).label[language],
        article=told.found.article,
        facts=(
            *facts_of(view, around, status=status, language=language, audience=audience),
            *(() if task is None else task_facts(task, language=language, audience=audience)),
            *(() if first is None else (_first_fact(first, language),)),
        ),
        attempts=tuple(
            show_attempt(attempt, currency=view.currency, language=language)
            for attempt in (view.attempts if audience.sees_routing else ())
        ),
        history=() if task is None else task_history(task, language=language, audience=audience),
        first=first,
        also=also,
        problem=problem_of(view),
        findings=show_findings(findings, reader=reader, audience=audience),
        account_id=view.account_id,
    )


def problem_of(view: RequestView) -> Problem | None:
    """The class of question that a request raises: not enough money, or what became of it; a permission is no such class."""
    if view.state != RequestState.REFUSED:
        return Problem.FAILED
    return Problem.REFUSED if view.code in MONEY_CODES else None


def _named(view: RequestView, earlier: Earlier | None, first: ShownCopy | None, *, audience: Audience) -> Facts:
    """What the sentences may name."""
    facts = Facts(
        model=shown_model(view.model),
        # With the price of a token, a cap says how much money is left.
        passing_cap=passing_cap(view) if audience.sees_amounts else None,
    )
    if earlier is None or first is None:
        return facts
    return replace(
        facts,
        first_id=first.subject,
        first_state=first.state,
        first_charge=None if audience is Audience.PUBLIC else charge_of(earlier),
        first_mark=first.charge_mark,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The words of an answer, and where they come from."""

    subject: str
    title: Entry
    found: Entry
    answer: str
    money: str
    message: str
    next_steps: tuple[str, ...]
    code: str | None = None


def _of_request(view: RequestView, code: str | None, checks: tuple[Check, ...], reader: Reader, facts: Facts) -> _Told:
    """What is to be said of the call itself."""
    language, shown = reader.language, show_id("request", view.request_id)
    state, mark = entry(Kind.REQUEST_STATE, view.state), entry(Kind.CHARGE_MARK, view.charge_mark)
    answer = _answer(code, checks, reader, facts) if code is not None else state.explanation[language]
    money = mark.explanation[language]
    if code is None:
        steps = _steps_of_state(state, mark, language)
    else:
        steps = next_steps(code=code, checks=checks, language=language, facts=facts)
    return _Told(
        subject=shown,
        title=entry(Kind.PAGE, _TITLES.get(RequestState(view.state), "why_served")),
        found=error_entry(code) if code is not None else state,
        answer=answer,
        money=money,
        message=_message(code, checks, view, reader, facts, f"{answer} {money} ({shown})"),
        next_steps=tuple(steps),
        code=code,
    )


def _of_task(
    view: RequestView, task: TaskView, code: str | None, checks: tuple[Check, ...], reader: Reader, facts: Facts
) -> _Told:
    """What is to be said of a task. One that nobody took was answered with an error: that is what its caller asks about."""
    if code is not None and (view.status_code or 0) >= _FIRST_ERROR_STATUS:
        return _of_request(view, code, checks, reader, facts)
    language, shown = reader.language, show_id("task", task.task_id)
    state, mark = entry(Kind.TASK_STATE, task.state), entry(Kind.CHARGE_MARK, view.charge_mark)
    answer, money = state.explanation[language], mark.explanation[language]
    return _Told(
        subject=shown,
        title=entry(Kind.PAGE, "why_task"),
        found=state,
        answer=answer,
        money=money,
        message=f"{answer} {money} ({shown})",
        next_steps=tuple(_steps_of_state(state, mark, language)),
    )


def _first_fact(first: ShownCopy, language: Language) -> Fact:
    """The earlier copy on one line: its id, how it stands, what of its charge."""
    text = f"{first.subject} ({first.label}, {first.mark_label})"
    return Fact(
        name="first_id", label=entry(Kind.WORD, "first_request").label[language], text=text, value=first.subject
    )


def _answer(code: str, checks: tuple[Check, ...], reader: Reader, facts: Facts) -> str:
    """The one sentence: what stood in the way."""
    for check in checks:
        if check.code == code and not check.passed:
            return sentence_of_check(check, reader=reader, facts=facts)
    if find_entry(Kind.REFUSAL, code) is None:
        return error_entry(code).explanation[reader.language]
    return sentence_of_code(code, language=reader.language, facts=facts, amounts=reader.amounts)


def _message(
    code: str | None, checks: tuple[Check, ...], view: RequestView, reader: Reader, facts: Facts, otherwise: str
) -> str:
    """The whole in words that are safe to post: of a refusal, what its caller was told without amounts."""
    request_id = show_id("request", view.request_id)
    if code is None:
        return otherwise
    if find_entry(Kind.REFUSAL, code) is None:
        return error_message(code=code, language=reader.language, reference=request_id)
    return refusal_message(
        code=code,
        checks=checks,
        reader=Reader(language=reader.language, amounts=Amounts.HIDDEN, time_zone=reader.time_zone),
        request_id=request_id,
        facts=replace(facts, passing_cap=None),
        charge_mark=view.charge_mark,
    )


def _steps_of_state(state: Entry, mark: Entry, language: Language) -> list[str]:
    """What there is to do where nothing went wrong; of a charge, how to have it checked."""
    first = mark if state.code == RequestState.SERVED else state
    return [first.next_step.what_to_change[language], mark.next_step.where_to_look[language]]


def explain_code(code: str, *, statuses: Mapping[str, int], language: Language, audience: Audience) -> Explanation:
    """What one of our refusal codes means in general."""
    found = entry(Kind.REFUSAL, code)
    title = entry(Kind.PAGE, "why_code_found")
    status = statuses.get(code)
    label = entry(Kind.EVIDENCE_FIELD, "status_code").label[language]
    return Explanation(
        about=About.CODE,
        subject=code,
        language=language,
        audience=audience,
        title=title.label[language],
        label=found.label[language],
        answer=found.explanation[language],
        money=None,
        message=error_message(code=code, language=language),
        code=code,
        status=status,
        next_steps=_steps_of_entry(found, language),
        how_to_go_back=found.next_step.how_to_go_back[language],
        owner=found.owner.value,
        owner_label=entry(Kind.OWNER, found.owner).label[language],
        article=found.article,
        facts=() if status is None else (Fact(name="status", label=label, text=str(status), value=status),),
    )


def explain_elsewhere(subject: Subject, *, language: Language, audience: Audience) -> Explanation:
    """An error that another service made, told by its form."""
    found = entry(Kind.PAGE, "why_elsewhere")
    label = entry(Kind.WORD, "looks_like").label[language]
    service = subject.service or ""
    return Explanation(
        about=About.ELSEWHERE,
        subject=quote(subject.words or ""),
        language=language,
        audience=audience,
        title=found.label[language],
        label=found.label[language],
        answer=found.explanation[language],
        money=None,
        message=found.explanation[language],
        next_steps=_steps_of_entry(found, language),
        how_to_go_back=found.next_step.how_to_go_back[language],
        owner=found.owner.value,
        owner_label=entry(Kind.OWNER, found.owner).label[language],
        article=found.article,
        facts=(Fact(name="service", label=label, text=service, value=service),),
        problem=Problem.REFUSED,
        findings=show_findings(
            [Finding(code=FindingCode.REFUSED_ELSEWHERE, names={"service": service})],
            reader=Reader(language=language, amounts=Amounts.HIDDEN), audience=audience,
        ),
    )  # fmt: skip


def _steps_of_entry(found: Entry, language: Language) -> tuple[str, ...]:
    return found.next_step.what_to_change[language], found.next_step.where_to_look[language]
