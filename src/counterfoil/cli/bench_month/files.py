"""Files as payment channels and banks make them: one writer for each, from what has happened to the bytes of a day."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from counterfoil.cli.bench_month.model import CHINA_LEAD, DAY, UNIT, Month, Told
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import to_datetime

STRIPE, WECHAT, ALIPAY, EPAY, PAYPAL, BANK = "stripe", "wechat", "alipay", "epay", "paypal", "bank"
CHINESE = frozenset({WECHAT, ALIPAY, EPAY})
_CHINA = ZoneInfo("Asia/Shanghai")
_BUSINESS = "余额充值"


class File(NamedTuple):
    """A file of a source; `known_from` is the end of the day from whose closing on it is here."""

    source: str
    name: str
    content: bytes
    known_from: int


def day_of_file(source: str, at: int) -> tuple[int, int]:
    """The day, of the source's own, that a line stands in: its beginning and the closing that has its file."""
    lead = CHINA_LEAD if source in CHINESE else 0
    shifted = at - lead
    begins = shifted - shifted % DAY + lead
    # The closing of a day of ours waits for the file that its end lies in.
    return begins, begins + DAY - lead


def write_files(month: Month) -> list[File]:
    """Every file of every channel and bank, oldest first; one in five comes a second time, put together with the next."""
    days: dict[tuple[str, int], list[Told]] = {}
    for told in month.told:
        days.setdefault((told.source, day_of_file(told.source, told.told_at)[0]), []).append(told)
    found: list[File] = []
    for number, ((source, begins), lines) in enumerate(sorted(days.items(), key=lambda each: (each[0][1], each[0][0]))):
        ordered = sorted(lines, key=lambda told: (told.at, told.trade, told.refund))
        known_from = day_of_file(source, begins)[1]
        if (source, begins) in month.withheld:
            known_from += DAY
        found += _files(source, begins, ordered, known_from=known_from, again=False)
        if number % 5 == 0:
            found += _files(source, begins, ordered[::-1], known_from=known_from + DAY, again=True)
    return found


