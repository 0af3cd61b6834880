"""Channels, announcements on their way, and what an account wants to hear. Nothing here does I/O.

Amounts are nanos of the account's currency, times UTC microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.vocabulary import Language


class AlertKind(StrEnum):
    """What can be announced (`Kind.NOTIFICATION` of the vocabulary)."""

    BALANCE_LOW = "balance_low"
    BALANCE_LASTS_DAYS = "balance_lasts_days"
    SPEND_SPIKE = "spend_spike"
    CREDIT_EXPIRING_7D = "credit_expiring_7d"
    CREDIT_EXPIRING_1D = "credit_expiring_1d"
    ACCOUNT_LIMIT_80 = "account_limit_80"
    ACCOUNT_LIMIT_100 = "account_limit_100"
    GROUP_LIMIT_80 = "group_limit_80"
    GROUP_LIMIT_100 = "group_limit_100"
    KEY_LIMIT_80 = "key_limit_80"
    KEY_LIMIT_100 = "key_limit_100"
    ORDER_CREDITED = "order_credited"
    ORDER_REFUNDED = "order_refunded"
    ORDER_DISPUTED = "order_disputed"
    INVOICE_DECIDED = "invoice_decided"
    ORDER_ATTENTION = "order_attention"
    CODE_REDEEMED = "code_redeemed"
    TASK_REFUNDED = "task_refunded"
    LIMIT_ASKED = "limit_asked"
    LIMIT_ASK_ANSWERED = "limit_ask_answered"
    # Somebody has sent the whole of a key to support; it was not kept.
    KEY_EXPOSED = "key_exposed"
    CASE_ANSWERED = "case_answered"
    CASE_SETTLED = "case_settled"
    UPSTREAM_OUT_OF_MONEY = "upstream_out_of_money"
    # Sent by whoever tests a channel; never announced.
    CHANNEL_TEST = "channel_test"


# What operations hear unless they choose; an account's readers never hear what is in the second only.
FOR_OPERATIONS = frozenset({AlertKind.ORDER_ATTENTION, AlertKind.ORDER_DISPUTED, AlertKind.UPSTREAM_OUT_OF_MONEY})
FOR_OPERATIONS_ALONE = frozenset({AlertKind.ORDER_ATTENTION, AlertKind.UPSTREAM_OUT_OF_MONEY})
ANNOUNCED = tuple(kind for kind in AlertKind if kind is not AlertKind.CHANNEL_TEST)
# Of these only some of an account's members get mail: whoever may answer or act on it, and whoever is answered.
FOR_ADMINS = frozenset({AlertKind.LIMIT_ASKED, AlertKind.KEY_EXPOSED})
FOR_ONE_MEMBER = frozenset({AlertKind.LIMIT_ASK_ANSWERED})
FOR_ACCOUNTS = tuple(kind for kind in ANNOUNCED if kind not in FOR_OPERATIONS_ALONE)


class ChannelKind(StrEnum):
    WEBHOOK = "webhook"
    APPRISE = "apprise"


class ChannelStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where notifications go: of an account, or of operations (`account_id` None). `mask` is what may be shown of its address.

    `kinds` of None is everything that is meant for its readers. `former_until`: until then the former secret signs too.
    """

    channel_id: UUID
    account_id: UUID | None
    kind: ChannelKind
    mask: str
    url_sealed: bytes | None = field(repr=False)
    secret_sealed: bytes | None = field(repr=False, default=None)
    former_secret_sealed: bytes | None = field(repr=False, default=None)
    former_until: int | None = None
    language: Language
    kinds: tuple[str, ...] | None
    status: ChannelStatus
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChannel:
    """A channel that was added, and its signing secret, which is shown this once."""

    channel: Channel
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address that was understood: what may be shown of it, and whether what goes there is encrypted on its way.

    `host` is None where the address names no host, but a service that everybody reaches in the same place.
    """

    url: str = field(repr=False)
    mask: str
    host: str | None
    encrypted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When an account is warned. 0 switches a warning off. Amounts are in the account's currency, whichever it is."""

    low_balance: int
    lasts_days: int
    spike_times: int
    # An hour below this is no spike, however little is usual.
    spike_floor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """What an account wants otherwise than the settings say (None: as they say)."""

    low_balance: int | None = None
    lasts_days: int | None = None
    spike_times: int | None = None
    mail_members: bool | None = None
    language: Language | None = None
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An announcement as it lies in the outbox."""

    announcement_id: UUID
    kind: str
    account_id: UUID | None
    facts: Mapping[str, str]
    created_at: int


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"


class Outcome(StrEnum):
    """What came of one try."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    UNUSABLE = "unusable"
    NOT_ACTIVE = "not_active"
    NO_READER = "no_reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of sending. `detail` is a short word of ours such as `HTTP 503`, nothing that the other side said."""

    outcome: Outcome
    detail: str | None = None
    # It asks for no more of it.
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """An announcement for one channel or one member."""

    delivery_id: UUID
    announcement_id: UUID
    channel_id: UUID | None = None
    member_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that this process tries now. `leased_until` tells its lease from every other one of the delivery."""

    delivery_id: UUID
    leased_until: int
    tries: int
    posted: Posted
    channel: Channel | None
    member_id: UUID | None
    # Of a member: in which language the account is written to; None is the installation's.
    language: Language | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A line of the log."""

    delivery_id: UUID
    announcement_id: UUID
    kind: str
    account_id: UUID | None
    channel_id: UUID | None
    channel_mask: str | None
    member_id: UUID | None
    state: DeliveryState
    tries: int
    created_at: int
    next_try_at: int | None
    last_try_at: int | None
    ended_at: int | None
    outcome: Outcome | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody reads: a subject line and a few lines of plain text."""

    title: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message with what programs want to know of it. `message_id` stays the same however often it is sent."""

    message_id: str
    kind: str
    created_at: int
    account: str | None
    language: Language
    facts: Mapping[str, str]
    link: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What one run has done: announcements handed out, deliveries that arrived, and those that did not this time."""

    dispatched: int
    sent: int
    not_sent: int
