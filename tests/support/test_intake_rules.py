"""What may come in: judged whole, before anything of it is kept, and given back without what was refused."""

from __future__ import annotations

import dataclasses
import random
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.code_form import RANDOM_BITS, make_code
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entries
from counterfoil.limits.tokens import hash_token, make_token
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.scanner import scan, scan_json
from counterfoil.support import intake_rules as rules
from counterfoil.support.intake_model import PLACES, Around, Judged, Outcome, Submission, Unsafe
from counterfoil.support.model import Case, CaseEvent, CaseEventKind, CaseState, Channel, Priority
from counterfoil.support.templates_text import read_template, template_text

NOW = 1_796_000_000_000_000
REQUEST = "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"
TOKEN = make_token(bytes(range(7, 39)))
ORDER = "4200001234202611241234567890"
SECRETS = {
    SecretKind.API_KEY: TOKEN,
    SecretKind.AUTHORIZATION: "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2lnbmF0dXJlLXNpZ24",
    SecretKind.COOKIE: "Cookie: session=8f14e45fceea167a5a36dedd4bea2543",
    SecretKind.PASSWORD: "我的密码是 Hunter22x!",
    SecretKind.CARD: "4242 4242 4242 4242",
    SecretKind.PHONE: "13812345678",
    SecretKind.PAYMENT_LINK: "https://qr.alipay.com/fkx12345abcdefg",
    SecretKind.REQUEST_BODY: '{"model":"gpt-4o","messages":[{"role":"user","content":"tell me about my mother"}]}',
    SecretKind.IMAGE: "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 20,
}


def submission(
    *fields: tuple[str, str],
    problem: str = "balance_not_enough",
    query: tuple[tuple[str, str], ...] = (),
    user_agent: str = "",
    file_names: tuple[str, ...] = (),
    trap: str = "",
) -> Submission:
    return Submission(
        problem=problem, language=Language.ZH, channel=Channel.FORM, fields=fields, query=query, user_agent=user_agent,
        file_names=file_names, trap=trap,
    )  # fmt: skip


def judge(*fields: tuple[str, str], **more: object) -> Judged:
    return rules.judge(submission(*fields, **more), scan=scan, scan_json=scan_json)  # type: ignore[arg-type]


def everything_in(judged: Judged) -> str:
    return repr(dataclasses.asdict(judged)) + repr(judged)


def test_what_is_asked_for_comes_in_as_it_was_written() -> None:
    judged = judge(
        ("request_id", f" {REQUEST} "), ("request_time", "2026-11-24 08:30 +08:00"), ("key_mask", "sk-…3fA9")
    )
    assert judged.outcome is Outcome.ACCEPTED
    assert judged.values == {
        "request_id": REQUEST, "request_time": "2026-11-24 08:30 +08:00", "key_mask": "sk-…3fA9",
    }  # fmt: skip
    assert judged.key_hashes == ()


@pytest.mark.parametrize(("kind", "secret"), SECRETS.items(), ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("problem", FIELDS_OF_PROBLEM)
def test_a_secret_in_any_field_is_refused_named_and_given_back_to_nobody(
    problem: str, kind: SecretKind, secret: str
) -> None:
    for code in FIELDS_OF_PROBLEM[problem]:
        kept = next(one for one in FIELDS_OF_PROBLEM[problem] if one != code)
        judged = judge((kept, "gpt-4o"), (code, f"请看 {secret}"), problem=problem)
        assert judged.outcome is Outcome.REFUSED, code
        assert {one.field for one in judged.refused} == {code}
        assert Unsafe(field=code, kind=kind) in judged.refused, (code, judged.refused)
        assert judged.form == {kept: "gpt-4o"}
        assert secret not in everything_in(judged)
        assert secret[-12:] not in everything_in(judged)


def test_a_secret_is_refused_wherever_else_it_came_in() -> None:
    fine = ("request_id", REQUEST)
    places = {
        "query": judge(fine, query=(("q", TOKEN),)),
        "user_agent": judge(fine, user_agent=f"my-tool/1.0 ({TOKEN})"),
        "file_name": judge(fine, file_names=(f"{TOKEN}.txt",)),
        "field_name": judge(fine, (TOKEN, "x")),
        "other_field": judge(fine, ("note", TOKEN)),
        "error_text": judge(fine, ("error_text", TOKEN)),
    }
    for place, judged in places.items():
        assert judged.outcome is Outcome.REFUSED, place
        assert Unsafe(field=place, kind=SecretKind.API_KEY) in judged.refused, (place, judged.refused)
        assert hash_token(TOKEN) in judged.key_hashes
        assert TOKEN not in everything_in(judged)
        assert judged.form == {"request_id": REQUEST}


def test_a_field_that_nobody_asked_for_is_judged_by_its_name_too_and_dropped() -> None:
    refused = judge(("request_id", REQUEST), ("password", "abc"))
    assert refused.refused == (Unsafe(field="other_field", kind=SecretKind.PASSWORD),)
    dropped = judge(("request_id", REQUEST), ("colour", "blue"))
    assert dropped.outcome is Outcome.ACCEPTED
    assert dropped.values == {"request_id": REQUEST}
    assert dropped.ignored == 1


def test_places_that_are_named_are_a_closed_list() -> None:
    judged = judge(("my own field 7", TOKEN), ("x" * 50, "4242 4242 4242 4242"), query=(("whatever", TOKEN),))
    known = {*PLACES, *(one.code for one in entries(Kind.EVIDENCE_FIELD))}
    assert {one.field for one in judged.refused} <= known


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("screen.PNG", SecretKind.IMAGE), ("gateway.log", SecretKind.LOG_DUMP), ("notes.docx", SecretKind.OTHER),
        ("noending", SecretKind.OTHER),
    ],
)  # fmt: skip
def test_a_file_is_refused_by_its_name_and_unread(name: str, kind: SecretKind) -> None:
    judged = judge(("request_id", REQUEST), file_names=(name,))
    assert judged.refused == (Unsafe(field="file", kind=kind),)
    assert name not in everything_in(judged)


