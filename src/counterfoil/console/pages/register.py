"""How people get in for the first time, or again: registering, the links of mails, invitations, and the first administrator.

A link's token is in the address: these pages send no referrer, and nothing happens before a button is pressed, since
mail programs open links by themselves.
"""

from __future__ import annotations

from starlette.responses import Response

from counterfoil.console.navigation import home_of
from counterfoil.console.pages.entrance import begun
from counterfoil.console.routes import Pages
from counterfoil.console.visits import ROOT, View, Visit, with_query
from counterfoil.identity.access import OPEN
from counterfoil.identity.people_model import Person

pages = Pages()
_SIGN_IN = f"{ROOT}/sign-in"


# Registering.


@pages.get("/register", need=OPEN)
async def register_page(visit: Visit) -> View | Response:
    if visit.session is not None:
        return visit.go(home_of(visit))
    people = visit.services.people
    return View(
        template="register.html",
        title="page_register",
        values={"is_open": people.registration_is_open, "can_mail": people.can_send_mail},
    )


@pages.post("/register", need=OPEN, shows=register_page)
async def register(visit: Visit) -> Response:
    await visit.services.people.register(
        visit.typed("email"), _password(visit), visit.typed("nickname") or None, visit.language,
        client_address=visit.client_address,
    )  # fmt: skip
    return visit.done(_SIGN_IN, "done_registered")


@pages.get("/verify/{token}", need=OPEN)
async def verify_page(visit: Visit) -> View:
    return View(template="verify.html", title="page_verify")


@pages.post("/verify/{token}", need=OPEN, shows=verify_page)
async def verify(visit: Visit) -> Response:
    """The address is shown to be theirs; who they are, they show with the password that was chosen."""
    await visit.services.people.verify_email(visit.request.path_params["token"])
    return visit.done(_SIGN_IN, "done_verified")


# Passwords that were lost.


@pages.get("/forgotten", need=OPEN)
async def forgotten_page(visit: Visit) -> View:
    return View(
        template="forgotten.html", title="page_forgotten", values={"can_mail": visit.services.people.can_send_mail}
    )


@pages.post("/forgotten", need=OPEN, shows=forgotten_page)
async def forgotten(visit: Visit) -> Response:
    await visit.services.people.ask_password_reset(
        visit.typed("email"), visit.language, client_address=visit.client_address
    )
    return visit.done(_SIGN_IN, "done_reset_asked")


@pages.get("/reset/{token}", need=OPEN)
async def reset_page(visit: Visit) -> View:
    return View(template="reset.html", title="page_reset")


@pages.post("/reset/{token}", need=OPEN, shows=reset_page)
async def reset(visit: Visit) -> Response:
    await visit.services.people.reset_password(visit.request.path_params["token"], _password(visit))
    return visit.done(_SIGN_IN, "done_reset")


# Invitations.


@pages.get("/invitation/{token}", need=OPEN)
async def invitation_page(visit: Visit) -> View:
    opened = await visit.services.people.invitation(visit.request.path_params["token"])
    return View(
        template="invitation.html",
        title="page_invitation",
        values={
            "opened": opened,
            "is_their_session": visit.session is not None and visit.person.email == opened.invitation.email,
            "sign_in": with_query(_SIGN_IN, {"next": visit.request.scope["path"]}),
        },
    )


@pages.post("/invitation/{token}", need=OPEN, shows=invitation_page)
async def accept_invitation(visit: Visit) -> Response:
    """Whoever is new is signed in at once; whoever is known has been all along, and is now more."""
    person = await visit.services.people.accept_invitation(
        visit.request.path_params["token"], _password(visit), visit.typed("nickname") or None, session=visit.session
    )
    # Somebody else may have been signed in at this browser: then the new person gets a session of their own.
    if visit.session is not None and visit.session.person.person_id == person.person_id:
        visit.principal = person.principal()
        return visit.done(home_of(visit), "done_joined")
    return await _signed_in(visit, person)


# The first administrator.


@pages.get("/welcome/{token}", need=OPEN)
async def welcome_page(visit: Visit) -> View:
    await visit.services.people.check_first_link(visit.request.path_params["token"])
    return View(template="welcome.html", title="page_welcome")


@pages.post("/welcome/{token}", need=OPEN, shows=welcome_page)
async def welcome(visit: Visit) -> Response:
    person = await visit.services.people.accept_first_link(
        visit.request.path_params["token"], visit.typed("email"), _password(visit), visit.typed("nickname") or None
    )
    return await _signed_in(visit, person)


async def _signed_in(visit: Visit, person: Person) -> Response:
    new = await visit.services.sessions.begin(
        person.person_id, client_address=visit.client_address,
        user_agent=visit.request.headers.get("user-agent", ""),
    )  # fmt: skip
    return begun(visit, new)


def _password(visit: Visit) -> str:
    """As typed: a space at its end belongs to it."""
    return str(visit.form.get("password", ""))
