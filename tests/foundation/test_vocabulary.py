"""The table of words: whole in both languages, without duplicates, and covering every code that the program has."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import counterfoil
from counterfoil.approvals.model import ApprovalAction, ApprovalPolicy, ApprovalState
from counterfoil.evidence.bundle_verdict import Fault, Proof
from counterfoil.evidence.bundles import Omission, Part, View
from counterfoil.evidence.bundles_store import RECORD_KINDS
from counterfoil.evidence.drops import PartKind
from counterfoil.evidence.findings import FindingCode
from counterfoil.evidence.same_account import ClaimKind, SameAccountVerdict
from counterfoil.evidence.waterfall import Dimension
from counterfoil.evidence.waterfall_steps import StepKind
from counterfoil.foundation import errors
from counterfoil.foundation.periods import Window
from counterfoil.foundation.vocabulary import (
    ALL_ENTRIES,
    FIELDS_OF_PROBLEM,
    Entry,
    Kind,
    Language,
    Owner,
    Text,
    callbacks,
    entries,
    entry,
    error_entry,
    find_entry,
    task_errors,
    text,
)
from counterfoil.identity.access import Own, Role, Staff, StaffRole
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.invitations_model import InvitationState
from counterfoil.identity.mails import MailKind
from counterfoil.identity.people_model import PersonStatus
from counterfoil.knowledge.model import ArticleKind
from counterfoil.knowledge.preferred_terms import banned_in, preferred_terms
from counterfoil.ledger.model import GrantKind, GrantState, HoldVerb, TransferCode
from counterfoil.limits.asks_model import AskState
from counterfoil.limits.model import DuplicatePolicy, Policy, Scope, Status, Unit
from counterfoil.notify.model import AlertKind, ChannelStatus, DeliveryState
from counterfoil.notify.model import Outcome as DeliveryOutcome
from counterfoil.recharge.codes_model import CodeState
from counterfoil.recharge.invoices_model import InvoiceState
from counterfoil.recharge.model import DisputeState, OrderSource, OrderState, ProviderKind, RefundState
from counterfoil.recharge.rules import Outcome
from counterfoil.reconcile.desk_model import (
    BreakEventKind,
    BreakState,
    InconclusiveReason,
    RunState,
    SettlementAction,
    SourceKind,
)
from counterfoil.reconcile.model import Book, BreakClass
from counterfoil.reconcile.statements.model import RejectReason
from counterfoil.spend.model import AttemptOutcome, ChargeMark, RequestState
from counterfoil.spend.submissions import Verdict
from counterfoil.support.model import Agreement, CaseEventKind, CaseState, Channel, Priority, Resolution
from counterfoil.tasks.model import DownloadState, Source, TaskKind, TaskState

# DESIGN §6, by precedence.
REFUSALS = [
    "key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended", "model_not_permitted",
    "bad_request", "model_not_found", "idempotency_key_reused", "duplicate_submission", "too_many_in_flight",
    "rate_limited",
    "cost_unbounded", "request_ceiling", "key_limit", "group_quota", "account_balance", "price_missing",
    "overloaded", "upstream_unavailable", "upstream_error", "upstream_timeout",
]  # fmt: skip
CAUSES = [
    "balance_exhausted", "group_quota_reached", "key_limit_reached", "model_not_permitted", "high_cost_task",
    "duplicate_submissions", "credit_expired", "credit_frozen", "retry_spike", "held_in_flight",
]  # fmt: skip

# Outcomes of which an order's history says nothing: nothing of the order has changed.
SILENT_OUTCOMES = {Outcome.REPEATED, Outcome.IGNORED, Outcome.ORDER_UNKNOWN, Outcome.OTHER_PROVIDER}
ORDER_STEPS = [
    "created", "payment_begun", "cancelled", "looked_at", "refund_approved",
    *(f"refund_{state}" for state in RefundState if state is not RefundState.WAITING),
]  # fmt: skip
NOTICES_NOT_BELIEVED = [
    "notice_not_configured", "notice_signature_wrong", "notice_stale", "notice_other_merchant", "notice_unreadable",
]  # fmt: skip
ORDER_MATTERS = [
    *(outcome for outcome in Outcome if outcome.needs_attention), "refund_failed", "refund_unknown", "refund_shortfall",
]  # fmt: skip

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What a Chinese sentence may keep in Latin letters: names, codes and commands, but not four plain words in a row.
ENGLISH_SENTENCE = re.compile(r"(?:\b[A-Za-z][a-z']+\b[ ,;:]+){3,}\b[A-Za-z][a-z']+\b")
# A name that is the same in every language: `HTTP 402`, `Key`, `Stripe`.
NAME = re.compile(r"(?:HTTP|Key|Stripe)(?: \{[a-z]+\})?")
ON_SCREEN = (Kind.PAGE, Kind.BUTTON, Kind.WORD)
COMMAND = re.compile(r"counterfoil [a-z]+ [a-z]+")

# By kind, not by entry: thousands of tests of a few microseconds each would take longer to be told than to run.
each_kind = pytest.mark.parametrize("kind", list(Kind))


def texts(one: Entry) -> Iterator[tuple[str, Text]]:
    yield "label", one.label
    yield "explanation", one.explanation
    yield "where_to_look", one.next_step.where_to_look
    yield "what_to_change", one.next_step.what_to_change
    yield "how_to_go_back", one.next_step.how_to_go_back


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@each_kind
def test_an_entry_is_whole(kind: Kind) -> None:
    for one in entries(kind):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", one.code), one.code
        assert one.article.startswith("/help/"), one.code
        assert isinstance(one.owner, Owner), one.code
        for name, words in texts(one):
            for language in Language:
                written = words[language]
                assert written.strip() == written, (one.code, name)
                assert written, (one.code, name)
                if name not in ("label",):
                    assert written[-1] in "。.：:?？", (one.code, name, written)


@each_kind
def test_each_language_is_itself(kind: Kind) -> None:
    for one in entries(kind):
        for name, words in texts(one):
            assert CHINESE.search(words.zh) or NAME.fullmatch(words.zh), (one.code, name, words.zh)
            assert not ENGLISH_SENTENCE.search(COMMAND.sub("", words.zh)), (one.code, name, words.zh)
            assert not CHINESE.search(words.en), (one.code, name, words.en)
            assert "，" not in words.en, (one.code, name, words.en)
            assert ", " not in words.zh, (one.code, name, words.zh)


@each_kind
def test_both_languages_fill_in_the_same_places(kind: Kind) -> None:
    for one in entries(kind):
        for name, words in texts(one):
            assert places(words.zh) == places(words.en), (one.code, name, words)
            if name != "label":
                assert not places(words.en), (one.code, "only labels are filled in")


def test_a_code_occurs_once_in_its_kind() -> None:
    counted = Counter((one.kind, one.code) for one in ALL_ENTRIES)
    assert [key for key, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(Kind))
def test_two_codes_of_a_kind_never_read_the_same(kind: Kind, language: Language) -> None:
    said = [(one.label[language], one.explanation[language]) for one in entries(kind)]
    # On a screen, one word may name a column here and a row there; what it means there is in its hint.
    columns = [said] if kind in ON_SCREEN else [[label for label, _ in said], [words for _, words in said]]
    for column in columns:
        assert [words for words, count in Counter(column).items() if count > 1] == []


@pytest.mark.parametrize("kind", [Kind.REFUSAL, Kind.CAUSE])
def test_each_refusal_and_cause_has_next_steps_of_its_own_to_look_and_to_change(kind: Kind) -> None:
    shared = {"upstream_unavailable", "upstream_error", "overloaded", "upstream_timeout"}
    own = [one for one in entries(kind) if one.code not in shared]
    for pick in (lambda one: one.next_step.where_to_look, lambda one: one.next_step.what_to_change):
        counted = Counter(pick(one).en for one in own)
        assert [words for words, count in counted.items() if count > 1] == []


def test_no_kind_is_empty() -> None:
    assert [kind for kind in Kind if not entries(kind)] == []


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (Kind.REFUSAL, REFUSALS),
        (Kind.CAUSE, CAUSES),
        (Kind.FINDING, list(FindingCode)),
        (Kind.WATERFALL_STEP, list(StepKind)),
        (Kind.WATERFALL_BY, list(Dimension)),
        (Kind.SPENDING_PART, list(PartKind)),
        (Kind.REQUEST_STATE, list(RequestState)),
        (Kind.ATTEMPT_STATE, list(AttemptOutcome)),
        (Kind.CHARGE_MARK, list(ChargeMark)),
        (Kind.TASK_STATE, list(TaskState)),
        (Kind.TASK_KIND, list(TaskKind)),
        (Kind.TASK_SOURCE, list(Source)),
        (Kind.DOWNLOAD_STATE, list(DownloadState)),
        (Kind.INPUT_TYPE, ["text", "image", "text_and_image", "audio", "video"]),
        (Kind.VERDICT, [*Verdict, "loop"]),
        (Kind.HOLD_STATE, ["open", *HoldVerb]),
        (Kind.GRANT_STATE, list(GrantState)),
        (Kind.GRANT_KIND, list(GrantKind)),
        (Kind.TRANSFER_CODE, list(TransferCode)),
        (Kind.CHECK_SCOPE, list(Scope)),
        (Kind.LIMIT_WINDOW, list(Window)),
        (Kind.LIMIT_UNIT, list(Unit)),
        (Kind.LIMIT_ASK_STATE, list(AskState)),
        (Kind.GROUP_STATE, list(Status)),
        (Kind.KEY_STATE, [*Status, "expired"]),
        (Kind.DUPLICATE_POLICY, list(DuplicatePolicy)),
        (Kind.NOTIFICATION, list(AlertKind)),
        (Kind.NOTIFICATION_TEXT, list(AlertKind)),
        (Kind.CHANNEL_STATE, list(ChannelStatus)),
        (Kind.DELIVERY_STATE, list(DeliveryState)),
        (Kind.DELIVERY_OUTCOME, list(DeliveryOutcome)),
        (Kind.CODE_STATE, list(CodeState)),
        (Kind.SAME_ACCOUNT_VERDICT, list(SameAccountVerdict)),
        (Kind.ACCOUNT_CLAIM, list(ClaimKind)),
        (Kind.BUNDLE_PART, list(Part)),
        (Kind.BUNDLE_VIEW, list(View)),
        (Kind.BUNDLE_OMISSION, list(Omission)),
        (Kind.BUNDLE_FAULT, list(Fault)),
        (Kind.BUNDLE_PROOF, list(Proof)),
        (Kind.RECORD_KIND, list(RECORD_KINDS)),
        (Kind.ORDER_STATE, list(OrderState)),
        (Kind.ORDER_SOURCE, list(OrderSource)),
        (Kind.ORDER_EVENT, [*ORDER_STEPS, *(outcome for outcome in Outcome if outcome not in SILENT_OUTCOMES)]),
        (Kind.ORDER_ATTENTION, ORDER_MATTERS),
        (Kind.NOTICE_OUTCOME, [*Outcome, *NOTICES_NOT_BELIEVED]),
        (Kind.REFUND_STATE, list(RefundState)),
        (Kind.DISPUTE_STATE, list(DisputeState)),
        (Kind.PROVIDER_KIND, list(ProviderKind)),
        (Kind.INVOICE_STATE, list(InvoiceState)),
        (Kind.APPROVAL_STATE, list(ApprovalState)),
        (Kind.APPROVAL_ACTION, list(ApprovalAction)),
        (Kind.APPROVAL_POLICY, list(ApprovalPolicy)),
        (Kind.OUTPUT_POLICY, list(Policy)),
        (Kind.BREAK_CLASS, list(BreakClass)),
        (Kind.BREAK_STATE, list(BreakState)),
        (Kind.BREAK_EVENT, list(BreakEventKind)),
        (Kind.BREAK_ACTION, list(SettlementAction)),
        (Kind.RUN_STATE, list(RunState)),
        (Kind.RUN_REASON, list(InconclusiveReason)),
        (Kind.REJECT_REASON, list(RejectReason)),
        (Kind.STATEMENT_SOURCE, list(SourceKind)),
        (Kind.BOOK, list(Book)),
        (Kind.CASE_STATE, list(CaseState)),
        (Kind.ARTICLE_KIND, list(ArticleKind)),
        (Kind.CASE_EVENT, list(CaseEventKind)),
        (Kind.CASE_RESOLUTION, list(Resolution)),
        (Kind.AGREEMENT, list(Agreement)),
        (Kind.CASE_PRIORITY, list(Priority)),
        (Kind.CASE_CHANNEL, list(Channel)),
        (Kind.OWNER, list(Owner)),
        (Kind.ROLE, list(Role)),
        (Kind.STAFF_ROLE, list(StaffRole)),
        (Kind.PERMISSION, [permission.replace(".", "_") for permission in [*Own, *Staff]]),
        (Kind.PERSON_STATE, list(PersonStatus)),
        (Kind.INVITATION_STATE, list(InvitationState)),
        (Kind.AUDIT_EVENT, list(AuditEventKind)),
        (Kind.MAIL, list(MailKind)),
        (Kind.MODEL_TIER, ["economy", "standard", "premium", "image", "video"]),
        (Kind.ACCOUNT_STATE, ["active", "suspended", "closed"]),
    ],
    ids=lambda value: value if isinstance(value, Kind) else "",
)
def test_the_table_has_just_the_codes_of_the_program(kind: Kind, codes: list[str]) -> None:
    assert {one.code for one in entries(kind)} == {str(code) for code in codes}


def test_a_customer_can_be_shown_every_refusal_and_cause() -> None:
    assert all(one.public for kind in (Kind.REFUSAL, Kind.CAUSE, Kind.CHARGE_MARK) for one in entries(kind))


def test_internal_routing_is_not_public() -> None:
    assert not any(one.public for one in entries(Kind.ATTEMPT_STATE))


def test_every_problem_class_asks_for_fields_that_exist() -> None:
    assert set(FIELDS_OF_PROBLEM) == {one.code for one in entries(Kind.PROBLEM_CLASS)}
    for fields in FIELDS_OF_PROBLEM.values():
        assert len(fields) == len(set(fields))
        for field in fields:
            assert entry(Kind.EVIDENCE_FIELD, field).public
    asked = {field for fields in FIELDS_OF_PROBLEM.values() for field in fields}
    assert asked == {one.code for one in entries(Kind.EVIDENCE_FIELD)}


RAISING = {name for name, value in vars(errors).items() if isinstance(value, type)}


def calls_of(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Every call of these that the program makes, with the file it stands in."""
    for path in Path(counterfoil.__file__).parent.rglob("*.py"):
        if "vocabulary" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield path.name, node


