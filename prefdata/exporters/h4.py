"""The preference format of the alignment handbook (H4), as in its binarized UltraFeedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Format, split_files
from prefdata.exporters._fit import unfit_if
from prefdata.exporters._shapes import MARGIN, MODELS, SIDES, TALK, WHO, conversation, last_text
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["H4", "h4"]


class H4(Params):
    """Parameters of `h4`."""

    with_scores: bool = Field(
        default=True,
        description="Write `score_chosen` and `score_rejected`, null where the judgment gave no "
        "scores; false leaves the two columns out.",
    )
    file: Format = Field(default="parquet", description="Kind of file that each split gets.")


@exporter(
    version=1,
    params=H4,
    unfit=unfit_if(*TALK),
    more=tuple(f"{side}_score" for side in SIDES),
    loses=(
        WHO,
        "where it is from: pair_id, source, subset, language",
        MODELS,
        MARGIN + "; scores are those of one judgment, null where pairs pool several",
    ),
)
def h4(frames: Iterator[pl.DataFrame], out: Path, params: H4) -> list[Path]:
    """Write prompt, prompt_id, chosen, rejected, messages, score_chosen and score_rejected.

    ``prompt`` is the text of the message to answer; ``chosen`` and ``rejected`` are whole
    conversations, and ``messages`` is the chosen one again, for fine-tuning before DPO. Scores
    are never made up of a margin: where there are none the columns are null, and stay, so that
    files of several exports have the same columns and can be joined. The handbook takes splits
    whose names contain ``train`` or ``test``.

    References:
        Alignment Handbook, *src/alignment/data.py* (`apply_chat_template`, `mix_datasets`);
        columns as in HuggingFaceH4/ultrafeedback_binarized.
    """
    scores = [f"{side}_score" for side in SIDES] if params.with_scores else []
    with split_files(out, params.file) as files:
        for frame in frames:
            rows = frame.select(
                last_text("prompt").alias("prompt"),
                "prompt_id",
                *(conversation(side).alias(side) for side in SIDES),
                conversation("chosen").alias("messages"),
                *(_score(frame, name) for name in scores),
            )
            files.add(rows, frame["split"])
    return files.paths


def _score(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a score under the name of the format; null where the export brings none."""
    given = pl.col(name) if name in frame.columns else pl.lit(None)
    side = name.removesuffix("_score")
    return given.cast(pl.Float64).alias(f"score_{side}")
