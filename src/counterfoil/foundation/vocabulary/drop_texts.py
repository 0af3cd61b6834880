"""Why a balance fell, with the numbers: what each cause took, and how it would have been without it.

A drop's causes have words of their own. The same cause of a refusal speaks of what stood in the way of one request.
"""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="把句子里的金额与这段时间的去向对照：每一项只算一次。",
        en="Compare the amounts with where the balance went in this time: each of them counts once.",
    ),
    what_to_change=Text(
        zh="数字与记录不符时，请带账户和时间联系客服。",
        en="If they differ from the records, contact support with the account and the time.",
    ),
    how_to_go_back=Text(
        zh="显示数字不会改变任何记录。",
        en="Showing a number changes no record.",
    ),
)


def _sentence(kind: Kind, code: str, *, label: Text, used: Text) -> Entry:
    return Entry(
        kind=kind, code=code, owner=Owner.CUSTOMER, public=False, label=label, explanation=used, next_step=_NEXT_STEP,
    )  # fmt: skip


def _told(code: str, *, zh: str, en: str, when_zh: str, when_en: str) -> Entry:
    return _sentence(Kind.FINDING_TEXT, code, label=Text(zh=zh, en=en), used=Text(zh=when_zh, en=when_en))


def _otherwise(code: str, *, zh: str, en: str, when_zh: str, when_en: str) -> Entry:
    return _sentence(Kind.FINDING_OTHERWISE, code, label=Text(zh=zh, en=en), used=Text(zh=when_zh, en=when_en))


