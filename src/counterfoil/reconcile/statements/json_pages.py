"""Pages of providers' interfaces, as saved: their buckets and results as rows under a header, like those of a CSV file.

One page, a list of pages, or pages one after the other. Of what was cut in the middle, all that is whole is read; the rest
is one reject, and the statement is truncated.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from weakref import WeakKeyDictionary

from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.headers import Record, Table, header_of, read_table, reject
from counterfoil.reconcile.statements.model import Line, RejectReason

Thing = Mapping[str, object]

# The next bracket that is not in a string; what is passed on the way is not tried again.
_BRACKET = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]])', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
# The field of what should have been an object and is not.
_NAMELESS = ""
# Fields of fields of fields: no provider's results go deeper.
_DEEPEST = 8
_BROKEN: WeakKeyDictionary[Document, tuple[list[object], str | None]] = WeakKeyDictionary()
# How far back from the cut something whole is looked for.
_ENDS_KEPT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What a file of pages says. `rest` is what comes after a cut, None where there is none."""

    pages: tuple[Thing, ...]
    rest: str | None

    @property
    def has_more(self) -> bool:
        """The last page says that others follow, and they are not here."""
        return bool(self.pages) and self.pages[-1].get("has_more") is True

    @property
    def buckets(self) -> Iterator[Thing]:
        for page in self.pages:
            yield from things_of(page, "data")


def parse_json(document: Document) -> tuple[list[object], str | None]:
    """The values of a JSON file, one after the other, and what comes after a cut (None: whole); nothing where it is no JSON."""
    text = document.text.lstrip("\ufeff \t\r\n")
    if text[:1] not in ("{", "["):
        return [], None
    whole = document.json
    if whole is not None:
        return [whole], None
    # Every importer asks, and what is broken takes long.
    found = _BROKEN.get(document)
    if found is None:
        found = _BROKEN[document] = _parsed(text)
    return found


def read_pages(document: Document) -> Pages | None:
    """The pages of a JSON file whose pages have a `data` list, or None."""
    found, rest = parse_json(document)
    pages = [page for one in found for page in (one if isinstance(one, list) else [one])]
    things = tuple(page for page in pages if isinstance(page, dict))
    if not things or not all(isinstance(page.get("data"), list) for page in things):
        return None
    return Pages(pages=things, rest=rest)


def things_of(thing: Thing, name: str) -> list[Thing]:
    """The objects of a list; what is none of them is shown as one whose only field has no name."""
    found = thing.get(name)
    return (
        [one if isinstance(one, dict) else {_NAMELESS: _raw(one)} for one in found] if isinstance(found, list) else []
    )


def read_results(
    pages: Pages, read: Callable[[Record], Line | None], *, results: str | None = "results"
) -> tuple[Table, bool]:
    """Every result as a line or a reject, numbered in order, and whether results are missing at the end.

    A result has its bucket's fields too; a bucket without results is a row of its own. `results` None: `data` holds them.
    """
    return read_things([one for bucket in pages.buckets for one in _with_results(bucket, results)], pages, read)


def read_things(things: Sequence[Thing], pages: Pages, read: Callable[[Record], Line | None]) -> tuple[Table, bool]:
    """The same, of things already found."""
    flat = [dict(_flat(thing, "", _DEEPEST)) for thing in things]
    names = tuple(dict.fromkeys(name for one in flat for name in one)) or (_NAMELESS,)
    header = header_of(Row(0, names, ""))
    rows = [
        Row(number, tuple(one.get(name, "") for name in names), _raw(thing), _problem(one))
        for number, (one, thing) in enumerate(zip(flat, things, strict=True), start=1)
    ]
    table = read_table(rows, header, read)
    if pages.rest is None:
        return table, pages.has_more
    if not pages.rest.strip():
        return table, True
    cut = reject(Row(len(rows) + 1, (), pages.rest), RejectReason.TOO_FEW_CELLS)
    return Table(lines=table.lines, rejects=(*table.rejects, cut), footer=(), is_cut=True), True


def _with_results(bucket: Thing, results: str | None) -> Iterable[Thing]:
    if results is None:
        return [bucket]
    own = {name: value for name, value in bucket.items() if name != results}
    return [{**own, **result} for result in things_of(bucket, results)] or [own]


def _problem(flat: Mapping[str, str]) -> RejectReason | None:
    return RejectReason.CELL_UNKNOWN if _NAMELESS in flat else None


def _flat(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Fields inside fields have both names: `amount_value`."""
    if isinstance(value, dict) and depth:
        for inner, one in value.items():
            yield from _flat(one, f"{name}_{inner}" if name else inner, depth - 1)
    else:
        yield name, _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _raw(value)


def _raw(value: object) -> str:
    """As it stands in the file, more or less; numbers exactly."""
    if isinstance(value, int | Decimal):
        return str(value)
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "..."


def _parsed(text: str) -> tuple[list[object], str | None]:
    """Values one after the other, and what is left where one of them is broken."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    found: list[object] = []
    position = 0
    while position < len(text):
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            mended, kept = _mended(text[position:], error.pos - position)
            return ([*found, mended] if mended is not None else found), text[position + kept :]
        except (ValueError, RecursionError):
            return found, text[position:]
        found.append(value)
        position = len(text) - len(text[end:].lstrip())
    return found, None


def _mended(text: str, broken_at: int) -> tuple[object | None, int]:
    """The value up to the last element of a list that is whole, closed there; and where that ends."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    open_brackets: list[str] = []
    ends: deque[tuple[int, str]] = deque(maxlen=_ENDS_KEPT)
    end = 0
    while token := _BRACKET.match(text, end, broken_at):
        sign, end = token[1], token.end()
        if sign in _CLOSING:
            open_brackets.append(sign)
            continue
        if not open_brackets:
            break
        open_brackets.pop()
        # Inside an object more may have followed: only an element of a list is known to be whole.
        if open_brackets[-1:] == ["["]:
            ends.append((end, "".join(_CLOSING[one] for one in reversed(open_brackets))))
    for end, closing in reversed(ends):
        try:
            return decoder.decode(text[:end] + closing), end
        except ValueError:
            continue
    return None, 0
