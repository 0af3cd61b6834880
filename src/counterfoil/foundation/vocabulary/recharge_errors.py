"""Errors of recharges: orders, the providers that they are paid at, exchange rates and refunds."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Owner, Text

_LOOK_AT_STATE = Text(
    zh="看错误里的 state：那是订单现在的状态。",
    en="Look at state in the error: it is where the order is now.",
)
_BALANCE_AS_IT_WAS = Text(
    zh="订单和余额都没有改变，不需要撤销。",
    en="Neither the order nor the balance has changed, so there is nothing to undo.",
)
_NO_ORDER_MADE = Text(
    zh="没有生成订单，也没有收款，不需要撤销。",
    en="No order was made and no money came in, so there is nothing to undo.",
)
_NOTHING_REFUNDED = Text(
    zh="没有退款，余额没有改变。",
    en="Nothing was refunded, and the balance is as it was.",
)

_ORDERS = (
    error(
        "order_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这笔订单", en="Order not found"),
        explanation=Text(
            zh="没有这个编号的充值订单，或当前身份看不到它。",
            en="There is no recharge order of this id, or whoever asked may not see it.",
        ),
        look=Text(
            zh="订单编号在下单的结果和入账通知里，以 ord_ 开头；支付应用显示的交易号是渠道自己的编号。",
            en="The id begins with ord_ and is in the answer to the order and in the notification of its credit; the number that a payment app shows is the provider's own.",
        ),
        change=Text(
            zh="请完整复制订单编号，并核对所属的账户；只有渠道的交易号时，请客服按它查找。",
            en="Copy the whole id and check the account; with nothing but the provider's number, support can look it up by that.",
        ),
    ),
    error(
        "order_not_payable",
        owner=Owner.CUSTOMER,
        label=Text(zh="订单不能再付款", en="Order no longer payable"),
        explanation=Text(
            zh="订单已经入账、取消，或过了付款期限，所以不能再付款，也不能取消。",
            en="The order is credited, cancelled or past its time, so it can be neither paid nor called off any more.",
        ),
        look=_LOOK_AT_STATE,
        change=Text(
            zh="已经入账的，请不要再付；没有付过款的，请重新下单；付了款还没有入账，请等待确认，或带订单编号联系客服。",
            en="If it is credited, do not pay again; if you have not paid, make a new order; if you have and it is not credited, wait for the confirmation or contact support with the order's id.",
        ),
        back=_BALANCE_AS_IT_WAS,
    ),
    error(
        "order_not_paid",
        owner=Owner.CUSTOMER,
        label=Text(zh="订单没有付过款", en="Order was never paid"),
        explanation=Text(
            zh="这笔订单还没有确认收到付款，所以没有收据和发票可开，也没有争议可记。",
            en="No payment of this order has been confirmed, so there is no receipt or invoice to be had for it, and no dispute to record.",
        ),
        look=_LOOK_AT_STATE,
        change=Text(
            zh="刚付过款，请等入账之后再试；同一次充值下过几笔订单，请看付的是哪一笔。",
            en="If you have just paid, try again once it is credited; if you made several orders for one recharge, see which of them was paid.",
        ),
        back=_BALANCE_AS_IT_WAS,
    ),
    error(
        "order_too_large",
        owner=Owner.CUSTOMER,
        label=Text(zh="充值金额太大", en="Order too large"),
        explanation=Text(
            zh="一笔订单的金额超过了允许的上限；没有下单。",
            en="The amount is more than one order may have; no order was made.",
        ),
        change=Text(
            zh="请检查小数点的位置；金额确实如此，请分成几笔。",
            en="Check where the decimal point is; if the amount is meant, make several orders.",
        ),
        back=_NO_ORDER_MADE,
    ),
    error(
        "account_closed",
        owner=Owner.SUPPORT,
        label=Text(zh="账户已关闭", en="Account closed"),
        explanation=Text(
            zh="要充值的账户已经关闭，不再接受新的充值；没有下单。",
            en="The account that was to be recharged is closed and takes no more recharges; no order was made.",
        ),
        look=Text(
            zh="看订单要充值的账户编号，是不是自己正在用的那一个。",
            en="Look at the account's id, and whether it is the one you are using.",
        ),
        change=Text(
            zh="请换成正在使用的账户；需要恢复这个账户，请联系客服。",
            en="Recharge the account that you use; contact support to have this one restored.",
        ),
        back=_NO_ORDER_MADE,
    ),
    error(
        "order_already_paid",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="订单已经入账", en="Order credited already"),
        explanation=Text(
            zh="这笔订单的付款已经确认并入账，不需要再确认；没有再次入账。",
            en="The order's payment is confirmed and credited and needs no confirming; it was not credited again.",
        ),
        look=Text(
            zh="看订单历史里入账的一步，以及那笔付款的编号掩码。",
            en="Look at the step of the order's history that credited it, and at the mask of that payment.",
        ),
        change=Text(
            zh="手上是另一笔付款，请核对它属于哪笔订单；客户付了两次，在渠道后台退回多付的一笔。",
            en="If you have another payment at hand, see which order it belongs to; if the customer has paid twice, return the second one at the provider.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "order_not_changed",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="订单没有改变", en="Order not changed"),
        explanation=Text(
            zh="批准时订单的情况已经与提出时不同，要做的事不再成立；审批没有执行，订单和余额不变。",
            en="By the time of the approval the order stood otherwise than when it was proposed, so it could not be done; nothing was carried out, and order and balance are as they were.",
        ),
        look=Text(
            zh="看错误里的 outcome，以及订单最近的历史。",
            en="Look at outcome in the error, and at the latest steps of the order.",
        ),
        change=Text(
            zh="请驳回这个审批；仍然需要时，按订单现在的情况重新提出。",
            en="Reject this approval, and propose anew what the order needs as it stands now.",
        ),
        back=_BALANCE_AS_IT_WAS,
    ),
)

_REFUNDS = (
    error(
        "order_not_refundable",
        owner=Owner.FINANCE,
        label=Text(zh="订单不能退款", en="Order not refundable"),
        explanation=Text(
            zh="订单没有入账、已经全部退款，或付款有争议，所以不能退款；没有退款。",
            en="The order was not credited, has been refunded in full, or its payment is disputed; nothing was refunded.",
        ),
        look=_LOOK_AT_STATE,
        change=Text(
            zh="有争议的，等争议结束；已经退过的，看订单的退款记录。",
            en="If it is disputed, wait for the end of that; if it was refunded, look at the order's refunds.",
        ),
        back=_NOTHING_REFUNDED,
    ),
    error(
        "refund_repeated",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="这笔退款已经办过", en="Refund made already"),
        explanation=Text(
            zh="这笔订单已经按同一个来源（例如同一张工单）退过款；没有再退一次，审批没有执行。",
            en="The order was refunded for the same source, such as the same ticket; it was not refunded again, and the approval was not carried out.",
        ),
        look=Text(
            zh="运行 counterfoil orders show 加订单编号，查看已有的退款。",
            en="Run counterfoil orders show with the order's id to see the refund that there is.",
        ),
        change=Text(
            zh="请驳回这个审批；确实是另一笔退款，请换一个来源编号重新提出。",
            en="Reject this approval; if it is another refund, propose it with a source of its own.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "refund_not_found",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="没有这笔退款", en="Refund not found"),
        explanation=Text(
            zh="没有这个编号的订单退款。",
            en="There is no refund of an order of this id.",
        ),
        look=Text(
            zh="运行 counterfoil orders show 加订单编号，查看这笔订单的退款。",
            en="Run counterfoil orders show with the order's id to see its refunds.",
        ),
        change=Text(
            zh="请完整复制退款编号，以 ref_ 开头。",
            en="Copy the whole id, which begins with ref_.",
        ),
    ),
    error(
        "refund_ended",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="退款已有结果", en="Refund decided already"),
        explanation=Text(
            zh="已经知道这笔退款有没有退成，不能再改；这一次没有改动。",
            en="Whether this refund was paid back is known and final; nothing was changed now.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请以记录为准；与渠道后台不符时，另做一笔退款或余额调整。",
            en="Go by the record; if the provider's console says otherwise, put it right by another refund or an adjustment.",
        ),
        back=RECORD_STANDS,
    ),
)

_PROVIDERS = (
    error(
        "provider_disabled",
        owner=Owner.CUSTOMER,
        label=Text(zh="这种付款方式已停用", en="Way to pay not available"),
        explanation=Text(
            zh="这个支付渠道不再接受新的订单；已经付款的旧订单照常入账。",
            en="This payment provider takes no new orders; older ones that were paid are still credited.",
        ),
        look=Text(
            zh="看还有哪些付款方式可用。",
            en="See which other ways to pay there are.",
        ),
        change=Text(zh="请换一种付款方式下单。", en="Order with another way to pay."),
        back=_NO_ORDER_MADE,
    ),
    error(
        "provider_currency",
        owner=Owner.CUSTOMER,
        label=Text(zh="这种付款方式不收此币种", en="Currency not taken"),
        explanation=Text(
            zh="这个支付渠道不接受所选的币种；没有下单。",
            en="This payment provider does not take the currency that was chosen; no order was made.",
        ),
        look=Text(
            zh="看错误里的 currencies：它接受的币种。",
            en="Look at currencies in the error: those it takes.",
        ),
        change=Text(
            zh="请改用它接受的币种，或换一种付款方式；付款的币种与账户不同时，按订单写明的汇率入账。",
            en="Use one of them or another way to pay; what is paid in another currency than the account's is credited at the rate that the order states.",
        ),
        back=_NO_ORDER_MADE,
    ),
    error(
        "provider_not_found",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有这个支付渠道", en="Payment provider not found"),
        explanation=Text(
            zh="没有设置过这个名称的支付渠道。",
            en="No payment provider of this name has been set up.",
        ),
        look=Text(
            zh="看支付渠道的列表；在渠道后台看通知地址末尾的名称。",
            en="Look at the list of providers, and at the name at the end of the notification address in the provider's console.",
        ),
        change=Text(
            zh="请改正名称，或先添加这个渠道。",
            en="Correct the name, or add the provider first.",
        ),
    ),
    error(
        "provider_name_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="支付渠道的名称不合要求", en="Provider's name not usable"),
        explanation=Text(
            zh="名称会出现在通知地址里，只能用小写字母、数字、短横线和下划线，最多 40 个字符，并且不能是 upstreams。",
            en="The name becomes a part of the notification address: lower-case letters, digits, hyphens and underscores, at most 40, and not “upstreams”.",
        ),
        change=Text(
            zh="请换一个名称，例如 alipay 或 stripe-eu。",
            en="Choose another, such as alipay or stripe-eu.",
        ),
    ),
    error(
        "rate_missing",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有设置汇率", en="Exchange rate missing"),
        explanation=Text(
            zh="付款的币种与账户的币种不同，而两者之间没有汇率，不能确定入账多少；没有下单。",
            en="The payment is in another currency than the account's and there is no rate between them, so what it would credit is not certain; no order was made.",
        ),
        look=Text(
            zh="看错误里的 paid 和 wallet：付款的和账户的币种。",
            en="Look at paid and wallet in the error: the two currencies.",
        ),
        change=Text(
            zh="请用账户的币种付款，或由运营设置这两种币种的汇率。",
            en="Pay in the account's currency, or have operations set a rate for the two.",
        ),
        back=_NO_ORDER_MADE,
    ),
)

ENTRIES = _ORDERS + _REFUNDS + _PROVIDERS