_TEXTS = (
    _told(
        "drop_duplicates",
        zh="同样的内容重复提交，除第一份以外还有 {charges} 份扣了费，共 {amount}。",
        en="The same thing was submitted again: copies charged beside the first, {charges}, which took {amount}.",
        when_zh="余额因重复提交下降时使用。", when_en="Where duplicates lowered a balance.",
    ),
    _told(
        "drop_retries",
        zh="前一份已经扣费，客户端又自动重试，有 {charges} 份重试扣了费，共 {amount}。",
        en="A client retried what had been charged before: retries charged, {charges}, which took {amount}.",
        when_zh="余额因客户端重试下降时使用。", when_en="Where a client's retries lowered a balance.",
    ),
    _told(
        "drop_tasks",
        zh="任务扣费 {now}，平时同样长的时间约 {usual}；这段时间有 {charges} 个任务扣了费。",
        en="Tasks were charged {now}, where about {usual} is usual in as long a time; tasks charged: {charges}.",
        when_zh="任务花费多于平时时使用。", when_en="Where more than usual went into tasks.",
    ),
    _told(
        "drop_tasks_alone",
        zh="任务扣费 {now}，这段时间有 {charges} 个任务扣了费；之前没有可以比较的时间。",
        en="Tasks were charged {now}; tasks charged: {charges}. There is no earlier time to compare with.",
        when_zh="任务花费没有平时可比时使用。", when_en="Where tasks were charged and there is no usual.",
    ),
    _told(
        "drop_loop",
        zh="Key {key} 对 {model} 的请求最快每分钟 {calls_most} 个，像循环的脚本；这样的请求共 {charges} 个，扣费 {amount}，客户端是 {client}。",
        en="Key {key} called {model} up to {calls_most} times a minute, as a script in a loop does; such calls: {charges}, which took {amount}. The client was {client}.",
        when_zh="余额因循环的脚本下降时使用。", when_en="Where a script in a loop lowered a balance.",
    ),
    _told(
        "drop_price",
        zh="{model} 的价格（{kind}）从 {rate_before} 调到 {rate_now}；价格上调的模型有 {models} 个，同样的用量多扣了 {amount}。",
        en="The price of {model} ({kind}) went from {rate_before} to {rate_now}; models whose price went up: {models}. The same use cost {amount} more.",
        when_zh="余额因价格上调下降时使用。", when_en="Where raised prices lowered a balance.",
    ),
    _told(
        "drop_tier",
        zh="价格倍率从 {tier_before} 调到 {tier_now}，同样的用量多扣了 {amount}。",
        en="The price tier went from {tier_before} to {tier_now}, and the same use cost {amount} more.",
        when_zh="余额因倍率上调下降时使用。", when_en="Where a raised price tier lowered a balance.",
    ),
    _told(
        "drop_dearer",
        zh="更多的请求用了 {model}，比照平时的模型多扣了 {amount}；这段时间有 {charges} 个请求用了它。",
        en="More of the requests asked for {model}, which cost {amount} more than the usual models would have; requests for it: {charges}.",
        when_zh="余额因换用更贵的模型下降时使用。", when_en="Where dearer models lowered a balance.",
    ),
    _told(
        "drop_more_use",
        zh="普通请求扣费 {now}，平时同样长的时间约 {usual}；这段时间有 {charges} 个请求扣了费。",
        en="Plain requests were charged {now}, where about {usual} is usual in as long a time; requests charged: {charges}.",
        when_zh="请求比平时多时使用。", when_en="Where there was more use than usual.",
    ),
    _told(
        "drop_use_alone",
        zh="普通请求扣费 {now}，这段时间有 {charges} 个请求扣了费；之前没有可以比较的时间。",
        en="Plain requests were charged {now}; requests charged: {charges}. There is no earlier time to compare with.",
        when_zh="请求的扣费没有平时可比时使用。", when_en="Where requests were charged and there is no usual.",
    ),
    _told(
        "drop_expired",
        zh="额度到期没有用完，{now} 离开了余额。",
        en="Credit was not used before its end, and {now} of it left the balance.",
        when_zh="余额因额度过期下降时使用。", when_en="Where credit that expired lowered a balance.",
    ),
    _told(
        "drop_cash",
        zh="充值退款从余额扣出 {now}，退回给付款人。",
        en="A refund of recharges took {now} out of the balance, and goes back to whoever paid.",
        when_zh="余额因充值退款下降时使用。", when_en="Where a refund of recharges lowered a balance.",
    ),
    _told(
        "drop_taken_back",
        zh="结束的额度收回了 {now}。",
        en="Credit that was ended took {now} with it.",
        when_zh="余额因额度收回下降时使用。", when_en="Where credit that was taken back lowered a balance.",
    ),
    _told(
        "drop_adjusted",
        zh="经批准的更正从余额扣出 {now}。",
        en="Approved corrections took {now} out of the balance.",
        when_zh="余额因更正下降时使用。", when_en="Where a correction lowered a balance.",
    ),
    _told(
        "drop_returned",
        zh="这段时间扣的费用里，有 {amount} 之后已经退回余额。",
        en="Of what was charged in this time, {amount} has been returned to the balance since.",
        when_zh="扣费在这段时间之后已经退回时使用。", when_en="Where charges were returned after the time in question.",
    ),
    _told(
        "drop_as_usual",
        zh="离开余额 {now}，平时同样长的时间约 {usual}（与之前 {windows} 段时间比较）。",
        en="{now} left the balance, where about {usual} is usual in as long a time (compared with {windows} earlier ones).",
        when_zh="与平时相当时使用。", when_en="Where nothing differs from usual.",
    ),
    _told(
        "drop_nothing",
        zh="这段时间离开余额的金额是 {now}；之前没有可以比较的时间。",
        en="{now} left the balance in this time; there is no earlier time to compare with.",
        when_zh="没有什么离开余额、也没有平时可比时使用。", when_en="Where nothing left the balance and there is no usual.",
    ),
    _told(
        "drop_held",
        zh="余额 {posted} 里有 {amount} 正为进行中的请求和任务预留，现在不能使用，但没有扣掉。",
        en="Of the balance of {posted}, {amount} is reserved for requests and tasks in progress: it cannot be spent now, and has not been charged.",
        when_zh="看起来减少的是预留时使用。", when_en="Where what seems to be gone is reserved.",
    ),
    _told(
        "drop_frozen",
        zh="余额 {posted} 里有 {amount} 因付款争议被冻结，现在不能使用，但没有扣掉。",
        en="Of the balance of {posted}, {amount} is frozen because its payment is disputed: it cannot be spent now, and has not been charged.",
        when_zh="看起来减少的是冻结的额度时使用。", when_en="Where what seems to be gone is frozen.",
    ),
)  # fmt: skip

