"""The catalogue: pages by slug and code, their neighbours, where words are shown, and reading a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.vocabulary import Kind, Language
from counterfoil.knowledge.catalogue import load_catalogue, read_articles
from counterfoil.knowledge.front_matter import ArticleUnreadable
from counterfoil.knowledge.model import ArticleKind
from knowledge.shelf import PORTS, article, shelf, text_of


def test_pages_are_found_by_slug_code_and_kind() -> None:
    limit = article("key-limit", "en", codes=["refusal/key_limit"], kind="code")
    catalogue = shelf(limit)
    assert catalogue.article("key-limit", Language.EN) is limit
    assert catalogue.by_code(Kind.REFUSAL, "key_limit", Language.EN) is limit
    assert catalogue.by_code(Kind.REFUSAL, "key_limit", Language.ZH) is None
    assert catalogue.by_code(Kind.REFUSAL, "group_quota", Language.EN) is None
    assert catalogue.of_kind(ArticleKind.CODE, Language.EN) == (limit,)
    assert [one.slug for one in catalogue.articles(Language.EN)] == ["first-page", "second-page", "key-limit"]
    with pytest.raises(NotFound) as raised:
        catalogue.article("never", Language.EN)
    assert raised.value.code == "article_not_found"


def test_neighbours_of_a_page() -> None:
    catalogue = shelf()
    one = catalogue.article("first-page", Language.ZH)
    assert [each.slug for each in catalogue.related(one)] == ["second-page"]
    following = catalogue.next_of(one)
    assert following is not None
    assert (following.slug, following.language) == ("second-page", Language.ZH)
    twin = catalogue.twin(one)
    assert twin is not None
    assert (twin.slug, twin.language) == ("first-page", Language.EN)
    crumbs = catalogue.breadcrumbs(one)
    assert [each.address for each in crumbs] == ["/help/zh", "/help/zh#answer", "/help/zh/first-page"]


def test_a_revision_takes_the_place_of_its_page() -> None:
    catalogue = shelf()
    newer = article("first-page", "en", title={"en": "Anew", "zh": ""})
    assert catalogue.replaced([newer]).titles(Language.EN)["first-page"] == "Anew"
    link = article("second-page", "en", body='{{ link("first-page") }}')
    assert "Anew" in shelf(link).replaced([newer]).rendered(link).html
    assert catalogue.titles(Language.EN)["first-page"] != "Anew"


def test_every_place_that_shows_a_word_is_named() -> None:
    """A change of a label names every article it touches."""
    catalogue = shelf()
    shown = catalogue.uses(Kind.REFUSAL, "key_limit")
    assert [(one.article.file, one.used.macro) for one in shown] == [
        (f"articles/{language}/{slug}.md", "label")
        for language in ("zh", "en")
        for slug in ("first-page", "second-page")
    ]
    assert {one.used.line for one in shown if one.article.slug == "first-page"} == {
        catalogue.article("first-page", Language.EN).body_line
    }
    assert catalogue.uses(Kind.REFUSAL, "group_quota") == ()


def test_a_folder_is_read_with_what_is_no_article_named(tmp_path: Path) -> None:
    for language in ("en", "zh"):
        (tmp_path / language).mkdir()
        for slug in ("first-page", "second-page"):
            (tmp_path / language / f"{slug}.md").write_text(text_of(slug, language), encoding="utf-8")
    (tmp_path / "en" / "notes.txt").write_text("not an article")
    assert len(load_catalogue(PORTS, folder=tmp_path).all()) == 4
    (tmp_path / "en" / "broken.md").write_text("nothing", encoding="utf-8")
    (tmp_path / "zh" / "latin.md").write_bytes(b"+++\n\xff")
    reading = read_articles(tmp_path)
    assert len(reading.articles) == 4
    assert [one.file for one in reading.unreadable] == ["articles/zh/latin.md", "articles/en/broken.md"]
    with pytest.raises(ArticleUnreadable):
        load_catalogue(PORTS, folder=tmp_path)
    assert read_articles(tmp_path / "nowhere").articles == ()
