"""Which page of the public handbook explains an entry of the table.

Addresses have no language: `/help/SLUG` answers in the reader's own. Codes have pages of their own or a place in the list
of codes; every other kind has the page that tells of its matter, words of pages and buttons the glossary, and what is for
staff alone the map of the handbook.
"""

from __future__ import annotations

from collections.abc import Mapping

CODES = "codes"
GLOSSARY = "glossary"
HANDBOOK = "handbook"

# A page for each of its codes: what stands before the code.
_OWN_PAGES: Mapping[str, str] = {
    "refusal": "",
    "cause": "",
    "task_state": "task-",
    "order_state": "order-",
    "problem_class": "send-",
}
# A place for each of its codes on the page of codes: what stands before the code in the anchor.
_OWN_PLACES: Mapping[str, str] = {"error": "", "input_problem": "input-"}
# A page for all of its codes.
_PAGES: Mapping[str, str] = {
    "request_state": "read-a-decision",
    "attempt_state": "read-a-decision",
    "charge_mark": "failed-was-i-charged",
    "task_kind": "image-and-video-tasks",
    "task_source": "image-and-video-tasks",
    "input_type": "image-and-video-tasks",
    "download_state": "download-expired",
    "verdict": "duplicates-and-retries",
    "duplicate_policy": "duplicates-and-retries",
    "hold_state": "reserved-money",
    "hold_reason": "reserved-money",
    "grant_state": "credits-and-expiry",
    "grant_kind": "credits-and-expiry",
    "account_state": "account-suspended",
    "group_state": "limits-account-group-key",
    "key_state": "keys-and-safety",
    "transfer_code": "reconcile-charges",
    "ledger_account": "reconcile-charges",
    "check_scope": "402-and-its-sources",
    "limit_window": "when-does-a-limit-reset",
    "limit_unit": "limits-account-group-key",
    "limit_ask_state": "limits-account-group-key",
    "model_tier": "which-models-may-i-use",
    "output_policy": "why-estimate-differs",
    "code_state": "recharge-and-codes",
    "order_source": "recharge-and-codes",
    "order_attention": "recharge-and-codes",
    "order_event": "recharge-and-codes",
    "notice_outcome": "recharge-and-codes",
    "provider_kind": "recharge-and-codes",
    "refund_state": "refunds",
    "dispute_state": "order-disputed",
    "invoice_state": "invoice",
    "same_account_verdict": "same-account",
    "account_claim": "same-account",
    "evidence_field": "what-to-send",
    "finding_text": "read-a-decision",
    "finding_otherwise": "read-a-decision",
    "waterfall_step": "why-balance-fell",
    "waterfall_by": "why-balance-fell",
    "spending_part": "why-balance-fell",
    "break_class": "reconciliation-and-differences",
    "break_state": "reconciliation-and-differences",
    "break_event": "reconciliation-and-differences",
    "break_action": "reconciliation-and-differences",
    "run_state": "reconciliation-and-differences",
    "run_reason": "reconciliation-and-differences",
    "reject_reason": "reconciliation-and-differences",
    "statement_source": "reconciliation-and-differences",
    "book": "reconciliation-and-differences",
    "case_state": "before-contacting-support",
    "case_event": "before-contacting-support",
    "case_resolution": "before-contacting-support",
    "agreement": "before-contacting-support",
    "case_priority": "before-contacting-support",
    "case_channel": "before-contacting-support",
    "bundle_part": "read-a-decision",
    "bundle_view": "read-a-decision",
    "record_kind": "read-a-decision",
    "bundle_omission": "read-a-decision",
    "bundle_fault": "read-a-decision",
    "bundle_proof": "read-a-decision",
    "role": "team-with-groups",
    "permission": "team-with-groups",
    "person_state": "lost-access",
    "invitation_state": "team-with-groups",
    "mail": "lost-access",
    "word": GLOSSARY,
    "page": GLOSSARY,
    "button": GLOSSARY,
    "article_rule": "editorial-policy",
}
# Findings by themselves: a cause's page, or that of the question they answer.
_FINDINGS: Mapping[str, str] = {
    "balance_exhausted": "balance-exhausted",
    "group_quota_reached": "group-quota-reached",
    "key_limit_reached": "key-limit-reached",
    "model_not_permitted": "model-not-permitted",
    "high_cost_task": "high-cost-task",
    "duplicate_submissions": "duplicate-submissions",
    "credit_expired": "credit-expired",
    "credit_frozen": "credit-frozen",
    "retry_spike": "retry-spike",
    "held_in_flight": "held-in-flight",
    "account_limit_reached": "limits-account-group-key",
    "refused_for_its_code": "read-a-decision",
    "refused_elsewhere": "error-meaning",
    "script_loop": "batch-scripts",
    "cash_refunded": "refunds",
    "credit_taken_back": "refunds",
    "not_charged": "failed-was-i-charged",
    "charge_refunded": "refund-not-visible",
    "charged_for_delivery": "failed-was-i-charged",
    "charged_in_part": "stream-cut-off",
    "failed_but_charged": "failed-was-i-charged",
    "still_running": "task-still-running",
    "outcome_unknown": "task-unknown",
    "order_credited": "recharge-not-credited",
    "order_not_paid": "recharge-not-credited",
    "order_not_begun": "recharge-not-credited",
    "notice_refused": "recharge-not-credited",
    "amount_differs": "recharge-not-credited",
    "paid_twice": "refunds",
    "credited_to_another_account": "wrong-account-paid",
    "order_refunded": "order-refunded",
    "order_disputed": "order-disputed",
    "code_redeemed": "recharge-and-codes",
    "code_redeemed_elsewhere": "code-already-redeemed",
    "code_not_redeemed": "recharge-and-codes",
    "code_expired": "recharge-and-codes",
    "code_voided": "recharge-and-codes",
}


def article_of(kind: str, code: str, *, public: bool) -> str:
    """The address of the page that explains a code of a kind; what is not public has no place of its own there."""
    if kind == "finding":
        return f"/help/{_FINDINGS.get(code, 'why-balance-fell')}"
    if kind in _OWN_PAGES:
        return f"/help/{_OWN_PAGES[kind]}{code.replace('_', '-')}"
    if kind in _OWN_PLACES:
        return f"/help/{CODES}#{place_of(kind, code)}" if public else f"/help/{CODES}"
    return f"/help/{_PAGES.get(kind, HANDBOOK)}"


def place_of(kind: str, code: str) -> str:
    """The anchor of a code in a list of a kind's codes."""
    return _OWN_PLACES.get(kind, "") + code
