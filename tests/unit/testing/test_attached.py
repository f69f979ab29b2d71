from __future__ import annotations

import io
from typing import TYPE_CHECKING

from prefdata.testing.attached import stay

if TYPE_CHECKING:
    import pytest

__all__: list[str] = []


def test_a_server_tells_its_address_and_ends_with_its_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("anything"))
    stay("http://127.0.0.1:1", is_attached=True)
    assert capsys.readouterr().out == "http://127.0.0.1:1\n"


def test_or_when_it_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("threading.Event.wait", interrupt)
    stay("http://127.0.0.1:1", is_attached=False)
