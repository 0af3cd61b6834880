"""What every route of the management API asks for: one row a route, by its name.

`own` is what a member may do to their own account, `staff` what staff may do to every account. A route that is in no row
is not served: the application is not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from counterfoil.api import whose
from counterfoil.api.whose import Whose
from counterfoil.identity.access import OPEN, SIGNED_IN, Need, Own, Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What it takes, and how the account that it is about is found. `reads`: a POST that changes nothing."""

    need: Need
    whose: Whose = whose.by_address
    reads: bool = False
    # Only whoever has signed in, themselves: no token may stand in for them.
    session: bool = False
    # The room below records it in the audit trail itself.
    room_records: bool = False


def _both(own: Own, staff: Staff, found: Whose = whose.by_address, *, reads: bool = False) -> Rule:
    return Rule(need=Need(own=own, staff=staff), whose=found, reads=reads)


def _staff(staff: Staff, *, reads: bool = False) -> Rule:
    return Rule(need=Need(staff=staff), reads=reads)


def _of_case(staff: Staff, *, reads: bool = False) -> Rule:
    return Rule(need=Need(staff=staff), whose=whose.of_case, reads=reads)


def _recorded(rule: Rule) -> Rule:
    return replace(rule, room_records=True)


_OPEN = Rule(need=OPEN)
_ANYBODY = Rule(need=SIGNED_IN)
_ONESELF = Rule(need=SIGNED_IN, session=True)
_OF_ACCOUNT = whose.in_query("account_id")
_OF_ACCOUNT_FILTER = whose.in_query("account")

