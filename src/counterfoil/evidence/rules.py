"""Putting an explanation together from what is on record. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.evidence.checks import passing_cap, recorded_checks, seen_checks, show_check
from counterfoil.evidence.facts import facts_of, show_attempt, shown_model
from counterfoil.evidence.model import About, Audience, Explanation, Fact, Subject, Surroundings
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

_TITLES = {
    RequestState.REFUSED: "why_refused",
    RequestState.FAILED: "why_failed",
    RequestState.HELD: "why_held",
    RequestState.UNKNOWN: "why_unknown",
}
# States in which a code says what went wrong; in the others the state itself is the answer.
_WITH_CODE = frozenset({RequestState.REFUSED, RequestState.FAILED})


def explain_request(
    view: RequestView,
    around: Surroundings,
    *,
    statuses: Mapping[str, int],
    language: Language,
    audience: Audience,
    also: tuple[str, ...] = (),
) -> Explanation:
    """What was decided about a request, and why. `statuses` are the HTTP statuses of refusals."""
    code = view.code if view.state in _WITH_CODE else None
    reader = _reader(view, around, language=language, audience=audience)
    facts = Facts(
        model=shown_model(view.model),
        # With the price of a token, a cap says how much money is left.
        passing_cap=passing_cap(view) if audience is Audience.OPERATOR else None,
    )
    checks = seen_checks(recorded_checks(view, around), code=code, audience=audience)
    status = view.status_code if view.status_code is not None else statuses.get(code or "")
    state = entry(Kind.REQUEST_STATE, view.state)
    found = error_entry(code) if code is not None else state
    mark = entry(Kind.CHARGE_MARK, view.charge_mark)
    request_id = show_id("request", view.request_id)
    answer = _answer(code, checks, reader, facts) if code is not None else state.explanation[language]
    money = mark.explanation[language]
    title = entry(Kind.PAGE, _TITLES.get(RequestState(view.state), "why_served"))
    return Explanation(
        about=About.REQUEST,
        subject=request_id,
        language=language,
        audience=audience,
        title=title.label[language],
        label=found.label[language],
        answer=answer,
        money=money,
        message=_message(code, checks, view, reader, facts, f"{answer} {money} ({request_id})"),
        code=code,
        status=status,
        state=view.state,
        charge_mark=view.charge_mark,
        checks=tuple(show_check(check, reader=reader, facts=facts, audience=audience) for check in checks),
        next_steps=tuple(
            next_steps(code=code, checks=checks, language=language, facts=facts)
            if code is not None
            else _steps_of_state(state, mark, language)
        ),
        how_to_go_back=found.next_step.how_to_go_back[language],
        owner=found.owner.value,
        owner_label=entry(Kind.OWNER, found.owner).label[language],
        article=found.article,
        facts=facts_of(view, around, status=status, language=language, audience=audience),
        attempts=tuple(
            show_attempt(attempt, currency=view.currency, language=language)
            for attempt in (view.attempts if audience is Audience.OPERATOR else ())
        ),
        also=also,
    )


def _reader(view: RequestView, around: Surroundings, *, language: Language, audience: Audience) -> Reader:
    if audience is Audience.PUBLIC:
        # The account's time zone is the account's.
        return Reader(language=language, amounts=Amounts.HIDDEN)
    return Reader(language=language, amounts=Amounts.ALL, currency=view.currency, time_zone=around.time_zone)


def _answer(code: str, checks: tuple[Check, ...], reader: Reader, facts: Facts) -> str:
    """The one sentence: what stood in the way."""
    for check in checks:
        if check.code == code and not check.passed:
            return sentence_of_check(check, reader=reader, facts=facts)
    if find_entry(Kind.REFUSAL, code) is None:
        return error_entry(code).explanation[reader.language]
    return sentence_of_code(code, language=reader.language, facts=facts)


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
        facts=Facts(model=facts.model),
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
    )


def _steps_of_entry(found: Entry, language: Language) -> tuple[str, ...]:
    return found.next_step.what_to_change[language], found.next_step.where_to_look[language]
