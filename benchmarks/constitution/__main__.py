"""What it costs to have a model vote on principles, and what comes of it, beside inverse-cai.

```
python -m benchmarks.constitution --file harmless-base/test.jsonl.gz --peer PYTHON
python -m benchmarks.constitution --file harmless-base/test.jsonl.gz          ours alone
python -m benchmarks.constitution free --file harmless-base/test.jsonl.gz     without a model
```

The same pairs, the same 40 principles, the same model: a server on loopback that answers by rule,
at once, in the words of either side; its own CPU is no part of the figures. The peer runs with its
defaults for given principles: 40 in a request, three seeds, nothing generated, no annotator.
prefdata runs ingest, `make-pairs`, `vote-principles` (40 in a request, in both orders) and
`constitution`. Each side has a fresh process; ``cpu`` is user and system time of all its threads.

Votes are *wrong* that are not what the model says of the pair. Constitutions are held against pairs
that open with other words than those voted on, by the same rule for both sides: the principles
vote, each with its weight, which is 1 for the peer; where they say nothing, they are right half of
the time.

``free``: 100,000 pairs, each with a word of its own, from ingest to constitution by factors.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.constitution.data import read_pairs, write_csv, write_jsonl, write_many
from benchmarks.constitution.sides import peer_versions, run_ours, run_peer
from benchmarks.inputs import CACHE
from benchmarks.measure import call, median, run
from benchmarks.report import machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.constitution.data import Pair
    from benchmarks.measure import Cost

__all__ = ["main"]

_N_SENTENCES = 40
_FREE = ("make-pairs", "factors", "constitution", "apply-constitution")
_MB = 1e6


def main() -> None:
    """Measure, and print tables as Markdown; the last line is all of it as JSON."""
    arguments = _arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as scratch:
        if arguments.what == "free":
            told = _free(arguments, Path(scratch))
        else:
            told = _voted(arguments, Path(scratch))
    print(json.dumps({**told, "machine": machine()}))


def _voted(arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    rows = []
    for n in arguments.pairs:
        voted, held = read_pairs(arguments.file, n)
        rows += _sides(arguments, voted, held, scratch)
    versions = peer_versions(arguments.peer) if arguments.peer else {}
    _show(rows)
    if versions:
        print(f"\n{', '.join(f'{name} {version}' for name, version in versions.items())}")
    return {
        "rows": rows,
        "peer": versions,
        "latency": arguments.latency,
        "params": arguments.params,
    }


def _sides(
    arguments: argparse.Namespace, voted: Sequence[Pair], held: Sequence[Pair], scratch: Path
) -> list[dict[str, Any]]:
    """Measure both sides on some pairs, in turns."""
    table, lines = scratch / "pairs.csv", scratch / "pairs.jsonl"
    write_csv(table, voted)
    write_jsonl(lines, voted)
    sides = ["peer", "prefdata"] if arguments.peer else ["prefdata"]
    costs: dict[str, list[Cost]] = {side: [] for side in sides}
    logs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for number in range(arguments.rounds):
        for side in sides:
            _tell(f"{side}, {len(voted):,} pairs, round {number + 1} …")
            to = scratch / side
            shutil.rmtree(to, ignore_errors=True)
            shared: dict[str, Any] = {"scratch": scratch, "to": to, "latency": arguments.latency}
            if side == "peer":
                from benchmarks.constitution.rules import SENTENCES

                cost, log = run_peer(arguments.peer, table, SENTENCES, **shared)
            else:
                cost, log = run_ours(lines, params=arguments.params, **shared)
            costs[side].append(cost)
            logs[side].append(log)
    return [
        _row(side, median(costs[side]), logs[side], voted, held, scratch / side) for side in sides
    ]


def _row(
    side: str,
    cost: Cost,
    logs: Sequence[dict[str, Any]],
    voted: Sequence[Pair],
    held: Sequence[Pair],
    folder: Path,
) -> dict[str, Any]:
    # Only here, because a child begins at the size of its parent.
    from benchmarks.constitution import results

    found = results.peer(folder) if side == "peer" else results.ours(folder)
    equal = dict.fromkeys(found.constitution, 1.0)
    signed = {said: 1.0 if weight > 0 else -1.0 for said, weight in found.constitution.items()}
    accuracy, alike = results.accuracies(held, [found.constitution, signed or equal])
    return {
        "side": side,
        "pairs": len(voted),
        "wall": cost.wall_seconds,
        "cpu": cost.cpu_seconds,
        "rss": cost.rss_bytes / _MB,
        "requests": statistics.median(log["received"] for log in logs),
        "prompt_tokens": statistics.median(log["bills"]["good"]["prompt_tokens"] for log in logs),
        "lost": found.n_lost,
        "wrong": found.n_wrong(results.truth(voted)),
        "principles": len(found.constitution),
        "held": len(held),
        "accuracy": accuracy,
        "one_vote_each": alike,
        "said": cost.said,
        "constitution": found.constitution,
    }


def _show(rows: Sequence[dict[str, Any]]) -> None:
    print(
        "\n| | pairs | wall s | CPU s | CPU ms a pair | peak MB | requests | request tokens "
        "| calls lost | wrong votes | principles | held out | accuracy | one vote each |"
    )
    print(f"| --- |{' --: |' * 13}")
    for row in rows:
        cells = (
            row["side"],
            f"{row['pairs']:,}",
            f"{row['wall']:.1f}",
            f"{row['cpu']:.1f}",
            f"{1000 * row['cpu'] / row['pairs']:.1f}",
            f"{row['rss']:.0f}",
            f"{row['requests']:,}",
            f"{row['prompt_tokens']:,}",
            f"{row['lost']:,}",
            f"{row['wrong']:,} of {row['pairs'] * _N_SENTENCES:,}",
            f"{row['principles']}",
            f"{row['held']:,}",
            _share(row["accuracy"]),
            _share(row["one_vote_each"]),
        )
        print(f"| {' | '.join(cells)} |")
    for side, line in _marginal(rows):
        print(f"\n{side}: {line}")


def _marginal(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Say what one more pair costs, where a side ran with several numbers of pairs."""
    told = []
    for side in dict.fromkeys(row["side"] for row in rows):
        mine = sorted((row for row in rows if row["side"] == side), key=lambda row: row["pairs"])
        first, last = mine[0], mine[-1]
        if last["pairs"] > first["pairs"]:
            more = (last["cpu"] - first["cpu"]) / (last["pairs"] - first["pairs"])
            votes = 1000 * more / _N_SENTENCES
            told.append((side, f"one more pair takes {1000 * more:.2f} CPU ms, a vote {votes:.3f}"))
    return told


