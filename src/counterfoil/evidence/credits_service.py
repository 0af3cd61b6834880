"""Use cases of evidence: what became of a recharge order or a redemption code. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from counterfoil.evidence import credits_store, same_account_store, store
from counterfoil.evidence.asking import Asker
from counterfoil.evidence.code_credits import CodeRecords, of_code
from counterfoil.evidence.credits import KEY_MARGIN, NOTICE_MARGIN, GrantRow, OrderRecords, of_order
from counterfoil.evidence.findings import Finding, FindingCode
from counterfoil.evidence.model import Explanation
from counterfoil.evidence.money_explanations import explain_order, explain_redemption_code
from counterfoil.evidence.same_account import ClaimKind, SameAccountAnswer
from counterfoil.evidence.same_account_service import Given
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.recharge.codes_model import CodeView, Try
from counterfoil.recharge.model import Order
from counterfoil.recharge.service import OrderView
from counterfoil.storage.database import Connection, Database

_TRIES_MOST = 50


class FindsOrders(Protocol):
    """Where orders are found with their history (`recharge.service.Orders`)."""

    async def view(self, order_id: UUID) -> OrderView: ...


class FindsCodes(Protocol):
    """Where codes are found, by their ids or typed in full, and their tries (`recharge.codes_service.Codes`)."""

    async def code(self, code_id: UUID) -> CodeView: ...

    async def find(self, typed: str) -> CodeView: ...

    async def tries(
        self, *, account_id: UUID | None = None, code_id: UUID | None = None, before: UUID | None = None, most: int = 50
    ) -> list[Try]: ...


class ChecksAccounts(Protocol):
    """Whether what somebody names leads to one account (`same_account_service.SameAccount`)."""

    async def check(
        self, given: Sequence[Given], *, language: Language = Language.EN, account_id: UUID | None = None
    ) -> SameAccountAnswer: ...


class RechargeQuestions:
    """Answers "I recharged, and it is not there"."""

    def __init__(
        self, database: Database, clock: Clock, *, orders: FindsOrders, codes: FindsCodes, same_account: ChecksAccounts
    ) -> None:
        self._database = database
        self._clock = clock
        self._orders = orders
        self._codes = codes
        self._same_account = same_account

    # -- orders --------------------------------------------------------------------------------------------------

    async def order(self, order_id: UUID, asker: Asker, *, also: tuple[str, ...] = ()) -> Explanation:
        """What became of an order; raises `NotFound`, for a customer also where it is another account's."""
        records = await self._order_records(order_id, asker)
        async with self._database.reading() as connection:
            account = await store.account_facts(connection, records.order.account_id)
        time_zone = "UTC" if account is None else account.time_zone
        reader = asker.reader(currency=records.order.terms.wallet_currency, time_zone=time_zone)
        return explain_order(records, of_order(records), reader=reader, audience=asker.audience, also=also)

    async def uncredited(self, account_id: UUID, asker: Asker, *, start: int, end: int) -> list[Finding]:
        """What stands in the way of orders that an account made in a time and that were not simply credited."""
        async with self._database.reading() as connection:
            ids = await credits_store.orders_in(connection, account_id=account_id, start=start, end=end)
        found = [of_order(await self._order_records(order_id, asker))[0] for order_id in ids]
        return [one for one in found if one.code is not FindingCode.ORDER_CREDITED]

    async def _order_records(self, order_id: UUID, asker: Asker) -> OrderRecords:
        view = await self._orders.view(order_id)
        order = view.order
        if not asker.may_see(order.account_id):
            raise NotFound(code="order_not_found", order=show_id("order", order_id))
        payers, names = await self._accounts_of(order_id, asker)
        records = OrderRecords(
            order=order, events=view.events, notices=view.notices, refunds=view.refunds, disputes=view.disputes,
            siblings=view.siblings, alike=await self._paid_meanwhile(order), asking=asker.account_id,
            payers_accounts=payers, account_names=names,
        )  # fmt: skip
        async with self._database.reading() as connection:
            if not names:
                records = replace(
                    records, account_names=await same_account_store.names_of(connection, [order.account_id])
                )
            return await _with_money(connection, records)

    async def _paid_meanwhile(self, order: Order) -> list[Order]:
        """Other orders of the account, of the same amount and provider, that were paid while this one could have been."""
        if order.state.is_credited:
            return []
        async with self._database.reading() as connection:
            ids = await credits_store.orders_paid_between(
                connection, like=order.order_id, account_id=order.account_id, provider=order.provider,
                amount=order.amount, currency=order.currency, start=order.created_at, end=order.expires_at,
            )  # fmt: skip
        return [(await self._orders.view(one)).order for one in ids]

    async def _accounts_of(self, order_id: UUID, asker: Asker) -> tuple[Sequence[UUID], dict[UUID, str]]:
        """Same account? Every account that whoever paid has paid for, and the names of all that are involved.

        A customer is not told of accounts that are not theirs.
        """
        if asker.only is not None:
            return (), {}
        shown = show_id("order", order_id)
        given = [Given(kind=ClaimKind.ORDER, text=shown), Given(kind=ClaimKind.PAYER, text=shown)]
        if asker.account_id is not None:
            given.append(Given(kind=ClaimKind.ACCOUNT, text=show_id("account", asker.account_id)))
        answer = await self._same_account.check(given, language=asker.language)
        payers = [account for claim in answer.claims if claim.kind is ClaimKind.PAYER for account, _ in claim.accounts]
        return payers, {account: name for claim in answer.claims for account, name in claim.accounts}

    # -- codes ---------------------------------------------------------------------------------------------------

    async def code(self, code_id: UUID, asker: Asker, *, also: tuple[str, ...] = ()) -> Explanation:
        """What became of a code, by its id; raises `NotFound`, for a customer also where the account never had it."""
        view = await self._codes.code(code_id)
        records = await self._code_records(view, asker)
        if asker.only is not None and view.code.redeemed_by != asker.only and not records.tries:
            raise NotFound(code="code_not_found", redemption_code=show_id("code", code_id))
        return await self._explain_code(records, asker, also)

    async def typed_code(self, typed: str, asker: Asker, *, also: tuple[str, ...] = ()) -> Explanation:
        """What became of a code that was typed in full: whoever has it may know how it stands. Raises `NotFound`."""
        return await self._explain_code(await self._code_records(await self._codes.find(typed), asker), asker, also)

    async def masked_code(
        self, last_four: str, account_id: UUID, asker: Asker, *, also: tuple[str, ...] = ()
    ) -> Explanation:
        """What became of a code by its last four symbols, among those that an account has redeemed or tried.

        Raises `NotFound`, or `Conflict` where several end so.
        """
        async with self._database.reading() as connection:
            ids = await credits_store.codes_of_mask(connection, last_four, account_id=account_id)
        if not ids:
            raise NotFound(code="code_not_found")
        if len(ids) > 1:
            raise Conflict(code="subject_ambiguous", found=", ".join(show_id("code", one) for one in sorted(ids)[:10]))
        return await self.code(ids[0], asker, also=also)

    async def _code_records(self, view: CodeView, asker: Asker) -> CodeRecords:
        code = view.code
        tries = await self._codes.tries(code_id=code.code_id, account_id=asker.only, most=_TRIES_MOST)
        involved = {one.account_id for one in tries} | {one for one in (code.redeemed_by, asker.account_id) if one}
        async with self._database.reading() as connection:
            names = await same_account_store.names_of(connection, [one for one in involved if asker.may_see(one)])
            records = CodeRecords(
                view=view, tries=tries, asking=asker.account_id, to_customer=asker.only is not None, account_names=names
            )
            if code.redeemed_by is None or not asker.may_see(code.redeemed_by):
                return records
            grants = await credits_store.grants_of(
                connection, account_id=code.redeemed_by, source_kind="code", source_id=code.code_id.hex
            )
            keys = [f"credit:code:{code.code_id.hex}", *_end_keys(grants)]
            transfers = await store.transfers_of_operations(connection, account_id=code.redeemed_by, keys=keys)
        return replace(records, grants=grants, transfers=transfers)

    async def _explain_code(self, records: CodeRecords, asker: Asker, also: tuple[str, ...]) -> Explanation:
        account_id = asker.account_id or records.view.code.redeemed_by
        time_zone = "UTC"
        if account_id is not None:
            async with self._database.reading() as connection:
                account = await store.account_facts(connection, account_id)
            time_zone = time_zone if account is None else account.time_zone
        reader = asker.reader(currency=records.view.batch.settings.currency, time_zone=time_zone)
        return explain_redemption_code(records, of_code(records), reader=reader, audience=asker.audience, also=also)


