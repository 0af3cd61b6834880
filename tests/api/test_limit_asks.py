"""Asking for more than a limit allows over REST, and the answer; and the same in the terminal's shapes."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import Desk
from counterfoil.foundation.ids import read_id


async def quota(desk: Desk, account: str) -> str:
    body = {"scope_id": account, "unit": "money", "window": "month", "amount": "5"}
    limit: str = (await desk.ask("PUT", f"/accounts/{account}/limits", body))["limit_id"]
    return limit


async def test_an_ask_is_raised_for_a_time_and_the_limit_says_so(desk: Desk) -> None:
    account = await desk.open_account()
    limit_id, path = await quota(desk, account), f"/accounts/{account}/limit-asks"
    ask = await desk.ask("POST", path, {"limit_id": limit_id, "amount": "6", "note": "the nightly run"}, status=201)
    assert (ask["state"], ask["needed"], ask["suggested"], ask["in_force"]) == ("open", "6.00", "6.00", True)
    assert (await desk.ask("GET", path))["items"] == [ask]
    raised = await desk.ask(
        "POST", f"{path}/{ask['ask_id']}/raise", {"by": "Ada", "until": "2099-01-01T00:00:00Z"}, status=400
    )
    assert raised["parameters"]["field"] == "until"
    raised = await desk.ask("POST", f"{path}/{ask['ask_id']}/raise", {"by": "Ada", "word": "until tomorrow"})
    assert (raised["state"], raised["raised_to"], raised["answered_by"]) == ("raised", "6.00", "Ada")
    assert raised["raised_until"] is not None
    (standing,) = (await desk.ask("GET", f"/accounts/{account}/limits"))["items"]
    assert (standing["amount"], standing["raised_from"], standing["remaining"]) == ("6.00", "5.00", "6.00")
    assert standing["raised_until"] == raised["raised_until"]
    await desk.ask("POST", f"{path}/{ask['ask_id']}/decline", {"by": "Ada"}, status=409)
    assert (await desk.ask("GET", f"{path}?state=open"))["items"] == []


async def test_raising_for_good_and_declining(desk: Desk) -> None:
    account = await desk.open_account()
    limit_id, path = await quota(desk, account), f"/accounts/{account}/limit-asks"
    ask = await desk.ask("POST", path, {"limit_id": limit_id}, status=201)
    raised = await desk.ask("POST", f"{path}/{ask['ask_id']}/raise", {"by": "Ada", "for_good": True, "amount": "9"})
    assert (raised["raised_until"], raised["limit"]["amount"], raised["limit"]["raised_from"]) == (None, "9.00", None)
    again = await desk.ask("POST", path, {"limit_id": limit_id}, status=201)
    declined = await desk.ask("POST", f"{path}/{again['ask_id']}/decline", {"by": "Ada", "word": "that is enough"})
    assert (declined["state"], declined["answer"], declined["raised_to"]) == ("declined", "that is enough", None)
    page = await desk.ask("GET", f"{path}?limit=1")
    rest = await desk.ask("GET", f"{path}?limit=1&cursor={page['next']}")
    assert [page["items"][0]["ask_id"], rest["items"][0]["ask_id"]] == [again["ask_id"], ask["ask_id"]]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "body", [{"count": 5}, {"amount": "-1"}, {"amount": "1", "amount_nanos": 1}, {"note": "x" * 501}, {"limit_id": "x"}]
)
async def test_an_ask_that_cannot_be_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    account = await desk.open_account()
    path = f"/accounts/{account}/limit-asks"
    await desk.ask("POST", path, {"limit_id": await quota(desk, account), **body}, status=400)
    assert (await desk.ask("GET", path))["items"] == []


async def test_a_limit_that_is_not_there_cannot_be_asked_about(desk: Desk) -> None:
    account, other = await desk.open_account(), await desk.open_account("Other")
    path = f"/accounts/{account}/limit-asks"
    for limit_id in (await quota(desk, other), "lim_" + "0" * 32):
        await desk.ask("POST", path, {"limit_id": limit_id}, status=404)
    assert await desk.office.limit_asks.open_count(read_id("account", other)) == 0
