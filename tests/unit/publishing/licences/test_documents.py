from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from prefdata.publishing.facts import Facts, PrivacyFacts, Texts
from prefdata.publishing.licences.documents import NO_ADVICE, licenses_text, notice_text
from prefdata.publishing.licences.effective import effective_license
from prefdata.publishing.licences.obligations import generators, obligations

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from prefdata.publishing.facts import SourceFacts

__all__: list[str] = []

_ALL = ("ultrafeedback", "prism", "hh-rlhf", "scrape")
_ACCEPTED = {"scrape": "The site | allows it."}


@pytest.fixture(scope="module")
def facts(
    published: Callable[..., pl.DataFrame], facts_of: Callable[..., dict[str, SourceFacts]]
) -> Facts:
    parts, sources = published(*_ALL), facts_of(*_ALL)
    return Facts(
        repo_id=None,
        version="v1.0.0",
        license=effective_license(parts),
        texts=Texts("A mix <b>"),
        configs=(),
        sources=tuple(sources.values()),
        generators=generators(parts),
        steps=(),
        annotators=(),
        privacy=PrivacyFacts(
            has_pseudonyms=True,
            key_fingerprint=None,
            demographics=(),
            k=10,
            n_annotators=0,
            n_suppressed=0,
            hits={},
            scrubbed={},
            n_removed=0,
        ),
        obligations=obligations(parts, sources, _ACCEPTED),
        findings=(),
        accepted=_ACCEPTED,
        languages={},
        tags=(),
        recipe="",
        recipe_digest="",
        seed=0,
        versions={},
    )


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_the_notice_names_authors_duties_and_what_publishers_say(facts: Facts) -> None:
    text = notice_text(facts)
    flat = _flat(text)
    assert NO_ADVICE in flat
    for source in facts.sources:
        assert _flat(source.title) in flat
        assert all(_flat(term) in flat for term in source.terms)
        assert _flat(source.citation or "") in flat
    for duty in facts.obligations:
        assert f"{duty.name} {_flat(duty.text)}" in flat
    assert "Published under CC-BY-NC-4.0 AND NOASSERTION." in flat
    assert "Authors: not known" in text
    assert max(map(len, text.splitlines())) < 320
    assert text.endswith("\n")


def test_the_table_has_every_part_licence_and_model(facts: Facts) -> None:
    text = licenses_text(facts)
    assert NO_ADVICE in text
    assert "Published under **CC-BY-NC-4.0 AND NOASSERTION**." in text
    for source in facts.sources:
        for component, license_ in source.licenses.items():
            words = {"prompt": "prompts", "response": "responses", "annotation": "annotations"}
            row = f"| {source.title} | {words[component]} | {license_} | default |"
            assert row in text
    for one in facts.generators:
        assert one.model in text
    assert "| scrape | The site \\| allows it. |" in text
    assert "# Licences of A mix &lt;b>" in text
    assert "[CC-BY-NC-4.0](https://creativecommons.org/licenses/by-nc/4.0/)" in text


def test_tables_keep_their_columns_whatever_stands_in_them(facts: Facts) -> None:
    rows = [line for line in licenses_text(facts).splitlines() if line.startswith("|")]
    for line in rows:
        assert line.replace("\\|", "").count("|") in {3, 4, 5}


def test_documents_do_not_depend_on_the_order_of_the_facts(facts: Facts) -> None:
    other = replace(facts, sources=facts.sources[::-1], generators=facts.generators[::-1])
    assert notice_text(other) == notice_text(facts)
    assert licenses_text(other) == licenses_text(facts)


def test_a_set_without_models_duties_or_known_licences_says_so(facts: Facts) -> None:
    (scrape,) = (one for one in facts.sources if one.name == "scrape")
    bare = replace(
        facts,
        license="Foo-1.0",
        sources=(replace(scrape, licenses={"prompt": "Foo-1.0"}, n_published={}),),
        generators=(),
        obligations=(),
        accepted={},
    )
    text = licenses_text(bare)
    assert "| Foo-1.0 | not in our table | unknown |" in text
    assert "No model wrote or judged any of it" in text
    assert "Published though" not in text
    assert "Nothing." in notice_text(bare).splitlines()


def test_licences_of_several_rows_are_told_once(facts: Facts) -> None:
    (scrape,) = (one for one in facts.sources if one.name == "scrape")
    rows = {"prompt": "CC-BY-4.0 AND CC-BY-4.0 AND MIT", "response": "MIT OR (ISC AND MIT) OR ISC"}
    text = licenses_text(replace(facts, sources=(replace(scrape, licenses=rows),)))
    assert "| scrape | prompts | CC-BY-4.0 AND MIT | default |" in text
    assert "| scrape | responses | MIT OR (ISC AND MIT) OR ISC | default |" in text
