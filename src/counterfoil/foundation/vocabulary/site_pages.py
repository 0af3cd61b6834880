"""Words of the look-up pages and of explanations: parts of pages, what each check asks, the facts of a request."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="在 /why 用请求编号查看。",
        en="Look at /why with the request id.",
    ),
    what_to_change=Text(
        zh="页面内容与看到的不符时，请带请求编号联系客服。",
        en="If the page differs from what you saw, contact support with the request id.",
    ),
    how_to_go_back=Text(
        zh="查看不会改变任何记录。",
        en="Looking changes no record.",
    ),
)


def _entry(kind: Kind, code: str, *, label: Text, explanation: Text, owner: Owner = Owner.CUSTOMER) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=_NEXT_STEP,
    )


def _part(code: str, *, label: Text, explanation: Text) -> Entry:
    return _entry(Kind.PAGE, code, label=label, explanation=explanation)


_PARTS = (
    _part(
        "site",
        label=Text(zh="存根", en="Counterfoil"),
        explanation=Text(
            zh="每一次拒绝都说明原因，每一笔扣费都有出处。",
            en="Every refusal says why, and every charge names its cause.",
        ),
    ),
    _part(
        "why_failed",
        label=Text(zh="这次请求失败了", en="This request failed"),
        explanation=Text(
            zh="各项检查都通过了，但没有得到可用的回答；预留的金额已经放回。",
            en="Every check passed, but no usable answer came; what was reserved has been released.",
        ),
    ),
    _part(
        "why_held",
        label=Text(zh="这次请求正在进行", en="This request is in progress"),
        explanation=Text(
            zh="各项检查都通过了，最高费用已经预留，结束后按实际用量结算。",
            en="Every check passed and its highest cost is reserved; in the end only what was used is charged.",
        ),
    ),
    _part(
        "why_unknown",
        label=Text(zh="这次请求的结果还不知道", en="How this request ended is not known yet"),
        explanation=Text(
            zh="各项检查都通过了，但不知道模型服务是否完成；预留的金额已经放回。",
            en="Every check passed, but whether the model service finished is unknown; what was reserved has been released.",
        ),
    ),
    _part(
        "why_facts",
        label=Text(zh="记录了什么", en="What is on record"),
        explanation=Text(
            zh="请求和回答的内容从不保存。",
            en="The content of a request and of its answer is never kept.",
        ),
    ),
    _part(
        "why_attempts",
        label=Text(zh="向模型服务的尝试", en="Attempts at model services"),
        explanation=Text(
            zh="不论尝试几次，只扣费一次。",
            en="However many there were, the request is charged once.",
        ),
    ),
    _part(
        "why_another",
        label=Text(zh="再查一个请求", en="Look up another request"),
        explanation=Text(
            zh="粘贴请求编号或错误信息。",
            en="Paste a request id or an error text.",
        ),
    ),
    _part(
        "why_words",
        label=Text(zh="这里用到的词", en="The words used here"),
        explanation=Text(
            zh="状态、扣费标记、检查项和其他错误代码的意思。",
            en="What states, charge marks, checks and the other error codes mean.",
        ),
    ),
    _part(
        "why_too_long",
        label=Text(zh="文字太长", en="This text is too long"),
        explanation=Text(
            zh="请只粘贴错误信息或请求编号，不要粘贴整份日志。刚才的文字没有保存。",
            en="Paste the error or the request id alone, not a whole log. What you pasted has not been kept.",
        ),
    ),
    _part(
        "why_unavailable",
        label=Text(zh="暂时查不到记录", en="The records cannot be read right now"),
        explanation=Text(
            zh="请过一分钟再查；记录和余额不受影响。",
            en="Try again in a minute; records and balance are not affected.",
        ),
    ),
    _part(
        "why_try",
        label=Text(zh="试一试", en="Try it"),
        explanation=Text(
            zh="把命令复制到终端，再打开错误里的链接。",
            en="Copy a command into a terminal, then follow the link in the error.",
        ),
    ),
    _part(
        "why_examples",
        label=Text(zh="真实发生过的拒绝", en="Refusals that really happened"),
        explanation=Text(
            zh="每个错误代码一例，点开可以看到当时的检查。",
            en="One of each code: open it to see what was checked.",
        ),
    ),
    _part(
        "why_proof",
        label=Text(zh="账本自证", en="The ledger's proof"),
        explanation=Text(
            zh="从每一笔变动重新算出的结果。",
            en="What recomputing every movement has found.",
        ),
    ),
    _part(
        "page_method",
        label=Text(zh="这个页面只能打开", en="This page can only be opened"),
        explanation=Text(
            zh="请在浏览器里打开，或用 GET 请求。",
            en="Open it in a browser, or ask for it with GET.",
        ),
    ),
    _part(
        "why_promise",
        label=Text(zh="粘贴的文字不会保存", en="What you paste is not kept"),
        explanation=Text(
            zh="文字只用来找出请求编号，不保存，也不写入日志。",
            en="It is read for a request id and forgotten: not stored, not logged.",
        ),
    ),
    Entry(
        kind=Kind.PAGE,
        code="why_elsewhere",
        owner=Owner.CUSTOMER,
        label=Text(zh="这个错误不是这里返回的", en="This error was not made here"),
        explanation=Text(
            zh="这是另一个服务自己的错误格式，所以这里没有它的记录。这里的拒绝总带有请求编号和这里的错误代码。",
            en="It has the form of another service's own errors, so there is no record of it here. A refusal of ours always carries a request id and one of our codes.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看客户端里的接口地址（base_url）：它决定请求发给了谁。",
                en="Look at the base URL in your client: it decides who the call went to.",
            ),
            what_to_change=Text(
                zh="本来要用这个服务时，请改用这里的接口地址和 Key；否则请到返回错误的服务那里查余额和限额。",
                en="If the call was meant for this service, set its base URL and its key; if not, check balance and limits with the service that answered.",
            ),
            how_to_go_back=Text(
                zh="把接口地址改回原来的即可，余额和记录不受影响。",
                en="Put the earlier base URL back; balance and records are not affected.",
            ),
        ),
    ),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str, owner: Owner = Owner.CUSTOMER) -> Entry:
    return _entry(Kind.WORD, code, label=Text(zh=zh, en=en), explanation=Text(zh=hint_zh, en=hint_en), owner=owner)


# What each check asks. `{holder}` is whose it is, `{window}` how long the limit adds up.
_CHECKS = (
    _word("check_account_balance", zh="账户余额", en="Account balance", hint_zh="可用余额够不够。", hint_en="Whether what is available is enough."),
    _word("check_account_limit", zh="账户限额（{window}）", en="Account limit, {window}", hint_zh="账户在这个周期的上限。", hint_en="What the account may spend in that time."),
    _word("check_group_quota", zh="分组额度（{window}）", en="Group quota, {window}", hint_zh="分组在这个周期的上限。", hint_en="What the group may spend in that time."),
    _word("check_key_limit", zh="单个 API Key 限额（{window}）", en="Key limit, {window}", hint_zh="这个 Key 在这个周期的上限。", hint_en="What the key may spend in that time."),
    _word("check_request_ceiling", zh="单次请求费用上限（{holder}）", en="Ceiling for one request ({holder})", hint_zh="一次请求最多允许花多少。", hint_en="The most that one request may cost."),
    _word("check_requests", zh="请求数，{window}（{holder}）", en="Requests {window} ({holder})", hint_zh="这段时间允许的请求数。", hint_en="How many requests are allowed in that time."),
    _word("check_tokens", zh="Token 数，{window}（{holder}）", en="Tokens {window} ({holder})", hint_zh="这段时间允许的 Token 数。", hint_en="How many tokens are allowed in that time."),
    _word("check_in_flight", zh="同时进行的请求数（{holder}）", en="Requests at once ({holder})", hint_zh="允许同时进行多少请求。", hint_en="How many requests may be in progress."),
    _word("check_account_suspended", zh="账户正常使用中", en="Account is active", hint_zh="账户没有暂停或关闭。", hint_en="The account is neither suspended nor closed."),
    _word("check_key_disabled", zh="已启用（{holder}）", en="Enabled ({holder})", hint_zh="没有被停用。", hint_en="It has not been disabled."),
    _word("check_key_invalid", zh="Key 是当前的", en="Key is the current one", hint_zh="没有被新的 Key 替换。", hint_en="It has not been replaced by a new one."),
    _word("check_key_expired", zh="Key 在有效期内", en="Key has not expired", hint_zh="还没有到期。", hint_en="Its expiry has not come."),
    _word("check_ip_not_allowed", zh="来源地址允许", en="Address is allowed", hint_zh="来源地址在 Key 的名单里。", hint_en="The address is on the key's list."),
    _word("check_model_not_permitted", zh="模型权限（{holder}）", en="Model permission ({holder})", hint_zh="允许使用这个模型。", hint_en="This model may be used."),
    _word("check_bad_request", zh="请求可以处理", en="Request can be handled", hint_zh="格式和内容没有错误。", hint_en="Nothing in its form or content is wrong."),
    _word("check_model_not_found", zh="模型存在", en="Model exists", hint_zh="这里有这个名称的模型。", hint_en="There is a model of this name."),
    _word("check_idempotency_key_reused", zh="Idempotency-Key 没有用于别的内容", en="Idempotency-Key fits its content", hint_zh="同一个 Idempotency-Key 只带同样的内容。", hint_en="The same Idempotency-Key came with the same content only."),
    _word("check_duplicate_submission", zh="不是重复提交", en="Not a duplicate", hint_zh="同样的内容没有提交过。", hint_en="The same thing has not been sent before."),
    _word("check_cost_unbounded", zh="费用有上限", en="Cost has a bound", hint_zh="最高费用可以事先算出。", hint_en="The highest cost can be known beforehand."),
    _word("check_price_missing", zh="模型有价格", en="Model has a price", hint_zh="价目表里有这种用量。", hint_en="The price book has this kind of use.", owner=Owner.OPERATIONS),
    _word("check_service", zh="模型服务可用", en="Model service is available", hint_zh="有模型服务可以接这个请求。", hint_en="A model service can take the request.", owner=Owner.OPERATIONS),
    _word("holder_account", zh="账户", en="account", hint_zh="整个账户。", hint_en="The whole account."),
    _word("holder_group", zh="分组", en="group", hint_zh="Key 所在的分组。", hint_en="The group that the key belongs to."),
    _word("holder_key", zh="Key", en="key", hint_zh="发出请求的 Key。", hint_en="The key that was used."),
    _word("holder_model", zh="模型", en="model", hint_zh="请求的模型。", hint_en="The model that was asked for."),
    _word("holder_cost", zh="费用", en="cost", hint_zh="这次请求的费用。", hint_en="What the request costs."),
    _word("holder_request", zh="请求", en="request", hint_zh="请求本身。", hint_en="The request itself."),
)  # fmt: skip

_FACTS = (
    _word("received_at", zh="收到时间", en="Received", hint_zh="请求到达的时间（UTC）。", hint_en="When the request arrived (UTC)."),
    _word("decided_at", zh="决定时间", en="Decided", hint_zh="作出决定的时间（UTC）。", hint_en="When it was decided (UTC)."),
    _word("first_byte_at", zh="首字节时间", en="First byte", hint_zh="开始返回回答的时间（UTC）。", hint_en="When the answer began (UTC)."),
    _word("ended_at", zh="结束时间", en="Ended", hint_zh="请求结束的时间（UTC）。", hint_en="When the request ended (UTC)."),
    _word("endpoint", zh="接口", en="Endpoint", hint_zh="调用的是哪个接口。", hint_en="Which address was called."),
    _word("streamed", zh="流式输出", en="Streaming", hint_zh="回答是否分段返回。", hint_en="Whether the answer came in parts."),
    _word("client", zh="客户端", en="Client", hint_zh="客户端自报的名称和版本。", hint_en="Name and version that the client gave itself."),
    _word("client_address", zh="来源地址", en="Client address", hint_zh="请求来自哪个地址。", hint_en="Where the request came from."),
    _word("retry_count", zh="第几次重试", en="Retry number", hint_zh="客户端自报的重试次数。", hint_en="What the client says of its retries."),
    _word("in_flight_then", zh="当时进行中的请求", en="In progress then", hint_zh="作出决定时账户里进行中的请求数。", hint_en="How many requests the account had in progress when it was decided."),
    _word("output_cap", zh="输出上限", en="Output cap", hint_zh="最多输出多少 Token。", hint_en="The most tokens of output."),
    _word("needed_amount", zh="最高费用", en="Highest cost", hint_zh="这次请求最多要用的金额。", hint_en="The most that this request could cost."),
    _word("held_amount", zh="预留金额", en="Reserved", hint_zh="为这次请求预留的金额。", hint_en="What was reserved for this request."),
    _word("charged_amount", zh="扣费金额", en="Charged", hint_zh="这次请求扣掉的金额。", hint_en="What this request was charged."),
    _word("refunded_amount", zh="退款金额", en="Refunded", hint_zh="已经退回的金额。", hint_en="What has been returned."),
    _word("uncollected_amount", zh="未收金额", en="Uncollected", hint_zh="用掉了但余额不够扣的金额，由服务方承担。", hint_en="Used, but not covered by the balance; the operator bears it.", owner=Owner.FINANCE),
    _word("tokens", zh="Token 用量", en="Tokens", hint_zh="按种类计的用量。", hint_en="What was used, by kind."),
    _word("estimated", zh="用量是估计的", en="Usage is estimated", hint_zh="模型服务没有给出用量，由我们自己计数。", hint_en="The model service gave no usage, so it was counted here."),
    _word("arithmetic", zh="计算过程", en="Arithmetic", hint_zh="金额是怎样算出来的。", hint_en="How the amount was worked out."),
    _word("price_version", zh="价格版本", en="Price version", hint_zh="按哪一版价格计算。", hint_en="The version of the price that applied."),
    _word("price_tier", zh="倍率", en="Price tier", hint_zh="分组的价格倍率。", hint_en="What the group's prices are multiplied by."),
    _word("repeats", zh="共用这条记录的次数", en="Refusals in this record", hint_zh="同一分钟里相同的拒绝共用一条记录。", hint_en="Identical refusals of one minute share a record."),
    _word("upstream", zh="模型服务", en="Model service", hint_zh="尝试的是哪个模型服务。", hint_en="Which model service was tried.", owner=Owner.OPERATIONS),
    _word("upstream_model", zh="对方的模型名称", en="Its name for the model", hint_zh="模型服务自己的模型名称。", hint_en="What the model service calls the model.", owner=Owner.OPERATIONS),
    _word("outcome", zh="结果", en="Outcome", hint_zh="这次尝试怎样结束。", hint_en="How the attempt ended.", owner=Owner.OPERATIONS),
    _word("duration", zh="用时", en="Took", hint_zh="从发出到结束。", hint_en="From sending to its end."),
    _word("response_id", zh="对方的编号", en="Its id", hint_zh="模型服务给这次尝试的编号。", hint_en="The model service's own id of the attempt.", owner=Owner.OPERATIONS),
    _word("attempt_cost", zh="成本", en="Cost", hint_zh="按模型服务的价格计算。", hint_en="At the model service's prices.", owner=Owner.FINANCE),
    _word("looks_like", zh="看起来来自", en="Looks like an error of", hint_zh="由错误的格式判断。", hint_en="Told by the form of the error."),
    _word("also_found", zh="文字里还有", en="Also in this text", hint_zh="同一段文字里的其他请求编号。", hint_en="Other request ids in the same text."),
)  # fmt: skip

_SITE = (
    _word("language_name", zh="中文", en="English", hint_zh="用中文显示。", hint_en="Show this in English."),
    _word("skip_to_content", zh="跳到正文", en="Skip to the content", hint_zh="越过页眉。", hint_en="Passes over the header."),
    _word("mark_elsewhere", zh="不在这里", en="Not ours", hint_zh="另一个服务的错误。", hint_en="Another service's error."),
    _word("mark_general", zh="一般说明", en="In general", hint_zh="这个代码的意思，不是某一次请求。", hint_en="What a code means, not what one request met."),
    _word("slip_number", zh="编号", en="Number", hint_zh="请求编号。", hint_en="The request id."),
    _word("checks_passed", zh="{count} 项通过", en="{count} passed", hint_zh="通过的检查。", hint_en="Checks that passed."),
    _word("checks_failed", zh="{count} 项未通过", en="{count} did not pass", hint_zh="没有通过的检查。", hint_en="Checks that did not pass."),
    _word("as_of", zh="截至 {time}", en="As of {time}", hint_zh="数字读取的时间（UTC）。", hint_en="When the numbers were read (UTC)."),
    _word("not_verified_yet", zh="尚未核对", en="not yet", hint_zh="核对还没有进行。", hint_en="It has not been checked yet."),
    _word("refreshing", zh="每 {seconds} 秒刷新一次", en="Refreshes every {seconds} s", hint_zh="结束后停止刷新。", hint_en="It stops when everything is done."),
    _word("call_served", zh="会成功的调用", en="A call that is served", hint_zh="复制到终端运行。", hint_en="Copy it into a terminal."),
    _word("call_refused", zh="会得到 402 的调用", en="A call that gets a 402", hint_zh="看错误里的说明和链接。", hint_en="Look at the words and the link in the error."),
    _word("money_section", zh="钱在哪里", en="Where the money went", hint_zh="扣费、预留和账单。", hint_en="Charges, reservations and the bill."),
)  # fmt: skip

_STATES = (
    Entry(
        kind=Kind.REQUEST_STATE,
        code="served_not_charged",
        owner=Owner.CUSTOMER,
        label=Text(zh="已完成但未扣费", en="Served, not charged"),
        explanation=Text(
            zh="回答或任务的结果在预留到期之后才完成，所以不扣费，由服务方承担。",
            en="The answer or the task's result came after its reservation had ended, so it is not charged; the operator bears it.",
        ),
        next_step=_NEXT_STEP,
    ),
)


def _attempt(code: str, *, label: Text, explanation: Text) -> Entry:
    # Attempts show which upstreams there are: internal routing, never public.
    return Entry(
        kind=Kind.ATTEMPT_STATE,
        code=code,
        owner=Owner.OPERATIONS,
        public=False,
        label=label,
        explanation=explanation,
        next_step=NextStep(
            where_to_look=Text(
                zh="看这次尝试的状态码、用时和模型服务返回的编号。",
                en="Look at this attempt's status code, duration and the id the model service gave it.",
            ),
            what_to_change=Text(
                zh="同一个模型服务接连失败时，调整它的优先级或停用它。",
                en="When one model service keeps failing, change its priority or switch it off.",
            ),
            how_to_go_back=Text(
                zh="优先级和启停随时可以改回。",
                en="Priority and switch can be put back at any time.",
            ),
        ),
    )


_ATTEMPTS = (
    _attempt(
        "rejected",
        label=Text(zh="被拒绝", en="Rejected"),
        explanation=Text(
            zh="模型服务明确拒绝了这次尝试，没有产生费用。",
            en="The model service definitely rejected this attempt, at no cost.",
        ),
    ),
    _attempt(
        "not_connected",
        label=Text(zh="没有连上", en="Not connected"),
        explanation=Text(
            zh="没有连接上模型服务，没有产生费用。",
            en="The model service could not be reached, at no cost.",
        ),
    ),
    _attempt(
        "cut",
        label=Text(zh="中途断开", en="Cut off"),
        explanation=Text(
            zh="回答没有传完连接就断了，可能出现在模型服务的账单上。",
            en="The connection broke before the answer was whole; it may be on the model service's bill.",
        ),
    ),
    _attempt(
        "unreadable",
        label=Text(zh="无法识别", en="Not readable"),
        explanation=Text(
            zh="模型服务的回答不是可以识别的格式。",
            en="What the model service answered could not be read.",
        ),
    ),
    _attempt(
        "out_of_money",
        label=Text(zh="服务方余额不足", en="Operator's account empty"),
        explanation=Text(
            zh="服务方在模型服务那里的余额或额度用完了，与客户的余额无关。",
            en="The operator's own credit with the model service is used up; this is not about any customer's balance.",
        ),
    ),
)


def _error(code: str, *, label: Text, explanation: Text, look: Text, change: Text) -> Entry:
    return Entry(
        kind=Kind.ERROR,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(
            where_to_look=look,
            what_to_change=change,
            how_to_go_back=Text(zh="查看不会改变任何记录。", en="Looking changes no record."),
        ),
    )


_ERRORS = (
    _error(
        "request_not_found",
        label=Text(zh="没有这个请求编号的记录", en="No record of this request id"),
        explanation=Text(
            zh="这里没有这个请求编号的记录；用无法识别的 Key 发出的请求没有记录。",
            en="There is no record of this request id here; a request with an unknown key leaves none.",
        ),
        look=Text(
            zh="看错误信息或响应头 X-Request-Id 里的编号。",
            en="Look at the id in the error or in the X-Request-Id header.",
        ),
        change=Text(
            zh="请核对编号是否完整，以及是不是这个服务返回的。",
            en="Check that the id is whole and came from this service.",
        ),
    ),
    _error(
        "subject_not_recognised",
        label=Text(zh="没有找到请求编号", en="No request id found"),
        explanation=Text(
            zh="这段文字里没有请求编号，也没有这里的错误代码。",
            en="This text has no request id and no error code of this service.",
        ),
        look=Text(
            zh="请求编号以 req_ 开头，在错误信息和响应头 X-Request-Id 里。",
            en="A request id begins with req_ and is in the error and in the X-Request-Id header.",
        ),
        change=Text(
            zh="请粘贴请求编号，或包含它的整段错误信息。",
            en="Paste the request id, or the whole error that holds it.",
        ),
    ),
)

ENTRIES = _PARTS + _CHECKS + _FACTS + _SITE + _STATES + _ATTEMPTS + _ERRORS
