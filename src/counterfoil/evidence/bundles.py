"""The form of an evidence bundle: its parts, what is hashed, what is signed, and the one way in which it is written. Pure.

A bundle is one JSON object in canonical form (keys sorted, no spaces, UTF-8) and one line end:

    about        the question, the account, the view, when and by whom it was issued
    explanation  the answer with its findings, as `Explanation.to_dict` gives it
    records      what the answer rests on, as masked facts: requests, tasks, orders, notices, codes, …
    transfers    rows of the account's ledger, with everything that their hashes cover
    segments     the runs that those rows form, and the checkpoint that each runs up to
    checkpoints  what signed checkpoints say of the account
    left_out     what is not in it, by name
    manifest     the name and digest of every row of every part, so that what was changed can be named
    seal         the SHA-256 of all of the above, the key, and the signature

What proves what:

- The *seal* proves that nothing was changed since the installation issued the bundle. Everything stands under it, records
  and answer too, but it is no older than the bundle.
- The *hash chain* proves that a row is the one that was hashed and that none is missing between the first and the last row
  of a segment: each hash covers the row and the hash before it (`ledger.chain.link`).
- A *statement* is signed for the bundle: at checkpoint N, whose SHA-256 is D, the account stood at version V with hash H.
  It ties a segment to a checkpoint without the checkpoint's list of all accounts, which is nobody else's business. It is the
  word of the installation, in a form that it cannot take back: whoever keeps checkpoint N can compare its SHA-256 and its
  line of this account.
- A *whole checkpoint* (staff view) proves the same without anybody's word: it was signed when it was made, before the
  question, and copies of it may lie elsewhere.

Signed messages begin with what they are, so that none can be passed off as another, or as a checkpoint, which begins with
a brace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.ledger.chain import link
from counterfoil.ledger.model import Transfer

Json = dict[str, Any]

SCHEMA = "counterfoil.evidence.bundle/1"
BUNDLE_MESSAGE = b"counterfoil.evidence.bundle/1\n"
STATEMENT_MESSAGE = b"counterfoil.evidence.statement/1\n"
PAGE_MESSAGE = b"counterfoil.evidence.page/1\n"

# Six hundred bytes each: three megabytes of rows can still be sent to somebody.
ROWS_MAX = 5_000
# Rows that no checkpoint covers are carried for what they say; they prove little more by being many.
LOOSE_ROWS_MAX = 500
RECORDS_MAX = 200
# A checkpoint with twenty thousand accounts; of a longer one a bundle has the statement.
CHECKPOINT_BYTES_MAX = 2 * 1024 * 1024
# What a file may have at most that is to be verified: a bundle at all of its limits, written as a page, has half of it.
FILE_BYTES_MAX = 32 * 1024 * 1024

PAGE_BEGINNING = b"<!doctype html>"
DATA_BEGINNING = b'<template id="counterfoil-bundle">'
DATA_END = b"</template>"
SEAL_BEGINNING = b"<!-- counterfoil-page-seal "
SEAL_END = b" -->\n"

# For naming what was changed; what proves it is the seal.
_DIGEST_CHARACTERS = 16


class View(StrEnum):
    """For whom a bundle is: a customer's own account with masks, or everything but secrets."""

    CUSTOMER = "customer"
    STAFF = "staff"


class Part(StrEnum):
    """The parts of a bundle; of a page also its text, and its own seal."""

    ABOUT = "about"
    EXPLANATION = "explanation"
    RECORDS = "records"
    TRANSFERS = "transfers"
    SEGMENTS = "segments"
    CHECKPOINTS = "checkpoints"
    LEFT_OUT = "left_out"
    MANIFEST = "manifest"
    SCHEMA = "schema"
    SEAL = "seal"
    PAGE = "page"
    PAGE_SEAL = "page_seal"


# The parts whose rows are in the manifest.
LISTED = (
    Part.ABOUT, Part.EXPLANATION, Part.RECORDS, Part.TRANSFERS, Part.SEGMENTS, Part.CHECKPOINTS, Part.LEFT_OUT,
)  # fmt: skip
SIGNED = (*LISTED, Part.MANIFEST, Part.SCHEMA)


