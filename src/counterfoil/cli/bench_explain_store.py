"""The SQL of `counterfoil bench explain`: millions of requests with their holds, transfers, submissions, tasks and orders,
made by PostgreSQL itself.

Everything about a call follows from its number within its account (`k`): what it was, what it held, when it ended. A call
ends when the eighth after it comes in, so that eight are in flight at any time and what each refusal found held is known.
Accounts are as unlike as in service: one has most of the calls. The chain of hashes is not a real one: nothing here reads
it. Indexes are made after the rows, and whole tables are written in one transaction, which is ten times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString, NamedTuple
from uuid import UUID

import psycopg
from psycopg import Connection, sql

# Calls that are in flight at any time in each account.
IN_FLIGHT = 8
_SESSION = (
    "SET synchronous_commit = off",
    "SET work_mem = '256MB'",
    "SET maintenance_work_mem = '1GB'",
    "SET max_parallel_maintenance_workers = 2",
)
# Calls come in hundreds: seventy are the big account's, two are each other one's. What a call is repeats itself after so
# many calls of its account.
ACCOUNTS = 16
_HUNDRED, _BIG, _OTHER = 100, 70, 2
_PERIOD = 20_000
_PREPARE: tuple[LiteralString, ...] = (
    # The 32 digits of an id of a time, with digits that follow from a number.
    """
    CREATE FUNCTION bench_hex(at bigint, number bigint) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
      SELECT lpad(to_hex(at / 1000), 12, '0') || '7' || lpad(to_hex(at % 1000 * 4096 / 1000), 3, '0') || '8'
             || lpad(to_hex(hashint8extended(number, 1) & 1152921504606846975), 15, '0') $$
    """,
    """
    CREATE FUNCTION bench_pick(number bigint, most bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
      SELECT (hashint8(number)::bigint & 2147483647) % most $$
    """,
    # Which of all calls the k-th of an account is.
    f"""
    CREATE FUNCTION bench_place(place bigint, k bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
      SELECT CASE WHEN place = 1 THEN k / {_BIG} * {_HUNDRED} + k % {_BIG}
                  ELSE k / {_OTHER} * {_HUNDRED} + {_BIG} + (place - 2) * {_OTHER} + k % {_OTHER} END $$
    """,
    # What the calls of an account are, by their numbers: kind, the number of its first copy, how many copies there are,
    # what it may cost at most and what it has cost, what was held before it, how many transfers there were with it.
    f"""
    CREATE UNLOGGED TABLE bench_pattern AS
    SELECT m, kind, first, copies, held, slot,
           CASE WHEN kind IN ('served', 'task', 'duplicate', 'retry') THEN held * (60 + bench_pick(m + 7, 41)) / 100
                ELSE 0 END AS charged,
           coalesce(sum(held) OVER (ORDER BY m ROWS BETWEEN {IN_FLIGHT} PRECEDING AND 1 PRECEDING), 0)::bigint
             AS held_before,
           count(*) FILTER (WHERE kind NOT IN ('refused', 'failed')) OVER (ORDER BY m) AS posted
      FROM (SELECT *, CASE WHEN kind IN ('refused', 'credit', 'expiry') THEN 0
                           WHEN kind = 'task' THEN (20 + bench_pick(m, 40)) * 50000000
                           ELSE (50 + bench_pick(m, 300)) * 1000000 END AS held,
                   CASE WHEN kind NOT IN ('served', 'task') THEN 0 WHEN m % 4000 = 0 THEN 8
                        WHEN m % 50 = 0 THEN 2 WHEN kind = 'task' OR m % 10 = 3 THEN 1 ELSE 0 END AS copies,
                   -- Copies come with the key of what they copy.
                   bench_pick(first, 4) AS slot
              FROM (SELECT *, m - CASE kind WHEN 'duplicate' THEN 1 WHEN 'retry' THEN m % 4000 ELSE 0 END AS first
                      FROM (SELECT m, CASE WHEN m % 4000 = 0 THEN 'served' WHEN m % 4000 <= 7 THEN 'retry'
                                           WHEN m % 5000 = 2525 THEN 'credit' WHEN m % 5000 = 3525 THEN 'expiry'
                                           WHEN m % 50 = 1 THEN 'duplicate' WHEN m % 50 = 7 THEN 'task'
                                           WHEN m % 50 = 13 THEN 'refused' WHEN m % 50 = 29 THEN 'failed'
                                           ELSE 'served' END AS kind
                              FROM generate_series(0::bigint, {_PERIOD} - 1) m) kinds) firsts) amounts
    """,
    "ANALYZE bench_pattern",
)
_ACCOUNTS: LiteralString = f"""
CREATE UNLOGGED TABLE bench_accounts AS
SELECT place, bench_hex({{begins}}, -place)::uuid AS account_id, {{begins}}::bigint AS begins,
       {{stored}} / {_HUNDRED} * CASE place WHEN 1 THEN {_BIG} ELSE {_OTHER} END AS calls,
       ARRAY(SELECT bench_hex({{begins}}, -100 * place - n)::uuid FROM generate_series(11, 14) n) AS keys,
       ARRAY(SELECT bench_hex({{begins}}, -100 * place - n)::uuid FROM generate_series(21, 22) n) AS groups,
       ARRAY(SELECT bench_hex({{begins}}, -100 * place - n)::uuid FROM generate_series(31, 34) n) AS limits,
       bench_hex({{begins}}, -100 * place - 41)::uuid AS grant_id
  FROM generate_series(1::bigint, {ACCOUNTS}) place
"""
# OFFSET 0: what is worked out in one step is not worked out again wherever it is used.
_CALLS: LiteralString = f"""
CREATE VIEW bench_calls AS
SELECT a.account_id, a.begins, a.calls, a.grant_id, a.keys[1 + slot] AS key_id, a.groups[1 + slot % 2] AS group_id,
       a.limits[1 + slot] AS limit_id, 'sk-…' || right(a.keys[1 + slot]::text, 4) AS mask,
       k, kind, copies, held, charged, held_before, k / {_PERIOD} * (SELECT max(posted) FROM bench_pattern) + posted AS version,
       at, ended_at, id, id::uuid AS request_id,
       CASE WHEN p.first <> p.m THEN bench_hex(first_at, place * 1000000000 + k - (p.m - p.first))::uuid
            WHEN copies > 0 THEN id::uuid END AS submission_id,
       CASE WHEN p.first <> p.m THEN kind WHEN copies > 0 THEN 'original' END AS verdict,
       k >= a.calls - {IN_FLIGHT} AS is_open
  FROM generate_series(0::bigint, {{stored}} - 1) n
 CROSS JOIN LATERAL (SELECT CASE WHEN n % {_HUNDRED} < {_BIG} THEN 1 ELSE 2 + (n % {_HUNDRED} - {_BIG}) / {_OTHER} END AS place,
                            CASE WHEN n % {_HUNDRED} < {_BIG} THEN n / {_HUNDRED} * {_BIG} + n % {_HUNDRED}
                                 ELSE n / {_HUNDRED} * {_OTHER} + n % {_OTHER} END AS k OFFSET 0) c
  JOIN bench_accounts a USING (place)
  JOIN bench_pattern p ON p.m = c.k % {_PERIOD}
 CROSS JOIN LATERAL (SELECT {{begins}} + n * {{step}} AS at,
                            {{begins}} + bench_place(place, k + {IN_FLIGHT}) * {{step}} + 25000 AS ended_at,
                            {{begins}} + bench_place(place, k - (p.m - p.first)) * {{step}} AS first_at OFFSET 0) t
 CROSS JOIN LATERAL (SELECT bench_hex(at, place * 1000000000 + k) AS id OFFSET 0) i
"""


class _Load(NamedTuple):
    """A table, and the statement that fills it from `bench_calls`."""

    table: LiteralString
    statement: LiteralString


_FROM: LiteralString = " FROM bench_calls c"
_IS_CALL: LiteralString = "c.kind NOT IN ('credit', 'expiry')"
_HOLDS: LiteralString = "c.kind NOT IN ('refused', 'credit', 'expiry')"
_POSTS: LiteralString = "c.kind NOT IN ('refused', 'failed') AND NOT c.is_open"
# As `spend.records.checks_json` writes them: access, the wallet, a quota and the key's limit.
_CHECKS: LiteralString = """
format('{"checks":[{"scope":"account","code":"account_suspended","passed":true},{"scope":"account","code":"account_balance",'
       '"passed":%%s,"unit":"money","held":%%s,"remaining":%%s,"needed":%%s},{"scope":"group","code":"key_disabled",'
       '"passed":true},{"scope":"key","code":"key_disabled","passed":true},{"scope":"key","code":"key_invalid",'
       '"passed":true},{"scope":"key","code":"key_limit","passed":%%s,"limit_id":"%%s","unit":"money","window":"lifetime",'
       '"amount":%%s,"used":%%s,"held":%%s,"remaining":%%s,"needed":%%s}],"passing_cap":null,"retry_after":null,'
       '"curable":false}',
       (c.k %% 3 = 0)::text, c.held_before, CASE WHEN c.k %% 3 = 0 THEN 5000000000 ELSE 120000000 END, 300000000,
       (c.k %% 3 <> 0)::text, replace(c.limit_id::text, '-', ''), 900000000000000, 900000000000000 - 500000000 - c.held_before,
       c.held_before, CASE WHEN c.k %% 3 = 0 THEN 100000000 ELSE 500000000 END, 300000000)
"""
_REFUSED_CODE: LiteralString = "CASE WHEN c.k %% 3 = 0 THEN 'key_limit' ELSE 'account_balance' END"
_LOADS: tuple[_Load, ...] = (
    _Load(
        "requests",
        f"""
        INSERT INTO requests (account_id, request_id, event_no, key_id, key_mask, group_id, endpoint, model, model_tier,
          stream, client, client_address, retry_count, in_flight, received_at, decided_at, output_cap, needed_nanos,
          held_nanos, price_version, multiplier_millis, counted, checks, state, charge_mark, code, status_code,
          first_byte_at, ended_at, charged_nanos, tokens, arithmetic, submission_id, verdict)
        SELECT c.account_id, c.request_id, 2 * c.k + 2, c.key_id, c.mask, c.group_id,
               CASE c.kind WHEN 'task' THEN 'videos' ELSE 'chat_completions' END,
               CASE c.kind WHEN 'task' THEN 'film' ELSE CASE WHEN c.kind = 'served' AND c.copies = 0 THEN (ARRAY['small','large','mini'])[1 + c.k %% 3]
                           ELSE 'small' END END,
               'standard', true, 'openai-python/2.3', '192.0.2.7', CASE c.kind WHEN 'retry' THEN c.k %% 4000 END,
               {IN_FLIGHT}, c.at, c.at, 300, CASE c.kind WHEN 'refused' THEN 300000000 ELSE c.held END, c.held,
               %(price)s, 1000,
               CASE c.kind WHEN 'refused' THEN '' ELSE
                 uuid_send(c.limit_id) || '\\x0000000000000000'::bytea || '\\x01'::bytea || int8send(c.held) END,
               CASE c.kind WHEN 'refused' THEN {_CHECKS} ELSE
                 format('{{"spendable":%%s,"limits":[["%%s",0,900000000000000,%%s,%%s]]}}', 5000000000 + c.held,
                        replace(c.limit_id::text, '-', ''), c.k, c.held_before) END,
               CASE WHEN c.kind = 'refused' THEN 'refused' WHEN c.is_open THEN 'held' WHEN c.kind = 'failed' THEN 'failed'
                    ELSE 'served' END,
               CASE WHEN c.kind IN ('refused', 'failed') THEN 'not_charged' WHEN c.is_open THEN 'held' ELSE 'charged' END,
               CASE c.kind WHEN 'refused' THEN {_REFUSED_CODE} WHEN 'failed' THEN 'upstream_error' END,
               CASE WHEN c.kind = 'refused' OR c.is_open THEN NULL WHEN c.kind = 'failed' THEN 502 ELSE 200 END,
               CASE WHEN c.kind = 'refused' OR c.is_open THEN NULL ELSE c.at + 400000 END,
               CASE WHEN c.kind = 'refused' OR c.is_open THEN NULL ELSE c.ended_at END,
               CASE WHEN c.is_open THEN 0 ELSE c.charged END,
               CASE WHEN c.charged > 0 AND NOT c.is_open THEN '{{"output":' || c.charged / 1000000 || '}}' END,
               CASE WHEN c.charged > 0 AND NOT c.is_open THEN
                 format('{{"format":1,"multiplier_millis":1000,"context_above":null,"lines":[["output",%%s,1000000000000]]}}',
                        c.charged / 1000000) END,
               c.submission_id, c.verdict
        {_FROM} WHERE {_IS_CALL}
        """,
    ),
    _Load(
        "holds",
        f"""
        INSERT INTO holds SELECT c.account_id, c.request_id, 2 * c.k + 2, c.held,
               jsonb_build_array(jsonb_build_array(replace(c.grant_id::text, '-', ''), c.held)), c.at,
               c.at + CASE c.kind WHEN 'task' THEN 604800000000 ELSE 660000000 END,
               CASE c.kind WHEN 'task' THEN 'task' ELSE 'request' END, c.request_id,
               'endpoint=chat_completions;model=small;asked=300x1'
        {_FROM} WHERE {_HOLDS}
        """,
    ),
    _Load(
        "hold_ends",
        f"""
        INSERT INTO hold_ends SELECT c.account_id, c.request_id, 2 * (c.k + {IN_FLIGHT}) + 3,
               CASE c.kind WHEN 'failed' THEN 'voided' ELSE 'captured' END, c.charged, c.held - c.charged, 0, 0,
               CASE c.kind WHEN 'failed' THEN 'upstream_error' ELSE 'delivered' END,
               'usage={{"output":' || c.charged / 1000000 || '}}', c.ended_at
        {_FROM} WHERE {_HOLDS} AND NOT c.is_open
        """,
    ),
    _Load(
        "transfers",
        f"""
        INSERT INTO transfers SELECT c.account_id, c.version, 2 * (c.k + {IN_FLIGHT}) + 3, c.request_id,
               CASE c.kind WHEN 'credit' THEN 'clearing:bank' ELSE 'wallet' END,
               CASE c.kind WHEN 'credit' THEN 'wallet' WHEN 'expiry' THEN 'breakage' ELSE 'revenue' END,
               CASE WHEN c.kind IN ('credit', 'expiry') THEN 1000000000 ELSE c.charged END,
               CASE c.kind WHEN 'credit' THEN 'credit' WHEN 'expiry' THEN 'breakage' ELSE 'charge' END,
               CASE c.kind WHEN 'credit' THEN 'order' WHEN 'expiry' THEN 'grant' WHEN 'task' THEN 'task'
                           ELSE 'request' END,
               c.id, CASE c.kind WHEN 'credit' THEN 'credit:order:ord_' WHEN 'expiry' THEN 'end:' ELSE 'capture:' END || c.id, 1,
               CASE WHEN c.kind NOT IN ('credit', 'expiry') THEN c.request_id END,
               CASE WHEN c.kind IN ('credit', 'expiry') THEN c.request_id ELSE c.grant_id END, c.ended_at,
               sha256(uuid_send(c.request_id)), sha256(uuid_send(c.request_id))
        {_FROM} WHERE {_POSTS}
        """,
    ),
    _Load(
        "refusals",
        f"""
        INSERT INTO refusals SELECT c.account_id, c.request_id, 2 * c.k + 2, {_REFUSED_CODE}, 300000000, 120000000,
               'endpoint=chat_completions;model=small;asked=300x1', c.at
        {_FROM} WHERE c.kind = 'refused'
        """,
    ),
    _Load(
        "submissions",
        f"""
        INSERT INTO submissions SELECT c.account_id, c.request_id, sha256(uuid_send(c.request_id)), c.key_id,
               CASE c.kind WHEN 'task' THEN 'videos' ELSE 'chat_completions' END, 'small', c.at,
               c.at + c.copies * 1000000, c.copies, c.request_id
        {_FROM} WHERE c.copies > 0
        """,
    ),
    _Load(
        "tasks",
        f"""
        INSERT INTO tasks (account_id, task_id, key_id, kind, direct, endpoint, model, upstream, upstream_model,
          upstream_task_id, state, raw_state, events, input_type, aspect_ratio, resolution, duration_seconds, delivered,
          download_state, created_at, accepted_at, ended_at, hold_expires_at)
        SELECT c.account_id, c.request_id, c.key_id, 'video', false, 'videos', 'film', 'studio', 'film-v1',
               'video_' || substr(md5(c.request_id::text), 1, 12), CASE WHEN c.is_open THEN 'running' ELSE 'succeeded' END,
               'completed', 3, 'text', '9:16', '720x1280', 8, CASE WHEN NOT c.is_open THEN 8 END,
               CASE WHEN c.is_open THEN 'none' ELSE 'available' END, c.at, c.at,
               CASE WHEN NOT c.is_open THEN c.ended_at END, c.at + 604800000000
        {_FROM} WHERE c.kind = 'task'
        """,
    ),
    _Load(
        "task_events",
        f"""
        INSERT INTO task_events SELECT c.account_id, c.request_id, n, c.at + (n - 1) * 100000,
               (ARRAY['submitted', 'queued', 'succeeded'])[n], NULL, (ARRAY['submit', 'submit', 'poll'])[n], NULL
        {_FROM} CROSS JOIN generate_series(1, 3) n WHERE c.kind = 'task'
        """,
    ),
    _Load(
        "attempts",
        f"""
        INSERT INTO attempts SELECT c.account_id, c.request_id, 1, 'wholesale', 'small-v1', c.at, c.ended_at,
               CASE c.kind WHEN 'failed' THEN 'rejected' ELSE 'succeeded' END, 200, NULL, NULL, NULL, c.charged / 2
        {_FROM} WHERE {_HOLDS} AND (c.kind <> 'served' OR c.k %% 10 = 3)
        """,
    ),
    _Load(
        "grants",
        f"""
        INSERT INTO grants
        SELECT account_id, grant_id, 'paid', 100, NULL, begins, 'clearing:bank', 'order', 'ord_' || place, 1000000000000000,
               900000000000000, 0, 'open', NULL FROM bench_accounts
        UNION ALL SELECT c.account_id, c.request_id, CASE c.kind WHEN 'credit' THEN 'paid' ELSE 'promotional' END, 100,
               CASE c.kind WHEN 'expiry' THEN c.at END, c.at - CASE c.kind WHEN 'expiry' THEN 86400000000 ELSE 0 END,
               CASE c.kind WHEN 'credit' THEN 'clearing:bank' ELSE 'promotions' END,
               CASE c.kind WHEN 'credit' THEN 'order' ELSE 'grant' END, 'ord_' || c.id,
               1000000000, 0, 0, CASE c.kind WHEN 'credit' THEN 'open' ELSE 'ended' END,
               CASE c.kind WHEN 'expiry' THEN 'breakage' END
        {_FROM} WHERE c.kind IN ('credit', 'expiry')
        """,
    ),
    _Load(
        "orders",
        f"""
        INSERT INTO orders (order_id, account_id, provider, provider_kind, state, amount, currency, wallet_currency, rate,
          ratio, credited, bonus, intention_id, created_by, created_at, expires_at, paid_at, number_mask, events)
        SELECT c.request_id, c.account_id, 'bank', 'bank', CASE WHEN c.k %% 10000 = 2525 THEN 'paid' ELSE 'processing' END,
               1000000000, 'USD', 'USD', 1000000000, 1000000000, 1000000000, 0, c.request_id, 'customer', c.at,
               c.at + 1800000000, CASE WHEN c.k %% 10000 = 2525 THEN c.at END, '…4711', 2
        {_FROM} WHERE c.kind = 'credit'
        """,
    ),
    _Load(
        "order_events",
        f"""
        INSERT INTO order_events SELECT c.request_id, n, c.account_id, c.at + n,
               CASE WHEN n = 1 THEN 'created' ELSE 'processing' END, 'customer', (ARRAY['created', 'payment_begun'])[n],
               'customer', '{{}}'
        {_FROM} CROSS JOIN generate_series(1, 2) n WHERE c.kind = 'credit'
        """,
    ),
    _Load(
        "notices",
        f"""
        INSERT INTO notices SELECT c.request_id, 'bank', sha256(uuid_send(c.request_id)), c.request_id, c.account_id, c.at,
               c.at, 1, 'paid', CASE WHEN c.k %% 10000 = 2525 THEN 'credited' ELSE 'amount_differs' END,
               c.k %% 10000 = 2525, '{{"amount_nanos":900000000,"currency":"USD"}}'
        {_FROM} WHERE c.kind = 'credit'
        """,
    ),
)
# Small ones, filled once.
_ROWS: tuple[LiteralString, ...] = (
    f"""
    INSERT INTO accounts (account_id, name, currency, created_at, version, event_no, last_at, posted, held)
    SELECT a.account_id, 'Customer ' || a.place, 'USD', a.begins,
           (a.calls - {IN_FLIGHT} - 1) / {_PERIOD} * (SELECT max(posted) FROM bench_pattern) + p.posted,
           2 * (a.calls + {IN_FLIGHT}) + 3, {{now}}, 900000000000000,
           (SELECT sum(o.held) FROM generate_series(a.calls - {IN_FLIGHT}, a.calls - 1) k
              JOIN bench_pattern o ON o.m = k % {_PERIOD})
      FROM bench_accounts a JOIN bench_pattern p ON p.m = (a.calls - {IN_FLIGHT} - 1) % {_PERIOD}
    """,
    """
    INSERT INTO groups (account_id, group_id, name, created_at)
    SELECT account_id, groups[n], 'Team ' || n, begins FROM bench_accounts CROSS JOIN generate_series(1, 2) n
    """,
    """
    INSERT INTO api_keys (account_id, key_id, group_id, name, token_hash, mask, created_at)
    SELECT account_id, keys[n], groups[1 + (n - 1) % 2], 'Key ' || n, sha256(uuid_send(keys[n])),
           'sk-…' || right(keys[n]::text, 4), begins FROM bench_accounts CROSS JOIN generate_series(1, 4) n
    """,
    """
    INSERT INTO limits (account_id, limit_id, scope, scope_id, unit, "window", amount, created_at)
    SELECT account_id, limits[n], 'key', keys[n], 'money', 'lifetime', 900000000000000, begins
      FROM bench_accounts CROSS JOIN generate_series(1, 4) n
    """,
)


class Sample(NamedTuple):
    """Something that can be asked about: its id, its account, when it was, and the mask of its key."""

    id: UUID
    account_id: UUID
    at: int
    mask: str


def fill(url: str, *, stored: int, begins: int, span: int, price: UUID, progress: Callable[[str], None]) -> int:
    """Fill a migrated, empty database, as its owner; times are UTC microseconds, `span` how long it all took.

    Returns how many requests there are: so many as were asked for, in whole hundreds, but for what is no call.
    """
    whole = max(1, stored // _HUNDRED) * _HUNDRED
    values = {"stored": whole, "begins": begins, "step": span // whole, "now": begins + span}
    literals = {name: sql.Literal(value) for name, value in values.items()}
    with _connect(url) as connection:
        for statement in _PREPARE:
            connection.execute(statement)
        for statement in (_ACCOUNTS, _CALLS, *_ROWS):
            connection.execute(sql.SQL(statement).format(**literals))
        connection.execute("ANALYZE bench_accounts")
    # Two at a time, the largest tables first.
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_load, url, load, price, progress) for load in _LOADS]:
            done.result()
    with _connect(url) as connection:
        connection.execute("DROP VIEW bench_calls")
        connection.execute("DROP TABLE bench_accounts, bench_pattern")
        connection.execute("DROP FUNCTION bench_hex, bench_pick, bench_place")
        for table in ("accounts", "groups", "api_keys", "limits"):
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        row = connection.execute("SELECT count(*) FROM requests").fetchone()
    assert row is not None
    return int(row[0])


def _connect(url: str) -> Connection:
    connection = psycopg.connect(url, autocommit=True)
    for setting in _SESSION:
        connection.execute(setting)
    return connection


def _load(url: str, load: _Load, price: UUID, progress: Callable[[str], None]) -> None:
    """Fill one table: its indexes come after its rows, and all of it is one transaction on an empty file."""
    table = sql.Identifier(load.table)
    with _connect(url) as connection:
        with connection.transaction():
            constraints, indexes = _take_indexes(connection, load.table)
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(table))
            # Nothing is updated here: pages are filled as those of old calls are after a while.
            connection.execute(sql.SQL("ALTER TABLE {} SET (fillfactor = 100)").format(table))
            connection.execute(load.statement, {"price": price})
            progress(f"{load.table}: rows written")
            for made in (*constraints, *indexes):
                connection.execute(made)
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(table))
        progress(f"{load.table}: done")


def _take_indexes(connection: Connection, table: str) -> tuple[list[sql.Composed], list[sql.Composed]]:
    """Drop a table's keys and indexes; gives what makes them again."""
    constraints = []
    keys = connection.execute(
        "SELECT c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.conrelid = %s::regclass"
        " AND c.contype IN ('p', 'u')"
        # A key that others refer to stays.
        " AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = c.conrelid)",
        (table,),
    ).fetchall()
    for name, definition in keys:
        constraints.append(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                sql.Identifier(table), sql.Identifier(name), sql.SQL(definition)
            )
        )
        connection.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
        )
    indexes = []
    for name, definition in connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i WHERE indrelid = %s::regclass"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        (table,),
    ).fetchall():
        indexes.append(sql.Composed([sql.SQL(definition)]))
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return constraints, indexes


