"""What people are told without asking: each announcement's subject line, its text, and what to do next.

A `NOTIFICATION` is a kind of announcement: the label is the subject line, the explanation says what it means. The
`NOTIFICATION_TEXT` of the same code is what happened and what is true now; its explanation says when it is sent. Labels
are filled in with the announcement's facts.
"""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_AT_BALANCE = Text(
    zh="看账户的余额、预留和最近的扣费。",
    en="Look at the account's balance, what is reserved, and its latest charges.",
)
_LOOK_AT_LIMITS = Text(
    zh="看限额的已用、预留和重置时间，以及是哪些 Key 和模型用掉的。",
    en="Look at what the limit has used and reserved, when it resets, and which keys and models used it.",
)
_LOOK_AT_ORDER = Text(
    zh="按订单编号查看订单：付了多少、入账多少、退了多少。",
    en="Look up the order by its id: what was paid, what was credited, what has gone back.",
)
_LOOK_AT_GRANTS = Text(
    zh="看账户的每一笔额度：种类、剩余和到期时间。",
    en="Look at each grant of the account: its kind, what remains of it, and when it expires.",
)
_LOOK_AT_LOG = Text(
    zh="看通知的投递记录：每一次尝试的时间和结果。",
    en="Look at the log of notifications: when each was tried and what came of it.",
)
_LOOK_AT_ATTEMPTS = Text(
    zh="看这个上游最近的尝试，以及它自己的账单页面。",
    en="Look at the latest attempts at this upstream, and at its own billing page.",
)
_TELLING_CHANGES_NOTHING = Text(
    zh="通知只是告知，没有改动余额、限额或任何记录。",
    en="A notification only tells; no balance, limit or record was changed by it.",
)
_PAYMENT_STANDS = Text(
    zh="付款和入账的记录照旧；更正时另记一笔。",
    en="The records of the payment and its credit stand; a correction is a record of its own.",
)


def told(
    code: str,
    *,
    subject: Text,
    meaning: Text,
    text: Text,
    sent: Text,
    look: Text,
    change: Text,
    owner: Owner = Owner.CUSTOMER,
    back: Text = _TELLING_CHANGES_NOTHING,
) -> tuple[Entry, Entry]:
    steps = NextStep(where_to_look=look, what_to_change=change, how_to_go_back=back)
    public = owner is not Owner.OPERATIONS
    return (
        Entry(
            kind=Kind.NOTIFICATION, code=code, owner=owner, public=public, label=subject, explanation=meaning,
            next_step=steps,
        ),
        Entry(
            kind=Kind.NOTIFICATION_TEXT, code=code, owner=owner, public=public, label=text, explanation=sent,
            next_step=steps,
        ),
    )  # fmt: skip


