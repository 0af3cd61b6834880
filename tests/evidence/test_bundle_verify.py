"""A bundle that was changed is found out, whatever was changed, and what was changed is named. No database is needed."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.evidence import bundles
from counterfoil.evidence.bundle_verdict import Fault, Found, Proof, lines, sentence_of, to_dict
from counterfoil.evidence.bundle_verify import read_public_key, verify
from counterfoil.evidence.bundles import FILE_BYTES_MAX, LISTED, ROWS_MAX, Json, Part, View
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Language
from evidence.issuer import Issuer, chain_of, key_of, new_id

ISSUER = Issuer()
STAFF = Issuer(view=View.STAFF)
FILE, PAGE, STAFF_FILE = ISSUER.file(), ISSUER.page(), STAFF.file()


def changed(change: Callable[[Json], Any], issuer: Issuer = ISSUER) -> bytes:
    """A file in which somebody has changed something, and written it as it should be written."""
    document = copy.deepcopy(issuer.document())
    change(document)
    return bundles.to_bytes(document)


def faults(data: bytes, **given: Any) -> set[tuple[Fault, Part | None, str | int | None]]:
    return {(one.fault, one.part, one.row) for one in verify(data, **given).found}


# -- as it was issued ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [FILE, PAGE, STAFF_FILE, STAFF.page()], ids=["file", "page", "staff", "staff page"])
def test_a_bundle_as_it_was_issued_holds(data: bytes) -> None:
    result = verify(data, trusted=[ISSUER.public_key])
    assert result.verified
    assert result.trusted
    assert result.rows == 6
    assert {one.proof for one in result.proves} >= {Proof.UNCHANGED, Proof.TRUSTED_KEY, Proof.HASHES, Proof.CHECKPOINT}


def test_without_a_key_it_says_whose_it_is_cannot_be_told() -> None:
    result = verify(FILE)
    assert result.verified
    assert not result.trusted
    unknown = next(one for one in result.cannot if one.proof is Proof.KEY_NOT_GIVEN)
    assert unknown.values["fingerprint"] == bundles.fingerprint(ISSUER.public_key)


def test_rows_behind_the_last_checkpoint_are_said_not_to_be_under_one() -> None:
    result = verify(Issuer(covered=4).file())
    assert [(one.proof, one.values) for one in result.proves if one.proof is Proof.CHECKPOINT] == [
        (Proof.CHECKPOINT, {"count": 4, "number": 3})
    ]
    assert [one.values for one in result.cannot if one.proof is Proof.NOT_YET] == [{"count": 2}]


def test_a_customers_copy_rests_on_a_statement_and_a_staff_copy_on_the_checkpoint_itself() -> None:
    assert Proof.STATEMENT_ONLY in {one.proof for one in verify(FILE).cannot}
    assert Proof.CHECKPOINT_WHOLE in {one.proof for one in verify(STAFF_FILE).proves}
    assert new_id(91).hex not in FILE.decode()
    assert new_id(91).hex in STAFF_FILE.decode()


def test_a_row_without_its_content_interrupts_what_is_proved_before_it() -> None:
    parts = ISSUER.parts()
    parts["transfers"][2] = bundles.withheld(parts["transfers"][2])
    result = verify(ISSUER.file(parts))
    assert result.verified
    assert [one.values for one in result.proves if one.proof is Proof.CHECKPOINT] == [{"count": 3, "number": 3}]
    assert [one.values for one in result.proves if one.proof is Proof.HASHES] == [{"count": 5}]
    assert [one.values for one in result.cannot if one.proof is Proof.WITHHELD] == [{"count": 1}]


# -- any byte ------------------------------------------------------------------------------------------------------------


@given(place=st.integers(0, len(FILE) - 1), change=st.integers(1, 255))
@settings(max_examples=120)
def test_any_changed_byte_of_a_file_is_found(place: int, change: int) -> None:
    data = bytearray(FILE)
    data[place] ^= change
    assert verify(bytes(data)).found


@given(place=st.integers(0, len(PAGE) - 1), change=st.integers(1, 255))
@settings(max_examples=100)
def test_any_changed_byte_of_a_page_is_found(place: int, change: int) -> None:
    data = bytearray(PAGE)
    data[place] ^= change
    assert verify(bytes(data)).found


@given(data=st.data())
@settings(max_examples=60)
def test_any_byte_too_few_or_too_many_is_found(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from([FILE, PAGE]))
    place = data.draw(st.integers(0, len(original) - 1))
    extra = data.draw(st.binary(max_size=2))
    gone = data.draw(st.integers(0 if extra else 1, 3))
    tampered = original[:place] + extra + original[place + gone :]
    if tampered != original:
        assert verify(tampered).found


@given(data=st.data())
@settings(max_examples=50)
def test_a_file_that_is_cut_off_is_found(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from([FILE, PAGE]))
    cut = original[: data.draw(st.integers(0, len(original) - 1))]
    found = verify(cut).found
    assert found
    if len(cut) > len(original) // 2:
        assert {one.fault for one in found} & {Fault.TRUNCATED, Fault.REWRITTEN, Fault.CHANGED}, found


def _value_of(part: Part) -> tuple[int, int]:
    """Where a part's value begins and ends in the file."""
    value = bundles.canonical(ISSUER.document()[part])
    mark = b'"%s":' % part.encode()
    start = FILE.index(mark + value) + len(mark)
    return start, start + len(value)


