"""Who sends statements: sources and their settings, files handed in, what each brought, and what was not believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from counterfoil.console.desk import choices, did, form, read_whole
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Count, Id, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.identity.access import Need, Staff
from counterfoil.reconcile.desk_model import KeptLine, KeptReject, KeptStatement, KeptTotal, Source, SourceKind
from counterfoil.reconcile.import_jobs_model import DocumentOutcome, ImportedDocument, ImportState
from counterfoil.reconcile.statements.importer import Reading

pages = Pages()
_READ = Need(staff=Staff.RECONCILE_READ)
_WRITE = Need(staff=Staff.RECONCILE_WRITE)
# As much as the management API takes of one file, and what a form puts around it.
_STATEMENT_BYTES_MAX = 64 * 1024 * 1024
_HOUR_SECONDS = 3_600
_MILLIONTHS_PER_PERCENT = 10_000


@pages.get("/reconcile/sources", need=_READ)
async def sources(visit: Visit) -> View:
    desk, most = visit.services.reconcile, visit.most_rows
    found = await desk.sources.list()
    statements = await desk.imports.list(
        source=visit.asked("source") or None, faulty=bool(visit.asked("faulty")),
        before=visit.id_asked("statement", "before"), most=most + 1,
    )  # fmt: skip
    rows = statements[:most]
    return View(
        template="sources.html",
        title="page_sources",
        values={
            "names": [(one.name, one.name) for one in found if one.is_active],
            "all_names": [(one.name, one.name) for one in found],
            "yes": [("1", visit.w.word("rec_faulty_only"))],
            "may_write": visit.may(staff=Staff.RECONCILE_WRITE),
            **_source_form(visit, None),
        },
        tables=(
            _sources_table(visit, found, await desk.imports.latest()),
            statements_table(
                visit, rows, more=visit.here(before=show_id("statement", rows[-1].statement_id)) if len(statements) > most else None
            ),
        ),
    )  # fmt: skip


def _sources_table(visit: Visit, found: Sequence[Source], latest: dict[str, KeptStatement]) -> Table:
    return Table(
        name="sources",
        caption="sources_known",
        empty="sources_none",
        columns=(
            Column(code="rec_source"), Column(code="rec_source_kind"), Column(code="rec_expected_daily", wide=True),
            Column(code="rec_settling", wide=True), Column(code="rec_last_import"), Column(code="rec_covers_until", wide=True),
            Column(code="rec_source_state"),
        ),
        rows=[_source_row(visit, one, latest.get(one.name)) for one in found],
    )  # fmt: skip


def _source_row(visit: Visit, one: Source, last: KeptStatement | None) -> tuple[Cell, ...]:
    state = (
        Mark(visit.w.word("rec_source_active"), "good")
        if one.is_active
        else Mark(visit.w.word("rec_source_disabled"), "quiet")
    )
    if last is not None and last.faults:
        state = Mark(
            visit.w.label("run_reason", last.faults[0]), "warn",
            href=visit.staff_link(f"/reconcile/statements/{show_id('statement', last.statement_id)}"),
        )  # fmt: skip
    return (
        Link(one.name, visit.staff_link(f"/reconcile/sources/{one.name}")),
        visit.w.label("statement_source", one.what),
        visit.w.word("yes" if one.expected_daily else "no"),
        visit.w.word("rec_hours", count=one.settling_seconds // _HOUR_SECONDS),
        Note(visit.shown.ago(last.imported_at), last.name) if last is not None else None,
        Instant(None if last is None else last.ends),
        state,
    )


def statements_table(visit: Visit, rows: Sequence[KeptStatement], *, more: str | None = None) -> Table:
    return Table(
        name="statements",
        caption="statements_found",
        empty="statements_none",
        columns=(
            Column(code="rec_file"), Column(code="rec_source"), Column(code="rec_lines", numeric=True),
            Column(code="rec_rejects", numeric=True), Column(code="rec_covers", wide=True), Column(code="rec_imported_at"), Column(code="rec_statement_state"),
        ),
        rows=[
            (
                Link(one.name, visit.staff_link(f"/reconcile/statements/{show_id('statement', one.statement_id)}")),
                one.source, Count(one.lines), Count(one.rejects), f"{visit.shown.day(one.begins)} – {visit.shown.day(one.ends)}",
                Instant(one.imported_at), _statement_mark(visit, one),
            )
            for one in rows
        ],
        more=more,
    )  # fmt: skip


def _statement_mark(visit: Visit, one: KeptStatement) -> Mark:
    if one.faults:
        return Mark(
            visit.w.label("run_reason", one.faults[0]), "warn", hint=visit.w.explanation("run_reason", one.faults[0])
        )
    if one.set_aside_at is not None:
        return Mark(visit.w.word("rec_set_aside"), "quiet", hint=one.set_aside_reason or "")
    return Mark(visit.w.word("rec_whole"), "good")


# -- settings ----------------------------------------------------------------------------------------------------------


def _source_form(visit: Visit, one: Source | None) -> dict[str, object]:
    """What the form of a source is filled with, and what can be chosen in it."""
    reading = one.reading if one is not None else Reading()
    return {
        "source": one,
        "kinds": choices(visit, "statement_source", SourceKind),
        "importers": visit.services.reconcile.sources.importers(),
        "chosen": set(visit.typed_all("importer")) if visit.form else set(one.importers if one is not None else ()),
        "tolerance": ", ".join(
            f"{currency} {units}" for currency, units in (one.tolerance if one is not None else {}).items()
        ),
        "columns": "\n".join(f"{name} = {column}" for name, column in reading.columns.items()),
        "fee_percent": "" if one is None or one.fee_millionths is None else _percent(one.fee_millionths),
        "settling_hours": one.settling_seconds // _HOUR_SECONDS if one is not None else 24,
        "is_expected": visit.ticked("expected_daily")
        if visit.form
        else one.expected_daily
        if one is not None
        else True,
        "is_active": visit.ticked("active") if visit.form else one.is_active if one is not None else True,
    }


def _percent(millionths: int) -> str:
    whole, rest = divmod(millionths, _MILLIONTHS_PER_PERCENT)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _read_source(visit: Visit, name: str) -> Source:
    kind = visit.typed("what")
    if kind not in tuple(SourceKind):
        raise InputError(field="what", expected=", ".join(SourceKind))
    return Source(
        name=name, what=SourceKind(kind), importers=tuple(visit.typed_all("importer")),
        reading=Reading(
            time_zone=visit.typed("time_zone") or None, currency=visit.typed("currency").upper() or None,
            columns=_read_columns(visit.typed("columns")),
        ),
        expected_daily=visit.ticked("expected_daily"),
        settling_seconds=read_whole(visit, "settling_seconds", default=24) * _HOUR_SECONDS,
        fee_millionths=_read_percent(visit.typed("fee_millionths")),
        tolerance=_read_tolerance(visit.typed("tolerance")), payouts_to=visit.typed("payouts_to") or None,
        is_active=visit.ticked("active"),
    )  # fmt: skip


def _read_percent(text: str) -> int | None:
    """A share as people write it, such as 0.6 for 0.6 %, in millionths."""
    if not text:
        return None
    try:
        nanos = parse_nanos(text.rstrip("% "))
    except InputError as error:
        raise InputError(field="fee_millionths", expected="0.6") from error
    return nanos * _MILLIONTHS_PER_PERCENT // 1_000_000_000


def _read_tolerance(text: str) -> dict[str, int]:
    found = {}
    for part in text.replace("，", ",").split(","):
        if not part.strip():
            continue
        currency, _, units = part.strip().partition(" ")
        if not (units.strip().isascii() and units.strip().isdigit()):
            raise InputError(field="tolerance", expected="CNY 1, USD 2")
        found[currency.upper()] = int(units)
    return found


def _read_columns(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, separator, column = line.partition("=")
        if not separator:
            raise InputError(field="columns", expected="time = 交易时间")
        found[name.strip()] = column.strip()
    return found


@pages.post("/reconcile/sources", need=_WRITE, shows=sources)
async def add_source(visit: Visit) -> Response:
    desk = visit.services.reconcile.sources
    given = _read_source(visit, visit.typed("name"))
    added = await desk.add(desk.owned(given, visit.typed("owner") or None), by=visit.by)
    await did(visit, None, "add_source", subject=added.name)
    return visit.done(visit.staff_link(f"/reconcile/sources/{added.name}"), "done_source_added")


@pages.get("/reconcile/sources/{name}", need=_READ)
async def source(visit: Visit) -> View:
    desk, most = visit.services.reconcile, visit.most_rows
    one = await desk.sources.find(visit.request.path_params["name"])
    statements = await desk.imports.list(source=one.name, before=visit.id_asked("statement", "before"), most=most + 1)
    rows = statements[:most]
    return View(
        template="source.html",
        title="page_source",
        title_values={"name": one.name},
        values={"may_write": visit.may(staff=Staff.RECONCILE_WRITE), **_source_form(visit, one)},
        tables=(
            statements_table(
                visit, rows, more=visit.here(before=show_id("statement", rows[-1].statement_id)) if len(statements) > most else None
            ),
        ),
    )  # fmt: skip


@pages.post("/reconcile/sources/{name}", need=_WRITE, shows=source)
async def change_source(visit: Visit) -> Response:
    desk = visit.services.reconcile.sources
    found = await desk.find(visit.request.path_params["name"])
    given = replace(
        _read_source(visit, found.name),
        owner_hash=found.owner_hash,
        owner_mask=found.owner_mask,
        fee_fixed=found.fee_fixed,
    )
    owner = "" if visit.ticked("any_owner") else visit.typed("owner") or None
    await desk.change(desk.owned(given, owner))
    await did(visit, None, "change_source", subject=found.name)
    return visit.done(visit.staff_link(f"/reconcile/sources/{found.name}"), "done_source_changed")


# -- files -------------------------------------------------------------------------------------------------------------


@pages.post("/reconcile/statements", need=_WRITE, shows=sources, most_bytes=_STATEMENT_BYTES_MAX)
async def upload_statement(visit: Visit) -> Response:
    """Hand in a file as it was downloaded. It is read while nobody waits; its page says how far it is."""
    file = visit.file("file")
    if file is None:
        raise InputError(field="file", expected="CSV, XLSX, ZIP, JSON")
    content = await file.read()
    import_id = await visit.services.reconcile.background.import_file(
        name=(file.filename or "statement")[:200], content=content, by=visit.by, source=visit.typed("of_source") or None
    )
    await did(visit, None, "upload_statement", subject=show_id("import", import_id))
    return visit.go(visit.staff_link(f"/reconcile/imports/{show_id('import', import_id)}"))


@pages.get("/reconcile/imports/{import_id}", need=_READ)
async def statement_import(visit: Visit) -> View:
    job = await visit.services.reconcile.background.find_import(visit.id_in_path("import", "import_id"))
    return View(
        template="statement_import.html",
        title="page_import",
        title_values={"name": job.name},
        values={
            "job": job,
            "is_running": job.state is ImportState.RUNNING,
            "error": visit.w.entry("error", job.error) if job.error else None,
        },
        tables=(
            Table(
                name="documents",
                caption="import_documents",
                empty="import_nothing_yet",
                columns=(
                    Column(code="rec_file"), Column(code="rec_outcome"), Column(code="rec_lines", numeric=True),
                    Column(code="rec_rejects", numeric=True), Column(code="rec_totals_wrong", numeric=True, wide=True),
                ),
                rows=[_document_row(visit, one) for one in job.documents],
            ),
        ),
    )  # fmt: skip


def _document_row(visit: Visit, one: ImportedDocument) -> tuple[Cell, ...]:
    name: Cell = one.name
    if one.statement_id is not None:
        name = Link(one.name, visit.staff_link(f"/reconcile/statements/{show_id('statement', one.statement_id)}"))
    outcome = visit.w.word(f"import_{one.outcome}")
    if one.error is not None:
        return name, Mark(outcome, "bad", below=visit.w.label("error", one.error)), None, None, None
    tone = "warn" if one.rejects or one.totals_wrong else "good" if one.outcome is DocumentOutcome.IMPORTED else "info"
    return name, Mark(outcome, tone), Count(one.lines), Count(one.rejects), Count(one.totals_wrong)


@pages.get("/reconcile/statements/{statement_id}", need=_READ)
async def statement_page(visit: Visit) -> View:
    imports, statement_id = visit.services.reconcile.imports, visit.id_in_path("statement", "statement_id")
    view = await imports.find(statement_id)
    one, most, after = view.statement, visit.most_rows, visit.asked("after")
    lines = await imports.lines_of(
        statement_id, after=int(after) if after.isascii() and after.isdigit() and len(after) < 15 else 0, most=most + 1
    )
    rows = lines[:most]
    return View(
        template="statement_file.html",
        title="page_statement_file",
        title_values={"name": one.name},
        values={
            "one": one,
            "address": visit.staff_link(f"/reconcile/statements/{show_id('statement', statement_id)}"),
            "mark": _statement_mark(visit, one),
            "faults": [visit.w.entry("run_reason", fault) for fault in one.faults],
            "facts": _statement_facts(visit, one),
            "may_set_aside": visit.may(staff=Staff.RECONCILE_WRITE) and bool(one.faults),
        },
        tables=(
            _rejects_table(visit, view.rejects),
            _totals_table(visit, view.totals),
            _lines_table(visit, rows, more=visit.here(after=rows[-1].number) if len(lines) > most else None),
        ),
    )  # fmt: skip


def _statement_facts(visit: Visit, one: KeptStatement) -> list[tuple[str, Cell]]:
    return [
        ("rec_source", Link(one.source, visit.staff_link(f"/reconcile/sources/{one.source}"))),
        ("rec_importer", f"{one.importer} v{one.importer_version}"),
        ("rec_begins", Instant(one.begins)), ("rec_ends", Instant(one.ends)),
        ("rec_lines", Count(one.lines)), ("rec_new", Count(one.lines_new)), ("rec_changed", Count(one.lines_changed)),
        ("rec_rejects", Count(one.rejects)), ("rec_imported_at", Instant(one.imported_at)), ("rec_by", one.imported_by),
        ("rec_statement_id", Id(show_id("statement", one.statement_id))),
    ]  # fmt: skip


def _rejects_table(visit: Visit, found: Sequence[KeptReject]) -> Table:
    return Table(
        name="rejects",
        caption="statement_rejects",
        empty="statement_rejects_none",
        columns=(
            Column(code="rec_line", numeric=True), Column(code="rec_column"), Column(code="rec_reject_reason"),
            Column(code="rec_raw", wide=True),
        ),
        rows=[
            (Count(one.number), one.column, Mark(visit.w.label("reject_reason", one.reason), "bad", hint=visit.w.explanation("reject_reason", one.reason)), one.raw)
            for one in found
        ],
    )  # fmt: skip


def _totals_table(visit: Visit, found: Sequence[KeptTotal]) -> Table:
    return Table(
        name="totals",
        caption="statement_totals",
        empty="statement_totals_none",
        columns=(
            Column(code="rec_total"), Column(code="rec_stated", numeric=True), Column(code="rec_found_in_lines", numeric=True),
            Column(code="rec_agreement"),
        ),
        rows=[
            (
                one.name, _total(one, one.stated), _total(one, one.found),
                Mark(visit.w.word("rec_agrees"), "good") if one.stated == one.found else Mark(visit.w.word("rec_differs"), "bad"),
            )
            for one in found
        ],
    )  # fmt: skip


def _total(one: KeptTotal, number: int) -> Cell:
    return Count(number) if one.is_count else format_nanos(number)


def _lines_table(visit: Visit, found: Sequence[KeptLine], *, more: str | None) -> Table:
    return Table(
        name="lines",
        caption="statement_file_lines",
        columns=(
            Column(code="rec_line", numeric=True), Column(code="rec_when"), Column(code="rec_kind"), Column(code="rec_status", wide=True),
            Column(code="rec_amount", numeric=True), Column(code="rec_fee", numeric=True, wide=True), Column(code="rec_number"),
            Column(code="rec_order", wide=True), Column(code="rec_description", wide=True),
        ),
        rows=[
            (
                Count(one.number), Instant(one.at), one.kind, one.status,
                Amount(one.amount * one.direction, one.currency, signed=True), Amount(one.fee, one.currency),
                one.trade_mask or one.refund_mask or one.upstream_id,
                None if one.order_id is None
                else Id(show_id("order", one.order_id), visit.staff_link(f"/orders/{show_id('order', one.order_id)}")),
                one.description or one.model,
            )
            for one in found
        ],
        more=more,
    )  # fmt: skip


@pages.post("/reconcile/statements/{statement_id}/set-aside", need=_WRITE, shows=statement_page)
async def set_statement_aside(visit: Visit) -> Response:
    statement_id = visit.id_in_path("statement", "statement_id")
    with form("aside"):
        await visit.services.reconcile.imports.set_aside(statement_id, by=visit.by, reason=visit.typed("aside_reason"))
    await did(visit, None, "set_statement_aside", subject=show_id("statement", statement_id))
    return visit.done(visit.staff_link(f"/reconcile/statements/{show_id('statement', statement_id)}"), "done_set_aside")
