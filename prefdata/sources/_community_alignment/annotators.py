"""The annotators of Community Alignment: one row each, gathered over all rows of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.sources._community_alignment.shape import ANNOTATOR_CELLS, SOURCE
from prefdata.sources._community_alignment.tables import flag_rows
from prefdata.tables.leftover import json_object

if TYPE_CHECKING:
    from prefdata.protocols import RawFile

__all__ = ["Annotators"]

_CELLS = list(ANNOTATOR_CELLS)
_DECLINED = "prefer not to say"


class Annotators:
    """What the rows said of their annotators so far.

    Each row repeats the cells of its annotator. The first row of an annotator counts; a later
    row that says otherwise is remembered as a conflict.
    """

    def __init__(self) -> None:
        """Start with nobody."""
        text = pl.String()
        self._first = pl.DataFrame(
            schema={"annotator_id": text, **dict.fromkeys(_CELLS, text), "row": pl.Int64()}
            | {"file": text, "revision": text}
        )
        self._languages = pl.DataFrame(schema={"annotator_id": text, "assigned_lang": text})
        self._conflicts = pl.DataFrame(schema={"annotator_id": text, "cell": text})

    def meet(self, rows: pl.DataFrame, raw: RawFile) -> pl.Series:
        """Take in kept rows; return per row its own cells as JSON where they are in conflict."""
        arrived = rows.select(
            "annotator_id",
            *_CELLS,
            "row",
            file=pl.lit(raw.name),
            revision=pl.lit(raw.revision, pl.String),
        )
        new = arrived.join(self._first, on="annotator_id", how="anti", maintain_order="left")
        self._first = pl.concat(
            [self._first, new.unique("annotator_id", keep="first", maintain_order=True)]
        )
        spoken = rows.select("annotator_id", "assigned_lang").filter(pl.col("assigned_lang") != "")
        self._languages = pl.concat([self._languages, spoken.unique()]).unique()
        return self._contradictions(arrived)

    def _contradictions(self, arrived: pl.DataFrame) -> pl.Series:
        both = arrived.join(
            self._first.select("annotator_id", *_CELLS),
            on="annotator_id",
            how="left",
            suffix="_first",
            maintain_order="left",
        )
        is_other = {name: pl.col(name).ne_missing(pl.col(f"{name}_first")) for name in _CELLS}
        odd = both.select(pl.any_horizontal(is_other.values()).alias("is_odd")).to_series()
        if not odd.any():
            return pl.repeat(None, arrived.height, dtype=pl.String, eager=True)
        cells = [
            both.filter(test).select("annotator_id", cell=pl.lit(name))
            for name, test in is_other.items()
        ]
        self._conflicts = pl.concat([self._conflicts, *cells])
        own = pl.struct(_CELLS).struct.json_encode()
        return both.select(pl.when(odd).then(own)).to_series()

    def tables(self) -> dict[str, pl.DataFrame]:
        """Make the rows of `annotators`, and flags for those whose rows contradict each other."""
        languages = self._languages.group_by("annotator_id").agg(
            languages=pl.col("assigned_lang").sort()
        )
        people = self._first.join(languages, on="annotator_id", how="left", maintain_order="left")
        frame = people.select(
            annotator_id=pl.lit(f"{SOURCE}:") + pl.col("annotator_id"),
            source=pl.lit(SOURCE),
            kind=pl.lit("human"),
            languages="languages",
            missing=_missing(),
            raw=_unplaced(people),
            revision="revision",
            file="file",
            row="row",
            **{
                column: pl.when(_is_told(cell)).then(cell)
                for cell, column in ANNOTATOR_CELLS.items()
            },
        )
        return {"annotators": conform(frame, table_schema("annotators")), "flags": self._flags()}

    def _flags(self) -> pl.DataFrame:
        found = (
            self._conflicts.group_by("annotator_id")
            .agg(value=pl.len().cast(pl.Float64), cells=pl.col("cell").unique().sort())
            .sort("annotator_id")
        )
        return flag_rows(
            found.select(
                "value",
                id=pl.lit(f"{SOURCE}:") + pl.col("annotator_id"),
                subject=pl.lit("annotators"),
                flag=pl.lit("inconsistent-annotator"),
                reason=pl.format(
                    "Later rows of this annotator say otherwise about {}; the first row counts.",
                    pl.col("cells").list.join(", "),
                ),
            )
        )


def _is_declined(cell: str) -> pl.Expr:
    return pl.col(cell).str.to_lowercase() == _DECLINED


def _is_told(cell: str) -> pl.Expr:
    return ~_is_declined(cell) & (pl.col(cell) != "")


def _missing() -> pl.Expr:
    declined = [
        pl.when(_is_declined(cell)).then(pl.struct(field=pl.lit(column), reason=pl.lit("declined")))
        for cell, column in ANNOTATOR_CELLS.items()
    ]
    listed = pl.concat_list(declined).list.drop_nulls()
    return pl.when(listed.list.len() > 0).then(listed)


def _unplaced(people: pl.DataFrame) -> pl.Series:
    """Keep the words behind a null: how the refusal was spelled, or that the cell was empty."""
    cells = people.select(pl.when(~_is_told(cell)).then(cell).alias(cell) for cell in _CELLS)
    return json_object(cells, sparse=_CELLS, file=SOURCE)
