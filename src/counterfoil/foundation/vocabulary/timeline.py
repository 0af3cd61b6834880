"""Words of an account's timeline: what happened, by kind, and what has no list of its own."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import word

ENTRIES = (
    word("timeline_trouble", "拒绝与失败", "Refusals and failures", "被拒绝、失败或结果不明的请求。", "Calls that were refused, failed, or ended nobody knows how."),
    word("timeline_calls", "成功的请求", "Served calls", "按小时合计。", "Added up by the hour."),
    word("timeline_charges", "扣费", "Charges", "按账户时区的每一天合计。", "Added up by the day, in the account's time zone."),
    word("timeline_orders", "充值订单", "Recharges", "订单的每一步。", "Each step of an order."),
    word("timeline_codes", "兑换", "Redemptions", "每一次兑换，包括没有成功的。", "Every try to redeem a code, also those that failed."),
    word("timeline_refunds", "退款", "Refunds", "退回的付款和退回的扣费。", "Payments and charges that went back."),
    word("timeline_disputes", "争议", "Disputes", "付款人在渠道或银行提出的争议。", "What the payer disputes at the provider or the bank."),
    word("timeline_money", "其他资金变动", "Other movements", "调整、赠送和更正。", "Adjustments, gifts and corrections."),
    word("timeline_endings", "余额到期", "Credit that ended", "到期、作废或收回的余额。", "Credit that expired, was ended or taken back."),
    word("timeline_tasks", "任务", "Tasks", "图片、视频和音频任务，以及现在的状态。", "Image, video and audio tasks, with their present state."),
    word("timeline_limits", "限额变动", "Limits", "设置、申请、提高和取消。", "Set, asked about, raised and removed."),
    word("timeline_keys", "Key、分组与成员", "Keys, groups and members", "什么时候新增的。", "When each of them came."),
    word("timeline_approvals", "审批", "Approvals", "有人提出的资金操作。", "What somebody has proposed to do about money."),
    word("timeline_audit", "查看与操作", "Seen and done", "员工看过、改过什么。", "What staff have seen and done."),
    word("calls_served", "成功的请求", "Calls served", "这一小时里成功的请求。", "What was served in this hour."),
    word("charges_of_day", "当天的扣费", "Charges of the day", "这一天扣掉的金额。", "What this day was charged."),
    word("limit_set", "设置限额", "Limit set", "新的限额开始生效。", "A new limit came into force."),
    word("limit_removed", "取消限额", "Limit removed", "这条限额不再生效。", "The limit no longer holds."),
    word("limit_asked", "申请提高限额", "Asked for more", "有人碰到限额，向管理员申请。", "Somebody met the limit and asked an admin."),
    word("limit_raised", "提高限额", "Limit raised", "管理员同意了申请。", "An admin has agreed to raise it."),
    word("limit_declined", "申请未通过", "Asking declined", "管理员没有同意。", "An admin has said no."),
    word("key_made", "新建 Key", "Key made", "一个新的 API Key。", "A new API key."),
    word("group_made", "新建分组", "Group made", "一个新的分组。", "A new group."),
    word("member_joined", "成员加入", "Member joined", "一个人成为账户的成员。", "A person became a member of the account."),
    word("of_keys", "多个 Key", "several keys", "不止一个 Key。", "More than one key."),
    word("of_models", "多个模型", "several models", "不止一个模型。", "More than one model."),
    word("count_of_calls", "{count} 次", "{count} calls", "一共多少次请求。", "How many calls there were."),
)  # fmt: skip
