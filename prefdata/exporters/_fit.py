"""Why a format cannot hold a pair: reasons that all formats share, tried in order.

Names are those of the flags of `flag-quality`, where it finds the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from prefdata.protocols import Unfit

__all__ = [
    "ALTERNATING",
    "Reason",
    "after_user",
    "alternating",
    "answered",
    "asked",
    "different",
    "known_roles",
    "of_assistant",
    "one_message",
    "one_question",
    "outside",
    "reasons",
    "to_answer",
    "unfit_by",
    "unfit_if",
    "without_system",
]

Reason = tuple[str, pl.Expr]
"""A name in kebab case, and the expression that is true of pairs that it keeps out."""

_SIDES = ("chosen", "rejected")
# Python, in which trainers strip texts, counts four separators as blanks that Unicode does not.
_BLANK = r"^[\s\x1c-\x1f]*$"


def reasons(frame: pl.DataFrame, tests: Sequence[Reason]) -> pl.Series:
    """Return for each pair the first reason that is true of it, or null.

    Args:
        frame: Pairs, as an exporter gets them.
        tests: The reasons, the one that says most first.
    """
    found = pl.coalesce(
        *(pl.when(test.fill_null(value=True)).then(pl.lit(name)) for name, test in tests),
        pl.lit(None, pl.String),
    )
    return frame.select("pair_id", reason=found)["reason"]


def unfit_if(*tests: Reason) -> Unfit:
    """Make the `Exporter.unfit` of a format whose reasons do not depend on its parameters."""
    return unfit_by(lambda _: tests)


def unfit_by(choose: Callable[[Any], Sequence[Reason]]) -> Unfit:
    """Make the `Exporter.unfit` of a format whose parameters choose the reasons."""

    def unfit(frame: pl.DataFrame, params: Any) -> pl.Series:
        return reasons(frame, choose(params))

    return unfit


def asked() -> Reason:
    """``empty-prompt``: nothing is asked, or the message to answer has no text."""
    last = pl.col("prompt").list.last().struct.field("content")
    return "empty-prompt", (_length("prompt") == 0) | _is_blank(last)


def answered() -> Reason:
    """``empty-response``: a response has no message, or the last one has no text."""
    empty = [
        (_length(side) == 0) | _is_blank(pl.col(side).list.last().struct.field("content"))
        for side in _SIDES
    ]
    return "empty-response", pl.any_horizontal(empty)


def different() -> Reason:
    """``identical-responses``: both responses have the same roles and words."""
    return "identical-responses", pl.col("chosen").eq_missing(pl.col("rejected"))


def one_message() -> Reason:
    """``divergent-tail``: a response is more than one message of the assistant."""
    odd = [(_length(side) != 1) | (_roles(side) != "assistant") for side in _SIDES]
    return "divergent-tail", pl.any_horizontal(odd)


def known_roles(*extra: str) -> Reason:
    """``unknown-role``: a role is none of system, user, assistant and those named."""
    one = "|".join(("system", "user", "assistant", *extra))
    plain = rf"^(?:(?:{one})(?: |$))*$"
    odd = [~_roles(name).str.contains(plain) for name in ("prompt", *_SIDES)]
    return "unknown-role", pl.any_horizontal(odd)


def after_user() -> Reason:
    """``last-turn-not-user``: the message to answer is not the user's."""
    return "last-turn-not-user", ~_roles("prompt").str.ends_with("user")


def to_answer() -> Reason:
    """``last-turn-not-user``: the prompt does not end with what an assistant answers.

    Tools may speak last; conversations that part before their last question share a prompt that
    ends with an answer, which a trainer would let the model go on with.
    """
    return "last-turn-not-user", ~_roles("prompt").str.contains(r"(?:^| )(?:user|tool)$")


def of_assistant() -> Reason:
    """``response-not-assistant``: a response does not end with the assistant."""
    odd = [~_roles(side).str.ends_with("assistant") for side in _SIDES]
    return "response-not-assistant", pl.any_horizontal(odd)


def alternating() -> Reason:
    """``repeated-role``: the prompt is not user, assistant, user, …, user, after one system."""
    return "repeated-role", ~_roles("prompt").str.contains(ALTERNATING)


def one_question() -> Reason:
    """``several-turns``: the prompt is not one message of the user, after one system at most."""
    return "several-turns", ~_roles("prompt").str.contains(r"^(?:system )?user$")


def without_system() -> Reason:
    """``system-prompt``: the prompt has a system message, and the format no place for it."""
    return "system-prompt", _roles("prompt").str.contains(r"(?:^| )system(?: |$)")


def outside(text: str) -> Reason:
    """``found-in-template``: a response is part of a text that a trainer searches for it first."""
    found = [
        pl.lit(text).str.contains(pl.col(side).list.last().struct.field("content"), literal=True)
        for side in _SIDES
    ]
    return "found-in-template", pl.any_horizontal(found)


ALTERNATING = r"^(?:system )?user(?: assistant user)*$"
"""Roles of a prompt that every chat template takes, joined by spaces."""


def _length(name: str) -> pl.Expr:
    return pl.col(name).list.len().fill_null(0)


def _is_blank(text: pl.Expr) -> pl.Expr:
    return text.fill_null("").str.contains(_BLANK)


def _roles(name: str) -> pl.Expr:
    return pl.col(name).list.eval(pl.element().struct.field("role")).list.join(" ")
