"""Findings in words, for one language and one audience. Pure.

The public gets the general words: no amount, no name, no record. A customer gets what is the account's own; an operator
everything. A sentence that would need something its reader may not see is left unsaid for one that does not.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from counterfoil.evidence.facts import format_millis, label_of
from counterfoil.evidence.findings import Finding, FindingCode, Row
from counterfoil.evidence.model import Audience, ShownFinding
from counterfoil.foundation.vocabulary import Entry, Kind, Language, Reader, Text, entry, find_entry
from counterfoil.foundation.vocabulary.sentences import show_moment, show_money
from counterfoil.limits.model import Unit

# What is listed one by one: a loop has thousands of records, and says the same after fifty.
ROWS_MAX = 50

# Names and numbers of others: another account, what an upstream is and costs, what is wrong with how we are paid.
_OTHERS_NAMES = ("account", "upstream", "provider", "merchant", "attempt", "notice")
_OTHERS_NUMBERS = ("cost", "upstream", "accounts")
# Records of the account's own. A notice may be about somebody else's payment.
_OWN_ROWS = frozenset(
    {
        "request", "task", "submission", "transfer", "order", "refund", "dispute", "code", "code_try", "grant", "hold",
        "limit", "payment", "key", "group",
    }
)  # fmt: skip
_FINDING = Kind.FINDING
# Names that are codes of the vocabulary: by the kind's own name, and by shorter ones.
_KINDS = {kind.value: kind for kind in Kind} | {
    "code": Kind.REFUSAL, "check": Kind.REFUSAL, "window": Kind.LIMIT_WINDOW, "scope": Kind.CHECK_SCOPE,
    "unit": Kind.LIMIT_UNIT,
}  # fmt: skip
# Numbers that are amounts although their names do not end so; those of a limit are in the limit's unit.
_AMOUNTS = frozenset({"needed", "available", "shortfall", "usual", "charged"})
_ROUNDED_UP = ("needed", "shortfall")
_OF_LIMIT = frozenset({"amount", "used", "held", "remaining"})
_THINGS = {
    (True, False): Text(zh="任务", en="task"),
    (False, True): Text(zh="请求", en="request"),
    (True, True): Text(zh="请求和任务", en="request or task"),
}
_ALL_THINGS = {
    (True, False): Text(zh="任务", en="tasks"),
    (False, True): Text(zh="请求", en="requests"),
    (True, True): Text(zh="请求和任务", en="requests and tasks"),
}


def show_findings(findings: Iterable[Finding], *, reader: Reader, audience: Audience) -> tuple[ShownFinding, ...]:
    """Every finding that the audience may know of, in the order in which they come."""
    return tuple(
        _show(one, reader=reader, audience=audience)
        for one in findings
        if audience is not Audience.PUBLIC or entry(_FINDING, one.code).public
    )


def _show(finding: Finding, *, reader: Reader, audience: Audience) -> ShownFinding:
    language, words = reader.language, _words_of(finding)
    numbers, names = _seen(finding, audience)
    values = _values(finding, numbers, names, reader) if audience.sees_amounts else {}
    return ShownFinding(
        code=finding.code,
        confidence=finding.confidence,
        confidence_label=entry(Kind.WORD, finding.confidence).label[language],
        label=words.label[language],
        text=_first_filled(Kind.FINDING_TEXT, _texts_of(finding, audience), values, language)
        or words.explanation[language],
        would_have=_first_filled(Kind.FINDING_OTHERWISE, _otherwise_of(finding), values, language),
        nanos=finding.nanos if audience.sees_amounts else None,
        currency=(finding.currency or reader.currency) if audience.sees_amounts else None,
        numbers=numbers,
        names=names,
        enough_alone=finding.enough_alone,
        enough_together=finding.enough_together,
        next_steps=(words.next_step.what_to_change[language], words.next_step.where_to_look[language]),
        how_to_go_back=words.next_step.how_to_go_back[language],
        owner=words.owner.value,
        owner_label=entry(Kind.OWNER, words.owner).label[language],
        article=words.article,
        rows=tuple(_seen_rows(finding.rows, audience))[:ROWS_MAX],
    )


def _words_of(finding: Finding) -> Entry:
    """The general words; of a refusal that its code explains, the code's own."""
    if finding.code is FindingCode.REFUSED_FOR_ITS_CODE:
        refusal = find_entry(Kind.REFUSAL, finding.names.get("code", ""))
        if refusal is not None:
            return refusal
    return entry(_FINDING, finding.code)


