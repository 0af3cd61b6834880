"""What models cost with a group's price tier, and what a call would reserve and cost. No key is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Count, Instant, Link, Mark, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos, round_half_even
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.limits.model import Group, ModelPatterns
from counterfoil.limits.rules import compile_patterns
from counterfoil.pricing.model import (
    PER_MILLION_KINDS,
    TOKEN_KINDS,
    UNITS_PER_MILLION,
    Kind,
    Price,
    Rated,
    Rates,
    UsageName,
)
from counterfoil.spend.estimates import TOKENS_MAX, CallSize, made_units
from counterfoil.spend.service import CUSTOMER_BOOK

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
_TIMES_ONE = 1_000
_USUAL_INPUT = 1_000
_USUAL_OUTPUT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Whose prices are shown: a group's, or those of keys without one."""

    group: Group | None
    millis: int
    models: ModelPatterns | None

    def of(self, nanos: int) -> int:
        return round_half_even(Fraction(nanos * self.millis, _TIMES_ONE))

    def permits(self, model: str) -> bool:
        return self.models is None or self.models.permits(model)


@pages.get("/accounts/{account_id}/prices", need=_READ)
async def prices(visit: Visit) -> View:
    groups = await _groups(visit)
    tier = _tier(visit, groups)
    served = frozenset(visit.services.spend.served_models())
    found = [price for price in visit.services.prices.show(CUSTOMER_BOOK) if _is_wanted(visit, price, served)]
    return View(
        template="prices.html",
        title="page_prices",
        values={
            "groups": _group_options(visit, groups),
            "which": [("all", visit.w.word("prices_all"))] if served else [],
            "tier": tier,
        },
        tables=(
            _tokens_table(visit, [one for one in found if _is_by_token(one.rates)], tier=tier, served=served),
            _pieces_table(visit, [one for one in found if not _is_by_token(one.rates)], tier=tier, served=served),
        ),
    )


@pages.get("/accounts/{account_id}/prices/model", need=_READ)
async def prices_model(visit: Visit) -> View:
    """One model; its name is in the query, since it may hold slashes."""
    name = visit.asked("model")[:200]
    price = visit.services.prices.price_for(CUSTOMER_BOOK, name, visit.now)
    if price is None:
        raise NotFound(code="price_not_found", book=CUSTOMER_BOOK, model=name)
    groups = await _groups(visit)
    tier = _tier(visit, groups)
    asked = _asked(visit, price)
    estimate = visit.services.spend.cost_of(name, asked, multiplier_millis=tier.millis)
    balance = await visit.services.ledger.balance(visit.account_id)
    return View(
        template="prices_model.html",
        title="prices_model",
        values={
            "price": price,
            "tier": tier,
            "groups": _group_options(visit, groups),
            "units": [(unit, unit_text(visit, unit)) for unit in made_units(price)],
            "asked": asked,
            "estimate": estimate,
            "available": balance.available if balance.currency == price.currency else None,
        },
        tables=(
            _rates_table(visit, price, tier=tier),
            _history_table(visit, visit.services.prices.history(CUSTOMER_BOOK, name), tier=tier),
            _lines_table(visit, estimate.usual, tier=tier),
        ),
    )


# -- whose prices ------------------------------------------------------------------------------------------------------


async def _groups(visit: Visit) -> Sequence[Group]:
    return await visit.services.limits.list_groups(account_id=visit.account_id)


def _tier(visit: Visit, groups: Sequence[Group]) -> Tier:
    """The group that was asked for; where the account has just one, that one."""
    asked = visit.asked("group")
    if asked == "none" or not groups:
        return Tier(group=None, millis=_TIMES_ONE, models=None)
    wanted: UUID | None = visit.id_asked("group", "group")
    if wanted is None:
        chosen = groups[0] if len(groups) == 1 else None
    else:
        chosen = next((group for group in groups if group.group_id == wanted), None)
        if chosen is None:
            raise NotFound(what="group", id=show_id("group", wanted))
    if chosen is None:
        return Tier(group=None, millis=_TIMES_ONE, models=None)
    return Tier(group=chosen, millis=chosen.price_tier_millis, models=compile_patterns(chosen.allowed_models))


def _group_options(visit: Visit, groups: Sequence[Group]) -> list[tuple[str, str]]:
    named = [
        (
            show_id("group", group.group_id),
            visit.w.word("prices_group_tier", group=group.name, tier=tier_text(group.price_tier_millis)),
        )
        for group in groups
    ]
    return [("none", visit.w.word("prices_no_group")), *named]


