"""Reading a whole case once: what its fields say, and what is told elsewhere than in them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterfoil.evidence.subjects import clean
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.agreement_model import TIME_FIELDS, ZONES_OF_LANGUAGE, Said
from counterfoil.support.said import read_amount, read_ids, read_masked_ids
from counterfoil.support.said_times import read_times
from counterfoil.support.said_words import says_nothing
from counterfoil.support.told import read_told

# Where "none" is an answer.
_ANSWERED_NO = frozenset({"charge_shown", "resubmitted"})


def read_said(
    problem: str, values: Mapping[str, str], *, language: Language, now: int, time_zone: str | None = None
) -> Said:
    """A case's fields as they are compared. `now` (when it came in) dates what has no year, and ids; today and yesterday are
    those of `time_zone` (None: of most who write in that language)."""
    # As a Chinese input method gives them, digits are full-width.
    cleaned = {name: clean(value).strip() for name, value in values.items()}
    typed = {
        name: value for name, value in cleaned.items() if value and (name in _ANSWERED_NO or not says_nothing(value))
    }
    told = read_told(problem, typed)
    everything = "\n".join(typed.values())
    zone = time_zone or ZONES_OF_LANGUAGE[language][0]
    said = {**typed, **told.values}
    times = {name: read_times(said[name], now=now, time_zone=zone) for name in TIME_FIELDS if name in said}
    for name in typed.keys() & times.keys():
        if not times[name] and (elsewhere := read_times(told.when, now=now, time_zone=zone)):
            # What stands in the field for it is no time, and one is told elsewhere.
            times[name] = elsewhere
    # Words in which no time is told are no time.
    said = {name: value for name, value in said.items() if name in typed or times.get(name, True)}
    return Said(
        problem=problem,
        language=language,
        values=MappingProxyType(said),
        now=now,
        ids=frozenset(one for value in typed.values() for one in read_ids(value, now=now)),
        masked_ids=read_masked_ids(everything),
        amount=read_amount(said.get("amount", "")),
        times=MappingProxyType({name: found for name, found in times.items() if name in said}),
        problems=told.problems,
        told=frozenset(said) - frozenset(typed) - told.moved,
        names=told.names,
        strayed=told.strayed,
        ends=told.ends,
        is_several=told.is_several,
    )
