"""Submissions: what each copy of the same content is, and a request that was answered with the task it repeats."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_COPIES_BACK = Text(
    zh="判断只是标记，不改变任何一份的状态和扣费。",
    en="A verdict is a mark; it changes neither the state nor the charge of any copy.",
)


def _verdict(code: str, *, label: Text, explanation: Text, look: Text, change: Text) -> Entry:
    return Entry(
        kind=Kind.VERDICT,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=look, what_to_change=change, how_to_go_back=_COPIES_BACK),
    )


_LOOK_AT_COPIES = Text(
    zh="把各份放在一起看：每一份都有自己的状态和扣费标记。",
    en="Look at the copies together: each has its own state and charge mark.",
)

_VERDICTS = (
    _verdict(
        "original",
        label=Text(zh="原件", en="Original"),
        explanation=Text(
            zh="这是同样内容的第一份，其他各份都与它比较。",
            en="The first copy of this content; the others are held against it.",
        ),
        look=_LOOK_AT_COPIES,
        change=Text(zh="不需要操作。", en="There is nothing to do."),
    ),
    _verdict(
        "retry",
        label=Text(zh="重试", en="Retry"),
        explanation=Text(
            zh="之前的各份都没有结果，所以再次发送；或者客户端说明了这是自动重试。",
            en="Sent again because the copies before it had given nothing, or because the client says that it retries.",
        ),
        look=Text(
            zh="看前一份的失败原因，以及客户端和 SDK 的重试次数设置。",
            en="See why the copy before failed, and how often your client or SDK retries.",
        ),
        change=Text(
            zh="请降低重试次数、加上退避间隔，并给每次提交带上 Idempotency-Key。",
            en="Retry less often, back off between tries, and send an Idempotency-Key with each submission.",
        ),
    ),
    _verdict(
        "duplicate",
        label=Text(zh="重复", en="Duplicate"),
        explanation=Text(
            zh="前面有一份正在进行或已经交付，同样的内容又来了一份；执行了的每一份各自扣费。",
            en="Sent again while an earlier copy was in progress or had been delivered; each copy that is carried out is charged.",
        ),
        look=_LOOK_AT_COPIES,
        change=Text(
            zh="请等第一份的结果，取消不要的副本；想自动拦下重复，请让团队管理员把处理方式设为拦截。",
            en="Wait for the first one and cancel copies you do not want; your team admin can set duplicates to be blocked.",
        ),
    ),
    _verdict(
        "loop",
        label=Text(zh="循环提交", en="Loop"),
        explanation=Text(
            zh="程序一遍又一遍地提交同样的内容；执行了的每一份各自扣费。",
            en="A program sends the same content over and over; each copy that is carried out is charged.",
        ),
        look=Text(
            zh="看是哪一个 Key、哪一个客户端，从什么时候开始，一共多少份。",
            en="See which key and client it is, since when, and how many copies there are.",
        ),
        change=Text(
            zh="请停下这个程序，检查它的循环和重试；需要时先停用 Key 或降低它的限额。",
            en="Stop the program and check its loops and retries; disable its key or lower the key's limit meanwhile.",
        ),
    ),
)

_REPEATED = Entry(
    kind=Kind.REQUEST_STATE,
    code="repeated",
    owner=Owner.CUSTOMER,
    label=Text(zh="已返回原任务", en="Answered with the first task"),
    explanation=Text(
        zh="同一个 Idempotency-Key 再次到来，返回的是已有的任务；这一次没有预留，也没有扣费。",
        en="The same Idempotency-Key came again, so the task that exists was given again; nothing was reserved or charged for it.",
    ),
    next_step=NextStep(
        where_to_look=Text(
            zh="看返回的任务编号：状态和扣费都在那个任务里。",
            en="Look at the task id in the answer: state and charge are that task's.",
        ),
        what_to_change=Text(
            zh="不需要操作；确实要再做一次，请换一个 Idempotency-Key。",
            en="There is nothing to do; if you do want it twice, send another Idempotency-Key.",
        ),
        how_to_go_back=Text(
            zh="没有建立新任务，不需要撤销。",
            en="No task was made, so there is nothing to undo.",
        ),
    ),
)

ENTRIES = (*_VERDICTS, _REPEATED)
