"""Filling in what articles take from elsewhere: labels, codes, statuses, limits, templates, links, tested examples.

An article is Jinja's syntax with nothing but calls of the functions below, with texts as arguments. It is read into its
parts and put together here instead of being run as a template: editors write drafts in the console, and whatever cannot be
said cannot be misused. What is wrong is collected with its line; nothing is guessed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Entry, Kind, Language, entries, find_entry
from counterfoil.foundation.vocabulary.articles import place_of
from counterfoil.knowledge.examples import Example
from counterfoil.knowledge.model import Article, Finding, Used, article_address

# What stands where a macro could not be filled in; it is on no page that was checked.
_MISSING = "□"
# What stands for a macro in the text as it was typed.
PLACEHOLDER = "\ue000"
# Which list a bare code is looked up in first.
_FIRST = (Kind.REFUSAL, Kind.CAUSE, Kind.TASK_STATE, Kind.ORDER_STATE, Kind.CHARGE_MARK, Kind.ERROR, Kind.INPUT_PROBLEM)
_QUOTES = {Language.ZH: "「{}」", Language.EN: "“{}”"}
_COLON = {Language.ZH: "：", Language.EN: ": "}
_PLACE = re.compile(r"\{[a-z_]+\}")
_FENCE = re.compile(r"^(?:\s*)(```|~~~)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What articles take from rooms that this one does not know; filled in by the wiring.

    `statuses` are the HTTP statuses of codes, `template` the copyable text of a problem class, `numbers` limits of the
    product by name, and `operator` what an operator says of themselves: empty where it is not set.
    """

    statuses: Mapping[str, int]
    template: Callable[[str, Language], str]
    numbers: Mapping[str, int]
    operator: Mapping[str, str]
    examples: Mapping[str, Example] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """An article's Markdown with its macros filled in.

    `lines` gives for each line of `markdown` the line of the file that it comes from. `typed` is the body as somebody
    typed it, with `PLACEHOLDER` for each macro; its lines are those of the file from `body_line` on. `places` are the
    codes that are listed, in the order of their rows, each with its anchor.
    """

    markdown: str
    lines: tuple[int, ...]
    typed: str
    uses: tuple[Used, ...]
    flaws: tuple[Finding, ...]
    places: tuple[tuple[str, str], ...]


class _Flaw(Exception):
    """What is wrong with one call: a rule of the checks, and its facts."""

    def __init__(self, rule: str, /, **facts: str) -> None:
        super().__init__(rule)
        self.rule, self.facts = rule, facts


def _codes() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for kind in (*_FIRST, *(one for one in Kind if one not in _FIRST)):
        for one in entries(kind):
            found.setdefault(one.code, one)
    return found


KNOWN_CODES: Mapping[str, Entry] = _codes()
_environment = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - nothing is rendered by it
_environment.globals.clear()


def expand(article: Article, *, ports: Ports, titles: Mapping[str, str]) -> Expanded:
    """The article's Markdown with its macros filled in; `titles` are those of all pages in its language, by slug."""
    return _Expansion(article, ports=ports, titles=titles).run()


