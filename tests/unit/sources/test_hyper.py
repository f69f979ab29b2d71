"""The adapter `hyper`: features files of HyPER, to canonical tables and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import SourceDriftError
from prefdata.protocols import Context, RawFile
from prefdata.sources.hyper import HyperParams, hyper

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_ROW = json.loads(hyper.example["example-features.jsonl"].splitlines()[0])


def _read(
    folder: Path, *rows: dict[str, Any], **given: str
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    path = folder / "x-features.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    raws = hyper.select([RawFile(path, path.name)])
    bundles = list(hyper.read(raws, HyperParams(name="mine", **given), Context()))
    names = {name for bundle in bundles for name in bundle.tables}
    tables = {name: pl.concat([b.tables[name] for b in bundles]) for name in names}
    return tables, pl.concat([bundle.rejects for bundle in bundles])


def test_people_and_the_model_are_two_annotators(tmp_path: Path) -> None:
    tables, rejects = _read(tmp_path, _ROW)
    assert rejects.is_empty()
    assert dict(tables["annotators"].select("annotator_id", "kind").iter_rows()) == {
        "mine:annotators": "group",
        "mine:gpt-4-turbo-2024-04-09": "model",
    }
    said = tables["judgments"].sort("annotator_id").select("chosen", "strength").rows()
    assert said == [([True, False], "A-is-slightly-better"), ([False, True], "b-is-clearly-better")]


@pytest.mark.parametrize(
    ("label", "outcome", "chosen"),
    [
        ("a-is-better", "chosen", [True, False]),
        ("B-is-clearly-better", "chosen", [False, True]),
        ("TIE", "tie", [False, False]),
        (None, "not_given", None),
    ],
)
def test_every_label_of_theirs_is_known(
    tmp_path: Path, label: str | None, outcome: str, chosen: list[bool] | None
) -> None:
    tables, _ = _read(tmp_path, {**_ROW, "pref_human": label})
    human = tables["judgments"].filter(pl.col("annotator_id") == "mine:annotators")
    assert human.select("outcome", "chosen").rows() == [(outcome, chosen)]


def test_an_unknown_label_is_quarantined(tmp_path: Path) -> None:
    _, rejects = _read(tmp_path, _ROW, {**_ROW, "id": "c-2", "pref_human": "a-wins"})
    assert rejects.select("row", "rule", "field").rows() == [(1, "unknown-value", "pref_human")]


def test_the_features_stay_with_the_prompt(tmp_path: Path) -> None:
    tables, _ = _read(tmp_path, _ROW)
    raw = json.loads(tables["prompts"]["raw"][0])
    assert (raw["rouge"], raw["safety_concern"]) == (0.25, "safe")


def test_columns_have_the_names_of_either_kind_of_file(tmp_path: Path) -> None:
    renamed = {"response_a": "completion_a", "response_b": "completion_b", "id": "comparison_id"}
    other = {renamed.get(name, name): value for name, value in _ROW.items()}
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    one, _ = _read(here, _ROW)
    two, _ = _read(there, other)
    columns = ["response_id", "text", "model"]
    assert one["responses"].select(columns).equals(two["responses"].select(columns))


def test_a_column_may_be_named(tmp_path: Path) -> None:
    other = {"question" if name == "text" else name: value for name, value in _ROW.items()}
    tables, _ = _read(tmp_path, other, prompt_column="question")
    assert tables["prompts"]["messages"][0][0]["content"] == _ROW["text"]


@pytest.mark.parametrize(
    ("missing", "told"),
    [(["response_b"], "response_b or completion_b"), (["pref_human", "pref_gpt4"], "neither")],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, missing: list[str], told: str) -> None:
    other = {name: value for name, value in _ROW.items() if name not in missing}
    with pytest.raises(SourceDriftError, match=told):
        _read(tmp_path, other)
