"""The account at a glance: what is there, how long it lasts, where the month went, and what needs attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.console.charts import Point, Step, bars, waterfall
from counterfoil.console.routes import Pages
from counterfoil.console.shown import Shown
from counterfoil.console.tables import Amount, Column, Instant, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.waterfall_steps import Movement, steps_of
from counterfoil.evidence.waterfall_steps import Step as MoneyStep
from counterfoil.evidence.waterfall_view import step_label
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.ledger.statement import StatementSums
from counterfoil.limits.model import LimitStanding, Scope, Unit

pages = Pages()
_DAY = 86_400_000_000
# What a day costs is judged by the last full week.
_USUAL_DAYS = 7
_SHOWN_DAYS = 30
_LIMITS_SHOWN = 12
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBar:
    """A limit as a bar: whose it is, its numbers as written, and when it begins anew."""

    standing: LimitStanding
    name: str
    used: str
    amount: str
    remaining: str
    resets: str | None
    is_full: bool
    is_near: bool


@pages.get("/accounts/{account_id}/overview", need=_READ)
async def overview(visit: Visit) -> View:
    account, services, shown = visit.of_account, visit.services, visit.shown
    balance = await services.ledger.balance(account.account_id)
    today = visit.now - visit.now % _DAY
    days = await _charged_by_day(visit, today)
    grants = await services.ledger.grants(account.account_id)
    limits = await limit_bars(visit)
    return View(
        template="overview.html",
        title="page_overview",
        values={
            "balance": balance,
            "days_left": _days_left(balance.available, days, now=visit.now),
            "usual": _usual(days, now=visit.now),
            "limits": sorted(limits, key=_fullness, reverse=True)[:_LIMITS_SHOWN],
            "days": _days_chart(days, shown=shown, currency=account.currency, now=visit.now),
            "ending": [
                grant for grant in grants
                if grant.expires_at is not None and grant.remaining and grant.expires_at - visit.now < _USUAL_DAYS * _DAY
            ],
            "near": [limit for limit in limits if limit.is_near or limit.is_full],
        },
        tables=(_days_table(days, currency=account.currency),),
    )  # fmt: skip


@pages.get("/accounts/{account_id}/overview/month", need=_READ)
async def month(visit: Visit) -> View:
    """The month's waterfall: by itself it is a page; in the overview it is fetched after the rest is there."""
    account = visit.of_account
    start, _ = window_bounds(Window.MONTH, visit.now, account.time_zone)
    sums = await visit.services.statements.sums(account.account_id, start=start, end=visit.now + 1)
    steps = steps_of([Movement(*one) for one in sums.movements])
    return View(
        template="overview_month.html",
        title="overview_month",
        values={"chart": _steps_chart(sums, steps, visit)},
        tables=(_steps_table(sums, steps, visit),),
    )


async def _charged_by_day(visit: Visit, today: int) -> list[tuple[int, int]]:
    """The last days of UTC (their start) in which anything was charged or given back, and what that came to."""
    times = range(today - (_SHOWN_DAYS - 1) * _DAY, today + 2 * _DAY, _DAY)
    charged = await visit.services.statements.charged_by_part(visit.account_id, times=times)
    return [(day, nanos) for day, nanos in zip(times, charged, strict=False) if nanos]


async def limit_bars(visit: Visit) -> list[LimitBar]:
    """Every limit of the account that is used up with time; ceilings and calls at once are not."""
    account, shown = visit.of_account, visit.shown
    standings = await visit.services.limits.list_limits(account_id=account.account_id, time_zone=account.time_zone)
    groups = {one.group_id: one.name for one in await visit.services.limits.list_groups(account_id=account.account_id)}
    keys = {one.key_id: one.name for one in await visit.services.limits.list_keys(account_id=account.account_id)}
    names = {**groups, **keys, account.account_id: account.name}
    return [
        _bar(one, visit, shown, name=names.get(one.limit.scope_id, ""))
        for one in standings
        if one.limit.window is not Window.REQUEST and one.limit.unit is not Unit.IN_FLIGHT
    ]


