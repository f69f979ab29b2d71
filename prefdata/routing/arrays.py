"""From comparisons to the arrays that routers learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.protocols import Comparisons, RoutingData
from prefdata.routing.features.matrix import tag_matrix
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of, view_of
from prefdata.vectors.models import LEXICAL, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.protocols import EmbedderParams, Vectors
    from prefdata.routing.cases import Cases

    Floats = NDArray[np.floating[Any]]

__all__ = ["Arrays", "Described", "differences", "make_arrays", "wording"]

_SIGNALS = ("confidence", "is_tie", "dissent")


@dataclass(frozen=True, slots=True)
class Described:
    """Differences of the vectors of two responses."""

    difference: NDArray[np.float32]
    """``(n, p)``, of unit variance about 0 by column; never centred."""
    is_lexical: bool
    """Whether the vectors are of the wording alone, with the features of `wording` added."""
    n_void: int
    """Responses without a vector, whose vector is 0."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """What routers are fitted on, and what they are judged on."""

    judged: RoutingData
    """With random samples alone: what holds on these holds on the pool."""
    planned: RoutingData
    """With all that people said: the same, and what a plan asked for."""
    rows: pl.DataFrame
    """The comparisons of the pool, in the order of the arrays."""
    is_expert: NDArray[np.bool_]
    """``(n_evaluation, v)``: which of the labels of the evaluation set are of experts."""


def differences(
    cases: Cases,
    tables: Mapping[str, pl.LazyFrame],
    vectors: Vectors,
    model: EmbedderParams,
    step: str,
) -> Described:
    """Return what sets the two responses of each comparison apart, in the order of the cases.

    The vectors are those of the responses, read without their prompt: prompt and response are not
    one text anywhere else, and so each response is embedded once for all stages. What they share
    because of the prompt cancels in the difference. The lexical embedder sees words alone, so six
    features of how a text is written are added, which annotators are known to heed: see `wording`.

    Args:
        cases: The comparisons.
        tables: Its responses.
        vectors: Where vectors come from.
        model: The embedder.
        step: Name under which progress is told.
    """
    sides = [cases.rows[f"response_{side}_id"] for side in ("a", "b")]
    wanted = pl.concat(sides).unique().implode()
    rows = tables["responses"].filter(pl.col("response_id").is_in(wanted))
    texts = texts_of(rows, "responses").sort("id").collect()
    found = vectors.get(
        texts.filter(~is_blank("text")),
        subject="responses",
        view=view_of("responses", None),
        model=model,
        step=step,
    )
    # The last row stands for responses without a vector.
    matrix = np.concatenate([found.matrix, np.zeros((1, found.matrix.shape[1]), np.float32)])
    at = texts.join(
        pl.DataFrame({"content_hash": found.hashes}).with_row_index("at"),
        on="content_hash",
        how="left",
        maintain_order="left",
    ).select("id", at=pl.col("at").fill_null(len(matrix) - 1))
    placed = [_at(at, "at", side) for side in sides]
    difference = matrix[placed[0]] - matrix[placed[1]]
    is_lexical = resolved(model).model == LEXICAL
    if is_lexical:
        features = wording(texts["text"])
        numbered = at.with_columns(row=pl.int_range(pl.len()))
        one, other = (features[_at(numbered, "row", side)] for side in sides)
        difference = np.concatenate([difference, (one - other).astype(np.float32)], axis=1)
    n_void = int((at["at"] == len(matrix) - 1).sum())
    return Described(_scaled(difference), is_lexical, n_void)


def wording(texts: pl.Series) -> Floats:
    """Return six features of how texts are written.

    The logarithms of their words and lines, letters per word, the share of different words, list
    items and headings per line, and digits per character.

    Returns:
        ``(n, 6)``.
    """
    text = pl.col("text")
    tokens = text.str.to_lowercase().str.extract_all(r"\S+")
    n_words = tokens.list.len().clip(1)
    n_lines = text.str.count_matches("\n") + 1
    n_signs = text.str.len_chars().clip(1)
    marks = text.str.count_matches(r"(?m)^\s*(?:[-*•#]|\d+[.)])")
    found = (
        texts.alias("text")
        .to_frame()
        .select(
            n_words.cast(pl.Float64).log().alias("words"),
            n_lines.cast(pl.Float64).log().alias("lines"),
            (n_signs / n_words).alias("letters"),
            (tokens.list.n_unique() / n_words).alias("different"),
            (marks / n_lines).alias("marks"),
            (text.str.count_matches(r"\d") / n_signs).alias("digits"),
        )
    )
    return found.to_numpy()


def make_arrays(cases: Cases, parts: pl.DataFrame, difference: NDArray[np.float32]) -> Arrays:
    """Return the arrays of the parts of a plan.

    Tags that hold everywhere or nowhere say nothing and are left out; so are signals that are
    known nowhere, or the same everywhere. The labels of the pool stay hidden, and of a comparison
    of the seed set one person's label counts, which follows from digests.

    Args:
        cases: The comparisons.
        parts: With ``comparison_id`` and ``part``, in an order that says nothing.
        difference: ``(n, p)`` in the order of the cases.
    """
    numbered = cases.rows.select("comparison_id", row=pl.int_range(pl.len()))
    ordered = parts.join(numbered, on="comparison_id", how="left", maintain_order="left")
    tags, names = _tags(cases.rows)
    signals, signal_names = _signals(cases.rows)
    humans, is_expert = _labels(cases)
    whole = Comparisons(
        difference,
        tags,
        signals,
        cases.rows["ai_label"].to_numpy(),
        humans,
        cases.rows["prompt_hash"].rank("dense").cast(pl.Int64).to_numpy(),
    )
    rows = {
        part: ordered.filter(part=part)["row"].to_numpy()
        for part in ("evaluation", "seed", "routed", "pool")
    }
    evaluation = whole.take(rows["evaluation"])
    pool = _with_labels(whole.take(rows["pool"]), 0)
    seeds = [rows["seed"], np.concatenate([rows["seed"], rows["routed"]])]
    judged, planned = (
        RoutingData(evaluation, _with_labels(whole.take(seed), 1), pool, names, signal_names)
        for seed in seeds
    )
    return Arrays(
        judged, planned, ordered.filter(part="pool").drop("row"), is_expert[rows["evaluation"]]
    )


def _at(places: pl.DataFrame, column: str, ids: pl.Series) -> NDArray[np.intp]:
    """Return where each response is."""
    found = ids.alias("id").to_frame().join(places, on="id", how="left", maintain_order="left")
    return found[column].to_numpy().astype(np.intp)


def _scaled(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring each column to unit variance about 0: centred, a swap would not be a change of sign."""
    width = np.sqrt(np.mean(np.square(difference), axis=0, dtype=np.float64))
    return np.divide(difference, np.where(width > 0, width, 1.0), dtype=np.float32)


