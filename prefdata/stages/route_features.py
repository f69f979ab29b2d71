"""Features and tags of comparisons, before anybody judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field, field_validator

from prefdata.core.errors import InternalError
from prefdata.core.fingerprint import canonical_json, file_digest
from prefdata.protocols import (
    ChatParams,
    Context,
    EmbedderParams,
    Outside,
    Params,
    StageResult,
    stage,
)
from prefdata.routing.features.bins import feature_bins
from prefdata.routing.features.imported import IMPORTED, imported_features
from prefdata.routing.votes import read_votes
from prefdata.stages._route_features.notes import feature_notes
from prefdata.stages._route_features.rows import (
    Described,
    describe_texts,
    feature_rows,
    only_pairs,
    with_prompts,
)
from prefdata.stages._route_features.tagging import (
    Tagged,
    prompt_texts,
    tag_by_model,
    tag_by_rules,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RouteFeatures", "route_features"]


class RouteFeatures(Params):
    """Parameters of `route-features`."""

    votes: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are votes, of people and of models; each comparison "
        "that occurs in one of them gets features.",
    )
    embedder: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder behind the cosine: a name (`lexical`, an id on the hub, a "
        "folder), or its parameters.",
    )
    tokenizer: str | None = Field(
        default=None,
        description="A file `tokenizer.json`, by path or address, in whose tokens lengths are "
        "counted; the folder of a model stands for the file in it. By default tokens are words.",
    )
    tagger: ChatParams | None = Field(
        default=None,
        description="The chat model that tags prompts: a name or its parameters. Without one, "
        "words and forms decide, which is weak.",
    )
    per_dimension: bool = Field(
        default=False,
        description="Ask the tagger for each of the eight dimensions by itself, as HyPER does, "
        "instead of for all at once; eight times the requests.",
    )
    take_imported: bool = Field(
        default=True,
        description="Take features and tags that came with the data, in files of HyPER, instead "
        "of making our own of the same comparisons.",
    )

    @field_validator("votes", mode="before")
    @classmethod
    def _one_alone(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def tokenizer_file(self) -> str | None:
        """The file of the tokenizer."""
        if self.tokenizer is None or self.tokenizer.endswith(".json"):
            return self.tokenizer
        return f"{self.tokenizer.rstrip('/')}/tokenizer.json"

    def outside(self) -> Outside:
        """Name the models, the file of the tokenizer, and the steps that are read."""
        models = (self.embedder,) if self.tagger is None else (self.embedder, self.tagger)
        files = () if self.tokenizer_file is None else (self.tokenizer_file,)
        return Outside(models=models, files=files, steps=self.votes)


@stage(
    version=1,
    reads=("pairs", "annotators", "prompts", "responses"),
    writes=("comparison_features", "feature_bins"),
    params=RouteFeatures,
)
def route_features(
    tables: Mapping[str, pl.LazyFrame], params: RouteFeatures, context: Context
) -> StageResult:
    """Describe each comparison by HyPER's features and tags, before anybody judges it.

    A comparison is two responses to one prompt for one aspect that some pair of the named steps
    is about; it needs no human vote. Nothing here depends on who preferred what.

    Of the texts: lengths in tokens; ROUGE-1 F of stemmed words; the cosine of the vectors of the
    two responses; and the names that both mention over those that either does, names being words
    with a capital within a sentence, and numbers. `bertscore` needs a vector for each token, which
    our embedders do not give: it is unknown, and its tags hold nowhere, unless it is imported.
    All of them are the same with the responses swapped.

    Of the prompt: its fields of knowledge, languages, and the like, by a chat model in our words
    with HyPER's options, asked once for prompts with the same words. What cannot be read is asked
    again, and unknown in the end. Without a model rules decide, from a list of words: these are
    weak, and say nothing where they find nothing.

    Bins are set once, on all comparisons of the source, and stored in `feature_bins`. The ledger
    counts comparisons.

    References:
        Miranda et al. (2024), *Hybrid Preferences: Learning to Route Instances for Human vs. AI
        Feedback* (arXiv:2410.19133), appendix. Bins, shared names and the option on journalism
        differ from the code of its authors, which counts them otherwise than it says.
    """
    compared = read_votes(tables, params.votes).comparisons
    prompts = tables["prompts"].join(
        compared.lazy().select("prompt_id").unique(), on="prompt_id", how="semi"
    )
    imported = pl.DataFrame(schema=IMPORTED)
    if params.take_imported:
        imported = imported_features(prompts.select("prompt_id", "raw").collect())
    tagged = _tagged(prompts, imported, params, context)
    described = _described(compared, tables, imported, params, context)
    told = (
        compared.join(described.rows, on="comparison_id", how="left", maintain_order="left")
        .join(with_prompts(imported, tagged), on="prompt_id", how="left", maintain_order="left")
        .with_columns(settings=_settings(params, context))
    )
    bins = feature_bins(told)
    rows = feature_rows(told, bins)
    return StageResult(
        tables={"comparison_features": rows, "feature_bins": bins},
        rows_in=compared.height,
        rows_out=rows.height,
        notes=(
            *feature_notes(rows, int(imported["n_odd"].sum())),
            *tagged.notes,
            *described.notes,
        ),
    )


def _tagged(
    prompts: pl.LazyFrame, imported: pl.DataFrame, params: RouteFeatures, context: Context
) -> Tagged:
    """Tag the prompts whose tags did not come with the data."""
    came = imported.lazy().filter(pl.col("has_tags"))
    texts = prompt_texts(prompts.join(came, on="prompt_id", how="anti"))
    if params.tagger is None:
        return tag_by_rules(texts)
    if context.chat is None:
        raise InternalError("The stage route-features was given no place for answers.")
    return tag_by_model(
        texts,
        context.chat,
        params.tagger,
        context.step,
        is_per_dimension=params.per_dimension,
    )


def _described(
    compared: pl.DataFrame,
    tables: Mapping[str, pl.LazyFrame],
    imported: pl.DataFrame,
    params: RouteFeatures,
    context: Context,
) -> Described:
    """Describe the texts of all comparisons: as they came, or as we find them."""
    if context.vectors is None:
        raise InternalError("The stage route-features was given no place for vectors.")
    came = only_pairs(compared, imported)
    name = params.tokenizer_file
    made = describe_texts(
        compared.join(came, on="comparison_id", how="anti", maintain_order="left"),
        tables,
        context.vectors,
        params.embedder,
        tokenizer=None if name is None else context.files[name],
        step=context.step,
    )
    columns = came.with_columns(embedder=pl.lit(None, pl.String), described=pl.lit("imported"))
    ours = made.rows.with_columns(described=pl.lit("computed"))
    return Described(pl.concat([columns, ours]), made.notes)


def _settings(params: RouteFeatures, context: Context) -> pl.Expr:
    """Return JSON of what decided the features of a row, besides the models."""
    name = params.tokenizer_file
    # The file as such, and not where it lies.
    tokens = "words" if name is None else f"tokenizer {file_digest(context.files[name])[:12]}"
    computed = canonical_json({"stemmer": "porter", "tokens": tokens})
    imported = canonical_json({"imported": True})
    of_texts = (
        pl.when(pl.col("described") == "computed")
        .then(pl.lit(computed))
        .otherwise(pl.lit(imported))
    )
    return pl.concat_str(
        pl.lit('{"prompt":'), "tagged_by", pl.lit(',"texts":'), of_texts, pl.lit("}")
    )
