"""Parameters of the stage `route`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from prefdata.protocols import EmbedderParams, Outside, Params
from prefdata.routing.arms import Arm, Costs
from prefdata.routing.cases import Protocol, Reading
from prefdata.routing.choice import ArmCapacity, Limits, VoteQuota
from prefdata.routing.plan import Terms
from prefdata.routing.roles import Pool
from prefdata.stages._route.routers import AUTO, RANDOM, RouterChoice, preferred

__all__ = ["RouteParams"]

# All but hyper-simulated, which fits as many models as hyper-top-k and then draws mixes besides.
_COMPARED = (
    "uncertainty",
    "rlthf",
    "active-lab",
    "hyper-top-k",
    "ridge-excess",
    "influence",
    "paired",
    "ensemble",
)


class RouteParams(Params):
    """Parameters of `route`."""

    votes: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are the votes, of people and of the AI; each made with "
        "`aggregate: annotator` and `tie: both-orders`.",
    )
    judgments: tuple[str, ...] = Field(
        default=(),
        description="The steps that wrote judgments behind the votes, such as `judge` and "
        "`import-labels`; they know who the annotators are.",
    )
    imported: tuple[str, ...] = Field(
        default=(),
        description="Those of `votes` that plans asked for. They are paid from the budget, and "
        "are no random sample, so no router is judged by them.",
    )
    features: str = Field(default="route-features", description="The step whose features are read.")
    embedder: EmbedderParams = Field(
        default_factory=EmbedderParams,
        description="The embedder of the responses: a name (`lexical`, an id on the hub, a "
        "folder), or its parameters.",
    )
    aspect: str = Field(default="overall", description="The aspect that is planned.")
    protocol: Protocol | None = Field(
        default=None,
        description="Of votes that were asked for as ratings and by pairs, which count; they "
        "disagree too often to be mixed.",
    )
    router: RouterChoice = Field(
        default=RouterChoice(name=AUTO),
        description="The router, by name or with parameters. It is used only where it is shown to "
        "beat random choice. `auto`: `ensemble`, or `paired` where the embedder is `lexical`. With "
        "`random` people are asked at random.",
    )
    routers: tuple[RouterChoice, ...] = Field(
        default=tuple(RouterChoice(name=name) for name in _COMPARED),
        description="Others that the curves compare it with.",
    )
    budget: float | None = Field(
        default=None,
        ge=0,
        description="What people may cost, evaluation and seed sets and imported votes included, "
        "in the currency; no bound when null.",
    )
    costs: Costs = Field(default_factory=Costs, description="Prices of judgments.")
    value_of_accuracy: float | None = Field(
        default=None,
        gt=0,
        description="What a label that is right is worth more than one that is wrong, in the "
        "currency; the share of the pool that people judge is then where that less the cost is "
        "greatest. When null it is the smallest within one standard error of the best.",
    )
    objective: Literal["label-accuracy", "model-accuracy", "model-log-loss"] = Field(
        default="label-accuracy", description="What that share is chosen by."
    )
    arms: tuple[Arm, ...] = Field(
        default=("ai", "human"),
        description="Who may judge. `human-3`, `expert` and `ai-human` are planned by estimated "
        "accuracies; the verdict on a router is of single judgments.",
    )
    expert_accuracy: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="How often an expert agrees with the majority. When null, what experts (of "
        "the pool `expert`) do on the evaluation set, or else as other people.",
    )
    shares: tuple[float, ...] = Field(
        default=(0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75),
        description="Shares of the pool at which the curves are measured, and of which one is "
        "chosen; what the budget buys, 0 and 1 are added.",
    )
    n_evaluation: int = Field(
        default=800, ge=1, description="Comparisons with three votes that decide what is true."
    )
    n_seed: int | None = Field(
        default=1000,
        ge=1,
        description="Comparisons with one vote that routers learn from; all there are when null.",
    )
    min_evaluation: int = Field(
        default=200,
        ge=20,
        description="With fewer comparisons with three votes no router is judged, and the plan "
        "asks for these first.",
    )
    min_seed: int = Field(default=100, ge=1, description="The same of comparisons with one vote.")
    pool: Pool = Field(
        default="unlabelled",
        description="`unlabelled`: what no person has judged is routed. `all`: a back-test, in "
        "which what people judged is routed too, as if nobody had.",
    )
    n_batches: int = Field(
        default=3, ge=1, description="Parts in which the pool is handed off, of equal cost."
    )
    quotas: tuple[VoteQuota, ...] = Field(
        default=(), description="Least and most votes of the pool by tag or language."
    )
    capacities: tuple[ArmCapacity, ...] = Field(
        default=(), description="Most votes of the pool by arm."
    )
    solver_seconds: float = Field(
        default=60.0, gt=0, description="Time for the solver, which quotas and capacities need."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse parameters that contradict each other."""
        foreign = [step for step in self.imported if step not in self.votes]
        if foreign:
            message = f"imported: {foreign[0]!r} is not among the votes"
            raise ValueError(message)
        if (
            "ai" not in self.arms
            or "human" not in self.arms
            or len(set(self.arms)) < len(self.arms)
        ):
            message = "arms: name `ai`, `human` and any of the others, each once"
            raise ValueError(message)
        if not all(0 < share <= 1 for share in self.shares):
            message = "shares: above 0 and at most 1"
            raise ValueError(message)
        return self

    def outside(self) -> Outside:
        """Name the embedder, the steps that are read, and what the routers name."""
        named = [choice.load()[1].outside() for choice in self.compared()]
        return Outside(
            models=(self.embedder, *(model for one in named for model in one.models)),
            files=tuple(file for one in named for file in one.files),
            steps=(*self.votes, *self.judgments, self.features),
        )

    def compared(self) -> tuple[RouterChoice, ...]:
        """Return the routers that are evaluated: the one that is wanted first, each name once."""
        wanted = [self.router]
        if self.router.name == AUTO:
            wanted = [preferred(self.router, is_lexical=way) for way in (False, True)]
        by_name = {choice.name: choice for choice in reversed((*wanted, *self.routers))}
        names = dict.fromkeys(choice.name for choice in (*wanted, *self.routers))
        return tuple(by_name[name] for name in names if name != RANDOM)

    def reading(self, seed: int) -> Reading:
        """Return what is read of the tables."""
        return Reading(self.votes, self.imported, self.features, self.aspect, self.protocol, seed)

    def terms(self, seed: int) -> Terms:
        """Return what the plan is bound by."""
        return Terms(
            self.costs,
            self.arms,
            self.budget,
            self.n_batches,
            Limits(self.quotas, self.capacities, self.solver_seconds),
            self.expert_accuracy,
            seed,
        )
