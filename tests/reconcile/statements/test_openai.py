"""OpenAI's usage and costs, as CSV and as pages of its interface."""

from __future__ import annotations

import json

import pytest

from counterfoil.foundation.money import NANOS_PER_UNIT
from counterfoil.reconcile.statements.model import LineKind, RejectReason
from reconcile.statements.reading import by_key, read
from reconcile.statements.samples_intl import (
    DAY,
    OPENAI_COSTS,
    OPENAI_COSTS_JSON,
    OPENAI_USAGE,
    OPENAI_USAGE_JSON,
)

MICROS = 1_000_000
USAGE_HEADER = "start_time,end_time,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens\n"
COSTS_HEADER = "start_time,end_time,amount_value,amount_currency,line_item\n"


def test_usage_is_by_bucket_model_and_key_with_disjoint_tokens() -> None:
    line = read(OPENAI_USAGE, importer="openai_usage").lines[0]
    use = line.use
    assert use is not None
    assert (line.kind, line.amount, line.at) == (LineKind.USAGE, 0, DAY * MICROS)
    assert (use.model, use.key_name, use.requests) == ("gpt-5-mini-2025-08-07", "key_1", 12)
    assert (use.input_tokens, use.cached_tokens, use.output_tokens) == (200, 800, 500)
    assert (use.starts_at, use.ends_at) == (DAY * MICROS, (DAY + 86400) * MICROS)
    assert use.upstream_id is None


def test_tokens_written_to_the_cache_are_not_input_either() -> None:
    header = USAGE_HEADER.replace("input_cached_tokens", "input_cached_tokens,input_cache_write_tokens")
    (line,) = read(header + f"{DAY},{DAY + 60},1,gpt-5,100,5,60,30\n", importer="openai_usage").lines
    assert line.use is not None
    assert (line.use.input_tokens, line.use.cached_tokens, line.use.cache_write_tokens) == (10, 60, 30)


def test_more_cached_than_input_is_not_believed() -> None:
    statement = read(USAGE_HEADER + f"{DAY},{DAY + 60},1,gpt-5,100,5,101\n", importer="openai_usage")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.AMOUNT_UNREADABLE, "input_tokens")]


@pytest.mark.parametrize("seconds", [60, 3600, 86400])
def test_buckets_are_minutes_hours_or_days(seconds: int) -> None:
    text = USAGE_HEADER + "".join(f"{DAY + n * seconds},{DAY + (n + 1) * seconds},1,gpt-5,1,1,0\n" for n in range(3))
    statement = read(text, importer="openai_usage")
    assert [line.use and line.use.ends_at - line.use.starts_at for line in statement.lines] == [seconds * MICROS] * 3
    assert (statement.begins, statement.ends) == (DAY * MICROS, (DAY + 3 * seconds) * MICROS)


def test_a_bucket_that_ends_before_it_begins_is_not_believed() -> None:
    statement = read(USAGE_HEADER + f"{DAY},{DAY},1,gpt-5,1,1,0\n", importer="openai_usage")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.TIME_UNREADABLE, "end_time")]


def test_rows_of_one_bucket_are_told_apart_by_what_they_are_grouped_by() -> None:
    statement = read(OPENAI_USAGE, importer="openai_usage")
    assert len(by_key(statement)) == 3
    assert {line.use.key_name for line in statement.lines if line.use} == {"key_1", "key_2"}


def test_the_interface_and_the_dashboard_have_the_same_key_for_a_row() -> None:
    result = {
        "object": "organization.usage.completions.result", "num_model_requests": 12, "project_id": "proj_a",
        "user_id": None, "api_key_id": "key_1", "model": "gpt-5-mini-2025-08-07", "batch": False,
        "service_tier": "default", "input_tokens": 1000, "output_tokens": 500, "input_cached_tokens": 800,
    }  # fmt: skip
    bucket = {"object": "bucket", "start_time": DAY, "end_time": DAY + 86400, "results": [result]}
    answered = read(json.dumps({"object": "page", "data": [bucket], "has_more": False}), importer="openai_usage")
    exported = by_key(read(OPENAI_USAGE, importer="openai_usage"))
    (line,) = answered.lines
    assert exported[line.natural_key].use == line.use


def test_idle_buckets_are_no_lines_but_belong_to_the_period() -> None:
    for text in (OPENAI_USAGE, OPENAI_USAGE_JSON):
        statement = read(text, importer="openai_usage")
        assert len(statement.lines) == 3
        assert statement.begins == (DAY - 86400) * MICROS


