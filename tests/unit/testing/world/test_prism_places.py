"""People are born, move and are recruited as published."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from prefdata.testing.world.prism_places import (
    SAME_COUNTRY,
    SPECIAL_REGIONS,
    UNKNOWN,
    draw_places,
    places,
)

__all__: list[str] = []


@pytest.mark.parametrize("seed", [0, 1])
def test_the_published_counts_hold(seed: int) -> None:
    locations, locales, _ = draw_places(np.random.default_rng(seed), 1_500)
    column = {name: Counter(place[name] for place in locations) for name in locations[0]}
    assert column["special_region"] == Counter(SPECIAL_REGIONS)
    assert column["same_birth_reside_country"] == Counter(SAME_COUNTRY)
    assert len(column["birth_country"]) == 75
    assert len(column["reside_country"]) == 38
    assert column["reside_countryISO"]["GBR"] == 340
    assert column["birth_country"][UNKNOWN] == column["reside_country"][UNKNOWN] == 3
    assert len(set(locales)) == 33
    assert Counter(locales)["us"] == 386
    assert Counter(locales)["uk"] == 341


def test_country_codes_are_distinct() -> None:
    found = places()
    assert len({place.iso for place in found}) == len(found) == 74
    assert len({place.locale for place in found}) == 74


@pytest.mark.parametrize("rows", [1, 2, 9, 60])
def test_few_people_can_be_drawn(rows: int) -> None:
    locations, locales, is_us = draw_places(np.random.default_rng(0), rows)
    assert len(locations) == len(locales) == len(is_us) == rows
    assert all(locales)
