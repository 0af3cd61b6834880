"""What is written to whoever reported a case, and what must not be in it. Pure.

A draft is put together from what was found, whose words are the vocabulary's, with the numbers that the reader may see.
Before anything is sent its text is checked, whoever wrote it: the check says what it objects to and changes nothing.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from counterfoil.evidence.subjects import clean
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import PREFIXES
from counterfoil.foundation.vocabulary import Language
from counterfoil.redaction.rules import find as find_secrets
from counterfoil.support.rules import CaseError

FACTS_MAX = 12
# Of what is objected to, so much is shown.
_SHOWN_CHARACTERS = 80


class ObjectionKind(StrEnum):
    """Why a text must not go out."""

    SECRET = "secret"  # noqa: S105 - a kind of objection
    OTHER_ACCOUNT = "other_account"
    UPSTREAM = "upstream"
    ROUTING = "routing"
    PROMISE = "promise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One thing that must not be in an answer: the words as they stand there, masked where they are a secret."""

    kind: ObjectionKind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What an answer may name: the shown ids and e-mail addresses of its own account and case, and the amounts (as they are
    written) that were posted for it. `upstreams` are names that must not be in it, `other_names` those of other accounts."""

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    upstreams: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    is_settled: bool = False


# Ids that stand for something of an account; those of notices, prices and articles are told to nobody.
_ID = re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(sorted(PREFIXES.values()))})_[0-9a-f]{{32}}(?![0-9a-z_])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}(?![\w-])")
_ROUTING = re.compile(
    r"上游|路由(?!器)|渠道(?:号|编号|商|切换|id)|回源|备用线路|切换(?:了)?(?:线路|渠道|供应商)|供应商|成本价|进货价|中转"
    r"|\bupstreams?\b|\brout(?:ed|ing)\b|\bfail(?:ed)?[ -]?over\b|\bfall(?:s|en)?[ -]?back (?:to|provider|channel)"
    r"|\bbackends?\b|\bour (?:supplier|vendor|provider)s?\b|\breseller cost\b|\bwholesale\b|\bchannel (?:id|number|\d)",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"保证|承诺|担保|绝对(?:不会|会|能)|肯定(?:会|能|不会|可以)|一定(?:会|能|给|帮|可以)|必定|百分之?百|包(?:退|赔)|不会再(?:发生|出现|有)"
    r"|(?:\d+|[一二两三几])\s?(?:分钟|小时|天|个?工作日)(?:之?内|以内)(?:会|就会|一定)?(?:到账|退|补|解决|恢复|处理好)"
    r"|\bguarantee[ds]?\b|\bwe promise\b|\bI promise\b|\bpromised?\b|\bwill (?:definitely|certainly|surely|always|never)\b"
    r"|\b(?:100|hundred) ?(?:%|percent)|\bnever happen again\b|\bwithout fail\b"
    r"|\b(?:refund(?:ed)?|credited|resolved|fixed|restored) within \d+ (?:minutes?|hours?|days?)",
    re.IGNORECASE,
)
# What may be said once money was posted for the case, and never before.
_PAYING = re.compile(
    r"(?:会|将|马上|立刻|稍后)(?:给您|给你|为您|为你|全额)?(?:退款|退还|补偿|赔偿|补发|返还)|全额(?:退款|赔偿)|双倍"
    r"|\b(?:we|I)(?: will|'ll|’ll| are going to| shall)(?: \w+){0,2} (?:refund|compensate|credit|reimburse|pay you)\b|\bfull refund\b",
    re.IGNORECASE,
)


def check_outgoing(text: str, allowed: Allowed) -> tuple[Objection, ...]:
    """Everything that must not go out in this text, each once, in order of its kind; empty where it may be sent."""
    plain = _folded(text)
    found = [
        *_secrets(text),
        *(Objection(kind=ObjectionKind.OTHER_ACCOUNT, words=words) for words in _others(plain, allowed)),
        *(Objection(kind=ObjectionKind.UPSTREAM, words=name) for name in _names_in(plain, allowed.upstreams)),
        *_phrases(ObjectionKind.ROUTING, _ROUTING, plain),
        *_phrases(ObjectionKind.PROMISE, _PROMISE, plain),
    ]
    if not allowed.is_settled:
        found += _phrases(ObjectionKind.PROMISE, _PAYING, plain)
    return tuple(dict.fromkeys(found))


def emails_of(text: str) -> list[str]:
    """Every address in a text, however many, in small letters; each once."""
    return list(dict.fromkeys(match[0].casefold() for match in _EMAIL.finditer(text)))


def _folded(text: str) -> str:
    """As it is read: half-width, without what cannot be seen and without blanks between Chinese characters."""
    # `clean` reads the beginning only; an answer is checked to its end.
    pieces = [clean(text[start : start + 1_000]) for start in range(0, len(text), 1_000)]
    folded = unicodedata.normalize("NFKC", "".join(pieces))
    return re.sub(r"(?<=[\u3400-\u9fff])[ \t]+(?=[\u3400-\u9fff])", "", folded)


def _secrets(text: str) -> Iterator[Objection]:
    for one in find_secrets(text):
        yield Objection(kind=ObjectionKind.SECRET, words=one.mask[:_SHOWN_CHARACTERS])


def _others(plain: str, allowed: Allowed) -> Iterator[str]:
    """Ids, addresses and names that are not the account's own."""
    for match in _ID.finditer(plain.lower()):
        if match[0] not in allowed.ids:
            yield match[0]
    own = {one.casefold() for one in allowed.emails}
    yield from (one for one in emails_of(plain) if one not in own)
    yield from _names_in(plain, allowed.other_names)


