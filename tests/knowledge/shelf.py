"""Articles of the tests' own: two pages in two languages that every check passes, and what a test changes in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from counterfoil.foundation.vocabulary import Language
from counterfoil.gateway.errors import ANSWERS
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.checks import check_article
from counterfoil.knowledge.examples import Example
from counterfoil.knowledge.front_matter import read_article
from counterfoil.knowledge.macros import Ports
from counterfoil.knowledge.model import Article, Finding
from counterfoil.support.templates_text import template_text

TODAY = date(2026, 12, 1)
PORTS = Ports(
    statuses={code: answer.status for code, answer in ANSWERS.items()},
    template=template_text,
    numbers={"duplicate_window_seconds": 600},
    operator={"name": "The Shop", "contact_email": "", "hours": "Mondays"},
    examples={"hello": Example(name="hello", language="sh", source="echo hi\n", output_language="text", output="hi\n")},
)
FIELDS: dict[str, Any] = {
    "title": {"en": "A call is refused", "zh": "请求被拒绝"},
    "summary": {"en": "What to look at first.", "zh": "先看什么。"},
    "kind": "answer",
    "audience": ["customer"],
    "codes": [],
    "owner": "support",
    "applies_to": ["gateway"],
    "updated": date(2026, 11, 30),
    "reviewed": date(2026, 11, 30),
    "review_by": date(2027, 5, 31),
    "byline": {"en": "Counterfoil editors", "zh": "Counterfoil 编辑"},
    "action": {"en": "Look up the request.", "zh": "查看这个请求。"},
    "action_owner": "customer",
    "evidence": ["request_id"],
    "stopping_point": {"en": "From here on support looks at the record.", "zh": "之后由客服查看记录。"},
    "related": ["second-page"],
    "next": "second-page",
    "sources": ["vocabulary"],
}
REVISION = {
    "at": date(2026, 11, 30), "reason": "First version.", "source_question": "Why?", "author": "editor",
    "approver": "support lead",
}  # fmt: skip
_SENTENCES = {
    "en": "Look at the request first, then at the limit that it met, and only then at the balance of the account. ",
    "zh": "先看这个请求，再看它碰到的那个限制，最后才看账户还有多少余额。",
}
BODY = {
    "en": "It met {{ label(\"refusal\", \"key_limit\") }}, with {{ status(\"key_limit\") }}.\n\n## Where to look\n\n"
    + _SENTENCES["en"] * 7 + "\n\n1. Open the request.\n2. Read its checks.\n\nSee {{ link(\"second-page\") }}.\n",
    "zh": "它碰到了{{ label(\"refusal\", \"key_limit\") }}，状态码是 {{ status(\"key_limit\") }}。\n\n## 看哪里\n\n"
    + _SENTENCES["zh"] * 9 + "\n\n1. 打开请求。\n2. 看它的检查。\n\n见{{ link(\"second-page\") }}。\n",
}  # fmt: skip


def text_of(slug: str, language: str, *, body: str | None = None, revisions: Any = None, **changes: Any) -> str:
    """The file of an article; `changes` are fields, and one that is None is left out."""
    fields = {"id": slug, **FIELDS, **changes}
    lines = [f"{name} = {_toml(value, language)}" for name, value in fields.items() if value is not None]
    for one in revisions if revisions is not None else [REVISION]:
        lines += ["[[revisions]]", *(f"{name} = {_toml(value, language)}" for name, value in one.items())]
    return "\n".join(["+++", *lines, "+++", BODY[language] if body is None else body])


def _toml(value: Any, language: str) -> str:
    if isinstance(value, dict):
        value = value[language]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one, language) for one in value) + "]"
    return '"' + value.replace('"', '\\"') + '"'


def article(slug: str, language: str, **changes: Any) -> Article:
    return read_article(
        text_of(slug, language, **changes), slug=slug, language=Language(language),
        file=f"articles/{language}/{slug}.md",
    )  # fmt: skip


def pages(*replaced: Article) -> list[Article]:
    """Two pages in both languages, with some of them replaced or added."""
    found = {}
    for language in ("en", "zh"):
        found[language, "first-page"] = article("first-page", language)
        found[language, "second-page"] = article(
            "second-page", language, related=["first-page"], next="first-page",
            body=BODY[language].replace("second-page", "first-page"),
        )  # fmt: skip
    for one in replaced:
        found[one.language.value, one.slug] = one
    return list(found.values())


def shelf(*replaced: Article, ports: Ports = PORTS) -> Catalogue:
    return Catalogue(pages(*replaced), ports=ports)


def findings(one: Article, *others: Article, ports: Ports = PORTS) -> tuple[Finding, ...]:
    """What the checks find in an article among the others."""
    catalogue = shelf(one, *others, ports=ports)
    return check_article(catalogue, one, today=TODAY)


def rules(found: Iterable[Finding]) -> set[str]:
    return {one.rule for one in found}
