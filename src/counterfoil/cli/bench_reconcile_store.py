"""The book that `bench reconcile` matches: requests, charges, attempts and bills, written as Parquet by DuckDB itself.

Everything follows from a row's number and the seed. One row in twenty thousand of each kind is wrong in one of the ways that
have a class, and the numbers of those are known before anything is matched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

import duckdb

from counterfoil.reconcile.model import BreakClass as Class

DAY_START = 1_789_948_800_000_000
DAY_END = DAY_START + 86_400_000_000
BY_ID = "by-id"
BY_SUM = "by-sum"
# Rows of each wrong kind: one in so many.
ONE_IN = 20_000
_HOUR = 3_600_000_000
# What has to be read and joined, and nothing that has to be judged.
BARE_CHARGES = """
    SELECT r.state, count(*), sum(r.charged), sum(c.charged)
      FROM '{0}/requests.parquet' r JOIN '{0}/charges.parquet' c USING (request_high, request_low) GROUP BY ALL
"""
BARE_BILL = """
    SELECT a.model, count(*), sum(a.cost), sum(l.amount)
      FROM '{0}/attempts.parquet' a JOIN '{0}/upstream_lines.parquet' l ON a.response_id = l.upstream_id GROUP BY ALL
"""
_GROUP_ROWS = 122_880
_ACCOUNTS = 500
_MODELS = 7

# What is wrong with a row, and the class of the break that it is; of bills, only where the upstream bills by the call.
_CHARGES = {
    "not_charged": Class.REQUEST_WITHOUT_CHARGE,
    "no_request": Class.TASK_WITHOUT_REQUEST,
    "failed": Class.FAILED_BUT_CHARGED,
    "twice": Class.CHARGED_TWICE,
    "other_price": Class.CHARGE_DIFFERS_FROM_PRICE,
    "not_paid": Class.UNCOLLECTED,
    "late": Class.SERVED_NOT_CHARGED,
    "unknown": Class.OUTCOME_UNKNOWN,
    "refunded_twice": Class.REFUND_EXCEEDS_CREDIT,
}
_BILLS = {
    "not_billed": Class.MISSING_EXTERNAL,
    "not_ours": Class.MISSING_INTERNAL,
    "billed_more": Class.AMOUNT_OVER,
    "billed_less": Class.AMOUNT_UNDER,
    "other_usage": Class.UPSTREAM_USAGE_DIFFERS,
    "billed_failed": Class.UPSTREAM_BILLED_FAILED_CALL,
    "billed_twice": Class.DUPLICATE_EXTERNAL,
    "billed_unknown": Class.OUTCOME_UNKNOWN,
}
# What is no break and has to be looked at all the same: calls that failed, charges that were refunded.
_FAILED_ONE_IN = 50
_REFUNDED_ONE_IN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """How many breaks of each class there are, in requests and charges and in upstreams' bills."""

    charges: Counter[str]
    bills: Counter[str]


