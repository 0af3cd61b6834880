"""Secrets planted in every field, header, query, path and file's name, over the page and the API, of a real installation:
while all is well, while its database is down, and while its process is killed. Nothing of them is anywhere afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import quote, urlencode
from urllib.request import urlopen

import aiohttp
import psycopg
import pytest
from yarl import URL

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate
from counterfoil.support.intake_bodies import BODY_BYTES_MAX
from processes import HOST, PATIENCE_SECONDS, Customer, Installation, Serve, descendants, wait_until
from support.plants import SECRETS, Needles, Plant, plants

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")

# What is kept, so that looking for what is not can be seen to work.
MARKER = Plant("marker", "a-model-that-nobody-else-would-ask-for")
FINE = {"model": MARKER.text, "request_id": "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"}
PROBLEM = "balance_not_enough"
AT_ONCE = 12
HEADERS = ("Referer", "Cookie", "Authorization", "X-Forwarded-For", "Forwarded", "Origin", "X-Api-Key", "X-Request-Id")
_SETTINGS = {
    "COUNTERFOIL_SUPPORT_PER_ADDRESS": "100000",
    "COUNTERFOIL_TRUSTED_PROXIES": "127.0.0.1",
    "COUNTERFOIL_LOG_LEVEL": "debug",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request; `expected` are the statuses that it may be answered with."""

    path: str
    expected: tuple[int, ...]
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(slots=True, kw_only=True)
class Town:
    """An installation that is being served, everything that it has answered, and what was planted in it."""

    installation: Installation
    serve: Serve
    customer: Customer
    planted: list[Plant]
    answers: list[bytes] = field(default_factory=list)

    async def send(self, requests: Iterable[Sent], *, may_break: bool = False) -> int:
        """Send them, some at once; how many were answered."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession() as session:

            async def one(request: Sent) -> int:
                async with gate:
                    try:
                        return await self._send(session, request)
                    except (aiohttp.ClientError, ConnectionError):
                        assert may_break, request.path
                        return 0

            return sum(await asyncio.gather(*map(one, requests)))

    async def _send(self, session: aiohttp.ClientSession, request: Sent) -> int:
        url = URL(self.serve.address + request.path, encoded=True)
        headers = {"Content-Type": request.content_type, **request.headers}
        async with session.request(
            request.method, url, data=request.body, headers=headers, allow_redirects=False
        ) as response:
            content = await response.read()
            head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
            self.answers.append(head.encode() + b"\n" + content)
            assert response.status in request.expected, (response.status, request.path[:60], content[-300:])
        return 1

    def tables(self) -> bytes:
        """Every row of every table."""
        rows: list[str] = []
        with psycopg.connect(self.installation.postgres.owner_url) as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (name,) in names:
                rows += (row[0] for row in connection.execute(f'SELECT t::text FROM "{name}" t'))  # type: ignore[arg-type]
        return "\n".join(rows).encode()

    def files(self) -> Iterator[bytes]:
        """Every file of the data directory, the database's own among them, and what was written to the log."""
        for path in self.installation.data_dir.parent.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with suppress(FileNotFoundError):
                    yield path.read_bytes()

    def count(self, table: str) -> int:
        with psycopg.connect(self.installation.postgres.owner_url) as connection:
            ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # type: ignore[arg-type]
        return int(count)

    def metrics(self) -> bytes:
        with urlopen(f"{self.serve.address}/metrics", timeout=30) as response:
            return bytes(response.read())

    def check_nothing_is_left(self) -> None:
        tables, files, metrics = self.tables(), list(self.files()), self.metrics()
        # Looking finds what is there.
        assert Needles([MARKER]).left_in(tables) == Needles([MARKER]).left_in(*files) == {"marker"}
        needles = Needles(self.planted)
        assert len(needles) > 300
        found = {
            "tables": needles.left_in(tables), "files": needles.left_in(*files), "metrics": needles.left_in(metrics),
            "answers": needles.left_in(*self.answers),
        }  # fmt: skip
        assert not any(found.values()), found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    data_dir = tmp_path_factory.mktemp("planted") / "data"
    with SandboxProcess() as sandbox, EmbeddedPostgres(data_dir, durable=False) as postgres:
        migrate(postgres.owner_url, runtime_password=postgres.runtime_password)
        installation = Installation(data_dir, sandbox, postgres)
        asyncio.run(installation.prepare())
        customer = asyncio.run(installation.customer(calls=1))
        serve = Serve(data_dir, settings=_SETTINGS).started()
        try:
            town = Town(
                installation=installation, serve=serve, customer=customer,
                planted=plants({"a customer's key": customer.token}),
            )  # fmt: skip
            asyncio.run(town.send([form(PROBLEM, FINE, expected=(200,)), program(PROBLEM, FINE, expected=(201,))]))
            yield town
        finally:
            serve.stop()


# -- what is sent --------------------------------------------------------------------------------------------------


