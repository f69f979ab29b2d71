"""Readers read what is good, and refuse what their trainers refuse, skip or misread."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml

from prefdata.registry import plugin
from prefdata.tables.messages import MESSAGES
from prefdata.testing.trainers import (
    Case,
    Read,
    Row,
    assert_reads_back,
    cases,
    messages,
    rows_in,
    said,
    split_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []

_USER = {"role": "user", "content": "q"}
_GOOD = {"role": "assistant", "content": "good"}
_BAD = {"role": "assistant", "content": "bad"}
_EMPTY = {"role": "assistant", "content": " \n"}
_CASES = {(case.exporter, case.variant): case for case in cases()}

_QUESTION = "ends with a message of the user"
_ONE = "is one message of the assistant"
_SAME = "chosen and rejected are different"
_TURNS = "take turns"
_HUMAN = {"from": "human", "value": "q"}
_GPT = {"from": "gpt", "value": "good"}

# Of each format the change to a good row, and the rule that the change breaks.
_REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("openrlhf", "prompt-key", {"prompt": [_USER, _USER]}, _TURNS),
    ("openrlhf", "prompt-key", {"prompt": [_USER, _GOOD]}, "odd number"),
    ("openrlhf", "prompt-key", {"prompt": []}, "odd number"),
    ("openrlhf", "prompt-key", {"prompt": "q"}, "prompt is a list of messages"),
    ("openrlhf", "prompt-key", {"prompt": [{"role": "user", "content": " "}]}, _QUESTION),
    ("openrlhf", "prompt-key", {"chosen": [_GOOD, _USER, _GOOD]}, _ONE),
    ("openrlhf", "prompt-key", {"rejected": [_EMPTY]}, "rejected has text"),
    ("openrlhf", "prompt-key", {"rejected": [_GOOD]}, _SAME),
    ("openrlhf", "prompt-key", {"rejected": [{"role": "gpt", "content": "x"}]}, "a role of"),
    ("openrlhf", "prompt-key", {"rejected": [{"content": "x"}]}, "has role and content"),
    ("openrlhf", "prompt-key-margin", {"margin": None}, "a margin is a number"),
    ("openrlhf", "whole", {"rejected": [_USER, _USER, _BAD]}, "in the last message only"),
    ("openrlhf", "whole", {"prompt": [_USER]}, "there is no prompt"),
    ("open-instruct", "jsonl", {"chosen": [_GOOD]}, "in the last message only"),
    ("open-instruct", "jsonl", {"chosen_model": None}, "chosen_model is a string"),
    ("nemo-rl", "rank", {"completions": [{"rank": 0, "completion": [_GOOD]}]}, "exactly two"),
    (
        "nemo-rl",
        "rank",
        {"completions": [{"rank": 0, "completion": [m]} for m in (_GOOD, _BAD)]},
        "not tied",
    ),
    ("nemo-rl", "rank", {"context": [_GOOD]}, _TURNS),
    ("nemo-rl", "binary", {"prompt": ""}, _QUESTION),
    ("nemo-rl", "binary", {"rejected": "good"}, _SAME),
    ("verl", "reward-model", {"chosen": "\u2028"}, "chosen has text"),
    ("verl", "reward-model", {"rejected": "good"}, _SAME),
    ("verl", "prompts", {"prompt": [_USER, _GOOD, _GOOD]}, _QUESTION),
    ("verl", "prompts", {"reward_model": {"style": "rule", "ground_truth": ""}}, "a model judges"),
    ("verl", "prompts", {"extra_info": {"split": "train", "index": 7}}, "counts the rows"),
    ("ms-swift", "rejected-response", {"rejected_response": "good"}, _SAME),
    ("ms-swift", "rejected-response", {"rejected_response": None}, "rejected_response is a string"),
    ("ms-swift", "kto", {"label": "true"}, "a label is true or false"),
    ("ms-swift", "kto", {"messages": [_USER]}, "odd number"),
    ("openai-preference", "jsonl", {"extra": 1}, "the fields are"),
    ("openai-preference", "jsonl", {"input": {"messages": [_GOOD]}}, _QUESTION),
    ("openai-preference", "jsonl", {"preferred_output": [_USER]}, "one of assistant, tool"),
    ("openai-preference", "jsonl", {"preferred_output": [_GOOD, _GOOD]}, _ONE),
    ("h4", "jsonl-without-scores", {"prompt": "other"}, "prompt is the text to answer"),
    ("h4", "jsonl-without-scores", {"messages": [_USER, _BAD]}, "is the chosen conversation"),
    ("h4", "jsonl-without-scores", {"score_chosen": "4"}, "a score is a number"),
    ("rewardbench", "benchmark", {"prompt": [_USER]}, "prompt is a string"),
    ("rewardbench", "conversations", {"prompt": "q"}, "made of the chosen conversation"),
    (
        "rewardbench",
        "conversations",
        {
            n: [{"role": "system", "content": "s"}, _USER, m]
            for n, m in (("chosen", _GOOD), ("rejected", _BAD))
        },
        _TURNS,
    ),
    ("llama-factory", "sharegpt", {"conversations": [_HUMAN, _GPT]}, "odd number"),
    ("llama-factory", "sharegpt", {"conversations": [_HUMAN, _HUMAN]}, "it is skipped"),
    ("llama-factory", "sharegpt", {"chosen": _HUMAN}, "human is not gpt"),
    ("llama-factory", "sharegpt", {"rejected": _GPT}, _SAME),
    ("llama-factory", "openai", {"messages": [_GOOD]}, "assistant is not user"),
    ("llama-factory", "alpaca", {"rejected": "good"}, _SAME),
    ("llama-factory", "alpaca", {"history": [["q"]]}, "history is of questions and responses"),
    ("llama-factory", "kto", {"kto_tag": 1}, "a label is true or false"),
    ("llama-factory", "kto", {"conversations": [_HUMAN]}, "even number"),
    ("axolotl", "chat-template", {"chosen": [_GOOD]}, "chosen is one message"),
    ("axolotl", "chat-template", {"chosen": _GOOD | {"content": " good"}}, "found where it begins"),
    ("axolotl", "chat-template", {"chosen": _GOOD | {"content": "user"}}, "found where it begins"),
    ("axolotl", "chat-template", {"messages": [_USER, _USER]}, _TURNS),
    ("axolotl", "intel", {"chosen": ""}, "chosen has text"),
    ("axolotl", "intel", {"question": None}, "question is a string"),
    ("axolotl", "orpo", {"prompt": "q"}, "taken for every turn"),
    ("axolotl", "orpo", {n: [_USER, _USER, _GOOD] for n in ("chosen", "rejected")}, _TURNS),
    ("axolotl", "kto", {"label": None}, "a label is true or false"),
    ("axolotl", "bradley-terry", {"system": None}, "system is a string"),
]


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Two pairs of one question each."""
    return pl.DataFrame(
        {
            "pair_id": ["1", "2"],
            "source": "toy",
            "subset": None,
            "prompt_id": ["a", "b"],
            "prompt": [[_USER], [{"role": "user", "content": "r"}]],
            "chosen": [[_GOOD]] * 2,
            "rejected": [[_BAD]] * 2,
            "margin": [1.0, None],
            "chosen_model": None,
            "rejected_model": None,
            "split": "train",
        },
        schema_overrides={
            **dict.fromkeys(("prompt", "chosen", "rejected"), MESSAGES),
            **dict.fromkeys(("subset", "chosen_model", "rejected_model"), pl.String),
        },
    )