def _texts_of(finding: Finding, audience: Audience) -> Iterator[str]:
    """The sentences that may tell it, the best first: for a customer, and without a nought where one of two is nothing."""
    for name in dict.fromkeys((finding.text or finding.code, finding.code)):
        if audience is Audience.CUSTOMER:
            yield f"{name}_customer"
        if finding.numbers.get("charged") == 0:
            yield f"{name}_held"
        if finding.numbers.get("held") == 0:
            yield f"{name}_charged"
        yield from (name, f"{name}_or")


def _otherwise_of(finding: Finding) -> Iterator[str]:
    """Of a refusal's cause: whether the request would have passed without it; of anything else, what would have helped."""
    if finding.enough_alone is None:
        yield from (name for name in (finding.text, finding.code) if name is not None)
    elif finding.enough_alone:
        yield from (f"{finding.code}_alone", f"{finding.code}_alone_or")
    else:
        yield "together" if finding.enough_together else "not_enough"


def _first_filled(kind: Kind, codes: Iterable[str], values: Mapping[str, str], language: Language) -> str | None:
    """The first of these sentences that there is and of which every place can be filled."""
    for code in codes:
        found = find_entry(kind, code)
        if found is not None and _places(found.label[language]) <= values.keys():
            return found.label[language].format_map(values)
    return None


@lru_cache(maxsize=1024)
def _places(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


def _seen(finding: Finding, audience: Audience) -> tuple[dict[str, int], dict[str, str]]:
    """The numbers and names that the audience may see."""
    if not audience.sees_amounts:
        return {}, {}
    if audience.sees_routing:
        return dict(finding.numbers), dict(finding.names)
    return (
        {name: number for name, number in finding.numbers.items() if not name.startswith(_OTHERS_NUMBERS)},
        {name: value for name, value in finding.names.items() if not name.startswith(_OTHERS_NAMES)},
    )


def _seen_rows(rows: Iterable[Row], audience: Audience) -> Iterator[Row]:
    if audience.sees_amounts:
        yield from (row for row in rows if audience.sees_routing or row.kind in _OWN_ROWS)


def _values(
    finding: Finding, numbers: Mapping[str, int], names: Mapping[str, str], reader: Reader
) -> Mapping[str, str]:
    """What fills the places of the words, by the place's name."""
    currency = finding.currency or reader.currency or ""
    taken = show_money(finding.nanos, currency)
    values = {"amount": taken, "taken": taken} | _things(finding, numbers.get("count"), reader.language)
    counted = names.get("unit", Unit.MONEY) != Unit.MONEY
    for name, number in numbers.items():
        if name in _AMOUNTS or (name in _OF_LIMIT and not counted):
            name = f"{name}_nanos"
        place, shown = _number(name, number, currency, reader)
        values[place] = shown
    for name, value in names.items():
        kind = _KINDS.get(name)
        values[name] = value if kind is None else label_of(kind, value, reader.language)
    return values


def _things(finding: Finding, count: int | None, language: Language) -> dict[str, str]:
    """What its records are: requests, tasks, or both."""
    kinds = {row.kind for row in finding.rows}
    words = (_THINGS if count == 1 else _ALL_THINGS).get(("task" in kinds, "request" in kinds))
    return {} if words is None else {"things": words[language]}


def _number(name: str, number: int, currency: str, reader: Reader) -> tuple[str, str]:
    """The place that a number fills, and how it is written."""
    if name.endswith("_nanos"):
        # What is needed or lacks is rounded up: less of it must never seem to be enough.
        return name.removesuffix("_nanos"), show_money(number, currency, up=name.startswith(_ROUNDED_UP))
    if name.endswith("_at"):
        return name, show_moment(number, reader, seconds=False)
    if name.endswith("_millis"):
        return name.removesuffix("_millis"), f"×{format_millis(number)}"
    if name.endswith("_seconds"):
        return name, f"{number:,} s"
    return name, f"{number:,}"
