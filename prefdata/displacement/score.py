"""The scores of a shard of pairs: texts to tokens, tokens to sums of states, sums to scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.displacement.shards import KEYS
from prefdata.metrics.ches import ches_parts, edit_distance, last_dot
from prefdata.protocols import TokenUnit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from prefdata.protocols import Encoded, HiddenStates, UnitStates

__all__ = ["MEASURES", "score_shard"]

MEASURES: dict[str, pl.DataType] = {
    "status": pl.String(),
    "detail": pl.String(),
    "ches": pl.Float64(),
    "ln_ches": pl.Float64(),
    "relative_ches": pl.Float64(),
    "dot": pl.Float64(),
    "sq_pos": pl.Float64(),
    "sq_neg": pl.Float64(),
    "n_pos": pl.Int32(),
    "n_neg": pl.Int32(),
    "n_prompt": pl.Int32(),
    "last_dot": pl.Float64(),
    "edit_distance": pl.Float64(),
}
"""The columns that are computed, as in the table ``displacements``."""
_UNREADABLE = ("error", "prompt_empty", "too_long")


def score_shard(
    states: HiddenStates,
    pairs: pl.DataFrame,
    prompts: pl.DataFrame,
    responses: pl.DataFrame,
    done: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """Score pairs of texts.

    Args:
        states: The model.
        pairs: Columns `KEYS`; every pair once.
        prompts: Columns ``prompt_hash`` and ``messages``; each prompt of the pairs once.
        responses: Columns ``response_hash`` and ``messages``; each response of the pairs once.
        done: Called now and then with the number of pairs done.

    Returns:
        Columns `KEYS` and `MEASURES`, a row for each pair, in their order.
    """
    asked = _Asked.of(pairs)
    encoded = _encode(states, asked, prompts, responses)
    laid = _lay_out(asked, encoded)
    share = pairs.height / max(len(laid.units), 1)
    told = None if done is None else lambda n: done(int(n * share))
    found = states.states(laid.units, told)
    return _rows(pairs, asked, encoded, laid, found)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The distinct prompt and response of each side of each pair, by number."""

    answers: pl.DataFrame
    """Columns ``prompt_hash``, ``response_hash``, ``answer``: each response to each prompt."""
    chosen: NDArray[np.int64]
    rejected: NDArray[np.int64]
    """``(n,)``: the answer of each side of each pair."""

    @staticmethod
    def of(pairs: pl.DataFrame) -> _Asked:
        """Number the answers in the order of their digests."""
        sides = [pairs.select("prompt_hash", response_hash=side) for side in KEYS[1:]]
        answers = pl.concat(sides).unique().sort("prompt_hash", "response_hash")
        answers = answers.with_row_index("answer")
        chosen, rejected = (
            side.join(
                answers, on=["prompt_hash", "response_hash"], how="left", maintain_order="left"
            )["answer"]
            .cast(pl.Int64)
            .to_numpy()
            for side in sides
        )
        return _Asked(answers, chosen, rejected)


def _encode(
    states: HiddenStates, asked: _Asked, prompts: pl.DataFrame, responses: pl.DataFrame
) -> list[Encoded]:
    """Return the tokens of each answer, in their order."""
    messages = asked.answers.join(
        responses, on="response_hash", how="left", maintain_order="left"
    ).select("prompt_hash", "messages")
    grouped = messages.group_by("prompt_hash", maintain_order=True).agg("messages")
    asked_prompts = grouped.select("prompt_hash").join(
        prompts, on="prompt_hash", how="left", maintain_order="left"
    )
    per_prompt = states.encode(asked_prompts["messages"].to_list(), grouped["messages"].to_list())
    return [one for answers in per_prompt for one in answers]


@dataclass(frozen=True, slots=True)
class _Laid:
    """The answers as units: those of one prompt together, equal tokens once."""

    units: list[TokenUnit]
    unit: NDArray[np.int64]
    branch: NDArray[np.int64]
    """``(answers,)``: where each answer is; unit -1 where it is in none."""


def _lay_out(asked: _Asked, encoded: list[Encoded]) -> _Laid:
    prompts = asked.answers["prompt_hash"].to_list()
    unit = np.full(len(encoded), -1, np.int64)
    branch = np.zeros(len(encoded), np.int64)
    parts: list[tuple[NDArray[np.int32], list[NDArray[np.int32]]]] = []
    places: dict[tuple[str, bytes], int] = {}
    branches: list[dict[bytes, int]] = []
    # A loop over responses: each step looks up a key of bytes, and a forward pass follows it.
    for i, (prompt, one) in enumerate(zip(prompts, encoded, strict=True)):
        if one.status in _UNREADABLE:
            continue
        place = places.setdefault((prompt, one.prompt.tobytes()), len(parts))
        if place == len(parts):
            parts.append((one.prompt, []))
            branches.append({})
        seen = branches[place]
        unit[i] = place
        branch[i] = seen.setdefault(one.response.tobytes(), len(seen))
        if branch[i] == len(parts[place][1]):
            parts[place][1].append(one.response)
    units = [TokenUnit(prompt, tuple(responses)) for prompt, responses in parts]
    return _Laid(units, unit, branch)