@given(data=st.data())
@settings(max_examples=100)
def test_the_part_in_which_a_byte_was_changed_is_named(data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(LISTED))
    start, end = _value_of(part)
    tampered = bytearray(FILE)
    place = data.draw(st.integers(start, end - 1))
    tampered[place] ^= data.draw(st.integers(1, 255))
    result = verify(bytes(tampered))
    assert result.found
    if result.document is not None:
        assert part in {one.part for one in result.found}
    else:
        # A quote that is gone may be missed only in a part behind.
        named = result.found[0].part
        assert named is not None
        assert named >= part


@pytest.mark.parametrize("rewrite", [
    lambda document: json.dumps(document, indent=2, sort_keys=True),
    lambda document: json.dumps(document, separators=(",", ":"), sort_keys=True).replace("req_", "r\\u0065q_", 1),
    lambda document: json.dumps(dict(reversed(document.items())), separators=(",", ":")),
    lambda document: '{"about":{},' + bundles.canonical(document).decode()[1:],
], ids=["spaces", "spelling", "order", "twice"])  # fmt: skip
def test_a_file_that_was_written_anew_is_told_from_one_whose_content_was_changed(
    rewrite: Callable[[Json], str],
) -> None:
    found = verify(rewrite(ISSUER.document()).encode() + b"\n").found
    assert [one.fault for one in found] == [Fault.REWRITTEN]


# -- rows ----------------------------------------------------------------------------------------------------------------


def test_a_changed_row_is_named() -> None:
    def change(document: Json) -> None:
        document["transfers"][3]["amount"] += 1

    found = faults(changed(change))
    assert {(Fault.CHANGED, Part.TRANSFERS, 4), (Fault.HASH_WRONG, Part.TRANSFERS, 4)} <= found
    assert (Fault.DIGEST_WRONG, Part.SEAL, None) in found


@pytest.mark.parametrize("name", sorted(bundles.row_of(chain_of(new_id(1), 2)[1])))
def test_every_field_of_a_row_is_covered_by_its_hash(name: str) -> None:
    parts = ISSUER.parts()
    value = parts["transfers"][3][name]
    parts["transfers"][3][name] = value + 1 if isinstance(value, int) else value[::-1]
    # Sealed anew by the installation itself: the chain still tells.
    assert {part for _, part, _ in faults(ISSUER.file(parts))} & {Part.TRANSFERS}


@pytest.mark.parametrize("place", range(6))
def test_a_removed_row_is_named(place: int) -> None:
    found = faults(changed(lambda document: document["transfers"].pop(place)))
    assert {(Fault.REMOVED, Part.TRANSFERS, place + 1), (Fault.ROW_MISSING, Part.TRANSFERS, place + 1)} <= found


def test_a_row_that_is_there_twice_is_named() -> None:
    found = faults(changed(lambda document: document["transfers"].insert(2, document["transfers"][2])))
    assert (Fault.ADDED, Part.TRANSFERS, 3) in found


def test_rows_in_another_order_are_named() -> None:
    def swap(document: Json) -> None:
        rows = document["transfers"]
        rows[1], rows[4] = rows[4], rows[1]

    found = faults(changed(swap))
    assert (Fault.MOVED, Part.TRANSFERS, 5) in found
    assert (Fault.CHAIN_BROKEN, Part.TRANSFERS, 5) in found


