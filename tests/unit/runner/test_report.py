"""A report is a whole folder or none, of the snapshot that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import Field

from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.protocols import Context, Outside, Params, Reporter, reporter
from prefdata.recipes import Recipe
from prefdata.runner import export_pairs, make_report, run

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.core.events import Event

__all__: list[str] = []

Add = Callable[[str, object], None]
Put = Callable[..., None]


class Counts(Params):
    """Parameters of `counts`."""

    step: str = Field(default="make-pairs", description="The step whose pairs are counted.")
    is_broken: bool = Field(default=False, description="Fail half way.")

    def outside(self) -> Outside:
        """Name the step."""
        return Outside(steps=(self.step,))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Leave the responses alone."""
        return tuple(table for table in declared if table != "responses")


@pytest.fixture
def counts(add_plugin: Add) -> Reporter:
    @reporter(version=3, reads=("pairs", "prompts", "responses"), params=Counts)
    def counts(
        tables: Mapping[str, pl.LazyFrame], params: Counts, context: Context, out: Path
    ) -> list[Path]:
        """Count the pairs of a step.

        And nothing else.
        """
        pairs = tables["pairs"].filter(pl.col("stage") == params.step).collect()
        found = {
            "pairs": pairs.height,
            "tables": sorted(tables),
            "sources": context.sources,
            "snapshot": context.snapshot,
        }
        (out / "numbers.json").write_text(json.dumps(found))
        if params.is_broken:
            message = "on purpose"
            raise RuntimeError(message)
        (out / "summary.txt").write_text("all is counted\n")
        return [out / "numbers.json", out / "summary.txt"]

    add_plugin("report", counts)
    return counts


@pytest.fixture
def ready(catalog: Catalog, put: Put, counts: Reporter) -> Catalog:
    put("a", 4)
    put("b", 3)
    run(catalog, Recipe.model_validate({"name": "r", "steps": ["make-pairs"]}))
    return catalog


def _numbers(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "numbers.json").read_text())
    return found


def test_a_reporter_is_named_and_described_by_its_function(counts: Reporter) -> None:
    assert (counts.name, counts.version, counts.summary) == (
        "counts",
        3,
        "Count the pairs of a step.",
    )


def test_a_report_is_made_of_the_newest_snapshot(ready: Catalog) -> None:
    made = make_report(ready, "counts")
    assert made.folder == ready.workspace.root / "reports" / "counts"
    assert (made.rows, made.summary) == (7, "all is counted")
    assert set(made.digests) == {"numbers.json", "summary.txt"}
    assert _numbers(made.folder) == {
        "pairs": 7,
        "tables": ["pairs", "prompts"],  # What the parameters do not need is not read.
        "sources": ["a", "b"],
        "snapshot": ready.head().name,
    }


def test_sources_and_an_older_snapshot_can_be_asked_for(
    ready: Catalog, put: Put, tmp_path: Path
) -> None:
    ready.tag("before")
    put("b", 5)
    assert _numbers(make_report(ready, "counts", tmp_path / "now").folder)["pairs"] == 4
    old = _numbers(make_report(ready, "counts", tmp_path / "old", ref="before").folder)
    assert (old["pairs"], old["snapshot"]) == (7, ready.snapshot("before").name)
    one = make_report(ready, "counts", tmp_path / "one", sources=["a"])
    assert (one.rows, _numbers(one.folder)["sources"]) == (4, ["a"])


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ({"report": "count"}, "no report named 'count'"),
        ({"sources": ["c"]}, "no source in the catalog named 'c'"),
        ({"params": {"step": "make-pear"}}, "no step named 'make-pear'"),
    ],
)
def test_what_does_not_exist_is_named(
    ready: Catalog, tmp_path: Path, ask: dict[str, Any], says: str
) -> None:
    name = ask.pop("report", "counts")
    with pytest.raises(UnknownNameError, match=says):
        make_report(ready, name, tmp_path / "out", **ask)
    assert not (tmp_path / "out").exists()


def test_a_wrong_parameter_or_a_failure_leaves_the_old_report(
    ready: Catalog, tmp_path: Path
) -> None:
    before = make_report(ready, "counts", tmp_path / "out")
    with pytest.raises(RecipeError, match="stp"):
        make_report(ready, "counts", tmp_path / "out", params={"stp": "x"})
    with pytest.raises(RuntimeError, match="on purpose"):
        make_report(ready, "counts", tmp_path / "out", params={"is_broken": True})
    assert make_report(ready, "counts", tmp_path / "out").digests == before.digests
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_report_does_not_replace_an_export(ready: Catalog, tmp_path: Path) -> None:
    export_pairs(ready, "jsonl", tmp_path / "out")
    with pytest.raises(RecipeError, match="no report wrote"):
        make_report(ready, "counts", tmp_path / "out")


# --- in a recipe ----------------------------------------------------------------------------------


def _recipe(**report: Any) -> Recipe:
    asked = {"of": "counts", "to": "reports/counts", **report}
    return Recipe.model_validate({"name": "r", "steps": ["make-pairs"], "reports": [asked]})


def test_a_recipe_reports_on_what_it_commits(ready: Catalog, put: Put) -> None:
    put("b", 9)
    events: list[Event] = []
    done = run(ready, _recipe(), report=events.append)
    (made,) = done.reports
    assert made.folder == ready.workspace.root / "reports" / "counts"
    found = _numbers(made.folder)
    assert (found["pairs"], found["snapshot"]) == (13, done.snapshot.name)
    assert any("report:reports/counts" in repr(event) for event in events)


def test_a_report_is_in_the_lineage_with_the_digests_of_its_files(ready: Catalog) -> None:
    done = run(ready, _recipe())
    steps = ready.scan("run_steps").collect().filter(run_id=done.run_id)
    (step,) = steps.filter(stage="report:counts").to_dicts()
    assert step["step"] == "report:reports/counts"
    assert (step["stage_version"], step["rows_in"], step["rows_rejected"]) == (3, 7, 0)
    assert json.loads(step["outputs"]) == done.reports[0].digests


@pytest.mark.parametrize(
    ("report", "kind"),
    [({"of": "count"}, UnknownNameError), ({"params": {"stp": "x"}}, RecipeError)],
)
def test_a_wrong_report_is_told_before_anything_runs(
    ready: Catalog, put: Put, report: dict[str, Any], kind: type[Exception]
) -> None:
    put("b", 2)
    before = ready.head()
    events: list[Event] = []
    with pytest.raises(kind, match=r"count|stp"):
        run(ready, _recipe(**report), report=events.append)
    assert not events
    assert ready.head() == before


def test_a_foreign_folder_is_told_before_anything_runs(ready: Catalog) -> None:
    place = ready.workspace.root / "reports" / "counts"
    place.mkdir(parents=True)
    (place / "thesis.txt").touch()
    with pytest.raises(RecipeError, match="no report wrote"):
        run(ready, _recipe())


def test_a_report_that_fails_commits_nothing_and_leaves_no_files(ready: Catalog, put: Put) -> None:
    put("b", 9)
    before = ready.head()
    exports = [{"as": "jsonl", "to": "out"}]
    recipe = _recipe(params={"is_broken": True}).model_dump(mode="json", by_alias=True)
    with pytest.raises(RuntimeError, match="on purpose"):
        run(ready, Recipe.model_validate({**recipe, "exports": exports}))
    assert ready.head() == before
    root = ready.workspace.root
    assert not (root / "out").exists()
    assert not list((root / "reports").iterdir())
