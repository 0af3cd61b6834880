"""The demo's people: every role on the accounts of its customers, and one person for each staff role.

None of them has a password: a demo lets anybody be any of them with one click.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from counterfoil.cli.demo_terminal import Terminal
from counterfoil.cli.services import Services
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.model import MemberSettings
from counterfoil.identity.people_service import Newcomer

_OPERATOR = Principal(name="demo", is_operator=True)
# Whose account, e-mail address, name, and what they are there. Wei, Mara, Inês and Casey have keys already.
_MEMBERS = (
    ("acme", "grace.park@acme.example", "Grace Park", Role.OWNER),
    ("acme", "mara.okafor@acme.example", "Mara Okafor", Role.ADMIN),
    ("acme", "wei.lin@acme.example", "Wei Lin", Role.DEVELOPER),
    ("acme", "tom.reyes@acme.example", "Tom Reyes", Role.BILLING_VIEWER),
    ("blue", "ines@bluelantern.example", "Inês", Role.OWNER),
    ("casey", "casey@example.com", "Casey", Role.OWNER),
    ("crane", "li.na@papercrane.example", "Li Na", Role.OWNER),
)
_STAFF = (
    ("sofia.support@example.com", "Sofia in support", StaffRole.SUPPORT),
    ("emil.engineering@example.com", "Emil in engineering", StaffRole.ENGINEERING),
    ("olga.operations@example.com", "Olga in operations", StaffRole.OPERATIONS),
    ("finn.finance@example.com", "Finn in finance", StaffRole.FINANCE),
    ("edda.editor@example.com", "Edda the editor", StaffRole.EDITOR),
    ("ada.administrator@example.com", "Ada the administrator", StaffRole.ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPeople:
    """Who is there, and the link by which somebody becomes an administrator with a password of their own."""

    count: int
    administrator_link: str | None

    def lines(self, terminal: Terminal, *, address: str) -> list[str]:
        """How to come in."""
        lines = [f"  {terminal.word('demo_console_people', count=self.count)}", "", f"    {address}/console"]
        if self.administrator_link is not None:
            lines += ["", f"  {terminal.word('demo_administrator')}", "", f"    {self.administrator_link}"]
        return lines


class DemoPeople:
    """Adds them to the accounts that are there."""

    def __init__(self, services: Services, accounts: Mapping[str, UUID]) -> None:
        self._services = services
        self._accounts = accounts

    async def stage(self) -> ShownPeople:
        for nick, email, name, role in _MEMBERS:
            await self._member(self._accounts[nick], email, name, role)
        for email, name, staff_role in _STAFF:
            await self._services.people.add(_newcomer(email, name), staff_roles=[staff_role])
        link = await self._services.people.first_administrator_link()
        return ShownPeople(count=len(_MEMBERS) + len(_STAFF), administrator_link=link)

    async def _member(self, account_id: UUID, email: str, name: str, role: Role) -> None:
        known = await self._services.members.find(email)
        if not known:
            settings = MemberSettings(email=email, nickname=name)
            known = [await self._services.members.add(account_id=account_id, settings=settings)]
        await self._services.people.add(_newcomer(email, name))
        await self._services.people.set_role(_OPERATOR, known[0].member_id, role)


def _newcomer(email: str, name: str) -> Newcomer:
    return Newcomer(email=email, nickname=name, password_hash=None, language=None, verified=True)
