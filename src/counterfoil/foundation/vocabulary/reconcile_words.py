"""Words of reconciliation: where a break, a run or a file is, what was done about it, and why a day has no conclusion."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK = Text(
    zh="运行 counterfoil reconcile show 加差异编号，看它的每一步。",
    en="Run counterfoil reconcile show with the break's id for each of its steps.",
)
_LOOK_AT_DAY = Text(
    zh="运行 counterfoil reconcile day 加日期，看每一本账到了哪一步、为什么。",
    en="Run counterfoil reconcile day with the date to see where each book is, and why.",
)
_LOOK_AT_STATEMENT = Text(
    zh="运行 counterfoil reconcile statements 加对账单编号，看不能识别的行和合计。",
    en="Run counterfoil reconcile statements with the statement's id for its rejected lines and totals.",
)
_NOTHING = Text(zh="不需要操作。", en="There is nothing to do.")
_HISTORY = Text(
    zh="历史不会改动；撤销是另外的一步，也会记下。",
    en="History stands; taking something back is a step of its own, and recorded too.",
)
_REOPEN = Text(
    zh="需要时用 counterfoil reconcile reopen 重新打开。",
    en="Open it again with counterfoil reconcile reopen where that is needed.",
)


def _word(
    kind: Kind,
    code: str,
    zh: str,
    en: str,
    said_zh: str,
    said_en: str,
    *,
    change: Text = _NOTHING,
    look: Text = _LOOK,
    back: Text = _HISTORY,
    owner: Owner = Owner.FINANCE,
) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=owner,
        public=False,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=said_zh, en=said_en),
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=back),
    )


_ACT = Text(
    zh="负责的人按差异的说明处理。",
    en="Its owner does what the break's explanation says.",
)
_STATES = (
    _word(
        Kind.BREAK_STATE,
        "open",
        "待处理",
        "Open",
        "两边对不上，等负责的人处理。",
        "The sides do not match, and its owner is to act.",
        change=_ACT,
        back=_REOPEN,
    ),
    _word(
        Kind.BREAK_STATE,
        "expected",
        "预计会到",
        "Expected",
        "有人说明对应的行会在某个日期之前到；过了日期会重新变成待处理。",
        "Somebody expects the other row by a date; after that it is open again.",
        change=_ACT,
        back=_REOPEN,
    ),
    _word(
        Kind.BREAK_STATE,
        "settled",
        "已处理",
        "Settled",
        "有人关联了对应的行，或经审批动了钱。",
        "Somebody has linked its rows, or money has moved by approval.",
        back=_REOPEN,
    ),
    _word(
        Kind.BREAK_STATE,
        "ignored",
        "已忽略",
        "Ignored",
        "有人写明原因，不再处理。",
        "Somebody has said why nothing is to be done.",
        back=_REOPEN,
    ),
    _word(
        Kind.BREAK_STATE,
        "closed_by_itself",
        "自动关闭",
        "Closed by itself",
        "后来的对账里它不再存在：对应的行到了，或变成了别的差异。",
        "A later run no longer found it: the other row has come, or it has become another break.",
    ),
)

_EVENTS = (
    _word(Kind.BREAK_EVENT, "found", "发现", "Found", "一次对账第一次发现它。", "A run has found it for the first time."),
    _word(
        Kind.BREAK_EVENT, "found_again", "又出现了", "Found again",
        "关闭或处理过，后来的对账又发现它，或它的金额变了。",
        "It had been closed or settled, and a run has found it again, or with another amount.", change=_ACT,
    ),
    _word(
        Kind.BREAK_EVENT, "became", "变成了别的差异", "Became another",
        "同样的行现在是另一类差异，从最初那天起继续计算天数。",
        "The same rows are a break of another class now, which keeps their age.",
    ),
    _word(
        Kind.BREAK_EVENT, "no_longer_expected", "过了预计的日期", "No longer expected",
        "预计的日期过了，对应的行没有到。", "The date has passed, and the other row has not come.", change=_ACT,
    ),
    _word(
        Kind.BREAK_EVENT, "late_line_came", "对应的行到了", "The late line came",
        "对应的行在后来的对账单里，已经对上。", "The other row came with a later statement, and they match.",
    ),
    _word(
        Kind.BREAK_EVENT, "found_no_more", "不再存在", "Found no more",
        "再次核对时它不再成立。", "It was looked at again and no longer holds.",
    ),
    _word(
        Kind.BREAK_EVENT, "remarked", "备注", "Remarked", "有人写下了备注。", "Somebody has written a remark.",
    ),
    _word(
        Kind.BREAK_EVENT, "proposed", "提出了处理办法", "Proposed",
        "有人提出了一个动钱的处理办法，等审批。", "Somebody has proposed what would move money; it waits for approval.",
    ),
    _word(Kind.BREAK_EVENT, "assigned", "换了负责人", "Assigned", "有人接手，或不再由谁负责。", "Somebody has taken it on, or nobody any more."),
    _word(Kind.BREAK_EVENT, "linked", "已关联", "Linked", "有人把两边的行关联起来。", "Somebody has linked the rows of both sides."),
    _word(Kind.BREAK_EVENT, "ignored", "忽略", "Ignored", "有人决定不处理，并写明原因。", "Somebody has decided that nothing is to be done, and why."),
    _word(Kind.BREAK_EVENT, "expected", "标为预计会到", "Marked as expected", "有人说明对应的行会在某个日期之前到。", "Somebody expects the other row by a date."),
    _word(Kind.BREAK_EVENT, "written_off", "已核销", "Written off", "差额经审批由运营方承担。", "The difference is the operator's, by approval."),
    _word(Kind.BREAK_EVENT, "credited", "已入账", "Credited", "经审批给账户入账。", "An account was credited, by approval."),
    _word(Kind.BREAK_EVENT, "refunded", "已退款", "Refunded", "经审批退回了款项或扣费。", "A payment or a charge was refunded, by approval."),
    _word(Kind.BREAK_EVENT, "adjusted", "已调整", "Adjusted", "经审批调整了账户的余额。", "An account's balance was adjusted, by approval."),
    _word(Kind.BREAK_EVENT, "reopened", "重新打开", "Reopened", "有人认为还需要处理。", "Somebody finds that there is more to do.", change=_ACT),
    _word(Kind.BREAK_EVENT, "undone", "已撤销", "Undone", "先前的处理被撤销，另记了一笔。", "What was done before has been taken back by an entry of its own.", change=_ACT),
)  # fmt: skip

_BY_APPROVAL = Text(
    zh="提出之后由另一个人批准；在上限以内，也可以一个人写明理由后直接执行。",
    en="It is proposed and another person approves it; up to a cap, one person does it alone and says why.",
)
_ACTIONS = (
    _word(Kind.BREAK_ACTION, "link", "关联", "Link", "把两边的行当作同一笔；不动钱。", "Take rows of both sides as one; no money moves."),
    _word(Kind.BREAK_ACTION, "ignore", "忽略", "Ignore", "写明原因，不再处理；不动钱。", "Say why nothing is to be done; no money moves."),
    _word(Kind.BREAK_ACTION, "expect", "标为预计会到", "Expect", "对应的行会在某个日期之前到；不动钱。", "The other row is to come by a date; no money moves."),
    _word(Kind.BREAK_ACTION, "write_off", "核销", "Write off", "差额由运营方承担，或归运营方所有。", "The operator bears the difference, or keeps it.", change=_BY_APPROVAL),
    _word(Kind.BREAK_ACTION, "credit", "入账", "Credit", "给一个账户入账；有订单的，订单随之变为已付。", "Credit an account; where there is an order, it is paid with that.", change=_BY_APPROVAL),
    _word(Kind.BREAK_ACTION, "refund", "退款", "Refund", "把订单的款项或一次扣费退回。", "An order's payment or a charge goes back.", change=_BY_APPROVAL),
    _word(Kind.BREAK_ACTION, "adjust", "调整", "Adjust", "另记一笔，更正账户的余额。", "An entry of its own corrects an account's balance.", change=_BY_APPROVAL),
    _word(Kind.BREAK_ACTION, "reopen", "重新打开", "Reopen", "撤回不动钱的处理，重新变成待处理。", "Take back what moved no money; it is open again."),
    _word(Kind.BREAK_ACTION, "undo", "撤销", "Undo", "把动过钱的处理反向再记一笔，差异重新变成待处理。", "Post the opposite of what moved money; the break is open again.", change=_BY_APPROVAL),
)  # fmt: skip

_RUN_AGAIN = Text(
    zh="办好之后再运行一次这一天：counterfoil reconcile run --day 加日期。",
    en="When that is done, run the day again: counterfoil reconcile run --day with the date.",
)
_RUNS = (
    _word(
        Kind.RUN_STATE, "running", "正在进行", "Running",
        "对账正在进行；什么都还没有写下。", "It is going on; nothing has been written yet.", look=_LOOK_AT_DAY, owner=Owner.OPERATIONS,
    ),
    _word(
        Kind.RUN_STATE, "closed", "有结论", "Conclusive",
        "应有的对账单都在，每一行都对上了，或是一个有人负责的差异。",
        "All that was expected is there, and each row has matched or is a break with an owner.", look=_LOOK_AT_DAY, owner=Owner.OPERATIONS,
    ),
    _word(
        Kind.RUN_STATE, "inconclusive", "没有结论", "Inconclusive",
        "缺少对账单，或对账单不完整；这一天不能算对平。",
        "A statement is missing or not whole, so the day cannot be said to agree.", look=_LOOK_AT_DAY, change=_RUN_AGAIN, owner=Owner.OPERATIONS,
    ),
    _word(
        Kind.RUN_STATE, "failed", "没有完成", "Not finished",
        "对账中途停止；什么也没有写下。", "It stopped on the way; nothing of it was written.", look=_LOOK_AT_DAY, change=_RUN_AGAIN, owner=Owner.OPERATIONS,
    ),
)  # fmt: skip

_GET_STATEMENT = Text(
    zh="重新下载完整的对账单并导入；确认没有影响时，用 counterfoil reconcile set-aside 写明原因。",
    en="Download the whole statement again and import it; where it makes no difference, say so with counterfoil reconcile set-aside.",
)


def _reason(code: str, zh: str, en: str, said_zh: str, said_en: str, change: Text, look: Text = _LOOK_AT_DAY) -> Entry:
    return _word(
        Kind.RUN_REASON, code, zh, en, said_zh, said_en, change=change, look=look, back=_RUN_AGAIN,
        owner=Owner.OPERATIONS,
    )  # fmt: skip


_REASONS = (
    _reason(
        "source_missing", "缺少对账单", "Statement missing",
        "这个来源没有覆盖这一天的对账单。", "This source has no statement of the day.", _GET_STATEMENT,
    ),
    _reason(
        "source_incomplete", "对账单没有覆盖全天", "Day covered in part",
        "这个来源的对账单只覆盖了这一天的一部分。", "This source's statements cover only a part of the day.", _GET_STATEMENT,
    ),
    _reason(
        "statement_truncated", "对账单被截断", "Statement cut off",
        "文件应有的结尾不在，后面可能还有行。", "The end that such a file always has is not there, so lines may be missing.",
        _GET_STATEMENT, _LOOK_AT_STATEMENT,
    ),
    _reason(
        "statement_rejects", "有不能识别的行", "Lines not readable",
        "对账单里有不能识别的行，它们没有参加对账。", "The statement has lines that could not be read and took no part.",
        _GET_STATEMENT, _LOOK_AT_STATEMENT,
    ),
    _reason(
        "statement_totals", "合计对不上", "Totals differ",
        "对账单写明的合计与它的各行不符。", "The totals that the statement states are not what its lines come to.",
        _GET_STATEMENT, _LOOK_AT_STATEMENT,
    ),
    _reason(
        "day_not_over", "这一天还没有结束", "Day not over",
        "这一天还没有结束，还会有新的行。", "The day is not over, and more is to come.",
        Text(zh="等这一天结束后再运行。", en="Run it when the day is over."),
    ),
    _reason(
        "archive_missing", "这一天还没有归档", "Day not archived",
        "请求和扣费要归档之后才能对账。", "Requests and charges are held against each other once they are archived.",
        Text(zh="先运行 counterfoil archive。", en="Run counterfoil archive first."),
    ),
    _reason(
        "run_killed", "进程中途停止", "Process gone",
        "做这次对账的进程没有做完就停了；什么也没有写下。", "The process that was at it has gone before its end; nothing was written.",
        _RUN_AGAIN,
    ),
    _reason(
        "run_failed", "对账出错", "An error on the way",
        "对账中途出错；什么也没有写下。", "Something went wrong on the way; nothing was written.",
        Text(zh="运营看日志里的原因，排除后再运行。", en="Operations looks at the log, mends it and runs it again."),
    ),
    _reason(
        "book_not_run", "还没有对账", "Not held yet",
        "这一天的这本账还没有对过。", "Nobody has held this book of the day.", _RUN_AGAIN,
    ),
    _reason(
        "book_running", "正在对账", "Being held now",
        "这一天的这本账正在对。", "This book of the day is being held.",
        Text(zh="等它结束。", en="Wait until it has ended."),
    ),
    _reason(
        "statement_since", "对账之后又有对账单", "Statements came since",
        "这本账对过之后，又导入或搁置了这一天的对账单。", "A statement of the day was imported or set aside after this book was held.",
        _RUN_AGAIN,
    ),
)  # fmt: skip

_LOOK_AT_LINE = Text(
    zh="在原文件里按行号和列名找到这一处。",
    en="Find the place in the file by its line and column.",
)


def _reject(code: str, zh: str, en: str, said_zh: str, said_en: str) -> Entry:
    return _word(
        Kind.REJECT_REASON, code, zh, en, said_zh, said_en, change=_GET_STATEMENT, look=_LOOK_AT_LINE, back=_RUN_AGAIN,
        owner=Owner.OPERATIONS,
    )  # fmt: skip


_REJECTS = (
    _reject("amount_unreadable", "金额无法识别", "Amount not readable", "这一列不是一个准确的金额。", "The cell is no exact amount."),
    _reject("time_unreadable", "时间无法识别", "Time not readable", "这一列不是一个时间。", "The cell is no time."),
    _reject("currency_unknown", "币种不明", "Currency not known", "这一行没有写明币种，来源里也没有设置。", "Neither the line nor its source says which currency it is in."),
    _reject("cell_missing", "缺少内容", "Cell empty", "必须有内容的一列是空的。", "A cell that must say something is empty."),
    _reject("cell_unknown", "内容不认识", "Cell not known", "这一列的内容不在已知的几种之中。", "The cell says something that is none of what is known."),
    _reject("too_few_cells", "列数不足", "Too few cells", "这一行的列比表头少。", "The line has fewer cells than the header."),
    _reject("too_many_cells", "列数过多", "Too many cells", "这一行的列比表头多，分不清哪一列是哪一列。", "The line has more cells than the header, and which is which cannot be told."),
    _reject("encoding_broken", "编码损坏", "Encoding broken", "这一行的文字按任何编码都读不出来。", "The line cannot be read in any encoding."),
    _reject("duplicate_in_file", "文件里重复", "Twice in the file", "同一行在文件里出现了两次。", "The same line stands in the file twice."),
)  # fmt: skip

_SOURCES = (
    _word(Kind.STATEMENT_SOURCE, "provider", "支付渠道", "Payment channel", "收款的支付渠道，与订单对账。", "A payment channel, held against orders."),
    _word(Kind.STATEMENT_SOURCE, "upstream", "上游", "Upstream", "提供模型的上游，与请求的用量和成本对账。", "An upstream that serves models, held against usage and cost."),
    _word(Kind.STATEMENT_SOURCE, "bank", "银行账户", "Bank account", "银行账户，与转账订单和渠道的结算对账。", "A bank account, held against orders by transfer and channels' payouts."),
)  # fmt: skip

_BOOKS = (
    _word(Kind.BOOK, "payments", "收款", "Payments", "订单、付款、入账和结算互相对照。", "Orders, payments, credits and payouts against each other."),
    _word(Kind.BOOK, "charges", "扣费", "Charges", "请求、任务和扣费互相对照，扣费按价格重新计算。", "Requests, tasks and charges against each other, each charge computed anew."),
    _word(Kind.BOOK, "upstream", "上游账单", "Upstream bills", "用量和成本与上游的账单对照。", "Usage and cost against what upstreams bill."),
    _word(Kind.BOOK, "codes", "兑换码", "Codes", "兑换码与入账对照。", "Redemption codes against credits."),
)  # fmt: skip

ENTRIES = _STATES + _EVENTS + _ACTIONS + _RUNS + _REASONS + _REJECTS + _SOURCES + _BOOKS