_BALANCE = (
    *told(
        "balance_low",
        subject=Text(zh="余额只剩 {balance}", en="Balance is down to {balance}"),
        meaning=Text(
            zh="可用余额低于这个账户的提醒线；用完之后，请求会被拒绝（402）。",
            en="What can be spent is below the account's alert; once it is used up, calls are refused (402).",
        ),
        text=Text(
            zh="账户 {account} 的可用余额是 {balance}，低于提醒线 {threshold}。现在的请求照常服务。",
            en="Account {account} can spend {balance}, which is below the alert at {threshold}. Calls are still served.",
        ),
        sent=Text(
            zh="可用余额低于提醒线而账户还在使用时发送，每天最多一次。",
            en="Sent while the balance is below the alert and the account is in use, at most once a day.",
        ),
        look=_LOOK_AT_BALANCE,
        change=Text(
            zh="请为账户充值；提醒线可以在账户的提醒设置里修改。",
            en="Recharge the account; the alert can be changed in the account's alert rules.",
        ),
    ),
    *told(
        "balance_lasts_days",
        subject=Text(zh="余额大约还够用 {days} 天", en="Balance lasts about {days} more days"),
        meaning=Text(
            zh="按最近七天的平均花费估算，余额在提醒设置的天数之内就会用完。",
            en="At the average of the last seven days the balance runs out within the days of the account's alert.",
        ),
        text=Text(
            zh="账户 {account} 的可用余额是 {balance}，最近七天平均每天花费 {daily}，照此大约还够用 {days} 天。",
            en="Account {account} can spend {balance}. At {daily} a day, the average of the last seven days, that lasts about {days} days.",
        ),
        sent=Text(
            zh="估算的天数少于设置的天数而账户还在使用时发送，每天最多一次。",
            en="Sent while the estimate is below the days that are set and the account is in use, at most once a day.",
        ),
        look=_LOOK_AT_BALANCE,
        change=Text(
            zh="请在用完之前充值；花费不该这么多时，请看是哪个分组、Key 和模型。",
            en="Recharge before it runs out; if the spending is too high, see which group, key and model it is.",
        ),
    ),
    *told(
        "spend_spike",
        subject=Text(zh="一小时花费 {spent}，远多于平时", en="{spent} spent within an hour, far more than usual"),
        meaning=Text(
            zh="这个账户一小时的花费是它自己平时的许多倍，可能是循环、重试或 Key 泄露。",
            en="The account has spent many times its own usual hour; a loop, retries or a leaked key may be behind it.",
        ),
        text=Text(
            zh="账户 {account} 在 {hour} 开始的一小时里花费 {spent}；最近七天里，有花费的一小时通常是 {usual}。请求照常服务。",
            en="Account {account} spent {spent} in the hour from {hour}; in the last seven days an hour with spending usually took {usual}. Calls are still served.",
        ),
        sent=Text(
            zh="一小时的花费超过自身基线的设定倍数时发送，每天最多一次。",
            en="Sent when an hour exceeds the account's own baseline by the set factor, at most once a day.",
        ),
        look=Text(
            zh="看这一小时的请求：哪个 Key、哪个模型、是不是重复提交。",
            en="Look at the requests of that hour: which key, which model, and whether they are copies of one another.",
        ),
        change=Text(
            zh="不是预期的花费时，请停用那个 Key，或给它设置每日限额。",
            en="If it was not meant, disable the key or give it a daily limit.",
        ),
    ),
    *told(
        "credit_expiring_7d",
        subject=Text(zh="{amount} 的额度将在 {expires} 到期", en="{amount} of credit expires at {expires}"),
        meaning=Text(
            zh="有期限的额度在七天之内到期，没有用完的部分到期后不能再用。",
            en="Credit with an end date expires within seven days; what is not used by then can no longer be spent.",
        ),
        text=Text(
            zh="账户 {account} 有 {amount} 的额度从 {expires} 起到期。没有用完的部分到期后不能再用，其余余额不受影响。",
            en="Account {account} has {amount} of credit that expires from {expires} on. What is unused then can no longer be spent; the rest of the balance stays.",
        ),
        sent=Text(
            zh="额度到期前七天发送；同一天到期的额度合在一起。",
            en="Sent seven days before credit expires; what expires on one day is told together.",
        ),
        look=_LOOK_AT_GRANTS,
        change=Text(
            zh="请在到期之前使用；先到期的额度总是先用。",
            en="Use it before then; credit that expires first is always spent first.",
        ),
    ),
    *told(
        "credit_expiring_1d",
        subject=Text(zh="最后一天：{amount} 的额度在 {expires} 到期", en="Last day: {amount} of credit expires at {expires}"),
        meaning=Text(
            zh="有期限的额度在一天之内到期，没有用完的部分到期后不能再用。",
            en="Credit with an end date expires within a day; what is not used by then can no longer be spent.",
        ),
        text=Text(
            zh="账户 {account} 还有 {amount} 的额度没有用，从 {expires} 起到期，到期后不能再用。其余余额不受影响。",
            en="Account {account} has {amount} of unused credit that expires from {expires} on and can no longer be spent then. The rest of the balance stays.",
        ),
        sent=Text(
            zh="额度到期前一天发送；同一天到期的额度合在一起。",
            en="Sent one day before credit expires; what expires on one day is told together.",
        ),
        look=_LOOK_AT_GRANTS,
        change=Text(
            zh="请在今天使用；到期的额度不会恢复。",
            en="Use it today; expired credit does not come back.",
        ),
    ),
)  # fmt: skip


