"""The bill of what is counted in images, seconds and characters."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.pricing.documents import read_document, shipped_document
from counterfoil.sandbox.bill import OTHER_MODELS, Bill
from counterfoil.sandbox.configuration import read_configuration
from counterfoil.sandbox.costs import DEFAULT_COSTS, read_costs
from counterfoil.sandbox.model import BilledCall, Endpoint
from counterfoil.sandbox.process import SandboxProcess

MILLION = 1_000_000
VIDEO = {"model": "sandbox-video", "seconds": "8", "size": "720x1280"}


def billed(unit: str, units: int, *, model: str = "sandbox-video", percent: int = 100, second: int = 0) -> BilledCall:
    return BilledCall(
        at=(1_761_523_205 + second) * MILLION,
        response_id=b"video_1",
        endpoint=Endpoint.VIDEOS,
        model=model,
        api_key="primary",
        project="proj_one",
        input_tokens=0,
        cached_tokens=0,
        cache_write_5m_tokens=0,
        cache_write_1h_tokens=0,
        output_tokens=0,
        reasoning_tokens=0,
        streamed=False,
        status="completed",
        request_id="task_1",
        unit=unit,
        units=units,
        percent=percent,
    )


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def make(call: Callable[..., Any], sandbox: SandboxProcess, wait_until: Callable[..., Any]) -> Callable[..., str]:
    """A function that makes a video and waits until it has a status; gives its id."""

    def create(directives: str, status: str, **headers: str) -> str:
        body = {**VIDEO, "prompt": f"[sandbox {directives}]"}
        video_id: str = call("POST", "/v1/videos", body, **headers).json["id"]
        wait_until(lambda: {task["id"]: task["status"] for task in sandbox.tasks()}[video_id] == status)
        return video_id

    return create


def test_a_completed_video_is_billed_in_full_under_the_callers_name_for_it(
    sandbox: SandboxProcess, make: Callable[..., str]
) -> None:
    video_id = make("after_ms=0", "completed", x_client_request_id="task_1", authorization="Bearer backup-key")

    (row,) = sandbox.bill()["rows"]
    assert (row["response_id"], row["request_id"], row["endpoint"]) == (video_id, "task_1", "videos")
    assert (row["unit"], row["units"], row["percent"]) == ("second:720x1280", 8, 100)
    assert (row["status"], row["api_key"], row["project"]) == ("completed", "backup", "proj_two")
    assert row["cost_nanos"] == 8 * 70 * MILLION
    assert sandbox.bill()["totals"]["cost_nanos"] == row["cost_nanos"]
    (line,) = lines(sandbox.usage_csv())
    assert (line["unit"], line["units"], line["input_tokens"]) == ("second:720x1280", "8", "0")
    assert (line["num_model_requests"], line["api_key_id"]) == ("1", "backup")


def test_what_a_provider_does_not_bill_is_not_billed(
    sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any]
) -> None:
    make("outcome=failed after_ms=0", "failed")
    make("outcome=stuck queue_ms=0", "in_progress")
    make("outcome=cancelled after_ms=0", "cancelled")
    make("outcome=lost", "queued")
    waiting = make("queue_ms=600000", "queued")
    assert call("POST", f"/v1/videos/{waiting}/cancel").status == 200
    assert call("DELETE", f"/v1/videos/{make('queue_ms=600000', 'queued')}").status == 200

    assert len(sandbox.tasks()) == 6
    assert sandbox.bill()["rows"] == []


def test_a_video_that_is_cancelled_while_it_is_made_costs_all_of_it(
    sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any]
) -> None:
    for method, path in (("POST", "/cancel"), ("DELETE", "")):
        video_id = make("queue_ms=0 after_ms=600000", "in_progress")
        assert call(method, f"/v1/videos/{video_id}{path}").status == 200

    assert [(row["status"], row["units"], row["cost_nanos"]) for row in sandbox.bill()["rows"]] == [
        ("cancelled", 8, 560 * MILLION)
    ] * 2


@pytest.fixture(scope="module")
def cheap_process() -> Iterator[SandboxProcess]:
    costs = {"sandbox-video": {"second:720x1280": 3, "second": 10}, "only-tokens": {"input_tokens": 5}}
    with SandboxProcess({"cancelled_running_percent": 25, "costs": costs}) as process:
        yield process


def test_what_a_cancelled_video_costs_is_configured(
    cheap_process: SandboxProcess, wait_until: Callable[..., Any]
) -> None:

    with openai.OpenAI(base_url=cheap_process.base_url, api_key="sandbox-key", max_retries=0) as client:
        body = {**VIDEO, "prompt": "[sandbox queue_ms=0 after_ms=600000]"}
        video: Any = client.post("/videos", body=body, cast_to=object)
        wait_until(lambda: cheap_process.tasks()[0]["status"] == "in_progress")
        client.post(f"/videos/{video['id']}/cancel", cast_to=object)

    (row,) = cheap_process.bill()["rows"]
    # A quarter of 8 seconds at 3 nanos.
    assert (row["units"], row["percent"], row["cost_nanos"]) == (8, 25, 6)


def test_a_second_verdict_does_not_bill_twice(sandbox: SandboxProcess, make: Callable[..., str]) -> None:
    video_id = make("after_ms=0", "completed")
    for status in ("failed", "completed"):
        sandbox.force_task(video_id, status)
    failed = make("outcome=failed after_ms=0", "failed")
    sandbox.force_task(failed, "completed")

    assert [row["response_id"] for row in sandbox.bill()["rows"]] == [video_id, failed]


def test_units_are_told_by_model_and_stay_out_of_the_tokens(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    speech = {"model": "sandbox-speech", "input": "x" * 30, "voice": "v"}
    assert call("POST", "/v1/audio/speech", speech).status == 200
    assert call("POST", "/v1/audio/speech", speech, authorization="Bearer backup-key").status == 200
    image = {"model": "sandbox-image", "prompt": "p", "n": 2}
    assert call("POST", "/v1/images/generations", image).status == 200

    bill = sandbox.bill()
    assert bill["units"] == {"sandbox-speech": {"character": 60}, "sandbox-image": {"image:1024x1024:medium": 2}}
    assert sandbox.bill(key="backup")["units"] == {"sandbox-speech": {"character": 30}}
    assert bill["totals"] == {
        "requests": 3,
        "input_tokens": 0,
        "cached_tokens": 0,
        "cache_write_tokens": 0,
        "output_tokens": 0,
        "cost_nanos": 60 * 10_500 + 2 * 28 * MILLION,
    }


def test_each_unit_of_a_model_has_a_line_of_its_own() -> None:
    bill = Bill(DEFAULT_COSTS, calls_kept_max=1)
    bill.record(billed("second:720x1280", 8))
    bill.record(billed("second:1280x720", 4))
    bill.record(billed("second:720x1280", 12))

    assert [(line["unit"], line["units"]) for line in lines(bill.usage_csv("1m"))] == [
        ("second:1280x720", "4"),
        ("second:720x1280", "20"),
    ]
    assert bill.show()["units"] == {"sandbox-video": {"second:720x1280": 20, "second:1280x720": 4}}


def test_invented_sizes_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.sandbox.bill.SUMS_MAX", 3)
    bill = Bill(DEFAULT_COSTS, calls_kept_max=0)
    for width in range(100, 120):
        bill.record(billed(f"second:{width}x100", 2))

    shown = lines(bill.usage_csv("1d"))
    assert len(shown) == 4
    assert [(line["unit"], line["units"]) for line in shown if line["model"] == OTHER_MODELS] == [("second", "34")]


@pytest.mark.parametrize(
    ("model", "unit", "nanos"),
    [
        ("mine", "second:720x1280", 3),
        ("mine", "second:1x1", 10),
        ("mine", "image:1024x1024:low", 40 * MILLION),
        ("another", "second:720x1280", 100 * MILLION),
        ("another", "second:audio", 100_000),
        ("another", "character", 15_000),
    ],
)
def test_a_unit_without_a_cost_of_its_own_costs_what_its_kind_does(model: str, unit: str, nanos: int) -> None:
    costs = {**DEFAULT_COSTS, **read_costs({"mine": {"second:720x1280": 3, "second": 10}})}

    assert Bill(costs).cost_nanos(billed(unit, 7, model=model)) == 7 * nanos


@pytest.mark.parametrize(("percent", "nanos"), [(0, 0), (50, 2), (70, 4), (100, 5)])
def test_a_share_of_a_cost_is_rounded_once_half_to_even(percent: int, nanos: int) -> None:
    bill = Bill({**DEFAULT_COSTS, **read_costs({"mine": {"second": 1}})})

    assert bill.cost_nanos(billed("second:720x1280", 5, model="mine", percent=percent)) == nanos


def test_the_costs_are_those_of_the_shipped_book() -> None:
    document = read_document(shipped_document("sandbox-upstream"))
    for model in ("sandbox-image", "sandbox-video", "sandbox-speech", "sandbox-transcribe"):
        ((entry,), costs) = document.models[model], DEFAULT_COSTS[model]
        # Rates of price books are per million of everything.
        assert {name: nanos * MILLION for name, nanos in costs.units.items()} == dict(entry.terms.rates)


@pytest.mark.parametrize(
    "data",
    [
        {"costs": {"m": {"second:wide": 1}}},
        {"costs": {"m": {"image:low": 1}}},
        {"costs": {"m": {"token": 1}}},
        {"costs": {"m": {"character": -1}}},
        {"costs": {"m": {"character": "1"}}},
        {"cancelled_running_percent": 101},
        {"cancelled_running_percent": -1},
        {"cancelled_running_percent": 1.0},
        {"cancelled_running_percent": True},
        {"callbacks": {}},
        {"callbacks": [{}] * 101},
    ],
)
def test_a_configuration_that_is_not_understood_is_refused(data: object) -> None:
    with pytest.raises(InputError) as refused:
        read_configuration(data)

    assert refused.value.parameters.keys() == {"field", "reason"}
