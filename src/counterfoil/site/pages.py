"""Rendering: from an explanation, or from what there is to say without one, to the bytes of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as quote_path
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from counterfoil.evidence.model import About, Explanation
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time, to_datetime
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.site.assets import ICON, STYLE
from counterfoil.site.model import Examples, LiveNumbers
from counterfoil.site.words import Words, glossary, refusals

# While a replay is under way the numbers move; afterwards they stand.
REFRESH_SECONDS = 4
# How the stamp on a slip is coloured, beside what it says.
_STYLES = {"refused": "refused", "failed": "failed", "unknown": "failed", "held": "general"}

_environment = Environment(
    loader=PackageLoader("counterfoil.site"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def show_nanos(nanos: int, currency: str, decimals: int) -> str:
    return f"{format_nanos(nanos, least_decimals=decimals)} {currency}"


def count_decimals(amounts: Iterable[int | None]) -> int:
    """How many decimals these amounts need to be shown exactly, and in line."""
    shown = [format_nanos(amount) for amount in amounts if amount is not None]
    return max((len(one.partition(".")[2]) for one in shown), default=2)


def show_count(count: int) -> str:
    return f"{count:,}"


def show_clock(at: int) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"


def in_parts(shown_id: str) -> list[str]:
    """An id in pieces between which a line may break; together they are the id, for whoever copies it."""
    prefix, _, digits = shown_id.partition("_")
    return [f"{prefix}_", *(digits[start : start + 8] for start in range(0, len(digits), 8))]


_environment.filters.update(
    nanos=show_nanos, decimals=count_decimals, count=show_count, clock=show_clock, rfc3339=show_time, in_parts=in_parts
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a page lives, and in which language it was asked for.

    `language` is None where nobody chose: links then leave it out, and the browser's preference goes on deciding.
    """

    public_url: str
    path: str
    query: Mapping[str, str]
    language: Language | None

    def link(self, path: str) -> str:
        """A link within the site that keeps the chosen language."""
        return path if self.language is None else _with_query(path, {"lang": self.language.value})

    def in_language(self, language: str | None) -> str:
        """This page in another language, absolute; None is the page that lets the browser decide."""
        fields = dict(self.query) | ({"lang": language} if language is not None else {})
        return self.public_url + _with_query(quote_path(self.path), fields)

    @property
    def canonical(self) -> str:
        return self.in_language(self.language.value if self.language is not None else None)


def _with_query(path: str, fields: Mapping[str, str]) -> str:
    before, hash_sign, fragment = path.partition("#")
    return before + (f"?{urlencode(fields)}" if fields else "") + hash_sign + fragment


def is_under_way(live: LiveNumbers | None) -> bool:
    """Whether a replay is moving the numbers."""
    return live is not None and live.progress is not None and live.progress[0] < live.progress[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Every page of one installation. `statuses` are those of refusals; `demo` says that the money is play money."""

    statuses: Mapping[str, int]
    demo: bool

    def home(
        self, address: Address, language: Language, *, live: LiveNumbers | None, examples: Examples | None
    ) -> bytes:
        """The form, what every code means, and in a demo the numbers and what to try."""
        return self.render(
            "home.html", address, language, live=live, examples=examples, refusals=refusals(), glossary=glossary(),
            under_way=is_under_way(live),
        )  # fmt: skip

    def live(self, address: Address, language: Language, *, live: LiveNumbers, examples: Examples | None) -> bytes:
        """The numbers by themselves, for the frame in which they renew themselves: the form beside it stays as it is."""
        return self.render(
            "live.html", address, language, live=live, examples=examples,
            refresh_seconds=REFRESH_SECONDS if is_under_way(live) else None,
        )  # fmt: skip

    def decision(self, address: Address, language: Language, explanation: Explanation) -> bytes:
        """One explanation: the answer, the checks, the next steps, what is on record."""
        return self.render(
            "decision.html", address, language, explanation=explanation, mark=_mark(explanation),
            mark_style=_STYLES.get(explanation.state, "passed") if explanation.state is not None else "general",
            failing=sum(not check.passed for check in explanation.checks),
        )  # fmt: skip

    def message(self, address: Address, language: Language, part: str) -> bytes:
        """A heading and a paragraph (a `page` entry), with the form below."""
        return self.render("message.html", address, language, part=part, refusals=refusals())

    def render(self, template: str, address: Address, language: Language, **values: Any) -> bytes:
        """A template with what every page needs, and with these values."""
        return (
            _environment.get_template(template)
            .render(
                w=Words(language), language=language, languages=[(one, Words(one)) for one in Language],
                address=address, demo=self.demo, style=STYLE, icon=ICON, subject_max=SUBJECT_CHARACTERS_MAX,
                statuses=self.statuses, **values,
            )
            .encode()
        )  # fmt: skip


def _mark(explanation: Explanation) -> str:
    """The word on the stamp: a request's state, a submission's kind, or that there is no request."""
    if explanation.about is About.REQUEST:
        return entry(Kind.REQUEST_STATE, explanation.state or "").label[explanation.language]
    if explanation.about is About.SUBMISSION:
        return explanation.label
    word = "mark_general" if explanation.about is About.CODE else "mark_elsewhere"
    return entry(Kind.WORD, word).label[explanation.language]
