"""Approvals: what waits for a decision, what exactly will happen, and who may decide it."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalPolicy, ApprovalState
from counterfoil.approvals.rules import same_person
from counterfoil.console.desk import OF_WALLET, account_links, amount_of, choices, did, saw, state_mark
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.identity.access import Need, Staff

pages = Pages()
_READ = Need(staff=Staff.PROPOSE)
_DECIDE = Need(staff=Staff.APPROVE)
# Where the things that approvals are about are shown.
_SUBJECTS = {"order": "/orders/{id}", "break": "/reconcile/breaks/{id}", "case": "/cases/{id}"}


@pages.get("/approvals", need=_READ)
async def approvals(visit: Visit) -> View:
    state, action, most = visit.asked("state"), visit.asked("action"), visit.most_rows
    history = bool(visit.asked("history")) or state not in ("", ApprovalState.PROPOSED)
    found = await visit.services.approvals.list(
        state=ApprovalState(state) if state in tuple(ApprovalState) else None if history else ApprovalState.PROPOSED,
        action=ApprovalAction(action) if action in tuple(ApprovalAction) else None,
        before=visit.id_asked("approval", "before"), most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    links = await account_links(visit, (one.account_id for one in rows))
    return View(
        template="approvals.html",
        title="page_approvals",
        values={
            "history": history,
            "may_decide": visit.may(staff=Staff.APPROVE),
            "states": choices(visit, "approval_state", ApprovalState),
            "actions": choices(visit, "approval_action", ApprovalAction),
        },
        tables=(
            Table(
                name="approvals",
                caption="approvals_all" if history else "approvals_waiting",
                empty="table_empty" if history else "approvals_none",
                columns=(
                    Column(code="approval_action"), Column(code="approval_account"),
                    Column(code="approval_amount", numeric=True), Column(code="approval_by"),
                    Column(code="approval_at", wide=True), Column(code="approval_reason", wide=True),
                    *((Column(code="approval_state"), Column(code="approval_decided_by", wide=True)) if history else ()),
                ),
                rows=[
                    (*_row(visit, one, links), *((_state(visit, one), one.decided_by) if history else ()))
                    for one in rows
                ],
                more=visit.here(before=show_id("approval", rows[-1].approval_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


def _row(visit: Visit, one: Approval, links: dict[UUID, Link]) -> tuple[Cell, ...]:
    address = visit.staff_link(f"/approvals/{show_id('approval', one.approval_id)}")
    return (
        Link(visit.w.label("approval_action", one.action), address),
        None if one.account_id is None else links[one.account_id],
        amount_of(one),
        one.proposed_by,
        Instant(one.proposed_at),
        one.reason,
    )


def _state(visit: Visit, one: Approval) -> Mark:
    return state_mark(visit, "approval_state", one.state)


@pages.get("/approvals/{approval_id}", need=_READ)
async def approval(visit: Visit) -> View:
    one = await visit.services.approvals.find(visit.id_in_path("approval", "approval_id"))
    await saw(visit, one.account_id, "approval")
    events = await visit.services.approvals.events(one.approval_id)
    links = await account_links(visit, (one.account_id,))
    is_own = same_person(visit.by, one.proposed_by)
    is_open = one.state is ApprovalState.PROPOSED
    return View(
        template="approval.html",
        title="page_approval",
        title_values={"action": visit.w.label("approval_action", one.action)},
        values={
            "approval": one,
            "state": _state(visit, one),
            "what": visit.w.explanation("approval_action", one.action),
            "policy": visit.w.explanation("approval_policy", one.policy),
            "effects": await _effects(visit, one) if is_open else [],
            "facts": _facts(visit, one, links),
            "is_open": is_open,
            "is_own": is_own,
            "may_approve": is_open and visit.may(staff=Staff.APPROVE) and not (is_own and one.policy is ApprovalPolicy.TWO_PEOPLE),
            "may_reject": is_open and visit.may(staff=Staff.APPROVE),
            "may_withdraw": is_open and is_own,
            "needs_other": is_open and is_own and one.policy is ApprovalPolicy.TWO_PEOPLE,
        },
        tables=(
            Table(
                name="steps",
                caption="approval_steps",
                columns=(
                    Column(code="approval_step_at"), Column(code="approval_state"), Column(code="approval_step_by"),
                    Column(code="approval_step_reason"),
                ),
                rows=[
                    (Instant(event.at), state_mark(visit, "approval_state", event.state), event.by, event.reason)
                    for event in events
                ],
            ),
        ),
    )  # fmt: skip


def _facts(visit: Visit, one: Approval, links: dict[UUID, Link]) -> list[tuple[str, Cell]]:
    payload, facts = one.payload, list[tuple[str, Cell]]()
    facts.append(("approval_account", None if one.account_id is None else links[one.account_id]))
    facts.append(("approval_subject", _subject(visit, one)))
    facts.append(("approval_amount", amount_of(one)))
    facts.append(("approval_by", Note(one.proposed_by, visit.shown.time(one.proposed_at))))
    facts.append(("approval_reason", one.reason or None))
    if one.action is ApprovalAction.CREDIT:
        facts.append(("grant_kind", visit.w.label("grant_kind", payload["kind"])))
        facts.append(
            ("grant_ends", Instant(payload["expires_at"]) if payload["expires_at"] else visit.w.word("never_ends"))
        )
    if one.action in (ApprovalAction.ORDER_CONFIRM, ApprovalAction.CASE_CREDIT_AGAIN):
        facts.append(("payment_number_mask", str(payload.get("number", "")) or None))
    if one.action is ApprovalAction.ORDER_DISPUTE:
        facts.append(("dispute_becomes", visit.w.label("dispute_state", payload["state"])))
    facts.append(("approval_policy", visit.w.label("approval_policy", one.policy)))
    facts.append(("approval_id", Id(show_id("approval", one.approval_id))))
    return facts


def _subject(visit: Visit, one: Approval) -> Cell:
    shown = read_any_id(one.subject)
    path = _SUBJECTS.get(shown[0]) if shown is not None else None
    return Id(one.subject, visit.staff_link(path.format(id=one.subject)) if path else None)


async def _effects(visit: Visit, one: Approval) -> list[tuple[str, Cell]]:
    """The balance now and as it would be, where the approval moves a wallet by its amount."""
    if one.account_id is None or one.amount is None or one.currency is None or one.action not in OF_WALLET:
        return []
    balance = await visit.services.ledger.balance(one.account_id)
    return [
        ("balance_now", Amount(balance.available, balance.currency)),
        ("balance_change", Amount(one.amount, balance.currency, signed=True)),
        ("balance_then", Amount(balance.available + one.amount, balance.currency)),
    ]


@pages.post("/approvals/{approval_id}/approve", need=_DECIDE, shows=approval)
async def approve_proposal(visit: Visit) -> Response:
    one = await visit.services.approvals.approve(
        visit.id_in_path("approval", "approval_id"), by=visit.by, reason=visit.typed("reason") or None
    )
    return await _decided(visit, one, "approve", "done_approved")


@pages.post("/approvals/{approval_id}/reject", need=_DECIDE, shows=approval)
async def reject_proposal(visit: Visit) -> Response:
    one = await visit.services.approvals.reject(
        visit.id_in_path("approval", "approval_id"), by=visit.by, reason=visit.typed("reason") or None
    )
    return await _decided(visit, one, "reject", "done_rejected")


@pages.post("/approvals/{approval_id}/withdraw", need=_READ, shows=approval)
async def withdraw_proposal(visit: Visit) -> Response:
    one = await visit.services.approvals.withdraw(
        visit.id_in_path("approval", "approval_id"), by=visit.by, reason=visit.typed("reason") or None
    )
    return await _decided(visit, one, "withdraw", "done_withdrawn")


async def _decided(visit: Visit, one: Approval, what: str, done: str) -> Response:
    shown = show_id("approval", one.approval_id)
    await did(visit, one.account_id, what, subject=shown)
    return visit.done(visit.staff_link(f"/approvals/{shown}"), done)
