"""From texts to values: each distinct text is measured once, in batches."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.factors.forms import OPENING, negated_phrases, normal_form, phrases
from prefdata.constitution.factors.quantities import (
    content_words,
    other_share,
    quantity,
    shared_words,
    with_counts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.factors.catalogue import Catalogue
    from prefdata.constitution.factors.declared import Factor, When

    Values = NDArray[np.float32]

__all__ = ["measure", "measure_values", "value_lists", "value_matrix"]

BATCH = 50_000
"""Texts that are measured at once, so that memory does not grow with their number."""
BATCH_BYTES = 1 << 26
_OF_PROMPT = frozenset({"prompt_overlap", "script_match"})


def measure(texts: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Measure responses on all factors.

    Args:
        texts: Columns ``response_id``, ``text``, ``prompt`` (the last message of the user) and
            ``language`` (ISO 639-1; null where unknown).
        catalogue: The factors.

    Returns:
        Columns ``response_id`` and ``values``, a list of float32 in the order of the factors, null
        where a factor cannot be told; rows as they came.
    """
    values = measure_values(texts.select("text", "prompt", "language"), catalogue)
    return texts.select("response_id", values=value_lists(values))


def measure_values(texts: pl.DataFrame, catalogue: Catalogue) -> Values:
    """Return the values of responses as ``(n, n_factors)``, NaN where a factor cannot be told.

    Args:
        texts: Columns ``text``, ``prompt`` and ``language``.
        catalogue: The factors.
    """
    keys = texts.select("text", "prompt").with_columns(pl.col("text", "prompt").cast(pl.String))
    distinct = keys.unique(maintain_order=True)
    found = np.empty((distinct.height, len(catalogue.factors)), np.float32)
    for start, stop in _spans(distinct["text"]):
        found[start:stop] = _measured(distinct[start:stop], catalogue)
    if distinct.height != keys.height:
        at = keys.join(
            distinct.with_row_index("at"),
            on=["text", "prompt"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )["at"]
        found = found[at.to_numpy()]
    _hide_other_languages(found, texts["language"], catalogue)
    return found


def value_lists(values: Values) -> pl.Series:
    """Return values as lists of float32, NaN as null."""
    n, n_factors = values.shape
    if not n:
        return pl.Series("values", [], dtype=pl.List(pl.Float32))
    flat = pl.Series("values", np.ascontiguousarray(values).ravel()).fill_nan(None)
    return flat.reshape((n, n_factors)).arr.to_list()


def value_matrix(values: pl.Series, n_factors: int) -> Values:
    """Return lists of values as ``(n, n_factors)``, null as NaN.

    Args:
        values: Lists, each of ``n_factors``.
        n_factors: How many factors there are.
    """
    if values.is_empty():
        return np.empty((0, n_factors), np.float32)
    flat = values.explode(empty_as_null=False)
    return flat.fill_null(float("nan")).cast(pl.Float32).to_numpy().reshape(-1, n_factors)


def _spans(texts: pl.Series) -> list[tuple[int, int]]:
    """Part rows into stretches of so many texts and bytes at most."""
    sizes = texts.str.len_bytes().fill_null(0).to_numpy()
    spans: list[tuple[int, int]] = []
    for first in range(0, len(sizes), BATCH):
        part = np.cumsum(sizes[first : first + BATCH], dtype=np.int64) // BATCH_BYTES
        cuts = first + np.flatnonzero(np.diff(part, prepend=0)).astype(int)
        edges = [first, *cuts.tolist(), first + len(part)]
        spans += [(a, b) for a, b in itertools.pairwise(edges) if a < b]
    return spans


def _measured(rows: pl.DataFrame, catalogue: Catalogue) -> Values:
    """Measure distinct texts to their prompts, whatever their languages."""
    prompts = rows.select("prompt").unique(maintain_order=True).with_row_index("at")
    # Once for all that look at prompts.
    prompts = prompts.with_columns(normal=normal_form(pl.col("prompt")))
    places = rows.join(prompts, on="prompt", how="left", nulls_equal=True, maintain_order="left")[
        "at"
    ]
    texts = rows.select(pl.col("text"), normal=normal_form(pl.col("text")))
    counts = with_counts(texts, catalogue.stop_words)
    counts = counts.with_columns(
        _openings(texts, catalogue), *_of_prompts(counts, prompts, places, catalogue)
    )
    always = [factor for factor in catalogue.factors if factor.when is None]
    values = np.full((rows.height, len(catalogue.factors)), np.nan, np.float32)
    values[:, [factor.when is None for factor in catalogue.factors]] = _table(counts, always)
    for column, factor in enumerate(catalogue.factors):
        if factor.when is not None:
            applies = _applies(prompts, factor.when)[places]
            values[applies.to_numpy(), column] = _table(counts.filter(applies), [factor])[:, 0]
    return values


def _table(counts: pl.DataFrame, factors: Sequence[Factor]) -> Values:
    """Return the values of some factors, NaN where one cannot be told."""
    if not factors:
        return np.empty((counts.height, 0), np.float32)
    found = counts.select(_value(factor).cast(pl.Float32).alias(factor.name) for factor in factors)
    return found.fill_null(float("nan")).to_numpy()


def _value(factor: Factor) -> pl.Expr:
    """Return the value of a factor, from texts, their normal forms, and their counts."""
    if factor.measure in _OF_PROMPT:
        value = pl.col(factor.measure)
    elif factor.measure is not None:
        value = quantity(factor.measure)
    else:
        value = _found(factor)
    if factor.at_most is not None:
        value = value <= factor.at_most
    elif factor.kind == "flag":
        value = value > 0
    elif factor.kind == "rate":
        value = value / pl.max_horizontal(pl.col("n_words"), 1)
    value = value.cast(pl.Float64)
    # Adding nothing makes a zero of minus zero.
    value = 0.0 - value if factor.reversed else value
    return pl.when(pl.col("text").is_not_null()).then(value)


def _found(factor: Factor) -> pl.Expr:
    """Count what speaks for a factor, less what speaks against it."""
    found = _of_words(factor, factor.words)
    if factor.words_against:
        found -= _of_words(factor, factor.words_against)
    for pattern in factor.patterns:
        found += pl.col("text").str.count_matches(pattern).cast(pl.Int64)
    for pattern in factor.patterns_against:
        found -= pl.col("text").str.count_matches(pattern).cast(pl.Int64)
    return found


def _of_words(factor: Factor, words: tuple[str, ...]) -> pl.Expr:
    """Count words; those after a negator count for the other side."""
    if not words:
        return pl.lit(0, pl.Int64)
    found = _count_in(factor, phrases(words))
    if factor.negators:
        found -= 2 * _count_in(factor, negated_phrases(words, factor.negators, factor.window))
    return found


def _count_in(factor: Factor, pattern: str) -> pl.Expr:
    column = pl.col("normal" if factor.within == "all" else "opening")
    return column.str.count_matches(pattern).cast(pl.Int64).fill_null(0)


def _openings(texts: pl.DataFrame, catalogue: Catalogue) -> pl.Series:
    """Return the normal form of the first two sentences, null where no word looked for is."""
    words = [
        word
        for factor in catalogue.factors
        if factor.within == "opening"
        for word in (*factor.words, *factor.words_against)
    ]
    if not words:
        return pl.Series("opening", [None] * texts.height, dtype=pl.String)
    # Most texts hold none of the words, or are all opening, and need not be cut.
    holds = texts["normal"].str.contains(phrases(words))
    held = pl.DataFrame({"holds": holds, "text": texts["text"], "normal": texts["normal"]})
    cut = held.select(text=pl.when("holds").then("text"), whole=pl.when("holds").then("normal"))
    cut = cut.with_columns(cut=pl.col("text").str.extract(OPENING, 0))
    is_shorter = pl.col("cut").str.len_bytes() < pl.col("text").str.len_bytes()
    shorter = cut.select("whole", cut=pl.when(is_shorter).then("cut"))
    return shorter.select(opening=pl.coalesce(normal_form(pl.col("cut")), "whole")).to_series()


def _applies(prompts: pl.DataFrame, when: When) -> pl.Series:
    """Tell of each prompt whether it asks for what a factor is about."""
    found = [pl.col("prompt").str.contains(pattern) for pattern in when.patterns]
    if when.words:
        found.append(pl.col("normal").str.contains(phrases(when.words)))
    return prompts.select(pl.any_horizontal(found).fill_null(value=False)).to_series()


def _of_prompts(
    texts: pl.DataFrame, prompts: pl.DataFrame, places: pl.Series, catalogue: Catalogue
) -> list[pl.Series]:
    """Measure how texts relate to their prompts, as far as a factor wants to know."""
    wanted = {factor.measure for factor in catalogue.factors} & _OF_PROMPT
    found: list[pl.Series] = []
    if "prompt_overlap" in wanted:
        content = prompts.select(content_words(pl.col("normal"), catalogue.stop_words)).to_series()
        n_shared = shared_words(texts["normal"], places, content)
        found.append((n_shared / texts["n_distinct"]).alias("prompt_overlap"))
    if "script_match" in wanted:
        of_prompts = other_share(prompts["prompt"])[places]
        match = 1 - (other_share(texts["text"]) - of_prompts).abs()
        found.append(match.alias("script_match"))
    return found


def _hide_other_languages(values: Values, languages: pl.Series, catalogue: Catalogue) -> None:
    """Make values unknown of factors that cannot be told in the language of a text."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for column, factor in enumerate(catalogue.factors):
        if factor.languages is not None:
            groups.setdefault(factor.languages, []).append(column)
    for known, columns in groups.items():
        is_other = ~languages.cast(pl.String).is_in(list(known)).fill_null(value=False)
        values[np.ix_(is_other.to_numpy(), np.array(columns))] = np.nan
