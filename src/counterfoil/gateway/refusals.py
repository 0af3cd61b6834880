"""What a caller is told who is not served: a decision as recorded, or that nobody could decide."""

from __future__ import annotations

from counterfoil.foundation.errors import Unavailable
from counterfoil.gateway.errors import Problem
from counterfoil.gateway.exchange import Exchange
from counterfoil.gateway.media_model import MediaCall
from counterfoil.gateway.model import Misunderstood, ParsedCall
from counterfoil.spend.model import RefusedCall

# Errors of the operator's side that are told as what they are.
_TOLD = frozenset({"overloaded", "price_missing"})


def refused(exchange: Exchange, decision: RefusedCall, parsed: ParsedCall | MediaCall | Misunderstood) -> Problem:
    """A refusal. Identical ones of a minute share a row: its id is the one that can be looked up."""
    if decision.request_id != exchange.request_id:
        exchange.rename(decision.request_id)
    return Problem(
        code=decision.code, request_id=exchange.shown_id, recorded=True, decision=decision.decision,
        show_balance=decision.show_balance, model=parsed.model, first=decision.first,
        misunderstood=parsed if isinstance(parsed, Misunderstood) else None,
    )  # fmt: skip


def undecided(exchange: Exchange, error: Unavailable, model: str | None) -> Problem:
    """Nothing was decided, held or recorded."""
    code = error.code if error.code in _TOLD else "unavailable"
    return Problem(code=code, request_id=exchange.shown_id, model=model)
