from __future__ import annotations

import sys
from dataclasses import asdict, fields
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from prefdata.core.errors import MissingExtraError
from prefdata.metrics import ches as module
from prefdata.metrics.ches import ChesParts, ches_parts, edit_distance, from_parts, last_dot

if TYPE_CHECKING:
    from random import Random

__all__: list[str] = []

Pairs: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
"""Sums of both sides and their counts."""
_FIELDS = [field.name for field in fields(ChesParts)]
_TOKENS = st.lists(st.integers(0, 3), max_size=7)


@st.composite
def _pairs(draw: st.DrawFn, min_pairs: int = 0) -> Pairs:
    """Sums of hidden states that share a large part, as those of real models do."""
    n, width = draw(st.integers(min_pairs, 9)), draw(st.integers(1, 40))
    stream = np.random.default_rng(draw(st.integers(0, 1_000)))
    common = draw(st.sampled_from([0.0, 1.0, 100.0])) * stream.normal(size=width)
    pos, neg = (common + stream.normal(size=(n, width)).astype(np.float32) for _ in range(2))
    counts = stream.integers(1, 2_000, (2, n))
    return pos.astype(np.float32), neg.astype(np.float32), counts[0], counts[1]


def _exact(values: NDArray[np.floating]) -> list[Fraction]:
    return [Fraction(float(value)) for value in values]


