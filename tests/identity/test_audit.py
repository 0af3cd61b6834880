"""The audit trail: who saw or did what, once an hour or each time, and never changed afterwards."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole
from counterfoil.identity.audit_model import AuditEventKind, AuditKind
from identity.lobby import OPERATOR, Lobby

ADA = "ada@example.com"
HOUR = 3_600_000_000


async def test_looking_at_the_same_within_an_hour_leaves_one_row(lobby: Lobby) -> None:
    audit, account_id = lobby.identity.audit, await lobby.open_account()
    ada = (await lobby.add(ADA, StaffRole.SUPPORT)).principal()
    for _ in range(3):
        await audit.saw(ada, account_id, "page_overview", client_address="192.0.2.7")
        lobby.clock.advance(seconds=1_000)
    assert len(await audit.list(account_id=account_id)) == 1
    await audit.saw(ada, account_id, "page_requests")
    lobby.clock.advance(micros=1)
    await audit.saw(OPERATOR, account_id, "page_overview")
    await audit.saw(ada, await lobby.open_account("Other"), "page_overview")
    lobby.clock.advance(seconds=600)
    # An hour after the first one, though it is of the next hour on the clock.
    await audit.saw(ada, account_id, "page_overview", "ticket 12")
    events = await audit.list(account_id=account_id)
    assert [(event.by, event.what, event.why) for event in events] == [
        (ADA, "page_overview", "ticket 12"),
        ("operator", "page_overview", None),
        (ADA, "page_requests", None),
        (ADA, "page_overview", None),
    ]
    assert {event.kind for event in events} == {AuditKind.SAW}
    assert events[-1].client_address == "192.0.2.7"


async def test_looking_at_once_leaves_one_row(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    await asyncio.gather(*(lobby.identity.audit.saw(OPERATOR, account_id, "page_overview") for _ in range(8)))
    assert len(await lobby.identity.audit.list(account_id=account_id)) == 1


async def test_doing_leaves_a_row_each_time(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    for _ in range(2):
        await lobby.identity.audit.did(
            OPERATOR, "suspend_account", account_id=account_id, subject=show_id("account", account_id), why="fraud"
        )
    events = await lobby.identity.audit.list(account_id=account_id)
    assert [(event.kind, event.what, event.why) for event in events] == [
        (AuditKind.DID, "suspend_account", "fraud")
    ] * 2


async def test_secrets_in_a_reason_are_masked(lobby: Lobby) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    await lobby.identity.audit.did(OPERATOR, "disable_key", why=f"leaked: {secret}\x00\nnow gone" + "x" * 1_000)
    (event,) = await lobby.identity.audit.list()
    assert event.why is not None
    assert secret not in event.why
    assert event.why.startswith("leaked:")
    assert len(event.why) <= 500


async def test_the_trail_is_read_page_by_page_and_by_person(lobby: Lobby) -> None:
    ada = await lobby.add(ADA, StaffRole.SUPPORT)
    for number in range(5):
        lobby.clock.advance(micros=1)
        await lobby.identity.audit.did(ada.principal(), f"thing_{number}")
    await lobby.identity.audit.did(OPERATOR, "another")
    first = await lobby.identity.audit.list(person_id=ada.person_id, at_most=2)
    rest = await lobby.identity.audit.list(person_id=ada.person_id, before=first[-1].event_id)
    assert [event.what for event in [*first, *rest]] == [f"thing_{number}" for number in reversed(range(5))]


async def test_the_trail_of_a_time_has_just_what_is_of_it(lobby: Lobby) -> None:
    start = lobby.clock.now()
    for number in range(4):
        await lobby.identity.audit.did(OPERATOR, f"thing_{number}")
        lobby.clock.advance(seconds=10)
    second = 10_000_000
    for since, until, expected in (
        (start, start + 1, {"thing_0"}), (start + 1, None, {"thing_1", "thing_2", "thing_3"}),
        (None, start + 2 * second, {"thing_0", "thing_1"}), (start + second, start + 3 * second, {"thing_1", "thing_2"}),
    ):  # fmt: skip
        events = await lobby.identity.audit.list(since=since, until=until)
        assert {event.what for event in events} == expected
    assert [event.what for event in await lobby.identity.audit.list(what="thing_2")] == ["thing_2"]
    assert await lobby.identity.audit.list(kind=AuditKind.SAW) == []


async def test_what_people_do_to_people_is_on_record_with_the_account(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    owner = await lobby.member(ADA, Role.OWNER, account_id=account_id)
    member = await lobby.member("bob@example.com", Role.DEVELOPER, account_id=account_id)
    assert member.membership is not None
    await lobby.identity.people.set_role(owner.principal(), member.membership.member_id, Role.ADMIN)
    await lobby.identity.people.disable(OPERATOR, member.person_id, why="asked to")
    # All of it is of one microsecond: no order is told.
    events = {(one.by, one.what, one.why) for one in await lobby.identity.audit.list(account_id=account_id)}
    assert events == {
        ("operator", AuditEventKind.INVITED, None),
        (ADA, AuditEventKind.INVITATION_ACCEPTED, None),
        ("bob@example.com", AuditEventKind.INVITATION_ACCEPTED, None),
        (ADA, AuditEventKind.ROLE_CHANGED, "admin"),
        ("operator", AuditEventKind.PERSON_DISABLED, "asked to"),
    }


async def test_what_was_not_done_is_not_on_record(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    owner = await lobby.member(ADA, Role.OWNER, account_id=account_id)
    assert owner.membership is not None
    before = await lobby.identity.audit.list()
    with pytest.raises(Exception, match="last_owner_stays"):
        await lobby.identity.people.set_role(OPERATOR, owner.membership.member_id, Role.ADMIN)
    with pytest.raises(Exception, match="already_exists"):
        await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.ADMIN, Language.EN)
    assert await lobby.identity.audit.list() == before


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_events SET why = 'nothing'", "DELETE FROM audit_events", "TRUNCATE audit_events",
     "INSERT INTO audit_events (event_id, at, kind, what, by_name) VALUES (gen_random_uuid(), 1, 'saw', 'x', 'y')"],
)  # fmt: skip
async def test_the_trail_is_only_ever_added_to(lobby: Lobby, statement: str) -> None:
    await lobby.identity.audit.did(OPERATOR, "something")
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)):
        async with lobby.database.unit_of_work() as connection:
            await connection.execute(statement)
    assert len(await lobby.identity.audit.list()) == 1
