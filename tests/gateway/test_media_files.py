"""Files are what their first bytes say, and a sound is held for as long as it may be."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.gateway.media_files import (
    FILE_BYTES_MAX,
    believable_seconds,
    check_data_url,
    picture_kind,
    sound_kind,
    sound_seconds_most,
)
from counterfoil.sandbox.media_files import mp3
from gateway.media import GIF, JPEG, PNG, WEBP, wav, zipped

EXECUTABLE = b"MZ\x90\x00" + bytes(100)
WEBM = b"\x1a\x45\xdf\xa3" + bytes(100)


def problem_of(error: InputError) -> tuple[str, str]:
    return error.parameters["problem"], error.parameters["field"]


@pytest.mark.parametrize(("content", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (WEBP, "webp"), (GIF, "gif")])
def test_pictures(content: bytes, kind: str) -> None:
    assert picture_kind(content, field="image") == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [(wav(1), "wav"), (mp3(), "mp3"), (b"ID3\x04", "mp3"), (b"fLaC", "flac"), (b"OggS", "ogg"), (WEBM, "webm"),
     (b"\0\0\0\x20ftypM4A ", "m4a"), (b"\xff\xf1\x50\x80", "aac"), (b"FORM\0\0\0\0AIFF", "aiff")],
)  # fmt: skip
def test_sounds(content: bytes, kind: str) -> None:
    assert sound_kind(content, field="file") == kind


@pytest.mark.parametrize("content", [zipped(), EXECUTABLE, b"<svg/>", b"PNG", wav(1)])
def test_what_is_no_picture_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(InputError) as raised:
        picture_kind(content, field="image")
    assert problem_of(raised.value) == ("file_kind_wrong", "image")
    assert raised.value.parameters["allowed"] == "png, jpeg, webp, gif"


@pytest.mark.parametrize("content", [zipped(), EXECUTABLE, PNG, b"hello"])
def test_what_is_no_sound_is_refused(content: bytes) -> None:
    with pytest.raises(InputError) as raised:
        sound_kind(content, field="file")
    assert problem_of(raised.value) == ("file_kind_wrong", "file")


def test_an_empty_and_a_huge_file_are_refused() -> None:
    with pytest.raises(InputError) as empty:
        picture_kind(b"", field="image")
    assert problem_of(empty.value) == ("field_empty", "image")
    with pytest.raises(InputError) as huge:
        picture_kind(PNG + bytes(FILE_BYTES_MAX), field="image")
    assert problem_of(huge.value) == ("file_too_large", "image")


def test_a_picture_in_a_data_url_is_looked_at() -> None:
    check_data_url("data:image/png;base64," + base64.b64encode(PNG).decode(), field="image")
    check_data_url("https://example.com/picture.png", field="image")
    for url, problem in (
        ("data:image/png;base64," + base64.b64encode(zipped()).decode(), "file_kind_wrong"),
        ("data:image/png;base64,%%%%", "file_kind_wrong"),
        ("data:image/png,plain", "file_kind_wrong"),
        ("data:image/png;base64," + "A" * (FILE_BYTES_MAX * 4 // 3 + 5), "file_too_large"),
        ("file:///etc/passwd", "field_wrong_type"),
    ):
        with pytest.raises(InputError) as raised:
            check_data_url(url, field="image")
        assert problem_of(raised.value) == (problem, "image"), url[:40]


# How long a sound may be.


@pytest.mark.parametrize("seconds", [1, 7, 59])
def test_a_sounds_length_is_read_from_its_header(seconds: int) -> None:
    assert sound_seconds_most(wav(seconds), "wav", field="file") == seconds


def test_the_shortest_sound_is_a_second() -> None:
    assert sound_seconds_most(wav(1)[:60], "wav", field="file") == 1


def test_a_header_that_tells_too_little_is_not_believed() -> None:
    """An MP3 whose header speaks of one frame: at 512 kbit/s its bytes need longer."""
    frame = b"\xff\xfb\x90\x00" + bytes(32) + b"Xing" + struct.pack(">iii", 3, 1, 4_000)
    content = frame.ljust(417, b"\0") + bytes(6_400_000)
    assert sound_seconds_most(content, "mp3", field="file") == 101


def test_without_a_readable_header_the_size_decides() -> None:
    assert sound_seconds_most(WEBM + bytes(500_000), "webm", field="file") == 501
    with pytest.raises(InputError) as raised:
        sound_seconds_most(WEBM + bytes(10_000_001), "webm", field="file")
    assert problem_of(raised.value) == ("file_too_large", "file")
    assert raised.value.parameters["most"] == 10_000_000


def test_a_sound_of_hours_is_refused() -> None:
    header = bytearray(wav(1, rate=8))
    header[40:44] = struct.pack("<I", 8 * 20_000)
    with pytest.raises(InputError) as raised:
        sound_seconds_most(bytes(header), "wav", field="file")
    assert problem_of(raised.value) == ("field_too_large", "file.seconds")


def test_a_file_made_to_be_read_slowly_is_given_up() -> None:
    """Millions of places where a frame might begin, and never does: the size decides."""
    content = b"\xff\xe0\x00\x00" * 1_000_000
    assert sound_seconds_most(content, "mp3", field="file") == 4_000


@given(st.binary(max_size=2_000))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    try:
        kind = sound_kind(content, field="file")
    except InputError:
        return
    assert sound_seconds_most(content, kind, field="file") >= 1


def test_what_an_upstream_has_heard_is_believed_where_it_can_be() -> None:
    assert believable_seconds(7, 60_000) == 7
    assert believable_seconds(6.2, 60_000) == 7
    assert believable_seconds(59, 1) == 59
    for nonsense in (0, -1, 10**9, float("nan"), float("inf")):
        assert believable_seconds(nonsense, 60_000) is None
