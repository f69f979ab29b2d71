"""What `decontaminate` is told: evaluation sets, and how to compare with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from prefdata.protocols import EmbedderParams, Outside, Params

__all__ = ["Decontaminate", "Evaluation", "Subject"]

Subject = Literal["prompts", "responses"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Evaluation(BaseModel):
    """An evaluation set: files, or the prompts of a source of the catalog."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="What the set is called in `matches`.")
    files: Annotated[list[str], BeforeValidator(_listed)] = Field(
        default=[],
        description="One path or `hf://` address, or several: JSON Lines, JSON, CSV, TSV, Parquet "
        "or Arrow.",
    )
    source: str | None = Field(
        default=None,
        description="In place of files: a source of the recipe, whose prompts are the items. It "
        "is not compared with itself or with other such sources.",
    )
    columns: Annotated[list[str] | None, BeforeValidator(_listed)] = Field(
        default=None,
        min_length=1,
        description="Columns of the files whose texts count: strings, lists of strings, or "
        "messages. All of these when null.",
    )
    id: str | None = Field(
        default=None,
        description="Column of the files that names the items; `<file>:<row>` when null.",
    )

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if bool(self.files) == (self.source is not None):
            message = "give either `files` or `source`"
            raise ValueError(message)
        if self.source is not None and (self.columns is not None or self.id is not None):
            message = "`columns` and `id` belong to `files`, not to `source`"
            raise ValueError(message)
        return self


class Decontaminate(Params):
    """Parameters of `decontaminate`."""

    evaluations: list[Evaluation] = Field(
        min_length=1, description="The evaluation sets, each with a name and its files."
    )
    subjects: list[Subject] = Field(
        default=["prompts"], min_length=1, description="Tables whose texts are compared."
    )
    prompt_view: str | None = Field(
        default=None,
        description="What of a prompt: `user` (all that the user said; the default), `last` (the "
        "message to answer) or `conversation`.",
    )
    ngram_sizes: list[Annotated[int, Field(ge=2)]] = Field(
        default=[8, 13],
        description="Lengths in words of the runs that are looked for; none when empty.",
    )
    min_matches: int = Field(
        default=1, ge=1, description="Distinct runs that a row must share with an item."
    )
    min_share: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="Share of an item's runs that a row must hold for runs shorter than the "
        "greatest of `ngram_sizes`; a run of that size is evidence by itself.",
    )
    min_words: int = Field(
        default=4,
        ge=1,
        description="Texts of items with fewer words are compared by no method: everybody says "
        "them.",
    )
    max_document_share: float = Field(
        default=0.01,
        gt=0,
        le=1,
        description="A run that stands in more than this share of the distinct texts, and in more "
        "than 10 of them, is boilerplate and no evidence.",
    )
    max_items: int = Field(
        default=5, ge=1, description="Items listed for one row, the most alike; the rest counted."
    )
    exact: bool = Field(
        default=True, description="Look for texts equal but for case, white space and NFKC."
    )
    semantic: bool = Field(
        default=False, description="Look for the item nearest in meaning, by embeddings."
    )
    semantic_threshold: float = Field(
        default=0.9, ge=-1, le=1, description="Cosine from which that item counts."
    )
    model: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder of `semantic`: a name, or its parameters.",
    )
    null_texts: int = Field(
        default=20_000,
        ge=0,
        description="Distinct texts, about, that are also searched with their words shuffled, "
        "for the rate of matches by chance.",
    )

    @model_validator(mode="after")
    def _has_work(self) -> Self:
        names = [evaluation.name for evaluation in self.evaluations]
        if len(set(names)) < len(names):
            message = "two evaluation sets have one name"
            raise ValueError(message)
        if not (self.ngram_sizes or self.exact or self.semantic):
            message = "nothing to do: no `ngram_sizes`, not `exact` and not `semantic`"
            raise ValueError(message)
        return self

    def outside(self) -> Outside:
        """Name the files, and the model where it is used."""
        files = [file for evaluation in self.evaluations for file in evaluation.files]
        return Outside(
            files=tuple(dict.fromkeys(files)), models=(self.model,) if self.semantic else ()
        )

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read the tables asked for, and prompts where they are items."""
        has_sources = any(evaluation.source for evaluation in self.evaluations)
        wanted = {*self.subjects, *(["prompts"] if has_sources else [])}
        return tuple(table for table in declared if table in wanted)
