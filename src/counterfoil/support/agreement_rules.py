"""How well what a case says agrees with a record, all fields together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterfoil.support.agreement_fields import COMPARE, SHOWN_CHARACTERS, UNKNOWN
from counterfoil.support.agreement_model import TIME_FIELDS, Reading, Record, Said
from counterfoil.support.model import Agreement, FieldAgreement

# What was told in words is of one kind of record, and says nothing of others.
_KINDS_OF_TOLD: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "request_time": ("request", "task"),
        "model": ("request", "task"),
        "status_code": ("request", "task"),
        "order_time": ("order",),
        "order_mask": ("order",),
        "redemption_time": ("code",),
        "code_last_four": ("code",),
        "amount": ("order", "code"),
        "time_window": ("account",),
    }
)


# Whose it is: nobody's, as long as a code is not redeemed.
_PERSON = frozenset(
    {"account_email", "user_number", "nickname", "account", "redemption_account", "caller", "redemption_time"}
)


# What was told of these among words may be of something else that is mentioned as well.
_NEVER_AGAINST = frozenset({"key_mask", "status_code", "user_number", "account_email"})


_TIMES_OF_OTHERS = frozenset({"order_time", "redemption_time", "time_window"})


def _can_agree(said: Said, name: str, record: Record) -> bool:
    if record.kind == "code" and record.account_id is None and name in _PERSON:
        return False
    if name == "request_time" and said.problems[:1] != (said.problem,) and said.told & _TIMES_OF_OTHERS:
        # The chosen form has no other field for when that was of which the words tell.
        return False
    return name not in said.told or record.kind in _KINDS_OF_TOLD.get(name, (record.kind,))


def compare(said: Said, record: Record, reading: Reading) -> tuple[FieldAgreement, ...]:
    """Every field of the case that records can agree with, the weightiest first."""
    found = []
    for name, (weight, rule) in COMPARE.items():
        value = said.values.get(name)
        if value is None or not _can_agree(said, name, record):
            continue
        met = rule(said, value, record, reading)
        if (
            name in said.told
            and (name in _NEVER_AGAINST or name in said.strayed)
            and met.agreement is Agreement.DIFFERENT
        ):
            met = UNKNOWN
        found.append(
            (weight, FieldAgreement(
                field=name, said=_shown(said, name, value), recorded=met.recorded, agreement=met.agreement
            ))
        )  # fmt: skip
    found.sort(key=lambda one: -one[0])
    return tuple(field for _, field in found)


def _shown(said: Said, name: str, value: str) -> str:
    """What stands beside the record: of a time that was told in words, the time."""
    if name in said.told and name in TIME_FIELDS:
        written = [f"{one.local:%Y-%m-%d}" if one.is_day else f"{one.local:%Y-%m-%d %H:%M}" for one in said.times[name]]
        return " – ".join(written)
    return value[:SHOWN_CHARACTERS]
