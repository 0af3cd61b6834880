"""A receipt as a page: self-contained HTML that fits one sheet of A4, in one language."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from counterfoil.foundation.currencies import minor_digits
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import read_time_zone, to_datetime
from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.recharge.model import RATE_ONE, OrderRefund, OrderState
from counterfoil.recharge.receipts_model import Receipt
from counterfoil.recharge.terms import show_rate

# More refunds than these are summed up in one line, so that the receipt stays on one page.
REFUNDS_SHOWN_MAX = 6
_TAGS = {Language.ZH: "zh-CN", Language.EN: "en"}
_NOTHING = "—"

_environment = Environment(
    loader=PackageLoader("counterfoil.recharge"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(receipt: Receipt, language: Language) -> str:
    """The receipt as HTML, which neither loads nor runs anything."""
    order, terms = receipt.order, receipt.order.terms

    def word(code: str, **values: object) -> str:
        return text(Kind.WORD, f"receipt_{code}", language, **values)

    done = receipt.done
    listed = done if len(done) <= REFUNDS_SHOWN_MAX else done[: REFUNDS_SHOWN_MAX - 1]
    return _environment.get_template("receipt.html").render(
        tag=_TAGS[language], word=word, receipt=receipt, order=order, terms=terms,
        order_id=show_id("order", order.order_id), account_id=show_id("account", order.account_id),
        state=text(Kind.ORDER_STATE, order.state, language), is_whole=order.state is OrderState.PAID,
        method=text(Kind.PROVIDER_KIND, order.provider_kind, language),
        money=show_money, credit=_credit_in_line(receipt), nothing=_NOTHING,
        moment=partial(_show_moment, time_zone=receipt.time_zone),
        rate=_rate_of(receipt), ratio=None if terms.ratio == RATE_ONE else f"× {show_rate(terms.ratio)}",
        refunds=listed, more=_rest_of(done[len(listed) :]),
    )  # fmt: skip


def show_money(nanos: int, currency: str, decimals: int = 0) -> str:
    """An amount, exact, its thousands apart, with its currency's decimals, or as many more as it has or are asked for."""
    least = max(decimals, minor_digits(currency))
    whole, point, fraction = format_nanos(nanos, least_decimals=least).partition(".")
    return f"{int(whole):,}{point}{fraction} {currency}"


def _credit_in_line(receipt: Receipt) -> Callable[[int], str]:
    """Shows what was credited with the same decimals in every row."""
    terms = receipt.order.terms
    amounts = (terms.credited, terms.bonus, receipt.order.taken_back)
    decimals = max(len(format_nanos(one, least_decimals=0).partition(".")[2]) for one in amounts)
    return lambda nanos: show_money(nanos, terms.wallet_currency, decimals)


def _show_moment(at: int, *, time_zone: str) -> str:
    """A time to the second in a zone, with its distance from UTC."""
    local = to_datetime(at).astimezone(read_time_zone(time_zone))
    distance = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} UTC{distance[:3]}:{distance[3:5]}"


def _rate_of(receipt: Receipt) -> str | None:
    order, terms = receipt.order, receipt.order.terms
    if order.currency == terms.wallet_currency and terms.rate == RATE_ONE:
        return None
    return f"1 {order.currency} = {show_rate(terms.rate)} {terms.wallet_currency}"


def _rest_of(refunds: tuple[OrderRefund, ...]) -> dict[str, int] | None:
    return {"count": len(refunds), "amount": sum(one.amount for one in refunds)} if refunds else None
