"""HyPER's own files are read, and its choice is the best of the mixes that it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.core.errors import DataError, UserError
from prefdata.protocols import RouterContext
from prefdata.registry import plugin
from prefdata.routing.hyper import best_of_many, hyper_model, read_runs
from prefdata.routing.mixes import draw_mixes, mix_orders, tag_counts
from prefdata.routing.performance import MeasuredMixes, fit_performance
from prefdata.testing.routers import small_data

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_NAMES = (
    "rouge::min_val=0.0|max_val=0.33",
    "analyzer_scalar::feature_name=safety_concern|value=moderate",
    "analyzer_closed_set::feature_name=subject_of_expertise|constraints=Law",
)


def _write(path: Path, *, n: int = 40, without: str | None = None) -> Path:
    """Write runs in which the second tag is worth the most; the first run has failed."""
    counts = np.random.default_rng(0).integers(0, 3000, (n, 3))
    overall = 0.5 + counts @ [0, 5e-5, -5e-5]
    columns = {
        "model_type": ["Seq. Classifier"] * n,
        "Overall": [None, *overall[1:]],
        "uuid": [f"{number:x}" for number in range(n)],
        "budget": counts.sum(axis=1),
        **{name: counts[:, number] for number, name in enumerate(_NAMES)},
        "bertscore::min_val=0.67|max_val=1.0": counts[:, 0],
    }
    columns.pop(without or "", None)
    pl.DataFrame(columns).write_csv(path)
    return path


def test_runs_are_read_by_the_names_of_tags_whatever_their_order(tmp_path: Path) -> None:
    path = _write(tmp_path / "runs.csv")
    runs = read_runs(path, _NAMES)
    turned = read_runs(path, _NAMES[::-1])
    assert runs.counts.shape == (39, 3)
    assert turned.counts.tolist() == runs.counts[:, ::-1].tolist()
    assert runs.n == 7000
    assert fit_performance(runs, "linear", seed=0).gains(np.eye(3, dtype=bool)).gain == (
        pytest.approx([0, 5e-5, -5e-5], abs=1e-7)
    )


@pytest.mark.parametrize("column", [_NAMES[1], "Overall"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    path = _write(tmp_path / "runs.csv", without=column)
    with pytest.raises(DataError) as caught:
        read_runs(path, _NAMES)
    assert repr(column) in caught.value.what
    assert caught.value.where == str(path)


def test_few_runs_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="9 complete runs"):
        read_runs(_write(tmp_path / "runs.csv", n=10), _NAMES)


@pytest.mark.parametrize("name", ["hyper-top-k", "hyper-simulated"])
def test_a_router_learns_from_the_runs_that_it_names(name: str, tmp_path: Path) -> None:
    data = small_data()
    wide = pl.read_csv(_write(tmp_path / "some.csv"))
    of_tags = dict.fromkeys(data.tag_names, wide[_NAMES[0]])
    best = data.tag_names[5]
    of_tags[best] = wide[_NAMES[1]] + (wide[_NAMES[0]] - wide[_NAMES[2]])
    wide.select("Overall", "budget").with_columns(**of_tags).write_csv(tmp_path / "runs.csv")
    router = plugin("router", name)
    params = router.params(runs="runs.csv", model="linear")
    assert params.outside().files == ("runs.csv",)
    assert router.params().outside().files == ()
    context = RouterContext(files={"runs.csv": tmp_path / "runs.csv"})
    gains = router.fit(data, params, context)
    with_tag = data.pool.tags[:, 5]
    assert gains.gain[with_tag].mean() > gains.gain[~with_tag].mean()
    with pytest.raises(UserError):
        router.fit(data, params, RouterContext())


def test_heads_are_fitted_where_there_are_no_runs() -> None:
    data = small_data()
    model = hyper_model(data, RouterContext(seed=1), form="linear", n_mixes=30)
    assert model.n == len(data.seed)


def test_the_best_mix_is_that_of_the_highest_prediction() -> None:
    random = np.random.default_rng(0)
    tags = random.random((120, 4)) < 0.3
    mixes = draw_mixes(tags, 60, seed=1)
    counts = tag_counts(tags, mixes)
    measured = MeasuredMixes(
        counts,
        mixes.sum(axis=0).astype(float),
        counts @ [1.0, 0, 0, -1.0],
        120,
        tags.mean(axis=0),
    )
    model = fit_performance(measured, "linear", seed=0)
    gains = best_of_many(model, tags, 25, seed=3)
    chosen = gains.chosen(40)
    candidates = [set(order[:40]) for order in mix_orders(tags, 25, seed=3)]
    worth = [gains.gain[[*candidate]].sum() for candidate in candidates]
    assert set(chosen) == candidates[int(np.argmax(worth))]
    assert (np.diff(gains.gain[chosen]) <= 0).all()
    assert len(gains.chosen(0)) == 0
    assert sorted(gains.chosen(120)) == list(range(120))
