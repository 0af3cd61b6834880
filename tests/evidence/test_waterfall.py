"""Where did it go? What a window's breakdowns say, and what each of their lines stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from counterfoil.evidence.model import Audience
from counterfoil.evidence.waterfall import Dimension, Slice, SliceKind, Waterfall, hour_offsets, show_hour
from counterfoil.evidence.waterfall_service import Waterfalls
from counterfoil.evidence.waterfall_view import to_dict
from counterfoil.foundation.errors import Broken
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import from_datetime, read_time, to_datetime
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import Authorize, Capture, Expire
from counterfoil.ledger.service import Ledger
from counterfoil.storage.database import Database
from evidence.desk import Desk
from evidence.spender import DAY, HOUR, MICROS, MINUTE, Spender
from spend.market import NANOS, TOKEN

SAME = {"fingerprint": b"f" * 32}


@pytest.fixture
async def busy(spender: Spender) -> Spender:
    """An account that has called, made tasks and sent copies, of which one was given back in part."""
    await spender.credit(100 * NANOS)
    spender.pass_time(HOUR)
    await spender.call(100, key=1, client="curl/8")
    await spender.call(200)
    await spender.task(400)
    await spender.call(300, **SAME)
    spender.pass_time(MINUTE)
    await spender.call(300, **SAME)
    await spender.refund(-1, part=50 * TOKEN)
    await spender.call(300, retry_count=1, **SAME)
    await spender.call(500, model="per-call")
    return spender


async def everything(spender: Spender) -> Waterfall:
    return await spender.waterfall(spender.times[0], spender.now + 1)


def lines(found: Waterfall, by: Dimension) -> dict[str | None, tuple[int, int, int]]:
    """Charged and refunded in thousandths, and the number of charges, by name."""
    return {one.name: (one.charged // TOKEN, one.refunded // TOKEN, one.charges) for one in found.by(by).slices}


async def test_charges_are_broken_down_by_what_they_were_for(busy: Spender) -> None:
    found = await everything(busy)
    assert (found.charged, found.refunded) == (1_850 * TOKEN, 50 * TOKEN)
    assert lines(found, Dimension.MODEL) == {"plain": (1_600, 50, 6), "per-call": (250, 0, 1)}
    assert lines(found, Dimension.CLIENT) == {"OpenAI/Python 2.0": (1_750, 50, 6), "curl/8": (100, 0, 1)}
    assert lines(found, Dimension.CAUSE) == {
        "calls": (850, 0, 4), "tasks": (400, 0, 1), "duplicates": (300, 50, 1), "retries": (300, 0, 1),
    }  # fmt: skip
    assert lines(found, Dimension.COPY) == {
        None: (950, 0, 4), "original": (300, 0, 1), "duplicate": (300, 50, 1), "retry": (300, 0, 1),
    }  # fmt: skip
    assert lines(found, Dimension.WORK) == {"calls": (1_450, 50, 6), "tasks": (400, 0, 1)}
    assert lines(found, Dimension.TIER) == {"standard": (1_850, 50, 7)}


async def test_keys_and_groups_are_called_by_their_names(busy: Spender) -> None:
    found = await everything(busy)
    keys = {one.name: one.label for one in found.by(Dimension.KEY).slices}
    assert set(keys) == {show_id("key", key.key_id) for key in busy.keys}
    assert all(label is not None and label.startswith("laptop (sk-…") for label in keys.values())
    with_group, without = found.by(Dimension.GROUP).slices
    assert (with_group.label, with_group.charged) == ("Crew", 1_750 * TOKEN)
    assert (without.kind, without.name, without.charged) == (SliceKind.NONE, None, 100 * TOKEN)


async def test_the_hours_are_the_accounts(market_hours: Spender) -> None:
    found = await everything(market_hours)
    shown = [show_hour(int(one.name or 0), found.time_zone) for one in found.by(Dimension.HOUR).slices]
    assert shown == ["2026-05-01 09:00 +05:30", "2026-05-01 10:00 +05:30"]
    assert [one.charged for one in found.by(Dimension.HOUR).slices] == [100 * TOKEN, 200 * TOKEN]


@pytest.fixture
async def market_hours(spender: Spender) -> Spender:
    """One that called at ten to ten and at five past, in Kolkata."""
    await spender.market.ledger.change_account(spender.account_id, time_zone="Asia/Kolkata")
    wanted = read_time("2026-05-01T09:50:00+05:30")
    spender.market.clock.advance(micros=wanted - spender.now)
    spender.times = [spender.now]
    await spender.credit(NANOS)
    await spender.call(100)
    spender.pass_time(15 * MINUTE)
    await spender.call(200)
    return spender


async def test_what_comes_after_the_twenty_largest_is_one_line(spender: Spender) -> None:
    await spender.credit(100 * NANOS)
    for number in range(25):
        await spender.call(100 + number, client=f"client/{number}")
    clients = (await everything(spender)).by(Dimension.CLIENT)
    assert len(clients.slices) == 21
    assert [one.name for one in clients.slices[:3]] == ["client/24", "client/23", "client/22"]
    others = clients.slices[-1]
    assert (others.kind, others.merged, others.charges) == (SliceKind.OTHERS, 5, 5)
    assert others.charged == sum(range(100, 105)) * TOKEN


async def test_requests_in_flight_together_are_counted(spender: Spender) -> None:
    await spender.credit(100 * NANOS)
    together = [await spender.till.admitted(spender.keys[0], cap=10) for _ in range(3)]
    for admission in together:
        await spender.deliver(admission, 10)
    assert (await everything(spender)).concurrency == 3


async def test_what_is_reserved_is_told_as_of_the_end(spender: Spender) -> None:
    await spender.credit(100 * NANOS)
    admission = await spender.till.admitted(spender.keys[0], cap=1_000)
    spender.pass_time(MINUTE)
    then = spender.now
    spender.pass_time(MINUTE)
    await spender.deliver(admission, 400)
    assert (await spender.waterfall(spender.times[0], then)).held == 1_000 * TOKEN
    assert (await everything(spender)).held == 0


async def test_a_charge_without_a_request_is_a_line_of_its_own(desk: Desk, database: Database) -> None:
    customer = await desk.customer()
    ledger = Ledger(database, clock=desk.clock, guard_factory=NoGuard)
    hold_id = desk.clock.new_id()
    await ledger.apply(
        Authorize(
            account_id=customer.account_id, hold_id=hold_id, floor=NANOS, asked=NANOS, expires_in=60 * MICROS,
            cause_kind="request", cause_id=hold_id, intent="by hand",
        )
    )  # fmt: skip
    await ledger.apply(Capture(account_id=customer.account_id, hold_id=hold_id, cost=NANOS, intent="by hand"))
    found = await Waterfalls(database, ledger=desk.ledger, clock=desk.clock).of(
        customer.account_id, start=desk.clock.now(), end=desk.clock.now() + 1
    )
    for dimension in (Dimension.MODEL, Dimension.KEY, Dimension.GROUP, Dimension.CLIENT, Dimension.CAUSE):
        (line,) = found.by(dimension).slices
        assert (line.kind, line.name, line.charged) == (SliceKind.UNKNOWN, None, NANOS), dimension
    shown = to_dict(found, language=Language.EN, audience=Audience.OPERATOR)
    assert shown["breakdowns"]["model"]["lines"][0]["label"] == "No request on record"


async def test_costs_that_nobody_paid_are_beside_the_wallet_and_for_staff(spender: Spender) -> None:
    await spender.credit(NANOS)
    answer = await spender.till.admitted(spender.keys[0], cap=750)
    await spender.deliver(answer, 2_000)
    found = await everything(spender)
    assert found.closing == 0
    assert [(one.code, one.nanos) for one in found.beside] == [("uncollected", 1_000 * TOKEN)]
    assert to_dict(found, language=Language.ZH, audience=Audience.CUSTOMER)["beside"] is None
    staff = to_dict(found, language=Language.ZH, audience=Audience.OPERATOR)
    assert staff["beside"][0]["label"] == "未收取"


async def test_an_expired_reservation_is_no_step(spender: Spender) -> None:
    await spender.credit(NANOS)
    admission = await spender.till.admitted(spender.keys[0], cap=500)
    spender.pass_time(DAY)
    await spender.market.ledger.apply(Expire(account_id=spender.account_id, hold_id=admission.hold.hold_id))
    found = await everything(spender)
    assert [step.nanos for step in found.steps] == [NANOS]


async def test_rows_that_do_not_add_up_are_not_shown(busy: Spender) -> None:
    found = await everything(busy)
    with pytest.raises(Broken, match="waterfall_open"):
        replace(found, closing=found.closing + 1)
    spoilt = Slice(kind=SliceKind.NAMED, name="plain", charged=1, refunded=0, charges=1)
    broken = tuple(replace(one, slices=(*one.slices, spoilt)) for one in found.breakdowns)
    with pytest.raises(Broken, match="waterfall_open"):
        replace(found, breakdowns=broken)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"])
def test_every_moments_hour_begins_where_its_zones_clock_says(zone: str) -> None:
    start = read_time("2026-03-01T00:00:00Z")
    end = start + 60 * DAY * MICROS
    since, offsets = hour_offsets(start, end, zone)
    # Lord Howe Island goes back by half an hour on 5 April.
    assert len(since) == (2 if zone == "Australia/Lord_Howe" else 1)
    for at in range(start, end, 37 * MINUTE * MICROS + 12_345_678):
        ahead = offsets[sum(begin <= at for begin in since) - 1]
        hour = at - (at + ahead) % (HOUR * MICROS)
        local = to_datetime(at).astimezone(ZoneInfo(zone))
        expected = from_datetime(datetime(local.year, local.month, local.day, local.hour, tzinfo=local.tzinfo))
        if local.fold or local.utcoffset() != to_datetime(hour).astimezone(ZoneInfo(zone)).utcoffset():
            # Within an hour of the change, an hour may begin on the other side of it.
            continue
        assert hour == expected, local
