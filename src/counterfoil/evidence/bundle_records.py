"""The records behind an answer as a bundle has them: masked facts, as much of them as its view may show. Pure.

Of each kind there is one function, which says field by field what customers see of their own record, and what only staff do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from counterfoil.evidence.bundles import View
from counterfoil.evidence.facts import FactList, address_of, format_millis, show_instant, shown_model
from counterfoil.evidence.model import Fact
from counterfoil.foundation.code_form import mask_code
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Kind, Language, entry, find_entry
from counterfoil.limits.model import Unit

Row = Mapping[str, Any]

_TIER_ONE = 1_000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `kind` is what its id is an id of."""

    kind: str
    id: str
    label: str
    facts: tuple[Fact, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.id, "facts": {fact.name: fact.value for fact in self.facts}}


def record_of(kind: str, row: Row, *, language: Language, view: View, attempts: Sequence[Row] = ()) -> Record:
    """A row of the database as a record; `attempts` are those of a request, which only staff see."""
    facts = FactList(language)
    _FACTS[kind](facts, row, view is View.STAFF)
    if view is View.STAFF:
        for attempt in attempts:
            _attempt(facts, attempt, row["currency"])
    return Record(
        kind=kind, id=show_id(_SHOWN_AS.get(kind, kind), row[_IDS[kind]]), label=entry(Kind.RECORD_KIND, kind).label[language],
        facts=tuple(facts.all),
    )  # fmt: skip


