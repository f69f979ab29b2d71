"""The parameters of adapters for any table, and the choice of files among those offered."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params
from prefdata.tables.raw import drift

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prefdata.protocols import RawFile

__all__ = ["DATA_FORMATS", "GenericParams", "format_of", "select_files", "split_of"]

DATA_FORMATS = ("arrow", "csv", "json", "jsonl", "ndjson", "parquet")
"""Formats that `read_rows` takes, by the suffix of the file's name."""

_COMPRESSIONS = {"gz", "zst", "bz2", "lz4"}
_COMPRESSIBLE = {"csv", "json", "jsonl", "ndjson"}
# What the Hub, `save_to_disk` and people lay beside the data.
_BESIDE_NAMES = {
    "dataset_dict.json",
    "dataset_info.json",
    "dataset_infos.json",
    "license",
    "makefile",
    "state.json",
}
_BESIDE_FORMATS = {
    "bib",
    "gif",
    "jpeg",
    "jpg",
    "lock",
    "md",
    "md5",
    "pdf",
    "png",
    "py",
    "rst",
    "sha256",
    "svg",
    "txt",
    "yaml",
    "yml",
}
_SHARD = re.compile(r"(?P<split>[A-Za-z]\w*?)-\d{5}-of-\d{5}$")
_SPLITS = {"dev", "eval", "test", "train", "valid", "validation"}


class GenericParams(Params):
    """Parameters of an adapter for any table."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Name of the dataset; it becomes the source of all rows.",
    )
    license: str = Field(
        default="NOASSERTION", description="SPDX id of the licence of prompts and responses."
    )
    split: str | None = Field(
        default=None,
        description="Split of all rows; without it, the one that the name of a file states.",
    )


def format_of(name: str) -> str:
    """Return the format that a file's name states, without its compression; may be empty."""
    parts = PurePosixPath(name).name.lower().split(".")[1:]
    if len(parts) > 1 and parts[-1] in _COMPRESSIONS and parts[-2] in _COMPRESSIBLE:
        return parts[-2]
    return parts[-1] if parts else ""


def split_of(name: str) -> str | None:
    """Return the split that a name states as the Hub does: ``data/train-00000-of-00002.parquet``.

    Of ``train/data-00000-of-00001.arrow``, which `datasets` writes, it is the folder. A file that
    is named only ``train``, ``test``, ... states it too; nothing else is taken for a split.
    """
    path = PurePosixPath(name)
    stem = path.name.split(".")[0]
    shard = _SHARD.fullmatch(stem)
    if shard and shard["split"] != "data":
        return shard["split"]
    if shard or stem in {"data", "dataset"}:
        return path.parent.name if path.parent.name in _SPLITS else None
    return stem if stem in _SPLITS else None


def select_files(files: Sequence[RawFile], formats: Iterable[str], *, source: str) -> list[RawFile]:
    """Choose the files of known formats, by name; what lies beside data is left out.

    Raises:
        SourceDriftError: If none is left, or one is neither data nor known to lie beside it.
    """
    known = tuple(formats)
    chosen = sorted((raw for raw in files if _is_data(raw, known)), key=lambda raw: raw.name)
    strange = [raw.name for raw in files if not _is_data(raw, known) and not _is_beside(raw)]
    if chosen and not strange:
        return chosen
    offered = ", ".join(strange or [raw.name for raw in files]) or "nothing"
    problem = "not understood" if strange else "none of them"
    raise drift(
        f"The source {source} reads files that end in .{', .'.join(known)}; {problem}: {offered}.",
        file=strange[0] if strange else "(the files given)",
    )


def _is_data(raw: RawFile, formats: tuple[str, ...]) -> bool:
    name = PurePosixPath(raw.name).name
    is_hidden = name.startswith(".")
    return format_of(name) in formats and name.lower() not in _BESIDE_NAMES and not is_hidden


def _is_beside(raw: RawFile) -> bool:
    name = PurePosixPath(raw.name).name.lower()
    is_named = name in _BESIDE_NAMES or name.startswith((".", "readme", "license"))
    return is_named or format_of(name) in _BESIDE_FORMATS
