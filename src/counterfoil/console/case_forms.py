"""Asking support from where one is: what the form begins with, and what the records say before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile

from counterfoil.console.asking import page_of_answer
from counterfoil.console.visits import Visit
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.rules import problem_of
from counterfoil.foundation.errors import CounterfoilError, NotFound, Unavailable
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import month_bounds, to_datetime
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM
from counterfoil.identity.access import Own
from counterfoil.spend.model import RequestView
from counterfoil.support.diagnosis import cause_of
from counterfoil.support.intake_model import OwnAnswer, Sender, Submission
from counterfoil.support.model import Channel
from counterfoil.support.own_cases_store import Whose

# What a form of ours sends beside its fields.
OWN_NAMES = frozenset({"csrf", "problem", "about", "step", "other_class", "submission_key"})
_OWN_QUERY = frozenset({"lang", "about", "problem", "done"})
# Whose account it is, is known of somebody who has signed in.
NOT_ASKED = frozenset({"account_email", "nickname", "user_number", "account"})
# What the records are asked by, the most exact first.
_ASKED_BY = (
    "task_id", "request_id", "resubmitted", "order_mask", "key_mask", "request_time", "time_window", "code_last_four",
    "error_text", "message_shown",
)  # fmt: skip
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_ABOUT_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a form begins with: the class that fits, and the fields that are known. `about` is the id it was opened for."""

    problem: str = ""
    about: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def whose(visit: Visit) -> Whose:
    """Whoever sees the account's money sees all of its cases, the others what they have sent themselves."""
    sees_all = visit.may(own=Own.MONEY_READ)
    return Whose(account_id=visit.account_id, person_id=None if sees_all else visit.principal.person_id)


def sender_of(visit: Visit) -> Sender:
    return Sender(
        address=visit.client_address, person_id=visit.principal.person_id, account_id=visit.account_id, name=visit.by
    )


def submission_of(visit: Visit, problem: str) -> Submission:
    """Everything that came with the form, to be judged before anything is done with it."""
    items = visit.form.multi_items()
    return Submission(
        problem=problem, language=visit.language, channel=Channel.CONSOLE,
        fields=tuple((name, value) for name, value in items if isinstance(value, str) and name not in OWN_NAMES),
        query=query_of(visit), user_agent=visit.request.headers.get("user-agent", ""),
        file_names=tuple(value.filename or "" for _, value in items if isinstance(value, UploadFile)),
    )  # fmt: skip


def query_of(visit: Visit) -> tuple[tuple[str, str], ...]:
    """What the address asks for beside what our own links do."""
    return tuple((k, v) for k, v in visit.request.query_params.multi_items() if k not in _OWN_QUERY)


# What it begins with.


def about_of(text: str) -> str:
    """The id or the month that a page was opened for; empty for anything else, which goes nowhere."""
    text = text.lower()
    if len(text) > _ABOUT_CHARACTERS_MAX:
        return ""
    found = read_any_id(text)
    return text if (found is not None and found[0] in _STARTS) or _MONTH.fullmatch(text) else ""


async def start_of(visit: Visit, about: str) -> Start:
    """The form for an id or a month of the account; raises `NotFound` for what is another's, or is not on record."""
    if not about:
        return Start()
    if _MONTH.fullmatch(about):
        return _of_month(visit, about)
    found = read_any_id(about)
    assert found is not None
    kind, value = found
    services, account_id = visit.services, visit.account_id
    if kind == "order":
        order = await services.orders.order(value)
        if order.account_id != account_id:
            raise NotFound(code="order_not_found", order=about)
        return Start(
            problem="recharged_not_credited",
            about=about,
            values={
                "payment_method": visit.w.label("provider_kind", order.provider_kind),
                "order_time": _time(visit, order.created_at),
                "amount": f"{format_nanos(order.amount)} {order.currency}",
                "order_mask": about,
            },
        )
    if kind == "submission":
        sent = await services.submissions.find(value, account_id=account_id)
        values = _of_request(visit, sent.requests[0]) if sent.requests else {}
        return Start(
            problem="failed_perhaps_charged", about=about,
            values={**values, "resubmitted": f"{sent.copies} × {about}"},
        )  # fmt: skip
    if kind == "key":
        key = await services.limits.find_key(account_id=account_id, key_id=value)
        return Start(problem="balance_fell", about=about, values={"key_mask": key.mask})
    view = await services.spend.request(value, account_id=account_id)
    if kind == "task":
        task = await services.tasks.find(value, account_id=account_id)
        return Start(
            problem="failed_perhaps_charged",
            about=about,
            values={
                "task_id": about,
                "task_type": visit.w.label("task_kind", task.kind),
                "model": task.model,
                "request_time": _time(visit, task.created_at),
            },
        )
    problem = problem_of(view)
    return Start(
        problem="something_else" if problem is None else problem.value, about=about, values=_of_request(visit, view)
    )


_STARTS = frozenset({"request", "task", "submission", "order", "key"})


def _of_month(visit: Visit, month: str) -> Start:
    zone = visit.of_account.time_zone
    start, end = month_bounds(month, now=visit.now, time_zone=zone)
    first, last = (_day(at, visit) for at in (start, min(end, visit.now) - 1))
    return Start(problem="balance_fell", about=month, values={"time_window": f"{first} ~ {last}"})


def _of_request(visit: Visit, view: RequestView) -> dict[str, str]:
    values = {
        "request_id": show_id("request", view.request_id),
        "request_time": _time(visit, view.received_at),
        # A class that asks for no id is told it with the time.
        "time_window": f"{_time(visit, view.received_at)} {show_id('request', view.request_id)}",
        "model": view.model or "",
        "status_code": "" if view.status_code is None else str(view.status_code),
        "error_text": view.code or "",
        "key_mask": view.key_mask,
        "group": view.group_name or "",
    }
    return {name: value for name, value in values.items() if value}


def _time(visit: Visit, at: int) -> str:
    """With its zone, as the form asks for."""
    text = to_datetime(at).astimezone(visit.shown.zone).isoformat(sep=" ", timespec="seconds")
    return f"{text[:19]} {text[19:]}"


def _day(at: int, visit: Visit) -> str:
    return to_datetime(at).astimezone(visit.shown.zone).date().isoformat()


def fitting(start: Start, problem: str) -> dict[str, str]:
    """What is known of the fields that a class asks for."""
    return {name: value for name, value in start.values.items() if name in FIELDS_OF_PROBLEM[problem]}


# What the records say.


async def told_of(visit: Visit, values: Mapping[str, str], about: str) -> Explanation | None:
    """The account's own explanation of what a form names, as the page Why? gives it; None where the records say nothing.

    `values` have been judged: nothing that is private is looked up.
    """
    asked = [values[name] for name in _ASKED_BY if name in values]
    # A month has its two days in the form already.
    text = "\n".join(dict.fromkeys([*([about] if read_any_id(about) else []), *asked]))
    if not text:
        return None
    try:
        return await visit.services.evidence.explain(
            text, language=visit.language, audience=Audience.CUSTOMER, account_id=visit.account_id
        )
    except Unavailable:
        raise
    except CounterfoilError:
        return None


def own_answer(told: Explanation | None) -> OwnAnswer:
    """What is kept of an explanation that answers somebody."""
    if told is None:
        return OwnAnswer(subject=None, cause=None)
    found = read_any_id(told.subject)
    return OwnAnswer(subject=None if found is None else told.subject, cause=cause_of(told))


def page_of_told(visit: Visit, told: Explanation) -> str:
    return page_of_answer(told, account_id=visit.account_id)
