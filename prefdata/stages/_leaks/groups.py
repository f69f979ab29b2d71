"""Groups of prompts that are alike, directly or through others."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefdata.metrics.components import components

__all__ = ["grouped"]


def grouped(prompts: pl.DataFrame, neighbors: pl.DataFrame | None) -> pl.DataFrame:
    """Give each prompt the number of its group.

    Args:
        prompts: Columns ``prompt_id`` and ``content_hash``.
        neighbors: Columns ``id``, ``method`` and ``cluster_id``; None when only equal words join.

    Returns:
        The prompts with ``group``: equal for prompts that are joined by equal words, by a
        cluster, or by a chain of these.
    """
    # A graph of prompts and of what joins them: its components are the groups.
    numbered = prompts.select("prompt_id", "content_hash").with_row_index("prompt")
    joins = numbered.select("prompt", by=pl.lit("words:") + pl.col("content_hash"))
    if neighbors is not None:
        clusters = neighbors.select(
            prompt_id="id", by=pl.concat_str("method", pl.lit(":"), "cluster_id")
        )
        joins = pl.concat([joins, numbered.join(clusters, on="prompt_id").select("prompt", "by")])
    n = prompts.height
    by = joins["by"].rank("dense").cast(pl.Int64).to_numpy() - 1 + n
    links = np.stack([joins["prompt"].cast(pl.Int64).to_numpy(), by], axis=1)
    groups = components(n + joins["by"].n_unique(), links)
    return prompts.with_columns(group=pl.Series(groups[:n], dtype=pl.Int64))
