"""What doors show of sources, statements, runs and breaks, as plain JSON: amounts exactly and as text, times RFC 3339."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.shown import Json, amount, identifier, time
from counterfoil.reconcile.breaks_service import BreakView, StandingCount
from counterfoil.reconcile.desk_model import (
    Break,
    BreakEvent,
    KeptLine,
    KeptReject,
    KeptStatement,
    KeptTotal,
    Match,
    Run,
    RunReason,
    Settlement,
    Source,
)
from counterfoil.reconcile.imports import Imported, StatementView
from counterfoil.reconcile.runs_service import DayView

_IDS_IN_FACTS = {"match": "match", "settlement": "settlement", "approval": "approval", "order": "order",
                 "request": "request", "refund": "refund", "break": "break", "undone": "settlement"}  # fmt: skip


def read_day(text: str) -> date:
    """A day such as 2027-01-31; raises `InputError` (`day_unreadable`)."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(code="day_unreadable", text=text[:20]) from error


def source_json(source: Source) -> Json:
    return {
        "name": source.name,
        "what": source.what.value,
        "status": "active" if source.is_active else "disabled",
        "importers": list(source.importers),
        "time_zone": source.reading.time_zone,
        "currency": source.reading.currency,
        "columns": dict(source.reading.columns),
        "expected_daily": source.expected_daily,
        "settling_seconds": source.settling_seconds,
        "fee_millionths": source.fee_millionths,
        **amount("fee_fixed", source.fee_fixed),
        "tolerance": dict(source.tolerance),
        "payouts_to": source.payouts_to,
        "owner_mask": source.owner_mask,
        "created_at": time(source.created_at),
        "created_by": source.created_by,
    }


def statement_json(one: KeptStatement) -> Json:
    return {
        "statement_id": show_id("statement", one.statement_id),
        "source": one.source,
        "name": one.name,
        "sha256": one.file_hash.hex(),
        "importer": one.importer,
        "importer_version": one.importer_version,
        "begins": time(one.begins),
        "ends": time(one.ends),
        "period_is_stated": one.period_is_stated,
        "truncated": one.is_truncated,
        "lines": one.lines,
        "lines_new": one.lines_new,
        "lines_changed": one.lines_changed,
        "rejects": one.rejects,
        "totals": one.totals,
        "totals_wrong": one.totals_wrong,
        "imported_at": time(one.imported_at),
        "imported_by": one.imported_by,
        "set_aside_at": time(one.set_aside_at),
        "set_aside_by": one.set_aside_by,
        "set_aside_reason": one.set_aside_reason,
    }


def statement_in_full(view: StatementView) -> Json:
    return {
        **statement_json(view.statement),
        "rejected": [reject_json(one) for one in view.rejects],
        "stated_totals": [total_json(one) for one in view.totals],
    }


def reject_json(one: KeptReject) -> Json:
    return {"line": one.number, "column": one.column, "reason": one.reason, "raw": one.raw}


def total_json(one: KeptTotal) -> Json:
    """Counts are as they are; amounts also as text."""
    return {
        "name": one.name,
        "is_count": one.is_count,
        "holds": one.stated == one.found,
        "stated_nanos": None if one.is_count else one.stated,
        "stated": str(one.stated) if one.is_count else format_nanos(one.stated),
        "found_nanos": None if one.is_count else one.found,
        "found": str(one.found) if one.is_count else format_nanos(one.found),
    }


def imported_json(one: Imported) -> Json:
    outcome = "imported"
    if one.error is not None:
        outcome = "not_imported"
    elif one.is_companion:
        outcome = "companion"
    elif one.was_known:
        outcome = "known"
    return {
        "name": one.name,
        "outcome": outcome,
        "statement": None if one.statement is None else statement_json(one.statement),
        "lines_known": one.lines_known,
        "rejected": [reject_json(each) for each in one.rejects],
        "stated_totals": [total_json(each) for each in one.totals],
        "error": None if one.error is None else one.error.code,
        "parameters": {} if one.error is None else dict(one.error.parameters),
    }


def line_json(one: KeptLine) -> Json:
    return {
        "line_id": show_id("line", one.line_id),
        "row": f"line:{one.line_id.hex}",
        "revision": one.revision,
        "source": one.source,
        "statement_id": show_id("statement", one.statement_id),
        "importer": one.importer,
        "number": one.number,
        "kind": one.kind,
        "status": one.status,
        "direction": one.direction,
        **amount("amount", one.amount),
        **amount("fee", one.fee),
        "currency": one.currency,
        "at": time(one.at),
        "trade_mask": one.trade_mask,
        "order_id": identifier("order", one.order_id),
        "refund_mask": one.refund_mask,
        "refund_id": identifier("refund", one.refund_id),
        "payer_mask": one.payer_mask,
        "description": one.description,
        "upstream_id": one.upstream_id,
        "model": one.model,
        "raw": dict(one.raw),
    }


