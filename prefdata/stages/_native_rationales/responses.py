"""Texts that stand beside the responses of a judgment: on one response and one aspect each.

They are the ``comments`` of a judgment, and UltraFeedback's second rationale of two aspects,
which its adapter leaves in ``raw``. Of four responses together, the rater of UltraFeedback saw
each aspect in an order of its own that nobody kept; the rating beside a text may be missing, and
a critique may belong to an overall score of 1 that became 10.
"""

from __future__ import annotations

import polars as pl

from prefdata.stages._native_rationales.found import OF_JUDGMENT, found_rows, remarks

__all__ = ["texts_of_responses"]

_FOR_RATING = "Rationale For Rating"
_OVERALL = "overall"
_TRUTHFULNESS = "truthfulness"
_NOT_RATED = "N/A"
_NO_ANSWERS = "None"
_TOP = 10.0
_SUSPECT_MEAN = 4.0
_FINE = ("helpfulness", "honesty", "instruction_following", "truthfulness")


def texts_of_responses(judgments: pl.DataFrame, prompts: pl.LazyFrame) -> pl.DataFrame:
    """Return the texts on single responses.

    Args:
        judgments: Judgments of the source.
        prompts: Its prompts; what was shown to the rater beside them is in their ``raw``.
    """
    found = pl.concat([_unfolded(judgments, "comments"), _unfolded(_rated(judgments), _FOR_RATING)])
    found = found.with_columns(
        _top_score_is_suspect(found, judgments), _saw_answers(found, prompts)
    )
    is_critique = pl.col("aspect") == _OVERALL
    rows = found.with_columns(
        text="native_raw",
        scope=pl.lit("response"),
        response_ids=pl.concat_list("response_id"),
        kind=pl.when(is_critique).then(pl.lit("critique")).otherwise(pl.lit("aspect")),
        remark=remarks(
            pl.when(pl.col("field") == _FOR_RATING).then(
                pl.lit("of two texts on this aspect the one for the rating")
            ),
            pl.when(pl.col("raw_value").str.strip_chars() == _NOT_RATED).then(
                pl.lit("the rating is N/A")
            ),
            pl.col("suspect"),
            pl.col("shown"),
        ),
    )
    return found_rows(rows)


def _rated(judgments: pl.DataFrame) -> pl.DataFrame:
    """Return judgments whose ``raw`` holds a second list of texts, with that list."""
    begins = rf'"{_FOR_RATING}":\[(?:null|")'
    given = pl.col("raw").str.json_decode(pl.Struct({_FOR_RATING: pl.List(pl.String)}))
    return judgments.filter(pl.col("raw").str.contains(begins)).with_columns(
        given.struct.field(_FOR_RATING).alias(_FOR_RATING)
    )


def _unfolded(judgments: pl.DataFrame, field: str) -> pl.DataFrame:
    """Return a row for each response that a list of texts has one for."""
    n = pl.col("response_ids").list.len()
    if field not in judgments.columns:
        judgments = judgments.with_columns(pl.lit(None, pl.List(pl.String)).alias(field))

    def beside(name: str, dtype: pl.DataType) -> pl.Expr:
        is_parallel = (pl.col(name).list.len() == n).fill_null(value=False)
        nothing = pl.lit(None, dtype).repeat_by(n)
        return pl.when(is_parallel).then(name).otherwise(nothing).alias(name)

    rows = judgments.filter(pl.col(field).list.len() == n, n > 0).select(
        *OF_JUDGMENT,
        beside("scores", pl.Float64()),
        beside("raw_values", pl.String()),
        "scale_max",
        field=pl.lit(field),
        response_id="response_ids",
        native_raw=field,
        index=pl.int_ranges(0, n),
    )
    lists = ["scores", "raw_values", "response_id", "native_raw", "index"]
    return (
        rows.explode(lists)
        .filter(pl.col("native_raw").is_not_null())
        .rename({"scores": "score", "raw_values": "raw_value"})
    )


def _top_score_is_suspect(found: pl.DataFrame, judgments: pl.DataFrame) -> pl.Series:
    """Say of critiques beside a 10 that the ratings of the four aspects do not go with it."""
    is_top = (
        (pl.col("aspect") == _OVERALL) & (pl.col("scale_max") == _TOP) & (pl.col("score") == _TOP)
    )
    keys = ("prompt_id", "annotator_id", "response_id")
    means = (
        judgments.filter(pl.col("aspect").is_in(_FINE), pl.col("scores").is_not_null())
        .select("prompt_id", "annotator_id", response_id="response_ids", score="scores")
        .explode("response_id", "score")
        # The order of rows must not change the last digit of a mean.
        .sort(*keys, "score")
        .group_by(keys, maintain_order=True)
        .agg(mean=pl.col("score").mean())
    )
    joined = found.join(means, on=keys, how="left", maintain_order="left")
    told = pl.format(
        "overall score 10 with a mean rating of {}: it may have been 1",
        pl.col("mean").round(2),
    )
    is_suspect = is_top & (pl.col("mean") <= _SUSPECT_MEAN)
    return joined.select(suspect=pl.when(is_suspect).then(told)).to_series()


def _saw_answers(found: pl.DataFrame, prompts: pl.LazyFrame) -> pl.Series:
    """Say of texts on truthfulness what their rater knew beside the responses."""
    is_asked = pl.col("aspect") == _TRUTHFULNESS
    asked = found.filter(is_asked).select("prompt_id").unique()
    known = (
        prompts.join(asked.lazy(), on="prompt_id", how="semi")
        .select("prompt_id", "subset", answer=_first_answer())
        .collect()
    )
    joined = found.join(known, on="prompt_id", how="left", maintain_order="left")
    has_answer = pl.col("answer").is_not_null() & (pl.col("answer") != _NO_ANSWERS)
    told = (
        pl.when(has_answer)
        .then(pl.lit("the rater saw reference answers"))
        .when((pl.col("subset") == "false_qa") & pl.col("answer").is_not_null())
        .then(pl.lit("the rater was told that the question has a false premise"))
    )
    return joined.select(shown=pl.when(is_asked).then(told)).to_series()


def _first_answer() -> pl.Expr:
    """Return the first reference answer of a prompt, ``None`` where the source lists none."""
    has_answers = pl.col("raw").str.contains('"correct_answers":', literal=True)
    return pl.when(has_answers).then(
        pl.coalesce(pl.col("raw").str.json_path_match("$.correct_answers[0]"), pl.lit(_NO_ANSWERS))
    )
