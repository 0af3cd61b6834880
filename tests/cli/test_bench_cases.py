"""`counterfoil bench cases` and `bench intake`: tickets are written about what was staged, sent, diagnosed and counted."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.bootstrap.services import STATUSES
from counterfoil.cli.bench_cases import measure
from counterfoil.cli.bench_cases_apart import is_ambiguous
from counterfoil.cli.bench_cases_counts import Measured, Miss
from counterfoil.cli.bench_cases_model import Happened, Mess, Phrases, Reporter, Ticket, Truth, Wording, Words
from counterfoil.cli.bench_cases_tickets import BALANCE, FAILED, FELL, RECHARGE, pasted_text, write_ticket
from counterfoil.cli.bench_cases_worded_tickets import write_worded
from counterfoil.cli.bench_cases_wordings import FRESH, HELD_OUT
from counterfoil.cli.bench_incidents import SCRIPTS
from counterfoil.cli.bench_incidents_model import Script
from counterfoil.cli.bench_intake import Measured as Taken
from counterfoil.foundation.ids import make_id
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Language
from counterfoil.redaction.scanner import scan, scan_json
from counterfoil.support import intake_rules
from counterfoil.support.intake_model import Outcome, Submission
from counterfoil.support.model import Channel
from counterfoil.support.templates_text import read_template

# 2026-03-14 08:30:00 UTC.
AT = 1_773_477_000_000_000
HOUR = 3_600_000_000
RECORD = make_id(AT, 7)
SEEN: Mapping[str, dict[str, Any]] = {
    BALANCE: {"kind": "request", "model": "chat", "status_code": 402, "code": "account_balance"},
    RECHARGE: {
        "kind": "order", "amount": 99_900_000_000, "currency": "CNY", "number": RECORD.hex, "payment_kind": "alipay"
    },
    FELL: {"kind": "account", "window": (AT, AT + 24 * HOUR)},
    FAILED: {"kind": "task", "task_kind": "video", "model": "film", "charge_mark": "not_charged"},
}  # fmt: skip


def reporter(language: Language) -> Reporter:
    return Reporter(
        account_id=make_id(AT - HOUR, 1), account_name="harbour-ember-12", email="lin@example.com", nickname="小雨",
        user_number=1042, key_mask="sk-…3fA9", group="team", time_zone="Asia/Shanghai", client="curl/8.9.1",
        language=language,
    )  # fmt: skip


def happened(problem: str) -> Happened:
    return Happened(record_id=RECORD, at=AT, **SEEN[problem])


def a_ticket(problem: str, seed: int, language: Language) -> Ticket:
    return write_ticket(
        problem, reporter(language), happened(problem), now=AT + HOUR, rng=random.Random(seed), other=make_id(AT, 9)
    )


@pytest.mark.parametrize("problem", [BALANCE, RECHARGE, FELL, FAILED])
@pytest.mark.parametrize("language", list(Language))
def test_a_ticket_is_what_its_form_takes_and_the_same_for_the_same_seed(problem: str, language: Language) -> None:
    met: set[Mess] = set()
    for seed in range(60):
        ticket = a_ticket(problem, seed, language)
        assert ticket == a_ticket(problem, seed, language)
        assert ticket.values
        assert set(ticket.values) <= set(FIELDS_OF_PROBLEM[ticket.problem])
        met |= ticket.messes
        if Mess.WRONG_CLASS not in ticket.messes:
            assert ticket.problem == problem
    assert {Mess.WRONG_CLASS, Mess.TWO_PROBLEMS, Mess.FULL_WIDTH, Mess.NO_ZONE} <= met


@pytest.mark.parametrize("problem", [BALANCE, RECHARGE, FELL, FAILED])
def test_the_intake_takes_every_ticket_but_whole_numbers_which_become_masks(problem: str) -> None:
    for seed in range(20):
        ticket = a_ticket(problem, seed, Language.ZH)
        judged = intake_rules.judge(
            Submission(
                problem=ticket.problem, language=ticket.language, channel=Channel.FORM,
                fields=tuple(ticket.values.items()),
            ),
            scan=scan, scan_json=scan_json,
        )  # fmt: skip
        is_whole = Mess.WHOLE_NUMBER in ticket.messes
        assert judged.outcome is (Outcome.OFFERED if is_whole else Outcome.ACCEPTED), ticket.values


@pytest.mark.parametrize("language", list(Language))
def test_a_ticket_sent_as_a_template_is_read_back_field_by_field(language: Language) -> None:
    for seed in range(20):
        ticket = a_ticket(RECHARGE, seed, language)
        read = read_template(pasted_text(ticket))
        assert read.problem == ticket.problem
        # What looks like the end of bold letters goes with them: a mask is one without its stars as well.
        said = {name: value.lstrip("*") for name, value in ticket.values.items() if "\n" not in value}
        assert {one.code: one.value.lstrip("*") for one in read.fields}.items() >= said.items()


def a_miss() -> tuple[Ticket, Truth]:
    ticket = replace(a_ticket(BALANCE, 1, Language.EN), messes=frozenset({Mess.NO_ZONE}))
    return ticket, Truth(problem=BALANCE, records=frozenset({RECORD}), causes=frozenset({"balance_exhausted"}))


def test_what_was_not_found_is_counted_by_class_mess_and_way_and_shown() -> None:
    measured = Measured()
    ticket, truth = a_miss()
    measured.count(ticket, truth, place=0, is_right=True)
    measured.count(ticket, truth, place=3, is_right=False)
    measured.misses.append(Miss(ticket=ticket, truth=truth, found="req_x", place=3, causes=("retry_spike",)))
    told = measured.to_json()
    assert (told["cases"], told["record_found_share"], told["cause_right_share"]) == (2, 0.5, 0.5)
    assert told["record_among_candidates_share"] == 1.0
    assert told["by_class"][BALANCE]["cases"] == told["by_mess"]["no_zone"]["cases"] == 2
    (missed,) = told["missed"]
    assert (missed["found"], missed["place"], missed["causes_found"]) == ("req_x", 3, ["retry_spike"])
    assert any("balance_exhausted; found req_x retry_spike" in line for line in measured.lines())


def test_a_ticket_without_a_record_counts_for_its_cause_alone() -> None:
    measured = Measured()
    ticket, truth = a_miss()
    measured.count(ticket, replace(truth, records=None), place=None, is_right=True)
    told = measured.to_json()
    assert (told["cases"], told["record_found_share"], told["cause_right_share"]) == (1, 1.0, 1.0)


async def test_tickets_of_each_class_go_through_intake_and_diagnosis(database_url: str, tmp_path: Path) -> None:
    names = {"the other order of the same recharge was paid", "a task that failed", "a model that is not permitted"}
    chosen = [Script(name=one.name, weight=1, scene=one.scene, days=1) for one in SCRIPTS if one.name in names]
    assert len(chosen) == len(names)
    measured = await measure(
        database_url, tmp_path, build_evidence=build_evidence, statuses=STATUSES, cases=6, seed=5,
        progress=lambda _: None, scripts=chosen, wording=Wording.FIRST,
    )  # fmt: skip
    told = measured.to_json()
    assert (told["cases"], told["wrongly_confirmed"]) == (6, 0)
    assert set(told["by_class"]) == {BALANCE, RECHARGE, FAILED}
    assert told["record_found_share"] == told["cause_right_share"] == 1.0, told["missed"]
    assert sum(each["cases"] for each in told["by_language"].values()) == 6
    assert set(told["by_wording"]) == {"first"}


async def test_look_alikes_are_staged_and_each_wording_has_shares_of_its_own(database_url: str, tmp_path: Path) -> None:
    names = {"an order nobody has paid", "a call that failed", "used up"}
    chosen = [Script(name=one.name, weight=1, scene=one.scene, days=1) for one in SCRIPTS if one.name in names]
    assert len(chosen) == len(names)
    measured = await measure(
        database_url, tmp_path, build_evidence=build_evidence, statuses=STATUSES, cases=9, seed=4,
        progress=lambda _: None, scripts=chosen,
    )  # fmt: skip
    told = measured.to_json()
    assert told["cases"] + told["ambiguous"]["cases"] == 9
    assert set(told["by_wording"]) == {"first", "held_out", "fresh"}
    assert (told["wrongly_confirmed"], measured.confirmed_by_itself) == (0, 0)


SETS = pytest.mark.parametrize("words", [HELD_OUT, FRESH], ids=lambda words: words.wording.value)


@SETS
@pytest.mark.parametrize("problem", [BALANCE, RECHARGE, FELL, FAILED])
@pytest.mark.parametrize("language", list(Language))
def test_tickets_of_the_other_wordings_are_what_their_form_and_the_intake_take(
    words: Words, problem: str, language: Language
) -> None:
    for seed in range(60):
        ticket, again = worded(words, problem, seed, language), worded(words, problem, seed, language)
        assert ticket == again
        assert ticket.wording is words.wording
        assert ticket.values
        assert set(ticket.values) <= set(FIELDS_OF_PROBLEM[ticket.problem])
        if Mess.WHOLE_NUMBER in ticket.messes:
            continue
        judged = intake_rules.judge(
            Submission(
                problem=ticket.problem, language=language, channel=Channel.FORM, fields=tuple(ticket.values.items())
            ),
            scan=scan, scan_json=scan_json,
        )  # fmt: skip
        # Words in the place of a code's end come back as a mask.
        is_offered = "code_last_four" in ticket.values and judged.outcome is Outcome.OFFERED
        assert is_offered or judged.outcome is Outcome.ACCEPTED, ticket.values


def worded(words: Words, problem: str, seed: int, language: Language) -> Ticket:
    # Half an id of digits alone, where a line broke, would be taken for a card's number.
    what = replace(happened(problem), record_id=make_id(AT, 0x5E3A9C1F7B2D40E8))
    return write_worded(
        words, problem, reporter(language), what, now=AT + HOUR, rng=random.Random(seed), other=make_id(AT, 9)
    )


def different(phrases: Phrases) -> int:
    """How many there are, in the language of fewest."""
    return min(len(set(phrases[language])) for language in Language)


@SETS
def test_each_class_and_mess_has_a_dozen_phrasings_in_each_language(words: Words) -> None:
    for phrases in (*words.openers.values(), *words.messes.values()):
        assert different(phrases) >= 12


def test_the_third_wording_has_half_as_many_phrasings_again_as_the_second() -> None:
    for mine, others in (
        (FRESH.openers, HELD_OUT.openers), (FRESH.messes, HELD_OUT.messes), (FRESH.fragments, HELD_OUT.fragments),
    ):  # fmt: skip
        for kind, phrases in others.items():
            assert 2 * different(mine[kind]) >= 3 * different(phrases), kind


def test_the_third_wording_says_hardly_anything_in_the_words_of_the_second() -> None:
    for mine, others in ((FRESH.openers, HELD_OUT.openers), (FRESH.messes, HELD_OUT.messes)):
        for language in Language:
            said, known = phrasings(mine, language), phrasings(others, language)
            assert len(said & known) < len(said) / 20, said & known


def phrasings(sets: Mapping[Any, Phrases], language: Language) -> set[str]:
    """All that is said in words; the marks around a value are the same in anybody's."""
    return {phrase for phrases in sets.values() for phrase in phrases[language] if "{" not in phrase or " " in phrase}


