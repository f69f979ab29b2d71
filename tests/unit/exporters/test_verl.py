"""The files that verl reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.exporters.verl import Verl, verl

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SYSTEM = {"role": "system", "content": "Be kind."}
_USER = {"role": "user", "content": "q"}
_GOOD = {"role": "assistant", "content": "good"}
_BAD = {"role": "assistant", "content": "bad"}
_PAIR = {"prompt": [_USER], "chosen": [_GOOD], "rejected": [_BAD]}


def _write(frame: pl.DataFrame, out: Path, **params: Any) -> dict[str, list[dict[str, Any]]]:
    """Write and return the rows of each split."""
    paths = verl.write(frame.iter_slices(2), out, Verl(**params))
    return {path.stem: pl.read_parquet(path).to_dicts() for path in paths}


def test_reward_models_read_strings(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs(_PAIR), tmp_path)
    assert rows == {"train": [{"prompt": "q", "chosen": "good", "rejected": "bad"}]}


def test_each_prompt_comes_once_and_is_counted_in_its_split(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(_PAIR, _PAIR, {"split": "test"}, {"split": None}, {"split": "test"}, {})
    rows = _write(frame, tmp_path, variant="prompts", ability="chat")
    assert rows["train"][0] == {
        "data_source": "toy",
        "prompt": [_USER],
        "ability": "chat",
        "reward_model": {"style": "model", "ground_truth": "good"},
        "extra_info": {"split": "train", "index": 0, "prompt_id": "p0"},
    }
    counted = {split: [row["extra_info"]["index"] for row in rows[split]] for split in rows}
    assert counted == {"train": [0, 1, 2], "test": [0, 1]}


def test_a_prompt_fits_whatever_was_answered(pairs: Any) -> None:
    frame = pairs({"chosen": []}, {"prompt": [_USER, _GOOD]}, {"prompt": [_SYSTEM, _USER]})
    assert verl.unfit is not None
    found = verl.unfit(frame, Verl(variant="prompts")).to_list()
    assert found == [None, "last-turn-not-user", None]
    found = verl.unfit(frame, Verl()).to_list()
    assert found == ["empty-response", "last-turn-not-user", "system-prompt"]
