"""People's use cases: registering, invitations, passwords, second factors, profiles, roles, and the first administrator."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import links_store
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.administration import Administration, Keep
from counterfoil.identity.arrivals import Arrival, Arrivals
from counterfoil.identity.audit import Audit
from counterfoil.identity.credentials import Credentials
from counterfoil.identity.desk import PeopleDesk, PeopleSettings
from counterfoil.identity.factors import SecondFactors
from counterfoil.identity.first_administrator import FirstAdministrator
from counterfoil.identity.invitations import Invitations
from counterfoil.identity.invitations_model import Invitation, NewInvitation, OpenInvitation
from counterfoil.identity.joining import Newcomer, insert_newcomer
from counterfoil.identity.mails import Mails
from counterfoil.identity.model import Member
from counterfoil.identity.passwords import Passwords
from counterfoil.identity.people_model import Person, Session, Theme
from counterfoil.identity.registration import Registrations
from counterfoil.identity.throttle import Throttle
from counterfoil.ledger.service import Ledger
from counterfoil.storage.database import Database

__all__ = ["Keep", "Newcomer", "People", "PeopleSettings"]

_CLEAN_AT_ONCE = 1_000


class People:
    """Everybody who may sign in. Where `by` is asked for, its permissions are checked here as well."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        ledger: Ledger,
        passwords: Passwords,
        factors: SecondFactors,
        throttle: Throttle,
        mails: Mails,
        audit: Audit,
        settings: PeopleSettings,
        folder: Path,
    ) -> None:
        self._desk = PeopleDesk(
            database=database, clock=clock, ledger=ledger, passwords=passwords, factors=factors, throttle=throttle,
            mails=mails, audit=audit, settings=settings,
        )  # fmt: skip
        self._registrations = Registrations(self._desk)
        self._credentials = Credentials(self._desk)
        self._invitations = Invitations(self._desk)
        self._administration = Administration(self._desk)
        self._arrivals = Arrivals(self._desk, self._invitations)
        self._first = FirstAdministrator(self._desk, folder=folder)

    @property
    def registration_is_open(self) -> bool:
        return self._desk.settings.registration

    @property
    def can_send_mail(self) -> bool:
        return self._desk.mails.can_send

    # Registering.

    async def register(
        self, email: str, password: str, nickname: str | None, language: Language, *, client_address: str | None = None
    ) -> None:
        """Mail a link to whoever wants to become a customer; the answer is the same for an address that is known.

        Raises `Forbidden` (`registration_closed`, `sign_in_throttled`), `Unavailable` (`mail_not_configured`) or
        `InputError`.
        """
        await self._registrations.register(email, password, nickname, language, client_address=client_address)

    async def verify_email(self, token: str) -> Person:
        """Follow that link: a person, their account and their trial. Raises `NotFound` (`link_not_valid`)."""
        return await self._registrations.verify(token)

    # Passwords and second factors.

    async def ask_password_reset(self, email: str, language: Language, *, client_address: str | None = None) -> None:
        """Mail a link by which a new password is chosen; the answer is the same for an address that nobody has."""
        await self._credentials.ask_reset(email, language, client_address=client_address)

    async def reset_link(self, by: Principal, person_id: UUID) -> str:
        """The link that such a mail would carry, for an administrator to hand on; raises `NotFound`, `Forbidden`."""
        return await self._credentials.reset_link(by, await self.person(person_id))

    async def reset_password(self, token: str, password: str) -> Person:
        """Choose a new password by such a link; every session ends. Raises `NotFound` (`link_not_valid`)."""
        return await self._credentials.reset(token, password)

    async def change_password(self, session: Session, current: str, new: str) -> None:
        """Choose another password; every other session ends. Raises `Forbidden` (`confirmation_refused`)."""
        await self._credentials.change(session, current, new)

    async def start_totp(self, session: Session) -> tuple[str, str]:
        """The secret and the `otpauth://` address of a second factor, which counts once it is confirmed."""
        return await self._credentials.start_totp(session)

    async def confirm_totp(self, session: Session, code: str) -> builtins.list[str]:
        """Begin to use it; gives the recovery codes, shown this once. Raises `Forbidden` (`totp_wrong`)."""
        return await self._credentials.confirm_totp(session, code)

    async def remove_totp(self, session: Session, password: str, code: str) -> None:
        """Go back to the password alone. Raises `Forbidden` (`confirmation_refused`, `totp_wrong`)."""
        await self._credentials.remove_totp(session, password, code)

    async def remove_second_factor(self, by: Principal, person_id: UUID, *, why: str | None = None) -> Person:
        """Take the second factor from somebody who has lost it; raises `NotFound`, `Forbidden`."""
        return await self._administration.remove_second_factor(by, person_id, why=why)

    # Invitations.

    async def invite(
        self, by: Principal, account_id: UUID, email: str, role: Role, language: Language
    ) -> NewInvitation:
        """Invite somebody to an account, by mail where there is a mail server; raises `Forbidden`, `Conflict`."""
        return await self._invitations.invite(by, account_id, email, role, language)

    async def invite_staff(
        self, by: Principal, email: str, staff_roles: Collection[StaffRole], language: Language
    ) -> NewInvitation:
        """Invite somebody to the staff; raises `Forbidden`, `Conflict`."""
        return await self._invitations.invite_staff(by, email, staff_roles, language)

    async def invitation(self, token: str) -> OpenInvitation:
        """What an invitation is about, by its link; raises `NotFound` (`link_not_valid`)."""
        return await self._invitations.of_link(token)

    async def invitation_by_id(self, invitation_id: UUID) -> Invitation:
        """An invitation by its id; raises `NotFound`."""
        return await self._invitations.one(invitation_id)

    async def accept_invitation(
        self, token: str, password: str, nickname: str | None, *, session: Session | None = None
    ) -> Person:
        """Follow it. Whoever is known here follows it in their session, and gives no password.

        Raises `NotFound` (`link_not_valid`), `Forbidden` (`sign_in_first`), `Conflict` (`member_elsewhere`).
        """
        return await self._invitations.accept(token, password, nickname, session=session)

    async def revoke_invitation(
        self, by: Principal, invitation_id: UUID, *, account_id: UUID | None = None
    ) -> Invitation:
        """End an invitation that was not followed; raises `NotFound`, also for another account's, or `Conflict`."""
        return await self._invitations.revoke(by, invitation_id, account_id=account_id)

    async def invitations(
        self, account_id: UUID | None, *, before: UUID | None = None, at_most: int = 100
    ) -> builtins.list[Invitation]:
        """Invitations to an account, or (None) to the staff, newest first."""
        return await self._invitations.list(account_id, before=before, at_most=at_most)

    # Looking after people.

    async def person(self, person_id: UUID) -> Person:
        """The person of that id; raises `NotFound`."""
        return await self._administration.person(person_id)

    async def of_member(self, member_id: UUID) -> Person | None:
        """The person that a member is; None for a member who never signs in."""
        return await self._administration.of_member(member_id)

    async def find(self, text: str) -> builtins.list[Person]:
        """Whoever an id, an address, a user number or a nickname names; nobody gives an empty list."""
        return await self._administration.find(text)

    async def list(
        self,
        after: UUID | None = None,
        at_most: int = 100,
        *,
        account_id: UUID | None = None,
        staff: bool = False,
    ) -> builtins.list[Person]:
        """People by id: all, those of an account, or staff; `after` is the last of the page before."""
        return await self._administration.list(after=after, at_most=at_most, account_id=account_id, staff=staff)

    async def update_profile(
        self,
        person_id: UUID,
        *,
        nickname: str | Keep | None = Keep.KEEP,
        language: Language | Keep | None = Keep.KEEP,
        time_zone: str | Keep | None = Keep.KEEP,
        theme: Theme | Keep = Keep.KEEP,
    ) -> Person:
        """Change what a person chooses for themselves; what is not given stays. Raises `InputError`."""
        return await self._administration.update_profile(
            person_id, nickname=nickname, language=language, time_zone=time_zone, theme=theme
        )

    async def change_email(self, by: Principal, person_id: UUID, email: str) -> Person:
        """Give somebody another address to sign in with; raises `NotFound`, `Forbidden`, `Conflict`."""
        return await self._administration.change_email(by, person_id, email)

    async def set_staff_roles(self, by: Principal, person_id: UUID, roles: Collection[StaffRole]) -> Person:
        """Give somebody just these roles; raises `Conflict` where no administrator would be left."""
        return await self._administration.set_staff_roles(by, person_id, roles)

    async def set_role(self, by: Principal, member_id: UUID, role: Role, *, account_id: UUID | None = None) -> Member:
        """Give a member a role; raises `Conflict` where no owner would be left, `NotFound` for another account's."""
        return await self._administration.set_role(by, member_id, role, account_id=account_id)

    async def disable(self, by: Principal, person_id: UUID, *, why: str | None = None) -> Person:
        """Keep somebody from signing in; their sessions end and their tokens rest. Raises `Conflict` as above."""
        return await self._administration.disable(by, person_id, why=why)

    async def enable(self, by: Principal, person_id: UUID, *, why: str | None = None) -> Person:
        """Undo `disable`."""
        return await self._administration.enable(by, person_id, why=why)

    async def add(self, newcomer: Newcomer, *, staff_roles: Collection[StaffRole] = ()) -> Person:
        """Add a person by hand, who signs in otherwise than by a password: for demos and tools.

        Whoever is a member already, by the address, becomes that member. Raises `Conflict`.
        """
        async with self._desk.database.unit_of_work() as connection:
            return await insert_newcomer(self._desk, connection, newcomer, staff_roles=frozenset(staff_roles))

    # The first administrator.

    async def first_administrator_link(self) -> str | None:
        """The link that makes the first administrator; None once one can sign in."""
        return await self._first.link()

    async def check_first_link(self, token: str) -> None:
        """Raise `NotFound` (`link_not_valid`) unless the link still makes an administrator."""
        await self._first.check(token)

    async def accept_first_link(self, token: str, email: str, password: str, nickname: str | None) -> Person:
        """Become the first administrator; raises `NotFound` (`link_not_valid`), `Conflict`, `InputError`."""
        return await self._first.accept(token, email, password, nickname)

    # Sign-in by a provider, and housekeeping.

    async def arrive(self, arrival: Arrival) -> Person:
        """Whoever a provider of sign-in says is there; raises `Forbidden` for those who may not come in (see `arrivals`)."""
        return await self._arrivals.arrive(arrival)

    async def clean(self) -> int:
        """Drop registrations and resets that nobody has followed, and throttles of those who have given up."""
        async with self._desk.database.unit_of_work() as connection:
            dropped = await links_store.delete_expired(connection, now=self._desk.clock.now(), at_most=_CLEAN_AT_ONCE)
        return dropped + await self._desk.throttle.clean()
