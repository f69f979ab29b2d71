"""Export of 500,000 pairs to Parquet: run as ``python -m benchmarks.export [all | TASK …]``.

``all`` makes the catalog, runs every side in a fresh process, in turn, and prints a table with the
ratios; ``--scale 0.1`` takes a tenth of the pairs. A single task runs in this process, and the
last line that it prints is JSON:

| task | what it does |
|---|---|
| ``make FOLDER SCALE`` | a catalog with synthetic pairs, and the rows of its export in one file |
| ``prefdata FOLDER SCRATCH EXPORTER`` | `prefdata.export`, as the command does it |
| ``duckdb FOLDER SCRATCH CODEC`` | a bare COPY of the same view; ``snappy`` is its default |
| ``datasets FOLDER SCRATCH BEGIN`` | ``Dataset.from_list(rows).to_parquet(path)`` |

The list of datasets is there when its time begins (``list``), or is fetched from the same view
first (``view``), which is then the whole way that the other sides go.

Seconds are those of the work alone, without imports; CPU seconds are those of all threads. Peak
memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import CACHE
from benchmarks.measure import Cost, call, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

__all__: list[str] = []

Row = dict[str, Any]

_PAIRS = 500_000
_PART = 50_000
_SOURCE = "toy"
_STEP = "make-pairs"
_WORDS = 20_000
_POOL_BYTES = 64 << 20
_LIBRARIES = ("prefdata", "polars", "pyarrow", "duckdb", "datasets")
_WANTED = {"datasets, list": 5.0, "duckdb, zstd": 0.5, "duckdb, snappy": 0.5}
# What `prefdata export` reads, in its columns and its order.
_VIEW = """
SELECT
    pairs.pair_id, pairs.source, prompts.subset, pairs.prompt_id,
    CASE
        WHEN prompts.system IS NULL THEN prompts.messages
        ELSE list_prepend(
            struct_pack(role := 'system', content := prompts.system), prompts.messages
        )
    END AS prompt,
    chosen.messages AS chosen, rejected.messages AS rejected,
    pairs.margin, pairs.margin_unit, pairs.strength, pairs.n_votes, pairs.aspect,
    pairs.annotator_id, chosen.model AS chosen_model, rejected.model AS rejected_model,
    prompts.language, 'train' AS split
