"""What the user is told of factors: what could not be told, and what tells nothing apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.constitution.factors.catalogue import Catalogue

__all__ = ["factor_notes"]

_SHOWN = 6


def factor_notes(
    compared: pl.DataFrame,
    responses: pl.DataFrame,
    votes: NDArray[np.int8],
    catalogue: Catalogue,
) -> tuple[str, ...]:
    """Tell of the factors of a source.

    Args:
        compared: Comparisons with the rows ``a`` and ``b`` of their responses.
        responses: Columns ``text`` and ``language``.
        votes: ``(n_comparisons, n_factors)``.
        catalogue: The factors.
    """
    if compared.is_empty():
        return ("there are no comparisons, so no factor votes",)
    return tuple(_notes(compared, responses, votes, catalogue))


def _notes(
    compared: pl.DataFrame,
    responses: pl.DataFrame,
    votes: NDArray[np.int8],
    catalogue: Catalogue,
) -> Iterator[str]:
    n_prompts = compared["prompt_id"].n_unique()
    yield (
        f"{compared.height:,} comparisons of {n_prompts:,} prompts; "
        f"{len(catalogue.factors)} factors of {catalogue.label}"
    )
    yield from _language_notes(compared, responses, catalogue)
    n_empty = int((responses["text"].str.strip_chars() == "").sum())
    if n_empty:
        yield f"{n_empty:,} responses are empty: they have nothing of anything, and no averages"
    never = [
        factor.name
        for factor, is_decisive in zip(
            catalogue.factors, (np.abs(votes) == 1).any(axis=0), strict=True
        )
        if not is_decisive
    ]
    if never:
        yield f"never decisive here: {_listed(never)}"


def _language_notes(
    compared: pl.DataFrame, responses: pl.DataFrame, catalogue: Catalogue
) -> Iterator[str]:
    """Tell how many comparisons are in languages whose words no factor knows."""
    needy = [factor for factor in catalogue.factors if factor.languages is not None]
    known = {language for factor in needy for language in factor.languages or ()}
    found = pl.DataFrame(
        {side: responses["language"][compared[side]].alias(side) for side in ("a", "b")}
    )
    others = found.select(
        other=pl.when(~pl.col("a").is_in(known).fill_null(value=False))
        .then(pl.col("a").fill_null("unknown"))
        .when(~pl.col("b").is_in(known).fill_null(value=False))
        .then(pl.col("b").fill_null("unknown"))
    )["other"].drop_nulls()
    if not needy or others.is_empty():
        return
    counts = others.alias("other").value_counts().sort(["count", "other"], descending=[True, False])
    listed = _listed([f"{name} {n:,}" for name, n in counts.iter_rows()])
    yield (
        f"{others.len():,} comparisons are in languages without words of ours ({listed}): "
        f"{len(needy)} factors abstain on them"
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
