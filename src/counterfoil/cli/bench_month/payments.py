"""Money in: what fits, what looks as if it did not, and every break of the books of payments and codes.

Each scene writes both sides of one happening and says what every closing has to find of it. `_PLANTED` and `_DECOYS` are
staged several times each, over all channels and days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from counterfoil.cli.bench_month.books import CHANNELS, PAYOUT_WINDOW, SETTLING, Books, Sold, later
from counterfoil.cli.bench_month.files import ALIPAY, BANK, EPAY, PAYPAL, STRIPE, WECHAT
from counterfoil.cli.bench_month.model import CENT, DAY, HOUR, MINUTE, NEVER, UNIT, Told
from counterfoil.foundation.periods import to_datetime
from counterfoil.reconcile.breaks_rules import SOURCE_ROW
from counterfoil.reconcile.model import Book, BreakClass

# Of the usual orders one in so many is given back, in whole or in part.
_REFUND_EVERY = 12
_CENTS_SURELY_WRONG = 250
Scene = Callable[[Books, str, int], None]


def fill_payments(books: Books, *, orders_per_day: int, times: int) -> None:
    """Usual days, then the decoys and the breaks, each so many times; payouts last, since they sum up the rest."""
    month = books.month
    _withhold(books, PAYPAL, month.days // 2)
    for day in range(month.days):
        for source in CHANNELS:
            for number in range(max(1, orders_per_day // len(CHANNELS))):
                _usual(books, source, day, number)
    for scene, sources in (*_DECOYS, *_PLANTED):
        for place, day in enumerate(month.some_days(times)):
            source = sources[(place + day) % len(sources)]
            scene(books, source, month.time_in(day, 2 * HOUR, 12 * HOUR))
    _pay_out(books)


# -- the usual ---------------------------------------------------------------------------------------------------------


def _usual(books: Books, source: str, day: int, number: int) -> None:
    # The first is late in the day, where a Chinese channel's next day has begun: no file of theirs is without a line.
    at = books.month.time_in(day) if number else books.month.time_in(day, 17 * HOUR, 21 * HOUR)
    sold = books.sell(source, at)
    books.tell(sold.line)
    is_odd = (day * 7 + number * 5 + CHANNELS.index(source)) % _REFUND_EVERY == 0
    if is_odd and not sold.order["bonus"] and day + 1 < books.month.days:
        amount = sold.order["amount"] if number % 2 else sold.order["amount"] // (2 * CENT) * CENT
        books.tell(books.give_back(sold, at + DAY - 2 * HOUR, amount).line)


def _withhold(books: Books, source: str, day: int) -> None:
    """A source whose file of a day comes only with the next day's."""
    month = books.month
    begins = month.start_of(day)
    month.withheld.add((source, begins))
    shown = to_datetime(begins).date().isoformat()
    month.plant(
        Book.PAYMENTS, BreakClass.STALE_SOURCE, theirs=(f"{SOURCE_ROW}:{source}:{shown}",), since=begins + DAY,
        until=begins + DAY + 1,
    )  # fmt: skip


def _pay_out(books: Books) -> None:
    """Stripe pays out each day's lines two days later; the bank has it in hours, or on the next day."""
    month = books.month
    for day in range(month.days):
        begins = month.start_of(day)
        _rent(books, begins)
        at = begins + 2 * DAY + 10 * HOUR
        if at >= month.end:
            continue
        number = books.number(STRIPE, at, "payout")
        own = [told for told in month.told if _is_paid_out(told, begins)]
        month.told[:] = [replace(told, payout=number) if _is_paid_out(told, begins) else told for told in month.told]
        due = sum(told.direction * told.amount - told.fee for told in own)
        assert due > 0
        fault = day % 7
        paid = due + {2: -500 * CENT, 3: CENT}.get(fault, 0)
        payout = Told(
            source=STRIPE, kind="payout", at=at, told_at=at, trade=number, payout=number, amount=paid, currency="USD",
            direction=-1,
        )  # fmt: skip
        books.tell(payout)
        if fault == 2:
            _of_payout(books, payout, BreakClass.SPLIT_MISMATCH)
        if fault == 3:
            _of_payout(books, payout, BreakClass.ROUNDING_WITHIN_TOLERANCE)
        if fault == 5:
            _payout_is_absent(books, payout, NEVER)
            continue
        arrives = at + (DAY if fault == 1 else 6 * HOUR)
        books.tell(
            Told(source=BANK, kind="payout", at=arrives, told_at=arrives, trade=books.number(BANK, arrives), amount=paid,
                 currency="USD")
        )  # fmt: skip
        _payout_is_absent(books, payout, arrives - arrives % DAY + DAY)


