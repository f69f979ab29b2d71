"""A constitution judges, and what it says can be used like any other verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.constitution.ballots import Ballots, read_ballots
from prefdata.constitution.reconstruction import Measuring
from prefdata.constitution.selection import Choosing
from prefdata.constitution.verdict import decide
from prefdata.core.errors import DataError
from prefdata.protocols import Context, StageResult
from prefdata.recipes import Recipe
from prefdata.routing.votes import read_votes
from prefdata.runner import run
from prefdata.schema import check, conform, empty_frame, polars_schema, table_schema
from prefdata.stages.apply_constitution import ApplyConstitution, apply_constitution
from prefdata.testing.principle_tables import PAIRS, VOTES, principle_tables
from prefdata.testing.principle_world import principle_world
from prefdata.testing.votes import commit_frames

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SOURCE = "planted-principles"


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.LazyFrame]:
    """A world with its constitution; 6 % of the votes on the first principle failed."""
    world = principle_world(5, n_comparisons=500, n_annotators=0, n_null=6, groups=False)
    frames = principle_tables(world)
    ballots = read_ballots(frames, pairs=[PAIRS], votes=[VOTES])
    how = Choosing(n_half_samples=0, max_principles=4)
    decided = decide(ballots, how, measuring=Measuring(n_bootstraps=50, n_flips=100))
    assert decided.verdict == "holds"
    rows = decided.constitution.with_columns(
        source=pl.lit(_SOURCE),
        group_by=pl.lit("all"),
        group_value=pl.lit("all"),
        stage=pl.lit("constitution"),
    )
    return frames | {"constitutions": conform(rows, table_schema("constitutions")).lazy()}


@pytest.fixture(scope="module")
def ballots(tables: dict[str, pl.LazyFrame]) -> Ballots:
    return read_ballots(tables, pairs=[PAIRS], votes=[VOTES])


def _apply(
    tables: dict[str, pl.LazyFrame], files: dict[str, Path] | None = None, **params: Any
) -> StageResult:
    context = Context(source=_SOURCE, step="apply-constitution", files=files or {})
    result = apply_constitution.run(tables, ApplyConstitution(**params), context)
    n_rejects = 0 if result.rejects is None else result.rejects.height
    assert result.rows_in == result.rows_out + n_rejects
    for name, frame in result.tables.items():
        schema = table_schema(name)
        around = frame.with_columns(source=pl.lit(_SOURCE), stage=pl.lit("apply-constitution"))
        missing = [pl.lit(None).alias(c) for c in schema.columns if c not in around.columns]
        assert check(conform(around.with_columns(missing), schema), schema).rejects.is_empty()
    return result


def test_a_verdict_is_the_sum_of_weights(tables: dict[str, pl.LazyFrame], ballots: Ballots) -> None:
    result = _apply(tables)
    chosen = tables["constitutions"].collect()
    places = ballots.principles.with_row_index("at").join(
        chosen, on="principle_id", maintain_order="right"
    )
    odds = places["weight"].to_numpy() * np.where(places["is_opposite"], -1, 1)
    scores = ballots.signed[:, places["at"].to_numpy()] @ odds
    told = ballots.comparisons.with_columns(score=pl.Series(scores))
    judged = (
        result.tables["judgments"]
        .join(told, on="prompt_id")
        .filter(pl.col("response_ids").list.first() == pl.col("response_a_id"))
    )
    assert judged.height == result.tables["judgments"].height == result.rows_out
    assert np.allclose(
        judged["scores"].list.first().to_numpy(), 1 / (1 + np.exp(-judged["score"].to_numpy()))
    )
    is_a = judged["chosen"].list.first()
    assert (is_a == (judged["score"] > 0)).all()
    assert set(result.tables["annotators"]["kind"]) == {"rule"}
    rules = json.loads(result.tables["annotators"]["raw"][0])["principles"]
    assert [rule["sentence"] for rule in rules] == chosen["sentence"].to_list()


def test_failed_votes_are_rejected_and_no_ties(
    tables: dict[str, pl.LazyFrame], ballots: Ballots
) -> None:
    result = _apply(tables)
    assert result.rejects is not None
    assert set(result.rejects["rule"]) == {"failed-vote"}
    assert "could not be had: Select" in result.rejects["reason"][0]
    few = tables | {"votes": tables["votes"].head(400)}
    rejects = _apply(few).rejects
    assert rejects is not None
    assert (rejects["rule"] == "missing-vote").sum() == len(ballots.votes) - 400


def test_flags_name_what_weighs_most(tables: dict[str, pl.LazyFrame]) -> None:
    flags = _apply(tables, flag_at=0.7).tables["flags"]
    assert flags.height > 0
    assert (flags["value"] >= 0.7).all()
    assert flags["reason"].str.contains("above all by: Select the response").all()
    assert set(flags.select("subject", "flag").rows()) == {("pairs", "violates-constitution")}
    assert flags["id"].is_in(tables["pairs"].collect()["pair_id"].implode()).all()
    none = _apply(tables, flag_at=1.0)
    assert none.tables["flags"].is_empty()
    assert any("no pair is flagged" in note for note in none.notes)


def test_both_orders_of_a_tie_are_no_pairs_to_speak_against(
    tables: dict[str, pl.LazyFrame],
) -> None:
    flags = _apply(tables, flag_at=0.7).tables["flags"]
    pairs = tables["pairs"].collect()
    tied = pairs.filter(pl.col("pair_id") == flags["id"][0])
    other = tied.with_columns(
        pair_id=pl.lit("other way"), chosen_id="rejected_id", rejected_id="chosen_id"
    )
    result = _apply(tables | {"pairs": pl.concat([pairs, other]).lazy()}, flag_at=0.7)
    assert set(result.tables["flags"]["id"]) == set(flags["id"][1:])


def test_each_principle_may_judge_alone(tables: dict[str, pl.LazyFrame]) -> None:
    result = _apply(tables, each=True)
    names = result.tables["annotators"]["annotator_id"]
    assert names.len() == names.n_unique() == 1 + tables["constitutions"].collect().height
    by = result.tables["judgments"].group_by("annotator_id").agg(pl.len(), pl.col("scores").count())
    assert set(by["annotator_id"]) == set(names)
    assert result.tables["judgments"]["judgment_id"].is_unique().all()
    # Where a principle does not apply it says nothing.
    assert by["len"].sort()[0] < result.rows_out == by["len"].sort()[-1]
    assert (by["scores"] > 0).sum() == 1


def test_a_margin_makes_ties(tables: dict[str, pl.LazyFrame]) -> None:
    outcomes = [
        int((_apply(tables, margin=margin).tables["judgments"]["outcome"] == "tie").sum())
        for margin in (0.0, 0.5, 50.0)
    ]
    assert outcomes == sorted(outcomes)
    assert outcomes[-1] == _apply(tables).rows_out


def test_where_nothing_holds_nothing_is_written(tables: dict[str, pl.LazyFrame]) -> None:
    nothing = tables | {"constitutions": empty_frame(table_schema("constitutions")).lazy()}
    result = _apply(nothing)
    assert result.tables == {}
    assert result.rows_in == 500
    assert result.notes == (
        "the step constitution has no constitution: nothing holds, so nothing is judged",
    )
    group = _apply(tables, group_by="country", group_value="NL")
    assert "for country NL" in group.notes[0]
    none = {"pairs": empty_frame(table_schema("pairs")).lazy()}
    assert "no comparisons" in _apply(tables | none).notes[0]


def test_a_file_by_hand_judges(tables: dict[str, pl.LazyFrame], tmp_path: Path) -> None:
    sentence = tables["principles"].collect()["opposite"][0]
    path = tmp_path / "constitution.yaml"
    path.write_text(f"- {sentence}\n")
    params = ApplyConstitution(file=str(path))
    assert params.outside().files == (str(path),)
    assert params.outside().steps == (VOTES, PAIRS)
    result = _apply(tables, {str(path): path}, file=str(path))
    scores = result.tables["judgments"]["scores"].list.first().round(3)
    assert set(scores) == {0.269, 0.5, 0.731}
    path.write_text("- Select the response that rhymes.\n")
    with pytest.raises(DataError, match="Nobody voted on 1 of 1"):
        _apply(tables, {str(path): path}, file=str(path))


def test_words_stand_for_lists_and_for_nothing() -> None:
    params = ApplyConstitution.model_validate({"votes": "x", "pairs": "y", "file": "none"})
    assert (params.votes, params.pairs, params.file) == (("x",), ("y",), None)
    assert params.outside().steps == ("constitution", "x", "y")


def test_its_judgments_make_pairs_and_its_flags_leave_pairs_out(
    tables: dict[str, pl.LazyFrame], tmp_path: Path
) -> None:
    catalog = Catalog.create(tmp_path / "w")
    frames = {
        name: conform(
            frame.collect().select(polars_schema(table_schema(name)).keys()), table_schema(name)
        )
        for name, frame in tables.items()
    }
    commit_frames(catalog, frames, steps=(PAIRS, VOTES, "constitution"))
    steps: list[Any] = [
        {"stage": "apply-constitution", "params": {"flag_at": 0.7}},
        {
            "stage": "make-pairs",
            "name": "by-constitution",
            "params": {"judgments": "apply-constitution"},
        },
        {"stage": "select-pairs", "params": {"also_exclude": ["violates-constitution"]}},
    ]
    done = run(catalog, Recipe.model_validate({"name": "closed", "steps": steps}))
    assert next(each.rejected for each in done.steps) > 0
    pairs = catalog.scan("pairs", (_SOURCE,)).collect()
    made = pairs.filter(stage="by-constitution")
    judged = catalog.scan("judgments", (_SOURCE,)).collect()
    n_chosen = int((judged["outcome"] == "chosen").sum())
    assert made.height == n_chosen > 400
    assert made["annotator_id"].str.contains(":apply-constitution/constitution@").all()
    read = {name: catalog.scan(name, (_SOURCE,)) for name in ("pairs", "annotators", "prompts")}
    votes = read_votes(read, ["by-constitution"]).votes
    assert votes.height == made.height
    assert set(votes["kind"]) == {"rule"}  # Routing takes rules for an AI.
    decisions = catalog.scan("decisions", (_SOURCE,)).collect()
    flags = catalog.scan("flags", (_SOURCE,)).collect()
    out = decisions.filter(~pl.col("is_kept"))
    assert set(out["pair_id"]) == set(flags["id"]) != set()
    assert set(out["reason"]) == {"flag:violates-constitution"}
