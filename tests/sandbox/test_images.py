"""Images: made from a text, and from other images."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

import openai
import pytest

from counterfoil.sandbox.media_files import jpeg, png, webp
from counterfoil.sandbox.process import SandboxProcess

IMAGE: dict[str, Any] = {"model": "sandbox-image", "prompt": "a paper boat", "quality": "low", "size": "1024x1536"}
PNG = png()


def chunks(content: bytes) -> dict[bytes, bytes]:
    """The chunks of a PNG, each with a checksum that holds."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = {}, 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        assert struct.unpack(">I", content[place + 8 + length : place + 12 + length]) == (zlib.crc32(kind + data),)
        found[kind] = data
        place += 12 + length
    return found


def test_openais_client_makes_images(sandbox: SandboxProcess, openai_client: openai.OpenAI) -> None:
    made = openai_client.images.generate(**IMAGE, n=3, extra_headers={"x-client-request-id": "task_1"})

    assert made.data is not None
    assert [chunks(base64.b64decode(image.b64_json or "")).keys() for image in made.data] == [
        {b"IHDR", b"IDAT", b"IEND"}
    ] * 3
    assert (made.size, made.quality, made.output_format) == ("1024x1536", "low", "png")
    assert made.usage is not None
    assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.total_tokens) == (3, 3 * 408, 3 + 3 * 408)
    (row,) = sandbox.bill()["rows"]
    assert (row["unit"], row["units"], row["request_id"]) == ("image:1024x1536:low", 3, "task_1")
    assert row["cost_nanos"] == 3 * 10_500_000
    assert (row["endpoint"], row["status"], row["output_tokens"]) == ("images", "served", 0)


@pytest.mark.parametrize("where", ["prompt", "metadata", "header", "rule"])
def test_fewer_images_may_be_delivered_than_were_asked(
    sandbox: SandboxProcess, call: Callable[..., Any], where: str
) -> None:
    body, headers = {**IMAGE, "n": 4}, {}
    if where == "prompt":
        body["prompt"] = "a boat [sandbox images=3] at sea"
    elif where == "metadata":
        body["metadata"] = {"sandbox_images": "3"}
    elif where == "header":
        headers = {"x_sandbox_images": "3"}
    else:
        sandbox.use_rules([{"ask": {"images": 3, "outcome": "failed"}}])

    answer = call("POST", "/v1/images/generations", body, **headers)
    assert len(answer.json["data"]) == 3
    assert answer.json["usage"]["output_tokens"] == 3 * 408
    assert sandbox.bill()["units"] == {"sandbox-image": {"image:1024x1536:low": 3}}


def test_a_model_chooses_size_and_quality_where_it_may(call: Callable[..., Any]) -> None:
    for given in ({}, {"size": "auto", "quality": "auto"}):
        answer = call("POST", "/v1/images/generations", {"model": "m", "prompt": "p", **given}).json
        assert (answer["size"], answer["quality"]) == ("1024x1024", "medium")


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_an_image_can_be_fetched_from_the_address_it_is_answered_by(call: Callable[..., Any], file_format: str) -> None:
    asked = {**IMAGE, "response_format": "url", "output_format": file_format}
    url = call("POST", "/v1/images/generations", asked).json["data"][0]["url"]

    assert url.startswith("http://127.0.0.1:")
    fetched = call("GET", "/" + url.split("/", 3)[3])
    assert fetched.headers["content-type"] == f"image/{file_format}"
    assert fetched.body == {"png": png, "jpeg": jpeg, "webp": webp}[file_format]()
    assert call("GET", "/sandbox/files/other.png").status == 404


def test_the_tokens_of_images_can_be_asked(call: Callable[..., Any]) -> None:
    asked = {**IMAGE, "metadata": {"sandbox_input_tokens": "90", "sandbox_output_tokens": "8"}}
    usage = call("POST", "/v1/images/generations", asked).json["usage"]

    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (90, 8, 98)


@pytest.mark.parametrize("images", [1, 2])
def test_openais_client_edits_images(sandbox: SandboxProcess, openai_client: openai.OpenAI, images: int) -> None:
    files = [("one.png", PNG, "image/png"), ("two.png", PNG, "image/png")][:images]
    made = openai_client.images.edit(
        image=files if images > 1 else files[0],
        mask=("mask.png", PNG, "image/png"),
        prompt="without the boat [sandbox images=1]",
        model="sandbox-image",
        n=2,
        quality="high",
    )

    assert made.data is not None
    assert len(made.data) == 1
    assert made.usage is not None
    assert made.usage.input_tokens_details.image_tokens == images * 323
    assert sandbox.bill()["units"] == {"sandbox-image": {"image:1024x1024:high": 1}}


