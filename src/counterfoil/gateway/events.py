"""Server-sent events: splitting what an upstream sends into whole events, and finding the data in one. Pure."""

from __future__ import annotations

from counterfoil.gateway.answers import AttemptFailed
from counterfoil.gateway.model import EVENT_BYTES_MAX
from counterfoil.spend.upstream_errors import Meaning, UpstreamError


class EventSplitter:
    """Takes bytes as they come and gives whole events, each with the blank line that ends it."""

    __slots__ = ("_pending", "_size")

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that this chunk completes; raises `AttemptFailed` where one grows beyond all measure."""
        pending = self._pending
        if pending:
            # A long event comes in many pieces: they are only joined when one of them can end it.
            if b"\n" not in chunk and b"\r" not in chunk:
                pending.append(chunk)
                self._grow(len(chunk))
                return []
            pending.append(chunk)
            chunk = b"".join(pending)
        if b"\r" in chunk:
            # The line feed of the last line may be in the next chunk.
            held_back = chunk.endswith(b"\r")
            chunk = chunk[: -1 if held_back else None].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            chunk += b"\r" if held_back else b""
        *events, rest = chunk.split(b"\n\n")
        self._pending = [rest] if rest else []
        self._size = 0
        self._grow(len(rest))
        return [event + b"\n\n" for event in events if event]

    def finish(self) -> list[bytes]:
        """What is left at the end of the stream, as the event it would have been."""
        rest = b"".join(self._pending).strip()
        self._pending = []
        return [rest.replace(b"\r\n", b"\n") + b"\n\n"] if rest else []

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > EVENT_BYTES_MAX:
            raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200))


def data_of(event: bytes) -> bytes | None:
    """An event's data; None for a comment or an event without any."""
    if event.startswith(b"data:"):
        start = 5
    else:
        start = event.find(b"\ndata:") + 6
        if start == 5:
            return None
    end = event.find(b"\n", start)
    if event.find(b"\ndata:", end) >= 0:
        lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
        return b"\n".join(lines)
    return event[start:end].strip()
