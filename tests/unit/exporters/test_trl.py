from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.exporters.trl import Trl, trl

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _write(frame: pl.DataFrame, out: Path, **params: Any) -> list[dict[str, Any]]:
    """Write one split, as both kinds of file, and return its rows."""
    paths = trl.write(iter([frame]), out, Trl(file="both", **params))
    assert [path.name for path in paths] == ["train.jsonl", "train.parquet"]
    rows = [json.loads(line) for line in paths[0].read_text(encoding="utf-8").split("\n") if line]
    assert pl.read_parquet(paths[1]).to_dicts() == rows
    return rows


def _say(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def test_explicit_pairs_keep_prompt_and_both_answers(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({})
    (row,) = _write(frame, tmp_path)
    assert list(row) == ["prompt", "chosen", "rejected"]
    assert row == frame.select("prompt", "chosen", "rejected").to_dicts()[0]


def test_implicit_pairs_are_whole_conversations(pairs: Any, tmp_path: Path) -> None:
    prompt = _say("system", "s") + _say("user", "u")
    chosen, rejected = _say("assistant", "a"), _say("assistant", "b")
    frame = pairs({"prompt": prompt, "chosen": chosen, "rejected": rejected})
    assert _write(frame, tmp_path, kind="implicit") == [
        {"chosen": prompt + chosen, "rejected": prompt + rejected}
    ]


def test_unpaired_rows_have_real_labels(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs({}, {}), tmp_path, kind="unpaired")
    assert [list(row) for row in rows] == [["prompt", "completion", "label"]] * 4
    assert [row["label"] for row in rows] == [True, True, False, False]
    assert rows[2]["completion"][0]["content"] == "Bad 0."


def test_kto_gives_no_prompt_the_other_response_of_its_pair(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(*[{}] * 9)
    paths = trl.write(frame.iter_slices(4), tmp_path, Trl(kind="unpaired", messages=False))
    prompts = pl.read_parquet(paths[0])["prompt"].to_list()
    assert sorted(prompts) == sorted(2 * [f"Question {i} “é”?" for i in range(9)])
    # As its trainer does: the responses of a batch move on by one, the last to the first.
    for size in (2, 4, 6):
        batches = [prompts[start : start + size] for start in range(0, len(prompts), size)]
        assert all(
            a != b
            for batch in batches
            for a, b in zip(batch, [batch[-1], *batch[:-1]], strict=True)
        )


def test_prompts_come_once_by_their_words(pairs: Any, tmp_path: Path) -> None:
    same = _say("user", "same")
    frame = pairs({"prompt": same}, {}, {"prompt": same}, {"prompt": same}, {})
    paths = trl.write(frame.iter_slices(2), tmp_path, Trl(kind="prompt-only"))
    prompts = pl.read_parquet(paths[0])["prompt"].list.first().struct.field("content")
    assert prompts.to_list() == ["same", "Question 1 “é”?", "Question 4 “é”?"]


def test_strings_hold_one_turn_each(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs({}), tmp_path, messages=False)
    assert row["prompt"] == "Question 0 “é”?"
    assert row["rejected"] == "Bad 0."


_TALK = _say("user", "a") + _say("assistant", "b") + _say("user", "c")
_TAIL = _say("assistant", "a") + _say("user", "b") + _say("assistant", "c")
_ODD: dict[str, dict[str, Any]] = {
    "no prompt": {"prompt": []},
    "blank prompt": {"prompt": _say("user", " \n")},
    "no answer": {"rejected": []},
    "blank answer": {"chosen": _say("assistant", "")},
    "same": {"chosen": _say("assistant", "x"), "rejected": _say("assistant", "x")},
    "talk": {"prompt": _TALK},
    "system": {"prompt": _say("system", "s") + _say("user", "a")},
    "tool": {"prompt": [*_say("user", "a"), *_say("assistant", "b"), *_say("tool", "c")]},
    "answered": {"prompt": _say("user", "a") + _say("assistant", "b")},
    "tail": {"chosen": _TAIL},
    "rejected tail": {"rejected": _TAIL},
    "asks": {"rejected": _say("user", "a")},
}
_EMPTY = {"no prompt": "empty-prompt", "blank prompt": "empty-prompt"}
_BLANK = {"no answer": "empty-response", "blank answer": "empty-response"}
_OPEN = {"answered": "last-turn-not-user"}
_PAIRED = {**_EMPTY, **_BLANK, "same": "identical-responses", "asks": "response-not-assistant"}
_SEVERAL = {"talk": "several-turns", "system": "system-prompt", "answered": "several-turns"}
_SEVERAL |= {"tool": "several-turns"}
_TAILS = {"tail": "divergent-tail", "rejected tail": "divergent-tail", "asks": "divergent-tail"}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {**_PAIRED, **_OPEN}),
        ({"kind": "unpaired"}, {**_PAIRED, **_OPEN}),
        # A reward model reads whole conversations.
        ({"kind": "implicit"}, _PAIRED),
        ({"kind": "prompt-only"}, {**_EMPTY, **_OPEN}),
        ({"kind": "prompt-completion"}, {**_EMPTY, "blank answer": "empty-response", **_OPEN}),
        ({"kind": "messages"}, {**_EMPTY, "blank answer": "empty-response"}),
        ({"messages": False}, {**_PAIRED, **_SEVERAL, **_TAILS}),
        ({"kind": "prompt-only", "messages": False}, {**_EMPTY, **_SEVERAL}),
        (
            {"kind": "prompt-completion", "messages": False},
            {**_EMPTY, "blank answer": "empty-response", **_SEVERAL, "tail": "divergent-tail"},
        ),
    ],
)
def test_what_trl_fails_on_or_learns_wrong_is_left_out(
    pairs: Any, params: dict[str, Any], expected: dict[str, str]
) -> None:
    unfit = trl.unfit
    assert unfit is not None
    found = unfit(pairs(*_ODD.values(), {}), Trl(**params)).to_list()
    assert {name: why for name, why in zip(_ODD, found, strict=False) if why} == expected
    assert found[-1] is None