def strings_in(given: ast.expr) -> Iterator[str]:
    """The strings that an argument may be: itself, or either side of a condition."""
    if isinstance(given, ast.IfExp):
        yield from strings_in(given.body)
        yield from strings_in(given.orelse)
    elif isinstance(given, ast.Constant) and isinstance(given.value, str):
        yield given.value


def codes_raised() -> Iterator[tuple[str, str]]:
    """Every `code="…"` that the program gives to an error or refusal, with the file it stands in."""
    for file, call in calls_of(RAISING):
        for keyword in call.keywords:
            if keyword.arg == "code":
                yield from ((file, code) for code in strings_in(keyword.value))


def problems_told() -> Iterator[tuple[str, str]]:
    """Every input problem that the program gives to an error, with the file it stands in."""
    for file, call in calls_of({*RAISING, "Misunderstood", "bad"}):
        given = [keyword.value for keyword in call.keywords if keyword.arg == "problem"]
        if isinstance(call.func, ast.Name) and call.func.id == "bad":
            given += call.args[:1]
        yield from ((file, problem) for value in given for problem in strings_in(value))


def test_every_error_has_its_words() -> None:
    known = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = {("errors.py", value.code) for value in known if issubclass(value, errors.CounterfoilError)}
    codes |= {("errors.py", code) for code in errors.HoldEnded.CODES}
    codes -= {("errors.py", errors.HoldEnded.code)}
    missing = [
        (file, code)
        for file, code in sorted(codes | set(codes_raised()))
        if find_entry(Kind.ERROR, code) is None and find_entry(Kind.REFUSAL, code) is None
    ]
    assert missing == []