def reason_json(one: RunReason) -> Json:
    return {
        "code": one.code.value,
        "source": one.source,
        "statement_id": identifier("statement", one.statement_id),
        "detail": one.detail,
    }


def run_json(run: Run) -> Json:
    return {
        "run_id": show_id("run", run.run_id),
        "day": run.day.isoformat(),
        "book": run.book.value,
        "begins": time(run.begins),
        "ends": time(run.ends),
        "engine": run.engine,
        "state": run.state.value,
        "started_at": time(run.started_at),
        "started_by": run.started_by,
        "ended_at": time(run.ended_at),
        "counts": dict(run.counts),
        "reasons": [reason_json(one) for one in run.reasons],
    }


def day_json(view: DayView, counts: list[StandingCount] | None = None) -> Json:
    closed = view.closed
    return {
        "day": view.day.isoformat(),
        "state": "closed" if closed is not None else "open" if view.obstacles else "conclusive",
        "runs": [run_json(run) for run in view.runs],
        "obstacles": [{**reason_json(one), "book": one.book} for one in view.obstacles],
        "closed_at": None if closed is None else time(closed.closed_at),
        "closed_by": None if closed is None else closed.closed_by,
        "standing": [count_json(one) for one in counts or ()],
    }


def count_json(one: StandingCount) -> Json:
    return {
        "book": one.book,
        "class": one.break_class,
        "owner": one.owner,
        "count": one.count,
        "oldest": one.oldest.isoformat(),
    }


def match_json(one: Match) -> Json:
    return {
        "match_id": show_id("match", one.match_id),
        "book": one.book.value,
        "rule": one.rule,
        "rule_version": one.rule_version,
        "ours": list(one.ours),
        "theirs": list(one.theirs),
        "currency": one.currency,
        **amount("variance", one.variance),
        "suggested": one.is_suggested,
        "run_id": identifier("run", one.run_id),
        "made_by": one.made_by,
        "made_at": time(one.made_at),
        "ended_at": time(one.ended_at),
        "ended_by": one.ended_by,
    }


def break_json(one: Break, *, age_days: int) -> Json:
    return {
        "break_id": show_id("break", one.break_id),
        "book": one.book.value,
        "class": one.break_class.value,
        "owner": one.owner,
        "assignee": one.assignee,
        "state": one.state.value,
        "source": one.source,
        "account_id": identifier("account", one.account_id),
        "currency": one.currency,
        **amount("expected", one.expected),
        **amount("found", one.found),
        **amount("difference", one.difference),
        "at": time(one.at),
        "rule": one.rule,
        "ours": list(one.ours),
        "theirs": list(one.theirs),
        "alternatives": list(one.alternatives),
        "first_day": one.first_day.isoformat(),
        "last_day": one.last_day.isoformat(),
        "age_days": age_days,
        "expected_until": time(one.expected_until),
    }


def event_json(one: BreakEvent) -> Json:
    return {
        "number": one.number,
        "at": time(one.at),
        "state": one.state.value,
        "what": one.what.value,
        "by": one.by,
        "run_id": identifier("run", one.run_id),
        "remark": one.remark,
        "facts": _facts(one.facts),
    }


def settlement_json(one: Settlement) -> Json:
    return {
        "settlement_id": show_id("settlement", one.settlement_id),
        "number": one.number,
        "action": one.action.value,
        "account_id": identifier("account", one.account_id),
        **amount("amount", one.amount),
        "currency": one.currency,
        "reason": one.reason,
        "by": one.by,
        "at": time(one.at),
        "approval_id": identifier("approval", one.approval_id),
        "undoes": identifier("settlement", one.undoes),
        "undone_by": identifier("settlement", one.undone_by),
        "facts": _facts(one.facts),
    }


def break_in_full(view: BreakView) -> Json:
    return {
        **break_json(view.found, age_days=view.age_days),
        "lines": [line_json(one) for one in view.lines],
        "matches": [match_json(one) for one in view.matches],
        "suggestions": [match_json(one) for one in view.suggestions],
        "events": [event_json(one) for one in view.events],
        "settlements": [settlement_json(one) for one in view.settlements],
        "proposals": [show_id("approval", one.approval_id) for one in view.proposals],
    }


def _facts(facts: Mapping[str, Any]) -> Json:
    """Facts with ids as people know them."""
    return {
        name: show_id(_IDS_IN_FACTS[name], UUID(hex=value))
        if name in _IDS_IN_FACTS and isinstance(value, str) and len(value) == 32
        else value
        for name, value in facts.items()
    }
