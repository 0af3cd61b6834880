"""Use cases of editors: draft, check, have approved, publish, and go back. What was published is only ever added to."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge import editing_rules as rules
from counterfoil.knowledge import editing_store as store
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.checks import check_article
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.editing_model import (
    Checked,
    Draft,
    DraftState,
    Given,
    Origin,
    Outcome,
    Published,
    Statement,
)
from counterfoil.knowledge.front_matter import ArticleUnreadable, write_article
from counterfoil.knowledge.model import Article, Finding
from counterfoil.knowledge.upkeep_rules import check_codes
from counterfoil.storage.database import Connection, Database

DRAFTS_MAX = 500


class Editing:
    """Drafts and revisions. `redact` masks secrets in whatever is written: an article is read by everybody."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        handbook: CurrentHandbook,
        approvals: ApprovalSettings,
        redact: Callable[[str], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._handbook = handbook
        self._approvals = approvals
        self._redact = redact

    # -- writing -------------------------------------------------------------------------------------------------------

    async def begin(self, slug: str, *, by: str, source_question: str = "") -> Draft:
        """A draft of an article as it is now, or of one that there is not yet."""
        cleaned = rules.check_slug(slug)
        catalogue = await self._handbook()
        known = any(catalogue.find(cleaned, language) is not None for language in Language)
        texts = {language: self._beginning(catalogue, cleaned, language) for language in Language}
        return await self._insert(
            cleaned, texts, origin=Origin.ARTICLE if known else Origin.SCRATCH, by=by, source_question=source_question
        )

    async def begin_from_case(
        self, slug: str, *, by: str, source_question: str, notes: str, problem_class: str | None = None
    ) -> Draft:
        """A draft from what a case has left without its facts (`case_material.without_facts`)."""
        cleaned = rules.check_slug(slug)
        catalogue = await self._handbook()
        texts = {
            language: self._beginning(catalogue, cleaned, language, problem_class=problem_class)
            for language in Language
        }
        return await self._insert(
            cleaned, texts, origin=Origin.CASE, by=by, source_question=source_question, notes=notes
        )

    async def begin_from_revision(self, slug: str, number: int, *, by: str) -> Draft:
        """A draft with the words of an earlier revision: going back is a revision of its own, and is approved as any."""
        async with self._database.reading() as connection:
            found = await store.find_revision(connection, slug, number)
        if found is None:
            raise NotFound(code="article_revision_not_found", slug=slug, revision=number)
        return await self._insert(
            slug, found.texts, origin=Origin.REVISION, by=by, source_question=found.source_question
        )

    async def save(
        self,
        draft_id: UUID,
        *,
        version: int,
        texts: Mapping[Language, str],
        reason: str,
        source_question: str,
        by: str,
        takes_over: bool = False,
    ) -> Draft:
        """Write a draft anew; `version` is the one that was read. With `takes_over`, what was published meanwhile is in it.

        Raises `NotFound`, `Conflict` (`draft_over`, `draft_changed`) and `InputError`.
        """
        cleaned = {language: self._redact(rules.check_text(texts[language], language)) for language in Language}
        why = self._redact(rules.check_words(reason, field="reason", required=False))
        question = self._redact(rules.check_words(source_question, field="source_question", required=False))
        async with self._database.unit_of_work() as connection:
            draft = rules.require_version(rules.require_open(await self._lock(connection, draft_id)), version)
            based_on = await store.last_number(connection, draft.slug) if takes_over else draft.based_on
            saved = replace(
                draft, state=DraftState.WRITING, texts=cleaned, reason=why, source_question=question,
                authors=rules.with_author(draft, by), based_on=based_on, version=draft.version + 1,
                changed_at=self._clock.now(),
            )  # fmt: skip
            await store.update_draft(connection, saved)
        return saved

    async def make_ready(self, draft_id: UUID, *, version: int) -> Draft:
        """Say that a draft can be approved; raises `Conflict` where something still keeps it from being published."""
        draft = rules.require_version(rules.require_open(await self.draft(draft_id)), version)
        rules.check_words(draft.reason, field="reason", required=True)
        rules.check_words(draft.source_question, field="source_question", required=True)
        found = await self.check(draft)
        if found.blocking:
            raise Conflict(code="draft_with_findings", findings=len(found.blocking))
        return await self._set_state(draft_id, version, DraftState.READY)

    async def discard(self, draft_id: UUID, *, version: int) -> Draft:
        """End a draft without publishing it; what was written stays on record."""
        return await self._set_state(draft_id, version, DraftState.DISCARDED)

    # -- approving -----------------------------------------------------------------------------------------------------

    async def approve(
        self, draft_id: UUID, statement: Statement, *, version: int, by: str, reason: str = ""
    ) -> Outcome:
        """Publish a draft, if what its approver has written down is what its front matter says; else say what differs.

        Raises `Forbidden` (`draft_own`) for an author where two people are asked for, `Conflict` where the draft is not
        ready, has changed, has findings, or is of an article that was published anew meanwhile, and `InputError`.
        """
        written = rules.check_statement(statement, self._redact)
        why = self._redact(rules.check_words(reason, field="reason", required=False))
        draft = rules.require_version(rules.require_ready(await self.draft(draft_id)), version)
        policy = rules.policy_of(draft, self._approvals, by=by, reason=why)
        found = await self.check(draft, policy=policy)
        if found.blocking:
            raise Conflict(code="draft_with_findings", findings=len(found.blocking))
        differs = rules.differences(found.articles, written)
        async with self._database.unit_of_work() as connection:
            locked = rules.require_version(rules.require_ready(await self._lock(connection, draft_id)), version)
            given = Given(
                number=len(await store.read_statements(connection, draft_id)) + 1, version=version, by=by,
                at=self._clock.now(), statement=written, differs=differs, reason=why or None,
            )  # fmt: skip
            await store.insert_statement(connection, draft_id, given)
            if differs:
                return Outcome(published=None, differs=differs)
            published = await self._publish(connection, locked, found.articles, by=by, policy=policy)
        self._handbook.look_again()
        return Outcome(published=published)

    async def _publish(
        self,
        connection: Connection,
        draft: Draft,
        articles: Mapping[Language, Article],
        *,
        by: str,
        policy: ApprovalPolicy,
    ) -> Published:
        last = await store.last_number(connection, draft.slug)
        now = self._clock.now()
        published = Published(
            slug=draft.slug, number=last + 1, draft_id=draft.draft_id, published_at=now,
            texts={language: write_article(article) for language, article in articles.items()}, reason=draft.reason,
            source_question=draft.source_question, authors=draft.authors, approved_by=by, policy=policy,
        )  # fmt: skip
        if last != draft.based_on or not await store.insert_revision(connection, published):
            raise Conflict(code="draft_outdated", slug=draft.slug)
        await store.update_draft(connection, replace(draft, state=DraftState.PUBLISHED, changed_at=now))
        return published

    # -- looking -------------------------------------------------------------------------------------------------------

    async def draft(self, draft_id: UUID) -> Draft:
        """The draft of that id; raises `NotFound`."""
        async with self._database.reading() as connection:
            found = await store.find_draft(connection, draft_id)
        if found is None:
            raise _not_found(draft_id)
        return found

    async def drafts(
        self, *, slug: str | None = None, only_open: bool = False, most: int = 100
    ) -> builtins.list[Draft]:
        """Drafts, the last changed first."""
        async with self._database.reading() as connection:
            return await store.read_drafts(connection, slug=slug, only_open=only_open, most=min(most, DRAFTS_MAX))

    async def statements(self, draft_id: UUID) -> builtins.list[Given]:
        """What approvers have written down of a draft, the first to the last."""
        async with self._database.reading() as connection:
            return await store.read_statements(connection, draft_id)

    async def revisions(self, slug: str) -> builtins.list[Published]:
        """What was published of an article, the last one first."""
        async with self._database.reading() as connection:
            return await store.revisions_of(connection, slug)

    async def latest(self) -> builtins.list[Published]:
        """The last published revision of every article that has one."""
        async with self._database.reading() as connection:
            return await store.latest_revisions(connection)

    async def last_number(self, slug: str) -> int:
        """The number of an article's last revision; 0 where none was published."""
        async with self._database.reading() as connection:
            return await store.last_number(connection, slug)

    async def check(self, draft: Draft, *, policy: ApprovalPolicy = ApprovalPolicy.TWO_PEOPLE) -> Checked:
        """What `knowledge check` finds in a draft, as it would be published today among the others."""
        catalogue = await self._handbook()
        return await asyncio.to_thread(_check, catalogue, draft, self.today, policy)

    async def as_it_reads(self, draft: Draft) -> Mapping[Language, str]:
        """The pages of a draft in Markdown with everything filled in, of the languages that can be read."""
        found = await self.check(draft)
        catalogue = (await self._handbook()).replaced(found.articles.values())
        return {language: catalogue.rendered(article).markdown for language, article in found.articles.items()}

    @property
    def today(self) -> date:
        return to_datetime(self._clock.now()).date()

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _beginning(
        self, catalogue: Catalogue, slug: str, language: Language, *, problem_class: str | None = None
    ) -> str:
        article = catalogue.find(slug, language)
        if article is not None:
            return write_article(article)
        return rules.beginning(slug, language, today=self.today, problem_class=problem_class)

    async def _insert(
        self,
        slug: str,
        texts: Mapping[Language, str],
        *,
        origin: Origin,
        by: str,
        source_question: str,
        notes: str = "",
    ) -> Draft:
        question = self._redact(rules.check_words(source_question, field="source_question", required=False))
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            draft = Draft(
                draft_id=self._clock.new_id(), slug=slug, state=DraftState.WRITING, origin=origin, texts=texts, reason="",
                source_question=question, notes=self._redact(notes)[: rules.NOTES_CHARACTERS_MAX], authors=(by,),
                based_on=await store.last_number(connection, slug), version=1, created_at=now, changed_at=now,
            )  # fmt: skip
            await store.insert_draft(connection, draft)
        return draft

    async def _set_state(self, draft_id: UUID, version: int, state: DraftState) -> Draft:
        async with self._database.unit_of_work() as connection:
            draft = rules.require_version(rules.require_open(await self._lock(connection, draft_id)), version)
            changed = replace(draft, state=state, changed_at=self._clock.now())
            await store.update_draft(connection, changed)
        return changed

    async def _lock(self, connection: Connection, draft_id: UUID) -> Draft:
        found = await store.lock_draft(connection, draft_id)
        if found is None:
            raise _not_found(draft_id)
        return found


def _check(catalogue: Catalogue, draft: Draft, today: date, policy: ApprovalPolicy) -> Checked:
    articles: dict[Language, Article] = {}
    findings: list[Finding] = []
    formers = {language: catalogue.find(draft.slug, language) for language in Language}
    day = rules.day_of(today, formers.values())
    for language, former in formers.items():
        try:
            articles[language] = rules.as_published(draft, language, today=day, former=former, policy=policy)
        except ArticleUnreadable as error:
            findings.append(rules.unreadable(error, draft, language))
    among = catalogue.replaced(articles.values())
    for article in articles.values():
        findings += check_article(among, article, today=day)
    # What a code has lost by the draft: what was missing before is not the draft's doing.
    before = list(check_codes(catalogue))
    findings += [one for one in check_codes(among) if one not in before]
    return rules.checked(articles, findings)


def _not_found(draft_id: UUID) -> NotFound:
    return NotFound(code="draft_not_found", draft=show_id("draft", draft_id))
