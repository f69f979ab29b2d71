"""The preference format of OpenAI's and Azure's fine-tuning, and of services that read the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.exporters._files import split_files
from prefdata.exporters._fit import (
    after_user,
    answered,
    asked,
    different,
    known_roles,
    one_message,
    unfit_if,
)
from prefdata.exporters._shapes import FROM, MARGIN, MODELS, WHO
from prefdata.protocols import NoParams, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["openai_preference"]


@exporter(
    version=1,
    unfit=unfit_if(asked(), answered(), one_message(), different(), known_roles(), after_user()),
    loses=(WHO, FROM, MODELS, MARGIN),
)
def openai_preference(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
    """Write ``<split>.jsonl`` with input, preferred_output and non_preferred_output.

    Each output is one message of the assistant. Roles of the input need not alternate. No tools
    are given: responses with calls of tools are not held.

    References:
        OpenAI, *Direct preference optimization*, section Data format; Microsoft, *Direct
        preference optimization dataset format*.
    """
    given = pl.struct(
        messages=pl.col("prompt"),
        tools=pl.lit([], pl.List(pl.String)),
        parallel_tool_calls=pl.lit(value=True),
    )
    with split_files(out, "jsonl") as files:
        for frame in frames:
            rows = frame.select(
                input=given,
                preferred_output=pl.col("chosen"),
                non_preferred_output=pl.col("rejected"),
            )
            files.add(rows, frame["split"])
    return files.paths
