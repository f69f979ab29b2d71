"""The datasets of verl: strings for reward models, and prompts for reinforcement learning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import UNASSIGNED, split_files
from prefdata.exporters._fit import after_user, alternating, asked, unfit_by
from prefdata.exporters._shapes import (
    FROM,
    MARGIN,
    MODELS,
    QUESTION,
    SIDES,
    WHO,
    NewPrompts,
    last_text,
)
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prefdata.exporters._fit import Reason

__all__ = ["Verl", "verl"]


class Verl(Params):
    """Parameters of `verl`."""

    variant: Literal["reward-model", "prompts"] = Field(
        default="reward-model",
        description="`reward-model`: prompt, chosen and rejected as strings, one question without "
        "a system prompt. `prompts`: each prompt once, as reinforcement learning reads it.",
    )
    ability: str = Field(
        default="alignment",
        min_length=1,
        description="Name of the kind of task, which `prompts` says of every row.",
    )


_PROMPT = (asked(), after_user(), alternating())


def _reasons(params: Verl) -> Sequence[Reason]:
    return _PROMPT if params.variant == "prompts" else QUESTION


@exporter(
    version=1,
    params=Verl,
    unfit=unfit_by(_reasons),
    loses=(
        WHO,
        FROM + "; `prompts` keeps prompt_id and source",
        MODELS,
        MARGIN,
        "with `prompts`: all responses but the chosen one of each prompt's first pair",
    ),
)
def verl(frames: Iterator[pl.DataFrame], out: Path, params: Verl) -> list[Path]:
    """Write ``<split>.parquet`` for the reward model or the policy training of verl.

    Strings are tokenised as they are: the reward dataset lays no chat template over them.
    ``prompts`` says ``style: model``, as nothing but a reward model can judge the responses; its
    ``ground_truth`` is the chosen response of the prompt's first pair, which verl wants to be
    there and no reward model reads. ``extra_info.index`` counts the rows of a split.

    References:
        verl, *docs/preparation/prepare_data.rst*, *verl/utils/dataset/rm_dataset.py* and
        *rl_dataset.py*, *examples/data_preprocess/full_hh_rlhf.py*.
    """
    prompts, counts = NewPrompts(), _Counts()
    with split_files(out, "parquet") as files:
        for frame in frames:
            if params.variant == "reward-model":
                texts = {name: last_text(name) for name in ("prompt", *SIDES)}
                files.add(frame.select(**texts), frame["split"])
            else:
                rows = counts.number(prompts.of(frame))
                files.add(rows.select(**_prompts(params)), rows["split"])
    return files.paths


def _prompts(params: Verl) -> dict[str, pl.Expr]:
    answer = last_text("chosen").fill_null("")
    return {
        "data_source": pl.col("source"),
        "prompt": pl.col("prompt"),
        "ability": pl.lit(params.ability),
        "reward_model": pl.struct(style=pl.lit("model"), ground_truth=answer),
        "extra_info": pl.struct("split", "index", "prompt_id"),
    }


class _Counts:
    """Numbers the rows of each split, across frames."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def number(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add ``index``, from 0 in each split, and name the split of rows without one."""
        named = rows.with_columns(pl.col("split").fill_null(UNASSIGNED))
        before = pl.col("split").replace_strict(self._rows, default=0, return_dtype=pl.Int64)
        within = pl.int_range(pl.len(), dtype=pl.Int64).over("split")
        numbered = named.with_columns(index=before + within)
        for split, n_rows in named["split"].value_counts().iter_rows():
            self._rows[split] = self._rows.get(split, 0) + n_rows
        return numbered
