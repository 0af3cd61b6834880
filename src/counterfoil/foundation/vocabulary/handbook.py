"""Words of the handbook: what its pages are, what stands on each of them, and what the checks of articles say."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import part, problem, word
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_KIND_STEP = NextStep(
    where_to_look=Text(zh="在手册的首页上。", en="On the handbook's first page."),
    what_to_change=Text(zh="选择最接近你问题的一类。", en="Choose the kind that is closest to your question."),
    how_to_go_back=Text(zh="阅读不会改变任何记录。", en="Reading changes no record."),
)


def _kind(code: str, zh: str, en: str, more_zh: str, more_en: str) -> Entry:
    return Entry(
        kind=Kind.ARTICLE_KIND,
        code=code,
        owner=Owner.SUPPORT,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=more_zh, en=more_en),
        next_step=_KIND_STEP,
    )


def _rule(code: str, zh: str, en: str, do_zh: str, do_en: str) -> Entry:
    """What a check of an article found, and what its author does about it."""
    return Entry(
        kind=Kind.ARTICLE_RULE,
        code=code,
        owner=Owner.SUPPORT,
        public=False,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=do_zh, en=do_en),
        next_step=NextStep(
            where_to_look=Text(zh="在所说的文件和行。", en="In the file and on the line that are named."),
            what_to_change=Text(zh=do_zh, en=do_en),
            how_to_go_back=Text(
                zh="修改后再运行一次检查；之前的修订仍在记录里。",
                en="Run the check again after the change; earlier revisions stay on record.",
            ),
        ),
    )


_KINDS = (
    _kind("guide", "指南", "Guides", "把一件事从头到尾讲清楚。", "One matter from its beginning to its end."),
    _kind("answer", "解答", "Answers", "一个常见问题和它的答案。", "A common question and its answer."),
    _kind("use_case", "用法", "Use cases", "按工作的种类，说明怎么设置和注意什么。", "How to set things up for one kind of work, and what to watch."),
    _kind("checklist", "核对清单", "Checklists", "按顺序逐项核对。", "Things to check, in their order."),
    _kind("example", "示例", "Examples", "可以直接运行的示例，输出经过测试。", "Examples that can be run as they are; their output is tested."),
    _kind("template", "模板", "Templates", "可以复制后填写的文字。", "Texts to copy and fill in."),
    _kind("glossary", "术语与代码", "Words and codes", "每个词和每个代码是什么意思。", "What each word and each code means."),
    _kind("facts", "产品事实", "Facts", "可以逐条核对的产品事实。", "Statements about the product that can be checked."),
    _kind("policy", "关于本站", "About this site", "谁在编辑、怎样编辑，以及怎样联系。", "Who edits, how, and whom to contact."),
    _kind("tool", "工具", "Tools", "不需要账户就能使用。", "Can be used without an account."),
    _kind("code", "错误、原因与状态", "Refusals, causes and states", "每个代码一页：看哪里、改什么、怎样恢复。", "A page for each code: where to look, what to change, how to go back."),
)  # fmt: skip

_WORDS = (
    word("help_action", "要做的事", "What to do", "读者在这一页要做的一件事。", "The one thing that a reader of this page does."),
    word("help_action_owner", "由谁处理", "Who acts", "能处理这件事的人。", "Who can act on it."),
    word("help_evidence", "可以公开提供的信息", "What may be shared in public", "只包括这些字段，不包括密钥、正文和支付信息。", "These fields alone: no secrets, no content and no payment details."),
    word("help_evidence_none", "这一页不需要提供任何信息", "Nothing is needed for this page", "看完这一页不用向任何人发送信息。", "Nothing has to be sent to anybody."),
    word("help_stopping_point", "到哪里为止", "Where this page ends", "从这里开始由受控的渠道处理。", "From here on a controlled channel takes over."),
    word("help_sources", "依据", "Sources", "这一页是根据这些资料写的。", "What this page was written from."),
    word("help_boundary", "说明", "Boundary", "本页说明正常的流程和查看的方法，不对具体的个案承诺结果；个案以控制台、请求记录、任务、订单和账本为准。", "This page tells the normal course and how to check it, and promises no outcome for a case; a case is settled by the console, the request's record, the task, the order and the ledger."),
    word("help_updated", "更新于", "Updated", "最后一次修改内容的日期。", "The day of the last change."),
    word("help_reviewed", "核对于", "Reviewed", "最后一次按产品核对的日期。", "The day on which it was last held against the product."),
    word("help_review_by", "下次核对", "Next review", "最迟在这一天再核对一次。", "It is looked at again by this day."),
    word("help_next", "下一页", "Next page", "接着读哪一页。", "The page to read next."),
    word("help_related", "相关页面", "Related pages", "与这一页有关的其他页面。", "Other pages about the same matter."),
    word("help_revisions", "修订记录", "Revisions", "每次修改的日期、原因和来源问题。", "The day and reason of each change, and the question behind it."),
    word("help_meaning", "含义", "Meaning", "代码对应的名称。", "The name of what the code stands for."),
    word("help_code", "代码", "Code", "接口返回的代码，不随语言改变。", "As programs get it; the same in every language."),
    word("help_explanation", "说明", "Explanation", "发生了什么，现在是什么情况。", "What happened, and what is true now."),
    word("help_output", "输出", "Output", "由测试运行得到；编号和时间换成了固定的样子。", "As a test got it; ids and times are replaced by fixed ones."),
    word("help_not_given", "（运营方尚未填写）", "(not given by the operator yet)", "由运营方在设置里填写。", "Operators fill it in by their settings."),
)  # fmt: skip

_PAGES = (
    part("help", "帮助手册", "Handbook", "为什么被拒绝、钱用在了哪里、怎样恢复：每个错误、状态和常见问题一页。", "Why a call was refused, where the money went, and how to go on: a page for every error, state and common question."),
)  # fmt: skip

_ERRORS = (
    problem("article_unreadable", "文章文件无法读取", "Article file not readable", "文件开头的字段缺失或写错，没有发布任何内容。", "A field at the beginning of the file is missing or wrong, and nothing was published.", "请按提示的文件和行改正，再运行 counterfoil knowledge check。", "Correct the file on the line named and run counterfoil knowledge check again.", owner=Owner.SUPPORT),
    problem("article_not_found", "没有这篇文章", "No such article", "手册里没有这个名称的页面，没有任何改变。", "The handbook has no page of that name, and nothing has changed.", "请运行 counterfoil knowledge list 查看现有的页面。", "List what there is with counterfoil knowledge list.", owner=Owner.SUPPORT),
    problem("word_not_found", "词汇表里没有这一项", "No such word in the vocabulary", "没有这个种类和代码，没有任何改变。", "There is no such kind and code, and nothing has changed.", "请写成 种类/代码，例如 button/pay。", "Write KIND/CODE, such as button/pay.", owner=Owner.SUPPORT),
)  # fmt: skip

_RULES = (
    _rule("article_unreadable", "文件无法读取：{problem}", "The file cannot be read: {problem}", "按提示改正这一行。", "Correct that line."),
    _rule("macro_unreadable", "宏写得不对：{problem}", "A macro is not written rightly: {problem}", "宏只有名称和带引号的参数，例如 code(\"key_invalid\")。", "A macro is a name with quoted arguments, such as code(\"key_invalid\")."),
    _rule("macro_unknown", "没有名为 {macro} 的宏", "There is no macro {macro}", "改用手册说明里列出的宏。", "Use one of the macros that the contract of articles lists."),
    _rule("word_unknown", "词汇表里没有 {word}", "The vocabulary has no {word}", "改用词汇表里存在的种类和代码。", "Name a kind and code that the vocabulary has."),
    _rule("word_private", "{word} 不能公开显示", "{word} may not be shown in public", "改为说明读者自己能看到的内容。", "Say what the reader can see themselves instead."),
    _rule("word_has_places", "{word} 里有要填写的位置", "{word} has places to be filled in", "改用不含位置的词，或用自己的话说明。", "Use a word without places, or say it in your own words."),
    _rule("code_unknown", "没有代码 {code}", "There is no code {code}", "核对代码的写法；它必须在词汇表里。", "Check how it is spelled; it must be in the vocabulary."),
    _rule("code_typed", "代码 {code} 是手写的", "The code {code} is typed by hand", "改用 code 宏插入。", "Insert it by the macro code."),
    _rule("label_typed", "「{label}」是手写的，应为 {macro}", "“{label}” is typed by hand instead of {macro}", "用宏插入，这样词汇改变时页面一起改变。", "Insert it by the macro, so that the page changes with the word."),
    _rule("status_typed", "状态码 {status} 是手写的", "The status {status} is typed by hand", "改用 status 宏插入。", "Insert it by the macro status."),
    _rule("status_unknown", "代码 {code} 没有状态码", "The code {code} has no HTTP status", "只有接口返回的代码才有状态码。", "Only codes that calls are answered with have one."),
    _rule("number_unknown", "没有名为 {name} 的限制", "There is no limit called {name}", "改为说明在哪里能看到这个数字。", "Say where the number is to be seen instead."),
    _rule("operator_unknown", "没有名为 {name} 的运营方设置", "There is no setting of the operator called {name}", "改用已有的设置。", "Name one that there is."),
    _rule("example_unknown", "没有名为 {name} 的示例", "There is no example called {name}", "把示例和它的测试一起加进来。", "Add the example together with its test."),
    _rule("example_without_output", "示例 {name} 没有测试得到的输出", "The example {name} has no output from its test", "运行示例的测试，把输出写下来。", "Run the example's test and keep what it gives."),
    _rule("page_missing", "{code} 没有 {language} 页面", "{code} has no page in {language}", "写出这一页，并在 codes 里写明这个代码。", "Write the page, and name the code in its field codes."),
    _rule("page_elsewhere", "{code} 的页面应当是 {slug}", "The page of {code} ought to be {slug}", "把 codes 里的这一项移到那一页。", "Move it to the field codes of that page."),
    _rule("page_twice", "{code} 已经是 {slug} 的代码", "{code} belongs to {slug} already", "每个代码只留在一页的 codes 里。", "Keep each code in the field codes of one page."),
    _rule("term_banned", "「{term}」不是约定的词，应为「{preferred}」", "“{term}” is not the agreed term, which is “{preferred}”", "换成约定的词。", "Use the agreed term."),
    _rule("twin_missing", "没有 {language} 的同一页", "The page has no twin in {language}", "写出另一种语言的页面。", "Write the page in the other language."),
    _rule("twin_differs", "两种语言的 {field} 不同：{here} 与 {there}", "The twins differ in {field}: {here} and {there}", "把两页改成一致。", "Make the two pages agree."),
    _rule("link_unknown", "没有名为 {slug} 的页面", "There is no page called {slug}", "核对名称，或写出这一页。", "Check the name, or write the page."),
    _rule("link_broken", "链接 {target} 不指向任何页面", "The link {target} leads nowhere", "改成存在的地址；站内页面用 link 宏。", "Lead to an address that exists; use the macro link for pages of the handbook."),
    _rule("link_plain", "链接 {target} 没有加密", "The link {target} is not encrypted", "改用 https。", "Use https."),
    _rule("anchor_missing", "{target} 里没有这个位置", "{target} names a place that is not there", "改成页面上存在的标题。", "Name a heading that the page has."),
    _rule("heading_level", "标题「{heading}」的层级不对", "The heading “{heading}” is on the wrong level", "标题从 ## 开始，每次只深一层。", "Headings begin at ## and go one level deeper at a time."),
    _rule("html_typed", "文中有 HTML：{tag}", "There is HTML in the text: {tag}", "用 Markdown 写；HTML 会原样显示。", "Write Markdown; HTML would be shown as text."),
    _rule("review_due", "应在 {date} 前核对，已经过期", "It was to be reviewed by {date}", "按产品核对一遍，改写 reviewed 和 review_by。", "Hold it against the product and set reviewed and review_by."),
    _rule("dates_wrong", "日期前后矛盾：{problem}", "The dates contradict each other: {problem}", "让 updated 等于最后一次修订的日期，reviewed 不早于它，review_by 晚于 reviewed。", "Let updated be the last revision's day, reviewed not before it, and review_by after that."),
    _rule("approver_is_author", "修订的作者和批准者是同一人：{role}", "A revision's author and approver are the same: {role}", "由另一个角色批准。", "Let another role approve it."),
    _rule("too_short", "只有 {count} {unit}，至少要 {least}", "It has {count} {unit}, and needs {least} at least", "补上答案、看哪里、改什么、怎样恢复和一个例子。", "Add the answer, where to look, what to change, how to go back, and one example."),
    _rule("too_long", "有 {count} {unit}，最多 {most}", "It has {count} {unit}, and may have {most} at most", "删去重复的内容，或分成两页。", "Leave out what is said twice, or make two pages of it."),
    _rule("sentence_long", "一句话有 {count} {unit}：{beginning}…", "A sentence has {count} {unit}: {beginning}…", "分成几句。", "Make several of it."),
    _rule("secret_found", "看起来像{what}", "There is what looks like {what}", "删掉，或换成掩码，例如 sk-…3fA9、req_…。", "Take it out, or use a mask such as sk-…3fA9 or req_…."),
    _rule("email_found", "文中有邮箱地址", "There is an e-mail address", "删掉；联系方式用 operator 宏。", "Take it out; how to get in touch comes by the macro operator."),
    _rule("order_number_found", "看起来像完整的订单号或编号：{start}…", "There is what looks like a whole order number or id: {start}…", "换成掩码，例如 ord_…、req_…。", "Use a mask such as ord_… or req_…."),
    _rule("internal_name", "文中有内部名称：{name}", "There is an internal name: {name}", "改用读者看得到的词。", "Use a word that readers see."),
    _rule("claim_price", "写明了价格或金额：{words}", "A price or an amount is stated: {words}", "改为说明在哪里能看到它。", "Say where it is to be seen instead."),
    _rule("claim_deadline", "承诺了期限：{words}", "A deadline is promised: {words}", "改为说明怎样查看进度。", "Say how to see how far it is."),
    _rule("claim_outcome", "承诺了结果：{words}", "An outcome is promised: {words}", "改为说明由什么记录决定，以及怎样查看。", "Say which record decides it and how to look."),
    _rule("related_unknown", "related 里的 {slug} 不存在", "There is no page {slug}, which related names", "核对名称。", "Check the name."),
    _rule("related_one_way", "{slug} 没有反过来写上这一页", "{slug} does not name this page in turn", "在那一页的 related 里加上这一页，或从这里删掉。", "Add this page to its field related, or take it out here."),
    _rule("related_itself", "页面指向了自己：{field}", "The page leads to itself by {field}", "换成另一页。", "Name another page."),
    _rule("next_unknown", "next 里的 {slug} 不存在", "There is no page {slug}, which next names", "换成存在的页面。", "Name a page that there is."),
    _rule("orphaned", "没有任何页面链接到这一页", "No page leads here", "在手册总览或相关页面里加上链接。", "Lead to it from the handbook's map or from a related page."),
)  # fmt: skip

ENTRIES: tuple[Entry, ...] = (*_KINDS, *_WORDS, *_PAGES, *_ERRORS, *_RULES)
