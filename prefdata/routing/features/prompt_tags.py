"""The tags of HyPER that follow from the eight dimensions of a prompt."""

from __future__ import annotations

import polars as pl

from prefdata.routing.features.names import CLOSED_SETS, OPEN_SETS, SCALES, Tag, tag_name

__all__ = ["prompt_tags"]


def prompt_tags(features: pl.DataFrame) -> pl.Series:
    """Return the tags that hold of each prompt.

    A value counts as a whole: HyPER looks for its name within a string where it was given one, so
    that `Physics` would hold of `Astrophysics`. Values that are no options have no tag, and what
    is unknown has none.

    Args:
        features: Columns `prefdata.routing.features.names.DIMENSIONS`, lists or null.

    Returns:
        Lists of tags in the order of the rows, never null.
    """
    parts = []
    for name, values in {**CLOSED_SETS, **SCALES}.items():
        tags = {value: tag_name(Tag(name, value)) for value in values}
        named = pl.element().replace_strict(tags, default=None, return_dtype=pl.String)
        parts.append(pl.col(name).fill_null([]).list.eval(named).list.drop_nulls())
    for name in OPEN_SETS:
        tag = pl.lit([tag_name(Tag(name))], pl.List(pl.String))
        none = pl.lit([], pl.List(pl.String))
        parts.append(pl.when(pl.col(name).list.len() > 0).then(tag).otherwise(none))
    return features.select(pl.concat_list(parts).list.unique(maintain_order=True).alias("tags"))[
        "tags"
    ]
