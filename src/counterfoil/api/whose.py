"""Whose account a request of the management API is about: by its address, its query or its body.

Somebody who may only see their own account is answered for another's exactly as for what does not exist: both come from
`missing` here, whatever was looked up.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from fastapi import Request

from counterfoil.api.services import Services
from counterfoil.foundation.errors import CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.identity.access import Principal, Staff, staff_permissions
from counterfoil.support.naming import find_case_id

# Whose channels those of the operator are.
_OPERATIONS = "operations"
# The customers' price book, which every account may read; upstreams' are the operator's.
_CUSTOMER_BOOK = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The account (None: of nobody's), and what is said to whoever may not know that it exists."""

    account_id: UUID | None
    missing: CounterfoilError | None = None


class Whose(Protocol):
    async def __call__(self, request: Request, services: Services, asking: Principal) -> Found: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    """Something that belongs to an account, by the name of its place in an address."""

    kind: str
    account_of: Callable[[Services, UUID], Awaitable[UUID | None]]
    missing: Callable[[UUID], CounterfoilError]


async def _of_order(services: Services, order_id: UUID) -> UUID | None:
    return (await services.orders.order(order_id)).account_id


async def _of_invoice(services: Services, invoice_id: UUID) -> UUID | None:
    return (await services.invoices.find(invoice_id)).account_id


async def _of_member(services: Services, member_id: UUID) -> UUID | None:
    return (await services.members.member(member_id)).account_id


async def _of_request(services: Services, request_id: UUID) -> UUID | None:
    return (await services.spend.request(request_id)).account_id


async def _of_task(services: Services, task_id: UUID) -> UUID | None:
    return (await services.tasks.find(task_id)).account_id


async def _of_submission(services: Services, submission_id: UUID) -> UUID | None:
    return (await services.submissions.find(submission_id)).account_id


async def _of_channel(services: Services, channel_id: UUID) -> UUID | None:
    return (await services.notify.channel(channel_id)).account_id


async def _of_approval(services: Services, approval_id: UUID) -> UUID | None:
    return (await services.approvals.find(approval_id)).account_id


async def _of_code(services: Services, code_id: UUID) -> UUID | None:
    return (await services.codes.code(code_id)).code.redeemed_by


async def _of_break(services: Services, break_id: UUID) -> UUID | None:
    return (await services.reconcile.breaks.find(break_id)).account_id


def _no_account(account_id: UUID) -> CounterfoilError:
    return NotFound(code="account_not_found", account=account_id.hex)


def _unnamed(code: str) -> Callable[[UUID], CounterfoilError]:
    return lambda _: NotFound(code=code)


def _named(code: str, name: str, kind: str = "") -> Callable[[UUID], CounterfoilError]:
    return lambda value: NotFound(code=code, **{name: show_id(kind or name, value)})


# Each says of what is not there just what its room says of it.
THINGS: Mapping[str, _Thing] = {
    "order_id": _Thing(kind="order", account_of=_of_order, missing=_named("order_not_found", "order")),
    "invoice_id": _Thing(kind="invoice", account_of=_of_invoice, missing=_named("invoice_not_found", "invoice")),
    "member_id": _Thing(
        kind="member", account_of=_of_member, missing=lambda value: NotFound(what="member", id=show_id("member", value))
    ),
    "request_id": _Thing(kind="request", account_of=_of_request, missing=_unnamed("request_not_found")),
    "task_id": _Thing(kind="task", account_of=_of_task, missing=_unnamed("task_not_found")),
    "submission_id": _Thing(kind="submission", account_of=_of_submission, missing=_unnamed("submission_not_found")),
    "channel_id": _Thing(kind="channel", account_of=_of_channel, missing=_named("channel_not_found", "channel")),
    "approval_id": _Thing(kind="approval", account_of=_of_approval, missing=_named("approval_not_found", "approval")),
    "code_id": _Thing(kind="code", account_of=_of_code, missing=_named("code_not_found", "redemption_code", "code")),
    "break_id": _Thing(kind="break", account_of=_of_break, missing=_named("break_not_found", "break_id", "break")),
}


async def by_address(request: Request, services: Services, asking: Principal) -> Found:
    """By `account_id` in the address, else by the first thing there that belongs to an account."""
    given = request.path_params
    if "account_id" in given:
        account_id = read_id("account", str(given["account_id"]))
        return Found(account_id=account_id, missing=_no_account(account_id))
    for name, thing in THINGS.items():
        if name in given:
            return await _of_thing(services, thing, str(given[name]))
    return Found(account_id=None)


async def _of_thing(services: Services, thing: _Thing, shown: str) -> Found:
    value = read_id(thing.kind, shown)
    try:
        account_id = await thing.account_of(services, value)
    except NotFound:
        account_id = None
    return Found(account_id=account_id, missing=thing.missing(value))


def in_query(name: str) -> Whose:
    """By a filter of a list; without it, the list is about everybody."""

    async def whose(request: Request, services: Services, asking: Principal) -> Found:
        # Of several, FastAPI takes the last one too.
        given = request.query_params.getlist(name)
        return _of_account(given[-1] if given else None)

    return whose


def in_body(name: str) -> Whose:
    """By a field of the body without which the request means nothing."""

    async def whose(request: Request, services: Services, asking: Principal) -> Found:
        given = await _field(request, name)
        if given is None:
            raise InputError(field=f"body.{name}", expected="acct_ and 32 hexadecimal digits")
        return _of_account(given)

    return whose


def in_body_if_any(name: str) -> Whose:
    """By a field of the body; without it, the request is about nobody's account."""

    async def whose(request: Request, services: Services, asking: Principal) -> Found:
        return _of_account(await _field(request, name))

    return whose


def in_body_or_own(name: str) -> Whose:
    """By a field of the body; without it, a customer asks about their own account, and staff about any."""

    async def whose(request: Request, services: Services, asking: Principal) -> Found:
        given = await _field(request, name)
        if given is None:
            return Found(account_id=None if Staff.EVIDENCE in staff_permissions(asking) else asking.account_id)
        return _of_account(given)

    return whose


async def everybodys(request: Request, services: Services, asking: Principal) -> Found:
    """What is the same for every customer, such as exchange rates."""
    return Found(account_id=asking.account_id)


async def of_price_book(request: Request, services: Services, asking: Principal) -> Found:
    """The customers' book is every customer's; the others are nobody's but the operator's."""
    return Found(account_id=asking.account_id if request.path_params.get("book") == _CUSTOMER_BOOK else None)


async def of_case(request: Request, services: Services, asking: Principal) -> Found:
    """The account of the case in the address, as far as whoever asks may see that case; its route says that there is none."""
    shown = str(request.path_params["case_id"])
    try:
        case_id = await find_case_id(services.cases, shown, principal=asking)
        return Found(account_id=(await services.cases.case(case_id, principal=asking)).account_id)
    except NotFound:
        return Found(account_id=None)


def _of_account(shown: str | None) -> Found:
    if shown is None or shown == _OPERATIONS:
        return Found(account_id=None)
    account_id = read_id("account", shown)
    return Found(account_id=account_id, missing=_no_account(account_id))


async def _field(request: Request, name: str) -> str | None:
    """A text field of a JSON body; None where there is none. The route refuses what cannot be read."""
    try:
        body = json.loads(await request.body() or b"null")
    except ValueError:
        return None
    given = body.get(name) if isinstance(body, dict) else None
    return given if isinstance(given, str) else None
