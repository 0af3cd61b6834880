"""Submissions over REST: the copies of each, the loops of scripts, and what is done with duplicates."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import Desk
from counterfoil.foundation.ids import show_id

ASKED, OTHER = b"a" * 32, b"b" * 32


@pytest.fixture
async def account(desk: Desk) -> str:
    await desk.office.sell()
    opened = await desk.open_account()
    await desk.credit(opened, "100.00")
    return opened


async def _call(desk: Desk, key: Any, *, times: int = 1, fingerprint: bytes = ASKED) -> list[str]:
    """Calls with the same content, each charged 0.10 or refused."""
    return [
        show_id("request", await desk.office.call(key["token"], output_tokens=100, fingerprint=fingerprint))
        for _ in range(times)
    ]


async def test_a_submission_is_one_thing_with_its_copies(desk: Desk, account: str) -> None:
    key = await desk.make_key(account, duplicate_policy="flag")
    copies = await _call(desk, key, times=3)
    shown = copies[0].replace("req_", "sub_")
    found = await desk.ask("GET", f"/submissions/{shown}")
    assert (found["submission_id"], found["account_id"], found["key_mask"]) == (shown, account, key["mask"])
    assert (found["copies"], found["duplicates"], found["charged_copies"], found["charged"]) == (3, 2, 3, "0.30")
    assert [(one["request_id"], one["verdict"], one["charge_mark"]) for one in found["requests"]] == [
        (copies[0], "original", "charged"), (copies[1], "duplicate", "charged"), (copies[2], "duplicate", "charged"),
    ]  # fmt: skip
    request = await desk.ask("GET", f"/requests/{copies[1]}")
    assert (request["submission_id"], request["verdict"], request["first_request_id"]) == (shown, "duplicate", None)


async def test_a_blocked_copy_names_the_first(desk: Desk, account: str) -> None:
    first, blocked = await _call(desk, await desk.make_key(account, duplicate_policy="block"), times=2)
    request = await desk.ask("GET", f"/requests/{blocked}")
    assert (request["code"], request["first_request_id"], request["verdict"]) == (
        "duplicate_submission", first, "duplicate",
    )  # fmt: skip
    found = await desk.ask("GET", f"/submissions/{first.replace('req_', 'sub_')}")
    assert (found["copies"], found["blocked"], found["charged_copies"]) == (2, 1, 1)


async def test_what_was_sent_again_is_listed_and_filtered(desk: Desk, account: str) -> None:
    key, other = await desk.make_key(account), await desk.make_key(account)
    once = (await _call(desk, key, fingerprint=b"c" * 32))[0]
    twice = (await _call(desk, key, times=2))[0]
    often = (await _call(desk, other, times=4, fingerprint=OTHER))[0]

    async def listed(query: str = "") -> list[str]:
        return [
            one["submission_id"].replace("sub_", "req_")
            for one in (await desk.ask("GET", f"/submissions{query}"))["items"]
        ]

    assert await listed() == [often, twice]
    assert await listed(f"?account_id={account}&key_id={key['key_id']}") == [twice]
    assert await listed("?copies=3") == [often]
    assert await listed("?copies=1") == [often, twice, once]
    page = await desk.ask("GET", "/submissions?limit=1")
    assert await listed(f"?limit=1&cursor={page['next']}") == [twice]
    missing = await desk.ask("GET", f"/submissions/sub_{'0' * 32}", status=404)
    assert missing["code"] == "submission_not_found"


async def test_the_loops_of_a_script_are_listed(desk: Desk, account: str) -> None:
    key = await desk.make_key(account)
    await _call(desk, key, times=9)
    path = f"/accounts/{account}/loops"
    assert (await desk.ask("GET", path))["items"] == []
    await _call(desk, key)
    (loop,) = (await desk.ask("GET", path))["items"]
    assert (loop["copies"], loop["charged"], loop["currency"]) == (10, "1.00", "USD")
    assert (await desk.ask("GET", f"/accounts/{account}/bursts"))["items"] == []
    nobody = f"/accounts/acct_{'0' * 32}"
    for what in ("loops", "bursts", "duplicates"):
        await desk.ask("GET", f"{nobody}/{what}", status=404)


async def test_an_account_says_what_is_done_with_duplicates(desk: Desk, account: str) -> None:
    path, key = f"/accounts/{account}/duplicates", await desk.make_key(account)
    assert await desk.ask("GET", path) == {"account_id": account, "policy": None, "window_seconds": None}
    chosen = {"policy": "block", "window_seconds": 60}
    assert await desk.ask("PUT", path, chosen) == {"account_id": account, **chosen}
    assert await desk.ask("GET", path) == {"account_id": account, **chosen}
    _, blocked = await _call(desk, key, times=2)
    assert (await desk.ask("GET", f"/requests/{blocked}"))["code"] == "duplicate_submission"
    for wrong in ({"policy": "sometimes"}, {"window_seconds": 0}, {"window_seconds": 86_401}, {"windows": 1}):
        await desk.ask("PUT", path, wrong, status=400)
    assert (await desk.ask("PUT", path, {}))["policy"] in (None, "flag")


async def test_groups_and_keys_have_windows_of_their_own(desk: Desk, account: str) -> None:
    path = f"/accounts/{account}/groups"
    group = await desk.ask("POST", path, {"name": "research", "duplicate_window_seconds": 30})
    assert group["duplicate_window_seconds"] == 30
    changed = await desk.ask("PATCH", f"{path}/{group['group_id']}", {"duplicate_policy": "block"})
    assert (changed["duplicate_policy"], changed["duplicate_window_seconds"]) == ("block", 30)
    changed = await desk.ask("PATCH", f"{path}/{group['group_id']}", {"duplicate_window_seconds": None})
    assert (changed["duplicate_policy"], changed["duplicate_window_seconds"]) == ("block", None)
    key = await desk.make_key(account, duplicate_window_seconds=86_400)
    keys = f"/accounts/{account}/keys"
    assert key["duplicate_window_seconds"] == 86_400
    changed = await desk.ask("PATCH", f"{keys}/{key['key_id']}", {"duplicate_window_seconds": 5})
    assert changed["duplicate_window_seconds"] == 5
    assert (await desk.ask("PATCH", f"{keys}/{key['key_id']}", {"name": "b"}))["duplicate_window_seconds"] == 5
    await desk.ask("POST", keys, {"name": "c", "duplicate_window_seconds": 0}, status=400)
