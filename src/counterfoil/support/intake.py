"""Use cases of asking for help: sending a case, following its link, answering, and saying that it is not solved.

Nothing is stored or logged before the redaction room has judged all of it, and nothing here looks up an account, an e-mail
or a record: what is said, and how long that takes, cannot depend on whether they exist. The desk searches afterwards.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from uuid import UUID, uuid4

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM
from counterfoil.identity.people_rules import throttled_address
from counterfoil.redaction.scanner import scan, scan_json
from counterfoil.storage.database import Database
from counterfoil.support import intake_rules as rules
from counterfoil.support import intake_store as store
from counterfoil.support import links_store
from counterfoil.support.case_numbers import NUMBERS, make_number
from counterfoil.support.exposed_keys import ExposedKeys
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.intake_model import (
    ANSWER,
    Around,
    Judged,
    LinkView,
    Outcome,
    OwnAnswer,
    Receipt,
    Sender,
    Submission,
)
from counterfoil.support.metrics_rules import BY_INTAKE, BY_ITSELF
from counterfoil.support.model import Case, CaseEvent, CaseEventKind, CaseState, Resolution
from counterfoil.support.refused_counts import RefusedCounts
from counterfoil.support.rules import OVER, CaseError, Verb, due_at, step
from counterfoil.support.templates_text import PASTED_CHARACTERS_MAX, ReadTemplate, read_template

# The key that comes with a sending: random enough that nobody meets another's by chance.
SUBMISSION_KEY_LENGTHS = range(22, 129)
_KEY_BYTES = 32
_TOKEN_CHARACTERS = range(40, 65)
# Of seventeen thousand million numbers; that several in a row are taken does not happen.
_NUMBERS_TRIED = 5
_NOTHING_AROUND = Around()
# The id of a case, by its link or as it is known already.
FindCase = Callable[[store.Connection], Awaitable[UUID | None]]


class Intake:
    """The way in. `secret` keys hashes and links; it is kept outside the database.

    What `counts` and `exposed` have noted is written and told by whoever serves, away from those who send.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        secret: bytes,
        limits: IntakeLimits,
        counts: RefusedCounts,
        exposed: ExposedKeys,
    ) -> None:
        self._database = database
        self._clock = clock
        self._secret = secret
        self._limits = limits
        self.counts = counts
        self.exposed = exposed

    # Sending.

    def judge(self, submission: Submission, sender: Sender) -> Judged:
        """What the rules say of a submission; what is refused is counted, and keys in it are looked up later.

        Raises `Forbidden` (`submission_too_often`, with `seconds`), `InputError` for a class that there is none of.
        """
        self.check_pace(sender)
        check_problem(submission.problem)
        judged = rules.judge(submission, scan=scan, scan_json=scan_json)
        self._note(submission.problem, judged)
        return judged

    def look_over(self, submission: Submission) -> Judged:
        """What the rules say of a submission; nothing of it is counted or looked up. To give a form back with what was fine."""
        return rules.judge(submission, scan=scan, scan_json=scan_json)

    def read_pasted(self, text: str, problem: str | None, sender: Sender) -> tuple[str, Judged]:
        """The class and the fields of a filled-in template; `problem` is what was chosen on the page, if anything.

        Raises `InputError` for a text that is none, `Forbidden` (`submission_too_often`).
        """
        self.check_pace(sender)
        if len(text) > PASTED_CHARACTERS_MAX:
            raise InputError(field="pasted", problem="field_too_long", most=PASTED_CHARACTERS_MAX)
        read: ReadTemplate = read_template(text)
        found = check_problem(read.problem or problem or "")
        judged = rules.judge_pasted(
            text,
            [(one.code, one.value) for one in read.fields],
            problem=found,
            place_of=read.at,
            scan=scan,
            scan_json=scan_json,
        )
        self._note(found, judged)
        return found, judged

    async def send(
        self,
        submission: Submission,
        sender: Sender,
        *,
        submission_key: str | None = None,
        answered_by: OwnAnswer | None = None,
    ) -> Receipt | Judged:
        """Keep a submission as a case, or say what is wrong with it. `answered_by` is the explanation of which its sender says
        that it answers it: the case is settled as it comes in, by nobody of the staff.

        The same `submission_key` with the same content gives the first answer again, so whoever got none sends it again.
        Raises what `judge` raises; `Conflict` (`submission_key_reused`); `Unavailable`, and then nothing is kept.
        """
        key = check_submission_key(submission_key)
        judged = self.judge(submission, sender)
        if judged.outcome is not Outcome.ACCEPTED:
            return judged
        content = self._hash("content", submission.problem, *(x for one in sorted(judged.values.items()) for x in one))
        submission_hash = self._hash("submission", key, str(sender.person_id or ""))
        token = self._token(key, content)
        case, events = self._arriving(submission, judged, sender)
        if answered_by is not None:
            case, events = _settled_by_itself(case, events[0], answered_by)
        for _ in range(_NUMBERS_TRIED):
            case = replace(case, number=make_number(secrets.randbelow(NUMBERS)))
            async with self._database.unit_of_work() as connection:
                is_new = await store.insert_case(
                    connection, case, events, submission_hash=submission_hash, content_hash=content,
                    token_hash=hash_token(token),
                )  # fmt: skip
                if is_new:
                    return Receipt(number=case.number, token=token, questions=_asked_in(events))
                arrived = await store.find_arrived(connection, submission_hash)
                if arrived is not None:
                    if arrived.content_hash != content:
                        raise Conflict(code="submission_key_reused")
                    earlier = await store.read_events(connection, arrived.case_id)
                    return Receipt(number=arrived.number, token=token, questions=_asked_in(earlier[:2]))
        raise Unavailable

    def _arriving(self, submission: Submission, judged: Judged, sender: Sender) -> tuple[Case, tuple[CaseEvent, ...]]:
        """The case as it comes in, and its first steps: that it came, and what has to be asked at once."""
        now, problem = self._clock.now(), submission.problem
        priority = rules.first_priority(problem)
        case = Case(
            case_id=self._clock.new_id(), number="", problem=problem, state=CaseState.NEW, priority=priority,
            language=submission.language, channel=submission.channel, values=judged.values, person_id=sender.person_id,
            account_id=sender.account_id, subject=None, cause=None, owner=None,
            due_at=due_at(problem, priority, since=now), group_id=None, resolution=None, created_at=now, changed_at=now,
        )  # fmt: skip
        knows_account = sender.account_id is not None
        questions = rules.questions_at_arrival(problem, judged.values, knows_account=knows_account)
        # Metrics count from here what was complete on its first message.
        facts = {
            "problem": problem, "channel": submission.channel.value, "fields": ",".join(judged.values),
            "complete": "0" if questions else "1",
        }  # fmt: skip
        arrived = CaseEvent(
            case_id=case.case_id, event_no=1, kind=CaseEventKind.ARRIVED, by=sender.name, at=now, facts=facts
        )
        if not questions:
            return case, (arrived,)
        asked = step(case, Verb.ASK, number=2, at=now, by=BY_INTAKE, facts={"fields": ",".join(questions)})
        return asked.after, (arrived, asked.event)

    # The private link.

    async def look(self, token: str) -> LinkView:
        """What the link shows; raises `NotFound` (`case_link_unknown`)."""
        return await self._look(_by_link(token))

    async def _look(self, find: FindCase) -> LinkView:
        async with self._database.reading() as connection:
            case_id = await find(connection)
            case = None if case_id is None else await store.find_case(connection, case_id)
            if case is None:
                raise NotFound(code="case_link_unknown")
            events = await store.read_events(connection, case.case_id)
        return rules.view_of(case, events, now=self._clock.now())

    async def answer(
        self, token: str, fields: Iterable[tuple[str, str]], sender: Sender, around: Around = _NOTHING_AROUND
    ) -> LinkView | Judged:
        """Answer what was asked; judged as everything that comes in.

        Raises `NotFound` (`case_link_unknown`), `Conflict` where nothing is asked, `Forbidden` (`submission_too_often`).
        """
        self.check_pace(sender)
        return await self._answer(_by_link(token), fields, sender, around)

    async def answer_case(
        self, case_id: UUID, fields: Iterable[tuple[str, str]], sender: Sender, around: Around = _NOTHING_AROUND
    ) -> LinkView | Judged:
        """The same of whoever has signed in; that the case is theirs is the caller's to see to."""
        self.check_pace(sender)
        return await self._answer(_by_id(case_id), fields, sender, around)

    async def _answer(
        self, find: FindCase, fields: Iterable[tuple[str, str]], sender: Sender, around: Around
    ) -> LinkView | Judged:
        view = await self._look(find)
        judged = rules.judge_answer(
            fields, around=around, asked=rules.asked_fields(view.questions), scan=scan, scan_json=scan_json
        )
        self._note(view.problem, judged)
        if not view.questions and not judged.refused:
            raise Conflict(code=CaseError.NOTHING_ASKED, case=view.number, state=view.state.value)
        if judged.outcome is not Outcome.ACCEPTED:
            return judged
        now = self._clock.now()
        said = dict(judged.values)
        text = said.pop(ANSWER, None)
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, find)
            answered = step(
                case, Verb.ANSWER, number=last_no + 1, at=now, by=sender.name, facts={"fields": ",".join(judged.values)},
                text=text, changes={"values": {**case.values, **said}},
            )  # fmt: skip
            await store.insert_event(connection, answered.event, fields=said)
            await store.set_answered(
                connection, case.case_id, state=answered.after.state, values=answered.after.values,
                event_no=answered.event.event_no, at=now, search_due_at=now,
            )  # fmt: skip
            events = await store.read_events(connection, case.case_id)
        return rules.view_of(answered.after, events, now=now)

    async def reopen(
        self, token: str, fields: Iterable[tuple[str, str]], sender: Sender, around: Around = _NOTHING_AROUND
    ) -> LinkView | Judged:
        """Say that it is not solved, and why in a few words (`answer`).

        Raises `NotFound` (`case_link_unknown`), `Conflict` where the case is open or was settled too long ago.
        """
        self.check_pace(sender)
        return await self._reopen(_by_link(token), fields, sender, around)

    async def reopen_case(
        self, case_id: UUID, fields: Iterable[tuple[str, str]], sender: Sender, around: Around = _NOTHING_AROUND
    ) -> LinkView | Judged:
        """The same of whoever has signed in; that the case is theirs is the caller's to see to."""
        self.check_pace(sender)
        return await self._reopen(_by_id(case_id), fields, sender, around)

    async def _reopen(
        self, find: FindCase, fields: Iterable[tuple[str, str]], sender: Sender, around: Around
    ) -> LinkView | Judged:
        view = await self._look(find)
        judged = rules.judge_answer(fields, around=around, asked=(ANSWER,), scan=scan, scan_json=scan_json)
        self._note(view.problem, judged)
        if judged.outcome is not Outcome.ACCEPTED:
            return judged
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, find)
            if not rules.may_reopen(case, now=now):
                raise Conflict(code=CaseError.IS_OPEN if view.state not in OVER else CaseError.IS_CLOSED)
            due = due_at(case.problem, case.priority, since=now)
            opened = step(
                case, Verb.REOPEN, number=last_no + 1, at=now, by=sender.name, text=judged.values[ANSWER],
                changes={"due_at": due, "resolution": None},
            )  # fmt: skip
            await store.insert_event(connection, opened.event)
            await store.set_reopened(
                connection, case.case_id, state=opened.after.state, event_no=opened.event.event_no, at=now, due_at=due
            )
            events = await store.read_events(connection, case.case_id)
        return rules.view_of(opened.after, events, now=now)

    async def new_link(self, case_id: UUID) -> str:
        """Another link for a case, for somebody who has lost theirs and was recognised; the others go out of use."""
        token, now = _random_token(), self._clock.now()
        async with self._database.unit_of_work() as connection:
            if await store.lock_case(connection, case_id) is None:
                raise NotFound(code=CaseError.NOT_FOUND)
            await links_store.revoke_links(connection, case_id, at=now)
            await links_store.insert_link(connection, token_hash=hash_token(token), case_id=case_id, created_at=now)
        return token

    def check_pace(self, sender: Sender) -> None:
        """Count one sending; raises `Forbidden` (`submission_too_often`, with `seconds`) where it is one too many."""
        wait = self._limits.count(throttled_address(sender.address), now=self._clock.now())
        if wait is not None:
            raise Forbidden(code="submission_too_often", seconds=wait.seconds)

    async def _locked(self, connection: store.Connection, find: FindCase) -> tuple[Case, int]:
        case_id = await find(connection)
        locked = None if case_id is None else await store.lock_case(connection, case_id)
        if locked is None:
            raise NotFound(code="case_link_unknown")
        return locked

    def _note(self, problem: str, judged: Judged) -> None:
        self.counts.add(problem, (*judged.refused, *judged.replaced))
        self.exposed.add(judged.key_hashes)

    def _hash(self, *parts: str) -> bytes:
        return _keyed(self._secret, *parts)

    def _token(self, key: str, content: bytes) -> str:
        """256 bits that only we can make, the same again for the same sending."""
        return urlsafe_b64encode(self._hash("link", key, content.hex())).decode().rstrip("=")