def _request(facts: FactList, row: Row, staff: bool) -> None:
    currency = row["currency"]
    facts.add_time("received_at", row["received_at"])
    facts.add("endpoint", "endpoint", row["endpoint"], address_of(row["endpoint"]))
    facts.add("model", "model", shown_model(row["model"]), kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("state", Kind.REQUEST_STATE, row["state"], Kind.WORD, "state")
    facts.add_coded("charge_mark", Kind.CHARGE_MARK, row["charge_mark"], Kind.EVIDENCE_FIELD, "charge_mark")
    facts.add("status", "status_code", row["status_code"], kind=Kind.EVIDENCE_FIELD)
    facts.add("code", "code", row["code"])
    _group_and_key(facts, row)
    facts.add("client", "client", row["client"] or None)
    facts.add_count("retry_count", "retry_count", row["retry_count"])
    facts.add_count("in_flight", "in_flight_then", row["in_flight"])
    if row["repeats"] > 1:
        facts.add_count("repeats", "repeats", row["repeats"])
    _id(facts, "submission_id", "submission", "submission", row["submission_id"])
    if row["verdict"] is not None:
        facts.add_coded("verdict", Kind.VERDICT, row["verdict"], Kind.WORD, "copy_verdict")
    _id(facts, "first_request_id", "first_request", "request", row["first_request_id"])
    facts.add_time("decided_at", row["decided_at"])
    facts.add_time("ended_at", row["ended_at"])
    facts.add("event_no", "bundle_event", row["event_no"])
    facts.add_money("needed_nanos", "needed_amount", row["needed_nanos"], currency)
    facts.add_money("held_nanos", "held_amount", row["held_nanos"], currency)
    facts.add_money("charged_nanos", "charged_amount", row["charged_nanos"], currency)
    facts.add_money("refunded_nanos", "refunded_amount", row["refunded_nanos"] or None, currency)
    facts.add_money("uncollected_nanos", "uncollected_amount", row["uncollected_nanos"] or None, currency)
    facts.add("tokens", "tokens", row["tokens"], _counts(row["tokens"]))
    if row["tokens"] is not None:
        facts.add_flag("estimated", "estimated", row["estimated"])
    millis = row["multiplier_millis"]
    facts.add("price_tier_millis", "price_tier", millis, f"×{format_millis(millis)}")
    if row["price_version"] is not None:
        facts.add("price_version", "price_version", row["price_version"].hex)
    facts.add("arithmetic", "arithmetic", row["arithmetic"], _arithmetic(row["arithmetic"]))
    if staff:
        facts.add("client_address", "client_address", row["client_address"] or None)
        facts.add("error_text", "error_text", row["error_text"], kind=Kind.EVIDENCE_FIELD)


def _counts(tokens: str | None) -> str | None:
    """Counts by kind, for people."""
    return None if tokens is None else ", ".join(f"{name} {count:,}" for name, count in json.loads(tokens).items())


def _arithmetic(kept: str | None) -> str | None:
    """How a charge was computed, for people: counts times rates, times the price tier."""
    if kept is None:
        return None
    sums = json.loads(kept)
    lines = [f"{name} {count:,} × {_rate(name, nanos)}" for name, count, nanos in sums["lines"]]
    tier = sums["multiplier_millis"]
    if tier != _TIER_ONE:
        lines = [f"({' + '.join(lines)}) × {format_millis(tier)}"]
    return f"{' + '.join(lines)} = {format_nanos(sums['amount_nanos'])} {sums['currency']}"


def _rate(name: str, nanos_per_million: int) -> str:
    """Tokens have a price for a million, images and seconds (`second:720x1280`) one each."""
    each, rest = divmod(nanos_per_million, _MILLION)
    return format_nanos(each) if ":" in name and not rest else f"{format_nanos(nanos_per_million)}/1M"


def _attempt(facts: FactList, row: Row, currency: str) -> None:
    """One try at one upstream, on one line."""
    outcome = find_entry(Kind.ATTEMPT_STATE, row["outcome"])
    parts = [
        row["upstream"], row["upstream_model"], outcome.label[facts.language] if outcome else row["outcome"],
        f"HTTP {row['status_code']}" if row["status_code"] is not None else "", row["response_id"] or "",
        f"{format_nanos(row['cost_nanos'])} {currency}" if row["cost_nanos"] is not None else "", row["error_text"] or "",
    ]  # fmt: skip
    text = " · ".join(part for part in parts if part)
    facts.add(f"attempt_{row['number']}", "bundle_attempt", text)


def _task(facts: FactList, row: Row, staff: bool) -> None:
    _time(facts, "created_at", "submitted", row["created_at"])
    facts.add_coded("task_kind", Kind.TASK_KIND, row["kind"], Kind.EVIDENCE_FIELD, "task_type")
    facts.add("model", "model", shown_model(row["model"]), kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("state", Kind.TASK_STATE, row["state"], Kind.WORD, "state")
    facts.add_coded("input_type", Kind.INPUT_TYPE, row["input_type"], Kind.WORD, "input_type")
    facts.add_count("reference_images", "reference_images", row["reference_images"] or None)
    for name in ("aspect_ratio", "resolution", "quality"):
        facts.add(name, name, row[name])
    if row["duration_seconds"] is not None:
        facts.add("duration_seconds", "duration_seconds", row["duration_seconds"], f"{row['duration_seconds']} s")
    facts.add_count("count", "count", row["count"])
    facts.add_count("delivered", "delivered", row["delivered"])
    for name in ("accepted_at", "started_at", "ended_at", "cancel_requested_at"):
        facts.add_time(name, row[name])
    state = row["download_state"]
    if state != "none":
        facts.add_coded("download_state", Kind.DOWNLOAD_STATE, state, Kind.EVIDENCE_FIELD, "download_state")
        facts.add_time("downloaded_at", row["downloaded_at"])
        facts.add_time("download_expires_at", row["download_expires_at"])
    facts.add("failure_code", "code", row["failure_code"])
    _id(facts, "remixed_from", "remixed_from", "task", row["remixed_from"])
    if staff:
        facts.add("failure_reason", "failure_reason", row["failure_reason"], kind=Kind.EVIDENCE_FIELD)
        facts.add("raw_state", "raw_state", row["raw_state"])
        facts.add("upstream", "upstream", row["upstream"])
        facts.add("upstream_model", "upstream_model", row["upstream_model"])
        facts.add("upstream_task_id", "upstream_task", row["upstream_task_id"])
        facts.add_count("polls", "polls", row["polls"])


def _submission(facts: FactList, row: Row, staff: bool) -> None:
    facts.add("endpoint", "endpoint", row["endpoint"], address_of(row["endpoint"]))
    facts.add("model", "model", shown_model(row["model"]), kind=Kind.EVIDENCE_FIELD)
    facts.add_count("copies", "copies", row["copies"])
    facts.add_time("first_at", row["first_at"])
    facts.add_time("last_at", row["last_at"])


def _order(facts: FactList, row: Row, staff: bool) -> None:
    _time(facts, "created_at", "order_time", row["created_at"], kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("provider_kind", Kind.PROVIDER_KIND, row["provider_kind"], Kind.EVIDENCE_FIELD, "payment_method")
    facts.add_coded("state", Kind.ORDER_STATE, row["state"], Kind.WORD, "state")
    facts.add_money("amount_nanos", "receipt_paid", row["amount"], row["currency"])
    facts.add_money("credited_nanos", "receipt_credited", row["credited"], row["wallet_currency"])
    facts.add_money("bonus_nanos", "receipt_bonus", row["bonus"] or None, row["wallet_currency"])
    _time(facts, "paid_at", "receipt_paid_at", row["paid_at"])
    facts.add("number_mask", "order_mask", row["number_mask"], kind=Kind.EVIDENCE_FIELD)
    facts.add("payer_mask", "receipt_payer", row["payer_mask"])
    facts.add_money("refunded_nanos", "refunded_amount", row["refunded"] or None, row["currency"])
    facts.add_money("taken_back_nanos", "receipt_taken_back", row["taken_back"] or None, row["wallet_currency"])
    if staff:
        facts.add("provider", "bundle_provider", row["provider"])
        facts.add("created_by", "bundle_made_by", row["created_by"])
        if row["attention"] is not None:
            facts.add_coded("attention", Kind.ORDER_ATTENTION, row["attention"], Kind.WORD, "bundle_attention")


def _notice(facts: FactList, row: Row, staff: bool) -> None:
    _time(facts, "first_at", "received_at", row["first_at"])
    if row["provider_kind"] is not None:
        facts.add_coded(
            "provider_kind", Kind.PROVIDER_KIND, row["provider_kind"], Kind.EVIDENCE_FIELD, "payment_method"
        )
    facts.add_count("arrivals", "bundle_arrivals", row["arrivals"])
    facts.add_coded("outcome", Kind.NOTICE_OUTCOME, row["outcome"], Kind.WORD, "outcome")
    facts.add_flag("accepted", "bundle_accepted", row["accepted"])
    _id(facts, "order_id", "receipt_order", "order", row["order_id"])
    if staff:
        facts.add("provider", "bundle_provider", row["provider"])
        facts.add("said", "note", row["said"])
        facts.add("particulars", "bundle_particulars", json.dumps(row["facts"], ensure_ascii=False, sort_keys=True))


def _refund(facts: FactList, row: Row, staff: bool) -> None:
    _time(facts, "created_at", "time", row["created_at"])
    facts.add_coded("state", Kind.REFUND_STATE, row["state"], Kind.WORD, "state")
    facts.add_money("amount_nanos", "refunded_amount", row["amount"], row["currency"])
    facts.add_money("taken_nanos", "receipt_taken_back", row["taken"], row["wallet_currency"])
    facts.add_time("ended_at", row["ended_at"])
    facts.add("number_mask", "receipt_number", row["number_mask"])
    _id(facts, "order_id", "receipt_order", "order", row["order_id"])
    if staff:
        facts.add("requested_by", "bundle_made_by", row["requested_by"])
        facts.add("reason", "note", row["reason"])
        facts.add("failure", "failure_reason", row["failure"])


def _dispute(facts: FactList, row: Row, staff: bool) -> None:
    _time(facts, "opened_at", "time", row["opened_at"])
    facts.add_coded("state", Kind.DISPUTE_STATE, row["state"], Kind.WORD, "state")
    facts.add_money("amount_nanos", "bundle_amount", row["amount"], row["currency"])
    facts.add_time("ended_at", row["ended_at"])
    facts.add("number_mask", "receipt_number", row["number_mask"])
    _id(facts, "order_id", "receipt_order", "order", row["order_id"])


def _code(facts: FactList, row: Row, staff: bool) -> None:
    facts.add("mask", "code_last_four", mask_code(row["last_four"]), kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("state", Kind.CODE_STATE, row["state"], Kind.EVIDENCE_FIELD, "code_state")
    facts.add_money("value_nanos", "receipt_credited", row["value"], row["currency"])
    facts.add_coded("grant_kind", Kind.GRANT_KIND, row["kind"], Kind.WORD, "kind")
    _time(facts, "redeemed_at", "redemption_time", row["redeemed_at"], kind=Kind.EVIDENCE_FIELD)
    if staff:
        facts.add("redeemer", "bundle_made_by", row["redeemer"])
        facts.add("batch", "bundle_batch", row["batch_name"])


def _code_try(facts: FactList, row: Row, staff: bool) -> None:
    _time(facts, "first_at", "time", row["first_at"])
    if row["last_four"] is not None:
        facts.add("mask", "code_last_four", mask_code(row["last_four"]), kind=Kind.EVIDENCE_FIELD)
    facts.add("outcome", "outcome", row["outcome"], _said(row["outcome"], facts.language))
    facts.add_count("times", "bundle_arrivals", row["times"])
    if staff:
        facts.add("tried_by", "bundle_made_by", row["tried_by"])
        facts.add("client_address", "client_address", row["client_address"])


def _said(code: str, language: Language) -> str:
    """What whoever typed a code was told."""
    found = find_entry(Kind.ERROR, code) or find_entry(Kind.WORD, code)
    return code if found is None else found.label[language]


def _hold(facts: FactList, row: Row, staff: bool) -> None:
    currency = row["currency"]
    _time(facts, "created_at", "time", row["created_at"])
    facts.add_coded("state", Kind.HOLD_STATE, row["verb"] or "open", Kind.WORD, "state")
    facts.add_money("amount_nanos", "held_amount", row["amount"], currency)
    _time(facts, "expires_at", "hold_expires_at", row["expires_at"])
    facts.add_time("ended_at", row["ended_at"])
    facts.add_money("captured_nanos", "charged_amount", row["captured"], currency)
    facts.add_money("released_nanos", "bundle_released", row["released"], currency)
    facts.add("event_no", "bundle_event", row["event_no"])


def _grant(facts: FactList, row: Row, staff: bool) -> None:
    currency = row["currency"]
    _time(facts, "created_at", "time", row["created_at"])
    facts.add_coded("grant_kind", Kind.GRANT_KIND, row["kind"], Kind.WORD, "kind")
    facts.add_coded("state", Kind.GRANT_STATE, row["state"], Kind.WORD, "state")
    facts.add_money("amount_nanos", "receipt_credited", row["amount"], currency)
    facts.add_money("remaining_nanos", "remaining", row["remaining"], currency)
    facts.add_money("held_nanos", "held", row["held"], currency)
    _time(facts, "expires_at", "bundle_expires_at", row["expires_at"])
    facts.add("source", "bundle_came_from", f"{row['source_kind']}:{row['source_id']}")


def _limit(facts: FactList, row: Row, staff: bool) -> None:
    facts.add_coded("scope", Kind.CHECK_SCOPE, row["scope"], Kind.WORD, "scope")
    facts.add("holder", "bundle_holder", row["group_name"] or row["key_mask"])
    facts.add_coded("unit", Kind.LIMIT_UNIT, row["unit"], Kind.WORD, "bundle_unit")
    facts.add_coded("window", Kind.LIMIT_WINDOW, row["window"], Kind.WORD, "bundle_window")
    if row["unit"] == Unit.MONEY:
        facts.add_money("amount_nanos", "amount", row["amount"], row["currency"])
    else:
        facts.add_count("amount", "amount", row["amount"])
    _time(facts, "created_at", "time", row["created_at"])
    _time(facts, "retired_at", "bundle_retired_at", row["retired_at"])


def _group_and_key(facts: FactList, row: Row) -> None:
    if row["group_id"] is not None:
        group = show_id("group", row["group_id"])
        facts.add("group", "group", group, f"{row['group_name']} ({group})", kind=Kind.EVIDENCE_FIELD)
    key = show_id("key", row["key_id"])
    facts.add("key", "key_mask", key, f"{row['key_mask']} ({key})", kind=Kind.EVIDENCE_FIELD)


def _time(facts: FactList, name: str, word: str, at: int | None, *, kind: Kind = Kind.WORD) -> None:
    """A time under a word that is not its name."""
    if at is not None:
        facts.add(name, word, show_time(at), show_instant(at), kind=kind)


def _id(facts: FactList, name: str, word: str, kind: str, value: UUID | None) -> None:
    if value is not None:
        facts.add(name, word, show_id(kind, value))


_FACTS: Mapping[str, Callable[[FactList, Row, bool], None]] = {
    "request": _request, "task": _task, "submission": _submission, "order": _order, "notice": _notice,
    "refund": _refund, "dispute": _dispute, "code": _code, "code_try": _code_try, "hold": _hold, "grant": _grant,
    "limit": _limit,
}  # fmt: skip
_IDS = {kind: "try_id" if kind == "code_try" else f"{kind}_id" for kind in _FACTS}
# A hold has the id of its request.
_SHOWN_AS = {"hold": "request"}