def test_every_problem_of_an_input_has_its_words() -> None:
    found = set(problems_told())
    assert {"body_not_json", "field_too_small"} < {code for _, code in found}
    assert [(file, code) for file, code in sorted(found) if find_entry(Kind.INPUT_PROBLEM, code) is None] == []


def told_of_orders(method: str) -> Iterator[tuple[str, str]]:
    """Every string that the recharge room hands to a method of this name first, with the file it stands in."""
    for path in (Path(counterfoil.__file__).parent / "recharge").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                yield from ((path.name, said) for given in node.args[:1] for said in strings_in(given))


@pytest.mark.parametrize(
    ("method", "kind", "known"),
    [("write", Kind.ORDER_EVENT, "refund_approved"), ("ask_for_attention", Kind.ORDER_ATTENTION, "refund_shortfall")],
)
def test_whatever_happens_to_an_order_has_its_words(method: str, kind: Kind, known: str) -> None:
    found = set(told_of_orders(method))
    assert known in {said for _, said in found}
    assert [(file, said) for file, said in sorted(found) if find_entry(kind, said) is None] == []


@pytest.mark.parametrize("state", [state for state in OrderState if not state.is_credited])
def test_an_order_without_a_credit_says_so_and_not_to_pay_twice(state: OrderState) -> None:
    one = entry(Kind.ORDER_STATE, state)
    assert re.search(r"nothing (was|is) credited", one.explanation.en)
    assert re.search(r"没有入账", one.explanation.zh)
    assert re.search(r"do not( pay|:)", one.next_step.what_to_change.en)
    assert re.search(r"不要(再付|重复付款)", one.next_step.what_to_change.zh)