def _share(accuracy: tuple[float, float, float]) -> str:
    share, low, high = accuracy
    return f"{share:.3f} [{low:.3f}, {high:.3f}]"


def _free(arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Measure the way from pairs to a constitution by factors."""
    from prefdata.registry import names

    pairs, _ = read_pairs(arguments.file, sys.maxsize)
    (n, *_) = arguments.pairs
    transcripts, workspace = scratch / "hh", scratch / "free"
    write_many(transcripts, pairs, n)
    _tell("ingest …")
    ingest = run(
        call("constitution.ours", "ingest", str(transcripts), str(workspace)), scratch=scratch
    )
    stages = [stage for stage in _FREE if stage in names("stage")]
    _tell(f"{', '.join(stages)} …")
    free = run(call("constitution.ours", "free", str(workspace), *stages), scratch=scratch)
    print(f"\n{n:,} pairs\n\n| | wall s | CPU s | peak MB |\n| --- | --: | --: | --: |")
    for name, cost in {"ingest": ingest, ", ".join(stages): free}.items():
        wall, cpu, rss = cost.wall_seconds, cost.cpu_seconds, cost.rss_bytes / _MB
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {rss:.0f} |")
    print()
    for name, cpu in free.said["cpu_seconds"].items():
        print(f"- {name}: {cpu:.1f} CPU s")
    for note in free.said["notes"]:
        print(f"- {note}")
    told = {"cpu": free.cpu_seconds, "wall": free.wall_seconds, "rss": free.rss_bytes, **free.said}
    return {"pairs": n, "ingest": ingest.cpu_seconds, **told}


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.constitution",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=("voted", "free"), default="voted")
    parser.add_argument("--file", type=Path, required=True, help="transcripts of HH-RLHF")
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter that has inverse-cai")
    parser.add_argument(
        "--pairs", type=int, nargs="+", help="how many; several are measured in turn"
    )
    parser.add_argument("--rounds", type=int, default=1, help="medians of so many are shown")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--params", default="{}", help="of the stage constitution, as JSON")
    arguments = parser.parse_args()
    arguments.pairs = arguments.pairs or (
        [100_000] if arguments.what == "free" else [100, 500, 1500]
    )
    if not arguments.file.is_file():
        parser.error(f"there is no file {arguments.file}")
    return arguments


if __name__ == "__main__":
    main()
