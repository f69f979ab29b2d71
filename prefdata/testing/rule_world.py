"""Pairs that were chosen by known rules, for runs against a model that votes by the same rules."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import polars as pl

from prefdata.schema import conform, empty_frame, polars_schema, table_schema
from prefdata.tables.identity import hash_texts
from prefdata.tables.messages import message, messages_of
from prefdata.testing.rule_model import rule_preference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["rule_pairs", "rule_tables"]

_SOURCE = "toy"
_STEP = "make-pairs"
_WORDS = ("river", "stone", "garden", "letter", "music", "winter", "market", "bridge", "story")
_EXTRAS = (
    (0.4, 0, "I am sorry."),
    (0.4, 9, "There are {} of them."),
    (0.3, 9, "How good!"),
    (0.4, 9, "What do you think?"),
)
"""What a response has by chance: how often, where, and what."""
_TABLES = ("pairs", "annotators", "prompts", "responses", "principles", "votes")


def rule_pairs(
    n: int, weights: Mapping[str, float], *, noise: float = 0.1, seed: int = 0
) -> list[dict[str, str]]:
    """Return pairs of responses of which rules chose one.

    What the rules count is there or not by chance, each by itself, so that what is not among the
    weights has nothing to do with the choice.

    Args:
        n: Number of pairs; each has a prompt of its own.
        weights: As in `prefdata.testing.rule_model.rule_preference`.
        noise: Share of choices that fall the other way.
        seed: Of all that is drawn.

    Returns:
        Rows with ``prompt``, ``chosen`` and ``rejected``.
    """
    chance = random.Random(seed)  # noqa: S311 - a world of a test
    rows = []
    for i in range(n):
        a, b = _response(chance), _response(chance)
        # Ties are decided by chance, which the jitter is small enough for.
        lead = rule_preference(a, b, weights) + chance.uniform(-0.01, 0.01)
        if chance.random() < noise:
            lead = -lead
        chosen, rejected = (a, b) if lead > 0 else (b, a)
        rows.append(
            {
                "prompt": f"Tell me of {_said(chance, 3)}, {i}.",
                "chosen": chosen,
                "rejected": rejected,
            }
        )
    return rows


def rule_tables(rows: Sequence[Mapping[str, str]]) -> dict[str, pl.LazyFrame]:
    """Return rows as tables that stages of principles read; there are no principles or votes yet.

    The prompt of row i is ``toy:i``, its responses ``toy:i/chosen`` and ``toy:i/rejected``; the
    pairs are of a step ``make-pairs`` and one annotator.
    """
    frame = (
        pl.DataFrame(rows)
        .with_row_index()
        .with_columns(
            source=pl.lit(_SOURCE), prompt_id=pl.format("{}:{}", pl.lit(_SOURCE), "index")
        )
    )
    ids = {side: pl.format("{}/{}", "prompt_id", pl.lit(side)) for side in ("chosen", "rejected")}
    prompts = frame.with_columns(
        turn=pl.lit(0),
        messages=messages_of(message("user", "prompt")),
        content_hash=hash_texts(frame["prompt"]),
    )
    responses = [
        frame.with_columns(
            response_id=name,
            text=side,
            messages=messages_of(message("assistant", side)),
            content_hash=hash_texts(frame[side]),
        )
        for side, name in ids.items()
    ]
    pairs = frame.with_columns(
        **{f"{side}_id": name for side, name in ids.items()},
        pair_id="prompt_id",
        annotator_id=pl.lit(f"{_SOURCE}:somebody"),
        aspect=pl.lit("overall"),
        rule=pl.lit("choice"),
        stage=pl.lit(_STEP),
    )
    who = {"annotator_id": f"{_SOURCE}:somebody", "source": _SOURCE, "kind": "human"}
    made = {
        "pairs": pairs,
        "prompts": prompts,
        "responses": pl.concat(responses),
        "annotators": pl.DataFrame([who]),
    }
    return {
        name: (_whole(made[name], name) if name in made else empty_frame(table_schema(name))).lazy()
        for name in _TABLES
    }


def _whole(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Fill the columns that nobody named."""
    types = polars_schema(table_schema(table))
    missing = [pl.lit(None, dtype).alias(n) for n, dtype in types.items() if n not in frame.columns]
    return conform(frame.with_columns(missing).select(*types), table_schema(table))


def _response(chance: random.Random) -> str:
    parts = [f"{_said(chance, chance.randint(3, 25)).capitalize()}."]
    for share, place, words in _EXTRAS:
        if chance.random() < share:
            parts.insert(place, words.format(chance.randint(2, 99)))
    return " ".join(parts)


def _said(chance: random.Random, n: int) -> str:
    return " ".join(chance.choices(_WORDS, k=n))
