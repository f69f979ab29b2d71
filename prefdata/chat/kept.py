"""Answers as they are kept: a row of the journal and of the table ``answers``, and back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from prefdata.protocols import ChatAnswer
from prefdata.schema import conform, polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefdata.protocols import Alternatives, AnswerStatus

__all__ = ["AnswerRow", "alternatives_json", "answers_frame", "clean"]

_NEVER = -9999.0
"""What servers write for the logarithm of a probability of zero, which JSON cannot say."""


class AnswerRow(NamedTuple):
    """One answer, by the columns of ``answers`` that differ within one stretch of calls."""

    request: str
    reported_model: str | None
    status: AnswerStatus
    text: str | None
    finish_reason: str | None
    logprobs: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    prompt_chars: int
    n_attempts: int
    detail: str | None

    def answer(self) -> ChatAnswer:
        """Return the answer as stages see it."""
        return ChatAnswer(
            self.request,
            self.status,
            self.text,
            self.finish_reason,
            None if self.logprobs is None else _alternatives(self.logprobs),
            self.prompt_tokens,
            self.completion_tokens,
            self.detail,
        )


def alternatives_json(alternatives: Iterable[Alternatives]) -> str:
    """Write log-probabilities as JSON: for each token a list of tokens with their values."""
    values = [
        [[clean(token), value if math.isfinite(value) else _NEVER] for token, value in likeliest]
        for likeliest in alternatives
    ]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _alternatives(text: str) -> tuple[Alternatives, ...]:
    return tuple(
        tuple((str(token), float(value)) for token, value in likeliest)
        for likeliest in json.loads(text)
    )


def clean(text: str) -> str:
    """Return a text that can be written: halves of characters become question marks.

    JSON may hold half of a character (a lone surrogate), which no file can.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def answers_frame(
    rows: Iterable[AnswerRow], *, chat: str, purpose: str, model: str, server: str
) -> pl.DataFrame:
    """Return rows of the table ``answers``."""
    schema = table_schema("answers")
    types = polars_schema(schema)
    frame = pl.DataFrame(
        list(rows), schema={name: types[name] for name in AnswerRow._fields}, orient="row"
    )
    told = {"chat": chat, "purpose": purpose, "model": model, "server": server}
    return conform(frame.with_columns(pl.lit(v).alias(k) for k, v in told.items()), schema)