FROM pairs
JOIN prompts ON prompts.prompt_id = pairs.prompt_id
JOIN responses AS chosen ON chosen.response_id = pairs.chosen_id
JOIN responses AS rejected ON rejected.response_id = pairs.rejected_id
WHERE pairs.stage = 'make-pairs'
ORDER BY pairs.pair_id
"""


class _Texts:
    """Texts of words whose frequencies fall as in natural language, cut out of one long one."""

    def __init__(self, seed: int) -> None:
        import numpy as np

        self.chance = np.random.default_rng(seed)
        letters = np.array(list("etaoinshrdlucmfwypvbgk"))
        lengths = self.chance.poisson(4.2, _WORDS) + 1
        words = ["".join(self.chance.choice(letters, n)) for n in lengths]
        weights = 1 / np.arange(1, _WORDS + 1)
        drawn = self.chance.choice(words, _POOL_BYTES // 5, p=weights / weights.sum())
        self._pool = " ".join(drawn)

    def texts(self, n: int, *, median: int, spread: float, longest: int) -> list[str]:
        """Return ``n`` texts whose lengths in characters are log-normal."""
        import numpy as np

        lengths = np.exp(self.chance.normal(np.log(median), spread, n)).clip(5, longest).astype(int)
        starts = self.chance.integers(0, len(self._pool) - longest, n)
        return [self._pool[s : s + k] for s, k in zip(starts, lengths, strict=True)]


def _make(folder: str, scale: str) -> Row:
    """One prompt a pair, three in ten of several turns; responses of some 450 characters."""
    import prefdata as pf
    from prefdata.schema import conform, table_schema

    catalog = pf.init(Path(folder) / "workspace")
    n_pairs = round(_PAIRS * float(scale))
    texts = _Texts(0)
    n_chars = 0
    with catalog.write() as write:
        for first in range(0, n_pairs, _PART):
            tables = _tables(first, min(_PART, n_pairs - first), texts)
            n_chars += sum(tables["responses"]["text"].str.len_chars())
            for name, rows in tables.items():
                key = (_SOURCE, _STEP) if name == "pairs" else (_SOURCE,)
                write.put(name, key, conform(rows, table_schema(name)))
        write.commit("pairs for the benchmark")
    with catalog.session() as session:
        text = f"COPY ({_VIEW}) TO '{folder}/rows.parquet' (COMPRESSION zstd)"
        session.connection.execute(text)
    return {"rows": n_pairs, "response_chars": n_chars}


def _tables(first: int, n: int, texts: _Texts) -> dict[str, pl.DataFrame]:
    import polars as pl

    turns = 1 + 2 * (texts.chance.integers(1, 4, n) * (texts.chance.random(n) < 0.3))  # noqa: PLR2004
    said = iter(texts.texts(int(turns.sum()), median=120, spread=0.9, longest=4_000))
    messages = [
        [{"role": ("user", "assistant")[i % 2], "content": next(said)} for i in range(count)]
        for count in turns
    ]
    numbers = pl.Series(range(first, first + n))
    digests = numbers.hash(1).cast(pl.String) + numbers.hash(2).cast(pl.String)
    prompts = pl.DataFrame({"messages": messages, "digest": digests}).select(
        "messages",
        prompt_id=pl.concat_str(pl.lit(f"{_SOURCE}:"), "digest"),
        source=pl.lit(_SOURCE),
        subset=pl.lit("base"),
        turn=pl.lit(0),
        language=pl.lit("en"),
        license=pl.lit("MIT"),
        content_hash="digest",
        revision=pl.lit("0" * 40),
        file=pl.lit("train.jsonl"),
        row=pl.int_range(first, first + n),
    )
    responses = [
        prompts.select(
            "prompt_id",
            response_id=pl.concat_str("prompt_id", pl.lit(f"/{side}")),
            source=pl.lit(_SOURCE),
            text=pl.Series(texts.texts(n, median=450, spread=0.6, longest=4_000)),
            model=pl.lit(f"model-{side}"),
            license=pl.lit("MIT"),
            content_hash=pl.concat_str("content_hash", pl.lit(side)),
        ).with_columns(messages=pl.concat_list(pl.struct(role=pl.lit("assistant"), content="text")))
        for side in ("chosen", "rejected")
    ]
    pairs = prompts.select(
        "prompt_id",
        pair_id=pl.concat_str(
            pl.col("content_hash").hash(3).cast(pl.String),
            pl.col("content_hash").hash(4).cast(pl.String),
        ),
        source=pl.lit(_SOURCE),
        chosen_id=pl.concat_str("prompt_id", pl.lit("/chosen")),
        rejected_id=pl.concat_str("prompt_id", pl.lit("/rejected")),
        judgment_id=pl.concat_str("prompt_id", pl.lit("/overall")),
        annotator_id=pl.format(f"{_SOURCE}:{{}}", pl.int_range(first, first + n) % 1_000),
        aspect=pl.lit("overall"),
        margin=pl.Series(texts.chance.integers(1, 8, n).astype(float)),
        margin_unit=pl.lit("points of 1-9"),
        n_votes=pl.lit(1),
        rule=pl.lit("pairs"),
        stage=pl.lit(_STEP),
    )
    return {"prompts": prompts, "responses": pl.concat(responses), "pairs": pairs}


@contextmanager
def _timed(said: Row) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    said["wall_seconds"] = round(time.perf_counter() - wall, 3)
    said["cpu_seconds"] = round(time.process_time() - cpu, 3)


def _prefdata(folder: str, scratch: str, exporter: str) -> Row:
    import prefdata as pf
    import prefdata.runner

    said: Row = {}
    with _timed(said):
        made = pf.export(exporter, Path(scratch) / "out", workspace=Path(folder) / "workspace")
    return {**said, "rows": made.rows, **_size(Path(scratch) / "out")}


def _duckdb(folder: str, scratch: str, codec: str) -> Row:
    import prefdata as pf

    said: Row = {}
    with pf.open(Path(folder) / "workspace").session() as session:
        text = f"COPY ({_VIEW}) TO '{scratch}/rows.parquet' (COMPRESSION {codec})"
        with _timed(said):
            (rows,) = session.connection.execute(text).fetchall()[0]
    return {**said, "rows": rows, **_size(Path(scratch))}


def _datasets(folder: str, scratch: str, begin: str) -> Row:
    import datasets
    import pyarrow.parquet as pq

    import prefdata as pf

    datasets.disable_progress_bars()
    said: Row = {}
    with pf.open(Path(folder) / "workspace").session() as session:
        if begin == "list":
            rows = pq.read_table(Path(folder) / "rows.parquet").to_pylist()
        with _timed(said):
            if begin == "view":
                view = session.connection.sql(_VIEW)
                rows = view.to_arrow_table().to_pylist()
            datasets.Dataset.from_list(rows).to_parquet(Path(scratch) / "rows.parquet")
    return {**said, "rows": len(rows), **_size(Path(scratch))}


def _size(folder: Path) -> Row:
    """Return the bytes of the files that a side wrote."""
    return {"bytes": sum(path.stat().st_size for path in folder.rglob("*.parquet"))}


def _all(scale: float, rounds: int) -> None:
    """Run every side in turn and print what each cost, the median of the rounds."""
    scratch, folder = CACHE / "scratch", str(CACHE / f"export-{scale:g}")
    if not Path(folder, "rows.parquet").is_file():
        run(call("export", "make", folder, str(scale)), scratch=scratch)
    sides = {
        "prefdata": call("export", "prefdata", folder, "{scratch}", "parquet"),
        "duckdb, zstd": call("export", "duckdb", folder, "{scratch}", "zstd"),
        "duckdb, snappy": call("export", "duckdb", folder, "{scratch}", "snappy"),
        "datasets, list": call("export", "datasets", folder, "{scratch}", "list"),
        "datasets, view": call("export", "datasets", folder, "{scratch}", "view"),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, command in sides.items():
            costs[name].append(run(command, scratch=scratch))
    print(json.dumps({name: metadata.version(name) for name in _LIBRARIES}))
    ours = costs["prefdata"]
    for name, found in costs.items():
        _tell(name, found, ours)


def _tell(name: str, costs: list[Cost], ours: list[Cost]) -> None:
    seconds = {key: _median(costs, key) for key in ("cpu_seconds", "wall_seconds")}
    rows = costs[0].said["rows"]
    ratios = {
        key: statistics.median(
            cost.said[key] / own.said[key] for cost, own in zip(costs, ours, strict=True)
        )
        for key in seconds
    }
    wanted = f", wanted ≥ {_WANTED[name]:g}" if name in _WANTED else ""
    print(
        f"{name:18s} {rows:9,} rows {seconds['cpu_seconds']:7.2f} CPU-s "
        f"{seconds['wall_seconds']:7.2f} s {rows / seconds['wall_seconds']:9,.0f} rows/s "
        f"{max(c.rss_bytes for c in costs) / 1e9:5.2f} GB {costs[0].said['bytes'] / 1e6:6.0f} MB  "
        f"times ours: CPU {ratios['cpu_seconds']:.2f}, wall {ratios['wall_seconds']:.2f}{wanted}",
        flush=True,
    )


def _median(costs: list[Cost], key: str) -> float:
    return float(statistics.median(cost.said[key] for cost in costs))


_TASKS: dict[str, Callable[..., Row]] = {
    "make": _make,
    "prefdata": _prefdata,
    "duckdb": _duckdb,
    "datasets": _datasets,
}

if __name__ == "__main__":
    _task, *_arguments = sys.argv[1:] or ["all"]
    if _task in _TASKS:
        print(json.dumps(_TASKS[_task](*_arguments)))
    else:
        _parser = argparse.ArgumentParser(description="Export to Parquet, ours and of others.")
        _parser.add_argument("task", choices=["all"], nargs="?")
        _parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
        _parser.add_argument("--rounds", type=int, default=3, help="how often each side runs")
        _given = _parser.parse_args()
        _all(_given.scale, _given.rounds)
