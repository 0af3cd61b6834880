"""The account at a glance."""

from __future__ import annotations

from console.visitors import House, of_account
from counterfoil.identity.access import Role, StaffRole


async def test_a_member_begins_at_the_overview_of_their_account(house: House) -> None:
    account = await house.open_account(credit=20)
    owner = await house.member(account)
    response = await owner.client.get("/console/")
    assert response.status_code == 303
    page = await owner.get(response.headers["location"])
    assert "$20.00" in page
    assert "Acme" in page


async def test_somebody_elses_account_is_a_page_that_does_not_exist(house: House) -> None:
    mine, other = await house.open_account("Mine"), await house.open_account("Other", credit=7)
    visitor = await house.member(mine, Role.OWNER)
    page = await visitor.get(of_account(other, "/overview"), status=404)
    assert "No such page" in page
    assert "Other" not in page


async def test_staff_see_a_customers_account_and_that_is_on_record(house: House) -> None:
    account = await house.open_account(credit=20)
    visitor = await house.staff(StaffRole.SUPPORT)
    page = await visitor.get(of_account(account, "/overview"))
    assert "viewed as staff" in page
    seen = await house.services.audit.list(account_id=account.account_id)
    assert [(event.by, event.what) for event in seen] == [(visitor.person.email if visitor.person else "", "overview")]


async def test_the_month_is_a_page_of_its_own(house: House) -> None:
    account = await house.open_account(credit=20)
    owner = await house.member(account)
    page = await owner.get(of_account(account, "/overview/month"))
    assert "Where this month's money went" in page
    assert "$20.00" in page
