"""Everything that is no text: which call is which, and the calls that are answered with what they make."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, Protocol

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.sandbox.audio import read_speech, read_transcription
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.directives import Directives, given_directives, written_directives
from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.exchange import REFUSING, Answer, Exchange
from counterfoil.sandbox.failures import Rules
from counterfoil.sandbox.form import Form, read_form
from counterfoil.sandbox.images import read_edit, read_generation
from counterfoil.sandbox.model import BilledCall, Endpoint, Failure, FailureKind
from counterfoil.sandbox.video_calls import VideoCalls
from counterfoil.sandbox.videos import Videos
from counterfoil.sandbox.work import Work

MEDIA_PATHS = ("/v1/images/", "/v1/audio/", "/v1/videos")

_SERVED = "served"
_CLIENT_LEFT = "client_left"


class _ReadWork(Protocol):
    def __call__(self, form: Form, directives: Directives, *, now: int, origin: str) -> Work: ...


class _Direct(NamedTuple):
    """A call that is answered with what it makes: the field in which directives may be written, and its reader."""

    endpoint: Endpoint
    text_field: str
    read: _ReadWork


_DIRECT: Mapping[str, _Direct] = {
    "/v1/images/generations": _Direct(Endpoint.IMAGES, "prompt", read_generation),
    "/v1/images/edits": _Direct(Endpoint.IMAGES, "prompt", read_edit),
    "/v1/audio/speech": _Direct(Endpoint.SPEECH, "input", read_speech),
    "/v1/audio/transcriptions": _Direct(Endpoint.TRANSCRIPTIONS, "prompt", read_transcription),
}


class Media:
    """Answers the calls under `MEDIA_PATHS`; `models` are the only ones there are (None: any)."""

    def __init__(self, *, bill: Bill, videos: Videos, models: frozenset[str] | None, clock: Clock) -> None:
        self._bill = bill
        self._videos = videos
        self._models = models
        self._clock = clock

    async def serve(self, exchange: Exchange, rules: Rules) -> None:
        """Answer one call; raises `Rejected` for what the real provider would not accept."""
        direct = _DIRECT.get(exchange.path)
        if direct is not None and exchange.method == "POST":
            await self._serve_direct(direct, exchange, rules)
            return
        calls = VideoCalls(
            exchange,
            self._videos,
            choose=partial(self._choose, exchange, rules),
            ask=lambda endpoint, model: rules.ask(model=model, endpoint=endpoint, key=exchange.key.name),
            check_model=self._check_model,
        )
        match exchange.method, exchange.path.split("/")[2:]:
            case "POST", ["videos"]:
                await calls.create()
            case "GET", ["videos"]:
                await calls.list_all()
            case "GET", ["videos", video_id] if video_id:
                await calls.poll(video_id)
            case "DELETE", ["videos", video_id] if video_id:
                await calls.delete(video_id)
            case "GET", ["videos", video_id, "content"]:
                await calls.content(video_id)
            case "POST", ["videos", video_id, "remix"]:
                await calls.remix(video_id)
            case "POST", ["videos", video_id, "cancel"]:
                await calls.cancel(video_id)
            case _:
                raise Rejected(404, f"Invalid URL ({exchange.method} {exchange.path[:200]})")

    async def _serve_direct(self, direct: _Direct, exchange: Exchange, rules: Rules) -> None:
        form = read_form(exchange.headers, exchange.body)
        written = written_directives(form.fields.get(direct.text_field))
        directives = Directives(direct.endpoint, {**written, **given_directives(form.metadata, exchange.headers)})
        model = str(form.fields.get("model", ""))
        directives.add(rules.ask(model=model, endpoint=direct.endpoint, key=exchange.key.name))
        now = self._clock.now() // MICROS_PER_SECOND
        work = direct.read(form, directives, now=now, origin=exchange.origin)
        self._check_model(work.model)
        failure = self._choose(exchange, rules, direct.endpoint, work.model, directives.failure)
        record = partial(self._record, exchange, direct.endpoint, work, failure)
        if failure is not None and failure.kind in REFUSING:
            record(failure.name)
            await exchange.refuse(direct.endpoint, failure)
            return
        kind = None if failure is None else failure.kind
        if kind is FailureKind.TIMEOUT:
            # The answer exists and is billed; whether anybody still waits for it is seen later.
            record(FailureKind.TIMEOUT.value)
        latency_ms = directives.number("latency_ms") or 0
        if await exchange.leaves_within(latency_ms) or await exchange.leaves_meanwhile(failure):
            if kind is not FailureKind.TIMEOUT:
                record(_CLIENT_LEFT)
            return
        if kind is not FailureKind.TIMEOUT:
            record(_SERVED if kind in (None, FailureKind.SLOW_FIRST_BYTE) else str(kind))
        body = work.body_without_usage if kind is FailureKind.NO_USAGE else work.body
        await exchange.send_spoiled(Answer(200, [(b"content-type", work.content_type)], body), failure)

    def _choose(
        self, exchange: Exchange, rules: Rules, endpoint: Endpoint, model: str, asked: Failure | None
    ) -> Failure | None:
        """How a call fails, by its own wish or by a rule; the failure is counted."""
        failure = asked
        if failure is None or failure.key not in (None, exchange.key.name):
            failure = rules.choose(model=model, endpoint=endpoint, key=exchange.key.name)
        if failure is not None:
            self._bill.count_failure(failure.name)
        return failure

    def _check_model(self, model: str) -> None:
        if self._models is not None and model not in self._models:
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise Rejected(404, message, code="model_not_found")

    def _record(self, exchange: Exchange, endpoint: Endpoint, work: Work, failure: Failure | None, status: str) -> None:
        if failure is not None and not failure.billed:
            return
        self._bill.record(
            BilledCall(
                at=self._clock.now(),
                response_id=b"req_" + exchange.digits,
                endpoint=endpoint,
                model=work.model,
                api_key=exchange.key.name,
                project=exchange.key.project,
                input_tokens=0,
                cached_tokens=0,
                cache_write_5m_tokens=0,
                cache_write_1h_tokens=0,
                output_tokens=0,
                reasoning_tokens=0,
                streamed=False,
                status=status,
                request_id=exchange.caller_request_id,
                unit=work.unit,
                units=work.units,
            )
        )
