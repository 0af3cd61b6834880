"""What the events of each dialect's stream mean: which end it, what was used, how much text went by. Pure.

A stream's last events are held back until the charge has committed: the usage chunk and `[DONE]` of chat, the final
`response.…`, `message_delta` with the stop reason and `message_stop`. Everything else passes as it comes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import orjson

from counterfoil.gateway.answers import AttemptFailed, count_text_bytes, read_response_id, read_usage, with_tool_uses
from counterfoil.gateway.events import data_of
from counterfoil.gateway.model import ParsedCall
from counterfoil.pricing.model import Usage
from counterfoil.pricing.usage import merge_anthropic
from counterfoil.spend.model import Endpoint
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, read_error_inside

_DONE = b"data: [DONE]\n\n"
_MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_FINAL_RESPONSES = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})


class StreamReader(ABC):
    """One stream of one upstream.

    `text_bytes` are those of the model's output so far. `finished`: the upstream has said all it had to say, even if
    its last events (the usage chunk of chat) are missing; `ended`: the last of them has come. `error`: it says that it
    has failed, or speaks nonsense; nothing after that is read. `failed`: it says so in its own last event.
    """

    endpoint: Endpoint

    def __init__(self, call: ParsedCall, *, upstream_model: str) -> None:
        self.text_bytes = 0
        self.finished = False
        self.ended = False
        self.failed = False
        self.error: UpstreamError | None = None
        self.response_id: str | None = None
        self._call = call
        self._upstream_model = upstream_model
        self._usage: Mapping[str, Any] | None = None
        self._model_name: str | None = None
        self._model_bytes: tuple[bytes, bytes] = (b"", b"")

    def take(self, events: list[bytes]) -> bytes:
        """What to pass on now, up to an event that is an error."""
        passed: list[bytes] = []
        for event in events:
            try:
                passed.append(self._take(event))
            except AttemptFailed as failed:
                self.error = failed.error
                break
        return b"".join(passed)

    def usage(self) -> Usage | None:
        """The upstream's own numbers, once it is finished."""
        return read_usage(self.endpoint, self._usage) if self._usage is not None else None

    def partial_usage(self) -> Usage | None:
        """What the upstream had said of its usage before it was cut off."""
        return None

    @abstractmethod
    def closing(self) -> bytes:
        """The events that end the stream."""

    @abstractmethod
    def _take(self, event: bytes) -> bytes:
        """What of one event to pass on; raises `AttemptFailed` for one that is an error."""

    def _parse(self, data: bytes) -> dict[str, Any]:
        try:
            parsed = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200)) from None
        if not isinstance(parsed, dict):
            raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200))
        error = parsed.get("error")
        if parsed.get("type") == "error" and not error:
            error = {name: value for name, value in parsed.items() if name != "type"}
        if error:
            error = error if isinstance(error, dict) else {"message": str(error)}
            raise AttemptFailed(read_error_inside(error, upstream_model=self._upstream_model))
        return parsed

    def _rename(self, event: bytes, named: object) -> bytes:
        """The event under the public model's name. Only the field can hold these bytes: in a text its quotes are escaped."""
        if named == self._call.model or not isinstance(named, str):
            return event
        if named != self._model_name:
            encoded = orjson.dumps(named)
            compact = b'"model":' + encoded
            found = compact if compact in event else b'"model": ' + encoded
            self._model_name, self._model_bytes = named, (found, b'"model":' + orjson.dumps(self._call.model))
        return event.replace(*self._model_bytes, 1)


class ChatStream(StreamReader):
    """OpenAI's chat completions: chunks with choices, at the end one with the usage and none, then `[DONE]`."""

    endpoint = Endpoint.CHAT_COMPLETIONS

    def __init__(self, call: ParsedCall, *, upstream_model: str) -> None:
        super().__init__(call, upstream_model=upstream_model)
        self._usage_event = b""
        self._finished_choices = 0

    def _take(self, event: bytes) -> bytes:
        data = data_of(event)
        if data is None:
            return event
        if data == b"[DONE]":
            self.finished = self.ended = True
            return b""
        parsed = self._parse(data)
        if self.response_id is None:
            self.response_id = read_response_id(parsed)
        event = self._rename(event, parsed.get("model"))
        usage = parsed.get("usage")
        if usage:
            # Cumulative where it comes with every chunk: the last one counts.
            self._usage = usage
        choices = parsed.get("choices")
        if not choices:
            if usage:
                self._usage_event = event
                return b""
            return event
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._take_choice(choice)
        return event

    def _take_choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta")
        if delta:
            self.text_bytes += count_text_bytes(delta)
        if choice.get("finish_reason"):
            self._finished_choices += 1
            self.finished = self._finished_choices >= self._call.shape.outputs

    def closing(self) -> bytes:
        return self._usage_event + _DONE if self._call.include_usage else _DONE