@pytest.mark.parametrize("language", list(Language))
def test_what_the_third_wording_says_of_a_time_and_an_amount_is_true_of_them(language: Language) -> None:
    said = set()
    for seed in range(300):
        rng = random.Random(seed)
        when = partial(FRESH.write_time, AT, zone="Asia/Shanghai", language=language, rng=rng, now=AT + 2 * HOUR)
        exact = when(messes={Mess.NO_ZONE})
        assert any(shown in exact for shown in SHOWN), exact
        said.add(when(messes={Mess.ROUNDED_TIME}))
        said.add(FRESH.write_amount(12_870_000_000, messes={Mess.ROUNDED_AMOUNT}, language=language, rng=rng))
    assert TRUE[language] <= said
    assert not any(wrong in each for each in said for wrong in ("3点", "6点", "3pm", "6pm", "14", "11")), said


# Half past four in the afternoon, as it may be written.
SHOWN = ("16:30", "16：30", "1630", "16点30", "16时30", "4:30", "4.30", "4点30", "１６：３０")
TRUE = {
    Language.ZH: {"今天下午4点半左右", "今天下午4点多", "2小时前", "差不多13", "12块多"},
    Language.EN: {"around 4:30pm today", "2 hours ago", "13ish", "12 something"},
}


def test_half_an_id_tells_a_record_from_another_of_the_same_minute() -> None:
    what = happened(BALANCE)
    alike = replace(what, alikes=(replace(what, record_id=make_id(AT + 1_000_000, 8)),))
    vague = replace(a_ticket(BALANCE, 1, Language.EN), messes=frozenset({Mess.MASK_FOR_ID}))
    assert is_ambiguous(replace(vague, values={"request_id": f"req_{RECORD.hex[:6]}"}), alike)
    assert not is_ambiguous(replace(vague, values={"request_id": f"req_{RECORD.hex[:16]}..."}), alike)


