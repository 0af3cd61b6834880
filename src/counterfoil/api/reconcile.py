"""Reconciliation: sources, statements, runs and days. What is done about breaks is in `reconcile_breaks`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import (
    PAGE_MAX,
    By,
    Cursor,
    Flag,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Whole,
    optional_id,
    page,
    paged,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.reconcile import desk_model, shown
from counterfoil.reconcile.desk_model import SourceKind
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import DUCKDB
from counterfoil.reconcile.statements.importer import Reading

router = APIRouter(prefix="/reconcile", tags=["reconcile"])

Why = Annotated[Text, Field(min_length=1, description="Why; kept, redacted.")]
StatementId = Annotated[str, Path(description="The statement's id (stmt_…).", max_length=60)]
DayPath = Annotated[str, Path(description="A day such as 2027-01-31.", max_length=20)]


class SourceInput(Input):
    """Where statements come from, and how they are read."""

    name: Annotated[Text, Field(min_length=1, max_length=60, description="The payment provider's or upstream's name.")]
    what: SourceKind
    importers: Annotated[list[Text], Field(max_length=20, description="What reads its files.")] = Field(
        default_factory=list
    )
    time_zone: Annotated[Text | None, Field(description="Of times without one.")] = None
    currency: Annotated[Text | None, Field(description="Of amounts without one.")] = None
    columns: Annotated[dict[str, str], Field(description="Field to column, for bank and generic.")] = Field(
        default_factory=dict
    )
    expected_daily: Flag = True
    settling_seconds: Whole = 86_400
    fee_millionths: Whole | None = None
    fee_fixed_nanos: Whole = 0
    tolerance: Annotated[dict[str, Whole], Field(description="Currency to smallest units.")] = Field(
        default_factory=dict
    )
    payouts_to: Text | None = None
    owner: Annotated[
        Text | None,
        Field(max_length=100, description="The merchant or account number that its files must name. Null: as it was."),
    ] = None
    active: Flag = True

    def source(self) -> desk_model.Source:
        return desk_model.Source(
            name=self.name, what=self.what, importers=tuple(self.importers),
            reading=Reading(time_zone=self.time_zone, currency=self.currency, columns=self.columns),
            expected_daily=self.expected_daily, settling_seconds=self.settling_seconds,
            fee_millionths=self.fee_millionths, fee_fixed=self.fee_fixed_nanos, tolerance=self.tolerance,
            payouts_to=self.payouts_to, is_active=self.active,
        )  # fmt: skip


class NewSource(SourceInput):
    by: By | None = None


class Source(Output):
    name: str
    what: str
    status: str
    importers: list[str]
    time_zone: str | None
    currency: str | None
    columns: dict[str, str]
    expected_daily: bool = Field(description="Whether a day without a statement of it is incomplete.")
    settling_seconds: int = Field(description="How long after a day its lines may come.")
    fee_millionths: int | None
    fee_fixed_nanos: int
    fee_fixed: str
    tolerance: dict[str, int]
    payouts_to: str | None
    owner_mask: str | None = Field(description="Whose files must be, by its mask; null: whoever's.")
    created_at: str | None
    created_by: str


class Sources(Page[Source]):
    importers: list[str] = Field(description="What can be read: one importer for each kind of file.")


class Statement(Output):
    """A file as it was read. The same bytes again are the same statement."""

    statement_id: str
    source: str
    name: str
    sha256: str
    importer: str
    importer_version: int
    begins: str | None
    ends: str | None
    period_is_stated: bool
    truncated: bool
    lines: int
    lines_new: int
    lines_changed: int
    rejects: int
    totals: int
    totals_wrong: int
    imported_at: str | None
    imported_by: str
    set_aside_at: str | None
    set_aside_by: str | None
    set_aside_reason: str | None


class Reject(Output):
    """A line that is not believed; redacted."""

    line: int
    column: str | None
    reason: str
    raw: str


class Total(Output):
    """What a file says that its lines come to, and what they do."""

    name: str
    is_count: bool
    holds: bool
    stated_nanos: int | None
    stated: str
    found_nanos: int | None
    found: str


class StatementInFull(Statement):
    rejected: list[Reject]
    stated_totals: list[Total]


class Imported(Output):
    """What came of one document of a file: imported, known already, a companion without lines, or not imported."""

    name: str
    outcome: str
    statement: Statement | None
    lines_known: int
    rejected: list[Reject]
    stated_totals: list[Total]
    error: str | None
    parameters: dict[str, Any]


class ImportedFile(Output):
    files: list[Imported]


class Line(Output):
    """A line as it is told now; channels' numbers and payers by their masks."""

    line_id: str
    row: str
    revision: int
    source: str
    statement_id: str
    importer: str
    number: int
    kind: str
    status: str
    direction: int
    amount_nanos: int
    amount: str
    fee_nanos: int
    fee: str
    currency: str
    at: str | None
    trade_mask: str | None
    order_id: str | None
    refund_mask: str | None
    refund_id: str | None
    payer_mask: str | None
    description: str | None
    upstream_id: str | None
    model: str | None
    raw: dict[str, Any]


