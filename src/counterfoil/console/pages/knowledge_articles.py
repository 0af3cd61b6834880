"""One article: what is published of it, every revision with who stands for it, and the way back to an earlier one."""

from __future__ import annotations

from starlette.responses import Response

from counterfoil.approvals.model import ApprovalPolicy
from counterfoil.console.desk import did
from counterfoil.console.pages.knowledge import EDITORS, article_page, draft_address, drafts_table
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.editing_model import Published
from counterfoil.knowledge.model import Article, article_address

pages = Pages()


def _slug(visit: Visit) -> str:
    return str(visit.request.path_params["slug"])[:120]


def _number(visit: Visit) -> int:
    text = str(visit.request.path_params["number"])
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise NotFound(code="article_revision_not_found", slug=_slug(visit), revision=0)
    return int(text)


@pages.get("/knowledge/articles/{slug}", need=EDITORS)
async def knowledge_article(visit: Visit) -> View:
    slug, editing = _slug(visit), visit.services.editing
    article = (await visit.services.handbook()).find(slug, visit.language)
    revisions = await editing.revisions(slug)
    if article is None and not revisions:
        raise NotFound(code="article_not_found", slug=slug, language=visit.language.value)
    packaged = (await visit.services.handbook.packaged()).find(slug, visit.language)
    return View(
        template="knowledge_article.html",
        title="page_knowledge_article",
        title_values={"title": slug if article is None else article.title},
        values={
            "slug": slug,
            "article": article,
            "public": [(visit.w.word(f"draft_{one}"), article_address(one, slug)) for one in Language] if article else [],
            "facts": [] if article is None else _facts(visit, article, revisions),
        },
        tables=(
            _published_table(visit, revisions),
            _packaged_table(visit, packaged),
            drafts_table(
                visit, await editing.drafts(slug=slug, only_open=True), name="drafts", caption="drafts_of_article",
                empty="drafts_of_article_none",
            ),
        ),
    )  # fmt: skip


def _facts(visit: Visit, article: Article, revisions: list[Published]) -> list[tuple[str, Cell]]:
    w = visit.w
    evidence = ", ".join(w.label("evidence_field", code) for code in article.evidence)
    return [
        ("article_published", w.word("article_revision_no", number=revisions[0].number) if revisions else w.word("article_as_packaged")),
        ("article_kind", w.label("article_kind", article.kind)),
        ("article_keeper", w.word(f"keeper_{article.owner.value}")),
        ("article_updated", article.updated.isoformat()),
        ("article_review_by", article.review_by.isoformat()),
        ("statement_action", article.action),
        ("statement_action_owner", w.label("owner", article.action_owner)),
        ("statement_evidence", evidence or None),
        ("statement_stopping_point", article.stopping_point),
    ]  # fmt: skip


def _published_table(visit: Visit, revisions: list[Published]) -> Table:
    w = visit.w

    def row(one: Published) -> tuple[Cell, ...]:
        policy = f"policy_{one.policy.value}"
        return (
            Link(w.word("article_revision_no", number=one.number), f"{article_page(visit, one.slug)}/revisions/{one.number}"),
            Instant(one.published_at), Note(one.reason, one.source_question), ", ".join(one.authors),
            Mark(one.approved_by, "warn" if one.policy is ApprovalPolicy.SINGLE_WITH_REASON else "quiet", w.hint(policy), below=w.word(policy)),
        )  # fmt: skip

    return Table(
        name="published",
        caption="article_published_revisions",
        empty="article_published_none",
        columns=(
            Column(code="article_revision"), Column(code="article_published_at"), Column(code="article_reason"),
            Column(code="draft_authors"), Column(code="article_approved_by"),
        ),
        rows=[row(one) for one in revisions],
    )  # fmt: skip


def _packaged_table(visit: Visit, packaged: Article | None) -> Table:
    """The log that the package's article brings with it."""
    return Table(
        name="packaged",
        caption="article_packaged_revisions",
        empty="article_packaged_none",
        columns=(Column(code="article_updated"), Column(code="article_reason"), Column(code="draft_authors"), Column(code="article_approved_by")),
        rows=[
            (one.at.isoformat(), Note(one.reason, one.source_question), one.author, one.approver)
            for one in reversed(() if packaged is None else packaged.revisions)
        ],
    )  # fmt: skip


@pages.get("/knowledge/articles/{slug}/revisions/{number}", need=EDITORS)
async def knowledge_revision(visit: Visit) -> View:
    slug, number = _slug(visit), _number(visit)
    revisions = await visit.services.editing.revisions(slug)
    found = next((one for one in revisions if one.number == number), None)
    if found is None:
        raise NotFound(code="article_revision_not_found", slug=slug, revision=number)
    return View(
        template="knowledge_revision.html",
        title="page_knowledge_revision",
        title_values={"slug": slug, "number": number},
        values={
            "one": found,
            "is_last": found is revisions[0],
            "article_address": article_page(visit, slug),
            "texts": [(visit.w.word(f"draft_{each}"), found.texts[each]) for each in Language],
        },
    )


@pages.post("/knowledge/articles/{slug}/revisions/{number}/back", need=EDITORS, shows=knowledge_revision)
async def back_to_revision(visit: Visit) -> Response:
    """A draft with an earlier revision's words, which is approved as any other."""
    draft = await visit.services.editing.begin_from_revision(_slug(visit), _number(visit), by=visit.by)
    await did(visit, None, "back_to_revision", subject=draft.slug)
    return visit.done(draft_address(visit, draft.draft_id), "done_draft_begun")
