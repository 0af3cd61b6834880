"""What may come in, and what a case needs. Pure: the scan is passed in, and so is the time.

The whole submission is judged before anything of it is kept or logged. A full order number or code becomes its mask if the
sender agrees; anything else that is private has to be taken out by its sender, and nothing of it is given back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind
from counterfoil.limits.tokens import hash_token
from counterfoil.redaction import intake
from counterfoil.redaction.model import Finding, PlacedFinding, SecretKind
from counterfoil.redaction.normalise import normalise
from counterfoil.redaction.rules import redact
from counterfoil.support.intake_model import (
    ANSWER,
    FIELD_NAME,
    FILE,
    FILE_NAME,
    OTHER_FIELD,
    QUERY,
    TEMPLATE,
    USER_AGENT,
    Around,
    FieldProblem,
    Judged,
    LinkView,
    Outcome,
    Question,
    Submission,
    Unsafe,
)
from counterfoil.support.intake_readings import CONTROLS, SURE, other_readings
from counterfoil.support.model import Case, CaseEvent, CaseEventKind, CaseState, Priority
from counterfoil.support.rules import OVER, missing_fields

Scan = Callable[[str], list[Finding]]
ScanJson = Callable[[object], list[PlacedFinding]]

# Far more than any form of ours has, and than a filled-in template; what is beyond them is not read.
FIELDS_MAX = 60
CHARACTERS_MAX = 20 * 1024
KEYS_MAX = 8
ANSWER_CHARACTERS_MAX = 1_000
# Whoever comes back later than this has another problem.
REOPEN_MICROS = 30 * 86_400_000_000


class FieldInput(StrEnum):
    """How a field is asked for."""

    LINE = "line"
    TEXT = "text"
    EMAIL = "email"
    TIME = "time"
    AMOUNT = "amount"
    MASK = "mask"
    ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldForm:
    """How one evidence field is asked for. `suggests` is the list of words that a person may choose from; they may write
    anything else as well."""

    input: FieldInput
    characters_max: int
    suggests: Kind | None = None


_LINE = FieldForm(input=FieldInput.LINE, characters_max=120)
_ID = FieldForm(input=FieldInput.ID, characters_max=120)
_MASK = FieldForm(input=FieldInput.MASK, characters_max=60)
_TIME = FieldForm(input=FieldInput.TIME, characters_max=80)
# Long enough for an error with its id, too short for a log.
_TEXT = FieldForm(input=FieldInput.TEXT, characters_max=600)


def _suggesting(kind: Kind) -> FieldForm:
    return FieldForm(input=FieldInput.LINE, characters_max=120, suggests=kind)


FORMS: Mapping[str, FieldForm] = {
    "account_email": FieldForm(input=FieldInput.EMAIL, characters_max=254),
    "nickname": _LINE,
    "user_number": _LINE,
    "account": _LINE,
    "group": _LINE,
    "key_mask": _MASK,
    "payment_method": _LINE,
    "order_time": _TIME,
    "amount": FieldForm(input=FieldInput.AMOUNT, characters_max=60),
    "order_mask": _MASK,
    "code_last_four": _MASK,
    "code_state": _suggesting(Kind.CODE_STATE),
    "redemption_time": _TIME,
    "redemption_account": _LINE,
    "message_shown": _TEXT,
    "request_id": _ID,
    "request_time": _TIME,
    "model": _LINE,
    "model_tier": _suggesting(Kind.MODEL_TIER),
    "task_type": _suggesting(Kind.TASK_KIND),
    "status_code": _LINE,
    "error_text": _TEXT,
    "time_window": _TIME,
    "caller": _LINE,
    "concurrency": _LINE,
    "retry_policy": _LINE,
    "task_id": _ID,
    "failure_reason": _TEXT,
    "download_state": _suggesting(Kind.DOWNLOAD_STATE),
    "resubmitted": _LINE,
    "charge_shown": _LINE,
    "charge_mark": _suggesting(Kind.CHARGE_MARK),
}
_IDS = ("request_id", "task_id")
# What is asked about a payment alone: a whole number of our form there is its order's, with its sign or without.
_OF_PAYMENTS = frozenset(
    {"payment_method", "order_time", "amount", "nickname", "redemption_time", "redemption_account", "message_shown"}
)
_ENDS_QUESTIONS = frozenset(
    {CaseEventKind.ANSWERED_BY_CUSTOMER, CaseEventKind.RESOLVED, CaseEventKind.CLOSED, CaseEventKind.PURGED}
)

# An id of ours anywhere in what was written.
_OUR_ID = re.compile(r"(?<![a-z0-9])(?:req|task|ord|sub)_[0-9a-f]{32}(?![0-9a-f])")
_MASK_SIGNS = re.compile(r"…|\.{2,}|\*|•|[xX]{4}|＊")
_BETWEEN = re.compile(r"[\s-]+")
# More signs than a mask shows, and most of them digits, as of every provider's numbers.
_WHOLE_NUMBER = re.compile(r"[0-9A-Za-z]{9,64}")
_WHOLE_CODE = re.compile(r"[0-9A-Za-z]{8,64}")
_WHOLE_KEY = re.compile(r"[0-9A-Za-z_.-]{20,256}")
# A number or code among words; ours end in one as well, behind their sign.
_RUN = re.compile(r"(?<![0-9A-Za-z_-])[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*(?![0-9A-Za-z_-])")
# One of the groups that a number or code is printed in: in capitals, or with a digit; others are words.
_GROUP = re.compile(r"(?!-)(?:[0-9A-Z-]{2,}|(?=[a-z-]*\d)[0-9a-z-]{2,})(?<!-)")
_OUR_NUMBER = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LEAST_DIGITS = 6
_SHOWN = 4
_PICTURES = ("png", "jpg", "jpeg", "gif", "webp", "bmp", "heic", "tif", "tiff", "svg", "pdf")
_LOGS = ("log", "txt", "har", "csv", "json", "jsonl", "zip", "gz", "tar", "7z", "rar", "xlsx", "pcap")


# Judging.


def judge(submission: Submission, *, scan: Scan, scan_json: ScanJson) -> Judged:
    """Decide on everything that came in at once, so that its sender corrects it once."""
    asked = FIELDS_OF_PROBLEM[submission.problem]
    reading = _Reading(scan=scan)
    reading.read_fields(submission.fields, asked=asked, scan_json=scan_json)
    reading.read_around(submission, scan_json=scan_json)
    if not reading.values and not reading.offered and not reading.refused and not reading.problems:
        reading.problems.append(FieldProblem(field=asked[0], problem="field_missing"))
    return reading.judged(is_trapped=submission.trap.strip() != "")


def judge_pasted(
    text: str,
    fields: Iterable[tuple[str, str]],
    *,
    problem: str,
    place_of: Callable[[int], str | None],
    scan: Scan,
    scan_json: ScanJson,
) -> Judged:
    """Decide on a filled-in template: on each field that was read from it, and on the text as it was pasted.

    `place_of` gives the field that is at a place of the text. What belongs to no field is dropped, but a secret in it is
    refused as well: whoever pasted it has to learn that it was there.
    """
    reading = _Reading(scan=scan)
    reading.read_fields(tuple(fields), asked=FIELDS_OF_PROBLEM[problem], scan_json=scan_json)
    reading.refuse_hidden(TEMPLATE, text)
    for one in scan(text):
        code = place_of(one.start)
        if one.kind not in intake.REPLACED:
            reading.refuse(code or TEMPLATE, text, [one])
            if code is not None:
                reading.values.pop(code, None)
                reading.offered.pop(code, None)
        elif code is not None and (value := reading.values.get(code)) is not None:
            # The label in front of it tells what it is.
            reading.values.pop(code)
            reading.offered[code] = value.replace(text[one.start : one.end], one.mask)
            reading.replaced.append(Unsafe(field=code, kind=one.kind))
    return reading.judged(is_trapped=False)


def judge_answer(
    fields: Iterable[tuple[str, str]], *, around: Around, asked: Sequence[str], scan: Scan, scan_json: ScanJson
) -> Judged:
    """Decide on what somebody answers: to fields that were asked for, and in a few words (`answer`)."""
    reading = _Reading(scan=scan)
    reading.read_fields(tuple(fields), asked=asked, scan_json=scan_json)
    reading.read_around(around, scan_json=scan_json)
    if not reading.values and not reading.offered and not reading.refused and not reading.problems:
        reading.problems.append(FieldProblem(field=asked[0], problem="field_missing"))
    return reading.judged(is_trapped=False)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One reading of a submission; it only ever adds."""

    scan: Scan
    values: dict[str, str] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)
    refused: list[Unsafe] = field(default_factory=list)
    replaced: list[Unsafe] = field(default_factory=list)
    problems: list[FieldProblem] = field(default_factory=list)
    key_hashes: list[bytes] = field(default_factory=list, repr=False)
    ignored: int = 0
    characters: int = 0

    def read_fields(self, fields: Sequence[tuple[str, str]], *, asked: Sequence[str], scan_json: ScanJson) -> None:
        for index, (name, value) in enumerate(fields):
            if index >= FIELDS_MAX or self.is_too_much(name, value):
                self.refuse_rest(name if name in FORMS else OTHER_FIELD, value)
                return
            if name in asked and name not in self.values and name not in self.offered:
                self.read_field(name, value)
                continue
            self.ignored += 1
            self.refuse_in(FIELD_NAME, name)
            self.refuse_in(name if name in FORMS else OTHER_FIELD, value, *_in_pair(name, value, scan_json))

    def read_around(self, around: Around | Submission, *, scan_json: ScanJson) -> None:
        """What came with the fields: the address, the program's name, files; as much of it again may be read."""
        self.characters = 0
        for index, (name, value) in enumerate(around.query):
            if index >= FIELDS_MAX or self.is_too_much(name, value):
                self.refuse_rest(QUERY, value)
                break
            self.refuse_in(QUERY, name)
            self.refuse_in(QUERY, value, *_in_pair(name, value, scan_json))
        if self.is_too_much(around.user_agent):
            self.refuse_rest(USER_AGENT, around.user_agent)
        else:
            self.refuse_in(USER_AGENT, around.user_agent)
        for index, name in enumerate(around.file_names):
            self.add(FILE, kind_of_file(name))
            if index >= FIELDS_MAX or self.is_too_much(name):
                self.refuse_rest(FILE_NAME, name)
                break
            self.refuse_in(FILE_NAME, name)

    def is_too_much(self, *texts: str) -> bool:
        """Count what is to be read; whether it is more than is read at all."""
        self.characters += sum(map(len, texts))
        return self.characters > CHARACTERS_MAX

    def refuse_rest(self, place: str, text: str) -> None:
        """Refuse what is too much: most of it is not read, so not known to be safe. Keys in its beginning are seen."""
        self.add(place, SecretKind.OTHER)
        left = CHARACTERS_MAX - self.characters + len(text)
        self.refuse_in(place, text[: max(0, left)])

    def read_field(self, code: str, given: str) -> None:
        # Copied from a narrow window, an id comes in pieces: put together it is known for what it is.
        if code in _IDS and _OUR_ID.fullmatch(joined := "".join(given.split())):
            given = joined
        value = clean(given, keeps_lines=form_of(code).input is FieldInput.TEXT)
        # What is kept is cleaned, and cleaning may join what was apart; lines and invisible signs tell what a block is.
        given = CONTROLS.sub("", given)
        raw = [] if given == value else intake.judge(given, self.scan(given)).refused
        scanned = self.scan(value)
        judgement = intake.judge(value, in_field(code, value, scanned))
        if raw or judgement.refused:
            self.refuse(code, given, raw)
            self.refuse(code, value, judgement.refused)
            return
        most = form_of(code).characters_max
        kept = judgement.offered if judgement.replaced and judgement.offered is not None else value
        # With masks in the place of what was found: what is hidden beside it may be in what was given as well. Where the
        # field alone made a number one, as it was given: a mask within a text that is hidden would hide it better.
        reads_given = not scanned if judgement.replaced else given != value
        if self.refuse_hidden(code, kept) or (reads_given and self.refuse_hidden(code, given)):
            return
        if judgement.replaced:
            self.offered[code] = kept
            self.replaced += [Unsafe(field=code, kind=one.kind) for one in judgement.replaced]
        elif value:
            self.values[code] = value
        if len(kept) > most:
            self.problems.append(FieldProblem(field=code, problem="field_too_long", most=most))

    def refuse_in(self, place: str, text: str, *more: Finding) -> None:
        """Refuse what is found in a text that is not kept, however it is written."""
        found = [*self.scan(text), *more]
        self.refuse(place, text, found)
        if not found:
            self.refuse_hidden(place, text)

    def refuse_hidden(self, place: str, text: str) -> bool:
        """Refuse what other readings of a text hold; whether there was anything."""
        before = len(self.refused)
        for reading in other_readings(text):
            self.refuse(
                place,
                reading.text,
                [one for one in self.scan(reading.text) if not reading.is_joined or one.kind in SURE],
            )
        return len(self.refused) > before

    def refuse(self, place: str, text: str, found: Iterable[Finding]) -> None:
        for one in found:
            self.add(place, one.kind)
            if one.kind in (SecretKind.API_KEY, SecretKind.AUTHORIZATION):
                self.key_hashes += hashes_of(text[one.start : one.end])

    def add(self, place: str, kind: SecretKind) -> None:
        self.refused.append(Unsafe(field=place, kind=kind))

    def judged(self, *, is_trapped: bool) -> Judged:
        refused = tuple(dict.fromkeys(self.refused))
        is_refused = bool(refused or self.problems or is_trapped)
        outcome = Outcome.REFUSED if is_refused else Outcome.OFFERED if self.offered else Outcome.ACCEPTED
        return Judged(
            outcome=outcome,
            values=self.values,
            offered=self.offered,
            refused=refused,
            replaced=tuple(dict.fromkeys(self.replaced)),
            problems=tuple(self.problems),
            ignored=self.ignored,
            is_trapped=is_trapped,
            key_hashes=tuple(dict.fromkeys(self.key_hashes))[:KEYS_MAX],
        )


