"""Community Alignment as a file: CSV that needs a real reader, ids that need integers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.testing.world.community_alignment import COLUMNS, FILE

if TYPE_CHECKING:
    from prefdata.testing.world import World

__all__: list[str] = []


@pytest.fixture(scope="module")
def frame(world: World) -> pl.DataFrame:
    path = world.sources["community-alignment"].folder / FILE
    return pl.read_csv(path, infer_schema_length=None)


def test_the_columns_are_those_of_v1_1(world: World, frame: pl.DataFrame) -> None:
    assert tuple(frame.columns) == COLUMNS
    assert len(COLUMNS) == 41
    assert frame.height == world.sources["community-alignment"].rows[FILE] == 1_805


def test_ids_collide_as_floats_only(frame: pl.DataFrame) -> None:
    ids = frame["conversation_id"]
    assert ids.dtype == pl.Int64
    assert ids.n_unique() == frame.height
    assert ids.min() > 2**53  # type: ignore[operator]  # polars types any scalar
    assert ids.cast(pl.Float64).n_unique() < frame.height


def test_another_reader_sees_the_same(world: World, frame: pl.DataFrame) -> None:
    path = world.sources["community-alignment"].folder / FILE
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["first_turn_response_a"] for row in rows] == frame[
        "first_turn_response_a"
    ].to_list()
    assert any("\n" in row["first_turn_response_a"] for row in rows)
    assert any("," in row["annotator_political"] for row in rows)
    assert {row["is_pregenerated_first_prompt"] for row in rows} == {"True", "False"}


def test_planted_rows_show_their_quirk(world: World, frame: pl.DataFrame) -> None:
    rows = frame.rows(named=True)
    quirks = world.truth.table("quirks").filter(pl.col("source") == "community-alignment")
    turns = ("first", "second", "third", "fourth")
    for place in quirks.iter_rows(named=True):
        row = rows[place["row"]]
        prompts = [row[f"{turn}_turn_prompt"] is not None for turn in turns]
        preferred = [row[f"{turn}_turn_preferred_response"] is not None for turn in turns]
        texts = [[row[f"{turn}_turn_response_{x}"] for x in "abcd"] for turn in turns]
        match place["quirk"]:
            case "missing_middle_turn":
                assert prompts != sorted(prompts, reverse=True)
            case "no_preference":
                assert sum(prompts) == sum(preferred) + 1
            case "duplicate_candidate":
                assert any(four[0] and four[0] == four[3] for four in texts)
            case "missing_candidate":
                assert any(four[0] and four[2] is None for four in texts)
            case "end_of_text":
                assert any("<|end_of_text|>" in (t or "") for four in texts for t in four)
    assert set(quirks["quirk"]) == {
        "missing_middle_turn", "no_preference", "duplicate_candidate", "missing_candidate",
        "end_of_text", "shuffled_letters", "same_set_twice", "other_language",
    }  # fmt: skip


def test_a_preference_names_a_candidate_that_is_there(frame: pl.DataFrame) -> None:
    for turn in ("first", "second", "third", "fourth"):
        for letter in "abcd":
            preferred = pl.col(f"{turn}_turn_preferred_response") == f"response_{letter}"
            missing = frame.filter(preferred & pl.col(f"{turn}_turn_response_{letter}").is_null())
            assert missing.is_empty()


def test_the_truth_knows_the_length_of_responses(world: World, frame: pl.DataFrame) -> None:
    truth = world.truth.table("responses").filter(pl.col("source") == "community-alignment")
    first = truth.filter((pl.col("turn") == 0) & (pl.col("position") == 0))
    lengths = frame.select(
        pl.int_range(pl.len()).cast(pl.Int64).alias("row"),
        length=pl.col("first_turn_response_a").str.len_chars(),
        language="assigned_lang",
    )
    joined = first.join(lengths, on="row").filter(language="en")
    assert joined.select(pl.corr("detail", "length")).item() > 0.8
