"""Forms and what is wrong with them, in both languages, from the vocabulary alone."""

from __future__ import annotations

import json

import pytest

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Language
from counterfoil.foundation.vocabulary.support_intake import PLACES, UNSAFE
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.scanner import scan, scan_json
from counterfoil.support import intake_model, intake_rules
from counterfoil.support.intake_forms import form_fields, judged_document, notices
from counterfoil.support.intake_model import Judged, Submission
from counterfoil.support.model import Channel

ORDER = "4200001234202611241234567890"
CARD = "4242 4242 4242 4242"


def judge(problem: str, *fields: tuple[str, str]) -> Judged:
    submission = Submission(problem=problem, language=Language.ZH, channel=Channel.FORM, fields=fields)
    return intake_rules.judge(submission, scan=scan, scan_json=scan_json)


def test_every_class_and_place_has_its_words() -> None:
    assert set(UNSAFE) == set(SecretKind)
    assert set(PLACES) == set(intake_model.PLACES)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("problem", FIELDS_OF_PROBLEM)
def test_a_form_asks_for_just_its_class_and_says_what_each_field_is_for(problem: str, language: Language) -> None:
    fields = form_fields(problem, language)
    assert tuple(one.code for one in fields) == FIELDS_OF_PROBLEM[problem]
    for one in fields:
        assert one.label
        assert one.purpose
        assert one.where_to_find
        assert one.value == ""
        assert not one.notices
        assert one.problem is None


def test_a_form_comes_back_with_what_was_fine_and_the_masks() -> None:
    judged = judge(
        "recharged_not_credited", ("order_mask", ORDER), ("amount", "100 元"), ("payment_method", f"银行卡 {CARD}")
    )
    fields = {one.code: one for one in form_fields("recharged_not_credited", Language.ZH, judged=judged)}
    assert fields["amount"].value == "100 元"
    assert fields["order_mask"].is_mask
    assert [one.kind for one in fields["order_mask"].notices] == ["order_number"]
    assert fields["payment_method"].value == ""
    assert [(one.where, one.what) for one in fields["payment_method"].notices] == [("付款方式", "银行卡号或安全码")]


def test_another_class_keeps_the_fields_that_both_ask_for() -> None:
    kept = {"model": "gpt-4o", "request_id": "req_1", "key_mask": "sk-…3fA9"}
    fields = {one.code: one.value for one in form_fields("balance_fell", Language.EN, values=kept)}
    assert fields["model"] == "gpt-4o"
    assert fields["key_mask"] == "sk-…3fA9"
    assert "request_id" not in fields


@pytest.mark.parametrize("language", list(Language))
def test_a_program_is_told_all_that_a_page_says_and_nothing_that_was_refused(language: Language) -> None:
    judged = judge("recharged_not_credited", ("order_mask", ORDER), ("nickname", CARD), ("payment_method", "x" * 400))
    told = judged_document(judged, language)
    written = json.dumps(told, ensure_ascii=False)
    assert ORDER not in written
    assert CARD not in written
    assert [(one["field"], one["class"]) for one in told["unsafe"]] == [
        ("nickname", "card"), ("order_mask", "order_number"),
    ]  # fmt: skip
    assert told["offered"]["order_mask"] == f"[order …{ORDER[-4:]}]"
    assert "120" in told["problems"][0]["message"]
    assert len(told["unsafe"]) == len(notices(judged, language))
