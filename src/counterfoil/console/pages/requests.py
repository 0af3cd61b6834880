"""Requests: every call of an account with its outcome and charge, and one of them with all that is on record of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console import answers
from counterfoil.console.lists import (
    REQUEST_TONES,
    Filter,
    chosen,
    field_value,
    options_of,
    quick_spans,
    time_asked,
)
from counterfoil.console.places import page_of_request
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.bundles import View as BundleView
from counterfoil.evidence.facts import address_of
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.vocabulary import Kind
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.spend.model import TASK_ENDPOINTS, ChargeMark, RequestState, RequestView
from counterfoil.spend.request_lists import RequestFilter
from counterfoil.tasks.model import TaskView

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
_EVIDENCE = Need(own=Own.USAGE_READ, staff=Staff.EVIDENCE)
# What a filter offers to choose from; more are named by their ids in an address.
_OFFERED_MOST = 500
# How requests end that were admitted: errors that are no refusals.
_ENDINGS = ("upstream_rejected",)
_ON_PAGE = ("call_time", "call_id", "call_outcome", "charged_amount", "call_mark", "call_model_and_key")
_IN_FILE = (
    "call_time", "call_id", "state", "code", "call_outcome", "call_mark", "held_amount", "charged_amount",
    "refunded_amount", "call_model", "endpoint", "call_key", "key_mask_then", "call_group", "call_member", "client",
)  # fmt: skip
_AMOUNTS = ("held_amount", "charged_amount", "refunded_amount")
_WIDE = ("call_mark", "call_model_and_key")
_BUNDLED = ("request", "task", "submission", "order", "code")
# The page carries its own style, loads nothing and runs nothing; nobody between is to keep it.
_BUNDLE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@pages.get("/accounts/{account_id}/requests", need=_READ)
async def requests(visit: Visit) -> View:
    """The list, with its filters; `?live=1` keeps it new."""
    names = await names_of(visit)
    wanted = _wanted(visit)
    page = await visit.services.spend.request_page(
        visit.account_id, wanted, before=visit.id_asked("request", "before"), most=visit.most_rows
    )
    more = None
    if page.before is not None:
        more = visit.here(before=show_id("request", page.before), live=None)
    is_live = visit.asked("live") == "1" and not visit.asked("before")
    columns = _columns(visit)
    table = Table(
        name="requests",
        caption="requests_listed",
        empty="requests_none",
        columns=[Column(code=code, numeric=code in _AMOUNTS, wide=code in _WIDE) for code in columns],
        rows=[_row(visit, one, names, columns) for one in page.requests],
        more=more,
        live=is_live,
    )
    return View(
        template="requests.html",
        title="page_requests",
        values={
            "fields": _fields(visit, names),
            "quick": quick_spans(visit),
            "times": {name: field_value(visit, name) for name in ("since", "until")},
            "is_live": is_live,
            "looked_until": page.looked_until,
            "more": more,
        },
        tables=(table,),
    )


def _wanted(visit: Visit) -> RequestFilter:
    return RequestFilter(
        state=chosen(visit, "state", RequestState),
        code=visit.asked("code")[:60] or None,
        charge_mark=chosen(visit, "charge_mark", ChargeMark),
        key_id=visit.id_asked("key", "key"),
        group_id=visit.id_asked("group", "group"),
        member_id=visit.id_asked("member", "member"),
        model=visit.asked("model")[:200] or None,
        since=time_asked(visit, "since"),
        until=time_asked(visit, "until"),
    )


def _columns(visit: Visit) -> tuple[str, ...]:
    return _IN_FILE if is_for_file(visit) else _ON_PAGE


def is_for_file(visit: Visit) -> bool:
    """Whether a list is being taken away: a file has room for what a page leaves to the detail."""
    return bool(visit.asked("csv") or visit.asked("xlsx"))


def _row(visit: Visit, one: RequestView, names: Mapping[str, str], columns: Sequence[str]) -> list[Cell]:
    key = names.get(show_id("key", one.key_id), one.key_mask)
    member = "" if one.member_id is None else names.get(show_id("member", one.member_id), "")
    cells: dict[str, Cell] = {
        "call_time": Instant(one.received_at),
        "call_id": Id(show_id("request", one.request_id), page_of_request(visit, one)),
        "call_outcome": outcome(visit, one),
        "charged_amount": Amount(one.charged_nanos - one.refunded_nanos, one.currency),
        "call_mark": answers.charge_stamp(visit, one.charge_mark),
        "call_model_and_key": Note(one.model or "", " · ".join(part for part in (key, member) if part)),
    }
    if columns != _ON_PAGE:
        cells |= _cells_of_file(one, key=key, member=member)
    return [cells[code] for code in columns]


def _cells_of_file(one: RequestView, *, key: str, member: str) -> dict[str, Cell]:
    return {
        "call_model": one.model or "",
        "call_key": key,
        "key_mask_then": one.key_mask,
        "call_group": one.group_name or "",
        "call_member": member,
        "state": one.state,
        "code": one.code or "",
        "held_amount": Amount(one.held_nanos, one.currency),
        "refunded_amount": Amount(one.refunded_nanos, one.currency),
        "endpoint": address_of(one.endpoint),
        "client": one.client,
    }


def outcome(visit: Visit, one: RequestView) -> Mark:
    """How a request has ended; of a refusal and a failure, why in a few words."""
    state = visit.w.label("request_state", one.state)
    why = answers.code_label(visit, one.code) if one.code else ""
    times = f" ×{visit.shown.count(one.repeats)}" if one.repeats > 1 else ""
    return Mark(
        f"{why or state}{times}", REQUEST_TONES.get(one.state, "quiet"), hint=f"{state} {one.code or ''}".strip()
    )


def _fields(visit: Visit, names: Mapping[str, str]) -> list[Filter]:
    def of(prefix: str) -> list[tuple[str, str]]:
        return [(shown, name) for shown, name in names.items() if shown.startswith(prefix)]

    codes = [*options_of(visit, Kind.REFUSAL), *options_of(visit, Kind.ERROR, _ENDINGS)]
    fields = [
        Filter(name="state", code="call_outcome", options=options_of(visit, Kind.REQUEST_STATE)),
        Filter(name="code", code="call_why", options=codes),
        Filter(name="charge_mark", code="call_mark", options=options_of(visit, Kind.CHARGE_MARK)),
        Filter(name="key", code="call_key", options=of("key_")),
    ]
    if groups := of("grp_"):
        fields.append(Filter(name="group", code="call_group", options=groups))
    if members := of("mem_"):
        fields.append(Filter(name="member", code="call_member", options=members))
    return [*fields, Filter(name="model", code="call_model")]


async def names_of(visit: Visit) -> dict[str, str]:
    """What the account's keys, groups and members are called, by their ids as shown."""
    services, account_id = visit.services, visit.account_id
    keys = await services.limits.list_keys(account_id=account_id, at_most=_OFFERED_MOST)
    groups = await services.limits.list_groups(account_id=account_id, at_most=_OFFERED_MOST)
    members = await services.members.list(account_id=account_id, at_most=_OFFERED_MOST)
    return {
        **{show_id("key", one.key_id): one.name for one in keys},
        **{show_id("group", one.group_id): one.name for one in groups},
        **{show_id("member", one.member_id): one.nickname or one.email for one in members},
    }


