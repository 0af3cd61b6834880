"""Proving offline that a bundle is what was issued: nothing is needed but the file and, to know whose it is, a public key.

No database, no settings, no clock. A file is read as hostile: its size, depth and numbers are bounded, and whatever does not
hold is named by part and row, so that what was changed can be looked up.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from counterfoil.evidence import bundles
from counterfoil.evidence.bundle_verdict import Fault, Proof, Said, Verification
from counterfoil.evidence.bundles import FILE_BYTES_MAX, LISTED, SCHEMA, SIGNED, Json, Part, Uncovered
from counterfoil.foundation.errors import CounterfoilError, InputError
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.periods import to_datetime

_HEX_CHARACTERS = 64
_SEAL_FIELDS = {"public_key", "sha256", "signature"}
_PAGE_SEAL_FIELDS = {*_SEAL_FIELDS, "lines"}
_SEGMENT_FIELDS = {"first", "last", "checkpoint", "why"}
_WITHHELD_FIELDS = {"version", "prev_hash", "hash", "withheld"}
_ROW_ENDS = b"},{"
# The strings, numbers and words of JSON, one after the other.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?[0-9][0-9.eE+-]*+|-?Infinity|NaN')
_REASONS = frozenset(map(str, Uncovered))
_KEY_UNREADABLE = "an Ed25519 public key: 64 hexadecimal digits, or 32 bytes in base64"


def verify(data: bytes, *, trusted: Sequence[bytes] = ()) -> Verification:
    """Check a bundle, or a page that carries one. With `trusted` keys, one of them must have signed it."""
    result = Verification()
    if len(data) > FILE_BYTES_MAX:
        result.add(Fault.TOO_LARGE)
        return result
    result.is_page = data.startswith(b"<") or (not data.startswith(b"{") and bundles.DATA_BEGINNING in data)
    page_key: bytes | None = None
    content: bytes | None = data
    if result.is_page:
        page_key, content = _check_page(result, data)
    if content is not None:
        _check_bundle(result, content, ends_with_line=not result.is_page)
    if result.is_page and page_key is not None and result.public_key is not None and page_key != result.public_key:
        result.add(Fault.KEYS_DIFFER, Part.PAGE_SEAL)
    if trusted and result.public_key is not None:
        result.trusted = result.public_key in trusted
        if not result.trusted:
            result.add(Fault.KEY_NOT_TRUSTED, Part.SEAL)
    if result.verified:
        _conclude(result)
    return result


def read_public_key(text: str) -> bytes:
    """A public key as people hand it on; raises `InputError`."""
    cleaned = "".join(text.split())
    try:
        raw = bytes.fromhex(cleaned) if len(cleaned) == _HEX_CHARACTERS else base64.b64decode(cleaned, validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error) as error:
        raise InputError(code="public_key_unreadable", expected=_KEY_UNREADABLE) from error
    return raw


# -- the page ------------------------------------------------------------------------------------------------------------


def _check_page(result: Verification, data: bytes) -> tuple[bytes | None, bytes | None]:
    """The key that a page is signed with, and the bundle that it carries."""
    end = data.rfind(bundles.SEAL_BEGINNING)
    page = data if end < 0 else data[:end]
    carried = [one for one in map(bundles.unembedded, page.split(b"\n")) if one is not None]
    if len(carried) > 1:
        # Two bundles in one page say two things.
        result.add(Fault.ADDED, Part.PAGE)
    elif not carried and end >= 0:
        result.add(Fault.NOT_A_BUNDLE, Part.PAGE)
    content = carried[0] if len(carried) == 1 else None
    if end < 0:
        result.add(Fault.TRUNCATED, Part.PAGE)
        return None, content
    seal = _page_seal(data[end:])
    if seal is None:
        result.add(Fault.CHANGED, Part.PAGE_SEAL)
        return None, content
    holds = seal["sha256"] == sha256(page).hexdigest() and _holds(seal, bundles.PAGE_MESSAGE + page)
    lines = bundles.line_digests(page)
    if not holds or seal["lines"] != lines:
        changed = bundles.differences(_numbered(seal["lines"]), _numbered(lines))
        for one in changed:
            result.add(Fault(one.change), Part.PAGE, one.name)
        if not changed or holds:
            result.add(Fault.SIGNATURE_WRONG, Part.PAGE_SEAL)
    return bytes.fromhex(seal["public_key"]), content


def _page_seal(line: bytes) -> Json | None:
    """The seal of a page, where it is one and is written as one is written."""
    try:
        seal = _parse(line[len(bundles.SEAL_BEGINNING) : -len(bundles.SEAL_END)].decode())
        if not isinstance(seal, dict) or set(seal) != _PAGE_SEAL_FIELDS or bundles.seal_line(seal) != line:
            return None
        bytes.fromhex(seal["public_key"])
        lines = seal["lines"]
    except (ValueError, TypeError, RecursionError):
        return None
    return seal if isinstance(lines, list) and all(isinstance(one, str) for one in lines) else None


def _numbered(digests: Sequence[str]) -> list[list[Any]]:
    return [[number, one] for number, one in enumerate(digests, start=1)]


# -- the bundle ----------------------------------------------------------------------------------------------------------


def _check_bundle(result: Verification, content: bytes, *, ends_with_line: bool) -> None:
    document = _read(result, content, ends_with_line=ends_with_line)
    if document is None:
        return
    result.document = document
    if not _has_shape(result, document):
        return
    written = bundles.canonical(document) + (b"\n" if ends_with_line else b"")
    if written != content:
        result.add(Fault.REWRITTEN, byte=_first_difference(written, content))
    _check_seal(result, document)
    if _has_rows(result, document):
        _check_rows(result, document)
        _check_checkpoints(result, document)


def _read(result: Verification, content: bytes, *, ends_with_line: bool) -> Json | None:
    """The document of the bytes, as far as they are one."""
    try:
        document = _parse(content.decode())
        bundles.canonical(document)
    except UnicodeDecodeError as error:
        _add_unreadable(result, content, error.start)
        return None
    except json.JSONDecodeError as error:
        if content.startswith(b"{") and not content.rstrip(b"\n").endswith(b"}"):
            result.add(Fault.TRUNCATED, _part_at(content, len(content))[0], byte=len(content))
        else:
            _add_unreadable(result, content, len(error.doc[: error.pos].encode()))
        return None
    except (ValueError, RecursionError):
        _add_unreadable(result, content, _first_foreign(content))
        return None
    if not isinstance(document, dict) or "schema" not in document or "seal" not in document:
        result.add(Fault.NOT_A_BUNDLE)
        return None
    if document["schema"] != SCHEMA:
        result.add(Fault.SCHEMA_UNKNOWN, Part.SCHEMA)
        return None
    return document


def _parse(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse, parse_float=_refuse)


def _refuse(text: str) -> Any:
    raise ValueError(f"no bundle has {text[:20]}")


def _first_foreign(content: bytes) -> int:
    """Where the first thing stands that JSON may have and no bundle has: a number that is not whole, or half a character."""
    for token in _TOKEN.finditer(content):
        try:
            bundles.canonical(_parse(token[0].decode()))
        except ValueError:
            return token.start()
    # Brackets without end.
    return 0


def _add_unreadable(result: Verification, content: bytes, byte: int) -> None:
    if not content.startswith(b"{"):
        result.add(Fault.NOT_A_BUNDLE)
        return
    part, row = _part_at(content, byte)
    result.add(Fault.UNREADABLE, part, row, byte=byte)


def _part_at(content: bytes, byte: int) -> tuple[Part | None, int | None]:
    """In which part of a bundle that cannot be read a byte lies, and in which of its rows, counted by how rows end.

    Parts stand in the order of their names. The manifest has the same names in it, each behind a list.
    """
    part, start = None, 0
    for name in sorted((*SIGNED, Part.SEAL)):
        mark = b'"%s":' % name.encode()
        found = content.find(b"}," + mark if name is Part.RECORDS else mark, start, byte)
        if found < 0:
            break
        part, start = name, found
    rows = part in (Part.RECORDS, Part.TRANSFERS, Part.CHECKPOINTS, Part.SEGMENTS)
    return part, content.count(_ROW_ENDS, start, byte) + 1 if rows else None


def _has_shape(result: Verification, document: Json) -> bool:
    """Whether the parts are there and are what they should be, so that the rest can look at them."""
    known = {*SIGNED, Part.SEAL}
    for name in sorted(set(document) - known):
        result.add(Fault.ADDED, row=name[:60])
    for part in sorted(known - set(document)):
        result.add(Fault.REMOVED, part)
    is_object = {Part.ABOUT, Part.EXPLANATION, Part.MANIFEST, Part.SEAL}
    for part in (*LISTED, Part.MANIFEST, Part.SEAL):
        if part in document and not isinstance(document[part], dict if part in is_object else list):
            result.add(Fault.CHANGED, part)
    if result.found:
        return False
    for part in (Part.RECORDS, Part.TRANSFERS, Part.SEGMENTS, Part.CHECKPOINTS, Part.LEFT_OUT):
        for place, row in enumerate(document[part], start=1):
            if not isinstance(row, dict):
                result.add(Fault.CHANGED, part, place)
    if set(document["manifest"]) != set(map(str, LISTED)) or not all(map(_is_listing, document["manifest"].values())):
        result.add(Fault.CHANGED, Part.MANIFEST)
    seal = document["seal"]
    if set(seal) != _SEAL_FIELDS or not all(isinstance(one, str) for one in seal.values()):
        result.add(Fault.CHANGED, Part.SEAL)
    return not result.found


def _has_rows(result: Verification, document: Json) -> bool:
    """Whether rows, segments and checkpoints are such that they can be checked one against the other."""
    sound = True
    for part, is_sound in (
        (Part.TRANSFERS, _is_row), (Part.SEGMENTS, _is_segment), (Part.CHECKPOINTS, _is_checkpoint),
    ):  # fmt: skip
        for place, row in enumerate(document[part], start=1):
            if not is_sound(row):
                result.add(Fault.CHANGED, part, bundles.row_name(part, row, place))
                sound = False
    if sound and sum(one["last"] - one["first"] + 1 for one in document["segments"]) > bundles.ROWS_MAX:
        result.add(Fault.CHANGED, Part.SEGMENTS)
        sound = False
    return sound


def _is_row(row: Json) -> bool:
    return _is_count(row.get("version")) and isinstance(row.get("hash"), str) and isinstance(row.get("prev_hash"), str)


def _is_segment(segment: Json) -> bool:
    if set(segment) != _SEGMENT_FIELDS or not (_is_count(segment["first"]) and _is_count(segment["last"])):
        return False
    number, why = segment["checkpoint"], segment["why"]
    ends = _is_count(number) if why is None else number is None and isinstance(why, str) and why in _REASONS
    return ends and bool(segment["first"] <= segment["last"])


def _is_checkpoint(one: Json) -> bool:
    statement = one.get("statement")
    return isinstance(statement, dict) and _is_count(statement.get("checkpoint"))


def _is_listing(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, list) and len(row) == 2 and isinstance(row[0], str | int) and isinstance(row[1], str)
        for row in value
    )


def _first_difference(first: bytes, second: bytes) -> int:
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[:middle] == second[:middle] else (low, middle - 1)
    return low


# -- the seal ------------------------------------------------------------------------------------------------------------


def _check_seal(result: Verification, document: Json) -> None:
    """The digest and the signature; where they do not hold, the manifest tells which rows are not as they were."""
    seal = document["seal"]
    try:
        result.public_key = bytes.fromhex(seal["public_key"])
        Ed25519PublicKey.from_public_bytes(result.public_key)
    except ValueError:
        result.public_key = None
        result.add(Fault.CHANGED, Part.SEAL, "public_key")
    digest_holds = seal["sha256"] == sha256(bundles.content_of(document)).hexdigest()
    signature_holds = result.public_key is not None and _holds(seal, bundles.message_of(document))
    if digest_holds and signature_holds:
        return
    named = False
    for part in LISTED:
        for one in bundles.differences(document["manifest"][part], bundles.listing(part, document[part])):
            named = True
            result.add(Fault(one.change), part, one.name)
    if not digest_holds:
        result.add(Fault.DIGEST_WRONG, Part.SEAL if named or signature_holds else Part.MANIFEST)
    if not signature_holds and result.public_key is not None:
        result.add(Fault.SIGNATURE_WRONG, Part.SEAL)


def _holds(seal: Mapping[str, Any], message: bytes) -> bool:
    return _is_signed(str(seal["public_key"]), str(seal["signature"]), message)


def _is_signed(public_key: str, signature: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


# -- the chain -----------------------------------------------------------------------------------------------------------


def _check_rows(result: Verification, document: Json) -> None:
    """Every hash recomputed from its row, every row behind the one before it, and every row there that should be."""
    rows: list[Json] = document["transfers"]
    expected = [v for segment in document["segments"] for v in range(segment["first"], segment["last"] + 1)]
    account_id = _account_of(document)
    if account_id is None:
        if rows or expected:
            result.add(Fault.CHANGED, Part.ABOUT, "account")
        return
    versions = [row["version"] for row in rows]
    if versions != expected:
        for one in bundles.differences([[v, str(v)] for v in expected], [[v, str(v)] for v in versions]):
            result.add(Fault.ROW_MISSING, Part.TRANSFERS, one.name)
    starts = {segment["first"] for segment in document["segments"]}
    before: Json | None = None
    for row in rows:
        version = row["version"]
        if not _has_hash(row, account_id):
            result.add(Fault.HASH_WRONG, Part.TRANSFERS, version)
        if before is not None and version not in starts and row["prev_hash"] != before["hash"]:
            result.add(Fault.CHAIN_BROKEN, Part.TRANSFERS, version)
        before = row
    result.rows = len(rows)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _account_of(document: Json) -> UUID | None:
    account = document["about"].get("account")
    try:
        return read_id("account", account["id"])
    except (CounterfoilError, KeyError, TypeError, AttributeError):
        return None


def _has_hash(row: Json, account_id: UUID) -> bool:
    """Whether a row's hash is that of the row; one whose content is withheld says nothing that could be wrong."""
    if "withheld" in row:
        return set(row) == _WITHHELD_FIELDS and row["withheld"] is True
    try:
        return bool(bundles.hash_of(row, account_id) == row["hash"])
    except Exception:  # noqa: BLE001 - whatever somebody has made of a row, it is not what was hashed
        return False


