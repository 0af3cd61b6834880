"""Use case of evidence: put an answer and all that it rests on into one file that can be handed on and verified. Reads only.

What each part of a bundle proves is said in `bundles.py`.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import counterfoil
from counterfoil.evidence import bundles
from counterfoil.evidence.bundle_records import Record
from counterfoil.evidence.bundle_verify import verify
from counterfoil.evidence.bundles import Head, Json, Omission, Segment, View
from counterfoil.evidence.bundles_reading import Gathered, gather, named_in, owner_of, rows_of
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Broken
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.ledger.checkpoints import Checkpoint, CheckpointFolder
from counterfoil.ledger.model import Transfer
from counterfoil.redaction import kingfisher
from counterfoil.redaction.scanner import redact_fully
from counterfoil.storage.database import Connection, Database

Shown = TypeVar("Shown")

_ACCOUNT_ID = re.compile(r"acct_[0-9a-f]{32}")
_MASKED_ACCOUNT = "acct_…"
_NOT_HANDED_ON = frozenset({"client_address"})
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
# What our own commands write into a row: ids that we have made, and nothing that anybody has typed.
_OURS = re.compile(r"(?:[a-z_]{1,20}:){0,2}(?:[a-z]{2,6}_)?[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


class Explains(Protocol):
    """Who answers (`evidence.service.Evidence`)."""

    async def explain(
        self,
        subject: str,
        *,
        language: Language = Language.EN,
        audience: Audience = Audience.PUBLIC,
        account_id: UUID | None = None,
    ) -> Explanation: ...


class MakesCheckpoints(Protocol):
    """Who signs a checkpoint (`ledger.service.Ledger`)."""

    async def checkpoint(self, folder: CheckpointFolder) -> Checkpoint: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A sealed bundle, and what its page is made from. `wanted` are the versions of the rows that the question is about."""

    document: Json
    explanation: Explanation
    records: tuple[Record, ...]
    wanted: frozenset[int]
    language: Language
    view: View

    def to_bytes(self) -> bytes:
        """The bundle as its file has it."""
        return bundles.to_bytes(self.document)

    @property
    def sha256(self) -> str:
        return str(self.document["seal"]["sha256"])

    @property
    def file_name(self) -> str:
        """A name for its file, without an ending."""
        subject = re.sub(r"[^A-Za-z0-9_-]+", "-", str(self.document["about"]["subject"]))[:60].strip("-")
        return f"counterfoil-{subject or 'bundle'}"


