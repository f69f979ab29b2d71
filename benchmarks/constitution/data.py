"""Pairs of HH-RLHF: some to vote on, the others held out, as files of either side."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Pair", "read_pairs", "write_csv", "write_jsonl", "write_many"]

_ANSWER = "\n\nAssistant:"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two different responses to one prompt, of which people preferred one."""

    prompt: str
    chosen: str
    rejected: str

    @property
    def opening(self) -> str:
        """What the prompt begins with: pairs with the same one do not part."""
        return self.prompt.split(_ANSWER, 1)[0]

    @property
    def is_chosen_first(self) -> bool:
        """Which side the chosen one is shown on, by a digest."""
        named = "\x1f".join((self.prompt, *sorted((self.chosen, self.rejected))))
        is_first = hashlib.sha256(named.encode()).digest()[0] % 2 == 0
        return is_first == (self.chosen < self.rejected)


def read_pairs(path: Path, n: int) -> tuple[list[Pair], list[Pair]]:
    """Return the first n pairs of a file, and those that open with other words than they do.

    A row whose transcripts do not share a prompt, or with an empty or equal response, is left out:
    the peer reads empty ones as ``nan``. So is one that stood there before: it refuses those.

    Args:
        path: JSON lines with ``chosen`` and ``rejected`` transcripts; may be gzipped.
        n: Pairs to vote on.
    """
    pairs = list(dict.fromkeys(_pairs(_rows(path))))
    voted = pairs[:n]
    openings = {pair.opening for pair in voted}
    return voted, [pair for pair in pairs[n:] if pair.opening not in openings]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    yield from map(json.loads, text.splitlines())


def _pairs(rows: Iterable[dict[str, Any]]) -> Iterator[Pair]:
    for row in rows:
        prompt, _, chosen = row["chosen"].rpartition(_ANSWER)
        other, _, rejected = row["rejected"].rpartition(_ANSWER)
        pair = Pair(prompt.strip(), chosen.strip(), rejected.strip())
        if prompt == other and pair.chosen and pair.rejected and pair.chosen != pair.rejected:
            yield pair


def write_csv(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs as inverse-cai reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("prompt", "text_a", "text_b", "preferred_text"))
        for pair in pairs:
            both = (pair.chosen, pair.rejected)
            a, b = both if pair.is_chosen_first else reversed(both)
            preferred = "text_a" if pair.is_chosen_first else "text_b"
            writer.writerow((pair.prompt, a, b, preferred))


def write_jsonl(path: Path, pairs: Iterable[Pair]) -> None:
    """Write pairs as the source `trl` reads them."""
    with path.open("w", encoding="utf-8") as file:
        for pair in pairs:
            row = {"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_many(folder: Path, pairs: Sequence[Pair], n: int) -> None:
    """Write n pairs as the source `hh-rlhf` reads them, in the folder of a subset.

    Each copy has a word of its own in every text, so that none is known yet.
    """
    path = folder / "harmless-base" / "train.jsonl.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        for i in range(n):
            row = _transcripts(pairs[i % len(pairs)], f"c{i // len(pairs)}")
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _transcripts(pair: Pair, mark: str) -> dict[str, str]:
    prompt = "\n\n" + pair.prompt.replace("Human:", f"Human: {mark}", 1)
    sides = {"chosen": pair.chosen, "rejected": pair.rejected}
    return {side: f"{prompt}{_ANSWER} {mark} {said}" for side, said in sides.items()}
