"""The problem classes that people come with, and the evidence fields that each of them needs."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_PROBLEM_LOOK = Text(
    zh="先用请求编号在 /why 查看；查不到时按下面的字段填写。",
    en="Look at /why with the request id first; if that does not help, fill in the fields below.",
)
_PROBLEM_BACK = Text(
    zh="选错了可以改选，已经填写的相同字段会保留。",
    en="Another choice can be made; fields that both have keep what was filled in.",
)


def _problem_class(code: str, *, owner: Owner, label: Text, explanation: Text, change: Text) -> Entry:
    return Entry(
        kind=Kind.PROBLEM_CLASS,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_PROBLEM_LOOK, what_to_change=change, how_to_go_back=_PROBLEM_BACK),
    )


_PROBLEM_CLASSES = (
    _problem_class(
        "balance_not_enough",
        owner=Owner.CUSTOMER,
        label=Text(zh="提示 402 或余额不足", en="402, or balance not enough"),
        explanation=Text(
            zh="402 不等于账户没钱：依次看账户余额、分组额度、单个 API Key 限额、模型权限、模型任务成本、活动额度过期、重复提交和客户端重试。",
            en="A 402 does not mean an empty account: look at balance, group quota, key limit, model permission, cost of the request, expired credit, duplicates and retries, in this order.",
        ),
        change=Text(
            zh="请提供请求编号、时间（带时区）、模型和 Key 掩码。",
            en="Give the request id, the time with its zone, the model and the key mask.",
        ),
    ),
    _problem_class(
        "recharged_not_credited",
        owner=Owner.SUPPORT,
        label=Text(zh="充值或兑换后没有到账", en="Recharged, but not credited"),
        explanation=Text(
            zh="最常见的原因是付款、兑换、登录和调用属于不同的账户，所以先核对账户，再看订单、付款通知和兑换码的状态。",
            en="Most often the account that paid, redeemed or signed in is not the one that calls, so that is checked first; then order, payment notice and code.",
        ),
        change=Text(
            zh="请提供账户邮箱、昵称或用户编号，付款方式、时间、金额和订单号掩码。",
            en="Give the account's e-mail, nickname or user number, and how, when and how much was paid, with the order's mask.",
        ),
    ),
    _problem_class(
        "balance_fell",
        owner=Owner.CUSTOMER,
        label=Text(zh="余额下降得异常", en="The balance fell unexpectedly"),
        explanation=Text(
            zh="看重复提交、客户端重试、循环的脚本、耗费高的任务、价格或倍率变化、过期的额度和退款。",
            en="Look for duplicates, retries, a script in a loop, costly tasks, a change of price or tier, expired credit and refunds.",
        ),
        change=Text(
            zh="请提供时间范围、调用方（Key 掩码、客户端）、模型和并发数。",
            en="Give the time window, the caller (key mask, client), the models and the concurrency.",
        ),
    ),
    _problem_class(
        "failed_perhaps_charged",
        owner=Owner.SUPPORT,
        label=Text(zh="失败了，可能还扣了费", en="It failed, and may have been charged"),
        explanation=Text(
            zh="以这里的最终状态、模型服务的状态和账本为准，看扣费标记是「未扣费」「已预留」「已扣费」还是「已退款」。",
            en="What counts is the final state here, the model service's state and the ledger: the charge mark says not charged, reserved, charged or refunded.",
        ),
        change=Text(
            zh="请提供任务编号或请求编号、失败原因，以及是否看到扣费。",
            en="Give the task id or request id, the failure reason, and whether a charge was shown.",
        ),
    ),
    _problem_class(
        "something_else",
        owner=Owner.SUPPORT,
        label=Text(zh="其他问题", en="Something else"),
        explanation=Text(
            zh="以上都不是时选这一项，简短写明看到了什么、原本期待什么。",
            en="Choose this when none of the above fits, and say briefly what you saw and what you expected.",
        ),
        change=Text(
            zh="请提供时间和请求编号；不要发送完整的 Key、请求内容或截图。",
            en="Give the time and the request id; never send a whole key, request content or screenshots.",
        ),
    ),
)


_FIELD_CHANGE = Text(
    zh="找不到时可以留空，时间写得准确也能查到。",
    en="Leave it empty if you cannot find it; an exact time helps as well.",
)
_FIELD_BACK = Text(
    zh="提交前可以随时修改或清空。",
    en="It can be changed or emptied before it is sent.",
)


def _field(code: str, *, label: Text, explanation: Text, look: Text) -> Entry:
    return Entry(
        kind=Kind.EVIDENCE_FIELD,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=_FIELD_CHANGE, how_to_go_back=_FIELD_BACK),
    )


_ACCOUNT_FIELDS = (
    _field(
        "account_email",
        label=Text(zh="账户邮箱", en="Account e-mail"),
        explanation=Text(zh="用来确认是哪一个账户。", en="To tell which account it is."),
        look=Text(zh="登录时使用的邮箱。", en="The e-mail you sign in with."),
    ),
    _field(
        "nickname",
        label=Text(zh="昵称", en="Nickname"),
        explanation=Text(zh="没有邮箱时，用来确认账户。", en="To tell the account where there is no e-mail."),
        look=Text(zh="登录后显示的名字。", en="The name shown after sign-in."),
    ),
    _field(
        "user_number",
        label=Text(zh="用户编号", en="User number"),
        explanation=Text(zh="准确指明一个账户成员。", en="Names one member of an account exactly."),
        look=Text(zh="在个人资料里。", en="In your profile."),
    ),
    _field(
        "account",
        label=Text(zh="账户", en="Account"),
        explanation=Text(
            zh="付款和调用要看是不是同一个账户。",
            en="Payment and calls have to be of the same account.",
        ),
        look=Text(zh="账户名称，或以 acct_ 开头的编号。", en="The account's name, or its id that begins with acct_."),
    ),
    _field(
        "group",
        label=Text(zh="分组", en="Group"),
        explanation=Text(zh="用来查看分组额度和价格倍率。", en="To look at the group's quota and price tier."),
        look=Text(zh="创建 Key 时选择的分组名称。", en="The name of the group that was chosen when the key was made."),
    ),
    _field(
        "key_mask",
        label=Text(zh="Key 掩码", en="Key mask"),
        explanation=Text(
            zh="用来找到是哪一个 Key，又不暴露它；只要开头和最后四位。",
            en="To find the key without exposing it: only its beginning and last four characters.",
        ),
        look=Text(zh="形如 sk-…3fA9。", en="It looks like sk-…3fA9."),
    ),
)

_RECHARGE_FIELDS = (
    _field(
        "payment_method",
        label=Text(zh="付款方式", en="Payment method"),
        explanation=Text(zh="不同的付款方式在不同的地方核对。", en="Each way to pay is checked in another place."),
        look=Text(
            zh="例如支付宝、微信支付、银行卡或 Stripe，不需要卡号。",
            en="Such as Alipay, WeChat Pay, a bank card or Stripe; no card number is needed.",
        ),
    ),
    _field(
        "order_time",
        label=Text(zh="下单时间", en="Order time"),
        explanation=Text(zh="用来在订单和付款通知里查找。", en="To find the order and its payment notice."),
        look=Text(zh="付款成功的时间，写明时区。", en="When the payment succeeded, with its time zone."),
    ),
    _field(
        "amount",
        label=Text(zh="金额", en="Amount"),
        explanation=Text(zh="与订单和付款记录核对。", en="To compare with the order and the payment."),
        look=Text(zh="实际付款的金额和币种。", en="What was really paid, and in which currency."),
    ),
    _field(
        "order_mask",
        label=Text(zh="订单号掩码", en="Masked order number"),
        explanation=Text(
            zh="用来找到订单；请只填最后四位，不要填完整订单号。",
            en="To find the order; give only the last four digits, not the whole number.",
        ),
        look=Text(
            zh="付款账单里商户订单号的最后四位。", en="The last four digits of the merchant order number on your bill."
        ),
    ),
    _field(
        "code_last_four",
        label=Text(zh="兑换码最后四位", en="Code's last four"),
        explanation=Text(
            zh="用来找到兑换码；完整的兑换码等于现金，不要发送。",
            en="To find the code; a whole code is as good as money, so do not send it.",
        ),
        look=Text(zh="兑换码的最后四个字符。", en="The last four characters of the code."),
    ),
    _field(
        "code_state",
        label=Text(zh="兑换码状态", en="Code state"),
        explanation=Text(
            zh="区分没有用过、已经兑换、过期和作废。",
            en="Tells unused, redeemed, expired and voided apart.",
        ),
        look=Text(zh="兑换时页面显示的状态。", en="The state that was shown when redeeming."),
    ),
    _field(
        "redemption_time",
        label=Text(zh="兑换时间", en="Redemption time"),
        explanation=Text(zh="用来找到那一次兑换。", en="To find that very try to redeem."),
        look=Text(zh="点下兑换的时间，写明时区。", en="When you redeemed, with the time zone."),
    ),
    _field(
        "redemption_account",
        label=Text(zh="兑换时登录的账户", en="Account that redeemed"),
        explanation=Text(
            zh="兑换的额度进入当时登录的账户。",
            en="A redeemed code credits the account that is signed in at that moment.",
        ),
        look=Text(zh="兑换时页面上显示的账户。", en="The account shown on the page when redeeming."),
    ),
    _field(
        "message_shown",
        label=Text(zh="当时显示的提示", en="Message shown"),
        explanation=Text(zh="提示的原文可以直接指出原因。", en="The exact words often name the reason."),
        look=Text(zh="把页面上的提示复制成文字，不用截图。", en="Copy the message as text; no screenshot is needed."),
    ),
)

_REQUEST_FIELDS = (
    _field(
        "request_id",
        label=Text(zh="请求编号", en="Request id"),
        explanation=Text(
            zh="最有用的一项：一个编号就能查到全部记录，也不含秘密。",
            en="The most useful of all: it finds every record, and holds no secret.",
        ),
        look=Text(
            zh="以 req_ 开头，在错误信息和响应头 X-Request-Id 里。",
            en="It begins with req_, in the error and in the X-Request-Id header.",
        ),
    ),
    _field(
        "request_time",
        label=Text(zh="请求时间", en="Request time"),
        explanation=Text(zh="没有请求编号时，用时间查找。", en="To find the request where its id is missing."),
        look=Text(zh="客户端日志里的时间，写明时区。", en="The time in your client's log, with its time zone."),
    ),
    _field(
        "model",
        label=Text(zh="模型", en="Model"),
        explanation=Text(zh="价格、权限和费用都与模型有关。", en="Price, permission and cost depend on it."),
        look=Text(zh="请求里 model 字段的值。", en="The value of the model field in the request."),
    ),
    _field(
        "model_tier",
        label=Text(zh="模型档位", en="Model tier"),
        explanation=Text(
            zh="同样的内容在不同档位可能相差许多倍。",
            en="The same content can cost many times as much in another tier.",
        ),
        look=Text(
            zh="经济、标准、高级、图片或视频，价目表里有标明。",
            en="Economy, standard, premium, image or video, as the price list says.",
        ),
    ),
    _field(
        "task_type",
        label=Text(zh="任务类型", en="Task type"),
        explanation=Text(zh="不同类型的任务按不同的方式计费。", en="Each type of task is priced in its own way."),
        look=Text(zh="聊天、生图、视频、音频或批量脚本。", en="Chat, image, video, audio or a batch script."),
    ),
    _field(
        "status_code",
        label=Text(zh="状态码", en="Status code"),
        explanation=Text(
            zh="区分权限、限速、余额和模型服务的问题。",
            en="Tells permission, pace, money and model service apart.",
        ),
        look=Text(zh="HTTP 状态码，例如 402 或 429。", en="The HTTP status, such as 402 or 429."),
    ),
    _field(
        "error_text",
        label=Text(zh="错误原文", en="Error text"),
        explanation=Text(
            zh="原文里有错误代码和请求编号。",
            en="It holds the error's code and the request id.",
        ),
        look=Text(
            zh="复制错误信息即可，不要连同请求头和请求内容。",
            en="Copy the error alone, without headers and request content.",
        ),
    ),
    _field(
        "time_window",
        label=Text(zh="时间范围", en="Time window"),
        explanation=Text(zh="用来比较这段时间与平时。", en="To compare this time with what is usual."),
        look=Text(
            zh="余额开始下降到发现的时间，写明时区。",
            en="From when the balance began to fall until you saw it, with the zone.",
        ),
    ),
    _field(
        "caller",
        label=Text(zh="调用方", en="Caller"),
        explanation=Text(zh="用来分清是谁或哪个程序在调用。", en="To tell who or which program was calling."),
        look=Text(
            zh="Key 掩码，加上客户端、SDK 或脚本的名称。", en="The key mask, and the name of the client, SDK or script."
        ),
    ),
    _field(
        "concurrency",
        label=Text(zh="并发数", en="Concurrency"),
        explanation=Text(
            zh="同时进行的请求越多，预留的金额越多。",
            en="The more requests at once, the more money is reserved.",
        ),
        look=Text(zh="脚本或客户端设置的同时请求数。", en="How many requests your script or client sends at once."),
    ),
    _field(
        "retry_policy",
        label=Text(zh="重试设置", en="Retry policy"),
        explanation=Text(zh="自动重试会让费用成倍增加。", en="Automatic retries can multiply the cost."),
        look=Text(zh="客户端或 SDK 的重试次数和间隔。", en="How often, and how far apart, your client or SDK retries."),
    ),
)

_TASK_FIELDS = (
    _field(
        "task_id",
        label=Text(zh="任务编号", en="Task id"),
        explanation=Text(
            zh="用来查找图片、视频或音频任务的状态和扣费标记。",
            en="To find the state and charge mark of an image, video or audio task.",
        ),
        look=Text(
            zh="以 task_ 开头，提交任务时返回。",
            en="It begins with task_ and was returned when the task was submitted.",
        ),
    ),
    _field(
        "failure_reason",
        label=Text(zh="失败原因", en="Failure reason"),
        explanation=Text(
            zh="区分内容不合要求、参数错误和模型服务故障。",
            en="Tells refused content, wrong parameters and a failing model service apart.",
        ),
        look=Text(zh="任务状态里的原文。", en="The exact words in the task's state."),
    ),
    _field(
        "download_state",
        label=Text(zh="下载状态", en="Download state"),
        explanation=Text(
            zh="生成成功但没下载到，与生成失败不同。",
            en="A result that was made but not fetched is not a failure.",
        ),
        look=Text(zh="能下载、下载过，或链接已过期。", en="Available, fetched already, or its link expired."),
    ),
    _field(
        "resubmitted",
        label=Text(zh="是否重复提交过", en="Resubmitted or not"),
        explanation=Text(zh="先认出重复，再逐个判断。", en="Duplicates are recognised first, then each is judged."),
        look=Text(zh="同样的内容点过或发过几次。", en="How often the same thing was clicked or sent."),
    ),
    _field(
        "charge_shown",
        label=Text(zh="是否看到扣费", en="Charge shown or not"),
        explanation=Text(zh="用来与账本里的扣费标记核对。", en="To compare with the charge mark in the ledger."),
        look=Text(zh="余额或明细里是否出现这一笔。", en="Whether it appears in the balance or the statement."),
    ),
    _field(
        "charge_mark",
        label=Text(zh="扣费标记", en="Charge mark"),
        explanation=Text(
            zh="账本给出的结论：未扣费、已预留、已扣费、已退款或部分退款。",
            en="The ledger's verdict: not charged, reserved, charged, refunded or partly refunded.",
        ),
        look=Text(zh="用请求编号或任务编号查看。", en="Look it up with the request id or task id."),
    ),
)

ENTRIES = _PROBLEM_CLASSES + _ACCOUNT_FIELDS + _RECHARGE_FIELDS + _REQUEST_FIELDS + _TASK_FIELDS

# Which evidence fields each problem class asks for, the most useful first.
FIELDS_OF_PROBLEM: dict[str, tuple[str, ...]] = {
    "balance_not_enough": (
        "request_id", "request_time", "model", "task_type", "status_code", "error_text", "key_mask", "group", "account",
        "task_id", "resubmitted",
    ),
    "recharged_not_credited": (
        "account_email", "nickname", "user_number", "payment_method", "order_time", "amount", "order_mask",
        "code_last_four", "code_state", "redemption_time", "redemption_account", "message_shown",
    ),
    "balance_fell": (
        "time_window", "caller", "key_mask", "model", "model_tier", "task_type", "task_id", "resubmitted",
        "charge_mark", "concurrency", "retry_policy",
    ),
    "failed_perhaps_charged": (
        "task_id", "request_id", "task_type", "model", "failure_reason", "download_state", "request_time",
        "charge_shown", "charge_mark", "resubmitted",
    ),
    "something_else": ("request_id", "request_time", "model", "status_code", "error_text", "message_shown"),
}  # fmt: skip
