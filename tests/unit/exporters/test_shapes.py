"""What several formats are made of."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.exporters._shapes import (
    LabelledRows,
    NewPrompts,
    conversation,
    is_evaluation,
    last_text,
    models,
    system_text,
    turns,
    write_beside,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _say(*said: str) -> list[dict[str, str]]:
    return [dict(zip(("role", "content"), turn.split("|", 1), strict=True)) for turn in said]


_TALK = _say("system|Be kind.", "user|a", "assistant|b", "user|c")


def test_a_prompt_is_taken_apart(pairs: Any) -> None:
    row = (
        pairs({"prompt": _TALK}, {"prompt": _say("user|q")}, {"prompt": []})
        .select(system=system_text(), turns=turns(), last=last_text("prompt"))
        .to_dicts()
    )
    assert row[0] == {"system": "Be kind.", "turns": _TALK[1:], "last": "c"}
    assert row[1] == {"system": "", "turns": _say("user|q"), "last": "q"}
    assert row[2] == {"system": "", "turns": [], "last": None}


def test_a_conversation_is_the_prompt_and_a_response(pairs: Any) -> None:
    frame = pairs({"prompt": _TALK, "chosen": _say("assistant|d")})
    assert frame.select(conversation("chosen")).item().to_list() == [*_TALK, *_say("assistant|d")]


def test_a_model_that_nobody_named_is_unknown(pairs: Any) -> None:
    frame = pairs({"chosen_model": "m"}).select(models())
    assert frame.rows(named=True) == [{"chosen_model": "m", "rejected_model": "unknown"}]


def _labels(frame: pl.DataFrame, size: int) -> dict[str, list[tuple[str, bool]]]:
    """Return of each split the pairs and labels of its rows, in order."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for rows in LabelledRows.of(frame.iter_slices(size)):
        for split, pair, label in rows.select("split", "pair_id", "label").iter_rows():
            found.setdefault(split, []).append((pair, label))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_no_response_stands_beside_the_other_of_its_pair(pairs: Any, size: int) -> None:
    frame = pairs(*({"split": ("train", "test", None)[number % 3]} for number in range(14)))
    found = _labels(frame, size)
    assert found == _labels(frame, 5)
    assert sorted(row for rows in found.values() for row in rows) == sorted(
        (pair, label) for pair in frame["pair_id"] for label in (True, False)
    )
    for rows in found.values():
        assert all(one[0] != other[0] for one, other in pairwise(rows))


def test_responses_keep_their_labels(pairs: Any) -> None:
    rows = pl.concat(LabelledRows.of(iter([pairs({}, {})])))
    texts = rows.select(last_text("response"), "label").rows()
    assert [text.split()[0] for text, _ in texts] == ["Good", "Good", "Bad", "Bad"]
    assert [label for _, label in texts] == [True, True, False, False]


def test_a_prompt_comes_once(pairs: Any) -> None:
    same = {"prompt": _say("user|same")}
    prompts = NewPrompts()
    kept = [prompts.of(part) for part in pairs(same, {}, same, same, {}).iter_slices(2)]
    assert pl.concat(kept)["pair_id"].to_list() == ["pair0", "pair1", "pair4"]


def test_splits_to_test_on_are_known_by_name() -> None:
    assert all(map(is_evaluation, ("test", "val_1", "validation", "Dev", "heldout", "eval.a")))
    assert not any(map(is_evaluation, ("train", "unsplit", "contest")))


def test_nothing_is_written_beside_no_data(tmp_path: Path) -> None:
    assert write_beside([], "info.json", "{}") == []
    assert list(tmp_path.iterdir()) == []
    data = tmp_path / "train.jsonl"
    data.touch()
    assert write_beside([data], "info.json", "é\n") == [tmp_path / "info.json", data]
    assert (tmp_path / "info.json").read_bytes() == "é\n".encode()
