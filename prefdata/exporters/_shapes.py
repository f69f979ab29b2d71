"""What the formats of trainers are made of: whole conversations, single turns, rows with labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.exporters._files import UNASSIGNED
from prefdata.exporters._fit import (
    after_user,
    alternating,
    answered,
    asked,
    different,
    known_roles,
    one_message,
    one_question,
    without_system,
)
from prefdata.tables.identity import hash_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from prefdata.exporters._fit import Reason

__all__ = [
    "FROM",
    "MARGIN",
    "MODELS",
    "QUESTION",
    "SIDES",
    "TALK",
    "TURN",
    "WHO",
    "LabelledRows",
    "NewPrompts",
    "conversation",
    "is_evaluation",
    "last_text",
    "models",
    "renamed_turn",
    "system_text",
    "turns",
    "write_beside",
]

SIDES = ("chosen", "rejected")

WHO = "who preferred it: annotator_id, n_votes, aspect, strength"
FROM = "where it is from: pair_id, prompt_id, source, subset, language"
MODELS = "which models answered: chosen_model, rejected_model"
MARGIN = "how much better it is: margin, margin_unit"

TALK: tuple[Reason, ...] = (
    asked(),
    answered(),
    one_message(),
    different(),
    known_roles(),
    after_user(),
    alternating(),
)
"""Reasons of formats over which a chat template is laid: one that refuses a prompt whose roles do
not alternate, as those of Gemma and Mistral do, would stop the training."""

TURN: tuple[Reason, ...] = (*TALK, one_question())
"""Reasons of formats that hold one question, and its system prompt."""

QUESTION: tuple[Reason, ...] = (*TALK, without_system(), one_question())
"""Reasons of formats that hold one question and nothing before it."""

_ROLES = ("user", "assistant", "system")
_EVALUATION = ("test", "val", "dev", "eval", "held")


def conversation(side: str) -> pl.Expr:
    """Return the messages of the prompt and those of a response, as one list."""
    return pl.concat_list("prompt", side)


def last_text(name: str) -> pl.Expr:
    """Return the text of the last message of a column of messages."""
    return pl.col(name).list.last().struct.field("content")


def models() -> list[pl.Expr]:
    """Return the models that answered; ``unknown`` where nobody says.

    A column of nulls alone has no type in JSON, and files of two exports could not be joined.
    """
    return [pl.col(f"{side}_model").fill_null("unknown") for side in SIDES]


def system_text() -> pl.Expr:
    """Return the text of the system message of the prompt; empty where there is none.

    Readers take an empty one for none, and a column that is never null has a type in JSON.
    """
    said = pl.col("prompt").list.first().struct.field("content")
    return pl.when(_has_system()).then(said).otherwise(pl.lit(""))


def turns() -> pl.Expr:
    """Return the messages of the prompt but for its system message."""
    messages = pl.col("prompt")
    return pl.when(_has_system()).then(messages.list.slice(1)).otherwise(messages)


def renamed_turn(turn: pl.Expr, role: str, content: str, roles: Sequence[str]) -> pl.Expr:
    """Return a message with other names of its fields and of the roles.

    Args:
        turn: A struct of role and content.
        role: New name of the field.
        content: New name of the field.
        roles: New names of user, assistant and system.
    """
    names = dict(zip(_ROLES, roles, strict=True))
    return pl.struct(
        turn.struct.field("role").replace(names).alias(role),
        turn.struct.field("content").alias(content),
    )


def is_evaluation(split: str) -> bool:
    """Tell by its name whether a split is to be tested on, and not to be trained on."""
    return split.lower().startswith(_EVALUATION)


def write_beside(paths: Iterable[Path], name: str, text: str) -> list[Path]:
    """Write what a trainer reads beside the data, where there is data.

    Args:
        paths: Files of the data.
        name: Name of the file, which goes into their folder.
        text: Its content.

    Returns:
        All files.
    """
    files = list(paths)
    if not files:
        return files
    beside = files[0].parent / name
    beside.write_text(text, encoding="utf-8", newline="\n")
    return sorted([*files, beside])


class LabelledRows:
    """Two rows for each pair, where no response stands beside the other of its pair.

    Trainers of KTO estimate how far the model is from its reference by giving each prompt the
    response of the row before it. Were that the other response to the same prompt, half of the
    estimate would be of matched pairs. So a rejected response comes after the chosen one of the
    next pair of its split. The order depends on the pairs and not on how they came in frames.
    """

    def __init__(self) -> None:
        """Begin with no pair."""
        self._late: dict[str, pl.DataFrame] = {}

    @classmethod
    def of(cls, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Yield the rows of all pairs; columns as `add` returns them."""
        rows = cls()
        for frame in frames:
            yield rows.add(frame)
        yield from rows.rest()

    def add(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that a frame of pairs gives.

        Args:
            frame: Pairs as exporters get them.

        Returns:
            Columns of the pairs and ``response`` (messages) and ``label``; the rejected response
            of the last pair of each split is kept back.
        """
        named = frame.with_columns(pl.col("split").fill_null(UNASSIGNED))
        parts = named.partition_by("split", maintain_order=True)
        done = [self._woven(part, part["split"][0]) for part in parts]
        return pl.concat(done) if done else self._side(named, "chosen")

    def rest(self) -> list[pl.DataFrame]:
        """Return the rows that were kept back, one for each split."""
        return list(self._late.values())

    def _woven(self, part: pl.DataFrame, split: str) -> pl.DataFrame:
        rejected = self._side(part, "rejected")
        late = self._late.get(split, rejected.clear())
        self._late[split] = rejected.tail(1)
        waiting = pl.concat([late, rejected.head(-1)])
        # The one kept back follows the first chosen response, and so on.
        n_before = 1 - late.height
        chosen = self._side(part, "chosen").with_row_index("place")
        after = waiting.with_row_index("place", offset=n_before)
        return pl.concat([chosen, after]).sort("place", maintain_order=True).drop("place")

    @staticmethod
    def _side(part: pl.DataFrame, side: str) -> pl.DataFrame:
        return part.with_columns(response=pl.col(side), label=pl.lit(side == "chosen"))


class NewPrompts:
    """Keeps of prompts with equal words the one that comes first, across frames."""

    def __init__(self) -> None:
        """Begin with none seen."""
        self._seen: set[str] = set()

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows whose prompt comes for the first time."""
        words = hash_messages(frame["prompt"])
        is_new = words.is_first_distinct() & ~words.is_in(list(self._seen.intersection(words)))
        self._seen.update(words)
        return frame.filter(is_new)


def _has_system() -> pl.Expr:
    first = pl.col("prompt").list.first().struct.field("role")
    return (first == "system").fill_null(value=False)
