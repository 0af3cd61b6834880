"""Macros: what they give in each language, and that whatever cannot be given names its file and line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entries, entry
from counterfoil.knowledge.front_matter import ArticleUnreadable
from counterfoil.knowledge.macros import PLACEHOLDER, Expanded
from counterfoil.knowledge.model import Used
from counterfoil.knowledge.publishing import require_sound
from knowledge.shelf import PORTS, article, shelf


def expanded(body: str, language: str = "en") -> Expanded:
    one = article("first-page", language, body=body)
    return shelf(one).expanded(one)


def given(body: str, language: str = "en") -> str:
    found = expanded(body, language)
    assert found.flaws == ()
    return found.markdown


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("part", ["explanation", "label", "where_to_look", "what_to_change", "how_to_go_back"])
def test_words_of_the_vocabulary(language: Language, part: str) -> None:
    words = entry(Kind.REFUSAL, "key_limit")
    text = getattr(words, part, None) or getattr(words.next_step, part)
    assert given(f'{{{{ {part}("refusal", "key_limit") }}}}', language) == text[language]


def test_single_words() -> None:
    assert given('{{ owner("refusal", "key_limit") }}') == entry(Kind.OWNER, "team_admin").label.en
    assert given('{{ code("key_limit") }}') == "`key_limit`"
    assert given('{{ status("key_limit") }}') == "402"
    assert given('{{ field("request_id") }}') == entry(Kind.EVIDENCE_FIELD, "request_id").label.en
    assert given('{{ word("what_to_change") }}') == entry(Kind.WORD, "what_to_change").label.en
    assert given('{{ page("help") }}', "zh") == entry(Kind.PAGE, "help").label.zh
    assert given('{{ number("duplicate_window_seconds") }}') == "600"


def test_a_button_stands_in_quotes() -> None:
    one = next(each for each in entries(Kind.BUTTON) if "{" not in each.label.en)
    assert given(f'{{{{ button("{one.code}") }}}}') == f"“{one.label.en}”"
    assert given(f'{{{{ button("{one.code}") }}}}', "zh") == f"「{one.label.zh}」"


def test_links_have_the_title_or_words() -> None:
    assert given('{{ link("second-page") }}') == "[A call is refused](/help/en/second-page)"
    assert given('{{ link("second-page", "这里") }}', "zh") == "[这里](/help/zh/second-page)"


def test_what_an_operator_says_of_themselves() -> None:
    assert given('{{ operator("name") }}, {{ operator("hours") }}') == "The Shop, Mondays"
    assert given('{{ operator("contact_email") }}') == entry(Kind.WORD, "help_not_given").label.en


def test_blocks() -> None:
    fields = given('{{ fields("balance_not_enough") }}')
    assert fields.count("\n- ") + 1 == len(FIELDS_OF_PROBLEM["balance_not_enough"])
    template = given('{{ template("balance_not_enough") }}', "zh")
    assert template.startswith("```text\n【")
    assert given('{{ example("hello") }}').startswith("```sh\necho hi\n```\n\nOutput:\n\n```text\nhi\n```")
    table = given('{{ table_of("task_state") }}').split("\n")
    assert len(table) == 2 + len([one for one in entries(Kind.TASK_STATE) if one.public])


def test_in_a_block_of_code_a_code_is_only_itself() -> None:
    body = '```json\n{"code": "{{ code("key_limit") }}"}\n```\n\n{{ code("key_limit") }}'
    assert given(body) == '```json\n{"code": "key_limit"}\n```\n\n`key_limit`'


def test_a_list_in_a_list_keeps_its_place() -> None:
    found = given('1. Give these:\n\n   {{ fields("balance_not_enough") }}\n2. Wait.\n')
    assert all(line.startswith("   - ") for line in found.split("\n")[2:-2])


@pytest.mark.parametrize(
    ("macro", "rule"),
    [
        ('label("refusal", "never_heard_of")', "word_unknown"),
        ('label("never_heard_of", "key_limit")', "word_unknown"),
        ('code("never_heard_of")', "code_unknown"),
        ('status("task_failed")', "status_unknown"),
        ('number("age_of_the_universe")', "number_unknown"),
        ('operator("shoe_size")', "operator_unknown"),
        ('example("never")', "example_unknown"),
        ('link("never")', "link_unknown"),
        ('explain("refusal", "key_limit")', "macro_unknown"),
        ("key_limit", "macro_unknown"),
        ('label("refusal")', "macro_unreadable"),
        ('label("refusal", code="key_limit")', "macro_unreadable"),
        ('label("refusal", 4)', "macro_unreadable"),
        ('label("break_class", "late")', "word_private"),
        ('label("input_problem", "field_missing")', "word_has_places"),
        ('"".__class__', "macro_unknown"),
        ('label("refusal", "key_limit") | upper', "macro_unreadable"),
    ],
)
def test_what_cannot_be_given_is_named_with_its_line(macro: str, rule: str) -> None:
    one = article("first-page", "en", body=f"First.\n\nThen {{{{ {macro} }}}}.\n")
    catalogue = shelf(one)
    (flaw,) = catalogue.expanded(one).flaws
    assert (flaw.file, flaw.line) == (one.file, one.body_line + 2)
    # What is no expression at all is found while reading, whatever the name.
    assert flaw.rule in (rule, "macro_unreadable", "macro_unknown")
    assert flaw.reason(Language.EN)
    assert flaw.reason(Language.ZH)
    with pytest.raises(ArticleUnreadable) as raised:
        require_sound(catalogue)
    assert raised.value.line == flaw.line


@pytest.mark.parametrize(
    "body",
    [
        "{% for x in 'ab' %}x{% endfor %}",
        "{% include 'etc' %}",
        "{{ label( }}",
        "{# note",
        "{{",
        pytest.param("{{ " + "(" * 20_000, id="brackets"),
    ],
)
def test_nothing_but_macros_is_carried_out(body: str) -> None:
    (flaw,) = expanded(body).flaws
    assert flaw.rule == "macro_unreadable"


def test_lines_are_those_of_the_file() -> None:
    one = article("first-page", "en", body='A\n\n{{ fields("balance_not_enough") }}\n\nB {{ code("key_limit") }}\n')
    found = shelf(one).expanded(one)
    lines = found.markdown.split("\n")
    assert found.lines[0] == one.body_line
    assert found.lines[lines.index("B `key_limit`")] == one.body_line + 4
    assert found.typed == f"A\n\n{PLACEHOLDER}\n\nB {PLACEHOLDER}\n"
    assert Used(kind=Kind.REFUSAL, code="key_limit", macro="code", line=one.body_line + 4) in found.uses


def test_a_renamed_button_changes_the_page_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from counterfoil.foundation.vocabulary import table
    from counterfoil.foundation.vocabulary.model import Text

    one = next(each for each in entries(Kind.BUTTON) if "{" not in each.label.en)
    before = given(f'Press {{{{ button("{one.code}") }}}}.')
    monkeypatch.setitem(table._TABLE, (Kind.BUTTON, one.code), replace(one, label=Text(zh="改名", en="Renamed")))
    assert given(f'Press {{{{ button("{one.code}") }}}}.') == "Press “Renamed”." != before


def test_ports_are_all_that_comes_from_elsewhere() -> None:
    one = article("first-page", "en", body='{{ status("key_limit") }}')
    (flaw,) = shelf(one, ports=replace(PORTS, statuses={})).expanded(one).flaws
    assert flaw.rule == "status_unknown"