@pytest.mark.parametrize(("change", "fault"), [
    (lambda rows: rows.pop(1), Fault.REMOVED), (lambda rows: rows.insert(1, dict(rows[1])), Fault.ADDED),
    (lambda rows: rows.append({"kind": "request", "id": "x", "facts": {}}), Fault.ADDED),
    (lambda rows: rows[1]["facts"].update(n=7), Fault.CHANGED), (lambda rows: rows.insert(0, rows.pop(1)), Fault.MOVED),
])  # fmt: skip
def test_what_becomes_of_a_record_is_named(change: Callable[[Any], Any], fault: Fault) -> None:
    found = faults(changed(lambda document: change(document["records"])))
    names = {row for what, part, row in found if part is Part.RECORDS and what is fault}
    assert names & {"request x", f"request {ISSUER.parts()['records'][1]['id']}"}


@pytest.mark.parametrize("part", [*LISTED, Part.MANIFEST, Part.SEAL])
def test_a_part_that_is_gone_is_named(part: Part) -> None:
    assert any(
        one.part is part or one.fault is Fault.NOT_A_BUNDLE for one in verify(changed(lambda d: d.pop(part))).found
    )


def test_a_row_rehashed_by_somebody_without_the_key_does_not_reach_the_checkpoint() -> None:
    """Whoever rewrites the whole rest of a chain still has a checkpoint to meet."""
    parts = ISSUER.parts()
    rows = parts["transfers"]
    rows[3]["amount"] -= 1
    for before, row in zip([None, *rows], rows, strict=False):
        if before is not None:
            row["prev_hash"] = before["hash"]
        row["hash"] = bundles.hash_of(row, ISSUER.account_id)
    assert faults(ISSUER.file(parts)) == {(Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, 3)}


def test_rows_of_another_account_do_not_have_the_hashes_of_this_one() -> None:
    parts = ISSUER.parts()
    parts["transfers"] = [bundles.row_of(one) for one in chain_of(new_id(2), 6)]
    assert (Fault.HASH_WRONG, Part.TRANSFERS, 1) in faults(ISSUER.file(parts))


# -- checkpoints and keys ------------------------------------------------------------------------------------------------


def test_checkpoints_of_two_bundles_that_were_swapped_are_named() -> None:
    other = Issuer(account_id=new_id(2), number=5).document()
    found = faults(changed(lambda document: document.update(checkpoints=other["checkpoints"])))
    assert (Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, 5) in found
    assert {(Fault.CHANGED, Part.CHECKPOINTS, 3), (Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, 3)} <= found


def test_an_older_checkpoint_of_the_same_account_does_not_stand_for_a_later_one() -> None:
    older = Issuer(covered=4, number=2).document()
    parts = ISSUER.parts() | {"checkpoints": older["checkpoints"]}
    assert (Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, 3) in faults(ISSUER.file(parts))


def test_a_statement_that_was_changed_is_not_signed() -> None:
    parts = ISSUER.parts()
    parts["checkpoints"][0]["statement"]["sha256"] = "00" * 32
    assert faults(ISSUER.file(parts)) == {(Fault.CHECKPOINT_SIGNATURE_WRONG, Part.CHECKPOINTS, 3)}


def test_a_whole_checkpoint_has_to_say_what_is_stated_of_it() -> None:
    parts = STAFF.parts()
    payload = parts["checkpoints"][0]["payload"].replace(chain_of(STAFF.account_id, 6)[5].hash.hex(), "11" * 32)
    parts["checkpoints"][0] |= {"payload": payload, "payload_signature": STAFF.key.sign(payload.encode()).hex()}
    assert faults(STAFF.file(parts)) == {(Fault.CHECKPOINT_DIFFERS, Part.CHECKPOINTS, 3)}
    parts["checkpoints"][0]["payload_signature"] = key_of(2).sign(payload.encode()).hex()
    assert (Fault.CHECKPOINT_SIGNATURE_WRONG, Part.CHECKPOINTS, 3) in faults(STAFF.file(parts))


