"""Features and tags that came with the data, in the files of HyPER's authors.

They lie in ``prompts.raw``: at the top of the object (source `hyper`), under ``hyper``, or where
the source `multipref` keeps its published features. A prompt of such a file
has two responses, so the numbers of its texts belong to its one comparison.
"""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl

from prefdata.routing.features.names import (
    CLOSED_SETS,
    DIMENSIONS,
    OPEN_SETS,
    RANKED,
    SCALES,
    TEXT_FEATURES,
)

__all__ = ["IMPORTED", "canonical_value", "imported_features"]

IMPORTED: dict[str, pl.DataType] = {
    "prompt_id": pl.String(),
    **dict.fromkeys(TEXT_FEATURES, pl.Float64()),
    **dict.fromkeys(DIMENSIONS, pl.List(pl.String())),
    "has_texts": pl.Boolean(),
    "has_tags": pl.Boolean(),
    "n_odd": pl.Int64(),
}
"""Columns of imported features; ``n_odd`` counts values that no feature can have."""

_MARKS = ('"rouge"', '"safety_concern"')
# Some names, such as `languages`, mean other things in the files of others.
_FEWEST = 5
_WITHIN = {
    "cosine_sim": (-1.000001, 1.000001),
    "entity_sim": (0, 1),
    "rouge": (0, 1),
    **dict.fromkeys(RANKED, (0, math.inf)),
}
_TOGETHER = "journalism, media studies and communication"
_APART = ("Journalism", "Media studies and communication")


def imported_features(prompts: pl.DataFrame) -> pl.DataFrame:
    """Return what came with prompts.

    Args:
        prompts: Columns ``prompt_id`` and ``raw``.

    Returns:
        Columns of `IMPORTED`: a row for each prompt with at least five of HyPER's names. Numbers
        that a feature cannot have are null.
    """
    marked = pl.any_horizontal(
        pl.col("raw").str.contains(mark, literal=True).fill_null(value=False) for mark in _MARKS
    )
    # A loop over rows: a value may be a string in one and a list in the next.
    rows = [
        {"prompt_id": prompt_id, **found}
        for prompt_id, raw in prompts.filter(marked).select("prompt_id", "raw").iter_rows()
        if (found := _features(json.loads(raw)))
    ]
    return pl.DataFrame(rows, schema=IMPORTED, orient="row")


def canonical_value(dimension: str, value: str) -> tuple[str, ...]:
    """Return a value of a dimension in our spelling; an unknown one is returned as it is.

    HyPER's tagger offered journalism and media studies as one option, which becomes both.

    Args:
        dimension: One of `prefdata.routing.features.names.DIMENSIONS`.
        value: What was said.
    """
    folded = " ".join(value.split()).casefold()
    if dimension == "subject_of_expertise" and folded == _TOGETHER:
        return _APART
    options = CLOSED_SETS.get(dimension) or SCALES.get(dimension) or ()
    known = {option.casefold(): option for option in options}
    return (known.get(folded, value.strip()),)


def _features(raw: Any) -> dict[str, Any] | None:
    """Return the columns that a row's object has; none if it is of another kind."""
    if not isinstance(raw, dict):
        return None
    said = _said(raw)
    if sum(name in said for name in (*TEXT_FEATURES, *DIMENSIONS)) < _FEWEST:
        return None
    numbers = {name: _number(name, said.get(name)) for name in TEXT_FEATURES}
    values = {name: _values(name, said.get(name)) for name in DIMENSIONS}
    n_odd = sum(numbers[name] is None and said.get(name) is not None for name in TEXT_FEATURES)
    n_odd += sum(_n_odd(name, values[name]) for name in SCALES)
    return {
        **numbers,
        **values,
        "has_texts": any(name in said for name in TEXT_FEATURES),
        "has_tags": any(name in said for name in DIMENSIONS),
        "n_odd": n_odd,
    }


def _said(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the object that holds the features, if any does."""
    beside = raw.get("features")
    places = (raw.get("hyper"), beside.get("values") if isinstance(beside, dict) else None)
    return next((place for place in places if isinstance(place, dict)), raw)


def _number(name: str, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    low, high = _WITHIN.get(name, (-math.inf, math.inf))
    return float(value) if low <= value <= high else None


def _values(dimension: str, value: Any) -> list[str] | None:
    """Return the values of a dimension as a list; null where it is unknown."""
    if isinstance(value, str):
        value = [value] if dimension not in CLOSED_SETS else _parted(dimension, value)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    if dimension in OPEN_SETS:
        return [one.strip() for one in value if one.strip()]
    named = [said for one in value for said in canonical_value(dimension, one) if said]
    return list(dict.fromkeys(named))


def _parted(dimension: str, value: str) -> list[str]:
    """Part a string that may hold several values, unless it is one as a whole."""
    known = CLOSED_SETS[dimension]
    whole = canonical_value(dimension, value)
    return [value] if all(one in known for one in whole) else value.replace(";", ",").split(",")


def _n_odd(dimension: str, values: list[str] | None) -> int:
    return 0 if values is None else sum(one not in SCALES[dimension] for one in values)
