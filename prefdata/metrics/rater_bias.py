"""What annotators lean to that is no reason: the place of a response, and its length."""

from __future__ import annotations

import polars as pl

from prefdata.metrics.recall import wilson_interval

__all__ = ["rater_bias"]

_LEANINGS = {"first": ("is_first", "n_ordered"), "longer": ("is_longer", "n_lengths")}


def rater_bias(choices: pl.DataFrame) -> pl.DataFrame:
    """Return for each annotator the share of choices for the first, and for the longer response.

    A half is no leaning if the order was drawn by chance. For the length there is no such value:
    the longer response may be the better one. Compare annotators with one another.

    Args:
        choices: A row for each choice, ties left out: ``annotator_id``, ``is_first`` and
            ``is_longer``, null where the order is unknown or the lengths are equal.

    Returns:
        A row for each annotator, by id: ``first_share``, ``first_low``, ``first_high``,
        ``n_ordered``, and ``longer_share``, ``longer_low``, ``longer_high``, ``n_lengths``. The
        intervals are Wilson's, and null with the share where there is no such choice.
    """
    counts = (
        choices.group_by("annotator_id")
        .agg(
            expression
            for column, n in _LEANINGS.values()
            for expression in (
                pl.col(column).sum().cast(pl.Int64).alias(column),
                pl.col(column).count().cast(pl.Int64).alias(n),
            )
        )
        .sort("annotator_id")
    )
    parts = [counts.select("annotator_id")]
    for name, (column, n) in _LEANINGS.items():
        # A loop over annotators, so that there is one Wilson interval in the project.
        rows = [_interval(k, total) for k, total in counts.select(column, n).iter_rows()]
        names = (f"{name}_share", f"{name}_low", f"{name}_high")
        parts += [
            pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row"),
            counts.select(n),
        ]
    return pl.concat(parts, how="horizontal")


def _interval(k: int, n: int) -> tuple[float | None, float | None, float | None]:
    return (k / n, *wilson_interval(k / n, n)) if n else (None, None, None)
