"""Findings with their numbers, and what would have had to be different.

`Kind.FINDING_TEXT`: the label is the sentence, with places that a finding's numbers and names fill in. A place that a
finding has nothing for, or that is not for its reader, leaves the sentence unsaid, and the general one is said instead
(`Kind.FINDING`). `Kind.FINDING_OTHERWISE`: what would have had to be different for it not to happen.
"""

from __future__ import annotations

from counterfoil.foundation.vocabulary import finding_credits, findings
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="把句子里的数字与列出的记录对照。",
        en="Compare the numbers in the sentence with the records below it.",
    ),
    what_to_change=Text(
        zh="数字与记录不符时，请带编号联系客服。",
        en="If they differ, contact support with the id.",
    ),
    how_to_go_back=Text(
        zh="显示数字不会改变任何记录。",
        en="Showing a number changes no record.",
    ),
)
_LABELS = {one.code: one.label for one in (*findings.ENTRIES, *finding_credits.ENTRIES)}


def _sentence(kind: Kind, code: str, zh: str, en: str, *, used: Text) -> Entry:
    return Entry(
        kind=kind, code=code, owner=Owner.CUSTOMER, label=Text(zh=zh, en=en), explanation=used, next_step=_NEXT_STEP,
    )  # fmt: skip


def text(code: str, *, zh: str, en: str, when_zh: str = "", when_en: str = "") -> Entry:
    """The sentence of a finding; one of several for the same code says when it is the one."""
    if not when_zh:
        label = _LABELS[code]
        when_zh, when_en = f"说明「{label.zh}」时使用。", f"Tells of a finding: {label.en}."
    return _sentence(Kind.FINDING_TEXT, code, zh, en, used=Text(zh=when_zh, en=when_en))


def otherwise(code: str, *, zh: str, en: str) -> Entry:
    """What would have had to be different."""
    label = _LABELS.get(code.removesuffix("_or").removesuffix("_alone"))
    ending = ("，不带金额", ", without an amount") if code.endswith("_or") else ("", "")
    used = Text(
        zh=f"说明没有「{code if label is None else label.zh}」会怎样{ending[0]}。",
        en=f"Tells how it would have been without this{ending[1]}: {code if label is None else label.en}.",
    )
    return _sentence(Kind.FINDING_OTHERWISE, code, zh, en, used=used)


_REFUSED = (
    text(
        "balance_exhausted",
        zh="需要 {needed}，可用 {available}：余额已被正常的请求和任务用掉。",
        en="{needed} needed, {available} available: ordinary requests and tasks have used the balance.",
    ),
    text(
        "group_quota_reached",
        zh="分组额度（{window}）{amount}，已用 {used}，预留 {held}；这一次还需要 {needed}。",
        en="The group's quota ({window}) is {amount}, of which {used} is used and {held} reserved; this one needs {needed}.",
    ),
    text(
        "key_limit_reached",
        zh="这个 Key 的限额（{window}）{amount}，已用 {used}，预留 {held}；这一次还需要 {needed}。",
        en="The key's limit ({window}) is {amount}, of which {used} is used and {held} reserved; this one needs {needed}.",
    ),
    text(
        "account_limit_reached",
        zh="账户限额（{window}）{amount}，已用 {used}，预留 {held}；这一次还需要 {needed}。",
        en="The account's limit ({window}) is {amount}, of which {used} is used and {held} reserved; this one needs {needed}.",
    ),
    text(
        "model_not_permitted",
        zh="模型权限不包含 {model}；有多少余额都不会通过。",
        en="The model permission leaves out {model}; no amount of balance would change that.",
    ),
    text(
        "high_cost_task",
        zh="这一次最多可能花费 {needed}，平时一次约 {usual}，相差 {times} 倍。",
        en="This one may cost up to {needed}, where about {usual} is usual: {times} times as much.",
    ),
    text(
        "high_cost_task_or",
        zh="这一次最多可能花费 {needed}，单次费用上限是 {amount}。",
        en="This one may cost up to {needed}, and the most that one may cost is {amount}.",
        when_zh="超过单次费用上限时使用。", when_en="Where it is above the ceiling for one request.",
    ),
    text(
        "duplicate_submissions",
        zh="{count} 份重复的{things}占用了 {taken}：预留 {held}，已扣费 {charged}。",
        en="{count} duplicate {things} took {taken}: {held} reserved, {charged} charged.",
    ),
    text(
        "duplicate_submissions_held",
        zh="{count} 份重复的{things}预留着 {held}。",
        en="{count} duplicate {things} had {held} reserved.",
        when_zh="副本只有预留时使用。", when_en="Where the copies have only reserved money.",
    ),
    text(
        "duplicate_submissions_charged",
        zh="{count} 份重复的{things}花掉了 {charged}。",
        en="{count} duplicate {things} cost {charged}.",
        when_zh="副本都已扣费时使用。", when_en="Where the copies have all been charged.",
    ),
    text(
        "credit_expired",
        zh="有 {taken} 的额度过期（最近一次在 {last_at}），过期时还没有用掉。",
        en="Credit of {taken} had expired, the last of it at {last_at}, without having been used.",
    ),
    text(
        "credit_expired_since",
        zh="其中 {amount} 在 {expired_at} 过期，没有用掉。",
        en="{amount} of it expired at {expired_at} without having been used.",
        when_zh="入账之后过期时使用。", when_en="Where a credit has expired since.",
    ),
    text(
        "credit_frozen",
        zh="有 {taken} 的额度因付款争议冻结，当时不能使用。",
        en="Credit of {taken} was frozen because its payment is disputed, and could not be spent.",
    ),
    text(
        "retry_spike",
        zh="客户端自动重试的 {count} 个{things}占用了 {taken}：预留 {held}，已扣费 {charged}。",
        en="{count} {things} that the client retried by itself took {taken}: {held} reserved, {charged} charged.",
    ),
    text(
        "retry_spike_held",
        zh="客户端自动重试的 {count} 个{things}预留着 {held}。",
        en="{count} {things} that the client retried by itself had {held} reserved.",
        when_zh="重试只有预留时使用。", when_en="Where the retries have only reserved money.",
    ),
    text(
        "retry_spike_charged",
        zh="客户端自动重试的 {count} 个{things}花掉了 {charged}。",
        en="{count} {things} that the client retried by itself cost {charged}.",
        when_zh="重试都已扣费时使用。", when_en="Where the retries have all been charged.",
    ),
    text(
        "held_in_flight",
        zh="当时有 {count} 个{things}在进行，预留着 {held}；结束后没有用掉的会放回。",
        en="{count} {things} in progress had {held} reserved; what they do not use is released when they end.",
    ),
    text(
        "refused_elsewhere",
        zh="这段文字是 {service} 的错误，不是这里的：用尽的是那里的余额或额度。",
        en="This text is an error of {service}, not of this service: the balance or quota used up is the one there.",
    ),
)  # fmt: skip

