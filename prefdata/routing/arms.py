"""Who may judge a comparison, what that costs, and how likely the label is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from pydantic import Field, model_validator
from scipy.special import expit, logit

from prefdata.protocols import Params
from prefdata.routing.truth import left_out, majority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons, Gains

    Floats = NDArray[np.floating[Any]]

__all__ = [
    "N_VOTES",
    "Arm",
    "Costs",
    "People",
    "Rate",
    "accuracies",
    "arm_values",
    "people",
    "prices",
    "words",
]

Arm = Literal["ai", "human", "human-3", "expert", "ai-human"]
"""Who judges: the AI alone; one person; three, by majority; an expert; one person whose label is
put together with that of the AI."""

N_VOTES: Mapping[Arm, int] = {"ai": 0, "human": 1, "human-3": 3, "expert": 1, "ai-human": 1}
"""Judgments of people that each arm takes."""

_MICRO = 1_000_000
# Accuracies of groups are estimates: 0 and 1 would be beyond any doubt.
_SURE = 0.98
_GUESS, _LITTLE_BETTER = 0.5, 0.55
_NEXT_TO_NOTHING = 1e-6


class Rate(Params):
    """What one judgment costs; a number alone is the fixed part."""

    fixed: float = Field(default=0.0, ge=0, description="For each judgment, in the currency.")
    per_1000_words: float = Field(
        default=0.0,
        ge=0,
        description="For each 1,000 words of the prompt and both responses, in the currency.",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return {"fixed": value} if is_number else value


class Costs(Params):
    """Prices of judgments.

    The defaults are those of crowd workers at 15 to 20 dollars an hour (MultiPref pays them that),
    who read some 250 words a minute, and of experts at three times as much.
    """

    currency: str = Field(default="USD", min_length=1, description="Of all amounts.")
    ai: Rate = Field(
        default=Rate(),
        description="Of one judgment of the AI. These are there before people are asked, so a plan "
        "spends nothing on them; the notes tell what they cost.",
    )
    human: Rate = Field(
        default=Rate(fixed=0.05, per_1000_words=1.2), description="Of one person's judgment."
    )
    expert: Rate = Field(
        default=Rate(fixed=0.15, per_1000_words=3.6), description="Of one expert's judgment."
    )


@dataclass(frozen=True, slots=True)
class People:
    """How often one person, and the AI, agree with the majority of the other people."""

    human: float
    ai: float
    expert: float | None
    """The same of experts; None where none judged the evaluation set."""


def words(prompt: pl.Expr, *responses: pl.Expr) -> pl.Expr:
    """Count the words of texts together; Chinese and Japanese signs count as a half each.

    Readers of Chinese take about twice as many signs a minute as readers of English take words.
    """
    signs, others = r"[\p{Han}\p{Hiragana}\p{Katakana}]", r"[^\s\p{Han}\p{Hiragana}\p{Katakana}]+"
    counts = [
        text.str.count_matches(others) + text.str.count_matches(signs) / 2
        for text in (prompt, *responses)
    ]
    return pl.sum_horizontal(counts).fill_null(0.0)


def prices(n_words: Floats, costs: Costs, arms: Sequence[Arm]) -> Floats:
    """Return what people cost under each arm on each comparison.

    Args:
        n_words: ``(n,)`` words that are to be read.
        costs: Prices of one judgment.
        arms: Whose prices are wanted.

    Returns:
        ``(n, A)`` amounts, rounded to a millionth of the currency, so that sums are exact.
    """
    n_words = np.asarray(n_words, dtype=np.float64)
    columns = []
    for arm in arms:
        rate = costs.expert if arm == "expert" else costs.human
        one = rate.fixed + rate.per_1000_words * n_words / 1000
        columns.append(np.rint(one * _MICRO) * N_VOTES[arm] / _MICRO)
    return np.stack(columns, axis=1)


def people(evaluation: Comparisons, is_expert: NDArray[np.bool_]) -> People:
    """Estimate how good one person, one expert and the AI are, on the evaluation set.

    Each vote is compared with the majority of the others on the same comparison. That majority
    errs too, so all three are lower than the truth, by the same rule; a correction for it would
    over-estimate people, whose errors go together.

    Args:
        evaluation: Comparisons with three human votes or more.
        is_expert: ``(n, v)``: which of their ``humans`` are experts.
    """
    tested = left_out(evaluation)
    n = tested.n.sum()
    if n == 0:
        return People(_GUESS, _GUESS, None)
    expert = _expert(evaluation.humans, is_expert)
    return People(float(tested.human.sum() / n), float(tested.ai.sum() / n), expert)


def _expert(humans: Floats, is_expert: NDArray[np.bool_]) -> float | None:
    right = n = 0.0
    for vote in range(humans.shape[1]):
        others = np.delete(humans, vote, axis=1)
        truth = majority(others)
        is_tested = is_expert[:, vote] & ~np.isnan(truth) & ~np.isnan(humans[:, vote])
        is_tested &= (~np.isnan(others)).sum(axis=1) > 1
        said = np.sign(humans[is_tested, vote] - 0.5) * (2 * truth[is_tested] - 1)
        right += float(((1 + said) / 2).sum())
        n += float(is_tested.sum())
    return right / n if n else None


def accuracies(
    human: Floats, ai: Floats, arms: Sequence[Arm], *, expert_over_human: float = 0.0
) -> Floats:
    """Return how likely each arm is right on each comparison, errors being independent.

    With a one person's accuracy and q that of the AI: ``ai`` q; ``human`` a; ``human-3``
    a^2 (3 - 2a), the majority of three; ``ai-human`` max(a, q), for of two who contradict each
    other the more reliable is followed, whatever the prior says; ``expert`` a, with
    ``expert_over_human`` more in log-odds.

    Args:
        human: ``(n,)`` accuracy of one person.
        ai: ``(n,)`` accuracy of the AI.
        arms: Which arms are wanted.
        expert_over_human: How much better an expert is, in log-odds.

    Returns:
        ``(n, A)`` probabilities.
    """
    clipped = np.clip(human, 1 - _SURE, _SURE)
    of: Mapping[Arm, Floats] = {
        "ai": ai,
        "human": human,
        "human-3": human**2 * (3 - 2 * human),
        "expert": expit(logit(clipped) + expert_over_human),
        "ai-human": np.maximum(human, ai),
    }
    return np.stack([of[arm] for arm in arms], axis=1)


def arm_values(
    gains: Gains,
    order: NDArray[np.intp],
    price: Floats,
    arms: Sequence[Arm],
    found: People,
    *,
    expert: float | None,
) -> Floats:
    """Return what each arm is worth on each comparison, for the knapsack.

    Routers agree on nothing but that more is asked first, so worth is made of their order:

    - A router that estimates accuracies: the pairs (a, q) of all comparisons are sorted by a - q
      and dealt out in the router's order, the first to the first. So the order is the router's and
      the amounts are those of accuracies. Where the gain is a - q itself, nothing moves. Where an
      arm would not be better than the AI it is worth next to nothing, by its place: how much money
      is spent is decided by the curve, not here, for labels that are no more often right can still
      train a better model.
    - A router that does not: a label of one person is worth the comparison's place, from 1 for
      the first to 1/n for the last, times its price over the mean price; gain for the money then
      follows the router's order at any price. Other arms are worth that times
      (acc(arm) - 1/2) / (acc(human) - 1/2), with the accuracies of the evaluation set.

    Args:
        gains: Of the router.
        order: Its order: indices of comparisons, the first first.
        price: ``(n,)`` what one person's judgment costs.
        arms: The arms.
        found: Accuracies on the evaluation set.
        expert: Accuracy of an expert, where the user says; else that of the evaluation set.

    Returns:
        ``(n, A)``, 0 for ``ai``.
    """
    n = len(order)
    better = _expert_over_human(found, expert)
    place = np.empty(n)
    place[order] = 1 - np.arange(n) / max(n, 1)
    mean = price.mean() if n and price.mean() > 0 else 1.0
    one = place * np.where(price > 0, price, mean) / mean
    if gains.accuracy is not None:
        human, ai = (np.asarray(side, dtype=np.float64) for side in gains.accuracy)
        dealt = np.argsort(-(human - ai), kind="stable")
        a, q = np.empty(n), np.empty(n)
        a[order], q[order] = human[dealt], ai[dealt]
        worth = accuracies(a, q, arms, expert_over_human=better) - q[:, None]
        is_ai = np.array([arm == "ai" for arm in arms])
        return np.where(is_ai, 0.0, np.maximum(worth, 0.0) + _NEXT_TO_NOTHING * one[:, None])
    a = np.clip(np.full(1, found.human), _LITTLE_BETTER, _SURE)
    accuracy = accuracies(a, np.full(1, _GUESS), arms, expert_over_human=better)[0]
    return np.asarray(one[:, None] * ((accuracy - _GUESS) / (a - _GUESS))[None, :])


def _expert_over_human(found: People, said: float | None) -> float:
    """Return how much better experts are than other people, in log-odds; 0 when nobody knows."""
    expert = said if said is not None else found.expert
    if expert is None:
        return 0.0
    one, other = np.clip([expert, found.human], 1 - _SURE, _SURE)
    return float(logit(one) - logit(other))
