"""Every importer, and which of them knows a file: exactly one, or none is believed."""

from __future__ import annotations

from counterfoil.reconcile.statements.alipay_account import AlipayAccount
from counterfoil.reconcile.statements.alipay_personal import AlipayPersonal
from counterfoil.reconcile.statements.alipay_summary import AlipaySummary
from counterfoil.reconcile.statements.alipay_trade import AlipayTrade
from counterfoil.reconcile.statements.anthropic_cost import AnthropicCost
from counterfoil.reconcile.statements.anthropic_usage import AnthropicUsage
from counterfoil.reconcile.statements.bank import Bank
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.epay import Epay
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.generic import Generic
from counterfoil.reconcile.statements.importer import Importer, Reading
from counterfoil.reconcile.statements.model import Statement
from counterfoil.reconcile.statements.openai_costs import OpenAICosts
from counterfoil.reconcile.statements.openai_usage import OpenAIUsage
from counterfoil.reconcile.statements.openrouter_activity import OpenRouterActivity
from counterfoil.reconcile.statements.paypal import PayPal
from counterfoil.reconcile.statements.sandbox_bill import SandboxBill
from counterfoil.reconcile.statements.stripe_dashboard import StripeDashboard
from counterfoil.reconcile.statements.stripe_report import StripeReport
from counterfoil.reconcile.statements.wechat_fund import WechatFund
from counterfoil.reconcile.statements.wechat_personal import WechatPersonal
from counterfoil.reconcile.statements.wechat_trade import WechatTrade

IMPORTERS: tuple[Importer, ...] = (
    WechatTrade(),
    WechatFund(),
    WechatPersonal(),
    AlipayTrade(),
    AlipaySummary(),
    AlipayAccount(),
    AlipayPersonal(),
    Epay(),
    StripeReport(),
    StripeDashboard(),
    PayPal(),
    OpenAIUsage(),
    OpenAICosts(),
    AnthropicUsage(),
    AnthropicCost(),
    OpenRouterActivity(),
    SandboxBill(),
    Bank(),
    Generic(),
)
_BY_NAME = {importer.name: importer for importer in IMPORTERS}


def find_importer(name: str) -> Importer | None:
    """The importer of that name, or None."""
    return _BY_NAME.get(name)


def identify(document: Document) -> Importer:
    """The one importer that knows the file; raises `StatementUnreadable` where none does, or several do."""
    knowing = [importer for importer in IMPORTERS if importer.identify(document)]
    if not knowing:
        raise StatementUnreadable(code="statement_not_recognised")
    if len(knowing) > 1:
        raise StatementUnreadable(code="statement_ambiguous", importers=", ".join(sorted(one.name for one in knowing)))
    return knowing[0]


def read_statement(document: Document, reading: Reading, importer: Importer | None = None) -> Statement:
    """The file, read by the importer given or by the one that knows it; raises `StatementUnreadable`."""
    return (importer or identify(document)).extract(document, reading)
