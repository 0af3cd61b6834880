"""Words around findings: the titles of what is asked about, how sure a finding is, the records behind it, and errors."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="看每一项结论下面列出的记录。",
        en="Look at the records under each finding.",
    ),
    what_to_change=Text(
        zh="结论与看到的不符时，请带编号联系客服。",
        en="If a finding differs from what you saw, contact support with the id.",
    ),
    how_to_go_back=Text(
        zh="查看不会改变任何记录。",
        en="Looking changes no record.",
    ),
)


def _entry(kind: Kind, code: str, *, zh: str, en: str, said_zh: str, said_en: str) -> Entry:
    return Entry(
        kind=kind, code=code, owner=Owner.CUSTOMER, label=Text(zh=zh, en=en), explanation=Text(zh=said_zh, en=said_en),
        next_step=_NEXT_STEP,
    )  # fmt: skip


_PAGES = (
    _entry(
        Kind.PAGE, "why_findings", zh="原因", en="Why",
        said_zh="由记录推算，最主要的在前。", said_en="Worked out from the records, the weightiest first.",
    ),
    _entry(
        Kind.PAGE, "why_order", zh="这笔充值的情况", en="What became of this recharge",
        said_zh="订单、付款通知、入账和退款以记录为准。", said_en="As the records have it: order, notices, credit and refunds.",
    ),
    _entry(
        Kind.PAGE, "why_redemption_code", zh="这个兑换码的情况", en="What became of this code",
        said_zh="兑换、尝试和入账以记录为准。", said_en="As the records have it: redemption, tries and credit.",
    ),
    _entry(
        Kind.PAGE, "why_window", zh="这段时间的余额", en="The balance in this time",
        said_zh="余额为什么变化，按影响的大小排列。", said_en="What changed the balance, the largest first.",
    ),
    _entry(
        Kind.PAGE, "why_order_history", zh="订单的经过", en="How the order went",
        said_zh="每一步的时间，以及由谁告知。", said_en="Each step with its time and who told of it.",
    ),
    _entry(
        Kind.PAGE, "why_private", zh="登录后才能查看", en="This can be seen after sign-in",
        said_zh="订单、兑换码、Key 和账户的情况不在公开页面上显示；请登录后查看，或带编号联系客服。",
        said_en="What became of orders, codes, keys and accounts is not shown on public pages: sign in, or contact support with the id.",
    ),
)  # fmt: skip

_WORDS = (
    _entry(Kind.WORD, "certain", zh="确定", en="certain", said_zh="由记录算出，没有推测。", said_en="Worked out from the records, nothing guessed."),
    _entry(Kind.WORD, "likely", zh="很可能", en="likely", said_zh="是对记录最合理的解释。", said_en="The likeliest reading of the records."),
    _entry(Kind.WORD, "evidence_rows", zh="记录", en="Records", said_zh="结论所依据的记录。", said_en="What the finding rests on."),
    _entry(Kind.WORD, "more_rows", zh="另有 {count} 条", en="{count} more", said_zh="没有逐条列出的记录。", said_en="Records that are not listed one by one."),
    _entry(Kind.WORD, "next_step_here", zh="下一步", en="Next", said_zh="现在可以做什么。", said_en="What can be done now."),
    _entry(Kind.WORD, "order_id", zh="订单", en="Order", said_zh="充值订单的编号。", said_en="The id of a recharge order."),
    _entry(Kind.WORD, "order_amount", zh="订单金额", en="Amount", said_zh="要付的金额。", said_en="What is to be paid."),
    _entry(Kind.WORD, "order_credits", zh="入账金额", en="Credits", said_zh="付款后记入余额的金额。", said_en="What is credited when it is paid."),
    _entry(Kind.WORD, "order_bonus", zh="赠送", en="Bonus", said_zh="随充值赠送的额度。", said_en="What comes on top of the recharge."),
    _entry(Kind.WORD, "order_refunded_amount", zh="已退款", en="Refunded so far", said_zh="已退给付款人的金额。", said_en="What has gone back to whoever paid."),
    _entry(Kind.WORD, "created_at", zh="生成时间", en="Made", said_zh="订单生成的时间（UTC）。", said_en="When the order was made (UTC)."),
    _entry(Kind.WORD, "paid_at", zh="入账时间", en="Credited at", said_zh="付款确认并入账的时间（UTC）。", said_en="When it was confirmed and credited (UTC)."),
    _entry(Kind.WORD, "expires_at", zh="期限", en="Until", said_zh="到这个时间为止（UTC）。", said_en="Up to this time (UTC)."),
    _entry(Kind.WORD, "provider_name", zh="支付渠道", en="Payment provider", said_zh="用哪个渠道付款。", said_en="Through whom it is paid."),
    _entry(Kind.WORD, "number_mask", zh="付款编号", en="Payment number", said_zh="支付渠道的编号，只显示一部分。", said_en="The provider's number, of which only a part is shown."),
    _entry(Kind.WORD, "payer_mask", zh="付款人", en="Payer", said_zh="付款的人，只显示一部分。", said_en="Who paid, of which only a part is shown."),
    _entry(Kind.WORD, "attention", zh="需要处理", en="To be looked at", said_zh="要有人处理的事项。", said_en="What somebody has to see to."),
    _entry(Kind.WORD, "done_by", zh="经手人", en="By", said_zh="由谁操作。", said_en="Who did it."),
    _entry(Kind.WORD, "code_mask", zh="兑换码", en="Code", said_zh="只显示后四位。", said_en="Only its last four characters are shown."),
    _entry(Kind.WORD, "code_value", zh="面额", en="Worth", said_zh="兑换后入账的金额。", said_en="What it credits when it is redeemed."),
    _entry(Kind.WORD, "redeemed_at", zh="兑换时间", en="Redeemed", said_zh="兑换并入账的时间（UTC）。", said_en="When it was redeemed and credited (UTC)."),
    _entry(Kind.WORD, "redeemed_by", zh="兑换的账户", en="Redeemed by", said_zh="得到入账的账户。", said_en="The account that got the credit."),
    _entry(Kind.WORD, "tries", zh="尝试次数", en="Tries", said_zh="输入过几次。", said_en="How often it was entered."),
    _entry(Kind.WORD, "window_start", zh="开始", en="From", said_zh="这段时间的开始（UTC）。", said_en="Where the time begins (UTC)."),
    _entry(Kind.WORD, "window_end", zh="结束", en="To", said_zh="这段时间的结束（UTC）。", said_en="Where the time ends (UTC)."),
    _entry(Kind.WORD, "row_request", zh="请求", en="Request", said_zh="一次请求的记录。", said_en="The record of a request."),
    _entry(Kind.WORD, "row_task", zh="任务", en="Task", said_zh="一个任务的记录。", said_en="The record of a task."),
    _entry(Kind.WORD, "row_submission", zh="提交", en="Submission", said_zh="一次提交和它的副本。", said_en="A submission with its copies."),
    _entry(Kind.WORD, "row_transfer", zh="账本变动", en="Transfer", said_zh="账本里的一笔。", said_en="A row of the ledger."),
    _entry(Kind.WORD, "row_order", zh="充值订单", en="Recharge order", said_zh="一笔充值订单。", said_en="A recharge order."),
    _entry(Kind.WORD, "row_notice", zh="付款通知", en="Payment notice", said_zh="支付渠道发来的通知。", said_en="A notice of the payment provider."),
    _entry(Kind.WORD, "row_refund", zh="退款", en="Refund", said_zh="一笔退款。", said_en="A refund."),
    _entry(Kind.WORD, "row_dispute", zh="争议", en="Dispute", said_zh="付款的争议。", said_en="A dispute about a payment."),
    _entry(Kind.WORD, "row_code", zh="兑换码记录", en="Redemption code", said_zh="一个兑换码。", said_en="A redemption code."),
    _entry(Kind.WORD, "row_code_try", zh="兑换尝试", en="Try of a code", said_zh="输入兑换码的一次尝试。", said_en="One try to redeem a code."),
    _entry(Kind.WORD, "row_grant", zh="额度", en="Grant", said_zh="一笔额度。", said_en="A piece of credit."),
    _entry(Kind.WORD, "row_hold", zh="预留记录", en="Reservation", said_zh="为请求或任务预留的金额。", said_en="Money reserved for a request or task."),
    _entry(Kind.WORD, "row_limit", zh="限额记录", en="Limit", said_zh="账户、分组或 Key 的限额。", said_en="A limit of account, group or key."),
    _entry(Kind.WORD, "row_price", zh="价格", en="Price", said_zh="价目表里的一条价格。", said_en="A price in the price book."),
    _entry(Kind.WORD, "row_key", zh="调用的 Key", en="API key", said_zh="调用所用的 Key。", said_en="The key that calls."),
    _entry(Kind.WORD, "row_group", zh="Key 的分组", en="Group of the key", said_zh="团队或项目。", said_en="A team or project."),
    _entry(Kind.WORD, "row_payment", zh="付款", en="Payment", said_zh="为订单付的一笔款。", said_en="A payment of an order."),
)  # fmt: skip

_LOOK_AT_SUBJECT = Text(
    zh="看给出的编号、时间和账户是否完整。",
    en="See whether id, time and account were given whole.",
)

_ERRORS = (
    error(
        "subject_private",
        owner=Owner.CUSTOMER,
        label=Text(zh="需要登录", en="Sign-in needed"),
        explanation=Text(
            zh="订单、兑换码、Key 和账户的情况不公开显示。",
            en="What became of orders, codes, keys and accounts is not shown in public.",
        ),
        look=_LOOK_AT_SUBJECT,
        change=Text(
            zh="请登录后查看，或带编号联系客服。",
            en="Sign in to see it, or contact support with the id.",
        ),
    ),
    error(
        "subject_without_time",
        owner=Owner.CUSTOMER,
        label=Text(zh="缺少时间", en="Time missing"),
        explanation=Text(
            zh="一个 Key 有许多请求，没有时间就不知道问的是哪一个。",
            en="A key has many requests; without a time it cannot be told which one is meant.",
        ),
        look=_LOOK_AT_SUBJECT,
        change=Text(
            zh="请在 Key 掩码后面加上时间和时区，例如 2026-11-24 08:30 +08:00。",
            en="Add the time with its zone after the key's mask, such as 2026-11-24 08:30 +08:00.",
        ),
    ),
    error(
        "nothing_at_that_time",
        owner=Owner.CUSTOMER,
        label=Text(zh="那个时间没有请求", en="No request at that time"),
        explanation=Text(
            zh="在给出的时间前后，没有找到这样的请求。",
            en="No such request was found around the time that was given.",
        ),
        look=Text(
            zh="看时间的时区是否写对，以及 Key 的后四位。",
            en="Check the time's zone, and the last four characters of the key.",
        ),
        change=Text(
            zh="请写明时区，或改用错误信息里的请求编号。",
            en="Write the time with its zone, or use the request id from the error.",
        ),
    ),
    error(
        "subject_ambiguous",
        owner=Owner.SUPPORT,
        label=Text(zh="不止一个符合", en="More than one fits"),
        explanation=Text(
            zh="有几个账户、Key 或兑换码都符合所给的内容。",
            en="Several accounts, keys or codes fit what was given.",
        ),
        look=_LOOK_AT_SUBJECT,
        change=Text(
            zh="请改用编号（acct_、key_ 或 code_ 开头），或同时指明账户。",
            en="Use an id (acct_…, key_… or code_…), or name the account as well.",
        ),
        public=False,
    ),
    error(
        "window_too_long",
        owner=Owner.CUSTOMER,
        label=Text(zh="时间范围太长", en="Window too long"),
        explanation=Text(
            zh="一次最多查看 366 天，开始要早于结束。",
            en="At most 366 days can be looked at at once, and they begin before they end.",
        ),
        look=_LOOK_AT_SUBJECT,
        change=Text(
            zh="请把时间范围分成几段查看。",
            en="Look at a shorter time, several times if need be.",
        ),
    ),
)

ENTRIES = _PAGES + _WORDS + _ERRORS
