"""What somebody wants to send is refused for what must not come in; an order's number or a code becomes its mask."""

from __future__ import annotations

import pytest

from counterfoil.redaction.intake import Verdict, judge
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.scanner import scan

ORDER = "4200002379202611241234567890"
CODE = "CF-00000-00000-00000-00000"


def test_a_harmless_text_comes_in_as_it_is() -> None:
    text = "402 at 15:04, request req_0199aabbccddeeff00112233445566ff"
    judgement = judge(text, scan(text))
    assert (judgement.verdict, judgement.offered, judgement.classes) == (Verdict.ACCEPTED, text, ())


def test_an_order_number_and_a_code_are_replaced_by_their_masks() -> None:
    text = f"订单号 {ORDER}，兑换码 {CODE}，没到账"
    judgement = judge(text, scan(text))
    assert judgement.verdict is Verdict.REPLACED
    assert judgement.offered == "订单号 [order …7890]，兑换码 CF-…0000，没到账"
    assert [one.kind for one in judgement.replaced] == [SecretKind.ORDER_NUMBER, SecretKind.REDEMPTION_CODE]
    assert judgement.refused == ()
    again = judge(judgement.offered, scan(judgement.offered))
    assert again.verdict is Verdict.ACCEPTED


def test_anything_else_is_refused_and_named_and_nothing_is_offered_instead() -> None:
    text = f"订单号 {ORDER}，手机 13912345678，密码是hunter2x，另一个手机 13912345679"
    judgement = judge(text, scan(text))
    assert (judgement.verdict, judgement.offered) == (Verdict.REFUSED, None)
    assert judgement.classes == (SecretKind.PHONE, SecretKind.PASSWORD)
    assert len(judgement.refused) == 3
    assert [one.kind for one in judgement.replaced] == [SecretKind.ORDER_NUMBER]


@pytest.mark.parametrize("kind", SecretKind)
def test_only_orders_and_codes_are_replaced(kind: SecretKind) -> None:
    judgement = judge("secret", [Finding(kind=kind, start=0, end=6, mask="[x]")])
    is_replaced = kind in (SecretKind.ORDER_NUMBER, SecretKind.REDEMPTION_CODE)
    assert judgement.verdict is (Verdict.REPLACED if is_replaced else Verdict.REFUSED)
    assert judgement.offered == ("[x]" if is_replaced else None)
