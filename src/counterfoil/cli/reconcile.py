"""`counterfoil reconcile`: statements held against our own records; what does not match, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli import reconcile_breaks, reconcile_settle, reconcile_sources
from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus, error_lines
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import Most, read_optional_id
from counterfoil.cli.output import Column, moment, table
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.reconcile.desk_model import InconclusiveReason, Run, RunReason, RunState
from counterfoil.reconcile.imports import Imported, Progress
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import DUCKDB, DayView, RunProgress
from counterfoil.reconcile.shown import day_json, imported_json, read_day, run_json

# A folder of a year's bills; more is a wrong folder.
_FILES_MAX = 5_000
_FILE_BYTES_MAX = 1 << 30
# What a run cannot say of itself.
_OF_DAYS = frozenset(
    {InconclusiveReason.BOOK_NOT_RUN, InconclusiveReason.BOOK_RUNNING, InconclusiveReason.STATEMENT_SINCE}
)

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it: nobody signs in yet.")]
OfBook = Annotated[Book | None, typer.Option("--book", help="Only this book.")]


async def import_files(
    call: Call,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Statements as downloaded: files, folders, ZIP archives.")
    ],
    by: By,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help="Whose they are; not given: told by the kind of file, where one source has it.",
        ),
    ] = None,
) -> Answer:
    """Import statements. Their kind is told by their content; the same file again adds nothing and says so.

    Lines that cannot be read are kept as rejects, and totals that do not hold as breaks: nothing is dropped silently.
    """
    found: list[Imported] = []
    paths = list(_walk(files))
    last = [""]

    def tell(progress: Progress) -> None:
        text = f"{progress.name}: {progress.done} / {progress.total} lines"
        if progress.total and text != last[0]:
            last[0] = text
            call.progress(text)

    async with call.services() as services:
        for path in paths:
            call.progress(f"{path.name} …")
            found += await services.reconcile.imports.import_file(
                name=path.name, content=_read(path), by=by, source=source, progress=tell
            )
    bad = any(one.error is not None for one in found)
    return Answer(
        data={"files": [imported_json(one) for one in found]},
        lines=[line for one in found for line in _imported_lines(one, call.language)],
        status=ExitStatus.NOT_DONE if bad or not found else ExitStatus.DONE,
    )


def _walk(paths: list[Path]) -> Iterator[Path]:
    """Files as named, and those in folders by their names; raises `InputError`."""
    count = 0
    for path in paths:
        if not path.exists():
            raise InputError(field="file", given=path.name[:200], expected="a file or a folder that exists")
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for each in inside:
            if path.is_dir() and each.name.startswith("."):
                continue
            count += 1
            if count > _FILES_MAX:
                raise InputError(field="file", expected=f"at most {_FILES_MAX} files")
            yield each


def _read(path: Path) -> bytes:
    if path.stat().st_size > _FILE_BYTES_MAX:
        raise InputError(field="file", given=path.name[:200], expected=f"at most {_FILE_BYTES_MAX} bytes")
    return path.read_bytes()


def _imported_lines(one: Imported, language: Language) -> list[str]:
    if one.is_companion:
        return [f"{one.name}: sums of another file, nothing of its own"]
    if one.error is not None:
        title, *rest = error_lines(one.error, language)
        return [f"{one.name}: {title}", *rest]
    kept = one.statement
    assert kept is not None
    said = "known already, nothing added" if one.was_known else (
        f"{kept.lines_new} new, {kept.lines_changed} changed, {one.lines_known} known"
    )  # fmt: skip
    lines = [f"{one.name}: {kept.importer} of {kept.source}, {kept.lines} lines: {said}"]
    if kept.is_truncated:
        lines.append(f"  {entry(Kind.RUN_REASON, 'statement_truncated').label[language]}")
    lines += [
        f"  line {each.number}, {each.column or '-'}: {entry(Kind.REJECT_REASON, each.reason).label[language]}: {each.raw}"
        for each in one.rejects[:20]
    ]
    if len(one.rejects) > 20:
        lines.append(f"  … {len(one.rejects) - 20} more rejects: counterfoil reconcile statements "
                     f"{show_id('statement', kept.statement_id)}")  # fmt: skip
    lines += [f"  total {each.name}: stated {each.stated}, found {each.found}" for each in one.totals
              if each.stated != each.found]  # fmt: skip
    return lines


async def run(
    call: Call,
    day: Annotated[str, typer.Option("--day", metavar="DAY", help="The day to hold, such as 2027-01-31.")],
    by: By,
    book: Annotated[list[Book] | None, typer.Option("--book", help="Only this book; repeatable. None: all.")] = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="ENGINE", help="duckdb, spark-local or spark://host:port.")
    ] = DUCKDB,
) -> Answer:
    """Hold a day's books against the statements. Run again, it carries on: what was found stays, what has come closes.

    Exit status 1 where a book is inconclusive: a statement is missing, cut off or has lines that could not be read.
    """
    wanted = read_day(day)

    def tell(progress: RunProgress) -> None:
        call.progress(f"{progress.book}: {progress.step}" + (f", {progress.count} rows" if progress.count else ""))

    async with call.services() as services:
        found = await services.reconcile.runs.run(wanted, by=by, books=book or (), engine=engine, progress=tell)
    all_closed = all(one.state is RunState.CLOSED for one in found)
    return Answer(
        data={"runs": [run_json(one) for one in found]},
        lines=[line for one in found for line in _run_lines(one, call.language)],
        status=ExitStatus.DONE if all_closed else ExitStatus.NOT_DONE,
    )


async def show_day(
    call: Call,
    day: Annotated[str, typer.Argument(metavar="DAY", help="Such as 2027-01-31.")],
    close: Annotated[bool, typer.Option("--close", help="Close it, or say why not; needs --by.")] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who closes it.")] = None,
) -> Answer:
    """Show how a day stands, book by book, and what does not match; with --close, close it or say why not."""
    wanted = read_day(day)
    if close and by is None:
        raise InputError(field="by", expected="who closes it")
    async with call.services() as services:
        desk = services.reconcile
        view = await desk.runs.close_day(wanted, by=by or "") if close else await desk.runs.day(wanted)
        counts = list(await desk.breaks.counts())
    return Answer(
        data=day_json(view, counts),
        lines=[
            *_day_lines(view, call.language),
            "",
            *table(
                ("book", "class", "owner", Column(name="standing", right=True), "oldest"),
                [(one.book, one.break_class, one.owner, one.count, one.oldest.isoformat()) for one in counts],
                empty="Nothing stands open.",
            ),
        ],
        status=ExitStatus.NOT_DONE if view.obstacles and view.closed is None else ExitStatus.DONE,
    )


async def list_runs(
    call: Call,
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="Only this day's.")] = None,
    book: OfBook = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (run_…).")] = None,
) -> Answer:
    """List runs, newest first."""
    wanted, last = None if day is None else read_day(day), read_optional_id("run", before)
    async with call.services() as services:
        found = await services.reconcile.runs.list(day=wanted, book=book, before=last, most=most + 1)
    page = found[:most]
    rows = [
        (show_id("run", one.run_id), one.day.isoformat(), one.book, one.state, moment(one.started_at), one.engine,
         one.counts.get("breaks", 0), [each.code for each in one.reasons])
        for one in page
    ]  # fmt: skip
    columns = ("run", "day", "book", "state", "started", "engine", Column(name="breaks", right=True), "reasons")
    return Answer(
        data={
            "runs": [run_json(one) for one in page],
            "next": show_id("run", page[-1].run_id) if len(found) > most else None,
        },
        lines=table(columns, rows, empty="No such runs."),
    )


def _run_lines(one: Run, language: Language) -> list[str]:
    state = entry(Kind.RUN_STATE, one.state).label[language]
    book = entry(Kind.BOOK, one.book).label[language]
    counts = ", ".join(f"{name} {count}" for name, count in one.counts.items())
    return [f"{one.day.isoformat()} {book}: {state} ({one.state})", *([f"  {counts}"] if counts else []),
            *(_reason_line(each, language) for each in one.reasons)]  # fmt: skip


def _reason_line(one: RunReason, language: Language) -> str:
    words = entry(Kind.RUN_REASON, one.code)
    about = " ".join(
        part
        for part in (
            one.source,
            None if one.statement_id is None else show_id("statement", one.statement_id),
            one.detail,
        )
        if part
    )
    return f"  {words.label[language]} ({one.code})" + (f": {about}" if about else "")


def _day_lines(view: DayView, language: Language) -> list[str]:
    lines = [line for one in view.runs for line in _run_lines(one, language)]
    told = [one for one in view.obstacles if one.code in _OF_DAYS]
    if view.closed is not None:
        return [f"{view.day.isoformat()}: closed by {view.closed.closed_by}, {moment(view.closed.closed_at)}", *lines]
    head = f"{view.day.isoformat()}: " + ("not to be closed yet" if view.obstacles else "can be closed")
    return [
        head,
        *(f"{entry(Kind.BOOK, one.book or '').label[language]}: {_reason_line(one, language).strip()}" for one in told),
        *lines,
    ]


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="reconcile",
        panel=MONEY,
        summary="Statements against our own records: what matches, what does not, and who settles it.",
    )
    commands.add("import", import_files)
    commands.add("run", run)
    commands.add("day", show_day)
    commands.add("runs", list_runs)
    reconcile_breaks.add_to(commands)
    reconcile_settle.add_to(commands)
    reconcile_sources.add_to(commands)
