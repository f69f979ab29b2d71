"""PRISM as files: strict JSON but for NaN, ragged histories, sentinels, references that resolve."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.world import World, WorldSpec, write_world
from prefdata.testing.world.prism import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[dict[str, Any]]

__all__: list[str] = []


@pytest.fixture(scope="module")
def tables(world: World, rows_of: Callable[..., Rows]) -> dict[str, Rows]:
    folder = world.sources["prism"].folder
    return {
        name: rows_of(folder / f"{name}.jsonl", nan=name == "metadata")
        for name in ("survey", "conversations", "utterances", "metadata")
    }


def test_utterances_repeat_what_the_histories_say(tables: dict[str, Rows]) -> None:
    said = defaultdict(list)
    for row in tables["utterances"]:
        said[row["conversation_id"]].append(row)
    for conversation in tables["conversations"]:
        history = conversation["conversation_history"]
        models = [item for item in history if item["role"] == "model"]
        users = [item for item in history if item["role"] == "user"]
        assert all(set(item) == {"turn", "role", "content"} for item in users)
        assert len(users) == conversation["conversation_turns"]
        assert users[0]["content"] == conversation["opening_prompt"]
        rows = said[conversation["conversation_id"]]
        assert [m["content"] for m in models] == [row["model_response"] for row in rows]
        assert [m["if_chosen"] for m in models] == [row["if_chosen"] for row in rows]


def test_metadata_names_every_text_once(tables: dict[str, Rows]) -> None:
    kinds = Counter(row["column_id"] for row in tables["metadata"])
    assert kinds["model_response"] == len(tables["utterances"])
    assert kinds["open_feedback"] == len(tables["conversations"])
    assert kinds["self_description"] == kinds["system_string"] == len(tables["survey"])
    prompts = {row["interaction_id"] for row in tables["utterances"]}
    assert kinds["user_prompt"] == len(prompts)
    assert prompts == {
        row["interaction_id"] for row in tables["metadata"] if row["column_id"] == "user_prompt"
    }


def test_nan_is_a_bare_token_in_metadata_only(world: World, tables: dict[str, Rows]) -> None:
    text = (world.sources["prism"].folder / "metadata.jsonl").read_text(encoding="utf-8")
    assert '"pii_manual_flag": NaN' in text
    assert '"pii_manual_flag": 0.0' in text
    assert any(row["pii_flag"] for row in tables["metadata"])


def test_an_identical_response_is_chosen_too(world: World, tables: dict[str, Rows]) -> None:
    quirks = world.truth.table("quirks").rows_by_key("quirk", named=True)
    rows = tables["utterances"]
    for quirk in quirks["second_chosen"]:
        row = rows[quirk["row"]]
        turn = [r for r in rows if r["interaction_id"] == row["interaction_id"]]
        assert [r["if_chosen"] for r in turn] == [True, True]
        assert turn[0]["model_response"] == turn[1]["model_response"]
    assert {rows[q["row"]]["model_response"] for q in quirks["empty_string"]} == {EMPTY}


def test_repeated_openings_are_exact_copies(world: World, tables: dict[str, Rows]) -> None:
    quirks = world.truth.table("quirks").rows_by_key("quirk", named=True)
    near = world.truth.table("near_duplicates").rows_by_key("source", named=True)["prism"]
    prompts = [row["opening_prompt"] for row in tables["conversations"]]
    same = {place["row"] for place in quirks["same_opening"]}
    assert len(set(prompts)) == len(prompts) - len(same)
    assert {place["row"] for place in near if place["kind"] == "exact"} < same


def test_some_attributes_do_not_apply(tables: dict[str, Rows]) -> None:
    for name in ("performance_attributes", "choice_attributes"):
        values = [list(row[name].values()) for row in tables["conversations"]]
        assert any(None in row for row in values)
        assert all(len(row) == 7 for row in values)
        assert all(1 <= value <= 100 for row in values for value in row if value is not None)


@pytest.mark.slow
def test_distinct_texts_and_lengths_are_as_published(
    tmp_path: Path, rows_of: Callable[..., Rows]
) -> None:
    spec = WorldSpec(sources=("prism",))
    folder = write_world(tmp_path, spec).sources["prism"].folder
    utterances = rows_of(folder / "utterances.jsonl")
    conversations = rows_of(folder / "conversations.jsonl")
    assert len({row["user_prompt"] for row in utterances}) == 26_673
    assert len({row["opening_prompt"] for row in conversations}) == 7_811
    assert len({row["open_feedback"] for row in conversations}) == 7_953
    assert len({row["model_response"] for row in utterances}) == 66_614
    lengths = [len(row["model_response"]) for row in utterances]
    assert (min(lengths), max(lengths)) == (1, 4_630)
    assert sum(lengths) / len(lengths) == pytest.approx(565.3, rel=0.02)
    lengths = [len(row["user_prompt"]) for row in utterances]
    assert (min(lengths), max(lengths)) == (1, 1_311)
    lengths = [len(row["opening_prompt"]) for row in conversations]
    assert (min(lengths), max(lengths)) == (2, 1_195)
    for name, nulls in (("performance_attributes", 1_824), ("choice_attributes", 1_740)):
        assert sum(None in row[name].values() for row in conversations) == nulls
