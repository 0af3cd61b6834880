"""The two sides of a break, and of pairs that would fit: what each row says, and where they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from counterfoil.console.tables import Amount, Cell, Instant
from counterfoil.console.visits import ROOT, Visit, with_query
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.ids import show_id
from counterfoil.reconcile.breaks_service import BreakView
from counterfoil.reconcile.desk_model import Break, KeptLine

# What both sides can say of a row, in the order in which it is compared.
_COMPARED = ("rec_amount", "rec_currency", "rec_when", "rec_number", "rec_payer", "rec_order", "rec_status")
_ROWS_SHOWN = 20
_CANDIDATES_SHOWN = 12
# What can be looked up by its id, and the kind of the id.
_KINDS = {"order": "order", "request": "request", "task": "task", "charge": "request", "code": "code"}
_HEX_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One row: what it is, where it leads, and what it says by field."""

    row: str
    what: str
    name: str
    href: str | None = None
    said: Mapping[str, Cell] = field(default_factory=dict)
    # As compared: equal values agree.
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One field on both sides. `agrees` is None where one side says nothing of it."""

    code: str
    ours: Cell
    theirs: Cell
    agrees: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    ours: Sequence[Side]
    theirs: Sequence[Side]
    compared: Sequence[Compared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pair that would fit. `rows` are those that are linked with the break's own when it is chosen."""

    rows: Sequence[str]
    sides: Sides
    agreeing: int


async def sides_of(visit: Visit, one: Break, lines: Sequence[KeptLine]) -> Sides:
    """What our records say, and what the other side does."""
    return await _sides(visit, one.ours, one.theirs, {line.line_id: line for line in lines})


async def candidates_of(visit: Visit, view: BreakView) -> list[Candidate]:
    """The pairs among which a person is to choose, those that agree most first."""
    one = view.found
    pairs = [(match.ours, match.theirs) for match in view.suggestions]
    if not pairs:
        pairs = [
            (one.ours, (row,)) if row.startswith("line:") or not one.theirs else ((row,), one.theirs)
            for row in one.alternatives
        ]
    pairs = pairs[:_CANDIDATES_SHOWN]
    wanted = [id_ for ours, theirs in pairs for row in (*ours, *theirs) if (id_ := _line_id(row)) is not None]
    lines = {line.line_id: line for line in await visit.services.reconcile.imports.lines(wanted)} if wanted else {}
    found = []
    for ours, theirs in pairs:
        sides = await _sides(visit, ours, theirs, lines)
        rows = [row for row in (*ours, *theirs) if row not in one.rows]
        if rows:
            agreeing = sum(each.agrees is True for each in sides.compared)
            found.append(Candidate(rows=rows, sides=sides, agreeing=agreeing))
    return sorted(found, key=lambda each: -each.agreeing)


async def _sides(visit: Visit, ours: Sequence[str], theirs: Sequence[str], lines: Mapping[UUID, KeptLine]) -> Sides:
    our_sides = [await _side(visit, row, lines) for row in ours[:_ROWS_SHOWN]]
    their_sides = [await _side(visit, row, lines) for row in theirs[:_ROWS_SHOWN]]
    compared = _compare(our_sides[0], their_sides[0]) if our_sides and their_sides else []
    return Sides(ours=our_sides, theirs=their_sides, compared=compared)


def _compare(ours: Side, theirs: Side) -> list[Compared]:
    found = []
    for code in _COMPARED:
        if code not in ours.said and code not in theirs.said:
            continue
        both = ours.values.get(code) is not None and theirs.values.get(code) is not None
        found.append(
            Compared(
                code=code, ours=ours.said.get(code), theirs=theirs.said.get(code),
                agrees=ours.values[code] == theirs.values[code] if both else None,
            )
        )  # fmt: skip
    return found


