"""What the user is told of a vote: its price, what failed, and how far it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.constitution.ballots import FAILED
from prefdata.constitution.voting.wording import listed_sentence
from prefdata.metrics.agreement import cohen_kappa
from prefdata.metrics.principles import signed_votes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from numpy.typing import NDArray

    from prefdata.constitution.voting.asking import Asked
    from prefdata.constitution.voting.orders import Positions

__all__ = ["asked_note", "calibration_notes", "position_notes"]

_FEWEST = 20
"""Comparisons from which on a principle is named for its consistency."""
_FEWEST_OF_ALL = 5
_WORST = 3
_BY_PLACE = 0.5
"""Share of votes alike in both orders below which place decides more than what is said."""


def asked_note(asked: Asked, model: str) -> str:
    """Tell how many requests there were, and what became of them."""
    told = (
        f"{model}: {asked.n_requests:,} requests of {asked.prompt_tokens:,} tokens, answers of "
        f"{asked.completion_tokens:,}"
    )
    if asked.n_anew:
        told += f"; {asked.n_anew:,} were made anew"
    bad = sorted((s, n) for s, n in asked.n_answers.items() if s != "ok")
    return told + (f"; in the end {', '.join(f'{s} {n:,}' for s, n in bad)}" if bad else "")


def position_notes(found: Positions, principles: pl.DataFrame) -> Iterator[str]:
    """Tell how far votes go by the place in which a response was shown.

    Args:
        found: What was counted.
        principles: With ``sentence``, a row for each principle.
    """
    if found.first_share is None:
        return
    told = (
        f"{found.first_share:.1%} of {found.n_decisive:,} decisive votes go to what is shown first"
    )
    if found.overall is None:
        yield f"{told}; each comparison was shown in one order"
        return
    warning = "WARNING: " if found.overall < _BY_PLACE else ""
    yield (
        f"{warning}{told}; the vote is the same in both orders in {found.overall:.1%} of "
        f"{int(found.n_compared.sum()):,} cases"
    )
    often = np.flatnonzero((found.n_compared >= _FEWEST) & (found.consistency < 1))
    order = often[np.argsort(found.consistency[often], kind="stable")][:_WORST]
    if len(order) and len(found.n_compared) > 1:
        sentences = principles["sentence"].to_list()
        worst = "; ".join(
            f"{found.consistency[n]:.0%} `{listed_sentence(sentences[n])}`" for n in order.tolist()
        )
        yield f"least consistent over both orders: {worst}"


def calibration_notes(
    votes: NDArray[np.int8], computed: NDArray[np.int8], principles: pl.DataFrame
) -> Iterator[str]:
    """Tell how far a model's votes agree with those that code computes for the same principles.

    Cohen's kappa of votes for a, for b, and for neither, over the comparisons where neither vote
    failed.

    Args:
        votes: ``(n, p)`` codes.
        computed: ``(n, p)`` codes of the same principles, `FAILED` where nobody computes them.
        principles: With ``sentence``, a row for each principle.
    """
    kappas: list[tuple[float, int, str]] = []
    for column, sentence in enumerate(principles["sentence"].to_list()):
        one, other = votes[:, column], computed[:, column]
        is_met = (one != FAILED) & (other != FAILED)
        if int(is_met.sum()) < _FEWEST_OF_ALL:
            continue
        levels = (signed_votes(side[is_met]) + 1 for side in (one, other))
        kappa = cohen_kappa(*(side.astype(np.int64) for side in levels), n_levels=3)
        if kappa is not None:
            kappas.append((kappa, int(is_met.sum()), listed_sentence(sentence)))
    if not kappas:
        return
    kappas.sort()
    low, n, sentence = kappas[0]
    yield (
        f"principles that are computed too: {len(kappas)}; Cohen's kappa of both: median "
        f"{np.median([kappa for kappa, _, _ in kappas]):+.2f}, lowest {low:+.2f} over {n:,} "
        f"comparisons (`{sentence}`)"
    )
