"""Reading an article's file: what is wrong is said with file and line, and what was read is written back the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.foundation.vocabulary import Kind, Language, Owner
from counterfoil.knowledge.front_matter import ArticleUnreadable, read_article, write_article
from counterfoil.knowledge.model import ArticleKind, Audience, CodeOf
from knowledge.shelf import REVISION, article, text_of


def read(text: str, slug: str = "first-page") -> None:
    read_article(text, slug=slug, language=Language.EN, file="articles/en/first-page.md")


def test_an_article_is_read() -> None:
    one = article("first-page", "en", codes=["refusal/key_limit"], problem_class="balance_not_enough")
    assert (one.slug, one.kind, one.audience) == ("first-page", ArticleKind.ANSWER, (Audience.CUSTOMER,))
    assert one.codes == (CodeOf(kind=Kind.REFUSAL, code="key_limit"),)
    assert (one.problem_class, one.action_owner) == ("balance_not_enough", Owner.CUSTOMER)
    assert one.address == "/help/en/first-page"
    assert one.last_revision.approver == "support lead"
    lines = text_of("first-page", "en", codes=["refusal/key_limit"], problem_class="balance_not_enough").split("\n")
    assert lines[one.body_line - 2] == "+++"
    assert lines[one.lines["related"] - 1].startswith("related =")


def test_what_was_read_is_written_back_the_same() -> None:
    one = article("first-page", "zh", title='带引号 " 的标题')
    again = read_article(write_article(one), slug="first-page", language=Language.ZH, file=one.file)
    assert replace(again, body_line=one.body_line) == one


@pytest.mark.parametrize(
    ("changes", "line", "says"),
    [
        ({"kind": "story"}, "kind", "not one of guide"),
        ({"title": None}, "title", "title is missing"),
        ({"codes": ["refusal/never"]}, "codes", "refusal/never"),
        ({"codes": ["nothing/key_limit"]}, "codes", "nothing/key_limit"),
        ({"problem_class": "weather"}, "problem_class", "weather"),
        ({"audience": []}, "audience", "empty"),
        ({"related": ["a", "a"]}, "related", "twice"),
        ({"updated": "2026-11-30"}, "updated", "no date"),
        ({"summary": {"en": "x" * 161, "zh": ""}}, "summary", "161 characters"),
        ({"action_owner": "nobody"}, "action_owner", "not one of customer"),
        ({"colour": "red"}, "colour", "no field colour"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(changes: dict[str, object], line: str, says: str) -> None:
    text = text_of("first-page", "en", **changes)
    with pytest.raises(ArticleUnreadable) as raised:
        read(text)
    assert raised.value.file == "articles/en/first-page.md"
    assert says in raised.value.problem
    lines = text.split("\n")
    expected = next((number for number, each in enumerate(lines, 1) if each.startswith(f"{line} =")), 1)
    assert raised.value.line == expected


def test_a_file_is_called_by_its_id() -> None:
    with pytest.raises(ArticleUnreadable, match="the file is called other-page"):
        read(text_of("first-page", "en"), slug="other-page")
    for slug in ("First", "a--b", "search"):
        with pytest.raises(ArticleUnreadable, match="reserved word"):
            read(text_of(slug, "en"), slug=slug)


def test_toml_that_cannot_be_read_is_said_with_its_line() -> None:
    text = text_of("first-page", "en").replace('kind = "answer"', "kind = answer")
    wrong = next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith("kind"))
    with pytest.raises(ArticleUnreadable) as raised:
        read(text)
    assert raised.value.line == wrong


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# Title\n", "first line"),
        ("+++\nid = 1\n", "no second line"),
        pytest.param("+++\nid = " + "[" * 20_000 + "\n+++\n", "lists in lists", id="lists"),
    ],
)
def test_an_article_begins_with_its_fields(text: str, says: str) -> None:
    with pytest.raises(ArticleUnreadable, match=says):
        read(text)


def test_a_revision_is_whole() -> None:
    for changed, says in (
        ({**REVISION, "approver": ""}, "no approver"),
        ({**REVISION, "mood": "good"}, "no field mood"),
        ({name: value for name, value in REVISION.items() if name != "at"}, "no date"),
    ):
        with pytest.raises(ArticleUnreadable, match=says):
            read(text_of("first-page", "en", revisions=[changed]))
    with pytest.raises(ArticleUnreadable, match="no revision"):
        read(text_of("first-page", "en", revisions=[]))
