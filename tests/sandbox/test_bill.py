"""The sandbox's own bill."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.bill import OTHER_MODELS, USAGE_COLUMNS, Bill
from counterfoil.sandbox.costs import DEFAULT_COSTS
from counterfoil.sandbox.model import BilledCall, Endpoint
from counterfoil.sandbox.process import SandboxProcess

HELLO: Any = [{"role": "user", "content": "hello, world"}]
SECOND = 1_000_000


def billed(**given: Any) -> BilledCall:
    call = {
        "at": 1_761_523_205 * SECOND,
        "response_id": b"chatcmpl-1",
        "endpoint": Endpoint.CHAT,
        "model": "gpt-5-mini",
        "api_key": "primary",
        "project": "proj_one",
        "input_tokens": 100,
        "cached_tokens": 0,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "output_tokens": 10,
        "reasoning_tokens": 0,
        "streamed": False,
        "status": "served",
        "request_id": "",
    }
    return BilledCall(**{**call, **given})


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_bill_sums_what_was_served(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic
) -> None:
    tokens = {"sandbox_input_tokens": "1000", "sandbox_output_tokens": "50", "sandbox_cached_tokens": "400"}
    served = [
        openai_client.chat.completions.create(
            model="priced", messages=HELLO, metadata=tokens, extra_headers={"x-request-id": "req_of_the_caller"}
        ).id,
        openai_client.responses.create(model="priced", input="hello", metadata=tokens).id,
        anthropic_client.messages.create(
            model="priced",
            max_tokens=100,
            messages=HELLO,
            extra_body={"metadata": {**tokens, "sandbox_cache_write_1h_tokens": "7"}},
        ).id,
    ]
    for _ in openai_client.chat.completions.create(model="other", messages=HELLO, stream=True, metadata=tokens):
        pass

    bill = sandbox.bill()
    assert [row["response_id"] for row in bill["rows"]][:3] == served
    assert [row["request_id"] for row in bill["rows"]] == ["req_of_the_caller", "", "", ""]
    assert [row["streamed"] for row in bill["rows"]] == [False, False, False, True]
    # Anthropic's input of 1000 excludes the cache; the bill's includes it.
    assert [row["input_tokens"] for row in bill["rows"]] == [1000, 1000, 1407, 1000]
    openai_nanos = 600 * 3000 + 400 * 300 + 50 * 15_000
    anthropic_nanos = 1000 * 3000 + 400 * 300 + 7 * 6000 + 50 * 15_000
    other_nanos = 600 * 1000 + 400 * 100 + 50 * 4000
    assert [row["cost_nanos"] for row in bill["rows"]] == [openai_nanos, openai_nanos, anthropic_nanos, other_nanos]
    assert bill["totals"] == {
        "requests": 4,
        "input_tokens": 4407,
        "cached_tokens": 1600,
        "cache_write_tokens": 7,
        "output_tokens": 200,
        "cost_nanos": 2 * openai_nanos + anthropic_nanos + other_nanos,
    }


def test_each_key_has_its_own_part_of_the_bill(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    chat = {"model": "m", "messages": HELLO}
    for key in ("primary-key", "backup-key", "backup-key"):
        assert call("POST", "/v1/chat/completions", chat, authorization=f"Bearer {key}").status == 200

    assert sandbox.bill()["totals"]["requests"] == 3
    assert {name: part["requests"] for name, part in sandbox.bill()["by_key"].items()} == {"primary": 1, "backup": 2}
    assert sandbox.bill(key="backup")["totals"]["requests"] == 2
    assert {line["project_id"] for line in lines(sandbox.usage_csv(key="backup"))} == {"proj_two"}
    assert "backup-key" not in str(sandbox.bill()) + sandbox.usage_csv()


def test_rows_can_be_limited_and_totals_are_not(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    ids = [call("POST", "/v1/chat/completions", {"model": "m", "messages": HELLO}).json["id"] for _ in range(3)]

    assert [row["response_id"] for row in sandbox.bill(rows=2)["rows"]] == ids[1:]
    assert sandbox.bill(rows=0)["rows"] == []
    assert sandbox.bill(rows=0)["totals"]["requests"] == 3
    assert call("GET", "/sandbox/bill.json?rows=all").status == 400


def test_a_reset_empties_the_bill(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    call("POST", "/v1/chat/completions", {"model": "m", "messages": HELLO})
    sandbox.reset()

    assert sandbox.bill()["totals"]["requests"] == 0
    assert sandbox.usage_csv() == "start_time,end_time,start_time_iso,end_time_iso\n"


def test_the_usage_export_has_openais_columns_and_one_line_per_bucket_key_and_model() -> None:
    bill = Bill(DEFAULT_COSTS)
    bill.record(billed(cached_tokens=40))
    bill.record(billed(at=1_761_523_259 * SECOND))
    bill.record(billed(at=1_761_523_260 * SECOND))
    bill.record(billed(api_key="backup"))
    bill.record(billed(model="gpt-5", cache_write_5m_tokens=5))

    text = bill.usage_csv("1m")
    assert tuple(text.split("\n", 1)[0].split(",")) == USAGE_COLUMNS
    first, *rest = [line for line in lines(text) if line["api_key_id"] == "primary" and line["model"] == "gpt-5-mini"]
    assert first["start_time"] == "1761523200"
    assert first["end_time"] == "1761523260"
    assert first["start_time_iso"] == "2025-10-27T00:00:00+00:00"
    assert first["end_time_iso"] == "2025-10-27T00:01:00+00:00"
    assert first["project_id"] == "proj_one"
    assert first["num_model_requests"] == "2"
    assert (first["input_tokens"], first["input_cached_tokens"], first["input_uncached_tokens"]) == ("200", "40", "160")
    assert first["output_tokens"] == "20"
    assert [line["start_time"] for line in rest] == ["1761523260"]
    assert len(lines(text)) == 4
    assert [line["input_uncached_tokens"] for line in lines(text) if line["model"] == "gpt-5"] == ["95"]
    assert len(lines(bill.usage_csv("1d"))) == 3
    assert lines(bill.usage_csv("1h"))[0]["start_time"] == "1761523200"


def test_a_bucket_width_is_one_of_three(call: Callable[..., Any]) -> None:
    with pytest.raises(InputError):
        Bill(DEFAULT_COSTS).usage_csv("1w")
    answer = call("GET", "/sandbox/bill.csv?bucket_width=1w")
    assert answer.status == 400
    assert "1m, 1h, 1d" in answer.json["error"]["message"]


calls = st.builds(
    lambda minute, model, key, tokens, cached: billed(
        at=(1_761_523_200 + 60 * minute) * SECOND,
        model=model,
        api_key=key,
        input_tokens=tokens,
        cached_tokens=min(cached, tokens),
    ),
    st.integers(0, 3000),
    st.sampled_from(["gpt-5", "gpt-5-mini", "unknown"]),
    st.sampled_from(["primary", "backup"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)


@given(st.lists(calls, max_size=30), st.integers(0, 5), st.sampled_from(["1m", "1h", "1d"]))
def test_summing_old_calls_loses_nothing(given_calls: list[BilledCall], kept: int, width: str) -> None:
    whole, bounded = Bill(DEFAULT_COSTS), Bill(DEFAULT_COSTS, calls_kept_max=kept)
    for each in given_calls:
        whole.record(each)
        bounded.record(each)

    assert bounded.show()["totals"] == whole.show()["totals"]
    assert bounded.usage_csv(width) == whole.usage_csv(width)
    assert bounded.usage_csv(width, api_key="backup") == whole.usage_csv(width, api_key="backup")
    assert bounded.show()["summed_requests"] == max(0, len(given_calls) - kept)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_cost_is_rounded_once(tokens: int, output: int) -> None:
    costs = DEFAULT_COSTS["gpt-5-nano"]
    exact = Fraction(tokens * costs.input_tokens + output * costs.output_tokens, 1_000_000)

    nanos = Bill(DEFAULT_COSTS).cost_nanos(billed(model="gpt-5-nano", input_tokens=tokens, output_tokens=output))
    assert nanos == round(exact)


def test_invented_model_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.sandbox.bill.SUMS_MAX", 5)
    bill = Bill(DEFAULT_COSTS, calls_kept_max=0)
    for number in range(20):
        bill.record(billed(model=f"model-{number}"))

    models = [line["model"] for line in lines(bill.usage_csv("1d"))]
    assert len(models) == 6
    assert OTHER_MODELS in models
    assert bill.show()["totals"]["requests"] == 20  # type: ignore[index]


def test_neither_bill_nor_log_holds_a_prompt_or_a_key(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    planted = [{"role": "user", "content": "planted-prompt"}]
    call("POST", "/v1/chat/completions", {"model": "m", "messages": planted})
    call(
        "POST", "/v1/chat/completions", {"model": "m", "messages": planted, "metadata": {"sandbox_fail": "status:500"}}
    )
    call("POST", "/v1/chat/completions", b'{"messages": "planted-prompt"')
    call("POST", "/v1/chat/completions", {"model": "m", "messages": planted}, authorization="Bearer planted-secret")

    kept = str(sandbox.bill()) + sandbox.usage_csv() + sandbox.said()
    assert "planted" not in kept
    assert "sandbox-key" not in kept
    assert sandbox.bill()["failures"] == {"status:500": 1, "rejected:400": 1, "rejected:401": 1}
