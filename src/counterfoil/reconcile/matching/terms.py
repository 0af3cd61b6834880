"""What a run is told besides the rows: the day, and how each source behaves. Times and durations are UTC microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from counterfoil.foundation.currencies import from_minor, minor_digits

_HOUR = 3600 * 1_000_000
_DAY = 24 * _HOUR
# Banks give a day and no time: a payout may stand there before it was made.
BANK_EARLY = _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRate:
    """What a channel has agreed to keep of a payment: so many millionths of it and so much, `allowed` nanos either way.

    Channels round a fee to their smallest unit, some up and some down; `allowed` is one cent unless told otherwise.
    """

    share_millionths: int
    fixed: int = 0
    allowed: int = 10_000_000

    def fee_of(self, amount: int, *, payments: int = 1) -> int:
        """The fee in nanos of so many payments that come to an amount, rounded half up."""
        return (amount * self.share_millionths + 500_000) // 1_000_000 + self.fixed * payments

    def is_kept(self, amount: int, fee: int, *, payments: int = 1) -> bool:
        """Whether a fee is what was agreed."""
        return abs(fee - self.fee_of(amount, payments=payments)) <= self.allowed * payments


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The day from `start` to `end` (exclusive), closed at `now`; the rest is the operator's settings.

    The same terms and the same rows give the same result at any time: nothing depends on `now` but what is shown.
    """

    start: int
    end: int
    now: int
    # Sources whose statements of the day are here. Rows of other sources are not held against lines (the run is
    # inconclusive); None: all are here.
    sources: frozenset[str] | None = None
    # How long after a payment its line may come, per source.
    settling: Mapping[str, int] = field(default_factory=dict)
    settling_otherwise: int = _DAY
    # How long after a channel's payment our credit may come.
    crediting: int = _HOUR
    # How far amounts may differ, in the currency's smallest units; nothing where a currency is not named.
    tolerance: Mapping[str, int] = field(default_factory=dict)
    # How far apart two rows may be that are matched by amount alone.
    window: int = 6 * _HOUR
    # Agreed fees per source; where none is given, none is checked.
    fees: Mapping[str, FeeRate] = field(default_factory=dict)
    # Payment channel -> the bank account, also a source, that its payouts go to; and how long they take.
    payouts_to: Mapping[str, str] = field(default_factory=dict)
    payout_window: int = 5 * _DAY

    def settling_of(self, source: str) -> int:
        return self.settling.get(source, self.settling_otherwise)

    def tolerance_of(self, currency: str) -> int:
        """How far amounts of a currency may differ, in nanos."""
        return from_minor(self.tolerance.get(currency, 0), minor_digits(currency))

    def is_here(self, source: str) -> bool:
        """Whether the source's lines can be expected to be among the rows."""
        return self.sources is None or source in self.sources
