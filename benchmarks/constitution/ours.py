"""What is measured of prefdata: run as ``python -m benchmarks.constitution.ours NAME …``.

The last line that is printed is JSON: the CPU seconds of each part, and notes of the steps.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


def _voted(file: str, workspace: str, url: str, params: str) -> dict[str, Any]:
    """Ingest pairs, have a model vote on principles, and choose among them."""
    from benchmarks.constitution.rules import SENTENCES

    model = {"model": "rule", "base_url": url, "concurrency": 30}
    steps = [
        "make-pairs",
        {
            "stage": "vote-principles",
            "params": {
                "model": model,
                "principles": [],
                "given": list(SENTENCES),
                "per_request": len(SENTENCES),
            },
        },
        {"stage": "constitution", "params": {"votes": ["vote-principles"], **json.loads(params)}},
    ]
    return {**_ingested(file, workspace), **_run(steps, workspace)}


def _ingested(file: str, workspace: str) -> dict[str, Any]:
    """Make a workspace and read the pairs of a file, or of a folder of transcripts."""
    import prefdata as pf

    before = time.process_time()
    pf.init(workspace)
    if Path(file).is_dir():
        done = pf.ingest("hh-rlhf", file, workspace=workspace, is_offline=True)
    else:
        done = pf.ingest("trl", file, workspace=workspace, params={"name": "hh"}, is_offline=True)
    return {"rows": done.rows_in, "ingest": round(time.process_time() - before, 2)}


def _free(workspace: str, *names: str) -> dict[str, Any]:
    """Run stages that need no model on what is in a workspace, one after the other."""
    votes = {"votes": ["factors"]}
    params = {"constitution": votes, "apply-constitution": votes}
    done = {
        name: _run([{"stage": name, "params": params.get(name, {})}], workspace) for name in names
    }
    return {
        "cpu_seconds": {name: said["run"] for name, said in done.items()},
        "notes": [note for said in done.values() for note in said["notes"]],
    }


def _run(steps: list[Any], workspace: str) -> dict[str, Any]:
    import prefdata as pf
    from prefdata.recipes import Recipe

    before = time.process_time()
    recipe = Recipe.model_validate({"name": "benchmark", "steps": steps})
    done = pf.run(recipe, workspace=workspace)
    return {
        "run": round(time.process_time() - before, 2),
        "notes": [note for step in done.steps for note in step.notes],
    }


_TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "voted": _voted,
    "ingest": _ingested,
    "free": _free,
}

if __name__ == "__main__":
    print(json.dumps(_TASKS[sys.argv[1]](*sys.argv[2:])))
