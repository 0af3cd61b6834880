"""Same account? Whether a member, an order, its payer, a code, a key and a request belong to one account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr

from counterfoil.api.access import Caller
from counterfoil.api.fields import Input, Output
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.evidence.same_account import ClaimKind
from counterfoil.evidence.same_account_service import CLAIM_CHARACTERS_MAX, CLAIMS_MAX, Given

router = APIRouter(tags=["same account"])


class ClaimInput(Input):
    """One thing that somebody names. A whole key or code may be given: it is not kept, shown or logged."""

    kind: ClaimKind
    text: Annotated[SecretStr, Field(min_length=1, max_length=CLAIM_CHARACTERS_MAX)]


class Question(Input):
    claims: Annotated[
        list[ClaimInput], Field(min_length=1, max_length=CLAIMS_MAX, description="What to compare: `kind` and `text`.")
    ]
    customer: Annotated[
        str | None,
        Field(
            max_length=60, description="Answer as a customer of this account (acct_…) may see it: of others, nothing."
        ),
    ] = None


class AccountFound(Output):
    account_id: str
    name: str


class ClaimOutput(Output):
    """Where one claim leads; `given` is what may be shown of it."""

    kind: str
    label: str
    given: str
    found: bool
    differs: bool
    accounts: list[AccountFound]


class SameAccountOutput(Output):
    """The verdict (`same`, `different` or `unknown`) in words, and the kinds of claim that it is about."""

    verdict: str
    language: str
    label: str
    answer: str
    details: list[str]
    claims: list[ClaimOutput]
    differs: list[str]
    not_found: list[str]
    several: list[str]
    next_steps: list[str]
    how_to_go_back: str
    owner: str
    article: str


@router.post("/same-account", summary="Say whether what somebody names belongs to one account; it changes nothing")
async def check_same_account(services: UseCases, caller: Caller, request: Request, body: Question) -> SameAccountOutput:
    answer = await services.same_account.check(
        [Given(kind=claim.kind, text=claim.text.get_secret_value()) for claim in body.claims],
        language=language_of(request.scope, services.default_language),
        account_id=caller.account_id,
    )
    return SameAccountOutput.model_validate(answer.to_dict())
