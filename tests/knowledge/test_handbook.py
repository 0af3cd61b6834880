"""The handbook itself: every check passes, every public word has its page, and search answers what people ask."""

from __future__ import annotations

from datetime import date

import pytest

from counterfoil.bootstrap.knowledge import handbook, handbook_ports
from counterfoil.cli.bench_search import measure, read_questions
from counterfoil.foundation.vocabulary import ALL_ENTRIES, Language
from counterfoil.knowledge.catalogue import Catalogue, read_articles
from counterfoil.knowledge.checks import check
from counterfoil.knowledge.publishing import require_sound
from counterfoil.settings import Settings


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return handbook(Settings.load({}))


def test_every_check_of_articles_passes(shipped: Catalogue) -> None:
    newest = max(one.updated for one in shipped.all())
    found = check(shipped, today=max(newest, date(2026, 11, 30)), unreadable=read_articles().unreadable)
    assert [f"{one.file}:{one.line} {one.rule}: {one.reason(Language.EN)}" for one in found] == []
    require_sound(shipped)


@pytest.mark.parametrize("language", list(Language))
def test_every_public_word_leads_to_its_page(shipped: Catalogue, language: Language) -> None:
    for one in ALL_ENTRIES:
        if one.public:
            slug, _, place = one.article.removeprefix("/help/").partition("#")
            article = shipped.find(slug, language)
            assert article is not None, one.article
            assert not place or place in shipped.rendered(article).anchors, one.article


def test_questions_are_answered_among_the_first_three() -> None:
    catalogue = Catalogue(read_articles().articles, ports=handbook_ports(Settings.load({})))
    questions = read_questions()
    assert len(questions) == 60
    assert sum(one.language is Language.ZH for one in questions) == 30
    known = catalogue.slugs
    for one in questions:
        assert set(one.answers) <= known, one.text
        assert 1 <= len(one.answers) <= 3
    measured = measure(catalogue, questions)
    assert measured.to_json()["missed"] == []


def test_an_operator_is_named_where_they_said_so() -> None:
    told = Settings.load({}, operator_name="Little Shop", contact_email="hello", contact_hours="Mondays 9 to 12 UTC")
    assert handbook_ports(told).operator == {
        "name": "Little Shop", "contact_email": "hello", "contact_page": "", "hours": "Mondays 9 to 12 UTC",
        "privacy_contact": "",
    }  # fmt: skip