class ResponsesStream(StreamReader):
    """OpenAI's responses: one final event with the whole response and its usage."""

    endpoint = Endpoint.RESPONSES

    def __init__(self, call: ParsedCall, *, upstream_model: str) -> None:
        super().__init__(call, upstream_model=upstream_model)
        self._final_event = b""
        self._output: object = None

    def _take(self, event: bytes) -> bytes:
        data = data_of(event)
        if data is None or data == b"[DONE]":
            return event if data is None else b""
        parsed = self._parse(data)
        kind = parsed.get("type")
        delta = parsed.get("delta")
        if delta is not None:
            self.text_bytes += count_text_bytes(delta)
            return event
        response = parsed.get("response")
        if not isinstance(response, dict):
            return event
        if self.response_id is None:
            self.response_id = read_response_id(response)
        event = self._rename(event, response.get("model"))
        if kind in _FINAL_RESPONSES:
            usage = response.get("usage")
            self._usage = usage if isinstance(usage, dict) else None
            self._output = response.get("output")
            self._final_event = event
            self.failed = kind == "response.failed"
            self.finished = self.ended = True
            return b""
        return event

    def usage(self) -> Usage | None:
        usage = super().usage()
        return with_tool_uses(usage, self._output) if usage is not None else None

    def closing(self) -> bytes:
        return self._final_event


class MessagesStream(StreamReader):
    """Anthropic's messages: usage at the start and, cumulative, in each `message_delta`."""

    endpoint = Endpoint.MESSAGES

    def __init__(self, call: ParsedCall, *, upstream_model: str) -> None:
        super().__init__(call, upstream_model=upstream_model)
        self._last_delta = b""
        self._has_final_usage = False

    def _take(self, event: bytes) -> bytes:
        data = data_of(event)
        if data is None:
            return event
        parsed = self._parse(data)
        kind = parsed.get("type")
        if kind == "message_stop":
            self.finished = self.ended = True
            return b""
        if kind == "message_delta":
            return self._take_message_delta(event, parsed)
        held_back, self._last_delta = self._last_delta, b""
        if kind == "content_block_delta":
            self.text_bytes += count_text_bytes(parsed.get("delta"))
        elif kind == "message_start":
            event = self._take_message_start(event, parsed.get("message"))
        return held_back + event

    def _take_message_start(self, event: bytes, message: object) -> bytes:
        if not isinstance(message, dict):
            return event
        self.response_id = read_response_id(message)
        usage = message.get("usage")
        if isinstance(usage, dict):
            self._usage = usage
        return self._rename(event, message.get("model"))

    def _take_message_delta(self, event: bytes, parsed: dict[str, Any]) -> bytes:
        usage = parsed.get("usage")
        if isinstance(usage, dict):
            self._usage = merge_anthropic(self._usage or {}, usage)
            self._has_final_usage = True
        delta = parsed.get("delta")
        if isinstance(delta, dict) and delta.get("stop_reason"):
            self.finished = True
        held_back, self._last_delta = self._last_delta, event
        return held_back

    def usage(self) -> Usage | None:
        # What `message_start` says of the output is what was there by then, not what came of it.
        return super().usage() if self._has_final_usage else None

    def partial_usage(self) -> Usage | None:
        return super().usage()

    def closing(self) -> bytes:
        return self._last_delta + _MESSAGE_STOP


_READERS: Mapping[Endpoint, type[StreamReader]] = {
    Endpoint.CHAT_COMPLETIONS: ChatStream,
    Endpoint.RESPONSES: ResponsesStream,
    Endpoint.MESSAGES: MessagesStream,
}


def stream_reader(call: ParsedCall, *, upstream_model: str) -> StreamReader:
    return _READERS[call.endpoint](call, upstream_model=upstream_model)
