"""What goes wrong when people sign in, register, follow links, or look after each other."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Owner, Text

_LOOK_AT_SIGN_IN = Text(
    zh="看登录页上填写的邮箱、密码和验证码。",
    en="See the address, the password and the code that were typed when signing in.",
)
_LOOK_AT_MAIL = Text(
    zh="看邮件里的链接是不是最新的一封，并且复制完整。",
    en="See that the link is from the latest mail, and copied whole.",
)
_LOOK_AT_PEOPLE = Text(
    zh="在人员或成员列表里查看现在的角色。",
    en="See the present roles in the list of people or members.",
)

_SIGN_IN = (
    error(
        "sign_in_refused",
        owner=Owner.CUSTOMER,
        label=Text(zh="邮箱或密码不对", en="Wrong address or password"),
        explanation=Text(
            zh="没有这样的邮箱和密码，或这个人不能登录；没有登录。",
            en="There is no such address with this password, or they may not sign in; nobody was signed in.",
        ),
        look=_LOOK_AT_SIGN_IN,
        change=Text(
            zh="请核对邮箱和大小写；忘记密码请重设，仍不行请联系管理员。",
            en="Check the address and upper case; reset the password if it is forgotten, or ask an administrator.",
        ),
    ),
    error(
        "sign_in_throttled",
        owner=Owner.CUSTOMER,
        label=Text(zh="尝试太频繁", en="Too many tries at signing in"),
        explanation=Text(
            zh="失败的次数太多，要等一会儿才能再试；等待期间不比对密码。",
            en="There were too many tries that failed, and the next one has to wait; meanwhile no password is looked at.",
        ),
        look=Text(
            zh="错误参数 seconds 写明了还要等多少秒。",
            en="The parameter seconds says how long it is to wait.",
        ),
        change=Text(
            zh="请等到时间再试；忘记密码请重设，不要一直猜。",
            en="Wait that long and try again; reset a forgotten password instead of guessing.",
        ),
    ),
    error(
        "totp_required",
        owner=Owner.CUSTOMER,
        label=Text(zh="需要验证码", en="A code is needed"),
        explanation=Text(
            zh="密码正确，还要两步验证的验证码；没有登录。",
            en="The password is right, and the second factor's code is needed as well; nobody was signed in yet.",
        ),
        look=Text(
            zh="看验证器应用里显示的六位数字。",
            en="See the six digits that the authenticator app shows.",
        ),
        change=Text(
            zh="请填写验证码；没有手机时，用一个恢复码。",
            en="Give the code; without the phone, give one of the recovery codes.",
        ),
    ),
    error(
        "totp_wrong",
        owner=Owner.CUSTOMER,
        label=Text(zh="验证码不对", en="Wrong code"),
        explanation=Text(
            zh="验证码不对、已经过期，或已经用过一次。",
            en="The code is wrong, is of another time, or was used before.",
        ),
        look=Text(
            zh="看手机的时间是否准确，以及验证器里选的是不是这个网站。",
            en="See that the phone's clock is right, and that it is the entry of this site.",
        ),
        change=Text(
            zh="请等下一个验证码再试，或用一个恢复码。",
            en="Wait for the next code and try again, or use a recovery code.",
        ),
    ),
    error(
        "confirmation_needed",
        owner=Owner.CUSTOMER,
        label=Text(zh="需要再次确认身份", en="Confirm that it is you"),
        explanation=Text(
            zh="登录已有一段时间，这一步要再次确认身份；没有任何改动。",
            en="It is a while since you signed in, and this asks again who is there; nothing was changed.",
        ),
        look=_LOOK_AT_SIGN_IN,
        change=Text(
            zh="请再输入一次密码或验证码，然后重做这一步。",
            en="Give your password or a code once more, and do it again.",
        ),
    ),
    error(
        "confirmation_refused",
        owner=Owner.CUSTOMER,
        label=Text(zh="密码或验证码不对", en="Wrong password or code"),
        explanation=Text(
            zh="给出的密码或验证码不对；没有任何改动，会话照旧。",
            en="The password or code is wrong; nothing was changed, and the session goes on.",
        ),
        look=_LOOK_AT_SIGN_IN,
        change=Text(
            zh="请再试一次；忘记密码请退出后重设。",
            en="Try again; if the password is forgotten, sign out and reset it.",
        ),
    ),
    error(
        "sign_in_first",
        owner=Owner.CUSTOMER,
        label=Text(zh="请先登录", en="Sign in first"),
        explanation=Text(
            zh="受邀的邮箱在这里已有身份，要登录之后才能接受邀请。",
            en="The invited address is known here, so the invitation is accepted by whoever has signed in with it.",
        ),
        look=_LOOK_AT_MAIL,
        change=Text(
            zh="请用受邀的邮箱登录，再打开邀请的链接。",
            en="Sign in with the invited address, and open the invitation's link again.",
        ),
    ),
    error(
        "session_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="会话已经结束", en="Session ended"),
        explanation=Text(
            zh="没有这个会话，或它已经结束。",
            en="There is no such session, or it has ended.",
        ),
        change=Text(zh="请重新登录。", en="Sign in again."),
    ),
)

_PROVIDERS = (
    error(
        "oidc_refused",
        owner=Owner.CUSTOMER,
        label=Text(zh="登录服务没有确认", en="Sign-in not confirmed"),
        explanation=Text(
            zh="登录服务的答复不完整、已经过期，或不是这次登录的；没有登录。",
            en="The provider's answer is incomplete, too late, or of another sign-in; nobody was signed in.",
        ),
        look=Text(
            zh="看登录是不是在同一个浏览器里、十分钟之内完成的。",
            en="See that it was all in one browser, and within ten minutes.",
        ),
        change=Text(
            zh="请从登录页重新开始；一直如此，请告知系统管理员。",
            en="Begin again on the sign-in page; if it stays so, tell an administrator.",
        ),
    ),
    error(
        "oidc_unavailable",
        owner=Owner.OPERATIONS,
        label=Text(zh="登录服务没有响应", en="Provider of sign-in not available"),
        explanation=Text(
            zh="登录服务没有响应，或它的说明有误；没有登录。",
            en="The provider does not answer, or describes itself wrongly; nobody was signed in.",
        ),
        look=Text(
            zh="错误参数 reason 写明了问题；系统管理员核对 COUNTERFOIL_OIDC_ISSUER。",
            en="The parameter reason says what is wrong; an administrator can check COUNTERFOIL_OIDC_ISSUER.",
        ),
        change=Text(
            zh="请稍后再试，或用密码登录。",
            en="Try again later, or sign in with a password.",
        ),
    ),
    error(
        "oidc_not_invited",
        owner=Owner.CUSTOMER,
        label=Text(zh="还没有受邀", en="Not invited"),
        explanation=Text(
            zh="登录服务确认了身份，但这个邮箱在这里没有账户，也没有邀请；没有开立账户。",
            en="The provider knows you, but this address has neither an account nor an invitation here; none was opened.",
        ),
        look=Text(
            zh="看在登录服务里用的是哪个邮箱。",
            en="See which address you have at the provider.",
        ),
        change=Text(
            zh="请账户的管理员向这个邮箱发出邀请。",
            en="Ask an admin of the account to invite this address.",
        ),
    ),
    error(
        "oidc_email_unverified",
        owner=Owner.CUSTOMER,
        label=Text(zh="登录服务没有验证邮箱", en="Address not verified"),
        explanation=Text(
            zh="登录服务没有给出邮箱，或没有验证过它；没有登录。",
            en="The provider gave no address, or one that it has not verified; nobody was signed in.",
        ),
        look=Text(
            zh="看登录服务里的邮箱是否已经验证。",
            en="See that your address is verified at the provider.",
        ),
        change=Text(
            zh="请先在登录服务里验证邮箱，再登录。",
            en="Have the address verified there, and sign in again.",
        ),
    ),
)

_LINKS = (
    error(
        "link_not_valid",
        owner=Owner.CUSTOMER,
        label=Text(zh="链接无效", en="Link not valid"),
        explanation=Text(
            zh="链接不完整、已经用过、已经过期或已被撤回；没有任何改动。",
            en="The link is incomplete, was used, has expired or was revoked; nothing was changed.",
        ),
        look=_LOOK_AT_MAIL,
        change=Text(
            zh="请重新申请一个链接；邀请请对方再发一次。",
            en="Ask for a new link; for an invitation, ask whoever invited you.",
        ),
    ),
    error(
        "registration_closed",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有开放注册", en="Registration closed"),
        explanation=Text(
            zh="这里不能自行注册，只能受邀加入；没有开立账户。",
            en="Nobody registers by themselves here, people are invited; no account was opened.",
        ),
        look=Text(
            zh="系统管理员用 COUNTERFOIL_REGISTRATION 决定是否开放。",
            en="An administrator decides that with COUNTERFOIL_REGISTRATION.",
        ),
        change=Text(
            zh="请联系运营方开户，或请账户的管理员邀请你。",
            en="Ask the operator for an account, or an admin for an invitation.",
        ),
    ),
    error(
        "mail_not_configured",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有配置邮件", en="Mail not configured"),
        explanation=Text(
            zh="没有邮件服务器，所以不能发送链接；没有任何改动。",
            en="There is no mail server, so no link can be sent; nothing was changed.",
        ),
        look=Text(
            zh="系统管理员查看 COUNTERFOIL_MAIL_URL。",
            en="An administrator can check COUNTERFOIL_MAIL_URL.",
        ),
        change=Text(
            zh="请系统管理员用 counterfoil people reset-link 生成链接交给你。",
            en="Ask an administrator for a link, which counterfoil people reset-link makes.",
        ),
    ),
    error(
        "mail_not_sent",
        owner=Owner.OPERATIONS,
        label=Text(zh="邮件没有发出", en="Mail not sent"),
        explanation=Text(
            zh="邮件服务器没有接收这封邮件；邀请已经撤回。",
            en="The mail server did not take the mail; the invitation was revoked.",
        ),
        look=Text(
            zh="看邮箱是否写对；系统管理员查看邮件服务器。",
            en="See that the address is right; an administrator can check the mail server.",
        ),
        change=Text(zh="请稍后再邀请一次。", en="Invite them again later."),
    ),
)

_INPUT = (
    error(
        "password_unfit",
        owner=Owner.CUSTOMER,
        label=Text(zh="密码不合要求", en="Password not fit"),
        explanation=Text(
            zh="密码太短、太长、太单一，或就是邮箱；没有任何改动。",
            en="The password is too short, too long, too plain, or the address itself; nothing was changed.",
        ),
        look=Text(
            zh="错误参数 least 和 most 写明了最少和最多的字符数。",
            en="The parameters least and most say how many characters it takes.",
        ),
        change=Text(
            zh="请用十个字符以上，几个不相关的词最好记。",
            en="Use ten characters or more; a few unrelated words are easy to remember.",
        ),
    ),
    error(
        "scopes_unfit",
        owner=Owner.CUSTOMER,
        label=Text(zh="令牌范围不合要求", en="Scopes not fit"),
        explanation=Text(
            zh="令牌至少要有一个范围，而且不能超出你自己的权限；没有创建令牌。",
            en="A token has at least one scope, and none that you do not have yourself; no token was made.",
        ),
        look=Text(
            zh="错误参数 scope 是不能给的范围，allowed 列出可以给的。",
            en="The parameter scope is the one that cannot be given, allowed lists those that can.",
        ),
        change=Text(zh="请从可以给的范围里选。", en="Choose among those that can be given."),
    ),
)

_RECORDS = (
    error(
        "person_not_found",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有这个人", en="Person not found"),
        explanation=Text(zh="没有这个编号或邮箱的人。", en="Nobody has this id or address."),
        change=Text(
            zh="请用 counterfoil people list 查看有哪些人。",
            en="See who there is with counterfoil people list.",
        ),
    ),
    error(
        "invitation_not_found",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="没有这个邀请", en="Invitation not found"),
        explanation=Text(zh="这个账户没有这个编号的邀请。", en="This account has no invitation of this id."),
        change=Text(zh="请在邀请列表里核对编号。", en="Check the id in the list of invitations."),
    ),
    error(
        "invitation_accepted",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="邀请已经接受", en="Invitation accepted already"),
        explanation=Text(
            zh="对方已经接受邀请，不能再撤回。",
            en="They have accepted it, so it can no longer be revoked.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="需要时请移除这个成员，或调整角色。", en="Remove the member or change the role, where that is wanted."
        ),
        back=RECORD_STANDS,
    ),
    error(
        "invitations_too_many",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="待接受的邀请太多", en="Too many open invitations"),
        explanation=Text(
            zh="还没有接受的邀请已经到了上限；没有发出新的邀请。",
            en="There are as many open invitations as there may be; no other one was made.",
        ),
        change=Text(zh="请先撤回不再需要的邀请。", en="Revoke those that are not needed any more."),
    ),
    error(
        "member_elsewhere",
        owner=Owner.CUSTOMER,
        label=Text(zh="已属于另一个账户", en="On another account"),
        explanation=Text(
            zh="一个人只属于一个账户，这个邮箱已经在另一个账户里；没有任何改动。",
            en="A person is on one account, and this address is on another one; nothing was changed.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="请用另一个邮箱接受邀请。", en="Be invited with another address."),
    ),
    error(
        "member_signs_in",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="邮箱用于登录，不能在这里更改", en="Address is for signing in"),
        explanation=Text(
            zh="这个成员用邮箱登录，邮箱只能由系统管理员更换；没有任何改动。",
            en="The member signs in with this address, which only an administrator can change; nothing was changed.",
        ),
        look=_LOOK_AT_PEOPLE,
        change=Text(
            zh="请系统管理员用 counterfoil people change-email 更换。",
            en="Ask an administrator, who changes it with counterfoil people change-email.",
        ),
    ),
    error(
        "last_owner_stays",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="账户至少要有一位所有者", en="The last owner stays"),
        explanation=Text(
            zh="这是账户唯一的所有者，所以角色没有改变。",
            en="They are the only owner of the account, so nothing was changed.",
        ),
        look=_LOOK_AT_PEOPLE,
        change=Text(zh="请先让另一位成员成为所有者。", en="Make another member an owner first."),
    ),
    error(
        "last_administrator_stays",
        owner=Owner.OPERATIONS,
        label=Text(zh="至少要有一位系统管理员", en="The last administrator stays"),
        explanation=Text(
            zh="这是唯一的系统管理员，所以没有任何改动。",
            en="They are the only administrator, so nothing was changed.",
        ),
        look=_LOOK_AT_PEOPLE,
        change=Text(zh="请先让另一个人成为系统管理员。", en="Make somebody else an administrator first."),
    ),
    error(
        "totp_exists",
        owner=Owner.CUSTOMER,
        label=Text(zh="已经启用两步验证", en="Second factor exists"),
        explanation=Text(
            zh="两步验证已经启用，照旧有效。",
            en="There is a second factor already, which goes on as it was.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="更换手机时，请先关闭，再重新启用。", en="For a new phone, remove it first and add it again."),
    ),
    error(
        "totp_not_started",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有两步验证可以确认或关闭", en="No second factor"),
        explanation=Text(
            zh="没有正在设置的两步验证，或没有启用；没有任何改动。",
            en="None is being set up, or none is in use; nothing was changed.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="请从头开始设置。", en="Begin to set it up again."),
    ),
    error(
        "token_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这个令牌", en="Token not found"),
        explanation=Text(
            zh="没有这个编号的令牌，或它属于别人。", en="There is no token of this id, or it is somebody else's."
        ),
        change=Text(zh="请在令牌列表里核对编号。", en="Check the id in the list of tokens."),
    ),
    error(
        "tokens_too_many",
        owner=Owner.CUSTOMER,
        label=Text(zh="令牌太多", en="Too many tokens"),
        explanation=Text(
            zh="有效的令牌已经到了上限；没有创建新的令牌。",
            en="There are as many tokens as there may be; no other one was made.",
        ),
        change=Text(zh="请先撤销不再使用的令牌。", en="Revoke those that are not used any more."),
    ),
)

ENTRIES = (*_SIGN_IN, *_PROVIDERS, *_LINKS, *_INPUT, *_RECORDS)
