"""The report of a constitution: the verdict first, noise has none, and numbers are the tables'."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.constitution.document import read_document
from prefdata.protocols import Context
from prefdata.reports._constitution import numbers
from prefdata.reports._constitution.page import signed
from prefdata.reports._constitution.params import ConstitutionReport
from prefdata.reports._constitution.read import read_measured
from prefdata.reports.constitution import constitution as report
from prefdata.stages.constitution import Constitution, constitution
from prefdata.testing.principle_tables import principle_tables
from prefdata.testing.principle_world import principle_world

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

Frames = dict[str, pl.LazyFrame]
_FAST = {"n_bootstraps": 200, "n_flips": 400, "evidence": 2}


def _tables(*, is_shuffled: bool = False) -> Frames:
    """Return what the stage found in a planted world, of the source it names itself by."""
    world = principle_world(
        4, n_comparisons=1200, n_annotators=40, n_null=12, is_shuffled=is_shuffled
    )
    tables = principle_tables(world)
    source = world.ballots.comparisons["source"][0]
    params = Constitution.model_validate(_FAST | {"group_by": ["country"]})
    found = constitution.run(tables, params, Context(source=source, step="constitution"))
    return tables | {name: frame.lazy() for name, frame in found.tables.items()}


@pytest.fixture(scope="module")
def tables() -> Frames:
    return _tables()


@pytest.fixture(scope="module")
def written(tables: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    files = report.write(tables, ConstitutionReport(k=1), Context(snapshot="abc"), out)
    assert sorted(files) == sorted(path for path in out.rglob("*") if path.is_file())
    return out


def test_the_page_says_what_holds_for_whom_with_pairs_to_read(written: Path) -> None:
    page = (written / "index.html").read_text(encoding="utf-8")
    assert "A constitution holds." in page
    assert page.index("A constitution holds.") < page.index("How strong each principle is")
    for part in ("For whom", "Strength by country", "Constitutions of groups", "Pairs to read"):
        assert part in page
    assert (written / "figures" / "strengths-1.png").stat().st_size > 10_000
    assert (written / "figures" / "differences-1.png").exists()


def test_constitutions_are_files_that_are_read_back(written: Path) -> None:
    files = sorted((written / "constitutions").iterdir())
    assert len(files) == 3
    held = [read_document(path) for path in files]
    everyone = next(document for document in held if document.group_by == "all")
    assert everyone.verdict == "holds"
    assert everyone.principles[0].sentence in (written / "constitution.md").read_text("utf-8")


def test_the_numbers_are_those_of_the_tables(written: Path, tables: Frames) -> None:
    told = json.loads((written / "numbers.json").read_text(encoding="utf-8"))
    effects = tables["principle_effects"].collect()
    assert len(told["effects"]) == effects.height
    assert sum(row["n_agree"] or 0 for row in told["effects"]) == effects["n_agree"].sum()


def test_a_summary_fits_a_terminal(written: Path) -> None:
    lines = (written / "summary.txt").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 80
    assert "a constitution holds" in lines[0]
    assert "of held-out labels foretold" in lines[1]


def test_noise_is_called_noise(tmp_path: Path) -> None:
    report.write(_tables(is_shuffled=True), ConstitutionReport(), Context(), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Nothing holds." in page
    assert "Pairs to read" not in page
    assert "nothing holds" in (tmp_path / "summary.txt").read_text(encoding="utf-8")


def test_found_principles_come_first_by_their_strength(tables: Frames) -> None:
    rows = numbers.by_strength(read_measured(tables, ConstitutionReport()).overall)
    found = rows["is_found"].to_list()
    assert found == sorted(found, reverse=True)
    sizes = rows.filter("is_found")["strength"].abs().to_list()
    assert sizes == sorted(sizes, reverse=True)
    turned = rows.filter(pl.col("strength") < 0).drop_nulls("opposite")
    assert turned["holds"].equals(turned["opposite"], check_names=False)


def test_groups_stand_side_by_side(tables: Frames) -> None:
    measured = read_measured(tables, ConstitutionReport())
    (source,) = measured.sources
    beside = numbers.side_by_side(measured, source, "country", groups=8, rows=5)
    assert beside.columns[-2:] == ["a", "b"]
    assert beside["differs"][0]
    assert numbers.side_by_side(measured, source, "gender", groups=8, rows=5).is_empty()
    few = pl.col("group_value") == "a"
    status = pl.when(few).then(pl.lit("not-measurable")).otherwise("status")
    cells = dataclasses.replace(measured, effects=measured.effects.with_columns(status=status))
    assert numbers.side_by_side(cells, source, "country", groups=8, rows=5).is_empty()


def test_sources_stand_side_by_side_where_there_are_two(tables: Frames) -> None:
    params = ConstitutionReport()
    assert numbers.across_sources(read_measured(tables, params), 5).is_empty()
    twice = {
        name: pl.concat([frame, frame.with_columns(source=pl.lit("other"))])
        if "source" in frame.collect_schema()
        else frame
        for name, frame in tables.items()
    }
    across = numbers.across_sources(read_measured(twice, params), 5)
    assert across.height == 5
    assert across.columns[-2:] == ["other", "planted-principles"]


def test_nothing_measured_is_a_page_that_says_so(tables: Frames, tmp_path: Path) -> None:
    params = ConstitutionReport(constitution_from="other")
    report.write(tables, params, Context(), tmp_path)
    assert "measured nothing" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "nothing was measured" in (tmp_path / "summary.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("numbers_", "told"),
    [((None,), "–"), ((-0.1234,), "−0.123"), ((0.1, 0.05, 0.15), "+0.100 (+0.050 to +0.150)")],
)
def test_strengths_have_signs(numbers_: tuple[float | None, ...], told: str) -> None:
    assert signed(*numbers_) == told
