"""Refusals that are about money, and those that are the operator's own."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_MONEY_REFUSALS = (
    Entry(
        kind=Kind.REFUSAL,
        code="cost_unbounded",
        owner=Owner.CUSTOMER,
        label=Text(zh="费用没有上限", en="Cost without a bound"),
        explanation=Text(
            zh="这个请求用到的功能无法事先算出最高费用，所以不能预留。",
            en="This request uses a feature whose highest cost cannot be known beforehand, so it cannot be reserved.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看请求里是否用了服务端会话、后台执行，或没有次数上限的托管工具。",
                en="See whether the request uses a server-side conversation, background mode, or a hosted tool without a cap.",
            ),
            what_to_change=Text(
                zh="请去掉这项功能，或给它加上次数上限。",
                en="Leave that feature out, or give it a cap.",
            ),
            how_to_go_back=Text(
                zh="把参数改回去即可，这次请求没有执行。",
                en="Put the parameter back; this request was not carried out.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="request_ceiling",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="超过单次请求费用上限", en="Over the ceiling for one request"),
        explanation=Text(
            zh="这一次请求的模型任务成本可能超过单次允许的最高费用；余额可能仍然充足。",
            en="This one request may cost more than is allowed at once; the balance may well be enough.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="用 POST /v1/estimate 看这次请求最多会花多少，不会预留也不会扣费。",
                en="POST /v1/estimate shows what this request may cost at most; it reserves and charges nothing.",
            ),
            what_to_change=Text(
                zh="请减小输出上限、数量或时长，换更便宜的模型，或让团队管理员提高单次上限。",
                en="Ask for less output, fewer items or a cheaper model, or ask your team admin to raise the ceiling.",
            ),
            how_to_go_back=Text(
                zh="提高的单次上限可以再调低，已经完成的请求不受影响。",
                en="A raised ceiling can be lowered again; requests already served are not affected.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="key_limit",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="单个 API Key 限额不够", en="Key limit reached"),
        explanation=Text(
            zh="单个 API Key 限额剩下的部分不够这次请求；账户里可能仍有余额。",
            en="This key's own limit has too little left for this request; the account may still have money.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="用这个 Key 请求 GET /api/v1/key，可以看到它自己的限额和已用金额。",
                en="GET /api/v1/key with this key shows its own limit and what it has used.",
            ),
            what_to_change=Text(
                zh="请让团队管理员提高这个 Key 的限额，或等限额重置。",
                en="Ask your team admin to raise the key's limit, or wait for the reset.",
            ),
            how_to_go_back=Text(
                zh="提高的限额可以再调低；已用金额不会因此改变。",
                en="A raised limit can be lowered again; what was used stays the same.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="group_quota",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="分组额度不够", en="Group quota reached"),
        explanation=Text(
            zh="分组额度剩下的部分不够这次请求；同一分组的 Key 共用这份额度。",
            en="The group's quota has too little left for this request; all keys of the group share it.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="由团队管理员查看分组额度、重置时间，以及是哪些 Key 用掉的。",
                en="Your team admin can see the group's quota, its reset, and which keys used it.",
            ),
            what_to_change=Text(
                zh="请让团队管理员提高分组额度，或等额度重置。",
                en="Ask your team admin to raise the group's quota, or wait for the reset.",
            ),
            how_to_go_back=Text(
                zh="提高的额度可以再调低；已用额度不会因此改变。",
                en="A raised quota can be lowered again; what the group has used stays the same.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="account_balance",
        owner=Owner.CUSTOMER,
        label=Text(zh="账户余额不够", en="Account balance too low"),
        explanation=Text(
            zh="账户可用余额不够这次请求；正在进行的请求所预留的金额暂时不能使用。",
            en="The account's available balance is too low for this request; what running requests have reserved cannot be used.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看可用余额、正在进行的预留、账户限额，以及是否有额度过期或被冻结。",
                en="Look at the available balance, what is reserved, the account's limits, and credit that expired or is frozen.",
            ),
            what_to_change=Text(
                zh="请为账户充值，或等正在进行的请求结束后再试。",
                en="Recharge the account, or try again when running requests have ended.",
            ),
            how_to_go_back=Text(
                zh="没有用掉的充值金额可以按服务方的规则申请退款。",
                en="Recharged money that was not used can be refunded under the operator's rules.",
            ),
        ),
    ),
)

_WAIT_AND_RETRY = Text(
    zh="请稍后再试；如果持续出现，请带请求编号联系客服。",
    en="Try again in a while; if it goes on, contact support with the request id.",
)
_NOTHING_TO_UNDO = Text(
    zh="不需要撤销：预留的金额已经放回。",
    en="There is nothing to undo: what was reserved has been released.",
)

_OPERATOR_REFUSALS = (
    Entry(
        kind=Kind.REFUSAL,
        code="price_missing",
        owner=Owner.OPERATIONS,
        label=Text(zh="缺少价格", en="Price missing"),
        explanation=Text(
            zh="这个模型或这种用量还没有设定价格，服务方不会在没有价格时提供服务。",
            en="This model or kind of use has no price yet, and without a price it is not served.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="由运营查看价目表里是否有这个模型和用量类型。",
                en="Operations can see whether the price book has this model and kind of use.",
            ),
            what_to_change=Text(
                zh="请先换一个模型；补上价格由服务方处理。",
                en="Use another model for now; adding the price is up to the operator.",
            ),
            how_to_go_back=Text(
                zh="价格补上后改回原来的模型即可。",
                en="Change back to the earlier model once it has a price.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="overloaded",
        owner=Owner.OPERATIONS,
        label=Text(zh="服务繁忙", en="Service overloaded"),
        explanation=Text(
            zh="服务现在太忙，没有接下这次请求。",
            en="The service is too busy at the moment and did not take this request.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看响应头 Retry-After 和服务状态公告。",
                en="Look at the Retry-After header and at the operator's status notices.",
            ),
            what_to_change=_WAIT_AND_RETRY,
            how_to_go_back=Text(
                zh="不需要撤销：这次请求没有开始。",
                en="There is nothing to undo: this request was never started.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="upstream_unavailable",
        owner=Owner.OPERATIONS,
        label=Text(zh="模型服务暂不可用", en="Model service unavailable"),
        explanation=Text(
            zh="提供这个模型的服务暂时不可用；这不是你的余额或限额问题。",
            en="The service behind this model is not available right now; this is not about your balance or limits.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看其他模型是否正常，并按响应头 Retry-After 等待。",
                en="See whether other models work, and wait as long as the Retry-After header says.",
            ),
            what_to_change=_WAIT_AND_RETRY,
            how_to_go_back=_NOTHING_TO_UNDO,
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="upstream_error",
        owner=Owner.OPERATIONS,
        label=Text(zh="模型服务出错", en="Model service failed"),
        explanation=Text(
            zh="提供这个模型的服务处理请求时出错。",
            en="The service behind this model failed while handling the request.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看这次请求的状态和扣费标记：没有内容返回的应为「未扣费」；流式输出中断的，已经送达的部分会计费。",
                en="Look at this request's state and charge mark: without content it should say “not charged”; of a stream that broke off, what had been delivered is charged.",
            ),
            what_to_change=_WAIT_AND_RETRY,
            how_to_go_back=_NOTHING_TO_UNDO,
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="upstream_timeout",
        owner=Owner.OPERATIONS,
        label=Text(zh="模型服务超时", en="Model service timed out"),
        explanation=Text(
            zh="提供这个模型的服务没有在限定时间内回答；没有送达的部分由服务方承担。",
            en="The service behind this model did not answer in time; whatever was not delivered is at the operator's cost.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看请求的输入长度和输出上限：内容越长，需要的时间越久。",
                en="Look at the input's length and the output cap: the longer they are, the more time it takes.",
            ),
            what_to_change=Text(
                zh="请稍后再试，缩短内容，或改用流式输出。",
                en="Try again in a while, shorten the request, or use streaming.",
            ),
            how_to_go_back=_NOTHING_TO_UNDO,
        ),
    ),
)

ENTRIES = _MONEY_REFUSALS + _OPERATOR_REFUSALS
