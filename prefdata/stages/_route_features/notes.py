"""What the user is told of features and tags: who set them, and which tell nothing apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.routing.features.matrix import tag_matrix
from prefdata.routing.features.names import TEXT_FEATURES, parse_tag, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = ["feature_notes"]

_SHOWN = 5


def feature_notes(rows: pl.DataFrame, n_odd: int) -> tuple[str, ...]:
    """Tell of the features of a source.

    Args:
        rows: Rows of ``comparison_features``.
        n_odd: Imported values that no feature can have.
    """
    return tuple(_notes(rows, n_odd)) if rows.height else ()


def _notes(rows: pl.DataFrame, n_odd: int) -> Iterator[str]:
    taggers = rows["tagger"].value_counts().sort("tagger")
    told = ", ".join(f"{tagger} {n:,}" for tagger, n in taggers.iter_rows())
    yield f"{rows.height:,} comparisons; tags of prompts by: {told}"
    if "rules" in taggers["tagger"]:
        yield (
            "rules know words, not meanings: their tags are weak, and missing where they find "
            "nothing; give `tagger` a chat model for better ones"
        )
    unknown = [name for name in TEXT_FEATURES if rows[name].null_count() == rows.height]
    if unknown:
        why = " (they need a vector for each token)" if "bertscore" in unknown else ""
        yield f"unknown of all comparisons{why}: {', '.join(unknown)}"
    if n_odd:
        yield f"{n_odd:,} imported values are none that HyPER knows; they give no tag"
    yield from _constant_notes(rows, unknown)


def _constant_notes(rows: pl.DataFrame, unknown: list[str]) -> Iterator[str]:
    held, names = tag_matrix(rows)
    counts = dict(zip(names, held.sum(axis=0).tolist(), strict=True))
    never = [
        name for name, n in counts.items() if n == 0 and parse_tag(name).feature not in unknown
    ]
    always = [name for name, n in counts.items() if n == rows.height]
    for group, when in ((never, "never"), (always, "always")):
        if group:
            shown = "; ".join(readable(name) for name in group[:_SHOWN])
            more = f"; and {len(group) - _SHOWN} more" if len(group) > _SHOWN else ""
            yield f"{len(group)} of {len(names)} tags hold {when}: {shown}{more}"
