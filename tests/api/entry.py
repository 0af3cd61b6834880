"""Signing in, built as the real wiring does, with hashing that costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher

from counterfoil.foundation.clock import Clock
from counterfoil.identity.audit import Audit
from counterfoil.identity.factors import SecondFactors
from counterfoil.identity.mails import Mailer, Mails
from counterfoil.identity.passwords import Passwords
from counterfoil.identity.people_service import People, PeopleSettings
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.throttle import Throttle
from counterfoil.identity.tokens import Tokens
from counterfoil.ledger.service import Ledger
from counterfoil.redaction.rules import redact
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.idempotency import IdempotencyKeys

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The use cases of people."""

    people: People
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    idempotency: IdempotencyKeys


class Postbox:
    """Where mails arrive instead of at a mail server."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, tuple[str, ...]]] = []

    async def send(self, email: str, title: str, lines: Sequence[str]) -> bool:
        self.mails.append((email, title, tuple(lines)))
        return True


def open_entry(
    database: Database,
    clock: Clock,
    data_directory: DataDirectory,
    ledger: Ledger,
    public_url: str,
    *,
    mailer: Mailer | None = None,
    registration: bool = False,
) -> Entry:
    audit = Audit(database, clock=clock, redact=redact)
    passwords = Passwords(CHEAP)
    factors = SecondFactors(database, clock=clock, sealer=data_directory, issuer="The Desk")
    throttle = Throttle(database, clock=clock, secret=data_directory.derive(b"throttle"))
    return Entry(
        people=People(
            database, clock=clock, ledger=ledger, passwords=passwords, factors=factors, throttle=throttle,
            mails=Mails(mailer, operator_name="The Desk"), audit=audit, folder=data_directory.path,
            settings=PeopleSettings(
                public_url=public_url, operator_name="The Desk", registration=registration
            ),
        ),
        sessions=Sessions(
            database, clock=clock, passwords=passwords, factors=factors, throttle=throttle, audit=audit
        ),
        tokens=Tokens(database, clock=clock, audit=audit),
        audit=audit,
        idempotency=IdempotencyKeys(database, clock=clock, sealing=data_directory),
    )  # fmt: skip
