"""Whoever starts the service is shown the first administrator's link, once it is served."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from counterfoil.bootstrap.demo_pages import DEMO_VARIABLE
from counterfoil.bootstrap.first_link import show_first_link
from counterfoil.identity.first_administrator import FILE_NAME
from counterfoil.settings import Settings


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def _show(tmp_path: Path, url: str, port: int, language: str = "en") -> None:
    settings = Settings.load({}, data_dir=tmp_path / "data", default_language=language)
    show_first_link(settings, url=url, port=port)
    for thread in threading.enumerate():
        if thread.name == "first link":
            thread.join(timeout=30)


@pytest.mark.parametrize(("language", "words"), [("en", "works once"), ("zh", "一次性链接")])
def test_the_link_is_shown_with_the_port_that_is_served(
    tmp_path: Path, database_url: str, port: int, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    _show(tmp_path, database_url, port, language)
    said = capsys.readouterr()
    token = (tmp_path / "data" / FILE_NAME).read_text().strip()
    assert f"http://127.0.0.1:{port}/console/welcome/{token}" in said.err
    assert words in said.err
    assert said.out == ""
    # Every start shows the same one.
    _show(tmp_path, database_url, port)
    assert token in capsys.readouterr().err


def test_a_demo_shows_its_own(
    tmp_path: Path, database_url: str, port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEMO_VARIABLE, "1")
    _show(tmp_path, database_url, port)
    assert "welcome" not in capsys.readouterr().err
