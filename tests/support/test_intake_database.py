"""Cases that are kept: once for each sending, followed by their link, and nothing private in any table or log."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.bootstrap.support import UsableKeys, tell_of_exposed_keys, write_refused_counts
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Language
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import KeySettings, NewToken
from counterfoil.limits.service import LimitsService
from counterfoil.redaction.model import SecretKind
from counterfoil.storage.database import Database
from counterfoil.support import intake_store as store
from counterfoil.support.case_numbers import read_number
from counterfoil.support.exposed_keys import ExposedKeys
from counterfoil.support.intake import Intake, new_submission_key
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.intake_model import Judged, LinkView, Outcome, Receipt, Sender, Submission
from counterfoil.support.model import CaseEventKind, CaseState, Channel, Resolution
from counterfoil.support.refused_counts import RefusedCounts
from counterfoil.support.rules import Verb, step

SENDER = Sender(address="198.51.100.7")
REQUEST = "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"
ORDER = "4200001234202611241234567890"
CARD = "4242 4242 4242 4242"
_DAY = 86_400_000_000


@dataclass(slots=True, kw_only=True)
class Desk:
    """The way in, on a database."""

    database: Database
    clock: ManualClock
    limits: LimitsService
    ledger: Ledger
    counts: RefusedCounts
    exposed: ExposedKeys
    intake: Intake

    async def key(self) -> tuple[UUID, NewToken]:
        account = await self.ledger.open_account(name="Acme", time_zone="UTC")
        made = await self.limits.create_key(account_id=account.account_id, settings=KeySettings(name="a key"))
        return account.account_id, made

    async def sent(self, submission: Submission, **send: Any) -> Receipt:
        answer = await self.intake.send(submission, SENDER, **send)
        assert isinstance(answer, Receipt), answer
        return answer

    async def case_of(self, receipt: Receipt) -> tuple[UUID, list[CaseEventKind]]:
        async with self.database.reading() as connection:
            cursor = await connection.execute("SELECT case_id FROM cases WHERE number = %s", (receipt.number,))
            ((case_id,),) = await cursor.fetchall()
            return case_id, [one.kind for one in await store.read_events(connection, case_id)]

    async def do(self, receipt: Receipt, verb: Verb, **said: Any) -> None:
        """What the desk does to a case, as far as this room's tables show it."""
        case_id, _ = await self.case_of(receipt)
        async with self.database.unit_of_work() as connection:
            locked = await store.lock_case(connection, case_id)
            assert locked is not None
            case, last = locked
            done = step(case, verb, number=last + 1, at=self.clock.now(), by="kim@example.com", **said)
            await store.insert_event(connection, done.event)
            await connection.execute(
                "UPDATE cases SET state = %s, resolution = %s, event_no = %s, changed_at = %s WHERE case_id = %s",
                (done.after.state, done.after.resolution, last + 1, self.clock.now(), case_id),
            )

    async def ask(self, receipt: Receipt, *fields: str, text: str | None = None) -> None:
        await self.do(receipt, Verb.ASK, facts={"fields": ",".join(fields)}, text=text)

    async def resolve(self, receipt: Receipt) -> None:
        await self.do(receipt, Verb.RESOLVE, changes={"resolution": Resolution.ANSWERED})

    async def count(self, table: str) -> int:
        async with self.database.reading() as connection:
            cursor = await connection.execute(f"SELECT count(*) FROM {table}")  # type: ignore[arg-type]
            ((count,),) = await cursor.fetchall()
            return int(count)

    async def told(self) -> list[tuple[UUID, dict[str, str]]]:
        async with self.database.reading() as connection:
            cursor = await connection.execute(
                "SELECT account_id, facts FROM outbox WHERE kind = 'key_exposed' ORDER BY announcement_id"
            )
            return [(row[0], row[1]) for row in await cursor.fetchall()]


