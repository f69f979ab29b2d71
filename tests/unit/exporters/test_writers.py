"""Files as the hub wants them: what is in them, where they are cut, and what they refuse."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from prefdata.core.errors import InternalError
from prefdata.exporters._files import split_files
from prefdata.exporters._writers import ROWS_PER_GROUP

if TYPE_CHECKING:
    from pathlib import Path

datasets = pytest.importorskip("datasets")

__all__: list[str] = []


def _write(folder: Path, frames: Any, *formats: Any, shard_bytes: int | None = None) -> list[Path]:
    with split_files(folder, *formats, shard_bytes=shard_bytes) as files:
        for frame in frames:
            files.add(frame, frame["split"])
    return files.paths


def _noise(n_rows: int, n_chars: int, seed: int = 0) -> pl.DataFrame:
    chance = random.Random(seed)  # noqa: S311 - text that does not compress
    texts = [chance.randbytes(n_chars // 2).hex() for _ in range(n_rows)]
    return pl.DataFrame({"id": range(n_rows), "text": texts, "split": ["train"] * n_rows})


def test_a_file_says_what_datasets_says(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({"margin": 1.0}, {})
    (path,) = _write(tmp_path, [frame], "parquet")
    file = pq.ParquetFile(path)
    told = file.metadata.metadata
    assert json.loads(told[b"content_defined_chunking"]) == datasets.config.DEFAULT_CDC_OPTIONS
    theirs = datasets.Features.from_arrow_schema(file.schema_arrow.remove_metadata())
    assert told[b"huggingface"] == theirs.arrow_schema.metadata[b"huggingface"]
    group = file.metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert all(column.has_offset_index for column in columns.values())
    assert columns["pair_id"].has_column_index
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert_frame_equal(pl.DataFrame(datasets.Dataset.from_parquet(str(path)).data.table), frame)


def test_an_arrow_file_is_mapped_by_datasets(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(*({"subset": "a" if n % 3 else None} for n in range(2_100)))
    (whole,) = _write(tmp_path / "whole", [frame], "arrow")
    (pieces,) = _write(tmp_path / "pieces", frame.iter_slices(330), "arrow")
    assert whole.read_bytes() == pieces.read_bytes()
    found = datasets.Dataset.from_file(str(whole))
    assert_frame_equal(pl.DataFrame(found.data.table), frame)
    with pa.ipc.open_stream(whole) as reader:
        assert [batch.num_rows for batch in reader] == [1_000, 1_000, 100]


def test_a_split_is_cut_into_shards_between_row_groups(tmp_path: Path) -> None:
    frame = _noise(3_000, 400)
    paths = _write(tmp_path, frame.iter_slices(700), "parquet", shard_bytes=200_000)
    n = len(paths)
    assert n > 5
    assert [path.name for path in paths] == [f"train-{i:05}-of-{n:05}.parquet" for i in range(n)]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert max(path.stat().st_size for path in paths) <= 200_000
    assert_frame_equal(pl.concat([pl.read_parquet(path) for path in paths]), frame)
    schemas = {pq.read_schema(path).metadata[b"huggingface"] for path in paths}
    assert len(schemas) == 1
    again = _write(tmp_path / "again", [frame], "parquet", shard_bytes=200_000)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_one_shard_is_counted_too(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({"split": "test"}, {"split": "train.v2"})
    paths = _write(tmp_path, [frame], "parquet", shard_bytes=500_000_000)
    names = [path.name for path in paths]
    assert names == ["test-00000-of-00001.parquet", "train.v2-00000-of-00001.parquet"]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.integers(0, 3_000), min_size=1, max_size=30),
    st.integers(1, 7),
    st.integers(2_000, 9_000),
)
def test_bytes_depend_on_rows_and_not_on_pieces(
    tmp_path_factory: Any, lengths: list[int], n_pieces: int, shard_bytes: int
) -> None:
    texts = [str(n) * (length // len(str(n))) for n, length in enumerate(lengths)]
    frame = pl.DataFrame({"text": texts, "said": [[text] for text in texts]}).with_columns(
        split=pl.lit("train")
    )
    folder = tmp_path_factory.mktemp("files")
    whole = _write(folder / "whole", [frame], "parquet", shard_bytes=shard_bytes)
    slices = frame.iter_slices(-(-frame.height // n_pieces))
    pieces = _write(folder / "pieces", slices, "parquet", shard_bytes=shard_bytes)
    assert [path.name for path in whole] == [path.name for path in pieces]
    assert [path.read_bytes() for path in whole] == [path.read_bytes() for path in pieces]
    for path in whole:
        groups = pq.read_metadata(path)
        weights = [groups.row_group(n).total_byte_size for n in range(groups.num_row_groups)]
        rows = [groups.row_group(n).num_rows for n in range(groups.num_row_groups)]
        assert all(
            weight <= shard_bytes // 2 + 1_000 or n_rows == 1
            for weight, n_rows in zip(weights, rows, strict=True)
        )


def test_a_new_row_leaves_most_of_the_bytes(tmp_path: Path) -> None:
    frame = _noise(ROWS_PER_GROUP, 2_000)
    first = _noise(1, 2_000, seed=1)
    for name, rows in (("old", frame), ("new", pl.concat([first, frame.head(-1)]))):
        _write(tmp_path / name, [rows], "parquet")
    pages = [_pages(tmp_path / name / "train.parquet") for name in ("old", "new")]
    assert len(pages[0] & pages[1]) >= len(pages[0]) - 2


def _pages(path: Path) -> set[bytes]:
    """Return the texts of each page, where its content ends it."""
    data = path.read_bytes()
    column = pq.read_metadata(path).row_group(0).column(1)
    start = column.data_page_offset
    body = data[start : start + column.total_compressed_size]
    # zstd frames begin with this number; each page is one.
    magic = b"\x28\xb5\x2f\xfd"
    return {part[:-60] for part in body.split(magic)[1:]}


def test_columns_must_stay_what_they_are(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({})
    for odd, told in (
        (frame.with_columns(margin=pl.lit("far")), "margin"),
        (frame.drop("margin"), "margin"),
        (frame.select(reversed(frame.columns)), "another order"),
    ):
        with pytest.raises(InternalError, match=told):
            _write(tmp_path, [frame, pl.concat([odd] * ROWS_PER_GROUP)], "parquet")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_loaded_is_not_written(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"split": ["train"], "odd": [{}]}, schema={"split": pl.String, "odd": pl.Struct({})}
    )
    for kind in ("parquet", "arrow"):
        with pytest.raises(InternalError, match="column odd"):
            _write(tmp_path, [frame], kind)
    assert list(tmp_path.iterdir()) == []


def test_categories_are_written_as_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"split": ["train", "train"], "kind": ["a", "b"]})
    enum = frame.with_columns(pl.col("kind").cast(pl.Enum(["a", "b"])))
    (path,) = _write(tmp_path, [enum], "parquet")
    assert_frame_equal(pl.read_parquet(path), frame)
    assert pq.read_schema(path).field("kind").type == pa.string()
