"""Recharge orders: their states, the ways to pay, and who told us of a change.

Each state says what is true of the money now, and what whoever paid does next: that a payment is made and not credited is
what customers fear most.
"""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text


def order_entry(
    kind: Kind,
    code: str,
    *,
    label: Text,
    explanation: Text,
    look: Text,
    change: Text,
    back: Text,
    owner: Owner = Owner.CUSTOMER,
) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=back),
    )


NOTHING_TO_DO = Text(zh="不需要操作。", en="There is nothing to do.")
LOOK_AT_REFUNDS = Text(
    zh="看订单的每一笔退款：金额、状态和时间。",
    en="Look at each refund of the order: how much, in which state, and when.",
)
REFUND_ARRIVES = Text(
    zh="款项退回原来的付款方式，何时到账由支付渠道和银行决定；过了几个工作日还没有收到，请带订单编号联系客服。",
    en="It goes back the way it was paid, and when it arrives is up to provider and bank; if it has not after some working days, contact support with the order's id.",
)
REFUND_STANDS = Text(
    zh="退款不能撤回；需要时重新充值。",
    en="A refund is not taken back; recharge again when you need to.",
)

_STATES = (
    order_entry(
        Kind.ORDER_STATE,
        "created",
        label=Text(zh="待付款", en="Awaiting payment"),
        explanation=Text(
            zh="订单已经生成，还没有开始付款；没有收款，也没有入账。",
            en="The order has been made and nobody has begun to pay it; no money has come in, and nothing was credited.",
        ),
        look=Text(
            zh="看订单的金额、入账的账户和付款期限；同一次充值的其他订单也列在一起。",
            en="Look at its amount, the account it is for and its time limit; other orders of the same recharge are listed beside it.",
        ),
        change=Text(
            zh="请在期限之内付款；已经付过款的，先看付的是不是同一次充值的另一笔订单，不要再付一次。",
            en="Pay it within its time; if you have paid already, see first whether that was another order of the same recharge, and do not pay twice.",
        ),
        back=Text(
            zh="不想付了可以取消，也可以不管它：到期自动关闭，不产生任何费用。",
            en="Cancel it if you have changed your mind, or leave it: it ends by itself and costs nothing.",
        ),
    ),
    order_entry(
        Kind.ORDER_STATE,
        "processing",
        label=Text(zh="等待付款确认", en="Payment being confirmed"),
        explanation=Text(
            zh="已经开始付款，支付渠道还没有确认，所以还没有入账；一经确认，立即入账。",
            en="Payment has begun and the provider has not confirmed it yet, so nothing is credited; the moment it is confirmed, it is credited.",
        ),
        look=Text(
            zh="在支付应用或银行里看这笔付款是否成功；系统不只等渠道的通知，也会主动向渠道查询。",
            en="See in your payment app or bank whether it went through; the provider is asked as well, not only waited for.",
        ),
        change=Text(
            zh="已经付款的，请稍等一两分钟，不要重复付款；银行转账由财务核对，可能需要几个工作日。一直没有变化时，请带订单编号联系客服。",
            en="If you have paid, give it a minute or two and do not pay again; a bank transfer is checked by finance and may take some working days. If nothing changes, contact support with the order's id.",
        ),
        back=Text(
            zh="还没有付款时可以取消；取消之后才到的款项仍会入账。",
            en="As long as you have not paid you can cancel it; money that arrives afterwards is credited all the same.",
        ),
    ),
    order_entry(
        Kind.ORDER_STATE,
        "paid",
        label=Text(zh="已付款并入账", en="Paid and credited"),
        explanation=Text(
            zh="付款已经确认，并在同一步记入订单所属账户的余额，可以使用。",
            en="The payment is confirmed and was credited in the same step to the account that the order is for; it can be spent.",
        ),
        look=Text(
            zh="看订单写明的账户，与登录和调用所用的是不是同一个：看不到入账，多半是看错了账户。",
            en="Look at the account that the order names, and whether it is the one you sign in to and call with: a credit that cannot be seen is mostly in another account.",
        ),
        change=Text(
            zh="账户相同而金额仍然对不上时，请带订单编号联系客服，不要再付一次。",
            en="If it is the same account and the amounts still do not fit, contact support with the order's id; do not pay again.",
        ),
        back=Text(
            zh="没有用掉的部分可以按服务方的规则申请退款，退款另记一笔。",
            en="What is not used can be refunded under the operator's rules, and the refund is a record of its own.",
        ),
    ),
    order_entry(
        Kind.ORDER_STATE,
        "failed",
        label=Text(zh="付款未成功", en="Payment failed"),
        explanation=Text(
            zh="支付渠道说这一次付款没有成功；没有入账。",
            en="The provider says that this try to pay did not succeed; nothing was credited.",
        ),
        look=Text(
            zh="看支付应用或银行给出的原因，以及款项是不是真的扣出了。",
            en="See the reason that your payment app or bank gives, and whether money has really left you.",
        ),
        change=Text(
            zh="期限之内可以用同一笔订单再付一次；款项已经扣出的，先不要再付：渠道一确认就会入账，迟迟没有入账，请带订单编号联系客服。",
            en="The same order can be paid again within its time; if money has left you, do not: it is credited as soon as the provider confirms it, and if it is not, contact support with the order's id.",
        ),
        back=Text(
            zh="余额没有改变，不需要撤销。",
            en="The balance is as it was, and there is nothing to undo.",
        ),
    ),
    order_entry(
        Kind.ORDER_STATE,
        "cancelled",
        label=Text(zh="已取消", en="Cancelled"),
        explanation=Text(
            zh="订单在付款确认之前被取消，或由支付渠道关闭；没有入账。",
            en="The order was called off before a payment was confirmed, or closed by the provider; nothing was credited.",
        ),
        look=Text(
            zh="看订单的历史：是谁在什么时候取消的。",
            en="Look at the order's history: who called it off, and when.",
        ),
        change=Text(
            zh="还要充值，请重新下单；取消前后已经付出的款项，渠道确认后仍会入账，请不要重复付款。",
            en="Make a new order to recharge; if you have paid this one all the same, do not pay again: it is credited once the provider confirms it.",
        ),
        back=Text(
            zh="取消的订单不能恢复；它没有产生任何费用。",
            en="A cancelled order does not come back to life; it has cost nothing.",
        ),
    ),
    order_entry(
        Kind.ORDER_STATE,
        "expired",
        label=Text(zh="已过付款期限", en="Time to pay is over"),
        explanation=Text(
            zh="付款期限已过，一直没有收到付款；没有入账。",
            en="The time to pay it is over and no payment has come in; nothing was credited.",
        ),
        look=Text(
            zh="在支付应用或银行里看有没有这笔付款，以及付款的时间。",
            en="See in your payment app or bank whether there is such a payment, and of what time.",
        ),
        change=Text(
            zh="没有付过款，请重新下单；付过的，请不要再付：迟到的款项仍会入账。过了一天还没有入账，请带订单编号和付款时间联系客服。",
            en="If you have not paid, make a new order; if you have, do not pay again: money that comes late is still credited. If it is not after a day, contact support with the order's id and the time you paid.",
        ),
        back=Text(
            zh="过期不影响余额；迟到的付款照常入账。",
            en="That its time is over does not touch the balance; a late payment is credited as usual.",
        ),
    ),
    order_entry(
        Kind.ORDER_STATE,
        "partly_refunded",
        label=Text(zh="部分退款", en="Partly refunded"),
        explanation=Text(
            zh="付款的一部分已经退给付款人，相应的入账已从余额扣出；其余的入账照常可用。",
            en="Part of the payment has gone back to whoever paid, and the credit for it has left the balance; the rest of the credit can be spent.",
        ),
        look=LOOK_AT_REFUNDS,
        change=REFUND_ARRIVES,
        back=REFUND_STANDS,
    ),
    order_entry(
        Kind.ORDER_STATE,
        "refunded",
        label=Text(zh="已全部退款", en="Refunded"),
        explanation=Text(
            zh="付款已经全部退给付款人，剩下的入账和赠送已从余额扣出。",
            en="All of the payment has gone back to whoever paid, and what was left of its credit and bonus has been taken out of the balance.",
        ),
        look=LOOK_AT_REFUNDS,
        change=REFUND_ARRIVES,
        back=REFUND_STANDS,
    ),
    order_entry(
        Kind.ORDER_STATE,
        "disputed",
        label=Text(zh="付款有争议", en="Payment disputed"),
        explanation=Text(
            zh="付款人向银行或支付渠道提出了争议；在有结论之前，这笔订单剩下的入账不能使用，其余余额不受影响。",
            en="Whoever paid has disputed the payment at the bank or provider; until that is decided, what is left of this order's credit cannot be spent, while the rest of the balance can.",
        ),
        look=Text(
            zh="看付款人是谁（只显示掩码），以及争议的状态和时间。",
            en="Look at who paid, of whom only a mask is shown, and at the state and time of the dispute.",
        ),
        change=Text(
            zh="请先问付款人；是误会，就请对方在银行或支付渠道撤回争议。急用时可以另行充值。",
            en="Ask whoever paid; if it was a mistake, they can withdraw it at the bank or provider. A new recharge works meanwhile.",
        ),
        back=Text(
            zh="争议撤回或不成立，冻结的入账自动恢复；争议成立，入账随付款一起收回。",
            en="If it is withdrawn or turned down, the frozen credit can be spent again; if it is upheld, the credit goes back with the payment.",
        ),
    ),
)


