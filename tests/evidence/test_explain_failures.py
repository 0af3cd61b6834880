"""It failed, and was it charged? The ledger's answer, with its transfers behind it, for every way in which work ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from counterfoil.evidence.failures import Ledgered, TransferRow, of_submission, what_became
from counterfoil.evidence.findings import FindingCode, Problem
from counterfoil.evidence.model import Explanation
from counterfoil.evidence.store import ledger_of
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.spend.model import AttemptOutcome, Failure, RequestState, RequestView
from counterfoil.storage.database import Database
from counterfoil.tasks.model import DownloadState, Source, TaskState, TaskView, Verdict
from evidence.desk import NANOS, Customer, Desk
from evidence.house import assert_told
from tasks.studio import Studio, open_studio

ASKED = b"a" * 32
FILM = 8 * NANOS // 10


@pytest.fixture
async def studio(desk: Desk) -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        await desk.serve_films(opened.url)
        yield opened


@pytest.fixture
async def customer(desk: Desk) -> Customer:
    return await desk.customer()


async def told(desk: Desk, subject: str) -> Explanation:
    """What an operator is told; whole in both languages."""
    for language in Language:
        assert_told(await desk.operator_asks(subject, language=language))
    return await desk.operator_asks(subject)


async def only(desk: Desk, subject: str) -> tuple[FindingCode, str]:
    (found,) = (await told(desk, subject)).findings
    return found.code, found.text


def shown(task: TaskView) -> str:
    return show_id("task", task.task_id)


async def test_a_failed_call_was_not_charged_and_says_what_was_released(desk: Desk, customer: Customer) -> None:
    explanation = await told(desk, await desk.failed(customer))
    (found,) = explanation.findings
    assert (explanation.problem, found.code, found.nanos) == (Problem.FAILED, FindingCode.NOT_CHARGED, 0)
    assert found.text == "Not charged: the 1.00 USD reserved were released at 2023-11-14 22:13 UTC, all of it."
    assert found.would_have == "It would have been charged only if it had been delivered."
    assert [row.kind for row in found.rows] == ["request", "hold"]


async def test_a_served_call_was_charged_for_what_it_delivered(desk: Desk, customer: Customer) -> None:
    (found,) = (await told(desk, await desk.served(customer))).findings
    assert (found.code, found.nanos) == (FindingCode.CHARGED_FOR_DELIVERY, 400_000_000)
    (transfer,) = [row for row in found.rows if row.kind == "transfer"]
    assert transfer.nanos == -400_000_000
    assert "0.40 USD charged, of 1.00 USD reserved" in found.text


async def test_a_charge_that_was_given_back_in_part_and_in_full(desk: Desk, customer: Customer) -> None:
    request_id = await desk.served(customer)
    await desk.spend.refund(read_id("request", request_id), source_id="t1", amount=100_000_000, reason="sorry")
    (found,) = (await told(desk, request_id)).findings
    assert (found.code, found.nanos) == (FindingCode.CHARGE_REFUNDED, 300_000_000)
    assert "0.30 USD stays charged" in found.text
    await desk.spend.refund(read_id("request", request_id), source_id="t2", amount=None, reason="sorry")
    (found,) = (await told(desk, request_id)).findings
    assert (found.code, found.nanos) == (FindingCode.CHARGE_REFUNDED, 0)
    assert sorted(row.nanos or 0 for row in found.rows if row.kind == "transfer") == [
        -400_000_000, 100_000_000, 300_000_000,
    ]  # fmt: skip


async def test_of_a_failed_call_whose_retry_was_charged_the_retry_is_named(desk: Desk, customer: Customer) -> None:
    admission = await desk.admitted(customer, fingerprint=ASKED)
    failed = show_id("request", admission.request_id)
    attempt = desk.attempt(AttemptOutcome.REJECTED, status_code=500, response_id=None)
    ended = Failure(code="upstream_error", status_code=502, ended_at=desk.clock.now(), attempts=(attempt,))
    await desk.spend.void(admission, ended)
    desk.clock.advance(seconds=3)
    retried = await desk.served(customer, fingerprint=ASKED)
    (found,) = (await told(desk, failed)).findings
    assert found.code is FindingCode.NOT_CHARGED
    assert f"1 other(s) were delivered and charged, 0.40 USD together, such as {retried}" in found.text
    assert retried in {row.id for row in found.rows}


async def test_a_video_on_its_way_is_reserved_and_not_charged(desk: Desk, studio: Studio, customer: Customer) -> None:
    task = await desk.film(customer)
    (found,) = (await told(desk, shown(task))).findings
    assert (found.code, found.nanos) == (FindingCode.STILL_RUNNING, FILM)
    assert "0.80 USD is reserved and not charged" in found.text
    await desk.tell(task, TaskState.UNKNOWN)
    (found,) = (await told(desk, shown(task))).findings
    assert (found.code, found.owner) == (FindingCode.OUTCOME_UNKNOWN, "operations")


async def test_a_video_whose_time_was_up_is_released_and_not_charged(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.UNKNOWN)
    desk.clock.advance(seconds=8 * 86_400)
    await desk.tasks.apply(
        task.account_id, task.task_id, Verdict(state=TaskState.EXPIRED, raw_state="expired"), Source.EXPIRY
    )
    code, text = await only(desk, shown(task))
    assert code is FindingCode.OUTCOME_UNKNOWN
    assert "nothing is charged" in text
    # A success after all of that is not charged either, and says so.
    await desk.tell(task, TaskState.SUCCEEDED, delivered=4)
    code, text = await only(desk, shown(task))
    assert code is FindingCode.NOT_CHARGED
    assert "the result came after the reservation had ended" in text


async def test_a_video_that_succeeded_and_waits_to_be_downloaded(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.SUCCEEDED, delivered=4)
    code, text = await only(desk, shown(task))
    assert code is FindingCode.CHARGED_FOR_DELIVERY
    assert "0.80 USD charged; it has not been downloaded yet" in text


async def test_a_video_that_was_delivered_in_part(desk: Desk, studio: Studio, customer: Customer) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.SUCCEEDED, delivered=3)
    code, text = await only(desk, shown(task))
    assert code is FindingCode.CHARGED_IN_PART
    assert text == "4 asked for, 3 delivered, and 0.60 USD charged for those alone."


async def test_a_video_that_failed(desk: Desk, studio: Studio, customer: Customer) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.FAILED, failure_code="moderation_blocked", failure_reason="no")
    explanation = await told(desk, shown(task))
    (found,) = explanation.findings
    assert (found.code, [row.kind for row in found.rows]) == (FindingCode.NOT_CHARGED, ["task", "hold"])
    assert "0.80 USD reserved were released" in found.text
    assert "Not charged" in "\n".join(explanation.lines())


async def test_a_task_that_is_given_again_names_it(desk: Desk, studio: Studio, customer: Customer) -> None:
    first = await desk.film(customer, fingerprint=ASKED, idempotency_key=b"k" * 32)
    await desk.film(customer, fingerprint=ASKED, idempotency_key=b"k" * 32)
    requests = await desk.spend.requests(customer.account_id)
    (repeated,) = [one for one in requests if one.state == "repeated"]
    code, text = await only(desk, show_id("request", repeated.request_id))
    assert code is FindingCode.NOT_CHARGED
    assert shown(first) in text


# -- what should not be, and what is only told by the records -------------------------------------------------------------


async def _records(desk: Desk, database: Database, task: TaskView) -> tuple[RequestView, TaskView, Ledgered]:
    view = await desk.spend.request(task.task_id)
    async with database.reading() as connection:
        ledgered = await ledger_of(
            connection, account_id=view.account_id, request_id=view.request_id, since=view.received_at
        )
    return view, await desk.tasks.find(task.task_id), ledgered


async def test_a_charge_of_what_failed_is_an_error_that_support_mends(
    desk: Desk, database: Database, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.SUCCEEDED, delivered=4)
    view, ended, ledgered = await _records(desk, database, task)
    failed = replace(ended, state=TaskState.FAILED)
    found = what_became(replace(view, state=RequestState.FAILED), failed, ledgered)
    assert (found.code, found.nanos) == (FindingCode.FAILED_BUT_CHARGED, FILM)
    # Once a part has gone back, the rest of it is still wrong.
    refund = TransferRow(
        transfer_id=task.task_id, debit="revenue", credit="wallet", amount=FILM // 4, code="refund", at=view.received_at
    )
    found = what_became(
        replace(view, state=RequestState.FAILED), failed, replace(ledgered, transfers=(*ledgered.transfers, refund))
    )
    assert (found.code, found.nanos) == (FindingCode.FAILED_BUT_CHARGED, FILM * 3 // 4)


async def test_a_cancelled_task_that_cost_something_was_charged_in_part(
    desk: Desk, database: Database, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.SUCCEEDED, delivered=4)
    view, ended, ledgered = await _records(desk, database, task)
    found = what_became(view, replace(ended, state=TaskState.CANCELLED), ledgered)
    assert (found.code, found.text) == (FindingCode.CHARGED_IN_PART, "charged_in_part_cancelled")


async def test_a_result_that_was_fetched_and_a_client_that_had_gone(
    desk: Desk, database: Database, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.SUCCEEDED, delivered=4)
    view, ended, ledgered = await _records(desk, database, task)
    fetched = replace(ended, download_state=DownloadState.DOWNLOADED)
    assert what_became(view, fetched, ledgered).text is None
    gone = replace(view, state=RequestState.CLIENT_GONE)
    found = what_became(gone, None, ledgered)
    assert (found.code, found.text) == (FindingCode.CHARGED_FOR_DELIVERY, "charged_for_delivery_gone")
    # What was counted here, because the answer was cut off with its client.
    found = what_became(replace(gone, estimated=True), None, ledgered)
    assert found.code is FindingCode.CHARGED_IN_PART


# -- submissions ----------------------------------------------------------------------------------------------------------


async def test_copies_that_were_charged_are_counted_against_the_first(desk: Desk, customer: Customer) -> None:
    first = await desk.served(customer, fingerprint=ASKED, retry_count=0)
    submission = f"sub_{first.removeprefix('req_')}"
    for _ in range(2):
        desk.clock.advance(seconds=4)
        await desk.served(customer, fingerprint=ASKED, retry_count=0)
    (found,) = (await told(desk, submission)).findings
    assert (found.code, found.nanos) == (FindingCode.DUPLICATE_SUBMISSIONS, 800_000_000)
    assert found.text == "The same thing was submitted 3 times and charged 3 times, 0.80 USD more than once."
    assert len([row for row in found.rows if row.kind == "request"]) == 3
    view = await desk.spend.request(read_id("request", first))
    await desk.spend.refund(view.request_id, source_id="x", amount=None, reason="sorry")
    (found,) = (await told(desk, submission)).findings
    assert found.nanos == 400_000_000


async def test_of_copies_that_cost_nothing_more_there_is_nothing_to_complain(desk: Desk, customer: Customer) -> None:
    first = await desk.served(customer, fingerprint=ASKED)
    desk.clock.advance(seconds=4)
    admission = await desk.admitted(customer, fingerprint=ASKED)
    submission = f"sub_{first.removeprefix('req_')}"
    code, text = await only(desk, submission)
    assert code is FindingCode.CHARGED_FOR_DELIVERY
    assert "only one was charged, 0.40 USD" in text
    view = await desk.evidence._submissions.find(read_id("submission", submission))
    none_charged = replace(view, requests=tuple(replace(one, charged_nanos=0) for one in view.requests))
    assert of_submission(none_charged).code is FindingCode.STILL_RUNNING
    await desk.settle(admission, tokens=0)
    assert of_submission(replace(none_charged, requests=())).code is FindingCode.NOT_CHARGED
