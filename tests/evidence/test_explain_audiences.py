"""For whom: a customer sees all that is the account's own and nothing else, the public no amount."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest

from counterfoil.evidence.findings import FindingCode
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.foundation.errors import Conflict, CounterfoilError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.limits.model import Scope
from counterfoil.recharge.model import DisputeState
from counterfoil.tasks.model import TaskState
from evidence.desk import NANOS, STAGED, Customer, Desk
from evidence.house import House, assert_told
from tasks.studio import Studio, open_studio

ASKED = b"a" * 32
REASON = "studio-7 at https://gpu-17.internal:8443 says film-v1 refused"
# Names of upstreams and their models, what they call things, what they cost and say.
OF_UPSTREAMS = (
    "wholesale-7",
    "studio-7",
    "theirs",
    "film-v1",
    "gpu-17",
    "video_1",
    "chatcmpl-secret",
    "cost_nanos",
)


@pytest.fixture
async def studio(house: House) -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        await house.desk.serve_films(opened.url)
        yield opened


def said(told: Explanation) -> str:
    """Everything that is shown, to programs and to people."""
    return json.dumps(told.to_dict(), ensure_ascii=False) + "\n".join(told.lines())


async def staged_everything(house: House, customer: Customer, other: Customer) -> list[str]:
    """Something of every kind that the customer may ask about, much of it tangled up with the other."""
    desk, account = house.desk, customer.account_id
    subjects = [await desk.served(customer), await desk.failed(customer), await desk.served(other)]
    copies = [await desk.served(customer, fingerprint=ASKED, retry_count=0) for _ in range(3)]
    subjects += [copies[0], f"sub_{copies[0].removeprefix('req_')}"]
    for state, more in (
        (TaskState.SUCCEEDED, {"delivered": 4}),
        (TaskState.FAILED, {"failure_code": "moderation_blocked", "failure_reason": REASON}),
        (TaskState.UNKNOWN, {}),
    ):
        task = await desk.film(customer)
        await desk.tell(task, state, **more)
        subjects.append(show_id("task", task.task_id))
    orders = [
        await house.credited(account), await house.begun(account), await house.credited(account, "alipay"),
        await house.credited(account, "wechat", "20"),
    ]  # fmt: skip
    await house.till.refund(orders[2], "3")
    await house.till.refunds.send_due()
    await house.till.refunds.propose_dispute(orders[3].order_id, state=DisputeState.OPEN, reason="bank", by="Staff Ann")
    await house.deliver(house.paid(orders[1], key="wrong"))
    subjects += [show_id("order", one.order_id) for one in orders]
    mine, theirs = await house.code(), await house.code()
    await house.codes.redeem(account, mine, by="Ada")
    await house.codes.redeem(other.account_id, theirs, by="Bob Elsewhere")
    with pytest.raises(Conflict):
        await house.codes.redeem(account, theirs, by="Ada")
    subjects += [mine, theirs, await house.code_id(theirs), f"CF-…{theirs[-4:]}"]
    await desk.limit(customer, Scope.GROUP, 1)
    subjects.append(await desk.refused(customer))
    house.clock.advance(seconds=60)
    return [*subjects, show_id("account", account)]


@pytest.mark.parametrize("language", list(Language))
async def test_a_customer_never_sees_another_account_an_upstream_or_a_cost(
    house: House, studio: Studio, language: Language
) -> None:
    customer = await house.desk.customer(credit=100 * NANOS)
    other = await house.desk.customer(credit=100 * NANOS)
    await house.desk.ledger.change_account(other.account_id, name="Rival Works")
    answered = 0
    for subject in await staged_everything(house, customer, other):
        try:
            told = await house.customer_asks(customer.account_id, subject, language=language)
        except NotFound:
            # What is the other's does not exist.
            continue
        answered += 1
        assert_told(told)
        everything = said(told)
        for secret in (
            "Rival", other.account_id.hex, other.key_id.hex, "Bob Elsewhere", "Staff Ann", other.token[-4:], *OF_UPSTREAMS,
        ):  # fmt: skip
            assert secret not in everything, (subject, secret)
        assert told.attempts == ()
        assert "notice" not in {row.kind for one in told.findings for row in one.rows}
        # What is the customer's own is there, to the nano.
        assert all(one.nanos is not None for one in told.findings)
    assert answered >= 14
    with pytest.raises(NotFound):
        await house.customer_asks(customer.account_id, await house.desk.served(other))


async def test_a_customer_sees_the_accounts_own_numbers(house: House) -> None:
    customer = await house.desk.customer(credit=NANOS // 10)
    told = await house.customer_asks(customer.account_id, await house.desk.refused(customer))
    facts = {fact.name: fact.value for fact in told.facts}
    assert facts["account"] == show_id("account", customer.account_id)
    assert facts["needed_nanos"] == NANOS
    assert "0.10 USD left" in told.answer
    assert {figure.name for check in told.checks for figure in check.figures} >= {"remaining", "needed"}
    assert "USD" not in told.message


async def test_why_a_task_failed_is_told_to_its_customer_without_who_did_it(house: House, studio: Studio) -> None:
    customer = await house.desk.customer()
    task = await house.desk.film(customer)
    await house.desk.tell(task, TaskState.FAILED, failure_code="moderation_blocked", failure_reason=f"{REASON} video_1")
    told = await house.customer_asks(customer.account_id, show_id("task", task.task_id))
    facts = {fact.name: fact.value for fact in told.facts}
    assert facts["failure_code"] == "moderation_blocked"
    assert facts["failure_reason"] == "… at … says … refused …"


@pytest.mark.parametrize("code", STAGED)
async def test_no_audience_is_left_without_a_finding_of_a_refusal(desk: Desk, code: str) -> None:
    request_id = await STAGED[code](desk)
    account = (await desk.spend.request(read_id("request", request_id))).account_id
    for language in Language:
        for audience in Audience:
            told = await desk.evidence.explain(request_id, language=language, audience=audience, account_id=account)
            assert_told(told)
        public = said(await desk.evidence.explain(request_id, language=language))
        assert "USD" not in public
        assert not re.search(r'"(?:nanos|rows|numbers|names)"', public)
        assert "Acme" not in public


async def test_whether_credit_has_expired_or_is_disputed_is_not_for_the_public(house: House) -> None:
    account, code = await house.account("Ada"), await house.code(grant_days=1)
    await house.codes.redeem(account, code, by="Ada")
    customer = await house.desk.customer(credit=NANOS // 10)
    expiring = await house.code(value=NANOS, grant_days=1)
    await house.codes.redeem(customer.account_id, expiring, by="Ada")
    house.clock.advance(seconds=2 * 86_400)
    await house.desk.ledger.end_due_grants()
    refused = await house.desk.refused(customer)
    own = [one.code for one in (await house.customer_asks(customer.account_id, refused)).findings]
    assert FindingCode.CREDIT_EXPIRED in own
    public = await house.evidence.explain(refused)
    assert FindingCode.CREDIT_EXPIRED not in [one.code for one in public.findings]
    assert "credit_expired" not in said(public)


async def test_nobody_learns_by_asking_what_belongs_to_another(house: House) -> None:
    asker, other = await house.account("Asker"), await house.account("Other")
    order = await house.till.order(other, "bank")
    missing = "ord_" + order.order_id.hex[:-4] + "0000"
    answers = []
    for subject in (show_id("order", order.order_id), missing):
        with pytest.raises(CounterfoilError) as error:
            await house.customer_asks(asker, subject)
        answers.append((type(error.value), error.value.code, sorted(error.value.parameters)))
    assert answers[0] == answers[1]
