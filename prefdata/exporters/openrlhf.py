"""The preference datasets of OpenRLHF: three lists of messages, or two whole conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Format, split_files
from prefdata.exporters._fit import unfit_if
from prefdata.exporters._shapes import FROM, MODELS, SIDES, TALK, WHO, conversation
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Openrlhf", "openrlhf"]


class Openrlhf(Params):
    """Parameters of `openrlhf`."""

    variant: Literal["prompt-key", "whole"] = Field(
        default="prompt-key",
        description="`prompt-key`: prompt, chosen and rejected as lists of messages, for "
        "`--data.prompt_key prompt`. `whole`: chosen and rejected as whole conversations, without "
        "a key for the prompt.",
    )
    with_margin: bool = Field(
        default=False,
        description="Add `margin` to each pair, 0.0 where there is none; `--reward.margin_loss` of "
        "reward models reads it.",
    )
    file: Format = Field(default="jsonl", description="Kind of file that each split gets.")


@exporter(
    version=1,
    params=Openrlhf,
    unfit=unfit_if(*TALK),
    loses=(WHO, FROM, MODELS, "the unit of the margin, and the margin without `with_margin`"),
)
def openrlhf(frames: Iterator[pl.DataFrame], out: Path, params: Openrlhf) -> list[Path]:
    """Write ``<split>.jsonl`` for the reward and DPO trainers of OpenRLHF.

    Both variants need ``--data.apply_chat_template``. Without a key for the prompt, the DPO
    trainer takes it from the chosen conversation but for its last message.

    References:
        OpenRLHF, *openrlhf/datasets/reward_dataset.py* (`preprocess_data`).
    """
    margin = [pl.col("margin").fill_null(0.0)] if params.with_margin else []
    sides = (
        [pl.col("prompt"), *(pl.col(side) for side in SIDES)]
        if params.variant == "prompt-key"
        else [conversation(side).alias(side) for side in SIDES]
    )
    with split_files(out, params.file) as files:
        for frame in frames:
            files.add(frame.select(*sides, *margin), frame["split"])
    return files.paths
