"""Anthropic's usage of tokens: the console's CSV (by day or hour) and the interface's messages usage report.

Its kinds of tokens are disjoint. How many requests there were is not told. Days are issued again with other numbers: a row
is known by what it is grouped by, so that a later export corrects an earlier one.
"""

from __future__ import annotations

from counterfoil.reconcile.statements.anthropic_buckets import bucket_of, fields_in, model_of, pages_of
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.json_pages import Pages, read_results
from counterfoil.reconcile.statements.model import Line, RejectReason, Statement, UpstreamUse
from counterfoil.reconcile.statements.upstream_lines import Period, is_idle, total, upstream_line

_NEEDED = ("usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens")
# Names in the CSV, then in the interface's answers.
_INPUT = ("usage_input_tokens_no_cache", "uncached_input_tokens")
_CACHED = ("usage_input_tokens_cache_read", "cache_read_input_tokens")
_WRITTEN_5M = ("usage_input_tokens_cache_write_5m", "cache_creation_ephemeral_5m_input_tokens")
_WRITTEN_1H = ("usage_input_tokens_cache_write_1h", "cache_creation_ephemeral_1h_input_tokens")
_OUTPUT = ("usage_output_tokens", "output_tokens")
_MODEL = ("model_version", "model")
_KEY = ("api_key", "api_key_id")
_GROUPS = (
    ("workspace", "workspace_id"), ("usage_type",), ("context_window",), ("inference_geo",), ("speed",),
    ("service_tier",), ("account_id",), ("service_account_id",),
)  # fmt: skip


class AnthropicUsage:
    """Usage of models, without its cost."""

    name = "anthropic_usage"
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
    """Pages of usage; those without any result are taken for such, since they say no more."""
    pages = pages_of(document)
    if pages is None:
        return None
    fields = fields_in(pages)
    return pages if not fields or "output_tokens" in fields else None


def _line(record: Record, period: Period) -> Line | None:
    begins, ends = bucket_of(record)
    if is_idle(record, _MODEL, _KEY, _INPUT, _CACHED, _OUTPUT):
        period.add(begins, ends)
        return None
    counted = {names: record.count(*names) for names in (_INPUT, _CACHED, _WRITTEN_5M, _WRITTEN_1H, _OUTPUT)}
    for names in (_INPUT, _OUTPUT):
        if counted[names] is None:
            raise record.fail(RejectReason.CELL_MISSING, *names)
    period.add(begins, ends)
    model, key_name = record.text(*_MODEL), record.id(*_KEY)
    use = UpstreamUse(
        model=model_of(model), key_name=key_name, starts_at=begins, ends_at=ends, input_tokens=counted[_INPUT],
        cached_tokens=counted[_CACHED], cache_write_tokens=total(counted[_WRITTEN_5M], counted[_WRITTEN_1H]),
        output_tokens=counted[_OUTPUT],
    )  # fmt: skip
    key = (str(begins), str(ends), model, key_name or "", *(record.text(*group) for group in _GROUPS))
    return upstream_line(record, key=key, use=use)
