"""The SQL of exchange rates and bonus rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.recharge.terms import BonusRule, Rate

Connection = AsyncConnection[Any]


async def insert_rate(connection: Connection, rate: Rate) -> bool:
    """Add a rate; False where there is one of the same currencies and beginning."""
    cursor = await connection.execute(
        "INSERT INTO exchange_rates (paid_currency, wallet_currency, starts_at, rate, ratio, set_by)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (rate.paid_currency, rate.wallet_currency, rate.starts_at, rate.rate, rate.ratio, rate.set_by),
    )
    return cursor.rowcount == 1


async def read_rate(connection: Connection, *, paid_currency: str, wallet_currency: str, now: int) -> Rate | None:
    """The rate that holds at a time."""
    cursor = await connection.execute(
        "SELECT rate, ratio, starts_at, set_by FROM exchange_rates WHERE paid_currency = %s AND wallet_currency = %s"
        " AND starts_at <= %s ORDER BY starts_at DESC LIMIT 1",
        (paid_currency, wallet_currency, now),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Rate(
        paid_currency=paid_currency, wallet_currency=wallet_currency, rate=row[0], ratio=row[1], starts_at=row[2],
        set_by=row[3],
    )  # fmt: skip


async def read_rates(connection: Connection, *, most: int) -> list[Rate]:
    cursor = await connection.execute(
        "SELECT paid_currency, wallet_currency, rate, ratio, starts_at, set_by FROM exchange_rates"
        " ORDER BY paid_currency, wallet_currency, starts_at DESC LIMIT %s",
        (most,),
    )
    return [
        Rate(paid_currency=row[0], wallet_currency=row[1], rate=row[2], ratio=row[3], starts_at=row[4], set_by=row[5])
        for row in await cursor.fetchall()
    ]


async def insert_rule(connection: Connection, rule: BonusRule, *, created_at: int) -> bool:
    """Add a bonus rule; False where the name is taken."""
    cursor = await connection.execute(
        "INSERT INTO bonus_rules (rule_id, name, wallet_currency, least, share_millionths, fixed, days, starts_at,"
        " ends_at, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
        (
            rule.rule_id, rule.name, rule.wallet_currency, rule.least, rule.share_millionths, rule.fixed, rule.days,
            rule.starts_at, rule.ends_at, created_at,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def end_rule(connection: Connection, name: str, *, now: int) -> bool:
    """End a bonus rule now; False where there is none of that name that has not ended."""
    cursor = await connection.execute(
        "UPDATE bonus_rules SET ends_at = %(now)s WHERE name = %(name)s AND (ends_at IS NULL OR ends_at > %(now)s)",
        {"now": now, "name": name},
    )
    return cursor.rowcount == 1


async def read_rules(connection: Connection, *, wallet_currency: str | None, most: int) -> list[BonusRule]:
    cursor = await connection.execute(
        "SELECT rule_id, name, wallet_currency, least, share_millionths, fixed, days, starts_at, ends_at FROM bonus_rules"
        " WHERE %(currency)s::text IS NULL OR wallet_currency = %(currency)s ORDER BY wallet_currency, least, name"
        " LIMIT %(most)s",
        {"currency": wallet_currency, "most": most},
    )
    return [_read_rule(row) for row in await cursor.fetchall()]


def _read_rule(row: tuple[Any, ...]) -> BonusRule:
    rule_id: UUID = row[0]
    return BonusRule(
        rule_id=rule_id, name=row[1], wallet_currency=row[2], least=row[3], share_millionths=row[4], fixed=row[5],
        days=row[6], starts_at=row[7], ends_at=row[8],
    )  # fmt: skip
