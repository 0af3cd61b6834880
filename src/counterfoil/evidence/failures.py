"""It failed, and was it charged? Told from the final state here, what the upstream said last, and the ledger. Pure.

The ledger has the last word: how the hold ended, what was charged, what was given back. Amounts are nanos, times UTC
microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from counterfoil.evidence.findings import Finding, FindingCode, Row
from counterfoil.evidence.model import Earlier
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.model import WALLET, HoldVerb, TransferCode
from counterfoil.spend.model import TASK_ENDPOINTS, ChargeMark, RequestState, RequestView, SubmissionView
from counterfoil.spend.submissions import is_loop
from counterfoil.tasks.model import DownloadState, TaskKind, TaskState, TaskView

_CHARGES = frozenset({TransferCode.CHARGE, TransferCode.OVERAGE})
# What went back of a charge: to the balance, or, where its payment is disputed, to where the money had come from.
_RETURNS = frozenset({TransferCode.REFUND, TransferCode.REFUND_TO_CLEARING})
_NOT_FETCHED = frozenset({DownloadState.AVAILABLE, DownloadState.EXPIRED})
_NOT_CARRIED_OUT = frozenset({RequestState.REFUSED, RequestState.REPEATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """A hold and how it ended; `verb` is None while it is open."""

    hold_id: UUID
    amount: int
    created_at: int
    expires_at: int
    verb: str | None = None
    reason: str | None = None
    ended_at: int | None = None
    captured: int = 0
    released: int = 0
    overage: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One posted movement, as far as evidence tells of it."""

    transfer_id: UUID
    debit: str
    credit: str
    amount: int
    code: str
    at: int
    grant_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgered:
    """What the ledger has of one request: its hold (None: nothing was ever held) and its transfers."""

    hold: HoldRow | None = None
    transfers: tuple[TransferRow, ...] = ()

    @property
    def charged(self) -> int:
        """What left the wallet, before anything was given back."""
        return sum(one.amount for one in self.transfers if one.code in _CHARGES and one.debit == WALLET)

    @property
    def returned(self) -> int:
        return sum(one.amount for one in self.transfers if one.code in _RETURNS)

    @property
    def returned_at(self) -> int | None:
        return max((one.at for one in self.transfers if one.code in _RETURNS), default=None)


def what_became(
    view: RequestView,
    task: TaskView | None,
    ledgered: Ledgered,
    *,
    copies: Sequence[RequestView] = (),
    earlier: Earlier | None = None,
) -> Finding:
    """The one answer: not charged, charged for what, given back, still open, or not known.

    `copies` are the other requests of the same submission; `earlier` the task that a repeated request was answered with.
    """
    hold = ledgered.hold
    if hold is None:
        return _not_charged(view, task, ledgered, copies, earlier)
    if hold.verb is None:
        return _open(view, task, ledgered, hold)
    if hold.verb == HoldVerb.EXPIRED and view.state != RequestState.SERVED_NOT_CHARGED:
        return _told(
            FindingCode.OUTCOME_UNKNOWN, view, ledgered, task=task, text="outcome_unknown_released",
            numbers=_released(hold),
        )  # fmt: skip
    charged, returned = ledgered.charged, ledgered.returned
    if not charged:
        return _not_charged(view, task, ledgered, copies, earlier)
    if _has_failed(view, task) and returned < charged:
        return _told(
            FindingCode.FAILED_BUT_CHARGED, view, ledgered, task=task, nanos=charged - returned,
            numbers={"charged_nanos": charged},
        )  # fmt: skip
    if returned:
        return _refunded(view, task, ledgered)
    return _charged(view, task, ledgered, hold)


def _has_failed(view: RequestView, task: TaskView | None) -> bool:
    if task is not None:
        return task.state in (TaskState.FAILED, TaskState.EXPIRED)
    return view.state == RequestState.FAILED


def _open(view: RequestView, task: TaskView | None, ledgered: Ledgered, hold: HoldRow) -> Finding:
    """Nothing is decided yet: the money is reserved."""
    unknown = task is not None and task.state is TaskState.UNKNOWN
    until = hold.expires_at if task is None else task.hold_expires_at
    return _told(
        FindingCode.OUTCOME_UNKNOWN if unknown else FindingCode.STILL_RUNNING, view, ledgered, task=task,
        nanos=hold.amount, numbers={"held_nanos": hold.amount, "until_at": until},
    )  # fmt: skip


