"""The ledger's proof of itself: when it was last verified, the signed checkpoints, and that every currency adds up to zero."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from counterfoil.console.desk import did
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import Broken
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.ledger.checkpoints import Checkpoint, CheckpointFolder
from counterfoil.ledger.model import CLEARING_PREFIX, UNCOLLECTED, WALLET
from counterfoil.ledger.proofs_model import Verification, VerificationState

pages = Pages()
_READ = Need(staff=Staff.LEDGER_READ)
_WRITE = Need(staff=Staff.LEDGER_WRITE)
_VERIFICATIONS_SHOWN = 20
# Each is read and its signature checked, so the page shows the latest only; a verification reads them all.
_CHECKPOINTS_SHOWN = 10
_TONES = {
    VerificationState.RUNNING: "info", VerificationState.VERIFIED: "good", VerificationState.DIFFERS: "bad",
    VerificationState.FAILED: "warn",
}  # fmt: skip


@pages.get("/ledger", need=_READ)
async def ledger(visit: Visit) -> View:
    services = visit.services
    verifications = await services.proofs.list(most=_VERIFICATIONS_SHOWN)
    latest = verifications[0] if verifications else None
    ended = next((one for one in verifications if one.state is not VerificationState.RUNNING), None)
    count, checkpoints = await asyncio.to_thread(_read_latest, services.checkpoints)
    return View(
        template="ledger.html",
        title="page_ledger",
        values={
            "running": latest if latest is not None and latest.state is VerificationState.RUNNING else None,
            "ended": ended,
            "state": None if ended is None else _mark(visit, ended),
            "ended_text": None if ended is None else visit.shown.ago(ended.ended_at),
            "ended_by": None if ended is None else ended.started_by,
            "checkpoint_count": count,
            "checkpoint_text": next((visit.shown.ago(one.created_at) for one in checkpoints if not isinstance(one, int)), None),
            "may_checkpoint": visit.may(staff=Staff.LEDGER_WRITE),
        },
        tables=(
            _verifications_table(visit, verifications), _findings_table(visit, ended), _checkpoints_table(checkpoints),
        ),
    )  # fmt: skip


def _read_latest(folder: CheckpointFolder) -> tuple[int, list[Checkpoint | int]]:
    """How many checkpoints there are, and the latest; of one that cannot be read, its number."""
    numbers, latest = folder.numbers(), list[Checkpoint | int]()
    for number in reversed(numbers[-_CHECKPOINTS_SHOWN:]):
        try:
            latest.append(folder.read_one(number))
        except Broken:
            latest.append(number)
    return len(numbers), latest


def _mark(visit: Visit, one: Verification) -> Mark:
    code = f"verification_{one.state}"
    return Mark(visit.w.word(code), _TONES[one.state], visit.w.hint(code))


def _verifications_table(visit: Visit, rows: Sequence[Verification]) -> Table:
    return Table(
        name="verifications",
        caption="verifications_found",
        empty="verifications_none",
        columns=(
            Column(code="verification_at"), Column(code="verification_result"), Column(code="verification_who"),
            Column(code="verification_rows", numeric=True), Column(code="verification_accounts", numeric=True, wide=True),
            Column(code="verification_checkpoints", numeric=True, wide=True), Column(code="verification_took", wide=True),
        ),
        rows=[
            (
                Link(
                    visit.shown.time(one.started_at),
                    visit.staff_link(f"/ledger/verifications/{show_id('verification', one.verification_id)}"),
                ),
                _mark(visit, one), one.started_by, one.transfers, one.accounts, one.checkpoints,
                None if one.ended_at is None else visit.shown.duration(one.ended_at - one.started_at),
            )
            for one in rows
        ],
    )  # fmt: skip


def _findings_table(visit: Visit, one: Verification | None) -> Table:
    findings = () if one is None else one.findings
    return Table(
        name="findings",
        caption="findings_found",
        empty="findings_none",
        columns=(
            Column(code="finding_kind"), Column(code="finding_account"), Column(code="finding_version", numeric=True),
            Column(code="finding_message"),
        ),
        rows=[
            (
                visit.w.word(f"finding_{found.kind}"), _account_id(visit, found.account), found.version, found.message,
            )
            for found in findings
        ],
    )  # fmt: skip


def _account_id(visit: Visit, text: str) -> Cell:
    known = read_any_id(text) is not None
    return Id(text, visit.staff_link(f"/accounts/{text}/administration") if known else None)


def _checkpoints_table(checkpoints: Sequence[Checkpoint | int]) -> Table:
    return Table(
        name="checkpoints",
        caption="checkpoints_found",
        empty="checkpoints_none",
        columns=(
            Column(code="checkpoint_number", numeric=True), Column(code="checkpoint_signed"),
            Column(code="checkpoint_accounts", numeric=True), Column(code="checkpoint_before", wide=True),
        ),
        rows=[
            (one, None, None, None)
            if isinstance(one, int)
            else (one.number, Instant(one.created_at), len(one.accounts), Id(one.previous) if one.previous else None)
            for one in checkpoints
        ],
    )  # fmt: skip


@pages.get("/ledger/sums", need=_READ)
async def ledger_sums(visit: Visit) -> View:
    """Fetched after the rest is there: it adds up every row that was ever posted."""
    sums = await visit.services.ledger.sums()
    overview = await visit.services.ledger.overview()
    return View(
        template="ledger_sums.html",
        title="page_sums",
        values={
            "is_balanced": not any(sum(named.values()) for named in sums.values()),
            "open_holds": visit.shown.count(overview.open_holds),
            "negative_wallets": overview.negative_wallets,
            "uncollected": [
                visit.shown.short_money(named[UNCOLLECTED], currency)
                for currency, named in sorted(sums.items())
                if named.get(UNCOLLECTED)
            ],
        },
        tables=(_sums_table(visit, sums),),
    )


def _sums_table(visit: Visit, sums: Mapping[str, Mapping[str, int]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for currency, named in sorted(sums.items()):
        rows += [
            (currency, _ledger_account(visit, name), Amount(nanos, currency)) for name, nanos in sorted(named.items())
        ]
        rows.append((currency, visit.w.word("sum_of_all"), Amount(sum(named.values()), currency)))
    return Table(
        name="sums",
        caption="sums_found",
        empty="sums_none",
        columns=(Column(code="sum_currency"), Column(code="sum_account"), Column(code="sum_amount", numeric=True)),
        rows=rows,
    )


def _ledger_account(visit: Visit, name: str) -> Note:
    if name.startswith(CLEARING_PREFIX):
        return Note(visit.w.label("ledger_account", "clearing"), name)
    return Note(visit.w.word("all_wallets") if name == WALLET else visit.w.label("ledger_account", name), name)


@pages.get("/ledger/verifications/{verification_id}", need=_READ)
async def verification(visit: Visit) -> View:
    one = await visit.services.proofs.find(visit.id_in_path("verification", "verification_id"))
    return View(
        template="verification.html",
        title="page_verification",
        values={
            "state": _mark(visit, one),
            "failure": None if one.failure is None else visit.w.label("error", one.failure),
            "failure_means": None if one.failure is None else visit.w.explanation("error", one.failure),
            "facts": [
                ("verification_who", one.started_by), ("verification_at", Instant(one.started_at)),
                ("verification_ended", Instant(one.ended_at)), ("verification_rows", one.transfers),
                ("verification_accounts", one.accounts), ("verification_checkpoints", one.checkpoints),
            ],
        },
        tables=(_findings_table(visit, one),),
    )  # fmt: skip


@pages.post("/ledger/verifications", need=_READ, shows=ledger)
async def verify_now(visit: Visit) -> Response:
    """It goes on in the background; the page shows how far it is."""
    begun = await visit.services.proofs.start(by=visit.by)
    await did(visit, None, "verify_now", subject=show_id("verification", begun.verification_id))
    return visit.done(visit.staff_link("/ledger"), "done_verification_begun")


@pages.post("/ledger/checkpoints", need=_WRITE, shows=ledger)
async def make_checkpoint(visit: Visit) -> Response:
    made = await visit.services.ledger.checkpoint(visit.services.checkpoints)
    await did(visit, None, "make_checkpoint", subject=str(made.number))
    return visit.done(visit.staff_link("/ledger"), "done_checkpoint_made")
