"""The SQL of telling people: channels, what accounts want, the outbox, and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from counterfoil.foundation.vocabulary import Language
from counterfoil.notify.model import (
    AlertRules,
    Channel,
    ChannelKind,
    ChannelStatus,
    Claim,
    Delivery,
    DeliveryState,
    NewDelivery,
    Outcome,
    Posted,
)
from counterfoil.storage.outbox import Announcement, announce

Connection = AsyncConnection[Any]

_CHANNEL: LiteralString = (
    "c.channel_id, c.account_id, c.kind, c.mask, c.url_sealed, c.secret_sealed, c.former_secret_sealed, c.former_until,"
    " c.language, c.kinds, c.status, c.created_at"
)
_POSTED: LiteralString = "o.announcement_id, o.kind, o.account_id, o.facts, o.created_at"


def _read_channel(row: Sequence[Any]) -> Channel:
    return Channel(
        channel_id=row[0], account_id=row[1], kind=ChannelKind(row[2]), mask=row[3], url_sealed=row[4],
        secret_sealed=row[5], former_secret_sealed=row[6], former_until=row[7], language=Language(row[8]),
        kinds=None if row[9] is None else tuple(row[9]), status=ChannelStatus(row[10]), created_at=row[11],
    )  # fmt: skip


def _read_posted(row: Sequence[Any]) -> Posted:
    return Posted(announcement_id=row[0], kind=row[1], account_id=row[2], facts=row[3], created_at=row[4])


# -- channels ----------------------------------------------------------------------------------------------------


async def insert_channel(connection: Connection, channel: Channel) -> None:
    await connection.execute(
        "INSERT INTO alert_channels (channel_id, account_id, kind, mask, url_sealed, secret_sealed, language, kinds,"
        " status, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            channel.channel_id, channel.account_id, channel.kind, channel.mask, channel.url_sealed,
            channel.secret_sealed, channel.language, None if channel.kinds is None else list(channel.kinds),
            channel.status, channel.created_at,
        ),
    )  # fmt: skip


async def count_channels(connection: Connection, account_id: UUID | None) -> int:
    cursor = await connection.execute(
        "SELECT count(*) FROM alert_channels WHERE account_id IS NOT DISTINCT FROM %s AND status <> 'removed'",
        (account_id,),
    )
    row = await cursor.fetchone()
    assert row is not None
    count: int = row[0]
    return count


async def lock_channel(connection: Connection, channel_id: UUID) -> Channel | None:
    """A channel that has not been removed, locked."""
    cursor = await connection.execute(
        f"SELECT {_CHANNEL} FROM alert_channels c WHERE c.channel_id = %s AND c.status <> 'removed'"  # noqa: S608
        " FOR NO KEY UPDATE",
        (channel_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_channel(row)


async def find_channel(connection: Connection, channel_id: UUID) -> Channel | None:
    """A channel that has not been removed."""
    cursor = await connection.execute(
        f"SELECT {_CHANNEL} FROM alert_channels c WHERE c.channel_id = %s AND c.status <> 'removed'",  # noqa: S608
        (channel_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_channel(row)


async def update_channel(connection: Connection, channel: Channel) -> None:
    await connection.execute(
        "UPDATE alert_channels SET secret_sealed = %s, former_secret_sealed = %s, former_until = %s, status = %s"
        " WHERE channel_id = %s",
        (
            channel.secret_sealed, channel.former_secret_sealed, channel.former_until, channel.status,
            channel.channel_id,
        ),
    )  # fmt: skip


async def remove_channel(connection: Connection, channel_id: UUID, *, at: int) -> None:
    """Forget a channel's address and secrets; the log goes on naming its mask."""
    await connection.execute(
        "UPDATE alert_channels SET status = 'removed', removed_at = %s, url_sealed = NULL, secret_sealed = NULL,"
        " former_secret_sealed = NULL, former_until = NULL WHERE channel_id = %s",
        (at, channel_id),
    )


async def channels_of(connection: Connection, account_id: UUID | None) -> list[Channel]:
    """Channels of an account (None: of operations), by id."""
    cursor = await connection.execute(
        f"SELECT {_CHANNEL} FROM alert_channels c WHERE c.status <> 'removed'"  # noqa: S608
        " AND c.account_id IS NOT DISTINCT FROM %s ORDER BY c.channel_id",
        (account_id,),
    )
    return [_read_channel(row) for row in await cursor.fetchall()]


async def every_channel(connection: Connection, *, after: UUID, most: int) -> list[Channel]:
    """Channels of everybody, by id."""
    cursor = await connection.execute(
        f"SELECT {_CHANNEL} FROM alert_channels c WHERE c.status <> 'removed' AND c.channel_id > %s"  # noqa: S608
        " ORDER BY c.channel_id LIMIT %s",
        (after, most),
    )
    return [_read_channel(row) for row in await cursor.fetchall()]


