from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.publishing.licences.effective import effective_license
from prefdata.publishing.licences.policy import check_licences
from prefdata.publishing.licences.table import licenses
from prefdata.publishing.licences.weighing import Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from prefdata.publishing.facts import SourceFacts
    from prefdata.publishing.findings import Finding

__all__: list[str] = []

_ALL = ("ultrafeedback", "prism", "hh-rlhf", "community-alignment", "scrape")
_COMMERCIAL = ("ultrafeedback", "hh-rlhf", "community-alignment")
_ONE_BY_ONE = [one.spdx for one in licenses()]
_CONTENT = st.sampled_from(
    [*_ONE_BY_ONE, "MIT OR CC-BY-NC-4.0", "CC-BY-4.0 AND CC-BY-NC-4.0", "Foo-1.0", "not one"]
)
_TARGETS = st.sampled_from([*_ONE_BY_ONE, "CC-BY-4.0 AND CC-BY-NC-4.0", "MIT OR CC-BY-NC-4.0"])
_PARTS = st.lists(
    st.tuples(
        st.just("default"),
        st.sampled_from(["prism", "hh-rlhf", "scrape"]),
        st.sampled_from(["prompt", "response", "annotation", "demographics"]),
        _CONTENT,
        st.sampled_from(["gpt-4", None]),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=6,
)


def _refusals(found: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(one.code, one.where) for one in found if one.level == "refuse"}


def _codes(found: Iterable[Finding], level: str) -> dict[str, int]:
    return dict(Counter(one.code for one in found if one.level == level))


def test_a_mix_with_a_scrape_and_noncommercial_responses_is_refused_as_cc_by(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    found = check_licences(
        published(*_ALL), target="CC-BY-4.0", sources=facts_of(*_ALL), are_terms_told=False
    )
    assert _codes(found, "refuse") == {"L001": 3, "L003": 1, "L030": 1}
    # Counted by columns, where chosen and rejected are two, these are the seven of the rules.
    by_column = [2 if one.where.endswith("response") else 1 for one in found]
    assert sum(n for n, one in zip(by_column, found, strict=True) if one.level == "refuse") == 7
    # Of 17 models of UltraFeedback and 21 of PRISM, and of responses that nobody names.
    assert _codes(found, "warn") == {"L010": 15, "L020": 3}
    assert _codes(found, "notice") == {"L010": 1}
    scraped = [one for one in found if one.code == "L001"]
    assert {one.where.split(": ")[1] for one in scraped} == {
        "scrape prompt",
        "scrape response",
        "scrape annotation",
    }
    assert all("publication.accept_unknown.scrape" in one.fix for one in scraped)


def test_sources_that_allow_commerce_go_out_as_cc_by_together(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    parts = published(*_COMMERCIAL)
    found = check_licences(
        parts, target="CC-BY-4.0", sources=facts_of(*_COMMERCIAL), card_license="cc-by-4.0"
    )
    assert _codes(found, "refuse") == {}
    assert effective_license(parts) == "CC-BY-4.0"


def test_prism_goes_out_as_cc_by_without_responses_and_whole_as_noncommercial(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    told = facts_of("prism")
    human = published("prism", without=["response"])
    assert not _refusals(check_licences(human, target="CC-BY-4.0", sources=told))
    whole = published("prism")
    assert not _refusals(check_licences(whole, target="CC-BY-NC-4.0", sources=told))
    assert effective_license(whole) == "CC-BY-NC-4.0"


@settings(max_examples=40)
@given(_TARGETS, st.booleans(), st.booleans(), st.sampled_from(["", "I agree not to identify."]))
def test_responses_of_prism_leave_under_no_licence_that_allows_commerce(
    published: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
    target: str,
    is_accepted: bool,
    has_file: bool,
    gate: str,
) -> None:
    found = check_licences(
        published(*_COMMERCIAL, "prism"),
        target=target,
        sources=facts_of(*_ALL),
        accepted={"prism": "We asked."} if is_accepted else None,
        gate_prompt=gate,
        has_licenses_file=has_file,
    )
    if Target.read(target).use == "all":
        assert ("L003", "default: prism response") in _refusals(found)


@pytest.mark.parametrize("target", ["", "CC-BY-NC-4.0 WITH Commerce-exception", "cc", "other", "X"])
def test_a_target_that_nobody_can_read_lets_nothing_out(
    target: str,
    published: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
) -> None:
    found = check_licences(published("prism"), target=target, sources=facts_of("prism"))
    assert ("L030", "default: license") in _refusals(found)


def test_responses_inside_prompts_are_responses(
    frame: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    rows = [("default", "prism", "prompt", "CC-BY-4.0 AND CC-BY-NC-4.0", None, 7)]
    found = check_licences(frame(rows), target="CC-BY-4.0", sources=facts_of("prism"))
    assert ("L003", "default: prism prompt") in _refusals(found)


def test_a_configuration_of_its_own_keeps_the_rest_commercial(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    parts = pl.concat([published(*_COMMERCIAL), published("prism", config="prism")])
    told = facts_of(*_ALL)
    targets = {"default": "CC-BY-4.0", "prism": "CC-BY-NC-4.0"}
    assert not _refusals(check_licences(parts, target=targets, sources=told))
    wrong = check_licences(parts, target=targets | {"prism": "CC-BY-4.0"}, sources=told)
    assert _refusals(wrong) == {("L003", "prism: prism response"), ("L030", "prism: license")}
    lost = check_licences(parts, target={"default": "CC-BY-4.0"}, sources=told)
    assert ("L030", "prism: license") in _refusals(lost)


@pytest.mark.parametrize(
    ("license_", "target", "codes"),
    [
        ("CC-BY-ND-4.0", "CC-BY-ND-4.0", {"L002"}),
        ("CC-BY-SA-4.0", "CC-BY-4.0", {"L004", "L030"}),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0", set()),
        ("CC-BY-SA-3.0", "CC-BY-SA-4.0", set()),
        ("ODbL-1.0", "CC-BY-SA-4.0", {"L004", "L030"}),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", {"L004", "L030"}),
        ("CC-BY-4.0", "CC0-1.0", {"L030"}),
        ("CC0-1.0", "MIT", set()),
        ("LicenseRef-FAIR-Noncommercial-Research", "CC-BY-NC-4.0", {"L003", "L004", "L030"}),
        ("CC-BY-NC-4.0 OR MIT", "CC-BY-4.0", set()),
        ("MIT AND CC-BY-NC-4.0", "CC-BY-4.0", {"L003", "L030"}),
        ("Foo-1.0", "CC-BY-4.0", {"L001"}),
        ("NONE", "CC-BY-4.0", {"L001"}),
        ("as you like", "CC-BY-4.0", {"L001"}),
    ],
)
def test_each_licence_is_refused_under_the_codes_of_the_rules(
    license_: str,
    target: str,
    codes: set[str],
    frame: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
) -> None:
    rows = [("default", "hh-rlhf", "response", license_, None, 5)]
    found = check_licences(frame(rows), target=target, sources=facts_of("hh-rlhf"))
    assert {code for code, _ in _refusals(found)} == codes
    assert all(one.n == 5 for one in found if one.level == "refuse")


def test_noncommercial_beside_share_alike_is_refused_in_one_configuration_only(
    frame: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    def check(share_alike: str, other: str) -> list[Finding]:
        rows = [
            ("default", "prism", "response", "CC-BY-NC-4.0", None, 3),
            (other, "hh-rlhf", "prompt", share_alike, None, 4),
        ]
        parts = frame(rows)
        targets = {
            name: effective_license(parts.filter(config=name)) for name in {"default", other}
        }
        return check_licences(parts, target=targets, sources=facts_of("prism", "hh-rlhf"))

    for name in ("CC-BY-SA-4.0", "ODbL-1.0"):
        assert ("L005", "default: prism response") in _refusals(check(name, "default"))
        assert not _refusals(check(name, "other"))
    for harmless in ("CC-BY-NC-SA-4.0", "CC-BY-SA-4.0 OR MIT", "MIT"):
        assert "L005" not in {one.code for one in check(harmless, "default")}


def test_an_unknown_licence_may_be_accepted_with_a_reason_that_is_told(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    parts, told = published("scrape"), facts_of("scrape")
    accepted = {"scrape": "The site allows it in its rules.\n"}
    found = check_licences(parts, target="CC-BY-4.0", sources=told, accepted=accepted)
    assert _codes(found, "refuse") == {}
    assert _codes(found, "warn")["L001"] == 3
    assert all(
        "it is accepted: The site allows it in its rules." in one.what
        for one in found
        if one.code == "L001"
    )
    auto = effective_license(parts)
    assert not _refusals(check_licences(parts, target=auto, sources=told, accepted=accepted))
    blank = check_licences(parts, target="CC-BY-4.0", sources=told, accepted={"scrape": "  "})
    assert _codes(blank, "refuse") == {"L001": 3}


@settings(max_examples=40)
@given(_PARTS, _TARGETS, st.integers(0, 5), st.randoms())
def test_what_is_added_takes_no_refusal_away_and_the_order_changes_nothing(
    frame: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
    rows: list[tuple[object, ...]],
    target: str,
    cut: int,
    chance: random.Random,
) -> None:
    told = facts_of("prism", "hh-rlhf", "scrape")
    whole = check_licences(frame(rows), target=target, sources=told)
    fewer = check_licences(frame(rows[: cut + 1]), target=target, sources=told)
    assert _refusals(fewer) <= _refusals(whole)
    shuffled = rows.copy()
    chance.shuffle(shuffled)
    assert check_licences(frame(shuffled), target=target, sources=told) == whole


@settings(max_examples=40)
@given(_PARTS, _TARGETS, st.sampled_from(["CC-BY-4.0", "CC0-1.0", "MIT", "PDDL-1.0"]))
def test_a_target_that_asks_for_less_is_never_refused_less(
    frame: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
    rows: list[tuple[object, ...]],
    target: str,
    freer: str,
) -> None:
    asked, less = Target.read(target), Target.read(freer)
    if asked.lost or (less.keeps_attribution and not asked.keeps_attribution):
        return
    told = facts_of("prism", "hh-rlhf", "scrape")
    before = _refusals(check_licences(frame(rows), target=target, sources=told))
    after = _refusals(check_licences(frame(rows), target=freer, sources=told))
    assert before <= after


@settings(max_examples=40)
@given(_PARTS)
def test_auto_is_refused_only_where_no_licence_helps(
    frame: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
    rows: list[tuple[object, ...]],
) -> None:
    told = facts_of("prism", "hh-rlhf", "scrape")
    parts = frame(rows)
    accepted = dict.fromkeys(told, "Asked.")
    auto = check_licences(parts, target=effective_license(parts), sources=told, accepted=accepted)
    codes = {code for code, _ in _refusals(auto)} - {"L002", "L006", "L020"}
    if codes:
        # Two share-alike licences, one beside what is not commercial, or beside what is unknown.
        assert "L004" in codes
        assert any(
            one.share_alike
            for known, _ in Target.read(effective_license(parts)).options
            for one in known
        )
