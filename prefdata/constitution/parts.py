"""Which prompts a constitution is chosen on, and which it is measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.tables.identity import hash_texts, unit_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__ = ["REPORT", "TRAIN", "folds_of", "openings_of", "parts_of", "parts_of_comparisons"]

TRAIN = "train"
REPORT = "report"
_NAMES = {1: (TRAIN, REPORT), 2: (TRAIN, "select", REPORT)}


def parts_of(ballots: Ballots, *, shares: Sequence[float] = (0.6,), seed: int = 0) -> pl.Series:
    """Put each label in a part by the digest of what its prompt opens with.

    Args:
        ballots: Comparisons with their ``opening``, and labels of them.
        shares: As in `parts_of_comparisons`.
        seed: Another seed is another split.

    Returns:
        ``part``: a name for each label.

    Raises:
        ValueError: As in `parts_of_comparisons`.
    """
    parts = parts_of_comparisons(ballots.comparisons, shares=shares, seed=seed)
    return parts.gather(ballots.labels["at"])


def parts_of_comparisons(
    comparisons: pl.DataFrame, *, shares: Sequence[float] = (0.6,), seed: int = 0
) -> pl.Series:
    """Put each comparison in a part by the digest of what its prompt opens with.

    Prompts with the same first words, but for case and white space, stay together, and a prompt
    stays where it is when others are added.

    Args:
        comparisons: With ``opening``, ``prompt_hash``, ``prompt_id`` and ``comparison_id``.
        shares: Of prompts, of all parts but the last: one share for ``train`` and ``report``, two
            for ``train``, ``select`` and ``report``.
        seed: Another seed is another split.

    Returns:
        ``part``: a name for each row.

    Raises:
        ValueError: If there are no shares, more than two, or they are no shares of a whole.
    """
    names = _NAMES.get(len(shares), ())
    if not names or min(shares) <= 0 or sum(shares) >= 1:
        message = f"shares of parts are one or two numbers above 0, together below 1, not {shares}"
        raise ValueError(message)
    spots = _spots(_openings(comparisons), f"parts/{seed}")
    cuts = np.cumsum(np.asarray(shares, dtype=np.float64))
    part = pl.Series("part", list(names), dtype=pl.String)
    return part.gather(np.searchsorted(cuts, spots.to_numpy(), side="right"))


def folds_of(openings: pl.Series, n_folds: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Deal openings to folds by turns, in the order of their digests.

    Args:
        openings: Strings; equal ones fall into one fold.
        n_folds: At least 2.
        seed: Another seed is another order.

    Returns:
        ``(n,)``, the fold of each from 0; with fewer openings than folds, some are empty.
    """
    distinct = openings.unique()
    order = distinct.to_frame("opening").with_columns(spot=_spots(distinct, f"folds/{seed}"))
    dealt = order.sort("spot", "opening").with_row_index("place")
    folds = dealt.select("opening", fold=pl.col("place").cast(pl.Int64) % n_folds)
    named = openings.to_frame("opening")
    found = named.join(folds, on="opening", how="left", maintain_order="left")
    return found["fold"].to_numpy()


def openings_of(ballots: Ballots) -> pl.Series:
    """Return for each label what its prompt opens with, or what it is called if that is unknown."""
    return _openings(ballots.comparisons).gather(ballots.labels["at"])


def _openings(comparisons: pl.DataFrame) -> pl.Series:
    return comparisons.select(
        opening=pl.coalesce("opening", "prompt_hash", "prompt_id", "comparison_id")
    )["opening"]


def _spots(openings: pl.Series, salt: str) -> pl.Series:
    """Place strings in [0, 1); another salt places them anew, not only turned."""
    distinct = openings.unique()
    named = pl.DataFrame({"opening": distinct}).with_columns(
        name=pl.lit(digest(salt)) + pl.col("opening")
    )
    spots = named.select("opening", hash_texts(named["name"]).alias("hash")).select(
        "opening", spot=unit_interval("hash")
    )
    placed = pl.DataFrame({"opening": openings})
    return placed.join(spots, on="opening", how="left", maintain_order="left")["spot"]
