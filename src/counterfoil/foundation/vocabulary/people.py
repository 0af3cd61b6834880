"""People: what they are on an account, what they do for the operator, what each may do, and what is on record of it."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import RECORD_STANDS
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_CHANGE_BACK = Text(zh="随时可以改回原来的角色。", en="The earlier role can be given again at any time.")
_ROLE_STEP = NextStep(
    where_to_look=Text(zh="在成员列表里看每个人的角色。", en="The list of members shows everybody's role."),
    what_to_change=Text(
        zh="由所有者或管理员调整；所有者只能由所有者调整。",
        en="Owners and admins can change it; who owns the account is for its owners to change.",
    ),
    how_to_go_back=_CHANGE_BACK,
)
_STAFF_STEP = NextStep(
    where_to_look=Text(zh="在人员列表里看每个人的角色。", en="The list of people shows everybody's staff roles."),
    what_to_change=Text(
        zh="由系统管理员调整，一个人可以有几个角色。",
        en="An administrator can change it; one person may have several.",
    ),
    how_to_go_back=_CHANGE_BACK,
)
_PERMISSION_STEP = NextStep(
    where_to_look=Text(zh="看自己的角色，以及令牌的范围。", en="See your own roles, and the scopes of the token."),
    what_to_change=Text(
        zh="请能调整角色的人来改；令牌请另建一个。",
        en="Ask whoever can change roles; for a token, make another one.",
    ),
    how_to_go_back=Text(zh="权限随角色改变，立即生效。", en="Permissions follow roles, at once."),
)
_PERSON_STEP = NextStep(
    where_to_look=Text(zh="在人员列表里看这个人的状态。", en="The list of people shows somebody's state."),
    what_to_change=Text(zh="由系统管理员停用或恢复。", en="An administrator can disable or enable somebody."),
    how_to_go_back=Text(
        zh="恢复之后要重新登录，记录一直都在。",
        en="Once enabled again, they sign in anew; what is on record of them stays.",
    ),
)
_AUDIT_STEP = NextStep(
    where_to_look=Text(
        zh="看审计记录里的时间、人和所涉的账户。",
        en="The audit trail shows when it was, who it was, and which account it was about.",
    ),
    what_to_change=Text(
        zh="如果不是本人所为，请立即更改密码并告知系统管理员。",
        en="If it was not them, change the password at once and tell an administrator.",
    ),
    how_to_go_back=RECORD_STANDS,
)


def _role(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.ROLE, code=code, owner=Owner.TEAM_ADMIN, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_ROLE_STEP,
    )  # fmt: skip


def _staff(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.STAFF_ROLE, code=code, owner=Owner.OPERATIONS, public=False, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_STAFF_STEP,
    )  # fmt: skip


def _own(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.PERMISSION, code=code, owner=Owner.TEAM_ADMIN, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_PERMISSION_STEP,
    )  # fmt: skip


def _every(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.PERMISSION, code=code, owner=Owner.OPERATIONS, public=False, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_PERMISSION_STEP,
    )  # fmt: skip


def _person(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.PERSON_STATE, code=code, owner=Owner.OPERATIONS, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_PERSON_STEP,
    )  # fmt: skip


def _invitation(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.INVITATION_STATE, code=code, owner=Owner.TEAM_ADMIN, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=NextStep(
            where_to_look=Text(zh="在邀请列表里看它的状态和期限。", en="The list of invitations shows its state and until when it counts."),
            what_to_change=Text(zh="需要时撤回，或再发一次邀请。", en="Revoke it or invite again where that is needed."),
            how_to_go_back=Text(zh="撤回的邀请不能恢复，可以重新邀请。", en="A revoked one stays revoked; make another."),
        ),
    )  # fmt: skip


def _event(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.AUDIT_EVENT, code=code, owner=Owner.OPERATIONS, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_AUDIT_STEP,
    )  # fmt: skip


_ROLES = (
    _role("owner", zh="所有者", en="Owner", hint_zh="可以做账户里的一切，包括决定谁是所有者。", hint_en="May do everything on the account, and says who owns it."),
    _role("admin", zh="管理员", en="Admin", hint_zh="管理成员、分组、Key、限额、提醒和充值。", hint_en="Looks after members, groups, keys, limits, alerts and recharges."),
    _role("developer", zh="开发者", en="Developer", hint_zh="查看用量和请求，创建和更换 Key；看不到账目。", hint_en="Sees usage and requests, makes and rotates keys; does not see the books."),
    _role("billing_viewer", zh="账单查看者", en="Billing viewer", hint_zh="查看用量和账目，可以充值和开票；不管 Key 和成员。", hint_en="Sees usage and the books, recharges and asks for invoices; has no part in keys and members."),
)  # fmt: skip

_STAFF_ROLES = (
    _staff("support", zh="客服", en="Support", hint_zh="查找记录，解释原因，提出补偿或退款；不能批准。", hint_en="Finds records, explains what happened, proposes a refund or compensation, and approves none."),
    _staff("engineering", zh="工程", en="Engineering", hint_zh="查看转来的问题、上游和账本；不改任何金额。", hint_en="Reads cases handed over, upstreams and the ledger; changes no money."),
    _staff("operations", zh="运营", en="Operations", hint_zh="管理账户、订单、兑换码、价格、上游和通知。", hint_en="Looks after accounts, orders, codes, prices, upstreams and notifications."),
    _staff("finance", zh="财务", en="Finance", hint_zh="对账、批准，核对订单和账本。", hint_en="Reconciles, approves, and checks orders and the ledger."),
    _staff("editor", zh="编辑", en="Editor", hint_zh="撰写和修订帮助文章；看不到客户资料。", hint_en="Writes and revises articles; sees nothing of customers."),
    _staff("administrator", zh="系统管理员", en="Administrator", hint_zh="可以做一切，并决定谁有哪个角色。", hint_en="May do everything, and says who has which role."),
)  # fmt: skip

_OWN_PERMISSIONS = (
    _own("usage_read", zh="查看用量", en="See usage", hint_zh="余额、限额、请求、任务、提交、价格和原因解释。", hint_en="Balance, limits, requests, tasks, submissions, prices and explanations."),
    _own("money_read", zh="查看账目", en="See the books", hint_zh="账户变动、订单、收据和每个人的花费。", hint_en="Movements, orders, receipts, and what everybody has spent."),
    _own("recharge", zh="充值", en="Recharge", hint_zh="下单、付款、取消订单，使用兑换码，申请发票。", hint_en="Make, pay and cancel orders, redeem codes, ask for invoices."),
    _own("keys_write", zh="管理 Key", en="Manage keys", hint_zh="创建、更换和停用 Key。", hint_en="Make, rotate and disable keys."),
    _own("limits_write", zh="管理限额", en="Manage limits", hint_zh="分组、限额、重复提交的处理，以及提高额度的请求。", hint_en="Groups, limits, what becomes of duplicates, and answers to those who ask for more."),
    _own("members_read", zh="查看成员", en="See members", hint_zh="账户里有谁，各是什么角色。", hint_en="Who is on the account, and as what."),
    _own("members_write", zh="管理成员", en="Manage members", hint_zh="邀请、调整角色和移除成员。", hint_en="Invite members, change their roles, remove them."),
    _own("alerts_write", zh="管理提醒", en="Manage alerts", hint_zh="什么时候提醒，提醒到哪里。", hint_en="When somebody is told, and where."),
    _own("account_write", zh="管理账户", en="Manage the account", hint_zh="账户的名称和时区，以及谁是所有者。", hint_en="The account's name and time zone, and who owns it."),
)  # fmt: skip

_STAFF_PERMISSIONS = (
    _every("accounts_read", zh="查看所有账户", en="See every account", hint_zh="查看会留下审计记录。", hint_en="Looking leaves a record in the audit trail."),
    _every("accounts_write", zh="管理所有账户", en="Manage every account", hint_zh="开户、暂停、成员、分组、Key 和限额。", hint_en="Open and suspend accounts; their members, groups, keys and limits."),
    _every("orders_read", zh="查看所有订单", en="See every order", hint_zh="订单、通知、退款和争议。", hint_en="Orders, notices, refunds and disputes."),
    _every("orders_write", zh="处理订单", en="Work on orders", hint_zh="核实付款，处理退款和发票，管理支付渠道。", hint_en="Confirm payments, work on refunds and invoices, look after payment providers."),
    _every("codes_read", zh="查看兑换码", en="See redemption codes", hint_zh="只看到掩码，以及谁在什么时候用过。", hint_en="By their masks, with who used them and when."),
    _every("codes_write", zh="发放兑换码", en="Issue redemption codes", hint_zh="生成批次，作废没有用过的兑换码。", hint_en="Make batches, and void codes that nobody has used."),
    _every("propose", zh="提出资金操作", en="Propose", hint_zh="提出退款、补偿和更正，等待批准。", hint_en="Propose refunds, compensation and corrections, which somebody then approves."),
    _every("approve", zh="批准资金操作", en="Approve", hint_zh="批准或驳回别人提出的资金操作。", hint_en="Approve or reject what somebody else has proposed about money."),
    _every("prices_read", zh="查看价格表", en="See price books", hint_zh="客户价格和上游成本。", hint_en="What customers pay, and what upstreams cost."),
    _every("prices_write", zh="修改价格表", en="Change price books", hint_zh="导入和修改价格，从指定的时间起生效。", hint_en="Import and change prices, from a given time on."),
    _every("upstreams_read", zh="查看上游", en="See upstreams", hint_zh="上游的状态、成本和账单。", hint_en="Their health, cost and bills."),
    _every("upstreams_write", zh="管理上游", en="Manage upstreams", hint_zh="添加、修改和停用上游。", hint_en="Add, change and disable upstreams."),
    _every("reconcile_read", zh="查看对账", en="See reconciliation", hint_zh="对账的结果、来源和差异。", hint_en="Runs, sources and breaks."),
    _every("reconcile_write", zh="处理对账", en="Reconcile", hint_zh="导入对账单，运行对账，处理差异。", hint_en="Import statements, run a day, settle breaks."),
    _every("ledger_read", zh="查看账本", en="See the ledger", hint_zh="账本的总数、检查点和校验结果。", hint_en="The ledger's sums, checkpoints and proofs."),
    _every("ledger_write", zh="操作账本", en="Work on the ledger", hint_zh="入账、预留和签名检查点。", hint_en="Credit, hold, and sign checkpoints."),
    _every("evidence", zh="出具证据", en="Issue evidence", hint_zh="解释原因，出具证据包，核对是否同一账户。", hint_en="Explain, issue bundles, tell whether things are of one account."),
    _every("notifications_write", zh="管理通知", en="Manage notifications", hint_zh="运营方的通知渠道和投递记录。", hint_en="The operator's channels, and what was delivered."),
    _every("people_write", zh="管理人员", en="Manage people", hint_zh="角色、登录、会话和停用。", hint_en="Staff roles, sign-in, sessions, and who is disabled."),
    _every("audit_read", zh="查看审计记录", en="See the audit trail", hint_zh="谁看过或做过什么，为什么。", hint_en="Who saw or did what, and why."),
    _every("cases", zh="处理工单", en="Work on cases", hint_zh="受理、转交和答复客户的问题。", hint_en="Take, hand over and answer what customers ask."),
    _every("articles_write", zh="撰写文章", en="Write articles", hint_zh="撰写、修订和发布帮助文章。", hint_en="Write, revise and publish articles."),
)  # fmt: skip

_PERSON_STATES = (
    _person("active", zh="正常", en="Active", hint_zh="可以登录。", hint_en="May sign in."),
    _person("disabled", zh="已停用", en="Disabled", hint_zh="不能登录，所有会话已经结束，令牌不再有效。", hint_en="May not sign in; every session has ended, and tokens are not taken."),
)  # fmt: skip

_INVITATION_STATES = (
    _invitation("open", zh="待接受", en="Open", hint_zh="链接还有效，对方还没有接受。", hint_en="The link counts, and nobody has followed it."),
    _invitation("accepted", zh="已接受", en="Accepted", hint_zh="对方已经加入。", hint_en="They have joined."),
    _invitation("revoked", zh="已撤回", en="Revoked", hint_zh="链接已经作废。", hint_en="The link counts no more."),
    _invitation("expired", zh="已过期", en="Expired", hint_zh="七天内没有接受，链接已经失效。", hint_en="Nobody has followed it within seven days."),
)  # fmt: skip

_EVENTS = (
    _event("signed_in", zh="登录", en="Signed in", hint_zh="开始了一个新的会话。", hint_en="A new session has begun."),
    _event("signed_out", zh="退出", en="Signed out", hint_zh="一个会话由本人结束。", hint_en="A session was ended by its person."),
    _event("registered", zh="注册", en="Registered", hint_zh="邮箱已经验证，账户已经开立。", hint_en="The address is theirs, and an account is open."),
    _event("administrator_made", zh="设立首位系统管理员", en="First administrator made", hint_zh="使用了首次启动时的一次性链接。", hint_en="By the one-time link of the first start."),
    _event("invited", zh="发出邀请", en="Invited", hint_zh="邀请某人加入账户或团队。", hint_en="Somebody was invited to an account or to the staff."),
    _event("invitation_accepted", zh="接受邀请", en="Invitation accepted", hint_zh="受邀的人已经加入。", hint_en="Whoever was invited has joined."),
    _event("invitation_revoked", zh="撤回邀请", en="Invitation revoked", hint_zh="邀请的链接已经作废。", hint_en="An invitation's link counts no more."),
    _event("password_changed", zh="更改密码", en="Password changed", hint_zh="由本人更改，其他会话已经结束。", hint_en="By the person; their other sessions have ended."),
    _event("password_reset", zh="重设密码", en="Password reset", hint_zh="通过链接重设，所有会话已经结束。", hint_en="By a link; every session has ended."),
    _event("reset_link_made", zh="生成重设链接", en="Reset link made", hint_zh="由系统管理员生成，由本人使用。", hint_en="By an administrator, for the person to follow."),
    _event("second_factor_added", zh="启用两步验证", en="Second factor added", hint_zh="此后登录需要验证码。", hint_en="Signing in takes a code from then on."),
    _event("second_factor_removed", zh="关闭两步验证", en="Second factor removed", hint_zh="此后登录只需要密码。", hint_en="Signing in takes the password alone."),
    _event("recovery_code_used", zh="使用恢复码", en="Recovery code used", hint_zh="恢复码代替了验证码，用一次就作废。", hint_en="It stood in for a code, and counts no more."),
    _event("sign_in_linked", zh="关联登录方式", en="Sign-in linked", hint_zh="此后可以用这个登录服务登录。", hint_en="They can sign in by that provider from then on."),
    _event("role_changed", zh="调整账户角色", en="Role changed", hint_zh="成员在账户里的角色变了。", hint_en="What a member is on their account."),
    _event("staff_roles_changed", zh="调整团队角色", en="Staff roles changed", hint_zh="某人为运营方做什么变了。", hint_en="What somebody does for the operator."),
    _event("email_changed", zh="更换邮箱", en="E-mail changed", hint_zh="此后用新的邮箱登录。", hint_en="They sign in with the new address."),
    _event("person_disabled", zh="停用", en="Disabled", hint_zh="不能再登录，会话已经结束。", hint_en="They may not sign in, and their sessions have ended."),
    _event("person_enabled", zh="恢复", en="Enabled", hint_zh="可以重新登录。", hint_en="They may sign in again."),
    _event("sessions_ended", zh="结束会话", en="Sessions ended", hint_zh="要重新登录才能继续。", hint_en="Going on takes signing in again."),
    _event("token_made", zh="创建令牌", en="Token made", hint_zh="程序可以在令牌的范围内代为操作。", hint_en="A program may act for them, within its scopes."),
    _event("token_revoked", zh="撤销令牌", en="Token revoked", hint_zh="令牌立即失效。", hint_en="It is not taken any more."),
)  # fmt: skip

_LINK_STEP = NextStep(
    where_to_look=Text(zh="在启动服务的终端里。", en="In the terminal that has started the service."),
    what_to_change=Text(
        zh="在浏览器里打开，设置邮箱和密码。", en="Open it in a browser, and choose an address and a password."
    ),
    how_to_go_back=Text(
        zh="用过一次就失效；没有用过时，每次启动都会再显示。",
        en="It works once; until then, every start shows it again.",
    ),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.WORD, code=code, owner=Owner.OPERATIONS, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en), next_step=_LINK_STEP,
    )  # fmt: skip


_WORDS = (
    _word("administrator_link", zh="还没有系统管理员。打开这个一次性链接，成为第一位：{link}", en="There is no administrator yet. Become the first one with this link, which works once: {link}", hint_zh="不要转给别人。", hint_en="It is for nobody else."),
    _word("step_cases", zh="工单：已答复、等待回复和新来的", en="Cases: answered, waiting, and new ones", hint_zh="演示里的工单经过同样的入口和查找。", hint_en="Cases of a demo come in and are searched as all are."),
    _word("step_people", zh="人员：客户的各种角色和运营团队", en="People: every role on an account, and the staff", hint_zh="演示里的人没有密码。", hint_en="Nobody in a demo has a password."),
    _word("demo_console", zh="控制台", en="The console", hint_zh="在浏览器里查看和操作。", hint_en="To look and to work in a browser."),
    _word("demo_console_people", zh="{count} 个演示人物，点一下就能以其身份登录：", en="{count} people of the demo, each signed in with one click:", hint_zh="客户的四种角色和六种团队角色。", hint_en="Four roles of customers, and six of the staff."),
    _word("demo_administrator", zh="或用自己的邮箱和密码成为系统管理员，链接只能用一次：", en="Or become an administrator with a password of your own; the link works once:", hint_zh="和正式安装的第一次启动一样。", hint_en="As at the first start of an installation."),
)  # fmt: skip

ENTRIES = (
    *_WORDS,
    *_ROLES,
    *_STAFF_ROLES,
    *_OWN_PERMISSIONS,
    *_STAFF_PERMISSIONS,
    *_PERSON_STATES,
    *_INVITATION_STATES,
    *_EVENTS,
)
