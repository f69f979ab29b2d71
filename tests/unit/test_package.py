"""The package itself: its names come on first use, and nothing else does."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

import prefdata
from prefdata import api

__all__: list[str] = []

_ENGINES = ("polars", "pyarrow", "duckdb", "pyiceberg", "pydantic", "prefdata.api")


def test_importing_the_package_loads_no_engine() -> None:
    code = f"import prefdata, sys; print([e for e in {_ENGINES!r} if e in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_version_is_that_of_the_distribution() -> None:
    assert prefdata.__version__ == metadata.version("prefdata")


@pytest.mark.parametrize("name", [name for name in prefdata.__all__ if name != "__version__"])
def test_every_name_is_a_function_of_the_api(name: str) -> None:
    assert getattr(prefdata, name) is getattr(api, name)
    assert callable(getattr(prefdata, name))


def test_what_can_be_completed_is_what_is_offered() -> None:
    assert sorted(dir(prefdata)) == sorted(prefdata.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'prefdata' has no attribute 'nothing'"):
        _ = prefdata.nothing
