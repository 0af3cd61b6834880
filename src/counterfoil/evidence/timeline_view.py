"""A timeline for a reader: each row in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.evidence.timeline import TimelinePage, TimelineRow, TimelineSource
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Kind, Language, find_entry, text

Json = dict[str, Any]

# Which lists the code of a row may stand in, by where it was read.
_KINDS: Mapping[TimelineSource, tuple[Kind, ...]] = {
    TimelineSource.APPROVALS: (Kind.APPROVAL_ACTION,),
    TimelineSource.AUDIT: (Kind.AUDIT_EVENT,),
    TimelineSource.CALLS: (Kind.WORD,),
    TimelineSource.CHARGES: (Kind.WORD,),
    TimelineSource.CODES: (Kind.ERROR, Kind.WORD),
    TimelineSource.DISPUTES: (Kind.ORDER_EVENT,),
    TimelineSource.ENDINGS: (Kind.TRANSFER_CODE,),
    TimelineSource.GIVEN_BACK: (Kind.TRANSFER_CODE,),
    TimelineSource.KEYS: (Kind.WORD,),
    TimelineSource.LIMITS: (Kind.WORD,),
    TimelineSource.MONEY: (Kind.TRANSFER_CODE,),
    TimelineSource.ORDERS: (Kind.ORDER_EVENT,),
    TimelineSource.REFUNDS: (Kind.ORDER_EVENT,),
    TimelineSource.TASKS: (Kind.TASK_KIND,),
    TimelineSource.TROUBLE: (Kind.REFUSAL, Kind.ERROR, Kind.HOLD_REASON, Kind.REQUEST_STATE),
}
# What a row's state is a code of, where it says more than the label.
_STATES: Mapping[TimelineSource, Kind] = {
    TimelineSource.APPROVALS: Kind.APPROVAL_STATE,
    TimelineSource.ORDERS: Kind.ORDER_STATE,
    TimelineSource.TASKS: Kind.TASK_STATE,
    TimelineSource.TROUBLE: Kind.REQUEST_STATE,
}


def label_of_row(row: TimelineRow, language: Language) -> str:
    """What happened."""
    if row.source is TimelineSource.AUDIT:
        return audited_label(row.what, language)
    for kind in _KINDS[row.source]:
        found = find_entry(kind, row.what)
        if found is not None:
            return found.label[language]
    return row.what


def state_of_row(row: TimelineRow, language: Language) -> str | None:
    """How it stands now, or as what it ended; None where the label says it all."""
    kind = _STATES.get(row.source)
    found = None if kind is None or row.state is None else find_entry(kind, row.state)
    return None if found is None else found.label[language]


def details_of_row(row: TimelineRow, language: Language) -> list[str]:
    """What else is known of it, most telling first."""
    if row.source is TimelineSource.LIMITS:
        scope, name, window, unit = row.names
        named = f"{_label(Kind.CHECK_SCOPE, scope, language)} {name}".strip()
        return [named, _label(Kind.LIMIT_WINDOW, window, language), _label(Kind.LIMIT_UNIT, unit, language)]
    if row.source is TimelineSource.CALLS:
        mask, model = row.names
        return [mask or text(Kind.WORD, "of_keys", language), model or text(Kind.WORD, "of_models", language)]
    if row.source in (TimelineSource.MONEY, TimelineSource.ENDINGS, TimelineSource.GIVEN_BACK):
        return []
    return [name for name in row.names if name]


def audited_label(what: str, language: Language) -> str:
    """What was seen or done: in people's own words where it has some, else the name of the page, route or command."""
    for kind, code in ((Kind.AUDIT_EVENT, what), (Kind.PAGE, f"page_{what}"), (Kind.PAGE, what)):
        found = find_entry(kind, code)
        # A heading with places in it is one of a single record, which the trail does not keep.
        if found is not None and "{" not in found.label[language]:
            return found.label[language]
    return what.replace("_", " ")


def to_dict(page: TimelinePage, *, language: Language) -> Json:
    """The timeline as plain JSON."""
    return {
        "account_id": show_id("account", page.account_id),
        "currency": page.currency,
        "time_zone": page.time_zone,
        "start": show_time(page.start),
        "end": show_time(page.end),
        "items": [_row_dict(row, page, language) for row in page.rows],
        "next": page.next,
    }


def _row_dict(row: TimelineRow, page: TimelinePage, language: Language) -> Json:
    return {
        "at": show_time(row.at),
        "kind": row.kind.value,
        "what": row.what,
        "label": label_of_row(row, language),
        "state": row.state,
        "state_label": state_of_row(row, language),
        "subject": show_id(row.subject_kind, row.subject_id) if row.subject_kind and row.subject_id else None,
        "amount_nanos": row.amount,
        "amount": None if row.amount is None else format_nanos(row.amount),
        "currency": None if row.amount is None else row.currency or page.currency,
        "count": row.count,
        "first_at": None if row.first_at is None else show_time(row.first_at),
        "by": row.by,
        "details": details_of_row(row, language),
    }


def _label(kind: Kind, code: str, language: Language) -> str:
    found = find_entry(kind, code)
    return code if found is None else found.label[language]