def spread(planted: Iterable[Plant], problem: str, *, times: int) -> Iterator[dict[str, str]]:
    """Fields of that class, each with another plant, so often."""
    texts = cycle(plant.text for plant in planted)
    for _ in range(times):
        yield dict(zip(FIELDS_OF_PROBLEM[problem], islice(texts, len(FIELDS_OF_PROBLEM[problem])), strict=True))


def everywhere(planted: list[Plant]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every secret in every field as it is, and in some field however it may be written."""
    plain = planted[: len(SECRETS) + 1]
    for problem, fields in FIELDS_OF_PROBLEM.items():
        for turn in range(len(plain)):
            values = islice(cycle(plain), turn, turn + len(fields))
            yield problem, {name: plant.text for name, plant in zip(fields, values, strict=True)}
    written = planted[len(plain) :]
    longest = max(FIELDS_OF_PROBLEM, key=lambda one: len(FIELDS_OF_PROBLEM[one]))
    width = len(FIELDS_OF_PROBLEM[longest])
    for fields_of_it in spread(written, longest, times=-(-len(written) // width)):
        yield longest, fields_of_it


def form(problem: str, fields: dict[str, str], **request: object) -> Sent:
    body = urlencode(fields, encoding="utf-8", errors="replace").encode()
    return Sent(**{"path": f"/support/{problem}", "body": body, "expected": (422,), **request})  # type: ignore[arg-type]


def program(problem: str, fields: dict[str, str], **request: object) -> Sent:
    body = json.dumps({"problem": problem, "fields": fields}).encode()
    given = {"path": "/support/cases", "body": body, "content_type": "application/json", "expected": (422,), **request}
    return Sent(**given)  # type: ignore[arg-type]


def with_file(path: str, name: str, content: str, **request: object) -> Sent:
    """A form with a file, whose name and content are planted."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
    parts = [
        *(f'Content-Disposition: form-data; name="{one}"\r\n\r\n{value}' for one, value in FINE.items()),
        f'Content-Disposition: form-data; name="problem"\r\n\r\n{PROBLEM}',
        f'Content-Disposition: form-data; name="shot"; filename="{quoted}.png"\r\n\r\n{content}',
    ]
    body = "".join(f"--planted\r\n{part}\r\n" for part in parts) + "--planted--\r\n"
    given = {
        "path": path, "body": body.encode("utf-8", "replace"), "expected": (422,),
        "content_type": "multipart/form-data; boundary=planted", **request,
    }  # fmt: skip
    return Sent(**given)  # type: ignore[arg-type]


def of_headers(planted: Iterable[Plant]) -> list[str]:
    """What may stand in a header."""
    return [one.text for one in planted if one.text.isascii() and one.text.isprintable()]


def around(planted: list[Plant]) -> Iterator[Sent]:
    """Plants beside the fields: headers, addresses, paths, names of fields, files, templates, odd bodies."""
    for text in of_headers(planted):
        headers = dict.fromkeys(HEADERS, text)
        # Nobody reads these, and so they change nothing.
        yield form(PROBLEM, FINE, headers=headers, expected=(200,))
        yield program(PROBLEM, FINE, headers=headers, expected=(201,))
        yield form(PROBLEM, FINE, headers={"User-Agent": f"tool {text}"})
        yield program(PROBLEM, FINE, headers={"User-Agent": f"tool {text}"})
        yield program(PROBLEM, FINE, headers={"Idempotency-Key": text}, expected=(201, 400, 409))
    for plant in planted:
        text, quoted = plant.text, quote(plant.text, safe="", errors="replace")
        yield form(PROBLEM, FINE, path=f"/support/{PROBLEM}?{quoted}={quoted}")
        yield program(PROBLEM, FINE, path=f"/support/cases?q={quoted}")
        yield form(PROBLEM, {**FINE, text: text})
        yield program(PROBLEM, {**FINE, "note": text, text: ""})
        yield with_file(f"/support/{PROBLEM}", text, text)
        yield with_file("/support/cases", text, text)
    for plant in planted[: len(SECRETS) + 1]:
        text, quoted = plant.text, quote(plant.text, safe="", errors="replace")
        for path in (f"/support/{quoted}", f"/support/case/{quoted}", f"/support/cases/{quoted}", f"/{quoted}"):
            yield Sent(path=path, method="GET", expected=(404, 429))
            yield form(PROBLEM, {"answer": text}, path=path, expected=(404, 405))
        yield form(PROBLEM, {"pasted": f"Model: gpt-4o\nError text: {text}"}, path="/support", expected=(422,))
        yield program(PROBLEM, FINE, body=json.dumps({"template": f"Model: gpt-4o\nError: {text}"}).encode())
        yield program(PROBLEM, FINE, body=json.dumps({"problem": text, "model": "x"}).encode(), expected=(400,))
        yield program(PROBLEM, FINE, body=text.encode(), expected=(400,))
        yield form(PROBLEM, FINE, body=text.encode("utf-16"), expected=(422,))
        yield form(PROBLEM, {**FINE, "website": text, "submission_key": text, "filled": text})
        huge = (
            urlencode({**FINE, "error_text": text}).encode()
            + b"&x="
            + text.encode() * (BODY_BYTES_MAX // len(text) + 1)
        )
        yield form(PROBLEM, FINE, body=huge, expected=(413,))
        yield program(PROBLEM, FINE, body=huge, expected=(413,))


def beginnings(planted: Iterable[Plant]) -> Iterator[bytes]:
    """Requests that break off in the middle of their body."""
    for plant in planted:
        body = urlencode({**FINE, "error_text": plant.text}, errors="replace").encode()
        for path in (f"/support/{PROBLEM}", "/support/cases"):
            head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body) + 10}\r\n\r\n"
            yield head.encode() + body


