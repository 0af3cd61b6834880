"""Checks of twins: the page in the other language says the same, as far as that can be counted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from counterfoil.foundation.vocabulary import Kind, Language
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.model import Article, Finding, Used
from counterfoil.knowledge.typed import found, typed_lines

_FIELDS = (
    "kind", "problem_class", "audience", "codes", "owner", "applies_to", "action_owner", "evidence", "related", "next",
    "updated", "reviewed", "review_by",
)  # fmt: skip
# A list's own numbers are counted as steps.
_LIST_NUMBER = re.compile(r"^\s*[0-9]+[.)]\s")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_])[0-9]+(?:[.:][0-9]+)*(?![A-Za-z0-9_])")
# Names of places on screens are said as often as a language needs them.
_NOT_COMPARED = frozenset({Kind.WORD, Kind.PAGE, Kind.OWNER})
_OTHER = {Language.EN: Language.ZH, Language.ZH: Language.EN}
_SHOWN_CHARACTERS_MAX = 120


def check_twins(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    """What differs between the two pages of a slug; said once, at the English one."""
    twin = catalogue.twin(article)
    if twin is None:
        yield found(article, "id", "twin_missing", language=_OTHER[article.language].value)
        return
    if article.language is not Language.EN:
        return
    for name in _FIELDS:
        here, there = getattr(article, name), getattr(twin, name)
        if here != there:
            yield _differs(article, name, name, _said(here), _said(there))
    if len(article.revisions) != len(twin.revisions):
        yield _differs(article, "revisions", "revisions", str(len(article.revisions)), str(len(twin.revisions)))
    yield from _contents(catalogue, article, twin)


def _contents(catalogue: Catalogue, article: Article, twin: Article) -> Iterator[Finding]:
    mine, other = catalogue.rendered(article), catalogue.rendered(twin)
    line = article.body_line
    if mine.steps != other.steps:
        yield _differs(article, line, "steps", str(mine.steps), str(other.steps))
    if [one.level for one in mine.headings] != [one.level for one in other.headings]:
        here, there = ("/".join(str(one.level) for one in each.headings) or "0" for each in (mine, other))
        yield _differs(article, line, "headings", here, there)
    for name, said, there_said in (
        ("numbers", _numbers(catalogue, article), _numbers(catalogue, twin)),
        ("codes", _used(mine.uses), _used(other.uses)),
    ):
        if said != there_said:
            yield _differs(article, line, name, _said(sorted(said - there_said)), _said(sorted(there_said - said)))


def _numbers(catalogue: Catalogue, article: Article) -> set[str]:
    """Every number that is typed, without those that count a list's items."""
    lines = (_LIST_NUMBER.sub("", line.text) for line in typed_lines(catalogue, article))
    return {match[0] for line in lines for match in _NUMBER.finditer(line)}


def _used(uses: Iterable[Used]) -> set[str]:
    return {f"{one.kind}/{one.code}" for one in uses if one.kind not in _NOT_COMPARED}


def _said(value: object) -> str:
    if isinstance(value, tuple | list):
        return (", ".join(str(one) for one in value) or "—")[:_SHOWN_CHARACTERS_MAX]
    return "—" if value is None else str(value)


def _differs(article: Article, line: int | str, field: str, here: str, there: str) -> Finding:
    return found(article, line, "twin_differs", field=field, here=here, there=there)