@pytest.mark.parametrize(
    "written", [ORDER, "20261124220014123456", "2026112422001", "4200 0012 3420 2611 2412 3456 7890"]
)
def test_a_whole_order_number_becomes_its_mask_if_its_sender_agrees(written: str) -> None:
    judged = judge(("order_mask", written), ("amount", "100"), problem="recharged_not_credited")
    assert judged.outcome is Outcome.OFFERED
    assert {one.kind for one in judged.replaced} == {SecretKind.ORDER_NUMBER}
    assert written not in everything_in(judged)
    again = judge(*judged.form.items(), problem="recharged_not_credited")
    assert again.outcome is Outcome.ACCEPTED
    assert again.values == judged.form
    assert "".join(written.split())[-4:] in judged.offered["order_mask"]


@pytest.mark.parametrize("number", [ORDER, "019ce9fa4bd27e118c214632aa0c9e10", "0b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e"])
@pytest.mark.parametrize(
    "around", ["{} (full)", "No.{}", "#{}", "单号{}", "{}，微信", "no idea, maybe {}?", "…7890 or {}"]
)
def test_a_whole_order_number_among_words_becomes_its_mask(around: str, number: str) -> None:
    written = around.format(number)
    judged = judge(("order_mask", written), ("amount", "100"), problem="recharged_not_credited")
    assert judged.outcome is Outcome.OFFERED
    assert number not in everything_in(judged)
    assert number[-4:] in judged.offered["order_mask"]
    assert judge(*judged.form.items(), problem="recharged_not_credited").outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("field", ["payment_method", "message_shown", "amount", "nickname", "order_time"])
def test_a_whole_order_number_in_another_field_about_the_payment_becomes_its_mask_too(field: str) -> None:
    number = "019ce9fa4bd27e118c214632aa0c9e10"
    judged = judge((field, f"from the receipt: {number}"), problem="recharged_not_credited")
    assert judged.outcome is Outcome.OFFERED
    assert judged.offered == {field: "from the receipt: …9e10"}


@pytest.mark.parametrize("words", ["check your logs", "CA CE", "it began with CF"])
def test_words_in_the_place_of_a_code_are_not_taken_for_one(words: str) -> None:
    judged = judge(("code_last_four", words), problem="recharged_not_credited")
    assert (judged.outcome, judged.values) == (Outcome.ACCEPTED, {"code_last_four": words})


@pytest.mark.parametrize("between", ["\n", "\r\n  ", " "])
def test_an_id_that_was_copied_in_pieces_is_put_together(between: str) -> None:
    judged = judge(("request_id", REQUEST[:18] + between + REQUEST[18:]))
    assert (judged.outcome, judged.values["request_id"]) == (Outcome.ACCEPTED, REQUEST)


def test_a_whole_code_among_words_becomes_its_mask() -> None:
    judged = judge(("code_last_four", "card: 8FQ2K7WM41ZP (whole)"), problem="recharged_not_credited")
    assert judged.outcome is Outcome.OFFERED
    assert judged.offered == {"code_last_four": "card: …41ZP (whole)"}


