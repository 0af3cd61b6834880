"""Checks of what must not be public: secrets, addresses, whole numbers, internal names, and promises. Pure but for the scan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from counterfoil.foundation.vocabulary import Kind, entries
from counterfoil.foundation.vocabulary.support_intake import UNSAFE
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.macros import PLACEHOLDER
from counterfoil.knowledge.model import Article, ArticleKind, Finding
from counterfoil.knowledge.typed import found, prose_lines, shown_fields, typed_lines
from counterfoil.redaction.model import Finding as Secret
from counterfoil.redaction.model import SecretKind

_STAFF_ONLY = (Kind.BREAK_CLASS, Kind.RUN_REASON, Kind.ERROR)
_READERS_SEE = (Kind.REFUSAL, Kind.CAUSE, Kind.FINDING, Kind.INPUT_PROBLEM, Kind.CHARGE_MARK, Kind.PROBLEM_CLASS)
Scan = Callable[[str], Sequence[Secret]]

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ID = re.compile(
    r"\b(?:req|task|sub|ord|acc|grp|key|code|case|hold|grant)_(?=[0-9a-zA-Z]*[0-9])[0-9a-zA-Z]{6,}"
    r"|(?<![\w.])[0-9]{10,}(?![\w.])"
)
# What a sentence about passwords and headers is taken for by a scan that errs on the safe side.
_ALSO_IN_SENTENCES = frozenset({SecretKind.PASSWORD, SecretKind.AUTHORIZATION})
_VALUE = re.compile(r"(?=[A-Za-z0-9+=_-]*[0-9])[A-Za-z0-9+=_-]{6,}")
_SHOWN_OF_ID = 8
# What the machinery is made of is nobody's business on a page about a charge; a page of facts may say it.
_INTERNAL = re.compile(
    r"\b(?:postgres(?:ql)?|psycopg|granian|uvloop|duckdb|pyspark|asyncio|advisory lock|outbox|poller|lease|event loop"
    r"|sandbox upstream|src/counterfoil|counterfoil\.[a-z_]+|[a-z_]+\.py)\b",
    re.IGNORECASE,
)
_MAY_NAME = frozenset({ArticleKind.FACTS, ArticleKind.POLICY, ArticleKind.EXAMPLE})
_PRICE = re.compile(
    r"[¥￥$€£]\s?[0-9]|(?<![0-9])[0-9][0-9.,]*\s?(?:元|美元|人民币|欧元|块钱|USD\b|CNY\b|RMB\b|EUR\b|dollars?\b|yuan\b|cents?\b)",
    re.IGNORECASE,
)
_NUMBER = r"(?:[0-9]+|one|two|three|a few|several|一|两|几|数)"
_DEADLINE = re.compile(
    rf"\b(?:within|in at most|no later than) {_NUMBER} (?:business |working )?(?:minutes?|hours?|days?|weeks?)"
    rf"|{_NUMBER}\s?个?(?:分钟|小时|天|工作日|日|周)(?:之|以)?内|24/7|全天候|立即到账|马上到账|秒到",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"(?<!not )(?<!no )(?<!never )(?<!nobody can )(?<!cannot )(?<!can't )\bguarantee(?:s|d)?\b|\bwill (?:always )?be (?:fully )?refunded\b|\byou will get (?:it|your money) back\b"
    r"|\bwe will (?:refund|credit|compensate)\b|(?<![不非无])(?<!不能)(?<!不作)保证|一定会(?:退|到|返|赔)|肯定会|必定|全额退还|会全额退款|包退",
    re.IGNORECASE,
)
_CLAIMS = (("claim_price", _PRICE), ("claim_deadline", _DEADLINE), ("claim_outcome", _OUTCOME))


def check_safety(catalogue: Catalogue, article: Article, scan: Scan) -> Iterator[Finding]:
    """Secrets, addresses, ids and internal names, in everything that was typed, code too."""
    lines = [*shown_fields(article), *typed_lines(catalogue, article)]
    yield from _secrets(article, [(line.number, line.text) for line in lines], scan)
    for line in lines:
        for match in _EMAIL.finditer(line.text):
            yield found(article, line.number, "email_found", start=match[0][:1])
        for match in _ID.finditer(line.text):
            yield found(article, line.number, "order_number_found", start=match[0][:_SHOWN_OF_ID])
        if article.kind not in _MAY_NAME:
            for match in _INTERNAL.finditer(line.text):
                yield found(article, line.number, "internal_name", name=match[0])
        for code in _private_codes():
            if code in line.text:
                yield found(article, line.number, "internal_name", name=code)


def _secrets(article: Article, lines: list[tuple[int, str]], scan: Scan) -> Iterator[Finding]:
    # A place that a macro fills in is no secret, whatever it stands beside.
    texts = [text.replace(PLACEHOLDER, " ") for _, text in lines]
    starts, position = [], 0
    for text in texts:
        starts.append(position)
        position += len(text) + 1
    whole = "\n".join(texts)
    for one in scan(whole):
        if one.kind in _ALSO_IN_SENTENCES and _VALUE.search(whole[one.start : one.end]) is None:
            continue
        place = max(index for index, start in enumerate(starts) if start <= one.start)
        yield found(article, lines[place][0], "secret_found", what=UNSAFE[one.kind.value].label[article.language])


def check_claims(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    """Prices, deadlines and outcomes: what a page must not promise."""
    for line in prose_lines(catalogue, article):
        for rule, pattern in _CLAIMS:
            for match in pattern.finditer(line.prose):
                yield found(article, line.number, rule, words=match[0])


@cache
def _private_codes() -> tuple[str, ...]:
    """Codes of two words and more that only staff are shown."""
    public = {one.code for kind in (*_READERS_SEE, *_STAFF_ONLY) for one in entries(kind) if one.public}
    return tuple(
        one.code
        for kind in _STAFF_ONLY
        for one in entries(kind)
        if not one.public and "_" in one.code and one.code not in public
    )
