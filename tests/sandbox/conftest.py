"""One sandbox process for the tests of a worker, emptied before each test."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from counterfoil.sandbox.process import SandboxProcess

CONFIGURATION = {
    "keys": {
        "sandbox-key": "sandbox",
        "primary-key": {"name": "primary", "project": "proj_one"},
        "backup-key": {"name": "backup", "project": "proj_two"},
    },
    "costs": {
        "priced": {
            "input_tokens": 3_000_000_000,
            "cached_tokens": 300_000_000,
            "cache_write_5m_tokens": 3_750_000_000,
            "cache_write_1h_tokens": 6_000_000_000,
            "output_tokens": 15_000_000_000,
        }
    },
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Call = Callable[..., Answer]
# A file of a form: name of the field, name of the file, content type, content.
FormFile = tuple[str, str, str, bytes]


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(CONFIGURATION) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    sandbox_process.use_rules([])
    sandbox_process.use_callbacks(None)
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def openai_client(sandbox: SandboxProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=sandbox.base_url, api_key="sandbox-key", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(sandbox: SandboxProcess) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=sandbox.url, api_key="sandbox-key", max_retries=0) as client:
        yield client


@pytest.fixture
def call(sandbox: SandboxProcess) -> Call:
    """A function that sends one request as it is given, without a client library."""

    def send(method: str, path: str, body: object = None, **headers: str) -> Answer:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"authorization": "Bearer sandbox-key", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
        try:
            connection.request(method, path, content, sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())
        finally:
            connection.close()

    return send


@pytest.fixture
def send_form(call: Call) -> Call:
    """A function that sends one form of fields and files."""

    def send(path: str, fields: dict[str, str], files: list[FormFile] | None = None, **headers: str) -> Answer:
        parts = [
            f'content-disposition: form-data; name="{name}"\r\n\r\n{text}'.encode() for name, text in fields.items()
        ]
        for field, filename, content_type, content in files or []:
            head = f'Content-Disposition: form-data; name="{field}"; filename="{filename}"\r\n'
            parts.append(f"{head}Content-Type: {content_type}\r\n\r\n".encode() + content)
        body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
        return call("POST", path, body, content_type="multipart/form-data; boundary=edge", **headers)

    return send


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any]], Any]:
    """A function that waits until something is so, and gives what it is then."""

    def wait(condition: Callable[[], Any]) -> Any:
        until = time.monotonic() + 20
        while not (found := condition()):
            assert time.monotonic() < until, "it has not come to be"
            time.sleep(0.01)
        return found

    return wait


@pytest.fixture
def wait_for_row(sandbox: SandboxProcess) -> Callable[[], dict[str, Any]]:
    """A function that waits until the bill has a row, and returns it."""

    def wait() -> dict[str, Any]:
        until = time.monotonic() + 20
        while not (rows := sandbox.bill()["rows"]):
            assert time.monotonic() < until, "nothing was billed"
            time.sleep(0.02)
        row: dict[str, Any] = rows[0]
        return row

    return wait
