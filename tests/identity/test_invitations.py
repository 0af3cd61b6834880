"""Invitations: to an account and to the staff, followed once, by whom they were meant for."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.invitations_model import InvitationState
from counterfoil.identity.model import MemberSettings
from counterfoil.identity.people_rules import INVITATION_MICROS
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from identity.lobby import OPERATOR, PASSWORD, Lobby, open_lobby

ADA = "ada@example.com"
BOB = "bob@example.com"


async def test_whoever_is_invited_becomes_a_member_with_that_role(lobby: Lobby) -> None:
    account_id = await lobby.open_account("Acme")
    owner = await lobby.member("owner@example.com", Role.OWNER, account_id=account_id)
    new = await lobby.identity.people.invite(owner.principal(), account_id, BOB, Role.BILLING_VIEWER, Language.ZH)
    assert new.link is None
    asked = await lobby.identity.people.invitation(lobby.box.token(BOB))
    assert (asked.account_name, asked.is_known, asked.invitation.invited_by) == ("Acme", False, owner.email)
    person = await lobby.identity.people.accept_invitation(lobby.box.token(BOB), PASSWORD, "Bob")
    assert person.membership is not None
    assert (person.membership.account_id, person.membership.role) == (account_id, Role.BILLING_VIEWER)
    assert (person.nickname, person.language) == ("Bob", Language.ZH)
    assert person.email_verified_at is not None
    (listed, *_) = await lobby.identity.people.invitations(account_id)
    assert listed.state(lobby.clock.now()) is InvitationState.ACCEPTED
    await lobby.sign_in(BOB)


async def test_an_invitation_followed_twice_at_once_makes_one_person(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    await lobby.identity.people.invite(OPERATOR, account_id, BOB, Role.ADMIN, Language.EN)
    token = lobby.box.token(BOB)
    outcomes = await asyncio.gather(
        *(lobby.identity.people.accept_invitation(token, PASSWORD, None) for _ in range(5)), return_exceptions=True
    )
    assert [type(one).__name__ for one in outcomes].count("Person") == 1
    assert {one.code for one in outcomes if isinstance(one, NotFound | Conflict | Forbidden)} <= {
        "link_not_valid", "sign_in_first",
    }  # fmt: skip
    assert len(await lobby.members.list(account_id=account_id)) == 1


async def test_two_invitations_of_one_address_followed_at_once_make_one_person(lobby: Lobby) -> None:
    first, second = await lobby.open_account("One"), await lobby.open_account("Two")
    tokens = []
    for account_id in (first, second):
        await lobby.identity.people.invite(OPERATOR, account_id, BOB, Role.ADMIN, Language.EN)
        tokens.append(lobby.box.token(BOB))
    outcomes = await asyncio.gather(
        *(lobby.identity.people.accept_invitation(token, PASSWORD, None) for token in tokens), return_exceptions=True
    )
    assert [type(one).__name__ for one in outcomes].count("Person") == 1
    assert len(await lobby.members.list()) == 1


async def test_an_invitation_and_a_registration_followed_at_once_make_one_person(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    await lobby.identity.people.register(BOB, PASSWORD, None, Language.EN)
    await lobby.identity.mails.wait()
    registered = lobby.box.token(BOB)
    await lobby.identity.people.invite(OPERATOR, account_id, BOB, Role.ADMIN, Language.EN)
    invited = lobby.box.token(BOB)
    outcomes = await asyncio.gather(
        lobby.identity.people.verify_email(registered),
        lobby.identity.people.accept_invitation(invited, PASSWORD, None),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in outcomes].count("Person") == 1
    assert len(await lobby.identity.people.list()) == 1


async def test_an_invitation_ends_when_it_is_revoked_or_old(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    first = await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
    await lobby.identity.people.revoke_invitation(OPERATOR, first.invitation.invitation_id)
    again = await lobby.identity.people.revoke_invitation(OPERATOR, first.invitation.invitation_id)
    assert again.state(lobby.clock.now()) is InvitationState.REVOKED
    await lobby.identity.people.invite(OPERATOR, account_id, BOB, Role.ADMIN, Language.EN)
    lobby.clock.advance(micros=INVITATION_MICROS)
    for email in (ADA, BOB):
        with pytest.raises(NotFound) as refused:
            await lobby.identity.people.accept_invitation(lobby.box.token(email), PASSWORD, None)
        assert refused.value.code == "link_not_valid"
        with pytest.raises(NotFound):
            await lobby.identity.people.invitation(lobby.box.token(email))


async def test_an_accepted_invitation_cannot_be_revoked(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    await lobby.member(ADA, Role.ADMIN, account_id=account_id)
    (accepted,) = await lobby.identity.people.invitations(account_id)
    with pytest.raises(Conflict):
        await lobby.identity.people.revoke_invitation(OPERATOR, accepted.invitation_id)


async def test_accepted_and_revoked_at_once_is_one_of_both(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    new = await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
    accepted, revoked = await asyncio.gather(
        lobby.identity.people.accept_invitation(lobby.box.token(ADA), PASSWORD, None),
        lobby.identity.people.revoke_invitation(OPERATOR, new.invitation.invitation_id),
        return_exceptions=True,
    )
    assert isinstance(accepted, BaseException) != isinstance(revoked, BaseException)


async def test_whoever_is_known_follows_an_invitation_in_their_own_session(lobby: Lobby) -> None:
    staff = await lobby.staff(ADA, StaffRole.SUPPORT)
    other = await lobby.staff(BOB, StaffRole.SUPPORT)
    account_id = await lobby.open_account()
    await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
    token = lobby.box.token(ADA)
    assert (await lobby.identity.people.invitation(token)).is_known
    strangers = (None, (await lobby.begin(other.person_id)).session)
    for session in strangers:
        with pytest.raises(Forbidden) as refused:
            await lobby.identity.people.accept_invitation(token, "a password of somebody", None, session=session)
        assert refused.value.code == "sign_in_first"
    session = (await lobby.begin(staff.person_id)).session
    person = await lobby.identity.people.accept_invitation(token, "", None, session=session)
    assert person.person_id == staff.person_id
    assert person.membership is not None
    assert person.membership.role is Role.ADMIN
    assert person.staff_roles == {StaffRole.SUPPORT}
    # The number that a member reads out is the person's.
    assert person.user_number == (await lobby.members.by_email(ADA)).user_number
    await lobby.sign_in(ADA)


async def test_a_person_is_on_one_account(lobby: Lobby) -> None:
    person = await lobby.member(ADA, Role.DEVELOPER)
    another = await lobby.open_account("Another")
    await lobby.identity.people.invite(OPERATOR, another, ADA, Role.OWNER, Language.EN)
    session = (await lobby.begin(person.person_id)).session
    with pytest.raises(Conflict) as refused:
        await lobby.identity.people.accept_invitation(lobby.box.token(ADA), "", None, session=session)
    assert refused.value.code == "member_elsewhere"


async def test_inviting_tells_nothing_about_other_accounts(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    admin = await lobby.member("admin@example.com", Role.ADMIN, account_id=account_id)
    await lobby.member(ADA, Role.OWNER)
    known = await lobby.identity.people.invite(admin.principal(), account_id, ADA, Role.ADMIN, Language.EN)
    unknown = await lobby.identity.people.invite(admin.principal(), account_id, BOB, Role.ADMIN, Language.EN)
    assert known.link is unknown.link is None
    with pytest.raises(Conflict):
        await lobby.identity.people.invite(admin.principal(), account_id, admin.email, Role.ADMIN, Language.EN)


async def test_a_member_who_was_added_or_removed_is_the_same_member_again(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    added = await lobby.members.add(account_id=account_id, settings=MemberSettings(email=ADA, nickname="Ada"))
    person = await lobby.member(ADA, Role.ADMIN, account_id=account_id)
    assert person.membership is not None
    assert (person.membership.member_id, person.nickname) == (added.member_id, "Ada")
    await lobby.members.remove(added.member_id)
    assert (await lobby.identity.people.person(person.person_id)).membership is None
    await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.DEVELOPER, Language.EN)
    session = (await lobby.begin(person.person_id)).session
    again = await lobby.identity.people.accept_invitation(lobby.box.token(ADA), "", None, session=session)
    assert again.membership is not None
    assert (again.membership.member_id, again.membership.role) == (added.member_id, Role.DEVELOPER)


# Who may invite whom.


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.OWNER, set(Role)),
        (Role.ADMIN, set(Role) - {Role.OWNER}),
        (Role.DEVELOPER, set()),
        (Role.BILLING_VIEWER, set()),
    ],
)
async def test_only_owners_invite_owners_and_only_those_who_manage_members_invite(
    lobby: Lobby, role: Role, may: set[Role]
) -> None:
    account_id = await lobby.open_account()
    inviter = await lobby.member("inviter@example.com", role, account_id=account_id)
    for number, wanted in enumerate(Role):
        invited = lobby.identity.people.invite(
            inviter.principal(), account_id, f"n{number}@example.com", wanted, Language.EN
        )
        if wanted in may:
            await invited
            continue
        with pytest.raises(Forbidden) as refused:
            await invited
        assert refused.value.code == "permission_missing"
    with pytest.raises(Forbidden):
        await lobby.identity.people.invite(
            inviter.principal(), await lobby.open_account("Other"), ADA, Role.DEVELOPER, Language.EN
        )


@pytest.mark.parametrize("role", list(StaffRole))
async def test_only_administrators_invite_staff(lobby: Lobby, role: StaffRole) -> None:
    inviter = await lobby.staff("inviter@example.com", role)
    invited = lobby.identity.people.invite_staff(inviter.principal(), ADA, [StaffRole.SUPPORT], Language.EN)
    if role is StaffRole.ADMINISTRATOR:
        await invited
    else:
        with pytest.raises(Forbidden):
            await invited
    narrowed = Principal(name="token", staff_roles=frozenset(StaffRole), scopes=frozenset({"accounts.read"}))
    with pytest.raises(Forbidden):
        await lobby.identity.people.invite_staff(narrowed, BOB, [StaffRole.ADMINISTRATOR], Language.EN)


async def test_another_accounts_invitation_is_not_found(lobby: Lobby) -> None:
    account_id, other = await lobby.open_account(), await lobby.open_account("Other")
    new = await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
    with pytest.raises(NotFound):
        await lobby.identity.people.revoke_invitation(OPERATOR, new.invitation.invitation_id, account_id=other)
    assert await lobby.identity.people.invitations(other) == []


async def test_staff_need_a_role_and_an_account_must_exist(lobby: Lobby) -> None:
    with pytest.raises(InputError):
        await lobby.identity.people.invite_staff(OPERATOR, ADA, [], Language.EN)
    with pytest.raises(NotFound) as refused:
        await lobby.identity.people.invite(OPERATOR, lobby.clock.new_id(), ADA, Role.ADMIN, Language.EN)
    assert refused.value.code == "account_not_found"


# Mails.


async def test_a_mail_that_is_not_taken_revokes_the_invitation(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    lobby.box.takes = False
    with pytest.raises(Unavailable) as refused:
        await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
    assert refused.value.code == "mail_not_sent"
    (invitation,) = await lobby.identity.people.invitations(account_id)
    assert invitation.state(lobby.clock.now()) is InvitationState.REVOKED


async def test_without_a_mail_server_the_link_is_handed_on_and_shows_no_address(
    database: Database, clock: ManualClock, data_directory: DataDirectory
) -> None:
    async with open_lobby(database, clock, data_directory) as lobby:
        lobby.identity.mails._mailer = None
        account_id = await lobby.open_account()
        new = await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
        assert new.link is not None
        assert new.link not in repr(new)
        token = new.link.rpartition("/")[2]
        person = await lobby.identity.people.accept_invitation(token, PASSWORD, None)
        assert person.email_verified_at is None
