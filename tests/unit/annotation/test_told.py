"""What was told with a file lies beside it, and what is told later adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.annotation.told import Told, is_told_file, read_told, told_name, write_told
from prefdata.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def test_what_is_told_later_adds_to_it(tmp_path: Path) -> None:
    answers = tmp_path / "handoffs" / "csv-1.csv"
    write_told(Told(), answers)
    assert not answers.parent.exists()
    write_told(Told(experts=("bob",), params={"a": 1, "b": 1}), answers)
    write_told(Told(experts=("ann", "bob"), params={"b": 2}), answers)
    path = answers.with_name(told_name(answers.name))
    assert is_told_file(path.name)
    assert not is_told_file(answers.name)
    before = path.read_bytes()
    assert read_told(path) == Told(experts=("ann", "bob"), params={"a": 1, "b": 2})
    write_told(Told(), answers)
    assert path.read_bytes() == before
    assert list(answers.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"expert": []}', b"\xff"])
def test_a_damaged_one_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / told_name("x")
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_told(path)
