"""Answers become judgments of people; what does not is rejected, and every answer is counted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pydantic
import pytest

from prefdata.annotation.answers import masked
from prefdata.annotation.tasks import make_tasks, write_tasks
from prefdata.protocols import Context, StageResult
from prefdata.schema import check, conform, table_schema
from prefdata.stages.import_labels import ImportLabels, import_labels
from prefdata.tables.comparisons import comparison_ids
from prefdata.testing.labelling import answer, offer_plain, plan_routes, write_answers
from prefdata.testing.votes import VoteWorld, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_STEP = "import-labels"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    offer_plain(monkeypatch)


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    """Texts of two sources, and a plan of each."""
    found: dict[str, list[pl.DataFrame]] = {}
    for source in ("old", "new"):
        tables = vote_tables(VoteWorld(source, n_evaluation=0, n_seed=0, n_pool=6))
        pairs = comparison_ids(tables["pairs"], "chosen_id", "rejected_id")
        routes = plan_routes(pairs.unique("comparison_id"), n_batches=1, plan=source)
        for name, frame in (tables | {"routes": routes}).items():
            found.setdefault(name, []).append(frame)
    return {name: pl.concat(parts) for name, parts in found.items()}


@pytest.fixture(scope="module")
def tasks(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    routes = frames["routes"].filter(pl.col("n_votes") > 0)
    return make_tasks(routes, frames["prompts"].lazy(), frames["responses"].lazy())


@pytest.fixture
def folder(tmp_path: Path, tasks: pl.DataFrame) -> Path:
    for part in tasks.partition_by("plan_id"):
        write_tasks(part, tmp_path)
    return tmp_path


def _run(
    frames: dict[str, pl.DataFrame],
    folder: Path,
    *,
    sources: tuple[str, ...] = ("old", "new"),
    **params: Any,
) -> StageResult:
    files = {f"handoffs/{path.name}": path for path in sorted(folder.iterdir())}
    context = Context(step=_STEP, sources=sources, files=files)
    lazy = {"responses": frames["responses"].lazy()}
    return import_labels.run(lazy, ImportLabels(**params), context)


def _checked(result: StageResult, table: str) -> pl.DataFrame:
    schema = table_schema(table)
    full = conform(result.tables[table].with_columns(stage=pl.lit(_STEP)), schema)
    assert check(full, schema).rejects.is_empty()
    return full


def test_the_winner_is_the_one_whose_text_was_preferred(
    frames: dict[str, pl.DataFrame], tasks: pl.DataFrame, folder: Path
) -> None:
    texts = dict(frames["responses"].select("response_id", "text").iter_rows())
    choices = [2, 1, 0, -1, -2]
    rows = tasks.to_dicts()
    said = [answer(row, choice=choices[i % 5]) for i, row in enumerate(rows)]
    write_answers(said, folder / "answers")
    result = _run(frames, folder)
    judged = _checked(result, "judgments")
    by_prompt = {tuple(sorted(row["response_ids"])): row for row in judged.to_dicts()}
    swaps = set()
    for i, row in enumerate(rows):
        choice = choices[i % 5]
        judgment = by_prompt[tuple(sorted((row["response_a_id"], row["response_b_id"])))]
        shown = [texts[name] for name in judgment["response_ids"]]
        assert shown == [row["first"], row["second"]]
        assert judgment["chosen"] == [choice > 0, choice < 0]
        assert judgment["outcome"] == ("chosen" if choice else "tie")
        assert judgment["strength"] == {2: "much", 1: "slightly", 0: None}[abs(choice)]
        assert (judgment["is_order_known"], judgment["aspect"]) == (True, row["aspect"])
        swaps.add(row["is_swapped"])
    assert swaps == {True, False}
    assert set(judged["source"]) == {"old", "new"}
    assert (result.rows_in, result.rows_out) == (len(rows), len(rows))


def test_what_the_annotator_said_besides_is_kept_and_addresses_are_not(
    frames: dict[str, pl.DataFrame], tasks: pl.DataFrame, folder: Path
) -> None:
    row = tasks.row(0, named=True)
    when, mail = datetime(2026, 5, 4, 3), "Ann@example.org"  # noqa: DTZ001 - as in the table
    more = {"comment": "both mild", "confidence": "fairly", "seconds": 4.5, "answered_at": when}
    raw = f'{{"email": "{mail}"}}'
    write_answers([answer(row, mail, raw=raw, **more)], folder / "answers")
    result = _run(frames, folder, experts=(masked(mail),))
    [judgment] = _checked(result, "judgments").to_dicts()
    assert judgment["comment"] == "both mild"
    assert (judgment["confidence"], judgment["seconds"], judgment["judged_at"]) == (
        "fairly",
        4.5,
        when,
    )
    assert (judgment["file"], judgment["row"]) == ("handoffs/answers", 0)
    [annotator] = _checked(result, "annotators").to_dicts()
    assert annotator["annotator_id"] == f"{row['source']}:{_STEP}/plain/{masked(mail)}"
    assert (annotator["kind"], annotator["pool"]) == ("human", "expert")
    assert "example.org" not in repr((judgment, annotator))


def test_an_address_is_no_parameter() -> None:
    with pytest.raises(pydantic.ValidationError, match=masked("bob@example.org")) as caught:
        ImportLabels(experts=("bob@example.org",))
    assert "bob@example.org" not in caught.value.errors()[0]["msg"]


def test_every_answer_is_a_judgment_or_a_reject_of_some_source(
    frames: dict[str, pl.DataFrame], tasks: pl.DataFrame, folder: Path
) -> None:
    one, *_, last = tasks.to_dicts()
    rows = [
        answer(one),
        answer(one, "bob", status="skipped", choice=None),
        answer(one, "carl", is_swapped=not one["is_swapped"]),
        answer(one | {"comparison_id": "unknown", "plan_id": last["plan_id"]}),
        answer(one | {"comparison_id": "unknown", "plan_id": "unknown"}),
        answer(one, status="unreadable", choice=None, detail="no such choice: X", annotator=None),
        answer(last, None),
    ]
    write_answers(rows, folder / "answers")
    (folder / "readme.txt").write_text("hello")
    result = _run(frames, folder)
    rejects = result.rejects
    assert rejects is not None
    assert (result.rows_in, result.rows_out, rejects.height) == (7, 2, 5)
    counts = dict(rejects["rule"].value_counts().iter_rows())
    assert counts == {"skipped": 1, "order-mismatch": 1, "foreign": 2, "unreadable": 1}
    assert set(rejects["source"]) <= {"old", "new"}
    assert rejects.filter(id="unknown")["source"].to_list()[0] == last["source"]
    assert rejects.filter(rule="unreadable")["reason"][0].endswith("no such choice: X")
    assert result.notes == ("WARNING: no tool knows handoffs/readme.txt; it was left alone",)
    assert set(_checked(result, "annotators")["kind"]) == {"human", "group"}


def test_only_sources_of_the_recipe_count(
    frames: dict[str, pl.DataFrame], tasks: pl.DataFrame, folder: Path
) -> None:
    write_answers([answer(row) for row in tasks.to_dicts()], folder / "answers")
    result = _run(frames, folder, sources=("new",))
    assert result.rows_in == result.rows_out == tasks.filter(source="new").height
    assert set(result.tables["judgments"]["source"]) == {"new"}


def test_the_order_of_files_and_rows_decides_nothing(
    frames: dict[str, pl.DataFrame], tasks: pl.DataFrame, folder: Path, tmp_path: Path
) -> None:
    said = [answer(row, who) for row in tasks.to_dicts() for who in ("ann", "bob")]
    write_answers(said[:5], folder / "1")
    write_answers(said[5:], folder / "2")
    straight = _run(frames, folder)
    (folder / "1").rename(folder / "3")
    turned = _run({name: frame.reverse() for name, frame in frames.items()}, folder)
    for table, rows in straight.tables.items():
        other = turned.tables[table]
        left, right = (frame.drop("file", "row", strict=False) for frame in (rows, other))
        assert left.equals(right), table


def test_without_answers_there_is_one_note_and_nothing_else(
    frames: dict[str, pl.DataFrame], folder: Path, tmp_path: Path
) -> None:
    for place in (folder, tmp_path / "empty"):
        place.mkdir(exist_ok=True)
        result = _run(frames, place)
        assert (result.rows_in, result.rows_out, dict(result.tables)) == (0, 0, {})
        assert result.notes == ("no answers: import files of answers first",)
