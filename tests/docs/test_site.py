"""The site holds every page of the docs, once, and asks nothing of the network."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import prefdata

__all__: list[str] = []

ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = ROOT / "docs" / "site" / "mkdocs.yml"
_PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))

pytest.importorskip("mkdocs", reason="the site is built with the extra `docs`")


@pytest.fixture(scope="module")
def hooks() -> Any:
    spec = importlib.util.spec_from_file_location("hooks", _SETTINGS.with_name("hooks.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _flat(nav: list[Any]) -> list[str]:
    return [
        page
        for entry in nav
        for page in (_flat(*entry.values()) if isinstance(entry, dict) else [entry])
    ]


def test_every_page_stands_once_in_the_navigation(hooks: Any) -> None:
    nav = yaml.safe_load(_SETTINGS.read_text(encoding="utf-8"))["nav"]
    assert sorted(_flat(hooks.expand(nav, _PAGES))) == _PAGES


def test_patterns_take_what_is_not_named_and_missing_pages_are_left_out(hooks: Any) -> None:
    nav = ["a.md", "gone.md", {"T": ["t/index.md", "t/*.md"]}, {"Empty": ["gone/*.md"]}]
    pages = ["a.md", "t/a.md", "t/b.md", "t/index.md"]
    assert hooks.expand(nav, pages) == ["a.md", {"T": ["t/index.md", "t/a.md", "t/b.md"]}]


def test_every_function_of_the_package_is_on_the_page_of_python() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    found = re.findall(r"^::: prefdata\.api\.(\w+)$", text, flags=re.MULTILINE)
    assert sorted(found) == sorted(set(prefdata.__all__) - {"__version__"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", _SETTINGS, "-d", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_has_no_broken_link_and_loads_nothing_from_elsewhere(site: Path) -> None:
    loads = r"<(?:script|img|iframe|source)[^>]+src=\"(https?:[^\"]+)|<link[^>]+rel=\"(?:stylesheet"
    loads += r"|preconnect|preload)\"[^>]+href=\"(https?:[^\"]+)"
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(_PAGES)
    found = {page.name: re.findall(loads, page.read_text(encoding="utf-8")) for page in pages}
    assert {name: urls for name, urls in found.items() if urls} == {}
