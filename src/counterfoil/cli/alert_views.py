"""What `counterfoil alerts` gives to programs: channels, rules and deliveries as plain JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import amount, identifier, time
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.notify import model
from counterfoil.notify.messages import places
from counterfoil.notify.service import Notifications

Json = dict[str, Any]


def kind_json(kind: model.AlertKind) -> Json:
    subject, text = entry(Kind.NOTIFICATION, kind), entry(Kind.NOTIFICATION_TEXT, kind)
    return {
        "kind": str(kind),
        "for_accounts": kind in model.FOR_ACCOUNTS,
        "for_operations": kind in model.FOR_OPERATIONS,
        "facts": sorted(places(kind)),
        "title": {language.value: subject.label[language] for language in Language},
        "meaning": {language.value: subject.explanation[language] for language in Language},
        "sent": {language.value: text.explanation[language] for language in Language},
    }


def channel_json(channel: model.Channel) -> Json:
    return {
        "channel_id": show_id("channel", channel.channel_id),
        "account_id": identifier("account", channel.account_id),
        "kind": str(channel.kind),
        "address": channel.mask,
        "language": channel.language.value,
        "kinds": None if channel.kinds is None else list(channel.kinds),
        "status": str(channel.status),
        "former_secret_until": time(channel.former_until),
        "created_at": time(channel.created_at),
    }


def rules_json(account_id: UUID, rules: model.AlertRules, notify: Notifications) -> Json:
    in_force = notify.thresholds_of(rules)
    return {
        "account_id": show_id("account", account_id),
        **amount("low_balance", rules.low_balance),
        "lasts_days": rules.lasts_days,
        "spike_times": rules.spike_times,
        "mail_members": rules.mail_members,
        "language": None if rules.language is None else rules.language.value,
        "off": list(rules.off),
        "in_force": {
            **amount("low_balance", in_force.low_balance),
            "lasts_days": in_force.lasts_days,
            "spike_times": in_force.spike_times,
            "mail_members": notify.mails_members and rules.mail_members is not False,
            "language": (rules.language or notify.default_language).value,
        },
    }


def delivery_json(delivery: model.Delivery) -> Json:
    return {
        "delivery_id": show_id("delivery", delivery.delivery_id),
        "message_id": show_id("announcement", delivery.announcement_id),
        "kind": delivery.kind,
        "account_id": identifier("account", delivery.account_id),
        "channel_id": identifier("channel", delivery.channel_id),
        "address": delivery.channel_mask,
        "member_id": identifier("member", delivery.member_id),
        "state": str(delivery.state),
        "tries": delivery.tries,
        "created_at": time(delivery.created_at),
        "next_try_at": time(delivery.next_try_at),
        "last_try_at": time(delivery.last_try_at),
        "ended_at": time(delivery.ended_at),
        "outcome": None if delivery.outcome is None else str(delivery.outcome),
        "detail": delivery.detail,
    }
