"""How much may be sent in a minute: from one address, and from all together.

Counted before anything is read, and of what was sent nothing is known here: a limit that is met says nothing of any account.
"""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.foundation.periods import MICROS_PER_SECOND

# A person corrects a form a few times; a chat tool that sends for many people is given more by its operator.
PER_ADDRESS_A_MINUTE = 30
# A queue that nobody could read is worth nothing; a bad day of a large installation stays far below.
OVER_ALL_A_MINUTE = 24_000
# Beyond these, addresses of a minute are counted together.
ADDRESSES_MAX = 10_000
_MINUTE_MICROS = 60 * MICROS_PER_SECOND
_OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """That it is too much for this minute, and how long to wait."""

    seconds: int


class IntakeLimits:
    """Counts per minute, in memory and per process; nothing outlives its minute."""

    def __init__(
        self,
        *,
        per_address: int = PER_ADDRESS_A_MINUTE,
        over_all: int = OVER_ALL_A_MINUTE,
        addresses_max: int = ADDRESSES_MAX,
    ) -> None:
        self._per_address = per_address
        self._over_all = over_all
        self._addresses_max = addresses_max
        self._minute = -1
        self._all = 0
        self._counts: dict[str, int] = {}

    def count(self, address: str, *, now: int) -> Wait | None:
        """Count one that comes from an address at a time (UTC microseconds); what to wait where it is one too many.

        One too many of one address does not count over all: nobody can shut the door for everybody else.
        """
        minute = now // _MINUTE_MICROS
        if minute != self._minute:
            self._minute, self._all, self._counts = minute, 0, {}
        if address not in self._counts and len(self._counts) >= self._addresses_max:
            address = _OTHERS
        count = self._counts.get(address, 0)
        if count >= self._per_address or self._all >= self._over_all:
            left = (minute + 1) * _MINUTE_MICROS - now
            return Wait(seconds=-(-left // MICROS_PER_SECOND))
        self._counts[address] = count + 1
        self._all += 1
        return None