def in_field(code: str, value: str, found: Sequence[Finding]) -> list[Finding]:
    """What was found, read with what the field is for: a number in the place of an order's mask is an order's number."""
    if code == "order_mask":
        found = [_named(one, value, SecretKind.ORDER_NUMBER) if one.kind is SecretKind.OTHER else one for one in found]
        if not found:
            return _wholes(value, _WHOLE_NUMBER, SecretKind.ORDER_NUMBER, digits=_LEAST_DIGITS)
    elif code == "code_last_four":
        found = [
            _named(one, value, SecretKind.REDEMPTION_CODE) if one.kind is SecretKind.OTHER else one for one in found
        ]
        if not found:
            return _wholes(value, _WHOLE_CODE, SecretKind.REDEMPTION_CODE, digits=0)
    elif code == "key_mask":
        if not found and _is_whole_key(value):
            return [Finding(kind=SecretKind.API_KEY, start=0, end=len(value), mask="")]
    elif code in _OF_PAYMENTS:
        if not found:
            return _among(value, SecretKind.ORDER_NUMBER, lambda run: _OUR_NUMBER.fullmatch(run) is not None)
    elif code in _IDS:
        # Some upstreams name their requests by the time and a count.
        return [one for one in found if not (one.kind is SecretKind.OTHER and one.mask.startswith("[number"))]
    return list(found)


