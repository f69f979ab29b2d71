"""Tags as a matrix, for routers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.routing.features.names import HYPER_TAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["tag_matrix"]


def tag_matrix(
    features: pl.DataFrame, names: Sequence[str] | None = None
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return which tags hold, comparison by comparison.

    Nothing is dropped in silence: without ``names`` there is a column for each of the 90 tags,
    also for those that hold nowhere, and after them one for each other tag that occurs.

    Args:
        features: Rows of ``comparison_features``; only ``tags`` is read, and a null is no tag.
        names: The tags that are wanted, each once; a tag that is not among them is left out
            because the caller says so.

    Returns:
        ``(n, t)`` booleans in the order of the rows, and the names of the ``t`` columns.

    Raises:
        ValueError: If a name is there twice, or names neither a tag of HyPER nor one that occurs.
    """
    rows = features.select("tags").with_row_index("row").explode("tags").drop_nulls("tags")
    occurring = set(rows["tags"].unique())
    if names is None:
        columns = (*HYPER_TAGS, *sorted(occurring - set(HYPER_TAGS)))
    else:
        columns = tuple(names)
        if len(set(columns)) < len(columns):
            raise ValueError("a tag is named twice")
        if unknown := sorted(set(columns) - occurring - set(HYPER_TAGS)):
            raise ValueError(f"no tags: {', '.join(unknown)}")
    places = pl.DataFrame({"tags": columns}, schema={"tags": pl.String}).with_row_index("column")
    held = rows.join(places, on="tags")
    matrix = np.zeros((features.height, len(columns)), bool)
    matrix[held["row"].to_numpy(), held["column"].to_numpy()] = True
    return matrix, columns
