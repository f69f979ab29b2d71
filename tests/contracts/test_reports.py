"""Every report repeats to the byte, whatever the order of rows, and stands a catalog of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import PrefdataError
from prefdata.protocols import Context, Reporter
from prefdata.recipes import Recipe
from prefdata.registry import names, plugin
from prefdata.runner import ingest, make_report, run
from prefdata.runner.units import checked_params
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.contracts import write_files
from prefdata.testing.gates import put_gated
from prefdata.testing.routes import put_routes
from prefdata.testing.scores import put_scores
from prefdata.testing.votes import STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import Params

__all__: list[str] = []

_REPORTS = names("report")
_SOURCES = ("hh-rlhf", "multipref")
_PARAMS: dict[str, dict[str, Any]] = {
    "annotated-pairs": {"votes": ["factors"], "constitution": None},
    "displacement": {"filter_from": "filter-displacement"},
    "hyper-files": {"votes": list(STEPS), "n_mixes": 2},
}
_WIDTH = 80


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Two sources, cleaned, scored and filtered, so that every table of a report has rows."""
    folder = tmp_path_factory.mktemp("reports")
    catalog = Catalog.create(folder / "w")
    for source in _SOURCES:
        files = write_files(plugin("source", source).example, folder / source)
        ingest(catalog, source, files)
    measured = {"votes": "factors", "n_bootstraps": 100, "n_flips": 100}
    steps = [
        *("flag-quality", "make-pairs", "factors"),
        {"stage": "constitution", "params": measured},
    ]
    run(catalog, Recipe.model_validate({"name": "before", "steps": steps}))
    put_scores(catalog)
    put_gated(catalog)
    put_routes(catalog)
    filtered = {"stage": "filter-displacement", "params": {"keep_lowest": 0.5}}
    run(catalog, Recipe.model_validate({"name": "filter", "steps": [filtered]}))
    return catalog


def _content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", _REPORTS)
def test_a_report_repeats_to_the_byte_in_any_order_of_rows(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    reporter: Reporter = plugin("report", name)
    made = make_report(catalog, name, tmp_path / "made", params=_PARAMS.get(name, {}))
    assert made.rows > 0
    params = checked_params(reporter.params, _PARAMS.get(name, {}), where="test")
    reads = params.reads(reporter.reads)
    backwards = {t: catalog.scan(t).collect().reverse().lazy() for t in reads}
    out = tmp_path / "again"
    out.mkdir()
    context = Context(sources=(*_SOURCES, "toy"), snapshot=catalog.head().name)
    files = reporter.write(backwards, params, context, out)
    assert sorted(files) == sorted(path for path in out.rglob("*") if path.is_file())
    content = _content(made.folder)
    assert {file: content[file] for file in made.digests} == _content(out)
    assert "index.html" in made.digests
    assert all(len(line) <= _WIDTH for line in made.summary.splitlines())


@pytest.mark.parametrize("name", _REPORTS)
def test_a_page_is_whole_in_itself(name: str, catalog: Catalog, tmp_path: Path) -> None:
    made = make_report(catalog, name, tmp_path / "made", params=_PARAMS.get(name, {}))
    page = (made.folder / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    for outside in ("<script", "<link", "<iframe", 'src="http', "url("):
        assert outside not in page


@pytest.mark.parametrize("name", _REPORTS)
def test_a_report_of_nothing_says_so(name: str, tmp_path: Path) -> None:
    reporter: Reporter = plugin("report", name)
    params = checked_params(reporter.params, _PARAMS.get(name, {}), where="test")
    empty = {t: pl.LazyFrame(schema=polars_schema(table_schema(t))) for t in reporter.reads}
    told = _outcome(reporter, empty, params, tmp_path)
    assert told.fix if isinstance(told, PrefdataError) else tmp_path / "index.html" in told


def _outcome(
    reporter: Reporter, tables: dict[str, pl.LazyFrame], params: Params, out: Path
) -> list[Path] | PrefdataError:
    try:
        return reporter.write(tables, params, Context(), out)
    except PrefdataError as error:
        return error


@pytest.mark.parametrize("name", _REPORTS)
def test_every_parameter_is_explained_and_has_a_default(name: str) -> None:
    reporter: Reporter = plugin("report", name)
    assert reporter.summary
    assert reporter.name == name
    for field in reporter.params.model_fields.values():
        assert field.description
        assert not field.is_required()
