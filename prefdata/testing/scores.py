"""Scores of pairs without a model: made up, but plausible, and a function of the texts alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from prefdata.runner.lineage import RunRecord
from prefdata.schema import conform, table_schema
from prefdata.tables.identity import unit_interval

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__ = ["put_scores", "score_rows"]

_SCALE = 40.0
_CHARACTERS_PER_TOKEN = 4


def score_rows(
    pairs: pl.DataFrame, responses: pl.DataFrame, *, stage: str = "score-ches", scorer: str = "toy"
) -> pl.DataFrame:
    """Return a row of ``scores`` for each pair, in the order of the pairs.

    Lengths are those of the texts; raw CHES grows with the length of the rejected response, as it
    does under real models; everything else is chance by the id. Texts that are equal but for
    spaces around them score 0, and about one pair in fifty has no score.

    Args:
        pairs: pair_id, source, chosen_id and rejected_id.
        responses: response_id and text.
        stage: The step that is said to have written them.
        scorer: Name of the scorer, and of its model.
    """
    texts = responses.select("response_id", "text")
    rows = pairs.select("pair_id", "source", "chosen_id", "rejected_id")
    for side in ("chosen", "rejected"):
        rows = rows.join(
            texts.rename({"response_id": f"{side}_id", "text": side}),
            on=f"{side}_id",
            how="left",
            maintain_order="left",
        )
    rows = rows.with_columns(
        n_pos=_states("chosen"),
        n_neg=_states("rejected"),
        # Digits of an id that do not overlap are as good as independent.
        a=unit_interval(pl.col("pair_id").str.slice(0)),
        b=unit_interval(pl.col("pair_id").str.slice(13)),
        c=unit_interval(pl.col("pair_id").str.slice(19)),
    )
    is_same = pl.col("chosen").str.strip_chars() == pl.col("rejected").str.strip_chars()
    rows = rows.with_columns(n_neg=pl.when(is_same).then("n_pos").otherwise("n_neg"))
    status = (
        pl.when(is_same)
        .then(pl.lit("identical_responses"))
        .when(pl.col("c") < 0.02)  # noqa: PLR2004
        .then(pl.lit("too_long"))
        .when(pl.col("c") < 0.05)  # noqa: PLR2004
        .then(pl.lit("truncated"))
        .otherwise(pl.lit("ok"))
    )
    rows = rows.with_columns(
        status=status,
        edit_distance=pl.when(is_same).then(0.0).otherwise(0.3 + 0.7 * pl.col("a")),
        sq_pos=_SCALE * (1 + 0.2 * pl.col("b")) * pl.col("n_pos") ** 2,
    )
    # Mean states that point nearly the same way, as those of real models do.
    likeness = 1 + 0.1 * (pl.col("c") - 0.5) - 0.05 * pl.col("edit_distance")
    dot = pl.col("sq_pos") / pl.col("n_pos") * pl.col("n_neg") * likeness
    rows = rows.with_columns(dot=pl.when(is_same).then("sq_pos").otherwise(dot))
    scored = rows.with_columns(
        sq_neg=pl.col("sq_pos") / pl.col("n_pos") ** 2 * pl.col("n_neg") ** 2,
        last_dot=_SCALE * (1 + pl.col("b") - pl.col("a")),
        ches=pl.col("dot") - pl.col("sq_pos"),
        ln_ches=pl.col("dot") / (pl.col("n_pos") * pl.col("n_neg"))
        - pl.col("sq_pos") / pl.col("n_pos") ** 2,
    ).with_columns(relative_ches=pl.col("ln_ches") * pl.col("n_pos") ** 2 / pl.col("sq_pos"))
    numbers = ["ches", "ln_ches", "relative_ches", "dot", "sq_pos", "sq_neg", "n_pos", "n_neg"]
    numbers += ["last_dot", "edit_distance"]
    return conform(
        scored.select(
            "pair_id",
            "source",
            "status",
            *(pl.when(pl.col("status") != "too_long").then(name).alias(name) for name in numbers),
            scorer=pl.lit(scorer),
            model=pl.lit(f"models/{scorer}"),
            revision=pl.lit("0" * 16),
            template=pl.lit("f" * 16),
            dtype=pl.lit("float32"),
            settings=pl.lit(json.dumps({"boundary": "separate", "max_tokens": 512})),
            stage=pl.lit(stage),
        ),
        table_schema("scores"),
    )


def put_scores(
    catalog: Catalog, *, pairs: str = "make-pairs", stage: str = "score-ches", scorer: str = "toy"
) -> None:
    """Commit scores of all pairs of a step, as if a step had written them."""
    rows = catalog.scan("pairs").filter(pl.col("stage") == pairs).collect()
    scores = score_rows(rows, catalog.scan("responses").collect(), stage=stage, scorer=scorer)
    record = RunRecord(command="scores")
    record.written(
        step=f"{stage}/all",
        by=stage,
        version=1,
        params={"model": scorer},
        files={},
        rows=scores.height,
        seconds=0.0,
    )
    with catalog.write() as write:
        for (source,), part in scores.group_by("source", maintain_order=True):
            write.put("scores", (str(source), stage), part)
        record.write(write)
        write.commit("scores", run_id=record.run_id)


def _states(side: str) -> pl.Expr:
    tokens = pl.col(side).str.len_chars() // _CHARACTERS_PER_TOKEN + 2
    return tokens.fill_null(2).cast(pl.Int32)