def _not_charged(
    view: RequestView,
    task: TaskView | None,
    ledgered: Ledgered,
    copies: Sequence[RequestView],
    earlier: Earlier | None,
) -> Finding:
    charged = [one for one in copies if one.request_id != view.request_id and _kept(one) > 0]
    hold = ledgered.hold
    if view.state == RequestState.REPEATED and earlier is not None:
        copy = _row_of(earlier.request)
        return _told(
            FindingCode.NOT_CHARGED, view, ledgered, text="not_charged_repeated", names={"copy": copy.id}, rows=(copy,)
        )
    if charged:
        # What people see is a charge for the same thing: it is another copy's.
        rows = tuple(_row_of(one) for one in charged)
        return _told(
            FindingCode.NOT_CHARGED, view, ledgered, task=task, text="not_charged_copy", names={"copy": rows[0].id}, rows=rows,
            numbers={"copies_charged": len(charged), "copies_cost_nanos": sum(_kept(one) for one in charged)},
        )  # fmt: skip
    if hold is None or hold.verb == HoldVerb.CAPTURED:
        return _told(FindingCode.NOT_CHARGED, view, ledgered, task=task, text="not_charged_free")
    late = view.state == RequestState.SERVED_NOT_CHARGED
    return _told(
        FindingCode.NOT_CHARGED, view, ledgered, task=task, text="not_charged_late" if late else None,
        numbers=_released(hold),
    )  # fmt: skip


def _refunded(view: RequestView, task: TaskView | None, ledgered: Ledgered) -> Finding:
    charged, returned = ledgered.charged, ledgered.returned
    left = charged - returned
    numbers = {"charged_nanos": charged, "refunded_nanos": returned}
    if ledgered.returned_at is not None:
        numbers["refunded_at"] = ledgered.returned_at
    return _told(
        FindingCode.CHARGE_REFUNDED, view, ledgered, task=task, nanos=left, numbers=numbers,
        text="charge_refunded_partly" if left else None,
    )  # fmt: skip


def _charged(view: RequestView, task: TaskView | None, ledgered: Ledgered, hold: HoldRow) -> Finding:
    """Something was delivered, all of it or a part, and is charged."""
    charged, ended_at = ledgered.charged, view.ended_at or hold.ended_at or hold.created_at
    numbers = {"charged_nanos": charged, "held_nanos": hold.amount, "ended_at": ended_at}
    if task is not None and task.state is TaskState.CANCELLED:
        return _told(
            FindingCode.CHARGED_IN_PART, view, ledgered, task=task, nanos=charged, numbers=numbers,
            text="charged_in_part_cancelled",
        )  # fmt: skip
    asked = 0 if task is None else _asked(task)
    if task is not None and task.delivered is not None and 0 < task.delivered < asked:
        return _told(
            FindingCode.CHARGED_IN_PART, view, ledgered, task=task, nanos=charged,
            numbers={**numbers, "asked": asked, "delivered": task.delivered}, text="charged_in_part_delivered",
        )  # fmt: skip
    if view.state == RequestState.CLIENT_GONE and view.estimated:
        # The answer was cut off with its client: only what had been made is counted.
        return _told(FindingCode.CHARGED_IN_PART, view, ledgered, nanos=charged, numbers=numbers)
    text = None
    names: dict[str, str] = {}
    if view.state == RequestState.CLIENT_GONE:
        text = "charged_for_delivery_gone"
    elif task is not None and not task.direct and task.download_state in _NOT_FETCHED:
        text, names = "charged_for_delivery_waiting", {"download_state": str(task.download_state)}
    return _told(
        FindingCode.CHARGED_FOR_DELIVERY, view, ledgered, task=task, nanos=charged, numbers=numbers, names=names, text=text
    )  # fmt: skip


def _asked(task: TaskView) -> int:
    return task.count * (task.duration_seconds or 0) if task.kind is TaskKind.VIDEO else task.count