def _is_paid_out(told: Told, begins: int) -> bool:
    is_own = told.source == STRIPE and told.currency == "USD" and told.kind != "payout"
    return is_own and begins <= told.at < begins + DAY


def _of_payout(books: Books, payout: Told, break_class: BreakClass) -> None:
    """A break between a channel's own lines: the payout stands for ours."""
    books.month.plant(Book.PAYMENTS, break_class, ours=(payout.reference,), since=books.known_from(payout))


def _payout_is_absent(books: Books, payout: Told, known_from: int) -> None:
    known, due = books.known_from(payout), payout.at + PAYOUT_WINDOW
    plant = partial(books.month.plant, Book.PAYMENTS, ours=(payout.reference,), needs=BANK)
    if known < min(due, known_from):
        plant(BreakClass.PENDING_WITHIN_WINDOW, since=known, until=min(due, known_from))
    if due < known_from:
        plant(BreakClass.MISSING_EXTERNAL, since=due, until=known_from)


def _rent(books: Books, begins: int) -> None:
    """Every day has a line at the bank that is nobody's payment."""
    at = begins + 9 * HOUR
    books.tell(
        Told(source=BANK, kind="transfer", at=at, told_at=at, trade=books.number(BANK, at), amount=80 * UNIT, currency="USD",
             direction=-1)
    )  # fmt: skip


# -- what only looks wrong ---------------------------------------------------------------------------------------------


def _same_amount_same_time(books: Books, source: str, at: int) -> None:
    """Two orders of one amount in one second, told apart by their numbers."""
    amount = books.amount(source)
    for _ in range(2):
        books.tell(books.sell(source, at, amount=amount).line)


def _paid_again_and_back(books: Books, source: str, at: int) -> None:
    """A second payment for an order that has gone back whole: nothing is left to do."""
    sold = books.sell(source, at)
    books.tell(sold.line)
    again = later(sold.line, 3 * MINUTE, trade=books.number(source, at))
    number = books.number(source, at, "refund")
    back = later(again, HOUR, kind="refund", direction=-1, refund=number, fee=0, of=again,
                 our_refund="")  # fmt: skip
    books.tell(again, back)


def _paid_without_numbers(books: Books, source: str, at: int) -> None:
    """A payment whose numbers are not ours: the only one of its amount at that time."""
    sold = books.sell(source, at)
    books.tell(replace(sold.line, order="", trade=books.number(source, at)))


def _late_within_window(books: Books, source: str, at: int) -> None:
    """The channel books it on the next day."""
    sold = books.sell(source, at)
    line = later(sold.line, 20 * HOUR)
    books.tell(line)
    books.plant_absence(sold.name, source, at, SETTLING[source], books.known_from(line))


def _told_days_later(books: Books, source: str, at: int) -> None:
    """A line that was left out of its day's file and stands in a later one: missing, until it comes."""
    sold = books.sell(source, at)
    line = replace(sold.line, told_at=sold.line.told_at + 3 * DAY)
    books.tell(line)
    books.plant_absence(sold.name, source, at, SETTLING[source], books.known_from(line))


def _separate_fee(books: Books, _: str, at: int) -> None:
    """A fee of the channel's own, which is no payment."""
    books.tell(
        Told(source=STRIPE, kind="fee", at=at, told_at=at, trade=books.number(STRIPE, at, "fee"), amount=2 * UNIT,
             currency="USD", direction=-1)
    )  # fmt: skip


def _never_paid(books: Books, source: str, at: int) -> None:
    """An order that nobody paid."""
    books.take_back(books.sell(source, at).order)


