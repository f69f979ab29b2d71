"""What is measured of prefdata: run as ``python -m benchmarks.ours NAME ARGUMENTS``.

The last line that is printed says as JSON how many rows there were, for comparison with the peers.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.queries import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

__all__: list[str] = []


def _hh(folder: str, scratch: str) -> dict[str, Any]:
    """Ingest, flag and pair: canonical tables, ids, hashes, flags, pairs, lineage, commits."""
    import prefdata as pf
    from prefdata.recipes import Recipe, Step

    workspace = f"{scratch}/workspace"
    pf.init(workspace)
    done = pf.ingest("hh-rlhf", folder, workspace=workspace, is_offline=True)
    steps = (Step(stage="flag-quality"), Step(stage="make-pairs", params={"rule": "pairs"}))
    run = pf.run(Recipe(name="benchmark", steps=steps), workspace=workspace)
    made = {step.step: step.rows_out for step in run.steps}
    return {"rows": done.rows_in, "rejected": done.rejected, "pairs": made["make-pairs"]}


def _ingest(source: str, folder: str, scratch: str) -> dict[str, Any]:
    """Ingest one source."""
    import prefdata as pf

    workspace = f"{scratch}/workspace"
    pf.init(workspace)
    done = pf.ingest(source, folder, workspace=workspace, is_offline=True)
    return {"rows": done.rows_in, "rejected": done.rejected, "tables": done.tables}


def _view(workspace: str, *bare: str) -> dict[str, Any]:
    """Query the table view of pairs, its very files, and files of pyarrow's, in turn."""
    import prefdata as pf

    catalog = pf.open(workspace)
    same = [str(path) for path in catalog.files("pairs")]
    with catalog.session() as session, _files(same) as files, _files(bare) as default_files:
        return compare(view=session.connection, files=files, default_files=default_files)


def _files(paths: Sequence[str]) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect()
    listed = ", ".join(f"'{path}'" for path in paths)
    connection.execute(f"CREATE VIEW pairs AS SELECT * FROM read_parquet([{listed}])")  # noqa: S608
    return connection


_TASKS: dict[str, Callable[..., dict[str, Any]]] = {"hh": _hh, "ingest": _ingest, "view": _view}

if __name__ == "__main__":
    print(json.dumps(_TASKS[sys.argv[1]](*sys.argv[2:])))
