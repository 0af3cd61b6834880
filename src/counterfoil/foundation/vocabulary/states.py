"""States: of requests and their attempts, and of charges (the charge mark)."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_UP_REQUEST = Text(
    zh="在 /why 粘贴请求编号，查看它的状态和扣费标记。",
    en="Paste the request id at /why to see its state and charge mark.",
)
_KEEP_REQUEST_ID = Text(
    zh="如果状态与看到的不一致，请带请求编号联系客服。",
    en="If this differs from what you saw, contact support with the request id.",
)
_RECORDS_STAY = Text(
    zh="状态是记录，不能修改；有差错时以新的退款或调整更正。",
    en="A state is a record and is not edited; a mistake is corrected by a new refund or adjustment.",
)


def _request_state(code: str, *, label: Text, explanation: Text, what_to_change: Text = _KEEP_REQUEST_ID) -> Entry:
    return Entry(
        kind=Kind.REQUEST_STATE,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK_UP_REQUEST, what_to_change=what_to_change, how_to_go_back=_RECORDS_STAY),
    )


_WAIT_FOR_RESULT = Text(
    zh="请等它结束，不要重复发送同样的请求。",
    en="Wait for it to end instead of sending the same request again.",
)

_REQUEST_STATES = (
    _request_state(
        "held",
        label=Text(zh="进行中", en="In progress"),
        explanation=Text(
            zh="请求已获准并在进行，最高费用已经预留，结束后按实际用量结算。",
            en="The request was admitted and is in progress; its highest cost is reserved until it ends.",
        ),
        what_to_change=_WAIT_FOR_RESULT,
    ),
    _request_state(
        "served",
        label=Text(zh="已完成", en="Served"),
        explanation=Text(
            zh="请求已经得到完整的回答，费用按实际用量确定。",
            en="The request got its whole answer, and its cost is settled by what it really used.",
        ),
    ),
    _request_state(
        "failed",
        label=Text(zh="失败", en="Failed"),
        explanation=Text(
            zh="请求没有得到可用的回答，预留的金额已经放回。",
            en="The request got no usable answer, and what was reserved has been released.",
        ),
        what_to_change=Text(
            zh="可以重新发送；如果一直失败，请带请求编号联系客服。",
            en="You can send it again; if it keeps failing, contact support with the request id.",
        ),
    ),
    _request_state(
        "refused",
        label=Text(zh="已拒绝", en="Refused"),
        explanation=Text(
            zh="请求在开始之前就被拒绝，没有预留也没有扣费。",
            en="The request was refused before it started; nothing was reserved and nothing charged.",
        ),
        what_to_change=Text(
            zh="请按拒绝信息里的下一步处理，再重新发送。",
            en="Follow the next step in the refusal, then send it again.",
        ),
    ),
    _request_state(
        "unknown",
        label=Text(zh="结果未知", en="Outcome unknown"),
        explanation=Text(
            zh="还不知道模型服务是否完成了这个请求；在弄清之前不会扣费。",
            en="Whether the model service finished this request is not known; until it is, nothing is charged.",
        ),
        what_to_change=Text(
            zh="不需要操作，我们会用模型服务的账单核对。",
            en="There is nothing to do: it will be checked against the model service's bill.",
        ),
    ),
    _request_state(
        "client_gone",
        label=Text(zh="客户端已断开", en="Client disconnected"),
        explanation=Text(
            zh="客户端在收完回答之前断开了连接，已经产生的用量仍会计费。",
            en="The client disconnected before it had the whole answer; what had been produced is still charged.",
        ),
        what_to_change=Text(
            zh="请检查客户端的超时设置，它应长于模型的回答时间。",
            en="Check your client's timeout: it should be longer than the model takes to answer.",
        ),
    ),
)


def _attempt_state(code: str, *, label: Text, explanation: Text) -> Entry:
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


_ATTEMPT_STATES = (
    _attempt_state(
        "succeeded",
        label=Text(zh="成功", en="Succeeded"),
        explanation=Text(
            zh="这次尝试得到了完整的回答。",
            en="This attempt got a whole answer.",
        ),
    ),
    _attempt_state(
        "unknown",
        label=Text(zh="结果未知", en="Outcome unknown"),
        explanation=Text(
            zh="这次尝试超时或中断，可能出现在模型服务的账单上，费用由服务方承担。",
            en="This attempt timed out or was cut off; it may show up on the model service's bill, at the operator's cost.",
        ),
    ),
)


def _charge_mark(code: str, *, label: Text, explanation: Text, what_to_change: Text, how_to_go_back: Text) -> Entry:
    return Entry(
        kind=Kind.CHARGE_MARK,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(
            where_to_look=Text(
                zh="扣费标记以账本为准；用请求编号或任务编号可以查到对应的每一笔变动。",
                en="The charge mark follows the ledger: each movement can be found by the request id or task id.",
            ),
            what_to_change=what_to_change,
            how_to_go_back=how_to_go_back,
        ),
    )


_NO_ACTION = Text(zh="不需要操作。", en="There is nothing to do.")
_DOUBT_CHARGE = Text(
    zh="对金额有疑问时，请带请求编号或任务编号联系客服核对。",
    en="If you doubt the amount, contact support with the request id or task id to have it checked.",
)

_CHARGE_MARKS = (
    _charge_mark(
        "not_charged",
        label=Text(zh="未扣费", en="Not charged"),
        explanation=Text(
            zh="这次请求或任务没有扣费；为它预留过的金额已经全部放回。",
            en="This request or task was not charged; whatever was reserved for it has been released.",
        ),
        what_to_change=_NO_ACTION,
        how_to_go_back=Text(
            zh="没有扣费，也就没有需要退回的金额。", en="Nothing was taken, so nothing has to be returned."
        ),
    ),
    _charge_mark(
        "held",
        label=Text(zh="已预留", en="Reserved"),
        explanation=Text(
            zh="最高费用已经预留，还没有扣费；结束后按实际用量扣费，其余放回。",
            en="The highest cost is reserved but not charged; in the end only what was used is charged, the rest released.",
        ),
        what_to_change=Text(zh="请等请求或任务结束。", en="Wait for the request or task to end."),
        how_to_go_back=Text(
            zh="请求或任务失败、被取消或一直没有结果时，不该扣的部分会自动放回。",
            en="If it fails, is cancelled or has no outcome in time, what is not owed is released by itself.",
        ),
    ),
    _charge_mark(
        "charged",
        label=Text(zh="已扣费", en="Charged"),
        explanation=Text(
            zh="这次请求或任务已按实际用量扣费，每一笔都记着用量、价格版本和算法。",
            en="This request or task was charged for what it used, with usage, price version and arithmetic on record.",
        ),
        what_to_change=_DOUBT_CHARGE,
        how_to_go_back=Text(
            zh="确有差错时会退款，退款另记一笔。",
            en="A charge that was wrong is refunded, and the refund is recorded as a row of its own.",
        ),
    ),
    _charge_mark(
        "refunded",
        label=Text(zh="已退款", en="Refunded"),
        explanation=Text(
            zh="这次请求或任务扣掉的金额已经全部退回余额。",
            en="All that was charged for this request or task has been returned to the balance.",
        ),
        what_to_change=_NO_ACTION,
        how_to_go_back=Text(
            zh="退款已经入账；再次发送请求或提交任务会重新计费。",
            en="The refund is posted; sending the request or task again is charged anew.",
        ),
    ),
    _charge_mark(
        "partly_refunded",
        label=Text(zh="部分退款", en="Partly refunded"),
        explanation=Text(
            zh="扣掉的金额退回了一部分，其余是实际交付的部分。",
            en="Part of what was charged has been returned; the rest is for what was delivered.",
        ),
        what_to_change=_DOUBT_CHARGE,
        how_to_go_back=Text(
            zh="如果退得不够，客服核对后可以再退其余部分。",
            en="If too little was returned, support can check it and have the rest refunded.",
        ),
    ),
)

ENTRIES = _REQUEST_STATES + _ATTEMPT_STATES + _CHARGE_MARKS