def test_what_needs_attention_says_who_does_what() -> None:
    for one in entries(Kind.ORDER_ATTENTION):
        assert re.search(r"[Ff]inance|[Oo]perations", one.next_step.what_to_change.en), one.code
        assert re.search(r"财务：|运营：", one.next_step.what_to_change.zh), one.code
        assert not one.public


def test_what_did_not_end_well_says_that_nothing_was_charged() -> None:
    without = [entry(Kind.TASK_STATE, code) for code in ("failed", "expired")] + [entry(Kind.ERROR, "task_failed")]
    for one in without:
        assert "released, not charged" in one.explanation.en
        assert "放回" in one.explanation.zh
        assert "没有扣费" in one.explanation.zh
    assert "released" in entry(Kind.CHARGE_MARK, "not_charged").explanation.en
    assert "放回" in entry(Kind.CHARGE_MARK, "not_charged").explanation.zh


@pytest.mark.parametrize("one", [*task_errors.ENTRIES, *callbacks.ENTRIES], ids=lambda one: one.code)
def test_an_error_of_a_task_says_what_is_true_of_the_money(one: Entry) -> None:
    assert re.search(r"nothing was (charged|refunded)|cost nothing|not charged|no money", one.explanation.en)
    assert re.search(r"没有(因此)?扣费|没有退款|金额都没有改变", one.explanation.zh)


