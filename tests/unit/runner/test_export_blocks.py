"""Rows come back in the order of their places, whatever the order they were put away in."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefdata.runner.export_blocks import Blocks, Places, frames_of

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@given(
    st.lists(st.lists(st.integers(0, 40), max_size=9), max_size=5),
    st.integers(1, 50),
)
def test_blocks_hold_each_row_once_in_order(parts: list[list[int]], size: int) -> None:
    with Blocks(size, None) as blocks:
        for part in parts:
            blocks.put(
                pl.DataFrame(
                    {"place": part, "said": [[{"content": f"{n}"}] for n in part]},
                    schema={"place": pl.Int64, "said": pl.List(pl.Struct({"content": pl.String}))},
                )
            )
        found = [blocks.take(number) for number in range(41 // size + 1)]
    places = [place for frame in found for place in frame["place"].to_list()]
    assert places == sorted(n for part in parts for n in part)
    assert [row["said"] for frame in found for row in frame.iter_rows(named=True)] == [
        [{"content": f"{n}"}] for n in places
    ]
    assert all(
        frame["place"].is_between(number * size, (number + 1) * size - 1).all()
        for number, frame in enumerate(found)
    )


def test_a_block_of_nothing_has_the_columns(tmp_path: Path) -> None:
    with Blocks(5, tmp_path) as blocks:
        assert blocks.take(0).columns == ["place"]
        blocks.put(pl.DataFrame({"place": [7], "text": ["a"]}))
        assert blocks.take(0).columns == ["place", "text"]
        assert blocks.take(0).height == 0
        assert list(tmp_path.iterdir()) == [], "the file has no name"


def test_a_row_is_put_away_once_and_not_with_each_block() -> None:
    texts = [bytes(random.Random(n).randbytes(500)).hex() for n in range(400)]  # noqa: S311
    frame = pl.DataFrame({"place": range(400), "said": [[{"content": text}] for text in texts]})
    with Blocks(4, None) as blocks:
        blocks.put(frame)
        assert blocks.n_bytes < 400 * 1_000


_ids = st.sampled_from(["", "a", "b", "hh-rlhf:1", "hh-rlhf:2", "é"])


@given(st.lists(st.lists(_ids, max_size=6), max_size=3), st.lists(_ids, max_size=8))
def test_places_are_those_of_a_join(known: list[list[str]], asked: list[str]) -> None:
    ids = [one for part in known for one in part]
    starts = np.cumsum([0, *(len(part) for part in known)])
    places = Places(
        (pl.Series(part, dtype=pl.String), np.arange(start, start + len(part)))
        for part, start in zip(known, starts[:-1].tolist(), strict=True)
    )
    frame = pl.DataFrame(
        {"id": asked, "row": range(len(asked))}, schema={"id": pl.String, "row": pl.Int64}
    )
    table = pl.DataFrame(
        {"id": ids, "place": range(len(ids))}, schema={"id": pl.String, "place": pl.Int64}
    )
    found = places.rows(frame, "id").sort("row", "place")
    assert_frame_equal(found, frame.join(table, on="id").drop("id").sort("row", "place"))


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 7))
def test_frames_have_the_asked_height(heights: list[int], n_rows: int) -> None:
    total = sum(heights)
    whole = pl.DataFrame({"n": range(total)}, schema={"n": pl.Int64})
    starts = np.cumsum([0, *heights]).tolist()
    given_frames = [
        whole.slice(start, height) for start, height in zip(starts, heights, strict=False)
    ]
    found = list(frames_of(given_frames, n_rows))
    assert [frame.height for frame in found[:-1]] == [n_rows] * (len(found) - 1)
    if total:
        assert_frame_equal(pl.concat(found), whole)
    else:
        assert found == []
