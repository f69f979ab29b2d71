from __future__ import annotations

from typing import Any

import polars as pl

from prefdata.protocols import Context, NoParams
from prefdata.schema import check, conform, table_schema
from prefdata.stages.flag_quality import flag_quality
from prefdata.stages.make_pairs import MakePairs, make_pairs
from prefdata.stages.select_pairs import SelectPairs, select_pairs

__all__: list[str] = []


def _pair(build: Any, name: str, **more: Any) -> None:
    row: dict[str, Any] = {
        "pair_id": name,
        "prompt_id": f"{name}-prompt",
        "chosen_id": f"{name}-chosen",
        "rejected_id": f"{name}-rejected",
        "judgment_id": f"{name}-judgment",
        "annotator_id": "ann",
        "aspect": "overall",
        "rule": "pairs",
        "stage": "make-pairs",
    }
    build.add("pairs", **(row | more))


def _flag(build: Any, name: str, subject: str, flag: str, stage: str = "flag-quality") -> None:
    build.add("flags", id=name, subject=subject, flag=flag, stage=stage)


def _decide(build: Any, **params: Any) -> dict[str, list[str] | None]:
    result = select_pairs.run(build.lazy(), SelectPairs(**params), Context())
    decisions = result.tables["decisions"]
    assert result.rows_in == result.rows_out == decisions.height
    contract = table_schema("decisions")
    rows = decisions.with_columns(source=pl.lit("toy"), stage=pl.lit("s"))
    assert check(conform(rows, contract), contract).rejects.is_empty()
    assert (decisions["is_kept"] == decisions["reasons"].is_null()).all()
    return dict(decisions.select("pair_id", "reasons").iter_rows())


def test_a_flag_on_any_part_leaves_a_pair_out(build: Any) -> None:
    parts = {
        "prompt": "prompts",
        "chosen": "responses",
        "rejected": "responses",
        "judgment": "judgments",
    }
    for part, subject in parts.items():
        _pair(build, part)
        _flag(build, f"{part}-{part}", subject, "bad")
    _pair(build, "self")
    _flag(build, "self", "pairs", "bad")
    _pair(build, "other", annotator_id="bob")
    _flag(build, "bob", "annotators", "bad")
    _pair(build, "good")
    _flag(build, "good-prompt", "responses", "bad")  # another table's key
    decided = _decide(build, exclude_flags=["bad"])
    assert decided.pop("good") is None
    assert all(reasons == ["flag:bad"] for reasons in decided.values())
    assert len(decided) == 6


def test_reasons_come_in_the_order_of_the_recipe(build: Any) -> None:
    _pair(build, "p", margin=1.0, margin_unit="points")
    _flag(build, "p-chosen", "responses", "b")
    _flag(build, "p-rejected", "responses", "b")
    _flag(build, "p-prompt", "prompts", "a")
    _flag(build, "p-prompt", "prompts", "c")
    decided = _decide(build, exclude_flags=["b", "a"], min_margin=2)
    assert decided == {"p": ["flag:b", "flag:a", "margin-below-minimum"]}


def test_only_flags_of_the_named_steps_count(build: Any) -> None:
    _pair(build, "p")
    _flag(build, "p-prompt", "prompts", "a", stage="ingest")
    assert _decide(build, exclude_flags=["a"], flags_from=["flag-quality"]) == {"p": None}
    assert _decide(build, exclude_flags=["a"], flags_from=["ingest"]) == {"p": ["flag:a"]}
    assert _decide(build, exclude_flags=[]) == {"p": None}


def test_only_pairs_of_the_named_step_are_decided_on(build: Any) -> None:
    _pair(build, "p")
    _pair(build, "q", stage="other")
    assert list(_decide(build)) == ["p"]
    assert list(_decide(build, pairs="other")) == ["q"]


def test_a_pair_without_a_margin_is_not_below_it(build: Any) -> None:
    _pair(build, "none")
    _pair(build, "small", margin=1.0, margin_unit="points")
    _pair(build, "equal", margin=2.0, margin_unit="points")
    assert _decide(build, min_margin=2) == {
        "none": None,
        "small": ["margin-below-minimum"],
        "equal": None,
    }


def test_pairs_can_be_kept_by_split(build: Any) -> None:
    for name, split in (("p", "train"), ("q", "test")):
        _pair(build, name)
        build.add(
            "splits", prompt_id=f"{name}-prompt", split=split, spot=0.5, stage="split-by-prompt"
        )
    _pair(build, "unknown")
    assert _decide(build, splits=["train"]) == {
        "p": None,
        "q": ["split-not-selected"],
        "unknown": ["split-not-selected"],
    }


def test_no_pairs_give_no_decisions(build: Any) -> None:
    assert _decide(build) == {}


def test_the_default_keeps_the_regular_real_rows(harmless: dict[str, pl.DataFrame]) -> None:
    tables = {name: frame.lazy() for name, frame in harmless.items()}
    flags = flag_quality.run(tables, NoParams(), Context()).tables["flags"]
    pairs = make_pairs.run(tables, MakePairs(), Context()).tables["pairs"]
    derived = {
        "flags": flags.with_columns(stage=pl.lit("flag-quality")).lazy(),
        "pairs": pairs.with_columns(stage=pl.lit("make-pairs")).lazy(),
        "splits": pl.LazyFrame(schema={"prompt_id": pl.String, "split": pl.String}),
    }
    decisions = select_pairs.run(derived, SelectPairs(), Context()).tables["decisions"]
    assert decisions["is_kept"].sum() == 2299
    assert decisions.height == 2312


def test_flags_on_pairs_leave_out_what_is_also_excluded(build: Any) -> None:
    for name in ("high", "low"):
        _pair(build, name)
    _flag(build, "high", "pairs", "displacement", "filter-displacement")
    assert _decide(build) == {"high": None, "low": None}
    found = _decide(build, also_exclude=["displacement", "empty-response"])
    assert found == {"high": ["flag:displacement"], "low": None}


def test_a_note_tells_of_flags_on_pairs_that_leave_none_out(build: Any) -> None:
    _pair(build, "high")
    _flag(build, "high", "pairs", "displacement", "filter-displacement")
    _flag(build, "high-chosen", "responses", "odd")
    every = [SelectPairs(also_exclude=also) for also in ([], ["displacement"])]
    notes = [
        select_pairs.notes([select_pairs.run(build.lazy(), params, Context())], params)
        for params in every
    ]
    assert notes[1] == ()
    (told,) = notes[0]
    assert told.startswith("1 pairs are flagged 'displacement' and stay")


def test_prompts_of_later_turns_can_be_left_out(build: Any) -> None:
    for name, turn in (("first", 0), ("later", 2)):
        _pair(build, name)
        build.add("prompts", prompt_id=f"{name}-prompt", turn=turn, messages=[], content_hash=name)
    assert _decide(build) == {"first": None, "later": None}
    assert _decide(build, first_turns=True) == {"first": None, "later": ["later-turn"]}
    assert "prompts" not in SelectPairs().reads(select_pairs.reads)
    assert "prompts" in SelectPairs(first_turns=True).reads(select_pairs.reads)
