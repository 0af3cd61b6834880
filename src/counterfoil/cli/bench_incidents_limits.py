"""Incidents of the second kind: a call is refused by a limit, a permission or a rate, and the balance is not the cause."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import MILLI, Customer
from counterfoil.cli.bench_incidents_mishaps import Mishap, dispute, duplicates, expiry, in_flight, retries
from counterfoil.cli.bench_incidents_model import Question, Scene, Script, matter, refusal
from counterfoil.cli.bench_incidents_refusals import ask
from counterfoil.cli.bench_incidents_stage import LARGE, UNPRICED
from counterfoil.cli.bench_incidents_time import HOUR, MINUTE
from counterfoil.evidence.findings import FindingCode
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.periods import Window
from counterfoil.limits.model import Problem, Scope, Unit

_REACHED = {
    Scope.ACCOUNT: (FindingCode.ACCOUNT_LIMIT_REACHED, "account_balance"),
    Scope.GROUP: (FindingCode.GROUP_QUOTA_REACHED, "group_quota"),
    Scope.KEY: (FindingCode.KEY_LIMIT_REACHED, "key_limit"),
}
_TAKERS = {
    FindingCode.DUPLICATE_SUBMISSIONS: duplicates,
    FindingCode.RETRY_SPIKE: retries,
    FindingCode.HELD_IN_FLIGHT: in_flight,
}
_WINDOWS = (Window.DAY, Window.MONTH, Window.LIFETIME)
_ALL_THERE_IS = 10**15


async def _far_from_midnight(customer: Customer) -> None:
    """A window that ends in the middle of it all would be another story."""
    _, end = customer.day()
    if end - customer.stage.clock.now() < 3 * HOUR * MICROS_PER_SECOND:
        await _wait_for_tomorrow(customer)


async def _wait_for_tomorrow(customer: Customer) -> None:
    _, end = customer.day()
    await customer.stage.agenda.wait_until(end + 10 * MINUTE * MICROS_PER_SECOND)


def _of_the_wallet(rng: random.Random) -> list[Mishap]:
    """Credit that is gone, however much: the wallet has enough all the same."""
    made = [expiry(rng, 100 * MILLI, 900 * MILLI), dispute(rng, 100 * MILLI, 900 * MILLI)]
    return rng.sample(made, rng.randint(0, 2))


async def _use(customer: Customer, rng: random.Random) -> None:
    for _ in range(rng.randint(2, 5)):
        await customer.stage.agenda.wait(rng.randint(1, 4) * MINUTE)
        needed = customer.usual()
        await customer.ensure(needed)
        await customer.serve(needed)


async def _reach(
    customer: Customer,
    scope: Scope,
    rng: random.Random,
    takers: list[Mishap],
    *,
    rest: int,
    left: int,
    elsewhere: Mishap | None = None,
    wallet_matters: bool = False,
) -> None:
    """Use a limit up until `rest` is left of it, with so much left in the wallet. What happens `elsewhere`, with a key of
    another group, is not counted in it; nor is what copies took of yesterday's window. Of the wallet they took it all the
    same: where that `wallet_matters`, none are sent."""
    window = rng.choice(_WINDOWS)
    limit_id = await customer.limit(scope, _ALL_THERE_IS, window=window)
    if window is Window.DAY and not wallet_matters and rng.random() < 0.5:
        await duplicates(rng, 300 * MILLI, 900 * MILLI).early(customer)
        await _wait_for_tomorrow(customer)
    await _far_from_midnight(customer)
    await _use(customer, rng)
    for taker in takers:
        await taker.early(customer)
    colleague = customer if elsewhere is None else await customer.colleague()
    others = [] if elsewhere is None else [elsewhere]
    for other in others:
        await other.early(colleague)
    await customer.bring_to(left + sum(one.late_needs for one in (*takers, *others)))
    for taker in takers:
        await taker.late(customer)
    for other in others:
        await other.late(colleague)
    await _leave(customer, scope, limit_id, window=window, rest=rest)
    for other in others:
        await other.after(colleague)


async def _leave(customer: Customer, scope: Scope, limit_id: UUID, *, window: Window, rest: int) -> None:
    """Give a limit the amount of which so much is left."""
    standings = await customer.stage.limits.list_limits(account_id=customer.account_id, time_zone=customer.time_zone)
    usage = next(standing.usage for standing in standings if standing.limit.limit_id == limit_id)
    await customer.limit(scope, usage.used + usage.held + rest, window=window)


def reached(scope: Scope) -> Scene:
    """A limit is reached by what it is there for. There is enough in the wallet, and it may look like little."""
    cause, code = _REACHED[scope]

    async def scene(customer: Customer, rng: random.Random) -> Question:
        needed = rng.randint(260, 350) * MILLI
        short = rng.randint(120, 250) * MILLI
        left = needed + rng.choice((rng.randint(1, 60), rng.randint(500, 3_000))) * MILLI
        takers = [_TAKERS[rng.choice(tuple(_TAKERS))](rng, 20 * MILLI, short - MILLI)] if rng.random() < 0.4 else []
        takers = [taker for taker in takers if taker.amount < short]
        elsewhere = None
        if scope is not Scope.ACCOUNT and rng.random() < 0.4:
            elsewhere = duplicates(rng, short, 3 * short)
        for mishap in _of_the_wallet(rng):
            await mishap.early(customer)
        await _reach(customer, scope, rng, takers, rest=needed - short, left=left, elsewhere=elsewhere)
        request_id = await customer.refused(needed, code=code)
        for taker in takers:
            await taker.after(customer)
        return refusal(ask(rng, customer, request_id), cause)

    return scene


def used_up_by(taken_by: FindingCode) -> Scene:
    """A limit is reached, and would not have been without one thing that went wrong."""

    async def scene(customer: Customer, rng: random.Random) -> Question:
        scope = rng.choice((Scope.ACCOUNT, Scope.GROUP, Scope.KEY))
        needed = rng.randint(260, 350) * MILLI
        short = rng.randint(120, 250) * MILLI
        taker = _TAKERS[taken_by](rng, short + 5 * MILLI, short * 3)
        left = needed + rng.randint(1, 500) * MILLI
        await _reach(customer, scope, rng, [taker], rest=needed - short, left=left)
        request_id = await customer.refused(needed, code=_REACHED[scope][1])
        await taker.after(customer)
        return refusal(ask(rng, customer, request_id), taken_by)

    return scene


async def limit_and_wallet(customer: Customer, rng: random.Random) -> Question:
    """A limit is reached and the wallet is empty: neither alone would have been enough."""
    scope = rng.choice((Scope.GROUP, Scope.KEY))
    needed = rng.randint(260, 350) * MILLI
    await _reach(customer, scope, rng, [], rest=needed - 150 * MILLI, left=needed - 100 * MILLI, wallet_matters=True)
    request_id = await customer.refused(needed, code=_REACHED[scope][1])
    return refusal(ask(rng, customer, request_id), _REACHED[scope][0], FindingCode.BALANCE_EXHAUSTED)


async def limit_and_expiry(customer: Customer, rng: random.Random) -> Question:
    """A limit is reached, and the wallet would have had enough but for credit that ended."""
    scope = rng.choice((Scope.GROUP, Scope.KEY))
    needed = rng.randint(260, 350) * MILLI
    await expiry(rng, 120 * MILLI, 400 * MILLI).early(customer)
    await _reach(customer, scope, rng, [], rest=needed - 150 * MILLI, left=needed - 100 * MILLI, wallet_matters=True)
    request_id = await customer.refused(needed, code=_REACHED[scope][1])
    return refusal(ask(rng, customer, request_id), _REACHED[scope][0], FindingCode.CREDIT_EXPIRED)


async def copies_in_both(customer: Customer, rng: random.Random) -> Question:
    """A limit is reached and the wallet is empty, both by the same copies."""
    scope = rng.choice((Scope.GROUP, Scope.KEY))
    needed = rng.randint(260, 350) * MILLI
    copies = duplicates(rng, 160 * MILLI, 500 * MILLI)
    await _reach(customer, scope, rng, [copies], rest=needed - 150 * MILLI, left=needed - 100 * MILLI)
    request_id = await customer.refused(needed, code=_REACHED[scope][1])
    await copies.after(customer)
    return refusal(ask(rng, customer, request_id), FindingCode.DUPLICATE_SUBMISSIONS)


async def above_ceiling(customer: Customer, rng: random.Random) -> Question:
    """One call may cost more than a single one is allowed to."""
    needed = rng.randint(600, 900) * MILLI
    await customer.ensure(2 * needed)
    scope = rng.choice((Scope.ACCOUNT, Scope.GROUP, Scope.KEY))
    await customer.limit(scope, rng.randint(360, 500) * MILLI, window=Window.REQUEST)
    request_id = await customer.refused(needed, code="request_ceiling")
    return refusal(ask(rng, customer, request_id), FindingCode.HIGH_COST_TASK)


async def not_permitted(customer: Customer, rng: random.Random) -> Question:
    """The key, or its group, may not use the model; the balance is low and enough."""
    needed = customer.usual()
    await customer.bring_to(needed + rng.randint(1, 80) * MILLI)
    allowed = (LARGE, "film*")
    if rng.random() < 0.5:
        await customer.stage.limits.change_key(
            account_id=customer.account_id, key_id=customer.key_id,
            change=lambda present: replace(present, allowed_models=allowed),
        )  # fmt: skip
    else:
        await customer.stage.limits.change_group(
            account_id=customer.account_id, group_id=customer.group_id,
            change=lambda present: replace(present, allowed_models=allowed),
        )  # fmt: skip
    request_id = await customer.refused(needed, code="model_not_permitted")
    await _permit_all(customer)
    return refusal(ask(rng, customer, request_id), FindingCode.MODEL_NOT_PERMITTED)


async def _permit_all(customer: Customer) -> None:
    account_id = customer.account_id
    await customer.stage.limits.change_key(
        account_id=account_id, key_id=customer.key_id, change=lambda present: replace(present, allowed_models=())
    )
    await customer.stage.limits.change_group(
        account_id=account_id, group_id=customer.group_id, change=lambda present: replace(present, allowed_models=())
    )


async def refused_for_its_code(customer: Customer, rng: random.Random) -> Question:
    """Access, a rate or the operator's side: it has nothing to do with money, however little there is."""
    needed = customer.usual()
    await customer.bring_to(2 * needed + rng.randint(1, 80) * MILLI)
    limits, account_id = customer.stage.limits, customer.account_id
    match rng.randrange(7):
        case 0:
            await limits.disable_key(account_id=account_id, key_id=customer.key_id)
            request_id = await customer.refused(needed, code="key_disabled")
            await limits.enable_key(account_id=account_id, key_id=customer.key_id)
        case 1:
            await customer.stage.ledger.change_account(account_id, status="suspended")
            request_id = await customer.refused(needed, code="account_suspended")
            await customer.stage.ledger.change_account(account_id, status="active")
        case 2:
            request_id = await customer.refused(needed, code="model_not_found", model="chat-of-nobody")
        case 3:
            request_id = await customer.refused(needed, code="price_missing", model=UNPRICED)
        case 4:
            limit_id = await customer.limit(Scope.KEY, 1, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
            first = await customer.hold(needed)
            request_id = await customer.refused(needed, code="too_many_in_flight")
            await customer.settle(first, needed)
            await limits.remove_limit(account_id=account_id, limit_id=limit_id)
        case 5:
            limit_id = await customer.limit(Scope.GROUP, 1, unit=Unit.REQUESTS, window=Window.MINUTE)
            await customer.serve(needed)
            request_id = await customer.refused(needed, code="rate_limited")
            await limits.remove_limit(account_id=account_id, limit_id=limit_id)
        case _:
            problems = (Problem(code="cost_unbounded"),)
            request_id = await customer.refused(needed, code="cost_unbounded", problems=problems)
    return refusal(ask(rng, customer, request_id), FindingCode.REFUSED_FOR_ITS_CODE)


_ELSEWHERE = (
    "Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check your plan and billing "
    "details.', 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}",
    '{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the '
    'Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}',
    '{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}',
    '{"error":{"message":"用户额度不足, 剩余额度: ¥0.000000 (request id: 2026031508123456789)","type":"new_api_error","code":"insufficient_user_quota"}}',
    '{"error":{"message":"Budget has been exceeded! Current cost: 10.2, Max budget: 10.0","type":"budget_exceeded","code":"400"}}',
    '{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can '
    'only afford 1200.","code":402,"metadata":{"provider_name":null}}}',
    '{"error":{"code":429,"message":"Your prepayment credits are depleted.","status":"RESOURCE_EXHAUSTED"}}',
)  # fmt: skip


async def elsewhere(customer: Customer, rng: random.Random) -> Question:
    """An error of another service, pasted by somebody who is a customer here as well, and whose balance is low."""
    await customer.bring_to(rng.randint(1, 60) * MILLI)
    await customer.refused(customer.usual(), code="account_balance")
    return matter(rng.choice(_ELSEWHERE), FindingCode.REFUSED_ELSEWHERE)


SCRIPTS = (
    *(Script(name=f"{scope} limit reached", weight=5, scene=reached(scope)) for scope in _REACHED),
    *(Script(name=f"a limit used up by {cause}", weight=3, scene=used_up_by(cause)) for cause in _TAKERS),
    Script(name="a limit and the wallet", weight=3, scene=limit_and_wallet),
    Script(name="a limit and expired credit", weight=2, scene=limit_and_expiry),
    Script(name="copies in a limit and in the wallet", weight=2, scene=copies_in_both),
    Script(name="above a ceiling", weight=3, scene=above_ceiling),
    Script(name="a model that is not permitted", weight=4, scene=not_permitted),
    Script(name="refused for its code", weight=5, scene=refused_for_its_code),
    Script(name="another service's error", weight=3, scene=elsewhere),
)
