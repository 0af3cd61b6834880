"""From the outbox to who wants to hear: once each, signed, tried again with patience, given up in the end, and logged."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.notify import courier
from counterfoil.notify.model import AlertRules, ChannelKind, DeliveryState, Outcome, Worked
from counterfoil.notify.rules import WAITS_SECONDS
from counterfoil.notify.service import LOG_KEPT_SECONDS, Notifications
from notify.desk import SECOND, Desk, MailServer, Receiver, open_receiver

ORDER = f"ord_{5:032x}"
PAID = {"order": ORDER, "paid": "100.00 CNY", "credited": "14.00 USD", "bonus": "1.00 USD"}


@pytest.fixture
async def account_id(desk: Desk) -> UUID:
    return await desk.open_account()


async def test_an_announcement_reaches_its_accounts_webhook_signed(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    added = await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID, internal="not in the words")
    assert await notify.work_off() == Worked(dispatched=1, sent=1, not_sent=0)
    (one,) = receiver.received
    assert added.secret is not None
    assert one.signed_with(added.secret)
    assert int(one.headers["webhook-timestamp"]) == desk.clock.now() // SECOND
    assert one.headers["content-type"] == "application/json"
    body = one.json
    assert body["type"] == "order_credited"
    assert body["data"]["account_id"] == show_id("account", account_id)
    assert body["data"]["facts"] == PAID
    assert body["data"]["title"] == "Recharge credited: 14.00 USD"
    assert body["data"]["message"].splitlines()[0] == (
        f"Order {ORDER} was paid with 100.00 CNY, and account Acme was credited 14.00 USD; bonus: 1.00 USD."
    )
    assert body["data"]["message"].splitlines()[-1] == body["data"]["link"] == "https://desk.example"


async def test_an_announcement_is_told_to_each_channel_once_however_often_it_is_handed_out(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    await desk.webhook(notify, receiver, account_id, url=receiver.url("/a"))
    await desk.webhook(notify, receiver, account_id, url=receiver.url("/b"), language=Language.ZH)
    await desk.webhook(notify, receiver, url=receiver.url("/operations"))
    for _ in range(30):
        await desk.announce("order_credited", account_id, **PAID)
    await asyncio.gather(*(desk.process().work_off() for _ in range(4)))
    assert await notify.work_off() == Worked(dispatched=0, sent=0, not_sent=0)
    assert sorted(one.path for one in receiver.received) == ["/a"] * 30 + ["/b"] * 30
    assert len({(one.path, one.message_id) for one in receiver.received}) == 60
    assert {one.json["data"]["title"] for one in receiver.received if one.path == "/b"} == {"充值 14.00 USD 已入账"}


async def test_operations_hear_what_is_theirs_and_no_customer_does(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    await desk.webhook(notify, receiver, account_id, url=receiver.url("/customer"))
    await desk.webhook(notify, receiver, url=receiver.url("/operations"))
    await desk.webhook(notify, receiver, url=receiver.url("/low"), kinds=["balance_low"])
    await desk.announce("order_attention", None, order=ORDER, what="refund_failed")
    await desk.announce("upstream_out_of_money", None, upstream="backend")
    await desk.announce("order_disputed", account_id, order=ORDER)
    await desk.announce("balance_low", account_id, balance="1.00 USD")
    await notify.work_off()
    assert sorted((one.path, one.json["type"]) for one in receiver.received) == [
        ("/customer", "balance_low"), ("/customer", "order_disputed"), ("/low", "balance_low"),
        ("/operations", "order_attention"), ("/operations", "order_disputed"), ("/operations", "upstream_out_of_money"),
    ]  # fmt: skip
    assert "backend" not in str([one.body for one in receiver.received if one.path == "/customer"])


async def test_what_an_account_has_switched_off_is_told_to_operations_alone(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    await desk.webhook(notify, receiver, account_id, url=receiver.url("/customer"))
    await desk.webhook(notify, receiver, url=receiver.url("/operations"))
    await notify.set_rules(account_id, AlertRules(off=("order_disputed",)))
    await desk.announce("order_disputed", account_id, order=ORDER)
    await notify.work_off()
    assert [one.path for one in receiver.received] == ["/operations"]


async def test_what_nobody_listens_to_is_handed_out_all_the_same(desk: Desk, notify: Notifications) -> None:
    await desk.announce("order_credited", await desk.open_account("Lonely"), **PAID)
    await desk.announce("an_announcement_of_a_later_release", None)
    assert await notify.work_off() == Worked(dispatched=2, sent=0, not_sent=0)
    assert await desk.rows("SELECT 1 FROM outbox WHERE dispatched_at IS NULL") == []


async def test_a_delivery_that_fails_is_tried_again_under_the_same_id_and_then_given_up(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    added = await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID)
    receiver.status = 503
    await notify.work_off()
    for seconds in WAITS_SECONDS:
        assert (await notify.work_off()).not_sent == 0
        desk.clock.advance(seconds=seconds - 1)
        assert (await notify.work_off()).not_sent == 0
        desk.clock.advance(seconds=1)
        assert (await notify.work_off()).not_sent == 1
    desk.clock.advance(seconds=30 * 24 * 3600)
    assert await notify.work_off() == Worked(dispatched=0, sent=0, not_sent=0)
    assert len(receiver.received) == 6
    assert len({one.message_id for one in receiver.received}) == 1
    assert len({one.body for one in receiver.received}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.received}) == 6
    assert added.secret is not None
    assert all(one.signed_with(added.secret) for one in receiver.received)
    (line,) = await notify.log()
    assert (line.state, line.outcome, line.detail, line.tries) == (
        DeliveryState.GIVEN_UP, Outcome.REFUSED, "HTTP 503", 6,
    )  # fmt: skip
    assert (line.next_try_at, line.ended_at) == (None, line.last_try_at)


async def test_a_receiver_that_comes_back_is_told_and_not_again(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID)
    receiver.status = 500
    await notify.work_off()
    receiver.status = 200
    desk.clock.advance(seconds=30)
    assert (await notify.work_off()).sent == 1
    desk.clock.advance(seconds=10**6)
    assert (await notify.work_off()).sent == 0
    (line,) = await notify.log()
    assert (line.state, line.outcome, line.detail, line.tries) == (DeliveryState.SENT, Outcome.DELIVERED, "HTTP 200", 2)


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [
        (301, Outcome.REDIRECTED, DeliveryState.WAITING), (307, Outcome.REDIRECTED, DeliveryState.WAITING),
        (400, Outcome.REFUSED, DeliveryState.WAITING), (410, Outcome.REFUSED, DeliveryState.GIVEN_UP),
    ],
)  # fmt: skip
async def test_a_redirect_is_not_followed_and_a_receiver_that_wants_no_more_gets_no_more(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID, status: int, outcome: Outcome,
    state: DeliveryState,
) -> None:  # fmt: skip
    await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID)
    receiver.status, receiver.headers = status, {"Location": receiver.url("/elsewhere")}
    await notify.work_off()
    assert [one.path for one in receiver.received] == ["/hook"]
    (line,) = await notify.log()
    assert (line.outcome, line.detail, line.state) == (outcome, f"HTTP {status}", state)


async def test_a_receiver_that_is_not_there_or_does_not_answer_is_told_apart(
    desk: Desk, receiver: Receiver, account_id: UUID
) -> None:
    notify = desk.process(webhook_seconds=0.2)
    gone = await desk.webhook(notify, receiver, account_id, url="http://127.0.0.1:1/hook")
    slow = await desk.webhook(notify, receiver, account_id)
    receiver.before_answer = lambda: asyncio.sleep(5)
    await desk.announce("order_credited", account_id, **PAID)
    await notify.work_off()
    outcomes = {line.channel_id: line.outcome for line in await notify.log()}
    assert outcomes == {gone.channel.channel_id: Outcome.UNREACHABLE, slow.channel.channel_id: Outcome.TIMED_OUT}


async def test_of_an_answer_without_end_nothing_is_read(desk: Desk, notify: Notifications, receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"x" * 50_000_000
    added = await desk.webhook(notify, receiver)
    async with asyncio.timeout(2):
        assert (await notify.test(added.channel.channel_id)).outcome is Outcome.DELIVERED


async def test_a_channel_that_is_down_is_tried_with_one_message_and_keeps_nobody_else_waiting(
    desk: Desk, receiver: Receiver, account_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "CONCURRENT_MAX", 1)
    notify = desk.process()
    async with open_receiver() as other:
        await desk.webhook(notify, other, account_id)
        down = await desk.webhook(notify, receiver, account_id, url="http://127.0.0.1:1/hook")
        for _ in range(20):
            await desk.announce("order_credited", account_id, **PAID)
        worked = await notify.work_off()
        assert len(other.received) == 20
    assert (worked.sent, worked.not_sent) == (20, 1)
    tries = sorted(line.tries for line in await notify.log(channel_id=down.channel.channel_id, most=100))
    assert tries == [0] * 19 + [1]
    desk.clock.advance(seconds=30)
    assert (await notify.work_off()).not_sent == 1


async def test_a_message_that_was_sent_and_not_written_down_is_sent_again_under_the_same_id(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID)
    arrived = asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await asyncio.sleep(60)

    receiver.before_answer = hold
    dying = asyncio.create_task(desk.process().work_off())
    await arrived.wait()
    dying.cancel()
    await asyncio.wait([dying])
    receiver.before_answer = None
    # Its lease keeps others from it for a while.
    assert (await notify.work_off()).sent == 0
    desk.clock.advance(seconds=courier.LEASE_SECONDS)
    assert (await notify.work_off()).sent == 1
    assert len({one.message_id for one in receiver.received}) == 1
    assert len(receiver.received) == 2
    (line,) = await notify.log()
    assert (line.state, line.tries) == (DeliveryState.SENT, 2)


async def test_whoever_has_lost_a_lease_writes_nothing_over_what_came_after(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID)
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await answer.wait()

    receiver.before_answer, receiver.status = hold, 500
    slow = asyncio.create_task(desk.process().work_off())
    await arrived.wait()
    desk.clock.advance(seconds=courier.LEASE_SECONDS)
    receiver.before_answer = None
    other = asyncio.create_task(notify.work_off())
    await asyncio.wait([other])
    answer.set()
    await slow
    (line,) = await notify.log()
    assert (line.tries, line.state) == (2, DeliveryState.WAITING)
    # What the second try has decided stands: two minutes, not thirty seconds.
    assert line.next_try_at == desk.clock.now() + WAITS_SECONDS[1] * SECOND


async def test_a_channel_that_is_removed_or_disabled_in_between_gets_nothing_more(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    removed = await desk.webhook(notify, receiver, account_id)
    disabled = await desk.webhook(notify, receiver, account_id)
    await desk.announce("order_credited", account_id, **PAID)
    receiver.status = 500
    await notify.work_off()
    await notify.remove_channel(removed.channel.channel_id)
    await notify.disable(disabled.channel.channel_id)
    desk.clock.advance(seconds=60)
    await notify.work_off()
    assert len(receiver.received) == 2
    assert {(line.state, line.outcome) for line in await notify.log()} == {(DeliveryState.DROPPED, Outcome.NOT_ACTIVE)}
    await desk.announce("order_credited", account_id, **PAID)
    await notify.enable(disabled.channel.channel_id)
    await notify.work_off()
    assert len(receiver.received) == 3


async def test_while_a_secret_is_replaced_both_sign_and_then_only_the_new_one(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    added = await desk.webhook(notify, receiver, account_id)
    rotated = await notify.rotate_secret(added.channel.channel_id)
    assert added.secret is not None
    assert rotated.secret is not None
    for seconds in (0, 24 * 3600 - 1, 1):
        desk.clock.advance(seconds=seconds)
        await desk.announce("order_credited", account_id, **PAID)
        await notify.work_off()
    assert [one.signed_with(rotated.secret) for one in receiver.received] == [True, True, True]
    assert [one.signed_with(added.secret) for one in receiver.received] == [True, True, False]


async def test_a_secret_of_the_receivers_own_signs(desk: Desk, notify: Notifications, receiver: Receiver) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    added = await desk.webhook(notify, receiver, secret=secret)
    assert added.secret == secret
    assert (await notify.test(added.channel.channel_id)).outcome is Outcome.DELIVERED
    assert receiver.received[0].signed_with(secret)


async def test_a_test_is_sent_at_once_and_is_no_announcement(
    desk: Desk, notify: Notifications, receiver: Receiver
) -> None:
    added = await desk.webhook(notify, receiver, language=Language.ZH)
    await notify.disable(added.channel.channel_id)
    receiver.status = 403
    sent = await notify.test(added.channel.channel_id)
    assert (sent.outcome, sent.detail) == (Outcome.REFUSED, "HTTP 403")
    assert receiver.received[0].json["data"]["title"] == "测试通知"
    assert await notify.log() == []
    assert await desk.rows("SELECT 1 FROM outbox") == []


async def test_apprise_tells_a_receiver_of_its_own_in_plain_text(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    url = f"json://127.0.0.1:{receiver.port}/hook"
    await notify.add_channel(kind=ChannelKind.APPRISE, url=url, account_id=account_id, language=Language.ZH)
    await desk.announce("code_redeemed", account_id, code="…3FA9", credited="14.00 USD")
    receiver.status = 500
    await notify.work_off()
    receiver.status = 200
    desk.clock.advance(seconds=30)
    assert (await notify.work_off()).sent == 1
    assert [one.json["title"] for one in receiver.received] == ["兑换码已兑换：14.00 USD"] * 2
    assert receiver.received[0].json["message"].splitlines()[0] == "兑换码 …3FA9 已在账户 Acme 兑换，入账 14.00 USD。"
    (line,) = await notify.log()
    assert (line.state, line.tries, line.channel_mask) == (DeliveryState.SENT, 2, f"json://127.0.0.1:{receiver.port}")


async def test_apprise_follows_no_redirect(desk: Desk, notify: Notifications, receiver: Receiver) -> None:
    url = f"json://127.0.0.1:{receiver.port}/hook"
    added = await notify.add_channel(kind=ChannelKind.APPRISE, url=url)
    receiver.status, receiver.headers = 307, {"Location": receiver.url("/elsewhere")}
    sent = await notify.test(added.channel.channel_id)
    assert (sent.outcome, sent.detail) == (Outcome.REFUSED, "HTTP 307")
    assert [one.path for one in receiver.received] == ["/hook"]


async def test_members_get_mail_over_the_operators_server_each_their_own(
    desk: Desk, mail: MailServer, account_id: UUID
) -> None:
    notify = desk.process(mail_url=f"mailto://127.0.0.1:{mail.port}?from=desk@example.com&to=all@example.com")
    ada, ben = desk.clock.new_id(), desk.clock.new_id()
    desk.members.addresses[account_id] = {ada: "ada+alerts@example.com", ben: "o'brien@example.com"}
    await notify.set_rules(account_id, AlertRules(language=Language.ZH))
    await desk.announce("order_credited", account_id, **PAID)
    await desk.announce("upstream_out_of_money", None, upstream="backend")
    assert (await notify.work_off()).sent == 2
    assert sorted(reader for reader, _ in mail.taken) == ["ada+alerts@example.com", "o'brien@example.com"]
    for reader, text in mail.taken:
        others = {"ada+alerts@example.com", "o'brien@example.com", "all@example.com"} - {reader}
        assert not any(other in text for other in others)
        assert "desk@example.com" in text
    assert {(line.member_id, line.state) for line in await notify.log()} == {
        (ada, DeliveryState.SENT), (ben, DeliveryState.SENT),
    }  # fmt: skip
    await notify.set_rules(account_id, AlertRules(mail_members=False))
    await desk.announce("order_credited", account_id, **PAID)
    assert (await notify.work_off()).sent == 0


async def test_no_address_of_a_member_is_kept_with_a_delivery(desk: Desk, mail: MailServer, account_id: UUID) -> None:
    notify = desk.process(mail_url=f"mailto://127.0.0.1:{mail.port}?from=desk@example.com")
    desk.members.addresses[account_id] = {desk.clock.new_id(): "ada@example.com"}
    await desk.announce("order_credited", account_id, **PAID)
    await notify.work_off()
    assert len(mail.taken) == 1
    assert "ada@example.com" not in await desk.everything_kept()


async def test_a_member_who_has_left_in_between_gets_no_mail(desk: Desk, mail: MailServer, account_id: UUID) -> None:
    notify = desk.process(mail_url=f"mailto://127.0.0.1:{mail.port}?from=desk@example.com")
    desk.members.addresses[account_id] = {desk.clock.new_id(): "ada@example.com"}
    await desk.announce("order_credited", account_id, **PAID)

    class Left:
        async def readers_of(self, account_id: UUID) -> tuple[UUID, ...]:
            return tuple(desk.members.addresses[account_id])

        async def admins_of(self, account_id: UUID) -> tuple[UUID, ...]:
            return ()

        async def address_of(self, member_id: UUID) -> None:
            return None

    await desk.process(mail_url=f"mailto://127.0.0.1:{mail.port}?from=d@example.com", people=Left()).work_off()
    assert mail.taken == []
    (line,) = await notify.log()
    assert (line.state, line.outcome) == (DeliveryState.DROPPED, Outcome.NO_READER)


async def test_without_a_mail_server_members_get_no_mail(desk: Desk, notify: Notifications, account_id: UUID) -> None:
    desk.members.addresses[account_id] = {desk.clock.new_id(): "ada@example.com"}
    await desk.announce("order_credited", account_id, **PAID)
    assert await notify.work_off() == Worked(dispatched=1, sent=0, not_sent=0)
    assert await notify.log() == []


async def test_the_log_is_read_page_by_page_and_forgotten_after_a_quarter(
    desk: Desk, notify: Notifications, receiver: Receiver, account_id: UUID
) -> None:
    added = await desk.webhook(notify, receiver, account_id)
    for _ in range(5):
        await desk.announce("order_credited", account_id, **PAID)
        desk.clock.advance(seconds=1)
    await desk.webhook(notify, receiver)
    await desk.announce("order_attention", None, order=ORDER, what="refund_failed")
    await notify.work_off()
    lines = await notify.log()
    assert len(lines) == 6
    assert await notify.log(most=2) == lines[:2]
    assert await notify.log(before=lines[1].delivery_id) == lines[2:]
    assert len(await notify.log(account_id=account_id)) == 5
    assert len(await notify.log(channel_id=added.channel.channel_id)) == 5
    assert await notify.log(state=DeliveryState.WAITING) == []
    assert await notify.clean() == 0
    desk.clock.advance(seconds=LOG_KEPT_SECONDS + 1)
    assert await notify.clean() == 6
    assert await notify.log() == []


async def test_who_asks_for_more_is_told_to_those_who_may_answer_and_the_answer_to_whoever_asked(
    desk: Desk, mail: MailServer, account_id: UUID
) -> None:
    notify = desk.process(mail_url=f"mailto://127.0.0.1:{mail.port}?from=desk@example.com")
    ada, boss, ben = (desk.clock.new_id() for _ in range(3))
    desk.members.addresses[account_id] = {ada: "ada@example.com", boss: "boss@example.com", ben: "ben@example.com"}
    desk.members.admins[account_id] = (boss,)
    about = {"window": "day", "unit": "money", "limit": "5.00"}
    asker = show_id("member", ada)
    await desk.announce("limit_asked", account_id, **about, asked_by=asker, member=asker)
    assert (await notify.work_off()).sent == 1
    await desk.announce("limit_ask_answered", account_id, **about, answer="raised", until="for_good", member=asker)
    assert (await notify.work_off()).sent == 1
    assert [reader for reader, _ in mail.taken] == ["boss@example.com", "ada@example.com"]
    assert "ada@example.com" in mail.taken[0][1]
