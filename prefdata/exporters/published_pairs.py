"""Pairs as `prefdata publish` offers them: what a trainer reads, and where each part is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import Field, field_validator

from prefdata.exporters._files import split_files
from prefdata.exporters._fit import answered, asked, different, of_assistant, reasons, to_answer
from prefdata.protocols import Params, exporter
from prefdata.publishing.licences.terms import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.exporters._fit import Reason

__all__ = ["COLUMNS", "PublishedPairs", "published_pairs"]

COLUMNS = {
    "pair_id": "Digest of the rule, the judgment, the chosen and the rejected response: the same "
    "pair has the same id in every version.",
    "prompt": "Conversation up to the message to answer, as messages with `role` and `content`.",
    "chosen": "The preferred response, as messages.",
    "rejected": "The response it was preferred over, as messages.",
    "margin": "By how much, in `margin_unit`; null where the source gives none, 0 for a tie.",
    "margin_unit": "Unit of the margin, such as `points of 1-100` or `share of votes`.",
    "strength": "How strongly, in the source's words.",
    "n_votes": "Number of judgments behind the pair; null where it is not known.",
    "aspect": "What was judged: overall, helpfulness, harmlessness, ...",
    "annotator": "Who preferred it: a pseudonym of a person, or the name of a model; null where "
    "several were put together.",
    "annotator_kind": "human, group, model or rule.",
    "language": "Language of the prompt, as the source says.",
    "subset": "Configuration or file group of the source.",
    "source": "The dataset it comes from.",
    "source_revision": "Revision of that dataset.",
    "source_row_id": "`<file>#<row>` of the prompt in it, from 0.",
    "prompt_license": "SPDX id of the licence of the prompt; NOASSERTION where nobody knows.",
    "chosen_license": "SPDX id of the licence of the chosen response.",
    "rejected_license": "SPDX id of the licence of the rejected response.",
    "annotation_license": "SPDX id of the licence of the judgment.",
    "chosen_model": "Model that wrote the chosen response; null where none is named.",
    "rejected_model": "Model that wrote the rejected response; null where none is named.",
    "chosen_terms": "Terms of the provider of that model on its outputs, as LICENSES.md names "
    "them; `unknown` where nobody knows.",
    "rejected_terms": "Terms of the provider of the other model.",
    "annotation_terms": "Terms of the provider of the model that judged; null where none did.",
}
"""What the columns mean, in the order of the file."""

_OF_TEXT = {name: (f"{name}_license", f"{name}_terms") for name in ("prompt", "chosen", "rejected")}
_NO_CHOICE = frozenset({"pair_id", "source"})
_PEOPLE = "annotator_"
_NOT_DEMOGRAPHIC = frozenset({"annotator_id", "annotator_kind", "annotator_model"})


class PublishedPairs(Params):
    """Parameters of `published-pairs`."""

    leave_out: list[str] = Field(
        default_factory=list,
        description="Columns that stay out, such as `[chosen, rejected]` where the responses may "
        "not leave; the licence and the terms of a text leave with it.",
    )
    shard_bytes: int = Field(
        default=500_000_000, ge=1_000, description="Most bytes of one file, as the hub wants it."
    )

    @field_validator("leave_out")
    @classmethod
    def _are_columns(cls, value: list[str]) -> list[str]:
        """Refuse what is no column, and what every row must have."""
        if unknown := [name for name in value if name not in COLUMNS]:
            message = f"no such column: {', '.join(unknown)}; there are {', '.join(COLUMNS)}"
            raise ValueError(message)
        if needed := sorted(_NO_CHOICE.intersection(value)):
            message = f"every row needs {' and '.join(needed)}"
            raise ValueError(message)
        return value


def _unfit(frame: pl.DataFrame, params: Any) -> pl.Series:
    """Return for each pair why a trainer would refuse it or learn something wrong, or null."""
    absent = set(params.leave_out)
    tests: list[Reason] = []
    if "prompt" not in absent:
        tests += [asked(), to_answer()]
    if absent.isdisjoint({"chosen", "rejected"}):
        tests += [answered(), different(), of_assistant()]
    return reasons(frame, tests)


@exporter(
    version=1,
    params=PublishedPairs,
    unfit=_unfit,
    more=(
        "annotator_kind",
        "annotator_model",
        "source_revision",
        "source_row_id",
        "prompt_license",
        "chosen_license",
        "rejected_license",
        "annotation_license",
    ),
    columns=COLUMNS,
    loses=(
        "ids of the catalog but pair_id: of prompts, responses and judgments",
        "the judgment behind a pair: scores, ranks, comments, what else was shown",
        "rationales",
    ),
)
def published_pairs(
    frames: Iterator[pl.DataFrame], out: Path, params: PublishedPairs
) -> list[Path]:
    """Write ``<split>-00000-of-0000N.parquet`` that load in TRL's DPOTrainer, with licences.

    A pair without a split goes to ``train``. Columns about the annotators that the frames bring,
    named ``annotator_…``, follow the others.
    """
    with split_files(out, "parquet", shard_bytes=params.shard_bytes) as files:
        for frame in frames:
            files.add(_rows(frame, params), frame["split"])
    return files.paths


def _rows(frame: pl.DataFrame, params: PublishedPairs) -> pl.DataFrame:
    """Return the columns that are published, in their order."""
    absent = {*params.leave_out, *(n for t in params.leave_out for n in _OF_TEXT.get(t, ()))}
    people = [
        name for name in frame.columns if name.startswith(_PEOPLE) and name not in _NOT_DEMOGRAPHIC
    ]
    is_model = pl.col("annotator_kind") == "model"
    whole = frame.rename({"annotator_id": "annotator"}).with_columns(
        _terms(frame, "chosen_model"),
        _terms(frame, "rejected_model"),
        annotation_terms=pl.when(is_model).then(_terms(frame, "annotator_model")),
    )
    return whole.select(*(name for name in COLUMNS if name not in absent), *people)


def _terms(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return the name of the terms of each model; models are few, however many the rows."""
    models = frame.select("source", model=column)
    known = models.unique()
    named = [origin_of(model, source).terms for source, model in known.iter_rows()]
    told = known.with_columns(terms=pl.Series(named, dtype=pl.String))
    on = ["source", "model"]
    found = models.join(told, on=on, how="left", nulls_equal=True, maintain_order="left")
    return found["terms"].alias(column.replace("_model", "_terms"))
