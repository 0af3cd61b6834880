"""Bank transfers: the customer is shown where to transfer to and what to write; people say that money has come.

Setting: `instructions`, the text that customers are shown; `{reference}` in it is where the reference goes, which is
otherwise added in a line of its own. Nothing is asked, and nothing notifies.
"""

from __future__ import annotations

from uuid import UUID

from counterfoil.foundation.errors import Forbidden
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.port import (
    PayBy,
    Payment,
    PayRequest,
    ProviderConfig,
    RawNotice,
    RefundAnswer,
    RefundOutcome,
    RefundRequest,
    Reply,
)

# Few banks take more than twenty; twelve hexadecimal digits of a UUIDv7's end are random.
REFERENCE_CHARACTERS = 12
_PLACE = "{reference}"


def reference_of(order_id: UUID) -> str:
    """What is written on a transfer: the last twelve characters of the order's number, to be compared in any case."""
    return order_id.hex[-REFERENCE_CHARACTERS:].upper()


class BankProvider:
    """One bank account of ours."""

    can_query = False
    repeats_refunds_safely = False

    def __init__(self, config: ProviderConfig) -> None:
        self._config = config

    @property
    def config(self) -> ProviderConfig:
        return self._config

    def read_notice(self, notice: RawNotice, *, now: int) -> Report:
        """Nobody can prove to be the bank."""
        raise Forbidden(code="notice_not_configured")

    def reply(self, *, accepted: bool) -> Reply:
        return Reply(status=200 if accepted else 400, content_type="text/plain; charset=utf-8", body=b"")

    async def start(self, request: PayRequest) -> tuple[Payment, str | None]:
        """Where to transfer to, with the order's reference."""
        text, reference = self._config.settings.get("instructions", ""), reference_of(request.order_id)
        shown = text.replace(_PLACE, reference) if _PLACE in text else f"{text.rstrip()}\n{reference}"
        return Payment(pay_by=PayBy.TRANSFER, content=shown.strip()), None

    async def query(self, request: PayRequest) -> Report:
        """Nothing is known but what people say."""
        return Report(said=Said.NOTHING, order_id=request.order_id, merchant=self._config.merchant)

    async def close(self, request: PayRequest) -> None:
        """Nothing can keep anybody from transferring."""

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """People transfer it back, and say so."""
        return RefundAnswer(outcome=RefundOutcome.PENDING)

    async def query_refund(self, request: RefundRequest) -> RefundAnswer:
        return RefundAnswer(outcome=RefundOutcome.PENDING)
