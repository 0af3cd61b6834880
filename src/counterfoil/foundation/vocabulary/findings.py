"""Findings: what a question about money comes down to, in general and without a number.

Each is understood alone: what is so, what it means for the money, who can act and what is done next. The sentences with
numbers are in `finding_texts.py`; those about recharges are in `finding_credits.py`.
"""

from __future__ import annotations

from dataclasses import replace

from counterfoil.foundation.vocabulary import causes
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

# Whether credit has expired or is disputed is for the account: a request id gets pasted into chats.
_ACCOUNTS_OWN = frozenset({"credit_expired", "credit_frozen"})


def finding(
    code: str,
    *,
    owner: Owner,
    label: Text,
    explanation: Text,
    look: Text,
    change: Text,
    back: Text,
    public: bool = True,
) -> Entry:
    return Entry(
        kind=Kind.FINDING,
        code=code,
        owner=owner,
        public=public,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=back),
    )


# A cause of a refusal is a finding with the same words.
_CAUSES = tuple(replace(one, kind=Kind.FINDING, public=one.code not in _ACCOUNTS_OWN) for one in causes.ENTRIES)

_REFUSED = (
    finding(
        "account_limit_reached",
        owner=Owner.CUSTOMER,
        label=Text(zh="账户限额用完", en="Account limit used up"),
        explanation=Text(
            zh="账户自己设了限额，当前周期已经用到上限；余额还在，只是不能再花。",
            en="The account has a limit of its own and has reached it for this period; the balance is there, but may not be spent.",
        ),
        look=Text(
            zh="看账户的每日、每月和总计限额，已用、预留和重置时间。",
            en="Look at the account's daily, monthly and total limits: what is used, what is reserved, and the reset.",
        ),
        change=Text(
            zh="请账户所有者提高账户限额，或等重置；充值不能解决。",
            en="The account's owner can raise the limit, or wait for the reset; a recharge does not help.",
        ),
        back=Text(
            zh="需要时把账户限额调回原来的数值。",
            en="Set the account's limit back to its earlier amount when you want to.",
        ),
    ),
    finding(
        "refused_for_its_code",
        owner=Owner.CUSTOMER,
        label=Text(zh="与余额无关的拒绝", en="Refused for another reason than money"),
        explanation=Text(
            zh="拒绝的原因就是错误代码所说的那一个，余额和额度没有影响；没有扣费。",
            en="The reason is the one that the error's code names; balance and limits had no part in it, and nothing was charged.",
        ),
        look=Text(
            zh="看错误代码和没有通过的那一项检查。",
            en="Look at the error's code and at the check that did not pass.",
        ),
        change=Text(
            zh="请按错误代码的说明处理，再重新发送。",
            en="Do what the code's explanation says, then send the request again.",
        ),
        back=Text(
            zh="没有预留也没有扣费，不需要撤销。",
            en="Nothing was reserved or charged, so there is nothing to undo.",
        ),
    ),
    finding(
        "refused_elsewhere",
        owner=Owner.CUSTOMER,
        label=Text(zh="另一个服务的错误", en="Another service's error"),
        explanation=Text(
            zh="这段错误不是由这里作出的：用尽的是另一个服务的余额或额度，这里的余额没有变化。",
            en="This error was not made here: it is another service's balance or quota that is used up, and nothing has changed here.",
        ),
        look=Text(
            zh="看客户端设置的接口地址和 Key 属于哪个服务，再到那个服务里看余额。",
            en="See which service the client's base address and key belong to, and look at the balance there.",
        ),
        change=Text(
            zh="本来要用这里的服务时，请把接口地址和 Key 换成这里的；否则请到那个服务充值。",
            en="If you meant to call this service, set its address and a key of it; otherwise recharge at the other one.",
        ),
        back=Text(
            zh="接口地址和 Key 随时可以改回。",
            en="Address and key can be set back at any time.",
        ),
    ),
)

