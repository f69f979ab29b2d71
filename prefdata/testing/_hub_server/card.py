"""What the scripted hub holds against the metadata of a card; the real hub knows more rules."""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["problems"]

_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\s*(?:\n|\Z)", re.DOTALL)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9-]+)?|code|multilingual")
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_SIZES = {
    "n<1K",
    "1K<n<10K",
    "10K<n<100K",
    "100K<n<1M",
    "1M<n<10M",
    "10M<n<100M",
    "100M<n<1B",
    "1B<n<10B",
    "10B<n<100B",
    "100B<n<1T",
    "n>1T",
}
_LISTS = ("tags", "task_categories", "annotations_creators", "source_datasets", "size_categories")
_FIELDS = {"text", "country", "date_picker", "checkbox"}


def problems(content: str) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings about a README.md.

    References:
        hub-docs, *datasetcard.md* and *datasets-cards.md*.
    """
    found = _FRONT.search(content)
    if found is None:
        return [], ["empty or missing yaml metadata in repo card"]
    try:
        said = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        return [f"Invalid YAML: {str(error).splitlines()[0]}"], []
    if not isinstance(said, dict):
        return ["the metadata must be a mapping"], []
    return [*_license(said), *_lists(said), *_configs(said), *_gate(said)], []


def _license(said: dict[str, Any]) -> list[str]:
    names = _as_list(said.get("license"))
    wrong = [
        f'"license" must be an identifier such as "cc-by-4.0", not {name!r}'
        for name in names
        if not isinstance(name, str) or not _LICENSE.fullmatch(name)
    ]
    if "other" in names and not (said.get("license_name") and said.get("license_link")):
        wrong.append('"license: other" needs "license_name" and "license_link"')
    return wrong


def _lists(said: dict[str, Any]) -> list[str]:
    wrong = [
        f'"{key}" must be a list of strings'
        for key in _LISTS
        if key in said
        and not (isinstance(said[key], list) and all(isinstance(one, str) for one in said[key]))
    ]
    sizes = said.get("size_categories")
    if isinstance(sizes, list):
        wrong += [f'"size_categories" knows no {size!r}' for size in sizes if size not in _SIZES]
    for language in _as_list(said.get("language")):
        # YAML reads the Norwegian `no` as false.
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            wrong.append(f'"language" must be codes of ISO 639, not {language!r}')
    return wrong


def _configs(said: dict[str, Any]) -> list[str]:
    configs = said.get("configs", [])
    if not isinstance(configs, list) or not all(isinstance(one, dict) for one in configs):
        return ['"configs" must be a list of mappings']
    wrong = [
        '"configs" must have "config_name" and "data_files"'
        for one in configs
        if not isinstance(one.get("config_name"), str) or "data_files" not in one
    ]
    if sum(bool(one.get("default")) for one in configs) > 1:
        wrong.append('only one of "configs" may have "default: true"')
    return wrong


def _gate(said: dict[str, Any]) -> list[str]:
    fields = said.get("extra_gated_fields", {})
    if not isinstance(fields, dict):
        return ['"extra_gated_fields" must be a mapping']
    return [
        f'"extra_gated_fields" knows no kind {kind!r}'
        for kind in fields.values()
        if not isinstance(kind, dict) and kind not in _FIELDS
    ]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
