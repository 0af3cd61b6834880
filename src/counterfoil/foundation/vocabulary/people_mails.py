"""Mails about signing in: the label is the subject line, the explanation the first paragraph, and then what to do."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK = Text(zh="看链接的地址是不是我们的网站。", en="See that the link leads to our own address.")


def _mail(
    code: str, *, label: Text, explanation: Text, change: Text, back: Text, owner: Owner = Owner.CUSTOMER
) -> Entry:
    return Entry(
        kind=Kind.MAIL,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK, what_to_change=change, how_to_go_back=back),
    )


ENTRIES = (
    _mail(
        "verification",
        label=Text(zh="请确认你在 {operator} 的邮箱", en="Confirm your e-mail address at {operator}"),
        explanation=Text(
            zh="有人用这个邮箱注册。打开下面的链接，就确认邮箱是你的，账户随即开立：",
            en="Somebody has registered with this address. Open this link to confirm that it is yours, which opens your account:",
        ),
        change=Text(zh="链接 24 小时内有效，只能用一次。", en="The link works once, within 24 hours."),
        back=Text(
            zh="如果不是你注册的，请忽略这封邮件，不会开立账户。",
            en="If it was not you, ignore this mail: no account is opened.",
        ),
    ),
    _mail(
        "known_address",
        label=Text(zh="你在 {operator} 已经有账户", en="You already have an account at {operator}"),
        explanation=Text(
            zh="有人用这个邮箱注册，而这个邮箱已经注册过。没有开立新的账户。",
            en="Somebody has registered with this address, which is registered already. No new account was opened.",
        ),
        change=Text(
            zh="直接登录即可；忘记密码，请在登录页选择重设。",
            en="Just sign in; if you have forgotten the password, reset it on the sign-in page.",
        ),
        back=Text(zh="如果不是你注册的，不需要做什么。", en="If it was not you, there is nothing to do."),
    ),
    _mail(
        "password_reset",
        label=Text(zh="重设你在 {operator} 的密码", en="Reset your password at {operator}"),
        explanation=Text(
            zh="有人要求重设这个邮箱的密码。打开下面的链接，设置新密码：",
            en="Somebody has asked to reset the password of this address. Open this link to choose a new one:",
        ),
        change=Text(
            zh="链接 1 小时内有效，只能用一次；重设之后，所有设备都要重新登录。",
            en="The link works once, within an hour; afterwards every device has to sign in again.",
        ),
        back=Text(
            zh="如果不是你要求的，请忽略这封邮件，密码不变。",
            en="If it was not you, ignore this mail: the password stays as it is.",
        ),
    ),
    _mail(
        "invitation",
        label=Text(zh="邀请你加入 {operator} 的一个账户", en="You are invited to an account at {operator}"),
        explanation=Text(
            zh="有人邀请你加入一个账户。打开下面的链接，查看是哪个账户并接受邀请：",
            en="Somebody invites you to their account. Open this link to see which one it is, and to accept:",
        ),
        change=Text(zh="链接 7 天内有效，只能用一次。", en="The link works once, within 7 days."),
        back=Text(
            zh="如果你不认识邀请的人，请忽略这封邮件。",
            en="If you do not know who invites you, ignore this mail.",
        ),
    ),
    _mail(
        "staff_invitation",
        owner=Owner.OPERATIONS,
        label=Text(zh="邀请你加入 {operator} 的团队", en="You are invited to the staff of {operator}"),
        explanation=Text(
            zh="系统管理员邀请你加入团队。打开下面的链接，查看角色并接受邀请：",
            en="An administrator invites you to the staff. Open this link to see your roles, and to accept:",
        ),
        change=Text(
            zh="链接 7 天内有效，只能用一次；登录之后请启用两步验证。",
            en="The link works once, within 7 days; add a second factor once you have signed in.",
        ),
        back=Text(
            zh="如果你没有等待这个邀请，请告知系统管理员。",
            en="If you do not expect this, tell an administrator.",
        ),
    ),
    _mail(
        "password_changed",
        label=Text(zh="你在 {operator} 的密码已经更改", en="Your password at {operator} was changed"),
        explanation=Text(
            zh="这个邮箱的密码刚刚更改，其他设备要重新登录。",
            en="The password of this address was changed just now; other devices have to sign in again.",
        ),
        change=Text(
            zh="如果是你更改的，不需要做什么。",
            en="If it was you, there is nothing to do.",
        ),
        back=Text(
            zh="如果不是你，请立即在登录页重设密码，并联系客服。",
            en="If it was not you, reset the password on the sign-in page at once, and contact support.",
        ),
    ),
)
