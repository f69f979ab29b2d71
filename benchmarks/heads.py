"""Many Bradley-Terry heads at once beside scikit-learn, and a whole plan of routing.

```
python -m benchmarks.heads                    all sides, about two minutes
python -m benchmarks.heads --heads 100 --peer-heads 4
```

Each side runs in a fresh process, in one thread, and prints one line of JSON; the comparison comes
last. Heads are fitted to 7,000 comparisons of 384 numbers, for mixes of the labels of two
annotators with 0 to 100 % of each; no label is a tie, so that scikit-learn, which knows none, is
given the same (elsewhere a tie is a label of 0.5, which it could only take as two weighted rows).
The numbers are normal, with the spectrum of differences between real sentence vectors; with
``--white`` they are independent, which suits scikit-learn best and no vectors are.

- ``ours``: `fit_heads`, all heads at once;
- ``lbfgs``: `LogisticRegression` with its default solver, one head after the other;
- ``newton-cholesky``: the same with the solver that is made for more rows than columns.

The peers fit ``--peer-heads`` of the heads, evenly spread over the mixes, and ``cpu_seconds`` is
what all heads would take at their rate. It counts the fits alone, not imports nor drawing the data.
``relative_error`` is the greatest over these heads of max |w - w*| / max |w*|, where w* is the
solution to 1e-10. A peer is run at its default tolerance, and at stricter ones until that error is
at most 0.001; what it took then is compared, and what the default took is shown beside it.

``plan`` is everything that the stage `route` does with comparisons and vectors in memory, at the
size of MultiPref, 10,461 comparisons of 384 numbers with 90 tags: the parts, the evaluation of four
routers with its bootstraps, the fit of `ensemble` to all labels, and the plan. ``cpu_seconds`` and
``peak_gb`` are of the whole process, imports and drawing the data among them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import call, run

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from prefdata.protocols import Gains, RoutingData
    from prefdata.routing.cases import Cases

    Floats = NDArray[np.float64]

__all__: list[str] = []

_ROWS, _COLUMNS, _RIDGE = 7_000, 384, 0.01
_PEERS = ("lbfgs", "newton-cholesky")
_TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)  # the first is the default
# Every so many'th eigenvalue of the differences between the responses of 1,100 pairs of HH-RLHF by
# all-MiniLM-L6-v2, columns scaled to unit variance.
_PLACES = (0, 1, 3, 7, 15, 31, 63, 127, 255, 383)
_SPECTRUM = (10.8, 6.4, 5.3, 4.0, 3.0, 2.4, 1.45, 0.89, 0.52, 0.1)
_COMPARISONS, _PROMPTS, _TAGS = 10_461, 5_323, 90
_EVALUATION, _SEED_SET, _VOTES = 800, 1_000, 3
_ROUTERS = ("uncertainty", "influence", "paired", "ensemble")
_SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75)
_TIES = 0.05
_GIGA = 1e9
_TIMES, _ERROR, _SECONDS, _GIGABYTES = 50, 1e-3, 60, 1.0


def main() -> None:
    """Run the sides, or be one of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heads")
    parser.add_argument("side", nargs="?", choices=["ours", *_PEERS, "plan"])
    parser.add_argument("--heads", type=int, default=500)
    parser.add_argument("--peer-heads", type=int, default=10)
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64")
    parser.add_argument("--white", action="store_true", help="independent numbers")
    parser.add_argument("--weights", type=Path, help="where `ours` leaves its weights")
    options = parser.parse_args()
    if options.side is None:
        _all(options)
        return
    from threadpoolctl import threadpool_limits

    sides: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
        "ours": _ours,
        "lbfgs": _peer,
        "newton-cholesky": _peer,
        "plan": _plan,
    }
    with threadpool_limits(1):
        print(json.dumps(sides[options.side](options)))


