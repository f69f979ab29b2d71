"""The items of all evaluation sets, as one numbered list of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.errors import UnknownNameError, UserError
from prefdata.texts.evaluation import read_items
from prefdata.texts.ngrams import Grams, words
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.protocols import Context
    from prefdata.stages._decontaminate.params import Decontaminate, Evaluation

__all__ = ["Items", "load_items"]

_FIELD = "messages"


@dataclass(frozen=True, slots=True)
class Items:
    """The texts that rows are compared with; a text is known by its position in ``table``."""

    table: pl.DataFrame
    """Columns ``evaluation``, ``item``, ``field`` and ``text``, sorted; no row twice."""
    words: Grams
    notes: tuple[str, ...]

    @property
    def item_numbers(self) -> NDArray[np.int64]:
        """Number of the item that each text belongs to; an item may have several texts."""
        key = pl.struct("evaluation", "item").rank("dense").cast(pl.Int64) - 1
        return self.table.select(key).to_series().to_numpy()

    @property
    def evaluation_numbers(self) -> NDArray[np.int64]:
        """Number of the evaluation set that each text belongs to."""
        key = pl.col("evaluation").rank("dense").cast(pl.Int64) - 1
        return self.table.select(key).to_series().to_numpy()


def load_items(
    tables: Mapping[str, pl.LazyFrame], params: Decontaminate, context: Context
) -> Items:
    """Read the items of all evaluation sets.

    Raises:
        UserError: If a file or one of its columns is not there.
        UnknownNameError: If a source is not among those of the recipe.
        DataError: If a file cannot be read or is empty.
    """
    parts = []
    for evaluation in params.evaluations:
        found = (
            _of_source(tables, params, evaluation.source, context)
            if evaluation.source is not None
            else _of_files(evaluation, context)
        )
        parts.append(found.select(pl.lit(evaluation.name).alias("evaluation"), pl.all()))
    every = pl.concat(parts)
    kept = every.filter(~is_blank("text")).unique().sort("evaluation", "item", "field", "text")
    hashed = words(kept["text"])
    is_long = hashed.counts >= params.min_words
    long = kept.filter(pl.Series(is_long))
    notes = _notes(every, kept, long, params)
    return Items(
        long, Grams(hashed.hashes[np.repeat(is_long, hashed.counts)], _ends(hashed, is_long)), notes
    )


def _ends(hashed: Grams, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(hashed.counts[kept])]).astype(np.int64)


def _of_files(evaluation: Evaluation, context: Context) -> pl.DataFrame:
    """Read the files; where two have one name, their items are named by the whole address."""
    parts = []
    names = [name.rsplit("/", maxsplit=1)[-1] for name in evaluation.files]
    for name, short in zip(evaluation.files, names, strict=True):
        path = context.files.get(name)
        if path is None:
            raise UserError(
                "There is no such evaluation file.",
                where=name,
                fix="Correct `files` in the recipe.",
            )
        found = read_items(path, name=name, columns=evaluation.columns, id_column=evaluation.id)
        if names.count(short) > 1 and evaluation.id is None:
            folder = name.removesuffix(short)
            found = found.with_columns(item=pl.lit(folder) + pl.col("item"))
        parts.append(found)
    return pl.concat(parts)


def _of_source(
    tables: Mapping[str, pl.LazyFrame], params: Decontaminate, source: str, context: Context
) -> pl.DataFrame:
    """Take the prompts of a source as items."""
    if source not in context.sources:
        raise UnknownNameError(
            "source in the recipe", source, known=context.sources, where="parameter evaluations"
        )
    rows = tables["prompts"].filter(pl.col("source") == source)
    return (
        texts_of(rows, "prompts", params.prompt_view)
        .select(item="id", field=pl.lit(_FIELD), text="text")
        .collect()
    )


def _notes(
    every: pl.DataFrame, kept: pl.DataFrame, long: pl.DataFrame, params: Decontaminate
) -> tuple[str, ...]:
    """Count the items of each set, and those of which no text can be compared."""
    notes = []
    for evaluation in params.evaluations:
        is_of = pl.col("evaluation") == evaluation.name
        n_all, n_kept, n_long = (
            frame.filter(is_of)["item"].n_unique() for frame in (every, kept, long)
        )
        left_out = [
            f"{n:,} {why}"
            for n, why in (
                (n_all - n_kept, "blank"),
                (n_kept - n_long, f"of fewer than {params.min_words} words"),
            )
            if n
        ]
        tail = f"; left out: {', '.join(left_out)}" if left_out else ""
        notes.append(f"{evaluation.name}: {n_long:,} items to compare with{tail}")
    return tuple(notes)
