"""The twin of a page in Markdown: the same words, and the same four things at its head, for programs and for people."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.model import Article, ArticleKind

_COLON = {Language.ZH: "：", Language.EN: ": "}
_COMMA = {Language.ZH: "、", Language.EN: ", "}


def article(catalogue: Catalogue, one: Article, public_url: str) -> bytes:
    """The page of an article in Markdown."""
    return text_of(catalogue, one, public_url).encode()


def text_of(catalogue: Catalogue, one: Article, public_url: str) -> str:
    """The same as text: for the file that holds all of them."""
    language = one.language
    evidence = _COMMA[language].join(entry(Kind.EVIDENCE_FIELD, code).label[language] for code in one.evidence)
    head = [
        _item(language, "help_action", one.action),
        _item(language, "help_action_owner", entry(Kind.OWNER, one.action_owner).label[language]),
        _item(language, "help_evidence", evidence or _word(language, "help_evidence_none")),
        _item(language, "help_stopping_point", one.stopping_point),
    ]
    following = catalogue.next_of(one)
    foot = [
        one.byline,
        _item(language, "help_sources", _COMMA[language].join(one.sources)),
        _item(language, "help_boundary", entry(Kind.WORD, "help_boundary").explanation[language]),
        _item(language, "help_updated", one.updated.isoformat()),
        _item(language, "help_reviewed", one.reviewed.isoformat()),
    ]
    if following is not None:
        foot.append(_item(language, "help_next", f"[{following.title}]({public_url}{following.address})"))
    foot.append(public_url + one.address)
    return "\n".join(
        [
            f"# {one.title}", "", one.summary, "", *(f"- {line}" for line in head), "",
            catalogue.rendered(one).markdown.replace("](/", f"]({public_url}/").rstrip(), "",
            "---", "", *(f"- {line}" for line in foot), "",
        ]
    )  # fmt: skip


def home(catalogue: Catalogue, language: Language, public_url: str) -> bytes:
    """The first page of a language in Markdown: every article by its kind."""
    page = entry(Kind.PAGE, "help")
    lines = [f"# {page.label[language]}", "", page.explanation[language], ""]
    for kind in ArticleKind:
        articles = catalogue.of_kind(kind, language)
        if articles:
            lines += [f"## {entry(Kind.ARTICLE_KIND, kind).label[language]}", ""]
            lines += [f"- [{one.title}]({public_url}{one.address}){_COLON[language]}{one.summary}" for one in articles]
            lines.append("")
    return "\n".join(lines).encode()


def _word(language: Language, code: str) -> str:
    return entry(Kind.WORD, code).label[language]


def _item(language: Language, code: str, words: str) -> str:
    return f"**{_word(language, code)}**{_COLON[language]}{words}"