def _two_refunds_alike(books: Books, source: str, at: int) -> None:
    """Two refunds of one order over the same amount."""
    sold = books.sell(source, at, amount=books.amount(source, 1_000, 4_000) // (4 * CENT) * 4 * CENT)
    _no_bonus(books, sold)
    books.tell(sold.line)
    for hours in (1, 2):
        books.tell(books.give_back(sold, at + hours * HOUR, sold.order["amount"] // 4).line)


# -- breaks of orders --------------------------------------------------------------------------------------------------


def _credited_not_paid(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    books.plant_absence(sold.name, source, at, SETTLING[source])


def _paid_not_credited(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    books.tell(sold.line)
    books.take_back(sold.order)
    books.plant(BreakClass.MISSING_INTERNAL, sold.name, theirs=(sold.line,))


def _order_paid_but_no_credit(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    books.tell(sold.line)
    order_id = sold.order["order_id"]
    books.month.credits[:] = [row for row in books.month.credits if row["cause_id"] != order_id]
    books.plant(BreakClass.MISSING_INTERNAL, sold.name, theirs=(sold.line,))


def _paid_by_nobody(books: Books, source: str, at: int) -> None:
    line = books.sell(source, at)
    books.month.orders.remove(line.order)
    books.take_back(line.order)
    told = replace(line.line, order="")
    books.tell(told)
    books.plant(BreakClass.MISSING_INTERNAL, theirs=(told,))


def _credit_without_order(books: Books, source: str, at: int) -> None:
    order_id, account = books.month.uuid(at).hex, books.accounts[0]
    row = books.transfer("credit", "order", order_id, books.amount(source), at=at, account=account)
    books.plant(BreakClass.MISSING_EXTERNAL, "credit:" + row["transfer_id"], since=at + 1)


def _late(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    line = later(sold.line, SETTLING[source] + 30 * HOUR)
    books.tell(line)
    books.plant_absence(sold.name, source, at, SETTLING[source], books.known_from(line))
    # A line of an order that is closed is looked at with it, whatever day it is of.
    books.plant(BreakClass.LATE, sold.name, theirs=(line,), since=books.known_from(line))


def _other_amount(books: Books, source: str, at: int, cents: int, break_class: BreakClass) -> None:
    sold = books.sell(source, at)
    amount = sold.line.amount + cents * CENT
    line = replace(sold.line, amount=amount, fee=books.fee(source, amount))
    books.tell(line)
    books.plant(break_class, sold.name, theirs=(line,))


def _other_fee(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    line = replace(sold.line, fee=sold.line.fee + 45 * CENT)
    books.tell(line)
    books.plant(BreakClass.FEE_MISMATCH, sold.name, theirs=(line,))


def _other_currency(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    line = replace(sold.line, currency="EUR")
    books.tell(line)
    books.plant(BreakClass.CURRENCY_MISMATCH, sold.name, theirs=(line,))


def _not_paid_after_all(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    line = replace(sold.line, status="pending")
    books.tell(line)
    books.plant(BreakClass.STATUS_MISMATCH, sold.name, theirs=(line,))


def _credited_though_expired(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    books.tell(sold.line)
    _no_bonus(books, sold)
    sold.order["state"] = "expired"
    books.plant(BreakClass.STATUS_MISMATCH, sold.name, sold.credit_name, theirs=(sold.line,))


def _credited_twice(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    books.tell(sold.line)
    again = books.credit(sold.order, sold.order["credited"], at=at + MINUTE)
    books.plant(BreakClass.DUPLICATE_INTERNAL, sold.name, "credit:" + again["transfer_id"], since=at + MINUTE + 1)


def _other_credit(books: Books, source: str, at: int, cents: int, break_class: BreakClass) -> None:
    sold = books.sell(source, at)
    books.tell(sold.line)
    sold.credit["amount"] += cents * CENT
    books.plant(break_class, sold.name, sold.credit_name, since=at + 1)


def _paid_twice(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    again = later(sold.line, 7 * MINUTE, trade=books.number(source, at))
    books.tell(sold.line, again)
    books.plant(BreakClass.DUPLICATE_EXTERNAL, sold.name, theirs=(again,))


def _paid_in_wrong_parts(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at)
    half = sold.line.amount // (2 * CENT) * CENT
    first = replace(sold.line, amount=half, fee=books.fee(source, half))
    second = later(first, MINUTE, trade=books.number(source, at), amount=half - _CENTS_SURELY_WRONG * CENT)
    books.tell(first, second)
    books.plant(BreakClass.SPLIT_MISMATCH, sold.name, theirs=(first, second))


def _which_of_two(books: Books, source: str, at: int) -> None:
    """Two orders and two payments of one amount, and no number leads from one to another."""
    amount = books.amount(source)
    sold = [books.sell(source, at + place * MINUTE, amount=amount) for place in range(2)]
    for one in sold:
        line = replace(one.line, order="", trade=books.number(source, at))
        books.tell(line)
    known = max(max(books.known_from(one.line), one.order["paid_at"] + 1) for one in sold)
    for one in sold:
        books.plant(BreakClass.AMBIGUOUS, one.name, since=known, needs=source)


def _credited_to_another(books: Books, source: str, at: int) -> None:
    sold = books.sell(source, at, account=books.accounts[1])
    books.tell(sold.line)
    _no_bonus(books, sold)
    sold.credit["account_id"] = books.accounts[2]
    books.plant(BreakClass.WRONG_ACCOUNT, sold.name, sold.credit_name, since=at + 1)


def _names_anothers_order(books: Books, source: str, at: int) -> None:
    other = books.sell(source, at, account=books.accounts[3])
    books.take_back(other.order)
    sold = books.sell(source, at, account=books.accounts[4])
    line = replace(sold.line, order=other.order["order_id"])
    books.tell(line)
    books.plant(BreakClass.WRONG_ACCOUNT, sold.name, theirs=(line,))


# -- breaks of refunds -------------------------------------------------------------------------------------------------


def _sold_to_return(books: Books, source: str, at: int) -> Sold:
    sold = books.sell(source, at, amount=books.amount(source, 1_000, 4_000))
    _no_bonus(books, sold)
    books.tell(sold.line)
    return sold


def _no_bonus(books: Books, sold: Sold) -> None:
    sold.order["bonus"] = 0
    order_id = sold.order["order_id"]
    books.month.credits[:] = [
        row for row in books.month.credits if not (row["cause_id"] == order_id and row["is_bonus"])
    ]


def _refund_not_told(books: Books, source: str, at: int) -> None:
    returned = books.give_back(_sold_to_return(books, source, at), at + HOUR, 1_000 * CENT)
    books.plant_absence(returned.name, source, at + HOUR, SETTLING[source])


def _refund_of_another_amount(books: Books, source: str, at: int) -> None:
    returned = books.give_back(_sold_to_return(books, source, at), at + HOUR, 500 * CENT)
    line = replace(returned.line, amount=(500 - _CENTS_SURELY_WRONG) * CENT)
    books.tell(line)
    books.plant(BreakClass.AMOUNT_UNDER, returned.name, theirs=(line,))


def _refund_failed_but_gone(books: Books, source: str, at: int) -> None:
    sold = _sold_to_return(books, source, at)
    returned = books.give_back(sold, at + HOUR, sold.order["amount"], state="failed")
    sold.order["state"] = "paid"
    refund = returned.refund
    books.transfer(
        "cash_restored", "refund", refund["refund_id"], refund["taken"], at=at + HOUR, account=refund["account_id"]
    )
    books.tell(returned.line)
    books.plant(BreakClass.STATUS_MISMATCH, returned.name, theirs=(returned.line,))


def _refund_not_ours(books: Books, source: str, at: int) -> None:
    """The channel gave back what we know nothing of."""
    sold = _sold_to_return(books, source, at)
    number = "" if source == EPAY else books.number(source, at, "refund")
    back = later(sold.line, HOUR, kind="refund", direction=-1, refund=number, fee=0, amount=700 * CENT, of=sold.line)
    books.tell(back)
    books.plant(BreakClass.MISSING_INTERNAL, theirs=(back,))


def _more_back_than_came(books: Books, source: str, at: int) -> None:
    sold = _sold_to_return(books, source, at)
    amount = sold.order["amount"]
    returned = books.give_back(sold, at + HOUR, amount)
    more = later(sold.line, 2 * HOUR, kind="refund", direction=-1, refund=books.number(source, at, "refund"), fee=0,
                 amount=amount // (2 * CENT) * CENT)  # fmt: skip
    books.tell(returned.line, more)
    books.plant(BreakClass.REFUND_EXCEEDS_CREDIT, sold.name, theirs=(returned.line, more))


# -- breaks of codes ---------------------------------------------------------------------------------------------------


def _usual_code(books: Books, _: str, at: int) -> None:
    books.redeem(at)


def _code_not_credited(books: Books, _: str, at: int) -> None:
    code, credit = books.redeem(at)
    books.month.credits.remove(credit)
    _plant_code(books, BreakClass.MISSING_INTERNAL, at, code["code_id"])


def _code_credit_without_code(books: Books, _: str, at: int) -> None:
    code, credit = books.redeem(at)
    books.month.redemptions.remove(code)
    _plant_code(books, BreakClass.MISSING_EXTERNAL, at, None, credit["transfer_id"])


def _code_of_another(books: Books, _: str, at: int) -> None:
    code, credit = books.redeem(at)
    credit["account_id"] = books.month.uuid(0).hex
    _plant_code(books, BreakClass.WRONG_ACCOUNT, at, code["code_id"], credit["transfer_id"])


def _code_twice(books: Books, _: str, at: int) -> None:
    code, credit = books.redeem(at)
    again = books.transfer("credit", "code", code["code_id"], code["value"], at=at + MINUTE, account=code["account_id"])
    assert again["transfer_id"] > credit["transfer_id"]
    _plant_code(books, BreakClass.DUPLICATE_INTERNAL, at + MINUTE, code["code_id"], again["transfer_id"])


def _code_of_another_value(books: Books, _: str, at: int, cents: int, break_class: BreakClass) -> None:
    code, credit = books.redeem(at)
    credit["amount"] += cents * CENT
    _plant_code(books, break_class, at, code["code_id"], credit["transfer_id"])


def _plant_code(books: Books, break_class: BreakClass, at: int, code: str | None, credit: str | None = None) -> None:
    books.month.plant(
        Book.CODES, break_class, since=at + 1, ours=() if code is None else (f"code:{code}",),
        theirs=() if credit is None else (f"credit:{credit}",),
    )  # fmt: skip


_WITH_REFUND_NUMBERS = (STRIPE, WECHAT, ALIPAY, PAYPAL)
_FREE_OF_PAYOUTS = (WECHAT, ALIPAY, EPAY)
# What is paired by amount alone comes apart on a day that its source has not told of.
_ALWAYS_HERE = (STRIPE, WECHAT, ALIPAY, EPAY)
_DECOYS: Sequence[tuple[Scene, Sequence[str]]] = (
    (_same_amount_same_time, CHANNELS),
    (_paid_again_and_back, _WITH_REFUND_NUMBERS),
    (_paid_without_numbers, _ALWAYS_HERE),
    (_late_within_window, CHANNELS),
    (_told_days_later, _FREE_OF_PAYOUTS),
    (_separate_fee, (STRIPE,)),
    (_never_paid, CHANNELS),
    (_two_refunds_alike, _WITH_REFUND_NUMBERS),
    (_usual_code, CHANNELS),
)
_PLANTED: Sequence[tuple[Scene, Sequence[str]]] = (
    (_credited_not_paid, CHANNELS),
    (_paid_not_credited, CHANNELS),
    (_order_paid_but_no_credit, CHANNELS),
    (_paid_by_nobody, CHANNELS),
    (_credit_without_order, CHANNELS),
    (_late, CHANNELS),
    (partial(_other_amount, cents=_CENTS_SURELY_WRONG, break_class=BreakClass.AMOUNT_OVER), CHANNELS),
    (partial(_other_amount, cents=-_CENTS_SURELY_WRONG, break_class=BreakClass.AMOUNT_UNDER), CHANNELS),
    (partial(_other_amount, cents=1, break_class=BreakClass.ROUNDING_WITHIN_TOLERANCE), CHANNELS),
    (_other_fee, CHANNELS),
    (_other_currency, (STRIPE, PAYPAL, WECHAT)),
    (_not_paid_after_all, (EPAY,)),
    (_credited_though_expired, CHANNELS),
    (_credited_twice, CHANNELS),
    (partial(_other_credit, cents=30, break_class=BreakClass.AMOUNT_OVER), CHANNELS),
    (partial(_other_credit, cents=-30, break_class=BreakClass.AMOUNT_UNDER), CHANNELS),
    (_paid_twice, CHANNELS),
    (_paid_in_wrong_parts, CHANNELS),
    (_which_of_two, _ALWAYS_HERE),
    (_credited_to_another, CHANNELS),
    (_names_anothers_order, CHANNELS),
    (_refund_not_told, CHANNELS),
    (_refund_of_another_amount, _WITH_REFUND_NUMBERS),
    (_refund_failed_but_gone, _WITH_REFUND_NUMBERS),
    (_refund_not_ours, CHANNELS),
    (_more_back_than_came, _WITH_REFUND_NUMBERS),
    (_code_not_credited, CHANNELS),
    (_code_credit_without_code, CHANNELS),
    (_code_of_another, CHANNELS),
    (_code_twice, CHANNELS),
    (partial(_code_of_another_value, cents=50, break_class=BreakClass.AMOUNT_OVER), CHANNELS),
    (partial(_code_of_another_value, cents=-50, break_class=BreakClass.AMOUNT_UNDER), CHANNELS),
)
