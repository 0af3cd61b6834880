"""What money in a wallet can be: holds, grants, and the states of accounts, groups and keys."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_HOLD_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="用请求编号或任务编号查看这笔预留的金额、开始时间和结束方式。",
        en="Use the request id or task id to see what was reserved, when, and how it ended.",
    ),
    what_to_change=Text(
        zh="预留会自己结束；想少预留一些，请调低输出上限、数量或时长。",
        en="A reservation ends by itself; to reserve less, ask for a lower output cap, fewer items or a shorter duration.",
    ),
    how_to_go_back=Text(
        zh="一笔预留只结束一次；多扣的部分以退款更正。",
        en="A reservation ends only once; a charge that was too high is corrected by a refund.",
    ),
)


def _hold(kind: Kind, code: str, *, label: Text, explanation: Text, owner: Owner = Owner.CUSTOMER) -> Entry:
    return Entry(kind=kind, code=code, owner=owner, label=label, explanation=explanation, next_step=_HOLD_NEXT_STEP)


_HOLDS = (
    _hold(
        Kind.HOLD_STATE,
        "open",
        label=Text(zh="预留中", en="Reserved"),
        explanation=Text(
            zh="金额正为一个请求或任务预留，暂时不能用于其他请求。",
            en="The money is reserved for a request or task and cannot be used for another one meanwhile.",
        ),
    ),
    _hold(
        Kind.HOLD_STATE,
        "captured",
        label=Text(zh="已结算", en="Settled"),
        explanation=Text(
            zh="预留中实际用掉的部分已经扣费，其余已经放回。",
            en="What was really used of the reservation has been charged, the rest released.",
        ),
    ),
    _hold(
        Kind.HOLD_STATE,
        "voided",
        label=Text(zh="已放回", en="Released"),
        explanation=Text(
            zh="请求或任务没有产生费用，预留的金额已经全部放回。",
            en="The request or task cost nothing, and all that was reserved has been released.",
        ),
    ),
    _hold(
        Kind.HOLD_STATE,
        "expired",
        label=Text(zh="已超时放回", en="Released after time ran out"),
        explanation=Text(
            zh="到期仍不知道请求或任务的结果，预留的金额已经全部放回，不扣费。",
            en="The outcome was still unknown when time ran out; all of it was released and nothing charged.",
        ),
    ),
)

_HOLD_REASONS = (
    _hold(
        Kind.HOLD_REASON,
        "delivered",
        label=Text(zh="已交付", en="Delivered"),
        explanation=Text(zh="结果已经交付，按用量结算。", en="The result was delivered and settled by its usage."),
    ),
    _hold(
        Kind.HOLD_REASON,
        "caller_gone",
        label=Text(zh="调用方已离开", en="Caller left"),
        explanation=Text(
            zh="请求还没有转给模型服务，调用方就已离开，预留随即放回。",
            en="The caller left before the request was passed on, so the reservation was released at once.",
        ),
    ),
    _hold(
        Kind.HOLD_REASON,
        "outcome_unknown",
        owner=Owner.OPERATIONS,
        label=Text(zh="结果未知", en="Outcome unknown"),
        explanation=Text(
            zh="服务中断，不知道请求是否完成；已列入与模型服务账单的核对。",
            en="An interruption left the outcome unknown; it is listed to be checked against the model service's bill.",
        ),
    ),
)

_GRANT_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="看每一笔额度的种类、来源、到期时间和剩余金额。",
        en="Look at each grant's kind, source, expiry and what remains of it.",
    ),
    what_to_change=Text(
        zh="有期限的额度会先用；请在到期前使用。",
        en="Credit with an end date is used first; use it before it expires.",
    ),
    how_to_go_back=Text(
        zh="额度的变动不会撤回；有差错时另发一笔补偿额度。",
        en="What happened to credit is not taken back; a mistake is made good by a compensation grant.",
    ),
)


def _grant(kind: Kind, code: str, *, label: Text, explanation: Text, owner: Owner = Owner.CUSTOMER) -> Entry:
    return Entry(kind=kind, code=code, owner=owner, label=label, explanation=explanation, next_step=_GRANT_NEXT_STEP)


_GRANTS = (
    _grant(
        Kind.GRANT_STATE,
        "open",
        label=Text(zh="可用", en="Usable"),
        explanation=Text(
            zh="这笔额度计入余额，可以使用。", en="This credit counts towards the balance and can be used."
        ),
    ),
    _grant(
        Kind.GRANT_STATE,
        "frozen",
        owner=Owner.FINANCE,
        label=Text(zh="冻结", en="Frozen"),
        explanation=Text(
            zh="付款有争议，这笔额度暂时不能使用。",
            en="Its payment is in dispute, so this credit cannot be used for now.",
        ),
    ),
    _grant(
        Kind.GRANT_STATE,
        "ended",
        label=Text(zh="已结束", en="Ended"),
        explanation=Text(
            zh="这笔额度已经过期、退回或收回，不再计入余额。",
            en="This credit has expired or was returned; it no longer counts towards the balance.",
        ),
    ),
    _grant(
        Kind.GRANT_KIND,
        "paid",
        label=Text(zh="充值额度", en="Paid credit"),
        explanation=Text(zh="由充值付款得到的额度。", en="Credit that was paid for by a recharge."),
    ),
    _grant(
        Kind.GRANT_KIND,
        "promotional",
        label=Text(zh="活动额度", en="Promotional credit"),
        explanation=Text(
            zh="活动、赠送或试用得到的额度，通常有期限，优先使用。",
            en="Credit from a promotion, bonus or trial; it usually has an end date and is used first.",
        ),
    ),
    _grant(
        Kind.GRANT_KIND,
        "compensation",
        owner=Owner.SUPPORT,
        label=Text(zh="补偿额度", en="Compensation"),
        explanation=Text(
            zh="为更正差错或弥补故障而发放的额度。",
            en="Credit given to correct a mistake or to make up for a failure.",
        ),
    ),
)


def _account_state(code: str, *, owner: Owner, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.ACCOUNT_STATE,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(
            where_to_look=Text(
                zh="由账户所有者查看账户状态和服务方的通知。",
                en="The account's owner can look at its state and the operator's notices.",
            ),
            what_to_change=Text(
                zh="状态不符时，请账户所有者联系客服。",
                en="If the state is not what it should be, ask the account's owner to contact support.",
            ),
            how_to_go_back=Text(
                zh="暂停可以解除；余额和记录不会改变。",
                en="A suspension can be lifted; balance and records stay as they are.",
            ),
        ),
    )


_ACCOUNTS = (
    _account_state(
        "active",
        owner=Owner.CUSTOMER,
        label=Text(zh="正常", en="Active"),
        explanation=Text(zh="账户正常，Key 可以调用。", en="The account is active and its keys can make calls."),
    ),
    _account_state(
        "suspended",
        owner=Owner.SUPPORT,
        label=Text(zh="已暂停", en="Suspended"),
        explanation=Text(
            zh="账户已暂停，所有 Key 都不能调用，余额保留。",
            en="The account is suspended: none of its keys can make calls, its balance is kept.",
        ),
    ),
    _account_state(
        "closed",
        owner=Owner.SUPPORT,
        label=Text(zh="已关闭", en="Closed"),
        explanation=Text(
            zh="账户已经关闭，只保留记录。",
            en="The account is closed; only its records are kept.",
        ),
    ),
)

_SWITCH_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="用 Key 掩码或分组名称查看它的状态和有效期。",
        en="Use the key mask or the group's name to see its state and expiry.",
    ),
    what_to_change=Text(
        zh="由团队管理员启用、停用或延长有效期。",
        en="Your team admin can enable it, disable it or extend it.",
    ),
    how_to_go_back=Text(
        zh="启用和停用都可以随时改回。",
        en="Enabling and disabling can both be undone at any time.",
    ),
)


def _switch(kind: Kind, code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=kind, code=code, owner=Owner.TEAM_ADMIN, label=label, explanation=explanation, next_step=_SWITCH_NEXT_STEP
    )


_SWITCHES = (
    _switch(
        Kind.GROUP_STATE,
        "active",
        label=Text(zh="启用", en="Active"),
        explanation=Text(zh="分组启用中，它的 Key 可以调用。", en="The group is active and its keys can make calls."),
    ),
    _switch(
        Kind.GROUP_STATE,
        "disabled",
        label=Text(zh="停用", en="Disabled"),
        explanation=Text(
            zh="分组已停用，它的 Key 都不能调用。",
            en="The group is disabled: none of its keys can make calls.",
        ),
    ),
    _switch(
        Kind.KEY_STATE,
        "active",
        label=Text(zh="启用", en="Active"),
        explanation=Text(zh="这个 Key 可以调用。", en="This key can make calls."),
    ),
    _switch(
        Kind.KEY_STATE,
        "disabled",
        label=Text(zh="停用", en="Disabled"),
        explanation=Text(zh="这个 Key 已停用，不能调用。", en="This key is disabled and cannot make calls."),
    ),
    _switch(
        Kind.KEY_STATE,
        "expired",
        label=Text(zh="过期", en="Expired"),
        explanation=Text(zh="这个 Key 已过有效期，不能调用。", en="This key is past its expiry and cannot make calls."),
    ),
)

ENTRIES = _HOLDS + _HOLD_REASONS + _GRANTS + _ACCOUNTS + _SWITCHES
