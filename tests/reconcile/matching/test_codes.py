"""Book (d): redeemed codes and their credits."""

from __future__ import annotations

import pytest

from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import codes_program, codes_specification
from reconcile.matching.code_cases import CASES
from reconcile.matching.world import World, assert_same, found, join, run_on, shuffled, terms_of


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    world = World(name)
    expected = CASES[name](world)
    assert found(codes_specification.specify(world.rows, world.terms)) == sorted(expected)


def test_duckdb_finds_in_all_cases_what_the_specification_finds(duckdb: Engine) -> None:
    worlds = [World(name) for name in CASES]
    expected = [one for world in worlds for one in CASES[world.name](world)]
    rows, terms = join(worlds), terms_of(worlds)
    outcome = run_on(duckdb, codes_program.run, shuffled(rows, 1), terms)
    assert found(outcome) == sorted(expected)
    assert_same(outcome, codes_specification.specify(rows, terms))
