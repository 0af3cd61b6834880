"""Anthropic's cost: the console's CSV (dollars, models by the name that people see) and the interface's cost report (cents).

A correction is a negative cost. The list price beside the cost is what it would have been, and is in `raw` only.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.anthropic_buckets import bucket_of, fields_in, model_of, pages_of
from counterfoil.reconcile.statements.cells import CellUnreadable
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.json_pages import Pages, read_results
from counterfoil.reconcile.statements.model import Line, RejectReason, Statement, UpstreamUse
from counterfoil.reconcile.statements.upstream_lines import DOLLARS, Period, is_idle, upstream_line

_NEEDED = ("usage_date_utc", "token_type", "cost_usd")
_GROUPS = (
    ("model",), ("workspace", "workspace_id"), ("usage_type",), ("context_window",), ("token_type",), ("cost_type",),
    ("inference_geo",), ("speed",), ("service_tier",), ("description",),
)  # fmt: skip
_CENTS = 100


class AnthropicCost:
    """Costs, as Anthropic bills them: by day, and for each kind of tokens its own."""

    name = "anthropic_cost"
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
    return pages if pages is not None and {"amount", "currency"} <= fields_in(pages) else None


def _line(record: Record, period: Period) -> Line | None:
    begins, ends = bucket_of(record)
    if is_idle(record, ("cost_usd", "amount"), ("model",), ("token_type",), ("cost_type",), ("description",)):
        period.add(begins, ends)
        return None
    cost, currency = _cost(record)
    period.add(begins, ends)
    key_name = record.id("api_key", "api_key_id")
    use = UpstreamUse(model=_model(record), key_name=key_name, starts_at=begins, ends_at=ends)
    # A correction stands beside what it corrects, and is of the same day, model and so on.
    sign = "correction" if cost < 0 else ""
    key = (str(begins), str(ends), currency, sign, key_name or "", *(record.text(*group) for group in _GROUPS))
    return upstream_line(record, key=key, use=use, cost=cost, currency=currency)


def _cost(record: Record) -> tuple[int, str]:
    if record.header.position("cost_usd") is not None:
        return record.nearest_amount("cost_usd"), DOLLARS
    currency = record.currency("currency")
    try:
        return cells.decimal_nanos(Decimal(record.needed("amount")) / _CENTS), currency
    except (InvalidOperation, CellUnreadable):
        raise record.fail(RejectReason.AMOUNT_UNREADABLE, "amount") from None


def _model(record: Record) -> str:
    """The model, or the one in the description ("Claude Sonnet 4.5 Usage - Input Tokens"); "" where a cost has none."""
    named = record.text("model")
    if named:
        return model_of(named)
    found = model_of(record.text("description"))
    return found if found.startswith("claude-") else ""
