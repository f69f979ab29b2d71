"""Adapters: one of the example's files is changed, and all are read as `prefdata ingest` does.

The first byte of an input says which file it stands for, whether that file is compressed, and
whether the example's other files are there though the adapter can do without; the rest is its
content.
"""

from __future__ import annotations

import dataclasses
import functools
import gzip
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import DataError, PrefdataError, SourceDriftError, UserError
from prefdata.protocols import RawFile
from prefdata.registry import names, plugin
from prefdata.testing import contracts
from tests.fuzz.damage import damage_bytes, damage_csv, damage_json, damage_parquet, damage_text
from tests.fuzz.settings import YAML_WORDS
from tests.fuzz.targets import Broken, Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from polars import DataFrame

    from prefdata.protocols import Params, Source

__all__ = ["family"]

_FILES, _PACKED, _CUT, _ALL = 0x1F, 0x20, 0x40, 0x80
_MAPPING = "mapping.yaml"
_PROMISE = (
    "a SourceDriftError that names a file (or a UserError that names the mapping), or bundles: "
    "rows in are rows out and rejects, keys are unique, references lead somewhere, and the raw "
    "rows come back"
)


def family() -> Iterator[Target]:
    """Yield a target for each adapter."""
    for name in names("source"):
        source: Source = plugin("source", name)
        seeds = [bytes([place]) + source.example[file] for place, file in enumerate(_files(source))]
        yield Target(
            name=f"source-{name}",
            open=functools.partial(_open, source),
            seeds=seeds,
            damage=functools.partial(_damage, _files(source)),
            guided=("prefdata.sources", "prefdata.tables", "prefdata.runner.integrity"),
            promise=_PROMISE,
        )


def _files(source: Source) -> list[str]:
    return sorted(source.example)


def _damage(files: list[str], data: bytes, chance: random.Random) -> bytes:
    if not data:
        return bytes([chance.randint(0, 255)])
    if not chance.randint(0, 15):
        return bytes([data[0] ^ chance.choice([_PACKED, _CUT | _PACKED, _ALL])]) + data[1:]
    name = files[(data[0] & _FILES) % len(files)]
    return data[:1] + _damage_of(name)(data[1:], chance)


def _damage_of(name: str) -> Callable[[bytes, random.Random], bytes]:
    if name.endswith(".csv"):
        return damage_csv
    if name.endswith(".parquet"):
        return damage_parquet
    if name.endswith(".yaml"):
        return functools.partial(damage_text, words=YAML_WORDS)
    return damage_json if name.endswith((".json", ".jsonl")) else damage_bytes


def _open(source: Source, folder: Path) -> Callable[[bytes], None]:
    files = _files(source)
    raw = {file.name: file for file in contracts.write_files(source.example, folder / "example")}
    is_enough = {name: _is_enough(source, raw, name) for name in files}

    def run(data: bytes) -> None:
        head, content = (data[0], data[1:]) if data else (0, b"")
        name = files[(head & _FILES) % len(files)]
        # Only by their names are files known to be compressed.
        is_packed = bool(head & _PACKED) and name.endswith((".jsonl", ".csv"))
        if is_packed:
            content = gzip.compress(content, compresslevel=1, mtime=0)
            content = content[: len(content) // 2] if head & _CUT else content
        path = folder / ("changed.gz" if is_packed else "changed")
        path.write_bytes(content)
        changed = RawFile(path, f"{name}.gz" if is_packed else name)
        given = {**raw, name: changed}
        # Reading the others costs the same for every input.
        read = [changed] if is_enough[name] and not head & _ALL else list(given.values())
        _check(source, read, _params(source, given))

    return run


def _is_enough(source: Source, raw: dict[str, RawFile], name: str) -> bool:
    """Tell whether a file of the example is read without the others."""
    try:
        return bool(contracts.read_source(source, [raw[name]], _params(source, raw)).tables)
    except PrefdataError:
        return False


def _params(source: Source, files: dict[str, RawFile]) -> Params:
    values: dict[str, Any] = {"name": "example"} if source.is_generic else {}
    if "mapping" in source.params.model_fields:
        values["mapping"] = files[_MAPPING].path
    return source.params.model_validate(values)


def _check(source: Source, files: list[RawFile], params: Params) -> None:
    try:
        back = contracts.read_source(source, files, params)
    except SourceDriftError as error:
        _names_a_file(error, files)
        return
    except UserError as error:
        if "mapping" not in source.params.model_fields:
            raise
        _names_a_file(error, files)
        return
    except DataError as error:
        # Faults of keys, references and rows without a place are the adapter's, not the file's.
        message = f"the adapter is at fault: {error}"
        raise Broken(message) from error
    contracts._assert_ledger(back)
    for row, file in back.rejects.select("row", "file").iter_rows():
        if not 0 <= row < back.rows_in[file]:
            message = f"{file}: row {row} is rejected, of {back.rows_in[file]}"
            raise Broken(message)
    contracts._assert_rebuilds(dataclasses.replace(source, rebuild=_by_any_name(source)), back)


def _by_any_name(source: Source) -> Callable[[Mapping[str, DataFrame]], dict[str, list[Any]]]:
    """Give the rows back under both endings.

    A file whose rows stand in those of others, as PRISM's metadata, is named like these, which may
    be compressed where it is not.
    """

    def rebuild(tables: Mapping[str, DataFrame]) -> dict[str, list[Any]]:
        found = source.rebuild(tables)
        plain = {name.removesuffix(".gz"): rows for name, rows in found.items()}
        return {**plain, **{f"{name}.gz": rows for name, rows in plain.items()}}

    return rebuild


def _names_a_file(error: DataError | UserError, files: list[RawFile]) -> None:
    told = str(error)
    if not error.fix or not any(file.name in told or str(file.path) in told for file in files):
        message = f"the error does not say which file, or what to do: {told}"
        raise Broken(message) from error
