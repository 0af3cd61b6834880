"""Failures by rule instead of by request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.configuration import read_rules
from counterfoil.sandbox.failures import Rules
from counterfoil.sandbox.model import Endpoint
from counterfoil.sandbox.process import SandboxProcess


def decisions(rule: dict[str, Any], calls: int, **call: Any) -> list[bool]:
    rules = Rules(read_rules([{"fail": "status:500", **rule}]))
    given: dict[str, Any] = {"model": "gpt-5", "endpoint": Endpoint.CHAT, "key": "primary", **call}
    return [rules.choose(**given) is not None for _ in range(calls)]


def test_every_nth_call_fails() -> None:
    assert decisions({"every": 3}, 7) == [False, False, True, False, False, True, False]


def test_a_rule_stops_after_its_times() -> None:
    assert decisions({"times": 2}, 4) == [True, True, False, False]


def test_a_probability_is_repeatable_by_its_seed() -> None:
    first = decisions({"probability": 0.25, "seed": 7}, 4000)

    assert first == decisions({"probability": 0.25, "seed": 7}, 4000)
    assert first != decisions({"probability": 0.25, "seed": 8}, 4000)
    assert 800 < sum(first) < 1200
    assert not any(decisions({"probability": 0}, 100))
    assert all(decisions({"probability": 1}, 100))


@pytest.mark.parametrize(
    ("rule", "call", "fails"),
    [
        ({"model": "gpt-*"}, {}, True),
        ({"model": "claude-*"}, {}, False),
        ({"key": "primary"}, {}, True),
        ({"key": "primary"}, {"key": "backup"}, False),
        ({"fail": "cut@backup"}, {}, False),
        ({"fail": "cut@backup"}, {"key": "backup"}, True),
        ({"endpoint": "chat"}, {}, True),
        ({"endpoint": "messages"}, {}, False),
    ],
)
def test_a_rule_matches_model_key_and_endpoint(rule: dict[str, Any], call: dict[str, Any], fails: bool) -> None:
    assert decisions(rule, 1, **call) == [fails]


def test_the_first_rule_that_fires_decides() -> None:
    rules = Rules(read_rules([{"fail": "status:500", "every": 2}, {"fail": "status:503"}]))
    chosen = [rules.choose(model="m", endpoint=Endpoint.CHAT, key="k") for _ in range(3)]

    assert [failure.argument for failure in chosen if failure] == [503, 500, 503]


def test_rules_change_at_run_time(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    chat = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    sandbox.use_rules([{"fail": "status:503", "key": "primary"}])

    assert call("POST", "/v1/chat/completions", chat, authorization="Bearer primary-key").status == 503
    assert call("POST", "/v1/chat/completions", chat, authorization="Bearer backup-key").status == 200
    # What a call asks for itself comes before any rule.
    own = {**chat, "metadata": {"sandbox_fail": "status:529"}}
    assert call("POST", "/v1/chat/completions", own, authorization="Bearer primary-key").status == 529

    sandbox.use_rules([])
    assert call("POST", "/v1/chat/completions", chat, authorization="Bearer primary-key").status == 200


@pytest.mark.parametrize(
    "rules",
    [
        {"fail": "status:500"},
        [{"every": 2}],
        [{"fail": "status:500", "every": 0}],
        [{"fail": "status:500", "probability": 2}],
        [{"fail": "status:500", "endpoint": "elsewhere"}],
        [{"fail": "status:500", "often": True}],
        ["status:500"],
        [{"fail": "status:500"}] * 101,
    ],
)
def test_rules_that_are_not_understood_are_refused(call: Callable[..., Any], rules: object) -> None:
    assert call("POST", "/sandbox/rules", rules).status == 400


def test_a_refused_rule_leaves_the_old_ones(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    sandbox.use_rules([{"fail": "status:503"}])
    with pytest.raises(Unavailable):
        sandbox.use_rules([{"fail": "no such failure"}])

    chat = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    assert call("POST", "/v1/chat/completions", chat).status == 503
