"""Results are tables that fit the terminal, or lines of JSON."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from prefdata.cli import _output

__all__: list[str] = []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (1234567, "1,234,567"),
        (Decimal(12345), "12,345"),
        (Decimal("0.25"), "0.25"),
        (0.123456, "0.1235"),
        (1234567.8, "1,234,568"),
        ("two\n  lines", "two lines"),
        ("two  spaces", "two  spaces"),
        (["a", None], '["a", null]'),
        ({"on": date(2024, 1, 2)}, '{"on": "2024-01-02"}'),
        ("x" * 401, "x" * 400 + "…"),
    ],
    ids=str,
)
def test_a_cell_is_short_and_readable(value: Any, shown: str) -> None:
    assert _output._cell(value) == shown


def test_a_table_fits_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _output.table(["name", "count", "what"], [["a" * 60, 12345, "word " * 30], ["b", 7, None]])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "12,345" in "".join(lines)


def test_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    _output.table(["n", "share"], [[1, 0.5], [1000, None]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line.find("1") for line in lines[2:]] == [4, 0]


def test_text_is_never_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    _output.rows([{"text": "[bold]x[/bold] [/]"}])
    assert "[bold]x[/bold] [/]" in capsys.readouterr().out


def test_one_long_word_alone_is_folded_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    _output.rows([{"path": "/" + "p" * 200}])
    assert capsys.readouterr().out.count("p") == 200 + 1  # and the one in the title


def test_records_are_lines_of_json_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    _output.rows([{"text": "é\n", "n": Decimal("1.5")}, {"text": None}], as_json=True)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"text": "é\n", "n": "1.5"}, {"text": None}]
    assert "é" in lines[0]


def test_no_records_are_told_on_stderr_or_are_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    _output.rows([], empty="no difference")
    assert capsys.readouterr() == ("", "no difference\n")
    _output.rows([], as_json=True)
    assert capsys.readouterr() == ("", "")


def test_a_line_is_never_wrapped_and_a_heading_stands_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _output.line("x" * 200)
    _output.heading("flags")
    _output.say("done")
    assert capsys.readouterr() == ("x" * 200 + "\n\nflags\n", "done\n")


def test_a_table_that_is_too_wide_is_printed_record_by_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = [f"column_{i}" for i in range(12)]
    _output.table(columns, [[1_234_567] * 12])
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 13
    assert shown[1] == "column_0   1,234,567"