_SAMPLED: Mapping[str, LiteralString] = {
    "refused": "state = 'refused'",
    "served": "state = 'served' AND endpoint = 'chat_completions'",
    "task": "endpoint = 'videos' AND state = 'served'",
    "submission": "verdict = 'original'",
}


def sample_requests(connection: Connection, kind: str, *, percent: float, seed: int, most: int) -> list[Sample]:
    """Some requests of a kind, from all over the table."""
    rows = connection.execute(
        "SELECT request_id, account_id, received_at, key_mask FROM ("
        f"SELECT * FROM requests r TABLESAMPLE SYSTEM (%s) REPEATABLE (%s) WHERE {_SAMPLED[kind]}) s"
        " ORDER BY md5(request_id::text) LIMIT %s",
        (percent, seed, most),
    ).fetchall()
    return [Sample(*row) for row in rows]


def sample_orders(connection: Connection, *, most: int) -> list[Sample]:
    rows = connection.execute(
        "SELECT order_id, account_id, created_at, '' FROM orders ORDER BY md5(order_id::text) LIMIT %s", (most,)
    ).fetchall()
    return [Sample(*row) for row in rows]


def tidy(connection: Connection) -> None:
    """Vacuum and analyze what is added up in the background."""
    for table in ("transfer_sums", "spend_hours", "spend_marks"):
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))


def accounts(connection: Connection) -> list[UUID]:
    """Every account, the one with most requests first."""
    rows = connection.execute("SELECT account_id FROM accounts ORDER BY version DESC, account_id").fetchall()
    return [row[0] for row in rows]
