"""Searching and timelines over REST: the same as on the desk's pages."""

from __future__ import annotations

import pytest

from api.conftest import Desk
from api.wiring import Office
from counterfoil.foundation.ids import show_id


async def test_a_timeline_tells_of_an_accounts_keys_and_calls_and_pages_on(desk: Desk, office: Office) -> None:
    await office.sell()
    account_id = await desk.open_account()
    await desk.credit(account_id, "5")
    key = await desk.make_key(account_id)
    for _ in range(3):
        await office.call(key["token"], output_tokens=100)
    # Looking is itself on record, once an hour.
    await desk.ask("GET", f"/accounts/{account_id}/timeline")
    whole = await desk.ask("GET", f"/accounts/{account_id}/timeline")
    kinds = [item["kind"] for item in whole["items"]]
    assert {"calls", "charges", "keys"} <= set(kinds)
    (calls,) = [item for item in whole["items"] if item["kind"] == "calls"]
    assert (calls["count"], calls["amount"], calls["label"]) == (3, "0.30", "Calls served")
    told, cursor = [], ""
    while cursor is not None:
        page = await desk.ask(
            "GET", f"/accounts/{account_id}/timeline?limit=1" + (f"&cursor={cursor}" if cursor else "")
        )
        told += page["items"]
        cursor = page["next"]
    assert told == whole["items"]
    only = await desk.ask("GET", f"/accounts/{account_id}/timeline?kind=keys")
    assert {item["kind"] for item in only["items"]} == {"keys"}


@pytest.mark.parametrize("query", ["cursor=1.calls", "kind=nothing", "start=yesterday", "limit=0"])
async def test_a_timeline_asked_for_wrongly_says_so(desk: Desk, query: str) -> None:
    account_id = await desk.open_account()
    problem = await desk.ask("GET", f"/accounts/{account_id}/timeline?{query}", status=400)
    assert problem["status"] == 400
    assert problem["code"]


async def test_a_search_finds_the_account_and_shows_no_secret(desk: Desk) -> None:
    account_id = await desk.open_account("Acme")
    key = await desk.make_key(account_id)
    found = await desk.ask("POST", "/search", {"text": f"it says {key['token']} is disabled"})
    (account,) = found["accounts"]
    assert (account["account_id"], account["name"]) == (account_id, "Acme")
    assert [clue["clue"] for clue in account["clues"]] == ["token"]
    assert account["clues"][0]["subject"] == key["key_id"]
    assert key["token"] not in str(found)
    unknown = await desk.ask("POST", "/search", {"text": "req_" + "0" * 32})
    assert unknown["accounts"] == []
    await desk.ask("POST", "/search", {"text": ""}, status=400)


async def test_a_request_of_nobodys_is_missing(desk: Desk, office: Office) -> None:
    shown = show_id("request", office.clock.new_id())
    found = await desk.ask("POST", "/search", {"text": shown})
    assert [(clue["clue"], clue["shown"], clue["subject"]) for clue in found["missing"]] == [("request", shown, None)]
