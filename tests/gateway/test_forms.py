"""Forms: what is read is what is written, and whatever two readers could disagree about is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.gateway.forms import PARTS_MAX, SentPart, is_form, read_form, write_form

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,20}(\[[a-z_]{0,10}\])?", fullmatch=True)
TYPE = b"multipart/form-data; boundary=x"


@given(st.lists(st.tuples(names, st.binary(max_size=300), st.booleans()), max_size=10))
def test_what_is_written_is_read_again(parts: list[tuple[str, bytes, bool]]) -> None:
    sent = [
        SentPart(
            name=name, value=value, file_name="file1.png" if is_file else None,
            content_type="image/png" if is_file else None,
        )
        for name, value, is_file in parts
    ]  # fmt: skip
    content_type, body = write_form(sent, boundary="counterfoil-0123456789abcdef")
    found = read_form(body, content_type.encode())
    assert [(part.name, part.value, part.is_file) for part in found] == parts


def part(head: str, value: str = "v") -> bytes:
    return f"--x\r\n{head}\r\n\r\n{value}\r\n--x--\r\n".encode()


NAMED = 'Content-Disposition: form-data; name="a"'
BROKEN: list[tuple[str, bytes, bytes]] = [
    ("no boundary", b"multipart/form-data", part(NAMED)),
    ("an empty boundary", b'multipart/form-data; boundary=""', part(NAMED)),
    ("a boundary without end", b"multipart/form-data; boundary=" + b"x" * 71, part(NAMED)),
    ("another boundary", b"multipart/form-data; boundary=y", part(NAMED)),
    ("nothing", TYPE, b""),
    ("no form", TYPE, b'{"model": "film"}'),
    ("cut off within a value", TYPE, part(NAMED)[:-8]),
    ("cut off before its end", TYPE, part(NAMED)[:-4]),
    ("no name", TYPE, part("Content-Disposition: form-data")),
    ("no disposition", TYPE, part("Content-Type: text/plain")),
    ("an attachment", TYPE, part('Content-Disposition: attachment; name="a"')),
    ("two dispositions", TYPE, part(NAMED + '\r\nContent-Disposition: form-data; name="b"')),
    ("a name that ends the header", TYPE, part('Content-Disposition: form-data; name="a\\"; filename=\\"b"')),
    ("a name with a line in it", TYPE, part('Content-Disposition: form-data; name="a%0d%0ab"')),
    ("a name of a hundred characters", TYPE, part(f'Content-Disposition: form-data; name="{"a" * 100}"')),
    ("another encoding", TYPE, part(NAMED + "\r\nContent-Transfer-Encoding: base64")),
    ("nine headers", TYPE, part("\r\n".join([NAMED, *(f"X-{n}: y" for n in range(9))]))),
    ("a long header", TYPE, part(NAMED + "\r\nX-Long: " + "y" * 2_000)),
    ("too many parts", TYPE, b"".join(part(NAMED)[:-7] for _ in range(PARTS_MAX + 1)) + b"--x--\r\n"),
]


@pytest.mark.parametrize(("content_type", "body"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])
def test_a_form_that_is_none_is_refused(content_type: bytes, body: bytes) -> None:
    with pytest.raises(InputError) as raised:
        read_form(body, content_type)
    assert raised.value.parameters == {"problem": "body_not_form"}


@given(st.binary(max_size=400))
def test_other_bytes_than_a_forms_are_no_form(body: bytes) -> None:
    with pytest.raises(InputError) as raised:
        read_form(b"--x\r\n" + body.replace(b"--x--", b""), TYPE)
    assert raised.value.parameters == {"problem": "body_not_form"}


def test_the_type_is_known_in_any_case() -> None:
    assert is_form(b"Multipart/Form-Data; boundary=x")
    assert not is_form(b"application/json")
    assert not is_form(None)
