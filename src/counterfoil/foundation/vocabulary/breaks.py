"""Classes of breaks: what does not match, what that means, who acts, and what is done next. Only staff is shown them."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_UNDO = Text(
    zh="处理之后可以用 counterfoil reconcile reopen 重新打开；动过钱的，用 counterfoil reconcile undo 提出撤销，另记一笔。",
    en="What was settled is opened again with counterfoil reconcile reopen; where money has moved, propose counterfoil reconcile undo, which is an entry of its own.",
)
_BY_ITSELF = Text(
    zh="不需要撤销：对应的行到了，差异会自动关闭。",
    en="There is nothing to undo: it closes by itself when the other row comes.",
)
_SHOW = Text(
    zh="运行 counterfoil reconcile show 加差异编号，看两边的行、金额和时间。",
    en="Run counterfoil reconcile show with the break's id for the rows of both sides, their amounts and times.",
)


def _break(
    code: str,
    *,
    owner: Owner,
    zh: str,
    en: str,
    said: Text,
    change: Text,
    look: Text = _SHOW,
    back: Text = _UNDO,
) -> Entry:
    return Entry(
        kind=Kind.BREAK_CLASS,
        code=code,
        owner=owner,
        public=False,
        label=Text(zh=zh, en=en),
        explanation=said,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=back),
    )


_PRESENCE = (
    _break(
        "missing_internal",
        owner=Owner.FINANCE,
        zh="对方有，我方没有",
        en="On the statement, not in our books",
        said=Text(
            zh="对账单上有这一行，我们的账里没有与它对应的记录：多半是客户付了款，而额度还没有入账。",
            en="The statement has this line and our books have nothing that goes with it: most often a customer has paid and was not credited.",
        ),
        look=Text(
            zh="看这一行的订单号掩码、付款方和金额；用 counterfoil orders list 找同一时间、同一金额的订单。",
            en="Look at the line's order, payer and amount; counterfoil orders list finds an order of the same time and amount.",
        ),
        change=Text(
            zh="财务：找到订单就入账（counterfoil reconcile settle credit），找到对应的行就关联（settle link），不是客户的款项就写明原因后忽略。",
            en="Finance: credit it if the order is found (counterfoil reconcile settle credit), link it if its row is found (settle link), or ignore it with a remark if it is no customer's payment.",
        ),
    ),
    _break(
        "missing_external",
        owner=Owner.FINANCE,
        zh="我方有，对方没有",
        en="In our books, not on the statement",
        said=Text(
            zh="我们的账里有这一笔，结算期限已过，对账单上仍然没有对应的行。",
            en="Our books have it, its settling time has passed, and no line of any statement goes with it.",
        ),
        look=Text(
            zh="先看当天的对账单是否完整（counterfoil reconcile statements），再到渠道后台查这笔付款。",
            en="See first whether that day's statements are whole (counterfoil reconcile statements), then look the payment up in the channel's console.",
        ),
        change=Text(
            zh="财务：补导入缺少的对账单；款项确实没有到，提出调整余额（settle adjust）或核销（settle write-off）。",
            en="Finance: import the statement that is missing; if the money never came, propose to adjust the balance (settle adjust) or to write it off (settle write-off).",
        ),
    ),
    _break(
        "pending_within_window",
        owner=Owner.OPERATIONS,
        zh="结算期限内，等待对应的行",
        en="Pending within its settling time",
        said=Text(
            zh="这一行还没有对应的记录，但仍在来源的结算期限之内，属于正常情况。",
            en="The row has no counterpart yet, and is still within its source's settling time, which is usual.",
        ),
        change=Text(
            zh="不需要操作：下一份对账单导入并运行对账后，它会自动关闭，或变成别的差异。",
            en="There is nothing to do: with the next statement and run it closes by itself, or becomes another break.",
        ),
        back=_BY_ITSELF,
    ),
    _break(
        "late",
        owner=Owner.OPERATIONS,
        zh="到得晚",
        en="Late",
        said=Text(
            zh="两边的行对上了，但间隔超过了来源的结算期限；金额没有差异。",
            en="The rows match, but further apart than their source's settling time allows; no amount differs.",
        ),
        change=Text(
            zh="运营：偶然一次，写明原因后忽略；经常如此，就用 counterfoil reconcile sources change 放宽这个来源的结算期限，或追问渠道。",
            en="Operations: ignore it with a remark if it happened once; if it is usual, lengthen the source's settling time with counterfoil reconcile sources change, or ask the channel.",
        ),
    ),
    _break(
        "stale_source",
        owner=Owner.OPERATIONS,
        zh="缺少当天的对账单",
        en="Statement of the day missing",
        said=Text(
            zh="一个应当每天有对账单的来源，没有覆盖这一天，或没有覆盖到这一天结束；这一天因此没有结论。",
            en="A source that should send a statement every day has not covered this one, or not to its end; the day is inconclusive for it.",
        ),
        look=Text(
            zh="运行 counterfoil reconcile sources list 和 counterfoil reconcile statements，看它最近一份对账单到什么时候。",
            en="Run counterfoil reconcile sources list and counterfoil reconcile statements to see how far its latest one goes.",
        ),
        change=Text(
            zh="运营：下载并导入缺少的对账单，再运行这一天；这个来源不再每天有对账单，就在来源的设置里改掉。",
            en="Operations: download and import it, then run the day again; if the source no longer has one every day, say so in its settings.",
        ),
        back=_BY_ITSELF,
    ),
)

_AMOUNTS = (
    _break(
        "amount_over",
        owner=Owner.FINANCE,
        zh="对方的金额更大",
        en="The other side has more",
        said=Text(
            zh="两边的行对上了，但对方的金额比我们记录的大，超出了容差；对账单自己的合计大于各行之和时也是如此。",
            en="The rows match, but the other side's amount is above ours by more than the tolerance; so is a statement's own total that exceeds its lines.",
        ),
        change=Text(
            zh="财务：多收的部分，给客户入账（settle credit）或退款（settle refund）；对账单合计不符，就重新下载再导入。",
            en="Finance: credit what was overpaid (settle credit) or refund it (settle refund); where a statement's total is off, download it again and import that.",
        ),
    ),
    _break(
        "amount_under",
        owner=Owner.FINANCE,
        zh="对方的金额更小",
        en="The other side has less",
        said=Text(
            zh="两边的行对上了，但对方的金额比我们记录的小，超出了容差；对账单自己的合计小于各行之和时也是如此。",
            en="The rows match, but the other side's amount is below ours by more than the tolerance; so is a statement's own total that falls short of its lines.",
        ),
        change=Text(
            zh="财务：多入账的部分，提出调整余额（settle adjust）或核销（settle write-off）；对账单合计不符，就重新下载再导入。",
            en="Finance: propose to adjust what was credited too much (settle adjust) or to write it off (settle write-off); where a statement's total is off, download it again and import that.",
        ),
    ),
    _break(
        "fee_mismatch",
        owner=Owner.FINANCE,
        zh="手续费与约定不符",
        en="Fee differs from the agreement",
        said=Text(
            zh="渠道收取的手续费不是按约定的费率算出来的；客户的额度不受影响。",
            en="What the channel kept is not what its agreed rate comes to; no customer's credit is affected.",
        ),
        look=Text(
            zh="把这一行的手续费与合同费率对照；来源里填写的费率见 counterfoil reconcile sources list。",
            en="Compare the line's fee with the contract; counterfoil reconcile sources list shows the rate that is set.",
        ),
        change=Text(
            zh="财务：费率变了就改来源的设置，多收了就向渠道追回，差额小可以核销。",
            en="Finance: change the source's rate if the agreement has changed, claim what was kept too much, or write a small difference off.",
        ),
    ),
    _break(
        "currency_mismatch",
        owner=Owner.FINANCE,
        zh="币种不同",
        en="Currencies differ",
        said=Text(
            zh="两边的行对上了，但币种不同；金额没有换算，也没有比较。",
            en="The rows match in two currencies; nothing was converted, and no amounts were compared.",
        ),
        change=Text(
            zh="财务：查清实际收到的是什么币种，再入账、退款或调整；运营检查渠道和来源设置的币种。",
            en="Finance finds out which currency came in, then credits, refunds or adjusts; operations checks the currencies set for the channel and the source.",
        ),
    ),
    _break(
        "status_mismatch",
        owner=Owner.FINANCE,
        zh="状态不一致",
        en="States contradict",
        said=Text(
            zh="两边说的是同一笔，但一边说成功了，另一边说没有。",
            en="Both sides tell of the same thing, and one says that it succeeded and the other that it did not.",
        ),
        change=Text(
            zh="财务：以渠道后台的现状为准；款项到了就入账，没有到就调整，退款没有成功就按订单处理。",
            en="Finance: the channel's console says how it stands; credit it if the money is there, adjust it if not, and see to the order if a refund has failed.",
        ),
    ),
    _break(
        "split_mismatch",
        owner=Owner.FINANCE,
        zh="拆分后的合计不符",
        en="Parts do not add up",
        said=Text(
            zh="一边是一笔，另一边是几笔，它们加起来的金额不相等。",
            en="One row stands against several, and these do not add up to it.",
        ),
        change=Text(
            zh="财务：看是否缺一行或多一行；缺的导入或关联，多的另行处理，余下的差额再调整或核销。",
            en="Finance: see whether a row is missing or one too many; import or link what is missing, settle what is too much, then adjust or write off the rest.",
        ),
    ),
    _break(
        "rounding_within_tolerance",
        owner=Owner.FINANCE,
        zh="容差内的尾差",
        en="Rounding within the tolerance",
        said=Text(
            zh="两边的行对上了，差额在容差之内，已经作为尾差记下。",
            en="The rows match, and what they differ by is within the tolerance and has been booked as rounding.",
        ),
        change=Text(
            zh="通常不需要操作：可以核销（settle write-off）或写明原因后忽略；总是偏向一边，就查费率和舍入方法。",
            en="Usually nothing: write it off (settle write-off) or ignore it with a remark; if it always leans one way, look at rates and rounding.",
        ),
    ),
)

_ROWS = (
    _break(
        "duplicate_internal",
        owner=Owner.FINANCE,
        zh="我们重复入账",
        en="Credited twice",
        said=Text(
            zh="同一笔订单、兑换码或退款，在我们的账里出现了不止一次。",
            en="One order, code or refund stands in our books more than once.",
        ),
        change=Text(
            zh="财务：确认是重复的，提出调整余额（settle adjust）收回多入的部分。",
            en="Finance: if it is one too many, propose to adjust the balance (settle adjust) by it.",
        ),
    ),
    _break(
        "duplicate_external",
        owner=Owner.FINANCE,
        zh="客户重复付款，或对账单重复",
        en="Paid twice, or told twice",
        said=Text(
            zh="同一笔订单收到了第二次付款，或对账单里同一行出现了两次；第二笔没有入账。",
            en="A second payment came for one order, or a statement has one line twice; the second one is credited to nobody.",
        ),
        change=Text(
            zh="财务：确实付了两次，给客户入账（settle credit），或在渠道后台退回后忽略；只是对账单重复，写明原因后忽略。",
            en="Finance: if it was paid twice, credit it (settle credit), or return it in the channel's console and ignore the break; if it is only told twice, ignore it with a remark.",
        ),
    ),
    _break(
        "ambiguous",
        owner=Owner.FINANCE,
        zh="有几种可能，需要选择",
        en="Several rows would fit",
        said=Text(
            zh="只凭金额和时间，有不止一行对得上；程序不会替人决定，什么也没有入账。",
            en="By amount and time alone, more than one row fits; nothing is decided without a person, and nothing was posted.",
        ),
        look=Text(
            zh="运行 counterfoil reconcile suggestions，看每一种可能的组合。",
            en="Run counterfoil reconcile suggestions to see each possible pair.",
        ),
        change=Text(
            zh="财务：核对付款方和时间，选定一行后关联（settle link）；都不是，就按缺少对应的行处理。",
            en="Finance: compare payers and times, choose a row and link it (settle link); if none is right, treat it as one without a counterpart.",
        ),
    ),
    _break(
        "wrong_account",
        owner=Owner.SUPPORT,
        zh="入到了别的账户",
        en="Credited to another account",
        said=Text(
            zh="款项和额度都在，但入账的账户不是下单或兑换的账户。",
            en="Payment and credit are both there, but the account that was credited is not the one that ordered or redeemed.",
        ),
        look=Text(
            zh="运行 counterfoil accounts same，看付款方、订单和 Key 是不是同一个账户的。",
            en="Run counterfoil accounts same to see whether payer, order and key lead to one account.",
        ),
        change=Text(
            zh="客服核实后交财务：从错的账户调整出来（settle adjust），给对的账户入账（settle credit）。",
            en="Support verifies it and hands it to finance: adjust it out of the wrong account (settle adjust) and credit the right one (settle credit).",
        ),
    ),
    _break(
        "refund_exceeds_credit",
        owner=Owner.FINANCE,
        zh="退款多于入账",
        en="Refunded more than was credited",
        said=Text(
            zh="一笔订单或一次调用退回的总额，超过了当初入账或扣费的金额。",
            en="What has gone back of an order or a call comes to more than was credited or charged for it.",
        ),
        change=Text(
            zh="财务：查是哪一次退款多退了，向渠道追回，或提出核销（settle write-off）。",
            en="Finance: find the refund that was one too many and reclaim it from the channel, or propose to write it off (settle write-off).",
        ),
    ),
)

_CALLS = (
    _break(
        "served_not_charged",
        owner=Owner.OPERATIONS,
        zh="成功了，没有扣费",
        en="Served, not charged",
        said=Text(
            zh="请求或任务已经成功交付，但账本里没有扣费；损失由运营方承担。",
            en="The request or task was delivered and the ledger has no charge for it; the loss is the operator's.",
        ),
        change=Text(
            zh="运营：看日志里结算为什么没有完成，修好原因；这一笔提出核销（settle write-off），一般不向客户补收。",
            en="Operations: find out from the log why it was not settled and mend that; propose to write this one off (settle write-off), which is not usually collected later.",
        ),
    ),
    _break(
        "failed_but_charged",
        owner=Owner.SUPPORT,
        zh="失败了，却扣了费",
        en="Failed, but charged",
        said=Text(
            zh="请求或任务失败了，账本里却有没有退回的扣费。",
            en="The request or task has failed, and the ledger has a charge for it that was not refunded.",
        ),
        change=Text(
            zh="客服核实失败的证据后，提出退回扣费（settle refund）。",
            en="Support verifies that it failed, then proposes to refund the charge (settle refund).",
        ),
    ),
    _break(
        "charged_twice",
        owner=Owner.SUPPORT,
        zh="扣了两次费",
        en="Charged twice",
        said=Text(
            zh="同一个请求或任务，在账本里有不止一次扣费。",
            en="One request or task has more than one charge in the ledger.",
        ),
        change=Text(
            zh="客服提出退回多扣的部分（settle refund）；运营查账本验证的结果（counterfoil ledger verify）。",
            en="Support proposes to refund what is one too many (settle refund); operations looks at what counterfoil ledger verify says.",
        ),
    ),
    _break(
        "task_without_request",
        owner=Owner.OPERATIONS,
        zh="任务没有对应的请求",
        en="Task without a request",
        said=Text(
            zh="有这个任务，却没有提交它的请求；它因此没有预留，也没有扣费。",
            en="The task is there and the request that submitted it is not, so nothing was reserved or charged for it.",
        ),
        change=Text(
            zh="运营：查它是怎样来的（日志、恢复过的备份、手工改动），查清后写明原因再忽略。",
            en="Operations: find out where it came from (log, a restored backup, a change by hand), then ignore it with that remark.",
        ),
    ),
    _break(
        "request_without_charge",
        owner=Owner.OPERATIONS,
        zh="请求记了扣费，账本里没有",
        en="Request without its charge",
        said=Text(
            zh="请求的记录写着扣了费，账本里却找不到这笔扣费。",
            en="The request's record says that it was charged, and the ledger has no such charge.",
        ),
        change=Text(
            zh="运营：运行 counterfoil ledger verify 验证账本；以账本为准，查清后核销或忽略。",
            en="Operations: run counterfoil ledger verify; the ledger is what counts, so write it off or ignore it once that is clear.",
        ),
    ),
    _break(
        "charge_differs_from_price",
        owner=Owner.FINANCE,
        zh="扣费与价格算出来的不同",
        en="Charge differs from its price",
        said=Text(
            zh="按记录的用量和当时的价格版本重新计算，得出的金额与扣费不同。",
            en="Computed anew from the recorded usage and price version, it comes to another amount than was charged.",
        ),
        look=Text(
            zh="用 counterfoil requests show 看这次请求的用量、价格版本和算式，与重算的金额对照。",
            en="Compare usage, price version and arithmetic (counterfoil requests show) with the amount computed anew.",
        ),
        change=Text(
            zh="财务：多扣了提出退回扣费（settle refund），少扣了核销；运营检查价格的导入。",
            en="Finance: propose to refund what was charged too much (settle refund), write off what was charged too little; operations checks how prices were imported.",
        ),
    ),
    _break(
        "outcome_unknown",
        owner=Owner.OPERATIONS,
        zh="结果不明",
        en="Outcome unknown",
        said=Text(
            zh="对上游的一次尝试超时或中断，它是否成功、是否计费，要等上游的账单才知道；客户没有因此扣费。",
            en="An attempt at an upstream timed out or broke off, and only the upstream's bill tells whether it was served and billed; the customer was not charged for it.",
        ),
        change=Text(
            zh="等上游的账单：有这一次就由运营方承担（settle write-off），没有就会自动关闭。",
            en="Wait for the upstream's bill: if it is there, it is the operator's cost (settle write-off); if not, the break closes by itself.",
        ),
        back=_BY_ITSELF,
    ),
    _break(
        "uncollected",
        owner=Owner.FINANCE,
        zh="没有收到的费用",
        en="Uncollected",
        said=Text(
            zh="请求的费用超过了余额能付的部分，余下的没有向客户收取，已记为未收。",
            en="The request cost more than the balance could pay; the rest was not collected and is recorded as uncollected.",
        ),
        change=Text(
            zh="财务：提出核销（settle write-off）；常常发生，就请运营提高预留或降低单次上限。",
            en="Finance: propose to write it off (settle write-off); if it is frequent, have operations hold more or lower the ceiling of a request.",
        ),
    ),
)

_UPSTREAMS = (
    _break(
        "upstream_billed_failed_call",
        owner=Owner.OPERATIONS,
        zh="上游为失败的调用计费",
        en="Upstream billed a failed call",
        said=Text(
            zh="上游账单里有这次调用，而我们的记录里它失败了，客户没有付费。",
            en="The upstream's bill has this call, and by our records it failed and no customer paid for it.",
        ),
        change=Text(
            zh="运营：带上游的请求编号向上游申诉；要不回来的提出核销（settle write-off）。",
            en="Operations: dispute it with the upstream by its request id; what it does not give back, propose to write off (settle write-off).",
        ),
    ),
    _break(
        "upstream_usage_differs",
        owner=Owner.OPERATIONS,
        zh="上游的用量或费用不同",
        en="Upstream's usage or cost differs",
        said=Text(
            zh="同一次调用，或同一天、同一模型、同一 Key 的合计，上游账单与我们的记录不同，超出了容差。",
            en="For one call, or one day, model and key, the upstream's bill and our records differ by more than the tolerance.",
        ),
        look=Text(
            zh="看差在哪一种用量：输入、缓存、输出或费用；费用不同而用量相同，先查上游价格。",
            en="See which figure differs: input, cached, output or cost; where only the cost does, look at the upstream's prices first.",
        ),
        change=Text(
            zh="运营：更新上游的价格，或向上游核对用量；查清的差额核销或忽略。",
            en="Operations: update the upstream's prices, or have it check the usage; write off or ignore what is explained.",
        ),
    ),
)

ENTRIES = _PRESENCE + _AMOUNTS + _ROWS + _CALLS + _UPSTREAMS
