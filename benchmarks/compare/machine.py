"""What the figures depend on: the machine, and the versions in each environment."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.compare.plan import PEERS

if TYPE_CHECKING:
    from benchmarks.compare.plan import Options

__all__ = ["machine", "versions"]

_GIB = 1 << 30
_OURS = (
    *("prefdata", "polars", "polars-runtime-32", "pyarrow", "duckdb", "pyiceberg", "numpy"),
    *("isal", "rensa", "faiss-cpu", "torch", "transformers", "sentence-transformers", "datasets"),
    *("aiohttp", "openai"),
)
_THEIRS = {
    "trl": ("trl", "datasets", "distilabel", "duckdb", "pyarrow", "openai", "torch"),
    "datatrove": ("datatrove", "spacy", "numpy"),
    "data-juicer": ("py-data-juicer", "datasets", "pyarrow", "numpy", "ray", "torch"),
    "inverse-cai": ("inverse-cai", "langchain-openai", "openai", "alpaca-eval", "pandas"),
}
_ASK = """
import json, platform, sys
from importlib import metadata
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def machine() -> dict[str, Any]:
    """Return processor, cores, memory, system, and how busy it is."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(pages * size / _GIB, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def versions(options: Options) -> dict[str, dict[str, str]]:
    """Return the versions in our environment and in those of the peers."""
    found = {"prefdata": _asked(sys.executable, _OURS)}
    for peer in PEERS:
        if (python := options.python(peer)) != sys.executable:
            found[peer] = _asked(python, _THEIRS[peer])
    return found


def _asked(python: str, names: tuple[str, ...]) -> dict[str, str]:
    told = subprocess.run([python, "-c", _ASK, *names], check=True, capture_output=True, text=True)
    answered: dict[str, str] = json.loads(told.stdout)
    return answered
