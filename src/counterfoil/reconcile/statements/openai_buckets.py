"""What OpenAI's usage and costs have in common: buckets of a minute, an hour or a day, as CSV or as pages of its interface."""

from __future__ import annotations

from counterfoil.reconcile.statements.cells import CellUnreadable, unix_micros
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.headers import Record
from counterfoil.reconcile.statements.json_pages import Pages, read_pages, things_of
from counterfoil.reconcile.statements.model import RejectReason

# An export of a time without usage has these columns and no others.
BUCKET_COLUMNS = ("start_time", "end_time", "start_time_iso", "end_time_iso")


def pages_of(document: Document) -> Pages | None:
    """Pages of buckets that begin and end at Unix seconds, or None; a page without buckets calls itself one."""
    pages = read_pages(document)
    if pages is None or any(page.get("object", "page") != "page" for page in pages.pages):
        return None
    buckets = list(pages.buckets)
    if not buckets:
        return pages if all(page.get("object") == "page" for page in pages.pages) else None
    return pages if any("start_time" in bucket for bucket in buckets) else None


def objects_in(pages: Pages) -> frozenset[str]:
    """What the results call themselves: `organization.costs.result`."""
    results = (one for bucket in pages.buckets for one in things_of(bucket, "results"))
    return frozenset(str(one["object"]) for one in results if "object" in one)


def bucket_of(record: Record) -> tuple[int, int]:
    """Beginning and end of the row's bucket, the latter exclusive."""
    begins = _time(record, "start_time", "start_time_iso")
    ends = _time(record, "end_time", "end_time_iso")
    if ends <= begins:
        raise record.fail(RejectReason.TIME_UNREADABLE, "end_time")
    return begins, ends


def _time(record: Record, seconds: str, iso: str) -> int:
    told = record.text(seconds)
    if not told:
        return record.time(iso, time_zone="UTC")
    try:
        return unix_micros(int(told))
    except (ValueError, CellUnreadable):
        raise record.fail(RejectReason.TIME_UNREADABLE, seconds) from None