def _released(hold: HoldRow) -> dict[str, int]:
    return {"held_nanos": hold.amount, "released_at": hold.ended_at or hold.expires_at}


def _told(
    code: FindingCode,
    view: RequestView,
    ledgered: Ledgered,
    *,
    task: TaskView | None = None,
    nanos: int = 0,
    numbers: dict[str, int] | None = None,
    names: dict[str, str] | None = None,
    text: str | None = None,
    rows: tuple[Row, ...] = (),
) -> Finding:
    """A finding about this request, with its records and the ledger's behind it."""
    named = {} if names is None else names
    if task is not None:
        named = {**named, "task_state": str(task.state)}
    return Finding(
        code=code, nanos=nanos, currency=view.currency, numbers={} if numbers is None else numbers,
        names={**named, "request_state": view.state}, rows=(*_own_rows(view, task, ledgered), *rows), text=text,
    )  # fmt: skip


def _own_rows(view: RequestView, task: TaskView | None, ledgered: Ledgered) -> Iterable[Row]:
    if task is not None:
        yield Row(kind="task", id=show_id("task", task.task_id), at=task.ended_at or task.created_at)
    else:
        yield Row(kind="request", id=show_id("request", view.request_id), at=view.received_at)
    hold = ledgered.hold
    if hold is not None:
        # A hold has its request's id.
        yield Row(kind="hold", id=show_id("request", hold.hold_id), at=hold.created_at, nanos=hold.amount)
    for one in ledgered.transfers:
        yield transfer_row(one)


def transfer_row(one: TransferRow) -> Row:
    """A transfer as evidence: negative where it left the wallet."""
    nanos = -one.amount if one.debit == WALLET else one.amount
    return Row(kind="transfer", id=show_id("transfer", one.transfer_id), at=one.at, nanos=nanos)


def _row_of(view: RequestView) -> Row:
    kind = "task" if view.endpoint in TASK_ENDPOINTS and view.state not in _NOT_CARRIED_OUT else "request"
    return Row(kind=kind, id=show_id(kind, view.request_id), at=view.received_at, nanos=_kept(view))


def _kept(view: RequestView) -> int:
    """What a request has cost in the end."""
    return view.charged_nanos - view.refunded_nanos


def of_submission(view: SubmissionView) -> Finding:
    """What several copies come to: too many of them charged, or one, or none."""
    charged = [one for one in view.requests if _kept(one) > 0]
    extra = sum(_kept(one) for one in charged[1:])
    rows = tuple(_row_of(one) for one in view.requests)
    open_copies = [one for one in view.requests if one.charge_mark == ChargeMark.HELD]
    if extra:
        return _too_many(view, extra=extra, charged=len(charged), rows=rows)
    if charged:
        numbers = {"charged_nanos": view.charged_nanos, "copies": view.copies}
        return Finding(
            code=FindingCode.CHARGED_FOR_DELIVERY, nanos=view.charged_nanos, currency=view.currency, numbers=numbers,
            rows=rows, text="charged_for_delivery_once",
        )  # fmt: skip
    if open_copies:
        return Finding(
            code=FindingCode.STILL_RUNNING, nanos=view.held_nanos, currency=view.currency,
            numbers={"open_copies": len(open_copies)}, rows=rows, text="still_running_copies",
        )  # fmt: skip
    return Finding(
        code=FindingCode.NOT_CHARGED, currency=view.currency, numbers={"copies": view.copies}, rows=rows,
        text="not_charged_copies",
    )  # fmt: skip


def _too_many(view: SubmissionView, *, extra: int, charged: int, rows: tuple[Row, ...]) -> Finding:
    code = FindingCode.DUPLICATE_SUBMISSIONS
    if is_loop(view.copies):
        code = FindingCode.SCRIPT_LOOP
    elif view.retries > view.duplicates:
        code = FindingCode.RETRY_SPIKE
    numbers = {"copies": view.copies, "copies_charged": charged, "extra_nanos": extra}
    return Finding(
        code=code, nanos=extra, currency=view.currency, numbers=numbers, rows=rows, text="copies_charged"
    )  # fmt: skip
