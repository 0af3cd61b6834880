"""Members' use cases: add, find, change and disable the people on an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.identity import people_store, store
from counterfoil.identity.access import Principal
from counterfoil.identity.desk import check_may_give
from counterfoil.identity.model import Member, MemberSettings, MemberStatus
from counterfoil.identity.rules import check_settings
from counterfoil.storage.database import Database

PAGE_MAX = 500
# A user number is a BIGINT; longer digits are a nickname or a mistake.
_USER_NUMBER_DIGITS_MAX = 18


class Members:
    """The people on accounts. None of this is on the path of a call."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, *, account_id: UUID, settings: MemberSettings) -> Member:
        """Add a member; raises `Conflict` where the installation knows the address, `NotFound` without the account."""
        checked = check_settings(settings)
        async with self._database.unit_of_work() as connection:
            return await store.insert_member(
                connection,
                member_id=self._clock.new_id(),
                account_id=account_id,
                email=checked.email,
                nickname=checked.nickname,
                created_at=self._clock.now(),
            )

    async def update(self, member_id: UUID, change: Callable[[MemberSettings], MemberSettings]) -> Member:
        """Give a member the settings that `change` makes of the present ones, read under the row's lock.

        Raises `Conflict` for an address that is another's, or that the member signs in with.
        """
        async with self._database.unit_of_work() as connection:
            member = await store.lock_member(connection, member_id)
            if member is None:
                raise _not_found(show_id("member", member_id))
            checked = check_settings(change(MemberSettings(email=member.email, nickname=member.nickname)))
            changed = replace(member, email=checked.email, nickname=checked.nickname)
            if changed.email != member.email and await people_store.find_by_member(connection, member_id) is not None:
                # Whoever may manage members could become any of them by giving them an address of their own.
                raise Conflict(code="member_signs_in")
            await store.update_member(connection, changed)
        return changed

    async def remove(self, member_id: UUID, *, by: Principal | None = None) -> Member:
        """Disable a member: requests and keys go on naming it.

        Raises `Conflict` for an account's last owner, and `Forbidden` where `by` is given and may not: owners are
        removed by owners.
        """
        async with self._database.unit_of_work() as connection:
            known = await _known(connection, member_id)
            if await people_store.lock_owners(connection, known.account_id) == {member_id}:
                raise Conflict(code="last_owner_stays")
            return await self._set_status(connection, member_id, MemberStatus.DISABLED, by=by)

    async def restore(self, member_id: UUID, *, by: Principal | None = None) -> Member:
        """Undo `remove`; raises `Forbidden` like it."""
        async with self._database.unit_of_work() as connection:
            return await self._set_status(connection, member_id, MemberStatus.ACTIVE, by=by)

    @staticmethod
    async def _set_status(
        connection: store.Connection, member_id: UUID, status: MemberStatus, *, by: Principal | None
    ) -> Member:
        member = await store.lock_member(connection, member_id)
        if member is None:
            raise _not_found(show_id("member", member_id))
        if by is not None:
            check_may_give(by, member.account_id, member.role)
        changed = replace(member, status=status)
        await store.update_member(connection, changed)
        return changed

    async def member(self, member_id: UUID, *, account_id: UUID | None = None) -> Member:
        """The member of that id; raises `NotFound`, also for another account's."""
        async with self._database.reading() as connection:
            member = await store.find_member(connection, member_id)
        if member is None or account_id not in (None, member.account_id):
            raise _not_found(show_id("member", member_id))
        return member

    async def by_email(self, email: str) -> Member:
        """The member of that address, however its letters are written; raises `NotFound`."""
        member = None
        if _can_be_asked(email):
            async with self._database.reading() as connection:
                member = await store.find_by_email(connection, email.strip())
        if member is None:
            raise _not_found(email[:100])
        return member

    async def by_user_number(self, user_number: int) -> Member:
        """The member of that number; raises `NotFound`."""
        async with self._database.reading() as connection:
            member = await store.find_by_user_number(connection, user_number)
        if member is None:
            raise _not_found(str(user_number))
        return member

    async def by_nickname(self, nickname: str) -> list[Member]:
        """Every member of that nickname, which several may share; upper and lower case are the same."""
        if not _can_be_asked(nickname):
            return []
        async with self._database.reading() as connection:
            return await store.find_by_nickname(connection, nickname.strip(), at_most=PAGE_MAX)

    async def find(self, text: str) -> list[Member]:
        """Whoever an id, an address, a user number or a nickname names; nobody gives an empty list."""
        cleaned = text.strip()
        shown = read_any_id(cleaned)
        try:
            if shown is not None and shown[0] == "member":
                return [await self.member(shown[1])]
            if "@" in cleaned:
                return [await self.by_email(cleaned)]
        except NotFound:
            return []
        named = await self.by_nickname(cleaned)
        number = cleaned.removeprefix("#")
        if not (number.isascii() and number.isdecimal() and len(number) <= _USER_NUMBER_DIGITS_MAX):
            return named
        async with self._database.reading() as connection:
            numbered = await store.find_by_user_number(connection, int(number))
        others = [member for member in named if numbered is None or member.member_id != numbered.member_id]
        return others if numbered is None else [numbered, *others]

    async def list(
        self, *, account_id: UUID | None = None, after: UUID | None = None, at_most: int = PAGE_MAX
    ) -> list[Member]:
        """Members of an account (None: of all) by id; `after` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.members_of(
                connection, account_id=account_id, after=after, at_most=max(1, min(at_most, PAGE_MAX))
            )


async def _known(connection: store.Connection, member_id: UUID) -> Member:
    known = await store.find_member(connection, member_id)
    if known is None:
        raise _not_found(show_id("member", member_id))
    return known


def _can_be_asked(text: str) -> bool:
    """Whether the database could hold such a text: it takes no NUL and no lone surrogates."""
    return text.strip().isprintable()


def _not_found(given: str) -> NotFound:
    return NotFound(what="member", id=given)
