"""How words of the console are written down: names with their hints, parts of pages, and buttons with their consequence."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(zh="在控制台的同一页上。", en="On the same page of the console."),
    what_to_change=Text(
        zh="内容与实际不符时，请带上页面地址联系客服。",
        en="If it differs from what happened, contact support with the page's address.",
    ),
    how_to_go_back=Text(zh="查看不会改变任何记录。", en="Looking changes no record."),
)


def word(code: str, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    """The name of a number, a column, a field or a choice; the hint says what it is, or where to find it."""
    return _entry(Kind.WORD, code, zh, en, hint_zh, hint_en)


def part(code: str, zh: str, en: str, text_zh: str, text_en: str) -> Entry:
    """A page or a part of one: its heading and its paragraph."""
    return _entry(Kind.PAGE, code, zh, en, text_zh, text_en)


def button(code: str, zh: str, en: str, does_zh: str, does_en: str) -> Entry:
    """A button, and what pressing it does."""
    return _entry(Kind.BUTTON, code, zh, en, does_zh, does_en)


def problem(
    code: str, zh: str, en: str, what_zh: str, what_en: str, do_zh: str, do_en: str, owner: Owner = Owner.CUSTOMER
) -> Entry:
    """An error that a page shows: what happened and what is true now, then what to do."""
    return error(
        code,
        owner=owner,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=what_zh, en=what_en),
        change=Text(zh=do_zh, en=do_en),
    )


def _entry(kind: Kind, code: str, zh: str, en: str, more_zh: str, more_en: str) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=Owner.CUSTOMER,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=more_zh, en=more_en),
        next_step=_NEXT_STEP,
    )
