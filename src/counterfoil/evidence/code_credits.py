"""Redeemed, not credited: what is true of a redemption code now, from its state and every try to redeem it. Pure.

Amounts are nanos, times UTC microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from counterfoil.evidence.credits import GrantRow, credit_rows, left_of, show_account, with_expired
from counterfoil.evidence.failures import TransferRow
from counterfoil.evidence.findings import Confidence, Finding, FindingCode, Row
from counterfoil.foundation.ids import show_id
from counterfoil.recharge.codes_model import CodeState, CodeView, Try, TryOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRecords:
    """Everything on record of a redemption code. `asking` is the account of whoever asks, if it is known; `tries` are of
    this code, newest first. `to_customer`: of another account nothing is told, not even when it redeemed the code."""

    view: CodeView
    tries: Sequence[Try] = ()
    grants: Sequence[GrantRow] = ()
    transfers: Sequence[TransferRow] = ()
    asking: UUID | None = None
    to_customer: bool = False
    account_names: Mapping[UUID, str] = field(default_factory=dict)

    def name(self, account_id: UUID) -> str:
        return show_account(account_id, self.account_names)


def of_code(records: CodeRecords) -> list[Finding]:
    """What became of a redemption code, the weightiest first; never nothing."""
    match records.view.state:
        case CodeState.REDEEMED:
            return _of_redeemed(records)
        case CodeState.EXPIRED:
            at = records.view.batch.settings.expires_at
            return [_unredeemed(records, FindingCode.CODE_EXPIRED, {} if at is None else {"expired_at": at})]
        case CodeState.VOIDED:
            at = records.view.code.voided_at
            return [_unredeemed(records, FindingCode.CODE_VOIDED, {} if at is None else {"voided_at": at})]
    last = next((one for one in _own_tries(records) if one.outcome is not TryOutcome.REDEEMED), None)
    if last is None:
        return [_unredeemed(records, FindingCode.CODE_NOT_REDEEMED, {})]
    told = _unredeemed(records, FindingCode.CODE_NOT_REDEEMED, {"tried_at": last.last_at})
    names = {**told.names, "error": str(last.outcome)}
    return [replace(told, names=names, text="code_not_redeemed_tried")]


def _of_redeemed(records: CodeRecords) -> list[Finding]:
    code = records.view.code
    assert code.redeemed_by is not None
    if records.asking is not None and records.asking != code.redeemed_by:
        return [_elsewhere(records, records.asking)]
    found = []
    late = next((one for one in records.tries if one.outcome is TryOutcome.USED_ELSEWHERE), None)
    if records.asking is None and late is not None:
        # Whoever was told that it is used is whoever misses the credit.
        elsewhere = _elsewhere(records, late.account_id)
        found.append(
            replace(
                elsewhere,
                confidence=Confidence.LIKELY,
                numbers={**elsewhere.numbers, "tried_at": late.last_at},
                text="code_redeemed_elsewhere_tried",
            )
        )
    return [*found, *with_expired(_redeemed(records), records.grants, records.transfers)]


def _elsewhere(records: CodeRecords, asking: UUID) -> Finding:
    """Another account has it than the one that asks."""
    found = _redeemed(records)
    if records.to_customer:
        code = records.view.code
        return replace(
            found, code=FindingCode.CODE_REDEEMED_ELSEWHERE, text="code_redeemed_elsewhere_customer",
            numbers={"credited_nanos": found.nanos}, names={"code": code.mask},
            rows=(Row(kind="code", id=show_id("code", code.code_id)), *_try_rows(_own_tries(records))),
        )  # fmt: skip
    return replace(
        found, code=FindingCode.CODE_REDEEMED_ELSEWHERE, text=None,
        names={**found.names, "asking_account": records.name(asking)},
        rows=(_code_row(records.view), *_try_rows(records.tries)),
    )  # fmt: skip


def _redeemed(records: CodeRecords) -> Finding:
    code, settings = records.view.code, records.view.batch.settings
    assert code.redeemed_by is not None
    assert code.redeemed_at is not None
    left = left_of(records.grants)
    return Finding(
        code=FindingCode.CODE_REDEEMED, nanos=settings.value, currency=settings.currency,
        numbers={"credited_nanos": settings.value, "redeemed_at": code.redeemed_at, "left_nanos": left},
        names={"code": code.mask, "account": records.name(code.redeemed_by)},
        rows=(
            _code_row(records.view), *_try_rows(records.tries), *credit_rows(records.grants, records.transfers),
        ),
        text=None if left else "code_redeemed_spent",
    )  # fmt: skip


def _unredeemed(records: CodeRecords, code: FindingCode, numbers: Mapping[str, int]) -> Finding:
    settings = records.view.batch.settings
    return Finding(
        code=code, nanos=settings.value, currency=settings.currency, numbers={"credited_nanos": settings.value, **numbers},
        names={"code": records.view.code.mask}, rows=(_code_row(records.view), *_try_rows(_own_tries(records))),
    )  # fmt: skip


def _own_tries(records: CodeRecords) -> list[Try]:
    """The tries of whoever asks; all of them where that is nobody in particular."""
    return [one for one in records.tries if records.asking in (None, one.account_id)]


def _code_row(view: CodeView) -> Row:
    return Row(kind="code", id=show_id("code", view.code.code_id), at=view.code.redeemed_at or view.batch.created_at)


def _try_rows(tries: Iterable[Try]) -> Iterable[Row]:
    return (Row(kind="code_try", id=show_id("code_try", one.try_id), at=one.last_at) for one in tries)
