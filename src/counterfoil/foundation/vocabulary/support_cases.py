"""Words of cases: where one is, what happened to it, how it was settled, how well a record agrees, and what an answer says."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import word
from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text
from counterfoil.foundation.vocabulary.notifications import told

_LOOK = Text(
    zh="在客服工作台按工单编号打开，看每一步和找到的记录。",
    en="Open the case by its number at the support desk, and see each step and the records that were found.",
)
_NO_CHANGE = Text(zh="查看不会改变工单。", en="Looking does not change a case.")
_STANDS = Text(
    zh="每一步都会留在记录里；需要更正时，再做一步。",
    en="Each step stays on record; a correction is a step of its own.",
)


def _entry(
    kind: str,
    code: str,
    zh: str,
    en: str,
    hint_zh: str,
    hint_en: str,
    *,
    do: Text,
    owner: Owner = Owner.SUPPORT,
    back: Text = _STANDS,
    public: bool = False,
) -> Entry:
    return Entry(
        kind=Kind(kind), code=code, owner=owner, public=public, label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=NextStep(where_to_look=_LOOK, what_to_change=do, how_to_go_back=back),
    )  # fmt: skip


def _states() -> tuple[Entry, ...]:
    """Where a case is; these are shown by the private link too."""
    wait = Text(
        zh="客服：在期限之前处理；客户不需要操作。",
        en="Support: settle it before its deadline; the customer need not do anything.",
    )
    kind = "case_state"
    return (
        _entry(kind, "new", "新工单", "New", "已经收到，正在核对记录。", "It has arrived, and the records are being searched.", do=wait, public=True),
        _entry(kind, "diagnosed", "已查明线索", "Diagnosed", "已经核对过记录，由客服继续处理。", "The records have been searched, and support works on it.", do=Text(zh="客服：确认是哪一条记录，再答复。", en="Support: confirm the record, then answer."), public=True),
        _entry(kind, "waiting_for_customer", "等待客户回复", "Waiting for the customer", "客服提了问题，收到回复后继续。", "Support has asked something and goes on when it is answered.", do=Text(zh="客户：在工单链接里回答问题，不要发送完整的 Key。", en="Customer: answer by the case's link, and never send a whole key."), owner=Owner.CUSTOMER, public=True),
        _entry(kind, "with_operations", "运营处理中", "With operations", "已经转交运营核对。", "It was handed to operations.", do=Text(zh="运营：查完以后退回客服，写明结果。", en="Operations: hand it back to support with the result."), owner=Owner.OPERATIONS, public=True),
        _entry(kind, "with_finance", "财务处理中", "With finance", "已经转交财务核对款项。", "It was handed to finance, who check the money.", do=Text(zh="财务：与付款记录核对，需要动钱时走审批。", en="Finance: compare it with the payment records; money moves by approval."), owner=Owner.FINANCE, public=True),
        _entry(kind, "with_engineering", "技术处理中", "With engineering", "已经转交技术人员检查。", "It was handed to engineering, who look into it.", do=Text(zh="技术：按转交时的问题检查，再退回客服。", en="Engineering: look into what was asked, and hand it back to support."), owner=Owner.OPERATIONS, public=True),
        _entry(kind, "resolved", "已解决", "Resolved", "问题已经处理完，结果写在答复里。", "It has been settled, and the answer says how.", do=Text(zh="客户：结果不对时可以重新打开。", en="Customer: open it again if that is not right."), owner=Owner.CUSTOMER, public=True),
        _entry(kind, "closed", "已关闭", "Closed", "工单已经结束，记录保留。", "The case has ended; its record is kept.", do=Text(zh="客户：问题又出现时可以重新打开。", en="Customer: open it again if it happens again."), owner=Owner.CUSTOMER, public=True),
    )  # fmt: skip


def _events() -> tuple[Entry, ...]:
    do = Text(zh="不需要操作。", en="There is nothing to do.")
    every = (
        ("arrived", "收到工单", "Arrived", "工单进来时的第一步。", "The first step: it came in."),
        ("searched", "核对了记录", "Records searched", "按工单里的信息查找了请求、任务、订单和兑换码。", "Requests, tasks, orders and codes were searched by what it says."),
        ("diagnosed", "得出线索", "Cause found", "最可能的记录和它的原因已经列出，等人确认。", "The likeliest record and its cause are listed, for a person to confirm."),
        ("record_confirmed", "确认了记录", "Record confirmed", "客服确认工单说的就是这一条记录。", "Support has confirmed that it is about this record."),
        ("record_rejected", "排除了记录", "Record rejected", "客服确认工单说的不是这一条记录。", "Support has found that it is not about this record."),
        ("noted", "内部备注", "Note", "只有工作人员能看到的备注。", "A remark that only staff see."),
        ("assigned", "指定负责人", "Assigned", "工单有了负责人，或者负责人变了。", "Somebody has taken it on, or somebody else has."),
        ("priority_set", "调整优先级", "Priority set", "优先级变了，期限随之改变。", "Its priority has changed, and its deadline with it."),
        ("asked", "向客户提问", "Customer asked", "还缺信息，已经在工单链接里提问。", "Something is missing, and the case's link asks for it."),
        ("answered_by_customer", "客户已回答", "Customer answered", "客户补充了信息，记录会重新核对。", "The customer has added something, and the records are searched anew."),
        ("replied", "已答复", "Answered", "客服写了答复，发送前经过检查。", "Support has written an answer, which was checked before it went out."),
        ("handed_over", "转交", "Handed over", "连同证据、问题和期限一起转交。", "It was handed on with the evidence, what is asked, and by when."),
        ("handed_back", "退回客服", "Handed back", "对方已经处理完，结果写在备注里。", "The other desk is done, and its remark says what came of it."),
        ("settlement_proposed", "提出处理款项", "Settlement proposed", "提出了补偿、退款或补入账，等待审批。", "Compensation, a refund or a missing credit was proposed and awaits approval."),
        ("settlement_done", "款项已处理", "Settlement done", "审批通过并已记账，原因就是这张工单。", "It was approved and posted, with this case as its cause."),
        ("settlement_rejected", "款项未批准", "Settlement rejected", "提案被驳回或撤回，什么也没有记账。", "The proposal was rejected or withdrawn; nothing was posted."),
        ("grouped", "归入同类", "Grouped", "与同一原因的工单归在一起。", "It was put together with cases of the same cause."),
        ("ungrouped", "移出同类", "Ungrouped", "不再与那些工单归在一起。", "It is no longer together with those cases."),
        ("resolved", "标为已解决", "Marked resolved", "写明了处理结果。", "How it was settled is on record."),
        ("closed", "关闭工单", "Case closed", "工单不再处理。", "Nobody works on it any more."),
        ("reopened", "重新打开", "Reopened", "结果不对或问题又出现，期限重新计算。", "It was not settled or has happened again; its deadline starts anew."),
        ("purged", "清除内容", "Purged", "客户和客服写的内容已经永久删除，步骤保留。", "What people wrote is gone for good; the steps stay."),
    )  # fmt: skip
    return tuple(_entry("case_event", *one, do=do) for one in every)


def _resolutions() -> tuple[Entry, ...]:
    do = Text(zh="客户：在余额和明细里核对。", en="Customer: check the balance and the statement.")
    nothing = Text(zh="不需要操作。", en="There is nothing to do.")
    kind = "case_resolution"
    return (
        _entry(kind, "compensation", "补偿", "Compensation", "另给一笔有期限的额度，经过审批。", "A credit with an end was given, by approval.", do=do, public=True),
        _entry(kind, "refund", "退款", "Refund", "把扣费或付款退回，经过审批。", "A charge or a payment went back, by approval.", do=do, public=True),
        _entry(kind, "credit_again", "补入账", "Credited", "没有到账的订单已经入账，经过审批。", "An order that was not credited is credited now, by approval.", do=do, public=True),
        _entry(kind, "key_rotation", "建议更换 Key", "Key to be rotated", "问题出在外泄或共用的 Key，更换后旧 Key 失效。", "A key was exposed or shared; once rotated, the old one no longer works.", do=Text(zh="客户：在 Key 页面更换，并更新客户端。", en="Customer: rotate it on the keys page, and update the client."), public=True),
        _entry(kind, "works_as_intended", "符合设计", "Works as intended", "记录与规则一致，答复里有说明。", "The records follow the rules, and the answer explains them.", do=nothing, public=True),
        _entry(kind, "answered", "已说明", "Answered", "问题已经说明，没有需要更正的记录。", "The question was answered, and no record had to be corrected.", do=nothing, public=True),
        _entry(kind, "duplicate", "重复的工单", "Duplicate", "与另一张工单是同一件事，在那里处理。", "Another case is about the same, and it is settled there.", do=nothing, public=True),
        _entry(kind, "not_reproducible", "无法重现", "Not reproducible", "记录里找不到所说的情况。", "The records do not show what was reported.", do=Text(zh="客户：再次出现时，带上请求编号重新打开。", en="Customer: open it again with the request id when it happens again."), public=True),
    )  # fmt: skip


def _choices() -> tuple[Entry, ...]:
    do = Text(zh="客服：对照记录自己判断。", en="Support: judge by the record.")
    every = (
        ("agreement", "exact", "一致", "Exact", "与记录完全一致，或在几分钟之内。", "It is as on record, or within a few minutes."),
        ("agreement", "close", "接近", "Close", "四舍五入、时区或写法不同，其余一致。", "It differs by rounding, time zone or spelling alone."),
        ("agreement", "different", "不一致", "Different", "记录里是另一个值。", "The record has another value."),
        ("agreement", "unknown", "无法比较", "Cannot be compared", "记录里没有这一项，或者写的内容认不出来。", "The record has no such value, or what was said could not be read."),
        ("case_priority", "low", "低", "Low", "期限是普通的两倍。", "Its deadline is twice the usual."),
        ("case_priority", "normal", "普通", "Normal", "期限按问题类型计算。", "Its deadline is that of its class."),
        ("case_priority", "high", "高", "High", "期限是普通的一半。", "Its deadline is half the usual."),
        ("case_priority", "urgent", "紧急", "Urgent", "期限是普通的四分之一。", "Its deadline is a quarter of the usual."),
        ("case_channel", "form", "网页表单", "Form", "由公开的表单提交。", "It was sent by the public form."),
        ("case_channel", "api", "接口", "API", "由聊天工具或邮件程序经接口提交。", "A chat tool or mail program sent it by the API."),
        ("case_channel", "console", "控制台", "Console", "由登录的成员在控制台提交。", "A signed-in member sent it from the console."),
        ("case_channel", "template", "文字模板", "Template", "由贴回的文字模板填写。", "It was filled in from a template that was pasted back."),
    )  # fmt: skip
    return tuple(_entry(*one, do=do, back=_NO_CHANGE) for one in every)


def _error(code: str, zh: str, en: str, what_zh: str, what_en: str, do_zh: str, do_en: str) -> Entry:
    return error(
        code, owner=Owner.SUPPORT, public=False, label=Text(zh=zh, en=en), explanation=Text(zh=what_zh, en=what_en),
        change=Text(zh=do_zh, en=do_en), look=_LOOK,
    )  # fmt: skip


def _errors() -> tuple[Entry, ...]:
    return (
        _error("case_not_found", "找不到工单", "No such case", "没有这张工单，或者它没有转交给你；什么也没有改变。", "There is no such case, or it was not handed to you; nothing was changed.", "请核对工单编号。", "Check the case's number."),
        _error("case_search_not_found", "找不到保存的查询", "No such saved search", "没有这个保存的查询，或者它属于别人；什么也没有删除。", "There is no such saved search, or it is somebody else's; nothing was deleted.", "请在队列页看自己保存的查询。", "See your saved searches on the queue's page."),
        _error("case_is_over", "工单已经结束", "The case is over", "工单已解决或已关闭，这一步没有执行。", "It is resolved or closed, and this step was not taken.", "仍需处理时，先重新打开。", "Open it again first if there is more to do."),
        _error("case_is_open", "工单还没有结束", "The case is open", "这一步只对结束的工单有意义，没有执行。", "This is for cases that are over, and was not done.", "请先解决并关闭工单。", "Resolve and close it first."),
        _error("case_is_closed", "工单已经关闭", "The case is closed already", "它已经关闭，什么也没有改变。", "It is closed, and nothing was changed.", "不需要操作。", "There is nothing to do."),
        _error("case_already_there", "工单已经在那里", "The case is there already", "它已经转交给这个部门，没有再转一次。", "It was handed to that desk before, and was not handed over again.", "请在备注里补充。", "Add what is new as a note."),
        _error("case_with_support", "工单在客服手里", "The case is with support", "它没有转交出去，所以无法退回。", "It was not handed to anybody, so it cannot be handed back.", "请直接答复，或先转交。", "Answer it, or hand it over first."),
        _error("case_nothing_asked", "没有待回答的问题", "Nothing was asked", "工单没有在等客户，所以没有收下回答。", "The case does not wait for its customer, so the answer was not taken.", "请重新打开，或另提一张工单。", "Open it again, or send a new one."),
        _error("case_purged", "工单内容已清除", "The case was purged", "内容已经永久删除，这一步没有执行。", "What was written is gone for good, and this step was not taken.", "请另提一张工单。", "Send a new case."),
        _error("case_not_a_candidate", "不在候选记录里", "Not one of the candidates", "最近一次核对没有找到这条记录，什么也没有确认。", "The last search did not find this record, and nothing was confirmed.", "请从候选里选择，或补充信息后重新核对。", "Choose one of the candidates, or search again with more."),
        _error("case_no_record", "还没有确认账户", "No account confirmed", "不知道是哪个账户，所以没有提出款项。", "It is not known which account it is, so nothing was proposed.", "请先确认记录。", "Confirm the record first."),
        _error("case_reply_objected", "答复没有通过检查", "The answer was objected to", "里面有不能发出的内容，答复没有发送。", "There is something in it that must not go out, and it was not sent.", "请按列出的地方修改，再发送。", "Change what is listed, and send it again."),
        _error("case_nothing_to_settle", "没有可处理的款项", "Nothing to settle", "这条记录没有可退或可补的款项，什么也没有提出。", "There is nothing to go back or to credit for this record, and nothing was proposed.", "请核对扣费标记和订单状态。", "Check the charge mark and the order's state."),
        _error("case_settled_by_money", "款项还没有记账", "No money was posted", "没有审批通过的款项，所以不能标为这种结果。", "No settlement of that kind was approved, so it cannot be called so.", "请先提出并批准，或选择其他结果。", "Propose it and have it approved, or choose another result."),
        _error("case_group_not_found", "找不到这一组", "No such group", "没有这一组工单，工单的归类没有改变。", "There is no such group of cases, and the case stays where it is.", "请从同类列表里选择。", "Choose one from the list of groups."),
        _error("case_fact_missing", "工单里没有这一项", "The case does not have this", "模板里有一处要填的内容，这张工单没有，所以没有向它发送。", "The text has a place for something that this case does not have, so nothing was sent to it.", "请改用工单都有的内容，或单独答复这一张。", "Use what every case has, or answer this one by itself."),
        _error("case_record_changed", "确认的记录已经变了", "The record has changed", "提案之后，工单确认成了另一条记录或另一个账户；什么也没有记账。", "Since this was proposed, the case was found to be about another record or account; nothing was posted.", "请驳回这份提案，再按现在的记录提出。", "Reject this proposal, and propose it anew for the record as it is now."),
    )  # fmt: skip


def _words() -> tuple[Entry, ...]:
    """What stands around an answer (labels are filled in), and what a check objects to."""
    return (
        word("case_reply_greeting", "您好，关于工单 {case}：", "Hello, about your case {case}:", "答复的开头。", "An answer begins so."),
        word("case_reply_found", "核对记录后，情况如下：", "The records show this:", "原因前面的一句。", "The line before the reasons."),
        word("case_reply_facts", "相关的记录：", "The records behind it:", "数字前面的一句。", "The line before the numbers."),
        word("case_reply_next", "接下来可以这样做：", "What to do next:", "步骤前面的一句。", "The line before the steps."),
        word("case_reply_closing", "如果与您看到的不符，请在工单里回复，不要发送完整的 Key 或截图。", "If this is not what you see, answer in the case; never send a whole key or a screenshot.", "答复的结尾。", "An answer ends so."),
        word("case_reply_not_found", "按您提供的信息，还没有找到对应的记录。", "With what you have told us, no record was found yet.", "没有找到记录时的答复。", "The answer where no record was found."),
        word("case_settled_compensation", "已经补偿 {amount}，有效期三十天。", "{amount} was credited as compensation, for thirty days.", "补偿记账之后的说明。", "Said once compensation was posted."),
        word("case_settled_refund", "已经退回 {amount}。", "{amount} was given back.", "退款记账之后的说明。", "Said once a refund was posted."),
        word("case_settled_credit_again", "订单的 {amount} 已经入账。", "The order of {amount} was credited.", "补入账之后的说明。", "Said once a missing credit was posted."),
        word("objection_secret", "秘密", "A secret", "像 Key、密码或兑换码的内容。", "Something like a key, a password or a code."),
        word("objection_other_account", "其他账户的信息", "Another account's", "不属于这个账户的编号、邮箱或名称。", "An id, an address or a name that is not this account's."),
        word("objection_upstream", "上游的名称", "An upstream's name", "客户不应看到由谁提供服务。", "Customers are not told who serves a call."),
        word("objection_routing", "内部线路", "Internal routing", "说到了调用在内部怎么走。", "It speaks of how calls are routed inside."),
        word("objection_promise", "承诺", "A promise", "承诺了政策没有允许的结果或时间。", "It promises an outcome or a time that policy does not allow."),
    )  # fmt: skip


def _actions() -> tuple[Entry, ...]:
    do = Text(
        zh="财务：对照工单确认的记录和金额，再决定。",
        en="Finance: compare it with the record that the case was confirmed to be about, and its amount.",
    )
    kind = "approval_action"
    return (
        _entry(kind, "case_compensation", "工单补偿", "Compensate for a case", "给工单的账户一笔三十天有效的额度，原因是这张工单。", "The case's account is credited for thirty days, with the case as its cause.", do=do, owner=Owner.FINANCE),
        _entry(kind, "case_refund", "工单退款", "Refund for a case", "退回工单所说的扣费，或订单的付款。", "The charge that a case is about goes back, or money of its order.", do=do, owner=Owner.FINANCE),
        _entry(kind, "case_credit_again", "工单补入账", "Credit an order for a case", "付款已经看到、却没有到账的订单入账。", "An order whose payment was seen and that was not credited is credited.", do=do, owner=Owner.FINANCE),
    )  # fmt: skip


def _notifications() -> tuple[Entry, ...]:
    look = Text(zh="登录后打开工单，看答复和记账。", en="Sign in and open the case for the answer and what was posted.")
    return (
        *told(
            "case_answered",
            subject=Text(zh="工单 {case} 有了答复", en="Your case {case} has an answer"),
            meaning=Text(
                zh="客服答复了这个账户的工单；内容登录后才能看。",
                en="Support has answered a case of this account; the answer is shown after signing in.",
            ),
            text=Text(
                zh="工单 {case} 有了答复。登录后可以查看，也可以继续回复。",
                en="Case {case} has an answer. Sign in to read it, and to write back.",
            ),
            sent=Text(zh="每次答复时发送一次。", en="Sent once for each answer."),
            look=look,
            change=Text(
                zh="登录后阅读；与看到的不符时，在工单里回复。",
                en="Read it after signing in; if it is not what you see, write back in the case.",
            ),
        ),
        *told(
            "case_settled",
            subject=Text(
                zh="工单 {case}：{amount} {currency} 已经记账", en="Case {case}: {amount} {currency} was posted"
            ),
            meaning=Text(
                zh="为这张工单的补偿、退款或补入账已经批准并记账。",
                en="Compensation, a refund or a missing credit for a case was approved and posted.",
            ),
            text=Text(
                zh="工单 {case} 的款项已经记账：{amount} {currency}。明细里的原因就是这张工单。",
                en="The money of case {case} was posted: {amount} {currency}. The statement names the case as its cause.",
            ),
            sent=Text(zh="记账时发送，每笔一次。", en="Sent when it is posted, once for each."),
            look=look,
            change=Text(
                zh="请在余额和明细里核对；不符时重新打开工单。",
                en="Check the balance and the statement; open the case again if they differ.",
            ),
        ),
    )


def case_entries() -> tuple[Entry, ...]:
    """All of them. The kinds of cases are read when this is called, so that the file stands before they do."""
    return _states() + _events() + _resolutions() + _choices() + _errors() + _words() + _actions() + _notifications()
