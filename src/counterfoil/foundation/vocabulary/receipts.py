"""What stands on a receipt of a recharge."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="与付款应用或银行的账单对照。",
        en="Compare it with your payment app or bank statement.",
    ),
    what_to_change=Text(
        zh="有不符之处，请带订单编号联系客服。",
        en="If something differs, contact support with the order's id.",
    ),
    how_to_go_back=Text(
        zh="收据只作说明，不改变任何记录；随时可以再开。",
        en="A receipt states and changes nothing; it can be made again at any time.",
    ),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.WORD,
        code=f"receipt_{code}",
        owner=Owner.CUSTOMER,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=_NEXT_STEP,
    )


ENTRIES = (
    _word("title", zh="收款收据", en="Receipt", hint_zh="证明收到了一笔付款。", hint_en="States that a payment was received."),
    _word("of_recharge", zh="账户充值", en="Account recharge", hint_zh="这笔付款的用途。", hint_en="What the payment was for."),
    _word("paid", zh="实付金额", en="Amount paid", hint_zh="付款人付出的金额和币种。", hint_en="What was paid, in the currency it was paid in."),
    _word("paid_at", zh="付款确认时间", en="Payment confirmed", hint_zh="确认收款并入账的时间。", hint_en="When the payment was confirmed and credited."),
    _word("payment", zh="付款", en="Payment", hint_zh="谁、怎样、在什么时候付的款。", hint_en="Who paid, how and when."),
    _word("order", zh="订单编号", en="Order", hint_zh="这笔充值在这里的编号。", hint_en="The id of this recharge here."),
    _word("method", zh="付款方式", en="Payment method", hint_zh="经由哪种支付渠道。", hint_en="The kind of payment provider."),
    _word("number", zh="付款编号", en="Payment number", hint_zh="支付渠道的编号，只显示末几位。", hint_en="The provider's own number, of which only the end is shown."),
    _word("payer", zh="付款人", en="Payer", hint_zh="只显示一部分。", hint_en="Of whom only a part is shown."),
    _word("account", zh="入账账户", en="Credited account", hint_zh="充值记入的账户。", hint_en="The account that was recharged."),
    _word("account_id", zh="账户编号", en="Account id", hint_zh="账户在这里的编号。", hint_en="The id of the account here."),
    _word("credit", zh="入账", en="Credit", hint_zh="这笔付款带来的额度。", hint_en="What the payment brought."),
    _word("credited", zh="充值入账", en="Credited", hint_zh="按下单时的汇率和比例算出。", hint_en="At the rate and ratio of when the order was made."),
    _word("rate", zh="汇率", en="Exchange rate", hint_zh="一单位付款币种合多少账户币种。", hint_en="What one unit of the paid currency is in the account's."),
    _word("ratio", zh="充值比例", en="Recharge ratio", hint_zh="换算之后再乘的倍数。", hint_en="What the converted amount is multiplied by."),
    _word("bonus", zh="赠送", en="Bonus", hint_zh="随充值赠送的额度，没有付款。", hint_en="Credit on top that was not paid for."),
    _word("bonus_days", zh="入账后 {days} 天内有效", en="valid for {days} days from the credit", hint_zh="过期的赠送不能再用。", hint_en="Bonus that has expired cannot be spent."),
    _word("credited_total", zh="入账合计", en="Credited in all", hint_zh="充值入账加赠送。", hint_en="What was credited, bonus included."),
    _word("taken_back", zh="因退款收回", en="Taken back for refunds", hint_zh="随退款从余额扣出的入账。", hint_en="What left the balance with the refunds."),
    _word("refunds", zh="退款", en="Refunds", hint_zh="退给付款人的款项。", hint_en="What went back to whoever paid."),
    _word("more_refunds", zh="其余 {count} 笔", en="{count} more", hint_zh="没有逐笔列出的退款。", hint_en="Refunds that are not listed one by one."),
    _word("refunded", zh="退款合计", en="Refunded in all", hint_zh="已经退成的退款之和。", hint_en="All refunds that are done."),
    _word("under_way", zh="退款处理中，尚未计入", en="Refund under way, not counted yet", hint_zh="已经从余额扣出，还没有确认退到付款人手里。", hint_en="It has left the balance, and is not confirmed to have reached the payer."),
    _word("net", zh="实收净额", en="Net amount received", hint_zh="实付金额减去已经退成的退款。", hint_en="What was paid less what was refunded."),
    _word("issued_at", zh="开具时间", en="Issued", hint_zh="收据写明的情况截至这时。", hint_en="What the receipt states is as of this time."),
    _word("issued_by", zh="收款方", en="Received by", hint_zh="提供服务并收款的一方。", hint_en="Who provides the service and took the payment."),
    _word("zone", zh="时间按账户时区 {zone} 显示。", en="Times are in the account's zone, {zone}.", hint_zh="账户设置的时区。", hint_en="The time zone that the account is set to."),
    _word(
        "as_of", zh="状态与退款以开具时间为准，之后的变动请以订单为准。",
        en="State and refunds are as of the time of issue; for what happens later, see the order.",
        hint_zh="退款或争议可能晚于开具。", hint_en="A refund or dispute may come after it was issued.",
    ),
    _word(
        "masked", zh="为保护付款人，付款编号和付款人只显示一部分。",
        en="To protect the payer, only a part of the payment number and of the payer is shown.",
        hint_zh="完整的编号只在支付渠道可以看到。", hint_en="The whole number can be seen at the provider only.",
    ),
    _word(
        "not_an_invoice", zh="本收据是收款凭据，不是税务发票，不能用于抵扣税款。需要发票，请凭订单编号申请。",
        en="This is a receipt, not a tax invoice, and cannot be used to reclaim tax. An invoice can be asked for with the order's id.",
        hint_zh="发票由收款方按税法另行开具。", hint_en="An invoice is issued separately, as tax law asks.",
    ),
)  # fmt: skip
