"""What a text says once it is decoded or put together: a secret is one however it is written, and prose stays prose."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Language
from counterfoil.limits.tokens import hash_token
from counterfoil.redaction.scanner import scan, scan_json
from counterfoil.support import intake_rules as rules
from counterfoil.support.intake_model import Judged, Outcome, Submission
from counterfoil.support.intake_readings import other_readings
from counterfoil.support.model import Channel
from counterfoil.support.templates_text import template_text
from support.plants import BROKEN, SECRETS, TOKEN, WORDS, WRITTEN


def judged(text: str, field: str = "error_text") -> Judged:
    problem = next(code for code, fields in FIELDS_OF_PROBLEM.items() if field in fields)
    return rules.judge(
        Submission(problem=problem, language=Language.EN, channel=Channel.FORM, fields=((field, text),)),
        scan=scan,
        scan_json=scan_json,
    )


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_refused_however_it_is_written(name: str, written: str) -> None:
    hidden = WRITTEN[written](SECRETS[name])
    for text in (hidden, f"see {hidden} 就是这个"):
        found = judged(text)
        # A card's digits as hexadecimal ones are a long number, of which only the mask stays.
        assert found.outcome is not Outcome.ACCEPTED, text
        assert hidden not in str(found.form)
        assert SECRETS[name] not in str(found.form)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("name", WORDS)
def test_a_secret_is_refused_when_it_was_broken_in_pieces(name: str, broken: str) -> None:
    for before in ("", "see ", "tool ", "this tool says 402 "):
        found = judged(before + BROKEN[broken](SECRETS[name]))
        assert found.refused, before
        assert not found.form


@pytest.mark.parametrize("written", [*WRITTEN.values(), *BROKEN.values()], ids=[*WRITTEN, *BROKEN])
def test_a_key_that_was_written_otherwise_is_still_its_owners_concern(written: Callable[[str], str]) -> None:
    assert hash_token(TOKEN) in judged(written(TOKEN)).key_hashes


@pytest.mark.parametrize("hidden", [base64.b64encode(TOKEN.encode()).decode(), "\0".join(TOKEN)])
def test_what_is_hidden_in_a_place_without_a_field_is_refused_too(hidden: str) -> None:
    fields = (("model", "gpt-4o"), ("note", hidden))
    around = Submission(
        problem="balance_fell", language=Language.EN, channel=Channel.FORM, fields=fields, query=(("q", hidden),),
        user_agent=f"tool {hidden}", file_names=(hidden,),
    )  # fmt: skip
    found = rules.judge(around, scan=scan, scan_json=scan_json)
    assert {one.field for one in found.refused} == {"other_field", "query", "user_agent", "file", "file_name"}


HARMLESS = [
    "sk-…3fA9 gpt-4o 402 2026-11-24 16:30 +08:00",
    "key starts with sk- and the call fails with this message from time to time",
    "sk-3fA9 claude-sonnet-4-5-20250929 at 16:30",
    "the last four are 3fA9\nreq_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b\ngpt-4o-mini",
    "Error code: 402 - insufficient_quota\nrequest id: req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b\nplease help",
    "chatcmpl-9aB3dE5fG7hJ9kL1mN2pQ4rS6tU8v",
    "task_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b",
    "019a8b2c-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "https://example.com/search?q=%E4%BD%99%E9%A2%9D%E4%B8%8D%E8%B6%B3&page=2",
    '{"error": {"message": "\\u4f59\\u989d\\u4e0d\\u8db3", "code": "insufficient_quota"}}',
    "this that with from when were been have long very much that then they",
    "w h y  d o e s  i t  s t o p",
    "余额不足 402 请求 失败 重试 三次 仍然 失败 订单 尾号 7890",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 &amp; Chrome/131.0.0.0",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_is_taken_as_it_is(text: str) -> None:
    assert judged(text).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("problem", FIELDS_OF_PROBLEM)
def test_an_empty_template_hides_nothing(problem: str, language: Language) -> None:
    for reading in other_readings(template_text(problem, language)):
        assert scan(reading.text) == []


@given(st.text(max_size=400))
def test_any_text_has_a_few_readings_and_an_end(text: str) -> None:
    readings = list(other_readings(text))
    assert len(readings) <= 16
    assert all(len(one.text) <= 8 * 1024 for one in readings)
    for one in readings:
        one.text.encode("utf-8", "surrogatepass")