def test_images_to_edit_may_be_named_in_json(call: Callable[..., Any]) -> None:
    named = [{"image_url": "https://example.org/a.png"}, {"file_id": "file-1"}]
    answer = call("POST", "/v1/images/edits", {**IMAGE, "images": named})

    assert answer.json["usage"]["input_tokens_details"]["image_tokens"] == 2 * 323


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("generations", {"prompt": "p"}, "model"),
        ("generations", {"model": "m"}, "prompt"),
        ("generations", {**IMAGE, "prompt": ["p"]}, "prompt"),
        ("generations", {**IMAGE, "prompt": "x" * 32_001}, "prompt"),
        ("generations", {**IMAGE, "n": 0}, "n"),
        ("generations", {**IMAGE, "n": 11}, "n"),
        ("generations", {**IMAGE, "n": "2"}, "n"),
        ("generations", {**IMAGE, "size": "large"}, "size"),
        ("generations", {**IMAGE, "quality": "best"}, "quality"),
        ("generations", {**IMAGE, "output_format": "bmp"}, "output_format"),
        ("generations", {**IMAGE, "stream": True}, "stream"),
        ("generations", {**IMAGE, "stream": "yes"}, "stream"),
        ("generations", {**IMAGE, "metadata": {"sandbox_images": "11"}}, "sandbox_images"),
        ("generations", {**IMAGE, "metadata": {"sandbox_outcome": "failed"}}, "sandbox_outcome"),
        ("generations", {**IMAGE, "prompt": "p [sandbox image=2]"}, "sandbox_image"),
        ("generations", b"{", None),
        ("edits", IMAGE, "image"),
        ("edits", {**IMAGE, "images": ["i"] * 17}, "image"),
    ],
)
def test_images_that_cannot_be_made_are_refused(
    sandbox: SandboxProcess, call: Callable[..., Any], path: str, body: object, param: str | None
) -> None:
    answer = call("POST", f"/v1/images/{path}", body)

    assert answer.status == 400
    assert answer.json["error"]["param"] == param
    assert sandbox.bill()["rows"] == []


@pytest.mark.parametrize("fail", ["status:503", "status:529", "out_of_money", "out_of_money:deepseek"])
def test_a_refused_image_is_not_billed(sandbox: SandboxProcess, call: Callable[..., Any], fail: str) -> None:
    answer = call("POST", "/v1/images/generations", IMAGE, x_sandbox_fail=fail)

    assert answer.status == {"out_of_money": 429, "out_of_money:deepseek": 402}.get(fail) or int(fail[7:])
    assert sandbox.bill()["rows"] == []
    assert sandbox.bill()["failures"] == {"out_of_money:default" if fail == "out_of_money" else fail: 1}


@pytest.mark.parametrize(
    "fail", ["garbage", "empty", "wrong_content_type", "no_usage", "slow_first_byte:5", "timeout:5"]
)
def test_a_spoiled_answer_is_billed(sandbox: SandboxProcess, call: Callable[..., Any], fail: str) -> None:
    answer = call("POST", "/v1/images/generations", {**IMAGE, "prompt": f"p [sandbox fail={fail}]"})

    assert answer.status == 200
    if fail == "no_usage":
        assert "usage" not in answer.json
    elif fail == "wrong_content_type":
        assert answer.headers["content-type"].startswith("text/html")
    elif fail in ("garbage", "empty"):
        assert b"b64_json" not in answer.body
    (row,) = sandbox.bill()["rows"]
    assert row["status"] == ("served" if fail.startswith("slow") else fail.partition(":")[0])
    assert row["cost_nanos"] == 10_500_000


def test_a_cut_answer_ends_before_its_length(sandbox: SandboxProcess, openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        openai_client.images.generate(**IMAGE, extra_headers={"x-sandbox-fail": "cut:50"})

    assert [row["status"] for row in sandbox.bill()["rows"]] == ["cut"]


def test_an_image_that_times_out_is_billed_unless_told_otherwise(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, wait_for_row: Callable[[], dict[str, Any]]
) -> None:
    for fail in ("timeout,unbilled", "timeout"):
        with pytest.raises(openai.APITimeoutError):
            openai_client.with_options(timeout=0.2).images.generate(**IMAGE, extra_headers={"x-sandbox-fail": fail})

    assert wait_for_row()["status"] == "timeout"
    assert len(sandbox.bill()["rows"]) == 1


def test_whoever_leaves_before_the_answer_is_billed(
    openai_client: openai.OpenAI, wait_for_row: Callable[[], dict[str, Any]]
) -> None:
    with pytest.raises(openai.APITimeoutError):
        openai_client.with_options(timeout=0.2).images.generate(
            **IMAGE, extra_headers={"x-sandbox-latency-ms": "600000"}
        )

    assert wait_for_row()["status"] == "client_left"


def test_rules_name_the_endpoint(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    sandbox.use_rules([{"fail": "status:503", "endpoint": "images"}])

    assert call("POST", "/v1/images/generations", IMAGE).status == 503
    assert call("POST", "/v1/audio/speech", {"model": "m", "input": "x", "voice": "v"}).status == 200
    sandbox.use_rules([{"fail": "status:503", "endpoint": "speech", "model": "sandbox-*"}])
    assert call("POST", "/v1/images/generations", IMAGE).status == 200


def test_neither_bill_nor_log_holds_what_was_asked(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    call("POST", "/v1/images/generations", {**IMAGE, "prompt": "planted-words"})
    call("POST", "/v1/images/generations", {**IMAGE, "prompt": "planted-words", "size": "x"})

    assert "planted" not in str(sandbox.bill()) + sandbox.usage_csv() + sandbox.said()
