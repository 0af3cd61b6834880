"""OpenAI's videos: making and remixing them, asking for them, and their content. Cancelling is other providers'.

A video belongs to the upstream key that made it: another key's is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from counterfoil.sandbox.directives import Directives, given_directives, written_directives
from counterfoil.sandbox.errors import Rejected, openai_error, status_failure
from counterfoil.sandbox.exchange import REFUSING, Answer, Exchange, json_answer
from counterfoil.sandbox.failure_notation import TIMEOUT_MS_DEFAULT
from counterfoil.sandbox.form import Form, read_form
from counterfoil.sandbox.media_files import jpeg, mp4, webp
from counterfoil.sandbox.model import Endpoint, Failure
from counterfoil.sandbox.parameters import read_choice, read_model, read_text, wrong_type, wrong_value
from counterfoil.sandbox.video_model import Behaviour, Outcome, Status, Video, VideoError
from counterfoil.sandbox.videos import Videos

PROMPT_CHARACTERS_MAX = 32_000
MODEL_DEFAULT = "sora-2"
SECONDS_DEFAULT = 4
SECONDS_MAX = 60
SIZE_DEFAULT = "720x1280"
# A video is done in a blink, and yet is seen in every state by who looks closely.
QUEUE_MS_DEFAULT = 50
AFTER_MS_DEFAULT = 200
EXPIRES_MS_DEFAULT = 3_600_000
LIST_DEFAULT = 20
LIST_MAX = 100
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
ERROR_DEFAULT = VideoError(code="video_generation_failed", message="The video could not be generated.")

_SIZE = re.compile(r"[1-9]\d{2,3}x[1-9]\d{2,3}\Z")
_ID_PREFIX = "video_"
_VARIANTS: Mapping[str, tuple[bytes, Callable[[Video], bytes]]] = {
    "video": (b"video/mp4", lambda video: mp4(video.seconds)),
    "thumbnail": (b"image/webp", lambda _: webp()),
    "spritesheet": (b"image/jpeg", lambda _: jpeg()),
}

# How a call of a model that has asked for nothing itself fails by a rule, and what rules ask of it.
ChooseFailure = Callable[[Endpoint, str, Failure | None], Failure | None]
Ask = Callable[[Endpoint, str], Mapping[str, str]]


class VideoCalls:
    """Answers the calls of one exchange. `choose` and `ask` apply the sandbox's rules; `check_model` rejects."""

    def __init__(
        self,
        exchange: Exchange,
        videos: Videos,
        *,
        choose: ChooseFailure,
        ask: Ask,
        check_model: Callable[[str], None],
    ) -> None:
        self._exchange = exchange
        self._videos = videos
        self._choose = choose
        self._ask = ask
        self._check_model = check_model

    async def create(self) -> None:
        """`POST /v1/videos`, as JSON or as a form with `input_reference`."""
        form = read_form(self._exchange.headers, self._exchange.body)
        model = read_model(form.fields.get("model") or MODEL_DEFAULT)
        self._check_model(model)
        seconds, size = _read_seconds(form.fields.get("seconds")), _read_size(form.fields.get("size"))
        await self._make(form, model=model, seconds=seconds, size=size, remixed_from=None)

    async def remix(self, video_id: str) -> None:
        """`POST /v1/videos/{id}/remix`: the same again, with another prompt."""
        source = self._find(video_id)
        if source.status is not Status.COMPLETED:
            raise Rejected(400, f"Video '{video_id}' is not completed.", param="video_id", code="video_not_completed")
        form = read_form(self._exchange.headers, self._exchange.body)
        await self._make(
            form, model=source.model, seconds=source.seconds, size=source.size, remixed_from=source.video_id
        )

    async def poll(self, video_id: str) -> None:
        """`GET /v1/videos/{id}`, which is counted, whatever is answered."""
        video = self._videos.named(video_id)
        if video is not None and video.key.name == self._exchange.key.name:
            video.polls += 1
            video.polled_at.append(self._videos.now())
        video = self._find(video_id)
        behaviour = video.behaviour
        if behaviour.poll_status is not None and video.polls <= behaviour.poll_times:
            refusal = _refusal(behaviour.poll_status)
            await self._deliver(Endpoint.VIDEO_POLLS, video.model, lambda: refusal)
            return
        headers = []
        if behaviour.poll_after_ms is not None and not video.status.is_final:
            headers.append((b"openai-poll-after-ms", b"%d" % behaviour.poll_after_ms))

        def answer() -> Answer:
            return json_answer(self._videos.shown(video), headers=headers)

        await self._deliver(Endpoint.VIDEO_POLLS, video.model, answer)

    async def list_all(self) -> None:
        """`GET /v1/videos?after&limit&order`: the newest first, unless asked otherwise."""
        limit = self._exchange.asked("limit") or str(LIST_DEFAULT)
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:6]) <= LIST_MAX:
            raise wrong_value("limit", limit, f"A number from 1 to {LIST_MAX} is needed")
        seen = self._videos.seen_by(self._exchange.key)
        if read_choice(self._exchange.asked("order"), "order", ("asc", "desc"), "desc") == "desc":
            seen.reverse()
        after = self._exchange.asked("after")
        if after is not None:
            places = [place for place, video in enumerate(seen) if video.video_id == after]
            if not places:
                raise Rejected(400, f"No video found with id '{after[:80]}'.", param="after")
            seen = seen[places[0] + 1 :]
        page = seen[: int(limit)]
        data = {
            "object": "list",
            "data": [self._videos.shown(video) for video in page],
            "first_id": page[0].video_id if page else None,
            "last_id": page[-1].video_id if page else None,
            "has_more": len(seen) > len(page),
        }
        self._videos.lists += 1
        await self._deliver(Endpoint.VIDEO_LISTS, "", lambda: json_answer(data))

    async def content(self, video_id: str) -> None:
        """`GET /v1/videos/{id}/content?variant=video|thumbnail|spritesheet`."""
        video = self._find(video_id)
        variant = read_choice(self._exchange.asked("variant"), "variant", tuple(_VARIANTS), "video")
        expires_at = video.expires_at
        if expires_at is None:
            message = f"Video is not ready yet, use GET /v1/videos/{video_id} to check status."
            raise Rejected(404, message, code="video_not_ready")
        if self._videos.now() >= expires_at:
            raise Rejected(410, f"The content of video '{video_id}' has expired.", code="video_expired")
        content_type, make = _VARIANTS[variant]

        def answer() -> Answer:
            video.downloads += 1
            return Answer(200, [(b"content-type", content_type)], make(video))

        await self._deliver(Endpoint.VIDEO_CONTENT, video.model, answer)

    async def cancel(self, video_id: str) -> None:
        """`POST /v1/videos/{id}/cancel`; again is the same."""
        video = self._find(video_id)

        def answer() -> Answer:
            if video.behaviour.cancel_status is not None:
                return _refusal(video.behaviour.cancel_status)
            if not self._videos.cancel(video):
                message = f"Video '{video_id}' is {video.status} and cannot be cancelled."
                raise Rejected(409, message, code="video_not_cancellable")
            return json_answer(self._videos.shown(video))

        await self._deliver(Endpoint.VIDEO_CHANGES, video.model, answer)

    async def delete(self, video_id: str) -> None:
        """`DELETE /v1/videos/{id}`."""
        video = self._find(video_id)

        def answer() -> Answer:
            self._videos.delete(video)
            return json_answer({"id": video_id, "object": "video.deleted", "deleted": True})

        await self._deliver(Endpoint.VIDEO_CHANGES, video.model, answer)

    async def _make(self, form: Form, *, model: str, seconds: int, size: str, remixed_from: str | None) -> None:
        exchange = self._exchange
        prompt = read_text(form.fields.get("prompt"), "prompt", characters_max=PROMPT_CHARACTERS_MAX)
        given = {**written_directives(prompt), **given_directives(form.metadata, exchange.headers)}
        directives = Directives(Endpoint.VIDEOS, given)
        idempotency_key = _read_idempotency_key(exchange.headers)
        made = self._videos.made_before(exchange.key, idempotency_key)
        if made is None:
            directives.add(self._ask(Endpoint.VIDEOS, model))
            if await exchange.leaves_within(directives.number("latency_ms") or 0):
                return
            # Another call with the same key may have come in between.
            made = self._videos.made_before(exchange.key, idempotency_key)
        if made is not None:
            # What the first call asked for has happened to the first call.
            made.repeats += 1
            await self._deliver(Endpoint.VIDEOS, model, lambda: self._made(made, prompt))
            return
        failure = self._choose(Endpoint.VIDEOS, model, directives.failure)
        # What is not billed was not made: such a failure happened before the provider began.
        video = None
        if failure is None or failure.billed:
            video = self._videos.create(
                video_id=_ID_PREFIX + exchange.digits.decode(),
                key=exchange.key,
                model=model,
                seconds=seconds,
                size=size,
                behaviour=_read_behaviour(directives),
                client_request_id=exchange.caller_request_id,
                remixed_from=remixed_from,
                idempotency_key=idempotency_key,
            )
        if failure is not None and failure.kind in REFUSING:
            await exchange.refuse(Endpoint.VIDEOS, failure)
        elif video is None:
            if not await exchange.leaves_meanwhile(failure):
                await exchange.send_spoiled(_refusal(504), failure)
        else:
            await self._answer_made(video, prompt, failure)

    async def _answer_made(self, video: Video, prompt: str, failure: Failure | None) -> None:
        """Answer with a new video: at once, late, or never."""
        answer_ms = video.behaviour.answer_ms
        if video.behaviour.hang:
            if not await self._exchange.leaves_within(TIMEOUT_MS_DEFAULT if answer_ms is None else answer_ms):
                answer = self._made(video, prompt)
                await self._exchange.cut(answer.status, answer.headers, answer.body, sent=0)
            return
        if await self._exchange.leaves_within(answer_ms or 0) or await self._exchange.leaves_meanwhile(failure):
            return
        await self._exchange.send_spoiled(self._made(video, prompt), failure)

    def _made(self, video: Video, prompt: str) -> Answer:
        # The prompt is told to whoever has just given it, and not kept for those who ask later.
        return json_answer({**self._videos.shown(video), "prompt": prompt})

    async def _deliver(self, endpoint: Endpoint, model: str, answer: Callable[[], Answer]) -> None:
        """Do what is asked and answer, unless headers or rules let this call fail before that."""
        given = given_directives(None, self._exchange.headers)
        own = Directives(endpoint, {name: given[name] for name in ("fail", "latency_ms") if name in given})
        own.add(self._ask(endpoint, model))
        failure = self._choose(endpoint, model, own.failure)
        if await self._exchange.leaves_within(own.number("latency_ms") or 0):
            return
        if failure is not None and failure.kind in REFUSING:
            await self._exchange.refuse(endpoint, failure)
        else:
            # What is asked is done before the client is kept waiting, whether or not it stays.
            done = answer()
            if not await self._exchange.leaves_meanwhile(failure):
                await self._exchange.send_spoiled(done, failure)

    def _find(self, video_id: str) -> Video:
        video = self._videos.find(video_id, self._exchange.key)
        if video is None:
            raise Rejected(404, f"Video with id '{video_id[:80]}' not found.", param="video_id", code="video_not_found")
        return video


