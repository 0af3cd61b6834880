"""Customers' accounts, as staff see and change them; and corrections of a wallet, which another person approves."""

from __future__ import annotations

from starlette.responses import Response

from counterfoil.approvals.model import Approval
from counterfoil.console.desk import (
    account_page,
    amount_of,
    choices,
    did,
    form,
    read_moment,
    read_money,
    read_optional_whole,
    state_mark,
)
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Link, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import GrantKind, GrantState
from counterfoil.ledger.service import GrantView
from counterfoil.limits.model import AccountDuplicates, DuplicatePolicy

pages = Pages()
_READ = Need(staff=Staff.ACCOUNTS_READ)
_WRITE = Need(staff=Staff.ACCOUNTS_WRITE)
_PROPOSE = Need(staff=Staff.PROPOSE)
_STATES = ("active", "suspended", "closed")
_PROPOSALS_SHOWN = 20
# Where staff goes on from an account: the customer's own pages, by their headings.
_PAGES = (
    ("page_overview", "/overview"), ("page_statement", "/statement"), ("page_requests", "/requests"),
    ("page_tasks", "/tasks"), ("page_submissions", "/submissions"), ("page_recharge", "/recharge"),
    ("page_prices", "/prices"), ("page_spend", "/spend"), ("page_keys", "/keys"), ("page_groups", "/groups"),
    ("page_members", "/members"), ("page_alerts", "/alerts"), ("page_why", "/why"), ("page_timeline", "/timeline"),
)  # fmt: skip


