"""Accounts, corrections and approvals, as staff sees and decides them."""

from __future__ import annotations

from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.model import GrantState

BILLION = 1_000_000_000


async def test_accounts_are_found_by_a_part_of_their_name(house: House) -> None:
    await house.open_account("Alpine Films", credit=5)
    await house.open_account("Borealis")
    staff = await house.staff(StaffRole.SUPPORT)
    page = await staff.get("/accounts", q="pine")
    assert "Alpine Films" in page
    assert "Borealis" not in page
    assert "$5.00" in page
    assert "new_name" not in page, "support opens no accounts"


async def test_operations_opens_an_account_and_suspends_it_with_its_consequence_said(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    made = await staff.post(
        "/accounts", {"new_name": "Cirrus", "new_currency": "cny", "new_time_zone": "Asia/Shanghai"}
    )
    page = await staff.follow(made)
    assert "Cirrus" in page
    assert "All new calls of this customer are refused" in page
    account = await house.services.ledger.account_named("Cirrus")
    assert (account.currency, account.time_zone) == ("CNY", "Asia/Shanghai")
    await staff.post(of_account(account, "/state"), {"state": "suspended"})
    assert (await house.services.ledger.account(account.account_id)).status == "suspended"
    await staff.post(of_account(account, "/state"), {"state": "active"})
    await staff.post(
        of_account(account, "/administration"), {"account_name": "Cirrus Ltd", "account_time_zone": "Europe/Berlin"}
    )
    changed = await house.services.ledger.account(account.account_id)
    assert (changed.name, changed.status, changed.time_zone) == ("Cirrus Ltd", "active", "Europe/Berlin")


async def test_what_was_typed_stays_where_opening_an_account_is_refused(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    response = await staff.post(
        "/accounts", {"new_name": "Delta", "new_currency": "USD", "new_time_zone": "Nowhere/Land"}, status=422
    )
    assert 'value="Delta"' in response.text
    assert not await house.services.ledger.find_accounts(text="Delta")


async def test_duplicates_are_set_and_a_wrong_window_is_refused(house: House) -> None:
    account = await house.open_account()
    staff = await house.staff(StaffRole.OPERATIONS)
    path = of_account(account, "/administration/duplicates")
    await staff.post(path, {"duplicates_policy": "block", "duplicates_window_seconds": "60"})
    kept = await house.services.limits.duplicates(account.account_id)
    assert (kept.policy, kept.window_seconds) == ("block", 60)
    await staff.post(path, {"duplicates_policy": "sometimes"}, status=422)
    await staff.post(path, {"duplicates_policy": "flag", "duplicates_window_seconds": "a minute"}, status=422)
    assert await house.services.limits.duplicates(account.account_id) == kept


async def test_a_credit_is_proposed_by_one_person_and_approved_by_another(house: House) -> None:
    account = await house.open_account("Ember", credit=1)
    support, finance = await house.staff(StaffRole.SUPPORT), await house.staff(StaffRole.FINANCE)
    made = await support.post(
        of_account(account, "/credit"),
        {"credit_amount": "612.50", "credit_kind": "compensation", "credit_reason": "an outage of ours"},
    )
    page = await support.follow(made)
    assert "Another person has to approve it" in page
    assert "$613.50" in page, "the balance as it would be"
    address = made.headers["location"].partition("?")[0]
    assert (await house.services.ledger.balance(account.account_id)).posted == BILLION
    await support.post(f"{address}/approve", status=403)
    waiting = await finance.get("/approvals")
    assert "Ember" in waiting
    assert "$612.50" in waiting
    await finance.post(f"{address}/approve", {"reason": "checked"})
    assert (await house.services.ledger.balance(account.account_id)).posted == 613_500_000_000
    decided = await finance.get(address)
    assert "checked" in decided
    assert "Ember" not in await finance.get("/approvals")
    assert "Ember" in await finance.get("/approvals", history="1")


async def test_what_is_under_the_cap_is_done_by_one_person_with_a_reason(house: House) -> None:
    account = await house.open_account("Eagle")
    support = await house.staff(StaffRole.SUPPORT)
    fields = {"credit_amount": "2", "credit_kind": "promotional"}
    await support.post(of_account(account, "/credit"), fields, status=422)
    made = await support.post(of_account(account, "/credit"), fields | {"credit_reason": "a welcome"})
    assert "Approved and carried out" in await support.follow(made)
    (grant,) = await house.services.ledger.grants(account.account_id)
    assert (grant.kind, grant.remaining) == ("promotional", 2 * BILLION)


async def test_whoever_proposes_cannot_approve_though_they_may_approve_others(house: House) -> None:
    account = await house.open_account("Fjord", credit=900)
    finance = await house.staff(StaffRole.FINANCE)
    made = await finance.post(
        of_account(account, "/adjustment"), {"adjust_amount": "-600", "adjust_reason": "booked twice"}
    )
    address = made.headers["location"].partition("?")[0]
    page = await finance.get(address)
    assert f'formaction="{address}/reject"' in page
    refused = await finance.post(f"{address}/approve", status=403)
    assert "proposed" in refused.text
    assert (await house.services.ledger.balance(account.account_id)).posted == 900 * BILLION
    await finance.post(f"{address}/withdraw")
    other = await house.staff(StaffRole.FINANCE)
    await other.post(f"{address}/approve", status=409)


async def test_an_adjustment_beyond_the_balance_stays_proposed(house: House) -> None:
    account = await house.open_account("Grove", credit=2)
    finance, other = await house.staff(StaffRole.FINANCE), await house.staff(StaffRole.FINANCE)
    made = await finance.post(
        of_account(account, "/adjustment"), {"adjust_amount": "-501", "adjust_reason": "booked twice"}
    )
    address = made.headers["location"].partition("?")[0]
    await other.post(f"{address}/approve", status=409)
    assert (await house.services.ledger.balance(account.account_id)).posted == 2 * BILLION
    assert "Awaiting approval" in await other.get(address)


async def test_a_grant_is_ended_early_once_approved(house: House) -> None:
    account = await house.open_account("Harbor", credit=700)
    (grant,) = await house.services.ledger.grants(account.account_id)
    operations, finance = await house.staff(StaffRole.OPERATIONS), await house.staff(StaffRole.FINANCE)
    made = await operations.post(
        of_account(account, "/grant-end"),
        {"end_grant": show_id("grant", grant.grant_id), "end_reason": "given by mistake"},
    )
    await finance.post(made.headers["location"].partition("?")[0] + "/approve")
    (ended,) = await house.services.ledger.grants(account.account_id)
    assert (ended.state, ended.remaining) == (GrantState.ENDED, 0)
    assert (await house.services.ledger.balance(account.account_id)).posted == 0


async def test_another_accounts_grant_is_not_ended_from_here(house: House) -> None:
    account, other = await house.open_account("Inlet", credit=3), await house.open_account("Juno", credit=3)
    (grant,) = await house.services.ledger.grants(other.account_id)
    staff = await house.staff(StaffRole.OPERATIONS)
    await staff.post(
        of_account(account, "/grant-end"),
        {"end_grant": show_id("grant", grant.grant_id), "end_reason": "x"},
        status=404,
    )
    assert await house.services.approvals.list() == []


async def test_a_wrong_amount_is_shown_at_its_field_with_what_was_typed(house: House) -> None:
    account = await house.open_account()
    staff = await house.staff(StaffRole.SUPPORT)
    fields = {"credit_amount": "a lot", "credit_kind": "paid", "credit_reason": "because of that"}
    response = await staff.post(of_account(account, "/credit"), fields, status=422)
    assert 'value="a lot"' in response.text
    assert 'value="because of that"' in response.text
    past = fields | {"credit_amount": "1", "credit_expires_at": "2020-01-01T00:00"}
    await staff.post(of_account(account, "/credit"), past, status=422)
    assert await house.services.approvals.list() == []


async def test_customers_see_neither_administration_nor_approvals(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account, Role.OWNER)
    await owner.get("/accounts", status=403)
    await owner.get("/approvals", status=403)
    await owner.get(of_account(account, "/administration"), status=403)
    await owner.post(of_account(account, "/credit"), {"credit_amount": "5"}, status=403)
    assert await house.services.approvals.list() == []


async def test_deciding_stands_in_the_audit_trail(house: House) -> None:
    account = await house.open_account("Kite", credit=1)
    support, finance = await house.staff(StaffRole.SUPPORT), await house.staff(StaffRole.FINANCE)
    made = await support.post(
        of_account(account, "/credit"),
        {"credit_amount": "1000", "credit_kind": "paid", "credit_reason": "paid by hand"},
    )
    await finance.post(made.headers["location"].partition("?")[0] + "/reject", {"reason": "no such payment"})
    events = await house.services.audit.list(account_id=account.account_id)
    assert finance.person is not None
    assert ("reject", finance.person.email) in [(one.what, one.by) for one in events]
