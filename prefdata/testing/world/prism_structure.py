"""Who talked how long with which models: the skeleton of the synthetic PRISM, without any text.

The published tables constrain each other, and this is the one solution used here. Conversations
of U utterances have T turns with U = first + 2 (T - 1) - singles: the first turn shows 2 to 4
responses, later turns two of the chosen model, except 16 turns that show one. With 6,209 / 1,625
/ 177 first turns of 4 / 3 / 2 responses, the 68,371 utterances give 27,172 interactions, 1,629
conversations of an odd number of utterances and 42,306 pairs of opening responses, all as
published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.counts import apportion, column, pick, planted
from prefdata.testing.world.planted import NOISE_RATE
from prefdata.testing.world.prism_models import assign_models
from prefdata.testing.world.prism_tables import (
    CONVERSATION_TYPES,
    CONVERSATIONS_PER_USER,
    LONGEST_PER_USER,
    N_CONVERSATIONS,
    N_PARTICIPANTS,
    UTTERANCES_PER_CONVERSATION,
)
from prefdata.testing.world.values import assign_groups, draw_styles, utilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.testing.world.values import Styles

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["First", "Structure", "build_structure"]

_N_INTERACTIONS, _N_UTTERANCES = 27_172, 68_371
_N_IDENTICAL, _N_EMPTY, _N_STOCK = 265, 147, 1_346
_BALANCED_USERS, _BALANCED_CONVERSATIONS, _BALANCED_UTTERANCES = 1_246, 6_696, 57_401
_SCORE_MEAN, _SCORE_SD = 65.1, 29.3
_N_STOCK_TEXTS = 24
_TWO = 2
_USUAL = (5, 16)
"""Sizes of conversations that may open with other than the usual number of responses."""
_TWO_FIRST = (4, 44)
"""Sizes that open with two responses, or else turns would not be as published."""


@dataclass(frozen=True, slots=True)
class First:
    """The number of the first user, conversation, interaction and utterance in their ids."""

    user: int = 0
    conversation: int = 0
    interaction: int = 0
    utterance: int = 0


@dataclass(frozen=True)
class Structure:
    """Parallel arrays for users, conversations, interactions (turns) and utterances."""

    first: First

    user_group: Ints
    user_conversations: Ints
    user_is_balanced: Bools

    conversation_user: Ints
    conversation_turns: Ints
    conversation_type: list[str]
    conversation_is_balanced: Bools
    conversation_is_flipped: Bools

    interaction_conversation: Ints
    interaction_turn: Ints
    interaction_number: Ints
    """The number in the id: conversations in the order of their ids as strings."""

    utterance_interaction: Ints
    utterance_position: Ints
    utterance_model: list[str]
    utterance_styles: Styles
    utterance_score: Ints
    utterance_is_chosen: Bools
    is_identical: Bools
    """Utterances that repeat the text of the chosen one beside them."""
    is_empty: Bools
    stock: Ints
    """Which stock reply an utterance is, or -1."""

    def user_id(self, user: int) -> str:
        """Name a user."""
        return f"user{self.first.user + user}"

    def conversation_id(self, conversation: int) -> str:
        """Name a conversation."""
        return f"c{self.first.conversation + conversation}"

    def interaction_id(self, interaction: int) -> str:
        """Name an interaction."""
        return f"int{self.first.interaction + int(self.interaction_number[interaction])}"

    def utterance_id(self, utterance: int) -> str:
        """Name an utterance."""
        return f"ut{self.first.utterance + utterance}"

    @property
    def utterance_conversation(self) -> Ints:
        """The conversation of each utterance."""
        return self.interaction_conversation[self.utterance_interaction]

    @property
    def utterance_turn(self) -> Ints:
        """The turn of each utterance, from 0."""
        return self.interaction_turn[self.utterance_interaction]


def _openings(rng: np.random.Generator, sizes: Ints) -> tuple[Ints, Ints]:
    """Choose responses of the first turn, and turns of a single response, for each size."""
    n = len(sizes)
    odd = sizes % 2 == 1
    first = np.where(odd, 3, 4)
    singles = np.zeros(n, dtype=np.int64)

    def some(mask: Bools, hits: int) -> Ints:
        rows = np.flatnonzero(mask)
        return rows[pick(rng, len(rows), planted(hits, N_CONVERSATIONS, n))]

    usual = (sizes >= _USUAL[0]) & (sizes <= _USUAL[1])
    four = some(odd & usual, 6)
    first[four], singles[four] = 4, 1
    even = ~odd & usual
    three = some(even, 6)
    first[three], singles[three] = 3, 1
    even[three] = False
    first[some(even, 115)] = 2
    smallest = sizes == min(UTTERANCES_PER_CONVERSATION)
    first[smallest], singles[smallest] = 2, 1
    first[np.isin(sizes, _TWO_FIRST)] = 2
    return first.astype(np.int64), singles


def _owners(rng: np.random.Generator, turns: Ints, per_user: Ints) -> Ints:
    """Give conversations to users so that the longest of each user is as published."""
    users = np.flatnonzero(per_user)
    longest = np.array(column(rng, LONGEST_PER_USER, len(users)), dtype=np.int64)
    order = rng.permutation(len(turns))
    order = order[np.argsort(-turns[order], kind="stable")]
    owner = np.full(len(turns), -1, dtype=np.int64)
    room: list[int] = []
    waiting: list[int] = []
    for length in sorted(set(turns.tolist()) | set(longest.tolist()), reverse=True):
        here = order[turns[order] == length].tolist()
        due = rng.permutation(users[longest == length]).tolist()
        owner[here[: len(due)]] = due[: len(here)]
        left = here[len(due) :]
        room += [
            user
            for index, user in enumerate(due)
            for _ in range(int(per_user[user]) - (index < len(here)))
        ]
        rng.shuffle(room)  # in place, though it is a list
        fits = min(len(left), len(room))
        owner[left[:fits]] = room[:fits]
        room, waiting = room[fits:], waiting + left[fits:]
    owner[waiting] = room
    return owner


def _balance(
    rng: np.random.Generator, owner: Ints, sizes: Ints, per_user: Ints
) -> tuple[Bools, Bools]:
    """Choose the balanced subset: users, and conversations whose utterances add up."""
    n_users, n_all = len(per_user), len(owner)
    ranked = rng.permutation(n_users)
    ranked = ranked[np.argsort(-per_user[ranked], kind="stable")]
    is_user = np.zeros(n_users, dtype=bool)
    is_user[ranked[: round(_BALANCED_USERS * n_users / N_PARTICIPANTS)]] = True
    inside = rng.permutation(np.flatnonzero(is_user[owner]))
    n = min(round(_BALANCED_CONVERSATIONS * n_all / N_CONVERSATIONS), len(inside))
    kept, out = inside[:n].copy(), inside[n:].copy()
    delta = round(_BALANCED_UTTERANCES * int(sizes.sum()) / _N_UTTERANCES) - int(sizes[kept].sum())
    tries = rng.integers(1 << 30, size=(20_000, 2)).tolist() if len(out) else []
    for one, two in tries:  # a few hundred swaps suffice
        if delta == 0:
            break
        i, j = one % len(kept), two % len(out)
        change = int(sizes[out[j]] - sizes[kept[i]])
        if abs(delta - change) < abs(delta):
            kept[i], out[j] = out[j], kept[i]
            delta -= change
    is_kept = np.zeros(n_all, dtype=bool)
    is_kept[kept] = True
    return is_user, is_kept


def _types(rng: np.random.Generator, is_balanced: Bools) -> list[str]:
    """Spread the types evenly over the balanced subset, the rest outside."""
    n, n_inside = len(is_balanced), int(is_balanced.sum())
    table = apportion(CONVERSATION_TYPES, n)
    inside = apportion(dict.fromkeys(table, 1), n_inside)
    outside = {kind: max(0, count - inside[kind]) for kind, count in table.items()}
    outside = apportion(outside if any(outside.values()) else table, n - n_inside)
    types = np.empty(n, dtype=object)
    types[is_balanced] = column(rng, inside)
    types[~is_balanced] = column(rng, outside)
    kinds: list[str] = types.tolist()
    return kinds


def _scores(values: NDArray[np.float32]) -> Ints:
    """Map utilities to the slider, 1 to 100, with the published mean and spread."""
    z = (values - values.mean()) / max(float(values.std()), 1e-6)
    mean, spread = _SCORE_MEAN, _SCORE_SD
    for _ in range(30):  # clipping moves both moments, so correct for it
        scores = np.clip(np.rint(mean + spread * z), 1, 100)
        mean += _SCORE_MEAN - float(scores.mean())
        spread *= (_SCORE_SD / max(float(scores.std()), 1.0)) ** 0.5
    return np.asarray(scores, dtype=np.int64)


def _positions(counts: Ints) -> Ints:
    """Number the members of consecutive groups from 0."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)


