"""What tells of changes: an Atom feed and a JSON feed of each language, and the map of the site with both languages."""

from __future__ import annotations

import json
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.model import Article

# What a reader of feeds has not seen yet; the rest is on the first page.
ENTRIES_MAX = 60
TAGS = {Language.ZH: "zh-CN", Language.EN: "en"}


def atom(catalogue: Catalogue, language: Language, public_url: str, operator: str) -> bytes:
    """The last changes of a language as Atom (RFC 4287)."""
    articles = _by_change(catalogue, language)
    title = entry(Kind.PAGE, "help")
    home = f"{public_url}/help/{language}"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{TAGS[language]}">',
        f"<id>{escape(home)}</id>",
        f"<title>{escape(title.label[language])} · {escape(operator)}</title>",
        f"<subtitle>{escape(title.explanation[language])}</subtitle>",
        f"<updated>{_moment(max((one.updated for one in articles), default=date(2026, 1, 1)))}</updated>",
        f"<author><name>{escape(operator)}</name></author>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(home + "/feed.xml")}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(home)}/>',
    ]
    for one in articles:
        address = public_url + one.address
        lines += [
            "<entry>",
            f"<id>{escape(address)}</id>",
            f"<title>{escape(one.title)}</title>",
            f'<link rel="alternate" type="text/html" href={quoteattr(address)}/>',
            f'<link rel="alternate" type="text/markdown" href={quoteattr(address + ".md")}/>',
            f"<published>{_moment(first_day(one))}</published>",
            f"<updated>{_moment(one.updated)}</updated>",
            f"<author><name>{escape(one.byline)}</name></author>",
            f"<summary>{escape(one.summary)}</summary>",
            f'<content type="html">{escape(_whole_addresses(catalogue, one, public_url))}</content>',
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""]).encode()


def json_feed(catalogue: Catalogue, language: Language, public_url: str, operator: str) -> bytes:
    """The same as a JSON feed, version 1.1."""
    title = entry(Kind.PAGE, "help")
    home = f"{public_url}/help/{language}"
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{title.label[language]} · {operator}",
        "description": title.explanation[language],
        "home_page_url": home,
        "feed_url": f"{home}/feed.json",
        "language": TAGS[language],
        "authors": [{"name": operator}],
        "items": [
            {
                "id": public_url + one.address,
                "url": public_url + one.address,
                "title": one.title,
                "summary": one.summary,
                "content_html": _whole_addresses(catalogue, one, public_url),
                "date_published": _moment(first_day(one)),
                "date_modified": _moment(one.updated),
                "authors": [{"name": one.byline}],
                "language": TAGS[language],
            }
            for one in _by_change(catalogue, language)
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"


def sitemap(catalogue: Catalogue, public_url: str) -> bytes:
    """Every page in every language that it exists in, with the others of its language beside it."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    newest = max((one.updated for one in catalogue.all()), default=None)
    for language in Language:
        lines += _url(public_url, "", language, tuple(Language), newest)
        for one in catalogue.articles(language):
            twin = catalogue.twin(one)
            languages = (one.language,) if twin is None else tuple(Language)
            lines += _url(public_url, f"/{one.slug}", language, languages, one.updated)
    return "\n".join([*lines, "</urlset>", ""]).encode()


def first_day(article: Article) -> date:
    """The day on which an article was first written."""
    return min(one.at for one in article.revisions)


def _url(
    public_url: str, rest: str, language: Language, languages: tuple[Language, ...], changed: date | None
) -> list[str]:
    lines = ["<url>", f"<loc>{escape(f'{public_url}/help/{language}{rest}')}</loc>"]
    if changed is not None:
        lines.append(f"<lastmod>{changed.isoformat()}</lastmod>")
    for each in languages:
        address = quoteattr(f"{public_url}/help/{each}{rest}")
        lines.append(f'<xhtml:link rel="alternate" hreflang="{TAGS[each]}" href={address}/>')
    # For readers of other languages, as the page itself says it.
    default = quoteattr(f"{public_url}/help/{Language.EN if Language.EN in languages else language}{rest}")
    lines.append(f'<xhtml:link rel="alternate" hreflang="x-default" href={default}/>')
    return [*lines, "</url>"]


def _whole_addresses(catalogue: Catalogue, one: Article, public_url: str) -> str:
    """The page with whole addresses: a reader of feeds shows it elsewhere."""
    html = catalogue.rendered(one).html.replace('href="/', f'href="{public_url}/')
    return html.replace('href="#', f'href="{public_url}{one.address}#')


def _by_change(catalogue: Catalogue, language: Language) -> list[Article]:
    found = sorted(catalogue.articles(language), key=lambda one: one.slug)
    return sorted(found, key=lambda one: one.updated, reverse=True)[:ENTRIES_MAX]


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
