"""The vocabulary in one language, as templates read it."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Entry, Kind, Language, entries, entry, find_entry, text

# What is explained in full on the look-up page, and what is listed below it, in this order.
_LISTED = (
    Kind.REQUEST_STATE, Kind.CHARGE_MARK, Kind.TASK_STATE, Kind.DOWNLOAD_STATE, Kind.VERDICT, Kind.TASK_KIND,
    Kind.INPUT_TYPE, Kind.TASK_SOURCE, Kind.CHECK_SCOPE, Kind.LIMIT_WINDOW, Kind.LIMIT_UNIT, Kind.HOLD_STATE,
    Kind.HOLD_REASON, Kind.GRANT_STATE, Kind.GRANT_KIND, Kind.ACCOUNT_STATE, Kind.GROUP_STATE, Kind.KEY_STATE,
    Kind.MODEL_TIER, Kind.DUPLICATE_POLICY, Kind.OUTPUT_POLICY, Kind.CAUSE, Kind.FINDING, Kind.TRANSFER_CODE,
    Kind.LEDGER_ACCOUNT,
    Kind.ORDER_STATE, Kind.REFUND_STATE, Kind.DISPUTE_STATE, Kind.ORDER_EVENT, Kind.ORDER_SOURCE, Kind.PROVIDER_KIND,
    Kind.INVOICE_STATE, Kind.CODE_STATE,
    Kind.OWNER, Kind.PROBLEM_CLASS, Kind.EVIDENCE_FIELD, Kind.ERROR,
)  # fmt: skip

# Kinds of which it says something in general what to do about them.
_ADVISED = frozenset(
    {
        Kind.REQUEST_STATE, Kind.CHARGE_MARK, Kind.TASK_STATE, Kind.DOWNLOAD_STATE, Kind.VERDICT, Kind.CAUSE,
        Kind.FINDING,
        Kind.ORDER_STATE, Kind.REFUND_STATE, Kind.DISPUTE_STATE, Kind.INVOICE_STATE, Kind.PROBLEM_CLASS, Kind.ERROR,
    }
)  # fmt: skip


class Words:
    """Labels, paragraphs and hints of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.tag = "zh-CN" if language is Language.ZH else "en"

    def heading(self, code: str) -> str:
        return entry(Kind.PAGE, code).label[self.language]

    def paragraph(self, code: str) -> str:
        return entry(Kind.PAGE, code).explanation[self.language]

    def word(self, code: str, **values: object) -> str:
        return text(Kind.WORD, code, self.language, **values)

    def hint(self, code: str) -> str:
        return entry(Kind.WORD, code).explanation[self.language]

    def button(self, code: str) -> str:
        return entry(Kind.BUTTON, code).label[self.language]

    def label(self, one: Entry) -> str:
        return one.label[self.language]

    def explanation(self, one: Entry) -> str:
        return one.explanation[self.language]

    def refusal(self, code: str) -> str:
        """The label of a refusal, or the code itself where there is none."""
        found = find_entry(Kind.REFUSAL, code)
        return found.label[self.language] if found is not None else code

    def advice(self, one: Entry) -> str:
        """What to do about it, where that can be said in general."""
        return one.next_step.what_to_change[self.language] if one.kind in _ADVISED else ""

    def owner(self, one: Entry) -> str:
        return entry(Kind.OWNER, one.owner).label[self.language]


def refusals() -> tuple[Entry, ...]:
    """Every refusal, in the order of the table."""
    return entries(Kind.REFUSAL)


def glossary() -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """Every other public entry that has its place on the look-up page: its code, and all meanings of that code.

    A code that two lists share has one place, and a refusal's place is its own. A cause of a refusal is a finding as well,
    in the same words: it is said once.
    """
    found: dict[str, list[Entry]] = {}
    taken = {one.code for one in refusals()}
    for kind in _LISTED:
        for one in entries(kind):
            if one.public and one.code not in taken:
                meanings = found.setdefault(one.code, [])
                if all(known.explanation != one.explanation for known in meanings):
                    meanings.append(one)
    return tuple((code, tuple(meanings)) for code, meanings in found.items())
