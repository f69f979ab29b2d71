"""croissant.json is valid, and its reader gives back the rows that were staged."""

from __future__ import annotations

import dataclasses
import json
import logging
from typing import TYPE_CHECKING, Any

import mlcroissant
import pytest

from prefdata.publishing.card.croissant import croissant
from prefdata.publishing.card.croissant_fields import fields_of
from prefdata.publishing.card.responsible import responsible_terms
from prefdata.publishing.facts import Texts
from prefdata.testing.publication import example_facts, example_rows, staged_example

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.publishing.facts import Facts

__all__: list[str] = []

# mlcroissant uses parts of rdflib and pandas that these mean to take away.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def _described(facts: Facts) -> dict[str, Any]:
    files = [path for config in facts.configs for split in config.splits for path in split.files]
    return croissant(facts, {path: (7, f"{number:064x}") for number, path in enumerate(files)})


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return _described(example_facts())


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> mlcroissant.Dataset:
    folder: Path = tmp_path_factory.mktemp("croissant")
    value = _described(staged_example(folder))
    (folder / "croissant.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.warns(DeprecationWarning, match="ConjunctiveGraph"):
        return mlcroissant.Dataset(jsonld=folder / "croissant.json")


def test_the_reader_of_croissant_finds_no_error(dataset: mlcroissant.Dataset) -> None:
    issues = dataset.metadata.ctx.issues
    assert issues.errors == set()
    # The date of publication is not a function of what is published.
    assert [warning for warning in issues.warnings if "datePublished" not in warning] == []
    assert str(dataset.metadata.ctx.conforms_to.value).endswith("/1.1")
    assert dataset.metadata.version == "1.2.0"


def test_rows_come_back_from_all_shards(
    dataset: mlcroissant.Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        records = list(dataset.records("commercial"))
    assert caplog.records == []
    assert len(records) == 9
    found = {record["commercial/pair_id"].decode(): record for record in records}
    splits = [record["commercial/split"] for record in records]
    assert (splits.count(b"train"), splits.count(b"test")) == (6, 3)
    for row in example_rows(6).to_dicts():
        record = found[row["pair_id"]]
        assert record["commercial/split"] == b"train"
        assert record["commercial/margin"] == row["margin"]
        assert record["commercial/n_votes"] == row["n_votes"]
        assert [
            {name.rpartition("/")[2]: value.decode() for name, value in turn.items()}
            for turn in record["commercial/prompt"]
        ] == row["prompt"]


def test_files_have_their_digests_and_relative_addresses(described: dict[str, Any]) -> None:
    objects = [one for one in described["distribution"] if one["@type"] == "cr:FileObject"]
    assert [one["contentUrl"] for one in objects] == [
        "commercial/train-00000-of-00002.parquet",
        "commercial/train-00001-of-00002.parquet",
        "commercial/test-00000-of-00001.parquet",
        "research/train-00000-of-00001.parquet",
    ]
    assert objects[1]["sha256"] == f"{1:064x}"
    assert objects[1]["contentSize"] == "7 B"


def test_licences_sources_and_duties_are_there(described: dict[str, Any]) -> None:
    assert described["license"] == [
        "https://spdx.org/licenses/CC-BY-NC-4.0",
        "https://spdx.org/licenses/MIT",
    ]
    origins = [origin["@id"] for origin in described["prov:wasDerivedFrom"]]
    assert origins[0].endswith("Anthropic/hh-rlhf/tree/09be8c5bbc57cb3887f3a9732ad6aa7ec602a1fa")
    assert origins[2] == "urn:dataset:scrape"
    assert next(owed["name"] for owed in described["usageInfo"]) == "Attribution: PRISM"


def test_an_unknown_licence_has_no_address() -> None:
    facts = example_facts(license="NOASSERTION AND LicenseRef-x", repo_id=None, version="draft")
    value = _described(facts)
    assert value["license"] == ["NOASSERTION", "LicenseRef-x"]
    assert value["version"] == "draft"
    assert value["name"] == "Pairs-people-models-3"
    assert value["url"] == "https://example.org/pairs"


def test_responsible_terms_say_who_labelled(described: dict[str, Any]) -> None:
    assert described["rai:machineAnnotationTools"] == ["gpt-4"]
    assert described["rai:annotatorDemographics"] == [
        "prism, age_group: 18-24 2003, 25-34 2011, 65+ not shown,  not shown"
    ]
    assert "2.25 per comparison" in described["rai:annotationsPerItem"]
    assert described["rai:dataBiases"] == ["Most annotators live in two countries."]
    assert (
        responsible_terms(example_facts(annotators=()))
        .keys()
        .isdisjoint({"rai:annotatorDemographics", "rai:annotationsPerItem"})
    )


def test_what_is_not_stated_is_left_out_or_said() -> None:
    facts = example_facts(repo_id=None, texts=Texts(title="Bare"), sources=(), tags=())
    value = _described(facts)
    assert value["creator"] == [{"@type": "sc:Organization", "name": "not known"}]
    assert value["description"] == "Bare"
    assert value["rai:dataBiases"] == ["Not stated."]
    assert value["rai:dataReleaseMaintenancePlan"] == "Version v1.2.0."
    assert value.keys().isdisjoint({"url", "keywords", "prov:wasDerivedFrom", "rai:dataUseCases"})


def test_structures_become_fields_below_fields() -> None:
    config = example_facts().configs[0]
    features: tuple[dict[str, object], ...] = (
        {"name": "pair_id", "dtype": "string"},
        {"name": "when", "dtype": "timestamp[us]"},
        {"name": "tags", "list": "string"},
        {"name": "spot", "struct": [{"name": "x", "dtype": "float32"}]},
        {
            "name": "votes",
            "list": [
                {"name": "by", "dtype": "string"},
                {"name": "why", "list": [{"name": "t", "dtype": "string"}]},
            ],
        },
    )
    fields = fields_of(dataclasses.replace(config, features=features), "files")
    assert [field.get("dataType") for field in fields] == [
        "sc:Text",
        "sc:DateTime",
        "sc:Text",
        None,
        None,
    ]
    assert fields[0]["description"] == "Digest of rule, judgment, chosen and rejected."
    assert fields[2]["isArray"]
    assert fields[3]["subField"][0]["source"]["transform"] == {"jsonPath": "x"}
    assert fields[4]["subField"][1]["isArray"]
    assert "subField" not in fields[4]["subField"][1]
