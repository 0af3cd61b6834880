"""API keys: who may call, how much each may spend, and when each was last used. A token is shown once, when it is made.

Whoever may not change the account's limits sees and changes their own keys, and settles limits on one only when making it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.limits_shown import (
    apply_limits,
    fullest,
    limit_fields,
    policy_options,
    shown_limits,
    standings_by_scope,
    standings_of,
    time_field,
    typed_list,
    typed_policy,
    typed_time,
    wanted_limits,
)
from counterfoil.console.pages.overview import measure
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Instant, Mark, Meter, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.limits.model import Key, KeySettings, LimitStanding, NewToken, Scope, Status
from counterfoil.limits.rules import compile_patterns

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
_WRITE = Need(own=Own.KEYS_WRITE, staff=Staff.ACCOUNTS_WRITE)
_LIMITS = Need(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE)
_CUSTOMER_BOOK = "customer"


def decides(visit: Visit) -> bool:
    """Whether the visitor settles limits, and with them everybody's keys."""
    return visit.may(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE)


def _only_of(visit: Visit) -> UUID | None:
    """Whose keys alone the visitor sees; None: everybody's."""
    if visit.as_staff or visit.may(own=Own.LIMITS_WRITE):
        return None
    return visit.principal.member_id


def _may_change(visit: Visit) -> bool:
    return visit.may(own=Own.KEYS_WRITE, staff=Staff.ACCOUNTS_WRITE)


async def _key(visit: Visit) -> Key:
    """The key of the path; one that the visitor may not see does not exist."""
    key_id, only_of = visit.id_in_path("key", "key_id"), _only_of(visit)
    key = await visit.services.limits.find_key(account_id=visit.account_id, key_id=key_id)
    if only_of is not None and key.member_id != only_of:
        raise NotFound(what="key", id=show_id("key", key_id))
    return key


async def names_of(visit: Visit) -> tuple[Mapping[UUID, str], Mapping[UUID, str]]:
    """How groups and members of the account are called."""
    groups = await visit.services.limits.list_groups(account_id=visit.account_id)
    members = await visit.services.members.list(account_id=visit.account_id)
    return {one.group_id: one.name for one in groups}, {one.member_id: one.nickname or one.email for one in members}


def state_of(visit: Visit, key: Key) -> Mark:
    """Whether a key works, in a word."""
    if key.expires_at is not None and key.expires_at <= visit.now:
        return Mark(visit.w.label("key_state", "expired"), "warn", visit.w.explanation("key_state", "expired"))
    tone = "good" if key.status is Status.ACTIVE else "bad"
    return Mark(visit.w.label("key_state", key.status), tone, visit.w.explanation("key_state", key.status))


@pages.get("/accounts/{account_id}/keys", need=_READ)
async def keys(visit: Visit) -> View:
    most = visit.most_rows
    found = await visit.services.limits.list_keys(
        account_id=visit.account_id, group_id=visit.id_asked("group", "group"), member_id=_asked_member(visit),
        after=visit.id_asked("key", "after"), at_most=most + 1,
    )  # fmt: skip
    shown = found[:most]
    groups, members = await names_of(visit)
    used = await visit.services.spending.last_charged(visit.account_id, [one.key_id for one in shown])
    limits = await standings_by_scope(visit)
    table = Table(
        name="keys",
        caption="keys_listed",
        empty="keys_none",
        columns=(
            Column(code="key_name"), Column(code="key_group", wide=True), Column(code="key_member", wide=True),
            Column(code="key_limit_used"), Column(code="key_limit_left", numeric=True, wide=True), Column(code="key_last_charged"),
            Column(code="key_state"),
        ),
        rows=[_row(visit, one, groups, members, used, limits.get(one.key_id, ())) for one in shown],
        more=visit.here(after=show_id("key", shown[-1].key_id)) if len(found) > most else None,
    )  # fmt: skip
    fields: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("group", "key_group", [(show_id("group", group_id), name) for group_id, name in groups.items()])
    ]
    if _only_of(visit) is None:
        fields.append(
            ("member", "key_member", [(show_id("member", member_id), name) for member_id, name in members.items()])
        )
    return View(
        template="keys.html",
        title="page_keys",
        values={"may_change": _may_change(visit), "only_own": _only_of(visit) is not None, "fields": fields},
        tables=(table,),
    )


def _asked_member(visit: Visit) -> UUID | None:
    only_of = _only_of(visit)
    return visit.id_asked("member", "member") if only_of is None else only_of


