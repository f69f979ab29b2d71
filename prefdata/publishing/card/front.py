"""The YAML at the top of the card: what the hub shows, filters by and loads with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefdata.publishing.licences.effective import hub_license

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.publishing.facts import ConfigFacts, Facts, SplitFacts

__all__ = ["front_matter", "size_category"]

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
    (100_000_000_000, "10B<n<100B"),
    (1_000_000_000_000, "100B<n<1T"),
)
_CREATORS = {
    "human": "crowdsourced",
    "group": "crowdsourced",
    "model": "machine-generated",
    "rule": "machine-generated",
}
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SHARD = re.compile(r"(.*)-\d{5}-of-(\d{5})(\.[a-z]+)")


def front_matter(facts: Facts) -> dict[str, Any]:
    """Return the metadata of the card, as plain values in the order they are written in.

    References:
        huggingface/hub-docs, datasetcard.md; `datasets.utils.metadata.MetadataConfigs`.
    """
    matter: dict[str, Any] = {
        "pretty_name": facts.texts.title,
        **hub_license(facts.license, facts.repo_id),
        "language": _languages(facts.languages),
        "tags": _tags(facts),
        "task_categories": ["text-generation", "reinforcement-learning"],
        "size_categories": [size_category(_rows(facts))],
        "annotations_creators": sorted(
            {_CREATORS[group.kind] for group in facts.annotators if group.kind in _CREATORS}
        ),
        "source_datasets": sorted(
            {
                source.repo
                for source in facts.sources
                if source.repo and any(source.n_published.values())
            }
        ),
        **_gate(facts),
        "configs": [_files(config) for config in facts.configs],
        "dataset_info": [_info(config) for config in facts.configs],
    }
    return {name: value for name, value in matter.items() if value not in ([], "", None)}


def size_category(rows: int) -> str:
    """Return the hub's name for a number of rows."""
    return next((name for limit, name in _SIZES if rows < limit), "n>1T")


def _rows(facts: Facts) -> int:
    return sum(split.rows for config in facts.configs for split in config.splits)


def _languages(languages: Mapping[str, int]) -> list[str]:
    """Return codes that the hub knows, the most frequent first; ``pt-BR`` counts as ``pt``."""
    counts: dict[str, int] = {}
    for name, n in languages.items():
        code = re.split(r"[-_]", name.lower())[0]
        if _LANGUAGE.fullmatch(code) and code != "und":
            counts[code] = counts.get(code, 0) + n
    return sorted(counts, key=lambda code: (-counts[code], code))


def _tags(facts: Facts) -> list[str]:
    """Return the tags of the recipe, and those that are true of columns and annotators."""
    kinds = {group.kind for group in facts.annotators}
    columns = [{column.name for column in config.columns} for config in facts.configs]
    tags = ["preference", "rlhf"]
    if any({"chosen", "rejected"} <= names for names in columns):
        tags.append("dpo")
    if any({"prompt", "chosen", "rejected"} <= names for names in columns):
        tags.append("trl")
    if kinds & {"human", "group"}:
        tags.append("human-feedback")
    if "model" in kinds:
        tags.append("ai-feedback")
    return list(dict.fromkeys((*facts.tags, *tags, "prefdata")))


def _gate(facts: Facts) -> dict[str, Any]:
    texts = facts.texts
    gate: dict[str, Any] = {}
    if texts.gate_prompt:
        gate["extra_gated_prompt"] = texts.gate_prompt
    if texts.gate_fields:
        gate["extra_gated_fields"] = dict(texts.gate_fields)
    return gate


def _files(config: ConfigFacts) -> dict[str, Any]:
    files: dict[str, Any] = {
        "config_name": config.name,
        "data_files": [{"split": split.name, "path": _pattern(split)} for split in config.splits],
    }
    return {**files, "default": True} if config.is_default else files


def _pattern(split: SplitFacts) -> str | list[str]:
    """Return the path, or the pattern that names exactly the shards of this version."""
    if len(split.files) == 1:
        return split.files[0]
    shards = {
        (found[1], found[2], found[3])
        for path in split.files
        if (found := _SHARD.fullmatch(path)) is not None
    }
    if len(shards) != 1 or not all(_SHARD.fullmatch(path) for path in split.files):
        return list(split.files)
    stem, total, ending = shards.pop()
    return f"{stem}-*-of-{total}{ending}"


def _info(config: ConfigFacts) -> dict[str, Any]:
    return {
        "config_name": config.name,
        "features": [_plain(feature) for feature in config.features],
        "splits": [
            {"name": split.name, "num_bytes": split.memory, "num_examples": split.rows}
            for split in config.splits
        ],
        "download_size": sum(split.size for split in config.splits),
        "dataset_size": sum(split.memory for split in config.splits),
    }


def _plain(value: Any) -> Any:
    """Return mappings and sequences as dicts and lists, which YAML writes without tags."""
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
