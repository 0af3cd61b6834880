"""Which price is in force when, and what an import adds. Pure: times are passed in.

Of a model's versions that have started, the one with the highest number is in force. So an import never changes a row:
what it adds replaces what was there from its own start on, including what had been planned for later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from counterfoil.foundation.errors import CurrencyMismatch
from counterfoil.pricing.documents import body_of
from counterfoil.pricing.model import BookDocument, DatedTerms, Price, PriceChange, PriceVersion, Terms

# Where a price was read, and words about it, are no part of what it costs.
_NOT_COMPARED = frozenset({"source", "source_date", "note", "same_as"})
_TERMS_FIELDS = tuple(field.name for field in fields(Terms))

# From when on, and what: None where the model is not sold.
Step = tuple[int, Terms | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of time in which one version is in force; `price` is None where the model is withdrawn."""

    valid_from: int
    valid_to: int | None
    price: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import does to one model: what it would change, and the versions to add for that, in order."""

    model: str
    changes: tuple[PriceChange, ...]
    steps: tuple[Step, ...]


def timeline(versions: Sequence[PriceVersion]) -> tuple[Segment, ...]:
    """The stretches of one model's versions (given by number), by time. A version that never came into force has none."""
    segments: list[Segment] = []
    replaced_at: int | None = None
    for version in reversed(versions):
        if replaced_at is None or version.valid_from < replaced_at:
            segments.append(
                Segment(
                    valid_from=version.valid_from, valid_to=replaced_at, price=_price(version, valid_to=replaced_at)
                )
            )
            replaced_at = version.valid_from
    return tuple(reversed(segments))


def plan_import(
    document: BookDocument, present: Mapping[str, Sequence[PriceVersion]], *, start: int, now: int
) -> list[Plan]:
    """What to add to a book so that from `start` on it says what the document says.

    `present` are the book's versions by model. `start` may lie in the past for models that the book has never priced;
    the others change now at the earliest, so that the past stays as it was.
    """
    latest = max((version.created_at for versions in present.values() for version in versions), default=now)
    # Never before what another process, with a clock a little ahead, has added just now.
    earliest = max(now, latest)
    plans = []
    for model in sorted(document.models.keys() | document.withdrawn):
        segments = timeline(present.get(model, ()))
        begin = max(start, earliest) if segments else start
        existing = _existing_steps(segments, begin)
        if model in document.withdrawn:
            desired: list[Step] = [(begin, None)]
        else:
            desired = _desired_steps(document.models[model], existing, begin)
        _check_currency(document, existing)
        plans.append(_plan(model, existing, desired))
    return plans


def _price(version: PriceVersion, *, valid_to: int | None) -> Price | None:
    if version.terms is None:
        return None
    terms: dict[str, Any] = {name: getattr(version.terms, name) for name in _TERMS_FIELDS}
    return Price(
        **terms, book=version.book, version_id=version.version_id, number=version.number,
        valid_from=version.valid_from, valid_to=valid_to,
    )  # fmt: skip


def _existing_steps(segments: Sequence[Segment], begin: int) -> list[Step]:
    """What the book says from `begin` on; its first step starts there."""
    steps: list[Step] = [(begin, None)]
    for segment in segments:
        if segment.valid_from <= begin:
            steps[0] = (begin, segment.price)
        else:
            steps.append((segment.valid_from, segment.price))
    return steps


def _desired_steps(entries: Sequence[DatedTerms], existing: Sequence[Step], begin: int) -> list[Step]:
    """What the document says from `begin` on. Where it only speaks of later, the present stays."""
    steps: list[Step] = [existing[0]]
    for entry in entries:
        if entry.valid_from is None or entry.valid_from <= begin:
            steps[0] = (begin, entry.terms)
        else:
            steps.append((entry.valid_from, entry.terms))
    return steps


def _check_currency(document: BookDocument, existing: Sequence[Step]) -> None:
    for _, terms in existing:
        if terms is not None and terms.currency != document.currency:
            raise CurrencyMismatch(expected=terms.currency, given=document.currency)


def _plan(model: str, existing: Sequence[Step], desired: Sequence[Step]) -> Plan:
    changes: list[PriceChange] = []
    last: tuple[dict[str, Any], dict[str, Any]] | None = None
    begin = existing[0][0]
    for moment in sorted({at for at, _ in existing} | {at for at, _ in desired}):
        pair = _compared(_at(existing, moment)), _compared(_at(desired, moment))
        if pair[0] != pair[1] and pair != last:
            changes += _differences(model, *pair, valid_from=None if moment == begin else moment)
        last = pair
    if not changes:
        return Plan(model=model, changes=(), steps=())
    steps = [step for place, step in enumerate(desired) if place == 0 or step[1] != desired[place - 1][1]]
    stays = _compared(existing[0][1]) == _compared(desired[0][1])
    # The present price is added again only to cancel what had been planned after it.
    if stays and len(existing) == 1:
        steps = steps[1:]
    return Plan(model=model, changes=tuple(changes), steps=tuple(steps))


def _at(steps: Sequence[Step], moment: int) -> Terms | None:
    found: Terms | None = None
    for valid_from, terms in steps:
        if valid_from <= moment:
            found = terms
    return found


def _compared(terms: Terms | None) -> dict[str, Any]:
    """A price's fields with their values, flat; empty where the model is not sold."""
    if terms is None:
        return {}
    body = {name: value for name, value in body_of(terms).items() if name not in _NOT_COMPARED}
    flat: dict[str, Any] = {f"rates.{name}": nanos for name, nanos in body.pop("rates").items()}
    for tier in body.pop("context_tiers"):
        for name, nanos in tier["rates"].items():
            flat[f"rates.{name} above {tier['above_input_tokens']}"] = nanos
    return {**flat, **body}


def _differences(
    model: str, before: Mapping[str, Any], after: Mapping[str, Any], *, valid_from: int | None
) -> list[PriceChange]:
    if not after:
        return [PriceChange(model=model, field="withdrawn", before=False, after=True, valid_from=valid_from)]
    # Of a new model, its rates say enough.
    names = sorted(before.keys() | after.keys()) if before else [name for name in after if name.startswith("rates.")]
    return [
        PriceChange(
            model=model, field=name, before=before.get(name), after=after.get(name), valid_from=valid_from
        )
        for name in names
        if before.get(name) != after.get(name)
    ]  # fmt: skip