@pages.get("/accounts/{account_id}/requests/{request_id}", need=_READ)
async def request(visit: Visit) -> View | Response:
    """One request; that which began a task is shown with it."""
    request_id = visit.id_in_path("request", "request_id")
    view = await visit.services.spend.request(request_id, account_id=visit.account_id)
    return await show_request(visit, view, subject=show_id("request", request_id), title="usage_request")


async def show_request(visit: Visit, view: RequestView, *, subject: str, title: str) -> View:
    """A request or a task, with its explanation, its course and its arithmetic."""
    explanation = await explained(visit, subject)
    task = await _task_of(visit, view)
    steps = await visit.services.evidence.course(view, task=task, audience=audience_of(visit))
    names = await names_of(visit) if view.member_id is not None else {}
    why = answers.causes(visit, explanation)
    arithmetic = answers.bill(visit, view)
    checks = answers.checks_table(visit, explanation)
    found = (checks, arithmetic, *(one.rows for one in why))
    return View(
        template="request.html",
        title=title,
        values={
            "explanation": explanation,
            "view": view,
            "task": task,
            "subject": subject,
            "stamp": answers.stamp(visit, explanation),
            "charge_stamp": answers.charge_stamp(visit, view.charge_mark),
            "why": why,
            "arithmetic": arithmetic,
            "sums": answers.sums(visit, view),
            "facts": answers.facts(visit, explanation, names),
            "course": answers.course(visit, steps),
            "limits_met": answers.limits_met(visit, view, explanation),
            "bundles": bundle_links(visit, subject),
            "submission": await _submission_of(visit, view),
        },
        tables=[table for table in found if table is not None],
    )


