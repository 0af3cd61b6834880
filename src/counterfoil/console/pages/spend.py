"""Where the money goes: by group, member, key, model and script, for a period against the one before; which hours stand out,
and what was paid for twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from counterfoil.console import answers
from counterfoil.console.charts import Chart, Point, bars
from counterfoil.console.limits_shown import time_field
from counterfoil.console.lists import time_asked
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Count, Instant, Mark, Note, Share, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.evidence.model import Audience
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.periods import Window, show_time, window_bounds
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.spend.spending_model import HOUR, Narrowing, Part, Spent, SpentBy

pages = Pages()
_MONEY = Need(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ)
_DAY = 24 * HOUR
_WEEK = 7 * _DAY
# Of one division; the rest is one click away, and in the file.
_PARTS_SHOWN = 10
# Up to so long, a chart has a bar for each hour.
_BY_HOUR_MICROS = 3 * _DAY
_PERIODS = ("today", "last_seven_days", "this_month", "last_thirty_days")
_USUAL_PERIOD = "this_month"
_HOUR_ROWS = 50


@dataclass(frozen=True, slots=True)
class Name:
    """How something is called, with a smaller line below it, such as a key's mask."""

    text: str
    below: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One thing that is narrowed down to, and the address without it."""

    by: str
    name: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodLink:
    code: str
    href: str
    is_here: bool


@pages.get("/accounts/{account_id}/spend", need=_MONEY)
async def spend(visit: Visit) -> View:
    start, end = _period(visit)
    narrowed = _narrowed(visit)
    spending, account = visit.services.spending, visit.of_account
    spent = await spending.of(account.account_id, start=start, end=end, narrowed=narrowed)
    names = await _names(visit)
    alone = [by for by in SpentBy if by.value == visit.asked("all")]
    wanted = alone or [by for by in SpentBy if by not in narrowed.values]
    divisions = [
        _division(
            visit, by, await spending.by(account.account_id, by=by, start=start, end=end, narrowed=narrowed), names
        )
        for by in wanted
    ]
    charted = _by_time(visit, spent)
    return View(
        template="spend.html",
        title="page_spend",
        values={
            "spent": spent,
            "currency": account.currency,
            "change": change_text(visit, spent.total.net, spent.total_before.net),
            "chosen": _chosen(visit, narrowed, names),
            "divisions": [table.name for table in divisions],
            "chart": _chart(visit, charted, caption="spend_trend"),
            "periods": _period_links(visit),
            "since": time_field(visit, start),
            "until": time_field(visit, end),
            "kept": {by.value: value for by, value in narrowed.values.items() if value},
        },
        tables=(*divisions, _time_table(visit, charted), _spikes_table(visit, spent, names)),
    )


# The period.


def _period(visit: Visit) -> tuple[int, int]:
    """The period that was asked for; this month so far where none was. Days are the account's."""
    now, zone, asked = visit.now, visit.of_account.time_zone, visit.asked("period")
    if visit.asked("since") or visit.asked("until"):
        until = time_asked(visit, "until")
        end = now if until is None else until
        since = time_asked(visit, "since")
        return (end - _DAY if since is None else since), end
    if asked not in ("", *_PERIODS):
        raise InputError(field="period", expected=", ".join(_PERIODS))
    start_of_day, _ = window_bounds(Window.DAY, now, zone)
    start_of_month, _ = window_bounds(Window.MONTH, now, zone)
    # An hour that has begun is counted as far as it has come.
    starts = {
        "today": start_of_day, "last_seven_days": start_of_day - 6 * _DAY, "this_month": start_of_month,
        "last_thirty_days": start_of_day - 29 * _DAY,
    }  # fmt: skip
    return starts[asked or _USUAL_PERIOD], now + 1


def _period_links(visit: Visit) -> list[PeriodLink]:
    custom = bool(visit.asked("since") or visit.asked("until"))
    here = "" if custom else visit.asked("period") or _USUAL_PERIOD
    return [
        PeriodLink(code=code, href=visit.here(period=code, since=None, until=None), is_here=code == here)
        for code in _PERIODS
    ]


# Narrowing down.


def _narrowed(visit: Visit) -> Narrowing:
    values = {}
    for by in SpentBy:
        if by.value in visit.request.query_params:
            value = visit.asked(by.value)[:200]
            if value == "none":
                value = ""
            elif by not in (SpentBy.MODEL, SpentBy.CLIENT):
                read_id(by.value, value)
            values[by] = value
    return Narrowing(values=values)


def _chosen(visit: Visit, narrowed: Narrowing, names: Mapping[str, Name]) -> list[Chosen]:
    return [
        Chosen(by=by.value, name=_name(visit, by, value, names).text, without=visit.here(**{by.value: None}))
        for by, value in narrowed.values.items()
    ]