def test_what_hides_in_a_field_is_not_shown_again_because_something_in_it_looks_like_a_code() -> None:
    log = "\n".join(f"2026-11-24 16:30:0{second},123 ERROR [main] com.acme.Ledger - failed" for second in range(8))
    for written in (quote(log, safe=""), "\0".join(log)):
        judged = judge(("code_last_four", written), problem="recharged_not_credited")
        assert judged.outcome is Outcome.REFUSED
        assert not judged.offered


def test_a_whole_code_becomes_its_mask_wherever_it_stands() -> None:
    code = make_code(random.Random(5).getrandbits(RANDOM_BITS))
    judged = judge(("code_last_four", code), ("message_shown", f"{code} 已被使用"), problem="recharged_not_credited")
    assert judged.outcome is Outcome.OFFERED
    assert judged.form["message_shown"] == f"CF-…{code[-4:]} 已被使用"
    assert code not in everything_in(judged)
    assert judge(*judged.form.items(), problem="recharged_not_credited").outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("written", ["…1234", "1234", "4200****7890", "ord_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"])
def test_a_masked_order_number_stays_as_it_is(written: str) -> None:
    judged = judge(("order_mask", written), problem="recharged_not_credited")
    assert judged.outcome is Outcome.ACCEPTED
    assert judged.values["order_mask"] == written


def test_a_card_in_the_place_of_an_order_number_is_no_order_number() -> None:
    judged = judge(("order_mask", "4242424242424242"), problem="recharged_not_credited")
    assert judged.refused == (Unsafe(field="order_mask", kind=SecretKind.CARD),)
    assert judged.offered == {}


def test_a_key_of_another_gateway_is_known_by_the_field_it_stands_in() -> None:
    judged = judge(("key_mask", "Zq81kfLw09aPxmTb42RtYu"))
    assert judged.refused == (Unsafe(field="key_mask", kind=SecretKind.API_KEY),)
    assert judged.key_hashes == (hash_token("Zq81kfLw09aPxmTb42RtYu"),)


def test_a_key_that_was_broken_by_invisible_signs_is_looked_up_whole() -> None:
    broken = TOKEN[:20] + "\u200b" + TOKEN[20:]
    judged = judge(("error_text", f"key {broken}"))
    assert judged.outcome is Outcome.REFUSED
    assert hash_token(TOKEN) in judged.key_hashes


def test_cleaning_never_makes_a_secret_that_is_let_in() -> None:
    judged = judge(("model", TOKEN[:12] + "\x00" + TOKEN[12:]))
    assert judged.outcome is Outcome.REFUSED
    assert judged.form == {}


def test_what_is_too_long_comes_back_to_be_shortened() -> None:
    judged = judge(("model", "很长的名字" * 40))
    assert judged.outcome is Outcome.REFUSED
    assert [(one.field, one.problem, one.most) for one in judged.problems] == [("model", "field_too_long", 120)]
    assert judged.form["model"] == "很长的名字" * 40


def test_an_empty_form_is_asked_for_something() -> None:
    judged = judge(("model", "  "), ("colour", "blue"))
    assert [(one.field, one.problem) for one in judged.problems] == [("request_id", "field_missing")]


def test_a_filled_trap_sends_nothing_and_loses_nothing() -> None:
    judged = judge(("request_id", REQUEST), trap="http://buy.example")
    assert judged.outcome is Outcome.REFUSED
    assert judged.is_trapped
    assert judged.form == {"request_id": REQUEST}
    assert "buy.example" not in everything_in(judged)


def test_a_flood_of_fields_is_not_read_to_its_end() -> None:
    judged = judge(*((f"f{index}", "x") for index in range(rules.FIELDS_MAX + 5)))
    assert Unsafe(field="other_field", kind=SecretKind.OTHER) in judged.refused
    long = judge(("error_text", "x " * rules.CHARACTERS_MAX))
    assert long.refused == (Unsafe(field="error_text", kind=SecretKind.OTHER),)


@given(st.text(max_size=200))
def test_what_is_accepted_is_accepted_again_as_it_is_kept(text: str) -> None:
    judged = judge(("error_text", text))
    if judged.outcome is Outcome.ACCEPTED:
        again = judge(*judged.values.items())
        assert again.outcome is Outcome.ACCEPTED
        assert again.values == judged.values
        "".join(judged.values.values()).encode()


