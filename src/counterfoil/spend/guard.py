"""Spend's guard: what a call needs besides money, decided and written in the ledger's own transaction.

It composes limits' part (keys, groups, limits, usage) with its own (the request's row and its attempts). What it keeps
of an account is an `AccountState` in the engine's cache entry, valid for the account's revision like the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.ledger.guard import Denial, Entry, Permit
from counterfoil.ledger.model import Authorize, Capture, Expire, Hold, HoldCommand, HoldEnd, HoldVerb, Void
from counterfoil.limits import store as limits_store
from counterfoil.limits.account_limits import AccountLimits, usage_columns
from counterfoil.limits.model import Applicable, Ask, Check, Counted, Decision, Problem, Scope, WalletView, Windows
from counterfoil.limits.usage import pack_counted, unpack_counted
from counterfoil.spend import store
from counterfoil.spend.copies import AccountCopies, CopyReads, CopyRows
from counterfoil.spend.model import Attempt, ChargeMark, FirstCopy, RefusedCall, Repeated, RequestState, Ticket
from counterfoil.spend.records import Delivered, Failed, ask_of, attempt_row, checks_json, multiplier_of, standing_json
from counterfoil.spend.submissions import Copy, Judgement
from counterfoil.storage.pipeline import Call, Rows, Statement

_MINUTE = 60_000_000
# Refusals whose identical repetitions within a minute share a row (L5).
_SHARED = frozenset({"too_many_in_flight", "rate_limited"})
_NOTHING_COUNTED: tuple[Counted, ...] = ()
# The answer to a copy whose Idempotency-Key names a task: not served again, and not refused.
_REPEATED = "repeated"
_DUPLICATE = "duplicate_submission"
_NO_CHECKS = '{"checks":[]}'

# A row of another room, written in the same transaction: a statement of whole columns, `account_id` first, and one row.
Along = tuple[Statement, tuple[Any, ...]]


@dataclass(slots=True)
class AccountState:
    """What the guard knows of one account."""

    limits: AccountLimits
    copies: AccountCopies = field(default_factory=AccountCopies)
    # What each open hold counted, as far as it has been seen.
    counted: dict[UUID, tuple[Counted, ...]] = field(default_factory=dict)
    # By key and code: the minute and request whose row identical refusals share.
    shared: dict[tuple[UUID, str], tuple[int, UUID]] = field(default_factory=dict)
    # Keys that the directory knows and the database does not: looked for once.
    missing_keys: set[UUID] = field(default_factory=set)


class SpendGuard:
    """The guard of one batch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked_keys: list[tuple[UUID, UUID]] = []
        self._asked_holds: list[tuple[UUID, UUID]] = []
        self._asked_copies = CopyReads()
        self._trimmed = False
        # Accounts whose state was known when reads were asked: their rows are additions to it.
        self._additions: set[UUID] = set()
        self._read_at = 0
        self._touched: dict[UUID, AccountState] = {}
        self._opened: list[tuple[Any, ...]] = []
        self._ended: list[tuple[Any, ...]] = []
        self._attempts: list[tuple[Any, ...]] = []
        self._repeats: dict[tuple[UUID, UUID], int] = {}
        self._along: dict[Statement, list[tuple[Any, ...]]] = {}

    # -- reading -----------------------------------------------------------------------------------------------

    def reads(self, wanted: Sequence[tuple[UUID, Entry | None, Sequence[HoldCommand]]]) -> list[Call]:
        keys: dict[tuple[UUID, UUID], None] = {}
        holds: list[tuple[UUID, UUID]] = []
        self._additions = set()
        self._asked_copies = CopyReads()
        for account_id, entry, commands in wanted:
            state: AccountState | None = entry.guard if entry is not None else None
            if state is not None:
                self._additions.add(account_id)
                if not self._trimmed:
                    state.copies.trim()
            for command in commands:
                if isinstance(command, Authorize):
                    key_id = command.guarded.caller.key_id
                    if state is None or not (state.limits.knows(key_id) or key_id in state.missing_keys):
                        keys[account_id, key_id] = None
                    arrival = command.guarded.arrival
                    self._asked_copies.want(account_id, arrival, state.copies if state is not None else None)
                elif state is None or command.hold_id not in state.counted:
                    holds.append((account_id, command.hold_id))
        self._asked_keys, self._asked_holds = list(keys), holds
        calls: list[Call] = []
        if self._asked_keys:
            self._read_at = self._clock.now()
            calls += limits_store.reads(self._asked_keys, at=self._read_at)
        if holds:
            calls.append((store.COUNTED, ([account_id for account_id, _ in holds], [hold_id for _, hold_id in holds])))
        # Once a batch: what has been read for it stays.
        self._trimmed = True
        return calls + self._asked_copies.calls(now=self._clock.now())

    def absorb(self, rows: Sequence[Rows], entries: dict[UUID, Entry]) -> None:
        remaining = list(rows)
        asked_accounts = {account_id for account_id, _ in (*self._asked_keys, *self._asked_holds)}
        asked_accounts |= self._asked_copies.accounts
        states: dict[UUID, AccountState] = {}
        for account_id in asked_accounts:
            entry = entries.get(account_id)
            if entry is None:
                continue
            if entry.guard is None:
                if account_id in self._additions:
                    continue  # the cached state turned out stale: these rows are not all of it, and will be read again
                limits = AccountLimits(account_id=account_id, time_zone=entry.wallet.time_zone)
                entry.guard = AccountState(limits=limits)
            states[account_id] = entry.guard
        if self._asked_keys:
            self._absorb_keys(remaining.pop(0), remaining.pop(0), states)
        if self._asked_holds:
            for account_id, hold_id, counted in remaining.pop(0):
                if account_id in states:
                    states[account_id].counted[hold_id] = unpack_counted(bytes(counted))
            for account_id, hold_id in self._asked_holds:
                if account_id in states:
                    states[account_id].counted.setdefault(hold_id, _NOTHING_COUNTED)
        self._asked_copies.absorb(remaining, {account_id: state.copies for account_id, state in states.items()})

    def _absorb_keys(self, keys: Rows, limits: Rows, states: dict[UUID, AccountState]) -> None:
        keys_of: dict[UUID, list[Any]] = {}
        for row in keys:
            account_id, *key = limits_store.read_key_and_group(row)
            keys_of.setdefault(account_id, []).append(key)
        limits_of: dict[UUID, list[Any]] = {}
        for row in limits:
            account_id, limit, usage = limits_store.read_limit_and_usage(row)
            limits_of.setdefault(account_id, []).append((limit, usage))
        for account_id, state in states.items():
            state.limits.load(
                keys=keys_of.get(account_id, ()), limits=limits_of.get(account_id, ()), read_at=self._read_at
            )
        for account_id, key_id in self._asked_keys:
            if account_id in states and not states[account_id].limits.knows(key_id):
                states[account_id].missing_keys.add(key_id)

    # -- deciding ----------------------------------------------------------------------------------------------

    def authorize(
        self, entry: Entry, command: Authorize, *, spendable: int, now: int, event_no: int
    ) -> Permit | Denial:
        state: AccountState = entry.guard
        ticket: Ticket = command.guarded
        arrival, caller = ticket.arrival, ticket.caller
        limits = state.limits
        if not limits.knows(caller.key_id):
            return self._unknown_key(entry, state, command, now, event_no)
        applicable = limits.applicable(caller.key_id, now)
        wallet = WalletView(
            spendable=spendable, currency=entry.wallet.currency, account_status=entry.wallet.status,
            held=entry.wallet.held,
        )  # fmt: skip
        ask, problems = ask_of(ticket, applicable, entry.wallet.currency)
        windows = limits.windows(now)
        ticket.show_balance = applicable.key.show_balance
        ticket.multiplier_millis = multiplier_of(applicable)
        self._touched[command.account_id] = state
        judgement = state.copies.judge(arrival, rule=applicable.duplicates, now=now)
        if judgement is not None and judgement.against is not None:
            problem = Problem(code=judgement.code or _DUPLICATE, retry_after=judgement.retry_after)
            problems = (*problems, problem)
        if ask is not None and not problems and arrival.model is not None:
            passed = limits.admit(
                ask, wallet=wallet, key_id=caller.key_id, model=arrival.model, client_address=arrival.client_address,
                token_hash=caller.token_hash, now=now,
            )  # fmt: skip
            if passed is not None:
                return self._hold(entry, command, applicable, windows, ask, passed, judgement, spendable, now, event_no)
        decision = limits.decide(
            ask, wallet=wallet, key_id=caller.key_id, model=arrival.model, client_address=arrival.client_address,
            token_hash=caller.token_hash, now=now, problems=problems,
        )  # fmt: skip
        if judgement is not None and judgement.repeats and decision.code == _DUPLICATE:
            return self._repeat(entry, state, command, applicable, judgement, now, event_no)
        return self._refuse(entry, state, command, applicable, decision, now, event_no, judgement)

    def _hold(
        self,
        entry: Entry,
        command: Authorize,
        applicable: Applicable,
        windows: Windows,
        ask: Ask,
        passed: tuple[int, int],
        judgement: Judgement | None,
        spendable: int,
        now: int,
        event_no: int,
    ) -> Permit:
        state: AccountState = entry.guard
        ticket: Ticket = command.guarded
        cap, nanos = passed
        checks = standing_json(applicable, state.limits.usages, windows, spendable)
        counted = state.limits.hold(
            key_id=ticket.caller.key_id, needed_nanos=nanos, needed_tokens=ask.tokens(cap), now=now
        )
        state.counted[command.hold_id] = counted
        ticket.output_cap, ticket.spendable = cap, spendable - nanos
        if ticket.along is not None:
            statement, row = ticket.along
            self._along.setdefault(statement, []).append(row)
        self._opened.append(
            self._row(
                entry,
                command,
                applicable,
                now=now,
                event_no=event_no,
                cap=cap,
                needed=nanos,
                held=nanos,
                counted=pack_counted(counted),
                checks=checks,
                state=RequestState.HELD,
                mark=ChargeMark.HELD,
                code=None,
                judgement=judgement,
            )
        )
        return Permit(amount=nanos)

    def _repeat(
        self,
        entry: Entry,
        state: AccountState,
        command: Authorize,
        applicable: Applicable,
        judgement: Judgement,
        now: int,
        event_no: int,
    ) -> Denial:
        """The task that is there is given again: the arrival is written down, and nothing held for it."""
        ticket: Ticket = command.guarded
        assert judgement.against is not None
        self._opened.append(
            self._row(
                entry,
                command,
                applicable,
                now=now,
                event_no=event_no,
                cap=None,
                needed=None,
                held=0,
                counted=b"",
                checks=_NO_CHECKS,
                state=RequestState.REPEATED,
                mark=ChargeMark.NOT_CHARGED,
                code=None,
                judgement=judgement,
            )
        )
        ticket.repeated = Repeated(
            request_id=command.hold_id, task_id=judgement.against.request_id, caller=ticket.caller
        )
        return Denial(code=_REPEATED, needed=0)

    def _refuse(
        self,
        entry: Entry,
        state: AccountState,
        command: Authorize,
        applicable: Applicable | None,
        decision: Decision,
        now: int,
        event_no: int,
        judgement: Judgement | None = None,
    ) -> Denial:
        ticket: Ticket = command.guarded
        code = decision.code or "internal_error"
        # The dearest price times the highest tier for the longest answers does not fit a BIGINT.
        needed = None if decision.needed_nanos is None else min(decision.needed_nanos, LARGEST_NANOS)
        request_id = command.hold_id
        recorded = True
        if code in _SHARED:
            minute = now - now % _MINUTE
            shared = state.shared.get((ticket.caller.key_id, code))
            if shared is not None and shared[0] == minute:
                request_id, recorded = shared[1], False
                repeated = (command.account_id, request_id)
                self._repeats[repeated] = self._repeats.get(repeated, 0) + 1
            else:
                state.shared[ticket.caller.key_id, code] = (minute, request_id)
        if recorded:
            self._opened.append(
                self._row(
                    entry,
                    command,
                    applicable,
                    now=now,
                    event_no=event_no,
                    cap=None,
                    needed=needed,
                    held=0,
                    counted=b"",
                    checks=checks_json(decision),
                    state=RequestState.REFUSED,
                    mark=ChargeMark.NOT_CHARGED,
                    code=code,
                    judgement=judgement,
                )
            )
        against = judgement.against if judgement is not None else None
        ticket.refused = RefusedCall(
            request_id=request_id, decision=decision, show_balance=ticket.show_balance,
            first=_first_copy(against, entry.wallet.currency) if against is not None else None,
        )  # fmt: skip
        return Denial(code=code, needed=needed or 0, recorded=recorded)

    def _unknown_key(self, entry: Entry, state: AccountState, command: Authorize, now: int, event_no: int) -> Denial:
        """The directory led here and the key is gone: as invalid as one that never was, and recorded (L5)."""
        check = Check(scope=Scope.KEY, code="key_invalid", passed=False)
        decision = Decision(code="key_invalid", currency=entry.wallet.currency, checks=(check,))
        return self._refuse(entry, state, command, None, decision, now, event_no)

    def _row(
        self,
        entry: Entry,
        command: Authorize,
        applicable: Applicable | None,
        *,
        now: int,
        event_no: int,
        cap: int | None,
        needed: int | None,
        held: int,
        counted: bytes,
        checks: str,
        state: RequestState,
        mark: ChargeMark,
        code: str | None,
        judgement: Judgement | None = None,
    ) -> tuple[Any, ...]:
        """A new request's columns, in the order of `store.INSERT_REQUESTS`; its submission counts it."""
        ticket: Ticket = command.guarded
        arrival, price = ticket.arrival, ticket.price
        submission_id = verdict = first_id = None
        if judgement is not None:
            copies: AccountCopies = entry.guard.copies
            submission_id = copies.enter(arrival, ticket.caller, judgement, state=state, now=now)
            verdict = judgement.verdict
            first_id = judgement.against.request_id if judgement.against is not None else None
        key = applicable.key if applicable is not None else None
        group = applicable.group if applicable is not None else None
        return (
            command.account_id, command.hold_id, event_no, ticket.caller.key_id, key.mask if key else "",
            group.group_id if group else None, key.member_id if key else None, arrival.endpoint, arrival.model,
            price.tier if price else None, arrival.stream, arrival.client, arrival.client_address,
            arrival.retry_count, len(entry.holds), arrival.received_at, now, cap, needed, held,
            price.version_id if price else None, ticket.multiplier_millis, counted, checks, state, mark, code,
            None, None, submission_id, verdict, first_id,
        )  # fmt: skip

    def ended(self, entry: Entry, command: Capture | Void | Expire, held: Hold | None, end: HoldEnd, now: int) -> None:
        state: AccountState | None = entry.guard
        if held is None:
            self._too_late(command, end)
            return
        self._write_along(command)
        counted = state.counted.pop(command.hold_id, _NOTHING_COUNTED) if state is not None else _NOTHING_COUNTED
        if state is None:
            return
        self._touched[command.account_id] = state
        detail = command.guarded
        if isinstance(command, Capture) and isinstance(detail, Delivered):
            state.limits.settle(counted, charged_nanos=end.charged, actual_tokens=detail.tokens)
            self._end(state, detail.row(end))
            self._add_attempts(command, detail.delivery.attempts, detail.costs)
            return
        state.limits.release(counted)
        if isinstance(detail, Failed):
            self._end(state, detail.row(end))
            self._add_attempts(command, detail.failure.attempts, detail.costs)
        else:
            what = RequestState.UNKNOWN if isinstance(command, Expire) else RequestState.CLIENT_GONE
            row = (
                command.account_id, command.hold_id, what, ChargeMark.NOT_CHARGED, end.reason, None, None, now, 0,
                end.uncollected, None, None, False, None,
            )  # fmt: skip
            self._end(state, row)

    def _end(self, state: AccountState, row: tuple[Any, ...]) -> None:
        """Write a request's end down; `row` has the columns of `store.END_REQUESTS`."""
        self._ended.append(row)
        state.copies.ended(row[1], state=row[2], charge_mark=row[3], charged_nanos=row[8])

    def _write_along(self, command: Capture | Void | Expire) -> None:
        detail = command.guarded
        if isinstance(detail, Delivered | Failed):
            for statement, row in detail.along:
                self._along.setdefault(statement, []).append(row)

    def _too_late(self, command: Capture | Void | Expire, end: HoldEnd) -> None:
        """What comes after the hold expired charges nothing, and tells what became of the request after all."""
        detail = command.guarded
        if end.verb is not HoldVerb.EXPIRED:
            return
        self._write_along(command)
        if isinstance(detail, Delivered):
            row = detail.row(end)
            self._ended.append((*row[:2], RequestState.SERVED_NOT_CHARGED, ChargeMark.NOT_CHARGED, *row[4:]))
            self._add_attempts(command, detail.delivery.attempts, detail.costs)
        elif isinstance(detail, Failed):
            self._ended.append(detail.row(end))
            self._add_attempts(command, detail.failure.attempts, detail.costs)

    def _add_attempts(
        self, command: Capture | Void | Expire, attempts: Sequence[Attempt], costs: Sequence[int | None]
    ) -> None:
        for attempt, cost in zip_longest(attempts, costs):
            self._attempts.append(attempt_row(command.account_id, command.hold_id, attempt, cost))

    # -- writing -----------------------------------------------------------------------------------------------

    def writes(self) -> list[Call]:
        calls: list[Call] = []
        for statement, rows in (
            (store.INSERT_REQUESTS, self._opened),
            (store.END_REQUESTS, self._ended),
            (store.INSERT_ATTEMPTS, self._attempts),
            *self._along.items(),
        ):
            if rows:
                calls.append((statement, list(zip(*rows, strict=True))))
        if self._repeats:
            pairs = list(self._repeats)
            columns = ([a for a, _ in pairs], [r for _, r in pairs], list(self._repeats.values()))
            calls.append((store.REPEAT_REQUESTS, columns))
        totals, additions, copies = usage_columns(), usage_columns(), CopyRows()
        for account_id, state in self._touched.items():
            state.limits.take_writes(totals=totals, additions=additions)
            state.copies.take_writes(account_id, copies)
        calls += copies.calls()
        if totals[0]:
            calls.append((limits_store.SET_USAGES, totals))
        if additions[0]:
            calls.append((limits_store.ADD_TO_USAGES, additions))
        return calls


def _first_copy(copy: Copy, currency: str) -> FirstCopy:
    return FirstCopy(
        request_id=copy.request_id, is_task=copy.is_task, state=copy.state, charge_mark=copy.charge_mark,
        charged_nanos=copy.charged_nanos, currency=currency,
    )  # fmt: skip
