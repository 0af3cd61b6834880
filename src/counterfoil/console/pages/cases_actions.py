"""What is done to a case: each form takes one step, which stands in its history for good."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from counterfoil.approvals.model import Approval, ApprovalState
from counterfoil.console.desk import form, read_moment, read_money, read_optional_money
from counterfoil.console.pages.cases import CASES, case_address, case_of_number
from counterfoil.console.pages.cases_page import case_page
from counterfoil.console.pages.cases_steps import CHECKED
from counterfoil.console.routes import Pages
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.identity.access import Need, Staff
from counterfoil.support.desk_model import HandOver, SettlementKind
from counterfoil.support.model import CaseState, Priority, Resolution

pages = Pages()
_PROPOSE = Need(staff=Staff.PROPOSE)
# What is taken out for good cannot be had back: that is for administrators.
_PURGE = Need(staff=Staff.PEOPLE_WRITE)


def _case_id(visit: Visit) -> UUID:
    return visit.id_in_path("case", "case_id")


def _done(visit: Visit, code: str, anchor: str = "") -> Response:
    response = visit.done(case_address(visit, _case_id(visit)), code)
    response.headers["location"] += anchor
    return response


# -- which record ------------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/confirm", need=CASES, shows=case_page)
async def confirm_case(visit: Visit) -> Response:
    await visit.services.cases.confirm(_case_id(visit), visit.typed("subject"), principal=visit.principal)
    return _done(visit, "done_case_confirmed")


@pages.post("/cases/{case_id}/reject", need=CASES, shows=case_page)
async def reject_case(visit: Visit) -> Response:
    await visit.services.cases.reject(_case_id(visit), visit.typed("subject"), principal=visit.principal)
    return _done(visit, "done_case_rejected")


@pages.post("/cases/{case_id}/search", need=CASES, shows=case_page)
async def search_case(visit: Visit) -> Response:
    await visit.services.cases.search_again(_case_id(visit), principal=visit.principal)
    return _done(visit, "done_case_search")


# -- beside its state --------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/note", need=CASES, shows=case_page)
async def note_case(visit: Visit) -> Response:
    with form("note"):
        await visit.services.cases.note(_case_id(visit), visit.typed("note_text"), principal=visit.principal)
    return _done(visit, "done_case_noted", "#history")


@pages.post("/cases/{case_id}/assign", need=CASES, shows=case_page)
async def assign_case(visit: Visit) -> Response:
    to = visit.by if visit.typed("to_me") else visit.typed("assign_owner") or None
    with form("assign"):
        await visit.services.cases.assign(_case_id(visit), to, principal=visit.principal)
    return _done(visit, "done_case_assigned")


@pages.post("/cases/{case_id}/priority", need=CASES, shows=case_page)
async def prioritise_case(visit: Visit) -> Response:
    given = visit.typed("priority")
    if given not in tuple(Priority):
        raise InputError(field="priority", expected=", ".join(Priority))
    await visit.services.cases.set_priority(_case_id(visit), Priority(given), principal=visit.principal)
    return _done(visit, "done_case_priority")


# -- the answer --------------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/check", need=CASES, shows=case_page)
async def check_case_reply(visit: Visit) -> View | Response:
    """Say what must not go out of what was typed. It shows and changes nothing, and so answers with the page itself."""
    return await case_page(visit)


@pages.post("/cases/{case_id}/reply", need=CASES, shows=case_page)
async def reply_to_case(visit: Visit) -> Response:
    with form("reply"):
        await visit.services.replies.send(_case_id(visit), visit.typed("reply_text"), principal=visit.principal)
    return _done(visit, "done_case_replied")


@pages.post("/cases/{case_id}/ask", need=CASES, shows=case_page)
async def ask_of_case(visit: Visit) -> Response:
    with form("ask"):
        await visit.services.cases.ask(
            _case_id(visit), visit.typed_all("ask_fields"), visit.typed("ask_text") or None, principal=visit.principal
        )
    return _done(visit, "done_case_asked")


# -- where it is -------------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/hand-over", need=CASES, shows=case_page)
async def hand_over_case(visit: Visit) -> Response:
    """Hand it on with what was checked, what is asked, by when, and the bundle of its record."""
    to, until = visit.typed("hand_to"), read_moment(visit, "hand_until")
    if to not in tuple(CaseState):
        raise InputError(field="hand_to", expected="one of the desks")
    if until is None:
        raise InputError(field="hand_until", expected="2026-12-01T18:00")
    case_id = _case_id(visit)
    case = await visit.services.cases.case(case_id, principal=visit.principal)
    what = HandOver(
        to=CaseState(to), asks=visit.typed("hand_asks"), until=until,
        checked=tuple(one for one in CHECKED if one in visit.typed_all("hand_checked")),
        bundle=case.subject if visit.ticked("hand_bundle") else None,
    )  # fmt: skip
    with form("hand"):
        await visit.services.cases.hand_over(case_id, what, principal=visit.principal)
    return _done(visit, "done_case_handed_over")


@pages.post("/cases/{case_id}/hand-back", need=CASES, shows=case_page)
async def hand_back_case(visit: Visit) -> Response:
    with form("back"):
        await visit.services.cases.hand_back(_case_id(visit), visit.typed("back_text"), principal=visit.principal)
    return _done(visit, "done_case_handed_back")


@pages.post("/cases/{case_id}/resolve", need=CASES, shows=case_page)
async def resolve_case(visit: Visit) -> Response:
    given = visit.typed("resolution")
    if given not in tuple(Resolution):
        raise InputError(field="resolution", expected=", ".join(Resolution))
    await visit.services.cases.resolve(_case_id(visit), Resolution(given), principal=visit.principal)
    return _done(visit, "done_case_resolved")


@pages.post("/cases/{case_id}/close", need=CASES, shows=case_page)
async def close_case(visit: Visit) -> Response:
    await visit.services.cases.close(_case_id(visit), principal=visit.principal)
    return _done(visit, "done_case_closed")


@pages.post("/cases/{case_id}/reopen", need=CASES, shows=case_page)
async def reopen_case(visit: Visit) -> Response:
    with form("reopen"):
        await visit.services.cases.reopen(_case_id(visit), visit.typed("reopen_reason"), principal=visit.principal)
    return _done(visit, "done_case_opened")


# -- money -------------------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/settle", need=_PROPOSE, shows=case_page)
async def settle_case(visit: Visit) -> Response:
    """Propose what moves money; somebody else decides, unless one person may do so much alone."""
    with form("settle"):
        approval = await _proposed(visit)
    return _done(visit, "done_case_proposed" if approval.state is ApprovalState.PROPOSED else "done_case_settled")


async def _proposed(visit: Visit) -> Approval:
    settling, case_id, reason = visit.services.case_settling, _case_id(visit), visit.typed("settle_reason")
    match visit.typed("settle_kind"):
        case SettlementKind.COMPENSATION:
            amount = read_money(visit, "settle_amount")
            return await settling.compensate(case_id, amount=amount, reason=reason, principal=visit.principal)
        case SettlementKind.REFUND:
            part = read_optional_money(visit, "settle_amount")
            return await settling.refund(case_id, amount=part, reason=reason, principal=visit.principal)
        case SettlementKind.CREDIT_AGAIN:
            number = visit.typed("settle_number")
            return await settling.credit_again(case_id, number=number, reason=reason, principal=visit.principal)
    raise InputError(field="settle_kind", expected=", ".join(SettlementKind))


# -- its like ----------------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/group", need=CASES, shows=case_page)
async def group_case(visit: Visit) -> Response:
    """Put it together with the case of that number."""
    cases, principal = visit.services.cases, visit.principal
    other = await case_of_number(visit, visit.typed("group_with"))
    if other is None or other.case_id == _case_id(visit):
        raise InputError(field="group_with", expected="CS-7K2M-9QXT")
    if other.group_id is None:
        other = await cases.group(other.case_id, None, principal=principal)
    await cases.group(_case_id(visit), other.group_id, principal=principal)
    return _done(visit, "done_case_grouped")


@pages.post("/cases/{case_id}/ungroup", need=CASES, shows=case_page)
async def ungroup_case(visit: Visit) -> Response:
    await visit.services.cases.ungroup(_case_id(visit), principal=visit.principal)
    return _done(visit, "done_case_ungrouped")


# -- for good ----------------------------------------------------------------------------------------------------------


@pages.post("/cases/{case_id}/purge", need=_PURGE, shows=case_page)
async def purge_case(visit: Visit) -> Response:
    with form("purge"):
        await visit.services.case_purging.purge(_case_id(visit), by=visit.principal, why=visit.typed("purge_why"))
    return _done(visit, "done_case_purged")
