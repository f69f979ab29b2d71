"""Source cards: what is known of an upstream dataset before a byte of it is read.

One file ``catalog/sources/<name>.yaml`` per dataset: where it is, which revision is pinned, its
files with digests and rows, the licence of each text role, and numbers that the published data
must give.
"""

from __future__ import annotations

import functools
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

import pydantic
import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from prefdata.core.errors import DataError, UnknownNameError
from prefdata.core.shipped import shipped_folder
from prefdata.core.strict_yaml import fault_line, load_strict

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CardFile",
    "Expected",
    "Hub",
    "Licenses",
    "SourceCard",
    "Statistic",
    "card",
    "card_names",
    "load_card",
]

_SELECT = re.compile(r"\s*(SELECT|WITH)\b", flags=re.IGNORECASE)

Text = Annotated[str, Field(min_length=1)]
License = Annotated[str, Field(pattern=r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hub(_Part):
    """Where the dataset is on the Hugging Face Hub."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")] | None = None
    """The commit that the card was written for; null when none is known."""


class CardFile(_Part):
    """One published file."""

    path: Text
    """Name within the dataset, with forward slashes."""
    rows: Annotated[int, Field(ge=0)] | None = None
    bytes: Annotated[int, Field(ge=0)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    optional: bool = False
    """Whether the adapter can do without it."""
    config: Text | None = None
    """Configuration that the publisher files it under."""
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Address of a file that is not in the repository on the hub."""

    @field_validator("path")
    @classmethod
    def _is_relative(cls, path: str) -> str:
        parts = PurePosixPath(path).parts
        if "\\" in path or path.startswith("/") or ".." in parts or "/".join(parts) != path:
            message = "must be a relative path with forward slashes, without `..`"
            raise ValueError(message)
        return path


class Licenses(_Part):
    """SPDX identifiers, one per text role; ``NOASSERTION`` where nobody knows."""

    prompts: License
    responses: License
    judgments: License
    annotators: License | None = None


class Statistic(_Part):
    """A number that the published data must give."""

    name: Text
    sql: Text
    """One SELECT over the canonical tables, restricted to the source, that yields one number."""
    value: int | float
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """Absolute distance from ``value`` that is still right, for figures published rounded."""
    note: Text | None = None
    """Where the number comes from."""

    @field_validator("sql")
    @classmethod
    def _is_one_select(cls, sql: str) -> str:
        if not _SELECT.match(sql) or ";" in sql:
            message = "must be one SELECT without a semicolon"
            raise ValueError(message)
        return sql


class Expected(_Part):
    """What the complete published data gives."""

    rows: dict[Text, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Rows by canonical table."""
    statistics: tuple[Statistic, ...] = ()


class SourceCard(_Part):
    """All that is known of an upstream dataset before a byte of it is read."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    homepage: Annotated[str, Field(pattern=r"^https?://")]
    hub: Hub | None
    files: tuple[CardFile, ...]
    licenses: Licenses
    terms: tuple[Text, ...] = ()
    """Conditions beyond the licences, in words."""
    published: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")] | None = None
    """Year and month of the first publication: of two datasets that hold the same prompt, the
    older had it first."""
    citation: Text
    doi: Text | None = None
    annotators: Text
    """Who judged, how they were found and asked."""
    known_issues: tuple[Text, ...] = ()
    expected: Expected = Field(default_factory=Expected)

    @model_validator(mode="after")
    def _names_are_unique(self) -> SourceCard:
        for what, names in (
            ("files", [file.path for file in self.files]),
            ("expected.statistics", [item.name for item in self.expected.statistics]),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                message = f"{what}: given twice: {', '.join(repeated)}"
                raise ValueError(message)
        return self

    def file(self, path: str) -> CardFile | None:
        """Return the entry of a file by its name within the dataset, or None."""
        return next((file for file in self.files if file.path == path), None)

    @property
    def revision(self) -> str | None:
        """The pinned revision on the hub, if there is one."""
        return self.hub.revision if self.hub else None


def card(name: str, *, where: str | None = None) -> SourceCard:
    """Return the card of a source.

    Args:
        name: Name of the source, in kebab case.
        where: File and line that asked for it, for the error.

    Raises:
        UnknownNameError: If no such card ships.
        DataError: If the card is wrong.
    """
    if name not in card_names():
        raise UnknownNameError("source card", name, known=card_names(), where=where)
    return _load_cached(shipped_folder("catalog") / "sources" / f"{name}.yaml")


def card_names() -> tuple[str, ...]:
    """Return the names of all sources that have a card, sorted."""
    return tuple(
        sorted(path.stem for path in (shipped_folder("catalog") / "sources").glob("*.yaml"))
    )


def load_card(path: Path) -> SourceCard:
    """Read one card from its file.

    Raises:
        DataError: If the file is not YAML, repeats a key, or is not a card; the place is the
            file and the field, or the line where it is not YAML.
    """
    try:
        value = load_strict(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise _fault(path, f"byte {error.start}", "it is no text in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        raise _fault(path, f"line {fault_line(error)}", str(error.problem)) from error
    try:
        found = SourceCard.model_validate(value)
    except pydantic.ValidationError as error:
        problems = error.errors(include_url=False)
        fields = [".".join(str(part) for part in item["loc"]) for item in problems]
        reasons = [item["msg"].removeprefix("Value error, ") for item in problems]
        listed = "; ".join(
            f"{field}: {reason}" if field else reason
            for field, reason in zip(fields, reasons, strict=True)
        )
        raise _fault(path, fields[0] or "the whole card", listed) from error
    if found.source != path.stem:
        raise _fault(path, "source", f"the card of {found.source} belongs in {found.source}.yaml")
    return found


_load_cached = functools.cache(load_card)


def _fault(path: Path, field: str, problem: str) -> DataError:
    return DataError(
        f"The source card {path.name} is wrong: {problem}.",
        where=f"{path}: {field}",
        fix="Edit the file; the other files in catalog/sources/ show the form.",
    )
