"""Evidence bundles: the answer to a question with all that it rests on, signed, to be handed on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import Flag, Input, Output
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.evidence.bundles import View, fingerprint
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Staff

router = APIRouter(prefix="/evidence", tags=["evidence"])

# Nothing in the page loads or runs anything, and nobody between is to keep it.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Form(StrEnum):
    """How a bundle is written: as JSON, or as a page with the JSON in it."""

    JSON = "json"
    HTML = "html"


class BundleInput(Input):
    """The question, and for whom the answer is."""

    subject: Annotated[
        str, Field(min_length=1, max_length=SUBJECT_CHARACTERS_MAX, description="An id, or an error text with one.")
    ]
    view: Annotated[
        View, Field(description="`customer`: can be handed on; `staff`: with upstreams, costs and notes.")
    ] = View.CUSTOMER
    form: Annotated[
        Form | None, Field(description="Not given: `html` where Accept asks for text/html, else `json`.")
    ] = None
    language: Annotated[Language | None, Field(description="Not given: as Accept-Language asks.")] = None
    customer: Annotated[
        str | None,
        Field(
            max_length=60,
            description="The account (acct_…) of the customer who asks, for members their own: what is another's is not "
            "found.",
        ),
    ] = None
    checkpoint: Annotated[Flag, Field(description="Make a checkpoint first, so that every movement is under one.")] = (
        False
    )


class BundleOutput(Output):
    """A bundle. Keep its bytes as they came: `counterfoil evidence verify` finds any that was changed."""

    schema_: Annotated[str, Field(alias="schema", description="The version of the format.")]
    about: dict[str, Any] = Field(description="The question, the account, the view, when and by whom it was issued.")
    explanation: dict[str, Any] = Field(description="The answer with its findings.")
    records: list[dict[str, Any]] = Field(description="What the answer rests on, as masked facts.")
    transfers: list[dict[str, Any]] = Field(
        description="Rows of the account's ledger, with all that their hashes cover."
    )
    segments: list[dict[str, Any]] = Field(
        description="The runs of those rows, and the checkpoint that each runs up to."
    )
    checkpoints: list[dict[str, Any]] = Field(description="What signed checkpoints say of the account.")
    left_out: list[dict[str, Any]] = Field(description="What is not in it, by name.")
    manifest: dict[str, Any] = Field(description="Name and digest of every row of every part.")
    seal: dict[str, str] = Field(description="SHA-256 of all of it, the public key, and the Ed25519 signature.")


class PublicKey(Output):
    """What bundles are verified with. Give it out on a channel of its own."""

    public_key: str = Field(description="Ed25519, 64 hexadecimal digits.")
    fingerprint: str


@router.post(
    "/bundles",
    response_model=BundleOutput,
    responses={200: {"content": {"text/html": {}}, "description": "The bundle, or the page with it."}},
    summary="Make a signed bundle: an answer with all that it rests on, as JSON or as a page; it changes nothing",
)
async def make_bundle(services: UseCases, caller: Caller, request: Request, body: BundleInput) -> Response:
    if body.view is View.STAFF or body.checkpoint:
        caller.require(Staff.EVIDENCE)
    language = body.language or language_of(request.scope, services.default_language)
    bundle = await services.bundles.bundle(
        body.subject.strip(), view=body.view, language=language, account_id=caller.account_id,
        checkpoint=body.checkpoint,
    )  # fmt: skip
    asked = Form.HTML if "text/html" in request.headers.get("accept", "") else Form.JSON
    form = body.form or asked
    content = services.bundles.page(bundle) if form is Form.HTML else bundle.to_bytes()
    # As bytes, not through a model: they are what was signed.
    return Response(
        content,
        media_type="text/html" if form is Form.HTML else "application/json",
        headers={
            **_HEADERS, "Content-Language": language.value,
            "Content-Disposition": f'attachment; filename="{bundle.file_name}.{form}"',
        },
    )  # fmt: skip


@router.get("/key", summary="The public key that bundles of this installation are verified with")
async def get_bundle_key(services: UseCases) -> PublicKey:
    public_key = services.bundles.public_key
    return PublicKey(public_key=public_key.hex(), fingerprint=fingerprint(public_key))
