"""Docstrings as Markdown, and which plugins are ours."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
from typing import TYPE_CHECKING, Any

from prefdata.protocols import CausalParams, ChatParams, EmbedderParams, Tokenization
from prefdata.registry import plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from prefdata.protocols import Kind

__all__ = ["MODELS", "body", "listed", "own_plugins"]

MODELS: dict[type[BaseModel], str] = {
    EmbedderParams: "embedders",
    ChatParams: "chat-models",
    CausalParams: "causal-language-models",
    Tokenization: "tokenizers",
}
"""Parameters that many plugins share, and the heading under which they stand once."""

_SECTION = re.compile(r"^(Args|Returns|Raises|References|Examples):$")
_ENTRY = re.compile(r"^(\w+): ")


def own_plugins(kind: Kind, package: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the name, the plugin and the docstring of its module, for each that comes with us."""
    found = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(found.__path__), key=lambda each: each.name):
        if not module.name.startswith("_"):
            name = module.name.replace("_", "-")
            doc = importlib.import_module(f"{package}.{module.name}").__doc__ or ""
            yield name, plugin(kind, name), inspect.cleandoc(doc)


def body(doc: str | None) -> str:
    """Return a docstring without its first line, its sections as Markdown."""
    _, _, rest = inspect.cleandoc(doc or "").partition("\n")
    parts: list[str] = []
    title = ""
    for part in re.split(r"\n{2,}", rest.strip("\n")):
        block = part
        first, _, others = part.partition("\n")
        if match := _SECTION.match(first):
            title, block = match[1], others
        elif not block.startswith("    "):
            title = ""
        if title in {"Args", "Returns"}:
            continue  # tables, parameters and context: the same for all
        if match:
            parts.append(f"**{title}**")
        # Two colons announce a literal block in docstrings; in Markdown its indentation does.
        text = _entries(textwrap.dedent(block)) if title else block
        parts.append(re.sub(r"::$", ":", text))
    return "\n\n".join(part for part in parts if part.strip())


def _entries(block: str) -> str:
    """Return a block of ``name: text`` as a list; any other as it is."""
    if not any(map(_ENTRY.match, block.splitlines())):
        return block
    lines = [_ENTRY.sub(r"- `\1`: ", line) for line in block.splitlines()]
    return "\n".join(line if line.startswith("- ") else f"  {line.strip()}" for line in lines)


def listed(names: tuple[str, ...]) -> str:
    """Return names of tables as links to their contracts."""
    return ", ".join(f"[`{name}`](../tables.md#{name})" for name in names) or "nothing"