_SPENT = (
    finding(
        "script_loop",
        owner=Owner.CUSTOMER,
        label=Text(zh="循环的脚本", en="A script in a loop"),
        explanation=Text(
            zh="一个程序一次接一次地发送请求，中间没有停顿，很像没有退出条件的循环；每一次都照常扣费。",
            en="A program sends one request after the other without a pause, like a loop that never ends; each of them is charged as usual.",
        ),
        look=Text(
            zh="看是哪个 Key、哪个客户端，从什么时候开始，以及每分钟的请求数。",
            en="See which key and client it is, since when, and how many requests a minute there are.",
        ),
        change=Text(
            zh="请停下脚本，改好退出条件，并给它的 Key 设每日限额。",
            en="Stop the script, mend the condition that ends it, and give its key a daily limit.",
        ),
        back=Text(
            zh="已经完成的请求不会退费；Key 可以先停用，随时再启用。",
            en="What was served is not refunded; the key can be disabled meanwhile and enabled again at any time.",
        ),
    ),
    finding(
        "tasks_spent",
        owner=Owner.CUSTOMER,
        label=Text(zh="任务花费大", en="Spent on tasks"),
        explanation=Text(
            zh="这段时间的花费主要来自图片、视频或音频任务；一个任务的费用常常抵得上许多次聊天。",
            en="Most of this time's spending went into image, video or audio tasks; one task often costs as much as many chat requests.",
        ),
        look=Text(
            zh="逐个看任务：种类、时长、分辨率、数量和扣费标记。",
            en="Look at the tasks one by one: kind, length, resolution, count and charge mark.",
        ),
        change=Text(
            zh="提交之前用 POST /v1/estimate 试算，或给 Key 设单次费用上限。",
            en="Try POST /v1/estimate before you submit one, or set a ceiling for one request on the key.",
        ),
        back=Text(
            zh="失败的任务不扣费；完成的任务扣费有疑问时，请带任务编号联系客服。",
            en="A failed task costs nothing; if you doubt the charge of one that succeeded, contact support with its id.",
        ),
    ),
    finding(
        "price_raised",
        owner=Owner.CUSTOMER,
        label=Text(zh="价格上调", en="Price raised"),
        explanation=Text(
            zh="所用模型的价格在这段时间上调，同样的用量比以前贵。",
            en="The price of a model in use went up in this time, and the same use costs more than before.",
        ),
        look=Text(
            zh="看价目表的生效日期，以及扣费里记着的价格版本和算法。",
            en="Look at when the price took effect, and at the price version and arithmetic that each charge has on record.",
        ),
        change=Text(
            zh="请改用便宜一档的模型，或按新价格调整限额。",
            en="Use a cheaper model, or set limits that fit the new price.",
        ),
        back=Text(
            zh="扣费按请求当时的价格计算，不会追溯更改。",
            en="A charge is made at the price of its own time and is not changed afterwards.",
        ),
    ),
    finding(
        "tier_raised",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="倍率上调", en="Price tier raised"),
        explanation=Text(
            zh="分组的价格倍率在这段时间上调，这个分组的每一笔扣费都按新的倍率计算。",
            en="The group's price tier was raised in this time, and each charge of the group is multiplied by the new one.",
        ),
        look=Text(
            zh="看分组的倍率，以及前后两笔扣费记着的倍率。",
            en="Look at the group's tier, and at the tiers on record of charges before and after.",
        ),
        change=Text(
            zh="请让团队管理员确认倍率是不是有意调整；也可以改用其他分组的 Key。",
            en="Ask your team admin whether the change was meant; a key of another group works too.",
        ),
        back=Text(
            zh="倍率可以调回；已经扣的按当时的倍率，不会改变。",
            en="The tier can be put back; what was charged stays as it was charged.",
        ),
    ),
    finding(
        "dearer_model",
        owner=Owner.CUSTOMER,
        label=Text(zh="换用更贵的模型", en="A dearer model is used"),
        explanation=Text(
            zh="请求的数量没有多出多少，但改用了更贵的模型，平均每次的费用随之上升。",
            en="There are hardly more requests, but they go to a dearer model, so that each costs more on average.",
        ),
        look=Text(
            zh="按模型看花费，找到是从什么时候、哪个 Key 开始换的。",
            en="Look at spending by model, and find since when and with which key it changed.",
        ),
        change=Text(
            zh="请检查客户端设置的模型名称；不需要那么贵时换回原来的，或用模型权限限定。",
            en="Check the model name that the client is set to; go back to the earlier one, or restrict the key to it.",
        ),
        back=Text(
            zh="下一次请求换回原来的模型即可。",
            en="Use the earlier model again with your next request.",
        ),
    ),
    finding(
        "more_use",
        owner=Owner.CUSTOMER,
        label=Text(zh="用量增加", en="More use than usual"),
        explanation=Text(
            zh="请求比平时多，单价没有变化；没有发现重复、重试或循环。",
            en="There are more requests than usual at the same price each; no copies, retries or loops were found among them.",
        ),
        look=Text(
            zh="按 Key、分组、客户端和小时看，是谁、在什么时候多用了。",
            en="Look by key, group, client and hour: who used more, and when.",
        ),
        change=Text(
            zh="如果不是预期的使用，请给相应的 Key 或分组设限额。",
            en="If this was not intended, set a limit on the key or group.",
        ),
        back=Text(
            zh="限额可以随时调整或取消。",
            en="A limit can be changed or removed at any time.",
        ),
    ),
    finding(
        "cash_refunded",
        owner=Owner.FINANCE,
        label=Text(zh="充值退回，余额减少", en="Recharge paid back"),
        explanation=Text(
            zh="余额减少是因为一笔充值退回给了付款人，不是使用造成的。",
            en="The balance is lower because a recharge went back to whoever paid it, and not because of use.",
        ),
        look=Text(
            zh="看这段时间退款的订单：金额、时间和由谁提出。",
            en="Look at the orders refunded in this time: how much, when, and who asked for it.",
        ),
        change=Text(
            zh="没有申请过退款时，请带订单编号联系客服；要继续使用，请重新充值。",
            en="If nobody asked for it, contact support with the order's id; recharge again to go on.",
        ),
        back=Text(
            zh="退款不能撤回；需要时重新充值。",
            en="A refund is not taken back; recharge again when you need to.",
        ),
    ),
    finding(
        "credit_taken_back",
        owner=Owner.FINANCE,
        label=Text(zh="额度收回", en="Credit taken back"),
        explanation=Text(
            zh="一笔额度由服务方收回，余额随之减少，不是使用造成的。",
            en="The operator took a piece of credit back, which lowered the balance; it was not used.",
        ),
        look=Text(
            zh="看是哪一笔额度、由谁在什么时候收回，以及批准的理由。",
            en="Look at which credit it was, who took it back and when, and the reason that was approved.",
        ),
        change=Text(
            zh="不清楚原因时，请带额度的编号联系客服。",
            en="If the reason is not clear, contact support with the credit's id.",
        ),
        back=Text(
            zh="收错了由服务方按审批另发一笔补偿额度。",
            en="Where it was a mistake, the operator grants compensation, by approval.",
        ),
    ),
    finding(
        "balance_adjusted",
        owner=Owner.FINANCE,
        label=Text(zh="余额调整", en="Balance adjusted"),
        explanation=Text(
            zh="余额由服务方按审批调低，不是使用造成的。",
            en="The operator lowered the balance by an approved adjustment; it was not use.",
        ),
        look=Text(
            zh="看调整的时间、金额和批准的理由。",
            en="Look at the adjustment's time and amount, and the reason that was approved.",
        ),
        change=Text(
            zh="对调整有疑问时，请带时间和金额联系客服。",
            en="If you doubt it, contact support with its time and amount.",
        ),
        back=Text(
            zh="调整有误时另记一笔更正。",
            en="A wrong adjustment is corrected by another one.",
        ),
    ),
    finding(
        "use_as_usual",
        owner=Owner.CUSTOMER,
        label=Text(zh="与平时一样", en="Use as usual"),
        explanation=Text(
            zh="这段时间的扣费与这个账户平时的水平相当，没有发现异常；余额是正常用掉的。",
            en="What was charged in this time is what this account usually spends, and nothing unusual was found: the balance went into ordinary use.",
        ),
        look=Text(
            zh="看每一笔变动相加的结果：期初、充值、退款、扣费、期末。",
            en="Look at how it adds up: opening, recharges, refunds, charges, closing.",
        ),
        change=Text(
            zh="想少花一些，请设限额或换便宜一档的模型；想不中断，请提前充值。",
            en="Set limits or use a cheaper model to spend less; recharge in time so as not to be interrupted.",
        ),
        back=Text(
            zh="这里没有需要撤销的。",
            en="There is nothing here to undo.",
        ),
    ),
)

