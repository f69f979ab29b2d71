"""Rationales that the source has: comments, critiques, feedback and reasons, with their scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.schema import polars_schema, table_schema
from prefdata.stages._native_rationales.comparisons import texts_of_comparisons
from prefdata.stages._native_rationales.conversations import texts_of_conversations
from prefdata.stages._native_rationales.found import parted
from prefdata.stages._native_rationales.pairs import OF_PAIR, composed, of_pairs
from prefdata.stages._native_rationales.reasons import texts_of_reasons
from prefdata.stages._native_rationales.responses import texts_of_responses
from prefdata.stages._native_rationales.rows import told, with_languages, with_mentions, written

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NativeRationales", "native_rationales"]

_JUDGMENTS = (
    "judgment_id",
    "prompt_id",
    "source",
    "annotator_id",
    "aspect",
    "protocol",
    "response_ids",
    "is_order_known",
    "chosen",
    "ranks",
    "scores",
    "raw_values",
    "scale_max",
    "comments",
    "comment",
    "reasons",
    "raw",
    "file",
    "row",
)


class NativeRationales(Params):
    """Parameters of `native-rationales`."""

    take: tuple[Literal["judgments", "conversations"], ...] = Field(
        default=("judgments", "conversations"),
        min_length=1,
        description="Where texts are taken from. Those on whole conversations, as PRISM has them, "
        "are reasons for no pair.",
    )
    pairs: str | None = Field(
        default="make-pairs",
        description="The step to whose pairs texts are brought as well; null for none.",
    )
    compose: bool = Field(
        default=False,
        description="Also put two texts on one response each together, as `X: ...` and `Y: ...`, "
        "for each pair and each aspect whose rating favours the chosen one. Such rows are "
        "`derived`.",
    )

    def outside(self) -> Outside:
        """Name the step whose pairs are read."""
        return Outside(steps=(self.pairs,) if self.pairs else ())

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Leave out the tables that are not asked for."""
        unread = set() if self.pairs else {"pairs"}
        if "conversations" not in self.take:
            unread.add("conversations")
        return tuple(table for table in declared if table not in unread)


@stage(
    version=1,
    reads=("judgments", "annotators", "conversations", "prompts", "responses", "pairs"),
    writes=("rationales",),
    params=NativeRationales,
)
def native_rationales(
    tables: Mapping[str, pl.LazyFrame], params: NativeRationales, context: Context
) -> StageResult:
    """Take the rationales that the source has, each with its scope, its words untouched.

    What a text is about follows from where it stands: beside a response it is about that one, on
    a pairwise judgment about the pair, on a choice among several about the chosen one of the set,
    on a conversation about all of it. Each text is one row; brought to pairs, it is one more row
    for each pair that it gives a reason for, where letters and numbers of responses have become
    X and Y. What cannot be resolved is left as it is, and ``detail`` says so.

    The ledger counts the texts. One that is a word for no text, such as ``EMPTY STRING`` or
    ``N/A``, is rejected as ``sentinel-text``. Blank cells say nothing and are counted in a note.
    """
    judgments = _judgments(tables, params)
    found = pl.concat(_found(tables, judgments, params))
    texts, rejects, n_blank = parted(found)
    models = tables["annotators"].select("annotator_id", said="model").unique("annotator_id")
    texts = (
        texts.join(models.collect(), on="annotator_id", how="left", maintain_order="left")
        .with_columns(generator="said")
        .drop("said")
    )
    spoken = with_languages(
        texts,
        tables["prompts"],
        tables["conversations"] if "conversations" in params.take else None,
    )
    texts = told(with_mentions(spoken, tables["prompts"], tables["responses"]))
    rows = [written(texts)]
    notes = [*_notes(texts, n_blank)]
    if params.pairs is not None:
        pairs = tables["pairs"].filter(pl.col("stage") == params.pairs).select(OF_PAIR).collect()
        brought = _brought(texts, pairs, judgments, tables["responses"], params, context.seed)
        rows += brought
        notes.append(_told_of_pairs(pairs, brought))
    return StageResult(
        tables={"rationales": pl.concat(rows).sort("rationale_id")},
        rows_in=texts.height + rejects.height,
        rows_out=texts.height,
        rejects=rejects,
        notes=tuple(notes),
    )


def _judgments(tables: Mapping[str, pl.LazyFrame], params: NativeRationales) -> pl.DataFrame:
    """Return what the source's own annotators said; verdicts of a step are no native texts."""
    kinds = tables["annotators"].select("annotator_id", annotator_kind="kind")
    types = polars_schema(table_schema("judgments"))
    is_native = pl.col("stage").is_null() & pl.lit("judgments" in params.take)
    return (
        tables["judgments"]
        .filter(is_native)
        # Polars forgets the type of lists that are all null, as when rows are reversed.
        .select(pl.col(name).cast(types[name]) for name in _JUDGMENTS)
        .join(kinds.unique("annotator_id"), on="annotator_id", how="left")
        .collect()
    )


def _found(
    tables: Mapping[str, pl.LazyFrame], judgments: pl.DataFrame, params: NativeRationales
) -> list[pl.DataFrame]:
    found = [
        texts_of_responses(judgments, tables["prompts"]),
        texts_of_comparisons(judgments),
        texts_of_reasons(judgments),
    ]
    if "conversations" in params.take:
        found.append(texts_of_conversations(tables["conversations"]))
    return found


def _brought(
    texts: pl.DataFrame,
    pairs: pl.DataFrame,
    judgments: pl.DataFrame,
    responses: pl.LazyFrame,
    params: NativeRationales,
    seed: int,
) -> list[pl.DataFrame]:
    of_pair = pl.concat([pairs["chosen_id"], pairs["rejected_id"]]).unique()
    places = (
        responses.select("response_id", "position")
        .filter(pl.col("response_id").is_in(of_pair.implode()))
        .collect()
    )
    brought = [written(of_pairs(texts, pairs, judgments, places, seed))]
    if params.compose:
        brought.append(written(composed(texts, pairs, judgments, seed)))
    return brought


def _notes(texts: pl.DataFrame, n_blank: int) -> list[str]:
    counts = texts.group_by("scope", "kind").len().sort("scope", "kind").iter_rows()
    listed = ", ".join(f"{kind} on a {scope} {count:,}" for scope, kind, count in counts)
    notes = [f"{texts.height:,} texts: {listed or 'none'}"]
    if n_blank:
        notes.append(f"{n_blank:,} cells for a text are blank")
    n_odd = texts["detail"].str.contains("names? responses by place").sum()
    if n_odd:
        notes.append(f"{n_odd:,} texts name responses in a way that cannot be resolved: see detail")
    return notes


def _told_of_pairs(pairs: pl.DataFrame, brought: list[pl.DataFrame]) -> str:
    rows = pl.concat(brought)
    n_alone = pairs["annotator_id"].is_not_null().sum()
    told = (
        f"{rows.height:,} texts brought to {rows['pair_id'].n_unique():,} of {pairs.height:,} pairs"
    )
    if n_alone < pairs.height:
        told += (
            f"; {pairs.height - n_alone:,} pairs are of several annotators, and no one's reasons"
        )
    return told
