"""The editors' desk: which article is to be looked at next, how each did around its last revision, and where to write."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from counterfoil.console.desk import choices
from counterfoil.console.pages.cases import cause_label
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Count, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Need, Staff
from counterfoil.knowledge.editing_model import Draft, DraftState
from counterfoil.knowledge.model import ArticleKind, Finding, Keeper
from counterfoil.knowledge.signals import Kept
from counterfoil.knowledge.signals_rules import Remedy, Signal, remedy_question

pages = Pages()
EDITORS = Need(staff=Staff.ARTICLES_WRITE)
_SPANS = (7, 30, 90)
_USUAL = 30
_SEARCHED_CHARACTERS_MAX = 100
_REMEDY_TONES = {Remedy.PATH: "info", Remedy.ANSWER: "warn", Remedy.BOUNDARY: "bad", Remedy.TEMPLATE: "info"}
_STATE_TONES = {DraftState.WRITING: "info", DraftState.READY: "warn", DraftState.PUBLISHED: "good"}


def article_page(visit: Visit, slug: str) -> str:
    """The address of an article's own page in the console."""
    return visit.staff_link(f"/knowledge/articles/{slug}")


def draft_address(visit: Visit, draft_id: UUID) -> str:
    return visit.staff_link(f"/knowledge/drafts/{show_id('draft', draft_id)}")


def state_mark(visit: Visit, draft: Draft) -> Mark:
    code = f"draft_state_{draft.state.value}"
    return Mark(visit.w.word(code), _STATE_TONES.get(draft.state, "quiet"), visit.w.hint(code))


@pages.get("/knowledge", need=EDITORS)
async def knowledge(visit: Visit) -> View:
    """Every article by the day by which it is to be looked at again."""
    kept = [one for one in await visit.services.signals.kept(visit.language) if _matches(visit, one)]
    read = await visit.services.handbook.read()
    return View(
        template="knowledge.html",
        title="page_knowledge",
        values={
            "filters": [
                ("q", "article_search", None),
                ("kind", "article_kind", choices(visit, "article_kind", ArticleKind)),
                ("keeper", "article_keeper", _keepers(visit)),
                ("due", "article_due_only", [("1", visit.w.word("article_due"))]),
            ],
            "set_aside": [(one.slug, one.number, article_page(visit, one.slug)) for one in read.set_aside],
        },
        tables=(_review_table(visit, kept),),
    )  # fmt: skip


def _keepers(visit: Visit) -> list[tuple[str, str]]:
    return [(one.value, visit.w.word(f"keeper_{one.value}")) for one in Keeper]


def _matches(visit: Visit, one: Kept) -> bool:
    words = visit.asked("q").casefold()[:_SEARCHED_CHARACTERS_MAX]
    article = one.article
    return (
        (not words or words in article.slug or words in article.title.casefold())
        and visit.asked("kind") in ("", article.kind.value)
        and visit.asked("keeper") in ("", article.owner.value)
        and (visit.asked("due") != "1" or one.is_due)
    )


def _review_table(visit: Visit, kept: list[Kept]) -> Table:
    w = visit.w

    def row(one: Kept) -> tuple[Cell, ...]:
        article, seen = one.article, one.comparison
        due = article.review_by.isoformat()
        return (
            Link(article.title, article_page(visit, article.slug), article.slug),
            Mark(due, "bad", w.hint("article_due"), below=w.word("article_due")) if one.is_due else due,
            w.word(f"keeper_{article.owner.value}"),
            Note(article.updated.isoformat(), w.word("article_as_packaged") if not one.revision else w.word("article_revision_no", number=one.revision)),
            Count(seen.days), Count(seen.before.cases), Count(seen.after.cases), _votes(visit, one, before=True),
            _votes(visit, one, before=False),
        )  # fmt: skip

    return Table(
        name="review",
        caption="article_review",
        empty="article_review_none",
        columns=(
            Column(code="article_title"), Column(code="article_review_by"), Column(code="article_keeper", wide=True),
            Column(code="article_updated"), Column(code="article_days", numeric=True, wide=True),
            Column(code="article_cases_before", numeric=True), Column(code="article_cases_after", numeric=True),
            Column(code="article_votes_before", numeric=True, wide=True), Column(code="article_votes_after", numeric=True, wide=True),
        ),
        rows=[row(one) for one in kept],
    )  # fmt: skip


def _votes(visit: Visit, one: Kept, *, before: bool) -> str:
    did = one.comparison.before if before else one.comparison.after
    return visit.w.word("article_yes_no", yes=visit.shown.count(did.answered), no=visit.shown.count(did.not_answered))


# -- signals -----------------------------------------------------------------------------------------------------------


