"""PayPal's own words, by the language that an account is in: names of columns, types, statuses.

What is not in a language's list is not guessed: such a line is rejected, and the word is seen in the reject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.reconcile.statements.decimal_signs import COMMA, POINT
from counterfoil.reconcile.statements.model import LineKind, LineStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How PayPal writes in one language. `columns` maps a field to its names, the newest first."""

    name: str
    decimal: str
    columns: Mapping[str, tuple[str, ...]]
    # The kind of a type is that of the first pattern found in it; None: the row only details the one above it.
    kinds: tuple[tuple[re.Pattern[str], LineKind | None], ...]
    statuses: Mapping[str, LineStatus]
    # What "Balance Impact" says of a row that moves nothing.
    memos: frozenset[str]


def _kinds(**words: str) -> tuple[tuple[re.Pattern[str], LineKind | None], ...]:
    kinds: tuple[tuple[str, LineKind | None], ...] = (
        ("detail", None),
        ("hold", LineKind.TRANSFER),
        ("fee", LineKind.FEE),
        ("payout", LineKind.PAYOUT),
        ("refund", LineKind.REFUND),
        ("transfer", LineKind.TRANSFER),
        ("adjustment", LineKind.ADJUSTMENT),
        ("payment", LineKind.PAYMENT),
    )
    return tuple((re.compile(words[name]), kind) for name, kind in kinds)


def _statuses(*, succeeded: str, pending: str, failed: str, closed: str) -> dict[str, LineStatus]:
    words = (
        (succeeded, LineStatus.SUCCEEDED),
        (pending, LineStatus.PENDING),
        (failed, LineStatus.FAILED),
        (closed, LineStatus.CLOSED),
    )
    return {word: status for told, status in words for word in told.split("|")}


