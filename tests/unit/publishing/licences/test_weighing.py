from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.publishing.licences.table import licenses
from prefdata.publishing.licences.weighing import Target, most_open, weigh

__all__: list[str] = []

_IDS = st.sampled_from([one.spdx for one in licenses() if one.is_known])


@pytest.mark.parametrize(
    ("text", "use", "keeps"),
    [
        ("CC-BY-4.0", "all", True),
        ("CC0-1.0", "all", False),
        ("CC-BY-NC-4.0", "nc", True),
        ("CC-BY-4.0 AND CC-BY-NC-4.0", "nc", True),
        ("CC-BY-4.0 OR CC-BY-NC-4.0", "all", True),
        ("CC0-1.0 OR CC-BY-NC-4.0", "all", False),
        ("Foo-1.0", "all", False),
        ("Foo-1.0 AND CC-BY-NC-4.0", "nc", True),
        ("no licence", "all", False),
        ("", "all", False),
    ],
)
def test_a_target_allows_what_its_most_open_choice_allows(text: str, use: str, keeps: bool) -> None:
    target = Target.read(text)
    assert (target.use, target.keeps_attribution) == (use, keeps)


def test_an_exception_may_allow_anything_so_a_target_with_one_is_not_known() -> None:
    assert Target.read("CC-BY-NC-4.0 WITH Commerce-exception").lost
    assert not Target.read("CC-BY-NC-4.0").lost


@pytest.mark.parametrize(
    ("license_", "target", "is_shared"),
    [
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0", True),
        ("CC-BY-SA-3.0", "CC-BY-SA-4.0", True),
        ("CC-BY-SA-4.0", "CC-BY-SA-3.0", False),
        ("CC-BY-SA-4.0", "CC-BY-4.0", False),
        ("CC-BY-SA-4.0", "CC-BY-NC-SA-4.0", False),
        ("ODbL-1.0", "CC-BY-SA-4.0", False),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0 AND MIT", True),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0 AND CC-BY-NC-4.0", False),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0 AND ODbL-1.0", False),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0 OR CC-BY-4.0", False),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0 AND NOASSERTION", False),
        ("CC-BY-4.0", "MIT", True),
    ],
)
def test_share_alike_holds_through_every_choice_of_the_target(
    license_: str, target: str, is_shared: bool
) -> None:
    assert (not weigh(license_, Target.read(target)).unshared) == is_shared


@settings(max_examples=30)
@given(_IDS, _IDS)
def test_of_a_choice_the_side_with_less_against_it_is_taken(a: str, b: str) -> None:
    target = Target.read("CC-BY-4.0")
    either = weigh(f"{a} OR {b}", target).severity
    assert either == min(weigh(a, target).severity, weigh(b, target).severity)


@settings(max_examples=30)
@given(_IDS, _IDS)
def test_of_two_that_hold_together_both_count(a: str, b: str) -> None:
    target = Target.read("CC-BY-4.0")
    both = weigh(f"{a} AND {b}", target)
    for one in (a, b):
        assert set(weigh(one, target).restricted) <= set(both.restricted)
        assert set(weigh(one, target).unshared) <= set(both.unshared)


@settings(max_examples=30)
@given(_IDS)
def test_a_licence_covers_itself(name: str) -> None:
    assert weigh(name, Target.read(name)).is_covered


def test_the_choice_that_asks_least_is_a_known_one_with_the_fewest_demands() -> None:
    def names(text: str) -> list[str]:
        return [one.spdx for one in most_open(text)[0]]

    assert names("CC-BY-NC-4.0 OR CC-BY-SA-4.0") == ["CC-BY-SA-4.0"]
    assert names("Foo-1.0 OR CC-BY-NC-4.0") == ["CC-BY-NC-4.0"]
    assert names("MIT OR CC0-1.0") == ["CC0-1.0"]
