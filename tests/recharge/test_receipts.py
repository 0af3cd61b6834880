"""Receipts: what stands on them, what never does, and that they load and run nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.recharge.model import RATE_ONE, Order, OrderRefund, OrderState, ProviderKind, RefundState, Terms
from counterfoil.recharge.receipt_page import REFUNDS_SHOWN_MAX, render, show_money
from counterfoil.recharge.receipts import Receipts
from counterfoil.recharge.receipts_model import Receipt
from counterfoil.sandbox.payments.process import PaymentsProcess
from recharge.pages import Page
from recharge.till import Till

NAMES = ['<script>alert("x")</script>', "\"><img src=x onerror=alert(1)>'", "{{ 7 * 7 }}{% raw %}", "</style><b>&amp;"]
AT = 1_793_491_200_000_000  # 2026-11-01 00:00 UTC
each_language = pytest.mark.parametrize("language", list(Language), ids=str)


def word(code: str, language: Language, **values: object) -> str:
    return text(Kind.WORD, f"receipt_{code}", language, **values)


def receipts_of(till: Till, operator_name: str = "Northwind AI") -> Receipts:
    return Receipts(till.database, ledger=till.ledger, clock=till.clock, operator_name=operator_name)


def receipt_of(order: Order, *refunds: OrderRefund, **fields: str) -> Receipt:
    known = {"account_name": "Acme", "time_zone": "Asia/Shanghai", "operator_name": "Northwind AI", **fields}
    return Receipt(order=order, refunds=refunds, issued_at=AT, **known)


def an_order(amount: int = parse_nanos("500"), currency: str = "CNY", **fields: object) -> Order:
    terms = Terms(wallet_currency=currency, rate=RATE_ONE, ratio=RATE_ONE, credited=amount)
    order = Order(
        order_id=UUID(int=1), account_id=UUID(int=2), provider="main", provider_kind=ProviderKind.ALIPAY,
        state=OrderState.PAID, amount=amount, currency=currency, terms=terms, intention_id=UUID(int=1),
        created_by="Ada", created_at=AT, expires_at=AT, paid_at=AT, number_mask="…4711", payer_mask="b…@example.com",
    )  # fmt: skip
    return replace(order, **fields)


def a_refund(amount: int, state: RefundState = RefundState.SUCCEEDED, *, at: int = AT) -> OrderRefund:
    ended = at if state in (RefundState.SUCCEEDED, RefundState.FAILED) else None
    return OrderRefund(
        refund_id=UUID(int=3), order_id=UUID(int=1), account_id=UUID(int=2), state=state, amount=amount, taken=amount,
        external=False, reason="asked for", requested_by="Ann", approval_id=None, created_at=at, ended_at=ended,
    )  # fmt: skip


async def paid_at_the_bank(till: Till, amount: str = "100", account: UUID | None = None) -> Order:
    order = await till.order(account or await till.account("Acme"), "bank", amount)
    await till.refunds.propose_confirmation(order.order_id, number="bank-20261101-4711", reason="seen", by="Ann")
    return await till.orders.order(order.order_id)


@each_language
async def test_a_receipt_says_who_paid_what_how_and_what_it_brought(
    till: Till, payments: PaymentsProcess, language: Language
) -> None:
    account = (await till.ledger.open_account(name="Acme 研究院", currency="USD", time_zone="Asia/Shanghai")).account_id
    await till.terms.add_bonus(name="autumn", wallet_currency="USD", least=0, share_millionths=100_000, days=30)
    order = await till.begun(account, "alipay", "100")
    payments.pay(ProviderKind.ALIPAY, order.number, payer="buyer@example.com")
    (notice,) = payments.notify(ProviderKind.ALIPAY, order.number, send=False)[:1]
    await till.deliver("alipay", notice)
    order = await till.orders.order(order.order_id)
    assert order.number_mask is not None
    assert order.payer_mask is not None

    html = await receipts_of(till).page(order.order_id, language)
    page = Page(html)
    rows = page.rows
    assert rows[word("order", language)] == show_id("order", order.order_id)
    assert rows[word("issued_by", language)] == "Northwind AI"
    assert rows[word("account", language)] == "Acme 研究院"
    assert rows[word("account_id", language)] == show_id("account", account)
    assert rows[word("method", language)] == ("支付宝" if language is Language.ZH else "Alipay")
    assert rows[word("number", language)] == order.number_mask
    assert rows[word("payer", language)] == order.payer_mask
    assert "100.00 CNY" in page.text
    assert rows[word("rate", language)] == "1 CNY = 0.13812345 USD"
    assert rows[word("ratio", language)] == "× 1.05"
    assert rows[word("credited", language)] == "14.502962250 USD"
    bonus = f"{word('bonus', language)} {word('bonus_days', language, days=30)}"
    assert rows[bonus] == "1.450296225 USD"
    assert rows[word("credited_total", language)] == "15.953258475 USD"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\+08:00", rows[word("paid_at", language)])
    assert word("not_an_invoice", language) in page.text
    assert word("zone", language, zone="Asia/Shanghai") in page.text
    assert text(Kind.ORDER_STATE, "paid", language) in page.text
    # No refund, so nothing is said of any.
    assert word("refunds", language) not in page.rows
    assert word("net", language) not in page.rows
    assert ("html", "lang", "zh-CN" if language is Language.ZH else "en") in page.attributes
    # What is masked is nowhere in it.
    assert "buyer@" not in html


async def test_an_order_that_was_never_paid_has_no_receipt(till: Till) -> None:
    order = await till.order(await till.account(), "bank")
    receipts = receipts_of(till)
    with pytest.raises(Conflict) as refused:
        await receipts.page(order.order_id, Language.EN)
    assert (refused.value.code, refused.value.parameters["state"]) == ("order_not_paid", "created")
    await till.orders.cancel(order.order_id, by="Ann")
    with pytest.raises(Conflict) as refused:
        await receipts.page(order.order_id, Language.EN)
    assert refused.value.code == "order_not_paid"
    with pytest.raises(NotFound) as unknown:
        await receipts.page(UUID(int=7), Language.EN)
    assert unknown.value.code == "order_not_found"


async def test_a_refund_counts_once_it_is_done_and_not_before(till: Till) -> None:
    order = await paid_at_the_bank(till)
    approval = await till.refund(order, "30")
    await till.refunds.send_due()
    receipts = receipts_of(till)
    under_way = Page(await receipts.page(order.order_id, Language.EN))
    assert under_way.rows["Refund under way, not counted yet"] == "−30.00 CNY"
    assert under_way.rows["Net amount received"] == "100.00 CNY"

    await till.refunds.settle_by_staff(approval.approval_id, state=RefundState.SUCCEEDED, by="Ann")
    done = Page(await receipts.page(order.order_id, Language.EN))
    assert done.rows["Net amount received"] == "70.00 CNY"
    assert "Refund under way, not counted yet" not in done.rows
    assert "Partly refunded" in done.text
    # Of what was credited, the same share has gone.
    assert done.rows["Taken back for refunds"].startswith("−4.35")


async def test_a_refund_that_failed_is_none(till: Till) -> None:
    order = await paid_at_the_bank(till)
    approval = await till.refund(order, "30")
    await till.refunds.send_due()
    await till.refunds.settle_by_staff(approval.approval_id, state=RefundState.FAILED, by="Ann")
    page = Page(await receipts_of(till).page(order.order_id, Language.EN))
    assert "Net amount received" not in page.rows
    assert "30.00" not in page.text


@pytest.mark.parametrize("name", NAMES)
@each_language
async def test_what_people_typed_stays_text(till: Till, name: str, language: Language) -> None:
    order = await paid_at_the_bank(till, account=await till.account(name))
    html = await receipts_of(till, operator_name=name).page(order.order_id, language)
    page = Page(html)
    assert page.rows[word("account", language)] == " ".join(name.split())
    assert page.rows[word("issued_by", language)] == " ".join(name.split())
    assert not {"script", "img", "b", "iframe", "object"} & set(page.tags)
    assert not [(tag, attribute) for tag, attribute, _ in page.attributes if attribute.startswith("on")]
    assert page.tags.count("style") == 1


@each_language
def test_a_receipt_loads_and_runs_nothing(language: Language) -> None:
    html = render(receipt_of(an_order(), a_refund(parse_nanos("20"))), language)
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "form", "a", "video", "object"} & set(page.tags)
    assert not {"src", "href", "action", "style"} & {attribute for _, attribute, _ in page.attributes}
    assert not re.search(r"url\(|@import|https?:|//[a-z]", html)
    policy = [value for tag, attribute, value in page.attributes if (tag, attribute) == ("meta", "content")]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234567.5", "USD", "1,234,567.50 USD"), ("1000", "JPY", "1,000 JPY"), ("0.5", "KWD", "0.500 KWD"),
        ("0.01", "CNY", "0.01 CNY"), ("0.000000001", "USD", "0.000000001 USD"), ("900000000", "CNY", "900,000,000.00 CNY"),
    ],
)  # fmt: skip
def test_amounts_have_the_decimals_of_their_currency(amount: str, currency: str, shown: str) -> None:
    assert show_money(parse_nanos(amount), currency) == shown


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Shanghai", "2026-11-01 08:00:00 UTC+08:00"), ("America/St_Johns", "2026-10-31 21:30:00 UTC-02:30"),
        ("UTC", "2026-11-01 00:00:00 UTC+00:00"),
    ],
)  # fmt: skip
def test_times_are_in_the_accounts_zone(zone: str, shown: str) -> None:
    page = Page(render(receipt_of(an_order(), time_zone=zone), Language.EN))
    assert page.rows["Payment confirmed"] == page.rows["Issued"] == shown


def test_a_rate_is_told_where_something_was_converted() -> None:
    plain = Page(render(receipt_of(an_order()), Language.EN))
    assert not {"Exchange rate", "Recharge ratio", "Bonus", "Credited in all"} & set(plain.rows)
    # A wallet's own currency may have a ratio of its own.
    order = an_order()
    generous = replace(order.terms, ratio=1_100_000_000, credited=parse_nanos("550"))
    page = Page(render(receipt_of(replace(order, terms=generous)), Language.EN))
    assert page.rows["Recharge ratio"] == "× 1.1"
    assert page.rows["Credited"] == "550.00 CNY"


_STATES = [state for state in RefundState if state is not RefundState.WAITING]
_refunds = st.lists(
    st.builds(
        lambda cents, state, seconds: a_refund(cents * 10_000_000, state, at=AT + seconds * 1_000_000),
        st.integers(1, 500), st.sampled_from(_STATES), st.integers(0, 86_000),
    ),
    max_size=3 * REFUNDS_SHOWN_MAX,
)  # fmt: skip


@given(_refunds)
def test_what_is_listed_adds_up_to_what_was_paid(refunds: list[OrderRefund]) -> None:
    receipt = receipt_of(an_order(), *refunds)
    done = sum(one.amount for one in refunds if one.state is RefundState.SUCCEEDED)
    html = render(receipt, Language.EN)
    if not receipt.done and not receipt.under_way:
        assert "Net amount received" not in Page(html).rows
        return
    listed, _, rest = html.partition("<h2>Refunds</h2>")[2].partition(f'scope="row">{word("net", Language.EN)}')
    amounts = [parse_nanos(amount.replace(",", "")) for amount in re.findall(r"−([\d,.]+) CNY", listed)]
    if len(receipt.done) > 1:
        assert amounts.pop() == done
    assert sum(amounts) == done
    assert len(amounts) <= REFUNDS_SHOWN_MAX
    assert show_money(receipt.order.amount - done, "CNY") in rest


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no browser to print with")
@each_language
def test_the_longest_receipt_is_printed_on_one_page(tmp_path: Path, language: Language) -> None:
    order = an_order(taken_back=parse_nanos("1.123456789"))
    terms = replace(
        order.terms,
        wallet_currency="USD",
        rate=138_123_450,
        ratio=1_050_000_000,
        bonus=parse_nanos("7.25"),
        bonus_days=30,
    )
    long = receipt_of(
        replace(order, terms=terms, state=OrderState.PARTLY_REFUNDED),
        *(a_refund(parse_nanos("20")) for _ in range(20)), a_refund(parse_nanos("5"), RefundState.SENT),
        account_name="很长的账户名称" * 28, operator_name="上海某某人工智能技术服务有限公司" * 6,
    )  # fmt: skip
    page, printed = tmp_path / "receipt.html", tmp_path / "receipt.pdf"
    page.write_text(render(long, language), encoding="utf-8")
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={printed}",
            page.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed.read_bytes())) == 1
