"""Movements of money as a statement shows them: the code of each transfer, and the accounts it moves between."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_TRANSFER_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="每一笔变动都记着原因：请求、任务、订单、兑换码、退款或调整的编号。",
        en="Each movement names its cause: the id of a request, task, order, code, refund or adjustment.",
    ),
    what_to_change=Text(
        zh="对某一笔有疑问时，带上它的编号联系客服。",
        en="If you doubt one of them, contact support with its id.",
    ),
    how_to_go_back=Text(
        zh="已入账的变动不会修改或删除，更正是新的一笔，原因相同。",
        en="What is posted is never edited or deleted; a correction is a new row with the same cause.",
    ),
)


def _transfer(code: str, *, owner: Owner, label: Text, explanation: Text, public: bool = True) -> Entry:
    return Entry(
        kind=Kind.TRANSFER_CODE,
        code=code,
        owner=owner,
        public=public,
        label=label,
        explanation=explanation,
        next_step=_TRANSFER_NEXT_STEP,
    )


_TRANSFERS = (
    _transfer(
        "credit",
        owner=Owner.CUSTOMER,
        label=Text(zh="入账", en="Credit"),
        explanation=Text(
            zh="充值、兑换码或赠送的金额记入余额。",
            en="Money from a recharge, a code or a grant was added to the balance.",
        ),
    ),
    _transfer(
        "charge",
        owner=Owner.CUSTOMER,
        label=Text(zh="扣费", en="Charge"),
        explanation=Text(
            zh="一个请求或任务的费用，从它的预留中扣除。",
            en="The cost of a request or task, taken from what was reserved for it.",
        ),
    ),
    _transfer(
        "overage",
        owner=Owner.CUSTOMER,
        label=Text(zh="超出预留的扣费", en="Charge beyond the reservation"),
        explanation=Text(
            zh="实际费用超过预留的部分，只在余额够时扣除。",
            en="What a request cost beyond its reservation; only taken as far as the balance allows.",
        ),
    ),
    _transfer(
        "uncollected",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="未收取", en="Uncollected"),
        explanation=Text(
            zh="已经产生但余额不够、没有向客户收取的费用，由服务方承担。",
            en="Cost that arose but was not collected because the balance did not cover it; the operator bears it.",
        ),
    ),
    _transfer(
        "refund",
        owner=Owner.SUPPORT,
        label=Text(zh="退款", en="Refund"),
        explanation=Text(
            zh="扣掉的费用退回余额。",
            en="Money that had been charged was returned to the balance.",
        ),
    ),
    _transfer(
        "refund_to_clearing",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="退回支付清算", en="Refund to clearing"),
        explanation=Text(
            zh="原来的额度因付款争议已收回，扣费退到支付清算账户。",
            en="The credit had been taken back in a payment dispute, so the charge was returned to the clearing account.",
        ),
    ),
    _transfer(
        "cash_refund",
        owner=Owner.FINANCE,
        label=Text(zh="原路退款", en="Cash refund"),
        explanation=Text(
            zh="没有用掉的充值金额从余额中扣出，退回付款渠道。",
            en="Recharged money that was not used left the balance and goes back the way it was paid.",
        ),
    ),
    _transfer(
        "cash_shortfall",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="退款缺口", en="Refund shortfall"),
        explanation=Text(
            zh="付款渠道退回的金额多于余额中剩下的部分，差额记为未收取。",
            en="The provider returned more than the balance still held; the difference is recorded as uncollected.",
        ),
    ),
    _transfer(
        "cash_restored",
        owner=Owner.FINANCE,
        label=Text(zh="退款未成，恢复余额", en="Refund undone"),
        explanation=Text(
            zh="付款渠道没有接受这笔退款，扣出的金额回到余额。",
            en="The payment provider did not carry out a refund, so what had been taken for it is back in the balance.",
        ),
    ),
    _transfer(
        "breakage",
        owner=Owner.CUSTOMER,
        label=Text(zh="额度过期", en="Credit expired"),
        explanation=Text(
            zh="到期没有用完的额度从余额中扣出。",
            en="Credit that was not used before its expiry left the balance.",
        ),
    ),
    _transfer(
        "grant_ended",
        owner=Owner.CUSTOMER,
        label=Text(zh="额度收回", en="Credit taken back"),
        explanation=Text(
            zh="一笔额度结束后剩下的部分离开余额，例如充值退款后收回的赠送。",
            en="What remained of an ended grant left the balance, such as a bonus whose recharge was refunded.",
        ),
    ),
    _transfer(
        "adjustment",
        owner=Owner.FINANCE,
        label=Text(zh="调整", en="Adjustment"),
        explanation=Text(
            zh="经批准的更正，写明原因。",
            en="An approved correction that states its reason.",
        ),
    ),
)

_LEDGER_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="用账本核对命令可以从变动重新算出每个账户的合计。",
        en="The ledger's own check recomputes every account's total from its movements.",
    ),
    what_to_change=Text(
        zh="合计与外部账单不符时，交财务对账。",
        en="Where a total differs from an outside bill, hand it to finance to reconcile.",
    ),
    how_to_go_back=Text(
        zh="只用新的调整更正，不改动已有的记录。",
        en="Correct it with a new adjustment; existing rows are not touched.",
    ),
)


def _ledger_account(code: str, *, label: Text, explanation: Text, public: bool = False) -> Entry:
    return Entry(
        kind=Kind.LEDGER_ACCOUNT,
        code=code,
        owner=Owner.CUSTOMER if public else Owner.FINANCE,
        public=public,
        label=label,
        explanation=explanation,
        next_step=_LEDGER_NEXT_STEP,
    )


_LEDGER_ACCOUNTS = (
    _ledger_account(
        "wallet",
        public=True,
        label=Text(zh="账户余额", en="Balance"),
        explanation=Text(zh="客户预付、还没有用掉的金额。", en="What the customer has prepaid and not used yet."),
    ),
    _ledger_account(
        "revenue",
        label=Text(zh="收入", en="Revenue"),
        explanation=Text(zh="已经扣费的请求和任务。", en="Requests and tasks that have been charged."),
    ),
    _ledger_account(
        "clearing",
        label=Text(zh="支付清算", en="Clearing"),
        explanation=Text(
            zh="每个付款渠道一个，记录收到和退回的款项。",
            en="One per payment provider: money received and returned there.",
        ),
    ),
    _ledger_account(
        "promotions",
        label=Text(zh="活动支出", en="Promotions"),
        explanation=Text(zh="赠送和试用额度的来源。", en="Where bonus and trial credit comes from."),
    ),
    _ledger_account(
        "breakage",
        label=Text(zh="过期额度", en="Breakage"),
        explanation=Text(zh="过期没有用掉的额度的去处。", en="Where credit goes that expired unused."),
    ),
    _ledger_account(
        "compensation",
        label=Text(zh="补偿支出", en="Compensation"),
        explanation=Text(zh="补偿额度的来源。", en="Where compensation credit comes from."),
    ),
    _ledger_account(
        "uncollected",
        label=Text(zh="未收取款项", en="Uncollected"),
        explanation=Text(
            zh="提供了服务但没有收到的金额，须在对账中处理。",
            en="What was served and not paid for; reconciliation deals with it.",
        ),
    ),
    _ledger_account(
        "adjustments",
        label=Text(zh="调整", en="Adjustments"),
        explanation=Text(zh="经批准的更正的另一方。", en="The other side of approved corrections."),
    ),
)

ENTRIES = _TRANSFERS + _LEDGER_ACCOUNTS
