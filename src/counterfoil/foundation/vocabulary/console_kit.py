"""Words of every page of the console: menu, top bar, tables, forms, and what pages say when something is wrong."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import button, part, problem, word

_MENU = (
    word("menu", "菜单", "Menu", "控制台的所有页面。", "Every page of the console."),
    word("menu_usage", "用量", "Usage", "请求、任务和余额。", "Requests, tasks and the balance."),
    word("menu_money", "资金", "Money", "账单、充值和价格。", "Statement, recharges and prices."),
    word("menu_team", "团队", "Team", "谁可以用，最多用多少。", "Who may spend, and how much."),
    word("menu_desk", "工作台", "Desk", "客服、运营和财务共用的页面。", "What support, operations and finance share."),
    word("menu_operations", "运营", "Operations", "订单、兑换码、价格和上游。", "Orders, codes, prices and upstreams."),
    word("menu_finance", "财务", "Finance", "对账、日结和账本。", "Reconciliation, day close and the ledger."),
    word("menu_administration", "管理", "Administration", "人员与审计记录。", "People and the audit trail."),
    word("of_account", "账户", "Account", "正在查看的账户。", "The account that is shown."),
    word("as_staff", "以员工身份查看", "viewed as staff", "你查看了客户的账户，这会留下审计记录。", "You are looking at a customer's account; the audit trail records it."),
    word("go_to", "搜索或前往…", "Search or go to…", "编号、报错内容或页面名称。", "An id, an error text or the name of a page."),
    word("theme_system", "跟随系统", "System", "与设备的明暗一致。", "Light or dark, as the device is."),
    word("theme_light", "浅色", "Light", "总是浅色。", "Always light."),
    word("theme_dark", "深色", "Dark", "总是深色。", "Always dark."),
    word("times_in", "时间按{zone}显示", "Times in {zone}", "可在个人资料里更改时区。", "The time zone can be changed in your profile."),
)  # fmt: skip

_TABLES = (
    word("all", "全部", "All", "不筛选。", "No filter."),
    word("optional", "选填", "optional", "可以不填。", "May be left empty."),
    word("expected_form", "应为", "Expected", "这个字段应该怎样填写。", "How the field is filled in."),
    word("chosen", "选择", "Chosen", "对选中的行一起操作。", "What is done is done to the chosen rows."),
    word("choose_row", "选择第 {row} 行", "Choose row {row}", "选中后可以一起操作。", "Chosen rows can be acted on together."),
    word("actions", "操作", "Actions", "可以对这一行做什么。", "What can be done with this row."),
    word("highest", "最高", "Highest", "图中最高的一格。", "The highest bar of the chart."),
    button("copy", "复制", "Copy", "把完整内容复制到剪贴板。", "Puts the whole text on the clipboard."),
    button("next_page", "下一页", "Next page", "继续往下看。", "Goes on with the list."),
    button("as_table", "以表格查看", "Show as a table", "展开图表对应的数字。", "Unfolds the chart's numbers."),
    button("filter", "筛选", "Filter", "只显示符合条件的行。", "Shows only what matches."),
    button("to_start", "回到首页", "Back to the start", "回到控制台的首页。", "Goes to the console's first page."),
    button("print", "打印或存为 PDF", "Print or save as PDF", "打开浏览器的打印窗口。", "Opens the browser's print dialog."),
    part("table_empty", "没有记录", "Nothing here", "换一个筛选条件或时间范围试试。", "Try another filter or period."),
    part("chart_empty", "这段时间没有数据", "No data for this period", "换一个时间范围试试。", "Try another period."),
)  # fmt: skip

_PROBLEMS = (
    part("console_problem", "没有完成", "That did not work", "页面上写着原因和下一步。", "The page says why, and what to do next."),
    problem(
        "page_not_found", "没有这个页面", "No such page",
        "这个地址没有页面，或者它属于别的账户；没有任何改动。", "There is no page at this address, or it belongs to another account; nothing was changed.",
        "请核对地址，或从首页开始。", "Check the address, or begin at the start page.",
    ),
    problem(
        "form_from_elsewhere", "表单不是从本站发出的", "The form came from elsewhere",
        "为了保护你的账户，只接受本站页面发出的表单；没有任何改动。", "To protect your account, only forms of our own pages are taken; nothing was changed.",
        "请在本站打开页面再提交一次。", "Open the page here, and send the form again.",
    ),
    problem(
        "form_out_of_date", "页面已经过期", "The page is out of date",
        "提交的表单不属于现在的登录，通常是因为期间重新登录过；没有任何改动。",
        "The form does not belong to the present sign-in, most often because you have signed in again since; nothing was changed.",
        "请刷新页面，再提交一次。", "Load the page again, and send the form once more.",
    ),
)  # fmt: skip

# The pages of the menu: each says in one sentence what it is for.
_PAGES = (
    part("page_overview", "概览", "Overview", "余额、限额，以及本月的钱用在了哪里。", "The balance, the limits, and where this month's money went."),
    part("page_requests", "请求", "Requests", "每一次调用：结果、扣费和原因。", "Every call: how it ended, what it cost, and why."),
    part("page_tasks", "任务", "Tasks", "图片、视频和音频任务，从提交到结束。", "Image, video and audio tasks, from sending to the end."),
    part("page_submissions", "提交", "Submissions", "同一件事发了几次，各自的结果和费用。", "What was sent more than once, and what each copy came to."),
    part("page_why", "为什么？", "Why?", "粘贴请求编号、时间或报错内容，得到一个答案。", "Paste a request id, a time or an error text, and get one answer."),
    part("page_statement", "账单", "Statement", "像银行流水一样，每一笔进出和当时的余额。", "Every movement and the balance after it, as a bank states it."),
    part("page_recharge", "充值", "Recharge", "充值、兑换，以及付款走到了哪一步。", "Recharge, redeem, and see where a payment is."),
    part("page_prices", "价格", "Prices", "每个模型的价格，已按你的分组倍率计算。", "What each model costs, at your group's price tier."),
    part("page_spend", "支出", "Spending", "按分组、成员、Key 和模型看钱花在哪里。", "Where the money goes, by group, member, key and model."),
    part("page_keys", "Key", "Keys", "建立、限制、更换和停用 API Key。", "Create, limit, rotate and disable API keys."),
    part("page_groups", "分组", "Groups", "团队或项目，各有额度和可用模型。", "Teams or projects, each with its quota and its models."),
    part("page_members", "成员", "Members", "账户里的人和他们的角色。", "The people on the account, and their roles."),
    part("page_asks", "提额申请", "Requests for more", "有人碰到限额时向你提出的申请。", "What people have asked for when they met a limit."),
    part("page_alerts", "提醒", "Alerts", "什么时候告诉谁，通过哪个渠道。", "Who is told of what, and by which channel."),
    part("page_staff_home", "工作台首页", "Staff home", "从你的工作开始。", "Begin with what you are here for."),
    part("page_search", "查找", "Search", "请求、任务、订单、兑换码或 Key 的尾号、邮箱，或粘贴的文字。", "A request, a task, an order, a masked code or key, an e-mail address, or pasted text."),
    part("page_accounts", "客户账户", "Accounts", "所有付款的客户。", "All customers who pay."),
    part("page_approvals", "审批", "Approvals", "有人提出、等另一个人决定的事。", "What one person has proposed and another decides."),
    part("page_orders", "订单", "Orders", "所有充值订单，以及需要有人看的。", "All recharge orders, and those that somebody must look at."),
    part("page_notices", "支付通知", "Notices", "支付渠道发来的每一条通知，以及处理结果。", "Every notice of a payment provider, and what came of it."),
    part("page_codes", "兑换码", "Redemption codes", "批次、兑换码和每一次尝试。", "Batches, codes, and every try to redeem one."),
    part("page_refunds", "退款", "Refunds", "已退、在途和等待决定的退款。", "Refunds that are done, under way, or waiting for a decision."),
    part("page_disputes", "争议", "Disputes", "付款人向银行或支付渠道提出的争议。", "What payers dispute at their bank or provider."),
    part("page_price_books", "价目表", "Price books", "客户付的价格和上游的成本，按生效时间。", "What customers pay and what upstreams cost, by date."),
    part("page_upstreams", "上游", "Upstreams", "各个模型服务的状况、成本和毛利。", "Each model service's health, cost and margin."),
    part("page_reconcile", "对账", "Reconciliation", "每一天的核对：一致的、有出入的、还没核对的。", "Every day's matching: what agrees, what differs, what is still open."),
    part("page_breaks", "差异", "Breaks", "每一条没有对上的记录，以及谁在处理。", "Every line that does not match, and who deals with it."),
    part("page_sources", "账单来源", "Statement sources", "哪些渠道和上游会送来账单。", "Which channels and upstreams send statements."),
    part("page_day_close", "日结", "Day close", "核对一天并结清。", "Match a day and close it."),
    part("page_ledger", "账本", "Ledger", "账本怎样自证：最近一次核对和检查点。", "How the ledger proves itself: the last check and the checkpoints."),
    part("page_people", "人员", "People", "谁能登录，能做什么。", "Who may sign in, and what they may do."),
    part("page_audit", "审计记录", "Audit trail", "谁在什么时候看了或动了谁的账户，为什么。", "Who saw or changed whose account, when, and why."),
    part("page_profile", "个人资料", "Profile", "语言、时区、密码、两步验证和登录记录。", "Language, time zone, password, second factor and sessions."),
    part("page_sign_in", "登录", "Sign in", "用邮箱和密码登录控制台。", "Sign in to the console with your e-mail address and password."),
)  # fmt: skip

_ENTRANCE = (
    button("sign_in", "登录", "Sign in", "在这个浏览器里登录。", "Signs you in at this browser."),
    button("sign_out", "退出登录", "Sign out", "结束这个浏览器里的登录。", "Ends the session at this browser."),
)  # fmt: skip

ENTRIES = _MENU + _TABLES + _PROBLEMS + _PAGES + _ENTRANCE
