"""Search from the desk: whatever somebody has pasted, the accounts that it leads to and why. It changes nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, SecretStr

from counterfoil.api.fields import Input, Output
from counterfoil.api.services import UseCases
from counterfoil.evidence.search import Hit
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import identifier

router = APIRouter(tags=["accounts"])


class SearchInput(Input):
    """What is searched for. It may hold a whole key or code: it is not kept, shown or logged."""

    text: Annotated[SecretStr, Field(min_length=1, max_length=SUBJECT_CHARACTERS_MAX)]


class Clue(Output):
    """What was recognised in the text, as far as it may be shown, and what it leads to."""

    clue: str
    shown: str
    subject: str | None
    account_id: str | None

    @classmethod
    def of(cls, hit: Hit) -> Clue:
        is_there = hit.subject_kind is not None and hit.subject_id is not None
        return cls(
            clue=hit.clue.value, shown=hit.shown,
            subject=show_id(hit.subject_kind, hit.subject_id) if is_there else None,  # type: ignore[arg-type]
            account_id=identifier("account", hit.account_id),
        )  # fmt: skip


class AccountFound(Output):
    account_id: str
    name: str
    clues: list[Clue]


class SearchOutput(Output):
    """`accounts`: those that most clues lead to first; `alone`: what is there and nobody's; `missing`: what was recognised
    and is not on record."""

    accounts: list[AccountFound]
    alone: list[Clue]
    missing: list[Clue]


@router.post("/search", summary="Find the accounts that a pasted text leads to; it changes nothing")
async def search_accounts(services: UseCases, body: SearchInput) -> SearchOutput:
    found = await services.search.find(body.text.get_secret_value())
    return SearchOutput(
        accounts=[
            AccountFound(
                account_id=show_id("account", fit.account_id), name=fit.name, clues=[Clue.of(hit) for hit in fit.hits]
            )
            for fit in found.accounts
        ],
        alone=[Clue.of(hit) for hit in found.alone],
        missing=[Clue.of(hit) for hit in found.missing],
    )
