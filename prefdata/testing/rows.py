"""Small canonical rows, written down where a test needs just any."""

from __future__ import annotations

import polars as pl

from prefdata.schema import conform, table_schema

__all__ = ["prompt_rows"]


def prompt_rows(source: str, n: int, *, text: str = "hello") -> pl.DataFrame:
    """Return ``n`` prompts of a source, named ``<source>:<i>``."""
    frame = pl.DataFrame({"i": range(n)}).select(
        prompt_id=pl.format("{}:{}", pl.lit(source), "i"),
        source=pl.lit(source),
        turn=pl.lit(0, pl.Int32),
        messages=pl.concat_list(pl.struct(role=pl.lit("user"), content=pl.lit(text))),
        content_hash=pl.lit(text),
    )
    return conform(frame, table_schema("prompts"))