_SPENT = (
    text(
        "script_loop",
        zh="一个程序在这段时间发送了 {requests} 个请求，花费 {amount}。",
        en="One program sent {requests} requests in this time, which cost {amount}.",
    ),
    text(
        "tasks_spent",
        zh="{tasks} 个任务花费 {amount}。",
        en="Tasks: {tasks}, which cost {amount}.",
    ),
    text(
        "price_raised",
        zh="{model} 的价格上调，同样的用量多花了 {amount}。",
        en="The price of {model} went up, and the same use cost {amount} more.",
    ),
    text(
        "tier_raised",
        zh="分组的倍率从 {before} 调到 {after}，同样的用量多花了 {amount}。",
        en="The group's price tier went from {before} to {after}, and the same use cost {amount} more.",
    ),
    text(
        "dearer_model",
        zh="改用 {model}，比平时的模型多花了 {amount}。",
        en="{model} was used instead of the usual models, which cost {amount} more.",
    ),
    text(
        "more_use",
        zh="有 {requests} 个请求，平时约 {usual_requests} 个，多花了 {amount}。",
        en="There were {requests} requests, where about {usual_requests} are usual, which cost {amount} more.",
    ),
    text(
        "cash_refunded",
        zh="充值退款从余额扣出了 {amount}。",
        en="Recharges paid back took {amount} out of the balance.",
    ),
    text(
        "use_as_usual",
        zh="扣费 {amount}，平时同样长的时间约 {usual}。",
        en="{amount} was charged, where about {usual} is usual for a time of that length.",
    ),
)

