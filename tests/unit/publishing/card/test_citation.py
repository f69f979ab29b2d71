"""Every source is cited, by a work where its citation can be read, else in its own words."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from prefdata.fetch.cards import SourceCard, card, card_names
from prefdata.publishing.card.bibtex import read_bibtex
from prefdata.publishing.card.citation import citation_text, dataset_citation, references
from prefdata.publishing.facts import SourceFacts, Texts
from prefdata.testing.publication import AWKWARD, example_facts

__all__: list[str] = []


def _facts(shipped: SourceCard) -> SourceFacts:
    return SourceFacts(
        name=shipped.source,
        title=shipped.title,
        homepage=shipped.homepage,
        repo=shipped.hub.repo if shipped.hub else None,
        revision=shipped.revision,
        n_rows={},
        n_rejected=0,
        n_pairs=0,
        n_published={},
        licenses={},
        terms=shipped.terms,
        citation=shipped.citation,
        doi=shipped.doi,
        annotators=shipped.annotators,
        known_issues=shipped.known_issues,
    )


def test_the_file_is_cff() -> None:
    facts = example_facts()
    value = yaml.safe_load(citation_text(facts))
    assert list(value)[:6] == ["cff-version", "message", "type", "title", "authors", "version"]
    assert value["cff-version"] == "1.2.0"
    assert value["authors"] == [
        {"family-names": "Doe", "given-names": "Jane"},
        {"name": "Example Lab"},
    ]
    assert value["repository"] == "https://huggingface.co/datasets/example-lab/pairs"
    kinds = [(found["type"], found["title"]) for found in value["references"]]
    assert kinds[:2] == [("data", "HH-RLHF"), ("data", "PRISM")]
    assert kinds[3:] == [("article", "Training a Helpful Assistant"), ("article", "PRISM")]
    assert value["references"][1]["doi"] == "10.57967/hf/2113"
    assert value["references"][3] == {
        "type": "article",
        "title": "Training a Helpful Assistant",
        "authors": [{"family-names": "Bai", "given-names": "Yuntao"}, {"name": "others"}],
        "year": 2022,
        "identifiers": [{"type": "other", "value": "arXiv:2204.05862"}],
        "url": "https://arxiv.org/abs/2204.05862",
    }


@pytest.mark.parametrize(
    ("license_", "given"),
    [("MIT", "MIT"), ("MIT AND CC-BY-4.0", None), ("NOASSERTION", None), ("LicenseRef-x", None)],
)
def test_a_licence_is_given_where_it_is_one(license_: str, given: str | None) -> None:
    value = yaml.safe_load(citation_text(example_facts(license=license_)))
    assert value.get("license") == given


def test_without_authors_the_owner_of_the_repository_is_cited() -> None:
    facts = example_facts()
    nobody = dataclasses.replace(facts.texts, authors=())
    assert yaml.safe_load(citation_text(dataclasses.replace(facts, texts=nobody)))["authors"] == [
        {"name": "example-lab"}
    ]
    local = yaml.safe_load(citation_text(dataclasses.replace(facts, texts=nobody, repo_id=None)))
    assert local["authors"] == [{"name": "not known"}]
    assert "repository" not in local


@pytest.mark.parametrize("name", card_names())
def test_every_shipped_source_gives_a_reference(name: str) -> None:
    shipped = card(name)
    dataset, *works = references([_facts(shipped)])
    assert dataset["title"] == shipped.title
    if shipped.citation.startswith("@"):
        assert len(works) == len(read_bibtex(shipped.citation))
        assert all(work["authors"] and work["year"] and work["identifiers"] for work in works)
        assert "notes" not in dataset
    else:
        assert dataset["notes"] == shipped.citation.strip()


def test_works_that_several_sources_cite_come_once() -> None:
    found = references([_facts(card("hyper")), _facts(card("multipref"))])
    assert [one["type"] for one in found] == ["data", "data", "conference-paper"]


@pytest.mark.parametrize(
    "citation", ["@misc{a, title = {\\textbf{x}}}", "@misc{a, year = {1}}", "@"]
)
def test_a_citation_that_cannot_be_read_stays_a_note(citation: str) -> None:
    source = dataclasses.replace(example_facts().sources[0], citation=citation)
    assert [one.get("notes") for one in references([source])] == [citation]


@pytest.mark.parametrize("title", ["Pairs", AWKWARD, "{"])
def test_the_dataset_has_an_entry_of_bibtex(title: str) -> None:
    facts = example_facts()
    texts = dataclasses.replace(facts.texts, title=title)
    (entry,) = read_bibtex(dataset_citation(dataclasses.replace(facts, texts=texts)))
    assert (entry.key, entry.type) == ("example-lab-pairs", "misc")
    assert "year" not in entry.fields


def test_details_of_a_work_are_kept_where_cff_can_hold_them() -> None:
    citation = (
        "@inproceedings{a, title = {A}, booktitle = {ICLR}, doi = {https://doi.org/10.1000/x},\n"
        "  year = {in press}, url = {https://example.org/a}, author = {Plato}}\n"
        "@article{b, title = {B}, journal = {JMLR}, doi = {none}, eprint = {x}}\n"
    )
    source = dataclasses.replace(example_facts().sources[0], citation=citation)
    assert references([source])[1:] == [
        {
            "type": "conference-paper",
            "title": "A",
            "authors": [{"family-names": "Plato"}],
            "doi": "10.1000/x",
            "conference": {"name": "ICLR"},
            "url": "https://example.org/a",
        },
        {
            "type": "article",
            "title": "B",
            "authors": [{"name": "not known"}],
            "journal": "JMLR",
        },
    ]


def test_a_citation_in_words_gives_its_number_of_arxiv() -> None:
    words = "Findeis (2024). Inverse Constitutional AI. arXiv:2406.06560."
    source = dataclasses.replace(example_facts().sources[0], citation=words)
    (found,) = references([source])
    assert found["notes"] == words
    assert found["identifiers"] == [{"type": "other", "value": "arXiv:2406.06560"}]


def test_hardly_anything_makes_a_file_too() -> None:
    texts = Texts(title="Bare")
    bare = example_facts(repo_id=None, texts=texts, sources=(), tags=(), license="NOASSERTION")
    assert yaml.safe_load(citation_text(bare)) == {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it and its sources.",
        "type": "dataset",
        "title": "Bare",
        "authors": [{"name": "not known"}],
        "version": "v1.2.0",
    }
