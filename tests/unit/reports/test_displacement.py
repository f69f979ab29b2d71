"""The report of scores: its numbers hold, it mixes nothing, and it can be read by anybody."""

from __future__ import annotations

import csv
import itertools
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import DataError
from prefdata.protocols import Context
from prefdata.reports._displacement.figures import distribution_figure
from prefdata.reports._displacement.numbers import (
    ALL,
    axis,
    by_source,
    correlations,
    cuts,
    density,
    histogram,
)
from prefdata.reports._displacement.params import Displacement
from prefdata.reports._displacement.read import read_scores
from prefdata.reports._displacement.reading import pairs_to_read
from prefdata.reports.displacement import displacement

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

Frames = dict[str, pl.LazyFrame]

_FILTERED = Displacement(filter_from="filter-displacement", k=3)


def _write(frames: Frames, params: Displacement, out: Path) -> dict[str, bytes]:
    out.mkdir(parents=True)
    files = displacement.write(frames, params, Context(snapshot="abc123"), out)
    assert sorted(p for p in out.rglob("*") if p.is_file()) == sorted(files)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def written(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return _write(frames, _FILTERED, tmp_path_factory.mktemp("report") / "out")


@pytest.fixture(scope="module")
def numbers(written: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written["numbers.json"])
    return found


@pytest.fixture(scope="module")
def page(written: dict[str, bytes]) -> str:
    return written["index.html"].decode()


def _with(frames: Frames, **columns: pl.Expr) -> Frames:
    return {**frames, "scores": frames["scores"].with_columns(**columns)}


# --- the ledger -----------------------------------------------------------------------------------


def test_every_pair_is_counted_once(numbers: dict[str, Any], rows: pl.DataFrame) -> None:
    assert numbers["pairs"] == rows.height == sum(r["pairs"] for r in numbers["by_status"])
    ranked = rows.filter(pl.col("status").is_in(["ok", "truncated"])).height
    assert numbers["ranked"] == ranked == sum(r["pairs"] for r in numbers["by_fifth"])
    assert ranked == sum(r["pairs"] for r in numbers["by_refusals"])
    *each, whole = numbers["by_source"]
    assert whole["source"] == ALL
    for key in ("pairs", "ranked", "kept"):
        assert whole[key] == sum(row[key] for row in each)
    assert numbers["kept"] == whole["kept"] == math.ceil(ranked / 2)


def test_quantiles_are_those_of_the_ranked_pairs(
    numbers: dict[str, Any], rows: pl.DataFrame
) -> None:
    values = rows.filter(pl.col("status").is_in(["ok", "truncated"]))["ln_ches"].to_numpy()
    whole = numbers["by_source"][-1]
    for name, q in (("q05", 0.05), ("median", 0.5), ("q95", 0.95)):
        assert whole[name] == pytest.approx(np.quantile(values, q), rel=1e-12)


def test_fifths_are_of_one_size_and_in_order(numbers: dict[str, Any]) -> None:
    fifths = numbers["by_fifth"]
    assert [row["fifth"] for row in fifths] == [1, 2, 3, 4, 5]
    sizes = [row["pairs"] for row in fifths]
    assert max(sizes) - min(sizes) <= 1
    for one, two in itertools.pairwise(fifths):
        assert one["highest"] <= two["lowest"]
    assert fifths[0]["share_kept"] == 1
    assert fifths[4]["share_kept"] == 0


def test_scores_that_are_no_numbers_are_not_ranked(frames: Frames, rows: pl.DataFrame) -> None:
    odd = _with(
        frames, ches=pl.when(pl.int_range(pl.len()) % 9 == 0).then(math.inf).otherwise("ches")
    )
    scores = read_scores(odd, Displacement())
    assert scores.rows.height == rows.height
    assert scores.ranked.height < read_scores(frames, Displacement()).ranked.height
    assert scores.ranked["ches"].is_finite().all()


# --- Spearman, cuts, axes -------------------------------------------------------------------------


def test_correlations_are_spearmans() -> None:
    ranked = pl.DataFrame(
        {
            "ln_ches": [1.0, 2.0, 3.0, 4.0, 5.0],
            "ches": [5.0, 4.0, 3.0, 2.0, 1.0],
            "relative_ches": [1.0, None, math.nan, 2.0, 3.0],
            "length_difference": [1, 2, 3, 5, 4],
            "last_dot": [1.0] * 5,
            "edit_distance": [None] * 5,
        },
        schema_overrides={"edit_distance": pl.Float64},
    )
    found = {(s, w): (rho, n) for s, w, rho, n in correlations(ranked).iter_rows()}
    # 1 - 6 Σd² / (n (n² - 1)), d = 0, 0, 0, 1, -1.
    assert found["ln_ches", "length_difference"] == (pytest.approx(0.9), 5)
    assert found["ln_ches", "ches"] == (pytest.approx(-1), 5)
    assert found["relative_ches", "length_difference"][1] == 3
    assert found["ln_ches", "last_dot"] == (None, 5)  # It does not vary.
    assert found["ln_ches", "edit_distance"] == (None, 0)


def _ranked(**columns: list[Any]) -> pl.DataFrame:
    n = len(columns["flag"])
    zeros = {
        "source": ["s"] * n,
        **{name: [0.0] * n for name in ("ln_ches", "ches", "relative_ches")},
    }
    return pl.DataFrame({**zeros, **columns}, schema_overrides={"flag": pl.String})


@pytest.mark.parametrize("score", ["ln_ches", "ches", "relative_ches"])
def test_the_score_that_a_filter_cut_by_is_found(score: str) -> None:
    mixed = {"ln_ches": [1.0, 9.0, 2.0], "ches": [1.0, 9.0, 2.0], "relative_ches": [1.0, 9.0, 2.0]}
    ranked = _ranked(flag=[None, None, "high"], **{**mixed, score: [1.0, 2.0, 3.0]})
    (cut,) = cuts(ranked)
    assert (cut.score, cut.source, cut.kept, cut.left_out) == (score, ALL, 2.0, 3.0)


def test_a_filter_by_source_has_a_cut_for_each() -> None:
    ranked = _ranked(
        source=["a", "a", "b", "b"], ln_ches=[1.0, 5.0, 7.0, 9.0], flag=[None, "high", None, "high"]
    )
    assert [(cut.source, cut.kept) for cut in cuts(ranked)] == [("a", 1.0), ("b", 7.0)]


@pytest.mark.parametrize("flag", [[None, None], ["high", "high"], ["high", None]])
def test_what_no_score_explains_has_no_cut(flag: list[str | None]) -> None:
    values = [1.0, 2.0]
    assert cuts(_ranked(flag=flag, ln_ches=values, ches=values, relative_ches=values)) == []


_NUMBERS = st.floats(-1e12, 1e12).map(lambda x: round(x, 3))


@given(
    st.lists(st.tuples(_NUMBERS, _NUMBERS, st.sampled_from("abc")), max_size=40), st.integers(1, 9)
)
def test_no_pair_is_lost_in_bins(rows: list[tuple[float, float, str]], bins: int) -> None:
    frame = pl.DataFrame(
        rows, schema={"x": pl.Float64, "y": pl.Float64, "source": pl.String}, orient="row"
    )
    along, across = axis(frame, "x", bins), axis(frame, "y", bins)
    assert along.low < along.high
    counted = histogram(frame, along, ["a"])
    assert counted["pairs"].sum() == frame.height
    assert set(counted["source"]) <= {"a", "others"}
    inside = counted.drop_nulls("bin")
    assert inside["bin"].is_between(0, bins - 1).all()
    expected, _ = np.histogram(frame["x"].to_numpy(), along.edges)
    assert inside["pairs"].sum() == expected.sum()
    cells = density(frame, along, across)
    assert cells.shape == (bins, bins)
    both = frame.filter(
        pl.col("x").is_between(along.low, along.high),
        pl.col("y").is_between(across.low, across.high),
    )
    assert cells.sum() == both.height


# --- pairs to read --------------------------------------------------------------------------------


def test_the_pairs_to_read_are_the_ends_of_the_ranking(
    frames: Frames, rows: pl.DataFrame, written: dict[str, bytes]
) -> None:
    ranked = rows.filter(pl.col("status").is_in(["ok", "truncated"])).sort("ln_ches", "pair_id")
    lines = list(csv.DictReader(written["pairs.csv"].decode().splitlines()))
    by_list = {
        name: [line["pair_id"] for line in lines if line["list"] == name]
        for name in ("lowest", "highest", "identical")
    }
    assert by_list["lowest"] == ranked["pair_id"].to_list()[:3]
    assert by_list["highest"] == ranked["pair_id"].to_list()[:-4:-1]
    same = rows.filter(status="identical_responses")
    assert len(by_list["identical"]) == 3
    assert set(by_list["identical"]) <= set(same["pair_id"])
    assert same["ln_ches"].unique().to_list() == [0.0]


def test_a_pair_of_a_short_ranking_stands_in_one_list_only(frames: Frames) -> None:
    scores = read_scores(frames, Displacement())
    found = pairs_to_read(frames, scores, scores.ranked.head(5), 4)
    high, low = ([pair.row["pair_id"] for pair in part] for part in (found.highest, found.lowest))
    assert (len(low), len(high)) == (3, 2)
    assert not set(high) & set(low)


def test_system_prompts_and_turns_are_shown_with_their_roles(frames: Frames) -> None:
    turns = pl.lit([{"role": "user", "content": "One?"}, {"role": "assistant", "content": "Two."}])
    changed = {
        **frames,
        "prompts": frames["prompts"].with_columns(messages=turns, system=pl.lit("Be kind.")),
    }
    scores = read_scores(changed, Displacement())
    (low,) = pairs_to_read(changed, scores, scores.ranked, 1).lowest
    assert low.prompt is not None
    assert low.prompt.shown == "system: Be kind.\n\nuser: One?\n\nassistant: Two."


# --- the page -------------------------------------------------------------------------------------


def test_the_page_says_what_was_scored_and_what_the_score_means(page: str) -> None:
    for text in ("abc123", "models/toy", "float32", "score-ches", "filter-displacement"):
        assert text in page
    assert "Higher is worse" in page
    assert "no fraction that is right by default" in page
    assert "English" in page
    assert page.count("data:image/png;base64,") == 8


def test_nothing_of_the_data_is_markup_on_the_page(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_the_reason_of_the_filter_stands_on_the_page(page: str, numbers: dict[str, Any]) -> None:
    (cut,) = numbers["filter"]["cuts"]
    assert cut["score"] == "ln_ches"
    reason = next(r for r in numbers["filter"]["reasons"] if r["flag"] == "displacement")
    assert f"{cut['kept']:.6g}" in reason["reason"]
    assert reason["reason"] in page.replace("&#39;", "'")


def test_huge_texts_are_cut(frames: Frames, tmp_path: Path) -> None:
    huge = pl.lit("x" * 1_000_000)
    messages = pl.concat_list(pl.struct(role=pl.lit("assistant"), content=huge))
    changed = {**frames, "responses": frames["responses"].with_columns(messages=messages)}
    text = _write(changed, Displacement(k=2), tmp_path / "out")["index.html"].decode()
    assert text.count("x" * 7_400) == 2 * 2 * 3  # Two texts of two pairs in three lists.
    assert "x" * 7_401 not in text
    assert "992,000 others left out" in text
    assert len(text) < 1_000_000


def test_the_summary_fits_a_terminal(written: dict[str, bytes]) -> None:
    lines = written["summary.txt"].decode().splitlines()
    assert lines[0].startswith("displacement: ")
    assert max(map(len, lines)) <= 80


def test_the_same_rows_give_the_same_bytes_in_any_order(
    frames: Frames, written: dict[str, bytes], tmp_path: Path
) -> None:
    shuffled = {
        name: frame.collect().sample(fraction=1, shuffle=True, seed=3).lazy()
        for name, frame in frames.items()
    }
    assert _write(shuffled, _FILTERED, tmp_path / "out") == written


# --- odd catalogs ---------------------------------------------------------------------------------


def test_scores_of_two_models_are_refused(frames: Frames, tmp_path: Path) -> None:
    other = pl.when(pl.col("source") == "small").then(pl.lit("other")).otherwise("scorer")
    with pytest.raises(DataError, match="2 models") as caught:
        _write(_with(frames, scorer=other), Displacement(), tmp_path / "out")
    assert "one model" in str(caught.value.fix)


def test_scores_of_another_step_are_not_looked_at(frames: Frames) -> None:
    foreign = frames["scores"].with_columns(stage=pl.lit("other"), scorer=pl.lit("other"))
    both = {**frames, "scores": pl.concat([frames["scores"], foreign])}
    assert read_scores(both, Displacement()).rows.equals(read_scores(frames, Displacement()).rows)


def test_without_scores_the_page_says_so(frames: Frames, tmp_path: Path) -> None:
    empty = {**frames, "scores": frames["scores"].clear()}
    files = _write(empty, _FILTERED, tmp_path / "out")
    assert "scored no pair" in files["index.html"].decode()
    assert not [name for name in files if name.startswith("figures/")]
    assert json.loads(files["numbers.json"])["pairs"] == 0


def test_a_single_pair_is_no_trouble(frames: Frames, rows: pl.DataFrame, tmp_path: Path) -> None:
    ranked = rows.filter(status="ok").head(1)
    files = _write({**frames, "scores": ranked.lazy()}, Displacement(), tmp_path / "out")
    assert json.loads(files["numbers.json"])["ranked"] == 1
    assert "figures/length.png" in files


def test_equal_scores_and_missing_texts_are_no_trouble(frames: Frames, tmp_path: Path) -> None:
    same = {name: pl.lit(0.25) for name in ("ches", "ln_ches", "relative_ches", "last_dot")}
    flat = _with(frames, **same, n_pos=pl.lit(4, pl.Int32), n_neg=pl.lit(4, pl.Int32))
    gone = {**flat, "pairs": frames["pairs"].clear()}
    files = _write(gone, Displacement(k=1), tmp_path / "out")
    found = json.loads(files["numbers.json"])
    assert {row["rho"] for row in found["spearman"]} == {None}
    assert found["without_texts"] == found["ranked"] > 0
    assert "not in the catalog" in files["index.html"].decode()
    assert "figures/refusals.png" not in files


def test_many_sources_share_the_last_panel(rows: pl.DataFrame) -> None:
    heights = [
        distribution_figure(rows.filter(status="ok").with_columns(source=name), []).height
        for name in (pl.lit("one"), pl.format("source-{}", pl.int_range(pl.len()) % 30))
    ]
    assert heights[0] < heights[1] < 1100


def test_flags_are_read_only_where_a_step_filtered() -> None:
    assert "flags" not in Displacement().reads(displacement.reads)
    assert "flags" in _FILTERED.reads(displacement.reads)
    assert _FILTERED.outside().steps == ("score-ches", "filter-displacement")


def test_one_source_needs_no_sum() -> None:
    frame = pl.DataFrame(
        {
            "source": ["s"],
            "is_ranked": [True],
            "ln_ches": [1.0],
            "length_difference": [2],
            "flag": [None],
        }
    )
    assert by_source(frame)["source"].to_list() == ["s"]
