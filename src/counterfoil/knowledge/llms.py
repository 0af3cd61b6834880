"""What language models are given: `llms.txt` leads to every page in Markdown, `llms-full.txt` holds all of them."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge import twins
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.model import ArticleKind


def short(catalogue: Catalogue, public_url: str, operator: str) -> bytes:
    """Links to every page, by kind: English first, and the same in Chinese."""
    lines = _head(operator)
    for language in (Language.EN, Language.ZH):
        for kind in ArticleKind:
            articles = catalogue.of_kind(kind, language)
            if not articles:
                continue
            lines += [f"## {entry(Kind.ARTICLE_KIND, kind).label[language]}", ""]
            lines += [f"- [{one.title}]({public_url}{one.address}.md): {one.summary}" for one in articles]
            lines.append("")
    return "\n".join(lines).encode()


def full(catalogue: Catalogue, public_url: str, operator: str) -> bytes:
    """Every page in full."""
    lines = _head(operator)
    for language in (Language.EN, Language.ZH):
        for one in catalogue.articles(language):
            lines += [twins.text_of(catalogue, one, public_url), ""]
    return "\n".join(lines).encode()


def _head(operator: str) -> list[str]:
    page = entry(Kind.PAGE, "help")
    name = f"{operator} · {page.label[Language.EN]}"
    return [f"# {name}", "", f"> {page.explanation[Language.EN]}", "", page.explanation[Language.ZH], ""]
