"""A plan tells what is done, what would run, and what waits for what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prefdata.recipes import Recipe
from prefdata.runner import plan, run

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

Put = Callable[..., None]


def test_a_plan_follows_what_is_known(catalog: Catalog, put: Put) -> None:
    put("a", 3)
    recipe = Recipe.model_validate(
        {"name": "r", "steps": ["flag-quality", "make-pairs", "select-pairs"]}
    )
    before = plan(catalog, recipe)
    assert [(p.step, p.status) for p in before] == [
        ("flag-quality", "run"),
        ("make-pairs", "run"),
        ("select-pairs", "after"),
    ]
    assert before[2].fingerprint is None
    done = run(catalog, recipe)
    after = plan(catalog, recipe)
    assert [p.status for p in after] == ["cached"] * 3
    assert after[1].rows == done.steps[1].rows_in == 3
    assert catalog.head().name == done.snapshot.name
