"""One label for each comparison out of several judgments, and how far these agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from prefdata.protocols import Context, EmbedderParams, Outside, Params, StageResult, stage
from prefdata.stages._aggregate_votes.agreements import agreement_rows
from prefdata.stages._aggregate_votes.consensus import (
    consensus_rows,
    label_of,
    notes,
    pair_rows,
    reject_rows,
)
from prefdata.stages._aggregate_votes.methods import Method, decide
from prefdata.stages._aggregate_votes.quality import quality_rows
from prefdata.stages._aggregate_votes.read import read
from prefdata.stages._aggregate_votes.vectors import differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__ = ["AggregateVotes", "aggregate_votes"]

_WITH_A_MODEL = ("em-rm", "crowdlab")
Group = Literal[
    "kind",
    "pool",
    "model",
    "country",
    "birth_country",
    "age_band",
    "gender",
    "education",
    "employment",
    "religion",
    "ethnicity",
    "politics",
    "proficiency",
    "language",
    "topic",
    "subset",
    "tag",
]


class AggregateVotes(Params):
    """Parameters of `aggregate-votes`."""

    votes: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are votes: `make-pairs` with `aggregate: annotator` "
        "and, so that ties are not lost, `tie: both-orders`.",
    )
    judgments: tuple[str, ...] = Field(
        default=(),
        description="The steps that added the judgments and annotators behind the votes, where "
        "the source did not: such as `judge` and `import-labels`.",
    )
    aspect: str | list[str] | None = Field(
        default=None, description="Aspects that are aggregated, each by itself; all when null."
    )
    method: Literal["majority", "dawid-skene", "one-coin", "auto", "em-rm", "crowdlab"] = Field(
        default="auto",
        description="`majority`: one vote each. `dawid-skene`: annotators are weighed by a table "
        "of their confusions. `one-coin`: by how often they are right. `auto`: Dawid and Skene's "
        "tables, and for annotators with few votes a coin that is pulled to the mean of all. "
        "`em-rm`: one coin, with a reward on the vectors of the responses as prior. `crowdlab`: "
        "the same idea by the library cleanlab, which must be installed.",
    )
    min_labels: int = Field(
        default=30,
        ge=1,
        description="With `auto`, annotators with fewer votes have a coin instead of a table. "
        "Also the fewest comparisons with people's votes on which an AI's reliability is measured.",
    )
    ai: Literal["vote", "fallback", "ignore"] = Field(
        default="fallback",
        description="What votes of models and rules count for. `vote`: they are annotators like "
        "others. `fallback`: they decide where no person voted, and nowhere else, so that what "
        "people say can be held against them. `ignore`: nothing.",
    )
    tie: Literal["skip", "both-orders"] = Field(
        default="skip",
        description="`both-orders` makes two pairs with margin 0 where neither response is "
        "preferred; `skip` makes none.",
    )
    embedder: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder of the responses, for `em-rm` and `crowdlab`: a name, or its "
        "parameters.",
    )
    group_by: tuple[Group, ...] = Field(
        default=("kind", "pool", "language"),
        description="Groups by which agreement is reported beside that of all: columns of "
        "`annotators`, of `prompts`, or `tag`.",
    )
    features: str | None = Field(
        default=None, description="The step whose `comparison_features` have the tags, for `tag`."
    )
    min_group: int = Field(
        default=10,
        ge=2,
        description="Fewest comparisons of a group, and fewest that two annotators share for "
        "Cohen's kappa.",
    )

    @field_validator("votes", "judgments", "group_by", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse tags without the step that has them."""
        if "tag" in self.group_by and self.features is None:
            message = "group_by: tag needs features, the step that wrote `comparison_features`"
            raise ValueError(message)
        return self

    def outside(self) -> Outside:
        """Name the steps that are read, and the embedder where a method asks for it."""
        features = () if self.features is None else (self.features,)
        models = (self.embedder,) if self.method in _WITH_A_MODEL else ()
        return Outside(models=models, steps=(*self.votes, *self.judgments, *features))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read the features only where they are named."""
        is_read = self.features is not None
        return tuple(table for table in declared if is_read or table != "comparison_features")


@stage(
    version=1,
    reads=("pairs", "judgments", "annotators", "prompts", "responses", "comparison_features"),
    writes=("consensus", "annotator_quality", "agreements", "pairs"),
    params=AggregateVotes,
)
def aggregate_votes(
    tables: Mapping[str, pl.LazyFrame], params: AggregateVotes, context: Context
) -> StageResult:
    """Put the votes on each comparison together, and measure annotators and their agreement.

    A comparison is two responses to one prompt for one aspect; a vote is what one annotator says
    of it. Each aspect is aggregated by itself, for an annotator may judge one well and another
    badly. A tie is a third answer: it wins where it is more probable than either response, and
    where both are equally probable, nobody is preferred either.

    `consensus` has a row for each comparison. Its label is 1, 0 or 0.5, `p_a` the probability of a
    given that one is preferred. With ``ai: fallback`` a model's verdict is as probable as it proved
    to be where people voted too; where it cannot be measured, models are aggregated like people.

    `annotator_quality` compares annotators with the votes that decide: those of people, and of
    models where these decide. `agreements` are of people, of models, and of people with models.

    A pair is made of each comparison in which one is preferred, by the rule ``consensus-<method>``;
    its margin is |2 p_a - 1|. `n_votes` counts the votes that decided, and `annotator_id` is null.

    The ledger counts comparisons. One without a pair is rejected under one of these rules:
    `tie`, `undecided`, `no-votes`.

    Raises:
        DataError: If votes are of aggregates, or of annotators that nothing is known of, or if
            the method cannot weigh these.
        MissingExtraError: If `crowdlab` is asked for without cleanlab.

    References:
        Dawid and Skene (1979); Goh et al. (arXiv:2210.06812); Cao et al. (arXiv:2509.24159);
        Krippendorff (2011).
    """
    found = read(tables, votes=params.votes, aspects=params.aspect)
    if params.method in _WITH_A_MODEL:
        vectors = differences(found.comparisons, tables["responses"], params.embedder, context)
    else:
        vectors = None
    method = Method(params.method, params.ai, params.min_labels, context.seed)
    decided = decide(found, method, vectors)
    rows = label_of(found, decided)
    kept = () if params.tie == "skip" else ("tie", "undecided")
    rejects = reject_rows(rows, kept=kept)
    features = None if params.features is None else tables["comparison_features"]
    return StageResult(
        tables={
            "consensus": consensus_rows(rows, params.method),
            "annotator_quality": quality_rows(found, decided, tables, seed=context.seed),
            "agreements": agreement_rows(
                found,
                tables,
                groups=params.group_by,
                features=features,
                step=params.features,
                min_group=params.min_group,
                seed=context.seed,
            ),
            "pairs": pair_rows(rows, params.method, has_ties=params.tie == "both-orders"),
        },
        rows_in=rows.height,
        rows_out=rows.height - rejects.height,
        rejects=rejects,
        notes=notes(rows, found),
    )
