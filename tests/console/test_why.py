"""Why, and the search field: one answer to whatever is pasted, and no trace of the text."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from console.callers import open_shop, with_key
from console.visitors import House, Visitor, of_account
from counterfoil.console.places import OF_ACCOUNTS, OF_STAFF
from counterfoil.console.register import ALL_PAGES
from counterfoil.evidence.bundles_store import RECORD_KINDS
from counterfoil.foundation.ids import PREFIXES, show_id
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.identity.access import Role, StaffRole
from counterfoil.limits.model import Scope

NANOS = 1_000_000_000
SECRET = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3


async def went_to(visitor: Visitor, path: str, text: str) -> str:
    """Where a posted text has led to."""
    response = await visitor.post(path, {"q": text})
    return unquote(response.headers["location"])


async def test_a_pasted_error_leads_to_its_request_in_one_step(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    await shop.limit(customer, Scope.GROUP, 1)
    refused = await shop.refused(customer)
    owner = await house.member(account)
    error = (
        f"openai.APIStatusError: Error code: 402 - {{'error': {{'code': 'group_quota', 'request_id': '{refused}'}}}}"
    )
    for text in (refused, error, f"  {refused.upper()}  "):
        assert await went_to(owner, of_account(account, "/why"), text) == "/console" + of_account(
            account, f"/requests/{refused}"
        )
    page = await owner.get(of_account(account, "/why"))
    # The page itself lists what was refused lately: one click.
    assert f'href="/console{of_account(account, f"/requests/{refused}")}"' in page


async def test_a_time_leads_to_what_was_refused_then(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    await shop.served(customer)
    await shop.limit(customer, Scope.GROUP, 1)
    refused = await shop.refused(customer)
    view = (await house.services.spend.requests(account.account_id, state="refused"))[0]
    owner = await house.member(account)
    from counterfoil.foundation.periods import show_time

    assert (await went_to(owner, of_account(account, "/why"), show_time(view.received_at))).endswith(refused)


async def test_a_code_is_explained_in_general_and_a_period_by_what_left_the_balance(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    await shop.served(customer)
    owner = await house.member(account)
    path = of_account(account, "/why")
    target = await went_to(owner, path, "it says group_quota")
    assert target.endswith("/why?q=group_quota")
    assert "Group quota" in await owner.get(target)
    day = house.services.clock.now()
    from counterfoil.foundation.periods import show_time

    response = await owner.post(path, {"q": f"{show_time(day)[:10]}"})
    page = await owner.follow(response)
    assert "The balance in this time" in page or "Why" in page


@pytest.mark.parametrize("text", [SECRET, f"Authorization: Bearer {SECRET}", f"my key {SECRET} does not work"])
async def test_a_pasted_secret_is_refused_and_not_shown_again(house: House, text: str) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    response = await owner.post(of_account(account, "/why"), {"q": text}, status=422)
    assert "Do not paste secrets" in response.text
    assert SECRET not in response.text
    response = await owner.post("/go", {"q": text}, status=422)
    assert SECRET not in response.text


async def test_an_id_beside_a_secret_is_answered_without_it(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    owner = await house.member(account)
    response = await owner.post(
        of_account(account, "/why"), {"q": f"curl -H 'Authorization: Bearer {SECRET}' … {served}"}
    )
    assert SECRET not in response.headers["location"]
    page = await owner.follow(response)
    assert "A secret was left out" in page
    assert served in page


async def test_a_text_that_names_nothing_is_told_so_and_stays_in_its_field(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    response = await owner.post(of_account(account, "/why"), {"q": "it does not work"}, status=404)
    assert "it does not work" in response.text
    assert (await owner.post(of_account(account, "/why"), {"q": ""}, status=422)).status_code == 422
    assert (await owner.post(of_account(account, "/why"), {"q": "x" * 30_000}, status=422)).status_code == 422


async def test_another_accounts_request_is_not_explained(house: House) -> None:
    account, other = await house.open_account(credit=20), await house.open_account("Other")
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    visitor = await house.member(other)
    response = await visitor.post(of_account(other, "/why"), {"q": served}, status=404)
    assert "Acme" not in response.text


# -- the search field -----------------------------------------------------------------------------------------------


async def test_an_id_leads_to_its_page(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    owner, support = await house.member(account), await house.staff(StaffRole.SUPPORT)
    for visitor in (owner, support):
        assert await went_to(visitor, "/go", served) == "/console" + of_account(account, f"/requests/{served}")
        shown = show_id("account", account.account_id)
        assert await went_to(visitor, "/go", shown) == "/console" + of_account(account, "/overview")
        response = await visitor.client.get("/console/go", params={"q": served})
        assert response.headers["location"] == "/console" + of_account(account, f"/requests/{served}")


async def test_the_name_of_a_page_leads_to_it_in_either_language(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    for name in ("Submissions", "submissions", "提交", "Submiss"):
        assert await went_to(owner, "/go", name) == "/console" + of_account(account, "/submissions")
    assert await went_to(owner, "/go", "") == "/console" + of_account(account, "/overview")


async def test_a_member_gets_the_answer_and_staff_their_search(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    owner, support = await house.member(account), await house.staff(StaffRole.SUPPORT)
    assert await went_to(owner, "/go", f"why {served}?") == "/console" + of_account(account, f"/requests/{served}")
    response = await support.post("/go", {"q": "somebody@example.com"}, status=200)
    assert "somebody@example.com" in response.text
    # What is secret is not shown again, and goes into no address.
    response = await support.post("/go", {"q": f"{SECRET} fails"}, status=200)
    assert SECRET not in response.text
    for text, target in (("somebody", "/console/search?q=somebody"), (f"{SECRET} fails", "/console/search")):
        led = await support.client.get("/console/go", params={"q": text})
        assert led.headers["location"] == target


async def test_an_id_of_another_account_leads_nowhere(house: House) -> None:
    account, other = await house.open_account(credit=20), await house.open_account("Other")
    shop, customer = await open_shop(house), await with_key(house, account)
    served = await shop.served(customer)
    visitor = await house.member(other, Role.OWNER)
    for text in (served, show_id("account", account.account_id), show_id("key", customer.key_id)):
        response = await visitor.post("/go", {"q": text}, status=404)
        assert "Acme" not in response.text


def test_every_place_is_a_page() -> None:
    paths = {page.path for page in ALL_PAGES if page.method == "GET"}

    def is_page(path: str) -> bool:
        known = path.replace("{id}", "{}")
        return any(known == _without_names(one) for one in paths)

    for kind, path in OF_ACCOUNTS.items():
        assert kind in PREFIXES
        assert is_page("/accounts/{id}" + path), path
    for kind, (_, path) in OF_STAFF.items():
        assert kind in PREFIXES
        assert is_page(path), path


def _without_names(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_every_kind_of_record_has_a_word() -> None:
    for kind in RECORD_KINDS:
        assert find_entry(Kind.WORD, f"row_{kind}") or find_entry(Kind.RECORD_KIND, kind), kind
