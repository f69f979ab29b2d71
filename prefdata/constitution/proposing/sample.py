"""Which comparisons a model is shown: a few that differ from each other, of many."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.parts import TRAIN, parts_of_comparisons
from prefdata.constitution.proposing.diversity import spread
from prefdata.core.fingerprint import digest
from prefdata.tables.identity import hash_tuple
from prefdata.tables.messages import response_text, transcript, with_system
from prefdata.texts.normal import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.constitution.labels import Labelled
    from prefdata.protocols import EmbedderParams, Vectors

__all__ = ["SAMPLED", "Sample", "Sampling", "draw_sample"]

SAMPLED: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "prompt_id": pl.String(),
    "aspect": pl.String(),
    "preferred_id": pl.String(),
    "other_id": pl.String(),
    "conversation": pl.String(),
    "preferred": pl.String(),
    "other": pl.String(),
    "is_turned": pl.Boolean(),
}
"""Columns of comparisons that are shown. ``preferred`` and ``other`` are texts; ``is_turned`` is
drawn: whether the other one is shown first where only one order is."""

_POOL = 20
"""So many times the comparisons that are shown are embedded; more would differ little more."""
_LEFT_OUT = {
    "tie": "without a majority",
    "empty": "with an empty response",
    "alike": "of responses with the same words, as far as they would be shown",
    "held-out": "of prompts held out for measuring",
    "opening": "of prompts that open like another one",
    "undrawn": "not drawn",
}
"""Why a comparison is not shown; the first reason counts."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How comparisons are drawn.

    Attributes:
        n: The most that are drawn.
        max_chars: Longest text that is shown.
        share: Of the openings, those that may be drawn from; the others are held out.
        embedder: Whose vectors tell how comparisons differ; None to draw by digests alone.
        seed: Of the recipe.
        step: The step that draws.
    """

    n: int
    max_chars: int
    share: float
    embedder: EmbedderParams | None
    seed: int
    step: str


@dataclass(frozen=True, slots=True)
class Sample:
    """The comparisons that are shown, and how many are not."""

    rows: pl.DataFrame
    """Columns of `SAMPLED`, sorted by comparison."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Comparisons that are not shown, by the reason in words."""


def draw_sample(
    tables: Mapping[str, pl.LazyFrame],
    labelled: Labelled,
    sampling: Sampling,
    vectors: Vectors | None = None,
) -> Sample:
    """Draw comparisons: no two whose prompts open alike, and such as differ from each other.

    What most labels of a comparison prefer is the choice to be explained. Held out are the same
    openings on which a constitution is measured with the same share and seed. With an embedder
    comparisons differ as the preferred response differs from the other one, in vectors; without
    one they are drawn by digests of their ids. Nothing depends on the order of rows.

    Args:
        tables: ``prompts`` and ``responses``.
        labelled: Comparisons and labels.
        sampling: How they are drawn.
        vectors: Where vectors come from; needed where there is an embedder.
    """
    judged = _judged(tables, labelled, sampling)
    salt = pl.lit(digest(["propose", sampling.seed]))
    judged = judged.with_columns(drawn=hash_tuple(judged, salt, "comparison_id"))
    fit = judged.filter(pl.col("why").is_null()).sort("drawn")
    of_openings = fit.unique("opening", keep="first", maintain_order=True)
    if vectors is not None and sampling.embedder is not None:
        pool = of_openings.head(_POOL * sampling.n)
        places = spread(
            _differences(tables, pool, sampling, vectors), sampling.n, seed=sampling.seed
        )
        chosen = pool[places]
    else:
        chosen = of_openings.head(sampling.n)
    counts = dict(judged["why"].drop_nulls().value_counts().iter_rows())
    counts["opening"] = fit.height - of_openings.height
    counts["undrawn"] = of_openings.height - chosen.height
    told = {said: counts[why] for why, said in _LEFT_OUT.items() if counts.get(why)}
    return Sample(_with_texts(tables, chosen), told)