def _settled_by_itself(case: Case, arrived: CaseEvent, answer: OwnAnswer) -> tuple[Case, tuple[CaseEvent, ...]]:
    """The case with its end, which is how self-service is counted; nothing has to be asked or searched."""
    is_about = replace(case, state=CaseState.NEW, subject=answer.subject, cause=answer.cause)
    ended = step(
        is_about, Verb.RESOLVE, number=2, at=case.created_at, by=BY_ITSELF,
        facts={"resolution": Resolution.ANSWERED.value}, changes={"resolution": Resolution.ANSWERED},
    )  # fmt: skip
    return ended.after, (arrived, ended.event)


def check_problem(problem: str) -> str:
    """The problem class; raises `InputError` where there is none of that code."""
    if problem not in FIELDS_OF_PROBLEM:
        raise InputError(field="problem", expected=", ".join(FIELDS_OF_PROBLEM))
    return problem


def check_submission_key(key: str | None) -> str:
    """The key that came with a sending, or a new one; raises `InputError` for one that may be another's as well."""
    if not key:
        return _random_token()
    if (
        len(key) not in SUBMISSION_KEY_LENGTHS
        or not key.isascii()
        or not key.replace("-", "").replace("_", "").isalnum()
    ):
        raise InputError(field="submission_key", expected="22 to 128 letters, digits, hyphens and underscores")
    return key