def _limit(code: str, *, subject: Text, text: Text, meaning: Text, sent: Text, change: Text) -> tuple[Entry, Entry]:
    return told(
        code, subject=subject, meaning=meaning, text=text, sent=sent, look=_LOOK_AT_LIMITS, change=change,
        owner=Owner.TEAM_ADMIN,
    )  # fmt: skip


_LIMITS = (
    *_limit(
        "account_limit_80",
        subject=Text(zh="账户的{window}限额已用 80%", en="80% of the account's {window} limit is used"),
        meaning=Text(
            zh="账户限额用掉了八成；全部用完之后，账户的所有请求会被拒绝。",
            en="Four fifths of a limit on the whole account are used; when all of it is, every call of the account is refused.",
        ),
        text=Text(
            zh="账户 {account} 的{window}限额（{unit}）已用 {used}，上限 {limit}。重置时间：{resets}。",
            en="Account {account} has used {used} of {limit}, its {window} limit of {unit}. Next reset: {resets}.",
        ),
        sent=Text(
            zh="账户限额用到八成时发送，每个周期一次。", en="Sent when an account's limit is four fifths used, once per period."
        ),
        change=Text(
            zh="需要更多时，请提高账户的限额，或等它重置。",
            en="Raise the account's limit if more is needed, or wait for the reset.",
        ),
    ),
    *_limit(
        "account_limit_100",
        subject=Text(zh="账户的{window}限额已用完", en="The account's {window} limit is used up"),
        meaning=Text(
            zh="账户限额已经用完，或剩下的不够一个请求；在重置或提高之前，请求会被拒绝。",
            en="A limit on the whole account is used up, or too little is left for a call; calls are refused until it resets or is raised.",
        ),
        text=Text(
            zh="账户 {account} 的{window}限额（{unit}）已用 {used}，上限 {limit}，超出剩余部分的请求被拒绝。重置时间：{resets}。",
            en="Account {account} has used {used} of {limit}, its {window} limit of {unit}. Calls that need more than is left are refused. Next reset: {resets}.",
        ),
        sent=Text(
            zh="账户限额用完，或因它拒绝了请求时发送，每个周期一次。",
            en="Sent when an account's limit is used up or has refused a call, once per period.",
        ),
        change=Text(
            zh="请提高账户的限额，或等它重置；余额没有因此减少。",
            en="Raise the account's limit or wait for the reset; the balance is not affected.",
        ),
    ),
    *_limit(
        "group_limit_80",
        subject=Text(zh="分组 {group} 的{window}额度已用 80%", en="Group {group}: 80% of its {window} quota is used"),
        meaning=Text(
            zh="分组额度用掉了八成；全部用完之后，这个分组的所有 Key 都会被拒绝。",
            en="Four fifths of a group's quota are used; when all of it is, every key of the group is refused.",
        ),
        text=Text(
            zh="分组 {group} 的{window}额度（{unit}）已用 {used}，上限 {limit}。重置时间：{resets}。",
            en="Group {group} has used {used} of {limit}, its {window} quota of {unit}. Next reset: {resets}.",
        ),
        sent=Text(zh="分组额度用到八成时发送，每个周期一次。", en="Sent when a group's quota is four fifths used, once per period."),
        change=Text(
            zh="需要更多时，请提高分组额度，或等它重置。",
            en="Raise the group's quota if more is needed, or wait for the reset.",
        ),
    ),
    *_limit(
        "group_limit_100",
        subject=Text(zh="分组 {group} 的{window}额度已用完", en="Group {group}: its {window} quota is used up"),
        meaning=Text(
            zh="分组额度已经用完，或剩下的不够一个请求；在重置或提高之前，这个分组的请求会被拒绝。",
            en="A group's quota is used up, or too little is left for a call; the group's calls are refused until it resets or is raised.",
        ),
        text=Text(
            zh="分组 {group} 的{window}额度（{unit}）已用 {used}，上限 {limit}，超出剩余部分的请求被拒绝。重置时间：{resets}。",
            en="Group {group} has used {used} of {limit}, its {window} quota of {unit}. Calls that need more than is left are refused. Next reset: {resets}.",
        ),
        sent=Text(
            zh="分组额度用完，或因它拒绝了请求时发送，每个周期一次。",
            en="Sent when a group's quota is used up or has refused a call, once per period.",
        ),
        change=Text(
            zh="请提高分组额度，或等它重置；其他分组不受影响。",
            en="Raise the group's quota or wait for the reset; other groups are not affected.",
        ),
    ),
    *_limit(
        "key_limit_80",
        subject=Text(zh="Key {key} 的{window}限额已用 80%", en="Key {key}: 80% of its {window} limit is used"),
        meaning=Text(
            zh="单个 Key 的限额用掉了八成；全部用完之后，这个 Key 会被拒绝。",
            en="Four fifths of a key's own limit are used; when all of it is, the key is refused.",
        ),
        text=Text(
            zh="Key {key} 的{window}限额（{unit}）已用 {used}，上限 {limit}。重置时间：{resets}。",
            en="Key {key} has used {used} of {limit}, its {window} limit of {unit}. Next reset: {resets}.",
        ),
        sent=Text(zh="Key 的限额用到八成时发送，每个周期一次。", en="Sent when a key's limit is four fifths used, once per period."),
        change=Text(
            zh="需要更多时，请提高这个 Key 的限额，或等它重置。",
            en="Raise the key's limit if more is needed, or wait for the reset.",
        ),
    ),
    *_limit(
        "key_limit_100",
        subject=Text(zh="Key {key} 的{window}限额已用完", en="Key {key}: its {window} limit is used up"),
        meaning=Text(
            zh="单个 Key 的限额已经用完，或剩下的不够一个请求；在重置或提高之前，这个 Key 会被拒绝。",
            en="A key's own limit is used up, or too little is left for a call; the key is refused until it resets or is raised.",
        ),
        text=Text(
            zh="Key {key} 的{window}限额（{unit}）已用 {used}，上限 {limit}，超出剩余部分的请求被拒绝。重置时间：{resets}。",
            en="Key {key} has used {used} of {limit}, its {window} limit of {unit}. Calls that need more than is left are refused. Next reset: {resets}.",
        ),
        sent=Text(
            zh="Key 的限额用完，或因它拒绝了请求时发送，每个周期一次。",
            en="Sent when a key's limit is used up or has refused a call, once per period.",
        ),
        change=Text(
            zh="请提高这个 Key 的限额，或等它重置；其他 Key 不受影响。",
            en="Raise the key's limit or wait for the reset; other keys are not affected.",
        ),
    ),
)  # fmt: skip

