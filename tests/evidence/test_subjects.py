"""What a pasted text is about."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence.model import FoundId, Subject
from counterfoil.evidence.subjects import IDS_MAX, SUBJECT_CHARACTERS_MAX, recognise
from counterfoil.foundation.ids import make_id, show_id
from counterfoil.foundation.vocabulary import Kind, entries

NOW = 1_790_000_000_000_000
OURS = make_id(NOW - 5_000_000, 123_456_789)
SHOWN = show_id("request", OURS)


def found(text: str) -> Subject:
    return recognise(text, now=NOW)


def requests(text: str) -> tuple[UUID, ...]:
    """The request ids that a text names."""
    return tuple(one.value for one in found(text).ids if one.kind == "request")


@pytest.mark.parametrize(
    "text",
    [
        SHOWN,
        f"  {SHOWN}\n",
        SHOWN.upper(),
        f"Nothing was charged. ({SHOWN})",
        f"余额不够。本次没有扣费。（{SHOWN}）请看",
        f"错误{SHOWN}。",
        json.dumps({"error": {"message": f"… ({SHOWN})", "request_id": SHOWN}}),
        f"https://api.example.com/why/{SHOWN}?lang=zh",
        f"x-request-id: {SHOWN}",
        # A terminal broke the line inside the id, and a mail quoted it.
        f"{SHOWN[:20]}\n{SHOWN[20:]}",
        f"> {SHOWN[:12]}\r\n> {SHOWN[12:]} and more",
        # A zero-width space, and full-width letters.
        f"{SHOWN[:10]}\u200b{SHOWN[10:]}",
        "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in SHOWN),
    ],
)
def test_our_request_id_is_found_wherever_it_stands(text: str) -> None:
    assert requests(text) == (OURS,)


@pytest.mark.parametrize(
    "text",
    [
        "req_" + "f" * 32,
        # OpenAI's request ids have the same form and are no UUIDv7.
        "req_8e3b2b3c4d5e4f60718293a4b5c6d7e8",
        show_id("request", make_id(NOW + 3 * 86_400_000_000, 1)),
        show_id("request", make_id(1_600_000_000_000_000, 1)),
        SHOWN[:-1],
        SHOWN + "0",
        "x" + SHOWN,
        show_id("account", OURS),
    ],
)
def test_what_only_looks_like_our_id_is_not_taken_for_one(text: str) -> None:
    assert requests(text) == ()


def test_several_ids_are_given_in_their_order_and_once() -> None:
    ids = [make_id(NOW - number, number) for number in range(1, IDS_MAX + 3)]
    text = " ".join(show_id("request", one) for one in [*ids, ids[0]])
    assert requests(text) == tuple(ids[:IDS_MAX])


@pytest.mark.parametrize("kind", ["request", "task", "submission"])
def test_tasks_and_submissions_are_asked_about_like_requests(kind: str) -> None:
    assert found(f"what of this? {show_id(kind, OURS)}").ids == (FoundId(kind, OURS),)


def test_an_answer_that_names_a_task_its_request_and_its_submission_is_about_the_task() -> None:
    shown = {"request_id": SHOWN, "submission_id": show_id("submission", OURS)}
    body = {"id": show_id("task", OURS), "object": "video", "counterfoil": shown}
    assert found(json.dumps(body)).ids == (FoundId("task", OURS),)


def test_a_refused_copy_is_asked_about_before_the_task_that_it_names() -> None:
    first = make_id(NOW - 9_000_000, 5)
    message = f"The same thing was submitted before: {show_id('task', first)} (running). ({SHOWN})"
    told = found(f"{show_id('submission', first)} {message}")
    assert told.ids == (FoundId("request", OURS), FoundId("task", first))


@pytest.mark.parametrize("code", [one.code for one in entries(Kind.REFUSAL)])
def test_each_of_our_codes_is_found_as_a_code(code: str) -> None:
    assert found(code).code == code
    assert found(json.dumps({"error": {"type": "insufficient_quota", "code": code}})).code == code
    assert found(f"code={code}").code == code


def test_a_code_is_found_in_a_sentence_and_beside_chinese() -> None:
    assert found("Error 402 group_quota: too low").code == "group_quota"
    assert found("错误group_quota是什么").code == "group_quota"


def test_a_word_of_everyday_english_is_no_code() -> None:
    assert found("the server is overloaded today") == Subject()
    assert found('{"type": "overloaded_error", "message": "Overloaded"}').code is None


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ('{"error": {"message": "You exceeded your current quota, please check your plan and billing details.",'
         ' "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}}', "OpenAI"),
        ('{"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}}',
         "DeepSeek"),
        ('{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access'
         ' the Anthropic API."}}', "Anthropic"),
        ('{"error": {"code": 429, "message": "Your prepayment credits are depleted.", "status": "RESOURCE_EXHAUSTED"}}',
         "Google Gemini"),
        ('{"error": {"code": 402, "message": "This request requires more credits", "metadata": {"limit_source": "key"}}}',
         "OpenRouter"),
        ('{"error": {"message": "用户额度不足, 剩余额度: ＄0.000000", "code": "insufficient_user_quota"}}',
         "new-api / one-api"),
        ('{"error": {"message": "Budget has been exceeded! Current cost: 1.0", "type": "budget_exceeded"}}', "LiteLLM"),
    ],
)  # fmt: skip
def test_an_upstreams_own_402_is_told_from_ours(text: str, service: str) -> None:
    told = found(text)
    assert (told.ids, told.code, told.service) == ((), None, service)
    assert told.words is not None
    # The short form of the question gets the same answer.
    assert found(told.words) == told


def test_our_own_402_is_ours_though_it_has_the_type_that_clients_know() -> None:
    body = {"error": {"message": "…", "type": "insufficient_quota", "code": "key_limit", "request_id": SHOWN}}
    assert found(json.dumps(body)) == Subject(ids=(FoundId("request", OURS),), code="key_limit")


def test_another_services_request_id_is_recognised_as_such() -> None:
    told = found("Request ID: req_011CSHoEeqs5C35K2UUqR7Fy")
    assert (told.service, told.words) == ("Anthropic", "req_011CSHoEeqs5C35K2UUqR7Fy")


def test_an_id_that_cannot_be_ours_is_an_unknown_one_and_not_nothing() -> None:
    theirs = "req_8e3b2b3c4d5e4f60718293a4b5c6d7e8"
    assert found(f"x-request-id: {theirs}") == Subject(unknown_id=theirs)
    # What else the text says about whose it is weighs more.
    assert found(f"insufficient_quota ({theirs})").service == "OpenAI"


@pytest.mark.parametrize(
    "text", ["", "   ", "402", "余额不足", "<script>alert(1)</script>", "req_", "\x00\ud800", "🙂" * 50]
)
def test_a_text_that_names_nothing_gives_nothing(text: str) -> None:
    assert found(text) == Subject()


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert requests(" " * (SUBJECT_CHARACTERS_MAX - len(SHOWN)) + SHOWN) == (OURS,)
    assert found(" " * SUBJECT_CHARACTERS_MAX + SHOWN) == Subject()


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_read_without_failing(before: str, after: str) -> None:
    assert isinstance(found(before + after), Subject)


@given(st.text(alphabet=st.characters(categories=["Z", "P", "S"], include_characters="余额 "), max_size=60))
def test_an_id_is_found_between_any_punctuation(around: str) -> None:
    clean = around.replace("_", "").replace("＿", "")
    assert requests(f"{clean}{SHOWN}{clean}") == (OURS,)


@given(st.uuids())
def test_a_random_uuid_is_hardly_ever_taken_for_ours(value: UUID) -> None:
    told = requests(f"req_{value.hex}")
    assert not told or value.version == 7