def _names_in(plain: str, names: Iterable[str]) -> Iterator[str]:
    """Names that stand in the text as words of their own, however they are written."""
    for name in names:
        folded = _folded(name).strip()
        if len(folded) < 2:
            continue
        is_word = folded[0].isascii() and folded[-1].isascii()
        pattern = re.escape(folded).replace(r"\ ", r"[\s_-]*").replace(r"\-", r"[\s_-]*")
        edges = (r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])") if is_word else ("", "")
        if re.search(edges[0] + pattern + edges[1], plain, re.IGNORECASE):
            yield name


def _phrases(kind: ObjectionKind, pattern: re.Pattern[str], plain: str) -> Iterator[Objection]:
    for match in pattern.finditer(plain):
        yield Objection(kind=kind, words=match[0][:_SHOWN_CHARACTERS])


# -- drafts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer is made of, in its reader's language: the one sentence, what is true of the money, findings, facts
    (label and value) that the reader may see, and the next steps."""

    answer: str
    money: str | None = None
    findings: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    next_steps: tuple[str, ...] = ()
    how_to_go_back: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The sentences around an answer, from the vocabulary: `greeting` names the case's number."""

    greeting: str
    found: str
    facts: str
    next_steps: str
    closing: str


def draft(told: Told, frame: Frame, *, language: Language) -> str:
    """An answer in paragraphs: what happened, the money, why, the facts, what to do now. It says nothing twice."""
    said: list[str] = [frame.greeting]
    said += _once([told.answer, *([told.money] if told.money else ())])
    reasons = [one for one in _once(told.findings) if one not in said]
    if reasons:
        said.append("\n".join([frame.found, *_listed(reasons)]))
    if told.facts:
        colon = "：" if language is Language.ZH else ": "
        shown = [f"{label}{colon}{value}" for label, value in told.facts[:FACTS_MAX]]
        said.append("\n".join([frame.facts, *_listed(shown)]))
    steps = [*_once(told.next_steps), *([told.how_to_go_back] if told.how_to_go_back else ())]
    if steps:
        said.append("\n".join([frame.next_steps, *(f"{number}. {one}" for number, one in enumerate(steps, start=1))]))
    said.append(frame.closing)
    return "\n\n".join(said)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(one.strip() for one in texts if one.strip()))


def _listed(texts: Sequence[str]) -> list[str]:
    return [f"- {one}" for one in texts]


# -- snippets ----------------------------------------------------------------------------------------------------------

_NO_FACTS: Mapping[str, str] = MappingProxyType({})


def places_of(snippet: str) -> tuple[str, ...]:
    """The names of a snippet's places; raises `InputError` where its braces do not fit."""
    try:
        parsed = list(string.Formatter().parse(snippet))
    except ValueError as error:
        raise InputError(field="snippet", expected="braces around the names of facts") from error
    names = [name for _, name, _, _ in parsed if name is not None]
    # A place is a name and nothing else: no attribute, index, or form.
    if any(re.fullmatch(r"[a-z][a-z_]{0,39}", name) is None for name in names) or any(
        spec or conversion for _, name, spec, conversion in parsed if name is not None
    ):
        raise InputError(field="snippet", expected="names of facts, in lower-case letters")
    return tuple(dict.fromkeys(names))


def fill(snippet: str, facts: Mapping[str, str] = _NO_FACTS) -> str:
    """A snippet with a case's facts in its places; raises `InputError` naming those that the case does not have."""
    missing = [name for name in places_of(snippet) if not facts.get(name)]
    if missing:
        raise InputError(
            code=CaseError.FACT_MISSING, field="snippet", expected="facts that the case has", missing=", ".join(missing)
        )
    return snippet.format_map(facts)
