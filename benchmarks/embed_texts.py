"""Embedding: ``python -m benchmarks.embed_texts SIDE FILE [ROUNDS]``.

SIDE is ``ours``, ``peer``, ``stored`` (ours through a new catalog), ``one-by-one`` (the peer
without batches), ``ratio`` or ``repeats``.

FILE has one JSON string on each line. Ours is the `sentence` embedder, the peer is
``SentenceTransformer.encode``; both run the small default model on the CPU, in the same precision.
One JSON line is printed: what the embedding itself cost, without imports and loading.

``ratio`` runs both in turn in one process on the texts, each once, so that a busy neighbour slows
both; the texts of a round go to both in stretches of 4096. ``repeats`` does so on rows of which
30 % repeat an earlier one; ours is then all that the stage does: each text once, through a new
catalog, with the commits.
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
_REPEATS = 0.3
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


def _stored() -> Embed:
    """Embed as the stage does, each time in a new catalog."""
    import tempfile

    import polars as pl

    from prefdata.catalog import Catalog
    from prefdata.protocols import EmbedderParams
    from prefdata.tables.identity import hash_texts
    from prefdata.vectors.store import VectorStore

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        column = pl.Series("text", texts)
        rows = pl.DataFrame({"content_hash": hash_texts(column), "text": column})
        with tempfile.TemporaryDirectory() as folder:
            store = VectorStore(Catalog.create(Path(folder) / "w"))
            model = EmbedderParams(device="cpu")
            found = store.get(rows, subject="responses", view="text", model=model, step="b")
        known = pl.DataFrame({"content_hash": found.hashes}).with_row_index()
        places = rows.join(known, on="content_hash", maintain_order="left")["index"]
        vectors: NDArray[np.float32] = found.matrix[places.to_numpy()]
        return vectors

    return embed


def _with_repeats(texts: Sequence[str]) -> list[str]:
    """Add as many repeats as make 30 % of the rows, at seeded places."""
    n_repeats = round(len(texts) * _REPEATS / (1 - _REPEATS))
    chance = np.random.default_rng(0)
    rows = [*texts, *chance.choice(np.array(texts, dtype=object), n_repeats)]
    return [rows[i] for i in chance.permutation(len(rows))]


def _one_by_one() -> Embed:
    """Embed as a loop over rows does: no batches."""
    encode = _peer()
    return lambda texts: np.concatenate([encode([text]) for text in texts])


_SIDES: dict[str, Callable[[], Embed]] = {"ours": _ours, "peer": _peer}
_ALONE = {**_SIDES, "stored": _stored, "one-by-one": _one_by_one}


def _shards(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + _SHARD] for start in range(0, len(texts), _SHARD)]


def _timed(embed: Embed, texts: Sequence[str]) -> tuple[NDArray[np.float32], float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    vectors = np.concatenate([embed(shard) for shard in _shards(texts)])
    return vectors, time.process_time() - cpu, time.perf_counter() - wall


def _alone(side: str, texts: Sequence[str]) -> dict[str, Any]:
    embed = _ALONE[side]()
    embed(texts[:_WARM_UP])
    vectors, cpu, wall = _timed(embed, texts)
    return {
        "rows": len(texts),
        "dimension": vectors.shape[1],
        "cpu_seconds": round(cpu, 3),
        "wall_seconds": round(wall, 3),
        "texts_per_cpu_second": round(len(texts) / cpu, 2),
    }


def _ratio(
    texts: Sequence[str], rounds: int, makers: dict[str, Callable[[], Embed]]
) -> dict[str, Any]:
    sides = {side: make() for side, make in makers.items()}
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
    if side == "ratio":
        said = _ratio(texts, int(rounds), _SIDES)
    elif side == "repeats":
        said = _ratio(_with_repeats(texts), int(rounds), {"ours": _stored, "peer": _peer})
    else:
        said = _alone(side, texts)
    print(json.dumps(said))


if __name__ == "__main__":
    _main(*sys.argv[1:])
