"""Videos: their lives, as OpenAI's client and a poller see them."""

from __future__ import annotations

import http.client
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from counterfoil.sandbox.media_files import png
from counterfoil.sandbox.process import SandboxProcess

VIDEO: dict[str, Any] = {"model": "sandbox-video", "prompt": "waves", "seconds": "8", "size": "1280x720"}
# Nothing happens by itself while a test looks.
FOREVER = "600000"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def make(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a video with directives in its prompt, and gives its id."""

    def create(**directives: object) -> str:
        written = " ".join(f"{name}={value}" for name, value in directives.items())
        prompt = f"waves [sandbox {written}]" if written else "waves"
        answer = call("POST", "/v1/videos", {**VIDEO, "prompt": prompt})
        assert answer.status == 200
        video_id: str = answer.json["id"]
        return video_id

    return create


@pytest.fixture
def wait_for(call: Callable[..., Any], wait_until: Callable[..., Any]) -> Callable[..., Any]:
    """A function that polls a video until it has a status, and gives it as it is then."""

    def wait(video_id: str, status: str) -> Any:
        def seen() -> Any:
            video = call("GET", f"/v1/videos/{video_id}").json
            return video if video["status"] == status else None

        return wait_until(seen)

    return wait


def boxes(film: bytes) -> dict[bytes, bytes]:
    """The boxes of an MP4 file, which fill it to its end."""
    found, place = {}, 0
    while place < len(film):
        size, kind = struct.unpack(">I4s", film[place : place + 8])
        found[kind] = film[place + 8 : place + size]
        place += size
    assert place == len(film)
    return found


def test_openais_client_makes_a_video_and_takes_it_away(sandbox: SandboxProcess, openai_client: openai.OpenAI) -> None:
    queued = openai_client.videos.create(**VIDEO, extra_headers={"x-client-request-id": "task_7"})
    assert (queued.object, queued.status, queued.progress) == ("video", "queued", 0)
    assert (queued.seconds, queued.size, queued.prompt) == ("8", "1280x720", "waves")
    assert queued.expires_at is None

    done = openai_client.videos.poll(queued.id, poll_interval_ms=20)
    assert (done.status, done.progress, done.error) == ("completed", 100, None)
    assert done.completed_at is not None
    assert done.completed_at >= done.created_at
    assert done.expires_at == pytest.approx(done.completed_at + 3600, abs=1)
    # The prompt is not kept.
    assert done.prompt is None

    film = boxes(openai_client.videos.download_content(queued.id).read())
    assert film.keys() == {b"ftyp", b"mdat", b"moov"}
    # The header of the film: after version and two times, the ticks per second and the ticks.
    assert struct.unpack(">II", film[b"moov"][20:28]) == (1000, 8000)

    assert [video.id for video in openai_client.videos.list()] == [queued.id]
    deleted = openai_client.videos.delete(queued.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (queued.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError):
        openai_client.videos.retrieve(queued.id)
    assert list(openai_client.videos.list()) == []
    (task,) = sandbox.tasks()
    assert (task["downloads"], task["deleted_at"] > task["ended_at"]) == (1, True)
    assert task["client_request_id"] == "task_7"


def test_a_form_with_a_reference_makes_a_video_too(openai_client: openai.OpenAI, sandbox: SandboxProcess) -> None:
    video = openai_client.videos.create(
        **VIDEO,
        input_reference=("start.png", png(), "image/png"),
        extra_body={"metadata": {"sandbox_outcome": "stuck"}},
    )

    assert video.seconds == "8"
    assert [task["outcome"] for task in sandbox.tasks()] == ["stuck"]


def test_what_a_video_is_by_default(call: Callable[..., Any]) -> None:
    video = call("POST", "/v1/videos", {"prompt": "waves"}).json

    assert (video["model"], video["seconds"], video["size"]) == ("sora-2", "4", "720x1280")
    assert "client_request_id" not in video
    named = call("POST", "/v1/videos", {"prompt": "waves"}, x_client_request_id="task_9", x_request_id="other").json
    assert named["client_request_id"] == "task_9"


@pytest.mark.parametrize("seconds", ["4", "12", 8, "1", "60"])
def test_seconds_are_those_that_were_asked(call: Callable[..., Any], seconds: object) -> None:
    assert call("POST", "/v1/videos", {**VIDEO, "seconds": seconds}).json["seconds"] == str(seconds)


def test_progress_rises_and_never_falls(
    sandbox: SandboxProcess, make: Callable[..., str], wait_for: Callable[..., Any], call: Callable[..., Any]
) -> None:
    video_id = make(queue_ms=0, after_ms=300)
    wait_for(video_id, "in_progress")
    seen = []
    while (video := call("GET", f"/v1/videos/{video_id}").json)["status"] == "in_progress":
        seen.append(video["progress"])

    assert seen == sorted(seen)
    assert all(1 <= progress <= 99 for progress in seen)
    assert video["progress"] == 100
    (task,) = sandbox.tasks()
    assert task["created_at"] <= task["started_at"] <= task["ended_at"]


def test_a_video_can_fail_with_a_reason(make: Callable[..., str], wait_for: Callable[..., Any]) -> None:
    plain = wait_for(make(outcome="failed", after_ms=0), "failed")
    assert plain["error"] == {"code": "video_generation_failed", "message": "The video could not be generated."}
    told = make(outcome="failed", after_ms=0, error_code="moderation_blocked", error_message='"not this"')
    failed = wait_for(told, "failed")
    assert failed["error"] == {"code": "moderation_blocked", "message": "not this"}
    assert failed["completed_at"] is None


def test_a_provider_may_cancel_a_video_itself(
    sandbox: SandboxProcess, make: Callable[..., str], wait_for: Callable[..., Any]
) -> None:
    wait_for(make(outcome="cancelled", after_ms=0), "cancelled")

    assert [task["cancelled_at"] for task in sandbox.tasks()] == [None]
    assert sandbox.bill()["rows"] == []


def test_a_stuck_video_is_never_done(
    make: Callable[..., str], wait_for: Callable[..., Any], call: Callable[..., Any]
) -> None:
    video_id = make(outcome="stuck", queue_ms=0, after_ms=1)
    assert wait_for(video_id, "in_progress")["progress"] >= 1
    assert all(call("GET", f"/v1/videos/{video_id}").json["progress"] <= 50 for _ in range(20))


def test_a_lost_video_is_found_nowhere(
    sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any]
) -> None:
    video_id = make(outcome="lost")

    assert call("GET", f"/v1/videos/{video_id}").status == 404
    assert call("GET", f"/v1/videos/{video_id}/content").status == 404
    assert call("POST", f"/v1/videos/{video_id}/cancel").status == 404
    assert call("GET", "/v1/videos").json["data"] == []
    assert [(task["polls"], task["lost"]) for task in sandbox.tasks()] == [(1, True)]


def test_another_keys_video_is_found_nowhere(make: Callable[..., str], call: Callable[..., Any]) -> None:
    video_id = make(after_ms=FOREVER)
    other = {"authorization": "Bearer backup-key"}

    assert call("GET", f"/v1/videos/{video_id}", **other).status == 404
    assert call("DELETE", f"/v1/videos/{video_id}", **other).status == 404
    assert call("GET", "/v1/videos", **other).json["data"] == []
    assert call("GET", f"/v1/videos/{video_id}", authorization="Bearer wrong").status == 401
    assert call("GET", f"/v1/videos/{video_id}").status == 200


def test_the_list_is_paged_in_either_order(openai_client: openai.OpenAI, make: Callable[..., str]) -> None:
    ids = [make(after_ms=FOREVER) for _ in range(5)]

    page = openai_client.videos.list(limit=2)
    assert [video.id for video in page.data] == [ids[4], ids[3]]
    assert (page.has_more, page.last_id) == (True, ids[3])
    assert [video.id for video in page] == ids[::-1]
    assert [video.id for video in openai_client.videos.list(limit=3, order="asc")] == ids
    last = openai_client.videos.list(order="asc", after=ids[3])
    assert ([video.id for video in last.data], last.has_more) == ([ids[4]], False)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=up", "after=video_none"])
def test_a_list_that_is_not_understood_is_refused(call: Callable[..., Any], query: str) -> None:
    assert call("GET", f"/v1/videos?{query}").status == 400


def test_a_repeated_idempotency_key_gives_the_same_video(
    sandbox: SandboxProcess, call: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    body = {**VIDEO, "prompt": f"waves [sandbox after_ms={FOREVER}]"}
    first = call("POST", "/v1/videos", body, idempotency_key="task_1").json
    again = call("POST", "/v1/videos", body, idempotency_key="task_1").json
    other = call("POST", "/v1/videos", body, idempotency_key="task_2").json
    of_other_key = call("POST", "/v1/videos", body, idempotency_key="task_1", authorization="Bearer backup-key").json

    assert first["id"] == again["id"]
    assert len({first["id"], other["id"], of_other_key["id"]}) == 3
    assert [task["repeats"] for task in sandbox.tasks()] == [1, 0, 0]
    assert [task["api_key"] for task in sandbox.tasks(key="backup")] == ["backup"]
    wait_until(lambda: sandbox.tasks()[0]["status"] == "in_progress")
    assert call("POST", "/v1/videos", body, idempotency_key="task_1").json["status"] == "in_progress"
    assert call("POST", "/v1/videos", body, idempotency_key="x" * 256).status == 400


def test_two_calls_at_once_with_one_idempotency_key_make_one_video(
    sandbox: SandboxProcess, call: Callable[..., Any]
) -> None:
    sandbox.use_rules([{"ask": {"latency_ms": 100}, "endpoint": "videos"}])
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(call, "POST", "/v1/videos", VIDEO, idempotency_key="task_1") for _ in range(4)]
        ids = {each.result().json["id"] for each in calls}

    assert ids == {task["id"] for task in sandbox.tasks()}
    assert [task["repeats"] for task in sandbox.tasks()] == [3]


@pytest.mark.parametrize("ask", [{"hang": 1}, {"answer_ms": FOREVER}, {"fail": "timeout"}])
def test_an_answer_may_never_come_and_the_video_is_made_all_the_same(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, call: Callable[..., Any], ask: dict[str, Any]
) -> None:
    ((name, value),) = ask.items()
    body = {**VIDEO, "prompt": f"waves [sandbox {name}={value}]"}
    headers = {"idempotency-key": "task_1", "x-client-request-id": "task_1"}
    with pytest.raises(openai.APITimeoutError):
        openai_client.with_options(timeout=0.2).videos.create(**body, extra_headers=headers)

    (found,) = call("GET", "/v1/videos").json["data"]
    assert found["client_request_id"] == "task_1"
    # Who asks again is told at once.
    assert openai_client.videos.create(**body, extra_headers=headers).id == found["id"]
    assert len(sandbox.tasks()) == 1


@pytest.mark.parametrize("ask", ["hang=1 answer_ms=0", "fail=cut:0", "fail=cut:50"])
def test_a_connection_may_be_cut_and_the_video_is_made_all_the_same(
    sandbox: SandboxProcess, call: Callable[..., Any], ask: str
) -> None:
    with pytest.raises(http.client.IncompleteRead):
        call("POST", "/v1/videos", {**VIDEO, "prompt": f"[sandbox {ask}]"})

    assert len(sandbox.tasks()) == 1


def test_a_late_answer_shows_the_video_as_it_is_then(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    answer = call("POST", "/v1/videos", {**VIDEO, "prompt": "[sandbox answer_ms=300 after_ms=1]"})

    assert answer.json["status"] == "completed"
    assert sandbox.bill()["units"] == {"sandbox-video": {"second:1280x720": 8}}


@pytest.mark.parametrize(
    ("fail", "status", "made"),
    [
        ("status:503", 503, 0),
        ("status:500,billed", 500, 1),
        ("out_of_money", 429, 0),
        ("timeout:5", 200, 1),
        ("timeout:5,unbilled", 504, 0),
        ("slow_first_byte:5", 200, 1),
        ("garbage", 200, 1),
        ("empty", 200, 1),
        ("wrong_content_type", 200, 1),
        ("no_usage", 200, 1),
    ],
)
def test_a_video_that_could_not_be_asked_for_may_have_been_made(
    sandbox: SandboxProcess, call: Callable[..., Any], fail: str, status: int, made: int
) -> None:
    answer = call("POST", "/v1/videos", {**VIDEO, "metadata": {"sandbox_fail": fail}})

    assert answer.status == status
    assert len(sandbox.tasks()) == made
    assert sum(sandbox.bill()["failures"].values()) == 1


def test_a_call_that_waits_before_it_is_read_makes_nothing_for_who_leaves(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, call: Callable[..., Any]
) -> None:
    with pytest.raises(openai.APITimeoutError):
        openai_client.with_options(timeout=0.2).videos.create(**VIDEO, extra_headers={"x-sandbox-latency-ms": FOREVER})

    assert sandbox.tasks() == []
    assert call("POST", "/v1/videos", VIDEO, x_sandbox_latency_ms="1").status == 200


def test_the_first_polls_may_fail(sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any]) -> None:
    video_id = make(poll_status=503, poll_times=3)
    polls = [call("GET", f"/v1/videos/{video_id}") for _ in range(5)]

    assert [poll.status for poll in polls] == [503, 503, 503, 200, 200]
    assert polls[0].headers["retry-after"] == "1"
    (task,) = sandbox.tasks()
    assert task["polls"] == len(task["polled_at"]) == 5
    assert task["polled_at"] == sorted(task["polled_at"])


def test_a_rule_may_let_polls_fail_and_leave_the_rest_alone(
    sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    sandbox.use_rules([{"fail": "garbage", "endpoint": "video_polls", "model": "sandbox-*", "times": 1}])
    video_id = make()

    assert b"status" not in call("GET", f"/v1/videos/{video_id}").body
    wait_for(video_id, "completed")
    sandbox.use_rules([{"fail": "status:500", "endpoint": name} for name in ("video_lists", "video_content")])
    assert call("GET", "/v1/videos").status == 500
    assert call("GET", f"/v1/videos/{video_id}/content").status == 500
    assert call("GET", f"/v1/videos/{video_id}").status == 200
    sandbox.use_rules([{"fail": "status:500", "endpoint": "video_changes"}])
    assert call("DELETE", f"/v1/videos/{video_id}").status == 500
    # What is refused is not done.
    assert sandbox.tasks()[0]["deleted_at"] is None


def test_a_poll_may_say_when_to_come_again(make: Callable[..., str], call: Callable[..., Any], wait_for: Any) -> None:
    waiting = call("GET", f"/v1/videos/{make(poll_after_ms=700, after_ms=FOREVER)}")
    assert waiting.headers["openai-poll-after-ms"] == "700"
    video_id = make(poll_after_ms=700, after_ms=0)
    wait_for(video_id, "completed")
    assert "openai-poll-after-ms" not in call("GET", f"/v1/videos/{video_id}").headers


def test_content_is_there_between_completion_and_expiry(
    make: Callable[..., str], call: Callable[..., Any], wait_for: Callable[..., Any], wait_until: Callable[..., Any]
) -> None:
    running = call("GET", f"/v1/videos/{make(after_ms=FOREVER)}/content")
    assert (running.status, running.json["error"]["code"]) == (404, "video_not_ready")
    failed = make(outcome="failed", after_ms=0)
    wait_for(failed, "failed")
    assert call("GET", f"/v1/videos/{failed}/content").status == 404

    video_id = make(after_ms=0)
    wait_for(video_id, "completed")
    kinds = {
        variant: call("GET", f"/v1/videos/{video_id}/content?variant={variant}").headers["content-type"]
        for variant in ("video", "thumbnail", "spritesheet")
    }
    assert kinds == {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}
    assert call("GET", f"/v1/videos/{video_id}/content?variant=sound").status == 400

    expiring = make(after_ms=0, expires_ms=1)
    wait_for(expiring, "completed")
    expired = wait_until(lambda: (got := call("GET", f"/v1/videos/{expiring}/content")).status != 200 and got)
    assert (expired.status, expired.json["error"]["code"]) == (410, "video_expired")


def test_a_download_may_be_cut(make: Callable[..., str], call: Callable[..., Any], wait_for: Any) -> None:
    video_id = make(after_ms=0)
    wait_for(video_id, "completed")

    with pytest.raises(http.client.IncompleteRead):
        call("GET", f"/v1/videos/{video_id}/content", x_sandbox_fail="cut:50")


def test_a_remix_is_another_video_of_the_same_kind(
    openai_client: openai.OpenAI, make: Callable[..., str], wait_for: Any
) -> None:
    source = make(after_ms=0)
    wait_for(source, "completed")
    remix = openai_client.videos.remix(source, prompt="more waves [sandbox outcome=failed after_ms=0]")

    assert (remix.remixed_from_video_id, remix.model, remix.seconds, remix.size) == (
        source,
        "sandbox-video",
        "8",
        "1280x720",
    )
    assert wait_for(remix.id, "failed")["remixed_from_video_id"] == source
    for missing in (make(after_ms=FOREVER), "video_none"):
        with pytest.raises(openai.APIStatusError) as refused:
            openai_client.videos.remix(missing, prompt="more")
        assert refused.value.status_code == (404 if missing == "video_none" else 400)


def test_a_video_can_be_cancelled_until_it_ends(
    sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any], wait_for: Any
) -> None:
    running, ended = make(queue_ms=0, after_ms=FOREVER), make(after_ms=0)
    wait_for(running, "in_progress")
    wait_for(ended, "completed")

    for _ in range(2):
        answer = call("POST", f"/v1/videos/{running}/cancel")
        assert (answer.status, answer.json["status"]) == (200, "cancelled")
    refused = call("POST", f"/v1/videos/{ended}/cancel")
    assert (refused.status, refused.json["error"]["code"]) == (409, "video_not_cancellable")
    assert call("POST", f"/v1/videos/{make(after_ms=FOREVER, cancel_status=405)}/cancel").status == 405
    assert [task["cancelled_at"] is not None for task in sandbox.tasks()] == [True, False, False]


def test_a_test_may_bring_a_video_into_any_state(
    sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any]
) -> None:
    video_id = make(after_ms=FOREVER)

    def seen() -> Any:
        return call("GET", f"/v1/videos/{video_id}").json

    sandbox.force_task(video_id, "rendering")
    assert seen()["status"] == "rendering"
    sandbox.force_task(video_id, "failed", error={"code": "blocked", "message": "no"})
    assert (seen()["status"], seen()["error"]) == ("failed", {"code": "blocked", "message": "no"})
    sandbox.force_task(video_id, "completed")
    assert (seen()["status"], seen()["error"], seen()["progress"]) == ("completed", None, 100)
    sandbox.force_task(video_id, "lost")
    assert call("GET", f"/v1/videos/{video_id}").status == 404
    sandbox.force_task(video_id, "queued")
    assert seen()["status"] == "queued"

    assert call("POST", "/sandbox/tasks/video_none", {"status": "failed"}).status == 404
    for wrong in (
        {},
        [],
        {"status": "two words"},
        {"status": "failed", "error": "e"},
        {"status": "failed", "error": {"code": 5}},
    ):
        assert call("POST", f"/sandbox/tasks/{video_id}", wrong).status == 400


def test_rules_decide_what_becomes_of_videos(sandbox: SandboxProcess, make: Callable[..., str]) -> None:
    sandbox.use_rules(
        [
            {"ask": {"outcome": "failed", "error_code": "blocked"}, "endpoint": "videos", "every": 2},
            {"ask": {"outcome": "stuck", "after_ms": 7, "hang": False}},
        ]
    )
    for _ in range(2):
        make()
    make(outcome="lost")

    assert [task["outcome"] for task in sandbox.tasks()] == ["stuck", "failed", "lost"]


@pytest.mark.parametrize(
    "rule",
    [
        {"ask": {}},
        {"ask": "outcome"},
        {"ask": {"outcome": "lucky"}},
        {"ask": {"fail": "status:500"}},
        {"ask": {"after_ms": -1}},
        {"ask": {"after_ms": 1.5}},
        {"ask": {"after_ms": None}},
        {"ask": {"outcome": "lost"}, "fail": "status:500"},
        {"endpoint": "videos"},
    ],
)
def test_a_rule_that_is_not_understood_is_refused(call: Callable[..., Any], rule: object) -> None:
    assert call("POST", "/sandbox/rules", [rule]).status == 400


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"model": 5}, "model"),
        ({"seconds": "0"}, "seconds"),
        ({"seconds": "61"}, "seconds"),
        ({"seconds": "four"}, "seconds"),
        ({"seconds": 4.5}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"size": "720p"}, "size"),
        ({"size": "9x16"}, "size"),
        ({"metadata": {"sandbox_outcome": "lucky"}}, "sandbox_outcome"),
        ({"metadata": {"sandbox_poll_status": "200"}}, "sandbox_poll_status"),
        ({"metadata": {"sandbox_images": "1"}}, "sandbox_images"),
        ({"metadata": {"sandbox_fail": "explode"}}, "sandbox_fail"),
        ({"prompt": "[sandbox outcome=failed often=1]"}, "sandbox_often"),
    ],
)
def test_a_video_that_cannot_be_made_is_refused(
    sandbox: SandboxProcess, call: Callable[..., Any], change: dict[str, Any], param: str
) -> None:
    answer = call("POST", "/v1/videos", {**VIDEO, **change})

    assert (answer.status, answer.json["error"]["param"]) == (400, param)
    assert sandbox.tasks() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/videos"),
        ("GET", "/v1/videos/"),
        ("GET", "/v1/videos/a/b/c"),
        ("POST", "/v1/videos/a/content"),
        ("GET", "/v1/images/generations"),
        ("POST", "/v1/audio/translations"),
        ("GET", "/v1/videos/video_none"),
    ],
)
def test_what_is_not_there_is_a_404(call: Callable[..., Any], method: str, path: str) -> None:
    assert call(method, path, VIDEO).status == 404


def test_words_in_brackets_that_are_no_directive_are_a_prompt(call: Callable[..., Any]) -> None:
    for prompt in ("a [sandbox] in the sun", "[sandbox at noon]", "[Sandbox outcome=failed]"):
        assert call("POST", "/v1/videos", {**VIDEO, "prompt": prompt}).status == 200


def test_only_the_configured_models_make_media() -> None:
    with (
        SandboxProcess({"models": ["sandbox-video"]}) as process,
        openai.OpenAI(base_url=process.base_url, api_key="sandbox-key", max_retries=0) as client,
    ):
        assert client.videos.create(**VIDEO).model == "sandbox-video"
        for refused in (
            lambda: client.videos.create(prompt="waves"),
            lambda: client.images.generate(model="sandbox-image", prompt="a boat"),
        ):
            with pytest.raises(openai.NotFoundError) as missing:
                refused()
            assert missing.value.code == "model_not_found"


def test_a_reset_forgets_videos(sandbox: SandboxProcess, make: Callable[..., str], call: Callable[..., Any]) -> None:
    video_id = make(after_ms=0)
    sandbox.reset()

    assert sandbox.tasks() == []
    assert call("GET", f"/v1/videos/{video_id}").status == 404


def test_nothing_of_a_prompt_is_kept(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    call("POST", "/v1/videos", {**VIDEO, "prompt": "planted-words"})
    call("POST", "/v1/videos", {**VIDEO, "prompt": "planted-words", "seconds": "x"})

    kept = str(sandbox.tasks()) + str(sandbox.bill()) + str(sandbox.callbacks()) + sandbox.said()
    assert "planted" not in kept + call("GET", "/v1/videos").body.decode()


def test_it_stops_with_videos_and_callers_that_wait() -> None:
    with SandboxProcess() as process:
        body = b'{"prompt": "[sandbox hang=1 outcome=stuck]"}'
        connection = socket.create_connection(("127.0.0.1", process.port))
        connection.sendall(
            b"POST /v1/videos HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sandbox-key\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        while not process.tasks():
            time.sleep(0.01)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", process.port))
    connection.close()
