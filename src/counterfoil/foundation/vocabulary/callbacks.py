"""Errors of callbacks: notices that a model service sends us about a task. Not one of them moves money."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_LOG, error
from counterfoil.foundation.vocabulary.model import Entry, Owner, Text

_STILL_POLLED = Text(
    zh="没有任何改动；任务仍会通过轮询得到结果。",
    en="Nothing was changed; the task still gets its outcome by polling.",
)


def _error(code: str, *, label: Text, explanation: Text, change: Text, look: Text = LOOK_AT_LOG) -> Entry:
    # Which upstreams there are, and how they sign, is internal routing.
    return error(
        code,
        owner=Owner.OPERATIONS,
        public=False,
        label=label,
        explanation=explanation,
        look=look,
        change=change,
        back=_STILL_POLLED,
    )


ENTRIES = (
    _error(
        "callback_signature_wrong",
        label=Text(zh="回调签名不符", en="Callback signature wrong"),
        explanation=Text(
            zh="回调没有签名，或签名与这个上游的回调密钥不符；没有采用，任务和金额都没有改变。",
            en="The callback has no signature, or one that does not fit this upstream's callback secret; it was not used, and no task and no money changed.",
        ),
        look=Text(
            zh="核对上游那里和这里设置的回调密钥是否相同。",
            en="See whether the callback secret at the upstream is the one that is set here.",
        ),
        change=Text(
            zh="请改正这个上游的回调密钥；如果不是上游发来的，可以忽略。",
            en="Correct the callback secret of this upstream; if the upstream did not send it, it can be ignored.",
        ),
    ),
    _error(
        "callback_stale",
        label=Text(zh="回调时间不符", en="Callback too old"),
        explanation=Text(
            zh="回调的签名时间与现在相差太远，可能是重放；没有采用，任务和金额都没有改变。",
            en="The callback was signed too long ago, or ahead of our clock, and may be a replay; it was not used, and no task and no money changed.",
        ),
        look=Text(
            zh="看两边的时钟，以及回调是不是在路上耽搁了。",
            en="Look at the clocks of both sides, and whether the callback was held up on its way.",
        ),
        change=Text(
            zh="请校准这台机器的时钟；上游会用新的签名时间再次发送。",
            en="Set this machine's clock right; the upstream sends it again with a new time.",
        ),
    ),
    _error(
        "callback_unknown",
        label=Text(zh="回调没有对应的任务", en="Callback of no task"),
        explanation=Text(
            zh="这个上游没有回调里所说的任务，或没有这个上游；任务和金额都没有改变。",
            en="There is no such upstream, or no task of it that the callback could mean; no task and no money changed.",
        ),
        look=Text(
            zh="看回调的地址里是哪一个上游，以及任务的上游编号。",
            en="See which upstream the callback's address names, and the upstream's id of the task.",
        ),
        change=Text(
            zh="请核对上游那里填写的回调地址；别的服务提交的任务不会出现在这里。",
            en="Check the callback address that is set at the upstream; tasks submitted elsewhere are not here.",
        ),
    ),
    _error(
        "callback_unreadable",
        label=Text(zh="回调无法识别", en="Callback not readable"),
        explanation=Text(
            zh="回调太长、不是事件的格式、没有写明任务，或前后矛盾；没有采用，任务和金额都没有改变。",
            en="The callback is too long, is no event, names no task or contradicts itself; it was not used, and no task and no money changed.",
        ),
        look=Text(
            zh="看错误里给出的原因；回调的内容不保存。",
            en="Look at the reason in the error; what the callback held is not kept.",
        ),
        change=Text(
            zh="请核对上游发送的是哪一种事件和版本；其他事件可以在上游那里关掉。",
            en="Check which events the upstream sends, in which version; others can be switched off there.",
        ),
    ),
    _error(
        "callback_not_configured",
        label=Text(zh="没有设置回调密钥", en="Callbacks not set up"),
        explanation=Text(
            zh="这个上游没有设置回调密钥，所以不接受它的回调；任务和金额都没有改变。",
            en="This upstream has no callback secret, so its callbacks are not accepted; no task and no money changed.",
        ),
        look=Text(
            zh="用 counterfoil upstreams list 查看这个上游的设置。",
            en="See this upstream's settings with counterfoil upstreams list.",
        ),
        change=Text(
            zh="请为这个上游设置回调密钥，或在上游那里关掉回调。",
            en="Set a callback secret for this upstream, or switch its callbacks off at the upstream.",
        ),
    ),
)
