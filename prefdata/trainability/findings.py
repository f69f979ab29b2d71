"""What a trainer's cut does to pairs, told from how many tokens their parts have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from prefdata.trainability.flags import FATAL, FLAGS

if TYPE_CHECKING:
    from prefdata.protocols import Tokenization

__all__ = ["FINDINGS", "found"]

FINDINGS: dict[str, pl.DataType] = {
    "pair_id": pl.String(),
    "flag": pl.String(),
    "value": pl.Float64(),
    "reason": pl.String(),
}
"""Columns of `found`."""

_SIDES = ("chosen", "rejected")
_LOST = pl.col("lost_chosen") + pl.col("lost_rejected")
_NO_SIZE = pl.lit(None, pl.Int64)


class _Test(NamedTuple):
    """When a pair has a flag, the size of the finding, and a sentence about it."""

    is_so: pl.Expr
    value: pl.Expr
    reason: pl.Expr


def found(measures: pl.DataFrame, params: Tokenization) -> pl.DataFrame:
    """Return what a trainer's cut does to pairs.

    A trainer takes prompt and response together and keeps the first or the last ``max_length``
    tokens. What is kept of a response follows from the lengths alone, and both sides are the same
    where as many tokens are kept of each, and the responses are alike that far from the end that
    is kept: the same number of prompt tokens stands before them then. Where the prompt has a limit
    of its own, it is cut to it first. Of a pair with a flag of `FATAL` no other is told.

    Args:
        measures: Columns of `MEASURES`; a row for each pair.
        params: The lengths, and which end is kept.

    Returns:
        The columns of `FINDINGS`; by pair in the order of the measures, then in that of `FLAGS`.

    References:
        TRL 1.16, `DataCollatorForPreference.torch_call`, and the filter of over-long prompts in
        `DPOTrainer._prepare_dataset`.
    """
    tests = _of_templates() | _of_lengths(params) | _of_borders()
    is_lost = pl.any_horizontal(tests[flag].is_so for flag in FATAL).fill_null(value=False)
    cut = _cut(measures.with_row_index(), params).with_columns(is_lost=is_lost)
    parts = [
        cut.filter(tests[flag].is_so & (pl.lit(flag in FATAL) | ~pl.col("is_lost"))).select(
            "index",
            "pair_id",
            rank=pl.lit(rank),
            flag=pl.lit(flag),
            value=tests[flag].value.cast(pl.Float64),
            reason=tests[flag].reason,
        )
        for rank, flag in enumerate(FLAGS)
    ]
    return pl.concat(parts).sort("index", "rank").select(list(FINDINGS))


def _cut(measures: pl.DataFrame, params: Tokenization) -> pl.DataFrame:
    """Add what is kept and what is lost of each part."""
    longest = pl.lit(params.max_length, pl.Int64)
    limit = pl.lit(params.max_prompt_length, pl.Int64)
    is_start = params.truncation == "keep-start"
    room = (longest - pl.col("prompt")).clip(lower_bound=0) if is_start else longest
    n_same = pl.col("n_same_start" if is_start else "n_same_end")
    return (
        measures.with_columns(prompt=pl.min_horizontal("n_prompt", limit))
        .with_columns(
            pl.min_horizontal(pl.col(f"n_{side}"), room).alias(f"kept_{side}") for side in _SIDES
        )
        .with_columns(
            *(
                (pl.col(f"n_{side}") - pl.col(f"kept_{side}")).alias(f"lost_{side}")
                for side in _SIDES
            ),
            *(
                (pl.col("prompt") + pl.col(f"kept_{side}") - longest)
                .clip(lower_bound=0)
                .alias(f"unread_{side}")
                for side in _SIDES
            ),
            is_same=(pl.col("kept_chosen") == pl.col("kept_rejected"))
            & (pl.col("kept_chosen") <= n_same),
            was_same=(pl.col("n_chosen") == pl.col("n_rejected"))
            & (pl.col("n_chosen") == pl.col("n_same_start")),
        )
    )


def _of_templates() -> dict[str, _Test]:
    is_refused, is_about_roles = pl.col("refusal").is_not_null(), pl.col("is_about_roles")
    reason = pl.col("refusal")
    return {
        "template-failed": _Test(is_refused & ~is_about_roles, _NO_SIZE, reason),
        "role-order": _Test(is_refused & is_about_roles, _NO_SIZE, reason),
    }


def _of_lengths(params: Tokenization) -> dict[str, _Test]:
    longest, limit = params.max_length, params.max_prompt_length
    is_start = params.truncation == "keep-start"
    kept = pl.col("kept_chosen"), pl.col("kept_rejected")
    is_full = (pl.col("n_prompt") >= longest) & pl.lit(is_start)
    is_long = pl.lit(False) if limit is None else pl.col("n_prompt") > limit  # noqa: FBT003 - a value
    said = (
        pl.when(is_long)
        .then(pl.lit(f"and may have {limit}."))
        .otherwise(pl.lit(f"and prompt and response may have {longest} together."))
    )
    unread = pl.max_horizontal("unread_chosen", "unread_rejected")
    return {
        "prompt-over-limit": _Test(
            is_full | is_long,
            pl.col("n_prompt"),
            pl.format("The prompt has {} tokens, {}", "n_prompt", said),
        ),
        "untrainable-empty": _Test(
            (pl.col("n_chosen") == 0) | (pl.col("n_rejected") == 0),
            pl.lit(0),
            pl.format(
                "The chosen response has {} tokens, the rejected one {}.", "n_chosen", "n_rejected"
            ),
        ),
        "identical-tokens": _Test(
            pl.col("was_same") & (pl.col("n_chosen") > 0),
            pl.col("n_chosen"),
            pl.format("Both responses are the same {} tokens.", "n_chosen"),
        ),
        "untrainable-identical": _Test(
            pl.col("is_same") & ~pl.col("was_same") & (kept[0] > 0),
            kept[0],
            pl.format(
                "The cut leaves the same {} tokens of both responses, which had {} and {}.",
                *("kept_chosen", "n_chosen", "n_rejected"),
            ),
        ),
        "truncated": _Test(
            _LOST > 0,
            _LOST,
            pl.format(
                "The chosen response loses {} of {} tokens, the rejected one {} of {}.",
                *("lost_chosen", "n_chosen", "lost_rejected", "n_rejected"),
            ),
        ),
        "prompt-cut": _Test(
            (unread > 0) & pl.lit(not is_start),
            unread,
            pl.format(
                "The prompt loses its first {} tokens before the chosen response, {} before the "
                "rejected one.",
                *("unread_chosen", "unread_rejected"),
            ),
        ),
    }


def _of_borders() -> dict[str, _Test]:
    missing = pl.col("n_prompt_alone") - pl.col("n_prompt")
    return {
        "prompt-not-prefix": _Test(
            missing > 0,
            missing,
            pl.format(
                "The last {} tokens of the prompt alone do not stand before the responses, so "
                "they are left out of the prompt.",
                missing,
            ),
        ),
        "no-end-token": _Test(
            ~pl.col("has_ends"),
            _NO_SIZE,
            pl.lit("A response does not end with a token at which the model stops."),
        ),
    }
