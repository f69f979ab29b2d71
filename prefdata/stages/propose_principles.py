"""Principles that may explain choices, proposed by a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationInfo, field_validator

from prefdata.constitution.labels import read_labelled
from prefdata.constitution.proposing.propose import Asking, propose
from prefdata.constitution.proposing.sample import Sampling, draw_sample
from prefdata.constitution.proposing.wording import Task, Variant
from prefdata.core.errors import DataError, InternalError
from prefdata.protocols import (
    ChatParams,
    Context,
    EmbedderParams,
    Outside,
    Params,
    StageResult,
    stage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from prefdata.constitution.proposing.propose import Proposed

__all__ = ["ProposePrinciples", "propose_principles"]


class ProposePrinciples(Params):
    """Parameters of `propose-principles`."""

    model: ChatParams | None = Field(
        description="The chat model that proposes: its name, or parameters. `none` for nobody, in "
        "recipes that can do without.",
    )
    pairs: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are labels; what most of them prefer is explained.",
    )
    n_pairs: int = Field(
        default=100, ge=1, description="The most comparisons that are shown, of each source."
    )
    embedder: EmbedderParams | None = Field(
        default_factory=EmbedderParams,
        description="The embedder that tells how comparisons differ, so that those which are shown "
        "have variety; null to draw by chance.",
    )
    variants: tuple[Variant, ...] = Field(
        default=("neutral", "bad-trait", "specific", "general"),
        min_length=1,
        description="The wordings of the question, each a request by itself. `neutral`: which "
        "principles led to the choice. `bad-trait`: what is wrong with the response that was not "
        "chosen. `specific`: no generic ones. `general`: such as fit any subject.",
    )
    both_orders: bool = Field(
        default=True,
        description="Show the two responses in both orders; otherwise in one that is drawn, for "
        "half the price.",
    )
    per_request: int = Field(default=3, ge=1, le=20, description="Principles in an answer.")
    max_words: int = Field(
        default=20,
        ge=3,
        description="The most words of a principle behind `Select the response that`.",
    )
    max_chars: int = Field(
        default=12_000,
        ge=100,
        description="Longest text that is shown, in characters: of a response its beginning, of a "
        "conversation its end. The request says what is left out.",
    )
    train_share: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="Share of the prompts that principles may come from, by what they open with; "
        "the others are held out, and are those on which the step `constitution` measures with "
        "the same share. 1 for all.",
    )

    @field_validator("model", "embedder", mode="before")
    @classmethod
    def _none_by_word(cls, value: Any) -> Any:
        return None if value == "none" else value

    @field_validator("pairs", "variants", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("pairs", "variants")
    @classmethod
    def _each_once(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            message = f"one of the {info.field_name} is named twice"
            raise ValueError(message)
        return value

    def outside(self) -> Outside:
        """Name the models, and the steps that are read; nothing is read where nobody is asked."""
        if self.model is None:
            return Outside()
        models = (self.model,) if self.embedder is None else (self.model, self.embedder)
        return Outside(models=models, steps=self.pairs)

    @property
    def task(self) -> Task:
        """What is asked of every request alike."""
        return Task(self.per_request, self.max_words, self.max_chars)


@stage(
    version=1,
    reads=("pairs", "annotators", "prompts", "responses"),
    writes=("proposals", "principles"),
    params=ProposePrinciples,
)
def propose_principles(
    tables: Mapping[str, pl.LazyFrame], params: ProposePrinciples, context: Context
) -> StageResult:
    """Ask a language model which principles may have led to choices that it is shown.

    Shown are comparisons with a majority of labels, no two of prompts that open with the same
    words, drawn so that they differ from each other (`embedder`). Openings on which a constitution
    is measured later have no part in it (`train_share`). The model sees the conversation and two
    responses as A and B between fences that their authors cannot close, is told which one was
    selected, and answers with sentences as JSON: for each wording (`variants`), in both orders.

    Each sentence is brought into the form ``Select the response that ...``. Sentences that name a
    response or a place, are too long, or are no principle are asked for again, and not taken if
    that does not help; the notes count them. `proposals` has each sentence as it was written,
    `principles` each one once, the most frequent first. What they are worth nobody knows before
    votes are compared with labels.

    The ledger counts requests: comparisons by wordings and orders. One that proposes nothing is
    rejected under one of these rules: `unreadable-principles`, `cut-answer`, `filtered-answer`,
    `failed-answer`, or, of its first sentence, `not-a-principle`, `names-a-response`, `too-long`.

    Raises:
        DataError: If not one answer holds a principle.
        BackendError: If answers are missing in the end; a second run asks for those only.
        BudgetError: If the budget does not allow the next request.

    References:
        Findeis et al. (2025), *Inverse Constitutional AI* (arXiv:2406.06560), section 3: proposals
        for single pairs, in several wordings. The words are ours.
    """
    if params.model is None:
        return StageResult({}, 0, 0, notes=("no model is named, so no principle is proposed",))
    if context.chat is None:
        raise InternalError("The stage propose-principles was given no place for answers.")
    if params.embedder is not None and context.vectors is None:
        raise InternalError("The stage propose-principles was given no place for vectors.")
    sampling = Sampling(
        n=params.n_pairs,
        max_chars=params.max_chars,
        share=params.train_share,
        embedder=params.embedder,
        seed=context.seed,
        step=context.step,
    )
    sample = draw_sample(tables, read_labelled(tables, params.pairs), sampling, context.vectors)
    asking = Asking(params.model, params.variants, params.both_orders, params.task)
    made = propose(sample, asking, context.chat, step=context.step)
    if made.n_requests and made.principles.is_empty():
        raise _nothing_proposed(made, params.model.model, context.step)
    return StageResult(
        tables={"proposals": made.proposals, "principles": made.principles},
        rows_in=made.n_requests,
        rows_out=made.n_requests - made.rejects.height,
        rejects=made.rejects,
        notes=made.notes,
    )


def _nothing_proposed(made: Proposed, model: str, step: str) -> DataError:
    """Return the error of a model that answered, and proposed nothing that can be taken."""
    rules = made.rejects["rule"].value_counts().sort("rule")
    why = ", ".join(f"{rule} {n:,}" for rule, n in rules.iter_rows())
    return DataError(
        f"{model} proposed no principle in {made.n_requests:,} answers: {why}.",
        where=f"step {step!r}",
        fix="Name a model that answers in JSON; where answers were cut, raise `max_tokens` of the "
        "model. The table answers has what it said.",
    )
