"""A constitution as something that can judge: principles, which way each holds, and its weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.names import principle_id
from prefdata.core.errors import DataError
from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from prefdata.constitution.document import Document

__all__ = ["WEIGHED", "Constitution", "constitution_of", "placed"]

WEIGHED: dict[str, pl.DataType] = {
    "principle_id": pl.String(),
    "name": pl.String(),
    "sentence": pl.String(),
    "is_opposite": pl.Boolean(),
    "weight": pl.Float64(),
}
"""Columns of the principles of a constitution. ``sentence`` is what holds; with ``is_opposite`` the
votes of the principle speak for the other response. ``weight`` is the log-odds of a vote."""

_NO_WEIGHT = 1.0
"""Of principles that nobody measured: each has one vote, as large as the next."""


@dataclass(frozen=True, slots=True)
class Constitution:
    """Principles that judge together, the weightiest claim first to be read."""

    principles: pl.DataFrame
    """Columns of `WEIGHED`, by rank; none where nothing holds."""

    @property
    def name(self) -> str:
        """What its judgments are named by: another weight makes another judge."""
        said = self.principles.select("principle_id", "is_opposite", "weight").rows()
        return digest(said)[:12]


def constitution_of(rows: pl.DataFrame | Document) -> Constitution:
    """Return the constitution of one group, or of a file.

    Args:
        rows: Columns of ``constitutions``, of one group of one source and step; or a document,
            in which principles without a weight count alike.
    """
    if isinstance(rows, pl.DataFrame):
        found = rows.sort("rank").with_columns(name=pl.lit(None))
    else:
        found = pl.DataFrame(
            [
                {
                    "principle_id": one.principle_id,
                    "name": one.name,
                    "sentence": one.sentence,
                    "is_opposite": one.is_opposite,
                    "weight": _NO_WEIGHT if one.weight is None else one.weight,
                }
                for one in rows.principles
            ],
            schema=WEIGHED,
        )
    return Constitution(found.select(pl.col(name).cast(dtype) for name, dtype in WEIGHED.items()))


def placed(constitution: Constitution, principles: pl.DataFrame) -> pl.DataFrame:
    """Find the principles of a constitution among those that were voted on.

    A principle is found by its id; else as the opposite of one, by its words; else by its name,
    where it is a factor. In a list of sentences, the name may stand for the sentence.

    Args:
        constitution: What judges.
        principles: Columns of ``principles`` of the steps that voted, those of the first first.

    Returns:
        A row for each principle of the constitution, in order: ``voting`` (the step), ``position``
        in its lists, and ``odds``: the log-odds that its vote adds for the response it names.

    Raises:
        DataError: If nobody voted on some of them.
    """
    opposites = principle_id(principles["opposite"])
    factors = pl.col("origin") == "catalogue"
    keys = [
        principles.select("stage", "position", key="principle_id", turn=pl.lit(1.0)),
        principles.select("stage", "position", key=opposites, turn=pl.lit(-1.0)),
        principles.filter(factors).select(
            "stage", "position", key=pl.lit("name:") + pl.col("name"), turn=pl.lit(1.0)
        ),
    ]
    known = pl.concat(keys).drop_nulls("key").unique("key", keep="first", maintain_order=True)
    sign = pl.when("is_opposite").then(-1.0).otherwise(1.0)
    wanted = constitution.principles.with_columns(
        odds=pl.col("weight") * sign,
        named=pl.lit("name:") + pl.coalesce("name", "sentence"),
    )
    by_id = wanted.join(known, left_on="principle_id", right_on="key", how="left")
    found = by_id.join(known, left_on="named", right_on="key", how="left", suffix="_named")
    found = wanted.select("principle_id").join(
        found.select(
            *("principle_id", "sentence"),
            voting=pl.coalesce("stage", "stage_named"),
            position=pl.coalesce("position", "position_named"),
            odds=pl.col("odds") * pl.coalesce("turn", "turn_named"),
        ),
        on="principle_id",
        how="left",
        maintain_order="left",
    )
    missing = found.filter(pl.col("voting").is_null())
    if missing.height:
        raise DataError(
            f"Nobody voted on {missing.height} of {found.height} principles of the constitution, "
            f"such as: {missing['sentence'][0]!r}.",
            where="table principles",
            fix="Name the steps that vote on them in `votes`; `vote-principles` lets a model vote "
            "on sentences of your own.",
        )
    return found.select("sentence", "voting", "position", "odds")