_OTHERWISES = (
    _otherwise(
        "drop_duplicates",
        zh="没有这些重复，余额会多 {amount}。", en="Without these copies the balance would be higher by {amount}.",
        when_zh="没有重复提交会怎样。", when_en="How it would be without the duplicates.",
    ),
    _otherwise(
        "drop_retries",
        zh="客户端不重试，余额会多 {amount}。", en="Without these retries the balance would be higher by {amount}.",
        when_zh="没有客户端重试会怎样。", when_en="How it would be without the retries.",
    ),
    _otherwise(
        "drop_tasks",
        zh="任务和平时一样多，余额会多 {amount}。", en="With as many tasks as usual the balance would be higher by {amount}.",
        when_zh="任务和平时一样会怎样。", when_en="How it would be with tasks as usual.",
    ),
    _otherwise(
        "drop_loop",
        zh="没有这个循环，余额会多 {amount}。", en="Without this loop the balance would be higher by {amount}.",
        when_zh="没有循环的脚本会怎样。", when_en="How it would be without the loop.",
    ),
    _otherwise(
        "drop_price",
        zh="按原来的价格，余额会多 {amount}。", en="At the prices of before the balance would be higher by {amount}.",
        when_zh="价格没有上调会怎样。", when_en="How it would be at the prices of before.",
    ),
    _otherwise(
        "drop_tier",
        zh="按原来的倍率，余额会多 {amount}。", en="At the price tier of before the balance would be higher by {amount}.",
        when_zh="倍率没有上调会怎样。", when_en="How it would be at the tier of before.",
    ),
    _otherwise(
        "drop_dearer",
        zh="用平时的模型，余额会多 {amount}。", en="With the usual models the balance would be higher by {amount}.",
        when_zh="没有换用更贵的模型会怎样。", when_en="How it would be with the usual models.",
    ),
    _otherwise(
        "drop_more_use",
        zh="请求和平时一样多，余额会多 {amount}。", en="With as many requests as usual the balance would be higher by {amount}.",
        when_zh="请求和平时一样会怎样。", when_en="How it would be with requests as usual.",
    ),
    _otherwise(
        "drop_expired",
        zh="在到期之前用掉，这些额度就不会作废。", en="Used before its end, this credit would not have been lost.",
        when_zh="额度没有过期会怎样。", when_en="How it would be had the credit been used.",
    ),
    _otherwise(
        "drop_cash",
        zh="没有这笔退款，余额会多 {amount}。", en="Without this refund the balance would be higher by {amount}.",
        when_zh="没有充值退款会怎样。", when_en="How it would be without the refund.",
    ),
    _otherwise(
        "drop_taken_back",
        zh="额度没有被收回，余额会多 {amount}。", en="Had the credit stayed, the balance would be higher by {amount}.",
        when_zh="额度没有收回会怎样。", when_en="How it would be had the credit stayed.",
    ),
    _otherwise(
        "drop_adjusted",
        zh="没有这笔更正，余额会多 {amount}。", en="Without the correction the balance would be higher by {amount}.",
        when_zh="没有更正会怎样。", when_en="How it would be without the correction.",
    ),
    _otherwise(
        "drop_returned",
        zh="这些扣费已经退回，余额不再因此减少。", en="These charges are back, and lower the balance no longer.",
        when_zh="扣费已经退回之后是怎样。", when_en="How it is now that the charges are back.",
    ),
    _otherwise(
        "drop_held",
        zh="进行中的请求和任务结束后，没有用掉的会放回。", en="What the work in progress does not use is released when it ends.",
        when_zh="预留结束之后会怎样。", when_en="How it will be when the reservations end.",
    ),
    _otherwise(
        "drop_frozen",
        zh="争议结束并对你有利时，这些额度可以再用。", en="If the dispute ends in your favour, this credit can be spent again.",
        when_zh="冻结解除之后会怎样。", when_en="How it will be when the credit is no longer frozen.",
    ),
)  # fmt: skip

ENTRIES = _TEXTS + _OTHERWISES
