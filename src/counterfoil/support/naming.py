"""Which case somebody means: by the number that people read out, or by its id."""

from __future__ import annotations

from uuid import UUID

from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_id
from counterfoil.identity.access import Principal
from counterfoil.support.case_numbers import read_number
from counterfoil.support.cases_service import Cases
from counterfoil.support.desk_model import CaseQuery
from counterfoil.support.rules import CaseError


async def find_case_id(cases: Cases, text: str, *, principal: Principal) -> UUID:
    """The id of the case of that number (CS-…, however it is typed) or shown id (case_…), which may be nobody's.

    Raises `NotFound` for a number of no case that the principal may see, `IdUnreadable` for what is neither.
    """
    number = read_number(text)
    if number is None:
        return read_id("case", text)
    found = await cases.queue(CaseQuery(text=number), principal=principal, most=1)
    if not found:
        raise NotFound(code=CaseError.NOT_FOUND)
    return found[0].case_id