def _export(case: Case, frame: pl.DataFrame, folder: Path) -> Path:
    """Export and return the file of the rows."""
    exporter = plugin("exporter", case.exporter)
    paths: list[Path] = exporter.write(iter([frame]), folder, exporter.params(**case.params))
    return next(path for path in paths if path.stem == "train")


def _change(path: Path, change: dict[str, Any]) -> None:
    """Change the first row of a file."""
    rows = [dict(row.values) for row in rows_in(path.parent)]
    rows[0] |= change
    if path.suffix == ".parquet":
        pl.DataFrame(rows, strict=False).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize(("exporter", "variant", "change", "rule"), _REFUSED)
def test_a_row_that_breaks_a_rule_is_refused_by_name(
    exporter: str,
    variant: str,
    change: dict[str, Any],
    rule: str,
    frame: pl.DataFrame,
    tmp_path: Path,
) -> None:
    case = _CASES[exporter, variant]
    path = _export(case, frame, tmp_path)
    assert len(case.read(tmp_path)) == (4 if case.gives == "labels" else 2)
    _change(path, change)
    with pytest.raises(ValueError, match=rule) as caught:
        case.read(tmp_path)
    assert str(caught.value).startswith(f"{path.name} row 1: ")


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (lambda entry: entry.update(file_name="other.jsonl"), "the folder has"),
        (lambda entry: entry.pop("ranking"), "need ranking: true"),
        (lambda entry: entry["columns"].update(system="sys"), r"are there: \['sys'\]"),
    ],
)
def test_llama_factory_needs_its_entry(
    frame: pl.DataFrame, tmp_path: Path, damage: Callable[[Any], Any], rule: str
) -> None:
    case = _CASES["llama-factory", "sharegpt"]
    _export(case, frame, tmp_path)
    path = tmp_path / "dataset_info.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    damage(info["pairs_train"])
    path.write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(ValueError, match=rule):
        case.read(tmp_path)
    path.unlink()
    with pytest.raises(ValueError, match="must ship with the data"):
        case.read(tmp_path)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ({"split": "test"}, "is the split train"),
        ({"ds_type": "parquet"}, "is the split train"),
        ({"path": "other.jsonl"}, "the folder has"),
        ({"type": "chat_template.argilla"}, "dpo has no type chat_template.argilla"),
    ],
)
def test_axolotl_needs_its_configuration(
    frame: pl.DataFrame, tmp_path: Path, damage: dict[str, str], rule: str
) -> None:
    case = _CASES["axolotl", "chat-template"]
    _export(case, frame, tmp_path)
    path = tmp_path / "axolotl.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["datasets"][0] |= damage
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(ValueError, match=rule):
        case.read(tmp_path)


