"""What a draft may become and when it may be published; how it would stand in the handbook. Pure: days and times come in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.rules import policy_for, same_person
from counterfoil.foundation.errors import Conflict, Forbidden, InputError
from counterfoil.foundation.vocabulary import Kind, Language, Owner, find_entry
from counterfoil.knowledge.editing_model import (
    OPEN_STATES,
    Checked,
    Difference,
    Draft,
    DraftState,
    Statement,
)
from counterfoil.knowledge.front_matter import SLUG, ArticleUnreadable, read_article, write_article
from counterfoil.knowledge.model import RESERVED_SLUGS, Article, Finding, Revision

TEXT_CHARACTERS_MAX = 60_000
WORDS_CHARACTERS_MAX = 500
NOTES_CHARACTERS_MAX = 8_000
SLUG_CHARACTERS_MAX = 120
# An article is looked at again after half a year, unless its author says earlier.
REVIEW_DAYS = 182
# Of two pages that name each other one is published first; the list of what is to be reviewed is another matter.
NOT_BLOCKING = frozenset({"related_one_way", "related_unknown"})
# Roles, as front matter names them: whoever approves is another than whoever wrote.
_AUTHOR = {Language.ZH: "编辑", Language.EN: "editor"}
_APPROVERS = {
    ApprovalPolicy.TWO_PEOPLE: {Language.ZH: "另一位编辑", Language.EN: "another editor"},
    ApprovalPolicy.SINGLE_WITH_REASON: {
        Language.ZH: "同一位编辑，已写明理由", Language.EN: "the same editor, with a reason on record",
    },
}  # fmt: skip
_ENDS = " \t。．.!！;；"


def check_slug(slug: str) -> str:
    """The slug; raises `InputError` where it cannot be one."""
    cleaned = slug.strip()
    if len(cleaned) > SLUG_CHARACTERS_MAX or SLUG.match(cleaned) is None or cleaned in RESERVED_SLUGS:
        raise InputError(code="article_slug", field="slug", expected="key-invalid")
    return cleaned


def check_words(text: str, *, field: str, required: bool) -> str:
    """A line such as a reason, without the space around it; raises `InputError` where it is missing or no line."""
    cleaned = " ".join(text.split())
    if required and not cleaned:
        raise InputError(code="article_words_missing", field=field)
    if len(cleaned) > WORDS_CHARACTERS_MAX or not cleaned.isprintable():
        raise InputError(field=field, expected=f"at most {WORDS_CHARACTERS_MAX} printable characters")
    return cleaned


def check_text(text: str, language: Language) -> str:
    """A file of an article, with lines as files have them; raises `InputError` where it is too long."""
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
    if len(cleaned) > TEXT_CHARACTERS_MAX or "\x00" in cleaned:
        raise InputError(field=language.value, expected=f"at most {TEXT_CHARACTERS_MAX} characters")
    return cleaned


def require_open(draft: Draft) -> Draft:
    """The draft; raises `Conflict` where it is published or discarded."""
    if draft.state not in OPEN_STATES:
        raise Conflict(code="draft_over", state=draft.state.value)
    return draft


def require_version(draft: Draft, version: int) -> Draft:
    """The draft; raises `Conflict` where somebody else has saved it since."""
    if draft.version != version:
        raise Conflict(code="draft_changed", version=draft.version)
    return draft


def with_author(draft: Draft, by: str) -> tuple[str, ...]:
    """Everybody who has written in it."""
    return draft.authors if any(same_person(by, one) for one in draft.authors) else (*draft.authors, by)


def policy_of(draft: Draft, settings: ApprovalSettings, *, by: str, reason: str) -> ApprovalPolicy:
    """How somebody approves a draft: as another person, or alone and with a reason where the installation lets them.

    Raises `Forbidden` (`draft_own`) for an author where two people are asked for, and `InputError` without the reason.
    """
    if not any(same_person(by, one) for one in draft.authors):
        return ApprovalPolicy.TWO_PEOPLE
    if policy_for(settings, None) is ApprovalPolicy.TWO_PEOPLE:
        raise Forbidden(code="draft_own")
    if not reason:
        raise InputError(code="approval_reason_missing", field="why")
    return ApprovalPolicy.SINGLE_WITH_REASON


def require_ready(draft: Draft) -> Draft:
    if require_open(draft).state is not DraftState.READY:
        raise Conflict(code="draft_not_ready", state=draft.state.value)
    return draft


# -- how it would stand in the handbook --------------------------------------------------------------------------------


def day_of(today: date, formers: Iterable[Article | None]) -> date:
    """The day of a revision: today, and never before the revision that it follows, whatever a clock says."""
    return max([today, *(one.last_revision.at for one in formers if one is not None)])


def as_published(
    draft: Draft,
    language: Language,
    *,
    today: date,
    former: Article | None,
    policy: ApprovalPolicy = ApprovalPolicy.TWO_PEOPLE,
) -> Article:
    """The page of a draft as it would be published today, with the revision that it is; raises `ArticleUnreadable`.

    The revisions before it are those of the page as it is now (`former`), whatever stands in the draft.
    """
    file = f"articles/{language}/{draft.slug}.md"
    article = read_article(draft.texts[language], slug=draft.slug, language=language, file=file)
    revision = Revision(
        at=today, reason=draft.reason or "—", source_question=draft.source_question or "—", author=_AUTHOR[language],
        approver=_APPROVERS[policy][language],
    )  # fmt: skip
    latest = today + timedelta(days=REVIEW_DAYS)
    return replace(
        article, updated=today, reviewed=today, revisions=(*(() if former is None else former.revisions), revision),
        review_by=article.review_by if today < article.review_by <= latest else latest,
    )  # fmt: skip


def file_of(article: Article) -> str:
    """The file as it is published."""
    return write_article(article)


def is_blocking(finding: Finding) -> bool:
    return finding.rule not in NOT_BLOCKING


def unreadable(error: ArticleUnreadable, draft: Draft, language: Language) -> Finding:
    return Finding(
        file=error.file, line=error.line, rule="article_unreadable", slug=draft.slug, language=language,
        facts={"problem": error.problem},
    )  # fmt: skip


def checked(articles: Mapping[Language, Article], findings: Iterable[Finding]) -> Checked:
    """What was found, and what of it keeps the draft from being published."""
    found = tuple(findings)
    return Checked(articles=articles, findings=found, blocking=tuple(one for one in found if is_blocking(one)))


# -- what the approver writes down -------------------------------------------------------------------------------------


def differences(articles: Mapping[Language, Article], statement: Statement) -> tuple[Difference, ...]:
    """In what a statement is something else than the front matter says: letter case, space and a full stop do not count."""
    found: list[Difference] = []
    for language, article in articles.items():
        for name, written in (
            ("action", statement.action.get(language, "")),
            ("stopping_point", statement.stopping_point.get(language, "")),
        ):
            drafted = getattr(article, name)
            if _folded(drafted) != _folded(written):
                found.append(Difference(field=name, language=language, draft=drafted, written=written))
    for article in articles.values():
        if article.action_owner.value != statement.action_owner:
            found.append(
                Difference(
                    field="action_owner", language=article.language, draft=article.action_owner.value,
                    written=statement.action_owner,
                )
            )  # fmt: skip
        if frozenset(article.evidence) != statement.evidence:
            found.append(
                Difference(
                    field="evidence", language=article.language, draft=", ".join(sorted(article.evidence)),
                    written=", ".join(sorted(statement.evidence)),
                )
            )  # fmt: skip
    return tuple(found)


def check_statement(statement: Statement, redact: Callable[[str], str]) -> Statement:
    """The statement without secrets, of which nothing is missing; raises `InputError` at its field."""
    texts = {
        name: {
            language: redact(check_words(given.get(language, ""), field=f"{name}_{language}", required=True))
            for language in Language
        }
        for name, given in (("action", statement.action), ("stopping_point", statement.stopping_point))
    }
    if statement.action_owner not in tuple(Owner):
        raise InputError(code="article_words_missing", field="action_owner")
    return Statement(
        action=texts["action"], stopping_point=texts["stopping_point"], action_owner=statement.action_owner,
        evidence=frozenset(code for code in statement.evidence if find_entry(Kind.EVIDENCE_FIELD, code) is not None),
    )  # fmt: skip


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split()).rstrip(_ENDS)


# -- a beginning -------------------------------------------------------------------------------------------------------

_BEGINNINGS = {
    Language.ZH: (
        "标题", "一句话说明读者会知道什么。", "Counterfoil 编辑", "读者要做的一件事。", "从哪里开始由受控的渠道接手。",
        "用两句话先给出答案。\n\n## 看哪里\n\n## 改什么\n\n1. 第一步。\n\n## 怎样恢复\n",
    ),
    Language.EN: (
        "Title", "What the reader will know, in one sentence.", "Counterfoil editors", "The one thing that the reader does.",
        "From where on a controlled channel takes over.",
        "The answer first, in two sentences.\n\n## Where to look\n\n## What to change\n\n1. The first step.\n\n## How to go back\n",
    ),
}  # fmt: skip


def beginning(slug: str, language: Language, *, today: date, problem_class: str | None = None) -> str:
    """A file to begin an article with: every field is there, and the checks say what is still to be written."""
    title, summary, byline, action, stopping_point, body = _BEGINNINGS[language]
    day, review = today.isoformat(), (today + timedelta(days=REVIEW_DAYS)).isoformat()
    problem = [] if problem_class is None else [f'problem_class = "{problem_class}"']
    lines = [
        "+++", f'id = "{slug}"', f'title = "{title}"', f'summary = "{summary}"', 'kind = "answer"',
        'audience = ["customer"]', *problem, "codes = []", 'owner = "support"', 'applies_to = ["console"]',
        f"updated = {day}", f"reviewed = {day}", f"review_by = {review}", f'byline = "{byline}"',
        f'action = "{action}"', 'action_owner = "customer"', 'evidence = ["request_id"]',
        f'stopping_point = "{stopping_point}"', "related = []", 'next = "handbook"', 'sources = ["vocabulary"]',
        "[[revisions]]", f"at = {day}", 'reason = "—"', 'source_question = "—"',
        f'author = "{_AUTHOR[language]}"', f'approver = "{_APPROVERS[ApprovalPolicy.TWO_PEOPLE][language]}"', "+++",
    ]  # fmt: skip
    return "\n".join([*lines, body])
