"""OpenRouter's activity: the export with one row per request, and the interface's activity by day.

`tokens_prompt` there includes the cached ones, `tokens_completion` those of reasoning. What was paid with a key of our own
to the provider itself (`byok_usage_inference`) is not OpenRouter's to bill. `cost_total` has discounts and extras in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.json_pages import Pages, read_pages, read_results
from counterfoil.reconcile.statements.model import Line, RejectReason, Statement, UpstreamUse
from counterfoil.reconcile.statements.upstream_lines import Period, upstream_line, without

_NEEDED = ("generation_id", "created_at", "cost_total", "model_permaslug")
_BY_DAY = frozenset(("date", "model_permaslug", "usage", "requests"))
_DAY = 86_400 * 1_000_000
_YES_OR_NO: Mapping[str, bool] = {
    **dict.fromkeys(("true", "True", "TRUE", "1", "t"), True),
    **dict.fromkeys(("", "false", "False", "FALSE", "0", "f"), False),
}
_STANDARD = frozenset(("", "standard"))


class OpenRouterActivity:
    """Costs by request, or by day, model and endpoint."""

    name = "openrouter_activity"
    version = 1

    def identify(self, document: Document) -> bool:
        return _pages(document) is not None or find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        pages = _pages(document)
        if pages is not None:
            return self._by_day(pages)
        header = find_header(document.head, *_NEEDED)
        if header is None:
            raise StatementUnreadable()
        table = read_table(document.rows(), header, _request)
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=table.is_cut,
        )  # fmt: skip

    def _by_day(self, pages: Pages) -> Statement:
        period = Period()
        table, is_truncated = read_results(pages, lambda record: _day(record, period), results=None)
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=is_truncated, begins=period.begins, ends=period.ends,
        )  # fmt: skip


def _pages(document: Document) -> Pages | None:
    pages = read_pages(document)
    return pages if pages is not None and any(one.keys() >= _BY_DAY for one in pages.buckets) else None


def _request(record: Record) -> Line:
    generation = record.needed_id("generation_id")
    at = record.time("created_at", time_zone="UTC")
    cached = record.count("tokens_cached")
    use = UpstreamUse(
        model=_model(record), key_name=record.id("api_key_name"), upstream_id=generation, starts_at=at, ends_at=at,
        requests=1,
        input_tokens=without(record, record.count("tokens_prompt"), cached, column="tokens_prompt"),
        cached_tokens=cached, output_tokens=record.count("tokens_completion"),
        failed=record.choice(_YES_OR_NO, "cancelled") or record.text("finish_reason_normalized") == "error",
    )  # fmt: skip
    return upstream_line(record, key=(generation,), use=use, cost=record.nearest_amount("cost_total"))


def _model(record: Record) -> str:
    """The model as it is asked for: with its variant, such as `:free`."""
    slug, variant = record.needed("model_permaslug"), record.text("variant")
    return slug if variant in _STANDARD or slug.endswith(f":{variant}") else f"{slug}:{variant}"


def _day(record: Record, period: Period) -> Line:
    begins = record.time("date", time_zone="UTC")
    requests = record.count("requests")
    if requests is None:
        raise record.fail(RejectReason.CELL_MISSING, "requests")
    use = UpstreamUse(
        model=record.needed("model_permaslug"), starts_at=begins, ends_at=begins + _DAY, requests=requests,
        # Cached ones are among them, and not told.
        input_tokens=record.count("prompt_tokens"), output_tokens=record.count("completion_tokens"),
    )  # fmt: skip
    cost = record.nearest_amount("usage")
    period.add(begins, begins + _DAY)
    key = ("day", str(begins), use.model, record.text("endpoint_id"), record.text("provider_name"))
    return upstream_line(record, key=key, use=use, cost=cost)
