"""What is measured of Data-Juicer.

Run as ``python -m benchmarks.peer_data_juicer NAME FOLDER SCRATCH``.

Its operators are called through its own dataset, as ``dj-process`` calls them, but without that
command's tables of the configuration, its job folder and its logs. It installs packages while it
runs, which ``PIP_NO_INDEX`` and ``UV_OFFLINE`` forbid here.

| task | what it does |
|---|---|
| ``near`` | ``document_minhash_deduplicator``: word 5-grams, 14 bands of 8 |
| ``exact`` | ``document_deduplicator`` of texts in lower case |
| ``filters`` | four filters that need no model |
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["FILTERS"]

Row = dict[str, Any]

FILTERS: dict[str, dict[str, float]] = {
    "text_length_filter": {"min_len": 100, "max_len": 3_000},
    "alphanumeric_filter": {"min_ratio": 0.6, "max_ratio": 0.9},
    "maximum_line_length_filter": {"min_len": 20, "max_len": 1_000},
    "character_repetition_filter": {"rep_len": 10, "max_ratio": 0.1},
}
_NEAR = {
    "tokenization": "space",
    "window_size": 5,
    "num_permutations": 112,
    "num_bands": 14,
    "num_rows_per_band": 8,
}
_TASKS: dict[str, dict[str, dict[str, Any]]] = {
    "near": {"document_minhash_deduplicator": _NEAR},
    "exact": {"document_deduplicator": {"lowercase": True}},
    "filters": dict(FILTERS),
}


def _run(task: str, folder: str, scratch: str) -> Row:
    """Load the lines, process them, and write what is kept."""
    os.environ |= {"DATA_JUICER_CACHE_HOME": scratch, "HF_DATASETS_CACHE": scratch}
    from data_juicer.core.data import NestedDataset  # type: ignore[import-not-found]
    from data_juicer.ops import load_ops  # type: ignore[import-not-found]
    from loguru import logger  # type: ignore[import-not-found]

    from benchmarks.peers import load

    logger.remove()
    dataset = load([str(Path(folder) / "jsonl" / "texts.jsonl.gz")], scratch)
    process = [{name: {**given, "num_proc": 1}} for name, given in _TASKS[task].items()]
    kept = NestedDataset(dataset).process(load_ops(process))
    kept.to_json(str(Path(scratch) / "kept.jsonl"))
    return {"rows": len(dataset), "kept": len(kept), "spare": len(dataset) - len(kept)}


if __name__ == "__main__":
    print(json.dumps(_run(*sys.argv[1:])))
