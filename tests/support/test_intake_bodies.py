"""Bodies as they should not be: files by another name, floods of fields, odd codings; everything in them is judged."""

from __future__ import annotations

import base64
import json

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Language
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.scanner import scan, scan_json
from counterfoil.support import intake_rules as rules
from counterfoil.support.intake_bodies import PAIRS_MAX, Body, read_body, read_json, read_pairs
from counterfoil.support.intake_model import Judged, Outcome, Submission, Unsafe
from counterfoil.support.model import Channel
from support.plants import TOKEN

MULTIPART = "multipart/form-data; boundary=b"
PROBLEM = "balance_not_enough"


def form(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def judged(body: Body) -> Judged:
    submission = Submission(
        problem=PROBLEM, language=Language.EN, channel=Channel.FORM, fields=body.fields, file_names=body.file_names
    )
    return rules.judge(submission, scan=scan, scan_json=scan_json)


@pytest.mark.parametrize(
    "header",
    [
        b'Content-Disposition: form-data; name="error_text"; filename="shot.png"',
        b"Content-Disposition: form-data; name=\"error_text\"; filename*=utf-8''shot.png",
        b'Content-Disposition: form-data; name="error_text"; filename*0="sh"; filename*1="ot.png"',
        b'content-DISPOSITION: form-data; NAME="error_text"; FILENAME="shot.png"',
        b'Content-Disposition: form-data; name="error_text"; filename="shot.png"\r\nContent-Disposition: form-data; name="error_text"',
        b'Content-Disposition: form-data; name="error_text"\r\nContent-Disposition: form-data; filename="shot.png"',
        b'Content-Disposition: attachment; name="error_text"; filename=C:\\shot.png',
    ],
)
def test_a_file_is_one_however_it_is_called_and_stays_unread(header: bytes) -> None:
    body = read_body(form(header + b"\r\nContent-Type: image/png\r\n\r\nwhat is in it"), MULTIPART)
    assert len(body.file_names) == 1
    assert "what is in it" not in str(body.fields)
    found = judged(body)
    assert found.outcome is Outcome.REFUSED
    assert {one.field for one in found.refused} == {"file"}
    assert found.form == {}


def test_a_secret_in_a_files_name_of_another_form_is_seen() -> None:
    header = f"Content-Disposition: form-data; name=\"f\"; filename*=utf-8''{TOKEN.replace('-', '%2D')}.png"
    found = judged(read_body(form(header.encode() + b"\r\n\r\nx"), MULTIPART))
    assert Unsafe(field="file_name", kind=SecretKind.API_KEY) in found.refused


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="error_text"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.b64encode(TOKEN.encode()),
        b'Content-Disposition: form-data; name="error_text"\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n'
        + TOKEN.encode("utf-16"),
        b"X-Nothing: else\r\n\r\n" + TOKEN.encode(),
        b'Content-Disposition: form-data; name="error_text"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n'
        + TOKEN.encode() + b"\r\n--c--",
        b'Content-Disposition: form-data; name="' + TOKEN.encode() + b'"\r\n\r\nx',
    ],
)  # fmt: skip
def test_a_part_that_says_that_it_is_something_else_is_judged_as_it_is(part: bytes) -> None:
    found = judged(read_body(form(part), MULTIPART))
    assert SecretKind.API_KEY in {one.kind for one in found.refused}
    assert TOKEN not in str(found.form)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/mixed; boundary=b", "", "\x00", "a/b;" * 99]
)
def test_any_other_type_is_read_as_a_plain_form(content_type: str) -> None:
    for raw in (json.dumps({"error_text": TOKEN}).encode(), form(b"\r\n" + TOKEN.encode())):
        assert judged(read_body(raw, content_type)).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'b' * 71}",
     "multipart/form-data; boundary=c", "multipart/form-data; boundary*=utf-8''b"],
)  # fmt: skip
def test_a_form_with_files_that_cannot_be_read_says_so_and_no_more(content_type: str) -> None:
    with pytest.raises(InputError) as raised:
        read_body(form(b'Content-Disposition: form-data; name="a"\r\n\r\n' + TOKEN.encode()), content_type)
    assert TOKEN not in f"{raised.value}{raised.value.__cause__}"


def test_a_flood_of_fields_is_cut_short_and_refused() -> None:
    flood = 100_000
    plain = Body(fields=read_pairs(b"a&" * flood))
    members = read_json(b"{" + b'"a":{},' * flood + b'"a":1}')
    items = read_json(b'{"a":[' + b"1," * flood + b"1]}")
    for body in (plain, members, items):
        assert len(body.fields) == PAIRS_MAX + 1
        assert Unsafe(field="other_field", kind=SecretKind.OTHER) in judged(body).refused
    part = b'Content-Disposition: form-data; name="a"\r\n\r\nx'
    assert len(read_body(form(*[part] * PAIRS_MAX), MULTIPART).fields) == PAIRS_MAX
    with pytest.raises(InputError):
        read_body(form(*[part] * (PAIRS_MAX + 1)), MULTIPART)


def test_a_field_that_comes_again_is_judged_and_not_kept() -> None:
    for body in (
        Body(fields=read_pairs(f"model=gpt-4o&model={TOKEN}".encode())),
        read_json(f'{{"model": "gpt-4o", "fields": {{"model": "{TOKEN}"}}}}'.encode()),
    ):
        found = judged(body)
        assert Unsafe(field="model", kind=SecretKind.API_KEY) in found.refused
        assert found.values == {"model": "gpt-4o"}


@pytest.mark.parametrize("sign", ["\0", "\ud800", "\u202e", "\u2066", "\x1b", "\ufffe", "\ue000", "\u0378"])
def test_signs_that_nobody_sees_are_not_kept(sign: str) -> None:
    name = next(iter(FIELDS_OF_PROBLEM[PROBLEM]))
    body = read_json(json.dumps({name: f"a{sign}b"}).encode())
    assert judged(body).values == {name: "ab"}


@pytest.mark.parametrize("length", [30_000, 250_000])
def test_what_is_far_too_long_is_named_and_a_key_in_its_beginning_is_its_owners_concern(length: int) -> None:
    found = judged(Body(fields=(("error_text", f"{TOKEN} " + "x " * length), ("model", "gpt-4o"))))
    assert Unsafe(field="error_text", kind=SecretKind.OTHER) in found.refused
    assert Unsafe(field="error_text", kind=SecretKind.API_KEY) in found.refused
    assert found.key_hashes
    assert "error_text" not in found.form
