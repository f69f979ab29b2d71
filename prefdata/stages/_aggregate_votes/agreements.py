"""Rows of `agreements`: coefficients over all, and by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from prefdata.metrics.agreement import Estimate, agreement, agreement_between, level_counts
from prefdata.metrics.annotator_agreement import pairwise_kappa
from prefdata.routing.levels import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.stages._aggregate_votes.read import Read

__all__ = ["agreement_rows"]

Among = Literal["human", "ai", "human-ai"]
_ALL = "all"
_TAG = "tag"
_OF_PROMPTS = ("language", "topic", "subset")
_TWO = 2
_COLUMNS: Mapping[str, pl.DataType] = {
    "aspect": pl.String(),
    "coefficient": pl.String(),
    "among": pl.String(),
    "group_by": pl.String(),
    "group_value": pl.String(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "n_comparisons": pl.Int64(),
    "n_judgments": pl.Int64(),
    "n_annotators": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class _Group:
    """Votes of some annotators, or on some comparisons."""

    by: str
    value: str
    people: pl.DataFrame
    models: pl.DataFrame
    among: tuple[Among, ...] = ("human", "ai", "human-ai")


def agreement_rows(
    found: Read,
    tables: Mapping[str, pl.LazyFrame],
    *,
    groups: Sequence[str],
    features: pl.LazyFrame | None,
    step: str | None,
    min_group: int,
    seed: int,
) -> pl.DataFrame:
    """Make rows of `agreements`, without source and stage, which the runner fills.

    Krippendorff's alpha on three answers (a, b, a tie) and on five levels; Fleiss' kappa where all
    comparisons have the same number of votes; Cohen's kappa, of two people as the mean over all who
    share enough, and of people with models over all their meetings; and the share that says the
    same. A group of annotators is compared within itself, and with models as a whole.

    Args:
        found: Comparisons and votes.
        tables: ``annotators`` and ``prompts``.
        groups: What to group by.
        features: Rows of ``comparison_features``, for tags.
        step: The step that wrote them.
        min_group: Fewest comparisons of a group.
        seed: Of the bootstrap.
    """
    rows: list[dict[str, Any]] = []
    known = _known(found, tables, groups, features, step)
    for aspect, mine in found.of_aspects():
        for group in _groups(mine, known, groups):
            for among in group.among:
                one, other = _sides(group, among)
                of_group = _coefficients(mine, one, other, min_group, seed)
                if of_group and (group.by == _ALL or of_group[0]["n_comparisons"] >= min_group):
                    where = {"aspect": aspect, "among": among}
                    where |= {"group_by": group.by, "group_value": group.value}
                    rows += [where | row for row in of_group]
    keys = ["aspect", "group_by", "group_value", "among", "coefficient"]
    return pl.DataFrame(rows, schema=_COLUMNS).sort(keys)


def _sides(group: _Group, among: Among) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    if among == "human-ai":
        return group.people, group.models
    return (group.people if among == "human" else group.models), None


def _coefficients(
    mine: Read, one: pl.DataFrame, other: pl.DataFrame | None, min_shared: int, seed: int
) -> list[dict[str, Any]]:
    """Return coefficients of some votes, or of two sets of votes; none where nobody can agree."""
    levels = _counts(mine, one)
    if other is None:
        is_shared = levels.sum(axis=1) >= _TWO
        used = one
    else:
        others = _counts(mine, other)
        is_shared = (levels.sum(axis=1) > 0) & (others.sum(axis=1) > 0)
        used = pl.concat([one, other])
    if not is_shared.any():
        return []
    used = used.filter(pl.Series(is_shared[used["item"].to_numpy()]))
    numbers: dict[str, Any] = {
        "n_comparisons": int(is_shared.sum()),
        "n_judgments": used.height,
        "n_annotators": used["who"].n_unique(),
    }
    found: dict[str, Estimate] = {}
    answers = _answers(levels)
    if other is None:
        found["krippendorff-nominal"] = agreement(answers, "krippendorff-nominal", seed=seed)
        found["krippendorff-ordinal"] = agreement(levels, "krippendorff-ordinal", seed=seed)
        found["fleiss"] = agreement(answers, "fleiss", seed=seed)
        found["raw"] = agreement(answers, "raw", seed=seed)
        ratings = mine.ratings(used)
        found["cohen"] = pairwise_kappa(ratings, min_shared=min_shared, seed=seed)
    else:
        theirs = _answers(others)
        found["raw"] = agreement_between(answers, theirs, "raw", seed=seed)
        found["cohen"] = agreement_between(answers, theirs, "cohen", seed=seed)
    return [
        {"coefficient": name, "value": e.value, "low": e.low, "high": e.high} | numbers
        for name, e in found.items()
    ]


def _counts(mine: Read, votes: pl.DataFrame) -> NDArray[np.int64]:
    return level_counts(
        votes["item"].to_numpy(),
        votes["level"].to_numpy() - LEVELS[0],
        n_items=mine.n_items,
        n_levels=len(LEVELS),
    )


def _answers(levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the counts of b, a tie and a, from those of the levels."""
    middle = len(LEVELS) // 2
    parts = (levels[:, :middle], levels[:, middle : middle + 1], levels[:, middle + 1 :])
    return np.stack([part.sum(axis=1) for part in parts], axis=1)


def _known(
    found: Read,
    tables: Mapping[str, pl.LazyFrame],
    groups: Sequence[str],
    features: pl.LazyFrame | None,
    step: str | None,
) -> dict[str, pl.DataFrame]:
    """Return for each group its members: annotators or comparisons, and the value of each."""
    known: dict[str, pl.DataFrame] = {}
    for by in groups:
        value = pl.col(by if by != _TAG else "tags").cast(pl.String).alias("value")
        if by == _TAG:
            if features is None:  # pragma: no cover - the parameters ask for it
                continue
            rows = features.filter(pl.col("stage") == step).explode("tags")
            rows = rows.select("comparison_id", value)
        elif by in _OF_PROMPTS:
            items = found.comparisons.lazy().select("comparison_id", "prompt_id")
            prompts = tables["prompts"].select("prompt_id", value)
            rows = items.join(prompts, on="prompt_id").select("comparison_id", "value")
        else:
            rows = tables["annotators"].select("annotator_id", value)
        known[by] = rows.drop_nulls("value").unique().collect()
    return known


def _groups(
    mine: Read, known: Mapping[str, pl.DataFrame], groups: Sequence[str]
) -> Iterator[_Group]:
    """Yield all votes on an aspect, and then each group."""
    people, models = mine.votes.filter(~pl.col("is_ai")), mine.votes.filter("is_ai")
    yield _Group(_ALL, _ALL, people, models)
    for by in groups:
        members = known[by]
        key = members.columns[0]
        of_members = mine.votes.join(members, on=key)
        parts = of_members.partition_by("value", as_dict=True, include_key=False)
        for (value,), unordered in sorted(parts.items()):
            part = unordered.sort("item", "who")
            some, of_models = part.filter(~pl.col("is_ai")), part.filter("is_ai")
            if key == "comparison_id":
                yield _Group(by, str(value), some, of_models)
            elif by == "model":
                yield _Group(by, str(value), people, of_models, ("ai", "human-ai"))
            else:
                # Who has a country is a person; models are compared with as a whole.
                yield _Group(by, str(value), some, of_models, ("human", "ai"))
                if some.height:
                    yield _Group(by, str(value), some, models, ("human-ai",))
