"""Who answers what in the synthetic Community Alignment, without any text.

Published and kept: conversations (30,856 of 90,256 English), comparisons (79,344 of 233,319
English), 22,168 English conversations that open with one of 1,033 prompts, 31 % of all opened by
annotators, explanations for 44 % of comparisons. The shares of the four letters (31/12/16/41 %)
come from 4,000 published votes and hold to the rounding. How the other languages divide is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.community_annotators import (
    Annotators,
    assign_annotators,
    draw_annotators,
)
from prefdata.testing.world.counts import apportion, column, pick, planted, shrink
from prefdata.testing.world.planted import NOISE_RATE
from prefdata.testing.world.values import draw_styles, utilities

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["COMPARISONS", "CONVERSATIONS", "LETTER_SHARES", "Structure", "build_structure"]

CONVERSATIONS = {"en": 30_856, "fr": 14_900, "it": 14_700, "hi": 14_600, "pt": 15_200}
COMPARISONS = {"en": 79_344, "fr": 38_622, "it": 38_104, "hi": 37_845, "pt": 39_404}
_PREGENERATED = {"en": 22_168, "fr": 10_061, "it": 9_926, "hi": 9_859, "pt": 10_263}
_PROMPTS = {"en": 1_033, "fr": 490, "it": 480, "hi": 470, "pt": 500}
LETTER_SHARES = (0.31, 0.12, 0.16, 0.41)

_SETS_PER_PROMPT = {1: 312, 2: 6, 3: 3, 4: 1}
_N_TURNS, _BALANCED, _MANY_MEETINGS = 4, 0.8, 3
_TURNS = {1: 25, 2: 24, 3: 20, 4: 31}
_WAVES = {1: 82, 2: 10, 3: 8}
_RATES = {
    "missing_middle_turn": (1, 100),
    "no_preference": (1, 50),
    "shuffled_letters": (1, 20),
    "same_set_twice": (1, 2_000),
    "other_language": (1, 100),
}
_MISSING, _DUPLICATE = (1, 500), (1, 150)


@dataclass(frozen=True)
class Structure:
    """Arrays by conversation, by candidate set, and by turn with a prompt."""

    annotators: Annotators

    language: list[str]
    annotator: Ints
    candidate_set: Ints
    """The set that the first turn shows, or -1 if the annotator wrote the prompt."""
    letters: Ints
    """``(n, 4)``: which text of the set stands at each letter."""
    wave: list[int]
    is_balanced: Bools
    quirks: dict[str, Ints]

    set_language: list[str]
    set_prompt: Ints
    set_styles: Floats

    turn_row: Ints
    turn_number: Ints
    turn_styles: Floats
    """``(turns, 4, 5)``."""
    turn_choice: Ints
    """The preferred letter as 0..3, or -1."""
    turn_is_flipped: Bools
    turn_is_duplicate: Bools
    """The last candidate repeats the first."""
    turn_is_missing: Bools
    """The third candidate is absent."""
    position_bias: list[float]


@dataclass(frozen=True)
class _Sets:
    language: list[str]
    prompt: Ints
    of_row: Ints


def _sets(rng: np.random.Generator, scale: float, languages: NDArray[np.object_]) -> _Sets:
    """Choose prompts and candidate sets, and which conversations open with them."""
    names: list[str] = []
    prompts: list[int] = []
    of_row = np.full(len(languages), -1, dtype=np.int64)
    pregenerated, n_prompts = shrink(_PREGENERATED, scale), shrink(_PROMPTS, scale)
    for language in CONVERSATIONS:
        rows = np.flatnonzero(languages == language)
        rows = rng.permutation(rows)[: pregenerated[language]]
        n = max(1, min(n_prompts[language], len(rows)))
        first = len(names)
        base = max(prompts, default=-1) + 1
        for prompt, count in enumerate(column(rng, _SETS_PER_PROMPT, n)):
            prompts += [base + prompt] * count
            names += [language] * count
        weights = rng.uniform(10, 34, size=len(names) - first)
        chosen = rng.choice(len(weights), size=len(rows), p=weights / weights.sum())
        # Every prompt is met at least once.
        _, one_each = np.unique(prompts[first:], return_index=True)
        chosen[: min(n, len(rows))] = one_each[: len(rows)]
        of_row[rows] = first + chosen
    return _Sets(names, np.array(prompts, dtype=np.int64), of_row)


def _n_comparisons(rng: np.random.Generator, scale: float, languages: NDArray[np.object_]) -> Ints:
    """Choose how many turns of each conversation have a preference, 1 to 4."""
    counts = np.empty(len(languages), dtype=np.int64)
    for language, wanted in shrink(COMPARISONS, scale).items():
        rows = np.flatnonzero(languages == language)
        turns = np.array(column(rng, _TURNS, len(rows)), dtype=np.int64)
        total = min(max(wanted, len(rows)), _N_TURNS * len(rows))
        while (missing := total - int(turns.sum())) != 0:
            step = 1 if missing > 0 else -1
            can = np.flatnonzero((turns + step >= 1) & (turns + step <= _N_TURNS))
            turns[can[pick(rng, len(can), abs(missing))]] += step
        counts[rows] = turns
    return counts


def _patterns(
    rng: np.random.Generator, counts: Ints, some: Callable[[str, Bools], Ints]
) -> tuple[Bools, Bools]:
    """Choose the turns that have a prompt, and those that have a preference."""
    has_choice = np.arange(4) < counts[:, None]
    gap = some("missing_middle_turn", (counts > 1) & (counts < _N_TURNS))
    skipped = 1 + rng.integers(0, counts[gap] - 1)
    has_choice[gap, counts[gap]] = True
    has_choice[gap, skipped] = False
    open_ended = np.ones(len(counts), dtype=bool)
    open_ended[gap] = False
    silent = some("no_preference", open_ended & (counts < _N_TURNS))
    has_prompt = has_choice.copy()
    has_prompt[silent, counts[silent]] = True
    return has_prompt, has_choice


def _choose(
    rng: np.random.Generator, values: Floats, is_missing: Bools, flipped: Bools, asked: Bools
) -> tuple[Ints, list[float]]:
    """Let annotators choose, with a bias by letter that gives the published shares."""
    bias = np.zeros(4, dtype=np.float32)
    shift = rng.integers(1, 4, size=len(values))
    closed = values.copy()
    closed[is_missing, 2] = -np.inf
    for _ in range(60):
        choice = (closed + bias).argmax(axis=1)
        other = (choice + shift) % 4
        final = np.where(flipped, other, choice)
        shares = np.bincount(final[asked], minlength=4) / max(int(asked.sum()), 1)
        bias += np.float32(0.4) * np.log(np.array(LETTER_SHARES) / np.maximum(shares, 0.01)).astype(
            np.float32
        )
    return np.where(asked, final, -1), [round(float(b), 4) for b in bias - bias.mean()]


def build_structure(rng: np.random.Generator, scale: float, *, tile: int = 0) -> Structure:
    """Build the skeleton for a share of the published size, with ids of a tile."""
    conversations = shrink(CONVERSATIONS, scale)
    annotators = draw_annotators(rng, conversations, tile=tile)
    languages = np.array(column(rng, conversations), dtype=object)
    n = len(languages)
    quirks: dict[str, Ints] = {}

    def some(name: str, among: Bools) -> Ints:
        rows = np.flatnonzero(among)
        quirks[name] = rows[pick(rng, len(rows), planted(*_RATES[name], n))]
        return quirks[name]

    sets = _sets(rng, scale, languages)
    speaks = np.array(annotators.language, dtype=object)
    annotator = np.empty(n, dtype=np.int64)
    for language in conversations:
        rows = np.flatnonzero(languages == language)
        members = np.flatnonzero(speaks == language)
        annotator[rows] = assign_annotators(rng, members, sets.of_row[rows])
    guests = some("other_language", sets.of_row < 0)
    annotator[guests] = rng.integers(len(speaks), size=len(guests))
    quirks["other_language"] = guests[speaks[annotator[guests]] != languages[guests]]
    _repeat_sets(sets.of_row, annotator, some)

    counts = _n_comparisons(rng, scale, languages)
    has_prompt, has_choice = _patterns(rng, counts, some)
    letters = np.tile(np.arange(4), (n, 1))
    for row in some("shuffled_letters", sets.of_row >= 0).tolist():
        letters[row] = rng.permutation(4)

    row, number = np.nonzero(has_prompt)
    m = len(row)
    set_styles = draw_styles(rng, 4 * len(sets.language)).reshape(-1, 4, 5)
    styles = draw_styles(rng, 4 * m).reshape(m, 4, 5)
    opens = np.flatnonzero((number == 0) & (sets.of_row[row] >= 0))
    of = row[opens]
    styles[opens] = set_styles[sets.of_row[of][:, None], letters[of]]
    duplicate, missing = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
    free = np.setdiff1d(np.arange(m), opens)
    spots = rng.permutation(free)
    n_duplicate, n_missing = planted(*_DUPLICATE, m), planted(*_MISSING, m)
    duplicate[spots[:n_duplicate]] = True
    missing[spots[n_duplicate : n_duplicate + n_missing]] = True
    styles[duplicate, 3] = styles[duplicate, 0]
    groups = np.repeat(annotators.groups[annotator[row]][:, None], 4, axis=1)
    flipped = np.zeros(m, dtype=bool)
    asked = has_choice[row, number]
    spots = np.flatnonzero(asked & ~missing)
    flipped[spots[pick(rng, len(spots), planted(*NOISE_RATE, m))]] = True
    values = utilities(styles, groups, rng)
    choice, bias = _choose(rng, values, missing, flipped, asked)
    return Structure(
        annotators=annotators,
        language=languages.tolist(),
        annotator=annotator,
        candidate_set=sets.of_row,
        letters=letters,
        wave=column(rng, apportion(_WAVES, n)),
        is_balanced=(sets.of_row >= 0) & (rng.random(n) < _BALANCED),
        quirks=quirks,
        set_language=sets.language,
        set_prompt=sets.prompt,
        set_styles=set_styles,
        turn_row=row,
        turn_number=number,
        turn_styles=styles,
        turn_choice=choice,
        turn_is_flipped=flipped,
        turn_is_duplicate=duplicate,
        turn_is_missing=missing,
        position_bias=bias,
    )


def _repeat_sets(of_row: Ints, annotator: Ints, some: Callable[[str, Bools], Ints]) -> None:
    """Let some annotators meet the same candidate set twice."""
    order = np.lexsort((np.arange(len(annotator)), annotator))
    before = np.full(len(annotator), -1, dtype=np.int64)
    same = annotator[order[1:]] == annotator[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    can = (before >= 0) & (of_row >= 0) & (of_row[before] >= 0)
    # A prompt met only once must not lose its only conversation.
    meetings = np.bincount(of_row[of_row >= 0], minlength=int(of_row.max(initial=0)) + 1)
    can &= meetings[np.maximum(of_row, 0)] >= _MANY_MEETINGS
    rows = set(some("same_set_twice", can).tolist())
    for row in order.tolist():  # in this order, so that a chain of repeats is one set
        if row in rows:
            of_row[row] = of_row[before[row]]
