"""Who may call, from where, and which models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.limits.model import AccountDuplicates, DuplicatePolicy, DuplicateRule, Scope, Status, WalletView
from counterfoil.limits.rules import (
    address_permitted,
    compile_applicable,
    compile_patterns,
    decide_access,
    duplicate_rule_of,
    read_network,
)
from limits.examples import GROUP, KEY, NOON, Call


@pytest.mark.parametrize(
    ("network", "address", "permitted"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("2001:db8::/32", "2001:db8:1::9", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("::ffff:192.0.2.0/120", "192.0.2.9", True),
        ("::/0", "192.0.2.9", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("0.0.0.0/0", "unknown", False),
        ("0.0.0.0/0", "", False),
    ],
)
def test_an_address_is_permitted_by_the_network_it_lies_in(network: str, address: str, permitted: bool) -> None:
    assert address_permitted((read_network(network),), address) is permitted


def test_without_a_list_every_address_is_permitted() -> None:
    assert address_permitted((), "unknown")


@pytest.mark.parametrize(
    ("patterns", "model", "permitted"),
    [
        ((), "anything", True),
        (("gpt-5",), "gpt-5", True),
        (("gpt-5",), "gpt-5-mini", False),
        (("gpt-5*",), "gpt-5-mini", True),
        (("claude-*", "gpt-5"), "gpt-5", True),
        (("gpt-?",), "gpt-5", True),
        (("gpt-?",), "gpt-55", False),
        (("GPT-5",), "gpt-5", False),
        (("gpt.5",), "gpt-5", False),
        (("*",), "any/thing\nelse", True),
    ],
)
def test_a_model_is_permitted_by_a_name_or_a_pattern(patterns: tuple[str, ...], model: str, permitted: bool) -> None:
    assert compile_patterns(patterns).permits(model) is permitted


def test_group_and_key_must_both_permit_the_model() -> None:
    call = Call(key=replace(KEY, allowed_models=("gpt-5*",)), group=replace(GROUP, allowed_models=("gpt-5", "o3")))
    assert call.decide().passed
    by_group, by_key = call.but(model="gpt-5-mini").decide(), call.but(model="o3").decide()
    assert [check.scope for check in by_group.failing] == [Scope.GROUP]
    assert [check.scope for check in by_key.failing] == [Scope.KEY]
    assert [check.scope for check in call.but(model="claude-4").decide().failing] == [Scope.GROUP, Scope.KEY]


def test_a_key_expires_at_its_moment_and_not_before() -> None:
    assert Call(key=replace(KEY, expires_at=NOON + 1)).decide().passed
    assert Call(key=replace(KEY, expires_at=NOON)).decide().code == "key_expired"


def test_a_closed_account_is_refused_as_a_suspended_one() -> None:
    assert (
        Call(wallet=WalletView(spendable=0, currency="USD", account_status="closed")).decide().code
        == "account_suspended"
    )


def test_a_call_that_was_not_made_with_a_token_is_not_asked_for_one() -> None:
    assert Call(token_hash=None).decide().passed


def test_addresses_that_cost_nothing_ask_only_whether_the_key_may_be_used() -> None:
    broke = WalletView(spendable=0, currency="USD", account_status="active")
    applicable = compile_applicable(key=KEY, group=GROUP, limits=(), at=0)
    disabled = compile_applicable(key=replace(KEY, status=Status.DISABLED), group=GROUP, limits=(), at=0)
    codes = [
        decide_access(
            wallet=broke, applicable=each, client_address="192.0.2.7", token_hash=KEY.token_hash, now=NOON
        ).code
        for each in (applicable, disabled)
    ]
    assert codes == [None, "key_disabled"]


def test_the_duplicate_policy_and_its_window_are_the_nearest_that_are_set() -> None:
    off, block = DuplicatePolicy.OFF, DuplicatePolicy.BLOCK
    blocking = replace(GROUP, duplicate_policy=block, duplicate_window_seconds=30)
    account = AccountDuplicates(policy=off, window_seconds=20)
    assert duplicate_rule_of(KEY, None) == DuplicateRule(policy=DuplicatePolicy.FLAG, window_seconds=600)
    assert duplicate_rule_of(KEY, GROUP, account) == DuplicateRule(policy=off, window_seconds=20)
    assert duplicate_rule_of(KEY, blocking, account) == DuplicateRule(policy=block, window_seconds=30)
    own = replace(KEY, duplicate_policy=off, duplicate_window_seconds=10)
    assert duplicate_rule_of(own, blocking, account) == DuplicateRule(policy=off, window_seconds=10)
