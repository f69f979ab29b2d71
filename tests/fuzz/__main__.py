"""Fuzz one target, or all of them one after the other, for some minutes each.

python -m tests.fuzz source-prism --minutes 30                    guided by coverage (atheris)
python -m tests.fuzz source-prism --minutes 30 --with hypothesis
python -m tests.fuzz --list

Faults do not stop it: each new one is saved under ``found/`` in the folder, by the place where it
was raised, with the input that is shortest so far. What new ways through the code took stays in
``corpus/``.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from types import FunctionType

from tests.fuzz.running import Runner, run_hypothesis
from tests.fuzz.targets import targets

_LONGEST = 1 << 16


def main() -> None:
    """Read the command line, and fuzz."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help="names; all by default")
    parser.add_argument("--minutes", type=float, default=30.0, help="for each target")
    parser.add_argument("--runs", type=int, default=-1, help="at most so many inputs")
    parser.add_argument("--with", dest="tool", choices=("atheris", "hypothesis"), default="atheris")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/prefdata-fuzz"))  # noqa: S108
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="name the targets and their promises")
    given = parser.parse_args()
    if given.list:
        for target in targets().values():
            print(f"{target.name:28} {target.promise}")  # noqa: T201
    elif len(given.target) == 1 and given.tool == "atheris":
        _atheris(given)
    elif len(given.target) == 1:
        _hypothesis(given)
    else:
        # A process each: a target may take the whole process with it.
        rest = [f"--minutes={given.minutes}", f"--runs={given.runs}", f"--with={given.tool}"]
        rest += [f"--folder={given.folder}", f"--seed={given.seed}"]
        for name in given.target or targets():
            subprocess.run([sys.executable, "-m", "tests.fuzz", name, *rest], check=False)


def _atheris(given: argparse.Namespace) -> None:
    import atheris

    target = targets()[given.target[0]]
    name = target.name
    runner = Runner(target, given.folder)
    # In place, as all of it is imported by now; what is not of the subject guides nobody.
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and str(thing.__module__).startswith(target.guided):
            atheris.instrument_func(thing)
    corpus = given.folder / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(target.seeds):
        (corpus / f"seed-{place}").write_bytes(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 - damage, not secrets
        if chance.random() < 0.2:
            return bytes(atheris.Mutate(data, max_size))
        for _ in range(chance.randint(1, 3)):
            data = target.damage(data, chance)
        return data[:max_size]

    seconds = max(1, int(given.minutes * 60))
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-runs={given.runs}",
        f"-max_len={_LONGEST}",
        f"-seed={given.seed}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-print_final_stats=0",
        f"-artifact_prefix={given.folder / name}/",
        str(corpus),
    ]
    atheris.Setup(arguments, runner, custom_mutator=mutate)
    # libFuzzer ends the process without a word to Python; so the figures are written as it goes.
    runner.keep_figures("atheris")
    atheris.Fuzz()


def _hypothesis(given: argparse.Namespace) -> None:
    runner = Runner(targets()[given.target[0]], given.folder)
    runner.keep_figures("hypothesis")
    end = time.monotonic() + given.minutes * 60
    seed = given.seed
    while time.monotonic() < end and not 0 <= given.runs <= runner.n_runs:
        run_hypothesis(runner, seed=seed, n_examples=200)
        seed += 1
    print(json.dumps(runner.figures()))  # noqa: T201
    os._exit(0)


if __name__ == "__main__":
    main()
