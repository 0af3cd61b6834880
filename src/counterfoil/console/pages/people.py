"""People, for administrators: who may sign in, as what, at which browsers; invitations to the staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.desk import account_links, form
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Action, Actions, Cell, Column, Id, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.timeline_view import audited_label
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Need, Staff, StaffRole
from counterfoil.identity.audit_model import AuditEvent, AuditKind
from counterfoil.identity.invitations_model import Invitation, InvitationState
from counterfoil.identity.people_model import Person, PersonStatus, Session

pages = Pages()
_WRITE = Need(staff=Staff.PEOPLE_WRITE)
_EVENTS_SHOWN = 20


@pages.get("/people", need=_WRITE)
async def people(visit: Visit) -> View:
    desk, most, text = visit.services.people, visit.most_rows, visit.asked("q")
    if text:
        found = (await desk.find(text))[: most + 1]
    else:
        found = await desk.list(
            after=visit.id_asked("person", "after"), at_most=most + 1, staff=visit.asked("who") == "staff"
        )
    rows = found[:most]
    invitations = await desk.invitations(None)
    return View(
        template="people.html",
        title="page_people",
        values={
            "who": [("staff", visit.w.word("people_staff_only"))],
            "roles": [(role.value, visit.w.label("staff_role", role), visit.w.explanation("staff_role", role)) for role in StaffRole],
            "chosen": set(visit.typed_all("role")),
            "languages_of_mail": [(Language.ZH.value, "中文"), (Language.EN.value, "English")],
            "can_send_mail": desk.can_send_mail,
        },
        tables=(
            await _people_table(
                visit, rows, more=visit.here(after=show_id("person", rows[-1].person_id)) if len(found) > most else None
            ),
            _invitations_table(visit, invitations),
        ),
    )  # fmt: skip


async def _people_table(visit: Visit, rows: Sequence[Person], *, more: str | None) -> Table:
    links = await account_links(visit, (one.membership.account_id for one in rows if one.membership))
    return Table(
        name="people",
        caption="people_found",
        empty="people_none",
        columns=(
            Column(code="person"), Column(code="person_staff_roles"), Column(code="person_account"),
            Column(code="person_role", wide=True), Column(code="person_second_factor", wide=True), Column(code="person_state"),
            Column(code="person_since", wide=True),
        ),
        rows=[
            (
                Note(one.nickname or one.email, f"{one.email} · #{one.user_number}", _address(visit, one)),
                _roles(visit, one) or None,
                links.get(one.membership.account_id) if one.membership else None,
                visit.w.label("role", one.membership.role) if one.membership else None,
                visit.w.word("yes" if one.has_totp else "no"),
                _state(visit, one),
                Instant(one.created_at),
            )
            for one in rows
        ],
        more=more,
    )  # fmt: skip


def _roles(visit: Visit, one: Person) -> str:
    separator = "、" if visit.language is Language.ZH else ", "
    return separator.join(visit.w.label("staff_role", role) for role in StaffRole if role in one.staff_roles)


def _state(visit: Visit, one: Person) -> Mark:
    tone = "good" if one.status is PersonStatus.ACTIVE else "bad"
    return Mark(visit.w.label("person_state", one.status), tone, visit.w.explanation("person_state", one.status))


def _address(visit: Visit, one: Person) -> str:
    return visit.staff_link(f"/people/{show_id('person', one.person_id)}")


def _invitations_table(visit: Visit, found: Sequence[Invitation]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        state = one.state(visit.now)
        shown = show_id("invitation", one.invitation_id)
        revoke = Actions(
            (Action("revoke_staff_invitation", visit.staff_link(f"/people/invitations/{shown}/revoke"), danger=True),)
        )
        separator = "、" if visit.language is Language.ZH else ", "
        rows.append(
            (
                one.email,
                separator.join(visit.w.label("staff_role", role) for role in StaffRole if role in one.staff_roles),
                Mark(visit.w.label("invitation_state", state), "info" if state is InvitationState.OPEN else "quiet"),
                one.invited_by, Instant(one.expires_at), revoke if state is InvitationState.OPEN else None,
            )
        )  # fmt: skip
    return Table(
        name="invitations",
        caption="staff_invitations",
        empty="staff_invitations_none",
        columns=(
            Column(code="staff_invited_email"), Column(code="person_staff_roles"), Column(code="invitation_state_of"),
            Column(code="staff_invited_by", wide=True), Column(code="staff_invitation_ends", wide=True), Column(code="actions"),
        ),
        rows=rows,
    )  # fmt: skip


@pages.post("/people/invitations", need=_WRITE, shows=people)
async def invite_staff(visit: Visit) -> View | Response:
    """Invite somebody to the staff: by mail, or by a link that is shown this once."""
    language = visit.typed("language", Language.EN.value)
    made = await visit.services.people.invite_staff(
        visit.principal, visit.typed("email"), _chosen_roles(visit),
        Language(language) if language in tuple(Language) else visit.language,
    )  # fmt: skip
    if made.link is None:
        return visit.done(visit.staff_link("/people"), "done_staff_invited")
    return _once(made.link, "staff_invitation_link", back=visit.staff_link("/people"))


@pages.post("/people/invitations/{invitation_id}/revoke", need=_WRITE, shows=people)
async def revoke_staff_invitation(visit: Visit) -> Response:
    await visit.services.people.revoke_invitation(visit.principal, visit.id_in_path("invitation", "invitation_id"))
    return visit.done(visit.staff_link("/people"), "done_staff_invitation_revoked")


def _chosen_roles(visit: Visit) -> list[StaffRole]:
    given = visit.typed_all("role")
    if any(one not in tuple(StaffRole) for one in given):
        raise InputError(field="role", expected=", ".join(StaffRole))
    return [StaffRole(one) for one in given]


def _once(link: str, code: str, *, back: str) -> View:
    """A link that is a secret: shown on this page alone, whose address it is not in."""
    return View(template="shown_link.html", title=code, values={"secret": link, "code": code, "back": back})


# -- one ---------------------------------------------------------------------------------------------------------------


@pages.get("/people/{person_id}", need=_WRITE)
async def person(visit: Visit) -> View:
    services = visit.services
    one = await services.people.person(visit.id_in_path("person", "person_id"))
    sessions = await services.sessions.of_person(one.person_id)
    events = await services.audit.list(person_id=one.person_id, at_most=_EVENTS_SHOWN)
    links = await account_links(visit, (one.membership.account_id,) if one.membership else ())
    is_oneself = one.person_id == visit.principal.person_id
    return View(
        template="person.html",
        title="page_person",
        title_values={"name": one.nickname or one.email},
        values={
            "one": one,
            "address": _address(visit, one),
            "state": _state(visit, one),
            "is_oneself": is_oneself,
            "roles": [
                (role.value, visit.w.label("staff_role", role), visit.w.explanation("staff_role", role), role in one.staff_roles)
                for role in StaffRole
            ],
            "facts": [
                ("person_email", one.email), ("person_number", f"#{one.user_number}"),
                ("person_account", links.get(one.membership.account_id) if one.membership else None),
                ("person_role", visit.w.label("role", one.membership.role) if one.membership else None),
                ("person_has_password", visit.w.word("yes" if one.has_password else "no")),
                ("person_second_factor", visit.w.word("yes" if one.has_totp else "no")),
                ("person_verified", Instant(one.email_verified_at)), ("person_since", Instant(one.created_at)),
                ("person_id", Id(show_id("person", one.person_id))),
            ],
        },
        tables=(_sessions_table(visit, sessions), events_table(visit, events, name="did", caption="person_did")),
    )  # fmt: skip


def _sessions_table(visit: Visit, found: Sequence[Session]) -> Table:
    return Table(
        name="sessions",
        caption="person_sessions",
        empty="person_sessions_none",
        columns=(
            Column(code="session_device"), Column(code="session_address", wide=True), Column(code="session_since", wide=True),
            Column(code="session_used"),
        ),
        rows=[(one.device, one.client_address, Instant(one.created_at), Instant(one.last_used_at)) for one in found],
    )  # fmt: skip


@pages.post("/people/{person_id}/staff-roles", need=_WRITE, shows=person)
async def set_staff_roles(visit: Visit) -> Response:
    one = await visit.services.people.set_staff_roles(
        visit.principal, visit.id_in_path("person", "person_id"), _chosen_roles(visit)
    )
    return visit.done(_address(visit, one), "done_staff_roles")


@pages.post("/people/{person_id}/disable", need=_WRITE, shows=person)
async def disable_person(visit: Visit) -> Response:
    with form("person"):
        one = await visit.services.people.disable(
            visit.principal, visit.id_in_path("person", "person_id"), why=visit.typed("person_why") or None
        )
    return visit.done(_address(visit, one), "done_person_disabled")


@pages.post("/people/{person_id}/enable", need=_WRITE, shows=person)
async def enable_person(visit: Visit) -> Response:
    one = await visit.services.people.enable(visit.principal, visit.id_in_path("person", "person_id"))
    return visit.done(_address(visit, one), "done_person_enabled")


@pages.post("/people/{person_id}/end-sessions", need=_WRITE, shows=person)
async def end_sessions(visit: Visit) -> Response:
    person_id = visit.id_in_path("person", "person_id")
    one = await visit.services.people.person(person_id)
    assert visit.session is not None
    own = visit.session.session_id if person_id == visit.principal.person_id else None
    await visit.services.sessions.end_all(person_id, own, by=visit.principal)
    return visit.done(_address(visit, one), "done_person_sessions_ended")


@pages.post("/people/{person_id}/second-factor", need=_WRITE, shows=person)
async def remove_person_factor(visit: Visit) -> Response:
    one = await visit.services.people.remove_second_factor(
        visit.principal, visit.id_in_path("person", "person_id"), why=visit.typed("person_why") or None
    )
    return visit.done(_address(visit, one), "done_person_factor_removed")


@pages.post("/people/{person_id}/reset-link", need=_WRITE, shows=person)
async def make_reset_link(visit: Visit) -> View:
    """A link by which somebody chooses a new password, to hand on; it is shown this once."""
    person_id = visit.id_in_path("person", "person_id")
    one = await visit.services.people.person(person_id)
    link = await visit.services.people.reset_link(visit.principal, person_id)
    return _once(link, "person_reset_link", back=_address(visit, one))


def _subject(text: str | None) -> Cell:
    return Id(text) if text is not None and read_any_id(text) is not None else text


# -- the trail, as both pages show it ----------------------------------------------------------------------------------


def events_table(
    visit: Visit,
    events: Sequence[AuditEvent],
    *,
    name: str,
    caption: str,
    links: Mapping[UUID, Link] | None = None,
    more: str | None = None,
) -> Table:
    """Rows of the audit trail."""
    rows: list[tuple[Cell, ...]] = []
    for one in events:
        account: Cell = None
        if one.account_id is not None:
            account = (links or {}).get(one.account_id) or Id(show_id("account", one.account_id))
        rows.append(
            (
                Instant(one.at),
                Note(one.by, one.client_address or ""),
                Mark(visit.w.word(f"audit_{one.kind}"), "info" if one.kind is AuditKind.DID else "quiet"),
                audited_label(one.what, visit.language),
                account, _subject(one.subject), one.why,
            )
        )  # fmt: skip
    return Table(
        name=name,
        caption=caption,
        empty="audit_none",
        columns=(
            Column(code="audit_at"), Column(code="audit_by"), Column(code="audit_kind", wide=True), Column(code="audit_what"),
            Column(code="audit_account"), Column(code="audit_subject", wide=True), Column(code="audit_why", wide=True),
        ),
        rows=rows,
        more=more,
    )  # fmt: skip