def write_statement(source: str, begins: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    """One file: how its name ends, and its content."""
    return _WRITERS[source](begins, lines)


def _files(source: str, begins: int, lines: Sequence[Told], *, known_from: int, again: bool) -> Iterable[File]:
    day = _at(begins, _zone(source)).date().isoformat()
    name = f"{source}-{day}{'-again' if again else ''}"
    suffix, content = write_statement(source, begins, lines)
    yield File(source, name + suffix, content, known_from)


def _zone(source: str) -> ZoneInfo | None:
    return _CHINA if source in CHINESE else None


def _at(at: int, zone: ZoneInfo | None = None) -> datetime:
    return to_datetime(at).astimezone(zone or UTC)


def _time(at: int, zone: ZoneInfo | None = None) -> str:
    return _at(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def _cents(nanos: int, digits: int = 2) -> str:
    """With as many decimals as the channel writes; amounts have no more than these."""
    sign, whole = ("-" if nanos < 0 else ""), abs(nanos)
    scale = UNIT // 10**digits
    assert whole % scale == 0, format_nanos(nanos)
    return f"{sign}{whole // UNIT}.{whole % UNIT // scale:0{digits}d}"


def _csv(rows: Iterable[Sequence[object]], **how: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", **how).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


# -- Stripe and PayPal -------------------------------------------------------------------------------------------------

_STRIPE = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,"
    "payment_intent_id,automatic_payout_id,customer_email,payment_metadata[order],refund_metadata[refund]"
)
_CATEGORIES = {"payment": "charge", "refund": "refund", "payout": "payout", "fee": "fee"}


def _stripe(_: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    rows: list[Sequence[object]] = [_STRIPE.split(",")]
    for told in lines:
        gross = told.direction * told.amount
        number = {"refund": told.refund, "payout": told.payout}.get(told.kind, "ch" + told.trade[2:])
        rows.append((
            f"txn_{number}", _time(told.at), _time(told.at + 2 * DAY), told.currency.lower(), _cents(gross),
            _cents(told.fee), _cents(gross - told.fee), _CATEGORIES[told.kind], number, "Recharge, Counterfoil",
            told.trade if told.kind in ("payment", "refund") else "", told.payout, "", told.order, told.our_refund,
        ))  # fmt: skip
    return ".csv", _csv(rows).encode()


_PAYPAL = (
    "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,To Email Address,Transaction ID,"
    "Item Title,Reference Txn ID,Invoice Number,Custom Number,Balance,Subject,Note,Balance Impact"
)
_PAYPAL_TYPES = {"payment": "Express Checkout Payment", "refund": "Payment Refund", "payout": "General Withdrawal"}


def _paypal(_: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    rows: list[Sequence[object]] = [_PAYPAL.split(",")]
    for told in lines:
        gross, at = told.direction * told.amount, _at(told.at)
        rows.append((
            at.strftime("%d/%m/%Y"), at.strftime("%H:%M:%S"), "GMT", "A Customer", _PAYPAL_TYPES[told.kind], "Completed",
            told.currency, f"{_cents(gross)}", _cents(-told.fee), _cents(gross - told.fee), "payer@example.com",
            "shop@example.com", told.refund or told.payout or told.trade, _BUSINESS,
            told.trade if told.kind == "refund" else "", told.order, "", "0.00", "Recharge", "",
            "Credit" if gross > 0 else "Debit",
        ))  # fmt: skip
    return ".csv", b"\xef\xbb\xbf" + _csv(rows, quoting=csv.QUOTE_ALL).encode()


# -- Chinese channels --------------------------------------------------------------------------------------------------

_WECHAT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
_WECHAT_FOOTER = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_REFUND_STATUSES = {"succeeded": "SUCCESS", "pending": "PROCESSING", "failed": "ABNORMAL"}


def _wechat(_: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    written = [_WECHAT]
    for told in lines:
        is_refund = told.kind == "refund"
        paid, back = ("0.00", _cents(told.amount)) if is_refund else (_cents(told.amount), "0.00")
        cells = (
            _time(told.at, _CHINA), "wx8888888888888888", "1900000109", "0", "", told.trade, told.order, "oUpF8uMuAJO_M2",
            "NATIVE", "REFUND" if is_refund else "SUCCESS", "OTHERS", told.currency, paid, "0.00",
            told.refund or "0", told.our_refund or "0", back, "0.00", "ORIGINAL" if is_refund else "",
            _REFUND_STATUSES[told.status] if is_refund else "", _BUSINESS, '{"of": "desk", "n": 1}',
            _cents(told.fee, 5), "0.60%", paid, back, "",
        )  # fmt: skip
        written.append(",".join("`" + cell for cell in cells))
    paid_sum = sum(told.amount for told in lines if told.kind == "payment")
    back_sum = sum(told.amount for told in lines if told.kind == "refund")
    figures = (
        str(len(lines)), _cents(paid_sum), _cents(back_sum), "0.00", _cents(sum(told.fee for told in lines), 5),
        _cents(paid_sum), _cents(back_sum),
    )  # fmt: skip
    written += [_WECHAT_FOOTER, ",".join("`" + figure for figure in figures)]
    return ".csv", b"\xef\xbb\xbf" + "\r\n".join([*written, ""]).encode()


_ALIPAY = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_RULE = "#-----------------------------------------"
_ALIPAY_SUMMARY = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）"


def _alipay(begins: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    """业务明细 beside its 汇总, both GB18030, in an archive whose members' names are GBK."""
    period = [f"{_at(at, _CHINA):%Y年%m月%d日 %H:%M:%S}" for at in (begins, begins + DAY)]
    written = [
        "#支付宝业务明细查询", "#账号：[20880000000000010156]", f"#起始日期：[{period[0]}]   终止日期：[{period[1]}]",
        f"{_RULE}业务明细列表----------------------------------------", _ALIPAY,
    ]  # fmt: skip
    for told in lines:
        amount, at = _cents(told.direction * told.amount), _time(told.at, _CHINA)
        cells = (
            told.trade, told.order, "退款" if told.kind == "refund" else "交易", _BUSINESS, at, at, "", "", "", "",
            "*某(138****0001)", amount, amount, "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00", "0.00",
            told.refund or told.our_refund, _cents(-told.fee), "0.00", "充值",
        )  # fmt: skip
        written.append(",".join(f"{cell}\t" if place < 2 else cell for place, cell in enumerate(cells)))
    paid = [told for told in lines if told.kind == "payment"]
    back = [told for told in lines if told.kind == "refund"]
    paid_sum, back_sum = (sum(told.direction * told.amount for told in side) for side in (paid, back))
    written += [
        f"{_RULE}业务明细列表结束------------------------------------",
        f"#交易合计：{len(paid)}笔，商家实收共{_cents(paid_sum)}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{_cents(back_sum)}元，商家优惠退款共0.00元",
        f"#导出时间：[{_at(begins + DAY + DAY // 24, _CHINA):%Y年%m月%d日 %H:%M:%S}]",
    ]
    summary = [_ALIPAY_SUMMARY, f"0,全部,{len(paid)},{len(back)},{_cents(paid_sum)},{_cents(paid_sum + back_sum)}"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for word, text in (("业务明细", written), ("业务明细(汇总)", summary)):
            archive.writestr(_GbkName(f"2088_{word}.csv".encode("gbk")), "\r\n".join([*text, ""]).encode("gb18030"))
    return ".zip", packed.getvalue()


class _GbkName(zipfile.ZipInfo):
    """A member whose name is bytes of an encoding that nothing names."""

    def __init__(self, name: bytes) -> None:
        super().__init__(name.decode("latin-1"))
        self._bytes = name

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own
        return self._bytes, self.flag_bits & ~0x800


_EPAY = (
    "系统订单号,商户订单号,接口订单号,商户号,网站域名,商品名称,订单金额,实际支付,商户分成,支付方式,支付通道ID,支付插件,支付账号,"
    "支付IP,创建时间,完成时间,支付状态,已退款金额,退款时间"
)


def _epay(_: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    """Orders; one that went back stands here again, and says so itself."""
    payments = {told.trade: (told, None) for told in lines if told.kind == "payment"}
    back = {told.trade: (told.of, told) for told in lines if told.kind == "refund" and told.of is not None}
    written = [_EPAY]
    for trade, (paid, refund) in sorted({**payments, **back}.items()):
        assert paid is not None
        has_moved = paid.status == "succeeded"
        at = _time(paid.at, _CHINA)
        status = "未支付" if not has_moved else "已支付" if refund is None else "已退款"
        cells = (
            f'="{trade}"', f'="{paid.order}"', '=""', "1001", "pay.example.com", _BUSINESS, _cents(paid.amount),
            _cents(paid.amount) if has_moved else "", _cents(paid.amount - paid.fee), "支付宝", "3", "alipay", "",
            "203.0.113.5", at, at if has_moved else "", status, "0.00" if refund is None else _cents(refund.amount),
            "" if refund is None else _time(refund.at, _CHINA),
        )  # fmt: skip
        written.append(",".join(cells))
    return ".csv", "\r\n".join([*written, ""]).encode("gb18030")


# -- a bank ------------------------------------------------------------------------------------------------------------

BANK_COLUMNS: Mapping[str, str] = {
    "date": "Date",
    "clock": "Time",
    "amount": "Amount",
    "reference": "Reference",
    "payer": "Counterparty",
    "description": "Details",
}


_SAID = {
    "payout": ("STRIPE PAYMENTS", "STRIPE PAYOUT"),
    "transfer": ("Landlord", "Rent"),
    "payment": ("A customer", "Recharge"),
}


def _bank(_: int, lines: Sequence[Told]) -> tuple[str, bytes]:
    rows: list[Sequence[object]] = [tuple(BANK_COLUMNS.values())]
    for told in lines:
        who = _SAID[told.kind]
        at = _at(told.at)
        rows.append((f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}", _cents(told.direction * told.amount), told.trade, *who))
    return ".csv", _csv(rows, delimiter=";").encode()


_WRITERS: Mapping[str, Callable[[int, Sequence[Told]], tuple[str, bytes]]] = {
    STRIPE: _stripe, PAYPAL: _paypal, WECHAT: _wechat, ALIPAY: _alipay, EPAY: _epay, BANK: _bank,
}  # fmt: skip
