"""What a comparison is: an input, and sides that do the same work on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks.inputs import CACHE
from benchmarks.measure import ROOT, Cost, run

__all__ = ["PEERS", "Comparison", "Kind", "Options", "Run", "Side", "Sizes", "program"]

Kind = Literal["ours", "peer", "naive", "limit"]
Run = Callable[[Path, int], Cost]

PEERS = ("trl", "datatrove", "data-juicer", "inverse-cai")
"""Environments of peers; benchmarks/peers/NAME.txt says what is in each."""


@dataclass(frozen=True, slots=True)
class Side:
    """One program of a comparison."""

    name: str
    kind: Kind
    run: Run
    """Runs it on the folder of an input of a size."""
    seconds: tuple[str, ...] = ()
    """What it says of the seconds of its work alone: the first less the others.

    Where it says nothing, they are those of the whole process less those of a run on a small
    input, which is nearly all start-up.
    """
    is_sample: bool = False
    """Whether it takes fewer rows than the others; what is compared is the cost of a row."""
    needs: tuple[str, str] | None = None
    """Of a peer: the environment, and the library that must be importable there."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the inputs of a comparison are, in rows."""

    start: int
    quick: int
    full: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sides in their order; the first is prefdata, to which all others are held."""

    title: str
    make: Callable[[int], Path]
    """Makes the input of a size, or finds it, and returns its folder."""
    sizes: Sizes
    sides: tuple[Side, ...]
    same: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What several sides must say alike, besides their rows: a key, and the names of the sides."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure, and with what."""

    is_quick: bool
    scale: float
    """Share of the sizes."""
    rounds: int
    pythons: dict[str, str]
    """Interpreter of each environment of peers; ``""`` stands for all others."""

    def python(self, peer: str) -> str:
        """Return the interpreter of an environment: named, or made by ``make bench-peers``."""
        made = ROOT / ".venv-peers" / peer / "bin" / "python"
        found = self.pythons.get(peer) or self.pythons.get("")
        return found or (str(made) if made.is_file() else sys.executable)

    def can_run(self, side: Side) -> bool:
        """Return whether what a side needs is there."""
        if side.needs is None:
            return True
        peer, module = side.needs
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        found = subprocess.run([self.python(peer), "-c", code], check=False, capture_output=True)
        return found.returncode == 0


def program(
    module: str, *arguments: str, python: str = sys.executable, env: dict[str, str] | None = None
) -> Run:
    """Return what runs a module of the benchmarks on an input.

    Args:
        module: Its name below ``benchmarks``.
        arguments: ``{input}`` stands for the folder, ``{size}`` for the size, and ``{scratch}``
            for a folder that is removed.
        python: Interpreter.
        env: What is set for it besides.
    """

    def start(folder: Path, size: int) -> Cost:
        placed = {"{input}": str(folder), "{size}": str(size)}
        given = [_filled(part, placed) for part in arguments]
        before = dict(os.environ)
        os.environ.update(env or {})
        try:
            command = (python, "-W", "ignore", "-m", f"benchmarks.{module}", *given)
            return run(command, scratch=CACHE / "scratch")
        finally:
            os.environ.clear()
            os.environ.update(before)

    return start


def _filled(part: str, placed: dict[str, str]) -> str:
    for name, value in placed.items():
        part = part.replace(name, value)
    return part
