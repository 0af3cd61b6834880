"""Anthropic's usage and cost, as CSV of the console and as reports of its interface."""

from __future__ import annotations

import json

import pytest

from counterfoil.reconcile.statements.anthropic_buckets import model_of
from counterfoil.reconcile.statements.model import LineKind, RejectReason
from reconcile.statements.reading import by_key, read
from reconcile.statements.samples_intl import (
    ANTHROPIC_COST,
    ANTHROPIC_COST_JSON,
    ANTHROPIC_USAGE,
    ANTHROPIC_USAGE_JSON,
    DAY,
)

MICROS = 1_000_000


def test_usage_is_by_day_model_and_key_and_its_tokens_are_disjoint() -> None:
    line = read(ANTHROPIC_USAGE, importer="anthropic_usage").lines[0]
    use = line.use
    assert use is not None
    assert (line.kind, line.amount) == (LineKind.USAGE, 0)
    assert (use.model, use.key_name) == ("claude-sonnet-4-5-20250929", "prod-key")
    assert (use.starts_at, use.ends_at) == (DAY * MICROS, (DAY + 86400) * MICROS)
    assert (use.input_tokens, use.cached_tokens, use.cache_write_tokens, use.output_tokens) == (1200, 9000, 340, 777)
    # How many requests there were is not told: that is no zero.
    assert use.requests is None


def test_usage_by_hour_has_hours() -> None:
    text = ANTHROPIC_USAGE.replace("2026-11-28,claude-haiku", "2026-11-28 13:00:00,claude-haiku")
    use = read(text, importer="anthropic_usage").lines[2].use
    assert use is not None
    assert use.ends_at - use.starts_at == 3600 * MICROS


def test_a_day_that_is_issued_again_has_the_same_keys() -> None:
    first = read(ANTHROPIC_USAGE, importer="anthropic_usage")
    second = read(ANTHROPIC_USAGE.replace(",777,", ",778,"), importer="anthropic_usage")
    assert by_key(first).keys() == by_key(second).keys()
    assert first.lines != second.lines


def test_the_interfaces_usage_is_read_like_the_consoles() -> None:
    statement = read(ANTHROPIC_USAGE_JSON, importer="anthropic_usage")
    use = statement.lines[0].use
    assert use is not None
    assert (use.input_tokens, use.cached_tokens, use.cache_write_tokens, use.output_tokens) == (1500, 200, 1500, 430)
    assert (use.key_name, use.model) == ("apikey_01AAA", "claude-sonnet-4-5-20250929")
    # The second day is empty, and within the period.
    assert statement.ends == (DAY + 2 * 86400) * MICROS


def test_costs_have_the_ids_of_the_models_that_are_shown_by_name() -> None:
    lines = read(ANTHROPIC_COST, importer="anthropic_cost").lines
    models = [line.use.model for line in lines if line.use]
    assert models == ["claude-sonnet-4-5"] * 3 + ["claude-3-5-haiku", ""]
    assert lines[0].raw["model"] == "Claude Sonnet 4.5"


def test_costs_are_exact_to_the_nano_and_corrections_are_given_back() -> None:
    lines = read(ANTHROPIC_COST, importer="anthropic_cost").lines
    assert [line.amount * -line.direction for line in lines] == [
        50_000_000,
        21_166_000,
        -10_000_000,
        300_000_000,
        20_000_000,
    ]
    assert {line.kind for line in lines} == {LineKind.COST}
    assert {line.currency for line in lines} == {"USD"}


def test_the_interfaces_costs_are_in_cents() -> None:
    lines = read(ANTHROPIC_COST_JSON, importer="anthropic_cost").lines
    assert [line.amount * -line.direction for line in lines] == [1_237_891_200, -200_000_000, 0]
    assert [line.use.model for line in lines if line.use] == ["claude-sonnet-4-5-20250929"] * 2 + ["claude-3-5-haiku"]


def test_a_report_that_goes_on_is_truncated() -> None:
    page = json.loads(ANTHROPIC_COST_JSON) | {"has_more": True, "next_page": "page_2"}
    assert read(json.dumps(page), importer="anthropic_cost").is_truncated


@pytest.mark.parametrize(
    ("shown", "model"),
    [
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"),
        ("Claude Opus 4", "claude-opus-4"),
        ("Claude Sonnet 3.7", "claude-3-7-sonnet"),
        ("claude  haiku 3", "claude-3-haiku"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1-20250805"),
        ("Something Else 4.5", "Something Else 4.5"),
    ],
)
def test_names_that_are_shown_become_ids(shown: str, model: str) -> None:
    assert model_of(shown) == model


def test_a_cost_without_its_number_is_no_zero() -> None:
    statement = read(ANTHROPIC_COST.replace("0.0211659999995", ""), importer="anthropic_cost")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.CELL_MISSING, "cost_usd")]


def test_usage_without_its_output_is_no_zero() -> None:
    statement = read(ANTHROPIC_USAGE.replace(",9000,777,", ",9000,,"), importer="anthropic_usage")
    assert [(one.reason, one.column) for one in statement.rejects] == [
        (RejectReason.CELL_MISSING, "usage_output_tokens")
    ]
