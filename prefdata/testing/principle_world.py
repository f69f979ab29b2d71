"""A world in which it is known what annotators reward, so that statistics can be marked.

The log-odds that an annotator prefers a are a sum over principles: effect times vote. Most effects
are null, some strong and some weak. In two countries, three of the strong have opposite signs.
Votes on a comparison are drawn apart from each other and are 1 and -1 equally often, so what a
principle is worth alone (its strength) is known exactly, as an integral, and no sample is needed.

Base rates of the default world: 8 strong principles of strength .12 to .22 in each country,
decisive on .5 to .9 of the comparisons; 8 weak ones of .04 to .08 on .3 to .9; 40 null ones on .1
to .9. 65 % of the annotators are of country a, so an opposed principle has .3 of its strength in
the pool. 5 % of the labels are ties, .5 % of the votes failed. Where a vote is not decisive, 6 in
10 say that the principle does not apply, 3 that neither response has more, 1 that a model
contradicted itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE, Ballots
from prefdata.constitution.labels import COMPARED, LABEL
from prefdata.constitution.names import principle_id
from prefdata.schema import polars_schema, table_schema
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

__all__ = ["COUNTRIES", "Kind", "PrincipleWorld", "principle_world"]

Kind = Literal["strong", "weak", "null"]

COUNTRIES = ("a", "b")
"""Where annotators are from: 65 % are of the first."""

_SOURCE = "planted-principles"
_FIRST_COUNTRY = 0.65
_N_OPPOSED = 3
_STRENGTHS = {"strong": (0.12, 0.22), "weak": (0.04, 0.08), "null": (0.0, 0.0)}
_RELEVANCES = {"strong": (0.5, 0.9), "weak": (0.3, 0.9), "null": (0.1, 0.9)}
_TIES = 0.05
_FAILURES = 0.005
# Of votes that are not decisive: does not apply, neither, inconsistent.
_UNDECIDED = (0.6, 0.9)
# Principles on which annotators (and prompts) differ, if they do: every fourth.
_SLOPED = 4
# If votes are correlated, this many null principles copy a strong one this often.
_N_COPIES = 5
_COPIED = 0.6
# Standard deviations of the logarithm of the ratio of lengths: what follows the votes of one
# strong principle, and what does not.
_LENGTH = (0.4, 0.3)
_LENGTH_AT = 3
# The integrand falls like exp(-pi t).
_GRID = np.linspace(0.0, 9.0, 1801)[1:]
_MAX_VARIANCE = 30.0


@dataclass(frozen=True, slots=True)
class PrincipleWorld:
    """One draw of the world: what statistics see, and what only the marker knows."""

    ballots: Ballots
    """Votes and labels; there are no texts behind them."""
    annotators: pl.DataFrame
    """Columns ``annotator_id`` and ``country``, a row per annotator; empty if none is named."""
    effects: Floats
    """``(p,)``: the true strength of each principle over all annotators, as defined in the table
    ``principle_effects``. Zero for a null principle, unless its votes copy those of a strong one;
    zero for all if labels are shuffled."""
    country_effects: Floats
    """``(2, p)``: the same for the annotators of each of `COUNTRIES`."""
    log_odds: Floats
    """``(2, p)``: effects in the model that the labels are drawn from, in each country; zero for
    null principles."""
    kinds: list[Kind]
    """What each principle was planted as."""
    opposed: tuple[int, ...]
    """Places of the strong principles that have opposite signs in the two countries."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Principles before anything is drawn for comparisons."""

    kinds: list[Kind]
    relevances: Floats
    log_odds: Floats
    strengths: Floats
    copied: NDArray[np.intp]
    """Which principle each one copies, -1 for none."""
    slopes: Floats
    """Standard deviation of the log-odds of each principle between annotators, and prompts."""