# What people write who send nothing that is private: none of it may be turned away.
HARMLESS = [
    ("balance_fell", "time_window", "2026-11-24 08:00 - 2026-11-24 09:30 +08:00"),
    ("balance_fell", "time_window", "11月24日 8:00到9:30 北京时间"),
    ("balance_fell", "time_window", "2026-11-24T08:00:00Z/2026-11-24T09:30:00Z"),
    ("balance_fell", "caller", "sk-…3fA9, python-requests/2.31"),
    ("balance_fell", "caller", "sk-cf-ab...3fA9 我的脚本"),
    ("balance_fell", "key_mask", "sk-3fA9****xyz1"),
    ("balance_fell", "key_mask", "末尾 3fA9"),
    ("balance_fell", "key_mask", "key_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"),
    ("balance_fell", "key_mask", "production-key-for-team-a"),
    (
        "balance_not_enough",
        "error_text",
        '{"error":{"message":"needed 0.0123 CNY","type":"insufficient_quota","param":null}}',
    ),
    ("balance_not_enough", "error_text", "用户额度不足 (request id: 20261124083005123456789abcdEFgh)"),
    ("balance_not_enough", "error_text", "提示 key 额度用尽，令牌状态不可用"),
    ("balance_not_enough", "request_id", "chatcmpl-9xYzAbCdEfGhIjKlMnOpQrStUv"),
    ("balance_not_enough", "request_id", "20261124083005123456789"),
    ("balance_not_enough", "account", "li@example.com"),
    ("recharged_not_credited", "amount", "约 1,234.56 元"),
    ("recharged_not_credited", "order_time", "20261124083005"),
    ("recharged_not_credited", "payment_method", "银行卡 尾号 4242"),
    ("recharged_not_credited", "order_mask", "最后四位 1234"),
    ("recharged_not_credited", "order_mask", "20261124…7890"),
    ("recharged_not_credited", "order_mask", "ending in 7890, of 2026-11-24"),
    ("recharged_not_credited", "code_last_four", "redeemed, ends in 7K2P"),
    ("recharged_not_credited", "code_last_four", "CF-…7K2P"),
    ("recharged_not_credited", "message_shown", "兑换码 CF-…7K2P 无效"),
    ("recharged_not_credited", "user_number", "用户编号 10023"),
    ("failed_perhaps_charged", "task_id", "0b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e"),
    ("failed_perhaps_charged", "failure_reason", "提示词不合规"),
]


@pytest.mark.parametrize(("problem", "code", "written"), HARMLESS)
def test_what_is_harmless_comes_in(problem: str, code: str, written: str) -> None:
    judged = judge((code, written), problem=problem)
    assert judged.outcome is Outcome.ACCEPTED, (judged.refused, judged.replaced, judged.problems)
    assert judged.values == {code: written}


def test_every_evidence_field_has_its_form() -> None:
    assert set(rules.FORMS) == {one.code for one in entries(Kind.EVIDENCE_FIELD)}


# Templates.


def pasted(text: str, problem: str = "balance_not_enough") -> Judged:
    read = read_template(text)
    return rules.judge_pasted(
        text, [(one.code, one.value) for one in read.fields], problem=problem, place_of=read.at, scan=scan,
        scan_json=scan_json,
    )  # fmt: skip


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("problem", FIELDS_OF_PROBLEM)
def test_the_templates_themselves_hold_nothing_that_is_refused(problem: str, language: Language) -> None:
    judged = pasted(template_text(problem, language), problem)
    assert judged.refused == judged.replaced == ()


def test_a_secret_in_a_pasted_template_is_named_by_its_line() -> None:
    text = template_text("balance_not_enough", Language.ZH).replace("Key 掩码：", f"Key 掩码：{TOKEN}")
    judged = pasted(text.replace("模型：", "模型：gpt-4o"))
    assert judged.refused == (Unsafe(field="key_mask", kind=SecretKind.API_KEY),)
    assert judged.form == {"model": "gpt-4o"}
    beside = pasted(f"你好，我的 key 是 {TOKEN}\n请求编号：{REQUEST}")
    assert beside.refused == (Unsafe(field="template", kind=SecretKind.API_KEY),)
    assert beside.form == {"request_id": REQUEST}
    assert TOKEN not in everything_in(judged) + everything_in(beside)


def test_a_whole_order_number_in_a_pasted_template_becomes_its_mask() -> None:
    judged = pasted(f"Masked order number: {ORDER}\nAmount: 100 CNY", "recharged_not_credited")
    assert judged.outcome is Outcome.OFFERED
    assert judged.form["order_mask"].endswith("7890") or "7890" in judged.form["order_mask"]
    assert ORDER not in everything_in(judged)


# What a case needs, and its link.


