"""Vectors from the data files into one matrix, in the order that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.core.errors import DataError, InternalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_matrix"]


def read_matrix(files: Sequence[Path], hashes: pl.Series) -> NDArray[np.float32]:
    """Return the vectors of texts.

    One row group is in memory at a time, beside the matrix.

    Args:
        files: Data files of one partition of ``embeddings``.
        hashes: ``content_hash`` of the texts, each once; all have a vector.

    Returns:
        ``(len(hashes), d)``, row by row as ``hashes``.

    Raises:
        DataError: If vectors differ in length.
        InternalError: If a text has no vector.
    """
    wanted = pl.DataFrame({"content_hash": hashes}).with_row_index()
    matrix: NDArray[np.float32] | None = None
    is_filled = np.zeros(hashes.len(), bool)
    for path in files if hashes.len() else ():
        source = pq.ParquetFile(path)
        for group in range(source.num_row_groups):
            table = source.read_row_group(group, columns=["content_hash", "vector"])
            vectors = _vectors(table["vector"].combine_chunks(), path)
            if matrix is None:
                matrix = np.empty((hashes.len(), vectors.shape[1]), np.float32)
            if vectors.shape[1] != matrix.shape[1]:
                raise DataError(
                    f"Vectors of one embedder have {matrix.shape[1]} and {vectors.shape[1]} "
                    "values.",
                    where=str(path),
                    fix="Look for damage: prefdata verify --deep",
                )
            rows = pl.DataFrame({"content_hash": pl.from_arrow(table["content_hash"])})
            found = rows.with_row_index("here").join(wanted, on="content_hash")
            matrix[found["index"].to_numpy()] = vectors[found["here"].to_numpy()]
            is_filled[found["index"].to_numpy()] = True
    if not is_filled.all():
        raise InternalError(
            f"{int((~is_filled).sum())} texts have no vector.", fix="Please report this."
        )
    return np.empty((0, 0), np.float32) if matrix is None else matrix


def _vectors(column: pa.ListArray, path: Path) -> NDArray[np.float32]:
    """Return a column of lists of one length as a matrix."""
    lengths = np.diff(column.offsets.to_numpy())
    if len(lengths) and (lengths != lengths[0]).any():
        raise DataError(
            "Vectors of one embedder differ in length.",
            where=str(path),
            fix="Look for damage: prefdata verify --deep",
        )
    values: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(column), int(lengths[0]) if len(lengths) else 0)
