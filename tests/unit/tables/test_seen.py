"""Native ids: the first row keeps its name, wherever the second stands."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.tables.seen import SeenIds

__all__: list[str] = []


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=6), max_size=5))
def test_an_id_is_kept_once_over_all_stretches(stretches: list[list[str]]) -> None:
    seen = SeenIds()
    kept: list[str] = []
    for stretch in stretches:
        ids = pl.Series(stretch, dtype=pl.String)
        fresh = ids.filter(~seen.is_repeat(ids))
        seen.add(fresh)
        kept.extend(fresh)
    assert kept == list(dict.fromkeys(key for stretch in stretches for key in stretch))


def test_an_id_that_was_not_kept_may_come_again() -> None:
    seen = SeenIds()
    ids = pl.Series(["a", "b"])
    assert not seen.is_repeat(ids).any()
    seen.add(ids.head(1))
    assert seen.is_repeat(ids).to_list() == [True, False]
