"""OpenAI's costs, by day and whatever they were grouped by: the dashboard's CSV and the interface's pages.

The model is the first part of a line item ("gpt-4o-2024-08-06, input"); not grouped by line item, a cost names none.
"""

from __future__ import annotations

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.json_pages import Pages, read_results
from counterfoil.reconcile.statements.model import Line, Statement, UpstreamUse
from counterfoil.reconcile.statements.openai_buckets import bucket_of, objects_in, pages_of
from counterfoil.reconcile.statements.upstream_lines import DOLLARS, Period, is_idle, upstream_line

_NEEDED = ("start_time", "end_time", "amount_value")
_GROUPS = ("line_item", "project_id", "user_id", "api_key_id", "api_source", "organization_id")
_RESULT = "organization.costs.result"


class OpenAICosts:
    """Costs, as OpenAI bills them."""

    name = "openai_costs"
    version = 1

    def identify(self, document: Document) -> bool:
        return _pages(document) is not None or find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        period = Period()
        pages = _pages(document)
        if pages is not None:
            table, is_truncated = read_results(pages, lambda record: _line(record, period))
        else:
            header = find_header(document.head, *_NEEDED)
            if header is None:
                raise StatementUnreadable()
            table = read_table(document.rows(), header, lambda record: _line(record, period))
            is_truncated = table.is_cut
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=is_truncated, begins=period.begins, ends=period.ends,
        )  # fmt: skip


def _pages(document: Document) -> Pages | None:
    pages = pages_of(document)
    return pages if pages is not None and objects_in(pages) == {_RESULT} else None


def _line(record: Record, period: Period) -> Line | None:
    begins, ends = bucket_of(record)
    if is_idle(record, ("amount_value",), ("amount_currency",), ("quantity",), ("line_item",)):
        period.add(begins, ends)
        return None
    cost = record.nearest_amount("amount_value")
    currency = record.currency("amount_currency", default=DOLLARS)
    period.add(begins, ends)
    use = UpstreamUse(
        model=record.text("line_item").partition(", ")[0], key_name=record.id("api_key_id"), starts_at=begins,
        ends_at=ends,
    )  # fmt: skip
    key = (str(begins), str(ends), currency, *(record.text(group) for group in _GROUPS))
    return upstream_line(record, key=key, use=use, cost=cost, currency=currency)
