"""What belongs to another account is nowhere to be found, and what people have typed is text wherever it is shown."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from markupsafe import escape

from console.callers import Customer, open_shop, with_key
from console.visitors import OPERATOR, PUBLIC_URL, House, Visitor, of_account
from counterfoil.console.register import ALL_PAGES
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.limits.asks_model import NewAsk
from counterfoil.limits.model import Scope
from counterfoil.notify.model import ChannelKind
from counterfoil.recharge.model import ProviderKind
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import ServedModel
from evidence.desk import Desk
from recharge.till import configured

# In text, in an attribute, and for a template.
HOSTILE_NAMES = ("<script>alert(1)</script> {{ 7 * 7 }}", '" onmouseover="alert(1) \'><img src=x onerror=alert(1)>')
# What the parameter of a path is an id of.
PREFIXES = {
    "key_id": "key", "group_id": "grp", "member_id": "mem", "invitation_id": "invt", "request_id": "req",
    "task_id": "task", "submission_id": "sub", "order_id": "ord", "ask_id": "ask", "channel_id": "chan",
    "subject": "req", "case_id": "case",
}  # fmt: skip


async def fill(house: House, account: Account, customer: Customer, owner: Visitor, name: str) -> None:
    """One of everything that an account can have, named so."""
    services = house.services
    developer = await house.member(account, Role.DEVELOPER)
    assert developer.person is not None
    assert owner.person is not None
    await services.people.update_profile(developer.person.person_id, nickname=name[:60])
    await services.people.update_profile(owner.person.person_id, nickname=name[:60])
    made = await services.people.invite(OPERATOR, account.account_id, f"guest.{account.account_id.hex[-6:]}@example.com", Role.ADMIN, Language.EN)  # fmt: skip
    assert made.invitation.account_id == account.account_id
    shop = _shop(house)
    limit_id = await shop.limit(customer, Scope.GROUP, 50_000_000_000)
    await shop.served(customer)
    await shop.failed(customer)
    await services.limit_asks.ask(
        account_id=account.account_id, by=developer.person.email, member_id=None,
        new=NewAsk(limit_id=limit_id, note=f"More, please {name}"),
    )  # fmt: skip
    await services.notify.add_channel(
        kind=ChannelKind.WEBHOOK, url=f"https://hook.example/{account.account_id.hex}", account_id=account.account_id
    )
    # What looks like a secret is not taken: the one is a name, the other a case in any event.
    for message in (f"not the case of others, {name}", "something else"):
        await owner.client.post(
            f"/console{of_account(account, '/support/new')}", headers={"origin": PUBLIC_URL},
            data={"csrf": owner.csrf, "problem": "something_else", "message_shown": message, "step": "anyway"},
        )  # fmt: skip
    quoted = await owner.get(of_account(account, "/recharge"), amount="100", pay_with="bank/USD")
    intention = quoted.split('name="intention" value="')[1].split('"')[0]
    await owner.post(
        of_account(account, "/recharge/orders"), {"amount": "100", "pay_with": "bank/USD", "intention": intention}
    )


def _shop(house: House) -> Desk:
    services = house.services
    return Desk(
        clock=services.clock,  # type: ignore[arg-type]
        spend=services.spend, ledger=services.ledger, limits=services.limits, upstreams=services.upstreams,
        routes=services.routes, tasks=services.tasks, evidence=services.evidence,
    )  # fmt: skip


async def open_for_business(house: House) -> None:
    await open_shop(house)
    await house.services.recharge.payment_providers.add(configured(ProviderKind.BANK, {}))


async def shown_ids(visitor: Visitor, account: Account) -> dict[str, set[str]]:
    """Every id that the account's own pages show, by its prefix."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for page in ALL_PAGES:
        if page.method == "GET" and page.path.startswith("/accounts/{account_id}") and page.path.count("{") == 1:
            response = await visitor.client.get(_at(page.path, account))
            for prefix, digits in re.findall(r"\b([a-z]{2,6})_([0-9a-f]{32})\b", response.text):
                found[prefix].add(f"{prefix}_{digits}")
    return dict(found)


