"""Flags are as many as published."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from prefdata.testing.world.counts import generator
from prefdata.testing.world.prism_metadata import LANGUAGES, draw_flags, metadata_rows

if TYPE_CHECKING:
    from prefdata.testing.world.prism_structure import Structure

__all__: list[str] = []


def test_the_published_counts_hold(prism: Structure) -> None:
    flags = draw_flags(generator(0, "prism", "metadata"), prism)
    assert flags.sizes == {
        "user_prompt": 27_172,
        "model_response": 68_371,
        "self_description": 1_500,
        "system_string": 1_500,
        "open_feedback": 8_011,
    }
    assert int(flags.is_personal.sum()) == 1_111
    assert int(flags.is_manual.sum()) == 167
    assert int((flags.language == 0).sum()) == 105_229
    assert len(set(flags.language.tolist())) == len(set(LANGUAGES)) == 59
    assert int(flags.is_flagged.sum()) == 634
    with pytest.raises(KeyError):
        flags.personal("choice")


@pytest.mark.slow
def test_ids_are_null_where_published(prism: Structure) -> None:
    flags = draw_flags(generator(0, "prism", "metadata"), prism)
    nulls: Counter[str] = Counter()
    for row in metadata_rows(prism, flags):
        nulls.update(name for name, value in row.items() if value is None)
    assert nulls == Counter(conversation_id=3_000, interaction_id=11_011, utterance_id=38_183)
