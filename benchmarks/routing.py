"""How much of what an oracle gains each router recovers, in worlds where that is known.

```
python -m benchmarks.routing [--worlds 10] [--seed 0] [--kinds easy,hard,null] [--out FILE.md]
```

Every registered router, with its defaults and HyPER's other models beside, learns in worlds of
`prefdata.testing.routing_world` from 1,000 seed and 800 evaluation comparisons, and routes a pool
of 5,000. World number i of a run has the seed `--seed` + i, and so has the router in it; take
another seed for other worlds. Columns:

- ``label@20 %``: share of the pool that is labelled right when people label 20 % of it;
- ``RM@20 %``: accuracy of a reward head of these labels on 5,000 other comparisons;
- ``recovered``: area between router and random choice over that between oracle and random choice,
  for budgets of 10 to 50 %, with the 95 % interval of the mean over worlds. The oracle knows what
  each tag is worth for the accuracy of labels, so more than 1 is possible: for routers that also
  see the responses, and for the reward model. In the null world there is nothing to recover; the
  mean difference to random choice stands there instead, and should be 0 for the reward model.
  The oracle of comparisons knows the probability of each error, but not which label is one: a
  router that holds the AI's label against a reward model of people can pass it;
- ``refused``: share of worlds in which the router says that it has learnt nothing, and
  ``seconds`` of CPU that it takes for a world.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from threadpoolctl import threadpool_limits

from prefdata.protocols import Gains, RouterContext
from prefdata.registry import names, plugin
from prefdata.testing.routing_world import (
    Kind,
    label_accuracy,
    model_accuracies,
    recovered,
    routing_world,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.testing.routing_world import RoutingWorld

__all__ = ["BUDGETS", "Marks", "Task", "mark", "markdown"]

BUDGETS = (0.1, 0.2, 0.3, 0.4, 0.5)
_SHOWN = BUDGETS.index(0.2)
_N_RANDOM = 20
_RANDOM, _ORACLE, _BEST = "random choice", "oracle of tags", "oracle of comparisons"
# HyPER has two models; a router's defaults name one.
_VARIANTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "hyper-top-k": ({"model": "linear"}, {"model": "quadratic"}),
    "hyper-simulated": ({"model": "linear"}, {"model": "quadratic"}),
}


@dataclass(frozen=True, slots=True)
class Marks:
    """What one router reached in one world."""

    labels: NDArray[np.float64]
    """``(b,)`` by budget: accuracy of the labels of the pool."""
    models: NDArray[np.float64]
    """``(b,)``: accuracy of the reward model."""
    seconds: float = 0.0
    """CPU seconds of learning."""
    has_refused: bool = False
    """Whether the router says that it must not be used."""


@dataclass(frozen=True, slots=True)
class Task:
    """One world, of one seed."""

    kind: Kind
    seed: int
    only: tuple[str, ...] = ()
    """Names of routers; all when empty."""


def main() -> None:
    """Mark all routers, and show the table."""
    arguments = _arguments()
    only = tuple(arguments.routers.split(",")) if arguments.routers else ()
    tasks = [
        Task(kind, arguments.seed + number, only)
        for kind in arguments.kinds.split(",")
        for number in range(arguments.worlds)
    ]
    start = time.perf_counter()
    found: list[tuple[Task, dict[str, Marks]]] = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        for task, marks in zip(tasks, pool.map(mark, tasks), strict=True):
            found.append((task, marks))
            print(f"{task.kind} world {task.seed}", file=sys.stderr)
    text = "\n".join(
        markdown(kind, [marks for task, marks in found if task.kind == kind])
        for kind in arguments.kinds.split(",")
    )
    print(text)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")


def mark(task: Task) -> dict[str, Marks]:
    """Return what every router reaches in a world, oracles and random choice included."""
    with threadpool_limits(1):  # the processes are what runs side by side
        world = routing_world(task.seed, kind=task.kind)
        entries = _entries(task.only)
        gains: dict[str, Gains] = {}
        seconds: dict[str, float] = {}
        for name, fit in entries.items():
            start = time.process_time()
            gains[name] = fit(world, task.seed)
            seconds[name] = time.process_time() - start
        n = len(world.data.pool)
        random = np.random.default_rng([task.seed, 1])
        draws = [Gains(random.random(n)) for _ in range(_N_RANDOM)]
        oracles = {_ORACLE: Gains(world.tag_oracle), _BEST: Gains(world.instance_oracle)}
        curves = _curves(world, [*draws, *oracles.values(), *gains.values()])
    at_random = np.mean(curves[:_N_RANDOM], axis=0)
    rest = dict(zip([*oracles, *gains], curves[_N_RANDOM:], strict=True))
    return {_RANDOM: Marks(at_random[0], at_random[1])} | {
        name: Marks(
            curve[0],
            curve[1],
            seconds.get(name, 0.0),
            has_refused=name in gains and gains[name].refusal is not None,
        )
        for name, curve in rest.items()
    }


def markdown(kind: Kind, worlds: Sequence[Mapping[str, Marks]]) -> str:
    """Return the table of one kind of world."""
    title = {
        "easy": "Easy: the reward model sees all",
        "hard": "Hard: the reward model sees 13 of 24 dimensions",
        "null": "Null: no tag says anything",
    }[kind]
    what = ("difference of labels", "difference of RM") if kind == "null" else _RECOVERED
    lines = [
        f"### {title} ({len(worlds)} worlds)",
        "",
        f"| router | label@20 % | {what[0]} | RM@20 % | {what[1]} | refused | seconds |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    names_shown = sorted(worlds[0], key=lambda name: _order(kind, worlds, name))
    lines += [_row(kind, worlds, name) for name in names_shown]
    return "\n".join([*lines, ""])


_RECOVERED = ("recovered labels", "recovered RM")


def _entries(only: tuple[str, ...]) -> dict[str, Callable[[RoutingWorld, int], Gains]]:
    """Return what each router, with each of its settings, says of a world."""
    entries: dict[str, Callable[[RoutingWorld, int], Gains]] = {}
    for name in names("router"):
        if only and name not in only:
            continue
        found = plugin("router", name)
        for settings in _VARIANTS.get(name, ({},)):
            shown = " ".join([name, *settings.values()])

            def fit(
                world: RoutingWorld,
                seed: int,
                found: Any = found,
                settings: Mapping[str, Any] = settings,
            ) -> Gains:
                params = found.params.model_validate(settings)
                gains: Gains = found.fit(world.data, params, RouterContext(seed=seed))
                return gains

            entries[shown] = fit
    return entries


def _curves(world: RoutingWorld, gains: Sequence[Gains]) -> NDArray[np.float64]:
    """Return ``(r, 2, b)`` accuracies of labels and models, by budget."""
    n = len(world.data.pool)
    mixes = [each.chosen(round(budget * n)) for each in gains for budget in BUDGETS]
    labels = [label_accuracy(world, mix) for mix in mixes]
    both = np.stack([labels, model_accuracies(world, mixes)])
    return both.reshape(2, len(gains), len(BUDGETS)).swapaxes(0, 1)


def _scores(
    kind: Kind, worlds: Sequence[Mapping[str, Marks]], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each world what the router gains: labels, reward models."""
    both = []
    for measure in ("labels", "models"):
        values = []
        for world in worlds:
            curve, at_random, best = (
                getattr(world[which], measure) for which in (name, _RANDOM, _ORACLE)
            )
            if kind == "null":
                values.append(float((curve - at_random).mean()))
            else:
                values.append(recovered(curve, at_random, best))
        both.append(np.array(values))
    return both[0], both[1]


def _order(kind: Kind, worlds: Sequence[Mapping[str, Marks]], name: str) -> tuple[bool, float]:
    labels, models = _scores(kind, worlds, name)
    return name in {_ORACLE, _BEST}, float(labels.mean() + models.mean())


def _row(kind: Kind, worlds: Sequence[Mapping[str, Marks]], name: str) -> str:
    labels, models = _scores(kind, worlds, name)
    digits = 4 if kind == "null" else 2
    marks = [world[name] for world in worlds]
    cells = [
        name,
        f"{np.mean([m.labels[_SHOWN] for m in marks]):.3f}",
        _interval(labels, digits),
        f"{np.mean([m.models[_SHOWN] for m in marks]):.3f}",
        _interval(models, digits),
        f"{np.mean([m.has_refused for m in marks]):.0%}",
        f"{np.mean([m.seconds for m in marks]):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _interval(values: NDArray[np.float64], digits: int) -> str:
    """Return the mean over worlds with its 95 % interval, by Student's t."""
    from scipy.stats import t

    mean, n = float(values.mean()), len(values)
    if n == 1 or not np.ptp(values):
        return f"{mean:.{digits}f}"
    half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n))
    return f"{mean:.{digits}f} [{mean - half:.{digits}f}, {mean + half:.{digits}f}]"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing")
    parser.add_argument("--worlds", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the first world")
    parser.add_argument("--kinds", default=",".join(get_args(Kind)), help="of worlds")
    parser.add_argument("--routers", default="", help="names, with commas between; by default all")
    parser.add_argument("--processes", type=int, default=2, help="worlds at a time")
    parser.add_argument("--out", type=Path, help="file of markdown to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
