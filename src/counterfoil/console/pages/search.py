"""Search from the desk: whatever support has been sent, the accounts that it leads to, and why each fits.

What is pasted is posted, and stands in no address, log or record: the trail names accounts and ids alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.desk import account_page
from counterfoil.console.routes import Pages
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.evidence.search import Found, Hit
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.redaction.rules import redact

pages = Pages()
_READ = Need(staff=Staff.ACCOUNTS_READ)
_HITS_SHOWN = 8
_IDS_IN_WHY = 3


@pages.get("/search", need=_READ)
async def search(visit: Visit) -> View | Response:
    """The form; with a short line in the address (an id, a mask, a name), what it leads to."""
    text = visit.typed("q") if visit.form else visit.asked("q")
    found = await visit.services.search.find(text) if text and visit.problem is None else None
    return View(
        template="search.html",
        title="page_search",
        values={
            # What is secret in it is not even shown again to whoever has pasted it.
            "text": redact(text),
            "had_secret": redact(text) != text,
            "longest": SUBJECT_CHARACTERS_MAX,
            "found": found,
            "fits": [] if found is None else _fits(visit, found),
            "alone": [] if found is None else [_hit(visit, hit, None) for hit in found.alone],
            "missing": [] if found is None else [_hit(visit, hit, None) for hit in found.missing],
        },
    )


@pages.post("/search", need=_READ, shows=search)
async def search_for(visit: Visit) -> View | Response:
    """It shows and changes nothing, and so answers with the page itself."""
    if not visit.typed("q"):
        return visit.go(visit.staff_link("/search"))
    return await search(visit)


def _fits(visit: Visit, found: Found) -> list[dict[str, object]]:
    fits: list[dict[str, object]] = []
    for fit in found.accounts:
        why = why_of(fit.hits)
        fits.append(
            {
                "name": fit.name,
                "id": show_id("account", fit.account_id),
                "hits": [_hit(visit, hit, fit.account_id) for hit in fit.hits[:_HITS_SHOWN]],
                "more": max(0, len(fit.hits) - _HITS_SHOWN),
                "timeline": account_page(fit.account_id, "/timeline", why=why),
                "overview": account_page(fit.account_id, "/overview", why=why),
            }
        )
    return fits


def why_of(hits: Sequence[Hit]) -> str:
    """What was searched for, as the trail may keep it: ids, never what was pasted."""
    ids = (
        show_id(hit.subject_kind, hit.subject_id)
        for hit in hits
        if hit.subject_kind is not None and hit.subject_id is not None
    )
    return " ".join(list(dict.fromkeys(ids))[:_IDS_IN_WHY])


def _hit(visit: Visit, hit: Hit, account_id: UUID | None) -> dict[str, object]:
    return {
        "clue": visit.w.word(f"clue_{hit.clue}"),
        "hint": visit.w.hint(f"clue_{hit.clue}"),
        "shown": hit.shown,
        "href": _address(visit, hit, account_id),
    }


def _address(visit: Visit, hit: Hit, account_id: UUID | None) -> str | None:
    """The page of what was found; a member's is the account's list."""
    if hit.subject_kind is None or hit.subject_id is None:
        return None
    if hit.subject_kind == "member" and account_id is not None:
        return account_page(account_id, "/members", why=why_of([hit]))
    return with_query(visit.staff_link("/go"), {"q": show_id(hit.subject_kind, hit.subject_id)})