def _is_whole_key(value: str) -> bool:
    """Whether it can be nothing but a key: long, mixed, no mask, no id and no name in words."""
    if _WHOLE_KEY.fullmatch(value) is None or _MASK_SIGNS.search(value) or value.startswith("key_"):
        return False
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _wholes(value: str, form: re.Pattern[str], kind: SecretKind, *, digits: int) -> list[Finding]:
    """Whole numbers or codes where only their ends belong: the value itself, or one among words and signs."""
    is_in_groups = " " not in value or all(map(_GROUP.fullmatch, value.split()))
    if is_in_groups and not _MASK_SIGNS.search(value) and _is_whole(_BETWEEN.sub("", value), form, digits=digits):
        return [_named(Finding(kind=kind, start=0, end=len(value), mask=""), value)]
    # Among words, one without a digit may be a word.
    return _among(value, kind, lambda run: _is_whole(run.replace("-", ""), form, digits=max(1, digits)))


def _among(value: str, kind: SecretKind, is_one: Callable[[str], bool]) -> list[Finding]:
    """Those of the runs of letters and digits in a text that are such numbers, but for what is masked already."""
    return [
        _named(Finding(kind=kind, start=run.start(), end=run.end(), mask=""), value)
        for run in _RUN.finditer(value)
        if not _MASK_SIGNS.search(value[max(0, run.start() - 3) : run.end() + 3]) and is_one(run[0])
    ]