def test_a_bundle_sealed_with_another_key_is_told_by_the_key_that_is_trusted() -> None:
    forged = Issuer(key=key_of(2)).file()
    assert faults(forged, trusted=[ISSUER.public_key]) == {(Fault.KEY_NOT_TRUSTED, Part.SEAL, None)}
    assert verify(forged, trusted=[ISSUER.public_key, key_of(2).public_key().public_bytes_raw()]).trusted


def test_another_key_in_the_seal_does_not_fit_the_signature() -> None:
    other = key_of(2).public_key().public_bytes_raw().hex()
    found = faults(changed(lambda document: document["seal"].update(public_key=other)))
    assert (Fault.SIGNATURE_WRONG, Part.SEAL, None) in found


def test_a_checkpoint_signed_by_the_installation_does_not_fit_a_forgers_bundle() -> None:
    forged = STAFF.parts()
    sign = key_of(2)
    statement = forged["checkpoints"][0]["statement"]
    forged["checkpoints"][0]["signature"] = sign.sign(bundles.statement_message(statement)).hex()
    found = faults(Issuer(key=sign, view=View.STAFF).file(forged))
    assert found == {(Fault.CHECKPOINT_SIGNATURE_WRONG, Part.CHECKPOINTS, 3)}


def test_signed_messages_cannot_stand_for_each_other() -> None:
    beginnings = {bundles.BUNDLE_MESSAGE, bundles.STATEMENT_MESSAGE, bundles.PAGE_MESSAGE, b"{"}
    for one in beginnings:
        assert not any(other.startswith(one) for other in beginnings - {one})


# -- pages ---------------------------------------------------------------------------------------------------------------


def test_a_changed_line_of_a_page_is_named_and_the_data_in_it_still_holds() -> None:
    tampered = PAGE.replace(b"<h1>", b"<h1>Not ", 1)
    line = next(number for number, text in enumerate(PAGE.split(b"\n"), start=1) if b"<h1>" in text)
    assert faults(tampered) == {(Fault.CHANGED, Part.PAGE, line)}


def test_a_page_with_the_data_of_another_bundle_is_found() -> None:
    other = Issuer(account_id=new_id(2)).document()
    own = bundles.embedded(ISSUER.document()).encode()
    assert own in PAGE
    found = verify(PAGE.replace(own, bundles.embedded(other).encode())).found
    assert {one.part for one in found} == {Part.PAGE}


def test_a_page_and_its_data_have_to_be_signed_with_one_key() -> None:
    sealed = Issuer(key=key_of(2))
    page = PAGE[: PAGE.rindex(bundles.SEAL_BEGINNING)]
    forged = page + bundles.page_seal(page, public_key=sealed.public_key, sign=sealed.key.sign)
    assert faults(forged) == {(Fault.KEYS_DIFFER, Part.PAGE_SEAL, None)}


def test_a_page_without_its_seal_or_with_two_bundles_does_not_hold() -> None:
    page = PAGE[: PAGE.rindex(bundles.SEAL_BEGINNING)]
    assert (Fault.TRUNCATED, Part.PAGE, None) in faults(page)
    doubled = page + bundles.embedded(ISSUER.document()).encode() + b"\n"
    sealed = doubled + bundles.page_seal(doubled, public_key=ISSUER.public_key, sign=ISSUER.key.sign)
    assert (Fault.ADDED, Part.PAGE, None) in faults(sealed)


# -- hostile files -------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=6), inside, max_size=3),
    max_leaves=6,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, one in inside for found in _paths(one, (*path, name)))]


STAFF_PATHS = _paths(STAFF.document())[1:]


