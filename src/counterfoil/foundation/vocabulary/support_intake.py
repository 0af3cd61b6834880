"""Words of asking for help: what must not be sent and what to send instead, the pages, the templates, what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.foundation.vocabulary.console_entries import button, part, problem, word
from counterfoil.foundation.vocabulary.model import Entry, Owner, Text
from counterfoil.foundation.vocabulary.notifications import told

# What was refused, by its class; the hint is what to send instead.
_UNSAFE = (
    word("unsafe_api_key", "完整的 API Key", "a whole API key", "只填掩码，例如 sk-…3fA9；这个 Key 已经离开你的手，请尽快更换。", "Give its mask alone, such as sk-…3fA9; the key has left your hands, so rotate it soon."),
    word("unsafe_authorization", "认证信息", "an authorization", "删掉 Authorization 里的内容，只填 Key 掩码。", "Take out what Authorization carries and give the key's mask."),
    word("unsafe_cookie", "请求头或 Cookie", "headers or cookies", "只需要请求编号和状态码，不需要请求头。", "The request id and the status are enough; no headers are needed."),
    word("unsafe_password", "密码或验证码", "a password or a one-time code", "客服从不需要密码和验证码；请删除，并考虑更改密码。", "Support never needs one; take it out, and think of changing it."),
    word("unsafe_card", "银行卡号或安全码", "a card number or its check code", "只写付款方式，例如「银行卡」，不写卡号。", "Say how you paid, such as by card, without the number."),
    word("unsafe_bank", "银行账户信息", "bank details", "只写付款方式和金额，不写银行信息。", "Say how and how much you paid, without bank details."),
    word("unsafe_id", "证件号码", "an identity number", "处理问题不需要证件；请删除。", "No case needs one; take it out."),
    word("unsafe_phone", "电话号码", "a phone number", "请改填账户邮箱、昵称或用户编号。", "Give the account's e-mail, nickname or user number instead."),
    word("unsafe_order_number", "完整的订单号", "a whole order number", "最后四位就够了，用掩码代替它。", "The last four are enough; a mask takes its place."),
    word("unsafe_payment_link", "付款链接或付款码", "a payment link or payment code", "有链接的人就能付款或收款；只填订单号最后四位。", "Whoever has the link can pay or be paid; give the order's last four."),
    word("unsafe_code", "完整的兑换码", "a whole redemption code", "兑换码等于现金；最后四位就够了，用掩码代替它。", "A code is as good as money; the last four are enough, and a mask takes its place."),
    word("unsafe_request_body", "请求内容或提示词", "request content or a prompt", "内容属于你自己；只填模型、时间和错误原文。", "What you send to models is yours; give the model, the time and the error text."),
    word("unsafe_log_dump", "成段的日志", "a piece of a log", "只挑出那一行错误，不要整段日志。", "Pick out the one line of the error, not the log."),
    word("unsafe_image", "图片或截图", "a picture or screenshot", "把看到的提示复制成文字。", "Copy the message that you see as text."),
    word("unsafe_other", "不该发送的内容", "something that must not be sent", "请删除看起来像密钥或号码的内容，内容过长时请缩短。", "Take out what looks like a secret or a long number, and shorten what is too long."),
)  # fmt: skip

# Where it was, if that is no field of the form.
_PLACES = (
    word("place_other_field", "表单以外的字段", "a field that was not asked for", "只填写页面上的字段。", "Fill in the page's own fields alone."),
    word("place_field_name", "字段的名称", "the name of a field", "字段名称里不能有任何内容。", "A field's name holds nothing of yours."),
    word("place_query", "网址里的参数", "the address of the page", "从 /support 重新打开页面。", "Open the page again from /support."),
    word("place_user_agent", "程序的名称（User-Agent）", "the name of your program (User-Agent)", "让程序使用普通的名称。", "Let the program use a plain name."),
    word("place_file", "附件", "a file", "不接收文件，也没有读取它；请改用文字说明。", "Files are not taken, and this one was not read; use words instead."),
    word("place_file_name", "附件的名称", "the name of a file", "不需要附件。", "No files are needed."),
    word("place_template", "粘贴的文字", "the pasted text", "只保留模板里的各行。", "Keep the lines of the template alone."),
    word("place_answer", "你的回答", "your answer", "用一两句话回答，不需要附上记录。", "Answer in a sentence or two, without records."),
)  # fmt: skip

# By the class, and by the place.
UNSAFE: Mapping[str, Entry] = {one.code.removeprefix("unsafe_"): one for one in _UNSAFE}
PLACES: Mapping[str, Entry] = {one.code.removeprefix("place_"): one for one in _PLACES}

NEVER = part(
    "support_never", "请勿发送", "Never send",
    "完整的 Key、请求头、Cookie、密码、验证码、请求内容和提示词、银行卡和证件号码、付款链接和付款码、完整的订单号和兑换码、成段日志、截图和文件。",
    "Whole keys, headers, cookies, passwords, one-time codes, request content and prompts, card and identity numbers, payment links and codes, whole order numbers and redemption codes, logs, screenshots and files.",
)  # fmt: skip
TEMPLATE = part(
    "support_template", "工单", "Case",
    "每行填一项，不知道的留空，冒号前的文字不要改。", "Fill in one thing per line, leave empty what you do not know, and keep the words before the colons.",
)  # fmt: skip
HINT_TIME = word(
    "template_hint_time",
    "写明时区",
    "with time zone",
    "例如 2026-11-24 16:30 +08:00。",
    "Such as 2026-11-24 16:30 +08:00.",
)
HINT_MASK = word(
    "template_hint_mask", "只填最后四位", "last four only", "掩码足够找到记录。", "A mask is enough to find the record."
)

_PAGES = (
    part("support", "需要帮助", "Get help", "选一个最接近的问题，填写查记录要用的几项；不用登录，也不用截图。", "Choose the problem that is closest and give the few things that records are found by; no sign-in and no screenshots are needed."),
    NEVER,
    TEMPLATE,
    part("support_template_use", "在聊天或邮件里使用", "For chats and mail", "复制这份模板，填好后整段粘贴回来，表单会自动填写。", "Copy this template, fill it in, and paste it back whole: it fills in the form."),
    part("support_filled", "已按粘贴的文字填写", "Filled in from what you pasted", "请核对各项，再发送。", "Check each field, then send it."),
    part("support_refused", "还没有发送", "Not sent yet", "下面这些内容不能接收，没有保存，也没有写入日志；其他内容还在表单里。", "What is named below cannot be taken; it was neither kept nor logged, and everything else is still in the form."),
    part("support_offered", "已改成掩码", "Made into masks", "完整的号码没有保存；核对下面的掩码，再按一次即可发送。", "The whole numbers were not kept; check the masks below and press once more to send."),
    part("support_other_class", "换一类问题", "Another kind of problem", "两类都有的字段会保留已填的内容。", "Fields that both ask for keep what was filled in."),
    part("support_not_read", "没有读出是哪一类问题", "It does not say which problem it is", "粘贴的文字里没有模板的标题和各行，没有保存；请先选一类问题，再填写它的模板。", "What was pasted has neither the title nor the lines of a template, and was not kept; choose a problem first, then fill in its template."),
    part("support_trap", "再按一次发送", "Press send once more", "有一个看不见的字段被自动填写了，已经清空；没有发送任何内容。", "A field that nobody sees was filled in by a program and has been emptied; nothing was sent."),
    part("support_received", "已收到", "Received", "记下工单编号，保存下面的链接：凭它可以查看进度、回答问题；链接只显示这一次。", "Note the case number and keep the link below: it shows how far the case is and takes your answers, and it is shown this once."),
    part("support_case", "工单进度", "How far the case is", "这里只显示状态和要你回答的问题；账户的记录要登录后才能看到。", "This shows the state and what is asked of you; what is on record of the account is shown after signing in."),
    part("support_questions", "需要你回答", "Asked of you", "回答得越准，查得越快。", "The more exact the answer, the sooner it is found."),
    part("support_no_questions", "现在没有问题要问你", "Nothing is asked of you now", "有新的问题时会显示在这里。", "New questions will appear here."),
    part("support_answered", "已收到你的回答", "Your answer has arrived", "工单会带着它继续处理。", "The case goes on with it."),
    part("support_reopened", "工单已重新打开", "The case is open again", "会有人接着处理，之前的记录都在。", "Somebody takes it on again; what was done before is all there."),
    part("support_too_often", "请稍后再试", "Please wait a little", "这一分钟里发送得太多，这一次没有保存；内容还在表单里。", "Too much was sent within this minute, and this was not kept; the form still has it."),
    part("support_unavailable", "暂时无法保存", "It cannot be kept just now", "没有保存任何内容；内容还在表单里，请过一分钟再发送。", "Nothing was kept; the form still has it, so send it again in a minute."),
    part("support_link_unknown", "链接无效", "The link does not open anything", "链接写错、已经停用，或者从未存在；请检查是否复制完整。", "It is mistyped, no longer in use, or never was; see whether all of it was copied."),
)  # fmt: skip

_BUTTONS = (
    button("support_send", "发送", "Send", "保存为一张工单，并得到编号和链接。", "Keeps it as a case; you get its number and link."),
    button("support_send_masks", "用掩码发送", "Send with the masks", "按页面上的掩码发送，完整的号码不会保存。", "Sends what the page shows; the whole numbers are not kept."),
    button("support_read_template", "填入表单", "Fill in the form", "读取粘贴的文字，还不会发送。", "Reads what you pasted; nothing is sent yet."),
    button("support_answer", "回答", "Answer", "把回答加到这张工单里。", "Adds your answer to the case."),
    button("support_reopen", "问题没有解决", "It is not solved", "重新打开这张工单。", "Opens the case again."),
)  # fmt: skip

_WORDS = (
    word("case_number", "工单编号", "Case number", "联系客服时报这个编号。", "Name it when you talk to support."),
    word("case_link", "工单链接", "Link of the case", "有链接的人都能看到进度，请自己保管。", "Whoever has it sees how far the case is; keep it to yourself."),
    word("case_received", "收到时间", "Received", "工单进来的时间（UTC）。", "When the case came in (UTC)."),
    word("case_changed", "最近变化", "Last change", "工单最近一步的时间（UTC）。", "When the latest step of the case was taken (UTC)."),
    word("where_to_find", "在哪里找到", "Where to find it", "写着这一项的页面或记录。", "The page or record that has it."),
    word("case_answer", "你的回答", "Your answer", "一两句话即可。", "A sentence or two."),
    word("unsafe_found", "不能接收", "Cannot be taken", "在哪一项，是哪一类。", "Where it was, and of which class it is."),
    word("mask_offered", "将改为", "Will be sent as", "完整的号码换成的掩码。", "The mask in place of the whole number."),
    word("pasted_template", "粘贴模板", "Paste the template", "整段粘贴填好的模板。", "Paste the filled-in template whole."),
)  # fmt: skip

_PROBLEMS = (
    problem(
        "submission_unsafe", "有不能接收的内容", "Something in it cannot be taken",
        "提交里有不能接收的内容，没有保存，也没有写入日志；unsafe 列出了字段和类别。", "Something in it must not be sent; nothing was kept or logged, and unsafe lists the fields and classes.",
        "请删除这些内容后再发送。", "Take these out and send it again.",
    ),
    problem(
        "submission_masked", "完整的号码要先换成掩码", "Whole numbers have to become masks first",
        "提交里有完整的订单号或兑换码，没有保存；offered 给出了可以代替的掩码。", "It holds a whole order number or code and was not kept; offered has the masks that may stand instead.",
        "请把这些字段换成 offered 里的值再发送。", "Put the values of offered in these fields and send it again.",
    ),
    problem(
        "submission_incomplete", "有字段需要改正", "A field has to be corrected",
        "没有保存任何内容；problems 列出了字段和原因。", "Nothing was kept; problems lists the fields and what is wrong with them.",
        "请改正这些字段后再发送。", "Correct these fields and send it again.",
    ),
    problem(
        "submission_too_often", "发送得太频繁", "Sent too often",
        "这一分钟里的提交超过了上限，这一次没有保存。", "More was sent within this minute than is taken, and this was not kept.",
        "请按 retry-after 等待后再发送。", "Wait as long as retry-after says, then send it again.",
    ),
    problem(
        "submission_key_reused", "同一个提交标识用于不同的内容", "One submission key, two contents",
        "这个标识已经用于另一份内容；没有保存第二份。", "The key came with another content before; the second was not kept.",
        "内容不同时，请换一个新的标识。", "Use a new key for another content.",
    ),
    problem(
        "case_link_unknown", "工单链接无效", "No case behind this link",
        "链接写错、已经停用，或者从未存在；没有任何改动。", "The link is mistyped, no longer in use, or never was; nothing was changed.",
        "请检查链接是否复制完整，或者重新提交。", "See whether the link was copied whole, or send a new case.",
    ),
)  # fmt: skip

_KEY_EXPOSED = told(
    "key_exposed",
    subject=Text(zh="API Key {key_mask} 可能已经泄露", en="API key {key_mask} may be exposed"),
    meaning=Text(
        zh="有人在提交工单时粘贴了完整的 Key；它被当场拒收，没有保存，但已经离开了保管的地方。",
        en="Somebody pasted the whole key when asking for help; it was refused at once and not kept, but it has left its safe place.",
    ),
    text=Text(
        zh="API Key {key} 的完整内容出现在一次提交里，已被拒收，没有保存。请尽快更换。",
        en="The whole of API key {key} was in something sent to support; it was refused and not kept. Rotate it soon.",
    ),
    sent=Text(
        zh="提交里出现本站有效的 Key 时发送，同一个 Key 每天最多一次。",
        en="Sent when a submission holds a key of this site, at most once a day for each key.",
    ),
    look=Text(
        zh="看这个 Key 最近的请求：来源地址和模型是否都认识。",
        en="Look at the key's latest requests, and whether you know their addresses and models.",
    ),
    change=Text(
        zh="打开链接更换 Key，再更新使用它的程序。",
        en="Open the link and rotate the key, then give the new one to the programs that use it.",
    ),
    owner=Owner.TEAM_ADMIN,
)

ENTRIES = (
    *_UNSAFE, *_PLACES, HINT_TIME, HINT_MASK, *_PAGES, *_BUTTONS, *_WORDS, *_PROBLEMS, *_KEY_EXPOSED,
)  # fmt: skip
