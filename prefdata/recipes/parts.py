"""What the models of a recipe share: strictness, names, and folders inside the workspace."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Folder", "Name", "Part"]


def _inside(value: str) -> str:
    if value.startswith(("/", "~")) or ".." in value.split("/"):
        message = "the folder must lie inside the workspace"
        raise ValueError(message)
    return value


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]
"""Name of a recipe, a step, a plugin or a configuration."""

Folder = Annotated[str, AfterValidator(_inside)]
"""A folder, relative to the workspace, that does not leave it."""


class Part(BaseModel):
    """A part of a recipe; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