def _bar(standing: LimitStanding, visit: Visit, shown: Shown, *, name: str) -> LimitBar:
    limit, usage = standing.limit, standing.usage
    taken = usage.used + usage.held
    scope = (
        visit.w.label("check_scope", limit.scope) if limit.scope is not Scope.ACCOUNT else visit.w.word("of_account")
    )
    return LimitBar(
        standing=standing,
        name=f"{scope} {name} · {visit.w.label('limit_window', limit.window)}",
        used=measure(visit, limit.unit, usage.used),
        amount=measure(visit, limit.unit, limit.amount),
        remaining=measure(visit, limit.unit, standing.remaining),
        resets=shown.time(standing.resets_at) if standing.resets_at is not None else None,
        is_full=taken >= limit.amount,
        is_near=limit.amount > taken and 10 * taken >= 8 * limit.amount,
    )


def measure(visit: Visit, unit: Unit, number: int) -> str:
    """A limit's number with its unit: money as money, the rest counted."""
    if unit is Unit.MONEY:
        return visit.shown.short_money(number, visit.of_account.currency)
    return f"{visit.shown.count(number)} {visit.w.label('limit_unit', unit)}"


def _fullness(bar: LimitBar) -> int:
    limit, usage = bar.standing.limit, bar.standing.usage
    return 1000 * (usage.used + usage.held) // max(1, limit.amount)


def _usual(days: Sequence[tuple[int, int]], *, now: int) -> int:
    """What a day cost on average in the last full week; of a first day, what it has cost so far."""
    today = now - now % _DAY
    week = sum(max(0, charged) for day, charged in days if today - _USUAL_DAYS * _DAY <= day < today) // _USUAL_DAYS
    return week or sum(max(0, charged) for day, charged in days if day == today)


def _days_left(available: int, days: Sequence[tuple[int, int]], *, now: int) -> int | None:
    usual = _usual(days, now=now)
    return available // usual if usual > 0 else None


def _days_chart(days: Sequence[tuple[int, int]], *, shown: Shown, currency: str, now: int) -> object:
    charged = dict(days)
    today = now - now % _DAY
    points = [
        Point(label=shown.day(day)[5:], value=max(0, charged.get(day, 0)), text=shown.short_money(charged.get(day, 0), currency))
        for day in range(today - (_SHOWN_DAYS - 1) * _DAY, today + _DAY, _DAY)
    ]  # fmt: skip
    return bars(points, caption="overview_days")


def _days_table(days: Sequence[tuple[int, int]], *, currency: str) -> Table:
    return Table(
        name="days",
        caption="overview_days",
        columns=(Column(code="day"), Column(code="charged_net", numeric=True)),
        rows=[(Instant(day), Amount(charged, currency)) for day, charged in sorted(days, reverse=True)],
    )


def _steps_chart(sums: StatementSums, steps: Sequence[MoneyStep], visit: Visit) -> object:
    currency = visit.of_account.currency

    def money(nanos: int) -> str:
        return visit.shown.short_money(nanos, currency)

    ends = (
        Step(point=Point(label=visit.w.word("opening_balance"), value=sums.opening, text=money(sums.opening), tone="quiet"), is_total=True),
        Step(point=Point(label=visit.w.word("closing_balance"), value=sums.closing, text=money(sums.closing), tone="info"), is_total=True),
    )  # fmt: skip
    between = [
        Step(
            point=Point(
                label=step_label(step, visit.language), value=step.nanos, text=money(step.nanos),
                tone="good" if step.nanos > 0 else "bad",
            )
        )
        for step in steps
    ]  # fmt: skip
    return waterfall([ends[0], *between, ends[1]], caption="overview_month")


def _steps_table(sums: StatementSums, steps: Sequence[MoneyStep], visit: Visit) -> Table:
    currency = visit.of_account.currency
    return Table(
        name="month",
        caption="overview_month",
        columns=(Column(code="movement"), Column(code="movement_amount", numeric=True)),
        rows=[
            (visit.w.word("opening_balance"), Amount(sums.opening, currency)),
            *((step_label(step, visit.language), Amount(step.nanos, currency, signed=True)) for step in steps),
            (visit.w.word("closing_balance"), Amount(sums.closing, currency)),
        ],
    )  # fmt: skip
