"""Lists of principles that ship with the package, for what no rule can count."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prefdata.core.errors import InternalError

__all__ = ["Standard", "StandardName", "StandardPrinciple", "standard_list"]

StandardName = Literal["standard-1"]
"""The lists there are."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StandardPrinciple(_Strict):
    """An axis with both its ends in words."""

    name: str = Field(pattern=r"^[a-z_]+$")
    sentence: str = Field(pattern=r"^Select the response that \S.*[^.]$")
    opposite: str = Field(pattern=r"^Select the response that \S.*[^.]$")


class Standard(_Strict):
    """A list; what was published under a version does not change."""

    version: str
    principles: tuple[StandardPrinciple, ...] = Field(min_length=1)


@functools.cache
def standard_list(name: StandardName) -> Standard:
    """Return a list by its name.

    Raises:
        InternalError: If the file that ships with the package is missing or wrong.
    """
    path = Path(__file__).parent / f"{name}.yaml"
    try:
        return Standard.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InternalError(
            f"The list of principles {name} cannot be read: {error}",
            where=str(path),
            fix="Reinstall prefdata: pip install --force-reinstall prefdata",
        ) from error
