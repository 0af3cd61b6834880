"""The desk of evidence, put together from the rooms that it asks."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.evidence.causes_service import Causes
from counterfoil.evidence.credits_service import RechargeQuestions
from counterfoil.evidence.drops_service import Drops
from counterfoil.evidence.look_ups import LookUps
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.service import Desks, Evidence
from counterfoil.foundation.clock import Clock
from counterfoil.identity.service import Members
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.recharge.codes_service import Codes
from counterfoil.recharge.service import Orders
from counterfoil.spend.service import Spend
from counterfoil.storage.database import Database
from counterfoil.tasks.service import Tasks


def build_evidence(
    *,
    database: Database,
    clock: Clock,
    ledger: Ledger,
    spend: Spend,
    tasks: Tasks,
    orders: Orders,
    codes: Codes,
    members: Members,
    directory: KeyDirectory,
    limits: LimitsService,
    statuses: Mapping[str, int],
) -> Evidence:
    """Evidence with every desk."""
    same_account = SameAccount(
        database, members=members, tokens=directory, keys=limits, requests=spend, orders=orders, codes=codes
    )
    return Evidence(
        spend, database, clock, tasks=tasks, statuses=statuses,
        desks=Desks(
            causes=Causes(database, clock=clock),
            drops=Drops(database, ledger=ledger, clock=clock),
            recharges=RechargeQuestions(database, clock, orders=orders, codes=codes, same_account=same_account),
            look_ups=LookUps(database, tokens=directory, keys=limits),
        ),
    )  # fmt: skip