def _numbers(turns: Ints) -> Ints:
    """Number interactions in the order of conversation ids as strings, as published."""
    order = np.array(sorted(range(len(turns)), key=str), dtype=np.int64)
    begins = np.zeros(len(turns), dtype=np.int64)
    begins[order] = np.cumsum(turns[order]) - turns[order]
    return np.repeat(begins, turns) + _positions(turns)


def build_structure(
    rng: np.random.Generator, scale: float, first_ids: First = First()
) -> Structure:
    """Build the skeleton for a share of the published size, with ids from some numbers on."""
    n_users = max(2, round(N_PARTICIPANTS * scale))
    per_user = np.array(column(rng, CONVERSATIONS_PER_USER, n_users), dtype=np.int64)
    n = int(per_user.sum())
    sizes = np.array(column(rng, UTTERANCES_PER_CONVERSATION, n), dtype=np.int64)
    first, singles = _openings(rng, sizes)
    turns = (sizes - first + singles) // 2 + 1
    owner = _owners(rng, turns, per_user)
    order = np.argsort(owner, kind="stable")
    owner, sizes, first, singles, turns = (a[order] for a in (owner, sizes, first, singles, turns))
    user_balanced, is_balanced = _balance(rng, owner, sizes, per_user)
    types = _types(rng, is_balanced)

    of_conversation = np.repeat(np.arange(n), turns)
    turn = _positions(turns)
    shown = np.where(turn == 0, first[of_conversation], 2)
    shown[np.cumsum(turns)[singles == 1] - 1] = 1  # the last turn is the single one
    interaction = np.repeat(np.arange(len(turn)), shown)

    groups = assign_groups(rng, n_users)
    styles = draw_styles(rng, int(shown.sum()))
    values = utilities(styles, groups[owner[of_conversation[interaction]]], rng)
    begins = np.cumsum(shown) - shown
    is_first = turn == 0
    flipped = np.zeros(n, dtype=bool)
    flipped[pick(rng, n, planted(*NOISE_RATE, n))] = True
    noisy = np.flatnonzero(is_first)[flipped]
    for at in noisy.tolist():  # few: the worst trades places with the best
        span = slice(int(begins[at]), int(begins[at] + shown[at]))
        best, worst = span.start + values[span].argmax(), span.start + values[span].argmin()
        values[[best, worst]] = values[[worst, best]]
    best_value = np.maximum.reduceat(values, begins)
    is_chosen = values == best_value[interaction]

    models = assign_models(rng, sizes, first, is_chosen[is_first[interaction]])
    identical = _identical(rng, shown, is_first, is_chosen, interaction)
    scores = _scores(values)
    taken = identical | is_chosen & (shown == _TWO)[interaction] & ~is_first[interaction]
    empty, stock = _sentinels(rng, taken, is_first[interaction])
    return Structure(
        first=first_ids,
        user_group=groups,
        user_conversations=per_user,
        user_is_balanced=user_balanced,
        conversation_user=owner,
        conversation_turns=turns,
        conversation_type=types,
        conversation_is_balanced=is_balanced,
        conversation_is_flipped=flipped,
        interaction_conversation=of_conversation,
        interaction_turn=turn,
        interaction_number=_numbers(turns),
        utterance_interaction=interaction,
        utterance_position=_positions(shown),
        utterance_model=models,
        utterance_styles=styles,
        utterance_score=scores,
        utterance_is_chosen=is_chosen | identical,
        is_identical=identical,
        is_empty=empty,
        stock=stock,
    )


