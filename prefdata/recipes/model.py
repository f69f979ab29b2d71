"""What a recipe may say. Parameters of stages are checked by the stages themselves."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Self

from pydantic import Field, model_validator

from prefdata.protocols import Policies, Trainability
from prefdata.recipes.parts import Folder, Name, Part
from prefdata.recipes.publication import Publication

__all__ = ["ExportStep", "Recipe", "ReportStep", "Step"]


class Step(Part):
    """One use of a stage."""

    stage: Name = Field(description="Name of the stage; `prefdata stage list` shows them.")
    name: Name = Field(default="", description="Name of the step; the stage's own by default.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the stage.")
    per_source: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Parameters that differ for a source, by its name."
    )
    skip_sources: tuple[str, ...] = Field(
        default=(), description="Sources that this step leaves alone."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"stage": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name:
            object.__setattr__(self, "name", self.stage)
        return self


class ExportStep(Part):
    """Files to write at the end of the run."""

    exporter: Name = Field(alias="as", description="Name of the exporter.")
    to: Folder = Field(description="Folder, relative to the workspace.")
    pairs: Name = Field(default="make-pairs", description="Step whose pairs are exported.")
    decisions: Name | None = Field(
        default=None, description="Step that decides which pairs are in; all when absent."
    )
    splits: Name | None = Field(
        default=None, description="Step that assigns the splits; one split `train` when absent."
    )
    rationales: Name | None = Field(
        default=None,
        description="Step that let rationales pass, for formats that hold them; none when absent.",
    )
    policies: Policies = Field(
        default=Policies(), description="What to do with ties, disagreement and what does not fit."
    )
    trainability: Trainability | None = Field(
        default=None,
        description="Tokenizer and lengths that pairs must survive; not looked at when absent.",
    )
    scrub: bool | tuple[str, ...] = Field(
        default=False,
        description="Replace personal data in texts by placeholders: all kinds, or those named.",
    )
    removals: str | None = Field(
        default=None, description="File with what must be left out because somebody asked for it."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the exporter.")


class ReportStep(Part):
    """A report to make at the end of the run, after the exports."""

    of: Name = Field(description="Name of the report; `prefdata report --list` shows them.")
    to: Folder = Field(description="Folder, relative to the workspace.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the report.")


class Recipe(Part):
    """One reproducible run: steps, then exports and reports; and what is published of it."""

    name: Name = Field(description="Name of the recipe.")
    description: str = Field(default="", description="What it is for, in a sentence.")
    seed: int = Field(default=0, ge=0, description="Seed of all chance in the run.")
    sources: tuple[str, ...] | None = Field(
        default=None, description="Sources to work on; all in the catalog when absent."
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        description="Values that the user may set: `--set name=value` puts it where `$name` "
        "stands. One that is null must be set.",
    )
    steps: tuple[Step, ...] = Field(description="Steps in the order they run.")
    exports: tuple[ExportStep, ...] = Field(default=(), description="Files to write at the end.")
    reports: tuple[ReportStep, ...] = Field(
        default=(), description="Reports to make after the exports."
    )
    publication: Publication | None = Field(
        default=None, description="What `prefdata publish` makes of it."
    )

    @model_validator(mode="after")
    def _step_names_differ(self) -> Self:
        names = [step.name for step in self.steps]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"two steps are named {', '.join(twice)}; give one a `name`"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _folders_differ(self) -> Self:
        exports = [("export", PurePosixPath(export.to)) for export in self.exports]
        reports = [("report", PurePosixPath(report.to)) for report in self.reports]
        staged = [("publication", PurePosixPath(self.publication.to))] if self.publication else []
        places = [*exports, *reports, *staged]
        for i, (kind, place) in enumerate(places):
            for other_kind, other in places[:i]:
                if place.is_relative_to(other) or other.is_relative_to(place):
                    message = (
                        f"the {other_kind} to {other} and the {kind} to {place} "
                        "would overwrite each other"
                    )
                    raise ValueError(message)
        return self
