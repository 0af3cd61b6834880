"""Refusals that are about the key, permission, the request itself or its pace; none is about money."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_KEY_REFUSALS = (
    Entry(
        kind=Kind.REFUSAL,
        code="key_invalid",
        owner=Owner.CUSTOMER,
        label=Text(zh="API Key 无效", en="Key not known"),
        explanation=Text(
            zh="这里没有这个 API Key。",
            en="This API key is not known here.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看客户端里填的 API Key 和接口地址：是否复制完整、有没有多余空格、是不是这个服务签发的。",
                en="Look at the API key and the base URL in your client: copied whole, no stray spaces, issued by this service.",
            ),
            what_to_change=Text(
                zh="请完整复制 API Key 再试；如果找不到原文，请让团队管理员新建一个。",
                en="Copy the whole key and try again; if it is lost, ask your team admin for a new one.",
            ),
            how_to_go_back=Text(
                zh="换 Key 不影响余额和记录；不再使用的 Key 可以停用。",
                en="Another key changes neither balance nor records; a key that is no longer used can be disabled.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="key_disabled",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="API Key 已停用", en="Key disabled"),
        explanation=Text(
            zh="这个 API Key 或它所在的分组已被停用。",
            en="This API key, or the group it belongs to, has been disabled.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="用 Key 掩码（例如 sk-…3fA9）确认是哪一个 Key、哪一个分组被停用。",
                en="Use the key mask (such as sk-…3fA9) to see which key or group was disabled.",
            ),
            what_to_change=Text(
                zh="请让团队管理员重新启用，或改用另一个 Key。",
                en="Ask your team admin to enable it again, or use another key.",
            ),
            how_to_go_back=Text(
                zh="重新启用后可以随时再停用，历史记录不会改变。",
                en="An enabled key can be disabled again at any time; its history stays as it is.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="key_expired",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="API Key 已过期", en="Key expired"),
        explanation=Text(
            zh="这个 API Key 已经过了有效期。",
            en="This API key is past its expiry time.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看这个 Key 设定的到期时间和它的时区。",
                en="Look at the expiry time that was set for this key, and its time zone.",
            ),
            what_to_change=Text(
                zh="请让团队管理员延长有效期，或换一个新的 Key。",
                en="Ask your team admin to extend it, or to give you a new key.",
            ),
            how_to_go_back=Text(
                zh="有效期可以再改短；余额属于账户，不会随 Key 过期。",
                en="The expiry can be brought forward again; the balance belongs to the account and does not expire with a key.",
            ),
        ),
    ),
)

_PERMISSION_REFUSALS = (
    Entry(
        kind=Kind.REFUSAL,
        code="ip_not_allowed",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="来源地址不允许", en="Address not allowed"),
        explanation=Text(
            zh="这个 API Key 只允许从指定的 IP 地址调用，这次请求的来源不在其中。",
            en="This API key may only be used from certain IP addresses, and this request came from another one.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看程序实际的出口 IP（代理和云函数常会改变它），再对照这个 Key 的地址名单。",
                en="Look at the address your program really calls from (proxies and cloud functions change it), and at this key's list.",
            ),
            what_to_change=Text(
                zh="请换到允许的网络再调用，或让团队管理员把这个地址加入名单。",
                en="Call from an allowed network, or ask your team admin to add this address.",
            ),
            how_to_go_back=Text(
                zh="加入名单的地址可以随时移除。",
                en="An added address can be removed again at any time.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="account_suspended",
        owner=Owner.SUPPORT,
        label=Text(zh="账户已暂停", en="Account suspended"),
        explanation=Text(
            zh="这个账户目前已暂停或关闭，所有 Key 都不能调用。",
            en="This account is suspended or closed at the moment, so none of its keys can make calls.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="由账户所有者查看账户状态和服务方发来的通知。",
                en="The account's owner can look at the account's state and at notices from the operator.",
            ),
            what_to_change=Text(
                zh="请由账户所有者带着请求编号联系客服。",
                en="Ask the account's owner to contact support with the request id.",
            ),
            how_to_go_back=Text(
                zh="恢复后，Key、限额和余额都和暂停前一样。",
                en="Once it is active again, keys, limits and balance are as they were before.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="model_not_permitted",
        owner=Owner.TEAM_ADMIN,
        label=Text(zh="没有模型权限", en="Model not permitted"),
        explanation=Text(
            zh="这个 API Key 或它的分组没有使用这个模型的权限；这与余额无关。",
            en="This API key or its group has no permission for this model; this has nothing to do with the balance.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="用同一个 Key 请求 /v1/models，返回的就是它可以使用的模型。",
                en="Ask /v1/models with the same key: it lists the models this key may use.",
            ),
            what_to_change=Text(
                zh="请换一个有权限的模型，或让团队管理员开通模型权限。",
                en="Choose a permitted model, or ask your team admin for permission.",
            ),
            how_to_go_back=Text(
                zh="开通的模型权限可以在 Key 或分组上收回。",
                en="A permission can be taken back on the key or on the group.",
            ),
        ),
    ),
)

_REQUEST_REFUSALS = (
    Entry(
        kind=Kind.REFUSAL,
        code="bad_request",
        owner=Owner.CUSTOMER,
        label=Text(zh="请求有误", en="Request not understood"),
        explanation=Text(
            zh="这次请求的内容有误，无法处理。",
            en="Something in this request is wrong, so it cannot be handled.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看错误信息里的字段名（param）和说明。",
                en="Look at the field name (param) and the description in the error.",
            ),
            what_to_change=Text(
                zh="请按说明改正请求后再发一次；不改直接重试结果不变。",
                en="Correct the request as described and send it again; sending it unchanged will not help.",
            ),
            how_to_go_back=Text(
                zh="这次请求没有留下需要撤销的东西。",
                en="This request left nothing behind that would have to be undone.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="model_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这个模型", en="Model not found"),
        explanation=Text(
            zh="这里没有这个名称的模型。",
            en="There is no model of this name here.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="请求 /v1/models 可以看到准确的模型名称。",
                en="Ask /v1/models for the exact names of the models.",
            ),
            what_to_change=Text(
                zh="请把模型名称改成 /v1/models 列出的名称。",
                en="Change the model name to one that /v1/models lists.",
            ),
            how_to_go_back=Text(
                zh="把模型名称改回原来的即可，不影响其他设置。",
                en="Put the earlier model name back; nothing else is affected.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="idempotency_key_reused",
        owner=Owner.CUSTOMER,
        label=Text(zh="Idempotency-Key 用于不同内容", en="Idempotency-Key reused"),
        explanation=Text(
            zh="这个 Idempotency-Key 已经用于另一份内容，所以这一次没有执行。",
            en="This Idempotency-Key was used before for different content, so this one was not carried out.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看第一次提交的任务编号或请求编号：它的状态和扣费都没有因此改变。",
                en="Look at the first submission by its task id or request id: neither its state nor its charge has changed.",
            ),
            what_to_change=Text(
                zh="请为新的内容换一个 Idempotency-Key；如果是重试，内容要与第一次完全相同。",
                en="Send another Idempotency-Key for new content; a retry has to send exactly what the first one sent.",
            ),
            how_to_go_back=Text(
                zh="这一次没有执行，不需要撤销；第一次提交照旧。",
                en="This one was not carried out, so there is nothing to undo; the first submission goes on as it was.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="duplicate_submission",
        owner=Owner.CUSTOMER,
        label=Text(zh="重复提交", en="Duplicate submission"),
        explanation=Text(
            zh="同样的内容已经提交过，这一份副本没有执行。",
            en="The same thing has been submitted before, so this copy was not carried out.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看第一份的任务编号或请求编号：它可能仍在进行，也可能已经完成并扣费。",
                en="Look at the first one by its task id or request id: it may still be running, or be done and charged.",
            ),
            what_to_change=Text(
                zh="请先看第一份，等它的结果；确实要再做一次，请换一个 Idempotency-Key。",
                en="Look at the first one and wait for its result; if you do want it twice, send another Idempotency-Key.",
            ),
            how_to_go_back=Text(
                zh="副本没有执行，不需要撤销；重复提交的处理方式由团队管理员设定。",
                en="The copy was not carried out, so there is nothing to undo; your team admin sets how duplicates are treated.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="too_many_in_flight",
        owner=Owner.CUSTOMER,
        label=Text(zh="同时进行的请求过多", en="Too many requests at once"),
        explanation=Text(
            zh="同时进行的请求已经达到上限。",
            en="As many requests as allowed are already in progress.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看程序的并发数，以及还没有结束的请求和任务。",
                en="Look at your program's concurrency, and at requests and tasks that have not ended.",
            ),
            what_to_change=Text(
                zh="请等正在进行的请求结束后再试，或降低并发数。",
                en="Try again when a running request has ended, or lower your concurrency.",
            ),
            how_to_go_back=Text(
                zh="并发数随时可以调回；需要更高上限时请找团队管理员。",
                en="You can raise your concurrency again at any time; ask your team admin for a higher limit.",
            ),
        ),
    ),
    Entry(
        kind=Kind.REFUSAL,
        code="rate_limited",
        owner=Owner.CUSTOMER,
        label=Text(zh="请求太频繁", en="Too many requests or tokens"),
        explanation=Text(
            zh="这一分钟或这一天的请求数或 Token 数已经达到上限。",
            en="The requests or tokens of this minute or this day have reached their limit.",
        ),
        next_step=NextStep(
            where_to_look=Text(
                zh="看响应头 Retry-After，以及客户端的重试设置。",
                en="Look at the Retry-After header, and at your client's retry settings.",
            ),
            what_to_change=Text(
                zh="请按 Retry-After 等一会儿再试，并把请求分散开。",
                en="Wait as long as Retry-After says, and spread your requests out.",
            ),
            how_to_go_back=Text(
                zh="到下一分钟或下一天自动恢复，不需要操作。",
                en="The next minute or day starts afresh by itself.",
            ),
        ),
    ),
)

ENTRIES = _KEY_REFUSALS + _PERMISSION_REFUSALS + _REQUEST_REFUSALS
