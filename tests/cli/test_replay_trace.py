"""Reading traces: what is a call, what is a reject, and what is no trace at all."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cli.replay_calls import chat_body, filler
from counterfoil.cli.replay_trace import REJECTS_KEPT_MAX, TOKENS_MAX, Reject, Trace, TraceRow
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import show_time

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
LINE = "2023-11-16 18:17:03.9799600,4808,10\r\n"


@pytest.fixture
def trace_of(tmp_path: Path) -> Callable[..., Trace]:
    def write(content: str | bytes, name: str = "trace.csv") -> Trace:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Trace(path)

    return write


def test_the_shipped_trace_is_whole_and_in_order() -> None:
    trace = Trace.shipped()
    rows = list(trace.rows())
    assert (len(rows), trace.rejected, trace.count_lines()) == (8819, 0, 8819)
    assert rows == sorted(rows, key=lambda row: row.at)
    assert sum(row.input_tokens for row in rows) == 18_059_974
    assert sum(row.output_tokens for row in rows) == 245_896
    assert (trace.path.parent / "ATTRIBUTION.md").read_text(encoding="utf-8").count("CC BY 4.0") == 1


def test_a_time_with_seven_decimals_is_read_to_the_microsecond_in_utc(trace_of: Callable[..., Trace]) -> None:
    (row,) = trace_of(HEAD + LINE).rows()
    assert (show_time(row.at), row.input_tokens, row.output_tokens) == ("2023-11-16T18:17:03.979960Z", 4808, 10)


def test_a_time_with_an_offset_is_another_instant(trace_of: Callable[..., Trace]) -> None:
    (row,) = trace_of(HEAD + "2023-11-16T18:17:03+08:00,1,1\n").rows()
    assert show_time(row.at) == "2023-11-16T10:17:03.000000Z"


def test_columns_may_stand_in_any_order_beside_others_and_in_quotes(trace_of: Callable[..., Trace]) -> None:
    trace = trace_of('\ufeff"generatedtokens", Model ,TIMESTAMP,ContextTokens\n"7",gpt,"2023-11-16 18:17:03","5"\n')
    assert [row[1:] for row in trace.rows()] == [(5, 7)]


def test_a_gzipped_trace_is_recognised_by_its_content(trace_of: Callable[..., Trace]) -> None:
    trace = trace_of(gzip.compress((HEAD + LINE * 3).encode()), name="trace.csv")
    assert (len(list(trace.rows())), trace.count_lines()) == (3, 3)


def test_a_gzipped_trace_that_was_cut_short_is_read_as_far_as_it_goes(trace_of: Callable[..., Trace]) -> None:
    whole = gzip.compress("".join([HEAD, *(f"2023-11-16 18:17:03,{n},{n * n % 9973}\n" for n in range(5000))]).encode())
    trace = trace_of(whole[: len(whole) // 2])
    rows = list(trace.rows())
    assert 0 < len(rows) < 5000
    assert [reject.reason for reject in trace.rejects] == ["trace_damaged"]
    assert trace.count_lines() > 0


def test_lines_that_are_no_calls_become_rejects_with_their_numbers(trace_of: Callable[..., Trace]) -> None:
    lines = [
        "not a line at all\n",
        LINE,
        "2023-11-16 18:17:03,1\n",
        "yesterday,1,1\n",
        "2023-11-16 18:17:03,-1,1\n",
        "2023-11-16 18:17:03,1.5,1\n",
        f"2023-11-16 18:17:03,{TOKENS_MAX + 1},1\n",
        "2023-11-16 18:17:03,1,١\n",
        "x" * 10_000 + "\n",
        "\n",
        LINE,
    ]
    trace = trace_of(HEAD + "".join(lines))
    assert len(list(trace.rows())) == 2
    assert trace.rejects == [
        Reject(line=2, reason="trace_columns_missing"),
        Reject(line=4, reason="trace_columns_missing"),
        Reject(line=5, reason="trace_time_unreadable"),
        Reject(line=6, reason="trace_tokens_unreadable"),
        Reject(line=7, reason="trace_tokens_unreadable"),
        Reject(line=8, reason="trace_tokens_unreadable"),
        Reject(line=9, reason="trace_tokens_unreadable"),
        Reject(line=10, reason="trace_line_long"),
    ]


def test_rejects_are_counted_on_where_they_are_no_longer_kept(trace_of: Callable[..., Trace]) -> None:
    trace = trace_of(HEAD + "bad\n" * (REJECTS_KEPT_MAX + 50))
    assert list(trace.rows()) == []
    assert (trace.rejected, len(trace.rejects)) == (REJECTS_KEPT_MAX + 50, REJECTS_KEPT_MAX)


def test_reading_a_trace_again_counts_its_rejects_again(trace_of: Callable[..., Trace]) -> None:
    trace = trace_of(HEAD + "bad\n" + LINE)
    assert len(list(trace.rows())) == len(list(trace.rows())) == trace.rejected == 1


def test_a_head_without_calls_is_an_empty_trace(trace_of: Callable[..., Trace]) -> None:
    trace = trace_of(HEAD)
    assert (list(trace.rows()), trace.count_lines(), trace.rejected) == ([], 0, 0)


def test_a_last_line_without_its_end_counts(trace_of: Callable[..., Trace]) -> None:
    trace = trace_of(HEAD + LINE + LINE.strip())
    assert len(list(trace.rows())) == trace.count_lines() == 2


@pytest.mark.parametrize("content", [b"", b"\n", b"time,in,out\n1,2,3\n", b"\x1f\x8b damaged", b"\x00\xff\xfe" * 5000])
def test_a_file_without_the_head_is_no_trace(trace_of: Callable[..., Trace], content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        list(trace_of(content).rows())
    assert caught.value.code == "trace_unreadable"
    assert caught.value.parameters["expected"] == "TIMESTAMP,ContextTokens,GeneratedTokens"


@pytest.mark.parametrize("path", ["missing.csv", "."])
def test_a_path_that_is_no_file_is_no_trace(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError) as caught:
        list(Trace(tmp_path / path).rows())
    assert caught.value.code == "trace_unreadable"


@given(st.integers(0, 400_000))
def test_filler_has_the_size_that_is_asked_for_and_needs_no_escapes(size: int) -> None:
    text = filler(size)
    assert len(text) == size
    assert text == filler(size)
    assert text.isascii()
    assert not set(text) & set(b'"\\\n')


def test_the_body_of_a_call_has_about_four_bytes_for_each_token() -> None:
    body = orjson.loads(chat_body(TraceRow(0, 4808, 10), b'"gpt-5"'))
    assert body["model"] == "gpt-5"
    assert body["max_tokens"] == 10
    assert body["metadata"] == {"sandbox_input_tokens": "4808", "sandbox_output_tokens": "10"}
    assert len(body["messages"][0]["content"]) == 4 * 4808


def test_a_call_without_tokens_is_still_a_call() -> None:
    body = orjson.loads(chat_body(TraceRow(0, 0, 0), b'"gpt-5"'))
    assert body["max_tokens"] == 1
    assert body["messages"][0]["content"]
