"""Tests that share something dear stay on one worker."""

from __future__ import annotations

import pytest

from workers import worker_group


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/console/browser/test_journeys.py::test_a_recharge[zh-light-phone]", "browser"),
        ("tests/console/browser/test_every_page.py::test_by_keys", "browser"),
        ("tests/reconcile/test_upstream.py::test_both_engines_agree[spark]", "spark"),
        ("tests/support/test_planted_secrets.py::test_nothing_is_kept_while_the_database_is_down", "planted secrets"),
    ],
)
def test_tests_that_share_something_dear_stay_together(test: str, group: str) -> None:
    assert worker_group(test) == group


def test_any_other_test_runs_where_there_is_room() -> None:
    one, other = "tests/ledger/test_holds.py::test_a", "tests/ledger/test_holds.py::test_b"
    assert worker_group(one) != worker_group(other)