class _Expansion:
    def __init__(self, article: Article, *, ports: Ports, titles: Mapping[str, str]) -> None:
        self._article, self._ports, self._titles = article, ports, titles
        self._language = article.language
        self._uses: list[Used] = []
        self._flaws: list[Finding] = []
        self._places: list[tuple[str, str]] = []
        self._written, self._typed = _Lines(article.body_line), _Lines(article.body_line)
        self._line = 1
        self._macros: dict[str, tuple[int, int, Callable[..., str]]] = {
            "label": (2, 2, self._label),
            "explanation": (2, 2, self._explanation),
            "where_to_look": (2, 2, self._where_to_look),
            "what_to_change": (2, 2, self._what_to_change),
            "how_to_go_back": (2, 2, self._how_to_go_back),
            "owner": (2, 2, self._owner),
            "code": (1, 1, self._code),
            "status": (1, 1, self._status),
            "button": (1, 1, self._button),
            "page": (1, 1, self._page),
            "word": (1, 1, self._word),
            "field": (1, 1, self._field),
            "fields": (1, 1, self._fields),
            "template": (1, 1, self._template),
            "link": (1, 2, self._link),
            "table_of": (1, 1, self._table_of),
            "number": (1, 1, self._number),
            "operator": (1, 1, self._operator),
            "example": (1, 1, self._example),
        }

    def run(self) -> Expanded:
        try:
            tree = _environment.parse(self._article.body)
        except TemplateSyntaxError as error:
            self._flaw(error.lineno, "macro_unreadable", problem=error.message or "")
            tree = nodes.Template([])
        except RecursionError:
            # Brackets in brackets in brackets: nobody writes that, and it must not end the process.
            self._flaw(1, "macro_unreadable", problem="((((")
            tree = nodes.Template([])
        for part in self._parts(tree):
            if isinstance(part, nodes.TemplateData):
                self._written.text(part.data)
                self._typed.text(part.data)
            else:
                self._written.block(self._filled(part), at=self._article.body_line + part.lineno - 1)
                self._typed.text(PLACEHOLDER)
        return Expanded(
            markdown=self._written.all(),
            lines=tuple(self._written.lines),
            typed=self._typed.all(),
            uses=tuple(self._uses),
            flaws=tuple(self._flaws),
            places=tuple(self._places),
        )

    def _parts(self, tree: nodes.Template) -> Iterator[nodes.Expr]:
        for node in tree.body:
            if isinstance(node, nodes.Output):
                yield from node.nodes
            else:
                self._flaw(node.lineno, "macro_unreadable", problem="{% … %}")

    def _filled(self, call: nodes.Expr) -> str:
        self._line = self._article.body_line + call.lineno - 1
        try:
            name, arguments = self._read(call)
            return self._macros[name][2](*arguments)
        except _Flaw as flaw:
            self._flaw(call.lineno, flaw.rule, **flaw.facts)
            return _MISSING

    def _read(self, call: nodes.Expr) -> tuple[str, list[str]]:
        if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Name):
            raise _Flaw("macro_unknown", macro=getattr(getattr(call, "node", call), "name", "…"))
        name = call.node.name
        if name not in self._macros:
            raise _Flaw("macro_unknown", macro=name)
        arguments = [one.value for one in call.args if isinstance(one, nodes.Const) and isinstance(one.value, str)]
        least, most, _ = self._macros[name]
        if call.kwargs or call.dyn_args or call.dyn_kwargs or len(arguments) != len(call.args):
            raise _Flaw("macro_unreadable", problem=name)
        if not least <= len(arguments) <= most:
            raise _Flaw("macro_unreadable", problem=f"{name}: {len(arguments)}")
        return name, arguments

    def _flaw(self, line: int, rule: str, /, **facts: str) -> None:
        self._flaws.append(
            Finding(
                file=self._article.file, line=self._article.body_line + line - 1, rule=rule, slug=self._article.slug,
                language=self._language, facts=facts,
            )
        )  # fmt: skip

    # The macros.

    def _label(self, kind: str, code: str) -> str:
        return _without_places(self._entry("label", kind, code).label[self._language], f"{kind}/{code}")

    def _explanation(self, kind: str, code: str) -> str:
        return _without_places(self._entry("explanation", kind, code).explanation[self._language], f"{kind}/{code}")

    def _where_to_look(self, kind: str, code: str) -> str:
        return self._entry("where_to_look", kind, code).next_step.where_to_look[self._language]

    def _what_to_change(self, kind: str, code: str) -> str:
        return self._entry("what_to_change", kind, code).next_step.what_to_change[self._language]

    def _how_to_go_back(self, kind: str, code: str) -> str:
        return self._entry("how_to_go_back", kind, code).next_step.how_to_go_back[self._language]

    def _owner(self, kind: str, code: str) -> str:
        owner = self._entry("owner", kind, code).owner
        return self._entry("owner", Kind.OWNER, owner).label[self._language]

    def _code(self, code: str) -> str:
        found = KNOWN_CODES.get(code)
        if found is None:
            raise _Flaw("code_unknown", code=code)
        self._known(found, "code")
        # In a block of code the marks of inline code would be a part of it.
        return code if self._written.is_in_fence else f"`{code}`"

    def _status(self, code: str) -> str:
        if code not in self._ports.statuses:
            raise _Flaw("status_unknown", code=code)
        return str(self._ports.statuses[code])

    def _button(self, code: str) -> str:
        label = self._entry("button", Kind.BUTTON, code).label[self._language]
        return _QUOTES[self._language].format(_without_places(label, f"button/{code}"))

    def _page(self, code: str) -> str:
        return _without_places(self._entry("page", Kind.PAGE, code).label[self._language], f"page/{code}")

    def _word(self, code: str) -> str:
        return _without_places(self._entry("word", Kind.WORD, code).label[self._language], f"word/{code}")

    def _field(self, code: str) -> str:
        return self._entry("field", Kind.EVIDENCE_FIELD, code).label[self._language]

    def _fields(self, problem: str) -> str:
        self._entry("fields", Kind.PROBLEM_CLASS, problem)
        fields = [self._entry("fields", Kind.EVIDENCE_FIELD, one) for one in FIELDS_OF_PROBLEM[problem]]
        colon = _COLON[self._language]
        return "\n".join(f"- **{one.label[self._language]}**{colon}{one.explanation[self._language]}" for one in fields)

    def _template(self, problem: str) -> str:
        self._entry("template", Kind.PROBLEM_CLASS, problem)
        return _fenced("text", self._ports.template(problem, self._language))

    def _link(self, slug: str, words: str | None = None) -> str:
        if slug not in self._titles:
            raise _Flaw("link_unknown", slug=slug)
        return f"[{words or self._titles[slug]}]({article_address(self._language, slug)})"

    def _table_of(self, kind: str) -> str:
        if kind not in {one.value for one in Kind}:
            raise _Flaw("word_unknown", word=kind)
        heads = [find_entry(Kind.WORD, one) for one in ("help_meaning", "help_code", "help_explanation")]
        rows = [[one.label[self._language] for one in heads if one is not None]]
        for one in entries(Kind(kind)):
            if one.public:
                self._known(one, "table_of")
                self._places.append((one.code, place_of(kind, one.code)))
                rows.append([self._linked(one), f"`{one.code}`", one.explanation[self._language]])
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        return "\n".join([lines[0], "|---|---|---|", *lines[1:]])

    def _linked(self, one: Entry) -> str:
        # A list says what a label says in general: what is filled in is another each time.
        label = _PLACE.sub("…", one.label[self._language])
        slug, _, place = one.article.removeprefix("/help/").partition("#")
        # Its own row is no place to go to.
        if place or slug == self._article.slug or slug not in self._titles:
            return label
        return f"[{label}]({article_address(self._language, slug)})"

    def _number(self, name: str) -> str:
        if name not in self._ports.numbers:
            raise _Flaw("number_unknown", name=name)
        return str(self._ports.numbers[name])

    def _operator(self, name: str) -> str:
        if name not in self._ports.operator:
            raise _Flaw("operator_unknown", name=name)
        return self._ports.operator[name] or self._entry("word", Kind.WORD, "help_not_given").label[self._language]

    def _example(self, name: str) -> str:
        if name not in self._ports.examples:
            raise _Flaw("example_unknown", name=name)
        one = self._ports.examples[name]
        output = self._entry("word", Kind.WORD, "help_output").label[self._language]
        return "\n".join(
            [_fenced(one.language, one.source), "", output + _COLON[self._language].rstrip(), "",
             _fenced(one.output_language, one.output)]
        )  # fmt: skip

    def _entry(self, macro: str, kind: str, code: str) -> Entry:
        found = find_entry(Kind(kind), code) if kind in {one.value for one in Kind} else None
        if found is None:
            raise _Flaw("word_unknown", word=f"{kind}/{code}")
        return self._known(found, macro)

    def _known(self, found: Entry, macro: str) -> Entry:
        self._uses.append(Used(kind=found.kind, code=found.code, macro=macro, line=self._line))
        if not found.public:
            raise _Flaw("word_private", word=f"{found.kind}/{found.code}")
        return found


def _without_places(label: str, word: str) -> str:
    if any(name is not None for _, name, _, _ in string.Formatter().parse(label)):
        raise _Flaw("word_has_places", word=word)
    return label


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


class _Lines:
    """Text that is being put together, and for each of its lines the line of the file that it comes from."""

    def __init__(self, first: int) -> None:
        self._text: list[str] = []
        self._current = ""
        self._source = first
        self.lines = [first]
        self.is_in_fence = False

    def text(self, piece: str) -> None:
        """What stands in the file as it is."""
        self._text.append(piece)
        for _ in range(piece.count("\n")):
            self._source += 1
            self.lines.append(self._source)
        *whole, self._current = (self._current + piece).split("\n")
        for line in whole:
            if _FENCE.match(line):
                self.is_in_fence = not self.is_in_fence

    def block(self, piece: str, *, at: int) -> None:
        """What a macro gives; its lines stand as far from the edge as the macro does."""
        edge = self._current if not self._current.strip() else ""
        self._text.append(piece.replace("\n", "\n" + edge))
        self.lines += [at] * piece.count("\n")
        self._current = (self._current + piece).rpartition("\n")[2]

    def all(self) -> str:
        return "".join(self._text)
