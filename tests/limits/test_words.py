"""Every refusal that a decision can give has its words."""

from __future__ import annotations

import pytest

from counterfoil.foundation.vocabulary import Amounts, Facts, Language, Reader, refusal_message
from counterfoil.limits.rules import PRECEDENCE
from limits.examples import BREAK, Call


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", PRECEDENCE)
def test_a_refusal_can_be_said_with_its_checks(code: str, language: Language) -> None:
    decision = BREAK[code](Call()).decide()
    assert decision.code is not None
    message = refusal_message(
        code=decision.code,
        checks=decision.checks,
        reader=Reader(language=language, amounts=Amounts.ALL, currency=decision.currency),
        request_id="req_1",
        facts=Facts(model="gpt-5", passing_cap=decision.passing_cap, retry_after_seconds=decision.retry_after),
    )
    assert message.endswith("(req_1)")
