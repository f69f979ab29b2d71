"""The sets are random samples by digest: no prompt is in two, and no plan moves them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.routing.roles import Pool, Roles, assign_roles, by_digest

__all__: list[str] = []

_SIZES: dict[str, Any] = {
    "seed": 0,
    "n_evaluation": 20,
    "n_seed": 30,
    "min_evaluation": 10,
    "min_seed": 10,
}


def _rows(native: list[int], asked: list[int] | None = None) -> pl.DataFrame:
    """Return comparisons, two of each prompt, with so many votes."""
    asked = asked or [0] * len(native)
    return pl.DataFrame(
        {
            "comparison_id": [f"c{i}" for i in range(len(native))],
            "prompt_hash": [f"p{i // 2}" for i in range(len(native))],
            "n_native": native,
            "n_human": [one + other for one, other in zip(native, asked, strict=True)],
        }
    )


def _parts(roles: Roles) -> dict[str, str]:
    return dict(roles.rows.select("comparison_id", "part").iter_rows())


def _counts(roles: Roles) -> dict[str, int]:
    return dict(roles.rows["part"].value_counts().iter_rows())


@pytest.fixture
def rows() -> pl.DataFrame:
    return _rows([3] * 60 + [1] * 80 + [0] * 100)


def test_the_sets_have_their_sizes_and_share_no_prompt(rows: pl.DataFrame) -> None:
    roles = assign_roles(rows, **_SIZES)
    assert (roles.is_ready, roles.n_evaluation, roles.n_seed) == (True, 20, 30)
    counts = _counts(roles)
    assert counts == {"evaluation": 20, "seed": 30, "pool": 100, "done": 90}
    sets = roles.rows.filter(pl.col("part").is_in(["evaluation", "seed"]))
    assert sets.group_by("prompt_hash").agg(pl.col("part").n_unique())["part"].max() == 1
    evaluation = roles.rows.filter(part="evaluation")
    assert evaluation["n_native"].min() == 3


def test_all_that_people_judged_is_the_seed_set_where_no_size_is_said(rows: pl.DataFrame) -> None:
    roles = assign_roles(rows, **_SIZES | {"n_seed": None})
    # 160 people judged, less the 20, and their 20 prompts' others at most.
    assert roles.n_seed >= 100
    assert _counts(roles)["pool"] == 100


def test_in_a_back_test_what_people_judged_is_routed(rows: pl.DataFrame) -> None:
    roles = assign_roles(rows, **_SIZES, pool="all")
    assert _counts(roles) == {"evaluation": 20, "seed": 30, "pool": 190}


@given(st.randoms(use_true_random=False), st.sampled_from(["unlabelled", "all"]))
@settings(max_examples=15)
def test_the_order_of_rows_does_not_matter(random: Any, pool: Pool) -> None:
    rows = _rows([3] * 30 + [1] * 30 + [0] * 30)
    order = list(range(rows.height))
    random.shuffle(order)
    straight = assign_roles(rows, **_SIZES, pool=pool)
    assert assign_roles(rows[order], **_SIZES, pool=pool).rows.equals(straight.rows)


@given(st.sets(st.integers(140, 239), max_size=60))
@settings(max_examples=20)
def test_votes_that_a_plan_asked_for_teach_and_move_nothing(asked: set[int]) -> None:
    native = [3] * 60 + [1] * 80 + [0] * 100
    before = _parts(assign_roles(_rows(native), **_SIZES))
    after = _parts(assign_roles(_rows(native, [i in asked for i in range(240)]), **_SIZES))
    moved = {name: part for name, part in after.items() if part != before[name]}
    assert set(moved) == {f"c{i}" for i in asked}
    assert set(moved.values()) <= {"routed"}


def test_with_too_few_votes_the_same_comparisons_are_asked_about_until_there_are_enough() -> None:
    native = [3] * 5 + [0] * 195
    first = assign_roles(_rows(native), **_SIZES)
    assert not first.is_ready
    assert (first.n_evaluation, first.n_seed) == (5, 0)
    assert _counts(first) == {"evaluation": 20, "seed": 30, "pool": 150}
    parts = _parts(first)
    some = [2 if parts[f"c{i}"] == "evaluation" and i % 2 and i > 4 else 0 for i in range(200)]
    assert _parts(assign_roles(_rows(native, some), **_SIZES)) == parts
    needed = {"evaluation": 3, "seed": 1}
    votes = [needed.get(parts[f"c{i}"], 0) if i > 4 else 0 for i in range(200)]
    done = assign_roles(_rows(native, votes), **_SIZES)
    assert done.is_ready
    assert _parts(done) == parts


def test_another_seed_is_another_sample(rows: pl.DataFrame) -> None:
    one, other = (assign_roles(rows, **_SIZES | {"seed": seed}) for seed in (0, 1))
    assert _parts(one) != _parts(other)
    assert by_digest(rows, 0)["comparison_id"].to_list() != rows["comparison_id"].to_list()
