"""Cases of book (a), each a sentence: what there is, and which breaks a person is to see of it. Nothing else is found."""

from __future__ import annotations

from collections.abc import Callable

from counterfoil.reconcile.matching.terms import FeeRate
from reconcile.matching.world import CENT, DAY, END, HOUR, MINUTE, NOON, Expected, World, expect, yuan

Case = Callable[[World], list[Expected]]
CASES: dict[str, Case] = {}


def case(told: Case) -> Case:
    CASES[told.__name__] = told
    return told


# -- orders and their lines ----------------------------------------------------------------------------------------------


@case
def a_paid_and_credited_order_with_its_line_is_right(world: World) -> list[Expected]:
    world.paid()
    return []


@case
def an_order_that_was_never_paid_needs_no_line(world: World) -> list[Expected]:
    world.order(state="expired")
    return []


@case
def a_line_that_names_only_our_order_number_is_matched(world: World) -> list[Expected]:
    order = world.order()
    world.credit(order)
    world.line(order, trade_key="another-number")
    return []


@case
def a_line_that_names_only_the_channels_number_is_matched(world: World) -> list[Expected]:
    order = world.order()
    world.credit(order)
    world.line(order, order_id=None)
    return []


@case
def a_credited_order_without_a_line_has_not_been_paid(world: World) -> list[Expected]:
    order = world.order()
    world.credit(order)
    return [expect("missing_external", ours=[order])]


@case
def a_line_may_come_within_the_settling_window(world: World) -> list[Expected]:
    order = world.order(at=END - HOUR)
    world.credit(order)
    return [expect("pending_within_window", ours=[order])]


@case
def orders_of_a_source_without_statements_are_not_held_against_lines(world: World) -> list[Expected]:
    world.credit(world.order(provider="stripe"))
    world.absent.add(world.source("stripe"))
    return []


@case
def a_paid_line_of_an_order_that_was_not_credited_is_paid_and_not_credited(world: World) -> list[Expected]:
    order = world.order(state="expired")
    return [expect("missing_internal", ours=[order], theirs=[world.line(order)])]


@case
def an_order_may_be_credited_a_little_after_its_line(world: World) -> list[Expected]:
    order = world.order(state="created", at=END - 10 * MINUTE)
    return [expect("pending_within_window", ours=[order], theirs=[world.line(order)])]


@case
def a_line_that_nobody_knows_is_paid_and_not_credited(world: World) -> list[Expected]:
    line = world.line(trade_key="unknown")
    return [expect("missing_internal", theirs=[line])]


@case
def a_line_that_came_days_later_is_late(world: World) -> list[Expected]:
    order = world.order(at=NOON - 2 * DAY)
    world.credit(order)
    return [expect("late", ours=[order], theirs=[world.line(order, at=NOON)])]


@case
def more_was_paid_than_ordered(world: World) -> list[Expected]:
    order = world.order(yuan(100))
    world.credit(order)
    return [expect("amount_over", ours=[order], theirs=[world.line(order, amount=yuan(100) + CENT)])]


@case
def less_was_paid_than_ordered(world: World) -> list[Expected]:
    order = world.order(yuan(100))
    world.credit(order)
    return [expect("amount_under", ours=[order], theirs=[world.line(order, amount=yuan(10))])]


@case
def a_cent_within_the_tolerance_is_booked(world: World) -> list[Expected]:
    order = world.order(currency="USD")
    world.credit(order)
    line = world.line(order, amount=order["amount"] + CENT)
    return [expect("rounding_within_tolerance", ours=[order], theirs=[line])]


@case
def two_cents_are_more_than_the_tolerance(world: World) -> list[Expected]:
    order = world.order(currency="USD")
    world.credit(order)
    return [expect("amount_over", ours=[order], theirs=[world.line(order, amount=order["amount"] + 2 * CENT)])]


@case
def the_same_number_in_another_currency_is_another_amount(world: World) -> list[Expected]:
    order = world.order()
    world.credit(order)
    return [expect("currency_mismatch", ours=[order], theirs=[world.line(order, currency="HKD")])]


