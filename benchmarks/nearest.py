"""Nearest neighbours at scale: build an index, search it, and say how well it finds.

```
python -m benchmarks.nearest vectors FOLDER [--n 1000000]     made once, beside the real base
python -m benchmarks.nearest build FOLDER [--kind ivf-sq8] [--memory-gb 3]
python -m benchmarks.nearest search FOLDER [--filter 0.1] [--where random|near|far]
python -m benchmarks.nearest exact FOLDER [--n 200000] [--device cuda] [--gb-per-s 4800]
```

Each prints one line of JSON. The vectors have a law of their own, since a million real texts take
hours to embed: with e a base of some thousand embeddings, a row is

    unit(w e[a] + (1 - w) e[b] + 0.5 g / sqrt(d)),

a uniform, b one of the 10 nearest of a, w uniform in 0..1, g standard normal. Queries follow the
same law with another seed, so they are no stored rows. The base is MiniLM embeddings of prompts
and responses of HH-RLHF where ``PREFDATA_REAL_DATA`` names a folder that has them; else it is
random: 3,000 unit vectors around 100 centres, `base` in the output says which.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.metrics.nearest import Exact, nearest
from prefdata.metrics.recall import recall_at_k
from prefdata.vectors.index import Index, build, open_index
from prefdata.vectors.index_plan import choose

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []

_N_BASE = 3_000
_REAL_FILE = "hh-rlhf/harmless-base/test.jsonl.gz"
_DIMENSION = 384
_NOISE = 0.5
_NEAR = 10
_K = 10
_BLOCK = 1 << 15
_KEY = "benchmark"
_GIGA = 1e9
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Run one command and print what it measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nearest")
    parser.add_argument("command", choices=["vectors", "build", "search", "exact"])
    parser.add_argument("folder", type=Path, help="where vectors and the index are")
    parser.add_argument("--n", type=int, help="vectors; all that are there")
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--kind", choices=["flat", "hnsw", "ivf-flat", "ivf-sq8", "ivf-pq"])
    parser.add_argument("--memory-gb", type=float, default=3.0)
    parser.add_argument("--filter", type=float, help="share of the rows that may be found")
    parser.add_argument("--where", choices=["random", "near", "far"], default="random")
    parser.add_argument("--device", help="a device of torch; numpy when left out")
    parser.add_argument("--gb-per-s", type=float, default=4800.0, help="memory bandwidth")
    options = parser.parse_args()
    measured = {"vectors": _vectors, "build": _build, "search": _search, "exact": _exact}
    said = measured[options.command](options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
    print(json.dumps({"command": options.command, **said, "peak_rss_gb": round(peak / _GIGA, 2)}))


def _vectors(options: argparse.Namespace) -> dict[str, Any]:
    """Write the base and the vectors."""
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "base.npy").exists():
        real = Path(os.environ.get("PREFDATA_REAL_DATA", "")) / _REAL_FILE
        base = _embedded(real) if real.is_file() else _random_base()
        np.save(folder / "base.npy", base)
        (folder / "base.txt").write_text("real" if real.is_file() else "random")
    n = options.n or 1_000_000
    shape = (n, _DIMENSION)
    out = np.lib.format.open_memmap(folder / "rows.npy", mode="w+", dtype=np.float32, shape=shape)
    law = _Law(folder)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        out[start:stop] = law.draw(stop - start, seed=[1, start])
    out.flush()
    return {"n": n, "base": (folder / "base.txt").read_text()}


def _build(options: argparse.Namespace) -> dict[str, Any]:
    """Build the index over the vectors, all of them in memory."""
    rows = np.load(options.folder / "rows.npy")[: options.n]
    memory_bytes = int(options.memory_gb * _GIGA)
    hashes = pl.Series("content_hash", [f"{number:032x}" for number in range(len(rows))])
    plan = choose(*rows.shape, memory_bytes=memory_bytes, kind=options.kind)
    started, cpu = time.perf_counter(), time.process_time()
    index = build(
        hashes, rows, options.folder / "index", key=_KEY, memory_bytes=memory_bytes, plan=plan
    )
    n_bytes = sum(path.stat().st_size for path in (options.folder / "index").iterdir())
    recall = index.manifest.recall
    return {
        "n": len(rows),
        "plan": index.manifest.plan.model_dump(),
        "recall": recall.model_dump() if recall else None,
        "wall_s": round(time.perf_counter() - started, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "folder_gb": round(n_bytes / _GIGA, 3),
    }


def _search(options: argparse.Namespace) -> dict[str, Any]:
    """Search one query at a time, then compare with exact search."""
    started = time.perf_counter()
    index = open_index(options.folder / "index", key=_KEY)
    opened = time.perf_counter() - started
    if not isinstance(index, Index):
        sys.exit(index.reason)
    queries = _Law(options.folder).draw(options.queries, seed=[2])
    stored = np.load(options.folder / "index" / "vectors.npy", mmap_mode="r")
    groups = _filters(options, queries, stored)
    milliseconds, shares = [], []
    for asked, allowed in groups:
        # The first search reads what later ones find in memory.
        index.search(asked[:1], _K, allowed=allowed)
        found = []
        for query in asked:
            began = time.perf_counter()
            found.append(index.search(query[None], _K, allowed=allowed).scores)
            milliseconds.append(1000 * (time.perf_counter() - began))
        rows = None if allowed is None else np.flatnonzero(allowed)
        exact = Exact(stored).search(asked, _K, allowed=rows).scores
        shares.append(recall_at_k(np.concatenate(found), exact).value)
    return {
        "n": index.n,
        "kind": index.manifest.plan.kind,
        "effort": index.manifest.plan.effort,
        "filter": options.filter,
        "where": options.where if options.filter else None,
        "open_s": round(opened, 2),
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 2),
        "p95_ms": round(float(np.percentile(milliseconds, 95)), 2),
        "recall_at_10": round(float(np.mean(shares)), 4),
        "worst_recall": round(min(shares), 4),
        "n_queries": len(milliseconds),
    }


def _exact(options: argparse.Namespace) -> dict[str, Any]:
    """Search all rows, in half precision as they are stored, without an index."""
    rows = np.load(options.folder / "rows.npy", mmap_mode="r")[: options.n].astype(np.float16)
    queries = _Law(options.folder).draw(1_000, seed=[2])
    exact = Exact(rows, device=options.device)
    exact.search(queries[:1], _K)
    milliseconds = []
    for query in queries[:50]:
        began = time.perf_counter()
        exact.search(query[None], _K)
        milliseconds.append(1000 * (time.perf_counter() - began))
    rounds = []
    for _ in range(3):
        began = time.perf_counter()
        found = exact.search(queries, _K)
        rounds.append(time.perf_counter() - began)
    reference = nearest(queries[:50], rows, _K)
    # One pass over the rows is the least that has to be read for these queries.
    gb_per_s = rows.nbytes / min(rounds) / _GIGA
    return {
        "n": len(rows),
        "device": options.device or "numpy",
        "p50_ms": round(float(np.median(milliseconds)), 2),
        "ms_per_1000": round(1000 * min(rounds), 1),
        "share_of_bandwidth": round(gb_per_s / options.gb_per_s, 4) if options.device else None,
        "is_same_as_numpy": bool((found.rows[:50] == reference.rows).all()),
    }


class _Law:
    """Draws vectors as the docstring of the module says."""

    def __init__(self, folder: Path) -> None:
        self._base = np.load(folder / "base.npy")
        # The nearest is the vector itself.
        self._near = nearest(self._base, self._base, _NEAR + 1).rows[:, 1:]

    def draw(self, n: int, *, seed: list[int]) -> NDArray[np.float32]:
        random = np.random.default_rng(seed)
        a = random.integers(0, len(self._base), n)
        b = self._near[a, random.integers(0, _NEAR, n)]
        weight = random.random((n, 1), dtype=np.float32)
        noise = random.standard_normal((n, _DIMENSION), dtype=np.float32)
        mixed = weight * self._base[a] + (1 - weight) * self._base[b]
        mixed += noise * np.float32(_NOISE / np.sqrt(_DIMENSION))
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        drawn: NDArray[np.float32] = mixed
        return drawn


def _filters(
    options: argparse.Namespace, queries: NDArray[np.float32], stored: NDArray[np.float16]
) -> list[tuple[NDArray[np.float32], NDArray[np.bool_] | None]]:
    """Return queries with the rows they may find: all, any, those nearest to or far from one.

    Rows that lie together are the hard case: the lists around a query may hold none of them.
    """
    if options.filter is None:
        return [(queries, None)]
    n = len(stored)
    n_allowed = int(n * options.filter)
    if options.where == "random":
        return [(queries, np.random.default_rng(3).random(n) < options.filter)]
    groups: list[tuple[NDArray[np.float32], NDArray[np.bool_] | None]] = []
    for number in range(5):
        order = np.argsort(stored.astype(np.float32) @ queries[number])
        allowed = np.zeros(n, dtype=bool)
        allowed[order[-n_allowed:] if options.where == "near" else order[:n_allowed]] = True
        groups.append((queries[number::20], allowed))
    return groups


def _random_base() -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    centres = random.standard_normal((100, _DIMENSION))
    base = centres[random.integers(0, 100, _N_BASE)] + random.standard_normal((_N_BASE, _DIMENSION))
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    drawn: NDArray[np.float32] = base.astype(np.float32)
    return drawn


def _embedded(path: Path) -> NDArray[np.float32]:
    """Return embeddings of the first prompts and responses of a file of HH-RLHF."""
    from prefdata.protocols import EmbedderParams
    from prefdata.vectors.models import backend_of, no_corpus

    texts: dict[str, None] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            prompt, _, response = row["chosen"].rpartition("\n\nAssistant:")
            for text in (prompt, response, row["rejected"].rpartition("\n\nAssistant:")[2]):
                texts.setdefault(text.strip()[-300:] or "-")
            if len(texts) >= _N_BASE:
                break
    model = EmbedderParams(model="sentence-transformers/all-MiniLM-L6-v2", dtype="float32")
    backend = backend_of(model)
    revision = backend.revision(model, no_corpus)
    embedder = backend.open(model, path.parent, revision, None, lambda _: None)
    vectors = embedder.embed(list(texts)[:_N_BASE]).vectors
    placed: NDArray[np.float32] = vectors[np.linalg.norm(vectors, axis=1) > 0]
    return placed


if __name__ == "__main__":
    main()
