"""A plan, its curves and what annotators are worth, without any router: made up, but plausible."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.routing.votes import read_votes
from prefdata.schema import conform, table_schema
from prefdata.tables.identity import hash_texts, unit_interval
from prefdata.testing.votes import STEPS, VoteWorld, commit_frames, put_votes

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__ = ["compose_routes", "put_routes"]

_ROUTE, _AGREE = "route", "aggregate-votes"
_SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
_CHOSEN_SHARE = 0.2
_PRICE = 0.15
_MODERATE = "analyzer_scalar::feature_name=safety_concern|value=moderate"
_COMPLEX = "analyzer_scalar::feature_name=complexity_of_intents|value=complex"
_EFFECTS = {_MODERATE: 0.24, _COMPLEX: -0.11}
# The ends of each curve, and how far each router gets from random to the oracle between them.
_ENDS = {
    "label-accuracy": (0.87, 0.82, 0.055),
    "model-accuracy": (0.91, 0.96, 0.03),
    "model-log-loss": (0.31, 0.24, -0.05),
}
_SKILLS = {
    "random": 0.0,
    "uncertainty": 0.08,
    "influence": 0.62,
    "paired": 0.7,
    "ensemble": 0.86,
    "oracle": 1.0,
}
_VERDICTS = {
    "uncertainty": ("no-better-than-random", "the interval of its improvement holds 0"),
    "influence": ("use", "better than random, and the interval excludes 0"),
    "paired": ("use", "better than random, and the interval excludes 0"),
    "ensemble": ("use", "better than random, and the interval excludes 0"),
}


def compose_routes(
    frames: dict[str, pl.DataFrame], *, is_fallback: bool = False
) -> dict[str, pl.DataFrame]:
    """Return rows of routes, route_curves, route_verdicts, agreements and annotator_quality.

    Args:
        frames: Tables with votes, as `prefdata.testing.votes.vote_tables` makes them.
        is_fallback: Whether no router beats random choice, so that the plan asks at random.
    """
    n_pool = 0
    found: dict[str, list[pl.DataFrame]] = {}
    for source in frames["prompts"]["source"].unique().sort():
        one = {name: rows.filter(source=source) for name, rows in frames.items()}
        routes = _routes(one, "random" if is_fallback else "ensemble")
        n_pool = routes.filter(role="pool").height
        found.setdefault("routes", []).append(routes)
        found.setdefault("route_curves", []).append(_curves(source, n_pool, is_fallback))
        found.setdefault("route_verdicts", []).append(_verdicts(source, routes, is_fallback))
        found.setdefault("agreements", []).append(_agreements(source, routes.height))
        found.setdefault("annotator_quality", []).append(_quality(one))
    return {name: pl.concat(parts) for name, parts in found.items()}


def put_routes(
    catalog: Catalog, world: VoteWorld | None = None, *, is_fallback: bool = False
) -> dict[str, pl.DataFrame]:
    """Commit votes and all that `compose_routes` makes of them; return all frames."""
    frames = put_votes(catalog, world)
    made = compose_routes(frames, is_fallback=is_fallback)
    commit_frames(catalog, made, steps=(_ROUTE, _AGREE))
    return frames | made


def _routes(frames: dict[str, pl.DataFrame], router: str) -> pl.DataFrame:
    """Return the plan: each comparison with its role, arm, gain and price."""
    read = read_votes({name: rows.lazy() for name, rows in frames.items()}, STEPS)
    is_ai = pl.col("kind").is_in(["model", "rule"])
    counts = read.votes.group_by("comparison_id").agg(
        n_human=(~is_ai).sum().cast(pl.Int32), ai_label=pl.col("label").filter(is_ai).mean()
    )
    rows = read.comparisons.join(counts, on="comparison_id").drop_nulls("ai_label")
    rows = rows.join(
        frames["comparison_features"].select("comparison_id", "tags"), on="comparison_id"
    )
    role = (
        pl.when(pl.col("n_human") >= 3)  # noqa: PLR2004
        .then(pl.lit("evaluation"))
        .when(pl.col("n_human") > 0)
        .then(pl.lit("seed"))
        .otherwise(pl.lit("pool"))
    )
    is_pool = pl.col("role") == "pool"
    effects = [pl.col("tags").list.contains(t).cast(pl.Float64) * e for t, e in _EFFECTS.items()]
    rows = rows.sort("comparison_id").with_columns(role=role, chance=unit_interval("comparison_id"))
    gain = pl.sum_horizontal(effects) + 0.05 * pl.col("chance")
    rows = rows.with_columns(
        gain=pl.when(is_pool).then(gain if router != "random" else "chance"),
        why=pl.when(is_pool)
        .then(pl.col("tags").list.eval(pl.element().filter(pl.element().is_in(list(_EFFECTS)))))
        .otherwise([])
        .list.head(0 if router == "random" else 3),
    )
    n_asked = math.floor(_CHOSEN_SHARE * rows.filter(is_pool).height)
    place = pl.when(is_pool).then(pl.col("gain").rank("ordinal", descending=True))
    is_asked = pl.col("place").is_not_null() & (pl.col("place") <= n_asked)
    asked = (
        pl.when(pl.col("role") == "evaluation")
        .then(pl.lit("human-3"))
        .when((pl.col("role") == "seed") | is_asked)
        .then(pl.lit("human"))
        .otherwise(pl.lit("ai"))
    )
    rows = rows.with_columns(place=place.cast(pl.Int64)).with_columns(
        arm=asked,
        n_votes=is_asked.cast(pl.Int32),
        rank=pl.when(is_asked).then("place"),
        batch=pl.when(is_asked).then((pl.col("place") - 1) * 3 // max(n_asked, 1) + 1),
    )
    return _conformed(
        "routes",
        rows.select(
            *("comparison_id", "source", "prompt_id", "response_a_id", "response_b_id"),
            *("aspect", "role", "arm", "gain", "rank", "n_votes", "ai_label", "n_human", "why"),
            plan_id=pl.lit(hash_texts(pl.Series(["a plan"]))[0]),
            router=pl.when(is_pool).then(pl.lit(router)),
            gain_se=pl.when(is_pool).then(0.02 + 0.02 * pl.col("chance")),
            batch=pl.col("batch").cast(pl.Int32),
            cost=pl.col("n_votes") * _PRICE,
            currency=pl.lit("USD"),
            is_swapped=pl.col("chance") < 0.5,  # noqa: PLR2004
            why_gains=pl.col("why").list.eval(
                pl.element().replace_strict(_EFFECTS, return_dtype=pl.Float64)
            ),
            stage=pl.lit(_ROUTE),
        ),
    )


def _curves(source: str, n_pool: int, is_fallback: bool) -> pl.DataFrame:  # noqa: FBT001
    """Return curves that bulge between their ends, more for the better router."""
    chosen = "random" if is_fallback else "ensemble"
    rows: list[dict[str, Any]] = []
    for measure, (ai, human, bulge) in _ENDS.items():
        half = abs(bulge) / 4
        sign = -1.0 if measure == "model-log-loss" else 1.0
        for router, skill in _SKILLS.items():
            worth = 0.05 * skill if is_fallback and router != "oracle" else skill
            for share in _SHARES:
                top = math.sqrt(share) * (1 - share) * 2 * bulge
                value = ai + (human - ai) * share + worth * top
                is_end = share in {0.0, 1.0} or router == "random"
                rows.append(
                    {
                        "router": router,
                        "measure": measure,
                        "share": share,
                        "spend": share * n_pool * _PRICE,
                        "value": value,
                        "low": value - half,
                        "high": value + half,
                        "difference": 0.0 if router == "random" else sign * worth * top,
                        "difference_low": sign * worth * top - (0.0 if is_end else half),
                        "difference_high": sign * worth * top + (0.0 if is_end else half),
                        "recovered": worth if 0 < share < 1 else None,
                        "n": 800,
                        "is_chosen": router == chosen and share == _CHOSEN_SHARE,
                    }
                )
    return _conformed(
        "route_curves",
        pl.DataFrame(rows).with_columns(
            source=pl.lit(source),
            aspect=pl.lit("overall"),
            currency=pl.lit("USD"),
            stage=pl.lit(_ROUTE),
        ),
    )


def _verdicts(source: str, routes: pl.DataFrame, is_fallback: bool) -> pl.DataFrame:  # noqa: FBT001
    counts = dict(routes["role"].value_counts().iter_rows())
    overhead = 3 * counts.get("evaluation", 0) + counts.get("seed", 0)
    rows = [
        {
            "router": router,
            "verdict": "no-better-than-random" if is_fallback else verdict,
            "is_chosen": router == "ensemble" and not is_fallback,
            "reason": "the interval of its improvement holds 0" if is_fallback else reason,
            "rank_correlation": 0.71 if router == "influence" else None,
            "break_even": None if is_fallback or verdict != "use" else 21_400.0,
        }
        for router, (verdict, reason) in _VERDICTS.items()
    ]
    return _conformed(
        "route_verdicts",
        pl.DataFrame(rows, infer_schema_length=None).with_columns(
            source=pl.lit(source),
            aspect=pl.lit("overall"),
            share=pl.lit(_CHOSEN_SHARE),
            spend=pl.lit(_CHOSEN_SHARE * counts.get("pool", 0) * _PRICE),
            currency=pl.lit("USD"),
            n_evaluation=pl.lit(counts.get("evaluation", 0)),
            n_seed=pl.lit(counts.get("seed", 0)),
            n_pool=pl.lit(counts.get("pool", 0)),
            n_overhead_votes=pl.lit(overhead),
            overhead=pl.lit(overhead * _PRICE),
            alpha=pl.lit(0.62),
            error_kappa=pl.lit(0.04),
            stage=pl.lit(_ROUTE),
        ),
    )


def _agreements(source: str, n: int) -> pl.DataFrame:
    coefficients = ("krippendorff-nominal", "krippendorff-ordinal", "fleiss", "cohen", "raw")
    groups = (("all", "all"), ("tag", _MODERATE), ("tag", _COMPLEX), ("pool", "expert"))
    rows = [
        {
            "coefficient": coefficient,
            "among": among,
            "group_by": group_by,
            "group_value": value,
            "value": None if among == "ai" else 0.62 - 0.06 * i - 0.08 * j,
            "low": None if among == "ai" else 0.55 - 0.06 * i - 0.08 * j,
            "high": None if among == "ai" else 0.69 - 0.06 * i - 0.08 * j,
            "n_comparisons": 0 if among == "ai" else max(n // (i + 2), 1),
            "n_judgments": 0 if among == "ai" else 3 * max(n // (i + 2), 1),
            "n_annotators": 1 if among == "ai" else 6,
        }
        for coefficient in coefficients
        for j, among in enumerate(("human", "human-ai", "ai"))
        for i, (group_by, value) in enumerate(groups)
    ]
    return _conformed(
        "agreements",
        pl.DataFrame(rows, infer_schema_length=None).with_columns(
            source=pl.lit(source), aspect=pl.lit("overall"), stage=pl.lit(_AGREE)
        ),
    )


def _quality(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a row for each annotator with votes; what they are worth is chance by their name."""
    people = frames["annotators"].select("annotator_id", "kind")
    rows = (
        frames["pairs"]
        .group_by("annotator_id", "source")
        .agg(
            n=pl.col("judgment_id").n_unique().cast(pl.Int64),
            n_ties=pl.col("judgment_id").filter(pl.col("margin") == 0).n_unique().cast(pl.Int64),
        )
        .join(people, on="annotator_id", how="left")
        .sort("annotator_id")
    )
    rows = rows.with_columns(chance=unit_interval(pl.lit(hash_texts(rows["annotator_id"]))))
    half = 0.9 / pl.col("n").cast(pl.Float64).sqrt()
    shares = {"agreement": 0.62, "first": 0.48, "longer": 0.5}
    columns = []
    for i, (name, base) in enumerate(shares.items()):
        value = base + 0.2 * ((pl.col("chance") * (7 + i)) % 1)
        label = name if name == "agreement" else f"{name}_share"
        columns += [
            value.alias(label),
            (value - half).clip(0, 1).alias(f"{name}_low"),
            (value + half).clip(0, 1).alias(f"{name}_high"),
        ]
    return _conformed(
        "annotator_quality",
        rows.select(
            *("annotator_id", "source", "kind", "n", "n_ties"),
            *columns,
            aspect=pl.lit("overall"),
            n_shared=pl.col("n") // 2,
            reliability=0.7 + 0.2 * pl.col("chance"),
            n_ordered=pl.col("n") - pl.col("n_ties"),
            n_lengths=pl.col("n") - pl.col("n_ties"),
            stage=pl.lit(_AGREE),
        ),
    )


def _conformed(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    return conform(rows, table_schema(table))
