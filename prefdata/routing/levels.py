"""How strongly a vote speaks, as a level from -2 (b, strongly) to 2 (a, strongly)."""

from __future__ import annotations

import polars as pl

__all__ = ["CLASSES", "LEVELS", "level", "vote_class"]

CLASSES = ("b", "tie", "a")
"""What a vote may say, by number."""
LEVELS = (-2, -1, 0, 1, 2)
"""The levels of `level`, by number."""

_TIE = 0.5
# Words that sources and tools use of a strong preference: MultiPref and HyPER say `clearly`, our
# own tools `much`, others the rest. `slightly`, and what is not known, is the weaker level.
_STRONG = (
    r"(?i)(?:^|[^a-z])(?:clearly|much|far|significantly|strongly|strong|considerably"
    r"|substantially|definitely|very|way|a lot)(?:[^a-z]|$)"
)


def vote_class(label: str = "label") -> pl.Expr:
    """Return the number in `CLASSES` of a label: 1 for a, 0 for b, 0.5 a tie.

    A label between is that of an annotator who said several things: the side it is nearer to.
    """
    column = pl.col(label)
    return pl.when(column > _TIE).then(2).when(column < _TIE).then(0).otherwise(1).cast(pl.Int64)


def level(label: str = "label", strength: str = "strength") -> pl.Expr:
    """Return the level of a vote, from -2 to 2; 0 is a tie.

    Args:
        label: Column of labels.
        strength: Column of what the annotator said of the strength, in the words of the source.
    """
    is_strong = pl.col(strength).str.contains(_STRONG).fill_null(value=False)
    return (vote_class(label) - 1) * pl.when(is_strong).then(2).otherwise(1)
