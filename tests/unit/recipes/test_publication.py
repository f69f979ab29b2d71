from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prefdata.recipes.publication import Publication

__all__: list[str] = []


def _publication(**values: Any) -> Publication:
    return Publication.model_validate({"title": "T", "configs": [{"name": "pairs"}], **values})


def test_by_default_people_are_hidden_texts_scrubbed_and_nobody_is_described() -> None:
    made = _publication()
    assert (made.pseudonyms, made.links_releases, made.scrub) == (True, False, True)
    assert (made.demographics, made.k, made.gate, made.removals) == ((), 10, None, None)
    assert made.configs[0].exporter == "published-pairs"


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 9},
        {"demographics": ["a", "b", "c", "d"]},
        {"version": "1.0"},
        {"version": 1.2},
        {"configs": []},
        {"configs": [{"name": "a"}, {"name": "a"}]},
        {"accept_unknown": {"scrape": "  "}},
        {"to": "/srv/elsewhere"},
        {"gate": {"fields": {"Name": "password"}}},
    ],
)
def test_what_would_harm_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _publication(**wrong)


def test_a_recipe_says_none_where_an_input_must_have_a_value() -> None:
    made = _publication(removals="none", gate="none")
    assert (made.removals, made.gate) == (None, None)
