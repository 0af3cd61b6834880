"""The support desk on the real wiring, with customers whose records it searches and colleagues who work at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from console.callers import Customer, open_shop, with_key
from console.callers import Desk as Shop
from console.visitors import OPERATOR, House
from counterfoil.approvals.model import Approval
from counterfoil.bootstrap.services import Services
from counterfoil.bootstrap.support import Desk
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, StaffRole
from counterfoil.identity.model import MemberSettings
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import Scope
from counterfoil.recharge.model import Order, ProviderKind
from counterfoil.support.desk_model import CaseView
from counterfoil.support.intake_model import LinkView, Receipt, Sender, Submission
from counterfoil.support.model import Case, CaseEventKind, Channel
from recharge.till import configured

SENDER = Sender(address="198.51.100.7")
KIM = Principal(name="kim@desk.example", staff_roles=frozenset({StaffRole.SUPPORT}))
LEE = Principal(name="lee@desk.example", staff_roles=frozenset({StaffRole.SUPPORT}))
FINN = Principal(name="finn@desk.example", staff_roles=frozenset({StaffRole.FINANCE}))
ENGINEER = Principal(name="eve@desk.example", staff_roles=frozenset({StaffRole.ENGINEERING}))
UNIT = 1_000_000_000
PAYMENT = "62170011223344556677"


@dataclass(slots=True, kw_only=True)
class SupportDesk:
    """What customers, staff and the service itself do with cases."""

    services: Services
    house: House
    owner_url: str
    shop: Shop | None = None

    @property
    def desk(self) -> Desk:
        return self.services.desk

    # -- records -----------------------------------------------------------------------------------------------------

    async def account(self, name: str = "Acme", *, email: str = "lin@example.com", credit: int = 20) -> Account:
        account = await self.house.open_account(name, credit=credit)
        await self.services.members.add(
            account_id=account.account_id, settings=MemberSettings(email=email, nickname=email.partition("@")[0])
        )
        return account

    async def customer(self, name: str = "Acme", **account: Any) -> Customer:
        """An account with a member and a key, at a shop that serves calls."""
        if self.shop is None:
            self.shop = await open_shop(self.house)
        return await with_key(self.house, await self.account(name, **account))

    async def refused(self, name: str = "Acme", **account: Any) -> tuple[Customer, str]:
        """Somebody whose group's quota has refused a call: the 402 that every desk hears of."""
        customer = await self.customer(name, **account)
        assert self.shop is not None
        await self.shop.limit(customer, Scope.GROUP, 1)
        return customer, await self.shop.refused(customer)

    async def charged(self, name: str = "Acme", **account: Any) -> tuple[Customer, str]:
        """Somebody whose call was served and charged with 0.40 USD."""
        customer = await self.customer(name, **account)
        assert self.shop is not None
        return customer, await self.shop.served(customer)

    async def bank_order(self, account_id: UUID, amount: str = "700") -> Order:
        """An order in yuan that waits for its transfer; one yuan is 0.14 USD."""
        recharge = self.services.recharge
        if not await recharge.payment_providers.list():
            await recharge.payment_providers.add(configured(ProviderKind.BANK, {}))
            await recharge.recharge_terms.set_rate(
                paid_currency="CNY", wallet_currency="USD", rate=parse_nanos("0.14"), ratio=parse_nanos("1"), by="op"
            )
        return await recharge.orders.create(
            account_id=account_id, provider="bank", amount=parse_nanos(amount), currency="CNY", by="customer"
        )

    async def paid_order(self, account_id: UUID, amount: str = "700") -> Order:
        order = await self.bank_order(account_id, amount)
        approval = await self.services.recharge.order_refunds.propose_confirmation(
            order.order_id, number=PAYMENT, reason="seen", by="one@desk"
        )
        if approval.decided_at is None:
            await self.services.approvals.approve(approval.approval_id, by="two@desk")
        return await self.services.recharge.orders.order(order.order_id)

    async def posted(self, account_id: UUID) -> int:
        """What is in an account, in nanos."""
        return (await self.services.ledger.balance(account_id)).posted

    async def check_books(self) -> None:
        """Every law of the ledger holds over everything that was posted."""
        report = await self.services.ledger.verify([])
        assert report.verified, report.findings

    # -- cases -------------------------------------------------------------------------------------------------------

    async def sent(
        self,
        problem: str = "balance_not_enough",
        *,
        language: Language = Language.EN,
        sender: Sender = SENDER,
        **fields: str,
    ) -> tuple[Case, Receipt]:
        """A case that somebody has sent."""
        submission = Submission(
            problem=problem, language=language, channel=Channel.FORM, fields=tuple(fields.items())
        )  # fmt: skip
        receipt = await self.services.intake.send(submission, sender)
        assert isinstance(receipt, Receipt), receipt
        return await self.numbered(receipt.number), receipt

    async def diagnosed(self, problem: str = "balance_not_enough", **fields: Any) -> tuple[CaseView, Receipt]:
        case, receipt = await self.sent(problem, **fields)
        await self.desk.diagnosis.diagnose_due()
        return await self.view(case.case_id), receipt

    async def confirmed(self, problem: str, subject: str, **fields: Any) -> CaseView:
        """A case of which support has confirmed that it is about that record."""
        view, _ = await self.diagnosed(problem, **fields)
        await self.desk.cases.confirm(view.case.case_id, subject, principal=KIM)
        return await self.view(view.case.case_id)

    async def numbered(self, number: str) -> Case:
        async with self.services.database.reading() as connection:
            cursor = await connection.execute("SELECT case_id FROM cases WHERE number = %s", (number,))
            ((case_id,),) = await cursor.fetchall()
        return await self.desk.cases.case(case_id, principal=OPERATOR)

    async def view(self, case_id: UUID, principal: Principal = KIM) -> CaseView:
        return await self.desk.cases.view(case_id, principal=principal)

    async def events(self, case_id: UUID) -> list[CaseEventKind]:
        return [one.kind for one in (await self.view(case_id, OPERATOR)).events]

    async def answer(self, receipt: Receipt, **fields: str) -> LinkView:
        answered = await self.services.intake.answer(receipt.token, list(fields.items()), SENDER)
        assert isinstance(answered, LinkView), answered
        return answered

    async def approve(self, approval: Approval, by: Principal = FINN) -> Approval:
        return await self.services.approvals.approve(approval.approval_id, by=by.name)

    # -- tables ------------------------------------------------------------------------------------------------------

    async def rows(self, query: LiteralString, *arguments: Any) -> list[tuple[Any, ...]]:
        async with self.services.database.reading() as connection:
            return await (await connection.execute(query, arguments)).fetchall()

    async def told(self, kind: str) -> list[tuple[UUID | None, Mapping[str, str]]]:
        """What was announced, by account and with its facts."""
        found = await self.rows("SELECT account_id, facts FROM outbox WHERE kind = %s ORDER BY announcement_id", kind)
        return [(row[0], row[1]) for row in found]

    async def everything(self) -> str:
        """Every row of every table, as text."""
        rows: list[Any] = []
        async with await psycopg.AsyncConnection.connect(self.owner_url) as connection:
            tables = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (table,) in await tables.fetchall():
                rows += await (
                    await connection.execute(f'SELECT t::text FROM "{table}" t')  # type: ignore[arg-type]
                ).fetchall()
        return "\n".join(row[0] for row in rows)


def shown(order: Order) -> str:
    return show_id("order", order.order_id)


def minute(at: int) -> str:
    """A time as people write it: to the minute, in UTC."""
    return show_time(at)[:16].replace("T", " ") + " UTC"
