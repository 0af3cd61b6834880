"""Names of columns, rows and parts of pages about tasks and submissions, and the demo's lines about them."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="用任务编号或提交编号查看全部记录。",
        en="Look it up by the id of the task or of the submission.",
    ),
    what_to_change=Text(
        zh="与看到的不符时，请带任务编号联系客服。",
        en="If it differs from what you saw, contact support with the task id.",
    ),
    how_to_go_back=Text(
        zh="查看不会改变任何记录。",
        en="Looking changes no record.",
    ),
)


def _entry(
    kind: Kind, code: str, *, zh: str, en: str, hint_zh: str, hint_en: str, owner: Owner = Owner.CUSTOMER
) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=owner,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=_NEXT_STEP,
    )


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str, owner: Owner = Owner.CUSTOMER) -> Entry:
    return _entry(Kind.WORD, code, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en, owner=owner)


_TASKS = (
    _word("task", zh="任务", en="Task", hint_zh="以 task_ 开头的编号。", hint_en="Its id, which begins with task_."),
    _word("tasks", zh="任务", en="Tasks", hint_zh="图片、视频和音频任务。", hint_en="Image, video and audio work."),
    _word("kind", zh="种类", en="Kind", hint_zh="图片、视频或音频。", hint_en="Image, video or audio."),
    _word("progress", zh="进度", en="Progress", hint_zh="模型服务说完成了百分之几。", hint_en="Per cent done, as the model service says."),
    _word("input_type", zh="输入类型", en="Input", hint_zh="由文字、图片还是音频给出。", hint_en="Whether it was given by text, images or audio."),
    _word("reference_images", zh="参考图", en="Reference images", hint_zh="带了几张参考图；图片不保存。", hint_en="How many came with it; the images are not kept."),
    _word("aspect_ratio", zh="画面比例", en="Aspect ratio", hint_zh="宽与高之比，例如 16:9。", hint_en="Width to height, such as 16:9."),
    _word("resolution", zh="分辨率", en="Resolution", hint_zh="要求的宽和高，以像素计。", hint_en="Width and height that were asked for, in pixels."),
    _word("duration_seconds", zh="时长", en="Duration", hint_zh="要求的秒数。", hint_en="How many seconds were asked for."),
    _word("count", zh="数量", en="Count", hint_zh="要求几份结果。", hint_en="How many results were asked for."),
    _word("quality", zh="质量", en="Quality", hint_zh="要求的质量档位。", hint_en="The quality that was asked for."),
    _word("camera", zh="镜头参数", en="Camera", hint_zh="镜头和运镜的参数。", hint_en="Parameters of camera and lens."),
    _word("remixed_from", zh="改编自", en="Remix of", hint_zh="由哪个任务的结果改编。", hint_en="The task whose result it was made from."),
    _word("delivered", zh="实际交付", en="Delivered", hint_zh="真正交付的张数或秒数，按它扣费。", hint_en="How much there really was; this is what is charged."),
    _word("images", zh="图片", en="images", hint_zh="按张计。", hint_en="Counted one by one."),
    _word("seconds", zh="秒", en="seconds", hint_zh="按秒计。", hint_en="Counted by the second."),
    _word("failure_reason", zh="失败原因", en="Failure reason", hint_zh="模型服务的原话，已去掉不能公开的部分。", hint_en="In the model service's own words, without what must not be shown."),
    _word("history", zh="经过", en="History", hint_zh="每一步的时间、状态和来源。", hint_en="Each step with its time, its state and who told of it."),
    _word("raw_state", zh="对方的状态", en="Its own state", hint_zh="模型服务自己的说法。", hint_en="What the model service itself calls it.", owner=Owner.OPERATIONS),
    _word("source", zh="来源", en="Told by", hint_zh="从哪里得知这一步。", hint_en="Who told us of this step."),
    _word("note", zh="备注", en="Note", hint_zh="这一步的说明。", hint_en="What is to be said of this step."),
    _word("upstream_task", zh="对方的任务编号", en="Its task id", hint_zh="模型服务给这个任务的编号。", hint_en="The model service's own id of the task.", owner=Owner.OPERATIONS),
    _word("polls", zh="询问次数", en="Times asked", hint_zh="向模型服务询问过几次。", hint_en="How often the model service was asked.", owner=Owner.OPERATIONS),
    _word("next_poll_at", zh="下次询问", en="Asked next at", hint_zh="下一次向模型服务询问的时间（UTC）。", hint_en="When the model service is asked again (UTC).", owner=Owner.OPERATIONS),
    _word("submitted", zh="提交时间", en="Submitted", hint_zh="任务提交的时间（UTC）。", hint_en="When the task was submitted (UTC)."),
    _word("accepted_at", zh="接受时间", en="Accepted", hint_zh="模型服务接下任务的时间（UTC）。", hint_en="When a model service took it (UTC)."),
    _word("started_at", zh="开始时间", en="Started", hint_zh="模型服务开始处理的时间（UTC）。", hint_en="When the model service began (UTC)."),
    _word("cancel_requested_at", zh="要求取消", en="Cancellation asked for", hint_zh="要求取消的时间（UTC）。", hint_en="When it was to be cancelled (UTC)."),
    _word("hold_expires_at", zh="预留期限", en="Reserved until", hint_zh="到这时仍没有结果，预留就放回（UTC）。", hint_en="If no outcome has come by then, the reservation is released (UTC)."),
    _word("download", zh="下载", en="Download", hint_zh="结果能不能下载、下载过没有。", hint_en="Whether the result can be fetched, or has been."),
    _word("downloaded_at", zh="下载时间", en="Downloaded", hint_zh="第一次下载的时间（UTC）。", hint_en="When it was first downloaded (UTC)."),
    _word("download_expires_at", zh="下载期限", en="Download until", hint_zh="到这时结果不再提供（UTC）。", hint_en="When the result is no longer given (UTC)."),
)  # fmt: skip

_SUBMISSIONS = (
    _word("submission", zh="提交", en="Submission", hint_zh="想做一次的事，不论发送了几份；编号以 sub_ 开头。", hint_en="What was meant once, however often it was sent; its id begins with sub_."),
    _word("submissions", zh="提交", en="Submissions", hint_zh="同样的内容合在一起看。", hint_en="The same content, looked at as one."),
    _word("first_request", zh="第一份", en="First copy", hint_zh="其他各份与它比较。", hint_en="The one that the others are held against."),
    _word("copy_verdict", zh="判断", en="Verdict", hint_zh="这一份是原件、重试还是重复。", hint_en="Whether this copy is the original, a retry or a duplicate."),
    _word("copies", zh="份数", en="Copies", hint_zh="同样的内容一共发送了几份。", hint_en="How often the same content was sent."),
    _word("retries", zh="重试", en="Retries", hint_zh="前面没有结果而再次发送的份数。", hint_en="Copies that were sent because those before gave nothing."),
    _word("duplicates", zh="重复", en="Duplicates", hint_zh="前面正在进行或已经交付时又发送的份数。", hint_en="Copies that were sent while one was in progress or delivered."),
    _word("first_at", zh="第一份时间", en="First at", hint_zh="第一份到达的时间（UTC）。", hint_en="When the first copy came (UTC)."),
    _word("last_at", zh="最后一份时间", en="Last at", hint_zh="最后一份到达的时间（UTC）。", hint_en="When the last copy came (UTC)."),
    _word("duplicate_policy", zh="重复的处理方式", en="Duplicate policy", hint_zh="不识别、标记或拦截。", hint_en="Off, flag or block.", owner=Owner.TEAM_ADMIN),
    _word("duplicate_window", zh="识别重复的时间", en="Duplicate window", hint_zh="相隔不超过这段时间的同样内容算作一次提交。", hint_en="The same content within this time is one submission.", owner=Owner.TEAM_ADMIN),
)  # fmt: skip


def _part(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(Kind.PAGE, code, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en)


_PARTS = (
    _part(
        "why_task",
        zh="这个任务怎么样了", en="What became of this task",
        hint_zh="一个任务只有一个状态和一个扣费标记。", hint_en="A task has one state and one charge mark.",
    ),
    _part(
        "why_task_history",
        zh="任务的经过", en="The task's history",
        hint_zh="每一步都有时间、我们的状态和模型服务的说法。", hint_en="Each step with its time, our state and the model service's own.",
    ),
    _part(
        "why_submission",
        zh="同样的内容发送了几份", en="The copies of this submission",
        hint_zh="先认出重复，再看每一份：成功、失败、取消，扣费还是没有扣费。",
        hint_en="Duplicates first; then each copy: succeeded, failed or cancelled, charged or not.",
    ),
    _part(
        "why_repeated",
        zh="这次请求返回了原来的任务", en="This request was answered with a task that existed",
        hint_zh="同一个 Idempotency-Key 已经有任务，所以没有建立新任务，也没有扣费。",
        hint_en="Its Idempotency-Key has a task already, so no other was made and nothing was charged.",
    ),
)  # fmt: skip


def _demo(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _word(code, zh=zh, en=en, hint_zh=hint_zh, hint_en=hint_en, owner=Owner.OPERATIONS)


_DEMO = (
    _demo("step_tasks", zh="演示图片和视频任务", en="Staging image and video tasks", hint_zh="成功、失败、卡住和重复各一个。", hint_en="One that succeeds, one that fails, one that is stuck, one sent twice."),
    _demo("demo_tasks", zh="图片和视频任务", en="Image and video tasks", hint_zh="每个任务只有一个结局，只扣一次费，或不扣费。", hint_en="Each has one outcome, and one charge or none."),
    _demo("demo_task_succeeded", zh="{task} 成功：已扣费 {charge}", en="{task} succeeded: charged {charge}", hint_zh="按实际交付扣费。", hint_en="Charged for what was delivered."),
    _demo("demo_task_failed", zh="{task} 失败：预留的 {held} 已放回，没有扣费", en="{task} failed: {held} reserved, then released, not charged", hint_zh="以模型服务的结论为准。", hint_en="As the model service itself said."),
    _demo("demo_task_stuck", zh="{task} 还没有结果：{held} 保持预留，仍在询问模型服务", en="{task} has no outcome yet: {held} stays reserved, and its model service is still being asked", hint_zh="没有结论就不扣费也不放回。", hint_en="Without a verdict it is neither charged nor released."),
    _demo("demo_task_duplicated", zh="同样的内容发送了 {copies} 份：{task} 照常执行，其余 {blocked} 份被拦下，并告知这个编号", en="{copies} copies of the same: {task} went ahead, and {blocked} were blocked with an answer that names it", hint_zh="分组的重复处理方式是拦截。", hint_en="The group's duplicate policy is block."),
    _demo("demo_task_refunded", zh="{task} 成功，扣费 {charge}，之后已全部退款", en="{task} succeeded, was charged {charge}, and was refunded later", hint_zh="退款另记一笔，原来的扣费不变。", hint_en="The refund is a row of its own; the charge stays on record."),
)  # fmt: skip

ENTRIES = _TASKS + _SUBMISSIONS + _PARTS + _DEMO