async def _with_money(connection: Connection, records: OrderRecords) -> OrderRecords:
    """The records with what the ledger has of an order, and the notices that may be its own."""
    order, shown = records.order, show_id("order", records.order.order_id)
    grants = await credits_store.grants_of(
        connection, account_id=order.account_id, source_kind="order", source_id=shown
    )
    keys = [f"credit:order:{shown}", *_end_keys(grants)]
    keys += [f"{verb}:{one.refund_id.hex}" for one in records.refunds for verb in ("refund_cash", "restore_cash")]
    if records.begun_at is not None and not order.state.is_credited:
        refused = await credits_store.notices_not_believed(
            connection, provider=order.provider, start=records.begun_at, end=order.expires_at + NOTICE_MARGIN
        )
        # Before and after, our key may have been another.
        believed = bool(refused) and await credits_store.any_notice_believed(
            connection, provider=order.provider, start=min(one.first_at for one in refused),
            end=max(one.at for one in refused) + KEY_MARGIN,
        )  # fmt: skip
        records = replace(records, not_believed=refused, others_believed=believed)
    return replace(
        records, grants=grants, payments=await credits_store.payments_of(connection, order.order_id),
        transfers=await store.transfers_of_operations(connection, account_id=order.account_id, keys=keys),
    )  # fmt: skip


def _end_keys(grants: Sequence[GrantRow]) -> list[str]:
    """The operations by which grants have ended."""
    return [f"end:{one.grant_id.hex}" for one in grants]
