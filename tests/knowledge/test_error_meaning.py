"""What does this error mean: codes first, then known words, then the status, and else a search."""

from __future__ import annotations

import pytest

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.error_meaning import Found, Meanings, what_it_means
from counterfoil.knowledge.search_index import build_index
from knowledge.shelf import BODY, article, shelf

LIBRARY = (
    ("key-limit", "refusal/key_limit"), ("group-quota", "refusal/group_quota"), ("overloaded", "refusal/overloaded"),
    ("price-missing", "refusal/price_missing"), ("task-failed", "task_state/failed"),
)  # fmt: skip
OTHERS = ("402-and-its-sources", "balance-shown-but-402", "key-invalid", "upstream-timeout")


@pytest.fixture(scope="module")
def library() -> Catalogue:
    coded = [article(slug, each, codes=[code], kind="code") for slug, code in LIBRARY for each in ("en", "zh")]
    plain = [article(slug, each) for slug in OTHERS for each in ("en", "zh")]
    codes = [article("codes", each, kind="glossary", body='{{ table_of("error") }}') for each in ("en", "zh")]
    wombat = article("third-page", "en", body=BODY["en"] + "\nA wombat sat on it.\n")
    return shelf(*coded, *plain, *codes, wombat)


def meant(library: Catalogue, text: str, language: Language = Language.EN) -> Meanings:
    return what_it_means(library, build_index(library, language), text)


def slugs(meanings: Meanings) -> list[str]:
    return [one.article.slug for one in meanings.pages]


@pytest.mark.parametrize(
    ("text", "slug", "by"),
    [
        ("key_limit", "key-limit", Found.CODE),
        ('{"error": {"type": "insufficient_quota", "code": "group_quota"}}', "group-quota", Found.CODE),
        ("openai.APIStatusError: Error code: 503 - {'error': {'code': 'overloaded'}}", "overloaded", Found.CODE),
        ("task_failed", "codes", Found.CODE),
        ("You exceeded your current quota, please check your plan", "402-and-its-sources", Found.WORDS),
        ("余额不足", "402-and-its-sources", Found.WORDS),
        (entry(Kind.REFUSAL, "key_limit").label.zh, "key-limit", Found.WORDS),
        ("HTTP/1.1 402", "402-and-its-sources", Found.STATUS),
        ("status 503", "price-missing", Found.STATUS),
        ("a wombat sat on my request", "third-page", Found.SEARCH),
    ],
)
def test_the_right_page_is_first(library: Catalogue, text: str, slug: str, by: Found) -> None:
    for language in Language:
        if by is Found.SEARCH and language is Language.ZH:
            continue
        first = meant(library, text, language).pages[0]
        assert (first.article.slug, first.found) == (slug, by)


def test_what_is_called_a_code_comes_before_what_is_only_named(library: Catalogue) -> None:
    told = meant(library, "group_quota was fine, but {'code': 'key_limit'}")
    assert slugs(told)[:2] == ["key-limit", "group-quota"]


def test_an_error_of_the_list_leads_to_its_row(library: Catalogue) -> None:
    (page, *_) = meant(library, "account_not_found").pages
    assert page.address == "/help/en/codes#account_not_found"
    assert page.what == "account_not_found"


def test_what_is_for_staff_alone_is_not_explained(library: Catalogue) -> None:
    assert all(one.found is Found.SEARCH for one in meant(library, "seal_broken").pages)


def test_a_request_of_ours_is_recognised(library: Catalogue) -> None:
    request_id = "req_01a20a8a72347f81b3f8cf2d54e39faa"
    told = meant(library, f"key_limit ({request_id})")
    assert told.request_id == request_id
    assert meant(library, "key_limit (req_123)").request_id is None


def test_nothing_means_nothing(library: Catalogue) -> None:
    assert meant(library, "  ").pages == ()
    assert len(meant(library, " ".join(code.partition("/")[2] for _, code in LIBRARY) * 1000).pages) <= 5