_ORDERS = (
    *told(
        "order_credited",
        subject=Text(zh="充值 {credited} 已入账", en="Recharge credited: {credited}"),
        meaning=Text(
            zh="付款已经确认，金额已经记入账户余额，可以使用。",
            en="The payment is confirmed and its credit is in the account's balance, ready to be spent.",
        ),
        text=Text(
            zh="订单 {order} 已付 {paid}，账户 {account} 入账 {credited}；赠送：{bonus}。",
            en="Order {order} was paid with {paid}, and account {account} was credited {credited}; bonus: {bonus}.",
        ),
        sent=Text(zh="订单入账时发送，每个订单一次。", en="Sent when an order is credited, once per order."),
        look=_LOOK_AT_ORDER,
        change=Text(
            zh="不需要操作；金额与付款不符时，请带订单编号联系客服。",
            en="There is nothing to do; if the amounts are not what you paid, contact support with the order's id.",
        ),
        back=_PAYMENT_STANDS,
    ),
    *told(
        "order_refunded",
        subject=Text(zh="订单已退款 {refunded}", en="Order refunded: {refunded}"),
        meaning=Text(
            zh="订单的付款已经退回一部分或全部，相应的额度已从余额中扣除。",
            en="Part or all of an order's payment has gone back, and the credit for it has left the balance.",
        ),
        text=Text(
            zh="订单 {order} 的付款已退回 {refunded}（共付 {paid}），账户 {account} 的相应额度已扣除。",
            en="{refunded} of order {order} ({paid} was paid) have gone back, and the credit for it has left account {account}.",
        ),
        sent=Text(zh="退款完成时发送，每笔退款一次。", en="Sent when a refund is done, once per refund."),
        look=_LOOK_AT_ORDER,
        change=Text(
            zh="到账时间由付款渠道决定；几天后仍未到账，请带订单编号联系客服。",
            en="When it arrives is up to the payment provider; if it has not after some days, contact support with the order's id.",
        ),
        back=_PAYMENT_STANDS,
    ),
    *told(
        "order_disputed",
        subject=Text(zh="订单 {order} 的付款有争议", en="The payment of order {order} is disputed"),
        meaning=Text(
            zh="付款人向银行或渠道提出了争议；在有结论之前，这个订单的额度被冻结。",
            en="Whoever paid has disputed it at the bank or provider; the order's credit is frozen until that is decided.",
        ),
        text=Text(
            zh="订单 {order}（已付 {paid}）的付款有争议，它在账户 {account} 里没有用完的额度已冻结，其余余额照常可用。",
            en="The payment of order {order} ({paid}) is disputed. What is left of its credit in account {account} is frozen; the rest of the balance can be spent.",
        ),
        sent=Text(zh="收到争议时发送，每次争议一次。", en="Sent when a dispute is opened, once per dispute."),
        look=_LOOK_AT_ORDER,
        change=Text(
            zh="请向付款人确认；是误会时，请付款人在银行或渠道撤回争议。",
            en="Ask whoever paid; if it is a mistake, they can withdraw the dispute at the bank or provider.",
        ),
        back=_PAYMENT_STANDS,
    ),
    *told(
        "invoice_decided",
        subject=Text(zh="订单 {order} 的发票：{invoice_state}", en="Invoice of order {order}: {invoice_state}"),
        meaning=Text(
            zh="财务处理了一个开票申请：已经开票，或没有通过。",
            en="Finance has dealt with a request for an invoice: it was issued, or turned down.",
        ),
        text=Text(
            zh="订单 {order} 的开票申请（{amount}）：{invoice_state}。发票号码或未通过的理由记在申请里。",
            en="The request for an invoice of order {order} ({amount}): {invoice_state}. The invoice's number, or the reason, is on record with the request.",
        ),
        sent=Text(zh="开票申请有结果时发送，每个申请一次。", en="Sent when a request for an invoice is decided, once per request."),
        look=Text(
            zh="按订单编号查看开票申请的结果、号码或理由。",
            en="Look up the order's request for an invoice: its outcome, number or reason.",
        ),
        change=Text(
            zh="没有通过的，请按理由改正后重新申请；已经开票的，请按号码查收。",
            en="If it was turned down, correct what the reason names and ask anew; if it was issued, look for it by its number.",
        ),
    ),
    *told(
        "order_attention",
        owner=Owner.OPERATIONS,
        subject=Text(zh="订单 {order} 需要有人看一下：{what}", en="Order {order} needs a look: {what}"),
        meaning=Text(
            zh="付款渠道的消息与订单对不上，或有一步没有完成，需要运营判断。",
            en="What a payment provider says does not fit the order, or a step was not done, and somebody has to judge.",
        ),
        text=Text(
            zh="订单 {order}（应付 {paid}，应入账 {credited}）：{what}。系统没有自行猜测，订单停在最后确认的状态。",
            en="Order {order} (payment {paid}, credit {credited}): {what}. Nothing was guessed; the order stands as it was last confirmed.",
        ),
        sent=Text(zh="订单出现需要判断的情况时发送，每种情况一次。", en="Sent when an order needs a judgement, once per reason."),
        look=Text(
            zh="看订单的历史和它收到的每一条渠道通知。",
            en="Look at the order's history and at every notice that arrived for it.",
        ),
        change=Text(
            zh="请与渠道后台核对，再按订单页面的步骤处理。",
            en="Compare it with the provider's own console, then act on the order.",
        ),
        back=_PAYMENT_STANDS,
    ),
    *told(
        "code_redeemed",
        subject=Text(zh="兑换码已兑换：{credited}", en="Code redeemed: {credited}"),
        meaning=Text(
            zh="一个兑换码已在这个账户兑换，额度已经可以使用。",
            en="A redemption code was redeemed on this account, and its credit can be spent.",
        ),
        text=Text(
            zh="兑换码 {code} 已在账户 {account} 兑换，入账 {credited}。",
            en="Code {code} was redeemed on account {account}, which was credited {credited}.",
        ),
        sent=Text(zh="兑换成功时发送，每个兑换码一次。", en="Sent when a code is redeemed, once per code."),
        look=_LOOK_AT_GRANTS,
        change=Text(
            zh="不需要操作；不是你们兑换的，请带兑换码的末几位联系客服。",
            en="There is nothing to do; if it was not you, contact support with the code's last characters.",
        ),
        back=_PAYMENT_STANDS,
    ),
    *told(
        "task_refunded",
        subject=Text(zh="任务已退款 {refunded}", en="Task refunded: {refunded}"),
        meaning=Text(
            zh="一个任务的扣费已退回余额，一部分或全部。",
            en="Part or all of what a task was charged is back in the balance.",
        ),
        text=Text(
            zh="任务 {task} 的扣费已退回 {refunded}，已记入账户 {account} 的余额。",
            en="{refunded} of the charge of task {task} are back in the balance of account {account}.",
        ),
        sent=Text(zh="任务退款时发送，每笔退款一次。", en="Sent when a task is refunded, once per refund."),
        look=Text(
            zh="按任务编号查看它的状态、扣费标记和退款。",
            en="Look up the task by its id: its state, its charge mark and its refunds.",
        ),
        change=Text(
            zh="不需要操作；需要时可以再次提交这个任务。",
            en="There is nothing to do; submit the task again if you still want it.",
        ),
        back=Text(
            zh="退款照旧有效；再次提交会另行扣费。",
            en="The refund stands; a new submission is charged by itself.",
        ),
    ),
)  # fmt: skip

