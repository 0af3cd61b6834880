"""OpenRouter's activity: one row per request, or one object per day, model and endpoint."""

from __future__ import annotations

from counterfoil.foundation.periods import read_time
from counterfoil.reconcile.statements.model import LineKind, RejectReason
from reconcile.statements.reading import by_key, read
from reconcile.statements.samples_intl import DAY, OPENROUTER, OPENROUTER_JSON

GENERATION = "gen-1795850817-" + "A" * 20


def test_a_request_is_known_by_its_generation() -> None:
    line = by_key(read(OPENROUTER, importer="openrouter_activity"))[GENERATION]
    use = line.use
    assert use is not None
    assert (line.kind, line.direction, line.currency) == (LineKind.COST, -1, "USD")
    assert (use.upstream_id, use.model, use.key_name, use.requests) == (GENERATION, "openai/gpt-oss-120b", "prod", 1)
    assert use.starts_at == use.ends_at == line.at == read_time("2026-11-28T03:46:57.713Z")


def test_cached_tokens_are_not_prompt_tokens_and_reasoning_is_completion() -> None:
    use = by_key(read(OPENROUTER, importer="openrouter_activity"))[GENERATION].use
    assert use is not None
    assert (use.input_tokens, use.cached_tokens, use.output_tokens) == (389, 10_000, 137)


def test_costs_of_many_digits_are_rounded_once_half_to_even() -> None:
    lines = read(OPENROUTER, importer="openrouter_activity").lines
    assert [line.amount for line in lines] == [12_300_000, 0, 0]
    assert lines[0].raw["cost_total"] == "0.01230000000049"
    exact = OPENROUTER.replace(",0.0000000005,", ",0.0000000015,")
    assert read(exact, importer="openrouter_activity").lines[2].amount == 2


def test_what_was_paid_elsewhere_with_our_own_key_is_no_cost() -> None:
    line = read(OPENROUTER, importer="openrouter_activity").lines[2]
    assert line.raw["byok_usage_inference"] == "0.5"
    assert line.amount == 0


def test_cancelled_and_failed_requests_say_so() -> None:
    lines = read(OPENROUTER, importer="openrouter_activity").lines
    assert [line.use.failed for line in lines if line.use] == [False, True, True]


def test_a_variant_belongs_to_the_model() -> None:
    lines = read(OPENROUTER, importer="openrouter_activity").lines
    assert [line.use.model for line in lines if line.use][1] == "openai/gpt-oss-20b:free"


def test_a_word_that_is_neither_yes_nor_no_is_a_reject() -> None:
    statement = read(OPENROUTER.replace(",free,true,", ",free,perhaps,"), importer="openrouter_activity")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.CELL_UNKNOWN, "cancelled")]


def test_activity_by_day_has_days_and_requests() -> None:
    statement = read(OPENROUTER_JSON, importer="openrouter_activity")
    uses = [line.use for line in statement.lines if line.use]
    assert [use.requests for use in uses] == [5, 6, 7]
    assert {(use.starts_at, use.ends_at) for use in uses} == {(DAY * 1_000_000, (DAY + 86400) * 1_000_000)}
    assert {line.amount for line in statement.lines} == {15_000_000}
    assert statement.begins == DAY * 1_000_000
