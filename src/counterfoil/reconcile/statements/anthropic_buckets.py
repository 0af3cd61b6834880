"""What Anthropic's usage and cost have in common: days or hours in UTC, and models by id or by the name that people see."""

from __future__ import annotations

import re

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.headers import Record
from counterfoil.reconcile.statements.json_pages import Pages, read_pages
from counterfoil.reconcile.statements.model import RejectReason

_MICROS = 1_000_000
_DAY = 86_400 * _MICROS
_HOUR = 3600 * _MICROS
_SHOWN = re.compile(r"claude (?P<family>[a-z]+) (?P<major>\d)(?:\.(?P<minor>\d))?\b")
# Since then the family stands before the number.
_FAMILY_FIRST = 4


def pages_of(document: Document) -> Pages | None:
    """Pages whose buckets begin and end at RFC 3339 times, or None; a page without buckets says nothing else either."""
    pages = read_pages(document)
    if pages is None:
        return None
    if any(
        "object" in page or (not {"has_more", "next_page"} <= page.keys() and pages.rest is None)
        for page in pages.pages
    ):
        return None
    buckets = list(pages.buckets)
    return pages if not buckets or any("starting_at" in bucket for bucket in buckets) else None


def fields_in(pages: Pages) -> frozenset[str]:
    """Names of fields that any of the results has."""
    results = (one for bucket in pages.buckets for one in _results(bucket.get("results")))
    return frozenset(name for one in results if isinstance(one, dict) for name in one)


def _results(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def bucket_of(record: Record) -> tuple[int, int]:
    """Beginning and end of the row's bucket, the latter exclusive: as told, or an hour or a day from the date."""
    if record.header.position("starting_at") is not None:
        begins, ends = record.time("starting_at", time_zone="UTC"), record.time("ending_at", time_zone="UTC")
        if ends <= begins:
            raise record.fail(RejectReason.TIME_UNREADABLE, "ending_at")
        return begins, ends
    begins = record.time("usage_date_utc", time_zone="UTC")
    return begins, begins + (_HOUR if ":" in record.text("usage_date_utc") else _DAY)


def model_of(name: str) -> str:
    """A model's id: the one given, or that of the name that people see, without its date ("Claude Sonnet 4.5").

    What is neither is left as it is.
    """
    shown = " ".join(name.split()).casefold()
    found = _SHOWN.match(shown)
    if found is None:
        return name
    family, major, minor = found["family"], found["major"], found["minor"]
    number = major if minor in (None, "0") else f"{major}-{minor}"
    return f"claude-{family}-{number}" if int(major) >= _FAMILY_FIRST else f"claude-{number}-{family}"
