"""Where things are shown: from a thing's kind and id to the address of its page."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.console.visits import Visit
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Staff
from counterfoil.spend.model import TASK_ENDPOINTS, RequestState, RequestView

# Below an account's address. `{id}` is the id as shown.
OF_ACCOUNTS: Mapping[str, str] = {
    "request": "/requests/{id}",
    "task": "/tasks/{id}",
    "submission": "/submissions/{id}",
    "order": "/recharge/orders/{id}",
    "key": "/keys/{id}",
    "group": "/groups/{id}",
    "member": "/members/{id}",
    "case": "/support/{id}",
}
# What staff see on pages of their own: who may, and where.
OF_STAFF: Mapping[str, tuple[Staff, str]] = {
    "order": (Staff.ORDERS_READ, "/orders/{id}"),
    "code": (Staff.CODES_READ, "/codes/{id}"),
    "code_batch": (Staff.CODES_READ, "/codes/batches/{id}"),
    "approval": (Staff.PROPOSE, "/approvals/{id}"),
    "run": (Staff.RECONCILE_READ, "/reconcile/runs/{id}"),
    "break": (Staff.RECONCILE_READ, "/reconcile/breaks/{id}"),
    "statement": (Staff.RECONCILE_READ, "/reconcile/statements/{id}"),
    "case": (Staff.CASES, "/cases/{id}"),
}
# What has begun no task is shown as a request.
_WITHOUT_TASK = frozenset({RequestState.REFUSED.value, RequestState.REPEATED.value})


def page_of(visit: Visit, kind: str, shown: str) -> str | None:
    """The address of a thing of the account that is looked at; None where it has no page."""
    path = OF_ACCOUNTS.get(kind)
    return None if path is None else visit.link(path.format(id=shown))


def page_of_request(visit: Visit, view: RequestView) -> str:
    """The address of a request's page; a task's where it began one."""
    kind = "task" if has_begun_task(view) else "request"
    return visit.link(OF_ACCOUNTS[kind].format(id=show_id(kind, view.request_id)))


def has_begun_task(view: RequestView) -> bool:
    """Whether a request may have begun a task; one whose every upstream refused has one too, that failed."""
    return view.endpoint in TASK_ENDPOINTS and view.state not in _WITHOUT_TASK
