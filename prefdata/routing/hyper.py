"""What HyPER does with a performance-prediction model: runs of its own, the best of many mixes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from prefdata.core.errors import DataError, UserError
from prefdata.routing.mixes import first_of_each, mix_orders, tag_counts
from prefdata.routing.performance import MeasuredMixes, fit_performance, measure_mixes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.protocols.routing import Gains, RouterContext, RoutingData
    from prefdata.routing.performance import PerformanceModel

__all__ = ["best_of_many", "hyper_model", "read_runs"]

_N_TRAINED = 7000  # HyPER trains on as many, and scales the counts in its files to it
_PERFORMANCE = "Overall"
_BUDGET = "budget"
_FEW = 10


def hyper_model(
    data: RoutingData,
    context: RouterContext,
    *,
    form: Literal["linear", "quadratic"],
    n_mixes: int,
    runs: str | None = None,
) -> PerformanceModel:
    """Fit a performance-prediction model as HyPER does, to reward heads or to runs of others.

    Args:
        data: Where heads are fitted and tested; and the tags that the model is to know.
        context: Its seed, and its files where runs are given.
        form: Of the model.
        n_mixes: Mixes that heads are fitted to.
        runs: Name of the file of runs; None to fit heads.

    Raises:
        UserError: If there is no such file.
        DataError: If it has not what is needed; see `read_runs`.
    """
    if runs is None:
        # Accuracy, as published; our own model learns from the calibrated log-loss.
        mixes = measure_mixes(data, n_mixes, seed=context.seed, measure="accuracy")
    else:
        path = context.files.get(runs)
        if path is None:
            raise UserError(
                "There is no such file of runs.", where=runs, fix="Correct `runs` in the recipe."
            )
        mixes = read_runs(path, data.tag_names)
    return fit_performance(mixes, form, seed=context.seed)


def read_runs(path: Path, tag_names: tuple[str, ...]) -> MeasuredMixes:
    """Read a file of HyPER's training runs, ``*-counts-runs.csv``.

    Rows without a count or a performance are left out. Columns of tags that are not asked for are
    not read, as of the embedder that nobody configured.

    Args:
        path: The file.
        tag_names: Feature strings of HyPER, such as ``rouge::min_val=0.33|max_val=0.67``.

    Returns:
        Mixes of 7,000 comparisons, to which HyPER scales its counts.

    Raises:
        DataError: If columns are missing, or there are fewer than ten rows.

    References:
        The files ``*-counts-runs.csv`` of Miranda et al. (arXiv 2410.19133).
    """
    header = pl.read_csv(path, n_rows=0).columns
    wanted = (*tag_names, _BUDGET, _PERFORMANCE)
    missing = [name for name in wanted if name not in header]
    if missing:
        raise DataError(
            f"The file of runs has no column {', '.join(map(repr, missing))}.",
            where=str(path),
            fix="Give a file of counts and runs as HyPER publishes it, and route by its tags.",
        )
    types = dict.fromkeys(wanted, pl.Float64)
    runs = pl.read_csv(path, columns=list(wanted), schema_overrides=types).select(wanted)
    runs = runs.fill_nan(None).drop_nulls()
    if runs.height < _FEW:
        raise DataError(
            f"The file has {runs.height} complete runs; a model needs {_FEW} and is bad below 200.",
            where=str(path),
            fix="Give a file with more runs, or none: then reward heads are fitted instead.",
        )
    return MeasuredMixes(
        counts=runs.select(tag_names).to_numpy(),
        budgets=runs[_BUDGET].to_numpy(),
        performance=runs[_PERFORMANCE].to_numpy(),
        n=_N_TRAINED,
        shares=np.zeros(len(tag_names)),  # not in the file, and not needed by raw counts
    )


def best_of_many(
    model: PerformanceModel, tags: NDArray[np.bool_], n_candidates: int, *, seed: int
) -> Gains:
    """Return gains that choose, for a budget, the best of many mixes that are drawn at it.

    Among so many, the best by prediction is often one whose prediction errs the most; single
    gains, which stay beside it, do not have this flaw.

    Args:
        model: What says which mix is best.
        tags: ``(n, t)``: of the pool.
        n_candidates: How many mixes.
        seed: Of the mixes; the same for all budgets.
    """
    gains = model.gains(tags)
    orders = mix_orders(tags, n_candidates, seed=seed)
    return replace(gains, choose=partial(_best_mix, model, tags, orders, gains.gain))


def _best_mix(
    model: PerformanceModel,
    tags: NDArray[np.bool_],
    orders: NDArray[np.int32],
    gain: NDArray[np.floating[Any]],
    budget: int,
) -> NDArray[np.intp]:
    """Return the rows of the best mix, those with the highest gain first."""
    mixes = first_of_each(orders, budget)
    budgets = np.full(len(orders), min(budget, len(tags)), dtype=np.float64)
    expected = model.predict(tag_counts(tags, mixes), budgets, len(tags))
    rows = np.flatnonzero(mixes[:, expected.argmax()])
    return rows[np.argsort(-gain[rows], kind="stable")]
