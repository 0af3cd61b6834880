"""Columns written directly in PostgreSQL's binary array format arrive as they were."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import pq

from counterfoil.storage.arrays import encoders_of

_BIG = st.integers(-(2**63), 2**63 - 1)
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT, lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner)
)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int8": _BIG,
    "int2": st.integers(-(2**15), 2**15 - 1),
    "bool": st.booleans(),
    "uuid": st.integers(0, 2**128 - 1).map(lambda value: UUID(int=value)),
    "text": _TEXT,
    "bytea": st.binary(max_size=64),
    "jsonb": _JSON.map(json.dumps),
}


Echo = Callable[[str, list[Any]], list[Any]]


@pytest.fixture(scope="module")
def echo(make_database: Callable[[], Any]) -> Iterator[Echo]:
    """Send one column and read it back, row by row."""
    with psycopg.connect(make_database().runtime, autocommit=True) as connection:

        def send(kind: str, values: list[Any]) -> list[Any]:
            sql = f"SELECT v FROM unnest($1::{kind}[]) WITH ORDINALITY AS t(v, n) ORDER BY n"
            (encode,) = encoders_of(sql)
            result = connection.pgconn.exec_params(sql.encode(), [encode(values)], param_formats=[1])
            assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
            transformer = psycopg.adapt.Transformer(connection)
            transformer.set_pgresult(result)
            return [row[0] for row in transformer.load_rows(0, result.ntuples, tuple)]

        yield send


@pytest.mark.parametrize("kind", _VALUES)
def test_a_column_arrives_as_it_was_sent(echo: Echo, kind: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.none() | _VALUES[kind], max_size=20))
    def check(values: list[Any]) -> None:
        expected = [None if each is None else json.loads(each) for each in values] if kind == "jsonb" else values
        assert echo(kind, values) == expected

    check()


@pytest.mark.parametrize("kind", _VALUES)
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 3000])
def test_a_column_without_nulls_arrives_whatever_its_length(echo: Echo, kind: str, length: int) -> None:
    samples: dict[str, Callable[[int], Any]] = {
        "int8": lambda n: 2**62 + n,
        "int2": lambda n: n,
        "bool": lambda n: n % 2 == 0,
        "uuid": lambda n: UUID(int=2**127 + n),
        "text": lambda n: f"第 {n} 行",
        "bytea": lambda n: n.to_bytes(4, "big"),
        "jsonb": lambda n: json.dumps([n]),
    }
    values = [samples[kind](number) for number in range(length)]
    assert echo(kind, values) == ([json.loads(each) for each in values] if kind == "jsonb" else values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int8", 2**63), ("int8", -(2**63) - 1), ("int8", "5"), ("int2", 2**15), ("text", "\ud800"), ("uuid", "x")],
)
def test_a_value_that_the_type_does_not_take_is_never_sent(kind: str, value: Any) -> None:
    (encode,) = encoders_of(f"SELECT $1::{kind}[]")
    for values in ([value], [None, value]):
        with pytest.raises((struct.error, ValueError, AttributeError, TypeError)):
            encode(values)


def test_every_parameter_carries_its_cast() -> None:
    assert len(encoders_of("SELECT $2::int8[], $1::uuid[], $1::uuid[]")) == 2
    assert encoders_of("BEGIN") == ()
    with pytest.raises(ValueError, match="cast"):
        encoders_of("SELECT $2::int8[]")
    with pytest.raises(ValueError, match="cast"):
        encoders_of("SELECT $1::int8[], $2")
    with pytest.raises(KeyError):
        encoders_of("SELECT $1::money[]")