def test_an_export_without_usage_has_four_columns() -> None:
    text = f"start_time,end_time,start_time_iso,end_time_iso\n{DAY},{DAY + 86400},,\n"
    statement = read(text, importer="openai_usage")
    assert (statement.lines, statement.rejects) == ((), ())
    assert statement.ends == (DAY + 86400) * MICROS


def test_a_page_that_says_that_others_follow_is_truncated() -> None:
    more = OPENAI_USAGE_JSON.replace('"has_more": false', '"has_more": true')
    assert read(more, importer="openai_usage").is_truncated
    both = read(f"[{more}, {json.dumps({'object': 'page', 'data': [], 'has_more': False})}]", importer="openai_usage")
    assert not both.is_truncated
    assert len(both.lines) == 3


def test_pages_may_stand_one_after_the_other() -> None:
    first = json.dumps({"object": "page", "data": json.loads(OPENAI_USAGE_JSON)["data"][:2], "has_more": True})
    second = json.dumps({"object": "page", "data": json.loads(OPENAI_USAGE_JSON)["data"][2:], "has_more": False})
    statement = read(f"{first}\n{second}\n", importer="openai_usage")
    assert len(statement.lines) == 3
    assert not statement.is_truncated
    cut = read(f"{first}\n{second[:-60]}", importer="openai_usage")
    assert cut.is_truncated
    assert len(cut.lines) + len(cut.rejects) == 3


def test_costs_are_rounded_once_half_to_even() -> None:
    costs = [line.amount for line in read(OPENAI_COSTS, importer="openai_costs").lines]
    assert costs == [3_835_980, NANOS_PER_UNIT, 120]
    text = (
        COSTS_HEADER
        + f'{DAY},{DAY + 86400},0.0000000015,usd,"a, input"\n{DAY},{DAY + 86400},0.0000000025,usd,"b, input"\n'
    )
    assert [line.amount for line in read(text, importer="openai_costs").lines] == [2, 2]


def test_a_cost_left_in_dollars_for_the_model_of_its_line_item() -> None:
    line, _, tool = read(OPENAI_COSTS, importer="openai_costs").lines
    assert line.use is not None
    assert tool.use is not None
    assert (line.kind, line.direction, line.currency) == (LineKind.COST, -1, "USD")
    assert (line.use.model, line.use.key_name, line.use.requests) == ("gpt-5-nano-2025-08-07", "key_1", None)
    assert tool.use.model == "web search tool calls"
    assert line.raw["amount_value"] == "0.003835980000000000000000000000"


def test_costs_of_the_interface_are_exact_though_they_are_written_as_floats() -> None:
    statement = read(OPENAI_COSTS_JSON, importer="openai_costs")
    assert [line.amount for line in statement.lines] == [60_000_000, 15, 2_500_000_000]
    assert [line.use and line.use.model for line in statement.lines] == [
        "gpt-5-mini-2025-08-07", "gpt-5-2025-08-07", "gpt-5-2025-08-07",
    ]  # fmt: skip


def test_costs_given_back_come() -> None:
    (line,) = read(COSTS_HEADER + f"{DAY},{DAY + 86400},-1.25,usd,\n", importer="openai_costs").lines
    assert (line.direction, line.amount) == (1, 1_250_000_000)


def test_costs_without_a_number_are_rejects_but_idle_days_are_not() -> None:
    text = COSTS_HEADER + f"{DAY},{DAY + 86400},,usd,gpt-5\n{DAY},{DAY + 86400},,,\n"
    statement = read(text, importer="openai_costs")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.CELL_MISSING, "amount_value")]


def _result(what: str, **counted: object) -> dict[str, object]:
    return {"object": f"organization.usage.{what}.result", "project_id": "proj_a", "api_key_id": "key_1", **counted}


def test_every_kind_of_usage_has_lines_of_its_own() -> None:
    results = [
        _result("completions", model="gpt-image-1", num_model_requests=3, input_tokens=5, output_tokens=6),
        _result(
            "images", model="gpt-image-1", num_model_requests=3, images=3, size="1024x1024", source="image.generation"
        ),
        _result("audio_speeches", model="tts-1", num_model_requests=2, characters=900),
        _result("audio_transcriptions", model="whisper-1", num_model_requests=1, seconds=61),
        _result("code_interpreter_sessions", num_sessions=4),
        _result("file_searches", num_requests=7),
        _result("vector_stores", usage_bytes=1024),
    ]
    bucket = {"object": "bucket", "start_time": DAY, "end_time": DAY + 86400, "results": results}
    statement = read(json.dumps({"object": "page", "data": [bucket], "has_more": False}), importer="openai_usage")
    assert statement.rejects == ()
    assert [line.use.requests for line in statement.lines if line.use] == [3, 3, 2, 1, 4, 7, None]
    assert statement.lines[2].raw["characters"] == "900"
