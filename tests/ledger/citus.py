"""What a statement of the hot path may look like, so that with one account in `$1` it is a single-account statement.

Citus form: every table is tied to the account by `account_id = ANY($1)`, or by equality with the `account_id` of rows
that come from `unnest($1, …)`; and nothing is asked of the server that belongs to no account.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

_FORBIDDEN_FUNCTIONS = (
    "nextval", "currval", "setval", "lastval", "pg_advisory", "pg_try_advisory", "pg_notify", "gen_random_uuid",
    "uuidv", "uuid_generate", "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "pg_sleep",
    "set_config", "dblink", "random",
)  # fmt: skip
_FORBIDDEN_NODES = (
    exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Create, exp.Drop, exp.Alter, exp.Set, exp.Lock,
    exp.Command, exp.Uuid, exp.Rand,
)  # fmt: skip


def faults(sql: str) -> list[str]:
    """Why a statement is not single-account; empty where it is."""
    found: list[str] = []
    statements = [each for each in sqlglot.parse(sql, dialect="postgres") if each is not None]
    if len(statements) != 1:
        return [f"{len(statements)} statements in one"]
    (tree,) = statements
    if not isinstance(tree, exp.Select | exp.Insert | exp.Update | exp.Delete):
        return ["neither reads nor writes rows"]
    for node in tree.walk():
        if isinstance(node, _FORBIDDEN_NODES) and not (isinstance(node, exp.Lock) and _is_row_lock(node)):
            found.append(f"uses {node.sql(dialect='postgres')}")
        if isinstance(node, exp.Anonymous | exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if name.startswith(_FORBIDDEN_FUNCTIONS):
                found.append(f"calls {name}")
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func) or not table.name:
            continue
        if table.find_ancestor(exp.CTE) is None and table.name in {cte.alias for cte in tree.find_all(exp.CTE)}:
            continue
        if not _is_tied(tree, table):
            found.append(f"table {table.name} is not tied to the account in $1")
    return found


def _is_row_lock(node: exp.Expression) -> bool:
    """`FOR NO KEY UPDATE` of a SELECT, as opposed to LOCK TABLE."""
    return isinstance(node.parent, exp.Select)


def _is_tied(tree: exp.Expression, table: exp.Table) -> bool:
    insert = table.find_ancestor(exp.Insert)
    if insert is not None and table.parent in (insert, insert.this):
        return _inserts_accounts_of_unnest(insert)
    select = table.find_ancestor(exp.Select, exp.Update, exp.Delete) or tree
    alias = table.alias_or_name
    anchored = _anchored(select)
    alone = len([t for t in select.find_all(exp.Table) if not isinstance(t.this, exp.Func)]) == 1 and not anchored
    for condition in _conditions(select):
        if isinstance(condition, exp.EQ):
            sides = (condition.left, condition.right)
            for mine, other in (sides, sides[::-1]):
                if _is_account(mine, alias, alone=alone) and (
                    _is_any_of_accounts(other) or _is_account_of(other, anchored)
                ):
                    return True
    return False


def _conditions(select: exp.Expression) -> list[exp.Expression]:
    """What must hold: the AND-ed parts of WHERE and of every join. An OR ties nothing."""
    parts: list[exp.Expression] = []
    where = select.args.get("where")
    if where is not None:
        parts.append(where.this)
    for source in (select, select.args.get("from_") or select.args.get("from")):
        for join in (source.args.get("joins") if source is not None else None) or []:
            parts += [join.args["on"]] if join.args.get("on") else []
    for table in select.find_all(exp.Table, exp.Unnest):
        for join in table.args.get("joins") or []:
            parts += [join.args["on"]] if join.args.get("on") else []
    flat: list[exp.Expression] = []
    while parts:
        part = parts.pop()
        if isinstance(part, exp.And):
            parts += [part.left, part.right]
        elif isinstance(part, exp.Paren):
            parts.append(part.this)
        else:
            flat.append(part)
    return flat


def _is_account(node: exp.Expression, alias: str, *, alone: bool) -> bool:
    if not isinstance(node, exp.Column) or node.name != "account_id":
        return False
    return node.table == alias or (alone and not node.table)


def _is_any_of_accounts(node: exp.Expression) -> bool:
    return isinstance(node, exp.Any) and _is_accounts_parameter(node.this)


def _is_accounts_parameter(node: exp.Expression) -> bool:
    while isinstance(node, exp.Cast | exp.Paren):
        node = node.this
    return isinstance(node, exp.Parameter) and str(node.this) == "1"


def _anchored(select: exp.Expression) -> set[str]:
    """The aliases of rows made from `unnest($1, …)` whose first column is called account_id."""
    names: set[str] = set()
    for unnest in select.find_all(exp.Unnest):
        alias = unnest.args.get("alias")
        columns = [column.name for column in alias.columns] if alias is not None else []
        if columns[:1] == ["account_id"] and unnest.expressions and _is_accounts_parameter(unnest.expressions[0]):
            names.add(alias.name)
    return names


def _is_account_of(node: exp.Expression, anchored: set[str]) -> bool:
    return isinstance(node, exp.Column) and node.name == "account_id" and node.table in anchored


def _inserts_accounts_of_unnest(insert: exp.Insert) -> bool:
    """The first column is account_id, and it is filled from the first array."""
    target, select = insert.this, insert.expression
    columns = target.expressions if isinstance(target, exp.Schema) else []
    if not columns or columns[0].name != "account_id" or not isinstance(select, exp.Select):
        return False
    first = select.expressions[0]
    unnests = list(select.find_all(exp.Unnest))
    if len(unnests) != 1 or not _is_accounts_parameter(unnests[0].expressions[0]):
        return False
    return isinstance(first, exp.Star) or _is_account_of(first, _anchored(select))
