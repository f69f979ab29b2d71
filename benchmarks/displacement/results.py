"""All that was measured, as one file to read by machine and one to read."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from benchmarks.displacement.runs import FIFTHS, LEVELS, RANDOM, runs_of
from benchmarks.displacement.scores import MATCHED, PREDICTORS
from benchmarks.displacement.statistics import alone_agreements, cells, run_agreements
from benchmarks.displacement.training import changes_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.displacement.runs import Run
    from benchmarks.displacement.sizes import Sizes

__all__ = ["NAMES", "gather", "tables"]

NAMES = {
    RANDOM: "random",
    "ches": "raw CHES",
    "ln_ches": "LN-CHES",
    MATCHED: "LN-CHES at equal length",
    "relative_ches": "relative CHES",
    "last_dot": "last-hidden inner product",
    "edit_similarity": "edit similarity",
    "length_difference": "length difference",
}
"""What the predictors are called where people read."""


def gather(sizes: Sizes, folder: Path) -> dict[str, Any]:
    """Return what the finished runs in a folder found, without what the steps said."""
    known = [run for run in runs_of(sizes) if (folder / "runs" / f"{run.name}.json").exists()]
    facts = [
        {**dataclasses.asdict(run), **_read(folder / "runs" / f"{run.name}.json")} for run in known
    ]
    scores = pl.read_parquet(folder / "population.parquet")
    found = [
        one
        for run in known
        if run.predictor == RANDOM
        for one in run_agreements(_changes(folder, run), scores, _label(run))
    ]
    found += alone_agreements(pl.read_parquet(folder / "alone.parquet"), scores)
    return {
        "cells": cells(facts).to_dicts(),
        "agreements": found,
        "fifths": _fifths(scores),
        "runs": facts,
    }


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _changes(folder: Path, run: Run) -> pl.DataFrame:
    return pl.read_parquet(changes_path(folder / "runs", run))


def _label(run: Run) -> str:
    return f"{run.loss}, seed {run.seed}"


def _fifths(scores: pl.DataFrame) -> list[dict[str, Any]]:
    """Return how long the responses of each fifth are: likelihoods of long ones move more."""
    rows = []
    for predictor in FIFTHS:
        order = np.argsort(scores[predictor].to_numpy(), kind="stable")
        for level, place in LEVELS.items():
            part = scores[np.array_split(order, 5)[place]]
            rows.append(
                {
                    "predictor": predictor,
                    "level": level,
                    "pairs": part.height,
                    "least": part[predictor].min(),
                    "greatest": part[predictor].max(),
                    "n_chosen": part["n_pos"].mean(),
                    "n_rejected": part["n_neg"].mean(),
                }
            )
    return rows


def tables(results: Mapping[str, Any]) -> str:
    """Return the results as tables in Markdown."""
    model, perplexity = results["model"], results["model"]["perplexity"]
    of_model = (
        f"Model: {model['parameters']:,} parameters, {model['tokens_trained_on']:,} tokens. "
        f"Perplexity of held-out transcripts: unigram {perplexity['unigram']:.1f}, bigram "
        f"{perplexity['bigram']:.1f}, model {perplexity['model']:.1f} (of what it was trained on "
        f"{perplexity['model_on_what_it_saw']:.1f})."
    )
    pairs = results["pairs"]
    of_pairs = f"Pairs: {pairs['read']:,} scored, {pairs['population']:,} of them in the fifths."
    parts = [
        of_model,
        of_pairs,
        "## Change of the mean log-probability, in nats",
        _cell_table(results["cells"]),
        "## Agreement of ranks with the change of ln π(chosen), pair by pair",
        _agreement_table(results["agreements"]),
        "## Lengths in the fifths, in tokens",
        _fifth_table(results["fifths"]),
    ]
    return "\n\n".join(parts) + "\n"


def _cell_table(found: Sequence[Mapping[str, Any]]) -> str:
    head = (
        "| loss | fifths by | pairs | runs | ln π(chosen) | per token | ln π(rejected) | per token "
        "| chosen that fell | accuracy | margin |\n|---|---|---|" + "--:|" * 8
    )
    rows = [
        f"| {one['loss'].upper()} | {NAMES[one['predictor']]} | {one['level']} | {one['n_seeds']} "
        f"| {_spread(one, 'chosen', 2)} | {_spread(one, 'chosen_per_token', 3)} "
        f"| {_spread(one, 'rejected', 2)} | {_spread(one, 'rejected_per_token', 3)} "
        f"| {one['fallen']:.2f} | {one['accuracy']:.2f} | {one['margin']:.2f} |"
        for one in sorted(found, key=lambda one: one["loss"])
    ]
    return "\n".join([head, *rows])


def _spread(one: Mapping[str, Any], name: str, digits: int) -> str:
    """Return mean and standard deviation; the mean alone of a single run."""
    deviation = one[f"{name}_sd"]
    mean = f"{one[name]:+.{digits}f}".replace("-", "−")
    return mean if deviation is None else f"{mean} ± {deviation:.{digits}f}"


def _agreement_table(found: Sequence[Mapping[str, Any]]) -> str:
    head = f"| change | of | given | pairs | {' | '.join(NAMES[name] for name in PREDICTORS)} |"
    lines = [head, "|---|---|---|--:|" + "--:|" * len(PREDICTORS)]
    keys = [(one["run"], one["against"], one["is_at_equal_length"]) for one in found]
    for key in dict.fromkeys(keys):
        cells = {one["predictor"]: one for one, of in zip(found, keys, strict=True) if of == key}
        run, against, is_given = key
        values = " | ".join(_interval(cells.get(name)) for name in PREDICTORS)
        given = "both lengths" if is_given else ""
        unit = {"sum": "sum", "per_token": "per token", "share": "share"}[against]
        lines.append(f"| {run} | {unit} | {given} | {cells['ches']['n']} | {values} |")
    return "\n".join(lines)


def _interval(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return ""
    said = f"{one['rho']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f})"
    return said.replace("-", "−")


def _fifth_table(found: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| fifths by | pairs | chosen | rejected |", "|---|---|--:|--:|"]
    lines += [
        f"| {NAMES[one['predictor']]} | {one['level']} | {one['n_chosen']:.1f} "
        f"| {one['n_rejected']:.1f} |"
        for one in found
    ]
    return "\n".join(lines)
