"""Votes become one label for each comparison, and every comparison is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.core.errors import DataError, InternalError
from prefdata.protocols import Context, EmbedderParams, StageResult, VectorSet
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.stages.aggregate_votes import AggregateVotes, aggregate_votes
from prefdata.stages.make_pairs import MakePairs, make_pairs
from prefdata.tables.comparisons import comparison_ids
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []

_OTHER = {"x": "y", "y": "x", "=": "="}
_KINDS = {"u": "human", "m": "model"}


def _tables(build: Any, votes: list[str]) -> dict[str, pl.LazyFrame]:
    """Return tables of votes such as ``p0 u1 x clearly``; ``=`` is a tie, ``m1`` a model."""
    parts = [vote.split() for vote in votes]
    for name in sorted({part[1] for part in parts}):
        kind = _KINDS[name[0]]
        build.add("annotators", annotator_id=name, kind=kind, pool=name[2:] or None)
        if kind == "model":
            build.rows["annotators"][-1]["model"] = name
    for number, prompt in enumerate(sorted({part[0] for part in parts})):
        build.prompt(prompt, f"Question {prompt}", language="fr" if number % 2 else "en")
        build.response(f"{prompt}/x", "short words")
        build.response(f"{prompt}/y", "many more words than that")
    for prompt, who, said, *strength in parts:
        outcome = {"outcome": "tie"} if said == "=" else {}
        build.choose(
            f"{prompt}/{who}/overall", "xy", said.strip("="), strength=" ".join(strength), **outcome
        )
    tables: dict[str, pl.LazyFrame] = build.lazy()
    made = make_pairs.run(tables, MakePairs(tie="both-orders"), Context(step="votes"))
    pairs = made.tables["pairs"].with_columns(source=pl.lit("toy"), stage=pl.lit("votes"))
    tables["pairs"] = conform(pairs, table_schema("pairs")).lazy()
    types = polars_schema(table_schema("comparison_features"))
    tables["comparison_features"] = pl.LazyFrame(schema=types)
    return tables


def _run(tables: Mapping[str, pl.LazyFrame], **params: Any) -> StageResult:
    checked = AggregateVotes.model_validate({"votes": "votes", **params})
    result = aggregate_votes.run(tables, checked, Context(step="consensus", source="toy"))
    rejected = 0 if result.rejects is None else result.rejects.height
    assert result.rows_in == result.rows_out + rejected
    for table, frame in result.tables.items():
        filled = frame.with_columns(source=pl.lit("toy"), stage=pl.lit("consensus"))
        conform(filled, table_schema(table))
    return result


def _preferred(result: StageResult) -> dict[str, str | None]:
    """Return the key of the preferred response for each prompt; ``=`` for 0.5."""
    found = {}
    for row in result.tables["consensus"].to_dicts():
        side = {1.0: "response_a_id", 0.0: "response_b_id"}.get(row["label"])
        found[row["prompt_id"]] = row[side][-1] if side else row["label"] and "="
    return found


def _crowd(n: int = 40, *, seed: int = 0, flip: bool = False) -> list[str]:
    """Return votes of four good annotators, and of two who answer by chance."""
    generator = np.random.default_rng(seed)
    votes = []
    for i in range(n):
        right = generator.choice(["x", "y"])
        for who in range(6):
            skill = 0.9 if who < 4 else 0.5
            said = right if generator.random() < skill else _OTHER[right]
            votes.append(f"p{i:02} u{who} {_OTHER[said] if flip else said}")
    return votes


def test_the_majority_is_counted_as_by_hand(build: Any) -> None:
    votes = ["p0 u1 x", "p0 u2 x", "p0 u3 y", "p1 u1 x", "p1 u2 y", "p2 u1 =", "p2 u2 ="]
    result = _run(_tables(build, [*votes, "p2 u3 x", "p3 u1 x", "p3 u2 ="]), method="majority")
    assert _preferred(result) == {"p0": "x", "p1": "=", "p2": "=", "p3": "x"}
    rows = {row["prompt_id"]: row for row in result.tables["consensus"].to_dicts()}
    x_is_a = rows["p0"]["response_a_id"] == "p0/x"
    assert rows["p0"]["p_a"] == pytest.approx(2 / 3 if x_is_a else 1 / 3)
    assert (rows["p0"]["n_for_a"], rows["p0"]["n_for_b"]) == ((2, 1) if x_is_a else (1, 2))
    assert rows["p2"]["p_tie"] == pytest.approx(2 / 3)
    assert {row["label_from"] for row in rows.values()} == {"human"}
    assert result.rejects is not None
    reasons = dict(result.rejects.select("id", "rule").iter_rows())
    assert reasons == {
        rows["p1"]["comparison_id"]: "undecided",
        rows["p2"]["comparison_id"]: "tie",
    }


def test_a_pair_is_made_of_each_comparison_that_is_decided(build: Any) -> None:
    result = _run(_tables(build, ["p0 u1 x", "p0 u2 x", "p0 u3 y"]), method="majority")
    (pair,) = result.tables["pairs"].to_dicts()
    assert (pair["chosen_id"], pair["rejected_id"]) == ("p0/x", "p0/y")
    assert (pair["rule"], pair["n_votes"]) == ("consensus-majority", 3)
    assert (pair["judgment_id"], pair["annotator_id"], pair["strength"]) == (None, None, None)
    assert pair["margin"] == pytest.approx(1 / 3)
    assert pair["margin_unit"] == "difference of probabilities"
    (row,) = result.tables["consensus"].to_dicts()
    key = {"rule": pair["rule"], "key": row["comparison_id"]}
    frame = pl.DataFrame([key | {"one": "p0/x", "other": "p0/y"}])
    assert pair["pair_id"] == hash_tuple(frame, "rule", "key", "one", "other").item()
    named = comparison_ids(
        pl.DataFrame({"prompt_id": ["p0"], "aspect": ["overall"], "c": ["p0/y"], "r": ["p0/x"]}),
        "c",
        "r",
    )
    assert named["comparison_id"].item() == row["comparison_id"]


def test_ties_make_two_pairs_where_that_is_asked_for(build: Any) -> None:
    tables = _tables(build, ["p0 u1 =", "p0 u2 =", "p1 u1 x", "p1 u2 y", "p2 u1 x"])
    result = _run(tables, method="majority", tie="both-orders")
    pairs = result.tables["pairs"]
    assert (pairs.height, pairs["pair_id"].n_unique(), result.rows_out) == (5, 5, 3)
    tied = pairs.filter(pl.col("margin") == 0)
    assert sorted(tied["chosen_id"]) == ["p0/x", "p0/y", "p1/x", "p1/y"]


@pytest.mark.parametrize("method", ["majority", "dawid-skene", "one-coin", "auto"])
def test_swapping_the_answers_swaps_the_labels(build: Any, method: str) -> None:
    one, other = (
        _preferred(_run(_tables(type(build)(), _crowd(20, flip=flip)), method=method))
        for flip in (False, True)
    )
    assert {name: _OTHER[side or "="] for name, side in one.items()} == other


def test_who_answers_by_chance_is_found(build: Any) -> None:
    result = _run(_tables(build, _crowd()), min_labels=10)
    quality = result.tables["annotator_quality"].sort("annotator_id")
    good, bad = quality["reliability"][:4], quality["reliability"][4:]
    assert min(good.to_list()) > max(bad.to_list())
    assert quality["n"].to_list() == quality["n_shared"].to_list() == [40] * 6
    assert (quality["agreement_low"] <= quality["agreement"]).all()
    assert (quality["agreement"] <= quality["agreement_high"]).all()


def test_a_model_decides_only_where_no_person_voted(build: Any) -> None:
    votes = ["p0 u1 x", "p0 m1 y", "p1 m1 y", "p2 m1 ="]
    tables = _tables(build, votes)
    result = _run(tables, ai="fallback")
    assert _preferred(result) == {"p0": "x", "p1": "y", "p2": "="}
    rows = result.tables["consensus"].sort("prompt_id")
    assert rows["label_from"].to_list() == ["human", "ai", "ai"]
    assert rows.select("n_human", "n_ai").rows() == [(1, 1), (0, 1), (0, 1)]
    # The model is compared with people, and they with nobody.
    quality = {row["annotator_id"]: row for row in result.tables["annotator_quality"].to_dicts()}
    assert (quality["m1"]["n_shared"], quality["m1"]["agreement"]) == (1, 0.0)
    assert (quality["u1"]["n_shared"], quality["u1"]["agreement"]) == (0, None)
    ignored = _run(tables, ai="ignore")
    assert _preferred(ignored) == {"p0": "x", "p1": None, "p2": None}
    assert ignored.rejects is not None
    assert ignored.rejects["rule"].to_list() == ["no-votes"] * 2
    both = _run(tables, ai="vote", method="majority")
    assert _preferred(both) == {"p0": "=", "p1": "y", "p2": "="}
    assert both.tables["consensus"].sort("prompt_id")["label_from"].to_list()[0] == "both"


def test_a_model_is_as_probable_as_it_proved_to_be(build: Any) -> None:
    """Where people voted it is right on three of four; elsewhere that is what it is worth."""
    people = [f"p{i:02} u{who} x" for i in range(40) for who in range(3)]
    model = [f"p{i:02} m1 {'y' if i % 4 == 0 else 'x'}" for i in range(40)]
    result = _run(_tables(build, [*people, *model, "p98 m1 x", "p99 m1 y"]), group_by=())
    alone = result.tables["consensus"].filter(pl.col("label_from") == "ai")
    certain = (2 * alone["p_a"] - 1).abs()
    assert certain.to_list() == pytest.approx([0.5, 0.5], abs=0.05)
    assert _preferred(result)["p98"] == "x"
    assert _preferred(result)["p99"] == "y"


def test_a_model_is_never_read_as_the_opposite_of_what_it_says(build: Any) -> None:
    people = [f"p{i:02} u{who} x" for i in range(40) for who in range(2)]
    model = [f"p{i:02} m1 {'x' if i % 4 == 0 else 'y'}" for i in range(40)]
    result = _run(_tables(build, [*people, *model, "p99 m1 x"]), group_by=())
    assert _preferred(result)["p99"] == "="


def test_leanings_are_measured_where_they_are_known(build: Any) -> None:
    votes = [f"p{i} u1 x" for i in range(8)] + ["p0 u2 y", "p1 u2 ="]
    result = _run(_tables(build, votes))
    one, two = result.tables["annotator_quality"].sort("annotator_id").to_dicts()
    # x is shown first, and has fewer words.
    assert (one["first_share"], one["n_ordered"], one["longer_share"]) == (1.0, 8, 0.0)
    assert one["first_low"] > 0.5 > one["longer_high"]
    assert (two["first_share"], two["n_ordered"], two["n_ties"]) == (0.0, 1, 1)


def test_a_judge_in_both_orders_has_no_place(build: Any) -> None:
    tables = _tables(build, ["p0 m1 x", "p0 u1 x"])
    judgments = tables["judgments"].collect()
    is_model = pl.col("annotator_id") == "m1"
    verdict = judgments.filter(is_model).with_columns(stage=pl.lit("judge"))
    again = verdict.with_columns(
        judgment_id=pl.lit("again"), response_ids=pl.col("response_ids").list.reverse()
    )
    tables["judgments"] = pl.concat([judgments.filter(~is_model), verdict, again]).lazy()
    quality = _run(tables).tables["annotator_quality"].sort("annotator_id")
    assert quality["n_ordered"].to_list() == [0, 1]


def test_agreement_is_reported_of_all_and_by_group(build: Any) -> None:
    votes = [f"{vote}" for vote in _crowd(30)] + [f"p{i:02} m1 x" for i in range(30)]
    renamed = [vote.replace("u0 ", "u0expert ").replace("u1 ", "u1expert ") for vote in votes]
    result = _run(_tables(build, renamed), group_by=["pool", "language", "model"])
    rows = result.tables["agreements"]
    found = {
        (r["among"], r["group_by"], r["group_value"], r["coefficient"]): r for r in rows.to_dicts()
    }
    people = found["human", "all", "all", "krippendorff-nominal"]
    assert (people["n_comparisons"], people["n_judgments"], people["n_annotators"]) == (30, 180, 6)
    assert people["low"] < people["value"] < people["high"]
    experts = found["human", "pool", "expert", "krippendorff-nominal"]
    assert experts["n_annotators"] == 2
    assert experts["value"] > people["value"]
    cohen = found["human", "pool", "expert", "cohen"]["value"]
    assert cohen == pytest.approx(experts["value"], abs=0.05)
    assert found["human-ai", "model", "m1", "cohen"]["n_judgments"] == 210
    assert found["human-ai", "pool", "expert", "raw"]["n_judgments"] == 90
    assert {key[2] for key in found if key[1] == "language"} == {"en", "fr"}
    assert found["human", "language", "en", "fleiss"]["n_comparisons"] == 15
    assert ("ai", "all", "all", "raw") not in found  # One model cannot agree with itself.
    small = _run(_tables(type(build)(), _crowd(6)), group_by="language").tables["agreements"]
    assert small["group_by"].unique().to_list() == ["all"]


def test_agreement_by_tag_reads_the_features_of_the_step(build: Any) -> None:
    tables = _tables(build, _crowd(24))
    names = _run(tables).tables["consensus"].sort("prompt_id")["comparison_id"].to_list()
    types = polars_schema(table_schema("comparison_features"))
    rows = [
        {"comparison_id": name, "tags": ["law", "odd"] if i % 2 else ["law"], "stage": step}
        for step in ("features", "other")
        for i, name in enumerate(names)
    ]
    known = {k: types[k] for k in ("comparison_id", "tags", "stage")}
    tables["comparison_features"] = pl.LazyFrame(rows, schema=known)
    found = _run(tables, group_by="tag", features="features").tables["agreements"]
    tags = found.filter((pl.col("group_by") == "tag") & (pl.col("coefficient") == "raw"))
    assert dict(tags.select("group_value", "n_comparisons").iter_rows()) == {"law": 24, "odd": 12}
    with pytest.raises(ValidationError, match="needs features"):
        AggregateVotes(group_by=("tag",))


def test_strength_makes_the_difference_on_the_ordinal_scale(build: Any) -> None:
    votes = [f"p{i:02} u{w} {s}" for i, s in enumerate(["x", "y"] * 10) for w in (1, 2)]
    weak = [f"{v} {'clearly' if ' u1 ' in v else 'slightly'}" for v in votes]
    rows = _run(_tables(build, weak), group_by=()).tables["agreements"]
    values = dict(rows.select("coefficient", "value").iter_rows())
    assert values["krippendorff-nominal"] == 1.0
    assert 0 < values["krippendorff-ordinal"] < 1.0


class _Vectors:
    """Vectors in which the first number is whether a response is x; they stand for a model's."""

    def get(self, texts: pl.DataFrame, **_: object) -> VectorSet:
        ids = texts.unique("content_hash").sort("content_hash")
        is_x = ids["id"].str.ends_with("x").to_numpy()
        noise = np.random.default_rng(0).normal(size=(ids.height, 3))
        matrix = np.column_stack([np.where(is_x, 1.0, -1.0), noise]).astype(np.float32)
        nothing = pl.DataFrame(schema={"content_hash": pl.String})
        return VectorSet(ids["content_hash"], matrix, "e", "r", nothing, open=lambda: None)  # type: ignore[arg-type,return-value]


