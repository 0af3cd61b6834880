"""Callbacks: signed as Standard Webhooks, delivered as well or badly as configured."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.configuration import read_callbacks
from counterfoil.sandbox.process import SandboxProcess

SECRET = "whsec_" + base64.b64encode(b"a secret of the two").decode()
VIDEO: dict[str, Any] = {"model": "sandbox-video", "prompt": "waves"}


class Receiver:
    """A local server that keeps what it is sent, and answers with the statuses it is given, then with 200."""

    def __init__(self) -> None:
        self.received: list[tuple[Mapping[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append((headers, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Nothing: the tests' output is theirs."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def events(self) -> list[Any]:
        return [json.loads(body) for _, body in self.received]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@pytest.fixture
def make(call: Callable[..., Any]) -> Callable[..., str]:
    def create(directives: str = "after_ms=0", **headers: str) -> str:
        video_id: str = call("POST", "/v1/videos", {**VIDEO, "prompt": f"[sandbox {directives}]"}, **headers).json["id"]
        return video_id

    return create


def test_openais_client_believes_a_callback(
    sandbox: SandboxProcess,
    openai_client: openai.OpenAI,
    receiver: Receiver,
    make: Callable[..., str],
    wait_until: Callable[..., Any],
) -> None:
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET})
    video_id = make(x_client_request_id="task_5")
    wait_until(lambda: receiver.received)

    ((headers, body),) = receiver.received
    openai_client.webhooks.verify_signature(body, dict(headers), secret=SECRET)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        openai_client.webhooks.verify_signature(body + b" ", dict(headers), secret=SECRET)
    event = json.loads(body)
    assert (event["type"], event["id"]) == ("video.completed", headers["webhook-id"])
    assert event["data"].items() >= {"id": video_id, "client_request_id": "task_5", "status": "completed"}.items()
    assert event["data"]["expires_at"] > event["created_at"]
    # Nothing but the final states is told unless it is asked for.
    wait_until(lambda: sandbox.callbacks()["deliveries"])
    assert sandbox.callbacks()["deliveries"] == [
        {"id": event["id"], "type": "video.completed", "video_id": video_id, "answers": [200]}
    ]
    assert SECRET not in str(sandbox.callbacks())


def test_a_secret_that_is_no_base64_is_taken_as_it_is(
    sandbox: SandboxProcess,
    openai_client: openai.OpenAI,
    receiver: Receiver,
    make: Callable[..., str],
    wait_until: Callable[..., Any],
) -> None:
    sandbox.use_callbacks({"url": receiver.url, "secret": "plain words"})
    make()
    wait_until(lambda: receiver.received)

    ((headers, body),) = receiver.received
    openai_client.webhooks.verify_signature(body, dict(headers), secret="plain words")
    with pytest.raises(openai.InvalidWebhookSignatureError):
        openai_client.webhooks.verify_signature(body, dict(headers), secret="other words")


def test_every_final_state_is_told_and_in_progress_when_asked(
    sandbox: SandboxProcess, call: Callable[..., Any], receiver: Receiver, make: Callable[..., str], wait_until: Any
) -> None:
    every = ["video.in_progress", "video.completed", "video.failed", "video.cancelled"]
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET, "events": every})
    made = {
        "video.completed": make(),
        "video.failed": make("outcome=failed error_code=blocked after_ms=0"),
        "video.cancelled": make("outcome=cancelled after_ms=0"),
    }
    by_customer = make("queue_ms=600000")
    call("POST", f"/v1/videos/{by_customer}/cancel")
    wait_until(lambda: len(receiver.received) == 7)

    assert sorted(receiver.types) == sorted(["video.in_progress"] * 3 + list(made) + ["video.cancelled"])
    told = {(event["type"], event["data"]["id"]) for event in receiver.events}
    assert told >= {*made.items(), ("video.cancelled", by_customer)}
    (failed,) = [event for event in receiver.events if event["type"] == "video.failed"]
    assert failed["data"]["error"]["code"] == "blocked"


def test_a_callback_may_come_twice_under_one_id(
    sandbox: SandboxProcess, receiver: Receiver, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET, "times": 2})
    make()
    wait_until(lambda: len(receiver.received) == 2)

    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


def test_a_callback_may_come_out_of_order(
    sandbox: SandboxProcess, receiver: Receiver, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    sandbox.use_callbacks(
        {
            "url": receiver.url,
            "secret": SECRET,
            "events": ["video.in_progress", "video.completed"],
            "delay_ms": {"video.in_progress": 500},
        }
    )
    make()
    wait_until(lambda: len(receiver.received) == 2)

    assert receiver.types == ["video.completed", "video.in_progress"]


def test_a_callback_may_never_come(
    sandbox: SandboxProcess, receiver: Receiver, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET})
    silent = make("after_ms=0 callback_times=0")
    wait_until(lambda: sandbox.tasks()[0]["status"] == "completed")
    told = make()
    wait_until(lambda: sandbox.callbacks()["deliveries"])

    assert [event["data"]["id"] for event in receiver.events] == [told]
    assert silent != told


def test_a_video_may_ask_for_late_and_repeated_callbacks(
    sandbox: SandboxProcess, receiver: Receiver, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET, "delay_ms": 600_000})
    make("after_ms=0 callback_times=3 callback_delay_ms=1")
    wait_until(lambda: len(receiver.received) == 3)
    make()
    wait_until(lambda: sandbox.callbacks()["under_way"] == 1)

    assert len(receiver.received) == 3


def test_a_failed_delivery_is_tried_again(
    sandbox: SandboxProcess, receiver: Receiver, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    receiver.statuses = [503, 302]
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET})
    make()
    (delivery,) = wait_until(lambda: sandbox.callbacks()["deliveries"])

    assert delivery["answers"] == [503, 302, 200]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


def test_nobody_listening_does_not_disturb_the_video(
    sandbox: SandboxProcess, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    sandbox.use_callbacks({"url": "http://127.0.0.1:9/", "secret": SECRET})
    make()

    wait_until(lambda: sandbox.tasks()[0]["status"] == "completed")
    assert sandbox.callbacks()["under_way"] == 1
    sandbox.reset()
    assert sandbox.callbacks()["under_way"] == 0


def test_a_forced_state_is_told_as_well(
    sandbox: SandboxProcess, receiver: Receiver, make: Callable[..., str], wait_until: Callable[..., Any]
) -> None:
    sandbox.use_callbacks({"url": receiver.url, "secret": SECRET})
    video_id = make("outcome=failed after_ms=0")
    wait_until(lambda: receiver.received)
    sandbox.force_task(video_id, "completed")
    wait_until(lambda: len(receiver.received) == 2)

    assert receiver.types == ["video.failed", "video.completed"]


def test_each_key_may_have_its_own_callbacks(receiver: Receiver, wait_until: Callable[..., Any]) -> None:
    configuration = {
        "keys": {"one-key": "one", "two-key": "two"},
        "callbacks": [
            {"url": receiver.url + "/one", "secret": SECRET, "key": "one"},
            {"url": receiver.url + "/two", "secret": "other", "key": "two", "events": ["video.failed"]},
        ],
    }
    with SandboxProcess(configuration) as process:
        for key in ("one-key", "two-key"):
            with openai.OpenAI(base_url=process.base_url, api_key=key, max_retries=0) as client:
                client.post("/videos", body={"prompt": "[sandbox after_ms=0]"}, cast_to=object)
        wait_until(lambda: process.callbacks()["deliveries"])
        wait_until(lambda: all(task["status"] == "completed" for task in process.tasks()))

        assert len(receiver.received) == 1
        assert [each["key"] for each in process.callbacks()["callbacks"]] == ["one", "two"]


@pytest.mark.parametrize(
    "change",
    [
        {"url": None},
        {"url": "https://127.0.0.1/hook"},
        {"url": "http://192.0.2.1/hook"},
        {"url": "http://example.org/hook"},
        {"url": "http://[::1/hook"},
        {"secret": ""},
        {"secret": 5},
        {"key": 5},
        {"times": 11},
        {"times": True},
        {"events": ["video.lost"]},
        {"events": [[]]},
        {"events": "video.failed"},
        {"delay_ms": -1},
        {"delay_ms": {"video.lost": 1}},
        {"delay_ms": "soon"},
        {"sometimes": True},
    ],
)
def test_callbacks_that_are_not_understood_are_refused(change: dict[str, Any]) -> None:
    data = {"url": "http://127.0.0.1:8080/hook", "secret": "s"}
    assert len(read_callbacks(data)) == 1
    with pytest.raises(InputError):
        read_callbacks({**data, **change})
