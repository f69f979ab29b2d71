from __future__ import annotations

import json
from collections import Counter

from prefdata.sources._prism.example import EXAMPLE
from prefdata.sources._prism.shapes import CONVERSATION, SURVEY, UTTERANCE

__all__: list[str] = []


def test_rows_have_the_fields_of_the_published_files() -> None:
    shapes = {"survey": SURVEY, "conversations": CONVERSATION, "utterances": UTTERANCE}
    for name, schema in shapes.items():
        for line in EXAMPLE[f"{name}.jsonl"].splitlines():
            assert set(json.loads(line)) == set(schema.names)


def test_the_quirks_are_there() -> None:
    rows = [json.loads(line) for line in EXAMPLE["utterances.jsonl"].splitlines()]
    chosen = Counter(row["interaction_id"] for row in rows if row["if_chosen"])
    assert max(chosen.values()) == 2
    assert "EMPTY STRING" in {row["model_response"] for row in rows}
    assert b": NaN" in EXAMPLE["metadata.jsonl"]
    assert b"Prefer not to say" in EXAMPLE["survey.jsonl"]
    assert all(len(content) < 20_000 for content in EXAMPLE.values())
