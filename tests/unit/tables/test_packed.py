"""A part of a frame is packed without the rest of it."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from prefdata.tables.packed import packed

__all__: list[str] = []


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_strings_in_lists_of_other_rows_are_left_out(compression: str) -> None:
    texts = [f"{n:04}" * 250 for n in range(500)]
    frame = pl.DataFrame({"said": [[{"content": text}] for text in texts]})
    found = packed(frame.slice(3, 2), compression)  # type: ignore[arg-type]
    assert len(found) < 10_000
    assert_frame_equal(pl.read_ipc_stream(found), frame.slice(3, 2))
