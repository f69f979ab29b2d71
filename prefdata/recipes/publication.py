"""What a recipe says of the dataset that `prefdata publish` makes of it."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from prefdata.protocols import Policies
from prefdata.recipes.parts import Folder, Name, Part

__all__ = ["Attribution", "Gate", "Publication", "PublishedConfig"]

_FEWEST = 10
_VERSION = r"^v\d+\.\d+\.\d+$"
_MOST_COLUMNS = 3


class PublishedConfig(Part):
    """One configuration of the published dataset: what `load_dataset(repo, name)` gives."""

    name: Name = Field(description="Name of the configuration.")
    exporter: Name = Field(
        default="published-pairs",
        alias="as",
        description="Exporter that writes it; one that writes Parquet.",
    )
    pairs: Name = Field(default="make-pairs", description="Step whose pairs are published.")
    decisions: Name | None = Field(
        default=None, description="Step that decides which pairs are in; all when absent."
    )
    splits: Name | None = Field(
        default=None, description="Step that assigns the splits; one split `train` when absent."
    )
    rationales: Name | None = Field(
        default=None, description="Step that let rationales pass, for formats that hold them."
    )
    sources: tuple[str, ...] | None = Field(
        default=None, description="Sources that are in it; those of the recipe when absent."
    )
    policies: Policies = Field(default=Policies(), description="As of an export.")
    license: str = Field(
        default="auto",
        description="SPDX id of what it is published under; `auto` takes what its parts need.",
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters of the exporter.")


class Attribution(Part):
    """Whose work a source is that no card of prefdata describes, as its licence asks."""

    author: str = Field(min_length=1, description="Who made it; a citation, if there is one.")
    title: str = Field(min_length=1, description="Its name.")
    link: str = Field(pattern=r"^https?://", description="Its page.")


class Gate(Part):
    """What somebody must agree to before the data can be loaded."""

    mode: Literal["auto", "manual"] = Field(
        default="auto", description="Whether the hub lets in whoever agrees, or a person does."
    )
    prompt: str = Field(default="", description="The text to agree to.")
    fields: dict[str, Literal["text", "country", "date_picker", "checkbox"]] = Field(
        default_factory=dict, description="What is asked, and how: label to kind of field."
    )


class Publication(Part):
    """What is published, under which licence, with which care for people, in whose words."""

    to: Folder = Field(
        default="publication", description="Folder where it is staged, relative to the workspace."
    )
    version: str = Field(
        default="v1.0.0",
        pattern=_VERSION,
        description="Tag that names this state of the dataset for ever.",
    )
    title: str = Field(description="Name of the dataset for people.")
    summary: str = Field(default="", description="A paragraph that says what it is.")
    configs: tuple[PublishedConfig, ...] = Field(
        min_length=1, description="Configurations; the first is the default."
    )
    authors: tuple[str, ...] = Field(default=(), description="Who publishes it, for its citation.")
    contact: str = Field(default="", description="Whom to write to.")
    homepage: str = Field(default="", description="A page about it.")
    uses: str = Field(default="", description="What it is for.")
    out_of_scope: str = Field(default="", description="What it must not be used for.")
    biases: str = Field(default="", description="Known biases.")
    content_warning: str = Field(default="", description="What a reader may meet in it.")
    removal: str = Field(default="", description="How somebody asks for removal.")
    changelog: tuple[str, ...] = Field(default=(), description="Changes, newest first.")
    tags: tuple[str, ...] = Field(default=(), description="More tags for the hub.")
    language: str = Field(
        default="und",
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$",
        description="Code of the language of texts whose source does not tell; `und` when nobody "
        "knows.",
    )
    accept_unknown: dict[str, str] = Field(
        default_factory=dict,
        description="Sources whose licence nobody knows, and why they may be published.",
    )
    attribution: dict[str, Attribution] = Field(
        default_factory=dict,
        description="Whose work sources are that prefdata has no card of, where it is owed.",
    )
    gate: Gate | None = Field(default=None, description="Terms to agree to; open when absent.")
    pseudonyms: bool = Field(
        default=True,
        description="Replace the ids of people by keyed digests. The key is in PREFDATA_KEY_FILE, "
        "or in the settings folder of the user; never in the workspace.",
    )
    links_releases: bool = Field(
        default=False,
        description="Whether a person has the same pseudonym in every version; else each version "
        "has its own.",
    )
    demographics: tuple[str, ...] = Field(
        default=(),
        max_length=_MOST_COLUMNS,
        description="Columns of `annotators` to publish for each pair, blanked where fewer than "
        "`k` people share them.",
    )
    k: int = Field(
        default=_FEWEST,
        ge=_FEWEST,
        description="People that must share a value, or a combination of values.",
    )
    scrub: bool | tuple[str, ...] = Field(
        default=True,
        description="Replace personal data in texts by placeholders: all kinds, or those named.",
    )
    allow_pii: tuple[str, ...] = Field(
        default=(),
        description="Pairs that were read and may keep what looks like personal data: pair_id.",
    )
    removals: str | None = Field(
        default=None,
        description="File with what must not be published because somebody asked for it.",
    )

    @field_validator("version", mode="before")
    @classmethod
    def _is_version(cls, value: Any) -> Any:
        # On a command line 1.2 is a number, and a pattern tells nobody what to write.
        if not re.fullmatch(_VERSION, str(value)):
            message = f"{value} is no version: write three numbers after a v, such as v1.0.1"
            raise ValueError(message)
        return value

    @field_validator("removals", "gate", mode="before")
    @classmethod
    def _none_by_word(cls, value: Any) -> Any:
        # An input of a recipe that is null has no default.
        return None if value == "none" else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse configurations of one name, and reasons that say nothing."""
        names = [config.name for config in self.configs]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"two configurations are named {', '.join(twice)}"
            raise ValueError(message)
        if empty := sorted(name for name, why in self.accept_unknown.items() if not why.strip()):
            message = f"accept_unknown needs a reason for {', '.join(empty)}; it stands in the card"
            raise ValueError(message)
        return self