async def listening_channels(connection: Connection, account_ids: Sequence[UUID]) -> list[Channel]:
    """The active channels of these accounts, and those of operations."""
    cursor = await connection.execute(
        f"SELECT {_CHANNEL} FROM alert_channels c WHERE c.status = 'active'"  # noqa: S608
        " AND (c.account_id IS NULL OR c.account_id = ANY(%s)) ORDER BY c.channel_id",
        (list(account_ids),),
    )
    return [_read_channel(row) for row in await cursor.fetchall()]


# -- what accounts want ------------------------------------------------------------------------------------------

_RULES: LiteralString = "account_id, low_balance_nanos, lasts_days, spike_times, mail_members, language, off"


async def rules_of(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, AlertRules]:
    """What these accounts want otherwise than the settings say; those who want nothing are left out."""
    cursor = await connection.execute(
        f"SELECT {_RULES} FROM alert_rules WHERE account_id = ANY(%s)",  # noqa: S608
        (list(account_ids),),
    )
    return {
        row[0]: AlertRules(
            low_balance=row[1], lasts_days=row[2], spike_times=row[3], mail_members=row[4],
            language=None if row[5] is None else Language(row[5]), off=tuple(row[6]),
        )
        for row in await cursor.fetchall()
    }  # fmt: skip


async def set_rules(connection: Connection, account_id: UUID, rules: AlertRules) -> None:
    await connection.execute(
        f"INSERT INTO alert_rules ({_RULES}) VALUES (%s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (account_id) DO UPDATE SET low_balance_nanos = excluded.low_balance_nanos,"
        " lasts_days = excluded.lasts_days, spike_times = excluded.spike_times, mail_members = excluded.mail_members,"
        " language = excluded.language, off = excluded.off",
        (
            account_id, rules.low_balance, rules.lasts_days, rules.spike_times, rules.mail_members, rules.language,
            list(rules.off),
        ),
    )  # fmt: skip


# -- the outbox --------------------------------------------------------------------------------------------------


async def post_new(
    connection: Connection, announcements: Sequence[tuple[Announcement, UUID]], *, now: int
) -> list[Announcement]:
    """Post those whose keys are not there yet, each with an id of its own; gives those."""
    if not announcements:
        return []
    cursor = await connection.execute(
        "SELECT key FROM outbox WHERE key = ANY(%s)", ([one.key for one, _ in announcements],)
    )
    known = {row[0] for row in await cursor.fetchall()}
    new = [(one, id_) for one, id_ in announcements if one.key not in known]
    for one, announcement_id in new:
        await announce(connection, one, announcement_id=announcement_id, now=now)
    return [one for one, _ in new]


async def waiting_announcements(connection: Connection, *, most: int) -> list[Posted]:
    """Announcements that nobody has handed out yet, oldest first."""
    cursor = await connection.execute(
        f"SELECT {_POSTED} FROM outbox o WHERE o.dispatched_at IS NULL ORDER BY o.created_at LIMIT %s",  # noqa: S608
        (most,),
    )
    return [_read_posted(row) for row in await cursor.fetchall()]


async def take_announcements(connection: Connection, announcement_ids: Sequence[UUID], *, now: int) -> set[UUID]:
    """Mark announcements as handed out; gives those that this transaction marks, others are somebody else's."""
    cursor = await connection.execute(
        "UPDATE outbox o SET dispatched_at = %s FROM (SELECT announcement_id FROM outbox WHERE announcement_id = ANY(%s)"
        " AND dispatched_at IS NULL ORDER BY announcement_id FOR NO KEY UPDATE SKIP LOCKED) taken"
        " WHERE o.announcement_id = taken.announcement_id RETURNING o.announcement_id",
        (now, list(announcement_ids)),
    )
    return {row[0] for row in await cursor.fetchall()}


# -- deliveries --------------------------------------------------------------------------------------------------


async def insert_deliveries(connection: Connection, deliveries: Sequence[NewDelivery], *, now: int) -> None:
    """One announcement goes to one channel or member once, whoever says so again."""
    await connection.execute(
        "INSERT INTO alert_deliveries (delivery_id, announcement_id, channel_id, member_id, created_at, next_try_at)"
        " SELECT *, %(now)s::bigint, %(now)s::bigint"
        " FROM unnest(%(ids)s::uuid[], %(announcements)s::uuid[], %(channels)s::uuid[], %(members)s::uuid[])"
        " ON CONFLICT DO NOTHING",
        {
            "now": now, "ids": [one.delivery_id for one in deliveries],
            "announcements": [one.announcement_id for one in deliveries],
            "channels": [one.channel_id for one in deliveries], "members": [one.member_id for one in deliveries],
        },
    )  # fmt: skip


