"""Every check of articles: one that passes, and for each rule an article in which it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from counterfoil.foundation.vocabulary import Kind, Language, entries, entry
from counterfoil.knowledge.checks import check
from counterfoil.knowledge.examples import Example
from counterfoil.knowledge.front_matter import ArticleUnreadable
from counterfoil.knowledge.model import Finding
from knowledge.shelf import BODY, PORTS, REVISION, TODAY, article, findings, pages, rules, shelf

SLUG = "first-page"
EN, ZH = BODY["en"], BODY["zh"]
KEY = "sk-" + "aB3dE5gH7jK9mN1pQ3sT5vW7"


def test_articles_in_order_have_nothing_to_find() -> None:
    catalogue = shelf()
    for one in pages():
        assert findings(one) == ()
    every = check(catalogue, today=TODAY)
    # Two pages are no handbook: what is missing is all that is wrong with them.
    assert rules(every) == {"page_missing"}


def found_in(body: str, language: str = "en", **changes: Any) -> tuple[Finding, ...]:
    return findings(article(SLUG, language, body=body, **changes))


@pytest.mark.parametrize(
    ("language", "more", "rule"),
    [
        # Words.
        ("en", "Your voucher is used.", "term_banned"),
        ("zh", "请用你的账号登录。", "term_banned"),
        ("zh", "金额已经预扣。", "term_banned"),
        ("en", "The code is `key_limit`.", "code_typed"),
        ("en", "It says group_quota there.", "code_typed"),
        ("en", 'It is `{"code": "never_heard_of"}`.', "code_unknown"),
        ("en", "It was answered with 402 at once.", "status_typed"),
        ("en", f"It says “{entry(Kind.REFUSAL, 'key_limit').label.en}” there.", "label_typed"),
        ("zh", f"显示「{entry(Kind.REFUSAL, 'key_limit').label.zh}」。", "label_typed"),
        ("en", '{{ label("refusal", "never_heard_of") }}', "word_unknown"),
        # Links.
        ("en", "[here](/help/en/never)", "link_broken"),
        ("en", "[here](mailto:someone)", "link_broken"),
        ("en", "[here](/wherever)", "link_broken"),
        ("en", "[here](http://example.com/)", "link_plain"),
        ("en", "[here](#nowhere)", "anchor_missing"),
        ("en", "[here](/help/en/second-page#nowhere)", "anchor_missing"),
        # Form.
        ("en", "#### Too deep", "heading_level"),
        ("en", "# A title", "heading_level"),
        ("en", "A <b>bold</b> word.", "html_typed"),
        ("en", "word " * 60 + ".", "sentence_long"),
        ("zh", "这是一个很长的句子，" * 20 + "。", "sentence_long"),
        ("en", "Look at it. " * 300, "too_long"),
        # What must not be public.
        ("en", f"Use `{KEY}`.", "secret_found"),
        ("en", f"```sh\ncurl -H 'Authorization: Bearer {KEY}'\n```", "secret_found"),
        ("en", "Write to help@shop.example.", "email_found"),
        ("en", "Order 20261130123456789 is yours.", "order_number_found"),
        ("en", "See req_01a20a8a72347f81b3f8cf2d54e39faa there.", "order_number_found"),
        ("en", "It is kept in PostgreSQL.", "internal_name"),
        ("en", "We call it `served_not_charged`.", "internal_name"),
        ("en", "It costs $5 then.", "claim_price"),
        ("zh", "只要 10 元。", "claim_price"),
        ("en", "Support answers within 3 days.", "claim_deadline"),
        ("zh", "3 个工作日内到账。", "claim_deadline"),
        ("en", "The amount will be refunded then.", "claim_outcome"),
        ("zh", "这笔钱一定会退回。", "claim_outcome"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_text_is_found_on_its_line(language: str, more: str, rule: str) -> None:
    body = (EN if language == "en" else ZH) + "\n" + more + "\n"
    one = article(SLUG, language, body=body)
    here = [each for each in findings(one) if each.rule == rule]
    assert here, rules(findings(one))
    line = one.body_line + (EN if language == "en" else ZH).count("\n") + 1
    whole_page = rule in ("heading_level", "too_long")
    assert here[0].line == (one.body_line if whole_page else line + (1 if more.startswith("```") else 0))
    assert (here[0].file, here[0].slug) == (one.file, SLUG)
    for each in Language:
        assert here[0].reason(each)
        assert here[0].what_to_do(each)


@pytest.mark.parametrize(
    ("language", "more"),
    [
        ("en", "Nobody can guarantee it; we do not guarantee a date."),
        ("zh", "不保证结果，以记录为准。"),
        ("en", "Send no password: see below. A key comes in `Authorization: Bearer` or `x-api-key`."),
        ("en", "Its `held` is large, and `req_…` is the id."),
        ("en", "Use `Idempotency-Key` and `max_tokens`."),
        ("en", "[here](/why), [there](/support/balance_fell), [map](/help) and [out](https://example.com)."),
        ("en", "[down](#where-to-look)"),
        ("en", "{{ code('key_limit') }} comes with {{ status('key_limit') }}."),
    ],
)
def test_what_is_right_is_left_alone(language: str, more: str) -> None:
    one = article(SLUG, language, body=(EN if language == "en" else ZH) + "\n" + more + "\n")
    assert rules(findings(one)) - {"twin_differs"} == set()


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"review_by": date(2026, 11, 30)}, "review_due", "review_by"),
        ({"updated": date(2026, 12, 24)}, "dates_wrong", "updated"),
        ({"reviewed": date(2026, 11, 1)}, "dates_wrong", "reviewed"),
        ({"review_by": date(2026, 11, 30), "reviewed": date(2026, 11, 30)}, "dates_wrong", "review_by"),
        ({"revisions": [{**REVISION, "approver": "Editor"}]}, "approver_is_author", "revisions"),
        ({"evidence": ["shoe_size"]}, "word_unknown", "evidence"),
        ({"related": ["never"]}, "related_unknown", "related"),
        ({"related": ["first-page"]}, "related_itself", "related"),
        ({"next": "never"}, "next_unknown", "next"),
        ({"next": "first-page"}, "related_itself", "next"),
        ({"summary": {"en": "A voucher.", "zh": ""}}, "term_banned", "summary"),
        ({"action": {"en": "Pay $5.", "zh": ""}}, "claim_price", "action"),
        ({"stopping_point": {"en": "Write to me@shop.example.", "zh": ""}}, "email_found", "stopping_point"),
    ],
)
def test_what_is_wrong_in_front_of_a_text_is_found_at_its_field(changes: dict[str, Any], rule: str, field: str) -> None:
    one = article(SLUG, "en", **changes)
    here = [each for each in findings(one) if each.rule == rule]
    assert here, rules(findings(one))
    assert one.lines[field] in {each.line for each in here}


def test_too_little_is_no_article() -> None:
    assert "too_short" in rules(found_in("Ask support.\n"))
    assert "too_short" in rules(found_in("问客服。\n", "zh"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "guide"}, "kind"),
        ({"codes": ["refusal/key_limit"]}, "codes"),
        ({"audience": ["developer"]}, "audience"),
        ({"owner": "finance"}, "owner"),
        ({"action_owner": "support"}, "action_owner"),
        ({"evidence": []}, "evidence"),
        ({"updated": date(2026, 11, 29)}, "updated"),
        ({"revisions": [REVISION, REVISION]}, "revisions"),
        ({"body": EN.replace("2. Read its checks.\n", "")}, "steps"),
        ({"body": EN + "\n## One more\n"}, "headings"),
        ({"body": EN + "\nIt happened 7 times.\n"}, "numbers"),
        ({"body": EN + '\n{{ code("group_quota") }}\n'}, "codes"),
    ],
)
def test_twins_agree(changes: dict[str, Any], field: str) -> None:
    one = article(SLUG, "en", **changes)
    differing = {each.facts["field"] for each in findings(one) if each.rule == "twin_differs"}
    assert field in differing


def test_a_page_has_a_twin() -> None:
    alone = article("third-page", "en")
    assert "twin_missing" in rules(findings(alone))


def test_related_pages_know_each_other() -> None:
    third = [article("third-page", language, related=["first-page"]) for language in ("en", "zh")]
    one_way = [each for each in findings(third[0], third[1]) if each.rule == "related_one_way"]
    assert [each.facts["slug"] for each in one_way] == ["first-page"]


def test_a_page_that_nothing_leads_to_is_found() -> None:
    third = [article("third-page", language) for language in ("en", "zh")]
    orphans = [each for each in check(shelf(*third), today=TODAY) if each.rule == "orphaned"]
    assert [(each.slug, each.language) for each in orphans] == [
        ("third-page", Language.EN),
        ("third-page", Language.ZH),
    ]


def test_every_code_has_its_page_in_both_languages() -> None:
    missing = [each.facts["code"] for each in check(shelf(), today=TODAY) if each.rule == "page_missing"]
    for kind in (Kind.REFUSAL, Kind.CAUSE, Kind.TASK_STATE, Kind.ORDER_STATE):
        for one in entries(kind):
            assert missing.count(f"{kind}/{one.code}") == 2, one.code
    assert missing.count("problem_class/balance_fell (send-balance-fell)") == 2
    # A page that is there in one language is missing in the other alone.
    english = article("key-limit", "en", codes=["refusal/key_limit"])
    missing = [each for each in check(shelf(english), today=TODAY) if each.rule == "page_missing"]
    assert [each.language for each in missing if each.facts["code"] == "refusal/key_limit"] == [Language.ZH]


def test_a_code_belongs_to_one_page_and_to_the_right_one() -> None:
    wrong = article(SLUG, "en", codes=["refusal/key_limit"])
    right = article("key-limit", "en", codes=["refusal/key_limit"])
    found = check(shelf(wrong, right), today=TODAY)
    assert [(each.slug, each.facts["slug"]) for each in found if each.rule == "page_elsewhere"] == [(SLUG, "key-limit")]
    assert [each.facts["code"] for each in found if each.rule == "page_twice"] == ["refusal/key_limit"]


def test_places_of_codes_are_on_the_page_of_codes() -> None:
    half = [article("codes", language, kind="glossary", body='{{ table_of("error") }}\n') for language in ("en", "zh")]
    missing = [each.facts["code"] for each in check(shelf(*half), today=TODAY) if each.rule == "page_missing"]
    assert "input_problem/body_not_json (codes#input-body_not_json)" in missing
    assert not [each for each in missing if each.startswith("error/")]


def test_an_example_has_what_its_test_got() -> None:
    silent = Example(name="silent", language="sh", source="true\n", output_language="text", output="")
    catalogue = shelf(ports=replace(PORTS, examples={"silent": silent}))
    assert "example_without_output" in rules(check(catalogue, today=TODAY))


def test_a_file_that_is_no_article_is_a_finding() -> None:
    error = ArticleUnreadable(file="articles/en/x.md", line=3, problem="kind is missing")
    (found,) = [each for each in check(shelf(), today=TODAY, unreadable=[error]) if each.rule == "article_unreadable"]
    assert (found.file, found.line) == ("articles/en/x.md", 3)
    assert "kind is missing" in found.reason(Language.EN)


@pytest.mark.parametrize("rule", [one.code for one in entries(Kind.ARTICLE_RULE)])
def test_every_rule_is_one_that_a_check_reports(rule: str) -> None:
    """Words for a check that there is none of would be a promise."""
    from importlib.resources import files

    room = files("counterfoil.knowledge")
    source = "\n".join(one.read_text(encoding="utf-8") for one in room.iterdir() if one.name.endswith(".py"))
    assert f'"{rule}"' in source
