"""Coming in and going out: sign in (by password, code or provider), sign out, preferences, and where the console begins."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.responses import RedirectResponse, Response

from counterfoil.console.navigation import home_of
from counterfoil.console.routes import Pages
from counterfoil.console.security import forget_session, keep_session, own_path
from counterfoil.console.visits import ROOT, View, Visit
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import OPEN, SIGNED_IN
from counterfoil.identity.people_model import NewSession, Theme
from counterfoil.identity.people_service import Keep

pages = Pages()
_MICROS_PER_SECOND = 1_000_000
# What a sign-in with a provider began with: its sealed state, and where to go on to.
_PROVIDER_COOKIE = "__Host-counterfoil-provider"
_PROVIDER_SECONDS = 600


@pages.get("/", need=OPEN)
async def start(visit: Visit) -> Response:
    return visit.go(home_of(visit) if visit.session else f"{ROOT}/sign-in")


@pages.get("/sign-in", need=OPEN)
async def sign_in_page(visit: Visit) -> View | Response:
    if visit.session is not None:
        return visit.go(own_path(visit.asked("next"), home_of(visit)))
    people = visit.services.people
    return View(
        template="sign_in.html",
        title="page_sign_in",
        values={
            "next": visit.asked("next") or visit.typed("next"),
            "demo_people": await visit.services.demo_people(),
            "needs_totp": visit.problem is not None and visit.problem.code in ("totp_required", "totp_wrong"),
            "provider": visit.services.oidc.name if visit.services.oidc is not None else None,
            "registration_is_open": people.registration_is_open,
        },
    )


@pages.post("/sign-in", need=OPEN, shows=sign_in_page)
async def sign_in(visit: Visit) -> Response:
    new = await visit.services.sessions.sign_in(
        visit.typed("email"), str(visit.form.get("password", "")), totp=visit.typed("totp") or None,
        client_address=visit.client_address, user_agent=visit.request.headers.get("user-agent", ""),
    )  # fmt: skip
    return begun(visit, new)


@pages.get("/oidc/begin", need=OPEN)
async def oidc_begin(visit: Visit) -> Response:
    """Off to the provider of sign-in, of which the browser comes back to `oidc_callback`."""
    if visit.services.oidc is None:
        raise NotFound(code="page_not_found")
    address, state = await visit.services.oidc.begin()
    going_on = quote(own_path(visit.asked("next"), ""), safe="")
    response = RedirectResponse(address, status_code=303)
    response.set_cookie(
        _PROVIDER_COOKIE, f"{state}.{going_on}", max_age=_PROVIDER_SECONDS, path="/", secure=True, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response


@pages.get("/oidc/callback", need=OPEN)
async def oidc_callback(visit: Visit) -> Response:
    if visit.services.oidc is None:
        raise NotFound(code="page_not_found")
    state, _, going_on = visit.request.cookies.get(_PROVIDER_COOKIE, "").partition(".")
    person = await visit.services.oidc.finish(visit.request.query_params, state)
    new = await visit.services.sessions.begin(
        person.person_id, client_address=visit.client_address,
        user_agent=visit.request.headers.get("user-agent", ""),
    )  # fmt: skip
    response = begun(visit, new, going_on=unquote(going_on))
    response.delete_cookie(_PROVIDER_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


@pages.post("/demo-sign-in", need=OPEN)
async def demo_sign_in(visit: Visit) -> Response:
    """Be one of a demo's people; there are none elsewhere."""
    wanted = visit.typed("person")
    for person in await visit.services.demo_people():
        if person.person_id.hex == wanted:
            new = await visit.services.sessions.begin(
                person.person_id, client_address=visit.client_address,
                user_agent=visit.request.headers.get("user-agent", ""),
            )  # fmt: skip
            return begun(visit, new)
    raise NotFound(code="page_not_found")


@pages.post("/sign-out", need=SIGNED_IN)
async def sign_out(visit: Visit) -> Response:
    assert visit.session is not None
    await visit.services.sessions.end(visit.session.session_id)
    response = visit.go(f"{ROOT}/sign-in")
    forget_session(response)
    return response


@pages.post("/preferences", need=SIGNED_IN)
async def preferences(visit: Visit) -> Response:
    """Language and theme, from the menu of every page."""
    language, theme = visit.typed("language"), visit.typed("theme")
    if language and language not in tuple(Language):
        raise InputError(field="language", expected=", ".join(Language))
    if theme and theme not in tuple(Theme):
        raise InputError(field="theme", expected=", ".join(Theme))
    await visit.services.people.update_profile(
        visit.person.person_id,
        language=Language(language) if language else Keep.KEEP,
        theme=Theme(theme) if theme else Keep.KEEP,
    )
    return visit.go(own_path(visit.typed("next"), ROOT))


def begun(visit: Visit, new: NewSession, *, going_on: str = "") -> Response:
    """The browser gets its session, and goes on to where it wanted to."""
    principal = new.session.person.principal()
    visit.session, visit.principal = new.session, principal
    response = RedirectResponse(own_path(going_on or visit.typed("next"), home_of(visit)), status_code=303)
    keep_session(response, new.token, seconds=(new.session.expires_at - visit.now) // _MICROS_PER_SECOND)
    return response