@pytest.mark.parametrize("kind", ["verl", "nemo-rl"])
def test_the_kind_of_file_is_that_of_the_trainer(kind: str, tmp_path: Path) -> None:
    (tmp_path / ("train.jsonl" if kind == "verl" else "train.parquet")).touch()
    case = next(case for case in cases() if case.exporter == kind)
    with pytest.raises(ValueError, match="the datasets are"):
        case.read(tmp_path)


def test_what_is_read_must_be_what_was_exported(frame: pl.DataFrame, tmp_path: Path) -> None:
    case = _CASES["openrlhf", "prompt-key"]
    assert len(assert_reads_back(case, frame, tmp_path / "a")) == frame.height
    deaf = replace(case, read=lambda folder: case.read(folder)[:1])
    with pytest.raises(AssertionError, match="is read as something else"):
        assert_reads_back(deaf, frame, tmp_path / "b")

    def refuse(folder: Path) -> list[Read]:
        message = "no"
        raise ValueError(message)

    with pytest.raises(AssertionError, match="what its trainer refuses: no"):
        assert_reads_back(replace(case, read=refuse), frame, tmp_path / "c")


def test_a_format_may_keep_less(frame: pl.DataFrame, tmp_path: Path) -> None:
    case = _CASES["openrlhf", "prompt-key"]

    def shorter(read: Read) -> Read:
        return replace(read, prompt=said("user", "?"))

    less = replace(
        case, read=lambda folder: [shorter(read) for read in case.read(folder)], keeps=shorter
    )
    assert assert_reads_back(less, frame, tmp_path)


def test_rows_know_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "test-00001-of-00002.jsonl").write_text('{"a": "x\u2028y"}\n{"a": null}\n', "utf-8")
    pl.DataFrame({"a": ["z"]}).write_parquet(tmp_path / "train.parquet")
    (tmp_path / "notes.md").touch()
    rows = list(rows_in(tmp_path))
    assert [(row.split, row.place) for row in rows] == [
        ("test", "test-00001-of-00002.jsonl row 1"),
        ("test", "test-00001-of-00002.jsonl row 2"),
        ("train", "train.parquet row 1"),
    ]
    assert rows[0].text("a") == "x\u2028y"
    with pytest.raises(ValueError, match="row 2: a is a string"):
        rows[1].text("a")


def test_a_split_is_the_name_without_its_end() -> None:
    assert split_of("fold.1-00000-of-00010.parquet") == "fold.1"
    assert split_of("train.jsonl") == "train"


def test_a_content_must_be_text() -> None:
    row = Row("train", "here", {})
    with pytest.raises(ValueError, match="here: the content of x is a string"):
        messages(row, [{"role": "user", "content": None}], "x")
