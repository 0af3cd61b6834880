"""What commands give to programs: accounts, money, people and keys as plain JSON.

An amount is given twice: exactly as `…_nanos`, and as the decimal text that people write. Times are RFC 3339, ids are
as shown everywhere.
"""

from __future__ import annotations

from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, amount, identifier, time
from counterfoil.identity.model import Member
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import Hold, HoldEnd, Operation, Refused, Transfer
from counterfoil.ledger.service import Balance, GrantView
from counterfoil.limits.model import AccountDuplicates, Group, Key, Limit, LimitStanding, Unit
from counterfoil.spend.upstream_probe import UpstreamProbe
from counterfoil.spend.upstreams_model import Upstream


def account_json(account: Account) -> Json:
    return {
        "account_id": show_id("account", account.account_id),
        "name": account.name,
        "status": account.status,
        "currency": account.currency,
        "time_zone": account.time_zone,
        "created_at": time(account.created_at),
        **amount("posted", account.posted),
        **amount("held", account.held),
        **amount("available", account.posted - account.held),
        "version": account.version,
        "event_no": account.event_no,
    }


def balance_json(balance: Balance) -> Json:
    return {
        "account_id": show_id("account", balance.account_id),
        "currency": balance.currency,
        "at": time(balance.at),
        "event_no": balance.event_no,
        **amount("posted", balance.posted),
        **amount("held", balance.held),
        **amount("available", balance.available),
    }


def grant_json(grant: GrantView) -> Json:
    return {
        "grant_id": show_id("grant", grant.grant_id),
        "kind": grant.kind,
        "state": grant.state,
        "priority": grant.priority,
        **amount("amount", grant.amount),
        **amount("remaining", grant.remaining),
        **amount("held", grant.held),
        "expires_at": time(grant.expires_at),
        "created_at": time(grant.created_at),
        "source_kind": grant.source_kind,
        "source_id": grant.source_id,
        "destination": grant.destination,
    }


def transfer_json(transfer: Transfer) -> Json:
    return {
        "transfer_id": show_id("transfer", transfer.transfer_id),
        "version": transfer.version,
        "event_no": transfer.event_no,
        "created_at": time(transfer.created_at),
        "code": transfer.code,
        "debit": transfer.debit,
        "credit": transfer.credit,
        **amount("amount", transfer.amount),
        "cause_kind": transfer.cause_kind,
        "cause_id": cause(transfer.cause_kind, transfer.cause_id),
        "operation_key": transfer.operation_key,
        "leg": transfer.leg,
        "hold_id": identifier("request", transfer.hold_id),
        "grant_id": identifier("grant", transfer.grant_id),
        "hash": transfer.hash.hex(),
    }


def cause(kind: str, cause_id: str) -> str:
    """A cause as shown: requests and tasks by their ids, orders and codes by what they are called outside."""
    if kind in ("request", "task") and len(cause_id) == 32:
        return show_id(kind, UUID(hex=cause_id))
    return cause_id


def operation_json(operation: Operation) -> Json:
    """The recorded answer to a command that moved money; the same again for the same source."""
    answer: Json = {}
    for name, value in operation.answer.items():
        if name == "grants":
            answer["grant_ids"] = [show_id("grant", UUID(hex=each)) for each in value]
        elif name == "parts":
            answer["parts"] = [
                {"grant_id": show_id("grant", UUID(hex=part["grant"])), "to": part["to"],
                 **amount("amount", part["amount"])}
                for part in value
            ]  # fmt: skip
        elif type(value) is int:
            answer |= amount(name, value)
        else:
            answer[name] = value
    return {
        "account_id": show_id("account", operation.account_id),
        "operation_key": operation.operation_key,
        "event_no": operation.event_no,
        "created_at": time(operation.created_at),
        **answer,
    }


def hold_json(hold: Hold) -> Json:
    return {
        "hold_id": show_id("request", hold.hold_id),
        "account_id": show_id("account", hold.account_id),
        "event_no": hold.event_no,
        **amount("amount", hold.amount),
        "created_at": time(hold.created_at),
        "expires_at": time(hold.expires_at),
        "reservations": [
            {"grant_id": show_id("grant", grant_id), **amount("amount", nanos)} for grant_id, nanos in hold.reservations
        ],
    }


def hold_end_json(end: HoldEnd) -> Json:
    return {
        "hold_id": show_id("request", end.hold_id),
        "account_id": show_id("account", end.account_id),
        "event_no": end.event_no,
        "verb": end.verb,
        **amount("captured", end.captured),
        **amount("released", end.released),
        **amount("overage", end.overage),
        **amount("uncollected", end.uncollected),
        "reason": end.reason,
        "created_at": time(end.created_at),
    }


