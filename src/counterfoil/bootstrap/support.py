"""Asking for help, wired to the rooms beside it: whose a pasted key is, and what is done of it in the background."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.recharge import Recharge
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.search_service import Search
from counterfoil.evidence.service import Evidence
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError, NotFound
from counterfoil.identity.audit import Audit
from counterfoil.identity.service import Members
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import Status
from counterfoil.limits.service import LimitsService
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.recharge.codes_service import Codes
from counterfoil.redaction import kingfisher
from counterfoil.settings import Settings
from counterfoil.spend.service import Spend
from counterfoil.spend.upstreams import Upstreams
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.support.cases_service import Cases
from counterfoil.support.diagnosis import Diagnosis
from counterfoil.support.exposed_keys import ExposedKey, ExposedKeys
from counterfoil.support.intake import Intake
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.metrics import CaseMetrics
from counterfoil.support.purging import Purging
from counterfoil.support.refused_counts import RefusedCounts
from counterfoil.support.replies import Replies
from counterfoil.support.search import RecordSearch
from counterfoil.support.settling import CaseSettling

# Counts are wanted by the day; whoever has exposed a key is told as soon as it is looked up.
_COUNTS_SECONDS = 5.0
_EXPOSED_SECONDS = 1.0


class UsableKeys:
    """Keys by their hashes, as long as calls can be made with them."""

    def __init__(self, directory: KeyDirectory, limits: LimitsService, clock: Clock) -> None:
        self._directory = directory
        self._limits = limits
        self._clock = clock

    async def find(self, token_hash: bytes) -> ExposedKey | None:
        address = await self._directory.find(token_hash)
        if address is None:
            return None
        try:
            key = await self._limits.find_key(account_id=address.account_id, key_id=address.key_id)
        except NotFound:
            return None
        # The directory knows former tokens as well, which nobody can use any more.
        is_expired = key.expires_at is not None and key.expires_at <= self._clock.now()
        if key.token_hash != token_hash or key.status is not Status.ACTIVE or is_expired:
            return None
        return ExposedKey(account_id=address.account_id, key_id=key.key_id, mask=key.mask)


def build_intake(
    *,
    database: Database,
    clock: Clock,
    data_directory: DataDirectory,
    settings: Settings,
    directory: KeyDirectory,
    limits: LimitsService,
) -> Intake:
    """The way in, as the settings say."""
    return Intake(
        database,
        clock=clock,
        secret=data_directory.derive(b"support"),
        limits=IntakeLimits(per_address=settings.support_per_address, over_all=settings.support_over_all),
        counts=RefusedCounts(database, clock=clock),
        exposed=ExposedKeys(database, clock=clock, find=UsableKeys(directory, limits, clock).find),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The use cases of working on cases."""

    cases: Cases
    replies: Replies
    settling: CaseSettling
    metrics: CaseMetrics
    purging: Purging
    diagnosis: Diagnosis


class UpstreamNames:
    """The names of upstreams as they are now."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams

    async def names(self) -> Sequence[str]:
        return [one.name for one in await self._upstreams.list()]


def build_desk(
    *,
    database: Database,
    clock: Clock,
    ledger: Ledger,
    approvals: Approvals,
    spend: Spend,
    recharge: Recharge,
    evidence: Evidence,
    upstreams: Upstreams,
    members: Members,
    directory: KeyDirectory,
    limits: LimitsService,
    codes: Codes,
    audit: Audit,
    statuses: Mapping[str, int],
) -> Desk:
    """The desk on the rooms that it asks; what it settles is carried out by `approvals`."""
    cases = Cases(database, clock=clock)
    return Desk(
        cases=cases,
        replies=Replies(
            database, clock=clock, cases=cases, evidence=evidence, upstreams=UpstreamNames(upstreams),
            owners=Search(
                database, clock=clock, members=members, tokens=directory, keys=limits, requests=spend,
                orders=recharge.orders, codes=codes,
            ),
        ),
        settling=CaseSettling(
            database, clock=clock, cases=cases, ledger=ledger, approvals=approvals, orders=recharge.orders,
            refunds=recharge.order_refunds, spend=spend,
        ),
        metrics=CaseMetrics(database, clock=clock),
        purging=Purging(database, clock=clock, audit=audit),
        diagnosis=Diagnosis(
            database, clock=clock, search=RecordSearch(database, statuses=statuses), evidence=evidence,
            same_account=SameAccount(
                database, members=members, tokens=directory, keys=limits, requests=spend, orders=recharge.orders, codes=codes
            ),
        ),
    )  # fmt: skip


async def load_scanner() -> None:
    """Load what scans submissions, before one comes: it takes a second or more, in which nobody else would be served."""
    # A daemon, because nothing waits for it where the process is to end meanwhile.
    threading.Thread(target=kingfisher.prepare, name="scanner", daemon=True).start()


async def write_refused_counts(intake: Intake) -> None:
    """Write what was refused, from time to time, until cancelled, and then once more; what cannot be written waits."""
    await _again_and_again("refused_counts", _COUNTS_SECONDS, intake.counts.write)


async def tell_of_exposed_keys(intake: Intake) -> None:
    """Tell the owners of keys that were pasted, until cancelled, and then once more; what cannot be looked up waits."""
    await _again_and_again("exposed_keys", _EXPOSED_SECONDS, intake.exposed.tell)


async def _again_and_again(name: str, seconds: float, work: Callable[[], Awaitable[int]]) -> None:
    try:
        while True:
            await asyncio.sleep(seconds)
            await _once(name, work)
    finally:
        # What waits in memory goes with the process.
        await _once(name, work)


async def _once(name: str, work: Callable[[], Awaitable[int]]) -> None:
    try:
        await work()
    except (CounterfoilError, psycopg.Error):
        BACKGROUND_ERRORS.labels(work=name).inc()
        log.exception("background_work_failed", work=name)
