"""Every article there is: by its slug, by the codes it is the page of, with its neighbours and where each word is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.front_matter import ArticleUnreadable, read_article
from counterfoil.knowledge.macros import Expanded, Ports, expand
from counterfoil.knowledge.model import Article, ArticleKind, Finding, Rendered, Used
from counterfoil.knowledge.rendering import render_expanded

MAP_SLUG = "handbook"
_KINDS = tuple(ArticleKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crumb:
    """A step on the way to a page: its words and its address."""

    title: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One place where an article shows a word of the vocabulary."""

    article: Article
    used: Used


class Catalogue:
    """The articles of one moment, each rendered once, when it is asked for."""

    def __init__(self, articles: Iterable[Article], *, ports: Ports) -> None:
        self.ports = ports
        self._articles = {(one.language, one.slug): one for one in articles}
        self._expanded: dict[tuple[Language, str], Expanded] = {}
        self._rendered: dict[tuple[Language, str], Rendered] = {}
        self._titles = {
            language: {one.slug: one.title for one in self._articles.values() if one.language is language}
            for language in Language
        }

    def replaced(self, articles: Iterable[Article]) -> Catalogue:
        """The same with these in the place of those of their slug and language, or beside them."""
        return Catalogue(
            {**self._articles, **{(one.language, one.slug): one for one in articles}}.values(), ports=self.ports
        )

    def all(self) -> tuple[Article, ...]:
        return tuple(self._articles.values())

    def articles(self, language: Language) -> tuple[Article, ...]:
        """Every article of a language, by its kind and then by its slug."""
        found = (one for one in self._articles.values() if one.language is language)
        return tuple(sorted(found, key=lambda one: (_KINDS.index(one.kind), one.slug)))

    def of_kind(self, kind: ArticleKind, language: Language) -> tuple[Article, ...]:
        return tuple(one for one in self.articles(language) if one.kind is kind)

    @cached_property
    def slugs(self) -> frozenset[str]:
        return frozenset(slug for _, slug in self._articles)

    def titles(self, language: Language) -> Mapping[str, str]:
        """The title of every article of a language, by its slug."""
        return self._titles[language]

    def find(self, slug: str, language: Language) -> Article | None:
        return self._articles.get((language, slug))

    def article(self, slug: str, language: Language) -> Article:
        """The article of a slug; raises `NotFound`."""
        found = self.find(slug, language)
        if found is None:
            raise NotFound(code="article_not_found", slug=slug, language=language.value)
        return found

    def twin(self, article: Article) -> Article | None:
        """The same page in the other language."""
        other = Language.ZH if article.language is Language.EN else Language.EN
        return self.find(article.slug, other)

    def related(self, article: Article) -> tuple[Article, ...]:
        return tuple(one for slug in article.related if (one := self.find(slug, article.language)) is not None)

    def next_of(self, article: Article) -> Article | None:
        return self.find(article.next, article.language)

    def breadcrumbs(self, article: Article) -> tuple[Crumb, ...]:
        """From the home of the handbook to the page itself."""
        language = article.language
        home = f"/help/{language}"
        return (
            Crumb(title=entry(Kind.PAGE, "help").label[language], address=home),
            Crumb(title=entry(Kind.ARTICLE_KIND, article.kind).label[language], address=f"{home}#{article.kind}"),
            Crumb(title=article.title, address=article.address),
        )

    @cached_property
    def _pages_of_codes(self) -> Mapping[tuple[Kind, str], str]:
        found: dict[tuple[Kind, str], str] = {}
        for article in self._articles.values():
            for one in article.codes:
                found.setdefault((one.kind, one.code), article.slug)
        return found

    def by_code(self, kind: Kind, code: str, language: Language) -> Article | None:
        """The page of a code, where there is one of its own."""
        slug = self._pages_of_codes.get((kind, code))
        return None if slug is None else self.find(slug, language)

    def expanded(self, article: Article) -> Expanded:
        key = (article.language, article.slug)
        if key not in self._expanded:
            self._expanded[key] = expand(article, ports=self.ports, titles=self._titles[article.language])
        return self._expanded[key]

    def rendered(self, article: Article) -> Rendered:
        key = (article.language, article.slug)
        if key not in self._rendered:
            self._rendered[key] = render_expanded(self.expanded(article))
        return self._rendered[key]

    def flaws(self) -> tuple[Finding, ...]:
        """What is wrong with macros of any article."""
        return tuple(flaw for one in self._articles.values() for flaw in self.expanded(one).flaws)

    def uses(self, kind: Kind, code: str) -> tuple[Shown, ...]:
        """Where articles show a word: what changes with it."""
        return tuple(
            Shown(article=article, used=used)
            for language in Language
            for article in self.articles(language)
            for used in self.expanded(article).uses
            if used.kind is kind and used.code == code
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a folder of articles holds, and which of its files are none."""

    articles: tuple[Article, ...]
    unreadable: tuple[ArticleUnreadable, ...]


def read_articles(folder: Traversable | None = None) -> Reading:
    """Every article of a folder with `zh/` and `en/`; without one, those that the package holds."""
    root = folder if folder is not None else files("counterfoil.knowledge").joinpath("articles")
    articles: list[Article] = []
    unreadable: list[ArticleUnreadable] = []
    for language in Language:
        for path in _markdown_files(root.joinpath(language.value)):
            slug = path.name.removesuffix(".md")
            file = f"articles/{language}/{path.name}"
            try:
                text = path.read_text(encoding="utf-8")
                articles.append(read_article(text, slug=slug, language=language, file=file))
            except ArticleUnreadable as error:
                unreadable.append(error)
            except UnicodeDecodeError:
                unreadable.append(ArticleUnreadable(file=file, line=1, problem="it is not UTF-8"))
    return Reading(articles=tuple(articles), unreadable=tuple(unreadable))


def _markdown_files(folder: Traversable) -> list[Traversable]:
    if not folder.is_dir():
        return []
    return sorted((one for one in folder.iterdir() if one.name.endswith(".md")), key=lambda one: one.name)


def load_catalogue(ports: Ports, *, folder: Traversable | None = None) -> Catalogue:
    """The catalogue of a folder, or of the package; raises `ArticleUnreadable` for the first file that is no article."""
    reading = read_articles(folder)
    if reading.unreadable:
        raise reading.unreadable[0]
    return Catalogue(reading.articles, ports=ports)