def _rows(
    pairs: pl.DataFrame,
    asked: _Asked,
    encoded: list[Encoded],
    laid: _Laid,
    found: list[UnitStates],
) -> pl.DataFrame:
    """Combine the two sides of each pair."""
    starts = np.cumsum([0, *(states.sums.shape[0] for states in found)])
    row = np.where(laid.unit < 0, -1, starts[np.maximum(laid.unit, 0)] + laid.branch)
    failed = np.array([states.error is not None for states in found], np.bool_)
    if len(found):
        row[(laid.unit >= 0) & failed[np.maximum(laid.unit, 0)]] = -1
    told = [
        _told(one, found[place].error if place >= 0 else None)
        for one, place in zip(encoded, laid.unit.tolist(), strict=True)
    ]
    sides = [
        _side(pairs[key], [told[i] for i in answer], row[answer])
        for key, answer in (("chosen_hash", asked.chosen), ("rejected_hash", asked.rejected))
    ]
    status = _statuses(*sides)
    tokens = [[encoded[i].response for i in answer] for answer in (asked.chosen, asked.rejected)]
    n_prompt = np.array([len(encoded[i].prompt) for i in asked.chosen], np.int64)
    measures = _measures(sides[0]["row"].to_numpy(), sides[1]["row"].to_numpy(), found)
    values = pl.DataFrame(
        {**measures, "n_prompt": n_prompt, "edit_distance": edit_distance(*tokens)}
    )
    status = _refuse_infinite(status, values["ln_ches"])
    is_scored = ~status["status"].is_in(_UNREADABLE)
    values = values.select(
        # 0 / 0 where the mean state of the chosen response is zero.
        pl.when(is_scored & (pl.col(name).is_not_nan() if dtype.is_float() else True))
        .then(pl.col(name))
        .alias(name)
        for name, dtype in values.schema.items()
    )
    rows = pl.concat([pairs.select(KEYS), status, values], how="horizontal")
    return rows.select(*KEYS, *(pl.col(name).cast(dtype) for name, dtype in MEASURES.items()))


def _told(one: Encoded, error: str | None) -> tuple[str, str | None]:
    return ("error", error) if error is not None else (one.status, one.detail)


def _side(
    hashes: pl.Series, told: list[tuple[str, str | None]], row: NDArray[np.int64]
) -> pl.DataFrame:
    statuses, details = zip(*told, strict=True) if told else ((), ())
    return pl.DataFrame(
        {"hash": hashes, "status": statuses, "detail": details, "row": row},
        schema={"hash": pl.String, "status": pl.String, "detail": pl.String, "row": pl.Int64},
    )


def _statuses(chosen: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
    """Return the status of each pair, and what is to be said of it."""
    both = pl.concat(
        [
            chosen.select(pl.all().name.prefix("chosen_")),
            rejected.select(pl.all().name.prefix("rejected_")),
        ],
        how="horizontal",
    )

    def has(status: str) -> pl.Expr:
        return (pl.col("chosen_status") == status) | (pl.col("rejected_status") == status)

    # The same row of the states: equal tokens, before or after they were cut.
    is_identical = (pl.col("chosen_row") == pl.col("rejected_row")) & (pl.col("chosen_row") >= 0)
    return both.select(
        status=pl.when(has("error"))
        .then(pl.lit("error"))
        .when(has("prompt_empty"))
        .then(pl.lit("prompt_empty"))
        .when(has("too_long"))
        .then(pl.lit("too_long"))
        .when(is_identical)
        .then(pl.lit("identical_responses"))
        .when(pl.col("chosen_status") == "empty")
        .then(pl.lit("empty_chosen"))
        .when(pl.col("rejected_status") == "empty")
        .then(pl.lit("empty_rejected"))
        .when(has("truncated"))
        .then(pl.lit("truncated"))
        .otherwise(pl.lit("ok")),
        detail=pl.coalesce("chosen_detail", "rejected_detail"),
    )


def _refuse_infinite(status: pl.DataFrame, score: pl.Series) -> pl.DataFrame:
    """Make errors of pairs whose states left the range of the model's precision."""
    is_lost = ~status["status"].is_in(_UNREADABLE) & ~score.is_finite()
    told = "The hidden states are not finite numbers; try `dtype: float32`."
    return status.with_columns(
        status=pl.when(is_lost).then(pl.lit("error")).otherwise("status"),
        detail=pl.when(is_lost).then(pl.lit(told)).otherwise("detail"),
    )


def _measures(
    chosen: NDArray[np.int64], rejected: NDArray[np.int64], found: list[UnitStates]
) -> dict[str, Any]:
    """Return the measures of each pair; those of pairs without states mean nothing."""
    usable = [states for states in found if states.sums.shape[0]]
    if not usable:
        floats = ("ches", "ln_ches", "relative_ches", "dot", "sq_pos", "sq_neg", "last_dot")
        empty: dict[str, Any] = {name: np.full(len(chosen), np.nan) for name in floats}
        return {**empty, "n_pos": np.zeros_like(chosen), "n_neg": np.zeros_like(chosen)}
    sums = np.concatenate([states.sums for states in usable])
    last = np.concatenate([states.last for states in usable])
    n = np.concatenate([states.n for states in usable])
    pos, neg = np.maximum(chosen, 0), np.maximum(rejected, 0)
    parts = ches_parts(sums[pos], sums[neg], n[pos], n[neg])
    return {
        "ches": parts.ches,
        "ln_ches": parts.ln_ches,
        "relative_ches": parts.relative_ches,
        "dot": parts.dot,
        "sq_pos": parts.sq_pos,
        "sq_neg": parts.sq_neg,
        "n_pos": n[pos],
        "n_neg": n[neg],
        "last_dot": last_dot(last[pos], last[neg]),
    }
