"""A table comes in its order, whole, in batches of a bounded size."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefdata.texts import stretches

__all__: list[str] = []


@given(rows=st.lists(st.integers(0, 9), max_size=30), batch=st.integers(1, 7))
def test_batches_are_the_rows_in_order(rows: list[int], batch: int) -> None:
    frame = pl.DataFrame({"n": rows}, schema={"n": pl.Int64})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "_BATCH_ROWS", batch)
        every = list(stretches.batches(frame.lazy()))
        some = list(stretches.batches(frame.lazy().filter(pl.col("n") > 4)))
    assert max((part.height for part in every), default=0) <= batch
    assert_frame_equal(pl.concat([frame.clear(), *every]), frame)
    assert_frame_equal(pl.concat([frame.clear(), *some]), frame.filter(pl.col("n") > 4))


@given(st.lists(st.sampled_from(["b", "a", "c"])))
def test_names_have_the_number_of_their_place(names: list[str]) -> None:
    frame = pl.DataFrame({"source": names}, schema={"source": pl.String})
    found = frame.select(stretches.numbered("source", ["b", "a", "c"]))
    assert found["source"].to_list() == ["bac".index(name) for name in names]
    assert found.schema == {"source": pl.Int16}


def test_an_unknown_name_is_an_error_and_no_number() -> None:
    frame = pl.DataFrame({"source": ["d"]})
    with pytest.raises(pl.exceptions.InvalidOperationError):
        frame.select(stretches.numbered("source", ["a"]))