# -- the checkpoints -----------------------------------------------------------------------------------------------------


def _check_checkpoints(result: Verification, document: Json) -> None:
    """Each statement signed, each whole checkpoint signed and in agreement, each segment ending where they say."""
    known: dict[int, Json] = {}
    public_key = document["seal"]["public_key"]
    for one in document["checkpoints"]:
        statement: Json = one["statement"]
        name = statement["checkpoint"]
        known[name] = statement
        if not _is_signed(public_key, str(one.get("signature")), bundles.statement_message(statement)):
            result.add(Fault.CHECKPOINT_SIGNATURE_WRONG, Part.CHECKPOINTS, name)
        if "payload" in one and not _is_signed(public_key, str(one.get("payload_signature")), _bytes(one["payload"])):
            result.add(Fault.CHECKPOINT_SIGNATURE_WRONG, Part.CHECKPOINTS, name)
        if not _agrees(one, statement, document["about"]):
            result.add(Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, name)
    hashes = {row["version"]: row["hash"] for row in document["transfers"]}
    for segment in document["segments"]:
        number, last = segment["checkpoint"], segment["last"]
        if number is not None:
            statement = known.get(number, {})
            if statement.get("version") != last or statement.get("hash") != hashes.get(last, ""):
                result.add(Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, number)


def _bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


