"""`counterfoil bench diagnosis`: incidents are staged, asked about and counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.cli.bench_diagnosis import Measured, measure
from counterfoil.cli.bench_incidents import SCRIPTS
from counterfoil.cli.bench_incidents_customers import Customer
from counterfoil.cli.bench_incidents_model import Question, Script, matter
from counterfoil.evidence.findings import FindingCode
from counterfoil.foundation.ids import show_id


async def measured(url: str, folder: Path, *, cases: int, seed: int, scripts: Sequence[Script]) -> Measured:
    return await measure(
        url, folder, build_evidence=build_evidence, cases=cases, seed=seed, progress=lambda _: None, scripts=scripts
    )


async def test_incidents_of_each_kind_are_explained_as_staged(database_url: str, tmp_path: Path) -> None:
    names = {
        "a limit and expired credit", "the other order of the same recharge was paid", "a day like any other",
        "a task that failed",
    }  # fmt: skip
    # Few days of work before them, so that it does not take long; a day needs others before it.
    chosen = [
        Script(name=one.name, weight=1, scene=one.scene, days=5 if one.name == "a day like any other" else 1)
        for one in SCRIPTS
        if one.name in names
    ]
    assert len(chosen) == len(names)
    counted = (await measured(database_url, tmp_path, cases=8, seed=11, scripts=chosen)).to_json()
    assert counted["missed"] == []
    assert (counted["cases"], counted["correct"]) == (8, 8)
    assert sum(each["cases"] for each in counted["by_cause"].values()) == 8


async def test_an_answer_that_names_something_else_is_counted_and_shown(database_url: str, tmp_path: Path) -> None:
    async def nothing(customer: Customer, _: object) -> Question:
        order = await customer.stage.cashier.order(customer.account_id, 3_000_000_000)
        return matter(show_id("order", order.order_id), FindingCode.ORDER_CREDITED)

    scripts = [Script(name="an order that nobody has paid", weight=1, scene=nothing, days=0)]
    found = await measured(database_url, tmp_path, cases=1, seed=1, scripts=scripts)
    (missed,) = found.to_json()["missed"]
    assert (missed["expected"], missed["found"]) == (["order_credited"], ["order_not_begun"])
    assert found.to_json()["by_cause"] == {"order_credited": {"cases": 1, "correct": 0}}
    assert any("staged order_credited; found order_not_begun" in line for line in found.lines())
