from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.publishing.licences.effective import (
    effective_license,
    hub_license,
    publication_license,
)
from prefdata.publishing.licences.table import licenses
from prefdata.publishing.licences.weighing import Target, weigh

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__: list[str] = []

_CLEAN = [one.spdx for one in licenses() if one.is_known and not one.no_derivatives]


def _needed(frame: Callable[..., pl.DataFrame], *texts: str | None, n: int = 1) -> str:
    rows = [("default", "s", "response", text, None, n) for text in texts]
    return effective_license(frame(rows))


@pytest.mark.parametrize(
    ("texts", "needed"),
    [
        (["MIT"], "MIT"),
        (["MIT", "CC-BY-4.0"], "CC-BY-4.0"),
        (["MIT", "Apache-2.0"], "Apache-2.0 AND MIT"),
        (["CC0-1.0", "MIT"], "MIT"),
        (["CC0-1.0", "PDDL-1.0"], "CC0-1.0"),
        (["CC-BY-3.0", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", "ODC-By-1.0", "MIT"], "CC-BY-4.0 AND ODC-By-1.0"),
        (["CC-BY-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "MIT"], "CC-BY-NC-SA-4.0"),
        (["CC-BY-NC-4.0", "LicenseRef-FAIR-Noncommercial-Research"],
         "LicenseRef-FAIR-Noncommercial-Research"),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-4.0", "ODbL-1.0"], "CC-BY-SA-4.0 AND ODbL-1.0"),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-SA-4.0"),
        (["CC-BY-4.0 AND CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
        (["CC-BY-NC-4.0 OR CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", None, "Foo-1.0"], "CC-BY-4.0 AND NOASSERTION"),
        ([None], "NOASSERTION"),
        ([], "NOASSERTION"),
        (["cc-by-4.0"], "CC-BY-4.0"),
    ],
)  # fmt: skip
def test_data_needs_the_least_that_asks_for_all_that_its_parts_ask(
    texts: list[str | None], needed: str, frame: Callable[..., pl.DataFrame]
) -> None:
    assert _needed(frame, *texts) == needed
    assert _needed(frame, *reversed(texts)) == needed


def test_rows_that_are_not_there_need_nothing(frame: Callable[..., pl.DataFrame]) -> None:
    assert _needed(frame, "CC-BY-NC-4.0", n=0) == "NOASSERTION"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_CLEAN), min_size=1, max_size=4))
def test_what_is_needed_covers_every_part_unless_no_licence_can(
    frame: Callable[..., pl.DataFrame], texts: list[str]
) -> None:
    needed = _needed(frame, *texts)
    target = Target.read(needed)
    ((known, _),) = target.options
    has_commerce = any(one.share_alike and one.use == "all" for one in known)
    can_be = sum(one.share_alike for one in known) < 2 and not (
        has_commerce and any(one.is_noncommercial for one in known)
    )
    assert can_be == all(weigh(text, target).is_covered for text in texts)
    assert _needed(frame, needed) == needed


@pytest.mark.parametrize(
    ("spdx", "keys"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("ODC-By-1.0", {"license": "odc-by"}),
        ("LicenseRef-Llama-3.1", {"license": "llama3.1"}),
        ("NOASSERTION", {"license": "unknown"}),
        ("CC-BY-4.0 AND MIT", {"license": "other", "license_name": "cc-by-4.0-and-mit",
                               "license_link": "LICENSES.md"}),
        ("GPL-3.0-or-later", {"license": "other", "license_name": "gpl-3.0-or-later",
                              "license_link": "LICENSES.md"}),
        ("(MIT OR ISC) AND CC-BY-4.0", {"license": "other",
                                        "license_name": "mit-or-isc-and-cc-by-4.0",
                                        "license_link": "LICENSES.md"}),
    ],
)  # fmt: skip
def test_a_card_names_a_licence_as_the_hub_lists_it_and_a_mix_as_other(
    spdx: str, keys: dict[str, str]
) -> None:
    assert hub_license(spdx) == keys


def test_the_link_is_an_address_where_the_repository_is_known() -> None:
    link = hub_license("MIT AND CC-BY-4.0", "me/mix")["license_link"]
    assert link == "https://huggingface.co/datasets/me/mix/blob/main/LICENSES.md"


def test_a_publication_names_the_licences_of_all_its_configurations() -> None:
    assert publication_license(["cc-by-4.0", "CC-BY-4.0"]) == "CC-BY-4.0"
    assert publication_license(["CC-BY-NC-4.0", "CC-BY-4.0"]) == "CC-BY-4.0 AND CC-BY-NC-4.0"
    assert publication_license(["MIT OR ISC", "CC-BY-4.0 AND MIT"]) == (
        "(MIT OR ISC) AND CC-BY-4.0 AND MIT"
    )
