"""Constitutions of the catalog as documents, one for each group."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from prefdata.constitution.document.model import Document, DocumentPrinciple, Reconstruction

__all__ = ["documents"]

_GROUP = ("source", "group_by", "group_value")
_PREDICTORS = ("constitution", "one-principle", "length", "top-k", "all-principles")
_DIGITS = 6
"""Of figures in files: more than they are good for, and few enough to read."""


def documents(
    constitutions: pl.DataFrame,
    principles: pl.DataFrame,
    reconstructions: pl.DataFrame,
    *,
    snapshot: str | None = None,
) -> list[Document]:
    """Return the constitution of each group, those of all labels first, whatever the order of rows.

    Args:
        constitutions: Columns of ``constitutions``, of one step.
        principles: Columns of ``principles``, of the steps that the constitutions are chosen from;
            several may have the same principle.
        reconstructions: Columns of ``reconstructions``, of the same step as the constitutions.
        snapshot: Name of the snapshot that they are from, if it is to be told.

    Returns:
        One for each group with a row in ``reconstructions`` or ``constitutions``; a group of which
        nothing holds has no principles.
    """
    worded = (
        principles.select("source", "principle_id", "opposite", "name", "origin", said="sentence")
        .unique()
        .sort("source", "principle_id", "origin", "name", "said", "opposite", nulls_last=True)
        .unique(["source", "principle_id"], keep="first", maintain_order=True)
    )
    chosen = constitutions.join(worded, on=["source", "principle_id"], how="left")
    groups = (
        pl.concat([frame.select(_GROUP) for frame in (constitutions, reconstructions)])
        .unique()
        .sort("source", pl.col("group_by") != "all", "group_by", "group_value")
    )
    by_rank = {
        key: part.sort("rank") for key, part in chosen.partition_by(*_GROUP, as_dict=True).items()
    }
    measured = reconstructions.partition_by(*_GROUP, as_dict=True)
    # A loop over groups, of which there are some dozens.
    return [
        _document(key, by_rank.get(key), measured.get(key), snapshot) for key in groups.iter_rows()
    ]


def _document(
    key: tuple[Any, ...],
    chosen: pl.DataFrame | None,
    measured: pl.DataFrame | None,
    snapshot: str | None,
) -> Document:
    rows = [] if measured is None else measured.sort("predictor").to_dicts()
    rows.sort(key=lambda row: _place(row["predictor"]))
    verdict, why = next(
        ((row["verdict"], row["why"]) for row in rows if row["verdict"] is not None), (None, None)
    )
    source, group_by, group_value = key
    return Document(
        source=source,
        group_by=group_by,
        group_value=group_value,
        snapshot=snapshot or None,
        verdict=verdict if chosen is not None or verdict else "nothing-holds",
        why=why,
        reconstruction=tuple(_reconstruction(row) for row in rows),
        principles=tuple(
            _principle(row) for row in (() if chosen is None else chosen.iter_rows(named=True))
        ),
    )


def _place(predictor: str) -> int:
    return _PREDICTORS.index(predictor) if predictor in _PREDICTORS else len(_PREDICTORS)


def _reconstruction(row: dict[str, Any]) -> Reconstruction:
    return Reconstruction(**{name: _rounded(row[name]) for name in Reconstruction.model_fields})


def _principle(row: dict[str, Any]) -> DocumentPrinciple:
    """Make a principle as it holds; ``said`` and ``opposite`` are how the table words its ends."""
    is_opposite = row["is_opposite"]
    same = ("rank", "principle_id", "is_opposite", "sentence", "name", "accuracy", "n_labels")
    return DocumentPrinciple(
        **{name: _rounded(row[name]) for name in (*same, "weight", "strength", "frequency")},
        opposite=row["said"] if is_opposite else row["opposite"],
        origin=row["origin"] or "given",
        low=_rounded(row["strength_low"]),
        high=_rounded(row["strength_high"]),
    )


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, _DIGITS) if math.isfinite(value) else None
