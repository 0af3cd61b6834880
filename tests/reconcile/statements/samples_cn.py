"""Sample files of WeChat Pay, Alipay, epay, banks and channels by a mapping: the files of `tests/data/bills`.

The two bills of persons there come from elsewhere, shortened by hand: their totals no longer hold, so whole ones of the same
layout stand beside them, and the others have tests of their own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from counterfoil.reconcile.statements.encodings import decode
from counterfoil.reconcile.statements.importer import Reading
from reconcile.statements.samples import Sample

BILLS = Path(__file__).parents[2] / "data" / "bills"
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le")
CMB = Reading(
    currency="CNY",
    columns={
        "date": "交易日",
        "clock": "交易时间",
        "income": "收入",
        "expense": "支出",
        "balance": "余额",
        "payer": "对方户名",
        "description": "摘要",
        "remark": "交易类型",
    },
)
EU = Reading(
    time_zone="Europe/Berlin",
    columns={
        "time": "Buchungstag",
        "amount": "Betrag",
        "currency": "Währung",
        "payer": "Auftraggeber",
        "description": "Verwendungszweck",
        "reference": "Referenz",
    },
)
USAGE = Reading(
    currency="USD",
    columns={
        "upstream_id": "call",
        "time": "at",
        "model": "model",
        "key_name": "key",
        "input_tokens": "in",
        "output_tokens": "out",
        "amount": "cost",
    },
)
PAYMENTS = Reading(
    columns={
        "time": "When",
        "kind": "Type",
        "status": "State",
        "amount": "Amount",
        "fee": "Fee",
        "currency": "Currency",
        "trade_number": "Trade",
        "order_number": "Order",
        "refund_number": "Refund",
    }
)


def sample(file: str, **known: Any) -> Sample:
    """A file as it is kept, in its own encoding, with what is known of it."""
    content = (BILLS / file).read_bytes()
    known.setdefault("other_encodings", ENCODINGS)
    known.setdefault("empty", None)
    return Sample(name=file, text=decode(content).replace("\r\n", "\n"), **known)


def wechat(file: str, *, lines: int, broken: tuple[str, str], first: str = "总交易单数") -> Sample:
    found = sample(file, importer="wechat_trade", lines=lines, broken=broken, header="微信订单号", footer=first)
    names, *_, footer, figures = found.text.rstrip("\n").split("\n")
    nothing = re.sub(r"`-?[\d.]+", "`0", figures)
    return with_empty(found, f"{names}\n{footer}\n{nothing}\n")


def with_empty(found: Sample, empty: str) -> Sample:
    return Sample(**{name: getattr(found, name) for name in Sample.__dataclass_fields__} | {"empty": empty})


def without_lines(found: Sample, **replaced: str) -> Sample:
    """The same file with nothing between its header and its end, and totals that say so."""
    rows = found.text.split("\n")
    assert found.header is not None
    at = next(n for n, row in enumerate(rows) if found.header in row)
    after = next((n for n, row in enumerate(rows) if found.footer and row.startswith(found.footer)), len(rows) - 1)
    text = "\n".join([*rows[: at + 1], *rows[after:]])
    return with_empty(found, re.sub(r"(共)\d+(笔记录)|(?<=[：])\d+(?=笔)|(?<=[共 ])-?[\d.]+(?=元)", _zero, text))


def _zero(found: re.Match[str]) -> str:
    return f"{found[1]}0{found[2]}" if found[1] else "0"


ALIPAY_END = "#-----------------------------------------"
SAMPLES: tuple[Sample, ...] = (
    wechat("wechat-trade-all.csv", lines=4, broken=("`100.00,`0.00,`0,`0", "`1OO.00,`0.00,`0,`0")),
    wechat("wechat-trade-success.csv", lines=2, broken=("2026-11-03 09:12:45", "2026-13-03 09:12:45")),
    wechat("wechat-trade-refund.csv", lines=2, broken=("PROCESSING", "UNHEARD_OF")),
    wechat("wechat-trade-old.csv", lines=3, broken=("2014-11-10 16：33：45", "2014-11-10 46：33：45")),
    with_empty(
        sample(
            "wechat-fund.csv",
            importer="wechat_fund",
            lines=5,
            broken=("`支出,`1,000.00", "`不明,`1,000.00"),
            header="资金流水单号",
            footer="资金流水总笔数",
        ),
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\n"
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n`0.0,`0.0,`0.00,`0.0,`0.00\n",
    ),
    without_lines(
        sample(
            "alipay-trade-fees.csv",
            importer="alipay_trade",
            encoding="gb18030",
            lines=4,
            broken=("1200.50", "12OO.50"),
            header="支付宝交易号",
            footer=ALIPAY_END + "业务明细列表结束",
        )
    ),
    without_lines(
        sample(
            "alipay-merchant-trade.csv",
            importer="alipay_trade",
            encoding="gb18030",
            lines=4,
            broken=("2019-09-16 11:07:09", "2019-09-16 11:77:09"),
            header="支付宝交易号",
            footer=ALIPAY_END + "业务明细列表结束",
        )
    ),
    without_lines(
        sample(
            "alipay-account.csv",
            importer="alipay_account",
            encoding="gb18030",
            lines=4,
            broken=("100.00,0.00,1100.00", "100.00,3.00,1100.00"),
            header="账务流水号",
            footer=ALIPAY_END + "账务明细列表结束",
        )
    ),
    without_lines(
        sample(
            "alipay-account-new.csv",
            importer="alipay_account",
            encoding="gb18030",
            lines=2,
            broken=("2026-11-03 12:00:00", "gestern"),
            header="账务流水号",
            footer=ALIPAY_END + "账务明细列表结束",
        )
    ),
    without_lines(
        sample(
            "alipay-personal-whole.csv",
            importer="alipay_personal",
            encoding="gb18030",
            lines=4,
            broken=("等待确认收货", "没有听说过的"),
            header="交易订单号",
        )
    ),
    without_lines(
        sample(
            "wechat-personal-whole.csv",
            importer="wechat_personal",
            lines=4,
            broken=("¥100.10", "¥100.1.0"),
            header="交易单号",
        )
    ),
    sample(
        "epay-orders.csv",
        importer="epay",
        encoding="gb18030",
        lines=6,
        broken=("未支付", "不知道"),
        header="系统订单号",
        empty="系统订单号,商户订单号,接口订单号,商户号,订单金额,支付状态\n",
    ),
    sample(
        "epay-orders.json",
        importer="epay",
        lines=2,
        broken=('"100.00"', '"1OO.00"'),
        empty='{"code": 1, "msg": "", "data": []}',
    ),
    sample(
        "bank-cmb.csv",
        importer="bank",
        encoding="gb18030",
        reading=CMB,
        lines=4,
        broken=('"5,432.10"', '"5,4321.0"'),
        header="对方户名",
        empty="交易日,交易时间,收入,支出,余额,交易类型,对方户名,摘要\n",
        is_identified=False,
    ),
    sample(
        "bank-eu.csv",
        importer="bank",
        encoding="cp1252",
        other_encodings=("utf-8", "utf-8-sig", "utf-16", "cp1252"),
        reading=EU,
        lines=3,
        broken=("EUR;ACME", "EURO;ACME"),
        header="Betrag",
        empty="Buchungstag;Betrag;Währung;Auftraggeber;Verwendungszweck;Referenz\n",
        is_identified=False,
    ),
    sample(
        "generic-usage.csv",
        importer="generic",
        reading=USAGE,
        lines=3,
        broken=("1.5e-05", "little"),
        header="cost",
        empty="call,at,model,key,in,out,cost\n",
        is_identified=False,
    ),
    sample(
        "generic-payments.csv",
        importer="generic",
        reading=PAYMENTS,
        lines=4,
        broken=(",pending,", ",perhaps,"),
        header="Trade",
        empty="When,Type,State,Amount,Fee,Currency,Trade,Order,Refund\n",
        is_identified=False,
    ),
)
