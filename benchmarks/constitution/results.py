"""What came out on either side, held against what the model says when it is asked properly."""

from __future__ import annotations

import ast
import csv
import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.constitution.rules import MODEL, SENTENCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.constitution.data import Pair

__all__ = ["Found", "accuracies", "ours", "peer", "truth"]

_NOT_APPLICABLE, _FAILED = -3, -2
_CODES = {"A": 1, "B": -1, "both": 0, "neither": _NOT_APPLICABLE}
_PEER_CODES = {True: 1, False: -1, "Both": 0, "Neither": 0, None: _NOT_APPLICABLE}
_N_BOOTSTRAPS = 2000
_SEED = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Votes and constitution of one side."""

    votes: NDArray[np.int8]
    """``(n_pairs, n_sentences)``: 1 for the chosen response, -1 for the other, 0 a tie."""
    constitution: dict[str, float]
    """Sentence to weight; the weights of the peer are 1."""
    n_lost: int
    """Calls of which no vote came."""

    def n_wrong(self, true: NDArray[np.int8]) -> int:
        """Count votes that are not what the model says."""
        return int((self.votes != true).sum())


def truth(pairs: Sequence[Pair]) -> NDArray[np.int8]:
    """Return what the model votes, for the chosen response or against it."""
    said = [
        [_CODES[MODEL.vote(sentence, pair.chosen, pair.rejected)] for sentence in SENTENCES]
        for pair in pairs
    ]
    return np.array(said, np.int8).reshape(len(pairs), len(SENTENCES))


def peer(folder: Path) -> Found:
    """Read what inverse-cai left: its votes are for and against what was preferred."""
    results = folder / "results"
    numbered: dict[str, str] = json.loads(
        (results / "030_distilled_principles_per_cluster.json").read_text(encoding="utf-8")
    )
    places = {int(key): SENTENCES.index(sentence) for key, sentence in numbered.items()}
    csv.field_size_limit(sys.maxsize)
    with (results / "040_votes_per_comparison.csv").open(newline="", encoding="utf-8") as file:
        rows = [ast.literal_eval(cells[1]) for cells in list(csv.reader(file))[1:]]
    votes = np.full((len(rows), len(SENTENCES)), _FAILED, np.int8)
    for at, row in enumerate(rows):
        for key, vote in row.items():
            votes[at, places[key]] = _PEER_CODES.get(vote, _FAILED)
    text: str = json.loads((results / "060_constitution.json").read_text(encoding="utf-8"))
    chosen = [re.sub(r"^\d+\. ", "", line) for line in text.splitlines()]
    log = (folder / "main.log").read_text(encoding="utf-8")
    return Found(votes, dict.fromkeys(chosen, 1.0), log.count("Failed to generate votes"))


def ours(workspace: Path) -> Found:
    """Read votes and constitution from the catalog, in the order of the pairs in the file."""
    import polars as pl

    import prefdata as pf

    catalog = pf.open(workspace)
    rows = catalog.scan("prompts").select("prompt_id", "row")
    chosen = catalog.scan("pairs").select("prompt_id", "chosen_id")
    cast = (
        catalog.scan("votes")
        .join(rows, on="prompt_id")
        .join(chosen, on="prompt_id")
        .sort("row")
        .select("votes", is_a=pl.col("response_a_id") == pl.col("chosen_id"))
        .collect()
    )
    principles = catalog.scan("principles").sort("position").collect()
    places = [SENTENCES.index(sentence) for sentence in principles["sentence"]]
    said = np.array(cast["votes"].list.eval(pl.element().fill_null(_NOT_APPLICABLE)).to_list())
    signs = np.where(cast["is_a"].to_numpy(), 1, -1)[:, None]
    votes = np.empty((cast.height, len(SENTENCES)), np.int8)
    votes[:, places] = np.where(np.abs(said) == 1, said * signs, said)
    worded = dict(principles.select("principle_id", "sentence").iter_rows())
    held = catalog.scan("constitutions").filter(pl.col("group_by") == "all").sort("rank").collect()
    columns = ("principle_id", "is_opposite", "weight")
    weights = {
        worded[name]: -weight if is_opposite else weight
        for name, is_opposite, weight in held.select(columns).iter_rows()
    }
    is_lost = (votes == _FAILED).any(axis=1)
    return Found(votes, weights, int(is_lost.sum()))


def accuracies(
    pairs: Sequence[Pair], constitutions: Sequence[dict[str, float]]
) -> list[tuple[float, float, float]]:
    """Return the share of held-out pairs that constitutions foretell, with 95 % intervals.

    Where a constitution says nothing it is right half of the time. The intervals are those of a
    bootstrap over openings, the same draws for all.

    Args:
        pairs: Held out.
        constitutions: Sentences with their weights.
    """
    votes = truth(pairs)
    signed = np.where(np.abs(votes) == 1, votes, 0)
    hits = np.empty((len(pairs), len(constitutions)))
    for column, weights in enumerate(constitutions):
        score = np.zeros(len(pairs))
        for sentence, weight in weights.items():
            score += weight * signed[:, SENTENCES.index(sentence)]
        hits[:, column] = np.sign(np.round(score, 9)) / 2 + 0.5
    _, at = np.unique([pair.opening for pair in pairs], return_inverse=True)
    sums = np.zeros((at.max() + 1, len(constitutions)))
    np.add.at(sums, at, hits)
    sizes = np.bincount(at)
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), _N_BOOTSTRAPS)
    shares = (drawn @ sums) / (drawn @ sizes)[:, None]
    low, high = np.quantile(shares, (0.025, 0.975), axis=0)
    return list(zip(hits.mean(axis=0), low, high, strict=True))