class SetAside(Input):
    reason: Why
    by: By | None = None


class NewRun(Input):
    """A day to hold; without books, all of them."""

    day: Annotated[Text, Field(max_length=20, description="Such as 2027-01-31.")]
    books: Annotated[list[Book], Field(max_length=4)] = Field(default_factory=list)
    engine: Annotated[Text, Field(max_length=200, description="duckdb, spark-local or spark://host:port.")] = DUCKDB
    by: By | None = None


class Reason(Output):
    """Why a run proves nothing."""

    code: str
    source: str | None
    statement_id: str | None
    detail: str | None


class Obstacle(Reason):
    """What keeps a day from being closed, and of which book."""

    book: str | None


class Run(Output):
    """One book of one day, held against the other side once."""

    run_id: str
    day: str
    book: str
    begins: str | None
    ends: str | None
    engine: str
    state: str = Field(description="running, closed (conclusive), inconclusive or failed.")
    started_at: str | None
    started_by: str
    ended_at: str | None
    counts: dict[str, int]
    reasons: list[Reason]


class Runs(Output):
    runs: list[Run]


class Standing(Output):
    """How many breaks of a class stand open."""

    book: str
    class_: str = Field(alias="class")
    owner: str
    count: int
    oldest: str


class Day(Output):
    """How a day stands: open, conclusive (it can be closed) or closed."""

    day: str
    state: str
    runs: list[Run]
    obstacles: list[Obstacle] = Field(description="What keeps it from being closed.")
    closed_at: str | None
    closed_by: str | None
    standing: list[Standing]


class CloseDay(Input):
    by: By | None = None


@router.get("/sources", summary="List who sends statements, and how theirs are read")
async def list_sources(services: UseCases, limit: Limit = PAGE_MAX, cursor: Cursor = None) -> Sources:
    found = [Source.model_validate(shown.source_json(one)) for one in await services.reconcile.sources.list()]
    one_page = paged(found, limit=limit, cursor=cursor, name=lambda one: one.name)
    return Sources(items=one_page.items, next=one_page.next, importers=list(services.reconcile.sources.importers()))


@router.post("/sources", status_code=201, summary="Add a source of statements")
async def add_source(services: UseCases, caller: Caller, body: NewSource) -> Source:
    sources = services.reconcile.sources
    return Source.model_validate(
        shown.source_json(await sources.add(sources.owned(body.source(), body.owner), by=caller.named(body.by)))
    )


@router.put("/sources/{name}", summary="Replace the settings of a source")
async def change_source(
    services: UseCases, name: Annotated[str, Path(max_length=60, description="The source's name.")], body: SourceInput
) -> Source:
    sources = services.reconcile.sources
    found = await sources.find(name)
    given = body.model_copy(update={"name": name}).source()
    changed = replace(given, owner_hash=found.owner_hash, owner_mask=found.owner_mask)
    return Source.model_validate(shown.source_json(await sources.change(sources.owned(changed, body.owner))))


_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/statements",
    status_code=201,
    summary="Import a file of statements, as it was downloaded",
    # Read as it is, whatever it says it is: an API's export is JSON, and no object of ours.
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": _FILE}}},
)
async def import_statements(
    services: UseCases,
    caller: Caller,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name; kept, redacted.")],
    by: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Who does it, by name, with the operator's token.")
    ] = None,
    source: Annotated[
        str | None, Query(max_length=60, description="Whose it is; not given: told by the kind of file.")
    ] = None,
) -> ImportedFile:
    found = await services.reconcile.imports.import_file(
        name=name, content=await request.body(), by=caller.named(by), source=source
    )
    return ImportedFile(files=[Imported.model_validate(shown.imported_json(one)) for one in found])


