"""Reading an article: TOML between two lines `+++`, then Markdown. What is wrong is said with file and line. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Kind, Language, Owner, find_entry
from counterfoil.knowledge.model import (
    RESERVED_SLUGS,
    Article,
    ArticleKind,
    Audience,
    CodeOf,
    Keeper,
    Part,
    Revision,
)

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
TITLE_CHARACTERS_MAX = 90
# A summary is what search engines and lists show of a page.
SUMMARY_CHARACTERS_MAX = {Language.EN: 160, Language.ZH: 80}
_FENCE = "+++"
_TEXTS = ("title", "summary", "byline", "action", "stopping_point", "next")
_LISTS = ("audience", "codes", "applies_to", "evidence", "related", "sources")
_DATES = ("updated", "reviewed", "review_by")
_KNOWN = frozenset(
    {"id", "kind", "problem_class", "owner", "action_owner", "revisions", *_TEXTS, *_LISTS, *_DATES}
)  # fmt: skip
_OF_REVISION = ("reason", "source_question", "author", "approver")
_LINE_OF_TOML = re.compile(r"\(at line (\d+)")
_Choice = TypeVar("_Choice", bound=StrEnum)


class ArticleUnreadable(InputError):
    """A file that is no article: `file`, `line`, and in `problem` what is wrong there."""

    code = "article_unreadable"

    def __init__(self, *, file: str, line: int, problem: str) -> None:
        super().__init__(file=file, line=line, problem=problem)
        self.file, self.line, self.problem = file, line, problem


def read_article(text: str, *, slug: str, language: Language, file: str) -> Article:
    """The article that a file holds; raises `ArticleUnreadable`."""
    head, body, body_line = _split(text, file)
    try:
        fields = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        place = _LINE_OF_TOML.search(str(error))
        line = int(place[1]) + 1 if place else 1
        raise ArticleUnreadable(file=file, line=line, problem=str(error)) from None
    except RecursionError:
        raise ArticleUnreadable(file=file, line=1, problem="lists in lists in lists") from None
    reading = _Reading(fields=fields, head=head, file=file, language=language)
    return reading.article(slug=slug, body=body, body_line=body_line)


def _split(text: str, file: str) -> tuple[str, str, int]:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        raise ArticleUnreadable(file=file, line=1, problem="the first line is not +++")
    for number, line in enumerate(lines[1:], start=2):
        if line.rstrip() == _FENCE:
            return "\n".join(lines[1 : number - 1]), "\n".join(lines[number:]), number + 1
    raise ArticleUnreadable(file=file, line=len(lines), problem="the front matter has no second line +++")


class _Reading:
    """Reads the fields of one front matter, and says on which line what is wrong."""

    def __init__(self, *, fields: Mapping[str, Any], head: str, file: str, language: Language) -> None:
        self._fields, self._file, self._language = fields, file, language
        self._lines = head.split("\n")

    def article(self, *, slug: str, body: str, body_line: int) -> Article:
        for name in sorted(self._fields.keys() - _KNOWN):
            raise self._wrong(name, f"there is no field {name}")
        if self._text("id") != slug:
            raise self._wrong("id", f"id is {self._text('id')}, but the file is called {slug}")
        if SLUG.match(slug) is None or slug in RESERVED_SLUGS:
            raise self._wrong("id", "an id is small letters, digits and dashes, and no reserved word")
        texts = {name: self._text(name) for name in _TEXTS}
        dates = {name: self._date(self._fields.get(name), name) for name in _DATES}
        if len(texts["title"]) > TITLE_CHARACTERS_MAX:
            raise self._wrong("title", f"title has more than {TITLE_CHARACTERS_MAX} characters")
        most = SUMMARY_CHARACTERS_MAX[self._language]
        if len(texts["summary"]) > most:
            raise self._wrong("summary", f"summary has {len(texts['summary'])} characters, more than {most}")
        return Article(
            slug=slug,
            language=self._language,
            kind=self._choice("kind", ArticleKind),
            audience=self._choices("audience", Audience),
            problem_class=self._problem_class(),
            codes=tuple(self._code_of(one) for one in self._list("codes")),
            owner=self._choice("owner", Keeper),
            applies_to=self._choices("applies_to", Part),
            action_owner=self._choice("action_owner", Owner),
            evidence=self._list("evidence"),
            related=self._list("related"),
            sources=self._list("sources"),
            revisions=self._revisions(),
            body=body,
            file=self._file,
            body_line=body_line,
            lines={name: self._line_of(name) for name in self._fields},
            title=texts["title"],
            summary=texts["summary"],
            byline=texts["byline"],
            action=texts["action"],
            stopping_point=texts["stopping_point"],
            next=texts["next"],
            updated=dates["updated"],
            reviewed=dates["reviewed"],
            review_by=dates["review_by"],
        )

    def _text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(name, f"{name} is missing" if value is None else f"{name} is no text")
        return value.strip()

    def _list(self, name: str) -> tuple[str, ...]:
        value = self._fields.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self._wrong(name, f"{name} is missing" if value is None else f"{name} is no list of texts")
        if len(set(value)) != len(value):
            raise self._wrong(name, f"{name} names something twice")
        return tuple(value)

    def _date(self, value: object, name: str) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self._wrong(name, f"{name} is no date such as 2026-11-30, without quotes")
        return value

    def _choice(self, name: str, choices: type[_Choice]) -> _Choice:
        return self._one_of(self._text(name), name, choices)

    def _choices(self, name: str, choices: type[_Choice]) -> tuple[_Choice, ...]:
        found = tuple(self._one_of(one, name, choices) for one in self._list(name))
        if not found:
            raise self._wrong(name, f"{name} is empty")
        return found

    def _one_of(self, value: str, name: str, choices: type[_Choice]) -> _Choice:
        try:
            return choices(value)
        except ValueError:
            known = ", ".join(one.value for one in choices)
            raise self._wrong(name, f"{name} is {value}, not one of {known}") from None

    def _problem_class(self) -> str | None:
        if "problem_class" not in self._fields:
            return None
        code = self._text("problem_class")
        if find_entry(Kind.PROBLEM_CLASS, code) is None:
            raise self._wrong("problem_class", f"there is no problem class {code}")
        return code

    def _code_of(self, written: str) -> CodeOf:
        kind, _, code = written.partition("/")
        if kind not in {one.value for one in Kind} or find_entry(Kind(kind), code) is None:
            raise self._wrong("codes", f"the vocabulary has no {written}")
        return CodeOf(kind=Kind(kind), code=code)

    def _revisions(self) -> tuple[Revision, ...]:
        value = self._fields.get("revisions")
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise self._wrong("revisions", "there is no revision")
        return tuple(self._revision(one) for one in value)

    def _revision(self, one: Mapping[str, Any]) -> Revision:
        for name in sorted(one.keys() - {"at", *_OF_REVISION}):
            raise self._wrong(name, f"a revision has no field {name}")
        for name in _OF_REVISION:
            if not isinstance(one.get(name), str) or not one[name].strip():
                raise self._wrong("revisions", f"a revision has no {name}")
        texts = {name: one[name].strip() for name in _OF_REVISION}
        return Revision(at=self._date(one.get("at"), "at"), **texts)

    def _wrong(self, name: str, problem: str) -> ArticleUnreadable:
        return ArticleUnreadable(file=self._file, line=self._line_of(name), problem=problem)

    def _line_of(self, name: str) -> int:
        return line_of_field(self._lines, name)


def line_of_field(lines: Iterable[str], name: str) -> int:
    """The line of a file on which the field of its front matter stands; the first where it does not."""
    begins = re.compile(rf"(?:{re.escape(name)}\s*=|\[\[{re.escape(name)}\]\])")
    return next((number for number, line in enumerate(lines, start=2) if begins.match(line.strip())), 1)


def front_matter(article: Article) -> str:
    """The article's fields as TOML, as `read_article` reads them."""
    fields: list[str] = [f"id = {_quoted(article.slug)}"]
    fields += [f"{name} = {_quoted(getattr(article, name))}" for name in ("title", "summary", "kind")]
    fields.append(f"audience = {_quoted_list(article.audience)}")
    if article.problem_class is not None:
        fields.append(f"problem_class = {_quoted(article.problem_class)}")
    fields.append(f"codes = {_quoted_list(str(one) for one in article.codes)}")
    fields += [f"owner = {_quoted(article.owner)}", f"applies_to = {_quoted_list(article.applies_to)}"]
    fields += [f"{name} = {getattr(article, name).isoformat()}" for name in _DATES]
    fields += [f"{name} = {_quoted(getattr(article, name))}" for name in ("byline", "action", "action_owner")]
    fields.append(f"evidence = {_quoted_list(article.evidence)}")
    fields.append(f"stopping_point = {_quoted(article.stopping_point)}")
    fields.append(f"related = {_quoted_list(article.related)}")
    fields.append(f"next = {_quoted(article.next)}")
    fields.append(f"sources = {_quoted_list(article.sources)}")
    for one in article.revisions:
        fields += ["[[revisions]]", f"at = {one.at.isoformat()}"]
        fields += [f"{name} = {_quoted(getattr(one, name))}" for name in _OF_REVISION]
    return "\n".join([_FENCE, *fields, _FENCE, ""])


def write_article(article: Article) -> str:
    """The file of an article: what `read_article` reads back as the same."""
    return front_matter(article) + article.body


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _quoted_list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(one) for one in texts) + "]"
