"""Reading video objects as they come: the protocol's own, its many copies, and whatever else can be JSON."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.tasks.model import TaskState
from counterfoil.tasks.verdicts import (
    REASON_CHARACTERS_MAX,
    read_task_id,
    read_time,
    read_verdict,
    state_of,
    told_error,
    told_words,
)

KEY = "sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghij"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("id", "status", "progress", "error", "seconds", "expires_at", "fail_reason", "created_at", "message", "code")
VIDEOS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=8)


def read(**video: Any) -> Any:
    verdict = read_verdict(video, upstream_task_id="video_1")
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (("queued", "Pending", "SUBMITTED", "NOT_START", "not-start"), TaskState.QUEUED),
        (("in_progress", "IN-PROGRESS", "inProgress", "In Progress", "running", "processing"), TaskState.RUNNING),
        (("completed", "Succeeded", "SUCCESS", " completed "), TaskState.SUCCEEDED),
        (("failed", "FAILURE"), TaskState.FAILED),
        (("cancelled", "canceled"), TaskState.CANCELLED),
        (("", "done?", "expired", "not_completed", "completed_with_errors", "失败"), TaskState.UNKNOWN),
    ],
)
def test_states_are_read_in_every_spelling_and_never_guessed(words: tuple[str, ...], state: TaskState) -> None:
    assert {state_of(word) for word in words} == {state}


@pytest.mark.parametrize(
    ("given", "progress"),
    [
        (0, 0), (45, 45), (100, 100), ("45%", 45), ("45 %", 45), ("45", 45), ("45.9%", 45), (45.9, 45), (0.45, 45),
        (1.0, 1), ("0%", 0), (101, None), (-1, None), ("half", None), (True, None), (None, None), ([45], None),
        ("NaN", None), ("1e99999", None), (2**63, None), ("9" * 5_000, None),
    ],
)  # fmt: skip
def test_progress_is_a_percentage_or_nothing(given: object, progress: int | None) -> None:
    assert read(status="in_progress", progress=given).progress == progress


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("8", 8),
        (8, 8),
        (8.0, 8),
        ("8.5", None),
        (0, 0),
        (-8, None),
        ("", None),
        (None, None),
        ("4s", None),
        (10**9, None),
    ],
)
def test_what_was_delivered_is_whole_seconds_or_not_said(given: object, seconds: int | None) -> None:
    assert read(status="completed", seconds=given).delivered == seconds


def test_what_is_not_made_is_not_delivered() -> None:
    for status in ("queued", "in_progress", "failed", "cancelled", "elsewhere"):
        verdict = read(status=status, seconds="8", expires_at=1_700_000_000)
        assert (verdict.delivered, verdict.download_expires_at) == (None, None)


@pytest.mark.parametrize(
    ("given", "micros"),
    [
        (1_700_000_000, 1_700_000_000_000_000), (1_700_000_000.5, 1_700_000_000_500_000),
        ("1700000000", 1_700_000_000_000_000), (1_700_000_000_123, 1_700_000_000_123_000),
        (0, None), (-5, None), (None, None), (True, None), ("tomorrow", None), ("2023-11-14T22:13:20Z", None),
        (10**18, None), ("inf", None),
    ],
)  # fmt: skip
def test_times_are_seconds_or_milliseconds(given: object, micros: int | None) -> None:
    assert read_time(given) == micros


@pytest.mark.parametrize(
    ("video", "code", "reason"),
    [
        ({"error": {"code": "moderation_blocked", "message": "Not allowed."}}, "moderation_blocked", "Not allowed."),
        ({"error": {"code": 1026, "message": "Not allowed."}}, "1026", "Not allowed."),
        ({"error": {"code": None, "type": "server_error"}}, "server_error", None),
        ({"error": {"code": "a sentence, not a code", "detail": "No\x00t\nallowed."}}, None, "No t allowed."),
        ({"error": {"code": {"nested": 1}, "message": ["no"]}}, None, None),
        ({"error": {"code": KEY, "message": f"key {KEY} refused"}}, None, "key sk-proj-…ghij refused"),
        ({"error": "out of memory"}, None, "out of memory"),
        ({"error": None, "fail_reason": "timed out in the queue"}, None, "timed out in the queue"),
        ({}, None, None),
    ],
)
def test_why_a_task_failed(video: dict[str, Any], code: str | None, reason: str | None) -> None:
    verdict = read(status="failed", **video)
    assert (verdict.failure_code, verdict.failure_reason) == (code, reason)
    assert read(status="completed", **video).failure_reason is None


@pytest.mark.parametrize("marks", ['""', "“”", "‘’", "«»", "「」", "『』", "``", "''"])
def test_what_an_upstream_quotes_is_cut_out_of_its_reasons(marks: str) -> None:
    prompt = "a lighthouse in a storm at night"
    told = told_words(f"It was blocked: {marks[0]}{prompt}{marks[1]} shows too much")
    assert told is not None
    assert prompt not in told
    assert told.startswith("It was blocked")
    assert told.endswith("shows too much")


def test_words_are_one_short_line() -> None:
    told = told_words("no luck\r\n\t" * 500)
    assert told is not None
    assert len(told) <= REASON_CHARACTERS_MAX
    assert told.startswith("no luck no luck")
    assert told.endswith("…")
    assert told_words(" \n ") is None
    assert told_error(UpstreamError(meaning=Meaning.FAILED, kind="server_error")) == "server_error"
    assert told_error(UpstreamError(meaning=Meaning.CUT)) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("video_68d7512d07848190b3e45da0ecbebcde004da08e1e0678d5", True), ("video_bGl0ZWxsbTpj+/==", True),
        ("operations/7", True), ("9", True), (9, True), ("a..b", True), ("", False), (".", False), ("..", False),
        ("a b", False), ("a\x00b", False), ("é", False), ("v" * 501, False), (None, False), (True, False), (1.5, False),
        (["video_1"], False),
    ],
)  # fmt: skip
def test_an_id_is_one_that_can_be_kept_and_asked_for(given: object, found: bool) -> None:
    assert (read_task_id({"id": given}) is not None) is found


@given(VIDEOS)
def test_whatever_is_json_is_read_or_not_and_fits_into_a_row(video: dict[str, Any]) -> None:
    """The values come through the parser that serves: it knows no NaN and no lone surrogates."""
    try:
        parsed = orjson.loads(orjson.dumps(video))
    except orjson.JSONEncodeError:
        return
    verdict = read_verdict(parsed, upstream_task_id=read_task_id(parsed))
    assert (verdict is None) == (not isinstance(parsed.get("status"), str) or not parsed["status"])
    if verdict is None:
        return
    for text in (verdict.raw_state, verdict.failure_code, verdict.failure_reason, verdict.upstream_task_id):
        assert text is None or (text.isprintable() and len(text) <= 500)
    for number in (verdict.progress, verdict.delivered, verdict.download_expires_at):
        assert number is None or (type(number) is int and 0 <= number < 2**63)


@given(st.text(max_size=600))
def test_told_words_are_short_printable_and_stay_what_they_are(words: str) -> None:
    told = told_words(words)
    assert told is None or (told.isprintable() and len(told) <= REASON_CHARACTERS_MAX)
    assert told is None or told_words(told) is not None
