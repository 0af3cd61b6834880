"""What the handbook takes from other rooms: statuses, templates, limits, examples, and what the operator says of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.approvals.model import ApprovalSettings
from counterfoil.foundation.clock import Clock
from counterfoil.gateway.errors import ANSWERS
from counterfoil.knowledge.catalogue import Catalogue, load_catalogue
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.editing import Editing
from counterfoil.knowledge.examples import load_examples
from counterfoil.knowledge.macros import Ports
from counterfoil.knowledge.publishing import Context
from counterfoil.knowledge.signals import Signals
from counterfoil.knowledge.signals_rules import CauseSeen, DeskCounts
from counterfoil.knowledge.votes import Votes
from counterfoil.limits.model import DUPLICATE_WINDOW_SECONDS
from counterfoil.redaction.rules import redact
from counterfoil.settings import Settings
from counterfoil.spend.submissions import IDEMPOTENCY_DAYS, IDEMPOTENCY_KEY_CHARACTERS_MAX
from counterfoil.storage.database import Database
from counterfoil.support.metrics import CaseMetrics, article_of
from counterfoil.support.templates_text import template_text

_DAY_MICROS = 86_400_000_000


def handbook_ports(settings: Settings) -> Ports:
    """What articles are filled in with, at an installation with these settings."""
    return Ports(
        statuses={code: answer.status for code, answer in ANSWERS.items()},
        template=template_text,
        numbers={
            "duplicate_window_seconds": DUPLICATE_WINDOW_SECONDS,
            "idempotency_days": IDEMPOTENCY_DAYS,
            "idempotency_key_characters_max": IDEMPOTENCY_KEY_CHARACTERS_MAX,
            "order_minutes": settings.order_minutes,
            "task_hold_days": settings.task_hold_days,
        },
        operator={
            "name": settings.operator_name,
            "contact_email": settings.contact_email or "",
            "contact_page": settings.contact_page or "",
            "hours": settings.contact_hours or "",
            "privacy_contact": settings.privacy_contact or "",
        },
        examples=load_examples(),
    )


def handbook(settings: Settings) -> Catalogue:
    """The handbook as the package holds it; raises `ArticleUnreadable`."""
    return load_catalogue(handbook_ports(settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The handbook of a process, what readers say of it, and what editors do with it."""

    handbook: CurrentHandbook
    votes: Votes
    editing: Editing
    signals: Signals


class DeskNumbers:
    """What the support desk counts, as the handbook reads it."""

    def __init__(self, metrics: CaseMetrics) -> None:
        self._metrics = metrics

    async def counts(self, *, first_day: int, last_day: int) -> DeskCounts:
        """The counts of these days (since 1970-01-01 in UTC), both included."""
        start, end = max(0, first_day) * _DAY_MICROS, (last_day + 1) * _DAY_MICROS
        measured = await self._metrics.measure(start=start, end=end)
        return DeskCounts(
            repeated=measured.repeated,
            asked_again=measured.asked_again,
            unsafe=tuple((problem, what, count) for problem, _, what, count in measured.unsafe),
        )

    async def causes(self, *, first_day: int, last_day: int) -> tuple[CauseSeen, ...]:
        """The causes of the cases of these days, one by one."""
        start, end = max(0, first_day) * _DAY_MICROS, (last_day + 1) * _DAY_MICROS
        return tuple(
            CauseSeen(day=at // _DAY_MICROS, cause=cause, page=article_of(cause))
            for at, cause in await self._metrics.causes(start=start, end=end)
        )


def build_knowledge(
    *, database: Database, clock: Clock, settings: Settings, approvals: ApprovalSettings, metrics: CaseMetrics
) -> Knowledge:
    """The handbook on a database, in which revisions are published."""
    current = CurrentHandbook(lambda: handbook(settings), database)
    votes = Votes(database, clock=clock)
    return Knowledge(
        handbook=current,
        votes=votes,
        editing=Editing(database, clock=clock, handbook=current, approvals=approvals, redact=redact),
        signals=Signals(clock=clock, handbook=current, votes=votes, desk=DeskNumbers(metrics)),
    )


def publishing_context(settings: Settings, public_url: str) -> Context:
    """What a static copy of the handbook is made with: the pages of the site, and the files that they load."""
    # Imported here: only publishing needs templates.
    from counterfoil.site.help_pages import ASSETS, HelpPages

    statuses = {code: answer.status for code, answer in ANSWERS.items()}
    address = public_url.rstrip("/")
    renderer = HelpPages(statuses=statuses, public_url=address, operator_name=settings.operator_name)
    return Context(public_url=address, operator_name=settings.operator_name, renderer=renderer, assets=ASSETS)
