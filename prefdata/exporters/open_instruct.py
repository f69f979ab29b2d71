"""The preference datasets of open-instruct: two whole conversations and who wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Format, split_files
from prefdata.exporters._fit import unfit_if
from prefdata.exporters._shapes import MARGIN, SIDES, TALK, WHO, conversation, models
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["OpenInstruct", "open_instruct"]


class OpenInstruct(Params):
    """Parameters of `open-instruct`."""

    file: Format = Field(default="jsonl", description="Kind of file that each split gets.")


@exporter(
    version=1,
    params=OpenInstruct,
    unfit=unfit_if(*TALK),
    loses=(WHO, MARGIN, "the prompt's id, subset and language"),
)
def open_instruct(frames: Iterator[pl.DataFrame], out: Path, params: OpenInstruct) -> list[Path]:
    """Write id, source, chosen, rejected, chosen_model and rejected_model.

    ``chosen`` and ``rejected`` are whole conversations; the trainer takes the prompt from the
    chosen one but for its last message, and a path that ends in ``.jsonl`` as a dataset. A model
    that nobody named is ``unknown``.

    References:
        open-instruct, *open_instruct/dataset_transformation.py* (`preference_tokenize_v1`,
        `preference_tulu_tokenize_and_truncate_v1`); columns as in the Tülu 3 preference mixture.
    """
    with split_files(out, params.file) as files:
        for frame in frames:
            rows = frame.select(
                pl.col("pair_id").alias("id"),
                "source",
                *(conversation(side).alias(side) for side in SIDES),
                *models(),
            )
            files.add(rows, frame["split"])
    return files.paths
