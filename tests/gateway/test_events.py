"""Events of a stream, however the bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gateway.answers import AttemptFailed
from counterfoil.gateway.events import EventSplitter, data_of
from counterfoil.gateway.model import EVENT_BYTES_MAX

EVENTS = st.lists(
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30).map(
        lambda text: b"data: " + text.encode()
    ),
    max_size=6,
)


@given(EVENTS, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(1, 40), max_size=10))
def test_events_are_the_same_however_the_bytes_are_cut(events: list[bytes], line_end: bytes, cuts: list[int]) -> None:
    raw = b"".join(event + line_end * 2 for event in events)
    splitter = EventSplitter()
    found: list[bytes] = []
    position = 0
    for cut in [*cuts, len(raw)]:
        found += splitter.feed(raw[position : position + cut])
        position += cut
    found += splitter.finish()
    assert [event.strip() for event in found] == [event.strip() for event in events]
    assert all(event.endswith(b"\n\n") for event in found)


def test_a_last_event_without_its_blank_line_counts() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b"data: 1\n\ndata: [DO") == [b"data: 1\n\n"]
    assert splitter.feed(b"NE]\n") == []
    assert splitter.finish() == [b"data: [DONE]\n\n"]


def test_data_is_found_beside_other_fields() -> None:
    assert data_of(b"data: {}\n\n") == b"{}"
    assert data_of(b"data:{}\n\n") == b"{}"
    assert data_of(b"event: x\ndata: {}\n\n") == b"{}"
    assert data_of(b"data: a\ndata: b\n\n") == b"a\nb"
    assert data_of(b": comment\n\n") is None
    assert data_of(b"event: ping\n\n") is None


def test_an_event_without_end_is_given_up() -> None:
    splitter = EventSplitter()
    for _ in range(EVENT_BYTES_MAX // 2**20):
        assert splitter.feed(b"x" * 2**20) == []
    with pytest.raises(AttemptFailed):
        splitter.feed(b"x")
