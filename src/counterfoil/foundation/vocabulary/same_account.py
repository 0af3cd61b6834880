"""Same account? What can be named, and the verdict on whether it all leads to one account."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NOTHING_CHANGED = Text(
    zh="核对不会改变任何记录，不需要撤销。",
    en="Checking changes no record, so there is nothing to undo.",
)


def _verdict(code: str, *, label: Text, explanation: Text, look: Text, change: Text) -> Entry:
    return Entry(
        kind=Kind.SAME_ACCOUNT_VERDICT,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=_NOTHING_CHANGED),
    )


_VERDICTS = (
    _verdict(
        "same",
        label=Text(zh="同一个账户", en="Same account"),
        explanation=Text(
            zh="给出的各项都属于同一个账户。",
            en="Everything that was given belongs to one account.",
        ),
        look=Text(
            zh="账户没有问题，接着看订单、付款通知和兑换码的状态，再看 Key 和分组的限额。",
            en="The account is not the cause: look next at the order, the payment notice and the code, then at the limits of key and group.",
        ),
        change=Text(zh="不需要操作。", en="There is nothing to do."),
    ),
    _verdict(
        "different",
        label=Text(zh="不是同一个账户", en="Different accounts"),
        explanation=Text(
            zh="给出的各项属于不同的账户；充值或兑换后看不到余额，最常见的就是这个原因。",
            en="What was given belongs to different accounts; this is the commonest reason why a recharge or a code does not show.",
        ),
        look=Text(
            zh="看哪一项属于另一个账户，再到那个账户里看余额和订单。",
            en="See which part belongs to another account, and look at balance and orders there.",
        ),
        change=Text(
            zh="请登录付款或兑换的那个账户，并使用那个账户的 Key；今后付款、兑换和调用都用同一个账户。",
            en="Sign in to the account that paid or redeemed, and call with a key of that account; from now on, use one account for all three.",
        ),
    ),
    _verdict(
        "unknown",
        label=Text(zh="无法判断", en="Cannot be told"),
        explanation=Text(
            zh="有的内容没有找到，或者不止对应一个账户，所以无法判断。",
            en="Something was not found, or leads to more than one account, so this cannot be told.",
        ),
        look=Text(
            zh="看是哪一项没有找到，或者不止对应一个账户。",
            en="See which part was not found, or leads to more than one account.",
        ),
        change=Text(
            zh="请完整复制编号；昵称有重名时，改用邮箱或用户编号。",
            en="Copy ids whole; where several share a nickname, use the e-mail address or the user number.",
        ),
    ),
)

_CLAIM_STEPS = NextStep(
    where_to_look=Text(
        zh="看这一项属于哪个账户。",
        en="See which account it belongs to.",
    ),
    what_to_change=Text(
        zh="与其他各项不一致时，请换成同一个账户的。",
        en="Where it differs from the rest, use one of the same account.",
    ),
    how_to_go_back=_NOTHING_CHANGED,
)


def _claim(code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.ACCOUNT_CLAIM,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=_CLAIM_STEPS,
    )


_CLAIMS = (
    _claim(
        "account",
        label=Text(zh="账户", en="Account"),
        explanation=Text(zh="按编号或名称指定的账户。", en="An account by its id or name."),
    ),
    _claim(
        "member",
        label=Text(zh="成员", en="Member"),
        explanation=Text(
            zh="登录的人，或按邮箱、昵称、用户编号指定的人。",
            en="Who is signed in, or named by e-mail address, nickname or user number.",
        ),
    ),
    _claim(
        "order",
        label=Text(zh="订单", en="Order"),
        explanation=Text(zh="充值订单为哪个账户而下。", en="The account that a recharge order is for."),
    ),
    _claim(
        "payer",
        label=Text(zh="付款人", en="Payer"),
        explanation=Text(
            zh="支付这笔订单的人还为哪些账户付过款。",
            en="Every account that whoever paid this order has paid for.",
        ),
    ),
    _claim(
        "code",
        label=Text(zh="兑换码", en="Redemption code"),
        explanation=Text(
            zh="兑换码由哪个账户兑换；没有人兑换过的也算没有找到。",
            en="The account that has redeemed the code; one that nobody has redeemed counts as not found.",
        ),
    ),
    _claim(
        "key",
        label=Text(zh="调用的 Key", en="API key"),
        explanation=Text(
            zh="调用时使用的 Key 属于哪个账户。",
            en="The account of the key that calls.",
        ),
    ),
    _claim(
        "request",
        label=Text(zh="请求或任务", en="Request or task"),
        explanation=Text(
            zh="请求、任务或提交由哪个账户发出。",
            en="The account that a request, a task or a submission came from.",
        ),
    ),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.WORD,
        code=code,
        owner=Owner.CUSTOMER,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=_CLAIM_STEPS,
    )


_WORDS = (
    _word("claims_elsewhere", zh="属于另一个账户：{claims}", en="Of another account: {claims}", hint_zh="与其他各项不一致的。", hint_en="What differs from the rest."),
    _word("claims_not_found", zh="没有找到：{claims}", en="Not found: {claims}", hint_zh="没有记录可以对应的。", hint_en="What no record fits."),
    _word("claims_not_yours", zh="不存在，或不属于你的账户：{claims}", en="Not there, or not of your account: {claims}", hint_zh="不属于你的内容，这里不说它是否存在。", hint_en="Of what is not yours, this does not say whether it exists."),
    _word("claims_of_several", zh="不止对应一个账户：{claims}", en="Of more than one account: {claims}", hint_zh="例如重名的昵称，或同一个人为几个账户付过款。", hint_en="Such as a shared nickname, or somebody who has paid for several accounts."),
)  # fmt: skip

ENTRIES = _VERDICTS + _CLAIMS + _WORDS
