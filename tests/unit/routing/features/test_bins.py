"""Bins: set once on all comparisons, each value in exactly one."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.routing.features.bins import BIN, bin_tags, binned, feature_bins
from prefdata.routing.features.names import RANKED, TEXT_FEATURES

__all__: list[str] = []

_VALUES = st.lists(
    st.none() | st.integers(0, 6).map(float) | st.floats(-1e9, 1e9), min_size=1, max_size=40
)


def _features(**columns: list[float] | list[float | None]) -> pl.DataFrame:
    height = len(next(iter(columns.values())))
    nothing = [None] * height
    return pl.DataFrame(
        {name: columns.get(name, nothing) for name in TEXT_FEATURES},
        schema=dict.fromkeys(TEXT_FEATURES, pl.Float64),
    )


def _of(bins: pl.DataFrame, feature: str) -> pl.DataFrame:
    return bins.filter(pl.col("feature") == feature)


def test_a_subset_of_the_shortest_third_is_in_the_lowest_bin_alone() -> None:
    # HyPER ranks the subset within itself and counts 326, 337 and 327.
    lengths = np.random.default_rng(7).permutation(2970).astype(float)
    full = _features(len_longer=lengths.tolist())
    bins = feature_bins(full)
    assert _of(bins, "len_longer")["n"].to_list() == [990, 990, 990]
    subset = full.filter(pl.col("len_longer") < 990)
    found = bin_tags(subset, bins)["len_longer"].value_counts()
    assert found.rows() == [("len_longer::min_val=0.0|max_val=0.33", 990)]


def test_similarities_are_cut_where_their_tags_say() -> None:
    values = [-0.2, 0.0, 0.3299, 0.33, 0.67, 1.0, None]
    frame = _features(cosine_sim=values)
    bins = feature_bins(frame)
    cut = _of(bins, "cosine_sim")
    assert cut["low"].to_list() == [None, 0.33, 0.67]
    assert cut["high"].to_list() == [0.33, 0.67, None]
    assert cut["scale"].unique().to_list() == ["raw"]
    assert binned(frame["cosine_sim"], cut).to_list() == [0, 0, 0, 1, 2, 2, None]
    assert cut["n"].to_list() == [3, 1, 2]


def test_equal_lengths_stay_together() -> None:
    bins = _of(feature_bins(_features(prompt_len=[5.0] * 9)), "prompt_len")
    assert bins["n"].to_list() == [0, 9, 0]
    bins = _of(feature_bins(_features(prompt_len=[0.0] * 5 + [1.0, 2.0, 3.0])), "prompt_len")
    assert bins["n"].to_list() == [5, 0, 3]


@settings(max_examples=30)
@given(_VALUES, st.sampled_from(TEXT_FEATURES))
def test_each_value_is_in_exactly_one_bin_whatever_the_order(
    values: list[float | None], feature: str
) -> None:
    frame = _features(**{feature: values})
    bins = feature_bins(frame)
    cut = _of(bins, feature).rows(named=True)
    numbers = binned(frame[feature], _of(bins, feature)).to_list()
    for value, number in zip(values, numbers, strict=True):
        fitting = [
            row["bin"]
            for row in cut
            if value is not None
            and (row["low"] is None or value >= row["low"])
            and (row["high"] is None or value < row["high"])
        ]
        assert fitting == ([] if number is None else [number])
    assert sum(row["n"] for row in cut) == sum(value is not None for value in values)
    backwards = feature_bins(frame.reverse())
    assert backwards.equals(bins)


def test_a_feature_that_nobody_knows_has_bins_of_nothing() -> None:
    bins = feature_bins(_features(rouge=[0.5]))
    assert bins.height == 27
    assert set(bins.filter(pl.col("scale") == "rank")["feature"]) == RANKED
    assert _of(bins, "bertscore")["n"].to_list() == [0, 0, 0]
    assert _of(bins, "prompt_len")["low"].to_list() == [None, None, None]
    tags = bin_tags(_features(rouge=[0.5]), bins).row(0, named=True)
    assert {name: tag for name, tag in tags.items() if tag} == {
        "rouge": "rouge::min_val=0.33|max_val=0.67"
    }


def test_no_comparisons_have_no_bins() -> None:
    bins = feature_bins(_features(rouge=[]))
    assert bins.is_empty()
    assert bins.schema == pl.Schema(BIN)
