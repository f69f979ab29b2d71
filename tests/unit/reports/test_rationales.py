"""The report of a gate: its numbers hold, and it says what the gate cannot see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.protocols import Context
from prefdata.reports._rationales import numbers as counted
from prefdata.reports._rationales.params import Rationales
from prefdata.reports._rationales.read import Gated, read_gated
from prefdata.reports._rationales.reading import told_to_read
from prefdata.reports.rationales import rationales
from prefdata.testing.gates import gated_rows

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

Frames = dict[str, pl.LazyFrame]


@pytest.fixture(scope="module")
def tables(frames: Frames) -> Frames:
    """Return the frames of the catalog, with made-up rationales of all pairs."""
    gated = gated_rows(frames["pairs"].collect())
    return {**frames, **{name: frame.lazy() for name, frame in gated.items()}}


@pytest.fixture(scope="module")
def gated(tables: Frames) -> Gated:
    return read_gated(tables, Rationales())


@pytest.fixture(scope="module")
def written(tables: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    files = rationales.write(tables, Rationales(k=2), Context(snapshot="abc"), out)
    assert sorted(files) == sorted(path for path in out.rglob("*") if path.is_file())
    return out


def test_every_rationale_is_counted_once(gated: Gated) -> None:
    assert gated.rows.height == 220
    assert counted.by_group(gated, ["source"])["rationales"].sum() == 220
    assert counted.pairs_by_kind(gated)["pairs"].sum() == 220
    assert counted.status_counts(gated)["rationales"].sum() == 220
    assert counted.by_group(gated, ["kind"])["kept"].sum() == gated.rows["is_kept"].sum()


def test_shares_stand_in_their_intervals(gated: Gated) -> None:
    for frame in (
        counted.by_check(gated),
        counted.by_order(gated),
        counted.by_attempt(gated),
        counted.power(gated),
    ):
        assert frame.height
        assert frame.filter(
            ~pl.col("share").is_between(pl.col("low") - 1e-12, pl.col("high") + 1e-12)
        ).is_empty()


def test_checks_that_abstain_are_not_in_the_share(gated: Gated) -> None:
    silent = gated.checks.with_columns(
        is_passed=pl.when(pl.col("check_name") != "stance").then("is_passed")
    )
    found = counted.by_check(Gated(gated.rows, silent, gated.power)).filter(check_name="stance")
    assert found.select("decided", "failed", "abstained", "share").row(0) == (
        0,
        0,
        found["seen"][0],
        None,
    )


def test_the_whole_gate_is_held_against_what_is_required(gated: Gated) -> None:
    found = counted.whole_gate(gated)
    assert found.select("control", "n", "is_met").rows() == [
        ("clean", 400, True),
        ("altered-quote", 400, True),
        ("label-leak", 400, True),
        ("permuted", 400, False),
    ]


def test_a_miss_in_one_source_is_not_pooled_away(gated: Gated) -> None:
    is_small = pl.col("source") == "small"
    missed = gated.power.with_columns(
        is_met=pl.when(is_small & (pl.col("control") == "altered-quote"))
        .then(pl.when(pl.col("check_name") == "any").then(statement=False))
        .otherwise("is_met")
    )
    found = counted.whole_gate(Gated(gated.rows, gated.checks, missed))
    (row,) = found.filter(control="altered-quote").to_dicts()
    assert (row["is_met"], row["n_missed"], row["n_groups"]) == (False, 1, 2)
    assert row["share"] > row["required"]


def test_rationales_to_read_are_drawn_by_their_names(tables: Frames, gated: Gated) -> None:
    found = told_to_read(tables, gated, 2)
    assert set(found) == {"length", "label-leak", "stance"}
    for check, shown in found.items():
        assert len(shown) == 2
        for one in shown:
            assert check in one.row["failed"]
            assert one.why == (f"{check}: made up to fail",)
            assert one.prompt is not None
            assert one.chosen is not None
    reversed_rows = Gated(gated.rows.reverse(), gated.checks, gated.power)
    again = told_to_read(tables, reversed_rows, 2)
    assert [s.row["rationale_id"] for s in again["length"]] == [
        s.row["rationale_id"] for s in found["length"]
    ]


def test_the_page_says_what_is_not_as_required(written: Path) -> None:
    page = (written / "index.html").read_text(encoding="utf-8")
    assert "Not seen as required: general: permuted" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert sorted(path.name for path in (written / "figures").iterdir()) == [
        "checks.png",
        "length.png",
        "power.png",
    ]


def test_the_numbers_are_those_of_the_page(written: Path) -> None:
    found: dict[str, Any] = json.loads((written / "numbers.json").read_text(encoding="utf-8"))
    assert found["rationales"] == 220
    assert {row["control"] for row in found["gate"]} == {
        "clean",
        "altered-quote",
        "label-leak",
        "permuted",
    }
    summary = (written / "summary.txt").read_text(encoding="utf-8").splitlines()
    assert summary[0] == "rationales: 220 went through gate-rationales"
    assert all(len(line) <= 80 for line in summary)
    assert any("permuted" in line and line.endswith("NO") for line in summary)
