"""From an article to what readers get: Markdown with its macros filled in, HTML, and what is in it.

HTML in an article is shown as text, never run. Headings and rows of lists of codes have anchors; links that leave the site
say so; whatever may be wider than a phone can be scrolled by keyboard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from counterfoil.knowledge.macros import Expanded, Ports, expand
from counterfoil.knowledge.model import Article, Heading, Link, Rendered

_NOT_OF_ANCHORS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_OUTSIDE = re.compile(r"https?://", re.IGNORECASE)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - its name there
        """Whether an address is one that a page may lead to; others are shown as they were typed."""
        return _OUTSIDE.match(url) is not None or url.startswith(("/", "#"))


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _fence(renderer: Any, tokens: Sequence[Token], place: int, options: Any, environment: Any) -> str:
    token = tokens[place]
    name = token.info.strip().split(" ")[0]
    kind = f' class="language-{escape(name)}"' if name else ""
    return f'<pre tabindex="0"><code{kind}>{escape(token.content, quote=False)}</code></pre>\n'


def _table_open(renderer: Any, tokens: Sequence[Token], place: int, options: Any, environment: Any) -> str:
    return '<div class="help-table" tabindex="0"><table>\n'


def _table_close(renderer: Any, tokens: Sequence[Token], place: int, options: Any, environment: Any) -> str:
    return "</table></div>\n"


_markdown = _parser()


def render(article: Article, *, ports: Ports, titles: Mapping[str, str]) -> Rendered:
    """The article as readers get it. What is wrong with its macros is found by `macros.expand`, which the checks call."""
    return render_expanded(expand(article, ports=ports, titles=titles))


def render_expanded(expanded: Expanded) -> Rendered:
    """The same of an article whose macros are filled in already."""
    tokens = _markdown.parse(expanded.markdown)
    lines = _LineOf(expanded.lines)
    headings = _anchored_headings(tokens)
    places = _anchored_rows(tokens, expanded.places)
    links: list[Link] = []
    codes: list[str] = []
    for token in tokens:
        if token.type == "inline":
            line = lines.at(token)
            links += _links(token, line)
            codes += [child.content for child in token.children or () if child.type == "code_inline"]
    return Rendered(
        markdown=expanded.markdown.strip() + "\n",
        html=_markdown.renderer.render(tokens, _markdown.options, {}),
        text="\n".join(_texts(tokens)),
        headings=headings,
        anchors=frozenset({one.anchor for one in headings} | places),
        links=tuple(links),
        codes=tuple(codes),
        steps=_count_steps(tokens),
        uses=expanded.uses,
        lead=_lead(tokens),
        terms=tuple(_terms(tokens)),
    )


class _LineOf:
    """The line of the file that a token comes from."""

    def __init__(self, lines: Sequence[int]) -> None:
        self._lines = lines

    def at(self, token: Token) -> int:
        place = token.map[0] if token.map else 0
        return self._lines[min(place, len(self._lines) - 1)]


def anchor_of(words: str) -> str:
    """The anchor of a heading: its letters, digits and Chinese characters, with dashes between."""
    folded = unicodedata.normalize("NFKC", words).casefold()
    return _NOT_OF_ANCHORS.sub("-", folded).strip("-") or "part"


def plain(token: Token) -> str:
    """What a reader sees of an inline token."""
    kept = (child.content for child in token.children or () if child.type in ("text", "code_inline"))
    breaks = any(child.type in ("softbreak", "hardbreak") for child in token.children or ())
    if not breaks:
        return "".join(kept)
    pieces = [
        child.content if child.type in ("text", "code_inline") else " "
        for child in token.children or ()
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    ]
    return "".join(pieces)


def _anchored_headings(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    found: list[Heading] = []
    taken: set[str] = set()
    for place, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        words = plain(tokens[place + 1])
        anchor = _free(anchor_of(words), taken)
        token.attrSet("id", anchor)
        found.append(Heading(level=int(token.tag[1:]), text=words, anchor=anchor))
    return tuple(found)


def _anchored_rows(tokens: Sequence[Token], places: Iterable[tuple[str, str]]) -> set[str]:
    """Give each row of a list of codes its anchor. A code that two lists share has its row in each, in their order."""
    waiting: dict[str, list[str]] = {}
    for code, anchor in places:
        waiting.setdefault(code, []).append(anchor)
    found: set[str] = set()
    row: Token | None = None
    for token in tokens:
        if token.type == "tr_open":
            row = token
        elif token.type == "inline" and row is not None and token.children and len(token.children) == 1:
            child = token.children[0]
            if child.type == "code_inline" and waiting.get(child.content):
                anchor = waiting[child.content].pop(0)
                row.attrSet("id", anchor)
                found.add(anchor)
                row = None
    return found


def _free(anchor: str, taken: set[str]) -> str:
    free, number = anchor, 1
    while free in taken:
        number += 1
        free = f"{anchor}-{number}"
    taken.add(free)
    return free


def _links(token: Token, line: int) -> list[Link]:
    found: list[Link] = []
    children = token.children or []
    for place, child in enumerate(children):
        if child.type == "softbreak":
            line += 1
        if child.type != "link_open":
            continue
        target = str(child.attrGet("href") or "")
        if _OUTSIDE.match(target):
            child.attrSet("rel", "external noopener noreferrer")
        words = []
        for each in children[place + 1 :]:
            if each.type == "link_close":
                break
            words.append(each.content)
        found.append(Link(target=target, text="".join(words), line=line))
    return found


def _count_steps(tokens: Iterable[Token]) -> int:
    steps, lists = 0, list[str]()
    for token in tokens:
        if token.type in ("ordered_list_open", "bullet_list_open"):
            lists.append(token.type)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            lists.pop()
        elif token.type == "list_item_open" and lists[-1] == "ordered_list_open":
            steps += 1
    return steps


def _texts(tokens: Iterable[Token]) -> Iterable[str]:
    for token in tokens:
        if token.type == "inline":
            yield plain(token)
        elif token.type in ("fence", "code_block"):
            yield token.content


def _lead(tokens: Sequence[Token]) -> str:
    first = next((place for place, token in enumerate(tokens) if token.type == "heading_open"), len(tokens))
    return "\n".join(_texts(tokens[:first])).strip()


def _terms(tokens: Sequence[Token]) -> Iterable[tuple[str, str]]:
    """Rows of tables (their first and last cell), and items of lists that begin with a word in bold."""
    row: list[str] | None = None
    for place, token in enumerate(tokens):
        if token.type == "tbody_open" or (token.type == "tr_open" and row is not None):
            row = []
        elif token.type == "tr_close" and row and len(row) > 1:
            yield row[0], row[-1]
        elif token.type == "tbody_close":
            row = None
        elif token.type == "inline":
            if row is not None:
                row.append(plain(token))
            elif tokens[place - 1].type == "paragraph_open" and tokens[place - 2].type == "list_item_open":
                yield from _bold_term(token)


def _bold_term(token: Token) -> Iterable[tuple[str, str]]:
    children = [child for child in token.children or () if child.content or child.type != "text"]
    if len(children) < 4 or children[0].type != "strong_open" or children[2].type != "strong_close":
        return
    rest = plain(token).removeprefix(children[1].content).lstrip("：: —-")
    if rest:
        yield children[1].content, rest
