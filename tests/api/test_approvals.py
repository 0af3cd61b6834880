"""Approvals over REST: what waits, and deciding it."""

from __future__ import annotations

import pytest

from api.conftest import Desk
from api.wiring import APPROVAL_CAP
from counterfoil.foundation.ids import read_id, show_id

OVER = APPROVAL_CAP + 10_000_000


@pytest.fixture
async def account(desk: Desk) -> str:
    return await desk.open_account()


async def _proposed(desk: Desk, account: str, amount: int = OVER, **fields: str) -> str:
    approval = await desk.office.propose(read_id("account", account), amount, **fields)
    return show_id("approval", approval.approval_id)


async def _balance(desk: Desk, account: str) -> str:
    balance: str = (await desk.ask("GET", f"/accounts/{account}"))["posted"]
    return balance


async def test_a_proposal_is_shown_and_approved_by_another_person(desk: Desk, account: str) -> None:
    approval = await _proposed(desk, account)
    shown = await desk.ask("GET", f"/approvals/{approval}")
    assert (shown["approval_id"], shown["action"], shown["subject"], shown["account_id"]) == (
        approval, "adjustment", "ticket 1", account,
    )  # fmt: skip
    assert (shown["amount"], shown["amount_nanos"], shown["currency"], shown["reason"]) == (
        "500.01", OVER, "USD", "promised on the phone",
    )  # fmt: skip
    assert (shown["state"], shown["policy"], shown["proposed_by"], shown["decided_by"], shown["decided_at"]) == (
        "proposed", "two_people", "Ada", None, None,
    )  # fmt: skip
    assert shown["payload"] == {"ticket": "ticket 1"}
    assert [event["state"] for event in shown["events"]] == ["proposed"]
    assert await _balance(desk, account) == "0.00"

    problem = await desk.ask("POST", f"/approvals/{approval}/approve", {"by": " ADA "}, status=403)
    assert problem["code"] == "approval_same_person"
    assert await _balance(desk, account) == "0.00"

    done = await desk.ask("POST", f"/approvals/{approval}/approve", {"by": "Bob", "reason": "I was there"})
    assert (done["state"], done["decided_by"], done["decision_reason"]) == ("approved", "Bob", "I was there")
    assert [(event["number"], event["by"], event["reason"]) for event in done["events"]] == [
        (1, "Ada", "promised on the phone"), (2, "Bob", "I was there"),
    ]  # fmt: skip
    assert await _balance(desk, account) == "500.01"
    assert await desk.ask("GET", f"/approvals/{approval}") == done

    problem = await desk.ask("POST", f"/approvals/{approval}/reject", {"by": "Cyn"}, status=409)
    assert (problem["code"], problem["parameters"]["state"], problem["parameters"]["by"]) == (
        "approval_decided", "approved", "Bob",
    )  # fmt: skip


async def test_what_one_person_did_alone_is_recorded_as_such(desk: Desk, account: str) -> None:
    shown = await desk.ask("GET", f"/approvals/{await _proposed(desk, account, APPROVAL_CAP)}")
    assert (shown["state"], shown["policy"], shown["decided_by"]) == ("approved", "single_with_reason", "Ada")
    assert [event["state"] for event in shown["events"]] == ["proposed", "approved"]
    assert await _balance(desk, account) == "500.00"


async def test_a_proposal_is_rejected_or_withdrawn(desk: Desk, account: str) -> None:
    first, second = await _proposed(desk, account), await _proposed(desk, account, subject="ticket 2")
    rejected = await desk.ask("POST", f"/approvals/{first}/reject", {"by": "Bob", "reason": "not ours"})
    assert (rejected["state"], rejected["decision_reason"]) == ("rejected", "not ours")
    problem = await desk.ask("POST", f"/approvals/{second}/withdraw", {"by": "Bob"}, status=403)
    assert problem["code"] == "approval_not_proposer"
    assert (await desk.ask("POST", f"/approvals/{second}/withdraw", {"by": "ada"}))["state"] == "withdrawn"
    assert await _balance(desk, account) == "0.00"


async def test_approvals_are_listed_newest_first_and_filtered(desk: Desk, account: str) -> None:
    other = await desk.open_account("Other")
    made = [await _proposed(desk, account, subject=f"ticket {n}") for n in range(3)]
    alone = await _proposed(desk, other, 1)

    async def listed(query: str = "") -> list[str]:
        return [one["approval_id"] for one in (await desk.ask("GET", f"/approvals{query}"))["items"]]

    assert await listed() == [alone, *made[::-1]]
    assert await listed("?state=proposed") == made[::-1]
    assert await listed(f"?account_id={other}") == [alone]
    assert await listed("?subject=ticket%201") == [alone, made[1]]
    assert await listed("?action=order_refund") == []
    page = await desk.ask("GET", "/approvals?limit=3")
    assert [one["approval_id"] for one in page["items"]] == [alone, made[2], made[1]]
    rest = await desk.ask("GET", f"/approvals?limit=3&cursor={page['next']}")
    assert ([one["approval_id"] for one in rest["items"]], rest["next"]) == ([made[0]], None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": ""},
        {"by": "   "},
        {"by": "a" * 101},
        {"by": "A\nda"},
        {"by": "Ada", "cap": 1},
        {"by": "Ada", "reason": "a\x00b"},
    ],
)
async def test_who_decides_must_be_said(desk: Desk, account: str, body: object) -> None:
    approval = await _proposed(desk, account)
    problem = await desk.ask("POST", f"/approvals/{approval}/approve", body, status=400)
    assert problem["code"] == "bad_request"
    assert (await desk.ask("GET", f"/approvals/{approval}"))["state"] == "proposed"


async def test_what_does_not_exist_is_not_found(desk: Desk) -> None:
    missing = "appr_" + "0" * 32
    for method, path, body in (
        ("GET", missing, None), ("POST", f"{missing}/approve", {"by": "Bob"}), ("POST", f"{missing}/reject", {"by": "Bob"}),
    ):  # fmt: skip
        assert (await desk.ask(method, f"/approvals/{path}", body, status=404))["code"] == "approval_not_found"
    assert (await desk.ask("GET", "/approvals/ord_1", status=400))["code"] == "id_unreadable"