def _read_behaviour(directives: Directives) -> Behaviour:
    queue_ms, after_ms = directives.number("queue_ms"), directives.number("after_ms")
    if queue_ms is None:
        queue_ms = QUEUE_MS_DEFAULT if after_ms is None else min(QUEUE_MS_DEFAULT, after_ms // 4)
    expires_ms = directives.number("expires_ms")
    return Behaviour(
        outcome=Outcome(directives.text("outcome") or Outcome.COMPLETED),
        error=VideoError(
            code=directives.text("error_code") or ERROR_DEFAULT.code,
            message=directives.text("error_message") or ERROR_DEFAULT.message,
        ),
        queue_ms=queue_ms,
        after_ms=AFTER_MS_DEFAULT if after_ms is None else after_ms,
        expires_ms=EXPIRES_MS_DEFAULT if expires_ms is None else expires_ms,
        answer_ms=directives.number("answer_ms"),
        hang=directives.number("hang") == 1,
        poll_status=directives.number("poll_status"),
        poll_times=directives.number("poll_times") or 1,
        poll_after_ms=directives.number("poll_after_ms"),
        cancel_status=directives.number("cancel_status"),
        callback_times=directives.number("callback_times"),
        callback_delay_ms=directives.number("callback_delay_ms"),
    )


def _read_seconds(value: Any) -> int:
    if value is None:
        return SECONDS_DEFAULT
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise wrong_type("seconds", "a string")
    text = str(value)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= SECONDS_MAX:
        raise wrong_value("seconds", value, f"Supported values are: '4', '8', '12', and others up to '{SECONDS_MAX}'")
    return int(text)


def _read_size(value: Any) -> str:
    if value is None:
        return SIZE_DEFAULT
    if not isinstance(value, str) or not _SIZE.match(value):
        raise wrong_value("size", value, "Supported values are: '720x1280', '1280x720', '1024x1792' and '1792x1024'")
    return value


def _read_idempotency_key(headers: Mapping[bytes, bytes]) -> str | None:
    given = headers.get(b"idempotency-key")
    if given is None:
        return None
    if not 1 <= len(given) <= IDEMPOTENCY_KEY_CHARACTERS_MAX:
        message = f"Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} characters."
        raise Rejected(400, message, param="Idempotency-Key")
    return given.decode("latin-1")


def _refusal(status: int) -> Answer:
    """An error of the provider's own, as its status says."""
    if status == 504:
        error = openai_error(504, "The upstream server timed out.", kind="server_error")
    else:
        error = status_failure(status, Endpoint.VIDEOS, b"")
    return Answer(error.status, list(error.headers), error.body)