_FAILED = (
    text(
        "not_charged",
        zh="没有扣费：预留的 {held} 已于 {released_at} 全部放回。",
        en="Not charged: the {held} reserved were released at {released_at}, all of it.",
    ),
    text(
        "not_charged_free",
        zh="没有扣费：它的费用是零。",
        en="Not charged: what it used costs nothing.",
        when_zh="没有费用时使用。", when_en="Where its cost is nothing.",
    ),
    text(
        "not_charged_late",
        zh="没有扣费：结果在预留到期之后才到，{held} 已于 {released_at} 放回。",
        en="Not charged: the result came after the reservation had ended, and the {held} had been released at {released_at}.",
        when_zh="结果到得太晚时使用。", when_en="Where the result came too late.",
    ),
    text(
        "not_charged_copy",
        zh="这一份没有扣费；同样的内容另有 {copies_charged} 份完成了，共扣费 {copies_cost}，例如 {copy}。",
        en="This one was not charged; of the same content {copies_charged} other(s) were delivered and charged, {copies_cost} together, such as {copy}.",
        when_zh="同样内容的另一份扣了费时使用。", when_en="Where another copy of the same content was charged.",
    ),
    text(
        "not_charged_repeated",
        zh="没有扣费：这一次得到的是已有的任务 {copy}，没有另做一份。",
        en="Not charged: this was answered with the task {copy}, which was there already, and nothing was made anew.",
        when_zh="返回已有的任务时使用。", when_en="Where a task that was there was given again.",
    ),
    text(
        "charge_refunded",
        zh="扣过 {charged}，已于 {refunded_at} 全部退回。",
        en="{charged} was charged, and all of it returned at {refunded_at}.",
    ),
    text(
        "charge_refunded_partly",
        zh="扣过 {charged}，已于 {refunded_at} 退回 {refunded}，还有 {amount} 没有退回。",
        en="{charged} was charged and {refunded} of it returned at {refunded_at}; {amount} stays charged.",
        when_zh="只退回一部分时使用。", when_en="Where only a part was returned.",
    ),
    text(
        "charged_for_delivery",
        zh="结果在 {ended_at} 交付，扣费 {amount}；预留过 {held}。",
        en="It was delivered at {ended_at} and {amount} charged, of {held} reserved.",
    ),
    text(
        "charged_for_delivery_waiting",
        zh="结果在 {ended_at} 完成，扣费 {amount}，还没有下载；下载状态：{download_state}。",
        en="The result was ready at {ended_at} and {amount} charged; it has not been downloaded yet. Download: {download_state}.",
        when_zh="结果还没有取走时使用。", when_en="Where nobody has fetched the result.",
    ),
    text(
        "charged_for_delivery_gone",
        zh="客户端先断开了连接；模型服务已经把回答做完，扣费 {amount}。",
        en="The client disconnected first; the answer was completed all the same, and {amount} charged.",
        when_zh="客户端断开时使用。", when_en="Where the client had gone.",
    ),
    text(
        "charged_for_delivery_once",
        zh="{copies} 份副本里只有一份扣了费，{amount}，其余没有扣费或已经退回。",
        en="Of {copies} copies only one was charged, {amount}; the others were not, or were refunded.",
        when_zh="几份副本里只有一份扣费时使用。", when_en="Where only one of several copies was charged.",
    ),
    text(
        "copies_charged",
        zh="同样的内容提交了 {copies} 份，其中 {copies_charged} 份扣了费，比一份多花了 {amount}。",
        en="The same thing was submitted {copies} times and charged {copies_charged} times, {amount} more than once.",
        when_zh="几份副本都扣了费时使用。", when_en="Where more than one copy was charged.",
    ),
    text(
        "not_charged_copies",
        zh="{copies} 份副本都没有扣费。",
        en="None of the {copies} copies was charged.",
        when_zh="没有一份副本扣费时使用。", when_en="Where no copy was charged.",
    ),
    text(
        "charged_in_part",
        zh="没有全部完成，只扣了 {amount}；预留过 {held}。",
        en="It was not done in full, and only {amount} charged, of {held} reserved.",
    ),
    text(
        "charged_in_part_delivered",
        zh="要了 {asked}，交付了 {delivered}，只为交付的扣费 {amount}。",
        en="{asked} asked for, {delivered} delivered, and {amount} charged for those alone.",
        when_zh="只交付了一部分时使用。", when_en="Where only some was delivered.",
    ),
    text(
        "charged_in_part_cancelled",
        zh="任务在 {ended_at} 取消，按价目表对取消的规定扣费 {amount}；预留过 {held}。",
        en="The task was cancelled at {ended_at} and {amount} charged, which is what the price book asks for that, of {held} reserved.",
        when_zh="任务被取消时使用。", when_en="Where the task was cancelled.",
    ),
    text(
        "failed_but_charged",
        zh="状态是失败，账本里却扣了 {charged}，还有 {amount} 没有退回。",
        en="Its state is failed, yet the ledger has a charge of {charged}, of which {amount} has not been returned.",
    ),
    text(
        "still_running",
        zh="还没有结束：预留 {amount}，没有扣费；最迟到 {until_at} 有结论。",
        en="It has not ended: {amount} is reserved and not charged, and by {until_at} at the latest it is settled.",
    ),
    text(
        "still_running_copies",
        zh="还有 {open_copies} 份副本没有结束：预留 {amount}，没有扣费。",
        en="Copies still in progress: {open_copies}, with {amount} reserved and not charged.",
        when_zh="有副本还没有结束时使用。", when_en="Where copies have not ended.",
    ),
    text(
        "outcome_unknown",
        zh="模型服务还没有给出结论：预留 {amount}，没有扣费；最迟到 {until_at} 自动放回。",
        en="The model service has not said how it ended: {amount} is reserved and not charged, and released by {until_at} at the latest.",
    ),
    text(
        "outcome_unknown_released",
        zh="到期时仍不知道结果：预留的 {held} 已于 {released_at} 放回，没有扣费，之后才到的结果也不扣费。",
        en="How it ended was not known in time: the {held} reserved were released at {released_at}, nothing is charged, and a later result is not charged either.",
        when_zh="预留已经到期放回时使用。", when_en="Where the reservation has ended.",
    ),
)  # fmt: skip

ENTRIES = _REFUSED + _SPENT + _FAILED
