"""In which language somebody reads, where their page lives, and the pages that say one thing."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Language, pick_language
from counterfoil.site.answers import Answer, read_header, read_query
from counterfoil.site.model import Scope, Site
from counterfoil.site.pages import Address, Pages

# Pages about one request or case are for whoever has its address, not for search engines.
NOT_INDEXED = (("x-robots-tag", "noindex"),)


def chosen(scope: Scope) -> Language | None:
    """The language that the address asks for, if it does."""
    asked = read_query(scope).get("lang", "")
    return Language(asked) if asked in tuple(Language) else None


def language_of(site: Site, scope: Scope) -> Language:
    """The language that was chosen, else the browser's, else the installation's."""
    return chosen(scope) or pick_language(read_header(scope, b"accept-language"), site.default_language)


def headers_of(language: Language) -> tuple[tuple[str, str], ...]:
    return (("content-language", "zh-CN" if language is Language.ZH else "en"),)


def address_of(site: Site, scope: Scope, *, path: str, query: dict[str, str] | None = None) -> Address:
    return Address(public_url=site.public_url.rstrip("/"), path=path, query=query or {}, language=chosen(scope))


def message(
    site: Site, pages: Pages, scope: Scope, part: str, *, status: int, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """A page with a heading and a paragraph (a `page` entry), and the look-up form below."""
    language = language_of(site, scope)
    return Answer(
        # Never the path that was asked for: it may hold what somebody typed.
        body=pages.message(address_of(site, scope, path="/why"), language, part),
        status=status,
        headers=(*headers_of(language), *NOT_INDEXED, *headers),
    )
