"""Queries over pairs, timed one by one on connections that are open already."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

__all__ = ["QUERIES", "compare"]

QUERIES = {
    "group": """
SELECT source, aspect, count(*), round(avg(margin), 6) FROM pairs GROUP BY ALL ORDER BY ALL
""",
    "filter": """
SELECT count(*), round(avg(margin), 6) FROM pairs
WHERE source = 'prism' AND aspect = 'overall' AND margin >= 50
""",
    "one annotator": "SELECT count(*) FROM pairs WHERE annotator_id = 'prism:user77'",
    "top 10": "SELECT pair_id, margin FROM pairs ORDER BY margin DESC, pair_id LIMIT 10",
    "distinct": "SELECT count(DISTINCT prompt_id) FROM pairs",
}
_TIMES = 21


def compare(ours: duckdb.DuckDBPyConnection, bare: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Run each query on both views ``pairs`` in turn; return rows and median seconds.

    Raises:
        ValueError: If the answers differ.
    """
    rows = ours.execute("SELECT count(*) FROM pairs").fetchall()[0][0]
    seconds, bare_seconds = {}, {}
    for name, query in QUERIES.items():
        times = [(_seconds(ours, query), _seconds(bare, query)) for _ in range(_TIMES)]
        if ours.execute(query).fetchall() != bare.execute(query).fetchall():
            message = f"the view and the bare files answer differently: {name}"
            raise ValueError(message)
        seconds[name] = statistics.median(mine for mine, _ in times)
        bare_seconds[name] = statistics.median(theirs for _, theirs in times)
    return {"rows": rows, "seconds": seconds, "bare_seconds": bare_seconds}


def _seconds(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    started = time.perf_counter()
    connection.execute(query).fetchall()
    return time.perf_counter() - started
