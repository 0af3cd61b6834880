"""Members: the people on an account, what each may do there, and who has been invited."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.routes import Pages
from counterfoil.console.tables import Action, Actions, Cell, Column, Count, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import Forbidden, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Need, Own, Role, Staff
from counterfoil.identity.invitations_model import Invitation, InvitationState
from counterfoil.identity.model import Member, MemberStatus

pages = Pages()
_READ = Need(own=Own.MEMBERS_READ, staff=Staff.ACCOUNTS_READ)
_WRITE = Need(own=Own.MEMBERS_WRITE, staff=Staff.ACCOUNTS_WRITE)
_INVITATION_TONES = {
    InvitationState.OPEN: "info",
    InvitationState.ACCEPTED: "good",
    InvitationState.REVOKED: "quiet",
    InvitationState.EXPIRED: "warn",
}


def _may_change(visit: Visit) -> bool:
    return visit.may(own=Own.MEMBERS_WRITE, staff=Staff.ACCOUNTS_WRITE)


def _gives_ownership(visit: Visit) -> bool:
    """Who owns an account is decided by its owners."""
    return visit.may(own=Own.ACCOUNT_WRITE, staff=Staff.ACCOUNTS_WRITE)


def _roles(visit: Visit, *, present: Role | None = None) -> list[tuple[str, str]]:
    """The roles that the visitor may give."""
    return [
        (one.value, visit.w.label("role", one))
        for one in Role
        if one is not Role.OWNER or _gives_ownership(visit) or present is Role.OWNER
    ]


@pages.get("/accounts/{account_id}/members", need=_READ)
async def members(visit: Visit) -> View:
    most = visit.most_rows
    found = await visit.services.members.list(
        account_id=visit.account_id, after=visit.id_asked("member", "after"), at_most=most + 1
    )
    shown = found[:most]
    signing_in = {
        person.membership.member_id
        for person in await visit.services.people.list(account_id=visit.account_id, at_most=500)
        if person.membership is not None
    }
    keys: dict[UUID | None, int] = {}
    for key in await visit.services.limits.list_keys(account_id=visit.account_id):
        keys[key.member_id] = keys.get(key.member_id, 0) + 1
    tables = [
        Table(
            name="members",
            caption="members_listed",
            empty="members_none",
            columns=(
                Column(code="member_name"), Column(code="member_role"), Column(code="member_state"),
                Column(code="member_signs_in", wide=True), Column(code="member_keys", numeric=True, wide=True),
                Column(code="member_number", numeric=True, wide=True), Column(code="member_since", wide=True),
            ),
            rows=[_row(visit, one, one.member_id in signing_in, keys.get(one.member_id, 0)) for one in shown],
            more=visit.here(after=show_id("member", shown[-1].member_id)) if len(found) > most else None,
        )
    ]  # fmt: skip
    if _may_change(visit):
        invitations = await visit.services.people.invitations(visit.account_id, at_most=visit.most_rows)
        tables.append(_invitations(visit, invitations))
    return View(
        template="members.html",
        title="page_members",
        values={
            "may_change": _may_change(visit),
            "roles": _roles(visit),
            "languages_offered": [("zh", "中文"), ("en", "English")],
            "can_mail": visit.services.people.can_send_mail,
        },
        tables=tables,
    )


def _row(visit: Visit, one: Member, signs_in: bool, keys: int) -> Sequence[Cell]:
    address = visit.link(f"/members/{show_id('member', one.member_id)}")
    return (
        Note(one.nickname or one.email, one.email if one.nickname else "", address),
        Mark(visit.w.label("role", one.role), "info" if one.role is Role.OWNER else "quiet", visit.w.explanation("role", one.role)),
        _state(visit, one),
        visit.w.word("yes" if signs_in else "no"),
        Count(keys),
        Count(one.user_number),
        Instant(one.created_at),
    )  # fmt: skip


def _state(visit: Visit, one: Member) -> Mark:
    return Mark(
        visit.w.label("person_state", one.status), "good" if one.status is MemberStatus.ACTIVE else "bad",
        visit.w.explanation("person_state", one.status),
    )  # fmt: skip


def _invitations(visit: Visit, invitations: Sequence[Invitation]) -> Table:
    return Table(
        name="invitations",
        caption="invitations_listed",
        empty="invitations_none",
        columns=(
            Column(code="invited_email"), Column(code="member_role"), Column(code="invitation_state"),
            Column(code="invited_by_whom", wide=True), Column(code="invitation_ends"), Column(code="actions"),
        ),
        rows=[_invitation(visit, one) for one in invitations],
    )  # fmt: skip


def _invitation(visit: Visit, one: Invitation) -> Sequence[Cell]:
    state = one.state(visit.now)
    revoke = Action(
        code="revoke_invitation", href=visit.link(f"/invitations/{show_id('invitation', one.invitation_id)}/revoke"),
        danger=True,
    )  # fmt: skip
    return (
        one.email,
        visit.w.label("role", one.role),
        Mark(
            visit.w.word(f"invitation_{state.value}"),
            _INVITATION_TONES[state],
            visit.w.hint(f"invitation_{state.value}"),
        ),
        one.invited_by,
        Instant(one.expires_at),
        Actions((revoke,) if state is InvitationState.OPEN else ()),
    )


@pages.post("/accounts/{account_id}/invitations", need=_WRITE, shows=members)
async def invite_member(visit: Visit) -> View | Response:
    new = await visit.services.people.invite(
        visit.principal, visit.account_id, visit.typed("email"), _typed_role(visit), _typed_language(visit)
    )
    if new.link is None:
        return visit.done(visit.link("/members"), "done_invited")
    return View(
        template="member_invited.html",
        title="member_invited",
        values={"new": new, "members_href": visit.link("/members")},
    )


@pages.post("/accounts/{account_id}/invitations/{invitation_id}/revoke", need=_WRITE)
async def revoke_invitation(visit: Visit) -> Response:
    await visit.services.people.revoke_invitation(
        visit.principal, visit.id_in_path("invitation", "invitation_id"), account_id=visit.account_id
    )
    return visit.done(visit.link("/members"), "done_invitation_revoked")


def _typed_role(visit: Visit) -> Role:
    role = visit.typed("role")
    if role not in tuple(Role):
        raise InputError(field="role", expected=", ".join(Role))
    return Role(role)


def _typed_language(visit: Visit) -> Language:
    language = visit.typed("language", visit.language)
    if language not in tuple(Language):
        raise InputError(field="language", expected=", ".join(Language))
    return Language(language)


# One of them.


@pages.get("/accounts/{account_id}/members/{member_id}", need=_READ)
async def member(visit: Visit) -> View:
    one = await _member(visit)
    person = await visit.services.people.of_member(one.member_id)
    shown_id = show_id("member", one.member_id)
    return View(
        template="member.html",
        title="member_one",
        title_values={"name": one.nickname or one.email},
        values={
            "member": one,
            "member_id": shown_id,
            "state": _state(visit, one),
            "is_active": one.status is MemberStatus.ACTIVE,
            "signs_in": person is not None,
            "has_totp": person is not None and person.has_totp,
            "roles": _roles(visit, present=one.role),
            "may_change": _may_change(visit) and (one.role is not Role.OWNER or _gives_ownership(visit)),
            "sees_spending": visit.may(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ),
        },
    )


async def _member(visit: Visit) -> Member:
    return await visit.services.members.member(visit.id_in_path("member", "member_id"), account_id=visit.account_id)


@pages.post("/accounts/{account_id}/members/{member_id}/role", need=_WRITE, shows=member)
async def set_member_role(visit: Visit) -> Response:
    one = await visit.services.people.set_role(
        visit.principal, visit.id_in_path("member", "member_id"), _typed_role(visit), account_id=visit.account_id
    )
    return visit.done(_address(visit, one), "done_role_set")


@pages.post("/accounts/{account_id}/members/{member_id}/disable", need=_WRITE, shows=member)
async def disable_member(visit: Visit) -> Response:
    one = await _changeable(visit)
    await visit.services.members.remove(one.member_id, by=visit.principal)
    return visit.done(_address(visit, one), "done_member_disabled")


@pages.post("/accounts/{account_id}/members/{member_id}/enable", need=_WRITE, shows=member)
async def enable_member(visit: Visit) -> Response:
    one = await _changeable(visit)
    await visit.services.members.restore(one.member_id, by=visit.principal)
    return visit.done(_address(visit, one), "done_member_enabled")


async def _changeable(visit: Visit) -> Member:
    """The member of the path, whom the visitor may let in and keep out."""
    one = await _member(visit)
    if one.role is Role.OWNER and not _gives_ownership(visit):
        raise Forbidden(code="permission_missing", permission=Own.ACCOUNT_WRITE.value)
    return one


def _address(visit: Visit, one: Member) -> str:
    return visit.link(f"/members/{show_id('member', one.member_id)}")
