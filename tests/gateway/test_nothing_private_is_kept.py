"""L12: whatever happens to a call, its prompt, its answer and every key stay out of all logs and tables."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from counterfoil.observability import configure_logging
from counterfoil.redaction.rules import redact
from gateway.media import EDITS, FILMS, PICTURES, PNG, SPEECH, TRANSCRIPTIONS, film, form, picture, speech, wav
from gateway.shop import OpenShop, Shop, chat, message, response

PROMPT = "PLANTED-PROMPT about the merger of Initech and Umbrella"
PLANTED_KEY = "sk-planted0123456789abcdef0123456789abcdef0123456789"
# What the sandbox writes in every answer.
ANSWER_TEXT = "This text comes from the sandbox"
FAILURES = (
    None, "status:500", "status:400", "status:401", "status:429", "out_of_money", "garbage", "empty", "cut:50", "no_usage",
)  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, by us and every library, at the lowest level."""
    stream = io.StringIO()
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    configure_logging(level="debug", log_format="json", redact=redact, stream=stream)
    yield stream
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


async def test_no_call_leaves_its_content_or_a_key_anywhere(open_shop: OpenShop, log: io.StringIO) -> None:
    shop = await open_shop()
    customer = await shop.customer()
    poor = await shop.customer(credit_nanos=0)
    headers = {"X-Planted": PLANTED_KEY, "Cookie": f"session={PLANTED_KEY}", "User-Agent": f"agent {PLANTED_KEY}"}
    for failure in FAILURES:
        for path, make in (("/v1/chat/completions", chat), ("/v1/responses", response), ("/v1/messages", message)):
            for stream in (False, True):
                fields: dict[str, Any] = {"sandbox_output_tokens": 50, "text": PROMPT, "stream": stream}
                if failure is not None:
                    fields["sandbox_fail"] = failure
                body = {**make(**fields), "user": PLANTED_KEY}
                for caller in (customer, poor):
                    await shop.call(caller, body, path=path, headers=headers)
    await _bad_calls(shop, headers)
    everything = await shop.everything()
    logged = log.getvalue()
    assert "upstream_needs_operator" in logged
    for secret in (PROMPT, "PLANTED", "Initech", ANSWER_TEXT, PLANTED_KEY, PLANTED_KEY[3:20], customer.token, poor.token,
                   customer.token[4:20], "first-key", "Bearer "):  # fmt: skip
        assert secret not in logged, secret
        assert secret not in everything, secret


async def test_no_picture_video_or_sound_leaves_its_content_anywhere(open_shop: OpenShop, log: io.StringIO) -> None:
    shop = await open_shop(polls=True)
    customer = await shop.customer()
    poor = await shop.customer(credit_nanos=0)
    headers = {"Idempotency-Key": PLANTED_KEY, "User-Agent": f"agent {PLANTED_KEY}"}
    for failure in ("", "fail=status:400", "fail=status:500", "fail=garbage", "outcome=failed after_ms=10"):
        said = f"{PROMPT} [sandbox {failure}]" if failure else PROMPT
        camera = {"lens": PROMPT, "camera": PLANTED_KEY}
        edit = form({"model": "picture", "prompt": said}, ("image", f"{PLANTED_KEY}.png", PNG))
        begin = form({**film(prompt=said), "metadata[camera]": PROMPT}, ("input_reference", PROMPT, PNG))
        heard = form({"model": "scribe", "prompt": said}, ("file", PROMPT, wav(1)))
        broken = (edit[0][:-20], edit[1])
        for caller in (customer, poor):
            for path, body, given in (
                (FILMS, film(prompt=said, metadata=camera, user=PLANTED_KEY), {}), (FILMS, *begin), (EDITS, *edit),
                (PICTURES, picture(prompt=said, quality=PROMPT), {}), (PICTURES, picture(prompt=said, **camera), {}),
                (SPEECH, speech(input=said, instructions=PROMPT), {}), (TRANSCRIPTIONS, *heard), (EDITS, *broken),
            ):  # fmt: skip
                key = f"{PLANTED_KEY}-{path}-{failure.replace(' ', '-')}"
                await shop.call(caller, body, path=path, headers={**headers, **given, "Idempotency-Key": key})
    await shop.call(None, PROMPT.encode(), path="/callbacks/upstreams/first-openai", headers=headers)
    everything = await shop.everything()
    logged = log.getvalue()
    assert len(await shop.tasks(customer)) > 20
    for secret in (
        PROMPT,
        "PLANTED",
        "Initech",
        ANSWER_TEXT,
        PLANTED_KEY,
        PLANTED_KEY[3:20],
        customer.token,
        "first-key",
    ):
        assert secret not in logged, secret
        assert secret not in everything, secret


async def _bad_calls(shop: Shop, headers: dict[str, str]) -> None:
    """Calls that are not understood, with the same things in the wrong places."""
    customer = await shop.customer()
    await shop.call(customer, b'{"model": "' + PROMPT.encode(), headers=headers)
    await shop.call(customer, chat(PROMPT), headers=headers)
    await shop.call(customer, chat(PLANTED_KEY), headers=headers)
    await shop.call(customer, chat(max_tokens=PROMPT), headers=headers)
    await shop.call(customer, chat(tools=[{"type": PROMPT}]), headers=headers)
    await shop.call(customer, chat(tools=[{"type": PLANTED_KEY}]), headers=headers)
    await shop.call(None, chat(text=PROMPT), headers={**headers, "Authorization": f"Bearer {PLANTED_KEY}"})
    await shop.call(customer, path=f"/v1/models/{PLANTED_KEY}", method="GET", headers=headers)
    await shop.call(customer, path=f"/v1/{PLANTED_KEY}?key={PLANTED_KEY}", method="GET", headers=headers)
    await shop.call(customer, path=f"/api/v1/generation?id={PLANTED_KEY}", method="GET", headers=headers)
    wrapped = {"endpoint": PROMPT, "request": chat(text=PROMPT)}
    await shop.call(customer, wrapped, path="/v1/estimate", headers=headers)


async def test_a_defect_of_ours_tells_nobody_what_it_was_about(shop: Shop, log: io.StringIO) -> None:
    customer = await shop.customer()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(PROMPT)

    object.__setattr__(shop.gateway._spend, "authorize", broken)
    answer = await shop.call(customer, chat(text=PROMPT))
    assert (answer.status, answer.error["code"]) == (500, "internal_error")
    assert b"PLANTED" not in answer.body
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [line] = [line for line in lines if line["event"] == "gateway_broken"]
    assert line["error"] == "RuntimeError"
    assert any("application.py" in place for place in line["at"])
    assert "PLANTED" not in log.getvalue()
