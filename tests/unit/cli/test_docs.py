"""The page of the commands is made from the commands, and is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefdata.cli._docs import cli_markdown

__all__: list[str] = []

_PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_the_page_is_what_the_commands_say_now() -> None:
    assert _PAGE.read_text(encoding="utf-8") == cli_markdown(), (
        "run: python -m prefdata.cli._docs docs/cli.md"
    )


@pytest.mark.parametrize(
    "line",
    [
        "## `prefdata snapshot rollback`",
        "| `QUERY` | A DuckDB query, a file that holds one, or - for standard input. |",
        "| `--limit` | Rows that a table shows. Default: 50. |",
        "| `--at` | Snapshot or tag to look at; the newest by default. |",
    ],
)
def test_a_command_stands_there_with_its_arguments_and_options(line: str) -> None:
    assert line in cli_markdown().splitlines()