@pages.get("/knowledge/signals", need=EDITORS)
async def knowledge_signals(visit: Visit) -> View:
    """What readers and cases say, each with what helps."""
    asked = visit.asked("days")
    days = int(asked) if asked in {str(one) for one in _SPANS} else _USUAL
    found = await visit.services.signals.read(days=days)
    titles = (await visit.services.handbook()).titles(visit.language)
    return View(
        template="knowledge_signals.html",
        title="page_knowledge_signals",
        values={
            "spans": [
                (visit.w.word("timeline_days", count=one), visit.here(days=one), days == one) for one in _SPANS
            ],
            "remedies": [
                (Mark(visit.w.word(f"remedy_{one}"), _REMEDY_TONES[one]), visit.w.hint(f"remedy_{one}")) for one in Remedy
            ],
        },
        tables=(
            Table(
                name="signals",
                caption="article_signals",
                empty="article_signals_none",
                columns=(
                    Column(code="signal"), Column(code="signal_count", numeric=True), Column(code="signal_remedy"),
                    Column(code="signal_page"), Column(code="signal_draft"),
                ),
                rows=[_signal_row(visit, one, titles) for one in found],
            ),
        ),
    )  # fmt: skip


def _signal_row(visit: Visit, one: Signal, titles: Mapping[str, str]) -> tuple[Cell, ...]:
    title = titles.get(one.slug or "", one.slug or "")
    question = remedy_question(one, titles, visit.language)
    what = Note(_what(visit, one, title), "" if one.problem is None else visit.w.label("problem_class", one.problem))
    count = visit.shown.count(one.count)
    return (
        what,
        count if one.of is None else visit.w.word("signal_of", count=count, of=visit.shown.count(one.of)),
        Mark(visit.w.word(f"remedy_{one.remedy}"), _REMEDY_TONES[one.remedy], visit.w.hint(f"remedy_{one.remedy}")),
        Mark(visit.w.word("signal_no_page"), "warn", visit.w.hint("signal_no_page")) if one.slug is None else Link(title, article_page(visit, one.slug)),
        Link(visit.w.button("begin_draft"), with_query(visit.staff_link("/knowledge/drafts"), {"slug": one.slug or "", "question": question}) + "#begin"),
    )  # fmt: skip


def _what(visit: Visit, one: Signal, title: str) -> str:
    w = visit.w
    if one.remedy is Remedy.PATH:
        return cause_label(visit, one.code)
    if one.remedy is Remedy.ANSWER:
        return w.word("signal_not_answer", title=title)
    if one.remedy is Remedy.BOUNDARY:
        words = w.entry("word", f"unsafe_{one.code}")
        return w.word("signal_unsafe", what=one.code if words is None else w.of(words))
    return w.word("signal_asked_again", field=w.label("evidence_field", one.code))


# -- what other pages of the desk share --------------------------------------------------------------------------------


def findings_table(visit: Visit, findings: tuple[Finding, ...], blocking: tuple[Finding, ...]) -> Table:
    """What the checks find, with file, line, reason and what to do."""
    return Table(
        name="findings",
        caption="draft_checks",
        empty="draft_checks_none",
        columns=(Column(code="finding_where"), Column(code="finding_reason"), Column(code="finding_blocks", wide=True)),
        rows=[
            (
                Note(f"{_language_of(visit, one)} {one.line or ''}".strip(), one.rule),
                Note(one.reason(visit.language), one.what_to_do(visit.language)),
                Mark(visit.w.word("finding_blocking"), "bad") if one in blocking else Mark(visit.w.word("finding_may_stay"), "quiet", visit.w.hint("finding_may_stay")),
            )
            for one in findings
        ],
    )  # fmt: skip


def _language_of(visit: Visit, one: Finding) -> str:
    language = one.language or next((each for each in Language if f"/{each}/" in one.file), None)
    return one.file if language is None else visit.w.word(f"draft_{language}")


def drafts_table(visit: Visit, drafts: list[Draft], *, name: str, caption: str, empty: str) -> Table:
    return Table(
        name=name,
        caption=caption,
        empty=empty,
        columns=(
            Column(code="draft_article"), Column(code="draft_state"), Column(code="draft_origin", wide=True),
            Column(code="draft_authors"), Column(code="draft_changed", numeric=True),
        ),
        rows=[
            (
                Link(one.slug, draft_address(visit, one.draft_id), one.source_question), state_mark(visit, one),
                visit.w.word(f"draft_origin_{one.origin.value}"), ", ".join(one.authors), visit.shown.time(one.changed_at),
            )
            for one in drafts
        ],
    )  # fmt: skip
