"""A filter in an address: what is written is read back, and what is no filter is refused with a clear message."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import CurationError
from workbench.project import Project
from workbench.store.filters import STATES, Filter

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
filters = st.builds(
    Filter,
    state=st.none() | st.sampled_from(STATES),
    source=st.none() | words | st.lists(words, min_size=2, max_size=4, unique=True).map(tuple),
    cluster=st.none() | st.integers(-1, 10**6),
    text=words | st.just(""),
    regex=words | st.just(""),
    quality_low=st.none() | st.sampled_from([0.05, 0.5, 1.0]),
    decided=st.none() | st.booleans(),
    noted=st.booleans(),
    reviewer=st.none() | words,
    tag=st.none() | words,
    metadata=st.dictionaries(words, words, max_size=3).map(lambda pairs: tuple(pairs.items())),
    ids=st.none() | st.just(("0" * 32, "f" * 32)),
)


@given(filters)
def test_an_address_gives_the_filter_that_it_was_written_from(chosen: Filter) -> None:
    assert Filter.from_query(chosen.to_query()) == chosen


def test_no_filter_makes_no_address() -> None:
    assert Filter().to_query() == {}
    assert Filter.from_query({}) == Filter()


@pytest.mark.parametrize(
    "query",
    [
        {"state": ["x' OR 1=1 --"]},
        {"role": ["test"]},
        {"split": ["test"]},
        {"cluster": ["1; DROP TABLE decisions"]},
        {"quality_from": ["nan"]},
        {"id": ["0" * 32] * 100},
        {"id": ["../../etc"]},
        {"nonsense": ["1"]},
        {"q": ["x" * 10_000]},
        {"q": ["\ud800"]},
        {"decided": ["perhaps"]},
    ],
)
def test_a_hostile_address_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(CurationError):
        Filter.from_query(query)


def test_hostile_values_are_only_compared(project: Project) -> None:
    hostile = "'; DROP TABLE decisions; --"
    chosen = replace(Filter(), source=hostile, reviewer=hostile, group=hostile, text=hostile, tag=hostile)
    assert project.store.browse.count(replace(chosen, metadata=((hostile, hostile), ('"]~/*', "$")))) == 0
