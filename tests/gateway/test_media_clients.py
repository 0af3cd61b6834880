"""The official client makes pictures, videos and sounds as it would at OpenAI: what it gets, and what it costs."""

from __future__ import annotations

import openai
import pytest

from counterfoil.foundation.ids import read_id
from counterfoil.sandbox.media_files import mp3
from counterfoil.tasks.model import DownloadState, TaskState
from gateway.media import FILM_NANOS, JPEG, PNG, wav
from gateway.shop import NANOS, OpenShop, Shop

# OpenAI has announced the end of its own videos; many others speak their protocol.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

QUICK = "Waves at night [sandbox after_ms=300]"


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop(polls=True)


async def test_a_video_is_made_polled_downloaded_and_deleted(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        video = await client.videos.create(model="film", prompt=QUICK, seconds="8", size="1280x720")
        assert (video.object, video.status, video.model) == ("video", "queued", "film")
        assert (video.seconds, video.size, video.prompt, video.progress) == ("8", "1280x720", None, 0)
        assert video.id.startswith("task_")
        assert await shop.balance(customer) == (10 * NANOS, FILM_NANOS)

        done = await client.videos.poll(video.id, poll_interval_ms=50)
        assert (done.id, done.status, done.progress, done.error) == (video.id, "completed", 100, None)
        assert done.completed_at
        assert done.expires_at
        assert await shop.balance(customer) == (10 * NANOS - FILM_NANOS, 0)

        content = await client.videos.download_content(video.id)
        assert b"ftyp" in content.read()[:16]
        assert [each.id async for each in client.videos.list(limit=1)] == [video.id]
        deleted = await client.videos.delete(video.id)
        assert (deleted.id, deleted.deleted, deleted.object) == (video.id, True, "video.deleted")
        with pytest.raises(openai.APIStatusError) as gone:
            await client.videos.download_content(video.id)
        assert (gone.value.status_code, gone.value.code) == (410, "download_expired")
        # What was made is still on record, with what it has cost.
        assert (await client.videos.retrieve(video.id)).status == "completed"
    task = await shop.services.tasks.find(read_id("task", video.id))
    assert (task.state, task.charge_mark, task.charged_nanos) == (TaskState.SUCCEEDED, "charged", FILM_NANOS)
    assert (task.download_state, task.aspect_ratio, task.duration_seconds) == (DownloadState.DELETED, "16:9", 8)
    assert task.downloaded_at
    assert shop.sandbox.bill()["rows"][0]["request_id"] == video.id


async def test_a_video_begins_with_a_picture_and_is_made_anew(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        first = await client.videos.create_and_poll(
            model="film", prompt=QUICK, seconds="4", input_reference=("start.jpg", JPEG), poll_interval_ms=50
        )
        assert first.status == "completed"
        second = await client.videos.remix(first.id, prompt="Now in the morning [sandbox after_ms=300]")
        assert (second.remixed_from_video_id, second.seconds, second.size) == (first.id, "4", "720x1280")
        assert (await client.videos.poll(second.id, poll_interval_ms=50)).status == "completed"
        with pytest.raises(openai.ConflictError):
            await client.videos.remix((await client.videos.create(model="film", prompt=QUICK)).id, prompt="Again")
    reference = await shop.services.tasks.find(read_id("task", first.id))
    assert (reference.input_type, reference.reference_images) == ("text_and_image", 1)
    assert (await shop.services.tasks.find(read_id("task", second.id))).remixed_from == reference.task_id


async def test_a_failed_video_costs_nothing_and_says_why(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        video = await client.videos.create_and_poll(
            model="film", prompt="Waves [sandbox after_ms=100 outcome=failed error_code=moderation_blocked]",
            seconds="8", poll_interval_ms=50,
        )  # fmt: skip
    assert video.status == "failed"
    assert video.error
    assert video.error.code == "moderation_blocked"
    assert await shop.balance(customer) == (10 * NANOS, 0)
    assert (await shop.services.tasks.find(read_id("task", video.id))).charge_mark == "not_charged"


async def test_pictures_are_charged_by_size_and_quality(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        answer = await client.images.with_raw_response.generate(
            model="picture", prompt="A lighthouse", n=3, size="1024x1024", quality="low"
        )
        made = answer.parse()
        assert made.data
        assert len(made.data) == 3
        assert made.data[0].b64_json
        tokens = made.usage.input_tokens if made.usage else 0
    task_id = read_id("task", answer.headers["x-counterfoil-task"])
    task = await shop.services.tasks.find(task_id)
    assert task.charged_nanos == 3 * 10_000_000 + tokens * 5_000
    assert answer.headers["x-counterfoil-charge"].endswith(" USD")
    assert (task.state, task.direct, task.count, task.delivered) == (TaskState.SUCCEEDED, True, 3, 3)
    assert (task.resolution, task.quality, task.input_type) == ("1024x1024", "low", "text")
    assert [event.state for event in task.events] == [TaskState.SUBMITTED, TaskState.SUCCEEDED]
    assert await shop.balance(customer) == (10 * NANOS - task.charged_nanos, 0)


async def test_pictures_are_edited_with_a_mask(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        one = await client.images.edit(model="picture", image=("a.png", PNG), mask=("m.png", PNG), prompt="A moon")
        two = await client.images.edit(model="picture", image=[("a.png", PNG), ("b.jpg", JPEG)], prompt="Both")
        assert one.data
        assert two.data
    tasks = await shop.services.tasks.list(account_id=customer.account_id)
    assert [(task.reference_images, task.input_type) for task in tasks] == [
        (2, "text_and_image"),
        (1, "text_and_image"),
    ]
    # The dearest that `auto` may mean was held, and the medium square that came is charged, with what it has read.
    assert all(task.held_nanos > 250_000_000 and 40_000_000 < task.charged_nanos < 50_000_000 for task in tasks)


async def test_speech_is_charged_by_the_character(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        spoken = await client.audio.speech.create(model="voice", voice="alloy", input="早上好, everybody")
        assert spoken.read() == mp3()
        assert spoken.response.headers["content-type"] == "audio/mpeg"
    (task,) = await shop.services.tasks.list(account_id=customer.account_id)
    assert (task.charged_nanos, task.held_nanos) == (14 * 15_000, 14 * 15_000)


async def test_a_transcription_is_charged_by_the_second(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        text = await client.audio.transcriptions.create(model="scribe", file=("talk.wav", wav(7)))
        assert "sandbox" in text.text
        lines = await client.audio.transcriptions.create(
            model="scribe", file=("talk.wav", wav(7)), response_format="vtt"
        )
        assert lines.startswith("WEBVTT")
    plain, told = await shop.services.tasks.list(account_id=customer.account_id)
    assert (told.charged_nanos, told.delivered, told.input_type) == (7 * 100_000, 7, "audio")
    # Nobody tells how long a plain text was: what its header says is charged, as an estimate.
    assert plain.charged_nanos == 7 * 100_000
    assert (await shop.view(plain.task_id)).estimated
    assert not (await shop.view(told.task_id)).estimated


async def test_the_client_asks_no_more_often_than_it_is_told(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer) as client:
        created = await client.videos.with_raw_response.create(model="film", prompt="Waves [sandbox outcome=stuck]")
        found = await client.videos.with_raw_response.retrieve(created.parse().id)
        for answer in (created, found):
            assert 1_000 <= int(answer.headers["openai-poll-after-ms"]) <= 30_000
