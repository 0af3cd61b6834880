"""What editors have published, as files for the repository."""

from __future__ import annotations

from pathlib import Path

from api.wiring import Office
from cli.conftest import Terminal
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.front_matter import read_article
from knowledge.test_editing import published


async def _publish(office: Office) -> None:
    await published(office.editing)


def test_published_revisions_become_files_that_can_be_read_as_articles(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    assert terminal.ask("knowledge", "export", str(folder)) == {"folder": str(folder), "articles": 0, "files": []}
    assert not folder.exists()
    terminal.office(_publish)
    kept = folder / "en" / "mine.md"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine", encoding="utf-8")
    written = terminal.ask("knowledge", "export", str(folder))
    assert written["articles"] == 1
    assert [(one["slug"], one["language"], one["revision"]) for one in written["files"]] == [
        ("first-page", "zh", 1), ("first-page", "en", 1),
    ]  # fmt: skip
    text = (folder / "en" / "first-page.md").read_text(encoding="utf-8")
    article = read_article(text, slug="first-page", language=Language.EN, file="first-page.md")
    assert article.title == "Why a call is refused"
    assert article.revisions[-1].reason == "People asked where to look."
    assert sorted(one.name for one in (folder / "en").iterdir()) == ["first-page.md", "mine.md"]
    assert kept.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_said_so(terminal: Terminal, tmp_path: Path) -> None:
    terminal.office(_publish)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("", encoding="utf-8")
    assert terminal.ask("knowledge", "export", str(in_the_way), status=2)["error"]["code"] == "publish_folder_unusable"
