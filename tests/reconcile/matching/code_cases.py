"""Cases of book (d), each a sentence: redeemed codes and their credits."""

from __future__ import annotations

from collections.abc import Callable

from reconcile.matching.world import MINUTE, NOON, Expected, World, expect

Case = Callable[[World], list[Expected]]
CASES: dict[str, Case] = {}


def case(told: Case) -> Case:
    CASES[told.__name__] = told
    return told


@case
def a_redeemed_code_with_its_credit_is_right(world: World) -> list[Expected]:
    world.code_credit(world.redeemed())
    return []


@case
def a_code_that_was_redeemed_without_a_credit(world: World) -> list[Expected]:
    return [expect("missing_internal", ours=[world.redeemed()])]


@case
def a_credit_without_a_redeemed_code(world: World) -> list[Expected]:
    code = world.redeemed()
    world.rows["redemptions"].remove(code)
    return [expect("missing_external", theirs=[world.code_credit(code)])]


@case
def a_code_credited_to_another_account(world: World) -> list[Expected]:
    code = world.redeemed()
    return [expect("wrong_account", ours=[code], theirs=[world.code_credit(code, account="ben")])]


@case
def a_code_credited_to_two_accounts(world: World) -> list[Expected]:
    code = world.redeemed()
    world.code_credit(code)
    return [expect("wrong_account", ours=[code], theirs=[world.code_credit(code, account="ben")])]


@case
def a_code_credited_twice(world: World) -> list[Expected]:
    code = world.redeemed()
    world.code_credit(code)
    second = world.code_credit(code, at=NOON + MINUTE)
    return [expect("duplicate_internal", ours=[code], theirs=[second])]


@case
def a_code_credited_more_than_its_value(world: World) -> list[Expected]:
    code = world.redeemed()
    return [expect("amount_over", ours=[code], theirs=[world.code_credit(code, amount=code["value"] + 1)])]


@case
def a_code_credited_less_than_its_value(world: World) -> list[Expected]:
    code = world.redeemed()
    return [expect("amount_under", ours=[code], theirs=[world.code_credit(code, amount=code["value"] - 1)])]


@case
def a_code_credited_in_another_currency(world: World) -> list[Expected]:
    code = world.redeemed()
    return [expect("currency_mismatch", ours=[code], theirs=[world.code_credit(code, currency="CNY")])]