def open_at(database: Database, clock: ManualClock) -> Desk:
    limits = LimitsService(database, clock=clock, lock_accounts=lock_accounts)
    counts = RefusedCounts(database, clock=clock)
    exposed = ExposedKeys(
        database, clock=clock, find=UsableKeys(KeyDirectory(database, clock), limits, clock).find,
    )  # fmt: skip
    return Desk(
        database=database, clock=clock, limits=limits, ledger=Ledger(database, clock=clock, guard_factory=NoGuard),
        counts=counts, exposed=exposed,
        intake=Intake(
            database, clock=clock, secret=b"s" * 32, limits=IntakeLimits(per_address=10_000), counts=counts,
            exposed=exposed,
        ),
    )  # fmt: skip


@pytest.fixture
async def desk(database: Database, clock: ManualClock) -> Desk:
    return open_at(database, clock)


def submission(problem: str = "balance_not_enough", **fields: str) -> Submission:
    return Submission(problem=problem, language=Language.EN, channel=Channel.FORM, fields=tuple(fields.items()))


def complete() -> Submission:
    return submission(request_id=REQUEST, model="gpt-4o")


# -- sending -------------------------------------------------------------------------------------------------------


async def test_a_case_is_kept_with_its_first_step_and_opened_by_its_link_alone(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    assert read_number(receipt.number) == receipt.number
    view = await desk.intake.look(receipt.token)
    assert (view.number, view.state, view.problem) == (receipt.number, CaseState.NEW, "balance_not_enough")
    assert view.questions == ()
    _, events = await desk.case_of(receipt)
    assert events == [CaseEventKind.ARRIVED]
    async with desk.database.reading() as connection:
        cursor = await connection.execute("SELECT fields, person_id, account_id, search_due_at FROM cases")
        assert await cursor.fetchall() == [({"request_id": REQUEST, "model": "gpt-4o"}, None, None, desk.clock.now())]
        cursor = await connection.execute("SELECT facts FROM case_events")
        assert REQUEST not in str(await cursor.fetchall())
    with pytest.raises(NotFound):
        await desk.intake.look(receipt.number)


async def test_what_nothing_can_be_found_without_is_asked_for_at_once(desk: Desk) -> None:
    receipt = await desk.sent(submission("recharged_not_credited", amount="100 CNY", payment_method="alipay"))
    view = await desk.intake.look(receipt.token)
    assert view.state is CaseState.WAITING_FOR_CUSTOMER
    assert receipt.questions
    assert tuple(code for one in view.questions for code in one.fields) == receipt.questions
    assert set(receipt.questions) <= set(FIELDS_OF_PROBLEM["recharged_not_credited"])


async def test_the_same_sending_is_one_case_and_gets_the_same_link(desk: Desk) -> None:
    key = new_submission_key()
    first = await desk.sent(submission("recharged_not_credited", amount="100"), submission_key=key)
    desk.clock.advance(seconds=90)
    again = await desk.sent(submission("recharged_not_credited", amount="100"), submission_key=key)
    assert again == first
    assert await desk.count("cases") == await desk.count("case_links") == 1


async def test_a_sending_that_arrives_several_times_at_once_is_one_case(desk: Desk) -> None:
    key = new_submission_key()
    answers = await asyncio.gather(*(desk.sent(complete(), submission_key=key) for _ in range(8)))
    assert len({(one.number, one.token) for one in answers}) == 1
    assert (await desk.count("cases"), await desk.count("case_links"), await desk.count("case_events")) == (1, 1, 1)


async def test_one_key_with_two_contents_keeps_the_first(desk: Desk) -> None:
    key = new_submission_key()
    first = await desk.sent(complete(), submission_key=key)
    with pytest.raises(Conflict) as raised:
        await desk.intake.send(submission(request_id=REQUEST, model="another"), SENDER, submission_key=key)
    assert raised.value.code == "submission_key_reused"
    assert (await desk.intake.look(first.token)).number == first.number
    assert await desk.count("cases") == 1


async def test_without_a_key_two_sendings_are_two_cases(desk: Desk) -> None:
    first, second = await desk.sent(complete()), await desk.sent(complete())
    assert first.number != second.number
    assert first.token != second.token


async def test_a_number_that_is_taken_is_never_given_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([5, 5, 6])
    monkeypatch.setattr("counterfoil.support.intake.secrets.randbelow", lambda most: next(numbers))
    first, second = await desk.sent(complete()), await desk.sent(complete())
    assert first.number != second.number
    assert {(await desk.intake.look(one.token)).number for one in (first, second)} == {first.number, second.number}


# -- the private link ----------------------------------------------------------------------------------------------


async def test_questions_are_answered_and_the_case_goes_on(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    await desk.ask(receipt, "key_mask", text="Which key was it?")
    view = await desk.intake.look(receipt.token)
    assert [(one.fields, one.text) for one in view.questions] == [(("key_mask",), "Which key was it?")]
    answered = await desk.intake.answer(
        receipt.token, [("key_mask", "sk-…3fA9"), ("answer", "the one of the nightly run")], SENDER
    )
    assert isinstance(answered, LinkView)
    assert (answered.state, answered.questions) == (CaseState.NEW, ())
    case_id, events = await desk.case_of(receipt)
    assert events == [CaseEventKind.ARRIVED, CaseEventKind.ASKED, CaseEventKind.ANSWERED_BY_CUSTOMER]
    async with desk.database.reading() as connection:
        case = await store.find_case(connection, case_id)
    assert case is not None
    assert case.values == {"request_id": REQUEST, "model": "gpt-4o", "key_mask": "sk-…3fA9"}


async def test_an_answer_with_a_secret_is_refused_and_may_be_given_again(desk: Desk) -> None:
    _, made = await desk.key()
    receipt = await desk.sent(complete())
    await desk.ask(receipt, "key_mask")
    refused = await desk.intake.answer(receipt.token, [("key_mask", made.token)], SENDER)
    assert isinstance(refused, Judged)
    assert refused.outcome is Outcome.REFUSED
    assert (await desk.intake.look(receipt.token)).state is CaseState.WAITING_FOR_CUSTOMER
    assert isinstance(await desk.intake.answer(receipt.token, [("key_mask", made.key.mask)], SENDER), LinkView)


async def test_nobody_answers_what_was_not_asked(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    with pytest.raises(Conflict) as raised:
        await desk.intake.answer(receipt.token, [("answer", "one more thing")], SENDER)
    assert raised.value.code == "case_nothing_asked"


async def test_of_two_answers_at_once_one_is_taken(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    await desk.ask(receipt, "key_mask")
    answers = await asyncio.gather(
        *(desk.intake.answer(receipt.token, [("key_mask", f"sk-…{last}")], SENDER) for last in ("3fA9", "7bC2")),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == ["Conflict", "LinkView"]
    assert (await desk.case_of(receipt))[1].count(CaseEventKind.ANSWERED_BY_CUSTOMER) == 1


async def test_a_case_that_is_not_solved_is_opened_again(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    with pytest.raises(Conflict):
        await desk.intake.reopen(receipt.token, [("answer", "not yet")], SENDER)
    await desk.resolve(receipt)
    assert (await desk.intake.look(receipt.token)).may_reopen
    opened = await desk.intake.reopen(receipt.token, [("answer", "it happened again")], SENDER)
    assert isinstance(opened, LinkView)
    assert (opened.state, opened.may_reopen) == (CaseState.DIAGNOSED, False)
    assert (await desk.case_of(receipt))[1][-1] is CaseEventKind.REOPENED
    async with desk.database.reading() as connection:
        cursor = await connection.execute("SELECT resolution, due_at > changed_at FROM cases")
        assert await cursor.fetchall() == [(None, True)]


async def test_what_was_settled_long_ago_stays_so(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    await desk.resolve(receipt)
    desk.clock.advance(seconds=31 * 86_400)
    assert not (await desk.intake.look(receipt.token)).may_reopen
    with pytest.raises(Conflict):
        await desk.intake.reopen(receipt.token, [("answer", "again")], SENDER)


async def test_a_new_link_takes_the_old_one_out_of_use(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    case_id, _ = await desk.case_of(receipt)
    token = await desk.intake.new_link(case_id)
    assert (await desk.intake.look(token)).number == receipt.number
    for call in (
        desk.intake.look(receipt.token),
        desk.intake.answer(receipt.token, [("answer", "x")], SENDER),
        desk.intake.reopen(receipt.token, [("answer", "x")], SENDER),
    ):
        with pytest.raises(NotFound) as raised:
            await call
        assert raised.value.code == "case_link_unknown"
    with pytest.raises(NotFound):
        await desk.intake.new_link(UUID(int=1))


# -- what was refused ----------------------------------------------------------------------------------------------


async def test_only_how_often_what_was_refused_where_is_kept(desk: Desk) -> None:
    for _ in range(3):
        await desk.intake.send(submission(error_text=f"paid by {CARD}"), SENDER)
    await desk.intake.send(submission("recharged_not_credited", order_mask=ORDER), SENDER)
    assert await desk.counts.write() == 4
    assert await desk.counts.write() == 0
    await desk.intake.send(submission(error_text=f"paid by {CARD}"), SENDER)
    assert await desk.counts.write() == 1
    day = desk.clock.now() // _DAY
    found = await desk.counts.read(first_day=day, last_day=day)
    assert [(one.refused.problem, one.refused.field, one.refused.kind, one.count) for one in found] == [
        ("balance_not_enough", "error_text", SecretKind.CARD.value, 4),
        ("recharged_not_credited", "order_mask", SecretKind.ORDER_NUMBER.value, 1),
    ]
    assert await desk.counts.read(first_day=day - 1, last_day=day - 1) == []
    assert await desk.count("cases") == 0


async def test_counts_of_several_processes_add_up(desk: Desk, clock: ManualClock) -> None:
    desks = [desk, *(open_at(desk.database, clock) for _ in range(3))]
    for one in desks:
        await one.intake.send(submission(error_text=f"{CARD}", caller=f"{CARD}", model=f"{CARD}"), SENDER)
    await asyncio.gather(*(one.counts.write() for one in desks))
    day = clock.now() // _DAY
    assert {one.count for one in await desk.counts.read(first_day=day, last_day=day)} == {4}


async def test_the_owner_of_a_pasted_key_is_told_once_a_day(desk: Desk) -> None:
    account_id, made = await desk.key()
    for _ in range(2):
        await desk.intake.send(submission(error_text=f"401 with {made.token}"), SENDER)
        await desk.exposed.tell()
    shown = show_id("key", made.key.key_id)
    facts = {"key": shown, "key_mask": made.key.mask}
    assert await desk.told() == [(account_id, facts)]
    desk.clock.advance(seconds=86_400)
    await desk.intake.send(submission(key_mask=made.token), SENDER)
    assert await desk.exposed.tell() == 1
    assert len(await desk.told()) == 2


async def test_a_key_that_nobody_can_use_any_more_is_nobodys_concern(desk: Desk) -> None:
    account_id, rotated = await desk.key()
    await desk.limits.rotate_key(account_id=account_id, key_id=rotated.key.key_id)
    disabled_of, disabled = await desk.key()
    await desk.limits.disable_key(account_id=disabled_of, key_id=disabled.key.key_id)
    soon = KeySettings(name="for a day", expires_at=desk.clock.now() + _DAY)
    expired = await desk.limits.create_key(account_id=account_id, settings=soon)
    desk.clock.advance(seconds=2 * 86_400)
    for token in (rotated.token, disabled.token, expired.token):
        await desk.intake.send(submission(key_mask=token), SENDER)
    assert await desk.exposed.tell() == 0
    assert await desk.told() == []


async def test_a_key_in_a_name_a_query_a_header_or_a_file_name_is_told_as_well(desk: Desk) -> None:
    expected = []
    for where in ("fields", "query", "user_agent", "file_names"):
        account_id, made = await desk.key()
        given: Any = {
            "fields": ((made.token, "x"),), "query": (("q", made.token),), "user_agent": f"curl {made.token}",
            "file_names": (f"{made.token}.txt",),
        }[where]  # fmt: skip
        fields = {"fields": (("request_id", REQUEST),), where: given}
        sent = Submission(problem="balance_fell", language=Language.ZH, channel=Channel.API, **fields)
        assert isinstance(await desk.intake.send(sent, SENDER), Judged)
        assert await desk.exposed.tell() == 1
        expected.append(account_id)
    assert [account_id for account_id, _ in await desk.told()] == expected


async def test_nothing_private_is_in_any_table_or_log(
    desk: Desk, owner_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, made = await desk.key()
    planted = (
        made.token,
        "sk-" + "q7W3e9R2" * 5,
        CARD,
        ORDER,
        "Bearer " + "eyJ" + "a1B2" * 12,
        "password: hunter2hunter2",
    )
    receipt = await desk.sent(complete())
    await desk.ask(receipt, "error_text")
    with caplog.at_level(logging.DEBUG, logger="counterfoil"):
        for secret in planted:
            for problem, codes in FIELDS_OF_PROBLEM.items():
                for code in codes:
                    await desk.intake.send(submission(problem, **{code: f"see {secret} please"}), SENDER)
            await desk.intake.answer(receipt.token, [("error_text", f"see {secret}"), (secret, "x")], SENDER)
            desk.intake.read_pasted(f"[Case] Something else\nModel: {secret}\n{secret}", None, SENDER)
        await desk.counts.write()
        await desk.exposed.tell()
        await desk.resolve(receipt)
        for secret in planted:
            await desk.intake.reopen(receipt.token, [("answer", f"again {secret}")], SENDER)
    everything = await _everything(owner_url)
    for secret in planted:
        for kept in (everything, caplog.text):
            assert secret not in kept
            assert secret.rpartition(" ")[2] not in kept
    assert receipt.token not in everything


async def _everything(owner_url: str) -> str:
    """Every row of every table, as text."""
    rows: list[Any] = []
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        tables = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in await tables.fetchall():
            rows += await (await connection.execute(f'SELECT t::text FROM "{table}" t')).fetchall()  # type: ignore[arg-type]
    return "\n".join(row[0] for row in rows)


# -- the tables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_events SET at = at + 1", "DELETE FROM case_events", "TRUNCATE case_events CASCADE",
        "UPDATE case_texts SET text = 'x'", "DELETE FROM cases", "DELETE FROM refused_counts",
    ],
)  # fmt: skip
async def test_what_happened_to_a_case_is_never_edited(desk: Desk, statement: str) -> None:
    await desk.sent(complete())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with desk.database.unit_of_work() as connection:
            await connection.execute(statement)  # type: ignore[arg-type]


async def test_while_the_database_is_down_a_refusal_is_answered_and_a_case_is_not_lost_silently(desk: Desk) -> None:
    receipt = await desk.sent(complete())
    key = new_submission_key()
    await desk.database.close()
    refused = await desk.intake.send(submission(error_text=CARD), SENDER)
    assert isinstance(refused, Judged)
    for call in (
        desk.intake.send(complete(), SENDER, submission_key=key),
        desk.intake.look(receipt.token),
        desk.intake.look("x" * 43),
        desk.intake.answer(receipt.token, [("answer", "x")], SENDER),
        desk.counts.write(),
    ):
        with pytest.raises(Unavailable):
            await call


async def test_what_waits_is_written_when_the_process_stops(desk: Desk) -> None:
    account_id, made = await desk.key()
    await desk.intake.send(submission(error_text=made.token), SENDER)
    works = [asyncio.create_task(work(desk.intake)) for work in (write_refused_counts, tell_of_exposed_keys)]
    await asyncio.sleep(0)
    for work in works:
        work.cancel()
    await asyncio.wait(works)
    assert await desk.count("refused_counts") == 1
    assert [told_of for told_of, _ in await desk.told()] == [account_id]
