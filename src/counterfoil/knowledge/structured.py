"""JSON-LD of pages: what an article is, where it stands, and the question it answers or the words it explains.

Nothing is said to machines that readers do not see: an answer's text is that of the page's beginning, a word's that of its
row or item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.catalogue import Crumb
from counterfoil.knowledge.feeds import TAGS, first_day
from counterfoil.knowledge.model import Article, ArticleKind, Rendered

_CONTEXT = "https://schema.org"
_WITH_TERMS = (ArticleKind.GLOSSARY,)


def of_article(article: Article, rendered: Rendered, crumbs: Iterable[Crumb], *, public_url: str, operator: str) -> str:
    """Everything about a page of an article."""
    address = public_url + article.address
    graph: list[dict[str, Any]] = [
        {
            "@type": "Article",
            "@id": f"{address}#article",
            "headline": article.title,
            "description": article.summary,
            "inLanguage": TAGS[article.language],
            "mainEntityOfPage": address,
            "datePublished": first_day(article).isoformat(),
            "dateModified": article.updated.isoformat(),
            "author": {"@type": "Organization", "name": article.byline},
            "publisher": {"@type": "Organization", "name": operator, "url": public_url},
        },
        _breadcrumbs(crumbs, public_url),
    ]
    if article.kind is ArticleKind.ANSWER and rendered.lead:
        graph.append(_question(article, rendered, address))
    if article.kind in _WITH_TERMS and rendered.terms:
        graph.append(_terms(article, rendered, address))
    return _embedded({"@context": _CONTEXT, "@graph": graph})


def of_home(language: Language, *, public_url: str, operator: str) -> str:
    """The first page: the handbook as a part of a site, with its search."""
    page = entry(Kind.PAGE, "help")
    home = f"{public_url}/help/{language}"
    return _embedded(
        {
            "@context": _CONTEXT,
            "@type": "WebSite",
            "@id": f"{home}#site",
            "url": home,
            "name": f"{page.label[language]} · {operator}",
            "description": page.explanation[language],
            "inLanguage": TAGS[language],
            "publisher": {"@type": "Organization", "name": operator, "url": public_url},
            "potentialAction": {
                "@type": "SearchAction",
                "target": f"{home}/search?q={{search_term_string}}",
                "query-input": "required name=search_term_string",
            },
        }
    )


def _breadcrumbs(crumbs: Iterable[Crumb], public_url: str) -> dict[str, Any]:
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": one.title, "item": public_url + one.address}
            for place, one in enumerate(crumbs, start=1)
        ],
    }


def _question(article: Article, rendered: Rendered, address: str) -> dict[str, Any]:
    return {
        "@type": "FAQPage",
        "@id": f"{address}#faq",
        "inLanguage": TAGS[article.language],
        "mainEntity": [
            {
                "@type": "Question",
                "name": article.title,
                "acceptedAnswer": {"@type": "Answer", "text": rendered.lead, "url": address},
            }
        ],
    }


def _terms(article: Article, rendered: Rendered, address: str) -> dict[str, Any]:
    return {
        "@type": "DefinedTermSet",
        "@id": f"{address}#terms",
        "name": article.title,
        "inLanguage": TAGS[article.language],
        "hasDefinedTerm": [
            {"@type": "DefinedTerm", "name": name, "description": description, "inDefinedTermSet": f"{address}#terms"}
            for name, description in rendered.terms
        ],
    }


def _embedded(document: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    return (
        json.dumps(document, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )
