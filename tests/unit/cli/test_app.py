"""One boundary: our errors are a message and a status, anything else is a bug and shows."""

from __future__ import annotations

import sys

import pytest

from prefdata.cli import _app
from prefdata.core.errors import DataError, FetchError, InternalError, UserError

__all__: list[str] = []


def _raise(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def app() -> None:
        raise error

    monkeypatch.setattr(_app, "app", app)


@pytest.mark.parametrize(
    ("kind", "status"), [(UserError, 2), (DataError, 3), (FetchError, 4), (InternalError, 70)]
)
def test_an_error_is_a_message_and_the_status_of_its_branch(
    kind: type[UserError],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = "/a/path/" + "x" * 200
    _raise(monkeypatch, kind("It broke.", where=path, fix="Mend it."))
    with pytest.raises(SystemExit) as ended:
        _app.main()
    assert ended.value.code == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"error[{kind.code}]: It broke.\n  where: {path}\n  fix:   Mend it.\n"


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    _raise(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        _app.main()


def test_an_interrupt_says_that_finished_work_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _raise(monkeypatch, KeyboardInterrupt())
    with pytest.raises(SystemExit) as ended:
        _app.main()
    assert ended.value.code == 130
    assert "what was finished is kept" in capsys.readouterr().err


def test_without_arguments_the_commands_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["prefdata"])
    with pytest.raises(SystemExit):
        _app.main()
    said = "".join(capsys.readouterr())
    for command in ("init", "ingest", "run", "sql", "why", "snapshot"):
        assert command in said
