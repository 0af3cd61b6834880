"""Looking after people: roles that cannot all be given away, profiles, finding, and the first administrator."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from itertools import pairwise

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.first_administrator import FILE_NAME
from counterfoil.identity.model import MemberStatus
from counterfoil.identity.people_model import PersonStatus, Theme
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from identity.lobby import OPERATOR, PASSWORD, PUBLIC_URL, Lobby, open_lobby

ADA = "ada@example.com"
BOB = "bob@example.com"


# Roles.


async def test_the_last_owner_stays(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    ada = await lobby.member(ADA, Role.OWNER, account_id=account_id)
    assert ada.membership is not None
    for change in (
        lobby.identity.people.set_role(OPERATOR, ada.membership.member_id, Role.ADMIN),
        lobby.members.remove(ada.membership.member_id),
    ):
        with pytest.raises(Conflict) as refused:
            await change
        assert refused.value.code == "last_owner_stays"
    await lobby.identity.people.set_role(OPERATOR, ada.membership.member_id, Role.OWNER)
    await lobby.member(BOB, Role.OWNER, account_id=account_id)
    await lobby.identity.people.set_role(OPERATOR, ada.membership.member_id, Role.DEVELOPER)
    changed = await lobby.identity.people.person(ada.person_id)
    assert changed.membership == replace(ada.membership, role=Role.DEVELOPER)


@pytest.mark.parametrize("round_", range(3))
async def test_two_owners_who_take_it_from_each_other_at_once_leave_one(lobby: Lobby, round_: int) -> None:
    account_id = await lobby.open_account()
    owners = [await lobby.member(email, Role.OWNER, account_id=account_id) for email in (ADA, BOB, "cleo@example.com")]
    ids = [one.membership.member_id for one in owners if one.membership is not None]
    changes = [lobby.identity.people.set_role(OPERATOR, member_id, Role.ADMIN) for member_id in ids]
    changes[round_] = lobby.members.remove(ids[round_])
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "Member", "Member"]
    active = [one for one in await lobby.members.list(account_id=account_id) if one.status is MemberStatus.ACTIVE]
    assert [one.role for one in active].count(Role.OWNER) == 1


async def test_an_admin_changes_members_and_no_owners(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    owner = await lobby.member(ADA, Role.OWNER, account_id=account_id)
    await lobby.member("o2@example.com", Role.OWNER, account_id=account_id)
    admin = await lobby.member(BOB, Role.ADMIN, account_id=account_id)
    developer = await lobby.member("dev@example.com", Role.DEVELOPER, account_id=account_id)
    assert owner.membership is not None
    assert admin.membership is not None
    assert developer.membership is not None
    people = lobby.identity.people
    await people.set_role(admin.principal(), developer.membership.member_id, Role.BILLING_VIEWER)
    for by, member_id, role in (
        (admin, owner.membership.member_id, Role.DEVELOPER),
        (admin, admin.membership.member_id, Role.OWNER),
        (developer, developer.membership.member_id, Role.ADMIN),
    ):
        with pytest.raises(Forbidden) as refused:
            await people.set_role(by.principal(), member_id, role)
        assert refused.value.code == "permission_missing"
    with pytest.raises(Forbidden):
        await lobby.members.remove(owner.membership.member_id, by=admin.principal())
    with pytest.raises(Forbidden):
        await lobby.members.remove(admin.membership.member_id, by=developer.principal())
    await lobby.members.remove(owner.membership.member_id, by=OPERATOR)
    with pytest.raises(Forbidden):
        await lobby.members.restore(owner.membership.member_id, by=admin.principal())
    await lobby.members.restore(owner.membership.member_id, by=OPERATOR)
    stranger = await lobby.member("stranger@example.com", Role.OWNER)
    with pytest.raises(Forbidden):
        await people.set_role(stranger.principal(), developer.membership.member_id, Role.ADMIN)
    with pytest.raises(NotFound):
        await people.set_role(OPERATOR, developer.membership.member_id, Role.ADMIN, account_id=lobby.clock.new_id())


async def test_an_address_that_somebody_signs_in_with_is_not_for_admins_to_change(lobby: Lobby) -> None:
    person = await lobby.member(ADA, Role.OWNER)
    assert person.membership is not None
    member_id = person.membership.member_id
    with pytest.raises(Conflict) as refused:
        await lobby.members.update(member_id, lambda settings: replace(settings, email="mallory@example.com"))
    assert refused.value.code == "member_signs_in"
    await lobby.members.update(member_id, lambda settings: replace(settings, nickname="Ada L."))
    assert (await lobby.identity.people.person(person.person_id)).nickname == "Ada L."
    changed = await lobby.identity.people.change_email(OPERATOR, person.person_id, "ada.l@example.com")
    assert (changed.email, changed.email_verified_at) == ("ada.l@example.com", None)
    assert (await lobby.members.member(member_id)).email == "ada.l@example.com"
    await lobby.register(BOB)
    with pytest.raises(Conflict):
        await lobby.identity.people.change_email(OPERATOR, person.person_id, "BOB@example.com")


async def test_the_last_administrator_stays(lobby: Lobby) -> None:
    ada = await lobby.staff(ADA, StaffRole.ADMINISTRATOR, StaffRole.SUPPORT)
    for change in (
        lobby.identity.people.set_staff_roles(OPERATOR, ada.person_id, [StaffRole.SUPPORT]),
        lobby.identity.people.disable(OPERATOR, ada.person_id),
    ):
        with pytest.raises(Conflict) as refused:
            await change
        assert refused.value.code == "last_administrator_stays"
    await lobby.staff(BOB, StaffRole.ADMINISTRATOR)
    assert (await lobby.identity.people.disable(OPERATOR, ada.person_id)).status is PersonStatus.DISABLED


async def test_two_administrators_who_disable_each_other_at_once_leave_one(lobby: Lobby) -> None:
    ada, bob = [await lobby.staff(email, StaffRole.ADMINISTRATOR) for email in (ADA, BOB)]
    outcomes = await asyncio.gather(
        lobby.identity.people.disable(ada.principal(), bob.person_id),
        lobby.identity.people.set_staff_roles(bob.principal(), ada.person_id, []),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["Conflict", "Person"]


async def test_only_administrators_look_after_people(lobby: Lobby) -> None:
    person = await lobby.register(ADA)
    people = lobby.identity.people
    for role in set(StaffRole) - {StaffRole.ADMINISTRATOR}:
        by = Principal(name="somebody", staff_roles=frozenset({role}))
        for refusal in (
            people.set_staff_roles(by, person.person_id, [StaffRole.ADMINISTRATOR]),
            people.disable(by, person.person_id), people.enable(by, person.person_id),
            people.change_email(by, person.person_id, BOB), people.remove_second_factor(by, person.person_id),
        ):  # fmt: skip
            with pytest.raises(Forbidden):
                await refusal
    with pytest.raises(Forbidden):
        await people.set_staff_roles(person.principal(), person.person_id, [StaffRole.ADMINISTRATOR])


async def test_a_disabled_person_may_do_nothing(lobby: Lobby) -> None:
    person = await lobby.member(ADA, Role.OWNER)
    disabled = await lobby.identity.people.disable(OPERATOR, person.person_id)
    assert disabled.principal() == Principal(name=ADA, person_id=person.person_id)


# Finding and profiles.


async def test_people_are_found_by_everything_that_names_them(lobby: Lobby) -> None:
    ada = await lobby.register(ADA, nickname="小艾")
    assert ada.membership is not None
    find = lobby.identity.people.find
    for text in (
        show_id("person", ada.person_id), show_id("member", ada.membership.member_id), "ADA@example.com",
        f"#{ada.user_number}", str(ada.user_number), " 小艾 ",
    ):  # fmt: skip
        assert await find(text) == [ada], text
    for text in ("", "nobody", "no\x00body", "9" * 30, "prsn_" + "0" * 32, "acct_" + "0" * 32, "x@y.z"):
        assert await find(text) == [], text


async def test_staff_have_numbers_of_the_same_row(lobby: Lobby) -> None:
    numbers = [
        (await lobby.register(ADA)).user_number,
        (await lobby.add("staff@example.com", StaffRole.SUPPORT)).user_number,
        (await lobby.register(BOB)).user_number,
    ]
    assert all(first < second for first, second in pairwise(numbers))


async def test_people_are_listed_page_by_page(lobby: Lobby) -> None:
    ada = await lobby.register(ADA)
    staff = [await lobby.add(f"s{number}@example.com", StaffRole.SUPPORT) for number in range(3)]
    everybody = await lobby.identity.people.list()
    assert [one.person_id for one in everybody] == sorted(one.person_id for one in everybody)
    assert len(everybody) == 4
    first = await lobby.identity.people.list(None, 2)
    assert [*first, *(await lobby.identity.people.list(first[-1].person_id, 5))] == everybody
    assert ada.membership is not None
    assert await lobby.identity.people.list(account_id=ada.membership.account_id) == [ada]
    assert {one.person_id for one in await lobby.identity.people.list(staff=True)} == {one.person_id for one in staff}


async def test_what_is_not_given_of_a_profile_stays(lobby: Lobby) -> None:
    ada = await lobby.register(ADA, nickname="Ada")
    people = lobby.identity.people
    changed = await people.update_profile(
        ada.person_id, language=Language.ZH, time_zone="Asia/Shanghai", theme=Theme.DARK
    )
    assert (changed.nickname, changed.language, changed.time_zone, changed.theme) == (
        "Ada", Language.ZH, "Asia/Shanghai", Theme.DARK,
    )  # fmt: skip
    changed = await people.update_profile(ada.person_id, nickname=" ", language=None, time_zone=None)
    assert (changed.nickname, changed.language, changed.time_zone, changed.theme) == (None, None, None, Theme.DARK)
    assert await people.person(ada.person_id) == changed
    assert (await lobby.members.by_email(ADA)).nickname is None
    for wrong in ({"time_zone": "Mars/Olympus"}, {"nickname": "x" * 121}):
        with pytest.raises(InputError):
            await people.update_profile(ada.person_id, **wrong)


async def test_whoever_does_not_exist_is_not_found(lobby: Lobby) -> None:
    nobody = lobby.clock.new_id()
    people = lobby.identity.people
    for asked in (
        people.person(nobody), people.disable(OPERATOR, nobody), people.set_staff_roles(OPERATOR, nobody, []),
        people.set_role(OPERATOR, nobody, Role.ADMIN), people.update_profile(nobody), people.reset_link(OPERATOR, nobody),
        lobby.identity.sessions.end_all(nobody), lobby.begin(nobody),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await asked
    assert await people.of_member(nobody) is None


# The first administrator.


async def test_the_first_start_shows_a_link_and_every_start_the_same_one(lobby: Lobby) -> None:
    link = await lobby.identity.people.first_administrator_link()
    assert link is not None
    assert link.startswith(f"{PUBLIC_URL}/console/welcome/")
    assert await lobby.identity.people.first_administrator_link() == link
    path = lobby.data_directory.path / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = link.rpartition("/")[2]
    await lobby.identity.people.check_first_link(token)
    made = await lobby.identity.people.accept_first_link(token, ADA, PASSWORD, "Ada")
    assert made.staff_roles == {StaffRole.ADMINISTRATOR}
    assert not path.exists()
    assert await lobby.identity.people.first_administrator_link() is None
    for again in (
        lobby.identity.people.accept_first_link(token, BOB, PASSWORD, None),
        lobby.identity.people.check_first_link(token),
    ):
        with pytest.raises(NotFound) as refused:
            await again
        assert refused.value.code == "link_not_valid"
    await lobby.sign_in(ADA)


async def test_of_many_who_follow_the_link_at_once_one_becomes_administrator(
    lobby: Lobby, database_url: str, clock: ManualClock
) -> None:
    # Two hosts of one installation have a link each.
    elsewhere = DataDirectory(lobby.data_directory.path.parent / "another-host")
    async with await Database.open(database_url) as another, open_lobby(another, clock, elsewhere) as beside:
        links = [await one.identity.people.first_administrator_link() for one in (lobby, beside)]
        assert links[0] != links[1]
        accepts = [
            one.identity.people.accept_first_link(
                str(link).rpartition("/")[2], f"n{number}@example.com", PASSWORD, None
            )
            for number, (one, link) in enumerate(zip((lobby, beside) * 3, links * 3, strict=True))
        ]
        outcomes = await asyncio.gather(*accepts, return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NotFound"] * 5 + ["Person"]
    assert len(await lobby.identity.people.list()) == 1


async def test_an_administrator_without_a_way_to_sign_in_is_none(lobby: Lobby) -> None:
    await lobby.add(ADA, StaffRole.ADMINISTRATOR)
    link = await lobby.identity.people.first_administrator_link()
    assert link is not None
    with pytest.raises(Conflict):
        await lobby.identity.people.accept_first_link(link.rpartition("/")[2], ADA, PASSWORD, None)
    await lobby.identity.people.accept_first_link(link.rpartition("/")[2], BOB, PASSWORD, None)


async def test_a_made_up_link_makes_nobody(lobby: Lobby) -> None:
    for token in ("", "x", "x" * 43, "x" * 1000, "\ud800"):
        with pytest.raises(NotFound):
            await lobby.identity.people.accept_first_link(token, ADA, PASSWORD, None)
    assert await lobby.identity.people.list() == []
