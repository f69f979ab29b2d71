"""Columns as fields of Croissant, also those that hold structures and lists of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.publishing.facts import ConfigFacts

__all__ = ["fields_of"]

_TYPES = {
    "bool": "sc:Boolean",
    "date32": "sc:Date",
    "float16": "cr:Float16",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
    "int8": "cr:Int8",
    "int16": "cr:Int16",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
    "large_string": "sc:Text",
    "string": "sc:Text",
    "uint8": "cr:UInt8",
    "uint16": "cr:UInt16",
    "uint32": "cr:UInt32",
    "uint64": "cr:UInt64",
}
_LISTS = ("list", "large_list")


def fields_of(config: ConfigFacts, files: str) -> list[dict[str, Any]]:
    """Return a field for each column.

    A structure becomes a field with fields below it, a list is an array; the fields below the
    first level read their column and a path in it. Structures deeper than that are one field, which
    says no more than that there is something: the reader of Croissant nests one level.

    Args:
        config: Its ``features`` give the columns, in the form of the card's YAML.
        files: Id of the set of files that holds them.
    """
    told = {column.name: column.description for column in config.columns}
    return [
        _column(config.name, feature, told.get(str(feature["name"]), ""), files)
        for feature in config.features
    ]


def _column(config: str, feature: Mapping[str, Any], told: str, files: str) -> dict[str, Any]:
    name = feature["name"]
    found = _field(f"{config}/{name}", feature, files, str(name), ())
    return {**found, "description": told} if told else found


def _field(
    identity: str, feature: Mapping[str, Any], files: str, column: str, path: tuple[str, ...]
) -> dict[str, Any]:
    value: dict[str, Any] = {"@type": "cr:Field", "@id": identity, "name": identity}
    inner: Any = feature.get("dtype")
    for kind in _LISTS:
        if kind in feature:
            inner = feature[kind]
            value |= {"isArray": True, "arrayShape": "-1"}
    if "struct" in feature:
        inner = feature["struct"]
    if isinstance(inner, list | tuple) and not path:
        value["subField"] = [
            _field(f"{identity}/{item['name']}", item, files, column, (str(item["name"]),))
            for item in inner
        ]
        return value
    value["dataType"] = _type(inner)
    value["source"] = {"fileSet": {"@id": files}, "extract": {"column": column}}
    if path:
        value["source"]["transform"] = {"jsonPath": ".".join(path)}
    return value


def _type(inner: Any) -> str:
    """Return the type of a value; what Croissant has no name for is text."""
    if not isinstance(inner, str):
        return "sc:Text"
    return "sc:DateTime" if inner.startswith("timestamp") else _TYPES.get(inner, "sc:Text")