# -- looking for it ------------------------------------------------------------------------------------------------


def test_nothing_that_is_planted_in_a_field_is_kept(town: Town) -> None:
    cases = town.count("cases")
    given = list(everywhere(town.planted))
    sent = [*(form(*one) for one in given), *(program(*one) for one in given)]
    assert asyncio.run(town.send(sent)) == len(sent)
    assert town.count("cases") == cases
    # Somebody has pasted a key of a customer of ours, who hears of it.
    wait_until("the owner is told", lambda: town.count("outbox WHERE kind = 'key_exposed'") == 1)
    town.check_nothing_is_left()


def test_a_plant_that_is_alone_in_a_field_is_not_kept(town: Town) -> None:
    cases = town.count("cases")
    asyncio.run(
        town.send(
            door(problem, {name: town.customer.token})
            for problem, fields in FIELDS_OF_PROBLEM.items()
            for name in fields
            for door in (form, program)
        )
    )
    assert town.count("cases") == cases
    town.check_nothing_is_left()


def test_nothing_that_is_planted_beside_the_fields_is_kept(town: Town) -> None:
    asyncio.run(town.send(around(town.planted)))
    for beginning in beginnings(town.planted):
        with socket.create_connection((HOST, town.serve.port), timeout=30) as connection:
            connection.sendall(beginning)
    town.check_nothing_is_left()


def test_nothing_that_is_planted_in_an_answer_is_kept(town: Town) -> None:
    fields = {"account_email": "ada@example.com", "amount": "100 CNY"}
    body = json.dumps({"problem": "recharged_not_credited", "fields": {"amount": "100 CNY"}}).encode()
    asyncio.run(town.send([program("", fields, body=body, expected=(201,))]))
    told = json.loads(town.answers[-1].partition(b"\n{")[2].join((b"{", b"")))
    asked = [one["field"] for one in told["questions"]]
    assert asked

    def answers() -> Iterator[Sent]:
        for plant in town.planted:
            yield form("", {asked[0]: plant.text, "answer": plant.text}, path=f"/support/case/{told['token']}/answer")
            content = json.dumps({"fields": {asked[-1]: plant.text}, "answer": plant.text}).encode()
            yield program("", {}, body=content, path=f"/support/cases/{told['token']}")

    asyncio.run(town.send(answers()))
    assert town.count("case_events WHERE kind = 'answered_by_customer'") == 0
    town.check_nothing_is_left()


def processes_of(data_dir: Path) -> set[int]:
    """The database's processes."""
    (parent, *_) = (data_dir / "postgres" / "cluster" / "postmaster.pid").read_text().splitlines()
    return {int(parent)} | descendants(int(parent))


def test_nothing_is_kept_while_the_database_is_down(town: Town) -> None:
    given = list(everywhere(town.planted))[::7]
    planted = [*(form(*one) for one in given), *(program(*one) for one in given)]
    # It is started again as soon as that is seen; whoever has sent something is not told otherwise than it is.
    town.installation.postgres.stop()
    try:
        kept_or_not = [form(PROBLEM, FINE, expected=(200, 503)), program(PROBLEM, FINE, expected=(201, 503))]
        asyncio.run(town.send([*kept_or_not, *planted, *kept_or_not]))
    finally:
        town.installation.postgres.start_or_attach()
    town.serve.started()
    # One that says nothing at all. What is refused needs none.
    stopped = processes_of(town.installation.data_dir)
    try:
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        assert asyncio.run(town.send(planted)) == len(planted)
    finally:
        for process in stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
    town.serve.started()
    town.check_nothing_is_left()


def test_nothing_is_kept_while_a_process_is_killed(town: Town) -> None:
    given = list(everywhere(town.planted))[::3]
    clean = [form(PROBLEM, FINE, expected=(200, 503)), program(PROBLEM, FINE, expected=(201, 503))] * 20
    sent = [*clean, *(form(*one) for one in given), *(program(*one) for one in given), *clean]
    killed = town.serve.workers()
    assert killed

    async def send_and_kill() -> int:
        sending = asyncio.create_task(town.send(sent, may_break=True))
        before = len(town.answers)
        until = time.monotonic() + PATIENCE_SECONDS
        while len(town.answers) < before + len(sent) // 3:
            assert time.monotonic() < until
            await asyncio.sleep(0.005)
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        return await sending

    assert asyncio.run(send_and_kill()) < len(sent)
    wait_until("another worker serves", lambda: bool(town.serve.workers() - killed))
    town.serve.started()
    town.check_nothing_is_left()