class Bundles:
    """Issues bundles. They are not kept: each says how things stand when it is made."""

    def __init__(
        self,
        database: Database,
        *,
        evidence: Explains,
        ledger: MakesCheckpoints,
        checkpoints: CheckpointFolder,
        key: Ed25519PrivateKey,
        clock: Clock,
        issuer: str = "",
        scanner_folder: Path | None = None,
    ) -> None:
        self._database = database
        self._evidence = evidence
        self._ledger = ledger
        self._checkpoints = checkpoints
        self._key = key
        self._clock = clock
        self._issuer = issuer
        # Where the scanner for secrets keeps its rules ready; none: in the user's own cache.
        self._scanner_folder = scanner_folder

    @property
    def public_key(self) -> bytes:
        """What bundles of this installation are verified with; whoever receives one must learn it another way."""
        return self._key.public_key().public_bytes_raw()

    async def bundle(
        self,
        subject: str,
        *,
        view: View = View.CUSTOMER,
        language: Language = Language.EN,
        account_id: UUID | None = None,
        checkpoint: bool = False,
    ) -> Bundle:
        """A bundle about a subject, as `Evidence.explain` takes one.

        `account_id` is the account of the customer who asks, where it is one: what belongs to others is not found. Without
        it, a customer's copy is for the account that the subject belongs to. `checkpoint` makes a checkpoint first, so that
        every row is under one. Raises what `explain` raises, and `Broken` where the ledger does not agree with its
        checkpoints: then nothing is issued.
        """
        explanation = await self._explain(subject, view=view, language=language, account_id=account_id)
        if checkpoint:
            await self._ledger.checkpoint(self._checkpoints)
        # Before the database is read, so that it has come as far as they say.
        numbers = self._checkpoints.numbers()
        async with self._database.snapshot() as connection:
            gathered = await self._gather(connection, explanation, view, language)
        heads = _Heads(self._checkpoints, numbers, gathered.account_id)
        covered = await asyncio.to_thread(lambda: {v: heads.first_covering(v) for v in sorted(gathered.wanted)})
        segments, without = bundles.plan(covered)
        rows = await self._rows(gathered, segments)
        # Scanning for secrets and hashing rows take their time, and the first scan seconds.
        return await asyncio.to_thread(
            lambda: self._issue(explanation, gathered, segments, rows, without=without, view=view, language=language)
        )

    def _issue(
        self,
        explanation: Explanation,
        gathered: Gathered,
        segments: Sequence[Segment],
        rows: Sequence[Transfer],
        *,
        without: int,
        view: View,
        language: Language,
    ) -> Bundle:
        """Clean, put together, sign, and verify what has been read."""
        kingfisher.prepare(self._scanner_folder)
        clean = _Cleaner(view, gathered.account_id)
        explanation = clean.shown(explanation if view is View.STAFF else _to_hand_on(explanation))
        records = tuple(clean.shown(record) for record in gathered.records)
        carried = [_carried(row, clean) for row in rows]
        checkpoints, is_long = self._stated(gathered.account_id, segments, view)
        counts = {
            Omission.RECORDS_OF_OTHERS: gathered.of_others, Omission.RECORDS_TOO_MANY: gathered.too_many,
            Omission.ROWS_TOO_MANY: without, Omission.ROWS_WITHHELD: sum("withheld" in row for row in carried),
        }  # fmt: skip
        document = bundles.sealed(
            {
                "about": self._about(explanation, gathered, clean, view, language),
                "explanation": explanation.to_dict(),
                "records": [record.to_dict() for record in records],
                "transfers": carried,
                "segments": [segment.to_dict() for segment in segments],
                "checkpoints": checkpoints,
                "left_out": _left_out(view, counts, is_long=is_long, language=language),
            },
            public_key=self.public_key,
            sign=self._key.sign,
        )
        _check(document)
        return Bundle(
            document=document, explanation=explanation, records=records, wanted=frozenset(gathered.wanted),
            language=language, view=view,
        )  # fmt: skip

    async def _explain(self, subject: str, *, view: View, language: Language, account_id: UUID | None) -> Explanation:
        """The answer for whom the bundle is. Of what belongs to no account, such as a code in general, the public one."""
        explain = self._evidence.explain
        if view is View.STAFF or account_id is None:
            known = await explain(subject, language=language, audience=Audience.OPERATOR, account_id=account_id)
            if view is View.STAFF:
                return known
            account_id = known.account_id
        audience = Audience.PUBLIC if account_id is None else Audience.CUSTOMER
        told = await explain(subject, language=language, audience=audience, account_id=account_id)
        return told if told.account_id is not None else replace(told, account_id=account_id)

    def page(self, bundle: Bundle) -> bytes:
        """A bundle as a page that carries it, for the screen and for printing; `verify` takes it as well."""
        # Imported here: templates are needed by this alone, and take longer to import than most commands run.
        from counterfoil.evidence.bundle_page import render

        page = render(bundle)
        return page + bundles.page_seal(page, public_key=self.public_key, sign=self._key.sign)

    async def _gather(
        self, connection: Connection, explanation: Explanation, view: View, language: Language
    ) -> Gathered:
        """The records and rows of the account that the question is about; of a code in general, nothing."""
        named = named_in(explanation)
        owner, others = await owner_of(connection, named, explanation.account_id)
        if owner is None:
            return Gathered()
        gathered = await gather(connection, explanation, named, account_id=owner, view=view, language=language)
        gathered.of_others = others
        return gathered

    async def _rows(self, gathered: Gathered, segments: Sequence[Segment]) -> list[Transfer]:
        """The rows of the segments. They are only ever added to, so it does not matter that the view is a later one."""
        rows: list[Transfer] = []
        if gathered.account_id is not None and segments:
            async with self._database.reading() as connection:
                for segment in segments:
                    rows += await rows_of(connection, gathered.account_id, segment.first, segment.last)
        return rows

    def _about(
        self, explanation: Explanation, gathered: Gathered, clean: _Cleaner, view: View, language: Language
    ) -> Json:
        account = None
        if gathered.account_id is not None and gathered.account is not None:
            account = {
                "id": show_id("account", gathered.account_id), "name": clean.text(gathered.account["name"]),
                "currency": gathered.account["currency"], "time_zone": gathered.account["time_zone"],
            }  # fmt: skip
        return {
            "subject": explanation.subject,
            "account": account,
            "view": str(view),
            "language": str(language),
            "issued_at": show_time(self._clock.now()),
            "issued_by": self._issuer,
            "software": f"counterfoil {counterfoil.__version__}",
        }

    def _stated(self, account_id: UUID | None, segments: Sequence[Segment], view: View) -> tuple[list[Json], bool]:
        """What the segments' checkpoints say of the account, each under a signature; and whether one was too long to carry."""
        stated, is_long = list[Json](), False
        for number in sorted({segment.checkpoint for segment in segments if segment.checkpoint is not None}):
            checkpoint = self._checkpoints.read_one(number)
            payload = checkpoint.payload()
            version, head = next((v, h) for one, v, h in checkpoint.accounts if one == account_id)
            assert account_id is not None
            statement = bundles.statement_of(
                account_id=account_id, version=version, head=head, number=number, created_at=checkpoint.created_at,
                payload=payload, previous=checkpoint.previous,
            )  # fmt: skip
            one: Json = {
                "statement": statement,
                "signature": self._key.sign(bundles.statement_message(statement)).hex(),
            }
            if view is View.STAFF and len(payload) <= bundles.CHECKPOINT_BYTES_MAX:
                # Ed25519 gives the same signature each time: this is the one in the checkpoint's file.
                one |= {"payload": payload.decode(), "payload_signature": self._key.sign(payload).hex()}
            elif view is View.STAFF:
                is_long = True
            stated.append(one)
        return stated, is_long


