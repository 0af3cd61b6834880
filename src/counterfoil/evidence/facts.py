"""What is on record of a request and its attempts, worded for a reader. Pure."""

from __future__ import annotations

from counterfoil.evidence.model import Audience, Fact, ShownAttempt, Surroundings, Value
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time, to_datetime
from counterfoil.foundation.vocabulary import Kind, Language, entry, find_entry
from counterfoil.foundation.vocabulary.sentences import quote
from counterfoil.redaction.rules import redact
from counterfoil.spend.model import AttemptView, Endpoint, RequestView

# Where each endpoint is called.
_ADDRESSES = {
    Endpoint.CHAT_COMPLETIONS: "/v1/chat/completions",
    Endpoint.RESPONSES: "/v1/responses",
    Endpoint.EMBEDDINGS: "/v1/embeddings",
    Endpoint.MESSAGES: "/v1/messages",
    Endpoint.IMAGE_GENERATIONS: "/v1/images/generations",
    Endpoint.IMAGE_EDITS: "/v1/images/edits",
    Endpoint.VIDEOS: "/v1/videos",
    Endpoint.VIDEO_REMIX: "/v1/videos/<id>/remix",
    Endpoint.SPEECH: "/v1/audio/speech",
    Endpoint.TRANSCRIPTIONS: "/v1/audio/transcriptions",
}


class FactList:
    """Collects facts in one language, leaving out what is not known."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.all: list[Fact] = []

    def add(self, name: str, word: str, value: Value, shown: str | None = None, *, kind: Kind = Kind.WORD) -> None:
        if value is not None:
            label = entry(kind, word).label[self.language]
            self.all.append(Fact(name=name, label=label, text=shown if shown is not None else str(value), value=value))

    def add_time(self, name: str, at: int | None) -> None:
        if at is not None:
            self.add(name, name, show_time(at), show_instant(at))

    def add_count(self, name: str, word: str, count: int | None) -> None:
        if count is not None:
            self.add(name, word, count, f"{count:,}")

    def add_money(self, name: str, word: str, nanos: int | None, currency: str) -> None:
        if nanos is not None:
            self.add(name, word, nanos, f"{format_nanos(nanos)} {currency}")

    def add_flag(self, name: str, word: str, flag: bool) -> None:
        self.add(name, word, flag, entry(Kind.WORD, "yes" if flag else "no").label[self.language])

    def add_coded(self, name: str, kind: Kind, code: str, label_kind: Kind, label_code: str) -> None:
        """A code with the words for it."""
        self.add(name, label_code, code, label_of(kind, code, self.language), kind=label_kind)


def label_of(kind: Kind, code: str, language: Language) -> str:
    """The word for a code; a code that is not in the table stands for itself."""
    found = find_entry(kind, code)
    return found.label[language] if found is not None else code


def show_instant(at: int) -> str:
    """A time as people read it: `2026-11-24 08:30:05 UTC`."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"


def address_of(endpoint: str) -> str:
    """The address of an endpoint as people know it."""
    return _ADDRESSES[Endpoint(endpoint)]


def shown_model(model: str | None) -> str | None:
    """A model's name as the caller sent it: short, on one line, and no secret where somebody put one there."""
    return None if model is None else redact(quote(model))


