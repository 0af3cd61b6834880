"""What an answer says and what must not go out in one."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.replies_rules import Allowed, Frame, ObjectionKind, Told, check_outgoing, draft, fill
from support.cases import an_id

OWN, FOREIGN = show_id("request", an_id(1)), show_id("request", an_id(2))
ALLOWED = Allowed(
    ids=frozenset({OWN}),
    emails=frozenset({"lin@example.com"}),
    upstreams=("Blue-Sky API", "蓝天"),
    other_names=("老周工作室",),
)
FRAME = Frame(
    greeting="您好，关于工单 CS-1：", found="情况如下：", facts="相关的记录：", next_steps="接下来：", closing="谢谢。"
)


def kinds(text: str, allowed: Allowed = ALLOWED) -> set[ObjectionKind]:
    return {one.kind for one in check_outgoing(text, allowed)}


@pytest.mark.parametrize(
    "text",
    [
        f"您好，请求 {OWN} 因为单个 API Key 限额被拒绝：需要 0.40，剩余 0.12。请到 Key 页面调高限额。",
        f"Hello, request {OWN} was refused by the key's own limit: it needed 0.40 and 0.12 was left.",
        "我们核对了记录：任务失败，没有扣费。发到 lin@example.com 的邮件里有编号。",
        "Your balance was 1.20 before and 0.80 after; restart the router at home if the connection drops.",
    ],
)
def test_an_answer_with_the_case_s_own_facts_may_go_out(text: str) -> None:
    assert check_outgoing(text, ALLOWED) == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("试试这个 sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z", ObjectionKind.SECRET),
        (f"另一个客户的 {FOREIGN} 也是这样", ObjectionKind.OTHER_ACCOUNT),
        ("we told BOB@Other.example the same", ObjectionKind.OTHER_ACCOUNT),
        ("和老周工作室是同一个问题", ObjectionKind.OTHER_ACCOUNT),
        ("the call went to blue sky api", ObjectionKind.UPSTREAM),
        ("由蓝天提供", ObjectionKind.UPSTREAM),
        ("上 游 临时出错", ObjectionKind.ROUTING),
        ("It failed over to our backend", ObjectionKind.ROUTING),
        ("已经切换渠道", ObjectionKind.ROUTING),
        ("我们保证不会再发生", ObjectionKind.PROMISE),
        ("2小时内会到账", ObjectionKind.PROMISE),
        ("It will be resolved within 24 hours", ObjectionKind.PROMISE),
        ("we guarantee it", ObjectionKind.PROMISE),
        ("稍后给您退款", ObjectionKind.PROMISE),
        ("We will refund you", ObjectionKind.PROMISE),
    ],
)
def test_what_must_not_go_out_is_objected_to(text: str, kind: ObjectionKind) -> None:
    assert kinds(text) == {kind}


def test_a_secret_is_never_repeated_by_its_objection() -> None:
    key = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"
    assert all(key not in one.words for one in check_outgoing(f"key: {key}", ALLOWED))


def test_a_refund_may_be_spoken_of_once_it_was_posted() -> None:
    text = "全额退款已经记账。"
    assert kinds(text) == {ObjectionKind.PROMISE}
    assert kinds(text, Allowed(is_settled=True)) == set()


def test_a_foreign_address_is_found_behind_many_of_one_s_own_and_in_wide_letters() -> None:
    assert kinds("lin@example.com " * 40 + "ｂｏｂ＠ｏｔｈｅｒ．ｅｘａｍｐｌｅ") == {ObjectionKind.OTHER_ACCOUNT}
    mine = {f"m{number}@example.com" for number in range(9)}
    text = " ".join([*sorted(mine), "z@other.example"])
    assert kinds(text, Allowed(emails=frozenset(mine))) == {ObjectionKind.OTHER_ACCOUNT}


def test_a_draft_says_the_answer_the_reasons_the_facts_and_the_steps_once() -> None:
    told = Told(
        answer="Key 的限额已用完。", money="没有扣费。", findings=("Key 的限额已用完。", "还差 0.28 元。"),
        facts=(("请求编号", OWN), ("剩余", "0.12 CNY")), next_steps=("查看限额。", "查看限额。"), how_to_go_back="可以改回去。",
    )  # fmt: skip
    text = draft(told, FRAME, language=Language.ZH)
    assert text.split("\n\n") == [
        "您好，关于工单 CS-1：", "Key 的限额已用完。", "没有扣费。", "情况如下：\n- 还差 0.28 元。",
        f"相关的记录：\n- 请求编号：{OWN}\n- 剩余：0.12 CNY", "接下来：\n1. 查看限额。\n2. 可以改回去。", "谢谢。",
    ]  # fmt: skip


def test_a_snippet_is_filled_with_a_case_s_facts() -> None:
    assert fill("工单 {case}：需要 {needed}。", {"case": "CS-1", "needed": "0.40"}) == "工单 CS-1：需要 0.40。"


@pytest.mark.parametrize(
    "snippet", ["{case", "{case.number}", "{case[0]}", "{0}", "{case!r}", "{case:>9}", "{missing}", "{Case}"]
)
def test_a_snippet_reaches_facts_alone(snippet: str) -> None:
    with pytest.raises(InputError):
        fill(snippet, {"case": "CS-1"})
