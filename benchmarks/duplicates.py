"""Duplicates, ours and of others: run as ``python -m benchmarks.duplicates [all | TASK …]``.

``all`` makes the inputs, runs every side in a fresh process and prints a table; ``--scale 0.1``
takes a tenth of the rows, ``--peers-python`` names an interpreter that has
``datatrove[processing,io]`` and ``spacy``. A single task runs in this process, and the last line
that it prints is JSON:

| task | what it does |
|---|---|
| ``make FOLDER SCALE`` | 161,840 transcripts in the shape of HH-RLHF, 2.5 % planted copies |
| ``make-short FOLDER ROWS`` | short texts in one Parquet file, 3 % of them repeats |
| ``near FOLDER PARAMS SCRATCH`` | `dedup` with parameters as JSON; also recall by kind of copy |
| ``exact FOLDER SCRATCH`` | `dedup` with ``method: exact`` |
| ``duckdb FOLDER NORMAL`` | a bare ``GROUP BY``: of texts normalised ``before``, or ``within`` |
| ``datatrove FOLDER SCRATCH`` | its four MinHash stages: word 5-grams, 14 bands of 8 |
| ``overlap FOLDER ONE OTHER`` | how many rows two of them found, and how many both |
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import CACHE, HH_FILE, prepare
from benchmarks.measure import Cost, call, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []

Row = dict[str, Any]

_SHARE = 0.005
_SHORT_ROWS = 10_000_000
_CHANGED_SHARE = 0.05
_REPEATED = 0.03
# What datatrove does by default: 112 permutations, which find pairs of 0.72 half of the time.
_SAME = {"shingle": "words", "n_permutations": 112, "bands": 14, "rows": 8}
_NEAR = {
    "same": {**_SAME, "verify": False},
    "verified": {**_SAME, "threshold": 0.72},
    "words": {"shingle": "words"},
    "default": {},
}
_PROMPTS = "prompts.parquet"
_NORMAL = r"trim(regexp_replace(lower(nfc_normalize(messages[1].content)), '\s+', ' ', 'g'))"


def _one_word(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    words[chance.randrange(len(words))] = "zebra"
    return " ".join(words)


def _some_words(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    for place in chance.sample(range(len(words)), max(1, round(_CHANGED_SHARE * len(words)))):
        words[place] = chance.choice(("zebra", "seven", "quickly", "house", "another"))
    return " ".join(words)


def _reordered(text: str, chance: random.Random) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", text)
    chance.shuffle(sentences)
    return " ".join(sentences)


_EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "copy": lambda text, _: text,
    "case and space": lambda text, _: text.upper().replace(" ", "  "),
    "one word": _one_word,
    "5 % of words": _some_words,
    "sentences reordered": _reordered,
}


def _make(folder: str, scale: str) -> Row:
    """Replace some transcripts by edited copies of others, and write them for all sides."""
    import polars as pl

    with gzip.open(prepare("hh", float(scale)) / HH_FILE, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["chosen"] for line in file]
    chance = random.Random(0)  # noqa: S311 - a seeded input, not a secret
    spots = chance.sample(range(len(texts)), 2 * len(_EDITS) * round(_SHARE * len(texts)))
    targets, origins = spots[::2], spots[1::2]
    planted = []
    for number, (target, origin) in enumerate(zip(targets, origins, strict=True)):
        kind = list(_EDITS)[number % len(_EDITS)]
        texts[target] = _EDITS[kind](texts[origin], chance)
        planted.append({"id": f"hh:{target}", "of": f"hh:{origin}", "kind": kind})
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    _write_prompts(pl.DataFrame({"text": texts}), path / _PROMPTS)
    pl.DataFrame(planted).write_parquet(path / "planted.parquet")
    (path / "jsonl").mkdir(exist_ok=True)
    with gzip.open(path / "jsonl" / "texts.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(
            json.dumps({"id": f"hh:{i}", "text": text}) + "\n" for i, text in enumerate(texts)
        )
    return {"rows": len(texts), "planted": len(planted)}


def _write_prompts(texts: Any, path: Path, *, first: int = 0) -> None:
    import polars as pl

    from prefdata.tables.identity import hash_texts

    texts.with_row_index("i", offset=first).select(
        prompt_id=pl.format("hh:{}", "i"),
        source=pl.lit("hh"),
        content_hash=hash_texts(texts["text"]),
        messages=pl.concat_list(pl.struct(role=pl.lit("user"), content="text")),
    ).write_parquet(path, row_group_size=100_000)


def _make_short(folder: str, rows: str) -> Row:
    """Write short questions; about 3 % of the rows repeat an earlier one."""
    import numpy as np
    import polars as pl

    path = Path(folder)
    (path / _PROMPTS).mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(0)
    n, part = int(rows), 1_000_000
    for start in range(0, n, part):
        fresh = np.arange(start, min(start + part, n))
        numbers = np.where(
            chance.random(len(fresh)) < _REPEATED, chance.integers(0, n, len(fresh)), fresh
        )
        texts = pl.DataFrame({"n": numbers}).select(
            text=pl.format(
                "Why would anyone ask question number {} about topic {}?", "n", pl.col("n") % 977
            )
        )
        _write_prompts(texts, path / _PROMPTS / f"{start:09d}.parquet", first=start)
    return {"rows": n}


def _dedup(folder: str, params: Row, scratch: str) -> Any:
    import polars as pl

    from prefdata.protocols import Context
    from prefdata.stages.dedup import Dedup, dedup

    judgments = pl.LazyFrame(schema={"prompt_id": pl.String, "response_ids": pl.List(pl.String)})
    found = Path(folder) / _PROMPTS
    prompts = pl.scan_parquet(str(found / "*.parquet") if found.is_dir() else found)
    context = Context(sources=("hh",), step="dedup", scratch=Path(scratch))
    tables = {"prompts": prompts, "judgments": judgments}
    return dedup.run(tables, Dedup(**params), context)


def _near(folder: str, params: str, scratch: str) -> Row:
    """Find near-duplicates, and say how many of the planted copies share a cluster with theirs."""
    import polars as pl

    given = json.loads(params)
    result = _dedup(folder, given, scratch)
    clusters = result.tables["neighbors"].select("id", "cluster_id")
    name = next((name for name, known in _NEAR.items() if known == given), "near")
    clusters.write_parquet(Path(folder) / f"found-{name}.parquet")
    both = (
        pl.read_parquet(Path(folder) / "planted.parquet")
        .join(clusters, on="id", how="left")
        .join(clusters.rename({"id": "of", "cluster_id": "cluster_of"}), on="of", how="left")
        .with_columns(
            is_found=(pl.col("cluster_id") == pl.col("cluster_of")).fill_null(value=False)
        )
    )
    recall = both.group_by("kind").agg(pl.col("is_found").mean().round(4)).sort("kind")
    touched = pl.concat([both["id"], both["of"]])
    return {
        "rows": result.rows_in,
        "spare": result.tables["flags"].height,
        "clustered": clusters.height,
        "not_planted": clusters.filter(~pl.col("id").is_in(touched.implode())).height,
        "recall": dict(recall.iter_rows()),
    }


def _exact(folder: str, scratch: str) -> Row:
    result = _dedup(folder, {"method": "exact"}, scratch)
    return {"rows": result.rows_in, "spare": result.tables["flags"].height}


def _duckdb(folder: str, normal: str) -> Row:
    """Group texts; ``before``: they are normalised already, and that is not measured."""
    import duckdb
    import polars as pl

    path = Path(folder) / "normal.parquet"
    connection = duckdb.connect()
    if normal == "write":
        from prefdata.texts.normal import normalised

        text = pl.col("messages").list.first().struct.field("content")
        prompts = pl.scan_parquet(Path(folder) / _PROMPTS)
        prompts.select("prompt_id", text=normalised(text)).sink_parquet(path)
        return {}
    if normal == "before":
        rows = f"SELECT text FROM read_parquet('{path}')"  # noqa: S608
    else:
        rows = f"SELECT {_NORMAL} AS text FROM read_parquet('{Path(folder) / _PROMPTS}')"  # noqa: S608
    query = f"SELECT count(*), sum(n - 1) FROM (SELECT count(*) AS n FROM ({rows}) GROUP BY text)"  # noqa: S608
    distinct, spare = connection.execute(query).fetchall()[0]
    return {"distinct": distinct, "spare": int(spare)}


def _datatrove(folder: str, scratch: str) -> Row:
    """Run the four stages one after the other, each in one process and without its logs."""
    os.environ["DATATROVE_COLORIZE_LOGS"] = "0"
    from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found]
    from datatrove.pipeline.dedup import (  # type: ignore[import-not-found]
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig  # type: ignore[import-not-found]
    from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-not-found]
    from datatrove.pipeline.writers import JsonlWriter  # type: ignore[import-not-found]

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    reader = JsonlReader(f"{folder}/jsonl", doc_progress=False)
    signed, bucketed, removed, out = (f"{scratch}/{n}" for n in ("sig", "buckets", "remove", "out"))
    steps: list[tuple[int, list[Any]]] = [
        (1, [reader, MinhashDedupSignature(signed, config=config)]),
        (14, [MinhashDedupBuckets(signed, bucketed, config=config)]),
        (1, [MinhashDedupCluster(bucketed, removed, config=config, save_cluster_id=True)]),
        (
            1,
            [
                reader,
                MinhashDedupFilter(
                    removed,
                    exclusion_writer=JsonlWriter(f"{out}/spare", compression=None),
                    load_cluster_ids=True,
                ),
                JsonlWriter(f"{out}/kept", compression=None),
            ],
        ),
    ]
    for number, (tasks, pipeline) in enumerate(steps):
        executor = LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=1, logging_dir=f"{scratch}/logs{number}"
        )
        executor.run()
    found = {name: list(_written(Path(out) / name)) for name in ("spare", "kept")}
    clustered = [
        {"id": row["id"], "cluster_id": str(row["metadata"]["minhash_cluster_id"])}
        for rows in found.values()
        for row in rows
        if row["metadata"].get("minhash_cluster_id", -1) != -1
    ]
    (Path(folder) / "found-datatrove.json").write_text(json.dumps(clustered))
    return {
        "rows": sum(len(rows) for rows in found.values()),
        "spare": len(found["spare"]),
        "clustered": len(clustered),
    }


def _written(folder: Path) -> Iterator[Row]:
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file)


def _overlap(folder: str, one: str, other: str) -> Row:
    """Compare the rows that two sides found to have a duplicate."""
    import polars as pl

    def found(name: str) -> set[str]:
        path = Path(folder) / f"found-{name}"
        if (made := path.with_suffix(".json")).is_file():
            return {row["id"] for row in json.loads(made.read_text())}
        return set(pl.read_parquet(path.with_suffix(".parquet"))["id"])

    left, right = found(one), found(other)
    return {one: len(left), other: len(right), "both": len(left & right)}


def _all(scale: float, peers_python: str | None, rounds: int) -> None:
    """Run every side in turn and print what each cost, the median of the rounds."""
    scratch = CACHE / "scratch"
    folder, short = str(CACHE / f"duplicates-{scale:g}"), str(CACHE / f"short-{scale:g}")
    if not Path(folder, "planted.parquet").is_file():
        run(call("duplicates", "make", folder, str(scale)), scratch=scratch)
        run(call("duplicates", "duckdb", folder, "write"), scratch=scratch)
    if not Path(short, _PROMPTS).is_dir():
        made = call("duplicates", "make-short", short, str(round(_SHORT_ROWS * scale)))
        run(made, scratch=scratch)
    sides = {
        **{
            f"near: {name}": call("duplicates", "near", folder, json.dumps(given), "{scratch}")
            for name, given in _NEAR.items()
        },
        "exact": call("duplicates", "exact", folder, "{scratch}"),
        "duckdb: normalised before": call("duplicates", "duckdb", folder, "before"),
        "duckdb: normalises": call("duplicates", "duckdb", folder, "within"),
        "exact: short texts": call("duplicates", "exact", short, "{scratch}"),
    }
    for name, command in sides.items():
        _tell(name, [run(command, scratch=scratch) for _ in range(rounds)])
    if peers_python is not None:
        command = call("duplicates", "datatrove", folder, "{scratch}", python=peers_python)
        _tell("datatrove", [run(command, scratch=scratch)])
        for name in ("same", "verified"):
            print(json.dumps(_overlap(folder, name, "datatrove")))


def _tell(name: str, costs: list[Cost]) -> None:
    cost = sorted(costs, key=lambda one: one.cpu_seconds)[len(costs) // 2]
    print(
        f"{name:28s} {cost.cpu_seconds:8.2f} CPU-s {cost.wall_seconds:8.2f} s "
        f"{cost.rss_bytes / 1e9:6.2f} GB  {json.dumps(cost.said)}",
        flush=True,
    )


_TASKS: dict[str, Callable[..., Row]] = {
    "make": _make,
    "make-short": _make_short,
    "near": _near,
    "exact": _exact,
    "duckdb": _duckdb,
    "datatrove": _datatrove,
    "overlap": _overlap,
}

if __name__ == "__main__":
    _task, *_arguments = sys.argv[1:] or ["all"]
    if _task in _TASKS:
        print(json.dumps(_TASKS[_task](*_arguments)))
    else:
        _parser = argparse.ArgumentParser(description="Duplicates, ours and of others.")
        _parser.add_argument("task", choices=["all"], nargs="?")
        _parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
        _parser.add_argument("--rounds", type=int, default=1, help="how often each side runs")
        _parser.add_argument("--peers-python", help="interpreter that has datatrove and spacy")
        _given = _parser.parse_args()
        _all(_given.scale, _given.peers_python, _given.rounds)