def _provider(code: str, *, zh: str, en: str, how: Text) -> Entry:
    return order_entry(
        Kind.PROVIDER_KIND,
        code,
        label=Text(zh=zh, en=en),
        explanation=how,
        look=Text(
            zh="下单时显示哪些付款方式可用。",
            en="Making an order shows which ways to pay there are.",
        ),
        change=Text(
            zh="付款前请核对金额；付款方式不合适，可以换一种重新下单。",
            en="Check the amount before you pay; if another way suits you better, make a new order with it.",
        ),
        back=Text(
            zh="退款总是回到原来的付款方式。",
            en="A refund always goes back the way the money came.",
        ),
    )


_PROVIDERS = (
    _provider(
        "stripe", zh="Stripe", en="Stripe",
        how=Text(
            zh="在 Stripe 的页面上用银行卡或其他方式付款，卡号不经过这里。",
            en="Paid by card or otherwise on a page of Stripe's; no card number passes through here.",
        ),
    ),
    _provider(
        "epay", zh="易支付", en="epay",
        how=Text(
            zh="跳转到易支付的页面付款，由它通知结果。",
            en="Paid on a page of an epay service, which then tells the outcome.",
        ),
    ),
    _provider(
        "alipay", zh="支付宝", en="Alipay",
        how=Text(
            zh="跳转到支付宝付款，由支付宝通知结果。",
            en="Paid at Alipay, which then tells the outcome.",
        ),
    ),
    _provider(
        "wechat", zh="微信支付", en="WeChat Pay",
        how=Text(
            zh="用微信扫码付款，由微信支付通知结果。",
            en="Paid by scanning a code with WeChat, which then tells the outcome.",
        ),
    ),
    _provider(
        "bank", zh="银行转账", en="Bank transfer",
        how=Text(
            zh="转账到给出的银行账户，附言照写给出的参考号；由财务核对到账后入账。",
            en="Transferred to the bank account that is given, with the reference that is given; finance confirms what has arrived.",
        ),
    ),
)  # fmt: skip


