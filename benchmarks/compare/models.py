"""The comparisons in which a model, its vectors or its votes are what costs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chat import server
from benchmarks.compare import inputs
from benchmarks.compare.plan import Comparison, Kind, Options, Run, Side, Sizes, program
from benchmarks.constitution.data import read_pairs, write_csv, write_jsonl
from benchmarks.constitution.sides import run_ours, run_peer
from benchmarks.inputs import CACHE, HH_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measure import Cost

__all__ = ["MODEL_COMPARISONS"]

_OWN = ("cpu_seconds",)
_LATENCY, _CONCURRENCY = 0.05, 64
_HH_FOR_VOTES = 20_000
_LOOPED = 1_000


def _embed(_: Options) -> Comparison:
    def side(name: str, kind: Kind, what: str) -> Side:
        return Side(name, kind, program("embed_texts", what, "{input}/texts"), _OWN)

    model = program("compare.limits", "model", "{input}/texts")
    sides = (
        side("prefdata: through the catalog", "ours", "stored"),
        side("prefdata: the embedder", "ours", "ours"),
        side("SentenceTransformer.encode", "peer", "peer"),
        side("encode, one by one", "naive", "one-by-one"),
        Side("its matrix products", "limit", model, _OWN),
    )
    return Comparison("embed texts, MiniLM", inputs.sentences, Sizes(20, 250, 2_000), sides)


def _nearest(_: Options) -> Comparison:
    ours, theirs = "prefdata: Exact", "faiss: IndexFlatIP"
    loop = "loop over queries"
    products = program("compare.limits", "products", "{input}")
    sides = (
        Side(ours, "ours", program("compare.sides", "nearest", "{input}"), _OWN),
        Side(theirs, "peer", program("compare.sides", "faiss", "{input}"), _OWN),
        Side(
            loop,
            "naive",
            program("compare.naive", "nearest", "{input}", "30"),
            _OWN,
            is_sample=True,
        ),
        Side("the matrix product", "limit", products, _OWN),
    )
    return Comparison(
        "10 nearest of 1,000 queries",
        inputs.vectors,
        Sizes(5_000, 100_000, 500_000),
        sides,
        {"first": (ours, theirs, loop)},
    )


def _factors(_: Options) -> Comparison:
    def side(name: str, kind: Kind, what: str, pairs: str, *spent: str) -> Side:
        run = program("factors", what, f"--pairs={pairs}", f"--loop-pairs={_LOOPED}", env=_ONE)
        return Side(name, kind, run, spent, kind == "naive")

    sides = (
        side("prefdata: factors", "ours", "ours", "{size}", *_OWN, "languages_cpu_seconds"),
        side("prefdata: and languages", "ours", "ours", "{size}", *_OWN),
        side("loop of regular expressions", "naive", "loop", "{size}", *_OWN),
        Side(
            "look for one word",
            "limit",
            program("compare.limits", "search", "{size}"),
            _OWN,
        ),
    )
    return Comparison("votes of factors", inputs.nothing, Sizes(2_000, 20_000, 100_000), sides)


_ONE = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def _chat(options: Options) -> Comparison:
    peers = options.python("trl")

    def asked(module: str, *arguments: str, python: str = sys.executable) -> Run:
        def start(folder: Path, size: int) -> Cost:
            with server(_LATENCY) as url:
                given = ["--requests", "{size}", "--concurrency", str(_CONCURRENCY)]
                run = program(module, *arguments, "--url", url, *given, python=python)
                return run(folder, size)

        return start

    def bare(folder: Path, size: int) -> Cost:
        with server(_LATENCY) as url:
            return program("compare.limits", "loopback", url, str(size))(folder, size)

    sides = (
        Side("prefdata: ChatStore", "ours", asked("chat", "ours"), ("cpu",)),
        Side(
            "distilabel: OpenAILLM",
            "peer",
            asked("peer_distilabel_chat", python=peers),
            ("cpu",),
            needs=("trl", "distilabel"),
        ),
        Side("asyncio loop over openai", "naive", asked("chat", "openai"), ("cpu",)),
        Side("bytes over loopback", "limit", bare, _OWN),
    )
    return Comparison("ask a chat model", inputs.nothing, Sizes(64, 600, 2_000), sides)


def _voted(options: Options) -> Comparison:
    peer_python = options.python("inverse-cai")

    def ours(_: Path, size: int) -> Cost:
        with _pairs(size) as scratch:
            cost, _log = run_ours(scratch / "pairs.jsonl", scratch=scratch, to=scratch / "ours")
            return cost

    def theirs(_: Path, size: int) -> Cost:
        from benchmarks.constitution.rules import SENTENCES

        with _pairs(size) as scratch:
            table, to = scratch / "pairs.csv", scratch / "theirs"
            cost, _log = run_peer(peer_python, table, SENTENCES, scratch=scratch, to=to)
            return dataclasses.replace(cost, said={"rows": size})

    def bare(folder: Path, size: int) -> Cost:
        with server(0.0) as url:
            return program("compare.limits", "loopback", url, str(2 * size))(folder, size)

    sides = (
        Side("prefdata: vote, both orders", "ours", ours),
        Side(
            "inverse-cai: three seeds",
            "peer",
            theirs,
            needs=("inverse-cai", "inverse_cai"),
        ),
        Side("bytes over loopback", "limit", bare, _OWN),
    )
    return Comparison("votes on 40 principles", inputs.nothing, Sizes(20, 150, 1_000), sides)


@contextlib.contextmanager
def _pairs(n: int) -> Iterator[Path]:
    """Write pairs for either side into a folder; what both set in the environment is undone."""
    file = inputs.transcripts(_HH_FOR_VOTES) / HH_FILE
    pairs, _ = read_pairs(file, n)
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as folder:
        write_csv(Path(folder) / "pairs.csv", pairs)
        write_jsonl(Path(folder) / "pairs.jsonl", pairs)
        try:
            yield Path(folder)
        finally:
            os.environ.clear()
            os.environ.update(before)


MODEL_COMPARISONS: dict[str, Callable[[Options], Comparison]] = {
    "embed": _embed,
    "nearest": _nearest,
    "factors": _factors,
    "chat": _chat,
    "constitution": _voted,
}
