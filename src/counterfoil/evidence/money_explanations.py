"""What is told of a recharge order, a redemption code, and an account in a window: the findings first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from counterfoil.evidence.code_credits import CodeRecords
from counterfoil.evidence.credits import OrderRecords, show_account
from counterfoil.evidence.facts import FactList, label_of, show_instant
from counterfoil.evidence.findings import Finding, Problem
from counterfoil.evidence.model import About, AccountFacts, Audience, Explanation, Fact, ShownStep
from counterfoil.evidence.shown_findings import show_findings
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Entry, Kind, Language, Reader, entry
from counterfoil.recharge.model import Order, OrderEvent


def explain_order(
    records: OrderRecords,
    findings: Sequence[Finding],
    *,
    reader: Reader,
    audience: Audience,
    also: tuple[str, ...] = (),
) -> Explanation:
    """What became of a recharge."""
    order, language = records.order, reader.language
    state = entry(Kind.ORDER_STATE, order.state)
    told = _explanation(
        About.ORDER, show_id("order", order.order_id), "why_order", state.label[language], findings, money=state,
        reader=reader, audience=audience, problem=Problem.NOT_CREDITED,
    )  # fmt: skip
    return replace(
        told, state=str(order.state), facts=_order_facts(records, language=language, audience=audience),
        history=tuple(_step(event, language=language, audience=audience) for event in records.events),
        account_id=order.account_id, also=also,
    )  # fmt: skip


def explain_redemption_code(
    records: CodeRecords, findings: Sequence[Finding], *, reader: Reader, audience: Audience, also: tuple[str, ...] = ()
) -> Explanation:
    """What became of a redemption code."""
    view, language = records.view, reader.language
    state = entry(Kind.CODE_STATE, view.state)
    told = _explanation(
        About.REDEMPTION_CODE, show_id("code", view.code.code_id), "why_redemption_code", state.label[language], findings,
        money=state, reader=reader, audience=audience, problem=Problem.NOT_CREDITED,
    )  # fmt: skip
    return replace(
        told, state=str(view.state), facts=_code_facts(records, language=language, audience=audience),
        account_id=records.asking or view.code.redeemed_by, also=also,
    )  # fmt: skip


def explain_window(
    account: AccountFacts,
    findings: Sequence[Finding],
    *,
    start: int,
    end: int,
    problem: Problem,
    reader: Reader,
    audience: Audience,
    also: tuple[str, ...] = (),
) -> Explanation:
    """What changed an account's balance in a window."""
    language = reader.language
    facts = FactList(language)
    shown = show_id("account", account.account_id)
    facts.add("account", "account", shown, f"{account.name} ({shown})", kind=Kind.EVIDENCE_FIELD)
    facts.add_time("window_start", start)
    facts.add_time("window_end", end)
    told = _explanation(
        About.ACCOUNT, f"{shown} {show_time(start)}/{show_time(end)}", "why_window",
        entry(Kind.PROBLEM_CLASS, problem).label[language], findings, money=None, reader=reader, audience=audience,
        problem=problem,
    )  # fmt: skip
    return replace(told, facts=tuple(facts.all), account_id=account.account_id, also=also)


def _explanation(
    about: About,
    subject: str,
    title: str,
    label: str,
    findings: Sequence[Finding],
    *,
    money: Entry | None,
    reader: Reader,
    audience: Audience,
    problem: Problem,
) -> Explanation:
    """The first finding is the answer; what is said of the money is what is true of it now."""
    language, told = reader.language, show_findings(findings, reader=reader, audience=audience)
    first = told[0]
    return Explanation(
        about=about, subject=subject, language=language, audience=audience,
        title=entry(Kind.PAGE, title).label[language], label=label, answer=first.text,
        money=None if money is None else money.explanation[language],
        # Without an amount: it may be posted.
        message=f"{entry(Kind.FINDING, first.code).explanation[language]} ({subject})",
        next_steps=tuple(dict.fromkeys(step for one in told for step in one.next_steps)),
        how_to_go_back=first.how_to_go_back, owner=first.owner, owner_label=first.owner_label, article=first.article,
        problem=problem, findings=told,
    )  # fmt: skip


def _order_facts(records: OrderRecords, *, language: Language, audience: Audience) -> tuple[Fact, ...]:
    order, facts = records.order, FactList(language)
    facts.add("order_id", "order_id", show_id("order", order.order_id))
    facts.add_coded("state", Kind.ORDER_STATE, order.state, Kind.WORD, "state")
    account = show_id("account", order.account_id)
    shown = show_account(order.account_id, records.account_names)
    facts.add("account", "account", account, shown, kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("provider_kind", Kind.PROVIDER_KIND, order.provider_kind, Kind.EVIDENCE_FIELD, "payment_method")
    facts.add_money("amount_nanos", "order_amount", order.amount, order.currency)
    facts.add_money("credited_nanos", "order_credits", order.terms.credited, order.terms.wallet_currency)
    if order.terms.bonus:
        facts.add_money("bonus_nanos", "order_bonus", order.terms.bonus, order.terms.wallet_currency)
    if order.refunded:
        facts.add_money("refunded_nanos", "order_refunded_amount", order.refunded, order.currency)
    facts.add_time("created_at", order.created_at)
    facts.add_time("expires_at", order.expires_at)
    facts.add_time("paid_at", order.paid_at)
    facts.add("number_mask", "number_mask", order.number_mask)
    facts.add("payer_mask", "payer_mask", order.payer_mask)
    if audience.sees_routing:
        _add_staff_facts(facts, order)
    return tuple(facts.all)


def _add_staff_facts(facts: FactList, order: Order) -> None:
    facts.add("provider", "provider_name", order.provider)
    if order.attention is not None:
        facts.add_coded("attention", Kind.ORDER_ATTENTION, order.attention, Kind.WORD, "attention")


def _code_facts(records: CodeRecords, *, language: Language, audience: Audience) -> tuple[Fact, ...]:
    view, facts = records.view, FactList(language)
    code, settings = view.code, view.batch.settings
    facts.add("code_id", "code_mask", show_id("code", code.code_id), code.mask)
    facts.add_coded("state", Kind.CODE_STATE, view.state, Kind.WORD, "state")
    facts.add_money("credited_nanos", "code_value", settings.value, settings.currency)
    facts.add_time("expires_at", settings.expires_at)
    own = audience.sees_routing or code.redeemed_by == records.asking
    if code.redeemed_by is not None and own:
        # Which other account has it, and since when, is that account's.
        account = show_id("account", code.redeemed_by)
        facts.add("redeemed_by", "redeemed_by", account, records.name(code.redeemed_by))
        facts.add_time("redeemed_at", code.redeemed_at)
    tries = [one for one in records.tries if audience.sees_routing or one.account_id == records.asking]
    facts.add_count("tries", "tries", sum(one.times for one in tries))
    return tuple(facts.all)


def _step(event: OrderEvent, *, language: Language, audience: Audience) -> ShownStep:
    """One step of an order's history: what happened, and who told. Which of the staff did it is for the staff."""
    facts = FactList(language)
    if audience.sees_routing:
        facts.add("by", "done_by", event.by)
    return ShownStep(
        number=event.number, at=event.at, time=show_instant(event.at), state=event.state,
        label=label_of(Kind.ORDER_EVENT, event.what, language), source=event.source,
        source_label=label_of(Kind.ORDER_SOURCE, event.source, language), facts=tuple(facts.all),
    )  # fmt: skip
