"""The page of all other plugins, made from the plugins."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from prefdata.cli._reference.fields import field_table
from prefdata.cli._reference.prose import MODELS, body, listed, own_plugins
from prefdata.fetch.cards import card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.protocols import Kind

__all__ = ["plugins_markdown"]

_HEAD = """\
# Plugins and their parameters

Sources, exporters, reports, routers, annotation tools, backends of models, publishers and engines
that come with prefdata; [stages](stages.md) have a page of their own. Other packages add more. This
page is made from the plugins: `python -m prefdata.cli._reference docs/reference` writes it.
"""
_KINDS: dict[Kind, tuple[str, str, str]] = {
    "source": (
        "prefdata.sources",
        "Sources",
        (
            "Adapters from raw files to canonical tables. `prefdata ingest SOURCE --set key=value` "
            "gives parameters."
        ),
    ),
    "exporter": (
        "prefdata.exporters",
        "Exporters",
        (
            "Formats of training files: `prefdata export FOLDER --as NAME`, or an entry of "
            "`exports` in a recipe."
        ),
    ),
    "report": (
        "prefdata.reports",
        "Reports",
        "Pages for people: `prefdata report NAME`, or an entry of `reports` in a recipe.",
    ),
    "router": (
        "prefdata.routers",
        "Routers",
        (
            "Ways to tell which comparisons people should judge; the stage "
            "[`route`](stages.md#route) names them."
        ),
    ),
    "handoff": (
        "prefdata.handoffs",
        "Annotation tools",
        "Where people judge: `prefdata annotate export --as NAME`.",
    ),
    "backend": (
        "prefdata.backends",
        "Backends",
        (
            "What runs models. Stages name a model; which backend answers follows from its name "
            "and its keys."
        ),
    ),
    "publisher": (
        "prefdata.publishers",
        "Publishers",
        "Where datasets are sent: `prefdata publish`.",
    ),
    "engine": (
        "prefdata.engines",
        "Engines",
        "Where the work of a run is done.",
    ),
}
_TITLES = {
    "embedders": "Embedders",
    "chat-models": "Chat models",
    "causal-language-models": "Causal language models",
    "tokenizers": "Tokenizers",
}


def plugins_markdown() -> str:
    """Return the page: a part for each kind, then the parameters that many plugins share."""
    parts = [_HEAD]
    linked = {model: f"#{heading}" for model, heading in MODELS.items()}
    for kind, (package, title, text) in _KINDS.items():
        parts.append(f"## {title}\n\n{text}\n")
        for name, found, module_doc in own_plugins(kind, package):
            parts.append(f"### {name}\n")
            parts += [f"{part}\n" for part in _about(kind, found, module_doc) if part.strip()]
            if params := getattr(found, "params", None):
                parts.append("\n".join(field_table(params, linked=linked)) + "\n")
    parts.append("## Models that parameters name\n\nA name alone stands for the key `model`.\n")
    for model, heading in MODELS.items():
        doc = inspect.cleandoc(model.__doc__ or "")
        parts.append(f"### {_TITLES[heading]}\n\n{doc}\n")
        parts.append("\n".join(field_table(model)) + "\n")
    return "\n".join(parts)


def _about(kind: Kind, found: Any, module_doc: str) -> Iterator[str]:
    """Yield what a plugin says of itself: its summary, its text, what it cannot do."""
    if kind == "source":
        yield _first(module_doc)
        yield body(module_doc)
        yield from _card(found.name)
        return
    yield getattr(found, "summary", "") or _first(module_doc)
    function = getattr(found, "fit", None) or getattr(found, "write", None)
    yield body(function.__doc__) if kind in {"exporter", "report", "router"} and function else ""
    if reads := getattr(found, "reads", ()):
        yield f"Reads {listed(reads)}."
    if loses := getattr(found, "loses", ()):
        yield "\n".join(["Not in this format:\n", *(f"- {loss}" for loss in loses)])


def _card(name: str) -> Iterator[str]:
    found = card(name)
    if found.homepage:
        yield f"[{found.title}]({found.homepage}). `prefdata source show {name}` shows its card."


def _first(doc: str) -> str:
    return doc.split("\n\n", 1)[0].replace("\n", " ")
