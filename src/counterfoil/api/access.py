"""Who may call which route: one dependency before all of them, and what it tells the routes of whoever asks.

It decides in this order: nobody at all is `unauthenticated`; who has neither half of what the route needs is told
which permission is missing, whatever they named; who may only see their own account is answered for another's as for
what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute

from counterfoil.api.access_rules import RULES, Rule
from counterfoil.api.services import Services
from counterfoil.api.whose import Found
from counterfoil.foundation.errors import Broken, CounterfoilError, Forbidden, InputError, NotFound
from counterfoil.identity.access import Need, Own, Principal, Staff, decide, own_permissions, staff_permissions
from counterfoil.identity.people_model import Session

# What records call whoever has the operator's token, unless they say who they are.
OPERATOR = "operator"
_SUBJECT_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Whoever asks, let in to one route.

    `is_staff`: they may see the operator's side of what they asked for. `as_staff`: they were let in as staff, which the
    audit trail records. `account_id` is the account that it is about, None where it is about no single one.
    """

    principal: Principal
    route: str
    session: Session | None = None
    is_staff: bool = False
    as_staff: bool = False
    reads: bool = True
    # Its room keeps the audit trail of it, in the transaction in which it happens.
    room_records: bool = False
    account_id: UUID | None = None
    subject: str | None = None

    def named(self, given: str | None, *, otherwise: str | None = None) -> str:
        """By whom records say that it was done: a person by their own name; whoever has the operator's token says who."""
        if self.principal.is_operator:
            if given is None and otherwise is None:
                raise InputError(field="body.by", expected="the name of whoever does it")
            return given or otherwise or self.principal.name
        if given not in (None, self.principal.name):
            raise InputError(field="body.by", expected="your own name, or nothing")
        return self.principal.name

    def require(self, permission: Staff) -> None:
        """Raises `Forbidden` unless whoever asks may do this to every account."""
        if permission not in staff_permissions(self.principal):
            raise permission_missing(permission)


def check_rules(routers: Iterable[APIRouter]) -> None:
    """Every route has a rule and every rule a route; raises `Broken`, so that nothing undeclared is ever served."""
    routes = {route.name for router in routers for route in router.routes if isinstance(route, APIRoute)}
    if routes != RULES.keys():
        raise Broken(code="invariant_broken", routes=", ".join(sorted(routes ^ RULES.keys())))


async def check_access(request: Request) -> None:
    """Let the request in to its route, or raise `Forbidden` or `NotFound`."""
    route = request.scope["route"]
    if not (isinstance(route, APIRoute) and route.include_in_schema):
        return
    rule = RULES[route.name]
    principal: Principal | None = getattr(request.state, "principal", None)
    session: Session | None = getattr(request.state, "session", None)
    if principal is None:
        if rule.need.open:
            return
        raise Forbidden(code="unauthenticated")
    if rule.session and session is None:
        raise Forbidden(code="session_required")
    services: Services = request.app.state.services
    request.state.asking = await _let_in(
        request, services, rule, Asking(principal=principal, route=route.name, session=session)
    )


async def _let_in(request: Request, services: Services, rule: Rule, asking: Asking) -> Asking:
    principal, need = asking.principal, rule.need
    is_staff = need.staff is not None and need.staff in staff_permissions(principal)
    is_free = need.open or (need.own is None and need.staff is None)
    is_own = need.own is not None and need.own in own_permissions(principal)
    if not (is_free or is_staff or is_own):
        raise permission_missing(_lacking(need, principal))
    found = await rule.whose(request, services, principal)
    access = decide(principal, need, account_id=found.account_id)
    if not access.allowed:
        raise _not_let_in(need, found)
    return Asking(
        principal=principal, route=asking.route, session=asking.session, is_staff=is_staff, as_staff=access.as_staff,
        reads=rule.reads or request.method == "GET", room_records=rule.room_records, account_id=found.account_id, subject=_subject(request),
    )  # fmt: skip


def _not_let_in(need: Need, found: Found) -> CounterfoilError:
    # Nothing was named: what is everybody's takes the other half.
    if found.missing is None and need.staff is not None:
        return permission_missing(need.staff)
    return found.missing or NotFound()


def _lacking(need: Need, principal: Principal) -> Own | Staff:
    """The half that whoever asks would be expected to have."""
    own = need.own if principal.role is not None or need.staff is None else None
    lacking = own or need.staff
    assert lacking is not None
    return lacking


def permission_missing(permission: Own | Staff) -> Forbidden:
    return Forbidden(code="permission_missing", permission=permission.value)


def _subject(request: Request) -> str | None:
    """What exactly it is about, as the address names it, for the audit trail."""
    given = [str(value) for name, value in request.path_params.items() if name != "account_id"]
    return ", ".join(given)[:_SUBJECT_CHARACTERS_MAX] or None


def asking_of(request: Request) -> Asking:
    asking: Asking = request.state.asking
    return asking


def session_of(request: Request) -> Session:
    """The session of whoever asks; only for routes whose rule takes one."""
    session = asking_of(request).session
    assert session is not None
    return session


def note_account(request: Request, account_id: UUID | None) -> None:
    """Tell the audit trail whose account an answer turned out to be about."""
    if account_id is not None:
        request.state.seen_accounts = [*getattr(request.state, "seen_accounts", ()), account_id]


Caller = Annotated[Asking, Depends(asking_of)]
OwnSession = Annotated[Session, Depends(session_of)]
