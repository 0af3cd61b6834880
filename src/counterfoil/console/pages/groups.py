"""Groups: teams or projects of an account, each with its quota, its models and its price tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from starlette.responses import Response

from counterfoil.console.limits_shown import (
    apply_limits,
    fullest,
    limit_fields,
    policy_options,
    shown_limits,
    standings_by_scope,
    standings_of,
    typed_list,
    typed_policy,
    wanted_limits,
)
from counterfoil.console.pages.overview import measure
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Count, Mark, Meter, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.limits.model import (
    AccountDuplicates,
    DuplicateRule,
    Group,
    GroupSettings,
    LimitStanding,
    Scope,
    Status,
)

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
_WRITE = Need(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE)
_THOUSAND = 1000


def _sets_tier(visit: Visit) -> bool:
    """A price tier is the operator's to give: an account cannot make its own prices lower."""
    return visit.may(staff=Staff.ACCOUNTS_WRITE)


@pages.get("/accounts/{account_id}/groups", need=_READ)
async def groups(visit: Visit) -> View:
    most = visit.most_rows
    found = await visit.services.limits.list_groups(
        account_id=visit.account_id, after=visit.id_asked("group", "after"), at_most=most + 1
    )
    shown = found[:most]
    limits = await standings_by_scope(visit)
    keys: dict[object, int] = {}
    for key in await visit.services.limits.list_keys(account_id=visit.account_id):
        keys[key.group_id] = keys.get(key.group_id, 0) + 1
    table = Table(
        name="groups",
        caption="groups_listed",
        empty="groups_none",
        columns=(
            Column(code="group_name"), Column(code="group_quota_used"), Column(code="group_quota_left", numeric=True),
            Column(code="group_quota_resets", wide=True), Column(code="group_tier", numeric=True),
            Column(code="group_keys", numeric=True), Column(code="group_models", wide=True), Column(code="group_state"),
        ),
        rows=[_row(visit, one, limits.get(one.group_id, ()), keys.get(one.group_id, 0)) for one in shown],
        more=visit.here(after=show_id("group", shown[-1].group_id)) if len(found) > most else None,
    )  # fmt: skip
    duplicates = await visit.services.limits.duplicates(visit.account_id)
    return View(
        template="groups.html",
        title="page_groups",
        values={
            "may_change": visit.may(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE),
            "account_limits": shown_limits(visit, limits.get(visit.account_id, ())),
            "limit_fields": limit_fields(limits.get(visit.account_id, ())),
            "duplicates": duplicates,
            "usual": DuplicateRule(),
            "policies": policy_options(visit),
        },
        tables=(table,),
    )


def _row(visit: Visit, group: Group, limits: Sequence[LimitStanding], keys: int) -> Sequence[Cell]:
    near = fullest(limits)
    return (
        Note(group.name, _of_limit(visit, near), visit.link(f"/groups/{show_id('group', group.group_id)}")),
        None if near is None else Meter(near.usage.used, near.usage.held, near.limit.amount),
        None if near is None else measure(visit, near.limit.unit, near.remaining),
        "" if near is None or near.resets_at is None else visit.shown.time(near.resets_at),
        tier_text(group.price_tier_millis),
        Count(keys),
        ", ".join(group.allowed_models) or visit.w.word("every_model"),
        state_of(visit, group),
    )


def _of_limit(visit: Visit, near: LimitStanding | None) -> str:
    if near is None:
        return ""
    used = measure(visit, near.limit.unit, near.usage.used + near.usage.held)
    window = visit.w.label("limit_window", near.limit.window)
    return f"{window} · {visit.w.word('used_of', used=used, amount=measure(visit, near.limit.unit, near.limit.amount))}"


def state_of(visit: Visit, group: Group) -> Mark:
    return Mark(
        visit.w.label("group_state", group.status), "good" if group.status is Status.ACTIVE else "bad",
        visit.w.explanation("group_state", group.status),
    )  # fmt: skip


def tier_text(millis: int) -> str:
    """A price tier as people say it: ×1.2."""
    return f"×{Decimal(millis) / _THOUSAND:f}"


# Making one, and what it is set to.


@pages.get("/accounts/{account_id}/groups/new", need=_WRITE)
async def new_group(visit: Visit) -> View:
    return View(
        template="group_new.html",
        title="group_new",
        values={"limit_fields": limit_fields(), "policies": policy_options(visit), "sets_tier": _sets_tier(visit)},
    )


