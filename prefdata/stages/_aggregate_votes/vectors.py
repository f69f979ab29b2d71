"""Vectors of comparisons: that of a less that of b."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.errors import InternalError
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols import Context, EmbedderParams

__all__ = ["differences"]

_SIDES = ("response_a_id", "response_b_id")


def differences(
    comparisons: pl.DataFrame, responses: pl.LazyFrame, model: EmbedderParams, context: Context
) -> NDArray[np.float64]:
    """Return the differences of the vectors of the two responses, scaled to unit variance.

    Responses without text, or without a vector, are at zero. The prompt is the same for both.

    Args:
        comparisons: In order.
        responses: The table.
        model: The embedder.
        context: Gives the vectors.

    Returns:
        ``(n, p)``; never centred, so swapping a and b changes the sign.
    """
    if context.vectors is None:
        raise InternalError("The stage aggregate-votes was given no place for vectors.")
    if comparisons.is_empty():
        return np.zeros((0, 1))
    wanted = pl.concat([comparisons[side] for side in _SIDES]).unique()
    texts = (
        texts_of(responses, "responses", "text")
        .filter(pl.col("id").is_in(wanted.implode()) & ~is_blank("text"))
        .collect()
    )
    if texts.is_empty():
        return np.zeros((comparisons.height, 1))
    found = context.vectors.get(
        texts, subject="responses", view="text", model=model, step=context.step
    )
    place = pl.DataFrame({"content_hash": found.hashes}).with_row_index("place")
    places = texts.select("id", "content_hash").join(place, on="content_hash").unique("id")
    matrix = np.concatenate([found.matrix.astype(np.float64), np.zeros((1, found.matrix.shape[1]))])
    one, other = (
        matrix[
            comparisons.select(id=side)
            .join(places, on="id", how="left", maintain_order="left")["place"]
            .fill_null(len(matrix) - 1)
            .to_numpy()
        ]
        for side in _SIDES
    )
    difference = one - other
    scale = np.sqrt((difference**2).mean(axis=0))
    return np.asarray(difference / np.where(scale > 0, scale, 1.0))
