"""Texts as the sources give them, from wherever in the tables, in one shape."""

from __future__ import annotations

import polars as pl

from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.texts.normal import is_blank

__all__ = ["FOUND", "OF_JUDGMENT", "found_rows", "parted", "remarks", "scope_of"]

FOUND: dict[str, pl.DataType] = {
    "source": pl.String(),
    "judgment_id": pl.String(),
    "conversation_id": pl.String(),
    "prompt_id": pl.String(),
    "annotator_id": pl.String(),
    "scope": pl.String(),
    "response_ids": pl.List(pl.String()),
    "index": pl.Int64(),
    "kind": pl.String(),
    "aspect": pl.String(),
    "field": pl.String(),
    "native_raw": pl.String(),
    "text": pl.String(),
    "aspects": pl.List(pl.String()),
    "generator": pl.String(),
    "remark": pl.String(),
    "is_order_known": pl.Boolean(),
    "file": pl.String(),
    "row": pl.Int64(),
}
"""Columns of texts. ``field`` and ``index`` say where in the judgment or conversation a text
stands, ``remark`` what is unusual about it."""

OF_JUDGMENT = (
    "source",
    "judgment_id",
    "prompt_id",
    "annotator_id",
    "aspect",
    "is_order_known",
    "file",
    "row",
)
"""What a text takes over from its judgment."""

_SENTINELS = ("empty string", "nan", "n/a", "none", "null")
_RAW_CHARS = 4096


def found_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Bring texts into the columns of `FOUND`; those that are absent are null."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FOUND.items()
    )


def scope_of(n_responses: pl.Expr, protocol: pl.Expr) -> pl.Expr:
    """Return what a text on all responses of a judgment is about.

    One of k that were shown stays one among many, even where the file has only two of them.
    """
    return (
        pl.when(n_responses == 1)
        .then(pl.lit("response"))
        .when((n_responses == 2) & (protocol != "best_of_k"))  # noqa: PLR2004 - the two of a pair
        .then(pl.lit("pair"))
        .otherwise(pl.lit("set"))
    )


def remarks(*told: pl.Expr) -> pl.Expr:
    """Join sentences, each null where it does not hold; null where none does."""
    joined = pl.concat_str(told, separator="; ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def parted(found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Part what the tables hold into texts, rejects, and a number of blank cells.

    A blank cell says nothing, and is no text. A sentinel says that there is no text, in a word
    that would pass for one.

    Args:
        found: Columns of `FOUND`.

    Returns:
        The texts, the rejects, and how many cells were blank.
    """
    texts = found.filter(~is_blank(pl.col("native_raw")))
    is_sentinel = texts.select(
        pl.col("native_raw").str.strip_chars().str.to_lowercase().is_in(_SENTINELS)
    ).to_series()
    return (
        texts.filter(~is_sentinel),
        _rejects(texts.filter(is_sentinel)),
        found.height - texts.height,
    )


def _rejects(rows: pl.DataFrame) -> pl.DataFrame:
    is_judgment = pl.col("judgment_id").is_not_null()
    made = rows.sort("judgment_id", "conversation_id", "field", "index").select(
        "file",
        "row",
        subject=pl.when(is_judgment).then(pl.lit("judgments")).otherwise(pl.lit("conversations")),
        id=pl.coalesce("judgment_id", "conversation_id"),
        field="field",
        rule=pl.lit("sentinel-text"),
        reason=pl.format("the text is '{}', which stands for none", "native_raw"),
        raw=pl.col("native_raw").str.slice(0, _RAW_CHARS),
    )
    return made.select(pl.col(name).cast(dtype) for name, dtype in REJECT_COLUMNS.items())
