"""The bill of Counterfoil's own sandbox: its JSON, call by call with costs and totals, and its CSV, which is OpenAI's with units.

The JSON lists the newest calls only; where others are in its totals alone, the statement is truncated, never complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.json_pages import Pages, Thing, parse_json, read_things, things_of
from counterfoil.reconcile.statements.model import Line, RejectReason, Statement, Total, UpstreamUse
from counterfoil.reconcile.statements.openai_usage import SANDBOX_COLUMNS, usage_line
from counterfoil.reconcile.statements.upstream_lines import Period, total, upstream_line, without

_NEEDED = ("start_time", "end_time", "num_model_requests", *SANDBOX_COLUMNS)
_GROUPS = ("project_id", "api_key_id", "model", "batch", "service_tier", "unit")
_BILL = frozenset(("totals", "rows"))
_CALL = frozenset(("response_id", "api_key", "cost_nanos"))
# Statuses of calls that came to their end; every other says how it failed, or that nobody waited for it.
_SERVED = frozenset(("served", "completed", "slow_first_byte", "no_usage", "overcount"))


class SandboxBill:
    """What the sandbox has served, and what it bills although the call failed."""

    name = "sandbox_bill"
    version = 1

    def identify(self, document: Document) -> bool:
        return _bill(document) is not None or find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        found = _bill(document)
        if found is not None:
            return self._calls(*found)
        header = find_header(document.head, *_NEEDED)
        if header is None:
            raise StatementUnreadable()
        period = Period()
        table = read_table(document.rows(), header, lambda record: usage_line(record, period, groups=_GROUPS))
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=table.is_cut, begins=period.begins, ends=period.ends,
        )  # fmt: skip

    def _calls(self, bill: Thing, rest: str | None) -> Statement:
        pages = Pages(pages=(bill,), rest=rest)
        rows = things_of(bill, "rows")
        table, is_cut = read_things(rows, pages, _call)
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects,
            totals=_totals(bill, table.lines), is_truncated=is_cut or _requests(bill) != len(rows),
        )  # fmt: skip


def _bill(document: Document) -> tuple[Thing, str | None] | None:
    """The bill, and what comes after a cut."""
    found, rest = parse_json(document)
    if len(found) != 1 or not isinstance(found[0], dict) or not found[0].keys() >= _BILL:
        return None
    bill = found[0]
    rows = things_of(bill, "rows")
    is_ours = isinstance(bill["totals"], dict) and (not rows or any(row.keys() >= _CALL for row in rows))
    return (bill, rest) if is_ours else None


def _requests(bill: Thing) -> object:
    """How many calls the bill says that there were; it may be asked for the newest ones only."""
    totals = bill["totals"]
    return totals.get("requests") if isinstance(totals, Mapping) else None


def _call(record: Record) -> Line:
    response_id = record.needed_id("response_id")
    at = record.time("at", time_zone="UTC")
    cached = record.count("cached_tokens")
    written = total(record.count("cache_write_5m_tokens"), record.count("cache_write_1h_tokens"))
    use = UpstreamUse(
        model=record.needed("model"), key_name=record.id("api_key"), upstream_id=response_id, starts_at=at, ends_at=at,
        requests=1,
        input_tokens=without(record, record.count("input_tokens"), cached, written, column="input_tokens"),
        cached_tokens=cached, cache_write_tokens=written, output_tokens=record.count("output_tokens"),
        failed=record.needed("status") not in _SERVED,
    )  # fmt: skip
    cost = record.count("cost_nanos")
    if cost is None:
        raise record.fail(RejectReason.CELL_MISSING, "cost_nanos")
    return upstream_line(record, key=(response_id,), use=use, cost=cost)


def _totals(bill: Thing, lines: tuple[Line, ...]) -> tuple[Total, ...]:
    """What the bill states, where it is a number, and what the calls come to."""
    stated = bill["totals"]
    if not isinstance(stated, Mapping):
        return ()
    uses = [line.use for line in lines if line.use is not None]
    found = {
        "requests": len(uses),
        "input_tokens": sum(total(use.input_tokens, use.cached_tokens, use.cache_write_tokens) or 0 for use in uses),
        "cached_tokens": sum(use.cached_tokens or 0 for use in uses),
        "cache_write_tokens": sum(use.cache_write_tokens or 0 for use in uses),
        "output_tokens": sum(use.output_tokens or 0 for use in uses),
        "cost_nanos": sum(line.amount for line in lines),
    }
    told = {name: value for name in found if isinstance(value := stated.get(name), int | Decimal)}
    return tuple(
        Total(name=name, stated=int(value), found=found[name], is_count=name != "cost_nanos")
        for name, value in told.items()
    )
