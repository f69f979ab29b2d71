# ruff: noqa: INP001 - the generator loads it by its path
"""What the site needs beyond its generator: its order of pages, and links out of the docs.

The docs are read in the repository too, where a link may lead to a file beside `docs/`. The site
has pages of some of these, and shows others as text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

__all__ = ["expand", "on_config", "on_files", "on_page_markdown"]

_DOCS = Path(__file__).parents[1]
_ROOT = _DOCS.parent
_BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+)([^)#]*)(#[^)]*)?\)")


def expand(nav: list[Any], pages: list[str]) -> list[Any]:
    """Return the navigation with patterns filled in and without pages that are not there.

    Args:
        nav: Entries of the settings: a page, a pattern, or a title with entries below it.
        pages: All pages, as paths in the folder of the docs.
    """
    named = set(_named(nav))
    entries: list[Any] = []
    for entry in nav:
        if isinstance(entry, dict):
            ((title, below),) = entry.items()
            free = [page for page in pages if page not in named or page in _named(below)]
            if inner := expand(below, free):
                entries.append({title: inner})
        elif "*" in entry:
            entries += [page for page in pages if Path(page).match(entry) and page not in named]
        elif entry in pages:
            entries.append(entry)
    return entries


def _named(nav: list[Any]) -> list[str]:
    return [
        name
        for entry in nav
        for name in (_named(*entry.values()) if isinstance(entry, dict) else [entry])
        if "*" not in name
    ]


def on_config(config: Any) -> Any:
    """Fill in the navigation, and leave out the script that a plugin takes from elsewhere."""
    pages = sorted(path.relative_to(_DOCS).as_posix() for path in _DOCS.rglob("*.md"))
    config.nav = [*expand(config.nav, pages), {"Project": list(_BESIDE.values())}]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add pages of files that lie beside the docs."""
    for name, page in _BESIDE.items():
        text = (_ROOT / name).read_text(encoding="utf-8")
        # What is inside the docs from the root is beside the page.
        files.append(File.generated(config, page, content=text.replace("](docs/", "](")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links to files beside the docs into links to their pages, or into text."""
    folder = (_DOCS / page.file.src_uri).parent

    def beside(match: re.Match[str]) -> str:
        text, up, target, anchor = match[1], match[2], match[3], match[4] or ""
        path = (folder / up / target).resolve()
        if path.is_relative_to(_DOCS):
            return match[0]
        if not path.exists():
            message = f"{page.file.src_uri} links to {up}{target}, which is not there"
            raise PluginError(message)
        if target in _BESIDE:
            return f"[{text}]({'../' * page.file.src_uri.count('/')}{_BESIDE[target]}{anchor})"
        return text if "`" in text else f"`{text}`"

    return _LINK.sub(beside, markdown)
