"""Names of numbers, columns, rows and steps, on pages and in the terminal. The explanation is the hint."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="把它与同一页上的其他数字一起看。",
        en="Read it together with the other numbers beside it.",
    ),
    what_to_change=Text(
        zh="数字与记录不符时，请带时间联系客服。",
        en="If it differs from your records, contact support with the time.",
    ),
    how_to_go_back=Text(
        zh="显示数字不会改变任何记录。",
        en="Showing a number changes no record.",
    ),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str, owner: Owner = Owner.CUSTOMER) -> Entry:
    return Entry(
        kind=Kind.WORD,
        code=code,
        owner=owner,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=_NEXT_STEP,
    )


_CHECK_WORDS = (
    _word(
        "input_label", zh="请求编号或错误信息", en="Request id or error text",
        hint_zh="例如 req_ 开头的编号，或整段错误信息。", hint_en="Such as an id that begins with req_, or the whole error.",
    ),
    _word("code", zh="错误代码", en="Code", hint_zh="错误信息里的 code。", hint_en="The code in the error."),
    _word("scope", zh="检查项", en="Check", hint_zh="检查的是哪一处。", hint_en="What was looked at."),
    _word("amount", zh="限额", en="Limit", hint_zh="最多允许多少。", hint_en="How much is allowed at most."),
    _word("used", zh="已用", en="Used", hint_zh="这个周期里已经扣掉的。", hint_en="What this period has charged so far."),
    _word("held", zh="预留", en="Reserved", hint_zh="为进行中的请求留出的。", hint_en="Set aside for requests in progress."),
    _word("remaining", zh="剩余", en="Left", hint_zh="当时还能用的。", hint_en="What could still be used at that moment."),
    _word("needed", zh="需要", en="Needed", hint_zh="这次请求最多要用的。", hint_en="The most this request may take."),
    _word("resets_at", zh="重置时间", en="Resets at", hint_zh="到这时重新计算。", hint_en="When counting starts afresh."),
    _word("verdict", zh="结论", en="Verdict", hint_zh="这一项是否通过。", hint_en="Whether this check passed."),
    _word("passed", zh="通过", en="passed", hint_zh="这一项没有妨碍请求。", hint_en="This one did not stand in the way."),
    _word("not_passed", zh="未通过", en="did not pass", hint_zh="这一项拦下了请求。", hint_en="This one stopped the request."),
    _word("never", zh="不重置", en="never", hint_zh="总计限额不会重置。", hint_en="A total limit does not reset."),
    _word("hidden", zh="不显示", en="not shown", hint_zh="这里不能看到的数字。", hint_en="A number that is not for this reader."),
    _word("none", zh="无", en="none", hint_zh="这里没有内容。", hint_en="There is nothing here."),
    _word("yes", zh="是", en="yes", hint_zh="成立。", hint_en="It is so."),
    _word("no", zh="否", en="no", hint_zh="不成立。", hint_en="It is not so."),
    _word("where_to_look", zh="看哪里", en="Where to look", hint_zh="能看到事实的地方。", hint_en="Where the facts can be seen."),
    _word("what_to_change", zh="改什么", en="What to change", hint_zh="能解决问题的改动。", hint_en="What would solve it."),
    _word("how_to_go_back", zh="怎样恢复", en="How to go back", hint_zh="怎样回到改动之前。", hint_en="How to be where you were before."),
    _word("who_can_act", zh="由谁处理", en="Who can act", hint_zh="有权处理的人。", hint_en="Who is in a position to do it."),
    _word("article", zh="说明", en="Explanation", hint_zh="详细说明的页面。", hint_en="The page that says more."),
    _word("time", zh="时间", en="Time", hint_zh="作出决定的时间（UTC）。", hint_en="When it was decided (UTC)."),
    _word("state", zh="状态", en="State", hint_zh="现在处于哪一步。", hint_en="How far it has come."),
    _word("nothing_charged", zh="本次没有扣费", en="Nothing was charged", hint_zh="余额没有变化。", hint_en="The balance has not changed."),
)  # fmt: skip

_SUMMARY_WORDS = (
    _word("requests", zh="请求", en="Requests", hint_zh="收到的全部请求。", hint_en="All calls that came in."),
    _word("served", zh="已完成", en="Served", hint_zh="得到回答的请求。", hint_en="Calls that got an answer."),
    _word("failed", zh="失败", en="Failed", hint_zh="没有得到回答，也没有扣费。", hint_en="Calls without an answer, and without a charge."),
    _word("refused", zh="已拒绝", en="Refused", hint_zh="开始之前被拒绝的请求。", hint_en="Calls that were refused before they started."),
    _word(
        "refused_by_code", zh="拒绝原因", en="Refused, by code",
        hint_zh="每个错误代码各有多少。", hint_en="How many there were of each code.",
    ),
    _word("in_flight", zh="进行中", en="In progress", hint_zh="正在等待回答的请求。", hint_en="Calls waiting for their answer."),
    _word("charged", zh="已扣费", en="Charged", hint_zh="所有请求的扣费合计。", hint_en="What all calls cost together."),
    _word("reserved", zh="已预留", en="Reserved now", hint_zh="为进行中的请求留出的金额合计。", hint_en="Set aside at present, all told."),
    _word(
        "open_holds", zh="未结束的预留", en="Open reservations",
        hint_zh="全部结束时应为零。", hint_en="Zero when everything has ended.",
    ),
    _word(
        "upstream_billed", zh="模型服务的账单", en="The model service's bill", owner=Owner.FINANCE,
        hint_zh="模型服务说我们用了多少钱。", hint_en="What the model service says was used.",
    ),
    _word(
        "our_cost", zh="我们记录的成本", en="Our record of that cost", owner=Owner.FINANCE,
        hint_zh="按记录的用量和上游价格算出，应与账单一致。", hint_en="From recorded usage at upstream prices; it should equal the bill.",
    ),
    _word(
        "difference", zh="差额", en="Difference", owner=Owner.FINANCE,
        hint_zh="不为零时，要能说出每一笔的原因。", hint_en="If it is not zero, every part of it has a reason.",
    ),
    _word(
        "negative_wallets", zh="负余额的账户", en="Negative wallets", owner=Owner.FINANCE,
        hint_zh="永远应为零。", hint_en="Always zero.",
    ),
    _word(
        "ledger_verified", zh="账本核对通过", en="Ledger verified", owner=Owner.OPERATIONS,
        hint_zh="从每一笔变动重新算出余额，并核对哈希链。", hint_en="Balances recomputed from every movement, and the hash chain checked.",
    ),
    _word("accounts", zh="账户", en="Accounts", hint_zh="付款的客户。", hint_en="The customers who pay."),
    _word("balance", zh="账户余额", en="Balance", hint_zh="预付、还没有用掉的金额。", hint_en="What was prepaid and not used."),
    _word("available", zh="可用余额", en="Available", hint_zh="余额减去预留和不能使用的部分。", hint_en="The balance without what is reserved or cannot be used."),
)  # fmt: skip

_DEMO_WORDS = (
    _word("step_database", zh="启动数据库", en="Starting the database", hint_zh="内置的 PostgreSQL，不需要安装。", hint_en="An embedded PostgreSQL; nothing to install."),
    _word("step_upstreams", zh="启动沙箱模型服务", en="Starting the sandbox upstreams", hint_zh="两个会出故障，用来演示切换。", hint_en="Two of them fail, to show failover."),
    _word("step_accounts", zh="建立账户、分组、Key 和限额", en="Setting up accounts, groups, keys and limits", hint_zh="三个客户，各有自己的限额。", hint_en="Three customers, each with limits of their own."),
    _word("step_credit", zh="为账户入账", en="Crediting the accounts", hint_zh="演示金额。", hint_en="Demo money."),
    _word("step_serve", zh="开始服务", en="Serving", hint_zh="从现在起可以调用。", hint_en="Calls are answered from now on."),
    _word("step_refusals", zh="演示每一种拒绝", en="Staging one refusal of each kind", hint_zh="每个错误代码至少一次。", hint_en="At least one of every code."),
    _word("step_replay", zh="重放真实流量（{done} / {total}）", en="Replaying real traffic ({done} of {total})", hint_zh="公开的生产流量记录。", hint_en="A public trace of production traffic."),
    _word("step_settle", zh="等待进行中的请求结束", en="Waiting for calls in progress", hint_zh="之后所有预留都应结束。", hint_en="After this no reservation is open."),
    _word("step_verify", zh="核对账本", en="Verifying the ledger", hint_zh="检查每一条规则和哈希链。", hint_en="Every rule and the hash chain."),
    _word("demo_address", zh="打开网页：{address}", en="Open {address}", hint_zh="演示的首页。", hint_en="The demo's home page."),
    _word("demo_served_call", zh="这个调用会成功：", en="This call is served:", hint_zh="复制到另一个终端。", hint_en="Copy it into another terminal."),
    _word("demo_refused_call", zh="这个调用会得到 402：", en="This call gets a 402:", hint_zh="看看错误里的说明和链接。", hint_en="Look at the words and the link in the error."),
    _word("demo_money", zh="演示金额，数据不离开这台机器", en="demo money, nothing leaves this machine", hint_zh="沙箱只在本机监听。", hint_en="The sandbox listens on this machine alone."),
    _word("demo_own", zh="换成自己的服务：", en="To make it your own:", hint_zh="四步得到自己的第一个成功调用。", hint_en="Four steps to your own first success."),
    _word("demo_own_upstream", zh="接上自己的模型服务", en="connect your own upstream", hint_zh="填写地址和密钥。", hint_en="Its address and its secret."),
    _word("demo_own_price", zh="确认价格", en="check the prices", hint_zh="没有价格的模型不提供服务。", hint_en="A model without a price is not served."),
    _word("demo_own_key", zh="建立账户和 Key，并入账", en="make an account and a key, and credit it", hint_zh="Key 只显示一次。", hint_en="A key is shown once."),
    _word("demo_own_call", zh="发出第一个请求", en="send your first request", hint_zh="得到 200 就成功了。", hint_en="A 200 and you are done."),
    _word("demo_stop", zh="按 Ctrl+C 停止", en="Press Ctrl+C to stop", hint_zh="数据保留，可以再次启动。", hint_en="The data is kept; it can be started again."),
)  # fmt: skip

ENTRIES = _CHECK_WORDS + _SUMMARY_WORDS + _DEMO_WORDS
