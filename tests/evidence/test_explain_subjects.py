"""What can be asked about besides an id: a key with a time, an account with a window, the text of an error."""

from __future__ import annotations

import pytest

from counterfoil.evidence.findings import FindingCode, Problem
from counterfoil.evidence.model import About, Audience
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.limits.model import Scope
from counterfoil.limits.tokens import mask_token
from evidence.desk import Customer
from evidence.house import NANOS, SECOND, House

MINUTE = 60 * SECOND


async def mask_of(house: House, customer: Customer) -> str:
    assert mask_token(customer.token) == f"sk-…{customer.token[-4:]}"
    return mask_token(customer.token)


# -- keys ------------------------------------------------------------------------------------------------------------


async def test_a_key_by_its_mask_its_id_or_itself_and_a_time(house: House) -> None:
    customer = await house.desk.customer(credit=NANOS // 10)
    mask, key_id = await mask_of(house, customer), show_id("key", customer.key_id)
    house.clock.advance(seconds=3_600)
    refused = await house.desk.refused(customer)
    asked = show_time(house.clock.now())[:16] + "Z"
    house.clock.advance(seconds=3_600)
    await house.desk.refused(customer)
    for subject in (f"{mask} {asked}", f"{key_id}, {asked}", f"401? Bearer {customer.token} {asked}"):
        told = await house.ask(subject)
        assert (told.subject, told.problem) == (refused, Problem.REFUSED)
        assert customer.token not in str(told.to_dict()) + "\n".join(told.lines())
    assert (await house.customer_asks(customer.account_id, f"{mask} {asked}")).subject == refused


async def test_a_key_needs_a_time_and_a_request_then(house: House) -> None:
    customer = await house.desk.customer()
    mask = await mask_of(house, customer)
    with pytest.raises(InputError) as wrong:
        await house.ask(mask)
    assert wrong.value.code == "subject_without_time"
    with pytest.raises(NotFound) as missing:
        await house.ask(f"{mask} 2026-11-24T08:30Z")
    assert missing.value.code == "nothing_at_that_time"
    with pytest.raises(NotFound):
        await house.customer_asks((await house.desk.customer()).account_id, f"{mask} 2026-11-24T08:30Z")


async def test_what_was_refused_is_meant_rather_than_what_was_served(house: House) -> None:
    customer = await house.desk.customer()
    await house.desk.limit(customer, Scope.KEY, NANOS // 2)
    refused = await house.desk.refused(customer, cap=600)
    house.clock.advance(seconds=60)
    await house.desk.served(customer, cap=100)
    asked = show_time(house.clock.now())[:16] + "Z"
    told = await house.ask(f"{await mask_of(house, customer)} {asked}")
    assert told.subject == refused


# -- accounts --------------------------------------------------------------------------------------------------------


async def test_an_account_by_its_id_or_name_with_a_window(house: House) -> None:
    customer = await house.desk.customer()
    for _ in range(3):
        house.clock.advance(seconds=60)
        await house.desk.served(customer)
    shown = show_id("account", customer.account_id)
    day = show_time(house.clock.now())[:10]
    for subject in (f"{shown} {day}", f"Acme Secret Projects, {day}", shown):
        told = await house.ask(subject)
        assert (told.about, told.problem) == (About.ACCOUNT, Problem.FELL)
        assert told.findings
        assert told.subject.startswith(shown)
        # The short form of the question is the same question.
        assert (await house.ask(told.subject)).findings == told.findings
    assert (await house.customer_asks(customer.account_id, f"where did it go on {day}?")).about is About.ACCOUNT
    assert (await house.ask(f"余额少了 {day}", asking=customer.account_id)).about is About.ACCOUNT


async def test_two_accounts_of_a_name_and_another_customers_account(house: House) -> None:
    customer, other = await house.desk.customer(), await house.desk.customer()
    with pytest.raises(Conflict) as several:
        await house.ask("Acme Secret Projects 2026-11-24")
    assert several.value.code == "subject_ambiguous"
    with pytest.raises(NotFound):
        await house.customer_asks(customer.account_id, f"{show_id('account', other.account_id)} 2023-11-14")


async def test_a_window_of_an_account_whose_recharge_did_not_arrive(house: House) -> None:
    account = await house.account("Payer")
    order = await house.begun(account)
    house.payments.pay("epay", order.number, amount="9.50")
    await house.deliver(house.payments.notify("epay", order.number, send=False))
    day = show_time(house.clock.now())[:10]
    house.clock.advance(seconds=60)
    told = await house.ask(f"{show_id('account', account)} {day}")
    assert told.problem is Problem.NOT_CREDITED
    assert told.findings[0].code is FindingCode.AMOUNT_DIFFERS


async def test_a_customer_who_gives_a_code_and_a_time_is_told_of_that_refusal(house: House) -> None:
    customer = await house.desk.customer(credit=NANOS // 10)
    refused = await house.desk.refused(customer)
    asked = show_time(house.clock.now())[:16] + "Z"
    house.clock.advance(seconds=60)
    await house.desk.refused(customer, model="no-such-model")
    told = await house.customer_asks(customer.account_id, f"Error code: 402 account_balance at {asked}")
    assert told.subject == refused
    # Without an account to look in, the code is explained in general.
    assert (await house.ask("Error code: 402 account_balance")).about is About.CODE


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ('429 {"error": {"type": "insufficient_quota", "code": "insufficient_quota"}}', "OpenAI"),
        ("402 Insufficient Balance", "DeepSeek"),
        ("400 Your credit balance is too low to access the Anthropic API", "Anthropic"),
        ('402 {"error": {"type": "billing_error"}}', "Anthropic"),
        ('429 {"error": {"type": "enforced_spend_limit_reached"}}', "Anthropic"),
        ("429 RESOURCE_EXHAUSTED: Your prepayment credits are depleted", "Google Gemini"),
        ('402 {"error": {"metadata": {"limit_source": "key"}}}', "OpenRouter"),
        ("403 insufficient_user_quota", "new-api / one-api"),
        ("403 用户额度不足，剩余额度：＄0.00", "new-api / one-api"),
        ("该令牌额度已用尽", "new-api / one-api"),
        ("400 Budget has been exceeded! budget_exceeded", "LiteLLM"),
    ],
)
async def test_an_upstreams_own_402_is_told_from_ours(house: House, text: str, service: str) -> None:
    for language in Language:
        told = await house.ask(text, language=language)
        assert (told.about, told.problem) == (About.ELSEWHERE, Problem.REFUSED)
        (found,) = told.findings
        assert found.code is FindingCode.REFUSED_ELSEWHERE
        assert service in found.text
        assert found.owner == "customer"


async def test_our_own_words_are_ours_without_their_code_and_id(house: House) -> None:
    for code, scope in (("account_balance", None), ("group_quota", Scope.GROUP), ("key_limit", Scope.KEY)):
        customer = await house.desk.customer(credit=NANOS // 10 if scope is None else 9 * NANOS)
        if scope is not None:
            await house.desk.limit(customer, scope, NANOS // 10)
        refused = await house.desk.refused(customer)
        for language in Language:
            told = await house.desk.ask(refused, language=language)
            posted = told.message.replace(f"({refused})", "")
            assert (await house.ask(posted)).code == code, posted


async def test_our_402_names_the_upstreams_only_to_the_operator(house: House) -> None:
    customer = await house.desk.customer()
    failed = await house.desk.failed(customer, "upstream_unavailable", 503)
    text = f'{{"error": {{"code": "upstream_unavailable", "request_id": "{failed}", "type": "insufficient_quota"}}}}'
    assert (await house.ask(text)).subject == failed


# -- what names nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize(
    "text",
    [
        "",
        "402",
        "余额不足",
        "x" * 1_000_000,
        "\x00",
        "\ud800",
        "a\x00b",
        "'; DROP TABLE accounts; --",
        "<script>",
        "%s",
    ],
)
async def test_hostile_and_empty_subjects_are_answered_clearly(house: House, audience: Audience, text: str) -> None:
    account = await house.account("Somebody")
    with pytest.raises(NotFound) as nothing:
        await house.evidence.explain(text, audience=audience, account_id=account)
    assert nothing.value.code == "subject_not_recognised"


async def test_a_customers_question_needs_an_account(house: House) -> None:
    with pytest.raises(InputError):
        await house.evidence.explain("402", audience=Audience.CUSTOMER)


async def test_what_is_not_shown_in_public_says_so(house: House) -> None:
    account, code = await house.account("Ada"), await house.code()
    order = await house.till.order(account, "bank")
    for subject in (show_id("order", order.order_id), code, show_id("account", account), "sk-…3fA9 2026-11-24 08:30Z"):
        with pytest.raises(CounterfoilError) as hidden:
            await house.evidence.explain(subject, audience=Audience.PUBLIC)
        assert hidden.value.code == "subject_private"
    # A record that may be shown comes first.
    customer = await house.desk.customer(credit=0)
    refused = await house.desk.refused(customer)
    assert read_id("request", (await house.evidence.explain(f"{code} {refused}")).subject)


async def test_of_two_requests_of_one_second_the_refused_one_is_meant(house: House) -> None:
    customer = await house.desk.customer(credit=NANOS)
    await house.desk.failed(customer)
    refused = await house.desk.refused(customer, cap=3_000)
    at = show_time(house.clock.now())
    assert (await house.ask(f"{await mask_of(house, customer)} {at}")).subject == refused
