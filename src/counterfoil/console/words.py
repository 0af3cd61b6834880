"""The vocabulary in one language, as templates read it."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Entry, Kind, Language, entry, find_entry, text


class Words:
    """Labels, paragraphs and hints of one language. A code without an entry is a mistake in the page, and raises."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.tag = "zh-CN" if language is Language.ZH else "en"

    def heading(self, code: str, **values: object) -> str:
        return text(Kind.PAGE, code, self.language, **values)

    def paragraph(self, code: str, **values: object) -> str:
        return _filled(entry(Kind.PAGE, code).explanation[self.language], values)

    def word(self, code: str, **values: object) -> str:
        return text(Kind.WORD, code, self.language, **values)

    def hint(self, code: str) -> str:
        return entry(Kind.WORD, code).explanation[self.language]

    def button(self, code: str, **values: object) -> str:
        return text(Kind.BUTTON, code, self.language, **values)

    def consequence(self, code: str) -> str:
        """What pressing the button does."""
        return entry(Kind.BUTTON, code).explanation[self.language]

    def label(self, kind: str, code: str | None) -> str:
        """The label of a code of any kind; the code itself where it is not in the table, "—" where there is none."""
        if code is None:
            return "—"
        found = find_entry(Kind(kind), code)
        return found.label[self.language] if found is not None else code

    def explanation(self, kind: str, code: str) -> str:
        found = find_entry(Kind(kind), code)
        return found.explanation[self.language] if found is not None else ""

    def entry(self, kind: str, code: str) -> Entry | None:
        return find_entry(Kind(kind), code)

    def of(self, one: Entry) -> str:
        return one.label[self.language]

    def said(self, one: Entry) -> str:
        return one.explanation[self.language]


def _filled(sentence: str, values: dict[str, object]) -> str:
    return sentence.format(**values) if values else sentence
