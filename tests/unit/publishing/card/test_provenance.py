"""Machines read where rows are from; nobody reads where on a disk they were."""

from __future__ import annotations

import dataclasses
import json

import pytest

from prefdata.core.errors import DataError
from prefdata.publishing.card.checksums import checksums_text
from prefdata.publishing.card.provenance import portable_params, provenance_lines
from prefdata.testing.publication import example_facts

__all__: list[str] = []


def test_each_line_is_an_object_of_a_kind() -> None:
    lines = [json.loads(line) for line in provenance_lines(example_facts()).splitlines()]
    assert [line["kind"] for line in lines] == [
        "publication",
        *["source"] * 3,
        *["step"] * 2,
        *["split"] * 3,
    ]
    assert lines[1]["revision"].startswith("09be8c5")
    assert [file["file"] for file in lines[1]["files"]] == ["harmless-base/test.jsonl.gz"]
    assert lines[4]["reasons"] == {"identical responses": 8039, "no winner | tie": 8053}
    assert lines[5]["seed"] == 8081
    assert lines[6]["files"] == [
        "commercial/train-00000-of-00002.parquet",
        "commercial/train-00001-of-00002.parquet",
    ]


def test_paths_of_the_machine_are_not_published() -> None:
    text = provenance_lines(example_facts())
    assert "/home" not in text
    assert "jane" not in text
    assert "~" not in text
    assert '"file": "evaluation.jsonl"' in text


@pytest.mark.parametrize(
    ("value", "published"),
    [
        ("/data/x/evaluation.jsonl", "evaluation.jsonl"),
        ("file:///data/x.jsonl", "x.jsonl"),
        ("~/x.jsonl", "x.jsonl"),
        ("../../jane/x.jsonl", "x.jsonl"),
        ("C:\\Users\\jane\\x.jsonl", "x.jsonl"),
        ("hf://datasets/a/b/x.jsonl", "hf://datasets/a/b/x.jsonl"),
        ("data/x.jsonl", "data/x.jsonl"),
        ("n/a or none", "n/a or none"),
        ("/", "/"),
    ],
)
def test_only_what_is_a_path_of_a_machine_is_cut(value: str, published: str) -> None:
    params = json.dumps({"a": [{"b": value}], "n": 1})
    assert json.loads(portable_params(params)) == {"a": [{"b": published}], "n": 1}


def test_parameters_that_are_no_json_stay_text() -> None:
    assert portable_params("none") == "none"
    step = dataclasses.replace(example_facts().steps[0], params="none")
    assert '"params": "none"' in provenance_lines(example_facts(steps=(step,)))


def test_checksums_are_sorted_as_sha256sum_reads_them() -> None:
    assert checksums_text({"b/c": "1" * 64, "a": "0" * 64}) == f"{'0' * 64}  a\n{'1' * 64}  b/c\n"


@pytest.mark.parametrize("path", ["a\\b", "a\nb"])
def test_a_name_that_sha256sum_would_escape_is_refused(path: str) -> None:
    with pytest.raises(DataError, match="backslash or a line break"):
        checksums_text({path: "0" * 64})