def test_an_error_without_words_reads_as_an_internal_one() -> None:
    assert error_entry("never_heard_of") is entry(Kind.ERROR, "internal_error")
    assert error_entry("never_heard_of", default="bad_request") is entry(Kind.REFUSAL, "bad_request")
    assert error_entry("overloaded") is entry(Kind.REFUSAL, "overloaded")
    assert error_entry("currency_mismatch") is entry(Kind.ERROR, "currency_mismatch")


def test_a_code_that_does_not_exist_is_a_mistake_in_the_program() -> None:
    with pytest.raises(KeyError):
        entry(Kind.REFUSAL, "never_heard_of")
    assert find_entry(Kind.REFUSAL, "never_heard_of") is None


def test_a_label_is_filled_in() -> None:
    assert text(Kind.INPUT_PROBLEM, "field_too_small", Language.EN, field="max_tokens", least=1) == (
        "max_tokens must be at least 1"
    )
    assert text(Kind.INPUT_PROBLEM, "field_missing", Language.ZH, field="model") == "缺少字段 model"
    with pytest.raises(KeyError):
        text(Kind.INPUT_PROBLEM, "field_missing", Language.ZH)


def test_an_article_is_a_page_of_the_handbook_or_a_place_on_one() -> None:
    assert entry(Kind.REFUSAL, "key_limit").article == "/help/key-limit"
    assert entry(Kind.CAUSE, "model_not_permitted").article == "/help/model-not-permitted"
    assert entry(Kind.TASK_STATE, "failed").article == "/help/task-failed"
    assert entry(Kind.ORDER_STATE, "partly_refunded").article == "/help/order-partly-refunded"
    assert entry(Kind.PROBLEM_CLASS, "balance_fell").article == "/help/send-balance-fell"
    assert entry(Kind.FINDING, "retry_spike").article == "/help/retry-spike"
    assert entry(Kind.ERROR, "account_not_found").article == "/help/codes#account_not_found"
    assert entry(Kind.INPUT_PROBLEM, "field_missing").article == "/help/codes#input-field_missing"
    # What is not public has no place of its own there.
    assert entry(Kind.ERROR, "seal_broken").article == "/help/codes"


def test_chinese_uses_the_agreed_terms() -> None:
    """HANDBOOK: the terms that people, pages and articles share."""
    for scope, term in {
        "account": "账户余额",
        "group": "分组额度",
        "key": "单个 API Key 限额",
        "model": "模型权限",
        "cost": "模型任务成本",
    }.items():
        assert entry(Kind.CHECK_SCOPE, scope).label.zh == term
    assert "重复提交" in entry(Kind.CAUSE, "duplicate_submissions").label.zh
    assert "预留" in entry(Kind.CHARGE_MARK, "held").label.zh
    # One word for one thing: the list of other words is that of the handbook's checks.
    for one in ALL_ENTRIES:
        for _, words in texts(one):
            assert [term for term, _ in banned_in(words.zh, Language.ZH, preferred_terms())] == [], one.code
