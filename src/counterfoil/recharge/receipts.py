"""Receipts of orders that were paid: one page of HTML that loads nothing, for the screen and for printing."""

from __future__ import annotations

from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.service import Ledger
from counterfoil.recharge import refunds_store, store
from counterfoil.recharge.receipts_model import Receipt
from counterfoil.storage.database import Database


class Receipts:
    """Makes receipts. They are not kept: each says how the order stands when it is made."""

    def __init__(self, database: Database, *, ledger: Ledger, clock: Clock, operator_name: str) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._operator_name = operator_name

    async def receipt(self, order_id: UUID) -> Receipt:
        """What stands on the receipt of an order; raises `NotFound`, `Conflict` (`order_not_paid`)."""
        async with self._database.reading() as connection:
            order = await store.read_order(connection, order_id)
            if order is None:
                raise NotFound(code="order_not_found", order=show_id("order", order_id))
            if not order.state.is_credited:
                raise Conflict(code="order_not_paid", order=show_id("order", order_id), state=str(order.state))
            refunds = await refunds_store.read_refunds(connection, order_id)
        account = await self._ledger.account(order.account_id)
        return Receipt(
            order=order, refunds=tuple(refunds), account_name=account.name, time_zone=account.time_zone,
            operator_name=self._operator_name, issued_at=self._clock.now(),
        )  # fmt: skip

    async def page(self, order_id: UUID, language: Language) -> str:
        """The receipt of an order as HTML; raises what `receipt` raises."""
        # Imported here: templates are needed by this alone, and take longer to import than most commands run.
        from counterfoil.recharge.receipt_page import render

        return render(await self.receipt(order_id), language)