@pages.post("/accounts/{account_id}/groups", need=_WRITE, shows=new_group)
async def create_group(visit: Visit) -> Response:
    wanted = wanted_limits(visit, Scope.GROUP)
    group = await visit.services.limits.create_group(
        account_id=visit.account_id, settings=_typed(visit, GroupSettings(name=""))
    )
    await apply_limits(visit, wanted, scope=Scope.GROUP, scope_id=group.group_id)
    return visit.done(_address(visit, group), "done_group_made")


def _typed(visit: Visit, present: GroupSettings) -> GroupSettings:
    policy, seconds = typed_policy(visit)
    return replace(
        present,
        name=visit.typed("name"),
        allowed_models=typed_list(visit, "allowed_models"),
        duplicate_policy=policy,
        duplicate_window_seconds=seconds,
        price_tier_millis=_typed_tier(visit) if _sets_tier(visit) else present.price_tier_millis,
    )


def _typed_tier(visit: Visit) -> int:
    try:
        millis = Decimal(visit.typed("price_tier", "1").removeprefix("×")) * _THOUSAND
        whole = int(millis)
    except (InvalidOperation, ValueError, OverflowError):
        raise InputError(field="price_tier", expected="1.2") from None
    if whole != millis:
        raise InputError(field="price_tier", expected="1.2")
    return whole


@pages.get("/accounts/{account_id}/groups/{group_id}", need=_READ)
async def group(visit: Visit) -> View:
    one = await _group(visit)
    shown_id = show_id("group", one.group_id)
    standings = await standings_of(visit, one.group_id)
    return View(
        template="group.html",
        title="group_one",
        title_values={"name": one.name},
        values={
            "group": one,
            "group_id": shown_id,
            "state": state_of(visit, one),
            "is_active": one.status is Status.ACTIVE,
            "tier": tier_text(one.price_tier_millis),
            "may_change": visit.may(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE),
            "sees_spending": visit.may(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ),
            "sets_tier": _sets_tier(visit),
            "limits": shown_limits(visit, standings),
            "limit_fields": limit_fields(standings),
            "policies": policy_options(visit),
        },
    )


async def _group(visit: Visit) -> Group:
    return await visit.services.limits.find_group(
        account_id=visit.account_id, group_id=visit.id_in_path("group", "group_id")
    )


@pages.post("/accounts/{account_id}/groups/{group_id}", need=_WRITE, shows=group)
async def change_group(visit: Visit) -> Response:
    changed = await visit.services.limits.change_group(
        account_id=visit.account_id, group_id=visit.id_in_path("group", "group_id"),
        change=lambda present: _typed(visit, present),
    )  # fmt: skip
    return visit.done(_address(visit, changed), "done_group_changed")


@pages.post("/accounts/{account_id}/groups/{group_id}/limits", need=_WRITE, shows=group)
async def set_group_limits(visit: Visit) -> Response:
    one = await _group(visit)
    wanted = wanted_limits(visit, Scope.GROUP)
    await apply_limits(visit, wanted, scope=Scope.GROUP, scope_id=one.group_id)
    return visit.done(_address(visit, one), "done_limits_set")


@pages.post("/accounts/{account_id}/groups/{group_id}/disable", need=_WRITE)
async def disable_group(visit: Visit) -> Response:
    one = await _group(visit)
    await visit.services.limits.disable_group(account_id=visit.account_id, group_id=one.group_id)
    return visit.done(_address(visit, one), "done_group_disabled")


@pages.post("/accounts/{account_id}/groups/{group_id}/enable", need=_WRITE)
async def enable_group(visit: Visit) -> Response:
    one = await _group(visit)
    await visit.services.limits.enable_group(account_id=visit.account_id, group_id=one.group_id)
    return visit.done(_address(visit, one), "done_group_enabled")


# The account as a whole.


@pages.post("/accounts/{account_id}/account-limits", need=_WRITE, shows=groups)
async def set_account_limits(visit: Visit) -> Response:
    wanted = wanted_limits(visit, Scope.ACCOUNT)
    await apply_limits(visit, wanted, scope=Scope.ACCOUNT, scope_id=visit.account_id)
    return visit.done(visit.link("/groups"), "done_limits_set")


@pages.post("/accounts/{account_id}/duplicates", need=_WRITE, shows=groups)
async def set_duplicates(visit: Visit) -> Response:
    policy, seconds = typed_policy(visit)
    await visit.services.limits.set_duplicates(
        account_id=visit.account_id, duplicates=AccountDuplicates(policy=policy, window_seconds=seconds)
    )
    return visit.done(visit.link("/groups"), "done_duplicates_set")


def _address(visit: Visit, one: Group) -> str:
    return visit.link(f"/groups/{show_id('group', one.group_id)}")
