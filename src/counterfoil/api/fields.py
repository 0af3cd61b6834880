"""Fields that many bodies have: ids as shown, amounts given twice, times, names, pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.money import LARGEST_NANOS, parse_nanos
from counterfoil.foundation.periods import read_time
from counterfoil.limits.model import DUPLICATE_WINDOW_SECONDS_MAX

PAGE_MAX = 200
TEXT_MAX = 500

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("printable characters only")
    return text


# Lax where JSON has one form anyway; a number in quotes is no number.
Text = Annotated[str, Field(max_length=TEXT_MAX), AfterValidator(_printable)]
Whole = Annotated[int, Field(strict=True, ge=0, le=LARGEST_NANOS)]
Flag = Annotated[bool, Field(strict=True)]
Texts = Annotated[list[Text], Field(max_length=200)]
Time = Annotated[str, Field(max_length=40, description="RFC 3339 with a zone, such as 2027-01-01T00:00:00Z.")]
DuplicateWindow = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=DUPLICATE_WINDOW_SECONDS_MAX,
        description="Within how many seconds the same content is one submission; null: the group's, the account's.",
    ),
]

AccountId = Annotated[str, Path(description="The account's id (acct_…).", max_length=60)]
SourceId = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=200,
        description="What this is for: an order, a ticket, an approval. The same id with the same content is answered "
        "as the first time and does nothing again.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Most items of this page.")]
By = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=100,
        description="Who does it, by name, with the operator's token; whoever has signed in is named by their own.",
    ),
]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the page before.")]


class Input(BaseModel):
    """What a caller sends: unknown fields are refused, because a misspelt one would be silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(frozen=True)


class Page(Output, Generic[Item]):
    """One page; `next` is the cursor of the following one, or null."""

    items: list[Item]
    next: str | None


def page(rows: Sequence[Row], *, limit: int, item: Callable[[Row], Item], cursor: Callable[[Row], str]) -> Page[Item]:
    """The page of `limit` rows of which one more was asked for."""
    shown = rows[:limit]
    return Page(items=[item(row) for row in shown], next=cursor(shown[-1]) if len(rows) > limit else None)


def paged(items: Sequence[Item], *, limit: int, cursor: str | None, name: Callable[[Item], str]) -> Page[Item]:
    """A page of a list that is short enough to be read whole; the cursor is the name of an item."""
    start = 0
    if cursor is not None:
        names = [name(item) for item in items]
        if cursor not in names:
            raise InputError(field="cursor", expected="`next` of the page before")
        start = names.index(cursor) + 1
    return page(items[start:], limit=limit, item=lambda item: item, cursor=name)


def without(output: Item, *names: str) -> Item:
    """The same without the operator's side of it: fields that are null for whoever is no staff."""
    return output.model_copy(update=dict.fromkeys(names))


def optional_time(text: str | None) -> int | None:
    return None if text is None else read_time(text)


def optional_id(kind: str, text: str | None) -> UUID | None:
    return None if text is None else read_id(kind, text)


class AmountInput(Input):
    """An amount in one of its two forms."""

    amount: Annotated[str | None, Field(max_length=40, description="A decimal such as 12.34; or use amount_nanos.")] = (
        None
    )
    amount_nanos: Annotated[
        int | None,
        Field(
            strict=True, ge=-LARGEST_NANOS, le=LARGEST_NANOS, description="1e-9 of the currency's unit; or use amount."
        ),
    ] = None

    def nanos(self) -> int:
        found = self.optional_nanos()
        if found is None:
            raise InputError(field="amount", expected="amount or amount_nanos")
        return found

    def optional_nanos(self) -> int | None:
        if self.amount is not None and self.amount_nanos is not None:
            raise InputError(field="amount", expected="amount or amount_nanos, not both")
        return self.amount_nanos if self.amount is None else parse_nanos(self.amount)
