"""Redeemed codes against the credits that they brought, in plain Python: what the queries must agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from counterfoil.reconcile.matching.comparison import compare
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.payment_rows import credit_part, credit_row, credit_rows
from counterfoil.reconcile.matching.rules import CODE_CREDIT
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak, FoundMatch

Row = Mapping[str, Any]


def specify(rows: Mapping[str, Sequence[Row]], terms: Terms) -> Outcome:
    """Match `redemptions` and those of `credits` that name a code. Both commit together: no window is given."""
    breaks: list[FoundBreak] = []
    matches: list[FoundMatch] = []
    posted: dict[str, list[Row]] = defaultdict(list)
    for credit in rows["credits"]:
        if credit["cause_kind"] == "code":
            posted[credit["cause_id"]].append(credit)
    for code in rows["redemptions"]:
        credits_of_code = posted.pop(code["code_id"], [])
        breaks += _hold_code(code, credits_of_code)
        own = [credit for credit in credits_of_code if credit["account_id"] == code["account_id"]]
        if own:
            kept = compare(
                [credit_part(credit) for credit in own], expected=code["value"], currency=code["currency"], tolerance=0
            )
            matches.append(
                FoundMatch(
                    book=Book.CODES, rule=CODE_CREDIT.name, rule_version=CODE_CREDIT.version, ours=(code_row(code),),
                    theirs=kept.rows, currency=code["currency"],
                )
            )  # fmt: skip
    for credit in (credit for left in posted.values() for credit in left):
        breaks.append(
            FoundBreak(
                book=Book.CODES, break_class=BreakClass.MISSING_EXTERNAL, ours=(), theirs=(credit_row(credit),),
                source=None, account_id=UUID(hex=credit["account_id"]), currency=credit["currency"], expected=None,
                found=credit["amount"], at=credit["at"], rule=CODE_CREDIT.name,
            )
        )  # fmt: skip
    of_codes = sum(credit["cause_kind"] == "code" for credit in rows["credits"])
    return Outcome(
        breaks=breaks, matches=matches, counts={"redemptions": len(rows["redemptions"]), "credits": of_codes}
    )


def code_row(code: Row) -> str:
    return "code:" + str(code["code_id"])


def _hold_code(code: Row, posted: Sequence[Row]) -> list[FoundBreak]:
    """What is wrong with one redeemed code: credited to somebody else, not at all, otherwise, or twice."""
    foreign = [credit for credit in posted if credit["account_id"] != code["account_id"]]
    if foreign:
        found = sum(credit["amount"] for credit in foreign)
        return [_broken(code, BreakClass.WRONG_ACCOUNT, credit_rows(foreign), found=found)]
    if not posted:
        return [_broken(code, BreakClass.MISSING_INTERNAL, (), found=None)]
    parts = [credit_part(credit) for credit in posted]
    held = compare(parts, expected=code["value"], currency=code["currency"], tolerance=0)
    if held.break_class is not None:
        return [_broken(code, held.break_class, held.rows, found=held.found)]
    return [
        _broken(code, BreakClass.DUPLICATE_INTERNAL, (part.row,), expected=0, found=part.amount, at=part.at)
        for part in held.again
    ]


def _broken(
    code: Row,
    break_class: BreakClass,
    theirs: Sequence[str],
    *,
    found: int | None,
    expected: int | None = None,
    at: int | None = None,
) -> FoundBreak:
    return FoundBreak(
        book=Book.CODES, break_class=break_class, ours=(code_row(code),), theirs=tuple(sorted(theirs)), source=None,
        account_id=UUID(hex=code["account_id"]), currency=code["currency"],
        expected=code["value"] if expected is None else expected, found=found,
        at=code["redeemed_at"] if at is None else at, rule=CODE_CREDIT.name,
    )  # fmt: skip
