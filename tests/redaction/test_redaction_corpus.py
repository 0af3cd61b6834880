"""No secret of the corpus is missed, nothing harmless is taken for one, and no secret survives masking or logging."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from counterfoil.cli import redaction_corpus
from counterfoil.cli.redaction_corpus.corpus import SEED, look_alike_texts, positives
from counterfoil.cli.redaction_corpus.judging import is_caught
from counterfoil.cli.redaction_corpus.model import Positive
from counterfoil.redaction import kingfisher
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import normalise, view
from counterfoil.redaction.rules import redact, redact_value
from counterfoil.redaction.scanner import redact_fully, redact_value_fully, scan, scan_json

SEEDS = (SEED, 1, 2, 3)
# A whole block is private as such. In a log line its secrets are masked, and the rest of it is a log's own business.
BLOCKS = ("log_dump.", "cookie.headers", "cookie.response_headers", "cookie.verbose", "request_body.curl")
# Embedded pictures of tickets; a log's are addresses like any other.
EMBEDDED = ("image.markdown", "image.html")


def test_the_corpus_is_large_of_every_class_and_in_two_languages() -> None:
    planted, harmless = positives(), look_alike_texts()
    assert len(planted) >= 400
    assert len(harmless) >= 400
    counts = Counter(name for one in planted for name in one.classes)
    assert set(counts) == {kind.value for kind in SecretKind}
    assert min(counts.values()) >= 15
    for texts in ([one.text for one in planted], [one.text for one in harmless]):
        in_chinese = sum(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in texts)
        assert 0.3 < in_chinese / len(texts) < 0.8


def test_the_corpus_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert positives(7) == positives(7)
    assert look_alike_texts(7) == look_alike_texts(7)
    assert positives(7) != positives(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_secret_is_missed(seed: int) -> None:
    missed = [(one.name, one.text) for one in positives(seed) if not is_caught(one, scan(one.text))]
    assert missed == []


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_harmless_is_taken_for_a_secret(seed: int) -> None:
    taken = [(one.name, one.text, found) for one in look_alike_texts(seed) if (found := scan(one.text))]
    assert taken == []


def test_what_is_harmless_in_a_ticket_stays_as_it_is_in_a_log() -> None:
    assert [one.text for one in look_alike_texts() if redact(one.text) != one.text] == []


def test_no_secret_survives_masking_and_nothing_is_found_in_what_is_left() -> None:
    for one in positives():
        masked = redact_fully(one.text)
        assert one.secret not in masked, one.name
        assert scan(masked) == [], (one.name, masked)
        assert redact_fully(masked) == masked


def test_no_secret_survives_in_a_log_line_or_a_document() -> None:
    for one in positives():
        for masked in (redact_value_fully({"note": one.text}), *_logged(one)):
            assert one.secret not in _strings(masked), (one.name, masked)


def _logged(one: Positive) -> list[Any]:
    if one.name.startswith((*BLOCKS, *EMBEDDED)):
        return []
    return [redact_value({"event": one.text}), redact_value([("note", one.text)])]


def _strings(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(map(_strings, value.values()))
    if isinstance(value, list):
        return "\n".join(map(_strings, value))
    return str(value)


def test_a_secret_is_found_in_a_long_text_as_in_a_short_one() -> None:
    """Long texts are searched another way, word by word."""
    rest = "\n" + "这里没有什么。 nothing to see here\n" * 200
    for one in positives()[::3]:
        assert scan(one.text + rest) == scan(one.text), one.name


def test_a_secret_is_found_in_a_document_at_its_place() -> None:
    for one in positives()[::7]:
        found = scan_json({"ticket": {"notes": ["fine", one.text]}})
        assert {placed.place for placed in found} == {"/ticket/notes/1"}
        assert is_caught(one, [placed.finding for placed in found])


def test_no_source_of_the_corpus_holds_what_a_scanner_takes_for_a_key() -> None:
    """Secrets are made from parts, so that no code host's scanner raises an alarm over this repository."""
    folder = Path(redaction_corpus.__file__).parent
    sources = [*folder.glob("*.py"), Path(__file__)]
    assert len(sources) > 5
    for path in sources:
        text = path.read_text(encoding="utf-8")
        assert list(kingfisher.find_known_keys(view(normalise(text)[0]))) == [], path


def test_judging_demands_the_whole_secret_and_its_class() -> None:
    one = Positive(name="x", classes=frozenset({"phone"}), text="tel 139 1234 5678.", start=4, end=17)

    def found(kind: SecretKind, start: int, end: int) -> list[Finding]:
        return [Finding(kind=kind, start=start, end=end, mask="")]

    assert is_caught(one, found(SecretKind.PHONE, 4, 17))
    assert is_caught(one, [*found(SecretKind.PHONE, 4, 7), *found(SecretKind.OTHER, 8, 17)])
    assert not is_caught(one, found(SecretKind.CARD, 4, 17))
    assert not is_caught(one, found(SecretKind.PHONE, 4, 16))
    assert not is_caught(one, found(SecretKind.PHONE, 5, 17))
    assert not is_caught(one, [])
