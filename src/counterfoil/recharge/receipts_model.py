"""What stands on a receipt: an order that was paid, and what of its money has gone back. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.recharge.model import Order, OrderRefund, RefundState

# A refund that has failed is none.
_UNDER_WAY = frozenset({RefundState.SENDING, RefundState.SENT, RefundState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An order as of `issued_at`. `refunds` are all of its refunds."""

    order: Order
    refunds: tuple[OrderRefund, ...]
    account_name: str
    time_zone: str
    operator_name: str
    issued_at: int

    @property
    def done(self) -> tuple[OrderRefund, ...]:
        """Refunds that have gone back, in their order."""
        return tuple(one for one in self.refunds if one.state is RefundState.SUCCEEDED)

    @property
    def refunded(self) -> int:
        """What has gone back for certain: nanos of the paid currency."""
        return sum(one.amount for one in self.done)

    @property
    def under_way(self) -> int:
        """What is to go back and may not have arrived yet."""
        return sum(one.amount for one in self.refunds if one.state in _UNDER_WAY)

    @property
    def net(self) -> int:
        """What was paid less what has gone back."""
        return self.order.amount - self.refunded
