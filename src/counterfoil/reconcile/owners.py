"""Who is to act on a break: as the vocabulary says of its class."""

from __future__ import annotations

from counterfoil.foundation.vocabulary import Kind, entry
from counterfoil.reconcile.model import BreakClass


def owner_of(break_class: BreakClass) -> str:
    return entry(Kind.BREAK_CLASS, break_class).owner.value
