"""OpenAI's usage, by bucket and whatever it was grouped by: the dashboard's CSV and the interface's pages.

`input_tokens` there includes what was read from the cache and what was written to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Header, Record, find_header, normalise, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.json_pages import read_results
from counterfoil.reconcile.statements.model import Line, RejectReason, Statement, UpstreamUse
from counterfoil.reconcile.statements.openai_buckets import (
    BUCKET_COLUMNS,
    bucket_of,
    objects_in,
    pages_of,
)
from counterfoil.reconcile.statements.upstream_lines import Period, is_idle, upstream_line, without

_NEEDED = ("start_time", "end_time", "num_model_requests")
# Columns of our own sandbox's bill, which has OpenAI's besides.
SANDBOX_COLUMNS = ("unit", "units")
# What a row can be grouped by, `source`, `size` and so on of images included: these tell the rows of a bucket apart.
_GROUPS = (
    "project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "source", "size", "api_source",
    "organization_id",
)  # fmt: skip
# What was counted: requests by their former and other names, of which each kind of usage has one.
_REQUESTS = ("num_model_requests", "num_requests", "num_sessions")
# Kinds of usage that count something else besides, by which their rows are known from those of tokens.
_COUNTED = ("images", "characters", "seconds", "num_requests", "num_sessions", "usage_bytes")
# Where all of these are empty, nothing was used.
_SAID = (("model",), ("api_key_id",), ("num_model_requests",), ("input_tokens",), ("output_tokens",),
         *((name,) for name in _COUNTED))  # fmt: skip


class OpenAIUsage:
    """Usage of models, without its cost."""

    name = "openai_usage"
    version = 1

    def identify(self, document: Document) -> bool:
        pages = pages_of(document)
        if pages is not None:
            return all(one.startswith("organization.usage.") for one in objects_in(pages))
        return _header(document) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        period = Period()
        pages = pages_of(document)
        if pages is not None:
            table, is_truncated = read_results(pages, lambda record: usage_line(record, period))
        else:
            header = _header(document)
            if header is None:
                raise StatementUnreadable()
            table = read_table(document.rows(), header, lambda record: usage_line(record, period))
            is_truncated = table.is_cut
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=is_truncated, begins=period.begins, ends=period.ends,
        )  # fmt: skip


def _header(document: Document) -> Header | None:
    found = find_header(document.head, *_NEEDED) or _empty_header(document)
    return None if found is None or found.has(*SANDBOX_COLUMNS) else found


def _empty_header(document: Document) -> Header | None:
    """That of an export without usage."""
    found = find_header(document.head, *BUCKET_COLUMNS)
    named = {name for name in map(normalise, found.names) if name} if found is not None else set()
    return found if named == set(BUCKET_COLUMNS) else None


def usage_line(record: Record, period: Period, *, groups: Sequence[str] = _GROUPS) -> Line | None:
    """One row; None where its bucket is empty."""
    begins, ends = bucket_of(record)
    if is_idle(record, *_SAID):
        period.add(begins, ends)
        return None
    requests = _requests(record)
    cached = record.count("input_cached_tokens")
    written = record.count("input_cache_write_tokens")
    use = UpstreamUse(
        model=record.text("model"), key_name=record.id("api_key_id"), starts_at=begins, ends_at=ends, requests=requests,
        input_tokens=without(record, record.count("input_tokens"), cached, written, column="input_tokens"),
        cached_tokens=cached, cache_write_tokens=written, output_tokens=record.count("output_tokens"),
    )  # fmt: skip
    period.add(begins, ends)
    counted = next((name for name in _COUNTED if record.text(name)), "")
    key = (str(begins), str(ends), counted, *(record.text(group) for group in groups))
    return upstream_line(record, key=key, use=use)


def _requests(record: Record) -> int | None:
    """How many requests; None of storage, which has none."""
    name = next((name for name in _REQUESTS if record.text(name)), None)
    if name is not None:
        return record.count(name)
    if record.text("usage_bytes"):
        return None
    raise record.fail(RejectReason.CELL_MISSING, *_REQUESTS)
