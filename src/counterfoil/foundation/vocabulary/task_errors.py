"""Errors of tasks and submissions: what is not there, what is too early, and what is too late. None moves money."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Owner, Text

_LOOK_AT_TASK = Text(
    zh="用同一个 Key 请求 GET /v1/tasks/<任务编号>，查看它的状态和扣费标记。",
    en="GET /v1/tasks/<task id> with the same key shows its state and its charge mark.",
)

ENTRIES = (
    error(
        "task_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这个任务", en="Task not found"),
        explanation=Text(
            zh="没有这个编号的任务，或它属于另一个 Key；没有扣费，也没有改动。",
            en="There is no task of this id, or it belongs to another key; nothing was charged and nothing changed.",
        ),
        look=Text(
            zh="看提交任务时返回的编号，以 task_ 开头；GET /v1/tasks 列出这个 Key 的任务。",
            en="Look at the id that the submission returned, which begins with task_; GET /v1/tasks lists this key's tasks.",
        ),
        change=Text(
            zh="请完整复制编号，并使用提交任务时的那个 Key。",
            en="Copy the whole id, and use the key that submitted the task.",
        ),
    ),
    error(
        "task_not_finished",
        owner=Owner.CUSTOMER,
        label=Text(zh="任务没有可取的结果", en="Task has no result"),
        explanation=Text(
            zh="任务还没有成功，或没有成功就结束了，所以没有可取的结果；这次查看没有扣费。",
            en="The task has not succeeded yet, or ended without success, so it has no result; asking for it cost nothing.",
        ),
        look=_LOOK_AT_TASK,
        change=Text(
            zh="请先看任务的状态：还在进行就等它结束，失败就看失败原因。",
            en="Look at the task's state first: wait while it is in progress, or read the failure reason if it failed.",
        ),
    ),
    error(
        "task_not_cancellable",
        owner=Owner.CUSTOMER,
        label=Text(zh="任务不能取消", en="Task not cancellable"),
        explanation=Text(
            zh="任务已经结束，或模型服务不接受取消；任务照旧，没有因此扣费。",
            en="The task has ended, or the model service does not take a cancellation; the task goes on as it was, and this cost nothing.",
        ),
        look=_LOOK_AT_TASK,
        change=Text(
            zh="请先看任务的状态：还在进行就等它结束，失败时预留会放回，不扣费。",
            en="Look at the task's state: if it is in progress, wait for it; if it fails, what is reserved is released, not charged.",
        ),
    ),
    error(
        "task_not_refundable",
        owner=Owner.SUPPORT,
        label=Text(zh="任务没有可退的扣费", en="Task not refundable"),
        explanation=Text(
            zh="任务还没有结束、没有扣费，或已经全部退过；这次没有退款，余额没有改变。",
            en="The task has not ended, was not charged, or has been refunded in full; nothing was refunded now, and the balance is as it was.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请先看任务的扣费标记和已有的退款；还在进行的任务，等它结束后再退。",
            en="Look at the task's charge mark and its refunds first; a task in progress can be refunded once it has ended.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "task_failed",
        owner=Owner.CUSTOMER,
        label=Text(zh="任务失败", en="Task failed"),
        explanation=Text(
            zh="模型服务没有完成这个任务；预留的金额已经放回，没有扣费。",
            en="The model service did not complete this task; what was reserved has been released, not charged.",
        ),
        look=_LOOK_AT_TASK,
        change=Text(
            zh="请先看失败原因：内容或参数的问题要改正，其他问题可以再次提交。",
            en="Read the failure reason first: correct content or parameters, or submit it again if it was neither.",
        ),
    ),
    error(
        "task_cancelled",
        owner=Owner.CUSTOMER,
        label=Text(zh="任务已取消", en="Task cancelled"),
        explanation=Text(
            zh="任务在完成之前被取消；这里没有扣费，预留的金额已经放回。",
            en="The task was cancelled before it was done; nothing was charged, and what was reserved has been released.",
        ),
        look=_LOOK_AT_TASK,
        change=Text(
            zh="需要时可以再次提交，那会是一个新的任务。",
            en="Submit it again if you want it after all; that makes a new task.",
        ),
    ),
    error(
        "download_expired",
        owner=Owner.CUSTOMER,
        label=Text(zh="下载已过期", en="Download expired"),
        explanation=Text(
            zh="下载期限已过，模型服务不再提供这个结果；这次下载没有扣费，原来的扣费不变。",
            en="The deadline has passed and the model service no longer gives this result; asking for it cost nothing, and the earlier charge stays.",
        ),
        look=Text(
            zh="看任务的下载状态和下载期限。",
            en="Look at the task's download state and its deadline.",
        ),
        change=Text(
            zh="请使用已保存的文件；没有保存时只能再次提交，那会另行扣费。",
            en="Use the file you kept; without one, only submitting it again helps, which is charged anew.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "submission_not_found",
        owner=Owner.CUSTOMER,
        label=Text(zh="没有这次提交", en="Submission not found"),
        explanation=Text(
            zh="这个账户没有这个编号的提交；没有扣费，也没有改动。",
            en="This account has no submission of this id; nothing was charged and nothing changed.",
        ),
        look=Text(
            zh="提交编号以 sub_ 开头，在请求和任务的记录里。",
            en="A submission's id begins with sub_ and is on record with its requests and tasks.",
        ),
        change=Text(
            zh="请核对编号和所属账户，或用任务编号、请求编号查找。",
            en="Check the id and the account, or look it up by the id of a task or request.",
        ),
    ),
)
