"""AnnotatedPairs 2.0, and the older table, of Inverse Constitutional AI and its viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.exporters._annotated_pairs.comparisons import Prompts, compared, prompt_text
from prefdata.exporters._annotated_pairs.document import Document
from prefdata.exporters._fit import Reason, different, one_message, unfit_by
from prefdata.exporters._streams import by_split, whole_files
from prefdata.protocols import Params, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.exporters._streams import Streams

__all__ = ["AnnotatedPairs", "annotated_pairs"]

_MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Texts that `pandas.read_csv`, with which inverse-cai reads tables, takes for no text at all."""


class AnnotatedPairs(Params):
    """Parameters of `annotated-pairs`."""

    file: Literal["json", "csv"] = Field(
        default="json",
        description="`json`: a document of AnnotatedPairs 2.0, with each comparison once and all "
        "its annotators. `csv`: a table with a row for each pair and no annotators.",
    )
    seed: int = Field(default=0, ge=0, description="Of the draw which response is a.")
    prompts: Prompts = Field(
        default="text",
        description="How a prompt of several messages is written: as one text, which every reader "
        "takes, or as messages, which the source `annotated-pairs` takes and inverse-cai does not.",
    )
    majority: bool = Field(
        default=True,
        description="Where there are several annotators, add one more: what most of them prefer, "
        "or a tie. inverse-cai learns from that one alone, and cannot read a file with its ties: "
        "`disagreement: leave-out` of the export leaves them out.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse parameters that contradict each other."""
        if self.file == "csv" and self.prompts == "messages":
            message = "prompts: messages needs file: json; a cell holds a text"
            raise ValueError(message)
        return self


def _reasons(params: AnnotatedPairs) -> list[Reason]:
    found = [one_message(), different()]
    if params.file == "csv":
        texts = [
            pl.col(side).list.last().struct.field("content") for side in ("chosen", "rejected")
        ]
        found.append(("read-as-missing", pl.any_horizontal(text.is_in(_MISSING) for text in texts)))
    return found


@exporter(
    version=1,
    params=AnnotatedPairs,
    unfit=unfit_by(_reasons),
    more=("annotator_kind", "annotator_model"),
    loses=(
        "margin, margin_unit, strength and n_votes; a tie in both orders is one tie",
        "aspect, source, subset and language, which come back as metadata alone",
        "pair_id and prompt_id",
        "the turns of prompts, unless `prompts: messages`",
        "that an annotator is a model, and in a table who annotated",
        "with `majority`: which annotator is what most prefer",
    ),
)
def annotated_pairs(
    frames: Iterator[pl.DataFrame], out: Path, params: AnnotatedPairs
) -> list[Path]:
    """Write ``<split>.json`` of AnnotatedPairs 2.0, or ``<split>.csv``.

    Pairs of the same two responses are one comparison. Which response is `a` is drawn from the
    words of both, so that the chosen one is not always first. An annotator who judged the same
    comparison several times is in a copy of it each further time; both orders with margin 0, which
    `make-pairs` makes of a tie, are a tie. Annotators have the ids that the export gives them.

    The document needs two passes: the texts wait in a file beside it, the votes in memory, about
    200 bytes for each comparison. The table is a stream.

    References:
        Findeis et al. (2024), arXiv:2406.06560; inverse-cai 0.4.8 and feedback-forensics.
    """
    with whole_files(out) as files:
        if params.file == "csv":
            _write_tables(frames, files, params)
        else:
            _write_documents(frames, files, params)
    return files.paths


def _write_documents(
    frames: Iterator[pl.DataFrame], files: Streams, params: AnnotatedPairs
) -> None:
    documents: dict[str, Document] = {}
    for frame in frames:
        for split, rows in by_split(frame):
            if split not in documents:
                documents[split] = Document(
                    files.scratch(f"{split}.lines"),
                    seed=params.seed,
                    prompts=params.prompts,
                    majority=params.majority,
                )
            documents[split].add(rows)
    for split, document in documents.items():
        document.write(files.file(f"{split}.json"), {"dataset_name": split})


def _write_tables(frames: Iterator[pl.DataFrame], files: Streams, params: AnnotatedPairs) -> None:
    begun: set[str] = set()
    for frame in frames:
        for split, pairs in by_split(frame):
            rows = compared(pairs, params.seed).select(
                "text_a",
                "text_b",
                preferred_text=pl.when("is_chosen_a")
                .then(pl.lit("text_a"))
                .otherwise(pl.lit("text_b")),
                input=prompt_text(),
                model_a="model_a",
                model_b="model_b",
            )
            # Quotes around all: a carriage return alone would end a row otherwise.
            rows.write_csv(
                files.file(f"{split}.csv"),
                include_header=split not in begun,
                quote_style="always",
            )
            begun.add(split)
