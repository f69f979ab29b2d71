"""croissant.json: what tools for machine learning read of a dataset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefdata.publishing.card.citation import dataset_citation
from prefdata.publishing.card.croissant_fields import fields_of
from prefdata.publishing.card.responsible import responsible_terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prefdata.publishing.facts import ConfigFacts, Facts, SplitFacts

__all__ = ["croissant"]

_HUB = "https://huggingface.co/datasets"
_PARQUET = "application/x-parquet"
_SPLITS = {
    "train": "cr:TrainingSplit",
    "validation": "cr:ValidationSplit",
    "test": "cr:TestSplit",
}
_SEMVER = re.compile(r"v?(\d+\.\d+\.\d+\S*)")
_CROISSANT = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty "
    "fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet "
    "references regex repeated replace samplingRate separator source subField transform"
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{term: f"cr:{term}" for term in _CROISSANT.split()},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def croissant(facts: Facts, files: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
    """Return the description of the dataset as JSON-LD.

    Addresses of files are relative to this file, so that it holds for every copy. The date of
    publication is left out: the bytes are a function of sources, recipe and seed.

    Args:
        facts: What there is to say.
        files: Path of each data file to its bytes and SHA-256.

    References:
        MLCommons, *Croissant Format Specification* 1.1, and *Croissant RAI* 1.0.
    """
    version = _SEMVER.fullmatch(facts.version)
    value: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.1",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "name": _name(facts),
        "alternateName": facts.texts.title,
        "description": facts.texts.summary.strip() or facts.texts.title,
        "url": _url(facts),
        "version": version[1] if version else facts.version,
        "license": [_license(spdx) for spdx in facts.license.split(" AND ")],
        "citeAs": dataset_citation(facts),
        "creator": [
            {"@type": "sc:Organization", "name": author}
            for author in facts.texts.authors or (_owner(facts),)
        ],
        "inLanguage": sorted(facts.languages),
        "keywords": list(facts.tags),
        "isLiveDataset": False,
        "usageInfo": [
            {"@type": "CreativeWork", "name": owed.name, "text": owed.text}
            for owed in facts.obligations
        ],
        "prov:wasDerivedFrom": [
            {
                "@type": "prov:Entity",
                "@id": _source_id(source.name, source.repo, source.revision, source.homepage),
                "prov:label": source.title,
            }
            for source in facts.sources
        ],
        **responsible_terms(facts),
        "distribution": [*_file_objects(facts, files), *map(_file_set, facts.configs)],
        "recordSet": [one for config in facts.configs for one in _record_sets(config)],
    }
    return {name: item for name, item in value.items() if item not in ([], "", None)}


def _name(facts: Facts) -> str:
    text = facts.repo_id.rpartition("/")[2] if facts.repo_id else facts.texts.title
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-") or "dataset"


def _url(facts: Facts) -> str | None:
    return f"{_HUB}/{facts.repo_id}" if facts.repo_id else facts.texts.homepage


def _owner(facts: Facts) -> str:
    return facts.repo_id.partition("/")[0] if facts.repo_id else "not known"


def _license(spdx: str) -> str:
    """Return the address of a licence; what SPDX does not list stays a name."""
    if spdx == "NOASSERTION" or not re.fullmatch(r"(?!LicenseRef-)[A-Za-z0-9.+-]+", spdx):
        return spdx
    return f"https://spdx.org/licenses/{spdx}"


def _source_id(name: str, repo: str | None, revision: str | None, homepage: str | None) -> str:
    if repo:
        return f"{_HUB}/{repo}" + (f"/tree/{revision}" if revision else "")
    return homepage or f"urn:dataset:{name}"


def _file_objects(facts: Facts, files: Mapping[str, tuple[int, str]]) -> Iterator[dict[str, Any]]:
    for config in facts.configs:
        for split in config.splits:
            for path in split.files:
                size, digest = files[path]
                yield {
                    "@type": "cr:FileObject",
                    "@id": path,
                    "name": path,
                    "contentUrl": path,
                    "contentSize": f"{size} B",
                    "encodingFormat": _PARQUET,
                    "sha256": digest,
                }


def _set_id(config: ConfigFacts) -> str:
    return f"files-of-{config.name}"


def _file_set(config: ConfigFacts) -> dict[str, Any]:
    """Return the files of a configuration as one table; without a container they are beside us."""
    return {
        "@type": "cr:FileSet",
        "@id": _set_id(config),
        "name": _set_id(config),
        "encodingFormat": _PARQUET,
        "includes": [path for split in config.splits for path in split.files],
    }


def _record_sets(config: ConfigFacts) -> tuple[dict[str, Any], dict[str, Any]]:
    splits = f"{config.name}-splits"
    described = {
        "@type": "cr:RecordSet",
        "@id": splits,
        "name": splits,
        "dataType": "cr:Split",
        "key": {"@id": f"{splits}/name"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{splits}/name",
                "name": f"{splits}/name",
                "dataType": "sc:Text",
            },
            {
                "@type": "cr:Field",
                "@id": f"{splits}/url",
                "name": f"{splits}/url",
                "dataType": ["sc:URL", "cr:Split"],
            },
        ],
        "data": [
            {f"{splits}/name": split.name, f"{splits}/url": _SPLITS.get(split.name, "cr:Split")}
            for split in config.splits
        ],
    }
    rows: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": config.name,
        "name": config.name,
        "description": f"Rows of the configuration {config.name}.",
        "field": [_split_field(config, splits), *fields_of(config, _set_id(config))],
    }
    if any(column.name == "pair_id" for column in config.columns):
        rows["key"] = {"@id": f"{config.name}/pair_id"}
    return described, rows


def _split_field(config: ConfigFacts, splits: str) -> dict[str, Any]:
    """Return the field that says, from the name of the file, which split a row is in."""
    names = "|".join(re.escape(split.name) for split in config.splits)
    return {
        "@type": "cr:Field",
        "@id": f"{config.name}/split",
        "name": f"{config.name}/split",
        "description": "The split, from the name of the file.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": _set_id(config)},
            "extract": {"fileProperty": "fullpath"},
            # The reader puts both the names of files and those of splits through it.
            "transform": {"regex": f"^(?:.*/)?({names})(?:{_ending(config.splits)})?$"},
        },
        "references": {"field": {"@id": f"{splits}/name"}},
    }


def _ending(splits: tuple[SplitFacts, ...]) -> str:
    """Return what follows the split in the names of files."""
    ends = {
        re.sub(r"\d+", "[0-9]+", re.escape(path.rpartition("/")[2][len(split.name) :]))
        for split in splits
        for path in split.files
    }
    return "|".join(sorted(ends))