def principle_world(  # noqa: PLR0913 - sizes and switches of one world, all by keyword
    seed: int,
    *,
    n_comparisons: int = 2000,
    n_prompts: int | None = None,
    n_annotators: int = 40,
    n_strong: int = 8,
    n_weak: int = 8,
    n_null: int = 40,
    groups: bool = True,
    labels_per_comparison: int = 1,
    slopes: float = 0.0,
    correlated: bool = False,
    is_shuffled: bool = False,
) -> PrincipleWorld:
    """Draw a world; 100,000 comparisons by 63 principles take about a second.

    Args:
        seed: The same seed draws the same world.
        n_comparisons: Comparisons that annotators label.
        n_prompts: Prompts, all with words of their own; one for every four comparisons if None.
        n_annotators: Annotators, who are drawn for each label alike; 0 for labels without one.
        n_strong: Principles of strength .12 to .22, with signs that alternate.
        n_weak: Principles of strength .04 to .08.
        n_null: Principles that nobody rewards.
        groups: Whether the first three strong principles have the opposite sign in country b.
        labels_per_comparison: Different annotators who label each comparison.
        slopes: Standard deviation between annotators, and again between prompts, of the log-odds
            of every fourth principle (null ones too): labels of one annotator, or of one prompt,
            then lean together, so that tests which take labels for independent find too much.
            0.5 doubles the variance of an estimate at about 150 labels per annotator.
        correlated: Whether the first five null principles copy the votes of a strong one on .6 of
            the comparisons. They then have a strength, but no effect beside the strong one.
        is_shuffled: Whether the labels of each comparison are flipped by a coin, so that nothing
            holds, and no effect is left.

    Raises:
        ValueError: If a comparison needs more annotators than there are.
    """
    if n_annotators and labels_per_comparison > n_annotators:
        message = f"{labels_per_comparison} labels per comparison need as many annotators"
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    sizes = {"strong": n_strong, "weak": n_weak, "null": n_null}
    plan = _plan(rng, sizes, slopes=slopes, correlated=correlated)
    votes = _votes(rng, plan, n_comparisons)
    signed = np.where(np.abs(votes) == 1, votes, 0).astype(np.float32)
    n_prompts = n_prompts or max(1, n_comparisons // 4)
    prompts = np.sort(rng.integers(0, n_prompts, n_comparisons))
    at = np.repeat(np.arange(n_comparisons), labels_per_comparison)
    who = _annotators(rng, n_comparisons, n_annotators, labels_per_comparison)
    n_first = round(_FIRST_COUNTRY * n_annotators) if n_annotators else 0
    is_other = who >= n_first if n_annotators else rng.random(len(at)) >= _FIRST_COUNTRY
    signs = np.ones((2, len(plan.kinds)))
    opposed = tuple(range(min(_N_OPPOSED, n_strong))) if groups else ()
    signs[1, list(opposed)] = -1
    log_odds = signs * plan.log_odds
    scores: Floats = (signed @ log_odds.T.astype(np.float32))[at, is_other.astype(np.intp)]
    if slopes:
        scores = scores + _slopes(rng, plan, signed[at], who, n_annotators or len(at))
        scores = scores + _slopes(rng, plan, signed[at], prompts[at], n_prompts)
    y = np.where(rng.random(len(at)) < 1 / (1 + np.exp(-scores)), 1.0, -1.0)
    y[rng.random(len(at)) < _TIES] = 0.0
    if is_shuffled:
        y = y * rng.choice([-1.0, 1.0], n_comparisons)[at] + 0.0
    share = n_first / n_annotators if n_annotators else _FIRST_COUNTRY
    # If nothing holds, no effect is left.
    is_real = 0.0 if is_shuffled else 1.0
    country_effects = is_real * _with_copies(plan, signs * plan.strengths)
    # What failed is set last: a failed vote is one that would have been something.
    votes[rng.random(votes.shape, dtype=np.float32) < _FAILURES] = FAILED
    names = np.array([f"annotator-{place:05d}" for place in range(n_annotators)], dtype=object)
    return PrincipleWorld(
        ballots=Ballots(
            principles=_principles(plan),
            comparisons=_comparisons(rng, seed, prompts, signed),
            votes=votes,
            labels=_labels(at, names[who] if n_annotators else [None] * len(at), y),
        ),
        annotators=pl.DataFrame(
            {
                "annotator_id": list(names),
                "country": [COUNTRIES[place >= n_first] for place in range(n_annotators)],
            },
            schema={"annotator_id": pl.String, "country": pl.String},
        ),
        effects=share * country_effects[0] + (1 - share) * country_effects[1],
        country_effects=country_effects,
        log_odds=is_real * log_odds,
        kinds=plan.kinds,
        opposed=opposed,
    )


def _plan(
    rng: np.random.Generator, sizes: dict[str, int], *, slopes: float, correlated: bool
) -> _Plan:
    """Draw relevances, and choose log-odds for which strengths are about what they should be."""
    kinds: list[Kind] = [kind for kind in ("strong", "weak", "null") for _ in range(sizes[kind])]
    wanted = np.array([rng.uniform(*_STRENGTHS[kind]) for kind in kinds])
    relevances = np.array([rng.uniform(*_RELEVANCES[kind]) for kind in kinds])
    signs = np.where(np.arange(len(kinds)) % 2, -1.0, 1.0)
    copied = np.full(len(kinds), -1, np.intp)
    if correlated and sizes["strong"]:
        first = sizes["strong"] + sizes["weak"]
        copies = np.arange(first, min(first + _N_COPIES, len(kinds)))
        # From the last strong one backwards, so that those that are opposed come last.
        copied[copies] = sizes["strong"] - 1 - np.arange(len(copies)) % sizes["strong"]
    spread = np.where(np.arange(len(kinds)) % _SLOPED == 0, slopes, 0.0)
    spread[copied >= 0] = 0.0
    log_odds = signs * _log_odds(wanted / relevances, relevances, spread)
    strengths = _strengths(log_odds, relevances, spread)
    return _Plan(kinds, relevances, log_odds, strengths, copied, spread)


def _log_odds(kappas: Floats, relevances: Floats, spread: Floats) -> Floats:
    """Return log-odds at which each principle has about a given kappa among all others.

    The others are taken for a normal of their variance V, which a logistic curve meets like one
    that is flatter by sqrt(1 + pi V / 8) (MacKay 1992).
    """
    found = np.zeros_like(kappas)
    for _ in range(50):
        parts = relevances * (found**2 + 2 * spread**2)
        others = np.minimum(parts.sum() - relevances * found**2, _MAX_VARIANCE)
        found = 2 * np.arctanh(kappas) * np.sqrt(1 + np.pi * others / 8)
    return found


def _strengths(log_odds: Floats, relevances: Floats, spread: Floats) -> Floats:
    """Return the exact strength of each principle, for votes that are drawn apart.

    Strength is relevance times the mean of tanh((b + R) / 2), with b the log-odds of the principle
    and R what all others add. As tanh(x / 2) is the integral of 2 sin(x t) / sinh(pi t) over
    positive t, and R is symmetric with a characteristic function f that is a product, that mean is
    the integral of 2 sin(b t) f(t) / sinh(pi t).
    """
    blur = np.exp(-np.outer(spread**2, _GRID**2))
    factors = (
        1 - relevances[:, None] + relevances[:, None] * np.cos(np.outer(log_odds, _GRID)) * blur
    )
    others = np.stack([np.delete(factors, at, axis=0).prod(axis=0) for at in range(len(log_odds))])
    values = 2 * np.sin(np.outer(log_odds, _GRID)) * blur * others / np.sinh(np.pi * _GRID)
    # At zero the integrand is 2 b / pi.
    values = np.hstack([2 * log_odds[:, None] / np.pi, values])
    means = np.trapezoid(values, np.concatenate([[0.0], _GRID]), axis=1)
    return np.asarray(relevances * means)


def _with_copies(plan: _Plan, strengths: Floats) -> Floats:
    """Give null principles that copy a strong one their share of its strength."""
    copied = plan.copied
    return np.where(copied >= 0, _COPIED * strengths[:, copied], strengths)


def _votes(rng: np.random.Generator, plan: _Plan, n: int) -> NDArray[np.int8]:
    """Draw votes, ``(n, p)``, none of which failed."""
    p = len(plan.kinds)
    drawn = rng.random((n, p), dtype=np.float32)
    relevances = plan.relevances.astype(np.float32)
    # One draw tells whether a vote is decisive, and which way.
    votes = np.where(drawn < relevances / 2, 1, -1).astype(np.int8)
    rest = (drawn - relevances) / (1 - relevances)
    votes[rest >= 0] = NOT_APPLICABLE
    votes[rest >= _UNDECIDED[0]] = 0
    votes[rest >= _UNDECIDED[1]] = INCONSISTENT
    for at in np.flatnonzero(plan.copied >= 0):
        is_copy = rng.random(n) < _COPIED
        votes[is_copy, at] = votes[is_copy, plan.copied[at]]
    return votes


def _annotators(rng: np.random.Generator, n: int, n_annotators: int, each: int) -> NDArray[np.intp]:
    """Draw who labels each of ``n`` comparisons, ``each`` different ones, by comparison."""
    if not n_annotators:
        return np.arange(n * each)
    who = rng.integers(0, n_annotators, n)[:, None]
    if each > 1:
        # Steps around the circle that are all different, and none of them a whole turn.
        steps = rng.permuted(np.tile(np.arange(1, n_annotators), (n, 1)), axis=1)[:, : each - 1]
        who = np.hstack([who, (who + steps) % n_annotators])
    return np.sort(who, axis=1).ravel()


def _slopes(
    rng: np.random.Generator, plan: _Plan, signed: Floats, members: NDArray[np.intp], n: int
) -> Floats:
    """Return what the taste of each cluster adds to the scores of its labels."""
    places = np.flatnonzero(plan.slopes)
    tastes = rng.normal(0.0, plan.slopes[places], (n, len(places))).astype(np.float32)
    return np.asarray(np.einsum("ij,ij->i", signed[:, places], tastes[members]))


def _comparisons(
    rng: np.random.Generator, seed: int, prompts: NDArray[np.intp], signed: Floats
) -> pl.DataFrame:
    """Describe comparisons, in the order of their ids."""
    n = len(prompts)
    length = rng.normal(0.0, _LENGTH[1], n)
    if signed.shape[1]:
        length = length + _LENGTH[0] * signed[:, min(_LENGTH_AT, signed.shape[1] - 1)]
    prompt = pl.Series(prompts).cast(pl.String)
    opening = hash_texts(f"{seed} prompt " + prompt)
    place = pl.int_range(n, eager=True).cast(pl.String).str.zfill(9)
    frame = pl.DataFrame({"comparison_id": f"{seed:06d}-" + place, "length": length})
    return frame.with_columns(
        source=pl.lit(_SOURCE),
        prompt_id="prompt-" + prompt,
        response_a_id="a-" + place,
        response_b_id="b-" + place,
        aspect=pl.lit("overall"),
        prompt_hash=opening,
        opening=opening,
        subset=pl.lit(None),
        split=pl.lit("train"),
        topic=pl.lit(None),
        language=pl.lit("en"),
    ).select(pl.col(name).cast(dtype) for name, dtype in COMPARED.items())


def _labels(at: NDArray[np.intp], annotators: Any, y: Floats) -> pl.DataFrame:
    """Describe labels, by comparison and annotator."""
    who = pl.Series(list(annotators), dtype=pl.String)
    frame = pl.DataFrame({"at": at, "annotator_id": who, "y": y})
    return (
        frame.with_columns(
            kind=pl.when(pl.col("annotator_id").is_not_null()).then(pl.lit("human")),
            judgment_id=pl.format("judgment-{}", pl.int_range(pl.len())),
            step=pl.lit("labels"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in LABEL.items())
        .sort("at", "annotator_id", nulls_last=True, maintain_order=True)
    )


def _principles(plan: _Plan) -> pl.DataFrame:
    """Describe principles, with every column of the table."""
    names = pl.Series([f"{kind}-{at:03d}" for at, kind in enumerate(plan.kinds)], dtype=pl.String)
    sentence = "Select the response that has more of " + names
    frame = pl.DataFrame(
        {"principle_id": principle_id(sentence), "sentence": sentence, "name": names}
    )
    frame = frame.with_columns(
        source=pl.lit(_SOURCE),
        position=pl.int_range(pl.len()),
        origin=pl.lit("given"),
        opposite="Select the response that has less of " + names,
        stage=pl.lit("votes"),
    )
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in polars_schema(table_schema("principles")).items()
    )
