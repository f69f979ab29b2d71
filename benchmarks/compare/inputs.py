"""Inputs of the comparisons, made once and kept beside those of the other benchmarks."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.inputs import CACHE, HH_FILE, prepare
from benchmarks.measure import call, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "exported",
    "flagged",
    "nothing",
    "pairs",
    "planted",
    "sentences",
    "transcripts",
    "vectors",
]

_HH_ROWS = 161_840
_EXPORTED = 500_000
_PAIRS = 1_000_000
_REAL = "PREFDATA_REAL_DATA"


def transcripts(n: int) -> Path:
    """Return a folder with transcripts of HH-RLHF."""
    return prepare("hh", n / _HH_ROWS)


def planted(n: int) -> Path:
    """Return transcripts with planted copies, as one file of lines and as a table.

    They are always of the synthetic world: many copies of few real rows, which is what other
    inputs are made of, would all be near-duplicates of each other.
    """

    def make(folder: Path) -> None:
        with _without_real_rows():
            _call("duplicates", "make", str(folder), f"{n / _HH_ROWS:.6g}")
        _call("duplicates", "duckdb", str(folder), "write")

    return _made("planted", n, make)


def flagged(n: int) -> Path:
    """Return transcripts with planted copies, and others in a workspace, as many."""

    def make(folder: Path) -> None:
        file = str(transcripts(n) / HH_FILE)
        _call("compare.sides", "make-workspace", file, str(folder))
        (folder / "hh").symlink_to(transcripts(n).resolve())
        (folder / "jsonl").symlink_to(planted(n).resolve() / "jsonl")

    return _made("flagged", n, make)


def exported(n: int) -> Path:
    """Return a workspace with pairs, and the rows of their export in one file."""
    return _made(
        "exported",
        n,
        lambda folder: _call("export", "make", str(folder), f"{n / _EXPORTED:.6g}"),
    )


def vectors(n: int) -> Path:
    """Return unit rows and queries."""
    return _made(
        "vectors",
        n,
        lambda folder: _call("compare.sides", "make-vectors", str(folder), str(n)),
    )


def pairs(n: int) -> Path:
    """Return pairs in a catalog and in bare files."""
    return prepare("pairs", n / _PAIRS)


def sentences(n: int) -> Path:
    """Return so many different last responses, a JSON string on each line of ``texts``."""

    def make(folder: Path) -> None:
        from benchmarks.constitution.data import read_pairs

        file = transcripts(8 * n) / HH_FILE
        found, _ = read_pairs(file, 8 * n)
        texts = itertools.islice(dict.fromkeys(pair.chosen for pair in found), n)
        (folder / "texts").write_text("".join(json.dumps(text) + "\n" for text in texts))

    return _made("sentences", n, make)


def nothing(_: int) -> Path:
    """Return a folder: these sides make what they need."""
    return CACHE


def _made(kind: str, n: int, make: Callable[[Path], object]) -> Path:
    folder = CACHE / f"compare-{kind}-{n}"
    if not (folder / ".made").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        make(folder)
        (folder / ".made").touch()
    return folder


def _call(module: str, *arguments: str) -> None:
    run(call(module, *arguments), scratch=CACHE / "scratch", is_told=False)


@contextmanager
def _without_real_rows() -> Iterator[None]:
    named = os.environ.pop(_REAL, None)
    try:
        yield
    finally:
        if named is not None:
            os.environ[_REAL] = named
