"""What every test stands on: an environment of its own, and fixed settings of hypothesis."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

__all__: list[str] = []

# Two tests share a core, so a deadline would measure the neighbour.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=15)
# For a night, or before a release: HYPOTHESIS_PROFILE=thorough.
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.register_profile("dev", deadline=None, max_examples=25)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

_HOME = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


# What steers the tests themselves, and not prefdata.
_OF_THE_TESTS = frozenset(
    {
        "PREFDATA_CHAT_ROWS",
        "PREFDATA_KILLS",
        "PREFDATA_KILL_SEED",
        "PREFDATA_MUTATED_ROWS",
        "PREFDATA_REAL_DATA",
    }
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that accepts new golden files."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Write the golden files from what the code does now, instead of comparing.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Cut the tests off from the user's home and from the network.

    It is done before any test module is imported, because some libraries read the environment
    when they are imported.
    """
    # Each of xdist's workers would start a thread of torch per core, and they would wait for each
    # other: many times slower than one.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    threadpool_limits(1)  # numpy is loaded already, and has read the environment
    home = tempfile.TemporaryDirectory(prefix="prefdata-home-", ignore_cleanup_errors=True)
    config.stash[_HOME] = home
    cleared = ("PREFDATA_", "HF_", "XDG_")
    for name in list(os.environ):
        if name.startswith(cleared) and name not in _OF_THE_TESTS:
            del os.environ[name]
    os.environ.update(
        COLUMNS="80",
        DO_NOT_TRACK="1",
        GX_ANALYTICS_ENABLED="false",
        HF_HUB_OFFLINE="1",
        HOME=home.name,
        NO_COLOR="1",
        PREFDATA_HOME=str(Path(home.name) / "prefdata"),
        TZ="UTC",
    )
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        os.environ.pop(name, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home of the tests."""
    config.stash[_HOME].cleanup()


@pytest.fixture(autouse=True)
def prefdata_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give each test a home of prefdata that no other test has written to."""
    home = tmp_path_factory.mktemp("prefdata-home")
    monkeypatch.setenv("PREFDATA_HOME", str(home))
    return home


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))
