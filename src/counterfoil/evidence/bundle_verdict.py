"""What came of verifying a bundle: what does not hold, by part and row; what is proved, and what cannot be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from counterfoil.evidence import bundles
from counterfoil.evidence.bundles import Json, Part
from counterfoil.foundation.vocabulary import Kind, Language, entry, text

# One tampered part can break every row of it; the first of them say enough.
FAULTS_MAX = 100
_NAME_CHARACTERS_MAX = 80


class Fault(StrEnum):
    """What can be wrong with a file; the words are in the vocabulary (`Kind.BUNDLE_FAULT`)."""

    TOO_LARGE = "too_large"
    NOT_A_BUNDLE = "not_a_bundle"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    SCHEMA_UNKNOWN = "schema_unknown"
    REWRITTEN = "rewritten"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    MOVED = "moved"
    DIGEST_WRONG = "digest_wrong"
    SIGNATURE_WRONG = "signature_wrong"
    KEY_NOT_TRUSTED = "key_not_trusted"
    KEYS_DIFFER = "keys_differ"
    HASH_WRONG = "hash_wrong"
    CHAIN_BROKEN = "chain_broken"
    ROW_MISSING = "row_missing"
    CHECKPOINT_SIGNATURE_WRONG = "checkpoint_signature_wrong"
    CHECKPOINT_DIFFERS = "checkpoint_differs"


class Proof(StrEnum):
    """What a bundle that holds proves (the first), and what no bundle, or not this one, can (`Kind.BUNDLE_PROOF`)."""

    UNCHANGED = "unchanged"
    TRUSTED_KEY = "trusted_key"
    HASHES = "hashes"
    CHECKPOINT = "checkpoint"
    CHECKPOINT_WHOLE = "checkpoint_whole"
    KEY_NOT_GIVEN = "key_not_given"
    NOT_YET = "not_yet"
    TOO_FAR = "too_far"
    WITHHELD = "withheld"
    STATEMENT_ONLY = "statement_only"
    RECORDS = "records"
    NOT_EVERYTHING = "not_everything"
    ISSUER = "issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that does not hold: in which part, at which row (its name, or its place), at which byte of the file."""

    fault: Fault
    part: Part | None = None
    row: str | int | None = None
    byte: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that is proved or is not, with the count or the checkpoint that it is about."""

    proof: Proof
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Verification:
    """What came of it. `document` is there where the file could be read; it is to be believed only where it is verified."""

    found: list[Found] = field(default_factory=list)
    is_page: bool = False
    document: Json | None = None
    public_key: bytes | None = None
    trusted: bool = False
    rows: int = 0
    proves: tuple[Said, ...] = ()
    cannot: tuple[Said, ...] = ()

    @property
    def verified(self) -> bool:
        return not self.found

    @property
    def fingerprint(self) -> str | None:
        return None if self.public_key is None else bundles.fingerprint(self.public_key)

    def add(
        self, fault: Fault, part: Part | None = None, row: str | int | None = None, *, byte: int | None = None
    ) -> None:
        one = Found(fault=fault, part=part, row=row, byte=byte)
        if len(self.found) < FAULTS_MAX and one not in self.found:
            self.found.append(one)


# -- in words ------------------------------------------------------------------------------------------------------------

# What a row of a part is called; of the others, a row.
_ROW_WORDS = {Part.TRANSFERS: "movement_no", Part.CHECKPOINTS: "checkpoint_no", Part.PAGE: "line"}
_BULLET = "  · "
_CROSS = "  ✗ "


def place_of(found: Found, language: Language) -> str:
    """Where something does not hold, in words."""
    if found.part is None and found.row is None:
        return text(Kind.WORD, "bundle_whole_file", language)
    names = [] if found.part is None else [entry(Kind.BUNDLE_PART, found.part).label[language]]
    if isinstance(found.row, int):
        word = "row" if found.part is None else _ROW_WORDS.get(found.part, "row")
        names.append(text(Kind.WORD, f"bundle_{word}", language, row=f"{found.row:,}"))
    elif found.row is not None:
        names.append("".join(sign if sign.isprintable() else " " for sign in found.row[:_NAME_CHARACTERS_MAX]))
    return ("，" if language is Language.ZH else ", ").join(names)


def sentence_of(found: Found, result: Verification, language: Language) -> str:
    """What does not hold, in one sentence."""
    return text(
        Kind.BUNDLE_FAULT, found.fault, language, place=place_of(found, language),
        byte=f"{found.byte or 0:,}", fingerprint=result.fingerprint or "",
    )  # fmt: skip


def sentence_of_proof(said: Said, language: Language) -> str:
    values = {name: f"{value:,}" if isinstance(value, int) else value for name, value in said.values.items()}
    return text(Kind.BUNDLE_PROOF, said.proof, language, **values)


def lines(result: Verification, language: Language) -> list[str]:
    """As a terminal shows it: the verdict first, then what does not hold, or what is proved and what is not."""
    if not result.verified:
        shown = [text(Kind.WORD, "bundle_does_not_hold", language)]
        for found in result.found:
            shown.append(_CROSS + sentence_of(found, result, language))
            shown.append("    " + entry(Kind.BUNDLE_FAULT, found.fault).explanation[language])
        what_to_change = entry(Kind.BUNDLE_FAULT, Fault.CHANGED).next_step.what_to_change[language]
        return [*shown, "", what_to_change]
    shown = [text(Kind.WORD, "bundle_holds", language), ""]
    for heading, said in (("bundle_proves", result.proves), ("bundle_cannot", result.cannot)):
        shown.append(text(Kind.WORD, heading, language))
        shown += [_BULLET + sentence_of_proof(one, language) for one in said]
        shown.append("")
    return shown[:-1]


def to_dict(result: Verification, language: Language) -> dict[str, Any]:
    """As JSON has it. What a file says of itself is only in it where the file is verified."""
    about = result.document["about"] if result.verified and result.document is not None else {}
    account = about.get("account") or {}
    return {
        "verified": result.verified,
        "trusted": result.trusted,
        "form": "page" if result.is_page else "bundle",
        "subject": about.get("subject"),
        "account_id": account.get("id"),
        "view": about.get("view"),
        "issued_at": about.get("issued_at"),
        "issued_by": about.get("issued_by"),
        "rows": result.rows,
        "public_key": None if result.public_key is None else result.public_key.hex(),
        "fingerprint": result.fingerprint,
        "faults": [
            {
                "code": str(found.fault), "part": None if found.part is None else str(found.part), "row": found.row,
                "byte": found.byte, "message": sentence_of(found, result, language),
            }
            for found in result.found
        ],
        "proves": [_said_dict(one, language) for one in result.proves],
        "cannot_prove": [_said_dict(one, language) for one in result.cannot],
    }  # fmt: skip


def _said_dict(said: Said, language: Language) -> dict[str, Any]:
    return {"code": str(said.proof), **said.values, "message": sentence_of_proof(said, language)}
