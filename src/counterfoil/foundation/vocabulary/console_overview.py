"""Words of the console's overview and of signing in."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import part, word

ENTRIES = (
    part("overview_month", "本月的钱去了哪里", "Where this month's money went", "从月初的余额到现在，每一类变动各是多少。", "From the balance at the month's start to now, and what each kind of movement came to."),
    part("overview_days", "最近三十天的支出", "Spending in the last thirty days", "每天扣掉的金额，已减去退回的。", "What each day was charged, less what was returned."),
    part("overview_limits", "限额", "Limits", "已用、预留和剩余，以及什么时候重新计算。", "What is used, reserved and left, and when counting begins anew."),
    part("no_limits", "没有限额", "No limits", "只受余额约束；可以为账户、分组或 Key 设置限额。", "Only the balance limits spending; limits can be set for the account, a group or a key."),
    part("demo_people", "以演示身份登录", "Sign in to the demo", "点一下就能以不同的角色查看演示。", "One click shows the demo as each of its people sees it."),
    word("lasts", "大约还能用", "Lasts about", "按最近七个整天的平均支出估算。", "Judged by what the last seven full days cost on average."),
    word("about_days", "{count} 天", "{count} days", "照最近的用法。", "At the present pace."),
    word("at_a_day", "平均每天 {amount}", "at {amount} a day", "最近七天没有支出，无法估算。", "Nothing was spent in the last seven days, so there is nothing to judge by."),
    word("credit_ends_soon", "{amount} 将在 {when} 到期", "{amount} ends at {when}", "到期后这部分余额不能再用；会先用掉快到期的。", "After that it can no longer be spent; what ends first is spent first."),
    word("used_of", "已用 {used} / {amount}", "{used} of {amount} used", "用完后请求会被拒绝，直到重新计算或提高限额。", "When it is used up, calls are refused until counting begins anew or the limit is raised."),
    word("left_of_limit", "剩余 {remaining}", "{remaining} left", "还能用的部分，已减去预留。", "What can still be used, without what is reserved."),
    word("resets_on", "{when} 重新计算", "counts anew at {when}", "从这时起重新计算用量。", "From then on usage is counted from zero."),
    word("day", "日期", "Day", "按 UTC 划分的一天。", "A day in UTC."),
    word("charged_net", "扣费", "Charged", "已减去退回的金额。", "Less what was returned."),
    word("movement", "变动", "Movement", "钱因为什么进出。", "Why money came or went."),
    word("movement_amount", "金额", "Amount", "进为正，出为负。", "What came in is positive, what went out is negative."),
    word("sign_in_email", "邮箱", "E-mail address", "登录用的邮箱。", "The address that you sign in with."),
    word("sign_in_password", "密码", "Password", "登录用的密码。", "The password that you sign in with."),
    word("sign_in_totp", "验证码", "One-time code", "身份验证器里的六位数字，或一个恢复码。", "Six digits from your authenticator, or a recovery code."),
)  # fmt: skip
