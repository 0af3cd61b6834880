"""What is not the provider's: the bill, the rules, the videos and their callbacks, under `/sandbox/`.

    GET  /sandbox/health
    GET  /sandbox/bill.json?key&rows         `key` is a name, `rows` the most rows
    GET  /sandbox/bill.csv?key&bucket_width  1m, 1h or 1d
    POST /sandbox/rules                      a list of rules, instead of those there are
    POST /sandbox/reset                      empties the bill, and forgets the videos and the deliveries
    GET  /sandbox/tasks?key                  every video, also deleted and lost ones, and how often it was asked for
    POST /sandbox/tasks/{id}                 {"status": "failed", "error": {"code", "message"}}: brings it into a state
    GET  /sandbox/callbacks                  the settings and what came of each delivery
    POST /sandbox/callbacks                  settings as in the configuration, or null: from now on
    GET  /sandbox/files/{name}               an image that was answered by its address

A video is brought into any state from any other, stays in it, and tells of it by callback, as if the provider had
thought better of it. `lost` hides it; any other word is what is shown instead of its status, and it lives on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

import orjson

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.callbacks import Callbacks
from counterfoil.sandbox.configuration import read_callbacks, read_rules
from counterfoil.sandbox.directives import ERROR_CHARACTERS_MAX
from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.media_files import jpeg, png, webp
from counterfoil.sandbox.model import Rule
from counterfoil.sandbox.video_calls import ERROR_DEFAULT
from counterfoil.sandbox.video_model import Status, Video, VideoError
from counterfoil.sandbox.videos import Videos

_JSON = b"application/json"
_CSV = b"text/csv; charset=utf-8"
_FILES: Mapping[str, tuple[bytes, Callable[[], bytes]]] = {
    "image.png": (b"image/png", png),
    "image.jpeg": (b"image/jpeg", jpeg),
    "image.webp": (b"image/webp", webp),
}
_LOST = "lost"
_WORD = re.compile(r"[a-zA-Z_-]{1,40}\Z")


class Controlled(Protocol):
    """What can be asked and told."""

    bill: Bill
    videos: Videos
    callbacks: Callbacks

    def use_rules(self, rules: tuple[Rule, ...]) -> None: ...


def answer_control(sandbox: Controlled, method: str, path: str, query: bytes, body: bytes) -> tuple[int, bytes, bytes]:
    """Status, content type and body of the answer; raises `Rejected`."""
    asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
    try:
        match method, path.split("/")[2:]:
            case "GET", ["health"]:
                return _json({"status": "ok", "pid": os.getpid()})
            case "GET", ["bill.json"]:
                rows_max = _read_rows(asked.get("rows"))
                return _json(sandbox.bill.show(api_key=asked.get("key"), rows_max=rows_max))
            case "GET", ["bill.csv"]:
                text = sandbox.bill.usage_csv(asked.get("bucket_width", "1d"), api_key=asked.get("key"))
                return 200, _CSV, text.encode()
            case "POST", ["reset"]:
                sandbox.bill.reset()
                sandbox.videos.reset()
                sandbox.callbacks.reset()
                return _json({"reset": True})
            case "POST", ["rules"]:
                rules = read_rules(orjson.loads(body))
                sandbox.use_rules(rules)
                return _json({"rules": len(rules)})
            case "GET", ["tasks"]:
                videos = [video for video in sandbox.videos if asked.get("key") in (None, video.key.name)]
                tasks = [_task(sandbox.videos, video) for video in videos]
                return _json({"tasks": tasks, "lists": sandbox.videos.lists})
            case "POST", ["tasks", video_id]:
                return _json(_force(sandbox.videos, video_id, orjson.loads(body)))
            case "GET", ["callbacks"]:
                return _json(sandbox.callbacks.show())
            case "POST", ["callbacks"]:
                sandbox.callbacks.use(read_callbacks(orjson.loads(body)))
                return _json(sandbox.callbacks.show())
            case "GET", ["files", name] if name in _FILES:
                content_type, make = _FILES[name]
                return 200, content_type, make()
    except InputError as error:
        raise Rejected(400, f"{error.parameters['field']}: {error.parameters['reason']}") from error
    except orjson.JSONDecodeError:
        raise Rejected(400, "We could not parse the JSON body of your request.") from None
    raise Rejected(404, f"Invalid URL ({method} {path[:200]})")


def _json(data: object) -> tuple[int, bytes, bytes]:
    return 200, _JSON, orjson.dumps(data)


def _task(videos: Videos, video: Video) -> dict[str, Any]:
    """What tests ask of a video; times are UTC microseconds."""
    return {
        "id": video.video_id,
        "client_request_id": video.client_request_id,
        "api_key": video.key.name,
        "model": video.model,
        "seconds": video.seconds,
        "size": video.size,
        "remixed_from_video_id": video.remixed_from,
        "outcome": video.behaviour.outcome.value,
        "status": video.word or video.status.value,
        "progress": videos.progress(video),
        "lost": video.lost,
        "polls": video.polls,
        "polled_at": list(video.polled_at),
        "downloads": video.downloads,
        "repeats": video.repeats,
        "billed": video.billed,
        "created_at": video.created_at,
        "started_at": video.started_at,
        "ended_at": video.ended_at,
        "cancelled_at": video.cancelled_at,
        "deleted_at": video.deleted_at,
    }


def _force(videos: Videos, video_id: str, data: object) -> dict[str, Any]:
    """Bring a video into the state that `data` says. Raises `InputError`, `Rejected` for an unknown video."""
    video = videos.named(video_id)
    if video is None:
        raise Rejected(404, f"There is no video '{video_id[:80]}'.")
    status = data.get("status") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(status, str) or not _WORD.match(status):
        raise InputError(field="status", reason="a word is needed, such as " + ", ".join(Status))
    if status == _LOST:
        video.lost = True
    elif status in list(Status):
        videos.move(video, Status(status), error=_read_error(data.get("error")) if status == Status.FAILED else None)
    else:
        video.word = status
    return _task(videos, video)


def _read_error(data: object) -> VideoError:
    if data is None:
        return ERROR_DEFAULT
    if not isinstance(data, dict) or not data.keys() <= {"code", "message"}:
        raise InputError(field="error", reason="an object is needed, with code and message")
    code, message = data.get("code", ERROR_DEFAULT.code), data.get("message", ERROR_DEFAULT.message)
    for text in (code, message):
        if not isinstance(text, str) or not 1 <= len(text) <= ERROR_CHARACTERS_MAX:
            raise InputError(field="error", reason=f"texts of 1 to {ERROR_CHARACTERS_MAX} characters are needed")
    return VideoError(code=code, message=message)


def _read_rows(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(field="rows", reason="a whole number is needed")
    return int(text[:12])