def _agrees(one: Json, statement: Json, about: Json) -> bool:
    """Whether a statement is about this account, and says what the checkpoint says, where that is here too."""
    account = about.get("account")
    if not isinstance(account, dict) or statement.get("account") != account.get("id"):
        return False
    if "payload" not in one:
        return True
    try:
        payload = _parse(str(one["payload"]))
        account_hex = read_id("account", statement["account"]).hex
        line = [account_hex, statement["version"], statement["hash"]]
        stated = [statement[name] for name in ("sha256", "checkpoint", "created_at", "previous")]
        written = [payload[name] for name in ("number", "created_at", "previous")]
        return bool(stated == [sha256(_bytes(one["payload"])).hexdigest(), *written] and line in payload["accounts"])
    except (CounterfoilError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


# -- what it comes to ----------------------------------------------------------------------------------------------------


def _conclude(result: Verification) -> None:
    """What a bundle that holds proves, and what it cannot."""
    document = result.document
    assert document is not None
    rows: list[Json] = document["transfers"]
    hidden = [row["version"] for row in rows if "withheld" in row]
    proves, cannot = [Said(proof=Proof.UNCHANGED)], list[Said]()
    (proves if result.trusted else cannot).append(
        Said(
            proof=Proof.TRUSTED_KEY if result.trusted else Proof.KEY_NOT_GIVEN,
            values={"fingerprint": result.fingerprint or ""},
        )
    )
    if len(rows) > len(hidden):
        proves.append(Said(proof=Proof.HASHES, values={"count": len(rows) - len(hidden)}))
    uncovered = dict.fromkeys(Uncovered, 0)
    for segment in document["segments"]:
        if segment["checkpoint"] is None:
            uncovered[Uncovered(segment["why"])] += segment["last"] - segment["first"] + 1
        else:
            broken = max((one for one in hidden if segment["first"] <= one <= segment["last"]), default=None)
            first = segment["first"] if broken is None else broken + 1
            if first <= segment["last"]:
                values = {"count": segment["last"] - first + 1, "number": segment["checkpoint"]}
                proves.append(Said(proof=Proof.CHECKPOINT, values=values))
    for why, count in uncovered.items():
        if count:
            cannot.append(Said(proof=Proof(why), values={"count": count}))
    if hidden:
        cannot.append(Said(proof=Proof.WITHHELD, values={"count": len(hidden)}))
    for one in document["checkpoints"]:
        kind, into = (Proof.CHECKPOINT_WHOLE, proves) if "payload" in one else (Proof.STATEMENT_ONLY, cannot)
        at = f"{to_datetime(one['statement']['created_at']):%Y-%m-%d %H:%M:%S} UTC"
        into.append(Said(proof=kind, values={"number": one["statement"]["checkpoint"], "time": at}))
    cannot += [Said(proof=Proof.RECORDS), Said(proof=Proof.NOT_EVERYTHING), Said(proof=Proof.ISSUER)]
    result.proves, result.cannot = tuple(proves), tuple(cannot)
