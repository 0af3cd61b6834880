"""Findings about recharges and redemption codes with their numbers."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.finding_texts import text

_ORDERS = (
    text(
        "order_credited",
        zh="订单 {order} 已于 {paid_at} 付款并入账 {credited}，现在还剩 {left}。",
        en="Order {order} was paid and {credited} credited at {paid_at}; {left} of it is left now.",
    ),
    text(
        "order_credited_spent",
        zh="订单 {order} 已于 {paid_at} 付款并入账 {credited}，之后已经全部用掉。",
        en="Order {order} was paid and {credited} credited at {paid_at}; all of it has been used since.",
        when_zh="入账已经用完时使用。", when_en="Where nothing of the credit is left.",
    ),
    text(
        "order_credited_sibling",
        zh="订单 {order} 没有付款；同一次充值的另一笔订单 {sibling} 已于 {paid_at} 付款并入账 {credited}。",
        en="Order {order} was not paid; another order of the same recharge, {sibling}, was paid and {credited} credited at {paid_at}.",
        when_zh="付的是同一次充值的另一笔订单时使用。", when_en="Where another order of the same recharge was paid.",
    ),
    text(
        "order_credited_alike",
        zh="订单 {order} 没有付款；在它可以付款的时间里，同一账户的另一笔同额订单 {sibling} 已于 {paid_at} 付款并入账 {credited}，付的很可能是那一笔。",
        en="Order {order} was not paid; while it could be, another order of the account of the same amount, {sibling}, was paid and {credited} credited at {paid_at}: most likely that is the payment in question.",
        when_zh="这笔订单可以付款时，同一账户付了另一笔同额订单时使用。", when_en="Where another order of the same amount was paid while this one could be.",
    ),
    text(
        "order_not_paid",
        zh="订单 {order}（{due}）在 {begun_at} 开始付款，支付渠道还没有确认收到。",
        en="Payment of order {order} ({due}) was begun at {begun_at}, and the payment provider has not confirmed it.",
    ),
    text(
        "order_not_paid_failed",
        zh="订单 {order}（{due}）的付款没有成功，支付渠道说这一次付款失败。",
        en="The payment of order {order} ({due}) did not go through: the payment provider says that this try failed.",
        when_zh="支付渠道说付款失败时使用。", when_en="Where the provider says that the payment failed.",
    ),
    text(
        "order_not_paid_over",
        zh="订单 {order}（{due}）在 {begun_at} 开始付款，到期限 {time_limit_at} 仍没有确认；现在的状态是「{order_state}」。",
        en="Payment of order {order} ({due}) was begun at {begun_at} and not confirmed by its time limit, {time_limit_at}; its state is now: {order_state}.",
        when_zh="付款期限已过或订单已取消时使用。", when_en="Where the order's time is over, or it was cancelled.",
    ),
    text(
        "order_not_begun",
        zh="订单 {order}（{due}）在 {created_at} 生成，之后没有人开始付款。",
        en="Order {order} ({due}) was made at {created_at}, and nobody has begun to pay it.",
    ),
    text(
        "order_not_begun_over",
        zh="订单 {order}（{due}）在 {created_at} 生成，没有人付款；现在的状态是「{order_state}」。",
        en="Order {order} ({due}) was made at {created_at} and never paid; its state is now: {order_state}.",
        when_zh="没有付款而期限已过或已取消时使用。", when_en="Where nobody paid before its time was over or it was cancelled.",
    ),
    text(
        "notice_refused",
        zh="支付渠道在 {received_at} 发来的通知没有被接受：{notice_outcome}；共收到 {arrivals} 次，没有据此入账。",
        en="The notice that the payment provider sent at {received_at} was not accepted: {notice_outcome}. It has come {arrivals} time(s), and nothing was credited by it.",
    ),
    text(
        "notice_refused_unnamed",
        zh="订单等待付款期间，这个支付渠道有 {notices} 条通知没有通过核对（最近一次 {received_at}：{notice_outcome}），其中很可能有这笔付款的。",
        en="While the order awaited its payment, {notices} notice(s) of this provider did not pass their checks (the last at {received_at}: {notice_outcome}), and this payment's is probably among them.",
        when_zh="通知没有写明可信的订单时使用。", when_en="Where the notice names no order that can be believed.",
    ),
    text(
        "amount_differs",
        zh="支付渠道报告付款 {paid}，订单是 {due}；金额不符，没有入账。",
        en="The payment provider reports a payment of {paid}, and the order is for {due}: the amounts differ, and nothing was credited.",
    ),
    text(
        "amount_differs_currency",
        zh="支付渠道报告付款 {paid}，订单是 {due}；币种不符，没有入账，也没有换算。",
        en="The payment provider reports a payment of {paid}, and the order is for {due}: another currency, so nothing was credited or converted.",
        when_zh="币种不同时使用。", when_en="Where the currency is another.",
    ),
    text(
        "paid_twice",
        zh="订单 {order} 付了 {payments} 次：第一笔已入账，{paid_again_at} 到的 {amount} 没有入账，应当退回。",
        en="Order {order} was paid {payments} times: the first was credited, and {amount} that came at {paid_again_at} was not and is to be returned.",
    ),
    text(
        "credited_to_another_account",
        zh="订单 {order} 的 {credited} 已于 {paid_at} 入账到账户 {account}，而提问的是账户 {asking_account}。",
        en="The {credited} of order {order} were credited to the account {account} at {paid_at}, while the account that asks is {asking_account}.",
    ),
    text(
        "credited_to_another_account_payer",
        zh="支付这笔订单的人为 {accounts} 个账户付过款；入账在订单所属的账户，看的可能是另一个。",
        en="Whoever paid this order has paid for {accounts} accounts; the credit is in the order's account, and another one may be looked at.",
        when_zh="付款人为几个账户付过款时使用。", when_en="Where whoever paid has paid for several accounts.",
    ),
    text(
        "order_refunded",
        zh="订单 {order} 的款项 {refunded} 已全部退给付款人，余额因此扣出 {amount}。",
        en="All of order {order}, {refunded}, has gone back to whoever paid, and {amount} was taken out of the balance for it.",
    ),
    text(
        "order_refunded_partly",
        zh="订单 {order} 的款项已退回 {refunded}，余额因此扣出 {amount}；其余的入账照常可用。",
        en="Of order {order}, {refunded} has gone back to whoever paid, and {amount} was taken out of the balance for it; the rest can be spent.",
        when_zh="只退了一部分时使用。", when_en="Where only a part has gone back.",
    ),
    text(
        "order_refunded_under_way",
        zh="订单 {order} 的 {refunded} 正在退给付款人，余额已为此扣出 {amount}。",
        en="{refunded} of order {order} is on its way back to whoever paid, and {amount} was taken out of the balance for it.",
        when_zh="退款还没有完成时使用。", when_en="Where the refund has not arrived yet.",
    ),
    text(
        "order_disputed",
        zh="订单 {order} 的付款在 {disputed_at} 被提出争议，剩下的 {amount} 额度冻结到有结论为止。",
        en="The payment of order {order} was disputed at {disputed_at}; the {amount} left of it are frozen until that is decided.",
    ),
)  # fmt: skip

_CODES = (
    text(
        "code_redeemed",
        zh="兑换码 {code} 已于 {redeemed_at} 兑换，入账 {credited}，现在还剩 {left}。",
        en="Code {code} was redeemed at {redeemed_at} and {credited} credited; {left} of it is left now.",
    ),
    text(
        "code_redeemed_spent",
        zh="兑换码 {code} 已于 {redeemed_at} 兑换，入账 {credited}，之后已经全部用掉或过期。",
        en="Code {code} was redeemed at {redeemed_at} and {credited} credited; since then all of it has been used or has expired.",
        when_zh="兑换的额度没有剩余时使用。", when_en="Where nothing of what it brought is left.",
    ),
    text(
        "code_redeemed_elsewhere",
        zh="兑换码 {code} 已于 {redeemed_at} 由账户 {account} 兑换，而提问的是账户 {asking_account}。",
        en="Code {code} was redeemed by the account {account} at {redeemed_at}, while the account that asks is {asking_account}.",
    ),
    text(
        "code_redeemed_elsewhere_customer",
        zh="兑换码 {code} 已被另一个账户兑换，这个账户没有入账。",
        en="Code {code} was redeemed by another account, and this one got nothing.",
        when_zh="告诉没有得到入账的客户时使用。", when_en="What a customer is told whose account did not get it.",
    ),
    text(
        "code_redeemed_elsewhere_tried",
        zh="兑换码 {code} 已于 {redeemed_at} 由账户 {account} 兑换；之后账户 {asking_account} 在 {tried_at} 也试过，没有入账。",
        en="Code {code} was redeemed by the account {account} at {redeemed_at}; the account {asking_account} tried it as well, at {tried_at}, and got nothing.",
        when_zh="另一个账户也试过时使用。", when_en="Where another account has tried it too.",
    ),
    text(
        "code_not_redeemed",
        zh="兑换码 {code}（{credited}）还没有人兑换。",
        en="Code {code} ({credited}) has not been redeemed by anybody.",
    ),
    text(
        "code_not_redeemed_tried",
        zh="兑换码 {code}（{credited}）还没有兑换成功；最近一次尝试在 {tried_at}，显示的是「{error}」。",
        en="Code {code} ({credited}) has not been redeemed; it was last tried at {tried_at}, and the message was: {error}.",
        when_zh="有人试过而没有成功时使用。", when_en="Where somebody has tried it without success.",
    ),
    text(
        "code_expired",
        zh="兑换码 {code}（{credited}）的最后兑换时间是 {expired_at}，之前没有人兑换。",
        en="The last time to redeem code {code} ({credited}) was {expired_at}, and nobody had redeemed it.",
    ),
    text(
        "code_voided",
        zh="兑换码 {code}（{credited}）已于 {voided_at} 作废，之前没有人兑换。",
        en="Code {code} ({credited}) was voided at {voided_at}; nobody had redeemed it.",
    ),
)  # fmt: skip

ENTRIES = _ORDERS + _CODES
