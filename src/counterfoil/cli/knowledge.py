"""`counterfoil knowledge`: checks, looks at and searches the handbook, and says where a word of the vocabulary is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from counterfoil.cli.command import PUBLISH, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.output import Column, table
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Entry, Kind, Language, entry, find_entry
from counterfoil.knowledge import checks, twins
from counterfoil.knowledge.catalogue import Catalogue, load_catalogue, read_articles
from counterfoil.knowledge.error_meaning import PASTED_CHARACTERS_MAX, what_it_means
from counterfoil.knowledge.model import ArticleKind, Finding
from counterfoil.knowledge.search import search
from counterfoil.knowledge.search_index import build_index

Folder = Annotated[
    Path | None,
    typer.Option("--articles", metavar="PATH", help="Folder with zh/ and en/ instead of the articles of the package."),
]


def check(
    call: Call,
    articles: Folder = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="SLUG", help="Findings of this page alone; can be repeated.")
    ] = None,
) -> Answer:
    """Hold the articles against the product and against each other; exit with status 1 where something is wrong.

    Codes without a page, words that do not exist or are typed by hand, twins that differ, links that lead nowhere, dates
    that are over, secrets, promises: each with file, line, rule, reason and what to do.
    """
    reading = read_articles(articles)
    catalogue = Catalogue(reading.articles, ports=call.launchers.handbook_ports(call.settings))
    today = to_datetime(SystemClock().now()).date()
    findings = checks.check(catalogue, today=today, unreadable=reading.unreadable)
    if only:
        findings = tuple(one for one in findings if one.slug in only)
    lines = [line for one in findings for line in _finding_lines(one, call.language)]
    lines.append(f"{len(catalogue.all())} articles, {len(findings)} findings")
    return Answer(
        data={"articles": len(catalogue.all()), "findings": [_finding_json(one, call.language) for one in findings]},
        lines=lines,
        status=ExitStatus.NOT_DONE if findings else ExitStatus.DONE,
    )


def list_articles(
    call: Call,
    kind: Annotated[ArticleKind | None, typer.Option("--kind", help="Pages of this kind alone.")] = None,
    articles: Folder = None,
) -> Answer:
    """Every page of the handbook in your language, with its kind and when it is looked at again."""
    catalogue = _catalogue(call, articles)
    found = [one for one in catalogue.articles(call.language) if kind is None or one.kind is kind]
    return Answer(
        data={
            "articles": [
                {
                    "slug": one.slug, "kind": one.kind.value, "title": one.title, "address": one.address,
                    "codes": [str(each) for each in one.codes], "updated": one.updated.isoformat(),
                    "review_by": one.review_by.isoformat(), "owner": one.owner.value,
                }
                for one in found
            ]
        },
        lines=table(
            ["slug", "kind", "title", "review by"],
            [(one.slug, one.kind.value, one.title, one.review_by.isoformat()) for one in found],
            empty="no articles",
        ),
    )  # fmt: skip


def show(
    call: Call, slug: Annotated[str, typer.Argument(metavar="SLUG", help="The page.")], articles: Folder = None
) -> Answer:
    """One page in Markdown, with its macros filled in."""
    catalogue = _catalogue(call, articles)
    article = catalogue.article(slug, call.language)
    text = twins.text_of(catalogue, article, call.settings.public_url or "")
    return Answer(data={"slug": slug, "language": call.language.value, "markdown": text}, lines=text.splitlines())


def search_articles(
    call: Call,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="As one would ask it.")],
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, max=20, help="Hits at most.")] = 5,
    articles: Folder = None,
) -> Answer:
    """The pages that answer a question, the best first; exit with status 1 where there are none."""
    catalogue = _catalogue(call, articles)
    hits = search(build_index(catalogue, call.language), question, most=most)
    rows = [{"slug": one.document.slug, "title": one.document.title, "score": one.score} for one in hits]
    return Answer(
        data={"hits": rows},
        lines=table(
            ["slug", "title", Column(name="score", right=True)], [tuple(one.values()) for one in rows], empty="none"
        ),
        status=ExitStatus.DONE if hits else ExitStatus.NOT_DONE,
    )


def error(
    call: Call,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="A code, a status or a whole error; - reads standard input.")
    ],
    articles: Folder = None,
) -> Answer:
    """The pages that explain an error text, which is not kept; exit with status 1 where there are none."""
    catalogue = _catalogue(call, articles)
    read = sys.stdin.read(PASTED_CHARACTERS_MAX) if text == "-" else text
    meanings = what_it_means(catalogue, build_index(catalogue, call.language), read)
    rows = [
        {"slug": one.article.slug, "title": one.article.title, "address": one.address, "by": one.found.value}
        for one in meanings.pages
    ]
    return Answer(
        data={"pages": rows, "request_id": meanings.request_id},
        lines=table(["slug", "title", "address", "by"], [tuple(one.values()) for one in rows], empty="none"),
        status=ExitStatus.DONE if rows else ExitStatus.NOT_DONE,
    )


def uses(
    call: Call,
    word: Annotated[str, typer.Argument(metavar="KIND/CODE", help="A word of the vocabulary, such as button/pay.")],
    articles: Folder = None,
) -> Answer:
    """Every article that shows a word, with file and line: what changes when the word does."""
    one = _word(word)
    catalogue = _catalogue(call, articles)
    rows = [
        {
            "file": shown.article.file, "line": shown.used.line, "slug": shown.article.slug,
            "language": shown.article.language.value, "macro": shown.used.macro,
        }
        for shown in catalogue.uses(one.kind, one.code)
    ]  # fmt: skip
    return Answer(
        data={
            "word": word,
            "label": {language.value: one.label[language] for language in Language},
            "article": one.article,
            "uses": rows,
        },
        lines=[
            f"{word}: {one.label[call.language]}",
            *table(["file", Column(name="line", right=True), "macro"],
                   [(each["file"], each["line"], each["macro"]) for each in rows], empty="no article shows it"),
        ],
    )  # fmt: skip


async def export(
    call: Call,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder for zh/ and en/, such as that of the repository's articles.")
    ],
) -> Answer:
    """Write what editors have published as files: the last revision of each article, in both languages.

    A file of the same name is replaced; every other one stays as it is.
    """
    async with call.services() as services:
        found = await services.editing.latest()
    rows = []
    try:
        for one in found:
            for language in Language:
                path = folder / language.value / f"{one.slug}.md"
                _put(path, one.texts[language])
                rows.append({"file": str(path), "slug": one.slug, "revision": one.number, "language": language.value})
    except OSError as error:
        raise InputError(
            code="publish_folder_unusable", path=str(folder), reason=error.strerror or type(error).__name__
        ) from error
    return Answer(
        data={"folder": str(folder), "articles": len(found), "files": rows},
        lines=table(
            ["file", Column(name="revision", right=True)], [(each["file"], each["revision"]) for each in rows],
            empty="nothing was published here",
        ),
    )  # fmt: skip


def _put(path: Path, text: str) -> None:
    """The file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _word(written: str) -> Entry:
    kind, _, code = written.partition("/")
    if kind not in {one.value for one in Kind} or not code:
        raise InputError(code="word_not_found", word=written)
    found = find_entry(Kind(kind), code)
    if found is None:
        raise NotFound(code="word_not_found", word=written)
    return found


def _catalogue(call: Call, folder: Path | None) -> Catalogue:
    return load_catalogue(call.launchers.handbook_ports(call.settings), folder=folder)


def _finding_lines(one: Finding, language: Language) -> Iterable[str]:
    yield f"{one.file}:{one.line}: {one.rule}: {one.reason(language)}"
    yield f"    {entry(Kind.WORD, 'what_to_change').label[language]}: {one.what_to_do(language)}"


def _finding_json(one: Finding, language: Language) -> dict[str, Any]:
    return {
        "file": one.file,
        "line": one.line,
        "rule": one.rule,
        "slug": one.slug,
        "language": one.language.value if one.language else None,
        "reason": one.reason(language),
        "what_to_do": one.what_to_do(language),
    }


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="knowledge", panel=PUBLISH, summary="The public handbook: check it, search it."
    )
    commands.add("check", check)
    commands.add("list", list_articles)
    commands.add("show", show)
    commands.add("search", search_articles)
    commands.add("error", error)
    commands.add("uses", uses)
    commands.add("export", export)
