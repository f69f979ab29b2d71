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


def compare(**connections: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Run each query on the view ``pairs`` of each connection in turn; return median seconds.

    Raises:
        ValueError: If the answers differ.
    """
    first, *_ = connections.values()
    rows = first.execute("SELECT count(*) FROM pairs").fetchall()[0][0]
    medians: dict[str, dict[str, float]] = {name: {} for name in connections}
    for query, text in QUERIES.items():
        spent: dict[str, list[float]] = {name: [] for name in connections}
        for _ in range(_TIMES):
            for name, connection in connections.items():
                started = time.perf_counter()
                connection.execute(text).fetchall()
                spent[name].append(time.perf_counter() - started)
        answers = [connection.execute(text).fetchall() for connection in connections.values()]
        if any(answer != answers[0] for answer in answers):
            message = f"the view and the bare files answer differently: {query}"
            raise ValueError(message)
        for name, seconds in spent.items():
            medians[name][query] = statistics.median(seconds)
    return {"rows": rows, "seconds": medians}
