"""Finding a task that an upstream may have, through its list, and fetching what it has made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from counterfoil.foundation.clock import ManualClock
from counterfoil.spend.upstream_errors import Meaning
from counterfoil.tasks import exchange
from counterfoil.tasks.exchange import UpstreamFailed
from counterfoil.tasks.model import TaskState
from counterfoil.tasks.upstream import DownloadExpired, VideoUpstream
from tasks.odd_videos import error, odd_videos, says, video, writes

TASK = UUID("01890000-0000-7000-8000-000000000001")
SHOWN = f"task_{TASK.hex}"
SECOND = 1_000_000
CREATED = 1_700_000_000 * SECOND


@pytest.fixture
async def videos(clock: ManualClock) -> AsyncIterator[VideoUpstream]:
    async with aiohttp.ClientSession() as session:
        yield VideoUpstream(session, clock)


def page(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(items), "has_more": True, **fields}


def others(first: int, count: int, *, at: int = 1_700_000_100) -> list[dict[str, Any]]:
    return [video(id=f"video_{first + number}", created_at=at - number) for number in range(count)]


# -- finding -----------------------------------------------------------------------------------------------------


async def test_a_lost_task_is_found_by_our_id_on_whichever_page(videos: VideoUpstream) -> None:
    ours = video(id="video_77", status="completed", client_request_id=SHOWN, created_at=1_700_000_001)
    pages = [
        page(*others(0, 3), last_id="video_2"),
        page(*others(3, 3), "not a video", None, {"id": None, "client_request_id": SHOWN}),
        page(*others(6, 2), ours, has_more=False),
    ]
    async with odd_videos(*pages) as upstream:
        verdict = await videos.find(upstream.route(), TASK, CREATED)
    assert verdict is not None
    assert (verdict.upstream_task_id, verdict.state, verdict.delivered) == ("video_77", TaskState.SUCCEEDED, 8)
    assert upstream.paths == [
        "/v1/videos?limit=100&order=desc",
        "/v1/videos?limit=100&order=desc&after=video_2",
        "/v1/videos?limit=100&order=desc&after=video_5",
    ]


async def test_our_id_may_be_kept_under_metadata(videos: VideoUpstream) -> None:
    kept = video(id="video_9", metadata={"client_request_id": SHOWN})
    async with odd_videos(page(video(metadata="none"), kept)) as upstream:
        verdict = await videos.find(upstream.route(), TASK, CREATED)
    assert verdict is not None
    assert verdict.upstream_task_id == "video_9"


async def test_nothing_is_looked_through_that_is_older_than_the_task(videos: VideoUpstream) -> None:
    just_before = others(0, 3, at=1_699_999_990)
    older = others(3, 3, at=1_699_999_900)
    async with odd_videos(page(*just_before), page(*older), page(video(client_request_id=SHOWN))) as upstream:
        assert await videos.find(upstream.route(), TASK, CREATED) is None
    # Their clock may be a minute behind ours.
    assert len(upstream.paths) == 2


async def test_an_upstream_without_an_order_is_looked_through_too(videos: VideoUpstream) -> None:
    mixed = page(*others(0, 1, at=1_600_000_000), *others(1, 1), last_id="video_1")
    async with odd_videos(mixed, page(video(id="video_5", client_request_id=SHOWN))) as upstream:
        found = await videos.find(upstream.route(), TASK, CREATED)
    assert found is not None
    assert found.upstream_task_id == "video_5"


async def test_a_list_without_end_is_left_after_ten_pages(videos: VideoUpstream) -> None:
    pages = [page(*others(number * 10, 2), last_id=f"video_{number}") for number in range(30)]
    async with odd_videos(*pages) as upstream:
        assert await videos.find(upstream.route(), TASK, CREATED) is None
    assert len(upstream.paths) == 10


async def test_a_list_that_gives_the_same_page_again_is_left(videos: VideoUpstream) -> None:
    async with odd_videos(page(*others(0, 3))) as upstream:
        assert await videos.find(upstream.route(), TASK, CREATED) is None
    assert len(upstream.paths) == 2


@pytest.mark.parametrize(
    "answer",
    [
        page(),
        page(*others(0, 3), has_more=False),
        page({"created_at": 1_700_000_100}),
        page(video(client_request_id=SHOWN + "0"), video(client_request_id=[SHOWN]), has_more=False),
        (404, error("Unknown request URL")),
        (405, b""),
        (501, b""),
    ],
)
async def test_what_is_not_listed_is_not_found(answer: Any, videos: VideoUpstream) -> None:
    async with odd_videos(answer) as upstream:
        assert await videos.find(upstream.route(), TASK, CREATED) is None


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ({"data": None}, Meaning.UNREADABLE),
        ({"data": {"id": "video_1"}}, Meaning.UNREADABLE),
        ([video(client_request_id=SHOWN)], Meaning.UNREADABLE),
        ("<html></html>", Meaning.UNREADABLE),
        ((401, error()), Meaning.NOT_ALLOWED),
        ((500, error()), Meaning.FAILED),
        (error("later", type="rate_limit_error"), Meaning.BUSY),
        (writes(), Meaning.CUT),
    ],
)
async def test_a_list_that_cannot_be_read_is_not_an_empty_one(
    answer: Any, meaning: Meaning, videos: VideoUpstream
) -> None:
    async with odd_videos(answer) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            await videos.find(upstream.route(), TASK, CREATED)
    assert caught.value.error.meaning is meaning


# -- downloading -------------------------------------------------------------------------------------------------


def film(content: bytes, content_type: str = "video/mp4", **headers: str) -> Any:
    async def send(_: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type, headers=headers)

    return send


async def test_a_result_comes_as_it_is_sent(videos: VideoUpstream) -> None:
    content = bytes(range(256)) * 4_096
    async with odd_videos(film(content)) as upstream:
        async with videos.content(upstream.route(), "video_1") as found:
            chunks = [chunk async for chunk in found.chunks]
        async with videos.content(upstream.route(), "video_1", "thumbnail") as thumbnail:
            assert thumbnail.length == len(content)
    assert (found.status, found.content_type, found.length) == (200, "video/mp4", len(content))
    assert b"".join(chunks) == content
    assert len(chunks) > 1
    assert upstream.paths == ["/v1/videos/video_1/content", "/v1/videos/video_1/content?variant=thumbnail"]


async def test_a_result_of_unknown_length_is_whole_all_the_same(videos: VideoUpstream) -> None:
    async def send(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"frames")
        return response

    async with odd_videos(send) as upstream, videos.content(upstream.route(), "video_1") as found:
        content = b"".join([chunk async for chunk in found.chunks])
    assert (found.length, found.content_type, content) == (None, "application/octet-stream", b"frames" * 3)


@pytest.mark.parametrize(
    "answer",
    [
        (404, error("Video not found")),
        (410, b""),
        (400, error("The video has expired", code="video_expired")),
        (409, error("expired", code="expired")),
        (200, error("This asset expired", type="invalid_request_error")),
    ],
)
async def test_a_result_that_is_there_no_longer_has_expired(answer: Any, videos: VideoUpstream) -> None:
    async with odd_videos(answer) as upstream:
        with pytest.raises(DownloadExpired) as caught:
            async with videos.content(upstream.route(), "video_1"):
                raise AssertionError("nothing to open")
    assert caught.value.code == "download_expired"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ((401, error("Your API key has expired")), Meaning.NOT_ALLOWED),
        ((402, error("Your plan has expired")), Meaning.OUT_OF_MONEY),
        ((400, error("Video is not ready yet")), Meaning.CALLERS_FAULT),
        ((302, b""), Meaning.MISCONFIGURED),
        ((503, "<html></html>"), Meaning.BUSY),
        ("<html>login</html>", Meaning.UNREADABLE),
        (video(), Meaning.UNREADABLE),
        ((202, b""), Meaning.UNREADABLE),
        (writes(), Meaning.CUT),
    ],
)
async def test_what_is_no_result_is_not_handed_on(answer: Any, meaning: Meaning, videos: VideoUpstream) -> None:
    async with odd_videos(answer) as upstream:
        with pytest.raises(UpstreamFailed) as caught:
            async with videos.content(upstream.route(), "video_1"):
                raise AssertionError("nothing to open")
    assert caught.value.error.meaning is meaning


async def test_a_result_that_breaks_off_says_so(videos: VideoUpstream) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000\r\n\r\n"
    async with (
        odd_videos(writes(head, b"half of it")) as upstream,
        videos.content(upstream.route(), "video_1") as found,
    ):
        received = await anext(found.chunks)
        with pytest.raises(UpstreamFailed) as caught:
            await anext(found.chunks)
    assert (received, caught.value.error.meaning) == (b"half of it", Meaning.CUT)


async def test_a_result_that_never_ends_or_falls_silent_is_given_up(
    videos: VideoUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SILENCE_SECONDS_MAX", 0.05)
    monkeypatch.setattr(exchange, "CONTENT_BYTES_MAX", 1_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000\r\n\r\n"
    meanings = []
    for answer in (writes(head, b"half", then="stay silent"), film(b"frame" * 201)):
        async with odd_videos(answer) as upstream, videos.content(upstream.route(), "video_1") as found:
            with pytest.raises(UpstreamFailed) as caught:
                _ = [chunk async for chunk in found.chunks]
        meanings.append(caught.value.error.meaning)
    assert meanings == [Meaning.TIMED_OUT, Meaning.UNREADABLE]


async def test_a_download_that_is_given_up_does_not_hold_the_upstream_or_the_next_question(
    videos: VideoUpstream,
) -> None:
    async with odd_videos(film(b"frames" * 2_000_000), says(video())) as upstream:
        async with videos.content(upstream.route(), "video_1") as found:
            first = await anext(found.chunks)
        verdict = await videos.poll(upstream.route(), "video_1")
    assert first.startswith(b"frames")
    assert verdict.state is TaskState.QUEUED
    assert upstream.asked[0].port != upstream.asked[1].port
