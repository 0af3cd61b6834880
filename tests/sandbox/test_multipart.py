"""Forms as clients write them, and as nobody should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.multipart import PARTS_MAX, read_parts

TYPE = "multipart/form-data; boundary=edge"


def part(name: str, content: bytes, *, more: str = "") -> bytes:
    return f'--edge\r\ncontent-disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def test_fields_and_files_are_told_apart() -> None:
    file = (
        b'--edge\r\nContent-Disposition: form-data; name="image[]"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = part("prompt", "小船".encode()) + file + b"\x89PNG\r\n\r\n--edg\r\n" + b"--edge--\r\n"

    prompt, image = read_parts('multipart/form-data; charset=utf-8; boundary="edge"', body)
    assert (prompt.name, prompt.filename, prompt.content.decode()) == ("prompt", None, "小船")
    assert (image.name, image.filename, image.content_type) == ("image[]", "a.png", "image/png")
    assert image.content == b"\x89PNG\r\n\r\n--edg"


@given(st.lists(st.binary(max_size=200).filter(lambda content: b"--edge" not in content), min_size=1, max_size=5))
def test_contents_come_back_byte_by_byte(contents: list[bytes]) -> None:
    body = b"".join(part(f"f{place}", content) for place, content in enumerate(contents)) + b"--edge--"
    assert [each.content for each in read_parts(TYPE, body)] == contents


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", part("a", b"b") + b"--edge--"),
        ("multipart/form-data; boundary=", part("a", b"b") + b"--edge--"),
        ("multipart/form-data; boundary=" + "x" * 71, part("a", b"b") + b"--edge--"),
        (TYPE, b""),
        (TYPE, b"{}"),
        (TYPE, part("a", b"b")),
        (TYPE, b"words before\r\n" + part("a", b"b") + b"--edge--"),
        (TYPE, b"--edge\r\nno end of headers\r\n--edge--"),
        (TYPE, b"--edge\r\ncontent-disposition: form-data\r\n\r\nb\r\n--edge--"),
        (TYPE, part("a", b"b") * (PARTS_MAX + 1) + b"--edge--"),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        read_parts(content_type, body)

    assert refused.value.status == 400


def test_a_field_that_is_no_text_is_refused(call: Callable[..., Any]) -> None:
    body = part("prompt", b"\xff\xfe") + b"--edge--\r\n"
    answer = call("POST", "/v1/videos", body, content_type=TYPE)

    assert (answer.status, answer.json["error"]["param"]) == (400, "prompt")