async def explained(visit: Visit, subject: str) -> Explanation:
    """The answer to what an id names, of the account that is looked at."""
    return await visit.services.evidence.explain(
        subject, language=visit.language, audience=audience_of(visit), account_id=visit.account_id
    )


def audience_of(visit: Visit) -> Audience:
    """For whom answers are: staff see upstreams, members what is their own."""
    return Audience.OPERATOR if visit.as_staff else Audience.CUSTOMER


async def _task_of(visit: Visit, view: RequestView) -> TaskView | None:
    if view.endpoint not in TASK_ENDPOINTS:
        return None
    try:
        return await visit.services.tasks.find(view.request_id, account_id=view.account_id)
    except NotFound:
        return None


async def _submission_of(visit: Visit, view: RequestView) -> tuple[str, int] | None:
    """The submission of a request that was sent more than once, and how often."""
    if view.submission_id is None:
        return None
    try:
        found = await visit.services.submissions.find(view.submission_id, account_id=view.account_id)
    except NotFound:
        return None
    return (show_id("submission", found.submission_id), found.copies) if found.copies > 1 else None


def bundle_links(visit: Visit, subject: str) -> list[tuple[str, str]]:
    """Where the evidence can be downloaded: buttons with their addresses; staff also get the copy with routing and costs."""
    if visit.as_staff and not visit.may(staff=Staff.EVIDENCE):
        return []
    path = f"/evidence/{subject}"
    links = [("bundle_page", visit.link(path, form="html")), ("bundle_json", visit.link(path, form="json"))]
    if visit.as_staff:
        links.append(("bundle_staff", visit.link(path, form="html", view="staff")))
    return links


@pages.get("/accounts/{account_id}/evidence/{subject}", need=_EVIDENCE)
async def evidence_bundle(visit: Visit) -> Response:
    """A signed bundle about one record of the account, as a page or as JSON; it changes nothing."""
    subject = visit.request.path_params["subject"]
    read = read_any_id(subject)
    if read is None or read[0] not in _BUNDLED:
        raise NotFound(code="page_not_found")
    form = chosen(visit, "form", ("html", "json")) or "html"
    view = BundleView.STAFF if visit.as_staff and visit.asked("view") == "staff" else BundleView.CUSTOMER
    await _check_own(visit, subject)
    bundles = visit.services.bundles
    bundle = await bundles.bundle(subject, view=view, language=visit.language, account_id=visit.account_id)
    body = await asyncio.to_thread(bundles.page, bundle) if form == "html" else bundle.to_bytes()
    return Response(
        body,
        media_type="text/html" if form == "html" else "application/json",
        headers={
            "content-disposition": f'attachment; filename="{bundle.file_name}.{form}"',
            "content-language": visit.w.tag,
            "content-security-policy": _BUNDLE_POLICY,
        },
    )


async def _check_own(visit: Visit, subject: str) -> None:
    """What is another account's does not exist on this account's pages, whoever looks."""
    found: UUID | None = (await explained(visit, subject)).account_id
    if found != visit.account_id:
        raise NotFound(code="page_not_found")
