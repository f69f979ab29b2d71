"""A table comes in its order, whole, in batches of a bounded size."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefdata.texts import stretches

__all__: list[str] = []


@given(
    rows=st.lists(st.integers(0, 9), max_size=30),
    batch=st.integers(1, 7),
    stretch=st.integers(1, 9),
)
def test_batches_are_the_wanted_rows_in_order(rows: list[int], batch: int, stretch: int) -> None:
    frame = pl.DataFrame({"n": rows}, schema={"n": pl.Int64})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "_BATCH_ROWS", batch)
        patch.setattr(stretches, "_STRETCH_ROWS", stretch)
        every = list(stretches.batches(frame.lazy()))
        some = list(stretches.batches(frame.lazy(), pl.col("n") > 4))
    assert max((part.height for part in every), default=0) <= batch
    assert_frame_equal(pl.concat([frame.clear(), *every]), frame)
    assert_frame_equal(pl.concat([frame.clear(), *some]), frame.filter(pl.col("n") > 4))