def _at(path: str, account: Account, **ids: str) -> str:
    filled = "/console" + path.replace("{account_id}", show_id("account", account.account_id))
    for name, value in ids.items():
        filled = filled.replace("{" + name + "}", value)
    return filled


async def test_every_id_of_another_account_is_one_that_does_not_exist(house: House) -> None:
    await open_for_business(house)
    mine, other = await house.open_account("Mine", credit=100), await house.open_account("Other", credit=100)
    owner, stranger = await house.member(mine), await house.member(other)
    await fill(house, mine, await with_key(house, mine), owner, "plain")
    await fill(house, other, await with_key(house, other), stranger, "plain")
    theirs, ours = await shown_ids(stranger, other), await shown_ids(owner, mine)
    tried: set[str] = set()
    for page in ALL_PAGES:
        [*parameters] = re.findall(r"{(\w+)}", page.path)
        if parameters[:1] != ["account_id"] or len(parameters) != 2:
            assert len(parameters) < 3, page.path
            continue
        prefix = PREFIXES[parameters[1]]
        for one in sorted(theirs.get(prefix, set()) - ours.get(prefix, set()))[:3]:
            tried.add(prefix)
            address = _at(page.path, mine, **{parameters[1]: one})
            if page.method == "GET":
                response = await owner.client.get(address)
            else:
                response = await owner.post(address, _filled(one), status=404)
            assert response.status_code == 404, (page.method, page.path, response.status_code)
            assert "Other" not in response.text
    # There was something to find, of every kind.
    assert tried >= {prefix for prefix in PREFIXES.values() if prefix not in ("task", "sub")}, tried
    after = await shown_ids(stranger, other)
    assert after == theirs


def _filled(one: str) -> dict[str, str]:
    """Fields that would do for any of the forms, so that the id alone is what is wrong with them."""
    return {
        "role": "developer", "reason": "because", "amount": "5", "until": "2030-01-01T00:00", "name": "renamed",
        "legal_name": "Other Ltd", "tax_id": "1", "unit": "money", "window": "month", "status": "disabled", "id": one,
    }  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_what_people_have_typed_is_text_wherever_it_is_shown(house: House, name: str) -> None:
    await open_for_business(house)
    account = await house.open_account(f"Acme {name}", credit=100)
    owner, administrator = await house.member(account), await house.staff(StaffRole.ADMINISTRATOR)
    customer = await with_key(house, account, f"key {name}"[:100], f"group {name}"[:100])
    await fill(house, account, customer, owner, name)
    await house.services.upstreams.add(
        name="second", dialect=Dialect.OPENAI, base_url="http://second.test", secret="another-secret",
        models=[ServedModel(public_model=f"model-{name}"[:80], upstream_model="theirs")],
    )  # fmt: skip
    ids = await shown_ids(owner, account)
    seen = 0
    for visitor in (owner, administrator):
        for page in ALL_PAGES:
            is_own = page.path.startswith(("/accounts/{account_id}", "/profile"))
            if page.method != "GET" or is_own is not (visitor is owner):
                continue
            parameters = [one for one in re.findall(r"{(\w+)}", page.path) if one != "account_id"]
            known = {one: min(ids[PREFIXES[one]]) for one in parameters if PREFIXES.get(one) in ids}
            if len(known) != len(parameters):
                continue
            response = await visitor.client.get(_at(page.path, account, **known))
            assert response.status_code < 500, page.path
            if "text/html" not in response.headers.get("content-type", ""):
                continue
            _check_text(response.text, page.path)
            seen += str(escape(name[:18])) in response.text
        for path in (
            "/search",
            "/go",
            of_account(account, "/why"),
            of_account(account, "/requests"),
            "/people",
            "/audit",
        ):
            response = await visitor.client.get(
                f"/console{path}", params={"q": name, "text": name, "model": name, "done": name, "why": name}
            )
            _check_text(response.text, path)
    assert seen >= 5


def _check_text(text: str, path: str) -> None:
    assert "<script>alert" not in text, path
    assert 'onmouseover="alert' not in text, path
    assert "<img src=x" not in text, path
    assert "49" not in re.findall(r"(?:Acme|key|group|More, please) (\d+)", text), path