def _inner(left: list[Fraction], right: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _close(found: float, exact: Fraction, scale: Fraction, digits: int = 15) -> bool:
    return abs(Fraction(found) - exact) <= scale * Fraction(1, 10**digits)


@given(_pairs())
def test_scores_are_those_of_exact_fractions(pairs: Pairs) -> None:
    parts = ches_parts(*pairs)
    for row, (pos, neg) in enumerate(
        zip(map(_exact, pairs[0]), map(_exact, pairs[1]), strict=True)
    ):
        n, m = int(pairs[2][row]), int(pairs[3][row])
        dot, sq_pos, sq_neg = _inner(pos, neg), _inner(pos, pos), _inner(neg, neg)
        # Errors of a sum of products follow the sum of their sizes.
        size = sum((abs(a) * (abs(a) + abs(b)) for a, b in zip(pos, neg, strict=True)), Fraction(0))
        ln_ches = dot / (n * m) - sq_pos / (n * n)
        ln_size = size / (n * min(n, m))
        assert _close(parts.dot[row], dot, size)
        assert _close(parts.sq_pos[row], sq_pos, sq_pos)
        assert _close(parts.sq_neg[row], sq_neg, sq_neg)
        assert _close(parts.ches[row], dot - sq_pos, size)
        assert _close(parts.ln_ches[row], ln_ches, ln_size)
        relative, whole = ln_ches / (sq_pos / (n * n)), sq_pos / (n * n)
        assert _close(parts.relative_ches[row], relative, ln_size / whole + abs(relative))


@given(_pairs())
def test_the_difference_is_taken_before_the_product(
    pairs: Pairs,
) -> None:
    # A common part of 10⁴ times the rest is 10⁸ times in the products: taking the difference of
    # these would leave half of the digits.
    pos, neg = (values + np.float32(1e4) for values in pairs[:2])
    found = ches_parts(pos, neg, pairs[2], pairs[2]).ches
    for row, value in enumerate(found):
        one, other = _exact(pos[row]), _exact(neg[row])
        apart = [b - a for a, b in zip(one, other, strict=True)]
        size = sum((abs(a * b) for a, b in zip(one, apart, strict=True)), Fraction(0))
        assert _close(value, _inner(one, apart), size)


@given(_pairs())
def test_parts_give_every_score_again(pairs: Pairs) -> None:
    parts = ches_parts(*pairs)
    again = from_parts(parts.dot, parts.sq_pos, parts.sq_neg, pairs[2], pairs[3])
    turned = from_parts(parts.dot, parts.sq_neg, parts.sq_pos, pairs[3], pairs[2])
    swapped = ches_parts(pairs[1], pairs[0], pairs[3], pairs[2])
    for one, other in ((again, parts), (turned, swapped)):
        # The products of a row may cancel in `dot`, so its error follows the norms.
        norms = np.sqrt(parts.sq_pos * parts.sq_neg)
        sizes = norms + other.sq_pos
        counts = (pairs[2] * pairs[3], np.square(pairs[2]), np.square(pairs[3]))
        ln_sizes = norms / counts[0] + parts.sq_pos / counts[1] + parts.sq_neg / counts[2]
        assert (np.abs(one.ches - other.ches) <= 1e-14 * sizes).all()
        assert (np.abs(one.ln_ches - other.ln_ches) <= 1e-14 * ln_sizes).all()
        np.testing.assert_array_equal(one.dot, other.dot)


@given(_pairs())
def test_exchanging_the_responses_exchanges_the_parts(
    pairs: Pairs,
) -> None:
    parts = ches_parts(*pairs)
    turned = ches_parts(pairs[1], pairs[0], pairs[3], pairs[2])
    np.testing.assert_array_equal(turned.dot, parts.dot)
    np.testing.assert_array_equal(turned.sq_pos, parts.sq_neg)
    # ||S+ - S-||² is what the scores of both ways lack to zero.
    apart = np.square(pairs[0].astype(float) - pairs[1]).sum(axis=1)
    np.testing.assert_allclose(
        parts.ches + turned.ches, -apart, atol=1e-13 * float((parts.sq_pos + parts.sq_neg).sum())
    )


@given(_pairs(), st.sampled_from([0.5, 2.0, 1024.0]))
def test_a_model_of_another_scale_scores_by_its_square_and_relatively_the_same(
    pairs: Pairs, factor: float
) -> None:
    # Powers of two are exact in every step, so the laws hold to the last bit.
    pos, neg, *counts = pairs
    parts = ches_parts(pos, neg, *counts)
    other = ches_parts(pos * np.float32(factor), neg * np.float32(factor), *counts)
    for name in ("dot", "sq_pos", "sq_neg", "ches", "ln_ches"):
        np.testing.assert_array_equal(getattr(other, name), factor**2 * getattr(parts, name))
    np.testing.assert_array_equal(other.relative_ches, parts.relative_ches)


@given(_pairs(), st.integers(1, 10**6))
def test_identical_responses_score_exactly_zero(pairs: Pairs, count: int) -> None:
    pos = pairs[0][np.any(pairs[0], axis=1)]
    counts = np.full(len(pos), count)
    parts = ches_parts(pos, pos.copy(), counts, counts)
    again = from_parts(parts.dot, parts.sq_pos, parts.sq_neg, counts, counts)
    for found in (parts, again):
        assert not found.ches.any()
        assert not found.ln_ches.any()
        assert not found.relative_ches.any()


def test_a_longer_rejected_response_of_the_same_direction_scores_above_identical_ones() -> None:
    sums, counts = np.ones((1, 4)), np.array([3])
    parts = ches_parts(sums, 2 * sums, counts, 2 * counts)
    assert parts.ches[0] == 4
    assert parts.ln_ches[0] == 0


def test_a_chosen_mean_of_zero_has_no_relative_score() -> None:
    parts = ches_parts(np.zeros((1, 3)), np.ones((1, 3)), np.array([1]), np.array([1]))
    again = from_parts(parts.dot, parts.sq_pos, parts.sq_neg, np.array([1]), np.array([1]))
    for found in (parts, again):
        assert np.isnan(found.relative_ches[0])
        assert found.ches[0] == found.ln_ches[0] == 0


@given(_pairs(min_pairs=1), st.randoms(use_true_random=False))
def test_a_row_scores_the_same_to_the_bit_in_any_company(pairs: Pairs, random: Random) -> None:
    parts = asdict(ches_parts(*pairs))
    order = np.array(sorted(range(len(pairs[0])), key=lambda _: random.random()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_VALUES", 2 * pairs[0].shape[1])
        turned = asdict(ches_parts(*(values[order] for values in pairs)))
        last = last_dot(pairs[0][order], pairs[1][order])
    alone = asdict(ches_parts(*(values[:1] for values in pairs)))
    for name in _FIELDS:
        assert turned[name].tobytes() == parts[name][order].tobytes()
        assert alone[name].tobytes() == parts[name][:1].tobytes()
    assert last.tobytes() == last_dot(pairs[0], pairs[1])[order].tobytes()


def test_values_are_float64_whatever_comes_in() -> None:
    sums, counts = np.ones((2, 3), np.float32), np.ones(2, np.int32)
    assert {value.dtype for value in asdict(ches_parts(sums, sums, counts, counts)).values()} == {
        np.dtype(np.float64)
    }
    assert last_dot(sums, sums).dtype == np.float64


def test_counts_as_tables_keep_them_do_not_overflow() -> None:
    ones = np.ones(1)
    long = np.array([100_000], np.int32)
    assert from_parts(ones, ones, ones, long, long).relative_ches[0] == 0
    assert ches_parts(ones[None], 3 * ones[None], long, long).ln_ches[0] == pytest.approx(2e-10)


def test_no_pair_gives_no_score() -> None:
    none, counts = np.empty((0, 4), np.float32), np.empty(0, np.int64)
    assert ches_parts(none, none, counts, counts).scale.shape == (0,)
    assert last_dot(none, none).shape == edit_distance([], []).shape == (0,)


@pytest.mark.parametrize(
    ("shapes", "counts", "message"),
    [
        (((2, 3), (2, 4)), ([1, 1], [1, 1]), "one shape"),
        (((3,), (3,)), ([1], [1]), "one shape"),
        (((2, 3), (2, 3)), ([1], [1, 1]), "a count for each"),
        (((2, 3), (2, 3)), ([1, 1], [1, 0]), "at least one state"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    shapes: tuple[tuple[int, ...], ...], counts: tuple[list[int], ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ches_parts(np.ones(shapes[0]), np.ones(shapes[1]), np.array(counts[0]), np.array(counts[1]))


@given(_pairs())
def test_the_last_states_are_multiplied(pairs: Pairs) -> None:
    np.testing.assert_array_equal(last_dot(*pairs[:2]), ches_parts(*pairs).dot)


def _levenshtein(one: list[int], other: list[int]) -> int:
    """Wagner and Fischer, from the definition."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i, j in product(range(1, len(one) + 1), range(1, len(other) + 1)):
        table[i, j] = min(
            table[i - 1, j] + 1,
            table[i, j - 1] + 1,
            table[i - 1, j - 1] + (one[i - 1] != other[j - 1]),
        )
    return table[len(one), len(other)]


@given(st.lists(st.tuples(_TOKENS, _TOKENS), max_size=6))
def test_the_edit_distance_is_the_definition_over_the_longer_length(
    pairs: list[tuple[list[int], list[int]]],
) -> None:
    found = edit_distance(
        [np.array(one, np.int32) for one, _ in pairs],
        [np.array(other, np.int32) for _, other in pairs],
    )
    for value, (one, other) in zip(found, pairs, strict=True):
        assert value == _levenshtein(one, other) / max(len(one), len(other), 1)


def test_token_ids_of_any_size_are_told_apart() -> None:
    big = [np.array(values, np.int32) for values in ([55_296, 2**31 - 1], [55_297, 1_114_112])]
    assert edit_distance(big[:1], big[1:]).tolist() == [1.0]
    assert edit_distance(big[:1], big[:1]).tolist() == [0.0]


def test_sides_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        edit_distance([np.array([1])], [])


def test_without_rapidfuzz_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(MissingExtraError, match="edit distance") as caught:
        edit_distance([], [])
    assert caught.value.fix == "pip install 'prefdata[models]'"