_ACCOUNTS = {
    "create_account": _staff(Staff.ACCOUNTS_WRITE),
    "list_accounts": _staff(Staff.ACCOUNTS_READ),
    "get_account": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "change_account": _both(Own.ACCOUNT_WRITE, Staff.ACCOUNTS_WRITE),
    "get_duplicates": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "set_duplicates": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "add_member": _both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE),
    "list_members": _both(Own.MEMBERS_READ, Staff.ACCOUNTS_READ),
    "find_members": _staff(Staff.ACCOUNTS_READ),
    "get_member": _both(Own.MEMBERS_READ, Staff.ACCOUNTS_READ),
    "change_member": _both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE),
    "disable_member": _both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE),
    "enable_member": _both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE),
    "create_group": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "list_groups": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "get_group": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "change_group": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "disable_group": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "enable_group": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "create_key": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "adopt_key": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "list_keys": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "get_key": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "change_key": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "rotate_key": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "disable_key": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "enable_key": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "put_limit": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "list_limits": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "remove_limit": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    # Whoever may not answer sees their own.
    "ask_for_more": _both(Own.USAGE_READ, Staff.ACCOUNTS_WRITE),
    "list_limit_asks": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "raise_asked_limit": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
    "decline_limit_ask": _both(Own.LIMITS_WRITE, Staff.ACCOUNTS_WRITE),
}
_MONEY = {
    "get_balance": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "list_grants": _both(Own.MONEY_READ, Staff.ACCOUNTS_READ),
    "list_transfers": _both(Own.MONEY_READ, Staff.ACCOUNTS_READ),
    "get_account_statement": _both(Own.MONEY_READ, Staff.ACCOUNTS_READ),
    "get_account_statement_sums": _both(Own.MONEY_READ, Staff.ACCOUNTS_READ),
    "get_recharge_quote": _both(Own.MONEY_READ, Staff.ACCOUNTS_READ),
    "get_cost_estimate": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    # By group, key and member: what others spent.
    # With what staff have seen and done: for staff.
    "get_timeline": _staff(Staff.ACCOUNTS_READ),
    "search_accounts": _staff(Staff.ACCOUNTS_READ, reads=True),
    "get_waterfall": _both(Own.MONEY_READ, Staff.ACCOUNTS_READ),
    "credit_account": _staff(Staff.LEDGER_WRITE),
    "adjust_account": _staff(Staff.LEDGER_WRITE),
    "propose_credit": _staff(Staff.PROPOSE),
    "propose_adjustment": _staff(Staff.PROPOSE),
    "propose_end_of_grant": _staff(Staff.PROPOSE),
    "verify_ledger": _staff(Staff.LEDGER_READ),
    "start_verification": _staff(Staff.LEDGER_READ),
    "list_verifications": _staff(Staff.LEDGER_READ),
    "get_verification": _staff(Staff.LEDGER_READ),
    "make_checkpoint": _staff(Staff.LEDGER_WRITE),
    "get_sums": _staff(Staff.LEDGER_READ),
}
_RECHARGE = {
    "create_order": _both(Own.RECHARGE, Staff.ORDERS_WRITE, whose.in_body("account_id")),
    "list_orders": _both(Own.MONEY_READ, Staff.ORDERS_READ, _OF_ACCOUNT),
    "find_orders_by_number": _staff(Staff.ORDERS_READ, reads=True),
    "get_order": _both(Own.MONEY_READ, Staff.ORDERS_READ),
    "pay_order": _both(Own.RECHARGE, Staff.ORDERS_WRITE),
    "cancel_order": _both(Own.RECHARGE, Staff.ORDERS_WRITE),
    "ask_about_order": _both(Own.RECHARGE, Staff.ORDERS_WRITE),
    "list_notices": _staff(Staff.ORDERS_READ),
    "list_refunds": _staff(Staff.ORDERS_READ),
    "list_disputes": _staff(Staff.ORDERS_READ),
    "confirm_order": _staff(Staff.PROPOSE),
    "get_refundable": _both(Own.MONEY_READ, Staff.ORDERS_READ),
    "refund_order": _staff(Staff.PROPOSE),
    "dispute_order": _staff(Staff.PROPOSE),
    "settle_attention": _staff(Staff.ORDERS_WRITE),
    "settle_refund": _staff(Staff.ORDERS_WRITE),
    "get_receipt": _both(Own.MONEY_READ, Staff.ORDERS_READ),
    "request_invoice": _both(Own.RECHARGE, Staff.ORDERS_WRITE),
    "list_invoice_requests": _both(Own.MONEY_READ, Staff.ORDERS_READ, _OF_ACCOUNT),
    "get_invoice_request": _both(Own.MONEY_READ, Staff.ORDERS_READ),
    "issue_invoice": _staff(Staff.ORDERS_WRITE),
    "reject_invoice": _staff(Staff.ORDERS_WRITE),
    "list_ways_to_pay": _both(Own.RECHARGE, Staff.ORDERS_READ),
    "add_payment_provider": _staff(Staff.ORDERS_WRITE),
    "list_payment_providers": _staff(Staff.ORDERS_READ),
    "get_payment_provider": _staff(Staff.ORDERS_READ),
    "change_payment_provider": _staff(Staff.ORDERS_WRITE),
    "set_payment_provider_secrets": _staff(Staff.ORDERS_WRITE),
    "disable_payment_provider": _staff(Staff.ORDERS_WRITE),
    "enable_payment_provider": _staff(Staff.ORDERS_WRITE),
    "list_exchange_rates": _both(Own.RECHARGE, Staff.ORDERS_READ, whose.everybodys),
    "set_exchange_rate": _staff(Staff.PRICES_WRITE),
    "list_bonus_rules": _both(Own.RECHARGE, Staff.ORDERS_READ, whose.everybodys),
    "add_bonus_rule": _staff(Staff.PRICES_WRITE),
    "end_bonus_rule": _staff(Staff.PRICES_WRITE),
    "create_code_batch": _staff(Staff.CODES_WRITE),
    "list_code_batches": _staff(Staff.CODES_READ),
    "get_code_batch": _staff(Staff.CODES_READ),
    "void_code_batch": _staff(Staff.CODES_WRITE),
    "list_codes": _staff(Staff.CODES_READ),
    "redeem_code": _both(Own.RECHARGE, Staff.CODES_WRITE, whose.in_body("account_id")),
    "find_codes": _staff(Staff.CODES_READ, reads=True),
    "get_code": _staff(Staff.CODES_READ),
    "void_code": _staff(Staff.CODES_WRITE),
    "list_code_tries": _both(Own.MONEY_READ, Staff.CODES_READ, _OF_ACCOUNT),
    "list_approvals": _staff(Staff.PROPOSE),
    "get_approval": _staff(Staff.PROPOSE),
    "approve": _staff(Staff.APPROVE),
    "reject": _staff(Staff.APPROVE),
    # Their own proposals: the desk refuses others'.
    "withdraw": _staff(Staff.PROPOSE),
}
_RECONCILE = {
    "list_sources": _staff(Staff.RECONCILE_READ),
    "add_source": _staff(Staff.RECONCILE_WRITE),
    "change_source": _staff(Staff.RECONCILE_WRITE),
    "import_statements": _staff(Staff.RECONCILE_WRITE),
    "list_statements": _staff(Staff.RECONCILE_READ),
    "get_statement": _staff(Staff.RECONCILE_READ),
    "list_lines": _staff(Staff.RECONCILE_READ),
    "set_aside": _staff(Staff.RECONCILE_WRITE),
    "run_day": _staff(Staff.RECONCILE_WRITE),
    "list_runs": _staff(Staff.RECONCILE_READ),
    "get_run": _staff(Staff.RECONCILE_READ),
    "get_day": _staff(Staff.RECONCILE_READ),
    "close_day": _staff(Staff.RECONCILE_WRITE),
    "list_breaks": _staff(Staff.RECONCILE_READ),
    "get_break": _staff(Staff.RECONCILE_READ),
    "link_break": _staff(Staff.RECONCILE_WRITE),
    "ignore_break": _staff(Staff.RECONCILE_WRITE),
    "expect_break": _staff(Staff.RECONCILE_WRITE),
    "remark_on_break": _staff(Staff.RECONCILE_WRITE),
    "assign_break": _staff(Staff.RECONCILE_WRITE),
    "reopen_break": _staff(Staff.RECONCILE_WRITE),
    "write_off_break": _staff(Staff.RECONCILE_WRITE),
    "credit_break": _staff(Staff.RECONCILE_WRITE),
    "refund_break": _staff(Staff.RECONCILE_WRITE),
    "adjust_break": _staff(Staff.RECONCILE_WRITE),
    "undo_settlement": _staff(Staff.RECONCILE_WRITE),
    "list_matches": _staff(Staff.RECONCILE_READ),
    "list_suggestions": _staff(Staff.RECONCILE_READ),
}
_INSTALLATION = {
    "list_price_books": _staff(Staff.PRICES_READ),
    "get_prices": _both(Own.USAGE_READ, Staff.PRICES_READ, whose.of_price_book),
    "import_prices": _staff(Staff.PRICES_WRITE),
    "compare_prices": _staff(Staff.PRICES_READ, reads=True),
    "add_upstream": _staff(Staff.UPSTREAMS_WRITE),
    "list_upstreams": _staff(Staff.UPSTREAMS_READ),
    "list_upstream_health": _staff(Staff.UPSTREAMS_READ),
    "list_upstream_margins": _staff(Staff.UPSTREAMS_READ),
    "get_upstream": _staff(Staff.UPSTREAMS_READ),
    "set_upstream_models": _staff(Staff.UPSTREAMS_WRITE),
    "set_upstream_secret": _staff(Staff.UPSTREAMS_WRITE),
    "set_upstream_callback_secret": _staff(Staff.UPSTREAMS_WRITE),
    "remove_upstream_callback_secret": _staff(Staff.UPSTREAMS_WRITE),
    # It spends the operator's money.
    "test_upstream": _staff(Staff.UPSTREAMS_WRITE),
    "disable_upstream": _staff(Staff.UPSTREAMS_WRITE),
    "enable_upstream": _staff(Staff.UPSTREAMS_WRITE),
    "remove_upstream": _staff(Staff.UPSTREAMS_WRITE),
}
_ALERTS = {
    "list_alert_kinds": _ANYBODY,
    "list_channels": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE, _OF_ACCOUNT_FILTER),
    "add_channel": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE, whose.in_body_if_any("account_id")),
    "get_channel": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
    "remove_channel": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
    "disable_channel": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
    "enable_channel": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
    "rotate_channel_secret": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
    "test_channel": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
    # Support is asked why nothing came.
    "list_deliveries": _both(Own.ALERTS_WRITE, Staff.ACCOUNTS_READ, _OF_ACCOUNT_FILTER),
    "send_now": _staff(Staff.NOTIFICATIONS_WRITE),
    "get_alert_rules": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "set_alert_rules": _both(Own.ALERTS_WRITE, Staff.NOTIFICATIONS_WRITE),
}
_USAGE = {
    "list_requests": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ, _OF_ACCOUNT),
    "get_request": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "refund_request": _staff(Staff.LEDGER_WRITE),
    "list_submissions": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ, _OF_ACCOUNT),
    "get_submission": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "list_loops": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "list_bursts": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    "list_tasks": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ, _OF_ACCOUNT),
    "get_task": _both(Own.USAGE_READ, Staff.ACCOUNTS_READ),
    # Whoever may make a key may cancel with it.
    "cancel_task": _both(Own.KEYS_WRITE, Staff.ACCOUNTS_WRITE),
    "poll_task": _staff(Staff.ACCOUNTS_WRITE),
    "refund_task": _staff(Staff.LEDGER_WRITE),
    "check_same_account": _both(Own.USAGE_READ, Staff.EVIDENCE, whose.in_body_or_own("customer"), reads=True),
    "make_bundle": _both(Own.USAGE_READ, Staff.EVIDENCE, whose.in_body_or_own("customer"), reads=True),
    "get_bundle_key": _ANYBODY,
    "explain": _both(Own.USAGE_READ, Staff.EVIDENCE, whose.in_body_or_own("account_id"), reads=True),
}
# Engineering has the permission too, and finds only what was handed over; what is proposed and purged takes more.
_CASES = {
    "list_cases": _staff(Staff.CASES),
    "count_cases": _staff(Staff.CASES),
    "get_case_metrics": _staff(Staff.CASES),
    "get_case_metrics_csv": _staff(Staff.CASES),
    "list_case_searches": _staff(Staff.CASES),
    "save_case_search": _staff(Staff.CASES),
    "forget_case_search": _staff(Staff.CASES),
    "answer_cases": _staff(Staff.CASES),
    "get_case": _of_case(Staff.CASES),
    "draft_case_reply": _of_case(Staff.CASES),
    "check_case_reply": _of_case(Staff.CASES, reads=True),
    "reply_to_case": _of_case(Staff.CASES),
    "note_case": _of_case(Staff.CASES),
    "assign_case": _of_case(Staff.CASES),
    "set_case_priority": _of_case(Staff.CASES),
    "confirm_case_record": _of_case(Staff.CASES),
    "reject_case_record": _of_case(Staff.CASES),
    "search_case_again": _of_case(Staff.CASES),
    "ask_about_case": _of_case(Staff.CASES),
    "hand_case_over": _of_case(Staff.CASES),
    "hand_case_back": _of_case(Staff.CASES),
    "resolve_case": _of_case(Staff.CASES),
    "close_case": _of_case(Staff.CASES),
    "reopen_case": _of_case(Staff.CASES),
    "group_case": _of_case(Staff.CASES),
    "ungroup_case": _of_case(Staff.CASES),
    "compensate_case": _of_case(Staff.PROPOSE),
    "refund_case": _of_case(Staff.PROPOSE),
    "credit_case_again": _of_case(Staff.PROPOSE),
    # Nothing brings it back: for administrators, as in the console.
    "purge_case": _recorded(_of_case(Staff.PEOPLE_WRITE)),
}
# The rooms of people record what they do in the transaction in which they do it.
_PEOPLE = {
    "sign_in": _OPEN,
    "sign_out": _ONESELF,
    "register": _OPEN,
    "verify_registration": _OPEN,
    "ask_password_reset": _OPEN,
    "reset_password": _OPEN,
    "look_at_invitation": _OPEN,
    "accept_invitation": _OPEN,
    "get_me": _ANYBODY,
    "change_me": _ONESELF,
    "list_my_sessions": _ONESELF,
    "end_my_other_sessions": _ONESELF,
    "end_my_session": _ONESELF,
    "confirm_my_session": _ONESELF,
    "change_my_password": _ONESELF,
    "begin_my_totp": _ONESELF,
    "confirm_my_totp": _ONESELF,
    "remove_my_totp": _ONESELF,
    "list_my_tokens": _ONESELF,
    "create_my_token": _ONESELF,
    "revoke_my_token": _ONESELF,
    "list_people": _staff(Staff.PEOPLE_WRITE),
    "get_person": _staff(Staff.PEOPLE_WRITE),
    "set_staff_roles": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "disable_person": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "enable_person": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "list_sessions_of_person": _staff(Staff.PEOPLE_WRITE),
    "end_sessions_of_person": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "list_tokens_of_person": _staff(Staff.PEOPLE_WRITE),
    "revoke_token_of_person": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "set_member_role": _recorded(_both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE)),
    "invite_member": _recorded(_both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE)),
    "list_invitations": _both(Own.MEMBERS_READ, Staff.ACCOUNTS_READ),
    "revoke_invitation": _recorded(_both(Own.MEMBERS_WRITE, Staff.ACCOUNTS_WRITE)),
    "invite_staff": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "list_staff_invitations": _staff(Staff.PEOPLE_WRITE),
    "revoke_staff_invitation": _recorded(_staff(Staff.PEOPLE_WRITE)),
    "list_audit_events": _staff(Staff.AUDIT_READ),
}
RULES: Mapping[str, Rule] = {
    **_ACCOUNTS,
    **_MONEY,
    **_RECHARGE,
    **_RECONCILE,
    **_INSTALLATION,
    **_ALERTS,
    **_USAGE,
    **_CASES,
    **_PEOPLE,
}
