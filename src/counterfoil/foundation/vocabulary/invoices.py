"""Invoices (发票) that are asked for: where a request is, and what is wrong with one."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, RECORD_STANDS, error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_AT_REQUEST = Text(
    zh="看申请里的抬头、税号、金额和时间。",
    en="Look at the name, tax number, amount and time of the request.",
)
_NO_MONEY_MOVED = Text(
    zh="开票不影响余额和订单。",
    en="An invoice touches neither balance nor order.",
)
_NOTHING_ASKED = Text(
    zh="没有提出申请，余额和订单都没有改变。",
    en="Nothing was asked for, and neither balance nor order has changed.",
)


def _state(code: str, *, label: Text, explanation: Text, change: Text, owner: Owner) -> Entry:
    return Entry(
        kind=Kind.INVOICE_STATE,
        code=code,
        owner=owner,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK_AT_REQUEST, what_to_change=change, how_to_go_back=_NO_MONEY_MOVED),
    )


_STATES = (
    _state(
        "requested",
        owner=Owner.FINANCE,
        label=Text(zh="待开票", en="Requested"),
        explanation=Text(
            zh="开票申请已经收到，等待财务核对后开具。",
            en="The request has arrived and waits for finance to check it and issue the invoice.",
        ),
        change=Text(
            zh="请等待财务处理；抬头或税号填错了，请联系客服驳回后重新申请。",
            en="Wait for finance; if the name or tax number is wrong, have support get it rejected and ask anew.",
        ),
    ),
    _state(
        "issued",
        owner=Owner.CUSTOMER,
        label=Text(zh="已开票", en="Issued"),
        explanation=Text(
            zh="发票已经开具，号码记在申请里。",
            en="The invoice has been issued, and its number is on record with the request.",
        ),
        change=Text(
            zh="请按号码查收发票；内容有误或之后退款，请联系客服换开或冲红。",
            en="Look for the invoice by its number; if it is wrong, or the order is refunded later, ask support to have it replaced or cancelled.",
        ),
    ),
    _state(
        "rejected",
        owner=Owner.CUSTOMER,
        label=Text(zh="未开票", en="Rejected"),
        explanation=Text(
            zh="申请没有通过，没有开具发票；理由写在申请里。",
            en="The request was turned down and no invoice was issued; the reason is on record with it.",
        ),
        change=Text(
            zh="请看理由，改正后重新申请。",
            en="Read the reason, correct what is wrong, and ask anew.",
        ),
    ),
)

_ERRORS = (
    error(
        "tax_id_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="税号不合要求", en="Tax number not usable"),
        explanation=Text(
            zh="税号应为 6 到 20 位数字和字母；没有提出申请。",
            en="A tax number has 6 to 20 digits and letters; nothing was asked for.",
        ),
        look=Text(
            zh="看营业执照上的统一社会信用代码，或税务登记上的税号。",
            en="Look at the tax number on the company's registration; in China that is the unified social credit code.",
        ),
        change=Text(
            zh="请完整填写，字母大小写、空格和短横线都不影响。",
            en="Give all of it; capitals, spaces and hyphens do not matter.",
        ),
        back=_NOTHING_ASKED,
    ),
    error(
        "order_not_invoiceable",
        owner=Owner.CUSTOMER,
        label=Text(zh="订单不能开票", en="No invoice for this order"),
        explanation=Text(
            zh="订单的付款已经全部退回，或正有争议，因此不能开票；没有开票，也没有新的申请。",
            en="The order's payment has gone back in full or is disputed, so no invoice can be had for it; none was issued, and no request was added.",
        ),
        look=Text(
            zh="看错误里的 state：那是订单现在的状态。",
            en="Look at state in the error: it is where the order is now.",
        ),
        change=Text(
            zh="有争议的，等争议结束后再申请；已经全部退款的，不再需要发票。",
            en="If it is disputed, ask once that has ended; what was refunded in full needs no invoice.",
        ),
        back=_NO_MONEY_MOVED,
    ),
    error(
        "invoice_exists",
        owner=Owner.CUSTOMER,
        label=Text(zh="已经申请过开票", en="Invoice asked for already"),
        explanation=Text(
            zh="这笔订单已有一个开票申请，一笔订单同时只能有一个；没有另外申请。",
            en="There is a request for this order already, and an order has one at a time; no other was made.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="请等它处理完；抬头或税号填错了，请联系客服驳回后重新申请。",
            en="Wait until it is dealt with; if its name or tax number is wrong, have support get it rejected and ask anew.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "invoice_not_found",
        owner=Owner.FINANCE,
        label=Text(zh="没有这个开票申请", en="Invoice request not found"),
        explanation=Text(
            zh="没有这个编号的开票申请。",
            en="There is no request for an invoice of this id.",
        ),
        look=Text(
            zh="运行 counterfoil orders invoices，查看有哪些申请。",
            en="Run counterfoil orders invoices to see which there are.",
        ),
        change=Text(
            zh="请完整复制编号，以 inv_ 开头。",
            en="Copy the whole id, which begins with inv_.",
        ),
    ),
    error(
        "invoice_decided",
        owner=Owner.FINANCE,
        public=False,
        label=Text(zh="开票申请已处理", en="Invoice decided already"),
        explanation=Text(
            zh="这个申请已经开票或驳回，结果不能再改；这一次没有改动。",
            en="This request was issued or rejected, which is final; nothing was changed now.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(
            zh="已经驳回的，请客户重新申请；已经开出的发票要换开，请在税务系统里冲红。",
            en="If it was rejected, the customer asks anew; an invoice that was issued is cancelled and replaced where it was issued.",
        ),
        back=RECORD_STANDS,
    ),
    error(
        "receipt_unwritable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="收据文件无法写入", en="Receipt not writable"),
        explanation=Text(
            zh="要写入收据的文件已经存在，或不能建立；订单没有改变。",
            en="The file that the receipt was to be written to exists already or cannot be made; the order is as it was.",
        ),
        change=Text(
            zh="请换一个还不存在的文件名，放在可以写入的文件夹里。",
            en="Name a file that does not exist yet, in a folder that you may write to.",
        ),
        back=Text(
            zh="收据可以随时再开一次。",
            en="The receipt can be made again at any time.",
        ),
    ),
)

ENTRIES = _STATES + _ERRORS
