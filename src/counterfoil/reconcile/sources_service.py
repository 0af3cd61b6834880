"""Use cases of sources: which channels, upstreams and bank accounts send statements, and how theirs are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.periods import read_time_zone
from counterfoil.recharge.numbers import Numbers, mask_payer
from counterfoil.reconcile import sources_store as store
from counterfoil.reconcile.desk_model import Source
from counterfoil.reconcile.people import check_person
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_SETTLING_SECONDS_MAX = 90 * 86_400
_MILLIONTHS = 1_000_000
_TOLERANCE_UNITS_MAX = 1_000_000
_COLUMNS_MAX = 40
_COLUMN_CHARACTERS_MAX = 100
_OWNER_CHARACTERS_MAX = 100


class Sources:
    """Sources of statements. `importers` gives the names of all importers that there are."""

    def __init__(
        self, database: Database, *, clock: Clock, importers: Callable[[], Sequence[str]], numbers: Numbers
    ) -> None:
        self._database = database
        self._clock = clock
        self._importers = importers
        self._numbers = numbers

    async def add(self, source: Source, *, by: str) -> Source:
        """Add a source; raises `InputError`, or `Conflict` (`source_exists`)."""
        kept = replace(self._checked(source), created_at=self._clock.now(), created_by=check_person(by))
        async with self._database.unit_of_work() as connection:
            if not await store.insert_source(connection, kept):
                raise Conflict(code="source_exists", source=kept.name)
        return kept

    async def change(self, source: Source) -> Source:
        """Replace everything of a source but its name and beginning; raises `InputError`, `NotFound`."""
        checked = self._checked(source)
        async with self._database.unit_of_work() as connection:
            found = await store.lock_source(connection, checked.name)
            if found is None:
                raise no_source(checked.name)
            kept = replace(checked, created_at=found.created_at, created_by=found.created_by)
            await store.update_source(connection, kept)
        return kept

    def owned(self, source: Source, owner: str | None) -> Source:
        """The source with the number that its files must name as their owner; "" for whatever they name.

        Raises `InputError`.
        """
        if owner is None:
            return source
        owner = owner.strip()
        if len(owner) > _OWNER_CHARACTERS_MAX or not owner.isprintable():
            raise InputError(field="owner", expected=f"at most {_OWNER_CHARACTERS_MAX} printable characters")
        if not owner:
            return replace(source, owner_hash=None, owner_mask=None)
        return replace(source, owner_hash=owner_hash(self._numbers, owner), owner_mask=mask_payer(owner))

    async def find(self, name: str) -> Source:
        """The source of that name; raises `NotFound` (`source_not_found`)."""
        async with self._database.reading() as connection:
            found = await store.read_source(connection, name.strip())
        if found is None:
            raise no_source(name)
        return found

    async def list(self) -> list[Source]:
        """Every source, by name."""
        async with self._database.reading() as connection:
            return await store.read_sources(connection)

    def importers(self) -> tuple[str, ...]:
        """The names of all importers."""
        return tuple(self._importers())

    def _checked(self, source: Source) -> Source:
        if not _NAME.match(source.name):
            raise InputError(field="name", expected="small letters, digits, dots, dashes; 60 at most")
        known = self.importers() if source.importers else ()
        unknown = [name for name in source.importers if name not in known]
        if unknown:
            raise InputError(field="importers", given=unknown[0][:60], expected=", ".join(known))
        reading = source.reading
        if reading.time_zone is not None:
            read_time_zone(reading.time_zone)
        for currency in (*source.tolerance, *([reading.currency] if reading.currency else [])):
            if not _CURRENCY.match(currency):
                raise InputError(code="currency_unreadable", currency=currency[:10])
        if len(reading.columns) > _COLUMNS_MAX or any(
            not (part and part.isprintable() and len(part) <= _COLUMN_CHARACTERS_MAX)
            for pair in reading.columns.items()
            for part in pair
        ):
            raise InputError(field="columns", expected=f"at most {_COLUMNS_MAX} pairs of a field and a column's name")
        if not 0 <= source.settling_seconds <= _SETTLING_SECONDS_MAX:
            raise InputError(field="settling_seconds", expected=f"0 to {_SETTLING_SECONDS_MAX}")
        if source.fee_millionths is not None and not 0 <= source.fee_millionths <= _MILLIONTHS:
            raise InputError(field="fee_millionths", expected=f"0 to {_MILLIONTHS}")
        if source.fee_fixed < 0:
            raise InputError(field="fee_fixed", expected="0 or more")
        if any(not 0 <= units <= _TOLERANCE_UNITS_MAX for units in source.tolerance.values()):
            raise InputError(field="tolerance", expected=f"0 to {_TOLERANCE_UNITS_MAX} smallest units")
        if source.payouts_to is not None and not _NAME.match(source.payouts_to):
            raise InputError(field="payouts_to", expected="the name of another source")
        columns = {name: redact(column) for name, column in reading.columns.items()}
        return replace(source, reading=replace(reading, columns=columns))


def owner_hash(numbers: Numbers, owner: str) -> bytes:
    """What the number that a statement names as its owner is compared by."""
    return numbers.hash("statement owner", owner.strip().casefold())


def no_source(name: str) -> NotFound:
    return NotFound(code="source_not_found", source=name[:60])