def test_a_string_keeps_the_space_that_it_begins_with(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({"prompt": _say("user", "The sky is"), "chosen": _say("assistant", " blue.")})
    (row,) = _write(frame, tmp_path, messages=False, kind="prompt-completion")
    assert row == {"prompt": "The sky is", "completion": " blue."}


def test_a_chosen_response_comes_once_with_its_prompt(pairs: Any, tmp_path: Path) -> None:
    asked, best = _say("user", "q"), _say("assistant", "best")
    over = [{"prompt": asked, "chosen": best}] * 3
    frame = pairs(*over, {"prompt": asked}, {"chosen": best})
    rows = _write(frame, tmp_path / "a", kind="prompt-completion")
    assert [row["completion"][0]["content"] for row in rows] == [
        "best",
        "Good 3.\nÜber\u2028",
        "best",
    ]
    talks = _write(frame, tmp_path / "b", kind="messages")
    assert [row["messages"] for row in talks] == [row["prompt"] + row["completion"] for row in rows]


def test_a_margin_is_on_every_row(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs({"margin": 1.5}, {}), tmp_path, with_margin=True)
    assert [row["margin"] for row in rows] == [1.5, 0.0]


def test_contradicting_parameters_are_refused() -> None:
    for kind in ("implicit", "messages"):
        with pytest.raises(ValidationError, match=f"{kind} needs messages"):
            Trl(kind=kind, messages=False)
    with pytest.raises(ValidationError, match="with_margin needs pairs"):
        Trl(kind="unpaired", with_margin=True)


@pytest.mark.filterwarnings("default")  # what the library warns of is not ours
@pytest.mark.parametrize(
    "kind",
    ["explicit", "implicit", "unpaired", "prompt-only", "prompt-completion", "messages"],
)
@pytest.mark.parametrize("file", ["parquet", "json"])
def test_datasets_reads_what_is_written(pairs: Any, tmp_path: Path, kind: str, file: str) -> None:
    datasets = pytest.importorskip("datasets")
    frame = pairs(*[{}] * 5, {"split": "test"})
    params: dict[str, Any] = {"kind": kind, "file": "jsonl" if file == "json" else file}
    paths = trl.write(iter([frame]), tmp_path, Trl(**params))
    read = datasets.load_dataset(
        file,
        data_files={path.stem: str(path) for path in paths},
        cache_dir=str(tmp_path / "cache"),
    )
    assert sorted(read) == ["test", "train"]
    first = read["train"][0]
    for name, messages in first.items():
        if name != "label":
            assert set(messages[0]) == {"role", "content"}
    if kind == "explicit":
        assert first == frame.select("prompt", "chosen", "rejected").to_dicts()[0]
    if kind == "unpaired":
        assert first["label"] is True
    assert read["train"].num_rows == (10 if kind == "unpaired" else 5)


def test_a_response_that_the_other_begins_with_is_no_pair_of_whole_conversations(
    pairs: Any,
) -> None:
    first = _say("assistant", "a")
    longer = first + _say("user", "b") + _say("assistant", "c")
    frame = pairs({"chosen": longer, "rejected": first}, {"chosen": first, "rejected": longer}, {})
    unfit = trl.unfit
    assert unfit is not None
    implicit = unfit(frame, Trl(kind="implicit"))
    assert implicit.to_list() == ["response-within-other", "response-within-other", None]
    assert unfit(frame, Trl()).to_list() == [None, None, None]
