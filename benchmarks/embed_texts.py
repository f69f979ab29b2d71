"""Embedding of unique texts: ``python -m benchmarks.embed_texts ours|peer|ratio FILE``.

FILE has one JSON string on each line. Ours is the `sentence` embedder, the peer is
``SentenceTransformer.encode``; both run the small default model on the CPU, in the same precision.
One JSON line is printed: what the embedding itself cost, without imports and loading.

``ratio`` runs both in turn in one process, so that a busy neighbour slows both. A fourth argument
is the number of rounds, 3 by default; the texts of a round go to both in stretches, of 4096 as in
a shard.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

__all__: list[str] = []

_SHARD = 4096
_WARM_UP = 16


def _ours() -> Embed:
    import polars as pl

    from prefdata.backends.sentence import sentence
    from prefdata.protocols import EmbedderParams

    params = EmbedderParams(device="cpu")
    revision = sentence.revision(params, pl.DataFrame)
    embedder = sentence.open(params, Path(), revision, None, print)
    return lambda texts: embedder.embed(texts).vectors


def _peer() -> Embed:
    from sentence_transformers import SentenceTransformer

    from prefdata.backends._sentence.locate import locate

    model = SentenceTransformer(str(locate("auto")), device="cpu", local_files_only=True)
    return lambda texts: np.asarray(
        model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    )


_SIDES: dict[str, Callable[[], Embed]] = {"ours": _ours, "peer": _peer}


def _shards(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + _SHARD] for start in range(0, len(texts), _SHARD)]


def _timed(embed: Embed, texts: Sequence[str]) -> tuple[NDArray[np.float32], float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    vectors = np.concatenate([embed(shard) for shard in _shards(texts)])
    return vectors, time.process_time() - cpu, time.perf_counter() - wall


def _alone(side: str, texts: Sequence[str]) -> dict[str, Any]:
    embed = _SIDES[side]()
    embed(texts[:_WARM_UP])
    vectors, cpu, wall = _timed(embed, texts)
    return {
        "rows": len(texts),
        "dimension": vectors.shape[1],
        "cpu_seconds": round(cpu, 3),
        "wall_seconds": round(wall, 3),
        "texts_per_cpu_second": round(len(texts) / cpu, 2),
    }


def _ratio(texts: Sequence[str], rounds: int) -> dict[str, Any]:
    sides = {side: make() for side, make in _SIDES.items()}
    for embed in sides.values():
        embed(texts[:_WARM_UP])
    cpu: dict[str, list[float]] = {side: [] for side in sides}
    wall: dict[str, list[float]] = {side: [] for side in sides}
    cosine = 1.0
    for turn in range(rounds):
        found = {}
        # Who begins changes, since the first of two may find a cooler processor.
        for side in sorted(sides, reverse=bool(turn % 2)):
            found[side], seconds, elapsed = _timed(sides[side], texts)
            cpu[side].append(seconds)
            wall[side].append(elapsed)
        cosine = min(cosine, float((found["ours"] * found["peer"]).sum(axis=1).min()))
    return {
        "rows": len(texts),
        "rounds": rounds,
        "ours_over_peer_cpu": round(float(np.median(np.divide(cpu["peer"], cpu["ours"]))), 3),
        "ours_over_peer_wall": round(float(np.median(np.divide(wall["peer"], wall["ours"]))), 3),
        "texts_per_cpu_second": {k: round(len(texts) / min(v), 2) for k, v in cpu.items()},
        "texts_per_second": {k: round(len(texts) / min(v), 2) for k, v in wall.items()},
        "least_cosine": round(cosine, 7),
    }


def _main(side: str, file: str, rounds: str = "3") -> None:
    warnings.simplefilter("ignore")
    lines = Path(file).read_text(encoding="utf-8").strip().split("\n")
    texts = [json.loads(line) for line in lines]
    said = _ratio(texts, int(rounds)) if side == "ratio" else _alone(side, texts)
    print(json.dumps(said))


if __name__ == "__main__":
    _main(*sys.argv[1:])
