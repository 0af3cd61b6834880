"""Tasks: their states and kinds, what they are made from, who told us of a step, and what became of their result."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_UP_TASK = Text(
    zh="用同一个 Key 请求 GET /v1/tasks/<任务编号>，查看它的状态、扣费标记和经过。",
    en="GET /v1/tasks/<task id> with the same key shows its state, its charge mark and its history.",
)
_RECORDS_STAY = Text(
    zh="状态是记录，不能修改；扣费有差错时以退款更正。",
    en="A state is a record and is not edited; a charge that was wrong is corrected by a refund.",
)
_CAN_BE_CANCELLED = Text(
    zh="模型服务支持取消时可以取消；取消时扣多少，由价目表决定。",
    en="It can be cancelled where the model service allows that; the price book says what a cancelled task costs.",
)
_NOTHING_TO_UNDO = Text(
    zh="没有扣费，不需要撤销。",
    en="Nothing was charged, so there is nothing to undo.",
)
_WAIT = Text(
    zh="请等它结束；再提交一次会是另一个任务，另行扣费。",
    en="Wait for it to end; submitting it again makes another task with a charge of its own.",
)
_SUBMIT_AGAIN = Text(
    zh="可以再次提交；如果一直失败，请带任务编号联系客服。",
    en="You can submit it again; if it keeps failing, contact support with the task id.",
)


def _state(
    code: str,
    *,
    label: Text,
    explanation: Text,
    change: Text,
    back: Text,
    owner: Owner = Owner.CUSTOMER,
) -> Entry:
    return Entry(
        kind=Kind.TASK_STATE,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK_UP_TASK, what_to_change=change, how_to_go_back=back),
    )


_STATES = (
    _state(
        "submitted",
        label=Text(zh="已提交", en="Submitted"),
        explanation=Text(
            zh="任务和它的预留已经记下，正在交给模型服务；还没有扣费。",
            en="The task and its reservation are recorded and it is being handed to a model service; nothing is charged yet.",
        ),
        change=_WAIT,
        back=_CAN_BE_CANCELLED,
    ),
    _state(
        "queued",
        label=Text(zh="排队中", en="Queued"),
        explanation=Text(
            zh="模型服务已经接下任务，还没有开始；最高费用已经预留，还没有扣费。",
            en="A model service has taken the task and not started on it; its highest cost is reserved, nothing is charged yet.",
        ),
        change=_WAIT,
        back=_CAN_BE_CANCELLED,
    ),
    _state(
        "running",
        label=Text(zh="进行中", en="Running"),
        explanation=Text(
            zh="模型服务正在处理任务；最高费用已经预留，还没有扣费。",
            en="The model service is working on the task; its highest cost is reserved, nothing is charged yet.",
        ),
        change=_WAIT,
        back=_CAN_BE_CANCELLED,
    ),
    _state(
        "succeeded",
        label=Text(zh="成功", en="Succeeded"),
        explanation=Text(
            zh="模型服务完成了任务。扣费以扣费标记为准：只为实际交付的部分扣费，过了预留期限才到的不扣费。",
            en="The model service finished the task. The charge mark says what it cost: only what was delivered, and nothing if it came too late.",
        ),
        change=Text(
            zh="请在下载期限之前取走结果。",
            en="Download the result before its link expires.",
        ),
        back=_RECORDS_STAY,
    ),
    _state(
        "failed",
        label=Text(zh="失败", en="Failed"),
        explanation=Text(
            zh="模型服务没有完成任务；预留的金额已经放回，没有扣费。",
            en="The model service did not complete the task; what was reserved has been released, not charged.",
        ),
        change=Text(
            zh="请先看失败原因，改正后再次提交；如果一直失败，请带任务编号联系客服。",
            en="Read the failure reason first, then submit it again; if it keeps failing, contact support with the task id.",
        ),
        back=_NOTHING_TO_UNDO,
    ),
    _state(
        "cancelled",
        label=Text(zh="已取消", en="Cancelled"),
        explanation=Text(
            zh="任务在完成之前被取消；最多按价目表对取消的规定扣费，其余的预留已经放回。",
            en="The task was cancelled before it was done; at most what the price book asks for that was charged, the rest released.",
        ),
        change=Text(
            zh="需要时可以再次提交，那会是一个新的任务。",
            en="Submit it again if you want it after all; that makes a new task.",
        ),
        back=_RECORDS_STAY,
    ),
    _state(
        "expired",
        owner=Owner.OPERATIONS,
        label=Text(zh="到期", en="Expired"),
        explanation=Text(
            zh="在规定的时间内没有得到结果；预留的金额已经放回，没有扣费，之后才到的结果也不扣费。",
            en="No outcome came in the time allowed; what was reserved has been released, not charged, and a later result is not charged either.",
        ),
        change=_SUBMIT_AGAIN,
        back=_NOTHING_TO_UNDO,
    ),
    _state(
        "unknown",
        owner=Owner.OPERATIONS,
        label=Text(zh="结果未知", en="Outcome unknown"),
        explanation=Text(
            zh="还不知道模型服务怎样处理了任务；没有扣费，预留会保持到模型服务给出结论，或规定的时间用完。",
            en="What the model service made of the task is not known; nothing is charged, and the reservation stays until it says so or time runs out.",
        ),
        change=Text(
            zh="请先等待，不要再次提交；过了规定的时间仍没有结果，预留会自动放回。",
            en="Wait instead of submitting it again; if no outcome comes in the time allowed, the reservation is released by itself.",
        ),
        back=_CAN_BE_CANCELLED,
    ),
)


_KIND_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="价目表写明了每一种任务怎样计费。",
        en="The price list says how each kind of task is priced.",
    ),
    what_to_change=Text(
        zh="提交之前可以用 POST /v1/estimate 试算，不预留也不扣费。",
        en="POST /v1/estimate before you submit: it reserves and charges nothing.",
    ),
    how_to_go_back=Text(
        zh="任务的种类由请求的地址决定，提交之后不会改变。",
        en="The address that was called decides the kind; it does not change afterwards.",
    ),
)


def _kind(code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.TASK_KIND,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=_KIND_NEXT_STEP,
    )


_KINDS = (
    _kind(
        "image",
        label=Text(zh="图片", en="Image"),
        explanation=Text(
            zh="AI 生图，按张、尺寸和质量计费；只交付了一部分时，只为交付的图片扣费。",
            en="Images, priced by count, size and quality; where only some were delivered, only those are charged.",
        ),
    ),
    _kind(
        "video",
        label=Text(zh="视频", en="Video"),
        explanation=Text(
            zh="AI 视频，按秒和分辨率计费；需要的时间较长，结果要另行下载。",
            en="Videos, priced by second and resolution; they take a while, and the result is downloaded afterwards.",
        ),
    ),
    _kind(
        "speech",
        label=Text(zh="语音合成", en="Speech"),
        explanation=Text(zh="把文字读成语音。", en="Text that is read aloud."),
    ),
    _kind(
        "transcription",
        label=Text(zh="语音转文字", en="Transcription"),
        explanation=Text(zh="把语音写成文字。", en="Speech that is written down."),
    ),
)


_INPUT_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="看请求里带了哪些文字、参考图和文件；内容本身从不保存。",
        en="See which text, reference images and files the request had; their content is never kept.",
    ),
    what_to_change=Text(
        zh="与提交的内容不符时，请检查客户端实际发送的字段。",
        en="If it is not what you meant to send, check the fields that your client really sends.",
    ),
    how_to_go_back=Text(
        zh="改正后再次提交即可；原来的记录不变。",
        en="Correct it and submit again; the earlier record stays.",
    ),
)


def _input(code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.INPUT_TYPE,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=_INPUT_NEXT_STEP,
    )


_INPUTS = (
    _input(
        "text",
        label=Text(zh="文字", en="Text"),
        explanation=Text(zh="只由文字描述。", en="Described in text alone."),
    ),
    _input(
        "image",
        label=Text(zh="图片", en="Image"),
        explanation=Text(zh="只由参考图给出。", en="Given by reference images alone."),
    ),
    _input(
        "text_and_image",
        label=Text(zh="文字和图片", en="Text and image"),
        explanation=Text(zh="文字描述，并带有参考图。", en="Described in text, with reference images."),
    ),
    _input(
        "audio",
        label=Text(zh="音频", en="Audio"),
        explanation=Text(zh="由音频文件给出。", en="Given by an audio file."),
    ),
    _input(
        "video",
        label=Text(zh="视频", en="Video"),
        explanation=Text(zh="由已有的视频给出，例如改编。", en="Given by a video that exists, as in a remix."),
    ),
)


_SOURCE_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="看任务的经过：每一步都有时间、状态和来源。",
        en="Look at the task's history: each step has its time, its state and who told of it.",
    ),
    what_to_change=Text(
        zh="不需要修改：无论从哪里得知，同一个结果只结算一次。",
        en="There is nothing to change: whoever tells of an outcome, it is settled once.",
    ),
    how_to_go_back=Text(
        zh="经过只会增加，不会修改或删除。",
        en="A history only grows; no step is edited or deleted.",
    ),
)


def _source(code: str, *, label: Text, explanation: Text, owner: Owner = Owner.OPERATIONS) -> Entry:
    return Entry(
        kind=Kind.TASK_SOURCE,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=_SOURCE_NEXT_STEP,
    )


_SOURCES = (
    _source(
        "submit",
        owner=Owner.CUSTOMER,
        label=Text(zh="提交", en="Submission"),
        explanation=Text(zh="提交任务时得知。", en="Learnt when the task was submitted."),
    ),
    _source(
        "poll",
        label=Text(zh="轮询", en="Polling"),
        explanation=Text(zh="向模型服务询问时得知。", en="Learnt by asking the model service."),
    ),
    _source(
        "callback",
        label=Text(zh="回调", en="Callback"),
        explanation=Text(
            zh="由模型服务发来的、签名已核对的通知得知。",
            en="Learnt from a notice of the model service, with its signature checked.",
        ),
    ),
    _source(
        "cancel",
        owner=Owner.CUSTOMER,
        label=Text(zh="取消", en="Cancellation"),
        explanation=Text(zh="取消任务时得知。", en="Learnt when the task was cancelled."),
    ),
    _source(
        "expiry",
        label=Text(zh="到期", en="Expiry"),
        explanation=Text(zh="等待的时间用完。", en="The time to wait for an outcome ran out."),
    ),
    _source(
        "operator",
        label=Text(zh="服务方", en="Operator"),
        explanation=Text(zh="由服务方的人员处理。", en="Done by the operator's people."),
    ),
)


_DOWNLOAD_LOOK = Text(
    zh="看任务的下载状态和下载期限；内容由模型服务保存，这里不留副本。",
    en="Look at the task's download state and deadline; the model service keeps the result, there is no copy here.",
)


def _download(code: str, *, label: Text, explanation: Text, change: Text, back: Text) -> Entry:
    return Entry(
        kind=Kind.DOWNLOAD_STATE,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_DOWNLOAD_LOOK, what_to_change=change, how_to_go_back=back),
    )


_STAYS_AVAILABLE = Text(
    zh="下载不会改变状态以外的记录，也不再扣费。",
    en="A download costs nothing more, and changes nothing but this state.",
)
_CHARGE_STAYS = Text(
    zh="扣费对应的是已经完成的生成，不因没有下载而改变；有疑问请带任务编号联系客服。",
    en="The charge is for making the result and does not depend on the download; if in doubt, contact support with the task id.",
)

_DOWNLOADS = (
    _download(
        "none",
        label=Text(zh="没有下载", en="No download"),
        explanation=Text(
            zh="还没有可以下载的结果，或结果已经在回答里直接给出。",
            en="There is no result to download yet, or it was given in the answer itself.",
        ),
        change=Text(zh="任务成功之后再下载。", en="Download it once the task has succeeded."),
        back=_STAYS_AVAILABLE,
    ),
    _download(
        "available",
        label=Text(zh="可以下载", en="Available"),
        explanation=Text(
            zh="结果可以下载，还没有下载过。",
            en="The result can be downloaded and has not been yet.",
        ),
        change=Text(zh="请在期限之前下载并自行保存。", en="Download it before the deadline and keep a copy."),
        back=_STAYS_AVAILABLE,
    ),
    _download(
        "downloaded",
        label=Text(zh="已下载", en="Downloaded"),
        explanation=Text(
            zh="结果已经下载过；期限之前可以再次下载。",
            en="The result has been downloaded; until the deadline it can be downloaded again.",
        ),
        change=Text(zh="请核对保存的文件是否完整。", en="See that the file you kept is whole."),
        back=_STAYS_AVAILABLE,
    ),
    _download(
        "expired",
        label=Text(zh="下载已过期", en="Download expired"),
        explanation=Text(
            zh="下载期限已过，模型服务不再提供这个结果。",
            en="The deadline has passed and the model service no longer gives the result.",
        ),
        change=Text(
            zh="请使用已保存的文件；没有保存时只能再次提交，那会另行扣费。",
            en="Use the file you kept; without one, only submitting it again helps, which is charged anew.",
        ),
        back=_CHARGE_STAYS,
    ),
    _download(
        "deleted",
        label=Text(zh="已删除", en="Deleted"),
        explanation=Text(
            zh="结果已按要求在模型服务那里删除；任务和扣费的记录保留。",
            en="The result was deleted at the model service as asked; the records of task and charge stay.",
        ),
        change=Text(
            zh="删除后不能恢复；需要时只能再次提交，那会另行扣费。",
            en="A deleted result does not come back; only submitting it again makes one, which is charged anew.",
        ),
        back=_CHARGE_STAYS,
    ),
)

ENTRIES = _STATES + _KINDS + _INPUTS + _SOURCES + _DOWNLOADS
