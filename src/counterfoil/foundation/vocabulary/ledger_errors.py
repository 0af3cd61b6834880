"""Errors of the ledger: reservations and credit that have ended, money that is not there, rules that do not hold."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_LOG, LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Owner, Text

_HOLDS_AND_GRANTS = (
    error(
        "hold_not_found",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有这笔预留", en="Reservation not found"),
        explanation=Text(
            zh="账户里没有这笔预留。",
            en="The account has no such reservation.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请核对账户和请求编号是否对应。",
            en="Check that the account and the request id belong together.",
        ),
    ),
    error(
        "hold_captured",
        owner=Owner.OPERATIONS,
        label=Text(zh="预留已经结算", en="Reservation already settled"),
        explanation=Text(
            zh="这笔预留已经结算过，不能再次结算或放回。",
            en="This reservation has been settled and can be neither settled nor released again.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="扣费有误时请退款，不要再次处理预留。",
            en="If the charge is wrong, refund it instead of ending the reservation again.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "hold_voided",
        owner=Owner.OPERATIONS,
        label=Text(zh="预留已经放回", en="Reservation already released"),
        explanation=Text(
            zh="这笔预留已经放回，没有扣费。",
            en="This reservation has been released, and nothing was charged.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="需要再次执行时，请发送一个新的请求。",
            en="To do it again, send a new request.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "hold_expired",
        owner=Owner.OPERATIONS,
        label=Text(zh="预留已经到期", en="Reservation has expired"),
        explanation=Text(
            zh="这笔预留已经到期放回；之后到的结果不再扣费。",
            en="This reservation has expired and was released; a result that comes later is not charged.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="由运营用模型服务的账单核对这个请求。",
            en="Operations checks this request against the model service's bill.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "hold_not_due",
        owner=Owner.OPERATIONS,
        label=Text(zh="预留还没有到期", en="Reservation not due yet"),
        explanation=Text(
            zh="到期之前，预留只能结算或放回。",
            en="Before it is due, a reservation can only be settled or released.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="请等到期，或放回这笔预留。", en="Wait until it is due, or release it."),
    ),
    error(
        "grant_not_found",
        owner=Owner.FINANCE,
        label=Text(zh="没有这笔额度", en="Credit not found"),
        explanation=Text(zh="账户里没有这笔额度。", en="The account has no such grant of credit."),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请核对账户和额度编号是否对应。",
            en="Check that the account and the grant's id belong together.",
        ),
    ),
    error(
        "grant_ended",
        owner=Owner.FINANCE,
        label=Text(zh="额度已经结束", en="Credit has ended"),
        explanation=Text(
            zh="这笔额度已经过期或收回，不能再冻结或结束。",
            en="This grant has expired or was taken back, and can be neither frozen nor ended again.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="需要恢复时，请另发一笔补偿额度。",
            en="To make up for it, give a compensation grant.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "origin_unknown",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="没有这个账本账户", en="Ledger account not known"),
        explanation=Text(
            zh="额度的来源或去处不是账本里的账户。",
            en="The origin or destination of the credit is not an account of the ledger.",
        ),
        change=Text(
            zh="请使用支付清算、活动、补偿等账本账户的名称。",
            en="Use the name of a ledger account, such as clearing, promotions or compensation.",
        ),
    ),
)

_NOT_ENOUGH = (
    error(
        "ledger_refused",
        owner=Owner.FINANCE,
        label=Text(zh="账本不允许", en="Not allowed by the ledger"),
        explanation=Text(
            zh="账户里的金额不足以完成这项操作。",
            en="The account does not have the money that this would take.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请按错误里给出的可用金额减少数额。",
            en="Lower the amount to what the error says is there.",
        ),
    ),
    error(
        "nothing_to_refund",
        owner=Owner.SUPPORT,
        label=Text(zh="没有可退的金额", en="Nothing to refund"),
        explanation=Text(
            zh="请求或任务没有扣费，订单的入账已经用完，或者已经全部退过。",
            en="The request or task was not charged, the order's credit is used up, or all of it has been refunded.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请先看扣费标记、订单剩下的入账和已有的退款。",
            en="Look at the charge mark, what is left of the order's credit, and the refunds first.",
        ),
    ),
    error(
        "refund_exceeds_charge",
        owner=Owner.SUPPORT,
        label=Text(zh="退款多于扣费", en="Refund above the charge"),
        explanation=Text(
            zh="要退的金额多于这个请求或任务还没有退回的扣费。",
            en="The refund is more than what is left of the charge of this request or task.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请把退款减到错误里给出的可退金额以内。",
            en="Lower the refund to the refundable amount in the error.",
        ),
    ),
    error(
        "order_not_credited",
        owner=Owner.FINANCE,
        label=Text(zh="订单没有入账", en="Order was not credited"),
        explanation=Text(
            zh="这个账户没有由这张订单得到的额度。",
            en="This account has no credit that came from this order.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请先核对订单和账户：付款、登录和调用的账户可能不同。",
            en="Check order and account first: the account that paid may not be the one that calls.",
        ),
    ),
    error(
        "cash_refund_not_found",
        owner=Owner.FINANCE,
        label=Text(zh="没有可以恢复的退款", en="No refund to undo"),
        explanation=Text(
            zh="没有这笔退款，或它没有从余额中扣过钱，所以没有可以恢复的金额。",
            en="There is no such refund, or it took nothing out of the balance, so there is nothing to put back.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请按退款编号核对订单的退款记录。",
            en="Check the order's refunds by the refund's id.",
        ),
    ),
    error(
        "refund_exceeds_credit",
        owner=Owner.FINANCE,
        label=Text(zh="退款多于可退余额", en="Refund above what is left"),
        explanation=Text(
            zh="要退的金额多于这张订单还没有用掉的充值金额。",
            en="The cash refund is more than what is left unused of this order.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请减到错误里给出的可退金额以内；已经用掉的赠送会从中扣除。",
            en="Lower it to the refundable amount in the error; bonus already spent is deducted from it.",
        ),
    ),
    error(
        "adjustment_exceeds_balance",
        owner=Owner.FINANCE,
        label=Text(zh="调整多于可用余额", en="Adjustment above the balance"),
        explanation=Text(
            zh="要扣出的金额多于账户的可用余额，余额不能变成负数。",
            en="The adjustment would take more than is available; a balance is never negative.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请减少金额，或等进行中的请求结束。",
            en="Lower the amount, or wait for requests in progress to end.",
        ),
    ),
)

_BROKEN = (
    error(
        "invariant_broken",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="账本核对不符", en="A ledger rule does not hold"),
        explanation=Text(
            zh="账本的一条规则不成立：可能是程序缺陷，也可能是记录被改动。",
            en="A rule of the ledger does not hold: a bug, or records that were tampered with.",
        ),
        look=Text(
            zh="运行 counterfoil ledger verify，它会指出第一处不符的地方。",
            en="Run counterfoil ledger verify: it names the first place that does not agree.",
        ),
        change=Text(
            zh="请保留现场，先停止改动，再联系维护者。",
            en="Keep everything as it is, stop making changes, and contact the maintainers.",
        ),
        back=Text(
            zh="从备份恢复之前，先另存现有数据。",
            en="Keep a copy of the present data before restoring a backup.",
        ),
    ),
    error(
        "checkpoint_broken",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="检查点不符", en="Checkpoint does not hold"),
        explanation=Text(
            zh="一个检查点的签名不符，或它之前的检查点缺失。",
            en="A checkpoint's signature does not fit, or one before it is missing.",
        ),
        look=Text(
            zh="看错误里的文件名，并与另存的检查点比较。",
            en="Look at the file named in the error, and compare it with a copy kept elsewhere.",
        ),
        change=Text(
            zh="请从另存的副本恢复检查点文件，再运行 counterfoil ledger verify。",
            en="Restore the file from a copy kept elsewhere, then run counterfoil ledger verify.",
        ),
    ),
    error(
        "wallet_negative",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="余额会变成负数", en="Balance would be negative"),
        explanation=Text(
            zh="一项操作会让余额变成负数，已被拦下；这是程序缺陷。",
            en="A command would have made a balance negative and was stopped; this is a bug.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请把日志交给维护者；不要手工改动余额。",
            en="Give the log to the maintainers; do not edit the balance by hand.",
        ),
    ),
    error(
        "reservation_short",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="预留与额度不符", en="Reservation and credit disagree"),
        explanation=Text(
            zh="可用额度的合计不足以覆盖获准的预留，操作已被拦下；这是程序缺陷。",
            en="The open credit does not add up to an admitted reservation; it was stopped, and is a bug.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请运行 counterfoil ledger verify，并把结果交给维护者。",
            en="Run counterfoil ledger verify and give its result to the maintainers.",
        ),
    ),
    error(
        "command_refused",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="数据库不接受这条记录", en="Row refused by the database"),
        explanation=Text(
            zh="数据库的约束拦下了一条账本记录；同一批的其他记录不受影响。",
            en="A constraint of the database stopped a row of the ledger; others of the same batch are not affected.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请把日志里的 SQLSTATE 和语句名交给维护者。",
            en="Give the SQLSTATE and statement name from the log to the maintainers.",
        ),
    ),
    error(
        "engine_inside_unit_of_work",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="事务中等待账本引擎", en="Engine awaited inside a transaction"),
        explanation=Text(
            zh="一段程序在自己的事务里等待账本引擎，这可能互相等待，已被拦下；这是程序缺陷。",
            en="Code awaited the ledger's engine inside its own transaction, which could deadlock; it was stopped, and is a bug.",
        ),
        look=LOOK_AT_LOG,
        change=Text(zh="请把日志里的调用栈交给维护者。", en="Give the stack trace in the log to the maintainers."),
    ),
    error(
        "unit_of_work_nested",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="事务里又开事务", en="Transaction inside a transaction"),
        explanation=Text(
            zh="一段程序在事务里又开了一个事务，已被拦下；这是程序缺陷。",
            en="Code opened a transaction inside another one; it was stopped, and is a bug.",
        ),
        look=LOOK_AT_LOG,
        change=Text(zh="请把调用栈交给维护者。", en="Give the stack trace to the maintainers."),
    ),
)

ENTRIES = _HOLDS_AND_GRANTS + _NOT_ENOUGH + _BROKEN