# Materialized: a plan that looked for the due ones again for each of them would take others every time.
_CLAIM: LiteralString = f"""
    WITH due AS MATERIALIZED (
      SELECT d.delivery_id FROM alert_deliveries d WHERE d.state = 'waiting' AND d.next_try_at <= %(now)s
       ORDER BY d.next_try_at LIMIT %(most)s FOR NO KEY UPDATE OF d SKIP LOCKED),
    claimed AS (
      UPDATE alert_deliveries d SET next_try_at = %(until)s, leased_until = %(until)s, last_try_at = %(now)s,
             tries = d.tries + 1
        FROM due WHERE d.delivery_id = due.delivery_id
      RETURNING d.delivery_id, d.announcement_id, d.channel_id, d.member_id, d.tries)
    SELECT k.delivery_id, k.tries, k.member_id, r.language, {_POSTED}, {_CHANNEL}
      FROM claimed k JOIN outbox o ON o.announcement_id = k.announcement_id
      LEFT JOIN alert_channels c ON c.channel_id = k.channel_id
      LEFT JOIN alert_rules r ON r.account_id = o.account_id
"""  # noqa: S608


async def claim_due(connection: Connection, *, now: int, leased_until: int, most: int) -> list[Claim]:
    """Take deliveries that are due, and leave them to others no earlier than `leased_until`."""
    cursor = await connection.execute(_CLAIM, {"now": now, "until": leased_until, "most": most})
    return [
        Claim(
            delivery_id=row[0], tries=row[1], member_id=row[2], leased_until=leased_until,
            language=None if row[3] is None else Language(row[3]), posted=_read_posted(row[4:9]),
            channel=None if row[9] is None else _read_channel(row[9:]),
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def finish_try(
    connection: Connection,
    claim: Claim,
    *,
    state: DeliveryState,
    next_try_at: int | None,
    ended_at: int | None,
    outcome: Outcome,
    detail: str | None,
) -> bool:
    """Write down what came of a try; False, and nothing, where the lease has passed to another."""
    cursor = await connection.execute(
        "UPDATE alert_deliveries SET state = %s, next_try_at = %s, ended_at = %s, outcome = %s, detail = %s,"
        " leased_until = NULL WHERE delivery_id = %s AND leased_until = %s AND state = 'waiting'",
        (state, next_try_at, ended_at, outcome, detail, claim.delivery_id, claim.leased_until),
    )
    return cursor.rowcount == 1


async def leave_alone(connection: Connection, channel_id: UUID, *, until: int) -> None:
    """Put off everything else that waits for a channel which cannot be reached, without counting it as tried."""
    await connection.execute(
        "UPDATE alert_deliveries SET next_try_at = %(until)s WHERE channel_id = %(channel)s AND state = 'waiting'"
        " AND leased_until IS NULL AND next_try_at < %(until)s",
        {"until": until, "channel": channel_id},
    )


async def deliveries(
    connection: Connection,
    *,
    account_id: UUID | None,
    channel_id: UUID | None,
    state: str | None,
    before: UUID | None,
    most: int,
) -> list[Delivery]:
    """The log, newest first; ids are times, so `before` is the last id of the page before."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "SELECT d.delivery_id, d.announcement_id, o.kind, o.account_id, d.channel_id, c.mask AS channel_mask,"
            " d.member_id, d.state, d.tries, d.created_at, d.next_try_at, d.last_try_at, d.ended_at, d.outcome, d.detail"
            " FROM alert_deliveries d JOIN outbox o ON o.announcement_id = d.announcement_id"
            " LEFT JOIN alert_channels c ON c.channel_id = d.channel_id"
            " WHERE (%(account)s::uuid IS NULL OR o.account_id = %(account)s)"
            " AND (%(channel)s::uuid IS NULL OR d.channel_id = %(channel)s)"
            " AND (%(state)s::text IS NULL OR d.state = %(state)s)"
            " AND (%(before)s::uuid IS NULL OR d.delivery_id < %(before)s) ORDER BY d.delivery_id DESC LIMIT %(most)s",
            {"account": account_id, "channel": channel_id, "state": state, "before": before, "most": most},
        )
        return [_read_delivery(row) for row in await cursor.fetchall()]


def _read_delivery(row: Mapping[str, Any]) -> Delivery:
    state, outcome = DeliveryState(row["state"]), row["outcome"]
    return Delivery(**{**row, "state": state, "outcome": None if outcome is None else Outcome(outcome)})


async def delete_old_deliveries(connection: Connection, *, ended_before: int, most: int) -> int:
    """Delete lines of the log that ended long ago; gives how many."""
    cursor = await connection.execute(
        "DELETE FROM alert_deliveries WHERE delivery_id IN (SELECT delivery_id FROM alert_deliveries"
        " WHERE ended_at < %s LIMIT %s)",
        (ended_before, most),
    )
    return cursor.rowcount
