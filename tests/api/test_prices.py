"""Price books over REST."""

from __future__ import annotations

from typing import Any

from api.conftest import Desk
from api.wiring import BOOK, MODEL


def _book(output: str) -> dict[str, Any]:
    return {**BOOK, "prices": [{"model": MODEL, "rates": {"input": "0", "output": output}}]}


async def test_a_book_is_imported_shown_and_compared(desk: Desk) -> None:
    first = await desk.ask("POST", "/prices/import", _book("1"))
    assert first["changes"]
    assert (await desk.ask("POST", "/prices/import", _book("1")))["changes"] == []
    assert (await desk.ask("GET", "/prices/books"))["items"] == [{"book": "customer", "models": 1}]
    (price,) = (await desk.ask("GET", "/prices/books/customer"))["items"]
    assert price["rates"]["output"] == {"nanos_per_million": 10**9, "price": "1.00 per million"}
    (change,) = (await desk.ask("POST", "/prices/diff", _book("2")))["changes"]
    assert (change["model"], change["field"], change["before"], change["after"]) == (
        MODEL, "rates.output", 10**9, 2 * 10**9,
    )  # fmt: skip
    await desk.ask("POST", "/prices/import", _book("2"))
    history = (await desk.ask("GET", f"/prices/books/customer?model={MODEL}"))["items"]
    assert [version["rates"]["output"]["price"] for version in history] == ["1.00 per million", "2.00 per million"]
    assert history[0]["valid_to"] == history[1]["valid_from"]
    await desk.ask("GET", "/prices/books/customer?model=nothing", status=404)


async def test_a_book_that_cannot_be_read_changes_nothing(desk: Desk) -> None:
    for body in ({}, {"prices": [{"model": "m", "rates": {"input": "-1"}}]}, {"prices": [{"model": "m"}], "x": 1}):
        await desk.ask("POST", "/prices/import", body, status=400)
        await desk.ask("POST", "/prices/diff", body, status=400)
    assert (await desk.ask("GET", "/prices/books"))["items"] == []