class _Heads:
    """How far an account had come at each checkpoint, read by halving: an account never goes back."""

    def __init__(self, folder: CheckpointFolder, numbers: Sequence[int], account_id: UUID | None) -> None:
        self._folder = folder
        self._numbers = numbers
        self._account_id = account_id
        self._known: dict[int, int] = {}

    def first_covering(self, version: int) -> Head | None:
        """The first checkpoint at which the account had this version, or None where there is none yet."""
        place = bisect_left(self._numbers, version, key=self._version_at)
        if place == len(self._numbers):
            return None
        number = self._numbers[place]
        return Head(number=number, version=self._version_at(number))

    def _version_at(self, number: int) -> int:
        if number not in self._known:
            accounts = self._folder.read_one(number).accounts
            self._known[number] = next((version for one, version, _ in accounts if one == self._account_id), 0)
        return self._known[number]


class _Cleaner:
    """Takes out of texts what must not be in a bundle: secrets, and for a customer the ids of other accounts.

    Most of it is masked long before; whatever somebody has typed into a name or a reference meets this last.
    """

    def __init__(self, view: View, account_id: UUID | None) -> None:
        self._own = None if account_id is None else show_id("account", account_id)
        self._hides_others = view is View.CUSTOMER

    def text(self, given: str) -> str:
        cleaned = redact_fully(_HALF_CHARACTER.sub("\ufffd", given))
        if not self._hides_others:
            return cleaned
        return _ACCOUNT_ID.sub(lambda found: found[0] if found[0] == self._own else _MASKED_ACCOUNT, cleaned)

    def shown(self, value: Shown) -> Shown:
        """The same value with every text in it cleaned."""
        cleaned: Any = value
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            cleaned = self.text(value)
        elif isinstance(value, tuple):
            cleaned = tuple(self.shown(one) for one in value)
        elif isinstance(value, Mapping):
            cleaned = {self.shown(name): self.shown(one) for name, one in value.items()}
        elif is_dataclass(value) and not isinstance(value, type):
            changed = {each.name: self.shown(getattr(value, each.name)) for each in fields(value)}
            cleaned = replace(value, **changed)
        return cleaned  # type: ignore[no-any-return]


def _to_hand_on(explanation: Explanation) -> Explanation:
    """An answer without what a customer may see himself, but others should not: where his calls come from."""
    return replace(explanation, facts=tuple(fact for fact in explanation.facts if fact.name not in _NOT_HANDED_ON))


def _carried(transfer: Transfer, clean: _Cleaner) -> Json:
    """A row, without its content where a word in it may not be handed on: masked, it would not have its hash."""
    row = bundles.row_of(transfer)
    typed = (transfer.cause_id, transfer.operation_key, transfer.debit, transfer.credit)
    is_ours = all(_OURS.fullmatch(one) for one in typed[:2])
    return row if is_ours or all(clean.text(one) == one for one in typed) else bundles.withheld(row)


def _left_out(view: View, counts: Mapping[Omission, int], *, is_long: bool, language: Language) -> list[Json]:
    """What is not in a bundle, by name; with how many, where it is a number of things."""
    codes = [*bundles.NEVER, *(bundles.STAFF_ONLY if view is View.CUSTOMER else ())]
    codes += [Omission.CHECKPOINT_TOO_LONG] if is_long else []
    listed: list[Json] = [{"code": str(code), "label": text(Kind.BUNDLE_OMISSION, code, language)} for code in codes]
    listed += [
        {"code": str(code), "label": text(Kind.BUNDLE_OMISSION, code, language, count=f"{count:,}"), "count": count}
        for code, count in counts.items()
        if count
    ]
    return listed


def _check(document: Json) -> None:
    """Whether a bundle holds, before anybody has it: a ledger that was tampered with is not certified."""
    found = verify(bundles.to_bytes(document)).found
    if found:
        first = found[0]
        raise Broken(code="bundle_unsound", reason=str(first.fault), part=str(first.part), row=str(first.row))
