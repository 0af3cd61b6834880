"""What would have had to be different for a finding not to be: `Kind.FINDING_OTHERWISE`.

Of a refusal's cause: `…_alone` where the request would have passed without it, `together` where it takes more, `not_enough`
where it would have failed all the same.
"""

from __future__ import annotations

from counterfoil.foundation.vocabulary.finding_texts import otherwise

_OTHERWISE = (
    otherwise(
        "balance_exhausted_alone",
        zh="余额再多 {shortfall}，这次请求就会通过。",
        en="With {shortfall} more in the balance this request would have passed.",
    ),
    otherwise(
        "balance_exhausted_alone_or",
        zh="余额够付这一次的最高费用，这次请求就会通过。",
        en="With enough in the balance for the most that it may cost, this request would have passed.",
    ),
    otherwise(
        "group_quota_reached_alone",
        zh="没有这个分组额度，这次请求就会通过。",
        en="Without this quota of the group this request would have passed.",
    ),
    otherwise(
        "key_limit_reached_alone",
        zh="没有这个 Key 的限额，这次请求就会通过。",
        en="Without this limit of the key this request would have passed.",
    ),
    otherwise(
        "account_limit_reached_alone",
        zh="没有这个账户限额，这次请求就会通过。",
        en="Without this limit of the account this request would have passed.",
    ),
    otherwise(
        "model_not_permitted_alone",
        zh="有这个模型的权限，这次请求就会通过。",
        en="With permission for the model this request would have passed.",
    ),
    otherwise(
        "high_cost_task_alone",
        zh="这一次的费用与平时相当，就会通过。",
        en="At a usual cost this request would have passed.",
    ),
    otherwise(
        "duplicate_submissions_alone",
        zh="没有这些副本，这次请求就会通过。",
        en="Without these copies this request would have passed.",
    ),
    otherwise(
        "credit_expired_alone",
        zh="这笔额度没有过期，这次请求就会通过。",
        en="Had this credit not expired, this request would have passed.",
    ),
    otherwise(
        "credit_frozen_alone",
        zh="这笔额度没有冻结，这次请求就会通过。",
        en="Had this credit not been frozen, this request would have passed.",
    ),
    otherwise(
        "retry_spike_alone",
        zh="没有这些重试，这次请求就会通过。",
        en="Without these retries this request would have passed.",
    ),
    otherwise(
        "held_in_flight_alone",
        zh="等这些请求或任务结束之后再发，这次请求就会通过。",
        en="Sent after those had ended, this request would have passed.",
    ),
    otherwise(
        "together",
        zh="单独没有这一项仍然不会通过；与这里列出的其他原因一起去掉，才会通过。",
        en="Without this alone it would still have failed; it would have passed without this and the other causes named here together.",
    ),
    otherwise(
        "not_enough",
        zh="没有这一项，这次请求仍然不会通过。",
        en="Without this the request would still have failed.",
    ),
    otherwise(
        "refused_elsewhere",
        zh="向这里发送并用这里的 Key，那个服务的余额就不起作用。",
        en="Sent here with a key of this service, the other service's balance would have played no part.",
    ),
    otherwise(
        "order_not_paid",
        zh="支付渠道确认收到付款，就会立即入账。",
        en="A payment confirmed by the provider would have been credited at once.",
    ),
    otherwise(
        "order_not_begun",
        zh="付款之后，渠道一确认就会入账。",
        en="Once paid, it would have been credited as soon as the provider confirmed it.",
    ),
    otherwise(
        "notice_refused",
        zh="通知通过核对，这笔付款就已经入账。",
        en="Had the notice passed its checks, the payment would have been credited.",
    ),
    otherwise(
        "amount_differs",
        zh="金额和币种与订单相同，就已经入账。",
        en="With the order's amount and currency it would have been credited.",
    ),
    otherwise(
        "paid_twice",
        zh="第二笔付款若是另一笔订单的，也会入账。",
        en="Had the second payment been of another order, it would have been credited too.",
    ),
    otherwise(
        "credited_to_another_account",
        zh="用现在这个账户下单，入账就在这里。",
        en="Ordered with the account that asks, the credit would be here.",
    ),
    otherwise(
        "order_disputed",
        zh="付款没有争议，这笔额度就可以使用。",
        en="Without the dispute this credit could be spent.",
    ),
    otherwise(
        "code_redeemed_elsewhere",
        zh="由现在这个账户先兑换，入账就在这里。",
        en="Redeemed by the account that asks first, the credit would be here.",
    ),
    otherwise(
        "code_not_redeemed",
        zh="兑换成功的一刻就会入账。",
        en="It is credited the moment that it is redeemed.",
    ),
    otherwise(
        "code_expired",
        zh="在最后兑换时间之前兑换，就会入账。",
        en="Redeemed before its last time it would have been credited.",
    ),
    otherwise(
        "code_voided",
        zh="在作废之前兑换，就会入账。",
        en="Redeemed before it was voided it would have been credited.",
    ),
    otherwise(
        "charged_for_delivery",
        zh="没有交付就不会扣费。",
        en="Without a delivery nothing would have been charged.",
    ),
    otherwise(
        "charged_in_part",
        zh="全部完成会按全部扣费；在开始之前取消，多半不扣费。",
        en="Done in full it would have been charged in full; cancelled before it began, mostly nothing.",
    ),
    otherwise(
        "failed_but_charged",
        zh="照规则，失败的请求和任务不扣费。",
        en="By the rules what fails is not charged.",
    ),
    otherwise(
        "not_charged",
        zh="只有交付了才会扣费。",
        en="It would have been charged only if it had been delivered.",
    ),
    otherwise(
        "copies_charged",
        zh="只提交一份，就只扣一份的费用。",
        en="Submitted once, only one would have been charged.",
    ),
)

ENTRIES = _OTHERWISE
