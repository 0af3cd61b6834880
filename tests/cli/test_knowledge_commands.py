"""The handbook in the terminal: what is wrong with articles, what is found, and where a word is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from counterfoil.bootstrap.knowledge import handbook_ports
from counterfoil.cli.application import build_application
from counterfoil.cli.launchers import Launchers
from knowledge.shelf import BODY, text_of


class Desk:
    """A command line with a folder of articles and nothing else."""

    def __init__(self, folder: Path) -> None:
        unused: Any = None
        self.folder = folder
        self._application = build_application(
            Launchers(
                **dict.fromkeys(Launchers.__dataclass_fields__, unused)  # type: ignore[arg-type]
                | {
                    "handbook_ports": handbook_ports,
                    "configure_logging": lambda _: None,
                    "environment": {"COUNTERFOIL_DATA_DIR": str(folder), "LANG": "en_US.UTF-8"},
                }
            )
        )

    def put(self, slug: str, language: str, **changes: Any) -> None:
        place = self.folder / language / f"{slug}.md"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text_of(slug, language, **changes), encoding="utf-8")

    def run(self, *arguments: str, status: int = 0, articles: bool = True) -> str:
        where = ["--articles", str(self.folder)] if articles else []
        result = CliRunner().invoke(self._application, ["knowledge", *arguments, *where])
        assert result.exit_code == status, result.output
        return result.stdout

    def ask(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for language in ("en", "zh"):
        desk.put("first-page", language)
        desk.put(
            "second-page", language, related=["first-page"], next="first-page",
            body=BODY[language].replace("second-page", "first-page"),
        )  # fmt: skip
    return desk


def test_what_is_wrong_is_named_with_file_and_line(desk: Desk) -> None:
    desk.put("first-page", "en", body=BODY["en"] + "\nYour voucher.\n")
    report = desk.ask("check", "--only", "first-page", status=1)
    (found,) = report["findings"]
    assert (found["file"], found["rule"]) == ("articles/en/first-page.md", "term_banned")
    lines = (desk.folder / "en" / "first-page.md").read_text().split("\n")
    assert lines[found["line"] - 1] == "Your voucher."
    assert "redemption code" in found["reason"]
    assert found["what_to_do"]
    said = desk.run("check", "--only", "first-page", status=1)
    assert f"articles/en/first-page.md:{found['line']}: term_banned: " in said
    assert "约定的词" in desk.run("check", "--only", "first-page", "--language", "zh", status=1)


def test_pages_in_order_end_with_zero(desk: Desk) -> None:
    assert desk.ask("check", "--only", "first-page") == {"articles": 4, "findings": []}


def test_a_file_that_is_no_article_is_reported_and_not_passed_over(desk: Desk) -> None:
    (desk.folder / "en" / "first-page.md").write_text("nothing")
    assert "article_unreadable" in {one["rule"] for one in desk.ask("check", status=1)["findings"]}
    desk.run("list", status=2)


def test_pages_are_listed_shown_and_found(desk: Desk) -> None:
    assert [one["slug"] for one in desk.ask("list")["articles"]] == ["first-page", "second-page"]
    assert desk.ask("list", "--kind", "guide")["articles"] == []
    assert desk.run("show", "first-page").startswith("# A call is refused\n")
    assert desk.run("show", "first-page", "--language", "zh").startswith("# 请求被拒绝\n")
    desk.run("show", "never", status=1)
    assert desk.ask("search", "where to look")["hits"][0]["slug"] in ("first-page", "second-page")
    assert desk.ask("search", "zzzz", status=1)["hits"] == []


def test_an_error_text_leads_to_its_page(desk: Desk) -> None:
    for language in ("en", "zh"):
        desk.put("key-limit", language, codes=["refusal/key_limit"], kind="code")
    told = desk.ask("error", "402 {'code': 'key_limit'}")
    assert told["pages"][0]["address"] == "/help/en/key-limit"
    assert desk.ask("error", "zzzz", status=1)["pages"] == []


def test_every_article_that_shows_a_word_is_named(desk: Desk) -> None:
    told = desk.ask("uses", "refusal/key_limit")
    assert {one["file"] for one in told["uses"]} == {
        f"articles/{language}/{slug}.md" for language in ("en", "zh") for slug in ("first-page", "second-page")
    }
    assert told["article"] == "/help/key-limit"
    assert desk.ask("uses", "refusal/group_quota")["uses"] == []
    desk.run("uses", "refusal/never", status=1)
    desk.run("uses", "never", status=2)
