"""`counterfoil accounts waterfall`: where an account's money went in a window, and what differs from usual."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from counterfoil.cli.command import Answer, Call
from counterfoil.cli.options import AccountArgument, find_account, read_optional_time
from counterfoil.cli.output import Column, moment, money, table
from counterfoil.evidence.model import Audience
from counterfoil.evidence.waterfall import DAY, Breakdown, Dimension, Waterfall
from counterfoil.evidence.waterfall_view import findings_of, part_label, slice_label, step_label, to_dict
from counterfoil.foundation.vocabulary import Kind, Language, entry, text


class By(StrEnum):
    """What charges are broken down by."""

    MODEL = "model"
    TIER = "tier"
    KEY = "key"
    GROUP = "group"
    CLIENT = "client"
    HOUR = "hour"
    CAUSE = "cause"


class View(StrEnum):
    """For whom the answer is."""

    STAFF = "staff"
    CUSTOMER = "customer"


_AUDIENCES = {View.STAFF: Audience.OPERATOR, View.CUSTOMER: Audience.CUSTOMER}


async def waterfall(
    call: Call,
    account: AccountArgument,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="RFC 3339 with a zone.", show_default="a day before the end"),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="RFC 3339 with a zone; not part of the window.", show_default="now"),
    ] = None,
    by: Annotated[
        list[By] | None,
        typer.Option("--by", help="Break charges down by this. Repeatable; with --json every breakdown is given."),
    ] = None,
    view: Annotated[
        View, typer.Option("--view", help="For whom: a customer sees what is the account's own.")
    ] = View.STAFF,
) -> Answer:
    """Show where an account's money went, from opening to closing, and what differs from usual."""
    since, until = read_optional_time(start), read_optional_time(end)
    async with call.services() as services:
        account_id = (await find_account(services, account)).account_id
        if until is None:
            # What has been posted by now is in it.
            until = services.clock.now() + 1
        found = await services.waterfalls.of(account_id, start=until - DAY if since is None else since, end=until)
    audience = _AUDIENCES[view]
    return Answer(
        data=to_dict(found, language=call.language, audience=audience),
        lines=_Lines(found, call.language, audience).all(by or [By.CAUSE]),
    )


class _Lines:
    """A waterfall as a terminal shows it."""

    def __init__(self, found: Waterfall, language: Language, audience: Audience) -> None:
        self._found = found
        self._language = language
        self._audience = audience

    def all(self, by: list[By]) -> list[str]:
        lines = [*self._steps(), *self._beside()]
        for each in dict.fromkeys(by):
            lines += ["", *self._breakdown(self._found.by(Dimension(each)))]
        return [*lines, "", *self._comparison(), "", *self._findings()]

    def _steps(self) -> list[str]:
        found = self._found
        rows = [
            (step_label(step, self._language), f"{step.transfers:,}", self._money(step.nanos)) for step in found.steps
        ]
        window = text(Kind.WORD, "window_from_to", self._language, start=moment(found.start), end=moment(found.end))
        return [
            f"{found.account_name}: {window}",
            *table(
                ("", self._right("movements_count"), Column(name="", right=True)),
                [
                    (self._word("opening_balance"), "", self._money(found.opening)), *rows,
                    (self._word("closing_balance"), "", self._money(found.closing)),
                    (self._word("held_of_closing"), "", self._money(found.held)),
                ],
            ),
            f"{self._word('largest_concurrency')}: {found.concurrency:,}",
        ]  # fmt: skip

    def _beside(self) -> list[str]:
        """For staff: what the account has on record without its wallet having moved."""
        if not (self._found.beside and self._audience.sees_routing):
            return []
        rows = [
            (entry(Kind.TRANSFER_CODE, one.code).label[self._language], f"{one.transfers:,}", self._money(one.nanos))
            for one in self._found.beside
        ]
        heads = (self._word("beside_the_wallet"), self._right("movements_count"), Column(name="", right=True))
        return ["", *table(heads, rows)]

    def _breakdown(self, one: Breakdown) -> list[str]:
        heads: tuple[str | Column, ...] = (
            entry(Kind.WATERFALL_BY, one.by).label[self._language],
            *(self._right(word) for word in ("charges_count", "charged_here", "refunded_here", "net_here")),
        )
        rows = [
            (
                slice_label(one.by, each, language=self._language, time_zone=self._found.time_zone),
                f"{each.charges:,}", *map(self._money, (each.charged, each.refunded, each.net)),
            )
            for each in one.slices
        ]  # fmt: skip
        total = (
            self._word("total_of_lines"), f"{one.charges:,}",
            *map(self._money, (one.charged, one.refunded, one.charged - one.refunded)),
        )  # fmt: skip
        return table(heads, [*rows, total])

    def _comparison(self) -> list[str]:
        found = self._found.comparison
        heads: tuple[str | Column, ...] = (
            self._word("part_of_difference"),
            *(self._right(word) for word in ("this_window", "usual_window", "difference_to_usual")),
        )
        rows = [
            (part_label(part, self._language), *map(self._money, (part.now, part.usual, part.difference)))
            for part in found.parts
        ]
        total = (self._word("total_of_lines"), *map(self._money, (found.now, found.usual, found.difference)))
        compared = (
            text(Kind.WORD, "compared_windows", self._language, count=found.windows)
            if found.windows
            else self._word("compared_with_none")
        )
        return [*table(heads, [*rows, total]), compared]

    def _findings(self) -> list[str]:
        lines = []
        for number, one in enumerate(findings_of(self._found, language=self._language, audience=self._audience), 1):
            lines.append(f"{number}. {one.label}: {one.text}")
            lines += [f"   {line}" for line in (one.would_have, *one.next_steps) if line]
        return lines

    def _money(self, nanos: int) -> str | None:
        return money(nanos, self._found.currency)

    def _word(self, code: str) -> str:
        return entry(Kind.WORD, code).label[self._language]

    def _right(self, code: str) -> Column:
        return Column(name=self._word(code), right=True)
