"""What a check looks at and what a limit counts: scopes, windows, units; model tiers, policies, and who can act."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_SCOPE_BACK = Text(
    zh="改动后的设置可以随时调回；已用的部分不变。",
    en="A changed setting can be put back at any time; what was used stays.",
)


def _scope(code: str, *, owner: Owner, label: Text, explanation: Text, look: Text, change: Text) -> Entry:
    return Entry(
        kind=Kind.CHECK_SCOPE,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=_SCOPE_BACK),
    )


_SCOPES = (
    _scope(
        "account",
        owner=Owner.CUSTOMER,
        label=Text(zh="账户余额", en="Account balance"),
        explanation=Text(
            zh="整个账户的可用余额和账户限额，所有分组和 Key 共用。",
            en="The whole account's available balance and limits, shared by all its groups and keys.",
        ),
        look=Text(
            zh="看可用余额、预留，以及账户的每日和每月限额。",
            en="Look at the available balance, reservations, and the account's daily and monthly limits.",
        ),
        change=Text(
            zh="请为账户充值；如果是账户限额用完，请账户所有者提高限额或等重置。",
            en="Recharge the account; if it is the account's limit, its owner can raise it, or wait for the reset.",
        ),
    ),
    _scope(
        "group",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="分组额度", en="Group quota"),
        explanation=Text(
            zh="一个团队或项目的额度，由分组里的 Key 共用。",
            en="The quota of a team or project, shared by the keys of the group.",
        ),
        look=Text(
            zh="看分组的额度、已用、预留和重置时间。",
            en="Look at the group's quota, what is used and reserved, and its reset.",
        ),
        change=Text(
            zh="请让团队管理员提高分组额度，或等重置。",
            en="Ask your team admin to raise the group's quota, or wait until it resets.",
        ),
    ),
    _scope(
        "key",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="单个 API Key 限额", en="Key limit"),
        explanation=Text(
            zh="一个 API Key 自己的限额，不影响其他 Key。",
            en="The limit of one API key by itself; other keys are not affected.",
        ),
        look=Text(
            zh="用这个 Key 请求 GET /api/v1/key 查看。",
            en="Ask GET /api/v1/key with this key.",
        ),
        change=Text(
            zh="请让团队管理员提高这个 Key 的限额，或等重置。",
            en="Ask your team admin to raise this key's limit, or wait until it resets.",
        ),
    ),
    _scope(
        "model",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="模型权限", en="Model permission"),
        explanation=Text(
            zh="Key 和分组可以使用哪些模型。",
            en="Which models the key and the group may use.",
        ),
        look=Text(
            zh="用同一个 Key 请求 /v1/models 查看。",
            en="Ask /v1/models with the same key.",
        ),
        change=Text(
            zh="请换一个有权限的模型，或让团队管理员开通。",
            en="Use a permitted model, or ask your team admin to permit it.",
        ),
    ),
    _scope(
        "cost",
        owner=Owner.CUSTOMER,
        label=Text(zh="模型任务成本", en="Cost of this request"),
        explanation=Text(
            zh="这一次请求或任务最多可能花多少，以及单次允许的最高费用。",
            en="The most this request or task may cost, and the most that one may cost.",
        ),
        look=Text(
            zh="用 POST /v1/estimate 试算，不预留也不扣费。",
            en="Try POST /v1/estimate: it reserves and charges nothing.",
        ),
        change=Text(
            zh="请降低输出上限、数量或时长，或换更便宜的模型。",
            en="Lower the output cap, the count or the duration, or use a cheaper model.",
        ),
    ),
    _scope(
        "request",
        owner=Owner.CUSTOMER,
        label=Text(zh="请求本身", en="The request itself"),
        explanation=Text(
            zh="请求的格式、内容和时机，与余额无关。",
            en="The request's form, content and timing; not about money.",
        ),
        look=Text(
            zh="看错误信息里的说明和字段名。",
            en="Look at the description and the field name in the error.",
        ),
        change=Text(zh="请按说明改正后再发送。", en="Correct it as described and send it again."),
    ),
)

_SETTING_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="限额由谁设定、是多少，可以问团队管理员。",
        en="Your team admin can tell who set a limit, and to how much.",
    ),
    what_to_change=Text(
        zh="请团队管理员按用量调整限额。",
        en="Ask your team admin to fit the limit to your use.",
    ),
    how_to_go_back=Text(
        zh="限额可以随时调回原值。",
        en="A limit can be set back to its earlier value at any time.",
    ),
)


def _setting(kind: Kind, code: str, *, label: Text, explanation: Text, owner: Owner = Owner.TEAM_ADMIN) -> Entry:
    return Entry(kind=kind, code=code, owner=owner, label=label, explanation=explanation, next_step=_SETTING_NEXT_STEP)


_WINDOWS = (
    _setting(
        Kind.LIMIT_WINDOW,
        "request",
        label=Text(zh="单次", en="per request"),
        explanation=Text(zh="对每一个请求分别计算。", en="Counts for each request by itself."),
    ),
    _setting(
        Kind.LIMIT_WINDOW,
        "minute",
        label=Text(zh="每分钟", en="per minute"),
        explanation=Text(zh="每到整分钟重新计算。", en="Starts afresh with every full minute."),
    ),
    _setting(
        Kind.LIMIT_WINDOW,
        "day",
        label=Text(zh="每日", en="daily"),
        explanation=Text(
            zh="按账户时区，每天零点重新计算。",
            en="Starts afresh at midnight in the account's time zone.",
        ),
    ),
    _setting(
        Kind.LIMIT_WINDOW,
        "month",
        label=Text(zh="每月", en="monthly"),
        explanation=Text(
            zh="按账户时区，每月一日零点重新计算。",
            en="Starts afresh on the first of the month in the account's time zone.",
        ),
    ),
    _setting(
        Kind.LIMIT_WINDOW,
        "lifetime",
        label=Text(zh="总计", en="total"),
        explanation=Text(zh="从设定起一直累计，不会重置。", en="Adds up for good and never resets."),
    ),
)

_UNITS = (
    _setting(
        Kind.LIMIT_UNIT,
        "money",
        label=Text(zh="金额", en="money"),
        explanation=Text(zh="按账户币种的金额计算。", en="Counts money in the account's currency."),
    ),
    _setting(
        Kind.LIMIT_UNIT,
        "requests",
        label=Text(zh="请求数", en="requests"),
        explanation=Text(zh="按请求的个数计算。", en="Counts requests."),
    ),
    _setting(
        Kind.LIMIT_UNIT,
        "tokens",
        label=Text(zh="Token 数", en="tokens"),
        explanation=Text(zh="按输入和输出的 Token 数计算。", en="Counts tokens of input and output."),
    ),
    _setting(
        Kind.LIMIT_UNIT,
        "in_flight",
        label=Text(zh="同时进行的请求数", en="requests at once"),
        explanation=Text(zh="按还没有结束的请求个数计算。", en="Counts requests that have not ended."),
    ),
)

_TIERS = (
    _setting(
        Kind.MODEL_TIER,
        "economy",
        owner=Owner.CUSTOMER,
        label=Text(zh="经济", en="Economy"),
        explanation=Text(
            zh="价格低、速度快，适合大批量和简单的内容。", en="Cheap and quick: for bulk and simple work."
        ),
    ),
    _setting(
        Kind.MODEL_TIER,
        "standard",
        owner=Owner.CUSTOMER,
        label=Text(zh="标准", en="Standard"),
        explanation=Text(zh="价格与能力均衡，适合日常使用。", en="A balance of price and ability, for everyday work."),
    ),
    _setting(
        Kind.MODEL_TIER,
        "premium",
        owner=Owner.CUSTOMER,
        label=Text(zh="高级", en="Premium"),
        explanation=Text(
            zh="能力最强、价格最高，同样的内容花费可能是经济档的许多倍。",
            en="The most able and the dearest: the same text may cost many times what an economy model takes.",
        ),
    ),
    _setting(
        Kind.MODEL_TIER,
        "image",
        owner=Owner.CUSTOMER,
        label=Text(zh="图片", en="Image"),
        explanation=Text(zh="AI 生图，按张、尺寸和质量计费。", en="Makes images; priced by image, size and quality."),
    ),
    _setting(
        Kind.MODEL_TIER,
        "video",
        owner=Owner.CUSTOMER,
        label=Text(zh="视频", en="Video"),
        explanation=Text(zh="AI 视频，按秒和分辨率计费。", en="Makes videos; priced by second and resolution."),
    ),
)

_POLICIES = (
    _setting(
        Kind.DUPLICATE_POLICY,
        "off",
        label=Text(zh="不识别", en="Off"),
        explanation=Text(zh="不识别重复提交。", en="Duplicates are not looked for."),
    ),
    _setting(
        Kind.DUPLICATE_POLICY,
        "flag",
        label=Text(zh="标记", en="Flag"),
        explanation=Text(zh="照常执行，并标记为重复提交。", en="Duplicates are carried out, and marked as such."),
    ),
    _setting(
        Kind.DUPLICATE_POLICY,
        "block",
        label=Text(zh="拦截", en="Block"),
        explanation=Text(
            zh="不执行重复的副本，并告知第一次提交的编号。",
            en="Copies are not carried out; the answer names the first submission.",
        ),
    ),
    _setting(
        Kind.OUTPUT_POLICY,
        "fit",
        label=Text(zh="自动适配", en="Fit"),
        explanation=Text(
            zh="余额或限额不够全部输出时，把输出上限降到够用的大小再执行。",
            en="Where money or limits do not cover the whole output asked for, its cap is lowered to what they cover.",
        ),
    ),
    _setting(
        Kind.OUTPUT_POLICY,
        "strict",
        label=Text(zh="严格", en="Strict"),
        explanation=Text(
            zh="余额或限额不够全部输出时拒绝，并告知可以通过的输出上限。",
            en="Where money or limits do not cover the whole output asked for, the request is refused, naming the cap that would pass.",
        ),
    ),
)


def _owner(code: Owner, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.OWNER,
        code=code.value,
        owner=code,
        label=label,
        explanation=explanation,
        next_step=NextStep(
            where_to_look=Text(
                zh="看拒绝信息里「由谁处理」一项。",
                en="Look at who can act, in the refusal.",
            ),
            what_to_change=Text(
                zh="把请求编号交给对方即可，不要发送完整的 Key。",
                en="Give them the request id; never send a whole key.",
            ),
            how_to_go_back=Text(
                zh="交错了人也没关系，请求编号不含秘密。",
                en="If it was the wrong person, no harm is done: a request id holds no secret.",
            ),
        ),
    )


_OWNERS = (
    _owner(
        Owner.CUSTOMER,
        label=Text(zh="使用者本人", en="You"),
        explanation=Text(zh="使用 API 的人自己就能处理。", en="The person who uses the API can do it."),
    ),
    _owner(
        Owner.TEAM_ADMIN,
        label=Text(zh="团队管理员", en="Your team admin"),
        explanation=Text(
            zh="管理账户里的分组、Key 和限额的人。", en="Whoever manages the account's groups, keys and limits."
        ),
    ),
    _owner(
        Owner.SUPPORT,
        label=Text(zh="客服", en="Support"),
        explanation=Text(
            zh="服务方的客服，凭请求编号查记录。", en="The operator's support, who look it up by its request id."
        ),
    ),
    _owner(
        Owner.OPERATIONS,
        label=Text(zh="运营", en="Operations"),
        explanation=Text(
            zh="服务方负责模型服务和价格的人。", en="The operator's people for model services and prices."
        ),
    ),
    _owner(
        Owner.FINANCE,
        label=Text(zh="财务", en="Finance"),
        explanation=Text(
            zh="服务方负责付款、退款和对账的人。", en="The operator's people for payments, refunds and reconciliation."
        ),
    ),
)

ENTRIES = _SCOPES + _WINDOWS + _UNITS + _TIERS + _POLICIES + _OWNERS
