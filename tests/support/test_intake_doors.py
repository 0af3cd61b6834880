"""Bodies that are too long, too slow or break off, at both doors: nothing of them is kept, and nobody waits for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from counterfoil.bootstrap.doors import Doors, open_doors
from support.desk import SupportDesk

FORM = "application/x-www-form-urlencoded"
FINE = urlencode({"problem": "balance_not_enough", "model": "gpt-4o"}).encode()
PATHS = ("/support/balance_not_enough", "/support/cases")
MORE = b"&error_text=" + b"x" * 1024 * 1024


@dataclass(slots=True)
class Caller:
    """Somebody who sends a body piece by piece; behind the last piece, what `ending` says."""

    pieces: list[bytes]
    ending: str = "whole"
    read: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        if self.read < len(self.pieces):
            self.read += 1
            is_last = self.read == len(self.pieces) and self.ending == "whole"
            return {"type": "http.request", "body": self.pieces[self.read - 1], "more_body": not is_last}
        if self.ending == "waits":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


@pytest.fixture
async def doors(support: SupportDesk) -> AsyncIterator[Doors]:
    async with open_doors(support.services) as opened:
        yield opened


async def post(doors: Doors, path: str, caller: Caller, content_type: str = FORM) -> int:
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"content-type", content_type.encode())], "client": ("203.0.113.9", 40_000), "scheme": "https",
        "server": ("desk.test", 443), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    door = doors.support if path == PATHS[1] else doors.site
    await door(scope, caller.receive, caller.send)  # type: ignore[arg-type]
    return caller.status


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_in_pieces_is_a_case(doors: Doors, support: SupportDesk, path: str) -> None:
    caller = Caller([FINE[:10], b"", FINE[10:]])
    assert await post(doors, path, caller) in (200, 201)
    assert await support.rows("SELECT fields FROM cases") == [({"model": "gpt-4o"},)]


@pytest.mark.parametrize("content_type", [FORM, "application/json", "multipart/form-data; boundary=b"])
@pytest.mark.parametrize("path", PATHS)
async def test_of_a_body_that_is_too_long_only_the_beginning_is_read(
    doors: Doors, support: SupportDesk, path: str, content_type: str
) -> None:
    caller = Caller([FINE, *[MORE] * 10])
    assert await post(doors, path, caller, content_type) == 413
    assert caller.read == 2
    assert await support.rows("SELECT 1 FROM cases") == []


@pytest.mark.parametrize("ending", ["waits", "breaks off"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_does_not_come_to_its_end_is_not_kept(
    doors: Doors, support: SupportDesk, path: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.site.answers.BODY_SECONDS_MAX", 0.05)
    monkeypatch.setattr("counterfoil.api.support_intake._BODY_SECONDS_MAX", 0.05)
    assert await post(doors, path, Caller([FINE], ending)) in (400, 422)
    assert await support.rows("SELECT 1 FROM cases") == []
