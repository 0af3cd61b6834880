"""Rules of the house that no linter knows: where SQL may stand, that money is never a float, that L1 to L12 are held."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import counterfoil

PACKAGE = Path(counterfoil.__file__).parent
TESTS = Path(__file__).parent
MONEY_ROOMS = ("ledger", "limits", "pricing", "spend")
# Seconds of clocks and timeouts are floats; amounts, rates and counts are not, and live in these kinds of file.
MONEY_FILES = re.compile(r"(model|rules|grant_rules|draft|chain|usage|documents|schedule|records|guard|batch)\.py\Z")
_SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+(\s+\w+)?\s+SET|DELETE\s+FROM)\b", re.DOTALL)
# Reading an amount from text and writing it need exact decimals, which `Decimal` is.
_SQL_HOMES = re.compile(r"(store\.py\Z|_store\.py\Z|/storage/)")


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_sql_stands_only_in_stores() -> None:
    found = []
    for name, tree in _sources():
        if _SQL_HOMES.search("/" + name):
            continue
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
            if is_text and _SQL.search(node.value):
                found.append(f"{name}:{node.lineno}")
    assert found == []


def test_money_is_never_a_float() -> None:
    found = []
    for name, tree in _sources():
        room, _, rest = name.partition("/")
        if name != "foundation/money.py" and not (room in MONEY_ROOMS and MONEY_FILES.search(rest)):
            continue
        for node in ast.walk(tree):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            makes_float = isinstance(node, ast.Name) and node.id == "float"
            divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            if is_float or makes_float or divides:
                found.append(f"{name}:{getattr(node, 'lineno', 0)}")
    assert found == []


def test_every_invariant_is_cited_by_a_test_and_listed() -> None:
    cited = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    listed = (TESTS.parent / "docs" / "invariants.md").read_text(encoding="utf-8")
    for number in range(1, 13):
        mark = re.compile(rf"\b[Ll]{number}\b|_l{number}_")
        assert mark.search(cited), f"no test cites L{number}"
        assert mark.search(listed), f"docs/invariants.md does not list L{number}"


def test_every_test_that_invariants_name_exists() -> None:
    listed = (TESTS.parent / "docs" / "invariants.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`(tests/[\w/]+\.py)", listed))
    assert names
    assert [name for name in sorted(names) if not (TESTS.parent / name).is_file()] == []
