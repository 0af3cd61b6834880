"""What a probe makes of whatever an upstream may answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from counterfoil.foundation.clock import SystemClock
from counterfoil.redaction.rules import redact
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstream_probe import (
    ANSWER_BYTES_MAX,
    ProbeOutcome,
    UpstreamProbe,
    UpstreamProbes,
    models_address,
)
from counterfoil.spend.upstreams import Upstreams
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database

SECRET = "planted-upstream-secret-1234567890"


@dataclass
class Provider:
    """Somebody's server, which gives one answer to everything and keeps what it was asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"data": []}'
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    waits: threading.Event | None = None
    url: str = ""


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if provider.waits is not None:
                provider.waits.wait(30)
            self.send_response(provider.status)
            for name, value in provider.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(provider.body)))
            self.end_headers()
            self.wfile.write(provider.body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        if provider.waits is not None:
            provider.waits.set()
        server.shutdown()
        server.server_close()


async def _probe(
    database: Database, data_directory: DataDirectory, provider: Provider, *, dialect: Dialect = Dialect.OPENAI,
    timeout_seconds: float = 15,
) -> UpstreamProbe:  # fmt: skip
    upstreams = Upstreams(database, clock=SystemClock(), sealer=data_directory)
    models = [ServedModel(public_model="m", upstream_model="m")]
    await upstreams.add(name="it", dialect=dialect, base_url=provider.url, models=models, secret=SECRET)
    probes = UpstreamProbes(
        upstreams, sealer=data_directory, environment={}, redact=redact, timeout_seconds=timeout_seconds
    )
    return await probes.test("it")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"data": [{"id": "m"}, {"id": 5}, "x"]}', ProbeOutcome.OK),
        (200, b"<html>a login page</html>", ProbeOutcome.NO_MODEL_LIST),
        (200, b"\xff\xfe", ProbeOutcome.NO_MODEL_LIST),
        (200, b"[" * 100_000, ProbeOutcome.NO_MODEL_LIST),
        (200, b'{"data": "none"}', ProbeOutcome.NO_MODEL_LIST),
        (401, b'{"error": "bad key"}', ProbeOutcome.SECRET_REFUSED),
        (403, b"", ProbeOutcome.SECRET_REFUSED),
        (404, b"", ProbeOutcome.NO_MODEL_LIST),
        (302, b"", ProbeOutcome.FAILING),
        (500, b"oops", ProbeOutcome.FAILING),
    ],
)
async def test_an_answer_is_told_by_status_and_form(
    database: Database, data_directory: DataDirectory, status: int, body: bytes, outcome: ProbeOutcome
) -> None:
    with running(Provider(status=status, body=body)) as provider:
        probe = await _probe(database, data_directory, provider)
    assert (probe.outcome, probe.status_code) == (outcome, status)
    assert probe.passed is (outcome is ProbeOutcome.OK)


async def test_the_secret_goes_where_each_dialect_wants_it(database: Database, data_directory: DataDirectory) -> None:
    with running(Provider()) as provider:
        await _probe(database, data_directory, provider)
    path, headers = provider.asked[0]
    assert (path, headers["authorization"]) == ("/v1/models", f"Bearer {SECRET}")
    assert "x-api-key" not in headers


async def test_anthropics_secret_is_a_header_of_its_own(database: Database, data_directory: DataDirectory) -> None:
    with running(Provider()) as provider:
        await _probe(database, data_directory, provider, dialect=Dialect.ANTHROPIC)
    path, headers = provider.asked[0]
    assert (path, headers["x-api-key"]) == ("/v1/models?limit=1000", SECRET)
    assert headers["anthropic-version"]
    assert "authorization" not in headers


async def test_a_redirect_does_not_take_the_secret_elsewhere(database: Database, data_directory: DataDirectory) -> None:
    with running(Provider()) as elsewhere, running(Provider(status=302)) as provider:
        provider.headers["Location"] = elsewhere.url + "/v1/models"
        await _probe(database, data_directory, provider)
    assert elsewhere.asked == []


async def test_an_upstreams_words_never_show_the_secret_nor_other_keys(
    database: Database, data_directory: DataDirectory
) -> None:
    other = "sk-proj-" + "a1B2" * 12
    body = f"your key {SECRET} is unknown,\n did you mean {other}?".encode() + b"x" * 5_000
    with running(Provider(status=401, body=body)) as provider:
        probe = await _probe(database, data_directory, provider)
    assert probe.words is not None
    assert probe.words.startswith("your key … is unknown")
    assert other not in probe.words
    assert len(probe.words) <= 300


async def test_an_endless_answer_is_not_read_to_its_end(database: Database, data_directory: DataDirectory) -> None:
    with running(Provider(body=b" " * (ANSWER_BYTES_MAX + 1))) as provider:
        probe = await _probe(database, data_directory, provider)
    assert probe.outcome is ProbeOutcome.NO_MODEL_LIST


async def test_an_upstream_that_does_not_answer_is_given_up(database: Database, data_directory: DataDirectory) -> None:
    with running(Provider(waits=threading.Event())) as provider:
        probe = await _probe(database, data_directory, provider, timeout_seconds=0.2)
    assert (probe.outcome, probe.status_code) == (ProbeOutcome.TIMED_OUT, None)


@pytest.mark.parametrize(
    ("dialect", "base_url", "address"),
    [
        (Dialect.OPENAI, "https://api.openai.com/v1", "https://api.openai.com/v1/models"),
        (Dialect.OPENAI, "https://api.openai.com", "https://api.openai.com/v1/models"),
        (Dialect.OPENAI, "https://host/api/paas/v4/", "https://host/api/paas/v4/models"),
        (Dialect.ANTHROPIC, "https://api.anthropic.com", "https://api.anthropic.com/v1/models?limit=1000"),
        (Dialect.ANTHROPIC, "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/models?limit=1000"),
        (Dialect.ANTHROPIC, "https://host/anthropic", "https://host/anthropic/v1/models?limit=1000"),
    ],
)
def test_base_urls_may_be_written_with_or_without_their_version(dialect: Dialect, base_url: str, address: str) -> None:
    assert models_address(dialect, base_url) == address
