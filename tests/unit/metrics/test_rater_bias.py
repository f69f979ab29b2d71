"""What annotators lean to is measured where it is known."""

from __future__ import annotations

import polars as pl
import pytest
from scipy.stats import binomtest

from prefdata.metrics.rater_bias import rater_bias

__all__: list[str] = []

_TYPES = {"annotator_id": pl.String, "is_first": pl.Boolean, "is_longer": pl.Boolean}


def test_shares_are_of_choices_that_are_known_with_the_interval_of_wilson() -> None:
    rows = [("u", True, True), ("u", True, None), ("u", False, None), ("v", None, False)]
    one, two = rater_bias(pl.DataFrame(rows, schema=_TYPES, orient="row")).to_dicts()
    assert (one["annotator_id"], one["n_ordered"], one["n_lengths"]) == ("u", 3, 1)
    assert one["first_share"] == pytest.approx(2 / 3)
    expected = binomtest(2, 3).proportion_ci(method="wilson")
    assert (one["first_low"], one["first_high"]) == pytest.approx((expected.low, expected.high))
    assert one["longer_share"] == 1.0
    assert (two["first_share"], two["first_low"], two["n_ordered"]) == (None, None, 0)
    assert two["longer_share"] == 0.0


def test_nobody_leans_to_anything_in_nothing() -> None:
    assert rater_bias(pl.DataFrame(schema=_TYPES)).is_empty()
