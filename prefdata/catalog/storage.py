"""How a table lies in its files, where that differs from its contract.

Nearly every response is one assistant message, whose content `responses.text` holds anyway. In
the files its `messages` are null then, which halves the bytes to write and to read; whoever reads
through the catalog gets them back, made of `text`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COMPACT", "compact", "restore", "restored_sql"]

COMPACT = {"responses": "messages"}
"""Table to the column that is null in its files when it says no more than `text`."""
_ROLE = "assistant"

_Frame = TypeVar("_Frame", "pl.DataFrame", "pl.LazyFrame")


def compact(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Bring rows into the form of the files."""
    if table not in COMPACT:
        return frame
    import polars as pl

    messages = pl.col("messages")
    first = messages.list.first()
    is_plain = (
        (messages.list.len() == 1)
        & (first.struct.field("role") == _ROLE)
        & (first.struct.field("content") == pl.col("text"))
    )
    return frame.with_columns(messages=pl.when(is_plain).then(None).otherwise(messages))


def restore(table: str, frame: _Frame) -> _Frame:
    """Bring rows of files back into the form of the contract."""
    if table not in COMPACT:
        return frame
    import polars as pl

    messages = pl.col("messages")
    plain = pl.concat_list(pl.struct(role=pl.lit(_ROLE), content=pl.col("text")))
    return frame.with_columns(messages=pl.when(messages.is_null()).then(plain).otherwise(messages))


def restored_sql(table: str) -> str:
    """Return the SELECT list that brings rows of files back; ``*`` for most tables."""
    if table not in COMPACT:
        return "*"
    plain = f"[struct_pack(role := '{_ROLE}', content := text)]"
    return f"* REPLACE (coalesce(messages, {plain}) AS messages)"
