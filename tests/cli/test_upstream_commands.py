"""Upstreams and prices from the terminal; a secret is never an argument and never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.wiring import BOOK, MODEL
from cli.conftest import Terminal
from counterfoil.sandbox.process import SandboxProcess

SECRET = "planted-upstream-secret"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess({"models": ["gpt-4o-mini"]}) as running:
        yield running


def test_an_upstream_is_added_changed_and_removed(terminal: Terminal) -> None:
    upstream = terminal.ask(
        "upstreams", "add", "backend", "--base-url", "http://127.0.0.1:9/v1", "--model", "fast=gpt-4o-mini", "--model",
        "gpt-5", "--priority", "10", "--weight", "3", "--secret-env", "BACKEND_SECRET",
    )  # fmt: skip
    assert [(one["public_model"], one["upstream_model"]) for one in upstream["models"]] == [
        ("fast", "gpt-4o-mini"),
        ("gpt-5", "gpt-5"),
    ]
    assert (upstream["models"][0]["priority"], upstream["models"][0]["weight"]) == (10, 3)
    assert terminal.ask("upstreams", "show", "backend") == upstream
    assert terminal.ask("upstreams", "list")["upstreams"] == [upstream]
    assert terminal.ask("upstreams", "disable", "backend")["status"] == "disabled"
    assert terminal.ask("upstreams", "enable", "backend")["status"] == "active"
    assert terminal.ask("upstreams", "set-models", "backend", "--model", "gpt-5")["models"][0]["priority"] == 100
    assert terminal.ask("upstreams", "remove", "backend") == {"removed": "backend"}
    assert "upstream_not_found" in terminal.complain("upstreams", "show", "backend")


@pytest.mark.parametrize("model", ["=x", "x=", "="])
def test_a_model_that_is_half_written_is_bad_usage(terminal: Terminal, model: str) -> None:
    assert terminal.complain("upstreams", "add", "backend", "--base-url", "http://h/v1", "--model", model, status=2)
    assert terminal.ask("upstreams", "list")["upstreams"] == []


def test_a_secret_comes_from_standard_input_and_is_never_shown(terminal: Terminal) -> None:
    add = ("upstreams", "add", "backend", "--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--ask-secret")
    results = [
        terminal.run(*add, stdin=SECRET + "\n"),
        terminal.run("upstreams", "set-secret", "backend", stdin=SECRET + "-2\n"),
        terminal.run("upstreams", "show", "backend", "--json"),
        terminal.run("upstreams", "list"),
        terminal.run(*add, stdin=SECRET + "\n"),
        terminal.run("upstreams", "set-secret", "backend", "--secret-env", SECRET),
        terminal.run("upstreams", "set-secret", "backend", stdin=SECRET + "ü\n"),
        terminal.run("upstreams", "test", "backend"),
    ]
    assert [result.exit_code for result in results] == [0, 0, 0, 0, 1, 2, 2, 1]
    assert json.loads(results[2].stdout)["secret"] == "sealed"
    assert SECRET not in "".join(result.output for result in results)


def test_what_callbacks_are_signed_with_comes_from_standard_input_and_is_never_shown(terminal: Terminal) -> None:
    terminal.ask("upstreams", "add", "backend", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")
    results = [
        terminal.run("upstreams", "set-callback-secret", "backend", "--json", stdin=SECRET + "\n"),
        terminal.run("upstreams", "set-callback-secret", "backend", "--none", "--json"),
        terminal.run("upstreams", "set-callback-secret", "backend", stdin="short\n"),
        terminal.run("upstreams", "set-callback-secret", "backend", "--none", "--secret-env", "X"),
    ]
    assert [result.exit_code for result in results] == [0, 0, 2, 2]
    assert [json.loads(result.stdout)["callback_secret"] for result in results[:2]] == ["sealed", "none"]
    assert SECRET not in "".join(result.output for result in results)


def test_a_test_of_an_upstream_says_how_it_is(terminal: Terminal, sandbox: SandboxProcess) -> None:
    terminal.environment["BACKEND_SECRET"] = "sandbox-key"
    terminal.ask("upstreams", "add", "backend", "--base-url", sandbox.base_url, "--model", "gpt-4o-mini", "--secret-env",
                 "BACKEND_SECRET")  # fmt: skip
    assert terminal.ask("upstreams", "test", "backend")["passed"] is True
    text = terminal.say("upstreams", "test", "backend")
    assert "200" in text
    assert " ms" in text
    assert "sandbox-key" not in text
    terminal.ask("upstreams", "set-models", "backend", "--model", "gpt-9")
    assert terminal.ask("upstreams", "test", "backend", status=1)["missing_models"] == ["gpt-9"]
    terminal.environment["BACKEND_SECRET"] = SECRET
    refused = terminal.ask("upstreams", "test", "backend", status=1)
    assert (refused["outcome"], refused["status_code"]) == ("secret_refused", 401)
    del terminal.environment["BACKEND_SECRET"]
    assert "BACKEND_SECRET" in terminal.complain("upstreams", "test", "backend")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(BOOK))
    return path


def test_prices_are_imported_shown_and_compared(terminal: Terminal, book: Path, tmp_path: Path) -> None:
    assert terminal.ask("prices", "diff", str(book), status=1)["changes"]
    assert terminal.ask("prices", "import", str(book))["changed_models"] == len(BOOK["prices"])
    assert terminal.ask("prices", "import", "-", stdin=book.read_text())["changes"] == []
    assert terminal.ask("prices", "diff", str(book))["changes"] == []
    assert terminal.ask("prices", "books")["books"] == [{"book": "customer", "models": len(BOOK["prices"])}]
    (price,) = terminal.ask("prices", "show", MODEL)["prices"]
    assert price["rates"]["output"]["price"] == "1000.00 per million"
    assert "1000.00 per million" in terminal.say("prices", "show")
    dearer = {**BOOK, "prices": [{"model": MODEL, "rates": {"input": "0", "output": "2000"}}]}
    (tmp_path / "dearer.json").write_text(json.dumps(dearer))
    text = terminal.say("prices", "diff", str(tmp_path / "dearer.json"), status=1)
    assert "2000.00 per million" in text
    assert "price_not_found" in terminal.complain("prices", "show", "nothing")


def test_prices_come_from_shipped_books_and_from_genai_prices(terminal: Terminal) -> None:
    assert terminal.ask("prices", "import", "--from", "media")["changed_models"] > 0
    imported = terminal.ask(
        "prices", "import", "--from", "genai", "--provider", "anthropic", "--book", "upstream:claude"
    )
    assert imported["changed_models"] > 3
    books = {one["book"]: one["models"] for one in terminal.ask("prices", "books")["books"]}
    assert books["upstream:claude"] > 3
    terminal.complain("prices", "import", "--from", "genai", "--provider", "nobody")


@pytest.mark.parametrize(
    "arguments", [(), ("no-such-file.json",), ("--from", "rumours"), ("--provider", "openai"), ("x", "--from", "media")]
)
def test_an_import_of_nothing_in_particular_is_bad_usage(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert terminal.complain("prices", "import", *arguments, status=2)
    assert terminal.ask("prices", "books")["books"] == []


def test_a_document_that_cannot_be_read_is_told_by_model_and_field(terminal: Terminal) -> None:
    document = json.dumps({"prices": [{"model": "m", "rates": {"input": "-1"}}]})
    assert "m" in terminal.complain("prices", "import", "-", stdin=document, status=2)
    terminal.complain("prices", "import", "-", stdin="{", status=2)
