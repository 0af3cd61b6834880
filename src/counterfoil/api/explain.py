"""Why: one answer, with its evidence, for whatever somebody names or pastes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr

from counterfoil.api.access import Caller, note_account
from counterfoil.api.fields import Input, Output
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.evidence.model import Audience
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Staff

router = APIRouter(tags=["explain"])

# More than any error with its stack. Only the beginning is read (`evidence.subjects.SUBJECT_CHARACTERS_MAX`).
SUBJECT_CHARACTERS_MAX = 1_000_000


class Explain(Input):
    subject: Annotated[
        SecretStr,
        Field(
            min_length=1,
            max_length=SUBJECT_CHARACTERS_MAX,
            description="A request, task, submission, order or code by its id; a whole redemption code; a key's id or mask "
            "with a time; an account's id or name with a window; or an error text. A whole key or code is not kept, shown "
            "or logged.",
        ),
    ]
    language: Annotated[Language | None, Field(description="Not given: that of Accept-Language.")] = None
    audience: Annotated[
        Audience | None,
        Field(
            description="For whom: `operator` (for staff), `customer` (of account_id) or `public`. Not given: for "
            "whoever asks."
        ),
    ] = None
    account_id: Annotated[
        str | None,
        Field(
            max_length=60,
            description="The account of whoever asks (acct_…), for members their own. A customer sees nothing but what "
            "is that account's own.",
        ),
    ] = None


class RowOutput(Output):
    """A record behind a finding: what it is, its id, when, and how much of the matter it is."""

    kind: str
    id: str
    at: str | None
    nanos: int | None


class FindingOutput(Output):
    """One answer: what is so, what would have had to be different, who acts, and the records behind it."""

    code: str
    confidence: str = Field(description="`certain`: worked out from the records; `likely`: their likeliest reading.")
    label: str
    text: str
    would_have: str | None
    enough_alone: bool | None = Field(
        description="Of a refusal's cause: whether it would have passed without it alone."
    )
    enough_together: bool | None = Field(
        description="Of a refusal's cause: whether it is one of the fewest that together explain it."
    )
    owner: str
    next_steps: list[str]
    how_to_go_back: str
    article: str
    nanos: int | None = Field(default=None, description="How much of the matter it explains; not for the public.")
    currency: str | None = None
    numbers: dict[str, int] = Field(default={}, description="Amounts (nanos), times and counts that the text has.")
    names: dict[str, str] = {}
    rows: list[RowOutput] = []


class DecisionOutput(Output):
    """Every check as it was decided, and what to do now."""

    checks: list[dict[str, Any]]
    next_steps: list[str]
    how_to_go_back: str | None
    article: str


class ExplanationOutput(Output):
    """The answer to one question; `findings` say why, the weightiest first, and `problem` which class of question it is."""

    about: str
    subject: str
    language: str
    audience: str
    title: str
    code: str | None
    label: str
    answer: str
    money: str | None
    message: str = Field(description="The whole in words that are safe to post.")
    problem: str | None
    findings: list[FindingOutput]
    status: int | None
    state: str | None
    charge_mark: str | None
    decision: DecisionOutput
    owner: str
    facts: dict[str, str | int | bool | None]
    attempts: list[dict[str, Any]]
    history: list[dict[str, Any]]
    first: dict[str, Any] | None
    copies: list[dict[str, Any]]
    also: list[str]


@router.post("/explain", summary="Explain what somebody names or pastes, from what is on record; it changes nothing")
async def explain(services: UseCases, caller: Caller, request: Request, body: Explain) -> ExplanationOutput:
    if body.audience is Audience.OPERATOR:
        caller.require(Staff.EVIDENCE)
    explanation = await services.evidence.explain(
        body.subject.get_secret_value().strip(),
        language=body.language or language_of(request.scope, services.default_language),
        audience=body.audience or (Audience.OPERATOR if caller.is_staff else Audience.CUSTOMER),
        account_id=caller.account_id,
    )
    note_account(request, explanation.account_id)
    return ExplanationOutput.model_validate(explanation.to_dict())
