"""The comparisons, with what each side is called; see docs/benchmarks.md for what they do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.compare import inputs
from benchmarks.compare.models import MODEL_COMPARISONS
from benchmarks.compare.plan import Comparison, Kind, Options, Side, Sizes, program
from benchmarks.inputs import HH_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPARISONS"]

_OWN = ("cpu_seconds",)
# Word 5-grams, 14 bands of 8, nothing verified: what datatrove and Data-Juicer are told as well.
_MINHASH = {"shingle": "words", "n_permutations": 112, "bands": 14, "rows": 8, "verify": False}
_SAMPLED_TEXTS = "200"
_QUIET = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _split(options: Options) -> Comparison:
    file = f"{{input}}/{HH_FILE}"
    peers = options.python("trl")

    def peer(name: str, module: str, *arguments: str, needs: str) -> Side:
        run = program(module, *arguments, python=peers)
        return Side(name, "peer", run, needs=("trl", needs))

    by_batch = [
        peer(
            f"distilabel: split, by {rows}",
            "peer_distilabel",
            file,
            "{scratch}",
            rows,
            needs="distilabel",
        )
        for rows in ("50", "1000")
    ]
    sides = (
        Side("prefdata: ingest, flag, pair", "ours", program("ours", "hh", "{input}", "{scratch}")),
        peer("datasets: map", "peers", "hh-datasets", file, "{scratch}", needs="datasets"),
        peer("TRL: extract_prompt", "peers", "hh-trl", file, "{scratch}", needs="trl"),
        *by_batch,
        peer("DuckDB: split", "peers", "hh-duckdb", file, "{scratch}", needs="duckdb"),
        Side("loop over lines", "naive", program("compare.naive", "split", file, "{scratch}")),
        Side("gunzip the file (isal)", "limit", program("compare.limits", "inflate", file), _OWN),
    )
    told = tuple(side.name for side in sides if side.kind in ("peer", "naive"))
    return Comparison(
        "read and split transcripts",
        inputs.transcripts,
        Sizes(1_200, 20_000, 161_840),
        sides,
        {"messages": told},
    )


def _near(options: Options) -> Comparison:
    trove, juicer = options.python("datatrove"), options.python("data-juicer")
    given = json.dumps(_MINHASH)
    lines = "{input}/jsonl/texts.jsonl.gz"
    sides = (
        Side(
            "prefdata: dedup, MinHash",
            "ours",
            program("duplicates", "near", "{input}", given, "{scratch}"),
        ),
        Side(
            "prefdata: dedup, its defaults",
            "ours",
            program("duplicates", "near", "{input}", "{}", "{scratch}"),
        ),
        Side(
            "datatrove: four stages",
            "peer",
            program("duplicates", "datatrove", "{input}", "{scratch}", python=trove),
            needs=("datatrove", "datatrove"),
        ),
        Side(
            "Data-Juicer: MinHash",
            "peer",
            program("peer_data_juicer", "near", "{input}", "{scratch}", python=juicer, env=_QUIET),
            needs=("data-juicer", "data_juicer"),
        ),
        Side(
            "loop over all pairs",
            "naive",
            program("compare.naive", "near", "{input}", _SAMPLED_TEXTS),
            _OWN,
        ),
        Side(
            "hash the words of 5-grams",
            "limit",
            program("compare.limits", "hash", lines, "5"),
            _OWN,
        ),
    )
    return Comparison("near-duplicates", inputs.planted, Sizes(1_200, 8_000, 80_000), sides)


def _exact(options: Options) -> Comparison:
    juicer = options.python("data-juicer")
    lines = "{input}/jsonl/texts.jsonl.gz"
    ours = "prefdata: dedup, exact"
    sides = (
        Side(ours, "ours", program("duplicates", "exact", "{input}", "{scratch}")),
        Side(
            "Data-Juicer: MD5",
            "peer",
            program("peer_data_juicer", "exact", "{input}", "{scratch}", python=juicer, env=_QUIET),
            needs=("data-juicer", "data_juicer"),
        ),
        Side(
            "DuckDB: GROUP BY, normalises",
            "peer",
            program("duplicates", "duckdb", "{input}", "within"),
        ),
        Side(
            "DuckDB: GROUP BY, done before",
            "peer",
            program("duplicates", "duckdb", "{input}", "before"),
        ),
        Side("loop with a set", "naive", program("compare.naive", "exact", "{input}")),
        Side("hash the texts", "limit", program("compare.limits", "hash", lines, "1"), _OWN),
    )
    return Comparison(
        "exact duplicates",
        inputs.planted,
        Sizes(1_200, 40_000, 161_840),
        sides,
        {"spare": (ours, "loop with a set")},
    )


def _filters(options: Options) -> Comparison:
    juicer = options.python("data-juicer")
    theirs, loop = "Data-Juicer: four filters", "loop, the same filters"
    sides = (
        Side(
            "prefdata: flag-quality",
            "ours",
            program("compare.sides", "flag-quality", "{input}", "{scratch}"),
            _OWN,
        ),
        Side(
            theirs,
            "peer",
            program(
                "peer_data_juicer", "filters", "{input}", "{scratch}", python=juicer, env=_QUIET
            ),
            needs=("data-juicer", "data_juicer"),
        ),
        Side(loop, "naive", program("compare.naive", "filters", "{input}", "{scratch}")),
        Side(
            "copy the tables in memory",
            "limit",
            program("compare.limits", "copy", "{input}/workspace"),
            _OWN,
        ),
    )
    return Comparison(
        "quality of texts",
        inputs.flagged,
        Sizes(1_200, 10_000, 80_000),
        sides,
        {"kept": (theirs, loop)},
    )


def _export(_: Options) -> Comparison:
    def side(name: str, task: str, last: str) -> Side:
        kind: Kind = "ours" if task == "prefdata" else "peer"
        run = program("export", task, "{input}", "{scratch}", last)
        return Side(name, kind, run, _OWN)

    loop = program("compare.naive", "export", "{input}", "{scratch}")
    disk = program("compare.limits", "write", "{input}/rows.parquet", "{scratch}")
    sides = (
        side("prefdata: export for TRL", "prefdata", "trl"),
        side("prefdata: export to Parquet", "prefdata", "parquet"),
        side("datasets: from_list, of a view", "datasets", "view"),
        side("datasets: from_list, of a list", "datasets", "list"),
        side("DuckDB: COPY, zstd", "duckdb", "zstd"),
        side("DuckDB: COPY, snappy", "duckdb", "snappy"),
        Side("loop, JSON lines", "naive", loop),
        Side("write and sync the bytes", "limit", disk, _OWN),
    )
    return Comparison("export pairs", inputs.exported, Sizes(2_000, 50_000, 300_000), sides)


def _queries(_: Options) -> Comparison:
    ours, theirs, loop = "prefdata: session", "DuckDB: bare files", "loop over dictionaries"
    sides = (
        Side(ours, "ours", program("compare.sides", "view", "{input}"), _OWN),
        Side(theirs, "peer", program("compare.sides", "duckdb", "{input}"), _OWN),
        Side(loop, "naive", program("compare.naive", "queries", "{input}"), _OWN),
        Side(
            "copy the files in memory",
            "limit",
            program("compare.limits", "copy", "{input}/bare"),
            _OWN,
        ),
    )
    names = (ours, theirs, loop)
    return Comparison(
        "five SQL queries over pairs",
        inputs.pairs,
        Sizes(10_000, 300_000, 1_000_000),
        sides,
        {"answers": names},
    )


COMPARISONS: dict[str, Callable[[Options], Comparison]] = {
    "split": _split,
    "near": _near,
    "exact": _exact,
    "filters": _filters,
    "export": _export,
    "sql": _queries,
    **MODEL_COMPARISONS,
}
"""By name, in the order of the report."""
