"""`counterfoil publish`: a folder with the handbook."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Terminal
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.published_folder import LIST_NAME
from knowledge.shelf import BODY, text_of

ADDRESS = "https://help.shop.test"


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    for language in Language:
        (folder / language).mkdir(parents=True)
        for slug, other in (("first-page", "second-page"), ("second-page", "first-page")):
            text = text_of(
                slug, language, related=[other], next=other, body=BODY[language].replace("second-page", other)
            )
            (folder / language / f"{slug}.md").write_text(text, encoding="utf-8")
    return folder


def test_it_says_how_many_pages_bytes_and_seconds(terminal: Terminal, articles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    told = terminal.ask("publish", str(folder), "--articles", str(articles), "--public-url", ADDRESS)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != LIST_NAME]
    pages = [path for path in files if path.suffix == ".html"]
    assert told["pages"] == len(pages) == 9
    assert told["files"] == told["written"] == len(files)
    assert told["bytes"] == sum(path.stat().st_size for path in files)
    assert told["seconds"] > 0
    assert (told["unchanged"], told["removed"]) == (0, 0)
    assert f"{ADDRESS}/help/en/first-page" in (folder / "sitemap.xml").read_text()


def test_it_can_be_run_again(terminal: Terminal, articles: Path, tmp_path: Path) -> None:
    command = ("publish", str(tmp_path / "copy"), "--articles", str(articles), "--public-url", ADDRESS)
    first = terminal.ask(*command)
    (tmp_path / "copy" / "mine.txt").write_text("mine")
    again = terminal.ask(*command)
    assert (again["written"], again["unchanged"], again["removed"]) == (0, first["files"], 0)
    assert (tmp_path / "copy" / "mine.txt").read_text() == "mine"


def test_a_file_in_the_way_is_named_and_stays(terminal: Terminal, articles: Path, tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("mine")
    told = terminal.ask("publish", str(tmp_path), "--articles", str(articles), "--public-url", ADDRESS, status=1)
    assert told["error"]["code"] == "publish_file_foreign"
    assert told["error"]["parameters"]["path"] == "robots.txt"
    assert (tmp_path / "robots.txt").read_text() == "mine"
    assert not (tmp_path / "help").exists()


def test_an_article_with_a_mistake_stops_it(terminal: Terminal, articles: Path, tmp_path: Path) -> None:
    text = text_of("first-page", "en", body='{{ label("refusal", "no_such_code") }}')
    (articles / "en" / "first-page.md").write_text(text, encoding="utf-8")
    told = terminal.ask(
        "publish", str(tmp_path / "copy"), "--articles", str(articles), "--public-url", ADDRESS, status=2
    )
    assert told["error"]["code"] == "article_unreadable"
    assert told["error"]["parameters"]["file"] == "articles/en/first-page.md"
    assert not (tmp_path / "copy").exists()


def test_without_an_address_nothing_is_written(terminal: Terminal, articles: Path, tmp_path: Path) -> None:
    told = terminal.ask("publish", str(tmp_path / "copy"), "--articles", str(articles), status=2)
    assert told["error"]["code"] == "publish_without_address"
    assert not (tmp_path / "copy").exists()


def test_without_a_folder_of_articles_it_publishes_what_the_installation_serves(
    terminal: Terminal, tmp_path: Path
) -> None:
    told = terminal.ask("publish", str(tmp_path / "copy"), "--public-url", ADDRESS)
    assert told["pages"] == 9
    assert (tmp_path / "copy" / "help" / "zh" / "first-page.html").exists()
