"""Where did it go? A window of an account's money, from its opening to its closing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import AccountId, Output, optional_time
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.evidence.model import Audience
from counterfoil.evidence.waterfall import DAY, WINDOW_DAYS_MAX
from counterfoil.evidence.waterfall_view import to_dict
from counterfoil.foundation.ids import read_id
from counterfoil.identity.access import Staff

router = APIRouter(prefix="/accounts/{account_id}", tags=["money"])

_TIME = "RFC 3339 with a zone."


class View(StrEnum):
    """For whom the answer is: an account's customer sees what is the account's own."""

    STAFF = "staff"
    CUSTOMER = "customer"


_AUDIENCES = {View.STAFF: Audience.OPERATOR, View.CUSTOMER: Audience.CUSTOMER}


class WaterfallStep(Output):
    """One step; what comes in is positive, what goes out negative."""

    kind: str
    label: str
    amount_nanos: int
    amount: str
    transfers: int


class PostedBeside(Output):
    """What was posted for the account without touching its wallet."""

    code: str
    label: str
    amount_nanos: int
    amount: str
    transfers: int


class WaterfallLine(Output):
    """One line of a breakdown. Of `others`, `merged` says how many names there are."""

    kind: str
    name: str | None
    label: str
    charged_nanos: int
    charged: str
    refunded_nanos: int
    refunded: str
    net_nanos: int
    net: str
    charges: int
    merged: int


class WaterfallBreakdown(Output):
    """Everything charged in the window by one dimension: at most twenty lines by name, the rest as one."""

    label: str
    lines: list[WaterfallLine]
    charged_nanos: int
    charged: str
    refunded_nanos: int
    refunded: str
    net_nanos: int
    net: str
    charges: int


class WaterfallPart(Output):
    """A part of what left the wallet: in the window, and usually."""

    kind: str
    label: str
    now_nanos: int
    now: str
    usual_nanos: int
    usual: str
    difference_nanos: int
    difference: str


class WaterfallComparison(Output):
    """The window against earlier ones like it; the parts add up to the difference."""

    windows: int
    now_nanos: int
    now: str
    usual_nanos: int
    usual: str
    difference_nanos: int
    difference: str
    parts: list[WaterfallPart]


class FoundRow(Output):
    """A record behind a finding."""

    kind: str
    id: str
    at: str | None
    nanos: int | None


class WaterfallFinding(Output):
    """What explains the difference to usual."""

    code: str
    confidence: str
    label: str
    text: str
    would_have: str | None
    nanos: int | None
    currency: str | None
    numbers: dict[str, int]
    names: dict[str, str]
    owner: str
    next_steps: list[str]
    how_to_go_back: str
    article: str
    rows: list[FoundRow]


class WaterfallVersions(Output):
    """The transfers that the window is made of, by their versions."""

    from_: Annotated[int, Field(alias="from")]
    through: int


class WaterfallOutput(Output):
    """Opening and steps make the closing, to the nano. `held` is what of the closing is reserved."""

    account_id: str
    account_name: str
    currency: str
    time_zone: str
    language: str
    audience: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    opening_nanos: int
    opening: str
    steps: list[WaterfallStep]
    closing_nanos: int
    closing: str
    held_nanos: int
    held: str
    charged_nanos: int
    charged: str
    refunded_nanos: int
    refunded: str
    breakdowns: Annotated[
        dict[str, WaterfallBreakdown],
        Field(description="By model, tier, key, group, client, hour, cause, copy and work; each has the same total."),
    ]
    concurrency: int
    comparison: WaterfallComparison
    findings: list[WaterfallFinding]
    beside: Annotated[list[PostedBeside] | None, Field(description="For staff only.")]
    versions: Annotated[WaterfallVersions | None, Field(description="For staff only.")]


@router.get("/waterfall", summary="Say where an account's money went in a window, and what differs from usual")
async def get_waterfall(
    services: UseCases,
    caller: Caller,
    request: Request,
    account_id: AccountId,
    start: Annotated[
        str | None, Query(alias="from", max_length=40, description=f"{_TIME} Not given: a day before the end.")
    ] = None,
    end: Annotated[
        str | None,
        Query(
            alias="to",
            max_length=40,
            description=f"{_TIME} Not part of the window, which is {WINDOW_DAYS_MAX} days at most. Not given: now.",
        ),
    ] = None,
    view: Annotated[
        View | None, Query(description="For whom the answer is. Not given: for whoever asks; `staff` is for staff.")
    ] = None,
) -> WaterfallOutput:
    if view is View.STAFF:
        caller.require(Staff.ACCOUNTS_READ)
    audience = _AUDIENCES[view or (View.STAFF if caller.is_staff else View.CUSTOMER)]
    # What has been posted by now is in it.
    until = optional_time(end) or services.clock.now() + 1
    since = optional_time(start)
    waterfall = await services.waterfalls.of(
        read_id("account", account_id), start=until - DAY if since is None else since, end=until
    )
    language = language_of(request.scope, services.default_language)
    return WaterfallOutput.model_validate(to_dict(waterfall, language=language, audience=audience))
