"""Words of the staff's own pages: where they begin, search, and an account's timeline."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import button, part, word

_HOME = (
    word("home_orders", "需要处理的订单", "Orders that need somebody", "金额不符、重复付款、退款失败等，需要有人看。", "Such as a wrong amount, a second payment or a failed refund: somebody must look."),
    word("home_approvals", "等你审批", "Waiting for your decision", "别人提出、由你决定的资金操作。", "What others have proposed about money, and you may decide."),
    word("home_proposals", "你提出、等待审批的", "Your proposals that wait", "由另一个人决定。", "Somebody else decides them."),
    word("home_breaks", "未处理的差异", "Open breaks", "两边没有对上、还没有结论的。", "What does not match, and has no conclusion yet."),
    word("home_old_breaks", "超过七天的差异", "Breaks older than seven days", "越久越难查清。", "The older they get, the harder they are to clear up."),
    word("home_runs", "没有结论的核对", "Inconclusive runs", "最近七天里缺账单或失败的核对。", "Runs of the last seven days that lacked a statement, or failed."),
    word("home_deliveries", "没有送达的提醒", "Alerts that did not arrive", "最近一天里试过多次仍未送达。", "In the last day: tried several times, and given up."),
    word("home_out_of_money", "欠费的上游", "Upstreams out of money", "最近一小时因为我们的余额不足而拒绝请求。", "In the last hour they refused calls for lack of our money there."),
    word("home_upstreams_failing", "大半失败的上游", "Upstreams that mostly fail", "最近一小时的尝试有一半以上没有成功。", "More than half of the last hour's attempts did not succeed."),
    word("home_invitations", "未接受的员工邀请", "Staff invitations not followed", "已经发出，还没有人接受。", "They were sent, and nobody has followed them yet."),
    word("home_articles", "对外的说明", "What customers can read", "每一个错误代码和原因的公开说明。", "The public explanation of every error code and cause."),
    part("page_failed_deliveries", "没有送达的提醒", "Alerts that did not arrive", "试过多次仍未送达，不会再试；请对方检查渠道，或用别的方式告知。", "They were tried several times and are not tried again: have the channel checked, or tell people otherwise."),
    part("failed_deliveries", "没有送达", "Not delivered", "所有账户，最近的在最上面。", "Of all accounts, the latest on top."),
    part("failed_deliveries_none", "都送达了", "All have arrived", "没有放弃的提醒。", "None was given up."),
    word("failed_at", "放弃时间", "Given up", "最后一次尝试之后。", "After the last try."),
    word("failed_what", "内容", "What", "要告知的事。", "What somebody was to be told."),
    word("failed_account", "告知的账户", "Account", "点开是它的提醒设置。", "Leads to its alerts."),
    word("failed_channel", "渠道", "Channel", "发往哪里，只显示一部分。", "Where it was sent to, shown in part."),
    word("failed_tries", "次数", "Tries", "一共试了几次。", "How often it was tried."),
    word("failed_why", "原因", "Why", "最后一次得到的回应。", "What the last try was answered."),
)  # fmt: skip

_SEARCH = (
    word("search_text", "粘贴任何线索", "Paste whatever you have", "编号、尾号、邮箱、用户编号、昵称、付款单号，或整段文字。不会出现在地址和日志里。", "An id, a mask, an e-mail address, a user number, a nickname, a payment's number, or a whole message. It appears in no address and no log."),
    word("search_more", "另有 {count} 条线索", "{count} more clues", "只列出前几条。", "Only the first few are listed."),
    button("search", "查找", "Search", "列出线索指向的账户；不改变任何记录。", "Lists the accounts that the clues lead to; nothing is changed."),
    button("to_timeline", "查看时间线", "Open the timeline", "打开这个账户的时间线；查看会留下审计记录。", "Opens the account's timeline; looking leaves a record in the audit trail."),
    button("to_account", "账户概览", "Account overview", "打开这个账户的概览；查看会留下审计记录。", "Opens the account's overview; looking leaves a record in the audit trail."),
    part("search_accounts", "相关的账户", "Accounts that fit", "线索最多的排在前面。", "Those that most clues lead to come first."),
    part("search_nothing", "没有找到任何线索", "Nothing was found", "核对有没有漏字；编号要完整，尾号要带省略号，例如 sk-…3fA9。", "Check that nothing is cut off; ids must be whole, and masks need their dots, such as sk-…3fA9."),
    part("search_alone", "找到了，但不属于任何账户", "Found, and nobody's", "例如还没有人兑换的兑换码。", "Such as a code that nobody has redeemed."),
    part("search_missing", "认得出，但没有记录", "Recognised, and not on record", "可能打错了字，或属于别的服务。", "It may be mistyped, or another service's."),
    part("search_masked", "密钥已隐去", "A secret was masked", "按它查过了，页面和日志里都不保留。", "It was searched for, and is kept on no page and in no log."),
    part("search_what", "可以查什么", "What can be found", "请求、任务、提交、订单、兑换码、Key、邮箱、用户编号、昵称、付款渠道的单号，以及账户名称；一段文字里有几条线索就查几条。", "Requests, tasks, submissions, orders, codes, keys, e-mail addresses, user numbers, nicknames, providers' payment numbers and accounts' names; a text with several clues is searched for all of them."),
    word("clue_request", "请求", "Request", "请求编号，以 req_ 开头。", "Its id begins with req_."),
    word("clue_task", "任务", "Task", "任务编号，以 task_ 开头。", "Its id begins with task_."),
    word("clue_submission", "提交", "Submission", "提交编号，以 sub_ 开头。", "Its id begins with sub_."),
    word("clue_order", "订单", "Order", "订单编号，以 ord_ 开头。", "Its id begins with ord_."),
    word("clue_order_number", "订单号", "Order number", "付款渠道和付款人看到的订单号。", "As providers and payers see it."),
    word("clue_payment", "付款单号", "Payment number", "付款渠道自己的单号，只显示末尾。", "The provider's own, of which only the end is shown."),
    word("clue_code", "兑换码", "Redemption code", "完整的兑换码或它的编号。", "The whole code, or its id."),
    word("clue_code_mask", "兑换码尾号", "Masked code", "可能有几个兑换码尾号相同。", "Several codes may end alike."),
    word("clue_key", "Key 编号", "Key id", "以 key_ 开头。", "It begins with key_."),
    word("clue_key_mask", "Key 尾号", "Masked key", "可能有几个 Key 尾号相同。", "Several keys may end alike."),
    word("clue_token", "完整的 Key", "Whole key", "提醒对方更换：它已经被看到过。", "Ask its owner to rotate it: it has been seen."),
    word("clue_email", "邮箱", "E-mail address", "成员的登录邮箱。", "A member's address."),
    word("clue_user_number", "用户编号", "User number", "以 # 开头，或只有数字。", "It begins with #, or is digits alone."),
    word("clue_nickname", "昵称", "Nickname", "几个成员可能同名。", "Several members may share it."),
    word("clue_account", "账户编号", "Account id", "以 acct_ 开头。", "It begins with acct_."),
    word("clue_account_name", "账户名称", "Account name", "名称里含有这段文字。", "The name has this text in it."),
)  # fmt: skip

_TIMELINE = (
    part("page_timeline", "时间线", "Timeline", "这个账户发生过的一切，按时间排成一条；成功的请求按小时、扣费按天合计。", "Everything that happened to this account, in one order; served calls are added up by the hour and charges by the day."),
    part("timeline_rows", "发生了什么", "What happened", "最近的在最上面。", "The latest on top."),
    part("timeline_empty", "这段时间什么都没有发生", "Nothing happened in this time", "放宽时间范围，或多选几类。", "Widen the window, or choose more kinds."),
    part("timeline_elsewhere", "这个账户的其他页面", "Elsewhere on this account", "打开账户自己的页面。", "Opens the account's own pages."),
    word("timeline_at", "时间", "At", "以你的时区显示。", "In your time zone."),
    word("timeline_kind", "类别", "Kind", "不选就是全部。", "None chosen means all."),
    word("timeline_what", "发生了什么", "What happened", "按小时或按天合计的，写着一共多少次。", "What is added up says how many there were."),
    word("timeline_amount", "金额", "Amount", "扣费和支出为负。", "Charges and what went out are negative."),
    word("timeline_about", "对应的记录", "About", "点开可以看全部细节。", "Opens with all there is to know."),
    word("timeline_by", "谁", "By", "做这件事的人。", "Whoever did it."),
    word("timeline_days", "最近 {count} 天", "Last {count} days", "到现在为止。", "Until now."),
    word("timeline_day", "最近一天", "Last day", "最近二十四小时。", "The last twenty-four hours."),
    word("timeline_from", "从", "From", "这一刻起，含这一刻。", "From this moment on."),
    word("timeline_until", "到", "Until", "这一刻之前。", "Before this moment."),
)  # fmt: skip

ENTRIES = _HOME + _SEARCH + _TIMELINE
