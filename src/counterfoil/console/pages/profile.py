"""What people settle for themselves: how they are called, in what language, how they sign in, where, and their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit
from zoneinfo import available_timezones

import segno
from starlette.responses import Response

from counterfoil.console.routes import Pages
from counterfoil.console.security import own_path
from counterfoil.console.tables import Action, Actions, Column, Instant, Mark, Note, Table
from counterfoil.console.visits import ROOT, View, Visit, with_query
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import SIGNED_IN, Own, Staff
from counterfoil.identity.people_model import Session, Theme
from counterfoil.identity.people_rules import allowed_scopes, is_confirmed
from counterfoil.identity.tokens_model import RestToken

pages = Pages()
_PROFILE = f"{ROOT}/profile"
_SECURITY = f"{_PROFILE}/security"
_SESSIONS = f"{_PROFILE}/sessions"
_TOKENS = f"{_PROFILE}/tokens"
_DAY = 86_400_000_000
# How long a token may live; the last: until it is revoked.
_LIFETIMES = (30, 90, 365, 0)
_LIFETIME_USUAL = 90
_OTPAUTH_CHARACTERS_MAX = 1_000
# Zones of single cities and countries; the rest of the list are other names of the same, or fixed offsets.
_AREAS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


# How one is called, and in what language.


@pages.get("/profile", need=SIGNED_IN)
async def profile(visit: Visit) -> View:
    person = visit.person
    return View(
        template="profile.html",
        title="page_profile",
        values={
            "tab": "profile",
            "time_zones": [(zone, zone) for zone in _time_zones(person.time_zone)],
            "themes": [(one.value, visit.w.word(f"theme_{one.value}")) for one in Theme],
            "language_names": [("zh", "中文"), ("en", "English")],
        },
    )


@pages.post("/profile", need=SIGNED_IN, shows=profile)
async def save_profile(visit: Visit) -> Response:
    language, theme = visit.typed("language"), visit.typed("theme", Theme.SYSTEM)
    if language not in ("", *Language):
        raise InputError(field="language", expected=", ".join(Language))
    if theme not in tuple(Theme):
        raise InputError(field="theme", expected=", ".join(Theme))
    await visit.services.people.update_profile(
        visit.person.person_id, nickname=visit.typed("nickname") or None,
        language=Language(language) if language else None, time_zone=visit.typed("time_zone") or None,
        theme=Theme(theme),
    )  # fmt: skip
    return visit.done(_PROFILE, "done_profile")


def _time_zones(chosen: str | None) -> list[str]:
    known = {zone for zone in available_timezones() if zone.startswith(_AREAS)} | {"UTC"}
    return sorted(known | ({chosen} if chosen else set()))


# Showing again who is sitting there.


@pages.get("/confirm", need=SIGNED_IN)
async def confirm_page(visit: Visit) -> View | Response:
    going_on = own_path(visit.asked("next") or visit.typed("next"), _SECURITY)
    if is_confirmed(_session(visit), now=visit.now):
        return visit.go(going_on)
    return View(template="confirm.html", title="page_confirm", values={"next": going_on})


@pages.post("/confirm", need=SIGNED_IN, shows=confirm_page)
async def confirm(visit: Visit) -> Response:
    await visit.services.sessions.confirm(
        _session(visit), password=_password(visit, "password"), totp=visit.typed("totp") or None
    )
    return visit.go(own_path(visit.typed("next"), _SECURITY))


# Password and second factor.


@pages.get("/profile/security", need=SIGNED_IN)
async def security(visit: Visit) -> View:
    return View(template="profile_security.html", title="page_security", values={"tab": "security"})


@pages.post("/profile/password", need=SIGNED_IN, shows=security)
async def change_password(visit: Visit) -> Response:
    await visit.services.people.change_password(
        _session(visit), _password(visit, "current"), _password(visit, "password")
    )
    return visit.done(_SECURITY, "done_password")


@pages.get("/profile/second-factor", need=SIGNED_IN)
async def second_factor(visit: Visit) -> View | Response:
    """What a second factor is, before anything is made."""
    if visit.person.has_totp:
        return visit.go(_SECURITY)
    if not is_confirmed(_session(visit), now=visit.now):
        return visit.go(with_query(f"{ROOT}/confirm", {"next": f"{_PROFILE}/second-factor"}))
    return View(template="profile_second_factor.html", title="page_second_factor", values={"tab": "security"})


@pages.post("/profile/second-factor", need=SIGNED_IN, shows=second_factor)
async def start_second_factor(visit: Visit) -> View:
    """The secret is shown this once: it is in no address, and the page that shows it is kept by no cache."""
    _, address = await visit.services.people.start_totp(_session(visit))
    return _scan(visit, address)


async def _scan_again(visit: Visit) -> View | Response:
    """After a wrong code: the same secret, which is the one that the form has brought back."""
    address = visit.typed("address")
    if not address.startswith("otpauth://totp/") or len(address) > _OTPAUTH_CHARACTERS_MAX:
        return await second_factor(visit)
    return _scan(visit, address)


@pages.post("/profile/second-factor/confirm", need=SIGNED_IN, shows=_scan_again)
async def confirm_second_factor(visit: Visit) -> View:
    codes = await visit.services.people.confirm_totp(_session(visit), visit.typed("code"))
    return View(
        template="profile_recovery_codes.html", title="page_recovery_codes", values={"tab": "security", "codes": codes}
    )


@pages.post("/profile/second-factor/remove", need=SIGNED_IN, shows=security)
async def remove_second_factor(visit: Visit) -> Response:
    await visit.services.people.remove_totp(_session(visit), _password(visit, "password"), visit.typed("code"))
    return visit.done(_SECURITY, "done_second_factor_removed")


def _scan(visit: Visit, address: str) -> View:
    secret = parse_qs(urlsplit(address).query).get("secret", [""])[0]
    return View(
        template="profile_scan.html",
        title="page_second_factor",
        values={
            "tab": "security", "address": address, "squares": _squares(address),
            "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        },
    )  # fmt: skip


def _squares(text: str) -> tuple[str, int]:
    """A QR code as the path of an SVG drawing, one line for each run of dark squares; and how wide it is."""
    code = segno.make(text, error="m", micro=False)
    runs = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = end + 1
    return "".join(runs), len(code.matrix)


# Where one is signed in.


@pages.get("/profile/sessions", need=SIGNED_IN)
async def sessions(visit: Visit) -> View:
    found = await visit.services.sessions.of_person(visit.person.person_id)
    return View(
        template="profile_sessions.html",
        title="page_sessions",
        values={"tab": "sessions", "others": len(found) - 1},
        tables=(_sessions_table(visit, found),),
    )


@pages.post("/profile/sessions/others/end", need=SIGNED_IN, shows=sessions)
async def end_other_sessions(visit: Visit) -> Response:
    await visit.services.sessions.end_all(visit.person.person_id, but=_session(visit).session_id)
    return visit.done(_SESSIONS, "done_sessions_ended")


@pages.post("/profile/sessions/{session_id}/end", need=SIGNED_IN, shows=sessions)
async def end_session(visit: Visit) -> Response:
    wanted = visit.id_in_path("session", "session_id")
    if wanted not in {one.session_id for one in await visit.services.sessions.of_person(visit.person.person_id)}:
        raise NotFound(code="session_not_found")
    await visit.services.sessions.end(wanted)
    return visit.done(_SESSIONS, "done_session_ended")


def _sessions_table(visit: Visit, found: Sequence[Session]) -> Table:
    own = _session(visit).session_id

    def last_cell(one: Session) -> Actions | Mark:
        if one.session_id == own:
            return Mark(visit.w.word("this_session"), "good", visit.w.hint("this_session"))
        path = f"{_SESSIONS}/{show_id('session', one.session_id)}/end"
        return Actions((Action(code="end_session", href=path),))

    return Table(
        name="sessions",
        caption="own_sessions",
        columns=(
            Column(code="device"), Column(code="last_seen"), Column(code="signed_in_at", wide=True),
            Column(code="session_ends", wide=True), Column(code="actions"),
        ),
        rows=[
            (
                Note(one.device or visit.w.word("device_unknown"), one.client_address),
                Instant(one.last_used_at), Instant(one.created_at), Instant(one.expires_at), last_cell(one),
            )
            for one in found
        ],
    )  # fmt: skip


# REST tokens.


@pages.get("/profile/tokens", need=SIGNED_IN)
async def tokens(visit: Visit) -> View:
    scopes = allowed_scopes(visit.principal)
    found = await visit.services.tokens.list(visit.person.person_id)
    return View(
        template="profile_tokens.html",
        title="page_tokens",
        values={
            "tab": "tokens",
            "own_scopes": [_scope(visit, one) for one in Own if one in scopes],
            "staff_scopes": [_scope(visit, one) for one in Staff if one in scopes],
            "lifetimes": [(days, visit.w.word("token_days", days=days) if days else visit.w.word("token_for_good")) for days in _LIFETIMES],
            "lifetime": _LIFETIME_USUAL,
            "chosen": visit.typed_all("scope"),
            "is_confirmed": is_confirmed(_session(visit), now=visit.now),
            "confirm": with_query(f"{ROOT}/confirm", {"next": _TOKENS}),
        },
        tables=(_tokens_table(visit, found),),
    )  # fmt: skip


@pages.post("/profile/tokens", need=SIGNED_IN, shows=tokens)
async def create_token(visit: Visit) -> View:
    """The secret is on the page that answers, and nowhere else."""
    days = visit.typed("days", str(_LIFETIME_USUAL))
    if days not in map(str, _LIFETIMES):
        raise InputError(field="days", expected=", ".join(map(str, _LIFETIMES)))
    new = await visit.services.tokens.create(
        _session(visit), visit.typed("name"), visit.typed_all("scope"),
        expires_at=visit.now + int(days) * _DAY if days != "0" else None,
    )  # fmt: skip
    return View(template="profile_token_made.html", title="page_token_made", values={"tab": "tokens", "new": new})


@pages.post("/profile/tokens/{token_id}/revoke", need=SIGNED_IN, shows=tokens)
async def revoke_token(visit: Visit) -> Response:
    await visit.services.tokens.revoke(
        visit.id_in_path("token", "token_id"), by=visit.principal, person_id=visit.person.person_id
    )
    return visit.done(_TOKENS, "done_token_revoked")


def _scope(visit: Visit, one: Own | Staff) -> tuple[str, str, str]:
    """A permission: its value, what it is called, and what it lets one do."""
    code = one.value.replace(".", "_")
    return one.value, visit.w.label("permission", code), visit.w.explanation("permission", code)


def _tokens_table(visit: Visit, found: Sequence[RestToken]) -> Table:
    def state(token: RestToken) -> Mark:
        if token.revoked_at is not None:
            return Mark(visit.w.word("token_revoked"), "quiet", visit.w.hint("token_revoked"))
        if not token.is_active(visit.now):
            return Mark(visit.w.word("token_expired"), "quiet", visit.w.hint("token_expired"))
        return Mark(visit.w.word("token_active"), "good", visit.w.hint("token_active"))

    def ending(token: RestToken) -> Actions | None:
        if not token.is_active(visit.now):
            return None
        path = f"{_TOKENS}/{show_id('token', token.token_id)}/revoke"
        return Actions((Action(code="revoke_token", href=path, danger=True),))

    return Table(
        name="tokens",
        caption="own_tokens",
        empty="no_tokens",
        columns=(
            Column(code="token_name"), Column(code="token_state"), Column(code="token_scopes", wide=True),
            Column(code="token_used", wide=True), Column(code="token_ends", wide=True), Column(code="actions"),
        ),
        rows=[
            (
                Note(token.name, token.mask), state(token),
                " · ".join(visit.w.label("permission", one.replace(".", "_")) for one in sorted(token.scopes)),
                visit.shown.day(token.last_used_at), Instant(token.expires_at), ending(token),
            )
            for token in found
        ],
    )  # fmt: skip


def _session(visit: Visit) -> Session:
    """These pages are only shown to those who have signed in."""
    assert visit.session is not None
    return visit.session


def _password(visit: Visit, name: str) -> str:
    """As typed: a space at its end belongs to it."""
    return str(visit.form.get(name, ""))