async def _names(visit: Visit) -> Mapping[str, Name]:
    """How groups, members and keys are called, by their shown ids."""
    limits, account_id = visit.services.limits, visit.account_id
    names: dict[str, Name] = {}
    for group in await limits.list_groups(account_id=account_id):
        names[show_id("group", group.group_id)] = Name(group.name)
    for member in await visit.services.members.list(account_id=account_id):
        names[show_id("member", member.member_id)] = Name(member.nickname or member.email)
    after: UUID | None = None
    while page := await limits.list_keys(account_id=account_id, after=after):
        for key in page:
            names[show_id("key", key.key_id)] = Name(key.name, key.mask)
        after = page[-1].key_id
    return names


def _name(visit: Visit, by: SpentBy, value: str, names: Mapping[str, Name]) -> Name:
    if not value:
        return Name(visit.w.word(f"spend_no_{by.value}"))
    return names.get(value, Name(value))


def _key_name(visit: Visit, key: str, names: Mapping[str, Name]) -> tuple[str, str]:
    name = _name(visit, SpentBy.KEY, key, names)
    return name.text, name.below


# The divisions.


def _division(visit: Visit, by: SpentBy, parts: Sequence[Part], names: Mapping[str, Name]) -> Table:
    """A division: its largest parts beside the others', or all of it by itself and in files."""
    currency, is_file = visit.of_account.currency, bool(visit.asked("csv") or visit.asked("xlsx"))
    is_whole = is_file or visit.asked("all") == by.value
    most = len(parts) if is_whole else _PARTS_SHOWN
    whole = sum(part.now.net for part in parts if part.now.net > 0)
    columns = [
        Column(code=f"spend_{by.value}"),
        Column(code="spend_share", wide=True),
        Column(code="spend_amount", numeric=True),
        Column(code="spend_change", numeric=True),
    ]
    if is_whole:
        columns += [
            Column(code="spend_calls", numeric=True, wide=True),
            Column(code="spend_again", numeric=True, wide=True),
            Column(code="spend_again_cost", numeric=True, wide=True),
        ]
    rows: list[Sequence[Cell]] = []
    for part in parts[:most]:
        name = _name(visit, by, part.value, names)
        row: tuple[Cell, ...] = (
            Note(name.text, name.below, visit.here(**{by.value: part.value or "none", "all": None})),
            Share(max(0, part.now.net), whole),
            Amount(part.now.net, currency),
            change_cell(visit, part.now.net, part.before.net),
            Count(part.now.calls),
            Count(part.now.again or None),
            Amount(part.now.again_nanos, currency) if part.now.again else None,
        )
        rows.append(row[: len(columns)])
    return Table(
        name=f"by_{by.value}",
        caption=f"spend_by_{by.value}",
        empty="spend_none",
        columns=columns,
        rows=rows,
        more=visit.here(all=by.value) if len(parts) > most else None,
    )


def change_text(visit: Visit, now: int, before: int) -> str:
    """The change against the period before, in per cent; "—" where nothing was spent before."""
    if before <= 0:
        return "—"
    percent = visit.shown.percent(now - before, before)
    return percent if now < before else f"+{percent}"


def change_cell(visit: Visit, now: int, before: int) -> Cell:
    if before <= 0:
        return Mark(visit.w.word("spend_new"), "info") if now > 0 else None
    # Half as much again is worth a look.
    tone = "warn" if now * 2 >= before * 3 else "quiet"
    return Mark(change_text(visit, now, before), tone)


