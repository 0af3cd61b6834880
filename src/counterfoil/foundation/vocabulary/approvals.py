"""Approvals: where one is, what can be approved, who decides, and what is wrong with a decision."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_AT_APPROVAL = Text(
    zh="运行 counterfoil approvals show 加审批编号，查看是谁提出、为什么提出、金额多少。",
    en="Run counterfoil approvals show with the approval's id to see who proposed it, why, and for how much.",
)
_NOTHING_DONE = Text(
    zh="什么也没有执行，不需要撤销。",
    en="Nothing was done, so there is nothing to undo.",
)


def _entry(kind: Kind, code: str, *, label: Text, explanation: Text, change: Text, back: Text = _NOTHING_DONE) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=Owner.FINANCE,
        public=False,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK_AT_APPROVAL, what_to_change=change, how_to_go_back=back),
    )


_STATES = (
    _entry(
        Kind.APPROVAL_STATE,
        "proposed",
        label=Text(zh="待批准", en="Awaiting approval"),
        explanation=Text(
            zh="已经提出，等另一个人决定；在那之前什么也不执行。",
            en="It has been proposed and waits for another person; until then nothing is done.",
        ),
        change=Text(
            zh="请另一个人核对后批准或驳回；提出的人可以撤回。",
            en="Another person checks it and approves or rejects it; whoever proposed it can withdraw it.",
        ),
    ),
    _entry(
        Kind.APPROVAL_STATE,
        "approved",
        label=Text(zh="已批准", en="Approved"),
        explanation=Text(
            zh="已经批准并执行，两者同时生效。",
            en="It was approved and carried out; the two took effect together.",
        ),
        change=Text(zh="不需要操作。", en="There is nothing to do."),
        back=RECORD_STANDS,
    ),
    _entry(
        Kind.APPROVAL_STATE,
        "rejected",
        label=Text(zh="已驳回", en="Rejected"),
        explanation=Text(
            zh="决定不做；什么也没有执行。",
            en="It was decided against; nothing was done.",
        ),
        change=Text(
            zh="请看驳回的理由；仍然需要时，改正后重新提出。",
            en="Read the reason; if it is still wanted, correct it and propose it anew.",
        ),
    ),
    _entry(
        Kind.APPROVAL_STATE,
        "withdrawn",
        label=Text(zh="已撤回", en="Withdrawn"),
        explanation=Text(
            zh="提出的人自己撤回了；什么也没有执行。",
            en="Whoever proposed it took it back; nothing was done.",
        ),
        change=Text(zh="仍然需要时，请重新提出。", en="If it is still wanted, propose it anew."),
    ),
)

_CHECK_BEFORE = Text(
    zh="请先与收款记录和订单核对，再决定。",
    en="Check it against the payment records and the order before deciding.",
)

_ACTIONS = (
    _entry(
        Kind.APPROVAL_ACTION,
        "order_confirm",
        label=Text(zh="确认收款", en="Confirm a payment"),
        explanation=Text(
            zh="工作人员确认一笔订单的款项已经到账，订单随即入账。",
            en="Staff confirm that an order's payment has arrived; the order is credited with that.",
        ),
        change=_CHECK_BEFORE,
        back=RECORD_STANDS,
    ),
    _entry(
        Kind.APPROVAL_ACTION,
        "order_refund",
        label=Text(zh="订单退款", en="Refund an order"),
        explanation=Text(
            zh="把一笔订单的款项全部或部分退给付款人。",
            en="All or part of what was paid for an order goes back to who paid it.",
        ),
        change=_CHECK_BEFORE,
        back=RECORD_STANDS,
    ),
    _entry(
        Kind.APPROVAL_ACTION,
        "order_dispute",
        label=Text(zh="裁定争议", en="Decide a dispute"),
        explanation=Text(
            zh="一笔付款有争议，由工作人员手工记下结果。",
            en="A payment is disputed, and staff record by hand how that ended.",
        ),
        change=_CHECK_BEFORE,
        back=RECORD_STANDS,
    ),
    _entry(
        Kind.APPROVAL_ACTION,
        "adjustment",
        label=Text(zh="余额调整", en="Adjust a balance"),
        explanation=Text(
            zh="另记一笔，更正一个账户的余额；原来的记录不变。",
            en="An entry of its own corrects an account's balance; what was posted before stays.",
        ),
        change=Text(
            zh="请先核对账户的流水，再决定。",
            en="Check the account's transfers before deciding.",
        ),
        back=RECORD_STANDS,
    ),
    _entry(
        Kind.APPROVAL_ACTION,
        "credit",
        label=Text(zh="入账", en="Credit an account"),
        explanation=Text(
            zh="给一个账户一笔新的额度，只入账一次。",
            en="An account gets new credit, once.",
        ),
        change=Text(
            zh="请先核对账户的流水和提出的理由，再决定。",
            en="Check the account's transfers and the reason given before deciding.",
        ),
        back=RECORD_STANDS,
    ),
    _entry(
        Kind.APPROVAL_ACTION,
        "grant_end",
        label=Text(zh="提前结束额度", en="End a grant early"),
        explanation=Text(
            zh="一笔额度立即结束，没有用完的部分作废。",
            en="A grant ends at once, and what is left of it lapses.",
        ),
        change=Text(
            zh="请先核对这笔额度的来源和剩余，再决定。",
            en="Check where the grant came from and what is left of it before deciding.",
        ),
        back=RECORD_STANDS,
    ),
    *(
        _entry(
            Kind.APPROVAL_ACTION,
            code,
            label=label,
            explanation=explanation,
            change=Text(
                zh="请先看差异两边的行（counterfoil reconcile show），再决定。",
                en="Look at the rows of both sides (counterfoil reconcile show) before deciding.",
            ),
            back=Text(
                zh="批准之后要撤回，另提一个撤销；原来的记录不变。",
                en="To take it back once it is approved, propose its undoing; what was posted stays.",
            ),
        )
        for code, label, explanation in (
            (
                "break_write_off",
                Text(zh="核销对账差异", en="Write off a break"),
                Text(
                    zh="一个对账差异的差额由运营方承担，或归运营方所有。",
                    en="The operator bears the difference of a break of reconciliation, or keeps it.",
                ),
            ),
            (
                "break_credit",
                Text(zh="按对账差异入账", en="Credit for a break"),
                Text(
                    zh="收到了款而没有入账，现在给账户入账；有订单的，订单随之变为已付。",
                    en="Money came in and was not credited, and an account is credited now; where there is an order, it is paid with that.",
                ),
            ),
            (
                "break_refund",
                Text(zh="按对账差异退款", en="Refund for a break"),
                Text(
                    zh="按对账的结果，把订单的款项或一次扣费退回。",
                    en="As reconciliation has found, an order's payment or a charge goes back.",
                ),
            ),
            (
                "break_adjust",
                Text(zh="按对账差异调整余额", en="Adjust for a break"),
                Text(
                    zh="按对账的结果另记一笔，更正账户的余额。",
                    en="As reconciliation has found, an entry of its own corrects an account's balance.",
                ),
            ),
            (
                "break_undo",
                Text(zh="撤销对账处理", en="Undo a settlement"),
                Text(
                    zh="把先前为一个差异动过的钱反向再记一笔，差异重新变成待处理。",
                    en="The opposite of what was posted for a break is posted, and the break is open again.",
                ),
            ),
        )
    ),
)

_POLICIES = (
    _entry(
        Kind.APPROVAL_POLICY,
        "two_people",
        label=Text(zh="两人", en="Two people"),
        explanation=Text(
            zh="一个人提出，另一个人批准。",
            en="One person proposes, another approves.",
        ),
        change=Text(
            zh="是否一律需要两人，由 COUNTERFOIL_APPROVAL_POLICY 决定。",
            en="COUNTERFOIL_APPROVAL_POLICY says whether everything takes two.",
        ),
    ),
    _entry(
        Kind.APPROVAL_POLICY,
        "single_with_reason",
        label=Text(zh="一人并写明理由", en="One person, with a reason"),
        explanation=Text(
            zh="金额不超过上限，由一个人写明理由后直接执行，并照此记录。",
            en="Up to a cap, one person does it alone and says why, and it is recorded as such.",
        ),
        change=Text(
            zh="上限由 COUNTERFOIL_APPROVAL_SINGLE_CAP 决定；超过上限需要另一个人批准。",
            en="COUNTERFOIL_APPROVAL_SINGLE_CAP is the cap; what exceeds it takes another person's approval.",
        ),
        back=RECORD_STANDS,
    ),
)

_ERRORS = (
    error(
        "approval_not_found",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="没有这个审批", en="Approval not found"),
        explanation=Text(zh="没有这个编号的审批。", en="There is no approval of this id."),
        look=Text(
            zh="运行 counterfoil approvals list，查看有哪些审批。",
            en="Run counterfoil approvals list to see which there are.",
        ),
        change=Text(
            zh="请完整复制审批编号，以 appr_ 开头。",
            en="Copy the whole id, which begins with appr_.",
        ),
    ),
    error(
        "approval_decided",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="已经有了决定", en="Decided already"),
        explanation=Text(
            zh="这个审批已经有了决定，不能再改；这一次没有执行任何事。",
            en="This approval has been decided, which is final; nothing was done now.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请先看它是怎样结束的；仍然需要时，重新提出一个。",
            en="See how it ended; if it is still wanted, propose another one.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "approval_same_person",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="需要另一个人批准", en="Another person must approve"),
        explanation=Text(
            zh="这个审批需要两个人，提出的人不能自己批准；它仍在等待，什么也没有执行。",
            en="This takes two people, and whoever proposed it cannot approve it; it is still waiting, and nothing was done.",
        ),
        look=_LOOK_AT_APPROVAL,
        change=Text(
            zh="请让另一个人核对后批准，或由提出的人撤回。",
            en="Have another person check and approve it, or withdraw it.",
        ),
    ),
    error(
        "approval_not_proposer",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="只有提出的人能撤回", en="Only the proposer can withdraw"),
        explanation=Text(
            zh="撤回要由提出的人来做；这个审批仍在等待。",
            en="Withdrawing is for whoever proposed it; it is still waiting.",
        ),
        look=_LOOK_AT_APPROVAL,
        change=Text(
            zh="不同意时请驳回，并写明理由。",
            en="If you are against it, reject it and say why.",
        ),
    ),
    error(
        "approval_reason_missing",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="没有写明理由", en="Reason missing"),
        explanation=Text(
            zh="由一个人决定的事必须写明理由；什么也没有执行。",
            en="What one person decides alone needs a reason; nothing was done.",
        ),
        change=Text(
            zh="请写明为什么这样做，例如工单编号和核对过的记录。",
            en="Say why it is done, such as the ticket and the record that was checked.",
        ),
    ),
)

ENTRIES = _STATES + _ACTIONS + _POLICIES + _ERRORS
