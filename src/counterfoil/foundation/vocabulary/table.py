"""The one table of everything a person may be shown, and how it is read."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import (
    access_refusals,
    access_words,
    approvals,
    backup_errors,
    balances,
    breaks,
    bundle_words,
    bundles,
    callbacks,
    causes,
    codes,
    console_accounts,
    console_alerts,
    console_cases,
    console_desk,
    console_entrance,
    console_kit,
    console_knowledge,
    console_orders,
    console_overview,
    console_people,
    console_prices,
    console_recharge,
    console_reconcile,
    console_spend,
    console_statement,
    console_supply,
    console_support,
    console_team,
    console_usage,
    demo_words,
    drop_texts,
    errors,
    finding_credit_texts,
    finding_credits,
    finding_otherwise,
    finding_texts,
    finding_words,
    findings,
    handbook,
    help_pages,
    input_problems,
    invoices,
    ledger_errors,
    limit_asks,
    measures,
    money_refusals,
    movements,
    notification_words,
    notifications,
    operator_errors,
    order_attention,
    order_events,
    order_refunds,
    orders,
    pages,
    people,
    people_errors,
    people_mails,
    problems,
    provider_errors,
    receipts,
    recharge_errors,
    reconcile_engine,
    reconcile_errors,
    reconcile_words,
    same_account,
    setup_errors,
    site_pages,
    statement_errors,
    states,
    submissions,
    support_cases,
    support_intake,
    task_errors,
    task_words,
    tasks,
    timeline,
    waterfall,
    words,
)
from counterfoil.foundation.vocabulary.model import Entry, Kind, Language

ALL_ENTRIES: tuple[Entry, ...] = (
    *access_refusals.ENTRIES,
    *money_refusals.ENTRIES,
    *causes.ENTRIES,
    *errors.ENTRIES,
    *access_words.ENTRIES,
    *people_errors.ENTRIES,
    *people.ENTRIES,
    *people_mails.ENTRIES,
    *ledger_errors.ENTRIES,
    *operator_errors.ENTRIES,
    *setup_errors.ENTRIES,
    *backup_errors.ENTRIES,
    *task_errors.ENTRIES,
    *approvals.ENTRIES,
    *notifications.ENTRIES,
    *notification_words.ENTRIES,
    *limit_asks.ENTRIES,
    *codes.ENTRIES,
    *callbacks.ENTRIES,
    *provider_errors.ENTRIES,
    *recharge_errors.ENTRIES,
    *statement_errors.ENTRIES,
    *reconcile_engine.ENTRIES,
    *orders.ENTRIES,
    *order_events.ENTRIES,
    *order_refunds.ENTRIES,
    *order_attention.ENTRIES,
    *invoices.ENTRIES,
    *receipts.ENTRIES,
    *input_problems.ENTRIES,
    *states.ENTRIES,
    *tasks.ENTRIES,
    *submissions.ENTRIES,
    *same_account.ENTRIES,
    *bundles.ENTRIES,
    *bundle_words.ENTRIES,
    *balances.ENTRIES,
    *movements.ENTRIES,
    *measures.ENTRIES,
    *problems.ENTRIES,
    *breaks.ENTRIES,
    *reconcile_words.ENTRIES,
    *reconcile_errors.ENTRIES,
    *findings.ENTRIES,
    *finding_credits.ENTRIES,
    *finding_texts.ENTRIES,
    *drop_texts.ENTRIES,
    *waterfall.ENTRIES,
    *finding_credit_texts.ENTRIES,
    *finding_otherwise.ENTRIES,
    *finding_words.ENTRIES,
    *pages.ENTRIES,
    *words.ENTRIES,
    *task_words.ENTRIES,
    *timeline.ENTRIES,
    *site_pages.ENTRIES,
    *demo_words.ENTRIES,
    *console_accounts.ENTRIES,
    *console_alerts.ENTRIES,
    *console_kit.ENTRIES,
    *console_cases.ENTRIES,
    *console_knowledge.ENTRIES,
    *console_entrance.ENTRIES,
    *console_overview.ENTRIES,
    *console_desk.ENTRIES,
    *console_reconcile.ENTRIES,
    *console_people.ENTRIES,
    *console_team.ENTRIES,
    *console_spend.ENTRIES,
    *console_prices.ENTRIES,
    *console_orders.ENTRIES,
    *console_supply.ENTRIES,
    *console_support.ENTRIES,
    *console_recharge.ENTRIES,
    *console_usage.ENTRIES,
    *console_statement.ENTRIES,
    *handbook.ENTRIES,
    *help_pages.ENTRIES,
    *support_intake.ENTRIES,
    *support_cases.case_entries(),
)
_TABLE: dict[tuple[Kind, str], Entry] = {(one.kind, one.code): one for one in ALL_ENTRIES}
_BY_KIND: dict[Kind, tuple[Entry, ...]] = {kind: tuple(e for e in ALL_ENTRIES if e.kind is kind) for kind in Kind}


def entry(kind: Kind, code: str) -> Entry:
    """The entry of that kind and code; a missing one is a mistake in the program, so it raises `KeyError`."""
    return _TABLE[kind, code]


def find_entry(kind: Kind, code: str) -> Entry | None:
    """The entry of that kind and code, or None: for codes that come from outside."""
    return _TABLE.get((kind, code))


def entries(kind: Kind) -> tuple[Entry, ...]:
    """Every entry of a kind, in the order of the table."""
    return _BY_KIND[kind]


def error_entry(code: str, *, default: str = "internal_error") -> Entry:
    """The entry of any error's code, refusals of calls included; an unknown code reads as `default`.

    Doors show errors that any room may raise; one that has no words yet must still be answered. `type(error).code` is
    a good default: a wrong input is not an internal error.
    """
    for known in (code, default):
        found = _TABLE.get((Kind.ERROR, known)) or _TABLE.get((Kind.REFUSAL, known))
        if found is not None:
            return found
    return _TABLE[Kind.ERROR, "internal_error"]


def text(kind: Kind, code: str, language: Language, /, **values: object) -> str:
    """The label, with its `{name}` places filled in; raises `KeyError` where a value is missing."""
    return _TABLE[kind, code].label[language].format_map(values)
