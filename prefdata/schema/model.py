"""What a table contract is: grain, keys, columns with their meaning, and row rules in SQL."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from prefdata.schema.typeexpr import Scalar, TypeTree, parse_type

__all__ = ["Column", "Kind", "Rule", "TableSchema"]

Kind = Literal["canonical", "derived", "keyed", "system", "log"]
"""Canonical tables come from sources, derived ones from stages; system and log are ours.

The rows of a keyed table are functions of their key alone, such as the vector of a text under a
model: they are computed once, appended as they come, and outlive the run that asked for them.
"""

_NUMBERS = frozenset({"int32", "int64", "float32", "float64"})
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TARGET = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")

Name = Annotated[str, Field(pattern=rf"^{_NAME.pattern}$")]
Text = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Model):
    """One column of a contract."""

    name: Name
    type: str
    """Type in the language of `prefdata.schema.typeexpr`."""
    nullable: bool = False
    enum: tuple[str, ...] | None = None
    """Allowed values of a string column; null is governed by ``nullable``."""
    min: int | float | None = None
    max: int | float | None = None
    unit: Text | None = None
    description: Text

    @property
    def tree(self) -> TypeTree:
        """The parsed type."""
        return parse_type(self.type)

    @field_validator("type")
    @classmethod
    def _type_parses(cls, text: str) -> str:
        return str(parse_type(text))

    @model_validator(mode="after")
    def _limits_fit_the_type(self) -> Self:
        name = self.tree.name if isinstance(self.tree, Scalar) else None
        if self.enum is not None:
            if name != "string":
                message = f"an enum needs the type string, not {self.type}"
                raise ValueError(message)
            if not self.enum or len(set(self.enum)) < len(self.enum):
                message = "an enum needs values, each once"
                raise ValueError(message)
        if (self.min is not None or self.max is not None) and name not in _NUMBERS:
            message = f"min and max need a number type, not {self.type}"
            raise ValueError(message)
        if self.min is not None and self.max is not None and self.min > self.max:
            message = f"min {self.min} is above max {self.max}"
            raise ValueError(message)
        return self


class Rule(_Model):
    """A condition on one row. As with CHECK in SQL, a row breaks it only when it is false."""

    name: Name
    sql: Text
    why: Text


class TableSchema(_Model):
    """The contract of one version of a table."""

    table: Name
    version: int = Field(ge=1)
    kind: Kind
    grain: Text
    """What one row is."""
    description: Text
    primary_key: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()
    references: dict[str, str] = {}
    """Column to the ``table.column`` it points to; of a list column, each item points there."""
    columns: dict[str, Column] = Field(min_length=1)
    """In the order of the table."""
    rules: tuple[Rule, ...] = ()

    @property
    def id(self) -> str:
        """Table and version, such as ``prompts.v1``."""
        return f"{self.table}.v{self.version}"

    @property
    def is_appended(self) -> bool:
        """True when rows are only ever added, by any writer at any time, beside snapshots."""
        return self.kind in ("log", "keyed")

    @property
    def is_shared(self) -> bool:
        """True when both sources and steps write rows, each into partitions of their own.

        The partitions of a step have its name as one more value; its rows have it as ``stage``.
        """
        return self.kind == "canonical" and "stage" in self.columns

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the order of the table."""
        return tuple(self.columns)

    @model_validator(mode="before")
    @classmethod
    def _name_the_columns(cls, value: Any) -> Any:
        """Copy the keys of ``columns`` into the columns."""
        columns = value.get("columns") if isinstance(value, dict) else None
        if not isinstance(columns, dict):
            return value
        named = {
            key: {"name": key, **column} if isinstance(column, dict) else column
            for key, column in columns.items()
        }
        return {**value, "columns": named}

    @model_validator(mode="after")
    def _names_point_to_columns(self) -> Self:
        problems = [
            f"columns.{key} calls itself {column.name!r}"
            for key, column in self.columns.items()
            if key != column.name
        ]
        for part in ("primary_key", "partition_by", "sort_by", "references"):
            problems += [
                f"{part} names {name!r}, which is not a column"
                for name in getattr(self, part)
                if name not in self.columns
            ]
        problems += [
            f"primary_key holds {name!r}, which may be null"
            for name in self.primary_key
            if name in self.columns and self.columns[name].nullable
        ]
        problems += [
            f"references.{name} is {target!r}, not `table.column`"
            for name, target in self.references.items()
            if not _TARGET.fullmatch(target)
        ]
        uses = Counter(rule.name for rule in self.rules)
        problems += [f"two rules are named {name!r}" for name, count in uses.items() if count > 1]
        if problems:
            raise ValueError("; ".join(problems))
        return self
