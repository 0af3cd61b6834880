"""The list of invariants names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_invariant_names_the_tests_that_hold_it() -> None:
    listed = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (L\d+) \|.*\| (.+) \|$", listed, re.MULTILINE))
    assert list(rows) == [f"L{number}" for number in range(1, 13)]
    for number, tests in rows.items():
        assert re.search(r"`tests/[\w/]+\.py::test_\w+`", tests), number
    missing = [
        f"{path}::{name}"
        for path, name in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", listed)
        if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert missing == []
