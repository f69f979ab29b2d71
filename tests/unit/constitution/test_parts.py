"""Prompts that open alike are never on both sides of a split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.parts import REPORT, TRAIN, folds_of, openings_of, parts_of
from prefdata.testing.principle_world import principle_world

if TYPE_CHECKING:
    from prefdata.constitution.ballots import Ballots

__all__: list[str] = []


@pytest.fixture(scope="module")
def ballots() -> Ballots:
    return principle_world(3, n_comparisons=400, labels_per_comparison=2).ballots


def test_an_opening_is_in_one_part_and_one_fold(ballots: Ballots) -> None:
    openings = openings_of(ballots)
    found = pl.DataFrame(
        {
            "opening": openings,
            "part": parts_of(ballots, seed=1),
            "fold": folds_of(openings, 5, seed=1),
        }
    )
    each = found.group_by("opening").agg(pl.col("part").n_unique(), pl.col("fold").n_unique())
    assert each.select(pl.max("part"), pl.max("fold")).row(0) == (1, 1)
    assert set(found["part"]) == {TRAIN, REPORT}
    assert 0.5 < int((found["part"] == TRAIN).sum()) / found.height < 0.7
    sizes = found.group_by("fold").agg(pl.col("opening").n_unique())["opening"]
    assert sizes.sort()[-1] - sizes.sort()[0] <= 1


def test_a_prompt_stays_where_it_is_when_others_go(ballots: Ballots) -> None:
    parts = parts_of(ballots, seed=1)
    is_kept = pl.Series(np.arange(len(parts)) % 3 == 0)
    assert parts_of(ballots.of_labels(is_kept), seed=1).equals(parts.filter(is_kept))


def test_the_order_of_rows_does_not_count(ballots: Ballots) -> None:
    reversed_ = replace(ballots, labels=ballots.labels.reverse())
    assert parts_of(reversed_, seed=1).equals(parts_of(ballots, seed=1).reverse())
    openings = openings_of(ballots)
    assert np.array_equal(folds_of(openings.reverse(), 5), folds_of(openings, 5)[::-1])


def test_another_seed_is_another_split(ballots: Ballots) -> None:
    assert not parts_of(ballots, seed=1).equals(parts_of(ballots, seed=2))
    openings = openings_of(ballots)
    assert (folds_of(openings, 5, seed=1) != folds_of(openings, 5, seed=2)).any()


def test_two_shares_make_three_parts(ballots: Ballots) -> None:
    parts = parts_of(ballots, shares=(0.4, 0.2))
    assert set(parts) == {TRAIN, "select", REPORT}
    with pytest.raises(ValueError, match="shares of parts"):
        parts_of(ballots, shares=(0.6, 0.4))
    with pytest.raises(ValueError, match="shares of parts"):
        parts_of(ballots, shares=())


def test_a_prompt_without_words_stands_for_itself(ballots: Ballots) -> None:
    wordless = ballots.comparisons.with_columns(opening=pl.lit(None, pl.String))
    assert openings_of(replace(ballots, comparisons=wordless)).null_count() == 0
