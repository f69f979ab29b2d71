"""What is installed, what is reachable, and what to install for more."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import PrefdataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["examine"]

_CORE = ("polars", "pyarrow", "duckdb", "pyiceberg", "pydantic", "typer")
# Module and distribution that stand for each extra, and what it brings.
_EXTRAS = {
    "hub": ("huggingface_hub", "pinned files of the hub, publishing"),
    "quality": ("great_expectations", "prefdata validate"),
    "embed": ("sentence_transformers", "embeddings and search by meaning"),
    "models": ("transformers", "scores by the model you train"),
    "ray": ("ray", "runs on a cluster"),
}
_GIB = 1 << 30


def examine(workspace: Path | None = None) -> list[dict[str, Any]]:
    """Return one record for each thing looked at: ``part``, ``state``, ``more``.

    Nothing is imported that is heavy, and the network is not touched.
    """
    found: list[dict[str, Any]] = [
        {"part": "python", "state": sys.version.split()[0], "more": "3.11 or newer is needed"},
        {"part": "prefdata", "state": metadata.version("prefdata"), "more": ""},
    ]
    found += [{"part": name, "state": metadata.version(name), "more": "core"} for name in _CORE]
    for extra, (module, brings) in _EXTRAS.items():
        is_there = importlib.util.find_spec(module) is not None
        state = metadata.version(module.replace("_", "-")) if is_there else "not installed"
        more = brings if is_there else f"{brings}: pip install 'prefdata[{extra}]'"
        found.append({"part": module, "state": state, "more": more})
    offline = [
        n for n in ("PREFDATA_OFFLINE", "HF_HUB_OFFLINE") if os.environ.get(n, "") not in ("", "0")
    ]
    found.append(
        {
            "part": "network",
            "state": "off" if offline else "allowed",
            "more": f"{', '.join(offline)} is set" if offline else "not tested here",
        }
    )
    found.append(_workspace(workspace))
    return found


def _workspace(workspace: Path | None) -> dict[str, Any]:
    from prefdata.catalog import Catalog

    try:
        catalog = Catalog.open(workspace)
    except PrefdataError as error:
        return {"part": "workspace", "state": "none", "more": error.fix or error.what}
    head = catalog.head()
    free = shutil.disk_usage(catalog.workspace.root).free / _GIB
    sources = ", ".join(head.state.sources()) or "no source yet"
    return {
        "part": "workspace",
        "state": f"snapshot #{head.number}",
        "more": f"{catalog.workspace.root}: {sources}; {free:.0f} GiB free",
    }
