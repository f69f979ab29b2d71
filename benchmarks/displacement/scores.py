"""What is known of each pair before any training: CHES and what competes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import prefdata as pf
from prefdata.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.displacement.data import Tokens

__all__ = ["MATCHED", "PREDICTORS", "check_against_loop", "matched", "score"]

PREDICTORS = {
    "ches": pl.col("ches"),
    "ln_ches": pl.col("ln_ches"),
    "relative_ches": pl.col("relative_ches"),
    "last_dot": pl.col("last_dot"),
    # Near responses are those that are said to displace.
    "edit_similarity": -pl.col("edit_distance"),
    "length_difference": (pl.col("n_neg") - pl.col("n_pos")).cast(pl.Float64),
}
"""What may say that a pair displaces: the higher, the more. The last is tokens of the rejected
response less those of the chosen one, which raw CHES is said to follow."""
MATCHED = "ln_ches_matched"
"""LN-CHES among pairs of equal lengths; see `matched`."""
_N_STRATA = 10
_NAMES = ("pair_id", "status", "n_prompt", "n_pos", "n_neg", "dot", "sq_pos")
_TOLERANCE = 1e-5


def score(workspace: Path, model: Path) -> pl.DataFrame:
    """Score all pairs of the workspace with the stage `score-ches`.

    Returns:
        A row for each pair, by ``pair_id``: parts of the score, its status, and `PREDICTORS`.
    """
    params = {"model": {"model": str(model.resolve()), "template": "hh", "device": "cpu"}}
    steps = ["make-pairs", {"stage": "score-ches", "params": params}]
    recipe = {"name": "displacement-scores", "steps": steps}
    pf.run(Recipe.model_validate(recipe), workspace=workspace)
    rows: pl.DataFrame = (
        pf.open(workspace).sql("SELECT * FROM scores WHERE stage = 'score-ches'").pl()
    )
    found = [expression.alias(name) for name, expression in PREDICTORS.items()]
    return rows.select(*_NAMES, *found).sort("pair_id")


def matched(scores: pl.DataFrame) -> pl.DataFrame:
    """Add `MATCHED`: the rank of LN-CHES, 0..1, among pairs whose lengths are about equal.

    Pairs are cut into tenths by the length of the chosen response, and these into tenths by that
    of the rejected one; fifths by this rank differ in CHES, but hardly in length.
    """

    def tenth(name: str) -> pl.Expr:
        place = pl.col(name).rank("ordinal") - 1
        return (place * _N_STRATA / pl.len()).floor()

    tenths = scores.with_columns(chosen_tenth=tenth("n_pos"))
    tenths = tenths.with_columns(rejected_tenth=tenth("n_neg").over("chosen_tenth"))
    among = (pl.col("ln_ches").rank("ordinal") - 0.5) / pl.len()
    keys = ["chosen_tenth", "rejected_tenth"]
    return tenths.with_columns(among.over(keys).alias(MATCHED)).drop(keys)


def check_against_loop(model: Any, pairs: Sequence[Tokens], scores: pl.DataFrame) -> float:
    """Hold scores against the definition, read literally: whole sequences, one at a time.

    Args:
        model: The language model that scored them.
        pairs: Some pairs; their responses end with the token that ends them.
        scores: Their rows.

    Returns:
        The greatest difference of LN-CHES, as a share of the terms that it is the difference of.

    Raises:
        ValueError: If lengths differ, or a score by more than 1e-5 of these.
    """
    import torch

    worst = 0.0
    for pair, row in zip(pairs, scores.iter_rows(named=True), strict=True):
        means = []
        for response in (pair.chosen, pair.rejected):
            ids = torch.from_numpy(np.concatenate([pair.prompt, response[:-1]]).astype(np.int64))
            with torch.inference_mode():
                states = model.model(input_ids=ids[None]).last_hidden_state[0].double()
            means.append(states[len(pair.prompt) - 1 :].mean(0))
        chosen, rejected = means
        lengths = (len(pair.prompt), len(pair.chosen), len(pair.rejected))
        if lengths != (row["n_prompt"], row["n_pos"], row["n_neg"]):
            message = f"pair {row['pair_id']} has {lengths} tokens here"
            raise ValueError(message)
        scale = float((chosen @ rejected).abs() + chosen @ chosen)
        worst = max(worst, abs(float(chosen @ (rejected - chosen)) - row["ln_ches"]) / scale)
    if worst > _TOLERANCE:
        message = f"scores differ from the definition by {worst:.1e} of their scale"
        raise ValueError(message)
    return worst
