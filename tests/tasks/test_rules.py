"""What becomes of a task, whatever is said of it in whatever order; and when it is asked about again."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.spend.model import Attempt, AttemptOutcome
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.tasks import attempts, rules
from counterfoil.tasks.model import Source, TaskEvent, TaskState, Verdict
from counterfoil.tasks.rules import Settlement
from counterfoil.tasks.words import kept_name, kept_reason, readable_id

SECOND = 1_000_000
UPSTREAM_SOURCES = (Source.SUBMIT, Source.POLL, Source.CALLBACK, Source.CANCEL)
verdicts = st.builds(Verdict, state=st.sampled_from(TaskState), raw_state=st.just("theirs"))
told = st.tuples(verdicts, st.sampled_from((*UPSTREAM_SOURCES, Source.EXPIRY)))


@dataclass(slots=True)
class History:
    """A task as `advance` takes it through what it is told."""

    state: TaskState = TaskState.SUBMITTED
    started: bool = False
    states: list[TaskState] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)

    def hear(self, verdict: Verdict, source: Source, *, cancel_asked: bool) -> None:
        transition = rules.advance(self.state, verdict, source, started=self.started, cancel_asked=cancel_asked)
        if transition is None:
            return
        assert transition.moves == (transition.state is not self.state)
        if transition.moves:
            self.states.append(transition.state)
        if transition.settlement is not Settlement.NONE:
            self.settlements.append(transition.settlement)
        self.state = transition.state
        self.started = self.started or self.state is TaskState.RUNNING


@given(st.lists(told, max_size=12), st.booleans())
def test_a_task_ends_once_and_is_settled_once_whatever_it_is_told(
    story: list[tuple[Verdict, Source]], cancel_asked: bool
) -> None:
    history = History()
    for verdict, source in story:
        history.hear(verdict, source, cancel_asked=cancel_asked)
    ends = [state for state in history.states if state.is_final]
    assert len(history.settlements) == len(ends)
    if len(ends) > 1:
        # What nobody pays for any more.
        assert ends == [TaskState.EXPIRED, TaskState.SUCCEEDED]
        assert history.settlements == [Settlement.EXPIRE, Settlement.CAPTURE]
    assert TaskState.SUBMITTED not in history.states
    for before, after in zip(history.states, history.states[1:], strict=False):
        assert (before, after) != (TaskState.RUNNING, TaskState.QUEUED)


@given(verdicts, st.sampled_from(UPSTREAM_SOURCES), st.booleans(), st.booleans())
def test_no_upstream_ends_a_hold_by_telling_that_its_own_time_was_up(
    verdict: Verdict, source: Source, started: bool, cancel_asked: bool
) -> None:
    for state in TaskState:
        transition = rules.advance(state, verdict, source, started=started, cancel_asked=cancel_asked)
        assert transition is None or transition.settlement is not Settlement.EXPIRE


@pytest.mark.parametrize("state", [state for state in TaskState if state.is_final])
@pytest.mark.parametrize("said", list(TaskState))
def test_an_end_stays_but_for_a_success_after_the_expiry(state: TaskState, said: TaskState) -> None:
    transition = rules.advance(state, Verdict(state=said, raw_state=""), Source.POLL)
    late = (state, said) == (TaskState.EXPIRED, TaskState.SUCCEEDED)
    assert (transition is not None) == late


@pytest.mark.parametrize(
    ("state", "started", "asked", "settlement", "cancelled_in"),
    [
        (TaskState.QUEUED, False, True, Settlement.CANCEL, "queued"),
        (TaskState.SUBMITTED, False, True, Settlement.CANCEL, "queued"),
        (TaskState.RUNNING, True, True, Settlement.CANCEL, "running"),
        (TaskState.UNKNOWN, True, True, Settlement.CANCEL, "running"),
        (TaskState.UNKNOWN, False, True, Settlement.CANCEL, "queued"),
        (TaskState.RUNNING, True, False, Settlement.VOID, None),
    ],
)
def test_a_cancelled_task_costs_what_its_state_costs_and_nothing_if_nobody_asked(
    state: TaskState, started: bool, asked: bool, settlement: Settlement, cancelled_in: str | None
) -> None:
    verdict = Verdict(state=TaskState.CANCELLED, raw_state="cancelled")
    transition = rules.advance(state, verdict, Source.POLL, started=started, cancel_asked=asked)
    assert transition is not None
    assert (transition.settlement, transition.cancelled_in) == (settlement, cancelled_in)


@given(st.none() | st.integers(-10, 1_000), st.integers(0, 600))
def test_nobody_is_charged_for_more_than_was_asked_for(delivered: int | None, asked: int) -> None:
    charged = rules.charged_units(delivered, asked)
    assert 0 <= charged <= asked
    assert charged == asked if delivered is None else charged <= max(0, delivered)


def test_a_task_is_asked_about_each_time_it_has_doubled_its_age_and_at_least_twice_a_minute() -> None:
    age, ages = 0, []
    while age < 200:
        age += rules.poll_interval(age=age * SECOND) // SECOND
        ages.append(age)
    assert ages == [2, 4, 8, 16, 32, 62, 92, 122, 152, 182, 212]


@given(st.integers(0, 7 * 86_400 * SECOND), st.integers(0, 1_000), st.none() | st.floats(-10, 1e9))
def test_an_interval_is_never_short_and_never_without_end(age: int, failures: int, retry_after: float | None) -> None:
    interval = rules.poll_interval(age=age, failures=failures, retry_after=retry_after)
    assert 2 * SECOND <= interval <= 600 * SECOND
    if retry_after is not None and retry_after > 0:
        assert interval >= min(int(retry_after * SECOND), 600 * SECOND)


def test_a_pause_doubles_up_to_a_minute_and_is_no_shorter_than_was_asked_for() -> None:
    assert [rules.pause_interval(failures=n) // SECOND for n in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert rules.pause_interval(failures=0, retry_after=45.0) == 45 * SECOND
    assert rules.pause_interval(failures=1_000, retry_after=1e9) == 600 * SECOND


@pytest.mark.parametrize(
    ("meaning", "status", "words", "definite"),
    [
        (Meaning.NOT_CONNECTED, None, "", True), (Meaning.TIMED_OUT, None, "", False), (Meaning.CUT, None, "", False),
        (Meaning.UNREADABLE, 200, "", False), (Meaning.CALLERS_FAULT, 400, "no", True), (Meaning.BUSY, 429, "", True),
        (Meaning.BUSY, 408, "", False), (Meaning.BUSY, 503, "", False), (Meaning.BUSY, 503, "We are overloaded.", True),
        (Meaning.FAILED, 500, "Oh no", False), (Meaning.FAILED, 502, "", False), (Meaning.FAILED, 501, "", True),
        (Meaning.OUT_OF_MONEY, 500, "insufficient quota", True), (Meaning.NOT_ALLOWED, 403, "", True),
        (Meaning.CALLERS_FAULT, 409, "This Idempotency-Key is in use", False),
    ],
)  # fmt: skip
def test_another_upstream_is_asked_only_where_the_first_has_it_for_certain_not(
    meaning: Meaning, status: int | None, words: str, definite: bool
) -> None:
    assert rules.is_definite(UpstreamError(meaning=meaning, status=status, words=words)) is definite


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (UpstreamError(meaning=Meaning.NOT_CONNECTED), True),
        (UpstreamError(meaning=Meaning.BUSY, status=429), True),
        (UpstreamError(meaning=Meaning.FAILED, status=500), True),
        (UpstreamError(meaning=Meaning.CALLERS_FAULT, status=400), False),
        (UpstreamError(meaning=Meaning.UNREADABLE, status=200), False),
    ],
)
def test_an_upstream_is_left_alone_for_what_is_its_own_trouble(error: UpstreamError, pauses: bool) -> None:
    assert rules.pauses(error) is pauses


# -- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        'Your prompt "a cat that reads the newspaper" was rejected.', "The prompt was: a cat that reads the newspaper",
        "Blocked: “a cat that reads the newspaper”", "内容违规：「a cat that reads the newspaper」",
        "input = a cat that reads the newspaper", "Cannot draw 'a cat that reads the newspaper' today",
        'It broke off: "a cat that reads the newspaper',
    ],
)  # fmt: skip
def test_a_reason_is_kept_without_what_it_quotes(words: str) -> None:
    kept = kept_reason(words)
    assert kept is not None
    assert "cat" not in kept
    # Its own mask, or that of redaction with the length of what was there.
    assert rules.MASK in kept or "[content " in kept


@pytest.mark.parametrize(
    "words", ["The model isn't available in the user's region.", "Timed out after 300 s", "moderation_blocked"]
)
def test_a_reason_that_quotes_nothing_is_kept_as_it_is(words: str) -> None:
    assert kept_reason(words) == words


def test_names_are_short_and_hold_no_secret() -> None:
    assert kept_name("in_progress") == "in_progress"
    assert kept_name("x" * 500) == "x" * 80
    assert kept_name("sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH") == "sk-proj-…EFGH"
    assert kept_name("two\nlines") == "twolines"
    assert kept_name("") is None
    assert readable_id("video_1") == "video_1"
    assert [readable_id(each) for each in ("", "x" * 501, "für", "a\nb", None)] == [None] * 5


# -- attempts ----------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.builds(
            Attempt, number=st.integers(1, 9), upstream=st.text(), upstream_model=st.text(),
            started_at=st.integers(0, 2**53), ended_at=st.integers(0, 2**53), outcome=st.sampled_from(AttemptOutcome),
            status_code=st.none() | st.integers(100, 599), error_text=st.none() | st.text(),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_attempts_are_read_from_the_history_as_they_were_noted(noted: list[Attempt]) -> None:
    events = [
        TaskEvent(
            number=number, at=attempt.ended_at, state=TaskState.SUBMITTED, raw_state=None, source=Source.SUBMIT,
            note=attempts.to_note(attempt),
        )
        for number, attempt in enumerate(noted)
    ]  # fmt: skip
    other = TaskEvent(
        number=99, at=1, state=TaskState.QUEUED, raw_state="queued", source=Source.POLL, note="cancel requested"
    )
    assert attempts.from_events([*events, other]) == tuple(noted)
