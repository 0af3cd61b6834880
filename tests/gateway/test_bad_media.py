"""Bad input for pictures, videos and sounds on the wire: a clear error each, recorded, and no money moved."""

from __future__ import annotations

from typing import Any

from counterfoil.spend.model import Dialect
from gateway.media import EDITS, FILMS, PICTURES, PNG, SPEECH, TRANSCRIPTIONS, film, form, picture, speech, wav, zipped
from gateway.shop import NANOS, Shop

ZIPPED = form({key: str(value) for key, value in film().items()}, ("input_reference", "a.png", zipped()))
NO_FORM = (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=y"})
AS_FORM = form({"model": "picture", "prompt": "A lighthouse"}, ("image", "a.png", PNG))

# Address, body, headers, status, code, param, words of the message.
BAD: list[tuple[str, str, Any, dict[str, str], int, str, str | None, str]] = [
    ("0 seconds", FILMS, film(seconds=0), {}, 400, "bad_request", "seconds", "seconds must be at least 1"),
    ("1x1", FILMS, film(size="1x1"), {}, 400, "bad_request", "size", "size must be one of 1280x720, 720x1280"),
    ("1x1 picture", PICTURES, picture(size="1x1"), {}, 400, "bad_request", "size", "1024x1024"),
    ("ten megabytes", FILMS, film(prompt="x" * 10_000_000), {}, 400, "bad_request", "prompt", "32000"),
    ("a ZIP", FILMS, *ZIPPED, 400, "bad_request", "input_reference", "must be one of png, jpeg, webp, gif"),
    ("a broken form", FILMS, *NO_FORM, 400, "bad_request", None, "form"),
    ("a form for pictures", PICTURES, *AS_FORM, 400, "bad_request", None, "application/json"),
    ("JSON for a sound", TRANSCRIPTIONS, {"model": "scribe"}, {}, 400, "bad_request", None, "multipart/form-data"),
    ("text", FILMS, b"film", {"Content-Type": "text/plain"}, 400, "bad_request", None, "application/json, multipart/form-data"),
    ("compressed", FILMS, b"\x1f\x8b", {"Content-Encoding": "gzip"}, 400, "bad_request", "Content-Encoding", "Content-Encoding"),
    ("nothing to edit", EDITS, picture(), {}, 400, "bad_request", "images", "missing"),
    ("no voice", SPEECH, {"model": "voice", "input": "Hello"}, {}, 400, "bad_request", "voice", "voice is missing"),
    ("a stream", PICTURES, picture(stream=True), {}, 400, "bad_request", "stream", "stream is not supported"),
    ("unknown model", FILMS, film(model="no-such-film"), {}, 404, "model_not_found", None, "no-such-film"),
    ("a key as a model", SPEECH, speech(model="sk-0123456789abcdef0123456789abcdef"), {}, 400, "bad_request", "model", "model name"),
    ("no price", FILMS, film(model="unpriced"), {}, 503, "price_missing", None, ""),
    ("a price of another kind", FILMS, film(model="plain"), {}, 503, "price_missing", None, ""),
]  # fmt: skip


async def test_each_bad_input_gets_a_clear_error_and_costs_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    money = await shop.money(customer)
    for what, path, body, headers, status, code, param, words in BAD:
        answer = await shop.call(customer, body, path=path, headers=headers)
        assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param), what
        assert words in answer.error["message"], (what, answer.error["message"])
        assert answer.headers["x-should-retry"] == "false", what
        view = await shop.view(answer.request_id)
        assert (view.state, view.code, view.charged_nanos, view.held_nanos) == ("refused", code, 0, 0), what
    # No row in the ledger, no task, and no upstream was asked.
    assert await shop.money(customer) == money
    assert await shop.tasks(customer) == []
    assert shop.sandbox.bill()["rows"] == []
    assert shop.sandbox.tasks() == []
    assert "0123456789abcdef" not in await shop.everything()


async def test_an_upstreams_refusal_is_told_in_its_words_and_costs_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, film("fail=status:400"), path=FILMS)
    assert answer.status == 400
    assert answer.error["decision"]["charge"] == "not_charged"
    (task,) = await shop.tasks(customer)
    assert (task.state, task.charge_mark) == ("failed", "not_charged")
    assert answer.headers["x-counterfoil-task"] == f"task_{task.task_id.hex}"
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_no_upstream_at_all(shop: Shop) -> None:
    await shop.services.upstreams.set_status("first-openai", "disabled")
    await shop.add_upstream("dead", dialects=(Dialect.OPENAI,), base_url="http://127.0.0.1:9/v1", priority=1)
    customer = await shop.customer()
    body, headers = form({"model": "scribe"}, ("file", "talk.wav", wav(1)))
    calls: list[tuple[str, Any, dict[str, str]]] = [
        (FILMS, film(), {}), (PICTURES, picture(), {}), (SPEECH, speech(), {}), (TRANSCRIPTIONS, body, headers),
    ]  # fmt: skip
    for path, content, given in calls:
        answer = await shop.call(customer, content, path=path, headers=given)
        assert (answer.status, answer.error["code"]) == (503, "upstream_unavailable"), path
        assert answer.error["decision"]["charge"] == "not_charged"
    assert [task.state for task in await shop.tasks(customer)] == ["failed"] * 4
    assert await shop.balance(customer) == (10 * NANOS, 0)
