"""One boundary: our errors are a message and a status, anything else is a bug and shows."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from prefdata.cli import _app
from prefdata.core.errors import DataError, FetchError, InternalError, UserError

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.core.errors import PrefdataError

__all__: list[str] = []


def _failing(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=_app._Boundary)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def succeed() -> None:
        typer.echo("done")

    return app


@pytest.mark.parametrize(
    ("kind", "status"), [(UserError, 2), (DataError, 3), (FetchError, 4), (InternalError, 70)]
)
def test_an_error_is_a_message_and_the_status_of_its_branch(
    kind: type[PrefdataError], status: int
) -> None:
    path = "/a/path/" + "x" * 200
    error = kind("It broke.", where=path, fix="Mend it.")
    result = CliRunner().invoke(_failing(error), ["fail"])
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr == (f"error[{kind.code}]: It broke.\n  where: {path}\n  fix:   Mend it.\n")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(_failing(ZeroDivisionError()), ["fail"], catch_exceptions=False)


def test_an_interrupt_says_that_finished_work_is_kept() -> None:
    result = CliRunner().invoke(_failing(KeyboardInterrupt()), ["fail"])
    assert result.exit_code == 130
    assert "what was finished is kept" in result.stderr


def test_a_reader_that_went_away_ends_the_command_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "stdout").open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit) as ended:
            _failing(BrokenPipeError())(["fail"])
        stdout.write("lost")
        stdout.flush()
        assert os.fstat(stdout.fileno()).st_rdev == os.stat(os.devnull).st_rdev  # noqa: PTH116
    assert ended.value.code == 0
    assert capsys.readouterr().err == ""


def test_a_command_that_succeeds_ends_with_nothing_more() -> None:
    result = CliRunner().invoke(_failing(KeyboardInterrupt()), ["succeed"])
    assert (result.exit_code, result.output) == (0, "done\n")


def test_without_arguments_the_commands_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["prefdata"])
    with pytest.raises(SystemExit):
        _app.main()
    said = "".join(capsys.readouterr())
    for command in ("init", "ingest", "run", "sql", "why", "snapshot"):
        assert command in said
