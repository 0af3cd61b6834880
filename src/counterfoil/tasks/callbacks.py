"""What upstreams tell us of tasks without being asked: checking who says it, and reading what is said. Pure.

Callbacks are signed in the Standard Webhooks way (https://www.standardwebhooks.com), as OpenAI's are:

    webhook-id           names the event; sent again, it has the same one
    webhook-timestamp    seconds since the epoch, within five minutes of ours
    webhook-signature    `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; several with spaces between
                         them while the upstream changes its secret

    {"type": "video.completed", "created_at": 1700000000, "data": {"id": "video_…", "client_request_id": "task_…",
     "status": "completed", "seconds": "8", "error": null, "expires_at": 1700003600}}

Of `data` only the id must be there; OpenAI sends nothing else. An event that comes twice is harmless: what it leads to is
the same transition, which happens once.

Nothing of what was received is in an error, neither of the headers nor of the body (L12).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from counterfoil.foundation.errors import Forbidden, IdUnreadable, InputError
from counterfoil.foundation.ids import read_id
from counterfoil.spend.upstreams_model import callback_key
from counterfoil.tasks.model import TaskState, Verdict
from counterfoil.tasks.verdicts import read_task_id, read_verdict, state_of

BODY_BYTES_MAX = 64 * 2**10
TOLERANCE_SECONDS = 300
# A sender that changes its secret signs with two; a header with hundreds is an attempt to keep us busy.
SIGNATURES_MAX = 8
_SIGNATURE_CHARACTERS_MAX = 1_000
_EVENT_ID = re.compile(r"[!-~]{1,256}\Z")
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")
_EVENT_TYPE = re.compile(r"video\.([a-z_]{1,40})\Z")
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What a callback says of a task: of the one with this id at the upstream, or with ours where that was repeated."""

    event_type: str
    upstream_task_id: str
    task_id: UUID | None
    verdict: Verdict


def read_callback(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: int) -> Callback | None:
    """Check a callback's signature, then read it; None where it is of no task.

    `secrets` are all that may have signed it (`Route.callback_secrets`); `now` is in microseconds. Raises what `verify` and
    `read_event` raise.
    """
    verify(headers, body, secrets=secrets, now=now)
    return read_event(body)


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: int) -> None:
    """Check who has sent a callback, and when; names of headers in any case.

    Raises `Forbidden` (callback_not_configured, callback_signature_wrong, callback_stale), and `InputError`
    (callback_unreadable) for a body that is too long to look at.
    """
    keys = [key for key in map(callback_key, secrets) if key is not None]
    if not keys:
        # Without a key there is nothing to check: an empty one would be everybody's.
        raise Forbidden(code="callback_not_configured")
    if len(body) > BODY_BYTES_MAX:
        raise InputError(code="callback_unreadable", most=BODY_BYTES_MAX)
    given = {name.lower(): value.strip() for name, value in headers.items()}
    event_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    signatures = _signatures_in(given.get("webhook-signature", ""))
    if not _EVENT_ID.match(event_id) or not _TIMESTAMP.match(timestamp) or not signatures:
        raise Forbidden(code="callback_signature_wrong")
    if not _is_signed(f"{event_id}.{timestamp}.".encode() + body, keys=keys, signatures=signatures):
        raise Forbidden(code="callback_signature_wrong")
    # Only now: to others nothing is said of our clock.
    if abs(now - int(timestamp) * _MICROS) > TOLERANCE_SECONDS * _MICROS:
        raise Forbidden(code="callback_stale", most_seconds=TOLERANCE_SECONDS)


def sign(body: bytes, *, event_id: str, timestamp: int, secret: str) -> str:
    """The signature of a callback, as its header has it; `timestamp` in seconds. Raises `InputError` for a bad secret."""
    key = callback_key(secret)
    if key is None:
        raise InputError(code="callback_secret_unreadable")
    return "v1," + _signature(f"{event_id}.{timestamp}.".encode() + body, key).decode()


def read_event(body: bytes) -> Callback | None:
    """Read a callback whose signature is right; None for events that are not of videos, or of no state that we know.

    Raises `InputError` (callback_unreadable) where it names no task or contradicts itself.
    """
    if len(body) > BODY_BYTES_MAX:
        raise InputError(code="callback_unreadable", most=BODY_BYTES_MAX)
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise InputError(code="callback_unreadable", reason="no JSON") from None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise InputError(code="callback_unreadable", reason="no event")
    kind = _EVENT_TYPE.match(event["type"])
    told = state_of(kind[1]) if kind is not None else TaskState.UNKNOWN
    if kind is None or told is TaskState.UNKNOWN:
        return None
    data = event.get("data")
    upstream_task_id = read_task_id(data) if isinstance(data, dict) else None
    if not isinstance(data, dict) or upstream_task_id is None:
        raise InputError(code="callback_unreadable", reason="no task")
    return Callback(
        event_type=event["type"], upstream_task_id=upstream_task_id, task_id=_own_id_in(data),
        verdict=_verdict_of(data, told=told, word=kind[1], upstream_task_id=upstream_task_id),
    )  # fmt: skip


def _verdict_of(data: Mapping[str, Any], *, told: TaskState, word: str, upstream_task_id: str) -> Verdict:
    """The event's type says what happened; the status of the object in it, if there is one, how the task stands by now."""
    status = data.get("status")
    stands = state_of(status) if isinstance(status, str) else TaskState.UNKNOWN
    if told.is_final and stands.is_final and stands is not told:
        raise InputError(code="callback_unreadable", reason="it contradicts itself")
    # A status that says nothing, or less, does not take back what the type says.
    known_by_now = stands is told or (stands is not TaskState.UNKNOWN and not told.is_final)
    verdict = read_verdict({**data, "status": status if known_by_now else word}, upstream_task_id=upstream_task_id)
    assert verdict is not None
    return verdict


def _own_id_in(data: Mapping[str, Any]) -> UUID | None:
    found = data.get("client_request_id")
    if not isinstance(found, str):
        return None
    try:
        return read_id("task", found)
    except IdUnreadable:
        # Somebody else's id, of a task that was not sent through us.
        return None


def _signatures_in(header: str) -> list[bytes]:
    """Those of the kind we know; a public-key one (`v1a`) beside them is of no use to us."""
    if len(header) > _SIGNATURE_CHARACTERS_MAX:
        return []
    parts = header.split()[:SIGNATURES_MAX]
    return [part.removeprefix("v1,").encode(errors="replace") for part in parts if part.startswith("v1,")]


def _is_signed(content: bytes, *, keys: Sequence[bytes], signatures: Sequence[bytes]) -> bool:
    """Whether any of the keys has made any of the signatures; how long it takes does not tell which came close."""
    matches = [hmac.compare_digest(_signature(content, key), signature) for key in keys for signature in signatures]
    return any(matches)


def _signature(content: bytes, key: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