_FAILED = (
    finding(
        "not_charged",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有扣费", en="Not charged"),
        explanation=Text(
            zh="账本里没有这次请求或任务的扣费；为它预留过的金额已经全部放回余额。",
            en="The ledger has no charge for this request or task, and all that had been reserved for it is back in the balance.",
        ),
        look=Text(
            zh="看它的状态、扣费标记，以及预留是怎样结束的。",
            en="Look at its state, its charge mark, and how its reservation ended.",
        ),
        change=Text(
            zh="可以放心重新发送；一直失败时，请带编号联系客服。",
            en="You can safely send it again; if it keeps failing, contact support with its id.",
        ),
        back=Text(
            zh="没有扣费，没有需要退回的金额。",
            en="Nothing was taken, so nothing has to be returned.",
        ),
    ),
    finding(
        "charge_refunded",
        owner=Owner.CUSTOMER,
        label=Text(zh="扣费已退回", en="Charge refunded"),
        explanation=Text(
            zh="曾经扣过费，之后已经退回余额，扣费和退款在账本里各有一笔。",
            en="It was charged, and the charge has since been returned to the balance; the ledger has a row for each.",
        ),
        look=Text(
            zh="看退款的时间和金额，它们另记一笔，不会改动原来的扣费。",
            en="Look at the refund's time and amount; it is a row of its own, and the charge's row stays.",
        ),
        change=Text(
            zh="不需要操作；退得不够时，请带编号联系客服。",
            en="There is nothing to do; if too little was returned, contact support with its id.",
        ),
        back=Text(
            zh="退款已经入账；再次发送会重新计费。",
            en="The refund is posted; sending it again is charged anew.",
        ),
    ),
    finding(
        "charged_for_delivery",
        owner=Owner.CUSTOMER,
        label=Text(zh="已交付并扣费", en="Delivered and charged"),
        explanation=Text(
            zh="它在这里的最终状态是完成，结果已经交付，扣费是为交付的内容；客户端显示的失败发生在交付之后或途中。",
            en="Its final state here is done: the result was delivered and the charge is for that. A failure that the client showed came on the way or afterwards.",
        ),
        look=Text(
            zh="看最终状态、下载状态和下载期限；任务的结果可以再取。",
            en="Look at the final state, the download state and its time limit; a task's result can be fetched again.",
        ),
        change=Text(
            zh="请按任务编号取回结果，不要重新提交；客户端的超时设置应长于模型需要的时间。",
            en="Fetch the result by its id instead of submitting it again, and let the client's timeout be longer than the model takes.",
        ),
        back=Text(
            zh="结果确实有问题时，请带编号联系客服核对；退款另记一笔。",
            en="If something is wrong with the result, contact support with its id; a refund is a row of its own.",
        ),
    ),
    finding(
        "charged_in_part",
        owner=Owner.CUSTOMER,
        label=Text(zh="只扣了一部分", en="Charged in part"),
        explanation=Text(
            zh="没有全部完成，只为已经交付或已经开始的部分扣费，其余的预留已经放回。",
            en="It was not done in full: only what was delivered or had been begun was charged, and the rest of the reservation released.",
        ),
        look=Text(
            zh="看交付了多少、取消时处于哪一步，以及扣费的算法。",
            en="Look at how much was delivered, how far it was when it was cancelled, and at the charge's arithmetic.",
        ),
        change=Text(
            zh="对比例有疑问时，请带编号联系客服；取消任务时扣多少，由价目表决定。",
            en="If you doubt the share, contact support with its id; the price book says what a cancelled task costs.",
        ),
        back=Text(
            zh="确有差错时会退款，退款另记一笔。",
            en="A charge that was wrong is refunded, and the refund is a row of its own.",
        ),
    ),
    finding(
        "failed_but_charged",
        owner=Owner.SUPPORT,
        label=Text(zh="失败却扣了费", en="Failed, and charged"),
        explanation=Text(
            zh="它的状态是失败，账本里却有没有退回的扣费；这不应该发生，应当退款。",
            en="Its state is failed, and yet the ledger has a charge that was not returned; this should not be, and is to be refunded.",
        ),
        look=Text(
            zh="看账本里的每一笔，以及模型服务最后告知的状态。",
            en="Look at the rows in the ledger, and at the state that the model service told last.",
        ),
        change=Text(
            zh="客服：核对之后按编号退款；客户只需提供编号，不用重复提交。",
            en="Support checks it and refunds it by its id; the customer gives the id and need not send it again.",
        ),
        back=Text(
            zh="退款另记一笔；退错了由客服更正。",
            en="The refund is a row of its own; one that was wrong is corrected by support.",
        ),
    ),
    finding(
        "still_running",
        owner=Owner.CUSTOMER,
        label=Text(zh="还在进行", en="Still in progress"),
        explanation=Text(
            zh="它还没有结束：金额是预留，不是扣费；结束后只扣实际用掉的，其余放回。",
            en="It has not ended: the money is reserved and not charged. In the end only what was used is charged, and the rest released.",
        ),
        look=Text(
            zh="看它的状态、进度和预留的期限。",
            en="Look at its state, its progress and until when the money is reserved.",
        ),
        change=Text(
            zh="请等它结束；再提交一次会是另一个任务，另行扣费。",
            en="Wait for it to end; submitting it again makes another one with a charge of its own.",
        ),
        back=Text(
            zh="不想等的任务可以取消；取消时扣多少，由价目表决定。",
            en="A task that you do not want to wait for can be cancelled; the price book says what that costs.",
        ),
    ),
    finding(
        "outcome_unknown",
        owner=Owner.OPERATIONS,
        label=Text(zh="结果还不知道", en="Outcome not known"),
        explanation=Text(
            zh="还不能确定模型服务有没有完成它；没有扣费，预留保持到有结论或到期，到期自动放回。",
            en="Whether the model service has done it is not known; nothing is charged, and what is reserved stays so until it is known or time is up, when it is released.",
        ),
        look=Text(
            zh="看最后一次得到的状态和时间，以及预留何时到期。",
            en="Look at the last state that was told, when that was, and until when the money is reserved.",
        ),
        change=Text(
            zh="请先等待，不要再次提交；运营会向模型服务查询，并与它的账单核对。",
            en="Wait instead of submitting it again; operations asks the model service, and checks it against its bill.",
        ),
        back=Text(
            zh="到期之后才到的结果不扣费。",
            en="A result that comes after that is not charged.",
        ),
    ),
)

ENTRIES = _CAUSES + _REFUSED + _SPENT + _FAILED
