"""Vectors of prompts and responses, computed once for all that needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.core.errors import InternalError
from prefdata.protocols import Context, EmbedderParams, Outside, Params, StageResult, stage
from prefdata.stages._rejected import reject_rows
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of, view_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Embed", "embed"]

Subject = Literal["prompts", "responses"]


class Embed(Params):
    """Parameters of `embed`."""

    of: tuple[Subject, ...] = Field(
        default=("prompts", "responses"), min_length=1, description="Tables whose texts to embed."
    )
    prompt_view: str | None = Field(
        default=None,
        description="What of a prompt: `user` (all that the user said; the default), `last` (the "
        "message to answer) or `conversation`.",
    )
    model: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder: a name (`lexical`, an id on the hub, a folder), or its "
        "parameters.",
    )

    def outside(self) -> Outside:
        """Name the model."""
        return Outside(models=(self.model,))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read the tables asked for."""
        return tuple(table for table in declared if table in self.of)


@stage(version=1, reads=("prompts", "responses"), writes=(), params=Embed, scope="catalog")
def embed(tables: Mapping[str, pl.LazyFrame], params: Embed, context: Context) -> StageResult:
    """Compute the vectors of texts that have none yet, for search and the stages that compare.

    The vectors are rows of `embeddings`, by content: a text is embedded once however many rows
    and datasets hold it, and what is there is never computed again. They are committed as they
    come, so a run that was stopped goes on where it was. The difference of a pair's responses is
    the difference of their vectors, and is not kept; see `prefdata alike`.

    Texts of white space only, or in which the embedder finds nothing, are rejected (`empty-text`,
    `no-vector`). Of a prompt that is too long for the model the end is embedded, of a response
    the beginning; the notes say how many. The ledger counts rows, of all tables together.
    """
    if context.vectors is None:
        raise InternalError("The stage embed was given no place for vectors.")
    rejects: list[pl.DataFrame] = []
    notes: list[str] = []
    rows_in = 0
    for subject in params.of:
        view = view_of(subject, params.prompt_view if subject == "prompts" else None)
        rows = texts_of(tables[subject], subject, view).collect()
        blank = rows.select(is_blank("text")).to_series()
        found = context.vectors.get(
            rows.filter(~blank), subject=subject, view=view, model=params.model, step=context.step
        )
        rows_in += rows.height
        void = rows.filter(~blank).join(found.void, on="content_hash", how="semi")
        rejects += [
            reject_rows(rows.filter(blank), subject, "empty-text", "There is nothing to embed."),
            reject_rows(void, subject, "no-vector", "The embedder finds nothing in the text."),
        ]
        if found.n_truncated:
            cut = "beginning" if subject == "prompts" else "end"
            notes.append(
                f"{found.n_truncated:,} of {found.hashes.len():,} distinct {subject} are longer "
                f"than the model reads; their {cut} is not in the vector"
            )
    out = pl.concat(rejects)
    return StageResult(
        tables={},
        rows_in=rows_in,
        rows_out=rows_in - out.height,
        rejects=out,
        notes=tuple(notes),
    )