class Uncovered(StrEnum):
    """Why a segment ends at no checkpoint: none has been made since, or the next is further away than a bundle carries."""

    NOT_YET = "not_yet"
    TOO_FAR = "too_far"


class Omission(StrEnum):
    """What a bundle leaves out. The first are never in one; then what only staff see; then what did not fit or may not go."""

    CONTENT = "content"
    KEYS = "keys"
    HEADERS = "headers"
    PAYMENT_NUMBERS = "payment_numbers"
    CODES = "codes"
    SECRETS = "secrets"
    OTHER_ACCOUNTS = "other_accounts"
    UPSTREAMS = "upstreams"
    COSTS = "costs"
    ADDRESSES = "addresses"
    STAFF_NOTES = "staff_notes"
    CHECKPOINT_LISTS = "checkpoint_lists"
    CHECKPOINT_TOO_LONG = "checkpoint_too_long"
    RECORDS_OF_OTHERS = "records_of_others"
    RECORDS_TOO_MANY = "records_too_many"
    ROWS_TOO_MANY = "rows_too_many"
    ROWS_WITHHELD = "rows_withheld"


NEVER = (
    Omission.CONTENT, Omission.KEYS, Omission.HEADERS, Omission.PAYMENT_NUMBERS, Omission.CODES, Omission.SECRETS,
    Omission.OTHER_ACCOUNTS,
)  # fmt: skip
STAFF_ONLY = (
    Omission.UPSTREAMS, Omission.COSTS, Omission.ADDRESSES, Omission.STAFF_NOTES, Omission.CHECKPOINT_LISTS,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a checkpoint says of an account: how far it had come."""

    number: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of rows, by their versions, both included; up to what a checkpoint says, or to none, and why."""

    first: int
    last: int
    checkpoint: int | None = None
    why: Uncovered | None = None

    @property
    def rows(self) -> int:
        return self.last - self.first + 1

    def to_dict(self) -> Json:
        return {
            "first": self.first,
            "last": self.last,
            "checkpoint": self.checkpoint,
            "why": self.why and str(self.why),
        }


# -- bytes ---------------------------------------------------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """The one way to write a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    return sha256(canonical(value)).hexdigest()[:_DIGEST_CHARACTERS]


def fingerprint(public_key: bytes) -> str:
    """A public key as people compare it: eight groups of four digits of its SHA-256."""
    shown = sha256(public_key).hexdigest()[:32]
    return " ".join(shown[start : start + 4] for start in range(0, 32, 4))


def manifest_of(parts: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    """The name and digest of every row of every listed part."""
    return {str(part): listing(part, parts[part]) for part in LISTED}


def listing(part: Part, value: Any) -> list[list[Any]]:
    """One part's rows: of an object its fields, of a list its items by what names them."""
    if isinstance(value, Mapping):
        return [[name, digest([name, value[name]])] for name in sorted(value)]
    return [[row_name(part, row, place), digest(row)] for place, row in enumerate(value, start=1)]


def row_name(part: Part, row: Any, place: int) -> str | int:
    """What a row is called: a transfer's version, a record's id, a checkpoint's number, or its place."""
    if isinstance(row, Mapping):
        found = {
            Part.TRANSFERS: row.get("version"),
            Part.RECORDS: f"{row.get('kind')} {row.get('id')}",
            Part.LEFT_OUT: row.get("code"),
            Part.CHECKPOINTS: _inside(row.get("statement"), "checkpoint"),
        }.get(part)
        if isinstance(found, str | int) and not isinstance(found, bool):
            return found
    return place


def _inside(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def message_of(document: Mapping[str, Any]) -> bytes:
    """What is signed of a bundle: all but its seal."""
    return BUNDLE_MESSAGE + content_of(document)


def content_of(document: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in document.items() if name != Part.SEAL})


def sealed(parts: Mapping[str, Any], *, public_key: bytes, sign: Callable[[bytes], bytes]) -> Json:
    """The whole document of these parts, with its manifest and seal."""
    document: Json = {**{str(name): value for name, value in parts.items()}, "schema": SCHEMA}
    document["manifest"] = manifest_of(document)
    document["seal"] = {
        "public_key": public_key.hex(),
        "sha256": sha256(content_of(document)).hexdigest(),
        "signature": sign(message_of(document)).hex(),
    }
    return document


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """A bundle as its file has it."""
    return canonical(document) + b"\n"


# -- transfers -----------------------------------------------------------------------------------------------------------


def row_of(transfer: Transfer) -> Json:
    """A transfer as a bundle has it: ids and hashes in hexadecimal, the amount in nanos, the time in microseconds."""
    row: Json = {}
    for name, value in transfer._asdict().items():
        if name != "account_id":
            row[name] = value.hex if isinstance(value, UUID) else value.hex() if isinstance(value, bytes) else value
    return row


def withheld(row: Mapping[str, Any]) -> Json:
    """A row whose words may not be passed on: its place in the chain, and nothing of what it says."""
    return {"version": row["version"], "prev_hash": row["prev_hash"], "hash": row["hash"], "withheld": True}


def hash_of(row: Mapping[str, Any], account_id: UUID) -> str:
    """The hash that a row must have; raises `KeyError`, `ValueError` or the like for one that is not as it should be."""
    fields = dict(row)
    fields.pop("hash")
    for name in ("transfer_id", "hold_id", "grant_id"):
        fields[name] = None if fields[name] is None else UUID(hex=fields[name])
    fields["prev_hash"] = bytes.fromhex(fields["prev_hash"])
    return link(account_id=account_id, **fields).hex()


def plan(wanted: Mapping[int, Head | None], *, rows_max: int = ROWS_MAX) -> tuple[list[Segment], int]:
    """Which runs of rows to carry for these rows, and for how many of them there is no room.

    `wanted` are versions, each with the first checkpoint that covers it. A run goes up to its checkpoint, since a row is only
    tied to it by all the rows between; where that is too far, the row is carried without.
    """
    room, segments, loose = rows_max, list[Segment](), list[tuple[int, Uncovered]]()
    groups: dict[int, tuple[Head, list[int]]] = {}
    for version, head in sorted(wanted.items()):
        if head is None:
            loose.append((version, Uncovered.NOT_YET))
        else:
            groups.setdefault(head.number, (head, []))[1].append(version)
    # The short ones first: one long way must not cost the others theirs.
    for head, versions in sorted(groups.values(), key=lambda group: group[0].version - group[1][0]):
        near = [version for version in versions if head.version - version < room]
        loose += [(version, Uncovered.TOO_FAR) for version in versions if version not in set(near)]
        if near:
            segments.append(Segment(first=near[0], last=head.version, checkpoint=head.number))
            room -= segments[-1].rows
    without, left = _runs(loose, room=min(room, LOOSE_ROWS_MAX))
    return sorted([*segments, *without], key=lambda segment: segment.first), left


def _runs(loose: Iterable[tuple[int, Uncovered]], *, room: int) -> tuple[list[Segment], int]:
    """Rows without a checkpoint as runs, the newest first as long as there is room; what has none yet as one, if it fits."""
    rows = sorted(loose)
    runs = [Segment(first=version, last=version, why=why) for version, why in rows]
    joined: list[Segment] = []
    pending = [version for version, why in rows if why is Uncovered.NOT_YET]
    bridged = bool(pending) and pending[-1] - pending[0] < room
    for run in runs:
        before = joined[-1] if joined else None
        if before is not None and before.why is run.why and (
            before.last + 1 == run.first or (bridged and run.why is Uncovered.NOT_YET)
        ):  # fmt: skip
            joined[-1] = Segment(first=before.first, last=run.last, why=run.why)
        else:
            joined.append(run)
    kept: list[Segment] = []
    for run in reversed(joined):
        first = max(run.first, run.last - room + 1)
        if first <= run.last:
            kept.append(Segment(first=first, last=run.last, why=run.why))
            room -= kept[-1].rows
    carried = sum(1 for version, _ in rows if any(run.first <= version <= run.last for run in kept))
    return kept, len(rows) - carried


# -- checkpoints ---------------------------------------------------------------------------------------------------------


def statement_of(
    *, account_id: UUID, version: int, head: bytes, number: int, created_at: int, payload: bytes, previous: str
) -> Json:
    """What is said of an account at a checkpoint."""
    return {
        "account": show_id("account", account_id),
        "version": version,
        "hash": head.hex(),
        "checkpoint": number,
        "created_at": created_at,
        "sha256": sha256(payload).hexdigest(),
        "previous": previous,
    }


def statement_message(statement: Mapping[str, Any]) -> bytes:
    return STATEMENT_MESSAGE + canonical(statement)


# -- pages ---------------------------------------------------------------------------------------------------------------


def embedded(document: Mapping[str, Any]) -> str:
    """A bundle as its page carries it: the same bytes on one line, with what HTML would read escaped."""
    text = canonical(document).decode()
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{DATA_BEGINNING.decode()}{text}{DATA_END.decode()}"


def unembedded(line: bytes) -> bytes | None:
    """The bundle of such a line; None of any other line."""
    if not (line.startswith(DATA_BEGINNING) and line.endswith(DATA_END)):
        return None
    text = line[len(DATA_BEGINNING) : -len(DATA_END)]
    return text.replace(b"&lt;", b"<").replace(b"&gt;", b">").replace(b"&amp;", b"&")


def line_digests(page: bytes) -> list[str]:
    """The digest of each line, so that a changed one can be named."""
    return [sha256(line).hexdigest()[:_DIGEST_CHARACTERS] for line in page.split(b"\n")]


def page_seal(page: bytes, *, public_key: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """What a page ends with: the digests of its lines, its SHA-256, and the signature over all of it."""
    seal = {
        "lines": line_digests(page),
        "public_key": public_key.hex(),
        "sha256": sha256(page).hexdigest(),
        "signature": sign(PAGE_MESSAGE + page).hex(),
    }
    return seal_line(seal)


def seal_line(seal: Mapping[str, Any]) -> bytes:
    return SEAL_BEGINNING + canonical(seal) + SEAL_END


# -- differences ---------------------------------------------------------------------------------------------------------


class Change(StrEnum):
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not as it was: its name, or its place where it has none."""

    change: Change
    name: str | int


def differences(then: Sequence[Sequence[Any]], now: Sequence[Sequence[Any]]) -> list[Difference]:
    """What became of rows, each given as its name and digest, in time that grows with their number only."""
    were, are = {row[1] for row in then}, {row[1] for row in now}
    found: list[Difference] = []
    ahead: set[str] = set()
    passed: set[str] = set()
    old, new = 0, 0
    while old < len(then) or new < len(now):
        before = then[old] if old < len(then) else None
        after = now[new] if new < len(now) else None
        if before is not None and before[1] in ahead:
            old += 1
        elif before is not None and after is not None and before[1] == after[1]:
            passed.add(before[1])
            old, new = old + 1, new + 1
        elif before is not None and after is not None and before[1] not in are and after[1] not in were:
            found.append(Difference(Change.CHANGED, before[0]))
            old, new = old + 1, new + 1
        elif before is not None and before[1] not in are:
            found.append(Difference(Change.REMOVED, before[0]))
            old += 1
        elif after is not None and (after[1] not in were or after[1] in passed or after[1] in ahead):
            found.append(Difference(Change.ADDED, after[0]))
            new += 1
        elif after is not None:
            found.append(Difference(Change.MOVED, after[0]))
            ahead.add(after[1])
            new += 1
        else:
            assert before is not None
            found.append(Difference(Change.REMOVED, before[0]))
            old += 1
    return found
