"""Who may open which page: every page with every role, against a table written down here, and what belongs to others."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest

from console.test_security import PUBLIC_URL, path_of, ran, stubbed
from console.visitors import House, Visitor
from counterfoil.console.register import ALL_PAGES
from counterfoil.identity.access import Role, StaffRole

__all__ = ["ran", "stubbed"]

# Whoever may, on their own account and among the staff.
NO_MEMBER = frozenset[str]()
NO_STAFF = frozenset[str]()
MEMBERS = frozenset({"owner", "admin", "developer", "billing_viewer"})
MANAGERS = frozenset({"owner", "admin"})
KEEPERS_OF_KEYS = MANAGERS | {"developer"}
PAYERS = MANAGERS | {"billing_viewer"}
ADMINISTRATORS = frozenset({"administrator"})
EDITORS = ADMINISTRATORS | {"editor"}
OPERATIONS = ADMINISTRATORS | {"operations"}
FINANCE = ADMINISTRATORS | {"finance"}
BOOKKEEPERS = OPERATIONS | FINANCE
BACK_DESKS = BOOKKEEPERS | {"engineering"}
MONEY_DESKS = BOOKKEEPERS | {"support"}
DESKS = BOOKKEEPERS | {"engineering", "support"}
SIGNED_IN = MEMBERS | DESKS | {"editor", "elsewhere"}
EVERYBODY = SIGNED_IN | {"stranger"}

# Not derived from what pages declare: a page that asks for the wrong thing is found here.
TABLE = (
    (EVERYBODY, """
        GET /
        GET /sign-in
        POST /sign-in
        GET /oidc/begin
        GET /oidc/callback
        POST /demo-sign-in
        GET /register
        POST /register
        GET /verify/{token}
        POST /verify/{token}
        GET /forgotten
        POST /forgotten
        GET /reset/{token}
        POST /reset/{token}
        GET /invitation/{token}
        POST /invitation/{token}
        GET /welcome/{token}
        POST /welcome/{token}
    """),
    (SIGNED_IN, """
        POST /sign-out
        POST /preferences
        GET /profile
        POST /profile
        GET /confirm
        POST /confirm
        GET /profile/security
        POST /profile/password
        GET /profile/second-factor
        POST /profile/second-factor
        POST /profile/second-factor/confirm
        POST /profile/second-factor/remove
        GET /profile/sessions
        POST /profile/sessions/others/end
        POST /profile/sessions/{session_id}/end
        GET /profile/tokens
        POST /profile/tokens
        POST /profile/tokens/{token_id}/revoke
        GET /go
        POST /go
        GET /support/{number}
        GET /staff
    """),
    (MEMBERS | DESKS, """
        GET /accounts/{account_id}/overview
        GET /accounts/{account_id}/overview/month
        GET /accounts/{account_id}/requests
        GET /accounts/{account_id}/requests/{request_id}
        GET /accounts/{account_id}/evidence/{subject}
        GET /accounts/{account_id}/tasks
        GET /accounts/{account_id}/tasks/{task_id}
        GET /accounts/{account_id}/submissions
        GET /accounts/{account_id}/submissions/{submission_id}
        GET /accounts/{account_id}/why
        POST /accounts/{account_id}/why
        GET /accounts/{account_id}/prices
        GET /accounts/{account_id}/prices/model
        GET /accounts/{account_id}/alerts
        GET /accounts/{account_id}/keys
        GET /accounts/{account_id}/keys/{key_id}
        GET /accounts/{account_id}/groups
        GET /accounts/{account_id}/groups/{group_id}
        GET /accounts/{account_id}/asks
    """),
    (MEMBERS, """
        GET /accounts/{account_id}/support
        GET /accounts/{account_id}/support/new
        POST /accounts/{account_id}/support/new
        GET /accounts/{account_id}/support/{case_id}
        POST /accounts/{account_id}/support/{case_id}/answer
        POST /accounts/{account_id}/support/{case_id}/reopen
    """),
    (PAYERS | DESKS, """
        GET /accounts/{account_id}/statement
        GET /accounts/{account_id}/statement/charges
        GET /accounts/{account_id}/statement/sums
        GET /accounts/{account_id}/statement/print
        GET /accounts/{account_id}/recharge
        GET /accounts/{account_id}/recharge/orders/{order_id}
        GET /accounts/{account_id}/recharge/orders/{order_id}/receipt
        GET /accounts/{account_id}/spend
        GET /accounts/{account_id}/spend/hour
    """),
    (MANAGERS | OPERATIONS, """
        POST /accounts/{account_id}/alerts
        POST /accounts/{account_id}/alerts/channels
        POST /accounts/{account_id}/alerts/channels/{channel_id}/test
        POST /accounts/{account_id}/alerts/channels/{channel_id}/disable
        POST /accounts/{account_id}/alerts/channels/{channel_id}/enable
        POST /accounts/{account_id}/alerts/channels/{channel_id}/rotate
        POST /accounts/{account_id}/alerts/channels/{channel_id}/remove
        POST /accounts/{account_id}/keys/{key_id}/limits
        GET /accounts/{account_id}/groups/new
        POST /accounts/{account_id}/groups
        POST /accounts/{account_id}/groups/{group_id}
        POST /accounts/{account_id}/groups/{group_id}/limits
        POST /accounts/{account_id}/groups/{group_id}/disable
        POST /accounts/{account_id}/groups/{group_id}/enable
        POST /accounts/{account_id}/account-limits
        POST /accounts/{account_id}/duplicates
        POST /accounts/{account_id}/invitations
        POST /accounts/{account_id}/invitations/{invitation_id}/revoke
        POST /accounts/{account_id}/members/{member_id}/role
        POST /accounts/{account_id}/members/{member_id}/disable
        POST /accounts/{account_id}/members/{member_id}/enable
        POST /accounts/{account_id}/asks/{ask_id}/raise
        POST /accounts/{account_id}/asks/{ask_id}/decline
    """),
    (PAYERS | BOOKKEEPERS, """
        POST /accounts/{account_id}/recharge/orders
        POST /accounts/{account_id}/recharge/orders/{order_id}/pay
        POST /accounts/{account_id}/recharge/orders/{order_id}/cancel
        POST /accounts/{account_id}/recharge/orders/{order_id}/invoice
    """),
    (PAYERS | OPERATIONS, """
        POST /accounts/{account_id}/recharge/redeem
    """),
    (KEEPERS_OF_KEYS | OPERATIONS, """
        GET /accounts/{account_id}/keys/new
        POST /accounts/{account_id}/keys
        POST /accounts/{account_id}/keys/{key_id}
        GET /accounts/{account_id}/keys/{key_id}/rotate
        POST /accounts/{account_id}/keys/{key_id}/rotate
        POST /accounts/{account_id}/keys/{key_id}/disable
        POST /accounts/{account_id}/keys/{key_id}/enable
    """),
    (KEEPERS_OF_KEYS | DESKS, """
        GET /accounts/{account_id}/members
        GET /accounts/{account_id}/members/{member_id}
    """),
    (MEMBERS | OPERATIONS, """
        POST /accounts/{account_id}/asks
    """),
    (NO_MEMBER | DESKS, """
        GET /accounts
        GET /accounts/{account_id}/administration
        GET /price-books
        GET /price-books/prices
        GET /price-books/history
        GET /search
        POST /search
        GET /accounts/{account_id}/timeline
    """),
    (NO_MEMBER | DESKS, """
        GET /cases
        GET /cases/metrics
        GET /cases/{case_id}
        POST /cases/searches
        POST /cases/searches/{search_id}/forget
        POST /cases/answer
        POST /cases/answer/send
        POST /cases/{case_id}/confirm
        POST /cases/{case_id}/reject
        POST /cases/{case_id}/search
        POST /cases/{case_id}/note
        POST /cases/{case_id}/assign
        POST /cases/{case_id}/priority
        POST /cases/{case_id}/check
        POST /cases/{case_id}/reply
        POST /cases/{case_id}/ask
        POST /cases/{case_id}/hand-over
        POST /cases/{case_id}/hand-back
        POST /cases/{case_id}/resolve
        POST /cases/{case_id}/close
        POST /cases/{case_id}/reopen
        POST /cases/{case_id}/group
        POST /cases/{case_id}/ungroup
    """),
    (NO_MEMBER | OPERATIONS, """
        GET /staff/deliveries
        POST /accounts
        POST /accounts/{account_id}/administration
        POST /accounts/{account_id}/state
        POST /accounts/{account_id}/administration/duplicates
        POST /codes
        POST /codes/batches/{batch_id}/void
        POST /codes/{code_id}/void
        POST /price-books/compare
        POST /price-books/import
        POST /upstreams
        POST /upstreams/{name}/models
        POST /upstreams/{name}/secret
        POST /upstreams/{name}/state
        POST /upstreams/{name}/remove
        POST /upstreams/{name}/test
    """),
    (NO_MEMBER | MONEY_DESKS, """
        POST /accounts/{account_id}/credit
        POST /accounts/{account_id}/adjustment
        POST /accounts/{account_id}/grant-end
        GET /approvals
        GET /approvals/{approval_id}
        POST /approvals/{approval_id}/withdraw
        GET /orders
        POST /orders/find
        GET /orders/{order_id}
        POST /orders/{order_id}/confirm
        POST /orders/{order_id}/refund
        POST /orders/{order_id}/dispute
        GET /orders/{order_id}/receipt
        GET /notices
        GET /codes
        POST /codes/find
        GET /codes/tries
        GET /codes/batches/{batch_id}
        GET /codes/{code_id}
        GET /refunds
        GET /disputes
        POST /cases/{case_id}/settle
    """),
    (NO_MEMBER | FINANCE, """
        POST /approvals/{approval_id}/approve
        POST /approvals/{approval_id}/reject
        POST /ledger/checkpoints
        POST /reconcile/run
        POST /reconcile/breaks
        POST /reconcile/breaks/{break_id}/assign
        POST /reconcile/breaks/{break_id}/remark
        POST /reconcile/breaks/{break_id}/link
        POST /reconcile/breaks/{break_id}/ignore
        POST /reconcile/breaks/{break_id}/expect
        POST /reconcile/breaks/{break_id}/reopen
        POST /reconcile/breaks/{break_id}/settle
        POST /reconcile/breaks/{break_id}/undo
        POST /reconcile/sources
        POST /reconcile/sources/{name}
        POST /reconcile/statements
        POST /reconcile/statements/{statement_id}/set-aside
        POST /reconcile/close
    """),
    (NO_MEMBER | BOOKKEEPERS, """
        POST /orders/{order_id}/looked-at
        POST /orders/{order_id}/ask
        POST /orders/{order_id}/cancel
        POST /refunds/{refund_id}/outcome
        GET /reconcile
        GET /reconcile/runs/{run_id}
        GET /reconcile/breaks
        GET /reconcile/breaks/{break_id}
        GET /reconcile/sources
        GET /reconcile/sources/{name}
        GET /reconcile/imports/{import_id}
        GET /reconcile/statements/{statement_id}
        GET /reconcile/close
    """),
    (NO_MEMBER | BACK_DESKS, """
        GET /upstreams
        GET /upstreams/margins
        GET /upstreams/{name}
        GET /ledger
        GET /ledger/sums
        GET /ledger/verifications/{verification_id}
        POST /ledger/verifications
    """),
    (NO_MEMBER | ADMINISTRATORS, """
        GET /people
        POST /people/invitations
        POST /people/invitations/{invitation_id}/revoke
        GET /people/{person_id}
        POST /people/{person_id}/staff-roles
        POST /people/{person_id}/disable
        POST /people/{person_id}/enable
        POST /people/{person_id}/end-sessions
        POST /people/{person_id}/second-factor
        POST /people/{person_id}/reset-link
        GET /audit
        POST /cases/{case_id}/purge
    """),
    (NO_MEMBER | DESKS, """
        GET /knowledge/from-case/{case_id}
        POST /knowledge/from-case/{case_id}
    """),
    (NO_MEMBER | EDITORS, """
        GET /knowledge
        GET /knowledge/signals
        GET /knowledge/drafts
        POST /knowledge/drafts
        GET /knowledge/drafts/{draft_id}
        POST /knowledge/drafts/{draft_id}
        POST /knowledge/drafts/{draft_id}/ready
        POST /knowledge/drafts/{draft_id}/approve
        POST /knowledge/drafts/{draft_id}/discard
        GET /knowledge/articles/{slug}
        GET /knowledge/articles/{slug}/revisions/{number}
        POST /knowledge/articles/{slug}/revisions/{number}/back
    """),
)  # fmt: skip
WHO_MAY = {line.strip(): roles for roles, lines in TABLE for line in lines.strip().splitlines()}


async def everybody(house: House, account: object) -> dict[str, Visitor]:
    found = {role.value: await house.member(account, role) for role in Role}  # type: ignore[arg-type]
    found |= {role.value: await house.staff(role) for role in StaffRole}
    found["elsewhere"] = await house.member(await house.open_account("Elsewhere"), Role.OWNER)
    found["stranger"] = house.stranger()
    return found


def test_every_page_is_in_the_table_once_and_has_a_name_of_its_own() -> None:
    declared = Counter(f"{page.method} {page.path}" for page in ALL_PAGES)
    assert [one for one, count in declared.items() if count > 1] == []
    assert set(declared) == set(WHO_MAY)
    names = Counter((page.method, page.name) for page in ALL_PAGES)
    assert [one for one, count in names.items() if count > 1] == []


@pytest.mark.usefixtures("stubbed")
async def test_every_page_is_opened_by_those_who_may_and_by_nobody_else(house: House, ran: list[str]) -> None:
    account = await house.open_account()
    visitors = await everybody(house, account)
    wrong = []
    for page in ALL_PAGES:
        expected = WHO_MAY[f"{page.method} {page.path}"]
        for role, visitor in visitors.items():
            ran.clear()
            path = path_of(page, account.account_id)
            if page.method == "GET":
                response = await visitor.client.get(path)
            else:
                response = await visitor.client.post(path, data={"csrf": visitor.csrf}, headers={"origin": PUBLIC_URL})
            if (ran == [page.name]) is not (role in expected):
                wrong.append((page.method, page.path, role, response.status_code))
            if role not in expected:
                _check_refusal(response.status_code, role, of_account="{account_id}" in page.path)
    assert wrong == []


def _check_refusal(status: int, role: str, *, of_account: bool) -> None:
    """A stranger signs in first; who may not is told so; and somebody else's account does not exist."""
    if role == "stranger":
        assert status == 303
    elif role == "elsewhere" and of_account:
        assert status == 404
    else:
        assert status == 403, role


@pytest.mark.usefixtures("stubbed")
async def test_an_account_that_is_none_and_one_that_is_anothers_are_the_same(house: House, ran: list[str]) -> None:
    other = await house.open_account("Other")
    owner = await house.member(await house.open_account())
    for page in ALL_PAGES:
        if "{account_id}" not in page.path or page.method != "GET":
            continue
        said = set()
        for account_id in (other.account_id, uuid4()):
            answer = await owner.client.get(path_of(page, account_id))
            assert answer.status_code == 404
            said.add(answer.text.replace(account_id.hex, "…"))
        assert len(said) == 1, page.path
    assert ran == []
