"""Prices from genai-prices: the same cost as its own arithmetic, and nothing free that it does not price."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from importlib.resources import files

import pytest
from genai_prices import Usage as GenaiUsage
from genai_prices import calc_price

from counterfoil.foundation.errors import NotFound
from counterfoil.pricing.documents import read_document, shipped_document
from counterfoil.pricing.genai import genai_book, write_document
from counterfoil.pricing.model import Price, PriceMissing, Tier, Usage
from counterfoil.pricing.rules import rate
from pricing.examples import VERSION

SHIPPED = shipped_document("default")
DAY = date.fromisoformat(SHIPPED["source_date"])
MODELS = read_document(SHIPPED).models
LONG = 300_000


def price_of(model: str) -> Price:
    """The price in force on the day of the shipped book."""
    terms = MODELS[model][0].terms
    fields = {name: getattr(terms, name) for name in terms.__dataclass_fields__}
    return Price(**fields, book="customer", version_id=VERSION, number=1, valid_from=0, valid_to=None)


def cost(model: str, **counts: int) -> int:
    return rate(price_of(model), Usage(counts=counts), multiplier_millis=1000).amount_nanos


@pytest.mark.parametrize(
    ("model", "counts", "nanos"),
    [
        ("gpt-4o-mini", {"input": 1_000, "cached_read": 1_000, "output": 1_000}, 825_000),
        ("gpt-4o", {"input": 1_000, "output": 1_000, "reasoning": 1_000}, 22_500_000),
        ("claude-sonnet-4-5", {"input": 1_000, "cached_read": 10_000, "cache_write_1h": 100, "output": 10}, 6_750_000),
        ("claude-opus-4-1", {"input": 1_000, "cache_write_5m": 1_000, "output": 1_000}, 108_750_000),
        ("o3", {"input": 1_000, "output": 100, "reasoning": 900}, 10_000_000),
        ("text-embedding-3-small", {"input": 1_000_000}, 20_000_000),
        ("gemini-2.5-pro", {"input": 200_001, "output": 1_000}, 515_002_500),
        ("gemini-2.5-pro", {"input": 200_000, "output": 1_000}, 260_000_000),
    ],
)
def test_known_models_cost_what_their_price_lists_say(model: str, counts: dict[str, int], nanos: int) -> None:
    assert cost(model, **counts) == nanos


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-mini"), ("openai", "gpt-4o"), ("openai", "gpt-5"), ("openai", "gpt-5.4"), ("openai", "o3"),
        ("openai", "gpt-6-sol"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-opus-4-5"),
        ("anthropic", "claude-haiku-5-5"), ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"),
        ("mistral", "mistral-large-4"), ("x-ai", "grok-4.5"), ("moonshotai", "kimi-k3"), ("zai", "GLM-5"),
        ("deepseek", "deepseek-v3.2"), ("groq", "llama-3.3-70b-versatile"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("total", [1_234, LONG])
def test_a_charge_agrees_with_the_packages_own_arithmetic(provider: str, model: str, total: int) -> None:
    cached, written, output = total // 3, total // 5, 777
    theirs = calc_price(
        GenaiUsage(input_tokens=total, cache_read_tokens=cached, cache_write_tokens=written, output_tokens=output),
        model,
        provider_id=provider,
        genai_request_timestamp=datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC),
    )
    ours = rate(
        price_of(model),
        Usage(
            counts={
                "input": total - cached - written, "cached_read": cached, "cache_write_5m": written,
                "output": output - 77, "reasoning": 77,
            }
        ),
        multiplier_millis=1000,
    )  # fmt: skip
    exact = ours.amount_nanos + ours.remainder
    assert exact == Decimal(theirs.total_price).scaleb(9)


def test_the_shipped_book_is_what_the_pinned_package_says() -> None:
    """After an update of the package, write the book anew (see the module `genai`) and read the difference."""
    assert SHIPPED["source"] == f"genai-prices {version('genai-prices')}"
    made = genai_book(book="customer", as_of=DAY)
    text = files("counterfoil.pricing").joinpath("books", "default.json").read_text(encoding="utf-8")
    assert write_document(made.document) == text
    assert len(text) < 400_000


def test_every_shipped_model_says_what_each_kind_costs_and_none_is_free() -> None:
    for model, entries in MODELS.items():
        for entry in entries:
            rates = entry.terms.rates
            assert rates["input"] > 0, model
            free = {name for name, nanos in rates.items() if nanos == 0}
            assert free <= {"tool_use:web_fetch"}, model
            if "output" in rates:
                assert {"cached_read", "cache_write_5m", "reasoning", "image_input"} <= rates.keys(), model
            assert entry.terms.default_output_cap <= entry.terms.context_window
            assert entry.terms.default_output_cap <= (entry.terms.largest_output or 10**9)


def test_a_kind_without_a_price_of_its_own_is_written_as_a_copy() -> None:
    terms = MODELS["gpt-4o-mini"][0].terms
    assert terms.same_as["reasoning"] == "output"
    assert terms.same_as["cache_write_5m"] == "input"
    assert "cached_read" not in terms.same_as


def test_a_kind_that_cannot_be_copied_is_refused() -> None:
    with pytest.raises(PriceMissing):
        cost("gpt-4o-mini", audio_input=1)


def test_models_are_sold_by_their_price_level() -> None:
    tiers = {model: MODELS[model][0].terms.tier for model in ("gpt-4o-mini", "gpt-4o", "claude-opus-4-1")}
    assert list(tiers.values()) == [Tier.ECONOMY, Tier.STANDARD, Tier.PREMIUM]


def test_dated_and_other_names_have_the_models_price() -> None:
    for alias, model in (
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"), ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("glm-4.6", "GLM-4.6"),
    ):  # fmt: skip
        assert MODELS[alias][0].terms.rates == MODELS[model][0].terms.rates
    # An older snapshot with a price of its own keeps it.
    assert MODELS["gpt-4o-2024-05-13"][0].terms.rates != MODELS["gpt-4o"][0].terms.rates


def test_announced_prices_are_in_the_book() -> None:
    made = genai_book(book="customer", providers=("google",), as_of=date(2026, 11, 23))
    now, later = read_document(made.document).models["gemini-3.8-flash"]
    assert now.valid_from is None
    assert later.valid_from == int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    assert later.terms.rates["input"] == 2 * now.terms.rates["input"]
    after = genai_book(book="customer", providers=("google",), as_of=date(2027, 1, 1))
    assert len(read_document(after.document).models["gemini-3.8-flash"]) == 1


def test_a_price_that_changes_during_the_day_is_the_dearest_for_customers_and_none_for_an_upstream() -> None:
    sold = genai_book(book="customer", providers=("deepseek",), as_of=DAY)
    (entry,) = read_document(sold.document).models["deepseek-chat"]
    assert entry.terms.rates["input"] == 270_000_000
    assert "dearest" in entry.terms.note
    bought = genai_book(book="upstream:deepseek", providers=("deepseek",), as_of=DAY)
    assert "deepseek-chat" not in read_document(bought.document).models
    assert ("deepseek-chat", "the price changes during the day") in {
        (each.model, each.reason) for each in bought.skipped
    }


def test_what_is_left_out_has_a_reason() -> None:
    made = genai_book(book="customer", as_of=DAY)
    reasons = {each.model: each.reason for each in made.skipped if not each.model.startswith("claude")}
    for model in ("gemma-3", "whisper-1", "gpt-4o-search-preview", "gpt-4o-audio-preview", "gpt-oss-120b"):
        assert reasons[model]
        assert model not in MODELS
    assert not reasons.keys() & MODELS.keys()
    assert {"gpt-4o", "claude-sonnet-4-5", "gpt-rosalind-research"} <= MODELS.keys()


def test_an_upstreams_book_is_of_that_provider_alone() -> None:
    made = genai_book(book="upstream:main", providers=("anthropic",), as_of=DAY)
    models = read_document(made.document).models
    assert made.document["book"] == "upstream:main"
    assert "claude-sonnet-4-5" in models
    assert "gpt-4o" not in models


def test_an_unknown_provider_is_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        genai_book(book="upstream:x", providers=("nobody",), as_of=DAY)
    assert "openai" in caught.value.parameters["known"]
