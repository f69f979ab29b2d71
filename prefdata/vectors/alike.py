"""Find pairs whose preference is like that of a pair: their responses differ in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.errors import UnknownNameError, UserError
from prefdata.core.events import Report, once, silent
from prefdata.protocols import EmbedderParams
from prefdata.vectors.search import Hit, Searched
from prefdata.vectors.spaces import open_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.catalog import Catalog, Session
    from prefdata.vectors.index import Index

__all__ = ["alike", "differences"]

_PAIRS_AT_ONCE = 65_536
_LEAST_DIFFERENCE = 1e-3
_SAME, _REVERSED = "same", "reversed"


def differences(
    index: Index, chosen: NDArray[np.int64], rejected: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the direction from the rejected to the chosen response of each pair.

    Args:
        index: Vectors of the responses.
        chosen: ``(n,)`` rows of the index.
        rejected: ``(n,)`` rows of the index.

    Returns:
        ``(n, d)`` unit rows; zero where the vectors of both are equal but for rounding.
    """
    found: NDArray[np.float32] = index.vectors(chosen) - index.vectors(rejected)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    is_told = norms > _LEAST_DIFFERENCE
    found /= np.where(is_told, norms, 1)
    return np.where(is_told, found, np.float32(0))


def alike(
    catalog: Catalog,
    pair: str,
    *,
    where: str | None = None,
    k: int = 10,
    model: EmbedderParams | None = None,
    at: str | None = None,
    report: Report = silent,
) -> Searched:
    """Find the pairs whose responses differ most like those of a pair.

    Compared are directions: the vector of the chosen response less that of the rejected one. A
    pair that differs along the same line the other way round says the opposite, and is found too.

    Args:
        catalog: Where to search.
        pair: Id of the pair, or its first digits.
        where: An SQL condition on the view ``pair_texts`` that the pairs found meet.
        k: Number of hits.
        model: The embedder.
        at: Snapshot or tag.
        report: Where to tell progress.

    Returns:
        The hits by the size of their cosine. ``score`` is negative, and ``part`` is ``reversed``
        instead of ``same``, where the choice was the opposite; ``text`` is the chosen response.

    Raises:
        UnknownNameError: If there is no such pair, or several.
        UserError: If its responses do not differ, or no pair meets the condition.
        QueryError: If the condition is no SQL.
    """
    report = once(report)
    snapshot = catalog.snapshot(at)
    with catalog.session(f"#{snapshot.number}", is_locked=True) as session:
        asked = _named(session, pair)
        others = _pairs(session, where).filter(pl.col("pair_id") != asked["pair_id"].item())
        if others.is_empty():
            raise UserError("There are no other pairs.", where=where, fix="Widen the condition.")
        model = model or EmbedderParams()
        space = open_space(catalog, snapshot, "responses", None, model, report)
        places = pl.DataFrame({"hash": space.index.hashes}).with_row_index("place")
        query = _directions(space.index, _placed(asked, places))
        if not query.any():
            raise UserError(
                "The responses of this pair do not differ for the embedder.",
                where=asked["pair_id"].item(),
                fix="Choose another pair, or another model.",
            )
        known = _placed(others, places)
        scores = _directions(space.index, known) @ query[0]
        best = (
            known.with_columns(score=pl.Series(scores, dtype=pl.Float32).cast(pl.Float64))
            .filter(pl.col("score") != 0)
            .sort(pl.col("score").abs(), "pair_id", descending=[True, False])
            .head(k)
        )
        texts = _texts(session, best["pair_id"])
    hits = tuple(
        _hit(row["pair_id"], row["source"], row["score"], texts[row["pair_id"]])
        for row in best.iter_rows(named=True)
    )
    return Searched(hits, known.height, space.model, (space,))


_COLUMNS = "DISTINCT pair_id, source, chosen_hash AS chosen, rejected_hash AS rejected"


def _named(session: Session, pair: str) -> pl.DataFrame:
    """Return the pair of that name or beginning."""
    query = f"SELECT {_COLUMNS} FROM pair_texts WHERE starts_with(pair_id, $pair) LIMIT 2"  # noqa: S608
    found: pl.DataFrame = session.connection.sql(query, params={"pair": pair}).pl()
    if found.height != 1 or not pair:
        raise UnknownNameError("single pair", pair, known=found["pair_id"].to_list())
    return found


def _pairs(session: Session, where: str | None) -> pl.DataFrame:
    query = f"SELECT {_COLUMNS} FROM pair_texts"  # noqa: S608
    found: pl.DataFrame = session.sql(f"{query} WHERE ({where})" if where else query).pl()
    return found


def _texts(session: Session, pairs: pl.Series) -> dict[str, str]:
    query = (
        "SELECT DISTINCT pair_id, chosen_text FROM pair_texts "
        "WHERE pair_id IN (SELECT unnest($pairs))"
    )
    return dict(session.connection.execute(query, {"pairs": pairs.to_list()}).fetchall())


def _placed(pairs: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Add the rows of the index; pairs of which a response has no vector are left out."""
    for part in ("chosen", "rejected"):
        named = places.rename({"hash": part, "place": f"{part}_place"})
        pairs = pairs.join(named, on=part, how="inner", maintain_order="left")
    return pairs


def _directions(index: Index, placed: pl.DataFrame) -> NDArray[np.float32]:
    """Return the directions of pairs, in stretches, so that the vectors are not there thrice."""
    found = np.empty((placed.height, index.dimension), np.float32)
    for start in range(0, placed.height, _PAIRS_AT_ONCE):
        part = placed.slice(start, _PAIRS_AT_ONCE)
        found[start : start + part.height] = differences(
            index,
            part["chosen_place"].to_numpy().astype(np.int64),
            part["rejected_place"].to_numpy().astype(np.int64),
        )
    return found


def _hit(pair: str, source: str, score: float, text: str) -> Hit:
    part = _SAME if score > 0 else _REVERSED
    return Hit(score, pair, source, text, part, 1, (pair,), 1, (pair,))
