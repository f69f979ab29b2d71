"""Identity and chance from content: the same row gives the same answer everywhere.

The encoding is documented so that other tools can recompute it. A tuple of strings is written
as ``<bytes>:<text>`` for each string, in order, where ``<bytes>`` is the length of the text in
UTF-8; a null is written as ``-1:``. Messages are written as role and content in turn. The
SHA-256 of the result, cut to 128 bits, is 32 lower-case hex digits.
"""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import polars as pl
import pyarrow as pa

from prefdata.core.fingerprint import ID_HEX_DIGITS

__all__ = [
    "Occurrences",
    "encode",
    "encode_messages",
    "hash_messages",
    "hash_texts",
    "hash_tuple",
    "unit_interval",
]


def encode(*columns: str | pl.Expr) -> pl.Expr:
    """Write string columns as one injective string column, as the module docstring says."""
    parts: list[pl.Expr] = []
    for column in columns:
        text = pl.col(column) if isinstance(column, str) else column
        size = text.str.len_bytes().cast(pl.Int64).fill_null(-1).cast(pl.String)
        parts.extend([size, pl.lit(":"), text.fill_null("")])
    return pl.concat_str(parts)


def encode_messages(messages: str | pl.Expr) -> pl.Expr:
    """Write a column of messages (list of role and content) as one injective string column."""
    column = pl.col(messages) if isinstance(messages, str) else messages
    element = pl.element()
    one = encode(element.struct.field("role"), element.struct.field("content"))
    return column.list.eval(one).list.join("")


def hash_texts(texts: pl.Series) -> pl.Series:
    """Return the 32 hex digits of each string's SHA-256; nulls stay null.

    The strings are hashed as they are: apply `encode` or `encode_messages` first.
    """
    array = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    if not isinstance(array, pa.LargeStringArray):
        array = array.cast(pa.large_string())
    buffers = array.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int64)[
        array.offset : array.offset + len(array) + 1
    ].tolist()
    data = memoryview(buffers[2]) if buffers[2] is not None else memoryview(b"")
    sha256 = hashlib.sha256
    # A loop over rows: OpenSSL's SHA-256 uses the CPU's instructions and runs at over 1 GB/s
    # on slices of the Arrow buffer, several times DuckDB's portable one. No string is copied.
    digests = b"".join(
        [
            sha256(data[start:stop]).digest()[: ID_HEX_DIGITS // 2]
            for start, stop in itertools.pairwise(offsets)
        ]
    )
    ends = np.arange(0, ID_HEX_DIGITS * (len(array) + 1), ID_HEX_DIGITS, dtype=np.int64)
    text = pa.LargeStringArray.from_buffers(
        len(array), pa.py_buffer(ends), pa.py_buffer(digests.hex().encode())
    )
    hashed = pl.Series(texts.name, text)
    if texts.null_count():
        return (
            pl.DataFrame({"h": hashed, "t": texts})
            .select(pl.when(pl.col("t").is_not_null()).then("h").alias(texts.name))
            .to_series()
        )
    return hashed


def hash_tuple(frame: pl.DataFrame, *columns: str | pl.Expr) -> pl.Series:
    """Return the digest of several string columns of each row, as 32 hex digits."""
    return hash_texts(frame.select(encode(*columns).alias("hash")).to_series())


def hash_messages(messages: pl.Series) -> pl.Series:
    """Return the digest of each list of messages (role, content), as 32 hex digits."""
    frame = messages.alias("messages").to_frame()
    return hash_texts(frame.select(encode_messages("messages").alias("hash")).to_series())


def unit_interval(hashes: str | pl.Expr, *, salt: str = "") -> pl.Expr:
    """Place rows in [0, 1) by a digest column of 32 hex digits; even, seeded, order-free.

    ``salt`` must be 13 hex digits when given (such as a digest of the seed); it is added modulo
    2**52, so each seed is another, equally even placement.
    """
    column = pl.col(hashes) if isinstance(hashes, str) else hashes
    # 13 hex digits are 52 bits, which a double holds exactly.
    spot = column.str.slice(0, 13).str.to_integer(base=16, dtype=pl.Int64)
    shift = int(salt[:13], 16) if salt else 0
    return ((spot + shift) % (1 << 52)).cast(pl.Float64) / float(1 << 52)


class Occurrences:
    """Numbers equal keys in the order they come, over all chunks of a source.

    Raw rows without a native id are named by content; when the same row stands in a file twice,
    the second is ``<id>~1``, so that no row is lost and no id depends on other rows.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._seen: dict[str, int] = {}

    def suffix(self, keys: pl.Series) -> pl.Series:
        """Return ``keys`` with ``~n`` after the n-th repeat of a key."""
        seen = self._seen
        if keys.n_unique() == keys.len() and not any(key in seen for key in keys):
            seen.update(dict.fromkeys(keys, 0))
            return keys
        names: list[str] = []
        # A loop over rows, taken only by chunks that hold a repeat: the count crosses chunks.
        for key in keys:
            repeat = seen.get(key, -1) + 1
            seen[key] = repeat
            names.append(f"{key}~{repeat}" if repeat else key)
        return pl.Series(keys.name, names, dtype=pl.String)
