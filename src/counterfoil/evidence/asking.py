"""Who asks, and for whom the answer is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from counterfoil.evidence.model import Audience
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Amounts, Language, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """`account_id` is the account of whoever asks: of a customer always; of an operator where a customer has asked him."""

    language: Language
    audience: Audience
    account_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.audience is Audience.CUSTOMER and self.account_id is None:
            raise InputError(field="account_id", expected="the account of the customer who asks (acct_…)")

    @property
    def only(self) -> UUID | None:
        """The account that answers are restricted to: what belongs to others looks like what does not exist."""
        return self.account_id if self.audience is Audience.CUSTOMER else None

    def may_see(self, account_id: UUID | None) -> bool:
        return self.only is None or account_id == self.only

    def reader(self, *, currency: str, time_zone: str) -> Reader:
        """Whom the words are for."""
        if not self.audience.sees_amounts:
            # The account's time zone is the account's.
            return Reader(language=self.language, amounts=Amounts.HIDDEN)
        return Reader(language=self.language, amounts=Amounts.ALL, currency=currency, time_zone=time_zone)
