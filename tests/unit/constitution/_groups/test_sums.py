"""Sums over clusters, and the strengths, differences and intervals that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.constitution._groups.clustered import both_ways
from prefdata.constitution._groups.resampling import difference_intervals, is_nested
from prefdata.constitution._groups.sides import against_rest, reweighted_differences, strengths
from prefdata.constitution._groups.strata import strata_of
from prefdata.constitution._groups.sums import Sums, codes, group_codes, sums_of
from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE, Ballots
from prefdata.constitution.labels import COMPARED, LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__: list[str] = []


def _ballots(
    labels: Sequence[dict[str, Any]],
    votes: Sequence[Sequence[int]] = (),
    comparisons: Sequence[dict[str, Any]] = (),
) -> Ballots:
    """Make ballots; a label says ``at``, ``annotator_id``, ``kind`` and ``y`` if it matters."""
    n = max((label.get("at", 0) for label in labels), default=-1) + 1
    given_votes = np.array(votes or [[1]] * n, dtype=np.int8).reshape(n, -1)
    rows = comparisons or [{} for _ in range(n)]
    base: dict[str, Any] = {"at": 0, "y": 1.0, "kind": "human", "step": "made"}
    return Ballots(
        principles=pl.DataFrame({"principle_id": [f"p{i}" for i in range(given_votes.shape[1])]}),
        comparisons=pl.DataFrame(
            [{"comparison_id": f"c{i}", "opening": f"o{i}", **row} for i, row in enumerate(rows)],
            schema=dict(COMPARED),
        ),
        votes=given_votes,
        labels=pl.DataFrame([base | label for label in labels], schema=dict(LABEL)),
    )


def _sums(
    group: Sequence[int], cluster: Sequence[int], lean: Sequence[float], size: Sequence[float]
) -> Sums:
    """Make sums of one principle; ``lean`` and ``size`` are of a group in a cluster."""
    decisive = np.zeros((max(group) + 1, 1))
    return Sums(
        group=np.array(group),
        cluster=np.array(cluster),
        agreement=np.array(lean, dtype=float)[:, None],
        counted=np.array(size, dtype=float)[:, None],
        n_labels=np.array(size, dtype=float),
        decisive=decisive,
    )


def test_sums_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(3)
    votes = rng.choice([1, -1, 0, INCONSISTENT, FAILED, NOT_APPLICABLE], (7, 3)).tolist()
    at, said = rng.integers(0, 7, 40).tolist(), rng.choice([1, -1, 0, 0.5], 40).tolist()
    at[0] = 6
    ballots = _ballots([{"at": a, "y": y} for a, y in zip(at, said, strict=True)], votes)
    group, cluster = rng.integers(-1, 2, 40), rng.integers(0, 3, 40)
    sums = sums_of(ballots, group, cluster, n_groups=2)
    expected: dict[tuple[int, int], NDArray[np.float64]] = {}
    for a, y, g, c in zip(at, said, group.tolist(), cluster.tolist(), strict=True):
        if g < 0 or y == 0:
            continue
        vote = ballots.votes[a]
        is_decisive = np.abs(vote) == 1
        row = np.array([y * vote * is_decisive, vote != FAILED, is_decisive])
        expected[g, c] = expected.get((g, c), np.zeros((3, 3))) + row
    assert list(zip(sums.group.tolist(), sums.cluster.tolist(), strict=True)) == sorted(expected)
    cells = np.stack([expected[key] for key in sorted(expected)])
    assert sums.agreement == pytest.approx(cells[:, 0])
    assert sums.counted == pytest.approx(cells[:, 1])
    assert sums.decisive.sum() == cells[:, 2].sum()


def test_a_strength_and_its_error_by_hand() -> None:
    # Strength 3 / 6; residuals 1, -1, 0; variance 3 / 2 * 2 / 36.
    found = strengths(_sums([0, 0, 0], [0, 1, 2], [2, 0, 1], [2, 2, 2]))
    assert found.strengths[0, 0] == pytest.approx(0.5)
    assert found.variances[0, 0] == pytest.approx(1 / 12)
    assert found.degrees[0, 0] == pytest.approx(2)


def test_clusters_of_unequal_size_have_fewer_degrees_of_freedom() -> None:
    # 36 / (9 + 4 + 1) clusters of equal size would be worth as much.
    found = strengths(_sums([0, 0, 0, 1], [0, 1, 2, 3], [1, 0, 1, 1], [3, 2, 1, 1]))
    assert found.degrees[:, 0] == pytest.approx([36 / 14 - 1, 1])
    assert np.isnan(found.variances[1, 0])


def _brute(sums: Sums, g: int) -> tuple[float, float]:
    """Return the difference of a group from the rest and its variance, by the definition."""
    n = int(sums.cluster.max()) + 1
    parts = []
    for is_side in (sums.group == g, sums.group != g):
        lean, size = np.zeros(n), np.zeros(n)
        np.add.at(lean, sums.cluster[is_side], sums.agreement[is_side, 0])
        np.add.at(size, sums.cluster[is_side], sums.counted[is_side, 0])
        strength = lean.sum() / size.sum()
        k = (size > 0).sum()
        parts.append((strength, np.sqrt(k / (k - 1)) * (lean - strength * size) / size.sum()))
    return parts[0][0] - parts[1][0], float(((parts[0][1] - parts[1][1]) ** 2).sum())


@pytest.mark.parametrize("is_apart", [True, False])
def test_a_group_against_the_rest_is_as_by_the_definition(*, is_apart: bool) -> None:
    rng = np.random.default_rng(4)
    cells = [(g, c) for g in range(3) for c in range(8) if rng.random() < 0.8]
    group, cluster = zip(*cells, strict=True)
    own = [8 * g + c if is_apart else c for g, c in cells]
    size = rng.integers(1, 6, len(cells))
    lean = [int(rng.integers(-n, n + 1)) for n in size]
    sums = _sums(group, own if is_apart else cluster, lean, size.tolist())
    found = against_rest(sums)
    assert is_nested(sums) is is_apart
    for g in range(3):
        difference, variance = _brute(sums, g)
        assert found.differences[g, 0] == pytest.approx(difference)
        assert found.variances[g, 0] == pytest.approx(variance)
        assert found.uncorrected[g, 0] < found.variances[g, 0]


def test_what_moves_both_sides_of_a_prompt_cancels_out() -> None:
    # Both sides say the same of each of four prompts, whatever that is.
    lean = [2, -2, 2, -2]
    found = against_rest(_sums([0] * 4 + [1] * 4, [0, 1, 2, 3] * 2, lean * 2, [2] * 8))
    assert found.differences[0, 0] == 0
    assert found.variances[0, 0] == pytest.approx(0)


def test_intervals_hold_the_difference_and_bins_of_clusters_change_them_little() -> None:
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1, 2], 400)
    lean = rng.choice([-1, 0, 1], 1200) + (group == 2)
    for cluster in (np.arange(1200), np.tile(np.arange(400), 3)):
        sums = _sums(group.tolist(), cluster.tolist(), lean.tolist(), [2] * 1200)
        found = against_rest(sums)
        wide = [1.96 * 2 * np.sqrt(found.uncorrected[:, 0])] * 2
        for most in (1000, 100):
            low, high = difference_intervals(sums, n_bootstraps=1000, seed=0, max_units=most)
            assert (high - low)[:, 0] == pytest.approx(wide[0], rel=0.2)
            assert ((low < found.differences) & (found.differences < high)).all()


def test_groups_without_labels_have_no_figures() -> None:
    sums = _sums([1, 1, 2, 2], [0, 1, 2, 3], [1, 0, 1, 1], [1, 1, 1, 1])
    low, high = difference_intervals(sums, n_bootstraps=100, seed=0)
    assert np.isnan([low[0, 0], high[0, 0]]).all()
    assert np.isfinite([low[1, 0], high[1, 0]]).all()
    assert np.isnan(against_rest(sums).differences[0, 0])
    none = sums_of(_ballots([{"annotator_id": "x"}]), np.array([-1]), np.array([0]), n_groups=2)
    assert np.isnan(difference_intervals(none, n_bootstraps=10, seed=0)[0]).all()
    assert np.isnan(against_rest(none).variances).all()


def test_at_one_mix_of_prompts_a_difference_of_mixes_is_gone() -> None:
    # In stratum 0 all agree, in stratum 1 none does: only the mixes differ (8:2 and 2:8).
    sums = _sums([0, 0, 1, 1], [0, 1, 0, 1], [8, 0, 2, 0], [8, 2, 2, 8])
    assert against_rest(sums).differences[0, 0] == pytest.approx(0.6)
    assert reweighted_differences(sums)[:, 0] == pytest.approx([0, 0])


def test_strata_are_weighted_by_hand() -> None:
    # Gaps 1/2 and 1, weights 4 * 4 / 8 = 2 and 2 * 6 / 8 = 1.5; stratum 2 is of one side alone.
    sums = _sums([0, 0, 0, 1, 1], [0, 1, 2, 0, 1], [4, 2, 1, 2, 0], [4, 2, 1, 4, 6])
    assert reweighted_differences(sums)[0, 0] == pytest.approx((2 * 0.5 + 1.5 * 1) / 3.5)


def test_where_most_of_a_group_has_no_like_nothing_is_said_at_one_mix() -> None:
    sums = _sums([0, 0, 1, 1], [0, 1, 0, 2], [1, 5, 1, 5], [1, 5, 1, 5])
    assert np.isnan(reweighted_differences(sums)).all()


def test_strata_are_what_is_told_of_prompts_but_for_what_makes_the_groups() -> None:
    told = [("easy", "en"), ("easy", "fr"), ("hard", "en"), ("hard", "en")]
    rows = [{"subset": subset, "language": language} for subset, language in told]
    ballots = _ballots([{"at": n} for n in (0, 1, 2, 3)], comparisons=rows)
    assert len(set(strata_of(ballots, "country"))) == 3
    assert strata_of(ballots, "language").tolist() == [0, 0, 1, 1]


def test_where_nothing_is_told_strata_are_thirds_of_the_gap_of_lengths() -> None:
    rows = [{"length": length} for length in (0.1, -0.9, 0.5, -0.2, 0.4, 1.2)]
    ballots = _ballots([{"at": n} for n in range(6)], comparisons=rows)
    assert strata_of(ballots, "country").tolist() == [0, 2, 1, 0, 1, 2]


def test_labels_of_several_annotators_of_one_prompt_add_to_the_variance() -> None:
    # Two people say the same of each of six prompts, which is worth no more than what one says.
    y = [1.0, 1.0, -1.0, 1.0, -1.0, 1.0]
    labels = [
        {"at": at, "annotator_id": who, "y": said} for at, said in enumerate(y) for who in "uv"
    ]
    ballots, group = _ballots(labels), np.zeros(12, np.int64)
    found = both_ways(ballots, group, "country", strengths, n_groups=1)
    by_prompt, by_label = (
        strengths(sums_of(ballots, group, cluster, n_groups=1)).variances
        for cluster in (np.repeat(np.arange(6), 2), np.arange(12))
    )
    assert by_prompt[0, 0] == pytest.approx(by_label[0, 0] * 2 * (6 / 5) / (12 / 11))
    assert found.variances == pytest.approx(by_prompt - by_label)
    # Two annotators do not stand for others, so they add nothing where prompts are the clusters.
    as_topic = both_ways(ballots, group, "topic", strengths, n_groups=1)
    assert as_topic.variances == pytest.approx(by_prompt)
    alone = ballots.of_labels(ballots.labels["annotator_id"] == "u")
    own = strengths(sums_of(alone, group[:6], np.arange(6), n_groups=1), alone=1.0).variances
    assert own > 0
    one = both_ways(alone, group[:6], "country", strengths, n_groups=1)
    assert np.isnan(one.variances[0, 0])


def test_labels_of_one_annotator_add_to_the_variance_of_groups_of_prompts() -> None:
    # Twelve people each say one thing of five prompts, and one model always the same.
    rng = np.random.default_rng(6)
    y = np.repeat(rng.choice([1.0, -1.0], 12), 5).tolist() + [1.0] * 60
    who = [f"h{n // 5}" for n in range(60)] + ["m"] * 60
    labels = [
        {"at": n % 60, "annotator_id": one, "y": said}
        for n, (one, said) in enumerate(zip(who, y, strict=True))
    ]
    ballots, group = _ballots(labels), np.repeat([0, 1], 60)
    found = both_ways(ballots, group, "kind", against_rest, n_groups=2)
    by_prompt = against_rest(sums_of(ballots, group, np.tile(np.arange(60), 2), n_groups=2))
    by_person = against_rest(
        sums_of(ballots, group, codes(ballots.labels["annotator_id"]), n_groups=2), alone=1.0
    )
    assert found.variances[0, 0] == pytest.approx(by_person.variances[0, 0])
    assert found.variances[0, 0] > 4 * by_prompt.variances[0, 0]
    assert found.degrees[0, 0] == pytest.approx(11)
    assert found.differences == pytest.approx(by_prompt.differences)


def test_values_are_numbered_by_their_order() -> None:
    assert codes(pl.Series(["b", None, "a", "b"])).tolist() == [1, -1, 0, 1]
    assert group_codes(pl.Series(["b", None, "a", "c"]), ["c", "a"]).tolist() == [-1, -1, 1, 0]
