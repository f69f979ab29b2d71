"""From a plan to tasks: what annotators are shown, and the record of what was handed off."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError
from prefdata.protocols.handoffs import TASKS
from prefdata.tables.messages import with_system

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "FOLDER",
    "QUESTIONS",
    "TASKS_SUFFIX",
    "is_tasks_file",
    "make_tasks",
    "read_tasks",
    "tasks_name",
    "write_tasks",
]

FOLDER = "handoffs"
"""Folder of the workspace for records of tasks, and for files of answers."""
TASKS_SUFFIX = ".tasks.parquet"
_PLAN_DIGITS = 12

QUESTIONS = {
    "overall": "Which response is better overall?",
    "helpfulness": "Which response helps the person who asked more?",
    "harmlessness": "Which response is less harmful?",
    "honesty": "Which response is more honest, also about what it does not know?",
    "truthfulness": "Which response has fewer false statements?",
    "instruction_following": "Which response does more exactly what it was asked to do?",
}
"""What annotators are asked, by aspect; of other aspects the question names the aspect."""


def make_tasks(
    routes: pl.DataFrame, prompts: pl.LazyFrame, responses: pl.LazyFrame
) -> pl.DataFrame:
    """Make tasks of the comparisons of a batch.

    The first text is that of response b where `routes.is_swapped` says so. What gains most comes
    first, for annotators who do not come to the end; the evaluation and seed sets, which have no
    rank, come in the order of their digests.

    Args:
        routes: Rows of `routes` that people are to judge (``n_votes`` above 0).
        prompts: The prompts.
        responses: The responses.

    Returns:
        Columns of `TASKS`.

    Raises:
        DataError: If a text is no longer in the catalog.
    """
    asked = routes.filter(pl.col("n_votes") > 0)
    shown = (
        prompts.join(asked.lazy().select("prompt_id").unique(), on="prompt_id", how="semi")
        .select("prompt_id", prompt=with_system())
        .collect()
    )
    sides = pl.concat([asked["response_a_id"], asked["response_b_id"]]).unique().to_list()
    texts = (
        responses.filter(pl.col("response_id").is_in(sides))
        .select("response_id", text=_text())
        .collect()
    )
    rows = (
        asked.join(shown, on="prompt_id", how="left")
        .join(
            texts.rename({"text": "a"}), left_on="response_a_id", right_on="response_id", how="left"
        )
        .join(
            texts.rename({"text": "b"}), left_on="response_b_id", right_on="response_id", how="left"
        )
    )
    _refuse_missing(rows)
    by_aspect = pl.col("aspect").replace_strict(QUESTIONS, default=None, return_dtype=pl.String)
    named = pl.format("Which response is better in this respect: {}?", pl.col("aspect"))
    return (
        rows.with_columns(
            question=by_aspect.fill_null(named),
            first=pl.when("is_swapped").then("b").otherwise("a"),
            second=pl.when("is_swapped").then("a").otherwise("b"),
        )
        .sort("batch", "rank", "comparison_id", nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in TASKS.items())
    )


def _text() -> pl.Expr:
    """Return what a response says: its text, or all messages of one that has several."""
    messages = pl.col("messages")
    element = pl.element().struct
    one = pl.concat_str(pl.lit("["), element.field("role"), pl.lit("]\n"), element.field("content"))
    is_long = messages.list.len().fill_null(0) > 1
    return pl.when(is_long).then(messages.list.eval(one).list.join("\n\n")).otherwise("text")


def _refuse_missing(rows: pl.DataFrame) -> None:
    missing = rows.filter(pl.any_horizontal(pl.col("prompt", "a", "b").is_null()))
    if missing.height:
        raise DataError(
            f"The catalog no longer holds the texts of {missing.height:,} of {rows.height:,} "
            "comparisons that are planned.",
            where=f"table routes: comparison {missing['comparison_id'].sort()[0]}",
            fix="Plan anew on what is there: run the recipe of the plan again.",
        )


def tasks_name(plan: str, batch: int) -> str:
    """Return the name of the file that records the tasks of a batch."""
    return f"{plan[:_PLAN_DIGITS]}-b{batch}{TASKS_SUFFIX}"


def is_tasks_file(name: str) -> bool:
    """Tell whether a file of the folder records tasks."""
    return name.endswith(TASKS_SUFFIX)


def write_tasks(tasks: pl.DataFrame, folder: Path) -> Path:
    """Record the tasks of one batch of one plan: whole or not at all; equal tasks, equal bytes.

    Args:
        tasks: Columns of `TASKS`, at least one row.
        folder: Where; it is made if it is not there.
    """
    path = folder / tasks_name(tasks["plan_id"][0], tasks["batch"][0])
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{path.name}.{os.getpid()}"
    try:
        tasks.write_parquet(part, compression="zstd", compression_level=3, statistics=False)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def read_tasks(paths: Iterable[Path]) -> pl.DataFrame:
    """Read records of tasks, sorted by plan and comparison, each of these once.

    Raises:
        DataError: If a file is not such a record.
    """
    frames = [pl.DataFrame(schema=TASKS)]
    for path in paths:
        try:
            frames.append(pl.read_parquet(path).select(pl.col(n).cast(t) for n, t in TASKS.items()))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(
                f"This is no record of tasks: {str(error).splitlines()[0]}.",
                where=str(path),
                fix="Remove the file, and hand the batch off again: prefdata annotate export",
            ) from error
    keys = ["plan_id", "comparison_id"]
    return pl.concat(frames).sort(*keys, "batch").unique(keys, keep="first", maintain_order=True)
