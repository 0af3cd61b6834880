"""L12: whatever is done with codes, no full one is in any table, log line or error."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.observability import configure_logging, log
from counterfoil.redaction.rules import redact
from recharge.code_counter import ADDRESS, CodeCounter, mistyped, never_issued, open_counter


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged, by us and every library, at the lowest level."""
    stream = io.StringIO()
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    configure_logging(level="debug", log_format="json", redact=redact, stream=stream)
    yield stream
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


@pytest.fixture
async def counter(database_url: str, clock: ManualClock) -> AsyncIterator[CodeCounter]:
    async with open_counter(database_url, clock) as opened:
        yield opened


def everything(owner_url: str) -> str:
    """Every row of every table, as text."""
    rows: list[str] = []
    with psycopg.connect(owner_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            rows += [row[0] for row in connection.execute(f"SELECT t::text FROM {table} t").fetchall()]
    return "\n".join(rows)


def pieces(code: str) -> set[str]:
    """What of a code must not be found: all of it however it is written, its groups, and any seven of its symbols."""
    symbols = code.replace("-", "")[2:]
    found = {code, symbols, code.lower(), symbols.lower(), *code.split("-")[1:]}
    found |= {symbols[start : start + 7] for start in range(len(symbols) - 6)}
    # Digits alone may stand in a time or an amount.
    return {piece for piece in found if not piece.isdigit()}


async def test_no_code_is_in_any_table_or_log(counter: CodeCounter, owner_url: str, logged: io.StringIO) -> None:
    made = await counter.batch(count=5, name="spring")
    account, other = await counter.account(), await counter.account("Other")
    await counter.redeem(account, made.codes[0], by=f"Ada with {made.codes[0]}", client_address=ADDRESS)
    await counter.codes.void_code((await counter.codes.find(made.codes[1])).code.code_id, by=made.codes[1])
    typed = [*made.codes, mistyped(made.codes[2]), never_issued(), made.codes[3].lower(), made.codes[3] + "0"]
    said: list[str] = []
    for one in typed:
        for somebody in (account, other):
            try:
                await counter.redeem(somebody, one, by="Bob", group=f"group {one}")
            except CounterfoilError as error:
                said += [str(error), repr(error), repr(error.parameters)]
    await counter.batch(name=f"after {made.codes[4]}")
    await counter.codes.void_batch(made.view.batch.batch_id, by="Ada")
    log.info("planted", typed=made.codes, event_of=f"somebody typed {made.codes[4]}")
    kept, lines = everything(owner_url), logged.getvalue()
    assert "spring" in kept
    assert "code_redeemed" in lines
    assert "planted" in lines
    for code in {*made.codes, never_issued(), mistyped(made.codes[2])}:
        assert code[-4:] in kept
        for piece in pieces(code):
            for place in (kept, lines, "\n".join(said), repr(made)):
                assert piece not in place, piece


async def test_what_is_kept_of_a_code_is_its_hash_its_mask_and_no_more(counter: CodeCounter, owner_url: str) -> None:
    made = await counter.batch()
    with psycopg.connect(owner_url) as connection:
        ((last_four, length),) = connection.execute(
            "SELECT last_four, octet_length(code_hash) FROM codes JOIN code_directory USING (code_id)"
        ).fetchall()
    assert (last_four, length) == (made.codes[0][-4:], 32)
