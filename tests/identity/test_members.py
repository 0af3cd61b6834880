"""Members: who may be added, how they are found, and what is left of those who have gone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.identity.model import Member, MemberSettings, MemberStatus
from counterfoil.identity.rules import normalise_email
from counterfoil.identity.service import Members
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.storage.database import Database


@pytest.fixture
async def account_id(database: Database, clock: ManualClock) -> UUID:
    ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
    return (await ledger.open_account(name="Acme")).account_id


@pytest.fixture
def members(database: Database, clock: ManualClock) -> Members:
    return Members(database, clock=clock)


async def _add(members: Members, account_id: UUID, email: str, nickname: str | None = None) -> Member:
    return await members.add(account_id=account_id, settings=MemberSettings(email=email, nickname=nickname))


async def test_a_member_is_found_by_id_address_number_and_nickname(members: Members, account_id: UUID) -> None:
    ada = await _add(members, account_id, " Ada@Example.COM ", "小艾")
    assert ada.email == "Ada@example.com"
    for text in (show_id("member", ada.member_id), "ada@example.com", "ADA@EXAMPLE.com", str(ada.user_number), "小艾"):
        assert await members.find(text) == [ada], text
    assert await members.find(f"#{ada.user_number}") == [ada]


async def test_nicknames_may_be_shared_and_all_who_have_one_are_found(members: Members, account_id: UUID) -> None:
    first = await _add(members, account_id, "a@example.com", "Sam")
    second = await _add(members, account_id, "b@example.com", "sam")
    assert await members.find("SAM") == [first, second]


async def test_user_numbers_grow_over_the_whole_installation(
    members: Members, account_id: UUID, database: Database, clock: ManualClock
) -> None:
    other = (await Ledger(database, clock=clock, guard_factory=NoGuard).open_account(name="Other")).account_id
    numbers = [(await _add(members, account, f"m{n}@example.com")).user_number for n, account in
               enumerate((account_id, other, account_id))]  # fmt: skip
    assert numbers == sorted(set(numbers))


async def test_a_digit_nickname_does_not_hide_the_member_of_that_number(members: Members, account_id: UUID) -> None:
    numbered = await _add(members, account_id, "a@example.com")
    named = await _add(members, account_id, "b@example.com", str(numbered.user_number))
    assert await members.find(str(numbered.user_number)) == [numbered, named]


async def test_an_address_belongs_to_one_member_of_the_installation(
    members: Members, account_id: UUID, database: Database, clock: ManualClock
) -> None:
    other = (await Ledger(database, clock=clock, guard_factory=NoGuard).open_account(name="Other")).account_id
    await _add(members, account_id, "ada@example.com")
    with pytest.raises(Conflict):
        await _add(members, other, "ADA@Example.com")


async def test_an_address_cannot_be_changed_to_another_members(members: Members, account_id: UUID) -> None:
    await _add(members, account_id, "ada@example.com")
    bob = await _add(members, account_id, "bob@example.com")
    with pytest.raises(Conflict):
        await members.update(bob.member_id, lambda settings: replace(settings, email="ada@example.com"))
    changed = await members.update(bob.member_id, lambda settings: replace(settings, nickname="Bob"))
    assert (changed.email, changed.nickname) == ("bob@example.com", "Bob")
    assert await members.member(bob.member_id) == changed


async def test_a_removed_member_stays_on_record_and_can_come_back(members: Members, account_id: UUID) -> None:
    ada = await _add(members, account_id, "ada@example.com")
    assert (await members.remove(ada.member_id)).status is MemberStatus.DISABLED
    assert (await members.by_email("ada@example.com")).status is MemberStatus.DISABLED
    with pytest.raises(Conflict):
        await _add(members, account_id, "ada@example.com")
    assert await members.restore(ada.member_id) == ada


async def test_a_member_needs_an_account(members: Members) -> None:
    with pytest.raises(NotFound) as refused:
        await _add(members, UUID(int=7), "ada@example.com")
    assert refused.value.code == "account_not_found"


async def test_another_accounts_member_is_not_found(members: Members, account_id: UUID) -> None:
    ada = await _add(members, account_id, "ada@example.com")
    with pytest.raises(NotFound):
        await members.member(ada.member_id, account_id=UUID(int=7))


async def test_members_are_listed_page_by_page(members: Members, account_id: UUID) -> None:
    added = [await _add(members, account_id, f"m{number}@example.com") for number in range(5)]
    assert {member.member_id for member in await members.list(account_id=account_id)} == {m.member_id for m in added}
    first = await members.list(account_id=account_id, at_most=2)
    rest = await members.list(account_id=account_id, after=first[-1].member_id)
    assert len(first) == 2
    assert [*first, *rest] == sorted(added, key=lambda member: member.member_id)
    assert await members.list(account_id=UUID(int=7)) == []


@pytest.mark.parametrize("text", ["", "nobody", "no\x00body", "no\x00body@example.com", "9" * 30, "mem_" + "0" * 32])
async def test_whoever_does_not_exist_is_not_found(members: Members, account_id: UUID, text: str) -> None:
    assert await members.find(text) == []


@pytest.mark.parametrize(
    "email",
    ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@exam ple.com", "ada@-x.com", "a@b@c.com", "ada@x..com",
     "a" * 65 + "@example.com", "a@" + "b" * 260 + ".com", "ada\n@example.com", "<ada@example.com>"],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InputError) as refused:
        normalise_email(email)
    assert refused.value.parameters["field"] == "email"


@given(st.emails())
def test_normalising_an_address_twice_changes_nothing_more(email: str) -> None:
    try:
        once = normalise_email(email)
    except InputError:
        # Quoted and bracketed forms, which no provider gives to people.
        return
    assert normalise_email(once) == once
    assert once.lower() == email.strip().lower()
