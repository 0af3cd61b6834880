"""Findings about recharges and redemption codes that did not show up: what is true of the money now, and who acts."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.findings import finding
from counterfoil.foundation.vocabulary.model import Owner, Text

_DO_NOT_PAY_TWICE = Text(
    zh="没有收款也没有入账，不需要撤销；请不要重复付款。",
    en="Nothing came in and nothing was credited, so there is nothing to undo; do not pay twice.",
)
_NO_CREDIT_YET = Text(
    zh="没有入账，余额没有改变；问题解决后入账，不需要重新付款。",
    en="Nothing was credited and the balance is as it was; it is credited once this is solved, without paying again.",
)
_CREDIT_STANDS = Text(
    zh="入账不会倒退；没有用掉的部分可以按服务方的规则申请退款。",
    en="A credit stands; what is not used can be refunded under the operator's rules.",
)
_CODE_UNUSED = Text(
    zh="没有入账，余额没有改变，不需要撤销。",
    en="Nothing was credited and the balance is as it was; there is nothing to undo.",
)

_ORDERS = (
    finding(
        "order_credited",
        owner=Owner.CUSTOMER,
        label=Text(zh="已经入账", en="Credited"),
        explanation=Text(
            zh="付款已经确认并记入订单所属的账户；看不到时，多半是看的账户不同，或者已经用掉、过期。",
            en="The payment was confirmed and credited to the account that the order is for; where it does not show, another account is looked at, or it was spent or has expired.",
        ),
        look=Text(
            zh="看订单写明的账户是不是登录和调用所用的那一个，再看入账之后的扣费。",
            en="See whether the order's account is the one that you sign in to and call with, then look at the charges since.",
        ),
        change=Text(
            zh="账户相同而金额仍然对不上时，请带订单编号联系客服，不要再付一次。",
            en="If it is the same account and the amounts still do not fit, contact support with the order's id; do not pay again.",
        ),
        back=_CREDIT_STANDS,
    ),
    finding(
        "order_not_paid",
        owner=Owner.CUSTOMER,
        label=Text(zh="付款没有确认", en="Payment not confirmed"),
        explanation=Text(
            zh="已经开始付款，但支付渠道没有确认收到；没有入账，渠道一确认就会入账。",
            en="Payment was begun, and the payment provider has not confirmed it; nothing is credited until it does, and then at once.",
        ),
        look=Text(
            zh="在支付应用或银行里看这笔付款是否成功，款项有没有扣出。",
            en="See in your payment app or bank whether it went through and whether money has left you.",
        ),
        change=Text(
            zh="款项已经扣出的，请不要再付，带订单编号和付款时间联系客服；没有扣出的，可以重新付款。",
            en="If money has left you, do not pay again, and contact support with the order's id and the time; if not, you can pay anew.",
        ),
        back=_DO_NOT_PAY_TWICE,
    ),
    finding(
        "order_not_begun",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有开始付款", en="Nobody began to pay"),
        explanation=Text(
            zh="订单生成之后没有人打开付款页面或二维码，所以没有收款，也没有入账。",
            en="The order was made and its payment page or code was never opened, so no money came in and nothing was credited.",
        ),
        look=Text(
            zh="看付的是不是同一次充值的另一笔订单，以及它属于哪个账户。",
            en="See whether you paid another order of the same recharge, and which account that one is for.",
        ),
        change=Text(
            zh="没有付过款，请打开订单付款，过了期限就重新下单；已经付过的，请带付款时间和金额联系客服。",
            en="If you have not paid, pay it, or make a new order once its time is over; if you have, contact support with time and amount.",
        ),
        back=_DO_NOT_PAY_TWICE,
    ),
    finding(
        "notice_refused",
        owner=Owner.OPERATIONS,
        label=Text(zh="付款通知没有被接受", en="Payment notice not accepted"),
        explanation=Text(
            zh="支付渠道发来了通知，但核对没有通过，所以没有据此入账；款项若已付出，就在渠道那里。",
            en="The payment provider sent a notice that did not pass its checks, so nothing was credited by it; money that was paid is at the provider.",
        ),
        look=Text(
            zh="看通知没有通过的原因和收到几次，再看渠道设置里的商户、密钥和通知地址。",
            en="See why the notice did not pass and how often it came, then check merchant, keys and notification address in the provider's settings.",
        ),
        change=Text(
            zh="运营：改正设置后，渠道再次通知或查询到付款就会入账；客户：请等待处理，不要再付一次。",
            en="Operations mends the settings, and the next notice or query credits it; the customer waits and does not pay again.",
        ),
        back=_NO_CREDIT_YET,
    ),
    finding(
        "amount_differs",
        owner=Owner.FINANCE,
        label=Text(zh="付款与订单不符", en="Payment differs from the order"),
        explanation=Text(
            zh="支付渠道报告的金额或币种与订单不同，所以没有入账；款项若已付出，就在渠道那里。",
            en="The payment provider reports another amount or currency than the order's, so nothing was credited; money that was paid is at the provider.",
        ),
        look=Text(
            zh="把订单的金额和币种，与支付应用里的这笔付款对照。",
            en="Compare the order's amount and currency with the payment in your payment app.",
        ),
        change=Text(
            zh="财务：退回款项，请客户按正确的金额重新下单；渠道的报告有误而实收相符，按审批确认收款。",
            en="Finance returns the money and has the customer order anew; if the report is wrong and the right sum has come in, it confirms the payment by approval.",
        ),
        back=_NO_CREDIT_YET,
    ),
    finding(
        "paid_twice",
        owner=Owner.FINANCE,
        label=Text(zh="同一笔订单付了两次", en="Paid twice"),
        explanation=Text(
            zh="订单已经入账一次，又到了第二笔付款；第二笔没有入账，款项在渠道那里，应当退回。",
            en="The order was credited once and a second payment has come in; that one is credited to nobody, is at the provider, and is to be returned.",
        ),
        look=Text(
            zh="看订单的两笔付款：时间、金额和付款编号掩码。",
            en="Look at both payments of the order: time, amount and the mask of their numbers.",
        ),
        change=Text(
            zh="财务：确认后在渠道后台退回第二笔；想把它也用作充值，请客户另下一笔订单。",
            en="Finance checks and returns the second one in the provider's console; to recharge with it as well takes another order.",
        ),
        back=Text(
            zh="第一笔的入账不受影响；退回第二笔之后，请核对余额没有随之减少。",
            en="The first one's credit is not touched; after the second has gone back, check that the balance has not gone down with it.",
        ),
    ),
    finding(
        "credited_to_another_account",
        owner=Owner.CUSTOMER,
        label=Text(zh="入账到了另一个账户", en="Credited to another account"),
        explanation=Text(
            zh="付款已经入账，但订单属于另一个账户；付款、登录和调用不是同一个账户，是看不到入账最常见的原因。",
            en="The payment was credited, but the order is another account's: that payment, sign-in and calls are of different accounts is the commonest reason for a credit that does not show.",
        ),
        look=Text(
            zh="看订单、登录和 Key 各属于哪个账户；下单时登录的可能是另一个邮箱或登录方式。",
            en="See which account the order, the sign-in and the key belong to; another e-mail address or way to sign in may have been used to order.",
        ),
        change=Text(
            zh="请登录订单所属的账户，并使用那个账户的 Key；那个账户不是自己的，请联系客服。",
            en="Sign in to the order's account and call with a key of it; if that account is not yours, contact support.",
        ),
        back=_CREDIT_STANDS,
    ),
    finding(
        "order_refunded",
        owner=Owner.CUSTOMER,
        label=Text(zh="充值已退款", en="Recharge refunded"),
        explanation=Text(
            zh="这笔充值入账之后，款项已经全部或部分退给付款人，相应的金额也从余额扣出。",
            en="This recharge was credited, and all or part of it has since gone back to whoever paid and was taken out of the balance.",
        ),
        look=Text(
            zh="看订单的每一笔退款：金额、状态和时间。",
            en="Look at each refund of the order: how much, in which state, and when.",
        ),
        change=Text(
            zh="退款退回原来的付款方式，过了几个工作日还没有收到，请带订单编号联系客服；要继续使用，请重新充值。",
            en="It goes back the way it was paid; if it has not arrived after some working days, contact support with the order's id. Recharge again to go on.",
        ),
        back=Text(
            zh="退款不能撤回；需要时重新充值。",
            en="A refund is not taken back; recharge again when you need to.",
        ),
    ),
    finding(
        "order_disputed",
        owner=Owner.FINANCE,
        label=Text(zh="付款有争议", en="Payment disputed"),
        explanation=Text(
            zh="付款人向银行或支付渠道提出了争议；在有结论之前，这笔充值剩下的额度不能使用，其余余额不受影响。",
            en="Whoever paid has disputed the payment; until that is decided, what is left of this recharge cannot be spent, while the rest of the balance can.",
        ),
        look=Text(
            zh="看争议的状态和时间，以及付款人是谁（只显示掩码）。",
            en="Look at the state and time of the dispute, and at who paid, of whom only a mask is shown.",
        ),
        change=Text(
            zh="请先问付款人；是误会，就请对方撤回争议。急用时可以另行充值。",
            en="Ask whoever paid; if it was a mistake, they can withdraw it. A new recharge works meanwhile.",
        ),
        back=Text(
            zh="争议撤回或不成立，额度自动恢复；争议成立，额度随付款一起收回。",
            en="If it is withdrawn or turned down, the credit can be spent again; if it is upheld, the credit goes back with the payment.",
        ),
    ),
)

_CODES = (
    finding(
        "code_redeemed",
        owner=Owner.CUSTOMER,
        label=Text(zh="兑换码已经入账", en="Code credited"),
        explanation=Text(
            zh="兑换码已经兑换并入账；看不到时，多半是看的账户不同，或者额度已经用掉、过期。",
            en="The code was redeemed and credited; where it does not show, another account is looked at, or the credit was spent or has expired.",
        ),
        look=Text(
            zh="看兑换的时间和账户，再看这笔额度的剩余和到期时间。",
            en="Look at when and for which account it was redeemed, and at what is left of the credit and its expiry.",
        ),
        change=Text(
            zh="不需要再兑换；余额比预期少时，请看之后的扣费。",
            en="There is nothing left to redeem; if the balance is lower than you expect, look at the charges since.",
        ),
        back=Text(
            zh="兑换之后不能退回兑换码。",
            en="A redeemed code cannot be handed back.",
        ),
    ),
    finding(
        "code_redeemed_elsewhere",
        owner=Owner.SUPPORT,
        label=Text(zh="兑换码被另一个账户兑换", en="Code redeemed by another account"),
        explanation=Text(
            zh="这个兑换码已经入账到另一个账户；一个兑换码只能入账一次，所以这个账户没有入账。",
            en="Another account has the credit of this code; a code is credited once, so this account got nothing.",
        ),
        look=Text(
            zh="看自己是不是还有别的账户或登录方式：兑换时登录的可能是那一个。",
            en="See whether you have another account or way to sign in: it may have been redeemed there.",
        ),
        change=Text(
            zh="那个账户是自己的，请在那里使用；不是的，请带兑换码的后四位联系客服，不要发送完整的兑换码。",
            en="If that account is yours, use the credit there; if not, contact support with the code's last four characters, never all of it.",
        ),
        back=_CODE_UNUSED,
    ),
    finding(
        "code_not_redeemed",
        owner=Owner.CUSTOMER,
        label=Text(zh="兑换码还没有兑换", en="Code not redeemed yet"),
        explanation=Text(
            zh="兑换码有效，但还没有一次兑换成功，所以没有入账。",
            en="The code is good, and no try to redeem it has succeeded, so nothing was credited.",
        ),
        look=Text(
            zh="看账户的兑换记录：每一次尝试的时间和当时显示的信息。",
            en="Look at the account's tries: the time of each and the message that was shown.",
        ),
        change=Text(
            zh="登录要入账的账户，完整输入兑换码；仍不成功时，请按显示的信息处理。",
            en="Sign in to the account that is to have it and enter the whole code; if that fails, do what the message says.",
        ),
        back=_CODE_UNUSED,
    ),
    finding(
        "code_expired",
        owner=Owner.CUSTOMER,
        label=Text(zh="兑换码过期", en="Code expired"),
        explanation=Text(
            zh="过了最后兑换时间，之前没有人兑换；没有入账，这个兑换码不能再用。",
            en="Its last time to redeem has passed and nobody had redeemed it; nothing was credited, and it cannot be used any more.",
        ),
        look=Text(
            zh="看卡片或邮件上写明的最后兑换时间。",
            en="Look at the last time to redeem on the card or mail that it came with.",
        ),
        change=Text(
            zh="请向发放者要一个新的兑换码。",
            en="Ask whoever gave it to you for a new code.",
        ),
        back=_CODE_UNUSED,
    ),
    finding(
        "code_voided",
        owner=Owner.SUPPORT,
        label=Text(zh="兑换码作废", en="Code voided"),
        explanation=Text(
            zh="发放者在有人兑换之前作废了这个兑换码；没有入账。",
            en="Whoever issued this code withdrew it before anybody had redeemed it; nothing was credited.",
        ),
        look=Text(
            zh="看作废的时间，以及是谁作废的。",
            en="Look at when it was voided, and by whom.",
        ),
        change=Text(
            zh="请带兑换码的后四位向发放者询问原因；确有差错时另发一张。",
            en="Ask whoever gave it to you for the reason, with its last four characters; where it was a mistake, another one is issued.",
        ),
        back=_CODE_UNUSED,
    ),
)

ENTRIES = _ORDERS + _CODES
