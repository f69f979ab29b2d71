from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from pydantic import BaseModel

from prefdata.core.errors import InternalError
from prefdata.core.strict_yaml import load_strict, read_model

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


class _Table(BaseModel):
    rows: dict[str, int]


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("rows: {a: 1, a: 2}", "the key 'a' is given twice", "line 1"),
        ("rows: [", "node content", "line "),
        ("rows:\n  a: many\n", "valid integer", "rows.a"),
    ],
)
def test_a_fault_names_the_file_and_the_place(
    text: str, problem: str, place: str, tmp_path: Path
) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(text)
    with pytest.raises(InternalError) as caught:
        read_model(path, _Table)
    assert problem in caught.value.what
    assert caught.value.where is not None
    assert caught.value.where.startswith("table.yaml: ")
    assert place in caught.value.where


def test_a_table_is_read_as_its_model(tmp_path: Path) -> None:
    path = tmp_path / "table.yaml"
    path.write_text("rows: {a: 1}")
    assert read_model(path, _Table).rows == {"a": 1}


def test_nothing_in_it_is_executed() -> None:
    with pytest.raises(yaml.YAMLError):
        load_strict("!!python/object/apply:os.getcwd []")
    assert load_strict("a: [1, {b: 2}]") == {"a": [1, {"b": 2}]}