def refused_json(refused: Refused) -> Json:
    return {
        "refusal_id": show_id("request", refused.refusal_id),
        "account_id": show_id("account", refused.account_id),
        "event_no": refused.event_no,
        "code": refused.code,
        **amount("needed", refused.needed),
        **amount("spendable", refused.spendable),
        "created_at": time(refused.created_at),
    }


def member_json(member: Member) -> Json:
    return {
        "member_id": show_id("member", member.member_id),
        "account_id": show_id("account", member.account_id),
        "user_number": member.user_number,
        "email": member.email,
        "nickname": member.nickname,
        "status": member.status,
        "role": member.role,
        "created_at": time(member.created_at),
    }


def group_json(account_id: UUID, group: Group) -> Json:
    return {
        "group_id": show_id("group", group.group_id),
        "account_id": show_id("account", account_id),
        "name": group.name,
        "status": group.status,
        "price_tier_millis": group.price_tier_millis,
        "allowed_models": list(group.allowed_models),
        "duplicate_policy": group.duplicate_policy,
        "duplicate_window_seconds": group.duplicate_window_seconds,
        "created_at": time(group.created_at),
    }


def duplicates_json(account_id: UUID, duplicates: AccountDuplicates) -> Json:
    """What an account does with duplicates where neither group nor key says otherwise; null leaves it to the default."""
    return {
        "account_id": show_id("account", account_id),
        "policy": duplicates.policy,
        "window_seconds": duplicates.window_seconds,
    }


def key_json(account_id: UUID, key: Key) -> Json:
    """A key by its mask; its token is shown once, by the command that made it."""
    return {
        "key_id": show_id("key", key.key_id),
        "account_id": show_id("account", account_id),
        "name": key.name,
        "mask": key.mask,
        "status": key.status,
        "group_id": identifier("group", key.group_id),
        "member_id": identifier("member", key.member_id),
        "expires_at": time(key.expires_at),
        "allowed_addresses": list(key.allowed_addresses),
        "allowed_models": list(key.allowed_models),
        "show_balance": key.show_balance,
        "duplicate_policy": key.duplicate_policy,
        "duplicate_window_seconds": key.duplicate_window_seconds,
        "created_at": time(key.created_at),
    }


def quantity(unit: Unit, name: str, value: int | None) -> Json:
    """A number of a limit in its unit, as text; money also in nanos."""
    if unit is Unit.MONEY:
        return amount(name, value)
    return {f"{name}_nanos": None, name: None if value is None else str(value)}


def limit_json(account_id: UUID, limit: Limit) -> Json:
    return {
        "limit_id": show_id("limit", limit.limit_id),
        "account_id": show_id("account", account_id),
        "scope": limit.scope,
        "scope_id": show_id(limit.scope, limit.scope_id),
        "unit": limit.unit,
        "window": limit.window,
        **quantity(limit.unit, "amount", limit.amount),
        "raised_until": time(limit.raised_until),
        **quantity(limit.unit, "raised_from", limit.raised_from),
        "created_at": time(limit.created_at),
    }


def standing_json(account_id: UUID, standing: LimitStanding) -> Json:
    """A limit with what it has seen in its present window."""
    unit = standing.limit.unit
    return {
        **limit_json(account_id, standing.limit),
        **quantity(unit, "used", standing.usage.used),
        **quantity(unit, "held", standing.usage.held),
        **quantity(unit, "remaining", standing.remaining),
        "resets_at": time(standing.resets_at),
    }


def upstream_json(upstream: Upstream) -> Json:
    """An upstream; of its secret only where it is kept."""
    return {
        "upstream_id": show_id("upstream", upstream.upstream_id),
        "name": upstream.name,
        "status": upstream.status,
        "dialect": upstream.dialect,
        "base_url": upstream.base_url,
        "secret": upstream.secret_source,
        "callback_secret": upstream.callback_secret_source,
        "timeout_seconds": upstream.timeout_seconds,
        "created_at": time(upstream.created_at),
        "models": [
            {
                "public_model": model.public_model,
                "upstream_model": model.upstream_model,
                "priority": model.priority,
                "weight": model.weight,
            }
            for model in upstream.models
        ],
    }


def probe_json(probe: UpstreamProbe) -> Json:
    return {
        "upstream": probe.upstream,
        "address": probe.address,
        "passed": probe.passed,
        "outcome": probe.outcome,
        "status_code": probe.status_code,
        "latency_ms": probe.latency_ms,
        "words": probe.words,
        "listed_models": probe.listed_models,
        "missing_models": None if probe.missing_models is None else list(probe.missing_models),
    }
