"""Pages of providers' interfaces: whole, one after the other, and cut."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.json_pages import parse_json, read_pages, things_of
from counterfoil.reconcile.statements.model import RejectReason
from reconcile.statements.reading import read
from reconcile.statements.samples_intl import OPENAI_USAGE_JSON

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
RESULTS = st.lists(
    st.fixed_dictionaries({"name": TEXT, "n": st.integers(), "in": st.fixed_dictionaries({"a": TEXT})}), max_size=5
)


@given(st.lists(RESULTS, min_size=1, max_size=3), st.data())
def test_of_a_cut_page_only_whole_results_are_read(buckets: list[list[dict[str, object]]], data: st.DataObject) -> None:
    page = {"data": [{"start": n, "results": results} for n, results in enumerate(buckets)], "has_more": False}
    text = json.dumps(page, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from((None, 1))))
    cut = data.draw(st.integers(1, len(text) - 1))
    pages = read_pages(Document(name="cut", content=text[:cut].encode()))
    if pages is None:
        return
    found = [one for bucket in pages.buckets for one in things_of(bucket, "results")]
    assert pages.rest is not None
    assert found == [one for results in buckets for one in results][: len(found)]
    # Nothing between what was read and the rest is lost.
    assert text[:cut].endswith(pages.rest)


def test_what_is_no_json_has_no_values() -> None:
    assert parse_json(Document(name="x", content=b"a,b\n1,2\n")) == ([], None)
    assert parse_json(Document(name="x", content=b"")) == ([], None)


def test_what_is_not_whole_up_to_a_first_element_has_none() -> None:
    assert read_pages(Document(name="x", content=b'{"data": [{"start": 1, "results": [{"a"')) is None


def test_a_broken_value_in_the_middle_ends_what_is_read() -> None:
    text = '{"data": [{"results": [{"n": 1}, {"n": 2}, {"n": nonsense}, {"n": 4}]}], "has_more": false}'
    pages = read_pages(Document(name="x", content=text.encode()))
    assert pages is not None
    assert [one["n"] for bucket in pages.buckets for one in things_of(bucket, "results")] == [1, 2]
    assert pages.rest is not None
    assert "nonsense" in pages.rest


def test_what_is_no_object_among_results_is_a_reject() -> None:
    text = OPENAI_USAGE_JSON.replace('"results": []', '"results": [null, "broken", 7]')
    statement = read(text, importer="openai_usage")
    assert len(statement.lines) == 3
    assert [(one.number, one.reason) for one in statement.rejects] == [
        (n, RejectReason.CELL_UNKNOWN) for n in (1, 2, 3)
    ]
    assert "broken" in statement.rejects[1].raw


def test_bottomless_results_do_no_harm() -> None:
    deep = '{"a": ' * 400 + "1" + "}" * 400
    text = OPENAI_USAGE_JSON.replace('"results": []', f'"results": [{deep}]')
    statement = read(text, importer="openai_usage")
    assert len(statement.lines) == 3