def _is_whole(joined: str, form: re.Pattern[str], *, digits: int) -> bool:
    return form.fullmatch(joined) is not None and sum(map(str.isdigit, joined)) >= digits


def _named(one: Finding, value: str, kind: SecretKind | None = None) -> Finding:
    shown = _BETWEEN.sub("", value[one.start : one.end])[-_SHOWN:]
    return replace(one, kind=kind or one.kind, mask=f"…{shown}")


def _in_pair(name: str, value: str, scan_json: ScanJson) -> list[Finding]:
    """What a name of ours it is not gives away: a `password` is one whatever it looks like."""
    return [one.finding for one in scan_json({name: value}) if not one.in_name]


def hashes_of(token: str) -> list[bytes]:
    """Hashes of a key as it was written, and without what writing and breaking lines may have put into it."""
    folded = "".join(normalise(token)[0].split())
    return [hash_token(one) for one in dict.fromkeys((token, folded))]


def kind_of_file(name: str) -> SecretKind:
    """The class that a file is refused as, by its name alone."""
    ending = name.rpartition(".")[2].strip().lower()
    if ending in _PICTURES:
        return SecretKind.IMAGE
    return SecretKind.LOG_DUMP if ending in _LOGS else SecretKind.OTHER


def clean(text: str, *, keeps_lines: bool) -> str:
    """The text as it is kept: without control and invisible signs, and on one line unless lines are kept."""
    lines = re.split(r"\r\n|[\r\n\v\f\u0085\u2028\u2029]", text)
    cleaned = [" ".join("".join(map(_visible, line)).split()) for line in lines]
    return ("\n" if keeps_lines else " ").join(line for line in cleaned if line)


