"""Feeding a target: it counts, goes on after a fault, and keeps the shortest input of each."""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.targets import Target

__all__ = ["Runner", "inputs", "run_hypothesis"]

_FIGURES_EVERY = 50
_MOST_DAMAGE = 4


class Runner:
    """A target that is fed, and what came of it.

    Attributes:
        n_runs: Inputs so far.
        found: Of each fault, where it was raised, and the shortest input.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        """Open the target in a folder of its own."""
        self.target = target
        self.n_runs = 0
        self.found: dict[str, bytes] = {}
        self._folder = folder / target.name
        self._place = self._folder / f"run-{time.time_ns()}"
        self._place.mkdir(parents=True)
        self._run = target.open(self._place)
        self._began = time.process_time()
        self._figures: Path | None = None

    def __call__(self, data: bytes) -> None:
        """Feed an input; a fault is kept, and does not go further."""
        self.n_runs += 1
        try:
            self._run(data)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            self._keep(data, error)
        if self._figures is not None and self.n_runs % _FIGURES_EVERY == 0:
            self._figures.write_text(json.dumps(self.figures()))

    def keep_figures(self, tool: str) -> None:
        """Write the figures into the folder from now on, again and again."""
        self._figures = self._folder / f"figures-{tool}-{time.time_ns()}.json"
        self._began = time.process_time()

    def figures(self) -> dict[str, Any]:
        """Return what was done so far."""
        return {
            "target": self.target.name,
            "runs": self.n_runs,
            "cpu_seconds": round(time.process_time() - self._began, 1),
            "faults": sorted(self.found),
        }

    def _keep(self, data: bytes, error: BaseException) -> None:
        where = _place_of(error)
        if where in self.found and len(self.found[where]) <= len(data):
            return
        self.found[where] = data
        folder = self._folder / "found"
        folder.mkdir(exist_ok=True)
        name = hashlib.sha256(where.encode()).hexdigest()[:12]
        (folder / f"{name}.input").write_bytes(data)
        told = "".join(traceback.format_exception(error)).encode(errors="backslashreplace")
        (folder / f"{name}.txt").write_bytes(f"{where}\n\n".encode() + told)


def _place_of(error: BaseException) -> str:
    """Name a fault by its type and the last two places of ours, so that one is kept once."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/prefdata/" in f.filename or "/tests/fuzz/" in f.filename]
    places = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in ours[-2:]]
    what = str(error).splitlines()[0][:60] if isinstance(error, AssertionError) else ""
    bare = "".join(letter for letter in what if not letter.isdigit())
    return f"{type(error).__name__} {' '.join(places)} {bare}".strip()


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Draw inputs of a target: its seeds, damaged some times, and now and then plain bytes."""

    @st.composite
    def draw_input(draw: st.DrawFn) -> bytes:
        if not draw(st.integers(0, 15)):
            return draw(st.binary(max_size=64))
        data = draw(st.sampled_from(target.seeds))
        chance = draw(st.randoms(use_true_random=False))
        for _ in range(draw(st.integers(1, _MOST_DAMAGE))):
            data = target.damage(data, chance)
        return data

    return draw_input()


def run_hypothesis(runner: Runner, *, seed: int, n_examples: int) -> None:
    """Feed examples of hypothesis."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(inputs(runner.target))
    def feed(data: bytes) -> None:
        runner(data)

    feed()
