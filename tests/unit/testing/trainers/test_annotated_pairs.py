"""The reader of AnnotatedPairs refuses what inverse-cai stops at, or loses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.testing.trainers import Message
from prefdata.testing.trainers.annotated_pairs import read, read_all

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _document(folder: Path, *annotations: dict[str, Any], **head: Any) -> Path:
    document = {
        "metadata": {"version": "2.0", "default_annotator": "x", **head},
        "annotators": {"x": {}, "y": {}},
        "comparisons": [
            {
                "id": f"{number}",
                "prompt": None,
                "response_a": {"text": "A"},
                "response_b": {"text": "B"},
                "annotations": one,
            }
            for number, one in enumerate(annotations)
        ],
    }
    (folder / "train.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_what_the_default_annotator_prefers_is_read(tmp_path: Path) -> None:
    told = {"x": {"pref": "b"}, "y": {"pref": None, "no_pref_reason": "both"}}
    (found,) = read(_document(tmp_path, told))
    assert (found.prompt, found.chosen) == ((), (Message("assistant", "B"),))
    assert read_all(tmp_path) == [("x", found), ("y", None)]


@pytest.mark.parametrize("annotations", [{"y": {"pref": "a"}}, {"x": {"pref": None}}])
def test_a_comparison_without_the_default_is_refused(
    tmp_path: Path, annotations: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="the default annotator prefers one"):
        read(_document(tmp_path, annotations))


def test_an_annotation_of_another_format_is_refused(tmp_path: Path) -> None:
    for odd in (
        {"z": {"pref": "a"}},
        {"x": {"pref": "c"}},
        {"x": {"pref": None, "no_pref_reason": "?"}},
    ):
        with pytest.raises(ValueError, match="comparison 0"):
            read_all(_document(tmp_path, odd))
    with pytest.raises(ValueError, match=r"version 2\.0"):
        read(_document(tmp_path, {"x": {"pref": "a"}}, version="1.0"))


@pytest.mark.parametrize("row", ["NA,B,text_a,Q", "A,,text_a,Q", "A,B,both,Q"])
def test_a_table_that_pandas_misreads_is_refused(tmp_path: Path, row: str) -> None:
    head = "text_a,text_b,preferred_text,input"
    (tmp_path / "train.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.csv row 1"):
        read(tmp_path)
