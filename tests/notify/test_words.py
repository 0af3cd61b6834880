"""What people read: whole in both languages for every kind, and without what nobody may read."""

from __future__ import annotations

import pytest

from counterfoil.foundation.vocabulary import Kind, Language, entries, entry
from counterfoil.notify.messages import ids_to_name, link_of, places, render
from counterfoil.notify.model import (
    ANNOUNCED,
    FOR_ACCOUNTS,
    FOR_OPERATIONS,
    FOR_OPERATIONS_ALONE,
    AlertKind,
    DeliveryState,
    Outcome,
)

ACCOUNT, GROUP, KEY = (f"{prefix}_{number:032x}" for number, prefix in enumerate(("acct", "grp", "key"), 1))
TASK, ORDER, MEMBER = f"task_{4:032x}", f"ord_{5:032x}", f"mem_{6:032x}"
FACTS = {
    "account": ACCOUNT, "balance": "3.20 USD", "threshold": "5.00 USD", "daily": "1.30 USD", "days": "2.4",
    "hour": "2026-11-29T10:00Z", "spent": "30.00 USD", "usual": "1.00 USD", "amount": "4.00 USD",
    "expires": "2026-12-06T00:00Z", "window": "day", "unit": "tokens", "used": "80000", "limit": "100000",
    "resets": "2026-11-30T00:00Z", "group": GROUP, "key": KEY, "order": ORDER, "paid": "100.00 CNY",
    "credited": "14.00 USD", "bonus": "1.00 USD", "refunded": "5.00 CNY", "what": "refund_failed", "task": TASK,
    "code": "…3FA9", "upstream": "backend", "invoice_state": "issued",
    "asked_by": MEMBER, "answer": "raised", "until": "2026-12-01T16:00Z",
    "key_mask": "sk-…3fA9", "case": "CS-7K2M-9QXT", "currency": "USD",
}  # fmt: skip
NAMES = {ACCOUNT: "Acme", MEMBER: "ada@example.com", GROUP: "research", KEY: "ci (sk-…3fA9)"}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(AlertKind))
def test_every_kind_is_told_whole_in_both_languages(kind: AlertKind, language: Language) -> None:
    message = render(kind, FACTS, language=language, link="https://desk.example", names=NAMES)
    assert message.title
    assert len(message.title) < 120
    assert len(message.lines) == 3
    assert message.lines[-1] == "https://desk.example"
    text = message.title + message.body
    assert "{" not in text
    assert "—" not in text
    assert "acct_" not in text
    for place in places(kind) - {
        "window",
        "unit",
        "what",
        "invoice_state",
        "answer",
        "account",
        "group",
        "key",
        "asked_by",
    }:
        assert FACTS[place] in text, place


@pytest.mark.parametrize("kind", list(AlertKind))
def test_a_subject_and_its_text_have_the_same_owner_and_next_step(kind: AlertKind) -> None:
    subject, text = entry(Kind.NOTIFICATION, kind), entry(Kind.NOTIFICATION_TEXT, kind)
    assert (subject.owner, subject.public, subject.next_step) == (text.owner, text.public, text.next_step)
    assert subject.public == (kind not in FOR_OPERATIONS_ALONE)


def test_the_vocabulary_has_just_the_kinds_states_and_outcomes_of_the_program() -> None:
    for kind, codes in (
        (Kind.NOTIFICATION, AlertKind), (Kind.NOTIFICATION_TEXT, AlertKind), (Kind.DELIVERY_STATE, DeliveryState),
        (Kind.DELIVERY_OUTCOME, Outcome),
    ):  # fmt: skip
        assert {one.code for one in entries(kind)} == {str(code) for code in codes}


def test_no_upstream_is_named_to_customers() -> None:
    for kind in FOR_ACCOUNTS:
        assert "upstream" not in places(kind)
        for one in (entry(Kind.NOTIFICATION, kind), entry(Kind.NOTIFICATION_TEXT, kind)):
            assert "pstream" not in one.label.en + one.explanation.en
            assert "上游" not in one.label.zh + one.explanation.zh


def test_every_kind_has_readers() -> None:
    assert set(FOR_ACCOUNTS) | FOR_OPERATIONS == set(ANNOUNCED)


def test_a_fact_that_is_missing_is_a_dash() -> None:
    message = render("order_credited", {}, language=Language.EN, link="x", names={})
    assert message.title == "Recharge credited: —"


def test_codes_are_told_in_the_readers_words() -> None:
    message = render("group_limit_80", {**FACTS, "resets": "never"}, language=Language.ZH, link="x", names=NAMES)
    assert "research 的每日额度（Token 数）" in message.body
    assert "不重置" in message.body
    message = render("order_attention", FACTS, language=Language.EN, link="x", names=NAMES)
    assert message.title.endswith(entry(Kind.ORDER_ATTENTION, "refund_failed").label.en)
    unknown = render("order_attention", {**FACTS, "what": "never_heard_of"}, language=Language.EN, link="x", names={})
    assert unknown.title.endswith("never_heard_of")


def test_what_has_no_name_is_told_by_its_id() -> None:
    message = render("group_limit_80", FACTS, language=Language.EN, link="x", names={GROUP: ""})
    assert GROUP in message.title
    assert ids_to_name(FACTS) == (ACCOUNT, GROUP, KEY, MEMBER)
    assert ids_to_name({"group": "no id"}) == ()


def test_a_name_is_told_on_one_line_and_without_secrets() -> None:
    token = "sk-" + "a1B2c3D4" * 6
    names = {GROUP: f"team\nBcc: x {token}", ACCOUNT: "x" * 500}
    message = render("group_limit_80", FACTS, language=Language.EN, link="x", names=names)
    assert token not in message.title + message.body
    assert "\n" not in message.title
    assert "x" * 200 not in message.body


@pytest.mark.parametrize(
    ("kind", "facts", "path"),
    [
        ("task_refunded", {"task": TASK, "account": ACCOUNT}, f"/why/{TASK}"),
        ("task_refunded", {"task": "../../elsewhere"}, ""),
        ("balance_low", {}, ""),
        ("key_limit_80", {"account": ACCOUNT, "key": KEY}, ""),
        ("key_exposed", {"account": ACCOUNT, "key": KEY}, f"/console/accounts/{ACCOUNT}/keys/{KEY}/rotate"),
        (
            "key_exposed",
            {"account": ACCOUNT, "key": KEY, "key_mask": "sk-…3fA9"},
            f"/console/accounts/{ACCOUNT}/keys/{KEY}/rotate?exposed=sk-%E2%80%A63fA9",
        ),
        ("case_answered", {"account": ACCOUNT, "case": "CS-2345-6789"}, "/console/support/CS-2345-6789"),
        ("case_settled", {"account": ACCOUNT, "case": "../elsewhere"}, ""),
        ("key_exposed", {"account": ACCOUNT, "key": "../../elsewhere"}, ""),
    ],
)
def test_a_link_leads_to_the_task_to_the_exposed_key_or_to_the_first_page(
    kind: str, facts: dict[str, str], path: str
) -> None:
    assert link_of("https://desk.example", kind, facts) == "https://desk.example" + path
