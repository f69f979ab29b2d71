"""A lock is held by one, and falls when it is given back or its holder dies."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prefdata.core.locks import Lock

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_PROGRAM = """
import sys, time
from pathlib import Path
from prefdata.core.locks import Lock
lock = Lock.take(Path(sys.argv[1]), is_new=True)
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first = Lock.take(path, is_new=True)
    assert first is not None
    assert Lock.take(path) is None
    first.release()
    assert not path.exists()
    second = Lock.take(path)
    assert second is not None
    with pytest.raises(FileExistsError):
        Lock.take(path, is_new=True)
    second.release()


def test_a_lock_falls_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    command = [sys.executable, "-c", _PROGRAM, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert Lock.take(path) is None
        child.kill()
        child.wait()
    taken = Lock.take(path)
    assert taken is not None
    taken.release()
