from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.publishing.licences.obligations import generators, obligations

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from prefdata.publishing.facts import SourceFacts

__all__: list[str] = []

_ALL = ("ultrafeedback", "prism", "hh-rlhf", "scrape")


def test_models_are_counted_by_what_they_did_with_their_terms(
    published: Callable[..., pl.DataFrame],
) -> None:
    found = generators(published(*_ALL))
    assert len({(one.model, one.component, one.terms) for one in found}) == len(found)
    by = {(one.component, one.model, one.terms): one for one in found}
    assert by["annotation", "gpt-4", "openai"].n == 100
    # GPT-4 answers in UltraFeedback and in PRISM.
    assert by["response", "gpt-4", "openai"].n == 200
    assert by["response", "not named", "unknown"].n == 100
    assert by["response", "not named", "anthropic-research"].provider == "Anthropic"
    # UltraFeedback's 17 and PRISM's 21, two of which are the same, and two that nobody names.
    assert len([one for one in found if one.component == "response"]) == 17 + 21 - 2 + 2
    assert found == generators(published(*reversed(_ALL)))


def test_every_licence_provider_and_publisher_is_told_what_it_asks(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> None:
    found = obligations(published(*_ALL), facts_of(*_ALL), {"scrape": "The site allows it."})
    named = {one.name: one for one in found}
    assert len(named) == len(found)
    kinds = [one.name.split(":")[0] for one in found]
    order = ["Attribution", "Licence", "Terms", "Condition", "Licence not known"]
    assert list(dict.fromkeys(kinds)) == order
    assert named["Licence: CC-BY-NC-4.0"].applies_to == ("prism response",)
    prism = named[f"Attribution: {facts_of('prism')['prism'].title}"]
    assert "CC-BY-4.0 AND CC-BY-NC-4.0" in prism.text
    assert "https://hannahkirk.github.io/prism-alignment/" in prism.text
    assert named["Terms: OpenAI terms"].applies_to == (
        "gpt-3.5-turbo", "gpt-4", "gpt-4-1106-preview"
    )  # fmt: skip
    assert not any("Weights under an open licence" in name for name in named)
    assert "because: The site allows it." in named["Licence not known: scrape"].text
    assert named["Terms: Terms not known"].applies_to == ("not named (scrape)",)


def test_nothing_is_asked_for_what_is_not_published(
    frame: Callable[..., pl.DataFrame],
) -> None:
    assert obligations(frame([]), {}) == ()
    assert generators(frame([])) == ()


def test_a_source_without_a_card_is_named_as_in_the_catalog(
    frame: Callable[..., pl.DataFrame],
) -> None:
    rows = [("default", "scrape", "prompt", text, None, 1) for text in ("MIT", None)]
    asked, license_, unknown = obligations(frame(rows), {})
    assert asked.name == "Attribution: scrape"
    assert " with a link" not in asked.text
    assert license_.text.endswith("https://opensource.org/license/mit")
    assert "no reason was given" in unknown.text
