"""Rationales as trainers read them: which one a pair gets, and the question it answers.

In the catalog a rationale calls the two responses X and Y. A training text has names of its own,
and shows the responses in an order that is drawn for each pair: a format that always put the
chosen response first would teach that the first is better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.protocols import Params
from prefdata.rationales.handles import is_chosen_x, rename_handles

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "KINDS",
    "Compared",
    "Kind",
    "One",
    "Shown",
    "called",
    "in_order",
    "kept",
    "plain_text",
    "question",
    "renamed",
    "verdict_line",
    "with_rationales",
]

Kind = Literal["specific", "general", "feedback", "reason", "aspect", "critique", "any", "each"]
KINDS = ("specific", "general", "feedback", "reason", "critique", "aspect")
"""Kinds of rationales, the most telling first."""
_SIDES = ("chosen", "rejected")
_FIRST, _SECOND = "Response 1", "Response 2"


One = Literal["specific", "general", "feedback", "reason", "aspect", "critique", "any"]
"""Which one a pair gets, where a format has room for one."""


class Shown(Params):
    """Parameters of formats that show two responses and say which is better, and why."""

    seed: int = Field(default=0, ge=0, description="Of the order in which responses are shown.")
    first: str = Field(
        default=_FIRST, min_length=1, description="Name of the response that is shown first."
    )
    second: str = Field(
        default=_SECOND, min_length=1, description="Name of the response that is shown second."
    )

    @model_validator(mode="after")
    def _two_names(self) -> Self:
        if self.first == self.second:
            message = "first and second are two names; the responses could not be told apart"
            raise ValueError(message)
        return self


class Compared(Shown):
    """Parameters of those that have room for one rationale of each pair."""

    kind: One = Field(
        default="any",
        description="Which of the rationales that passed a pair gets. `any`: the first of "
        "specific, general, feedback, reason, critique, aspect.",
    )


def with_rationales(frame: pl.DataFrame, about: Sequence[str] = ("both",)) -> pl.DataFrame:
    """Return a row for each rationale with text: the columns of its pair and those of its own.

    Args:
        frame: Pairs as exporters get them, with ``rationales``.
        about: Which rationales: of ``both`` responses, of the ``chosen`` or the ``rejected``.
    """
    # Two names are those of the pair as well, and the pair's are not needed here.
    pairs = frame.drop("language", "aspect")
    return (
        pairs.explode("rationales")
        .filter(pl.col("rationales").is_not_null())
        .unnest("rationales")
        .filter(pl.col("text").is_not_null() & pl.col("about").is_in(list(about)))
    )


def kept(frame: pl.DataFrame, kind: Kind, about: Sequence[str] = ("both",)) -> pl.DataFrame:
    """Return for each pair the rationale that it gets, where one passed; with ``each`` several.

    What a source says of one response alone is read by no gate, and counts as it is.

    Args:
        frame: Pairs as exporters get them, with ``rationales``.
        kind: The kind wanted; see `Compared`.
        about: As in `with_rationales`; at most one (of each kind) for each of these.
    """
    is_of_one = pl.col("is_kept").is_null()
    rows = with_rationales(frame, about).filter(pl.col("is_kept") | is_of_one)
    if kind not in {"any", "each"}:
        rows = rows.filter(pl.col("kind") == kind)
    rank = pl.col("kind").replace_strict({name: i for i, name in enumerate(KINDS)}, default=9)
    # Pairs come in a fixed order, and leave in it.
    one = ["pair_id", "about", *(["kind"] if kind == "each" else [])]
    return (
        rows.with_columns(rank=rank)
        .sort("rank", "rationale_id", maintain_order=True)
        .unique(one, keep="first", maintain_order=True)
        .sort("pair_id", "about", "rank")
        .drop("rank")
    )


def in_order(frame: pl.DataFrame, seed: int, *, is_exchanged: bool = False) -> pl.DataFrame:
    """Add ``is_chosen_first``, drawn from the pair's name and the seed."""
    drawn = is_chosen_x(frame["pair_id"], seed=seed, sample=0, attempt=1)
    return frame.with_columns(is_chosen_first=~drawn if is_exchanged else drawn)


def renamed(frame: pl.DataFrame, params: Shown) -> pl.Series:
    """Return the texts with X and Y called by the names under which responses are shown.

    Args:
        frame: Columns ``text``, ``preferred`` and ``is_chosen_first``. Texts without a preferred
            handle have none at all, and stay.
        params: The names.
    """
    is_x_first = (frame["preferred"] == "x") == frame["is_chosen_first"]
    return called(frame["text"], is_x_first, params.first, params.second)


def called(texts: pl.Series, is_x: pl.Series, one: str, other: str) -> pl.Series:
    """Return texts in which X is called ``one`` where ``is_x``, else Y; the other is ``other``."""
    names = {True: one, False: other}
    x = is_x.replace_strict(names, return_dtype=pl.String)
    y = (~is_x).replace_strict(names, return_dtype=pl.String)
    return rename_handles(texts, x, y)


def question(params: Shown) -> pl.Expr:
    """Return the question that a rationale answers: the prompt, and both responses in order."""
    shown = [
        pl.when("is_chosen_first").then(plain_text(one)).otherwise(plain_text(other))
        for one, other in (_SIDES, _SIDES[::-1])
    ]
    return pl.concat_str(
        pl.lit(f"Which response is better, {params.first} or {params.second}, and why?\n\n"),
        pl.lit("# Prompt\n"),
        plain_text("prompt"),
        pl.lit(f"\n\n# {params.first}\n"),
        shown[0],
        pl.lit(f"\n\n# {params.second}\n"),
        shown[1],
    )


def verdict_line(is_for_chosen: pl.Expr, params: Shown) -> pl.Expr:
    """Return ``Verdict: <name>`` of the response that is said to be better."""
    is_first = is_for_chosen == pl.col("is_chosen_first")
    name = pl.when(is_first).then(pl.lit(params.first)).otherwise(pl.lit(params.second))
    return pl.concat_str(pl.lit("Verdict: "), name)


def plain_text(column: str) -> pl.Expr:
    """Return messages as text: one message as its content, several each with its role."""
    message = pl.element().struct
    told = pl.concat_str(
        message.field("role").str.to_titlecase(), pl.lit(": "), message.field("content")
    )
    return (
        pl.when(pl.col(column).list.len() == 1)
        .then(pl.col(column).list.first().struct.field("content"))
        .otherwise(pl.col(column).list.eval(told).list.join("\n\n"))
    )
