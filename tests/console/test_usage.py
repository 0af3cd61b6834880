"""Requests, tasks, submissions and why: what their pages show of real calls, to whom."""

from __future__ import annotations

import json

from console.callers import open_shop, with_key
from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Role, StaffRole
from counterfoil.limits.model import Scope

NANOS = 1_000_000_000


async def test_the_list_names_every_call_with_its_outcome_and_its_charge(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    failed = await shop.failed(customer)
    await shop.limit(customer, Scope.GROUP, 1)
    refused = await shop.refused(customer)
    owner = await house.member(account)
    page = await owner.get(of_account(account, "/requests"))
    for shown in (served, failed, refused):
        assert f'title="{shown}"' in page
    assert "$0.40" in page
    assert "Group quota" in page
    assert "wholesale-7" not in page


async def test_a_filter_keeps_what_it_asks_for(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served, failed = await shop.served(customer), await shop.failed(customer)
    other = await with_key(house, account, "other", "Others")
    elsewhere = await shop.served(other)
    owner = await house.member(account)
    path = of_account(account, "/requests")
    for query, kept in (
        ({"state": "failed"}, {failed}),
        ({"key": show_id("key", other.key_id)}, {elsewhere}),
        ({"group": show_id("group", customer.group_id)}, {served, failed}),
        ({"model": "plain", "charge_mark": "charged"}, {served, elsewhere}),
        ({"code": "upstream_error"}, {failed}),
        ({"since": "2020-01-01T00:00", "until": "2020-01-02T00:00"}, set()),
        ({"since": "last_hour"}, {served, failed, elsewhere}),
    ):
        page = await owner.get(path, **query)
        assert {one for one in (served, failed, elsewhere) if one in page} == kept, query


async def test_a_filter_that_cannot_be_is_said(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    page = await owner.get(of_account(account, "/requests"), status=422, state="happy")
    assert "served" in page
    await owner.get(of_account(account, "/requests"), status=422, since="yesterday-ish")


async def test_a_refusal_is_explained_with_its_checks_and_what_would_have_been_different(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    limit_id = await shop.limit(customer, Scope.GROUP, NANOS // 2)
    refused = await shop.refused(customer)
    owner = await house.member(account)
    page = await owner.get(of_account(account, f"/requests/{refused}"))
    assert "group_quota" in page
    assert "HTTP 402" in page
    assert "What would have been different" in page
    assert "A check did not pass: refused" in page
    assert 'class="meter' in page
    # The owner sets limits, and need not ask.
    assert 'name="limit_id"' not in page
    developer = await house.member(account, Role.DEVELOPER)
    page = await developer.get(of_account(account, f"/requests/{refused}"))
    assert f'name="limit_id" value="{show_id("limit", limit_id)}"' in page
    assert f'name="needed" value="{NANOS}"' in page
    assert f'name="request_id" value="{refused}"' in page


async def test_a_served_call_shows_how_its_charge_was_worked_out(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    owner = await house.member(account)
    page = await owner.get(of_account(account, f"/requests/{served}"))
    for words in ("Output tokens", "400", "Highest estimate", "$1.00", "$0.40", "$0.60", "Released to the balance"):
        assert words in page, words
    assert "wholesale-7" not in page
    support = await house.staff(StaffRole.SUPPORT)
    page = await support.get(of_account(account, f"/requests/{served}"))
    assert "Tried wholesale-7" in page


async def test_a_refund_is_the_last_step(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    admission = await shop.admitted(customer)
    await shop.settle(admission)
    await house.services.spend.refund(admission.request_id, source_id="ticket 1", amount=None, reason="promised")
    owner = await house.member(account)
    page = await owner.get(of_account(account, f"/requests/{show_id('request', admission.request_id)}"))
    assert page.index("Released to the balance") < page.index("Given back to the balance")
    assert "Refunded" in page


async def test_another_accounts_request_is_a_page_that_does_not_exist(house: House) -> None:
    account, other = await house.open_account(credit=20), await house.open_account("Other")
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    visitor = await house.member(other)
    for path, code in (
        (f"/requests/{served}", "request_not_found"),
        (f"/evidence/{served}", "request_not_found"),
        (f"/tasks/task_{served[4:]}", "request_not_found"),
        (f"/submissions/sub_{served[4:]}", "submission_not_found"),
    ):
        assert f"<code>{code}</code>" in await visitor.get(of_account(other, path), status=404), path
    # Staff do not see it on the other account's pages either.
    support = await house.staff(StaffRole.SUPPORT)
    for path, code in ((f"/requests/{served}", "request_not_found"), (f"/evidence/{served}", "page_not_found")):
        assert f"<code>{code}</code>" in await support.get(of_account(other, path), status=404), path


async def test_the_evidence_can_be_downloaded_and_holds_no_upstream(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    owner = await house.member(account)
    page = await owner.client.get("/console" + of_account(account, f"/evidence/{served}"), params={"form": "json"})
    assert page.status_code == 200
    assert page.headers["content-disposition"].startswith("attachment")
    document = json.loads(page.text)
    assert document["about"]["subject"] == served
    assert "wholesale-7" not in page.text
    # The staff's copy is for staff, whatever the address says.
    asked = await owner.client.get(
        "/console" + of_account(account, f"/evidence/{served}"), params={"form": "json", "view": "staff"}
    )
    assert json.loads(asked.text)["about"]["view"] == "customer"
    written = await owner.client.get("/console" + of_account(account, f"/evidence/{served}"), params={"form": "html"})
    assert written.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in written.headers["content-security-policy"]


async def test_a_list_is_taken_away_as_a_file(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    owner = await house.member(account)
    response = await owner.client.get("/console" + of_account(account, "/requests"), params={"csv": "requests"})
    assert response.headers["content-type"].startswith("text/csv")
    assert served in response.text
    assert "0.40" in response.text
