"""The whole house: calls, recharges and codes of the same customers, and a desk that answers every question about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.evidence.findings import FindingCode
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.service import Evidence
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.service import Members
from counterfoil.ledger.model import GrantKind
from counterfoil.limits.directory import KeyDirectory
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.codes_service import Codes
from counterfoil.recharge.model import Order
from counterfoil.sandbox.payments.model import SentNotice
from counterfoil.sandbox.payments.process import PaymentsProcess
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from evidence.desk import STATUSES, Desk, open_desk
from recharge.till import Till, open_till, raw_of

NANOS = 1_000_000_000
SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    clock: ManualClock
    database: Database
    desk: Desk
    till: Till
    codes: Codes
    evidence: Evidence
    payments: PaymentsProcess

    # -- recharges -----------------------------------------------------------------------------------------------

    async def account(self, name: str) -> UUID:
        return (await self.desk.ledger.open_account(name=name)).account_id

    async def begun(self, account_id: UUID, kind: str = "epay", amount: str = "10") -> Order:
        """An order that somebody is about to pay."""
        return await self.till.begun(account_id, kind, amount)

    def paid(self, order: Order, kind: str = "epay", **notice: Any) -> list[SentNotice]:
        """Somebody pays; the notices that tell of it, not delivered yet."""
        self.payments.pay(kind, order.number)
        return self.payments.notify(kind, order.number, send=False, **notice)

    async def deliver(self, notices: list[SentNotice], kind: str = "epay") -> None:
        for notice in notices:
            await self.till.notices.accept(kind, raw_of(notice))

    async def credited(self, account_id: UUID, kind: str = "epay", amount: str = "10") -> Order:
        order = await self.begun(account_id, kind, amount)
        await self.deliver(self.paid(order, kind), kind)
        return await self.till.orders.order(order.order_id)

    # -- codes ---------------------------------------------------------------------------------------------------

    async def code(self, **settings: Any) -> str:
        """A new code, worth 5 dollars unless something else is said."""
        made = {"name": "spring", "value": 5 * NANOS, "currency": "USD", "count": 1, "kind": GrantKind.PROMOTIONAL}
        return (await self.codes.create(BatchSettings(**{**made, **settings}), by="Ann")).codes[0]

    async def code_id(self, code: str) -> str:
        return show_id("code", (await self.codes.find(code)).code.code_id)

    # -- asking --------------------------------------------------------------------------------------------------

    async def ask(self, subject: str, *, asking: UUID | None = None, language: Language = Language.EN) -> Explanation:
        """An operator asks; `asking` is the account of the customer who has asked him."""
        return await self.evidence.explain(subject, language=language, audience=Audience.OPERATOR, account_id=asking)

    async def customer_asks(self, account_id: UUID, subject: str, *, language: Language = Language.EN) -> Explanation:
        return await self.evidence.explain(
            subject, language=language, audience=Audience.CUSTOMER, account_id=account_id
        )

    async def found(self, subject: str, *, asking: UUID | None = None) -> list[FindingCode]:
        """What an operator is told, the weightiest first; whole in both languages."""
        for language in Language:
            assert_told(await self.ask(subject, asking=asking, language=language))
        return [one.code for one in (await self.ask(subject, asking=asking)).findings]


def assert_told(told: Explanation) -> None:
    """Every finding is understandable alone: what is so, what to do now, who does it, and where that is explained."""
    assert told.findings
    for one in told.findings:
        for words in (one.label, one.text, one.owner_label, one.how_to_go_back, one.confidence_label, *one.next_steps):
            assert words.strip()
            assert "{" not in words
        assert one.article.startswith("/help/")
        assert one.owner
        is_chinese = told.language is Language.ZH
        for words in (one.label, one.text, *one.next_steps, *([one.would_have] if one.would_have else [])):
            assert any("\u4e00" <= sign <= "\u9fff" for sign in words) is is_chinese, words
        assert one.text[-1] in ("。" if is_chinese else ".")


@asynccontextmanager
async def open_house(
    database: Database,
    database_url: str,
    owner_url: str,
    clock: ManualClock,
    data_directory: DataDirectory,
    folder: Path,
    payments: PaymentsProcess,
) -> AsyncIterator[House]:
    async with (
        open_desk(database, database_url, clock, data_directory) as desk,
        open_till(database_url, owner_url, clock, folder, payments=payments) as till,
    ):
        codes = Codes(database, ledger=desk.ledger, clock=clock, secret=bytes(32))
        evidence = build_evidence(
            database=database, clock=clock, ledger=desk.ledger, spend=desk.spend, tasks=desk.tasks, orders=till.orders,
            codes=codes, members=Members(database, clock=clock), directory=KeyDirectory(database, clock),
            limits=desk.limits, statuses=STATUSES,
        )  # fmt: skip
        yield House(
            clock=clock, database=database, desk=desk, till=till, codes=codes, evidence=evidence, payments=payments
        )
