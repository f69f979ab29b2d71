"""Groups of prompts or responses alike in meaning, named by the words that set them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.core.errors import InternalError, UserError
from prefdata.protocols import (
    Context,
    EmbedderParams,
    Outside,
    Params,
    StageResult,
    VectorSet,
    stage,
)
from prefdata.stages._rejected import reject_rows
from prefdata.stages._topics.groups import (
    HDBSCAN_TEXTS,
    by_density,
    by_means,
    default_number,
    similarity,
)
from prefdata.stages._topics.naming import terms_of, topic_ids
from prefdata.stages._topics.rows import NO_TOPIC, member_rows, topic_rows
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of, view_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Topics", "topics"]

_MIN_TOPIC_SIZE = 10


class Topics(Params):
    """Parameters of `topics`."""

    subject: Literal["prompts", "responses"] = Field(
        default="prompts", description="Table whose rows are grouped."
    )
    view: str | None = Field(
        default=None,
        description="What of a prompt: `user` (all that the user said; the default), `last` (the "
        "message to answer) or `conversation`.",
    )
    model: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder: a name (`lexical`, an id on the hub, a folder), or its "
        "parameters.",
    )
    method: Literal["kmeans", "hdbscan"] = Field(
        default="kmeans",
        description="`kmeans` puts every row in a topic. `hdbscan` finds dense groups and leaves "
        "the rest, often most rows, in none; it takes at most 20,000 distinct texts.",
    )
    n_topics: int | None = Field(
        default=None,
        ge=1,
        description="Number of topics of `kmeans`; by default the root of half the distinct "
        "texts, between 2 and 100.",
    )
    min_topic_size: int | None = Field(
        default=None,
        ge=2,
        description="Fewest distinct texts of a topic of `hdbscan`; by default 10.",
    )
    n_terms: int = Field(default=10, ge=1, description="Terms that name a topic, at most.")

    @model_validator(mode="after")
    def _fits_the_method(self) -> Self:
        """Refuse what the method would ignore."""
        other = "min_topic_size" if self.method == "kmeans" else "n_topics"
        if getattr(self, other) is not None:
            message = f"{other} has no effect with the method {self.method}"
            raise ValueError(message)
        return self

    def outside(self) -> Outside:
        """Name the model."""
        return Outside(models=(self.model,))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read the table of the subject."""
        return tuple(table for table in declared if table == self.subject)


@stage(
    version=1,
    reads=("prompts", "responses"),
    writes=("topics", "topic_members"),
    params=Topics,
    scope="catalog",
)
def topics(tables: Mapping[str, pl.LazyFrame], params: Topics, context: Context) -> StageResult:
    """Group prompts or responses of all sources by meaning, and name the groups by their words.

    Groups are made of *distinct* texts, each counted once: otherwise a template that ten thousand
    rows repeat would have centres, and a name, of its own. Then every row goes where its text is.
    Vectors have unit length, so k-means groups by cosine. Above 20,000 distinct texts k-means
    works on batches. Nothing depends on the order of rows; another seed is another grouping.

    Terms are weighed by class-based TF-IDF: words that are frequent in the topic and rare in the
    others. Stop words are those of English; Chinese, Japanese and Thai have single characters as
    words. Rows without text are rejected (`empty-text`), as are those in which the embedder
    finds nothing (`no-vector`). The ledger counts rows of the subject.
    """
    if context.vectors is None:
        raise InternalError("The stage topics was given no place for vectors.")
    view = view_of(params.subject, params.view)
    rows = texts_of(tables[params.subject], params.subject, view).collect()
    blank = rows.select(is_blank("text")).to_series()
    texts = rows.filter(~blank)
    _check_size(texts, params)
    rejects = [
        reject_rows(rows.filter(blank), params.subject, "empty-text", "There are no words in it.")
    ]
    groups = _no_groups()
    if texts.height:
        found = context.vectors.get(
            texts, subject=params.subject, view=view, model=params.model, step=context.step
        )
        groups = _groups(found, params, context.seed)
    void = texts.join(groups, on="content_hash", how="anti")
    rejects.append(
        reject_rows(void, params.subject, "no-vector", "The embedder finds nothing in the text.")
    )
    members = texts.join(groups, on="content_hash")
    names = terms_of(
        members.filter(pl.col("topic_id") != NO_TOPIC)
        .unique("content_hash", keep="any")
        .select("topic_id", "text"),
        params.n_terms,
    )
    return StageResult(
        tables={
            "topics": topic_rows(members, names, params.subject),
            "topic_members": member_rows(members, params.subject),
        },
        rows_in=rows.height,
        rows_out=members.height,
        rejects=pl.concat(rejects),
        notes=_notes(groups, params),
    )


def _check_size(texts: pl.DataFrame, params: Topics) -> None:
    """Refuse before the vectors are computed what HDBSCAN could not group after."""
    n_texts = texts["content_hash"].n_unique()
    if params.method == "hdbscan" and n_texts > HDBSCAN_TEXTS:
        raise UserError(
            f"HDBSCAN compares texts pair by pair and takes at most {HDBSCAN_TEXTS:,}; there are "
            f"{n_texts:,} distinct {params.subject}.",
            where="method",
            fix="Use `method: kmeans`, or select fewer sources.",
        )


def _no_groups() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"content_hash": pl.String, "topic_id": pl.String, "similarity": pl.Float64}
    )


def _groups(found: VectorSet, params: Topics, seed: int) -> pl.DataFrame:
    """Return the topic of each text that has a vector, and its cosine to the centre."""
    if not found.hashes.len():
        return _no_groups()
    labels = _labels(found.matrix, params, seed)
    frame = pl.DataFrame({"content_hash": found.hashes, "label": labels})
    named = topic_ids(frame.filter(pl.col("label") >= 0))
    cosines = pl.Series("similarity", similarity(found.matrix, labels), nan_to_null=True)
    return (
        frame.with_columns(cosines)
        .join(named, on="label", how="left")
        .select("content_hash", pl.col("topic_id").fill_null(NO_TOPIC), "similarity")
    )


def _labels(vectors: NDArray[np.float32], params: Topics, seed: int) -> NDArray[np.int64]:
    if params.method == "hdbscan":
        return by_density(vectors, params.min_topic_size or _MIN_TOPIC_SIZE)
    return by_means(vectors, params.n_topics or default_number(len(vectors)), seed)


def _notes(groups: pl.DataFrame, params: Topics) -> tuple[str, ...]:
    """Say where the result is not what was asked for, or hardly one."""
    n_topics = groups.filter(pl.col("topic_id") != NO_TOPIC)["topic_id"].n_unique()
    notes = []
    if params.n_topics is not None and n_topics < params.n_topics:
        notes.append(
            f"{params.n_topics} topics were asked for; the texts give only {n_topics} that differ"
        )
    n_none = groups.filter(pl.col("topic_id") == NO_TOPIC).height
    if n_none:
        notes.append(f"{n_none:,} of {groups.height:,} distinct texts are in no topic")
    return tuple(notes)
