"""What each licence asks, from ``licences.yaml``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prefdata.core.errors import UserError
from prefdata.core.strict_yaml import read_model
from prefdata.publishing.licences.expressions import choices

__all__ = ["UNKNOWN", "License", "license_of", "licenses", "resolved"]

UNKNOWN = "NOASSERTION"
_FILE = Path(__file__).parent / "licences.yaml"
Text = Annotated[str, Field(min_length=1)]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class License(BaseModel):
    """One licence; the fields are explained at the head of ``licences.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spdx: Text
    title: Text
    url: Url
    use: Literal["all", "nc", "academic", "unspecified"] = "all"
    attribution: bool = True
    share_alike: bool = False
    no_derivatives: bool = False
    about: Literal["content", "data", "software"]
    becomes: tuple[str, ...] = ()
    hub: str | None = None
    also: tuple[str, ...] = ()
    obligations: Text

    @property
    def is_known(self) -> bool:
        """Whether it is a licence at all, and not what stands for the lack of one."""
        return self.use != "unspecified"

    @property
    def is_noncommercial(self) -> bool:
        """Whether it forbids commercial use."""
        return self.use in {"nc", "academic"}

    @property
    def is_permissive(self) -> bool:
        """Whether what is made of it may be licensed as one likes."""
        return self.use == "all" and not self.share_alike and not self.no_derivatives

    def allows(self, target: License) -> bool:
        """Whether what is made of it may be under a licence, so far as sharing alike goes."""
        return not self.share_alike or target.spdx in {self.spdx, *self.becomes}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    licenses: tuple[License, ...]

    @model_validator(mode="before")
    @classmethod
    def _named_by_key(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("licenses"), dict):
            rows = [{"spdx": name, **row} for name, row in value["licenses"].items()]
            return value | {"licenses": rows}
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> _Table:
        known = {one.spdx for one in self.licenses}
        names = [name for one in self.licenses for name in _names(one)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"named twice: {', '.join(twice)}"
            raise ValueError(message)
        if lost := sorted({name for one in self.licenses for name in one.becomes} - known):
            message = f"`becomes` names no licence of the table: {', '.join(lost)}"
            raise ValueError(message)
        return self


def _names(one: License) -> set[str]:
    """Return the names it goes by, in lower case: SPDX takes no heed of case."""
    return {name.lower() for name in (one.spdx, *one.also, *((one.hub,) if one.hub else ()))}


@functools.cache
def licenses() -> tuple[License, ...]:
    """Return all licences of the table, in its order."""
    return read_model(_FILE, _Table).licenses


@functools.cache
def _by_name() -> dict[str, License]:
    return {name: one for one in licenses() for name in _names(one)}


def license_of(name: str) -> License | None:
    """Return a licence by its SPDX id, its id on the hub, or another name; None if unknown.

    Case does not matter.
    """
    return _by_name().get(name.strip().lower())


def resolved(text: str) -> tuple[tuple[tuple[License, ...], tuple[str, ...]], ...]:
    """Return what an expression lets somebody choose between, as licences of the table.

    Returns:
        For each choice the licences that are known, by id, and the names that are not:
        ``NOASSERTION``, ``NONE``, what the table lacks, or all of a text that is no expression.
    """
    try:
        found = choices(text)
    except UserError:
        # The name of a family on the hub may hold what SPDX does not allow, such as `llama3.1 `.
        found = ((text.strip() or UNKNOWN,),)
    options = []
    for choice in found:
        pairs = {name: license_of(name) for name in choice}
        known = {one.spdx: one for one in pairs.values() if one is not None and one.is_known}
        lost = [name for name, one in pairs.items() if one is None or not one.is_known]
        options.append((tuple(known[name] for name in sorted(known)), tuple(sorted(lost))))
    return tuple(options)
