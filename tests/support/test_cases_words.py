"""Everything that a case can be, and every error of the desk, has its words in both languages."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from counterfoil.foundation.vocabulary import ALL_ENTRIES, Entry, Kind, Language, support_cases
from counterfoil.support.desk_model import SettlementKind
from counterfoil.support.model import Agreement, CaseEventKind, CaseState, Channel, Priority, Resolution
from counterfoil.support.replies_rules import ObjectionKind
from counterfoil.support.rules import CaseError


@pytest.fixture(name="words")
def words_fixture(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    # A kind is its own text, whether the table has it yet or not.
    monkeypatch.setattr(support_cases, "Kind", str)
    return list(support_cases.case_entries())


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("case_state", list(CaseState)),
        ("case_event", list(CaseEventKind)),
        ("case_resolution", list(Resolution)),
        ("agreement", list(Agreement)),
        ("case_priority", list(Priority)),
        ("case_channel", list(Channel)),
        ("error", list(CaseError)),
        ("approval_action", [f"case_{kind}" for kind in SettlementKind]),
    ],
)
def test_every_code_has_its_words_and_there_are_no_others(kind: str, codes: list[str], words: list[Entry]) -> None:
    assert sorted(one.code for one in words if one.kind == kind) == sorted(codes)


def test_every_objection_and_settlement_has_its_word(words: list[Entry]) -> None:
    told = {one.code for one in words if one.kind == Kind.WORD}
    assert {f"objection_{kind}" for kind in ObjectionKind} | {f"case_settled_{kind}" for kind in SettlementKind} <= told


@pytest.mark.parametrize("language", list(Language))
def test_no_two_of_a_kind_read_the_same(language: Language, words: list[Entry]) -> None:
    keys = {(one.kind, one.code) for one in words}
    others = [one for one in ALL_ENTRIES if (one.kind, one.code) not in keys]
    mine = {one.kind for one in words}
    for pick in ("label", "explanation"):
        every = Counter(
            (one.kind, getattr(one, pick)[language]) for one in [*words, *others] if one.kind in mine - {"word"}
        )
        own = {(one.kind, getattr(one, pick)[language]) for one in words}
        assert [said for said, count in every.items() if count > 1 and said in own] == []


def test_each_language_is_whole_and_itself(words: list[Entry]) -> None:
    for one in words:
        step = one.next_step
        for text in (one.explanation, step.where_to_look, step.what_to_change, step.how_to_go_back):
            assert text.zh[-1] in "。？", text.zh
            assert text.en[-1] in ".?", text.en
            assert re.search(r"[\u4e00-\u9fff]", text.zh)
            assert not re.search(r"[\u4e00-\u9fff，]", text.en)
            assert ", " not in text.zh
