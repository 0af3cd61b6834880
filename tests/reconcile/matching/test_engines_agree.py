"""Rows by chance: whatever meets, the engines find what the specification finds, in whichever order the rows come.

Opening a query takes longer than running it, so many small worlds are matched in one run.
"""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import (
    codes_program,
    codes_specification,
    payments_program,
    payments_specification,
)
from counterfoil.reconcile.matching.payment_rows import PaymentBook
from reconcile.matching.chance import Chance
from reconcile.matching.payment_cases import CASES
from reconcile.matching.world import World, assert_same, join, run_on, shuffled, terms_of

_SEEDS = st.integers(min_value=0, max_value=2**32)
_WORLDS = 120


def _worlds(seed: int, count: int) -> list[World]:
    return [Chance(random.Random(f"{seed}/{number}"), f"w{number}").world for number in range(count)]


@settings(max_examples=300)
@given(seed=_SEEDS)
def test_the_order_of_the_rows_never_matters(seed: int) -> None:
    (world,) = _worlds(seed, 1)
    rows = shuffled(world.rows, seed)
    for specification in (payments_specification, codes_specification):
        assert_same(specification.specify(rows, world.terms), specification.specify(world.rows, world.terms))


@settings(max_examples=300)
@given(seed=_SEEDS)
def test_no_row_is_ever_in_two_matches_that_count_or_in_the_same_break_twice(seed: int) -> None:
    (world,) = _worlds(seed, 1)
    for specification in (payments_specification, codes_specification):
        outcome = specification.specify(world.rows, world.terms)
        counted = [match for match in outcome.matches if not match.is_suggested]
        rows = [row for match in counted for row in (*match.ours, *match.theirs)]
        identities = [broken.identity for broken in outcome.breaks]
        assert len(rows) == len(set(rows))
        assert len(identities) == len(set(identities))


@settings(max_examples=300)
@given(seed=_SEEDS)
def test_every_payment_line_that_moved_money_is_matched_or_in_a_break(seed: int) -> None:
    (world,) = _worlds(seed, 1)
    outcome = payments_specification.specify(world.rows, world.terms)
    told = {row for match in outcome.matches for row in match.theirs}
    told |= {row for broken in outcome.breaks for row in (*broken.theirs, *broken.alternatives)}
    kinds = ("payment", "refund", "adjustment")
    lines = PaymentBook(world.rows, world.terms).lines
    assert {line.row for line in lines if line.kind in kinds and line.counts} <= told


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=_SEEDS)
def test_duckdb_finds_what_the_specification_finds(duckdb: Engine, seed: int) -> None:
    _assert_agrees(duckdb, _worlds(seed, _WORLDS), seed)


def test_a_spark_cluster_finds_what_the_specification_finds(spark_cluster: Engine) -> None:
    worlds = [World(name) for name in CASES]
    for world in worlds:
        CASES[world.name](world)
    told = [world for world in worlds if not world.absent]
    _assert_agrees(spark_cluster, [*told, *_worlds(7, _WORLDS)], 7)


def _assert_agrees(engine: Engine, worlds: list[World], seed: int) -> None:
    rows, terms = join(worlds), terms_of(worlds)
    for specification, program in (
        (payments_specification, payments_program),
        (codes_specification, codes_program),
    ):
        outcome = run_on(engine, program.run, shuffled(rows, seed), terms)
        assert_same(outcome, specification.specify(rows, terms))
