"""Verdicts of language models on responses."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Literal, Self

import polars as pl
from pydantic import Field, ValidationInfo, field_validator, model_validator

from prefdata.constitution.document import read_document
from prefdata.core.errors import InternalError, UserError
from prefdata.protocols import ChatParams, Context, Outside, Params, StageResult, stage
from prefdata.stages._judge.asking import candidates, comparisons, labels, requests
from prefdata.stages._judge.criteria import (
    CRITERIA,
    constitution_criterion,
    constitution_digest,
)
from prefdata.stages._judge.notes import choice_notes, rating_notes
from prefdata.stages._judge.reading import read_answers, reader
from prefdata.stages._judge.rows import (
    annotator_id,
    annotator_rows,
    judgment_rows,
    named,
    reject_rows,
)
from prefdata.stages._judge.wording import Task
from prefdata.tables.bundle import concat_rejects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import Chat, ChatAnswers, ChatRequest

__all__ = ["Judge", "judge"]


class Judge(Params):
    """Parameters of `judge`."""

    models: tuple[ChatParams, ...] = Field(
        description="The judges, each the name of a model or its parameters; one may stand alone. "
        "`none` for nobody, in recipes that can do without.",
    )
    protocol: Literal["pairwise", "rating"] = Field(
        default="pairwise",
        description="`pairwise`: which of two responses is better. `rating`: each response by "
        "itself, on a scale from 1 to 10.",
    )
    pairs: str | None = Field(
        default="make-pairs",
        description="The step whose pairs are judged; of a rating, whose responses. With null, "
        "all responses are rated.",
    )
    aspects: tuple[str, ...] = Field(
        default=("overall",), min_length=1, description="What is judged, each by itself."
    )
    criteria: dict[str, str] = Field(
        default_factory=dict,
        description="Your own wording of aspects, instead of ours or for aspects that we have "
        "none for.",
    )
    constitution: str | None = Field(
        default=None,
        description="A file with principles that decide instead of a criterion: the YAML that the "
        "report `constitution` writes, or a list of sentences. For `protocol: pairwise` and one "
        "aspect.",
    )
    both_orders: bool = Field(
        default=True,
        description="Show two responses in both orders. Otherwise each pair is shown in one that "
        "is drawn: half the price, and its verdict has the judge's position bias in it.",
    )
    ties: bool = Field(default=True, description="Whether a judge may find two responses equal.")
    reasoning: Literal["none", "before"] = Field(
        default="none",
        description="`none`: one letter or number, with its probability where the server says it. "
        "`before`: short reasons, then the verdict.",
    )
    probabilities: bool = Field(
        default=True,
        description="Ask for log-probabilities where there are no reasons; some servers refuse "
        "that.",
    )
    min_confidence: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Reject verdicts that are less probable than this.",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="Judge so many comparisons of each source (of a rating, so many prompts), "
        "drawn by the seed of the recipe; for a cheap pilot, whose answers are not paid again.",
    )

    @field_validator("limit", "constitution", mode="before")
    @classmethod
    def _none_by_word(cls, value: Any) -> Any:
        return None if value == "none" else value

    @field_validator("models", "aspects", mode="before")
    @classmethod
    def _one_alone(cls, value: Any, info: ValidationInfo) -> Any:
        if info.field_name == "models" and value == "none":
            return ()
        return (value,) if isinstance(value, str | dict | ChatParams) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse parameters that contradict each other."""
        self._fits_a_constitution()
        known = CRITERIA | self.criteria
        for aspect in self.aspects:
            if aspect not in known and self.constitution is None:
                near = difflib.get_close_matches(aspect, known, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                message = f"no criterion for {aspect!r}; {hint}word it in `criteria`"
                raise ValueError(message)
        if self.protocol == "pairwise" and self.pairs is None:
            message = "pairs: null is for protocol: rating; a choice needs pairs"
            raise ValueError(message)
        if self.min_confidence is not None and (
            self.protocol == "rating" or self.reasoning == "before" or not self.probabilities
        ):
            message = "min_confidence needs protocol: pairwise, reasoning: none and probabilities"
            raise ValueError(message)
        if len(set(self.aspects)) < len(self.aspects):
            message = "an aspect is named twice"
            raise ValueError(message)
        return self

    def _fits_a_constitution(self) -> None:
        if self.constitution is None:
            return
        if self.protocol == "rating":
            message = "a constitution selects one of two responses; it needs protocol: pairwise"
            raise ValueError(message)
        if self.criteria or len(self.aspects) > 1:
            message = "a constitution stands instead of `criteria`, and answers for one aspect"
            raise ValueError(message)

    def outside(self) -> Outside:
        """Name the judges, the step whose pairs are read, and the file of the constitution."""
        steps = () if self.pairs is None else (self.pairs,)
        files = () if self.constitution is None else (self.constitution,)
        return Outside(models=self.models, steps=steps, files=files)

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read pairs only where they are asked for."""
        return tuple(table for table in declared if table != "pairs" or self.pairs is not None)

    @property
    def task(self) -> Task:
        """What each judge is asked to do."""
        return Task(
            protocol=self.protocol,
            has_reasons=self.reasoning == "before",
            has_ties=self.ties and self.protocol == "pairwise",
            has_probabilities=self.probabilities and self.protocol == "pairwise",
        )


@stage(
    version=1,
    reads=("pairs", "prompts", "responses"),
    writes=("judgments", "annotators"),
    params=Judge,
)
def judge(tables: Mapping[str, pl.LazyFrame], params: Judge, context: Context) -> StageResult:
    """Have language models judge responses, in both orders; verdicts are rows of `judgments`.

    A judge sees the conversation and two responses as A and B, or one response, between fences
    that their authors cannot close, and then the criterion of the aspect. It does not see what
    the pairs prefer. Two responses are compared once for each aspect and order, however many
    pairs of the step there are of them.

    Each judge is an annotator of the kind `model`, by the name
    ``<source>:<step>/<model>@<chat>``, where the chat is the digest of server, model and wording.
    With a `constitution` the principles in that file stand in the place of the criterion, and
    their digest behind the name: the same model with other principles is another judge.
    A choice is a row for each order shown, with `chosen`, or the outcome `tie`; `scores` holds the
    probabilities of the two responses where the server offers log-probabilities, and `comment` the
    reasons. Ratings of the responses to a prompt for an aspect are one row. `raw` leads to the
    table `answers`. A `make-pairs` with ``judgments: judge`` makes pairs of them.

    The ledger counts requests: comparisons by orders, aspects and judges, or responses by aspects
    and judges. One that yields no verdict is rejected under one of these rules, and is never a
    tie: `unreadable-verdict`, `cut-answer`, `filtered-answer`, `failed-answer`, `low-confidence`,
    `unknown-confidence`, and `identical-responses`, about which nothing is asked.

    Raises:
        UserError: If two of the judges are one.
        BackendError: If answers are missing in the end; a second run asks for those only.
        BudgetError: If the budget does not allow the next request.

    References:
        Zheng et al. (2023), *Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena*
        (arXiv:2306.05685): both orders, and ties where they disagree.
    """
    if context.chat is None:
        raise InternalError("The stage judge was given no place for answers.")
    if not params.models:
        return StageResult({}, 0, 0, notes=("no judge is named, so nothing is judged",))
    task = params.task
    asked = _asked(tables, params, context.seed)
    principles = _principles(params, context)
    wanted = requests(asked, tables, _criteria(params, principles), task)
    creed = None if principles is None else constitution_digest(principles)
    judged, annotators, rejects = [], [], []
    notes: list[str] = []
    said = _labels(tables, params, context.seed)
    for model, answers in _answers(context.chat, wanted, params, context.step):
        given = iter(answers.answers)
        found = [None if request is None else next(given) for request in wanted]
        read = read_answers(found, task, params.min_confidence)
        who = annotator_id(context.source, context.step, answers, creed)
        rows = named(pl.concat([asked, read], how="horizontal"), who, task)
        judged.append(judgment_rows(rows, answers.chat, task))
        annotators.append(annotator_rows(who, model, answers.chat, task, creed))
        rejects.append(reject_rows(rows, model.model, task))
        notes += (
            rating_notes(rows, model.model)
            if task.protocol == "rating"
            else choice_notes(rows, said, model.model)
        )
    refused = concat_rejects(rejects)
    rows_in = asked.height * len(params.models)
    return StageResult(
        tables={
            "judgments": pl.concat(judged),
            "annotators": pl.concat(annotators).filter(pl.lit(asked.height > 0)),
        },
        rows_in=rows_in,
        rows_out=rows_in - refused.height,
        rejects=refused,
        notes=tuple(notes),
    )


def _principles(params: Judge, context: Context) -> list[str] | None:
    """Return the principles of the constitution, as they hold; none where no file is named.

    Raises:
        UserError: If the file is no constitution, or one of which nothing holds.
    """
    if params.constitution is None:
        return None
    found = read_document(context.files[params.constitution]).principles
    if not found:
        raise UserError(
            "The constitution has no principle, so nobody could judge by it.",
            where=params.constitution,
            fix="Name another one, or leave `constitution` out to judge by a criterion.",
        )
    return [principle.sentence for principle in found]


def _criteria(params: Judge, principles: list[str] | None) -> dict[str, str]:
    if principles is None:
        return CRITERIA | params.criteria
    criterion = constitution_criterion(principles, has_ties=params.task.has_ties)
    return dict.fromkeys(params.aspects, criterion)


def _asked(tables: Mapping[str, pl.LazyFrame], params: Judge, seed: int) -> pl.DataFrame:
    """Return what every judge is shown: prompt_id, case, shown and aspect, in order."""
    pairs = None if params.pairs is None else _pairs(tables, params.pairs)
    if params.protocol == "rating" or pairs is None:
        shown = candidates(tables["responses"], pairs, limit=params.limit, seed=seed)
    else:
        shown = comparisons(pairs, both_orders=params.both_orders, limit=params.limit, seed=seed)
    aspects = pl.DataFrame({"aspect": params.aspects}, schema={"aspect": pl.String})
    return shown.join(aspects, how="cross", maintain_order="left_right")


def _labels(tables: Mapping[str, pl.LazyFrame], params: Judge, seed: int) -> pl.DataFrame:
    if params.protocol == "rating" or params.pairs is None:
        return pl.DataFrame()
    return labels(_pairs(tables, params.pairs), seed=seed)


def _pairs(tables: Mapping[str, pl.LazyFrame], step: str) -> pl.LazyFrame:
    return tables["pairs"].filter(pl.col("stage") == step)


def _answers(
    chat: Chat, wanted: list[ChatRequest | None], params: Judge, step: str
) -> list[tuple[ChatParams, ChatAnswers]]:
    """Ask every judge everything.

    Raises:
        UserError: If two judges have one digest.
    """
    asked = [request for request in wanted if request is not None]
    task = params.task
    found: list[tuple[ChatParams, ChatAnswers]] = []
    for model in params.models:
        answers = chat.get(asked, model=model, purpose=task.purpose, step=step, read=reader(task))
        if any(answers.chat == other.chat for _, other in found):
            raise UserError(
                f"Two of the judges are one: {model.model} on the same server, asked the same way.",
                where=f"step {step!r}: models",
                fix="Name each judge once; a model asked in another way is another judge.",
            )
        found.append((model, answers))
    return found
