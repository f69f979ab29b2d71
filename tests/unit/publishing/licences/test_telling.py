from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from prefdata.publishing.licences.policy import check_licences

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from prefdata.publishing.facts import SourceFacts
    from prefdata.publishing.findings import Finding

__all__: list[str] = []


def _only(found: list[Finding], code: str) -> list[Finding]:
    return [one for one in found if one.code == code]


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ({"citation": None}, "author"),
        ({"citation": " "}, "author"),
        ({"title": ""}, "title"),
        ({"homepage": None, "repo": None, "doi": None}, "link"),
    ],
)
def test_attribution_that_is_owed_needs_author_title_and_link(
    lacks: dict[str, str | None],
    told: str,
    published: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
) -> None:
    facts = facts_of("prism")
    wrong = {"prism": replace(facts["prism"], **lacks)}  # type: ignore[arg-type]
    found = check_licences(published("prism"), target="CC-BY-NC-4.0", sources=wrong)
    owed = _only(found, "L006")
    assert {one.where for one in owed} == {
        f"default: prism {name}" for name in ("prompt", "response", "annotation")
    }
    assert all(f"not known: {told}." in one.what for one in owed)
    assert all("publication.attribution.prism" in one.fix for one in owed)


def test_nothing_is_owed_for_the_public_domain_and_a_link_of_any_kind_will_do(
    frame: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    free = frame([("default", "scrape", "prompt", "CC0-1.0", None, 1)])
    assert not _only(check_licences(free, target="CC0-1.0", sources={}), "L006")
    by = frame([("default", "prism", "prompt", "CC-BY-4.0", None, 1)])
    facts = {"prism": replace(facts_of("prism")["prism"], homepage=None, repo=None)}
    assert not _only(check_licences(by, target="CC-BY-4.0", sources=facts), "L006")
    assert _only(check_licences(by, target="CC-BY-4.0", sources={}), "L006")


@pytest.mark.parametrize("reader", ["mapped", "trl", "annotated-pairs"])
def test_the_card_of_a_way_to_read_names_no_author(
    reader: str,
    frame: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
) -> None:
    rows = frame([("default", reader, "prompt", "CC-BY-4.0", None, 1)])
    assert _only(check_licences(rows, target="CC-BY-4.0", sources=facts_of(reader)), "L006")


def test_terms_of_providers_are_told_once_for_each_of_them_with_their_models(
    frame: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    models = ["gpt-4", "gpt-3.5-turbo", "mistral-7b-instruct", "llama-3.1-8b", None, "human"]
    rows = [("default", "ultrafeedback", "response", "MIT", model, 10) for model in models]
    rows.append(("default", "ultrafeedback", "annotation", "MIT", None, 60))
    found = check_licences(frame(rows), target="MIT", sources=facts_of("ultrafeedback"))
    told = {one.where.split("(")[1]: one for one in _only(found, "L010")}
    assert {name: (one.level, one.n) for name, one in told.items()} == {
        "openai)": ("warn", 20),
        "unknown)": ("warn", 10),
        "llama-3.1)": ("notice", 10),
    }
    assert "by gpt-3.5-turbo, gpt-4. OpenAI terms: " in told["openai)"].what
    assert "a model that is not named" in told["unknown)"].what


def test_many_models_are_named_by_the_first_few(
    frame: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    rows = [("default", "trl", "response", "MIT", f"gpt-4-{n}", 1) for n in range(9)]
    found = _only(check_licences(frame(rows), target="MIT", sources=facts_of("trl")), "L010")
    assert "gpt-4-5 and 3 more." in found[0].what


@pytest.mark.parametrize(
    ("gate", "is_told", "has_people", "level"),
    [
        ("", True, False, "notice"),
        ("", False, False, "warn"),
        ("", True, True, "refuse"),
        ("", False, True, "refuse"),
        ("I agree to everything.", True, True, "refuse"),
        ("I will not try to identify anybody.", False, True, None),
    ],
)
def test_conditions_must_be_in_the_gate_where_demographics_are_published(
    gate: str,
    is_told: bool,
    has_people: bool,
    level: str | None,
    frame: Callable[..., pl.DataFrame],
    facts_of: Callable[..., dict[str, SourceFacts]],
) -> None:
    rows = [("default", "prism", "prompt", "CC-BY-4.0", None, 3)]
    if has_people:
        rows.append(("default", "prism", "demographics", "CC-BY-4.0", None, 2))
    found = check_licences(
        frame(rows),
        target="CC-BY-4.0",
        sources=facts_of("prism"),
        gate_prompt=gate,
        are_terms_told=is_told,
    )
    assert [one.level for one in _only(found, "L020")] == ([level] if level else [])
