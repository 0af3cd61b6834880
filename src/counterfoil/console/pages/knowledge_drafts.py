"""Drafts of articles: begin one, write both languages, see what the checks find, and have it approved by somebody else."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from counterfoil.console.desk import choices, did
from counterfoil.console.pages.knowledge import (
    EDITORS,
    article_page,
    draft_address,
    drafts_table,
    findings_table,
    state_mark,
)
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Kind, Language, Owner, entries
from counterfoil.knowledge.editing_model import OPEN_STATES, Difference, Draft, DraftState, Given, Statement
from counterfoil.knowledge.editing_rules import TEXT_CHARACTERS_MAX

pages = Pages()


def _draft_id(visit: Visit) -> UUID:
    return visit.id_in_path("draft", "draft_id")


def _version(visit: Visit) -> int:
    text = visit.typed("version")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InputError(field="version", expected="1, 2, 3, …")
    return int(text)


@pages.get("/knowledge/drafts", need=EDITORS)
async def knowledge_drafts(visit: Visit) -> View:
    found = await visit.services.editing.drafts(most=visit.most_rows)
    open_ones = [one for one in found if one.state in OPEN_STATES]
    over = [one for one in found if one.state not in OPEN_STATES]
    slugs = sorted((await visit.services.handbook()).slugs)
    return View(
        template="knowledge_drafts.html",
        title="page_knowledge_drafts",
        values={"slugs": slugs, "slug": visit.asked("slug"), "question": visit.asked("question")},
        tables=(
            drafts_table(visit, open_ones, name="drafts", caption="drafts_open", empty="drafts_open_none"),
            drafts_table(visit, over, name="over", caption="drafts_over", empty="drafts_over_none"),
        ),
    )


@pages.post("/knowledge/drafts", need=EDITORS, shows=knowledge_drafts)
async def begin_draft(visit: Visit) -> Response:
    draft = await visit.services.editing.begin(
        visit.typed("slug"), by=visit.by, source_question=visit.typed("source_question")
    )
    await did(visit, None, "begin_draft", subject=draft.slug)
    return visit.done(draft_address(visit, draft.draft_id), "done_draft_begun")


@pages.get("/knowledge/drafts/{draft_id}", need=EDITORS)
async def knowledge_draft(visit: Visit) -> View:
    editing = visit.services.editing
    draft = await editing.draft(_draft_id(visit))
    is_open = draft.state in OPEN_STATES
    found = await editing.check(draft) if is_open else None
    reads = await editing.as_it_reads(draft) if found is not None and found.articles else {}
    statements = await editing.statements(draft.draft_id)
    last = await editing.last_number(draft.slug)
    return View(
        template="knowledge_draft.html",
        title="page_knowledge_draft",
        title_values={"slug": draft.slug},
        values={
            "draft": draft,
            "address": draft_address(visit, draft.draft_id),
            "article_address": article_page(visit, draft.slug),
            "state": state_mark(visit, draft),
            "is_open": is_open,
            "is_ready": draft.state is DraftState.READY,
            "is_outdated": is_open and last != draft.based_on,
            "texts": [(one, f"draft_{one}", draft.texts[one]) for one in Language],
            "reads": [(visit.w.word(f"draft_{one}"), words) for one, words in reads.items()],
            "text_max": TEXT_CHARACTERS_MAX,
            "facts": _facts(visit, draft),
            "blocking": 0 if found is None else len(found.blocking),
            "owners": choices(visit, "owner", Owner),
            "evidence": _evidence(visit),
            "mismatch": _mismatch(visit, draft, statements),
        },
        tables=(
            findings_table(visit, found.findings if found else (), found.blocking if found else ()),
            _statements_table(visit, statements),
        ),
    )  # fmt: skip


def _facts(visit: Visit, draft: Draft) -> list[tuple[str, Cell]]:
    w = visit.w
    return [
        ("draft_origin", w.word(f"draft_origin_{draft.origin.value}")),
        ("draft_authors", ", ".join(draft.authors)),
        ("draft_based_on", w.word("article_as_packaged") if draft.based_on == 0 else w.word("article_revision_no", number=draft.based_on)),
        ("draft_changed", Instant(draft.changed_at)),
    ]  # fmt: skip


def _evidence(visit: Visit) -> list[tuple[str, str, bool]]:
    """The fields that may be shared in public, and whether each was ticked."""
    ticked = visit.typed_all("evidence")
    return [
        (one.code, one.label[visit.language], one.code in ticked) for one in entries(Kind.EVIDENCE_FIELD) if one.public
    ]


def _mismatch(visit: Visit, draft: Draft, statements: list[Given]) -> list[tuple[str, str, str]]:
    """In what the last statement of this text differed: what it is, what the draft says, what was written down."""
    last = statements[-1] if statements else None
    if last is None or last.version != draft.version or draft.state is not DraftState.READY:
        return []
    return [(_field(visit, one), _said(visit, one, one.draft), _said(visit, one, one.written)) for one in last.differs]


def _field(visit: Visit, one: Difference) -> str:
    name = visit.w.word(f"statement_{one.field}")
    return name if one.language is None else f"{name} · {visit.w.word(f'draft_{one.language}')}"


def _said(visit: Visit, one: Difference, value: str) -> str:
    if one.field == "action_owner":
        return visit.w.label("owner", value or None)
    if one.field == "evidence":
        codes = [code for code in value.split(", ") if code]
        return ", ".join(visit.w.label("evidence_field", code) for code in codes) or "—"
    return value


def _statements_table(visit: Visit, statements: list[Given]) -> Table:
    w = visit.w

    def outcome(one: Given) -> Mark:
        return Mark(w.word("statement_differs"), "bad") if one.differs else Mark(w.word("statement_agrees"), "good")

    return Table(
        name="statements",
        caption="draft_statements",
        empty="draft_statements_none",
        columns=(Column(code="statement_at"), Column(code="statement_by"), Column(code="statement_outcome"), Column(code="statement_in_what")),
        rows=[
            (
                Instant(one.at), Note(one.by, one.reason or ""), outcome(one),
                "; ".join(dict.fromkeys(_field(visit, each) for each in one.differs)) or None,
            )
            for one in statements
        ],
    )  # fmt: skip


# -- what is done to a draft -------------------------------------------------------------------------------------------


@pages.post("/knowledge/drafts/{draft_id}", need=EDITORS, shows=knowledge_draft)
async def save_draft(visit: Visit) -> Response:
    draft = await visit.services.editing.save(
        _draft_id(visit), version=_version(visit), texts={one: visit.typed(one.value) for one in Language},
        reason=visit.typed("reason"), source_question=visit.typed("source_question"), by=visit.by,
        takes_over=visit.ticked("takes_over"),
    )  # fmt: skip
    return visit.done(draft_address(visit, draft.draft_id), "done_draft_saved")


@pages.post("/knowledge/drafts/{draft_id}/ready", need=EDITORS, shows=knowledge_draft)
async def make_draft_ready(visit: Visit) -> Response:
    draft = await visit.services.editing.make_ready(_draft_id(visit), version=_version(visit))
    return visit.done(draft_address(visit, draft.draft_id), "done_draft_ready")


@pages.post("/knowledge/drafts/{draft_id}/approve", need=EDITORS, shows=knowledge_draft)
async def approve_draft(visit: Visit) -> Response:
    """Publish, where what was written down is what the draft says."""
    draft_id = _draft_id(visit)
    outcome = await visit.services.editing.approve(
        draft_id,
        Statement(
            action={one: visit.typed(f"action_{one}") for one in Language},
            action_owner=visit.typed("action_owner"),
            evidence=frozenset(visit.typed_all("evidence")),
            stopping_point={one: visit.typed(f"stopping_point_{one}") for one in Language},
        ),
        version=_version(visit), by=visit.by, reason=visit.typed("why"),
    )  # fmt: skip
    if outcome.published is None:
        return visit.go(draft_address(visit, draft_id) + "#mismatch")
    await did(visit, None, "approve_draft", subject=outcome.published.slug)
    return visit.done(article_page(visit, outcome.published.slug), "done_article_published")


@pages.post("/knowledge/drafts/{draft_id}/discard", need=EDITORS, shows=knowledge_draft)
async def discard_draft(visit: Visit) -> Response:
    draft = await visit.services.editing.discard(_draft_id(visit), version=_version(visit))
    await did(visit, None, "discard_draft", subject=draft.slug)
    return visit.done(visit.staff_link("/knowledge/drafts"), "done_draft_discarded")
