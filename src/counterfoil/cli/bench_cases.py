"""`counterfoil bench cases`: a month of tickets about staged incidents comes in, and what the desk makes of each is counted.

Tickets go through the real intake and the real diagnosis. What each is about is known by how it was staged; that stays on
this side, and nothing of it comes into the room. A record is found where it is the first of the candidates; a cause is
right where the explanation beside the case names what was staged: of a refusal the fewest causes that together explain it,
all of them and no other; of anything else the first finding. A ticket that fits several records of its reporter alike is
counted apart: no more can be asked than that its record is among the first three and nothing is confirmed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from counterfoil.cli import bench_cases_store as store
from counterfoil.cli.bench_cases_alikes import Made
from counterfoil.cli.bench_cases_apart import is_ambiguous
from counterfoil.cli.bench_cases_counts import Measured, Miss
from counterfoil.cli.bench_cases_model import Happened, Reporter, Ticket, Truth, Way, Wording
from counterfoil.cli.bench_cases_people import People
from counterfoil.cli.bench_cases_tickets import (
    BALANCE,
    FAILED,
    FELL,
    RECHARGE,
    error_elsewhere,
    pasted_text,
    write_ticket,
)
from counterfoil.cli.bench_cases_worded_tickets import write_worded
from counterfoil.cli.bench_cases_wordings import FRESH, HELD_OUT
from counterfoil.cli.bench_incidents import SCRIPTS, stage_incidents
from counterfoil.cli.bench_incidents_customers import Customer
from counterfoil.cli.bench_incidents_model import Asked, Named, Question, Script
from counterfoil.cli.bench_incidents_stage import Stage, open_stage
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.service import Evidence
from counterfoil.storage.database import Connection
from counterfoil.support import cases_store, intake_store
from counterfoil.support.desk_model import CaseSearch
from counterfoil.support.diagnosis import Diagnosis
from counterfoil.support.exposed_keys import ExposedKeys
from counterfoil.support.intake import Intake
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.intake_model import Judged, Outcome, Receipt, Sender, Submission
from counterfoil.support.model import Case, CaseEventKind, Channel
from counterfoil.support.refused_counts import RefusedCounts
from counterfoil.support.search import RecordSearch

# Over how many days the incidents are spread.
_DAYS = 25
_PLENTY = 1_000_000_000
_ADDRESS = "192.0.2.9"
_CHANNELS = {Way.FORM: Channel.FORM, Way.TEMPLATE: Channel.TEMPLATE, Way.SIGNED_IN: Channel.CONSOLE}


async def measure(
    url: str,
    folder: Path,
    *,
    build_evidence: Callable[..., Evidence],
    statuses: Mapping[str, int],
    cases: int,
    seed: int,
    progress: Callable[[str], None],
    scripts: Sequence[Script] = SCRIPTS,
    wording: Wording = Wording.ALL,
) -> Measured:
    """Stage so many incidents on an empty, migrated database, and have a ticket about each come in and be diagnosed."""
    measured, started = Measured(), time.monotonic()
    async with open_stage(url, folder, seed=seed) as stage:
        people = People()
        desk = Desk(stage, _diagnosis_of(stage, build_evidence, statuses))
        rng = random.Random(seed + 1)

        async def ask(customer: Customer, question: Question) -> None:
            who = await people.meet(customer)
            chosen = rng.choice(tuple(_WRITERS)) if wording is Wording.ALL else wording
            ticket, truth = await _ticket(
                stage, who, question, statuses=statuses, rng=rng, write=_WRITERS[chosen], alikes=people.alikes
            )
            number = await desk.send(ticket, who, measured)
            if number is not None:
                began = time.monotonic()
                await desk.diagnosis.diagnose_due()
                measured.diagnosing_seconds += time.monotonic() - began
                _count(measured, ticket, truth, question, *await desk.case(number))

        await stage_incidents(
            stage, cases=cases, ask=ask, progress=progress, scripts=[people.among_others(one) for one in scripts],
            a_day=max(1, -(-cases // _DAYS)),
        )  # fmt: skip
    measured.seconds = time.monotonic() - started
    return measured


def _diagnosis_of(stage: Stage, build_evidence: Callable[..., Evidence], statuses: Mapping[str, int]) -> Diagnosis:
    evidence = build_evidence(
        database=stage.database, clock=stage.clock, ledger=stage.ledger, spend=stage.spend, tasks=stage.tasks,
        orders=stage.orders, codes=stage.codes, members=stage.members, directory=stage.directory, limits=stage.limits,
        statuses=statuses,
    )  # fmt: skip
    same_account = SameAccount(
        stage.database, members=stage.members, tokens=stage.directory, keys=stage.limits, requests=stage.spend,
        orders=stage.orders, codes=stage.codes,
    )  # fmt: skip
    return Diagnosis(
        stage.database, clock=stage.clock, search=RecordSearch(stage.database, statuses=statuses), evidence=evidence,
        same_account=same_account,
    )  # fmt: skip


# -- a ticket, and the truth beside it ---------------------------------------------------------------------------------


async def _ticket(
    stage: Stage,
    who: Reporter,
    question: Question,
    *,
    statuses: Mapping[str, int],
    rng: random.Random,
    write: Callable[..., Ticket],
    alikes: Mapping[UUID, Sequence[Made]],
) -> tuple[Ticket, Truth]:
    causes = frozenset(str(one) for one in question.expected)
    if question.asked is None:
        ticket = error_elsewhere(question.subject, who, rng=rng, now=stage.clock.now())
        return ticket, Truth(problem=BALANCE, records=None, causes=causes)
    async with stage.database.reading() as connection:
        what = await _shown(connection, question.asked, statuses=statuses, now=stage.clock.now())
        records = frozenset({what.record_id})
        seen = [Asked(text="", kind=one.kind, about=one.record_id) for one in alikes.get(what.record_id, ())]
        others = [await _shown(connection, one, statuses=statuses, now=stage.clock.now()) for one in seen]
        if question.asked.kind == "submission":
            # Each copy leads to the submission.
            records |= await store.copies_of(connection, what.record_id)
        other = await store.another_request(connection, who.account_id, but=records)
    problem = BALANCE if question.named is Named.TOGETHER else _CLASSES.get(question.asked.kind, FAILED)
    if question.asked.kind == "submission":
        what = replace(what, times_sent=len(records))
    what = replace(what, is_others=bool(causes & _OF_OTHERS), alikes=tuple(others))
    ticket = write(problem, who, what, now=stage.clock.now(), rng=rng, other=other)
    return ticket, Truth(problem=problem, records=records, causes=causes, is_ambiguous=is_ambiguous(ticket, what))


_WRITERS: Mapping[Wording, Callable[..., Ticket]] = {
    Wording.FIRST: write_ticket,
    Wording.HELD_OUT: partial(write_worded, HELD_OUT),
    Wording.FRESH: partial(write_worded, FRESH),
}
_OF_OTHERS = {"credited_to_another_account", "code_redeemed_elsewhere"}
_CLASSES = {"order": RECHARGE, "code": RECHARGE, "account": FELL}


async def _shown(connection: Connection, asked: Asked, *, statuses: Mapping[str, int], now: int) -> Happened:
    if asked.kind == "order":
        return await store.order_shown(connection, asked.about)
    if asked.kind == "code":
        return await store.code_shown(connection, asked.about, now=now)
    if asked.window is not None:
        return Happened(kind="account", record_id=asked.about, at=asked.window[0], window=asked.window)
    return await store.request_shown(connection, asked.about, statuses)


# -- the desk ----------------------------------------------------------------------------------------------------------


class Desk:
    """The intake and the diagnosis, as an installation has them, on the stage's database and clock."""

    def __init__(self, stage: Stage, diagnosis: Diagnosis) -> None:
        self.stage = stage
        self.diagnosis = diagnosis
        self.intake = Intake(
            stage.database, clock=stage.clock, secret=bytes(32),
            limits=IntakeLimits(per_address=_PLENTY, over_all=_PLENTY),
            counts=RefusedCounts(stage.database, clock=stage.clock),
            exposed=ExposedKeys(stage.database, clock=stage.clock, find=_nobodys_key),
        )  # fmt: skip

    async def send(self, ticket: Ticket, who: Reporter, measured: Measured) -> str | None:
        """Send a ticket as its sender does, who corrects once what is given back; the case's number."""
        signed_in = who.account_id if ticket.way is Way.SIGNED_IN else None
        sender = Sender(address=_ADDRESS, account_id=signed_in)
        problem, fields = ticket.problem, dict(ticket.values)
        if ticket.way is Way.TEMPLATE:
            problem, read = self.intake.read_pasted(pasted_text(ticket), None, sender)
            fields = _corrected(read, measured)
        for _ in range(2):
            sent = await self.intake.send(
                Submission(
                    problem=problem, language=ticket.language, channel=_CHANNELS[ticket.way], fields=tuple(fields.items())
                ),
                sender,
            )  # fmt: skip
            if isinstance(sent, Receipt):
                return sent.number
            fields = _corrected(sent, measured)
        return None

    async def case(self, number: str) -> tuple[Case, CaseSearch | None, bool]:
        """A case by its number, what was found for it, and whether a record was confirmed."""
        async with self.stage.database.reading() as connection:
            case_id = await store.case_of(connection, number)
            case = await intake_store.find_case(connection, case_id)
            assert case is not None
            events = await intake_store.read_events(connection, case_id)
            search = await cases_store.last_search(connection, case_id)
        is_confirmed = case.subject is not None or any(one.kind is CaseEventKind.RECORD_CONFIRMED for one in events)
        return case, search, is_confirmed