async def _side(visit: Visit, row: str, lines: Mapping[UUID, KeptLine]) -> Side:
    table, _, name = row.partition(":")
    line_id = _line_id(row)
    if line_id is not None and line_id in lines:
        return _of_line(visit, row, lines[line_id])
    what = visit.w.word(f"rec_row_{table}") if visit.w.entry("word", f"rec_row_{table}") is not None else table
    kind = _KINDS.get(table)
    if kind is None or len(name) != _HEX_DIGITS:
        return Side(row=row, what=what, name=name)
    try:
        id_ = UUID(hex=name)
    except ValueError:
        return Side(row=row, what=what, name=name)
    shown = show_id(kind, id_)
    href = with_query(f"{ROOT}/go", {"q": shown})
    side = Side(row=row, what=what, name=shown, href=href)
    try:
        if kind == "order":
            return await _of_order(visit, side, id_)
        if kind in ("request", "task"):
            return await _of_request(visit, side, id_)
    except CounterfoilError:
        # It is gone, or was never ours: the row itself is all that is known.
        return side
    return side


async def _of_order(visit: Visit, side: Side, order_id: UUID) -> Side:
    order = await visit.services.orders.order(order_id)
    at = order.paid_at or order.created_at
    return Side(
        row=side.row, what=side.what, name=side.name, href=side.href,
        said={
            "rec_amount": Amount(order.amount, order.currency), "rec_currency": order.currency, "rec_when": Instant(at),
            "rec_number": order.number_mask, "rec_payer": order.payer_mask, "rec_order": side.name,
            "rec_status": visit.w.label("order_state", order.state),
        },
        values={
            "rec_amount": order.amount, "rec_currency": order.currency, "rec_when": _minute(at),
            "rec_number": order.number_mask, "rec_payer": order.payer_mask, "rec_order": order.order_id,
        },
    )  # fmt: skip


async def _of_request(visit: Visit, side: Side, request_id: UUID) -> Side:
    view = await visit.services.spend.request(request_id)
    return Side(
        row=side.row, what=side.what, name=side.name, href=side.href,
        said={
            "rec_amount": Amount(view.charged_nanos, view.currency), "rec_currency": view.currency,
            "rec_when": Instant(view.received_at), "rec_status": visit.w.label("request_state", view.state),
        },
        values={
            "rec_amount": view.charged_nanos, "rec_currency": view.currency, "rec_when": _minute(view.received_at),
        },
    )  # fmt: skip


def _of_line(visit: Visit, row: str, line: KeptLine) -> Side:
    amount = line.amount * line.direction
    statement = show_id("statement", line.statement_id)
    said: dict[str, Cell] = {
        "rec_amount": Amount(amount, line.currency), "rec_currency": line.currency, "rec_when": Instant(line.at),
        "rec_number": line.trade_mask or line.refund_mask, "rec_payer": line.payer_mask,
        "rec_order": None if line.order_id is None else show_id("order", line.order_id), "rec_status": line.status,
        "rec_fee": Amount(line.fee, line.currency), "rec_kind": line.kind, "rec_description": line.description,
        "rec_model": line.model,
    }  # fmt: skip
    return Side(
        row=row, what=visit.w.word("rec_row_line"), name=f"{line.source} · {line.number}",
        href=f"{ROOT}/reconcile/statements/{statement}",
        said={code: cell for code, cell in said.items() if code in _COMPARED or cell not in (None, "")},
        values={
            "rec_amount": amount, "rec_currency": line.currency, "rec_when": _minute(line.at),
            "rec_number": line.trade_mask or line.refund_mask, "rec_payer": line.payer_mask, "rec_order": line.order_id,
        },
    )  # fmt: skip


def _minute(at: int) -> int:
    """Clocks of two houses agree to the minute."""
    return at // 60_000_000


def _line_id(row: str) -> UUID | None:
    table, _, name = row.partition(":")
    if table != "line" or len(name) != _HEX_DIGITS:
        return None
    try:
        return UUID(hex=name)
    except ValueError:
        return None
