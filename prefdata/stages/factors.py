"""Which of two responses has more of what: votes of principles that code computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field, field_validator

from prefdata.constitution.factors.catalogue import BUILT_IN, load_catalogue
from prefdata.constitution.factors.measure import measure_values, value_lists
from prefdata.constitution.factors.vote import vote_lists
from prefdata.constitution.labels import read_comparisons
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.stages._factors.notes import factor_notes
from prefdata.stages._factors.rows import (
    cast_votes,
    read_responses,
    reject_textless,
    with_places,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Factors", "factors"]


class Factors(Params):
    """Parameters of `factors`."""

    pairs: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs say what is compared; who preferred what has no say.",
    )
    catalogue: str = Field(
        default=BUILT_IN,
        description=f"The factors: `{BUILT_IN}`, or a file of YAML that may extend it with words "
        "and patterns of your own.",
    )
    values: bool = Field(
        default=True,
        description="Also write the table `factors`: each response's value on each factor.",
    )

    @field_validator("pairs", mode="before")
    @classmethod
    def _one_alone(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def outside(self) -> Outside:
        """Name the steps whose pairs are read, and the file of factors."""
        files = () if self.catalogue == BUILT_IN else (self.catalogue,)
        return Outside(files=files, steps=self.pairs)


@stage(
    version=1,
    reads=("pairs", "prompts", "responses"),
    writes=("principles", "factors", "votes"),
    params=Factors,
)
def factors(tables: Mapping[str, pl.LazyFrame], params: Factors, context: Context) -> StageResult:
    """Vote on comparisons by factors: signed axes such as length, apologies, or numbered points.

    Each factor is an axis with two ends, declared by words, patterns and a dead zone in a
    catalogue. A vote says which response has more of it: never which is better. It is the same
    with the responses swapped, but for its sign.

    Factors of words abstain on responses in languages that the words are not of; factors of
    prompts, such as code where it is asked for, on other prompts; and counts where neither
    response has any. Languages are those that the source assigns to prompts, else those that
    responses are written in.

    Each distinct text is measured once. The ledger counts comparisons; one is rejected where a
    response has no text at all. An empty text is a text.
    """
    is_built_in = params.catalogue == BUILT_IN
    catalogue = load_catalogue(None if is_built_in else context.files[params.catalogue])
    comparisons = read_comparisons(tables, params.pairs)
    responses = read_responses(tables, comparisons)
    values = measure_values(responses.select("text", "prompt", "language"), catalogue)
    placed = with_places(comparisons, responses)
    rejects = reject_textless(placed)
    compared = placed.drop_nulls(["a", "b"])
    votes = cast_votes(compared, values, catalogue)
    principles = catalogue.principles()
    written = {
        # Without a vote there is nothing that they would be the principles of.
        "principles": principles if compared.height else principles.clear(),
        "votes": compared.select(
            *("comparison_id", "prompt_id", "response_a_id", "response_b_id", "aspect"),
            voter=pl.lit(f"catalogue:{catalogue.label}"),
            votes=vote_lists(votes),
        ),
    }
    if params.values:
        written["factors"] = responses.select(
            *("response_id", "prompt_id", "language"),
            catalogue=pl.lit(catalogue.label),
            values=value_lists(values),
        )
    return StageResult(
        tables=written,
        rows_in=comparisons.height,
        rows_out=compared.height,
        rejects=rejects,
        notes=factor_notes(compared, responses, votes, catalogue),
    )