def a_case(state: CaseState = CaseState.WAITING_FOR_CUSTOMER, changed_at: int = NOW) -> Case:
    return Case(
        case_id=UUID(int=1), number="CS-2222-2222", problem="balance_not_enough", state=state, priority=Priority.NORMAL,
        language=Language.EN, channel=Channel.FORM, values={"model": "gpt-4o"}, person_id=None, account_id=None,
        subject=REQUEST, cause="key_limit_reached", owner="lena@example.com", due_at=NOW, group_id=None, resolution=None,
        created_at=NOW, changed_at=changed_at,
    )  # fmt: skip


def an_event(
    number: int, kind: CaseEventKind, *, fields: str = "", text: str | None = None, public: bool = True
) -> CaseEvent:
    return CaseEvent(
        case_id=UUID(int=1), event_no=number, kind=kind, by="lena@example.com", at=NOW + number,
        facts={"fields": fields} if fields else {}, text=text, is_public=public,
    )  # fmt: skip


def test_a_case_without_anything_to_find_a_record_by_is_asked_at_once() -> None:
    ask = rules.questions_at_arrival
    assert ask("balance_not_enough", {"model": "gpt-4o"}, knows_account=False) == ("request_id",)
    assert ask("balance_not_enough", {"request_id": REQUEST}, knows_account=False) == ()
    assert ask("balance_not_enough", {"error_text": f"402 ({REQUEST})"}, knows_account=False) == ()
    assert ask("recharged_not_credited", {"amount": "100"}, knows_account=False) != ()
    for problem, fields in FIELDS_OF_PROBLEM.items():
        asked = ask(problem, {}, knows_account=False)
        assert set(asked) <= set(fields)
        assert ask(problem, dict.fromkeys(asked, "x"), knows_account=False) == ()


def test_the_link_shows_what_is_asked_and_nothing_of_the_records() -> None:
    events = [
        an_event(1, CaseEventKind.ARRIVED, fields="model"),
        an_event(2, CaseEventKind.ASKED, fields="request_time,key_mask", text="Which key was it?"),
        an_event(3, CaseEventKind.NOTED, text="customer of the big account", public=False),
    ]
    view = rules.view_of(a_case(), events, now=NOW)
    assert [(one.fields, one.text) for one in view.questions] == [(("request_time", "key_mask"), "Which key was it?")]
    shown = repr(view)
    for private in ("key_limit_reached", REQUEST, "lena@example.com", "gpt-4o", "big account"):
        assert private not in shown
    assert rules.asked_fields(view.questions) == ("request_time", "key_mask", "answer")


def test_an_answer_ends_what_was_asked_before_it() -> None:
    asked = an_event(2, CaseEventKind.ASKED, fields="request_time")
    answered = an_event(3, CaseEventKind.ANSWERED_BY_CUSTOMER, fields="request_time")
    later = an_event(4, CaseEventKind.ASKED, fields="key_mask")
    assert rules.open_questions([asked, answered]) == ()
    assert [one.fields for one in rules.open_questions([asked, answered, later])] == [("key_mask",)]
    assert rules.view_of(a_case(CaseState.DIAGNOSED), [asked], now=NOW).questions == ()


def test_what_was_asked_in_private_words_shows_its_fields_alone() -> None:
    private = an_event(2, CaseEventKind.ASKED, fields="key_mask", text="not for outside", public=False)
    assert [(one.fields, one.text) for one in rules.open_questions([private])] == [(("key_mask",), None)]


def test_a_settled_case_can_be_opened_again_for_a_month() -> None:
    assert rules.may_reopen(a_case(CaseState.RESOLVED), now=NOW + rules.REOPEN_MICROS - 1)
    assert not rules.may_reopen(a_case(CaseState.RESOLVED), now=NOW + rules.REOPEN_MICROS)
    assert not rules.may_reopen(a_case(CaseState.DIAGNOSED), now=NOW)


def test_an_answer_is_judged_as_everything_that_comes_in() -> None:
    fine = rules.judge_answer(
        [("answer", "It was\nthis morning."), ("key_mask", "sk-…3fA9")], around=Around(), asked=("key_mask", "answer"),
        scan=scan, scan_json=scan_json,
    )  # fmt: skip
    assert fine.outcome is Outcome.ACCEPTED
    assert fine.values == {"answer": "It was\nthis morning.", "key_mask": "sk-…3fA9"}
    refused = rules.judge_answer(
        [("answer", f"here: {TOKEN}")], around=Around(file_names=("shot.png",)), asked=("answer",), scan=scan,
        scan_json=scan_json,
    )  # fmt: skip
    assert refused.refused == (
        Unsafe(field="answer", kind=SecretKind.API_KEY), Unsafe(field="file", kind=SecretKind.IMAGE),
    )  # fmt: skip
    assert refused.key_hashes[0] == hash_token(TOKEN)