@pages.get("/accounts", need=_READ)
async def accounts(visit: Visit) -> View:
    status = visit.asked("state")
    most = visit.most_rows
    found = await visit.services.ledger.find_accounts(
        text=visit.asked("q"), status=status if status in _STATES else None,
        before=visit.id_asked("account", "before"), most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    return View(
        template="accounts.html",
        title="page_accounts",
        values={"states": choices(visit, "account_state", _STATES), "may_open": visit.may(staff=Staff.ACCOUNTS_WRITE)},
        tables=(
            Table(
                name="accounts",
                caption="accounts_found",
                empty="accounts_none",
                columns=(
                    Column(code="account_name"), Column(code="account_state"), Column(code="account_available", numeric=True),
                    Column(code="account_held", numeric=True, wide=True), Column(code="account_posted", numeric=True, wide=True),
                    Column(code="account_opened", wide=True), Column(code="account_id", wide=True),
                ),
                rows=[_row(visit, account) for account in rows],
                more=visit.here(before=show_id("account", rows[-1].account_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


def _row(visit: Visit, account: Account) -> tuple[Cell, ...]:
    return (
        Link(account.name, account_page(account.account_id)),
        state_mark(visit, "account_state", account.status),
        Amount(account.posted - account.held, account.currency),
        Amount(account.held, account.currency),
        Amount(account.posted, account.currency),
        Instant(account.created_at),
        Id(show_id("account", account.account_id)),
    )


@pages.post("/accounts", need=_WRITE, shows=accounts)
async def open_account(visit: Visit) -> Response:
    with form("new"):
        account = await visit.services.ledger.open_account(
            name=visit.typed("new_name"), currency=visit.typed("new_currency", "USD").upper(),
            time_zone=visit.typed("new_time_zone", "UTC"),
        )  # fmt: skip
    await did(visit, account.account_id, "open_account")
    return visit.done(account_page(account.account_id), "done_account_opened")


@pages.get("/accounts/{account_id}/administration", need=_READ)
async def administration(visit: Visit) -> View:
    account, services = visit.of_account, visit.services
    balance = await services.ledger.balance(account.account_id)
    duplicates = await services.limits.duplicates(account.account_id)
    grants = await services.ledger.grants(account.account_id)
    can_propose = visit.may(staff=Staff.PROPOSE)
    proposals = (
        await services.approvals.list(account_id=account.account_id, most=_PROPOSALS_SHOWN) if can_propose else []
    )
    return View(
        template="account.html",
        title="page_account",
        title_values={"name": account.name},
        values={
            "account": account,
            "balance": balance,
            "duplicates": duplicates,
            "policies": choices(visit, "duplicate_policy", DuplicatePolicy),
            "kinds": choices(visit, "grant_kind", (GrantKind.COMPENSATION, GrantKind.PROMOTIONAL, GrantKind.PAID)),
            "state": state_mark(visit, "account_state", account.status),
            "customer_pages": [(code, visit.link(path)) for code, path in _PAGES],
            "may_write": visit.may(staff=Staff.ACCOUNTS_WRITE),
            "may_propose": can_propose,
            "open_grants": [
                (show_id("grant", one.grant_id), _grant_name(visit, one, account))
                for one in grants
                if one.state is not GrantState.ENDED
            ],
            "facts": [
                ("account_id", Id(show_id("account", account.account_id))),
                ("account_state", state_mark(visit, "account_state", account.status)),
                ("account_currency", account.currency),
                ("account_time_zone", account.time_zone),
                ("account_opened", Instant(account.created_at)),
            ],
        },
        tables=(_grants_table(visit, grants, account), *((proposals_table(visit, proposals),) if can_propose else ())),
    )


def _grant_name(visit: Visit, grant: GrantView, account: Account) -> str:
    kind, left = visit.w.label("grant_kind", grant.kind), visit.shown.money(grant.remaining, account.currency)
    until = visit.w.word("until_time", when=visit.shown.time(grant.expires_at)) if grant.expires_at is not None else ""
    return " · ".join(part for part in (kind, left, until, visit.shown.day(grant.created_at)) if part)


def _grants_table(visit: Visit, grants: list[GrantView], account: Account) -> Table:
    return Table(
        name="grants",
        caption="account_grants",
        empty="account_grants_none",
        columns=(
            Column(code="grant_kind"), Column(code="grant_state"), Column(code="grant_left", numeric=True),
            Column(code="grant_amount", numeric=True, wide=True), Column(code="grant_held", numeric=True, wide=True),
            Column(code="grant_ends"), Column(code="grant_source", wide=True), Column(code="grant_id", wide=True),
        ),
        rows=[
            (
                visit.w.label("grant_kind", one.kind), state_mark(visit, "grant_state", one.state),
                Amount(one.remaining, account.currency), Amount(one.amount, account.currency),
                Amount(one.held, account.currency), Instant(one.expires_at),
                Note(visit.w.word(f"source_{one.source_kind}"), one.source_id), Id(show_id("grant", one.grant_id)),
            )
            for one in grants
        ],
    )  # fmt: skip


def proposals_table(visit: Visit, proposals: list[Approval], *, caption: str = "account_proposals") -> Table:
    """What has been proposed, each leading to its decision."""
    return Table(
        name="proposals",
        caption=caption,
        empty="account_proposals_none",
        columns=(
            Column(code="approval_action"), Column(code="approval_state"), Column(code="approval_amount", numeric=True),
            Column(code="approval_by", wide=True), Column(code="approval_at"), Column(code="approval_reason", wide=True),
        ),
        rows=[
            (
                Link(
                    visit.w.label("approval_action", one.action),
                    visit.staff_link(f"/approvals/{show_id('approval', one.approval_id)}"),
                ),
                state_mark(visit, "approval_state", one.state),
                amount_of(one),
                one.proposed_by, Instant(one.proposed_at), one.reason,
            )
            for one in proposals
        ],
    )  # fmt: skip


@pages.post("/accounts/{account_id}/administration", need=_WRITE, shows=administration)
async def change_account(visit: Visit) -> Response:
    with form("account"):
        await visit.services.ledger.change_account(
            visit.account_id, name=visit.typed("account_name") or None,
            time_zone=visit.typed("account_time_zone") or None,
        )  # fmt: skip
    return visit.done(visit.link("/administration"), "done_account_changed")


@pages.post("/accounts/{account_id}/state", need=_WRITE, shows=administration)
async def change_account_state(visit: Visit) -> Response:
    state = visit.typed("state")
    await visit.services.ledger.change_account(visit.account_id, status=state)
    done = "done_account_active" if state == "active" else "done_account_stopped"
    return visit.done(visit.link("/administration"), done)


@pages.post("/accounts/{account_id}/administration/duplicates", need=_WRITE, shows=administration)
async def change_duplicates(visit: Visit) -> Response:
    policy = visit.typed("duplicates_policy")
    if policy not in ("", *DuplicatePolicy):
        raise InputError(field="duplicates_policy", expected=", ".join(DuplicatePolicy))
    with form("duplicates"):
        await visit.services.limits.set_duplicates(
            account_id=visit.account_id,
            duplicates=AccountDuplicates(
                policy=DuplicatePolicy(policy) if policy else None,
                window_seconds=read_optional_whole(visit, "duplicates_window_seconds"),
            ),
        )
    return visit.done(visit.link("/administration"), "done_account_duplicates")


# Corrections. All are proposals: what one person does alone, the policy of approvals decides.


@pages.post("/accounts/{account_id}/credit", need=_PROPOSE, shows=administration)
async def propose_credit(visit: Visit) -> Response:
    kind = visit.typed("credit_kind")
    if kind not in tuple(GrantKind):
        raise InputError(field="credit_kind", expected=", ".join(GrantKind))
    amount, expires_at = read_money(visit, "credit_amount"), read_moment(visit, "credit_expires_at")
    if expires_at is not None and expires_at <= visit.now:
        raise InputError(code="expiry_in_the_past", field="credit_expires_at")
    with form("credit"):
        approval = await visit.services.corrections.propose_credit(
            visit.account_id, amount=amount, kind=GrantKind(kind), expires_at=expires_at,
            reason=visit.typed("credit_reason"), by=visit.by,
        )  # fmt: skip
    return proposed(visit, approval)


@pages.post("/accounts/{account_id}/adjustment", need=_PROPOSE, shows=administration)
async def propose_adjustment(visit: Visit) -> Response:
    amount = read_money(visit, "adjust_amount")
    with form("adjust"):
        approval = await visit.services.corrections.propose_adjustment(
            visit.account_id, amount=amount, reason=visit.typed("adjust_reason"), by=visit.by
        )
    return proposed(visit, approval)


@pages.post("/accounts/{account_id}/grant-end", need=_PROPOSE, shows=administration)
async def propose_grant_end(visit: Visit) -> Response:
    with form("end"):
        approval = await visit.services.corrections.propose_end_of_grant(
            visit.account_id, read_id("grant", visit.typed("end_grant")), reason=visit.typed("end_reason"), by=visit.by
        )
    return proposed(visit, approval)


def proposed(visit: Visit, approval: Approval) -> Response:
    """To the proposal, which says whether it waits for somebody or has been carried out."""
    address = visit.staff_link(f"/approvals/{show_id('approval', approval.approval_id)}")
    return visit.done(address, "done_proposed" if approval.decided_at is None else "done_approved")
