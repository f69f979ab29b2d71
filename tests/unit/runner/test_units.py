"""A unit is named by all that shapes its output."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import Field

from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.protocols import ChatParams, Params
from prefdata.recipes import Recipe
from prefdata.runner import run
from prefdata.runner.units import by_age, checked_params, recipe_sources, units

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

Put = Callable[..., None]


def _recipe(*steps: object, **more: object) -> Recipe:
    return Recipe.model_validate({"name": "r", "steps": list(steps), **more})


def test_the_fingerprint_follows_rows_parameters_seed_and_step(catalog: Catalog, put: Put) -> None:
    put("a", 3)
    state = catalog.head().state
    variants = [
        _recipe("make-pairs"),
        _recipe({"stage": "make-pairs", "params": {"tie_band": 3}}),
        _recipe({"stage": "make-pairs", "name": "other"}),
        _recipe("make-pairs", seed=1),
    ]
    prints = {units(recipe, catalog)[0].fingerprint(state) for recipe in variants}
    assert len(prints) == 4
    assert units(variants[0], catalog)[0].fingerprint(state) in prints
    put("a", 4)
    later = catalog.head().state
    assert units(variants[0], catalog)[0].fingerprint(later) not in prints


def test_parameters_may_differ_by_source_and_sources_may_be_left_out(
    catalog: Catalog, put: Put
) -> None:
    for name in ("a", "b", "c"):
        put(name, 2)
    step = {"stage": "make-pairs", "per_source": {"b": {"tie_band": 2}}, "skip_sources": ["c"]}
    found = units(_recipe(step), catalog)
    assert [(u.source, u.params.model_dump()["tie_band"]) for u in found] == [("a", 0), ("b", 2)]


def test_wrong_parameters_are_told_before_anything_runs(catalog: Catalog, put: Put) -> None:
    put("a", 2)
    steps = ["flag-quality", {"stage": "make-pairs", "per_source": {"zz": {"tie_bnd": 2}}}]
    with pytest.raises(RecipeError, match="tie_bnd") as caught:
        run(catalog, _recipe(*steps))
    assert "make-pairs" in str(caught.value.where)
    assert catalog.scan("flags").collect().is_empty()


def test_unknown_sources_and_an_empty_catalog_say_so(catalog: Catalog, put: Put) -> None:
    with pytest.raises(RecipeError, match="holds no source"):
        recipe_sources(_recipe("make-pairs"), catalog.head().state)
    put("a", 2)
    with pytest.raises(UnknownNameError, match="'b'"):
        recipe_sources(_recipe("make-pairs", sources=["b"]), catalog.head().state)


def test_a_step_over_all_sources_takes_no_parameters_of_one(catalog: Catalog, put: Put) -> None:
    put("a", 1)
    step = {"stage": "embed", "per_source": {"a": {"of": ["prompts"]}}}
    with pytest.raises(RecipeError, match="all sources at once"):
        units(_recipe(step), catalog)


def test_sources_are_sorted_by_their_first_publication() -> None:
    assert by_age(["mine", "prism", "hh-rlhf", "a"]) == ("hh-rlhf", "prism", "a", "mine")


def test_a_step_that_is_named_must_stand_before_or_have_run(catalog: Catalog, put: Put) -> None:
    put("a", 2)
    asked = {"stage": "split-by-prompt", "params": {"clusters_from": "dedupp"}}
    with pytest.raises(UnknownNameError, match="no step named 'dedupp'") as caught:
        units(_recipe("dedup", asked), catalog)
    assert "Did you mean 'dedup'?" in str(caught.value)
    named = {"stage": "split-by-prompt", "params": {"clusters_from": "dedup"}}
    with pytest.raises(UnknownNameError):
        units(_recipe(named, "dedup"), catalog)
    assert units(_recipe("dedup", named), catalog)
    # It ran, although it found nothing and so wrote nothing.
    run(catalog, _recipe("dedup"))
    assert units(_recipe(named), catalog)


def test_a_wrong_parameter_is_told_with_the_nearest_right_one(catalog: Catalog, put: Put) -> None:
    put("a", 2)
    with pytest.raises(RecipeError, match="subjet") as caught:
        units(_recipe({"stage": "dedup", "params": {"subjet": "prompts"}}), catalog)
    assert "Did you mean 'subject'?" in str(caught.value.fix)
    inner = {"evaluations": [{"name": "q", "files": "q.jsonl", "colums": "x"}]}
    with pytest.raises(RecipeError, match=r"evaluations\.0\.colums") as caught:
        units(_recipe({"stage": "decontaminate", "params": inner}), catalog)
    assert "Did you mean 'columns'? Parameters of `evaluations.0`: " in str(caught.value.fix)


class _Writer(Params):
    """Parameters inside others."""

    model: ChatParams
    limits: tuple[int, ...] = ()


class _Nested(Params):
    """Parameters that hold others, alone and in a list."""

    writer: _Writer | None = None
    judges: tuple[ChatParams, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("values", "place", "fix"),
    [
        (
            {"writer": {"model": "m", "limts": [3]}},
            "writer.limts",
            "Did you mean 'limits'? Parameters of `writer`: model, limits.",
        ),
        (
            {"writer": {"model": {"model": "m", "temprature": 0.3}}},
            "writer.model.temprature",
            "Did you mean 'temperature'? Parameters of `writer.model`: model, backend, ",
        ),
        (
            {"judges": ["m", {"model": "m", "max_token": 3}]},
            "judges.1.max_token",
            "Did you mean 'max_tokens'? Parameters of `judges.1`: model, backend, ",
        ),
        (
            {"judges": [{"model": "m", "price": {"input": 1, "ouput": 2}}]},
            "judges.0.price.output",
            "Parameters of `judges.0.price`: input, output, cached_input, currency.",
        ),
        ({"writer": {}}, "writer.model", "Parameters of `writer`: model, limits."),
        (
            {"judges": [{"model": "m", "budget": 1}]},
            "judges.0",
            "Parameters of `judges.0`: model, backend, ",
        ),
        ({"weights": {"a": "x"}}, "weights.a", "Correct what stands inside `weights`; "),
    ],
)
def test_what_is_wrong_inside_a_parameter_is_told_with_what_may_stand_there(
    values: dict[str, Any], place: str, fix: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        checked_params(_Nested, values, where="here")
    assert caught.value.what.startswith(f"{place}: ")
    assert str(caught.value.fix).startswith(fix)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"writer": 3}, "writer: Input should be a mapping."),
        ({"writer": {"model": 3}}, "writer.model: Input should be a mapping."),
        ({"weights": [1]}, "weights: Input should be a mapping."),
        ({"judges": "m"}, "judges: Input should be a list."),
        ({"writer": {"model": "m", "limits": 3}}, "writer.limits: Input should be a list."),
    ],
)
def test_a_wrong_form_is_told_in_words_of_yaml(values: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        checked_params(_Nested, values, where="here")
    assert caught.value.what == said
