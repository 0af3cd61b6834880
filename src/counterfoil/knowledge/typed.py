"""What somebody typed in an article, line by line, apart from what macros give: checks of words read this. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.macros import PLACEHOLDER
from counterfoil.knowledge.model import Article, Finding

_FENCE = re.compile(r"\s*(?:```|~~~)")
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_TARGET = re.compile(r"\]\([^)\s]*\)")
# Fields of the front matter that readers see; `source_question` is in a reader's own words.
SHOWN_FIELDS = ("title", "summary", "action", "stopping_point", "byline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it was typed; `prose` is without inline code and without the addresses of links."""

    number: int
    text: str
    prose: str
    is_code: bool


def typed_lines(catalogue: Catalogue, article: Article) -> Iterator[Line]:
    """The lines of the body."""
    is_code = False
    typed = catalogue.expanded(article).typed.split("\n")
    for number, text in enumerate(typed, start=article.body_line):
        if _FENCE.match(text):
            is_code = not is_code
            yield Line(number=number, text=text, prose="", is_code=True)
            continue
        prose = "" if is_code else _TARGET.sub("]", _INLINE_CODE.sub(PLACEHOLDER, text))
        yield Line(number=number, text=text, prose=prose, is_code=is_code)


def shown_fields(article: Article) -> Iterator[Line]:
    """The texts of the front matter that are on the page."""
    for name in SHOWN_FIELDS:
        text = getattr(article, name)
        yield Line(number=article.lines.get(name, 1), text=text, prose=text, is_code=False)


def prose_lines(catalogue: Catalogue, article: Article) -> Iterator[Line]:
    """Every line that readers read as sentences: of the front matter, and of the body without code."""
    yield from shown_fields(article)
    for line in typed_lines(catalogue, article):
        if not line.is_code and line.prose.strip():
            yield line


def found(article: Article, line: int | str, rule: str, /, **facts: str) -> Finding:
    """A finding on a line of the article's file, or at a field of its front matter."""
    return Finding(
        file=article.file,
        line=article.lines.get(line, 1) if isinstance(line, str) else line,
        rule=rule,
        slug=article.slug,
        language=article.language,
        facts=facts,
    )
