"""Errors of reconciliation: sources, statements, runs, breaks and what is done about them. None moves money."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_PARAMETERS, LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Entry, Owner, Text

_LOOK_AT_SOURCES = Text(
    zh="运行 counterfoil reconcile sources list，查看有哪些来源、由哪些导入器读取。",
    en="Run counterfoil reconcile sources list to see which sources there are and what reads their files.",
)
_LOOK_AT_BREAK = Text(
    zh="运行 counterfoil reconcile show 加差异编号，查看它的状态和历史。",
    en="Run counterfoil reconcile show with the break's id for its state and history.",
)
_LOOK_AT_DAY = Text(
    zh="运行 counterfoil reconcile day 加日期，查看每一本账的状态和原因。",
    en="Run counterfoil reconcile day with the date for the state of each book, and why.",
)


def _error(
    code: str,
    *,
    zh: str,
    en: str,
    said: Text,
    change: Text,
    look: Text = LOOK_AT_PARAMETERS,
    owner: Owner = Owner.FINANCE,
    stands: bool = False,
) -> Entry:
    more = {"back": RECORD_STANDS} if stands else {}
    return error(
        code, owner=owner, public=False, label=Text(zh=zh, en=en), explanation=said, look=look, change=change, **more
    )


_SOURCES = (
    _error(
        "source_not_found",
        zh="没有这个来源",
        en="Source not found",
        look=_LOOK_AT_SOURCES,
        owner=Owner.OPERATIONS,
        said=Text(zh="没有这个名称的对账单来源。", en="There is no source of statements of this name."),
        change=Text(
            zh="请使用已有的名称，或先用 counterfoil reconcile sources add 添加。",
            en="Use one of those that exist, or add it with counterfoil reconcile sources add.",
        ),
    ),
    _error(
        "source_exists",
        zh="来源已经存在",
        en="Source exists",
        look=_LOOK_AT_SOURCES,
        owner=Owner.OPERATIONS,
        said=Text(zh="已经有这个名称的来源；它没有改动。", en="There is a source of this name, which stays as it is."),
        change=Text(
            zh="要改它的设置，请用 counterfoil reconcile sources change。",
            en="To change its settings, use counterfoil reconcile sources change.",
        ),
        stands=True,
    ),
)

_STATEMENTS = (
    _error(
        "statement_not_found",
        zh="没有这份对账单",
        en="Statement not found",
        owner=Owner.OPERATIONS,
        said=Text(zh="没有这个编号的对账单。", en="There is no statement of this id."),
        look=Text(
            zh="运行 counterfoil reconcile statements，查看导入过的对账单。",
            en="Run counterfoil reconcile statements to see which were imported.",
        ),
        change=Text(zh="请完整复制编号，以 stmt_ 开头。", en="Copy the whole id, which begins with stmt_."),
    ),
    _error(
        "statement_source_unknown",
        zh="不知道这份对账单是谁的",
        en="Whose statement it is, is not known",
        owner=Owner.OPERATIONS,
        look=_LOOK_AT_SOURCES,
        said=Text(
            zh="文件认出来了，但没有一个来源由这种导入器读取；什么也没有导入。",
            en="The file was recognised, but no source has files of this kind; nothing was imported.",
        ),
        change=Text(
            zh="请先添加来源并写明导入器，或用 --source 指明是哪一个。",
            en="Add the source with this importer first, or name one with --source.",
        ),
    ),
    _error(
        "statement_source_ambiguous",
        zh="这份对账单可能属于几个来源",
        en="Several sources would fit",
        owner=Owner.OPERATIONS,
        look=_LOOK_AT_SOURCES,
        said=Text(
            zh="不止一个来源有这种对账单，分不清是哪一个的；什么也没有导入。",
            en="More than one source has statements of this kind, and which one it is cannot be told; nothing was imported.",
        ),
        change=Text(zh="请用 --source 指明来源。", en="Name the source with --source."),
    ),
    _error(
        "statement_of_another_kind",
        zh="不是这个来源的对账单",
        en="Not a statement of this source",
        owner=Owner.OPERATIONS,
        look=_LOOK_AT_SOURCES,
        said=Text(
            zh="这种文件不在这个来源的导入器之中；什么也没有导入。",
            en="The source has no files of this kind; nothing was imported.",
        ),
        change=Text(
            zh="请指明正确的来源，或把这种导入器加到它的设置里。",
            en="Name the right source, or add this importer to its settings.",
        ),
    ),
    _error(
        "statement_of_another_source",
        zh="这份文件已经算作别的来源",
        en="The file is another source's",
        stands=True,
        owner=Owner.OPERATIONS,
        said=Text(
            zh="完全相同的文件已经为另一个来源导入过；这一次什么也没有导入。",
            en="The very same file was imported for another source; nothing was imported now.",
        ),
        change=Text(
            zh="请确认它究竟属于哪一个来源，再指明那一个。",
            en="Make sure whose it is, and name that source.",
        ),
    ),
    _error(
        "statement_of_another_owner",
        zh="对账单属于别的商户",
        en="Another merchant's statement",
        owner=Owner.OPERATIONS,
        look=_LOOK_AT_SOURCES,
        said=Text(
            zh="文件里写的商户或账户，不是这个来源设置的那一个；什么也没有导入。",
            en="The merchant or account that the file names is not the source's; nothing was imported.",
        ),
        change=Text(
            zh="请确认文件属于哪个商户，再指明正确的来源；设置有误时，改正来源的商户。",
            en="Make sure whose file it is and name the right source; if the source is set up wrongly, correct its owner.",
        ),
    ),
    _error(
        "statement_line_twice",
        zh="两行分不清彼此",
        en="Two lines cannot be told apart",
        owner=Owner.OPERATIONS,
        said=Text(
            zh="文件里有两行用同一个编号说不同的事；什么也没有导入。",
            en="Two lines of the file say different things under one number; nothing was imported.",
        ),
        change=Text(
            zh="请按参数里的行号查看文件；这是导入器的问题时，请告诉开发者。",
            en="Look at the line named in the parameters; if the importer is wrong, tell its developers.",
        ),
    ),
    _error(
        "statement_set_aside",
        zh="已经搁置",
        en="Set aside already",
        owner=Owner.OPERATIONS,
        look=LOOK_AT_RECORD,
        stands=True,
        said=Text(
            zh="这份对账单已经有人写明原因搁置，不能再搁置一次。",
            en="Somebody has set this statement aside and said why; it cannot be done again.",
        ),
        change=Text(zh="不需要操作。", en="There is nothing to do."),
    ),
)

_RUNS = (
    _error(
        "run_not_found",
        zh="没有这次对账",
        en="Run not found",
        owner=Owner.OPERATIONS,
        said=Text(zh="没有这个编号的对账。", en="There is no run of this id."),
        look=Text(
            zh="运行 counterfoil reconcile runs，查看做过的对账。",
            en="Run counterfoil reconcile runs to see which there were.",
        ),
        change=Text(zh="请完整复制编号，以 run_ 开头。", en="Copy the whole id, which begins with run_."),
    ),
    _error(
        "run_in_progress",
        zh="正在对账",
        en="A run is going on",
        owner=Owner.OPERATIONS,
        look=_LOOK_AT_DAY,
        said=Text(
            zh="另一个进程正在对同一本账；这一次什么也没有做。",
            en="Another process is at the same book; nothing was done now.",
        ),
        change=Text(
            zh="等它结束再运行；那个进程已经停了的话，半分钟后就可以再运行。",
            en="Wait until it has ended; where that process is gone, try again in half a minute.",
        ),
    ),
    _error(
        "day_not_closable",
        zh="这一天还不能关",
        en="The day cannot be closed yet",
        owner=Owner.OPERATIONS,
        look=_LOOK_AT_DAY,
        said=Text(
            zh="有的账还没有对，或没有结论；这一天没有关。",
            en="A book has not been run or is inconclusive; the day was not closed.",
        ),
        change=Text(
            zh="请按参数里的原因逐一办好，再运行 counterfoil reconcile run 和 counterfoil reconcile day。",
            en="See to each reason in the parameters, then use counterfoil reconcile run and counterfoil reconcile day again.",
        ),
    ),
    _error(
        "day_unreadable",
        zh="日期无法识别",
        en="Day not readable",
        said=Text(zh="日期不是一个存在的日子。", en="The date is not a day that exists."),
        change=Text(zh="请写成 2027-01-31 这样的形式。", en="Write it like 2027-01-31."),
    ),
    _error(
        "archive_missing",
        zh="这一天还没有归档",
        en="Day not archived",
        said=Text(
            zh="请求、扣费和上游账单要在归档之后才能对账，这一天还没有归档。",
            en="Requests, charges and upstreams' bills are held against each other once a day is archived, and this one is not.",
        ),
        change=Text(zh="请先运行 counterfoil archive。", en="Run counterfoil archive first."),
    ),
    _error(
        "day_not_over",
        zh="这一天还没有结束",
        en="Day not over",
        said=Text(
            zh="归档按 UTC 日期进行，这一天还没有结束，因此没有归档。",
            en="Days are archived by UTC date, and this one is not over; it was not archived.",
        ),
        change=Text(zh="请等这一天结束后再归档。", en="Archive it once it is over."),
    ),
)

_BREAKS = (
    _error(
        "break_not_found",
        zh="没有这个差异",
        en="Break not found",
        said=Text(zh="没有这个编号的差异。", en="There is no break of this id."),
        look=Text(
            zh="运行 counterfoil reconcile breaks，查看有哪些差异。",
            en="Run counterfoil reconcile breaks to see which there are.",
        ),
        change=Text(zh="请完整复制编号，以 brk_ 开头。", en="Copy the whole id, which begins with brk_."),
    ),
    _error(
        "break_not_open",
        zh="差异已经不是待处理",
        en="Break no longer open",
        look=_LOOK_AT_BREAK,
        stands=True,
        said=Text(
            zh="这个差异已经处理、忽略或自动关闭；这一次什么也没有做。",
            en="This break has been settled, ignored or has closed by itself; nothing was done now.",
        ),
        change=Text(
            zh="请先看它是怎样结束的；还需要处理的，先重新打开。",
            en="See how it ended; if more is to be done, open it again first.",
        ),
    ),
    _error(
        "break_not_reopenable",
        zh="不能重新打开",
        en="Cannot be opened again",
        look=_LOOK_AT_BREAK,
        said=Text(
            zh="差异本来就是待处理的，或它的处理动过钱，要先撤销；什么也没有改动。",
            en="The break is open, or money has moved for it, which must be undone first; nothing was changed.",
        ),
        change=Text(
            zh="动过钱的请用 counterfoil reconcile undo 提出撤销。",
            en="Where money has moved, propose counterfoil reconcile undo.",
        ),
    ),
    _error(
        "break_rows_unknown",
        zh="没有这一行",
        en="No such row",
        look=_LOOK_AT_BREAK,
        said=Text(
            zh="要关联的行不存在，或不能与这个差异关联；什么也没有关联。",
            en="A row to be linked does not exist or cannot go with this break; nothing was linked.",
        ),
        change=Text(
            zh="请从 counterfoil reconcile show 和 suggestions 里完整复制，例如 line: 加编号。",
            en="Copy it whole from counterfoil reconcile show or suggestions, such as line: and its id.",
        ),
    ),
    _error(
        "break_row_matched",
        zh="这一行已经对上",
        en="Row matched already",
        look=_LOOK_AT_BREAK,
        stands=True,
        said=Text(
            zh="要关联的行已经与别的行对上，一行只能对一次；什么也没有关联。",
            en="A row to be linked has a match, and each has only one; nothing was linked.",
        ),
        change=Text(
            zh="那次关联不对的话，先把它重新打开。",
            en="If that match is wrong, open it again first.",
        ),
    ),
    _error(
        "break_account_missing",
        zh="没有说明是哪个账户",
        en="Account missing",
        look=_LOOK_AT_BREAK,
        said=Text(
            zh="这个差异不属于任何账户，要动钱就得指明账户；什么也没有执行。",
            en="The break is no account's, and moving money needs one; nothing was done.",
        ),
        change=Text(zh="请用 --account 指明账户。", en="Name the account with --account."),
    ),
    _error(
        "break_amount_missing",
        zh="没有说明金额",
        en="Amount missing",
        look=_LOOK_AT_BREAK,
        said=Text(
            zh="从这个差异看不出要动多少钱；什么也没有执行。",
            en="The break does not tell how much is to move; nothing was done.",
        ),
        change=Text(zh="请写明金额。", en="Give the amount."),
    ),
    _error(
        "break_nothing_to_refund",
        zh="没有可退的订单或扣费",
        en="Nothing here to refund",
        look=_LOOK_AT_BREAK,
        said=Text(
            zh="这个差异里没有订单，也没有请求，无从退款；什么也没有执行。",
            en="The break names neither an order nor a request, so there is nothing to give back; nothing was done.",
        ),
        change=Text(
            zh="给账户补额度请用入账或调整，差额请用核销。",
            en="Credit or adjust an account instead, or write the difference off.",
        ),
    ),
    _error(
        "settlement_not_found",
        zh="没有这次处理",
        en="Settlement not found",
        look=_LOOK_AT_BREAK,
        said=Text(zh="这个差异没有这个编号的处理。", en="The break has no settlement of this id."),
        change=Text(zh="请完整复制编号，以 setl_ 开头。", en="Copy the whole id, which begins with setl_."),
    ),
    _error(
        "settlement_not_undoable",
        zh="这次处理不能撤销",
        en="Cannot be undone",
        look=_LOOK_AT_BREAK,
        stands=True,
        said=Text(
            zh="这次处理没有动钱，已经撤销过，或款项已经离开（退款、订单入账）；什么也没有执行。",
            en="It moved no money, was undone before, or the money has left for good (a refund, an order's credit); nothing was done.",
        ),
        change=Text(
            zh="没有动钱的请重新打开；退出去的款项和订单，请按订单处理。",
            en="Open again what moved no money; see to refunds and orders as orders.",
        ),
    ),
    _error(
        "settlement_currency",
        zh="币种与账户不同",
        en="Another currency than the account's",
        look=_LOOK_AT_BREAK,
        said=Text(
            zh="金额的币种与账户的币种不同，这里不换算；什么也没有执行。",
            en="The amount is in another currency than the account, and nothing is converted here; nothing was done.",
        ),
        change=Text(
            zh="请写明按账户币种的金额，并在理由里写明汇率。",
            en="Give the amount in the account's currency, and the rate in the reason.",
        ),
    ),
)

ENTRIES = _SOURCES + _STATEMENTS + _RUNS + _BREAKS
