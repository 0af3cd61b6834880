"""The audit trail: who saw or did what to whose account, when, and why. It is only ever added to."""

from __future__ import annotations

from uuid import UUID

from counterfoil.console.desk import account_links, read_moment
from counterfoil.console.pages.people import events_table
from counterfoil.console.routes import Pages
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.timeline_view import audited_label
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.identity.audit_model import AuditEventKind, AuditKind

pages = Pages()
_READ = Need(staff=Staff.AUDIT_READ)
# The trail takes no more of a page, file or not.
_ROWS_MAX = 499


@pages.get("/audit", need=_READ)
async def audit(visit: Visit) -> View:
    trail, most = visit.services.audit, min(visit.most_rows, _ROWS_MAX)
    kind, what = visit.asked("kind"), visit.asked("what")
    found = await trail.list(
        account_id=visit.id_asked("account", "account"), person_id=await _person(visit), what=what or None,
        kind=AuditKind(kind) if kind in tuple(AuditKind) else None,
        since=read_moment(visit, "since", visit.asked("since")), until=read_moment(visit, "until", visit.asked("until")),
        before=visit.id_asked("audit_event", "before"), at_most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    links = await account_links(visit, (one.account_id for one in rows), "/timeline")
    events = [(one.value, audited_label(one.value, visit.language)) for one in AuditEventKind]
    if what and what not in {one for one, _ in events}:
        events.append((what, audited_label(what, visit.language)))
    return View(
        template="audit.html",
        title="page_audit",
        values={
            "kinds": [(one.value, visit.w.word(f"audit_{one}")) for one in AuditKind],
            "events": events,
        },
        tables=(
            events_table(
                visit, rows, name="audit", caption="audit_found", links=links,
                more=visit.here(before=show_id("audit_event", rows[-1].event_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


async def _person(visit: Visit) -> UUID | None:
    """Whose doings are asked for: by id, address, user number or nickname; raises `InputError` where nobody is called so."""
    text = visit.asked("person")
    if not text:
        return None
    shown = read_any_id(text)
    if shown is not None and shown[0] == "person":
        return shown[1]
    found = await visit.services.people.find(text)
    if len(found) != 1:
        raise InputError(field="person", expected="sam@example.com, #1042, prsn_…")
    return found[0].person_id