async def _nobodys_key(_: bytes) -> None:
    return None


def _corrected(judged: Judged, measured: Measured) -> dict[str, str]:
    """What comes back in the form: masks in the place of whole numbers, and nothing of what was refused."""
    measured.masked += judged.outcome is Outcome.OFFERED
    measured.refused.update(f"{one.field}: {one.kind}" for one in judged.refused)
    return dict(judged.form)


# -- counting ----------------------------------------------------------------------------------------------------------


def _count(
    measured: Measured,
    ticket: Ticket,
    truth: Truth,
    question: Question,
    case: Case,
    search: CaseSearch | None,
    is_confirmed: bool,
) -> None:
    candidates = () if search is None else search.candidates
    place = next((at for at, one in enumerate(candidates) if _is_meant(one.subject, truth)), None)
    told = {} if search is None or search.explanation is None else search.explanation
    named = _named(told, question.named)
    is_right = frozenset(named) == truth.causes and case.cause in truth.causes
    # Nobody has looked at it: whatever is confirmed now has confirmed itself.
    measured.wrongly_confirmed += is_confirmed and (place != 0)
    measured.confirmed_by_itself += is_confirmed
    measured.count(ticket, truth, place=place, is_right=is_right, is_confirmed=is_confirmed)
    if ((truth.records is not None and place != 0) or not is_right) and not truth.is_ambiguous:
        found = candidates[0].subject if candidates else None
        measured.misses.append(Miss(ticket=ticket, truth=truth, found=found, place=place, causes=named))


def _is_meant(subject: str, truth: Truth) -> bool:
    """Whether a candidate is the record that the ticket is about. An account's comes with the window in which it is explained;
    whether that is the right one shows in its cause."""
    shown = subject.split(" ")[0].partition("_")[2]
    return truth.records is not None and any(one.hex == shown for one in truth.records)


def _named(told: Mapping[str, Any], named: Named) -> tuple[str, ...]:
    findings = told.get("findings", [])
    if named is Named.TOGETHER:
        return tuple(one["code"] for one in findings if one["enough_together"])
    return tuple(one["code"] for one in findings[:1])