@given(path=st.sampled_from(STAFF_PATHS), value=JSON)
@settings(max_examples=100)
def test_whatever_stands_anywhere_in_a_file_it_is_found_and_nothing_breaks(path: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(STAFF.document())
    holder: Any = document
    for name in path[:-1]:
        holder = holder[name]
    if bundles.canonical(holder[path[-1]]) == bundles.canonical(value):
        return
    holder[path[-1]] = value
    assert verify(bundles.to_bytes(document)).found
    # Sealed anew by somebody who has a key, it is at least read without an error.
    parts = {name: one for name, one in document.items() if name not in ("seal", "manifest", "schema")}
    if isinstance(document["seal"], dict) and set(parts) == set(map(str, LISTED)) and _can_be_listed(parts):
        verify(STAFF.file(parts))


def _can_be_listed(parts: Json) -> bool:
    return all(isinstance(parts[part], list | dict) for part in LISTED)


@pytest.mark.parametrize("data", [
    b"", b"\n", b"{}", b"[]", b"null", b"{", b"<", b"<!doctype html>", b"\xff\xfe{", b"PK\x03\x04", b'{"schema":1,"seal":2}',
    b'{"schema":"counterfoil.evidence.bundle/2","seal":{}}', b"[" * 200_000, b'{"a":' * 200_000, b"9" * 100_000,
    b'{"schema":NaN,"seal":1e999}', b'{"schema":"counterfoil.evidence.bundle/1","seal":"\\ud800"}',
    bundles.DATA_BEGINNING + b"{}" + bundles.DATA_END, bundles.SEAL_BEGINNING + b"{}" + bundles.SEAL_END,
], ids=range(19))  # fmt: skip
def test_what_is_no_bundle_is_said_not_to_be_one(data: bytes) -> None:
    result = verify(data)
    assert not result.verified
    assert lines(result, Language.EN)
    assert to_dict(result, Language.ZH)["verified"] is False


def test_a_bundle_of_a_later_format_is_not_guessed_at() -> None:
    assert faults(changed(lambda document: document.update(schema="counterfoil.evidence.bundle/2"))) == {
        (Fault.SCHEMA_UNKNOWN, Part.SCHEMA, None)
    }


def test_a_file_that_is_too_large_is_not_read() -> None:
    assert {one.fault for one in verify(b"{" + b" " * FILE_BYTES_MAX).found} == {Fault.TOO_LARGE}


def test_segments_that_promise_more_than_a_bundle_has_are_not_counted_out() -> None:
    parts = ISSUER.parts()
    parts["segments"][0]["last"] = 2**62
    started = time.perf_counter()
    assert (Fault.CHANGED, Part.SEGMENTS, None) in faults(ISSUER.file(parts))
    assert time.perf_counter() - started < 5


def test_a_bundle_at_its_limit_is_verified_in_seconds_and_is_half_of_what_a_file_may_be() -> None:
    issuer = Issuer(rows=ROWS_MAX, covered=ROWS_MAX)
    data = issuer.file()
    assert len(data) < FILE_BYTES_MAX // 4
    started = time.perf_counter()
    assert verify(data).verified
    assert time.perf_counter() - started < 20
    # And so is one in which every row is another.
    reversed_rows = changed(lambda document: document["transfers"].reverse(), issuer)
    assert len(verify(reversed_rows).found) == 100


# -- keys and words ------------------------------------------------------------------------------------------------------


def test_a_public_key_is_read_in_both_of_its_forms() -> None:
    raw = ISSUER.public_key
    assert read_public_key(raw.hex()) == raw
    assert read_public_key(f" {raw.hex()[:32]}\n{raw.hex()[32:]} ") == raw
    assert read_public_key("bVtI+3KpTmrEK8RNbR9VyqS/1HVbIyKfNzjsM4qTGy4=") != raw


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "00" * 31, "é" * 64, "A" * 44])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        read_public_key(text)
    assert error.value.code == "public_key_unreadable"


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_is_told_in_both_languages(fault: Fault, language: Language) -> None:
    result = verify(FILE)
    found = Found(fault=fault, part=Part.TRANSFERS, row=1_234, byte=5_678)
    said = sentence_of(found, result, language)
    assert "{" not in said
    if "{place}" in _template(fault):
        assert "1,234" in said


def _template(fault: Fault) -> str:
    from counterfoil.foundation.vocabulary import Kind, entry

    return entry(Kind.BUNDLE_FAULT, fault).label.en


@pytest.mark.parametrize("language", list(Language))
def test_what_is_proved_and_what_is_not_is_told_in_both_languages(language: Language) -> None:
    for data in (FILE, STAFF_FILE, Issuer(covered=4).file()):
        told = to_dict(verify(data, trusted=[ISSUER.public_key]), language)
        assert told["proves"]
        assert told["cannot_prove"]
        assert all("{" not in one["message"] for one in [*told["proves"], *told["cannot_prove"]])


def test_what_a_file_says_of_itself_is_told_only_where_it_holds() -> None:
    assert to_dict(verify(FILE), Language.EN)["subject"] == "key_limit"
    assert to_dict(verify(changed(lambda document: document["records"].clear())), Language.EN)["subject"] is None