def _row(
    visit: Visit,
    key: Key,
    groups: Mapping[UUID, str],
    members: Mapping[UUID, str],
    used: Mapping[UUID, int],
    limits: Sequence[LimitStanding],
) -> Sequence[Cell]:
    near = fullest(limits)
    return (
        Note(key.name, key.mask, visit.link(f"/keys/{show_id('key', key.key_id)}")),
        "" if key.group_id is None else groups.get(key.group_id, ""),
        "" if key.member_id is None else members.get(key.member_id, ""),
        None if near is None else Meter(near.usage.used, near.usage.held, near.limit.amount),
        None if near is None else measure(visit, near.limit.unit, near.remaining),
        Instant(used.get(key.key_id)),
        state_of(visit, key),
    )


# Making one.


@pages.get("/accounts/{account_id}/keys/new", need=_WRITE)
async def new_key(visit: Visit) -> View:
    groups, members = await names_of(visit)
    return View(
        template="key_new.html",
        title="key_new",
        values={
            "groups": [(show_id("group", group_id), name) for group_id, name in groups.items()],
            "members": [(show_id("member", member_id), name) for member_id, name in members.items()],
            "own_member": _shown_member(visit.principal.member_id),
            "only_own": _only_of(visit) is not None,
            "policies": policy_options(visit),
            "limit_fields": limit_fields(),
        },
    )


def _shown_member(member_id: UUID | None) -> str:
    return "" if member_id is None else show_id("member", member_id)


@pages.post("/accounts/{account_id}/keys", need=_WRITE, shows=new_key)
async def create_key(visit: Visit) -> View:
    wanted = wanted_limits(visit, Scope.KEY)
    settings = await _typed(visit, KeySettings(name=""))
    new = await visit.services.limits.create_key(account_id=visit.account_id, settings=settings)
    await apply_limits(visit, wanted, scope=Scope.KEY, scope_id=new.key.key_id)
    return await _made(visit, new, "key_made")


async def _typed(visit: Visit, present: KeySettings, *, keeps_place: bool = False) -> KeySettings:
    """The settings that were typed. `keeps_place`: the group and the member stay, whatever was sent."""
    policy, seconds = typed_policy(visit)
    group_id, member_id = present.group_id, present.member_id
    if not keeps_place:
        group, member = visit.typed("group"), visit.typed("member")
        group_id = read_id("group", group) if group else None
        member_id = read_id("member", member) if member else None
        only_of = _only_of(visit)
        if only_of is not None:
            member_id = only_of
        elif member_id is not None:
            await visit.services.members.member(member_id, account_id=visit.account_id)
    return replace(
        present,
        name=visit.typed("name"),
        group_id=group_id,
        member_id=member_id,
        expires_at=typed_time(visit, "expires_at"),
        allowed_models=typed_list(visit, "allowed_models"),
        allowed_addresses=typed_list(visit, "allowed_addresses"),
        show_balance=visit.ticked("show_balance"),
        duplicate_policy=policy,
        duplicate_window_seconds=seconds,
    )


async def _made(visit: Visit, new: NewToken, title: str) -> View:
    """The token, this once, with a call that can be copied."""
    return View(
        template="key_made.html",
        title=title,
        values={
            "new": new,
            "curl": _curl(visit, new.token, await _model_to_try(visit, new.key)),
            "key_href": visit.link(f"/keys/{show_id('key', new.key.key_id)}"),
            "keys_href": visit.link("/keys"),
        },
    )


async def _model_to_try(visit: Visit, one: Key) -> str:
    """A model that this key may call: one that is priced, and that some upstream serves."""
    priced = set(visit.services.prices.models(_CUSTOMER_BOOK))
    served = {model.public_model for upstream in await visit.services.upstreams.list() for model in upstream.models}
    allowed = [compile_patterns(one.allowed_models)]
    if one.group_id is not None:
        group = await visit.services.limits.find_group(account_id=visit.account_id, group_id=one.group_id)
        allowed.append(compile_patterns(group.allowed_models))
    found = [model for model in sorted(priced & served) if all(patterns.permits(model) for patterns in allowed)]
    return found[0] if found else "MODEL"