def _identical(
    rng: np.random.Generator, shown: Ints, is_first: Bools, is_chosen: Bools, interaction: Ints
) -> Bools:
    """Choose later turns whose two responses are the same text; both count as chosen."""
    pairs = np.flatnonzero((shown == _TWO) & ~is_first)
    same = np.zeros(len(shown), dtype=bool)
    same[pairs[pick(rng, len(pairs), planted(_N_IDENTICAL, _N_INTERACTIONS, len(shown)))]] = True
    return np.asarray(same[interaction] & ~is_chosen)


def _sentinels(rng: np.random.Generator, taken: Bools, is_first: Bools) -> tuple[Bools, Ints]:
    """Choose empty responses, and opening responses that are stock replies."""
    n = len(taken)
    empty = np.zeros(n, dtype=bool)
    free = np.flatnonzero(~taken)
    empty[free[pick(rng, len(free), planted(_N_EMPTY, _N_UTTERANCES, n))]] = True
    free = np.flatnonzero(is_first & ~empty)
    # So many repeat a text that is there already; each stock text has one more that does not.
    repeats = planted(_N_STOCK, _N_UTTERANCES, n)
    n_texts = min(_N_STOCK_TEXTS, max(1, repeats // 4))
    stock = np.full(n, -1, dtype=np.int64)
    spots = rng.permutation(free[pick(rng, len(free), repeats + n_texts)])
    stock[spots] = np.arange(len(spots)) % n_texts
    return empty, stock
