"""How well planted principles are found, and how often what is found is not there.

```
python -m benchmarks.planted [--seeds 50] [--seed 0] [--shuffles 300] [--out FILE.md]
```

Worlds are those of `prefdata.testing.principle_world`: 8 strong principles, of which 3 have the
opposite sign in the smaller of two countries, 8 weak and 40 null ones. World number i has the seed
`--seed` + i. What is found has q of at most .1. Columns:

- ``clusters``: what is drawn as a whole. ``annotator and prompt`` is what `auto` takes here; the
  others show what it is for. ``label`` takes all labels for independent;
- ``strong``, ``opposed`` and ``weak``: share of these that are found. An opposed principle has .3
  of its strength in the pool, so it is as good as weak there;
- ``FDR``: mean over worlds of the share of null principles among what is found, with its 95 %
  interval; ``wrong sign``: share of what is found that has the opposite of its true sign;
- ``coverage``: share of principles whose true strength is in the 95 % interval, and the same for
  those on which annotators and prompts differ, every fourth in the clustered worlds.

Worlds are plain (2,000 labels of 40 annotators on 500 prompts, all alike), clustered (6,000 labels,
and each annotator and each prompt has a taste of its own, by a standard deviation of 1 in
log-odds), and shuffled, where labels of clustered worlds are flipped by a coin for each comparison:
there the share of worlds in which anything is found should be at most q. The last table is the time
to measure 100,000 labels against 63 principles.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.constitution.clusters import Clusters, clusters_of
from prefdata.constitution.effects import measure_effects
from prefdata.metrics.cluster_sums import Partition
from prefdata.testing.principle_world import PrincipleWorld, principle_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Marks", "Task", "mark", "table"]

_Q = 0.1
_SLOPED = 4
_N_PROMPTS = 500
_WORLDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {"n_comparisons": 2000},
    "clustered": {"n_comparisons": 6000, "slopes": 1.0},
    "shuffled": {"n_comparisons": 2000, "slopes": 1.0, "is_shuffled": True},
}
_LARGE: Mapping[str, Any] = {"n_comparisons": 100_000, "n_null": 47}


def _labels_alone(world: PrincipleWorld) -> Clusters:
    n = world.ballots.labels.height
    return Clusters(("label",), (Partition(np.arange(n), n),), None)


_CLUSTERS: Mapping[str, Callable[[PrincipleWorld], Clusters]] = {
    "annotator and prompt": lambda world: clusters_of(world.ballots, "auto"),
    "annotator": lambda world: clusters_of(world.ballots, "annotator"),
    "prompt": lambda world: clusters_of(world.ballots, "prompt"),
    "label": _labels_alone,
}


@dataclass(frozen=True, slots=True)
class Task:
    """One world, of one seed."""

    kind: str
    seed: int
    clusters: tuple[str, ...] = tuple(_CLUSTERS)


@dataclass(frozen=True, slots=True)
class Marks:
    """What one way to draw clusters says of one world; all arrays are ``(p,)``."""

    kinds: NDArray[np.str_]
    """``strong``, ``opposed``, ``weak`` or ``null``."""
    q: NDArray[np.float64]
    is_wrong: NDArray[np.bool_]
    """Whether a strength that is not 0 has been given the other sign."""
    is_covered: NDArray[np.bool_]


def main() -> None:
    """Mark all worlds, and show the tables."""
    arguments = _arguments()
    numbers = {"plain": arguments.seeds, "clustered": arguments.seeds}
    tasks = [
        Task(kind, arguments.seed + at)
        for kind, n_worlds in numbers.items()
        for at in range(n_worlds)
    ]
    tasks += [
        Task("shuffled", arguments.seed + at, ("annotator and prompt", "prompt"))
        for at in range(arguments.shuffles)
    ]
    start = time.perf_counter()
    with ProcessPoolExecutor(arguments.processes) as pool:
        found = list(zip(tasks, pool.map(mark, tasks, chunksize=4), strict=True))
    lines = [
        line
        for kind in _WORLDS
        for line in table(kind, [marks for task, marks in found if task.kind == kind])
    ]
    text = "\n".join([*lines, *_times()])
    print(text)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")


def mark(task: Task) -> dict[str, Marks]:
    """Return what is found in a world, by what is drawn as a whole."""
    world = principle_world(task.seed, n_prompts=_N_PROMPTS, **_WORLDS[task.kind])
    kinds = np.array(world.kinds, dtype="<U8")
    kinds[list(world.opposed)] = "opposed"
    marks = {}
    for name in task.clusters:
        found = measure_effects(
            world.ballots,
            clusters=_CLUSTERS[name](world),
            seed=task.seed,
            with_log_odds=False,
        )
        strength, low, high, q = (
            found[column].to_numpy()
            for column in ("strength", "strength_low", "strength_high", "q")
        )
        marks[name] = Marks(
            kinds=kinds,
            q=q,
            is_wrong=(q <= _Q) & (strength * world.effects < 0),
            is_covered=(low <= world.effects) & (world.effects <= high),
        )
    return marks


def table(kind: str, worlds: Sequence[Mapping[str, Marks]]) -> Iterator[str]:
    """Yield the lines of the table of one kind of world."""
    if not worlds:
        return
    yield from (f"### {kind.capitalize()} ({len(worlds)} worlds)", "")
    if kind == "shuffled":
        yield "| clusters | worlds with anything of q <= .05 | q <= .1 |"
        yield "|---|--:|--:|"
        for name in worlds[0]:
            least = np.array([np.nanmin(world[name].q) for world in worlds])
            yield f"| {name} | {_share(least <= _Q / 2)} | {_share(least <= _Q)} |"
        yield ""
        return
    yield "| clusters | strong | opposed | weak | FDR | wrong sign | coverage | that differ |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name in worlds[0]:
        yield _row(name, [world[name] for world in worlds])
    yield ""


def _row(name: str, marks: Sequence[Marks]) -> str:
    found = np.array([each.q <= _Q for each in marks])
    wrong = np.array([each.is_wrong for each in marks])
    covered = np.array([each.is_covered for each in marks])
    kinds = marks[0].kinds
    n_found = np.maximum(found.sum(axis=1), 1)
    false = found[:, kinds == "null"].sum(axis=1) / n_found
    differs = np.arange(len(kinds)) % _SLOPED == 0
    cells = [
        name,
        *(f"{found[:, kinds == kind].mean():.3f}" for kind in ("strong", "opposed", "weak")),
        _interval(false),
        f"{wrong.sum() / found.sum():.4f}",
        f"{covered.mean():.3f}",
        f"{covered[:, differs].mean():.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def _times() -> Iterator[str]:
    """Yield the table of CPU seconds of 100,000 labels by 63 principles."""
    yield from (
        "### 100,000 labels, 63 principles",
        "",
        "| clusters | n | CPU-s |",
        "|---|--:|--:|",
    )
    for name, sizes in (
        ("prompt", {"n_prompts": 100_000}),
        ("annotator and prompt", {"n_annotators": 1000}),
    ):
        world = principle_world(0, **{**_LARGE, **sizes})
        seconds = []
        for _ in range(3):
            start = time.process_time()
            found = measure_effects(world.ballots, clusters=_CLUSTERS[name](world))
            seconds.append(time.process_time() - start)
        yield f"| {name} | {found['n_clusters'][0]:,} | {min(seconds):.2f} |"


def _share(is_so: NDArray[np.bool_]) -> str:
    share = float(is_so.mean())
    return f"{share:.3f} ± {1.96 * math.sqrt(share * (1 - share) / len(is_so)):.3f}"


def _interval(values: NDArray[np.float64]) -> str:
    half = 1.96 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{values.mean():.3f} ± {half:.3f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted")
    parser.add_argument("--seeds", type=int, default=50, help="plain and clustered worlds")
    parser.add_argument("--seed", type=int, default=0, help="of the first world")
    parser.add_argument("--shuffles", type=int, default=300, help="shuffled worlds")
    parser.add_argument("--processes", type=int, default=1, help="worlds at a time")
    parser.add_argument("--out", type=Path, help="file of markdown to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
