"""What staff saw and did is on record; what customers do on their own account is not the trail's."""

from __future__ import annotations

from typing import Any

from api.conftest import PREFIX, Desk
from api.town import House, as_, enrol, hire, session_of
from counterfoil.identity.access import Role, StaffRole


async def trail(desk: Desk, query: str = "") -> list[tuple[str, str, str]]:
    """Kind, what and by whom, newest first; without what the rooms of people record."""
    rows: list[Any] = (await desk.ask("GET", f"/audit{query}"))["items"]
    return [(row["kind"], row["what"], row["by"]) for row in rows if row["what"] not in ("signed_in", "role_changed")]


async def test_what_staff_sees_of_an_account_is_recorded_once_an_hour(desk: Desk) -> None:
    account = await desk.open_account()
    support = await hire(desk, "sue@desk.example", StaffRole.SUPPORT)
    headers = as_(await session_of(desk, support.person_id))
    for _ in range(3):
        answer = await desk.client.get(f"{PREFIX}/accounts/{account}/balance", headers=headers)
        assert answer.status_code == 200
    await desk.client.get(f"{PREFIX}/requests?account_id={account}", headers=headers)
    found = await trail(desk, f"?account_id={account}")
    assert found == [("saw", "list_requests", "sue@desk.example"), ("saw", "get_balance", "sue@desk.example")]
    by_person = await trail(desk, f"?person_id=prsn_{support.person_id.hex}")
    assert len(by_person) == 2


async def test_what_staff_does_is_recorded_each_time_with_what_it_is_about_and_why(desk: Desk) -> None:
    account = await desk.open_account()
    operations = await hire(desk, "oz@desk.example", StaffRole.OPERATIONS)
    headers = {
        **as_(await session_of(desk, operations.person_id)),
        "X-Counterfoil-Why": "ticket%2042%20%E5%B7%A5%E5%8D%95",
    }
    key = (await desk.make_key(account))["key_id"]
    for action in ("disable", "enable", "disable"):
        await desk.client.post(f"{PREFIX}/accounts/{account}/keys/{key}/{action}", headers=headers)
    rows = [
        row
        for row in (await desk.ask("GET", f"/audit?account_id={account}"))["items"]
        if row["by"] == "oz@desk.example"
    ]
    assert [(row["kind"], row["what"], row["subject"], row["why"]) for row in rows] == [
        ("did", "disable_key", key, "ticket 42 工单"),
        ("did", "enable_key", key, "ticket 42 工单"),
        ("did", "disable_key", key, "ticket 42 工单"),
    ]


async def test_whoever_has_the_operators_token_is_recorded_too(desk: Desk) -> None:
    account = await desk.open_account()
    await desk.ask("PATCH", f"/accounts/{account}", {"name": "Renamed"})
    assert ("did", "change_account", "operator") in await trail(desk, f"?account_id={account}")


async def test_what_was_refused_or_is_ones_own_is_not_recorded(desk: Desk) -> None:
    house = House("acme", await desk.open_account())
    owner = as_(await session_of(desk, (await enrol(desk, house, Role.OWNER)).person_id))
    before = await trail(desk)
    await desk.client.get(f"{PREFIX}/accounts/{house.account_id}/balance", headers=owner)
    await desk.client.patch(f"{PREFIX}/accounts/{house.account_id}", json={"name": "Ours"}, headers=owner)
    editor = as_(await session_of(desk, (await hire(desk, "ed@desk.example", StaffRole.EDITOR)).person_id))
    assert (await desk.client.get(f"{PREFIX}/accounts/{house.account_id}", headers=editor)).status_code == 403
    await desk.ask("PATCH", f"/accounts/{house.account_id}", {"time_zone": "nowhere"}, status=400)
    assert await trail(desk) == before


async def test_whose_account_an_answer_was_about_is_recorded(desk: Desk) -> None:
    await desk.office.sell()
    account = await desk.open_account()
    await desk.credit(account, "10")
    request = await desk.office.call((await desk.make_key(account))["token"], output_tokens=10)
    support = await hire(desk, "sue@desk.example", StaffRole.SUPPORT)
    headers = as_(await session_of(desk, support.person_id))
    answer = await desk.client.post(f"{PREFIX}/explain", json={"subject": f"req_{request.hex}"}, headers=headers)
    assert answer.json()["audience"] == "operator"
    assert ("saw", "explain", "sue@desk.example") in await trail(desk, f"?account_id={account}")
