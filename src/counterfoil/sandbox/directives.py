"""Directives: what a call asks of the sandbox itself.

A directive is a header (`x-sandbox-outcome: failed`), an entry of the body's `metadata` (`"sandbox_outcome": "failed"`)
because a gateway forwards no unknown header, or, where neither can be reached, a part of the prompt or the input
(`[sandbox outcome=failed after_ms=500]`). A header wins over `metadata`, and both win over the prompt, from which
nothing else is taken. Those of chats, responses, messages and embeddings are in `asked.py`. Those of the others:

    images          latency_ms, fail, images (so many are delivered), input_tokens, output_tokens
    speech          latency_ms, fail
    transcriptions  latency_ms, fail, seconds (so long the sound lasts)
    videos          latency_ms, fail, and what becomes of the video:
        outcome             completed, failed, stuck (it is never done), lost (asking for it gives 404) or cancelled
        error_code, error_message    of a video that failed
        queue_ms, after_ms  how long it waits to be begun, and how long all takes until its end
        expires_ms          how long its content can be had once it is completed
        answer_ms           it is made at once, and the answer comes so much later
        hang                1: it is made, and there is no answer; after answer_ms the connection is cut
        poll_status, poll_times      the first polls (one, unless told) fail with that status
        poll_after_ms       what the header openai-poll-after-ms says while it is not done
        cancel_status       cancelling it is refused with that status
        callback_times, callback_delay_ms    of its callbacks, instead of what is configured
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.failure_notation import read_failure
from counterfoil.sandbox.model import DELAY_MS_MAX, Endpoint, Failure
from counterfoil.sandbox.parameters import wrong_type
from counterfoil.sandbox.video_model import Outcome

# The highest counts of tokens that can be asked for: the longest reply is 4 MB of text; ten million tokens of input are
# above every context window.
OUTPUT_TOKENS_MAX = 1_000_000
INPUT_TOKENS_MAX = 10_000_000
IMAGES_MAX = 10
SOUND_SECONDS_MAX = 86_400
TIMES_MAX = 1_000_000
CALLBACK_TIMES_MAX = 10
ERROR_CHARACTERS_MAX = 500

_HEADER_PREFIX = b"x-sandbox-"
_METADATA_PREFIX = "sandbox_"
_IN_TEXT = re.compile(r"\[sandbox((?:\s+[a-z_]+=(?:\"[^\"\]]*\"|[^\s\"\]]+))+)\s*\]")
_PAIR = re.compile(r"([a-z_]+)=(?:\"([^\"]*)\"|(\S+))")

# (least, most) of the directives that are numbers.
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "latency_ms": (0, DELAY_MS_MAX),
    "images": (0, IMAGES_MAX),
    "input_tokens": (0, INPUT_TOKENS_MAX),
    "output_tokens": (0, OUTPUT_TOKENS_MAX),
    "seconds": (0, SOUND_SECONDS_MAX),
    "queue_ms": (0, DELAY_MS_MAX),
    "after_ms": (0, DELAY_MS_MAX),
    "expires_ms": (0, DELAY_MS_MAX),
    "answer_ms": (0, DELAY_MS_MAX),
    "hang": (0, 1),
    "poll_status": (400, 599),
    "poll_times": (1, TIMES_MAX),
    "poll_after_ms": (0, DELAY_MS_MAX),
    "cancel_status": (400, 599),
    "callback_times": (0, CALLBACK_TIMES_MAX),
    "callback_delay_ms": (0, DELAY_MS_MAX),
}
_OF_ALL = frozenset({"latency_ms", "fail"})
_OF_VIDEOS = frozenset(
    {
        "outcome", "error_code", "error_message", "queue_ms", "after_ms", "expires_ms", "answer_ms", "hang",
        "poll_status", "poll_times", "poll_after_ms", "cancel_status", "callback_times", "callback_delay_ms",
    }
)  # fmt: skip
_OF_ENDPOINT: Mapping[Endpoint, frozenset[str]] = {
    Endpoint.IMAGES: _OF_ALL | {"images", "input_tokens", "output_tokens"},
    Endpoint.SPEECH: _OF_ALL,
    Endpoint.TRANSCRIPTIONS: _OF_ALL | {"seconds"},
    Endpoint.VIDEOS: _OF_ALL | _OF_VIDEOS,
}
# What a rule may ask; `fail` has a field of its own there.
ASKABLE = frozenset().union(*_OF_ENDPOINT.values()) - {"fail"}


class Directives:
    """The directives of one call of an endpoint that makes sound or pictures; raises `Rejected` for a wrong one."""

    def __init__(self, endpoint: Endpoint, given: Mapping[str, str]) -> None:
        self._known = _OF_ENDPOINT.get(endpoint, _OF_ALL)
        self._given = dict(given)
        for name, text in given.items():
            if name not in self._known:
                raise Rejected(400, f"There is no directive 'sandbox_{name[:40]}'.", param=f"sandbox_{name[:40]}")
            if name == "fail":
                continue
            problem = problem_with(name, text)
            if problem is not None:
                raise Rejected(400, f"'sandbox_{name}' must be {problem}.", param=f"sandbox_{name}")

    def add(self, asked: Mapping[str, str]) -> None:
        """Take what rules ask, as far as the call does not say itself and the endpoint knows it."""
        known = {name: text for name, text in asked.items() if name in self._known}
        self._given = {**known, **self._given}

    @property
    def failure(self) -> Failure | None:
        return read_failure_directive(self._given)

    def number(self, name: str) -> int | None:
        text = self._given.get(name)
        return None if text is None else int(text)

    def text(self, name: str) -> str | None:
        return self._given.get(name)


def problem_with(name: str, text: str) -> str | None:
    """What a directive would have to be, if it is not that."""
    if name == "outcome":
        return None if text in list(Outcome) else "one of " + ", ".join(Outcome)
    if name in ("error_code", "error_message"):
        return None if 1 <= len(text) <= ERROR_CHARACTERS_MAX else f"a text of 1 to {ERROR_CHARACTERS_MAX} characters"
    least, most = _NUMBERS[name]
    if text.isascii() and text.isdigit() and least <= int(text[:12]) <= most:
        return None
    return f"a whole number from {least} to {most}"


def given_directives(metadata: object, headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Those of the body's `metadata` and of the headers; raises `Rejected` if they are no texts."""
    directives: dict[str, str] = {}
    if metadata is not None:
        if not isinstance(metadata, dict):
            raise wrong_type("metadata", "an object")
        for name, value in metadata.items():
            if name.startswith(_METADATA_PREFIX):
                if not isinstance(value, str):
                    raise wrong_type(f"metadata.{name}", "a string")
                directives[name[len(_METADATA_PREFIX) :]] = value
    for header, content in headers.items():
        if header.startswith(_HEADER_PREFIX):
            directives[header[len(_HEADER_PREFIX) :].decode("latin-1").replace("-", "_")] = content.decode("latin-1")
    return directives


def written_directives(text: object) -> dict[str, str]:
    """Those that stand in a prompt."""
    found = _IN_TEXT.search(text) if isinstance(text, str) else None
    if found is None:
        return {}
    return {name: quoted or bare for name, quoted, bare in _PAIR.findall(found[1])}


def read_number(directives: Mapping[str, str], name: str, most: int) -> int:
    """A directive that is a number up to `most`, 0 if it is not given. Raises `Rejected`."""
    text = directives.get(name)
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or int(text[:12]) > most:
        raise Rejected(400, f"'sandbox_{name}' must be a whole number up to {most}.", param=f"sandbox_{name}")
    return int(text)


def read_failure_directive(directives: Mapping[str, Any]) -> Failure | None:
    """The failure that a call asks for, if any. Raises `Rejected`."""
    if "fail" not in directives:
        return None
    try:
        return read_failure(directives["fail"])
    except InputError as error:
        raise Rejected(400, f"'sandbox_fail': {error.parameters['reason']}.", param="sandbox_fail") from error