def _tags(rows: pl.DataFrame) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    exploded = rows.select("tags", row=pl.int_range(pl.len())).explode("tags").drop_nulls("tags")
    counts = exploded.unique(["row", "tags"]).group_by("tags").len().sort("tags")
    names = counts.filter(pl.col("len") < rows.height)["tags"]
    return tag_matrix(rows, tuple(names))


def _signals(rows: pl.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    names = tuple(name for name in _SIGNALS if rows[name].drop_nulls().n_unique() > 1)
    columns = [rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names]
    return np.stack(columns, axis=1) if columns else np.empty((rows.height, 0)), names


def _labels(cases: Cases) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the labels of people, and whether they are experts', as a row for each comparison."""
    numbered = cases.rows.select("comparison_id", row=pl.int_range(pl.len()))
    votes = cases.votes.join(numbered, on="comparison_id", maintain_order="left").with_columns(
        column=pl.int_range(pl.len()).over("comparison_id")
    )
    width = max([1, *cases.rows["n_human"]])
    humans = np.full((cases.rows.height, width), np.nan)
    is_expert = np.zeros(humans.shape, dtype=np.bool_)
    at = votes["row"].to_numpy(), votes["column"].to_numpy()
    humans[at] = votes["label"].to_numpy()
    is_expert[at] = votes["is_expert"].to_numpy()
    return humans, is_expert


def _with_labels(comparisons: Comparisons, n: int) -> Comparisons:
    """Keep the first n labels of people alone."""
    humans = comparisons.humans.copy()
    humans[:, n:] = np.nan
    return replace(comparisons, humans=humans)
