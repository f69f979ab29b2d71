"""The example fits its own files, and its numbers can be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.publishing.contents import rows_digest
from prefdata.testing.publication import example_facts, example_rows, staged_example

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_the_staged_example_fits_its_files(tmp_path: Path) -> None:
    facts = staged_example(tmp_path, version="v9.0.0")
    assert facts.version == "v9.0.0"
    for config in facts.configs:
        for split in config.splits:
            frames = [pl.read_parquet(tmp_path / name) for name in split.files]
            assert (split.rows, split.digest) == rows_digest(frames)
            assert split.size == sum((tmp_path / name).stat().st_size for name in split.files)


def test_rows_have_the_columns_of_the_facts() -> None:
    names = [column.name for column in example_facts().configs[0].columns]
    assert example_rows(2).columns == names
    assert example_rows(2, first=4)["pair_id"].to_list() == [f"{4:032x}", f"{5:032x}"]
