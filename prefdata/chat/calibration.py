"""How many tokens requests and answers take: as a model was seen to count them, or a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.chat.requests import prompt_bytes, prompt_chars

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.protocols import ChatRequest

__all__ = ["Calibration", "calibrate"]

_FEWEST = 20
"""Answers from which on a model is taken to be known."""
_BYTES_PER_TOKEN = 4.0
"""Four letters of English, two of Cyrillic or Arabic, and a bit more than one ideograph, which is
about what tokenisers of many languages make of them."""
_TOKENS_PER_MESSAGE = 4.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Tokens per request and answer of one chat model, for one purpose."""

    n: int = 0
    """Answers of the same purpose that it stands on; 0 where their length is a guess."""
    prompt_per_char: float | None = None
    """Tokens sent per character of a request's messages, repeated attempts included."""
    completion: float | None = None
    """Tokens per answer, those of useless attempts included; None where it depends on the text."""
    completion_per_char: float | None = None
    """Tokens per character of an answer."""
    cached_share: float = 0.0
    """Of the tokens sent, the share that the server had in its cache."""

    def prompt_tokens(self, request: ChatRequest) -> float:
        """Return the tokens that a request is expected to take."""
        if self.prompt_per_char is not None:
            return self.prompt_per_char * prompt_chars(request)
        around = _TOKENS_PER_MESSAGE * len(request.messages)
        return prompt_bytes(request) / _BYTES_PER_TOKEN + around

    def completion_tokens(self, request: ChatRequest) -> float:
        """Return the tokens that its answer is expected to take.

        Where nobody knows, they are those of its stand-in, and without one the longest answer.
        """
        if self.completion is not None:
            return self.completion
        text = request.stand_in
        if not text:
            return float(request.max_tokens)
        if self.completion_per_char is not None:
            return min(self.completion_per_char * len(text), request.max_tokens)
        return min(len(text.encode()) / _BYTES_PER_TOKEN + 1.0, request.max_tokens)


def calibrate(catalog: Catalog, chat: str, purpose: str) -> Calibration:
    """Return what the known answers of a chat model say, those of the same purpose first.

    Answers of another purpose have another length, so only what a character takes is learned from
    them.

    Args:
        catalog: Where its answers are.
        chat: Digest of the chat model.
        purpose: What is to be asked for.
    """
    seen = _seen(catalog, chat)
    same = seen.filter(pl.col("purpose") == purpose)
    is_same = bool(same["n"].sum() >= _FEWEST)
    rows = (same if is_same else seen).sum()
    n = int(rows["n"].item() or 0)
    if n < _FEWEST:
        return Calibration()
    total = {name: float(rows[name].item() or 0) for name in rows.columns if name != "purpose"}
    completion = total["completion_tokens"] / n
    per_char = total["completion_tokens"] / max(total["text_chars"], 1.0)
    return Calibration(
        n=n if is_same else 0,
        prompt_per_char=total["prompt_tokens"] / max(total["prompt_chars"], 1.0),
        completion=completion if is_same else None,
        completion_per_char=per_char,
        cached_share=total["cached_tokens"] / max(total["prompt_tokens"], 1.0),
    )


def _seen(catalog: Catalog, chat: str) -> pl.DataFrame:
    """Return sums by purpose: characters of the answers, and tokens of all that they took.

    Tokens are taken from the ledger where it has more than the answers say: it knows of the
    attempts that were paid and brought nothing.
    """
    is_counted = pl.col("prompt_tokens").is_not_null() & pl.col("completion_tokens").is_not_null()
    tokens = ("prompt_tokens", "cached_tokens", "completion_tokens")
    answers = (
        catalog.scan("answers", (chat,))
        .filter(is_counted)
        .group_by("purpose")
        .agg(
            pl.len().alias("n"),
            pl.col("prompt_chars").sum(),
            pl.col("text").str.len_chars().sum().alias("text_chars"),
            *(pl.col(name).sum() for name in tokens),
        )
    )
    ledger = (
        catalog.scan("spending")
        .filter(pl.col("chat") == chat)
        .group_by("purpose")
        .agg(pl.col(name).sum().alias(f"{name}_paid") for name in tokens)
    )
    most = [pl.max_horizontal(name, f"{name}_paid").alias(name) for name in tokens]
    return (
        answers.join(ledger, on="purpose", how="left")
        .select("purpose", "n", "prompt_chars", "text_chars", *most)
        .collect()
    )
