"""The formats of RewardBench: the columns of its benchmark, or a set to evaluate on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Format, split_files
from prefdata.exporters._fit import unfit_by, without_system
from prefdata.exporters._shapes import (
    MARGIN,
    QUESTION,
    SIDES,
    TALK,
    WHO,
    conversation,
    last_text,
    models,
)
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prefdata.exporters._fit import Reason

__all__ = ["Rewardbench", "rewardbench"]


class Rewardbench(Params):
    """Parameters of `rewardbench`."""

    variant: Literal["benchmark", "conversations"] = Field(
        default="benchmark",
        description="`benchmark`: prompt, chosen and rejected as strings, as in "
        "allenai/reward-bench; one question. `conversations`: chosen and rejected as whole "
        "conversations, which `rewardbench --dataset` reads.",
    )
    file: Format = Field(default="jsonl", description="Kind of file that each split gets.")


def _reasons(params: Rewardbench) -> Sequence[Reason]:
    # Of a list of messages the reader takes roles by position: a system prompt would be the user's.
    return QUESTION if params.variant == "benchmark" else (*TALK, without_system())


@exporter(
    version=1,
    params=Rewardbench,
    unfit=unfit_by(_reasons),
    loses=(WHO, MARGIN, "where it is from: prompt_id, language, and source where it has subsets"),
)
def rewardbench(frames: Iterator[pl.DataFrame], out: Path, params: Rewardbench) -> list[Path]:
    """Write prompt, chosen, rejected, chosen_model, rejected_model, subset and id.

    ``subset`` is that of the prompt, or the source where it has none; scores are reported by it.
    ``id`` is the pair's; a model that nobody named is ``unknown``. With ``conversations`` there is
    no ``prompt``: the reader makes it of the chosen conversation.

    References:
        RewardBench, *rewardbench/utils.py* (`load_eval_dataset`, `load_and_process_dataset`,
        `prepare_dialogue_from_tokenizer`).
    """
    texts = (
        [last_text(name).alias(name) for name in ("prompt", *SIDES)]
        if params.variant == "benchmark"
        else [conversation(side).alias(side) for side in SIDES]
    )
    with split_files(out, params.file) as files:
        for frame in frames:
            rows = frame.select(
                *texts,
                *models(),
                pl.coalesce("subset", "source").alias("subset"),
                pl.col("pair_id").alias("id"),
            )
            files.add(rows, frame["split"])
    return files.paths
