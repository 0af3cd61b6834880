"""Why a refused request was refused: each cause is tested by recomputing the decision without it. Pure.

The numbers are those of that moment: what the recorded checks say, less what a cause had taken of them. A check about
money that failed lacked an amount; without a cause it passes where the cause's relief, alone or together with that of
others, is no less. In a limit's window relief is a sum. In the wallet it is one too, unless a grant expired, was frozen
or ended in between: then the account's money is gone through again (`causes_replay`). All else is as it was: others hold
and cost what they did, and what was refused before stays refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import combinations
from operator import or_
from typing import NamedTuple

from counterfoil.evidence.causes_model import Failing, Moment, Suspect, Turn, TurnAt, Without
from counterfoil.evidence.causes_replay import Replay
from counterfoil.evidence.causes_suspects import is_money, is_wallet, own_causes, suspects_of
from counterfoil.evidence.findings import Confidence, Finding, FindingCode
from counterfoil.limits.model import Check

# What nobody has done wrong: a limit or a balance that ordinary use has used up, a request that costs much, requests that
# are still running. Of two explanations with as many causes the one with fewer of these says more.
_ORDINARY = frozenset(
    {
        FindingCode.BALANCE_EXHAUSTED, FindingCode.ACCOUNT_LIMIT_REACHED, FindingCode.GROUP_QUOTA_REACHED,
        FindingCode.KEY_LIMIT_REACHED, FindingCode.HIGH_COST_TASK, FindingCode.HELD_IN_FLIGHT,
    }
)  # fmt: skip
# The order in which people check them.
_ORDER = (
    FindingCode.REFUSED_FOR_ITS_CODE, FindingCode.BALANCE_EXHAUSTED, FindingCode.ACCOUNT_LIMIT_REACHED,
    FindingCode.GROUP_QUOTA_REACHED, FindingCode.KEY_LIMIT_REACHED, FindingCode.MODEL_NOT_PERMITTED,
    FindingCode.HIGH_COST_TASK, FindingCode.CREDIT_EXPIRED, FindingCode.CREDIT_FROZEN,
    FindingCode.DUPLICATE_SUBMISSIONS, FindingCode.RETRY_SPIKE, FindingCode.HELD_IN_FLIGHT,
)  # fmt: skip
_RANK = {code: rank for rank, code in enumerate(_ORDER)}


class Outcome(NamedTuple):
    """Whether the request would have passed, and whether that is certain."""

    passes: bool
    certain: bool


class Relief(NamedTuple):
    nanos: int
    exact: bool


def failing_of(checks: Iterable[Check]) -> tuple[Failing, ...]:
    """The checks that failed, in their order, with what those about money lacked."""
    return tuple(Failing(check=check, short=_short(check)) for check in checks if not check.passed)


def _short(check: Check) -> int:
    if not is_money(check):
        return 0
    if is_wallet(check):
        return (check.needed or 0) - (check.remaining or 0)
    return (check.used or 0) + (check.held or 0) + (check.needed or 0) - (check.amount or 0)


@dataclass(frozen=True)
class Case:
    """A moment with the checks that failed in it, and what they can have come from."""

    moment: Moment

    @cached_property
    def failing(self) -> tuple[Failing, ...]:
        return failing_of(self.moment.checks)

    @cached_property
    def suspects(self) -> list[Suspect]:
        return suspects_of(self.moment, self.failing)

    @cached_property
    def turns(self) -> _Turns:
        return _Turns(self.moment.turns)


def turned_since(case: Case) -> int | None:
    """From when on the account's money has to be gone through again, at the latest, to tell anything of what the wallet
    would have had; None where nothing turned in between, so that sums tell it."""
    if not any(is_wallet(one.check) for one in case.failing):
        return None
    # What is left out together begins no later than the one of them that comes first, which turned alone as well.
    since = [one.since for one in case.suspects if one.since is not None and case.turns.came_after([one])]
    return max(since, default=None)


def findings_of(case: Case, replay: Replay | None = None) -> list[Finding]:
    """What explains the refusal: first the fewest causes that together do, biggest first; then what would have been enough
    as well; then what would still have left it refused."""
    suspects = case.suspects
    recount = _Recount(case, replay)
    owns = own_causes(case.moment, case.failing)
    if recount.wallet_is_explained(suspects):
        owns = [one for one in owns if one.code is not FindingCode.BALANCE_EXHAUSTED]
    everything = _merged([*owns, *suspects])
    chosen = recount.fewest(everything)
    findings = [recount.finding(one, chosen) for one in everything]
    return sorted(
        (one for one in findings if one is not None),
        key=lambda one: (not one.enough_together, not one.enough_alone, -one.nanos, _RANK[one.code]),
    )


def _merged(everything: list[Suspect]) -> list[Suspect]:
    """A request that costs much may fail a ceiling and the wallet: that is one cause."""
    high = [one for one in everything if one.code is FindingCode.HIGH_COST_TASK]
    if len(high) < 2:
        return everything
    one = replace(
        high[0], relief=high[-1].relief, covers=reduce(or_, (each.covers for each in high)),
        numbers={**high[0].numbers, **high[-1].numbers}, rows=tuple(row for each in high for row in each.rows),
    )  # fmt: skip
    return [one, *(each for each in everything if each.code is not FindingCode.HIGH_COST_TASK)]


class _Turns:
    """When turns came; asked about for every choice of causes, and gone through once for each that leaves turns out."""

    def __init__(self, turns: Sequence[TurnAt]) -> None:
        self._turns = turns
        self._last: dict[tuple[FindingCode, ...], int] = {}

    def came_after(self, chosen: Iterable[Suspect]) -> bool:
        """Whether a turn came in after the first of these that is not itself left out with them."""
        touching = [one for one in chosen if one.since is not None]
        if not touching:
            return False
        return self._last_besides(touching) >= min(one.since or 0 for one in touching)

    def _last_besides(self, touching: Iterable[Suspect]) -> int:
        """When the last turn came that is not left out; before all times where there is none."""
        leaving = [one for one in touching if one.expiries or one.freezes]
        key = tuple(one.code for one in leaving)
        if key not in self._last:
            without = _without(leaving)
            self._last[key] = max((turn.at for turn in self._turns if not _left_out(turn, without)), default=-1)
        return self._last[key]


def _without(chosen: Iterable[Suspect]) -> Without:
    return reduce(or_, (one.without for one in chosen), Without())


def _left_out(turn: TurnAt, without: Without) -> bool:
    if turn.turn is Turn.EXPIRY:
        return turn.grant_id in without.expiries
    return turn.turn is Turn.FREEZE and turn.event_no in without.freezes


class _Recount:
    """Decides again without some causes."""

    def __init__(self, case: Case, replay: Replay | None) -> None:
        self._moment = case.moment
        self._failing = case.failing
        self._turns = case.turns
        self._replay = replay

    def without(self, chosen: Sequence[Suspect]) -> Outcome:
        covered = {place for one in chosen for place in one.covers}
        whole = all(one.whole for one in chosen)
        certain = True
        failed = []
        for place, failing in enumerate(self._failing):
            if place in covered:
                continue
            relief = self.relief(place, chosen)
            if not is_money(failing.check):
                failed.append(True)
            elif relief.nanos < failing.short:
                failed.append(relief.exact and whole)
            else:
                certain = certain and relief.exact
        return Outcome(passes=False, certain=any(failed)) if failed else Outcome(passes=True, certain=certain)

    def relief(self, place: int, chosen: Sequence[Suspect]) -> Relief:
        """By how much a check would have been better off without these."""
        total = sum(one.relief.get(place, 0) for one in chosen)
        if not is_wallet(self._failing[place].check) or not self._turns.came_after(chosen):
            return Relief(total, exact=True)
        touching = [one for one in chosen if one.since is not None]
        if self._replay is None or not self._replay.reaches(min(one.since or 0 for one in touching)):
            return Relief(total, exact=False)
        spendable = self._replay.spendable_without(_without(touching))
        if spendable is None:
            return Relief(total, exact=False)
        needless = sum(one.relief.get(place, 0) for one in chosen if one.since is None)
        return Relief(needless + spendable - (self._failing[place].check.remaining or 0), exact=True)

    def wallet_is_explained(self, suspects: Sequence[Suspect]) -> bool:
        """Whether what had taken money, or taken it away, was all that the wallet lacked."""
        return all(
            self.relief(place, suspects).nanos >= failing.short
            for place, failing in enumerate(self._failing)
            if is_wallet(failing.check)
        )

    def fewest(self, everything: Sequence[Suspect]) -> tuple[Suspect, ...]:
        """The fewest of these without which the request would have passed."""
        given = {place for one in everything for place in one.relief}
        needed = tuple(one for one in everything if one.covers - given)
        others = [one for one in everything if not one.covers - given]
        for size in range(len(others) + 1):
            passing = [chosen for more in combinations(others, size) if self.without(chosen := (*needed, *more)).passes]
            if passing:
                return min(passing, key=self._strength)
        return ()

    def _strength(self, chosen: Sequence[Suspect]) -> tuple[int, int, list[int]]:
        ordinary = sum(one.code in _ORDINARY for one in chosen)
        return ordinary, -sum(self._size(one) for one in chosen), [_RANK[one.code] for one in chosen]

    def _size(self, one: Suspect) -> int:
        """How much of the matter it is: what it took from where it took most, or what the check lacked that it is."""
        reliefs = [self.relief(place, [one]).nanos for place in one.relief]
        return max([*reliefs, *(self._failing[place].short for place in one.covers)], default=0)

    def finding(self, one: Suspect, chosen: Sequence[Suspect]) -> Finding | None:
        """The cause in numbers; None where nothing would have been different without it."""
        together = one in chosen
        size = self._size(one)
        if not one.covers and size <= 0 and not together:
            return None
        alone = self.without([one])
        certain = alone.certain and (not together or self.without(chosen).certain)
        check = self._failing[self._place_of(one)].check
        numbers = dict(one.numbers)
        if is_money(check):
            numbers |= {
                "needed": check.needed or 0, "available": check.remaining or 0,
                "shortfall": self._failing[self._place_of(one)].short,
            }  # fmt: skip
        return Finding(
            code=one.code, confidence=Confidence.CERTAIN if certain else Confidence.LIKELY, nanos=max(0, size),
            currency=self._moment.currency, numbers=numbers, names={"check": check.code, **one.names},
            enough_alone=alone.passes, enough_together=together, rows=one.rows,
        )  # fmt: skip

    def _place_of(self, one: Suspect) -> int:
        """The check that it is told with: the one that it is, or where it took most."""
        if one.covers:
            return min(one.covers)
        return max(one.relief, key=lambda place: (self.relief(place, [one]).nanos, -place))
