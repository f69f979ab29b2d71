"""What was told with a file of answers when it was imported: who is an expert, how to read it.

It lies beside the file, so that whoever reads the answers later, such as a recipe, knows it too.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pydantic

from prefdata.core.errors import DataError
from prefdata.core.fingerprint import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Told", "is_told_file", "read_told", "told_name", "write_told"]

_SUFFIX = ".told.json"


class Told(pydantic.BaseModel):
    """What was told with one file."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    experts: tuple[str, ...] = ()
    """Annotators of the tool, as it names them; addresses are masked."""
    params: dict[str, Any] = {}
    """Parameters for reading this file."""

    def with_more(self, more: Told) -> Told:
        """Return this with what was told later: more experts, and parameters in place of these."""
        experts = sorted({*self.experts, *more.experts})
        return Told(experts=tuple(experts), params=self.params | more.params)


def told_name(name: str) -> str:
    """Return the name of what was told with a file, from the file's."""
    return f"{name}{_SUFFIX}"


def is_told_file(name: str) -> bool:
    """Tell whether a file of the folder is such."""
    return name.endswith(_SUFFIX)


def read_told(path: Path) -> Told:
    """Read what was told.

    Raises:
        DataError: If the file is damaged.
    """
    try:
        return Told.model_validate(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        raise DataError(
            "What was told with a file of answers cannot be read.",
            where=str(path),
            fix="Remove the file, and import the answers again as they were imported first.",
        ) from error


def write_told(told: Told, answers: Path) -> None:
    """Write what was told with a file that lies, or will lie, at a path; add to what is there."""
    path = answers.with_name(told_name(answers.name))
    if path.exists():
        told = read_told(path).with_more(told)
    if told == Told():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(canonical_json(told.model_dump(mode="json")) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
