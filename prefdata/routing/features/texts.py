"""The nine features of the texts of comparisons, as far as words and vectors give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.routing.features.lengths import token_counts
from prefdata.routing.features.mentions import mentions, shared_names
from prefdata.routing.features.names import TEXT_FEATURES
from prefdata.routing.features.rouge import multisets, rouge_1, stems
from prefdata.texts.ngrams import spans

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.protocols import VectorSet

__all__ = ["cosines", "text_features"]

_BYTES_AT_ONCE = 16_000_000
# Two texts of each, and fewer than `MAX_SETS` of them.
_COMPARISONS_AT_ONCE = 30_000
_VECTORS_AT_ONCE = 1 << 16


def text_features(
    comparisons: pl.DataFrame,
    prompts: pl.DataFrame,
    responses: pl.DataFrame,
    tokenizer: Path | None,
) -> pl.DataFrame:
    """Return the features of the texts of each comparison, but the cosine.

    ``bertscore`` and ``bertscore_length`` need a vector for each token, which our embedders do not
    give: they are null.

    Args:
        comparisons: Columns ``prompt``, ``a`` and ``b``: keys of the texts.
        prompts: Columns ``key`` and ``text``, each key once.
        responses: Likewise.
        tokenizer: As in `prefdata.routing.features.lengths.token_counts`.

    Returns:
        A column for each of `TEXT_FEATURES`, in the order of the rows; swapping ``a`` and ``b``
        changes nothing.
    """
    of_responses = responses.select(
        "key", length=pl.Series(token_counts(responses["text"], tokenizer), dtype=pl.Float64)
    )
    of_prompts = prompts.select(
        prompt="key",
        prompt_len=pl.Series(token_counts(prompts["text"], tokenizer), dtype=pl.Float64),
    )
    lengths = comparisons.select("prompt", "a", "b")
    for side in ("a", "b"):
        lengths = lengths.join(
            of_responses.rename({"key": side, "length": f"len_{side}"}),
            on=side,
            how="left",
            maintain_order="left",
        )
    lengths = lengths.join(of_prompts, on="prompt", how="left", maintain_order="left")
    unknown = pl.lit(None, pl.Float64)
    return (
        pl.concat([lengths, _overlaps(comparisons, responses)], how="horizontal")
        .select(
            bertscore=unknown,
            bertscore_length=unknown,
            cosine_sim=unknown,
            entity_sim="entity_sim",
            len_longer=pl.max_horizontal("len_a", "len_b"),
            len_shorter=pl.min_horizontal("len_a", "len_b"),
            prompt_len="prompt_len",
            rouge="rouge",
            token_len_diff=(pl.col("len_a") - pl.col("len_b")).abs(),
        )
        .select(TEXT_FEATURES)
    )


def cosines(comparisons: pl.DataFrame, found: VectorSet) -> pl.Series:
    """Return the cosine of the vectors of the two responses; null where one has none.

    Args:
        comparisons: Columns ``a`` and ``b``: ``content_hash`` of the responses.
        found: Their vectors.
    """
    places = pl.DataFrame({"key": found.hashes}).with_row_index("place")
    rows = comparisons.select("a", "b").with_row_index()
    for side in ("a", "b"):
        rows = rows.join(
            places.rename({"key": side, "place": f"at_{side}"}),
            on=side,
            how="left",
            maintain_order="left",
        )
    known = rows.drop_nulls()
    left, right = (known[f"at_{side}"].to_numpy() for side in ("a", "b"))
    values: NDArray[np.float64] = np.empty(known.height)
    for start in range(0, known.height, _VECTORS_AT_ONCE):
        part = slice(start, start + _VECTORS_AT_ONCE)
        values[part] = np.einsum("ij,ij->i", found.matrix[left[part]], found.matrix[right[part]])
    # Kept in half precision, vectors are of unit length but for rounding.
    cosine = known.select("index", cosine_sim=pl.Series(np.clip(values, -1, 1), dtype=pl.Float64))
    return rows.join(cosine, on="index", how="left", maintain_order="left")["cosine_sim"]


def _overlaps(comparisons: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Return what two responses share: `rouge` and `entity_sim`, stretch by stretch."""
    sizes = responses.select("key", size=pl.col("text").str.len_bytes())
    rows = comparisons.select("a", "b").with_row_index("place")
    # Two responses are compared once, however many aspects there are.
    distinct = rows.select(
        pl.min_horizontal("a", "b").alias("a"), pl.max_horizontal("a", "b").alias("b")
    )
    rows = pl.concat([rows.select("place"), distinct], how="horizontal")
    pairs = distinct.unique().sort("a", "b")
    for side in ("a", "b"):
        pairs = pairs.join(
            sizes.rename({"key": side, "size": f"size_{side}"}),
            on=side,
            how="left",
            maintain_order="left",
        )
    bytes_each = (pairs["size_a"] + pairs["size_b"]).fill_null(0).to_numpy()
    parts = [
        _overlaps_of(pairs[span], responses)
        for span in spans(bytes_each, _BYTES_AT_ONCE, at_most=_COMPARISONS_AT_ONCE)
    ]
    empty = pl.DataFrame(
        schema={"a": pl.String, "b": pl.String, "rouge": pl.Float64, "entity_sim": pl.Float64}
    )
    return rows.join(
        pl.concat([empty, *parts]), on=["a", "b"], how="left", maintain_order="left"
    ).select("rouge", "entity_sim")


def _overlaps_of(pairs: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    keys = pl.concat([pairs["a"], pairs["b"]]).unique(maintain_order=True)
    texts = (
        keys.alias("key")
        .to_frame()
        .join(responses, on="key", how="left", maintain_order="left")
        .with_row_index("place")
    )
    left, right = (
        pairs.select(key=side).join(texts, on="key", how="left", maintain_order="left")["place"]
        for side in ("a", "b")
    )
    at_left, at_right = left.to_numpy(), right.to_numpy()
    words = multisets(stems(texts["text"]))
    named = mentions(texts["text"])
    return pairs.select(
        "a",
        "b",
        rouge=pl.Series(rouge_1(words.take(at_left), words.take(at_right)), nan_to_null=True),
        entity_sim=pl.Series(
            shared_names(named.take(at_left), named.take(at_right)), nan_to_null=True
        ),
    )
