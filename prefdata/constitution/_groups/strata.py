"""What was asked, in a few strata, so that groups can be compared on the same mix of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution._groups.sums import codes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__ = ["strata_of"]

_TOLD = ("subset", "topic", "language")
_PARTS = 3


def strata_of(ballots: Ballots, by: str) -> NDArray[np.int64]:
    """Number the stratum of each label.

    A stratum is a subset, topic and language of prompts, as far as the source or a step tells
    these, without the one that makes the groups. Where nothing is told of prompts, strata are
    thirds of how much the lengths of both responses differ: groups may not have been asked alike,
    but then they are compared where they were offered alike.

    Args:
        ballots: Comparisons and their labels.
        by: The column that makes the groups.
    """
    rows = ballots.comparisons
    told = [name for name in _TOLD if name != by and rows[name].n_unique() > 1]
    if told:
        joined = rows.select(name=pl.struct(told).rank("dense"))["name"]
    else:
        gap = rows["length"].abs().fill_null(0.0)
        joined = (gap.rank("average") / max(1, rows.height) * _PARTS).ceil()
    return codes(joined.gather(ballots.labels["at"]))