def tier_text(millis: int) -> str:
    """A price tier as people write it: 1, 1.2, 0.855."""
    return format_nanos(millis * 1_000_000, least_decimals=0)


def _is_wanted(visit: Visit, price: Price, served: frozenset[str]) -> bool:
    if served and visit.asked("which") != "all" and price.model not in served:
        return False
    return visit.asked("q").lower() in price.model.lower()


def _pieces(rates: Rates) -> list[UsageName]:
    return [name for name in rates if name not in TOKEN_KINDS]


def _is_by_token(rates: Rates) -> bool:
    return Kind.OUTPUT in rates or not _pieces(rates)


# -- lists --------------------------------------------------------------------------------------------------------------


def _tokens_table(visit: Visit, found: Sequence[Price], *, tier: Tier, served: frozenset[str]) -> Table:
    shown, more = _paged(visit, found, "tokens_after")

    def row(price: Price) -> tuple[Cell, ...]:
        return (
            _model_link(visit, price),
            Mark(visit.w.label("model_tier", price.tier)),
            *(_rate_cell(price, tier, kind) for kind in (Kind.INPUT, Kind.CACHED_READ, Kind.OUTPUT)),
            Count(price.context_window),
            visit.shown.day(price.valid_from),
            visit.shown.day(price.valid_to),
            _can_call(visit, price, tier, served),
        )

    return Table(
        name="tokens",
        caption="prices_tokens",
        empty="prices_no_model",
        more=more,
        columns=(
            Column(code="prices_model_name"),
            Column(code="prices_class", wide=True),
            Column(code="prices_input", numeric=True),
            Column(code="prices_cached", numeric=True, wide=True),
            Column(code="prices_output", numeric=True),
            Column(code="prices_window", numeric=True, wide=True),
            Column(code="prices_since", wide=True),
            Column(code="prices_until", wide=True),
            Column(code="prices_can_call", wide=True),
        ),
        rows=[row(price) for price in shown],
    )


def _pieces_table(visit: Visit, found: Sequence[Price], *, tier: Tier, served: frozenset[str]) -> Table:
    shown, more = _paged(visit, found, "pieces_after")
    return Table(
        name="pieces",
        caption="prices_pieces",
        empty="prices_no_model",
        more=more,
        columns=(
            Column(code="prices_model_name"),
            Column(code="prices_use"),
            Column(code="prices_per"),
            Column(code="prices_price", numeric=True),
            Column(code="prices_since", wide=True),
            Column(code="prices_until", wide=True),
            Column(code="prices_can_call", wide=True),
        ),
        rows=[
            (
                _model_link(visit, price),
                unit_text(visit, unit),
                per_text(visit, unit),
                Amount(tier.of(shown_rate(unit, price.rates[unit])), price.currency),
                visit.shown.day(price.valid_from),
                visit.shown.day(price.valid_to),
                _can_call(visit, price, tier, served),
            )
            for price in shown
            for unit in _pieces(price.rates)
        ],
    )


def _paged(visit: Visit, found: Sequence[Price], name: str) -> tuple[Sequence[Price], str | None]:
    """The models after the one that the query names, which is the last of the page before."""
    rest = [price for price in found if price.model > visit.asked(name)]
    most = visit.most_rows
    return rest[:most], visit.here(**{name: rest[most - 1].model}) if len(rest) > most else None


def _model_link(visit: Visit, price: Price) -> Link:
    return Link(price.model, visit.link("/prices/model", model=price.model, group=visit.asked("group")))


def _rate_cell(price: Price, tier: Tier, kind: Kind) -> Cell:
    nanos = price.rates.get(kind)
    return None if nanos is None else Amount(tier.of(nanos), price.currency)


def _can_call(visit: Visit, price: Price, tier: Tier, served: frozenset[str]) -> Mark:
    if not tier.permits(price.model):
        return Mark(visit.w.word("prices_not_permitted"), "warn", visit.w.hint("prices_not_permitted"))
    if price.model not in served:
        return Mark(visit.w.word("prices_not_served"), "quiet", visit.w.hint("prices_not_served"))
    return Mark(visit.w.word("prices_yes"), "good")


def unit_text(visit: Visit, name: UsageName) -> str:
    """What is counted, in words; its key (a size, a resolution, a tool) beside it."""
    kind, _, key = name.partition(":")
    label = visit.w.label("word", f"bill_{kind}")
    return f"{label} · {key.replace(':', ' · ')}" if key else label