def facts_of(
    view: RequestView, around: Surroundings, *, status: int | None, language: Language, audience: Audience
) -> tuple[Fact, ...]:
    """What of a request's record its audience may see."""
    facts = FactList(language)
    facts.add("request_id", "request_id", show_id("request", view.request_id), kind=Kind.EVIDENCE_FIELD)
    facts.add_time("received_at", view.received_at)
    facts.add("endpoint", "endpoint", view.endpoint, address_of(view.endpoint))
    facts.add("model", "model", shown_model(view.model), kind=Kind.EVIDENCE_FIELD)
    facts.add("status", "status_code", status, kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("state", Kind.REQUEST_STATE, view.state, Kind.WORD, "state")
    facts.add_coded("charge_mark", Kind.CHARGE_MARK, view.charge_mark, Kind.EVIDENCE_FIELD, "charge_mark")
    if view.submission_id is not None:
        facts.add("submission_id", "submission", show_id("submission", view.submission_id))
    if view.verdict is not None:
        facts.add_coded("verdict", Kind.VERDICT, view.verdict, Kind.WORD, "copy_verdict")
    if audience.sees_amounts:
        _add_caller(facts, view, around)
        _add_course(facts, view)
        _add_money(facts, view)
    if audience.sees_routing:
        # An upstream's own words, and what the operator bears.
        facts.add("error_text", "error_text", view.error_text, kind=Kind.EVIDENCE_FIELD)
        if view.uncollected_nanos:
            facts.add_money("uncollected_nanos", "uncollected_amount", view.uncollected_nanos, view.currency)
    return tuple(facts.all)


def _add_caller(facts: FactList, view: RequestView, around: Surroundings) -> None:
    account = show_id("account", view.account_id)
    facts.add("account", "account", account, f"{around.account_name} ({account})", kind=Kind.EVIDENCE_FIELD)
    if view.group_id is not None:
        group = show_id("group", view.group_id)
        facts.add("group", "group", group, f"{view.group_name} ({group})", kind=Kind.EVIDENCE_FIELD)
    facts.add("key", "key_mask", show_id("key", view.key_id), f"{view.key_mask} ({show_id('key', view.key_id)})",
              kind=Kind.EVIDENCE_FIELD)  # fmt: skip
    if view.member_id is not None:
        facts.add("member", "caller", show_id("member", view.member_id), kind=Kind.EVIDENCE_FIELD)
    facts.add("client", "client", view.client or None)
    facts.add("client_address", "client_address", view.client_address or None)
    facts.add_count("retry_count", "retry_count", view.retry_count)
    facts.add_count("in_flight", "in_flight_then", view.in_flight)
    if view.repeats > 1:
        facts.add_count("repeats", "repeats", view.repeats)


def _add_course(facts: FactList, view: RequestView) -> None:
    if view.model_tier is not None:
        facts.add_coded("model_tier", Kind.MODEL_TIER, view.model_tier, Kind.EVIDENCE_FIELD, "model_tier")
    facts.add_flag("stream", "streamed", view.stream)
    facts.add_time("decided_at", view.decided_at)
    facts.add_time("first_byte_at", view.first_byte_at)
    facts.add_time("ended_at", view.ended_at)
    facts.add_count("output_cap", "output_cap", view.output_cap)


def _add_money(facts: FactList, view: RequestView) -> None:
    currency = view.currency
    facts.add_money("needed_nanos", "needed_amount", view.needed_nanos, currency)
    facts.add_money("held_nanos", "held_amount", view.held_nanos, currency)
    facts.add_money("charged_nanos", "charged_amount", view.charged_nanos, currency)
    if view.refunded_nanos:
        facts.add_money("refunded_nanos", "refunded_amount", view.refunded_nanos, currency)
    facts.add("tokens", "tokens", view.tokens)
    if view.tokens is not None:
        facts.add_flag("estimated", "estimated", view.estimated)
    facts.add("price_tier_millis", "price_tier", view.multiplier_millis, f"×{format_millis(view.multiplier_millis)}")
    if view.price_version is not None:
        facts.add("price_version", "price_version", view.price_version.hex)
    facts.add("arithmetic", "arithmetic", view.arithmetic)


def format_millis(millis: int) -> str:
    """Thousandths as a plain decimal: 1500 is `1.5`."""
    return f"{millis // 1000}.{millis % 1000:03d}".rstrip("0").rstrip(".")


def show_attempt(attempt: AttemptView, *, currency: str, language: Language) -> ShownAttempt:
    """One attempt in words."""
    facts = FactList(language)
    facts.add("upstream", "upstream", attempt.upstream)
    facts.add("upstream_model", "upstream_model", attempt.upstream_model)
    facts.add("status", "status_code", attempt.status_code, kind=Kind.EVIDENCE_FIELD)
    micros = attempt.ended_at - attempt.started_at
    facts.add("duration_micros", "duration", micros, f"{micros / 1_000_000:.3f} s")
    facts.add("response_id", "response_id", attempt.response_id)
    facts.add_money("cost_nanos", "attempt_cost", attempt.cost_nanos, currency)
    facts.add("error_text", "error_text", attempt.error_text, kind=Kind.EVIDENCE_FIELD)
    return ShownAttempt(
        number=attempt.number,
        outcome=attempt.outcome,
        label=label_of(Kind.ATTEMPT_STATE, attempt.outcome, language),
        facts=tuple(facts.all),
    )