def _judged(
    tables: Mapping[str, pl.LazyFrame], labelled: Labelled, sampling: Sampling
) -> pl.DataFrame:
    """Return each comparison with what most prefer, and why it is not shown if it is not."""
    lead = labelled.labels.group_by("at").agg(lead=pl.col("y").sign().sum())
    compared = (
        labelled.comparisons.with_row_index("at")
        .join(lead, on="at", how="left", maintain_order="left")
        .with_columns(is_held_out=_held_out(labelled.comparisons, sampling))
    )
    is_a = pl.col("lead") > 0
    sides = ("response_a_id", "response_b_id")
    first = pl.col("said").str.strip_chars().str.slice(0, sampling.max_chars)
    # A hash of this process is enough to tell whether two texts are equal.
    said = (
        tables["responses"]
        .select("response_id", said=response_text())
        .select("response_id", is_blank=is_blank("said"), words=first.str.strip_chars().hash())
    )
    found = compared.lazy().with_columns(
        preferred_id=pl.when(is_a).then(sides[0]).otherwise(sides[1]),
        other_id=pl.when(is_a).then(sides[1]).otherwise(sides[0]),
    )
    for side in ("preferred", "other"):
        named = said.rename(
            {"response_id": f"{side}_id", "is_blank": f"{side}_blank", "words": f"{side}_words"}
        )
        found = found.join(named, on=f"{side}_id", how="left")
    blank = pl.any_horizontal(
        pl.col(f"{side}_blank").fill_null(value=True) for side in ("preferred", "other")
    )
    why = (
        pl.when(pl.col("lead").fill_null(0) == 0)
        .then(pl.lit("tie"))
        .when(blank)
        .then(pl.lit("empty"))
        .when(pl.col("preferred_words") == pl.col("other_words"))
        .then(pl.lit("alike"))
        .when("is_held_out")
        .then(pl.lit("held-out"))
    )
    columns = ("comparison_id", "prompt_id", "aspect", "opening", "preferred_id", "other_id")
    return found.select(*columns, why=why).sort("comparison_id").collect()


def _held_out(comparisons: pl.DataFrame, sampling: Sampling) -> pl.Series:
    """Return for each comparison whether a constitution is measured on it."""
    if sampling.share >= 1 or comparisons.is_empty():
        return pl.Series("is_held_out", [False]).new_from_index(0, comparisons.height)
    parts = parts_of_comparisons(comparisons, shares=(sampling.share,), seed=sampling.seed)
    return parts != TRAIN


def _differences(
    tables: Mapping[str, pl.LazyFrame], pool: pl.DataFrame, sampling: Sampling, vectors: Vectors
) -> NDArray[np.float64]:
    """Return for each comparison the way from the other response to the preferred one."""
    ids = pl.concat([pool["preferred_id"], pool["other_id"].rename("preferred_id")])
    wanted = ids.unique().alias("response_id").to_frame().lazy()
    texts = (
        tables["responses"]
        .select("response_id", "content_hash", "text")
        .join(wanted, on="response_id", how="semi")
        .filter(~is_blank("text"))
        .sort("response_id")
        .collect()
    )
    if texts.is_empty() or sampling.embedder is None:
        return np.zeros((pool.height, 1))
    found = vectors.get(
        texts.select("content_hash", "text"),
        subject="responses",
        view="text",
        model=sampling.embedder,
        step=sampling.step,
    )
    if found.hashes.is_empty():
        return np.zeros((pool.height, 1))
    rows = pl.DataFrame({"content_hash": found.hashes}).with_row_index("row")
    at = texts.select("response_id", "content_hash").join(rows, on="content_hash", how="left")
    # A text in which the embedder finds nothing stands at the origin.
    matrix = np.vstack([found.matrix, np.zeros((1, found.matrix.shape[1]))]).astype(np.float64)
    ends = []
    for side in ("preferred_id", "other_id"):
        named = pool.select(response_id=side).join(
            at, on="response_id", how="left", maintain_order="left"
        )
        ends.append(matrix[named["row"].fill_null(len(matrix) - 1).to_numpy()])
    way = ends[0] - ends[1]
    length = np.linalg.norm(way, axis=1, keepdims=True)
    units: NDArray[np.float64] = np.divide(way, length, out=np.zeros_like(way), where=length > 0)
    return units


def _with_texts(tables: Mapping[str, pl.LazyFrame], chosen: pl.DataFrame) -> pl.DataFrame:
    prompts = tables["prompts"].select("prompt_id", conversation=transcript(with_system()))
    found = chosen.lazy().join(prompts, on="prompt_id", how="left")
    for side in ("preferred", "other"):
        said = tables["responses"].select(
            pl.col("response_id").alias(f"{side}_id"), response_text().alias(side)
        )
        found = found.join(said, on=f"{side}_id", how="left")
    # The last digit is one of 16, half of them below `8`.
    is_turned = pl.col("drawn").str.slice(-1) < "8"
    return (
        found.with_columns(pl.col("conversation").fill_null(""), is_turned=is_turned)
        .select(pl.col(name).cast(dtype) for name, dtype in SAMPLED.items())
        .sort("comparison_id")
        .collect()
    )
