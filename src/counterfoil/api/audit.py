"""The audit trail: who saw or did what to whose account, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from counterfoil.api.fields import Cursor, Limit, Output, Page, optional_id, optional_time, page
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import identifier, time
from counterfoil.identity import audit_model

router = APIRouter(tags=["audit"])


class AuditEvent(Output):
    """One row of the record, which is only ever added to."""

    event_id: str
    at: str | None
    kind: str = Field(description="saw or did; the same seen again within an hour is one row.")
    what: str = Field(description="What happened to a person, or the name of a route, page or command.")
    by: str
    person_id: str | None = Field(description="Null: the operator's token, or the terminal.")
    account_id: str | None
    subject: str | None
    why: str | None
    client_address: str | None

    @classmethod
    def of(cls, event: audit_model.AuditEvent) -> AuditEvent:
        return cls(
            event_id=show_id("audit_event", event.event_id), at=time(event.at), kind=event.kind, what=event.what,
            by=event.by, person_id=identifier("person", event.person_id),
            account_id=identifier("account", event.account_id), subject=event.subject, why=event.why,
            client_address=event.client_address,
        )  # fmt: skip


@router.get("/audit", summary="List what was seen and done, newest first")
async def list_audit_events(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only on this account.")] = None,
    person_id: Annotated[str | None, Query(max_length=60, description="Only by this person.")] = None,
    what: Annotated[str | None, Query(max_length=100, description="Only this event, route, page or command.")] = None,
    kind: Annotated[audit_model.AuditKind | None, Query(description="Only what was seen, or done.")] = None,
    since: Annotated[str | None, Query(max_length=60, description="RFC 3339 with a zone: from then on.")] = None,
    until: Annotated[str | None, Query(max_length=60, description="RFC 3339 with a zone: before then.")] = None,
) -> Page[AuditEvent]:
    rows = await services.audit.list(
        account_id=optional_id("account", account_id), person_id=optional_id("person", person_id),
        what=what, kind=kind, since=optional_time(since), until=optional_time(until),
        before=optional_id("audit_event", cursor), at_most=limit + 1,
    )  # fmt: skip
    return page(rows, limit=limit, item=AuditEvent.of, cursor=lambda row: show_id("audit_event", row.event_id))
