"""Sides that no other benchmark has: run as ``python -m benchmarks.compare.sides NAME …``.

| side | what it does |
|---|---|
| ``flag-quality FOLDER SCRATCH`` | the stage on what was ingested before, with its commit |
| ``nearest FOLDER`` | `prefdata.metrics.nearest.Exact` |
| ``faiss FOLDER`` | a bare ``IndexFlatIP`` |
| ``view FOLDER``, ``duckdb FOLDER`` | the five queries on a catalog's session, or on bare files |
| ``make-NAME …`` | the inputs of these |
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

Row = dict[str, Any]

_K, _QUERIES, _DIMENSION, _TIMES = 10, 1_000, 384, 21


def _make_workspace(file: str, folder: str) -> Row:
    """Ingest transcripts, and write the same as lines for others."""
    import prefdata as pf

    workspace = Path(folder) / "workspace"
    pf.init(workspace)
    done = pf.ingest("hh-rlhf", Path(file).parent.parent, workspace=workspace, is_offline=True)
    return {"rows": done.rows_in}


def _flag_quality(folder: str, scratch: str) -> Row:
    import prefdata as pf
    from prefdata.recipes import Recipe, Step

    # Made anew each time, since a copy of a workspace cannot be written; that is not measured.
    workspace = Path(scratch) / "workspace"
    pf.init(workspace)
    pf.ingest("hh-rlhf", Path(folder) / "hh", workspace=workspace, is_offline=True)
    started = time.process_time()
    recipe = Recipe(name="benchmark", steps=(Step(stage="flag-quality"),))
    done = pf.run(recipe, workspace=workspace)
    return {
        "rows": done.steps[0].rows_in,
        "cpu_seconds": time.process_time() - started,
        "transcripts": 2 * done.steps[0].rows_in,
    }


def _make_vectors(folder: str, n: str) -> Row:
    """Draw unit rows around a thousand centres, and queries by the same law."""
    import numpy as np

    random = np.random.default_rng(0)
    centres = random.standard_normal((1_000, _DIMENSION), dtype=np.float32)
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    for name, size in (("rows", int(n)), ("queries", _QUERIES)):
        drawn = centres[random.integers(0, len(centres), size)]
        drawn += random.standard_normal(drawn.shape, dtype=np.float32)
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        np.save(path / f"{name}.npy", drawn)
    return {"rows": int(n)}


def _nearest(folder: str) -> Row:
    import numpy as np

    from prefdata.metrics.nearest import Exact

    rows, queries = (np.load(Path(folder) / f"{name}.npy") for name in ("rows", "queries"))
    started = time.process_time()
    found = Exact(rows).search(queries, _K)
    return _neighbors(found.rows, time.process_time() - started)


def _faiss(folder: str) -> Row:
    import faiss
    import numpy as np

    rows, queries = (np.load(Path(folder) / f"{name}.npy") for name in ("rows", "queries"))
    started = time.process_time()
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    _, found = index.search(queries, _K)
    return _neighbors(found, time.process_time() - started)


def _neighbors(found: Any, seconds: float) -> Row:
    first = [int(row[0]) for row in found[:5]]
    return {"rows": len(found), "first": first, "cpu_seconds": seconds}


def _view(folder: str) -> Row:
    import prefdata as pf

    with pf.open(Path(folder) / "workspace").session() as session:
        return _asked(session.connection)


def _duckdb(folder: str) -> Row:
    import duckdb

    connection = duckdb.connect()
    files = ", ".join(f"'{path}'" for path in sorted((Path(folder) / "bare").glob("*.parquet")))
    connection.execute(f"CREATE VIEW pairs AS SELECT * FROM read_parquet([{files}])")  # noqa: S608
    return _asked(connection)


def _asked(connection: Any) -> Row:
    """Ask all five several times; the seconds are those of one time."""
    from benchmarks.queries import QUERIES

    (rows,) = connection.execute("SELECT count(*) FROM pairs").fetchall()[0]
    found = {name: connection.execute(text).fetchall() for name, text in QUERIES.items()}
    started = time.process_time()
    for text in [*QUERIES.values()] * _TIMES:
        connection.execute(text).fetchall()
    spent = (time.process_time() - started) / _TIMES
    answers = {
        "group": len(found["group"]),
        "filter": found["filter"][0][0],
        "one annotator": found["one annotator"][0][0],
        "top 10": [pair_id for pair_id, _ in found["top 10"]],
        "distinct": found["distinct"][0][0],
    }
    return {"rows": rows, "answers": answers, "cpu_seconds": spent}


_SIDES: dict[str, Callable[..., Row]] = {
    "make-workspace": _make_workspace,
    "make-vectors": _make_vectors,
    "flag-quality": _flag_quality,
    "nearest": _nearest,
    "faiss": _faiss,
    "view": _view,
    "duckdb": _duckdb,
}

if __name__ == "__main__":
    print(json.dumps(_SIDES[sys.argv[1]](*sys.argv[2:])))
