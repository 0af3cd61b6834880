"""Editors: a draft, its checks, what its approver writes down, and the revision that the handbook shows from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from conftest import DatabaseUrls
from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, CounterfoilError, Forbidden, InputError
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.editing import Editing
from counterfoil.knowledge.editing_model import Draft, DraftState, Origin, Statement
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database
from knowledge.shelf import shelf

ANN, BEN = "ann@operator.example", "ben@operator.example"
# What the front matter of the tests' articles says.
STATEMENT = Statement(
    action={Language.EN: "Look up the request.", Language.ZH: "查看这个请求。"},
    action_owner="customer",
    evidence=frozenset({"request_id"}),
    stopping_point={
        Language.EN: "From here on support looks at the record.", Language.ZH: "之后由客服查看记录。",
    },
)  # fmt: skip


@pytest.fixture
def handbook(database: Database) -> CurrentHandbook:
    return CurrentHandbook(shelf, database)


@pytest.fixture
def editing(database: Database, clock: ManualClock, handbook: CurrentHandbook) -> Editing:
    return made(database, clock, handbook)


def made(
    database: Database,
    clock: ManualClock,
    handbook: CurrentHandbook,
    policy: ApprovalPolicy = ApprovalPolicy.TWO_PEOPLE,
) -> Editing:
    return Editing(
        database, clock=clock, handbook=handbook, approvals=ApprovalSettings(policy, 0), redact=redact,
    )  # fmt: skip


def changed(draft: Draft, **replaced: tuple[str, str]) -> Mapping[Language, str]:
    """The texts of a draft with something replaced, by language."""
    texts = dict(draft.texts)
    for language, (old, new) in replaced.items():
        assert old in texts[Language(language)]
        texts[Language(language)] = texts[Language(language)].replace(old, new)
    return texts


async def ready(editing: Editing, draft: Draft, by: str = ANN, **replaced: tuple[str, str]) -> Draft:
    """The draft, written and said to be ready."""
    saved = await editing.save(
        draft.draft_id, version=draft.version, texts=changed(draft, **replaced), reason="People asked where to look.",
        source_question="Where do I look first?", by=by,
    )  # fmt: skip
    return await editing.make_ready(saved.draft_id, version=saved.version)


NEW_TITLE: dict[str, tuple[str, str]] = {
    "en": ('title = "A call is refused"', 'title = "Why a call is refused"'),
    "zh": ('title = "请求被拒绝"', 'title = "请求为什么被拒绝"'),
}  # fmt: skip


async def published(editing: Editing, slug: str = "first-page", **replaced: tuple[str, str]) -> Draft:
    draft = await ready(editing, await editing.begin(slug, by=ANN), **(replaced or NEW_TITLE))
    outcome = await editing.approve(draft.draft_id, STATEMENT, version=draft.version, by=BEN)
    assert outcome.published is not None, outcome.differs
    return draft


async def test_a_revision_that_somebody_else_approves_stands_in_the_handbook(
    editing: Editing, handbook: CurrentHandbook
) -> None:
    before = await handbook()
    draft = await editing.begin("first-page", by=ANN)
    assert (draft.state, draft.origin, draft.based_on) == (DraftState.WRITING, Origin.ARTICLE, 0)
    assert before.article("first-page", Language.EN).title == "A call is refused"
    draft = await ready(editing, draft, **NEW_TITLE)
    assert (await handbook()).article("first-page", Language.EN).title == "A call is refused"
    outcome = await editing.approve(draft.draft_id, STATEMENT, version=draft.version, by=BEN)
    assert outcome.published is not None
    assert (outcome.published.number, outcome.published.approved_by) == (1, BEN)
    now = await handbook()
    assert now.article("first-page", Language.EN).title == "Why a call is refused"
    assert now.article("first-page", Language.ZH).title == "请求为什么被拒绝"
    last = now.article("first-page", Language.EN).revisions[-1]
    assert (last.reason, last.source_question) == ("People asked where to look.", "Where do I look first?")
    # Roles, never names of people, and two of them.
    assert (last.author, last.approver) == ("editor", "another editor")
    assert len(now.article("first-page", Language.EN).revisions) == 2
    assert (await editing.draft(draft.draft_id)).state is DraftState.PUBLISHED
    # Everything else stands as it was.
    assert now.article("second-page", Language.EN) == before.article("second-page", Language.EN)


MISMATCHES: dict[str, dict[str, Any]] = {
    "action": {"action": {**STATEMENT.action, Language.ZH: "先联系客服。"}},
    "action_owner": {"action_owner": "finance"},
    "evidence": {"evidence": frozenset({"request_id", "key_mask"})},
    "stopping_point": {"stopping_point": {**STATEMENT.stopping_point, Language.EN: "Nowhere."}},
}  # fmt: skip


@pytest.mark.parametrize("field", MISMATCHES)
async def test_a_statement_that_differs_from_the_draft_blocks_it_and_says_in_what(
    editing: Editing, handbook: CurrentHandbook, field: str
) -> None:
    draft = await ready(editing, await editing.begin("first-page", by=ANN), **NEW_TITLE)
    statement = replace(STATEMENT, **MISMATCHES[field])
    outcome = await editing.approve(draft.draft_id, statement, version=draft.version, by=BEN)
    assert outcome.published is None
    assert {one.field for one in outcome.differs} == {field}
    assert all(one.draft and one.written and one.draft != one.written for one in outcome.differs)
    assert (await handbook()).article("first-page", Language.EN).title == "A call is refused"
    assert (await editing.draft(draft.draft_id)).state is DraftState.READY
    [given] = await editing.statements(draft.draft_id)
    assert (given.by, given.differs) == (BEN, outcome.differs)
    # Whoever approves reads the pages again, and it is published then.
    assert (await editing.approve(draft.draft_id, STATEMENT, version=draft.version, by=BEN)).published is not None
    assert [bool(one.differs) for one in await editing.statements(draft.draft_id)] == [True, False]


async def test_letter_case_space_and_a_full_stop_are_no_difference(editing: Editing) -> None:
    draft = await ready(editing, await editing.begin("first-page", by=ANN), **NEW_TITLE)
    typed = replace(STATEMENT, action={Language.EN: "look up  the request", Language.ZH: "查看这个请求"})
    assert (await editing.approve(draft.draft_id, typed, version=draft.version, by=BEN)).published is not None


@pytest.mark.parametrize("author", [ANN, "  Ann@Operator.example "])
async def test_whoever_has_written_in_a_draft_does_not_approve_it(editing: Editing, author: str) -> None:
    draft = await ready(editing, await editing.begin("first-page", by=BEN), by=ANN, **NEW_TITLE)
    for name in (author, BEN):
        with pytest.raises(Forbidden) as refused:
            await editing.approve(draft.draft_id, STATEMENT, version=draft.version, by=name)
        assert refused.value.code == "draft_own"
    assert await editing.statements(draft.draft_id) == []


async def test_where_one_person_may_decide_it_takes_a_reason_and_is_recorded_as_such(
    database: Database, clock: ManualClock, handbook: CurrentHandbook
) -> None:
    editing = made(database, clock, handbook, ApprovalPolicy.SINGLE_WITH_REASON)
    draft = await ready(editing, await editing.begin("first-page", by=ANN), **NEW_TITLE)
    with pytest.raises(InputError) as refused:
        await editing.approve(draft.draft_id, STATEMENT, version=draft.version, by=ANN)
    assert refused.value.code == "approval_reason_missing"
    outcome = await editing.approve(
        draft.draft_id, STATEMENT, version=draft.version, by=ANN, reason="Nobody else works here."
    )
    assert outcome.published is not None
    assert outcome.published.policy is ApprovalPolicy.SINGLE_WITH_REASON
    approver = (await handbook()).article("first-page", Language.EN).revisions[-1].approver
    assert approver == "the same editor, with a reason on record"


async def test_a_draft_with_findings_is_neither_ready_nor_published(editing: Editing) -> None:
    draft = await editing.begin("first-page", by=ANN)
    broken = changed(draft, en=("## Where to look", "## Where to look\n\nWrite to someone@shop.example now."))
    saved = await editing.save(
        draft.draft_id, version=1, texts=broken, reason="A reason.", source_question="A question?", by=ANN
    )
    found = await editing.check(saved)
    assert found.blocking
    assert all(one.file == "articles/en/first-page.md" and one.line for one in found.blocking)
    with pytest.raises(Conflict) as refused:
        await editing.make_ready(saved.draft_id, version=saved.version)
    assert refused.value.code == "draft_with_findings"


async def test_a_file_that_is_no_article_is_a_finding_with_its_line(editing: Editing) -> None:
    draft = await editing.begin("first-page", by=ANN)
    texts = changed(draft, en=('kind = "answer"', 'kind = "novel"'))
    saved = await editing.save(draft.draft_id, version=1, texts=texts, reason="", source_question="", by=ANN)
    found = await editing.check(saved)
    assert "article_unreadable" in {one.rule for one in found.blocking}
    assert set(found.articles) == {Language.ZH}


async def test_a_code_that_a_draft_takes_from_its_page_is_a_finding(editing: Editing) -> None:
    own = dict.fromkeys(("en", "zh"), ("codes = []", 'codes = ["refusal/key_limit"]'))
    draft = await editing.begin("first-page", by=ANN)
    saved = await editing.save(
        draft.draft_id, version=1, texts=changed(draft, **own), reason="", source_question="", by=ANN
    )
    assert "page_elsewhere" in {one.rule for one in (await editing.check(saved)).blocking}


async def test_what_two_people_save_at_once_is_not_lost(editing: Editing) -> None:
    draft = await editing.begin("first-page", by=ANN)
    await editing.save(draft.draft_id, version=1, texts=draft.texts, reason="", source_question="", by=ANN)
    with pytest.raises(Conflict) as refused:
        await editing.save(draft.draft_id, version=1, texts=draft.texts, reason="", source_question="", by=BEN)
    assert refused.value.code == "draft_changed"


async def test_an_approval_is_of_the_text_that_was_read(editing: Editing) -> None:
    draft = await ready(editing, await editing.begin("first-page", by=ANN), **NEW_TITLE)
    saved = await editing.save(
        draft.draft_id, version=draft.version, texts=draft.texts, reason="Another.", source_question="Why?", by=ANN
    )
    for version, code in ((draft.version, "draft_not_ready"), (saved.version, "draft_not_ready")):
        with pytest.raises(Conflict) as refused:
            await editing.approve(draft.draft_id, STATEMENT, version=version, by=BEN)
        assert refused.value.code == code
    again = await editing.make_ready(saved.draft_id, version=saved.version)
    with pytest.raises(Conflict) as refused:
        await editing.approve(draft.draft_id, STATEMENT, version=draft.version, by=BEN)
    assert refused.value.code == "draft_changed"
    assert (await editing.approve(draft.draft_id, STATEMENT, version=again.version, by=BEN)).published is not None


async def test_a_draft_of_an_article_that_was_published_anew_takes_that_over_first(editing: Editing) -> None:
    mine = await editing.begin("first-page", by=ANN)
    await published(editing)
    late = await ready(editing, mine, en=NEW_TITLE["en"], zh=NEW_TITLE["zh"])
    with pytest.raises(Conflict) as refused:
        await editing.approve(late.draft_id, STATEMENT, version=late.version, by=BEN)
    assert refused.value.code == "draft_outdated"
    saved = await editing.save(
        late.draft_id, version=late.version, texts=late.texts, reason="Taken over.", source_question="Why?", by=ANN,
        takes_over=True,
    )  # fmt: skip
    again = await editing.make_ready(saved.draft_id, version=saved.version)
    outcome = await editing.approve(late.draft_id, STATEMENT, version=again.version, by=BEN)
    assert outcome.published is not None
    assert outcome.published.number == 2


async def test_going_back_is_a_revision_of_its_own(editing: Editing, handbook: CurrentHandbook) -> None:
    await published(editing)
    await published(
        editing,
        en=('title = "Why a call is refused"', 'title = "Refused calls"'),
        zh=('title = "请求为什么被拒绝"', 'title = "被拒绝的请求"'),
    )
    assert (await handbook()).article("first-page", Language.EN).title == "Refused calls"
    back = await ready(editing, await editing.begin_from_revision("first-page", 1, by=ANN))
    assert back.origin is Origin.REVISION
    outcome = await editing.approve(back.draft_id, STATEMENT, version=back.version, by=BEN)
    assert outcome.published is not None
    now = (await handbook()).article("first-page", Language.EN)
    assert now.title == "Why a call is refused"
    assert [one.number for one in await editing.revisions("first-page")] == [3, 2, 1]
    # What came between is not forgotten: the page's own log has all of it.
    assert len(now.revisions) == 4


async def test_revisions_and_statements_cannot_be_changed(
    editing: Editing, database: Database, database_urls: DatabaseUrls
) -> None:
    await published(editing)
    async with await psycopg.AsyncConnection.connect(database_urls.runtime, autocommit=True) as connection:
        for sql in (
            "UPDATE article_revisions SET reason = 'x'", "DELETE FROM article_revisions", "TRUNCATE article_revisions",
            "UPDATE article_statements SET by_name = 'x'", "DELETE FROM article_statements", "DELETE FROM article_drafts",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(sql)  # type: ignore[arg-type]


async def test_an_article_that_there_was_not_yet_can_be_written_from_nothing(editing: Editing) -> None:
    draft = await editing.begin("a-new-page", by=ANN)
    assert draft.origin is Origin.SCRATCH
    found = await editing.check(draft)
    # It can be read from the beginning, and the checks say what is to be written.
    assert set(found.articles) == set(Language)
    assert "too_short" in {one.rule for one in found.blocking}
    for wrong in ("", "A Page", "search", "../etc"):
        with pytest.raises(InputError):
            await editing.begin(wrong, by=ANN)


async def test_a_discarded_draft_is_over(editing: Editing) -> None:
    draft = await editing.begin("first-page", by=ANN)
    await editing.discard(draft.draft_id, version=1)
    assert await editing.drafts(only_open=True) == []
    with pytest.raises(Conflict):
        await editing.save(draft.draft_id, version=1, texts=draft.texts, reason="", source_question="", by=ANN)
    with pytest.raises(CounterfoilError):
        await editing.make_ready(draft.draft_id, version=1)


async def test_another_process_sees_what_was_published(editing: Editing, database: Database) -> None:
    other = CurrentHandbook(shelf, database, seconds=0)
    before = await other()
    assert await other() is before
    await published(editing)
    after = await other()
    assert after.article("first-page", Language.EN).title == "Why a call is refused"
    assert await other() is after


async def test_a_revision_that_a_release_cannot_show_gives_way_to_the_packages_article(
    editing: Editing, database: Database, database_urls: DatabaseUrls
) -> None:
    await published(editing)
    async with await psycopg.AsyncConnection.connect(database_urls.owner, autocommit=True) as connection:
        await connection.execute(
            "UPDATE article_revisions SET en = replace(en, 'key_limit', 'gone_since'), published_at = published_at + 1"
        )
    read = await CurrentHandbook(shelf, database).read()
    assert read.catalogue.article("first-page", Language.EN).title == "A call is refused"
    assert [one.slug for one in read.set_aside] == ["first-page"]


async def test_secrets_that_are_typed_into_a_draft_are_masked(editing: Editing) -> None:
    secret = "sk-" + "proj-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
    draft = await editing.begin("first-page", by=ANN)
    texts = changed(draft, en=("## Where to look", f"Use {secret}.\n\n## Where to look"))
    saved = await editing.save(
        draft.draft_id, version=1, texts=texts, reason=f"See {secret}", source_question="Why?", by=ANN
    )
    assert secret not in saved.texts[Language.EN] + saved.reason
