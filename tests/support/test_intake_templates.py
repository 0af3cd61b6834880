"""The template of a class: copied, filled in, sent through chats and mail, and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entry
from counterfoil.support.templates_text import PASTED_CHARACTERS_MAX, ReadTemplate, read_template, template_text

REQUEST = "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"
CLASSES = [(problem, language) for problem in FIELDS_OF_PROBLEM for language in Language]


def values(read: ReadTemplate) -> dict[str, str]:
    return {one.code: one.value for one in read.fields}


def filled(problem: str, language: Language) -> tuple[str, dict[str, str]]:
    """The template with a value behind each colon."""
    said = {code: f"value {index}" for index, code in enumerate(FIELDS_OF_PROBLEM[problem])}
    lines = template_text(problem, language).splitlines()
    labels = {entry(Kind.EVIDENCE_FIELD, code).label[language]: value for code, value in said.items()}
    for index, line in enumerate(lines):
        label = line.rstrip("： :").partition("（")[0].partition(" (")[0]
        if label in labels:
            lines[index] = line.rstrip() + " " + labels[label]
    return "\n".join(lines), said


@pytest.mark.parametrize(("problem", "language"), CLASSES)
def test_a_filled_template_reads_back_as_it_was_filled(problem: str, language: Language) -> None:
    text, said = filled(problem, language)
    read = read_template(text)
    assert read.problem == problem
    assert values(read) == said
    for one in read.fields:
        assert text[one.start : one.end] == one.value
        assert read.at(one.start) == one.code


@pytest.mark.parametrize(("problem", "language"), CLASSES)
def test_an_empty_template_says_nothing_but_its_class(problem: str, language: Language) -> None:
    assert read_template(template_text(problem, language)) == ReadTemplate(problem=problem, fields=())


@pytest.mark.parametrize(("problem", "language"), CLASSES)
@pytest.mark.parametrize("decorated", ["> {}", "- {}", "  * {}", "> > {}", "{}\r", "\t{}  ", "｜{}"])
def test_chats_and_mail_put_things_around_lines(problem: str, language: Language, decorated: str) -> None:
    text, said = filled(problem, language)
    read = read_template("\n".join(decorated.format(line) for line in text.splitlines()).replace("｜", ""))
    assert read.problem == problem
    assert values(read) == said


def test_bold_labels_numbers_and_the_other_language_are_read() -> None:
    read = read_template(
        f"1. **Request id:** {REQUEST}\n2) Model： gpt-4o\n3、状态码: 402\nrequest_time: 2026-11-24 08:30Z"
    )
    assert values(read) == {
        "request_id": REQUEST, "model": "gpt-4o", "status_code": "402", "request_time": "2026-11-24 08:30Z",
    }  # fmt: skip


def test_without_its_title_a_text_is_of_the_class_that_asks_for_most_of_it() -> None:
    read = read_template("Order time: 2026-11-24 08:30\nAmount: 100 CNY\nNickname: li")
    assert read.problem == "recharged_not_credited"
    assert read_template("hello, my balance is gone").problem is None


def test_an_error_text_goes_on_over_lines_and_a_line_does_not() -> None:
    read = read_template(
        "错误原文：402 Payment Required\n  insufficient balance\n\nplease recharge\n模型：gpt-4o\n谢谢，麻烦尽快\n状态码：\n402\n"
    )
    assert values(read) == {
        "error_text": "402 Payment Required\ninsufficient balance\nplease recharge",
        "model": "gpt-4o",
        "status_code": "402",
    }


def test_the_empty_template_quoted_below_takes_nothing_away() -> None:
    text, said = filled("balance_not_enough", Language.ZH)
    quoted = "\n".join(f"> {line}" for line in template_text("balance_not_enough", Language.ZH).splitlines())
    assert values(read_template(text + "\n" + quoted)) == said
    assert values(read_template(quoted + "\n" + text)) == said


def test_values_with_colons_stay_whole() -> None:
    read = read_template("请求时间（写明时区）：2026-11-24 16:30:05 +08:00\nCaller: sk-…3fA9, my-script: v2")
    assert values(read) == {"request_time": "2026-11-24 16:30:05 +08:00", "caller": "sk-…3fA9, my-script: v2"}


def test_a_text_that_is_too_long_is_not_read_to_its_end() -> None:
    read = read_template("x\n" * PASTED_CHARACTERS_MAX + f"Request id: {REQUEST}")
    assert read.fields == ()


@given(st.text(alphabet="请求编号：:Request id\n>-*()（）[]【】 a1", max_size=300))
def test_any_text_can_be_read_and_fields_are_where_they_say(text: str) -> None:
    read = read_template(text)
    for one in read.fields:
        assert one.value.strip()
        assert read.at(one.start) == one.code
        assert one.value.splitlines()[0] in text[one.start : one.end]