def _all(options: argparse.Namespace) -> None:
    """Run each side in a process of its own, and compare them."""
    os.environ |= {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    given = [f"--heads={options.heads}", f"--peer-heads={options.peer_heads}"]
    given += [f"--dtype={options.dtype}"] + ["--white"] * options.white
    said: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in ("ours", *_PEERS, "plan"):
            command = call("heads", side, *given, f"--weights={folder}/weights.npy")
            cost = run(command, scratch=Path(folder))
            said[side] = {**cost.said, "peak_gb": round(cost.rss_bytes / _GIGA, 3)}
            if side == "plan":
                said[side] |= {
                    "cpu_seconds": round(cost.cpu_seconds, 2),
                    "wall_seconds": round(cost.wall_seconds, 2),
                }
            print(json.dumps({"side": side, **said[side]}), flush=True)
    ours, plan = said["ours"], said["plan"]
    times = {peer: round(said[peer]["cpu_seconds"] / ours["cpu_seconds"], 1) for peer in _PEERS}
    at_default = {
        peer: round(said[peer]["default_cpu_seconds"] / ours["cpu_seconds"], 1) for peer in _PEERS
    }
    error = max(said[peer]["our_relative_error"] for peer in _PEERS)
    is_met = {
        f"CPU of LogisticRegression >= {_TIMES} x ours": times["lbfgs"] >= _TIMES,
        f"relative error <= {_ERROR}": error <= _ERROR,
        f"plan <= {_SECONDS} CPU-s": plan["cpu_seconds"] <= _SECONDS,
        f"plan <= {_GIGABYTES} GB": plan["peak_gb"] <= _GIGABYTES,
    }
    versions = {name: metadata.version(name) for name in ("numpy", "scikit-learn", "scipy")}
    print(
        json.dumps(
            {
                "times_our_cpu": times,
                "at_default": at_default,
                "is_met": is_met,
                "versions": versions,
            }
        )
    )


def _mixes(options: argparse.Namespace) -> tuple[Any, Any]:
    """Draw comparisons with correlated columns, and the labels of all mixes."""
    import numpy as np

    random = np.random.default_rng(0)
    rows = _vectors(random, _ROWS, is_white=options.white).astype(options.dtype)
    direction = random.standard_normal(_COLUMNS) / np.sqrt(_COLUMNS)
    margin = rows @ direction
    human = random.random(_ROWS) < 1 / (1 + np.exp(-3 * margin))
    ai = margin + 0.5 * rows[:, 0] + 0.3 * random.standard_normal(_ROWS) > 0
    shares = np.linspace(0, 1, options.heads)
    is_human = random.random((_ROWS, options.heads)) < shares
    return rows, np.where(is_human, human[:, None], ai[:, None]).astype(np.uint8)


def _vectors(random: np.random.Generator, n: int, *, is_white: bool = False) -> Floats:
    """Draw differences of unit variance, with the spectrum of those of sentence vectors."""
    import numpy as np

    rows: Floats = random.standard_normal((n, _COLUMNS))
    if not is_white:
        logarithms = np.interp(np.arange(_COLUMNS), _PLACES, np.log(_SPECTRUM))
        turned, _ = np.linalg.qr(random.standard_normal((_COLUMNS, _COLUMNS)))
        rows = (rows * np.exp(logarithms / 2)) @ turned
    rows /= np.sqrt((rows**2).mean(axis=0))
    return rows


def _ours(options: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from prefdata.metrics.bradley_terry import fit_heads

    rows, labels = _mixes(options)
    fit_heads(rows[:100], labels[:100, :2], ridge=_RIDGE)  # what is imported on first use
    began = time.process_time()
    heads = fit_heads(rows, labels, ridge=_RIDGE)
    seconds = time.process_time() - began
    np.save(options.weights, heads.weights)
    return {
        "heads": options.heads,
        "cpu_seconds": round(seconds, 3),
        "iterations": heads.n_iterations,
        "all_converged": bool(heads.is_converged.all()),
    }


def _peer(options: argparse.Namespace) -> dict[str, Any]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rows, labels = _mixes(options)
    some = np.unique(np.linspace(0, options.heads - 1, options.peer_heads).round().astype(int))

    def fit(head: int, **settings: Any) -> Floats:
        strength = 1 / (_RIDGE * _ROWS)
        model = LogisticRegression(C=strength, fit_intercept=False, max_iter=1_000, **settings)
        found: Floats = model.fit(rows, labels[:, head]).coef_[0]
        return found

    fit(0, solver=options.side, tol=0.1)  # what is imported on first use
    exact = _exact(rows, labels[:, some])
    tried: list[tuple[float, float, Floats]] = []
    for tolerance in _TOLERANCES:
        began = time.process_time()
        found = [fit(head, solver=options.side, tol=tolerance) for head in some]
        tried.append((tolerance, time.process_time() - began, np.stack(found, axis=1)))
        if _error(tried[-1][2], exact) <= _ERROR:
            break
    (_, default_seconds, default), (tolerance, seconds, reached) = tried[0], tried[-1]
    rate = options.heads / len(some)
    return {
        "heads": len(some),
        "is_extrapolated": len(some) < options.heads,
        "tolerance": tolerance,
        "cpu_seconds": round(seconds * rate, 1),
        "relative_error": _error(reached, exact),
        "default_cpu_seconds": round(default_seconds * rate, 1),
        "default_relative_error": _error(default, exact),
        "our_relative_error": _error(np.load(options.weights)[:, some], exact),
    }


def _exact(rows: Any, labels: Any) -> Floats:
    """Return the solutions, by scikit-learn too."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    settings = {"C": 1 / (_RIDGE * _ROWS), "fit_intercept": False, "tol": 1e-10}
    model = LogisticRegression(solver="newton-cholesky", **settings)
    wide = rows.astype(np.float64)
    return np.stack([model.fit(wide, column).coef_[0] for column in labels.T], axis=1)


def _error(found: Floats, exact: Floats) -> float:
    import numpy as np

    errors = np.abs(found - exact).max(axis=0) / np.abs(exact).max(axis=0)
    return float(f"{errors.max():.1e}")


def _plan(_: argparse.Namespace) -> dict[str, Any]:
    """Do what the stage `route` does once comparisons and vectors are read."""
    import numpy as np

    from prefdata.routing.arms import Costs, people
    from prefdata.routing.arrays import make_arrays
    from prefdata.routing.evaluate import evaluate
    from prefdata.routing.plan import Terms, complete, routed_plan
    from prefdata.routing.roles import assign_roles

    cases = _cases()
    difference = _vectors(np.random.default_rng(1), _COMPARISONS).astype(np.float32)
    roles = assign_roles(
        cases.rows,
        seed=0,
        n_evaluation=_EVALUATION,
        n_seed=_SEED_SET,
        min_evaluation=_EVALUATION,
        min_seed=_SEED_SET,
    )
    arrays = make_arrays(cases, roles.rows, difference)
    clock = {"began": time.process_time()}
    routers = {name: _router(name) for name in _ROUTERS}
    evaluation = evaluate(arrays.judged, routers, shares=_SHARES, seed=0)
    clock["evaluate"] = time.process_time()
    gains = routers["ensemble"](arrays.planned, 0)
    clock["fit"] = time.process_time()
    terms = Terms(Costs())
    found = people(arrays.judged.evaluation, arrays.is_expert)
    named = {"router": "ensemble", "tag_names": arrays.planned.tag_names}
    plan = routed_plan(cases, roles, gains, terms, share=0.2, found=found, **named)  # type: ignore[arg-type]
    rows = complete(plan, cases, terms, "benchmark")
    clock["plan"] = time.process_time()
    stages = zip(list(clock)[1:], itertools.pairwise(clock.values()), strict=True)
    return {
        "comparisons": rows.height,
        "pool": len(arrays.planned.pool),
        "columns": _COLUMNS,
        "tags": len(arrays.planned.tag_names),
        "asked": int(rows["n_votes"].sum()),
        "verdicts": dict(evaluation.verdicts.select("router", "verdict").iter_rows()),
        "cpu_seconds_of": {name: round(end - start, 2) for name, (start, end) in stages},
    }


def _router(name: str) -> Callable[[RoutingData, int], Gains]:
    from prefdata.protocols import Router, RouterContext
    from prefdata.registry import plugin

    found: Router = plugin("router", name)
    return lambda data, seed: found.fit(data, found.params(), RouterContext(seed=seed))


def _cases() -> Cases:
    """Draw comparisons, of which people judged enough for the evaluation and seed sets.

    The AI errs where the first tag holds, people where the second does.
    """
    import numpy as np
    import polars as pl

    from prefdata.routing.cases import Cases
    from prefdata.tables.bundle import no_rejects

    random = np.random.default_rng(1)
    margin = _vectors(random, _COMPARISONS)[:, :8].sum(axis=1)
    tags = random.random((_COMPARISONS, _TAGS)) < random.uniform(0.05, 0.4, _TAGS)
    is_ai_right = random.random(_COMPARISONS) < np.where(tags[:, 0], 0.6, 0.9)
    n_votes = np.zeros(_COMPARISONS, int)
    n_votes[: _EVALUATION + 200] = _VOTES
    n_votes[_EVALUATION + 200 : _EVALUATION + _SEED_SET + 200] = 1
    ids = pl.Series([f"c{number:05}" for number in range(_COMPARISONS)])
    prompts = [f"p{number % _PROMPTS}" for number in range(_COMPARISONS)]
    names = np.array([f"tag {number:02}" for number in range(_TAGS)])
    rows = pl.DataFrame(
        {
            "comparison_id": ids,
            "source": "benchmark",
            "prompt_id": prompts,
            "response_a_id": "a" + ids,
            "response_b_id": "b" + ids,
            "aspect": "overall",
            "prompt_hash": prompts,
            "ai_label": np.where(is_ai_right, margin > 0, margin <= 0).astype(float),
            "confidence": random.random(_COMPARISONS),
            "is_tie": random.random(_COMPARISONS) < _TIES,
            "dissent": random.random(_COMPARISONS),
            "n_human": n_votes.astype(np.int32),
            "n_native": n_votes.astype(np.int32),
            "words": random.integers(50, 900, _COMPARISONS),
            "language": "en",
            "tags": [names[held].tolist() for held in tags],
        }
    )
    return Cases(rows, _votes(random, ids, n_votes, margin, tags[:, 1]), no_rejects(), rows.height)


def _votes(
    random: np.random.Generator,
    ids: pl.Series,
    n_votes: NDArray[Any],
    margin: Floats,
    is_hard: NDArray[np.bool_],
) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    at = np.repeat(np.arange(_COMPARISONS), n_votes)
    is_right = random.random(len(at)) < np.where(is_hard[at], 0.65, 0.88)
    return pl.DataFrame(
        {
            "comparison_id": ids[at.tolist()],
            "label": np.where(is_right, margin[at] > 0, margin[at] <= 0).astype(float),
            "is_expert": False,
            "is_imported": False,
        }
    )


if __name__ == "__main__":
    main()
