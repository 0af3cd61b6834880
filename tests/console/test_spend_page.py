"""Where the money goes: the page's numbers are the ledger's, a click narrows down, and a spike leads to its script."""

from __future__ import annotations

import re

from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import GroupSettings, KeySettings
from counterfoil.pricing.model import Usage, WorkShape
from counterfoil.pricing.service import PriceBooks
from counterfoil.spend.model import Admission, Arrival, Attempt, AttemptOutcome, Delivery, Dialect, Endpoint
from counterfoil.spend.upstreams_model import ServedModel

_HOUR = 3_600_000_000
_PRICES = {
    "book": "customer", "currency": "USD", "defaults": {"context_window": 100_000, "default_output_cap": 1_000},
    "prices": [{"model": "plain", "rates": {"input": "0", "output": "1000"}}],
}  # fmt: skip


async def _open_shop(house: House) -> None:
    services = house.services
    await services.upstreams.add(
        name="first", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
        models=[ServedModel(public_model="plain", upstream_model="theirs")],
    )  # fmt: skip
    await services.routes.refresh()
    prices: PriceBooks = services.prices
    await prices.import_book(_PRICES)


async def _serve(house: House, token: str, tokens: int, *, client: str = "OpenAI/Python 2.0", **fields: object) -> None:
    """One call that costs a thousandth of a dollar for each token."""
    spend, clock = house.services.spend, house.services.clock
    caller = await spend.identify(token, "192.0.2.7")
    assert caller is not None
    shape = WorkShape(input_bytes=4, asked_cap=1_000, outputs=1, cacheable=False)
    outcome = await spend.authorize(
        caller,
        Arrival(
            request_id=clock.new_id(), received_at=clock.now(), endpoint=Endpoint.CHAT_COMPLETIONS, model="plain",
            stream=False, client_address="192.0.2.7", client=client, shape=shape, **fields,  # type: ignore[arg-type]
        ),
    )  # fmt: skip
    assert isinstance(outcome, Admission), outcome
    now, usage = clock.now(), Usage(counts={"output": tokens})
    attempt = Attempt(
        number=1, upstream="first", upstream_model="theirs", started_at=now, ended_at=now,
        outcome=AttemptOutcome.SUCCEEDED, status_code=200, usage=usage,
    )  # fmt: skip
    await spend.capture(
        outcome, Delivery(usage=usage, status_code=200, first_byte_at=now, ended_at=now, attempts=(attempt,))
    )


async def _two_teams(house: House) -> tuple[Account, str, str]:
    """An account whose group research has spent 0.30 with a script, and nobody's key 0.10."""
    await _open_shop(house)
    account = await house.open_account(credit=20)
    limits = house.services.limits
    group = await limits.create_group(account_id=account.account_id, settings=GroupSettings(name="research"))
    one = await limits.create_key(
        account_id=account.account_id, settings=KeySettings(name="nightly", group_id=group.group_id)
    )
    two = await limits.create_key(account_id=account.account_id, settings=KeySettings(name="laptop"))
    await _serve(house, one.token, 100, client="nightly.py/3", fingerprint=bytes(32))
    await _serve(house, one.token, 200, client="nightly.py/3", fingerprint=bytes(32))
    await _serve(house, two.token, 100)
    return account, show_id("group", group.group_id), show_id("key", two.key.key_id)


async def test_spending_is_divided_by_group_member_key_model_and_script(house: House) -> None:
    account, group, _ = await _two_teams(house)
    owner = await house.member(account)
    page = await owner.get(of_account(account, "/spend"), period="today")
    for words in ("$0.40", "research", "nightly", "laptop", "plain", "nightly.py/3", "75%", "25%", "in no group"):
        assert words in page, words
    # The second of two copies was paid for once more.
    assert "$0.20" in page
    assert f"group={group}" in page


async def test_a_click_narrows_the_page_down_and_another_one_widens_it(house: House) -> None:
    account, group, key = await _two_teams(house)
    owner = await house.member(account)
    page = await owner.get(of_account(account, "/spend"), period="today", group=group)
    assert "$0.30" in page
    assert "laptop" not in page
    assert "Group: research" in page
    page = await owner.get(of_account(account, "/spend"), period="today", group="none")
    assert "$0.10" in page
    page = await owner.get(of_account(account, "/spend"), period="today", group=group, key=key)
    assert "Nothing was spent" in page


async def test_the_divisions_can_be_taken_away_whole(house: House) -> None:
    account, _, _ = await _two_teams(house)
    owner = await house.member(account)
    text = await owner.get(of_account(account, "/spend"), period="today", csv="by_group")
    assert [line.split(",")[0] for line in text.strip().splitlines()][1:] == ["research", "in no group"]
    assert "0.3" in text


async def test_an_hour_is_explained_by_the_script_that_caused_it(house: House) -> None:
    account, _, _ = await _two_teams(house)
    owner = await house.member(account)
    now = house.services.clock.now()
    page = await owner.get(of_account(account, "/spend/hour"), at=show_time(now - now % _HOUR))
    rows = re.findall(r"<td>(nightly\.py/3|OpenAI/Python 2\.0)</td>", page)
    assert rows == ["nightly.py/3", "OpenAI/Python 2.0"]
    assert "$0.30" in page


async def test_spending_is_for_those_who_may_see_money(house: House) -> None:
    account, _, _ = await _two_teams(house)
    staff = await house.staff(StaffRole.SUPPORT)
    for seer in (await house.member(account, Role.BILLING_VIEWER), await house.member(account, Role.ADMIN), staff):
        assert "nightly" in await seer.get(of_account(account, "/spend"))
    developer = await house.member(account, Role.DEVELOPER)
    other = await house.member(await house.open_account("Other"))
    for stranger, status, code in ((developer, 403, "permission_missing"), (other, 404, "page_not_found")):
        page = await stranger.get(of_account(account, "/spend"), status=status)
        assert f"<code>{code}</code>" in page
        assert "nightly" not in page


async def test_a_period_that_cannot_be_is_told_and_not_shown(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    for query, code in (
        ({"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"}, "bad_request"),
        ({"period": "for ever"}, "bad_request"),
        ({"key": "nonsense"}, "id_unreadable"),
    ):
        page = await owner.get(of_account(account, "/spend"), status=422, **query)
        assert f"<code>{code}</code>" in page, query
    assert "<code>page_not_found</code>" in await owner.get(of_account(account, "/spend/hour"), status=404)