def write_book(folder: Path, *, rows: int, seed: int, threads: int) -> Planted:
    """Write requests, tasks, charges, attempts and upstream_lines, each as one file, and say what is wrong in them."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": str(threads), "memory_limit": "2GiB"}) as connection:
        connection.execute(f"SET temp_directory = '{folder}/spill'; SET enable_progress_bar = false")
        wrong = _wrong_rows(rows, seed)
        connection.execute("CREATE TABLE wrong (number BIGINT, how VARCHAR)")
        connection.execute(
            "INSERT INTO wrong SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[])", [list(wrong), list(wrong.values())]
        )
        accounts, models = (
            [f"{number:032x}" for number in range(1, _ACCOUNTS + 1)],
            [f"model-{each}" for each in range(_MODELS)],
        )
        connection.execute("CREATE TABLE names AS SELECT ? AS accounts, ? AS models", [accounts, models])
        connection.execute(_facts(rows, seed))
        for name, query in _QUERIES.items():
            connection.execute(
                f"COPY ({query}) TO '{folder}/{name}.parquet'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP_ROWS})"
            )
    kinds = Counter(wrong.values())
    return Planted(
        charges=Counter({str(each): kinds[how] for how, each in _CHARGES.items()}),
        bills=Counter({str(each): kinds[how] for how, each in _BILLS.items()}) + Counter({str(Class.AMOUNT_OVER): 1}),
    )


def _wrong_rows(rows: int, seed: int) -> dict[int, str]:
    """Row -> how it is wrong. Bills by the call are those of even rows; calls that fail have odd or even numbers."""
    random = Random(seed)
    taken: dict[int, str] = {}
    for how in (*_CHARGES, *_BILLS):
        for _ in range(max(1, rows // ONE_IN)):
            number = random.randrange(rows // 2) * 2
            while number in taken or number % _FAILED_ONE_IN == 0 or number % _REFUNDED_ONE_IN == 2:
                number = random.randrange(rows // 2) * 2
            taken[number] = how
    return taken


def _facts(rows: int, seed: int) -> str:
    """One row per call, from which every table is made; ids are UUIDv7 of the call's time, in the order of time."""
    return f"""
        CREATE VIEW calls AS
        SELECT i, sent, how, i % {_FAILED_ONE_IN} = 0 AS fails, i % {_REFUNDED_ONE_IN} = 2 AS refunded,
               ((sent // 1000) << 16) | 28672 | (sent % 1000 * 4) AS high,
               (hash(i * 2 + {seed * 2_000_000_011 + 1}) >> 2)::BIGINT - 4611686018427387904 - 4611686018427387904 AS low,
               accounts[i % {_ACCOUNTS} + 1] AS account,
               models[i % {_MODELS} + 1] AS model,
               200 + i % 4000 AS input, 50 + i % 900 AS output,
               (200 + i % 4000) * 150 + (50 + i % 900) * 600 AS cost,
               ((200 + i % 4000) * 150 + (50 + i % 900) * 600) * 2 AS price
          FROM (SELECT i, {DAY_START} + i * {86_000_000_000 // rows} AS sent FROM range({rows}) t(i))
          LEFT JOIN wrong ON number = i, names
    """  # noqa: S608


