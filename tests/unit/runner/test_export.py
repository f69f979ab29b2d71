"""An export is a whole folder or none, in an order that only content decides."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.protocols import NoParams, exporter
from prefdata.recipes import Recipe
from prefdata.runner import export_pairs, run
from prefdata.schema import conform, table_schema
from prefdata.testing.gates import put_gated

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

Put = Callable[..., None]

_STEPS = ["flag-quality", "make-pairs", "split-by-prompt", "select-pairs"]

_NOBODY = 2**31 - 1
"""No process has this number."""


@pytest.fixture
def ready(catalog: Catalog, put: Put) -> Catalog:
    put("a", 40)
    put("b", 5)
    run(catalog, Recipe.model_validate({"name": "r", "steps": _STEPS}))
    return catalog


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def test_all_pairs_come_in_the_order_of_their_ids(settled: Catalog, tmp_path: Path) -> None:
    result = export_pairs(settled, "jsonl", tmp_path / "out")
    rows = _lines(tmp_path / "out")
    assert result.rows == len(rows) == 45
    assert [row["pair_id"] for row in rows] == sorted(row["pair_id"] for row in rows)
    assert set(result.digests) == {path.name for path in (tmp_path / "out").glob("*.jsonl")}


def test_sources_splits_and_decisions_are_honoured(settled: Catalog, tmp_path: Path) -> None:
    export_pairs(settled, "jsonl", tmp_path / "b", sources=["b"])
    assert {row["source"] for row in _lines(tmp_path / "b")} == {"b"}
    export_pairs(
        settled, "jsonl", tmp_path / "s", splits="split-by-prompt", decisions="select-pairs"
    )
    wanted = settled.sql("SELECT split, count(*) FROM splits GROUP BY split").fetchall()
    found: dict[str, int] = {}
    for row in _lines(tmp_path / "s"):
        found[row["split"]] = found.get(row["split"], 0) + 1
    assert found == dict(wanted)


def test_an_older_snapshot_can_be_exported(ready: Catalog, put: Put, tmp_path: Path) -> None:
    ready.tag("before")
    put("b", 6)
    assert export_pairs(ready, "jsonl", tmp_path / "now").rows == 40
    assert export_pairs(ready, "jsonl", tmp_path / "then", ref="before").rows == 45


def test_an_export_replaces_its_own_folder_and_no_other(settled: Catalog, tmp_path: Path) -> None:
    first = export_pairs(settled, "jsonl", tmp_path / "out")
    assert export_pairs(settled, "jsonl", tmp_path / "out").digests == first.digests
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    with pytest.raises(RecipeError, match="no export wrote"):
        export_pairs(settled, "jsonl", foreign)
    assert (foreign / "thesis.txt").read_text() == "years of work"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("part", ["pairs", "decisions", "splits"])
def test_a_step_that_wrote_nothing_is_named(settled: Catalog, tmp_path: Path, part: str) -> None:
    ask: dict[str, Any] = {part: "nobody"}
    with pytest.raises(UnknownNameError, match="nobody") as caught:
        export_pairs(settled, "jsonl", tmp_path / "out", **ask)
    assert f"step that wrote {part}" in str(caught.value)


def test_a_failing_exporter_leaves_the_old_folder(settled: Catalog, tmp_path: Path) -> None:
    export_pairs(settled, "trl", tmp_path / "out", params={"file": "jsonl"})
    before = sorted(path.read_bytes() for path in (tmp_path / "out").iterdir())
    with pytest.raises(RecipeError, match="fil"):
        export_pairs(settled, "trl", tmp_path / "out", params={"fil": "jsonl"})
    assert sorted(path.read_bytes() for path in (tmp_path / "out").iterdir()) == before


def test_a_run_that_is_not_committed_leaves_no_files(ready: Catalog) -> None:
    exports = [
        {"as": "jsonl", "to": "out/one"},
        {"as": "jsonl", "to": "out/two", "decisions": "nobody"},
    ]
    recipe = Recipe.model_validate({"name": "r", "steps": _STEPS, "exports": exports})
    with pytest.raises(UnknownNameError, match="nobody"):
        run(ready, recipe)
    assert not list((ready.workspace.root / "out").iterdir())


def test_an_exporter_that_fails_leaves_no_files(
    settled: Catalog, add_plugin: Callable[[str, object], None], tmp_path: Path
) -> None:
    @exporter(version=1)
    def fails(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
        """Write half of it."""
        del params
        (out / "half.jsonl").write_text(str(next(frames).height))
        message = "on purpose"
        raise RuntimeError(message)

    add_plugin("exporter", fails)
    with pytest.raises(RuntimeError, match="on purpose"):
        export_pairs(settled, "fails", tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_what_a_killed_export_left_is_removed_when_it_is_old(
    settled: Catalog, tmp_path: Path
) -> None:
    old, young = tmp_path / f".out.part-{_NOBODY}", tmp_path / f".out.old-{_NOBODY}"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (1, 1))
    export_pairs(settled, "jsonl", tmp_path / "out")
    assert not old.exists()
    assert young.exists()


def test_a_source_that_is_not_there_leaves_the_old_export(settled: Catalog, tmp_path: Path) -> None:
    before = export_pairs(settled, "jsonl", tmp_path / "out", sources=["a"])
    with pytest.raises(UnknownNameError, match="'aa'"):
        export_pairs(settled, "jsonl", tmp_path / "out", sources=["aa"])
    assert {path.name for path in (tmp_path / "out").glob("*.jsonl")} == set(before.digests)


def test_pairs_bring_their_rationales_where_a_step_is_named(ready: Catalog, tmp_path: Path) -> None:
    put_gated(ready)
    is_kept = ready.scan("rationale_gates").filter("is_kept").collect()
    kept = is_kept["pair_id"].to_list()
    assert 0 < len(kept) < 45
    export_pairs(ready, "jsonl", tmp_path / "all", rationales="gate-rationales")
    rows = _lines(tmp_path / "all")
    assert len(rows) == 45
    for row in rows:
        (told,) = row["rationales"]
        assert told["about"] == "both"
        assert told["is_kept"] == (row["pair_id"] in kept)
        assert bool(told["failed"]) != told["is_kept"]
    export_pairs(ready, "jsonl", tmp_path / "none")
    assert "rationales" not in _lines(tmp_path / "none")[0]
    made = export_pairs(ready, "rationale-sft", tmp_path / "sft", rationales="gate-rationales")
    assert made.rows == 45
    completions = pl.read_parquet(tmp_path / "sft" / "train.parquet")["completion"]
    assert len(completions) == len(kept)


def test_a_format_tells_whether_it_holds_rationales(ready: Catalog, tmp_path: Path) -> None:
    put_gated(ready)
    with pytest.raises(RecipeError, match="is made of rationales"):
        export_pairs(ready, "rdpo", tmp_path / "out")
    with pytest.raises(UnknownNameError, match="step that wrote rationale_gates"):
        export_pairs(ready, "rdpo", tmp_path / "out", rationales="write-rationales")
    assert not (tmp_path / "out").exists()


def test_what_is_said_of_one_response_comes_where_the_format_takes_it(
    ready: Catalog, tmp_path: Path
) -> None:
    put_gated(ready)
    pairs = ready.scan("pairs").filter(pl.col("source") == "b").collect()
    critiques = pairs.select(
        "source",
        "prompt_id",
        rationale_id=pl.concat_str(pl.lit("c:"), "pair_id"),
        scope=pl.lit("response"),
        response_ids=pl.concat_list("rejected_id"),
        kind=pl.lit("critique"),
        origin=pl.lit("native"),
        status=pl.lit("ok"),
        text=pl.lit("It is vague."),
        native_raw=pl.lit("It is vague."),
        stage=pl.lit("native"),
    )
    with ready.write() as write:
        write.put("rationales", ("b", "native"), conform(critiques, table_schema("rationales")))
        write.commit("critiques")
    export_pairs(ready, "cut", tmp_path / "cut", rationales="gate-rationales", sources=["b"])
    rows = _lines(tmp_path / "cut")
    assert [row["judgment"] for row in rows] == ["It is vague."] * 5
    export_pairs(ready, "jsonl", tmp_path / "all", rationales="gate-rationales", sources=["b"])
    assert {len(row["rationales"]) for row in _lines(tmp_path / "all")} == {1}


def test_decisions_on_other_pairs_are_refused_before_an_export_is_emptied(
    ready: Catalog, tmp_path: Path
) -> None:
    before = export_pairs(ready, "jsonl", tmp_path / "out")
    pooled = {"stage": "make-pairs", "name": "pooled", "params": {"aggregate": "majority"}}
    run(ready, Recipe.model_validate({"name": "p", "steps": [pooled]}))
    with pytest.raises(RecipeError, match="decided on no pair of pooled"):
        export_pairs(ready, "jsonl", tmp_path / "out", pairs="pooled", decisions="select-pairs")
    assert {path.name for path in (tmp_path / "out").glob("*.jsonl")} == set(before.digests)