def test_a_ticket_is_ambiguous_while_nothing_in_it_tells_its_record_from_the_other() -> None:
    what = happened(BALANCE)
    twin = replace(what, record_id=make_id(AT, 8), at=AT + HOUR // 60)
    alike = replace(what, alikes=(twin,))
    vague = replace(
        a_ticket(BALANCE, 1, Language.EN), values={"model": "chat", "status_code": "402"}, messes=frozenset()
    )
    assert is_ambiguous(vague, alike)
    assert not is_ambiguous(vague, what)
    assert not is_ambiguous(replace(vague, values={"request_id": f"…{RECORD.hex[-6:]}"}), alike)
    timed = replace(vague, values={"request_time": "2026-03-14 16:30"})
    assert not is_ambiguous(timed, alike)
    assert is_ambiguous(replace(timed, messes=frozenset({Mess.ROUNDED_TIME})), alike)
    # Where only one of them ended so, how it ended tells them apart.
    assert not is_ambiguous(vague, replace(alike, alikes=(replace(twin, status_code=502),)))


def test_an_ambiguous_ticket_is_right_among_the_first_three_with_nothing_confirmed_and_counted_apart() -> None:
    measured = Measured()
    ticket, truth = a_miss()
    vague = replace(truth, is_ambiguous=True)
    measured.count(ticket, vague, place=2, is_right=False)
    measured.count(ticket, vague, place=3, is_right=True)
    measured.count(ticket, vague, place=None, is_right=True)
    measured.count(ticket, vague, place=0, is_right=True, is_confirmed=True)
    told = measured.to_json()
    assert told["cases"] == 0
    assert told["ambiguous"] == {"cases": 4, "right": 1, "right_share": 0.25}


def test_what_was_accepted_and_is_not_there_is_lost() -> None:
    taken = Taken(rate=200, seconds=1, sent=3)
    taken.statuses.update({200: 1, 201: 1, 503: 1})
    taken.stored, taken.diagnosed, taken.took = 1, 1, [0.004, 0.002, 0.1]
    told = taken.to_json()
    assert (told["accepted"], told["lost"], told["p50_ms"]) == (2, 1, 4.0)
    assert not taken.is_whole
    taken.statuses, taken.stored, taken.diagnosed = type(taken.statuses)({200: 3}), 3, 3
    assert taken.is_whole
