"""Errors of commands and management: what was sent, who may do it, and what contradicts a record."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

LOOK_AT_PARAMETERS = Text(
    zh="看错误里给出的参数：它们写明了期望的和实际的内容。",
    en="Look at the error's parameters: they say what was expected and what came.",
)
LOOK_AT_RECORD = Text(
    zh="按错误里的编号查看已有的记录。",
    en="Look up the existing record by the id in the error.",
)
LOOK_AT_LOG = Text(
    zh="由运营按编号查看日志。",
    en="Operations can look up the log by the id.",
)
NOTHING_CHANGED = Text(
    zh="没有任何改动，不需要撤销。",
    en="Nothing was changed, so there is nothing to undo.",
)
RECORD_STANDS = Text(
    zh="已有的记录照旧有效；需要更正时另记一笔。",
    en="The existing record stands; a correction is a record of its own.",
)


def error(
    code: str,
    *,
    owner: Owner,
    label: Text,
    explanation: Text,
    change: Text,
    look: Text = LOOK_AT_PARAMETERS,
    back: Text = NOTHING_CHANGED,
    public: bool = True,
) -> Entry:
    return Entry(
        kind=Kind.ERROR,
        code=code,
        owner=owner,
        public=public,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=back),
    )


_INPUT_ERRORS = (
    error(
        "amount_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="金额无法识别", en="Amount not readable"),
        explanation=Text(
            zh="金额不是一个可以准确识别的数字。",
            en="The amount is not a number that can be read exactly.",
        ),
        change=Text(
            zh="请写成普通小数，例如 12.34，最多九位小数，不带千分位或货币符号。",
            en="Write a plain decimal such as 12.34, with at most nine decimals and no separators or currency signs.",
        ),
    ),
    error(
        "amount_not_positive",
        owner=Owner.CUSTOMER,
        label=Text(zh="金额必须大于零", en="Amount must be positive"),
        explanation=Text(zh="这里的金额必须大于零。", en="The amount must be more than zero here."),
        change=Text(zh="请填写一个大于零的金额。", en="Give an amount above zero."),
    ),
    error(
        "id_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="编号无法识别", en="Id not readable"),
        explanation=Text(
            zh="编号的形式不对，或属于另一类对象。",
            en="The id has the wrong form, or belongs to another kind of thing.",
        ),
        change=Text(
            zh="请完整复制编号，例如 req_ 加 32 位十六进制字符。",
            en="Copy the whole id, such as req_ and 32 hexadecimal digits.",
        ),
    ),
    error(
        "name_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="名称不合要求", en="Name not usable"),
        explanation=Text(
            zh="名称是空的，或超过了允许的长度。",
            en="The name is empty, or longer than allowed.",
        ),
        change=Text(zh="请填写 1 到 200 个字符的名称。", en="Give a name of 1 to 200 characters."),
    ),
    error(
        "currency_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="币种无法识别", en="Currency not readable"),
        explanation=Text(
            zh="币种不是三个大写字母的代码。",
            en="The currency is not a code of three capital letters.",
        ),
        change=Text(zh="请使用 ISO 4217 代码，例如 CNY 或 USD。", en="Use an ISO 4217 code, such as USD or CNY."),
    ),
    error(
        "status_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这个状态", en="State not known"),
        explanation=Text(
            zh="要设置的状态不在允许的状态之中。",
            en="The state to be set is not one of those that exist.",
        ),
        change=Text(
            zh="请使用列出的状态之一，例如 active 或 suspended。",
            en="Use one of the listed states, such as active or suspended.",
        ),
    ),
    error(
        "time_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="时间无法识别", en="Time not readable"),
        explanation=Text(
            zh="时间的写法无法识别，或没有写时区。",
            en="The time cannot be read, or has no time zone.",
        ),
        change=Text(
            zh="请写成 2026-11-24T08:00:00+08:00 这样带时区的形式。",
            en="Write it with its zone, such as 2026-11-24T08:00:00+08:00.",
        ),
    ),
    error(
        "time_zone_unknown",
        owner=Owner.CUSTOMER,
        label=Text(zh="时区不存在", en="Time zone not known"),
        explanation=Text(zh="没有这个名称的时区。", en="There is no time zone of this name."),
        change=Text(
            zh="请使用 IANA 时区名称，例如 Asia/Shanghai。",
            en="Use an IANA name, such as Asia/Shanghai.",
        ),
    ),
    error(
        "expiry_in_the_past",
        owner=Owner.CUSTOMER,
        label=Text(zh="到期时间已过", en="Expiry is in the past"),
        explanation=Text(
            zh="到期时间必须晚于现在。",
            en="An expiry has to lie in the future.",
        ),
        change=Text(zh="请填写一个将来的时间，或不设到期。", en="Give a time in the future, or none at all."),
    ),
    error(
        "body_too_large",
        owner=Owner.CUSTOMER,
        label=Text(zh="请求体太大", en="Body too large"),
        explanation=Text(
            zh="请求体超过了这个地址允许的大小，没有读完。",
            en="The body is larger than this address allows, and was not read to its end.",
        ),
        change=Text(
            zh="请拆成几次发送，每次不超过错误里给出的大小。",
            en="Send it in several parts, each no larger than the error says.",
        ),
    ),
    error(
        "upstream_rejected",
        owner=Owner.CUSTOMER,
        label=Text(zh="模型服务不接受这次请求", en="Rejected by the model service"),
        explanation=Text(
            zh="模型服务认为请求的参数或内容不合要求。",
            en="The model service did not accept this request's parameters or content.",
        ),
        change=Text(
            zh="请按模型的要求改正参数或内容后再发送。",
            en="Correct the parameters or content to what the model accepts, and send it again.",
        ),
    ),
)

_ACCESS_ERRORS = (
    error(
        "unauthenticated",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有登录", en="Not signed in"),
        explanation=Text(
            zh="没有提供有效的登录或令牌。",
            en="No valid sign-in or token came with this.",
        ),
        look=Text(
            zh="看请求里是否带上了管理令牌；API Key 不能用于管理。",
            en="See whether the management token was sent; an API key does not work for management.",
        ),
        change=Text(
            zh="请登录，或在 Authorization 里带上管理令牌。",
            en="Sign in, or send the management token in the Authorization header.",
        ),
    ),
    error(
        "forbidden",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="没有权限", en="Not permitted"),
        explanation=Text(
            zh="当前身份不能做这件事。",
            en="Whoever asked may not do this.",
        ),
        change=Text(
            zh="请让有权限的人来做，或申请相应的角色。",
            en="Ask somebody who may, or ask for the role that it takes.",
        ),
    ),
    error(
        "balance_hidden",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="这个 Key 不显示余额", en="Balance not shown to this key"),
        explanation=Text(
            zh="这个 API Key 没有开启查看账户余额。",
            en="This API key is not set to see the account's balance.",
        ),
        change=Text(
            zh="请让团队管理员为这个 Key 开启查看余额。",
            en="Ask your team admin to let this key see the balance.",
        ),
        back=Text(
            zh="查看余额可以随时关闭。",
            en="Seeing the balance can be switched off again at any time.",
        ),
    ),
    error(
        "not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有找到", en="Not found"),
        explanation=Text(
            zh="没有这个对象，或当前身份看不到它。",
            en="It does not exist, or whoever asked may not see it.",
        ),
        change=Text(
            zh="请核对编号和所属账户：付款、登录和调用可能属于不同的账户。",
            en="Check the id and the account: payment, sign-in and key may belong to different accounts.",
        ),
    ),
    error(
        "account_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这个账户", en="Account not found"),
        explanation=Text(
            zh="没有这个编号或名称的账户。",
            en="There is no account of this id or name.",
        ),
        change=Text(
            zh="请核对账户编号或名称。",
            en="Check the account's id or name.",
        ),
    ),
    error(
        "account_name_ambiguous",
        owner=Owner.OPERATIONS,
        label=Text(zh="账户名称不唯一", en="Account name not unique"),
        explanation=Text(
            zh="有几个账户使用这个名称。",
            en="Several accounts have this name.",
        ),
        change=Text(zh="请改用账户编号（acct_…）。", en="Use the account's id (acct_…) instead."),
    ),
    error(
        "method_not_allowed",
        owner=Owner.CUSTOMER,
        label=Text(zh="请求方法不对", en="Method not allowed"),
        explanation=Text(
            zh="这个地址不接受这种 HTTP 方法。",
            en="This address does not take this HTTP method.",
        ),
        change=Text(
            zh="请使用响应头 Allow 列出的方法。",
            en="Use a method that the Allow header lists.",
        ),
    ),
)

_CONFLICTS = (
    error(
        "conflict",
        owner=Owner.CUSTOMER,
        label=Text(zh="与已有记录冲突", en="Conflicts with a record"),
        explanation=Text(
            zh="要做的事与已有的记录矛盾。",
            en="What was asked contradicts what is recorded.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请先看最新的状态，再决定是否还要做。",
            en="Look at the present state first, then decide whether it is still wanted.",
        ),
    ),
    error(
        "already_exists",
        owner=Owner.CUSTOMER,
        label=Text(zh="已经存在", en="Exists already"),
        explanation=Text(
            zh="同样名称或编号的对象已经存在。",
            en="Something of the same name or number exists already.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="请换一个名称，或使用已有的那个。", en="Choose another name, or use the one that exists."),
    ),
    error(
        "account_exists",
        owner=Owner.OPERATIONS,
        label=Text(zh="账户已经存在", en="Account exists already"),
        explanation=Text(
            zh="同样编号的账户已经存在。",
            en="An account of the same id exists already.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="请使用已有的账户。", en="Use the account that exists."),
    ),
    error(
        "currency_mismatch",
        owner=Owner.CUSTOMER,
        label=Text(zh="币种不一致", en="Currencies differ"),
        explanation=Text(
            zh="一个账户只有一种币种，不同币种的金额不能相加或比较。",
            en="A wallet has one currency; amounts of two currencies cannot be added or compared.",
        ),
        change=Text(
            zh="请使用账户的币种；换算由充值订单按记录的汇率完成。",
            en="Use the account's currency; a recharge order converts at the rate it records.",
        ),
    ),
    error(
        "operation_key_reused",
        owner=Owner.OPERATIONS,
        label=Text(zh="操作键被重复使用", en="Operation key reused"),
        explanation=Text(
            zh="同一个操作键已经用于另一项内容，为避免重复记账没有执行。",
            en="The same operation key was used for something else; to avoid posting twice, this was not carried out.",
        ),
        look=Text(
            zh="错误里写明了是哪一个字段与第一次不同。",
            en="The error names the field that differs from the first time.",
        ),
        change=Text(
            zh="请核对第一次操作；确实是另一件事，请使用新的操作键。",
            en="Check the first operation; if this is another one, give it a key of its own.",
        ),
        back=RECORD_STANDS,
    ),
)

ENTRIES = _INPUT_ERRORS + _ACCESS_ERRORS + _CONFLICTS
