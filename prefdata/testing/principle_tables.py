"""The planted world of principles as tables of the catalog, for stages and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.ballots import NOT_APPLICABLE
from prefdata.constitution.names import principle_id
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.tables.comparisons import comparison_ids
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from prefdata.testing.principle_world import PrincipleWorld

__all__ = ["PAIRS", "VOTES", "principle_tables"]

PAIRS = "make-pairs"
"""The step that the pairs are of."""
VOTES = "factors"
"""The step that the principles and votes are of."""

_AROUND = {"stage": VOTES, "voter": "planted"}


def principle_tables(world: PrincipleWorld) -> dict[str, pl.LazyFrame]:
    """Return the tables that the stage `constitution` reads.

    Texts say nothing of the principles, but for their lengths. A label that is a tie is two pairs,
    one each way, as `make-pairs` writes them.

    Args:
        world: Votes and labels.
    """
    compared = comparison_ids(world.ballots.comparisons, "response_a_id", "response_b_id")
    frames = {
        "pairs": _pairs(world, compared),
        "votes": _votes(world, compared),
        "principles": _principles(world),
        "prompts": _prompts(compared),
        "responses": _responses(compared),
        "annotators": world.annotators.with_columns(kind=pl.lit("human")),
        "factors": pl.DataFrame(schema=polars_schema(table_schema("factors"))),
    }
    source = world.ballots.comparisons["source"][0]
    return {name: _whole(frame, name, source).lazy() for name, frame in frames.items()}


def _whole(frame: pl.DataFrame, table: str, source: str) -> pl.DataFrame:
    """Fill what a table needs and the world does not say."""
    schema = table_schema(table)
    types = polars_schema(schema)
    named = frame.with_columns(source=pl.lit(source, pl.String))
    given = [
        pl.col(name).cast(dtype) if name in named.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in types.items()
    ]
    return conform(named.select(given), schema)


def _principles(world: PrincipleWorld) -> pl.DataFrame:
    """Name principles by their words, as stages do."""
    frame = world.ballots.principles.with_columns(stage=pl.lit(VOTES))
    return frame.with_columns(principle_id(frame["sentence"]).alias("principle_id"))


def _pairs(world: PrincipleWorld, compared: pl.DataFrame) -> pl.DataFrame:
    labels = world.ballots.labels
    rows = compared[labels["at"]].select("prompt_id", "aspect", "response_a_id", "response_b_id")
    # The world's a may be b by its digest; labels are of the world's a.
    own = world.ballots.comparisons[labels["at"]]
    rows = rows.with_columns(
        one=own["response_a_id"], other=own["response_b_id"], y=labels["y"]
    ).with_columns(labels.select("annotator_id", "judgment_id"))
    ways = [
        rows.filter(pl.col("y") >= 0).with_columns(chosen_id="one", rejected_id="other"),
        rows.filter(pl.col("y") <= 0).with_columns(chosen_id="other", rejected_id="one"),
    ]
    pairs = pl.concat(ways).with_columns(rule=pl.lit("planted"), stage=pl.lit(PAIRS))
    return pairs.with_columns(
        pair_id=pl.concat_str("judgment_id", "chosen_id", separator="/"),
    )


def _votes(world: PrincipleWorld, compared: pl.DataFrame) -> pl.DataFrame:
    votes = world.ballots.votes.astype(np.int32)
    is_turned = ~compared["is_one_a"].to_numpy()[:, None] & (np.abs(votes) == 1)
    turned = np.where(is_turned, -votes, votes)
    n_principles = votes.shape[1]
    lists = pl.Series(turned).cast(pl.List(pl.Int32)) if n_principles else None
    voted = compared.with_columns(votes=lists).with_columns(
        pl.col("votes").list.eval(pl.when(pl.element() != NOT_APPLICABLE).then(pl.element()))
    )
    return voted.with_columns(pl.lit(value).alias(name) for name, value in _AROUND.items())


def _prompts(compared: pl.DataFrame) -> pl.DataFrame:
    prompts = compared.unique("prompt_id", maintain_order=True).select("prompt_id", "prompt_hash")
    text = pl.concat_str(pl.lit("What do you say to number "), "prompt_id", pl.lit("?"))
    return prompts.with_columns(said=text).select(
        "prompt_id",
        content_hash="prompt_hash",
        turn=pl.lit(0),
        messages=messages_of(message("user", "said")),
        language=pl.lit("en"),
    )


def _responses(compared: pl.DataFrame) -> pl.DataFrame:
    """Write responses whose numbers of words have about the ratio that the world names."""
    sizes = (20 * pl.col("length").exp()).round().clip(1, 200).cast(pl.Int64)
    is_one_a = pl.col("is_one_a")
    rows = []
    for side in ("a", "b"):
        words = pl.when(is_one_a == (side == "a")).then(sizes).otherwise(20)
        said = pl.concat_str(
            pl.lit("words ").repeat_by(words).list.join(""), pl.col(f"response_{side}_id")
        )
        rows.append(compared.select("prompt_id", response_id=f"response_{side}_id", text=said))
    responses = pl.concat(rows)
    return responses.with_columns(
        messages=messages_of(message("assistant", "text")), content_hash="text"
    )