_ORDER = "ORDER BY high, low"
_QUERIES = {
    "requests": """
        SELECT high AS request_high, low AS request_low, account AS account_id, NULL::VARCHAR AS group_id,
               account AS key_id, 'chat_completions' AS endpoint, model, 'USD' AS currency,
               CASE WHEN how = 'late' THEN 'served_not_charged' WHEN how = 'unknown' THEN 'unknown'
                    WHEN fails OR how = 'failed' THEN 'failed' ELSE 'served' END AS state,
               'charged' AS charge_mark, sent AS received_at, sent + 900_000 AS settled_at, price * 4 AS held,
               CASE WHEN fails OR how IN ('late', 'unknown', 'failed') THEN 0
                    WHEN how = 'not_paid' THEN price - 100 ELSE price END AS charged,
               CASE WHEN how = 'not_paid' THEN 100 ELSE 0::BIGINT END AS uncollected,
               CASE WHEN fails OR how IN ('unknown', 'failed') THEN NULL
                    WHEN how = 'other_price' THEN price + 7 ELSE price END AS expected
          FROM calls WHERE how IS DISTINCT FROM 'no_request'
    """,
    "tasks": """
        SELECT high AS task_high, low AS task_low, account AS account_id, 'video' AS kind, model, 'by-id' AS upstream,
               'succeeded' AS state, sent + 900_000 AS settled_at
          FROM calls WHERE i % 200 = 1
    """,
    "charges": """
        SELECT high AS request_high, low AS request_low, account AS account_id, 'USD' AS currency,
               sent + 900_000 AS "at", 1::BIGINT AS operations,
               CASE WHEN how = 'not_paid' THEN price - 100 ELSE price END AS charged,
               CASE WHEN how = 'not_paid' THEN 100 ELSE 0 END::BIGINT AS uncollected, 0::BIGINT AS refunded,
               NULL::BIGINT AS charged_ever, NULL::BIGINT AS refunded_ever
          FROM calls WHERE NOT fails AND coalesce(how NOT IN ('not_charged', 'late', 'unknown'), true)
        UNION ALL
        SELECT high, low, account, 'USD', sent + 1_900_000, 0, 0, 0, refund, price, refund
          FROM (SELECT *, CASE WHEN how = 'refunded_twice' THEN price + 1 ELSE price // 2 END AS refund FROM calls
                 WHERE (refunded OR coalesce(how = 'refunded_twice', false)) AND NOT fails)
        UNION ALL
        SELECT high, low, account, 'USD', sent + 2_900_000, 1, price, 0, 0, NULL, NULL FROM calls WHERE how = 'twice'
    """,
    "attempts": """
        SELECT high AS request_high, low AS request_low, 1::BIGINT AS number, account AS account_id,
               CASE WHEN i % 2 = 0 THEN 'by-id' ELSE 'by-sum' END AS upstream, model, sent + 1_000 AS started_at,
               sent + 800_000 AS ended_at,
               CASE WHEN how = 'billed_unknown' THEN 'unknown' WHEN fails OR how = 'billed_failed' THEN 'rejected'
                    ELSE 'succeeded' END AS outcome,
               CASE WHEN fails THEN NULL
                    ELSE 'gen-' || (sent // 1_000_000) || '-' || to_hex(low & 9223372036854775807) END AS response_id,
               CASE WHEN missing THEN NULL ELSE input END AS input_tokens,
               CASE WHEN missing THEN NULL ELSE 0::BIGINT END AS cached_tokens,
               CASE WHEN missing THEN NULL ELSE 0::BIGINT END AS cache_write_tokens,
               CASE WHEN missing THEN NULL ELSE output END AS output_tokens,
               CASE WHEN missing THEN NULL ELSE cost END AS cost, 'USD' AS currency
          FROM (SELECT *, fails OR coalesce(how IN ('billed_unknown', 'billed_failed'), false) AS missing FROM calls)
         WHERE how IS DISTINCT FROM 'not_ours'
    """,
    "upstream_lines": f"""
        SELECT 'line-' || i || '-' || copy AS line_id, 'by-id' AS source, 'bench' AS importer, i AS number,
               'cost' AS kind, sent + 2_000 AS starts_at, sent + 2_000 AS ends_at,
               'gen-' || (sent // 1_000_000) || '-' || to_hex(low & 9223372036854775807) AS upstream_id, model,
               'key' AS key_name, 1::BIGINT AS requests,
               input + CASE WHEN how = 'other_usage' THEN 3 ELSE 0 END AS input_tokens, 0::BIGINT AS cached_tokens,
               NULL::BIGINT AS cache_write_tokens, output AS output_tokens, false AS failed,
               cost + CASE how WHEN 'billed_more' THEN 9 WHEN 'billed_less' THEN -9 ELSE 0 END AS amount,
               'USD' AS currency
          FROM (SELECT *, 0 AS copy FROM calls
                 WHERE i % 2 = 0 AND NOT fails AND how IS DISTINCT FROM 'not_billed'
                UNION ALL SELECT *, 1 FROM calls WHERE how = 'billed_twice')
        UNION ALL
        SELECT 'sum-' || hour || '-' || model || '-' || key, 'by-sum', 'bench', hour, 'cost', hour, hour + {_HOUR}, NULL,
               model, 'key-' || key, requests, input, 0, NULL, output, false,
               -- The one sum that is wrong: the first of all.
               CASE WHEN hour = {DAY_START} AND model = 'model-1' AND key = 0 THEN cost + 5 ELSE cost END, 'USD'
          FROM (SELECT sent + 1_000 - (sent + 1_000) % {_HOUR} AS hour, model, i // 2 % 3 AS key, count(*) AS requests,
                       sum(input)::BIGINT AS input, sum(output)::BIGINT AS output, sum(cost)::BIGINT AS cost
                  FROM calls WHERE i % 2 = 1 AND NOT fails GROUP BY ALL)
    """,  # noqa: S608
}  # fmt: skip
