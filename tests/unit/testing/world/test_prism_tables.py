"""The published tables agree with each other."""

from __future__ import annotations

from collections import Counter

from prefdata.testing.world import prism_tables as tables

__all__: list[str] = []


def test_every_survey_table_covers_all_participants() -> None:
    totals = {name: sum(table.values()) for name, table in tables.SURVEY.items()}
    assert totals.pop("lm_frequency_use") == 1_500 - 247
    assert set(totals.values()) == {1_500}


def test_conversations_and_utterances_add_up() -> None:
    per_user = tables.CONVERSATIONS_PER_USER
    assert sum(per_user.values()) == 1_500
    assert sum(n * users for n, users in per_user.items()) == 8_011
    sizes = tables.UTTERANCES_PER_CONVERSATION
    assert (sum(sizes.values()), sum(n * size for size, n in sizes.items())) == (8_011, 68_371)
    assert sum(tables.MODELS.values()) == 68_371
    assert sum(tables.LONGEST_PER_USER.values()) == 1_396


def test_providers_answer_as_often_as_published() -> None:
    counts: Counter[str] = Counter()
    for model, n in tables.MODELS.items():
        counts[tables.provider(model)] += n
    assert counts == Counter(
        huggingface_api=26_731,
        cohere=12_557,
        anthropic=10_839,
        openai=10_721,
        google=4_168,
        aleph=3_355,
    )
