"""The desk's numbers come from events alone."""

from __future__ import annotations

from counterfoil.support.metrics_rules import BY_INTAKE, BY_ITSELF, History, Refused, measure, stays
from counterfoil.support.model import CaseEvent, CaseEventKind
from support.cases import HOUR, NOON, an_id


def events(*told: tuple[CaseEventKind, int, dict[str, str]], by: str = "support") -> list[CaseEvent]:
    return [
        CaseEvent(case_id=an_id(1), event_no=number, kind=kind, by=by, at=NOON + hours * HOUR, facts=facts)
        for number, (kind, hours, facts) in enumerate(told, start=1)
    ]


def history(*told: tuple[CaseEventKind, int, dict[str, str]], cause: str | None = None, by: str = "support") -> History:
    return History(problem="balance_fell", cause=cause, article=None, events=events(*told, by=by))


ARRIVED = (CaseEventKind.ARRIVED, 0, {"complete": "1"})


def test_times_count_from_the_arrival() -> None:
    found = measure([
        history(ARRIVED, (CaseEventKind.DIAGNOSED, 1, {}), (CaseEventKind.REPLIED, 3, {}), (CaseEventKind.RESOLVED, 5, {})),
        history(ARRIVED),
    ])  # fmt: skip
    assert (found.cases, found.diagnosis.median, found.first_answer.median) == (2, HOUR, 3 * HOUR)
    assert (found.resolution.count, found.resolution.ninth) == (1, 5 * HOUR)


def test_a_reopened_case_is_resolved_when_it_stays_so() -> None:
    found = measure([
        history(
            ARRIVED, (CaseEventKind.RESOLVED, 2, {}), (CaseEventKind.REOPENED, 4, {}), (CaseEventKind.RESOLVED, 9, {})
        ),
        history(ARRIVED, (CaseEventKind.RESOLVED, 1, {}), (CaseEventKind.REOPENED, 2, {})),
    ])  # fmt: skip
    assert (found.resolution.count, found.resolution.median, found.reopened) == (1, 9 * HOUR, 2)


def test_a_stay_at_another_desk_ends_with_whatever_leaves_it() -> None:
    told = events(
        ARRIVED, (CaseEventKind.HANDED_OVER, 1, {"state": "with_finance"}), (CaseEventKind.NOTED, 2, {"state": "with_finance"}),
        (CaseEventKind.HANDED_OVER, 4, {"state": "with_engineering"}), (CaseEventKind.RESOLVED, 9, {"state": "resolved"}),
        (CaseEventKind.REOPENED, 10, {"state": "diagnosed"}), (CaseEventKind.HANDED_OVER, 11, {"state": "with_finance"}),
    )  # fmt: skip
    assert stays(told) == [("with_finance", 3 * HOUR), ("with_engineering", 5 * HOUR), ("with_finance", None)]


def test_what_was_asked_again_makes_a_message_incomplete() -> None:
    found = measure([
        history(ARRIVED, (CaseEventKind.ASKED, 1, {"fields": "key_mask,model"}), (CaseEventKind.ASKED, 2, {"fields": "model"})),
        history(ARRIVED),
        history((CaseEventKind.ARRIVED, 0, {"complete": "0"})),
    ])  # fmt: skip
    assert found.complete_first == 1
    assert found.asked_again == (("balance_fell", "model", 2), ("balance_fell", "key_mask", 1))


def test_what_intake_asks_by_itself_is_no_answer_and_asks_nothing_again() -> None:
    asked = (CaseEventKind.ASKED, 0, {"fields": "order_time"})
    one = history((CaseEventKind.ARRIVED, 0, {"complete": "0"}), asked, by=BY_INTAKE)
    found = measure([one])
    assert (found.asked_again, found.first_answer.count, found.complete_first) == ((), 0, 0)


def test_repeated_questions_are_causes_that_came_more_than_once() -> None:
    found = measure([history(ARRIVED, cause=cause) for cause in ("a", "b", "a", "c", "b", "a", None)])
    assert [(cause, count) for cause, _, count in found.repeated] == [("a", 3), ("b", 2)]


def test_what_the_service_settled_alone_is_self_service() -> None:
    alone = history(ARRIVED, (CaseEventKind.RESOLVED, 0, {}), by=BY_ITSELF)
    assert measure([alone, history(ARRIVED, (CaseEventKind.RESOLVED, 1, {}))]).self_service == 1


def test_refusals_add_up_by_class_and_field() -> None:
    refused = [Refused(problem="balance_fell", field="caller", secret_class="api_key", count=count) for count in (2, 3)]
    assert measure([], refused).unsafe == (("balance_fell", "caller", "api_key", 5),)
