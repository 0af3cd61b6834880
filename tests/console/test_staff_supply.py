"""Price books, upstreams and the ledger's proof, as operations and finance see and change them."""

from __future__ import annotations

import asyncio
import json

import psycopg
import pytest

from console.callers import open_shop, with_key
from console.visitors import House
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.proofs_model import VerificationState

_BOOK = {
    "book": "customer", "currency": "USD", "prices": [{"model": "plain", "rates": {"input": "2", "output": "8"}}],
}  # fmt: skip


def _document(*, output: str = "8") -> bytes:
    book = {**_BOOK, "prices": [{"model": "plain", "rates": {"input": "2", "output": output}}]}
    return json.dumps(book).encode()


async def test_a_price_book_is_compared_before_it_is_imported(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    compared = await staff.post(
        "/price-books/compare", {"valid_from": ""}, files={"document": ("book.json", _document())}, status=200
    )
    assert "plain" in compared.text
    assert "$8.00 per million" in compared.text
    assert house.services.prices.price_for("customer", "plain", house.services.clock.now()) is None
    done = await staff.post("/price-books/import", {"document": _document().decode(), "valid_from": ""})
    page = await staff.follow(done)
    assert "The book is imported" in page
    assert "$2.00 per million" in await staff.get("/price-books/prices", book="customer", q="plain")
    again = await staff.post("/price-books/import", {"document": _document().decode(), "valid_from": ""})
    assert "done_book_unchanged" in again.headers["location"]
    await staff.post("/price-books/import", {"document": _document(output="9").decode(), "valid_from": ""})
    history = await staff.get("/price-books/history", book="customer", model="plain")
    assert "$8.00 per million" in history
    assert "$9.00 per million" in history
    assert "until replaced" in history


async def test_a_document_that_is_none_changes_nothing_and_says_why(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    for content in (b"", b"not json", b"\xff\xfe", b'{"book": "customer", "prices": []}'):
        await staff.post(
            "/price-books/compare", {"valid_from": ""}, files={"document": ("book.json", content)}, status=422
        )
    await staff.post("/price-books/compare", {"valid_from": ""}, status=422)
    large = b'{"note": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    answer = await staff.post(
        "/price-books/compare", {"valid_from": ""}, files={"document": ("book.json", large)}, status=422
    )
    assert "counterfoil prices import" in answer.text


async def test_prices_are_shown_as_they_were_on_a_day(house: House) -> None:
    staff = await house.staff(StaffRole.FINANCE)
    await house.services.prices.import_book(json.loads(_document()))
    assert "plain" in await staff.get("/price-books/prices", book="customer", q="PLA")
    assert "No prices then" in await staff.get("/price-books/prices", book="customer", at="2020-01-01")
    await staff.get("/price-books/prices", book="customer", at="once", status=422)
    await staff.get("/price-books/prices", book="upstream:nobody", status=404)
    await staff.get("/price-books/history", book="customer", model="none", status=404)
    await staff.post("/price-books/import", {"document": _document(output="9").decode()}, status=403)


async def test_a_long_book_comes_in_pages(house: House) -> None:
    models = [f"model-{number:03}" for number in range(120)]
    await house.services.prices.import_book(
        {"book": "customer", "currency": "USD", "prices": [{"model": one, "rates": {"input": "1"}} for one in models]}
    )
    staff = await house.staff(StaffRole.FINANCE)
    first = await staff.get("/price-books/prices", book="customer", q="model-")
    assert "model-049" in first
    assert "model-050" not in first
    second = await staff.get("/price-books/prices", book="customer", q="model-", after="model-049")
    assert "model-050" in second
    assert "model-119" in await staff.get("/price-books/prices", book="customer", csv="prices")


async def test_an_upstream_is_added_without_its_secret_ever_being_shown(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    fields = {
        "up_name": "north", "up_dialect": "openai", "up_base_url": "http://127.0.0.1:9/v1",
        "up_secret": "sk-north-secret", "up_models": "gpt-5\ngpt-6 gpt-6-2026-08 50 3\n",
    }  # fmt: skip
    page = await staff.follow(await staff.post("/upstreams", fields))
    assert "sk-north-secret" not in page
    assert "gpt-6-2026-08" in page
    (model, other) = (await house.services.upstreams.find("north")).models
    assert (model.upstream_model, other.priority, other.weight) == ("gpt-5", 50, 3)
    tested = await staff.post("/upstreams/north/test", status=200)
    assert "It cannot be reached" in tested.text
    taken = await staff.post("/upstreams", fields, status=409)
    assert "sk-north-secret" not in taken.text
    await staff.post("/upstreams", fields | {"up_name": "South Pole"}, status=422)
    await staff.post("/upstreams", fields | {"up_name": "south", "up_models": "a b c d"}, status=422)
    await staff.post("/upstreams/north/models", {"models": "gpt-7"})
    await staff.post("/upstreams/north/state", {"state": "disabled"})
    changed = await house.services.upstreams.find("north")
    assert (changed.status, [one.public_model for one in changed.models]) == ("disabled", ["gpt-7"])
    await staff.post("/upstreams/north/secret", {"secret": "", "secret_env": ""}, status=422)
    await staff.post("/upstreams/north/secret", {"secret_env": "NORTH_KEY"})
    assert "NORTH_KEY" in await staff.get("/upstreams/north")
    await staff.follow(await staff.post("/upstreams/north/remove"))
    await staff.get("/upstreams/north", status=404)


async def test_upstreams_show_their_errors_costs_and_margins(house: House) -> None:
    desk = await open_shop(house)
    account = await house.open_account("Acme", credit=50)
    customer = await with_key(house, account)
    for _ in range(3):
        await desk.served(customer)
    await desk.failed(customer)
    staff = await house.staff(StaffRole.FINANCE)
    page = await staff.get("/upstreams")
    assert "wholesale-7" in page
    assert "75%" in page
    assert "1,500\u00a0ms" in page
    shown = await staff.get("/upstreams/wholesale-7", since="day")
    assert "75%" in shown
    # Three calls of 400 tokens: 0.40 each charged, and half of that on the upstream's bill.
    margins = await staff.get("/upstreams/margins")
    for said in ("$1.20", "$0.60", "50%"):
        assert said in margins
    assert "No calls in this time" not in margins
    await (await house.member(account, Role.OWNER)).get("/upstreams/margins", status=403)


async def test_a_margin_is_not_told_where_a_cost_is_not_known(house: House) -> None:
    desk = await open_shop(house)
    customer = await with_key(house, await house.open_account("Acme", credit=50))
    await desk.served(customer)
    await house.services.prices.import_book(
        {"book": "upstream:wholesale-7", "currency": "USD", "prices": [{"model": "theirs", "withdrawn": True}]}
    )
    staff = await house.staff(StaffRole.FINANCE)
    assert "no cost prices" in await staff.get("/upstreams/margins")


async def _ended(house: House) -> VerificationState:
    for _ in range(200):
        last = await house.services.proofs.last()
        if last is not None and last.state is not VerificationState.RUNNING:
            return last.state
        await asyncio.sleep(0.02)
    pytest.fail("the verification does not end")


async def test_the_ledger_is_verified_on_demand_and_who_asked_is_kept(house: House) -> None:
    await house.open_account("Acme", credit=50)
    finance = await house.staff(StaffRole.FINANCE)
    assert "not yet" in await finance.get("/ledger")
    await finance.post("/ledger/checkpoints")
    await finance.post("/ledger/verifications")
    assert await _ended(house) is VerificationState.VERIFIED
    page = await finance.get("/ledger")
    assert "Holds" in page
    assert finance.person is not None
    assert finance.person.email in page
    sums = await finance.get("/ledger/sums")
    assert "adds up to zero" in sums
    assert "-$50.00" in sums
    last = await house.services.proofs.last()
    assert last is not None
    assert (last.transfers, last.accounts, last.checkpoints) == (1, 1, 1)
    one = await finance.get(f"/ledger/verifications/{show_id('verification', last.verification_id)}")
    assert "Holds" in one


async def test_what_was_tampered_with_is_named(house: House, owner_url: str) -> None:
    account = await house.open_account("Acme", credit=50)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE accounts SET posted = posted + 1 WHERE account_id = %s", (account.account_id,))
    engineer = await house.staff(StaffRole.ENGINEERING)
    await engineer.post("/ledger/verifications")
    assert await _ended(house) is VerificationState.DIFFERS
    page = await engineer.get("/ledger")
    assert "The ledger does not hold" in page
    assert "Balance differs" in page
    await engineer.post("/ledger/checkpoints", status=403)


async def test_customers_and_support_see_no_proof_and_no_upstreams(house: House) -> None:
    account = await house.open_account("Acme")
    for visitor in (await house.member(account, Role.OWNER), await house.staff(StaffRole.EDITOR)):
        for path in ("/ledger", "/ledger/sums", "/upstreams", "/upstreams/margins", "/price-books"):
            assert "<code>permission_missing</code>" in await visitor.get(path, status=403), path