def per_text(visit: Visit, name: UsageName) -> str:
    return visit.w.word("per_million" if _is_per_million(name) else "per_one")


def shown_rate(name: UsageName, nanos_per_million: int) -> int:
    """A rate in the amount that people write it for: a million tokens, or one of anything else."""
    return nanos_per_million if _is_per_million(name) else nanos_per_million // UNITS_PER_MILLION


def _is_per_million(name: UsageName) -> bool:
    return name.partition(":")[0] in PER_MILLION_KINDS


# -- one model -----------------------------------------------------------------------------------------------------------


def _rates_table(visit: Visit, price: Price, *, tier: Tier) -> Table:
    contexts = [(_first_context(visit, price), price.rates)]
    for one in price.context_tiers:
        contexts.append((visit.w.word("prices_above", count=visit.shown.count(one.above_input_tokens)), one.rates))
    return Table(
        name="rates",
        caption="prices_rates",
        columns=(
            Column(code="prices_use"),
            Column(code="prices_context", wide=True),
            Column(code="prices_per"),
            Column(code="prices_base", numeric=True, wide=True),
            Column(code="prices_price", numeric=True),
        ),
        rows=[
            (
                unit_text(visit, name),
                context,
                per_text(visit, name),
                Amount(shown_rate(name, nanos), price.currency),
                Amount(tier.of(shown_rate(name, nanos)), price.currency),
            )
            for context, rates in contexts
            for name, nanos in rates.items()
        ],
    )


def _first_context(visit: Visit, price: Price) -> str:
    if not price.context_tiers:
        return visit.w.word("prices_any_input")
    return visit.w.word("prices_up_to", count=visit.shown.count(price.context_tiers[0].above_input_tokens))


def _history_table(visit: Visit, history: Sequence[Price], *, tier: Tier) -> Table:
    return Table(
        name="history",
        caption="prices_history",
        columns=(
            Column(code="prices_version"),
            Column(code="prices_since"),
            Column(code="prices_until"),
            Column(code="prices_headline"),
        ),
        rows=[
            (str(one.number), Instant(one.valid_from), Instant(one.valid_to), _headline(visit, one, tier))
            for one in reversed(history)
        ],
    )


def _headline(visit: Visit, price: Price, tier: Tier) -> str:
    def money(nanos: int) -> str:
        return visit.shown.money(tier.of(nanos), price.currency)

    if Kind.OUTPUT in price.rates and Kind.INPUT in price.rates:
        return visit.w.word("prices_in_out", given=money(price.rates[Kind.INPUT]), made=money(price.rates[Kind.OUTPUT]))
    rates = [shown_rate(name, nanos) for name, nanos in price.rates.items()]
    return visit.w.word("prices_from", amount=money(min(rates))) if rates else "—"


# -- estimates -------------------------------------------------------------------------------------------------------------


def _asked(visit: Visit, price: Price) -> CallSize:
    units = made_units(price)
    makes_pieces = bool(units) and Kind.OUTPUT not in price.rates
    return CallSize(
        input_tokens=_number(visit, "input_tokens", 0 if makes_pieces else _USUAL_INPUT),
        output_cap=_number(visit, "output_cap", 0) or None,
        usual_output=_number(visit, "usual_output", _USUAL_OUTPUT),
        unit=visit.asked("unit") or (units[0] if makes_pieces else None),
        count=_number(visit, "count", 1),
    )


def _number(visit: Visit, name: str, default: int) -> int:
    text = visit.asked(name)
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9 or int(text) > TOKENS_MAX:
        raise InputError(field=name, expected=f"0 to {TOKENS_MAX:,}")
    return int(text)


def _lines_table(visit: Visit, rated: Rated, *, tier: Tier) -> Table:
    return Table(
        name="estimate",
        caption="prices_estimate_lines",
        columns=(
            Column(code="prices_use"),
            Column(code="bill_count", numeric=True),
            Column(code="prices_base", numeric=True, wide=True),
            Column(code="prices_per", wide=True),
            Column(code="prices_line_amount", numeric=True),
        ),
        rows=[
            (
                unit_text(visit, line.name),
                Count(line.count),
                Amount(shown_rate(line.name, line.nanos_per_million), rated.currency),
                per_text(visit, line.name),
                Amount(round_half_even(line.nanos_exact * tier.millis / _TIMES_ONE), rated.currency),
            )
            for line in rated.arithmetic
        ],
        totals=(visit.w.word("bill_total"), None, None, None, Amount(rated.amount_nanos, rated.currency)),
    )
