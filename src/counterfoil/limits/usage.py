"""Moving usage: what a hold counts, and what its end, its overage and its refunds change. Pure.

Everything counts in the window of the hold's authorization (L7), so a hold keeps what it counted (`Counted`) and its
later movements name the same rows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from counterfoil.foundation.errors import Broken
from counterfoil.limits.model import Applicable, Counted, Unit, UsageDelta, Windows

# limit id, window start, unit, held
_PACKED = struct.Struct(">16sqBq")
_UNIT_NUMBERS = {Unit.MONEY: 1, Unit.TOKENS: 2, Unit.IN_FLIGHT: 3, Unit.REQUESTS: 4}
_UNITS = {number: unit for unit, number in _UNIT_NUMBERS.items()}

_MONEY, _TOKENS, _REQUESTS = Unit.MONEY, Unit.TOKENS, Unit.REQUESTS


def count_hold(
    applicable: Applicable, *, windows: Windows, needed_nanos: int, needed_tokens: int
) -> tuple[Counted, ...]:
    """What a hold counts in every limit of its key, to be kept with it."""
    starts = windows.starts
    return tuple(
        [
            Counted(
                limit_id,
                starts[place],
                unit,
                needed_nanos if unit is _MONEY else needed_tokens if unit is _TOKENS else 0 if unit is _REQUESTS else 1,
            )
            for limit_id, place, unit in applicable.moved
        ]
    )


def hold_usage(counted: Iterable[Counted]) -> list[UsageDelta]:
    """How a new hold moves usage. A request is used at once and for good; the rest is held."""
    return [(limit_id, start, 1 if unit is _REQUESTS else 0, held) for limit_id, start, unit, held in counted]


def settle_usage(counted: Iterable[Counted], *, charged_nanos: int, actual_tokens: int) -> list[UsageDelta]:
    """How a captured hold moves usage: what it held goes, what was charged (overage included) and taken is used."""
    return [
        (limit_id, start, charged_nanos if unit is _MONEY else actual_tokens if unit is _TOKENS else 0, -held)
        for limit_id, start, unit, held in counted
        if unit is not _REQUESTS
    ]


def release_usage(counted: Iterable[Counted]) -> list[UsageDelta]:
    """How a voided or expired hold moves usage."""
    return [(limit_id, start, 0, -held) for limit_id, start, unit, held in counted if unit is not _REQUESTS]


def refund_usage(counted: Iterable[Counted], *, refunded_nanos: int) -> list[UsageDelta]:
    """How money given back moves usage: in the window of the authorization, and no tokens come back."""
    return [(limit_id, start, -refunded_nanos, 0) for limit_id, start, unit, _ in counted if unit is _MONEY]


def pack_counted(counted: Sequence[Counted]) -> bytes:
    """33 bytes per limit, for the row that keeps what a hold counted."""
    return b"".join(
        _PACKED.pack(limit_id.bytes, start, _UNIT_NUMBERS[unit], held) for limit_id, start, unit, held in counted
    )


def counting_in(limit_id: UUID, *, first: int, last: int) -> Callable[[bytes], bool]:
    """Tells whether what a hold counted was counted in a limit's window that began from `first` until `last`.

    It is looked for without being unpacked: a limit's id and the start of a window are as many bytes in their order.
    """
    low, high = (limit_id.bytes + max(0, start).to_bytes(8) for start in (first, last))
    end, size = len(low), _PACKED.size

    def is_counted(packed: bytes) -> bool:
        return any(low <= packed[place : place + end] <= high for place in range(0, len(packed), size))

    return is_counted


def unpack_counted(packed: bytes) -> tuple[Counted, ...]:
    """Read what `pack_counted` wrote; raises `Broken` for anything else."""
    try:
        return tuple(
            Counted(UUID(bytes=limit_id), start, _UNITS[number], held)
            for limit_id, start, number, held in _PACKED.iter_unpack(packed)
        )
    except (struct.error, KeyError) as error:
        raise Broken(what="counted usage of a hold", length=len(packed)) from error
