"""Where did it go: the steps from an opening to its closing, what charges are broken down by, and what a difference to
usual is made of."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NOTHING_CHANGED = Text(
    zh="查看不会改变任何记录。",
    en="Looking changes no record.",
)
_STEP_NEXT = NextStep(
    where_to_look=Text(
        zh="在账单里按时间查看这一步的每一笔变动。",
        en="The statement has every movement of this step, by time.",
    ),
    what_to_change=Text(
        zh="对某一笔有疑问时，带上它的编号联系客服。",
        en="If you doubt one of them, contact support with its id.",
    ),
    how_to_go_back=_NOTHING_CHANGED,
)
_BY_NEXT = NextStep(
    where_to_look=Text(
        zh="先看最大的一行，各行相加等于这段时间的扣费。",
        en="Look at the largest line first; all lines add up to what was charged in this time.",
    ),
    what_to_change=Text(
        zh="某一行不该有这么多时，给相应的 Key 或分组设限额。",
        en="Where a line is larger than it should be, set a limit on that key or group.",
    ),
    how_to_go_back=_NOTHING_CHANGED,
)
_PART_NEXT = NextStep(
    where_to_look=Text(
        zh="与平时比较，差额最大的一项就是余额下降的主要原因。",
        en="The part with the largest difference to usual is the main reason why the balance fell.",
    ),
    what_to_change=Text(
        zh="按这一项的说明处理；平时也有的部分不需要处理。",
        en="Do what is said of that part; what is usual needs nothing done.",
    ),
    how_to_go_back=_NOTHING_CHANGED,
)


def _entry(kind: Kind, code: str, next_step: NextStep, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    # Amounts of an account are for its own people.
    return Entry(
        kind=kind, code=code, owner=Owner.CUSTOMER, public=False, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=next_step,
    )  # fmt: skip


def _step(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(Kind.WATERFALL_STEP, code, _STEP_NEXT, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en)


def _by(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(Kind.WATERFALL_BY, code, _BY_NEXT, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en)


def _part(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(Kind.SPENDING_PART, code, _PART_NEXT, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(Kind.WORD, code, _BY_NEXT, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en)


_STEPS = (
    _step("recharge", zh="充值", en="Recharges", hint_zh="订单付款后入账的金额。", hint_en="What paid orders have credited."),
    _step("bonus", zh="充值赠送", en="Bonus of recharges", hint_zh="随充值一起入账的赠送。", hint_en="What was given on top of recharges."),
    _step("code", zh="兑换码", en="Redemption codes", hint_zh="兑换码入账的金额。", hint_en="What redeemed codes have credited."),
    _step("credit", zh="其他入账", en="Other credit", hint_zh="赠送、补偿等其他入账。", hint_en="Credit that was given in other ways, such as a promotion."),
    _step("refund", zh="扣费退回", en="Charges refunded", hint_zh="已经扣的费用退回余额。", hint_en="Charges that were returned to the balance."),
    _step("cash_restored", zh="退款未成，金额恢复", en="Refunds that were undone", hint_zh="没有退成的充值退款回到余额。", hint_en="What had been taken for a refund that the provider did not carry out."),
    _step("adjusted_up", zh="调整（增加）", en="Adjustments upward", hint_zh="经批准增加余额的更正。", hint_en="Approved corrections that added to the balance."),
    _step("other_in", zh="其他增加", en="Other movements in", hint_zh="不属于以上各项的增加。", hint_en="What came in and is none of the above."),
    _step("charge", zh="请求和任务扣费", en="Charges", hint_zh="请求和任务从各自的预留中扣除的费用。", hint_en="What requests and tasks cost, out of what was reserved for them."),
    _step("overage", zh="超出预留的扣费", en="Charges beyond reservations", hint_zh="实际费用超过预留的部分。", hint_en="What requests cost beyond their reservations."),
    _step("expired", zh="额度过期", en="Credit expired", hint_zh="到期没有用完的额度。", hint_en="Credit that was not used before its end."),
    _step("cash_refund", zh="充值退款", en="Recharges refunded", hint_zh="退回付款人的充值金额。", hint_en="Recharged money that goes back to whoever paid it."),
    _step("taken_back", zh="额度收回", en="Credit taken back", hint_zh="例如充值退款后收回的赠送。", hint_en="Such as the bonus of a recharge that was refunded."),
    _step("adjusted_down", zh="调整（减少）", en="Adjustments downward", hint_zh="经批准减少余额的更正。", hint_en="Approved corrections that took from the balance."),
    _step("other_out", zh="其他减少", en="Other movements out", hint_zh="不属于以上各项的减少。", hint_en="What went out and is none of the above."),
)  # fmt: skip

_BYS = (
    _by("model", zh="按模型", en="By model", hint_zh="每个模型的扣费。", hint_en="What each model was charged."),
    _by("tier", zh="按模型档次", en="By model tier", hint_zh="按模型档次合计的扣费。", hint_en="Charges by how the model is sold."),
    _by("key", zh="按 Key", en="By key", hint_zh="每个 Key 的扣费。", hint_en="What each key was charged."),
    _by("group", zh="按分组", en="By group", hint_zh="每个分组的扣费。", hint_en="What each group was charged."),
    _by("client", zh="按客户端", en="By client", hint_zh="每种客户端或 SDK 的扣费。", hint_en="What each client or SDK was charged for."),
    _by("hour", zh="按小时", en="By hour", hint_zh="按账户时区的小时合计，只列最大的几个。", hint_en="By hours of the account's time zone, the largest ones."),
    _by("cause", zh="按用途", en="By cause", hint_zh="请求、任务，以及它们的重试和重复。", hint_en="Calls, tasks, and the retries and duplicates of both."),
    _by("copy", zh="原件与副本", en="Originals and copies", hint_zh="原件、重试和重复各扣了多少。", hint_en="What originals, retries and duplicates were charged."),
    _by("work", zh="任务与请求", en="Tasks and calls", hint_zh="任务和普通请求各扣了多少。", hint_en="What tasks were charged, and what plain calls."),
)  # fmt: skip

_PARTS = (
    _part("duplicates", zh="重复", en="Duplicates", hint_zh="同样的内容已经扣过费，又提交并扣费的部分。", hint_en="Copies that were charged although the same thing had been charged before."),
    _part("retries", zh="重试", en="Retries", hint_zh="前一份已经扣过费，客户端又自动重试并扣费的部分。", hint_en="Automatic retries that were charged although an earlier try had been."),
    _part("tasks", zh="任务", en="Tasks", hint_zh="图片、视频和音频任务的费用。", hint_en="What image, video and audio tasks cost."),
    _part("loops", zh="循环的脚本", en="Scripts in a loop", hint_zh="一个 Key 每分钟的请求远多于平时的部分。", hint_en="Calls of a key that came many times faster than it usually calls."),
    _part("price", zh="价格上调", en="Prices raised", hint_zh="同样的用量按新价格多扣的部分。", hint_en="What the same use cost more because prices have changed."),
    _part("tier", zh="倍率上调", en="Price tier raised", hint_zh="同样的用量按新倍率多扣的部分。", hint_en="What the same use cost more because its price tier has changed."),
    _part("dearer_model", zh="换用更贵的模型", en="Dearer models", hint_zh="更多请求用了更贵的模型而多扣的部分。", hint_en="What calls cost more because more of them ask for dearer models."),
    _part("calls", zh="普通请求", en="Calls", hint_zh="其余请求的费用。", hint_en="What all other calls cost."),
    _part("expired", zh="额度过期", en="Credit expired", hint_zh="到期没有用完而离开余额的额度。", hint_en="Credit that left the balance because it was not used in time."),
    _part("cash_refunded", zh="充值退款", en="Recharges refunded", hint_zh="退回付款人的充值金额，减去没有退成的。", hint_en="Recharged money that went back, less what did not after all."),
    _part("taken_back", zh="额度收回", en="Credit taken back", hint_zh="结束后被收回的额度，例如退款订单的赠送。", hint_en="Credit that was ended and taken back, such as a bonus."),
    _part("adjusted", zh="余额调减", en="Balance corrected downward", hint_zh="经批准减少余额的部分。", hint_en="What approved corrections took."),
    _part("other", zh="其他减少", en="Other movements out", hint_zh="不属于其他各项的减少。", hint_en="What went out in none of the other ways."),
    _part("returned", zh="之后已退回的扣费", en="Charges refunded since", hint_zh="这段时间扣了费，之后已经退回余额的部分。", hint_en="Charged in this time, and returned to the balance after it."),
    _part("earlier_refunds", zh="退回以前的扣费", en="Refunds of earlier charges", hint_zh="在这段时间退回的、更早的扣费，为负数。", hint_en="What was returned in this time of charges before it; it counts as negative."),
)  # fmt: skip

_WORDS = (
    _word("opening_balance", zh="期初余额", en="Opening balance", hint_zh="这段时间开始时的余额，含预留。", hint_en="The balance when the time begins, reservations included."),
    _word("closing_balance", zh="期末余额", en="Closing balance", hint_zh="这段时间结束时的余额，含预留。", hint_en="The balance when the time ends, reservations included."),
    _word("held_of_closing", zh="其中预留", en="of it reserved", hint_zh="期末余额里为进行中的请求和任务留出的金额。", hint_en="What of the closing balance is set aside for work in progress."),
    _word("this_window", zh="这段时间", en="This time", hint_zh="所问的这段时间离开余额的金额。", hint_en="What left the balance in the time that is asked about."),
    _word("usual_window", zh="平时", en="Usually", hint_zh="之前同样长的时间里平均离开余额的金额。", hint_en="What left the balance in earlier times as long as this, on average."),
    _word("difference_to_usual", zh="差额", en="Difference", hint_zh="这段时间比平时多出的金额。", hint_en="By how much this time is above usual."),
    _word("part_of_difference", zh="离开余额的金额", en="What left the balance", hint_zh="每一项离开余额的金额，退回的已经减去。", hint_en="By what it was for; what came back is deducted."),
    _word("compared_windows", zh="与之前 {count} 段同样长的时间比较。", en="Compared with {count} earlier times as long as this.", hint_zh="比较的范围最多四周。", hint_en="At most four weeks are looked at."),
    _word("compared_with_none", zh="之前没有可以比较的时间。", en="There is no earlier time to compare with.", hint_zh="账户开始使用还不够久。", hint_en="The account has not been in use for long enough."),
    _word("charges_count", zh="笔数", en="Charges", hint_zh="扣了费的请求和任务有多少。", hint_en="How many requests and tasks were charged."),
    _word("charged_here", zh="扣费", en="Charged", hint_zh="这一行扣了多少。", hint_en="What was charged for this line."),
    _word("refunded_here", zh="退回", en="Refunded", hint_zh="这一行在这段时间退回了多少。", hint_en="What was returned for this line in this time."),
    _word("net_here", zh="净额", en="Net", hint_zh="扣费减去退回。", hint_en="Charges less refunds."),
    _word("movements_count", zh="变动", en="Movements", hint_zh="这一步由多少笔变动组成。", hint_en="How many movements this step is made of."),
    _word("total_of_lines", zh="合计", en="Total", hint_zh="以上各行之和。", hint_en="All lines above together."),
    _word("others_merged", zh="其余 {count} 项", en="{count} others", hint_zh="排在后面的各项合成的一行。", hint_en="What comes after the largest, as one line."),
    _word("without_request", zh="没有对应的请求", en="No request on record", hint_zh="扣费没有对应的请求记录，例如人工预留。", hint_en="A charge that no request is on record for, such as a reservation made by hand."),
    _word("not_compared", zh="未作比较", en="Not compared", hint_zh="没有开启重复检查，所以不知道是不是副本。", hint_en="Copies were not looked for, so this cannot be told."),
    _word("none_given", zh="未设置", en="None", hint_zh="请求没有这一项，例如 Key 不属于任何分组。", hint_en="The requests have no such thing, such as a key without a group."),
    _word("largest_concurrency", zh="最多同时进行", en="Most at once", hint_zh="扣了费的请求到达时，最多有多少同时进行。", hint_en="The most requests in progress together when one that was charged came in."),
    _word("beside_the_wallet", zh="不影响余额的记录", en="Posted beside the balance", hint_zh="记在账户名下、没有改变余额的变动。", hint_en="Movements filed under the account that did not touch its balance."),
    _word("window_from_to", zh="{start} 至 {end}", en="{start} to {end}", hint_zh="包括开始的一刻，不包括结束的一刻。", hint_en="The first moment is part of it, the last is not."),
)  # fmt: skip

_ERRORS = (
    error(
        "waterfall_open",
        owner=Owner.FINANCE,
        label=Text(zh="账目没有合上", en="The window does not close"),
        explanation=Text(
            zh="这段时间的各步相加不等于期末余额，账本的记录可能被改动过；没有显示任何数字。",
            en="The steps of this time do not add up to its closing balance, so the ledger's rows may have been changed; no number is shown.",
        ),
        look=Text(
            zh="运行 counterfoil ledger verify，看是哪个账户的哪一笔。",
            en="Run counterfoil ledger verify to see which row of which account it is.",
        ),
        change=Text(
            zh="请保留现场并交财务和运营核对，不要手工修改账本。",
            en="Keep everything as it is and have finance and operations look into it; do not edit the ledger by hand.",
        ),
    ),
)

ENTRIES = _STEPS + _BYS + _PARTS + _WORDS + _ERRORS
