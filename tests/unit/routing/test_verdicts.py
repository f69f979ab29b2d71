"""Budgets, verdicts and break-even."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from prefdata.routing.verdicts import Interval, Terms, break_even, choose_share, judge

if TYPE_CHECKING:
    from prefdata.routing.scoring import Measure

__all__: list[str] = []

SHARES = np.array([0.0, 0.1, 0.2, 0.5, 1.0])
CURVE = np.array([0.80, 0.86, 0.89, 0.90, 0.85])
BETTER, WORSE, UNSURE = Interval(0.02, 0.01, 0.03), Interval(-2, -3, -1), Interval(0, -1, 1)


def samples(error: float) -> np.ndarray:
    """Return samples of the curve whose differences to the best have a standard error."""
    random = np.random.default_rng(0)
    noise = random.standard_normal((4000, 5)) * error
    noise[:, 3] = 0
    return np.asarray(CURVE + noise)


def test_the_smallest_budget_within_one_standard_error_of_the_best_is_chosen() -> None:
    assert choose_share(SHARES, CURVE, samples(0.001), Terms(), 100) == 3
    assert choose_share(SHARES, CURVE, samples(0.02), Terms(), 100) == 2
    assert choose_share(SHARES, CURVE, samples(0.5), Terms(), 100) == 1


def test_no_more_is_chosen_than_there_is_money_for() -> None:
    terms = Terms(vote_cost=2.0, budget=40.0)
    assert choose_share(SHARES, CURVE, samples(0.001), terms, 100) == 2
    assert choose_share(SHARES, CURVE, samples(0.001), Terms(budget=0.0), 100) == 0


def test_with_a_value_the_budget_of_greatest_net_utility_is_chosen() -> None:
    # For each point of accuracy 1: + 6 for 10, + 9 for 20, + 10 for 50.
    assert choose_share(SHARES, CURVE, samples(0), Terms(value=100.0), 100) == 0
    assert choose_share(SHARES, CURVE, samples(0), Terms(value=200.0), 100) == 1
    assert choose_share(SHARES, CURVE, samples(0), Terms(value=1000.0), 100) == 2
    assert choose_share(SHARES, CURVE, samples(0), Terms(value=10_000.0), 100) == 3


def test_only_an_accuracy_has_a_value() -> None:
    with pytest.raises(ValueError, match="value is of accuracy"):
        Terms(value=1.0, objective="model-log-loss")


@pytest.mark.parametrize(
    ("label", "loss", "expected"),
    [
        (BETTER, UNSURE, "use"),
        (UNSURE, BETTER, "use"),
        (BETTER, BETTER, "use"),
        (UNSURE, UNSURE, "no-better-than-random"),
        (BETTER, WORSE, "no-better-than-random"),
        (UNSURE, WORSE, "worse-than-random"),
        (WORSE, WORSE, "worse-than-random"),
    ],
)
def test_a_router_is_used_only_if_it_is_surely_better(
    label: Interval, loss: Interval, expected: str
) -> None:
    verdict = judge({"label-accuracy": label, "model-log-loss": loss}, 0.2)
    assert verdict.name == expected
    assert verdict.reason.startswith("At 20.0% of the pool, against random choice: label accuracy")


def test_where_people_judge_everything_the_reason_says_that_nothing_is_chosen() -> None:
    verdict = judge({"label-accuracy": Interval(0, 0, 0)}, 1.0)
    assert verdict.name == "no-better-than-random"
    assert "nothing to choose" in verdict.reason
    assert "budget" in verdict.reason


def test_the_accuracy_of_heads_alone_decides_nothing() -> None:
    verdict = judge({"label-accuracy": UNSURE, "model-accuracy": BETTER}, 0.2)
    assert verdict.name == "no-better-than-random"


def test_an_interval_that_touches_zero_is_not_enough() -> None:
    verdict = judge({"label-accuracy": Interval(0.1, 0.0, 0.2)}, 0.2)
    assert verdict.name == "no-better-than-random"


def test_a_router_that_refuses_is_not_used() -> None:
    verdict = judge({"label-accuracy": BETTER}, 0.2, ("Nothing learnt.",))
    assert verdict.name == "refused"
    assert "Nothing learnt." in verdict.reason


def test_where_nobody_is_asked_no_router_is_better() -> None:
    assert judge({"label-accuracy": BETTER}, 0.0).name == "no-better-than-random"


def test_break_even_by_hand() -> None:
    at_random = np.array([0.80, 0.81, 0.82, 0.85, 0.90])
    # At 10 % the router is at 0.86, where random is at 60 %: half of the pool is saved.
    pays = break_even(
        SHARES, {"label-accuracy": at_random}, {"label-accuracy": CURVE}, 1, overhead_votes=400
    )
    assert pays == pytest.approx(800)


def test_where_random_choice_never_gets_there_it_asks_everyone() -> None:
    at_random = np.linspace(0.8, 0.7, 5)
    pays = break_even(
        SHARES, {"label-accuracy": at_random}, {"label-accuracy": CURVE}, 2, overhead_votes=400
    )
    assert pays == pytest.approx(400 / 0.8)


def test_the_measure_that_saves_more_counts_and_less_loss_is_better() -> None:
    at_random: dict[Measure, np.ndarray] = {
        "label-accuracy": np.array([0.80, 0.81, 0.82, 0.85, 0.90]),
        "model-log-loss": np.array([0.5, 0.48, 0.45, 0.42, 0.4]),
    }
    router: dict[Measure, np.ndarray] = {
        "label-accuracy": CURVE,
        "model-log-loss": np.array([0.5, 0.45, 0.4, 0.4, 0.4]),
    }
    # The label accuracy saves 50 %, the loss only 10 %.
    assert break_even(SHARES, at_random, router, 1, 400) == pytest.approx(800)
    del at_random["label-accuracy"]
    assert break_even(SHARES, at_random, router, 1, 400) == pytest.approx(4000)


def test_a_router_that_saves_nothing_never_pays() -> None:
    assert break_even(SHARES, {}, {}, 1, overhead_votes=400) is None
    # Better than random at the same share, but asking nobody is better still.
    falling = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    router = np.array([0.9, 0.85, 0.8, 0.6, 0.5])
    assert break_even(SHARES, {"label-accuracy": falling}, {"label-accuracy": router}, 1, 9) is None
