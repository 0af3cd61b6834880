"""What recharges are worth: exchange rates with dates, and bonus rules."""

from __future__ import annotations

import re

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.recharge import terms_store as store
from counterfoil.recharge.model import RATE_ONE, Terms
from counterfoil.recharge.people import check_person
from counterfoil.recharge.terms import BonusRule, Rate, same_currency, terms_of
from counterfoil.storage.database import Database

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_NAME_MAX = 100
_RULES_MAX = 1_000
_DAYS_MAX = 3_660
_SHARE_MILLIONTHS_MAX = 10_000_000


class RechargeTerms:
    """Rates and bonus rules. What an order credits is fixed when it is made, so a change touches only later ones."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set_rate(
        self, *, paid_currency: str, wallet_currency: str, rate: int, ratio: int = RATE_ONE, by: str
    ) -> Rate:
        """What one unit of the paid currency credits from now on: `rate` and `ratio` in billionths.

        A wallet's own currency may have a rate too: its ratio is then what the operator makes of a recharge.
        """
        for currency in (paid_currency, wallet_currency):
            if not _CURRENCY.match(currency):
                raise InputError(code="currency_unreadable", currency=currency[:10])
        if not (0 < rate <= LARGEST_NANOS and 0 < ratio <= LARGEST_NANOS):
            raise InputError(code="amount_not_positive")
        made = Rate(
            paid_currency=paid_currency, wallet_currency=wallet_currency, rate=rate, ratio=ratio,
            starts_at=self._clock.now(), set_by=check_person(by),
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            if not await store.insert_rate(connection, made):
                raise Conflict(code="already_exists", what="exchange rate")
        return made

    async def rates(self) -> list[Rate]:
        """Every rate, those of the same currencies newest first."""
        async with self._database.reading() as connection:
            return await store.read_rates(connection, most=_RULES_MAX)

    async def add_bonus(
        self,
        *,
        name: str,
        wallet_currency: str,
        least: int,
        share_millionths: int = 0,
        fixed: int = 0,
        days: int | None = None,
    ) -> BonusRule:
        """Add a bonus rule that holds from now on; raises `Conflict` where the name is taken."""
        name = name.strip()
        if not (1 <= len(name) <= _NAME_MAX and name.isprintable()):
            raise InputError(code="name_unreadable")
        if not _CURRENCY.match(wallet_currency):
            raise InputError(code="currency_unreadable", currency=wallet_currency[:10])
        if not (0 <= least <= LARGEST_NANOS and 0 <= fixed <= LARGEST_NANOS and share_millionths + fixed > 0):
            raise InputError(code="amount_not_positive")
        if not 0 <= share_millionths <= _SHARE_MILLIONTHS_MAX:
            raise InputError(field="share", expected="at most ten times the recharge")
        if days is not None and not 1 <= days <= _DAYS_MAX:
            raise InputError(field="days", expected=f"from 1 to {_DAYS_MAX}")
        rule = BonusRule(
            rule_id=self._clock.new_id(), name=name, wallet_currency=wallet_currency, least=least,
            share_millionths=share_millionths, fixed=fixed, days=days, starts_at=self._clock.now(),
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            if not await store.insert_rule(connection, rule, created_at=self._clock.now()):
                raise Conflict(code="already_exists", what="bonus rule")
        return rule

    async def end_bonus(self, name: str) -> None:
        """End a bonus rule; orders that were made under it keep their bonus."""
        async with self._database.unit_of_work() as connection:
            if not await store.end_rule(connection, name.strip(), now=self._clock.now()):
                raise NotFound(what="bonus rule", name=name[:100])

    async def bonuses(self) -> list[BonusRule]:
        """Every bonus rule, ended ones too."""
        async with self._database.reading() as connection:
            return await store.read_rules(connection, wallet_currency=None, most=_RULES_MAX)

    async def terms(self, *, amount: int, paid_currency: str, wallet_currency: str) -> Terms:
        """What a recharge of so much would credit now; raises `Conflict` (`rate_missing`) without an exchange rate."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            rate = await store.read_rate(
                connection, paid_currency=paid_currency, wallet_currency=wallet_currency, now=now
            )
            rules = await store.read_rules(connection, wallet_currency=wallet_currency, most=_RULES_MAX)
        if rate is None and paid_currency == wallet_currency:
            rate = same_currency(wallet_currency)
        if rate is None:
            raise Conflict(code="rate_missing", paid=paid_currency, wallet=wallet_currency)
        return terms_of(amount, rate, rules, now=now)
