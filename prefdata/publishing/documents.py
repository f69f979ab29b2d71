"""The files beside the data of a published dataset, written from the same facts."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from prefdata.core.errors import DataError
from prefdata.publishing.card import (
    card_text,
    checksums_text,
    citation_text,
    croissant,
    provenance_lines,
)
from prefdata.publishing.licences.documents import licenses_text, notice_text

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.publishing.facts import Facts

__all__ = ["DOCUMENTS", "write_documents"]

DOCUMENTS = (
    "README.md",
    "LICENSES.md",
    "NOTICE",
    "CITATION.cff",
    "croissant.json",
    "provenance.jsonl",
    "checksums.sha256",
)
"""Files beside the data, in the order they are written in."""

_CHECKSUMS = "checksums.sha256"


def write_documents(folder: Path, facts: Facts, *, existing: str | None) -> list[Path]:
    """Write the documents into a folder that holds the data files, and return their paths.

    All of them are texts of `facts` before the first is written, so that one that cannot be made
    leaves the folder as it was. The digests come last, over every other file of the folder.

    Args:
        folder: Holds the files that ``facts.configs`` name, and nothing that is not published.
        facts: What there is to say.
        existing: The README.md that is published already, which the new one is merged with.

    Raises:
        DataError: If a file that `facts` names is missing, or the existing card cannot be merged.
    """
    data = {path: _measured(folder, path) for path in _data_files(facts)}
    described = croissant(facts, data)
    texts = {
        "README.md": card_text(facts, existing),
        "LICENSES.md": licenses_text(facts),
        "NOTICE": notice_text(facts),
        "CITATION.cff": citation_text(facts),
        "croissant.json": f"{json.dumps(described, ensure_ascii=False, indent=2)}\n",
        "provenance.jsonl": provenance_lines(facts),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    known = {path: digest for path, (_, digest) in data.items()}
    others = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path != folder / _CHECKSUMS
    }
    digests = {name: known.get(name) or _digest(path) for name, path in others.items()}
    (folder / _CHECKSUMS).write_text(checksums_text(digests), encoding="utf-8", newline="\n")
    return [folder / name for name in DOCUMENTS]


def _data_files(facts: Facts) -> list[str]:
    return [path for config in facts.configs for split in config.splits for path in split.files]


def _measured(folder: Path, name: str) -> tuple[int, str]:
    path = folder / name
    if not path.is_file():
        raise DataError(
            f"The file {name} of the publication is not there.",
            where=str(folder),
            fix="Publish again; the files of the data are written first.",
        )
    return path.stat().st_size, _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
