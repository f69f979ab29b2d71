"""Make what the benchmarks read, once: run as ``python -m benchmarks.inputs KIND FOLDER SCALE``.

| kind | at scale 1 |
|---|---|
| ``hh`` | 161,840 rows in the shape of HH-RLHF, in one gzip JSON Lines file |
| ``pairs`` | 1,000,000 pairs in a catalog, and the same rows in bare Parquet files |
| a source | its raw files at published size, from the synthetic world |
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import ROOT, call, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = ["CACHE", "HH_FILE", "is_hh_real", "prepare"]

CACHE = ROOT / "benchmarks" / ".cache"
HH_FILE = "harmless-base/train.jsonl.gz"

_REAL_FILE = "hh-rlhf/harmless-base/test.jsonl.gz"
_COPIES = 70  # of 2,312 real rows
_HH_ROWS = 161_840
_TURN = "\n\nHuman: "
_PAIRS = 1_000_000
_GROUP_ROWS = 100_000
_MADE_BY = {
    "hh": ("prefdata/testing/world",),
    "pairs": ("prefdata/catalog", "prefdata/schema", "schemas"),
}


def _real_hh() -> Path | None:
    folder = os.environ.get("PREFDATA_REAL_DATA")
    path = Path(folder) / _REAL_FILE if folder else None
    return path if path and path.is_file() else None


def is_hh_real() -> bool:
    """Return whether ``hh`` is made of real rows: ``PREFDATA_REAL_DATA`` names their folder."""
    return _real_hh() is not None


def prepare(kind: str, scale: float) -> Path:
    """Return the folder of an input; it is made if absent, or if the code behind it changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in _MADE_BY.get(kind, ("prefdata/testing/world",)):
        for path in sorted((ROOT / name).glob("*.[py]*")):
            digest.update(path.read_bytes())
    rows = "-real" if kind == "hh" and is_hh_real() else ""
    folder = CACHE / f"{kind}{rows}-{scale:g}-{digest.hexdigest()[:8]}"
    if not (folder / ".made").is_file():
        for older in CACHE.glob(f"{kind}{rows}-{scale:g}-*"):
            shutil.rmtree(older)
        print(f"making {folder.relative_to(ROOT)} …", file=sys.stderr)
        run(call("inputs", kind, str(folder), str(scale)), scratch=CACHE, is_told=False)
        (folder / ".made").touch()
    return folder


def _write_hh(folder: Path, scale: float) -> None:
    path = folder / HH_FILE
    path.parent.mkdir(parents=True)
    real = _real_hh()
    rows = _salted(real, max(1, round(_COPIES * scale))) if real else _world_hh(folder, scale)
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as file:
        file.writelines(rows)


def _salted(path: Path, copies: int) -> Iterator[str]:
    """Yield the rows of a file several times, each time with another first question."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for copy in range(copies):
        for row in rows:
            salted = {
                side: text.replace(_TURN, f"{_TURN}[{copy}] ", 1) for side, text in row.items()
            }
            yield json.dumps(salted, ensure_ascii=False) + "\n"


def _world_hh(folder: Path, scale: float) -> Iterator[str]:
    _write_world(folder / "world", scale, "hh-rlhf")
    files = sorted((folder / "world").glob("*-*/*.jsonl.gz"))
    files = [path for path in files if path.parent.name.startswith(("harmless", "helpful"))]
    lines = itertools.chain.from_iterable(_lines(path) for path in files)
    yield from itertools.islice(lines, round(_HH_ROWS * scale))
    shutil.rmtree(folder / "world")


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


def _write_world(folder: Path, scale: float, source: str) -> None:
    from prefdata.testing.world import WorldSpec, write_world

    written = write_world(folder / "all", WorldSpec(scale=scale, sources=(source,)))
    for path in written.sources[source].folder.iterdir():
        path.rename(folder / path.name)
    shutil.rmtree(folder / "all")


def _write_pairs(folder: Path, scale: float) -> None:
    """Write the same pairs through the catalog and as bare files of the same layout."""
    import pyarrow.parquet as pq

    import prefdata as pf

    catalog = pf.init(folder / "workspace")
    bare = folder / "bare"
    bare.mkdir()
    with catalog.write() as write:
        for number, source in enumerate(("prism", "ultrafeedback")):
            rows = _pair_rows(round(_PAIRS * scale) // 2, source, seed=number)
            for part in rows.iter_slices(_GROUP_ROWS):
                write.put("pairs", (source, "make-pairs"), part)
            write.finish("pairs", (source, "make-pairs"))
            pq.write_table(
                rows.to_arrow(),
                bare / f"{source}.parquet",
                compression="zstd",
                row_group_size=_GROUP_ROWS,
            )
        write.commit("pairs for the benchmark")


def _pair_rows(n_rows: int, source: str, *, seed: int) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    from prefdata.schema import conform, table_schema

    chance = np.random.default_rng(seed)
    numbers = np.arange(n_rows)
    prompts = numbers // 4
    frame = pl.DataFrame(
        {
            "pair_id": pl.Series(numbers).hash(seed).cast(pl.String),
            "prompt": prompts,
            "chosen": chance.integers(0, 4, n_rows),
            "step": chance.integers(1, 4, n_rows),
            "annotator": chance.integers(0, 1_500, n_rows),
            "aspect": chance.choice(["overall", "helpfulness", "harmlessness"], n_rows),
            "margin": np.round(chance.gamma(2.0, 10.0, n_rows), 2),
        }
    )
    prompt = pl.format(f"{source}:{{}}", "prompt")
    rejected = (pl.col("chosen") + pl.col("step")) % 4
    rows = frame.select(
        "pair_id",
        "aspect",
        "margin",
        source=pl.lit(source),
        prompt_id=prompt,
        chosen_id=pl.format("{}/{}", prompt, "chosen"),
        rejected_id=pl.format("{}/{}", prompt, rejected),
        judgment_id=pl.format("{}/overall", prompt),
        annotator_id=pl.format(f"{source}:user{{}}", "annotator"),
        margin_unit=pl.lit("points of 1-100"),
        n_votes=pl.lit(1, pl.Int32),
        rule=pl.lit("ratings"),
        stage=pl.lit("make-pairs"),
    )
    return conform(rows, table_schema("pairs"))


if __name__ == "__main__":
    _kind, _folder, _scale = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    _folder.mkdir(parents=True)
    if _kind == "hh":
        _write_hh(_folder, _scale)
    elif _kind == "pairs":
        _write_pairs(_folder, _scale)
    else:
        _write_world(_folder, _scale, _kind)
