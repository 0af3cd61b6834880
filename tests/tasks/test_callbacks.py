"""Callbacks of upstreams: whose they are, how old, and what they say."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import InvalidWebhookSignatureError, OpenAI

from counterfoil.foundation.errors import CounterfoilError, Forbidden, InputError
from counterfoil.tasks.callbacks import (
    BODY_BYTES_MAX,
    SIGNATURES_MAX,
    TOLERANCE_SECONDS,
    Callback,
    read_callback,
    read_event,
    sign,
    verify,
)
from counterfoil.tasks.model import TaskState

# The example of the Standard Webhooks documentation.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1_614_265_330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes, made").decode()
PLAIN_SECRET = "a-plain-secret-of-an-upstream"
NOW = AT * 1_000_000
TASK = UUID("01890000-0000-7000-8000-000000000001")


def headers(**changed: str | None) -> dict[str, str]:
    values: dict[str, str | None] = {
        "webhook-id": EVENT_ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE,
        **{f"webhook-{name}": value for name, value in changed.items()},
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


def code_of(refused: Callable[[], object]) -> str:
    with pytest.raises(CounterfoilError) as caught:
        refused()
    return caught.value.code


def check(given: dict[str, str], body: bytes = BODY, *, secrets: tuple[str, ...] = (SECRET,), now: int = NOW) -> None:
    verify(given, body, secrets=secrets, now=now)


# -- signatures --------------------------------------------------------------------------------------------------


def test_the_example_of_standard_webhooks_is_signed_by_its_secret() -> None:
    assert sign(BODY, event_id=EVENT_ID, timestamp=AT, secret=SECRET) == SIGNATURE
    check(headers())
    check({name.title(): f" {value} " for name, value in headers().items()})


def test_what_we_sign_the_openai_client_takes_and_what_it_refuses_we_refuse() -> None:
    client = OpenAI(api_key="sk-none")
    for secret in (SECRET, PLAIN_SECRET):
        signed = headers(signature=sign(BODY, event_id=EVENT_ID, timestamp=AT, secret=secret))
        check(signed, secrets=(secret,))
        # A hundred years of tolerance: the example is from 2021.
        client.webhooks.verify_signature(BODY, signed, secret=secret, tolerance=100 * 365 * 86_400)
        with pytest.raises(InvalidWebhookSignatureError):
            client.webhooks.verify_signature(BODY + b" ", signed, secret=secret, tolerance=100 * 365 * 86_400)
        assert code_of(lambda: check(signed, BODY + b" ", secrets=(secret,))) == "callback_signature_wrong"  # noqa: B023


def test_during_a_rotation_either_secret_and_either_signature_will_do() -> None:
    by_other = sign(BODY, event_id=EVENT_ID, timestamp=AT, secret=OTHER_SECRET)
    both = headers(signature=f"v1a,b3RoZXI= {by_other}  {SIGNATURE} v2,x")
    check(both)
    check(both, secrets=(OTHER_SECRET,))
    check(headers(), secrets=(OTHER_SECRET, PLAIN_SECRET, SECRET))
    assert code_of(lambda: check(headers(signature=by_other))) == "callback_signature_wrong"
    assert code_of(lambda: check(headers(), secrets=(OTHER_SECRET,))) == "callback_signature_wrong"


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "msg_p5jXN8AQM9LWM0D4loKWxJeK"},
        {"id": None},
        {"id": ""},
        {"id": EVENT_ID + "\x00"},
        {"id": "m" * 257},
        {"timestamp": str(AT + 1)},
        {"timestamp": None},
        {"timestamp": "0" + str(AT)},
        {"timestamp": f"{AT}.0"},
        {"timestamp": "-1"},
        {"timestamp": "１６１４２６５３３０"},
        {"timestamp": "9" * 4_000},
        {"signature": None},
        {"signature": ""},
        {"signature": "v1,"},
        {"signature": SIGNATURE.removeprefix("v1,")},
        {"signature": SIGNATURE.replace("v1,", "v2,")},
        {"signature": SIGNATURE.replace("v1,", "v1a,")},
        {"signature": SIGNATURE.rstrip("=")},
        {"signature": SIGNATURE.lower()},
        {"signature": SIGNATURE + "A"},
        {"signature": SIGNATURE[:-2] + "F="},
        {"signature": "v1,密钥"},
        {"signature": "v1,\ud800"},
        {"signature": "v1,x " * SIGNATURES_MAX + SIGNATURE},
        {"signature": "v1," + "x" * 2_000 + " " + SIGNATURE},
    ],
)
def test_whatever_is_changed_on_the_way_is_noticed(changed: dict[str, str | None]) -> None:
    assert code_of(lambda: check(headers(**changed))) == "callback_signature_wrong"


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_changed_byte_of_the_body_is_noticed(place: int, difference: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ difference]) + BODY[place + 1 :]
    assert code_of(lambda: check(headers(), changed)) == "callback_signature_wrong"


@pytest.mark.parametrize("body", [BODY[:-1], BODY + b"\n", b"", b"." + BODY])
def test_a_body_is_signed_from_its_first_byte_to_its_last(body: bytes) -> None:
    assert code_of(lambda: check(headers(), body)) == "callback_signature_wrong"


def test_only_what_was_sent_within_five_minutes_counts_both_ways() -> None:
    tolerance = TOLERANCE_SECONDS * 1_000_000
    for now in (NOW - tolerance, NOW + tolerance):
        check(headers(), now=now)
    for now in (NOW - tolerance - 1, NOW + tolerance + 1):
        assert code_of(lambda: check(headers(), now=now)) == "callback_stale"  # noqa: B023
        # Whoever cannot sign is not told what time it is here.
        assert code_of(lambda: check(headers(id="msg_other"), now=now)) == "callback_signature_wrong"  # noqa: B023


@pytest.mark.parametrize("secrets", [(), ("",), ("short",), ("whsec_",), ("whsec_not base64",), ("whsec_c2hvcnQ=", "")])
def test_without_a_secret_that_can_be_used_nothing_is_believed(secrets: tuple[str, ...]) -> None:
    assert code_of(lambda: check(headers(), secrets=secrets)) == "callback_not_configured"
    for secret in secrets:
        with pytest.raises(InputError) as caught:
            sign(BODY, event_id=EVENT_ID, timestamp=AT, secret=secret)
        assert caught.value.code == "callback_secret_unreadable"


def test_a_callback_is_small() -> None:
    body = b" " * (BODY_BYTES_MAX + 1)
    signed = headers(signature=sign(body, event_id=EVENT_ID, timestamp=AT, secret=SECRET))
    assert code_of(lambda: check(signed, body)) == "callback_unreadable"
    assert code_of(lambda: read_event(body)) == "callback_unreadable"


def test_an_event_that_comes_again_is_read_again() -> None:
    body = event("video.completed")
    signed = headers(signature=sign(body, event_id=EVENT_ID, timestamp=AT, secret=SECRET))
    first, again = (read_callback(signed, body, secrets=(SECRET,), now=NOW) for _ in range(2))
    assert first is not None
    assert first == again


# -- events ------------------------------------------------------------------------------------------------------


def event(event_type: Any, **data: Any) -> bytes:
    body = {"id": "evt_1", "object": "event", "created_at": AT, "type": event_type, "data": {"id": "video_1", **data}}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("event_type", "data", "state", "raw_state"),
    [
        ("video.completed", {}, TaskState.SUCCEEDED, "completed"),
        ("video.failed", {}, TaskState.FAILED, "failed"),
        ("video.cancelled", {}, TaskState.CANCELLED, "cancelled"),
        ("video.canceled", {}, TaskState.CANCELLED, "canceled"),
        ("video.in_progress", {}, TaskState.RUNNING, "in_progress"),
        ("video.queued", {}, TaskState.QUEUED, "queued"),
        ("video.completed", {"status": "SUCCESS"}, TaskState.SUCCEEDED, "SUCCESS"),
        ("video.completed", {"status": "in_progress"}, TaskState.SUCCEEDED, "completed"),
        ("video.completed", {"status": "whatever"}, TaskState.SUCCEEDED, "completed"),
        ("video.completed", {"status": 3}, TaskState.SUCCEEDED, "completed"),
        ("video.in_progress", {"status": "completed"}, TaskState.SUCCEEDED, "completed"),
        ("video.in_progress", {"status": "dreaming"}, TaskState.RUNNING, "in_progress"),
    ],
)
def test_an_event_says_what_has_become_of_a_task(
    event_type: str, data: dict[str, Any], state: TaskState, raw_state: str
) -> None:
    found = read_event(event(event_type, **data))
    assert found is not None
    assert (found.upstream_task_id, found.verdict.upstream_task_id) == ("video_1", "video_1")
    assert (found.event_type, found.verdict.state, found.verdict.raw_state) == (event_type, state, raw_state)


def test_an_event_may_bring_the_whole_object() -> None:
    completed = read_event(
        event(
            "video.completed", status="completed", seconds="8", progress=100, expires_at=AT,
            client_request_id=f"task_{TASK.hex}",
        )
    )  # fmt: skip
    assert completed is not None
    assert completed.task_id == TASK
    assert (completed.verdict.delivered, completed.verdict.progress) == (8, 100)
    assert completed.verdict.download_expires_at == NOW
    prompt = "a lighthouse in a storm at night, from a boat"
    failed = read_event(event("video.failed", error={"code": "moderation_blocked", "message": f'"{prompt}": no'}))
    assert failed is not None
    assert failed.verdict.failure_code == "moderation_blocked"
    assert failed.verdict.failure_reason is not None
    assert prompt not in failed.verdict.failure_reason


@pytest.mark.parametrize("their_id", ["req_" + TASK.hex, "task_1", "", 7, None, ["task_" + TASK.hex]])
def test_an_id_that_is_not_ours_names_no_task_of_ours(their_id: object) -> None:
    found = read_event(event("video.completed", client_request_id=their_id))
    assert found is not None
    assert found.task_id is None


@pytest.mark.parametrize(
    "event_type",
    ["response.completed", "video.published", "video.", "video", "", "VIDEO.completed", "video.completed\n"],
)
def test_other_events_are_not_for_us(event_type: str) -> None:
    assert read_event(event(event_type)) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"video.completed"', b"[" * 60_000, b"\xff", b"{}", b'{"type": 3}',
        b'{"type": "video.completed"}', b'{"type": "video.completed", "data": []}',
        b'{"type": "video.completed", "data": {}}', b'{"type": "video.completed", "data": {"id": ".."}}',
        event("video.completed", id=None), event("video.completed", status="failed"),
        event("video.failed", status="completed"), event("video.cancelled", status="failed"),
    ],
)  # fmt: skip
def test_what_names_no_task_or_contradicts_itself_is_refused(body: bytes) -> None:
    assert code_of(lambda: read_event(body)) == "callback_unreadable"


def test_nothing_that_was_received_is_in_an_error() -> None:
    mark = "whatwasreceived"
    body = event(f"video.{mark}", id=f"{mark} {mark}", prompt=mark)
    contradiction = event("video.failed", status="completed", id=mark, prompt=mark)
    for refused in (
        lambda: check(headers(id=mark)),
        lambda: check(headers(timestamp=mark)),
        lambda: check(headers(signature=f"v1,{mark}")),
        lambda: check(headers(), secrets=(f"whsec_{mark}!",)),
        lambda: check(headers(), now=0),
        lambda: read_event(mark.encode()),
        lambda: read_event(contradiction),
        lambda: read_event(body.replace(f"video.{mark}".encode(), b"video.failed")),
    ):
        with pytest.raises((Forbidden, InputError)) as caught:
            refused()
        assert mark not in str(caught.value) + repr(caught.value)
        assert caught.value.__cause__ is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
DATA = st.dictionaries(
    st.sampled_from(["id", "status", "error", "progress", "seconds", "expires_at", "client_request_id"]),
    JSON,
    max_size=7,
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["video.completed", "video.failed", "video.in_progress"]) | JSON, "data": DATA | JSON}
)


def read_or_refused(body: bytes) -> Callback | str | None:
    try:
        return read_event(body)
    except InputError as error:
        return error.code


@given(EVENTS | JSON)
def test_any_json_is_read_refused_or_not_for_us(value: object) -> None:
    found = read_or_refused(json.dumps(value).encode("utf-8", "surrogatepass"))
    if isinstance(found, Callback):
        assert found.verdict.state is not TaskState.UNKNOWN
    else:
        assert found in (None, "callback_unreadable")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_not_for_us(body: bytes) -> None:
    assert read_or_refused(body) in (None, "callback_unreadable")


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "WEBHOOK-ID"]), st.text(max_size=300)
    )
)
def test_any_headers_are_refused(given_headers: dict[str, str]) -> None:
    assert code_of(lambda: check(given_headers)) == "callback_signature_wrong"
