"""Causes: why a refusal happened, found by asking whether the request would have passed without each of them."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LIMIT_CAUSES = (
    Entry(
        kind=Kind.CAUSE,
        code="balance_exhausted",
        owner=Owner.CUSTOMER,
        label=Text(zh="账户余额用完", en="Balance used up"),
        explanation=Text(
            zh="账户的可用余额已经被正常的请求和任务用完，剩下的不够这一次。",
            en="Ordinary requests and tasks used the account's balance; what is left does not cover this one.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看这段时间的充值、扣费和退款，按模型和 Key 分开看。",
                en="Look at recharges, charges and refunds of this time, by model and by key.",
            ),
            what_to_change=Text(
                zh="请为账户充值，再重新发送请求。",
                en="Recharge the account, then send the request again.",
            ),
            how_to_go_back=Text(
                zh="没有用掉的充值可以按服务方的规则申请退款。",
                en="A recharge that was not used can be refunded under the operator's rules.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="group_quota_reached",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="分组额度用完", en="Group quota used up"),
        explanation=Text(
            zh="这个分组在当前周期的额度已经用到上限；换同一分组的 Key 也一样。",
            en="The group has used its quota for this period; another key of the same group would be refused too.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看分组里哪些 Key 和模型用得最多，以及额度何时重置。",
                en="See which keys and models of the group used most, and when the quota resets.",
            ),
            what_to_change=Text(
                zh="请提高分组额度，或等重置；也可以改用其他分组的 Key。",
                en="Raise the group's quota or wait for the reset; a key of another group works too.",
            ),
            how_to_go_back=Text(
                zh="需要时把分组额度调回原来的数值。",
                en="Set the group's quota back to its earlier amount when you want to.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="key_limit_reached",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="单个 API Key 限额用完", en="Key limit used up"),
        explanation=Text(
            zh="这个 API Key 自己的限额已经用到上限；账户和分组可能都还有余额。",
            en="This API key has used its own limit; the account and the group may both have money left.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看这个 Key 的限额、已用、预留和重置时间。",
                en="Look at this key's limit, what is used and reserved, and its reset.",
            ),
            what_to_change=Text(
                zh="请提高这个 Key 的限额、换一个 Key，或等重置。",
                en="Raise this key's limit, use another key, or wait for the reset.",
            ),
            how_to_go_back=Text(
                zh="需要时把这个 Key 的限额调回原来的数值。",
                en="Set this key's limit back to its earlier amount when you want to.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="model_not_permitted",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="没有模型权限", en="Model not permitted"),
        explanation=Text(
            zh="Key 或分组的模型权限不包含这个模型，有多少余额都不会通过。",
            en="The key's or group's model permission leaves this model out; no amount of balance would change that.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看 Key 和分组的模型权限，两处都要包含这个模型。",
                en="Look at the model permission of the key and of the group: both must include the model.",
            ),
            what_to_change=Text(
                zh="请开通模型权限，或改用已经开通的模型。",
                en="Give permission for the model, or use one that is permitted.",
            ),
            how_to_go_back=Text(
                zh="从模型权限里去掉这个模型即可恢复原状。",
                en="Take the model out of the permission again to be where you were.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="high_cost_task",
        owner=Owner.CUSTOMER,
        label=Text(zh="模型任务成本过高", en="Costly request or task"),
        explanation=Text(
            zh="这次请求或任务本身可能的最高费用很高；同样的余额足够普通请求使用。",
            en="The most this request or task may cost is high by itself; the same money would cover ordinary ones.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看它的模型、数量、时长、分辨率、质量和输出上限，并用 POST /v1/estimate 试算。",
                en="Look at its model, count, duration, resolution, quality and output cap, and try POST /v1/estimate.",
            ),
            what_to_change=Text(
                zh="请换便宜一档的模型，或减少数量、时长、分辨率、质量和输出上限。",
                en="Use a cheaper model, or less of it: fewer items, shorter, a lower resolution, quality or output cap.",
            ),
            how_to_go_back=Text(
                zh="下一次请求用回原来的参数即可。",
                en="Use the earlier parameters again with your next request.",
            ),
        ),
    ),
)

_PATTERN_CAUSES = (
    Entry(
        kind=Kind.CAUSE,
        code="duplicate_submissions",
        owner=Owner.CUSTOMER,
        label=Text(zh="重复提交", en="Duplicate submissions"),
        explanation=Text(
            zh="同一个内容因重复点击、重试或循环的脚本被提交了多次，多出来的副本占用或花掉了金额。",
            en="The same thing was submitted several times, by clicks, retries or a script in a loop, and the extra copies reserved or spent the money.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="把这些副本作为一次提交来看：哪一份是原件，哪些成功、失败、已扣费。",
                en="Look at the copies as one submission: which is the original, which succeeded, failed or were charged.",
            ),
            what_to_change=Text(
                zh="请给每次提交带上 Idempotency-Key，等待期间不要重复点击。",
                en="Send an Idempotency-Key with each submission, and do not click again while it runs.",
            ),
            how_to_go_back=Text(
                zh="不要的副本可以取消；失败的副本不扣费。",
                en="Copies you do not want can be cancelled; failed copies are not charged.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="credit_expired",
        owner=Owner.CUSTOMER,
        label=Text(zh="活动额度过期", en="Promotional credit expired"),
        explanation=Text(
            zh="一笔有期限的活动额度已经过期，没用完的部分不再计入余额。",
            en="Promotional credit with an end date has expired; what was not used no longer counts.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看每一笔额度的种类、到期时间和剩余金额。",
                en="Look at each grant's kind, expiry and what remained of it.",
            ),
            what_to_change=Text(
                zh="请充值；对到期时间有疑问时，带上兑换时间联系客服。",
                en="Recharge; if you doubt the expiry, contact support with the time it was redeemed.",
            ),
            how_to_go_back=Text(
                zh="过期不能撤回；确有差错时，由服务方另发一笔补偿额度。",
                en="An expiry is not taken back; where it was a mistake, the operator grants compensation.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="credit_frozen",
        owner=Owner.FINANCE,
        label=Text(zh="额度被冻结", en="Credit frozen"),
        explanation=Text(
            zh="一笔充值的付款正有争议，它的额度在结论出来前不能使用。",
            en="The payment behind a recharge is in dispute; its credit cannot be used until that is settled.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看是哪一笔充值订单有争议，以及付款渠道的处理进度。",
                en="See which recharge order is disputed, and how far the payment provider is.",
            ),
            what_to_change=Text(
                zh="如果是误发起的争议，请在付款渠道撤回；急用时可以另行充值。",
                en="Withdraw the dispute at the payment provider if it was a mistake; a new recharge works meanwhile.",
            ),
            how_to_go_back=Text(
                zh="争议撤回后，额度会解除冻结，照常可用。",
                en="Once the dispute is withdrawn the credit is released and can be used as before.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="retry_spike",
        owner=Owner.CUSTOMER,
        label=Text(zh="客户端重试激增", en="Burst of client retries"),
        explanation=Text(
            zh="客户端在短时间内自动重试了很多次，费用或请求、任务的个数随之成倍增加。",
            en="A client retried by itself many times in a short while, which multiplied the cost or the number of requests and tasks.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看客户端和 SDK 的重试次数设置，以及同一时间段失败的请求和任务。",
                en="Look at the retry settings of the client and SDK, and at failed requests and tasks of the same time.",
            ),
            what_to_change=Text(
                zh="请降低重试次数、加上退避间隔，不要重试 402，并给任务带上 Idempotency-Key。",
                en="Retry less often and back off between tries, do not retry a 402, and send an Idempotency-Key with tasks.",
            ),
            how_to_go_back=Text(
                zh="重试设置随时可以改回，已经记录的请求不会改变。",
                en="Retry settings can be put back at any time; recorded requests stay as they are.",
            ),
        ),
    ),
    Entry(
        kind=Kind.CAUSE,
        code="held_in_flight",
        owner=Owner.CUSTOMER,
        label=Text(zh="进行中的请求占用预留", en="Reserved by requests in progress"),
        explanation=Text(
            zh="还在进行的请求和任务预留了金额，结束后没有用掉的部分会放回。",
            en="Requests and tasks in progress have reserved money; what they do not use is released when they end.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看正在进行的请求和任务，以及各自预留的金额。",
                en="Look at the requests and tasks in progress and what each has reserved.",
            ),
            what_to_change=Text(
                zh="请等它们结束，取消不需要的任务，或降低并发和输出上限。",
                en="Wait for them to end, cancel tasks you do not need, or lower concurrency and output caps.",
            ),
            how_to_go_back=Text(
                zh="预留会随请求结束自动放回，不需要手动处理。",
                en="A reservation is released by itself when its request ends.",
            ),
        ),
    ),
)

ENTRIES = _LIMIT_CAUSES + _PATTERN_CAUSES
