"""A plugin is a file or an entry point; nothing else has to know of it."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

import prefdata.sources
from prefdata import registry
from prefdata.core.errors import InternalError, UnknownNameError, UserError
from prefdata.protocols import Exporter, Source, Stage
from prefdata.registry import names, plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Look for plugins anew in each test, and after it."""
    registry._places.cache_clear()
    yield
    registry._places.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return how to install a distribution with a module and entry points."""

    def run(name: str, points: str) -> None:
        folder = tmp_path / name
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(points)
        (folder / f"{name}.py").write_text("thing = 'the plugin'\n")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()

    return run


@pytest.mark.parametrize(
    ("kind", "some", "expected"),
    [
        ("source", {"hh-rlhf", "prism", "ultrafeedback-binarized"}, Source),
        ("stage", {"make-pairs", "split-by-prompt"}, Stage),
        ("exporter", {"jsonl", "parquet", "trl"}, Exporter),
    ],
)
def test_a_file_is_a_plugin(kind: str, some: set[str], expected: type) -> None:
    found = names(kind)
    assert some <= set(found)
    assert list(found) == sorted(found)
    assert not [name for name in found if name.startswith(("_", "-")) or "_" in name]
    for name in some:
        assert isinstance(plugin(kind, name), expected)
        assert plugin(kind, name).name == name


def test_a_kind_without_a_package_has_no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._PACKAGES, "source", "prefdata.nothing_here")
    assert names("source") == ()


def test_a_package_that_cannot_be_imported_is_not_taken_for_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plugins.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(registry._PACKAGES, "source", "broken_plugins")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        names("source")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no source named 'prsm'") as caught:
        plugin("source", "prsm", where="recipe.yaml:3")
    assert caught.value.where == "recipe.yaml:3"
    assert str(caught.value.fix).startswith("Did you mean 'prism'? Known: ")


def test_a_plugin_of_another_package_is_found(install: Callable[[str, str], None]) -> None:
    install("toy_plugin", "[prefdata.sources]\ntoy-data = toy_plugin:thing\n")
    assert "toy-data" in names("source")
    assert plugin("source", "toy-data") == "the plugin"
    assert "toy-data" not in names("stage")


@pytest.mark.parametrize("name", ["prism", "toy-data"])
def test_one_name_in_two_packages_is_an_error(
    name: str, install: Callable[[str, str], None]
) -> None:
    for package in ("toy_one", "toy_two"):
        install(package, f"[prefdata.sources]\n{name} = {package}:thing\n")
    with pytest.raises(UserError, match=f"Two packages offer the source '{name}'") as caught:
        names("source")
    assert "Uninstall one of them" in str(caught.value.fix)


def test_a_file_without_its_object_is_our_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_done.py").write_text("other = 1\n")
    monkeypatch.setattr(prefdata.sources, "__path__", [*prefdata.sources.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "prefdata.sources.half_done", raising=False)
    assert "half-done" in names("source")
    with pytest.raises(InternalError, match="defines no 'half_done'") as caught:
        plugin("source", "half-done")
    assert caught.value.fix == "Define `half_done` there, the source named 'half-done'."
