"""Redemption codes: their states, what is wrong with one that is not redeemed, and what cannot be done with a batch."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_AT_TRIES = Text(
    zh="看账户的兑换记录：每一次尝试的时间和当时显示的信息都在里面。",
    en="Look at the account's tries: each is there with its time and the message that was shown.",
)
_LOOK_AT_CODE = Text(
    zh="核对卡片或邮件上的兑换码和它的说明。",
    en="Look at the card or mail that the code came with, and at its terms.",
)
_LOOK_AT_BATCH = Text(
    zh="用 counterfoil codes show <批次编号> 查看这一批的条件和各状态的数量。",
    en="counterfoil codes show <batch id> shows the terms of the batch and how many codes are in each state.",
)
_NOTHING_CREDITED = Text(
    zh="没有入账，余额没有改变，不需要撤销。",
    en="Nothing was credited and the balance is as it was; there is nothing to undo.",
)
_NOT_REDEEMED = Text(
    zh="没有入账，这个兑换码仍然没有使用。",
    en="Nothing was credited, and the code is still unused.",
)


def _state(code: str, *, label: Text, explanation: Text, change: Text, owner: Owner = Owner.CUSTOMER) -> Entry:
    return Entry(
        kind=Kind.CODE_STATE,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(
            where_to_look=_LOOK_AT_CODE,
            what_to_change=change,
            how_to_go_back=Text(
                zh="兑换码的状态不会倒退；需要更正时另发一张新的。",
                en="A code's state never goes back; what has to be put right takes a new code.",
            ),
        ),
    )


_STATES = (
    _state(
        "new",
        label=Text(zh="未使用", en="New"),
        explanation=Text(
            zh="还没有人兑换，可以使用。",
            en="Nobody has redeemed it yet, and it can be used.",
        ),
        change=Text(
            zh="登录要入账的账户，输入兑换码。", en="Sign in to the account that is to have it, and enter the code."
        ),
    ),
    _state(
        "redeemed",
        label=Text(zh="已兑换", en="Redeemed"),
        explanation=Text(
            zh="已经入账一次，不能再用。",
            en="It has been credited once and cannot be used again.",
        ),
        change=Text(
            zh="看不到入账时，请核对兑换的是不是现在这个账户。",
            en="If you do not see the credit, check that it was redeemed for the account you are looking at.",
        ),
    ),
    _state(
        "expired",
        label=Text(zh="已过期", en="Expired"),
        explanation=Text(
            zh="过了最后兑换时间，没有人兑换。",
            en="Its last time to redeem has passed, and nobody had redeemed it.",
        ),
        change=Text(zh="请向发放者要一个新的兑换码。", en="Ask whoever gave it to you for a new one."),
    ),
    _state(
        "voided",
        label=Text(zh="已作废", en="Voided"),
        explanation=Text(
            zh="发放者在有人兑换之前作废了它。",
            en="Whoever issued it withdrew it before anybody had redeemed it.",
        ),
        change=Text(zh="请向发放者询问原因。", en="Ask whoever gave it to you for the reason."),
    ),
)

_REDEEMED = Entry(
    kind=Kind.WORD,
    code="code_redeemed",
    owner=Owner.CUSTOMER,
    label=Text(zh="兑换成功", en="Code redeemed"),
    explanation=Text(
        zh="兑换码的金额已经入账，可以使用。",
        en="What the code is worth has been credited and can be spent.",
    ),
    next_step=NextStep(
        where_to_look=Text(zh="看账户的额度和到期时间。", en="Look at the account's credit and when it expires."),
        what_to_change=Text(zh="不需要操作。", en="There is nothing to do."),
        how_to_go_back=Text(zh="兑换之后不能退回兑换码。", en="A redeemed code cannot be handed back."),
    ),
)

# What a person is told who tries to redeem a code.
_TRIES = (
    error(
        "code_mistyped",
        owner=Owner.CUSTOMER,
        label=Text(zh="兑换码输入有误", en="Code mistyped"),
        explanation=Text(
            zh="这不是一个兑换码，或者有字符输错、漏掉或换了位置；没有入账。",
            en="This is not a redemption code, or a character is wrong, missing or in another's place; nothing was credited.",
        ),
        look=Text(
            zh="对照原文逐组核对：CF 开头，后面四组，每组五个字符，没有字母 I、L、O、U。",
            en="Compare it group by group: CF, then four groups of five, without the letters I, L, O and U.",
        ),
        change=Text(
            zh="请照原文重新输入，大小写、空格和短横线都不影响；这样的错误不计入尝试次数。",
            en="Type it again as it is printed; capitals, spaces and hyphens do not matter, and this does not count as a try.",
        ),
        back=_NOTHING_CREDITED,
    ),
    error(
        "code_unknown",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这个兑换码", en="Code unknown"),
        explanation=Text(
            zh="形式没有错，但这里没有发出过这个兑换码；没有入账。",
            en="It has the form of a code, but none like it was issued here; nothing was credited.",
        ),
        look=_LOOK_AT_CODE,
        change=Text(
            zh="请确认兑换码是由这里发放的，再完整输入一次；多次输入不存在的兑换码后需要等待。",
            en="Make sure it was issued here and enter all of it once more; after several unknown codes you have to wait.",
        ),
        back=_NOTHING_CREDITED,
    ),
    error(
        "code_used_by_you",
        owner=Owner.CUSTOMER,
        label=Text(zh="这个账户已经兑换过", en="Already redeemed by this account"),
        explanation=Text(
            zh="这个兑换码在错误里写明的时间已经入账到这个账户；没有再次入账。",
            en="This account got the credit of this code at the time that the error gives; nothing was credited again.",
        ),
        look=Text(
            zh="看账户的额度：那一笔来自这个兑换码，可能已经用掉或过期。",
            en="Look at the account's credit: what came from this code is there, and may have been spent or have expired.",
        ),
        change=Text(
            zh="不需要再兑换；余额比预期少时，请看之后的扣费。",
            en="There is nothing left to redeem; if the balance is lower than you expect, look at the charges since.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "code_used_elsewhere",
        owner=Owner.SUPPORT,
        label=Text(zh="已被其他账户兑换", en="Redeemed by another account"),
        explanation=Text(
            zh="这个兑换码已经入账到另一个账户，一个兑换码只能入账一次；这个账户没有入账。",
            en="Another account has the credit of this code, and a code is credited once; this account got nothing.",
        ),
        look=Text(
            zh="看自己是不是还有别的账户或登录方式：兑换时登录的可能是那一个。",
            en="See whether you have another account or way to sign in: it may have been redeemed there.",
        ),
        change=Text(
            zh="在自己的其他账户里找到入账即可；都没有时，请带兑换码的后四位联系客服，不要发送完整的兑换码。",
            en="Use it there if that account is yours; if not, contact support with the code's last four characters, never all of it.",
        ),
        back=_NOTHING_CREDITED,
    ),
    error(
        "code_expired",
        owner=Owner.CUSTOMER,
        label=Text(zh="兑换码已过期", en="Code expired"),
        explanation=Text(
            zh="错误里写明的最后兑换时间已过，没有人兑换过它；没有入账。",
            en="The last time to redeem it, which the error gives, has passed and nobody had redeemed it; nothing was credited.",
        ),
        look=_LOOK_AT_CODE,
        change=Text(
            zh="请向发放者要一个新的兑换码。",
            en="Ask whoever gave it to you for a new code.",
        ),
        back=_NOTHING_CREDITED,
    ),
    error(
        "code_voided",
        owner=Owner.SUPPORT,
        label=Text(zh="兑换码已作废", en="Code voided"),
        explanation=Text(
            zh="发放者已经作废这个兑换码，之前没有人兑换过它；没有入账。",
            en="This code was withdrawn by whoever issued it, and nobody had redeemed it; nothing was credited.",
        ),
        look=_LOOK_AT_CODE,
        change=Text(
            zh="请带兑换码的后四位向发放者询问原因。",
            en="Ask whoever gave it to you for the reason, with the code's last four characters.",
        ),
        back=_NOTHING_CREDITED,
    ),
    error(
        "code_not_for_group",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="不适用于这个分组", en="Not for this group"),
        explanation=Text(
            zh="这个兑换码只给错误里列出的分组使用，这个账户没有启用这样的分组，或者兑换时选的是另一个；没有入账。",
            en="This code is for the groups that the error lists; the account has no such active group, or another was given; nothing was credited.",
        ),
        look=Text(
            zh="看账户里有哪些分组，以及它们是不是启用的。",
            en="Look at the groups of the account, and whether they are active.",
        ),
        change=Text(
            zh="请选择列出的分组再兑换；没有这样的分组时，请让团队管理员确认这个兑换码是给谁的。",
            en="Redeem it for one of the listed groups; if there is none, ask your team admin whom the code is for.",
        ),
        back=_NOT_REDEEMED,
    ),
    error(
        "code_batch_limit",
        owner=Owner.CUSTOMER,
        label=Text(zh="这一批兑换码已达到账户上限", en="Limit of this batch reached"),
        explanation=Text(
            zh="同一批兑换码里，一个账户能兑换的数量已经用完；没有入账。",
            en="The account has redeemed as many codes of this batch as one account may; nothing was credited.",
        ),
        look=Text(
            zh="看账户的兑换记录，以及错误里写明的上限。",
            en="Look at what the account has redeemed, and at the limit that the error gives.",
        ),
        change=Text(
            zh="请在另一个账户使用它，或送给别人。",
            en="Use it for another account, or give it to somebody else.",
        ),
        back=_NOT_REDEEMED,
    ),
    error(
        "code_currency_wrong",
        owner=Owner.CUSTOMER,
        label=Text(zh="兑换码的币种不同", en="Code in another currency"),
        explanation=Text(
            zh="兑换码的币种与账户的币种不同，兑换码不做换算；没有入账。",
            en="The code's currency is not the account's, and codes are not converted; nothing was credited.",
        ),
        look=Text(
            zh="看错误里写明的两种币种。",
            en="Look at the two currencies that the error gives.",
        ),
        change=Text(
            zh="请在这种币种的账户使用它，或向发放者换一个。",
            en="Use it for an account in that currency, or ask whoever gave it to you for another.",
        ),
        back=_NOT_REDEEMED,
    ),
    error(
        "code_account_inactive",
        owner=Owner.SUPPORT,
        label=Text(zh="账户不能兑换", en="Account cannot redeem"),
        explanation=Text(
            zh="账户已停用或关闭，期间不能兑换；没有查看兑换码，也没有入账。",
            en="The account is suspended or closed and redeems nothing meanwhile; the code was not looked at, and nothing was credited.",
        ),
        look=Text(zh="看账户的状态。", en="Look at the state of the account."),
        change=Text(
            zh="请联系客服恢复账户，再兑换一次。",
            en="Contact support to have the account restored, then redeem the code again.",
        ),
        back=_NOTHING_CREDITED,
    ),
    error(
        "code_tries_exceeded",
        owner=Owner.CUSTOMER,
        label=Text(zh="尝试次数过多", en="Too many tries"),
        explanation=Text(
            zh="短时间内输入了太多不存在或已被别人使用的兑换码；在错误写明的时间之前，任何兑换码都不会查看，也不会入账。",
            en="Too many codes were entered that do not exist or are somebody else's; for as long as the error says, no code is looked at and nothing credited.",
        ),
        look=_LOOK_AT_TRIES,
        change=Text(
            zh="请等到错误里写明的秒数过去，再照原文输入；不是自己输入的，请联系客服。",
            en="Wait for the seconds that the error gives, then type the code as it is printed; if those tries were not yours, contact support.",
        ),
        back=Text(
            zh="等待之后自动恢复；没有使用的兑换码不受影响。",
            en="It ends by itself; a code that is unused stays so.",
        ),
    ),
)

_MANAGEMENT = (
    error(
        "code_not_found",
        owner=Owner.SUPPORT,
        label=Text(zh="找不到兑换码", en="Code not found"),
        explanation=Text(
            zh="没有这个编号或这样内容的兑换码。",
            en="There is no redemption code of this id or text.",
        ),
        look=Text(
            zh="按批次或账户，用后四位查找。",
            en="Look it up by its last four characters, within a batch or an account.",
        ),
        change=Text(
            zh="请核对编号；只有后四位时，请同时给出批次或账户。",
            en="Check the id; with only the last four characters, name the batch or the account as well.",
        ),
        public=False,
    ),
    error(
        "code_batch_not_found",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有这一批兑换码", en="Batch of codes not found"),
        explanation=Text(
            zh="没有这个编号的批次。",
            en="There is no batch of codes of this id.",
        ),
        look=Text(
            zh="counterfoil codes list 列出所有批次。",
            en="counterfoil codes list lists the batches.",
        ),
        change=Text(zh="请完整复制编号，以 batch_ 开头。", en="Copy the whole id, which begins with batch_."),
        public=False,
    ),
    error(
        "code_not_voidable",
        owner=Owner.OPERATIONS,
        label=Text(zh="已兑换，不能作废", en="Redeemed, not voidable"),
        explanation=Text(
            zh="这个兑换码已经入账，作废不会收回入账的金额；没有改动。",
            en="This code has been credited, and voiding it would not take that back; nothing was changed.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="确实要收回时，请按审批结束这一笔额度，或另记一笔调整。",
            en="If the credit has to go, end its grant or post an adjustment, by approval.",
        ),
        back=RECORD_STANDS,
        public=False,
    ),
    error(
        "code_mask_ambiguous",
        owner=Owner.OPERATIONS,
        label=Text(zh="后四位不唯一", en="Mask not unique"),
        explanation=Text(
            zh="有几个兑换码的后四位相同。",
            en="Several codes end in the same four characters.",
        ),
        look=_LOOK_AT_BATCH,
        change=Text(zh="请改用兑换码的编号（code_…）。", en="Use the code's id (code_…) instead."),
        public=False,
    ),
    error(
        "codes_file_unwritable",
        owner=Owner.OPERATIONS,
        label=Text(zh="兑换码文件无法写入", en="File for codes not writable"),
        explanation=Text(
            zh="要写入兑换码的文件已经存在，或不能建立；这样的兑换码没有人能用。",
            en="The file that the codes were to be written to exists already or cannot be written; no codes are in use that nobody has.",
        ),
        change=Text(
            zh="请换一个还不存在的文件名，放在可以写入的文件夹里。",
            en="Name a file that does not exist yet, in a folder that you may write to.",
        ),
        back=Text(
            zh="没有可用的兑换码留下：批次没有建立，或已经全部作废。",
            en="No code is left that could be used: the batch was not made, or all of it has been voided.",
        ),
        public=False,
    ),
)

ENTRIES = (*_STATES, _REDEEMED, *_TRIES, *_MANAGEMENT)