_OPERATIONS = (
    *told(
        "upstream_out_of_money",
        owner=Owner.OPERATIONS,
        subject=Text(zh="上游 {upstream} 的余额用完了", en="Upstream {upstream} is out of money"),
        meaning=Text(
            zh="上游因为我们在它那里的余额或额度不足而拒绝；客户看到的是 503，没有扣费。",
            en="An upstream refuses because our own balance or quota there is used up; customers get a 503 and are not charged.",
        ),
        text=Text(
            zh="上游 {upstream} 最近以余额不足拒绝了请求。有其他上游的模型已自动切换，其余请求得到 503，没有扣费。",
            en="Upstream {upstream} has lately refused calls for lack of money. Models with another upstream go on there; other calls get a 503 and are not charged.",
        ),
        sent=Text(
            zh="上游以余额不足拒绝时发送，每六小时最多一次。", en="Sent when an upstream refuses for lack of money, at most every six hours."
        ),
        look=_LOOK_AT_ATTEMPTS,
        change=Text(
            zh="请在上游充值或提高额度；暂时不能时，先停用它。",
            en="Add money or raise the quota there; disable the upstream until that is possible.",
        ),
    ),
    *told(
        "channel_test",
        subject=Text(zh="测试通知", en="Test notification"),
        meaning=Text(
            zh="有人测试了这个通知渠道；收到它，说明渠道可用。",
            en="Somebody tried this channel; that this has arrived means that it works.",
        ),
        text=Text(
            zh="这是一条测试通知，没有发生任何事情。以后的通知会送到这里。",
            en="This is a test; nothing has happened. Notifications will arrive here.",
        ),
        sent=Text(zh="有人测试渠道时发送。", en="Sent when somebody tests a channel."),
        look=_LOOK_AT_LOG,
        change=Text(zh="不需要操作。", en="There is nothing to do."),
    ),
)  # fmt: skip

ENTRIES: tuple[Entry, ...] = (*_BALANCE, *_LIMITS, *_ORDERS, *_OPERATIONS)
