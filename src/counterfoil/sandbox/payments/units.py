"""Amounts in yuan and times in Beijing, as Chinese providers write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))
# Nine digits before the point is more than any of them takes.
_YUAN = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?\Z", re.ASCII)


def read_yuan(text: str) -> int | None:
    """Fen of an amount such as `10`, `10.5` or `10.50`; None for anything else."""
    found = _YUAN.match(text)
    if found is None:
        return None
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def write_yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def beijing_text(seconds: int) -> str:
    """`2025-06-01 12:00:00`."""
    return datetime.fromtimestamp(seconds, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def beijing_rfc3339(seconds: int) -> str:
    """`2025-06-01T12:00:00+08:00`."""
    return datetime.fromtimestamp(seconds, _BEIJING).isoformat(timespec="seconds")


def compact_date(seconds: int) -> str:
    """`20250601`, with which many providers' numbers begin."""
    return datetime.fromtimestamp(seconds, _BEIJING).strftime("%Y%m%d")


def read_beijing_text(text: str) -> int | None:
    """Seconds of `2025-06-01 12:00:00`, or None."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING).timestamp())
    except ValueError:
        return None
