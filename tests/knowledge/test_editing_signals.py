"""What tells editors where to write, each with its remedy; and what a case leaves once its facts are out."""

from __future__ import annotations

from datetime import date

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.vocabulary import Kind, Language, entries
from counterfoil.knowledge.case_material import FACT, without_facts
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.signals import Signals
from counterfoil.knowledge.signals_rules import (
    CauseSeen,
    Comparison,
    DeskCounts,
    Did,
    Remedy,
    Signal,
    compare,
    day_number,
    signals,
    slug_of,
)
from counterfoil.knowledge.votes import Votes
from counterfoil.knowledge.votes_model import Verdict, VoteCount
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database
from knowledge.shelf import shelf

PAGES = frozenset({"key-invalid", "send-balance-fell", "what-to-send"})
REVISED = date(2026, 11, 10)
TODAY = date(2026, 11, 14)


def vote(day: date, verdict: Verdict, count: int = 1, slug: str = "key-invalid") -> VoteCount:
    return VoteCount(day=day_number(day), slug=slug, language=Language.EN, verdict=verdict, count=count)


def seen(day: date, page: str | None = "/help/key-invalid") -> CauseSeen:
    return CauseSeen(day=day_number(day), cause="key_invalid", page=page)


def test_every_signal_has_its_remedy_and_the_page_where_it_belongs() -> None:
    counts = DeskCounts(
        repeated=(("key_invalid", "/help/key-invalid", 5), ("new_cause", None, 2)),
        asked_again=(("balance_fell", "time_window", 4),),
        unsafe=(("balance_fell", "api_key", 3), ("something_else", "password", 1), ("balance_fell", "api_key", 2)),
    )
    votes = [vote(TODAY, Verdict.NO, 2), vote(TODAY, Verdict.YES, 6)]
    assert signals(counts, votes, PAGES) == (
        Signal(remedy=Remedy.PATH, code="key_invalid", slug="key-invalid", count=5),
        Signal(remedy=Remedy.PATH, code="new_cause", slug=None, count=2),
        Signal(remedy=Remedy.ANSWER, slug="key-invalid", count=2, of=8),
        Signal(remedy=Remedy.BOUNDARY, code="api_key", slug="send-balance-fell", problem="balance_fell", count=5),
        Signal(remedy=Remedy.BOUNDARY, code="password", slug="what-to-send", problem="something_else", count=1),
        Signal(remedy=Remedy.TEMPLATE, code="time_window", slug="send-balance-fell", problem="balance_fell", count=4),
    )


def test_one_reader_who_was_not_answered_is_no_signal_yet() -> None:
    assert signals(DeskCounts(), [vote(TODAY, Verdict.NO)], PAGES) == ()


def test_votes_of_a_page_that_is_gone_are_no_signal() -> None:
    assert signals(DeskCounts(), [vote(TODAY, Verdict.NO, 9, slug="gone")], PAGES) == ()


def test_an_article_is_compared_over_as_many_days_before_its_revision_as_after() -> None:
    causes = [
        seen(date(2026, 11, 4)), seen(date(2026, 11, 5)), seen(date(2026, 11, 9)), seen(date(2026, 11, 10)),
        seen(date(2026, 11, 9), "/help/other"), seen(date(2026, 11, 9), None),
    ]  # fmt: skip
    votes = [
        vote(date(2026, 11, 9), Verdict.NO, 3), vote(date(2026, 11, 10), Verdict.YES, 2),
        vote(date(2026, 11, 1), Verdict.NO, 7), vote(date(2026, 11, 9), Verdict.NO, 5, slug="other"),
    ]  # fmt: skip
    assert compare("key-invalid", REVISED, today=TODAY, causes=causes, votes=votes) == Comparison(
        days=5, before=Did(cases=2, answered=0, not_answered=3), after=Did(cases=1, answered=2, not_answered=0)
    )


@pytest.mark.parametrize(("today", "days"), [(REVISED, 1), (date(2026, 11, 1), 1), (date(2028, 1, 1), 90)])
def test_what_is_compared_is_a_day_at_least_and_a_season_at_most(today: date, days: int) -> None:
    assert compare("key-invalid", REVISED, today=today, causes=(), votes=()).days == days


def test_the_page_of_a_cause_is_found_with_or_without_a_place_on_it() -> None:
    assert slug_of("/help/key-invalid") == "key-invalid"
    assert slug_of("/help/codes#bad_request") == "codes"
    assert slug_of(None) is None
    assert all(slug_of(one.article) for kind in (Kind.FINDING, Kind.REFUSAL) for one in entries(kind))


class Desk:
    """A desk that has counted nothing but one cause."""

    async def counts(self, *, first_day: int, last_day: int) -> DeskCounts:
        return DeskCounts()

    async def causes(self, *, first_day: int, last_day: int) -> tuple[CauseSeen, ...]:
        return (CauseSeen(day=last_day, cause="key_limit", page="/help/first-page"),)


async def test_articles_stand_in_the_order_in_which_they_are_reviewed(database: Database) -> None:
    clock = ManualClock(now=1_796_083_200_000_000)
    votes = Votes(database, clock=clock)
    await votes.add("first-page", Language.EN, Verdict.YES)
    reading = Signals(clock=clock, handbook=CurrentHandbook(shelf, database), votes=votes, desk=Desk())
    kept = await reading.kept(Language.EN)
    assert [one.article.slug for one in kept] == ["first-page", "second-page"]
    assert [one.is_due for one in kept] == [False, False]
    assert kept[0].comparison.after == Did(cases=1, answered=1, not_answered=0)
    assert kept[1].comparison.after == Did(cases=0, answered=0, not_answered=0)


FACTS = [
    ("I paid 12.50 USD to Acme Robotics", ["Acme Robotics"], f"I paid {FACT} to {FACT}"),
    ("acme robotics and ACME  Robotics", ["Acme Robotics"], f"{FACT} and {FACT}"),
    ("An acmeist is none", ["acme"], "An acmeist is none"),
    ("我在 2026-11-29 08:00 充值了￥100，账户是小明工作室", ["小明工作室"], f"我在 {FACT} 充值了{FACT}，账户是{FACT}"),
    ("Call req_0199aabbccddeeff0011223344556677 failed", [], f"Call {FACT} failed"),
    ("Case CS-7K2M-9QXA of ann@example.com", [], f"Case {FACT} of {FACT}"),
    ("see https://example.com/a?b=c for it", [], f"see {FACT} for it"),
    ("It said yes, and no more", ["yes"], f"It said {FACT}, and no more"),
    ("It is on", ["on"], "It is on"),
    ("ｇｐｔ－ｘ was slow", ["gpt-x"], f"{FACT} was slow"),
    ("Nothing of anybody's", [], "Nothing of anybody's"),
]


@pytest.mark.parametrize(("text", "values", "left"), FACTS)
def test_facts_are_taken_out_and_words_stay(text: str, values: list[str], left: str) -> None:
    assert without_facts(text, values, redact) == left


def test_secrets_are_masked_before_anything_else() -> None:
    secret = "sk-" + "proj-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
    assert secret[8:] not in without_facts(f"my key is {secret}", [], redact)
