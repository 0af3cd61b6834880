"""What doors show of redemption codes, as plain JSON: batches, codes by their masks, and tries."""

from __future__ import annotations

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, amount, identifier, time
from counterfoil.recharge.codes_model import BatchView, CodeView, Redemption, Try


def batch_json(view: BatchView) -> Json:
    """A batch, its terms, and what has become of its codes by state."""
    batch, settings = view.batch, view.batch.settings
    return {
        "batch_id": show_id("code_batch", batch.batch_id),
        "name": settings.name,
        **amount("value", settings.value),
        "currency": settings.currency,
        "count": settings.count,
        "kind": settings.kind,
        "grant_priority": settings.grant_priority,
        "grant_days": settings.grant_days,
        "per_account_limit": settings.per_account_limit,
        "allowed_groups": list(settings.allowed_groups),
        "expires_at": time(settings.expires_at),
        "created_by": batch.created_by,
        "created_at": time(batch.created_at),
        "voided_by": batch.voided_by,
        "voided_at": time(batch.voided_at),
        "states": {
            state.value: {"count": count, **amount("value", view.total(state))} for state, count in view.counts.items()
        },
    }


def code_json(view: CodeView) -> Json:
    """A code by its mask: what it credits, and what has become of it."""
    code, settings = view.code, view.batch.settings
    return {
        "code_id": show_id("code", code.code_id),
        "batch_id": show_id("code_batch", code.batch_id),
        "batch_name": settings.name,
        "mask": code.mask,
        "state": view.state,
        **amount("value", settings.value),
        "currency": settings.currency,
        "kind": settings.kind,
        "expires_at": time(settings.expires_at),
        "account_id": identifier("account", code.redeemed_by),
        "redeemed_by": code.redeemer,
        "redeemed_at": time(code.redeemed_at),
        "voided_by": code.voided_by,
        "voided_at": time(code.voided_at),
    }


def redemption_json(redemption: Redemption) -> Json:
    """A code that was just redeemed, and the credit that it brought."""
    return {
        **code_json(redemption.view),
        "grant_id": show_id("grant", redemption.grant_id),
        "grant_expires_at": time(redemption.grant_expires_at),
    }


def try_json(one: Try) -> Json:
    return {
        "try_id": show_id("code_try", one.try_id),
        "account_id": show_id("account", one.account_id),
        "first_at": time(one.first_at),
        "last_at": time(one.last_at),
        "times": one.times,
        "by": one.tried_by,
        "client_address": one.client_address,
        "mask": one.mask,
        "code_id": identifier("code", one.code_id),
        "outcome": one.outcome,
    }
