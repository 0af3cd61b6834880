"""What happened to recharge orders: the steps of their history."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text
from counterfoil.foundation.vocabulary.orders import NOTHING_TO_DO

LOOK_AT_HISTORY = Text(
    zh="看订单的历史：每一步的时间、来源和金额。",
    en="Look at the order's history: when each step was, who told of it, and the amounts.",
)
HISTORY_STANDS = Text(
    zh="历史只增加，不修改；更正是新的一步。",
    en="A history is never edited; a correction is another step.",
)
_SEE_ATTENTION = Text(
    zh="订单已经标为需要处理，请财务按那里的步骤办。",
    en="The order is marked for attention, which says what finance does about it.",
)


def _event(
    code: str,
    *,
    zh: str,
    en: str,
    said: Text,
    change: Text = NOTHING_TO_DO,
    owner: Owner = Owner.CUSTOMER,
    public: bool = True,
) -> Entry:
    return Entry(
        kind=Kind.ORDER_EVENT,
        code=code,
        owner=owner,
        public=public,
        label=Text(zh=zh, en=en),
        explanation=said,
        next_step=NextStep(where_to_look=LOOK_AT_HISTORY, what_to_change=change, how_to_go_back=HISTORY_STANDS),
    )


def _trouble(code: str, *, zh: str, en: str, said: Text, change: Text = _SEE_ATTENTION) -> Entry:
    return _event(code, zh=zh, en=en, said=said, change=change, owner=Owner.FINANCE, public=False)


_DONT_PAY_TWICE = Text(
    zh="付款之后请等待确认，不要重复付款。",
    en="After paying, wait for the confirmation and do not pay again.",
)

_COURSE = (
    _event(
        "created", zh="下单", en="Order made",
        said=Text(
            zh="订单已经生成，应付的金额和将要入账的金额从此不变。",
            en="The order was made; what is to be paid and what it will credit are fixed from here on.",
        ),
        change=Text(zh="请在付款期限之内付款。", en="Pay it within its time."),
    ),
    _event(
        "payment_begun", zh="开始付款", en="Payment begun",
        said=Text(
            zh="已经给出付款的页面、二维码或账户；钱还没有到。",
            en="The page, code or account to pay at was given out; no money has come in yet.",
        ),
        change=_DONT_PAY_TWICE,
    ),
    _event(
        "cancelled", zh="取消", en="Called off",
        said=Text(
            zh="订单在付款之前取消；之后到的款项仍会入账。",
            en="The order was called off before it was paid; money that comes all the same is credited.",
        ),
    ),
    _event(
        "noted", zh="付款进度", en="Progress of the payment",
        said=Text(
            zh="得知付款到了哪一步，订单的状态随之改变；钱没有变动。",
            en="How far the payment is was learnt, and the order's state follows; no money has moved.",
        ),
        change=_DONT_PAY_TWICE,
    ),
    _event(
        "credited", zh="付款确认并入账", en="Paid and credited",
        said=Text(
            zh="付款与订单的商户、金额和币种一一相符，并在同一步入账。",
            en="The payment fitted the order in merchant, amount and currency, and was credited in the same step.",
        ),
    ),
    _event(
        "looked_at", zh="已处理", en="Looked at", owner=Owner.FINANCE, public=False,
        said=Text(
            zh="有人看过这笔订单，办完了该办的事，并写下了说明。",
            en="Somebody has looked at the order, done what was to be done, and said so.",
        ),
    ),
)  # fmt: skip

_BACK = (
    _event(
        "refund_approved", zh="退款已批准", en="Refund approved",
        said=Text(
            zh="退款已经批准，相应的入账已从余额扣出，接着提交给支付渠道。",
            en="A refund was approved and the credit for it left the balance; the provider is asked next.",
        ),
    ),
    _event(
        "refund_sending", zh="退款重新提交", en="Refund being sent again",
        said=Text(
            zh="支付渠道还没有接受这笔退款，会再次提交。",
            en="The provider has not taken the refund on yet and is asked again.",
        ),
    ),
    _event(
        "refund_sent", zh="渠道已受理退款", en="Refund taken on",
        said=Text(
            zh="支付渠道已经受理退款，还没有退成。",
            en="The provider has taken the refund on and not finished it yet.",
        ),
    ),
    _event(
        "refund_succeeded", zh="退款成功", en="Refund done",
        said=Text(
            zh="支付渠道已经把款项退给付款人。",
            en="The provider has paid the money back to whoever paid.",
        ),
    ),
    _event(
        "refund_failed", zh="退款失败", en="Refund failed",
        said=Text(
            zh="支付渠道没有退回款项，扣出的金额已经回到余额。",
            en="The provider has not paid the money back, and what was taken is in the balance again.",
        ),
        change=_SEE_ATTENTION,
    ),
    _event(
        "refund_unknown", zh="退款结果未知", en="Refund's outcome unknown",
        said=Text(
            zh="不知道支付渠道有没有退款，因此不再自动提交，等待人工核对。",
            en="Whether the provider has paid it back is not known, so it is not sent again until somebody has checked.",
        ),
        change=_SEE_ATTENTION,
    ),
    _event(
        "waiting", zh="付款之前先得知退款", en="Told of before the payment",
        said=Text(
            zh="退款的消息比付款的先到，先记下，等付款确认时一并处理。",
            en="A refund was told of before its payment; it is kept, and dealt with once the payment is confirmed.",
        ),
    ),
    _event(
        "refund_recorded", zh="渠道确认退款", en="Refund confirmed",
        said=Text(
            zh="支付渠道说款项已经退给付款人，余额已经与它一致。",
            en="The provider says that money has gone back, and the balance agrees with that.",
        ),
    ),
    _event(
        "refund_undone", zh="渠道未能退款", en="Refund undone",
        said=Text(
            zh="支付渠道后来说退款没有成功，扣出的金额已经回到余额。",
            en="The provider said afterwards that a refund has failed; what was taken for it is back in the balance.",
        ),
        change=_SEE_ATTENTION,
    ),
    _event(
        "dispute_recorded", zh="争议更新", en="Dispute recorded",
        said=Text(
            zh="付款的争议开始或有了结果，入账随之冻结、恢复或收回。",
            en="A dispute of the payment was opened or decided, and the credit is frozen, restored or taken back with that.",
        ),
        change=Text(
            zh="请看争议的状态；是误会，请付款人撤回。",
            en="See the dispute's state; a mistake can be withdrawn by whoever paid.",
        ),
    ),
)  # fmt: skip

_TROUBLE = (
    _trouble(
        "other_merchant", zh="收款商户不符", en="Another merchant",
        said=Text(
            zh="渠道所说的收款商户不是这里设置的；没有入账。",
            en="The payment was to a merchant that is not ours; nothing was credited.",
        ),
        change=Text(
            zh="请核对渠道后台的通知地址和这里的商户设置。",
            en="Check the notification address at the provider and the merchant set here.",
        ),
    ),
    _trouble(
        "amount_differs", zh="金额不符", en="Amount differs",
        said=Text(
            zh="渠道所说的金额与订单不同；没有入账，也没有猜测。",
            en="The provider names an amount that is not the order's; nothing was credited, and nothing guessed.",
        ),
    ),
    _trouble(
        "currency_differs", zh="币种不符", en="Currency differs",
        said=Text(
            zh="渠道所说的币种与订单不同；没有入账。",
            en="The provider names a currency that is not the order's; nothing was credited.",
        ),
    ),
    _trouble(
        "number_taken", zh="付款已用于另一笔订单", en="Payment of another order",
        said=Text(
            zh="这笔付款已经记在另一笔订单名下，一笔付款只入账一次；这里没有入账。",
            en="This very payment is on record for another order, and one payment is credited once; nothing was credited here.",
        ),
    ),
    _trouble(
        "paid_twice", zh="重复付款", en="Paid twice",
        said=Text(
            zh="订单入账之后又到了一笔付款；第二笔只记下，没有入账。",
            en="A second payment came for an order that had been credited; it is recorded, and credited to nobody.",
        ),
    ),
    _trouble(
        "refund_exceeds_payment", zh="退款超过付款", en="More back than was paid",
        said=Text(
            zh="渠道所说的退款或争议金额超过订单剩下的付款；超出的部分没有记账。",
            en="The provider names more back than is left of the payment; what exceeds it was not booked.",
        ),
    ),
    _trouble(
        "unreadable", zh="内容不完整", en="Not enough said",
        said=Text(
            zh="渠道的消息是真的，但缺少金额或编号，不能据此记账；钱没有变动。",
            en="What the provider said is genuine but lacks an amount or number to book by; no money has moved.",
        ),
    ),
)  # fmt: skip

ENTRIES = _COURSE + _BACK + _TROUBLE