# By time.


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A bar of the chart: an hour, or a day where the account is."""

    start: int
    end: int
    nanos: int
    is_hour: bool


def _by_time(visit: Visit, spent: Spent) -> list[Slice]:
    if spent.end - spent.start <= _BY_HOUR_MICROS:
        return [
            Slice(start=at, end=at + HOUR, nanos=spent.hours.get(at, 0), is_hour=True)
            for at in range(spent.start, spent.end, HOUR)
        ]
    zone = visit.of_account.time_zone
    days: dict[int, int] = {}
    at = spent.start
    while at < spent.end:
        day, following = window_bounds(Window.DAY, at, zone)
        days.setdefault(day, 0)
        assert following is not None
        at = following
    for hour, nanos in spent.hours.items():
        day, _ = window_bounds(Window.DAY, hour, zone)
        days[day] = days.get(day, 0) + nanos
    slices = []
    for day, nanos in sorted(days.items()):
        _, following = window_bounds(Window.DAY, day, zone)
        assert following is not None
        slices.append(Slice(start=day, end=following, nanos=nanos, is_hour=False))
    return slices


def _label(visit: Visit, one: Slice) -> str:
    return visit.shown.time(one.start)[5:16] if one.is_hour else visit.shown.day(one.start)[5:]


def _href(visit: Visit, one: Slice) -> str:
    if one.is_hour:
        return visit.link("/spend/hour", at=show_time(one.start))
    return visit.here(period=None, since=time_field(visit, one.start), until=time_field(visit, one.end))


def _chart(visit: Visit, slices: Sequence[Slice], *, caption: str) -> Chart:
    currency = visit.of_account.currency
    return bars(
        [
            Point(
                label=_label(visit, one), value=max(0, one.nanos), text=visit.shown.short_money(one.nanos, currency),
                href=_href(visit, one) if one.nanos > 0 else None,
            )
            for one in slices
        ],
        caption=caption,
    )  # fmt: skip


def _time_table(visit: Visit, slices: Sequence[Slice]) -> Table:
    currency = visit.of_account.currency
    return Table(
        name="trend",
        caption="spend_trend",
        columns=(Column(code="spend_time"), Column(code="spend_amount", numeric=True)),
        rows=[(Instant(one.start), Amount(one.nanos, currency)) for one in reversed(slices)],
    )


# What stands out.


def _spikes_table(visit: Visit, spent: Spent, names: Mapping[str, Name]) -> Table:
    currency = visit.of_account.currency
    return Table(
        name="spikes",
        caption="spend_spikes",
        empty="spend_no_spikes",
        columns=(
            Column(code="spend_hour"), Column(code="spend_amount", numeric=True),
            Column(code="spend_usual", numeric=True, wide=True), Column(code="spend_script"),
            Column(code="spend_key", wide=True), Column(code="spend_model", wide=True), Column(code="spend_its_share"),
        ),
        rows=[
            (
                Note(visit.shown.time(one.hour)[:16], "", visit.link("/spend/hour", at=show_time(one.hour))),
                Amount(one.charged, currency), Amount(one.usual, currency),
                one.client or visit.w.word("spend_no_client"), _name(visit, SpentBy.KEY, one.key, names).text,
                one.model or visit.w.word("spend_no_model"), Share(one.share, one.charged),
            )
            for one in spent.spikes
        ],
    )  # fmt: skip


@pages.get("/accounts/{account_id}/spend/hour", need=_MONEY)
async def spend_hour(visit: Visit) -> View:
    """One hour: what its charges are owed to, and what explains them."""
    at = time_asked(visit, "at")
    if at is None or at > visit.now:
        raise NotFound(code="page_not_found")
    hour = at // HOUR * HOUR
    found = await visit.services.spending.hour(visit.account_id, hour, at_most=_HOUR_ROWS)
    names, currency = await _names(visit), visit.of_account.currency
    whole = sum(sums.charged for _, _, _, sums in found)
    until = min(hour + HOUR, visit.now)
    table = Table(
        name="causes",
        caption="spend_hour_by",
        empty="spend_none",
        columns=(
            Column(code="spend_script"), Column(code="spend_key"), Column(code="spend_model"),
            Column(code="spend_calls", numeric=True), Column(code="spend_share"),
            Column(code="spend_amount", numeric=True), Column(code="spend_again", numeric=True, wide=True),
            Column(code="spend_again_cost", numeric=True, wide=True),
        ),
        rows=[
            (
                client or visit.w.word("spend_no_client"),
                Note(*_key_name(visit, key, names), visit.link(f"/keys/{key}") if key else None),
                model or visit.w.word("spend_no_model"), Count(sums.calls), Share(sums.charged, whole),
                Amount(sums.charged, currency), Count(sums.again or None),
                Amount(sums.again_nanos, currency) if sums.again else None,
            )
            for key, client, model, sums in found
        ],
    )  # fmt: skip
    explanation = None
    if until > hour and visit.may(own=Own.USAGE_READ, staff=Staff.EVIDENCE):
        subject = f"{show_id('account', visit.account_id)} {show_time(hour)} {show_time(until)}"
        explanation = await visit.services.evidence.explain(
            subject, language=visit.language, audience=Audience.OPERATOR if visit.as_staff else Audience.CUSTOMER,
            account_id=visit.account_id,
        )  # fmt: skip
    why = answers.causes(visit, explanation) if explanation is not None else []
    return View(
        template="spend_hour.html",
        title="spend_hour",
        title_values={"when": visit.shown.time(hour)[:16]},
        values={
            "whole": Amount(whole, currency),
            "explanation": explanation,
            "why": why,
            "requests_href": with_query(
                visit.link("/requests"), {"since": time_field(visit, hour), "until": time_field(visit, hour + HOUR)}
            ),
            "back": visit.link("/spend", period="last_seven_days"),
        },
        tables=(table, *(one.rows for one in why if one.rows is not None)),
    )
