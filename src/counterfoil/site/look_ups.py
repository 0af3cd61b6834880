"""How many look-ups an address may make in a minute: each reads the database, and nobody has signed in."""

from __future__ import annotations

_MINUTE_SECONDS = 60
# Beyond these, addresses of a minute are counted together.
_ADDRESSES_MAX = 10_000
_OTHERS = "others"


class LookUps:
    """Counts per address and minute, in memory and per process; nothing outlives its minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = 0
        self._counts: dict[str, int] = {}

    def allow(self, address: str, seconds: float) -> bool:
        """Count one look-up at a time of a steady clock; False where it is one too many."""
        minute = int(seconds // _MINUTE_SECONDS)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        if address not in self._counts and len(self._counts) >= _ADDRESSES_MAX:
            address = _OTHERS
        count = self._counts.get(address, 0) + 1
        self._counts[address] = count
        return count <= self._per_minute
