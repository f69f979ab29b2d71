from __future__ import annotations

import polars as pl
import pytest

from prefdata.rationales.checks import CHECKED, Limits, run_checks
from prefdata.testing.rationales import COMPOSED_LANGUAGES, compose_pairs, compose_rationales

__all__: list[str] = []


@pytest.mark.parametrize("language", COMPOSED_LANGUAGES)
@pytest.mark.parametrize("kind", ["general", "specific"])
def test_composed_rationales_pass_the_checks(language: str, kind: str) -> None:
    rows = compose_rationales(compose_pairs(language, 60, seed=1), kind=kind, seed=1)
    assert rows.schema == pl.Schema(CHECKED)
    assert rows.height >= 40
    failed = run_checks(rows, Limits()).filter(is_passed=False)
    assert failed["rationale_id"].n_unique() <= 0.05 * rows.height, failed


def test_the_same_pairs_and_seed_give_the_same_texts_in_any_order() -> None:
    pairs = compose_pairs("fr", 20, seed=2)
    first = compose_rationales(pairs, kind="specific", seed=3)
    again = compose_rationales(pairs.reverse(), kind="specific", seed=3)
    assert first.equals(again)
    assert not first["text"].equals(compose_rationales(pairs, kind="specific", seed=4)["text"])


def test_a_pair_with_nothing_to_point_at_is_left_out() -> None:
    pairs = compose_pairs("en", 3, seed=1).with_columns(y_text=pl.col("x_text"))
    assert compose_rationales(pairs, kind="specific", seed=1).is_empty()


def test_no_pairs_give_no_rationales() -> None:
    pairs = compose_pairs("en", 3, seed=1).head(0)
    assert compose_rationales(pairs, kind="general", seed=1).is_empty()
