"""How alike a model sees the two responses of a pair: CHES, its variants, and two baselines.

The centered hidden embedding similarity of Razin et al. (2024), *Unintentional Unalignment:
Likelihood Displacement in Direct Preference Optimization*, arXiv:2410.08847. With h(z) the hidden
state that the unembedding is applied to after the tokens z, x a prompt and y a response of the
tokens y_1 … y_R and the one that ends it,

    S(y) = h(x) + h(x, y_1) + … + h(x, y_1 … y_R),    n(y) = R + 1,    m(y) = S(y) / n(y)

and everything here is computed from S, n and the last of these states. Higher means that training
on the pair is more likely to lower the likelihood of its chosen response. Values are in the square
of the model's hidden unit: compare them within one model, by rank.

The scores are small differences of large numbers, because nearly all inner products of hidden
states are positive. So the sums must come in float32 or better, and what is done with them here is
in float64: the difference of the responses is taken before the product, in which the state of the
prompt and all tokens that both responses begin with cancel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ChesParts", "ches_parts", "edit_distance", "from_parts", "last_dot"]

_BLOCK_VALUES = 1 << 20
"""Values that are turned into float64 at once: 8 MB a matrix, whatever the number of pairs."""


@dataclass(frozen=True, slots=True)
class ChesParts:
    """The scores of n pairs and what they are made of, each ``(n,)`` in float64."""

    dot: NDArray[np.float64]
    """``<S+, S->``."""
    sq_pos: NDArray[np.float64]
    """``||S+||²``."""
    sq_neg: NDArray[np.float64]
    """``||S-||²``: with the others it gives the score of the pair turned round."""
    ches: NDArray[np.float64]
    """``<S+, S- - S+>``, Definition 2."""
    ln_ches: NDArray[np.float64]
    """``<m+, m- - m+>``, Definition 3: long responses do not dominate."""
    relative_ches: NDArray[np.float64]
    """``ln_ches / ||m+||²``, which is ``cos(m+, m-) ||m-|| / ||m+|| - 1``: free of the model's
    scale, and not in the paper. NaN where ``m+`` is zero."""

    @property
    def scale(self) -> NDArray[np.float64]:
        """``|dot| + sq_pos``: what errors of ``ches`` are measured by, never the score itself."""
        return np.abs(self.dot) + self.sq_pos


def ches_parts(
    pos: NDArray[np.floating],
    neg: NDArray[np.floating],
    n_pos: NDArray[np.integer],
    n_neg: NDArray[np.integer],
) -> ChesParts:
    """Score pairs from the sums of their hidden states.

    The i-th values follow from the i-th rows alone, to the last bit: what else is scored with them,
    and in which order, changes nothing.

    Args:
        pos: ``(n, d)``: S of the chosen responses, in float32 or float64.
        neg: ``(n, d)``: S of the rejected responses, from the same model after the same prompts.
        n_pos: ``(n,)``: states in each sum of ``pos``: tokens of the response and one.
        n_neg: ``(n,)``: states in each sum of ``neg``.

    Returns:
        The scores. Equal sums of as many states score exactly 0.

    Raises:
        ValueError: If the shapes do not fit together, or a sum has no state.

    Examples:
        A response scores 0 against itself, and less against one that points elsewhere:

        >>> sums, counts = np.array([[3.0, 1.0]] * 2), np.array([2, 2])
        >>> ches_parts(sums, np.array([[3.0, 1.0], [-1.0, 3.0]]), counts, counts).ches
        array([  0., -10.])

    References:
        Razin et al. (2024), arXiv:2410.08847, Definitions 2 and 3.
    """
    n = _checked(pos, neg, n_pos, n_neg)
    # One array of (6, n), whose rows become the fields of `ChesParts`, in their order.
    values: NDArray[np.float64] = np.empty((6, n))
    step = max(1, _BLOCK_VALUES // max(1, pos.shape[1]))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        values[:, rows] = _scored(
            np.ascontiguousarray(pos[rows], np.float64),
            np.ascontiguousarray(neg[rows], np.float64),
            n_pos[rows].astype(np.float64)[:, None],
            n_neg[rows].astype(np.float64)[:, None],
        )
    return ChesParts(*values)


def from_parts(
    dot: NDArray[np.float64],
    sq_pos: NDArray[np.float64],
    sq_neg: NDArray[np.float64],
    n_pos: NDArray[np.integer],
    n_neg: NDArray[np.integer],
) -> ChesParts:
    """Recompute every score from the parts that are kept in the tables, without the model.

    The difference is taken after the products here, so the error is some 10⁻¹⁶ of ``scale`` and
    not of the score. Where the score is 10⁻⁴ of its scale, 11 to 12 of its digits are right: the
    parts lose nothing that float32 sums still had. Exchanging ``pos`` and ``neg`` scores the pairs
    turned round.

    Args:
        dot: ``(n,)``: inner products of the two sums.
        sq_pos: ``(n,)``: squared norms of the sums of the chosen responses.
        sq_neg: ``(n,)``: of the rejected ones.
        n_pos: ``(n,)``: states in the sums of the chosen responses.
        n_neg: ``(n,)``: of the rejected ones.

    References:
        Razin et al. (2024), arXiv:2410.08847, Definitions 2 and 3.
    """
    # Counts multiply as floats: as int32, as tables keep them, 46,341 tokens squared overflow.
    n, m = n_pos.astype(np.float64), n_neg.astype(np.float64)
    ln_ches = dot / (n * m) - sq_pos / (n * n)
    return ChesParts(
        dot=dot,
        sq_pos=sq_pos,
        sq_neg=sq_neg,
        ches=dot - sq_pos,
        ln_ches=ln_ches,
        relative_ches=_ratio(ln_ches, sq_pos / (n * n)),
    )


def last_dot(last_pos: NDArray[np.floating], last_neg: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the inner products of the states after the whole responses, a baseline.

    Args:
        last_pos: ``(n, d)``: h(x, y+), in float32 or float64.
        last_neg: ``(n, d)``: h(x, y-).

    Returns:
        ``(n,)``. It does not predict displacement in the paper.

    Raises:
        ValueError: If the shapes differ.

    References:
        Razin et al. (2024), arXiv:2410.08847, Section 5 and its code
        (``last_hidden_embedding_inner_prods``).
    """
    _same_shape(last_pos, last_neg)
    values: NDArray[np.float64] = np.empty(len(last_pos))
    step = max(1, _BLOCK_VALUES // max(1, last_pos.shape[1]))
    for start in range(0, len(last_pos), step):
        rows = slice(start, start + step)
        values[rows] = _inner(
            np.ascontiguousarray(last_pos[rows], np.float64),
            np.ascontiguousarray(last_neg[rows], np.float64),
        )
    return values


def edit_distance(
    tokens_a: Sequence[NDArray[np.integer]], tokens_b: Sequence[NDArray[np.integer]]
) -> NDArray[np.float64]:
    """Return the normalised Levenshtein distances of the token ids of responses, a baseline.

    Args:
        tokens_a: n responses, each ``(R,)`` without the token that ends it.
        tokens_b: As many.

    Returns:
        ``(n,)``: insertions, deletions and substitutions over the longer length, from 0 for equal
        responses, two empty ones among them, to 1. The code of the paper takes its negative.

    Raises:
        MissingExtraError: If rapidfuzz is not installed.
        ValueError: If there are not as many on both sides.

    References:
        Razin et al. (2024), arXiv:2410.08847, Section 5 and its code
        (``minus_normalized_edit_distances``).
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ModuleNotFoundError as error:
        raise MissingExtraError("The edit distance", extra="models") from error
    # Measured for responses of 300 tokens: 20 µs a pair as lists; 40 as arrays, whose elements are
    # boxed one by one; 30 by `process.cpdist`. As strings of code points it would be 11, but a
    # vocabulary may pass their limit, and a data set of 60,000 pairs takes a second as it is.
    values = [
        Levenshtein.normalized_distance(one.tolist(), other.tolist())
        for one, other in zip(tokens_a, tokens_b, strict=True)
    ]
    return np.array(values, np.float64)


def _scored(
    pos: NDArray[np.float64],
    neg: NDArray[np.float64],
    n_pos: NDArray[np.float64],
    n_neg: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    """Return the fields of `ChesParts`; counts are ``(n, 1)``."""
    mean, other = pos / n_pos, neg / n_neg
    ln_ches = _inner(mean, other - mean)
    return (
        _inner(pos, neg),
        _inner(pos, pos),
        _inner(neg, neg),
        _inner(pos, neg - pos),
        ln_ches,
        _ratio(ln_ches, _inner(mean, mean)),
    )


def _inner(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inner product of each row with its partner, the same in any company."""
    # A product of matrices would go through BLAS, whose sums depend on the shape and the threads.
    products: NDArray[np.float64] = np.einsum("ij,ij->i", left, right)
    return products


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.full(len(whole), np.nan)
    np.divide(part, whole, out=values, where=whole != 0)
    return values


def _same_shape(pos: NDArray[np.floating], neg: NDArray[np.floating]) -> None:
    if pos.ndim != 2 or pos.shape != neg.shape:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"two matrices of one shape are needed, not {pos.shape} and {neg.shape}")


def _checked(
    pos: NDArray[np.floating],
    neg: NDArray[np.floating],
    n_pos: NDArray[np.integer],
    n_neg: NDArray[np.integer],
) -> int:
    """Return the number of pairs."""
    _same_shape(pos, neg)
    n = len(pos)
    for counts in (n_pos, n_neg):
        if counts.shape != (n,):
            raise ValueError(f"a count for each of {n} sums is needed, not {counts.shape}")
        if (counts < 1).any():
            raise ValueError("a sum has at least one state, that of the last token of the prompt")
    return n
