"""Redemption codes: batches, what has become of each code, and every try to redeem one.

A whole code is typed into a form's body and shown nowhere; codes that were made come once, as a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.desk import (
    account_links,
    choices,
    did,
    form,
    read_moment,
    read_money,
    read_optional_whole,
    read_whole,
    saw,
    state_mark,
)
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Action, Actions, Amount, Cell, Column, Id, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.identity.access import Need, Staff
from counterfoil.ledger.model import GrantKind
from counterfoil.recharge.codes_model import BatchSettings, BatchView, CodeState, CodeView, NewCodes, Try, TryOutcome

pages = Pages()
_READ = Need(staff=Staff.CODES_READ)
_WRITE = Need(staff=Staff.CODES_WRITE)


@pages.get("/codes", need=_READ)
async def codes(visit: Visit) -> View:
    most = visit.most_rows
    found = await visit.services.codes.batches(before=visit.id_asked("code_batch", "before"), most=most + 1)
    rows = found[:most]
    return View(
        template="codes.html",
        title="page_codes",
        values={
            "may_write": visit.may(staff=Staff.CODES_WRITE),
            "kinds": choices(visit, "grant_kind", (GrantKind.PROMOTIONAL, GrantKind.PAID, GrantKind.COMPENSATION)),
        },
        tables=(
            Table(
                name="batches",
                caption="code_batches",
                empty="code_batches_none",
                columns=(
                    Column(code="batch_name"), Column(code="batch_value", numeric=True),
                    Column(code="batch_count", numeric=True), Column(code="batch_redeemed", numeric=True),
                    Column(code="batch_new", numeric=True, wide=True), Column(code="batch_voided", numeric=True, wide=True),
                    Column(code="grant_kind", wide=True), Column(code="batch_expires", wide=True),
                    Column(code="batch_made", wide=True),
                ),
                rows=[_batch_row(visit, one) for one in rows],
                more=visit.here(before=show_id("code_batch", rows[-1].batch.batch_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


def _batch_row(visit: Visit, view: BatchView) -> tuple[Cell, ...]:
    settings = view.batch.settings
    return (
        Link(settings.name, _batch_page(visit, view.batch.batch_id)),
        Amount(settings.value, settings.currency),
        settings.count,
        view.counts[CodeState.REDEEMED],
        view.counts[CodeState.NEW],
        view.counts[CodeState.VOIDED],
        visit.w.label("grant_kind", settings.kind),
        Instant(settings.expires_at),
        Note(visit.shown.time(view.batch.created_at), view.batch.created_by),
    )


def _batch_page(visit: Visit, batch_id: UUID) -> str:
    return visit.staff_link(f"/codes/batches/{show_id('code_batch', batch_id)}")


def _code_page(visit: Visit, code_id: UUID) -> str:
    return visit.staff_link(f"/codes/{show_id('code', code_id)}")


@pages.post("/codes", need=_WRITE, shows=codes)
async def make_codes(visit: Visit) -> Response:
    """The codes are in the answer, a file, and nowhere else: there is no page to load again."""
    kind = visit.typed("batch_kind")
    if kind not in tuple(GrantKind):
        raise InputError(field="batch_kind", expected=", ".join(GrantKind))
    settings = BatchSettings(
        name=visit.typed("batch_name"), value=read_money(visit, "batch_value"),
        currency=visit.typed("batch_currency", "USD").upper(), count=read_whole(visit, "batch_count"),
        kind=GrantKind(kind), grant_priority=read_whole(visit, "batch_grant_priority", default=100),
        grant_days=read_optional_whole(visit, "batch_grant_days"),
        per_account_limit=read_optional_whole(visit, "batch_per_account_limit"),
        allowed_groups=tuple(part.strip() for part in visit.typed("batch_allowed_groups").splitlines() if part.strip()),
        expires_at=read_moment(visit, "batch_expires_at"),
    )  # fmt: skip
    with form("batch"):
        made = await visit.services.codes.create(settings, by=visit.by)
    await did(visit, None, "make_codes", subject=show_id("code_batch", made.view.batch.batch_id))
    return _file_of(visit, made)


def _file_of(visit: Visit, made: NewCodes) -> Response:
    """What a shop or a printer takes: a code a line, with the batch it is of."""
    batch = made.view.batch
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            visit.w.word("code_itself"),
            visit.w.word("batch_value"),
            visit.w.word("batch_currency"),
            visit.w.word("batch_id"),
        ]
    )
    shown = show_id("code_batch", batch.batch_id)
    value = format_nanos(batch.settings.value)
    writer.writerows([code, value, batch.settings.currency, shown] for code in made.codes)
    return Response(
        "\ufeff" + text.getvalue(),
        headers={
            "content-type": "text/csv; charset=utf-8",
            "content-disposition": f'attachment; filename="{shown}.csv"',
        },
    )


@pages.post("/codes/find", need=_READ, shows=codes)
async def find_code(visit: Visit) -> Response:
    """A whole code: what was typed goes no further than this."""
    view = await _found(visit)
    if view.code.redeemed_by is not None:
        await saw(visit, view.code.redeemed_by, "find_code")
    return visit.go(_code_page(visit, view.code.code_id))


async def _found(visit: Visit) -> CodeView:
    try:
        return await visit.services.codes.find(visit.typed("code"))
    except InputError as error:
        error.parameters["field"] = "code"
        raise


@pages.get("/codes/tries", need=_READ)
async def code_tries(visit: Visit) -> View:
    most = visit.most_rows
    found = await visit.services.codes.tries(
        account_id=visit.id_asked("account", "account"), before=visit.id_asked("code_try", "before"), most=most + 1
    )
    rows = found[:most]
    more = visit.here(before=show_id("code_try", rows[-1].try_id)) if len(found) > most else None
    return View(
        template="code_tries.html", title="page_code_tries", tables=(await _tries_table(visit, rows, more=more),)
    )


async def _tries_table(visit: Visit, tries: Sequence[Try], *, more: str | None = None) -> Table:
    links = await account_links(visit, (one.account_id for one in tries))
    return Table(
        name="tries",
        caption="code_tries",
        empty="code_tries_none",
        columns=(
            Column(code="try_last"), Column(code="try_outcome"), Column(code="try_code"), Column(code="try_account"),
            Column(code="try_by", wide=True), Column(code="try_address", wide=True),
            Column(code="try_times", numeric=True, wide=True),
        ),
        rows=[
            (
                Instant(one.last_at), _outcome(visit, one.outcome),
                None if one.mask is None else one.mask if one.code_id is None else Link(one.mask, _code_page(visit, one.code_id)),
                links[one.account_id], one.tried_by, one.client_address, one.times,
            )
            for one in tries
        ],
        more=more,
    )  # fmt: skip


def _outcome(visit: Visit, outcome: TryOutcome) -> Mark:
    if outcome is TryOutcome.REDEEMED:
        return Mark(visit.w.word("code_redeemed"), "good", visit.w.hint("code_redeemed"))
    tone = "bad" if outcome.is_guess or outcome is TryOutcome.TRIES_EXCEEDED else "warn"
    return Mark(visit.w.label("error", outcome), tone, visit.w.explanation("error", outcome))


@pages.get("/codes/batches/{batch_id}", need=_READ)
async def code_batch(visit: Visit) -> View:
    services, most, state = visit.services, visit.most_rows, visit.asked("state")
    batch_id = visit.id_in_path("code_batch", "batch_id")
    view = await services.codes.batch(batch_id)
    mask = visit.asked("mask")
    if mask:
        found, rest = await services.codes.find_masked(mask, batch_id=batch_id), False
    else:
        listed = await services.codes.codes(
            batch_id, state=CodeState(state) if state in tuple(CodeState) else None,
            after=visit.id_asked("code", "after"), most=most + 1,
        )  # fmt: skip
        found, rest = listed[:most], len(listed) > most
    links = await account_links(visit, (one.code.redeemed_by for one in found))
    settings = view.batch.settings
    return View(
        template="code_batch.html",
        title="page_code_batch",
        title_values={"name": settings.name},
        values={
            "here": _batch_page(visit, batch_id),
            "view": view,
            "states": choices(visit, "code_state", CodeState),
            "may_write": visit.may(staff=Staff.CODES_WRITE),
            "can_void": view.batch.voided_at is None and view.counts[CodeState.NEW] > 0,
            "outstanding": visit.shown.short_money(view.total(CodeState.NEW), settings.currency),
            "redeemed": visit.shown.short_money(view.total(CodeState.REDEEMED), settings.currency),
            "count_new": visit.shown.count(view.counts[CodeState.NEW]),
            "count_redeemed": visit.shown.count(view.counts[CodeState.REDEEMED]),
            "count_voided": visit.shown.count(view.counts[CodeState.VOIDED]),
            "facts": _batch_facts(visit, view),
        },
        tables=(
            Table(
                name="codes",
                caption="codes_of_batch",
                empty="codes_of_batch_none",
                columns=(
                    Column(code="code_mask_end"), Column(code="code_state"), Column(code="code_account"),
                    Column(code="code_redeemer", wide=True), Column(code="code_redeemed_when"), Column(code="code_voider", wide=True),
                ),
                rows=[
                    (
                        Link(one.code.mask, _code_page(visit, one.code.code_id)), state_mark(visit, "code_state", one.state),
                        None if one.code.redeemed_by is None else links[one.code.redeemed_by], one.code.redeemer,
                        Instant(one.code.redeemed_at), one.code.voided_by,
                    )
                    for one in found
                ],
                more=visit.here(after=show_id("code", found[-1].code.code_id)) if rest else None,
            ),
        ),
    )  # fmt: skip


def _batch_facts(visit: Visit, view: BatchView) -> list[tuple[str, Cell]]:
    settings, batch = view.batch.settings, view.batch
    return [
        ("batch_value", Amount(settings.value, settings.currency)),
        ("batch_count", settings.count),
        ("grant_kind", visit.w.label("grant_kind", settings.kind)),
        ("batch_grant_days", settings.grant_days if settings.grant_days is not None else visit.w.word("never_ends")),
        (
            "batch_per_account",
            settings.per_account_limit if settings.per_account_limit is not None else visit.w.word("no_bound"),
        ),
        ("batch_groups", "、".join(settings.allowed_groups) if settings.allowed_groups else visit.w.word("everybody")),
        (
            "batch_expires",
            Instant(settings.expires_at) if settings.expires_at is not None else visit.w.word("no_bound"),
        ),
        ("batch_made", Note(visit.shown.time(batch.created_at), batch.created_by)),
        (
            "batch_voided_by",
            None if batch.voided_at is None else Note(visit.shown.time(batch.voided_at), batch.voided_by or ""),
        ),
        ("batch_id", Id(show_id("code_batch", batch.batch_id))),
    ]


@pages.post("/codes/batches/{batch_id}/void", need=_WRITE, shows=code_batch)
async def void_batch(visit: Visit) -> Response:
    batch_id = visit.id_in_path("code_batch", "batch_id")
    await visit.services.codes.void_batch(batch_id, by=visit.by)
    await did(visit, None, "void_batch", subject=show_id("code_batch", batch_id))
    return visit.done(_batch_page(visit, batch_id), "done_batch_voided")


@pages.get("/codes/{code_id}", need=_READ)
async def code(visit: Visit) -> View:
    code_id = visit.id_in_path("code", "code_id")
    view = await visit.services.codes.code(code_id)
    one, settings = view.code, view.batch.settings
    await saw(visit, one.redeemed_by, "code")
    tries = await visit.services.codes.tries(code_id=code_id, most=visit.most_rows)
    links = await account_links(visit, (one.redeemed_by,))
    can_void = view.state is CodeState.NEW and visit.may(staff=Staff.CODES_WRITE)
    return View(
        template="code.html",
        title="page_code",
        title_values={"mask": one.mask},
        values={
            "state": state_mark(visit, "code_state", view.state),
            "actions": Actions((Action("void_code", _code_page(visit, code_id) + "/void", danger=True),)) if can_void else None,
            "facts": [
                ("batch_name", Link(settings.name, _batch_page(visit, view.batch.batch_id))),
                ("batch_value", Amount(settings.value, settings.currency)),
                ("code_account", None if one.redeemed_by is None else links[one.redeemed_by]),
                ("code_redeemer", one.redeemer),
                ("code_redeemed_when", Instant(one.redeemed_at)),
                ("code_voider", None if one.voided_at is None else Note(visit.shown.time(one.voided_at), one.voided_by or "")),
                ("batch_expires", Instant(settings.expires_at) if settings.expires_at is not None else visit.w.word("no_bound")),
                ("code_id", Id(show_id("code", code_id))),
            ],
        },
        tables=(await _tries_table(visit, tries),),
    )  # fmt: skip


@pages.post("/codes/{code_id}/void", need=_WRITE, shows=code)
async def void_code(visit: Visit) -> Response:
    code_id = visit.id_in_path("code", "code_id")
    await visit.services.codes.void_code(code_id, by=visit.by)
    await did(visit, None, "void_code", subject=show_id("code", code_id))
    return visit.done(_code_page(visit, code_id), "done_code_voided")