def _with_unlike_texts(tables: dict[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
    own = tables["responses"].with_columns(content_hash=pl.col("response_id"))
    return tables | {"responses": own}


@pytest.mark.parametrize("method", ["em-rm", "crowdlab"])
def test_methods_with_a_reward_find_who_answers_by_chance(build: Any, method: str) -> None:
    generator = np.random.default_rng(1)
    votes = [
        f"p{i:02} u{who} {'x' if generator.random() < (0.9 if who < 3 else 0.4) else 'y'}"
        for i in range(60)
        for who in generator.permutation(4)[:3]
    ]
    tables = _with_unlike_texts(_tables(build, [*votes, "p60 u0 =", "p60 u1 =", "p61 m1 y"]))
    params = AggregateVotes(votes=("votes",), method=method, embedder=EmbedderParams())  # type: ignore[arg-type]
    assert params.outside().models == (EmbedderParams(),)
    context = Context(step="consensus", vectors=_Vectors())
    result = aggregate_votes.run(tables, params, context)
    quality = result.tables["annotator_quality"].sort("annotator_id")["reliability"].to_list()
    assert min(quality[1:4]) > quality[4]
    sides = _preferred(result)
    assert sum(side == "x" for side in sides.values()) > 55
    # Of two ties the reward makes a choice; the other method lets them be.
    assert (sides["p60"], sides["p61"]) == ("x" if method == "crowdlab" else "=", "y")
    with pytest.raises(InternalError, match="no place for vectors"):
        aggregate_votes.run(tables, params, Context())


def test_crowdlab_says_what_it_cannot_weigh(build: Any) -> None:
    tables = _with_unlike_texts(_tables(build, ["p0 u1 x", "p1 u2 y"]))
    params = AggregateVotes(votes=("votes",), method="crowdlab")
    with pytest.raises(DataError, match="cannot weigh"):
        aggregate_votes.run(tables, params, Context(vectors=_Vectors()))


def test_votes_of_strangers_are_refused_with_the_parameter_that_names_them(build: Any) -> None:
    tables = _tables(build, ["p0 u1 x", "p0 m1 y"])
    tables["annotators"] = tables["annotators"].filter(pl.col("annotator_id") != "m1")
    with pytest.raises(DataError, match="1 votes are of annotators") as caught:
        _run(tables)
    assert "judgments" in str(caught.value.fix)


def test_notes_tell_what_labels_rest_on(build: Any) -> None:
    tables = _tables(build, ["p0 u1 x", "p0 u2 x", "p1 u1 x", "p2 m1 y"])
    rated = pl.when(pl.col("prompt_id") == "p1").then(pl.lit("ratings")).otherwise("rule")
    tables["pairs"] = tables["pairs"].with_columns(rule=rated)
    first, second, third = _run(tables).notes
    assert first == "3 comparisons: 2 by people, 1 by models"
    assert second.startswith("2 of them rest on one vote")
    assert "overall mix choices with comparisons of ratings" in third
    assert _run(tables, aspect="tone").notes == ()


def test_aspects_are_aggregated_by_themselves(build: Any) -> None:
    tables = _tables(build, _crowd(12))
    twice = pl.col("pair_id") + "2"
    flipped = tables["pairs"].with_columns(
        pair_id=twice, aspect=pl.lit("tone"), chosen_id="rejected_id", rejected_id="chosen_id"
    )
    tables["pairs"] = pl.concat([tables["pairs"], flipped])
    result = _run(tables)
    assert result.rows_in == 24
    rows = result.tables["annotator_quality"].sort("aspect", "annotator_id")
    one, other = (rows.filter(pl.col("aspect") == a)["agreement"] for a in ("overall", "tone"))
    assert one.to_list() == other.to_list()
    only = _run(tables, aspect=["tone"]).tables["consensus"]
    assert only["aspect"].unique().to_list() == ["tone"]


def test_features_are_read_only_where_they_are_named() -> None:
    declared = aggregate_votes.reads
    assert "comparison_features" not in AggregateVotes().reads(declared)
    named = AggregateVotes(features="f", judgments=("judge",))
    assert named.reads(declared) == declared
    assert named.outside().steps == ("make-pairs", "judge", "f")
    assert named.outside().models == ()
