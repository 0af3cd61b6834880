"""The SQL of drafts, of what approvers wrote down, and of published revisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from counterfoil.approvals.model import ApprovalPolicy
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.editing_model import (
    Difference,
    Draft,
    DraftState,
    Given,
    Origin,
    Published,
    Statement,
)
from counterfoil.storage.database import Connection

_DRAFT: LiteralString = "draft_id, slug, state, origin, zh, en, reason, source_question, notes, authors, based_on, version, created_at, changed_at"
_REVISION: LiteralString = (
    "slug, revision_no, draft_id, published_at, zh, en, reason, source_question, authors, approved_by, policy"
)


# -- drafts ------------------------------------------------------------------------------------------------------------


async def insert_draft(connection: Connection, draft: Draft) -> None:
    await connection.execute(
        f"INSERT INTO article_drafts ({_DRAFT}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        (
            draft.draft_id, draft.slug, draft.state.value, draft.origin.value, draft.texts[Language.ZH],
            draft.texts[Language.EN], draft.reason, draft.source_question, draft.notes, list(draft.authors),
            draft.based_on, draft.version, draft.created_at, draft.changed_at,
        ),
    )  # fmt: skip


async def update_draft(connection: Connection, draft: Draft) -> None:
    """Write what can change of a draft that is locked."""
    await connection.execute(
        "UPDATE article_drafts SET state = %s, zh = %s, en = %s, reason = %s, source_question = %s, authors = %s,"
        " based_on = %s, version = %s, changed_at = %s WHERE draft_id = %s",
        (
            draft.state.value, draft.texts[Language.ZH], draft.texts[Language.EN], draft.reason, draft.source_question,
            list(draft.authors), draft.based_on, draft.version, draft.changed_at, draft.draft_id,
        ),
    )  # fmt: skip


async def find_draft(connection: Connection, draft_id: UUID) -> Draft | None:
    cursor = await connection.execute(
        f"SELECT {_DRAFT} FROM article_drafts WHERE draft_id = %s",  # noqa: S608
        (draft_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _draft(row)


async def lock_draft(connection: Connection, draft_id: UUID) -> Draft | None:
    cursor = await connection.execute(
        f"SELECT {_DRAFT} FROM article_drafts WHERE draft_id = %s FOR UPDATE",  # noqa: S608
        (draft_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _draft(row)


async def read_drafts(connection: Connection, *, slug: str | None, only_open: bool, most: int) -> list[Draft]:
    """Drafts, the last changed first."""
    cursor = await connection.execute(
        f"SELECT {_DRAFT} FROM article_drafts WHERE (%(slug)s::text IS NULL OR slug = %(slug)s)"  # noqa: S608
        " AND (NOT %(open)s OR state IN ('writing', 'ready')) ORDER BY changed_at DESC, draft_id DESC LIMIT %(most)s",
        {"slug": slug, "open": only_open, "most": most},
    )
    return [_draft(row) for row in await cursor.fetchall()]


def _draft(row: tuple[Any, ...]) -> Draft:
    return Draft(
        draft_id=row[0], slug=row[1], state=DraftState(row[2]), origin=Origin(row[3]), texts=_texts(row[4], row[5]),
        reason=row[6], source_question=row[7], notes=row[8], authors=tuple(row[9]), based_on=row[10], version=row[11],
        created_at=row[12], changed_at=row[13],
    )  # fmt: skip


def _texts(zh: str, en: str) -> Mapping[Language, str]:
    return {Language.ZH: zh, Language.EN: en}


# -- statements --------------------------------------------------------------------------------------------------------


async def insert_statement(connection: Connection, draft_id: UUID, given: Given) -> None:
    """Add what was written down; the draft is locked."""
    await connection.execute(
        "INSERT INTO article_statements (draft_id, statement_no, version, by_name, at, statement, differs, reason)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            draft_id, given.number, given.version, given.by, given.at, Jsonb(_statement_json(given.statement)),
            Jsonb([_difference_json(one) for one in given.differs]), given.reason,
        ),
    )  # fmt: skip


async def read_statements(connection: Connection, draft_id: UUID) -> list[Given]:
    cursor = await connection.execute(
        "SELECT statement_no, version, by_name, at, statement, differs, reason FROM article_statements"
        " WHERE draft_id = %s ORDER BY statement_no",
        (draft_id,),
    )
    return [
        Given(
            number=row[0], version=row[1], by=row[2], at=row[3], statement=_statement(row[4]),
            differs=tuple(_difference(one) for one in row[5]), reason=row[6],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


def _statement_json(one: Statement) -> dict[str, Any]:
    return {
        "action": dict(one.action), "action_owner": one.action_owner, "evidence": sorted(one.evidence),
        "stopping_point": dict(one.stopping_point),
    }  # fmt: skip


def _statement(read: Mapping[str, Any]) -> Statement:
    def texts(name: str) -> Mapping[Language, str]:
        return {Language(language): words for language, words in read[name].items()}

    return Statement(
        action=texts("action"), action_owner=read["action_owner"], evidence=frozenset(read["evidence"]),
        stopping_point=texts("stopping_point"),
    )  # fmt: skip


def _difference_json(one: Difference) -> dict[str, Any]:
    return {"field": one.field, "language": one.language, "draft": one.draft, "written": one.written}


def _difference(read: Mapping[str, Any]) -> Difference:
    language = None if read["language"] is None else Language(read["language"])
    return Difference(field=read["field"], language=language, draft=read["draft"], written=read["written"])


# -- revisions ---------------------------------------------------------------------------------------------------------


async def insert_revision(connection: Connection, one: Published) -> bool:
    """Add a revision; False where another one has that number by now."""
    cursor = await connection.execute(
        f"INSERT INTO article_revisions ({_REVISION}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (slug, revision_no) DO NOTHING",
        (
            one.slug, one.number, one.draft_id, one.published_at, one.texts[Language.ZH], one.texts[Language.EN],
            one.reason, one.source_question, list(one.authors), one.approved_by, one.policy.value,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def last_number(connection: Connection, slug: str) -> int:
    """The number of the last revision of an article; 0 where none was published."""
    cursor = await connection.execute(
        "SELECT coalesce(max(revision_no), 0) FROM article_revisions WHERE slug = %s", (slug,)
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def state_of_revisions(connection: Connection) -> tuple[int, int]:
    """How many revisions there are, and when the last one was published: as long as both stay, nothing is new."""
    cursor = await connection.execute("SELECT count(*), coalesce(max(published_at), 0) FROM article_revisions")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


async def latest_revisions(connection: Connection) -> list[Published]:
    """The last revision of every article that has one."""
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (slug) {_REVISION} FROM article_revisions ORDER BY slug, revision_no DESC"  # noqa: S608
    )
    return [_published(row) for row in await cursor.fetchall()]


async def revisions_of(connection: Connection, slug: str) -> list[Published]:
    """Every revision of an article, the last one first."""
    cursor = await connection.execute(
        f"SELECT {_REVISION} FROM article_revisions WHERE slug = %s ORDER BY revision_no DESC",  # noqa: S608
        (slug,),
    )
    return [_published(row) for row in await cursor.fetchall()]


async def find_revision(connection: Connection, slug: str, number: int) -> Published | None:
    cursor = await connection.execute(
        f"SELECT {_REVISION} FROM article_revisions WHERE slug = %s AND revision_no = %s",  # noqa: S608
        (slug, number),
    )
    row = await cursor.fetchone()
    return None if row is None else _published(row)


def _published(row: tuple[Any, ...]) -> Published:
    return Published(
        slug=row[0], number=row[1], draft_id=row[2], published_at=row[3], texts=_texts(row[4], row[5]), reason=row[6],
        source_question=row[7], authors=tuple(row[8]), approved_by=row[9], policy=ApprovalPolicy(row[10]),
    )  # fmt: skip