def _visible(sign: str) -> str:
    category = unicodedata.category(sign)
    if sign == "\t":
        return " "
    return "" if category in ("Cc", "Cf", "Cs", "Co", "Cn") else sign


def form_of(code: str) -> FieldForm:
    """How a field is asked for; one that the table of forms does not know is a line."""
    return FORMS.get(code, _ANSWER if code == ANSWER else _LINE)


_ANSWER = FieldForm(input=FieldInput.TEXT, characters_max=ANSWER_CHARACTERS_MAX)


# What a case needs.


def questions_at_arrival(problem: str, values: Mapping[str, str], *, knows_account: bool) -> tuple[str, ...]:
    """Which fields of the class are asked for at once, because nothing can be found without one of them."""
    if any(_OUR_ID.search(value.lower()) for value in values.values()):
        return ()
    asked = FIELDS_OF_PROBLEM[problem]
    groups = missing_fields(problem, values, is_signed_in=knows_account)
    wanted = [next((one for one in group if one in asked), None) for group in groups]
    return tuple(dict.fromkeys(one for one in wanted if one is not None))


def first_priority(problem: str) -> Priority:
    """Somebody who has paid and has nothing for it comes first."""
    return Priority.HIGH if problem == "recharged_not_credited" else Priority.NORMAL


# The private link.


def open_questions(events: Iterable[CaseEvent]) -> tuple[Question, ...]:
    """What was asked since there was last an answer, in the order in which it was asked.

    An `asked` event names fields in its fact `fields`, by their codes with commas between them, or asks in words.
    """
    questions: list[Question] = []
    for event in events:
        if event.kind is CaseEventKind.ASKED:
            fields = tuple(one for one in event.facts.get("fields", "").split(",") if one in FORMS)
            # What is known for a secret today may not have been when it was written.
            text = redact(event.text) if event.is_public and event.text is not None else None
            questions.append(Question(event_no=event.event_no, fields=fields, text=text, asked_at=event.at))
        elif event.kind in _ENDS_QUESTIONS:
            questions = []
    return tuple(questions)


def asked_fields(questions: Iterable[Question]) -> tuple[str, ...]:
    """The fields of the form that answers these questions: those asked for, and a few words."""
    return (*dict.fromkeys(code for one in questions for code in one.fields), ANSWER)


def may_reopen(case: Case, *, now: int) -> bool:
    """Whether somebody may say by the link that it is not settled after all."""
    return case.state in OVER and case.purged_at is None and now < case.changed_at + REOPEN_MICROS


def view_of(case: Case, events: Sequence[CaseEvent], *, now: int) -> LinkView:
    """What the link shows: questions only while somebody waits for their answer."""
    return LinkView(
        number=case.number,
        problem=case.problem,
        state=case.state,
        language=case.language,
        created_at=case.created_at,
        changed_at=case.changed_at,
        questions=open_questions(events) if case.state is CaseState.WAITING_FOR_CUSTOMER else (),
        may_reopen=may_reopen(case, now=now),
    )
