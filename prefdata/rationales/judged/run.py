"""All checks of a judge, the cheapest first: what failed one is not sent to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.protocols import Params
from prefdata.rationales.checks.limits import FOUND
from prefdata.rationales.judged.claims import CLAIMS, claims
from prefdata.rationales.judged.gain import FLIP, GAIN, flip, gain
from prefdata.rationales.judged.grounding import GROUNDING, ORDER_GAP, grounding
from prefdata.rationales.judged.stance import STANCE, stance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from prefdata.rationales.judged.asking import Judge

__all__ = [
    "MODEL_CHECKS",
    "VOUCHING",
    "JudgeLimits",
    "ModelCheck",
    "has_failed",
    "run_model_checks",
]

ModelCheck = Literal["stance", "grounding", "order-gap", "claims", "flip", "gain"]

MODEL_CHECKS = (STANCE, GROUNDING, ORDER_GAP, CLAIMS, FLIP, GAIN)
"""Names of the checks, in the order in which they are made."""

VOUCHING = (STANCE, GROUNDING, ORDER_GAP, CLAIMS)
"""Those without which nobody vouches for a rationale; `flip` is on the pair, `gain` reports."""


class JudgeLimits(Params):
    """What the judge's answers must come to."""

    grounding_each: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="`grounding`: the probability of the right response must be above this in "
        "both orders.",
    )
    grounding_mean: float = Field(
        default=0.7, ge=0, le=1, description="`grounding`: the least mean of both orders."
    )
    order_gap: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="`order-gap`: the greatest difference between the two orders.",
    )
    claims_share: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="`claims`: the least share of sentences on one response that it bears out.",
    )
    flip_gap: float = Field(
        default=0.3,
        description="`flip`: how much better, in nats, the judge must follow the rationale than "
        "one for the opposite label; below that the pair is flagged as ambiguous.",
    )
    samples: int = Field(
        default=0,
        ge=0,
        description="Answers to draw where the server gives no log-probabilities; their shares "
        "stand for probabilities. 0: the judge's verdict counts as sure.",
    )
    unsure: Literal["fail", "pass"] = Field(
        default="fail",
        description="What becomes of a rationale for which the judge's answer could not be read: "
        "`fail`, because nobody vouches for it, or `pass`.",
    )


def run_model_checks(
    rows: pl.DataFrame,
    checks: Collection[str],
    judge: Judge,
    limits: JudgeLimits,
    *,
    flipped: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    is_thorough: bool = False,
) -> pl.DataFrame:
    """Put rationales to a judge.

    Args:
        rows: Rationales with their pairs, as `CHECKED`, all with a text.
        checks: Names out of `MODEL_CHECKS`.
        judge: Who is asked.
        limits: What the answers must come to.
        flipped: Returns rationales for the opposite label of those it is given; needed for
            ``flip``.
        is_thorough: Make every check of every rationale, also of those that failed one.

    Returns:
        Columns of `FOUND`, sorted by rationale and check; a check that was not made has no row.

    Raises:
        ValueError: If `flip` is wanted and nothing writes for the opposite label.
        BackendError: If answers are missing in the end.
        BudgetError: If the budget does not allow the next request.
    """
    if FLIP in checks and flipped is None:
        message = "the check flip needs rationales for the opposite label"
        raise ValueError(message)
    # Prompts next to each other, so that a server reads each of them once.
    left = rows.sort("prompt_id", "pair_id", "rationale_id")
    found = [pl.DataFrame(schema=FOUND)]

    def make(step: Callable[[pl.DataFrame], pl.DataFrame], *names: str) -> None:
        nonlocal left
        if left.is_empty() or not set(names) & set(checks):
            return
        made = step(left).filter(pl.col("check_name").is_in([n for n in names if n in checks]))
        found.append(made)
        if not is_thorough:
            left = left.join(made.filter(has_failed(limits)), on="rationale_id", how="anti")

    make(lambda r: stance(r, judge), STANCE)
    make(
        lambda r: grounding(
            r,
            judge,
            each=limits.grounding_each,
            mean=limits.grounding_mean,
            gap=limits.order_gap,
        ),
        GROUNDING,
        ORDER_GAP,
    )
    make(lambda r: claims(r, judge, share=limits.claims_share), CLAIMS)
    if flipped is not None:
        write = flipped
        make(lambda r: flip(r, write(r), judge, least=limits.flip_gap), FLIP)
    make(lambda r: gain(r, judge), GAIN)
    return pl.concat(found).sort("rationale_id", "check_name")


def has_failed(limits: JudgeLimits) -> pl.Expr:
    """Return whether an outcome fails its rationale, for a frame with the columns of `FOUND`.

    Args:
        limits: Say what becomes of a rationale for which the judge's answer could not be read.
    """
    failed = pl.col("is_passed").eq_missing(other=False)
    if limits.unsure == "pass":
        return failed
    return failed | (pl.col("is_passed").is_null() & pl.col("check_name").is_in(VOUCHING))
