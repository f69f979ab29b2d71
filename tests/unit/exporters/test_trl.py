from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.core.errors import DataError, UserError
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
    assert [row["label"] for row in rows] == [True, False, True, False]
    assert rows[1]["completion"][0]["content"] == "Bad 0."


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


@pytest.mark.parametrize(
    "odd",
    [
        {"prompt": _say("user", "a") + _say("assistant", "b") + _say("user", "c")},
        {"prompt": _say("system", "a")},
        {"chosen": _say("assistant", "a") + _say("user", "b") + _say("assistant", "c")},
    ],
)
def test_what_does_not_fit_into_strings_is_an_error(
    pairs: Any, tmp_path: Path, odd: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match="in 1 pair; strings hold no more") as caught:
        trl.write(iter([pairs({}, odd)]), tmp_path, Trl(messages=False))
    assert caught.value.where == "pair pair1"
    assert not list(tmp_path.iterdir())


def test_an_empty_prompt_is_refused_where_trl_reads_it(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({}, {"prompt": []})
    for kind in ("explicit", "unpaired", "prompt-only"):
        with pytest.raises(DataError, match="prompt has no message in 1 pair"):
            trl.write(iter([frame]), tmp_path, Trl(kind=kind))
    assert len(_write(frame, tmp_path, kind="implicit")) == 2


def test_a_margin_is_on_every_row(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs({"margin": 1.5}, {}), tmp_path, with_margin=True)
    assert [row["margin"] for row in rows] == [1.5, 0.0]


def test_contradicting_parameters_are_refused() -> None:
    with pytest.raises(ValidationError, match="implicit needs messages"):
        Trl(kind="implicit", messages=False)
    with pytest.raises(ValidationError, match="with_margin needs pairs"):
        Trl(kind="unpaired", with_margin=True)


@pytest.mark.filterwarnings("default")  # what the library warns of is not ours
@pytest.mark.parametrize("kind", ["explicit", "implicit", "unpaired", "prompt-only"])
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