def _curl(visit: Visit, token: str, model: str) -> str:
    body = f'{{"model": "{model}", "max_tokens": 64, "messages": [{{"role": "user", "content": "Hello"}}]}}'
    return (
        f"curl {visit.services.public_url}/v1/chat/completions \\\n  -H 'Authorization: Bearer {token}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )


# One of them.


@pages.get("/accounts/{account_id}/keys/{key_id}", need=_READ)
async def key(visit: Visit) -> View:
    one = await _key(visit)
    groups, members = await names_of(visit)
    standings = await standings_of(visit, one.key_id)
    shown_id = show_id("key", one.key_id)
    last = await visit.services.spending.last_charged(visit.account_id, [one.key_id])
    return View(
        template="key.html",
        title="key_one",
        title_values={"name": one.name},
        values={
            "key": one,
            "key_id": shown_id,
            "state": state_of(visit, one),
            "is_active": one.status is Status.ACTIVE,
            "may_change": _may_change(visit),
            "may_decide": decides(visit),
            "sees_spending": visit.may(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ),
            "limits": shown_limits(visit, standings),
            "limit_fields": limit_fields(standings),
            "groups": [(show_id("group", group_id), name) for group_id, name in groups.items()],
            "members": [(show_id("member", member_id), name) for member_id, name in members.items()],
            "group_name": "" if one.group_id is None else groups.get(one.group_id, ""),
            "group_id": "" if one.group_id is None else show_id("group", one.group_id),
            "member_name": "" if one.member_id is None else members.get(one.member_id, ""),
            "member_id": _shown_member(one.member_id),
            "last_charged": Instant(last.get(one.key_id)),
            "expires": time_field(visit, one.expires_at),
            "policies": policy_options(visit),
        },
    )


@pages.post("/accounts/{account_id}/keys/{key_id}", need=_WRITE, shows=key)
async def change_key(visit: Visit) -> Response:
    one = await _key(visit)
    typed = await _typed(
        visit,
        KeySettings(name=one.name, group_id=one.group_id, member_id=one.member_id),
        keeps_place=not decides(visit),
    )

    def changed(present: KeySettings) -> KeySettings:
        return replace(typed, group_id=present.group_id, member_id=present.member_id) if not decides(visit) else typed

    await visit.services.limits.change_key(account_id=visit.account_id, key_id=one.key_id, change=changed)
    return visit.done(_address(visit, one), "done_key_changed")


@pages.post("/accounts/{account_id}/keys/{key_id}/limits", need=_LIMITS, shows=key)
async def set_key_limits(visit: Visit) -> Response:
    one = await _key(visit)
    wanted = wanted_limits(visit, Scope.KEY)
    await apply_limits(visit, wanted, scope=Scope.KEY, scope_id=one.key_id)
    return visit.done(_address(visit, one), "done_limits_set")


@pages.get("/accounts/{account_id}/keys/{key_id}/rotate", need=_WRITE)
async def key_rotation(visit: Visit) -> View:
    """Where the message about an exposed key leads: one press, and it is rotated. `?exposed=` is the mask that it was about."""
    one = await _key(visit)
    return View(
        template="key_rotate.html",
        title="key_rotate_exposed",
        title_values={"name": one.name},
        values={
            "key": one,
            "key_id": show_id("key", one.key_id),
            "state": state_of(visit, one),
            "was_exposed": visit.asked("exposed") == one.mask,
            "was_rotated": visit.asked("exposed") not in ("", one.mask),
        },
    )


@pages.post("/accounts/{account_id}/keys/{key_id}/rotate", need=_WRITE)
async def rotate_key(visit: Visit) -> View:
    one = await _key(visit)
    new = await visit.services.limits.rotate_key(account_id=visit.account_id, key_id=one.key_id)
    return await _made(visit, new, "key_rotated")


@pages.post("/accounts/{account_id}/keys/{key_id}/disable", need=_WRITE)
async def disable_key(visit: Visit) -> Response:
    one = await _key(visit)
    await visit.services.limits.disable_key(account_id=visit.account_id, key_id=one.key_id)
    return visit.done(_address(visit, one), "done_key_disabled")


@pages.post("/accounts/{account_id}/keys/{key_id}/enable", need=_WRITE)
async def enable_key(visit: Visit) -> Response:
    one = await _key(visit)
    await visit.services.limits.enable_key(account_id=visit.account_id, key_id=one.key_id)
    return visit.done(_address(visit, one), "done_key_enabled")


def _address(visit: Visit, one: Key) -> str:
    return visit.link(f"/keys/{show_id('key', one.key_id)}")
