from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from pydantic import BaseModel

from prefdata.core.errors import InternalError
from prefdata.core.strict_yaml import fault_line, load_strict, load_tree, read_model

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


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\nb: !!int ''\n", 2, "'' is no int"),
        ("a: 1\nb: !!timestamp soon\n", 2, "'soon' is no timestamp"),
        ("a: 1\n\nb: \x00\n", 3, "not allowed"),
        ("a: &a\n  - *a\n", 1, "refers to itself"),
        ("a: " + "[" * 5000, 1, "nests too deeply"),
    ],
)
def test_whatever_is_wrong_has_a_line(text: str, line: int, problem: str) -> None:
    for load in (load_strict, load_tree):
        with pytest.raises(yaml.MarkedYAMLError, match=problem) as caught:
            load(text)
        assert fault_line(caught.value) == line


def test_a_tree_knows_the_lines_of_its_values() -> None:
    value, node = load_tree("a: 1\nb: [x]\nb: [y]\n")
    assert value == {"a": 1, "b": ["y"]}
    assert isinstance(node, yaml.MappingNode)
    assert [key.start_mark.line for key, _ in node.value] == [0, 1, 2]
    assert load_tree("# nothing\n") == (None, None)