def _source(code: str, *, zh: str, en: str, explanation: Text) -> Entry:
    return order_entry(
        Kind.ORDER_SOURCE,
        code,
        label=Text(zh=zh, en=en),
        explanation=explanation,
        look=Text(
            zh="看订单的历史：每一步都写明由谁、在什么时候。",
            en="Look at the order's history: each step names who and when.",
        ),
        change=NOTHING_TO_DO,
        back=Text(
            zh="历史只增加，不修改。",
            en="A history grows and is never edited.",
        ),
    )


_SOURCES = (
    _source(
        "customer", zh="客户", en="Customer",
        explanation=Text(
            zh="由下单的一方发起。", en="Done on the side of whoever made the order."
        ),
    ),
    _source(
        "notice", zh="渠道通知", en="Provider's notice",
        explanation=Text(
            zh="支付渠道发来通知，签名已经核对。",
            en="The payment provider sent a notice, whose signature was checked.",
        ),
    ),
    _source(
        "query", zh="向渠道查询", en="Asked of the provider",
        explanation=Text(
            zh="系统主动向支付渠道查询得知。",
            en="The payment provider was asked, and answered.",
        ),
    ),
    _source(
        "staff", zh="工作人员", en="Staff",
        explanation=Text(
            zh="由工作人员处理，需要审批的已经批准。",
            en="Done by staff, with approval where it takes one.",
        ),
    ),
    _source(
        "expiry", zh="到期", en="Time limit",
        explanation=Text(
            zh="到了付款期限，由系统处理。", en="Its time to be paid was over."
        ),
    ),
)  # fmt: skip

ENTRIES = _STATES + _PROVIDERS + _SOURCES
