"""Orders that somebody must look at, and what became of notices: what happened, what is true now, what finance does."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text
from counterfoil.foundation.vocabulary.order_events import HISTORY_STANDS
from counterfoil.foundation.vocabulary.orders import NOTHING_TO_DO

_MARK_AS_DONE = Text(
    zh="办完之后运行 counterfoil orders looked-at，写下办了什么；它只去掉标记，不改动任何金额。",
    en="When it is done, say so with counterfoil orders looked-at; that takes the mark away and changes no amount.",
)


def _attention(
    code: str, *, zh: str, en: str, said: Text, look: Text, change: Text, owner: Owner = Owner.FINANCE
) -> Entry:
    return Entry(
        kind=Kind.ORDER_ATTENTION,
        code=code,
        owner=owner,
        public=False,
        label=Text(zh=zh, en=en),
        explanation=said,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=_MARK_AS_DONE),
    )


_COMPARE_PAYMENT = Text(
    zh="把订单历史里的金额、币种和付款编号掩码，与渠道后台的这笔付款对照。",
    en="Compare amount, currency and the payment's mask in the order's history with the payment in the provider's console.",
)
_COMPARE_REFUNDS = Text(
    zh="把订单的退款逐笔与渠道后台的退款对照：金额、时间和编号掩码。",
    en="Compare the order's refunds with those in the provider's console, one by one: amount, time and mask.",
)

_ATTENTION = (
    _attention(
        "amount_differs", zh="到账金额与订单不符", en="Amount differs from the order",
        said=Text(
            zh="支付渠道报告的付款金额与订单不同；没有入账，款项若已到账，就在渠道那里。",
            en="The provider reports a payment of another amount than the order's; nothing was credited, and if the money has come in it is at the provider.",
        ),
        look=_COMPARE_PAYMENT,
        change=Text(
            zh="财务：款项确实不同，在渠道后台退回，请客户按正确的金额重新下单；渠道的报告有误而实收相符，再按审批确认收款。",
            en="Finance: if the amount is really another, return it in the provider's console and have the customer order anew; if the report is wrong and the right sum has come in, confirm the payment by approval.",
        ),
    ),
    _attention(
        "currency_differs", zh="到账币种与订单不符", en="Currency differs from the order",
        said=Text(
            zh="支付渠道报告的币种与订单不同；没有入账，也没有换算。",
            en="The provider reports another currency than the order's; nothing was credited, and nothing converted.",
        ),
        look=_COMPARE_PAYMENT,
        change=Text(
            zh="财务：在渠道后台退回，请客户用渠道接受的币种重新下单；运营检查这个渠道设置的币种。",
            en="Finance returns it in the provider's console and has the customer order anew; operations checks which currencies are set for the provider.",
        ),
    ),
    _attention(
        "number_taken", zh="同一笔付款报给了两笔订单", en="One payment named for two orders",
        said=Text(
            zh="这笔付款已经记在另一笔订单名下；这笔订单没有入账。",
            en="The payment is on record for another order; this one was not credited.",
        ),
        look=Text(
            zh="用 counterfoil orders find 按付款编号找到记着它的那笔订单，在渠道后台看这笔付款究竟属于哪一笔。",
            en="Find the order that has it with counterfoil orders find and the payment's number, and see in the provider's console which of the two it belongs to.",
        ),
        change=Text(
            zh="财务：付款属于已入账的订单，就不用再办；属于这一笔，更正要按审批做余额调整；来历不明，交运营查是不是有人重放通知。",
            en="Finance: if it belongs to the order that was credited, all is well; if it belongs to this one, correct the balances by an approved adjustment; if neither is clear, operations looks for a replayed notice.",
        ),
    ),
    _attention(
        "paid_twice", zh="客户付了两次", en="Paid twice",
        said=Text(
            zh="订单已经入账，又到了第二笔付款；第二笔只记下，没有入账，款项在渠道那里。",
            en="The order was credited and a second payment has come in; that one is recorded, credited to nobody, and at the provider.",
        ),
        look=Text(
            zh="在渠道后台看这笔订单的两笔付款：时间、金额和付款人是否相同。",
            en="See both payments of the order in the provider's console: whether time, amount and payer are the same.",
        ),
        change=Text(
            zh="财务：确认是重复付款，告知客户，并在渠道后台退回第二笔；退回之后核对这笔订单的入账没有随之减少。",
            en="Finance: if it was paid twice, tell the customer and return the second payment in the provider's console; then check that the order's credit has not gone down with it.",
        ),
    ),
    _attention(
        "refund_exceeds_payment", zh="退回的款项超过付款", en="More went back than was paid",
        said=Text(
            zh="支付渠道报告的退款或争议金额，超过这笔订单剩下的付款；超出的部分没有记账。",
            en="The provider reports more back, by refund or dispute, than is left of this order's payment; what exceeds it was not booked.",
        ),
        look=_COMPARE_REFUNDS,
        change=Text(
            zh="财务：找出多退的是哪一笔，向渠道追回，追不回的记为损失；不要从客户余额里扣。",
            en="Finance finds the one that went back twice and claims it from the provider, or books it as a loss; it is not taken from the customer's balance.",
        ),
    ),
    _attention(
        "unreadable", zh="渠道的消息不完整", en="Provider's message incomplete", owner=Owner.OPERATIONS,
        said=Text(
            zh="支付渠道的消息签名正确，却缺少金额、编号，或分不清是哪一笔退款；没有据此记账，钱可能已经变动。",
            en="A genuine message of the provider lacks an amount or number, or cannot be told from another refund; nothing was booked by it, while money may have moved.",
        ),
        look=Text(
            zh="在渠道后台看这笔订单实际发生了什么。",
            en="See in the provider's console what has really happened to the order.",
        ),
        change=Text(
            zh="运营：请渠道说明，或升级接口版本；财务：已到账的付款按审批确认，已退的款项与订单核对。",
            en="Operations asks the provider or moves to a newer interface; finance confirms a payment that has arrived, by approval, and checks refunds against the order.",
        ),
    ),
    _attention(
        "refund_failed", zh="退款没有退成", en="Refund failed",
        said=Text(
            zh="支付渠道没有退回款项；扣出的金额已经回到客户余额，客户还没有收到退款。",
            en="The provider has not paid it back; what was taken is in the balance again, and the customer has not got the money.",
        ),
        look=Text(
            zh="看退款记录里渠道的错误代码，例如商户余额不足、超过退款期限或付款账户已注销。",
            en="See the provider's code in the refund's record, such as no money in the merchant account, too late, or the payer's account closed.",
        ),
        change=Text(
            zh="财务：消除原因之后重新提出退款；渠道不能再退的，与客户商定另一种方式。",
            en="Finance removes the reason and proposes the refund anew; where the provider cannot do it any more, agree another way with the customer.",
        ),
    ),
    _attention(
        "refund_unknown", zh="退款结果不明", en="Refund's outcome unknown",
        said=Text(
            zh="提交退款之后没有得到答复，渠道可能已经退款；相应的入账已从余额扣出，不会再自动提交。",
            en="The refund was asked for and never answered, so the provider may have paid it; the credit for it has left the balance, and it is not sent again.",
        ),
        look=Text(
            zh="在渠道后台看这笔退款有没有发生。",
            en="See in the provider's console whether the refund has been made.",
        ),
        change=Text(
            zh="财务：查清之后用 counterfoil orders confirm-refund 记下结果；记为没有退成，金额回到余额，可以重新提出。",
            en="Finance records what is found with counterfoil orders confirm-refund; recorded as not paid back, the money is in the balance again and the refund can be proposed anew.",
        ),
    ),
    _attention(
        "refund_shortfall", zh="退回的款项已被用掉", en="What went back was already spent",
        said=Text(
            zh="支付渠道退回了付款，而客户已经用掉一部分；余额没有变成负数，差额记为未收取。",
            en="The provider returned money of which the customer had spent a part; the balance is not negative, and the difference is recorded as uncollected.",
        ),
        look=Text(
            zh="看账户流水里记为未收取的一笔，以及退款或争议的来源。",
            en="Look at the uncollected entry among the account's transfers, and at where the refund or dispute came from.",
        ),
        change=Text(
            zh="财务：决定与客户协商补款还是记为损失；有滥用迹象时，由运营停用账户。",
            en="Finance decides whether to ask the customer for it or to bear it; where it looks like abuse, operations suspends the account.",
        ),
    ),
)  # fmt: skip


def _outcome(code: str, *, zh: str, en: str, said: Text, change: Text = NOTHING_TO_DO) -> Entry:
    return Entry(
        kind=Kind.NOTICE_OUTCOME,
        code=code,
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh=zh, en=en),
        explanation=said,
        next_step=NextStep(
            where_to_look=Text(
                zh="看通知的记录：支付渠道、时间、收到几次，以及关于哪笔订单。",
                en="Look at the notice's record: provider, time, how often it came, and which order it is about.",
            ),
            what_to_change=change,
            how_to_go_back=HISTORY_STANDS,
        ),
    )


_SEE_ORDER = Text(
    zh="请打开订单，按它标明的需要处理的事项办理。",
    en="Open the order and do what its mark for attention says.",
)
_CHECK_SETTINGS = Text(
    zh="请核对渠道的设置；不是渠道发来的，可以不理。",
    en="Check the provider's settings; what the provider did not send can be left alone.",
)

_ACCEPTED = (
    _outcome(
        "credited", zh="已入账", en="Credited",
        said=Text(
            zh="付款与订单相符，已经入账，之后才答复渠道成功。",
            en="The payment fitted its order and was credited; only then was the provider told so.",
        ),
    ),
    _outcome(
        "repeated", zh="重复的消息", en="Repeated",
        said=Text(
            zh="所说的事已经记过，没有再记一次。",
            en="What it says had been recorded, and was not recorded again.",
        ),
    ),
    _outcome(
        "noted", zh="已记下", en="Noted",
        said=Text(
            zh="只说了付款的进度，没有钱的变动。",
            en="It tells how far a payment is; no money has moved.",
        ),
    ),
    _outcome(
        "waiting", zh="等待付款", en="Kept for the payment",
        said=Text(
            zh="退款的消息先于付款到达，已经记下，等付款确认时处理。",
            en="It tells of a refund whose payment is not confirmed yet; it is kept until that is.",
        ),
    ),
    _outcome(
        "refund_recorded", zh="退款已记账", en="Refund recorded",
        said=Text(
            zh="款项已经退给付款人，账本与它一致。",
            en="Money has gone back to whoever paid, and the ledger agrees.",
        ),
    ),
    _outcome(
        "refund_undone", zh="退款已恢复", en="Refund undone",
        said=Text(
            zh="退款没有成功，扣出的金额已经回到余额。",
            en="A refund has failed, and what was taken for it is back in the balance.",
        ),
        change=_SEE_ORDER,
    ),
    _outcome(
        "dispute_recorded", zh="争议已记下", en="Dispute recorded",
        said=Text(
            zh="争议开始或结束，额度随之冻结、恢复或收回。",
            en="A dispute was opened or has ended, and the credit is frozen, restored or taken back.",
        ),
    ),
    _outcome(
        "ignored", zh="与充值无关", en="Not about a recharge",
        said=Text(
            zh="渠道的其他消息，不涉及这里的订单和钱。",
            en="Another kind of message, about no order and no money here.",
        ),
    ),
)  # fmt: skip

_NOT_ACCEPTED = (
    _outcome(
        "order_unknown", zh="没有这笔订单", en="Order unknown",
        said=Text(
            zh="通知写明的订单这里没有；没有入账，渠道会再次通知。",
            en="There is no order here of the number it names; nothing was credited, and the provider sends it again.",
        ),
        change=Text(
            zh="请核对渠道后台的通知地址：它可能属于另一套系统的订单。",
            en="Check the notification address at the provider: the order may be another installation's.",
        ),
    ),
    _outcome(
        "other_provider", zh="属于另一个支付渠道的订单", en="Order of another provider",
        said=Text(
            zh="订单是用另一个渠道下的；没有入账。",
            en="The order it names was made with another provider; nothing was credited.",
        ),
        change=_CHECK_SETTINGS,
    ),
    _outcome(
        "other_merchant", zh="收款商户不符", en="Paid to another merchant",
        said=Text(
            zh="付款收进了另一个商户；没有入账。",
            en="The payment went to another merchant than ours; nothing was credited.",
        ),
        change=_CHECK_SETTINGS,
    ),
    _outcome(
        "amount_differs", zh="金额不符", en="Amount differs",
        said=Text(
            zh="付款金额与订单不同；没有入账，订单已标为需要处理。",
            en="The amount is not the order's; nothing was credited, and the order is marked for attention.",
        ),
        change=_SEE_ORDER,
    ),
    _outcome(
        "currency_differs", zh="币种不符", en="Currency differs",
        said=Text(
            zh="付款币种与订单不同；没有入账，订单已标为需要处理。",
            en="The currency is not the order's; nothing was credited, and the order is marked for attention.",
        ),
        change=_SEE_ORDER,
    ),
    _outcome(
        "number_taken", zh="付款已用于另一笔订单", en="Payment of another order",
        said=Text(
            zh="同一笔付款已经记在另一笔订单名下；没有再次入账，订单已标为需要处理。",
            en="The same payment is on record for another order; it was not credited again, and the order is marked for attention.",
        ),
        change=_SEE_ORDER,
    ),
    _outcome(
        "paid_twice", zh="重复付款", en="Paid twice",
        said=Text(
            zh="订单已经入账，又来了一笔付款；第二笔没有入账，订单已标为需要处理。",
            en="A second payment of an order that had been credited; it was not credited, and the order is marked for attention.",
        ),
        change=_SEE_ORDER,
    ),
    _outcome(
        "refund_exceeds_payment", zh="退款超过付款", en="More back than was paid",
        said=Text(
            zh="退款超过订单剩下的付款；没有记账，订单已标为需要处理。",
            en="The refund is more than is left of the payment; it was not booked, and the order is marked for attention.",
        ),
        change=_SEE_ORDER,
    ),
    _outcome(
        "unreadable", zh="内容不完整", en="Not enough said",
        said=Text(
            zh="缺少记账所需的金额或编号；没有记账，订单已标为需要处理。",
            en="An amount or number that booking needs is missing; nothing was booked, and the order is marked for attention.",
        ),
        change=_SEE_ORDER,
    ),
)  # fmt: skip

_NOT_BELIEVED = (
    _outcome(
        "notice_not_configured", zh="没有验签密钥", en="No secret to check it with",
        said=Text(
            zh="这个渠道没有设置验签密钥，通知一概不采用。",
            en="No secret is set for the provider, so none of its notices is used.",
        ),
        change=Text(zh="请为渠道设置密钥。", en="Set the provider's secret."),
    ),
    _outcome(
        "notice_signature_wrong", zh="签名不符", en="Signature wrong",
        said=Text(
            zh="签名缺失或不符，内容没有采用，也没有保存。",
            en="Its signature is missing or does not fit; what it says was neither used nor kept.",
        ),
        change=_CHECK_SETTINGS,
    ),
    _outcome(
        "notice_stale", zh="签名时间不符", en="Signed too long ago",
        said=Text(
            zh="签名时间与现在相差太远，可能是重放，内容没有采用。",
            en="It was signed too long ago or ahead of time and may be a replay; what it says was not used.",
        ),
        change=Text(zh="请校准这台机器的时钟。", en="Set this machine's clock right."),
    ),
    _outcome(
        "notice_other_merchant", zh="通知属于另一个商户", en="Notice of another merchant",
        said=Text(
            zh="签名正确，但商户、应用或环境不是这里设置的，内容没有采用。",
            en="It is properly signed for another merchant, application or mode; what it says was not used.",
        ),
        change=_CHECK_SETTINGS,
    ),
    _outcome(
        "notice_unreadable", zh="无法识别", en="Not readable",
        said=Text(
            zh="太长、格式不对或无法解密，内容没有采用。",
            en="It is too long, malformed or cannot be unsealed; what it says was not used.",
        ),
        change=Text(
            zh="请核对渠道后台的接口版本、编码和解密密钥。",
            en="Check interface version, encoding and sealing key in the provider's console.",
        ),
    ),
)  # fmt: skip

ENTRIES = _ATTENTION + _ACCEPTED + _NOT_ACCEPTED + _NOT_BELIEVED
