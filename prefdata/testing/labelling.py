"""A plan that asks people, and a tool for annotators whose files are rows of our own.

Real tools are tested by their contract; here the loop around them is what counts.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata import registry
from prefdata.core.fingerprint import digest
from prefdata.protocols.handoffs import ANSWERS, Handoff
from prefdata.routing.votes import read_votes
from prefdata.schema import conform, table_schema
from prefdata.testing.votes import STEPS, VoteWorld, commit_frames, vote_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from prefdata.catalog import Catalog

__all__ = ["answer", "offer_plain", "plain", "plan_routes", "put_plan", "write_answers"]

_ARMS = (("ai", 0), ("human", 1), ("human-3", 3))
_PRICE = 0.25
_MARK = b"ANSWERS OF plain\n"


def put_plan(
    catalog: Catalog, *, n: int = 12, n_batches: int = 2, sources: Sequence[str] = ("toy",)
) -> pl.DataFrame:
    """Commit prompts, their responses and a plan; return the rows of `routes`."""
    found: dict[str, list[pl.DataFrame]] = {}
    for source in sources:
        frames = vote_tables(VoteWorld(source, n_evaluation=0, n_seed=0, n_pool=n))
        read = read_votes({name: rows.lazy() for name, rows in frames.items()}, STEPS)
        routes = plan_routes(read.comparisons, n_batches=n_batches)
        for table in ("prompts", "responses"):
            found.setdefault(table, []).append(frames[table])
        found.setdefault("routes", []).append(routes)
    tables = {table: pl.concat(parts) for table, parts in found.items()}
    commit_frames(catalog, tables, steps=("route",))
    return tables["routes"]


def plan_routes(
    comparisons: pl.DataFrame, *, n_batches: int = 2, plan: str = "a plan"
) -> pl.DataFrame:
    """Return a plan: by turns nobody, one person or three are asked, at a quarter a judgment.

    Args:
        comparisons: Columns of `prefdata.tables.comparisons.COMPARISON`.
        n_batches: Those that are asked come in so many batches, from 0.
        plan: What names the plan.
    """
    rows = comparisons.sort("comparison_id").with_row_index("place")
    place = pl.col("place").cast(pl.Int64)
    turn = place % len(_ARMS)
    is_asked = turn > 0
    arms = dict(enumerate(arm for arm, _ in _ARMS))
    votes = dict(enumerate(n for _, n in _ARMS))
    n_votes = turn.replace_strict(votes, return_dtype=pl.Int32)
    return conform(
        rows.select(
            *("comparison_id", "source", "prompt_id", "response_a_id", "response_b_id", "aspect"),
            plan_id=pl.lit(digest(plan)),
            role=pl.lit("pool"),
            arm=turn.replace_strict(arms, return_dtype=pl.String),
            rank=pl.when(is_asked).then(place + 1),
            batch=pl.when(is_asked).then(place // len(_ARMS) % n_batches).cast(pl.Int32),
            n_votes=n_votes,
            cost=n_votes * _PRICE,
            currency=pl.lit("EUR"),
            is_swapped=place % 2 == 1,
            n_human=pl.lit(0, pl.Int32),
            why=pl.lit([], pl.List(pl.String)),
            why_gains=pl.lit([], pl.List(pl.Float64)),
            stage=pl.lit("route"),
        ),
        table_schema("routes"),
    )


def answer(task: dict[str, Any], annotator: str | None = "ann", **more: Any) -> dict[str, Any]:
    """Return a row of `ANSWERS` for a task: submitted, the first slightly better; or as told."""
    said = {
        "comparison_id": task["comparison_id"],
        "plan_id": task["plan_id"],
        "answer_id": f"{annotator}/{task['comparison_id']}",
        "version": "1",
        "annotator": annotator,
        "status": "submitted",
        "choice": 1,
        "raw_value": "first_slight",
        "is_swapped": task["is_swapped"],
        "raw": "{}",
    }
    return said | more


def write_answers(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write rows of `ANSWERS` as a file of the tool `plain`; null where a row says nothing."""
    frame = pl.DataFrame(list(rows), schema=dict(ANSWERS), infer_schema_length=None)
    content = io.BytesIO()
    frame.drop("file", "row").write_parquet(content)
    path.write_bytes(_MARK + content.getvalue())
    return path


def _write(tasks: pl.DataFrame, folder: Path, params: Any) -> list[Path]:
    del params
    path = folder / "tasks.ndjson"
    tasks.select("comparison_id", "plan_id", "first", "second").write_ndjson(path)
    return [path]


def _read(files: Sequence[Path], params: Any) -> pl.DataFrame:
    del params
    frames = [pl.DataFrame(schema=dict(ANSWERS))]
    for path in files:
        rows = pl.read_parquet(path.read_bytes().removeprefix(_MARK)).with_row_index("row")
        rows = rows.with_columns(pl.col("row").cast(pl.Int64), file=pl.lit(path.name))
        frames.append(rows.select(*ANSWERS))
    return pl.concat(frames)


def _is_answered(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


plain = Handoff("plain", 1, _write, _read, _is_answered, summary="Rows of ours, for tests.")


def offer_plain(patch: pytest.MonkeyPatch) -> None:
    """Offer the tool `plain` for one test, as another package would."""
    known = registry._places  # noqa: SLF001 - there is no public way to offer a plugin
    offered = {**known("handoff"), plain.name: (__name__, "plain")}
    patch.setattr(registry, "_places", lambda kind: offered if kind == "handoff" else known(kind))