def new_submission_key() -> str:
    """What a page puts into its form, so that sending it twice makes one case."""
    return str(uuid4())


def own_submission_key(text: str) -> str:
    """The key that came back in a form, or a new one for anything else: a page repeats nothing but its own form of it."""
    try:
        return str(UUID(text))
    except ValueError:
        return new_submission_key()


def hash_token(token: str) -> bytes:
    """What is kept of a link's token."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_token(token: str) -> bytes:
    """The hash of a token; raises `NotFound` (`case_link_unknown`) for what cannot be one."""
    if len(token) not in _TOKEN_CHARACTERS:
        raise NotFound(code="case_link_unknown")
    return hash_token(token)


def _by_link(token: str) -> FindCase:
    """The case that a link opens; raises `NotFound` (`case_link_unknown`) for what cannot be one."""
    token_hash = check_token(token)

    async def find(connection: store.Connection) -> UUID | None:
        return await links_store.find_case(connection, token_hash)

    return find


def _by_id(case_id: UUID) -> FindCase:
    async def find(connection: store.Connection) -> UUID | None:
        return case_id

    return find


def _random_token() -> str:
    return secrets.token_urlsafe(_KEY_BYTES)


def _keyed(secret: bytes, *parts: str) -> bytes:
    """A keyed hash of parts, each with its length: no two lists of parts have the same."""
    digest = hmac.new(secret, digestmod=sha256)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


def _asked_in(events: Iterable[CaseEvent]) -> tuple[str, ...]:
    return tuple(code for one in rules.open_questions(events) for code in one.fields)
