"""Every lexicon can fill its templates."""

from __future__ import annotations

from string import Formatter

import pytest

from prefdata.testing.world.languages import LEXICONS

__all__: list[str] = []


@pytest.mark.parametrize("language", sorted(LEXICONS))
def test_topics_have_equally_many_distinct_things(language: str) -> None:
    topics = LEXICONS[language].topics
    assert len({len(things) for things in topics.values()}) == 1
    everything = [thing for things in topics.values() for thing in things]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize("language", sorted(LEXICONS))
def test_templates_name_things_only(language: str) -> None:
    words = LEXICONS[language]
    for template in (*words.asks, *words.body, *words.feedback, *words.follow_ups):
        fields = {name for _, name, _, _ in Formatter().parse(template) if name}
        assert fields <= {"x", "y"}, template
    assert all({"{x}", "{y}"} <= {ask[i : i + 3] for i in range(len(ask))} for ask in words.asks)
