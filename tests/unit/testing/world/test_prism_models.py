"""Models answer as often as published, and later turns belong to the chosen one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from prefdata.testing.world.prism_tables import MODELS

if TYPE_CHECKING:
    from prefdata.testing.world.prism_structure import Structure

__all__: list[str] = []


def test_every_model_answers_as_often_as_published(prism: Structure) -> None:
    assert Counter(prism.utterance_model) == Counter(MODELS)


def test_a_first_turn_never_shows_a_model_twice(prism: Structure) -> None:
    opens = np.flatnonzero(prism.utterance_turn == 0)
    seen = {(prism.utterance_conversation[i], prism.utterance_model[i]) for i in opens.tolist()}
    assert len(seen) == len(opens)


def test_later_turns_come_from_the_model_that_was_chosen(prism: Structure) -> None:
    turn, conversation = prism.utterance_turn, prism.utterance_conversation
    models = np.array(prism.utterance_model, dtype=object)
    chosen = np.empty(8_011, dtype=object)
    opens = (turn == 0) & prism.utterance_is_chosen
    chosen[conversation[opens]] = models[opens]
    assert (models[turn > 0] == chosen[conversation[turn > 0]]).all()
