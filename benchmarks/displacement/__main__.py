"""Does CHES say which pairs displace likelihood? See docs/displacement-experiment.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.displacement.sizes import FULL, QUICK

_NEEDED = ("torch", "transformers", "tokenizers", "trl", "matplotlib")
_RECORDED = ("prefdata", *_NEEDED, "accelerate", "datasets", "numpy", "polars")


def main() -> None:
    """Run the experiment, or what is missing of it, and write its results."""
    arguments = _arguments()
    started = time.perf_counter()

    def tell(line: str) -> None:
        print(f"{time.perf_counter() - started:6.0f} s  {line}", flush=True)

    # Before torch is imported: workers inherit it.
    os.environ["OMP_NUM_THREADS"] = str(arguments.jobs)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # do not spin where others want the core
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from benchmarks.displacement.steps import Experiment

    sizes = QUICK if arguments.quick else FULL
    experiment = Experiment(arguments.to, sizes, arguments.jobs, tell)
    try:
        digest = experiment.open(arguments.data)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    pairs = experiment.pairs(arguments.data)
    tell(f"{pairs.height:,} pairs")
    model = experiment.model(pairs)
    tell(f"language model: {model['parameters']:,} parameters, perplexity {model['perplexity']}")
    scored = experiment.scores(pairs)
    tell(f"scored: {scored['statuses']}; {scored['population']:,} pairs for training")
    alone = experiment.alone(pairs)
    tell(f"gradients of {alone['pairs']} pairs alone: {alone['share_falling']:.0%} would fall")
    experiment.train(pairs)
    results = _results(experiment, {"data": digest, "model": model, "scores": scored})
    results["pairs"] = {"read": pairs.height, "population": scored["population"]}
    results["alone"] = alone
    results["wall_seconds_of_this_call"] = round(time.perf_counter() - started, 1)
    _write(results, arguments.to)
    tell(f"results are in {arguments.to}")


def _results(experiment: Any, said: dict[str, Any]) -> dict[str, Any]:
    import dataclasses

    from benchmarks.displacement.results import gather

    return {
        **said,
        "sizes": dataclasses.asdict(experiment.sizes),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "jobs": experiment.jobs,
            "python": platform.python_version(),
            "versions": {name: _version(name) for name in _RECORDED},
        },
        **gather(experiment.sizes, experiment.folder),
    }


def _write(results: dict[str, Any], folder: Path) -> None:
    from benchmarks.displacement.plot import plot
    from benchmarks.displacement.results import tables

    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(tables(results), encoding="utf-8")
    plot(results, folder / "results.png")
    print(tables(results))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.displacement", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="HH-RLHF, such as harmless-base/test.jsonl.gz"
    )
    parser.add_argument("--to", type=Path, required=True, help="folder; what is there is kept")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="cores")
    parser.add_argument("--quick", action="store_true", help="tiny, to see that it runs")
    arguments = parser.parse_args()
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"The experiment needs {', '.join(missing)}: pip install {' '.join(missing)}")
    return arguments


if __name__ == "__main__":
    main()
