"""Upstreams of videos, the odd ones too: what is sent, what is read, and what is known when nothing could be read."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from counterfoil import __version__
from counterfoil.foundation.clock import ManualClock
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstream_errors import Meaning
from counterfoil.tasks.exchange import UpstreamFailed
from counterfoil.tasks.model import TaskState, Verdict
from counterfoil.tasks.upstream import NotCancellable, TaskUpstreams, VideoUpstream
from tasks.odd_videos import SECRET, error, odd_videos, route_to, says, video, writes

TASK = UUID("01890000-0000-7000-8000-000000000001")
SHOWN = "task_0189000000007000800000000000" + "0001"
BODY = b'{"model":"sora-2","prompt":"a boat"}'


@pytest.fixture
async def videos(clock: ManualClock) -> AsyncIterator[VideoUpstream]:
    async with aiohttp.ClientSession() as session:
        yield VideoUpstream(session, clock)


async def submitted(videos: VideoUpstream, *answers: Any, **fields: Any) -> Verdict:
    async with odd_videos(*answers) as upstream:
        return await videos.submit(upstream.route(**fields), TASK, "application/json", BODY)


async def failed(videos: VideoUpstream, *answers: Any, **fields: Any) -> UpstreamFailed:
    with pytest.raises(UpstreamFailed) as caught:
        await submitted(videos, *answers, **fields)
    return caught.value


async def polled(videos: VideoUpstream, answer: Any) -> Verdict:
    async with odd_videos(answer) as upstream:
        return await videos.poll(upstream.route(), "video_1")


# -- submitting --------------------------------------------------------------------------------------------------


async def test_a_task_is_sent_with_our_ids_and_taken_with_theirs(videos: VideoUpstream) -> None:
    async with odd_videos(says(video(), **{"openai-poll-after-ms": "1500"})) as upstream:
        verdict = await videos.submit(upstream.route(), TASK, "multipart/form-data; boundary=b", BODY)
    assert verdict == Verdict(
        state=TaskState.QUEUED, raw_state="queued", progress=0, upstream_task_id="video_1", retry_after=1.5
    )
    (asked,) = upstream.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/videos", BODY)
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert asked.headers["User-Agent"] == f"counterfoil/{__version__}"
    assert asked.headers["Content-Type"] == "multipart/form-data; boundary=b"
    assert asked.headers["Idempotency-Key"] == asked.headers["X-Client-Request-Id"] == SHOWN
    assert asked.headers["X-Request-Id"] == SHOWN.replace("task_", "req_")


async def test_a_remix_names_the_task_that_it_is_made_from(videos: VideoUpstream) -> None:
    async with odd_videos(video(id="video_2", remixed_from_video_id="video_1")) as upstream:
        route = upstream.route(secret="", base_url=upstream.url)
        verdict = await videos.remix(route, "video_1", TASK, "application/json", BODY)
    (asked,) = upstream.asked
    assert (asked.path, verdict.upstream_task_id) == ("/v1/videos/video_1/remix", "video_2")
    assert asked.headers["Idempotency-Key"] == SHOWN
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((201, {"id": 17, "status": "PENDING"}), TaskState.QUEUED),
        ((202, {"id": "video_1"}), TaskState.QUEUED),
        (video(status="In-Progress"), TaskState.RUNNING),
        (video(status="dreaming"), TaskState.UNKNOWN),
        (video(status="failed", error={"code": "moderation_blocked", "message": "Not this."}), TaskState.FAILED),
    ],
)
async def test_a_task_with_an_id_is_taken_whatever_else_is_said(
    answer: Any, state: TaskState, videos: VideoUpstream
) -> None:
    verdict = await submitted(videos, answer)
    assert verdict.state is state
    assert verdict.upstream_task_id in ("17", "video_1")


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ((400, error("seconds must be 4, 8 or 12", param="seconds")), Meaning.CALLERS_FAULT),
        ((401, error()), Meaning.NOT_ALLOWED),
        ((402, error()), Meaning.OUT_OF_MONEY),
        ((403, "<html>blocked</html>"), Meaning.NOT_ALLOWED),
        ((404, b""), Meaning.MISCONFIGURED),
        ((404, error("The model does not exist", code="model_not_found")), Meaning.MISCONFIGURED),
        ((409, error("Another video of yours is made")), Meaning.CALLERS_FAULT),
        ((413, "<html>413 Request Entity Too Large</html>"), Meaning.CALLERS_FAULT),
        ((418, b""), Meaning.FAILED),
        ((422, {"detail": "no"}), Meaning.CALLERS_FAULT),
        ((429, b""), Meaning.BUSY),
        ((429, error("You exceeded your current quota", code="insufficient_quota")), Meaning.OUT_OF_MONEY),
        ((500, error("no", code="content_policy_violation")), Meaning.CALLERS_FAULT),
        ((500, error("用户额度不足")), Meaning.OUT_OF_MONEY),
        ((501, "<html></html>"), Meaning.FAILED),
        ((503, error("The server is overloaded")), Meaning.BUSY),
        ((529, error(type="overloaded_error")), Meaning.BUSY),
        ((307, "<html>over there</html>"), Meaning.MISCONFIGURED),
        ((200, error("no", type="invalid_request_error")), Meaning.CALLERS_FAULT),
        ((200, error("slow down", code=429)), Meaning.BUSY),
    ],
)
async def test_a_no_at_the_door_is_definite(answer: Any, meaning: Meaning, videos: VideoUpstream) -> None:
    found = await failed(videos, answer)
    assert (found.error.meaning, found.is_definite) == (meaning, True)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ((500, error("The server had an error")), Meaning.FAILED),
        ((500, b""), Meaning.FAILED),
        ((502, "<html>Bad Gateway</html>"), Meaning.FAILED),
        ((503, "upstream connect error or disconnect/reset before headers"), Meaning.BUSY),
        ((503, b""), Meaning.BUSY),
        ((504, error("Gateway time-out")), Meaning.FAILED),
        ((524, "<html></html>"), Meaning.FAILED),
        ((408, error("The operation was timeout")), Meaning.BUSY),
        ((409, error("A request with this Idempotency-Key is being processed")), Meaning.CALLERS_FAULT),
        ((200, "<html>Welcome to nginx!</html>"), Meaning.UNREADABLE),
        ((200, b""), Meaning.UNREADABLE),
        ((200, [video()]), Meaning.UNREADABLE),
        ((200, {"status": "queued"}), Meaning.UNREADABLE),
        ((200, video(id=None)), Meaning.UNREADABLE),
        ((200, video(id={"id": "video_1"})), Meaning.UNREADABLE),
        ((200, video(id="")), Meaning.UNREADABLE),
        ((200, video(id="..")), Meaning.UNREADABLE),
        ((200, video(id="video\n1")), Meaning.UNREADABLE),
        ((200, video(id="v" * 501)), Meaning.UNREADABLE),
        ((200, video(prompt="a boat " * 200_000)), Meaning.UNREADABLE),
        ((200, error("We could not queue your task")), Meaning.FAILED),
        ((200, {"id": "req_1", **error("We could not queue your task")}), Meaning.FAILED),
        (writes(), Meaning.CUT),
        (writes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), Meaning.CUT),
        (writes(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"), Meaning.CUT),
        (writes(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Meaning.UNREADABLE),
    ],
)
async def test_what_may_have_come_after_the_task_was_taken_leaves_it_in_doubt(
    answer: Any, meaning: Meaning, videos: VideoUpstream
) -> None:
    found = await failed(videos, answer)
    assert (found.error.meaning, found.is_definite) == (meaning, False)


async def test_an_upstream_that_says_nothing_leaves_the_task_in_doubt(videos: VideoUpstream) -> None:
    found = await failed(videos, writes(then="stay silent"), timeout_seconds=1)
    assert (found.error.meaning, found.is_definite) == (Meaning.TIMED_OUT, False)


async def test_a_no_whose_reasons_never_come_is_a_no(videos: VideoUpstream) -> None:
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    cut = await failed(videos, writes(head))
    silent = await failed(videos, writes(head, then="stay silent"), timeout_seconds=1)
    assert [(each.error.status, each.is_definite) for each in (cut, silent)] == [(400, True), (400, True)]


async def test_where_nothing_was_sent_nothing_is_in_doubt(videos: VideoUpstream) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        # The handshake never ends: connected, and not a word of the task said.
        handshaking = await failed(videos, video(), base_url=f"https://127.0.0.1:{port}/v1", timeout_seconds=1)
    finally:
        server.close()
    refused = await failed(videos, video(), base_url=f"http://127.0.0.1:{port}/v1")
    async with odd_videos(video()) as upstream:
        plain = upstream.route(base_url=upstream.url.replace("http", "https"))
        with pytest.raises(UpstreamFailed) as no_handshake:
            await videos.submit(plain, TASK, "application/json", BODY)
        assert isinstance(no_handshake.value.__cause__, UpstreamFailed)
        assert isinstance(no_handshake.value.__cause__.__cause__, ssl.SSLError)
    for found in (handshaking, refused, no_handshake.value):
        assert (found.error.meaning, found.is_definite) == (Meaning.NOT_CONNECTED, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"secret": "sk-1\r\nX-Other: 1"},
        {"secret": "密钥"},
        {"base_url": "http://127.0.0.1:99999/v1"},
        {"base_url": "http://[::1/v1"},
        {"base_url": "http:///v1"},
    ],
)
async def test_what_cannot_be_sent_is_the_operators_to_put_right(fields: dict[str, Any], videos: VideoUpstream) -> None:
    async with odd_videos(video()) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            await videos.submit(upstream.route(**fields), TASK, "application/json", BODY)
    assert (caught.value.error.meaning, caught.value.is_definite) == (Meaning.MISCONFIGURED, True)
    assert upstream.asked == []


async def test_a_submission_never_takes_a_connection_that_was_kept(videos: VideoUpstream) -> None:
    async with odd_videos(video()) as upstream:
        for _ in range(2):
            await videos.poll(upstream.route(), "video_1")
        for _ in range(2):
            await videos.submit(upstream.route(), TASK, "application/json", BODY)
    first, second, *submissions = [asked.port for asked in upstream.asked]
    assert first == second
    assert len({first, *submissions}) == 3


async def test_a_redirect_is_not_followed(videos: VideoUpstream) -> None:
    async with odd_videos(says((302, b""), Location="/v1/elsewhere")) as upstream:
        for ask in (
            videos.submit(upstream.route(), TASK, "application/json", BODY),
            videos.poll(upstream.route(), "video_1"),
            videos.find(upstream.route(), TASK, 0),
            videos.cancel(upstream.route(), "video_1"),
            videos.delete(upstream.route(), "video_1"),
        ):
            with pytest.raises(UpstreamFailed) as caught:
                await ask
            assert caught.value.error.meaning is Meaning.MISCONFIGURED
    assert not any("elsewhere" in path for path in upstream.paths)


async def test_of_an_error_nothing_is_kept_that_may_quote_the_prompt_or_a_secret(videos: VideoUpstream) -> None:
    prompt = "a lighthouse in a storm, seen from a small boat at night"
    for words in (
        f'Your request was blocked: "{prompt}" is not allowed',
        f"Blocked by moderation: “{prompt}",
        f"Incorrect API key provided: {SECRET}.",
        "\n".join(["Something went wrong."] * 50),
    ):
        found = await failed(videos, (400, error(words)))
        assert found.words is not None
        assert prompt[:30] not in found.words
        assert SECRET not in found.words
        assert len(found.words) <= 300
        assert found.words.isprintable()
    assert (await failed(videos, (400, error("", code="invalid_value")))).words == "invalid_value"
    assert (await failed(videos, (502, "<html>Bad Gateway</html>"))).words is None


async def test_only_protocols_that_are_known_are_spoken(clock: ManualClock) -> None:
    async with aiohttp.ClientSession() as session:
        upstreams = TaskUpstreams(session, clock)
        openai = route_to("http://films.test/v1")
        assert isinstance(upstreams.of(openai), VideoUpstream)
        messages = Dialect.ANTHROPIC
        with pytest.raises(UpstreamFailed) as caught:
            upstreams.of(
                type(openai)(**{**{name: getattr(openai, name) for name in openai.__slots__}, "dialect": messages})
            )
    assert caught.value.is_definite


# -- polling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (video(progress="45%", status="in_progress"), {"state": TaskState.RUNNING, "progress": 45}),
        (video(status="PROCESSING", progress=None), {"state": TaskState.RUNNING, "raw_state": "PROCESSING"}),
        (video(status="rendering on gpu-7"), {"state": TaskState.UNKNOWN, "raw_state": "rendering on gpu-7"}),
        (video(status="片场"), {"state": TaskState.UNKNOWN, "raw_state": "unreadable"}),
        (
            video(status="completed", progress=100, expires_at=1_700_003_600, id="their-own-upstreams-id"),
            {"state": TaskState.SUCCEEDED, "delivered": 8, "download_expires_at": 1_700_003_600_000_000},
        ),
        (
            video(status="failed", error={"code": "video_generation_failed", "message": "GPU on fire"}),
            {"state": TaskState.FAILED, "failure_code": "video_generation_failed", "failure_reason": "GPU on fire"},
        ),
        ((404, error("Video 'video_1' not found")), {"state": TaskState.UNKNOWN, "raw_state": "not_found"}),
        ((404, "<html>404</html>"), {"state": TaskState.UNKNOWN, "raw_state": "not_found"}),
        ((410, b""), {"state": TaskState.UNKNOWN, "raw_state": "not_found"}),
    ],
)
async def test_a_poll_says_how_the_task_stands(answer: Any, expected: dict[str, Any], videos: VideoUpstream) -> None:
    verdict = await polled(videos, answer)
    assert {name: getattr(verdict, name) for name in expected} == expected
    assert verdict.upstream_task_id == "video_1"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ((401, error()), Meaning.NOT_ALLOWED),
        ((429, error()), Meaning.BUSY),
        ((500, error()), Meaning.FAILED),
        ("<html>maintenance</html>", Meaning.UNREADABLE),
        (b"\xff\xfe", Meaning.UNREADABLE),
        (b"[" * 10_000, Meaning.UNREADABLE),
        ([], Meaning.UNREADABLE),
        ("null", Meaning.UNREADABLE),
        ({}, Meaning.UNREADABLE),
        ({"id": "video_1"}, Meaning.UNREADABLE),
        (video(status=3), Meaning.UNREADABLE),
        (video(status={"state": "completed"}), Meaning.UNREADABLE),
        (video(status=""), Meaning.UNREADABLE),
        (error("try again", type="rate_limit_error"), Meaning.BUSY),
        (b" " * 2**21, Meaning.UNREADABLE),
        (writes(), Meaning.CUT),
    ],
)
async def test_a_poll_that_brings_nothing_is_no_verdict(answer: Any, meaning: Meaning, videos: VideoUpstream) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        await polled(videos, answer)
    assert caught.value.error.meaning is meaning


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"openai-poll-after-ms": "2500", "Retry-After": "9"}, 2.5),
        ({"retry-after-ms": "300"}, 0.3),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "Tue, 14 Nov 2023 22:14:20 GMT"}, 60.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"Retry-After": "999999999"}, 3_600),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"openai-poll-after-ms": "1e9"}, None),
        ({}, None),
    ],
)
async def test_an_upstream_says_for_how_long_to_leave_it_alone(
    headers: dict[str, str], seconds: float | None, videos: VideoUpstream
) -> None:
    verdict = await polled(videos, says(video(), **headers))
    with pytest.raises(UpstreamFailed) as caught:
        await polled(videos, says((429, error()), **headers))
    assert (verdict.retry_after, caught.value.retry_after) == (seconds, seconds)


async def test_an_id_stays_one_part_of_the_address(videos: VideoUpstream) -> None:
    async with odd_videos(video()) as upstream:
        await videos.poll(upstream.route(), "a/../b?c=1#d%2F")
    assert upstream.paths == ["/v1/videos/a%2F..%2Fb%3Fc%3D1%23d%252F"]


async def test_a_question_that_a_closed_connection_swallowed_is_asked_again(videos: VideoUpstream) -> None:
    async def answer_and_close(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n" + b'{"status":"queued"}')
        request.transport.close()
        return web.Response()

    async with odd_videos(answer_and_close, video(status="completed")) as upstream:
        first = await videos.poll(upstream.route(), "video_1")
        second = await videos.poll(upstream.route(), "video_1")
    assert [first.state, second.state] == [TaskState.QUEUED, TaskState.SUCCEEDED]


# -- cancelling and deleting -------------------------------------------------------------------------------------


async def test_cancelling_gives_how_the_task_stands_then(videos: VideoUpstream) -> None:
    async with odd_videos(video(status="canceled")) as upstream:
        verdict = await videos.cancel(upstream.route(), "video_1")
    assert (verdict.state, upstream.paths) == (TaskState.CANCELLED, ["/v1/videos/video_1/cancel"])
    assert [(asked.method, asked.body) for asked in upstream.asked] == [("POST", b"{}")]
    for silent in ((204, b""), (200, {}), (200, "OK")):
        async with odd_videos(silent, video(status="cancelled")) as upstream:
            verdict = await videos.cancel(upstream.route(), "video_1")
        assert verdict.state is TaskState.CANCELLED
        assert upstream.paths == ["/v1/videos/video_1/cancel", "/v1/videos/video_1"]


@pytest.mark.parametrize(
    "answer", [(404, b""), (405, b""), (501, b""), (409, error("It has ended.")), (400, error("It has ended."))]
)
async def test_a_task_that_an_upstream_does_not_cancel_says_so(answer: Any, videos: VideoUpstream) -> None:
    async with odd_videos(answer) as upstream:
        with pytest.raises(NotCancellable) as caught:
            await videos.cancel(upstream.route(), "video_1")
    assert caught.value.code == "task_not_cancellable"


@pytest.mark.parametrize(
    ("answer", "is_definite"),
    [((500, error()), False), (writes(), False), (error("no", type="server_error"), False), ((401, error()), True)],
)
async def test_a_cancellation_that_fails_is_neither_yes_nor_no(
    answer: Any, is_definite: bool, videos: VideoUpstream
) -> None:
    async with odd_videos(answer) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            await videos.cancel(upstream.route(), "video_1")
    assert caught.value.is_definite is is_definite


async def test_what_is_deleted_or_gone_is_deleted(videos: VideoUpstream) -> None:
    for answer in ({"id": "video_1", "object": "video.deleted", "deleted": True}, (204, b""), (404, b""), (410, b"")):
        async with odd_videos(answer) as upstream:
            await videos.delete(upstream.route(), "video_1")
        assert [(asked.method, asked.path) for asked in upstream.asked] == [("DELETE", "/v1/videos/video_1")]
    for answer in ({"deleted": False}, (405, b""), (500, error()), error("no")):
        async with odd_videos(answer) as upstream:
            with pytest.raises(UpstreamFailed):
                await videos.delete(upstream.route(), "video_1")
