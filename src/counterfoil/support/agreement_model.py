"""What a case says and what a record has, as they are held against each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from counterfoil.evidence.clues import WrittenTime
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.said import MaskedId, SaidAmount

ZONES_OF_LANGUAGE: Mapping[Language, tuple[str, ...]] = MappingProxyType(
    {Language.ZH: ("Asia/Shanghai", "UTC"), Language.EN: ("UTC", "America/New_York")}
)
TIME_FIELDS = ("request_time", "order_time", "redemption_time", "time_window")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as far as a case may agree with it. What a record of its kind does not have is empty.

    `id` is of the kind; `times` are all that people may have looked at (asked, decided, paid, redeemed), the first the one
    that is shown; `amounts` (nanos, currency) what was paid, what was credited, what was charged; `numbers` ends of its
    numbers; `is_trouble` whether it was refused, failed or did not arrive.
    """

    kind: str
    id: UUID
    account_id: UUID | None
    times: tuple[int, ...]
    amounts: tuple[tuple[int, str], ...] = ()
    numbers: tuple[str, ...] = ()
    code_last_four: str | None = None
    key_mask: str | None = None
    model: str | None = None
    task_kind: str | None = None
    status_code: int | None = None
    code: str | None = None
    payment_kind: str | None = None
    group: str | None = None
    charge_mark: str | None = None
    failure: str | None = None
    account_name: str | None = None
    emails: tuple[str, ...] = ()
    nicknames: tuple[str, ...] = ()
    user_numbers: tuple[int, ...] = ()
    is_trouble: bool = False
    # The submission that a request is one of the copies of.
    submission_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a case says, read once: `values` as they came, and what was understood of them."""

    problem: str
    language: Language
    values: Mapping[str, str]
    now: int
    ids: frozenset[UUID]
    masked_ids: tuple[MaskedId, ...]
    amount: SaidAmount | None
    times: Mapping[str, tuple[WrittenTime, ...]]
    # What it may be a case of, the likeliest first; which of `values` were told in words elsewhere; words that may be names.
    problems: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    # Which of `told` stood in the field for something else, and may be of that; ends of numbers that may be those of keys.
    strayed: frozenset[str] = frozenset()
    ends: tuple[str, ...] = ()
    # Whether it was sent several times.
    is_several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What else comparing needs: which of the said ids are on record at all, and the zone of the account, if one is known."""

    known_ids: frozenset[UUID] = frozenset()
    account_zone: str | None = None
    # Of somebody who is signed in.
    account_id: UUID | None = None

    def zones(self, language: Language) -> tuple[str, ...]:
        """In which zones a time without one is read, the likeliest first."""
        own = () if self.account_zone is None else (self.account_zone,)
        return tuple(dict.fromkeys((*own, *ZONES_OF_LANGUAGE[language])))
