"""`counterfoil people`: who may sign in, as what, and what is on record of them."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import Most, OfAccount, account_id_of, find_account, read_optional_id
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.cli.people_views import event_json, invitation_json, person_json, session_json, token_json
from counterfoil.cli.services import Services
from counterfoil.cli.views import member_json
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Kind, Language, find_entry
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.people_model import Person

# Whoever may use the data directory, or has the database's address, may do everything.
OPERATOR = Principal(name="operator", is_operator=True)

Who = Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, user number, nickname or id (prsn_…).")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit trail.")]
Before = Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one.")]
_PEOPLE = (Column(name="number", right=True), "e-mail", "nickname", "role", "staff", "status", "person", "account")
_INVITATIONS = ("invitation", "e-mail", "as", "state", "by", "until")


async def list_people(
    call: Call,
    account: OfAccount = None,
    staff: Annotated[bool, typer.Option("--staff", help="Only those with staff roles.")] = False,
    most: Most = 100,
    after: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before (prsn_…).")] = None,
) -> Answer:
    """List people who may sign in: all, those of an account, or the staff."""
    async with call.services() as services:
        found = await services.people.list(
            read_optional_id("person", after), most + 1, account_id=await account_id_of(services, account), staff=staff
        )
    page = found[:most]
    following = show_id("person", page[-1].person_id) if len(found) > most else None
    return Answer(
        data={"people": [person_json(person) for person in page], "next": following},
        lines=table(_PEOPLE, map(_row, page), empty="Nobody yet: counterfoil people administrator-link"),
    )


async def show(call: Call, who: Who) -> Answer:
    """Show somebody, by e-mail address, user number, nickname or id."""
    async with call.services() as services:
        return _answer(await _find_one(services, who))


async def invite(
    call: Call,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whom to invite.")],
    account: Annotated[
        str | None, typer.Option("--account", metavar="ACCOUNT", help="To this account (name or id).")
    ] = None,
    role: Annotated[Role, typer.Option("--role", help="What they are on the account.")] = Role.DEVELOPER,
    staff: Annotated[
        list[StaffRole] | None, typer.Option("--staff", help="Instead of an account: a staff role; repeatable.")
    ] = None,
    mail_language: Annotated[
        Language | None, typer.Option("--mail-language", help="Of the mail.", show_default="yours")
    ] = None,
) -> Answer:
    """Invite somebody to an account or to the staff; without a mail server, the answer has the link to hand on."""
    if (account is None) == (not staff):
        raise InputError(field="account", expected="either --account or --staff")
    language = mail_language or call.language
    async with call.services() as services:
        if account is not None:
            account_id = (await find_account(services, account)).account_id
            new = await services.people.invite(OPERATOR, account_id, email, role, language)
        else:
            new = await services.people.invite_staff(OPERATOR, email, staff or [], language)
        shown = invitation_json(new.invitation, now=services.clock.now())
    lines = fields(
        {
            "invitation": shown["invitation_id"],
            "e-mail": shown["email"],
            "as": shown["role"] or ", ".join(shown["staff_roles"]),
            "until": moment(new.invitation.expires_at),
            "link": new.link or "sent by mail",
        }
    )
    return Answer(data=shown | {"link": new.link}, lines=lines)


async def invitations(call: Call, account: OfAccount = None, most: Most = 50, before: Before = None) -> Answer:
    """List invitations to the staff, or with --account to an account, newest first."""
    async with call.services() as services:
        found = await services.people.invitations(
            await account_id_of(services, account), before=read_optional_id("invitation", before), at_most=most + 1
        )
        now = services.clock.now()
    page = found[:most]
    rows = [
        (
            show_id("invitation", one.invitation_id), one.email, one.role or ", ".join(sorted(one.staff_roles)),
            one.state(now), one.invited_by, moment(one.expires_at),
        )
        for one in page
    ]  # fmt: skip
    following = show_id("invitation", page[-1].invitation_id) if len(found) > most else None
    return Answer(
        data={"invitations": [invitation_json(one, now=now) for one in page], "next": following},
        lines=table(_INVITATIONS, rows, empty="No invitations."),
    )


async def revoke_invitation(
    call: Call,
    invitation: Annotated[str, typer.Argument(metavar="INVITATION", help="The invitation's id (invt_…).")],
) -> Answer:
    """Take back an invitation that nobody has followed."""
    async with call.services() as services:
        revoked = await services.people.revoke_invitation(OPERATOR, read_id("invitation", invitation))
        shown = invitation_json(revoked, now=services.clock.now())
    return Answer(data=shown, lines=fields({"invitation": shown["invitation_id"], "state": shown["state"]}))


async def set_roles(
    call: Call,
    who: Who,
    roles: Annotated[
        list[StaffRole] | None, typer.Argument(metavar="[ROLE]…", help="All that they are from now on; none: no staff.")
    ] = None,
) -> Answer:
    """Say what somebody is on the staff: support, engineering, operations, finance, editor, administrator."""
    async with call.services() as services:
        person = await _find_one(services, who)
        return _answer(await services.people.set_staff_roles(OPERATOR, person.person_id, roles or []))


async def set_role(
    call: Call,
    who: Annotated[
        str, typer.Argument(metavar="WHO", help="A member's e-mail address, user number, nickname or id (mem_…).")
    ],
    role: Annotated[Role, typer.Argument(help="What they are on their account.")],
) -> Answer:
    """Say what a member is on their account; the last owner stays."""
    async with call.services() as services:
        found = await services.members.find(who)
        if len(found) != 1:
            raise _unclear("member", who, len(found))
        member = await services.people.set_role(OPERATOR, found[0].member_id, role)
    lines = fields({"number": member.user_number, "e-mail": member.email, "role": member.role})
    return Answer(data=member_json(member), lines=lines)


async def change_email(
    call: Call, who: Who, email: Annotated[str, typer.Argument(metavar="EMAIL", help="The new address.")]
) -> Answer:
    """Give somebody another address to sign in with."""
    async with call.services() as services:
        person = await _find_one(services, who)
        return _answer(await services.people.change_email(OPERATOR, person.person_id, email))


async def disable(call: Call, who: Who, reason: Reason = None) -> Answer:
    """Keep somebody from signing in: sessions end, tokens are not taken."""
    async with call.services() as services:
        person = await _find_one(services, who)
        return _answer(await services.people.disable(OPERATOR, person.person_id, why=reason))


async def enable(call: Call, who: Who, reason: Reason = None) -> Answer:
    """Undo `disable`."""
    async with call.services() as services:
        person = await _find_one(services, who)
        return _answer(await services.people.enable(OPERATOR, person.person_id, why=reason))


async def reset_link(call: Call, who: Who) -> Answer:
    """Make a link by which somebody chooses a new password, within an hour; hand it to nobody else."""
    async with call.services() as services:
        person = await _find_one(services, who)
        link = await services.people.reset_link(OPERATOR, person.person_id)
    return Answer(data={"email": person.email, "link": link}, lines=[link])


async def remove_second_factor(call: Call, who: Who, reason: Reason = None) -> Answer:
    """Take the second factor from somebody who has lost phone and recovery codes."""
    async with call.services() as services:
        person = await _find_one(services, who)
        return _answer(await services.people.remove_second_factor(OPERATOR, person.person_id, why=reason))


async def sessions(call: Call, who: Who) -> Answer:
    """List where somebody is signed in."""
    async with call.services() as services:
        found = await services.sessions.of_person((await _find_one(services, who)).person_id)
    rows = [
        (show_id("session", one.session_id), one.device, one.client_address, moment(one.created_at), moment(one.last_used_at))
        for one in found
    ]  # fmt: skip
    columns = ("session", "device", "address", "since", "last used")
    return Answer(
        data={"sessions": [session_json(one) for one in found]}, lines=table(columns, rows, empty="Signed in nowhere.")
    )


async def end_sessions(call: Call, who: Who) -> Answer:
    """Sign somebody out everywhere."""
    async with call.services() as services:
        person = await _find_one(services, who)
        ended = await services.sessions.end_all(person.person_id, by=OPERATOR)
    return Answer(data={"ended": ended}, lines=fields({"e-mail": person.email, "sessions ended": ended}))


async def tokens(call: Call, who: Who, most: Most = 100, before: Before = None) -> Answer:
    """List somebody's tokens for programs, newest first, by their masks."""
    async with call.services() as services:
        person = await _find_one(services, who)
        found = await services.tokens.list(person.person_id, before=read_optional_id("token", before), at_most=most + 1)
        now = services.clock.now()
    page = found[:most]
    rows = [
        (
            show_id("token", one.token_id), one.name, one.mask, "active" if one.is_active(now) else "ended",
            sorted(one.scopes), moment(one.expires_at), moment(one.last_used_at),
        )
        for one in page
    ]  # fmt: skip
    columns = ("token", "name", "mask", "state", "scopes", "until", "last used")
    following = show_id("token", page[-1].token_id) if len(found) > most else None
    return Answer(
        data={"tokens": [token_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No tokens."),
    )


async def revoke_token(
    call: Call, token: Annotated[str, typer.Argument(metavar="TOKEN", help="The token's id (rtok_…).")]
) -> Answer:
    """End a token; it is refused from now on."""
    async with call.services() as services:
        revoked = await services.tokens.revoke(read_id("token", token), by=OPERATOR)
    shown = {"token": show_id("token", revoked.token_id), "mask": revoked.mask, "revoked": moment(revoked.revoked_at)}
    return Answer(data=token_json(revoked), lines=fields(shown))


async def administrator_link(call: Call) -> Answer:
    """Show the link that makes the first administrator; there is none once one can sign in."""
    async with call.services() as services:
        link = await services.people.first_administrator_link()
    return Answer(data={"link": link}, lines=[link or "An administrator can sign in already."])


async def audit(
    call: Call,
    account: OfAccount = None,
    person: Annotated[str | None, typer.Option("--person", metavar="WHO", help="Only what this person did.")] = None,
    most: Most = 50,
    before: Before = None,
) -> Answer:
    """List who saw or did what, and why, newest first."""
    async with call.services() as services:
        person_id = None if person is None else (await _find_one(services, person)).person_id
        found = await services.audit.list(
            account_id=await account_id_of(services, account), person_id=person_id,
            before=read_optional_id("audit_event", before), at_most=most + 1,
        )  # fmt: skip
    page = found[:most]
    rows = [
        (
            moment(one.at), one.by, one.kind, _what(one.what, call.language), one.subject,
            None if one.account_id is None else show_id("account", one.account_id), one.why,
        )
        for one in page
    ]  # fmt: skip
    columns = ("when", "who", "", "what", "which", "account", "why")
    following = show_id("audit_event", page[-1].event_id) if len(found) > most else None
    return Answer(
        data={"events": [event_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="Nothing yet."),
    )


def _what(what: str, language: Language) -> str:
    words = find_entry(Kind.AUDIT_EVENT, what)
    return what if words is None else words.label[language]


async def _find_one(services: Services, who: str) -> Person:
    found = await services.people.find(who)
    if len(found) != 1:
        raise _unclear("person", who, len(found))
    return found[0]


def _unclear(what: str, who: str, count: int) -> NotFound | Conflict:
    if count == 0:
        return NotFound(code="person_not_found", person=who[:100])
    return Conflict(what=what, given=who[:100], reason="several are called so: use the number or the id")


def _row(person: Person) -> tuple[object, ...]:
    membership = person.membership
    return (
        person.user_number, person.email, person.nickname, membership and membership.role, sorted(person.staff_roles),
        person.status, show_id("person", person.person_id), membership and show_id("account", membership.account_id),
    )  # fmt: skip


def _answer(person: Person) -> Answer:
    membership = person.membership
    shown = {
        "number": person.user_number,
        "e-mail": person.email,
        "nickname": person.nickname,
        "status": person.status,
        "account": membership and show_id("account", membership.account_id),
        "role": membership and membership.role,
        "staff": sorted(person.staff_roles),
        "password": person.has_password,
        "second factor": person.has_totp,
        "verified": moment(person.email_verified_at),
        "person": show_id("person", person.person_id),
        "created": moment(person.created_at),
    }
    return Answer(data=person_json(person), lines=fields(shown))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="people", panel=SET_UP, summary="Who may sign in, as what, and the record of it."
    )
    commands.add("list", list_people)
    commands.add("show", show)
    commands.add("invite", invite)
    commands.add("invitations", invitations)
    commands.add("revoke-invitation", revoke_invitation)
    commands.add("set-roles", set_roles)
    commands.add("set-role", set_role)
    commands.add("change-email", change_email)
    commands.add("disable", disable)
    commands.add("enable", enable)
    commands.add("reset-link", reset_link)
    commands.add("remove-second-factor", remove_second_factor)
    commands.add("sessions", sessions)
    commands.add("end-sessions", end_sessions)
    commands.add("tokens", tokens)
    commands.add("revoke-token", revoke_token)
    commands.add("administrator-link", administrator_link)
    commands.add("audit", audit)
