"""The preference datasets of NeMo RL: ranked completions of a context, or three strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import split_files
from prefdata.exporters._fit import unfit_by
from prefdata.exporters._shapes import FROM, MARGIN, MODELS, QUESTION, SIDES, TALK, WHO, last_text
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prefdata.exporters._fit import Reason

__all__ = ["NemoRl", "nemo_rl"]


class NemoRl(Params):
    """Parameters of `nemo-rl`."""

    variant: Literal["rank", "binary"] = Field(
        default="rank",
        description="`rank`: context and two ranked completions, for PreferenceDataset. `binary`: "
        "prompt, chosen and rejected as strings, for BinaryPreferenceDataset; one question, "
        "without a system prompt.",
    )


def _reasons(params: NemoRl) -> Sequence[Reason]:
    return TALK if params.variant == "rank" else QUESTION


@exporter(
    version=1,
    params=NemoRl,
    unfit=unfit_by(_reasons),
    loses=(WHO, FROM, MODELS, MARGIN),
)
def nemo_rl(frames: Iterator[pl.DataFrame], out: Path, params: NemoRl) -> list[Path]:
    """Write ``<split>.jsonl`` for the DPO and reward trainers of NeMo RL.

    The lower rank is the better one, so the chosen response has rank 0. The trainer takes two
    completions and stops at equal ranks.

    References:
        NeMo RL, *docs/guides/dpo.md*, section Datasets; *nemo_rl/data/datasets/
        preference_datasets/*; *nemo_rl/data/processors.py* (`preference_preprocessor`).
    """
    columns = _ranked() if params.variant == "rank" else _strings()
    with split_files(out, "jsonl") as files:
        for frame in frames:
            files.add(frame.select(**columns), frame["split"])
    return files.paths


def _ranked() -> dict[str, pl.Expr]:
    ranked = [
        pl.struct(rank=pl.lit(rank, pl.Int64), completion=pl.col(side))
        for rank, side in enumerate(SIDES)
    ]
    return {"context": pl.col("prompt"), "completions": pl.concat_list(*ranked)}


def _strings() -> dict[str, pl.Expr]:
    return {name: last_text(name) for name in ("prompt", *SIDES)}
