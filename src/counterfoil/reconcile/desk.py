"""All use cases of reconciliation together, as doors are given them."""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.reconcile.background import Background
from counterfoil.reconcile.breaks_service import Breaks
from counterfoil.reconcile.imports import Imports
from counterfoil.reconcile.runs_service import Runs
from counterfoil.reconcile.settling import Settling
from counterfoil.reconcile.settling_money import MoneySettling
from counterfoil.reconcile.sources_service import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The desk that holds statements against our own records."""

    sources: Sources
    imports: Imports
    runs: Runs
    breaks: Breaks
    settling: Settling
    money_settling: MoneySettling
    background: Background
