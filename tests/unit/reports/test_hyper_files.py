"""HyPER's files: each mix and its counts agree, and the features can be read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.protocols import Context, RawFile
from prefdata.registry import plugin
from prefdata.reports._hyper_files.params import HyperFiles
from prefdata.reports.hyper_files import hyper_files
from prefdata.routing.features.names import HYPER_TAGS
from prefdata.testing.routes import compose_routes
from prefdata.testing.votes import STEPS, VoteWorld, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_PARAMS = HyperFiles(votes=STEPS, n_mixes=3)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.LazyFrame]:
    votes = vote_tables(VoteWorld())
    made = compose_routes(votes)["routes"].with_columns(stage=pl.lit("route"))
    features = votes["comparison_features"].with_columns(stage=pl.lit("route-features"))
    return {
        **{name: frame.lazy() for name, frame in votes.items()},
        "comparison_features": features.lazy(),
        "routes": made.lazy(),
    }


@pytest.fixture(scope="module")
def written(tables: dict[str, pl.LazyFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hyper")
    files = hyper_files.write(tables, _PARAMS, Context(), out)
    assert sorted(files) == sorted(path for path in out.rglob("*") if path.is_file())
    return out / "toy"


def test_every_comparison_with_both_labels_is_there(written: Path) -> None:
    rows = pl.read_ndjson(written / "features.jsonl")
    assert rows.height == VoteWorld().n_evaluation + VoteWorld().n_seed
    assert set(rows["pref_human"]) <= {"a-is-better", "b-is-better", "tie"}


def test_counts_are_those_of_the_labels_of_people(
    written: Path, tables: dict[str, pl.LazyFrame]
) -> None:
    tags = dict(tables["comparison_features"].select("comparison_id", "tags").collect().iter_rows())
    lines = (written / "experiments.txt").read_text().splitlines()
    assert len(lines) == 3 + 1  # the plan is one more
    for line in lines:
        swaps, counts = line.split("::")
        rows = pl.read_ndjson(written / "swaps" / f"{swaps}.jsonl")
        told = json.loads((written / "counts" / f"{counts}.json").read_text())
        assert tuple(told) == HYPER_TAGS
        asked = rows.filter("is_swapped")["id"].to_list()
        for tag in HYPER_TAGS:
            assert told[tag] == sum(tag in tags[name] for name in asked)
        assert swaps.endswith(f"SWAPS_{len(asked)}")
        assert counts.split("ID__")[1] == swaps.split("ID__")[1]


def test_a_mix_prefers_what_its_label_says(written: Path) -> None:
    features = {row["id"]: row for row in pl.read_ndjson(written / "features.jsonl").to_dicts()}
    for path in sorted((written / "swaps").iterdir()):
        for row in pl.read_ndjson(path).to_dicts():
            mine = features[row["id"]]
            said = mine["pref_human" if row["is_swapped"] else "pref_gpt4"]
            side = said[0]
            assert row["chosen"][1]["content"] == mine[f"response_{side}"]
            assert row["chosen"][0] == {"role": "user", "content": mine["text"]}


def test_the_source_hyper_reads_the_features_back(written: Path) -> None:
    hyper = plugin("source", "hyper")
    path = written / "features.jsonl"
    raws = hyper.select([RawFile(path, path.name)])
    bundles = list(hyper.read(raws, hyper.params(name="again"), Context()))
    assert sum(bundle.tables["prompts"].height for bundle in bundles) == bundles[0].rows_in
    rows = pl.read_ndjson(path)
    outcomes = pl.concat([bundle.tables["judgments"] for bundle in bundles])["outcome"]
    n_ties = sum(rows[name].eq("tie").sum() for name in ("pref_human", "pref_gpt4"))
    assert outcomes.eq("tie").sum() == n_ties
    assert outcomes.len() == 2 * rows.height


def test_a_mix_is_no_longer_than_asked_for(tables: dict[str, pl.LazyFrame], tmp_path: Path) -> None:
    params = HyperFiles(votes=STEPS, n_mixes=1, n_samples=20, route_from=None)
    hyper_files.write(tables, params, Context(), tmp_path)
    (path,) = (tmp_path / "toy" / "swaps").iterdir()
    assert pl.read_ndjson(path).height == 20


def test_what_nobody_judged_makes_a_page_that_says_so(
    tables: dict[str, pl.LazyFrame], tmp_path: Path
) -> None:
    hyper_files.write(tables, HyperFiles(votes=("nobody",)), Context(), tmp_path)
    assert "nothing to write" in (tmp_path / "index.html").read_text()


def test_a_wrong_aspect_is_named(tables: dict[str, pl.LazyFrame], tmp_path: Path) -> None:
    hyper_files.write(tables, HyperFiles(votes=STEPS, aspect="taste"), Context(), tmp_path)
    assert "for the aspect taste" in (tmp_path / "index.html").read_text()
    told = (tmp_path / "summary.txt").read_text()
    assert told.startswith("0 comparisons")
    assert "aspect taste (--set aspect=NAME for another)" in told
