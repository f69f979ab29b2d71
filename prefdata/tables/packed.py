"""Rows as bytes that hold these rows and no others."""

from __future__ import annotations

import io
from typing import Literal

import polars as pl

__all__ = ["packed"]


def packed(
    frame: pl.DataFrame, compression: Literal["uncompressed", "lz4", "zstd"] = "uncompressed"
) -> bytes:
    """Return rows as an Arrow stream in its older layout; `polars.read_ipc_stream` reads it.

    In the newer one strings inside of lists are shared with the frame that the rows are part of,
    and all of them would be written.
    """
    stream = io.BytesIO()
    frame.write_ipc_stream(stream, compression=compression, compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()
