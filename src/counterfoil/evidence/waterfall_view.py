"""A waterfall for a reader: every step, line and part with its label, and the findings in words. Pure.

An account's customer sees all that is its own; what was posted beside its balance, and by which transfers, is for the
operator.
"""

from __future__ import annotations

from typing import Any

from counterfoil.evidence.drops import Comparison, Part
from counterfoil.evidence.facts import label_of
from counterfoil.evidence.model import Audience, ShownFinding
from counterfoil.evidence.shown_findings import show_findings
from counterfoil.evidence.waterfall import Breakdown, Dimension, Slice, SliceKind, Waterfall, show_hour
from counterfoil.evidence.waterfall_steps import Beside, Step
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Amounts, Kind, Language, Reader, entry, text

Json = dict[str, Any]

# What the names of these dimensions are codes of.
_CODES = {
    Dimension.TIER: Kind.MODEL_TIER,
    Dimension.CAUSE: Kind.SPENDING_PART,
    Dimension.WORK: Kind.SPENDING_PART,
    Dimension.COPY: Kind.VERDICT,
}


def findings_of(waterfall: Waterfall, *, language: Language, audience: Audience) -> tuple[ShownFinding, ...]:
    """What explains the difference to usual, in words."""
    reader = Reader(language=language, amounts=Amounts.ALL, currency=waterfall.currency, time_zone=waterfall.time_zone)
    return show_findings(waterfall.comparison.findings, reader=reader, audience=audience)


def step_label(step: Step, language: Language) -> str:
    return label_of(Kind.WATERFALL_STEP, step.kind, language)


def part_label(part: Part, language: Language) -> str:
    return label_of(Kind.SPENDING_PART, part.kind, language)


def slice_label(by: Dimension, one: Slice, *, language: Language, time_zone: str) -> str:
    """What a line stands for, as people call it."""
    match one.kind:
        case SliceKind.OTHERS:
            return text(Kind.WORD, "others_merged", language, count=f"{one.merged:,}")
        case SliceKind.UNKNOWN:
            return entry(Kind.WORD, "without_request").label[language]
        case SliceKind.NONE:
            return entry(Kind.WORD, "not_compared" if by is Dimension.COPY else "none_given").label[language]
    name = one.name or ""
    if by is Dimension.HOUR:
        return show_hour(int(name), time_zone)
    kind = _CODES.get(by)
    return (one.label or name) if kind is None else label_of(kind, name, language)


def to_dict(waterfall: Waterfall, *, language: Language, audience: Audience) -> Json:
    """As JSON has it: amounts exactly and as decimals, times in RFC 3339, codes beside their words."""
    whole: Json = {
        "account_id": show_id("account", waterfall.account_id),
        "account_name": waterfall.account_name,
        "currency": waterfall.currency,
        "time_zone": waterfall.time_zone,
        "language": str(language),
        "audience": str(audience),
        "from": show_time(waterfall.start),
        "to": show_time(waterfall.end),
        **_amount("opening", waterfall.opening),
        "steps": [_step_dict(step, language) for step in waterfall.steps],
        **_amount("closing", waterfall.closing),
        **_amount("held", waterfall.held),
        **_amount("charged", waterfall.charged),
        **_amount("refunded", waterfall.refunded),
        "breakdowns": {
            str(one.by): _breakdown_dict(one, language=language, time_zone=waterfall.time_zone)
            for one in waterfall.breakdowns
        },
        "concurrency": waterfall.concurrency,
        "comparison": _comparison_dict(waterfall.comparison, language),
        "findings": [_finding_dict(one) for one in findings_of(waterfall, language=language, audience=audience)],
        "beside": None,
        "versions": None,
    }
    if audience.sees_routing:
        whole["beside"] = [_beside_dict(one, language) for one in waterfall.beside]
        whole["versions"] = {"from": waterfall.from_version, "through": waterfall.through_version}
    return whole


def _amount(name: str, nanos: int) -> Json:
    return {f"{name}_nanos": nanos, name: format_nanos(nanos)}


def _step_dict(step: Step, language: Language) -> Json:
    return {
        "kind": str(step.kind),
        "label": step_label(step, language),
        **_amount("amount", step.nanos),
        "transfers": step.transfers,
    }


def _beside_dict(one: Beside, language: Language) -> Json:
    return {
        "code": one.code,
        "label": label_of(Kind.TRANSFER_CODE, one.code, language),
        **_amount("amount", one.nanos),
        "transfers": one.transfers,
    }


def _breakdown_dict(one: Breakdown, *, language: Language, time_zone: str) -> Json:
    return {
        "label": label_of(Kind.WATERFALL_BY, one.by, language),
        "lines": [_slice_dict(one.by, each, language=language, time_zone=time_zone) for each in one.slices],
        **_amount("charged", one.charged),
        **_amount("refunded", one.refunded),
        **_amount("net", one.charged - one.refunded),
        "charges": one.charges,
    }


def _slice_dict(by: Dimension, one: Slice, *, language: Language, time_zone: str) -> Json:
    name = one.name
    if by is Dimension.HOUR and name is not None:
        name = show_time(int(name))
    return {
        "kind": str(one.kind),
        "name": name,
        "label": slice_label(by, one, language=language, time_zone=time_zone),
        **_amount("charged", one.charged),
        **_amount("refunded", one.refunded),
        **_amount("net", one.net),
        "charges": one.charges,
        "merged": one.merged,
    }


def _comparison_dict(comparison: Comparison, language: Language) -> Json:
    return {
        "windows": comparison.windows,
        **_amount("now", comparison.now),
        **_amount("usual", comparison.usual),
        **_amount("difference", comparison.difference),
        "parts": [
            {
                "kind": str(part.kind),
                "label": part_label(part, language),
                **_amount("now", part.now),
                **_amount("usual", part.usual),
                **_amount("difference", part.difference),
            }
            for part in comparison.parts
        ],
    }


def _finding_dict(finding: ShownFinding) -> Json:
    return {
        "code": str(finding.code),
        "confidence": str(finding.confidence),
        "label": finding.label,
        "text": finding.text,
        "would_have": finding.would_have,
        "nanos": finding.nanos,
        "currency": finding.currency,
        "numbers": dict(finding.numbers),
        "names": dict(finding.names),
        "owner": finding.owner,
        "next_steps": list(finding.next_steps),
        "how_to_go_back": finding.how_to_go_back,
        "article": finding.article,
        "rows": [
            {"kind": row.kind, "id": row.id, "at": None if row.at is None else show_time(row.at), "nanos": row.nanos}
            for row in finding.rows
        ],
    }
