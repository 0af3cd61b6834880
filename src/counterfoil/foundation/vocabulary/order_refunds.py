"""What goes back of a recharge: states of refunds and of disputes, and what is true of the balance in each."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Kind, Owner, Text
from counterfoil.foundation.vocabulary.orders import (
    LOOK_AT_REFUNDS,
    NOTHING_TO_DO,
    REFUND_ARRIVES,
    REFUND_STANDS,
    order_entry,
)

_CHECK_AT_PROVIDER = Text(
    zh="在渠道后台按订单编号查看这笔退款。",
    en="Look the refund up in the provider's own console by the order.",
)

_REFUNDS = (
    order_entry(
        Kind.REFUND_STATE,
        "waiting",
        label=Text(zh="等待订单入账", en="Waiting for the payment"),
        explanation=Text(
            zh="退款的消息比付款的先到；余额还没有改变，订单入账时一并扣出。",
            en="It was told of before its payment was; the balance is as it was, and it is taken out when the order is credited.",
        ),
        look=LOOK_AT_REFUNDS,
        change=NOTHING_TO_DO,
        back=Text(
            zh="付款一直没有来，它就不影响余额。",
            en="If the payment never comes, it never touches the balance.",
        ),
    ),
    order_entry(
        Kind.REFUND_STATE,
        "sending",
        label=Text(zh="正在提交给支付渠道", en="Being sent to the provider"),
        explanation=Text(
            zh="退款已经批准，相应的入账已从余额扣出，正在请支付渠道退回款项。",
            en="It was approved, the credit for it has left the balance, and the provider is being asked to pay it back.",
        ),
        look=LOOK_AT_REFUNDS,
        change=Text(
            zh="请稍候；渠道暂时没有答复时会自动重试，不会退两次。",
            en="Wait a little; if the provider does not answer it is asked again, and nothing is paid back twice.",
        ),
        back=Text(
            zh="渠道拒绝时，扣出的金额自动回到余额。",
            en="If the provider refuses, what was taken is back in the balance by itself.",
        ),
    ),
    order_entry(
        Kind.REFUND_STATE,
        "sent",
        label=Text(zh="支付渠道处理中", en="With the provider"),
        explanation=Text(
            zh="支付渠道已经接受退款，还没有说退成；相应的入账已从余额扣出。",
            en="The provider has taken it on and not finished it yet; the credit for it has left the balance.",
        ),
        look=LOOK_AT_REFUNDS,
        change=REFUND_ARRIVES,
        back=Text(
            zh="渠道最后没有退成时，扣出的金额自动回到余额。",
            en="If the provider fails to pay it back in the end, what was taken is back in the balance by itself.",
        ),
    ),
    order_entry(
        Kind.REFUND_STATE,
        "unknown",
        owner=Owner.FINANCE,
        label=Text(zh="结果未知", en="Outcome unknown"),
        explanation=Text(
            zh="不知道支付渠道有没有退回款项；相应的入账已从余额扣出，为避免退两次，不再自动提交。",
            en="Whether the provider has paid it back is not known; the credit for it has left the balance, and it is not sent again, so that it is not paid twice.",
        ),
        look=_CHECK_AT_PROVIDER,
        change=Text(
            zh="请财务核对后记下结果：已经退成，或没有退成。",
            en="Finance checks it and records how it went: paid back, or not.",
        ),
        back=Text(
            zh="记为没有退成，扣出的金额就回到余额。",
            en="Recorded as not paid back, what was taken is back in the balance.",
        ),
    ),
    order_entry(
        Kind.REFUND_STATE,
        "succeeded",
        label=Text(zh="已退款", en="Refunded"),
        explanation=Text(
            zh="支付渠道已经退回款项，相应的入账已从余额扣出。",
            en="The provider has paid it back, and the credit for it has left the balance.",
        ),
        look=LOOK_AT_REFUNDS,
        change=REFUND_ARRIVES,
        back=REFUND_STANDS,
    ),
    order_entry(
        Kind.REFUND_STATE,
        "failed",
        owner=Owner.FINANCE,
        label=Text(zh="没有退成", en="Not refunded"),
        explanation=Text(
            zh="支付渠道没有退回款项；为它扣出的金额已经回到余额，可以使用。",
            en="The provider has not paid it back; what was taken for it is in the balance again and can be spent.",
        ),
        look=_CHECK_AT_PROVIDER,
        change=Text(
            zh="请看渠道给出的原因；仍要退款时重新提出，或换一种方式退回。",
            en="See the reason that the provider gives; propose it anew if it is still wanted, or pay it back another way.",
        ),
        back=Text(
            zh="余额已经恢复，不需要撤销。",
            en="The balance is restored, and there is nothing to undo.",
        ),
    ),
)

_DISPUTES = (
    order_entry(
        Kind.DISPUTE_STATE,
        "open",
        label=Text(zh="处理中", en="Open"),
        explanation=Text(
            zh="银行或支付渠道还没有作出决定；这笔订单剩下的入账暂时冻结。",
            en="The bank or provider has not decided yet; what is left of the order's credit is frozen meanwhile.",
        ),
        look=Text(
            zh="在渠道后台看争议的理由和举证期限。",
            en="See the reason and the deadline for evidence in the provider's console.",
        ),
        change=Text(
            zh="请付款人撤回误会；确有交付的，由财务在期限之内举证。",
            en="A mistake can be withdrawn by whoever paid; otherwise finance gives evidence of delivery before the deadline.",
        ),
        back=Text(
            zh="争议结束后，冻结自动解除或随付款收回。",
            en="When it ends, the credit is unfrozen, or goes back with the payment.",
        ),
    ),
    order_entry(
        Kind.DISPUTE_STATE,
        "won",
        label=Text(zh="争议不成立", en="Turned down"),
        explanation=Text(
            zh="银行或支付渠道没有支持争议，付款有效；冻结的入账已经恢复。",
            en="The bank or provider turned it down and the payment stands; the frozen credit can be spent again.",
        ),
        look=Text(zh="看订单的状态和账户的额度。", en="Look at the order's state and the account's credit."),
        change=NOTHING_TO_DO,
        back=Text(
            zh="冻结期间到期的赠送不会恢复。",
            en="Bonus credit that expired while it was frozen does not come back.",
        ),
    ),
    order_entry(
        Kind.DISPUTE_STATE,
        "lost",
        owner=Owner.FINANCE,
        label=Text(zh="争议成立", en="Upheld"),
        explanation=Text(
            zh="银行或支付渠道支持了争议，款项已经退给付款人；剩下的入账已从余额扣出，不足的部分记为未收取。",
            en="The bank or provider upheld it and the payment went back; what was left of the credit has been taken, and what was missing is recorded as uncollected.",
        ),
        look=LOOK_AT_REFUNDS,
        change=Text(
            zh="请财务核对渠道收取的金额，再决定是否与客户联系。",
            en="Finance checks what the provider has taken, and decides whether to speak to the customer.",
        ),
        back=Text(
            zh="银行改变决定时另记一笔；需要时重新充值。",
            en="If the bank changes its mind, that is a record of its own; recharge again when needed.",
        ),
    ),
)

ENTRIES = _REFUNDS + _DISPUTES
