"""The datasets of ms-swift: a conversation with the rejected response, or with a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.exporters._files import split_files
from prefdata.exporters._fit import unfit_if
from prefdata.exporters._shapes import (
    FROM,
    MODELS,
    TALK,
    WHO,
    LabelledRows,
    conversation,
    last_text,
)
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.exporters._files import SplitFiles

__all__ = ["MsSwift", "ms_swift"]


class MsSwift(Params):
    """Parameters of `ms-swift`."""

    variant: Literal["rejected-response", "kto"] = Field(
        default="rejected-response",
        description="`rejected-response`: messages that end with the chosen response, and the "
        "rejected one beside them (DPO, ORPO, CPO, SimPO, reward models). `kto`: messages that end "
        "with a response, and its label; two rows for each pair.",
    )
    with_margin: bool = Field(
        default=False,
        description="Add `margin` to each pair, 0.0 where there is none; reward models read it.",
    )

    @model_validator(mode="after")
    def _of_pairs(self) -> Self:
        if self.with_margin and self.variant == "kto":
            message = "with_margin needs pairs: variant: rejected-response"
            raise ValueError(message)
        return self


@exporter(
    version=1,
    params=MsSwift,
    unfit=unfit_if(*TALK),
    loses=(WHO, FROM, MODELS, "the unit of the margin, and the margin without `with_margin`"),
)
def ms_swift(frames: Iterator[pl.DataFrame], out: Path, params: MsSwift) -> list[Path]:
    """Write ``<split>.jsonl`` for the preference training of ms-swift.

    The trainer deletes rows whose two responses are equal, and says so once: none is written.
    Labels are booleans; strings would be read as true.

    References:
        ms-swift, *docs/source_en/Customization/Custom-dataset.md*;
        *swift/dataset/preprocessor/core.py* (`RowPreprocessor`, `MessagesPreprocessor`).
    """
    with split_files(out, "jsonl") as files:
        if params.variant == "kto":
            _write_labels(frames, files)
        else:
            margin = [pl.col("margin").fill_null(0.0)] if params.with_margin else []
            for frame in frames:
                rows = frame.select(
                    conversation("chosen").alias("messages"),
                    last_text("rejected").alias("rejected_response"),
                    *margin,
                )
                files.add(rows, frame["split"])
    return files.paths


def _write_labels(frames: Iterator[pl.DataFrame], files: SplitFiles) -> None:
    for rows in LabelledRows.of(frames):
        files.add(rows.select(conversation("response").alias("messages"), "label"), rows["split"])
