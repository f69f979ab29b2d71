"""The mapping file: which column of a table is what. A fault names the file and the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from prefdata.core.errors import UserError
from prefdata.core.strict_yaml import fault_line, load_tree
from prefdata.sources._generic.cells import text_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DEMOGRAPHICS",
    "OUTCOMES",
    "Annotator",
    "Choice",
    "Judgment",
    "Mapping",
    "Rating",
    "ResponseList",
    "load_mapping",
]

OUTCOMES = ("tie", "both_bad", "not_given")
"""What a choice may be besides a response."""

DEMOGRAPHICS = (
    "pool",
    "country",
    "birth_country",
    "age_band",
    "gender",
    "education",
    "employment",
    "religion",
    "ethnicity",
    "politics",
    "proficiency",
)
"""Columns of ``annotators`` that a mapping may name a column for."""

Column = Annotated[str, Field(min_length=1)]
ResponseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


def _spelled_keys(value: Any) -> Any:
    """Spell keys as cells are compared: YAML reads 1, true and null, cells may be texts."""
    if not isinstance(value, dict):
        return value
    return {"null" if key is None else text_of(key): str(item) for key, item in value.items()}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Response(_Model):
    """One response: the columns that hold it."""

    text: Column
    """Column with a text or with messages."""
    model: Column | None = None


class ResponseList(_Model):
    """All responses in one column that holds a list."""

    column: Column
    text: Column | None = None
    """Field of each item; absent where the items are the texts."""
    model: Column | None = None


class Licenses(_Model):
    """SPDX ids."""

    prompts: str = "NOASSERTION"
    responses: str = "NOASSERTION"


class Annotator(_Model):
    """Who judged: columns of the row, or fields of the items of ``each``."""

    id: Column | None = None
    name: Annotated[str, Field(min_length=1)] | None = None
    """Instead of a column: the name of the one who judged all rows, such as a model."""
    kind: Literal["human", "group", "model", "rule"] = "human"
    model: Column | None = None
    pool: Column | None = None
    country: Column | None = None
    birth_country: Column | None = None
    age_band: Column | None = None
    gender: Column | None = None
    education: Column | None = None
    employment: Column | None = None
    religion: Column | None = None
    ethnicity: Column | None = None
    politics: Column | None = None
    proficiency: Column | None = None
    languages: Column | None = None

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        if self.id is not None and self.name is not None:
            message = "give one of id, name"
            raise ValueError(message)
        return self


class Choice(_Model):
    """The column that says which response was chosen."""

    column: Column
    values: Annotated[dict[str, str], BeforeValidator(_spelled_keys)] | None = None
    """Value to the name of a response, or to tie, both_bad or not_given."""
    first: Literal[0, 1] = 0
    """Without ``values``: the number of the first response of a list."""


class Rating(_Model):
    """Where the ratings stand: a column for each response, a list, or a field of each response."""

    columns: dict[str, Column] | None = None
    column: Column | None = None
    field: Column | None = None
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if sum(place is not None for place in (self.columns, self.column, self.field)) != 1:
            message = "give one of columns, column, field"
            raise ValueError(message)
        if self.min is not None and self.max is not None and self.min > self.max:
            message = f"min {self.min} is above max {self.max}"
            raise ValueError(message)
        return self


class Judgment(_Model):
    """What one annotator said of the responses, for one aspect."""

    aspect: Annotated[str, Field(pattern=r"^[^/]+$")] = "overall"
    protocol: Literal["pairwise", "best_of_k", "rating", "likert"] | None = None
    each: Column | dict[str, Column] | None = None
    """A list column with one item for each annotator, or field to parallel list column."""
    annotator: Annotator | None = None
    choice: Choice | None = None
    rating: Rating | None = None
    strength: Column | None = None
    confidence: Column | None = None
    comment: Column | None = None
    seconds: Column | None = None

    @model_validator(mode="after")
    def _judges_something(self) -> Self:
        if self.choice is None and self.rating is None:
            message = "give choice, rating or both"
            raise ValueError(message)
        return self


class Mapping(_Model):
    """A whole mapping file."""

    id: Column | None = None
    prompt: Column | None = None
    system: Column | None = None
    subset: Column | None = None
    split: Column | None = None
    language: Column | None = None
    topic: Column | None = None
    license: Licenses | None = None
    is_order_known: bool = False
    """Whether the annotators saw the responses in the order given here."""
    responses: dict[ResponseName, Response] | None = None
    response_list: ResponseList | None = None
    annotator: Annotator = Annotator(kind="group")
    judgments: tuple[Judgment, ...] = ()

    @field_validator("license", mode="before")
    @classmethod
    def _one_licence_for_all(cls, value: Any) -> Any:
        return {"prompts": value, "responses": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.responses) == (self.response_list is not None):
            message = "give one of responses, response_list"
            raise ValueError(message)
        names = set(self.responses or ())
        reserved = sorted(names & {*OUTCOMES, "prompt"})
        if reserved:
            message = f"responses: {', '.join(reserved)} cannot be the name of a response"
            raise ValueError(message)
        for number, judgment in enumerate(self.judgments):
            problem = self._problem(judgment, names)
            if problem:
                message = f"judgments.{number}.{problem}"
                raise ValueError(message)
        return self

    def _problem(self, judgment: Judgment, names: set[str]) -> str | None:
        choice, rating = judgment.choice, judgment.rating
        known = sorted({*names, *OUTCOMES})
        if choice is not None and names:
            if choice.values is None:
                return "choice.values: is needed for named responses"
            strange = sorted(set(choice.values.values()) - {*known})
            if strange:
                return f"choice.values: {', '.join(strange)} is none of {', '.join(known)}"
        if choice is not None and choice.values and not names:
            strange = [v for v in choice.values.values() if v not in OUTCOMES and not v.isdigit()]
            if strange:
                return f"choice.values: {', '.join(strange)} is no number of a response"
        if rating is not None and rating.columns is not None and set(rating.columns) != names:
            return f"rating.columns: name a column for each of {', '.join(sorted(names)) or 'none'}"
        if rating is not None and rating.field is not None and self.response_list is None:
            return "rating.field: needs response_list"
        return None


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        UserError: If it cannot be read, is not YAML, or has a wrong field.
    """
    try:
        value, _ = load_tree(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(path, None, f"it cannot be read ({error})") from error
    except yaml.MarkedYAMLError as error:
        place = f"line {fault_line(error)}"
        raise _fault(path, place, f"it is not YAML: {error.problem}") from error
    try:
        return Mapping.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        location = [str(part) for part in first["loc"]]
        if not location and ": " in reason:
            field, reason = reason.split(": ", 1)
            location = [field]
        raise _fault(path, ".".join(location) or None, reason) from error


def _fault(path: Path, field: str | None, problem: str) -> UserError:
    named = f"{field}: {problem}" if field else problem
    return UserError(
        f"The mapping is wrong: {named}.",
        where=f"{path}: {field}" if field else str(path),
        fix="Edit the mapping; docs/mapped.md shows every field.",
    )