@case
def the_channel_says_that_a_credited_payment_has_failed(world: World) -> list[Expected]:
    order = world.order()
    world.credit(order)
    return [expect("status_mismatch", ours=[order], theirs=[world.line(order, status="failed")])]


@case
def a_failed_try_before_the_payment_does_not_matter(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    world.line(order, status="failed", at=NOON - MINUTE)
    return []


@case
def a_closed_line_of_an_expired_order_agrees_with_it(world: World) -> list[Expected]:
    order = world.order(state="expired")
    world.line(order, status="closed")
    return []


@case
def an_order_that_was_paid_twice(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    second = world.line(order, trade_key="second", at=NOON + MINUTE)
    return [expect("duplicate_external", ours=[order], theirs=[second])]


@case
def the_payment_that_was_credited_is_the_first_even_if_it_came_later(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    other = world.line(order, trade_key="other", at=NOON - MINUTE)
    return [expect("duplicate_external", ours=[order], theirs=[other])]


@case
def a_second_payment_that_went_back_whole_is_over(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    world.line(order, trade_key="second", at=NOON + MINUTE)
    world.line(order, trade_key="second", kind="refund", direction=-1, at=NOON + HOUR)
    return []


@case
def a_payment_of_an_expired_order_that_went_back_whole_is_over(world: World) -> list[Expected]:
    order = world.order(state="expired")
    world.line(order)
    world.line(order, kind="refund", direction=-1, at=NOON + HOUR)
    return []


@case
def a_payment_of_an_expired_order_that_went_back_in_part_is_not_over(world: World) -> list[Expected]:
    order = world.order(state="expired")
    line = world.line(order)
    back = world.line(order, kind="refund", direction=-1, amount=yuan(40), at=NOON + HOUR)
    return [
        expect("missing_internal", ours=[order], theirs=[line]),
        expect("missing_internal", theirs=[back]),
    ]


@case
def an_order_paid_in_two_parts_is_right_when_they_add_up(world: World) -> list[Expected]:
    order = world.order(yuan(100))
    world.credit(order)
    world.line(order, amount=yuan(60))
    world.line(order, amount=yuan(40), trade_key="second part")
    return []


@case
def an_order_paid_in_parts_that_do_not_add_up(world: World) -> list[Expected]:
    order = world.order(yuan(100))
    world.credit(order)
    parts = [world.line(order, amount=yuan(60)), world.line(order, amount=yuan(30), trade_key="second part")]
    return [expect("split_mismatch", ours=[order], theirs=parts)]


@case
def a_capture_that_was_partly_reversed_counts_as_what_is_left(world: World) -> list[Expected]:
    order = world.order(yuan(100))
    world.credit(order)
    world.line(order, amount=yuan(150))
    world.line(order, amount=yuan(50), direction=-1)
    return []


@case
def a_payment_that_two_kinds_of_statement_tell_counts_once(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    world.line(order, importer="wechat_fund", order_id=None)
    return []


@case
def a_payment_that_names_an_order_of_another_account(world: World) -> list[Expected]:
    other = world.order(state="expired", account="ben")
    order = world.order(account="anna")
    world.credit(order)
    line = world.line(order, order_id=other["order_id"])
    return [expect("wrong_account", ours=[order], theirs=[line])]


@case
def a_refund_that_two_kinds_of_statement_tell_counts_once(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order)
    world.refund_line(refund)
    world.refund_line(refund, importer="alipay_account", refund_key=None)
    return []


# -- fees ----------------------------------------------------------------------------------------------------------------


def _agreed(world: World) -> None:
    world.fees[world.source()] = FeeRate(share_millionths=6000)


@case
def an_agreed_fee_is_right_to_the_cent(world: World) -> list[Expected]:
    _agreed(world)
    order = world.order(yuan(33.33))
    world.credit(order)
    world.line(order, fee=yuan(0.20))
    return []


@case
def a_fee_above_what_was_agreed(world: World) -> list[Expected]:
    _agreed(world)
    order = world.order(yuan(100))
    world.credit(order)
    return [expect("fee_mismatch", ours=[order], theirs=[world.line(order, fee=yuan(1))])]


@case
def a_fee_may_stand_in_a_line_of_its_own(world: World) -> list[Expected]:
    _agreed(world)
    order = world.order(yuan(100))
    world.credit(order)
    world.line(order)
    world.line(order, kind="fee", direction=-1, amount=yuan(0.60))
    return []


@case
def a_fixed_fee_is_kept_of_every_part(world: World) -> list[Expected]:
    world.fees[world.source()] = FeeRate(share_millionths=29_000, fixed=yuan(0.30))
    order = world.order(yuan(100))
    world.credit(order)
    world.line(order, amount=yuan(60), fee=yuan(2.04))
    world.line(order, amount=yuan(40), fee=yuan(1.46), trade_key="second part")
    return []


# -- credits -------------------------------------------------------------------------------------------------------------


@case
def a_paid_order_without_its_credit(world: World) -> list[Expected]:
    order = world.order()
    return [expect("missing_internal", ours=[order], theirs=[world.line(order)])]


@case
def a_credit_on_an_order_that_was_not_paid(world: World) -> list[Expected]:
    order = world.order(state="expired")
    return [expect("missing_external", ours=[order, world.credit(order)])]


@case
def an_order_that_was_credited_and_paid_and_does_not_know_it(world: World) -> list[Expected]:
    order = world.order(state="created")
    return [expect("status_mismatch", ours=[order, world.credit(order)], theirs=[world.line(order)])]


@case
def a_credit_that_names_no_order_that_there_is(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    stray = world.credit(order, cause_id=world.id("nowhere"))
    return [expect("missing_external", ours=[stray])]


@case
def a_credit_on_another_account_than_the_orders(world: World) -> list[Expected]:
    order = world.order()
    world.line(order)
    return [expect("wrong_account", ours=[order, world.credit(order, account="ben")])]


@case
def an_order_that_was_credited_twice(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    second = world.credit(order, at=NOON + MINUTE)
    return [expect("duplicate_internal", ours=[order, second])]


@case
def an_order_that_was_credited_too_much(world: World) -> list[Expected]:
    order = world.order()
    world.line(order)
    return [expect("amount_over", ours=[order, world.credit(order, amount=order["credited"] + 1)])]


@case
def an_order_that_was_credited_too_little(world: World) -> list[Expected]:
    order = world.order()
    world.line(order)
    return [expect("amount_under", ours=[order, world.credit(order, amount=order["credited"] - 1)])]


@case
def a_credit_in_another_currency_than_the_orders(world: World) -> list[Expected]:
    order = world.order()
    world.line(order)
    return [expect("currency_mismatch", ours=[order, world.credit(order, currency="CNY")])]


@case
def an_order_with_its_bonus_is_right(world: World) -> list[Expected]:
    order, _, _ = world.paid(bonus=yuan(2))
    world.credit(order, is_bonus=True, amount=yuan(2))
    return []


@case
def an_order_whose_bonus_was_left_out(world: World) -> list[Expected]:
    order, _, _ = world.paid(bonus=yuan(2))
    return [expect("amount_under", ours=[order])]


# -- refunds -------------------------------------------------------------------------------------------------------------


@case
def a_refund_with_its_line_is_right(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    world.refund_line(world.refund(order))
    return []


@case
def a_refund_whose_line_names_only_the_order_is_matched_by_its_amount(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="partly_refunded")
    for at in (NOON + HOUR, NOON + 2 * HOUR):
        world.refund_line(world.refund(order, yuan(20)), refund_key=None, at=at)
    return []


@case
def a_refund_that_the_channel_does_not_know(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    return [expect("missing_external", ours=[world.refund(order)])]


@case
def a_refund_that_the_channel_made_without_us(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    refund = world.refund(order, state="failed", taken=0)
    world.rows["order_refunds"].remove(refund)
    world.rows["credits"] = [row for row in world.rows["credits"] if row["cause_kind"] == "order"]
    return [expect("missing_internal", theirs=[world.refund_line(refund, amount=yuan(30))])]


@case
def a_refund_that_failed_here_and_went_through_there(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    refund = world.refund(order, state="failed")
    world.leg(refund, "cash_restored")
    return [expect("status_mismatch", ours=[refund], theirs=[world.refund_line(refund)])]


@case
def a_refund_that_nobody_knew_of_went_through(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order, state="unknown", ended_at=None)
    return [expect("status_mismatch", ours=[refund], theirs=[world.refund_line(refund, at=NOON + HOUR)])]


@case
def a_refund_that_is_on_its_way_has_some_time(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order, state="sent", created_at=END - HOUR, ended_at=None)
    return [expect("pending_within_window", ours=[refund], theirs=[world.refund_line(refund, at=END - HOUR)])]


@case
def a_refund_of_another_amount(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="partly_refunded")
    refund = world.refund(order, yuan(30))
    return [expect("amount_over", ours=[refund], theirs=[world.refund_line(refund, amount=yuan(40))])]


@case
def a_refund_that_was_sent_twice_within_what_was_paid(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="partly_refunded")
    refund = world.refund(order, yuan(30))
    world.refund_line(refund)
    second = world.refund_line(refund, at=NOON + 3 * HOUR)
    return [expect("duplicate_external", ours=[refund], theirs=[second])]


@case
def more_went_back_than_was_paid(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order)
    lines = [world.refund_line(refund), world.refund_line(refund, at=NOON + 3 * HOUR)]
    return [expect("refund_exceeds_credit", ours=[order], theirs=lines)]


@case
def a_refund_that_was_reversed_by_the_bank(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order)
    lines = [world.refund_line(refund), world.refund_line(refund, direction=1, at=NOON + 3 * HOUR)]
    return [expect("status_mismatch", ours=[refund], theirs=lines)]


@case
def a_refund_that_took_more_from_the_wallet_than_it_says(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order)
    world.refund_line(refund)
    again = world.leg(refund)
    first = next(row for row in world.rows["credits"] if row["cause_id"] == refund["refund_id"])
    return [expect("amount_over", ours=[refund, first, again])]


@case
def a_refund_partly_covered_by_a_refunded_charge_is_right(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order)
    world.refund_line(refund)
    world.rows["credits"][-1]["amount"] -= yuan(1)
    return []


@case
def a_failed_refund_that_was_not_given_back_to_the_wallet(world: World) -> list[Expected]:
    order, _, _ = world.paid()
    refund = world.refund(order, state="failed")
    return [expect("status_mismatch", ours=[refund, world.rows["credits"][-1]])]


@case
def a_refund_taken_from_another_account(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order)
    world.refund_line(refund)
    leg = world.rows["credits"][-1]
    leg["account_id"] = world.id("ben")
    return [expect("wrong_account", ours=[refund, leg])]


@case
def a_dispute_that_was_lost_is_a_refund(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order, refund_key=None)
    world.refund_line(refund, kind="adjustment")
    return []


@case
def a_refund_that_staff_sent_by_bank_is_a_transfer_that_names_it(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order, refund_key=None)
    world.refund_line(refund, kind="transfer", trade_key=None, order_id=None, refund_id=refund["refund_id"])
    return []


@case
def a_refund_that_staff_sent_by_bank_may_be_known_by_its_amount_alone(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="refunded")
    refund = world.refund(order, refund_key=None)
    world.refund_line(refund, kind="transfer", trade_key=None, order_id=None)
    return []


@case
def transfers_that_have_to_do_with_nobody_are_left_alone(world: World) -> list[Expected]:
    world.line(kind="transfer", direction=-1)
    world.line(kind="transfer")
    return []


@case
def a_dispute_that_is_open_is_waited_for(world: World) -> list[Expected]:
    order, _, _ = world.paid(state="disputed")
    line = world.line(order, kind="adjustment", direction=-1)
    return [expect("pending_within_window", theirs=[line])]


@case
def an_adjustment_that_nobody_can_explain(world: World) -> list[Expected]:
    return [expect("missing_internal", theirs=[world.line(kind="adjustment", direction=-1)])]


# -- by amount and time --------------------------------------------------------------------------------------------------


@case
def a_line_without_any_number_is_matched_when_only_one_order_fits(world: World) -> list[Expected]:
    order = world.order(yuan(77))
    world.credit(order)
    world.line(amount=yuan(77), at=NOON + 10 * MINUTE)
    return []


@case
def a_line_outside_the_window_is_not_matched_by_its_amount(world: World) -> list[Expected]:
    order = world.order(yuan(77))
    world.credit(order)
    line = world.line(amount=yuan(77), at=NOON + 2 * HOUR)
    return [expect("missing_external", ours=[order]), expect("missing_internal", theirs=[line])]


@case
def two_orders_that_one_line_might_pay_are_ambiguous(world: World) -> list[Expected]:
    orders = [world.order(yuan(77), at=NOON), world.order(yuan(77), at=NOON + MINUTE)]
    for order in orders:
        world.credit(order)
    world.line(amount=yuan(77), at=NOON + 2 * MINUTE)
    return [expect("ambiguous", ours=[order]) for order in orders]


@case
def one_order_that_two_lines_might_have_paid_is_ambiguous(world: World) -> list[Expected]:
    order = world.order(yuan(77))
    world.credit(order)
    world.line(amount=yuan(77), at=NOON + MINUTE)
    world.line(amount=yuan(77), at=NOON + 2 * MINUTE)
    return [expect("ambiguous", ours=[order])]


# -- payouts -------------------------------------------------------------------------------------------------------------


def _paid_out(world: World, *, amount: int) -> tuple[Expected, ...]:
    for paid in (yuan(100), yuan(50)):
        order = world.order(paid)
        world.credit(order)
        world.line(order, fee=paid // 100, payout_key="payout")
    payout = world.line(kind="payout", direction=-1, amount=amount, payout_key="payout", at=NOON + 3 * HOUR)
    return (expect("split_mismatch", ours=[payout]), expect("missing_external", ours=[payout]))


@case
def a_payout_is_the_sum_of_its_lines_without_their_fees(world: World) -> list[Expected]:
    _paid_out(world, amount=yuan(148.5))
    return []


@case
def a_payout_that_is_not_the_sum_of_its_lines(world: World) -> list[Expected]:
    wrong, _ = _paid_out(world, amount=yuan(140))
    return [wrong]


@case
def a_payout_that_arrived_at_the_bank(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    _paid_out(world, amount=yuan(148.5))
    world.line(source="bank", kind="transfer", amount=yuan(148.5), at=NOON + 8 * HOUR)
    return []


@case
def a_payout_that_has_not_arrived_yet_may_take_some_days(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    payout = world.line(kind="payout", direction=-1, amount=yuan(148.5), at=NOON)
    world.line(source="bank", kind="transfer", amount=yuan(100), at=NOON + 8 * HOUR)
    return [expect("pending_within_window", ours=[payout])]


@case
def a_payout_that_never_arrived(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    payout = world.line(kind="payout", direction=-1, amount=yuan(148.5), at=NOON - 9 * DAY)
    return [expect("missing_external", ours=[payout])]


@case
def a_payout_that_the_bank_refused_is_back_with_the_channel(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    _paid_out(world, amount=yuan(140))
    world.line(kind="payout", direction=1, amount=yuan(140), payout_key="payout", at=NOON + 9 * HOUR)
    return []


@case
def a_payout_that_came_back_and_was_never_made(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    return [expect("missing_internal", theirs=[world.line(kind="payout", payout_key="payout")])]


@case
def payouts_that_nobody_has_asked_to_follow_are_left_alone(world: World) -> list[Expected]:
    world.line(source="bank", kind="payout")
    world.line(kind="payout", direction=-1)
    return []


@case
def a_payout_that_the_bank_has_and_no_channel_knows(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    return [expect("missing_internal", theirs=[world.line(source="bank", kind="payout")])]


@case
def two_payouts_of_one_amount_that_may_be_one_bank_line(world: World) -> list[Expected]:
    world.payouts_to[world.source()] = world.source("bank")
    payouts = [world.line(kind="payout", direction=-1, amount=yuan(148.5), at=NOON + n * HOUR) for n in range(2)]
    world.line(source="bank", kind="transfer", amount=yuan(148.5), at=NOON + 8 * HOUR)
    return [expect("ambiguous", ours=[payout]) for payout in payouts]
