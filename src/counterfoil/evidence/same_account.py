"""Same account? Whether what somebody names (a member, an order, a code, a key) leads to one account. Pure.

It is asked first when something "was not credited": paid, redeemed, signed in and called with are four things, and may be
four accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, Language, entry, text

# A clue that leads to more accounts than this tells nothing, however many they are.
ACCOUNTS_SHOWN_MAX = 20


class ClaimKind(StrEnum):
    """What can be named, in the order in which it counts: the first of two equals is what the others are held against."""

    # An account by its id or name.
    ACCOUNT = "account"
    # A person: signed in or named by e-mail address, nickname or user number.
    MEMBER = "member"
    # The account that an order is for.
    ORDER = "order"
    # Every account that whoever paid this order has paid for.
    PAYER = "payer"
    # The account that has redeemed a code.
    CODE = "code"
    # A key by its id, its mask or its token.
    KEY = "key"
    # A request, a task or a submission.
    REQUEST = "request"


class SameAccountVerdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    # Something was not found, or leads to several accounts.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that was named. `given` is what may be shown of it; `accounts` where it leads: none, it was not found."""

    kind: ClaimKind
    given: str
    accounts: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on claims, and which of them lead elsewhere than the rest, nowhere, or to several accounts."""

    verdict: SameAccountVerdict
    differing: tuple[Claim, ...] = ()
    missing: tuple[Claim, ...] = ()
    ambiguous: tuple[Claim, ...] = ()


def judge(claims: Sequence[Claim]) -> Judgement:
    """Whether all claims lead to one account.

    They differ where no account is among those of every claim that was found, however many of the others were not; what
    is held against what, is the account that most of them lead to. Otherwise one that was not found, or that leads to
    several accounts, leaves it unknown.
    """
    found = [claim for claim in claims if claim.accounts]
    reference = _reference(found)
    differing = tuple(claim for claim in found if reference not in claim.accounts)
    missing = tuple(claim for claim in claims if not claim.accounts)
    ambiguous = tuple(claim for claim in found if len(claim.accounts) > 1)
    verdict = SameAccountVerdict.SAME
    if differing:
        verdict = SameAccountVerdict.DIFFERENT
    elif missing or ambiguous or not found:
        verdict = SameAccountVerdict.UNKNOWN
    return Judgement(verdict=verdict, differing=differing, missing=missing, ambiguous=ambiguous)


def _reference(found: Iterable[Claim]) -> UUID | None:
    """The account that most claims lead to; among equals the one that leads nowhere else, then the first named."""
    in_order = sorted(found, key=lambda claim: list(ClaimKind).index(claim.kind))
    named, alone = Counter[UUID](), Counter[UUID]()
    for claim in in_order:
        named.update(claim.accounts)
        if len(claim.accounts) == 1:
            alone.update(claim.accounts)
    # `max` keeps the first of equals, and a counter the order in which it met them.
    return max(named, key=lambda account: (named[account], alone[account]), default=None)


def as_seen_by(account_id: UUID, claims: Iterable[Claim]) -> list[Claim]:
    """The claims as a customer of that account may see them: what is not theirs looks like what does not exist."""
    own = (account_id,)
    return [replace(claim, accounts=own if account_id in claim.accounts else ()) for claim in claims]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownClaim:
    """A claim in one language, with the names of its accounts."""

    kind: ClaimKind
    label: str
    given: str
    accounts: tuple[tuple[UUID, str], ...]
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAccountAnswer:
    """The verdict in words. `details` name the claims that lead elsewhere, were not found, or lead to several accounts."""

    verdict: SameAccountVerdict
    language: Language
    label: str
    answer: str
    details: tuple[str, ...]
    claims: tuple[ShownClaim, ...]
    next_steps: tuple[str, ...]
    how_to_go_back: str
    owner: str
    article: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "verdict": str(self.verdict),
            "language": str(self.language),
            "label": self.label,
            "answer": self.answer,
            "details": list(self.details),
            "claims": [_claim_dict(claim) for claim in self.claims],
            "differs": [str(claim.kind) for claim in self.claims if claim.differs],
            "not_found": [str(claim.kind) for claim in self.claims if not claim.accounts],
            "several": [str(claim.kind) for claim in self.claims if len(claim.accounts) > 1],
            "next_steps": list(self.next_steps),
            "how_to_go_back": self.how_to_go_back,
            "owner": self.owner,
            "article": self.article,
        }


def word(
    claims: Sequence[Claim], *, names: Mapping[UUID, str], language: Language, to_customer: bool = False
) -> SameAccountAnswer:
    """The answer on these claims; `names` are those of the accounts that they lead to.

    To a customer (whose claims are as `as_seen_by` gives them) a claim that was not found may exist elsewhere, and the
    words say no more than that it is not theirs.
    """
    judgement = judge(claims)
    words = entry(Kind.SAME_ACCOUNT_VERDICT, judgement.verdict)
    details = (
        ("claims_elsewhere", judgement.differing),
        ("claims_not_yours" if to_customer else "claims_not_found", judgement.missing),
        ("claims_of_several", judgement.ambiguous),
    )
    return SameAccountAnswer(
        verdict=judgement.verdict,
        language=language,
        label=words.label[language],
        answer=words.explanation[language],
        details=tuple(
            text(Kind.WORD, code, language, claims=_listed(group, language)) for code, group in details if group
        ),
        claims=tuple(
            ShownClaim(
                kind=claim.kind, label=_label(claim, language), given=claim.given,
                accounts=tuple((account, names.get(account, "")) for account in claim.accounts[:ACCOUNTS_SHOWN_MAX]),
                differs=claim in judgement.differing,
            )
            for claim in claims
        ),
        next_steps=(words.next_step.where_to_look[language], words.next_step.what_to_change[language]),
        how_to_go_back=words.next_step.how_to_go_back[language],
        owner=str(words.owner),
        article=words.article,
    )  # fmt: skip


def _label(claim: Claim, language: Language) -> str:
    return entry(Kind.ACCOUNT_CLAIM, claim.kind).label[language]


def _listed(claims: Iterable[Claim], language: Language) -> str:
    separator = "、" if language is Language.ZH else ", "
    return separator.join(f"{_label(claim, language)} {claim.given}" for claim in claims)


def _claim_dict(claim: ShownClaim) -> dict[str, Any]:
    return {
        "kind": str(claim.kind),
        "label": claim.label,
        "given": claim.given,
        "found": bool(claim.accounts),
        "differs": claim.differs,
        "accounts": [
            {"account_id": show_id("account", account_id), "name": name} for account_id, name in claim.accounts
        ],
    }
