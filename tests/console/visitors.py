"""Visitors of the console: browsers without script, over ASGI, on the real wiring."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from uuid import UUID

import httpx2
from starlette.types import Receive, Scope, Send

from counterfoil.bootstrap.console import console_application
from counterfoil.bootstrap.services import Services
from counterfoil.console.security import SESSION_COOKIE
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.joining import Newcomer
from counterfoil.identity.model import MemberSettings
from counterfoil.identity.people_model import Person
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec

PUBLIC_URL = "https://desk.test"
OPERATOR = Principal(name="operator", is_operator=True)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(slots=True)
class Visitor:
    """A browser, signed in or not. Pages are named by their path below `/console`."""

    client: httpx2.AsyncClient
    person: Person | None = None
    csrf: str = ""

    async def get(self, path: str, *, status: int = 200, **query: Any) -> str:
        """The page's text as a reader sees the source, unescaped; fails unless it has the status."""
        response = await self.client.get(_address(path), params=query or None)
        assert response.status_code == status, (response.status_code, response.text[:2000])
        return unescape(response.text)

    async def post(
        self,
        path: str,
        fields: Mapping[str, Any] | None = None,
        *,
        status: int = 303,
        files: Mapping[str, tuple[str, bytes]] | None = None,
        headers: Mapping[str, str] | None = None,
        csrf: str | None = None,
    ) -> httpx2.Response:
        """Send a form as our own page does; fails unless the answer has the status."""
        data: dict[str, str | list[str]] = {
            name: [str(one) for one in value]
            if isinstance(value, Sequence) and not isinstance(value, str)
            else str(value)
            for name, value in (fields or {}).items()
        }
        data["csrf"] = self.csrf if csrf is None else csrf
        response = await self.client.post(
            _address(path), data=data, files=files, headers={"origin": PUBLIC_URL, **(headers or {})}
        )
        assert response.status_code == status, (response.status_code, unescape(response.text)[:2000])
        return response

    async def follow(self, response: httpx2.Response) -> str:
        """The page that a form has led to."""
        assert response.status_code == 303, response.status_code
        return await self.get(response.headers["location"])


def _address(path: str) -> str:
    return path if path.startswith(("/console", "https:")) else "/console" + path


@dataclass(slots=True)
class House:
    """The console with an account or two, and everybody who comes to it."""

    services: Services
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def stranger(self) -> Visitor:
        """Somebody who has not signed in."""
        application = console_application(
            self.services, public_url=PUBLIC_URL, client_address=lambda scope: "192.0.2.7"
        )

        async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
            await application({**scope, "root_path": "/console"}, receive, send)

        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=mounted), base_url=PUBLIC_URL)
        self.clients.append(client)
        return Visitor(client=client)

    async def open_account(self, name: str = "Acme", *, credit: int = 0, currency: str = "USD") -> Account:
        """An account, with that many units of money on it."""
        account = await self.services.ledger.open_account(name=name, currency=currency)
        if credit:
            grant = GrantSpec(kind=GrantKind.PAID, amount=credit * 1_000_000_000, origin="clearing:bank")
            await self.services.ledger.operate(
                Credit(account_id=account.account_id, source_kind="order", source_id="first", grants=(grant,))
            )
        return account

    async def member(self, account: Account, role: Role = Role.OWNER, *, email: str | None = None) -> Visitor:
        """A member of the account, signed in."""
        address = email or f"{role}.{account.account_id.hex[-6:]}@example.com"
        member = await self.services.members.add(
            account_id=account.account_id, settings=MemberSettings(email=address, nickname=address.partition("@")[0])
        )
        person = await self.services.people.add(_newcomer(address))
        await self.services.people.set_role(OPERATOR, member.member_id, role)
        return await self.sign_in(await self.services.people.person(person.person_id))

    async def staff(self, *roles: StaffRole) -> Visitor:
        """Somebody of the operator's, signed in."""
        address = "-".join(sorted(roles)) + f".{self.services.clock.new_id().hex[-6:]}@operator.example"
        person = await self.services.people.add(_newcomer(address), staff_roles=roles)
        return await self.sign_in(person)

    async def sign_in(self, person: Person) -> Visitor:
        """A browser in which the person has signed in."""
        visitor = self.stranger()
        new = await self.services.sessions.begin(
            person.person_id, client_address="192.0.2.7", user_agent="Firefox/140.0"
        )
        visitor.client.cookies.set(SESSION_COOKIE, new.token, domain="desk.test", path="/")
        visitor.person, visitor.csrf = new.session.person, new.session.csrf
        return visitor


def of_account(account: Account | UUID, path: str) -> str:
    """The path of a page about an account."""
    account_id = account if isinstance(account, UUID) else account.account_id
    return f"/accounts/{show_id('account', account_id)}{path}"


def csrf_in(page: str) -> str:
    found = _CSRF.search(page)
    assert found is not None, "no form on this page"
    return found[1]


def _newcomer(email: str) -> Newcomer:
    return Newcomer(email=email, nickname=None, password_hash=None, language=Language.EN, verified=True)
