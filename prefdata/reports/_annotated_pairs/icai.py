"""Results in the files of inverse-cai: principles, their votes, and the constitution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.reports._annotated_pairs.annotators import Annotated

__all__ = ["vote_counts", "write_icai"]


def write_icai(folder: Path, found: Annotated) -> list[Path]:
    """Write the files into a new folder and return them.

    Args:
        folder: Made here.
        found: Labels, votes and the constitution of one source.
    """
    folder.mkdir()
    numbered = dict(enumerate(found.principles["sentence"].to_list()))
    contents: dict[str, Any] = {
        "030_distilled_principles_per_cluster.json": numbered,
        "041_votes_per_cluster.json": vote_counts(found),
    }
    if found.constitution is not None:
        listed = [f"{rank}. {said}" for rank, said in enumerate(found.constitution, 1)]
        contents["050_filtered_principles.json"] = list(found.constitution)
        contents["060_constitution.json"] = "\n".join(listed)
    files = []
    for name, content in contents.items():
        path = folder / name
        text = json.dumps(content, ensure_ascii=False, indent=4) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
        files.append(path)
    return files


def vote_counts(found: Annotated) -> Mapping[int, dict[str, int]]:
    """Count, for each principle, votes for and against what most prefer.

    A comparison whose label is a tie does not count. ``both`` are ties of the vote; ``neither`` is
    never counted by inverse-cai either, whose version 0.4.8 adds it to ``both``.
    """
    labels = found.pooled
    votes = found.votes[labels != 0]
    agreement = votes * labels[labels != 0, None]
    is_decisive = np.abs(votes) == 1
    counts = {
        "for": (is_decisive & (agreement == 1)).sum(axis=0),
        "against": (is_decisive & (agreement == -1)).sum(axis=0),
        "abstain": (votes == NOT_APPLICABLE).sum(axis=0),
        "invalid": (votes == FAILED).sum(axis=0),
        "both": ((votes == 0) | (votes == INCONSISTENT)).sum(axis=0),
        "neither": np.zeros(votes.shape[1], np.int64),
    }
    return {
        column: {name: int(values[column]) for name, values in counts.items()}
        for column in range(votes.shape[1])
    }