# A payment that was refunded or reversed later has moved money all the same: what went back has a row of its own.
ENGLISH = Language(
    name="en",
    decimal=POINT,
    columns={
        "date": ("Date",), "time": ("Time",), "zone": ("TimeZone",), "type": ("Type", "Description"),
        "status": ("Status",), "currency": ("Currency",), "gross": ("Gross",), "fee": ("Fee",), "net": ("Net",),
        "number": ("Transaction ID",), "payer": ("From Email Address",), "reference": ("Reference Txn ID",),
        "invoice": ("Invoice Number", "Invoice ID"), "custom": ("Custom Number",), "impact": ("Balance Impact",),
        "code": ("Transaction Event Code",), "subject": ("Subject", "Item Title"),
    },
    kinds=_kinds(
        detail=r"shopping cart item",
        hold=r"\bholds?\b|reserve|release|authori[sz]ation",
        fee=r"\bfees?\b",
        payout=r"withdraw|transfer to bank",
        refund=r"refund",
        transfer=r"conversion|deposit|funds added|transfer",
        adjustment=r"chargeback|dispute|revers|correction|adjustment|bonus|incentive|rebate|\btax\b|reimbursement",
        payment=r"payment|paid|subscription|donation|purchase",
    ),
    statuses=_statuses(
        succeeded="completed|cleared|paid|refunded|partially refunded|reversed|partially reversed|returned",
        pending="pending|processing|created|unverified|active|on hold|uncleared|held",
        failed="denied|failed|error|rejected",
        closed="voided|canceled|cancelled|removed|expired|draft",
    ),
    memos=frozenset(("memo",)),
)  # fmt: skip
GERMAN = Language(
    name="de",
    decimal=COMMA,
    columns={
        "date": ("Datum",), "time": ("Uhrzeit", "Zeit"), "zone": ("Zeitzone",), "type": ("Typ", "Beschreibung"),
        "status": ("Status",), "currency": ("Währung",), "gross": ("Brutto",), "fee": ("Gebühr", "Entgelt"),
        "net": ("Netto",), "number": ("Transaktionscode",), "payer": ("Absender E-Mail-Adresse",),
        "reference": ("Zugehöriger Transaktionscode", "Txn-Referenzkennung"), "invoice": ("Rechnungsnummer",),
        # PayPal's own mistake: a "custom number" became one of the customs.
        "custom": ("Zollnummer", "Individuelle Nummer"), "impact": ("Auswirkung auf Guthaben",),
        "code": ("Transaktionsereigniscode",), "subject": ("Betreff", "Artikelbezeichnung"),
    },
    kinds=_kinds(
        detail=r"warenkorb",
        hold=r"einbehalt|autorisierung|freigabe|reserve|rücklage",
        fee=r"gebühr|entgelt",
        payout=r"abbuchung|auszahlung|abhebung",
        refund=r"rückzahlung|rückerstattung",
        transfer=r"währungsumrechnung|gutschrift|einzahlung|überweisung",
        adjustment=r"rückbuchung|käuferbeschwerde|konflikt|korrektur|anpassung|storn|bonus|erstattung|steuer",
        payment=r"zahlung|abonnement|spende|kauf",
    ),
    statuses=_statuses(
        succeeded="abgeschlossen|freigegeben|bezahlt|zurückgezahlt|rückzahlung|erstattet|teilweise zurückgezahlt"
        "|teilweise erstattet|rückgängig gemacht|zurückgebucht",
        pending="offen|ausstehend|in bearbeitung|wird bearbeitet|erstellt|nicht verifiziert|aktiv|einbehalten",
        failed="abgelehnt|fehlgeschlagen|fehler",
        closed="storniert|abgebrochen|abgelaufen|entfernt|ungültig|aufgehoben|entwurf",
    ),
    memos=frozenset(("memo",)),
)  # fmt: skip
FRENCH = Language(
    name="fr",
    decimal=COMMA,
    columns={
        "date": ("Date",), "time": ("Heure",), "zone": ("Fuseau horaire",), "type": ("Type", "Description"),
        "status": ("État", "Statut"), "currency": ("Devise",), "gross": ("Avant commission", "Brut"),
        "fee": ("Commission", "Frais"), "net": ("Net",), "number": ("Numéro de transaction",),
        "payer": ("De l'adresse email",),
        "reference": ("Numéro de la transaction de référence", "Nº de transaction de référence"),
        "invoice": ("Numéro de facture", "Nº de facture"), "custom": ("Numéro de client", "Nº de client"),
        "impact": ("Impact sur le solde",), "code": ("Code d'événement de la transaction",),
        "subject": ("Objet", "Titre de l'objet"),
    },
    kinds=_kinds(
        detail=r"article du panier",
        hold=r"blocage|suspension|autorisation|réserve|libération",
        fee=r"\bfrais\b|commission",
        payout=r"virement|retrait",
        refund=r"remboursement",
        transfer=r"conversion|approvisionnement|dépôt|transfert",
        adjustment=r"rétrofacturation|litige|annulation|ajustement|correction|contrepassation|bonus",
        payment=r"paiement|abonnement|\bdons?\b|achat",
    ),
    statuses=_statuses(
        succeeded="terminé|effectué|compensé|payé|remboursé|partiellement remboursé|contrepassé",
        pending="en attente|en cours|en cours de traitement|créé|non vérifié|actif",
        failed="refusé|échec|échoué|erreur",
        closed="annulé|expiré|supprimé|invalidé|brouillon",
    ),
    memos=frozenset(("mémo", "memo")),
)  # fmt: skip
CHINESE = Language(
    name="zh",
    decimal=POINT,
    columns={
        "date": ("日期",), "time": ("时间",), "zone": ("时区",), "type": ("类型", "说明"), "status": ("状态",),
        "currency": ("币种", "货币"), "gross": ("总额",), "fee": ("费用",), "net": ("净额",), "number": ("交易号",),
        "payer": ("发件人邮箱地址", "付款人邮箱地址"), "reference": ("参考交易号",), "invoice": ("账单号",),
        "custom": ("自定义号码",), "impact": ("引起余额变动", "余额影响"), "code": ("交易事件代码",),
        "subject": ("主题", "物品名称"),
    },
    kinds=_kinds(
        detail=r"购物车物品",
        hold=r"冻结|解冻|授权|保留|储备金",
        fee=r"费用|手续费",
        payout=r"提现|取款",
        refund=r"退款",
        transfer=r"兑换|存款|充值|转账",
        adjustment=r"退单|撤销|争议|调整|更正|补偿|奖励|返还",
        payment=r"付款|支付|收款|捐赠",
    ),
    statuses=_statuses(
        succeeded="已完成|完成|已结清|已付款|已退款|部分退款|已撤销|已返还",
        pending="待处理|未处理|待定|处理中|已创建|未验证|有效|暂停处理",
        failed="已拒绝|被拒绝|拒绝|失败|错误",
        closed="已取消|取消|已过期|已失效|已作废|已删除|已移除|草稿",
    ),
    memos=frozenset(("备忘", "备忘录", "memo")),
)  # fmt: skip
LANGUAGES = (ENGLISH, GERMAN, FRENCH, CHINESE)

# Codes are the same in every language: https://developer.paypal.com/docs/transaction-search/transaction-event-codes/
_CODES: Mapping[str, LineKind] = {
    "T1101": LineKind.PAYOUT,
    **dict.fromkeys(("T1107", "T1115", "T1119"), LineKind.REFUND),
    **dict.fromkeys(("T1108", "T1109"), LineKind.FEE),
    **dict.fromkeys(("T1105", "T1110", "T1111"), LineKind.TRANSFER),
}
_CODE_GROUPS: Mapping[str, LineKind] = {
    **dict.fromkeys(("T00", "T30"), LineKind.PAYMENT),
    "T01": LineKind.FEE,
    **dict.fromkeys(("T04", "T06", "T17"), LineKind.PAYOUT),
    **dict.fromkeys(("T02", "T03", "T07", "T13", "T15", "T20", "T21", "T22"), LineKind.TRANSFER),
    **dict.fromkeys(("T05", "T08", "T09", "T10", "T11", "T12", "T14", "T16", "T18", "T19"), LineKind.ADJUSTMENT),
}
_CODE = re.compile(r"T\d{4}\Z")


def kind_of_code(code: str) -> LineKind | None:
    """What an event code is about; None for none, and for those of rows that are only shown."""
    return _CODES.get(code) or _CODE_GROUPS.get(code[:3]) if _CODE.match(code) else None
