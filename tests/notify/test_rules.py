"""Who hears what, when a delivery is tried again, and how a webhook is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Language
from counterfoil.notify import rules
from counterfoil.notify.model import (
    ANNOUNCED,
    FOR_ACCOUNTS,
    FOR_OPERATIONS,
    AlertKind,
    AlertRules,
    Channel,
    ChannelKind,
    ChannelStatus,
    DeliveryState,
    Outcome,
    Posted,
    Sent,
    Thresholds,
)

OURS, THEIRS = UUID(int=1), UUID(int=2)
DEFAULTS = Thresholds(low_balance=5, lasts_days=3, spike_times=5, spike_floor=1)


def channel(account_id: UUID | None, kinds: tuple[str, ...] | None = None) -> Channel:
    return Channel(
        channel_id=UUID(int=9), account_id=account_id, kind=ChannelKind.WEBHOOK, mask="https://h", url_sealed=b"",
        language=Language.EN, kinds=kinds, status=ChannelStatus.ACTIVE, created_at=0,
    )  # fmt: skip


def posted(kind: str, account_id: UUID | None) -> Posted:
    return Posted(announcement_id=UUID(int=7), kind=kind, account_id=account_id, facts={}, created_at=0)


def test_an_accounts_channel_hears_of_its_account_and_of_no_other() -> None:
    for kind in ANNOUNCED:
        assert rules.hears(channel(OURS), posted(kind, OURS)) == (kind in FOR_ACCOUNTS)
        assert not rules.hears(channel(OURS), posted(kind, THEIRS))
        assert not rules.hears(channel(OURS), posted(kind, None))


def test_operations_hear_what_is_meant_for_them_or_just_what_they_name() -> None:
    for kind in ANNOUNCED:
        for account_id in (OURS, None):
            assert rules.hears(channel(None), posted(kind, account_id)) == (kind in FOR_OPERATIONS)
            assert rules.hears(channel(None, ("balance_low",)), posted(kind, account_id)) == (kind == "balance_low")


def test_a_channel_hears_only_the_kinds_that_it_names_and_nothing_while_it_is_disabled() -> None:
    some = channel(OURS, ("balance_low", "order_attention"))
    assert rules.hears(some, posted("balance_low", OURS))
    assert not rules.hears(some, posted("spend_spike", OURS))
    assert not rules.hears(some, posted("order_attention", OURS))
    assert not rules.hears(replace(some, status=ChannelStatus.DISABLED), posted("balance_low", OURS))


def test_members_hear_of_their_account_unless_it_wants_otherwise() -> None:
    assert rules.members_hear(posted("balance_low", OURS), AlertRules())
    assert not rules.members_hear(posted("balance_low", OURS), AlertRules(mail_members=False))
    assert not rules.members_hear(posted("balance_low", OURS), AlertRules(off=("balance_low",)))
    assert not rules.members_hear(posted("upstream_out_of_money", None), AlertRules())


def test_kinds_are_known_and_in_the_order_of_the_table() -> None:
    assert rules.check_kinds(["spend_spike", "balance_low"], of_account=True) == ("balance_low", "spend_spike")
    assert rules.check_kinds(None, of_account=True) is None
    assert rules.check_kinds(["order_attention"], of_account=False) == ("order_attention",)
    for kinds, of_account in ((["order_attention"], True), (["rumour"], False), ([], True), (["channel_test"], False)):
        with pytest.raises(InputError) as refused:
            rules.check_kinds(kinds, of_account=of_account)
        assert refused.value.code == "notification_kind_unknown"


@pytest.mark.parametrize(
    "wanted",
    [
        AlertRules(low_balance=-1), AlertRules(lasts_days=366), AlertRules(spike_times=1001), AlertRules(spike_times=1),
        AlertRules(low_balance=2**63),
    ],
)  # fmt: skip
def test_rules_out_of_range_are_refused_by_field(wanted: AlertRules) -> None:
    with pytest.raises(InputError) as refused:
        rules.check_rules(wanted)
    assert "field" in refused.value.parameters


def test_an_accounts_own_thresholds_come_before_the_settings_and_what_is_off_is_never() -> None:
    assert rules.thresholds_of(AlertRules(), DEFAULTS) == DEFAULTS
    own = AlertRules(low_balance=0, spike_times=9, off=("balance_lasts_days",))
    assert rules.thresholds_of(own, DEFAULTS) == replace(DEFAULTS, low_balance=0, lasts_days=0, spike_times=9)


def test_a_delivery_is_tried_six_times_ever_further_apart_and_then_given_up() -> None:
    failed = Sent(outcome=Outcome.UNREACHABLE)
    waits = [rules.after_try(failed, tries=tries, now=0) for tries in range(1, 8)]
    seconds = [None if at is None else at // 1_000_000 for _, at in waits]
    assert seconds == [30, 120, 600, 3_600, 21_600, None, None]
    assert [state for state, _ in waits[-3:]] == [DeliveryState.WAITING, DeliveryState.GIVEN_UP, DeliveryState.GIVEN_UP]


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        (Sent(outcome=Outcome.DELIVERED), DeliveryState.SENT),
        (Sent(outcome=Outcome.NOT_ACTIVE), DeliveryState.DROPPED),
        (Sent(outcome=Outcome.NO_READER), DeliveryState.DROPPED),
        (Sent(outcome=Outcome.REFUSED, is_gone=True), DeliveryState.GIVEN_UP),
        (Sent(outcome=Outcome.REFUSED), DeliveryState.WAITING),
        (Sent(outcome=Outcome.UNUSABLE), DeliveryState.WAITING),
    ],
)
def test_what_a_delivery_is_after_its_first_try(sent: Sent, state: DeliveryState) -> None:
    assert rules.after_try(sent, tries=1, now=0)[0] is state


@given(st.binary(max_size=200), st.text(max_size=30), st.integers(0, 10**11), st.binary(min_size=24, max_size=64))
def test_a_signature_is_the_standards(body: bytes, message_id: str, timestamp: int, key: bytes) -> None:
    content = message_id.encode() + b"." + str(timestamp).encode() + b"." + body
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert rules.signature(body, message_id=message_id, timestamp=timestamp, keys=[key]) == expected
    both = rules.signature(body, message_id=message_id, timestamp=timestamp, keys=[key, b"former key, 24 bytes long"])
    assert both.split(" ")[0] == expected
    assert len(both.split(" ")) == 2


def test_the_standards_own_example_is_signed_alike() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, the test vector of its libraries."""
    key = rules.secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = rules.signature(
        b'{"test": 2432232314}', message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, keys=[key]
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64))
def test_a_made_secret_reads_back(random_bytes: bytes) -> None:
    assert rules.secret_key(rules.make_secret(random_bytes)) == random_bytes


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "plain-text-secret-of-some-length", "whsec_c2hvcnQ=", "whsec_%%%", "whsec_ü" * 9]
)
def test_a_secret_that_could_be_guessed_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(InputError) as refused:
        rules.secret_key(secret)
    assert refused.value.code == "channel_secret_unreadable"
    given = secret.removeprefix("whsec_")
    assert not given or given not in str(refused.value.parameters)


def test_a_message_is_named_after_its_announcement() -> None:
    assert rules.message_id(UUID(int=7)) == f"msg_{7:032x}"
    assert AlertKind.CHANNEL_TEST not in ANNOUNCED
