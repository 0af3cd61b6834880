"""Whether what a ticket tells separates its record from those that look like it. Pure.

Decided from the ticket as it was written and the records as they were staged, whatever the desk makes of them.
"""

from __future__ import annotations

from counterfoil.cli.bench_cases_model import Happened, Mess, Ticket, Wording

_TIME_FIELDS = ("request_time", "order_time", "redemption_time")
_VAGUE = {Mess.ROUNDED_TIME, Mess.DATE_ONLY}
_UNSURE = ("不确定", "not sure")
_SHOWN = 4
# How much of an id's beginning tells it from another of the same minute.
_HALF = 16


def is_ambiguous(ticket: Ticket, what: Happened) -> bool:
    """Whether there are look-alikes, and no id, end of a number, exact time, status, failure or charge tells them apart."""
    if not what.alikes:
        return False
    text = "".join("\n".join(ticket.values.values()).lower().split())
    digits = what.record_id.hex
    is_named = digits[:_HALF] in text or (digits[-_SHOWN:] in text and Mess.MISTYPED_MASK not in ticket.messes)
    is_timed = _tells_time(ticket) and not ticket.messes & _VAGUE
    return not (is_named or is_timed or _tells_how(ticket, what, text))


def _tells_time(ticket: Ticket) -> bool:
    if ticket.wording is not Wording.FIRST:
        return "time" in ticket.told
    return any(name in ticket.values for name in _TIME_FIELDS)


def _tells_how(ticket: Ticket, what: Happened, text: str) -> bool:
    """Whether it is told how it ended, and none of the others ended like that."""
    if _tells_charge(ticket) and all(one.is_charged is not what.is_charged for one in what.alikes):
        return True
    if what.failure and what.failure in text and all(one.failure != what.failure for one in what.alikes):
        return True
    return str(what.status_code) in text and all(one.status_code != what.status_code for one in what.alikes)


def _tells_charge(ticket: Ticket) -> bool:
    if ticket.wording is not Wording.FIRST:
        return bool(ticket.told & {"charged", "not_charged"})
    said = ticket.values.get("charge_shown", "")
    return bool(said) and not any(unsure in said for unsure in _UNSURE)
