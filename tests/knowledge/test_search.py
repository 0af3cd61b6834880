"""Search: what counts as the same word, what is found first, and that an index holds everything it takes."""

from __future__ import annotations

import pytest

from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.search import Index, is_slip, search, stem, tokens
from counterfoil.knowledge.search_index import build_index, read_index, write_index
from knowledge.shelf import BODY, article, shelf

LATER = {
    "en": "A task that is still running has reserved money. " * 8,
    "zh": "还在运行的任务会预留金额。" * 8,
}


def index(language: Language = Language.EN) -> Index:
    code = article(
        "key-limit",
        language.value,
        codes=["refusal/key_limit"],
        title={"en": "Key limit reached", "zh": "Key 限额已用完"},
    )
    task = article(
        "task-still-running",
        language.value,
        title={"en": "Still running", "zh": "任务还在运行"},
        body=LATER[language.value],
    )
    return build_index(shelf(code, task), language)


def found(question: str, language: Language = Language.EN) -> list[str]:
    return [hit.document.slug for hit in search(index(language), question)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Charges CHARGED charging", ["charg", "charg", "charg"]),
        ("key_limit", ["key_limit", "key", "limit"]),
        ("key-limit Key.Limit", ["key_limit", "key", "limit"] * 2),
        ("ｋｅｙ＿ｌｉｍｉｔ　４０２", ["key_limit", "key", "limit", "402"]),
        ("余额不足", ["余", "额", "不", "足", "余额", "额不", "不足"]),
        ("换了个key还是402", ["换", "了", "个", "换了", "了个", "key", "还", "是", "还是", "402"]),
        ("don't!", ["don", "t"]),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("retries", "retry"), ("passes", "pass"), ("status", "status"), ("keys", "key"), ("stopped", "stop"),
        ("calling", "call"), ("reasoning", "reason"), ("made", "mad"), ("used", "used"), ("uses", "use"), ("red", "red"),
        ("gpt5s", "gpt5s"), ("thing", "thing"),
    ],
)  # fmt: skip
def test_endings(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize(
    ("typed", "term", "same"),
    [
        ("blance", "balance", True), ("balanec", "balance", True), ("balanxe", "balance", True), ("balanace", "balance", True),
        ("salance", "balance", False), ("balance", "balances", True), ("limited", "limits", False), ("abcde", "abced", True),
        ("charge", "change", True), ("charge", "chance", False),
    ],
)  # fmt: skip
def test_slips_of_the_finger(typed: str, term: str, same: bool) -> None:
    assert is_slip(typed, term) is same


def test_a_code_finds_its_page_however_it_is_written() -> None:
    for question in ("key_limit", "KEY_LIMIT error", "key-limit", '{"code":"key_limit"}', "Key limit", "key limti"):
        assert found(question)[0] == "key-limit", question
    assert found("Key限额用完了", Language.ZH)[0] == "key-limit"


def test_what_people_say_finds_what_the_handbook_says() -> None:
    assert "task-still-running" not in found("stuck")[1:]
    assert found("it is stuck forever")[0] == "task-still-running"
    assert found("卡住了", Language.ZH)[0] == "task-still-running"


def test_nothing_is_found_for_nothing() -> None:
    assert found("") == found("!!!") == found("zzzzqqqq") == []


def test_words_of_every_question_decide_nothing() -> None:
    assert found("what is it about") == found("there would be these") == []


def test_an_index_holds_everything_a_search_takes() -> None:
    for language in Language:
        here = index(language)
        again = read_index(write_index(here))
        for question in ("key limit", "余额不足 402", "stuck", "Where to look first"):
            assert search(again, question) == search(here, question)
        for weights in again.terms.values():
            assert all(isinstance(one, int) and one >= 0 for one in weights)
            assert all(place < len(again.documents) for place in weights[::2])


def test_the_same_articles_give_the_same_bytes() -> None:
    assert write_index(index()) == write_index(index())


def test_the_whole_text_is_searched() -> None:
    one = article("third-page", "en", body=BODY["en"] + "\nA wombat met a refusal.\n")
    assert [hit.document.slug for hit in search(build_index(shelf(one), Language.EN), "wombats")] == ["third-page"]
