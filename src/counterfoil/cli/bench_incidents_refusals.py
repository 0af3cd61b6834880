"""Incidents of the first kind: a call is refused for want of money, and the wallet alone does not say why."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from itertools import combinations
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import FILM_SECOND, MILLI, Customer
from counterfoil.cli.bench_incidents_mishaps import (
    HARMLESS,
    EatenCredit,
    Mishap,
    dispute,
    duplicates,
    expiry,
    in_flight,
    retries,
)
from counterfoil.cli.bench_incidents_model import Asked, Question, Scene, Script, refusal
from counterfoil.cli.bench_incidents_till import CENT
from counterfoil.cli.bench_incidents_time import MINUTE
from counterfoil.evidence.findings import FindingCode
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.spend.model import RefusedCall

# What takes money away, by the cause that it is.
_MAKERS: dict[FindingCode, Callable[[random.Random, int, int], Mishap]] = {
    FindingCode.DUPLICATE_SUBMISSIONS: duplicates,
    FindingCode.RETRY_SPIKE: retries,
    FindingCode.CREDIT_EXPIRED: expiry,
    FindingCode.CREDIT_FROZEN: dispute,
    FindingCode.HELD_IN_FLIGHT: in_flight,
}
CAUSES = tuple(_MAKERS)
PAIRS = tuple(combinations(CAUSES, 2))
# What the refused call needs, and how little of it is there.
_NEEDED = (260, 350)
_SHORTFALL_LEAST = 120
# A decoy smaller than this is none.
_DECOY_LEAST = 20 * MILLI


async def squeeze(customer: Customer, rng: random.Random, mishaps: Sequence[Mishap], *, left: int) -> None:
    """Let everything happen that takes money away, so that `left` can be spent in the end. Who has the other key of the
    account has his part in it."""
    others = [customer, await customer.colleague()] if rng.random() < 0.4 else [customer]
    for mishap in rng.sample(mishaps, len(mishaps)):
        await mishap.early(rng.choice(others))
        await customer.stage.agenda.wait(rng.randint(1, 10) * MINUTE)
    await customer.bring_to(left + sum(mishap.late_needs for mishap in mishaps))
    for mishap in rng.sample(mishaps, len(mishaps)):
        await mishap.late(rng.choice(others))
    assert await customer.spendable() == left, (await customer.spendable(), left, mishaps)


async def refuse(customer: Customer, rng: random.Random, mishaps: Sequence[Mishap], *, needed: int, left: int) -> UUID:
    """The refusal of a usual call for want of balance; afterwards the world goes on."""
    await squeeze(customer, rng, mishaps, left=left)
    if rng.random() < 0.3:
        # Another refusal shortly before, which is not the one that is asked about.
        await customer.refused(needed, model="chat-of-nobody")
        await customer.stage.agenda.wait(rng.randint(90, 400) if not any(one.late_needs for one in mishaps) else 70)
    request_id = await customer.refused(needed, code="account_balance")
    refused_at = customer.refused_at
    await go_on(customer, rng, mishaps)
    customer.refused_at = refused_at
    return request_id


async def go_on(customer: Customer, rng: random.Random, mishaps: Sequence[Mishap]) -> None:
    """What becomes of it all after the refusal, and what goes wrong only then."""
    await customer.stage.agenda.wait(rng.randint(1, 5))
    for mishap in mishaps:
        await mishap.after(customer)
    for cause in rng.sample(CAUSES, rng.choice((0, 0, 1, 2))):
        await customer.stage.agenda.wait(rng.randint(2, 40) * MINUTE)
        late = _MAKERS[cause](rng, 100 * MILLI, 700 * MILLI)
        await late.early(customer)
        await customer.ensure(late.late_needs)
        await late.late(customer)
        await late.after(customer)


def ask(rng: random.Random, customer: Customer, request_id: UUID) -> Asked:
    """As people ask: the request's id, the whole error as they got it, or the key's mask and the time."""
    return Asked(text=_words(rng, customer, request_id), kind="request", about=request_id)


def _words(rng: random.Random, customer: Customer, request_id: UUID) -> str:
    shown = show_id("request", request_id)
    match rng.randrange(6):
        case 0:
            error = {
                "message": f"The balance is not enough for this request. ({shown})", "type": "insufficient_quota",
                "code": "account_balance", "param": None, "request_id": shown,
            }  # fmt: skip
            return json.dumps({"error": error})
        case 1:
            return f"openai.APIStatusError: Error code: 402 - my key is {customer.mask}, request {shown.upper()}, why??"
        case 2:
            return f"{customer.mask} {show_time(customer.refused_at)}"
        case 3:
            return f"{show_id('account', customer.account_id)} {show_time(customer.refused_at)[:16]}Z 402!"
        case _:
            return shown


def _harmless(rng: random.Random, most: int) -> list[Mishap]:
    return [make(rng) for make in rng.sample(HARMLESS, rng.randint(0, most))]


def _decoys(rng: random.Random, room: int, *, of: Sequence[FindingCode], at_most: int, in_all: bool) -> list[Mishap]:
    """Causes that take less away than would matter: each less than `room`, or all of them (`in_all`)."""
    found: list[Mishap] = []
    for cause in rng.sample(of, rng.randint(0, min(at_most, len(of)))):
        most = room - MILLI - (sum(mishap.amount for mishap in found) if in_all else 0)
        if most < 2 * _DECOY_LEAST:
            break
        made = _MAKERS[cause](rng, _DECOY_LEAST, most)
        if made.amount <= most:
            found.append(made)
    return found


def single(cause: FindingCode) -> Scene:
    """One cause is enough, and nothing else is."""

    async def scene(customer: Customer, rng: random.Random) -> Question:
        needed = rng.randint(*_NEEDED) * MILLI
        short = rng.randint(_SHORTFALL_LEAST * MILLI, needed - 10 * MILLI) // MILLI * MILLI
        main = _MAKERS[cause](rng, short, short * 3)
        others = [each for each in CAUSES if each is not cause]
        decoys = _decoys(rng, short, of=others, at_most=2, in_all=False)
        mishaps = [main, *decoys, *_harmless(rng, 1)]
        request_id = await refuse(customer, rng, mishaps, needed=needed, left=needed - short)
        return refusal(ask(rng, customer, request_id), cause)

    return scene


def pair(first: FindingCode, second: FindingCode) -> Scene:
    """Two causes are enough together, neither alone, and no other two."""

    async def scene(customer: Customer, rng: random.Random) -> Question:
        needed = rng.randint(300, 350) * MILLI
        short = needed - rng.randint(5, 30) * MILLI
        one = _MAKERS[first](rng, short * 5 // 10, short * 8 // 10)
        other = _MAKERS[second](rng, short - one.amount, short - MILLI)
        if one.amount >= short or other.amount >= short or one.amount + other.amount < short:
            return await scene(customer, rng)
        room = short - max(one.amount, other.amount)
        others = [each for each in CAUSES if each not in (first, second)]
        decoys = _decoys(rng, room, of=others, at_most=1, in_all=False)
        mishaps = [one, other, *decoys, *_harmless(rng, 1)]
        request_id = await refuse(customer, rng, mishaps, needed=needed, left=needed - short)
        return refusal(ask(rng, customer, request_id), first, second)

    return scene


async def three(customer: Customer, rng: random.Random) -> Question:
    """Three causes are enough together, and no two of them."""
    needed = rng.randint(320, 350) * MILLI
    short = needed - rng.randint(5, 20) * MILLI
    chosen = rng.sample(CAUSES, 3)
    made = [_MAKERS[cause](rng, short * 36 // 100, short * 48 // 100) for cause in chosen]
    largest_two = sum(sorted(mishap.amount for mishap in made)[1:])
    if largest_two >= short or sum(mishap.amount for mishap in made) < short:
        return await three(customer, rng)
    request_id = await refuse(customer, rng, [*made, *_harmless(rng, 1)], needed=needed, left=needed - short)
    return refusal(ask(rng, customer, request_id), *chosen)


async def exhausted(customer: Customer, rng: random.Random) -> Question:
    """The balance has been used up, as it always is; whatever else happened would not have been enough."""
    needed = rng.randint(*_NEEDED) * MILLI
    short = rng.randint(_SHORTFALL_LEAST * MILLI, needed - 10 * MILLI) // MILLI * MILLI
    decoys = _decoys(rng, short, of=CAUSES, at_most=3, in_all=True)
    request_id = await refuse(customer, rng, [*decoys, *_harmless(rng, 2)], needed=needed, left=needed - short)
    return refusal(ask(rng, customer, request_id), FindingCode.BALANCE_EXHAUSTED)


async def dear(customer: Customer, rng: random.Random) -> Question:
    """There is enough for what this account does, and not for this one task."""
    left = rng.randint(900, 2_000) * MILLI
    seconds = rng.randint(60, 120)
    short = seconds * FILM_SECOND - left
    decoys = _decoys(rng, min(short, 900 * MILLI), of=CAUSES, at_most=2, in_all=True)
    mishaps = [*decoys, *_harmless(rng, 1)]
    await squeeze(customer, rng, mishaps, left=left)
    refused = await customer.ask_for_film(seconds)
    assert isinstance(refused, RefusedCall)
    refused_at = customer.stage.clock.now()
    await go_on(customer, rng, mishaps)
    customer.refused_at = refused_at
    return refusal(ask(rng, customer, refused.request_id), FindingCode.HIGH_COST_TASK)


def eaten(*, is_gift: bool) -> Scene:
    """Copies that took from credit which was lost afterwards: they matter only together with its loss, or not at all."""
    lost = FindingCode.CREDIT_EXPIRED if is_gift else FindingCode.CREDIT_FROZEN

    async def scene(customer: Customer, rng: random.Random) -> Question:
        needed = rng.randint(300, 350) * MILLI
        short = needed - rng.randint(20, 80) * MILLI
        share = rng.choice(("all", "both", "neither"))
        # What is left over when the copies have taken theirs, and what they take; orders are of whole cents.
        left_over = {"all": short + 20 * MILLI, "both": short // 2, "neither": short // 4}[share] // CENT * CENT
        taken = {"all": short + 50 * MILLI, "both": short, "neither": short // 3}[share] // (60 * MILLI) * 60 * MILLI
        mishap = EatenCredit.of(rng, left_over=left_over, eaten=taken, is_gift=is_gift)
        if share == "neither" and mishap.amount + mishap.eaten >= short:
            return await scene(customer, rng)
        request_id = await refuse(customer, rng, [mishap], needed=needed, left=needed - short)
        expected = {
            "all": (lost,), "both": (lost, FindingCode.DUPLICATE_SUBMISSIONS), "neither": (FindingCode.BALANCE_EXHAUSTED,),
        }[share]  # fmt: skip
        return refusal(ask(rng, customer, request_id), *expected)

    return scene


SCRIPTS = (
    Script(name="copies that ate a gift", weight=4, scene=eaten(is_gift=True)),
    Script(name="copies that ate what was frozen", weight=4, scene=eaten(is_gift=False)),
    *(Script(name=f"one {cause}", weight=6, scene=single(cause)) for cause in CAUSES),
    *(Script(name=f"{first} and {second}", weight=2, scene=pair(first, second)) for first, second in PAIRS),
    Script(name="three together", weight=3, scene=three),
    Script(name="used up", weight=7, scene=exhausted),
    Script(name="a dear task", weight=6, scene=dear),
)