@router.get("/statements", summary="List statements, newest first")
async def list_statements(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    source: Annotated[str | None, Query(max_length=60, description="Only this source's.")] = None,
    faulty: Annotated[bool, Query(description="Only those that keep a day from being conclusive.")] = False,
) -> Page[Statement]:
    rows = await services.reconcile.imports.list(
        source=source, faulty=faulty, before=optional_id("statement", cursor), most=limit + 1
    )
    return page(
        rows, limit=limit, item=lambda row: Statement.model_validate(shown.statement_json(row)),
        cursor=lambda row: show_id("statement", row.statement_id),
    )  # fmt: skip


@router.get("/statements/{statement_id}", summary="Get a statement with its rejects and totals")
async def get_statement(services: UseCases, statement_id: StatementId) -> StatementInFull:
    view = await services.reconcile.imports.find(read_id("statement", statement_id))
    return StatementInFull.model_validate(shown.statement_in_full(view))


@router.get("/statements/{statement_id}/lines", summary="List the lines that a statement has brought")
async def list_lines(
    services: UseCases,
    statement_id: StatementId,
    limit: Limit = 50,
    cursor: Annotated[
        int | None, Query(ge=0, le=LARGEST_NANOS, description="`next` of the page before: a line of the file.")
    ] = None,
) -> Page[Line]:
    rows = await services.reconcile.imports.lines_of(
        read_id("statement", statement_id), after=cursor or 0, most=limit + 1
    )
    return page(
        rows,
        limit=limit,
        item=lambda row: Line.model_validate(shown.line_json(row)),
        cursor=lambda row: str(row.number),
    )


@router.post("/statements/{statement_id}/set-aside", summary="Say that what is wrong with a statement has been seen to")
async def set_aside(services: UseCases, caller: Caller, statement_id: StatementId, body: SetAside) -> Statement:
    kept = await services.reconcile.imports.set_aside(
        read_id("statement", statement_id), by=caller.named(body.by), reason=body.reason
    )
    return Statement.model_validate(shown.statement_json(kept))


@router.post("/runs", status_code=201, summary="Hold a day's books against the statements")
async def run_day(services: UseCases, caller: Caller, body: NewRun) -> Runs:
    found = await services.reconcile.runs.run(
        shown.read_day(body.day), by=caller.named(body.by), books=body.books, engine=body.engine
    )
    return Runs(runs=[Run.model_validate(shown.run_json(one)) for one in found])


@router.get("/runs", summary="List runs, newest first")
async def list_runs(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    day: Annotated[str | None, Query(max_length=20, description="Only this day's.")] = None,
    book: Annotated[Book | None, Query(description="Only this book.")] = None,
) -> Page[Run]:
    rows = await services.reconcile.runs.list(
        day=None if day is None else shown.read_day(day), book=book, before=optional_id("run", cursor), most=limit + 1
    )
    return page(
        rows, limit=limit, item=lambda row: Run.model_validate(shown.run_json(row)),
        cursor=lambda row: show_id("run", row.run_id),
    )  # fmt: skip


@router.get("/runs/{run_id}", summary="Get a run")
async def get_run(
    services: UseCases, run_id: Annotated[str, Path(description="The run's id (run_…).", max_length=60)]
) -> Run:
    return Run.model_validate(shown.run_json(await services.reconcile.runs.find(read_id("run", run_id))))


@router.get("/days/{day}", summary="Get how a day stands, and what does not match")
async def get_day(services: UseCases, day: DayPath) -> Day:
    view = await services.reconcile.runs.day(shown.read_day(day))
    return Day.model_validate(shown.day_json(view, list(await services.reconcile.breaks.counts())))


@router.post("/days/{day}/close", summary="Close a day; refused with the reasons where a book is not conclusive")
async def close_day(services: UseCases, caller: Caller, day: DayPath, body: CloseDay) -> Day:
    view = await services.reconcile.runs.close_day(shown.read_day(day), by=caller.named(body.by))
    return Day.model_validate(shown.day_json(view, list(await services.reconcile.breaks.counts())))
