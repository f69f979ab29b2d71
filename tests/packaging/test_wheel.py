"""The wheel holds all that the checkout holds: the package and the three declarative folders."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

__all__: list[str] = []

_ROOT = Path(__file__).resolve().parents[2]
_SHIPPED = ("schemas", "pipelines", "catalog")


def _files_of_the_checkout() -> list[str]:
    """Return the files that git tracks or would track, or skip where there is no git."""
    # HOME is not the user's here, so git would not know that the folder is safe.
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others"]
    command += ["--exclude-standard", "-z", "--", "prefdata", *_SHIPPED]
    try:
        listed = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    # A file that was deleted but not yet committed is listed too.
    return [name for name in listed.stdout.split("\0") if name and (_ROOT / name).is_file()]


def _place_in_wheel(name: str) -> str:
    is_shipped = PurePosixPath(name).parts[0] in _SHIPPED
    return f"prefdata/_shipped/{name}" if is_shipped else name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """Build the wheel from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    process = subprocess.run(build, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    [path] = folder.glob("*.whl")
    return zipfile.Path(path)


def test_the_wheel_contains_every_file_of_the_checkout(wheel: zipfile.Path) -> None:
    expected = {_place_in_wheel(name): name for name in _files_of_the_checkout()}
    assert expected
    packed = set(wheel.root.namelist())
    assert not {name for place, name in expected.items() if place not in packed}


def test_the_wheel_is_typed_and_has_the_command(wheel: zipfile.Path) -> None:
    names = wheel.root.namelist()
    assert "prefdata/py.typed" in names
    [entry_points] = [name for name in names if name.endswith("/entry_points.txt")]
    assert "prefdata = prefdata.cli:main" in wheel.root.read(entry_points).decode()
