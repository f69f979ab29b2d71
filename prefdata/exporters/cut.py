"""Judgments of single responses, as Contrastive Unlikelihood Training reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.exporters._files import split_files
from prefdata.exporters._rationales import called, kept, plain_text
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Cut", "cut"]

_BEGINNING = re.compile(r"(?:^|(?<=[.!?]\s)|(?<=\n))[a-z]")


class Cut(Params):
    """Parameters of `cut`."""

    with_pair_rationales: bool = Field(
        default=True,
        description="Where nothing is said of the rejected response alone, take the rationale of "
        "the pair, which calls it `this_name` and the chosen one `other_name`.",
    )
    chosen_is_fine: bool = Field(
        default=False,
        description="Also write the chosen response, with a null judgment: nothing is wrong. Being "
        "preferred does not make it so.",
    )
    this_name: str = Field(
        default="this response",
        min_length=1,
        description="Name of the rejected response in the rationale of a pair; it gets a capital "
        "where a sentence begins.",
    )
    other_name: str = Field(
        default="the other response", min_length=1, description="Name of the chosen response."
    )


@exporter(
    version=1,
    params=Cut,
    rationales="needed",
    takes_critiques=True,
    loses=(
        "pairs without a text on the rejected response",
        "the chosen response, unless `chosen_is_fine`",
        "the roles of conversations with several turns: instructions are text",
    ),
)
def cut(frames: Iterator[pl.DataFrame], out: Path, params: Cut) -> list[Path]:
    """Write ``<split>.jsonl`` with id, instruction, input, output and judgment of responses.

    The judgment of a rejected response is what the source says of it alone (a critique, the
    rationale of a rating; no gate reads these), else the rationale of its pair. ``input`` is
    empty: the whole prompt is the instruction.

    References:
        Xu et al., *Reasons to Reject? Aligning Language Models with Judgments* (arXiv 2312.14591);
        the columns of its released data.
    """
    with split_files(out, "jsonl") as files:
        for frame in frames:
            judged = frame.join(
                _judgments(frame, params), on="pair_id", how="inner", maintain_order="left"
            )
            rows = [_rows(judged, "rejected", pl.col("judgment"))]
            if params.chosen_is_fine:
                rows.append(_rows(judged, "chosen", pl.lit(None, pl.String)))
            both = pl.concat(rows).sort("index", maintain_order=True)
            files.add(both.drop("index", "split"), both["split"])
    return files.paths


def _judgments(frame: pl.DataFrame, params: Cut) -> pl.DataFrame:
    """Return ``pair_id`` and ``judgment`` of the rejected responses on which there is a text."""
    alone = kept(frame, "any", about=("rejected",)).select("pair_id", judgment="text")
    if not params.with_pair_rationales:
        return alone
    told = kept(frame, "any").join(alone, on="pair_id", how="anti", maintain_order="left")
    named = called(told["text"], told["preferred"] == "y", params.this_name, params.other_name)
    texts = pl.Series([_capitals(text) for text in named], dtype=pl.String)
    of_pairs = told.select("pair_id", judgment=texts)
    return pl.concat([alone, of_pairs])


def _capitals(text: str) -> str:
    """Begin sentences with a capital, as names of several words do not."""
    return _BEGINNING.sub(lambda found: found[0].upper(), text)


def _rows(judged: pl.DataFrame, side: str, judgment: pl.Expr) -> pl.DataFrame:
    return judged.with_row_index().select(
        "index",
        "split",
        id=pl.concat_str("pair_id", pl.lit(f"/{side}")),
        instruction=plain_text("prompt"),
        input=pl.lit(""),
        output=plain_text(side),
        judgment=judgment,
    )
