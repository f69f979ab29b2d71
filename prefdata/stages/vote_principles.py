"""Votes of a chat model on principles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from prefdata.constitution.ballots import FAILED, NOT_APPLICABLE
from prefdata.constitution.document.reading import read_document
from prefdata.constitution.voting.asking import Asking, ask_votes, voter_of
from prefdata.constitution.voting.known import known_votes, votes_of_step
from prefdata.constitution.voting.listed import list_principles
from prefdata.constitution.voting.matter import read_matter
from prefdata.constitution.voting.notes import asked_note, calibration_notes, position_notes
from prefdata.constitution.voting.orders import UNASKED, both_orders, positions
from prefdata.constitution.voting.rows import vote_rows
from prefdata.constitution.voting.standard import StandardName, standard_list
from prefdata.core.errors import DataError, InternalError
from prefdata.protocols import ChatParams, Context, Outside, Params, StageResult, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl
    from numpy.typing import NDArray

    from prefdata.constitution.voting.asking import Asked

__all__ = ["VotePrinciples", "vote_principles"]

_MANY = 0.9
"""With more votes than these failed, asking the same again is of no use."""


class VotePrinciples(Params):
    """Parameters of `vote-principles`."""

    model: ChatParams | None = Field(
        description="The chat model that votes: its name, or parameters. `none` for nobody, in "
        "recipes that can do without.",
    )
    principles: tuple[str, ...] = Field(
        default=("merge-principles",),
        description="The steps whose principles are voted on; there may be none.",
    )
    given: tuple[str, ...] = Field(
        default=(),
        description="Principles in your own words, best as `Select the response that ...`.",
    )
    constitution: str | None = Field(
        default=None,
        description="A constitution whose principles are voted on too: a YAML file as "
        "`prefdata report constitution` writes it, or a list of sentences.",
    )
    standard: Literal["none"] | StandardName = Field(
        default="none",
        description="A list of principles that ships with the package, for what no rule can "
        "count: whether a response is right, follows, fits, flatters.",
    )
    pairs: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are compared; whom they prefer plays no part.",
    )
    both_orders: bool = Field(
        default=True,
        description="Show each comparison in both orders. Otherwise in one that is drawn: half the "
        "price, and the votes have the model's position bias in them.",
    )
    per_request: int = Field(
        default=40,
        ge=1,
        le=200,
        description="The most principles in one request. More are cheaper, since the texts are "
        "sent once for all of them; weak models lose track of many.",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="Vote on so many comparisons of each source, drawn by the seed of the recipe.",
    )
    train_share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Vote only on comparisons of prompts on which `constitution` chooses "
        "principles, for a pilot that must not see the others: its own `train_share`.",
    )
    known: tuple[str, ...] = Field(
        default=(),
        description="Steps whose votes are taken over where the same model voted on the same, such "
        "as those of a pilot.",
    )
    reference: str | None = Field(
        default=None,
        description="The step that computes votes of factors; how far the model's votes on the "
        "same principles agree with them is told in a note.",
    )
    retries: int = Field(
        default=1,
        ge=0,
        description="How often a request is made anew that was not answered in the right form, "
        "after the model's own `rereads`. With a higher number a second run asks for what failed, "
        "and for nothing else.",
    )
    max_failed: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="The largest share of votes that may fail; with more the run ends in an error.",
    )
    max_chars: int = Field(
        default=12_000,
        ge=100,
        description="Longest text that is shown, in characters: of a response its beginning, of a "
        "conversation its end. The request says what is left out.",
    )

    @field_validator("model", "limit", "constitution", "reference", mode="before")
    @classmethod
    def _none_by_word(cls, value: Any) -> Any:
        return None if value == "none" else value

    @field_validator("principles", "given", "pairs", "known", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("given")
    @classmethod
    def _has_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(any(letter.isalnum() for letter in sentence) for sentence in value):
            message = "a principle without words"
            raise ValueError(message)
        return value

    def outside(self) -> Outside:
        """Name the model, the file, and the steps that are read; nothing where nobody votes."""
        if self.model is None:
            return Outside()
        steps = (*self.principles, *self.pairs, *self.known)
        if self.reference is not None:
            steps = (*steps, self.reference)
        files = () if self.constitution is None else (self.constitution,)
        return Outside(models=(self.model,), files=files, steps=tuple(dict.fromkeys(steps)))


@stage(
    version=1,
    reads=("pairs", "prompts", "responses", "principles", "votes"),
    writes=("principles", "votes"),
    params=VotePrinciples,
)
def vote_principles(
    tables: Mapping[str, pl.LazyFrame], params: VotePrinciples, context: Context
) -> StageResult:
    """Have a chat model say which of two responses has more of what each principle asks for.

    The model sees the conversation and two responses as A and B, between fences that their authors
    cannot close, and a numbered list of principles; it answers with one vote for each number: A,
    B, both, or neither. It does not see what the pairs prefer. Comparisons are shown in both
    orders; the order of the principles is drawn for each comparison. A list takes the next
    `per_request` principles by position, those that the user gave and those of a standard list
    apart; so one that is added changes few requests.

    The vote is 1 for a, -1 for b, 0 for both, null for neither. Two orders with the same vote are
    that vote; with a vote for a response in one and anything else in the other it is 2,
    inconsistent; `both` in one and `neither` in the other are 0. An answer with a number too few
    or too many, a number twice, another word, or prose is no answer: it is asked for again
    (`rereads` of the model, then `retries`), and its votes are -2 in the end, in either order.
    Where a response is empty no principle applies; of two with the same words neither has more of
    anything; about both nothing is asked.

    Every answer is kept, so nothing is paid twice: a run that was stopped asks for what is left.
    With `known` the votes of other steps are taken over where the voter is the same; those steps
    should ask in the same way. `principles` has what was voted on, with its places in the lists.

    The ledger counts comparisons. The notes tell of requests, tokens, failures, how far votes go
    by the place of a response, and, with `reference`, how far they agree with computed ones.

    Raises:
        DataError: If more votes failed than `max_failed` allows.
        BackendError: If answers are missing in the end; a second run asks for those only.
        BudgetError: If the budget does not allow the next request.

    References:
        Findeis et al. (2025), *Inverse Constitutional AI* (arXiv:2406.06560), section 3: votes of
        a model on many principles at once. Zheng et al. (2023), *Judging LLM-as-a-Judge with
        MT-Bench and Chatbot Arena* (arXiv:2306.05685): both orders.
    """
    model = params.model
    if model is None:
        return StageResult({}, 0, 0, notes=("no model is named, so nobody votes on principles",))
    if context.chat is None:
        raise InternalError("The stage vote-principles was given no place for answers.")
    principles = _principles(tables, params, context)
    matter = read_matter(
        tables, params.pairs, limit=params.limit, seed=context.seed, train_share=params.train_share
    )
    if principles.is_empty() or matter.is_empty():
        what = "principles" if principles.is_empty() else "comparisons"
        return StageResult({}, 0, 0, notes=(f"there are no {what} to vote on",))
    asking = Asking(
        model=model,
        per_request=params.per_request,
        both_orders=params.both_orders,
        max_chars=params.max_chars,
        retries=params.retries,
        seed=context.seed,
        step=context.step,
    )
    voter = voter_of(context.chat, model, context.step)
    cast = _without_asking(tables, params, matter, principles, voter)
    missing = cast == FAILED
    asked = ask_votes(matter, principles, missing, asking, context.chat)
    given = both_orders(asked.shown)
    votes = np.where(given == UNASKED, cast, given)
    _allow(votes, missing, asked, params, context.step)
    return StageResult(
        tables={"principles": principles, "votes": vote_rows(matter, votes, voter)},
        rows_in=matter.height,
        rows_out=matter.height,
        notes=tuple(_notes(tables, params, matter, principles, votes, missing, asked)),
    )


def _principles(
    tables: Mapping[str, pl.LazyFrame], params: VotePrinciples, context: Context
) -> pl.DataFrame:
    path = params.constitution
    return list_principles(
        tables,
        params.principles,
        given=params.given,
        document=None if path is None else read_document(context.files[path]),
        standard=None if params.standard == "none" else standard_list(params.standard),
    )


def _without_asking(
    tables: Mapping[str, pl.LazyFrame],
    params: VotePrinciples,
    matter: pl.DataFrame,
    principles: pl.DataFrame,
    voter: str,
) -> NDArray[np.int8]:
    """Return the votes that need no request; `FAILED` for the others."""
    cast = known_votes(
        tables,
        params.known,
        voter=voter,
        comparisons=matter["comparison_id"],
        principles=principles["principle_id"],
    )
    cast[matter["is_alike"].to_numpy()] = 0
    cast[matter["is_blank"].to_numpy()] = NOT_APPLICABLE
    return cast


def _allow(
    votes: NDArray[np.int8],
    missing: NDArray[np.bool_],
    asked: Asked,
    params: VotePrinciples,
    step: str,
) -> None:
    """Refuse a vote of which too much failed.

    Raises:
        DataError: If more failed than the parameters allow.
    """
    n_failed, n_asked = int((votes == FAILED).sum()), int(missing.sum())
    if n_failed <= params.max_failed * n_asked:
        return
    name = params.model.model if params.model is not None else ""
    statuses = ", ".join(f"{status} {n:,}" for status, n in sorted(asked.n_answers.items()))
    again = (
        f"Raise `retries` (now {params.retries}), which asks for those again and for nothing else; "
        if n_failed <= n_asked * _MANY
        else ""
    )
    fix = (
        f"{again}name a model that answers in JSON, put fewer principles into a request "
        "(`per_request`), or raise `max_failed`; where answers were cut, raise `max_tokens` of the "
        "model. The table answers has what it said."
    )
    raise DataError(
        f"{n_failed:,} of {n_asked:,} votes of {name} failed ({n_failed / n_asked:.1%}); "
        f"{params.max_failed:.1%} may. Its answers: {statuses}.",
        where=f"step {step!r}",
        fix=fix[0].upper() + fix[1:],
    )


def _notes(
    tables: Mapping[str, pl.LazyFrame],
    params: VotePrinciples,
    matter: pl.DataFrame,
    principles: pl.DataFrame,
    votes: NDArray[np.int8],
    missing: NDArray[np.bool_],
    asked: Asked,
) -> Iterator[str]:
    n_blank, n_alike = int(matter["is_blank"].sum()), int(matter["is_alike"].sum())
    n_known = votes.size - int(missing.sum())
    yield (
        f"{matter.height:,} comparisons and {principles.height:,} principles: "
        f"{int(missing.sum()):,} votes asked for, {n_known:,} known without"
    )
    if n_blank or n_alike:
        yield (
            f"nothing is asked about {n_blank:,} comparisons with an empty response and "
            f"{n_alike:,} of the same words"
        )
    if asked.n_requests and params.model is not None:
        yield asked_note(asked, params.model.model)
    if n_failed := int((votes == FAILED).sum()):
        yield f"{n_failed:,} votes failed ({n_failed / votes.size:.2%})"
    yield from position_notes(positions(asked.shown), principles)
    if params.reference is not None:
        computed = votes_of_step(
            tables,
            params.reference,
            comparisons=matter["comparison_id"],
            principles=principles["principle_id"],
        )
        yield from calibration_notes(votes, computed, principles)
